use super::*;

#[test]
fn every_documented_form_is_read() {
    for (text, protocol, region, repository) in [
        (
            "https://git-codecommit.us-east-2.amazonaws.com/v1/repos/MyDemoRepo",
            Protocol::Https,
            "us-east-2",
            "MyDemoRepo",
        ),
        (
            "https://ann-at-111122223333@git-codecommit.us-east-2.amazonaws.com/v1/repos/x",
            Protocol::Https,
            "us-east-2",
            "x",
        ),
        ("https://git-codecommit-fips.us-gov-west-1.amazonaws.com/v1/repos/x", Protocol::Https, "us-gov-west-1", "x"),
        ("https://git-codecommit.cn-north-1.amazonaws.com.cn/v1/repos/x", Protocol::Https, "cn-north-1", "x"),
        ("https://vpce-0a1.git-codecommit.eu-west-1.vpce.amazonaws.com/v1/repos/x", Protocol::Https, "eu-west-1", "x"),
        ("ssh://git-codecommit.us-east-2.amazonaws.com/v1/repos/x", Protocol::Ssh, "us-east-2", "x"),
        (
            "ssh://APKAEIBAERJR2EXAMPLE@git-codecommit.us-east-2.amazonaws.com/v1/repos/x",
            Protocol::Ssh,
            "us-east-2",
            "x",
        ),
        ("APKAEIBAERJR2EXAMPLE@git-codecommit.us-east-2.amazonaws.com:/v1/repos/x", Protocol::Ssh, "us-east-2", "x"),
        ("codecommit::ap-northeast-1://dev@x", Protocol::Grc, "ap-northeast-1", "x"),
    ] {
        let url = CloneUrl::read(text);
        assert_eq!(
            (url.protocol, url.region.as_deref(), url.repository.as_deref()),
            (protocol, Some(region), Some(repository)),
            "{text}"
        );
        assert!(url.is_codecommit(), "{text}");
    }
}

#[test]
fn grc_urls_name_profile_and_repository() {
    let url = CloneUrl::read("codecommit://dev@MyDemoRepo");
    assert_eq!(
        (url.profile.as_deref(), url.repository.as_deref(), url.region),
        (Some("dev"), Some("MyDemoRepo"), None)
    );
    let url = CloneUrl::read("codecommit::us-east-1://MyDemoRepo");
    assert_eq!(url.https().as_deref(), Some("https://git-codecommit.us-east-1.amazonaws.com/v1/repos/MyDemoRepo"));
}

#[test]
fn secrets_in_a_url_are_reduced_to_their_shape() {
    let url = CloneUrl::read("https://ann-at-111122223333:pa/ss+w=@git-codecommit.us-east-1.amazonaws.com/v1/repos/x");
    assert_eq!(url.shown, "https://ann-at-111122223333:***@git-codecommit.us-east-1.amazonaws.com/v1/repos/x");
    let info = url.userinfo.clone().unwrap();
    assert!(info.badly_encoded && info.has_password);
    assert!(!format!("{url:?}").contains("pa/ss"));
    assert_eq!(url.repository.as_deref(), Some("x"));
}

#[test]
fn a_token_as_user_name_is_not_told() {
    let url = CloneUrl::read("https://ghp_16C7e42F292c6912E7@git-codecommit.us-east-1.amazonaws.com/v1/repos/x");
    assert!(!format!("{url:?}").contains("ghp_"), "{url:?}");
}

#[test]
fn a_console_page_names_its_repository() {
    let url = CloneUrl::read(
        "https://us-east-1.console.aws.amazon.com/codesuite/codecommit/repositories/MyRepo/browse?region=us-east-1",
    );
    assert_eq!(
        (url.endpoint, url.repository.as_deref(), url.region.as_deref()),
        (Endpoint::Console, Some("MyRepo"), Some("us-east-1"))
    );
}

#[test]
fn slips_are_no_ssh_urls_and_lookalikes_are_foreign() {
    for text in [
        "https:/ann-at-111122223333:S3cret@git-codecommit.us-east-1.amazonaws.com/v1/repos/x",
        "ann-at-111122223333:S3cret@git-codecommit.us-east-1.amazonaws.com/v1/repos/x",
    ] {
        let url = CloneUrl::read(text);
        assert_eq!(url.protocol, Protocol::Other, "{text}");
        assert!(!format!("{url:?}").contains("S3cret"), "{url:?}");
    }
    let evil = CloneUrl::read("https://vpce-1.git-codecommit.us-east-1.vpce.amazonaws.com.evil.example/v1/repos/x");
    assert!(!evil.is_codecommit());
}

#[test]
fn any_text_can_be_read() {
    for text in [
        "",
        "://",
        "https://",
        "codecommit::",
        "codecommit:us-east-1://x",
        "C:\\repo",
        "a:b@c:d@e",
        "https://%zz@h",
        "ssh://@:/",
        "\u{0}\u{1F600}",
    ] {
        let _ = CloneUrl::read(text);
    }
}
