//! Files and signals, as Unix has them.

use rustix::fd::OwnedFd;
use rustix::fs::{Stat, fstat};
use rustix::process::{Pid, Resource, Rlimit, Signal, getpgrp, kill_process, setrlimit};
use rustix::termios::tcgetpgrp;
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};
use signal_hook::flag::register_conditional_default;
use signal_hook::iterator::{Handle, Signals as Waiting};
use std::fs::File;
use std::io::{stderr, stdin, stdout};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitCode, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether standard output and standard error are the same file or pipe.
pub(super) fn is_one_place() -> bool {
    let place = |stat: Stat| (stat.st_dev, stat.st_ino);
    fstat(stdout()).ok().zip(fstat(stderr()).ok()).is_some_and(|(out, err)| place(out) == place(err))
}

/// A pipe as a file.
pub(super) fn file(pipe: std::io::PipeReader) -> File {
    File::from(OwnedFd::from(pipe))
}

/// Has `cat` pass on what is still to come, after this program.
#[expect(clippy::disallowed_methods, reason = "it takes the place of this program, which ends")]
pub(super) fn go_on(from: File) {
    // Without it, what is said from now on is lost.
    let _ = Command::new("cat").stdin(from).stdout(stderr()).stderr(Stdio::null()).spawn();
}

/// Ends this program as another ended: with its status, or by the same signal.
pub(super) fn end_alike(status: ExitStatus) -> ExitCode {
    let Some(signal) = status.signal() else {
        return ExitCode::from(u8::try_from(status.code().unwrap_or(1) & 0xff).unwrap_or(1));
    };
    // One core file, the command's, is enough.
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    // Does not come back, unless the signal ends nothing.
    let _ = signal_hook::low_level::emulate_default_handler(signal);
    ExitCode::from(u8::try_from(128 + signal).unwrap_or(u8::MAX))
}

/// Signals that arrive while the command runs, and are meant for it.
pub(super) struct Signals(Option<Waiting>);

/// While this lives, signals are passed on.
pub(super) struct Passing {
    handle: Option<Handle>,
    /// Whether somebody wanted the command to stop.
    stopped: Arc<AtomicBool>,
}

impl Passing {
    /// From now on signals mean this program again; whether one has stopped the command.
    pub(super) fn end(self) -> bool {
        if let Some(handle) = &self.handle {
            handle.close();
        }
        // Those that nobody else listens to.
        for signal in [SIGQUIT, SIGUSR1, SIGUSR2] {
            let _ = register_conditional_default(signal, Arc::new(AtomicBool::new(true)));
        }
        self.stopped.load(Ordering::SeqCst)
    }
}

impl Signals {
    /// From now on, signals do not end the doctor. Those that are ignored stay so, for the command as well (nohup(1)), where
    /// the system tells which they are.
    pub(super) fn hold() -> Self {
        let ignored = ignored();
        let all = [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2];
        Self(Waiting::new(all.into_iter().filter(|signal| ignored >> (signal - 1) & 1 == 0)).ok())
    }

    /// Passes them to the command. What the keyboard sends, the terminal sends to the command as well.
    pub(super) fn pass_to(self, command: u32) -> Passing {
        let stopped = Arc::new(AtomicBool::new(false));
        let pid = i32::try_from(command).ok().and_then(Pid::from_raw);
        let (Some(mut waiting), Some(pid)) = (self.0, pid) else { return Passing { handle: None, stopped } };
        let passing = Passing { handle: Some(waiting.handle()), stopped: Arc::clone(&stopped) };
        let at_keyboard = is_in_foreground();
        std::thread::spawn(move || {
            for signal in waiting.forever() {
                if [SIGINT, SIGQUIT, SIGTERM, SIGHUP].contains(&signal) {
                    stopped.store(true, Ordering::SeqCst);
                }
                let passed = match signal {
                    SIGINT if !at_keyboard => Signal::INT,
                    SIGQUIT if !at_keyboard => Signal::QUIT,
                    SIGTERM => Signal::TERM,
                    SIGHUP => Signal::HUP,
                    SIGUSR1 => Signal::USR1,
                    SIGUSR2 => Signal::USR2,
                    _ => continue,
                };
                let _ = kill_process(pid, passed);
            }
        });
        passing
    }
}

/// Whether a terminal's keyboard sends its signals to this program's process group, and so to the command.
fn is_in_foreground() -> bool {
    let of = [tcgetpgrp(stdin()), tcgetpgrp(stderr()), tcgetpgrp(stdout())];
    of.into_iter().flatten().any(|group| group == getpgrp())
}

/// The signals that this program was told to ignore, one bit each, where the system tells (proc(5)).
#[expect(clippy::disallowed_methods, reason = "the program's own state, not the machine's")]
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}
