//! The programs of others that the doctor is tested with: the real AWS CLI and the real git-remote-codecommit.

use anyhow::{Context, Result, bail, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The folder for what tests build and keep.
#[must_use]
pub fn target() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |folder| root.join(folder))
}

/// A Python environment: its name, and the packages with their versions.
struct Environment {
    name: &'static str,
    requirements: &'static str,
    ready: OnceLock<Result<PathBuf, String>>,
}

/// The usual one, and one whose botocore knows neither the newer regions nor `sso_session`.
static ENVIRONMENTS: [Environment; 2] = [
    Environment::of("lab-venv", include_str!("../requirements.txt")),
    Environment::of("lab-venv-old", include_str!("../requirements-old.txt")),
];

/// A program of a Python environment, which is set up on first use: `aws`, or `git-remote-codecommit@old`.
///
/// # Errors
/// What to install, when Python is missing or its packages cannot be had.
pub fn python_program(name: &str) -> Result<PathBuf> {
    let (name, environment) = match name.split_once('@') {
        Some((name, _)) => (name, &ENVIRONMENTS[1]),
        None => (name, &ENVIRONMENTS[0]),
    };
    let folder = environment.ready.get_or_init(|| environment.set_up().map_err(|error| format!("{error:#}")));
    let program = match folder {
        Ok(folder) => folder.join("bin").join(name),
        Err(error) => bail!("{error}"),
    };
    ensure!(program.exists(), "{} is not in the Python environment", program.display());
    Ok(program)
}

impl Environment {
    const fn of(name: &'static str, requirements: &'static str) -> Self {
        Self { name, requirements, ready: OnceLock::new() }
    }

    fn set_up(&self) -> Result<PathBuf> {
        let folder = target().join(self.name);
        std::fs::create_dir_all(target())?;
        // Several test programs may come here at once.
        let lock = std::fs::File::create(target().join(format!("{}.lock", self.name)))?;
        lock.lock()?;
        let done = folder.join("requirements.txt");
        if std::fs::read_to_string(&done).is_ok_and(|text| text == self.requirements) {
            return Ok(folder);
        }
        let install = "install python3 with venv and pip (Debian: apt-get install python3-venv)";
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder)).context(install)?;
        let list = folder.join("wanted.txt");
        std::fs::write(&list, self.requirements)?;
        let pip = folder.join("bin/pip");
        run(Command::new(pip).args(["install", "--quiet", "--disable-pip-version-check", "--requirement"]).arg(list))
            .context("the Python packages cannot be installed: a package index must be reachable once")?;
        std::fs::write(done, self.requirements)?;
        Ok(folder)
    }
}

/// A git program, and the folder of its parts where it does not know that itself.
#[derive(Clone, Debug)]
pub struct Git {
    /// The program.
    pub program: PathBuf,
    /// For `GIT_EXEC_PATH`.
    pub parts: Option<PathBuf>,
    /// What it calls itself: `git version 2.47.3`.
    pub version: String,
}

impl Git {
    fn at(program: PathBuf, parts: Option<PathBuf>) -> Option<Self> {
        let output = Command::new(&program).arg("version").output().ok().filter(|output| output.status.success())?;
        Some(Self { program, parts, version: String::from_utf8_lossy(&output.stdout).trim().to_owned() })
    }
}

/// The installed git, and one of another version: the next on `PATH` or in the usual folders, else Debian's package, unpacked
/// below the target folder.
///
/// # Errors
/// What to install.
pub fn two_gits() -> Result<[Git; 2]> {
    let install = "install a second git of another version: two are compared";
    let first = Git::at(system_program("git")?, None).context("git cannot be run: install git")?;
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/local/bin", "/usr/bin", "/opt/git/bin"].map(PathBuf::from));
    let mut others = folders.filter_map(|folder| Git::at(folder.join("git"), None));
    let other = match others.find(|git| git.version != first.version) {
        Some(other) => other,
        None => debian_git().context(install)?,
    };
    ensure!(other.version != first.version, "{} is the only version to be had; {install}", first.version);
    Ok([first, other])
}

