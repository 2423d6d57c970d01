//! AWS credentials resolve for the profile that Git would use.

mod told;

use crate::check::{Check, Gap, Group, Verdict};
use crate::docs;
use crate::facts::answers::Answer;
use crate::facts::choice::Choice;
use crate::facts::credentials::{AwsCredentials, Found, Outcome};
use crate::facts::method::{Certainty, Decision, Method};
use crate::facts::profiles::Profiles;
use crate::finding::{Evidence, Finding, FindingKind, Fix, Severity};
use crate::needs::{Needs, On, action};
use crate::shape::{Shape, span};
use told::{incomplete, instance_unreachable, sso, unreadable};

/// The check.
pub(super) static CHECK: Check = Check {
    id: "aws-credentials",
    title: "AWS credentials are found for the profile that Git uses",
    group: Group::Aws,
    explain: include_str!("aws_credentials.md"),
    findings: &[
        &NONE,
        &PROFILE_MISSING,
        &PARSE_ERROR,
        &INCOMPLETE,
        &SOURCE_MISSING,
        &TOKEN_MISSING,
        &EXPIRED,
        &SSO_EXPIRED,
        &SSO_NEVER,
        &LOGIN_NEEDED,
        &MFA_NEEDED,
        &ROLE_REFUSED,
        &SOURCE_REFUSED,
        &PROCESS_FAILED,
        &PROCESS_UNSTABLE,
        &INSTANCE_UNREACHABLE,
        &PLUGIN_BROKEN,
        &ENV_SHADOWS,
        &REGION_IGNORED,
        &LEGACY_STS,
        &LOGIN_UNSUPPORTED,
    ],
    needs: Needs {
        actions: &[action("sts:AssumeRole", On::Role, "for profiles with a role_arn")],
        reads_policies: false,
        hosts: &["sts.REGION.amazonaws.com", "portal.sso.REGION.amazonaws.com", "oidc.REGION.amazonaws.com"],
        files: &["~/.aws/config", "~/.aws/credentials", "~/.aws/sso/cache", "~/.aws/cli/cache", "~/.aws/login/cache"],
    },
    judge: |facts| {
        Box::pin(async move {
            let (credentials, method, profiles) = tokio::join!(facts.credentials(), facts.method(), facts.profiles());
            let credentials = credentials?;
            let answers = if credentials.found().is_none() { facts.answers().await.ok() } else { None };
            let view = View {
                credentials,
                method: method?,
                profiles: profiles?,
                answers: answers.map(|answers| &answers.each[..]).unwrap_or_default(),
                has_terminal: facts.machine.has_terminal(),
                os: facts.machine.os(),
            };
            view.judge()
        })
    },
};

static NONE: FindingKind =
    FindingKind::error("no-aws-credentials", "There are no AWS credentials", &["C14", "C71"], docs::TROUBLE_HELPER);
static PROFILE_MISSING: FindingKind =
    FindingKind::error("profile-missing", "The profile does not exist", &["C13", "C68"], docs::AWS_FILES);
static PARSE_ERROR: FindingKind =
    FindingKind::error("config-parse-error", "The AWS configuration cannot be parsed", &[], docs::AWS_FILES);
static INCOMPLETE: FindingKind =
    FindingKind::error("profile-incomplete", "The profile lacks something that it needs", &[], docs::AWS_FILES);
static SOURCE_MISSING: FindingKind = FindingKind::error(
    "source-profile-missing",
    "The profile builds on one that cannot be used",
    &["C76"],
    docs::AWS_ROLES,
);
static TOKEN_MISSING: FindingKind =
    FindingKind::error("session-token-missing", "A temporary key lacks its session token", &["C44"], docs::TEMPORARY);
static EXPIRED: FindingKind =
    FindingKind::error("credentials-expired", "The credentials have run out", &["C45"], docs::TROUBLE_HELPER);
static SSO_EXPIRED: FindingKind =
    FindingKind::error("sso-expired", "The SSO session has run out", &["C46", "C48"], docs::AWS_SSO);
