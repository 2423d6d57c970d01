use super::*;
use crate::check::{Check, Group, Verdict};
use crate::finding::FindingKind;
use crate::redact::Secret;
use crate::symptoms;
use std::time::Duration;

static EXPIRED: FindingKind = FindingKind::error("expired-signature-stored", "", &[], "");
static BEFORE: FindingKind = FindingKind::warning("store-before-helper", "", &[], "");
static DENIED: FindingKind = FindingKind::error("explicit-deny", "", &[], "");
static DOT_GIT: FindingKind = FindingKind::error("dot-git-suffix", "", &[], "");
static CANNOT_READ: FindingKind = FindingKind::error("git-cannot-read", "", &[], "");
static CANNOT_PUSH: FindingKind = FindingKind::warning("git-cannot-push", "", &[], "");

const FORBIDDEN: &str = "fatal: unable to access 'https://h/': The requested URL returned error: 403";

macro_rules! checks {
    ($($name:ident $id:literal;)*) => {
        $(static $name: Check = Check {
            id: $id,
            title: "",
            group: Group::Git,
            explain: "",
            findings: &[],
            needs: crate::needs::Needs::NOTHING,
            judge: |_| Box::pin(async { Err(Gap::Offline) }),
        };)*
    };
}
checks! { URL "clone-url"; KEYCHAIN "keychain"; KMS "kms-access"; ACCESS "git-access"; }

fn run(check: &'static Check, outcome: Outcome) -> Run {
    Run { check, outcome, took: Duration::ZERO }
}

fn found(check: &'static Check, kinds: &[&'static FindingKind]) -> Run {
    weighed(check, kinds.iter().map(|kind| Finding::new(kind, "")).collect())
}

fn weighed(check: &'static Check, findings: Vec<Finding>) -> Run {
    run(check, Outcome::Judged(Verdict::new("", findings)))
}

fn fails(text: &str) -> Said {
    Said { now: Some(GitNow::Fails(symptoms::ALL.recognise(text))), before: Vec::new() }
}

fn cause_of(mut runs: Vec<Run>, said: &Said) -> (Overall, Option<(String, Confidence)>) {
    let diagnosis = diagnose(&mut runs, said);
    (diagnosis.overall, diagnosis.root.map(|root| (format!("{}/{}", root.check, root.finding), root.confidence)))
}

#[test]
fn without_git_s_word_the_first_error_is_likely() {
    let runs = vec![found(&URL, &[]), found(&KEYCHAIN, &[&BEFORE]), found(&KMS, &[&DENIED])];
    let (overall, root) = cause_of(runs, &Said::default());
    assert_eq!((overall, root), (Overall::Broken, Some(("kms-access/explicit-deny".into(), Confidence::Likely))));
}

#[test]
fn what_explains_git_s_failure_is_confirmed_and_comes_before_what_does_not() {
    let runs = || vec![found(&URL, &[&DOT_GIT]), found(&KEYCHAIN, &[&EXPIRED]), found(&ACCESS, &[&CANNOT_READ])];
    let (_, root) = cause_of(runs(), &fails(FORBIDDEN));
    assert_eq!(root, Some(("keychain/expired-signature-stored".into(), Confidence::Confirmed)));
    let (_, root) = cause_of(runs(), &fails("fatal: repository 'https://h/x.git/' not found"));
    assert_eq!(root, Some(("clone-url/dot-git-suffix".into(), Confidence::Confirmed)));
    let (_, root) = cause_of(runs(), &fails("fatal: something that nobody has ever seen"));
    assert_eq!(root, Some(("clone-url/dot-git-suffix".into(), Confidence::Likely)));
}

#[test]
fn what_kept_git_from_being_tried_comes_first() {
    let blocked = run(&ACCESS, Outcome::Gap(Gap::blocked("kms-access", "")));
    let said = Said { now: None, before: symptoms::ALL.recognise(FORBIDDEN) };
    let (_, root) = cause_of(vec![found(&URL, &[&DOT_GIT]), found(&KMS, &[&DENIED]), blocked], &said);
    assert_eq!(root, Some(("clone-url/dot-git-suffix".into(), Confidence::Likely)), "and not what explains a 403");
}