fn debian_git() -> Result<Git> {
    let folder = debian_package("lab-git", &["git"], "usr/bin/git")?;
    Git::at(folder.join("usr/bin/git"), Some(folder.join("usr/lib/git-core"))).context("Debian's git cannot be run")
}

/// Unpacks Debian's packages below the target folder, where they are not yet.
fn debian_package(name: &str, packages: &[&str], program: &str) -> Result<PathBuf> {
    let folder = target().join(name);
    std::fs::create_dir_all(&folder)?;
    let lock = std::fs::File::create(target().join(format!("{name}.lock")))?;
    lock.lock()?;
    if folder.join(program).exists() {
        return Ok(folder);
    }
    let download = || run(Command::new("apt-get").arg("download").args(packages).current_dir(&folder));
    // A new machine knows no packages before it has asked which there are.
    download().or_else(|_| run(Command::new("apt-get").args(["update", "--quiet"])).and_then(|()| download()))?;
    for entry in folder.read_dir()? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "deb") {
            run(Command::new("dpkg-deb").arg("-x").arg(path).arg(&folder))?;
        }
    }
    ensure!(folder.join(program).exists(), "no {program} came with {packages:?}");
    Ok(folder)
}

/// An OpenSSH server, and where its libraries are.
#[derive(Clone, Debug)]
pub struct SshServer {
    /// The program.
    pub program: PathBuf,
    /// For `LD_LIBRARY_PATH`.
    pub libraries: PathBuf,
}

/// The installed OpenSSH server, else Debian's package, unpacked below the target folder.
///
/// # Errors
/// What to install.
pub fn ssh_server() -> Result<SshServer> {
    let installed = Path::new("/usr/sbin/sshd");
    if installed.exists() {
        return Ok(SshServer { program: installed.to_owned(), libraries: PathBuf::new() });
    }
    let folder = debian_package("lab-sshd", &["openssh-server", "libwrap0"], "usr/sbin/sshd")
        .context("install an OpenSSH server (Debian: apt-get install openssh-server)")?;
    let libraries = folder.join("usr/lib").read_dir()?.filter_map(|entry| Some(entry.ok()?.path()));
    let libraries = libraries.into_iter().find(|path| path.join("libwrap.so.0").exists());
    let program = folder.join("usr/sbin/sshd").canonicalize()?;
    Ok(SshServer { program, libraries: libraries.context("no libwrap came")?.canonicalize()? })
}

/// A private key of the lab's, which is made on first use; its public half stands beside it. `ed25519` and `ecdsa` are what
/// they say, `short` has 1024 bits, `encrypted` a passphrase; every other name has 2048 bits of RSA.
///
/// # Errors
/// What to install.
pub fn ssh_key(name: &str) -> Result<PathBuf> {
    let folder = target().join("lab-keys");
    std::fs::create_dir_all(&folder)?;
    let lock = std::fs::File::create(target().join("lab-keys.lock"))?;
    lock.lock()?;
    let key = folder.join(name);
    if !key.exists() {
        let (kind, bits) = match name {
            "ed25519" => ("ed25519", "256"),
            "ecdsa" => ("ecdsa", "256"),
            "short" => ("rsa", "1024"),
            _ => ("rsa", "2048"),
        };
        let passphrase = if name == "encrypted" { "a-lab-passphrase" } else { "" };
        let generator = system_program("ssh-keygen").context("install an OpenSSH client")?;
        run(Command::new(generator)
            .args(["-q", "-t", kind, "-b", bits, "-C", "lab", "-N", passphrase, "-f"])
            .arg(&key))?;
    }
    Ok(key.canonicalize()?)
}

fn run(command: &mut Command) -> Result<()> {
    let output = command.output()?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

/// The Python interpreter itself, whatever shim stands in front of it.
///
/// # Errors
/// What to install.
pub fn python() -> Result<PathBuf> {
    static FOUND: OnceLock<Option<PathBuf>> = OnceLock::new();
    let found = FOUND.get_or_init(|| {
        let asked = Command::new("python3").args(["-c", "import sys; print(sys.executable)"]).output().ok()?;
        Some(PathBuf::from(String::from_utf8(asked.stdout).ok()?.trim())).filter(|path| path.is_file())
    });
    found.clone().context("install python3")
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
