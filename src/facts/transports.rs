//! Which transports git may use, and for whom.

use super::git_config::GitConfig;
use crate::finding::Evidence;
use serde::{Deserialize, Serialize};

/// What `GIT_ALLOW_PROTOCOL`, `protocol.<name>.allow` and `protocol.allow` say of a transport; without a word from them,
/// git's own: http, https, git and ssh always, all others only where a person asked for them (git-config(1)).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Allowed {
    /// Wherever it is named.
    Always,
    /// Only where the person named it, and so not in a submodule; with the setting that says so.
    ByPerson(Option<Evidence>),
    /// Nowhere; with the setting that says so.
    Never(Evidence),
}

/// Whether git uses a transport.
#[must_use]
pub fn allowed(variable: Option<&str>, config: &GitConfig, transport: &str) -> Allowed {
    if let Some(list) = variable {
        let named = list.split(':').any(|name| name == transport);
        let seen = Evidence::new("GIT_ALLOW_PROTOCOL", list);
        return if named { Allowed::Always } else { Allowed::Never(seen) };
    }
    let entry = config.last(&format!("protocol.{transport}.allow")).or_else(|| config.last("protocol.allow"));
    let usual = ["http", "https", "git", "ssh"].contains(&transport);
    match entry.map(|entry| (entry.text().to_ascii_lowercase(), entry.evidence())) {
        None if usual => Allowed::Always,
        None => Allowed::ByPerson(None),
        Some((word, _)) if word == "always" => Allowed::Always,
        Some((word, seen)) if word == "never" => Allowed::Never(seen),
        Some((_, seen)) => Allowed::ByPerson(Some(seen)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::git_config::Entry;

    #[test]
    fn transports_are_allowed_as_git_allows_them() {
        let config = |key: &str, value: &str| GitConfig {
            entries: vec![Entry { key: key.into(), value: Some(value.into()), ..Entry::default() }],
            ..GitConfig::default()
        };
        let none = GitConfig::default();
        assert_eq!(allowed(None, &none, "https"), Allowed::Always);
        assert_eq!(allowed(None, &none, "codecommit"), Allowed::ByPerson(None));
        assert_eq!(allowed(None, &config("protocol.codecommit.allow", "always"), "codecommit"), Allowed::Always);
        assert!(matches!(allowed(None, &config("protocol.allow", "never"), "https"), Allowed::Never(_)));
        assert!(matches!(allowed(None, &config("protocol.allow", "user"), "https"), Allowed::ByPerson(Some(_))));
        assert_eq!(allowed(Some("https:codecommit"), &none, "codecommit"), Allowed::Always);
        assert!(matches!(allowed(Some("https"), &none, "codecommit"), Allowed::Never(_)));
    }
}
