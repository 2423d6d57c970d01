//! Tests over the whole registry. Each says how to mend what it finds.

use super::ALL;
use crate::check::{Check, Group};
use crate::facts::Facts;
use std::collections::{BTreeSet, HashSet};
use std::path::Path;

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("checks")
}

/// The names of the files with an ending, without it.
#[expect(clippy::disallowed_methods, reason = "a guard reads the source tree")]
fn files(ending: &str) -> BTreeSet<String> {
    let names = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names
        .filter_map(|name| name.strip_suffix(ending).map(str::to_owned))
        .filter(|name| name != "mod" && name != "guards")
        .collect()
}

#[test]
fn every_file_is_a_check_and_every_check_has_its_two_files() {
    let checks: BTreeSet<String> = ALL.iter().map(|check| check.id.replace('-', "_")).collect();
    assert_eq!(files(".rs"), checks, "add the missing file to `ALL` in checks/mod.rs, or name it like its check's id");
    assert_eq!(files(".md"), checks, "write checks/<id>.md: it is what `explain` shows");
}

#[test]
fn ids_are_unique_and_kebab_case() {
    let kebab = |id: &str| {
        id.split('-').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()))
    };
    let mut seen = HashSet::new();
    for check in ALL {
        assert!(kebab(check.id) && seen.insert(check.id), "{}: choose another id", check.id);
        let mut findings = HashSet::new();
        for kind in check.findings {
            assert!(kebab(kind.id) && findings.insert(kind.id), "{}/{}: choose another id", check.id, kind.id);
            assert!(
                !kind.title.is_empty() && kind.docs.starts_with("https://"),
                "{}/{}: title and docs",
                check.id,
                kind.id
            );
            for case in kind.cases {
                let number = case.strip_prefix('C').and_then(|number| number.parse::<u32>().ok());
                assert!(number.is_some_and(|number| (1..=123).contains(&number)), "{}/{}: {case}", check.id, kind.id);
            }
        }
    }
}

#[test]
fn explanations_have_their_parts_and_name_every_finding() {
    for check in ALL {
        for heading in ["# ", "## What it checks", "## Why it matters", "## How to fix it", "## Findings"] {
            let found = check.explain.lines().any(|line| line.starts_with(heading));
            assert!(found, "checks/{}.md: add the heading `{heading}`", check.id.replace('-', "_"));
        }
        for kind in check.findings {
            let bullet = format!("- **{}**", kind.id);
            assert!(check.explain.contains(&bullet), "checks/{}.md: explain {}", check.id.replace('-', "_"), kind.id);
        }
        let bullets = check.explain.lines().filter(|line| line.starts_with("- **")).count();
        assert_eq!(bullets, check.findings.len(), "{}: a finding is explained that does not exist", check.id);
    }
}

#[tokio::test]
async fn no_check_finds_anything_on_a_healthy_machine() {
    let facts = Facts::healthy();
    // Of the checks that are for one way of signing in only, these are not for the helper's.
    let is_of_another = |check: &Check| check.id == "git-credentials" || check.group == Group::Ssh;
    for check in ALL.iter().filter(|check| !is_of_another(check)) {
        let verdict = (check.judge)(&facts).await;
        match verdict {
            Ok(verdict) => assert_eq!(verdict.ids(), Vec::<&str>::new(), "{} must find nothing: {verdict:?}", check.id),
            Err(gap) => panic!("{} must give a verdict over `Facts::healthy()`: {gap:?}", check.id),
        }
    }
}

#[tokio::test]
async fn nor_on_one_that_is_set_up_for_git_credentials() {
    let facts = Facts::healthy().with_git_credentials();
    for check in ALL.iter().filter(|check| check.group != Group::Ssh) {
        match (check.judge)(&facts).await {
            Ok(verdict) => assert_eq!(verdict.ids(), Vec::<&str>::new(), "{} must find nothing: {verdict:?}", check.id),
            Err(gap) => panic!("{} must give a verdict: {gap:?}", check.id),
        }
    }
}

#[tokio::test]
async fn nor_on_one_that_is_set_up_for_ssh() {
    let facts = Facts::healthy().over_ssh();
    let here = [Group::Git, Group::Target, Group::Network, Group::Ssh, Group::Access];
    for check in ALL.iter().filter(|check| here.contains(&check.group)) {
        match (check.judge)(&facts).await {
            Ok(verdict) => assert_eq!(verdict.ids(), Vec::<&str>::new(), "{} must find nothing: {verdict:?}", check.id),
            Err(gap) => panic!("{} must give a verdict: {gap:?}", check.id),
        }
    }
}

#[test]
fn needs_are_written_as_policies_and_people_read_them() {
    for check in ALL {
        for action in check.needs.all_actions() {
            let known = ["codecommit:", "iam:", "kms:", "sts:"].iter().any(|service| action.name.starts_with(service));
            assert!(
                known && action.why.starts_with("to ") | action.why.starts_with("for "),
                "{}: {action:?}",
                check.id
            );
        }
        let is_aws = check.group == Group::Aws;
        assert!(!is_aws || !check.needs.hosts.is_empty(), "{}: name the hosts that it asks", check.id);
    }
}
