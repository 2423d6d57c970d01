//! A text that was read, and what was recognised in it.

use super::Teller;
use crate::reading::Reading;
use crate::report::document::{Candidate, SymptomView, TextView};
use crate::symptoms::Seen;
use crate::target::CloneUrl;

impl Teller<'_> {
    pub(super) fn text_view(&self, reading: &Reading) -> TextView {
        let tell = |text: &Option<String>| text.as_ref().map(|text| self.text(text));
        TextView {
            source: self.text(&reading.source),
            lines: reading.lines,
            url: reading.url.as_ref().map(|url| self.text(&CloneUrl::read(url.expose()).shown)),
            region: tell(&reading.region),
            profile: tell(&reading.profile),
            repository: tell(&reading.repository),
        }
    }

    pub(super) fn symptom(&self, seen: &Seen) -> SymptomView {
        let candidate =
            |(check, finding): (&str, &str)| Candidate { check: check.to_owned(), finding: finding.to_owned() };
        SymptomView {
            id: seen.symptom.id.clone(),
            text: self.text(&seen.text),
            line: Some(seen.line),
            meaning: match &seen.elsewhere {
                Some(host) => format!("This is about {}, and not about CodeCommit.", self.text(host)),
                None => seen.symptom.meaning.clone(),
            },
            harmless: seen.symptom.harmless,
            candidates: seen.symptom.candidates().filter(|_| seen.elsewhere.is_none()).map(candidate).collect(),
        }
    }
}
