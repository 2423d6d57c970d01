//! Windows: the console passes its own signals to every program in it, and a program cannot be given one like it.

use std::fs::File;
use std::process::{ExitCode, ExitStatus};

/// Nothing: there is no terminal to change the size of.
pub(super) struct Size;

/// None: a command on a console keeps it, and is not overheard.
pub(super) fn terminal() -> Option<(File, File, Size)> {
    None
}

/// Not known.
pub(super) fn is_one_place() -> bool {
    false
}

/// A program that has no exit status.
pub(super) fn end_by_signal(_: ExitStatus) -> ExitCode {
    ExitCode::FAILURE
}

/// Nothing to hold.
pub(super) struct Signals;

/// Nothing to pass.
pub(super) struct Passing;

impl Signals {
    pub(super) fn hold() -> Self {
        Self
    }

    pub(super) fn pass_to(self, _: u32, _: Option<Size>) -> Passing {
        Passing
    }
}
