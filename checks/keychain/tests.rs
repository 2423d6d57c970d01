use super::*;
use crate::facts::helpers::DOCUMENTED;
use crate::facts::stores::StoreKind;
use crate::shape::Shape;
use std::time::SystemTime;

const HOST: &str = "git-codecommit.us-east-1.amazonaws.com";
const SECTION: &str = "credential.https://git-codecommit.*.amazonaws.com";

fn chain(entries: &[(&str, &str)]) -> HelperChain {
    let entry = |(key, value): &(&str, &str)| Entry {
        key: (*key).to_owned(),
        value: Some((*value).to_owned()),
        source: "~/.gitconfig".into(),
        scope: "global".into(),
        ..Entry::default()
    };
    let config = GitConfig { entries: entries.iter().map(entry).collect(), ..GitConfig::default() };
    HelperChain::select(&config, &format!("https://{HOST}/v1/repos/x"), true)
}

fn item(store: StoreKind, user: &str, password: Option<&str>) -> Item {
    let shape = Shape::of(user, password, SystemTime::now());
    Item {
        helper: 0,
        store,
        place: "~/.git-credentials".into(),
        line: Some(1),
        host: HOST.into(),
        path: None,
        shape,
        stored: None,
    }
}

fn verdict(chain: &HelperChain, items: Vec<Item>, method: Method, url: &str) -> Verdict {
    let decision = Decision { method, reason: String::new(), certainty: Certainty::Sure };
    let stores = Stores { items, ..Stores::default() };
    let url = CloneUrl::read(url);
    let other = Identity::read("arn:aws:iam::999999999999:user/ann", "999999999999");
    let config = GitConfig::default();
    let view = View {
        config: &config,
        chain,
        stores: &stores,
        answers: &[],
        method: &decision,
        url: Some(&url),
        caller: Some(&other),
        repository_is_ours: true,
    };
    view.judge().unwrap()
}

const GIT: (&str, Option<&str>) = ("ann-at-999999999999", Some("x"));
const KEY: &str = "AKIAIOSFODNN7EXAMPLE";

fn url() -> String {
    format!("https://{HOST}/v1/repos/x")
}

fn old() -> String {
    format!("20260101T000000Z{}", "0".repeat(64))
}

/// Judges stores on a machine for Git credentials where nobody was asked.
fn offline(chain: &HelperChain, stores: &Stores) -> Result<Verdict, Gap> {
    let method = Decision { method: Method::GitCredentials, reason: String::new(), certainty: Certainty::Sure };
    let view = View {
        config: &GitConfig::default(),
        chain,
        stores,
        answers: &[],
        method: &method,
        url: None,
        caller: None,
        repository_is_ours: false,
    };
    view.judge()
}

#[test]
fn the_right_git_credential_in_a_store_is_fine() {
    let chain = chain(&[("credential.helper", "osxkeychain")]);
    let verdict = verdict(&chain, vec![item(StoreKind::Keychain, GIT.0, GIT.1)], Method::GitCredentials, &url());
    assert_eq!(verdict.ids(), Vec::<&str>::new());
}

#[test]
fn expired_signatures_are_found_in_every_store() {
    let chain = chain(&[("credential.helper", "store")]);
    for (store, password) in
        [(StoreKind::Keychain, None), (StoreKind::WindowsVault, None), (StoreKind::File, Some(old()))]
    {
        let items = vec![item(store, KEY, password.as_deref())];
        let verdict = verdict(&chain, items, Method::GitCredentials, &url());
        assert_eq!(verdict.ids()[0], "expired-signature-stored", "{store:?}");
    }
}

#[test]
fn a_path_that_hides_the_stored_credential_is_found() {
    let chain = chain(&[("credential.helper", "store"), ("credential.usehttppath", "true")]);
    let stores = Stores { elsewhere: vec![item(StoreKind::File, GIT.0, GIT.1)], ..Stores::default() };
    let verdict = offline(&chain, &stores).unwrap();
    assert_eq!((verdict.ids()[0], verdict.severity()), ("stored-without-path", Some(Severity::Error)));
}

