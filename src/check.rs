//! What a check is: a literal in the registry, and a judgement over facts that ends in a verdict or in a gap.

use crate::facts::Facts;
use crate::finding::{Finding, FindingKind, Severity};
use crate::needs::Needs;
use serde::{Deserialize, Serialize};
use std::pin::Pin;

/// One check: who it is, what it says when all is well, and how it judges.
pub struct Check {
    /// The public, stable name: kebab-case, equal to the file's name.
    pub id: &'static str,
    /// What is true when the check passes.
    pub title: &'static str,
    /// The part of the set-up that it looks at.
    pub group: Group,
    /// What it checks, why it matters, how to fix it: the Markdown file beside the check.
    pub explain: &'static str,
    /// Every finding that it can report.
    pub findings: &'static [&'static FindingKind],
    /// What it needs to give a verdict.
    pub needs: Needs,
    /// The judgement.
    pub judge: for<'a> fn(&'a Facts) -> Judging<'a>,
}

/// A judgement under way.
pub type Judging<'a> = Pin<Box<dyn Future<Output = Result<Verdict, Gap>> + Send + 'a>>;

/// The part of the set-up that a check looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub enum Group {
    /// The git program and its configuration.
    Git,
    /// The clone URL.
    Target,
    /// From here to the region's endpoint.
    Network,
    /// What Git sends as user name and password over HTTPS.
    Credentials,
    /// Identity and permissions in AWS.
    Aws,
    /// git-remote-codecommit.
    Grc,
    /// SSH client, key and host key.
    Ssh,
    /// The working tree and its contents.
    Repository,
    /// Whether Git can read and write now.
    Access,
}

impl Group {
    /// The group's name as `--only` and the report spell it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Git => "git",
            Self::Target => "target",
            Self::Network => "network",
            Self::Credentials => "credentials",
            Self::Aws => "aws",
            Self::Grc => "grc",
            Self::Ssh => "ssh",
            Self::Repository => "repository",
            Self::Access => "access",
        }
    }
}

/// What a check says of the machine: one sentence, and what is wrong.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Verdict {
    /// What was seen, in one sentence.
    pub summary: String,
    /// What is wrong; empty when all is well.
    pub findings: Vec<Finding>,
}

impl Verdict {
    /// A verdict with these findings. The strongest comes first; among equals the order of discovery stays.
    pub fn new(summary: impl Into<String>, mut findings: Vec<Finding>) -> Self {
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        Self { summary: summary.into(), findings }
    }

    /// One more finding, if there is one.
    pub fn add(&mut self, finding: Option<Finding>) {
        self.findings.extend(finding);
        self.findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    }

    /// The findings' ids, for tests.
    #[cfg(test)]
    #[must_use]
    pub(crate) fn ids(&self) -> Vec<&'static str> {
        self.findings.iter().map(|finding| finding.kind.id).collect()
    }

    /// The strongest finding's severity.
    #[must_use]
    pub fn severity(&self) -> Option<Severity> {
        self.findings.iter().map(|finding| finding.severity).max()
    }
}

/// Why a check could not give a verdict. Never the same as a pass.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Gap {
    /// The check has nothing to say about this set-up.
    NotApplicable(String),
    /// Another check reports the reason.
    BlockedBy {
        /// That check's id.
        check: &'static str,
        /// The reason in a few words.
        why: String,
    },
    /// It needs the network, and `--offline` was given.
    Offline,
    /// It could not be found out; the text says why, and what would make it possible.
    Unknown(String),
}

impl Gap {
    /// Nothing to say here.
    pub fn not_applicable(why: impl Into<String>) -> Self {
        Self::NotApplicable(why.into())
    }

    /// Could not be found out.
    pub fn unknown(why: impl Into<String>) -> Self {
        Self::Unknown(why.into())
    }

    /// Another check says why.
    pub fn blocked(check: &'static str, why: impl Into<String>) -> Self {
        Self::BlockedBy { check, why: why.into() }
    }
}
