//! Programs that nobody here wrote take the lab for AWS: git, the AWS CLI, its credential helper, git-remote-codecommit.

use anyhow::Result;
use codecommit_lab::Lab;
use codecommit_lab::scene::Scene;
use codecommit_lab::world::World;
use std::process::Output;

const URL: &str = "https://git-codecommit.us-east-2.amazonaws.com/v1/repos/MyDemoRepo";

const WORLD: &str = r#"
[[users]]
name = "ann"
access_keys = [{ id = "AKIAIOSFODNN7EXAMPLE", secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" }]
git_credentials = [{ name = "ann-at-111122223333", password = "Git+Pass/word=" }]
policies = [{ name = "All", document = '{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}' }]

[[roles]]
name = "Dev"
path = "/team/"
session = { id = "ASIAIOSFODNN7EXAMPLE", secret = "roleSecretEXAMPLEKEYroleSecretEXAMPLEKEY", token = "FwoGZXIvYXdzEXAMPLE/TOKEN+with=signs" }
policies = [{ name = "Pull", document = '{"Statement": {"Effect": "Allow", "Action": "codecommit:GitPull", "Resource": "*"}}' }]

[[repositories]]
name = "MyDemoRepo"
"#;

const HELPER: &str = "[credential \"https://git-codecommit.*.amazonaws.com\"]\n\thelper = !aws codecommit credential-helper $@\n\tUseHttpPath = true\n";

fn lab(more: &str) -> Result<(Lab, Scene)> {
    let lab = Lab::start(World::read(&format!("{more}\n{WORLD}"))?)?;
    let scene = Scene::new(&lab)?;
    Ok((lab, scene))
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn succeeds(output: &Output) {
    assert!(output.status.success(), "{}", text(output));
}

fn keys(scene: &Scene) -> Result<()> {
    scene.file(
        ".aws/credentials",
        "[default]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n\
         [dev]\naws_access_key_id = ASIAIOSFODNN7EXAMPLE\naws_secret_access_key = roleSecretEXAMPLEKEYroleSecretEXAMPLEKEY\naws_session_token = FwoGZXIvYXdzEXAMPLE/TOKEN+with=signs\n",
    )?;
    scene.file(".aws/config", "[default]\nregion = us-east-2\n[profile dev]\nregion = us-east-2\n")
}

#[test]
fn git_clones_and_pushes_with_a_git_credential() -> Result<()> {
    let (lab, scene) = lab("")?;
    scene.file(".gitconfig", "[credential]\n\thelper = store\n[user]\n\tname = Ann\n\temail = ann@example.com\n")?;
    scene.file(
        ".git-credentials",
        "https://ann-at-111122223333:Git%2BPass%2Fword%3D@git-codecommit.us-east-2.amazonaws.com\n",
    )?;
    succeeds(&scene.git(&["clone", "--quiet", URL, "here"])?);
    succeeds(&scene.git(&["-C", "here", "commit", "--quiet", "--allow-empty", "-m", "Second"])?);
    succeeds(&scene.git(&["-C", "here", "push", "--quiet"])?);
    assert!(
        lab.heard().iter().any(|heard| heard == "git POST /v1/repos/MyDemoRepo/git-receive-pack 200"),
        "{:?}",
        lab.heard()
    );
    Ok(())
}

#[test]
fn a_wrong_password_and_a_wrong_name_are_refused_as_aws_does() -> Result<()> {
    let (_lab, scene) = lab("")?;
    scene.file(".gitconfig", "[credential]\n\thelper = store\n")?;
    scene.file(".git-credentials", "https://ann-at-111122223333:wrong@git-codecommit.us-east-2.amazonaws.com\n")?;
    assert!(text(&scene.clone(URL)?).contains("The requested URL returned error: 403"));
    scene.file(
        ".git-credentials",
        "https://ann-at-111122223333:Git%2BPass%2Fword%3D@git-codecommit.us-east-2.amazonaws.com\n",
    )?;
    assert!(text(&scene.clone(&format!("{URL}.git"))?).contains("not found"));
    Ok(())
}

#[test]
fn the_aws_cli_s_helper_signs_for_users_and_roles() -> Result<()> {
    let (_lab, mut scene) = lab("")?;
    scene.tool("aws")?;
    keys(&scene)?;
    scene.file(".gitconfig", HELPER)?;
    succeeds(&scene.clone(URL)?);
    scene.env("AWS_PROFILE", "dev");
    succeeds(&scene.clone(URL)?);
    Ok(())
}

#[test]
fn a_wrong_clock_spoils_the_signature() -> Result<()> {
    let (_lab, scene) = lab("clock = 3600")?;
    scene.tool("aws")?;
    keys(&scene)?;
    scene.file(".gitconfig", HELPER)?;
    assert!(text(&scene.clone(URL)?).contains("403"));
    assert!(text(&scene.run("aws", &["sts", "get-caller-identity"])?).contains("Signature expired"));
    Ok(())
}

#[test]
fn git_remote_codecommit_clones() -> Result<()> {
    let (_lab, scene) = lab("")?;
    scene.tool("git-remote-codecommit")?;
    keys(&scene)?;
    succeeds(&scene.clone("codecommit://MyDemoRepo")?);
    succeeds(&scene.clone("codecommit::us-east-2://dev@MyDemoRepo")?);
    Ok(())
}

#[test]
fn the_aws_cli_understands_every_service() -> Result<()> {
    let (lab, scene) = lab("")?;
    scene.tool("aws")?;
    keys(&scene)?;
    let ask = |line: &str| -> Result<String> {
        let output = scene.run("aws", &line.split(' ').collect::<Vec<_>>())?;
        succeeds(&output);
        Ok(text(&output))
    };
    assert!(ask("sts get-caller-identity")?.contains("arn:aws:iam::111122223333:user/ann"));
    assert!(ask("codecommit get-repository --repository-name MyDemoRepo")?.contains("cloneUrlHttp"));
    assert!(ask("kms list-aliases")?.contains("alias/aws/codecommit"));
    assert!(ask("kms describe-key --key-id 1234abcd-12ab-34cd-56ef-1234567890ab")?.contains("\"KeyManager\": \"AWS\""));
    assert!(ask("iam get-role --role-name Dev")?.contains("role/team/Dev"));
    assert!(ask("iam list-service-specific-credentials")?.contains("ann-at-111122223333"));
    let simulate = "iam simulate-principal-policy --policy-source-arn arn:aws:iam::111122223333:user/ann --action-names kms:Decrypt";
    assert!(ask(simulate)?.contains("\"EvalDecision\": \"allowed\""));
    assert!(lab.heard().contains(&"iam SimulatePrincipalPolicy".to_owned()));
    Ok(())
}

#[test]
fn a_dry_run_on_the_aws_managed_key_is_always_refused() -> Result<()> {
    let (_lab, scene) = lab("")?;
    scene.tool("aws")?;
    keys(&scene)?;
    let line = "kms generate-data-key --dry-run --key-spec AES_256 --key-id 1234abcd-12ab-34cd-56ef-1234567890ab";
    let said = text(&scene.run("aws", &line.split(' ').collect::<Vec<_>>())?);
    assert!(said.contains("because no resource-based policy allows the kms:GenerateDataKey action"), "{said}");
    Ok(())
}
