//! The program from outside: usage, exit statuses, formats, a broken world, and secrets that must stay secret.

use anyhow::{Context, Result, ensure};
use codecommit_doctor::report::document::{Document, Status};
use codecommit_doctor::report::json;
use codecommit_lab::scene::Scene;
use std::process::Output;

const DOCTOR: &str = env!("CARGO_BIN_EXE_codecommit-doctor");
const URL: &str = "https://git-codecommit.us-east-2.amazonaws.com/v1/repos/MyDemoRepo";

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// The one document that `--format json` prints; nothing else is on either stream.
fn report(scene: &Scene, args: &[&str]) -> Result<Document> {
    let args: Vec<&str> = ["check", "--format", "json"].iter().chain(args).copied().collect();
    let output = scene.run(DOCTOR, &args)?;
    ensure!(output.stderr.is_empty(), "{}", text(&output));
    serde_json::from_slice(&output.stdout).with_context(|| text(&output))
}

fn cause(document: &Document) -> String {
    document.root_cause.as_ref().map(|root| format!("{}/{}", root.check, root.finding)).unwrap_or_default()
}

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
    snapbox::assert_data_eq!(json::schema()?, snapbox::file!["../schema/report-v1.json"].raw());
    Ok(())
}

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
    let output = scene.run(DOCTOR, &["--method", "credential-helper", "--verbose", URL])?;
    assert!(!text(&output).contains(CANARY) && text(&output).contains("ends with status 3"), "{}", text(&output));
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
    report(&scene, &["--timeout", "1.5", "--method", "credential-helper", URL])?;
    assert!(ends(&scene)?, "a program outlives the time budget");
    Ok(())
}
