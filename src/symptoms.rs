//! What programs print when they fail, what it means, and which findings can explain it.
//!
//! The table is data: `symptoms.toml`, the most specific text first. Of each line only its most specific symptom counts.

mod host;
mod pattern;
mod text;

pub use text::clean;

use crate::redact::redact;
use aho_corasick::{AhoCorasick, MatchKind};
use pattern::Pattern;
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// The table, with what git says in other languages.
pub static ALL: LazyLock<Table> = LazyLock::new(|| {
    Table::read(include_str!("symptoms.toml"), include_str!("symptoms/translations.toml"))
        .unwrap_or_else(|error| panic!("the table of symptoms: {error}"))
});

/// One thing that programs print.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Symptom {
    /// Kebab-case, unique, stable.
    pub id: String,
    /// The cases of the knowledge base, `C1` to `C123`.
    #[serde(default)]
    pub cases: Vec<String>,
    /// What it means, as a sentence.
    pub meaning: String,
    /// Whether it looks worse than it is.
    #[serde(default)]
    pub harmless: bool,
    /// Whether it says less than whatever else is said with it.
    #[serde(default)]
    pub vague: bool,
    /// Whether only other Git hosts say it.
    #[serde(default)]
    others: bool,
    /// The texts, in the language of [`Pattern`].
    patterns: Vec<String>,
    /// The findings that can explain it, `check/finding`, the likeliest first.
    #[serde(default)]
    candidates: Vec<String>,
}

impl Symptom {
    /// The findings that can explain it: check and finding, the likeliest first.
    pub fn candidates(&self) -> impl Iterator<Item = (&str, &str)> {
        self.candidates.iter().filter_map(|candidate| candidate.split_once('/'))
    }

    /// Whether a finding can explain it.
    #[must_use]
    pub fn is_explained_by(&self, check: &str, finding: &str) -> bool {
        self.candidates().any(|candidate| candidate == (check, finding))
    }
}

/// A symptom in a text.
#[derive(Clone, Debug)]
pub struct Seen {
    /// What was recognised.
    pub symptom: &'static Symptom,
    /// The line, without secrets.
    pub text: String,
    /// Its number, from 1.
    pub line: u32,
    /// The host that the line is about, when that is none of AWS's.
    pub elsewhere: Option<String>,
}

impl Seen {
    /// Whether it says that something is wrong with CodeCommit, or with the way to it.
    #[must_use]
    pub fn is_trouble(&self) -> bool {
        !self.symptom.harmless && self.elsewhere.is_none()
    }
}

/// The table, ready for use.
pub struct Table {
    symptoms: Vec<Symptom>,
    /// Each pattern, with the place of its symptom.
    patterns: Vec<(Pattern, usize)>,
    /// Finds the longest piece of each pattern.
    finder: AhoCorasick,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    symptom: Vec<Symptom>,
}

/// By symptom and language, the patterns.
type Translations = BTreeMap<String, BTreeMap<String, Vec<String>>>;

/// The longest line that is looked at, in bytes, and the most of it that is told, in characters.
const LONGEST: usize = 32 * 1024;
const TOLD: usize = 400;

/// Up to which length, in bytes, lines of a text are looked at in pairs.
const WRAPPED: usize = 1024 * 1024;

impl Table {
    fn read(text: &str, translations: &str) -> anyhow::Result<Self> {
        let mut symptoms = toml::from_str::<File>(text)?.symptom;
        let mut translations: Translations = toml::from_str(translations)?;
        for symptom in &mut symptoms {
            symptom
                .patterns
                .extend(translations.remove(&symptom.id).into_iter().flatten().flat_map(|(_, texts)| texts));
        }
        anyhow::ensure!(translations.is_empty(), "translations of unknown symptoms: {:?}", translations.keys());
        let of = |(at, symptom): (usize, &Symptom)| {
            symptom.patterns.iter().map(move |text| (Pattern::read(text), at)).collect::<Vec<_>>()
        };
        let patterns: Vec<(Pattern, usize)> = symptoms.iter().enumerate().flat_map(of).collect();
        let finder = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .build(patterns.iter().map(|(pattern, _)| pattern.longest_piece()))?;
        Ok(Self { symptoms, patterns, finder })
    }

