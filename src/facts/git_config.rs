//! Git's effective configuration, as git itself lists it: every entry with its file, scope and line.

mod complaints;
mod libgit2;
mod lines;

use super::Facts;
use crate::check::Gap;
use crate::finding::{ConfigScope, Evidence};
use crate::machine::{Ended, FileError, Invocation, Output};
use crate::redact::{Secret, redact, redact_helper};
use crate::urlmatch::{Parts, Specificity};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The most of git's listing that is read; 10,000 entries are about 1 MiB.
const CAP: usize = 32 * 1024 * 1024;

/// The configuration that git uses in the working directory.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GitConfig {
    /// All entries, in the order in which git reads them.
    pub entries: Vec<Entry>,
    /// What git says is wrong with a file. With a fatal problem, git runs no command at all.
    pub problems: Vec<Problem>,
    /// Whether the entries come from libgit2, because there is no git: then without lines, and not of every file.
    pub without_git: bool,
}

/// One entry of git's configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The whole key: section and name in lower case, subsection as written. Passwords in it are masked.
    pub key: String,
    /// Its value; `None` for a key without `=`, which means true. Passwords in it are masked.
    pub value: Option<String>,
    /// The file, `~` for the home folder; or "command line", or the environment variable.
    pub source: String,
    /// The line in that file.
    pub line: Option<u32>,
    /// The value itself, where it differs from the masked one; never told.
    #[serde(skip)]
    pub raw: Option<Secret>,
    /// The key itself, likewise: a section's URL can hold a password.
    #[serde(skip)]
    pub raw_key: Option<Secret>,
    /// Git's scope: `system`, `global`, `local`, `worktree`, `command`; `unknown` for a vendor's file; empty before 2.26.
    pub scope: String,
}

/// Something that git says is wrong with a configuration file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The file, `~` for the home folder.
    pub file: String,
    /// The line in that file.
    pub line: Option<u32>,
    /// Git's own words.
    pub text: String,
    /// Whether git stops because of it.
    pub fatal: bool,
}

impl GitConfig {
    /// The last entry of one key, which is the one that counts for keys with a single value.
    #[must_use]
    pub fn last(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().rfind(|entry| entry.key == key)
    }

    /// The entries `section.<subsection>.name`, with their subsections, exactly; `None` stands for `section.name`.
    pub fn section<'a>(&'a self, section: &'a str) -> impl Iterator<Item = (Option<&'a str>, &'a str, &'a Entry)> {
        self.entries.iter().filter_map(move |entry| {
            let key = entry.raw_key.as_ref().map_or(entry.key.as_str(), Secret::expose);
            let rest = key.strip_prefix(section)?.strip_prefix('.')?;
            Some(match rest.rsplit_once('.') {
                Some((subsection, name)) => (Some(subsection), name, entry),
                None => (None, rest, entry),
            })
        })
    }

    /// The entries `http.<url>.<name>` that apply to a URL, each with how specific it is, and `http.<name>`.
    fn http_all<'a>(&'a self, url: &str, name: &'static str) -> impl Iterator<Item = (Option<Specificity>, &'a Entry)> {
        let url = Parts::parse(url);
        self.section("http").filter(move |(_, key, _)| *key == name).filter_map(
            move |(section, _, entry)| match section {
                None => Some((None, entry)),
                Some(section) => Some((Some(Parts::parse(section)?.matches(url.as_ref()?, true)?), entry)),
            },
        )
    }

    /// The most specific `http.<url>.<name>`, else `http.<name>`; the last among equals.
    #[must_use]
    pub fn http(&self, url: &str, name: &'static str) -> Option<&Entry> {
        self.http_all(url, name).max_by_key(|(specific, _)| *specific).map(|(_, entry)| entry)
    }

    /// Every extra header that git sends to a URL; they add up, and an empty one forgets those before it.
    #[must_use]
    pub fn extra_headers(&self, url: &str) -> Vec<&Entry> {
        self.http_all(url, "extraheader").fold(Vec::new(), |mut headers, (_, entry)| {
            if entry.text().is_empty() {
                headers.clear();
            } else {
                headers.push(entry);
            }
            headers
        })
    }

    /// The problem that makes git refuse to work.
    #[must_use]
    pub fn fatal(&self) -> Option<&Problem> {
        self.problems.iter().find(|problem| problem.fatal)
    }
}

