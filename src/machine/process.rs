//! Running a program, bounded: argv without a shell, a session of its own, no terminal, capped output, a deadline.

use super::Machine;
use process_wrap::tokio::{ChildWrapper, CommandWrap, KillOnDrop};
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use zeroize::Zeroizing;

/// The most that is kept of a program's output; the rest is read and dropped, so that the program does not block.
const CAP: usize = 1024 * 1024;

/// How long the output of a finished program may stay open (a grandchild may hold it) before it is cut off.
const DRAIN: Duration = Duration::from_millis(500);

/// Nobody may be asked anything, and texts must be the ones we know.
const QUIET: &[(&str, &str)] = &[
    ("LC_ALL", "C"),
    ("LANGUAGE", "C"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("GIT_ASKPASS", ""),
    ("SSH_ASKPASS", ""),
    ("SSH_ASKPASS_REQUIRE", "never"),
    ("GCM_INTERACTIVE", "never"),
    ("GIT_OPTIONAL_LOCKS", "0"),
    ("AWS_PAGER", ""),
    // These win over a trace that is configured in a file.
    ("GIT_TRACE2", "0"),
    ("GIT_TRACE2_EVENT", "0"),
    ("GIT_TRACE2_PERF", "0"),
];

/// Whether a variable makes Git or its helpers write traces, and with them secrets, to places of the person's choosing.
fn traces(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name.starts_with("GIT_TRACE") || name.starts_with("GCM_TRACE") || name == "GIT_CURL_VERBOSE"
}

/// A program to run.
#[derive(Debug)]
pub struct Invocation {
    program: PathBuf,
    args: Vec<OsString>,
    stdin: Option<Zeroizing<Vec<u8>>>,
    env: Vec<(OsString, OsString)>,
    deadline: Option<Duration>,
    cap: usize,
    asks_nobody: bool,
    keep: Option<Keep>,
}

/// Whether a line of output, without its end, is worth keeping.
pub type Keep = fn(&[u8]) -> bool;

impl Invocation {
    /// This program with these arguments. Secrets never travel in arguments.
    pub fn new(program: impl Into<PathBuf>, args: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        Self {
            program: program.into(),
            args: args.into_iter().map(Into::into).collect(),
            stdin: None,
            env: Vec::new(),
            deadline: None,
            cap: CAP,
            asks_nobody: false,
            keep: None,
        }
    }

    /// A program that never asks anybody anything, such as `git version`. A process group of its own is enough for it, and
    /// is quicker to start than a session.
    pub fn quick(program: impl Into<PathBuf>, args: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        Self { asks_nobody: true, ..Self::new(program, args) }
    }

    /// What the program reads on standard input; without it, standard input is closed.
    #[must_use]
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = Some(Zeroizing::new(bytes.into()));
        self
    }

    /// One more environment variable.
    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// Another cap on each output than 1 MiB.
    #[must_use]
    pub fn cap(mut self, bytes: usize) -> Self {
        self.cap = bytes;
        self
    }

    /// Keeps only some lines of standard output, however long all of it is.
    #[must_use]
    pub fn keep(mut self, keep: Keep) -> Self {
        self.keep = Some(keep);
        self
    }

    /// Another deadline than the machine's patience; then the program and everything that it started is killed.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// With this exit status.
    Code(i32),
    /// By a signal.
    Signal,
    /// It was killed, with everything it had started, when its deadline passed.
    TimedOut,
}

/// What a program printed and how it ended. The bytes may hold secrets: facts keep only what they need of them.
pub struct Output {
    /// How it ended.
    pub ended: Ended,
    /// Standard output, up to the cap.
    pub stdout: Zeroizing<Vec<u8>>,
    /// Standard error, up to the cap.
    pub stderr: Zeroizing<Vec<u8>>,
}

impl Output {
    /// Whether it ended with status 0.
    #[must_use]
    pub fn success(&self) -> bool {
        self.ended == Ended::Code(0)
    }

    /// Standard output as text.
    #[must_use]
    pub fn stdout_text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Standard error as text, trimmed.
    #[must_use]
    pub fn stderr_text(&self) -> String {
        String::from_utf8_lossy(&self.stderr).trim().to_owned()
    }
}

impl Machine {
    /// Runs a program to its end or to its deadline.
    ///
    /// # Errors
    /// The operating system's error when the program could not be started.
    pub async fn run(&self, invocation: Invocation) -> std::io::Result<Output> {
        let Invocation { program, args, stdin, env, deadline, cap, asks_nobody, keep } = invocation;
        let mut command = CommandWrap::with_new(program, |command| {
            command
                .args(args)
                .env_clear()
                .envs(self.env().iter().filter(|(name, _)| !traces(name)))
                .current_dir(self.cwd())
                .envs(QUIET.iter().copied())
                .envs(env);
            command.stdin(if stdin.is_some() { Stdio::piped() } else { Stdio::null() });
            command.stdout(Stdio::piped()).stderr(Stdio::piped());
        });
        // A session of its own: no controlling terminal to prompt on, and one group to kill.
        #[cfg(unix)]
        if asks_nobody {
            command.wrap(process_wrap::tokio::ProcessGroup::leader());
        } else {
            command.wrap(process_wrap::tokio::ProcessSession);
        }
        #[cfg(windows)]
        {
            let _ = asks_nobody;
            command.wrap(process_wrap::tokio::JobObject);
        }
        command.wrap(KillOnDrop);

        let mut child = Running(command.spawn()?);
        let feed = child.0.stdin().take().zip(stdin);
        let (out, err) = (child.0.stdout().take(), child.0.stderr().take());
        let mut stdout = Zeroizing::new(Vec::new());
        let mut stderr = Zeroizing::new(Vec::new());
        let ended = {
            let pipes = async {
                let feeding = async {
                    if let Some((mut pipe, bytes)) = feed {
                        // A program that does not read its input closes the pipe; that is its right.
                        let _ = pipe.write_all(&bytes).await;
                    }
                };
                tokio::join!(feeding, collect(out, &mut stdout, cap, keep), collect(err, &mut stderr, cap, None));
            };
            bounded(&mut child.0, pipes, deadline.unwrap_or(self.patience())).await
        };
        Ok(Output { ended, stdout, stderr })
    }
}

