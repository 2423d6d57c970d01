//! ssh is there, its configuration is read, and it signs in as a key.

use crate::check::{Check, Gap, Group, Verdict};
use crate::docs;
use crate::facts::access::Access;
use crate::facts::ssh::identities::{Identities, Public};
use crate::facts::ssh::uploaded::Uploaded;
use crate::facts::ssh::{self, Block, Complaint, Effective, Ssh, Variant, is_key_id};
use crate::finding::{ConfigChange, Evidence, Finding, FindingKind, Fix, Safety, Severity};
use crate::machine::Os;
use crate::needs::Needs;
use crate::remedies::{environment, ssh as remedy};
use crate::target::CloneUrl;
use semver::Version;

/// The check.
pub(super) static CHECK: Check = Check {
    id: "ssh-config",
    title: "ssh is set up to sign in with a key of IAM's",
    group: Group::Ssh,
    explain: include_str!("ssh_config.md"),
    findings: &[
        &MISSING,
        &PLINK,
        &INVALID,
        &PERMISSIONS,
        &NOT_READ,
        &USER_MISSING,
        &USER_NOT_KEY_ID,
        &TWO_ACCOUNTS,
        &MANY_KEYS,
    ],
    needs: Needs {
        actions: &[],
        reads_policies: false,
        hosts: &[],
        files: &["~/.ssh/config", "/etc/ssh/ssh_config", "the files that IdentityFile names"],
    },
    judge: |facts| {
        Box::pin(async move {
            let (url, host) = ssh::url(facts).await?;
            let ssh = facts.ssh().await?;
            if !ssh.leads_to_codecommit(url) && ssh.complaint.is_none() && ssh.effective.is_some() {
                return Err(Gap::blocked("clone-url", "the clone URL does not lead to CodeCommit"));
            }
            if let Some(by) = ssh.client.named_by.as_ref().filter(|_| ssh.client.is_more) {
                return Err(Gap::unknown(format!("{} runs more than one program, and the doctor does not", by.source)));
            }
            if let Some(said) = ssh.silent.as_ref().filter(|_| ssh.client.is_openssh()) {
                return Err(Gap::unknown(format!("ssh -G does not say what its configuration comes to: {said}")));
            }
            let (identities, access, uploaded) =
                tokio::join!(facts.ssh_identities(), facts.access(), facts.ssh_uploaded());
            let none = Identities::default();
            let view = View {
                ssh,
                url,
                host,
                remote: facts.target().await?.from.strip_prefix("remote "),
                identities: identities.unwrap_or(&none),
                uploaded: uploaded.ok(),
                works: access.is_ok_and(Access::works),
                os: facts.machine.os(),
            };
            Ok(view.judge())
        })
    },
};

static MISSING: FindingKind = FindingKind::error("ssh-missing", "There is no ssh on PATH", &["C99"], docs::SETUP_SSH);
static PLINK: FindingKind = FindingKind::error("plink", "Git uses PuTTY's plink", &["C99"], docs::TROUBLE_GIT);
static INVALID: FindingKind =
    FindingKind::error("config-invalid", "ssh does not understand its configuration", &["C90"], docs::TROUBLE_SSH);
static PERMISSIONS: FindingKind =
    FindingKind::error("bad-permissions", "Others may change or read ssh's files", &["C95", "C96"], docs::TROUBLE_SSH);
// A warning by itself: it is the cause where ssh therefore signs in as somebody else.
static NOT_READ: FindingKind = FindingKind::error(
    "config-not-read",
    "What was written for CodeCommit does not apply",
    &["C95"],
    docs::TROUBLE_SSH,
);
static USER_MISSING: FindingKind =
    FindingKind::error("user-missing", "ssh is not told the id of the key", &["C83"], docs::TROUBLE_SSH);
static USER_NOT_KEY_ID: FindingKind = FindingKind::error(
    "user-not-key-id",
    "ssh signs in with a name instead of a key's id",
    &["C84"],
    docs::TROUBLE_SSH,
);
static TWO_ACCOUNTS: FindingKind =
    FindingKind::warning("two-accounts-one-host", "Two keys are named for one host", &["C102"], docs::TROUBLE_SSH);
