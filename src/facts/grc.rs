//! git-remote-codecommit: where it is installed, which Python runs it, and what that Python's botocore makes of the set-up.
//!
//! Source: git-remote-codecommit's own `__init__.py`; gitremote-helpers(7).

mod launcher;
mod places;
mod python;

pub use launcher::Launcher;
pub use python::{Answer, Botocore};

use super::{Facts, api, choice, git};
use crate::check::Gap;
use crate::finding::Evidence;
use crate::machine::Machine;
use crate::target::{CloneUrl, Protocol};
use launcher::Interpreter;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The program's name.
pub const NAME: &str = "git-remote-codecommit";

/// git-remote-codecommit on this machine.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Grc {
    /// Where it is.
    pub install: Install,
    /// What the Python that runs it says.
    pub python: Option<Answer>,
    /// Why git cannot connect over https on its behalf.
    pub https: Option<String>,
}

/// Where git-remote-codecommit is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Install {
    /// Git finds it.
    OnPath(Launcher),
    /// There is a file of its name on `PATH`, which may not be executed.
    NotExecutable(String),
    /// Git does not find it.
    Missing {
        /// Where it is all the same, `~` for the home folder.
        elsewhere: Vec<String>,
        /// The file with which this machine's Python keeps pip from installing anything.
        pip_blocked: Option<String>,
        /// Programs on `PATH` that can install it, the most suitable first.
        installers: Vec<String>,
    },
}

impl Default for Install {
    fn default() -> Self {
        Self::Missing { elsewhere: Vec::new(), pip_blocked: None, installers: Vec::new() }
    }
}

/// A certificate bundle that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bundle {
    /// The file.
    pub file: String,
    /// Where it is named.
    pub seen: Evidence,
    /// Why it cannot be read.
    pub why: String,
}

/// Observes git-remote-codecommit, where the clone URL or a submodule needs it.
///
/// # Errors
/// [`Gap::NotApplicable`] where nothing does.
pub async fn observe(facts: &Facts) -> Result<Grc, Gap> {
    let target = facts.target().await?;
    let is_grc = |url: &CloneUrl| url.protocol == Protocol::Grc;
    let url = target.effective.as_ref().or(target.given.as_ref());
    let by_module =
        async { facts.modules().await.is_ok_and(|modules| modules.iter().any(|module| is_grc(&module.url))) };
    if !url.is_some_and(is_grc) && !by_module.await {
        return Err(Gap::not_applicable("this clone URL does not use git-remote-codecommit"));
    }
    let machine = &facts.machine;
    let Some(path) = machine.which(NAME) else {
        let install = match places::not_executable(machine) {
            Some(path) => Install::NotExecutable(machine.tilde(&path)),
            None => Install::Missing {
                elsewhere: places::elsewhere(machine).await,
                pip_blocked: places::pip_blocked(machine),
                installers: places::installers(machine),
            },
        };
        return Ok(Grc { install, ..Grc::default() });
    };
    let (launcher, interpreter) = launcher::read(machine, &path).await;
    let profile = choice::choose(facts).await.ok().filter(|choice| choice.explicit).map(|choice| choice.profile);
    let (python, programs) =
        tokio::join!(ask(machine, &path, interpreter, profile.as_deref()), git::exec_path(machine));
    let https = programs.as_deref().and_then(|folder| without_https(machine, Path::new(folder)));
    Ok(Grc { install: Install::OnPath(launcher), python, https })
}

async fn ask(machine: &Machine, path: &Path, interpreter: Interpreter, profile: Option<&str>) -> Option<Answer> {
    match interpreter {
        Interpreter::Known(argv) => Some(python::ask(machine, path, &argv, profile).await),
        Interpreter::Missing => None,
        Interpreter::Unknown => Some(python::run_by_hand(machine, path).await),
    }
}

/// The certificate bundle that its botocore is told to use, where it cannot be read: the file, where it is named, and why.
pub async fn unreadable_bundle(facts: &Facts) -> Option<Bundle> {
    let (file, seen) = api::bundle(facts).await?;
    let why = facts.machine.read(facts.machine.expand(&file)).await.err()?.to_string();
    Some(Bundle { file, seen, why })
}

/// git-remote-codecommit hands over to `git remote-http`, which is one of git's own programs, or on `PATH`.
fn without_https(machine: &Machine, folder: &Path) -> Option<String> {
    let there = !machine.which_in("git-remote-http", folder).is_empty() || machine.which("git-remote-http").is_some();
    (!there).then(|| format!("git-remote-http is not in {}", machine.tilde(folder)))
}
