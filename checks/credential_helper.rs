//! No stale or broken credential helper answers for this URL.

use crate::check::{Check, Group, Verdict};
use crate::docs;
use crate::facts::answers::Answer;
use crate::facts::credentials::{AwsCredentials, Outcome};
use crate::facts::git_config::GitConfig;
use crate::facts::helpers::{AwsHelper, Helper, HelperChain, HelperKind};
use crate::facts::method::{Certainty, Decision, Method};
use crate::facts::profiles::Profiles;
use crate::finding::{ConfigChange, Evidence, Finding, FindingKind, Fix, Severity};
use crate::machine::Os;
use crate::remedies::helper as remedies;
use crate::shape::Kind;
use crate::target::{CloneUrl, Endpoint};

/// The check.
pub(super) static CHECK: Check = Check {
    id: "credential-helper",
    title: "No stale or broken credential helper answers for this URL",
    group: Group::Credentials,
    explain: include_str!("credential_helper.md"),
    findings: &[
        &STALE,
        &CONFIGURED,
        &MISSING,
        &SCOPE_MISSES_HOST,
        &USE_HTTP_PATH,
        &MISSING_BANG,
        &QUOTED,
        &PROGRAM_MISSING,
        &GUI_PATH,
        &BAD_INTERPRETER,
        &UNSCOPED,
        &MISSING_PROFILE,
        &AUTO_PROMPT,
        &REGION_UNKNOWN,
        &IGNORES_HOST,
        &RESET_TOO_EARLY,
        &FAILED,
    ],
    judge: |facts| {
        Box::pin(async move {
            let chain = facts.helpers().await?;
            let (answers, method, profiles) = tokio::join!(facts.answers(), facts.method(), facts.profiles());
            let credentials = if facts.request.offline { None } else { facts.credentials().await.ok() };
            let target = facts.target().await?;
            let machine = &facts.machine;
            let profile = credentials.and_then(|credentials| profiles.clone().ok()?.get(&credentials.choice.profile));
            let view = View {
                chain,
                config: facts.git_config().await?,
                url: target.effective.as_ref(),
                answers: answers.map(Vec::as_slice).unwrap_or_default(),
                method: method?,
                profiles: profiles?,
                credentials,
                auto_prompt: auto_prompt(machine.var_set("AWS_CLI_AUTO_PROMPT"), profile),
                region: ["AWS_REGION", "AWS_DEFAULT_REGION"].iter().any(|name| machine.var_set(name).is_some())
                    || profile.is_some_and(|profile| profile.value("region").is_some()),
                terminal: machine.var_set("TERM").is_some(),
                os: machine.os(),
            };
            Ok(view.judge())
        })
    },
};

static STALE: FindingKind = FindingKind::error(
    "stale-helper",
    "The AWS helper answers instead of the Git credential",
    &["C20"],
    docs::SETUP_GIT_CREDENTIALS,
);
static CONFIGURED: FindingKind = FindingKind::warning(
    "helper-configured",
    "It is not clear whether the AWS helper is meant",
    &["C20"],
    docs::SETUP_GIT_CREDENTIALS,
);
static MISSING: FindingKind =
    FindingKind::error("helper-missing", "The AWS helper is not configured", &["C43", "C55"], docs::SETUP_HELPER);
static SCOPE_MISSES_HOST: FindingKind = FindingKind::error(
    "helper-scope-misses-host",
    "The AWS helper is configured for another host",
    &["C6"],
    docs::REGIONS,
);
static USE_HTTP_PATH: FindingKind =
    FindingKind::error("use-http-path-missing", "Git does not tell the helper the path", &["C5"], docs::SETUP_HELPER);
static MISSING_BANG: FindingKind =
    FindingKind::error("helper-missing-bang", "The helper lacks its exclamation mark", &["C12"], docs::SETUP_HELPER);
static QUOTED: FindingKind =
    FindingKind::error("helper-quoted", "The helper was damaged by quotes", &["C11"], docs::TROUBLE_HELPER);
