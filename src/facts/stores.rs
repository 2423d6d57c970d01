//! What the credential stores of git's chain hold for CodeCommit hosts: user names, shapes and ages, never a password.

mod file;
mod keychain;
mod secret_service;
mod vault;

use super::Facts;
use super::answers::Answer;
use super::helpers::{HelperChain, HelperKind};
use crate::check::Gap;
use crate::machine::{Invocation, Machine, Os};
use crate::shape::{Kind, Shape};
use serde::{Deserialize, Serialize};

/// What the stores hold.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Stores {
    /// The items with which they answer when git asks for the URL.
    pub items: Vec<Item>,
    /// Items for the host that do not answer, because git asks for a path and they have another one, or none.
    pub elsewhere: Vec<Item>,
    /// Lines of a credential file that name the host and that git does not take for it.
    pub ignored: Vec<Ignored>,
    /// Stores that could not be looked into, and why.
    pub closed: Vec<(StoreKind, String)>,
}

/// One stored user name and password.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// The place in the chain of the helper that answers with it.
    pub helper: usize,
    /// In which store.
    pub store: StoreKind,
    /// The store's name for its place: a file, a target, a keychain.
    pub place: String,
    /// The line in that file.
    pub line: Option<u32>,
    /// The host that it is for.
    pub host: String,
    /// The path that it is for, empty for every path; `None` when the store does not tell.
    pub path: Option<String>,
    /// What it is.
    pub shape: Shape,
    /// How many seconds ago it was stored, where the store knows.
    pub stored: Option<i64>,
}

/// A line of a credential file that git does not understand as it was meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ignored {
    /// The file.
    pub place: String,
    /// The line in it.
    pub line: u32,
    /// What is wrong with it, as part of a sentence.
    pub why: String,
}

impl Stores {
    /// The first Git credential, when git asks for a user of whom nothing is stored.
    #[must_use]
    pub fn of_others(&self, user: &str) -> Option<&Item> {
        let known = self.items.iter().any(|item| item.shape.user == user);
        self.items.iter().find(|item| !known && item.shape.kind == Kind::GitCredential)
    }

    /// A Git credential that git does not get, because it asks for a path that the entry does not have.
    #[must_use]
    pub fn hidden(&self) -> Option<&Item> {
        self.elsewhere.first().filter(|item| self.items.is_empty() && item.shape.kind == Kind::GitCredential)
    }

    /// These items, and the answers of those stores of the chain that could not be looked into.
    #[must_use]
    pub fn with_answers(&self, chain: &HelperChain, answers: &[Answer], host: &str) -> Self {
        let mut all = self.clone();
        for (at, (helper, answer)) in chain.helpers.iter().zip(answers).enumerate() {
            let seen = self.items.iter().any(|item| item.helper == at);
            if let Some(shape) = answer.shape().filter(|_| helper.keeps_passwords() && !seen) {
                all.items.push(Item {
                    helper: at,
                    store: StoreKind::Asked,
                    place: helper.entry.text().to_owned(),
                    line: None,
                    host: host.to_owned(),
                    path: None,
                    shape: shape.clone(),
                    stored: None,
                });
            }
        }
        all
    }
}

impl Item {
    /// What people call the place where it lies.
    #[must_use]
    pub fn place_name(&self) -> &str {
        match self.store {
            StoreKind::File | StoreKind::Asked => &self.place,
            store => store.name(),
        }
    }

    /// Whether the store answers with this one when git asks for a path, or for none.
    fn answers(&self, path: Option<&str>) -> bool {
        path.is_none() || self.path.is_none() || path == self.path.as_deref()
    }
}

/// A store of credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StoreKind {
    /// The macOS Keychain, as git's own helper uses it.
    Keychain,
    /// The macOS Keychain, as Git Credential Manager uses it.
    KeychainOfManager,
    /// Windows Credential Manager.
    WindowsVault,
    /// The Secret Service of Linux desktops.
    SecretService,
    /// `git credential-store`.
    File,
    /// One that cannot be looked into, and answered when it was asked: git's cache, a store without a tool of its own.
    Asked,
}

