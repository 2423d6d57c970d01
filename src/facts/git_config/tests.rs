use super::complaints::read_problems;
use super::lines::key_lines;
use super::*;

#[test]
fn keys_are_found_on_their_lines() {
    let text = "# c\n[user]\n\tname = A \\\n  B\n[credential \"https://git-codecommit.*.amazonaws.com\"]\r\n\thelper = !aws $@\r\n\tUseHttpPath = true\n[http] proxy = x\n[a \"q]\\\"b\"]\nz";
    let lines = key_lines(text);
    let expected = [
        ("user.name", 3),
        ("credential.https://git-codecommit.*.amazonaws.com.helper", 6),
        ("credential.https://git-codecommit.*.amazonaws.com.usehttppath", 7),
        ("http.proxy", 8),
        ("a.q]\"b.z", 10),
    ];
    assert_eq!(lines, expected.map(|(key, line)| (key.to_owned(), line)));
}

#[test]
fn complaints_of_git_are_understood() {
    let read = |text| read_problems(text, str::to_owned);
    let found = read("fatal: bad config line 3 in file /h/.gitconfig");
    assert_eq!((found[0].line, found[0].file.as_str(), found[0].fatal), (Some(3), "/h/.gitconfig", true));
    let found = read("warning: unable to access '/h/.gitconfig': Permission denied");
    assert_eq!((found[0].file.as_str(), found[0].fatal), ("/h/.gitconfig", false));
    let found = read("fatal: bad config variable 'credential.helper' in file '/h/x' at line 7");
    assert_eq!((found[0].line, found[0].file.as_str()), (Some(7), "/h/x"));
    assert_eq!(read("warning: something else"), []);
}

#[test]
fn the_most_specific_http_setting_wins() {
    let entry = |key: &str, value: &str| Entry { key: key.into(), value: Some(value.into()), ..Entry::default() };
    let config = GitConfig {
        entries: vec![entry("http.https://git-codecommit.*.amazonaws.com.proxy", "a"), entry("http.proxy", "b")],
        ..GitConfig::default()
    };
    let proxy = |url: &str| config.http(url, "proxy").map(Entry::text);
    assert_eq!(proxy("https://git-codecommit.us-east-1.amazonaws.com/v1/repos/x"), Some("a"));
    assert_eq!(proxy("https://github.com/x"), Some("b"));
}

#[test]
fn last_words_of_git_are_heard() {
    let circular = "fatal: exceeded maximum include depth (10) while including\n\t/h/a\nfrom\n\t/h/b\nThis might be due to circular includes.";
    let problem = read_complaint(circular, str::to_owned).unwrap();
    assert_eq!((problem.file.as_str(), problem.fatal), ("/h/a", true));
    assert!(problem.text.ends_with("circular includes."));
    assert_eq!(read_complaint("error: unknown option `show-scope'", str::to_owned), None);
}

#[test]
fn booleans_are_git_s() {
    let entry = |value: Option<&str>| Entry { value: value.map(str::to_owned), ..Entry::default() };
    for (value, truth) in [
        (None, true),
        (Some("yes"), true),
        (Some("1"), true),
        (Some("0"), false),
        (Some("off"), false),
        (Some(""), false),
    ] {
        assert_eq!(entry(value).is_true(), truth, "{value:?}");
    }
}
