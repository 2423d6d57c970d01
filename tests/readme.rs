//! The README says what is true: its table is the registry's, and its screen is what a real run says.
//!
//! `SNAPSHOTS=overwrite cargo test --test readme` writes both anew.

use anyhow::{Context, Result};
use codecommit_doctor::checks::ALL;
use codecommit_doctor::report::document::Document;
use codecommit_doctor::report::human;
use codecommit_doctor::report::style::Style;
use codecommit_lab::Lab;
use codecommit_lab::scene::Scene;
use codecommit_lab::tools;
use codecommit_lab::world::World;
use std::fmt::Write;
use std::path::Path;

#[derive(serde::Deserialize)]
struct Scenario {
    url: String,
    lab: World,
}

/// The README with a part between two marks replaced.
fn with(readme: &str, name: &str, part: &str) -> Result<String> {
    let (open, close) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->\n"));
    let (before, rest) = readme.split_once(&open).with_context(|| format!("README.md: {open} is missing"))?;
    let (_, after) = rest.split_once(&close).with_context(|| format!("README.md: {close} is missing"))?;
    Ok(format!("{before}{open}{part}{close}{after}"))
}

fn table() -> Result<String> {
    let mut table = String::from("| check | what is true when it passes | findings |\n|---|---|---|\n");
    for check in ALL {
        writeln!(table, "| `{}` | {} | {} |", check.id, check.title, check.findings.len())?;
    }
    Ok(table)
}

/// What the doctor really says of the scenario `stale-helper`, with the parts that differ from machine to machine made equal.
fn screen() -> Result<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios/stale-helper");
    let scenario: Scenario = toml::from_str(&tools::read(&folder.join("scenario.toml"))?)?;
    let lab = Lab::start(scenario.lab)?;
    let scene = Scene::new(&lab)?;
    scene.furnish(&folder)?;
    scene.tool("aws")?;
    let report = scene.run(env!("CARGO_BIN_EXE_codecommit-doctor"), &["--format", "json", &scenario.url])?;
    let mut document: Document = serde_json::from_slice(&report.stdout)?;
    document.took_ms = 812;
    for check in &mut document.checks {
        match check.id.as_str() {
            "git-version" => "git 2.47.3 at /usr/bin/git".clone_into(&mut check.summary),
            "endpoint" => {
                let (before, rest) = check.summary.split_once(" through ").context("the lab is behind a proxy")?;
                let (_, status) = rest.rsplit_once(", status ").context("the lab answers")?;
                check.summary = format!("{before} in 182 ms (DNS 3, TCP 52, TLS 110, HTTP 17, status {status}");
            }
            "offered-credential" => {
                let (before, _) = check.summary.rsplit_once(", ").context("a signature has an age")?;
                check.summary = format!("{before}, 1 second old");
            }
            _ => {}
        }
    }
    let style = Style { width: 100, colour: false, unicode: true, verbose: false, quiet: false };
    Ok(format!("```text\n{}```\n", human::render(&document, style)))
}

#[test]
fn table_and_screen_are_true() -> Result<()> {
    let readme = tools::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md"))?;
    let expected = with(&with(&readme, "checks", &table()?)?, "screen", &screen()?)?;
    snapbox::assert_data_eq!(expected, snapbox::file!["../README.md"].raw());
    Ok(())
}
