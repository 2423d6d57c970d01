//! Which URL is meant: the one that was typed, a remote's, or that of the working tree. Asked before anything else, so that a
//! slip of the keyboard costs nothing.

use crate::machine::Machine;
use crate::redact::Secret;
use crate::target::CloneUrl;
use anyhow::bail;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where a URL was found that the person typed.
pub const TYPED: &str = "command line";

/// The person's choice, before git has its say.
#[derive(Clone, Debug, Default)]
pub struct Chosen {
    /// What was typed, without secrets.
    pub input: Option<String>,
    /// The URL itself.
    pub url: Option<Secret>,
    /// Where it was found: "command line", "remote origin".
    pub from: String,
    /// The working tree around the person, or the one that was named.
    pub worktree: Option<PathBuf>,
    /// A remote that was named and that only git can look up.
    pub remote: Option<String>,
    /// The folder that was named, for git to stand in.
    pub folder: Option<PathBuf>,
    /// A repository that somebody else owns, which git may refuse.
    pub dubious: Option<PathBuf>,
}

/// [`choose`], where a file system that does not answer costs no more than this time.
///
/// # Errors
/// As for [`choose`].
pub async fn in_time(machine: Machine, input: Option<String>, time: Duration) -> anyhow::Result<Chosen> {
    let text = input.clone();
    let choosing = tokio::task::spawn_blocking(move || choose(&machine, text.as_deref()));
    if let Ok(Ok(chosen)) = tokio::time::timeout(time, choosing).await {
        return chosen;
    }
    let url = input.filter(|text| looks_like_url(text)).map(Secret::new);
    let from = if url.is_some() { TYPED } else { "nowhere" };
    Ok(Chosen { url, from: from.to_owned(), ..Chosen::default() })
}

/// Finds out which URL is meant: a clone URL, a remote's name, a working tree, or the repository that the person stands in.
///
/// # Errors
/// A sentence for the person, when the text is none of them.
pub fn choose(machine: &Machine, input: Option<&str>) -> anyhow::Result<Chosen> {
    let Some(text) = input.map(str::trim) else { return Ok(from_worktree(machine.cwd(), None)) };
    if text.len() > LONGEST_URL {
        bail!("the target is longer than any clone URL; give a clone URL, a remote's name or a folder");
    }
    let shown: String = CloneUrl::read(text).shown.chars().take(LONGEST).collect();
    if text.is_empty() || text.chars().any(char::is_control) {
        bail!("the target is empty or holds control characters; give a clone URL, a remote's name or a folder");
    }
    let folder = machine.expand(text);
    let named = || from_worktree(machine.cwd(), Some(text));
    let chosen = if looks_like_url(text) {
        // Whatever repository this folder belongs to, `git clone` does not look at it.
        let around = from_worktree(machine.cwd(), None);
        Chosen { url: Some(Secret::new(text)), from: TYPED.to_owned(), dubious: None, ..around }
    } else if !text.starts_with(['.', '/', '~']) && named().url.is_some() {
        named()
    } else if machine.exists(&folder) {
        let chosen = from_worktree(&folder, None);
        if chosen.worktree.is_none() && chosen.dubious.is_none() && is_absent(&folder) {
            bail!("{shown} is not inside a Git working tree; give a clone URL, a remote's name or a working tree");
        }
        Chosen { folder: Some(folder), ..chosen }
    } else if is_abbreviated(machine.cwd(), text) {
        // Git will write it out.
        Chosen { url: Some(Secret::new(text)), from: TYPED.to_owned(), ..from_worktree(machine.cwd(), None) }
    } else if is_absent(machine.cwd()) || open(machine.cwd()).is_ok() {
        bail!(unknown(&shown, machine.cwd()));
    } else {
        // A repository that libgit2 cannot open, because its configuration is broken or too new: git is asked later.
        Chosen { remote: Some(text.to_owned()), from: format!("remote {shown}"), ..named() }
    };
    Ok(Chosen { input: Some(shown), ..chosen })
}

/// A longer URL is nobody's.
pub(super) const LONGEST_URL: usize = 8192;

