//! Credentials, reduced to what may be told.

use super::Outcome;
use crate::finding::Evidence;
use crate::machine::Machine;
use crate::redact::MASK;
use crate::shape::seconds;
use aws_credential_types::Credentials;
use serde::{Deserialize, Serialize};
use std::time::SystemTime;

/// Credentials, reduced to what may be told.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// The access key id.
    pub key_id: String,
    /// What gave them, in words.
    pub by: String,
    /// Where that is configured.
    pub seen: Option<Evidence>,
    /// Whether they are temporary.
    pub temporary: bool,
    /// Whether their session was begun with MFA.
    pub with_mfa: bool,
    /// Whether the program that gives them gives others when it is asked again.
    pub unstable: bool,
    /// Seconds until they run out.
    pub expires_in: Option<i64>,
    /// The credentials themselves.
    #[serde(skip)]
    pub keys: Option<Credentials>,
}

/// An access key id as it may be told. What does not look like one may be the secret, put in the wrong place.
pub(super) fn tell_key(id: &str) -> String {
    let plain = id.starts_with("AKIA") || id.starts_with("ASIA");
    if plain && id.len() <= 32 { id.to_owned() } else { MASK.to_owned() }
}

/// Learns the secrets, and tells the rest.
pub(super) fn read(machine: &Machine, keys: Credentials, by: &str, seen: Evidence, with_mfa: bool) -> Outcome {
    // Nothing else goes into a header, and no key or token has anything else.
    let is_plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
    let parts = [keys.access_key_id(), keys.secret_access_key(), keys.session_token().unwrap_or_default()];
    machine.secrets().learn(keys.secret_access_key());
    if let Some(token) = keys.session_token() {
        machine.secrets().learn(token);
    }
    if !parts.iter().all(|part| is_plain(part)) {
        let why = format!("The key, secret or token from {by} holds a line ending or another character that none has.");
        return Outcome::Garbled { why, seen };
    }
    let expires_in = keys.expiry().map(|expiry| seconds(expiry) - seconds(SystemTime::now()));
    if expires_in.is_some_and(|left| left <= 0) {
        return Outcome::Expired { text: "their own expiry time has passed".to_owned(), seen };
    }
    Outcome::Found(Found {
        key_id: tell_key(keys.access_key_id()),
        by: by.to_owned(),
        seen: Some(seen),
        temporary: keys.session_token().is_some(),
        with_mfa,
        unstable: false,
        expires_in,
        keys: Some(keys),
    })
}
