//! Runs all checks side by side. A check that crashes or does not end is one line of the report; the others still appear.

use crate::check::{Check, Gap, Verdict};
use crate::facts::Facts;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// How often whoever watches is told what is still going on.
const TICK: Duration = Duration::from_millis(100);

/// What became of one check.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It gave a verdict.
    Judged(Verdict),
    /// It could not.
    Gap(Gap),
    /// It panicked, with this message.
    Crashed(String),
    /// It was still at work when the time was up.
    TimedOut,
}

/// One check and what became of it.
pub struct Run {
    /// The check.
    pub check: &'static Check,
    /// What became of it.
    pub outcome: Outcome,
    /// How long it took.
    pub took: Duration,
}

/// Runs the checks until all have ended or the deadline has passed; the order of the result is that of `checks`.
/// `watch` is called from time to time with the ids of those still at work.
pub async fn run(
    facts: Arc<Facts>,
    checks: &[&'static Check],
    deadline: Instant,
    mut watch: impl FnMut(&[&'static str]),
) -> Vec<Run> {
    let started = Instant::now();
    let mut tasks = JoinSet::new();
    let mut ids = HashMap::new();
    for check in checks.iter().copied() {
        let facts = Arc::clone(&facts);
        let handle = tasks.spawn(async move {
            let outcome = match (check.judge)(&facts).await {
                Ok(verdict) => Outcome::Judged(verdict),
                Err(gap) => Outcome::Gap(gap),
            };
            (outcome, started.elapsed())
        });
        ids.insert(handle.id(), check.id);
    }

    let mut ended: HashMap<&str, (Outcome, Duration)> = HashMap::new();
    loop {
        let tick = deadline.min(Instant::now() + TICK);
        match tokio::time::timeout_at(tick.into(), tasks.join_next_with_id()).await {
            Ok(None) => break,
            Ok(Some(Ok((id, done)))) => {
                ended.insert(ids[&id], done);
            }
            Ok(Some(Err(error))) => {
                let id = ids[&error.id()];
                ended.insert(id, (Outcome::Crashed(panic_message(error)), started.elapsed()));
            }
            Err(_) if Instant::now() >= deadline => {
                // What is dropped ends the programs that it runs; a task that does not let itself be stopped is left behind.
                let _ = tokio::time::timeout(TICK, tasks.shutdown()).await;
                break;
            }
            Err(_) => {}
        }
        let pending: Vec<_> = checks.iter().map(|check| check.id).filter(|id| !ended.contains_key(id)).collect();
        watch(&pending);
    }
    checks
        .iter()
        .copied()
        .map(|check| {
            let (outcome, took) = ended.remove(check.id).unwrap_or_else(|| (Outcome::TimedOut, started.elapsed()));
            Run { check, outcome, took }
        })
        .collect()
}

fn panic_message(error: tokio::task::JoinError) -> String {
    let Ok(panic) = error.try_into_panic() else { return "it was cancelled".to_owned() };
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "it panicked".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Group;
    use crate::facts::Request;
    use crate::machine::{Machine, Os};

    static GOOD: Check = check("good", |_| Box::pin(async { Ok(Verdict::new("fine", vec![])) }));
    static BAD: Check = check("bad", |_| Box::pin(async { panic!("boom") }));
    static SLOW: Check = check("slow", |_| Box::pin(std::future::pending()));

    const fn check(id: &'static str, judge: for<'a> fn(&'a Facts) -> crate::check::Judging<'a>) -> Check {
        Check {
            id,
            title: "",
            group: Group::Git,
            explain: "",
            findings: &[],
            needs: crate::needs::Needs::NOTHING,
            judge,
        }
    }

    #[tokio::test]
    async fn a_check_that_crashes_or_hangs_is_one_line_and_the_order_stays() {
        let facts = Arc::new(Facts::new(Machine::new(Os::Linux, [], "/".into()), Request::default()));
        let deadline = Instant::now() + Duration::from_millis(300);
        let mut seen = Vec::new();
        let runs = run(facts, &[&SLOW, &BAD, &GOOD], deadline, |pending| seen.push(pending.to_vec())).await;
        let outcomes: Vec<_> = runs.iter().map(|run| (run.check.id, run.outcome.clone())).collect();
        assert_eq!(
            outcomes,
            [
                ("slow", Outcome::TimedOut),
                ("bad", Outcome::Crashed("boom".into())),
                ("good", Outcome::Judged(Verdict::new("fine", vec![]))),
            ]
        );
        assert!(seen.contains(&vec!["slow"]));
    }
}
