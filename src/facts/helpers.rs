//! The credential helpers that git would ask for the URL, in git's own order.
//!
//! Git applies every matching `credential.*` entry in the order of its files; an empty `helper` forgets those before it.
//! Source: gitcredentials(7), git's `credential.c`.

mod grammar;
mod program;

pub use grammar::{AwsHelper, HelperKind, Program};

use super::Facts;
use super::git_config::{Entry, GitConfig};
use crate::check::Gap;
use crate::redact::{Secret, redact};
use crate::shape::Kind;
use crate::target::{CloneUrl, Protocol};
use crate::urlmatch::Wanted;
use serde::{Deserialize, Serialize};

/// The AWS helper as AWS documents it ("Setup steps for HTTPS connections with the AWS CLI credential helper").
pub const DOCUMENTED: &str = "!aws codecommit credential-helper $@";

/// Git's effective helpers for one URL.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HelperChain {
    /// The https URL that they are asked for, without user name and password.
    pub url: String,
    /// The helpers, in the order in which git asks them.
    pub helpers: Vec<Helper>,
    /// Helpers that an empty entry made git forget.
    pub forgotten: Vec<Helper>,
    /// AWS helpers in sections for other hosts, or that this git cannot match.
    pub elsewhere: Vec<Helper>,
    /// The last entry that decides `useHttpPath`.
    pub use_http_path: Option<Entry>,
    /// The last entry that names a user, where the URL names none.
    pub username: Option<Entry>,
    /// An entry that git cannot use, and stops at.
    pub refused: Option<Entry>,
    /// The empty entries that apply, each with the number of helpers that it forgot.
    pub resets: Vec<(Entry, usize)>,
}

/// One helper as configured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Helper {
    /// The configuration entry.
    pub entry: Entry,
    /// The `<url>` of its section; `None` for a helper that applies to every host.
    pub section: Option<String>,
    /// What it is.
    pub kind: HelperKind,
    /// What it runs.
    pub program: Program,
}

impl Helper {
    /// The options of the AWS helper, if this is one.
    #[must_use]
    pub fn aws(&self) -> Option<&AwsHelper> {
        match &self.kind {
            HelperKind::Aws(aws) => Some(aws),
            _ => None,
        }
    }

    /// Whether it keeps what git tells it to `store`, and so would keep the AWS helper's 15-minute password.
    #[must_use]
    pub fn keeps_passwords(&self) -> bool {
        !matches!(self.kind, HelperKind::Aws(_) | HelperKind::Other)
    }

    /// Whether it asks the person by itself, in a window of its own.
    #[must_use]
    pub fn asks_by_itself(&self) -> bool {
        self.kind == HelperKind::Manager
    }
}

impl HelperChain {
    /// The first AWS helper that git asks.
    #[must_use]
    pub fn aws(&self) -> Option<(&Helper, &AwsHelper)> {
        self.helpers.iter().find_map(|helper| Some((helper, helper.aws()?)))
    }

    /// The user for whom git asks: the URL's, else the configured one; with the entry that names it.
    #[must_use]
    pub fn wanted_user(&self, url: Option<&CloneUrl>) -> Option<(String, Option<&Entry>)> {
        let in_url = url.and_then(|url| url.userinfo.as_ref()).filter(|info| !info.has_password);
        let in_url = in_url.map(|info| (info.shape.user.clone(), None));
        in_url.or_else(|| self.username.as_ref().map(|entry| (entry.text().to_owned(), Some(entry))))
    }

    /// Whether git tells helpers the path of the URL.
    #[must_use]
    pub fn uses_http_path(&self) -> bool {
        self.use_http_path.as_ref().is_some_and(Entry::is_true)
    }

    /// Git's selection for a URL. `wildcards` is false for git before 2.26.
    #[must_use]
    pub fn select(config: &GitConfig, url: &str, wildcards: bool) -> Self {
        Self::select_for(config, url, &Wanted::read(url), wildcards)
    }

    fn select_for(config: &GitConfig, url: &str, wanted: &Wanted, wildcards: bool) -> Self {
        let mut chain = Self { url: url.to_owned(), ..Self::default() };
        for (section, name, entry) in config.section("credential") {
            let applies = section.is_none_or(|section| wanted.is_meant_by(section, wildcards));
            match name {
                _ if applies && entry.is_refused(name) => {
                    chain.refused = Some(entry.clone());
                    break;
                }
                "usehttppath" if applies => chain.use_http_path = Some(entry.clone()),
                "username" if applies && wanted.user().is_none() => chain.username = Some(entry.clone()),
                "helper" if applies && entry.text().is_empty() => {
                    let forgotten = chain.helpers.len();
                    chain.resets.push((entry.clone(), forgotten));
                    chain.forgotten.append(&mut chain.helpers);
                }
                "helper" if applies => chain.helpers.push(Helper::read(entry, section)),
                "helper" if !entry.text().is_empty() => {
                    let helper = Helper::read(entry, section);
                    if helper.aws().is_some() {
                        chain.elsewhere.push(helper);
                    }
                }
                _ => {}
            }
        }
        chain
    }
}

