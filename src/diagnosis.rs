//! Which of the findings is the cause. The registry is in causal order: an earlier check explains a later one, so the
//! first error is the root; what comes after it may follow from it.

use crate::check::Gap;
use crate::finding::{Finding, Severity};
use crate::runner::{Outcome, Run};
use serde::{Deserialize, Serialize};

/// The state of the whole set-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Overall {
    /// Nothing was found.
    Healthy,
    /// Something could stop Git.
    Degraded,
    /// Something stops Git.
    Broken,
    /// Nothing was found, and not everything could be told.
    Undetermined,
}

/// How sure the cause is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Confidence {
    /// Git's own failure agrees.
    Confirmed,
    /// It explains a failure; Git was not asked.
    Likely,
}

/// The one cause.
#[derive(Clone, Debug)]
pub struct RootCause<'a> {
    /// The check that found it.
    pub check: &'static str,
    /// What it found.
    pub finding: &'a Finding,
    /// How sure it is.
    pub confidence: Confidence,
    /// Why this one, as a sentence.
    pub because: String,
}

/// What all verdicts together mean.
#[derive(Clone, Debug)]
pub struct Diagnosis<'a> {
    /// The state of the whole set-up.
    pub overall: Overall,
    /// The one cause, if anything stops Git.
    pub root: Option<RootCause<'a>>,
}

/// Draws the conclusion.
#[must_use]
pub fn diagnose(runs: &[Run]) -> Diagnosis<'_> {
    let findings = || runs.iter().flat_map(|run| findings_of(run).iter().map(|finding| (run.check.id, finding)));
    let mut errors = findings().filter(|(_, finding)| finding.severity == Severity::Error);
    let root = errors.next().map(|(check, finding)| {
        let others = errors.count();
        RootCause { check, finding, confidence: Confidence::Likely, because: because(others) }
    });
    let warned = findings().any(|(_, finding)| finding.severity == Severity::Warning);
    let overall = match root {
        Some(_) => Overall::Broken,
        None if warned => Overall::Degraded,
        None if runs.iter().any(is_open) => Overall::Undetermined,
        None => Overall::Healthy,
    };
    Diagnosis { overall, root }
}

fn because(others: usize) -> String {
    match others {
        0 => "it is the only thing found that stops Git".to_owned(),
        1 => "it comes first on the way to the repository; one other error may follow from it".to_owned(),
        _ => format!("it comes first on the way to the repository; {others} other errors may follow from it"),
    }
}

/// A run's findings.
#[must_use]
pub fn findings_of(run: &Run) -> &[Finding] {
    match &run.outcome {
        Outcome::Judged(verdict) => &verdict.findings,
        _ => &[],
    }
}

/// Whether a run left its question open.
fn is_open(run: &Run) -> bool {
    matches!(
        run.outcome,
        Outcome::Gap(Gap::Unknown(_) | Gap::BlockedBy { .. }) | Outcome::Crashed(_) | Outcome::TimedOut
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{Check, Group, Verdict};
    use crate::finding::FindingKind;
    use std::time::Duration;

    static CHECK: Check = Check {
        id: "c",
        title: "",
        group: Group::Git,
        explain: "",
        findings: &[],
        judge: |_| Box::pin(async { Err(Gap::Offline) }),
    };
    static FIRST: FindingKind = FindingKind::error("first", "", &[], "");
    static SECOND: FindingKind = FindingKind::error("second", "", &[], "");

    fn run(outcome: Outcome) -> Run {
        Run { check: &CHECK, outcome, took: Duration::ZERO }
    }

    fn found(findings: Vec<Finding>) -> Run {
        run(Outcome::Judged(Verdict::new("", findings)))
    }

    #[test]
    fn the_first_error_is_the_root() {
        let warning = Finding::new(&FIRST, "").at_most(Severity::Warning);
        let runs =
            [found(vec![warning]), found(vec![Finding::new(&SECOND, "")]), found(vec![Finding::new(&FIRST, "")])];
        let diagnosis = diagnose(&runs);
        assert_eq!(diagnosis.overall, Overall::Broken);
        assert_eq!(diagnosis.root.unwrap().finding.kind.id, "second");
    }

    #[test]
    fn without_errors_there_is_no_root() {
        let note = Finding::new(&FIRST, "").at_most(Severity::Note);
        let warning = Finding::new(&FIRST, "").at_most(Severity::Warning);
        for (runs, overall) in [
            (vec![found(vec![])], Overall::Healthy),
            (vec![found(vec![note])], Overall::Healthy),
            (vec![found(vec![warning])], Overall::Degraded),
            (vec![run(Outcome::Gap(Gap::unknown("")))], Overall::Undetermined),
            (vec![run(Outcome::TimedOut)], Overall::Undetermined),
            (vec![run(Outcome::Gap(Gap::Offline))], Overall::Healthy),
        ] {
            let diagnosis = diagnose(&runs);
            assert_eq!(diagnosis.overall, overall);
            assert!(diagnosis.root.is_none());
        }
    }
}
