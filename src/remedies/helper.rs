//! Changes of git's credential helpers.

use crate::docs;
use crate::facts::git_config::{Entry, GitConfig};
use crate::facts::helpers::{AwsHelper, DOCUMENTED, Helper, HelperChain};
use crate::finding::{ConfigChange, ConfigScope, Fix};
use crate::regions::credential_pattern;

/// Removes a helper, with its section when nothing but the helper stands there.
#[must_use]
pub fn remove_helper(config: &GitConfig, helper: &Helper, use_http_path: Option<&Entry>) -> Fix {
    let entry = &helper.entry;
    let title = "Remove the AWS CLI credential helper from Git's configuration";
    let Some(scope) = entry.config_scope() else { return Fix::manual(title) };
    let fix = if matches!(scope, ConfigScope::System) { Fix::review(title) } else { Fix::safe(title) };
    let fix = fix.docs(docs::SETUP_GIT_CREDENTIALS);
    let fix = match &helper.section {
        Some(section) if stands_alone(config, helper) => {
            let section = format!("credential.{section}");
            let gone = use_http_path.is_some_and(|path| path.source == entry.source && path.key.starts_with(&section));
            let fix = fix.git_config(scope, ConfigChange::RemoveSection(section));
            if gone {
                return fix;
            }
            fix
        }
        _ if entry.raw.is_some() => return Fix::manual(title),
        _ => fix.git_config(scope, ConfigChange::Unset { key: entry.key.clone(), value: entry.value.clone() }),
    };
    // Left behind, useHttpPath hides every stored credential without a path.
    match use_http_path.filter(|path| path.is_true()).and_then(|path| Some((path.config_scope()?, path))) {
        Some((scope, path)) => {
            fix.git_config(scope, ConfigChange::Unset { key: path.key.clone(), value: path.value.clone() })
        }
        None => fix,
    }
}

/// Puts another value in the place of an entry's.
#[must_use]
pub fn replace_value(entry: &Entry, title: &str, new: &str) -> Fix {
    match entry.config_scope().filter(|_| entry.raw.is_none()) {
        None => {
            let name = entry.key.rsplit('.').next().unwrap_or_default();
            Fix::manual(title).instruct(format!("{name} = {new}"))
        }
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

/// Whether nothing but the helper, what resets others and `useHttpPath` stands in the helper's section.
fn stands_alone(config: &GitConfig, helper: &Helper) -> bool {
    let belongs = |name: &str, other: &Entry| match name {
        "usehttppath" => true,
        "helper" => other.text().is_empty() || *other == helper.entry,
        _ => false,
    };
    config
        .section("credential")
        .filter(|(section, _, other)| *section == helper.section.as_deref() && other.source == helper.entry.source)
        .all(|(_, name, other)| belongs(name, other))
}

/// Makes git forget every store for CodeCommit's hosts: the AWS helper's section is written anew at the end of its file, with
/// an empty entry in front, which clears what was read before.
#[must_use]
pub fn keep_stores_away(config: &GitConfig, chain: &HelperChain, helper: &Helper) -> Fix {
    let entry = &helper.entry;
    let title = "Keep every store away from CodeCommit's hosts";
    let section = helper.section.clone().unwrap_or_else(|| credential_pattern(&host(&chain.url)));
    let key = format!("credential.{section}.helper");
    let place = |helper: &Helper| config.entries.iter().position(|entry| *entry == helper.entry);
    let stores = || chain.helpers.iter().filter(|helper| helper.keeps_passwords());
    // What stands in a file that git reads later cannot be cleared from here.
    let last_of_file = config.entries.iter().rposition(|other| other.source == entry.source);
    if let Some(late) = stores().find(|store| place(store) > last_of_file) {
        let (source, value) = (&late.entry.source, late.entry.text());
        return Fix::manual(format!("{title}: remove or limit `helper = {value}` in {source}"));
    }
    let Some(scope) = entry.config_scope().filter(|_| entry.raw.is_none()) else { return Fix::manual(title) };
    let fix = Fix::review(title);
    let fix = match &helper.section {
        // Only a section that is written anew comes last.
        Some(section) if stands_alone(config, helper) => {
            fix.git_config(scope.clone(), ConfigChange::RemoveSection(format!("credential.{section}")))
        }
        _ => {
            let own = ConfigChange::Unset { key: entry.key.clone(), value: entry.value.clone() };
            fix.git_config(scope.clone(), own)
        }
    };
    let path = ConfigChange::Set { key: format!("credential.{section}.useHttpPath"), value: "true".into() };
    fix.git_config(scope.clone(), ConfigChange::Add { key: key.clone(), value: String::new() })
        .git_config(scope.clone(), ConfigChange::Add { key, value: entry.text().to_owned() })
        .git_config(scope, path)
}

/// The host of an https URL.
fn host(url: &str) -> String {
    let rest = url.strip_prefix("https://").unwrap_or(url);
    rest.split(['/', ':']).next().unwrap_or_default().to_owned()
}
