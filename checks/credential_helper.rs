//! No stale or broken credential helper answers for this URL.

mod runs;
mod written;

use crate::check::{Check, Group, Verdict};
use crate::docs;
use crate::facts::access::Access;
use crate::facts::answers::Answer;
use crate::facts::credentials::{AwsCredentials, Outcome};
use crate::facts::git_config::GitConfig;
use crate::facts::helpers::{Helper, HelperChain, asks_helpers};
use crate::facts::method::{Certainty, Decision, Method};
use crate::facts::offered::{Offered, Prompt};
use crate::facts::profiles::Profiles;
use crate::finding::{Evidence, Finding, FindingKind, Fix, Safety, Severity};
use crate::machine::Os;
use crate::needs::Needs;
use crate::remedies::helper as remedies;
use crate::shape::{Kind, Shape};
use crate::target::CloneUrl;

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
    needs: Needs {
        actions: &[],
        reads_policies: false,
        hosts: &[],
        files: &["~/.gitconfig", "~/.aws/config", "~/.aws/credentials"],
    },
    judge: |facts| {
        Box::pin(async move {
            asks_helpers(facts).await?;
            let chain = facts.helpers().await?;
            let (answers, method, profiles) = tokio::join!(facts.answers(), facts.method(), facts.profiles());
            let credentials = if facts.request.offline { None } else { facts.credentials().await.ok() };
            let target = facts.target().await?;
            let machine = &facts.machine;
            let profile = credentials.and_then(|credentials| profiles.clone().ok()?.get(&credentials.choice.profile));
            let method = method?;
            // Only a helper that is not meant raises the question.
            let raised = method.method == Method::GitCredentials && chain.aws().is_some();
            let reads = if raised { facts.access().await.ok().map(Access::works) } else { None };
            let view = View {
                chain,
                config: facts.git_config().await?,
                url: target.effective.as_ref(),
                answers: answers.map(|answers| &answers.each[..]).unwrap_or_default(),
                method,
                profiles: profiles?,
                credentials,
                auto_prompt: auto_prompt(machine.var_set("AWS_CLI_AUTO_PROMPT"), profile),
                region: ["AWS_REGION", "AWS_DEFAULT_REGION"].iter().any(|name| machine.var_set(name).is_some())
                    || profile.is_some_and(|profile| profile.value("region").is_some()),
                reads,
                terminal: machine.var_set("TERM").is_some(),
                nobody_to_ask: matches!(facts.offered().await, Ok(Offered::Nothing(Prompt::Nobody(_)))),
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
    /// Whether Git can read, where it was tried.
    reads: Option<bool>,
    /// Whether a person sits at a terminal.
    terminal: bool,
    /// Whether Git has no credential, and nobody to ask for one.
    nobody_to_ask: bool,
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
            let explained = helper.aws().is_some() && (self.lacks_credentials() || has_error(&findings));
            findings.extend(self.runnable(at, helper, explained));
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

    /// Whether the AWS helper answers with a signature that is valid now: then it works, whatever else is missing.
    fn signs(&self) -> bool {
        let answers = self.chain.helpers.iter().zip(self.answers).filter(|(helper, _)| helper.aws().is_some());
        answers.filter_map(|(_, answer)| answer.shape()).any(Shape::is_fresh_signature)
    }

    /// Whether the checks on AWS's side say why the AWS helper cannot sign.
    fn lacks_credentials(&self) -> bool {
        self.credentials
            .is_some_and(|credentials| !matches!(credentials.outcome, Outcome::Found(_) | Outcome::Failed(_)))
    }

    /// The place of the first helper that answers with a user name and password.
    fn answering(&self) -> Option<usize> {
        self.answers.iter().position(|answer| answer.shape().is_some())
    }

    fn place(&self, helper: &Helper) -> Option<usize> {
        self.chain.helpers.iter().position(|other| std::ptr::eq(other, helper))
    }

    fn stale(&self, helper: &Helper) -> Finding {
        // A store before it answers with the Git credential, or it gives no answer itself: then it only disturbs.
        let answering = self.answering();
        let overruled =
            answering.is_some_and(|at| self.answers[at].shape().is_some_and(|shape| shape.kind == Kind::GitCredential));
        let does = if overruled { "is configured" } else { "answers" };
        let message = format!(
            "The AWS CLI credential helper {does} for this URL, but this machine is set up for Git credentials."
        );
        let finding = Finding::new(&STALE, message).seen(helper.entry.evidence()).fix(remedies::remove_helper(
            self.config,
            helper,
            self.chain.use_http_path.as_ref(),
        ));
        // Whom it signs for may well be allowed to pull: then the wrong one of two ways works.
        let works = self.signs() && self.reads == Some(true);
        let certain = self.method.certainty == Certainty::Sure;
        if overruled || works || !certain { finding.at_most(Severity::Warning) } else { finding }
    }

    fn unclear(&self, helper: &Helper) -> Option<Finding> {
        if self.method.certainty == Certainty::Possible {
            // Both ways are there, and the helper's is the one that Git takes.
            let message = format!("Git uses the helper: {}.", self.method.reason);
            let remove = remedies::remove_helper(self.config, helper, self.chain.use_http_path.as_ref());
            let finding = Finding::new(&CONFIGURED, message).seen(helper.entry.evidence());
            return Some(finding.fix(remove.at_least(Safety::Review)).at_most(Severity::Note));
        }
        let nothing = self.credentials.is_some_and(|credentials| credentials.outcome == Outcome::Nothing);
        if self.method.certainty > Certainty::Configured || !nothing || self.signs() {
            return None;
        }
        let message =
            "The AWS CLI credential helper is configured, but there are no AWS credentials for it to sign with.";
        let keep = Fix::manual("To keep the helper, set up AWS credentials").run(["aws", "configure", "sso"]);
        Some(
            Finding::new(&CONFIGURED, message)
                .seen(helper.entry.evidence())
                .fix(
                    remedies::remove_helper(self.config, helper, self.chain.use_http_path.as_ref())
                        .at_least(Safety::Review),
                )
                .fix(keep),
        )
    }

    fn missing(&self) -> Finding {
        let host = self.url.and_then(|url| url.host.as_deref()).unwrap_or("git-codecommit.REGION.amazonaws.com");
        // The empty entry in front cuts off whatever answers for this host now.
        let answers = if self.chain.helpers.is_empty() { Safety::Safe } else { Safety::Review };
        // A profile that does not exist helps nobody.
        let usable = |helper: &&Helper| {
            let profile = helper.aws().and_then(|aws| aws.profile.as_deref());
            profile.is_none_or(|profile| self.profiles.get(profile).is_some())
        };
        let add = remedies::add_aws_helper(host, self.chain.elsewhere.iter().find(usable)).at_least(answers);
        if let (Some(lost), Some((reset, _))) =
            (self.chain.forgotten.iter().find(|helper| helper.aws().is_some()), self.chain.resets.last())
        {
            let message =
                "The AWS CLI credential helper is configured, and an empty helper after it makes Git forget it.";
            let fix = Fix::manual("Remove the empty entry, or move it in front of the AWS helper");
            return Finding::new(&MISSING, message)
                .seen(lost.entry.evidence())
                .seen(reset.evidence())
                .fix(fix)
                .fix(add);
        }
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
}

fn has_error(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.severity == Severity::Error)
}

/// Where the AWS CLI's auto-prompt is switched on: the environment wins over the profile.
fn auto_prompt(variable: Option<String>, profile: Option<&crate::facts::profiles::Section>) -> Option<Evidence> {
    // `on-partial` leaves a complete command alone.
    let on = |value: &str| value == "on";
    match variable {
        Some(value) => on(&value).then(|| Evidence::new("AWS_CLI_AUTO_PROMPT", value)),
        None => profile?
            .setting("cli_auto_prompt")
            .filter(|setting| on(&setting.value))
            .map(super::super::facts::profiles::Setting::evidence),
    }
}

#[cfg(test)]
mod tests;
