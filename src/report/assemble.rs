//! Makes the finished document out of facts, runs and diagnosis. Everything that is told passes the scrubber here.

mod git_view;
mod said;

use super::document::{
    CheckView, Counts, Document, EvidenceView, FindingView, FixView, RootCauseView, Status, SymptomView, TargetView,
    Tool,
};
use crate::check::Gap;
use crate::diagnosis::{Diagnosis, GitNow, Overall, RootCause, Said, findings_of, follows};
use crate::facts::Facts;
use crate::finding::{Finding, Fix, Severity, Step};
use crate::machine::{Machine, Os};
use crate::reading::Reading;
use crate::runner::{Outcome, Run};
use crate::shell;
use crate::symptoms::Seen;
use crate::target::CloneUrl;
use std::time::Duration;

/// What is told.
pub struct Told<'a> {
    /// The checks, with what became of them.
    pub runs: &'a [Run],
    /// What they mean together.
    pub diagnosis: Diagnosis,
    /// What programs said.
    pub said: &'a Said,
    /// The text that was read.
    pub reading: Option<&'a Reading>,
    /// How long it all took.
    pub took: Duration,
}

/// Makes the document. Facts that were not observed in time are left out.
#[must_use]
pub fn assemble(facts: &Facts, told: Told<'_>) -> Document {
    let teller = Teller { machine: &facts.machine };
    let root = told.diagnosis.root;
    let cause = root.as_ref().map(|root| root.check.as_str());
    let checks: Vec<CheckView> = told.runs.iter().map(|run| teller.check(run, cause)).collect();
    let now: &[Seen] = match &told.said.now {
        Some(GitNow::Fails(seen)) if told.reading.is_none() => seen,
        _ => &[],
    };
    let now = now.iter().map(|seen| SymptomView { line: None, ..teller.symptom(seen) });
    Document {
        target: teller.target(facts),
        outcome: told.diagnosis.overall,
        root_cause: root.map(|root| teller.root(root)),
        git_view: teller.git_view(facts),
        text: told.reading.and_then(|reading| reading.was_heard.then(|| teller.text_view(reading))),
        symptoms: told.said.before.iter().map(|seen| teller.symptom(seen)).chain(now).collect(),
        counts: count(&checks),
        checks,
        ..empty(told.took)
    }
}

/// The document about a text alone, for which no check has run.
#[must_use]
pub fn of_text(machine: &Machine, reading: &Reading, root: Option<RootCause>, took: Duration) -> Document {
    let teller = Teller { machine };
    let given = reading.clone_url().map(|url| CloneUrl::read(url.expose()));
    let target = given.map(|url| TargetView { from: reading.url_from.to_owned(), ..teller.url(&url) });
    Document {
        target: target.unwrap_or_else(|| TargetView {
            from: "nowhere".to_owned(),
            region: teller.text_view(reading).region,
            ..TargetView::default()
        }),
        outcome: match &root {
            Some(_) => Overall::Broken,
            None if !reading.seen.is_empty() && reading.seen.iter().all(|seen| !seen.is_trouble()) => Overall::Healthy,
            None => Overall::Undetermined,
        },
        root_cause: root.map(|root| teller.root(root)),
        text: Some(teller.text_view(reading)),
        symptoms: reading.seen.iter().map(|seen| teller.symptom(seen)).collect(),
        ..empty(took)
    }
}

