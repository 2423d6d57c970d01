//! Changes of ssh's configuration, and of URLs for it.

use crate::docs;
use crate::facts::ssh::identities::Identities;
use crate::facts::ssh::uploaded::{Uploaded, UploadedKey};
use crate::finding::Fix;
use crate::machine::Os;
use crate::target::CloneUrl;

/// The id under which IAM knows a key that is at hand; where none can be compared, the user's only one.
#[must_use]
pub fn own_key(uploaded: Option<&Uploaded>, identities: &Identities) -> Option<String> {
    let Some(Uploaded::Listed { keys, .. }) = uploaded else { return None };
    let active: Vec<&UploadedKey> = keys.iter().filter(|key| key.active).collect();
    let is_at_hand = |key: &&&UploadedKey| {
        key.public.as_ref().is_some_and(|public| identities.offered().any(|offered| offered.body == public.body))
    };
    let only = || {
        let cannot_compare = identities.offered().next().is_none() || active.iter().all(|key| key.public.is_none());
        active.first().filter(|_| keys.len() == 1 && cannot_compare)
    };
    active.iter().find(is_at_hand).or_else(only).map(|key| key.id.clone())
}

/// Takes a file out of everybody else's reach, which is one's own; a configuration of the system's is its owner's business.
#[must_use]
pub fn keep_to_oneself(file: &str, is_own: bool, os: Os) -> Fix {
    let fix = match os {
        Os::Windows => Fix::manual("Keep the file to yourself").instruct(format!(
            "icacls \"{}\" /inheritance:r /grant:r \"$($env:USERNAME):F\"",
            file.replacen('~', "$HOME", 1)
        )),
        Os::Linux | Os::MacOs if file.starts_with("~/") => {
            Fix::safe("Keep the file to yourself").run(["chmod", "600", file])
        }
        Os::Linux | Os::MacOs if is_own => Fix::review("Keep the file to yourself").run(["chmod", "600", file]),
        Os::Linux | Os::MacOs => Fix::manual(format!("Have {file} owned by root, and writable by nobody else")),
    };
    fix.docs(docs::TROUBLE_SSH)
}

/// Adds lines to the end of a file in ssh's folder, which may not exist yet, and whose last line may lack its end.
#[must_use]
pub fn append(fix: Fix, lines: Vec<String>, file: &str, os: Os) -> Fix {
    let lines = std::iter::once(String::new()).chain(lines).collect();
    match os {
        Os::Windows => fix.feed(lines, ["Add-Content", "-Path", file]),
        Os::Linux | Os::MacOs => fix.run(["mkdir", "-p", "-m", "700", "~/.ssh"]).feed(lines, ["tee", "-a", file]),
    }
}

/// Adds a block for a host to the end of ssh's configuration.
#[must_use]
pub fn append_block(host: &str, id: &str, os: Os) -> Fix {
    let lines = vec![format!("Host {}", pattern(host)), format!("  User {id}")];
    append(Fix::review("Name the key's id in ~/.ssh/config").docs(docs::SETUP_SSH), lines, "~/.ssh/config", os)
}

/// `git-codecommit.*.amazonaws.com` for the hosts that it fits, as the guide writes it; every other host by its name.
fn pattern(host: &str) -> &str {
    let region = host.strip_prefix("git-codecommit.").and_then(|rest| rest.strip_suffix(".amazonaws.com"));
    if region.is_some() { "git-codecommit.*.amazonaws.com" } else { host }
}

/// Uses the URL with this user, or with none.
#[must_use]
pub fn use_url(url: &CloneUrl, user: Option<&str>, remote: Option<&str>) -> Fix {
    let host = url.authority.as_deref().unwrap_or_default();
    let user = user.map(|user| format!("{user}@")).unwrap_or_default();
    let right = format!("ssh://{user}{host}{}", url.path);
    let title = if user.is_empty() { "Leave the user out of the URL" } else { "Name the key's id in the URL" };
    match remote {
        Some(remote) => Fix::review(title).run(["git", "remote", "set-url", remote, &right]),
        None => Fix::manual(title).run(["git", "clone", &right]),
    }
}
