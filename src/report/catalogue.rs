//! `list` and `explain`: what the doctor knows, without looking at any machine.

use super::style::Style;
use crate::check::{Check, Group};
use crate::finding::{FindingKind, Severity};
use crate::select::nearest;
use crate::symptoms::{ALL, Symptom};
use anyhow::{Result, bail};
use colored::Color;
use serde::Serialize;
use std::fmt::Write;

/// Every check with its findings, for people.
#[must_use]
pub fn list(checks: &[&'static Check], style: Style) -> String {
    let mut text = String::new();
    for check in checks {
        let head = format!("{} ({})", check.id, check.group.name());
        let _ = writeln!(text, "{}  {}", style.bold(&head), check.title);
        let column = check.findings.iter().map(|kind| kind.id.len()).max().unwrap_or_default();
        for kind in check.findings {
            let severity = severity(kind.severity, style);
            let _ = writeln!(text, "  {severity} {:column$}  {}", kind.id, kind.title);
        }
    }
    text
}

#[derive(Serialize)]
struct CheckEntry {
    id: &'static str,
    title: &'static str,
    group: Group,
    needs: NeedsEntry,
    findings: Vec<FindingEntry>,
}

#[derive(Serialize)]
struct NeedsEntry {
    actions: Vec<&'static str>,
    hosts: &'static [&'static str],
    files: &'static [&'static str],
}

#[derive(Serialize)]
struct FindingEntry {
    id: &'static str,
    severity: Severity,
    title: &'static str,
    cases: &'static [&'static str],
    docs: &'static str,
}

/// Every check with its findings, for programs.
///
/// # Errors
/// None for this data; the type is that of `serde_json`.
pub fn list_json(checks: &[&'static Check]) -> Result<String> {
    let finding = |kind: &&'static FindingKind| FindingEntry {
        id: kind.id,
        severity: kind.severity,
        title: kind.title,
        cases: kind.cases,
        docs: kind.docs,
    };
    let entry = |check: &&'static Check| CheckEntry {
        id: check.id,
        title: check.title,
        group: check.group,
        needs: NeedsEntry {
            actions: check.needs.all_actions().map(|action| action.name).collect(),
            hosts: check.needs.hosts,
            files: check.needs.files,
        },
        findings: check.findings.iter().map(finding).collect(),
    };
    Ok(serde_json::to_string_pretty(&checks.iter().map(entry).collect::<Vec<_>>())? + "\n")
}

