//! The programs of others that the doctor is tested with: the real AWS CLI and the real git-remote-codecommit.

use anyhow::{Context, Result, bail, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The packages and their versions.
const REQUIREMENTS: &str = include_str!("../requirements.txt");

/// The folder for what tests build and keep.
#[must_use]
pub fn target() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |folder| root.join(folder))
}

/// A program of the Python environment, which is set up on first use.
///
/// # Errors
/// What to install, when Python is missing or its packages cannot be had.
pub fn python_program(name: &str) -> Result<PathBuf> {
    static READY: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let folder = READY.get_or_init(|| environment().map_err(|error| format!("{error:#}")));
    let program = match folder {
        Ok(folder) => folder.join("bin").join(name),
        Err(error) => bail!("{error}"),
    };
    ensure!(program.exists(), "{} is not in the Python environment", program.display());
    Ok(program)
}

fn environment() -> Result<PathBuf> {
    let folder = target().join("lab-venv");
    std::fs::create_dir_all(target())?;
    // Several test programs may come here at once.
    let lock = std::fs::File::create(target().join("lab-venv.lock"))?;
    lock.lock()?;
    let done = folder.join("requirements.txt");
    if std::fs::read_to_string(&done).is_ok_and(|text| text == REQUIREMENTS) {
        return Ok(folder);
    }
    let install = "install python3 with venv and pip (Debian: apt-get install python3-venv)";
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder)).context(install)?;
    let list = Path::new(env!("CARGO_MANIFEST_DIR")).join("requirements.txt");
    let pip = folder.join("bin/pip");
    run(Command::new(pip).args(["install", "--quiet", "--disable-pip-version-check", "--requirement"]).arg(list))
        .context("the Python packages cannot be installed: a package index must be reachable once")?;
    std::fs::write(done, REQUIREMENTS)?;
    Ok(folder)
}

fn run(command: &mut Command) -> Result<()> {
    let output = command.output()?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

/// Where a program of this machine is.
///
/// # Errors
/// What to install.
pub fn system_program(name: &str) -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join(name)).find(|program| program.is_file());
    found.with_context(|| format!("{name} is not on PATH: install it"))
}

/// The text of a file of the source tree.
///
/// # Errors
/// The operating system's, with the path.
pub fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))
}

/// Runs cargo in the workspace.
///
/// # Errors
/// When it fails.
pub fn cargo(args: &[&str]) -> Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo).args(args).current_dir(env!("CARGO_MANIFEST_DIR")).status()?;
    ensure!(status.success(), "cargo {args:?} fails");
    Ok(())
}
