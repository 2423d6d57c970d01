//! Windows: the console passes its own signals to every program in it.

use std::fs::File;
use std::process::{ExitCode, ExitStatus};

/// Not known.
pub(super) fn is_one_place() -> bool {
    false
}

/// A pipe as a file.
pub(super) fn file(pipe: std::io::PipeReader) -> File {
    File::from(std::os::windows::io::OwnedHandle::from(pipe))
}

/// What is said from now on is lost.
pub(super) fn go_on(_: File) {}

/// Ends this program with another's status, all 32 bits of it.
#[expect(clippy::exit, reason = "an exit code of Rust's has 8 bits")]
pub(super) fn end_alike(status: ExitStatus) -> ExitCode {
    std::process::exit(status.code().unwrap_or(1))
}

/// Nothing to hold.
pub(super) struct Signals;

/// Nothing to pass.
pub(super) struct Passing;

impl Signals {
    pub(super) fn hold() -> Self {
        Self
    }

    pub(super) fn pass_to(self, _: u32) -> Passing {
        Passing
    }
}

impl Passing {
    pub(super) fn end(self) -> bool {
        false
    }
}
