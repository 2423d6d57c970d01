//! A broken laptop and its diagnosis, without an AWS account: `cargo run --example broken_laptop`.
//!
//! A region runs on loopback. The laptop was once set up for the AWS CLI's credential helper, then for Git credentials, and
//! nobody removed the helper. Git says 403. The doctor says why, its advice is followed, and the clone succeeds.
//!
//! Any folder of `tests/scenarios` can be named instead: `cargo run --example broken_laptop kms-denied-by-scp`,
//! `cargo run --example broken_laptop ssh-user-missing`.

use anyhow::{Context, Result, ensure};
use codecommit_doctor::report::document::Document;
use codecommit_lab::Lab;
use codecommit_lab::scene::Scene;
use codecommit_lab::tools;
use codecommit_lab::world::World;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

#[derive(serde::Deserialize)]
struct Scenario {
    url: String,
    #[serde(default)]
    tools: Vec<String>,
    #[serde(default)]
    keys: BTreeMap<String, String>,
    #[serde(default)]
    args: Vec<String>,
    lab: World,
}

fn main() -> Result<()> {
    let name = std::env::args().nth(1).unwrap_or_else(|| "stale-helper".to_owned());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios").join(name);
    let scenario: Scenario = toml::from_str(&tools::read(&folder.join("scenario.toml"))?)?;
    let doctor = build()?;
    if scenario.lab.ssh.is_some() {
        // A real SSH server listens on port 22, in a network of its own.
        tools::ssh_server()?;
        codecommit_lab::network::enter()?;
    }
    let lab = Lab::start(scenario.lab)?;
    let scene = Scene::new(&lab)?;
    scene.furnish(&folder)?;
    for tool in &scenario.tools {
        scene.tool(tool)?;
    }
    for (file, key) in &scenario.keys {
        scene.ssh_key(file, key)?;
    }

    let url = scenario.url.as_str();
    let args: Vec<&str> = scenario.args.iter().map(String::as_str).chain([url]).collect();
    say(&format!("$ git clone {url}"))?;
    scene.show("git", &["clone", url])?;
    say(&format!("\n$ codecommit-doctor {}", args.join(" ")))?;
    scene.show(&doctor, &args)?;

    let args: Vec<&str> = ["--format", "json"].into_iter().chain(args).collect();
    let report = scene.run(&doctor, &args)?;
    let report: Document = serde_json::from_slice(&report.stdout)?;
    let cause = report.root_finding().context("the doctor found no cause")?;
    let Some(fix) = cause.fixes.iter().find(|fix| !fix.commands.is_empty()) else { return Ok(()) };
    for command in &fix.commands {
        say(&format!("\n$ {command}"))?;
        scene.show("sh", &["-c", command])?;
    }
    say(&format!("\n$ git clone {url}"))?;
    let clone = scene.show("git", &["clone", url])?;
    ensure!(clone.success(), "the advice did not help");
    Ok(())
}

/// Builds the program, which an example does not do by itself.
fn build() -> Result<PathBuf> {
    tools::cargo(&["build", "--quiet", "--package", "codecommit-doctor"])?;
    let example = std::env::current_exe()?;
    let folder = example.parent().and_then(Path::parent).context("an example lies in target/debug/examples")?;
    Ok(folder.join("codecommit-doctor"))
}

fn say(line: &str) -> Result<()> {
    Ok(writeln!(std::io::stdout(), "{line}")?)
}
