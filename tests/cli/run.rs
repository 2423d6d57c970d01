//! `run`: the command passes through untouched, and its failure is diagnosed.

use super::{DOCTOR, text};
use anyhow::{Context, Result, ensure};
use codecommit_doctor::report::document::Document;
use codecommit_lab::scene::Scene;
use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::process::{Output, Stdio};

const NOT_FOUND: &str = "fatal: repository 'https://git-codecommit.us-east-2.amazonaws.com/v1/repos/x.git/' not found";

/// Runs a piece of shell within `run`, without a network.
fn wrapped(scene: &Scene, script: &str) -> Result<Output> {
    scene.run(DOCTOR, &["run", "--offline", "--", "sh", "-c", script])
}

#[test]
fn bytes_and_status_pass_through() -> Result<()> {
    let scene = Scene::alone()?;
    let fine = wrapped(&scene, r"printf 'out\000\377'; printf 'err\001\200' >&2")?;
    assert_eq!((fine.stdout.as_slice(), fine.stderr.as_slice()), (&b"out\0\xff"[..], &b"err\x01\x80"[..]));
    assert_eq!(fine.status.code(), Some(0), "after a success the doctor says nothing");
    let fed = scene.feed(DOCTOR, &["run", "--", "cat"], b"in\0put")?;
    assert_eq!(fed.stdout, b"in\0put");
    for status in [1, 2, 3, 128, 255] {
        let output = wrapped(&scene, &format!("printf 'out'; exit {status}"))?;
        assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(status), &b"out"[..]));
        assert!(!output.stderr.is_empty(), "the diagnosis follows on standard error");
    }
    let lots = wrapped(&scene, "head -c 3000000 /dev/zero >&2")?;
    assert_eq!(lots.stderr.len(), 3_000_000);
    Ok(())
}

#[test]
fn a_signal_that_ends_the_command_ends_the_doctor_alike() -> Result<()> {
    let scene = Scene::alone()?;
    for signal in [2, 9, 15] {
        let mut command = scene.command(DOCTOR);
        let output = command.args(["run", "--offline", "--", "sh", "-c", &format!("kill -{signal} $$")]).output()?;
        assert_eq!(output.status.signal(), Some(signal), "{}", text(&output));
        assert!(output.stderr.is_empty(), "what somebody stopped has not failed: {}", text(&output));
    }
    Ok(())
}

#[test]
fn a_signal_to_the_doctor_reaches_the_command() -> Result<()> {
    let scene = Scene::alone()?;
    for (name, number) in [("TERM", "15"), ("INT", "2"), ("HUP", "1"), ("USR1", "10")] {
        let script = format!("trap 'echo caught; exit 0' {name}; echo ready; while :; do :; done");
        let mut command = scene.command(DOCTOR);
        command.args(["run", "--offline", "--", "sh", "-c", &script]).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let mut lines = BufReader::new(child.stdout.take().context("no output")?).lines();
        ensure!(lines.next().context("nothing is said")?? == "ready");
        let killed = scene.shell(&format!("kill -{number} {}", child.id()))?;
        ensure!(killed.status.success(), "{}", text(&killed));
        assert_eq!(lines.next().context("nothing is caught")??, "caught", "{name}");
        assert!(child.wait()?.success());
    }
    Ok(())
}

#[test]
fn a_slow_reader_loses_nothing() -> Result<()> {
    let scene = Scene::alone()?;
    // The reader begins a while after the command has ended: that nothing happens is no event to wait for.
    let script = "head -c 120000 /dev/zero >&2; echo >done";
    let line = format!("'{DOCTOR}' run -- sh -c '{script}' 2>&1 | (until [ -e done ]; do :; done; sleep 1; cat)");
    let output = scene.shell(&line)?;
    assert_eq!(output.stdout.len(), 120_000);
    Ok(())
}

#[test]
fn a_reader_that_goes_away_ends_the_command() -> Result<()> {
    let scene = Scene::alone()?;
    let script = "while :; do echo more >&2 || exit 3; done";
    let output = scene.shell(&format!("'{DOCTOR}' run --offline -- sh -c '{script}' 2>&1 | head -n 1"))?;
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(0), &b"more\n"[..]));
    Ok(())
}

#[test]
fn who_is_left_behind_goes_on_speaking() -> Result<()> {
    let scene = Scene::alone()?;
    // A pipe that a file is put into when the doctor has ended.
    let script = "(until [ -e ended ]; do :; done; echo late; echo late >&2; echo >spoken) & echo early";
    let line = format!(
        "'{DOCTOR}' run -- sh -c '{script}' >log 2>&1; echo >ended; until [ -e spoken ]; do :; done; until [ \"$(grep -c late log)\" = 2 ]; do :; done; cat log"
    );
    let output = scene.shell(&line)?;
    assert_eq!(String::from_utf8_lossy(&output.stdout), "early\nlate\nlate\n");
    Ok(())
}

#[test]
fn what_goes_to_one_place_keeps_its_order() -> Result<()> {
    let scene = Scene::alone()?;
    let script = "for i in 1 2 3 4 5 6 7 8 9; do echo out$i; echo err$i >&2; done";
    let output = scene.shell(&format!("'{DOCTOR}' run -- sh -c '{script}' >both 2>&1; cat both"))?;
    let expected: Vec<String> = (1..10).flat_map(|number| [format!("out{number}"), format!("err{number}")]).collect();
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().collect::<Vec<_>>(), expected);
    Ok(())
}

