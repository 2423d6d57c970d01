//! What the AWS tools keep between two calls: sessions of roles, and those of `aws login`.

use super::plan::Role;
use crate::machine::Machine;
use crate::shape::seconds;
use aws_credential_types::Credentials;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use serde_json::Value;
use std::fmt::Write;
use std::path::PathBuf;
use std::time::SystemTime;

/// With less time left, botocore begins a new session.
const WINDOW: i64 = 15 * 60;

/// A role's session that the AWS CLI or git-remote-codecommit keeps, while it is good for long enough.
pub(super) async fn session(machine: &Machine, role: &Role<'_>, grc: bool) -> Option<Credentials> {
    let folder = if grc { ".aws/boto/cache" } else { ".aws/cli/cache" };
    let file = machine.in_aws_home(&format!("{folder}/{}.json", key(role)));
    let cached: Value = serde_json::from_str(&machine.read_text(&file).await.ok()?).ok()?;
    let keys = &cached["Credentials"];
    let expiry = moment(keys["Expiration"].as_str()?)?;
    if seconds(expiry) - seconds(SystemTime::now()) < WINDOW {
        return None;
    }
    credentials(machine, keys, ["AccessKeyId", "SecretAccessKey", "SessionToken"], Some(expiry), "AssumeRoleCache")
}

/// What botocore calls a role's cached session: the SHA-1 of what `sts:AssumeRole` is asked, as Python writes JSON.
fn key(role: &Role<'_>) -> String {
    use sha1::Digest;
    // In the order of the alphabet.
    let duration = role.section.value("duration_seconds").and_then(|text| text.parse::<i64>().ok());
    let text = |name: &str, key: &str| {
        role.section.setting(key).map(|one| format!("\"{name}\": {}", Value::String(one.exact().to_owned())))
    };
    let parts = [
        duration.map(|seconds| format!("\"DurationSeconds\": {seconds}")),
        text("ExternalId", "external_id"),
        text("RoleArn", "role_arn"),
        text("RoleSessionName", "role_session_name"),
        text("SerialNumber", "mfa_serial"),
    ];
    let json = format!("{{{}}}", parts.into_iter().flatten().collect::<Vec<_>>().join(", "));
    hex(&sha1::Sha1::digest(json.as_bytes()))
}

/// The file of a session of `aws login`, named by the SHA-256 of the session's name.
pub(super) fn login_file(machine: &Machine, session: &str) -> PathBuf {
    use sha2::Digest;
    let hash = hex(&sha2::Sha256::digest(session.as_bytes()));
    let folder = machine.var_set("AWS_LOGIN_CACHE_DIRECTORY");
    let folder = folder.map_or_else(|| machine.in_aws_home(".aws/login/cache"), |named| machine.expand(&named));
    folder.join(format!("{hash}.json"))
}

/// The credentials of a session of `aws login`, whether they are still good or not.
pub(super) async fn login(machine: &Machine, session: &str) -> Option<Credentials> {
    let cached: Value = serde_json::from_str(&machine.read_text(&login_file(machine, session)).await.ok()?).ok()?;
    for secret in ["refreshToken", "dpopKey", "idToken"] {
        machine.secrets().learn(cached[secret].as_str().unwrap_or_default());
    }
    let keys = &cached["accessToken"];
    let expiry = keys["expiresAt"].as_str().and_then(moment);
    credentials(machine, keys, ["accessKeyId", "secretAccessKey", "sessionToken"], expiry, "Login")
}

/// Whether a session of `aws login` can be renewed without a person.
pub(super) async fn is_renewable(machine: &Machine, session: &str) -> bool {
    let text = machine.read_text(&login_file(machine, session)).await.unwrap_or_default();
    let cached: Value = serde_json::from_str(&text).unwrap_or_default();
    // The session itself lasts 12 hours at most ("Login for AWS local development", AWS CLI user guide).
    let until = cached["accessToken"]["expiresAt"].as_str().and_then(moment).map(seconds);
    if until.is_none_or(|until| seconds(SystemTime::now()) - until > 12 * 60 * 60) {
        return false;
    }
    ["refreshToken", "dpopKey", "clientId"].iter().all(|field| cached[field].is_string())
}

fn credentials(
    machine: &Machine,
    from: &Value,
    names: [&str; 3],
    expiry: Option<SystemTime>,
    provider: &'static str,
) -> Option<Credentials> {
    let [id, secret, token] = names.map(|name| from[name].as_str().map(str::to_owned));
    let (id, secret, token) = (id?, secret?, token?);
    machine.secrets().learn(&secret);
    machine.secrets().learn(&token);
    Some(Credentials::new(id, secret, Some(token), expiry, provider))
}

/// A point in time as the AWS tools write it.
pub(super) fn moment(text: &str) -> Option<SystemTime> {
    let text = text.replace("UTC", "Z");
    let time = DateTime::from_str(&text, Format::DateTimeWithOffset).ok()?;
    SystemTime::try_from(time).ok()
}

/// Bytes in hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::profiles::{Section, Setting};

    #[test]
    fn the_name_of_a_cached_session_is_botocore_s() {
        let section = Section {
            name: "dev".into(),
            settings: [
                ("role_arn", "arn:aws:iam::111122223333:role/Dev"),
                ("mfa_serial", "arn:aws:iam::111122223333:mfa/ann"),
            ]
            .map(|(key, value)| Setting::of(key, value))
            .into(),
        };
        let arn = section.setting("role_arn").unwrap();
        let role = Role { section: &section, arn, mfa: None, with: Box::new(super::super::plan::Source::Environment) };
        // python3 -c 'import json,hashlib; print(hashlib.sha1(json.dumps({"RoleArn": ..., "SerialNumber": ...},
        // sort_keys=True).encode()).hexdigest())'
        assert_eq!(key(&role), "64fffeaa7e24e53e9d714b16f533b26cdacaf5d2");
    }
}
