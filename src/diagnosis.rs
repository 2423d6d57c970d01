//! Which of the findings is the cause. The registry is in causal order: an earlier check explains a later one. Git's own
//! failure has the casting vote: what explains it is the cause, and where Git works nothing is an error.

mod suspicion;

pub use suspicion::suspect;

use crate::check::Gap;
use crate::facts::access::Access;
use crate::finding::{Finding, Severity};
use crate::runner::{Outcome, Run};
use crate::symptoms::{self, Seen, Symptom};
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
    /// It would explain a failure; Git's own does not tell.
    Likely,
}

/// The one cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootCause {
    /// The check that found it, or would.
    pub check: String,
    /// What it found.
    pub finding: String,
    /// How sure it is.
    pub confidence: Confidence,
    /// Why this one, as part of a sentence.
    pub because: String,
}

/// What all verdicts together mean.
#[derive(Clone, Debug)]
pub struct Diagnosis {
    /// The state of the whole set-up.
    pub overall: Overall,
    /// The one cause, if anything stops Git.
    pub root: Option<RootCause>,
}

/// What was recognised in what programs said.
#[derive(Clone, Debug, Default)]
pub struct Said {
    /// By Git, when the doctor ran it; `None` where it could not be run.
    pub now: Option<GitNow>,
    /// In the text of a command that failed for the person, the most specific first.
    pub before: Vec<Seen>,
}

/// What Git did when the doctor ran it.
#[derive(Clone, Debug)]
pub enum GitNow {
    /// It read the repository.
    Works,
    /// It failed, and this is what it said, the most specific first.
    Fails(Vec<Seen>),
}

impl GitNow {
    /// What Git, and the server behind it, said. A bare 403 counts only where the server did not say more.
    #[must_use]
    pub fn of(access: &Access) -> Self {
        let Some(words) = access.words() else { return Self::Works };
        let mut seen = symptoms::ALL.recognise(&words);
        if seen.iter().any(|seen| !seen.symptom.vague && seen.is_trouble()) {
            seen.retain(|seen| !seen.symptom.vague);
        }
        Self::Fails(seen)
    }
}

/// Draws the conclusion, and gives every finding the weight that it deserves: what does not stop Git is no error, and a
/// doubt that Git's own failure confirms is one.
#[must_use]
pub fn diagnose(runs: &mut [Run], said: &Said) -> Diagnosis {
    if matches!(said.now, Some(GitNow::Works)) {
        for finding in runs.iter_mut().flat_map(findings_mut) {
            finding.severity = finding.severity.min(Severity::Warning);
        }
        let root = explanation_of_before(runs, &said.before);
        return Diagnosis { overall: without_errors(runs), root };
    }
    let root = cause(runs, said).map(|root| beside(root, said));
    if let Some(root) = &root
        && let Some(finding) = find_mut(runs, &root.check, &root.finding)
    {
        finding.severity = finding.ceiling;
    }
    Diagnosis { overall: if root.is_some() { Overall::Broken } else { without_errors(runs) }, root }
}

fn without_errors(runs: &[Run]) -> Overall {
    let mut findings = runs.iter().flat_map(findings_of);
    if findings.any(|finding| finding.severity == Severity::Warning) {
        Overall::Degraded
    } else if runs.iter().any(is_open) {
        Overall::Undetermined
    } else {
        Overall::Healthy
    }
}

/// The check that tries Git itself: what it finds follows from everything else.
const GIT: &str = "git-access";

type Found<'a> = (&'static str, &'a Finding);

/// The findings that pass a test, in causal order.
fn found(runs: &[Run], passes: impl Fn(&str, &Finding) -> bool) -> Vec<Found<'_>> {
    let all = runs.iter().flat_map(|run| findings_of(run).iter().map(|finding| (run.check.id, finding)));
    all.filter(|(check, finding)| passes(check, finding)).collect()
}

/// Whether a finding explains a symptom. A host that the doctor could not reach either explains every failure to reach it,
/// in whichever words Git tells it.
fn explains((check, finding): &Found<'_>, symptom: &Symptom) -> bool {
    const WAY: &str = "endpoint";
    let on_the_way = *check == WAY && finding.severity == Severity::Error;
    symptom.is_explained_by(check, finding.kind.id) || on_the_way && symptom.candidates().any(|(check, _)| check == WAY)
}

