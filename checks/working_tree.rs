//! What the clone holds is something that CodeCommit takes.

use crate::check::{Check, Group, Verdict};
use crate::docs;
use crate::facts::working_tree::{MOST_REFERENCES, WorkingTree};
use crate::finding::{Evidence, Finding, FindingKind, Fix, Severity};
use crate::needs::Needs;

/// The check.
pub(super) static CHECK: Check = Check {
    id: "working-tree",
    title: "The clone holds nothing that CodeCommit does not take",
    group: Group::Repository,
    explain: include_str!("working_tree.md"),
    findings: &[&SHALLOW, &REFERENCES, &LARGE, &LFS, &ATOMIC, &PARTIAL, &SUBMODULE, &CODEBUILD],
    needs: Needs {
        actions: &[],
        reads_policies: false,
        hosts: &[],
        files: &[".gitmodules", ".gitattributes", ".lfsconfig", "buildspec.yml", "package files"],
    },
    judge: |facts| Box::pin(async move { Ok(judge(facts.working_tree().await?)) }),
};

static SHALLOW: FindingKind =
    FindingKind::warning("shallow-clone", "The history is cut off", &["C111"], docs::GIT_SHALLOW);
static REFERENCES: FindingKind =
    FindingKind::warning("too-many-refs", "More references than one push may have", &["C110"], docs::LIMITS);
static LARGE: FindingKind =
    FindingKind::warning("large-objects", "A file is larger than CodeCommit takes", &["C109"], docs::LIMITS);
static LFS: FindingKind =
    FindingKind::warning("lfs-unsupported", "Git LFS has no server to go to", &["C114"], docs::TROUBLE_GIT);
static ATOMIC: FindingKind = FindingKind::warning(
    "atomic-push",
    "Pushing asks for what CodeCommit does not offer",
    &["C112"],
    docs::TROUBLE_GIT,
);
static PARTIAL: FindingKind =
    FindingKind::note("partial-clone", "A filter that CodeCommit ignores", &["C115"], docs::GIT_CLONE);
static SUBMODULE: FindingKind = FindingKind::warning(
    "submodule-url",
    "Another URL in the clone cannot be used as it is",
    &["C57", "C118"],
    docs::TROUBLE_GRC,
);
static CODEBUILD: FindingKind =
    FindingKind::error("codebuild-helper-off", "CodeBuild does not answer for Git", &["C118"], docs::CODEBUILD_SPEC);

fn judge(tree: &WorkingTree) -> Verdict {
    let findings = [
        codebuild(tree),
        large(tree),
        references(tree),
        shallow(tree),
        lfs(tree),
        atomic(tree),
        submodules(tree),
        packages(tree),
        partial(tree),
    ];
    let s = if tree.references == 1 { "" } else { "s" };
    let more = if tree.references > MOST_REFERENCES { "more than " } else { "" };
    let references = tree.references.min(MOST_REFERENCES);
    let not_all = tree.not_all.as_ref().map(|why| format!("; not every object was looked at: {why}"));
    let summary = format!("{} with {more}{references} reference{s}{}", tree.root, not_all.unwrap_or_default());
    Verdict::new(summary, findings.into_iter().flatten().collect())
}

/// A clone may push to where it came from; elsewhere its history has a hole.
fn shallow(tree: &WorkingTree) -> Option<Finding> {
    if !tree.shallow {
        return None;
    }
    let message = "The history of this clone is cut off, and CodeCommit takes no push with a hole in it.";
    let fix = Fix::manual("Fetch the rest (in GitHub Actions: fetch-depth: 0)").run(["git", "fetch", "--unshallow"]);
    let seen = Evidence::new("git rev-parse --is-shallow-repository", "true");
    let finding = Finding::new(&SHALLOW, message).seen(seen).fix(fix);
    Some(if tree.fetched { finding.at_most(Severity::Note) } else { finding })
}

