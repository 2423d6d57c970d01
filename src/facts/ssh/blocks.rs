//! The blocks of ssh's configuration files, with their lines: which one gives the host its user, and which were meant to.
//!
//! ssh itself says what the configuration comes to; this only finds the place. Source: `ssh_config(5)`, PATTERNS.

use super::is_key_id;
use crate::finding::Evidence;
use crate::machine::Machine;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// A `Host` block that could be meant for CodeCommit: it names a CodeCommit host, or a key id as its user, or applies to all.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Block {
    /// The file, `~` for the home folder.
    pub file: String,
    /// The line of `Host`.
    pub line: u32,
    /// The patterns.
    pub patterns: Vec<String>,
    /// `User`, with its line.
    pub user: Option<(String, u32)>,
    /// `IdentityFile`, with its line.
    pub identity: Option<(String, u32)>,
    /// `HostName`.
    pub hostname: Option<String>,
}

impl Block {
    /// Whether it applies to a host as it is typed.
    #[must_use]
    pub fn applies_to(&self, host: &str) -> bool {
        let fits = |pattern: &str| glob::Pattern::new(pattern).is_ok_and(|pattern| pattern.matches(host));
        let refused = self.patterns.iter().any(|pattern| pattern.strip_prefix('!').is_some_and(fits));
        !refused && self.patterns.iter().any(|pattern| fits(pattern))
    }

    /// Whether it signs in with a key of IAM's.
    #[must_use]
    pub fn has_key_id(&self) -> bool {
        self.user.as_ref().is_some_and(|(user, _)| is_key_id(user))
    }

    /// Whether it is meant for CodeCommit.
    #[must_use]
    pub fn is_for_codecommit(&self) -> bool {
        self.has_key_id() || self.patterns.iter().any(|pattern| pattern.contains("git-codecommit"))
    }

    /// Where it stands.
    #[must_use]
    pub fn evidence(&self) -> Evidence {
        Evidence::at(&self.file, Some(self.line), format!("Host {}", self.patterns.join(" ")))
    }

    /// Where its user stands.
    #[must_use]
    pub fn user_evidence(&self) -> Option<Evidence> {
        let (user, line) = self.user.as_ref()?;
        Some(Evidence::at(&self.file, Some(*line), format!("User {user}")))
    }
}

/// How many files are read; ssh itself follows 16 levels of `Include`.
const MOST_FILES: usize = 32;

/// Reads the account's own file, whatever it includes, and the machine's.
pub(super) async fn read(machine: &Machine, home: &Path) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut waiting = vec![(PathBuf::from("/etc/ssh/ssh_config"), usize::MAX), (home.join(".ssh/config"), 0)];
    let mut read = 0;
    while let Some((file, place)) = waiting.pop().filter(|_| read < MOST_FILES) {
        read += 1;
        let Ok(text) = machine.read_text(&file).await else { continue };
        let place = place.min(blocks.len());
        blocks.splice(place..place, parse(&machine.tilde(&file), &text));
        if read + waiting.len() > MOST_FILES {
            continue;
        }
        // What is included stands where the line stands, which is in front of most of the file by custom.
        for pattern in
            text.lines().filter_map(|line| setting(line).filter(|(key, _)| key.eq_ignore_ascii_case("include")))
        {
            for name in pattern.1.split_whitespace() {
                let below = file.parent().unwrap_or(home);
                let (base, pattern) = match (name.strip_prefix("~/"), name.strip_prefix('/')) {
                    (Some(rest), _) => (home, rest),
                    (_, Some(rest)) => (Path::new("/"), rest),
                    _ => (below, name),
                };
                waiting.extend(machine.matching(base, pattern).await.into_iter().map(|file| (file, place)));
            }
        }
    }
    blocks
}

/// Settings in front of the first `Host` apply to every host.
fn parse(file: &str, text: &str) -> Vec<Block> {
    let all = Block { file: file.to_owned(), line: 1, patterns: vec!["*".to_owned()], ..Block::default() };
    let mut blocks = vec![all];
    for (line, text) in (1..).zip(text.lines()) {
        let Some((key, value)) = setting(text) else { continue };
        let Some(block) = blocks.last_mut() else { continue };
        match key.to_ascii_lowercase().as_str() {
            "host" => blocks.push(Block {
                file: file.to_owned(),
                line,
                patterns: value.split_whitespace().map(str::to_owned).collect(),
                ..Block::default()
            }),
            // Whether a `Match` applies only ssh can tell.
            "match" => blocks.push(Block { file: file.to_owned(), line, ..Block::default() }),
            "user" if block.user.is_none() => block.user = Some((value.to_owned(), line)),
            "identityfile" if block.identity.is_none() => block.identity = Some((value.to_owned(), line)),
            "hostname" if block.hostname.is_none() => block.hostname = Some(value.to_owned()),
            _ => {}
        }
    }
    blocks
}

/// `Key value` or `Key=value`, with quotes around the value or without.
fn setting(line: &str) -> Option<(&str, &str)> {
    let line = line.trim();
    let end = line.find(|character: char| character.is_whitespace() || character == '=')?;
    let (key, rest) = line.split_at(end);
    let value = rest.trim_start().strip_prefix('=').unwrap_or(rest).trim();
    (!key.starts_with('#')).then(|| (key, value.trim_matches('"')))
}

/// Files that were meant to be ssh's configuration: an editor's `config.txt`, and that of `HOME` where the account's home is
/// another.
pub(super) async fn unread(machine: &Machine, home: &Path) -> Vec<Evidence> {
    let own = home.join(".ssh/config");
    let mut meant = Vec::new();
    if !machine.exists(&own) {
        let names = ["config.txt", "Config", "config.conf", "ssh_config", "config.config"];
        meant.extend(names.map(|name| (home.join(".ssh").join(name), "ssh reads only the file named config")));
    }
    if let Some(other) = machine.home().filter(|other| machine.resolve(other) != machine.resolve(home)) {
        meant.push((other.join(".ssh/config"), "ssh reads the account's home folder, whatever HOME says"));
    }
    let mut found = Vec::new();
    for (file, why) in meant {
        let text = machine.read_text(&file).await.unwrap_or_default();
        if text.contains("git-codecommit") || text.contains("APKA") {
            found.push(Evidence::new(machine.tilde(&file), why));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_read_with_their_lines() {
        let text = "# mine\nHost *\n  User=ann\n\nhost git-codecommit.*.amazonaws.com !git-codecommit.us-east-1.*\n\
                    \tUser APKAEIBAERJR2EXAMPLE\n\tIdentityFile \"~/.ssh/my key\"\n";
        let blocks = parse("~/.ssh/config", text);
        assert_eq!(blocks[1].user, Some(("ann".to_owned(), 3)));
        let ours = &blocks[2];
        assert_eq!((ours.line, ours.identity.as_ref().unwrap().0.as_str()), (5, "~/.ssh/my key"));
        assert!(ours.has_key_id() && ours.applies_to("git-codecommit.us-east-2.amazonaws.com"));
        assert!(!ours.applies_to("git-codecommit.us-east-1.amazonaws.com"));
        assert!(!ours.applies_to("git-codecommit.cn-north-1.amazonaws.com.cn"), "the documented gap");
    }
}
