//! AWS credentials resolve for the profile that Git would use.

use crate::check::{Check, Gap, Group, Verdict};
use crate::docs;
use crate::facts::answers::Answer;
use crate::facts::credentials::{AwsCredentials, Choice, Outcome, SsoProblem};
use crate::facts::method::{Certainty, Decision, Method};
use crate::facts::profiles::Profiles;
use crate::finding::{Evidence, Finding, FindingKind, Fix};
use crate::shape::{Shape, span};

/// The check.
pub(super) static CHECK: Check = Check {
    id: "aws-credentials",
    title: "AWS credentials are found for the profile that Git uses",
    group: Group::Aws,
    explain: include_str!("aws_credentials.md"),
    findings: &[&NONE, &PROFILE_MISSING, &PARSE_ERROR, &EXPIRED, &SSO_EXPIRED, &SSO_NEVER, &TOKEN_MISSING],
    judge: |facts| {
        Box::pin(async move {
            let (credentials, method, profiles) = tokio::join!(facts.credentials(), facts.method(), facts.profiles());
            let credentials = credentials?;
            // A helper may have credentials that nobody else sees: through aws-vault, or on a machine with a role.
            let helper_signs =
                credentials.found().is_none() && facts.answers().await.is_ok_and(|answers| signs(answers));
            judge(credentials, method?, profiles?, helper_signs)
        })
    },
};

static NONE: FindingKind =
    FindingKind::error("no-aws-credentials", "There are no AWS credentials", &["C14", "C71"], docs::TROUBLE_HELPER);
static PROFILE_MISSING: FindingKind =
    FindingKind::error("profile-missing", "The profile does not exist", &["C13", "C68"], docs::AWS_FILES);
static PARSE_ERROR: FindingKind =
    FindingKind::error("config-parse-error", "The AWS configuration cannot be parsed", &[], docs::AWS_FILES);
static EXPIRED: FindingKind =
    FindingKind::error("credentials-expired", "The credentials have run out", &["C45"], docs::TROUBLE_HELPER);
static SSO_EXPIRED: FindingKind =
    FindingKind::error("sso-expired", "The SSO session has run out", &["C46", "C48"], docs::AWS_SSO);
static SSO_NEVER: FindingKind =
    FindingKind::error("sso-never-logged-in", "There has been no SSO login on this machine", &["C47"], docs::AWS_SSO);
static TOKEN_MISSING: FindingKind =
    FindingKind::error("session-token-missing", "A temporary key lacks its session token", &["C44"], docs::TEMPORARY);

/// Whether a helper answers with a signature that is valid now.
fn signs(answers: &[Answer]) -> bool {
    answers.iter().filter_map(Answer::shape).any(Shape::is_fresh_signature)
}

fn judge(
    credentials: &AwsCredentials,
    method: &Decision,
    profiles: &Profiles,
    helper_signs: bool,
) -> Result<Verdict, Gap> {
    let choice = &credentials.choice;
    let profile = &choice.profile;
    if let Outcome::Found(found) = &credentials.outcome {
        let kind = if found.temporary { "temporary" } else { "long-lived" };
        let left = found.expires_in.map(|left| format!(", for another {}", span(left))).unwrap_or_default();
        return Ok(Verdict::new(format!("{} of profile {profile} ({kind}{left})", found.key_id), vec![]));
    }
    if helper_signs {
        return Err(Gap::not_applicable("the credential helper has AWS credentials of its own"));
    }
    // Git credentials and SSH keys need no AWS credentials: what is missing here stops nobody.
    if !method.method.signs() || method.certainty == Certainty::Guess {
        let what = if method.method == Method::Ssh { "SSH keys" } else { "Git credentials" };
        return Err(Gap::not_applicable(format!("no usable AWS credentials, and {what} need none")));
    }
    let finding = match &credentials.outcome {
        Outcome::Found(_) => return Err(Gap::unknown("the credentials were lost")),
        Outcome::NoSuchProfile if choice.by_helper => {
            return Err(Gap::blocked("credential-helper", format!("there is no profile {profile}")));
        }
        Outcome::NoSuchProfile => missing_profile(choice, profiles),
        Outcome::Nothing => none(choice, profiles),
        Outcome::Unreadable(seen) => {
            let line = seen.line.map(|line| format!(" at line {line}")).unwrap_or_default();
            let message = format!("{} cannot be parsed{line}, so no AWS tool finds its profiles.", seen.source);
            Finding::new(&PARSE_ERROR, message)
                .seen(seen.clone())
                .fix(Fix::manual(format!("Correct {}{line}", seen.source)))
        }
        Outcome::Sso(problem) => sso(problem),
        Outcome::Expired(text) => {
            let message = format!("The AWS credentials of profile {profile} have run out.");
            let fix = Fix::manual(
                "Get new ones from wherever these came from: an SSO login, a single-sign-on tool, the console",
            );
            Finding::new(&EXPIRED, message).seen(Evidence::new("credentials", text)).seen(choice.from.clone()).fix(fix)
        }
        Outcome::TokenMissing(seen) => {
            let message = format!("Profile {profile} has a temporary access key without its session token.");
            let fix = Fix::manual(
                "Set aws_session_token (or AWS_SESSION_TOKEN) together with the key, as whoever gave the key shows it",
            );
            Finding::new(&TOKEN_MISSING, message).seen(seen.clone()).fix(fix)
        }
        Outcome::Failed(why) => return Err(Gap::unknown(format!("profile {profile} gave no credentials: {why}"))),
    };
    Ok(Verdict::new(format!("no usable credentials for profile {profile}"), vec![finding]))
}