    /// Every symptom.
    #[must_use]
    pub fn symptoms(&self) -> &[Symptom] {
        &self.symptoms
    }

    /// The place of the most specific symptom in a line, if there is one.
    fn recognise_line(&self, line: &str, mentioned: bool) -> Option<usize> {
        let hits: BTreeSet<usize> =
            self.finder.find_overlapping_iter(line).map(|hit| hit.pattern().as_usize()).collect();
        if hits.is_empty() {
            return None;
        }
        let line = line.to_ascii_lowercase();
        // Patterns stand in the order of the table.
        let fits = |(pattern, _): &(Pattern, usize)| (mentioned || !pattern.common) && pattern.matches(&line);
        hits.into_iter().map(|hit| &self.patterns[hit]).find(|found| fits(found)).map(|(_, symptom)| *symptom)
    }

    /// The symptoms in a text, the most specific first; each is told once, with its first line.
    #[must_use]
    pub fn recognise(&'static self, text: &str) -> Vec<Seen> {
        let mentioned = host::mentions_codecommit(text);
        let mut seen: Vec<(usize, Seen)> = Vec::new();
        let mut last: Option<(u32, String)> = None;
        let mut note = |at: usize, line: &str, number: u32| {
            let symptom = &self.symptoms[at];
            // Git's last words follow those of the host that refused.
            let follows = last.as_ref().filter(|(before, _)| symptom.vague && number - before <= 3);
            let others = symptom.others.then(|| "another Git host".to_owned());
            let elsewhere =
                others.or_else(|| host::elsewhere(line, mentioned)).or_else(|| follows.map(|(_, host)| host.clone()));
            if let Some(host) = &elsewhere {
                last = Some((number, host.clone()));
            }
            // The same of another host does not stand for it.
            if seen.iter().all(|(other, known)| *other != at || known.elsewhere.is_some() && elsewhere.is_none()) {
                seen.retain(|(other, _)| *other != at);
                let told = redact(line).chars().take(TOLD).collect();
                seen.push((at, Seen { symptom, text: told, line: number, elsewhere }));
            }
        };
        let mut before = String::new();
        for (number, raw) in (1..).zip(text.lines()) {
            let line = squeezed(&raw[..raw.floor_char_boundary(LONGEST.min(raw.len()))]);
            // The source of a program that fails, whose message follows; and what is said over and over.
            if line.starts_with("raise ") || line == before {
                continue;
            }
            if let Some(at) = self.recognise_line(&line, mentioned) {
                note(at, &line, number);
                before.clear();
                continue;
            }
            // A terminal's edge, or a tool's box, may have cut it in two.
            if text.len() <= WRAPPED && !before.is_empty() && !line.is_empty() {
                let whole = format!("{before} {line}");
                if let Some(at) = self.recognise_line(&whole, mentioned) {
                    note(at, &whole, number - 1);
                    before.clear();
                    continue;
                }
            }
            before = line.into_owned();
        }
        seen.sort_by_key(|(at, _)| *at);
        seen.into_iter().map(|(_, seen)| seen).collect()
    }
}

/// The text with every run of white space as one space, and without the frame that some tools draw; French puts others than
/// the ordinary space before a colon.
fn squeezed(text: &str) -> Cow<'_, str> {
    let text = text.trim_start_matches(['\u{2502}', '\u{2577}', '\u{2575}']).trim();
    let plain = !text.contains("  ") && text.chars().all(|c| c == ' ' || !c.is_whitespace());
    if plain { Cow::Borrowed(text) } else { Cow::Owned(text.split_whitespace().collect::<Vec<_>>().join(" ")) }
}

#[cfg(test)]
mod tests;