/// How much of a text that is no target is repeated.
const LONGEST: usize = 200;

fn looks_like_url(text: &str) -> bool {
    text.contains("://")
        || text.starts_with("codecommit:")
        || (text.contains('@') && text.contains(':'))
        || text.contains(":/v1/repos/")
}

/// Whether a text begins with an abbreviation of URLs (git-config(1), `url.<base>.insteadOf`).
fn is_abbreviated(cwd: &Path, text: &str) -> bool {
    let config = open(cwd).and_then(|repository| repository.config()).or_else(|_| git2::Config::open_default());
    let Ok(config) = config else { return false };
    let Ok(entries) = config.entries(Some("url\\..*\\.insteadof")) else { return false };
    let mut found = false;
    let _ = entries.for_each(|entry| {
        found |= entry.value().is_ok_and(|value| !value.is_empty() && text.starts_with(value));
    });
    found
}

fn unknown(shown: &str, cwd: &Path) -> String {
    let names =
        open(cwd).ok().map(|repository| remotes(&repository).into_iter().map(|(name, _)| name).collect::<Vec<_>>());
    let near = names.iter().flatten().min_by_key(|name| strsim::damerau_levenshtein(name, shown));
    let near = near.filter(|name| strsim::damerau_levenshtein(name, shown) <= 2);
    let hint = near.map(|name| format!(" (did you mean the remote {name}?)")).unwrap_or_default();
    format!("{shown} is neither a clone URL, nor a remote of this repository, nor a folder{hint}")
}

/// Whether there is no repository at all around a folder.
fn is_absent(folder: &Path) -> bool {
    open(folder).is_err_and(|error| error.code() == git2::ErrorCode::NotFound)
}

fn open(folder: &Path) -> Result<git2::Repository, git2::Error> {
    git2::Repository::open_ext(folder, git2::RepositoryOpenFlags::empty(), std::iter::empty::<&Path>())
}

fn remotes(repository: &git2::Repository) -> Vec<(String, String)> {
    let Ok(config) = repository.config() else { return Vec::new() };
    let names =
        repository.remotes().map(|names| names.iter().flatten().flatten().map(str::to_owned).collect::<Vec<_>>());
    names
        .unwrap_or_default()
        .into_iter()
        .filter_map(|name| {
            // Of several URLs git reads from the first.
            let urls = config.multivar(&format!("remote.{name}.url"), None).ok()?;
            let mut first = None;
            urls.for_each(|entry| first = first.take().or_else(|| entry.value().ok().map(str::to_owned))).ok()?;
            let url = first?;
            (url.len() <= LONGEST_URL).then_some((name, url))
        })
        .collect()
}

/// The CodeCommit remote of the repository around a folder: the current branch's, else `origin`, else the first; with a
/// name, that remote, whatever it is.
fn from_worktree(folder: &Path, name: Option<&str>) -> Chosen {
    let repository = match open(folder) {
        Ok(repository) => repository,
        Err(error) if error.code() == git2::ErrorCode::Owner => {
            return Chosen { dubious: Some(folder.to_owned()), from: "nowhere".to_owned(), ..Chosen::default() };
        }
        Err(_) => return Chosen { from: "nowhere".to_owned(), ..Chosen::default() },
    };
    let upstream = repository.head().ok().and_then(|head| {
        let name = repository.branch_upstream_remote(head.name().ok()?).ok()?;
        name.as_str().ok().map(str::to_owned)
    });
    let mut remotes = remotes(&repository);
    remotes.retain(|(remote, url)| name.map_or_else(|| CloneUrl::read(url).is_codecommit(), |name| name == remote));
    remotes.sort_by_key(|(remote, _)| (Some(remote) != upstream.as_ref(), remote != "origin"));
    let worktree = Some(repository.workdir().unwrap_or_else(|| repository.path()).to_owned());
    match remotes.into_iter().next() {
        Some((remote, url)) => {
            Chosen { url: Some(Secret::new(url)), from: format!("remote {remote}"), worktree, ..Chosen::default() }
        }
        None => Chosen { worktree, from: "nowhere".to_owned(), ..Chosen::default() },
    }
}
