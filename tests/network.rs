//! Networks that do not answer: the report comes all the same, and names the stage.

use anyhow::{Context, Result};
use codecommit_doctor::report::document::Document;
use codecommit_lab::Lab;
use codecommit_lab::scene::Scene;
use codecommit_lab::world::World;

const URL: &str = "https://git-codecommit.us-east-2.amazonaws.com/v1/repos/MyDemoRepo";
const KEYS: &str = "[default]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n";

/// The report of a machine with AWS keys and a stored Git credential, behind a faulty network.
fn report(faults: &str, args: &[&str]) -> Result<Document> {
    Ok(report_and_requests(faults, args)?.0)
}

/// The same, with what the region heard.
fn report_and_requests(faults: &str, args: &[&str]) -> Result<(Document, Vec<String>)> {
    let lab = Lab::start(World::read(faults)?)?;
    let scene = Scene::new(&lab)?;
    scene.file(".aws/credentials", KEYS)?;
    scene.file(".gitconfig", "[credential]\n\thelper = store\n")?;
    let stored = "https://ann-at-111122223333:secret1@git-codecommit.us-east-2.amazonaws.com\n";
    scene.file(".git-credentials", stored)?;
    let args: Vec<&str> = ["check", "--format", "json", URL].iter().chain(args).copied().collect();
    let output = scene.run(env!("CARGO_BIN_EXE_codecommit-doctor"), &args)?;
    let document =
        serde_json::from_slice(&output.stdout).with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?;
    Ok((document, lab.heard()))
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
fn whoever_limits_requests_is_not_asked_again() -> Result<()> {
    let faults = "faults = [{ host = \"git-codecommit.\", kind = \"status\", status = 429 }]";
    let (document, heard) = report_and_requests(faults, &[])?;
    assert_eq!(document.root_cause.context("no cause")?.finding, "http-throttled");
    let connections = heard.iter().filter(|line| line.starts_with("proxy CONNECT git-codecommit."));
    assert!(connections.count() <= 2, "the look at the endpoint and Git's own, side by side: {heard:?}");
    Ok(())
}

#[test]
fn git_and_the_doctor_ask_a_few_times_and_no_more() -> Result<()> {
    let user = "[[users]]\nname = \"ann\"\naccess_keys = []\ngit_credentials = [{ name = \"ann-at-111122223333\", password = \"secret1\" }]\n";
    let allowed = "[[users.policies]]\nname = \"All\"\ndocument = '{\"Statement\": {\"Effect\": \"Allow\", \"Action\": \"*\", \"Resource\": \"*\"}}'\n";
    let repository = "[[repositories]]\nname = \"MyDemoRepo\"\n";
    let only = ["--only", "git-access", "--method", "git-credentials"];
    // The look at the endpoint, git's two requests for the references and one for their list, and the question about pushing.
    let (document, heard) = report_and_requests(&format!("{user}{allowed}{repository}"), &only)?;
    let requests = |heard: &[String]| heard.iter().filter(|line| line.starts_with("git ")).count();
    assert!(document.root_cause.is_none() && (4..=5).contains(&requests(&heard)), "{heard:?}");
    // Where git fails, the request that failed is made once more.
    let (document, heard) = report_and_requests(&format!("{user}{repository}"), &only)?;
    assert_eq!(document.root_cause.context("no cause")?.finding, "git-cannot-read");
    assert!((4..=5).contains(&requests(&heard)), "{heard:?}");
    Ok(())
}

#[test]
fn aws_is_asked_each_question_once() -> Result<()> {
    let user = "[[users]]\nname = \"ann\"\naccess_keys = [{ id = \"AKIAIOSFODNN7EXAMPLE\", secret = \"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\" }]\ngit_credentials = [{ name = \"ann-at-111122223333\", password = \"secret1\" }]\n";
    let allowed = "[[users.policies]]\nname = \"All\"\ndocument = '{\"Statement\": {\"Effect\": \"Allow\", \"Action\": \"*\", \"Resource\": \"*\"}}'\n";
    let (document, mut heard) =
        report_and_requests(&format!("{user}{allowed}[[repositories]]\nname = \"MyDemoRepo\"\n"), &[])?;
    assert!(document.root_cause.is_none(), "{document:#?}");
    heard.retain(|heard| !heard.starts_with("git ") && !heard.starts_with("proxy "));
    heard.sort();
    // Two simulations, because two resources are asked about: the repository and its key.
    assert_eq!(
        heard,
        [
            "codecommit GetRepository",
            "iam ListServiceSpecificCredentials",
            "iam SimulatePrincipalPolicy",
            "iam SimulatePrincipalPolicy",
            "kms DescribeKey",
            "kms ListAliases",
            "sts GetCallerIdentity",
        ]
    );
    Ok(())
}
