//! A broken world is still diagnosed.

use super::{URL, cause, report, text};
use anyhow::{Context, Result, ensure};
use codecommit_lab::scene::Scene;

#[test]
fn a_world_without_anything_is_reported() -> Result<()> {
    let mut scene = Scene::alone()?;
    for name in ["HOME", "PATH", "LANG", "TERM"] {
        scene.env(name, "");
    }
    let document = report(&scene, &["--offline", URL])?;
    let home = document.checks.iter().find(|check| check.id == "git-config").context("no git-config")?;
    assert_eq!(home.findings[0].id, "wrong-home", "{document:#?}");
    Ok(())
}

#[test]
fn hostile_configuration_is_reported() -> Result<()> {
    for (name, bytes, expected) in [
        (".gitconfig", "\u{0}\u{1}\u{7f}[", "git-config/config-invalid"),
        (".gitconfig", "[include]\n\tpath = ~/.gitconfig\n", "git-config/config-invalid"),
        (".gitconfig", "[credential]\n\thelper = \"\n", "git-config/config-invalid"),
        (".aws/config", "\u{0}\u{fffd}[[[[\n=\n", ""),
        (".aws/credentials", "[default\naws_access_key_id = x\n", ""),
        (".git-credentials", "\u{0}://@@@:::\n", ""),
    ] {
        let scene = Scene::alone()?;
        scene.file(name, bytes)?;
        let document = report(&scene, &["--offline", URL])?;
        assert_eq!(cause(&document), expected, "{name}: {bytes:?}: {document:#?}");
        assert!(!document.is_incomplete(), "{name}: {document:#?}");
    }
    Ok(())
}

#[test]
fn files_that_are_no_files_do_not_block() -> Result<()> {
    let scene = Scene::alone()?;
    for line in ["mkdir -p .aws/config .git-credentials .config/git", "mkfifo .aws/credentials .config/git/credentials"]
    {
        let output = scene.shell(&format!("cd \"$HOME\" && PATH=$PATH:/usr/bin:/bin && {line}"))?;
        ensure!(output.status.success(), "{}", text(&output));
    }
    scene.file(".gitconfig", "[credential]\n\thelper = store\n")?;
    let document = report(&scene, &["--offline", URL])?;
    assert!(!document.is_incomplete(), "{document:#?}");
    Ok(())
}

#[test]
fn a_broken_repository_is_diagnosed_whatever_was_named() -> Result<()> {
    for (broken, expected) in [
        ("printf '[x' >>.git/config", "git-config/config-invalid"),
        ("git config extensions.partialClone origin && git config core.repositoryformatversion 1", ""),
    ] {
        let scene = Scene::alone()?;
        scene.git(&["init", "--quiet"])?;
        scene.git(&["remote", "add", "origin", URL])?;
        ensure!(scene.shell(broken)?.status.success(), "{broken}");
        for target in [&[][..], &["origin"], &["."]] {
            let args: Vec<&str> = ["--offline"].iter().chain(target).copied().collect();
            let document = report(&scene, &args)?;
            assert_eq!(cause(&document), expected, "{broken}, {target:?}: {document:#?}");
            assert!(!expected.is_empty() || document.target.url.as_deref() == Some(URL), "{target:?}: {document:#?}");
        }
    }
    Ok(())
}

#[test]
fn a_working_tree_is_diagnosed_from_anywhere() -> Result<()> {
    let scene = Scene::alone()?;
    for line in [
        "git init --quiet tree && mkdir -p tree/sub",
        &format!("git -C tree remote add origin {URL}"),
        "git -C tree config credential.helper 'aws codecommit credential-helper $@'",
    ] {
        ensure!(scene.shell(line)?.status.success(), "{line}");
    }
    for target in ["tree", "tree/sub"] {
        let document = report(&scene, &["--offline", "--method", "credential-helper", target])?;
        let helper = document.checks.iter().find(|check| check.id == "credential-helper").context("no check")?;
        let bang = helper.findings.iter().find(|finding| finding.id == "helper-missing-bang").context("no finding")?;
        assert!(bang.evidence[0].source.ends_with("tree/.git/config") && bang.evidence[0].line.is_some(), "{bang:#?}");
    }
    Ok(())
}
