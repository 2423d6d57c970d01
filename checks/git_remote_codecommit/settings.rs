//! What the environment and git's configuration make of a `codecommit::` URL.

use super::{CA_BUNDLE, ENDPOINT_OVERRIDE, HTTPS_HELPER_MISSING, SUBMODULE_TRANSPORT, View};
use crate::docs;
use crate::facts::grc::{Bundle, NAME};
use crate::facts::transports::{Allowed, allowed};
use crate::finding::{ConfigChange, ConfigScope, Evidence, Finding, Fix, Safety, Severity};
use crate::machine::{Machine, Os};
use crate::remedies::environment;
use crate::target::{CloneUrl, Protocol};

/// Variables that git-remote-codecommit, or git on its behalf, looks at.
#[derive(Clone, Default)]
pub(super) struct Variables {
    /// The host that it asks instead of the region's.
    pub(super) endpoint: Option<String>,
    /// Whether FIPS endpoints are wished for.
    pub(super) fips: Option<String>,
    /// The region that it does not read.
    pub(super) aws_region: Option<String>,
    /// The only transports that git may use.
    pub(super) allowed: Option<String>,
}

impl Variables {
    pub(super) fn read(machine: &Machine) -> Self {
        Self {
            endpoint: machine.var("CODE_COMMIT_ENDPOINT"),
            fips: machine.var_set("AWS_USE_FIPS_ENDPOINT"),
            aws_region: machine.var_set("AWS_REGION"),
            allowed: machine.var("GIT_ALLOW_PROTOCOL"),
        }
    }
}