fn missing_profile(choice: &Choice, profiles: &Profiles) -> Finding {
    let profile = &choice.profile;
    let message =
        format!("There is no profile {profile} in {} or {}.", profiles.config_file, profiles.credentials_file);
    let mut finding = Finding::new(&PROFILE_MISSING, message).seen(choice.from.clone());
    if let Some(slip) = profiles.without_prefix.iter().find(|slip| slip.text == format!("[{profile}]")) {
        let fix = Fix::manual(format!("Write [profile {profile}] instead of [{profile}] in {}", slip.source));
        finding = finding.seen(slip.clone()).fix(fix);
    }
    match profiles.nearest(profile) {
        Some(near) => finding.fix(Fix::manual(format!("Use the profile {near}, if that is meant"))),
        None => finding.fix(Fix::manual("Create the profile").run(["aws", "configure", "sso", "--profile", profile])),
    }
}

fn none(choice: &Choice, profiles: &Profiles) -> Finding {
    let profile = &choice.profile;
    let message = format!("No AWS credentials are found for profile {profile}, so nothing can be signed.");
    let looked = format!("environment, {}, {}", profiles.credentials_file, profiles.config_file);
    let finding = Finding::new(&NONE, message).seen(choice.from.clone()).seen(Evidence::new("looked in", looked));
    finding
        .fix(Fix::manual("Set up credentials for the profile").run(["aws", "configure", "sso", "--profile", profile]))
        .fix(Fix::manual("Use Git credentials instead, which need none").docs(docs::SETUP_GIT_CREDENTIALS))
}

fn sso(problem: &SsoProblem) -> Finding {
    let SsoProblem { profile, session, expired, configured, cache } = problem;
    let finding = match expired {
        Some(ago) => Finding::new(
            &SSO_EXPIRED,
            format!("The SSO session {session} of profile {profile} ran out {} ago.", span(*ago)),
        ),
        None => Finding::new(
            &SSO_NEVER,
            format!("There is no SSO login for {session} (profile {profile}) on this machine."),
        ),
    };
    let token = Evidence::new(cache, if expired.is_some() { "expired token" } else { "no token" });
    finding.seen(configured.clone()).seen(token).fix(Fix::manual("Log in").run([
        "aws",
        "sso",
        "login",
        "--profile",
        profile,
    ]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::credentials::Found;

    fn method(method: Method) -> Decision {
        Decision { method, reason: String::new(), certainty: Certainty::Sure }
    }

    fn credentials(outcome: Outcome) -> AwsCredentials {
        let choice = Choice {
            profile: "dev".into(),
            from: Evidence::new("AWS_PROFILE", "dev"),
            explicit: false,
            by_helper: false,
        };
        AwsCredentials { choice, outcome }
    }

    fn verdict(outcome: Outcome) -> Verdict {
        judge(&credentials(outcome), &method(Method::CredentialHelper), &Profiles::default(), false).unwrap()
    }

    fn sso(expired: Option<i64>) -> Outcome {
        Outcome::Sso(SsoProblem {
            profile: "dev".into(),
            session: "corp".into(),
            expired,
            configured: Evidence::at("~/.aws/config", Some(3), "sso_session = corp"),
            cache: "~/.aws/sso/cache/x.json".into(),
        })
    }

    #[test]
    fn found_credentials_are_fine() {
        assert_eq!(verdict(Outcome::Found(Found::default())).ids(), Vec::<&str>::new());
    }

    #[test]
    fn every_way_to_have_none_has_its_finding() {
        for (outcome, id) in [
            (Outcome::Nothing, "no-aws-credentials"),
            (Outcome::NoSuchProfile, "profile-missing"),
            (Outcome::Unreadable(Evidence::at("~/.aws/config", Some(2), "")), "config-parse-error"),
            (Outcome::Expired(String::new()), "credentials-expired"),
            (sso(Some(3600)), "sso-expired"),
            (sso(None), "sso-never-logged-in"),
            (Outcome::TokenMissing(Evidence::new("AWS_SESSION_TOKEN", "not set")), "session-token-missing"),
        ] {
            assert_eq!(verdict(outcome.clone()).ids(), [id], "{outcome:?}");
        }
    }

    #[test]
    fn git_credentials_and_ssh_need_none() {
        for other in [Method::GitCredentials, Method::Ssh] {
            let gap = judge(&credentials(Outcome::Nothing), &method(other), &Profiles::default(), false);
            assert!(matches!(gap, Err(Gap::NotApplicable(_))));
        }
    }

    #[test]
    fn a_helper_that_signs_needs_nothing_else() {
        let gap = judge(&credentials(Outcome::Nothing), &method(Method::CredentialHelper), &Profiles::default(), true);
        assert!(matches!(gap, Err(Gap::NotApplicable(_))));
    }

    #[test]
    fn what_could_not_be_told_is_no_finding() {
        let gap = judge(&credentials(Outcome::Failed("x".into())), &method(Method::Grc), &Profiles::default(), false);
        assert!(matches!(gap, Err(Gap::Unknown(_))));
    }

    #[test]
    fn a_slip_in_the_profile_s_header_is_named() {
        let profiles =
            Profiles { without_prefix: vec![Evidence::at("~/.aws/config", Some(7), "[dev]")], ..Profiles::default() };
        let finding = missing_profile(&credentials(Outcome::NoSuchProfile).choice, &profiles);
        assert!(finding.fixes[0].title.contains("[profile dev]"));
    }
}