static SSO_NEVER: FindingKind =
    FindingKind::error("sso-never-logged-in", "There has been no SSO login on this machine", &["C47"], docs::AWS_SSO);
static LOGIN_NEEDED: FindingKind =
    FindingKind::error("login-needed", "The session of aws login has to be begun again", &["C73"], docs::AWS_LOGIN);
static MFA_NEEDED: FindingKind = FindingKind::error(
    "mfa-needed",
    "The role wants an MFA code, and nobody can type one",
    &["C16", "C82"],
    docs::AWS_ROLES,
);
static SOURCE_REFUSED: FindingKind = FindingKind::error(
    "source-credentials-refused",
    "AWS does not accept the keys that should assume the role",
    &[],
    docs::AWS_ROLES,
);
static ROLE_REFUSED: FindingKind =
    FindingKind::error("role-refused", "AWS does not give the profile its role", &[], docs::AWS_ROLES);
static PROCESS_FAILED: FindingKind = FindingKind::error(
    "credential-process-failed",
    "The program for credentials gives none",
    &["C75"],
    docs::AWS_PROCESS,
);
static PROCESS_UNSTABLE: FindingKind = FindingKind::warning(
    "credential-process-unstable",
    "The program for credentials gives others each time",
    &["C74"],
    docs::AWS_PROCESS,
);
static INSTANCE_UNREACHABLE: FindingKind = FindingKind::error(
    "instance-role-unreachable",
    "The container cannot reach the instance's role",
    &["C119"],
    docs::INSTANCE_METADATA,
);
static PLUGIN_BROKEN: FindingKind =
    FindingKind::error("cli-plugin-broken", "A plugin of the AWS CLI cannot be loaded", &["C17"], docs::TROUBLE_HELPER);
static ENV_SHADOWS: FindingKind =
    FindingKind::error("env-shadows-profile", "Keys in the environment hide the profile", &["C24"], docs::AWS_ENV);
static REGION_IGNORED: FindingKind = FindingKind::error(
    "region-variable-ignored",
    "git-remote-codecommit does not read AWS_REGION",
    &["C69"],
    docs::TROUBLE_GRC,
);
static LEGACY_STS: FindingKind = FindingKind::error(
    "legacy-sts-token",
    "The session comes from the global STS endpoint",
    &["C123"],
    docs::STS_REGIONS,
);
static LOGIN_UNSUPPORTED: FindingKind = FindingKind::warning(
    "login-session-unsupported",
    "git-remote-codecommit may not know aws login",
    &["C73"],
    docs::AWS_LOGIN,
);

/// Everything that is looked at.
struct View<'a> {
    credentials: &'a AwsCredentials,
    method: &'a Decision,
    profiles: &'a Profiles,
    /// What Git's helpers answered, in the order of the chain.
    answers: &'a [Answer],
    /// Whether a person sits at a terminal.
    has_terminal: bool,
    os: crate::machine::Os,
}

