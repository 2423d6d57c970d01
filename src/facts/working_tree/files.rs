//! What files of the working tree say. They are read and never run.

use crate::facts::git_config::{Entry, GitConfig};
use crate::facts::helpers::HelperChain;
use crate::facts::modules::Module;
use crate::finding::Evidence;
use crate::machine::Machine;
use crate::redact::redact;
use crate::target::Protocol;
use std::path::Path;

/// Files in which package managers are told where packages are.
const PACKAGE_FILES: &[&str] = &[
    "package.json",
    "requirements.txt",
    "pyproject.toml",
    "Pipfile",
    "setup.py",
    "setup.cfg",
    "go.mod",
    "Gemfile",
    "composer.json",
    "Cargo.toml",
];

/// How many lines are told.
const MOST: usize = 3;

/// The first line of a file that passes a test.
async fn line(machine: &Machine, file: &Path, passes: impl Fn(&str) -> bool) -> Option<Evidence> {
    let text = machine.read_text(file).await.ok()?;
    let (number, line) = (1..).zip(text.lines()).find(|(_, line)| passes(line))?;
    Some(Evidence::at(machine.tilde(file), Some(number), redact(line.trim())))
}

/// Where files are handed to Git LFS (gitattributes(5)).
pub(super) async fn lfs(machine: &Machine, root: &Path) -> Option<Evidence> {
    let hands_over = |line: &str| !line.trim_start().starts_with('#') && line.contains("filter=lfs");
    for name in [".gitattributes", ".git/info/attributes"] {
        let found = line(machine, &root.join(name), hands_over).await;
        if found.is_some() {
            return found;
        }
    }
    None
}

/// Whether a server for LFS, or a program in its place, is named: by git's configuration, or by the repository's `.lfsconfig`.
pub(super) async fn names_lfs_server(machine: &Machine, config: &GitConfig, root: &Path) -> bool {
    const NAMES: &[&str] = &["lfsurl", "lfspushurl", "lfsdefault", "standalonetransferagent"];
    let named = |key: &str| {
        let name = key.rsplit('.').next().unwrap_or_default();
        NAMES.contains(&name) || key.starts_with("lfs.") && matches!(name, "url" | "pushurl")
    };
    let written = |line: &str| {
        let key = line.split('=').next().unwrap_or_default().trim().to_ascii_lowercase();
        line.contains('=') && (NAMES.contains(&key.as_str()) || key == "url" || key == "pushurl")
    };
    config.entries.iter().any(|entry| named(&entry.key))
        || line(machine, &root.join(".lfsconfig"), written).await.is_some()
}

/// Where pushing is made atomic: an alias, or a setting of tools that push by themselves.
pub(super) fn atomic(config: &GitConfig) -> Option<Evidence> {
    let setting = config.last("push.atomic").filter(|entry| entry.is_true());
    let alias = || config.section("alias").map(|(_, _, entry)| entry).find(|entry| entry.text().contains("--atomic"));
    setting.or_else(alias).map(Entry::evidence)
}

/// Lines of package files that name a `codecommit:` URL.
pub(super) async fn packages(machine: &Machine, root: &Path) -> Vec<Evidence> {
    let mut found = Vec::new();
    for name in PACKAGE_FILES {
        found.extend(line(machine, &root.join(name), |line| line.contains("codecommit:")).await);
    }
    found.truncate(MOST);
    found
}

/// The build's description, where it does not switch on `git-credential-helper` (Build specification reference for
/// `CodeBuild`).
pub(super) async fn buildspec(machine: &Machine, root: &Path) -> Option<Evidence> {
    for name in ["buildspec.yml", "buildspec.yaml"] {
        let file = root.join(name);
        let Ok(text) = machine.read_text(&file).await else { continue };
        let setting = text.lines().find_map(|line| line.trim().strip_prefix("git-credential-helper:"));
        let on = setting.is_some_and(|value| value.trim().trim_matches(['"', '\'']).eq_ignore_ascii_case("yes"));
        return (!on).then(|| Evidence::new(machine.tilde(&file), "no `git-credential-helper: yes` under env"));
    }
    None
}

/// Submodules on CodeCommit over https for which git would ask no helper.
pub(super) fn unanswered(config: &GitConfig, modules: &[Module]) -> Vec<Module> {
    let is_unanswered = |module: &&Module| {
        let https = module.url.https().filter(|_| module.url.protocol == Protocol::Https && module.url.is_codecommit());
        https.is_some_and(|https| HelperChain::select(config, &https, true).helpers.is_empty())
            && module.url.userinfo.is_none()
    };
    modules.iter().filter(is_unanswered).cloned().collect()
}
