//! What the clone holds that CodeCommit does not take, or that changes how Git talks to it. Everything is asked of git, nothing
//! of the working tree is run, and the size of the repository does not matter.

mod files;
mod objects;

pub use objects::Large;

use super::modules::Module;
use super::{Facts, modules};
use crate::check::Gap;
use crate::finding::Evidence;
use crate::machine::{Invocation, Output};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The clone.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WorkingTree {
    /// Its folder, `~` for the home folder.
    pub root: String,
    /// The CodeCommit remote.
    pub remote: Option<String>,
    /// Whether its history is cut off.
    pub shallow: bool,
    /// Whether anything was ever fetched from that remote.
    pub fetched: bool,
    /// How many references it has; counting stops behind the limit.
    pub references: usize,
    /// Where a push of everything is configured.
    pub mirror: Option<Evidence>,
    /// Blobs that CodeCommit does not take.
    pub large: Vec<Large>,
    /// Why not every object was looked at.
    pub not_all: Option<String>,
    /// The line that hands files to Git LFS, where no server for them is named.
    pub lfs: Option<Evidence>,
    /// The filter of a partial clone.
    pub filter: Option<Evidence>,
    /// Where pushing is made atomic.
    pub atomic: Option<Evidence>,
    /// Lines of package files that name a `codecommit:` URL.
    pub packages: Vec<Evidence>,
    /// A `buildspec.yml` that does not let `CodeBuild` answer for Git.
    pub buildspec: Option<Evidence>,
    /// Whether this is a build of `CodeBuild`'s.
    pub in_codebuild: bool,
    /// Submodules on CodeCommit whose https URL no helper answers for.
    pub unanswered: Vec<Module>,
}

/// The most references in one push ("Quotas", CodeCommit user guide).
pub const MOST_REFERENCES: usize = 4000;

/// Observes the clone that the target was found in.
///
/// # Errors
/// [`Gap::NotApplicable`] where there is none.
pub async fn observe(facts: &Facts) -> Result<WorkingTree, Gap> {
    let root = modules::root(facts).await?;
    let git = facts.git().await?;
    let Some(program) = facts.machine.which("git").filter(|_| git.runs()) else {
        return Err(Gap::blocked("git-version", "git cannot be run"));
    };
    let config = facts.git_config().await?;
    if config.fatal().is_some() {
        return Err(Gap::blocked("git-config", "git's configuration is invalid"));
    }
    let asking = Asking { facts, program, root: &root };
    let remote = facts.target().await?.from.strip_prefix("remote ").map(str::to_owned);
    let own = |name: &str| {
        let key = format!("remote.{}.{name}", remote.as_deref().unwrap_or("origin"));
        config.last(&key).map(super::git_config::Entry::evidence)
    };
    let (shallow, references, fetched, (large, not_all)) = tokio::join!(
        asking.says(&["rev-parse", "--is-shallow-repository"]),
        asking.count(None),
        asking.count(remote.as_deref()),
        objects::large(&asking)
    );
    let machine = &facts.machine;
    let has_server = files::names_lfs_server(machine, config, &root).await;
    Ok(WorkingTree {
        root: machine.tilde(&root),
        shallow: shallow.is_some_and(|text| text == "true"),
        fetched: fetched > 0,
        references,
        mirror: own("mirror"),
        large,
        not_all,
        lfs: files::lfs(machine, &root).await.filter(|_| !has_server),
        filter: own("partialclonefilter"),
        atomic: files::atomic(config),
        packages: files::packages(machine, &root).await,
        buildspec: files::buildspec(machine, &root).await,
        in_codebuild: machine.var_set("CODEBUILD_BUILD_ID").is_some(),
        unanswered: files::unanswered(config, facts.modules().await?),
        remote,
    })
}

/// Asks git about the clone.
pub(super) struct Asking<'a> {
    facts: &'a Facts,
    program: PathBuf,
    root: &'a Path,
}

impl Asking<'_> {
    /// A question. Nothing that is missing is fetched for it.
    fn question(&self, args: &[&str]) -> Invocation {
        let root = self.root.display().to_string();
        let args = ["-C", &root].into_iter().chain(args.iter().copied());
        Invocation::new(&self.program, args.map(str::to_owned)).env("GIT_NO_LAZY_FETCH", "1")
    }

    async fn run(&self, question: Invocation) -> Option<Output> {
        self.facts.machine.run(question).await.ok()
    }

    async fn says(&self, args: &[&str]) -> Option<String> {
        let output = self.run(self.question(args)).await.filter(Output::success)?;
        Some(output.stdout_text().trim().to_owned())
    }

    /// How many references there are, all or a remote's, as far as that matters.
    async fn count(&self, remote: Option<&str>) -> usize {
        let most = format!("--count={}", MOST_REFERENCES + 1);
        let below = remote.map_or_else(|| "refs".to_owned(), |remote| format!("refs/remotes/{remote}"));
        let listed = self.says(&["for-each-ref", &most, "--format=x", &below]).await;
        listed.map_or(0, |text| text.lines().count())
    }
}
