//! Terminals and signals, where there are such things.

use rustix::fd::OwnedFd;
use rustix::fs::{Stat, fstat};
use rustix::process::{Pid, Signal, getpgrp, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, OutputModes, tcgetattr, tcgetpgrp, tcgetwinsize, tcsetattr, tcsetwinsize};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH};
use signal_hook::iterator::{Handle, Signals as Waiting};
use std::fs::File;
use std::io::{stderr, stdin, stdout};
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitCode, ExitStatus};

/// The outer side of a terminal, to change its size.
pub(super) struct Size(OwnedFd);

impl Size {
    fn follow(&self) {
        if let Ok(size) = tcgetwinsize(stderr()) {
            let _ = tcsetwinsize(&self.0, size);
        }
    }
}

/// A terminal like the person's, with its inner side for the command and its outer one for us; what is written inside
/// arrives outside unchanged.
pub(super) fn terminal() -> Option<(File, File, Size)> {
    let outside = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).ok()?;
    grantpt(&outside).ok()?;
    unlockpt(&outside).ok()?;
    let name = ptsname(&outside, Vec::new()).ok()?;
    let flags = rustix::fs::OFlags::RDWR | rustix::fs::OFlags::NOCTTY | rustix::fs::OFlags::CLOEXEC;
    let inside = rustix::fs::open(name.as_c_str(), flags, rustix::fs::Mode::empty()).ok()?;
    let mut modes = tcgetattr(stderr()).ok()?;
    // The person's terminal turns a line feed into a new line, once.
    modes.output_modes.remove(OutputModes::OPOST);
    tcsetattr(&inside, OptionalActions::Now, &modes).ok()?;
    let size = Size(outside.try_clone().ok()?);
    size.follow();
    Some((File::from(inside), File::from(outside), size))
}

/// Whether standard output and standard error are the same file or pipe.
pub(super) fn is_one_place() -> bool {
    let place = |stat: Stat| (stat.st_dev, stat.st_ino);
    fstat(stdout()).ok().zip(fstat(stderr()).ok()).is_some_and(|(out, err)| place(out) == place(err))
}

/// Ends this program by the signal that ended another.
pub(super) fn end_by_signal(status: ExitStatus) -> ExitCode {
    let Some(signal) = status.signal() else { return ExitCode::FAILURE };
    // Does not come back, unless the signal ends nothing.
    let _ = signal_hook::low_level::emulate_default_handler(signal);
    ExitCode::from(u8::try_from(128 + signal).unwrap_or(u8::MAX))
}

/// Signals that arrive while the command runs, and are meant for it.
pub(super) struct Signals(Option<Waiting>);

/// While this lives, signals are passed on.
pub(super) struct Passing(Option<Handle>);

impl Drop for Passing {
    fn drop(&mut self) {
        if let Some(handle) = &self.0 {
            handle.close();
        }
    }
}

impl Signals {
    /// From now on, signals do not end the doctor. Those that are ignored stay so, for the command as well (nohup(1)).
    pub(super) fn hold() -> Self {
        let ignored = ignored();
        let all = [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH];
        Self(Waiting::new(all.into_iter().filter(|signal| ignored >> (signal - 1) & 1 == 0)).ok())
    }

    /// Passes them to the command. What the keyboard sends, the terminal sends to the command as well.
    pub(super) fn pass_to(self, command: u32, size: Option<Size>) -> Passing {
        let Some(mut waiting) = self.0 else { return Passing(None) };
        let handle = waiting.handle();
        let Some(pid) = i32::try_from(command).ok().and_then(Pid::from_raw) else { return Passing(Some(handle)) };
        let at_keyboard = is_in_foreground();
        std::thread::spawn(move || {
            for signal in waiting.forever() {
                let passed = match signal {
                    SIGINT if !at_keyboard => Signal::INT,
                    SIGQUIT if !at_keyboard => Signal::QUIT,
                    SIGTERM => Signal::TERM,
                    SIGHUP => Signal::HUP,
                    SIGUSR1 => Signal::USR1,
                    SIGUSR2 => Signal::USR2,
                    SIGWINCH => {
                        let Some(size) = &size else { continue };
                        size.follow();
                        Signal::WINCH
                    }
                    _ => continue,
                };
                let _ = kill_process(pid, passed);
            }
        });
        Passing(Some(handle))
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
