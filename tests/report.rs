//! One sample report in every look: widths, colour, plain characters, quiet, verbose.
//!
//! `SNAPSHOTS=overwrite cargo test --test report` writes the expected files anew.

use anyhow::Result;
use codecommit_doctor::report::document::Document;
use codecommit_doctor::report::style::Style;
use codecommit_doctor::report::{human, json};

const SAMPLE: &str = include_str!("report/sample.json");
const PLAIN: Style = Style { width: 80, colour: false, unicode: true, verbose: false, quiet: false };

fn sample() -> Result<Document> {
    Ok(serde_json::from_str(SAMPLE)?)
}

#[test]
fn the_human_report_is_the_expected_one_in_every_look() -> Result<()> {
    // The library's own guess about colour is overridden, as the program does.
    colored::control::set_override(true);
    let document = sample()?;
    for (style, expected) in [
        (PLAIN, snapbox::file!["report/plain-80.txt"]),
        (Style { width: 120, ..PLAIN }, snapbox::file!["report/plain-120.txt"]),
        (Style { colour: true, ..PLAIN }, snapbox::file!["report/colour.txt"]),
        (Style { unicode: false, quiet: true, ..PLAIN }, snapbox::file!["report/ascii-quiet.txt"]),
        (Style { verbose: true, ..PLAIN }, snapbox::file!["report/verbose.txt"]),
        (Style { width: 40, ..PLAIN }, snapbox::file!["report/plain-40.txt"]),
    ] {
        snapbox::assert_data_eq!(human::render(&document, style), expected.raw());
    }
    Ok(())
}

#[test]
fn the_cause_stands_in_the_first_three_lines() -> Result<()> {
    let page = human::render(&sample()?, PLAIN);
    let first: Vec<&str> = page.lines().take(3).collect();
    assert!(first[0].starts_with("✗ The AWS CLI credential helper answers"), "{page}");
    assert!(first.iter().any(|line| line.contains("~/.gitconfig:2")), "{page}");
    Ok(())
}

#[test]
fn json_is_the_document_and_nothing_else() -> Result<()> {
    let document = sample()?;
    let text = json::render(&document)?;
    assert_eq!(serde_json::from_str::<Document>(&text)?, document);
    assert!(text.ends_with("}\n"));
    Ok(())
}
