use super::*;
use crate::facts::git_config::Entry;
use crate::facts::helpers::DOCUMENTED;
use std::time::SystemTime;

const URL: &str = "https://git-codecommit.us-east-1.amazonaws.com/v1/repos/x";
const SECTION: &str = "credential.https://git-codecommit.*.amazonaws.com";

fn method(method: Method, certainty: Certainty) -> Decision {
    Decision { method, reason: "a role".into(), certainty }
}

fn config(entries: &[(String, &str)]) -> GitConfig {
    let entry = |(key, value): &(String, &str)| Entry {
        key: key.clone(),
        value: Some((*value).to_owned()),
        source: "~/.gitconfig".into(),
        scope: "global".into(),
        ..Entry::default()
    };
    GitConfig { entries: entries.iter().map(entry).collect(), ..GitConfig::default() }
}

/// A set-up with the documented section, which the AWS CLI is there to serve.
fn documented(helper: &str) -> GitConfig {
    config(&[(format!("{SECTION}.helper"), helper), (format!("{SECTION}.usehttppath"), "true")])
}

/// Judges a set-up; `change` bends what is healthy.
fn with<'a>(config: &'a GitConfig, url: &str, method: &'a Decision, change: impl FnOnce(&mut View<'a>)) -> Verdict {
    let mut chain = HelperChain::select(config, url, true);
    for helper in &mut chain.helpers {
        helper.program.path = Some("/usr/bin/aws".into());
    }
    let mut view = View {
        chain: forever(chain),
        config,
        url: Some(forever(CloneUrl::read(url))),
        answers: &[],
        method,
        profiles: forever(Profiles::default()),
        credentials: None,
        auto_prompt: None,
        nobody_to_ask: false,
        region: true,
        reads: None,
        terminal: true,
        os: Os::Linux,
    };
    change(&mut view);
    view.judge()
}

/// A value that a view may borrow for as long as it likes.
fn forever<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

/// No AWS credentials anywhere.
fn nothing() -> AwsCredentials {
    let from = Evidence::new("no profile is named", "default");
    let choice = crate::facts::choice::Choice { profile: "default".into(), from, explicit: false, by_helper: false };
    AwsCredentials { choice, outcome: Outcome::Nothing, doubts: <_>::default() }
}

fn ids(config: &GitConfig) -> Vec<&'static str> {
    with(config, URL, &method(Method::CredentialHelper, Certainty::Sure), |_| {}).ids()
}

#[test]
fn the_documented_set_up_is_fine() {
    assert_eq!(ids(&documented(DOCUMENTED)), Vec::<&str>::new());
    let plain = with(&config(&[]), URL, &method(Method::GitCredentials, Certainty::Sure), |_| {});
    assert_eq!(plain.ids(), Vec::<&str>::new());
}

#[test]
fn a_helper_on_a_machine_for_git_credentials_is_stale() {
    let config = documented(DOCUMENTED);
    let verdict = with(&config, URL, &method(Method::GitCredentials, Certainty::Sure), |_| {});
    assert_eq!((verdict.ids(), verdict.severity()), (vec!["stale-helper"], Some(Severity::Error)));
    let argv = verdict.findings[0].fixes[0].steps[0].argv().unwrap();
    assert_eq!(argv, ["git", "config", "--global", "--remove-section", SECTION]);
}

#[test]
fn a_store_that_answers_first_makes_a_stale_helper_a_nuisance() {
    let config = config(&[("credential.helper".into(), "store"), (format!("{SECTION}.helper"), DOCUMENTED)]);
    let stored = Answer::Credential(Shape::of("ann-at-111122223333", Some("x"), SystemTime::now()));
    let answers = [stored, Answer::NotAsked(String::new())];
    let verdict = with(&config, URL, &method(Method::GitCredentials, Certainty::Sure), |view| view.answers = &answers);
    assert_eq!((verdict.ids(), verdict.severity()), (vec!["stale-helper"], Some(Severity::Warning)));
}

#[test]
fn a_helper_without_anything_to_sign_with_is_unclear() {
    let nothing = nothing();
    let config = documented(DOCUMENTED);
    let unsure = method(Method::CredentialHelper, Certainty::Configured);
    let verdict = with(&config, URL, &unsure, |view| view.credentials = Some(&nothing));
    assert_eq!(verdict.ids(), ["helper-configured"]);
    assert_eq!(with(&config, URL, &unsure, |_| {}).ids(), Vec::<&str>::new());
}

#[test]
fn both_ways_at_once_are_worth_a_note() {
    let both = method(Method::CredentialHelper, Certainty::Possible);
    let verdict = with(&documented(DOCUMENTED), URL, &both, |_| {});
    assert_eq!((verdict.ids(), verdict.severity()), (vec!["helper-configured"], Some(Severity::Note)));
}

#[test]
fn a_missing_helper_is_told_from_one_for_another_host() {
    assert_eq!(ids(&config(&[])), ["helper-missing"]);
    let china = "https://git-codecommit.cn-north-1.amazonaws.com.cn/v1/repos/x";
    let sure = method(Method::CredentialHelper, Certainty::Sure);
    let verdict = with(&documented(DOCUMENTED), china, &sure, |_| {});
    assert_eq!(verdict.ids(), ["helper-scope-misses-host"]);
    let argv = verdict.findings[0].fixes[0].steps[1].argv().unwrap();
    assert!(argv.contains(&"credential.https://git-codecommit.*.amazonaws.com.cn.helper".to_owned()), "{argv:?}");
}

