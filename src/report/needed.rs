//! `explain --needs`: the least that the doctor itself needs to give its verdicts, made from the registry.

use super::style::Style;
use crate::check::Check;
use crate::needs::{Action, On};
use crate::select::nearest;
use anyhow::{Result, bail};
use std::fmt::Write;

/// What one check, or all, need: hosts, files, and the least IAM policy.
///
/// # Errors
/// One line for the person when there is no such check.
pub fn needed(checks: &[&'static Check], id: Option<&str>, style: Style) -> Result<String> {
    let chosen: Vec<&Check> = checks.iter().copied().filter(|check| id.is_none_or(|id| check.id == id)).collect();
    if let (Some(id), true) = (id, chosen.is_empty()) {
        match nearest(checks.iter().map(|check| check.id), id) {
            Some(near) => bail!("there is no check {id:?}; did you mean {near}?"),
            None => bail!("there is no check {id:?}; `codecommit-doctor list` shows them all"),
        }
    }
    let mut text = "With less than this a check says \"unknown\", and never that all is well.\n".to_owned();
    for check in &chosen {
        let _ = write!(text, "\n{}\n{}", style.bold(check.id), lines(check));
    }
    let actions: Vec<&Action> = chosen.iter().flat_map(|check| check.needs.all_actions()).collect();
    if actions.is_empty() {
        text.push_str("\nNo permission in AWS is needed.\n");
    } else {
        let head = style.bold("The least IAM policy");
        let _ = write!(text, "\n{head}, with your own REGION, ACCOUNT, REPOSITORY and ROLE\n{}\n", policy(&actions));
    }
    Ok(text)
}

fn lines(check: &Check) -> String {
    let mut text = String::new();
    for action in check.needs.all_actions() {
        let _ = writeln!(text, "  action  {} {}", action.name, action.why);
    }
    for (word, all) in [("host", check.needs.hosts), ("file", check.needs.files)] {
        for one in all {
            let _ = writeln!(text, "  {word:6}  {one}");
        }
    }
    if text.is_empty() { "  what git itself prints\n".to_owned() } else { text }
}

/// A policy with these actions, one statement for everything that they are taken on.
fn policy(actions: &[&Action]) -> String {
    let mut statements = Vec::new();
    for on in [On::Repository, On::Everything, On::Key, On::User, On::Role, On::Identity, On::Policy] {
        let mut names: Vec<&str> = actions.iter().filter(|action| action.on == on).map(|action| action.name).collect();
        names.sort_unstable();
        names.dedup();
        if !names.is_empty() {
            statements.push(format!(
                "    {{\"Effect\": \"Allow\", \"Action\": {}, \"Resource\": {}}}",
                list(&names),
                list(on.resources())
            ));
        }
    }
    format!("{{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n{}\n  ]\n}}", statements.join(",\n"))
}

fn list(all: &[&str]) -> String {
    format!("[{}]", all.iter().map(|one| format!("\"{one}\"")).collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::ALL;

    const PLAIN: Style = Style { width: 80, colour: false, unicode: true, verbose: false, quiet: false };

    #[test]
    fn the_policy_is_json_and_holds_every_action() {
        let text = needed(ALL, None, PLAIN).unwrap();
        let policy = &text[text.find('{').unwrap()..];
        let read: serde_json::Value = serde_json::from_str(policy).expect(policy);
        let statements = read["Statement"].as_array().unwrap();
        let allowed: Vec<&str> = statements
            .iter()
            .flat_map(|statement| statement["Action"].as_array().unwrap())
            .filter_map(|action| action.as_str())
            .collect();
        for action in ALL.iter().flat_map(|check| check.needs.all_actions()) {
            assert!(allowed.contains(&action.name), "{}", action.name);
        }
    }

    #[test]
    fn one_check_can_be_asked_about() {
        let text = needed(ALL, Some("repository"), PLAIN).unwrap();
        assert!(text.contains("codecommit:GetRepository") && !text.contains("kms:"), "{text}");
        assert!(needed(ALL, Some("git-version"), PLAIN).unwrap().contains("No permission in AWS is needed"));
        let error = needed(ALL, Some("repositry"), PLAIN).unwrap_err().to_string();
        assert_eq!(error, "there is no check \"repositry\"; did you mean repository?");
    }
}
