//! Networks that do not answer: the report comes all the same, and names the stage.

use anyhow::{Context, Result};
use codecommit_doctor::report::document::Document;
use codecommit_lab::Lab;
use codecommit_lab::scene::Scene;
use codecommit_lab::world::World;

const URL: &str = "https://git-codecommit.us-east-2.amazonaws.com/v1/repos/MyDemoRepo";
const KEYS: &str = "[default]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n";

/// The report of a machine with AWS keys and a store, behind a faulty network.
fn report(faults: &str, args: &[&str]) -> Result<Document> {
    let lab = Lab::start(World::read(faults)?)?;
    let scene = Scene::new(&lab)?;
    scene.file(".aws/credentials", KEYS)?;
    scene.file(".gitconfig", "[credential]\n\thelper = store\n")?;
    let args: Vec<&str> = ["check", "--format", "json", URL].iter().chain(args).copied().collect();
    let output = scene.run(env!("CARGO_BIN_EXE_codecommit-doctor"), &args)?;
    serde_json::from_slice(&output.stdout).with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn silence_costs_the_time_budget_and_no_more() -> Result<()> {
    let document = report("faults = [{ host = \"\", kind = \"silence\" }]", &["--timeout", "2"])?;
    let root = document.root_cause.as_ref().context("no cause")?;
    assert_eq!((root.check.as_str(), root.finding.as_str()), ("endpoint", "connect-timeout"));
    assert!(document.root_finding().context("no finding")?.message.contains("TLS"), "the stage is named");
    assert_eq!(document.counts.fail, 1, "one dead network is one error: {document:#?}");
    Ok(())
}

#[test]
fn a_dead_network_is_one_error_and_the_rest_points_to_it() -> Result<()> {
    let document = report("faults = [{ host = \"\", kind = \"proxy\", status = 502 }]", &[])?;
    assert_eq!(document.counts.fail, 1, "{document:#?}");
    for id in ["clock", "aws-identity", "kms-access"] {
        let check = document.checks.iter().find(|check| check.id == id).context("a check is missing")?;
        assert!(check.blocked_by.is_some(), "{check:#?}");
    }
    Ok(())
}

#[test]
fn an_api_out_of_reach_is_unknown_and_never_a_pass() -> Result<()> {
    let document = report("faults = [{ host = \"sts.\", kind = \"cut-off\" }]", &["--method", "credential-helper"])?;
    let check = document.checks.iter().find(|check| check.id == "aws-identity").context("a check is missing")?;
    assert!(check.findings.is_empty() && check.summary.contains("STS"), "{check:#?}");
    assert!(document.counts.unknown >= 1, "{document:#?}");
    Ok(())
}

#[test]
fn a_captive_portal_is_told_from_codecommit() -> Result<()> {
    let document = report("faults = [{ host = \"git-codecommit.\", kind = \"portal\" }]", &["--only", "endpoint"])?;
    assert_eq!(document.checks[0].findings[0].id, "http-unexpected");
    Ok(())
}

#[test]
fn throttling_is_a_warning() -> Result<()> {
    let document =
        report("faults = [{ host = \"git-codecommit.\", kind = \"status\", status = 429 }]", &["--only", "endpoint"])?;
    assert_eq!(document.checks[0].findings[0].id, "http-throttled");
    Ok(())
}