impl Helper {
    fn read(entry: &Entry, section: Option<&str>) -> Self {
        let (kind, program) = grammar::classify(entry.exact());
        Self { entry: entry.clone(), section: section.map(redact), kind, program }
    }
}

/// Nothing, when git asks a helper at all: not for a URL that carries a password itself, nor for git-remote-codecommit,
/// which gives git such a URL.
///
/// # Errors
/// A gap that says why no helper is asked.
pub async fn asks_helpers(facts: &Facts) -> Result<(), Gap> {
    let target = facts.target().await?;
    let Some(url) = &target.effective else { return Ok(()) };
    let password =
        url.userinfo.as_ref().is_some_and(|info| info.has_password && info.shape.kind != Kind::EmptyPassword);
    match url.protocol {
        Protocol::Grc => Err(Gap::not_applicable("git-remote-codecommit signs by itself and asks no helper")),
        _ if password => Err(Gap::not_applicable("the clone URL carries a password, so Git asks no helper")),
        _ => Ok(()),
    }
}

/// Observes the helpers for the target's https URL.
///
/// # Errors
/// A gap when the target is not reached over https, or git's configuration cannot be read.
pub async fn observe(facts: &Facts) -> Result<HelperChain, Gap> {
    let target = facts.target().await?;
    let url = target.effective.as_ref().ok_or_else(|| Gap::not_applicable("there is no clone URL and no region"))?;
    let https = url.https().ok_or_else(|| Gap::not_applicable("credential helpers are used over https only"))?;
    let config = facts.git_config().await?;
    if config.fatal().is_some() {
        return Err(Gap::blocked("git-config", "git's configuration is invalid"));
    }
    let user = url.userinfo.as_ref().map(|info| info.name.expose());
    // Git compares a host in partial sections as it is written.
    let written = facts.request.target.url.as_ref().map(Secret::expose);
    let written = written.filter(|_| url.protocol == Protocol::Https && target.rewritten_by.is_none());
    let wanted = Wanted::read(written.unwrap_or(&https)).of_user(user);
    let mut chain = HelperChain::select_for(config, &https, &wanted, facts.git().await?.at_least(2, 26));
    for helper in chain.helpers.iter_mut().chain(&mut chain.elsewhere) {
        program::find(&facts.machine, helper).await;
    }
    Ok(chain)
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://git-codecommit.us-east-1.amazonaws.com/v1/repos/x";
    const AWS: &str = "!aws codecommit credential-helper $@";

    fn config(entries: &[(&str, &str)]) -> GitConfig {
        let entries = entries.iter().map(|(key, value)| Entry {
            key: (*key).to_owned(),
            value: Some((*value).to_owned()),
            source: "~/.gitconfig".to_owned(),
            ..Entry::default()
        });
        GitConfig { entries: entries.collect(), ..GitConfig::default() }
    }

    fn chain(entries: &[(&str, &str)]) -> HelperChain {
        HelperChain::select(&config(entries), URL, true)
    }

    fn values(chain: &HelperChain) -> Vec<&str> {
        chain.helpers.iter().map(|helper| helper.entry.text()).collect()
    }

    #[test]
    fn order_is_the_files_and_an_empty_helper_forgets_those_before_it() {
        let chain = chain(&[
            ("credential.helper", "osxkeychain"),
            ("credential.https://git-codecommit.*.amazonaws.com.helper", ""),
            ("credential.https://git-codecommit.*.amazonaws.com.helper", AWS),
            ("credential.https://git-codecommit.*.amazonaws.com.usehttppath", "true"),
            ("credential.https://github.com.helper", "gh"),
            ("credential.helper", "store"),
        ]);
        assert_eq!(values(&chain), [AWS, "store"]);
        assert!(chain.uses_http_path());
        assert_eq!(chain.forgotten[0].kind, HelperKind::OsxKeychain);
    }

    #[test]
    fn a_helper_for_another_host_is_remembered() {
        let chain = chain(&[("credential.https://git-codecommit.eu-west-1.amazonaws.com.helper", AWS)]);
        assert!(chain.helpers.is_empty());
        assert_eq!(chain.elsewhere.len(), 1);
    }

    #[test]
    fn partial_sections_apply_as_git_applies_them() {
        assert_eq!(values(&chain(&[("credential.https://.helper", "store")])), ["store"]);
        assert_eq!(values(&chain(&[("credential.git-codecommit.us-east-1.amazonaws.com.helper", "store")])), ["store"]);
        assert_eq!(values(&chain(&[("credential.ssh://.helper", "store")])), Vec::<&str>::new());
    }
}
