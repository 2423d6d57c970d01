//! The server's key against the fingerprint that AWS publishes for the region.
//!
//! A line for the file of known hosts is made only of a key whose fingerprint is the published one.

use super::talk::Known;
use crate::check::Gap;
use crate::facts::Facts;
use crate::machine::{Invocation, Machine};
use crate::regions;
use crate::target::Endpoint;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What is known of the server's key.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HostKey {
    /// The host under whose name ssh looks for it.
    pub host: String,
    /// Its kind.
    pub kind: String,
    /// Its fingerprint, with `SHA256:` or `MD5:` in front.
    pub fingerprint: String,
    /// The published one, likewise; none for hosts that AWS publishes none for.
    pub published: Option<String>,
    /// Whether this machine knows the key.
    pub known: Known,
    /// The file of known hosts, `~` for the home folder.
    pub file: String,
    /// The line for that file, where the key is the published one and not known.
    pub line: Option<String>,
}

impl HostKey {
    /// Whether the key is the published one; `None` where there is none to compare with.
    #[must_use]
    pub fn is_published(&self) -> Option<bool> {
        let published = self.published.as_ref()?;
        Some(published.trim_end_matches('=') == self.fingerprint.trim_end_matches('='))
    }
}

/// Compares.
///
/// # Errors
/// A gap where no key was shown.
pub async fn observe(facts: &Facts) -> Result<HostKey, Gap> {
    let (url, host) = super::url(facts).await?;
    let talk = facts.ssh_talk().await?;
    let Some((kind, fingerprint)) = &talk.host_key else {
        return Err(match facts.endpoint().await {
            Ok(probe) if !probe.is_reachable() => Gap::blocked("endpoint", "the host cannot be reached"),
            _ if !talk.host_key_kinds.is_empty() => {
                Gap::blocked("ssh-key", "ssh and the server find no common kind of key")
            }
            _ => Gap::unknown("the server showed no key"),
        });
    };
    let ssh = facts.ssh().await?;
    let effective = ssh.effective.as_ref();
    let (hostname, port) = effective.map_or((host, 22), |effective| (effective.hostname.as_str(), effective.port));
    // Where ssh really goes, and not what the machine's default region is.
    let region = ssh.region(url).filter(|_| url.endpoint != Endpoint::Vpc);
    let published = region.as_deref().and_then(regions::lookup).map(|region| match region.ssh_sha256 {
        Some(fingerprint) => format!("SHA256:{fingerprint}"),
        None => format!("MD5:{}", region.ssh_md5),
    });
    let file = effective.and_then(|effective| effective.known_hosts.as_deref()).unwrap_or("~/.ssh/known_hosts");
    let alias = effective.and_then(|effective| effective.host_key_alias.as_deref()).unwrap_or(hostname);
    let name = if port == 22 { alias.to_owned() } else { format!("[{alias}]:{port}") };
    let mut found = HostKey {
        host: name,
        kind: kind.clone(),
        fingerprint: fingerprint.clone(),
        published,
        known: talk.known,
        file: facts.machine.tilde(&facts.machine.expand(file)),
        line: None,
    };
    if found.known == Known::No && found.is_published() == Some(true) {
        let scan = super::identities::beside(&facts.machine, ssh, "ssh-keyscan");
        if let Some(scan) = scan {
            found.line = verified_line(&facts.machine, &scan, &found, hostname, port).await;
        }
    }
    Ok(found)
}

/// Fetches the key itself, and takes it only if it is the one whose fingerprint was published.
async fn verified_line(
    machine: &Machine,
    scan: &std::path::Path,
    found: &HostKey,
    hostname: &str,
    port: u16,
) -> Option<String> {
    let scanning = Invocation::new(scan, ["-t", "rsa", "-p", &port.to_string(), "--", hostname]);
    let output = machine.run(scanning).await.ok()?;
    let text = output.stdout_text();
    let key = text.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
        let (kind, body) = line.split_once(' ')?.1.split_once(' ')?;
        (kind == found.kind).then(|| body.trim().to_owned())
    })?;
    let published = found.published.as_deref()?;
    let is_it = match published.strip_prefix("SHA256:") {
        Some(expected) => sha256(&key).is_some_and(|fingerprint| fingerprint == expected.trim_end_matches('=')),
        // Of the old kind nothing is made here: this connection is another one than ssh's.
        None => false,
    };
    is_it.then(|| format!("{} {} {key}", found.host, found.kind))
}

/// The fingerprint of a key in base64, as OpenSSH writes it: without padding.
fn sha256(body: &str) -> Option<String> {
    let bytes = aws_smithy_types::base64::decode(body).ok()?;
    let digest = Sha256::digest(&bytes);
    Some(aws_smithy_types::base64::encode(digest).trim_end_matches('=').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    // GitHub's published key and fingerprint: a pair that anybody can check.
    const BODY: &str = "AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";
    const FINGERPRINT: &str = "+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU";

    #[test]
    fn a_fingerprint_is_that_of_the_key() {
        assert_eq!(sha256(BODY).as_deref(), Some(FINGERPRINT));
        assert_eq!(sha256("no base64!"), None);
    }

    #[test]
    fn padding_makes_no_other_fingerprint() {
        let key = |fingerprint: &str, published: Option<&str>| HostKey {
            fingerprint: fingerprint.to_owned(),
            published: published.map(str::to_owned),
            ..HostKey::default()
        };
        assert_eq!(key("SHA256:a", Some("SHA256:a=")).is_published(), Some(true));
        assert_eq!(key("SHA256:a", Some("SHA256:b")).is_published(), Some(false));
        assert_eq!(key("SHA256:a", None).is_published(), None);
    }
}
