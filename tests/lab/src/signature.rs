//! AWS Signature Version 4, verified: of API requests, and of Git's passwords.
//!
//! Sources: "AWS Signature Version 4 for API requests" (IAM user guide); the AWS CLI's `codecommit credential-helper` for
//! Git's form of it (method `GIT`, the path, the one header `host`, no payload).

use crate::server::Asked;
use crate::world::World;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use std::fmt::Write;
use time::format_description::StaticFormatDescription;
use time::macros::format_description;
use time::{Duration, OffsetDateTime, PrimitiveDateTime};

/// How far a signature's time may be off.
const WINDOW: Duration = Duration::minutes(15);

/// Why a signature is refused.
#[derive(Debug)]
pub(crate) enum Bad {
    /// It does not fit the request and the secret.
    Mismatch,
    /// Its time is off; the text is AWS's own.
    Time(String),
}

/// What an `Authorization` header of an API request says.
pub(crate) struct Claim<'a> {
    /// The access key id.
    pub(crate) key_id: &'a str,
    scope: &'a str,
    headers: &'a str,
    signature: &'a str,
}

impl<'a> Claim<'a> {
    /// Reads the header `AWS4-HMAC-SHA256 Credential=..., SignedHeaders=..., Signature=...`.
    pub(crate) fn read(header: &'a str) -> Option<Self> {
        let fields = header.strip_prefix("AWS4-HMAC-SHA256 ")?;
        let field = |name: &str| fields.split(',').find_map(|field| field.trim().strip_prefix(name)?.strip_prefix('='));
        let (key_id, scope) = field("Credential")?.split_once('/')?;
        Some(Self { key_id, scope, headers: field("SignedHeaders")?, signature: field("Signature")? })
    }

    /// Whether the request was signed with this secret, not too long ago.
    pub(crate) fn verify(&self, asked: &Asked, secret: &str, world: &World) -> Result<(), Bad> {
        let time = asked.header("x-amz-date").unwrap_or_default();
        let mut canonical = format!(
            "{}\n{}\n{}\n",
            asked.head.method,
            asked.head.uri.path(),
            asked.head.uri.query().unwrap_or_default()
        );
        for name in self.headers.split(';') {
            let value = asked.header(name).unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
            let _ = writeln!(canonical, "{name}:{value}");
        }
        let _ = write!(canonical, "\n{}\n{}", self.headers, hex(&Sha256::digest(&asked.body)));
        if sign(secret, self.scope, time, &canonical) != self.signature {
            return Err(Bad::Mismatch);
        }
        timely(time, world)
    }
}

/// Whether a Git password, a time and a signature, was made with this secret for this host and path, not too long ago.
pub(crate) fn verify_git(
    password: &str,
    secret: &str,
    host: &str,
    path: &str,
    region: &str,
    world: &World,
) -> Result<(), Bad> {
    let (time, signature) = password.split_once('Z').ok_or(Bad::Mismatch)?;
    let canonical = format!("GIT\n{path}\n\nhost:{host}\n\nhost\n");
    let scope = format!("{}/{region}/codecommit/aws4_request", time.get(..8).ok_or(Bad::Mismatch)?);
    if sign(secret, &scope, time, &canonical) != signature {
        return Err(Bad::Mismatch);
    }
    timely(&format!("{time}Z"), world)
}

fn sign(secret: &str, scope: &str, time: &str, canonical: &str) -> String {
    let text = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", hex(&Sha256::digest(canonical)));
    let key = scope.split('/').fold(format!("AWS4{secret}").into_bytes(), |key, part| mac(&key, part));
    hex(&mac(&key, &text))
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    // A key of any length is fine for HMAC.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return Vec::new() };
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn timely(signed: &str, world: &World) -> Result<(), Bad> {
    let now = OffsetDateTime::from(world.now());
    let then = read(signed).ok_or(Bad::Mismatch)?;
    if then < now - WINDOW {
        let edge = compact(now - WINDOW);
        Err(Bad::Time(format!("Signature expired: {signed} is now earlier than {edge} ({} - 15 min.)", compact(now))))
    } else if then > now + WINDOW {
        let edge = compact(now + WINDOW);
        Err(Bad::Time(format!(
            "Signature not yet current: {signed} is still later than {edge} ({} + 15 min.)",
            compact(now)
        )))
    } else {
        Ok(())
    }
}

const COMPACT: StaticFormatDescription = format_description!("[year][month][day]T[hour][minute][second]Z");

/// Reads `YYYYMMDDTHHMMSSZ`.
fn read(text: &str) -> Option<OffsetDateTime> {
    PrimitiveDateTime::parse(text, COMPACT).ok().map(PrimitiveDateTime::assume_utc)
}

fn compact(time: OffsetDateTime) -> String {
    time.format(COMPACT).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_go_there_and_back() {
        for time in ["19700101T000000Z", "20000229T235959Z", "20261125T091126Z"] {
            assert_eq!(compact(read(time).unwrap()), time);
        }
    }
}
