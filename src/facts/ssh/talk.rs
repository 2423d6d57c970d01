//! One real conversation: `git ls-remote` over ssh, as the person would run it, but asking nobody and keeping nothing; and
//! what ssh tells of it step by step.

use super::{Client, Effective, Variant};
use crate::check::Gap;
use crate::facts::Facts;
use crate::facts::access::{NO_ANSWER, Read};
use crate::machine::{Ended, Invocation, Machine};
use crate::redact::{Secret, redact};
use crate::regions;
use serde::{Deserialize, Serialize};

/// What was learnt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Talk {
    /// Whether Git could read.
    pub read: Read,
    /// The server's key: its kind, and its fingerprint with `SHA256:` or `MD5:` in front.
    pub host_key: Option<(String, String)>,
    /// Whether this machine knows that key.
    pub known: Known,
    /// The kinds of host key that the server offers.
    pub host_key_kinds: Vec<String>,
    /// The kinds of signature that the server takes.
    pub signatures: Vec<String>,
    /// Whether ssh kept a key back, because it may make no signature that the server takes.
    pub kept_back: bool,
}

/// Whether this machine knows the server's key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Known {
    /// It does, or is told not to look.
    #[default]
    Yes,
    /// It knows no key of this host.
    No,
    /// It knows another one.
    Other,
}

/// In front of the person's own, so that they win: nobody is asked, nothing is remembered, and each step is told.
const OPTIONS: &[&str] = &[
    "-o",
    "BatchMode=yes",
    "-o",
    "UpdateHostKeys=no",
    "-o",
    "ControlMaster=no",
    "-o",
    "ControlPath=none",
    "-o",
    "LogLevel=DEBUG2",
    "-o",
    "AddKeysToAgent=no",
    "-o",
    "CheckHostIP=no",
];

/// Talks.
///
/// # Errors
/// A gap where ssh cannot be run in the person's place.
pub async fn observe(facts: &Facts) -> Result<Talk, Gap> {
    facts.online()?;
    let (url, _) = super::url(facts).await?;
    if facts.git_config().await?.fatal().is_some() {
        return Err(Gap::blocked("git-config", "git's configuration is invalid"));
    }
    let git = facts.git().await?;
    let Some(program) = facts.machine.which("git").filter(|_| git.runs()) else {
        return Err(Gap::blocked("git-version", "git cannot be run"));
    };
    if url.repository.is_none() {
        return Err(Gap::blocked("clone-url", "the clone URL names no repository"));
    }
    let ssh = facts.ssh().await?;
    let client = &ssh.client;
    let ask = Ask { facts, program, client };
    match (client.variant, &client.path, &client.named_by) {
        (_, None, _) if !client.is_more => return Err(Gap::blocked("ssh-config", "ssh cannot be run")),
        (Variant::Plink, ..) => return ask.run(&["-batch"], "plink").await,
        (Variant::OpenSsh, ..) => {}
        (Variant::Other, _, Some(by)) => {
            return Err(Gap::unknown(format!("{} names a program that the doctor does not know", by.source)));
        }
        (Variant::Other, ..) => return Err(Gap::unknown("this ssh is not OpenSSH's")),
    }
    let Some(effective) = &ssh.effective else {
        return Err(Gap::blocked("ssh-config", "ssh's configuration cannot be read"));
    };
    if let Some(detour) = &effective.detour {
        // What stands in between has settings of its own, which the doctor cannot keep from remembering things.
        return Err(Gap::unknown(format!("a {detour} leads to this host, and the doctor does not go that way")));
    }
    // The published fingerprint of one region is of the old kind only.
    let region = ssh.region(url);
    let is_old = region.as_deref().and_then(regions::lookup).is_some_and(|region| region.ssh_sha256.is_none());
    let hash = if is_old { "FingerprintHash=md5" } else { "FingerprintHash=sha256" };
    let with = |more: &[&'static str]| [OPTIONS, &["-o", hash], more].concat();
    let strict = ask.run(&with(&["-o", "StrictHostKeyChecking=yes"]), "ssh").await?;
    // Whoever told ssh to trust whatever comes is let through, without a trace in the file of known hosts.
    if strict.known != Known::Yes && trusts_whatever_comes(effective, strict.known) {
        let lenient = ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"];
        return Ok(Talk { known: Known::Yes, ..ask.run(&with(&lenient), "ssh").await? });
    }
    Ok(strict)
}

fn trusts_whatever_comes(effective: &Effective, known: Known) -> bool {
    match effective.strict_host_keys.as_str() {
        "no" | "off" | "false" => true,
        "accept-new" => known == Known::No,
        _ => false,
    }
}

struct Ask<'a> {
    facts: &'a Facts,
    program: std::path::PathBuf,
    client: &'a Client,
}

impl Ask<'_> {
    async fn run(&self, options: &[&str], variant: &str) -> Result<Talk, Gap> {
        let facts = self.facts;
        let target = facts.target().await?;
        let given = facts.request.target.url.as_ref().map(Secret::expose).unwrap_or_default();
        let remote = target.from.strip_prefix("remote ").unwrap_or(given);
        let asking = Invocation::new(&self.program, ["ls-remote", "--quiet", "--", remote])
            .env("GIT_SSH_COMMAND", self.client.with_options(options))
            .env("GIT_SSH_VARIANT", variant);
        let output = facts.machine.run(asking).await.map_err(|error| Gap::unknown(error.to_string()))?;
        let trace = output.stderr_text();
        let said = words(&facts.machine, &trace);
        let read = match output.ended {
            Ended::Code(0) => Read::Works(output.stdout_text().lines().count()),
            Ended::TimedOut if trace.contains("debug1: Server host key") => {
                let why = "the server is there, and then ssh waits: for a person whom the agent asks, or for an answer";
                return Err(Gap::unknown(why));
            }
            Ended::TimedOut => Read::Failed(format!("{NO_ANSWER}\n{said}")),
            _ => Read::Failed(said),
        };
        Ok(Talk { read, ..overhear(&trace) })
    }
}

