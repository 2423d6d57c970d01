//! What a text says: the lines that were recognised, and what a text alone lets one suspect.

use super::{Page, sure};
use crate::checks::ALL;
use crate::report::document::{Document, RootCauseView, SymptomView, TextView};
use colored::Color;

impl Page {
    /// The cause that a text points to, when no check has run.
    pub(super) fn suspicion(&mut self, document: &Document, root: &RootCauseView) {
        let style = self.style;
        let telling = document.symptoms.iter().find(|symptom| !symptom.harmless);
        let mark = format!("{} ", style.paint(style.sign("✗", "x"), Color::Red));
        let meaning = telling.map_or("The text shows a failure.", |symptom| symptom.meaning.as_str());
        self.paragraph(&mark, "  ", meaning, |text| style.bold(text));
        let because =
            format!("{}: {}, because {}.", sure(root.confidence), named(&root.check, &root.finding), root.because);
        self.paragraph("  ", "  ", &because, str::to_owned);
        if title(&root.check, &root.finding).is_some() {
            self.more("  ", "More: ", &root.check, &root.finding);
        }
        self.line("");
    }

    /// A text that names no cause, when no check has run.
    pub(super) fn no_suspicion(&mut self, document: &Document, text: &TextView) {
        let style = self.style;
        let (mark, said) = if document.symptoms.is_empty() {
            (style.paint("?", Color::Yellow), format!("Nothing in {} is a failure that the doctor knows.", text.source))
        } else if document.symptoms.iter().all(|symptom| symptom.harmless) {
            (style.paint(style.sign("✓", "ok"), Color::Green), "Nothing that is said stops Git.".to_owned())
        } else {
            (style.paint("?", Color::Yellow), "What is said has no cause that the doctor looks for.".to_owned())
        };
        self.paragraph(&format!("{mark} "), "  ", &said, |text| style.bold(text));
        self.line("");
    }

    /// The lines of the text that were recognised.
    pub(super) fn heard(&mut self, document: &Document) {
        let Some(text) = &document.text else { return };
        let style = self.style;
        if document.symptoms.is_empty() && document.checks.is_empty() {
            return;
        }
        if document.symptoms.is_empty() {
            let nothing = format!("Nothing in {} is a failure that the doctor knows.", text.source);
            self.paragraph("", "  ", &nothing, |text| style.bold(text));
        } else {
            self.line(&style.bold(&format!("What {} says", text.source)));
            for symptom in &document.symptoms {
                self.symptom(text, symptom, document.checks.is_empty());
            }
        }
        self.line("");
    }

    fn symptom(&mut self, text: &TextView, symptom: &SymptomView, alone: bool) {
        let style = self.style;
        let mark = if symptom.harmless {
            style.paint(style.sign("✓", "ok"), Color::Green)
        } else {
            style.paint(style.sign("→", ">"), Color::Cyan)
        };
        let harmless = if symptom.harmless { "Harmless: " } else { "" };
        self.paragraph(&format!("  {mark} "), "    ", &format!("{harmless}{}", symptom.meaning), str::to_owned);
        let line = symptom.line.map(|line| format!(":{line}")).unwrap_or_default();
        let said = format!("{}{line}: {}", text.source, symptom.text);
        self.paragraph("    ", "      ", &said, |text| style.paint(text, Color::Cyan));
        let few = if style.verbose { 10 } else { 3 };
        if alone {
            for candidate in symptom.candidates.iter().take(few) {
                let could = format!("could be {}", named(&candidate.check, &candidate.finding));
                self.paragraph("    ", "      ", &could, |text| style.dim(text));
            }
        }
    }
}

/// A finding's title in the registry.
fn title(check: &str, finding: &str) -> Option<&'static str> {
    let check = ALL.iter().find(|one| one.id == check)?;
    check.findings.iter().find(|kind| kind.id == finding).map(|kind| kind.title)
}

/// `keychain/expired-signature-stored (A store holds an expired signature)`.
fn named(check: &str, finding: &str) -> String {
    let title = title(check, finding).unwrap_or("not checked yet");
    format!("{check}/{finding} ({title})")
}