#[test]
fn a_doubt_becomes_an_error_when_git_s_failure_points_to_it() {
    let doubt = Finding::new(&EXPIRED, "").at_most(Severity::Warning);
    let mut runs = vec![weighed(&KEYCHAIN, vec![doubt]), found(&ACCESS, &[&CANNOT_READ])];
    let diagnosis = diagnose(&mut runs, &fails(FORBIDDEN));
    let root = diagnosis.root.unwrap();
    assert_eq!((root.check.as_str(), root.confidence), ("keychain", Confidence::Likely));
    assert_eq!(findings_of(&runs[0])[0].severity, Severity::Error);

    // One that cannot stop Git here does not become one.
    let harmless = Finding::new(&EXPIRED, "").never_above(Severity::Warning);
    let (_, root) =
        cause_of(vec![weighed(&KEYCHAIN, vec![harmless]), found(&ACCESS, &[&CANNOT_READ])], &fails(FORBIDDEN));
    assert_eq!(root.unwrap().0, "git-access/git-cannot-read");
}

#[test]
fn what_nothing_explains_stands_for_itself() {
    let (overall, root) = cause_of(vec![found(&ACCESS, &[&CANNOT_READ])], &fails(FORBIDDEN));
    assert_eq!((overall, root), (Overall::Broken, Some(("git-access/git-cannot-read".into(), Confidence::Confirmed))));
}

#[test]
fn where_git_works_nothing_is_an_error() {
    let works = Said { now: Some(GitNow::Works), before: Vec::new() };
    let mut runs = vec![found(&KMS, &[&DENIED]), found(&ACCESS, &[])];
    let diagnosis = diagnose(&mut runs, &works);
    assert_eq!((diagnosis.overall, diagnosis.root), (Overall::Degraded, None));
    assert_eq!(findings_of(&runs[0])[0].severity, Severity::Warning);

    // A text about a push that was refused is explained all the same.
    let pushed = Said { now: Some(GitNow::Works), before: symptoms::ALL.recognise(FORBIDDEN) };
    let (overall, root) = cause_of(vec![found(&ACCESS, &[&CANNOT_PUSH])], &pushed);
    assert_eq!((overall, root), (Overall::Degraded, Some(("git-access/git-cannot-push".into(), Confidence::Likely))));
    assert_eq!(cause_of(vec![found(&ACCESS, &[])], &pushed), (Overall::Healthy, None));
}

#[test]
fn without_errors_there_is_no_root() {
    let note = || Finding::new(&EXPIRED, "").at_most(Severity::Note);
    for (runs, overall) in [
        (vec![found(&URL, &[])], Overall::Healthy),
        (vec![weighed(&KEYCHAIN, vec![note()])], Overall::Healthy),
        (vec![found(&KEYCHAIN, &[&BEFORE])], Overall::Degraded),
        (vec![run(&URL, Outcome::Gap(Gap::unknown("")))], Overall::Undetermined),
        (vec![run(&URL, Outcome::TimedOut)], Overall::Undetermined),
        (vec![run(&URL, Outcome::Gap(Gap::Offline))], Overall::Healthy),
    ] {
        assert_eq!(cause_of(runs, &Said::default()), (overall, None));
    }
}

#[test]
fn a_text_alone_lets_one_suspect() {
    let seen = symptoms::ALL.recognise(FORBIDDEN);
    let of = |url: &str| suspect(&seen, Some(&Secret::new(url))).unwrap();
    assert_eq!(suspect(&seen, None).unwrap().confidence, Confidence::Likely);
    let grc = of("codecommit://dev@MyDemoRepo");
    assert!(!["keychain", "credential-helper", "offered-credential"].contains(&grc.check.as_str()), "{grc:?}");
    let signing = of("https://git-codecommit.us-east-1.amazonaws.com/v1/repos/x");
    assert!(signing.finding.contains("signature"), "{signing:?}");
    let static_credential = of("https://ann-at-111122223333@git-codecommit.us-east-1.amazonaws.com/v1/repos/x");
    assert!(!static_credential.finding.contains("signature"), "{static_credential:?}");
    let empty = symptoms::ALL.recognise("warning: You appear to have cloned an empty repository.");
    assert_eq!(suspect(&empty, None), None);
}