fn empty(took: Duration) -> Document {
    Document {
        schema_version: 1,
        tool: Tool { name: env!("CARGO_PKG_NAME").to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() },
        target: TargetView::default(),
        outcome: Overall::Healthy,
        root_cause: None,
        git_view: None,
        text: None,
        symptoms: Vec::new(),
        counts: Counts::default(),
        checks: Vec::new(),
        took_ms: millis(took),
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn count(checks: &[CheckView]) -> Counts {
    let of = |status| checks.iter().filter(|check| check.status == status).count();
    Counts {
        pass: of(Status::Pass),
        warn: of(Status::Warn),
        fail: of(Status::Fail),
        skip: of(Status::Skip),
        unknown: of(Status::Unknown),
    }
}

/// Turns what was observed and found into what is told.
struct Teller<'a> {
    machine: &'a Machine,
}

impl Teller<'_> {
    /// Text without secrets and without characters that would act on a terminal.
    fn text(&self, text: &str) -> String {
        let clean = self.machine.secrets().scrub(text);
        let tame = |c: char| match c {
            '\n' | '\t' => ' ',
            c if c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') => '\u{fffd}',
            c => c,
        };
        clean.trim_end().chars().map(tame).collect()
    }

    fn root(&self, root: RootCause) -> RootCauseView {
        RootCauseView {
            check: root.check,
            finding: root.finding,
            confidence: root.confidence,
            because: self.text(&root.because),
        }
    }

    /// What a URL tells by itself.
    fn url(&self, url: &CloneUrl) -> TargetView {
        let tell = |text: &String| self.text(text);
        TargetView {
            url: Some(self.text(&url.shown)),
            protocol: Some(url.protocol),
            region: url.region.as_ref().map(tell),
            partition: url.partition().map(|partition| partition.name().to_owned()),
            host: url.host.as_ref().map(tell),
            repository: url.repository.as_ref().map(tell),
            profile: url.profile.as_ref().map(tell),
            ..TargetView::default()
        }
    }

    fn target(&self, facts: &Facts) -> TargetView {
        let Some(Ok(target)) = facts.target.get() else { return TargetView::default() };
        let url = target.given.as_ref().or(target.effective.as_ref());
        let effective = target.effective.as_ref();
        let method = facts.method.get().and_then(|method| method.as_ref().ok());
        let credentials = facts.credentials.get().and_then(|credentials| credentials.as_ref().ok());
        let tell = |text: &String| self.text(text);
        TargetView {
            input: target.input.as_ref().map(tell),
            from: self.text(&target.from),
            url: target.given.as_ref().map(|url| self.text(&url.shown)),
            protocol: url.map(|url| url.protocol),
            method: method.map(|method| method.method),
            method_reason: method.map(|method| self.text(&method.reason)),
            region: effective.and_then(|url| url.region.as_ref()).map(tell),
            partition: effective
                .and_then(super::super::target::CloneUrl::partition)
                .map(|partition| partition.name().to_owned()),
            host: effective.and_then(|url| url.host.as_ref()).map(tell),
            repository: url.and_then(|url| url.repository.as_ref()).map(tell),
            profile: credentials
                .map(|credentials| &credentials.choice.profile)
                .or_else(|| url.and_then(|url| url.profile.as_ref()))
                .map(tell),
        }
    }

    fn check(&self, run: &Run, cause: Option<&str>) -> CheckView {
        let (status, summary, blocked_by, trouble) = match &run.outcome {
            Outcome::Judged(verdict) => {
                let status = match verdict.severity() {
                    Some(Severity::Error) => Status::Fail,
                    Some(Severity::Warning) => Status::Warn,
                    Some(Severity::Note) | None => Status::Pass,
                };
                (status, verdict.summary.clone(), None, None)
            }
            Outcome::Gap(Gap::NotApplicable(why)) => (Status::Skip, why.clone(), None, None),
            Outcome::Gap(Gap::Offline) => {
                (Status::Skip, "needs the network, and --offline was given".to_owned(), None, None)
            }
            Outcome::Gap(Gap::BlockedBy { check, why }) => (Status::Skip, why.clone(), Some((*check).to_owned()), None),
            Outcome::Gap(Gap::Unknown(why)) => (Status::Unknown, why.clone(), None, None),
            Outcome::Crashed(why) => (
                Status::Unknown,
                format!("the doctor itself failed here: {why}"),
                None,
                Some("internal-error".to_owned()),
            ),
            Outcome::TimedOut => (
                Status::Unknown,
                "was still at work when the time was up".to_owned(),
                None,
                Some("timed-out".to_owned()),
            ),
        };
        CheckView {
            id: run.check.id.to_owned(),
            title: run.check.title.to_owned(),
            group: run.check.group,
            status,
            summary: self.text(&summary),
            blocked_by,
            trouble,
            took_ms: millis(run.took),
            findings: findings_of(run)
                .iter()
                .map(|finding| FindingView {
                    follows: finding.severity == Severity::Error
                        && cause.is_some_and(|cause| follows(run.check.id, cause)),
                    ..self.finding(finding)
                })
                .collect(),
        }
    }

    fn finding(&self, finding: &Finding) -> FindingView {
        FindingView {
            id: finding.kind.id.to_owned(),
            severity: finding.severity,
            follows: false,
            message: self.text(&finding.message),
            evidence: finding
                .evidence
                .iter()
                .map(|seen| EvidenceView {
                    source: self.text(&seen.source),
                    line: seen.line,
                    text: self.text(&seen.text),
                })
                .collect(),
            fixes: finding.fixes.iter().map(|fix| self.fix(fix)).collect(),
            cases: finding.kind.cases.iter().map(|case| (*case).to_owned()).collect(),
            docs: finding.kind.docs.to_owned(),
        }
    }

    fn fix(&self, fix: &Fix) -> FixView {
        let os = self.machine.os();
        // A command that would show a secret, or that masking would change, is worse than none.
        let (commands, hidden): (Vec<String>, Vec<String>) =
            fix.steps.iter().filter_map(|step| command(step, os)).partition(|line| self.text(line) == *line);
        let withheld = (!hidden.is_empty()).then(|| "Some commands would show a secret and are left out.".to_owned());
        let instructions = fix.steps.iter().filter_map(|step| match step {
            Step::Instruct(text) => Some(self.text(text)),
            _ => None,
        });
        FixView {
            title: self.text(&fix.title),
            safety: fix.safety,
            commands: if hidden.is_empty() { commands } else { Vec::new() },
            instructions: instructions.chain(withheld).collect(),
            docs: fix.docs.map(str::to_owned),
        }
    }
}

fn command(step: &Step, os: Os) -> Option<String> {
    match step {
        Step::Feed { lines, argv } => Some(shell::feed(lines, argv, os)),
        step => Some(shell::line(&step.argv()?, os)),
    }
}