impl Entry {
    /// The value as text; empty where there is none.
    #[must_use]
    pub fn text(&self) -> &str {
        self.value.as_deref().unwrap_or_default()
    }

    /// Whether a switch is on.
    #[must_use]
    pub fn is_true(&self) -> bool {
        self.boolean() == Some(true)
    }

    /// The value itself, with whatever secret is in it: for use, and never to be told.
    #[must_use]
    pub fn exact(&self) -> &str {
        self.raw.as_ref().map_or_else(|| self.text(), Secret::expose)
    }

    /// Whether git stops at this `credential` entry: a name without a value, or a switch that is neither on nor off.
    #[must_use]
    pub fn is_refused(&self, name: &str) -> bool {
        match &self.value {
            None => true,
            Some(_) => ["usehttppath", "sanitizeprompt", "protectprotocol"].contains(&name) && self.boolean().is_none(),
        }
    }

    /// The value as git reads a switch (git-config(1), "boolean"); `None` for what git refuses.
    fn boolean(&self) -> Option<bool> {
        let Some(value) = &self.value else { return Some(true) };
        match value.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" => Some(true),
            "" | "false" | "no" | "off" => Some(false),
            number => {
                let digits = number.trim_end_matches(['k', 'm', 'g']);
                (number.len() - digits.len() <= 1)
                    .then(|| digits.parse::<i64>().ok())
                    .flatten()
                    .map(|number| number != 0)
            }
        }
    }

    /// Where it stands and what it says, as a line of the file would.
    #[must_use]
    pub fn evidence(&self) -> Evidence {
        let name = self.key.rsplit('.').next().unwrap_or_default();
        let text = match &self.value {
            Some(value) => format!("{name} = {value}"),
            None => name.to_owned(),
        };
        Evidence::at(&self.source, self.line, text)
    }

    /// The file to change, for a fix; `None` when it does not come from a file.
    #[must_use]
    pub fn config_scope(&self) -> Option<ConfigScope> {
        match self.scope.as_str() {
            "global" if self.source == "~/.gitconfig" => Some(ConfigScope::Global),
            "local" if self.source.ends_with(".git/config") => Some(ConfigScope::Local),
            "system" => Some(ConfigScope::System),
            _ if self.source.starts_with(['~', '/']) || self.source.contains(":/") => {
                Some(ConfigScope::File(self.source.clone()))
            }
            _ => None,
        }
    }
}

/// Observes git's configuration. Invalid configuration is a fact, not a gap.
///
/// # Errors
/// A gap that names `git-version` when git is there and cannot list its configuration at all.
pub async fn observe(facts: &Facts) -> Result<GitConfig, Gap> {
    let Some(program) = facts.machine.which("git") else { return Ok(libgit2::read(facts)) };
    // Newest form first: --show-scope came with 2.26, --show-origin with 2.8. An old git says "usage" or "unknown option".
    let mut complaint = None;
    for flags in [&["--show-origin", "--show-scope"][..], &["--show-origin"], &[]] {
        let args = ["config", "--list", "-z", "--includes"].iter().chain(flags);
        let Ok(output) = facts.machine.run(Invocation::quick(&program, args).cap(CAP)).await else { break };
        if output.ended == Ended::TimedOut {
            break;
        }
        let problems =
            complaints::read_problems(&output.stderr_text(), |file| facts.machine.tilde(&top(facts).join(file)));
        if output.success() || problems.iter().any(|problem| problem.fatal) {
            let mut config =
                GitConfig { entries: read_listing(facts, &output, flags.len()), problems, without_git: false };
            lines::locate(facts, &mut config.entries).await;
            config.problems.extend(unreadable(facts, &config.entries).await);
            return Ok(config);
        }
        complaint = read_complaint(&output.stderr_text(), |file| facts.machine.tilde(Path::new(file)));
    }
    match complaint {
        Some(problem) => Ok(GitConfig { problems: vec![problem], ..GitConfig::default() }),
        None => Err(Gap::blocked("git-version", "git cannot list its configuration")),
    }
}

