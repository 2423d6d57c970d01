//! What must never come out, wherever it was planted.

use super::{DOCTOR, URL, text};
use anyhow::{Result, ensure};
use codecommit_lab::scene::Scene;

/// A word that stands for a secret and must never come out.
const CANARY: &str = "c4n4ry-s3cr3t";

#[test]
fn no_secret_comes_out_wherever_it_was_planted() -> Result<()> {
    let mut scene = Scene::alone()?;
    scene.tool("aws")?;
    scene.file(
        ".gitconfig",
        &format!(
            "[credential]\n\thelper = store\n\thelper = \"!f() {{ echo username=ann; echo password={CANARY}-1; echo password={CANARY}-2 >&2; }}; f\"\n\
             [credential \"https://ann:{CANARY}-3@git-codecommit.us-east-2.amazonaws.com\"]\n\thelper = cache\n\
             [http]\n\tproxy = http://ann:{CANARY}-4@127.0.0.1:1\n\textraHeader = Authorization: Basic {CANARY}-5\n\
             [url \"https://bob:{CANARY}-6@git-codecommit.us-east-2.amazonaws.com/\"]\n\tinsteadOf = https://git-codecommit.us-east-2.amazonaws.com/\n"
        ),
    )?;
    scene.file(
        ".git-credentials",
        &format!("https://ann-at-111122223333:{CANARY}-7@git-codecommit.us-east-2.amazonaws.com\nhttps://ann:{CANARY}-8@github.com\n"),
    )?;
    scene.file(
        ".aws/credentials",
        &format!("[default]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = {CANARY}-9\naws_session_token = {CANARY}-10\n{CANARY}-11 on a line of its own\n"),
    )?;
    scene.file(
        ".aws/config",
        &format!("[profile x]\ncredential_process = print --password {CANARY}-12\nrole_session_name={CANARY}\n"),
    )?;
    scene.env("AWS_SECRET_ACCESS_KEY", &format!("{CANARY}-13"));
    scene.env("AWS_SESSION_TOKEN", &format!("{CANARY}-14"));
    scene.env("HTTPS_PROXY", &format!("http://ann:{CANARY}-15@127.0.0.1:1"));
    scene.git(&["init", "--quiet"])?;
    let with_password = format!("https://ann:{CANARY}-16@git-codecommit.us-east-2.amazonaws.com/v1/repos/MyDemoRepo");
    scene.git(&["remote", "add", "origin", &with_password])?;
    let badly_encoded = format!("https://ann:{CANARY}/17+=@git-codecommit.us-east-2.amazonaws.com/v1/repos/MyDemoRepo");
    for target in [URL, "origin", &with_password, &badly_encoded, &format!("nonsense {CANARY}@:x")] {
        for format in [&["--format", "json"][..], &["--verbose"], &["--offline", "-v"]] {
            let args: Vec<&str> = ["check", target].iter().chain(format).copied().collect();
            let output = scene.run(DOCTOR, &args)?;
            // The session's name is no secret, and the last target is one that nobody could know to hold any.
            let said = text(&output)
                .replace(&format!("role_session_name = {CANARY}"), "")
                .replace(&format!("nonsense {CANARY}"), "");
            assert!(!said.contains(CANARY), "{args:?} tells a secret:\n{said}");
        }
    }
    Ok(())
}

