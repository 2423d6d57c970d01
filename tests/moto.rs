//! The checks against moto's STS, IAM, KMS and CodeCommit, which nobody here wrote. What moto does not implement must be
//! "unknown", and never a pass.

use anyhow::{Context, Result, ensure};
use codecommit_doctor::report::document::{CheckView, Document};
use codecommit_lab::Lab;
use codecommit_lab::moto::Moto;
use codecommit_lab::scene::Scene;
use codecommit_lab::world::World;

const DOCTOR: &str = env!("CARGO_BIN_EXE_codecommit-doctor");
const URL: &str = "https://git-codecommit.us-east-2.amazonaws.com/v1/repos/MyDemoRepo";

struct Place {
    _moto: Moto,
    lab: Lab,
    scene: Scene,
}

impl Place {
    fn new() -> Result<Self> {
        let moto = Moto::start()?;
        let lab = Lab::in_front_of(moto.address(), World::default())?;
        let scene = Scene::new(&lab)?;
        scene.tool("aws")?;
        scene.file(".aws/config", "[default]\nregion = us-east-2\n")?;
        scene.file(
            ".aws/credentials",
            "[default]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = anything\n",
        )?;
        Ok(Self { _moto: moto, lab, scene })
    }

    /// Asks moto for something, with the AWS CLI; the answer is the field that is named, if one is.
    fn aws(&self, line: &str) -> Result<serde_json::Value> {
        let output = self.scene.run("aws", &line.split(' ').collect::<Vec<_>>())?;
        ensure!(output.status.success(), "aws {line}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(serde_json::from_slice(&output.stdout).unwrap_or_default())
    }

    /// A user of moto's, with its keys on this machine.
    fn sign_in_as_a_user(&self) -> Result<()> {
        self.aws("iam create-user --user-name ann")?;
        let key = self.aws("iam create-access-key --user-name ann")?;
        let field = |name: &str| key["AccessKey"][name].as_str().unwrap_or_default().to_owned();
        let keys = format!(
            "[default]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
            field("AccessKeyId"),
            field("SecretAccessKey")
        );
        self.scene.file(".aws/credentials", &keys)
    }

    fn diagnose(&self, profile: &str) -> Result<Document> {
        let args = ["check", URL, "--method", "credential-helper", "--profile", profile, "--format", "json"];
        let output = self.scene.run(DOCTOR, &args)?;
        let heard = self.lab.heard();
        ensure!(heard.iter().any(|heard| heard.starts_with("peer ")), "moto was not asked: {heard:?}");
        serde_json::from_slice(&output.stdout).context("no report")
    }
}

fn check<'a>(document: &'a Document, id: &str) -> Result<&'a CheckView> {
    document.checks.iter().find(|check| check.id == id).with_context(|| format!("no {id}"))
}

fn findings(document: &Document, id: &str) -> Result<Vec<String>> {
    Ok(check(document, id)?.findings.iter().map(|finding| finding.id.clone()).collect())
}

fn status(document: &Document, id: &str) -> Result<String> {
    let status = serde_json::to_value(check(document, id)?.status)?;
    Ok(status.as_str().unwrap_or_default().to_owned())
}

#[test]
fn a_user_is_known_and_a_missing_repository_is_missing() -> Result<()> {
    let place = Place::new()?;
    place.sign_in_as_a_user()?;
    let document = place.diagnose("default")?;
    assert_eq!(check(&document, "aws-identity")?.summary, "IAM user arn:aws:iam::111122223333:user/ann");
    assert_eq!(findings(&document, "repository")?, ["not-found"]);
    Ok(())
}

#[test]
fn a_role_is_assumed() -> Result<()> {
    let place = Place::new()?;
    place.sign_in_as_a_user()?;
    place.scene.file(
        ".aws/config",
        "[default]\nregion = us-east-2\n[profile dev]\nrole_arn = arn:aws:iam::111122223333:role/team/Dev\nsource_profile = default\n",
    )?;
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}"#;
    place.aws(&format!("iam create-role --role-name Dev --path /team/ --assume-role-policy-document {trust}"))?;
    place.aws("codecommit create-repository --repository-name MyDemoRepo")?;
    let document = place.diagnose("dev")?;
    assert!(check(&document, "aws-credentials")?.summary.contains("from role arn:aws:iam::111122223333:role/team/Dev"));
    let identity = &check(&document, "aws-identity")?.summary;
    assert!(identity.starts_with("role arn:aws:sts::111122223333:assumed-role/Dev/"), "{identity}");
    // The role's path is known to IAM only; and moto simulates no policies.
    assert!(
        check(&document, "permissions")?.summary.contains("role/team/Dev"),
        "{:?}",
        check(&document, "permissions")?
    );
    assert_eq!(status(&document, "permissions")?, "unknown");
    Ok(())
}

#[test]
fn a_disabled_key_is_found() -> Result<()> {
    let place = Place::new()?;
    place.sign_in_as_a_user()?;
    place.aws("codecommit create-repository --repository-name MyDemoRepo")?;
    let key = place.aws("kms create-key")?;
    let id = key["KeyMetadata"]["KeyId"].as_str().context("no key")?.to_owned();
    place.aws(&format!("kms create-alias --alias-name alias/aws/codecommit --target-key-id {id}"))?;
    assert_eq!(findings(&place.diagnose("default")?, "kms-access")?, Vec::<String>::new());
    place.aws(&format!("kms disable-key --key-id {id}"))?;
    assert_eq!(findings(&place.diagnose("default")?, "kms-access")?, ["key-disabled"]);
    Ok(())
}
