//! What git runs under the name of git-remote-codecommit, and which Python that leads to.
//!
//! pip writes a script that begins with its interpreter; where that path is long or holds a space, one that begins with
//! `#!/bin/sh` and hands over in its second line. On Windows it is a program with such a script at its end.

use crate::machine::Machine;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The program that git runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Launcher {
    /// Its path, `~` for the home folder.
    pub path: String,
    /// The folder in which it stands, in full.
    pub folder: String,
    /// The interpreter that it names.
    pub interpreter: Option<String>,
    /// Whether that interpreter is gone.
    pub interpreter_missing: bool,
}

/// The Python behind a launcher.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Interpreter {
    /// This program, with these arguments in front of all others.
    Known(Vec<String>),
    /// It names one that does not exist.
    Missing,
    /// It is something else than pip writes: a shim, a wrapper.
    Unknown,
}

/// Reads the launcher at a path, whatever links lead to it.
pub(super) async fn read(machine: &Machine, path: &Path) -> (Launcher, Interpreter) {
    let real = machine.resolve(path);
    let bytes = machine.read(&real).await.unwrap_or_default();
    let argv = interpreter(&bytes);
    let found = argv.as_ref().map(|argv| resolve(machine, argv));
    let folder = real.parent().unwrap_or(&real).to_owned();
    let launcher = Launcher {
        path: machine.tilde(path),
        folder: folder.display().to_string(),
        interpreter: argv.as_ref().map(|argv| argv.join(" ")),
        interpreter_missing: matches!(found, Some(None)),
    };
    let interpreter = match found {
        Some(Some(argv)) if is_python(&argv) => Interpreter::Known(argv),
        Some(None) => Interpreter::Missing,
        _ => Interpreter::Unknown,
    };
    (launcher, interpreter)
}

/// The program with its arguments, where it exists. `env` looks on `PATH`.
fn resolve(machine: &Machine, argv: &[String]) -> Option<Vec<String>> {
    let (first, rest) = argv.split_first()?;
    let is_env = Path::new(first).file_name().is_some_and(|name| name == "env");
    let rest: Vec<&String> = rest.iter().filter(|word| !(is_env && *word == "-S")).collect();
    let (name, rest) = if is_env { rest.split_first().map(|(name, rest)| (*name, rest))? } else { (first, &rest[..]) };
    let program =
        if is_env { machine.which(name) } else { Some(PathBuf::from(name)).filter(|path| machine.exists(path)) };
    let program = program?.display().to_string();
    Some(std::iter::once(program).chain(rest.iter().map(|word| (*word).clone())).collect())
}

fn is_python(argv: &[String]) -> bool {
    let name = argv.first().and_then(|program| program.rsplit(['/', '\\']).next()).unwrap_or_default();
    name.to_ascii_lowercase().starts_with("python") || name.to_ascii_lowercase().starts_with("pypy")
}

/// The interpreter that a script, or a Windows launcher with a script at its end, names.
fn interpreter(bytes: &[u8]) -> Option<Vec<String>> {
    let script = if bytes.starts_with(b"MZ") { embedded(bytes)? } else { bytes };
    let text = String::from_utf8_lossy(&script[..script.len().min(2048)]);
    let mut lines = text.lines();
    let first = lines.next()?.strip_prefix("#!")?.trim();
    // A script that works out where it is can be told only by running it.
    let worked_out = |words: &str| words.contains(['$', '`']);
    if first == "/bin/sh"
        && let Some(handed) = lines.next().and_then(|line| line.strip_prefix("'''exec'"))
    {
        let program = shlex::split(handed).and_then(|words| words.into_iter().next());
        return program.filter(|program| !worked_out(program)).map(|program| vec![program]);
    }
    // A Windows launcher puts a path with spaces between quotes.
    match first.strip_prefix('"').and_then(|rest| rest.split_once('"')) {
        Some((program, _)) => Some(vec![program.to_owned()]),
        None => Some(first.split_whitespace().map(str::to_owned).collect()),
    }
}

/// The script in a Windows launcher: from the last `#!` in front of the appended archive.
fn embedded(bytes: &[u8]) -> Option<&[u8]> {
    let archive = bytes.windows(4).rposition(|window| window == b"PK\x03\x04")?;
    let start = bytes[..archive].windows(2).rposition(|window| window == b"#!")?;
    // One line of text that ends where the archive begins; anything else is code that happens to look like it.
    let line = std::str::from_utf8(&bytes[start..archive]).ok()?;
    (line.trim_end().lines().count() == 1 && line.len() < 1024).then_some(&bytes[start..archive])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<String> {
        interpreter(text.as_bytes()).map(|argv| argv.join("|"))
    }

    #[test]
    fn the_interpreter_is_read_from_every_kind_of_script() {
        assert_eq!(read("#!/usr/bin/python3\nimport re\n").as_deref(), Some("/usr/bin/python3"));
        assert_eq!(read("#!/usr/bin/env python3\n").as_deref(), Some("/usr/bin/env|python3"));
        let long = "#!/bin/sh\n'''exec' \"/home/ann lee/venv/bin/python\" \"$0\" \"$@\"\n' '''\n";
        assert_eq!(read(long).as_deref(), Some("/home/ann lee/venv/bin/python"));
        assert_eq!(read("#!/bin/bash\nexec pyenv exec git-remote-codecommit \"$@\"\n").as_deref(), Some("/bin/bash"));
        let relocatable = "#!/bin/sh\n'''exec' \"$(dirname -- \"$(realpath -- \"$0\")\")\"/'python' \"$0\" \"$@\"\n";
        assert_eq!(read(relocatable), None);
        assert_eq!(read("no script"), None);
        assert_eq!(read(""), None);
    }

    #[test]
    fn a_windows_launcher_holds_its_script_at_its_end() {
        let exe = b"MZ\x90 #! not this PK\x03\x04 code #!\"C:\\Program Files\\Python\\python.exe\"\r\nPK\x03\x04zip";
        assert_eq!(interpreter(exe), Some(vec!["C:\\Program Files\\Python\\python.exe".to_owned()]));
        assert_eq!(interpreter(b"MZ nothing"), None);
        assert_eq!(interpreter(b"MZ #!\x90\xff code\n more PK\x03\x04zip"), None);
    }

    #[test]
    fn shells_are_no_python() {
        assert!(is_python(&["/opt/x/bin/python3.11".to_owned()]));
        assert!(is_python(&["C:\\Py\\python.exe".to_owned()]));
        assert!(!is_python(&["/bin/bash".to_owned()]));
    }
}
