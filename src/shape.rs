//! The shape of a credential: what kind it is and how old, without the secret itself.
//!
//! Sources: IAM user guide (Git credentials are named `<user>-at-<account>`), the AWS CLI's credential helper (user name is
//! the access key id, with `%` and the session token for temporary keys; password is a time and a `SigV4` signature).

use crate::redact::MASK;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use regex_lite::Regex;
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How long the endpoint accepts a signature, by the CodeCommit user guide.
pub const SIGNATURE_LIFE: Duration = Duration::from_mins(15);

/// What a user name and password are, as far as can be told without asking anybody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shape {
    /// The kind of credential.
    pub kind: Kind,
    /// The user name without any secret part.
    pub user: String,
    /// The AWS account in a Git credential's user name.
    pub account: Option<String>,
    /// How many seconds ago the signature was made; negative when it lies in the future.
    pub age: Option<i64>,
}

/// The kind of credential that a user name and password are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// IAM Git credentials for CodeCommit: `<user>-at-<account>`.
    GitCredential,
    /// A signature made with a long-lived access key (`AKIA...`).
    SignedKey,
    /// A signature made with temporary credentials (`ASIA...%token`).
    SignedSession,
    /// A temporary access key id without its session token.
    SessionTokenMissing,
    /// An access key id with something that is no signature, such as the secret access key itself.
    AccessKey,
    /// A user name without a password.
    EmptyPassword,
    /// Nothing that CodeCommit accepts: an e-mail address, a console name, another service's token.
    Other,
}

impl Shape {
    /// The shape of this user name and password. `None` stands for a password that was not looked at.
    #[must_use]
    pub fn of(user: &str, password: Option<&str>, now: SystemTime) -> Self {
        static GIT: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^[\w+=,.@-]{1,100}-at-(\d{12})$").ok());
        static KEY: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^(A[KS]IA[A-Z0-9]{12,28})(%.*)?$").ok());
        let account = GIT.as_ref().and_then(|git| git.captures(user)).map(|found| found[1].to_owned());
        let key = KEY.as_ref().and_then(|key| key.captures(user));
        let signed_at = password.and_then(signed_at);
        let age = signed_at.map(|at| seconds(now) - at);

        let (kind, shown) = match &key {
            _ if password.is_some_and(str::is_empty) => {
                (Kind::EmptyPassword, account.as_ref().map(|_| user.to_owned()))
            }
            Some(found) if password.is_some() && signed_at.is_none() => (Kind::AccessKey, Some(found[1].to_owned())),
            Some(found) if found.get(2).is_some() => (Kind::SignedSession, Some(format!("{}%{MASK}", &found[1]))),
            Some(found) if found[1].starts_with("ASIA") => (Kind::SessionTokenMissing, Some(found[1].to_owned())),
            Some(found) => (Kind::SignedKey, Some(found[1].to_owned())),
            None if account.is_some() => (Kind::GitCredential, Some(user.to_owned())),
            None => (Kind::Other, None),
        };
        Self { kind, user: shown.unwrap_or_else(|| MASK.to_owned()), account, age }
    }

    /// The IAM user of a Git credential. IAM numbers a user's second credential: `ann+1-at-111122223333`.
    #[must_use]
    pub fn iam_user(&self) -> Option<&str> {
        let name = self.user.strip_suffix(self.account.as_deref()?)?.strip_suffix("-at-")?;
        match name.rsplit_once('+') {
            Some((user, number)) if !user.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) => Some(user),
            _ => Some(name),
        }
    }

    /// Whether this was made by the AWS CLI's helper or by git-remote-codecommit.
    #[must_use]
    pub fn is_signature(&self) -> bool {
        matches!(self.kind, Kind::SignedKey | Kind::SignedSession | Kind::SessionTokenMissing)
    }

    /// Whether this is a whole signature that was made just now.
    #[must_use]
    pub fn is_fresh_signature(&self) -> bool {
        let whole = matches!(self.kind, Kind::SignedKey | Kind::SignedSession);
        whole && self.age.is_some_and(|age| age.unsigned_abs() <= SIGNATURE_LIFE.as_secs())
    }

    /// Whether this is a signature that is too old to be accepted. A signature in a store whose time is not known was put
    /// there by an earlier command, so it counts as too old.
    #[must_use]
    pub fn is_stale_signature(&self) -> bool {
        self.is_signature() && self.age.is_none_or(|age| age.unsigned_abs() > SIGNATURE_LIFE.as_secs())
    }
}