impl StoreKind {
    /// What people call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Keychain | Self::KeychainOfManager => "the macOS Keychain",
            Self::WindowsVault => "Windows Credential Manager",
            Self::SecretService => "the Secret Service",
            Self::File => "git's credential file",
            Self::Asked => "the store",
        }
    }
}

/// Looks into every store that git's chain names.
///
/// # Errors
/// A gap when there is no chain, or no host.
pub async fn observe(facts: &Facts) -> Result<Stores, Gap> {
    let chain = facts.helpers().await?;
    let target = facts.target().await?;
    let host = target
        .effective
        .as_ref()
        .and_then(|url| url.host.clone())
        .ok_or_else(|| Gap::not_applicable("there is no host"))?;
    // Git compares the host with its port, as both are written.
    let authority = target.effective.as_ref().and_then(|url| url.authority.clone()).unwrap_or_else(|| host.clone());
    let machine = &facts.machine;
    let path = target.effective.as_ref().map(|url| url.path.trim_start_matches('/')).filter(|_| chain.uses_http_path());
    let mut stores = Stores::default();
    let mut seen = Vec::new();
    for (at, helper) in chain.helpers.iter().enumerate() {
        let looked = match &helper.kind {
            _ if seen.contains(&&helper.kind) => continue,
            HelperKind::OsxKeychain => keychain::look(machine, StoreKind::Keychain, &host, &host).await,
            HelperKind::Manager | HelperKind::WinCred => match machine.which("cmdkey") {
                None if machine.which("security").is_some() => {
                    keychain::look(machine, StoreKind::KeychainOfManager, &format!("git:https://{host}"), &host).await
                }
                None if machine.os() == Os::Linux => {
                    Err((StoreKind::Asked, "Git Credential Manager lists nothing".to_owned()))
                }
                _ => vault::look(machine, &host).await,
            },
            HelperKind::LibSecret => secret_service::look(machine, &host).await,
            HelperKind::Store(file) => {
                let (items, ignored) = file::look(machine, file.as_deref(), &authority).await;
                stores.ignored.extend(ignored);
                Ok(items)
            }
            HelperKind::Aws(_) | HelperKind::Cache | HelperKind::Other => continue,
        };
        seen.push(&helper.kind);
        match looked {
            Ok(items) => {
                let (fit, rest) =
                    items.into_iter().map(|item| Item { helper: at, ..item }).partition(|item| item.answers(path));
                stores.items.extend::<Vec<_>>(fit);
                stores.elsewhere.extend::<Vec<_>>(rest);
            }
            Err((kind, why)) => stores.closed.push((kind, why)),
        }
    }
    Ok(stores)
}

type Looked = Result<Vec<Item>, (StoreKind, String)>;

/// Runs a store's own listing program.
async fn listing(
    machine: &Machine,
    kind: StoreKind,
    program: &str,
    args: &[&str],
) -> Result<String, (StoreKind, String)> {
    let path = machine.which(program).ok_or((kind, format!("`{program}` is not on PATH")))?;
    match machine.run(Invocation::new(path, args)).await {
        // They end with another status than 0 when they find nothing.
        Ok(output) => Ok(output.stdout_text()),
        Err(error) => Err((kind, error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::SystemTime;

    const HOST: &str = "git-codecommit.us-east-1.amazonaws.com";

    #[test]
    fn a_path_is_asked_for_like_the_host() {
        let item = |path: Option<&str>| Item {
            helper: 0,
            store: StoreKind::File,
            place: String::new(),
            line: None,
            host: HOST.into(),
            path: path.map(str::to_owned),
            shape: Shape::of("ann", None, SystemTime::now()),
            stored: None,
        };
        let asked = Some("v1/repos/x");
        assert!(item(Some("v1/repos/x")).answers(asked) && item(None).answers(asked));
        assert!(!item(Some("v1/repos/y")).answers(asked) && !item(Some("")).answers(asked));
        assert!(item(Some("v1/repos/y")).answers(None));
    }
}
