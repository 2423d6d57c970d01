//! Whether the Python behind git-remote-codecommit works, and is new enough for what the set-up asks of it.

use super::{BROKEN_PYTHON, LOGIN_SESSION, NO_REGION, OLD_BOTOCORE, PROFILE_MISSING, View};
use crate::docs;
use crate::facts::grc::{Answer, Install, Launcher, NAME};
use crate::finding::{Evidence, Finding, Fix, Severity};
use crate::regions;

impl View<'_> {
    pub(super) fn python(&self) -> Vec<Finding> {
        let Install::OnPath(launcher) = &self.grc.install else { return Vec::new() };
        if launcher.interpreter_missing {
            let interpreter = launcher.interpreter.as_deref().unwrap_or_default();
            let message = format!("{} is a script for {interpreter}, which does not exist.", launcher.path);
            let seen = Evidence::at(&launcher.path, Some(1), format!("#!{interpreter}"));
            return self.weighed(vec![Finding::new(&BROKEN_PYTHON, message).seen(seen).fix(reinstall(launcher))]);
        }
        if let Some(Answer::Fails(why)) = &self.grc.python {
            let message = format!("{} cannot do its work with the Python that runs it.", launcher.path);
            let seen = Evidence::new(launcher.interpreter.as_deref().unwrap_or(NAME), why);
            return self.weighed(vec![Finding::new(&BROKEN_PYTHON, message).seen(seen).fix(reinstall(launcher))]);
        }
        let found = [
            self.profile_missing(),
            self.no_region(),
            self.region_unknown(launcher),
            self.no_sso(launcher),
            self.no_login(launcher),
        ];
        self.weighed(found.into_iter().flatten().collect())
    }

    fn weighed(&self, findings: Vec<Finding>) -> Vec<Finding> {
        let most = if self.is_for_url() { Severity::Error } else { Severity::Warning };
        findings.into_iter().map(|finding| finding.at_most(most)).collect()
    }

    /// What botocore cannot know without the profile; which profiles there are, botocore says itself.
    fn profile_missing(&self) -> Option<Finding> {
        let seen = self.botocore().filter(|view| !view.profiles.is_empty() || self.profiles.profiles.is_empty())?;
        let named = self.url?.profile.as_deref().filter(|profile| !seen.profiles.iter().any(|name| name == profile))?;
        let message =
            format!("{NAME} sees no profile {named}; what stands before the @ must be a profile of the AWS CLI.");
        let known = if seen.profiles.is_empty() { "none".to_owned() } else { seen.profiles.join(", ") };
        let finding = Finding::new(&PROFILE_MISSING, message)
            .seen(Evidence::new("the clone URL", format!("{named}@")))
            .seen(Evidence::new("its profiles", known));
        let repository = self.url?.repository.as_deref()?;
        let fix = match self.profiles.nearest(named) {
            Some(near) => {
                let url = match self.given_region {
                    Some(region) => format!("codecommit::{region}://{near}@{repository}"),
                    None => format!("codecommit://{near}@{repository}"),
                };
                Fix::manual(format!("Use the profile {near}, if that is meant")).run(["git", "clone", &url])
            }
            None => Fix::manual("Create the profile").run(["aws", "configure", "--profile", named]),
        };
        Some(finding.fix(fix.docs(docs::TROUBLE_GRC)))
    }

    fn no_region(&self) -> Option<Finding> {
        let url = self.url.filter(|_| self.is_for_url() && self.given_region.is_none())?;
        let is_none = self.botocore().map_or(url.region.is_none(), |view| view.region.is_none());
        let exists = self.section().is_some() || url.profile.is_none();
        if !is_none || !exists {
            return None;
        }
        let message = format!("The clone URL names no region, and profile {} has none either.", self.profile);
        let mut finding = Finding::new(&NO_REGION, message).seen(Evidence::new("the clone URL", &url.shown));
        if let Some(region) = &self.variables.aws_region {
            finding = finding.seen(Evidence::new("AWS_REGION", format!("{region}, which {NAME} does not read")));
        }
        let place = self.section().and_then(|section| section.settings.first());
        if let Some(setting) = place {
            finding = finding.seen(Evidence::new(&setting.file, format!("[{}] without region", self.profile)));
        }
        let region = self.variables.aws_region.as_deref().unwrap_or("REGION");
        let fix = Fix::review("Give the profile a region");
        let fix = if region == "REGION" {
            fix.at_least(crate::finding::Safety::Manual).instruct(format!(
                "aws configure set region REGION --profile {}, with the region of the repository.",
                self.profile
            ))
        } else {
            fix.run(["aws", "configure", "set", "region", region, "--profile", self.profile])
        };
        Some(finding.fix(fix.docs(docs::TROUBLE_GRC)))
    }

    /// A region that exists and that its botocore does not know.
    fn region_unknown(&self, launcher: &Launcher) -> Option<Finding> {
        let view = self.botocore().filter(|view| !view.regions.is_empty() && self.is_for_url())?;
        let region = self.url?.region.as_deref().filter(|region| regions::lookup(region).is_some())?;
        if view.regions.iter().any(|known| known == region) {
            return None;
        }
        let message =
            format!("botocore {} behind {NAME} does not know the region {region} for CodeCommit.", view.botocore);
        let seen = Evidence::new("botocore", format!("{} regions, without {region}", view.regions.len()));
        Some(Finding::new(&OLD_BOTOCORE, message).seen(seen).fix(upgrade(launcher, "botocore")))
    }

    fn no_sso(&self, launcher: &Launcher) -> Option<Finding> {
        let view = self.botocore().filter(|view| !view.sso_session)?;
        let setting = self.section()?.setting("sso_session")?;
        let message = format!(
            "Profile {} signs in with an sso-session, which botocore {} behind {NAME} does not understand.",
            self.profile, view.botocore
        );
        let finding = Finding::new(&OLD_BOTOCORE, message).seen(setting.evidence());
        Some(finding.seen(Evidence::new("botocore", &view.botocore)).fix(upgrade(launcher, "botocore")))
    }

    fn no_login(&self, launcher: &Launcher) -> Option<Finding> {
        let view = self.botocore().filter(|view| !(view.login && view.crt))?;
        let setting = self.section()?.setting("login_session")?;
        let lacks = if view.login { "the package awscrt" } else { "a botocore that knows it" };
        let message =
            format!("Profile {} signs in with aws login, and the Python behind {NAME} lacks {lacks}.", self.profile);
        let finding = Finding::new(&LOGIN_SESSION, message).seen(setting.evidence());
        Some(finding.seen(Evidence::new("botocore", &view.botocore)).fix(upgrade(launcher, "botocore[crt]")))
    }
}