/// A program at work. Whoever stops waiting for it ends it, with everything that it started.
struct Running(Box<dyn ChildWrapper>);

impl Drop for Running {
    fn drop(&mut self) {
        // One that has ended is not there to be killed; that is no error.
        if matches!(self.0.try_wait(), Ok(None)) {
            let _ = self.0.start_kill();
        }
    }
}

/// Waits for the child and its pipes; kills the whole group at the deadline, or when a grandchild keeps a pipe open.
async fn bounded(child: &mut Box<dyn ChildWrapper>, pipes: impl Future<Output = ()>, deadline: Duration) -> Ended {
    tokio::pin!(pipes);
    let finished = tokio::time::timeout(deadline, async {
        tokio::select! {
            status = child.wait() => {
                let drained = tokio::time::timeout(DRAIN, &mut pipes).await.is_ok();
                (status, drained)
            }
            () = &mut pipes => (child.wait().await, true),
        }
    })
    .await;
    let Ok((status, drained)) = finished else {
        let _ = Box::into_pin(child.kill()).await;
        return Ended::TimedOut;
    };
    if !drained {
        let _ = child.start_kill();
    }
    status.ok().and_then(|status| status.code()).map_or(Ended::Signal, Ended::Code)
}

async fn collect(pipe: Option<impl AsyncRead + Unpin>, kept: &mut Vec<u8>, cap: usize, keep: Option<Keep>) {
    let Some(mut pipe) = pipe else { return };
    let mut chunk = Zeroizing::new(vec![0; 16 * 1024]);
    let mut line = Zeroizing::new(Vec::new());
    while let Ok(read @ 1..) = pipe.read(&mut chunk).await {
        let Some(keep) = keep else {
            add(kept, &chunk[..read], cap);
            continue;
        };
        for piece in chunk[..read].split_inclusive(|byte| *byte == b'\n') {
            // A line longer than all that is kept is none that anybody asked for.
            add(&mut line, piece, cap);
            if let Some(text) = line.strip_suffix(b"\n") {
                if keep(text) {
                    add(kept, &line, cap);
                }
                line.clear();
            }
        }
    }
}

fn add(kept: &mut Vec<u8>, more: &[u8], cap: usize) {
    let room = cap.saturating_sub(kept.len());
    kept.extend_from_slice(&more[..more.len().min(room)]);
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::machine::Os;
    use std::time::Instant;

    fn machine() -> Machine {
        let env = [("PATH", "/usr/bin:/bin"), ("GIT_TRACE", "1")].map(|(k, v)| (k.into(), v.into()));
        Machine::new(Os::Linux, env, PathBuf::from("/"))
    }

    fn sh(script: &str) -> Invocation {
        Invocation::new("/bin/sh", ["-c", script])
    }

    #[tokio::test]
    async fn a_program_sees_its_input_and_nothing_that_prompts_or_traces() {
        let script = r#"cat; printf '%s' "$GIT_TERMINAL_PROMPT$GIT_TRACE$LC_ALL"; exec 3</dev/tty || echo no-terminal"#;
        let output = machine().run(sh(script).stdin("in:")).await.unwrap();
        assert_eq!(output.stdout_text(), "in:0C");
        assert_eq!(
            output.ended,
            Ended::Code(2),
            "a session of its own has no terminal to open: {}",
            output.stderr_text()
        );
    }

    #[tokio::test]
    async fn the_deadline_kills_the_whole_group() {
        let start = Instant::now();
        let output = machine().run(sh("sleep 60 & sleep 60").deadline(Duration::from_millis(200))).await.unwrap();
        assert_eq!(output.ended, Ended::TimedOut);
        assert!(start.elapsed() < Duration::from_secs(20));
    }

    #[tokio::test]
    async fn a_grandchild_that_keeps_the_output_open_does_not_hold_us() {
        let start = Instant::now();
        let output = machine().run(sh("echo done; sleep 60 &")).await.unwrap();
        assert_eq!((output.ended, output.stdout_text().as_str()), (Ended::Code(0), "done\n"));
        assert!(start.elapsed() < Duration::from_secs(7));
    }

    #[tokio::test]
    async fn lines_are_kept_by_their_text_however_many_there_are() {
        let run = sh("seq 1 300000").keep(|line| line.ends_with(b"99999"));
        assert_eq!(machine().run(run).await.unwrap().stdout_text(), "99999\n199999\n299999\n");
    }

    #[tokio::test]
    async fn output_is_capped_and_the_program_still_ends() {
        let output = machine().run(sh("head -c 3000000 /dev/zero; exit 3")).await.unwrap();
        assert_eq!((output.ended, output.stdout.len()), (Ended::Code(3), CAP));
    }
}
