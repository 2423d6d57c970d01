//! Where installers put git-remote-codecommit, on `PATH` or not, and what can install it.
//!
//! Sources: site(1) of Python (user base), pipx's and uv's documentation of their folders, PEP 668.

use super::NAME;
use crate::machine::{Machine, Os};
use std::path::PathBuf;

/// Folders below the home folder; `*` stands for part of one name.
const AT_HOME: &[&str] = &[
    ".local/bin",
    "bin",
    "Library/Python/*/bin",
    ".local/pipx/venvs/git-remote-codecommit/bin",
    ".local/share/pipx/venvs/git-remote-codecommit/bin",
    ".local/share/uv/tools/git-remote-codecommit/bin",
    ".pyenv/shims",
    ".pyenv/versions/*/bin",
    ".asdf/shims",
    "miniconda3/bin",
    "anaconda3/bin",
    ".venv/bin",
    "venv/bin",
    ".venvs/*/bin",
    ".virtualenvs/*/bin",
];

/// Folders of the whole machine.
const OF_ALL: &[&str] = &[
    "usr/local/bin",
    "opt/homebrew/bin",
    "home/linuxbrew/.linuxbrew/bin",
    "Library/Frameworks/Python.framework/Versions/*/bin",
    "opt/*/bin",
];

/// Folders on Windows, each below a variable's value.
const ON_WINDOWS: &[(&str, &str)] = &[
    ("APPDATA", "Python/Python3*/Scripts"),
    ("APPDATA", "Python/Scripts"),
    ("LOCALAPPDATA", "Programs/Python/Python3*/Scripts"),
    ("LOCALAPPDATA", "Packages/PythonSoftwareFoundation.Python.3*/LocalCache/local-packages/Python3*/Scripts"),
    ("USERPROFILE", ".local/bin"),
    ("USERPROFILE", "pipx/venvs/git-remote-codecommit/Scripts"),
    ("USERPROFILE", ".pyenv/pyenv-win/shims"),
    ("SystemDrive", "Python3*/Scripts"),
];

/// Variables that name an environment of Python, or an installer's folder of programs.
const NAMED: &[&str] = &["VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONUSERBASE", "PIPX_BIN_DIR", "UV_TOOL_BIN_DIR"];

/// Where it is installed though not on `PATH`.
pub(super) async fn elsewhere(machine: &Machine) -> Vec<String> {
    let (programs, name) = match machine.os() {
        Os::Windows => ("Scripts", "git-remote-codecommit.exe"),
        Os::MacOs | Os::Linux => ("bin", NAME),
    };
    let mut found: Vec<String> = Vec::new();
    for (base, folder) in folders(machine, programs) {
        for program in machine.matching(&base, &format!("{folder}/{name}")).await {
            let program = machine.tilde(&program);
            if !found.contains(&program) {
                found.push(program);
            }
        }
    }
    found
}

/// Every folder to look into: a base, and a pattern below it.
fn folders(machine: &Machine, programs: &str) -> Vec<(PathBuf, String)> {
    let named = NAMED.iter().filter_map(|name| machine.var_set(name)).map(PathBuf::from);
    let mut folders: Vec<(PathBuf, String)> =
        named.flat_map(|base| [(base.clone(), ".".to_owned()), (base, programs.to_owned())]).collect();
    let below = |base: PathBuf, places: &[&str]| -> Vec<(PathBuf, String)> {
        places.iter().map(|place| (base.clone(), (*place).to_owned())).collect()
    };
    if machine.os() == Os::Windows {
        let base = |variable| machine.var_set(variable).map(PathBuf::from);
        folders.extend(ON_WINDOWS.iter().filter_map(|(variable, place)| Some((base(variable)?, (*place).to_owned()))));
    } else {
        folders.extend(machine.home().into_iter().flat_map(|home| below(home, AT_HOME)));
        folders.extend(below(PathBuf::from("/"), OF_ALL));
    }
    let here = [".venv", "venv", "env"].map(|name| (machine.cwd().join(name), programs.to_owned()));
    folders.into_iter().chain(here).collect()
}

/// A file of its name on `PATH` that the system does not run.
pub(super) fn not_executable(machine: &Machine) -> Option<PathBuf> {
    if machine.os() == Os::Windows {
        return None;
    }
    machine.folders_on_path().into_iter().map(|folder| folder.join(NAME)).find(|file| machine.is_file(file))
}

/// What can install it, the most suitable first.
pub(super) fn installers(machine: &Machine) -> Vec<String> {
    let known: &[&str] = match machine.os() {
        Os::MacOs => &["brew", "pipx", "uv", "pip3", "pip"],
        Os::Linux => &["pipx", "uv", "pip3", "pip"],
        Os::Windows => &["pipx", "uv", "pip", "py"],
    };
    known.iter().filter(|name| machine.which(name).is_some()).map(|name| (*name).to_owned()).collect()
}

/// The mark of a Python that belongs to the system and lets pip install nothing (PEP 668): `EXTERNALLY-MANAGED` among its own
/// modules.
pub(super) fn pip_blocked(machine: &Machine) -> Option<String> {
    let python = machine.resolve(&machine.which("python3")?);
    let version = python.file_name()?.to_str()?.to_owned();
    let prefix = python.parent()?.parent()?;
    let mark = prefix.join("lib").join(version).join("EXTERNALLY-MANAGED");
    machine.exists(&mark).then(|| machine.tilde(&mark))
}
