//! A person's machine in front of the lab: a home, a `PATH` of chosen programs, an environment, and nothing of whoever runs
//! the tests.

use crate::{Lab, tools};
use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// Programs that every machine has.
const ORDINARY: &[&str] = &[
    "sh", "bash", "cat", "chmod", "cp", "cut", "date", "dirname", "env", "grep", "head", "ln", "mkdir", "mv", "rm",
    "sed", "sleep", "stty", "tee", "tr", "tty", "uname",
];

/// After how many seconds a program is ended.
const PATIENCE: &str = "60";

/// The machine.
pub struct Scene {
    folder: tempfile::TempDir,
    env: BTreeMap<String, String>,
    /// What stands in files for what is known only at run time: `{{HOME}}`, `{{PROXY}}`, `{{CA}}`, `{{METADATA}}`.
    places: Vec<(&'static str, String)>,
    clones: AtomicU32,
    /// Files that everything here sees in the place of the machine's own.
    overlaid: Vec<(PathBuf, &'static str)>,
}

impl Scene {
    /// A machine with git and nothing else, connected to the lab.
    ///
    /// # Errors
    /// When a program is missing, or the folder cannot be made.
    pub fn new(lab: &Lab) -> Result<Self> {
        let mut scene = Self::alone()?;
        let ca = lab.ca().display().to_string();
        scene.places.extend([("{{PROXY}}", lab.proxy()), ("{{CA}}", ca.clone()), ("{{METADATA}}", lab.metadata())]);
        for name in ["SSL_CERT_FILE", "GIT_SSL_CAINFO", "AWS_CA_BUNDLE"] {
            scene.env(name, &ca);
        }
        scene.env("HTTPS_PROXY", &lab.proxy());
        scene.places.push(("{{CORP_CA}}", lab.corporate_ca().display().to_string()));
        scene.overlaid = lab.places(&scene.home())?;
        if lab.has_ssh() {
            scene.places.push(("{{HOST_KEY}}", crate::ssh::public("host")?));
            for name in ["ssh", "ssh-add", "ssh-agent", "ssh-keygen", "ssh-keyscan"] {
                std::os::unix::fs::symlink(
                    tools::system_program(name)?,
                    scene.folder.path().join("ordinary").join(name),
                )?;
            }
        }
        Ok(scene)
    }

    /// A machine without a network to speak of.
    ///
    /// # Errors
    /// When a program is missing, or the folder cannot be made.
    pub fn alone() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let at = |name: &str| folder.path().join(name);
        for name in ["home", "bin", "ordinary", "work"] {
            std::fs::create_dir(at(name))?;
        }
        std::fs::write(at("system.gitconfig"), "")?;
        for name in ORDINARY.iter().chain(&["git"]) {
            std::os::unix::fs::symlink(tools::system_program(name)?, at("ordinary").join(name))?;
        }
        std::os::unix::fs::symlink(tools::python()?, at("ordinary").join("python3"))?;
        let text = |name: &str| at(name).display().to_string();
        let env = [
            ("HOME", text("home")),
            ("PATH", format!("{}:{}", text("bin"), text("ordinary"))),
            ("GIT_CONFIG_SYSTEM", text("system.gitconfig")),
            ("GIT_TERMINAL_PROMPT", "0".to_owned()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
            ("LANG", "C.UTF-8".to_owned()),
            ("TERM", "xterm".to_owned()),
        ];
        let env = env.map(|(name, value)| (name.to_owned(), value));
        let places = vec![("{{HOME}}", text("home"))];
        Ok(Self { env: env.into(), places, clones: AtomicU32::new(0), overlaid: Vec::new(), folder })
    }

    /// Sets an environment variable; an empty value removes it.
    pub fn env(&mut self, name: &str, value: &str) {
        let value = self.fill(value);
        if value.is_empty() {
            self.env.remove(name);
        } else {
            self.env.insert(name.to_owned(), value);
        }
    }

    fn fill(&self, text: &str) -> String {
        self.places.iter().fold(text.to_owned(), |text, (place, value)| text.replace(place, value))
    }

    /// The home folder.
    #[must_use]
    pub fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// The folder in which everything runs.
    #[must_use]
    pub fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    /// Writes a file below the home folder.
    ///
    /// # Errors
    /// The operating system's.
    pub fn file(&self, name: &str, text: &str) -> Result<()> {
        let path = self.home().join(name);
        std::fs::create_dir_all(path.parent().context("no folder")?)?;
        std::fs::write(path, text)?;
        Ok(())
    }

    /// Puts a program on `PATH`: a script.
    ///
    /// # Errors
    /// The operating system's.
    pub fn program(&self, name: &str, script: &str) -> Result<()> {
        let path = self.folder.path().join("bin").join(name);
        std::fs::write(&path, script)?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755))?;
        Ok(())
    }

