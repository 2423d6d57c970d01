use super::*;
use crate::facts::modules::Module;
use crate::facts::working_tree::Large;
use crate::target::CloneUrl;

fn told(change: impl FnOnce(&mut WorkingTree)) -> (Vec<&'static str>, Option<Severity>) {
    let mut tree = WorkingTree { root: "~/demo".to_owned(), references: 3, fetched: true, ..WorkingTree::default() };
    change(&mut tree);
    let verdict = judge(&tree);
    (verdict.ids(), verdict.severity())
}

fn seen(text: &str) -> Evidence {
    Evidence::at("~/demo/x", Some(1), text)
}

fn module() -> Module {
    let url = CloneUrl::read("https://git-codecommit.us-east-2.amazonaws.com/v1/repos/lib");
    Module { name: "lib".to_owned(), url, seen: Evidence::at(".gitmodules", Some(3), "url = ...") }
}

#[test]
fn an_ordinary_clone_is_fine() {
    assert_eq!(told(|_| ()).0, Vec::<&str>::new());
    assert_eq!(told(|tree| tree.references = MOST_REFERENCES).0, Vec::<&str>::new());
}

#[test]
fn a_cut_history_matters_where_it_came_from_elsewhere() {
    assert_eq!(told(|tree| tree.shallow = true), (vec!["shallow-clone"], Some(Severity::Note)));
    let elsewhere = told(|tree| (tree.shallow, tree.fetched) = (true, false));
    assert_eq!(elsewhere, (vec!["shallow-clone"], Some(Severity::Warning)));
}

#[test]
fn limits_are_told_when_they_are_passed() {
    assert_eq!(told(|tree| tree.references = MOST_REFERENCES + 1).0, ["too-many-refs"]);
    let large = vec![Large { id: "abc".to_owned(), size: 2_684_354_560 }];
    assert_eq!(told(|tree| tree.large = large).0, ["large-objects"]);
}

#[test]
fn what_codecommit_does_not_offer_is_told() {
    assert_eq!(told(|tree| tree.lfs = Some(seen("*.psd filter=lfs"))).0, ["lfs-unsupported"]);
    assert_eq!(told(|tree| tree.atomic = Some(seen("atomic = true"))).0, ["atomic-push"]);
    assert_eq!(told(|tree| tree.filter = Some(seen("blob:none"))), (vec!["partial-clone"], Some(Severity::Note)));
}

#[test]
fn other_urls_in_the_clone_are_looked_at() {
    assert_eq!(told(|tree| tree.packages = vec![seen("codecommit://lib")]).0, ["submodule-url"]);
    assert_eq!(told(|tree| tree.unanswered = vec![module()]).0, ["submodule-url"]);
    let build = |tree: &mut WorkingTree| {
        (tree.in_codebuild, tree.buildspec, tree.unanswered) = (true, Some(seen("no helper")), vec![module()]);
    };
    assert_eq!(told(build), (vec!["codebuild-helper-off"], Some(Severity::Error)));
    assert_eq!(told(|tree| tree.buildspec = Some(seen("no helper"))).0, Vec::<&str>::new(), "outside of CodeBuild");
}