static PROGRAM_MISSING: FindingKind = FindingKind::error(
    "helper-program-missing",
    "The helper's program cannot be found",
    &["C8", "C22"],
    docs::TROUBLE_HELPER,
);
static GUI_PATH: FindingKind = FindingKind::warning(
    "helper-program-gui-path",
    "Desktop programs do not find the helper's program",
    &["C9"],
    docs::TROUBLE_HELPER,
);
static BAD_INTERPRETER: FindingKind = FindingKind::error(
    "helper-bad-interpreter",
    "The helper's interpreter does not exist",
    &["C10"],
    docs::TROUBLE_HELPER,
);
static UNSCOPED: FindingKind =
    FindingKind::warning("helper-unscoped", "The AWS helper is asked for every host", &["C18"], docs::SETUP_HELPER);
static MISSING_PROFILE: FindingKind = FindingKind::error(
    "helper-names-missing-profile",
    "The helper's profile does not exist",
    &["C13"],
    docs::SETUP_HELPER,
);
static AUTO_PROMPT: FindingKind = FindingKind::error(
    "helper-auto-prompt",
    "The AWS CLI's auto-prompt breaks the helper",
    &["C15"],
    docs::TROUBLE_HELPER,
);
static REGION_UNKNOWN: FindingKind =
    FindingKind::error("helper-region-unknown", "The helper cannot tell the region", &["C27"], docs::SETUP_HELPER);
static IGNORES_HOST: FindingKind =
    FindingKind::error("helper-ignores-host", "The helper does not answer for this host", &["C28"], docs::SETUP_HELPER);
static RESET_TOO_EARLY: FindingKind = FindingKind::warning(
    "helper-reset-too-early",
    "Another helper comes after the reset",
    &["C1", "C21"],
    docs::GIT_CREDENTIALS,
);
static FAILED: FindingKind =
    FindingKind::error("helper-failed", "A helper ran and failed", &["C16", "C17"], docs::TROUBLE_HELPER);

/// Everything that is looked at.
struct View<'a> {
    chain: &'a HelperChain,
    config: &'a GitConfig,
    url: Option<&'a CloneUrl>,
    /// In the order of the chain; empty when nobody was asked.
    answers: &'a [Answer],
    method: &'a Decision,
    profiles: &'a Profiles,
    credentials: Option<&'a AwsCredentials>,
    /// Where the AWS CLI's auto-prompt is switched on.
    auto_prompt: Option<Evidence>,
    /// Whether a region is configured for the AWS CLI.
    region: bool,
    /// Whether a person sits at a terminal.
    terminal: bool,
    os: Os,
}

