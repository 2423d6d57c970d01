//! The finished report, version 1: the types behind `--format json`. Fields are added, never renamed or removed.

use crate::check::Group;
use crate::diagnosis::{Confidence, Overall};
use crate::facts::method::Method;
use crate::finding::{Safety, Severity};
use crate::target::Protocol;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A report of codecommit-doctor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "codecommit-doctor report, version 1")]
pub struct Document {
    /// Always 1.
    pub schema_version: u32,
    /// The program that wrote it.
    pub tool: Tool,
    /// What was diagnosed.
    pub target: TargetView,
    /// The state of the whole set-up.
    pub outcome: Overall,
    /// The one cause, if anything stops Git.
    pub root_cause: Option<RootCauseView>,
    /// What Git makes of the URL; null when it is not reached over https or cannot be told.
    pub git_view: Option<GitView>,
    /// The text that was read (`why`, `run`); null where there was none.
    pub text: Option<TextView>,
    /// Lines that were recognised, the most specific first: of that text, or of what Git said when the doctor ran it.
    pub symptoms: Vec<SymptomView>,
    /// How many checks have which status.
    pub counts: Counts,
    /// Every check, in causal order.
    pub checks: Vec<CheckView>,
    /// How long the whole run took, in milliseconds.
    pub took_ms: u64,
}

/// The program that wrote the report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Tool {
    /// `codecommit-doctor`.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// What was diagnosed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TargetView {
    /// What was typed, without secrets.
    pub input: Option<String>,
    /// Where the URL was found: `command line`, `remote origin`, `nowhere`.
    pub from: String,
    /// The clone URL as it stands there, without secrets.
    pub url: Option<String>,
    /// How Git talks to the repository.
    pub protocol: Option<Protocol>,
    /// The way of authenticating that the set-up is for.
    pub method: Option<Method>,
    /// Why that one.
    pub method_reason: Option<String>,
    /// The region.
    pub region: Option<String>,
    /// The partition, as in ARNs.
    pub partition: Option<String>,
    /// The host of the Git endpoint.
    pub host: Option<String>,
    /// The repository's name.
    pub repository: Option<String>,
    /// The AWS profile that Git's tools use.
    pub profile: Option<String>,
}

/// The one cause.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RootCauseView {
    /// The check that found it.
    pub check: String,
    /// The finding's id.
    pub finding: String,
    /// How sure it is.
    pub confidence: Confidence,
    /// Why this one.
    pub because: String,
}

/// What Git makes of the URL.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GitView {
    /// The URL after `insteadOf`.
    pub url: String,
    /// Whether helpers are told the path.
    pub use_http_path: bool,
    /// The proxy that Git uses, without its password.
    pub proxy: Option<String>,
    /// The credential helpers, in Git's order.
    pub helpers: Vec<HelperView>,
}

/// One credential helper.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HelperView {
    /// Its place, from 1.
    pub order: usize,
    /// Its value in the configuration.
    pub helper: String,
    /// The file that it comes from.
    pub source: String,
    /// The line in that file.
    pub line: Option<u32>,
    /// What it answers.
    pub answer: AnswerView,
    /// What it said, or why it was not asked.
    pub detail: Option<String>,
}

/// What a helper answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub enum AnswerView {
    /// It knows of none.
    None,
    /// An IAM Git credential.
    GitCredential,
    /// A signature made with a long-lived key.
    SignedKey,
    /// A signature made with temporary credentials.
    SignedSession,
    /// Something else.
    Other,
    /// It failed.
    Failed,
    /// It was not asked.
    NotAsked,
}

/// A text that was read: what a failed command printed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TextView {
    /// `standard input`, the file's name, or the command's.
    pub source: String,
    /// How many lines it has.
    pub lines: usize,
    /// The clone URL in it, without secrets.
    pub url: Option<String>,
    /// The region that it names.
    pub region: Option<String>,
    /// The AWS profile that it names.
    pub profile: Option<String>,
    /// The repository that it names.
    pub repository: Option<String>,
}

/// A line of a failed command's output that was recognised.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SymptomView {
    /// The symptom's id.
    pub id: String,
    /// The line, without secrets.
    pub text: String,
    /// Its number in the text, from 1; null for what Git said when the doctor ran it.
    pub line: Option<u32>,
    /// What it means.
    pub meaning: String,
    /// Whether it looks worse than it is.
    pub harmless: bool,
    /// The findings that can explain it.
    pub candidates: Vec<Candidate>,
}

/// A finding that can explain a symptom.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Candidate {
    /// The check.
    pub check: String,
    /// The finding.
    pub finding: String,
}

/// How many checks have which status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Counts {
    /// Nothing wrong.
    pub pass: usize,
    /// Something that could stop Git.
    pub warn: usize,
    /// Something that stops Git.
    pub fail: usize,
    /// Nothing to say, or another check says why.
    pub skip: usize,
    /// Could not be told.
    pub unknown: usize,
}

/// A check's status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Status {
    /// Nothing wrong.
    Pass,
    /// Something that could stop Git.
    Warn,
    /// Something that stops Git.
    Fail,
    /// Nothing to say, or another check says why.
    Skip,
    /// Could not be told.
    Unknown,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CheckView {
    /// Its id.
    pub id: String,
    /// What is true when it passes.
    pub title: String,
    /// The part of the set-up that it looks at.
    pub group: Group,
    /// What became of it.
    pub status: Status,
    /// What was seen, or why nothing could be told, in one sentence.
    pub summary: String,
    /// The check that says why this one could not be judged.
    pub blocked_by: Option<String>,
    /// `internal-error` or `timed-out`, when the doctor itself could not finish this check.
    pub trouble: Option<String>,
    /// How long it took from the beginning of the run, in milliseconds.
    pub took_ms: u64,
    /// What is wrong.
    pub findings: Vec<FindingView>,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FindingView {
    /// Its id.
    pub id: String,
    /// How much it matters.
    pub severity: Severity,
    /// Whether it follows from the root cause, and goes away with it.
    #[serde(default)]
    pub follows: bool,
    /// One sentence that names the thing.
    pub message: String,
    /// How we know.
    pub evidence: Vec<EvidenceView>,
    /// What to do, best first.
    pub fixes: Vec<FixView>,
    /// The cases of the knowledge base.
    pub cases: Vec<String>,
    /// Where the vendor documents it.
    pub docs: String,
}

/// How we know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EvidenceView {
    /// A file, a variable, a command or an API call.
    pub source: String,
    /// The line in that file.
    pub line: Option<u32>,
    /// What stands there, without secrets.
    pub text: String,
}

/// A way out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FixView {
    /// What it does.
    pub title: String,
    /// Who decides.
    pub safety: Safety,
    /// Lines to paste into a POSIX shell, or into PowerShell on Windows.
    pub commands: Vec<String>,
    /// What only a person can do.
    pub instructions: Vec<String>,
    /// Where the vendor documents it.
    pub docs: Option<String>,
}

impl Document {
    /// The finding that is the root cause.
    #[must_use]
    pub fn root_finding(&self) -> Option<&FindingView> {
        let root = self.root_cause.as_ref()?;
        let check = self.checks.iter().find(|check| check.id == root.check)?;
        check.findings.iter().find(|finding| finding.id == root.finding)
    }

    /// Whether something stops Git.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.outcome == Overall::Broken
    }

    /// Whether the doctor itself could not finish its work.
    #[must_use]
    pub fn is_incomplete(&self) -> bool {
        self.checks.iter().any(|check| check.trouble.is_some())
    }
}