/// What a person would have seen: everything but ssh's own account of its steps.
fn words(machine: &Machine, trace: &str) -> String {
    let is_step = |line: &str| {
        ["debug1:", "debug2:", "debug3:", "OpenSSH_", "Authenticated to", "Transferred:", "Bytes per second:"]
            .iter()
            .any(|start| line.starts_with(start))
    };
    let lines: Vec<&str> = trace.lines().map(str::trim_end).filter(|line| !is_step(line)).collect();
    redact(&machine.secrets().scrub(&lines.join("\n")))
}

/// Reads ssh's account.
fn overhear(trace: &str) -> Talk {
    let value = |start: &str| trace.lines().find_map(|line| line.strip_prefix(start)).map(str::trim);
    let list =
        |text: &str| text.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect();
    // The first proposal is this machine's, the second the server's.
    let theirs = trace.split("peer server KEXINIT proposal").nth(1).unwrap_or_default();
    let kinds = theirs.lines().find_map(|line| line.strip_prefix("debug2: host key algorithms: ")).map(list);
    // Without a kind in common the server's are told in the message alone.
    let offer = || Some(list(trace.split_once("Their offer: ")?.1.lines().next()?));
    let signatures =
        value("debug1: kex_input_ext_info: server-sig-algs=<").map(|text| list(text.trim_end_matches('>')));
    let known = if trace.contains("REMOTE HOST IDENTIFICATION HAS CHANGED") {
        Known::Other
    } else if trace.contains("Host key verification failed") {
        Known::No
    } else {
        Known::Yes
    };
    let host_key = value("debug1: Server host key: ").and_then(|text| text.split_once(' '));
    Talk {
        read: Read::Works(0),
        host_key: host_key.map(|(kind, fingerprint)| (kind.to_owned(), fingerprint.trim().to_owned())),
        known,
        host_key_kinds: kinds.or_else(offer).unwrap_or_default(),
        signatures: signatures.unwrap_or_default(),
        kept_back: is_kept_back(trace),
    }
}

/// Whether ssh keeps an RSA key back, and offers no other one.
fn is_kept_back(trace: &str) -> bool {
    let skipped = |line: &str| {
        line.contains("no mutual signature")
            || line.contains("Skipping ssh-rsa key") && line.contains("not in PubkeyAccepted")
    };
    let offered = |line: &str| line.starts_with("debug1: Offering public key:") && line.contains(" RSA ");
    trace.lines().any(skipped) && !trace.lines().any(offered)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "\
OpenSSH_9.2p1 Debian-2+deb12u6, OpenSSL 3.0.19 27 Jan 2026\r
debug2: local client KEXINIT proposal\r
debug2: host key algorithms: ssh-ed25519,rsa-sha2-512\r
debug2: peer server KEXINIT proposal\r
debug2: host key algorithms: rsa-sha2-512,rsa-sha2-256,ssh-rsa\r
debug1: Server host key: ssh-rsa SHA256:3lBlW2g5xn/NA2Ck6dyeJIrQOWvn7n8UEs56fG6ZIzQ\r
debug1: kex_input_ext_info: server-sig-algs=<rsa-sha2-256,rsa-sha2-512>\r
debug1: Offering public key: /home/ann/my keys/id RSA SHA256:x explicit\r
APKA@git-codecommit.us-east-2.amazonaws.com: Permission denied (publickey).\r
fatal: Could not read from remote repository.
";

    #[test]
    fn ssh_s_account_is_read_and_kept_from_its_words() {
        let talk = overhear(TRACE);
        let key = ("ssh-rsa".to_owned(), "SHA256:3lBlW2g5xn/NA2Ck6dyeJIrQOWvn7n8UEs56fG6ZIzQ".to_owned());
        assert_eq!((talk.host_key, talk.known), (Some(key), Known::Yes));
        assert_eq!(talk.host_key_kinds, ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"]);
        assert_eq!(talk.signatures, ["rsa-sha2-256", "rsa-sha2-512"]);
        let machine = Machine::new(crate::machine::Os::Linux, [], "/".into());
        assert_eq!(
            words(&machine, TRACE),
            "APKA@git-codecommit.us-east-2.amazonaws.com: Permission denied (publickey).\nfatal: Could not read from remote repository."
        );
    }

    #[test]
    fn an_offer_that_nobody_takes_is_read_from_the_message() {
        let talk = overhear(
            "Unable to negotiate with 1.2.3.4 port 22: no matching host key type found. Their offer: ssh-rsa\r\n",
        );
        assert_eq!(talk.host_key_kinds, ["ssh-rsa"]);
        let skipped = "debug1: Skipping ssh-rsa key /k - corresponding algo not in PubkeyAcceptedAlgorithms\n";
        assert!(is_kept_back(skipped));
        assert!(!is_kept_back(&format!("{skipped}debug1: Offering public key: /other RSA SHA256:x explicit")));
        assert!(!is_kept_back("debug1: Skipping ssh-dss key /k - corresponding algo not in PubkeyAcceptedAlgorithms"));
        assert_eq!(overhear("No RSA host key is known\nHost key verification failed.").known, Known::No);
    }
}