/// The first finding that explains the most specific symptom that any of them explains.
fn agreeing<'a, 's>(
    mut symptoms: impl Iterator<Item = &'s Seen>,
    findings: &[Found<'a>],
) -> Option<(&'s Seen, Found<'a>)> {
    symptoms.find_map(|seen| Some((seen, *findings.iter().find(|found| explains(found, seen.symptom))?)))
}

/// The one cause: of the errors that explain what Git said, the one that comes first on the way to the repository; else of
/// the doubts. Where nothing explains it, Git's failure stands for itself; where what Git said is not known, the first error
/// is likely.
fn cause(runs: &[Run], said: &Said) -> Option<RootCause> {
    let now: &[Seen] = match &said.now {
        Some(GitNow::Fails(seen)) => seen,
        _ => &[],
    };
    // Where the server has said more, a text's bare 403 says nothing.
    let is_plain = now.iter().any(|seen| seen.is_trouble() && !seen.symptom.vague);
    let before = said.before.iter().filter(|seen| !(is_plain && seen.symptom.vague));
    let symptoms = || now.iter().chain(before.clone()).filter(|seen| seen.is_trouble());

    let errors = found(runs, |check, finding| check != GIT && finding.severity == Severity::Error);
    // What kept Git from being tried at all, or what led to that, comes before everything that was only looked at.
    let blocked =
        said.now.is_none() && blocker(runs).is_some_and(|blocker| errors.iter().any(|(check, _)| *check == blocker));
    if let Some(error) = errors.first().filter(|_| blocked) {
        return Some(root(*error, Confidence::Likely, first(errors.len() - 1)));
    }
    if let Some((seen, error)) = agreeing(symptoms(), &errors) {
        // What a text says may be long ago, or of another machine.
        let own = now.iter().any(|own| std::ptr::eq(own, seen));
        let confidence = if own { Confidence::Confirmed } else { Confidence::Likely };
        return Some(root(error, confidence, confirmed(seen, errors.len() - 1)));
    }
    // What Git said, and we know, is not the work of an error that cannot explain it.
    let is_known = now.iter().any(Seen::is_trouble);
    if let Some(error) = errors.first().filter(|_| !is_known) {
        return Some(root(*error, Confidence::Likely, first(errors.len() - 1)));
    }
    let doubts = found(runs, |check, finding| check != GIT && finding.ceiling == Severity::Error);
    if let Some((seen, doubt)) = agreeing(symptoms(), &doubts) {
        return Some(root(doubt, Confidence::Likely, confirmed(seen, 0)));
    }
    let git = found(runs, |check, finding| check == GIT && finding.severity == Severity::Error);
    let because = "Git was tried, and nothing else that was looked at explains its failure".to_owned();
    Some(root(*git.first()?, Confidence::Confirmed, because))
}

/// The cause, with a word about a text that tells of something else.
fn beside(root: RootCause, said: &Said) -> RootCause {
    let mut troubles = said.before.iter().filter(|seen| seen.is_trouble()).peekable();
    let other =
        troubles.peek().is_some() && troubles.all(|seen| !seen.symptom.is_explained_by(&root.check, &root.finding));
    if !other || root.check == GIT {
        return root;
    }
    RootCause { because: format!("{}; what the text says was something else", root.because), ..root }
}

/// The check that says why Git was not tried.
fn blocker(runs: &[Run]) -> Option<&'static str> {
    let run = runs.iter().find(|run| run.check.id == GIT)?;
    match run.outcome {
        Outcome::Gap(Gap::BlockedBy { check, .. }) => Some(check),
        _ => None,
    }
}

/// Git reads now, and a text says that it failed before, or that it may not push: what could explain that.
fn explanation_of_before(runs: &[Run], before: &[Seen]) -> Option<RootCause> {
    let warnings = found(runs, |_, finding| finding.severity == Severity::Warning);
    let (seen, warning) = agreeing(before.iter().filter(|seen| seen.is_trouble()), &warnings)?;
    Some(root(warning, Confidence::Likely, format!("Git can read now, and {}", confirmed(seen, 0))))
}

fn root((check, finding): Found<'_>, confidence: Confidence, because: String) -> RootCause {
    RootCause { check: check.to_owned(), finding: finding.kind.id.to_owned(), confidence, because }
}

/// How much of a line is repeated within a sentence.
const SHORT: usize = 160;

fn confirmed(seen: &Seen, others: usize) -> String {
    let short: String = seen.text.chars().take(SHORT).collect();
    let dots = if short.len() < seen.text.len() { "..." } else { "" };
    format!("it explains \"{}{dots}\"{}", short.trim_end_matches('.'), rest(others))
}

fn first(others: usize) -> String {
    match others {
        0 => "it is the only thing found that stops Git".to_owned(),
        others => format!("it comes first on the way to the repository{}", rest(others)),
    }
}

fn rest(others: usize) -> String {
    match others {
        0 => String::new(),
        1 => "; one other error may follow from it".to_owned(),
        _ => format!("; {others} other errors may follow from it"),
    }
}

/// Whether an error of one check is what another check's error leads to.
#[must_use]
pub fn follows(check: &str, from: &str) -> bool {
    let causes: &[&str] = match check {
        GIT => return from != GIT,
        "offered-credential" => &["git-config", "clone-url", "credential-helper", "keychain"],
        "credential-helper" => &["git-config", "clock", "git-version"],
        "aws-identity" => &["endpoint", "clock", "aws-credentials"],
        "git-credentials" => &["endpoint", "clock", "aws-identity", "keychain", "offered-credential"],
        "repository" => &["endpoint", "clock", "clone-url", "aws-credentials", "aws-identity", "git-credentials"],
        "git-remote-codecommit" => &["clone-url", "git-config", "aws-credentials"],
        "permissions" | "kms-access" => &["endpoint", "clock", "aws-credentials", "aws-identity"],
        _ => &[],
    };
    causes.contains(&from)
}

fn findings_mut(run: &mut Run) -> &mut [Finding] {
    match &mut run.outcome {
        Outcome::Judged(verdict) => &mut verdict.findings,
        _ => &mut [],
    }
}

fn find_mut<'a>(runs: &'a mut [Run], check: &str, finding: &str) -> Option<&'a mut Finding> {
    let run = runs.iter_mut().find(|run| run.check.id == check)?;
    findings_mut(run).iter_mut().find(|found| found.kind.id == finding)
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
mod tests;