static MANY_KEYS: FindingKind =
    FindingKind::warning("agent-offers-many", "The agent's other keys are offered first", &["C100"], docs::TROUBLE_SSH);

/// Servers of OpenSSH's make close the door after six keys (`MaxAuthTries`, `sshd_config(5)`).
const MANY: usize = 5;

/// Everything that is looked at.
struct View<'a> {
    ssh: &'a Ssh,
    url: &'a CloneUrl,
    /// The host as it is typed.
    host: &'a str,
    remote: Option<&'a str>,
    identities: &'a Identities,
    uploaded: Option<&'a Uploaded>,
    /// Whether Git can read.
    works: bool,
    os: Os,
}

impl View<'_> {
    fn judge(&self) -> Verdict {
        let mut findings: Vec<Finding> = self.program().into_iter().collect();
        if findings.is_empty() {
            findings.extend(self.ssh.complaint.as_ref().map(|complaint| self.complaint(complaint)));
            if let Some(effective) = self.ssh.effective.as_ref().filter(|_| !self.works) {
                findings.extend(self.readable_keys());
                findings.extend(self.user(effective));
            }
            findings.extend(self.two_accounts());
            findings.extend(self.many_keys());
        }
        Verdict::new(self.summary(), findings)
    }

    fn summary(&self) -> String {
        let program = self.ssh.client.version_text.as_deref().unwrap_or("ssh");
        let program = program.split([',', ' ']).next().unwrap_or(program);
        match &self.ssh.effective {
            Some(effective) => format!("{program} signs in to {} as {}", effective.hostname, effective.user),
            None => format!("{} is what Git runs for SSH", self.ssh.client.program),
        }
    }

    fn program(&self) -> Option<Finding> {
        let client = &self.ssh.client;
        let named = |finding: Finding| client.named_by.iter().cloned().fold(finding, Finding::seen);
        if client.variant == Variant::Plink {
            let message = "Git uses PuTTY's plink for SSH, which reads neither ~/.ssh/config nor OpenSSH's keys.";
            let seen = Evidence::new("Git runs", &client.program);
            // With Pageant it may well work; only Git can tell.
            let finding = named(Finding::new(&PLINK, message)).seen(seen).at_most(Severity::Warning);
            let finding = if self.works { finding.at_most(Severity::Note) } else { finding };
            return Some(finding.fix(self.use_openssh()));
        }
        if client.path.is_some() {
            return None;
        }
        let program = &client.program;
        let message = format!("Git runs {program} for SSH, and there is no such program.");
        let finding = named(Finding::new(&MISSING, message)).seen(Evidence::new("PATH", format!("no {program}")));
        let fix = match (&client.named_by, self.os) {
            (Some(_), _) => self.use_openssh(),
            (None, Os::Linux) => {
                Fix::manual("Install an OpenSSH client").instruct("Debian: apt-get install openssh-client")
            }
            (None, _) => Fix::manual("Install an OpenSSH client").docs(docs::SETUP_SSH),
        };
        Some(finding.fix(fix))
    }

    /// Takes back whatever names another program.
    fn use_openssh(&self) -> Fix {
        let named = self.ssh.client.named_by.as_ref().map(|seen| seen.source.as_str());
        match (named, &self.ssh.client.scope) {
            (Some(variable @ ("GIT_SSH" | "GIT_SSH_COMMAND")), _) => environment::unset(self.os, &[variable]),
            (Some(_), Some(scope)) => Fix::review("Let Git use OpenSSH")
                .git_config(scope.clone(), ConfigChange::Unset { key: "core.sshCommand".to_owned(), value: None }),
            _ => Fix::manual("Let Git use OpenSSH: look at core.sshCommand, ssh.variant and GIT_SSH_VARIANT"),
        }
        .docs(docs::TROUBLE_GIT)
    }

    fn complaint(&self, complaint: &Complaint) -> Finding {
        let seen = &complaint.seen;
        if complaint.is_about_permissions {
            let message = format!("ssh reads nothing, because others may change {} or own it.", seen.source);
            let fix = remedy::keep_to_oneself(&seen.source, false, self.os);
            return Finding::new(&PERMISSIONS, message).seen(seen.clone()).fix(fix);
        }
        let message = format!("ssh does not understand a line of {} and connects nowhere.", seen.source);
        let finding = Finding::new(&INVALID, message).seen(seen.clone());
        let option = seen.text.strip_prefix("Bad configuration option: ").unwrap_or_default().to_ascii_lowercase();
        let old = self.ssh.client.version().is_some_and(|version| version < Version::new(8, 5, 0));
        let fix = if old && option == "pubkeyacceptedalgorithms" {
            Fix::manual("Write PubkeyAcceptedKeyTypes there: OpenSSH before 8.5 knows only that name")
        } else {
            Fix::manual("Correct that line, or remove it")
        };
        finding.fix(fix.docs(docs::TROUBLE_SSH))
    }

    /// A private key that others may read is passed over by ssh.
    fn readable_keys(&self) -> Option<Finding> {
        let usable = self.identities.offered().any(Public::is_rsa);
        let key = self.identities.files.iter().find(|key| key.open_to_others.is_some())?;
        if usable && !self.identities.named {
            return None;
        }
        let mode = format!("permissions {:04o}", key.open_to_others.unwrap_or_default());
        let message = format!("ssh does not use the private key {}, because others may read it.", key.path);
        let fix = remedy::keep_to_oneself(&key.path, true, self.os);
        let finding = Finding::new(&PERMISSIONS, message).seen(Evidence::new(&key.path, mode)).fix(fix);
        // Another key may be the right one.
        let finding = if usable { finding.at_most(Severity::Warning) } else { finding };
        Some(if key.path.starts_with("/mnt/") {
            finding.fix(Fix::manual("Keep the key inside Linux, in ~/.ssh: Windows' disks have no such permissions"))
        } else {
            finding
        })
    }

    /// Who signs in. What was written for it and does not apply comes before what is missing.
    fn user(&self, effective: &Effective) -> Option<Finding> {
        let user = effective.user.as_str();
        if is_key_id(user) {
            return None;
        }
        let finding = self.unread(user).or_else(|| self.outdone(user)).or_else(|| self.past(user));
        if finding.is_some() {
            return finding;
        }
        let named = self.url.ssh_user.is_some() || self.ssh.blocks_for(self.host).any(|block| block.user.is_some());
        if !named {
            let message = format!("ssh signs in as {user}, and not as the id of a key.");
            let seen = Evidence::new("ssh -G", format!("user {user}, which no block of ~/.ssh/config names"));
            return Some(Finding::new(&USER_MISSING, message).seen(seen).fix(self.name_key()));
        }
        let what = match user {
            "git" => ", as other hosts want it",
            _ if user.starts_with("AIDA") => ", the id of an IAM user",
            _ if user.starts_with("AKIA") || user.starts_with("ASIA") => ", the id of an access key",
            _ => "",
        };
        let message =
            format!("ssh signs in as {user}{what}; CodeCommit knows whoever comes by the id of a key, APKA...");
        let by_block = || self.ssh.blocks_for(self.host).find_map(Block::user_evidence);
        let seen = match &self.url.ssh_user {
            Some(_) => Evidence::new("the clone URL", &self.url.shown),
            None => by_block().unwrap_or_else(|| Evidence::new("ssh -G", format!("user {user}"))),
        };
        Some(Finding::new(&USER_NOT_KEY_ID, message).seen(seen).fix(self.name_key()))
    }

    /// A file that only looks like the configuration.
    fn unread(&self, user: &str) -> Option<Finding> {
        let seen = self.ssh.unread.first()?;
        let message = format!("ssh signs in as {user}, because it does not read {}.", seen.source);
        let right = Fix::review("Give the file the name that ssh reads").run(["mv", &seen.source, "~/.ssh/config"]);
        let fix = if seen.text.contains("HOME") {
            Fix::manual("Run Git as the account whose home folder that is")
        } else {
            right
        };
        Some(Finding::new(&NOT_READ, message).seen(seen.clone()).fix(fix.docs(docs::TROUBLE_SSH)))
    }

    /// A block with a key's id that applies, and comes too late: of each setting the first counts.
    fn outdone(&self, user: &str) -> Option<Finding> {
        let meant = self.ssh.blocks_for(self.host).find(|block| block.has_key_id())?;
        if self.url.ssh_user.is_some() {
            let message = format!("The URL's user {user} wins over the key's id in {}.", meant.file);
            let finding = Finding::new(&NOT_READ, message).seen(Evidence::new("the clone URL", &self.url.shown));
            return Some(finding.seen(meant.evidence()).fix(remedy::use_url(self.url, None, self.remote)));
        }
        let first = self.ssh.blocks_for(self.host).find(|block| block.user.is_some())?;
        // The block is the first, and ssh takes another one: from a file that is not looked at.
        if first == meant {
            return None;
        }
        let first = first.user_evidence()?;
        let message = format!("ssh signs in as {user}, because an earlier block wins over the one for CodeCommit.");
        let fix = Fix::manual("Move the block for CodeCommit to the top of the file").docs(docs::TROUBLE_SSH);
        Some(Finding::new(&NOT_READ, message).seen(first).seen(meant.evidence()).fix(fix))
    }

    /// A block with a key's id whose pattern misses the host.
    fn past(&self, user: &str) -> Option<Finding> {
        if self.url.ssh_user.is_some() {
            return None;
        }
        let misses = |block: &&Block| block.has_key_id() && !block.patterns.is_empty() && !block.applies_to(self.host);
        let meant = self.ssh.blocks.iter().find(misses)?;
        let message =
            format!("ssh signs in as {user}, because no pattern of the block for CodeCommit fits {}.", self.host);
        let seen = meant.evidence();
        let fix = Fix::manual(format!("Add {} to the patterns in that line", self.host)).docs(docs::TROUBLE_SSH);
        Some(Finding::new(&NOT_READ, message).seen(seen).fix(fix))
    }

    /// Names the key in ssh's configuration, where it is known which; else says where to find it.
    fn name_key(&self) -> Fix {
        let id = remedy::own_key(self.uploaded, self.identities);
        if self.url.ssh_user.is_some() {
            return remedy::use_url(self.url, id.as_deref(), self.remote);
        }
        let has_user = self.ssh.blocks_for(self.host).any(|block| block.user.is_some());
        match id.filter(|_| !has_user) {
            Some(id) => remedy::append_block(self.host, &id, self.os),
            None => Fix::manual(
                "Write the id of your SSH key (IAM, your user, Security credentials) as User into ~/.ssh/config",
            )
            .instruct(format!("Host {}", self.host))
            .instruct("  User APKA...")
            .docs(docs::SETUP_SSH)
            .at_least(Safety::Manual),
        }
    }

    fn two_accounts(&self) -> Option<Finding> {
        let mut blocks = self.ssh.blocks_for(self.host).filter(|block| block.has_key_id());
        let (first, second) = (blocks.next()?, blocks.find(|block| block.has_key_id())?);
        let same_user = first.user.as_ref().map(|user| &user.0) == second.user.as_ref().map(|user| &user.0);
        // One for a host and one for all others is as it should be.
        if same_user || self.works && first.patterns != second.patterns {
            return None;
        }
        let message =
            format!("Two keys are named for {}, and only the first is ever used: a key is one account.", self.host);
        let fix = Fix::manual("Give the second account a Host of its own with HostName, and use that in its remotes");
        let finding = Finding::new(&TWO_ACCOUNTS, message).seen(first.user_evidence()?).seen(second.user_evidence()?);
        Some(finding.fix(fix.docs(docs::TROUBLE_SSH)))
    }

    fn many_keys(&self) -> Option<Finding> {
        let effective = self.ssh.effective.as_ref().filter(|effective| !effective.identities_only)?;
        let keys = self.identities.agent.as_ref().filter(|keys| keys.len() > MANY)?;
        let message =
            format!("The agent offers {} keys before the right one; a server may close the door first.", keys.len());
        let fix = Fix::manual("Write IdentitiesOnly yes into the block for CodeCommit").docs(docs::TROUBLE_SSH);
        let finding = Finding::new(&MANY_KEYS, message)
            .seen(Evidence::new("ssh-add -L", format!("{} keys", keys.len())))
            .seen(Evidence::new("ssh -G", format!("identitiesonly no for {}", effective.hostname)));
        Some(if self.works { finding.at_most(Severity::Note) } else { finding }.fix(fix))
    }
}

#[cfg(test)]
mod tests;