/// Runs a command at a terminal of 93 columns; what appears there.
fn at_a_terminal(scene: &Scene, command: &[&str]) -> Result<Output> {
    let words: Vec<String> = command.iter().map(|word| format!("{word:?}")).collect();
    let script = format!(
        "import fcntl, os, pty, struct, sys, termios\n\
         pid, terminal = pty.fork()\n\
         if pid == 0:\n\
         \x20   fcntl.ioctl(2, termios.TIOCSWINSZ, struct.pack('HHHH', 41, 93, 0, 0))\n\
         \x20   words = [{}]\n\
         \x20   os.execv(words[0], words)\n\
         try:\n\
         \x20   while chunk := os.read(terminal, 4096): sys.stdout.buffer.write(chunk)\n\
         except OSError: pass\n\
         sys.stdout.flush()\n\
         sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))\n",
        words.join(", ")
    );
    scene.run(codecommit_lab::tools::python_program("python3")?, &["-c", &script])
}

#[test]
fn at_a_terminal_the_command_is_at_a_terminal_of_the_same_size() -> Result<()> {
    let scene = Scene::alone()?;
    let script = "test -t 0 && test -t 1 && test -t 2 && stty size <&2 >&2; printf 'a\\nb\\n' >&2";
    let output = at_a_terminal(&scene, &[DOCTOR, "run", "--", "/bin/sh", "-c", script])?;
    assert_eq!(String::from_utf8_lossy(&output.stdout), "41 93\r\na\r\nb\r\n", "{output:?}");
    let direct = at_a_terminal(&scene, &["/bin/sh", "-c", script])?;
    assert_eq!(output.stdout, direct.stdout, "the same as without the doctor");
    Ok(())
}

#[test]
fn a_pager_at_a_terminal_is_the_person_s() -> Result<()> {
    let scene = Scene::alone()?;
    // What pagers ask: the name of the terminal at standard error, and whether it is the one that they control.
    let script =
        "[ \"$(tty <&2)\" = \"$(tty <&0)\" ] && : >/dev/tty && stty -echo <&2 && stty -a <&0 | grep -o -e '-echo '";
    let output = at_a_terminal(&scene, &[DOCTOR, "run", "--", "/bin/sh", "-c", script])?;
    assert_eq!(String::from_utf8_lossy(&output.stdout), "-echo \r\n");
    Ok(())
}

#[test]
fn at_a_terminal_the_diagnosis_follows_as_well() -> Result<()> {
    let scene = Scene::alone()?;
    let url = "https://git-codecommit.us-east-2.amazonaws.com/v1/repos/x.git";
    let command = [DOCTOR, "run", "--only", "target", "--", "/bin/sh", "-c", "exit 7", "sh", url];
    let output = at_a_terminal(&scene, &command)?;
    assert_eq!(output.status.code(), Some(7), "{output:?}");
    assert!(text(&output).contains("The URL ends in .git"), "{output:?}");
    Ok(())
}

#[test]
fn a_failure_is_diagnosed_by_what_was_said() -> Result<()> {
    let scene = Scene::alone()?;
    let output = wrapped(&scene, &format!("echo \"{NOT_FOUND}\" >&2; exit 128"))?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.starts_with(NOT_FOUND), "{said}");
    assert!(said.contains("clone-url/dot-git-suffix"), "{said}");
    assert_eq!(output.status.code(), Some(128));

    let args = ["run", "--format", "json", "--output", "report.json", "--only", "target", "--", "sh", "-c"];
    let script = format!("echo \"{NOT_FOUND}\" >&2; exit 128");
    let args: Vec<&str> = args.into_iter().chain([script.as_str()]).collect();
    let output = scene.run(DOCTOR, &args)?;
    assert_eq!(String::from_utf8_lossy(&output.stderr), format!("{NOT_FOUND}\n"));
    let document: Document = serde_json::from_str(&codecommit_lab::tools::read(&scene.work().join("report.json"))?)?;
    assert_eq!(document.root_cause.context("no cause")?.finding, "dot-git-suffix");
    assert_eq!(document.text.context("no text")?.source, "sh -c");
    Ok(())
}

#[test]
fn the_command_line_is_no_output() -> Result<()> {
    let scene = Scene::alone()?;
    let output =
        scene.run(DOCTOR, &["run", "--offline", "--", "grep", "-q", "Permission denied (publickey)", "/dev/null"])?;
    assert!(!text(&output).contains("ssh"), "{}", text(&output));
    Ok(())
}

#[test]
fn the_url_of_the_command_is_the_target() -> Result<()> {
    let scene = Scene::alone()?;
    let url = "https://git-codecommit.us-east-2.amazonaws.com/v1/repos/x.git";
    let args = ["run", "--only", "target", "--", "sh", "-c", "exit 1", "sh", url];
    let output = scene.run(DOCTOR, &args)?;
    assert!(text(&output).contains("The URL ends in .git"), "{}", text(&output));
    Ok(())
}

#[test]
fn a_command_that_cannot_be_run_is_told_as_a_shell_would() -> Result<()> {
    let scene = Scene::alone()?;
    scene.file("plain", "no program")?;
    let plain = scene.home().join("plain").display().to_string();
    for (command, status, said) in [
        ("no-such-command", 127, "there is no command no-such-command on PATH"),
        (plain.as_str(), 126, "cannot be run"),
    ] {
        let output = scene.run(DOCTOR, &["run", "--", command])?;
        assert_eq!(output.status.code(), Some(status));
        assert!(text(&output).contains(said) && text(&output).lines().count() == 1, "{}", text(&output));
    }
    for args in [&["run"][..], &["run", "--"], &["run", "git", "clone"]] {
        let output = scene.run(DOCTOR, args)?;
        assert_eq!((output.status.code(), text(&output).lines().count()), (Some(2), 1), "{}", text(&output));
    }
    Ok(())
}