#[test]
fn no_secret_comes_out_of_a_slip() -> Result<()> {
    let slips: [(&str, &[&str], &str, &str); 15] = [
        ("a proxy without a scheme", &[URL], ".gitconfig", "[http]\n\tproxy = ann:c4n4ry-s3cr3t@127.0.0.1:1\n"),
        (
            "a quote in a proxy's password",
            &[URL],
            ".gitconfig",
            "[http]\n\tproxy = \"http://ann:it'c4n4ry-s3cr3t@127.0.0.1:1\"\n",
        ),
        ("a token as a proxy's user", &[URL], ".gitconfig", "[http]\n\tproxy = http://c4n4ry-s3cr3t@127.0.0.1:1\n"),
        (
            "a variable of a helper",
            &["--offline", URL],
            ".gitconfig",
            "[credential]\n\thelper = !T=c4n4ry-s3cr3t gh auth\n",
        ),
        (
            "a helper's script",
            &["--offline", URL],
            ".gitconfig",
            "[credential]\n\thelper = \"!f() { printf 'password=%s' c4n4ry-s3cr3t; }; f\"\n",
        ),
        (
            "one slash in the URL",
            &[
                "--offline",
                "https:/ann-at-111122223333:c4n4ry-s3cr3t@git-codecommit.us-east-2.amazonaws.com/v1/repos/x",
            ],
            "x",
            "",
        ),
        (
            "no scheme in the URL",
            &["--offline", "ann-at-111122223333:c4n4ry-s3cr3t@git-codecommit.us-east-2.amazonaws.com/v1/repos/x"],
            "x",
            "",
        ),
        (
            "one URL too many",
            &[URL, "https://ann:c4n4ry-s3cr3t@git-codecommit.us-east-2.amazonaws.com/v1/repos/x"],
            "x",
            "",
        ),
        (
            "a slash in the password",
            &["--offline", "ann-at-111122223333:c4n4ry-s3cr3t/x@git-codecommit.us-east-2.amazonaws.com/v1"],
            "x",
            "",
        ),
        (
            "a token and one slash",
            &["--offline", "https:/c4n4ry-s3cr3t-as-user@git-codecommit.us-east-2.amazonaws.com/v1"],
            "x",
            "",
        ),
        (
            "a token behind the URL",
            &["--offline", "https://git-codecommit.us-east-2.amazonaws.com/v1/repos/x?token=c4n4ry-s3cr3t"],
            "x",
            "",
        ),
        ("a URL as a check", &["--only", "https://ann:c4n4ry-s3cr3t@h"], "x", ""),
        ("a URL as a file", &["--output", "https:/ann:c4n4ry-s3cr3t@h/x", URL], "x", ""),
        (
            "a password of another program",
            &["--offline", URL],
            ".gitconfig",
            "[credential]\n\thelper = !sshpass -p c4n4ry-s3cr3t x\n",
        ),
        (
            "key and secret swapped",
            &["--method", "credential-helper", URL],
            ".aws/credentials",
            "[default]\naws_access_key_id = c4n4ry-s3cr3t-of-40-characters-as-they-are\naws_secret_access_key = AKIAIOSFODNN7EXAMPLE\n",
        ),
    ];
    for (what, args, file, text_of_file) in slips {
        let mut scene = Scene::alone()?;
        scene.env("HTTPS_PROXY", "http://127.0.0.1:1");
        scene.file(file, text_of_file)?;
        for format in [&["--verbose"][..], &["--format", "json"]] {
            let args: Vec<&str> = args.iter().chain(format).copied().collect();
            let said = text(&scene.run(DOCTOR, &args)?);
            assert!(!said.contains(CANARY), "{what} tells a secret:\n{said}");
        }
    }
    Ok(())
}

#[test]
fn a_credential_process_is_bounded_and_its_words_are_its_own() -> Result<()> {
    let mut scene = Scene::alone()?;
    scene.env("HTTPS_PROXY", "http://127.0.0.1:1");
    scene.program("leak", &format!("#!/bin/sh\necho {CANARY} >&2\necho {CANARY}\nexit 3\n"))?;
    scene.file(".aws/config", "[default]\nregion = us-east-2\ncredential_process = leak\n")?;
    // It is run because Git would have the AWS CLI run it.
    scene.file(".gitconfig", "[credential]\n\thelper = !aws codecommit credential-helper $@\n")?;
    let output = scene.run(DOCTOR, &["--method", "credential-helper", "--verbose", URL])?;
    let page = text(&output).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(!page.contains(CANARY) && page.contains("ends with status 3"), "{}", text(&output));
    Ok(())
}

#[test]
fn what_a_repository_says_cannot_act_on_the_terminal() -> Result<()> {
    let scene = Scene::alone()?;
    scene.git(&["init", "--quiet"])?;
    let config = scene.work().join(".git/config");
    let line =
        format!("printf '[remote \"\\033[31mPWN\\033]0;t\\007\"]\\n\\turl = %s\\n' {URL} >>'{}'", config.display());
    ensure!(scene.shell(&line)?.status.success());
    let output = scene.run(DOCTOR, &["--offline", "--color", "never"])?;
    assert!(output.stdout.iter().all(|byte| *byte != 0x1b && *byte != 7), "{}", text(&output));
    assert!(text(&output).contains("MyDemoRepo in us-east-2"), "{}", text(&output));
    Ok(())
}
