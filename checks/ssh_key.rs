//! The private key is at hand, of a kind that CodeCommit takes, and the one that IAM knows under the id.

use crate::check::{Check, Gap, Group, Verdict};
use crate::docs;
use crate::facts::access::{Access, Read};
use crate::facts::ssh::identities::{Identities, Key, Public, State};
use crate::facts::ssh::talk::Talk;
use crate::facts::ssh::uploaded::{Uploaded, UploadedKey};
use crate::facts::ssh::{self, Ssh};
use crate::finding::{Evidence, Finding, FindingKind, Fix, Severity};
use crate::needs::{Needs, On, action};
use crate::remedies::ssh as remedy;

mod algorithms;
mod files;

/// The check.
pub(super) static CHECK: Check = Check {
    id: "ssh-key",
    title: "The SSH key is at hand and is the one that IAM knows",
    group: Group::Ssh,
    explain: include_str!("ssh_key.md"),
    findings: &[
        &MISSING,
        &TYPE_REFUSED,
        &TOO_SHORT,
        &CORRUPT,
        &ENCRYPTED,
        &PUBLIC_HALF,
        &MISMATCH,
        &INACTIVE,
        &NOT_UPLOADED,
        &ALGORITHM,
    ],
    needs: Needs {
        actions: &[
            action("iam:ListSSHPublicKeys", On::User, "to see whether the key's id is known and active"),
            action("iam:GetSSHPublicKey", On::User, "to compare the key with the one at hand"),
        ],
        reads_policies: false,
        hosts: &["iam.amazonaws.com"],
        files: &["the files that IdentityFile names, of which nothing but the public half is kept"],
    },
    judge: |facts| {
        Box::pin(async move {
            let (url, host) = ssh::url(facts).await?;
            if facts.ssh().await?.effective.is_some() && !facts.ssh().await?.leads_to_codecommit(url) {
                return Err(Gap::blocked("clone-url", "the clone URL does not lead to CodeCommit"));
            }
            let (ssh, identities) = (facts.ssh().await?, facts.ssh_identities().await?);
            let (access, talk, uploaded) = tokio::join!(facts.access(), facts.ssh_talk(), facts.ssh_uploaded());
            let view = View {
                host,
                ssh,
                identities,
                uploaded: uploaded.ok(),
                talk: talk.ok(),
                works: access.is_ok_and(Access::works),
                has_terminal: facts.machine.has_terminal() && !facts.machine.is_ci(),
            };
            Ok(view.judge())
        })
    },
};

static MISSING: FindingKind =
    FindingKind::error("key-missing", "There is no private key to sign in with", &["C85"], docs::SETUP_SSH);
static TYPE_REFUSED: FindingKind =
    FindingKind::error("key-type-refused", "The key is no RSA key", &["C87"], docs::TROUBLE_SSH);
static TOO_SHORT: FindingKind =
    FindingKind::error("key-too-short", "The key has less than 2048 bits", &["C87"], docs::TROUBLE_SSH);
static CORRUPT: FindingKind =
    FindingKind::error("key-corrupt", "ssh cannot read the private key", &["C92"], docs::TROUBLE_SSH);
static ENCRYPTED: FindingKind =
    FindingKind::error("key-encrypted-no-agent", "Nobody can give the key's passphrase", &["C101"], docs::TROUBLE_SSH);
static PUBLIC_HALF: FindingKind = FindingKind::error(
    "public-key-as-identity",
    "The public half stands for the private key",
    &["C85"],
    docs::TROUBLE_SSH,
);
static MISMATCH: FindingKind =
    FindingKind::error("key-id-mismatch", "The key's id is that of another key", &["C85"], docs::TROUBLE_SSH);
static INACTIVE: FindingKind =
    FindingKind::error("key-inactive", "The key is made inactive in IAM", &["C86"], docs::IAM_GIT_CREDENTIALS);
static NOT_UPLOADED: FindingKind =
    FindingKind::error("key-not-uploaded", "IAM does not know the key", &["C86"], docs::IAM_GIT_CREDENTIALS);
static ALGORITHM: FindingKind = FindingKind::error(
    "algorithm-refused",
    "ssh and the server have no signature in common",
    &["C88", "C89", "C91"],
    docs::TROUBLE_SSH,
);

/// The smallest key that IAM takes (`UploadSSHPublicKey`, IAM API reference).
const SMALLEST: u32 = 2048;

/// Everything that is looked at.
struct View<'a> {
    /// The host as it is typed.
    host: &'a str,
    ssh: &'a Ssh,
    identities: &'a Identities,
    uploaded: Option<&'a Uploaded>,
    talk: Option<&'a Talk>,
    /// Whether Git can read, so that one of the keys is good.
    works: bool,
    /// Whether somebody could be asked for a passphrase.
    has_terminal: bool,
}

