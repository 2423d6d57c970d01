//! What is diagnosed: the clone URL that was named or found, and what git makes of it.

use super::Facts;
use super::git_config::{Entry, GitConfig};
use crate::check::Gap;
use crate::machine::Machine;
use crate::redact::{Secret, redact};
use crate::target::CloneUrl;
use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The person's choice, before git has its say.
#[derive(Clone, Debug, Default)]
pub struct Chosen {
    /// What was typed, without secrets.
    pub input: Option<String>,
    /// The URL itself.
    pub url: Option<Secret>,
    /// Where it was found: "command line", "remote origin".
    pub from: String,
    /// The working tree that it belongs to.
    pub worktree: Option<PathBuf>,
    /// Git refuses this repository because somebody else owns it.
    pub dubious: Option<PathBuf>,
}

/// The clone URL and what git makes of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Target {
    /// What was typed, without secrets.
    pub input: Option<String>,
    /// Where the URL was found.
    pub from: String,
    /// The URL as it stands there.
    pub given: Option<CloneUrl>,
    /// The URL that git will use, after `insteadOf`; without a URL, the endpoint of the configured region.
    pub effective: Option<CloneUrl>,
    /// The entry that rewrote it.
    pub rewritten_by: Option<Entry>,
    /// The entry that rewrites it for pushes only.
    pub push_rewritten_by: Option<Entry>,
    /// The folder that git refuses because somebody else owns it.
    pub dubious: Option<String>,
}

impl Target {
    /// The region that the URL names, or that the set-up is for.
    #[must_use]
    pub fn region(&self) -> Option<&str> {
        self.effective.as_ref()?.region.as_deref()
    }
}

/// Finds out which URL is meant: a clone URL, a remote's name, a working tree, or the repository that the person stands in.
///
/// # Errors
/// A sentence for the person, when the text is none of them.
pub fn choose(machine: &Machine, input: Option<&str>) -> anyhow::Result<Chosen> {
    let Some(text) = input.map(str::trim) else { return Ok(from_worktree(machine.cwd(), None)) };
    let shown: String = CloneUrl::read(text).shown.chars().take(LONGEST).collect();
    if text.is_empty() || text.chars().any(char::is_control) {
        bail!("the target is empty or holds control characters; give a clone URL, a remote's name or a folder");
    }
    let folder = machine.expand(text);
    let chosen = if looks_like_url(text) {
        Chosen { url: Some(Secret::new(text)), from: "command line".to_owned(), ..from_worktree(machine.cwd(), None) }
    } else if machine.exists(&folder) {
        let chosen = from_worktree(&folder, None);
        if chosen.worktree.is_none() && chosen.dubious.is_none() {
            bail!("{shown} is not inside a Git working tree; give a clone URL, a remote's name or a working tree");
        }
        chosen
    } else {
        let chosen = from_worktree(machine.cwd(), Some(text));
        chosen.url.as_ref().with_context(|| unknown(&shown, machine.cwd()))?;
        chosen
    };
    Ok(Chosen { input: Some(shown), ..chosen })
}

/// How much of a text that is no target is repeated.
const LONGEST: usize = 200;

fn looks_like_url(text: &str) -> bool {
    text.contains("://") || text.starts_with("codecommit:") || (text.contains('@') && text.contains(':'))
}

