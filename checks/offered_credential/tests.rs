use super::*;
use crate::facts::git_config::{Entry, GitConfig};
use crate::facts::method::Certainty;
use crate::facts::stores::StoreKind;
use crate::target::CloneUrl;
use std::time::SystemTime;

const URL: &str = "https://git-codecommit.us-east-1.amazonaws.com/v1/repos/x";

/// A chain of these helpers, the first of which answers with this user name and password.
struct Case {
    helpers: Vec<&'static str>,
    offered: Option<(&'static str, String)>,
    by: Giver,
    prompt: Prompt,
    method: Method,
    stores: Stores,
    has_home: bool,
}

impl Default for Case {
    fn default() -> Self {
        Self {
            helpers: vec!["corp"],
            offered: None,
            by: Giver::Helper(0),
            prompt: Prompt::Nobody("this is a CI job".into()),
            method: Method::GitCredentials,
            stores: Stores::default(),
            has_home: true,
        }
    }
}

impl Case {
    fn judge(self) -> Result<Verdict, Gap> {
        let entry = |value: &&str| Entry {
            key: "credential.helper".into(),
            value: Some((*value).to_owned()),
            source: "~/.gitconfig".into(),
            line: Some(2),
            ..Entry::default()
        };
        let config = GitConfig { entries: self.helpers.iter().map(entry).collect(), ..GitConfig::default() };
        let offered = match &self.offered {
            Some((user, password)) => Offered::Credential(Given {
                by: self.by,
                shape: Shape::of(user, Some(password), SystemTime::now()),
                pair: <_>::default(),
            }),
            None => Offered::Nothing(self.prompt),
        };
        let target = Target {
            from: "command line".into(),
            given: Some(CloneUrl::read(URL)),
            effective: Some(CloneUrl::read(URL)),
            ..Target::default()
        };
        let view = View {
            offered: &offered,
            chain: &HelperChain::select(&config, URL, true),
            answers: &[],
            stores: &self.stores,
            method: &Decision { method: self.method, reason: String::new(), certainty: Certainty::Sure },
            target: &target,
            cannot_have_one: false,
            has_home: self.has_home,
        };
        view.judge()
    }

    fn offering(user: &'static str, password: &str) -> Self {
        Self { offered: Some((user, password.to_owned())), ..Self::default() }
    }
}

/// A signature that was made so many seconds ago.
fn signature(age: u64) -> String {
    let then = SystemTime::now() - std::time::Duration::from_secs(age);
    let time = aws_smithy_types::DateTime::from(then)
        .fmt(aws_smithy_types::date_time::Format::DateTime)
        .unwrap()
        .replace(['-', ':'], "");
    format!("{}Z{}", &time[..15], "0123456789abcdef".repeat(4))
}

fn ids(case: Case) -> Vec<&'static str> {
    case.judge().unwrap().ids()
}

#[test]
fn what_codecommit_accepts_is_fine() {
    for case in [
        Case::offering("ann-at-111122223333", "x"),
        Case::offering("AKIAIOSFODNN7EXAMPLE", &signature(60)),
        Case::offering("ASIAIOSFODNN7EXAMPLE%token", &signature(60)),
    ] {
        assert_eq!(ids(case), Vec::<&str>::new());
    }
}

#[test]
fn what_it_does_not_accept_is_named() {
    for (user, password, finding) in [
        ("ann@example.com", "x".to_owned(), "wrong-kind"),
        ("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned(), "wrong-kind"),
        ("AKIAIOSFODNN7EXAMPLE", signature(3600), "signature-expired"),
        ("ASIAIOSFODNN7EXAMPLE", signature(60), "session-token-missing"),
        ("ann-at-111122223333", String::new(), "empty-password"),
    ] {
        let verdict = Case::offering(user, &password).judge().unwrap();
        assert_eq!(verdict.ids(), [finding], "{user}");
        assert_eq!(verdict.severity(), Some(Severity::Error));
        assert_eq!(verdict.findings[0].evidence[0].line, Some(2), "{user}: the helper's line is the evidence");
    }
}

#[test]
fn what_another_check_reports_is_not_told_twice() {
    let blocked = |helpers: &[&'static str], user, password: &str| {
        let case = Case { helpers: helpers.to_vec(), ..Case::offering(user, password) };
        case.judge().unwrap_err()
    };
    let by = |gap| if let Gap::BlockedBy { check, .. } = gap { check } else { "nobody" };
    assert_eq!(by(blocked(&["store"], "AKIAIOSFODNN7EXAMPLE", &signature(3600))), "keychain");
    assert_eq!(by(blocked(&["store"], "bob@example.com", "x")), "keychain");
    let aws = "!aws codecommit credential-helper $@";
    assert_eq!(by(blocked(&[aws], "ASIAIOSFODNN7EXAMPLE", &signature(60))), "aws-credentials");
    assert_eq!(
        by(Case { method: Method::CredentialHelper, ..Case::default() }.judge().unwrap_err()),
        "credential-helper"
    );
    assert_eq!(by(Case { has_home: false, ..Case::default() }.judge().unwrap_err()), "git-config");
}

#[test]
fn without_a_credential_it_matters_whether_somebody_can_be_asked() {
    for (prompt, severity) in [
        (Prompt::Nobody("this is a CI job".into()), Severity::Error),
        (Prompt::Person, Severity::Warning),
        (Prompt::Program("manager".into()), Severity::Note),
    ] {
        let verdict = Case { prompt, ..Case::default() }.judge().unwrap();
        assert_eq!((verdict.ids(), verdict.severity()), (vec!["no-credential"], Some(severity)));
    }
}

#[test]
fn a_git_credential_that_is_never_reached_is_shadowed() {
    let item = |helper| Item {
        helper,
        store: StoreKind::File,
        place: "~/.git-credentials".into(),
        line: Some(1),
        host: "h".into(),
        path: None,
        shape: Shape::of("ann-at-111122223333", None, SystemTime::now()),
        stored: None,
    };
    let aws = || Case {
        helpers: vec!["!aws codecommit credential-helper $@", "store"],
        ..Case::offering("AKIAIOSFODNN7EXAMPLE", &signature(60))
    };
    let stores = |helper| Stores { items: vec![item(helper)], ..Stores::default() };
    let verdict = Case { stores: stores(1), ..aws() }.judge().unwrap();
    assert_eq!((verdict.ids(), verdict.severity()), (vec!["shadowed"], Some(Severity::Warning)));
    let left_over = Case { stores: stores(1), method: Method::CredentialHelper, ..aws() };
    assert_eq!(left_over.judge().unwrap().severity(), Some(Severity::Note));
    assert_eq!(ids(Case { stores: stores(0), ..aws() }), Vec::<&str>::new());
}
