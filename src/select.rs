//! Which checks run: `--only` and `--skip`, by id, group or pattern.

use crate::check::Check;
use anyhow::{Result, bail};

/// The checks that are left, in the registry's order.
///
/// # Errors
/// One line for the person when a selector fits no check, or nothing is left.
pub fn select(all: &[&'static Check], only: &[String], skip: &[String]) -> Result<Vec<&'static Check>> {
    for selector in only.iter().chain(skip) {
        if !all.iter().any(|check| fits(check, selector)) {
            bail!("there is no check or group {selector:?}{}", suggestion(all, selector));
        }
    }
    let wanted = |check: &&&'static Check| only.is_empty() || only.iter().any(|selector| fits(check, selector));
    let chosen: Vec<_> =
        all.iter().filter(wanted).filter(|check| !skip.iter().any(|selector| fits(check, selector))).copied().collect();
    if chosen.is_empty() {
        bail!("--only and --skip leave no check to run");
    }
    Ok(chosen)
}

fn fits(check: &Check, selector: &str) -> bool {
    let pattern = regex_lite::escape(selector).replace(r"\*", ".*").replace(r"\?", ".");
    let pattern = regex_lite::Regex::new(&format!("^(?:{pattern})$"));
    pattern.is_ok_and(|pattern| pattern.is_match(check.id) || pattern.is_match(check.group.name()))
}

fn suggestion(all: &[&'static Check], selector: &str) -> String {
    let names = all.iter().flat_map(|check| [check.id, check.group.name()]);
    match nearest(names, selector) {
        Some(near) => format!("; did you mean {near}?"),
        None => "; `codecommit-doctor list` shows them all".to_owned(),
    }
}

/// The name that is most like a word, when it is near enough to have been meant.
pub fn nearest<'a>(names: impl Iterator<Item = &'a str>, word: &str) -> Option<&'a str> {
    let distance = |name: &&str| strsim::damerau_levenshtein(name, word);
    names.min_by_key(distance).filter(|name| distance(name) <= 2.max(word.len() / 3))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::ALL;

    fn ids(only: &[&str], skip: &[&str]) -> Result<Vec<&'static str>> {
        let own = |list: &[&str]| list.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
        Ok(select(ALL, &own(only), &own(skip))?.iter().map(|check| check.id).collect())
    }

    #[test]
    fn ids_groups_and_patterns_select() {
        assert_eq!(ids(&[], &[]).unwrap().len(), ALL.len());
        assert_eq!(ids(&["keychain"], &[]).unwrap(), ["keychain"]);
        assert_eq!(ids(&["git"], &[]).unwrap(), ["git-version", "git-config"]);
        assert_eq!(ids(&["aws-*"], &["*-identity"]).unwrap(), ["aws-credentials"]);
    }

    #[test]
    fn an_unknown_name_is_an_error_that_suggests() {
        assert_eq!(
            ids(&["keychian"], &[]).unwrap_err().to_string(),
            "there is no check or group \"keychian\"; did you mean keychain?"
        );
        assert!(ids(&["zzzzzzzz"], &[]).unwrap_err().to_string().contains("list"));
        assert!(ids(&["clock"], &["clock"]).is_err());
    }
}