fn references(tree: &WorkingTree) -> Option<Finding> {
    if tree.references <= MOST_REFERENCES {
        return None;
    }
    let message =
        format!("There are more than {MOST_REFERENCES} references, and one push may change no more than that.");
    let fix = Fix::manual("Push branches and tags apart, and tags in parts").docs(docs::LIMITS);
    let finding = Finding::new(&REFERENCES, message)
        .seen(Evidence::new("git for-each-ref", format!("more than {MOST_REFERENCES}")))
        .fix(fix);
    Some(match &tree.mirror {
        Some(seen) => finding.seen(seen.clone()),
        None => finding,
    })
}

fn large(tree: &WorkingTree) -> Option<Finding> {
    let first = tree.large.first()?;
    let count = tree.large.len();
    let what = if count == 1 { "a file" } else { "files" };
    let message = format!("The history holds {what} of more than 2 GiB, which CodeCommit does not take.");
    let gib = |size: u64| format!("{}.{} GiB", size >> 30, ((size >> 20) % 1024) * 10 / 1024);
    let finding = tree.large.iter().take(3).fold(Finding::new(&LARGE, message), |finding, large| {
        finding.seen(Evidence::new(format!("blob {}", large.id), gib(large.size)))
    });
    let find = Fix::manual("See which commits hold it, and take it out of the history").run([
        "git",
        "log",
        "--all",
        "--oneline",
        &format!("--find-object={}", first.id),
    ]);
    Some(finding.fix(find.docs(docs::LIMITS)))
}

fn lfs(tree: &WorkingTree) -> Option<Finding> {
    let seen = tree.lfs.as_ref()?;
    let message = "Files are handed to Git LFS, and CodeCommit has no server for it.";
    let fix =
        Fix::manual("Name another LFS server (lfs.url in .lfsconfig), or keep the files in Git").docs(docs::LIMITS);
    Some(Finding::new(&LFS, message).seen(seen.clone()).fix(fix))
}

fn atomic(tree: &WorkingTree) -> Option<Finding> {
    let seen = tree.atomic.as_ref()?;
    let message = "A push with --atomic, which is set up here, is refused: CodeCommit does not offer it.";
    let fix = Fix::manual("Push to CodeCommit without --atomic");
    Some(Finding::new(&ATOMIC, message).seen(seen.clone()).fix(fix))
}

fn partial(tree: &WorkingTree) -> Option<Finding> {
    let seen = tree.filter.as_ref()?;
    let message = "A filter is set for this remote; CodeCommit ignores filters and sends everything.";
    let fix = Fix::manual("For less to fetch, make a shallow clone: git clone --depth 1").docs(docs::GIT_CLONE);
    Some(Finding::new(&PARTIAL, message).seen(seen.clone()).fix(fix))
}

fn submodules(tree: &WorkingTree) -> Option<Finding> {
    let module = tree.unanswered.first().filter(|_| !tree.in_codebuild)?;
    let message = format!("No helper answers for the https URL of the submodule {}.", module.name);
    let fix = Fix::manual("Set up a credential helper for it, or let its URL be of the same kind as the clone's")
        .docs(docs::SETUP_HELPER);
    Some(Finding::new(&SUBMODULE, message).seen(module.seen.clone()).fix(fix))
}

fn packages(tree: &WorkingTree) -> Option<Finding> {
    let first = tree.packages.first()?;
    let message = format!("{} names a codecommit: URL, which package managers do not understand.", first.source);
    let fix = Fix::manual(
        "Write git+https://git-codecommit.REGION.amazonaws.com/v1/repos/NAME there, and use a credential helper",
    );
    let finding = tree.packages.iter().cloned().fold(Finding::new(&SUBMODULE, message), Finding::seen);
    Some(finding.fix(fix.docs(docs::SETUP_HELPER)))
}

fn codebuild(tree: &WorkingTree) -> Option<Finding> {
    let seen = tree.buildspec.as_ref().filter(|_| tree.in_codebuild)?;
    let module = tree.unanswered.first()?;
    let message = format!("CodeBuild answers for no Git host, so the submodule {} cannot be fetched.", module.name);
    let fix = Fix::manual("Switch CodeBuild's helper on in the buildspec")
        .instruct("env:")
        .instruct("  git-credential-helper: yes")
        .docs(docs::CODEBUILD_SPEC);
    Some(Finding::new(&CODEBUILD, message).seen(seen.clone()).seen(module.seen.clone()).fix(fix))
}

#[cfg(test)]
mod tests;
