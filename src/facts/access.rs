//! Whether Git itself can read the repository now: `git ls-remote`, as the person would run it, but with nobody to ask and
//! nothing to store; and the server's own words, which Git keeps to itself.
//!
//! The helpers have been asked already. In their place git gets one that answers what they answered and ignores `store` and
//! `erase`, so that the question leaves no trace.

mod server;

pub use server::ServerAnswer;

use super::endpoint::EndpointProbe;
use super::offered::{Given, Offered, Prompt};
use super::{Facts, git_settings, way};
use crate::check::Gap;
use crate::machine::{Ended, Invocation, Machine, Output};
use crate::redact::{Secret, redact};
use crate::target::{CloneUrl, Protocol};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

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

/// The name under which git knows a URL that belongs to no remote.
const REMOTE: &str = "codecommit-doctor";

/// Answers what git's helpers have answered, for the very host that they were asked for and for no other: git asks for a
/// proxy's password as well. The values travel in the environment.
const STAND_IN: &str = concat!(
    r#"credential.helper=!f() { test "$1" = get || return 0; while IFS='=' read -r key value; do "#,
    r#"case $key in protocol) protocol=$value;; host) host=$value;; esac; done; "#,
    r#"test "$protocol" = https && test "$host" = "$CODECOMMIT_DOCTOR_HOST" && "#,
    r#"printf 'username=%s\npassword=%s\n' "$CODECOMMIT_DOCTOR_USER" "$CODECOMMIT_DOCTOR_PASSWORD"; }; f"#
);

/// The status of whoever gets too many requests.
const TOO_MANY: u16 = 429;

/// What is told of a git that hangs.
pub const NO_ANSWER: &str = "git ls-remote gave no answer in time";

/// The longest that is kept of what git said.
const LONGEST: usize = 16 * 1024;

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
    let is_read_by_git = match url.protocol {
        // Over plain http a password would travel in the clear; clone-url says that this is no URL of CodeCommit's.
        Protocol::Https => url.is_codecommit() && url.shown.to_ascii_lowercase().starts_with("https://"),
        Protocol::Grc => true,
        Protocol::Ssh | Protocol::Other => false,
    };
    if !is_read_by_git {
        return Err(if url.protocol == Protocol::Ssh {
            Gap::not_applicable("Git is tried over https and through git-remote-codecommit only")
        } else {
            Gap::blocked("clone-url", "the clone URL is not one of CodeCommit")
        });
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
    let given = if url.protocol == Protocol::Grc { None } else { credential(facts).await? };
    if let Ok(probe) = facts.endpoint().await {
        if probe.other_auth && probe.proxy.is_some() {
            return Err(Gap::unknown("Git signs in to its proxy in a way that the doctor cannot"));
        }
        if probe.answer.as_ref().is_some_and(|answer| answer.status == TOO_MANY) {
            return Err(Gap::blocked("endpoint", "CodeCommit limits the requests, so it is not asked again"));
        }
    }
    let remote = target.from.strip_prefix("remote ");
    let asking = Asking { facts, program, url, remote, given };
    let (output, push) = tokio::join!(asking.ls_remote(false), asking.push());
    let output = output.map_err(|error| Gap::unknown(error.to_string()))?;
    if output.success() {
        let references = output.stdout_text().lines().count();
        return Ok(Access { read: Read::Works(references), refusal: None, push });
    }
    let said = match output.ended {
        Ended::TimedOut => NO_ANSWER.to_owned(),
        _ => last_words(&facts.machine, &output),
    };
    // Whoever asks us to slow down is not asked again.
    let refusal = match push {
        Some(answer) if answer.status == TOO_MANY => Some(answer),
        _ if output.ended == Ended::TimedOut || is_limit(&said) => None,
        _ => asking.refusal().await,
    };
    Ok(Access { read: Read::Failed(said), refusal, push: None })
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
    match facts.offered().await {
        Ok(Offered::Credential(given)) => Ok(Some(given.clone())),
        Ok(Offered::Nothing(Prompt::Nobody(_))) => Ok(None),
        Ok(Offered::Nothing(Prompt::Person)) => {
            Err(Gap::blocked("offered-credential", "Git would ask for a user name and password"))
        }
        Ok(Offered::Nothing(Prompt::Program(name))) => {
            Err(Gap::unknown(format!("Git would get the user name and password from {name}, which may ask a person")))
        }
        Err(gap) => Err(gap),
    }
}

/// What git said, without secrets.
fn last_words(machine: &Machine, output: &Output) -> String {
    let said: String = output.stderr_text().chars().take(LONGEST).collect();
    redact(&machine.secrets().scrub(&said))
}

