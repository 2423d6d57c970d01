//! Usage, exit statuses, formats.

use super::{DOCTOR, URL, text};
use anyhow::Result;
use codecommit_doctor::report::document::Document;
use codecommit_doctor::report::json;
use codecommit_lab::scene::Scene;

#[test]
fn bad_usage_is_one_clear_line_and_exit_2() -> Result<()> {
    let scene = Scene::alone()?;
    let long = "a".repeat(100_000);
    for (args, said) in [
        (&["--ofline"][..], "did you mean --offline?"),
        (&["--format", "xml"], "human, json"),
        (&["--only", "keychian"], "did you mean keychain?"),
        (&["--skip", "nothing-*"], "there is no check or group"),
        (&["--only", "clock", "--skip", "network"], "leave no check"),
        (&["--timeout", "-1"], "--timeout"),
        (&["--timeout", "nan"], "from 1 to 600"),
        (&["explain", "stale-helpr"], "did you mean stale-helper?"),
        (&["completions", "tcsh"], "did you mean zsh?"),
        (&["no-such-remote"], "neither a clone URL"),
        (&[""], "empty"),
        (&["https://x\ny"], "control characters"),
        (&[&long], "longer than any clone URL"),
        (&["--output", "/no/such/folder/x"], "/no/such/folder does not exist"),
        (&["--output", "."], "is a folder"),
        (&["-q", "-v"], "--verbose"),
        (&["--search", "--offline"], "--offline"),
        (&["--region", "us-east-2 "], "us-east-2"),
        (&["--profile", ""], "name of an AWS profile"),
        (&["explain"], "codecommit-doctor list"),
        (&["explain", "--needs", "repositry"], "did you mean repository?"),
        (&["explain", &long], "there is no check or finding"),
    ] {
        let output = scene.run(DOCTOR, args)?;
        let line = String::from_utf8(output.stderr.clone())?;
        assert_eq!(output.status.code(), Some(2), "{args:?}: {line}");
        assert!(line.starts_with("codecommit-doctor: ") && line.trim_end().lines().count() == 1, "{args:?}: {line}");
        assert!(line.contains(said) && line.len() < 500, "{args:?}: {line}");
        assert!(output.stdout.is_empty());
    }
    Ok(())
}

#[test]
fn the_exit_status_tells_what_was_found() -> Result<()> {
    let mut scene = Scene::alone()?;
    let status = |scene: &Scene, args: &[&str]| Ok::<_, anyhow::Error>(scene.run(DOCTOR, args)?.status.code());
    assert_eq!(status(&scene, &["--offline", URL])?, Some(0));
    assert_eq!(status(&scene, &["--offline", &format!("{URL}.git")])?, Some(1));
    let slash = format!("{URL}/");
    assert_eq!(status(&scene, &["--offline", &slash])?, Some(0));
    assert_eq!(status(&scene, &["--offline", "--fail-on", "warning", &slash])?, Some(1));
    scene.file(".gitconfig", "[credential]\n\thelper = libsecret\n")?;
    scene.program("git-credential-libsecret", "#!/bin/sh\nexit 0\n")?;
    assert_eq!(status(&scene, &["--offline", "--only", "keychain", "--fail-on", "unknown", URL])?, Some(1));
    scene.program("git", "#!/bin/sh\nexec sleep 60\n")?;
    scene.env("PATH", &format!("{}:/usr/bin:/bin", scene.home().with_file_name("bin").display()));
    assert_eq!(status(&scene, &["--offline", "--only", "git-version", URL, "--timeout", "1"])?, Some(1));
    Ok(())
}

#[test]
fn help_version_completions_and_man_are_there() -> Result<()> {
    let scene = Scene::alone()?;
    for (args, said) in [
        (&["--help"][..], "Exit status:"),
        (&["check", "--help"], "--fail-on"),
        (&["--version"], env!("CARGO_PKG_VERSION")),
        (&["completions", "bash"], "codecommit-doctor"),
        (&["completions", "zsh"], "#compdef"),
        (&["completions", "fish"], "complete -c"),
        (&["completions", "powershell"], "Register-ArgumentCompleter"),
        (&["completions", "elvish"], "codecommit-doctor"),
        (&["man"], ".TH codecommit-doctor"),
        (&["list"], "kms-access (aws)"),
        (&["list", "--format", "json"], "\"id\": \"kms-access\""),
        (&["explain", "kms-access"], "Why it matters"),
    ] {
        let output = scene.run(DOCTOR, args)?;
        assert!(output.status.success() && text(&output).contains(said), "{args:?}: {}", text(&output));
    }
    Ok(())
}

#[test]
fn a_report_can_go_to_a_file() -> Result<()> {
    let scene = Scene::alone()?;
    let output = scene.run(DOCTOR, &["--offline", "--format", "json", "--output", "report.json", URL])?;
    assert!(output.status.success() && text(&output).is_empty(), "{}", text(&output));
    let document: Document = serde_json::from_str(&codecommit_lab::tools::read(&scene.work().join("report.json"))?)?;
    assert_eq!(document.schema_version, 1);
    Ok(())
}

#[test]
fn a_reader_that_goes_away_is_no_error() -> Result<()> {
    let scene = Scene::alone()?;
    let output = scene.shell(&format!("'{DOCTOR}' list | head -n 1"))?;
    assert!(output.status.success() && output.stderr.is_empty(), "{}", text(&output));
    Ok(())
}

#[test]
fn the_schema_is_the_one_that_is_checked_in() -> Result<()> {
    snapbox::assert_data_eq!(json::schema()?, snapbox::file!["../../schema/report-v1.json"].raw());
    Ok(())
}