    /// Puts the real AWS CLI or the real git-remote-codecommit on `PATH`.
    ///
    /// # Errors
    /// What to install.
    pub fn tool(&self, name: &str) -> Result<()> {
        let plain = name.split('@').next().unwrap_or(name);
        std::os::unix::fs::symlink(tools::python_program(name)?, self.folder.path().join("bin").join(plain))?;
        Ok(())
    }

    /// Takes a program off `PATH`.
    ///
    /// # Errors
    /// The operating system's.
    pub fn without(&self, name: &str) -> Result<()> {
        std::fs::remove_file(self.folder.path().join("ordinary").join(name))?;
        Ok(())
    }

    /// Copies a folder's `home`, `bin` and `system.gitconfig` onto the machine.
    ///
    /// # Errors
    /// The operating system's.
    pub fn furnish(&self, from: &Path) -> Result<()> {
        for file in files(&from.join("home"))? {
            let text = self.fill(&std::fs::read_to_string(&file)?);
            self.file(&file.strip_prefix(from.join("home"))?.to_string_lossy(), &text)?;
        }
        for file in files(&from.join("bin"))? {
            let name = file.file_name().and_then(OsStr::to_str).context("no name")?;
            self.program(name, &std::fs::read_to_string(&file)?)?;
        }
        if let Ok(text) = std::fs::read_to_string(from.join("system.gitconfig")) {
            std::fs::write(self.folder.path().join("system.gitconfig"), text)?;
        }
        Ok(())
    }

    /// Every file of the home and working folders with its bytes, to see whether somebody changed one.
    ///
    /// # Errors
    /// The operating system's.
    pub fn snapshot(&self) -> Result<BTreeMap<PathBuf, Vec<u8>>> {
        let all = files(&self.home())?.into_iter().chain(files(&self.work())?);
        all.map(|file| Ok((file.clone(), std::fs::read(file)?))).collect()
    }