/// Everything that the questions need.
struct Asking<'a> {
    facts: &'a Facts,
    program: PathBuf,
    url: &'a CloneUrl,
    /// The remote that the URL belongs to.
    remote: Option<&'a str>,
    given: Option<Given>,
}

impl Asking<'_> {
    /// `git ls-remote`, with git's own list of helpers replaced; git-remote-codecommit's inner git inherits that.
    async fn ls_remote(&self, trace: bool) -> std::io::Result<Output> {
        let machine = &self.facts.machine;
        let named = self.remote;
        let mut args = vec!["-c", "credential.helper="];
        if self.given.is_some() {
            args.extend(["-c", STAND_IN]);
        }
        args.extend(["ls-remote", "--quiet", named.unwrap_or(REMOTE)]);
        let mut run = Invocation::new(&self.program, args);
        if let Some(given) = &self.given {
            let port = self.url.port.map(|port| format!(":{port}")).unwrap_or_default();
            run = run.env("CODECOMMIT_DOCTOR_HOST", format!("{}{port}", self.url.host.as_deref().unwrap_or_default()));
            run = run.env("CODECOMMIT_DOCTOR_USER", given.pair.0.expose());
            run = run.env("CODECOMMIT_DOCTOR_PASSWORD", given.pair.1.expose());
        }
        if trace {
            run = run.env("GIT_TRACE_CURL", "2").env("GIT_TRACE_REDACT", "1");
        }
        let key = format!("remote.{REMOTE}.url");
        let url = self.facts.request.target.url.as_ref().map(Secret::expose).unwrap_or_default();
        let settings = [(key.as_str(), url)];
        let settings = if named.is_none() { &settings[..] } else { &[] };
        machine.run(git_settings::with(machine, run, settings)).await
    }

    /// The server's answer when a push begins, which is asked for and goes no further.
    async fn push(&self) -> Option<ServerAnswer> {
        if self.url.protocol == Protocol::Https {
            return self.ask_for("git-receive-pack").await;
        }
        // A remote helper lists for a push when it is told to (gitremote-helpers(7)).
        let machine = &self.facts.machine;
        let url = self.facts.request.target.url.as_ref()?;
        let args = ["-c", "credential.helper=", "remote-codecommit", REMOTE, url.expose()];
        let listing = Invocation::new(&self.program, args).stdin("list for-push\n\n");
        let output = machine.run(listing).await.ok()?;
        let said = last_words(machine, &output);
        let status = said.split_once("returned error: ").and_then(|(_, rest)| rest.get(..3)?.parse().ok());
        Some(ServerAnswer::status(if output.success() { 200 } else { status? }))
    }

    /// The server's answer to git's first request for a service, with the same credential and the same headers.
    async fn ask_for(&self, service: &str) -> Option<ServerAnswer> {
        let https = self.url.https().filter(|_| self.url.protocol == Protocol::Https)?;
        let way = way::observe(self.facts, self.url, &https).await.ok()?;
        let headers = self.headers(&https).await?;
        let path = way::info_refs(self.url, service)?;
        let dialed = self.facts.machine.get(&way.wire, &path, &headers).await;
        let (status, headers, body) = dialed.answer?;
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(redact);
        Some(ServerAnswer::read(status.as_u16(), header, &String::from_utf8_lossy(&body)))
    }

    /// What Git sends beyond what every client does: the configured headers, among which an authorization wins over the
    /// credential. `None` when there is nothing to sign in with.
    async fn headers(&self, https: &str) -> Option<Vec<(String, Secret)>> {
        let config = self.facts.git_config().await.ok()?;
        let configured = config.extra_headers(https).into_iter().filter_map(|entry| {
            let (name, value) = entry.exact().split_once(':')?;
            Some((name.trim().to_ascii_lowercase(), Secret::new(value.trim())))
        });
        let mut headers: Vec<(String, Secret)> = configured.collect();
        if headers.iter().all(|(name, _)| name != "authorization") {
            let (user, password) = &self.given.as_ref()?.pair;
            let pair = format!("{}:{}", user.expose(), password.expose());
            let basic = format!("Basic {}", aws_smithy_types::base64::encode(pair));
            headers.push(("authorization".to_owned(), Secret::new(basic)));
        }
        Some(headers)
    }

    /// Why reading failed, in the server's words. What git-remote-codecommit signs only it can sign, so there git runs once
    /// more, and tells what it hears.
    async fn refusal(&self) -> Option<ServerAnswer> {
        if self.url.protocol == Protocol::Https {
            let reached = self.facts.endpoint().await.is_ok_and(EndpointProbe::is_reachable);
            return if reached { self.ask_for("git-upload-pack").await } else { None };
        }
        let output = self.ls_remote(true).await.ok()?;
        ServerAnswer::overheard(&output.stderr_text())
    }
}
