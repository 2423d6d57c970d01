//! Changes of ssh's configuration, and of URLs for it.

use crate::docs;
use crate::facts::ssh::identities::Identities;
use crate::facts::ssh::uploaded::Uploaded;
use crate::finding::Fix;
use crate::machine::Os;
use crate::target::CloneUrl;

/// The id under which IAM knows a key that is at hand; where none is compared, the user's only one.
#[must_use]
pub fn own_key(uploaded: Option<&Uploaded>, identities: &Identities) -> Option<String> {
    let Some(Uploaded::Listed { keys, .. }) = uploaded else { return None };
    let mut active = keys.iter().filter(|key| key.active);
    let at_hand = |key: &&_| {
        let key: &crate::facts::ssh::uploaded::UploadedKey = key;
        key.public.as_ref().is_some_and(|public| identities.offered().any(|offered| offered.body == public.body))
    };
    active.clone().find(at_hand).or_else(|| active.next().filter(|_| keys.len() == 1)).map(|key| key.id.clone())
}

/// Adds a block for a host to the end of ssh's configuration.
#[must_use]
pub fn append_block(host: &str, id: &str, os: Os) -> Fix {
    let lines = vec![format!("Host {}", pattern(host)), format!("  User {id}")];
    let fix = Fix::review("Name the key's id in ~/.ssh/config").docs(docs::SETUP_SSH);
    match os {
        Os::Windows => fix.feed(lines, ["Add-Content", "-Path", "~/.ssh/config"]),
        Os::Linux | Os::MacOs => fix.feed(lines, ["tee", "-a", "~/.ssh/config"]),
    }
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
