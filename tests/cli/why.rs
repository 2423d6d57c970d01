//! `why`: what a failed command printed, read from a pipe or a file.

use super::{DOCTOR, cause, text};
use anyhow::{Context, Result, ensure};
use codecommit_doctor::diagnosis::Overall;
use codecommit_doctor::report::document::Document;
use codecommit_lab::scene::Scene;

const FORBIDDEN: &str = "fatal: unable to access 'https://git-codecommit.us-east-2.amazonaws.com/v1/repos/MyDemoRepo/': The requested URL returned error: 403\n";

/// What is said of a text alone, and the exit status.
fn explain(input: &[u8]) -> Result<(Document, i32)> {
    let output = Scene::alone()?.feed(DOCTOR, &["why", "--offline", "--format", "json"], input)?;
    ensure!(output.stderr.is_empty(), "{}", text(&output));
    let document = serde_json::from_slice(&output.stdout).with_context(|| text(&output))?;
    Ok((document, output.status.code().context("a signal")?))
}

#[test]
fn a_text_alone_is_explained() -> Result<()> {
    for (said, cause_named, symptom) in [
        (FORBIDDEN, "keychain/expired-signature-stored", "http-403"),
        (
            "git: 'remote-codecommit' is not a git command. See 'git --help'.\nfatal: remote helper 'codecommit' aborted session\n",
            "git-remote-codecommit/grc-missing",
            "grc-not-found",
        ),
        (
            "aws codecommit credential-helper $@ get: aws: command not found\n",
            "credential-helper/helper-program-missing",
            "helper-program-not-found",
        ),
        ("fatal: protocol 'codecommit:us-east-1' is not supported\n", "clone-url/grc-single-colon", "grc-single-colon"),
        (
            "\u{1b}[31mfatal: Repository 'https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/x/' nicht gefunden\u{1b}[0m\r\n",
            "repository/other-account",
            "repository-not-found",
        ),
    ] {
        let (document, status) = explain(said.as_bytes())?;
        assert_eq!((cause(&document).as_str(), status), (cause_named, 1), "{said}");
        assert_eq!(document.symptoms[0].id, symptom);
        assert_eq!(document.symptoms[0].line, Some(1));
        assert!(document.checks.is_empty(), "no check runs");
    }
    Ok(())
}

#[test]
fn what_the_text_names_is_found() -> Result<()> {
    let said = format!("$ git clone codecommit::eu-west-1://dev@MyDemoRepo\n{FORBIDDEN}");
    let (document, _) = explain(said.as_bytes())?;
    let read = document.text.context("no text")?;
    assert_eq!(read.url.as_deref(), Some("codecommit::eu-west-1://dev@MyDemoRepo"));
    assert_eq!((read.region.as_deref(), read.profile.as_deref()), (Some("eu-west-1"), Some("dev")));
    assert_eq!((read.repository.as_deref(), read.lines), (Some("MyDemoRepo"), 2));
    let (document, _) = explain(FORBIDDEN.as_bytes())?;
    assert_eq!(
        document.target.url.as_deref(),
        Some("https://git-codecommit.us-east-2.amazonaws.com/v1/repos/MyDemoRepo")
    );
    Ok(())
}

#[test]
fn harmless_and_unknown_texts_name_no_cause() -> Result<()> {
    for (said, overall) in [
        ("warning: You appear to have cloned an empty repository.\n", Overall::Healthy),
        (
            "fatal: Failed to write item to store. [0x6c6]\nfatal: The array bounds are invalid\nAlready up to date.\n",
            Overall::Healthy,
        ),
        ("Tests run: 12, failures: 1\n", Overall::Undetermined),
        ("", Overall::Undetermined),
        ("\u{0}\u{1}\u{7f}", Overall::Undetermined),
    ] {
        let (document, status) = explain(said.as_bytes())?;
        assert_eq!((cause(&document), document.outcome, status), (String::new(), overall, 0), "{said}");
    }
    Ok(())
}