/// A check or a finding in full, or what a recognised text means. The id is a check's, a finding's, both with a slash between,
/// or a symptom's.
///
/// # Errors
/// One line for the person when there is no such id.
pub fn explain(checks: &[&'static Check], id: &str, style: Style) -> Result<String> {
    if let Some(check) = checks.iter().find(|check| check.id == id) {
        return Ok(whole(check, style));
    }
    let (of, name) = id.split_once('/').map_or((None, id), |(check, finding)| (Some(check), finding));
    let found: Vec<String> = checks
        .iter()
        .filter(|check| of.is_none_or(|of| of == check.id))
        .flat_map(|check| check.findings.iter().filter(|kind| kind.id == name).map(|kind| one(check, kind, style)))
        .collect();
    if !found.is_empty() {
        return Ok(found.join("\n"));
    }
    if let Some(symptom) = ALL.symptoms().iter().find(|symptom| symptom.id == id) {
        return Ok(of_text(checks, symptom, style));
    }
    let ids = checks.iter().flat_map(|check| {
        let findings = check.findings.iter().map(|kind| kind.id);
        std::iter::once(check.id).chain(findings)
    });
    match nearest(ids, name) {
        Some(near) if near == name => bail!("there is no {id:?}; did you mean {near}?"),
        Some(near) => bail!("there is no check or finding {id:?}; did you mean {near}?"),
        None => {
            let id: String = id.chars().take(60).collect();
            bail!("there is no check or finding {id:?}; `codecommit-doctor list` shows them all")
        }
    }
}

fn whole(check: &Check, style: Style) -> String {
    let mut text = String::new();
    for line in check.explain.lines() {
        let shown = match line.trim_start_matches('#') {
            heading if heading.len() < line.len() => style.bold(heading.trim()),
            _ => line.to_owned(),
        };
        let _ = writeln!(text, "{shown}");
    }
    text
}

/// What a text means that programs print, and what can explain it.
fn of_text(checks: &[&'static Check], symptom: &Symptom, style: Style) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "{}  {}", style.bold(&symptom.id), symptom.meaning);
    let known = |check: &str, finding: &str| {
        let check = checks.iter().find(|one| one.id == check)?;
        check.findings.iter().find(|kind| kind.id == finding).map(|kind| kind.title)
    };
    if symptom.candidates().next().is_some() {
        let _ = writeln!(text, "\nWhat can explain it, the likeliest first:");
    }
    for (check, finding) in symptom.candidates() {
        let _ = writeln!(text, "  {check}/{finding} ({})", known(check, finding).unwrap_or("not checked yet"));
    }
    if !symptom.cases.is_empty() {
        let _ = writeln!(text, "\nKnown as {}.", symptom.cases.join(", "));
    }
    text
}

fn one(check: &Check, kind: &FindingKind, style: Style) -> String {
    let mut text = String::new();
    let head = style.bold(&format!("{}/{}", check.id, kind.id));
    let _ = writeln!(text, "{head}  {} ({})", kind.title, severity(kind.severity, style));
    let _ = writeln!(text, "\n{}", bullet(check, kind.id));
    let _ = writeln!(text, "\n{}", section(check, "## How to fix it"));
    if !kind.cases.is_empty() {
        let _ = writeln!(text, "\nKnown as {}.", kind.cases.join(", "));
    }
    let _ = writeln!(text, "{}\nThe whole check: codecommit-doctor explain {}", kind.docs, check.id);
    text
}

/// What a check's explanation says of one finding.
fn bullet(check: &Check, id: &str) -> String {
    let mark = format!("- **{id}** ");
    let Some((_, rest)) = check.explain.split_once(&mark) else { return String::new() };
    rest.split("\n- **").next().unwrap_or(rest).lines().map(str::trim).collect::<Vec<_>>().join("\n")
}

/// A section of a check's explanation, without its heading.
fn section<'a>(check: &'a Check, heading: &str) -> &'a str {
    let Some((_, rest)) = check.explain.split_once(heading) else { return "" };
    rest.split("\n## ").next().unwrap_or(rest).trim()
}

fn severity(severity: Severity, style: Style) -> String {
    match severity {
        Severity::Error => style.paint("error  ", Color::Red),
        Severity::Warning => style.paint("warning", Color::Yellow),
        Severity::Note => style.paint("note   ", Color::Blue),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::ALL;

    #[test]
    fn a_symptom_can_be_explained() {
        let told = explain(ALL, "http-403", PLAIN).unwrap();
        assert!(
            told.starts_with("http-403  CodeCommit refuses")
                && told.contains("keychain/expired-signature-stored (A store")
        );
    }

    const PLAIN: Style = Style { width: 80, colour: false, unicode: true, verbose: false, quiet: false };

    #[test]
    fn every_check_and_finding_can_be_listed_and_explained() {
        let listed = list(ALL, PLAIN);
        for check in ALL {
            assert!(listed.contains(check.title));
            assert!(explain(ALL, check.id, PLAIN).unwrap().contains("How to fix it"));
            for kind in check.findings {
                let explained = explain(ALL, &format!("{}/{}", check.id, kind.id), PLAIN).unwrap();
                assert!(explained.contains(kind.docs) && !bullet(check, kind.id).is_empty(), "{}", kind.id);
            }
        }
        assert!(list_json(ALL).unwrap().contains("\"stale-helper\""));
    }

    #[test]
    fn a_finding_s_own_name_is_enough() {
        assert!(explain(ALL, "stale-helper", PLAIN).unwrap().starts_with("credential-helper/stale-helper"));
    }

    #[test]
    fn an_unknown_id_is_an_error_that_suggests() {
        let error = |id| explain(ALL, id, PLAIN).unwrap_err().to_string();
        assert_eq!(error("stale-helpr"), "there is no check or finding \"stale-helpr\"; did you mean stale-helper?");
        assert!(error("keychain/stale-helper").contains("did you mean stale-helper?"));
        assert!(error("zzzzzzzzzzz").contains("list"));
    }
}