impl View<'_> {
    fn judge(&self) -> Verdict {
        let mut findings = Vec::new();
        match (self.method.method, self.chain.aws()) {
            (Method::GitCredentials, Some((helper, _))) => findings.push(self.stale(helper)),
            (Method::CredentialHelper, Some((helper, aws))) => {
                findings.extend(self.unclear(helper));
                findings.extend(self.written(helper, aws));
            }
            (Method::CredentialHelper, None) => findings.push(self.missing()),
            _ => {}
        }
        for (at, helper) in self.chain.helpers.iter().enumerate() {
            findings.extend(self.runnable(at, helper));
        }
        if self.method.method == Method::CredentialHelper {
            findings.extend(self.reset_too_early());
        }
        Verdict::new(self.summary(), findings)
    }

    fn summary(&self) -> String {
        let names: Vec<&str> = self.chain.helpers.iter().map(|helper| helper.entry.text()).collect();
        match names.as_slice() {
            [] => "no credential helper is configured for this URL".to_owned(),
            [one] => format!("git asks {one}"),
            many => format!("git asks {}", many.join(", then ")),
        }
    }

    /// The place of the first helper that answers with a user name and password.
    fn answering(&self) -> Option<usize> {
        self.answers.iter().position(|answer| answer.shape().is_some())
    }

    fn place(&self, helper: &Helper) -> Option<usize> {
        self.chain.helpers.iter().position(|other| std::ptr::eq(other, helper))
    }

    fn stale(&self, helper: &Helper) -> Finding {
        let message =
            "The AWS CLI credential helper answers for this URL, but this machine is set up for Git credentials.";
        let finding = Finding::new(&STALE, message)
            .seen(helper.entry.evidence())
            .fix(remedies::remove_helper(self.config, helper));
        // A store before it answers with the Git credential, or it gives no answer itself: then it only disturbs.
        let answering = self.answering();
        let overruled =
            answering.is_some_and(|at| self.answers[at].shape().is_some_and(|shape| shape.kind == Kind::GitCredential));
        if overruled || self.method.certainty < Certainty::Sure { finding.at_most(Severity::Warning) } else { finding }
    }

    fn unclear(&self, helper: &Helper) -> Option<Finding> {
        let nothing = self.credentials.is_some_and(|credentials| credentials.outcome == Outcome::Nothing);
        if self.method.certainty > Certainty::Configured || !nothing {
            return None;
        }
        let message =
            "The AWS CLI credential helper is configured, but there are no AWS credentials for it to sign with.";
        let keep = Fix::manual("To keep the helper, set up AWS credentials").run(["aws", "configure", "sso"]);
        Some(
            Finding::new(&CONFIGURED, message)
                .seen(helper.entry.evidence())
                .fix(remedies::remove_helper(self.config, helper))
                .fix(keep),
        )
    }

    fn missing(&self) -> Finding {
        let host = self.url.and_then(|url| url.host.as_deref()).unwrap_or("git-codecommit.REGION.amazonaws.com");
        let add = remedies::add_aws_helper(host, self.chain.elsewhere.first());
        if let Some(elsewhere) = self.chain.elsewhere.first() {
            let section = elsewhere.section.as_deref().unwrap_or_default();
            let message =
                format!("The AWS CLI credential helper is configured for {section}, which does not cover {host}.");
            return Finding::new(&SCOPE_MISSES_HOST, message).seen(elsewhere.entry.evidence()).fix(add);
        }
        let message =
            format!("The AWS CLI credential helper is needed ({}), and none is configured.", self.method.reason);
        let names = self.summary();
        Finding::new(&MISSING, message)
            .seen(Evidence::new("git config credential.helper", names))
            .fix(add)
            .fix(Fix::manual("Or use git-remote-codecommit, which needs no helper").docs(docs::SETUP_GRC))
    }

    /// What is wrong with the AWS helper as it is written.
    fn written(&self, helper: &Helper, aws: &AwsHelper) -> Vec<Finding> {
        let mut findings = Vec::new();
        let seen = || helper.entry.evidence();
        if aws.quoted {
            let message =
                "The helper holds quotes that do not belong there, or lost a part to them, so git cannot run it.";
            findings.push(Finding::new(&QUOTED, message).seen(seen()).fix(remedies::rewrite_aws_helper(helper, aws)));
        } else if aws.bang_missing {
            let message =
                "The helper begins with aws instead of !aws, so git looks for a program called git-credential-aws.";
            findings
                .push(Finding::new(&MISSING_BANG, message).seen(seen()).fix(remedies::rewrite_aws_helper(helper, aws)));
        }
        findings.extend(self.http_path(helper));
        findings.extend(self.host(helper, aws));
        findings.extend(self.profile(helper, aws));
        if helper.section.is_none() {
            let message = "The AWS CLI credential helper is asked for every host, not only for CodeCommit.";
            findings.push(
                Finding::new(&UNSCOPED, message)
                    .seen(seen())
                    .fix(remedies::limit_helper(helper, self.url.and_then(|url| url.host.as_deref()))),
            );
        }
        if let Some(evidence) =
            self.auto_prompt.as_ref().filter(|_| !aws.no_auto_prompt && !helper.program.python_script)
        {
            let message = "The AWS CLI's auto-prompt is on and swallows the question that Git asks the helper.";
            let fix = remedies::replace_value(
                &helper.entry,
                "Switch it off for the helper",
                &helper.entry.text().replace(" codecommit ", " --no-cli-auto-prompt codecommit "),
            );
            findings.push(Finding::new(&AUTO_PROMPT, message).seen(seen()).seen(evidence.clone()).fix(fix));
        }
        findings
    }

    fn http_path(&self, helper: &Helper) -> Option<Finding> {
        if self.chain.uses_http_path() {
            return None;
        }
        let message =
            "Git does not tell the AWS CLI credential helper the repository's path, because useHttpPath is not true.";
        let section = helper.section.as_ref().map(|section| format!(".{section}")).unwrap_or_default();
        let mut fix = Fix::safe("Switch it on beside the helper");
        if let Some(scope) = helper.entry.config_scope() {
            fix = fix.git_config(
                scope,
                ConfigChange::Set { key: format!("credential{section}.useHttpPath"), value: "true".into() },
            );
        }
        let finding = Finding::new(&USE_HTTP_PATH, message).seen(helper.entry.evidence());
        Some(match &self.chain.use_http_path {
            Some(entry) => finding.seen(entry.evidence()).fix(fix),
            None => finding.fix(fix),
        })
    }

    fn host(&self, helper: &Helper, aws: &AwsHelper) -> Option<Finding> {
        let url = self.url?;
        let host = url.host.as_deref()?;
        if !aws.ignores_host && !host.contains("amazon.com") && !host.contains("amazonaws.com") {
            let message =
                format!("The AWS CLI credential helper says nothing for {host}, because its name is not one of AWS's.");
            let fix = Fix::manual(
                "Clone from the real endpoint: the signature covers the host's name, so an alias is refused",
            );
            return Some(
                Finding::new(&IGNORES_HOST, message).seen(helper.entry.evidence()).fix(fix.docs(docs::REGIONS)),
            );
        }
        if url.endpoint == Endpoint::Foreign && aws.region.is_none() && !self.region {
            let message =
                format!("The AWS CLI credential helper cannot tell the region from {host}, and none is configured.");
            let fix = remedies::replace_value(
                &helper.entry,
                "Name the region in the helper",
                &helper.entry.text().replace(" codecommit ", " --region REGION codecommit "),
            );
            return Some(Finding::new(&REGION_UNKNOWN, message).seen(helper.entry.evidence()).fix(fix));
        }
        None
    }

    fn profile(&self, helper: &Helper, aws: &AwsHelper) -> Option<Finding> {
        let profile = aws.profile.as_deref()?;
        if self.profiles.get(profile).is_some() {
            return None;
        }
        let files = (&self.profiles.config_file, &self.profiles.credentials_file);
        let message = format!("The helper's profile {profile} is in neither {} nor {}.", files.0, files.1);
        let mut finding = Finding::new(&MISSING_PROFILE, message).seen(helper.entry.evidence());
        let slip = self.profiles.without_prefix.iter().find(|slip| slip.text == format!("[{profile}]"));
        if let Some(slip) = slip {
            let fix = Fix::manual(format!("Write [profile {profile}] instead of [{profile}] in {}", slip.source));
            finding = finding.seen(slip.clone()).fix(fix);
        }
        if let Some(near) = self.profiles.nearest(profile) {
            finding = finding.fix(remedies::replace_value(
                &helper.entry,
                &format!("Use the profile {near}"),
                &helper.entry.text().replace(profile, near),
            ));
        }
        Some(finding.fix(Fix::manual("Create the profile").run(["aws", "configure", "sso", "--profile", profile])))
    }

    /// Whether a helper can be run, and whether it did what it should.
    fn runnable(&self, at: usize, helper: &Helper) -> Option<Finding> {
        let program = &helper.program;
        // Another helper's answer makes this one's failure a nuisance.
        let harmless = self.answering().is_some_and(|answering| answering != at)
            || (helper.aws().is_some() && self.method.method == Method::GitCredentials);
        let weigh = |finding: Finding| if harmless { finding.at_most(Severity::Warning) } else { finding };
        let built_in = matches!(helper.kind, HelperKind::Store(_) | HelperKind::Cache);
        if program.looked_for && program.path.is_none() && !built_in {
            let message = format!("The program {} that this helper runs cannot be found.", program.name);
            return Some(weigh(
                Finding::new(&PROGRAM_MISSING, message).seen(helper.entry.evidence()).fix(self.provide(helper)),
            ));
        }
        if let Some(interpreter) = &program.missing_interpreter {
            let path = program.path.as_deref().unwrap_or(&program.name);
            let message = format!("{path} is a script for {interpreter}, which does not exist.");
            let fix = Fix::manual("Install the AWS CLI again; version 2 brings its own interpreter");
            return Some(weigh(Finding::new(&BAD_INTERPRETER, message).seen(helper.entry.evidence()).fix(fix)));
        }
        if let Some(Answer::Failed(said)) = self.answers.get(at)
            && !explained_elsewhere(helper, said)
        {
            let message = format!("The helper {} ran and failed.", helper.entry.text());
            let fix = Fix::manual("Mend what its own message names");
            let finding =
                Finding::new(&FAILED, message).seen(helper.entry.evidence()).seen(Evidence::new("the helper", said));
            return Some(weigh(finding.fix(fix)));
        }
        self.gui_path(helper)
    }

    /// On macOS, programs that are started from the desktop do not see what Homebrew or pyenv put on the terminal's PATH.
    fn gui_path(&self, helper: &Helper) -> Option<Finding> {
        let path = helper
            .program
            .path
            .as_deref()
            .filter(|_| self.os == Os::MacOs && helper.aws().is_some() && helper.program.bare)?;
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        if ["/usr/bin", "/bin", "/usr/sbin", "/sbin", "/usr/local/bin"].contains(&folder) {
            return None;
        }
        let message =
            format!("Programs started from the desktop do not find {path}, because their PATH does not name {folder}.");
        let text = helper.entry.text().replacen(&helper.program.name, path, 1);
        let finding = Finding::new(&GUI_PATH, message).seen(helper.entry.evidence()).fix(remedies::replace_value(
            &helper.entry,
            "Name the program with its folder",
            &text,
        ));
        Some(if self.terminal { finding.at_most(Severity::Note) } else { finding })
    }

    fn reset_too_early(&self) -> Option<Finding> {
        let aws = self.place(self.chain.aws()?.0)?;
        let (reset, _) = self.chain.resets.last().filter(|(_, forgotten)| *forgotten == 0)?;
        let late = self.chain.helpers[..aws]
            .iter()
            .chain(&self.chain.helpers[aws + 1..])
            .find(|helper| helper.keeps_passwords())?;
        let message = format!(
            "The empty helper that should clear the others comes before {}, which therefore still keeps passwords.",
            late.entry.text()
        );
        let fix = Fix::manual(format!(
            "Move the CodeCommit section behind the helper {}, or into a file that git reads later",
            late.entry.text()
        ));
        Some(Finding::new(&RESET_TOO_EARLY, message).seen(reset.evidence()).seen(late.entry.evidence()).fix(fix))
    }

    fn provide(&self, helper: &Helper) -> Fix {
        match (helper.aws(), self.os) {
            (None, _) => {
                Fix::manual(format!("Install {}, or remove this helper from the configuration", helper.program.name))
            }
            (Some(_), Os::MacOs) => Fix::manual("Install the AWS CLI").run(["brew", "install", "awscli"]),
            (Some(_), Os::Windows) => {
                Fix::manual("Install the AWS CLI, version 2").run(["winget", "install", "--id", "Amazon.AWSCLI"])
            }
            (Some(_), Os::Linux) => {
                Fix::manual("Install the AWS CLI, or write its full path into the helper").docs(docs::TROUBLE_HELPER)
            }
        }
    }
}

