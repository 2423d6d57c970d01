//! The git program: where it is, which version, built with what, and which others lie behind it on `PATH`.

use super::Facts;
use crate::check::Gap;
use crate::machine::{Ended, Invocation, Machine, Os, Output};
use crate::redact::redact;
use semver::Version;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The git program that a person would run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GitProgram {
    /// Its path, `~` for the home folder; `None` when there is none on `PATH`.
    pub path: Option<String>,
    /// Its version; `None` when it could not be run or its answer not be read.
    pub version: Option<Version>,
    /// What it calls itself, such as `2.39.5 (Apple Git-154)`.
    pub version_text: String,
    /// The version of libcurl that it names (git 2.47 and later do).
    pub curl: Option<Version>,
    /// Why it could not be run.
    pub failure: Option<String>,
    /// Whether its HTTPS part is linked with `GnuTLS`; only looked at in old versions.
    pub gnutls: bool,
    /// Other git programs later on `PATH`.
    pub others: Vec<String>,
}

impl GitProgram {
    /// Whether this git has what came with a version. One whose version is not known is taken to be new.
    #[must_use]
    pub fn at_least(&self, major: u64, minor: u64) -> bool {
        self.version.as_ref().is_none_or(|version| *version >= Version::new(major, minor, 0))
    }

    /// Whether it can be run.
    #[must_use]
    pub fn runs(&self) -> bool {
        self.path.is_some() && self.failure.is_none()
    }
}

/// The folder of git's own programs, which are on no one's `PATH`.
pub(super) async fn exec_path(machine: &Machine) -> Option<String> {
    if let Some(folder) = machine.var_set("GIT_EXEC_PATH") {
        return Some(folder);
    }
    let output = machine.run(Invocation::quick(machine.which("git")?, ["--exec-path"])).await.ok()?;
    Some(output.stdout_text().trim().to_owned()).filter(|folder| !folder.is_empty())
}

/// Observes the git program. A missing one is a fact, not a gap.
///
/// # Errors
/// None at present.
pub async fn observe(facts: &Facts) -> Result<GitProgram, Gap> {
    let machine = &facts.machine;
    let mut programs = machine.which_all("git").into_iter();
    let Some(program) = programs.next() else { return Ok(GitProgram::default()) };
    let real = machine.resolve(&program);
    let mut git = GitProgram {
        path: Some(machine.tilde(&program)),
        others: programs.filter(|other| machine.resolve(other) != real).map(|other| machine.tilde(&other)).collect(),
        ..GitProgram::default()
    };
    match version(machine, &program).await {
        Ok(output) if output.success() => {
            let text = output.stdout_text();
            text.lines()
                .next()
                .unwrap_or_default()
                .trim()
                .trim_start_matches("git version ")
                .clone_into(&mut git.version_text);
            git.version = read_version(&git.version_text);
            git.curl = text.lines().find_map(|line| line.strip_prefix("libcurl: ")).and_then(read_version);
        }
        Ok(output) if output.ended == Ended::TimedOut => git.failure = Some("gives no answer".to_owned()),
        Ok(output) => {
            git.failure = Some(first_line(&output.stderr_text()).unwrap_or_else(|| format!("{:?}", output.ended)));
        }
        Err(error) => git.failure = Some(error.to_string()),
    }
    if git.runs() && !git.at_least(2, 7) {
        git.gnutls = is_linked_with_gnutls(facts, &program).await;
    }
    Ok(git)
}

/// Asks for the version. A git that cannot read its configuration says nothing else, so it is asked again without one.
async fn version(machine: &Machine, program: &Path) -> std::io::Result<Output> {
    let asking = || Invocation::quick(program, ["version", "--build-options"]);
    let output = machine.run(asking()).await?;
    if output.ended == Ended::TimedOut || output.success() {
        return Ok(output);
    }
    let nowhere = if machine.os() == Os::Windows { "NUL" } else { "/dev/null" };
    let bare = ["GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_DIR"]
        .iter()
        .fold(asking(), |asking, name| asking.env(name, nowhere));
    // Before 2.32 git knows no GIT_CONFIG_GLOBAL and looks below HOME.
    let again = machine.run(bare.env("HOME", "").env("XDG_CONFIG_HOME", nowhere)).await?;
    Ok(if again.success() { again } else { output })
}

async fn is_linked_with_gnutls(facts: &Facts, program: &Path) -> bool {
    let Ok(output) = facts.machine.run(Invocation::quick(program, ["--exec-path"])).await else { return false };
    let helper = Path::new(output.stdout_text().trim()).join("git-remote-https");
    let bytes = facts.machine.read(helper).await.unwrap_or_default();
    bytes.windows(14).any(|window| window == b"libcurl-gnutls")
}

fn first_line(text: &str) -> Option<String> {
    text.lines().map(str::trim).find(|line| !line.is_empty()).map(redact)
}

/// Reads the number at the beginning of what git calls its version: `2.39.5 (Apple Git-154)`, `2.11.0.windows.3`, `1.7.9`.
#[must_use]
pub fn read_version(text: &str) -> Option<Version> {
    let number: String = text.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
    let mut parts = number.split('.').map(str::parse::<u64>);
    let major = parts.next()?.ok()?;
    let mut next = || parts.next().and_then(Result::ok).unwrap_or(0);
    Some(Version::new(major, next(), next()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_every_vendor_are_read() {
        for (text, version) in [
            ("2.47.3", (2, 47, 3)),
            ("2.39.5 (Apple Git-154)", (2, 39, 5)),
            ("2.11.0.windows.3", (2, 11, 0)),
            ("1.9.5.msysgit.0", (1, 9, 5)),
            ("1.7.9", (1, 7, 9)),
            ("2.50.0.rc1.3.gabc", (2, 50, 0)),
            ("2.43", (2, 43, 0)),
        ] {
            assert_eq!(read_version(text), Some(Version::new(version.0, version.1, version.2)), "{text}");
        }
        assert_eq!(read_version("no version"), None);
    }
}
