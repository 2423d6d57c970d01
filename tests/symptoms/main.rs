//! Every literal output of the knowledge base, and other wordings of the same failures, are recognised.

use codecommit_doctor::symptoms;
use serde::Deserialize;
use std::collections::BTreeSet;

/// Cases of which no program prints a text of its own: what they show is another case's, or nothing.
const SILENT: &[u32] = &[18, 20, 38, 42, 43, 56, 64, 81, 82];

#[derive(Deserialize)]
struct Outputs {
    output: Vec<Output>,
}

#[derive(Deserialize)]
struct Output {
    case: Option<String>,
    text: String,
    symptoms: Vec<String>,
}

fn outputs() -> Vec<Output> {
    toml::from_str::<Outputs>(include_str!("outputs.toml")).expect("outputs.toml is sound").output
}

#[test]
fn every_output_is_recognised() {
    let wrong: Vec<String> = outputs()
        .into_iter()
        .filter_map(|output| {
            // As a log has it: with the command in front, which says what it is about.
            let log = format!("+ git fetch https://git-codecommit.us-east-1.amazonaws.com/v1/repos/x\n{}", output.text);
            let seen = symptoms::ALL.recognise(&symptoms::clean(log.as_bytes()));
            let ids: Vec<&str> = seen.iter().map(|seen| seen.symptom.id.as_str()).collect();
            (ids != output.symptoms).then(|| format!("{ids:?}, not {:?}, in:\n{}", output.symptoms, output.text))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_case_that_prints_something_has_an_output() {
    let covered: BTreeSet<String> = outputs().into_iter().filter_map(|output| output.case).collect();
    for number in (1..=123).filter(|number| !SILENT.contains(number)) {
        assert!(covered.contains(&format!("C{number}")), "C{number}: add what it prints to outputs.toml");
    }
}

#[test]
fn every_symptom_is_shown_by_an_output() {
    let shown: BTreeSet<String> = outputs().into_iter().flat_map(|output| output.symptoms).collect();
    for symptom in symptoms::ALL.symptoms() {
        assert!(shown.contains(&symptom.id), "{}: add an output that shows it", symptom.id);
    }
}

#[test]
fn ten_mebibytes_are_read_in_a_moment() {
    // Bounded work, not a measured time: each line is looked at once.
    let line = "remote: Compressing objects: error error error fatal: unable to access '\n";
    let text = line.repeat(10 * 1024 * 1024 / line.len())
        + "fatal: unable to access 'x': The requested URL returned error: 403\n";
    assert_eq!(symptoms::ALL.recognise(&text).len(), 1);
}