#[test]
fn any_bytes_are_read() -> Result<()> {
    let wide: Vec<u8> = [0xff, 0xfe].into_iter().chain(FORBIDDEN.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let torn = [b"\xff\xfe\x80 \xc3( ".as_slice(), b"\n", FORBIDDEN.as_bytes()].concat();
    assert_eq!(explain(&wide)?.0.symptoms.len(), 1, "what a Windows shell writes into a file");
    assert_eq!(explain(&[b"x", torn.as_slice()].concat())?.0.symptoms.len(), 1);
    Ok(())
}

#[test]
fn an_unknown_text_is_no_reason_not_to_look() -> Result<()> {
    let scene = Scene::alone()?;
    scene.git(&["init", "--quiet"])?;
    scene.git(&[
        "remote",
        "add",
        "origin",
        "https://git-codecommit.us-east-2.amazonaws.com/v1/repos/MyDemoRepo.git",
    ])?;
    let output =
        scene.feed(DOCTOR, &["why", "--only", "target", "--format", "json"], b"Tests run: 12, failures: 1\n")?;
    let document: Document = serde_json::from_slice(&output.stdout).with_context(|| text(&output))?;
    assert_eq!(cause(&document), "clone-url/dot-git-suffix");
    let output = scene.feed(DOCTOR, &["why", "--only", "target"], b"Tests run: 12, failures: 1\n")?;
    assert!(
        text(&output).contains("Nothing in standard input is a failure that the doctor knows."),
        "{}",
        text(&output)
    );
    Ok(())
}

#[test]
fn no_secret_of_the_text_comes_out() -> Result<()> {
    let said = "+ git clone https://ann:c4n4ry-s3cr3t-1@git-codecommit.us-east-2.amazonaws.com/v1/repos/x\n\
                AWS_SECRET_ACCESS_KEY=c4n4ry-s3cr3t-2\n\
                Authorization: Basic c4n4ry-s3cr3t-3 The requested URL returned error: 403\n\
                remote: https://ASIAIOSFODNN7EXAMPLE%25c4n4ry-s3cr3t-4tokentoken:c4n4ry-s3cr3t-5@git-codecommit.us-east-2.amazonaws.com/v1/repos/y: The requested URL returned error: 403\n\
                fatal: could not read Password for 'https://ann:c4n4ry-s3cr3t-1@git-codecommit.us-east-2.amazonaws.com': c4n4ry-s3cr3t-1\n";
    for args in
        [&["why", "--offline", "--format", "json"][..], &["why", "--offline", "-v"], &["why", "-v", "--timeout", "5"]]
    {
        let output = Scene::alone()?.feed(DOCTOR, args, said.as_bytes())?;
        assert!(!text(&output).contains("c4n4ry"), "{args:?}: {}", text(&output));
        assert!(text(&output).contains("CodeCommit refuses"), "{args:?}: {}", text(&output));
    }
    Ok(())
}

#[test]
fn the_input_is_bounded_and_what_cannot_be_read_is_one_clear_line() -> Result<()> {
    let scene = Scene::alone()?;
    scene.file("said.txt", FORBIDDEN)?;
    let file = scene.home().join("said.txt").display().to_string();
    let output = scene.run(DOCTOR, &["why", "--offline", &file])?;
    assert!(output.status.code() == Some(1) && text(&output).contains("said.txt:1: fatal:"), "{}", text(&output));

    let endless = scene.run(DOCTOR, &["why", "--offline", "/dev/zero"])?;
    assert!(text(&endless).contains("longer than 10 MiB") && endless.status.success(), "{}", text(&endless));

    for (args, said) in [
        (&["why", "no-such-file"][..], "no-such-file cannot be read"),
        (&["why", "."], "is a folder"),
        (&["why", "a", "b"], "unexpected argument 'b'"),
        (&["why", "--offline", "--only", "kaychain", "/dev/null"], "did you mean keychain?"),
    ] {
        let output = scene.run(DOCTOR, args)?;
        let line = String::from_utf8(output.stderr.clone())?;
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{args:?}: {line}");
        assert!(line.contains(said) && line.lines().count() == 1, "{args:?}: {line}");
    }
    Ok(())
}

#[test]
fn a_person_at_a_terminal_is_told_how_to_use_it() -> Result<()> {
    let scene = Scene::alone()?;
    let script = format!("import os, pty; raise SystemExit(os.waitstatus_to_exitcode(pty.spawn(['{DOCTOR}', 'why'])))");
    let output = scene.run(codecommit_lab::tools::python_program("python3")?, &["-c", &script])?;
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(text(&output).contains("git clone ... 2>&1 | codecommit-doctor why"), "{}", text(&output));
    Ok(())
}
