//! What is wrong, how we know, and what to do about it. All of it is data.

use serde::{Deserialize, Serialize};

/// How much a finding matters. An error is what stops Git; what merely could is a warning; the rest is a note.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// Could stop Git, or stops something else.
    Warning,
    /// Stops Git.
    Error,
}

/// A kind of finding: its public, stable id and what is known about it without looking at any machine.
#[derive(Debug, PartialEq, Eq)]
pub struct FindingKind {
    /// Kebab-case, unique within its check.
    pub id: &'static str,
    /// The strongest severity that it can have.
    pub severity: Severity,
    /// What it means, in a few words.
    pub title: &'static str,
    /// The cases of the knowledge base that it covers, `C1` to `C123`.
    pub cases: &'static [&'static str],
    /// Where the vendor documents it.
    pub docs: &'static str,
}

impl FindingKind {
    /// A finding that can stop Git.
    #[must_use]
    pub const fn error(
        id: &'static str,
        title: &'static str,
        cases: &'static [&'static str],
        docs: &'static str,
    ) -> Self {
        Self { id, severity: Severity::Error, title, cases, docs }
    }

    /// A finding that at most could.
    #[must_use]
    pub const fn warning(
        id: &'static str,
        title: &'static str,
        cases: &'static [&'static str],
        docs: &'static str,
    ) -> Self {
        Self { id, severity: Severity::Warning, title, cases, docs }
    }

    /// A finding that is only worth knowing.
    #[must_use]
    pub const fn note(
        id: &'static str,
        title: &'static str,
        cases: &'static [&'static str],
        docs: &'static str,
    ) -> Self {
        Self { id, severity: Severity::Note, title, cases, docs }
    }
}

/// One thing that is wrong on this machine.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Its kind.
    pub kind: &'static FindingKind,
    /// How much it matters here; at most the kind's severity.
    pub severity: Severity,
    /// How much it can matter here, should Git's own failure point to it.
    pub ceiling: Severity,
    /// One sentence that names the thing.
    pub message: String,
    /// How we know.
    pub evidence: Vec<Evidence>,
    /// What to do, best first.
    pub fixes: Vec<Fix>,
}

impl Finding {
    /// A finding with its kind's severity.
    pub fn new(kind: &'static FindingKind, message: impl Into<String>) -> Self {
        let severity = kind.severity;
        Self { kind, severity, ceiling: severity, message: message.into(), evidence: Vec::new(), fixes: Vec::new() }
    }

    /// The same at a lower severity; a higher one than the kind's is not taken.
    #[must_use]
    pub fn at_most(mut self, severity: Severity) -> Self {
        self.severity = self.severity.min(severity);
        self
    }

    /// The same, and it never matters more than this, whatever Git says.
    #[must_use]
    pub fn never_above(mut self, severity: Severity) -> Self {
        self.ceiling = self.ceiling.min(severity);
        self.at_most(severity)
    }

    /// The same with one more piece of evidence.
    #[must_use]
    pub fn seen(mut self, evidence: Evidence) -> Self {
        self.evidence.push(evidence);
        self
    }

    /// The same with one more way out.
    #[must_use]
    pub fn fix(mut self, fix: Fix) -> Self {
        self.fixes.push(fix);
        self
    }
}

/// How we know: a file and line, a variable, a command or an API call, and what it said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// `~/.gitconfig`, `AWS_PROFILE`, `sts:GetCallerIdentity`.
    pub source: String,
    /// The line in that file, from 1.
    pub line: Option<u32>,
    /// What stands there, without secrets.
    pub text: String,
}

impl Evidence {
    /// Evidence without a line.
    pub fn new(source: impl Into<String>, text: impl Into<String>) -> Self {
        Self { source: source.into(), line: None, text: text.into() }
    }

    /// Evidence with a line, where it is known.
    pub fn at(source: impl Into<String>, line: Option<u32>, text: impl Into<String>) -> Self {
        Self { source: source.into(), line, text: text.into() }
    }
}

/// A way out, as data: it can be shown, tried, applied and undone.
#[derive(Clone, Debug, PartialEq)]
pub struct Fix {
    /// What it does, as an instruction.
    pub title: String,
    /// Who decides.
    pub safety: Safety,
    /// What is done, in order.
    pub steps: Vec<Step>,
    /// Where the vendor documents it.
    pub docs: Option<&'static str>,
}

impl Fix {
    /// A fix that `fix` applies.
    pub fn safe(title: impl Into<String>) -> Self {
        Self::with(title, Safety::Safe)
    }

    /// A fix that is asked about first.
    pub fn review(title: impl Into<String>) -> Self {
        Self::with(title, Safety::Review)
    }

    /// A fix that is only ever shown.
    pub fn manual(title: impl Into<String>) -> Self {
        Self::with(title, Safety::Manual)
    }

    fn with(title: impl Into<String>, safety: Safety) -> Self {
        Self { title: title.into(), safety, steps: Vec::new(), docs: None }
    }

