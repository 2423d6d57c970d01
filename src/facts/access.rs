//! Whether Git itself can read the repository now: `git ls-remote`, as the person would run it, but with nobody to ask and
//! nothing to store; and the server's own words, which Git keeps to itself.
//!
//! The helpers have been asked already. In their place git gets one that answers what they answered and ignores `store` and
//! `erase`, so that the question leaves no trace.

mod asking;
mod server;

pub use server::ServerAnswer;

use super::answers::{Answer, Answers, SLOW};
use super::offered::{Given, Offered, Prompt};
use super::{Facts, way};
use crate::check::Gap;
use crate::machine::Ended;
use crate::target::{CloneUrl, Protocol};
use asking::{Asking, last_words};
use serde::{Deserialize, Serialize};

/// What Git could do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Access {
    /// Whether it could read.
    pub read: Read,
    /// The server's own answer to the request that failed, asked again.
    pub refusal: Option<ServerAnswer>,
    /// The server's answer when it was asked for a push.
    pub push: Option<ServerAnswer>,
}

impl Access {
    /// Whether Git can read.
    #[must_use]
    pub fn works(&self) -> bool {
        matches!(self.read, Read::Works(_))
    }

    /// What was said about the failure: by git, then by the server.
    #[must_use]
    pub fn words(&self) -> Option<String> {
        let Read::Failed(said) = &self.read else { return None };
        let server = self.refusal.as_ref().and_then(|answer| match (&answer.exception, &answer.message) {
            (Some(exception), Some(message)) => Some(format!("{exception}: {message}")),
            (exception, message) => exception.clone().or_else(|| message.clone()),
        });
        Some(server.into_iter().fold(said.clone(), |words, more| format!("{words}\n{more}")))
    }
}

/// How reading went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Read {
    /// Git got the list of so many references.
    Works(usize),
    /// Git failed, and said this.
    Failed(String),
}

/// The status of whoever gets too many requests.
const TOO_MANY: u16 = 429;

/// What is told of a git that hangs.
pub const NO_ANSWER: &str = "git ls-remote gave no answer in time";

/// Observes whether Git can read, and why not.
///
/// # Errors
/// A gap when Git cannot be run in the person's place.
pub async fn observe(facts: &Facts) -> Result<Access, Gap> {
    facts.online()?;
    let target = facts.target().await?;
    let url = target.effective.as_ref().ok_or_else(|| Gap::not_applicable("there is no clone URL"))?;
    if target.given.is_none() || url.repository.is_none() {
        return Err(Gap::not_applicable("there is no clone URL"));
    }
    if url.protocol == Protocol::Ssh {
        if !facts.ssh().await?.leads_to_codecommit(url) {
            return Err(Gap::blocked("clone-url", "the clone URL is not one of CodeCommit"));
        }
        let talk = facts.ssh_talk().await?;
        return Ok(Access { read: talk.read.clone(), refusal: None, push: None });
    }
    let is_read_by_git = match url.protocol {
        // Over plain http a password would travel in the clear; clone-url says that this is no URL of CodeCommit's.
        Protocol::Https => url.is_codecommit() && url.shown.starts_with("https://"),
        Protocol::Grc => true,
        Protocol::Ssh | Protocol::Other => false,
    };
    if !is_read_by_git {
        return Err(Gap::blocked("clone-url", "the clone URL is not one of CodeCommit"));
    }
    if facts.git_config().await?.fatal().is_some() {
        return Err(Gap::blocked("git-config", "git's configuration is invalid"));
    }
    let git = facts.git().await?;
    let Some(program) = facts.machine.which("git").filter(|_| git.runs()) else {
        return Err(Gap::blocked("git-version", "git cannot be run"));
    };
    if !git.at_least(2, 31) {
        return Err(Gap::unknown("git before 2.31 cannot be asked without leaving a trace in its helpers"));
    }
    if signs_in_otherwise(facts, url).await {
        return Err(Gap::unknown("Git signs in to its proxy in a way that the doctor cannot"));
    }
    let given = if url.protocol == Protocol::Grc { None } else { credential(facts).await? };
    let remote = target.from.strip_prefix("remote ");
    let asking = Asking { facts, program, url, remote, given };
    // The look at the endpoint is under way; Git need not wait for it, and what follows does: whoever asks us to slow down is
    // not asked again.
    let (output, push) = tokio::join!(asking.ls_remote(false), async {
        if may_be_asked(facts).await { asking.push().await } else { None }
    });
    let output = output.map_err(|error| Gap::unknown(error.to_string()))?;
    if output.success() {
        let references = output.stdout_text().lines().count();
        return Ok(Access { read: Read::Works(references), refusal: None, push });
    }
    let said = match output.ended {
        Ended::TimedOut => NO_ANSWER.to_owned(),
        _ => last_words(&facts.machine, &output),
    };
    let refusal = match push {
        Some(answer) if answer.status == TOO_MANY => Some(answer),
        _ if output.ended == Ended::TimedOut || is_limit(&said) || !may_be_asked(facts).await => None,
        _ => asking.refusal().await,
    };
    Ok(Access { read: Read::Failed(said), refusal, push: None })
}

/// Whether the endpoint can be reached and does not limit our requests, as far as is known.
async fn may_be_asked(facts: &Facts) -> bool {
    facts.endpoint().await.map_or(true, |probe| {
        probe.is_reachable() && probe.answer.as_ref().is_none_or(|answer| answer.status != TOO_MANY)
    })
}

/// Whether git signs in to its proxy with what only its helpers, or another method, could give.
async fn signs_in_otherwise(facts: &Facts, url: &CloneUrl) -> bool {
    let Some(https) = url.https() else { return false };
    way::observe(facts, url, &https).await.is_ok_and(|way| way.other_auth && way.proxy.is_some())
}

/// Whether git says that the server limits the requests.
fn is_limit(said: &str) -> bool {
    said.contains("error: 429") || said.contains("rate limited")
}

/// The credential that Git would send, if any.
///
/// # Errors
/// A gap where only a person could tell, because Git would ask one.
async fn credential(facts: &Facts) -> Result<Option<Given>, Gap> {
    let is_slow =
        |answers: &Answers| answers.iter().any(|answer| matches!(answer, Answer::NotAsked(why) if why == SLOW));
    if facts.offered().await.is_ok_and(|offered| offered.shape().is_none()) && facts.answers().await.is_ok_and(is_slow)
    {
        return Err(Gap::unknown("a credential helper takes longer than the doctor waits; Git waits on"));
    }
    let ask = match facts.offered().await {
        Ok(Offered::Credential(given)) => return Ok(Some(given.clone())),
        Ok(Offered::Nothing(Prompt::Nobody(_))) => return Ok(None),
        Ok(Offered::Nothing(Prompt::Person)) => {
            Gap::blocked("offered-credential", "Git would ask for a user name and password")
        }
        Ok(Offered::Nothing(Prompt::Program(name))) => {
            Gap::unknown(format!("Git would get the user name and password from {name}, which may ask a person"))
        }
        Err(gap) => gap,
    };
    // Where the host cannot be reached, Git never comes to ask.
    if facts.endpoint().await.is_ok_and(|probe| !probe.is_reachable()) { Ok(None) } else { Err(ask) }
}
