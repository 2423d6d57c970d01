//! Profiles resolve as the AWS CLI resolves them: for each generated `~/.aws`, the real CLI says who it is, from where, or
//! which error, and the doctor's verdict must be the same.

use anyhow::{Context, Result, bail, ensure};
use codecommit_doctor::report::document::Document;
use codecommit_lab::Lab;
use codecommit_lab::scene::Scene;
use codecommit_lab::world::World;
use libtest_mimic::{Arguments, Failed, Trial};
use serde::Deserialize;
use std::collections::BTreeMap;

const DOCTOR: &str = env!("CARGO_BIN_EXE_codecommit-doctor");
const URL: &str = "https://git-codecommit.us-east-2.amazonaws.com/v1/repos/MyDemoRepo";
/// Git would ask the AWS CLI, and so a profile's program may be run.
const HELPER: &str = "[credential \"https://git-codecommit.*.amazonaws.com\"]\n\thelper = !aws codecommit credential-helper $@\n\tUseHttpPath = true\n";
const WORLD: &str = include_str!("profiles/world.toml");
const TABLE: &str = include_str!("profiles/set_ups.toml");

#[derive(Deserialize)]
struct Table {
    set_up: Vec<SetUp>,
}

/// One `~/.aws` and its surroundings.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetUp {
    name: String,
    #[serde(default)]
    config: String,
    #[serde(default)]
    credentials: String,
    #[serde(default)]
    env: BTreeMap<String, String>,
    /// `--profile`, for both.
    profile: Option<String>,
    /// More files below the home folder.
    #[serde(default)]
    files: BTreeMap<String, String>,
    /// Programs on `PATH`.
    #[serde(default)]
    programs: BTreeMap<String, String>,
}

/// What somebody makes of a set-up.
#[derive(Debug, PartialEq)]
enum Verdict {
    /// Who it is, and from where.
    Is(String, &'static str),
    /// The doctor's finding for what is wrong.
    Wrong(String),
}

/// What the CLI calls a source in `aws configure list`, and how the doctor begins to tell it.
const SOURCES: [(&str, &str); 8] = [
    ("env", "the environment"),
    ("shared-credentials-file", "~/.aws/credentials"),
    ("config-file", "~/.aws/config"),
    ("assume-role-with-web-identity", "role arn"),
    ("assume-role", "role arn"),
    ("custom-process", "credential_process"),
    ("sso", "SSO"),
    ("container-role", "the container"),
];

/// What the CLI says when it gives up, and the finding that it must be.
const ERRORS: [(&str, &str); 26] = [
    ("could not be found", "aws-credentials/profile-missing"),
    ("Unable to parse config file", "aws-credentials/config-parse-error"),
    ("Unable to locate credentials", "aws-credentials/no-aws-credentials"),
    ("Partial credentials found in", "aws-credentials/profile-incomplete"),
    ("does not exist: \"", "aws-credentials/profile-incomplete"),
    ("The source_profile \"", "aws-credentials/source-profile-missing"),
    ("The source profile \"", "aws-credentials/source-profile-missing"),
    ("Infinite loop", "aws-credentials/source-profile-missing"),
    ("contains both source_profile and credential_source", "aws-credentials/profile-incomplete"),
    ("is not valid", "aws-credentials/profile-incomplete"),
    ("No credentials found in credential_source", "aws-credentials/profile-incomplete"),
    ("missing required configuration", "aws-credentials/profile-incomplete"),
    ("is inconsistent between", "aws-credentials/profile-incomplete"),
    ("has no role ARN configured", "aws-credentials/profile-incomplete"),
    ("retrieving credentials from custom-process", "aws-credentials/credential-process-failed"),
    ("Expecting value", "aws-credentials/credential-process-failed"),
    ("Error loading SSO Token", "aws-credentials/sso-never-logged-in"),
    ("refresh failed", "aws-credentials/sso-expired"),
    ("has expired or is otherwise invalid", "aws-credentials/sso-expired"),
    ("Enter MFA code", "aws-credentials/mfa-needed"),
    ("login credential provider", "aws-credentials/login-needed"),
    ("calling the AssumeRole operation", "aws-credentials/role-refused"),
    ("calling the AssumeRoleWithWebIdentity operation", "aws-credentials/role-refused"),
    ("(ExpiredToken) when calling the GetCallerIdentity", "aws-identity/expired"),
    ("(SignatureDoesNotMatch) when calling the GetCallerIdentity", "aws-identity/wrong-secret"),
    ("(InvalidClientTokenId) when calling the GetCallerIdentity", "aws-identity/invalid-keys"),
];

impl SetUp {
    fn scene(&self, lab: &Lab) -> Result<Scene> {
        let mut scene = Scene::new(lab)?;
        scene.tool("aws")?;
        scene.file(".gitconfig", HELPER)?;
        if !self.config.is_empty() {
            scene.file(".aws/config", &self.config)?;
        }
        if !self.credentials.is_empty() {
            scene.file(".aws/credentials", &self.credentials)?;
        }
        for (name, text) in &self.files {
            scene.file(name, text)?;
        }
        for (name, script) in &self.programs {
            scene.program(name, script)?;
        }
        for (name, value) in &self.env {
            scene.env(name, value);
        }
        Ok(scene)
    }

