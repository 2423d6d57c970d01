use super::*;

const URL: &str = "https://git-codecommit.us-east-2.amazonaws.com/v1/repos/MyDemoRepo";

fn judge(
    repository: &Repository,
    elsewhere: Option<&Elsewhere>,
    access: Option<&Access>,
    url: &str,
) -> Result<Verdict, Gap> {
    let url = CloneUrl::read(url);
    View { repository, access, url: &url, account: Some("111122223333"), elsewhere, profile: None }.judge()
}

fn missing(elsewhere: &Elsewhere) -> Verdict {
    judge(&Repository::Missing, Some(elsewhere), None, URL).unwrap()
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn one_that_exists_is_fine_and_an_empty_one_worth_a_word() {
    let exists = |branch: Option<&str>| Repository::Exists {
        arn: String::new(),
        default_branch: branch.map(str::to_owned),
        key: None,
    };
    assert_eq!(judge(&exists(Some("main")), None, None, URL).unwrap().ids(), Vec::<&str>::new());
    assert_eq!(judge(&exists(None), None, None, URL).unwrap().ids(), ["empty"]);
    let reads = |count| Access { read: Read::Works(count), refusal: None, push: None };
    assert_eq!(judge(&exists(None), None, Some(&reads(3)), URL).unwrap().ids(), Vec::<&str>::new());
    assert_eq!(judge(&exists(None), None, Some(&reads(0)), URL).unwrap().ids(), ["empty"]);
}

#[test]
fn where_a_missing_one_is_instead_is_found() {
    let found = [("eu-west-1".to_owned(), Look::HasNot), ("us-west-2".to_owned(), Look::Has("1".into()))];
    let region = Elsewhere { regions: found.into(), names: names(&["other"]), ..Elsewhere::default() };
    let verdict = missing(&region);
    assert_eq!(verdict.ids(), ["other-region"]);
    let command = format!("{:?}", verdict.findings[0].fixes[0].steps);
    assert!(command.contains("https://git-codecommit.us-west-2.amazonaws.com/v1/repos/MyDemoRepo"), "{command}");

    let account =
        Elsewhere { profiles: vec![("prod".into(), Look::Has("444455556666".into()))], ..Elsewhere::default() };
    let verdict = missing(&account);
    assert_eq!(verdict.ids(), ["other-account"]);
    assert!(verdict.findings[0].message.contains("account 444455556666, which profile prod has"));

    let case = Elsewhere { names: names(&["mydemorepo"]), ..region.clone() };
    assert_eq!(missing(&case).ids(), ["name-differs"], "the same letters are nearer than another region");
    let slip = Elsewhere { names: names(&["MyDemoRepos", "x"]), ..Elsewhere::default() };
    assert_eq!(missing(&slip).ids(), ["name-differs"]);
}

#[test]
fn what_is_nowhere_is_not_found_and_an_account_without_any_is_mentioned() {
    let some = Elsewhere { names: names(&["Unrelated"]), ..Elsewhere::default() };
    assert_eq!(missing(&some).ids(), ["not-found"]);
    assert_eq!(missing(&Elsewhere::default()).ids(), ["not-found", "creation-refused"]);
    let silent = Elsewhere { regions: vec![("eu-west-1".into(), Look::NotTold("cut".into()))], ..some };
    let finding = &missing(&silent).findings[0];
    assert!(finding.evidence.iter().any(|seen| seen.source == "not told by eu-west-1"), "{finding:?}");
    assert!(finding.evidence.iter().any(|seen| seen.text == "nowhere else"), "{finding:?}");
    let refused = Elsewhere { names_refused: Some("AccessDenied".into()), ..Elsewhere::default() };
    assert_eq!(missing(&refused).ids(), ["not-found"]);
}

#[test]
fn numbers_are_no_slips() {
    let list = names(&["service-2", "abc"]);
    assert_eq!(near("service-1", &list), None);
    assert_eq!(near("abd", &list), None, "short names are all alike");
    assert_eq!(near("ABC", &list), Some("abc"));
    assert_eq!(near("servise-2", &list), Some("service-2"));
}

#[test]
fn what_the_api_does_not_say_is_unknown() {
    let refused = |code: &str| Repository::Refused { code: code.into(), message: "no".into() };
    let gap = judge(&refused("AccessDeniedException"), None, None, URL);
    assert!(matches!(gap, Err(Gap::Unknown(why)) if why.contains("codecommit:GetRepository")));
    let gap = judge(&refused("EncryptionKeyDisabledException"), None, None, URL);
    assert!(matches!(gap, Err(Gap::BlockedBy { check: "kms-access", .. })));
}

#[test]
fn a_url_of_git_remote_codecommit_stays_one() {
    let region = Elsewhere { regions: vec![("us-west-2".into(), Look::Has("1".into()))], ..Elsewhere::default() };
    let verdict = judge(&Repository::Missing, Some(&region), None, "codecommit::us-east-2://MyDemoRepo").unwrap();
    let command = format!("{:?}", verdict.findings[0].fixes[0].steps);
    assert!(command.contains("codecommit::us-west-2://MyDemoRepo"), "{command}");
}