#[test]
fn every_slip_of_the_pen_is_found() {
    for (helper, id) in [
        ("aws codecommit credential-helper $@", "helper-missing-bang"),
        ("'!aws codecommit credential-helper $@'", "helper-quoted"),
        ("!aws --profile dev", "helper-quoted"),
        ("!aws --profile nope codecommit credential-helper $@", "helper-names-missing-profile"),
    ] {
        assert!(ids(&documented(helper)).contains(&id), "{helper}");
    }
    let unpathed = config(&[(format!("{SECTION}.helper"), DOCUMENTED)]);
    assert_eq!(ids(&unpathed), ["use-http-path-missing"]);
    let unscoped = config(&[("credential.helper".into(), DOCUMENTED), ("credential.usehttppath".into(), "true")]);
    assert_eq!(ids(&unscoped), ["helper-unscoped"]);
}

#[test]
fn hosts_that_the_helper_does_not_know_are_found() {
    let sure = method(Method::CredentialHelper, Certainty::Sure);
    let any = config(&[("credential.helper".into(), DOCUMENTED), ("credential.usehttppath".into(), "true")]);
    let alias = with(&any, "https://git.corp.example/v1/repos/x", &sure, |_| {});
    assert!(alias.ids().contains(&"helper-ignores-host"));
    let odd = with(&any, "https://codecommit.proxy.amazonaws.com/v1/repos/x", &sure, |view| view.region = false);
    assert!(odd.ids().contains(&"helper-region-unknown"));
}

#[test]
fn programs_that_cannot_run_are_found() {
    let sure = method(Method::CredentialHelper, Certainty::Sure);
    let config = documented(DOCUMENTED);
    let program = |bend: fn(&mut crate::facts::helpers::Program), os| {
        let mut chain = HelperChain::select(&config, URL, true);
        chain.helpers[0].program.path = Some("/opt/homebrew/bin/aws".into());
        bend(&mut chain.helpers[0].program);
        with(&config, URL, &sure, |view| {
            view.chain = forever(chain);
            view.os = os;
        })
    };
    assert_eq!(program(|program| program.path = None, Os::Linux).ids(), ["helper-program-missing"]);
    let interpreter = program(|program| program.missing_interpreter = Some("/gone/python".into()), Os::Linux);
    assert_eq!(interpreter.ids(), ["helper-bad-interpreter"]);
    let gui = program(|_| {}, Os::MacOs);
    assert_eq!((gui.ids(), gui.severity()), (vec!["helper-program-gui-path"], Some(Severity::Note)));
}

#[test]
fn auto_prompt_is_found_where_it_is_switched_on() {
    let sure = method(Method::CredentialHelper, Certainty::Sure);
    let on = auto_prompt(Some("on".into()), None);
    let verdict = with(&documented(DOCUMENTED), URL, &sure, |view| view.auto_prompt = on);
    assert_eq!(verdict.ids(), ["helper-auto-prompt"]);
    assert_eq!(auto_prompt(Some("off".into()), None), None);
    assert_eq!(auto_prompt(Some("on-partial".into()), None), None);
}

#[test]
fn a_reset_before_the_store_does_not_help() {
    let config = config(&[
        (format!("{SECTION}.helper"), ""),
        (format!("{SECTION}.helper"), DOCUMENTED),
        (format!("{SECTION}.usehttppath"), "true"),
        ("credential.helper".into(), "store"),
    ]);
    assert_eq!(ids(&config), ["helper-reset-too-early"]);
}

#[test]
fn a_failure_is_told_unless_another_check_names_it_better() {
    let sure = method(Method::CredentialHelper, Certainty::Sure);
    let config = documented(DOCUMENTED);
    let answers = [Answer::Failed("'NoneType' object has no attribute 'secret_key'".into())];
    let failed = |credentials: Option<&'static AwsCredentials>| {
        with(&config, URL, &sure, |view| {
            view.answers = &answers;
            view.credentials = credentials;
        })
        .ids()
    };
    assert_eq!(failed(None), ["helper-failed"]);
    assert_eq!(failed(Some(forever(nothing()))), Vec::<&str>::new());
}

#[test]
fn a_helper_that_signs_is_neither_unclear_nor_certainly_in_the_way() {
    let signature = format!("20260101T000000Z{}", "0".repeat(64));
    let fresh = Shape { age: Some(1), ..Shape::of("AKIAIOSFODNN7EXAMPLE", Some(&signature), SystemTime::now()) };
    let answers = [Answer::Credential(fresh)];
    let config = documented("!aws-vault exec dev -- aws codecommit credential-helper $@");
    let nothing = nothing();
    let unsure = method(Method::CredentialHelper, Certainty::Configured);
    let verdict = with(&config, URL, &unsure, |view| {
        view.answers = &answers;
        view.credentials = Some(&nothing);
    });
    assert_eq!(verdict.ids(), Vec::<&str>::new());
    let stale = |reads| {
        with(&config, URL, &method(Method::GitCredentials, Certainty::Sure), |view| {
            view.answers = &answers;
            view.reads = reads;
        })
        .severity()
    };
    assert_eq!(stale(Some(true)), Some(Severity::Warning));
    assert_eq!(stale(Some(false)), Some(Severity::Error));
    assert_eq!(stale(None), Some(Severity::Error));
}
