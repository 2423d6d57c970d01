//! Whether ssh and the server find a signature in common. The old `ssh-rsa` is only ever proposed where the server's own
//! offer, heard a moment ago, leaves nothing else.

use super::{ALGORITHM, View};
use crate::docs;
use crate::facts::access::Read;
use crate::finding::{Evidence, Finding, Fix};
use semver::Version;

/// The signatures that RSA keys make, without the old one.
const NEW: &[&str] = &["rsa-sha2-256", "rsa-sha2-512"];

impl View<'_> {
    pub(super) fn algorithms(&self) -> Option<Finding> {
        let talk = self.talk?;
        let Read::Failed(said) = &talk.read else { return None };
        let only_old = |list: &[String]| {
            list.iter().any(|name| name == "ssh-rsa") && !list.iter().any(|name| NEW.contains(&name.as_str()))
        };
        let offer = |list: &[String]| Evidence::new("the server offers", list.join(", "));
        if said.contains("no matching host key type found") {
            let message = "This ssh takes none of the kinds of host key that the server offers.";
            let finding = Finding::new(&ALGORITHM, message).seen(offer(&talk.host_key_kinds));
            let fix = if only_old(&talk.host_key_kinds) { self.allow_old() } else { own_setting() };
            return Some(finding.fix(fix));
        }
        if talk.kept_back || said.contains("no mutual signature") {
            let message = "This ssh may make none of the signatures that the server takes.";
            let finding = Finding::new(&ALGORITHM, message).seen(offer(&talk.signatures));
            let fix =
                if only_old(&talk.signatures) || talk.signatures.is_empty() { self.allow_old() } else { own_setting() };
            return Some(finding.fix(fix));
        }
        if said.contains("ssh_dispatch_run_fatal") && said.contains("error in libcrypto") {
            if !only_old(&talk.host_key_kinds) {
                return None;
            }
            let message = "The system's cryptographic policy forbids the signature that the server makes.";
            let fix = Fix::manual(
                "Clone over https, or let the policy allow SHA-1: update-crypto-policies --set DEFAULT:SHA1",
            );
            return Some(
                Finding::new(&ALGORITHM, message).seen(offer(&talk.host_key_kinds)).fix(fix.docs(docs::TROUBLE_SSH)),
            );
        }
        None
    }

    /// For this host alone, because it weakens what ssh insists on.
    fn allow_old(&self) -> Fix {
        let host = self.host;
        let old = self.ssh.client.version().is_some_and(|version| version < Version::new(8, 5, 0));
        let keys = if old { "PubkeyAcceptedKeyTypes" } else { "PubkeyAcceptedAlgorithms" };
        Fix::manual("Allow the old signature for this host, and for no other")
            .instruct(format!("Host {host}"))
            .instruct("  HostKeyAlgorithms +ssh-rsa")
            .instruct(format!("  {keys} +ssh-rsa"))
            .docs(docs::TROUBLE_SSH)
    }
}

/// The server takes the new ones: it is this machine's setting that forbids them.
fn own_setting() -> Fix {
    Fix::manual(
        "Remove HostKeyAlgorithms, PubkeyAcceptedAlgorithms or PubkeyAcceptedKeyTypes from ssh's configuration: the server takes rsa-sha2-256 and rsa-sha2-512",
    )
    .docs(docs::TROUBLE_SSH)
}
