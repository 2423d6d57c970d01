//! How the report may look: width, colour, characters, and how much of it.

use colored::{Color, Colorize};

/// What the reader's terminal can show, and what the reader wants to see.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Style {
    /// Columns.
    pub width: usize,
    /// Whether to use colour.
    pub colour: bool,
    /// Whether the terminal shows more than ASCII.
    pub unicode: bool,
    /// All evidence, and every check's findings in full.
    pub verbose: bool,
    /// Problems only.
    pub quiet: bool,
}

impl Style {
    /// The text in a colour, where colours are wanted. The choice is made here; the library's own guess is overridden.
    pub(super) fn paint(self, text: &str, colour: Color) -> String {
        if self.colour { text.color(colour).to_string() } else { text.to_owned() }
    }

    /// The text in bold, where colours are wanted.
    pub(super) fn bold(self, text: &str) -> String {
        if self.colour { text.bold().to_string() } else { text.to_owned() }
    }

    /// The text dimmed, where colours are wanted.
    pub(super) fn dim(self, text: &str) -> String {
        if self.colour { text.dimmed().to_string() } else { text.to_owned() }
    }

    /// One of two spellings of a sign.
    pub(super) fn sign(self, unicode: &'static str, ascii: &'static str) -> &'static str {
        if self.unicode { unicode } else { ascii }
    }
}