impl View<'_> {
    pub(super) fn settings(&self) -> Vec<Finding> {
        let found =
            [self.https_missing(), self.not_allowed(), self.in_submodules(), self.other_endpoint(), self.bundle()];
        found.into_iter().flatten().collect()
    }

    fn https_missing(&self) -> Option<Finding> {
        if let Some(why) = &self.grc.https {
            let message = "Git is built without https, which git-remote-codecommit hands over to.";
            let fix = Fix::manual("Install a complete Git").docs(docs::GIT_DOWNLOADS);
            return Some(
                Finding::new(&HTTPS_HELPER_MISSING, message).seen(Evidence::new("git --exec-path", why)).fix(fix),
            );
        }
        let Allowed::Never(seen) = allowed(self.variables.allowed.as_deref(), self.config, "https") else {
            return None;
        };
        let message = format!("Git may not use https, which {NAME} hands over to.");
        let fix = permit(self.os, &seen, "https");
        Some(Finding::new(&HTTPS_HELPER_MISSING, message).seen(seen).fix(fix))
    }

    fn not_allowed(&self) -> Option<Finding> {
        let Allowed::Never(seen) = allowed(self.variables.allowed.as_deref(), self.config, "codecommit") else {
            return None;
        };
        let message = "Git may not use codecommit:: URLs at all.";
        let most = if self.is_for_url() { Severity::Error } else { Severity::Warning };
        let fix = permit(self.os, &seen, "codecommit");
        Some(Finding::new(&SUBMODULE_TRANSPORT, message).at_most(most).seen(seen).fix(fix))
    }

    /// Reading the repository itself is not hindered by this; `--recurse-submodules` is.
    fn in_submodules(&self) -> Option<Finding> {
        let Allowed::ByPerson(setting) = allowed(self.variables.allowed.as_deref(), self.config, "codecommit") else {
            return None;
        };
        let module = self.modules.iter().find(|module| module.url.protocol == Protocol::Grc)?;
        let message =
            format!("Git does not fetch the submodule {}, because its URL is a codecommit:: one.", module.name);
        let finding = Finding::new(&SUBMODULE_TRANSPORT, message).at_most(Severity::Warning).seen(module.seen.clone());
        let finding = setting.into_iter().fold(finding, Finding::seen);
        let key = "protocol.codecommit.allow".to_owned();
        let allow = ConfigChange::Set { key, value: "always".to_owned() };
        Some(finding.fix(Fix::review("Let Git follow such URLs in submodules").git_config(ConfigScope::Global, allow)))
    }

    fn other_endpoint(&self) -> Option<Finding> {
        let url = self.url.filter(|_| self.is_for_url())?;
        let Some(named) = &self.variables.endpoint else { return self.fips_ignored(url) };
        let there = CloneUrl::read(&format!("https://{named}/v1/repos/x"));
        let fits = there.is_codecommit() && there.region.is_some() && there.region == url.region;
        if fits {
            return None;
        }
        let region = url.region.as_deref().unwrap_or("the region");
        let message = if named.is_empty() {
            format!("CODE_COMMIT_ENDPOINT is set and empty, so {NAME} asks no host at all.")
        } else {
            format!("{NAME} asks {named} for every repository, which is no Git endpoint of {region}.")
        };
        let finding = Finding::new(&ENDPOINT_OVERRIDE, message).seen(Evidence::new("CODE_COMMIT_ENDPOINT", named));
        // Where nothing more is known it may be a name of the company's own.
        let most = if named.is_empty() || there.is_codecommit() { Severity::Error } else { Severity::Warning };
        Some(finding.at_most(most).fix(environment::unset(self.os, &["CODE_COMMIT_ENDPOINT"])))
    }

    fn fips_ignored(&self, url: &CloneUrl) -> Option<Finding> {
        let on = |value: &str| value.eq_ignore_ascii_case("true");
        let by_variable = self.variables.fips.as_deref().filter(|value| on(value));
        let by_profile = self.section().and_then(|section| section.setting("use_fips_endpoint"));
        let seen = match (by_variable, by_profile.filter(|setting| on(&setting.value))) {
            (Some(value), _) => Evidence::new("AWS_USE_FIPS_ENDPOINT", value),
            (None, Some(setting)) => setting.evidence(),
            (None, None) => return None,
        };
        let host = url.host.as_deref()?;
        let message = format!("{NAME} does not know FIPS endpoints and asks {host} all the same.");
        let fips = host.replacen("git-codecommit.", "git-codecommit-fips.", 1);
        let fix = environment::set(self.os, "Name the FIPS endpoint", "CODE_COMMIT_ENDPOINT", &fips);
        Some(
            Finding::new(&ENDPOINT_OVERRIDE, message)
                .at_most(Severity::Warning)
                .seen(seen)
                .fix(fix.docs(docs::REGIONS)),
        )
    }

    /// botocore needs it only where the profile's credentials come over the network.
    fn bundle(&self) -> Option<Finding> {
        let Bundle { file, seen, why } = self.bundle?;
        let message = format!("The certificate bundle {file} {why}, so {NAME} cannot ask AWS for credentials.");
        let asks = ["sso_session", "sso_start_url", "role_arn", "login_session"];
        let is_needed = self.section().is_some_and(|section| asks.iter().any(|key| section.value(key).is_some()));
        let most = if is_needed && self.is_for_url() { Severity::Error } else { Severity::Warning };
        let fix = Fix::manual("Name a file that exists, or remove the setting");
        Some(Finding::new(&CA_BUNDLE, message).at_most(most).seen(seen.clone()).fix(fix))
    }
}

/// Takes back what forbids a transport.
fn permit(os: Os, seen: &Evidence, transport: &str) -> Fix {
    if seen.source == "GIT_ALLOW_PROTOCOL" {
        let value = format!("{}:{transport}", seen.text);
        return environment::set(os, &format!("Allow {transport} as well"), "GIT_ALLOW_PROTOCOL", &value);
    }
    let key = format!("protocol.{transport}.allow");
    let allow = ConfigChange::Set { key, value: "always".to_owned() };
    Fix::review(format!("Allow {transport} again")).at_least(Safety::Review).git_config(ConfigScope::Global, allow)
}