/// Whether an installer keeps the program in an environment of its own.
fn keeper(launcher: &Launcher) -> Option<&'static str> {
    let folder = launcher.folder.replace('\\', "/");
    let known = [("pipx", "/pipx/"), ("uv", "/uv/"), ("brew", "/Cellar/")];
    known.into_iter().find(|(_, part)| folder.contains(part)).map(|(name, _)| name)
}

/// The Python that it runs with, where that is one and is there.
fn python(launcher: &Launcher) -> Option<&str> {
    let interpreter = launcher.interpreter.as_deref().filter(|_| !launcher.interpreter_missing)?;
    (interpreter.contains("python") && !interpreter.contains(' ')).then_some(interpreter)
}

fn reinstall(launcher: &Launcher) -> Fix {
    let fix = Fix::manual("Install it anew, for a Python that is there").docs(docs::TROUBLE_GRC);
    match keeper(launcher) {
        Some("pipx") => fix.run(["pipx", "reinstall", NAME]),
        Some("uv") => fix.run(["uv", "tool", "install", "--reinstall", NAME]),
        Some("brew") => fix.run(["brew", "reinstall", NAME]),
        _ => match python(launcher) {
            Some(python) => fix.run([python, "-m", "pip", "install", "--upgrade", "--force-reinstall", NAME]),
            None => fix.run(["pipx", "install", "--force", NAME]),
        },
    }
}

fn upgrade(launcher: &Launcher, package: &str) -> Fix {
    let fix = Fix::manual(format!("Upgrade {package} in the environment of {NAME}")).docs(docs::TROUBLE_GRC);
    match (keeper(launcher), python(launcher)) {
        (Some("pipx"), _) => fix.run(["pipx", "runpip", NAME, "install", "--upgrade", package]),
        (Some("uv"), _) => fix.run(["uv", "tool", "install", "--upgrade", "--with", package, NAME]),
        (Some("brew"), _) => fix.run(["brew", "upgrade", NAME]),
        (_, Some(python)) => fix.run([python, "-m", "pip", "install", "--upgrade", NAME, package]),
        _ => fix.run(["pip", "install", "--upgrade", NAME, package]),
    }
}
