//! Secrets cannot be printed: values that are secret by birth, patterns of secrets in foreign text, and known values.

mod by_sense;
mod urls;

pub use urls::{secrets_of_argument, secrets_of_foreign_url};

use regex_lite::Regex;
use std::collections::HashSet;
use std::sync::{LazyLock, RwLock};
use zeroize::Zeroizing;

/// What stands in place of a secret.
pub const MASK: &str = "***";

/// A secret value. It has no `Display`, its `Debug` is `***`, it cannot be serialised, and it is wiped when dropped.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes a value out of circulation.
    pub fn new(value: impl Into<String>) -> Self {
        Self(Zeroizing::new(value.into()))
    }

    /// The value itself, for the one place that must use it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(MASK)
    }
}

impl std::hash::Hash for Secret {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.expose().hash(state);
    }
}

/// How many secrets are remembered. A machine has a few; a store of tens of thousands is somebody's joke.
const MOST: usize = 10_000;

/// Secret values that were seen on the machine. Whatever is told goes through [`KnownSecrets::scrub`] first.
#[derive(Debug, Default)]
pub struct KnownSecrets(RwLock<HashSet<Secret>>);

impl KnownSecrets {
    /// Remembers a value. Short ones are not remembered: they would blank out ordinary words.
    pub fn learn(&self, value: &str) {
        let value = value.trim();
        if value.len() < 6 {
            return;
        }
        let encoded = percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC).to_string();
        let decoded = percent_encoding::percent_decode_str(value).decode_utf8_lossy().into_owned();
        if let Ok(mut known) = self.0.write()
            && known.len() < MOST
        {
            known.extend([Secret::new(value), Secret::new(encoded), Secret::new(decoded)]);
        }
    }

    /// The text without any known secret and without anything that looks like one.
    #[must_use]
    pub fn scrub(&self, text: &str) -> String {
        let mut clean = text.to_owned();
        if let Ok(known) = self.0.read() {
            let mut found: Vec<&str> =
                known.iter().map(Secret::expose).filter(|secret| text.contains(secret)).collect();
            // The longest first, so that a secret that contains another is masked whole.
            found.sort_unstable_by_key(|secret| std::cmp::Reverse(secret.len()));
            for secret in found {
                clean = clean.replace(secret, MASK);
            }
        }
        redact(&clean)
    }
}

