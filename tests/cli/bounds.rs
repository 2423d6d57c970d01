//! What may be run, for how long, and that nothing stays behind.

use super::{DOCTOR, URL, cause, report, text};
use anyhow::{Context, Result};
use codecommit_doctor::report::document::Status;
use codecommit_lab::scene::Scene;

#[test]
fn a_git_that_hangs_or_never_stops_talking_is_one_line() -> Result<()> {
    for script in ["#!/bin/sh\nexec sleep 60\n", "#!/bin/sh\nwhile :; do echo y; done\n"] {
        let scene = Scene::alone()?;
        scene.program("git", script)?;
        scene.program("sleep", "#!/bin/sh\nexec /bin/sleep \"$@\"\n")?;
        let document = report(&scene, &["--offline", "--timeout", "2", URL])?;
        assert_eq!(cause(&document), "git-version/git-not-runnable", "{document:#?}");
        let url = document.checks.iter().find(|check| check.id == "clone-url").context("no clone-url")?;
        assert_eq!(url.status, Status::Pass, "what does not need git is still checked");
    }
    Ok(())
}

#[test]
fn a_helper_that_hangs_is_ended() -> Result<()> {
    let scene = Scene::alone()?;
    scene.file(".gitconfig", "[credential]\n\thelper = \"!while :; do :; done; f\"\n")?;
    let document = report(&scene, &["--timeout", "3", "--only", "credential-helper", URL])?;
    let helper = &document.checks[0];
    assert!(helper.findings.iter().any(|finding| finding.id == "helper-failed"), "{document:#?}");
    Ok(())
}

#[test]
fn only_helpers_that_git_would_run_are_run() -> Result<()> {
    let scene = Scene::alone()?;
    let marks = scene.home().join("marks");
    for name in ["one", "two"] {
        let answer = "[ \"$1\" = get ] && echo username=ann-at-111122223333 && echo password=abcdefgh1";
        let script =
            format!("#!/bin/sh\necho {name} \"$*\" >>'{}'\ncat >>'{}'\n{answer}\n", marks.display(), marks.display());
        scene.program(&format!("git-credential-{name}"), &script)?;
    }
    scene.file(".gitconfig", "[credential]\n\thelper = one\n\thelper = two\n")?;
    let injected = "https://x%0ahost=github.com%0ay=z@git-codecommit.us-east-2.amazonaws.com/v1/repos/x";
    let password = "https://ann-at-111122223333:abcdefgh1@git-codecommit.us-east-2.amazonaws.com/v1/repos/x";
    for target in ["codecommit::us-east-2://MyDemoRepo", password, injected] {
        report(&scene, &["--timeout", "5", target])?;
        assert!(!marks.exists(), "{target}: a helper was run");
    }
    report(&scene, &["--timeout", "5", URL])?;
    let ran = codecommit_lab::tools::read(&marks)?;
    assert!(ran.contains("one get") && !ran.contains("two"), "{ran}");
    assert!(!ran.contains("store") && !ran.contains("erase"), "{ran}");
    Ok(())
}

#[test]
fn nothing_of_the_working_folder_is_run() -> Result<()> {
    let mut scene = Scene::alone()?;
    let evil = scene.home().join("evil");
    scene.shell(&format!(
        "printf '#!/bin/sh\\necho evil >>{}\\n' >git && chmod +x git 2>/dev/null; /bin/chmod +x git",
        evil.display()
    ))?;
    for path in ["", ":/usr/bin:/bin", ".:/usr/bin:/bin"] {
        scene.env("PATH", path);
        report(&scene, &["--offline", URL])?;
        assert!(!evil.exists(), "PATH={path}");
    }
    Ok(())
}

/// Whether the program that wrote its number into `pid` ends by itself within five seconds.
fn ends(scene: &Scene) -> Result<bool> {
    let wait = "PATH=$PATH:/usr/bin:/bin; exec timeout 5 tail --pid=\"$(cat \"$HOME/pid\")\" -f /dev/null";
    Ok(scene.shell(wait)?.status.success())
}

#[test]
fn nothing_that_was_started_outlives_the_doctor() -> Result<()> {
    let hang = "#!/bin/sh\necho $$ >\"$HOME/pid\"\nexec /bin/sleep 60\n";
    // Ctrl-C, while a helper hangs.
    let scene = Scene::alone()?;
    scene.program("git-credential-hang", hang)?;
    scene.file(".gitconfig", "[credential]\n\thelper = hang\n")?;
    let until_it_hangs = "PATH=$PATH:/usr/bin:/bin; (until [ -s \"$HOME/pid\" ]; do :; done; kill -INT $doctor)";
    let line = format!("'{DOCTOR}' --only credential-helper {URL} & doctor=$!; {until_it_hangs}; wait $doctor");
    let output = scene.run("bash", &["-c", &line])?;
    assert_eq!(output.status.code(), Some(130), "{}", text(&output));
    assert!(ends(&scene)?, "a helper outlives Ctrl-C");

    // The end of the time, while a slow git has only just begun.
    let scene = Scene::alone()?;
    let slow = format!(
        "case $1 in version) /bin/sleep 0.8; echo git version 2.47.3 ;; config) /bin/sleep 0.8 ;; *) {} ;; esac",
        hang.trim_start_matches("#!/bin/sh\n").trim_end().replace('\n', "; ")
    );
    scene.program("git", &format!("#!/bin/sh\n{slow}\n"))?;
    scene.file(".aws/config", "[default]\ncredential_process = hang\nregion = us-east-2\n")?;
    scene.program("hang", hang)?;
    report(&scene, &["--timeout", "4", "--method", "credential-helper", URL])?;
    assert!(ends(&scene)?, "a program outlives the time budget");
    Ok(())
}