impl View<'_> {
    fn judge(&self) -> Verdict {
        if self.works {
            return Verdict::new(format!("{} is let in", self.ssh.user().unwrap_or("the key")), Vec::new());
        }
        let known = self.known_to_iam();
        let is_another = known.as_ref().is_some_and(|finding| finding.kind == &MISMATCH);
        let mut findings = Vec::new();
        if self.good().next().is_none() || is_another && self.identities.named {
            findings.extend(self.flaws());
        } else if self.identities.named {
            // The one that was named may be the right one.
            findings.extend(self.flaws().into_iter().map(|finding| finding.at_most(Severity::Warning)));
        }
        findings.extend(known);
        findings.extend(self.algorithms());
        Verdict::new(self.summary(), findings)
    }

    fn summary(&self) -> String {
        let files = self.identities.files.iter().filter(|key| key.state != State::Missing).count();
        let agent = self.identities.agent.as_ref().map(|keys| format!(", {} in the agent", keys.len()));
        let s = if files == 1 { "" } else { "s" };
        format!("{files} private key{s} in files{}", agent.unwrap_or_default())
    }

    /// The keys that ssh can offer and CodeCommit could take.
    fn good(&self) -> impl Iterator<Item = &Public> {
        let too_short = |public: &Public| {
            self.identities.files.iter().any(|key| key.public.as_ref() == Some(public) && is_short(key))
        };
        self.identities.offered().filter(move |public| public.is_rsa() && !too_short(public))
    }

    /// Whether IAM knows the id as which ssh signs in, and as that of a key that is at hand.
    fn known_to_iam(&self) -> Option<Finding> {
        let id = self.ssh.key_id()?;
        let Uploaded::Listed { user, keys } = self.uploaded? else { return None };
        let Some(key) = keys.iter().find(|key| key.id == id) else {
            // Where no key is any good, that comes first; and only a server that refuses the key says that it does not know it.
            return self.good().next().filter(|_| self.is_refused()).map(|_| self.unknown(id, user, keys));
        };
        let seen = Evidence::new("iam:ListSSHPublicKeys", format!("{id} of {user}"));
        if !key.active {
            let message = format!("The SSH key {id} of the IAM user {user} is inactive.");
            let fix = Fix::manual("Make it active again").run([
                "aws",
                "iam",
                "update-ssh-public-key",
                "--user-name",
                user,
                "--ssh-public-key-id",
                id,
                "--status",
                "Active",
            ]);
            return Some(Finding::new(&INACTIVE, message).seen(seen).fix(fix));
        }
        let public = key.public.as_ref()?;
        let mut good = self.good().peekable();
        good.peek()?;
        if good.any(|at_hand| at_hand.body == public.body) {
            return None;
        }
        let message = format!("{id} is the id of another key than the one that ssh offers.");
        let finding = Finding::new(&MISMATCH, message).seen(Evidence::new("iam:GetSSHPublicKey", shown(public)));
        let finding =
            self.good().fold(finding, |finding, at_hand| finding.seen(Evidence::new("ssh offers", shown(at_hand))));
        Some(finding.fix(self.match_them(id, public)))
    }

    /// Whether the server refused every key.
    fn is_refused(&self) -> bool {
        let said = self.talk.map(|talk| &talk.read);
        matches!(said, Some(Read::Failed(said)) if said.contains("Permission denied (publickey"))
    }

    /// Leads to the key that belongs to the id, or to the id that belongs to the key.
    fn match_them(&self, id: &str, wanted: &Public) -> Fix {
        if let Some((file, _)) = self.identities.beside.iter().find(|(_, public)| public.body == wanted.body) {
            let private = file.trim_end_matches(".pub");
            return Fix::manual(format!(
                "Write IdentityFile {private} into the block for CodeCommit: that key belongs to {id}"
            ));
        }
        match remedy::own_key(self.uploaded, self.identities).filter(|other| other != id) {
            Some(other) => {
                Fix::manual(format!("Write User {other} into the block for CodeCommit: that is the key at hand"))
            }
            None => Fix::manual(format!(
                "Find the private key that belongs to {id}, or upload the public key at hand to IAM"
            )),
        }
    }

    fn unknown(&self, id: &str, user: &str, keys: &[UploadedKey]) -> Finding {
        let known = if keys.is_empty() {
            "none".to_owned()
        } else {
            keys.iter().map(|key| key.id.as_str()).collect::<Vec<_>>().join(", ")
        };
        let seen = Evidence::new("iam:ListSSHPublicKeys", format!("{user} has {known}"));
        if let Some(own) = remedy::own_key(self.uploaded, self.identities) {
            let message =
                format!("ssh signs in as {id}, which is none of the keys of {user}; the key at hand is {own}.");
            let fix = Fix::manual(format!("Write User {own} into the block for CodeCommit"));
            return Finding::new(&MISMATCH, message).seen(seen).fix(fix);
        }
        let message = format!("The IAM user {user} has no SSH key {id}; it was never uploaded, or is another user's.");
        let finding = Finding::new(&NOT_UPLOADED, message).seen(seen);
        let public = self.identities.files.iter().find(|key| key.public.as_ref().is_some_and(Public::is_rsa));
        let fix = Fix::manual("Upload the public key, and write the id that IAM gives it as User into ~/.ssh/config");
        let fix = match public {
            Some(key) => fix.run([
                "aws",
                "iam",
                "upload-ssh-public-key",
                "--user-name",
                user,
                "--ssh-public-key-body",
                &format!("file://{}.pub", key.path),
            ]),
            None => fix,
        };
        finding.fix(fix.docs(docs::SETUP_SSH))
    }
}

fn is_short(key: &Key) -> bool {
    key.public.as_ref().is_some_and(Public::is_rsa) && key.bits.is_some_and(|bits| bits < SMALLEST)
}

/// The end of a key, by which a person knows it again, and its comment.
fn shown(public: &Public) -> String {
    let end = public.body.len().saturating_sub(12);
    format!("{} ...{} {}", public.kind, public.body.get(end..).unwrap_or_default(), public.comment)
        .trim_end()
        .to_owned()
}

#[cfg(test)]
mod tests;
