//! Who and where we are: operating system, environment variables, home, working directory, `PATH`.

use crate::redact::KnownSecrets;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// The family of operating system, as far as Git and AWS tools behave differently on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Os {
    /// Linux and every other Unix that is not macOS.
    Linux,
    /// macOS.
    MacOs,
    /// Windows.
    Windows,
}

impl Os {
    /// The operating system that this program was built for.
    #[must_use]
    pub fn current() -> Self {
        match std::env::consts::OS {
            "windows" => Self::Windows,
            "macos" => Self::MacOs,
            _ => Self::Linux,
        }
    }
}

/// Where programs are looked for without `PATH` (execvp(3)).
const USUAL_PATH: &str = "/bin:/usr/bin";

/// How long one answer is waited for: of a program, a file, a host.
const PATIENCE: Duration = Duration::from_secs(8);

/// One computer as one user sees it.
#[derive(Clone, Debug)]
pub struct Machine {
    env: BTreeMap<OsString, OsString>,
    cwd: PathBuf,
    os: Os,
    patience: Duration,
    has_terminal: bool,
    secrets: Arc<KnownSecrets>,
}

impl Machine {
    /// The machine that this process runs on.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place where the process's own environment is read")]
    pub fn current() -> Self {
        // A folder that was deleted under the person's feet is no place to run a program in.
        let cwd = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/"));
        let machine = Self::new(Os::current(), std::env::vars_os(), cwd);
        // Where a password would be asked for, whatever standard input is.
        let has_terminal = match machine.os {
            Os::Windows => std::io::IsTerminal::is_terminal(&std::io::stdin()),
            Os::Linux | Os::MacOs => std::fs::File::open("/dev/tty").is_ok(),
        };
        Self { has_terminal, ..machine }
    }

    /// A machine with the given environment; nothing of the process's own is used.
    ///
    /// Values of variables that hold secrets are remembered, so that they can never be printed.
    #[must_use]
    pub fn new(os: Os, env: impl IntoIterator<Item = (OsString, OsString)>, cwd: PathBuf) -> Self {
        let machine = Self {
            env: env.into_iter().collect(),
            cwd,
            os,
            patience: PATIENCE,
            has_terminal: true,
            secrets: Arc::default(),
        };
        for (name, value) in &machine.env {
            if let (Some(name), Some(value)) = (name.to_str(), value.to_str())
                && holds_secret(name)
            {
                machine.secrets.learn(value);
            }
        }
        machine
    }

    /// The same machine for a run that may take this long altogether: no single answer may use it up.
    #[must_use]
    pub fn within(mut self, budget: Duration) -> Self {
        self.patience = PATIENCE.min(budget.mul_f64(0.75));
        self
    }

    /// Whether there is a terminal at which a person can be asked.
    #[must_use]
    pub fn has_terminal(&self) -> bool {
        self.has_terminal
    }

    /// How long one answer is waited for.
    #[must_use]
    pub fn patience(&self) -> Duration {
        self.patience
    }

    /// The same machine for somebody who stands in another folder.
    #[must_use]
    pub fn standing_in(mut self, folder: &Path) -> Self {
        self.cwd = self.cwd.join(folder);
        self
    }

    /// The same machine for somebody who stands in no repository.
    #[must_use]
    pub fn standing_nowhere(mut self) -> Self {
        self.cwd = self.cwd.ancestors().last().unwrap_or(&self.cwd).to_owned();
        self
    }

    /// The operating system's family.
    #[must_use]
    pub fn os(&self) -> Os {
        self.os
    }

    /// The folder that the person stands in.
    #[must_use]
    pub fn cwd(&self) -> &Path {
        &self.cwd
    }

    /// Every secret value seen so far on this machine; the report is scrubbed of them before it is told.
    #[must_use]
    pub fn secrets(&self) -> &KnownSecrets {
        &self.secrets
    }

    /// The value of an environment variable; bytes that are not UTF-8 are replaced. Names are case-insensitive on Windows.
    #[must_use]
    pub fn var(&self, name: &str) -> Option<String> {
        self.var_os(name).map(|value| value.to_string_lossy().into_owned())
    }

    /// Like [`Machine::var`], but an empty value counts as unset.
    #[must_use]
    pub fn var_set(&self, name: &str) -> Option<String> {
        self.var(name).filter(|value| !value.is_empty())
    }

