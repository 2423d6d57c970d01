//! What the person's terminal can show, and the live line while the checks run.

use crate::cli::{ColorWhen, Options};
use crate::machine::{Machine, Os};
use crate::report::style::Style;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::time::{Duration, Instant};

/// The widest that text is set: longer lines are hard to read.
const WIDEST: usize = 120;

/// The width where there is no terminal.
const PLAIN: usize = 80;

/// From when on waiting is worth a line.
const PATIENCE: Duration = Duration::from_millis(300);

/// Where a report goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

impl Stream {
    fn is_terminal(self) -> bool {
        match self {
            Self::Out => std::io::stdout().is_terminal(),
            Self::Err => std::io::stderr().is_terminal(),
        }
    }
}

/// How a report may look.
#[must_use]
pub fn style(machine: &Machine, args: &Options, stream: Stream) -> Style {
    let terminal = args.output.is_none() && stream.is_terminal();
    let columns = machine.var("COLUMNS").and_then(|columns| columns.parse().ok());
    let measured = || if terminal { width(stream) } else { PLAIN };
    Style {
        width: columns.filter(|columns| *columns > 0).unwrap_or_else(measured).min(WIDEST),
        colour: colour(machine, args.color, terminal),
        unicode: unicode(machine),
        verbose: args.verbose,
        quiet: args.quiet,
    }
}

/// The terminal's columns.
fn width(stream: Stream) -> usize {
    let size = match stream {
        Stream::Out => terminal_size::terminal_size_of(std::io::stdout()),
        Stream::Err => terminal_size::terminal_size_of(std::io::stderr()),
    };
    size.map_or(PLAIN, |(terminal_size::Width(columns), _)| usize::from(columns))
}

fn colour(machine: &Machine, when: ColorWhen, terminal: bool) -> bool {
    match when {
        ColorWhen::Always => true,
        ColorWhen::Never => false,
        ColorWhen::Auto => {
            let dumb = machine.var("TERM").is_some_and(|term| term == "dumb");
            terminal && !dumb && machine.var_set("NO_COLOR").is_none()
        }
    }
}

/// Whether more than ASCII is shown: by the locale, which on macOS is always UTF-8 and on Windows is the terminal's.
fn unicode(machine: &Machine) -> bool {
    match machine.os() {
        Os::MacOs => true,
        Os::Windows => machine.var_set("WT_SESSION").is_some() || machine.var_set("TERM").is_some(),
        Os::Linux => {
            let locale =
                ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| machine.var_set(name)).unwrap_or_default();
            locale.to_ascii_uppercase().replace('-', "").contains("UTF8")
        }
    }
}

/// The line on standard error that says what is still going on. It appears only on a terminal where a person waits.
pub struct LiveLine {
    bar: ProgressBar,
    since: Instant,
}

impl LiveLine {
    /// A line that does not show yet.
    #[must_use]
    pub fn new(machine: &Machine, wanted: bool) -> Self {
        let watched = wanted && std::io::stderr().is_terminal() && !machine.is_ci();
        let bar = if watched { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
        let ticks = if unicode(machine) { "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ " } else { "-\\|/ " };
        let look =
            ProgressStyle::with_template("{spinner} {wide_msg}").unwrap_or_else(|_| ProgressStyle::default_spinner());
        bar.set_style(look.tick_chars(ticks));
        Self { bar, since: Instant::now() }
    }

    /// Names what is still going on.
    pub fn show(&self, pending: &[&str]) {
        if self.since.elapsed() >= PATIENCE {
            self.bar.set_message(format!("checking {}", pending.join(", ")));
            self.bar.tick();
        }
    }
}

impl Drop for LiveLine {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(os: Os, env: &[(&str, &str)]) -> Machine {
        Machine::new(os, env.iter().map(|(name, value)| (name.into(), value.into())), "/".into())
    }

    #[test]
    fn colour_is_for_terminals_and_no_color_wins() {
        let plain = machine(Os::Linux, &[]);
        assert!(colour(&plain, ColorWhen::Auto, true));
        assert!(!colour(&plain, ColorWhen::Auto, false));
        assert!(colour(&plain, ColorWhen::Always, false));
        assert!(!colour(&machine(Os::Linux, &[("NO_COLOR", "1")]), ColorWhen::Auto, true));
        assert!(!colour(&machine(Os::Linux, &[("TERM", "dumb")]), ColorWhen::Auto, true));
    }

    #[test]
    fn signs_follow_the_locale() {
        assert!(unicode(&machine(Os::Linux, &[("LANG", "de_DE.UTF-8")])));
        assert!(!unicode(&machine(Os::Linux, &[("LC_ALL", "C"), ("LANG", "de_DE.UTF-8")])));
        assert!(unicode(&machine(Os::MacOs, &[])));
        assert!(!unicode(&machine(Os::Windows, &[])));
    }
}
