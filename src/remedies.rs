//! Ways out that several checks offer: changes of git's credential configuration, as data.

use crate::docs;
use crate::facts::git_config::{Entry, GitConfig};
use crate::facts::helpers::{AwsHelper, Helper};
use crate::finding::{ConfigChange, ConfigScope, Fix};
use crate::regions::credential_pattern;

/// The helper as AWS documents it ("Setup steps for HTTPS connections with the AWS CLI credential helper").
pub const DOCUMENTED: &str = "!aws codecommit credential-helper $@";

/// Removes a helper, with its section when nothing but the helper stands there.
#[must_use]
pub fn remove_helper(config: &GitConfig, helper: &Helper) -> Fix {
    let entry = &helper.entry;
    let title = "Remove the AWS CLI credential helper from Git's configuration";
    let Some(scope) = entry.config_scope() else { return Fix::manual(title) };
    let fix = if matches!(scope, ConfigScope::System) { Fix::review(title) } else { Fix::safe(title) };
    let fix = fix.docs(docs::SETUP_GIT_CREDENTIALS);
    let belongs = |name: &str, other: &Entry| match name {
        "usehttppath" => true,
        "helper" => other.text().is_empty() || other == entry,
        _ => false,
    };
    let mut siblings = config
        .section("credential")
        .filter(|(section, _, other)| *section == helper.section.as_deref() && other.source == entry.source);
    match &helper.section {
        Some(section) if siblings.all(|(_, name, other)| belongs(name, other)) => {
            fix.git_config(scope, ConfigChange::RemoveSection(format!("credential.{section}")))
        }
        _ if entry.raw.is_some() => Fix::manual(title),
        _ => fix.git_config(scope, ConfigChange::Unset { key: entry.key.clone(), value: entry.value.clone() }),
    }
}

/// Puts another value in the place of an entry's.
#[must_use]
pub fn replace_value(entry: &Entry, title: &str, new: &str) -> Fix {
    match entry.config_scope().filter(|_| entry.raw.is_none()) {
        None => Fix::manual(title).instruct(format!("helper = {new}")),
        Some(scope) => {
            let (key, old, new) = (entry.key.clone(), entry.text().to_owned(), new.to_owned());
            Fix::review(title).git_config(scope, ConfigChange::Replace { key, old, new })
        }
    }
}

/// Writes an AWS helper as it should be, with the profile that can still be read.
#[must_use]
pub fn rewrite_aws_helper(helper: &Helper, aws: &AwsHelper) -> Fix {
    let profile = aws.profile.as_ref().map(|profile| format!(" --profile {profile}")).unwrap_or_default();
    replace_value(&helper.entry, "Write the helper anew", &format!("!aws{profile} codecommit credential-helper $@"))
}

/// Configures the AWS helper for a host's kind of name, after an empty entry that clears the helpers before it; like
/// another one, if there is one for other hosts.
#[must_use]
pub fn add_aws_helper(host: &str, like: Option<&Helper>) -> Fix {
    let pattern = credential_pattern(host);
    let key = |name: &str| format!("credential.{pattern}.{name}");
    let value = like.filter(|like| like.entry.raw.is_none()).map_or(DOCUMENTED, |like| like.entry.text());
    Fix::safe(format!("Configure the helper for {pattern}"))
        .git_config(ConfigScope::Global, ConfigChange::Add { key: key("helper"), value: String::new() })
        .git_config(ConfigScope::Global, ConfigChange::Add { key: key("helper"), value: value.to_owned() })
        .git_config(ConfigScope::Global, ConfigChange::Set { key: key("useHttpPath"), value: "true".into() })
        .docs(docs::SETUP_HELPER)
}

/// Limits a helper that is asked for every host to the hosts like this one.
#[must_use]
pub fn limit_helper(helper: &Helper, host: Option<&str>) -> Fix {
    let pattern = credential_pattern(host.unwrap_or("git-codecommit.us-east-1.amazonaws.com"));
    let entry = &helper.entry;
    let title = "Limit the helper to CodeCommit's hosts";
    let Some(scope) = entry.config_scope().filter(|_| entry.raw.is_none()) else { return Fix::manual(title) };
    let add = ConfigChange::Add { key: format!("credential.{pattern}.helper"), value: entry.text().to_owned() };
    let path = ConfigChange::Set { key: format!("credential.{pattern}.useHttpPath"), value: "true".into() };
    Fix::review(title)
        .git_config(scope.clone(), ConfigChange::Unset { key: entry.key.clone(), value: entry.value.clone() })
        .git_config(scope.clone(), add)
        .git_config(scope, path)
}

/// Makes git forget the helpers before the AWS helper: its section is written anew, with an empty entry in front.
#[must_use]
pub fn reset_before(helper: &Helper, host: &str, store: &str) -> Fix {
    let entry = &helper.entry;
    let title = format!("Make Git forget {store} for CodeCommit's hosts");
    let section = helper.section.clone().unwrap_or_else(|| credential_pattern(host));
    let key = format!("credential.{section}.helper");
    let Some(scope) = entry.config_scope().filter(|_| entry.raw.is_none()) else { return Fix::manual(title) };
    let own = ConfigChange::Unset { key: entry.key.clone(), value: entry.value.clone() };
    let path = ConfigChange::Set { key: format!("credential.{section}.useHttpPath"), value: "true".into() };
    Fix::review(title)
        .git_config(scope.clone(), own)
        .git_config(scope.clone(), ConfigChange::Add { key: key.clone(), value: String::new() })
        .git_config(scope.clone(), ConfigChange::Add { key, value: entry.text().to_owned() })
        .git_config(scope, path)
}
