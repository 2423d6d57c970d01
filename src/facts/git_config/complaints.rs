//! What git says is wrong with its configuration.

use super::Problem;
use crate::redact::redact;
use regex_lite::Regex;
use std::sync::LazyLock;

/// What git complains about on standard error.
pub(super) fn read_problems(stderr: &str, show: impl Fn(&str) -> String) -> Vec<Problem> {
    static BAD_LINE: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(
            r"(fatal|error|warning): bad config (?:line (\d+) in file|variable .+ in file|file) '?(.+?)'?(?: at line (\d+))?$",
        )
        .ok()
    });
    static UNREADABLE: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"(fatal|error|warning): (?:unable to (?:access|read)|unknown error occurred while reading) '(.+?)'(?:: .+)?$")
            .ok()
    });
    stderr
        .lines()
        .filter_map(|line| {
            let line = line.trim();
            if let Some(found) = BAD_LINE.as_ref().and_then(|bad| bad.captures(line)) {
                let number = found.get(2).or_else(|| found.get(4)).and_then(|number| number.as_str().parse().ok());
                return Some(Problem { file: show(&found[3]), line: number, text: redact(line), fatal: true });
            }
            let found = UNREADABLE.as_ref()?.captures(line)?;
            Some(Problem { file: show(&found[2]), line: None, text: redact(line), fatal: &found[1] == "fatal" })
        })
        .collect()
}