impl View<'_> {
    fn judge(&self) -> Result<Verdict, Gap> {
        let profile = &self.choice().profile;
        if let Some(plugin) = self.broken_plugin() {
            return Ok(Verdict::new("the AWS CLI cannot start", vec![plugin]));
        }
        if let Outcome::Found(found) = &self.credentials.outcome {
            let findings = self.doubts(&self.credentials.doubts, found);
            return Ok(Verdict::new(summary(profile, found), findings));
        }
        // The AWS CLI signs with whatever keys it has, whether they are still good or not.
        let signs_anyway = matches!(
            self.credentials.outcome,
            Outcome::Expired { .. } | Outcome::TokenMissing(_) | Outcome::Garbled { .. }
        );
        let is_slip = self.credentials.outcome == Outcome::NoSuchProfile && self.choice().from.source == "--profile";
        if self.helper_signs() && is_slip {
            let finding = self.missing_profile().at_most(Severity::Warning);
            return Ok(Verdict::new(format!("no profile {profile}"), vec![finding]));
        }
        if self.helper_signs() && !signs_anyway {
            return Err(Gap::not_applicable("the credential helper has AWS credentials of its own"));
        }
        // Git credentials and SSH keys need no AWS credentials: what is missing here stops nobody.
        if !self.method.method.signs() || self.method.certainty == Certainty::Guess {
            let what = if self.method.method == Method::Ssh { "SSH keys" } else { "Git credentials" };
            return Err(Gap::not_applicable(format!("no usable AWS credentials, and {what} need none")));
        }
        let finding = self.lacking()?;
        Ok(Verdict::new(format!("no usable credentials for profile {profile}"), vec![finding]))
    }

    fn choice(&self) -> &Choice {
        &self.credentials.choice
    }

    /// Whether a helper answers with a signature that is valid now. It may have credentials that nobody else sees: through
    /// aws-vault, or on a machine with a role.
    fn helper_signs(&self) -> bool {
        self.answers.iter().filter_map(Answer::shape).any(Shape::is_fresh_signature)
    }

    /// A plugin that the AWS CLI is told to load, when the helper says that it cannot be.
    fn broken_plugin(&self) -> Option<Finding> {
        let said = self.answers.iter().find_map(|answer| match answer {
            Answer::Failed(said) if said.contains("No module named") => Some(said),
            _ => None,
        })?;
        let is_meant = |plugin: &&crate::facts::profiles::Setting| {
            let module = plugin.value.split('.').next().unwrap_or_default();
            !module.is_empty() && said.contains(module)
        };
        let plugin = self.profiles.plugins.iter().find(is_meant)?;
        let message =
            format!("The AWS CLI is told to load the plugin {}, which is not there, so it cannot start.", plugin.value);
        let last = said.lines().last().unwrap_or_default();
        let fix = Fix::manual(format!("Remove line {} of {}, or install the plugin again", plugin.line, plugin.file));
        let seen = Evidence::new("the credential helper", last);
        Some(Finding::new(&PLUGIN_BROKEN, message).seen(plugin.evidence()).seen(seen).fix(fix))
    }

    /// The one thing that keeps the profile from having credentials.
    fn lacking(&self) -> Result<Finding, Gap> {
        let profile = &self.choice().profile;
        Ok(match &self.credentials.outcome {
            Outcome::Found(_) => return Err(Gap::unknown("the credentials were lost")),
            Outcome::NoSuchProfile if self.choice().by_helper => {
                return Err(Gap::blocked("credential-helper", format!("there is no profile {profile}")));
            }
            Outcome::NoSuchProfile => self.missing_profile(),
            Outcome::Nothing => self.none(),
            Outcome::Unreadable(seen) => unreadable(seen),
            Outcome::Flawed(flaw) => self.flawed(flaw),
            Outcome::Garbled { why, seen } => incomplete(why, seen),
            Outcome::Sso(problem) => sso(problem),
            Outcome::Login { begun, cache, seen } => self.login(*begun, cache, seen),
            Outcome::Expired { text, seen } => self.expired(text, seen),
            Outcome::TokenMissing(seen) => self.token_missing(seen),
            Outcome::MfaNeeded { serial, seen } => self.mfa_needed(serial, seen),
            Outcome::ProcessFailed { why, seen } => self.process_failed(why, seen),
            Outcome::RoleRefused { role, said, seen } => self.role_refused(role, said, seen),
            Outcome::SourceRefused { said, seen } => return self.source_refused(said, seen),
            Outcome::InstanceUnreachable(why) => instance_unreachable(why),
            Outcome::Failed(why) => {
                return Err(Gap::unknown(format!("profile {profile} gave no credentials: {why}")));
            }
        })
    }
}

/// The credentials in a few words.
fn summary(profile: &str, found: &Found) -> String {
    let kind = if found.temporary { "temporary" } else { "long-lived" };
    let left = found.expires_in.map(|left| format!(", for another {}", span(left))).unwrap_or_default();
    format!("{} of profile {profile} from {} ({kind}{left})", found.key_id, found.by)
}

#[cfg(test)]
mod tests;