    fn aws(&self, scene: &Scene, words: &[&str]) -> Result<(bool, String)> {
        let profile = self.profile.iter().flat_map(|profile| ["--profile", profile.as_str()]);
        let args: Vec<&str> = words.iter().copied().chain(["--region", "us-east-2"]).chain(profile).collect();
        let output = scene.run("aws", &args)?;
        let text = [output.stdout, output.stderr].concat();
        Ok((output.status.success(), String::from_utf8_lossy(&text).into_owned()))
    }

    /// What the AWS CLI makes of it.
    fn of_aws(&self, scene: &Scene) -> Result<Verdict> {
        let (works, said) = self.aws(scene, &["sts", "get-caller-identity"])?;
        if !works {
            let known = ERRORS.iter().find(|(words, _)| said.contains(words));
            let (_, finding) = known.with_context(|| format!("the AWS CLI says something else: {said}"))?;
            return Ok(Verdict::Wrong((*finding).to_owned()));
        }
        let answer: serde_json::Value = serde_json::from_str(&said).with_context(|| said.clone())?;
        let arn = answer["Arn"].as_str().context("no ARN")?.to_owned();
        let (_, listed) = self.aws(scene, &["configure", "list"])?;
        let line = listed.lines().find(|line| line.trim_start().starts_with("access_key")).context("no access_key")?;
        let source = SOURCES.iter().find(|(name, _)| line.split_whitespace().any(|word| word == *name));
        let (_, told) = source.with_context(|| format!("another source: {line}"))?;
        Ok(Verdict::Is(arn, told))
    }

    /// What the doctor makes of it.
    fn of_doctor(&self, scene: &Scene) -> Result<Verdict> {
        let profile = self.profile.iter().flat_map(|profile| ["--profile", profile.as_str()]);
        let only = ["--only", "aws-credentials,aws-identity", "--method", "credential-helper", "--format", "json"];
        let args: Vec<&str> = ["check", URL].into_iter().chain(only).chain(profile).collect();
        let output = scene.run(DOCTOR, &args)?;
        let document: Document = serde_json::from_slice(&output.stdout)?;
        for check in &document.checks {
            if let Some(finding) = check.findings.iter().find(|finding| finding.severity != severity("note")) {
                return Ok(Verdict::Wrong(format!("{}/{}", check.id, finding.id)));
            }
        }
        let summary = |id: &str| {
            let check = document.checks.iter().find(|check| check.id == id);
            check.map(|check| check.summary.clone()).unwrap_or_default()
        };
        // A file of another name is that file all the same.
        let credentials = summary("aws-credentials").replace("~/work/", "~/.aws/");
        let identity = summary("aws-identity");
        let source = SOURCES.iter().find(|(_, told)| credentials.contains(&format!(" from {told}")));
        let Some((_, told)) = source else { bail!("{credentials}; {identity}") };
        Ok(Verdict::Is(identity.split(' ').next_back().unwrap_or_default().to_owned(), told))
    }

    fn play(&self) -> Result<()> {
        // Each in a home of its own: the CLI keeps sessions.
        let world = World::read(WORLD)?;
        let (lab, other) = (Lab::start(world.clone())?, Lab::start(world)?);
        let by_aws = self.of_aws(&self.scene(&lab)?)?;
        let by_doctor = self.of_doctor(&self.scene(&other)?)?;
        ensure!(by_aws == by_doctor, "the AWS CLI: {by_aws:?}\nthe doctor: {by_doctor:?}");
        Ok(())
    }
}

fn severity(name: &str) -> codecommit_doctor::finding::Severity {
    serde_json::from_value(name.into()).expect("a severity")
}

fn main() {
    let args = Arguments::from_args();
    let table: Table = toml::from_str(TABLE).expect("set_ups.toml is sound");
    assert!(table.set_up.len() >= 40, "at least 40 set-ups");
    let trials = table.set_up.into_iter().map(|set_up| {
        let name = set_up.name.clone();
        Trial::test(name, move || set_up.play().map_err(|error| Failed::from(format!("{error:#}"))))
    });
    libtest_mimic::run(&args, trials.collect()).exit();
}
