//! One visit to the doctor: observe, judge, diagnose, within the time that there is.

use crate::check::Check;
use crate::checks::ALL;
use crate::cli::Options;
use crate::diagnosis::{self, GitNow, Said};
use crate::facts::chosen::{self, Chosen};
use crate::facts::{Facts, Request};
use crate::machine::{Machine, interrupted};
use crate::reading::Reading;
use crate::report::assemble::{self, Told};
use crate::report::document::Document;
use crate::terminal::LiveLine;
use crate::{runner, select};
use anyhow::Result;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Whom, and what about.
pub struct Visit<'a> {
    /// The machine.
    pub machine: &'a Machine,
    /// What the person asked for.
    pub options: &'a Options,
    /// The target as typed.
    pub target: Option<String>,
    /// What a failed command printed.
    pub reading: Option<&'a Reading>,
    /// When the visit began.
    pub started: Instant,
}

/// How a visit ended.
pub enum Outcome {
    /// With a report.
    Report(Box<Document>),
    /// By this signal.
    Interrupted(u8),
}

impl Visit<'_> {
    /// Examines the machine.
    ///
    /// # Errors
    /// One line for the person, when what they asked for makes no sense.
    pub fn examine(&self, live: &LiveLine) -> Result<Outcome> {
        let options = self.options;
        let checks = select::select(ALL, &options.only, &options.skip)?;
        if let Some(reading) = self.reading.filter(|_| options.offline) {
            return Ok(Outcome::Report(Box::new(self.suspect(reading))));
        }
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let target = runtime.block_on(self.choose())?;
        let machine = match (&target.folder, &target.worktree) {
            (Some(folder), _) => self.machine.clone().standing_in(folder),
            // Git clones without looking at the repository in which the person happens to stand.
            (None, Some(_)) if target.from == chosen::TYPED => self.machine.clone().standing_nowhere(),
            _ => self.machine.clone(),
        };
        let of_text = |field: fn(&Reading) -> &Option<String>| self.reading.and_then(|reading| field(reading).clone());
        let request = Request {
            target,
            method: options.method.method(),
            region: options.region.clone().or_else(|| of_text(|reading| &reading.region)),
            profile: options.profile.clone().or_else(|| of_text(|reading| &reading.profile)),
            offline: options.offline,
            search: options.search,
        };
        let facts = Arc::new(Facts::new(machine.within(options.timeout), request));
        let running = self.judge(&facts, &checks, live);
        let document = runtime.block_on(async {
            tokio::select! {
                document = running => Ok(document),
                signal = interrupted() => Err(signal),
            }
        });
        match document {
            Ok(document) => {
                // Whatever still hangs, a name that does not resolve, must not hold the report.
                runtime.shutdown_background();
                Ok(Outcome::Report(Box::new(document)))
            }
            Err(signal) => {
                // The programs that are still at work end with the tasks that wait for them.
                runtime.shutdown_timeout(Duration::from_millis(500));
                Ok(Outcome::Interrupted(signal))
            }
        }
    }

    /// The target: what was typed, or what the text names, or the repository around.
    async fn choose(&self) -> Result<Chosen> {
        let time = self.options.timeout / 4;
        let chosen = chosen::in_time(self.machine.clone(), self.target.clone(), time).await;
        let reading = self.reading.filter(|_| self.target.is_none());
        match reading.and_then(|reading| Some((reading.clone_url()?, reading.url_from))) {
            // The same URL as a remote's is that remote's, with all that is configured for it.
            Some((url, _)) if chosen.as_ref().is_ok_and(|chosen| chosen.url.as_ref() == Some(&url)) => chosen,
            Some((url, from)) => Ok(Chosen { url: Some(url), from: from.to_owned(), ..chosen.unwrap_or_default() }),
            None => chosen,
        }
    }

    async fn judge(&self, facts: &Arc<Facts>, checks: &[&'static Check], live: &LiveLine) -> Document {
        let deadline = self.started + self.options.timeout;
        let mut runs = runner::run(Arc::clone(facts), checks, deadline, |pending| live.show(pending)).await;
        let access = facts.access.get().and_then(|access| access.as_ref().ok());
        let now = access.map(GitNow::of);
        let before = self.reading.map(|reading| reading.seen.clone()).unwrap_or_default();
        let said = Said { now, before };
        let diagnosis = diagnosis::diagnose(&mut runs, &said);
        assemble::assemble(
            facts,
            Told { runs: &runs, diagnosis, said: &said, reading: self.reading, took: self.started.elapsed() },
        )
    }

    /// What the text alone says, without looking at the machine.
    fn suspect(&self, reading: &Reading) -> Document {
        let root = diagnosis::suspect(&reading.seen, reading.url.as_ref());
        assemble::of_text(self.machine, reading, root, self.started.elapsed())
    }
}