    /// Runs a program to its end.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn run(&self, program: impl AsRef<OsStr>, args: &[&str]) -> Result<Output> {
        self.run_within(PATIENCE, program, args)
    }

    fn run_within(&self, patience: &str, program: impl AsRef<OsStr>, args: &[&str]) -> Result<Output> {
        let timeout = tools::system_program("timeout")?;
        let mut command = self.command(timeout);
        command.args(["--kill-after=1", patience]).arg(program.as_ref()).args(args);
        command.output().with_context(|| format!("{} cannot be run", program.as_ref().to_string_lossy()))
    }

    /// Runs a program that reads these bytes.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn feed(&self, program: impl AsRef<OsStr>, args: &[&str], input: &[u8]) -> Result<Output> {
        let timeout = tools::system_program("timeout")?;
        let mut command = self.command(timeout);
        command.args(["--kill-after=1", PATIENCE]).arg(program.as_ref()).args(args);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("{} cannot be run", program.as_ref().to_string_lossy()))?;
        let mut pipe = child.stdin.take().context("no input")?;
        let bytes = input.to_vec();
        // A program may stop reading; that is its right.
        let feeding = std::thread::spawn(move || std::io::Write::write_all(&mut pipe, &bytes));
        let output = child.wait_with_output()?;
        let _ = feeding.join();
        Ok(output)
    }

    /// Runs a program in front of whoever watches.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn show(&self, program: impl AsRef<OsStr>, args: &[&str]) -> Result<ExitStatus> {
        let name = program.as_ref().to_string_lossy().into_owned();
        self.command(program).args(args).status().with_context(|| format!("{name} cannot be run"))
    }

    /// Runs a program without a limit of time, for measuring.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn run_directly(&self, program: &str, args: &[&str]) -> Result<Output> {
        self.command(program).args(args).output().with_context(|| format!("{program} cannot be run"))
    }

    /// The most memory that a program itself had in use, in bytes, without what it started.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn peak_memory(&self, program: &str, args: &[&str]) -> Result<u64> {
        let mut child = self.command(program).args(args).stdout(Stdio::null()).spawn()?;
        let status = format!("/proc/{}/status", child.id());
        let mut peak = 0;
        while child.try_wait()?.is_none() {
            let text = std::fs::read_to_string(&status).unwrap_or_default();
            let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let kibi = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
            peak = peak.max(kibi.unwrap_or_default());
            // The system tells a program's peak only while it runs: it is looked at again and again.
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        Ok(peak * 1024)
    }

    /// The command, for whoever wants to run it otherwise.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = match self.overlay() {
            None => Command::new(program),
            Some(plan) => {
                let mut command = Command::new("/usr/bin/unshare");
                command.args(["--mount", "--propagation", "private", "/bin/sh", "-c", &plan, "scene"]).arg(program);
                command
            }
        };
        command.env_clear().envs(&self.env).current_dir(self.work()).stdin(Stdio::null());
        command
    }

    /// The shell's way into a view of the machine with other files in the place of some.
    fn overlay(&self) -> Option<String> {
        let binds = self.overlaid.iter().map(|(from, to)| format!("/bin/mount --bind {} {to}", from.display()));
        let binds: Vec<String> = binds.collect();
        (!binds.is_empty()).then(|| format!("{} && exec \"$@\"", binds.join(" && ")))
    }

    /// Puts one of the lab's SSH keys into the home folder, with its public half, as ssh-keygen would.
    ///
    /// # Errors
    /// The operating system's.
    pub fn ssh_key(&self, name: &str, key: &str) -> Result<()> {
        let (from, to) = (tools::ssh_key(key)?, self.home().join(name));
        let folder = to.parent().context("no folder")?;
        std::fs::create_dir_all(folder)?;
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))?;
        std::fs::copy(&from, &to)?;
        std::fs::set_permissions(&to, std::fs::Permissions::from_mode(0o600))?;
        std::fs::copy(from.with_extension("pub"), format!("{}.pub", to.display()))?;
        Ok(())
    }

    /// Runs git.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn git(&self, args: &[&str]) -> Result<Output> {
        self.run("git", args)
    }

    /// Clones a repository into a new folder.
    ///
    /// # Errors
    /// When git cannot be started.
    pub fn clone(&self, url: &str) -> Result<Output> {
        self.clone_within(url, None)
    }

    /// The same, ended after so many seconds.
    ///
    /// # Errors
    /// When git cannot be started.
    pub fn clone_within(&self, url: &str, seconds: Option<u32>) -> Result<Output> {
        let number = self.clones.fetch_add(1, Ordering::Relaxed);
        let patience = seconds.map_or_else(|| PATIENCE.to_owned(), |seconds| seconds.to_string());
        self.run_within(&patience, "git", &["clone", "--quiet", url, &format!("clone-{number}")])
    }

    /// Runs a line as a person would, in a shell.
    ///
    /// # Errors
    /// When there is no shell.
    pub fn shell(&self, line: &str) -> Result<Output> {
        self.run("sh", &["-c", line])
    }
}

/// All files below a folder; none when there is no folder.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() { found.extend(files(&path)?) } else { found.push(path) }
    }
    Ok(found)
}
