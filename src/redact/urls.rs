//! What may be a secret in a URL: where it was typed, and where others wrote it.

use regex_lite::Regex;
use std::sync::LazyLock;

/// What may be a secret in an argument that was meant as a clone URL, however it was mistyped: what stands before the last
/// `@`, without the scheme and the first colon, and what follows a `?`.
#[must_use]
pub fn secrets_of_argument(text: &str) -> Vec<String> {
    let (address, query) = text.split_once('?').unwrap_or((text, ""));
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let mut secrets: Vec<String> =
        pairs.filter(|(name, value)| !is_plain_setting(name, value)).map(|(_, value)| value.to_owned()).collect();
    if let Some((before, _)) = address.rsplit_once('@') {
        let scheme = before
            .find(":/")
            .map_or(0, |colon| colon + 1 + before[colon + 1..].chars().take_while(|c| *c == '/').count());
        match before[scheme..].split_once(':') {
            Some((_, password)) => secrets.push(password.to_owned()),
            // Only over http can a user name alone be a token; elsewhere it is a profile or an account.
            None if before.starts_with("http") && !is_name_of_aws(&before[scheme..]) => {
                secrets.push(before[scheme..].to_owned());
            }
            None => {}
        }
    }
    secrets
}

/// What may be a secret in a URL that others wrote: in its query only what calls itself one.
#[must_use]
pub fn secrets_of_foreign_url(url: &str) -> Vec<String> {
    let (address, query) = url.split_once('?').unwrap_or((url, ""));
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let telling = pairs.filter(|(name, _)| calls_itself_secret(name)).map(|(_, value)| value.to_owned());
    secrets_of_argument(address).into_iter().chain(telling).collect()
}

/// Whether the name of a part of a query says that its value is a key.
fn calls_itself_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["pass", "pwd", "token", "secret", "key", "sig", "auth", "cred"].iter().any(|word| name.contains(word))
}

/// Whether a part of a query is a word of the address, such as `region=us-east-2`, and not a key to it.
fn is_plain_setting(name: &str, value: &str) -> bool {
    !calls_itself_secret(name)
        && value.len() <= 20
        && value.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

/// Whether a user name is one that AWS gave: a Git credential's, an access key's or an SSH key's.
pub(super) fn is_name_of_aws(user: &str) -> bool {
    static NAME: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"^(?:[\w+=,.@%-]{1,64}-at-\d{12}|A[KSP][A-Z]A[A-Z0-9]{12,}(?:%.*)?)$").ok());
    NAME.as_ref().is_some_and(|name| name.is_match(user))
}
