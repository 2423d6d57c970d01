//! On which line of its file an entry stands: git says which file, and not where in it.

use super::Entry;
use crate::facts::Facts;
use crate::redact::redact;
use std::collections::{HashMap, VecDeque};

/// The sections whose lines a check may want to show.
fn is_of_interest(key: &str) -> bool {
    ["credential.", "http.", "url.", "remote.", "protocol.", "core.askpass"]
        .iter()
        .any(|section| key.starts_with(section))
}

/// Finds the lines of interesting entries in their files: the n-th entry of a key in git's listing is the n-th in the file.
pub(super) async fn locate(facts: &Facts, entries: &mut [Entry]) {
    let mut files: HashMap<String, HashMap<String, VecDeque<u32>>> = HashMap::new();
    for entry in entries.iter_mut().filter(|entry| is_of_interest(&entry.key)) {
        if !files.contains_key(&entry.source) {
            let text = facts.machine.read_text(facts.machine.expand(&entry.source)).await.unwrap_or_default();
            let mut lines: HashMap<String, VecDeque<u32>> = HashMap::new();
            for (key, line) in key_lines(&text) {
                lines.entry(redact(&key)).or_default().push_back(line);
            }
            files.insert(entry.source.clone(), lines);
        }
        let lines = files.get_mut(&entry.source).and_then(|lines| lines.get_mut(&entry.key));
        entry.line = lines.and_then(|lines| {
            // A file that is included twice is listed twice: start over.
            lines.rotate_left(1);
            lines.back().copied()
        });
    }
}

/// Every key of a git configuration file with its line, in order. Syntax: git-config(1).
pub(super) fn key_lines(text: &str) -> Vec<(String, u32)> {
    let mut found = Vec::new();
    let mut section = String::new();
    let mut continued = false;
    for (number, line) in (1..).zip(text.lines()) {
        let was_continued = std::mem::replace(
            &mut continued,
            line.trim_end().ends_with('\\') && !line.trim_start().starts_with(['#', ';']),
        );
        let mut rest = line.trim();
        if was_continued {
            continue;
        }
        if let Some(header) = rest.strip_prefix('[') {
            let Some(end) = header_end(header) else { continue };
            section = section_key(&header[..end]);
            rest = header[end + 1..].trim();
        }
        let name: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
        if !name.is_empty() {
            found.push((format!("{section}.{}", name.to_ascii_lowercase()), number));
        }
    }
    found
}

/// Where a section header ends, quotes and their escapes respected.
fn header_end(header: &str) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    header.char_indices().find_map(|(at, character)| {
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ']' if !quoted => return Some(at),
            _ => {}
        }
        None
    })
}

/// `credential "https://x"` becomes `credential.https://x`, as git lists it.
fn section_key(header: &str) -> String {
    match header.split_once('"') {
        None => header.trim().to_ascii_lowercase(),
        Some((section, rest)) => {
            let mut subsection = String::new();
            let mut characters = rest.strip_suffix('"').unwrap_or(rest).chars();
            while let Some(character) = characters.next() {
                subsection.extend(if character == '\\' { characters.next() } else { Some(character) });
            }
            format!("{}.{subsection}", section.trim().to_ascii_lowercase())
        }
    }
}