/// Whether a failure of the AWS helper is one that a check names better: no credentials, no profile, no path, no program.
fn explained_elsewhere(helper: &Helper, said: &str) -> bool {
    let known = [
        "'NoneType' object has no attribute",
        "could not be found",
        "'path'",
        "sequence item 1: expected str",
        "retrieving token from sso",
        "SSO Token",
        "SSO session",
        "Unable to locate credentials",
        "not found",
    ];
    helper.aws().is_some() && known.iter().any(|known| said.contains(known))
}

/// Where the AWS CLI's auto-prompt is switched on: the environment wins over the profile.
fn auto_prompt(variable: Option<String>, profile: Option<&crate::facts::profiles::Section>) -> Option<Evidence> {
    let on = |value: &str| value.starts_with("on");
    match variable {
        Some(value) => on(&value).then(|| Evidence::new("AWS_CLI_AUTO_PROMPT", value)),
        None => profile?
            .setting("cli_auto_prompt")
            .filter(|setting| on(&setting.value))
            .map(super::super::facts::profiles::Setting::evidence),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::git_config::Entry;
    use crate::facts::helpers::DOCUMENTED;
    use crate::shape::Shape;
    use std::time::SystemTime;

    const URL: &str = "https://git-codecommit.us-east-1.amazonaws.com/v1/repos/x";
    const SECTION: &str = "credential.https://git-codecommit.*.amazonaws.com";

    fn method(method: Method, certainty: Certainty) -> Decision {
        Decision { method, reason: "a role".into(), certainty }
    }

    fn config(entries: &[(String, &str)]) -> GitConfig {
        let entry = |(key, value): &(String, &str)| Entry {
            key: key.clone(),
            value: Some((*value).to_owned()),
            source: "~/.gitconfig".into(),
            scope: "global".into(),
            ..Entry::default()
        };
        GitConfig { entries: entries.iter().map(entry).collect(), ..GitConfig::default() }
    }

    /// A set-up with the documented section, which the AWS CLI is there to serve.
    fn documented(helper: &str) -> GitConfig {
        config(&[(format!("{SECTION}.helper"), helper), (format!("{SECTION}.usehttppath"), "true")])
    }

    /// Judges a set-up; `change` bends what is healthy.
    fn with<'a>(config: &'a GitConfig, url: &str, method: &'a Decision, change: impl FnOnce(&mut View<'a>)) -> Verdict {
        let mut chain = HelperChain::select(config, url, true);
        for helper in &mut chain.helpers {
            helper.program.path = Some("/usr/bin/aws".into());
        }
        let mut view = View {
            chain: forever(chain),
            config,
            url: Some(forever(CloneUrl::read(url))),
            answers: &[],
            method,
            profiles: forever(Profiles::default()),
            credentials: None,
            auto_prompt: None,
            region: true,
            terminal: true,
            os: Os::Linux,
        };
        change(&mut view);
        view.judge()
    }

    /// A value that a view may borrow for as long as it likes.
    fn forever<T>(value: T) -> &'static T {
        Box::leak(Box::new(value))
    }

    fn ids(config: &GitConfig) -> Vec<&'static str> {
        with(config, URL, &method(Method::CredentialHelper, Certainty::Sure), |_| {}).ids()
    }

    #[test]
    fn the_documented_set_up_is_fine() {
        assert_eq!(ids(&documented(DOCUMENTED)), Vec::<&str>::new());
        let plain = with(&config(&[]), URL, &method(Method::GitCredentials, Certainty::Sure), |_| {});
        assert_eq!(plain.ids(), Vec::<&str>::new());
    }

    #[test]
    fn a_helper_on_a_machine_for_git_credentials_is_stale() {
        let config = documented(DOCUMENTED);
        let verdict = with(&config, URL, &method(Method::GitCredentials, Certainty::Sure), |_| {});
        assert_eq!((verdict.ids(), verdict.severity()), (vec!["stale-helper"], Some(Severity::Error)));
        let argv = verdict.findings[0].fixes[0].steps[0].argv().unwrap();
        assert_eq!(argv, ["git", "config", "--global", "--remove-section", SECTION]);
    }

    #[test]
    fn a_store_that_answers_first_makes_a_stale_helper_a_nuisance() {
        let config = config(&[("credential.helper".into(), "store"), (format!("{SECTION}.helper"), DOCUMENTED)]);
        let stored = Answer::Credential(Shape::of("ann-at-111122223333", Some("x"), SystemTime::now()));
        let answers = [stored, Answer::NotAsked(String::new())];
        let verdict =
            with(&config, URL, &method(Method::GitCredentials, Certainty::Sure), |view| view.answers = &answers);
        assert_eq!((verdict.ids(), verdict.severity()), (vec!["stale-helper"], Some(Severity::Warning)));
    }

    #[test]
    fn a_helper_without_anything_to_sign_with_is_unclear() {
        let from = Evidence::new("no profile is named", "default");
        let choice =
            crate::facts::credentials::Choice { profile: "default".into(), from, explicit: false, by_helper: false };
        let nothing = AwsCredentials { choice, outcome: Outcome::Nothing };
        let config = documented(DOCUMENTED);
        let unsure = method(Method::CredentialHelper, Certainty::Configured);
        let verdict = with(&config, URL, &unsure, |view| view.credentials = Some(&nothing));
        assert_eq!(verdict.ids(), ["helper-configured"]);
        assert_eq!(with(&config, URL, &unsure, |_| {}).ids(), Vec::<&str>::new());
    }

    #[test]
    fn a_missing_helper_is_told_from_one_for_another_host() {
        assert_eq!(ids(&config(&[])), ["helper-missing"]);
        let china = "https://git-codecommit.cn-north-1.amazonaws.com.cn/v1/repos/x";
        let sure = method(Method::CredentialHelper, Certainty::Sure);
        let verdict = with(&documented(DOCUMENTED), china, &sure, |_| {});
        assert_eq!(verdict.ids(), ["helper-scope-misses-host"]);
        let argv = verdict.findings[0].fixes[0].steps[1].argv().unwrap();
        assert!(argv.contains(&"credential.https://git-codecommit.*.amazonaws.com.cn.helper".to_owned()), "{argv:?}");
    }

    #[test]
    fn every_slip_of_the_pen_is_found() {
        for (helper, id) in [
            ("aws codecommit credential-helper $@", "helper-missing-bang"),
            ("'!aws codecommit credential-helper $@'", "helper-quoted"),
            ("!aws --profile dev", "helper-quoted"),
            ("!aws --profile nope codecommit credential-helper $@", "helper-names-missing-profile"),
        ] {
            assert!(ids(&documented(helper)).contains(&id), "{helper}");
        }
        let unpathed = config(&[(format!("{SECTION}.helper"), DOCUMENTED)]);
        assert_eq!(ids(&unpathed), ["use-http-path-missing"]);
        let unscoped = config(&[("credential.helper".into(), DOCUMENTED), ("credential.usehttppath".into(), "true")]);
        assert_eq!(ids(&unscoped), ["helper-unscoped"]);
    }

    #[test]
    fn hosts_that_the_helper_does_not_know_are_found() {
        let sure = method(Method::CredentialHelper, Certainty::Sure);
        let any = config(&[("credential.helper".into(), DOCUMENTED), ("credential.usehttppath".into(), "true")]);
        let alias = with(&any, "https://git.corp.example/v1/repos/x", &sure, |_| {});
        assert!(alias.ids().contains(&"helper-ignores-host"));
        let odd = with(&any, "https://codecommit.proxy.amazonaws.com/v1/repos/x", &sure, |view| view.region = false);
        assert!(odd.ids().contains(&"helper-region-unknown"));
    }

    #[test]
    fn programs_that_cannot_run_are_found() {
        let sure = method(Method::CredentialHelper, Certainty::Sure);
        let config = documented(DOCUMENTED);
        let program = |bend: fn(&mut crate::facts::helpers::Program), os| {
            let mut chain = HelperChain::select(&config, URL, true);
            chain.helpers[0].program.path = Some("/opt/homebrew/bin/aws".into());
            bend(&mut chain.helpers[0].program);
            with(&config, URL, &sure, |view| {
                view.chain = forever(chain);
                view.os = os;
            })
        };
        assert_eq!(program(|program| program.path = None, Os::Linux).ids(), ["helper-program-missing"]);
        let interpreter = program(|program| program.missing_interpreter = Some("/gone/python".into()), Os::Linux);
        assert_eq!(interpreter.ids(), ["helper-bad-interpreter"]);
        let gui = program(|_| {}, Os::MacOs);
        assert_eq!((gui.ids(), gui.severity()), (vec!["helper-program-gui-path"], Some(Severity::Note)));
    }

    #[test]
    fn auto_prompt_is_found_where_it_is_switched_on() {
        let sure = method(Method::CredentialHelper, Certainty::Sure);
        let on = auto_prompt(Some("on-partial".into()), None);
        let verdict = with(&documented(DOCUMENTED), URL, &sure, |view| view.auto_prompt = on);
        assert_eq!(verdict.ids(), ["helper-auto-prompt"]);
        assert_eq!(auto_prompt(Some("off".into()), None), None);
    }

    #[test]
    fn a_reset_before_the_store_does_not_help() {
        let config = config(&[
            (format!("{SECTION}.helper"), ""),
            (format!("{SECTION}.helper"), DOCUMENTED),
            (format!("{SECTION}.usehttppath"), "true"),
            ("credential.helper".into(), "store"),
        ]);
        assert_eq!(ids(&config), ["helper-reset-too-early"]);
    }

    #[test]
    fn a_failure_is_told_unless_another_check_names_it_better() {
        let sure = method(Method::CredentialHelper, Certainty::Sure);
        let failed = |text: &str| {
            let answers = [Answer::Failed(text.to_owned())];
            with(&documented(DOCUMENTED), URL, &sure, |view| view.answers = forever(answers)).ids()
        };
        assert_eq!(failed("ImportError: No module named x"), ["helper-failed"]);
        assert_eq!(failed("'NoneType' object has no attribute 'secret_key'"), Vec::<&str>::new());
    }
}
