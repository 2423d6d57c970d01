//! `--format human`: the cause and its fix first, then what a text says, then the rest.

mod heard;

use super::document::{CheckView, Document, EvidenceView, FindingView, FixView, Status};
use super::style::Style;
use crate::diagnosis::{Confidence, Overall};
use crate::finding::{Safety, Severity};
use colored::Color;
use std::fmt::Write;

/// How many pieces of evidence, or checks that have nothing to say, are told in full without `-v`.
const FEW: usize = 2;

/// The document for a person.
#[must_use]
pub fn render(document: &Document, style: Style) -> String {
    let mut page = Page { style, text: String::new() };
    page.headline(document);
    page.heard(document);
    page.others(document);
    if !style.quiet {
        page.table(document);
    }
    page.tally(document);
    page.text
}

struct Page {
    style: Style,
    text: String,
}

impl Page {
    fn line(&mut self, text: &str) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.text, "{}", text.trim_end());
    }

    /// Wrapped text behind a first mark; the following lines are indented. The width of colour codes is not counted, so colour
    /// is put on afterwards.
    fn paragraph(&mut self, mark: &str, indent: &str, text: &str, dress: impl Fn(&str) -> String) {
        let lead = " ".repeat(visible(mark));
        // Only spaces part lines: a path, a host name or an option is there to be copied whole.
        let wrapping = textwrap::Options::new(self.style.width.max(indent.len() + 20))
            .initial_indent(&lead)
            .subsequent_indent(indent)
            .break_words(false)
            .word_separator(textwrap::WordSeparator::AsciiSpace)
            .word_splitter(textwrap::WordSplitter::NoHyphenation);
        for (at, part) in textwrap::wrap(text, wrapping).iter().enumerate() {
            let (before, rest) =
                if at == 0 { (mark, part.get(lead.len()..)) } else { (indent, part.get(indent.len()..)) };
            self.line(&format!("{before}{}", dress(rest.unwrap_or_default())));
        }
    }

    fn headline(&mut self, document: &Document) {
        let style = self.style;
        if let (Some(root), Some(finding)) = (&document.root_cause, document.root_finding()) {
            let mark = match document.outcome {
                Overall::Broken => style.paint(style.sign("✗", "x"), Color::Red),
                _ => style.paint("!", Color::Yellow),
            };
            self.paragraph(&format!("{mark} "), "  ", &finding.message, |text| style.bold(text));
            self.details(finding, "  ");
            let cause = format!("{}: {}.", sure(root.confidence), root.because);
            self.paragraph("  ", "  ", &cause, |text| style.dim(text));
            self.more("  ", "More: ", &root.check, &root.finding);
            self.line("");
            return;
        }
        if let Some(root) = &document.root_cause {
            return self.suspicion(document, root);
        }
        if let Some(text) = document.text.as_ref().filter(|_| document.checks.is_empty()) {
            return self.no_suspicion(document, text);
        }
        let what = document.target.url.as_deref().or(document.target.host.as_deref()).unwrap_or("CodeCommit");
        let (mark, text) = match document.outcome {
            Overall::Healthy => (
                style.paint(style.sign("✓", "ok"), Color::Green),
                format!("Nothing found that stops Git from using {what}."),
            ),
            Overall::Undetermined => (
                style.paint("?", Color::Yellow),
                format!("Nothing found that stops Git from using {what}, but not everything could be told."),
            ),
            Overall::Degraded | Overall::Broken => (
                style.paint("!", Color::Yellow),
                format!("Nothing found that stops Git from using {what} now; something could."),
            ),
        };
        self.paragraph(&format!("{mark} "), "  ", &text, |text| style.bold(text));
        self.line("");
    }

    /// Every finding that is not the root: what follows from it, then errors, warnings and, with `-v`, notes.
    fn others(&mut self, document: &Document) {
        let style = self.style;
        let root = document.root_finding();
        let mut rest: Vec<(&CheckView, &FindingView)> = document
            .checks
            .iter()
            .flat_map(|check| check.findings.iter().map(move |finding| (check, finding)))
            .filter(|(_, finding)| root.is_none_or(|root| !std::ptr::eq(root, *finding)))
            .filter(|(_, finding)| finding.severity > Severity::Note || style.verbose)
            .collect();
        rest.sort_by_key(|(_, finding)| std::cmp::Reverse(finding.severity));
        let (following, beside): (Vec<_>, Vec<_>) = rest.into_iter().partition(|(_, finding)| finding.follows);
        self.group("Follows from it", &following);
        self.group(if root.is_some() { "Also found" } else { "Found" }, &beside);
    }

    fn group(&mut self, title: &str, findings: &[(&CheckView, &FindingView)]) {
        if findings.is_empty() {
            return;
        }
        let style = self.style;
        self.line(&style.bold(title));
        for (check, finding) in findings {
            let mark = self.severity(finding.severity);
            self.paragraph(&format!("  {mark} "), "    ", &finding.message, str::to_owned);
            // What goes away with its cause needs no advice of its own.
            if !finding.follows || style.verbose {
                self.details(finding, "    ");
            }
            if style.verbose {
                self.more("    ", "", &check.id, &finding.id);
            }
        }
        self.line("");
    }

    /// The command that tells more.
    fn more(&mut self, indent: &str, label: &str, check: &str, finding: &str) {
        let more = self.style.dim(&format!("{label}codecommit-doctor explain {check}/{finding}"));
        self.line(&format!("{indent}{more}"));
    }

    /// Evidence and the first fix; with `-v`, all of both.
    fn details(&mut self, finding: &FindingView, indent: &str) {
        let style = self.style;
        let few = if style.verbose { usize::MAX } else { FEW };
        for seen in finding.evidence.iter().take(few) {
            self.paragraph(indent, &format!("{indent}  "), &evidence(seen), |text| style.paint(text, Color::Cyan));
        }
        if finding.evidence.len() > few {
            self.line(&format!("{indent}{}", style.dim(&format!("and {} more (-v)", finding.evidence.len() - few))));
        }
        for fix in finding.fixes.iter().take(if style.verbose { usize::MAX } else { 1 }) {
            self.fix(fix, indent);
        }
        if finding.fixes.len() > 1 && !style.verbose {
            let (others, ways) = (finding.fixes.len() - 1, if finding.fixes.len() == 2 { "way" } else { "ways" });
            self.line(&format!("{indent}{}", style.dim(&format!("{others} other {ways} out (-v)"))));
        }
    }

    /// A fix. Commands are never wrapped: they are there to be copied.
    fn fix(&mut self, fix: &FixView, indent: &str) {
        let style = self.style;
        let label = match fix.safety {
            Safety::Safe | Safety::Manual => "Fix: ",
            Safety::Review => "Fix (look first): ",
        };
        let hanging = format!("{indent}     ");
        let mark = format!("{indent}{}", style.paint(label, Color::Green));
        let colon = if fix.commands.is_empty() { "." } else { ":" };
        self.paragraph(&mark, &hanging, &format!("{}{colon}", fix.title), str::to_owned);
        for instruction in &fix.instructions {
            self.paragraph(&hanging, &hanging, instruction, str::to_owned);
        }
        for command in &fix.commands {
            self.line(&format!("{hanging}{}", style.bold(command)));
        }
        if style.verbose
            && let Some(docs) = &fix.docs
        {
            self.line(&format!("{hanging}{}", style.dim(docs)));
        }
    }

    fn severity(&self, severity: Severity) -> String {
        let style = self.style;
        match severity {
            Severity::Error => style.paint(style.sign("✗", "x"), Color::Red),
            Severity::Warning => style.paint("!", Color::Yellow),
            Severity::Note => style.paint(style.sign("·", "-"), Color::Blue),
        }
    }

    /// Every check in one line.
    fn table(&mut self, document: &Document) {
        if document.checks.is_empty() {
            return;
        }
        let style = self.style;
        let target = &document.target;
        let host = || target.host.as_ref().map(|host| format!("the set-up for {host}"));
        let mut about =
            vec![target.url.clone().or_else(host).unwrap_or_else(|| "the set-up, without a clone URL".to_owned())];
        if target.from.starts_with("remote") || target.from.starts_with("the ") {
            about.push(target.from.clone());
        }
        about.extend(target.profile.as_ref().map(|profile| format!("profile {profile}")));
        self.paragraph("", "  ", &format!("Checked {}", about.join(", ")), |text| style.bold(text));
        if let (Some(method), Some(reason)) = (target.method, &target.method_reason) {
            self.paragraph("  ", "  ", &format!("Set up for {}: {reason}.", method.name()), |text| style.dim(text));
        }
        let (told, passed_over) = self.rows(document);
        let column = told.iter().map(|check| check.id.len()).max().unwrap_or_default();
        for check in told {
            let mark = match check.status {
                Status::Pass => style.paint(style.sign("✓", "+"), Color::Green),
                Status::Warn => style.paint("!", Color::Yellow),
                Status::Fail => style.paint(style.sign("✗", "x"), Color::Red),
                Status::Skip => style.dim("-"),
                Status::Unknown => style.paint("?", Color::Yellow),
            };
            let summary = match &check.blocked_by {
                Some(blocker) => format!("see {blocker}: {}", check.summary),
                None => check.summary.clone(),
            };
            let faint = check.status == Status::Skip;
            let lead = format!("  {mark} {:column$}  ", check.id);
            let indent = " ".repeat(column + 6);
            self.paragraph(&lead, &indent, &summary, |text| if faint { style.dim(text) } else { text.to_owned() });
        }
        if !passed_over.is_empty() {
            let lead = format!("  {} ", style.dim("-"));
            let list = format!("skipped: {} (-v says why)", passed_over.join(", "));
            self.paragraph(&lead, "    ", &list, |text| style.dim(text));
        }
        self.line("");
    }

    /// The checks that get a line each, and those that have nothing to say here: of many such, only the names are told.
    fn rows<'a>(&self, document: &'a Document) -> (Vec<&'a CheckView>, Vec<&'a str>) {
        let is_passed_over = |check: &&CheckView| check.status == Status::Skip && check.blocked_by.is_none();
        let (passed_over, told): (Vec<_>, Vec<_>) = document.checks.iter().partition(is_passed_over);
        if self.style.verbose || passed_over.len() <= FEW {
            return (document.checks.iter().collect(), Vec::new());
        }
        (told, passed_over.into_iter().map(|check| check.id.as_str()).collect())
    }

    fn tally(&mut self, document: &Document) {
        if document.checks.is_empty() {
            return self.line("No check has run: with --offline only the text is explained.");
        }
        let counts = document.counts;
        let said = [
            (counts.fail, "failed"),
            (counts.warn, "with warnings"),
            (counts.pass, "passed"),
            (counts.skip, "skipped"),
            (counts.unknown, "unknown"),
        ];
        let said: Vec<String> =
            said.iter().filter(|(number, _)| *number > 0).map(|(number, what)| format!("{number} {what}")).collect();
        let took = match document.took_ms {
            short @ ..1000 => format!("{short} ms"),
            long => format!("{:.1} s", f64::from(u32::try_from(long).unwrap_or(u32::MAX)) / 1000.0),
        };
        let checks = if document.checks.len() == 1 { "check" } else { "checks" };
        self.line(&format!("{} {checks}: {} in {took}", document.checks.len(), said.join(", ")));
    }
}

/// How sure a cause is, in words.
fn sure(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::Confirmed => "Confirmed cause",
        Confidence::Likely => "Likely cause",
    }
}

/// How many columns a text takes: colour codes take none.
fn visible(text: &str) -> usize {
    let mut in_code = false;
    let takes_place = |c: &char| {
        let part_of_code = in_code || *c == '\u{1b}';
        in_code = part_of_code && *c != 'm';
        !part_of_code
    };
    text.chars().filter(takes_place).count()
}

/// `~/.gitconfig:12: helper = ...`.
fn evidence(seen: &EvidenceView) -> String {
    let line = seen.line.map(|line| format!(":{line}")).unwrap_or_default();
    let text = seen.text.split_whitespace().collect::<Vec<_>>().join(" ");
    format!("{}{line}: {text}", seen.source)
}