    fn var_os(&self, name: &str) -> Option<&OsStr> {
        if let Some(value) = self.env.get(OsStr::new(name)) {
            return Some(value);
        }
        if self.os != Os::Windows {
            return None;
        }
        self.env.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_os_str())
    }

    /// The whole environment, for a child process.
    pub(super) fn env(&self) -> &BTreeMap<OsString, OsString> {
        &self.env
    }

    /// The home folder that Git uses: `HOME`; on Windows else `HOMEDRIVE` with `HOMEPATH`, else `USERPROFILE`.
    /// Source: `setup_windows_environment` in git's `compat/mingw.c`.
    #[must_use]
    pub fn home(&self) -> Option<PathBuf> {
        let home = self.folder_in("HOME");
        if self.os != Os::Windows {
            return home;
        }
        let drive = self.var_set("HOMEDRIVE").zip(self.var_set("HOMEPATH"));
        let drive = drive.map(|(drive, path)| PathBuf::from(drive + &path)).filter(|path| path.is_dir());
        home.or(drive).or_else(|| self.folder_in("USERPROFILE"))
    }

    /// A path below the folder that the AWS tools take for home: Python's, which on Windows is `USERPROFILE`.
    #[must_use]
    pub fn in_aws_home(&self, path: &str) -> PathBuf {
        let profile = if self.os == Os::Windows { self.folder_in("USERPROFILE") } else { None };
        match profile.or_else(|| self.home()) {
            Some(home) => home.join(path),
            None => self.cwd.join("~").join(path),
        }
    }

    fn folder_in(&self, name: &str) -> Option<PathBuf> {
        self.var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
    }

    /// A path as a person writes it: the home folder becomes `~`.
    #[must_use]
    pub fn tilde(&self, path: &Path) -> String {
        let inside = self.home().and_then(|home| path.strip_prefix(home).ok().map(Path::to_owned));
        match inside {
            Some(rest) if rest.as_os_str().is_empty() => "~".to_owned(),
            Some(rest) => format!("~/{}", rest.display()).replace('\\', "/"),
            None => path.display().to_string(),
        }
    }

    /// A path as a person or a configuration file writes it: `~/` becomes the home folder, a relative path starts at the
    /// working directory.
    #[must_use]
    pub fn expand(&self, path: &str) -> PathBuf {
        match (path.strip_prefix("~/"), self.home()) {
            (Some(rest), Some(home)) => home.join(rest),
            _ => self.cwd.join(path),
        }
    }

    /// Every program of this name on `PATH`, in order. A name with a slash is looked up as a path.
    #[must_use]
    pub fn which_all(&self, name: &str) -> Vec<PathBuf> {
        let folders = self.folders_on_path();
        if folders.is_empty() {
            return Vec::new();
        }
        std::env::join_paths(folders).map(|path| self.which_in(name, path)).unwrap_or_default()
    }

    /// The folders of `PATH`, in order. Nothing from the folder that the person stands in: an empty part of `PATH`, or none at
    /// all, would mean that.
    #[must_use]
    pub fn folders_on_path(&self) -> Vec<PathBuf> {
        let path = self.var_os("PATH").filter(|path| !path.is_empty()).unwrap_or(OsStr::new(USUAL_PATH));
        std::env::split_paths(path).filter(|folder| folder.is_absolute()).collect()
    }

    /// The program that this name runs, if any.
    #[must_use]
    pub fn which(&self, name: &str) -> Option<PathBuf> {
        self.which_all(name).into_iter().next()
    }

    /// Every program of this name in the given list of folders.
    #[must_use]
    pub fn which_in(&self, name: &str, path: impl AsRef<OsStr>) -> Vec<PathBuf> {
        let found = which::which_in_all(name, Some(path), &self.cwd).map(std::iter::Iterator::collect::<Vec<_>>);
        let mut unique = Vec::new();
        for program in found.unwrap_or_default() {
            if !unique.contains(&program) {
                unique.push(program);
            }
        }
        unique
    }

    /// Whether this looks like a continuous-integration job, where nobody watches and no live line is wanted.
    #[must_use]
    pub fn is_ci(&self) -> bool {
        ["CI", "CODEBUILD_BUILD_ID", "TF_BUILD", "JENKINS_URL"].iter().any(|name| self.var_set(name).is_some())
    }
}

/// Whether a variable of this name holds a secret by custom. A variable that names a file or a socket, or chooses among
/// settings (`GCM_CREDENTIAL_STORE`), does not.
fn holds_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let anywhere = ["SECRET", "PASSWORD", "PASSWD", "APIKEY", "API_KEY", "PRIVATE_KEY"];
    let place = ["FILE", "PATH", "SOCK", "URI", "URL", "DIR", "STORE"];
    (name.ends_with("TOKEN") || anywhere.iter().any(|word| name.contains(word)))
        && !place.iter().any(|word| name.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(os: Os, env: &[(&str, &str)]) -> Machine {
        Machine::new(os, env.iter().map(|(k, v)| (k.into(), v.into())), PathBuf::from("/work"))
    }

    #[test]
    fn home_is_shown_as_a_tilde() {
        let linux = machine(Os::Linux, &[("HOME", "/home/ann")]);
        assert_eq!(linux.tilde(Path::new("/home/ann/.gitconfig")), "~/.gitconfig");
        assert_eq!(linux.tilde(Path::new("/etc/gitconfig")), "/etc/gitconfig");
        assert_eq!(linux.expand("~/x"), Path::new("/home/ann/x"));
    }

    #[test]
    fn windows_names_of_variables_ignore_case_and_userprofile_is_a_home() {
        let windows = machine(Os::Windows, &[("UserProfile", "C:/Users/Jörg Ö")]);
        assert_eq!(windows.home(), Some(PathBuf::from("C:/Users/Jörg Ö")));
        assert_eq!(machine(Os::Linux, &[("UserProfile", "/x")]).home(), None);
    }

    #[test]
    fn secrets_of_the_environment_are_known_and_paths_are_not_secrets() {
        let machine = machine(
            Os::Linux,
            &[
                ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG"),
                ("AWS_WEB_IDENTITY_TOKEN_FILE", "/var/run/token"),
                ("GCM_CREDENTIAL_STORE", "keychain"),
            ],
        );
        let told = machine.secrets().scrub("key wJalrXUtnFEMI/K7MDENG /var/run/token osxkeychain");
        assert_eq!(told, "key *** /var/run/token osxkeychain");
    }
}