/// When a signature was made, in seconds since 1970, from the time at its beginning (`20260101T000000Z`).
fn signed_at(password: &str) -> Option<i64> {
    let (time, signature) = password.split_at_checked(16)?;
    let hex = signature.len() == 64 && signature.bytes().all(|byte| byte.is_ascii_hexdigit());
    hex.then(|| compact_time(time)).flatten()
}

/// Reads `YYYYMMDDTHHMMSSZ`, in seconds since 1970.
#[must_use]
pub fn compact_time(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    if bytes.len() != 16 || bytes[8] != b'T' || bytes[15] != b'Z' {
        return None;
    }
    let part = |from: usize, to: usize| text.get(from..to);
    let iso = format!(
        "{}-{}-{}T{}:{}:{}Z",
        part(0, 4)?,
        part(4, 6)?,
        part(6, 8)?,
        part(9, 11)?,
        part(11, 13)?,
        part(13, 15)?
    );
    DateTime::from_str(&iso, Format::DateTime).ok().map(|time| time.secs())
}

/// A moment in seconds since 1970.
#[must_use]
pub fn seconds(moment: SystemTime) -> i64 {
    match moment.duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
        Err(before) => -i64::try_from(before.duration().as_secs()).unwrap_or(i64::MAX),
    }
}

/// A span of seconds as a person says it: "40 seconds", "12 minutes", "3 hours", "5 days".
#[must_use]
pub fn span(seconds: i64) -> String {
    let seconds = seconds.unsigned_abs();
    let (number, unit) = match seconds {
        0..=119 => (seconds, "second"),
        120..=7199 => (seconds / 60, "minute"),
        7200..=172_799 => (seconds / 3600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> SystemTime {
        UNIX_EPOCH + Duration::from_mins(29_453_780) // 2026-01-01 00:20:00 UTC
    }

    fn signature() -> String {
        format!("20260101T000000Z{}", "0".repeat(64))
    }

    #[test]
    fn kinds_are_told_apart() {
        let token = format!("ASIA{}%tok/en+=", "EXAMPLE123456789");
        for (user, password, kind) in [
            ("ann-at-111122223333", Some("x"), Kind::GitCredential),
            ("ann+1-at-111122223333", None, Kind::GitCredential),
            ("AKIAIOSFODNN7EXAMPLE", Some(signature().as_str()), Kind::SignedKey),
            (token.as_str(), Some(signature().as_str()), Kind::SignedSession),
            ("ASIAIOSFODNN7EXAMPLE", Some(signature().as_str()), Kind::SessionTokenMissing),
            ("AKIAIOSFODNN7EXAMPLE", Some("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"), Kind::AccessKey),
            ("ann@example.com", Some("x"), Kind::Other),
            ("ann-at-111122223333", Some(""), Kind::EmptyPassword),
        ] {
            let shape = Shape::of(user, password, now());
            assert_eq!(shape.kind, kind, "{user}");
            assert!(!shape.user.contains("tok/en"));
        }
    }

    #[test]
    fn a_git_credential_names_its_user() {
        let user = |name: &str| Shape::of(name, None, now()).iam_user().map(str::to_owned);
        assert_eq!(user("ann-at-111122223333").as_deref(), Some("ann"));
        assert_eq!(user("ann+1-at-111122223333").as_deref(), Some("ann"));
        assert_eq!(user("ann+dev@example.com-at-111122223333").as_deref(), Some("ann+dev@example.com"));
        assert_eq!(user("AKIAIOSFODNN7EXAMPLE"), None);
    }

    #[test]
    fn the_age_of_a_signature_is_read_from_it() {
        let shape = Shape::of("AKIAIOSFODNN7EXAMPLE", Some(&signature()), now());
        assert_eq!(shape.age, Some(1200));
        assert!(shape.is_stale_signature());
        assert!(!Shape { age: Some(60), ..shape }.is_stale_signature());
    }

    #[test]
    fn times_are_read_and_nonsense_is_not() {
        assert_eq!(compact_time("19700101T000000Z"), Some(0));
        assert_eq!(compact_time("20000229T120000Z"), Some(951_825_600));
        assert_eq!(compact_time("20261301T000000Z"), None);
        assert_eq!(compact_time("2026é101T00000Z"), None);
    }

    #[test]
    fn spans_are_said_in_the_largest_unit_that_fits() {
        assert_eq!(
            [1, 90, 900, 7300, 200_000].map(span),
            ["1 second", "90 seconds", "15 minutes", "2 hours", "2 days"]
        );
    }
}
