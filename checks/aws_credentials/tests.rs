use super::*;
use crate::facts::credentials::{Doubts, Flaw, SsoProblem};

fn method(method: Method) -> Decision {
    Decision { method, reason: String::new(), certainty: Certainty::Sure }
}

fn credentials(outcome: Outcome) -> AwsCredentials {
    let choice =
        Choice { profile: "dev".into(), from: Evidence::new("AWS_PROFILE", "dev"), explicit: false, by_helper: false };
    AwsCredentials { choice, outcome, doubts: Doubts::default() }
}

fn judge(credentials: &AwsCredentials, way: Method, profiles: &Profiles, answers: &[Answer]) -> Result<Verdict, Gap> {
    let method = method(way);
    let os = crate::machine::Os::Linux;
    View { credentials, method: &method, profiles, answers, has_terminal: false, os }.judge()
}

fn verdict(outcome: Outcome) -> Verdict {
    judge(&credentials(outcome), Method::CredentialHelper, &Profiles::default(), &[]).unwrap()
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

fn at(line: u32) -> Evidence {
    Evidence::at("~/.aws/config", Some(line), "")
}

#[test]
fn found_credentials_are_fine() {
    assert_eq!(verdict(Outcome::Found(Found::default())).ids(), Vec::<&str>::new());
}

#[test]
fn every_way_to_have_none_has_its_finding() {
    let said = Evidence::new("sts:AssumeRole", "AccessDenied: no");
    let unknown = Evidence::new("sts:AssumeRole", "InvalidClientTokenId: no");
    for (outcome, id) in [
        (Outcome::Nothing, "no-aws-credentials"),
        (Outcome::NoSuchProfile, "profile-missing"),
        (Outcome::Unreadable(at(2)), "config-parse-error"),
        (Outcome::Flawed(Flaw::Incomplete { why: "It lacks x.".into(), seen: at(3) }), "profile-incomplete"),
        (Outcome::Flawed(Flaw::Source { why: "a".into(), seen: at(3), near: None }), "source-profile-missing"),
        (Outcome::Expired { text: String::new(), seen: at(1) }, "credentials-expired"),
        (sso(Some(3600)), "sso-expired"),
        (sso(None), "sso-never-logged-in"),
        (Outcome::Login { begun: true, cache: String::new(), seen: at(1) }, "login-needed"),
        (Outcome::TokenMissing(Evidence::new("AWS_SESSION_TOKEN", "not set")), "session-token-missing"),
        (Outcome::MfaNeeded { serial: "m".into(), seen: at(4) }, "mfa-needed"),
        (Outcome::ProcessFailed { why: "prints no JSON".into(), seen: at(4) }, "credential-process-failed"),
        (Outcome::RoleRefused { role: "r".into(), said, seen: at(4) }, "role-refused"),
        (Outcome::SourceRefused { said: unknown, seen: at(4) }, "source-credentials-refused"),
        (Outcome::InstanceUnreachable("timed out".into()), "instance-role-unreachable"),
    ] {
        assert_eq!(verdict(outcome.clone()).ids(), [id], "{outcome:?}");
    }
}

#[test]
fn what_works_otherwise_than_thought_is_a_warning_for_whoever_signs() {
    let seen = || Some(Evidence::new("X", "x"));
    let doubts = Doubts { shadowed: seen(), legacy_sts: seen(), region_ignored: seen(), login_through_grc: seen() };
    let found = Outcome::Found(Found { unstable: true, ..Found::default() });
    let credentials = AwsCredentials { doubts, ..credentials(found) };
    let signing = judge(&credentials, Method::Grc, &Profiles::default(), &[]).unwrap();
    assert_eq!(
        signing.ids(),
        [
            "env-shadows-profile",
            "legacy-sts-token",
            "region-variable-ignored",
            "login-session-unsupported",
            "credential-process-unstable",
        ]
    );
    assert_eq!(signing.severity(), Some(Severity::Warning));
    let other = judge(&credentials, Method::GitCredentials, &Profiles::default(), &[]).unwrap();
    assert_eq!(other.severity(), Some(Severity::Note));
}

#[test]
fn a_plugin_that_cannot_be_loaded_is_found_by_the_helper_s_words() {
    let plugin = crate::facts::profiles::Setting::of("codecommit", "code_commit_awscli_plugin");
    let profiles = Profiles { plugins: vec![plugin], ..Profiles::default() };
    let said = |text: &str| [Answer::Failed(text.to_owned())];
    let broken = said("Traceback\nModuleNotFoundError: No module named 'code_commit_awscli_plugin'");
    let nothing = credentials(Outcome::Nothing);
    let verdict = judge(&nothing, Method::CredentialHelper, &profiles, &broken).unwrap();
    assert_eq!(verdict.ids(), ["cli-plugin-broken"]);
    let other = said("ModuleNotFoundError: No module named 'corp'");
    let verdict = judge(&nothing, Method::CredentialHelper, &profiles, &other).unwrap();
    assert_eq!(verdict.ids(), ["no-aws-credentials"]);
}

#[test]
fn git_credentials_and_ssh_need_none() {
    for other in [Method::GitCredentials, Method::Ssh] {
        let gap = judge(&credentials(Outcome::Nothing), other, &Profiles::default(), &[]);
        assert!(matches!(gap, Err(Gap::NotApplicable(_))));
    }
}

#[test]
fn a_helper_that_signs_needs_nothing_else() {
    let shape = Shape { age: Some(1), ..Shape::of("AKIAIOSFODNN7EXAMPLE", None, std::time::SystemTime::now()) };
    let shape = Shape { kind: crate::shape::Kind::SignedKey, ..shape };
    let answers = [Answer::Credential(shape)];
    let gap = judge(&credentials(Outcome::Nothing), Method::CredentialHelper, &Profiles::default(), &answers);
    assert!(matches!(gap, Err(Gap::NotApplicable(_))));
}

#[test]
fn what_could_not_be_told_is_no_finding() {
    let gap = judge(&credentials(Outcome::Failed("x".into())), Method::Grc, &Profiles::default(), &[]);
    assert!(matches!(gap, Err(Gap::Unknown(_))));
}

#[test]
fn a_wrong_clock_is_the_clock_s_business() {
    let said = Evidence::new("sts:AssumeRole", "SignatureDoesNotMatch: Signature expired: ...");
    let outcome = Outcome::SourceRefused { said, seen: at(4) };
    let gap = judge(&credentials(outcome), Method::Grc, &Profiles::default(), &[]);
    assert!(matches!(gap, Err(Gap::BlockedBy { check: "clock", .. })));
}

#[test]
fn a_slip_in_the_profile_s_header_is_named() {
    let profiles =
        Profiles { without_prefix: vec![Evidence::at("~/.aws/config", Some(7), "[dev]")], ..Profiles::default() };
    let credentials = credentials(Outcome::NoSuchProfile);
    let verdict = judge(&credentials, Method::CredentialHelper, &profiles, &[]).unwrap();
    assert!(verdict.findings[0].fixes[0].title.contains("[profile dev]"));
}
