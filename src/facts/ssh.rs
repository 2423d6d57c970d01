//! The way over SSH: which program git runs, what its configuration comes to for the host, which keys it would offer, what
//! IAM knows of them, and how the server answers.
//!
//! Sources: git-config(1) on `core.sshCommand` and `ssh.variant`; ssh(1), `ssh_config(5)`, ssh-keygen(1) of OpenSSH.

mod blocks;
mod client;
mod effective;
pub mod host_key;
pub mod identities;
pub mod talk;
pub mod uploaded;

pub use blocks::Block;
pub use client::{Client, Variant};
pub use effective::{Complaint, Effective};

use super::Facts;
use crate::check::Gap;
use crate::finding::Evidence;
use crate::target::{CloneUrl, Protocol};
use effective::Asked;
use serde::{Deserialize, Serialize};

/// What git would run for an ssh URL, and what that reads.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ssh {
    /// The program.
    pub client: Client,
    /// What its configuration comes to for the host; `None` where it cannot be asked.
    pub effective: Option<Effective>,
    /// What it says is wrong with its configuration; then it connects nowhere.
    pub complaint: Option<Complaint>,
    /// What it says instead, where it tells neither.
    pub silent: Option<String>,
    /// The blocks of its configuration files that could be meant for CodeCommit.
    pub blocks: Vec<Block>,
    /// Files beside the configuration that look like one and are not read: the file, and why not.
    pub unread: Vec<Evidence>,
}

/// Where ssh leads.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// To this host and port.
    Direct(String, u16),
    /// Through a jump host or a command of the person's.
    Elsewhere(String),
}

/// The ssh URL under diagnosis, and its host as it is written.
///
/// # Errors
/// [`Gap::NotApplicable`] where it is no ssh URL.
pub async fn url(facts: &Facts) -> Result<(&CloneUrl, &str), Gap> {
    let url = facts.target().await?.effective.as_ref().filter(|url| url.protocol == Protocol::Ssh);
    let url = url.ok_or_else(|| Gap::not_applicable("this clone URL does not use SSH"))?;
    // ssh looks for the host as it is typed: its patterns know capitals.
    let typed = url.authority.as_deref().map(|typed| match (typed.rsplit_once(':'), url.port) {
        (Some((host, _)), Some(_)) => host,
        _ => typed,
    });
    Ok((url, typed.ok_or_else(|| Gap::blocked("clone-url", "the clone URL names no host"))?))
}

/// Observes program and configuration. Nobody is connected to.
///
/// # Errors
/// [`Gap::NotApplicable`] where it is no ssh URL.
pub async fn observe(facts: &Facts) -> Result<Ssh, Gap> {
    let (url, host) = url(facts).await?;
    let machine = &facts.machine;
    let client = client::find(machine, facts.git_config().await.ok()).await;
    let mut ssh = Ssh { client, ..Ssh::default() };
    if ssh.client.is_openssh() {
        match effective::ask(machine, &ssh.client, url, host).await {
            Ok(Asked::Told(effective)) => ssh.effective = Some(*effective),
            Ok(Asked::Silent(said)) => ssh.silent = Some(said),
            Err(complaint) => ssh.complaint = Some(complaint),
        }
    }
    let home = ssh.effective.as_ref().and_then(|effective| effective.home.clone());
    let home = home.map(Into::into).or_else(|| machine.home());
    if let Some(home) = home {
        ssh.blocks = blocks::read(machine, &home).await;
        ssh.unread = blocks::unread(machine, &home).await;
    }
    Ok(ssh)
}

impl Ssh {
    /// Where a connection to the URL's host goes.
    pub(super) fn route(&self, url: &CloneUrl, host: &str) -> Route {
        let Some(effective) = &self.effective else {
            return match self.client.named_by {
                Some(_) => Route::Elsewhere("Git is told to use a command of its own for ssh".to_owned()),
                None => Route::Direct(host.to_owned(), url.port.unwrap_or(22)),
            };
        };
        match &effective.detour {
            Some(name) => Route::Elsewhere(format!("ssh's configuration leads this host through a {name}")),
            None => Route::Direct(effective.hostname.clone(), effective.port),
        }
    }

    /// Whether the URL's host is CodeCommit's, or an alias of such a one.
    #[must_use]
    pub fn leads_to_codecommit(&self, url: &CloneUrl) -> bool {
        let hostname = self.effective.as_ref().map(|effective| effective.hostname.as_str());
        url.is_codecommit() || hostname.is_some_and(|name| CloneUrl::read(&format!("ssh://{name}/")).is_codecommit())
    }

    /// The region of the host that is connected to.
    #[must_use]
    pub fn region(&self, url: &CloneUrl) -> Option<String> {
        let hostname = self.effective.as_ref().map(|effective| effective.hostname.as_str());
        let there = hostname.and_then(|name| CloneUrl::read(&format!("ssh://{name}/")).region);
        there.or_else(|| url.region.clone().filter(|_| url.is_codecommit()))
    }

    /// The user as whom ssh signs in.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        self.effective.as_ref().map(|effective| effective.user.as_str())
    }

    /// The id of the key as which ssh signs in.
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        self.user().filter(|user| is_key_id(user))
    }

    /// The blocks that are meant for this host, in the order in which ssh reads them.
    pub fn blocks_for<'a>(&'a self, host: &'a str) -> impl Iterator<Item = &'a Block> {
        self.blocks.iter().filter(move |block| block.applies_to(host))
    }
}

/// Whether a user name is the id of an SSH public key in IAM, `APKA...`.
#[must_use]
pub fn is_key_id(user: &str) -> bool {
    user.len() >= 16
        && user.starts_with("APKA")
        && user.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}
