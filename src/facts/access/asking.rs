//! The questions: git's `ls-remote` in the person's place, and the same requests once more, for the words that git hides.

use super::server::ServerAnswer;
use crate::facts::offered::Given;
use crate::facts::{Facts, git_settings, way};
use crate::machine::{Invocation, Machine, Output};
use crate::redact::{Secret, redact};
use crate::target::{CloneUrl, Protocol};
use std::path::PathBuf;

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

/// For every question: git's own list of helpers is replaced, and what the server sets is not kept.
const WITHOUT_TRACE: &[&str] = &["-c", "credential.helper=", "-c", "http.saveCookies=false"];

/// The longest that is kept of what git said.
const LONGEST: usize = 16 * 1024;

/// What git said, without secrets.
pub(super) fn last_words(machine: &Machine, output: &Output) -> String {
    let said: String = output.stderr_text().chars().take(LONGEST).collect();
    redact(&machine.secrets().scrub(&said))
}

/// Everything that the questions need.
pub(super) struct Asking<'a> {
    pub(super) facts: &'a Facts,
    pub(super) program: PathBuf,
    pub(super) url: &'a CloneUrl,
    /// The remote that the URL belongs to.
    pub(super) remote: Option<&'a str>,
    pub(super) given: Option<Given>,
}

impl Asking<'_> {
    /// `git ls-remote`, with git's own list of helpers replaced; git-remote-codecommit's inner git inherits that.
    pub(super) async fn ls_remote(&self, trace: bool) -> std::io::Result<Output> {
        let machine = &self.facts.machine;
        let mut args = WITHOUT_TRACE.to_vec();
        if self.given.is_some() {
            args.extend(["-c", STAND_IN]);
        }
        args.extend(["ls-remote", "--quiet", self.remote.unwrap_or(REMOTE)]);
        let mut run = Invocation::new(&self.program, args);
        if let Some(given) = &self.given {
            run = run.env("CODECOMMIT_DOCTOR_HOST", self.url.authority.as_deref().unwrap_or_default());
            run = run.env("CODECOMMIT_DOCTOR_USER", given.pair.0.expose());
            run = run.env("CODECOMMIT_DOCTOR_PASSWORD", given.pair.1.expose());
        }
        if trace {
            run = run.env("GIT_TRACE_CURL", "2").env("GIT_TRACE_REDACT", "1");
        }
        if self.remote.is_none() {
            let key = format!("remote.{REMOTE}.url");
            let url = self.facts.request.target.url.as_ref().map(Secret::expose).unwrap_or_default();
            run = git_settings::with(machine, run, &[(&key, url)]);
        }
        machine.run(run).await
    }

    /// The server's answer when a push begins, which is asked for and goes no further.
    pub(super) async fn push(&self) -> Option<ServerAnswer> {
        if self.url.protocol == Protocol::Https {
            return self.ask_for("git-receive-pack").await;
        }
        // A remote helper lists for a push when it is told to (gitremote-helpers(7)).
        let machine = &self.facts.machine;
        let url = self.facts.request.target.url.as_ref()?;
        let args = WITHOUT_TRACE.iter().copied().chain(["remote-codecommit", REMOTE, url.expose()]);
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
    pub(super) async fn refusal(&self) -> Option<ServerAnswer> {
        if self.url.protocol == Protocol::Https {
            return self.ask_for("git-upload-pack").await;
        }
        let output = self.ls_remote(true).await.ok()?;
        ServerAnswer::overheard(&output.stderr_text())
    }
}
