use super::*;
use crate::checks;
use crate::finding::Severity;
use std::collections::HashSet;

/// Checks that are in the catalogue and not built yet; a text can point to their findings all the same.
const TO_COME: &[&str] =
    &["api-endpoints", "git-remote-codecommit", "ssh-config", "ssh-host-key", "ssh-key", "working-tree"];

fn ids(text: &str) -> Vec<&'static str> {
    ALL.recognise(text).into_iter().map(|seen| seen.symptom.id.as_str()).collect()
}

#[test]
fn the_table_is_sound() {
    let mut seen = HashSet::new();
    for symptom in ALL.symptoms() {
        let id = &symptom.id;
        assert!(seen.insert(id), "{id}: choose another id");
        assert!(!symptom.patterns.is_empty(), "{id}: add a pattern");
        assert_eq!(redact(&symptom.meaning), symptom.meaning, "{id}: choose words that are no secret");
        assert!(symptom.meaning.ends_with('.') && symptom.meaning.len() > 20, "{id}: say in a sentence what it means");
        for case in &symptom.cases {
            let number = case.strip_prefix('C').and_then(|number| number.parse::<u32>().ok());
            assert!(number.is_some_and(|number| (1..=123).contains(&number)), "{id}: {case}");
        }
        assert_eq!(symptom.candidates().count(), symptom.candidates.len(), "{id}: write candidates as check/finding");
        for (check, finding) in symptom.candidates() {
            let known = checks::ALL.iter().find(|one| one.id == check);
            match known {
                Some(check) => {
                    let has = check.findings.iter().any(|kind| kind.id == finding);
                    assert!(has, "{id}: {}/{finding} does not exist", check.id);
                }
                None => assert!(TO_COME.contains(&check), "{id}: there is no check {check}"),
            }
        }
    }
}

#[test]
fn whatever_stops_git_can_explain_a_text() {
    for check in checks::ALL.iter().filter(|check| check.id != "git-access") {
        for kind in check.findings.iter().filter(|kind| kind.severity == Severity::Error) {
            let explains = ALL.symptoms().iter().any(|symptom| symptom.is_explained_by(check.id, kind.id));
            assert!(explains, "{}/{}: add it to the candidates of what Git says then", check.id, kind.id);
        }
    }
}

#[test]
fn every_pattern_can_win() {
    let mut shadowed = Vec::new();
    for symptom in ALL.symptoms() {
        for pattern in &symptom.patterns {
            let (common, pattern) = pattern.strip_prefix('?').map_or((false, pattern.as_str()), |rest| (true, rest));
            let line = pattern.trim_start_matches('^').trim_end_matches('$').replace('*', "x");
            let line = if line.ends_with(' ') { line + "x" } else { line };
            let text = if common { format!("In CodeCommit:\n{line}") } else { line.clone() };
            if ids(&text) != [symptom.id.as_str()] {
                shadowed.push(format!("{pattern:?} of {} gives {:?}", symptom.id, ids(&text)));
            }
        }
    }
    assert!(shadowed.is_empty(), "order the table, or drop the pattern:\n{}", shadowed.join("\n"));
}

#[test]
fn ordinary_output_is_no_symptom() {
    for text in [
        "Cloning into 'x'...\nremote: Enumerating objects: 3, done.\nReceiving objects: 100% (3/3), done.",
        "To https://git-codecommit.us-east-1.amazonaws.com/v1/repos/x\n * [new branch]      main -> main",
        "I read that error 403 can mean many things; the path was not found in my notes, access denied by the doorman.",
        "",
        "\u{0}\u{1}\u{2}",
    ] {
        assert_eq!(ids(text), Vec::<&str>::new(), "{text}");
    }
}

#[test]
fn each_symptom_is_told_once_the_most_specific_first_and_without_secrets() {
    let text = "fatal: unable to access 'https://bob:hunter2@h/': The requested URL returned error: 403\n\
                aws codecommit credential-helper $@ get: aws: command not found\n\
                fatal: unable to access 'https://h/': The requested URL returned error: 403";
    let seen = ALL.recognise(text);
    let ids: Vec<_> = seen.iter().map(|seen| (seen.symptom.id.as_str(), seen.line)).collect();
    assert_eq!(ids, [("helper-program-not-found", 2), ("http-403", 1)]);
    assert!(!seen[1].text.contains("hunter2"));
}