/// Replaces what looks like a secret in text that others wrote: passwords and tokens in URLs, `password=` and its
/// relatives, authorization headers, `SigV4` passwords and session tokens.
#[must_use]
pub fn redact(text: &str) -> String {
    static PATTERNS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
        [
            // scheme://user:password@host, scheme://:password@host
            (r#"(?i)\b([a-z][a-z0-9+.-]*://[^\s/@:]*):[^\s'"<>]*@"#, "${1}:***@"),
            // user:password@host without a scheme, as proxies may be written
            (r#"(^|[\s='"/])([^\s/@:='"]+):[^\s/@'"]+@([A-Za-z0-9\[][A-Za-z0-9.:\[\]-]*)"#, "${1}${2}:***@${3}"),
            // scheme://ASIA...%token@host: the user part carries a session token
            (r"(?i)\b([a-z][a-z0-9+.-]*://A[A-Z]IA[A-Z0-9]+)%[^\s@:]+", "${1}%***"),
            // An access key id followed by a session token, as the AWS helper's user name is
            (r"\b(ASIA[A-Z0-9]{12,})%[A-Za-z0-9+/=%_-]{16,}", "${1}%***"),
            // A Git signature: time and 64 hexadecimal digits
            (r"\b\d{8}T\d{6}Z[0-9a-fA-F]{64}\b", "***"),
            (r"(?i)\b(authorization|proxy-authorization|x-amz-security-token)(\s*[:=]\s*)(?:(basic|bearer|aws4-hmac-sha256)\s+)?[^\r\n'\x22]+", "${1}${2}${3} ***"),
            // password=..., --password ..., "SecretAccessKey": "...", and their relatives
            (
                r#"(?i)((?:password|passwd|passphrase|pwd|secret(?:_?access_?key)?|session_?token|security_?token|access_?token|api[-_]?key|oauth_refresh_token|aws_secret_access_key|aws_session_token|aws_security_token)(?:\\*["'])?\s*(?:=>|[=:])\s*)(?:\\+"[^"\r\n]*"|"[^"\r\n]*"|'[^'\r\n]*'|[^\s"';,&}]+)"#,
                "${1}***",
            ),
            (r"(?i)(enter mfa code for [^\s]+:\s*)\S+", "${1}***"),
            // setx AWS_SECRET_ACCESS_KEY ..., AWS Secret Access Key [None]: ...
            (
                r#"(?i)((?:secret[ _]?access[ _]?key|session[ _]?token)(?:\s*\[[^\]]*\])?(?:\s*(?:=>|[:=])\s*|\s+))["']?[^\s"'<>]{12,}"#,
                "${1}***",
            ),
            // <SecretAccessKey>...</SecretAccessKey>
            (r"(?i)(<(?:secretaccesskey|sessiontoken|password|token)>)[^<]+", "${1}***"),
            // AKIA...:secret, and the parts of a signed request
            (r"\b(A[KS]IA[A-Z0-9]{12,}[:,\s]+)[A-Za-z0-9/+=]{30,}", "${1}***"),
            (r"(?i)(signature=)[0-9a-f]{64}", "${1}***"),
            (r"(?i)(\bbearer\s+)[A-Za-z0-9._~+/=-]{8,}", "${1}***"),
            (r"(-----BEGIN [A-Z ]*KEY-----).+", "${1} ***"),
            // token: ..., PRIVATE-TOKEN: ..., gitlab_token=...
            (r#"(?i)([a-z_-]*token["']?\s*[:=]\s*)["']?[^\s"',;&}]{8,}"#, "${1}***"),
            (r#"(?i)((?:^|\s)(?:-[a-z]*u|--user)[ =]?["'][^:"'\s]+):[^"']+"#, "${1}:***"),
            // A password with a space in it, up to the host
            (r#"(?i)\b(https?://[^\s/@:'"]+):[^'"<>@/]{1,200}@"#, "${1}:***@"),
            // What follows a number sign in an address is none of the server's business
            (r#"(://[^\s'"<>#]+#)[^\s'"<>]+"#, "${1}***"),
            // What a profile's program printed may be anything
            (r"(credentials from custom-process:).+", "${1} ***"),
            // What git says of a line that a helper should not have printed
            (r"(?i)(invalid credential line: ).+", "${1}***"),
            // Tokens that say themselves what they are
            (r"\b(?:gh[pousr]_|github_pat_|glpat-|xox[abp]-)[A-Za-z0-9_-]{8,}", "***"),
            (r"\beyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]+){1,2}", "***"),
            (r"(?i)(\bsshpass\s+-p\s*|\s/pass:|\bpass=)\S+", "${1}***"),
            // GITHUB_TOKEN=..., DB_PASSWORD=...
            (r#"\b([A-Z][A-Z0-9_]*(?:TOKEN|SECRET|PASSWORD|PASSWD|API_?KEY)[A-Z0-9_]*=)[^\s;'"]+"#, "${1}***"),
            // curl -u user:password
            (r#"((?:^|[\s'"])(?:-u|--user)[ =]?[^\s:'"]+):[^\s'"]+"#, "${1}:***"),
            (r#"(?i)((?:^|[\s'"])--?(?:password|passwd|token|secret)[ =])\S+"#, "${1}***"),
        ]
        .into_iter()
        .filter_map(|(pattern, with)| Some((Regex::new(pattern).ok()?, with)))
        .collect()
    });
    // Most texts are words. Every pattern needs one of these characters, or the length of a signature.
    let plain = text.len() < 80 && !text.bytes().any(|byte| b"@%=:<#".contains(&byte) || byte.is_ascii_whitespace());
    if plain {
        return text.to_owned();
    }
    let mut clean = by_sense::mask(text);
    for (pattern, with) in PATTERNS.iter() {
        if pattern.is_match(&clean) {
            clean = pattern.replace_all(&clean, *with).into_owned();
        }
    }
    clean
}

/// Masks every word that mixes letters and digits, as passwords and tokens do and words of a language do not. For the
/// complaints of programs that may complain about a secret.
#[must_use]
pub fn redact_mixed(text: &str) -> String {
    let is_mixed = |word: &str| {
        let bare = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        bare.len() >= 6 && bare.bytes().any(|b| b.is_ascii_digit()) && bare.bytes().any(|b| b.is_ascii_alphabetic())
    };
    let words = text.split(' ').map(|word| if is_mixed(word) { MASK } else { word });
    words.collect::<Vec<_>>().join(" ")
}

/// A helper's value as it may be told. A piece of shell can hold a secret in any form, so of one that the doctor does not know
/// only its first word is told.
#[must_use]
pub fn redact_helper(value: &str) -> String {
    let Some(command) = value.strip_prefix('!') else { return redact(value) };
    let words: Vec<&str> = command.split_whitespace().collect();
    let known = words.len() == 1 || words.ends_with(&["auth", "git-credential"]) && words.len() == 3;
    let signs = command.contains("codecommit ") && command.contains(" credential-helper");
    if signs || (known && !command.contains('=')) {
        return redact(value);
    }
    let plain = |word: &&&str| word.chars().all(|c| c.is_ascii_alphanumeric() || "-_./~:".contains(c));
    let program = words.iter().find(plain).copied().unwrap_or_default();
    format!("!{program} …")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_loses_its_secrets_and_keeps_its_sense() {
        let signature = format!("20260101T000000Z{}", "a".repeat(64));
        for (text, clean) in [
            ("https://bob:hunter2/+@h/x".to_owned(), "https://bob:***@h/x"),
            ("https://bob:p@ss@h/x".to_owned(), "https://bob:***@h/x"),
            ("password=hunter2\nhost=h".to_owned(), "password=***\nhost=h"),
            (format!("got {signature}"), "got ***"),
            ("Authorization: Basic Zm9vOmJhcg==".to_owned(), "Authorization: Basic ***"),
            (r#"{"SecretAccessKey": "abc/def", "Version": 1}"#.to_owned(), r#"{"SecretAccessKey": ***, "Version": 1}"#),
            (
                r"!f() { echo username=x; echo password=s3cret; }; f".to_owned(),
                "!f() { echo username=x; echo password=***; }; f",
            ),
            (
                "https://ASIAEXAMPLEEXAMPLE12%25FwoGZXIvYXdzEXAMPLETOKEN:x@h".to_owned(),
                "https://ASIAEXAMPLEEXAMPLE12%***:***@h",
            ),
            ("https://ghp_0123456789abcdef0123456789@h/x".to_owned(), "https://***@h/x"),
            ("https://ann-at-111122223333@h/x".to_owned(), "https://ann-at-111122223333@h/x"),
            (
                "https://git-codecommit.us-east-1.amazonaws.com/v1/repos/x".to_owned(),
                "https://git-codecommit.us-east-1.amazonaws.com/v1/repos/x",
            ),
        ] {
            assert_eq!(redact(&text), clean);
        }
    }

    #[test]
    fn what_people_paste_loses_its_secrets() {
        const KEY: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
        for text in [
            format!("Password for 'https://ann-at-111122223333@h': {KEY}"),
            format!("  Username for 'https://h': {KEY}"),
            format!("Enter MFA code for arn:aws:iam::111122223333:mfa/u: {KEY}"),
            format!("setx AWS_SECRET_ACCESS_KEY {KEY}"),
            format!("aws configure set aws_secret_access_key {KEY}"),
            format!("AWS Secret Access Key [None]: {KEY}"),
            format!("aws_secret_access_key => {KEY}"),
            format!(r#"{{\"SecretAccessKey\":\"{KEY}\",\"x\":1}}"#),
            format!("'Token': '{KEY}'"),
            format!("PRIVATE-TOKEN: {KEY}"),
            format!("X-Api-Key: {KEY}"),
            format!("curl -H 'authorization: Bearer {KEY}'"),
            format!("Bearer {KEY}"),
            format!("<SecretAccessKey>{KEY}</SecretAccessKey>"),
            format!("AKIAIOSFODNN7EXAMPLE:{KEY}"),
            format!("-----BEGIN RSA PRIVATE KEY----- {KEY}"),
            format!("curl --user 'ann:{KEY}' https://h"),
            format!("error: 403 ghp_{KEY}"),
            "x eyJhbGciOiJI.wJalrXUtnFEMI.abc".to_owned(),
            format!("Invalid credential line: {KEY}"),
            format!("> Password for 'https://h' : {KEY}"),
            format!("curl -su \"ann:a {KEY}\" https://h"),
            "https://ann:wJalrXUtn FEMI@h/x".to_owned(),
            "the password is wJalrXUtn, and the token is wJalrXUtn".to_owned(),
            format!("https://h/x#{KEY}"),
        ] {
            let clean = redact(&text);
            assert!(!clean.contains("wJalr"), "{text} becomes {clean}");
        }
        for text in [
            "fatal: could not read Password for 'https://ann@h': terminal prompts disabled",
            "Error loading SSO Token: Token for s does not exist",
            "The security token included in the request is invalid",
            "libsecret is asked besides the AWS CLI credential helper",
            "AWS does not know the access key, or the session token that belongs to it is missing.",
            "cached SSO token is expired, or not present, and cannot be refreshed",
            "The password is wrong.",
        ] {
            assert_eq!(redact(text), text);
        }
    }

    #[test]
    fn proxies_tokens_and_curl_s_user_lose_their_secrets() {
        for (text, clean) in [
            ("ann:hunter2secret@127.0.0.1:3128", "ann:***@127.0.0.1:3128"),
            ("proxy = ann:hunter2@proxy.corp", "proxy = ann:***@proxy.corp"),
            (
                "https:/ann-at-111122223333:S3cret@git-codecommit.x/v1",
                "https:/ann-at-111122223333:***@git-codecommit.x/v1",
            ),
            ("ann-at-111122223333:S3cret@git-codecommit.x/v1", "ann-at-111122223333:***@git-codecommit.x/v1"),
            ("GITHUB_TOKEN=abcdef123 gh auth", "GITHUB_TOKEN=*** gh auth"),
            ("!curl -u ann:hunter3secret https://h", "!curl -u ann:*** https://h"),
            (
                "APKAEIBAERJR2EXAMPLE@git-codecommit.us-east-2.amazonaws.com:/v1",
                "APKAEIBAERJR2EXAMPLE@git-codecommit.us-east-2.amazonaws.com:/v1",
            ),
        ] {
            assert_eq!(redact(text), clean);
        }
    }

    #[test]
    fn a_mistyped_clone_url_gives_its_secrets_away_to_us_alone() {
        for (text, secret) in [
            ("https:/ann-at-111122223333:a/S3cret@h/v1", "a/S3cret"),
            ("ann-at-111122223333:a b S3cret@h/v1", "a b S3cret"),
            ("https://ann:p@S3cret@h/v1", "p@S3cret"),
            ("https:/abcdefghijklmnopqrstuvwx@h/v1", "abcdefghijklmnopqrstuvwx"),
            ("https://h/v1/repos/x?token=S3cretTok", "S3cretTok"),
        ] {
            assert_eq!(secrets_of_argument(text), [secret], "{text}");
        }
        for text in [
            "https://ann-at-111122223333@h/v1",
            "APKAEIBAERJR2EXAMPLE@h:/v1",
            "codecommit::us-east-1://dev@x",
            "keychain",
        ] {
            assert_eq!(secrets_of_argument(text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn of_a_piece_of_shell_only_the_first_word_is_told() {
        for (value, told) in [
            ("!gh auth git-credential", "!gh auth git-credential"),
            ("!GH_TOKEN=ghp_S3cret gh auth git-credential", "!gh …"),
            ("!curl -s -u bob:S3cret https://v/c", "!curl …"),
            ("!vault login S3cret", "!vault …"),
            ("!/opt/my-helper", "!/opt/my-helper"),
            ("!curl -H \"PRIVATE-TOKEN: glpat-S3cret\" https://x", "!curl …"),
            ("!f() { printf \"username=x\\npassword=%s\\n\" S3cret; }; f", "!printf …"),
            (
                "!aws --profile dev codecommit credential-helper $@",
                "!aws --profile dev codecommit credential-helper $@",
            ),
            ("store", "store"),
        ] {
            assert_eq!(redact_helper(value), told);
        }
    }

    #[test]
    fn complaints_lose_whatever_looks_like_a_token() {
        assert_eq!(
            redact_mixed("fatal: token 'S3cretPw' rejected by host 10.0.0.1"),
            "fatal: token *** rejected by host 10.0.0.1"
        );
        assert_eq!(redact_mixed("Could not connect to D-Bus"), "Could not connect to D-Bus");
    }

    #[test]
    fn every_pattern_compiles() {
        assert_eq!(redact("--token abcdef"), "--token ***");
        assert_eq!(redact("security delete-internet-password -s host"), "security delete-internet-password -s host");
    }

    #[test]
    fn known_values_go_in_every_spelling() {
        let known = KnownSecrets::default();
        known.learn("s3cr3t/+=");
        assert_eq!(known.scrub("a s3cr3t/+= b s3cr3t%2F%2B%3D"), "a *** b ***");
        known.learn("short");
        assert_eq!(known.scrub("short words stay"), "short words stay");
    }

    #[test]
    fn a_secret_has_no_text() {
        assert_eq!(format!("{:?}", Secret::new("x")), "***");
    }
}
