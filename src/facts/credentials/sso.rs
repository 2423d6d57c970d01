//! The token cache of IAM Identity Center: whether somebody has to log in again.

use super::caches::{hex, moment};
use crate::facts::profiles::{Profiles, Section};
use crate::finding::Evidence;
use crate::machine::Machine;
use crate::shape::seconds;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use serde::{Deserialize, Serialize};
use std::time::SystemTime;

/// What is wrong with an SSO session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SsoProblem {
    /// The profile to log in with.
    pub profile: String,
    /// The session's name or start URL.
    pub session: String,
    /// How many seconds ago it ran out; `None` when there has been no login on this machine.
    pub expired: Option<i64>,
    /// Where the session is configured.
    pub configured: Evidence,
    /// The file that holds, or would hold, its token.
    pub cache: String,
}

/// What IAM Identity Center says when somebody has to log in again. Source: the errors of `GetRoleCredentials` and
/// `CreateToken` (IAM Identity Center API references).
const OVER: &[&str] =
    &["UnauthorizedException", "InvalidGrantException", "ExpiredTokenException", "InvalidClientException"];

/// Whether a failure means that the session is over, although its cache looked as if it could be renewed.
pub(super) fn is_over(failure: &str) -> bool {
    OVER.iter().any(|code| failure.contains(code))
}

/// Reads the token cache of a profile's SSO session; `refused` when AWS has already said that it is over. Its name is the SHA-1 of the session's name, or of the start URL for
/// the older kind without a session (AWS CLI user guide, "IAM Identity Center").
pub(super) async fn problem(
    machine: &Machine,
    profiles: &Profiles,
    profile: &Section,
    refused: bool,
) -> Option<SsoProblem> {
    let session = profile.setting("sso_session");
    let start = profile.setting("sso_start_url");
    let configured = session.or(start)?;
    let cache = token_file(machine, configured.exact());
    let trouble = |expired| SsoProblem {
        profile: profile.name.clone(),
        session: configured.value.clone(),
        expired,
        configured: configured.evidence(),
        cache: machine.tilde(&cache),
    };
    if session.is_some_and(|session| profiles.sso_session(session.exact()).is_none()) {
        return None;
    }
    let text = machine.read_text(&cache).await.ok();
    let token: Option<serde_json::Value> = text.and_then(|text| serde_json::from_str(&text).ok());
    let Some(token) = token else { return Some(trouble(None)) };
    let text = |name: &str| token.get(name).and_then(|value| value.as_str());
    for secret in ["accessToken", "refreshToken", "clientSecret"] {
        machine.secrets().learn(text(secret).unwrap_or_default());
    }
    let time = |name: &str| {
        let time = text(name)?.replace("UTC", "Z");
        DateTime::from_str(&time, Format::DateTimeWithOffset).ok().map(|time| time.secs())
    };
    let ago = time("expiresAt").map_or(0, |expires| seconds(SystemTime::now()) - expires);
    // The client's own registration runs out, too, after some months; then nothing can be renewed.
    let registered = time("registrationExpiresAt").is_none_or(|end| end > seconds(SystemTime::now()));
    let renewable = session.is_some() && registered && text("refreshToken").is_some() && text("clientSecret").is_some();
    (refused || (ago >= 0 && !renewable)).then(|| trouble(Some(ago.max(0))))
}

/// Whether asking for the profile's credentials now would renew the token, and so change its file.
pub(super) async fn would_renew(machine: &Machine, profile: &Section) -> bool {
    const SOON: i64 = 15 * 60;
    let Some(named) = profile.setting("sso_session") else { return false };
    let file = token_file(machine, named.exact());
    let text = machine.read_text(&file).await.unwrap_or_default();
    let token: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    let until = token["expiresAt"].as_str().and_then(moment);
    until.is_none_or(|until| seconds(until) - seconds(SystemTime::now()) < SOON)
}

/// The file of a session's token: its name is the SHA-1 of the session's name, or of the start URL for the older kind without
/// a session (AWS CLI user guide, "IAM Identity Center").
fn token_file(machine: &Machine, session: &str) -> std::path::PathBuf {
    use sha1::Digest;
    let name = hex(&sha1::Sha1::digest(session.as_bytes()));
    machine.in_aws_home(&format!(".aws/sso/cache/{name}.json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_renewal_means_that_the_session_is_over() {
        assert!(is_over("service error: UnauthorizedException: Session token not found or invalid"));
        assert!(!is_over("dispatch failure: io error: connection refused"));
    }

    #[test]
    fn the_cache_s_name_is_the_sha_1_of_the_session_s() {
        use sha1::Digest;
        assert_eq!(hex(&sha1::Sha1::digest("corp")), "ee0bfd2552fbd840c02cc48b6e823320543c450f");
    }
}