/// The person's own files that exist and may not be read: git passes them over without a word.
async fn unreadable(facts: &Facts, listed: &[Entry]) -> Vec<Problem> {
    let machine = &facts.machine;
    let xdg =
        machine.var_set("XDG_CONFIG_HOME").map_or_else(|| machine.expand("~/.config"), |dir| machine.expand(&dir));
    let mut problems = Vec::new();
    for file in [machine.expand("~/.gitconfig"), xdg.join("git/config")] {
        // What git lists, it has read.
        let open = !machine.exists(&file) || listed.iter().any(|entry| entry.source == machine.tilde(&file));
        if !open && machine.read(&file).await == Err(FileError::Denied) {
            let text = "permission denied".to_owned();
            problems.push(Problem { file: machine.tilde(&file), line: None, text, fatal: false });
        }
    }
    problems
}

/// Why git gave up, in its own last words: an include that includes itself, for one.
fn read_complaint(stderr: &str, show: impl Fn(&str) -> String) -> Option<Problem> {
    let (_, said) = stderr.split_once("fatal: ")?;
    let text = said.split_whitespace().collect::<Vec<_>>().join(" ");
    let file =
        said.lines().map(str::trim).find(|line| line.starts_with('/')).map_or("its configuration".to_owned(), show);
    Some(Problem { file, line: None, text: redact(&text), fatal: true })
}

/// The folder from which git names the files of a repository: the top of the working tree, found as git finds it where
/// the repository itself is broken.
fn top(facts: &Facts) -> PathBuf {
    let machine = &facts.machine;
    let around = || machine.cwd().ancestors().find(|folder| machine.exists(&folder.join(".git"))).map(Path::to_owned);
    let worktree = facts.request.target.worktree.clone();
    worktree.or_else(around).unwrap_or_else(|| machine.cwd().to_owned())
}

/// Reads `git config --list -z`, whose records carry scope and origin in front when they were asked for.
fn read_listing(facts: &Facts, output: &Output, extra_fields: usize) -> Vec<Entry> {
    let listing = String::from_utf8_lossy(&output.stdout);
    let top = top(facts);
    let fields: Vec<&str> = listing.split_terminator('\0').collect();
    fields
        .chunks_exact(extra_fields + 1)
        .map(|record| {
            let (key, value) = match record[extra_fields].split_once('\n') {
                Some((key, value)) => (key, Some(value)),
                None => (record[extra_fields], None),
            };
            let (scope, origin) = match extra_fields {
                2 => (record[0], record[1]),
                1 => ("", record[0]),
                _ => ("", ""),
            };
            let source = match origin.split_once(':') {
                // Git names the files of a repository from its top level.
                Some(("file", path)) => facts.machine.tilde(&top.join(path)),
                Some((kind, _)) => kind.to_owned(),
                None => "git config".to_owned(),
            };
            let masked = value.map(|value| tell(key, value));
            let raw = value.filter(|value| masked.as_deref() != Some(value)).map(Secret::new);
            let masked_key = redact(key);
            let raw_key = (masked_key != key).then(|| Secret::new(key));
            Entry { key: masked_key, value: masked, source, line: None, raw, raw_key, scope: scope.to_owned() }
        })
        .collect()
}

/// The longest value that is looked at whole; a longer one is nobody's setting.
const LONGEST: usize = 16 * 1024;

/// A value as it may be told.
fn tell(key: &str, value: &str) -> String {
    if value.len() > LONGEST {
        return format!("({} bytes)", value.len());
    }
    let helper = key.starts_with("credential.") && key.ends_with(".helper");
    if helper { redact_helper(value) } else { redact(value) }
}

#[cfg(test)]
mod tests;
