//! Settings for one run of git, in the environment: arguments are visible to everybody, and a setting can hold a secret.

use crate::machine::{Invocation, Machine};

/// The same run with more settings, which win over those in files. Those that the person's own environment carries stay
/// (git-config(1), `GIT_CONFIG_COUNT`; git 2.31 and later).
pub(super) fn with(machine: &Machine, run: Invocation, settings: &[(&str, &str)]) -> Invocation {
    let before: usize = match machine.var_set("GIT_CONFIG_COUNT").map(|count| count.parse()) {
        None => 0,
        Some(Ok(count)) => count,
        // Git stops at a count that is no number, and shall do so here as well.
        Some(Err(_)) => return run,
    };
    let all = run.env("GIT_CONFIG_COUNT", (before + settings.len()).to_string());
    settings.iter().zip(before..).fold(all, |run, ((key, value), at)| {
        run.env(format!("GIT_CONFIG_KEY_{at}"), *key).env(format!("GIT_CONFIG_VALUE_{at}"), *value)
    })
}