fn unknown(shown: &str, cwd: &Path) -> String {
    let names =
        open(cwd).ok().map(|repository| remotes(&repository).into_iter().map(|(name, _)| name).collect::<Vec<_>>());
    let near = names.iter().flatten().min_by_key(|name| strsim::damerau_levenshtein(name, shown));
    let near = near.filter(|name| strsim::damerau_levenshtein(name, shown) <= 2);
    let hint = near.map(|name| format!(" (did you mean the remote {name}?)")).unwrap_or_default();
    format!("{shown} is neither a clone URL, nor a remote of this repository, nor a folder{hint}")
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
            let url = config.get_string(&format!("remote.{name}.url")).ok()?;
            Some((name, url))
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

/// Observes what git makes of the chosen URL.
///
/// # Errors
/// None at present: without a URL and a region there is simply no URL.
pub async fn observe(facts: &Facts) -> Result<Target, Gap> {
    let chosen = &facts.request.target;
    let mut target = Target {
        input: chosen.input.clone(),
        from: chosen.from.clone(),
        dubious: chosen.dubious.as_ref().map(|folder| facts.machine.tilde(folder)),
        ..Target::default()
    };
    let Some(url) = &chosen.url else {
        target.effective = default_endpoint(facts).await;
        return Ok(target);
    };
    target.given = Some(CloneUrl::read(url.expose()));
    let config = facts.git_config().await.ok();
    let (rewritten, by) = config.map_or((None, None), |config| rewrite(config, url.expose(), "insteadof"));
    target.push_rewritten_by = config.and_then(|config| rewrite(config, url.expose(), "pushinsteadof").1).cloned();
    target.rewritten_by = by.cloned();
    let mut effective = CloneUrl::read(rewritten.as_deref().unwrap_or(url.expose()));
    if effective.region.is_none()
        && let Some(region) = configured_region(facts, effective.profile.as_deref()).await
    {
        effective.settle_region(&region);
    }
    target.effective = Some(effective);
    Ok(target)
}

/// The Git endpoint of the region that the set-up is for, when there is no URL.
async fn default_endpoint(facts: &Facts) -> Option<CloneUrl> {
    let region = configured_region(facts, None).await?;
    Some(CloneUrl::read(&format!("https://{}/", crate::regions::git_host(&region))))
}

/// `--region`, else what git-remote-codecommit and the AWS CLI use: `AWS_REGION` (SDK and CLI v2), `AWS_DEFAULT_REGION`,
/// then the profile's `region`.
async fn configured_region(facts: &Facts, profile: Option<&str>) -> Option<String> {
    let machine = &facts.machine;
    let from_env = || machine.var_set("AWS_REGION").or_else(|| machine.var_set("AWS_DEFAULT_REGION"));
    if let Some(region) = facts.request.region.clone().or_else(from_env) {
        return Some(region);
    }
    let profiles = facts.profiles().await.ok()?;
    let name = profile.map(str::to_owned).or_else(|| facts.request.profile.clone());
    let name = name.or_else(|| machine.var_set("AWS_PROFILE")).unwrap_or_else(|| "default".to_owned());
    profiles.get(&name)?.value("region").map(str::to_owned)
}

/// Applies `url.<base>.insteadOf`: the longest value that the URL begins with wins.
fn rewrite<'a>(config: &'a GitConfig, url: &str, name: &str) -> (Option<String>, Option<&'a Entry>) {
    let best = config
        .section("url")
        .filter(|(base, key, entry)| {
            base.is_some() && *key == name && !entry.text().is_empty() && url.starts_with(entry.text())
        })
        .max_by_key(|(_, _, entry)| entry.text().len());
    match best {
        Some((Some(base), _, entry)) => (Some(url.replacen(entry.text(), base, 1)), Some(entry)),
        _ => (None, None),
    }
}

/// What is shown of a rewriting entry: `url.<base>.insteadOf = <value>`.
#[must_use]
pub fn describe_rewrite(entry: &Entry) -> String {
    redact(&format!("{} = {}", entry.key, entry.text()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_instead_of_wins() {
        let entry =
            |key: &str, value: &str| Entry { key: key.to_owned(), value: Some(value.to_owned()), ..Entry::default() };
        let config = GitConfig {
            entries: vec![
                entry("url.https://mirror/.insteadof", "https://git-codecommit."),
                entry(
                    "url.ssh://git-codecommit.us-east-1.amazonaws.com/.insteadof",
                    "https://git-codecommit.us-east-1.amazonaws.com/",
                ),
                entry("url.x.pushinsteadof", "https://"),
            ],
            ..GitConfig::default()
        };
        let (url, by) = rewrite(&config, "https://git-codecommit.us-east-1.amazonaws.com/v1/repos/x", "insteadof");
        assert_eq!(url.as_deref(), Some("ssh://git-codecommit.us-east-1.amazonaws.com/v1/repos/x"));
        assert_eq!(by, Some(&config.entries[1]));
    }
}
