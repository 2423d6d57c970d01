//! `docs/coverage.md` says of every case how it is found. It is made from the registry and the table of symptoms:
//! `SNAPSHOTS=overwrite cargo test --test coverage` writes it anew.

use codecommit_doctor::checks::ALL;
use codecommit_doctor::symptoms;
use serde::Deserialize;
use std::fmt::Write;

const HEAD: &str = "\
# Which failures are found

The cases C1 to C123 are real ways in which Git and CodeCommit fail together. *Found* means that a check finds it on the machine;
*recognised* means that `why` and `run` know what is printed then, and say what it means, where nothing of it can be seen on the machine; the reason stands beside it.

";

#[derive(Deserialize)]
struct Cases {
    case: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    id: String,
    title: String,
    reason: Option<String>,
}

impl Case {
    fn findings(&self) -> Vec<String> {
        let of = |check: &codecommit_doctor::check::Check| {
            let kinds = check.findings.iter().filter(|kind| kind.cases.contains(&self.id.as_str()));
            kinds.map(|kind| format!("`{}/{}`", check.id, kind.id)).collect::<Vec<_>>()
        };
        ALL.iter().flat_map(|check| of(check)).collect()
    }

    fn symptoms(&self) -> Vec<&'static symptoms::Symptom> {
        symptoms::ALL.symptoms().iter().filter(|symptom| symptom.cases.contains(&self.id)).collect()
    }

    fn row(&self) -> String {
        let (findings, symptoms) = (self.findings(), self.symptoms());
        let names = || symptoms.iter().map(|symptom| format!("`{}`", symptom.id)).collect::<Vec<_>>().join(", ");
        let because = self.reason.as_deref().unwrap_or_default();
        match (findings.is_empty(), symptoms.is_empty()) {
            (false, _) => format!("found | {} | {}", findings.join(", "), names()),
            (true, false) => format!("recognised | {because} | {}", names()),
            (true, true) => format!("impossible to see | {because} | "),
        }
    }
}

fn cases() -> Vec<Case> {
    toml::from_str::<Cases>(include_str!("coverage/cases.toml")).expect("cases.toml is sound").case
}

#[test]
fn the_table_is_that_of_the_registry() {
    let cases = cases();
    let rows: Vec<String> = cases.iter().map(Case::row).collect();
    let count = |how: &str| rows.iter().filter(|row| row.starts_with(how)).count();
    let mut page = HEAD.to_owned();
    let totals = (count("found"), count("recognised"), count("impossible"));
    let _ =
        writeln!(page, "{} are found, {} are recognised, {} are impossible to see.\n", totals.0, totals.1, totals.2);
    page.push_str("| case | what happens | | by, or why not | known by its text |\n|---|---|---|---|---|\n");
    for (case, row) in cases.iter().zip(&rows) {
        let _ = writeln!(page, "| {} | {} | {row} |", case.id, case.title.replace('-', " "));
    }
    snapbox::assert_data_eq!(page, snapbox::file!["../docs/coverage.md"].raw());
}

#[test]
fn every_case_is_there_and_what_is_not_found_has_a_reason() {
    let cases = cases();
    let ids: Vec<String> = cases.iter().map(|case| case.id.clone()).collect();
    assert_eq!(ids, (1..=123).map(|number| format!("C{number}")).collect::<Vec<_>>());
    for case in &cases {
        let known = !case.findings().is_empty() || case.reason.is_some();
        assert!(known, "{} ({}): no finding covers it, so cases.toml must give the reason", case.id, case.title);
        let needless = case.reason.is_some() && !case.findings().is_empty();
        assert!(!needless, "{}: a finding covers it, so drop the reason", case.id);
    }
}
