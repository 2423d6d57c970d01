//! The program behind a helper: where it is, and whether it can run.

use super::{Helper, HelperKind};
use crate::facts::git;
use crate::machine::{Machine, Os};
use std::path::PathBuf;

/// Looks for the program that a helper runs, and for the interpreter that the program needs.
pub(super) async fn find(machine: &Machine, helper: &mut Helper) {
    let built_in = matches!(helper.kind, HelperKind::Store(_) | HelperKind::Cache);
    if !helper.program.looked_for || built_in {
        return;
    }
    let found = match machine.which(&helper.program.name) {
        None if helper.program.bare && helper.aws().is_none() => in_exec_path(machine, &helper.program.name).await,
        found => found,
    };
    // On Windows git's shell finds no `aws.cmd`, which is what some installers put on PATH.
    let runs = |path: &PathBuf| {
        machine.os() != Os::Windows || path.extension().is_none_or(|ending| !ending.eq_ignore_ascii_case("cmd"))
    };
    let Some(path) = found.filter(runs) else { return };
    let shebang = machine.first_line(&path).await.unwrap_or_default();
    if let Some(interpreter) = shebang.strip_prefix("#!").map(str::trim) {
        let program = interpreter.split_whitespace().next().unwrap_or_default();
        let missing = machine.os() != Os::Windows && !machine.exists(&PathBuf::from(program));
        helper.program.missing_interpreter = missing.then(|| interpreter.to_owned());
        helper.program.python_script = interpreter.contains("python");
    }
    helper.program.path = Some(machine.tilde(&path));
}

/// Looks among git's own programs, which are on no one's `PATH`.
async fn in_exec_path(machine: &Machine, name: &str) -> Option<PathBuf> {
    let folder = git::exec_path(machine).await?;
    machine.which_in(name, folder).into_iter().next()
}
