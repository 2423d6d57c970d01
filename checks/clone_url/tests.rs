use super::*;

fn verdict(text: &str) -> Verdict {
    let url = CloneUrl::read(text);
    judge(
        &Target { given: Some(url.clone()), effective: Some(url), from: "command line".into(), ..Target::default() },
        Known::default(),
    )
}

#[test]
fn every_documented_form_is_fine() {
    for text in [
        "https://git-codecommit.us-east-2.amazonaws.com/v1/repos/MyDemoRepo",
        "https://ann-at-111122223333@git-codecommit.us-east-2.amazonaws.com/v1/repos/a.b_c-d",
        "https://git-codecommit-fips.us-gov-west-1.amazonaws.com/v1/repos/x",
        "https://git-codecommit.cn-northwest-1.amazonaws.com.cn/v1/repos/x",
        "https://vpce-0a1-b.git-codecommit.eu-west-1.vpce.amazonaws.com/v1/repos/x",
        "ssh://APKAEIBAERJR2EXAMPLE@git-codecommit.us-east-2.amazonaws.com/v1/repos/x",
        "codecommit::us-gov-east-1://dev@x",
        "codecommit://x",
    ] {
        assert_eq!(verdict(text).ids(), Vec::<&str>::new(), "{text}");
    }
}

#[test]
fn every_slip_has_its_finding() {
    let host = "git-codecommit.us-east-1.amazonaws.com";
    for (text, id) in [
        ("https://github.com/a/b".to_owned(), "not-codecommit"),
        ("nonsense".to_owned(), "not-codecommit"),
        ("https://git-codecommit.us-eats-1.amazonaws.com/v1/repos/x".to_owned(), "unknown-region"),
        (format!("https://{host}/v1/repos/x.git"), "dot-git-suffix"),
        (format!("https://{host}/v1/repos/x.git/"), "dot-git-suffix"),
        (format!("https://{host}/v1/repos/x/"), "trailing-slash"),
        (format!("https://{host}/v1/repos/x/tree/main"), "extra-path"),
        (format!("https://{host}/x"), "extra-path"),
        (format!("https://{host}"), "extra-path"),
        (format!("https://{host}/v1/repos/My%20Repo"), "invalid-repository-name"),
        (format!("https://ann-at-111122223333:p%2Fw@{host}/v1/repos/x"), "credentials-in-url"),
        ("codecommit::MyRepo".to_owned(), "grc-malformed"),
        ("codecommit::useast1://x".to_owned(), "grc-malformed"),
        ("codecommit:us-east-1://x".to_owned(), "grc-single-colon"),
        (format!("codecommit://{host}/v1/repos/x"), "grc-endpoint-in-url"),
        ("ssh://codecommit-2/v1/repos/x".to_owned(), "alias-unresolved"),
        (
            "https://eu-west-1.console.aws.amazon.com/codesuite/codecommit/repositories/x/browse".to_owned(),
            "console-url",
        ),
        ("https://git-codecommit-fips.eu-west-1.amazonaws.com/v1/repos/x".to_owned(), "fips-not-available"),
        ("ssh://git-codecommit-fips.us-east-1.amazonaws.com/v1/repos/x".to_owned(), "fips-not-available"),
    ] {
        assert_eq!(verdict(&text).ids(), [id], "{text}");
    }
    assert_eq!(judge(&Target::default(), Known::default()).ids(), ["no-target"]);
}

#[test]
fn the_right_url_is_offered() {
    let command = |text: &str| verdict(text).findings[0].fixes[0].steps[0].argv().unwrap().pop().unwrap();
    assert_eq!(
        command("codecommit://dev@git-codecommit.us-west-2.amazonaws.com/v1/repos/x"),
        "codecommit::us-west-2://dev@x"
    );
    assert_eq!(
        command("https://eu-west-1.console.aws.amazon.com/codesuite/codecommit/repositories/x/browse?region=eu-west-1"),
        "https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/x"
    );
}

#[test]
fn a_slip_in_the_region_alone_is_found() {
    let effective = Some(CloneUrl::read("https://git-codecommit.us-eats-2.amazonaws.com/"));
    let verdict = judge(&Target { effective, from: "nowhere".into(), ..Target::default() }, Known::default());
    assert_eq!(verdict.ids(), ["unknown-region", "no-target"]);
    assert_eq!(judge(&Target::default(), Known::default()).ids(), ["no-target"]);
}

#[test]
fn other_schemes_and_other_partitions_hosts_are_found() {
    for text in [
        "http://git-codecommit.us-east-2.amazonaws.com/v1/repos/x",
        "HTTPS://git-codecommit.us-east-2.amazonaws.com/v1/repos/x",
        "https://git-codecommit.cn-north-1.amazonaws.com/v1/repos/x",
        "https://git-codecommit.us-east-2.amazonaws.com.cn/v1/repos/x",
    ] {
        assert_eq!(verdict(text).ids(), ["not-codecommit"], "{text}");
    }
}

#[test]
fn a_badly_encoded_password_is_an_error_and_a_good_one_a_warning() {
    let severity = |password: &str| {
        verdict(&format!("https://ann-at-111122223333:{password}@git-codecommit.us-east-1.amazonaws.com/v1/repos/x"))
            .severity()
    };
    assert_eq!(severity("a%2Fb%3D"), Some(Severity::Warning));
    assert_eq!(severity("a%b"), Some(Severity::Error));
}

#[test]
fn a_region_that_nobody_knows_is_an_error_only_without_a_host() {
    let url = CloneUrl::read("https://git-codecommit.us-esat-2.amazonaws.com/v1/repos/x");
    let target = Target { given: Some(url.clone()), effective: Some(url), ..Target::default() };
    for (gone, severity) in [(true, Severity::Error), (false, Severity::Warning)] {
        let verdict = judge(&target, Known { gone, alias: None });
        assert_eq!((verdict.ids(), verdict.severity()), (vec!["unknown-region"], Some(severity)));
    }
}