    /// The same with one more command.
    #[must_use]
    pub fn run(mut self, argv: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.steps.push(Step::Run(argv.into_iter().map(Into::into).collect()));
        self
    }

    /// The same with one more command that reads lines.
    #[must_use]
    pub fn feed(mut self, lines: Vec<String>, argv: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.steps.push(Step::Feed { lines, argv: argv.into_iter().map(Into::into).collect() });
        self
    }

    /// The same with one more thing that only a person can do.
    #[must_use]
    pub fn instruct(mut self, text: impl Into<String>) -> Self {
        self.steps.push(Step::Instruct(text.into()));
        self
    }

    /// The same with one more change of a git configuration file.
    #[must_use]
    pub fn git_config(mut self, scope: ConfigScope, change: ConfigChange) -> Self {
        self.steps.push(Step::GitConfig { scope, change });
        self
    }

    /// The same, decided by somebody at least this careful.
    #[must_use]
    pub fn at_least(mut self, safety: Safety) -> Self {
        self.safety = self.safety.max(safety);
        self
    }

    /// This fix, and another one after it, as one: the more careful of the two decides.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        let mut title = other.title;
        if let Some(first) = title.get_mut(..1) {
            first.make_ascii_lowercase();
        }
        self.title = format!("{}, and {title}", self.title);
        self.safety = self.safety.max(other.safety);
        self.steps.extend(other.steps);
        self
    }

    /// The same with a page to read.
    #[must_use]
    pub fn docs(mut self, docs: &'static str) -> Self {
        self.docs = Some(docs);
        self
    }
}

/// Who decides whether a fix is applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Safety {
    /// Applied by `fix`.
    Safe,
    /// Asked about first: it can affect more than CodeCommit.
    Review,
    /// Only ever shown.
    Manual,
}

/// One step of a fix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A program and its arguments.
    Run(Vec<String>),
    /// A change of a git configuration file, done with `git config`.
    GitConfig {
        /// Which file.
        scope: ConfigScope,
        /// What changes in it.
        change: ConfigChange,
    },
    /// A program that is given lines on standard input.
    Feed {
        /// The lines; git's credential helpers end their input at an empty one.
        lines: Vec<String>,
        /// The program and its arguments.
        argv: Vec<String>,
    },
    /// Something that only a person can do.
    Instruct(String),
}

/// Which git configuration file a change is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ConfigScope {
    /// The user's own file.
    Global,
    /// The machine's file.
    System,
    /// The repository's file.
    Local,
    /// A file by name, `~` for the home folder.
    File(String),
}

/// A change of a git configuration file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigChange {
    /// Set a key to one value.
    Set {
        /// The key in full.
        key: String,
        /// Its new value.
        value: String,
    },
    /// Add a value to a key that can have several.
    Add {
        /// The key in full.
        key: String,
        /// The added value.
        value: String,
    },
    /// Remove the entries of a key that have exactly this value.
    Unset {
        /// The key in full.
        key: String,
        /// The value to remove; `None` removes every entry of the key.
        value: Option<String>,
    },
    /// Put a value in the place of another, so that the order of a key's values stays.
    Replace {
        /// The key in full.
        key: String,
        /// The value to replace.
        old: String,
        /// The new value.
        new: String,
    },
    /// Remove a whole section.
    RemoveSection(String),
}

impl Step {
    /// The step as an argument list, if it is one.
    #[must_use]
    pub fn argv(&self) -> Option<Vec<String>> {
        let (scope, change) = match self {
            Self::Run(argv) => return Some(argv.clone()),
            Self::Feed { .. } | Self::Instruct(_) => return None,
            Self::GitConfig { scope, change } => (scope, change),
        };
        let mut argv = vec!["git".to_owned(), "config".to_owned()];
        match scope {
            ConfigScope::Global => argv.push("--global".into()),
            ConfigScope::System => argv.push("--system".into()),
            ConfigScope::Local => argv.push("--local".into()),
            ConfigScope::File(file) => argv.extend(["--file".into(), file.clone()]),
        }
        match change {
            ConfigChange::Set { key, value } => argv.extend([key.clone(), value.clone()]),
            ConfigChange::Add { key, value } => argv.extend(["--add".into(), key.clone(), value.clone()]),
            ConfigChange::Unset { key, value: None } => argv.extend(["--unset-all".into(), key.clone()]),
            ConfigChange::Unset { key, value: Some(value) } => {
                argv.extend(["--fixed-value".into(), "--unset-all".into(), key.clone(), value.clone()]);
            }
            ConfigChange::Replace { key, old, new } => {
                argv.extend(["--fixed-value".into(), "--replace-all".into(), key.clone(), new.clone(), old.clone()]);
            }
            ConfigChange::RemoveSection(section) => argv.extend(["--remove-section".into(), section.clone()]),
        }
        Some(argv)
    }
}
