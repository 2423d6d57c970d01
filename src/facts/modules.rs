//! The submodules of the working tree: `.gitmodules`, which git reads like any of its configuration files (gitmodules(5)).

use super::Facts;
use crate::check::Gap;
use crate::finding::Evidence;
use crate::machine::Invocation;
use crate::target::CloneUrl;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// One submodule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Module {
    /// Its name.
    pub name: String,
    /// Its URL.
    pub url: CloneUrl,
    /// Where that stands.
    pub seen: Evidence,
}

/// The folder of the working tree that the target was found in, or that is a clone of it.
///
/// # Errors
/// [`Gap::NotApplicable`] where the target has nothing to do with a working tree.
pub async fn root(facts: &Facts) -> Result<PathBuf, Gap> {
    let chosen = &facts.request.target;
    let none = || Gap::not_applicable("the doctor stands in no clone of this repository");
    let root = chosen.worktree.clone().ok_or_else(none)?;
    if chosen.from.starts_with("remote ") {
        return Ok(root);
    }
    let url = chosen.url.as_ref().ok_or_else(none)?;
    let config = facts.git_config().await?;
    let mut remotes = config.section("remote").filter(|(_, name, _)| *name == "url");
    if remotes.any(|(_, _, entry)| entry.exact() == url.expose()) { Ok(root) } else { Err(none()) }
}

/// The submodules; none where there is no working tree.
///
/// # Errors
/// None at present.
pub async fn observe(facts: &Facts) -> Result<Vec<Module>, Gap> {
    let machine = &facts.machine;
    let Ok(root) = root(facts).await else { return Ok(Vec::new()) };
    let file = root.join(".gitmodules");
    let Some(git) = machine.which("git").filter(|_| machine.exists(&file)) else { return Ok(Vec::new()) };
    let path = file.display().to_string();
    let listing = Invocation::quick(git, ["config", "--file", &path, "-z", "--get-regexp", r"^submodule\..*\.url$"]);
    let Ok(output) = machine.run(listing).await else { return Ok(Vec::new()) };
    let text = machine.read_text(&file).await.unwrap_or_default();
    let shown = machine.tilde(&file);
    let modules = output.stdout_text();
    let modules = modules.split('\0').filter_map(|entry| {
        let (key, url) = entry.split_once('\n')?;
        let url = CloneUrl::read(url);
        let line =
            text.lines().position(|line| line.contains(&url.shown)).and_then(|line| u32::try_from(line + 1).ok());
        Some(Module {
            name: key.strip_prefix("submodule.")?.strip_suffix(".url")?.to_owned(),
            seen: Evidence::at(&shown, line, format!("url = {}", url.shown)),
            url,
        })
    });
    Ok(modules.collect())
}
