//! The program from outside: usage, exit statuses, formats, a broken world, and secrets that must stay secret.

mod bounds;
mod broken;
mod run;
mod secrets;
mod usage;
mod why;

use anyhow::{Context, Result, ensure};
use codecommit_doctor::report::document::Document;
use codecommit_lab::scene::Scene;
use std::process::Output;

const DOCTOR: &str = env!("CARGO_BIN_EXE_codecommit-doctor");
const URL: &str = "https://git-codecommit.us-east-2.amazonaws.com/v1/repos/MyDemoRepo";

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// The one document that `--format json` prints; nothing else is on either stream.
fn report(scene: &Scene, args: &[&str]) -> Result<Document> {
    let args: Vec<&str> = ["check", "--format", "json"].iter().chain(args).copied().collect();
    let output = scene.run(DOCTOR, &args)?;
    ensure!(output.stderr.is_empty(), "{}", text(&output));
    serde_json::from_slice(&output.stdout).with_context(|| text(&output))
}

fn cause(document: &Document) -> String {
    document.root_cause.as_ref().map(|root| format!("{}/{}", root.check, root.finding)).unwrap_or_default()
}