#[test]
fn the_answer_of_a_store_that_cannot_be_looked_into_counts() {
    let chain = chain(&[("credential.helper", "cache --timeout=900")]);
    let answers = [Answer::Credential(Shape::of(KEY, Some(&old()), SystemTime::now()))];
    let stores = Stores::default().with_answers(&chain, &answers, HOST);
    let verdict = verdict(&chain, stores.items, Method::GitCredentials, &url());
    assert_eq!(verdict.ids(), ["expired-signature-stored"]);
    assert_eq!(verdict.severity(), Some(Severity::Error));
}

#[test]
fn what_git_does_not_get_stops_nobody() {
    let helper = format!("{SECTION}.helper");
    let chain = chain(&[(&helper, DOCUMENTED), ("credential.helper", "osxkeychain")]);
    let stale = Item { helper: 1, ..item(StoreKind::Keychain, KEY, None) };
    let verdict = verdict(&chain, vec![stale], Method::CredentialHelper, &url());
    assert_eq!((verdict.ids()[0], verdict.severity()), ("expired-signature-stored", Some(Severity::Warning)));
}

#[test]
fn a_store_beside_the_aws_helper_is_found() {
    let helper = format!("{SECTION}.helper");
    let chain = chain(&[("credential.helper", "osxkeychain"), (&helper, DOCUMENTED)]);
    assert_eq!(verdict(&chain, vec![], Method::CredentialHelper, &url()).ids(), ["store-before-helper"]);
}

#[test]
fn a_reset_keeps_the_store_away() {
    let helper = format!("{SECTION}.helper");
    let chain = chain(&[("credential.helper", "osxkeychain"), (&helper, ""), (&helper, DOCUMENTED)]);
    assert_eq!(verdict(&chain, vec![], Method::CredentialHelper, &url()).ids(), Vec::<&str>::new());
}

#[test]
fn the_credential_of_another_account_or_user_is_found() {
    let chain = chain(&[("credential.helper", "osxkeychain")]);
    let other = item(StoreKind::Keychain, "ann-at-111122223333", Some("x"));
    assert_eq!(
        verdict(&chain, vec![other.clone()], Method::GitCredentials, &url()).ids(),
        ["stored-credential-mismatch"]
    );
    let named = format!("https://bob-at-111122223333@{HOST}/v1/repos/x");
    assert_eq!(verdict(&chain, vec![other], Method::GitCredentials, &named).ids(), ["stored-credential-mismatch"]);
}

#[test]
fn wrong_kinds_and_duplicates_are_found() {
    let chain = chain(&[("credential.helper", "osxkeychain")]);
    let wrong = item(StoreKind::Keychain, "ann@example.com", Some("x"));
    assert_eq!(verdict(&chain, vec![wrong.clone()], Method::GitCredentials, &url()).ids(), ["wrong-kind-stored"]);
    let right = item(StoreKind::Keychain, GIT.0, GIT.1);
    let ids = verdict(&chain, vec![right, wrong], Method::GitCredentials, &url()).ids();
    assert_eq!(ids, ["wrong-kind-stored", "duplicate-entries"]);
}

#[test]
fn notes_say_what_is_worth_knowing() {
    let none = verdict(&chain(&[]), vec![], Method::GitCredentials, &url());
    assert_eq!(none.ids(), ["store-missing"]);
    let file = verdict(&chain(&[("credential.helper", "store")]), vec![], Method::GitCredentials, &url());
    assert_eq!(file.ids(), ["plaintext-store"]);
    let manager = verdict(&chain(&[("credential.helper", "manager")]), vec![], Method::Grc, &url());
    assert_eq!(manager.ids(), ["grc-store-noise"]);
}

#[test]
fn a_closed_store_is_not_an_empty_one() {
    let chain = chain(&[("credential.helper", "libsecret")]);
    let stores = Stores { closed: vec![(StoreKind::SecretService, "no tool".into())], ..Stores::default() };
    assert!(matches!(offline(&chain, &stores), Err(Gap::Unknown(_))));
}
