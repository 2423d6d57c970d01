use super::*;
use crate::facts::endpoint::HttpAnswer;

fn healthy() -> EndpointProbe {
    EndpointProbe {
        host: "git-codecommit.us-east-1.amazonaws.com".into(),
        port: 443,
        stages: vec![(Stage::Dns, 3), (Stage::Tcp, 50), (Stage::Tls, 110), (Stage::Http, 60)],
        addresses: vec!["52.94.226.1".parse().unwrap()],
        issuer: Some("C=US, O=Amazon, CN=Amazon RSA 2048 M02".into()),
        answer: Some(HttpAnswer { status: 401, request_id: Some("x".into()), ..HttpAnswer::default() }),
        ..EndpointProbe::default()
    }
}

fn ids(probe: &EndpointProbe) -> Vec<&'static str> {
    judge(probe, true).ids()
}

fn failed(stage: Stage, error: DialError) -> EndpointProbe {
    EndpointProbe { failure: Some((stage, error)), answer: None, issuer: None, ..healthy() }
}

#[test]
fn any_answer_of_codecommit_s_is_fine() {
    for status in [200, 401, 403, 404] {
        let answer = HttpAnswer { status, request_id: Some("x".into()), ..HttpAnswer::default() };
        assert_eq!(ids(&EndpointProbe { answer: Some(answer), ..healthy() }), Vec::<&str>::new());
    }
}

#[test]
fn the_stage_that_failed_names_the_finding() {
    let text = String::new;
    for (stage, error, id) in [
        (Stage::Proxy, DialError::Timeout, "proxy-unreachable"),
        (Stage::Proxy, DialError::NoSuchHost("p".into()), "proxy-unreachable"),
        (Stage::Connect, DialError::ProxyStatus(407, text()), "proxy-refused"),
        (Stage::Connect, DialError::ProxyStatus(403, text()), "proxy-refused"),
        (Stage::Connect, DialError::Other(text()), "proxy-refused"),
        (Stage::Dns, DialError::NoSuchHost("h".into()), "dns-failure"),
        (Stage::Dns, DialError::Timeout, "connect-timeout"),
        (Stage::Tcp, DialError::Timeout, "connect-timeout"),
        (Stage::Tcp, DialError::Refused(text()), "connect-failed"),
        (Stage::Tls, DialError::Untrusted(text()), "tls-untrusted"),
        (Stage::Tls, DialError::NotValidNow(text()), "tls-untrusted"),
        (Stage::Tls, DialError::WrongName(text()), "tls-name-mismatch"),
        (Stage::Tls, DialError::TlsTooOld(text()), "tls-too-old"),
        (Stage::Http, DialError::Other(text()), "connect-failed"),
    ] {
        assert_eq!(ids(&failed(stage, error.clone())), [id], "{stage:?} {error:?}");
    }
    assert_eq!(ids(&EndpointProbe { port: 22, ..failed(Stage::Tcp, DialError::Timeout) }), ["ssh-port-blocked"]);
}

#[test]
fn answers_that_are_not_codecommit_s_are_found() {
    let answer = |status, kind: Option<&str>| EndpointProbe {
        answer: Some(HttpAnswer { status, content_type: kind.map(Into::into), ..HttpAnswer::default() }),
        ..healthy()
    };
    assert_eq!(ids(&answer(429, None)), ["http-throttled"]);
    assert_eq!(ids(&answer(503, None)), ["http-unavailable"]);
    assert_eq!(ids(&answer(200, Some("text/html"))), ["http-unexpected"]);
    assert_eq!(ids(&answer(302, None)), ["http-unexpected"]);
}

#[test]
fn interception_private_addresses_and_other_servers_are_found() {
    let other = EndpointProbe { issuer: Some("O=Zscaler Inc.".into()), ..healthy() };
    assert_eq!(ids(&other), ["tls-intercepted"]);
    let private = EndpointProbe { addresses: vec!["10.0.0.7".parse().unwrap()], ..healthy() };
    assert_eq!(ids(&private), ["private-endpoint"]);
    let ssh = |banner: &str| EndpointProbe { banner: Some(banner.into()), answer: None, issuer: None, ..healthy() };
    assert_eq!(ids(&ssh("SSH-2.0-OpenSSH_9.2")), ["not-codecommit-ssh"]);
    assert_eq!(ids(&ssh("SSH-2.0-AWSCodeCommit")), Vec::<&str>::new());
}

#[test]
fn two_proxies_matter_only_where_aws_tools_sign() {
    let proxy = |url: &str| Some((url.to_owned(), Evidence::new("http.proxy", url)));
    let probe = EndpointProbe { proxy: proxy("http://a:1"), env_proxy: proxy("http://b:1"), ..healthy() };
    assert_eq!(judge(&probe, true).ids(), ["proxy-differs"]);
    assert_eq!(judge(&probe, false).ids(), Vec::<&str>::new());
    let same = EndpointProbe { proxy: proxy("http://a:1/"), env_proxy: proxy("http://a:1"), ..healthy() };
    assert_eq!(ids(&same), Vec::<&str>::new());
}

#[test]
fn without_verification_an_unknown_signer_stops_nobody() {
    let off = Some(Evidence::new("GIT_SSL_NO_VERIFY", "1"));
    let probe = EndpointProbe { verification_off: off, ..failed(Stage::Tls, DialError::Untrusted(String::new())) };
    assert_eq!(judge(&probe, false).severity(), Some(Severity::Warning));
}
