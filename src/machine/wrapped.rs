//! Running a person's command in front of them, unchanged, and overhearing what it says on standard error.
//!
//! Standard input, standard output, the working directory and the environment are the command's own. Its standard error
//! goes through the doctor byte by byte: through a terminal of its own where it was a terminal, else through a pipe.

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
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

/// The most that is kept of what was overheard: its end, where the failure is.
const CAP: usize = 10 * 1024 * 1024;

/// How long what is left in the pipe is waited for after the command has ended; a grandchild may keep it open.
const DRAIN: Duration = Duration::from_millis(500);

/// What shells return for a command that is not there, and for one that cannot be run.
const NOT_FOUND: u8 = 127;
const NOT_RUNNABLE: u8 = 126;

/// A command that has ended.
pub struct Wrapped {
    command: Vec<OsString>,
    status: ExitStatus,
    overheard: Vec<u8>,
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
        let (ear, size) = Ear::at(&mut running).map_err(not_started)?;
        let signals = system::Signals::hold();
        let mut child = running.spawn().map_err(not_started)?;
        // The doctor's own ends must close, or the pipe never ends.
        drop(running);
        let passing = signals.pass_to(child.id(), size);
        let overheard = ear.map(Listening::begin);
        let status = child.wait().map_err(not_started)?;
        drop(passing);
        let overheard = overheard.map(Listening::end).unwrap_or_default();
        Ok(Self { command: command.to_vec(), status, overheard })
    }

    /// Whether it failed by itself. A command that somebody stopped has not.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        self.status.code().is_some_and(|code| code != 0)
    }

    /// What was overheard, behind the command line itself, and how to call it.
    #[must_use]
    pub fn overheard(&self) -> (String, Vec<u8>) {
        let words: Vec<_> = self.command.iter().map(|word| word.to_string_lossy()).collect();
        let name = words.iter().take(2).map(|word| word.as_ref()).collect::<Vec<_>>().join(" ");
        let mut text = format!("$ {}\n", words.join(" ")).into_bytes();
        text.extend_from_slice(&self.overheard);
        (name, text)
    }

    /// Ends this program as the command ended: with its status, or by the same signal.
    #[must_use]
    pub fn end_alike(&self) -> ExitCode {
        match self.status.code() {
            Some(code) => ExitCode::from(u8::try_from(code & 0xff).unwrap_or(1)),
            None => system::end_by_signal(self.status),
        }
    }
}

/// Where standard error is overheard, and where it belongs.
struct Ear {
    from: Box<dyn Read + Send>,
    to: Box<dyn Write + Send>,
}

impl Ear {
    /// Puts an ear to a command's standard error; none where that cannot be done without the command's noticing. With a
    /// terminal comes the handle by which its size follows the person's.
    fn at(command: &mut Command) -> std::io::Result<(Option<Self>, Option<system::Size>)> {
        let to = Box::new(std::io::stderr());
        if std::io::stderr().is_terminal() {
            let Some((inside, outside, size)) = system::terminal() else { return Ok((None, None)) };
            command.stderr(Stdio::from(inside));
            return Ok((Some(Self { from: Box::new(outside), to }), Some(size)));
        }
        let (from, into) = std::io::pipe()?;
        // Where both go to one place, they must go there in the order in which they were written.
        if system::is_one_place() {
            command.stdout(Stdio::from(into.try_clone()?));
        }
        command.stderr(Stdio::from(into));
        Ok((Some(Self { from: Box::new(from), to }), None))
    }
}

/// Passing on, and remembering.
struct Listening {
    heard: Arc<Mutex<VecDeque<u8>>>,
    ended: mpsc::Receiver<()>,
}

impl Listening {
    fn begin(mut ear: Ear) -> Self {
        let heard = Arc::new(Mutex::new(VecDeque::new()));
        let (end, ended) = mpsc::channel();
        let memory = Arc::clone(&heard);
        std::thread::spawn(move || {
            let mut chunk = [0; 16 * 1024];
            // A terminal whose other side is closed reports an error; that is its end.
            while let Ok(read @ 1..) = ear.from.read(&mut chunk) {
                // Whoever reads standard error may have gone away; then the command finds its pipe broken as well.
                if ear.to.write_all(&chunk[..read]).and_then(|()| ear.to.flush()).is_err() {
                    break;
                }
                if let Ok(mut memory) = memory.lock() {
                    memory.extend(&chunk[..read]);
                    let surplus = memory.len().saturating_sub(CAP);
                    memory.drain(..surplus);
                }
            }
            let _ = end.send(());
        });
        Self { heard, ended }
    }

    fn end(self) -> Vec<u8> {
        let _ = self.ended.recv_timeout(DRAIN);
        self.heard.lock().map(|heard| heard.iter().copied().collect()).unwrap_or_default()
    }
}
