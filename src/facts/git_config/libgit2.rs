//! The configuration as libgit2 reads it, for a machine without git.

use super::{Entry, GitConfig, Problem};
use crate::facts::Facts;
use crate::redact::redact;
use std::path::Path;

/// The view of libgit2, for a machine without git: the user's, the machine's and the repository's own file.
pub(super) fn read(facts: &Facts) -> GitConfig {
    let machine = &facts.machine;
    let xdg =
        machine.var_set("XDG_CONFIG_HOME").map_or_else(|| machine.expand("~/.config"), |dir| machine.expand(&dir));
    let files = [
        ("system", machine.expand("/etc/gitconfig")),
        ("global", xdg.join("git/config")),
        ("global", machine.expand("~/.gitconfig")),
        ("local", machine.cwd().join(".git/config")),
    ];
    let mut config = GitConfig { without_git: true, ..GitConfig::default() };
    for (scope, file) in files.iter().filter(|(_, file)| machine.exists(file)) {
        match libgit2_entries(file) {
            Ok(entries) => config.entries.extend(entries.into_iter().map(|(key, value)| Entry {
                key: redact(&key),
                value: value.as_deref().map(redact),
                source: machine.tilde(file),
                scope: (*scope).to_owned(),
                ..Entry::default()
            })),
            Err(error) => config.problems.push(Problem {
                file: machine.tilde(file),
                line: None,
                text: redact(error.message()),
                fatal: true,
            }),
        }
    }
    config
}

fn libgit2_entries(file: &Path) -> Result<Vec<(String, Option<String>)>, git2::Error> {
    let config = git2::Config::open(file)?;
    let mut found = Vec::new();
    config.entries(None)?.for_each(|entry| {
        let key = String::from_utf8_lossy(entry.name_bytes()).into_owned();
        let value = entry.has_value().then(|| String::from_utf8_lossy(entry.value_bytes()).into_owned());
        found.push((key, value));
    })?;
    Ok(found)
}
