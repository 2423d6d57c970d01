//! What is diagnosed: the clone URL that was named or found, and what git makes of it.

use super::Facts;
use super::chosen::LONGEST_URL;
use super::git_config::{Entry, GitConfig};
use crate::check::Gap;
use crate::machine::{Invocation, Machine};
use crate::redact::{Secret, redact};
use crate::target::{CloneUrl, Protocol};
use serde::{Deserialize, Serialize};
use std::path::Path;

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
    /// A remote that was named and that git does not list.
    pub missing_remote: Option<String>,
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

/// Observes what git makes of the chosen URL.
///
/// # Errors
/// None at present: without a URL and a region there is simply no URL.
pub async fn observe(facts: &Facts) -> Result<Target, Gap> {
    let chosen = &facts.request.target;
    let mut target = Target {
        input: chosen.input.clone(),
        from: chosen.from.clone(),
        dubious: match &chosen.dubious {
            Some(folder) => refused(&facts.machine, folder).await,
            None => None,
        },
        ..Target::default()
    };
    // Where libgit2 saw no URL, git may: it reads more kinds of repository, and knows abbreviations of URLs.
    let found = match &chosen.url {
        None if target.dubious.is_none() => remote_that_git_lists(facts, chosen.remote.as_deref()).await,
        url => url.clone().map(|url| (chosen.from.clone(), url)),
    };
    // What git repeats of a URL may be what it made of a remote's.
    let found = match found {
        Some((from, url)) if from.starts_with("the ") => {
            Some(rewritten_remote(facts, &url).await.unwrap_or((from, url)))
        }
        found => found,
    };
    let Some((from, url)) = &found else {
        let listed = facts.git_config().await.is_ok_and(|config| config.fatal().is_none());
        target.missing_remote = chosen.remote.clone().filter(|_| listed && target.dubious.is_none());
        target.effective = default_endpoint(facts).await;
        return Ok(target);
    };
    target.from.clone_from(from);
    target.given = Some(CloneUrl::read(url.expose()));
    let config = facts.git_config().await.ok();
    let (rewritten, by) = config.map_or((None, None), |config| rewrite(config, url.expose(), "insteadof"));
    target.push_rewritten_by = config.and_then(|config| rewrite(config, url.expose(), "pushinsteadof").1).cloned();
    target.rewritten_by = by.cloned();
    let mut effective = CloneUrl::read(rewritten.as_deref().unwrap_or(url.expose()));
    if effective.region.is_none()
        && let Some(region) = configured_region(facts, &effective).await
    {
        effective.settle_region(&region);
    }
    if let Some(host) = facts.machine.var_set("CODE_COMMIT_ENDPOINT") {
        effective.redirect(&host);
    }
    target.effective = Some(effective);
    Ok(target)
}

/// The repository that git itself refuses because somebody else owns it. libgit2, which looked first, knows fewer ways to
/// trust a folder than git does.
async fn refused(machine: &Machine, folder: &Path) -> Option<String> {
    let Some(git) = machine.which("git") else { return Some(machine.tilde(folder)) };
    let asking =
        Invocation::quick(git, ["-C".as_ref(), folder.as_os_str(), "rev-parse".as_ref(), "--git-dir".as_ref()]);
    let said = machine.run(asking).await.ok()?.stderr_text();
    let (_, rest) = said.split_once("dubious ownership in repository at '")?;
    Some(machine.tilde(Path::new(rest.split('\'').next()?)))
}

/// The named remote in git's own listing, or the CodeCommit one, `origin` first; and where it was found.
async fn remote_that_git_lists(facts: &Facts, named: Option<&str>) -> Option<(String, Secret)> {
    let config = facts.git_config().await.ok()?;
    let mut urls: Vec<_> = config.section("remote").filter(|(_, name, _)| *name == "url").collect();
    urls.sort_by_key(|(remote, _, _)| *remote != Some("origin"));
    let is_meant = |remote: &str, url: &str| match named {
        Some(named) => named == remote,
        None => CloneUrl::read(rewrite(config, url, "insteadof").0.as_deref().unwrap_or(url)).is_codecommit(),
    };
    urls.into_iter().find_map(|(remote, _, entry)| {
        let url = entry.exact();
        (url.len() <= LONGEST_URL && is_meant(remote?, url))
            .then(|| (format!("remote {}", remote.unwrap_or_default()), Secret::new(url)))
    })
}

/// The remote whose URL git rewrites to this one.
async fn rewritten_remote(facts: &Facts, url: &Secret) -> Option<(String, Secret)> {
    let config = facts.git_config().await.ok()?;
    let mut urls = config.section("remote").filter(|(_, name, _)| *name == "url");
    urls.find_map(|(remote, _, entry)| {
        let written = entry.exact();
        let leads_here = rewrite(config, written, "insteadof").0.as_deref() == Some(url.expose());
        leads_here.then(|| (format!("remote {}", remote.unwrap_or_default()), Secret::new(written)))
    })
}

/// The Git endpoint of the region that the set-up is for, when there is no URL.
async fn default_endpoint(facts: &Facts) -> Option<CloneUrl> {
    let region = configured_region(facts, &CloneUrl::read("")).await?;
    Some(CloneUrl::read(&format!("https://{}/", crate::regions::git_host(&region))))
}

/// `--region`, else the environment's, else the profile's. git-remote-codecommit (botocore) knows `AWS_DEFAULT_REGION` only;
/// the SDKs and version 2 of the AWS CLI prefer `AWS_REGION`.
async fn configured_region(facts: &Facts, url: &CloneUrl) -> Option<String> {
    let machine = &facts.machine;
    let variables: &[&str] =
        if url.protocol == Protocol::Grc { &["AWS_DEFAULT_REGION"] } else { &["AWS_REGION", "AWS_DEFAULT_REGION"] };
    let from_env = || variables.iter().find_map(|name| machine.var_set(name));
    if let Some(region) = facts.request.region.clone().or_else(from_env) {
        return Some(region);
    }
    let profiles = facts.profiles().await.ok()?;
    let name = url.profile.clone().or_else(|| facts.request.profile.clone());
    let from_env = ["AWS_DEFAULT_PROFILE", "AWS_PROFILE"].iter().find_map(|name| machine.var_set(name));
    let name = name.or(from_env).unwrap_or_else(|| "default".to_owned());
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
