//! Running a person's command in front of them, unchanged, and overhearing what it says on standard error.
//!
//! Standard input, standard output, the working directory and the environment are the command's own. Where standard error
//! is no terminal, it goes through the doctor byte by byte. A terminal stays the command's: pagers and prompts would notice
//! any other, and what Git said can be heard again by trying Git.

#[cfg(unix)]
#[path = "wrapped/unix.rs"]
mod system;
#[cfg(not(unix))]
#[path = "wrapped/other.rs"]
mod system;

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io::{IsTerminal, Read, Write};
use std::process::{Command, ExitCode, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

/// The most that is kept of what was overheard: its end, where the failure is.
const CAP: usize = 10 * 1024 * 1024;

/// How long after the command's end silence is taken for the end of what it says.
const DRAIN: Duration = Duration::from_millis(500);

/// What shells return for a command that is not there, and for one that cannot be run.
const NOT_FOUND: u8 = 127;
const NOT_RUNNABLE: u8 = 126;

/// A command that has ended.
pub struct Wrapped {
    command: Vec<OsString>,
    status: ExitStatus,
    was_stopped: bool,
    listening: Option<Listening>,
    overheard: Option<Vec<u8>>,
}

/// Why a command could not be started.
#[derive(Debug)]
pub struct NotStarted {
    name: String,
    error: std::io::Error,
}

impl NotStarted {
    /// The exit status with which a shell would tell it.
    #[must_use]
    pub fn status(&self) -> u8 {
        if self.error.kind() == std::io::ErrorKind::NotFound { NOT_FOUND } else { NOT_RUNNABLE }
    }
}

impl std::fmt::Display for NotStarted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.error.kind() {
            std::io::ErrorKind::NotFound => write!(f, "there is no command {} on PATH", self.name),
            _ => write!(f, "{} cannot be run: {}", self.name, self.error),
        }
    }
}

impl Wrapped {
    /// Runs a command to its end.
    ///
    /// # Errors
    /// When it cannot be started.
    #[expect(clippy::disallowed_methods, reason = "the person's own command, with the person's own terminal")]
    pub fn run(command: &[OsString]) -> Result<Self, NotStarted> {
        let program = command.first().cloned().unwrap_or_default();
        let not_started = |error| NotStarted { name: program.to_string_lossy().into_owned(), error };
        let mut running = Command::new(&program);
        running.args(&command[1..]);
        let ear = listen(&mut running).map_err(not_started)?;
        let signals = system::Signals::hold();
        let mut child = running.spawn().map_err(not_started)?;
        // The doctor's own ends must close, or the pipe never ends.
        drop(running);
        let passing = signals.pass_to(child.id());
        let listening = ear.map(Listening::begin);
        let status = child.wait().map_err(not_started)?;
        let was_stopped = passing.end();
        let overheard = listening.as_ref().map(Listening::heard);
        Ok(Self { command: command.to_vec(), status, was_stopped, listening, overheard })
    }

    /// Whether it failed by itself. A command that somebody stopped has not.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        !self.was_stopped && self.status.code().is_some_and(|code| code != 0)
    }

    /// The command line, and what to call it.
    #[must_use]
    pub fn command_line(&self) -> (String, String) {
        let words: Vec<_> = self.command.iter().map(|word| word.to_string_lossy()).collect();
        (words.iter().take(2).map(AsRef::as_ref).collect::<Vec<_>>().join(" "), words.join(" "))
    }

    /// What was overheard; nothing of a command at a terminal.
    #[must_use]
    pub fn overheard(&self) -> Option<&[u8]> {
        self.overheard.as_deref()
    }

    /// Ends this program as the command ended: with its status, or by the same signal.
    #[must_use]
    pub fn end_alike(self) -> ExitCode {
        if let Some(listening) = self.listening {
            listening.hand_over();
        }
        system::end_alike(self.status)
    }
}

/// Where standard error is overheard.
type Ear = std::fs::File;

/// Puts an ear to a command's standard error; none where the command would notice.
fn listen(command: &mut Command) -> std::io::Result<Option<Ear>> {
    if std::io::stderr().is_terminal() {
        return Ok(None);
    }
    let (from, into) = std::io::pipe()?;
    // Where both go to one place, they must go there in the order in which they were written.
    if system::is_one_place() {
        command.stdout(Stdio::from(into.try_clone()?));
    }
    command.stderr(Stdio::from(into));
    Ok(Some(system::file(from)))
}

/// Passing on, and remembering.
struct Listening {
    heard: Arc<Mutex<VecDeque<u8>>>,
    /// How many bytes have been passed on; odd while some are on their way.
    steps: Arc<AtomicU64>,
    ended: mpsc::Receiver<()>,
    /// The ear once more, for whoever goes on listening; gone when nobody is there to be told.
    ear: Arc<Mutex<Option<Ear>>>,
}

impl Listening {
    fn begin(mut from: Ear) -> Self {
        let ear = Arc::new(Mutex::new(from.try_clone().ok()));
        let second = Arc::clone(&ear);
        let (heard, steps) = (Arc::new(Mutex::new(VecDeque::new())), Arc::new(AtomicU64::new(0)));
        let (end, ended) = mpsc::channel();
        let (memory, step) = (Arc::clone(&heard), Arc::clone(&steps));
        std::thread::spawn(move || {
            let mut chunk = [0; 16 * 1024];
            let mut to = std::io::stderr();
            while let Ok(read @ 1..) = from.read(&mut chunk) {
                step.fetch_add(1, Ordering::SeqCst);
                // Whoever reads standard error may have gone away; then the command finds its pipe broken as well.
                let passed = to.write_all(&chunk[..read]).and_then(|()| to.flush());
                if passed.is_err_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe) {
                    second.lock().ok().and_then(|mut ear| ear.take());
                    break;
                }
                if let Ok(mut memory) = memory.lock() {
                    memory.extend(&chunk[..read]);
                    let surplus = memory.len().saturating_sub(CAP);
                    memory.drain(..surplus);
                }
                step.fetch_add(1, Ordering::SeqCst);
            }
            let _ = end.send(());
        });
        Self { heard, steps, ended, ear }
    }

    /// What was heard until the end, or until nothing more is said: a program that the command left behind may keep the
    /// other side open.
    fn heard(&self) -> Vec<u8> {
        let mut before = self.steps.load(Ordering::SeqCst);
        while self.ended.recv_timeout(DRAIN) == Err(mpsc::RecvTimeoutError::Timeout) {
            let now = self.steps.load(Ordering::SeqCst);
            if now == before && now.is_multiple_of(2) {
                break;
            }
            before = now;
        }
        self.heard.lock().map(|heard| heard.iter().copied().collect()).unwrap_or_default()
    }

    /// Lets another program go on passing on what those say whom the command left behind.
    fn hand_over(self) {
        let ear = self.ear.lock().ok().and_then(|mut ear| ear.take());
        if self.ended.try_recv() == Err(mpsc::TryRecvError::Empty)
            && let Some(ear) = ear
        {
            system::go_on(ear);
        }
    }
}
