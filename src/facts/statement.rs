//! The text of a statement that denies, read to know what it looks at. Without the permission to read it, nothing is known.

use super::simulation::Statement;
use aws_sdk_iam::Client;
use serde_json::Value;

/// The condition keys of a statement, by the place that IAM's simulation gave.
pub(super) async fn condition_keys(iam: &Client, principal: &str, statement: &Statement) -> Option<Vec<String>> {
    let span = statement.span?;
    let document = document(iam, principal, &statement.policy).await?;
    let document = percent_encoding::percent_decode_str(&document).decode_utf8().ok()?;
    keys(&cut(&document, span)?)
}

/// A policy's text. IAM calls an inline policy `user_ann_NoPull`: the type, the owner, the name; and a managed one by its name.
async fn document(iam: &Client, principal: &str, policy: &str) -> Option<String> {
    let owner = principal.rsplit('/').next()?;
    if let Some(name) = policy.strip_prefix(&format!("user_{owner}_")) {
        let answer = iam.get_user_policy().user_name(owner).policy_name(name).send().await.ok()?;
        return Some(answer.policy_document().to_owned());
    }
    if let Some(name) = policy.strip_prefix(&format!("role_{owner}_")) {
        let answer = iam.get_role_policy().role_name(owner).policy_name(name).send().await.ok()?;
        return Some(answer.policy_document().to_owned());
    }
    if let Some((group, name)) = policy.strip_prefix("group_").and_then(|rest| rest.split_once('_')) {
        let answer = iam.get_group_policy().group_name(group).policy_name(name).send().await.ok()?;
        return Some(answer.policy_document().to_owned());
    }
    let arn = if policy.starts_with("arn:") {
        policy.to_owned()
    } else {
        let mut parts = principal.split(':');
        let (partition, account) = (parts.nth(1)?, parts.nth(2)?);
        format!("arn:{partition}:iam::{account}:policy/{policy}")
    };
    let answer = iam.get_policy().policy_arn(&arn).send().await.ok()?;
    let version = answer.policy()?.default_version_id()?;
    let answer = iam.get_policy_version().policy_arn(&arn).version_id(version).send().await.ok()?;
    answer.policy_version()?.document().map(str::to_owned)
}

/// The text between two places. Lines and columns count from 1; a later statement begins at the comma in front of it.
fn cut(text: &str, (start, end): ((i32, i32), (i32, i32))) -> Option<String> {
    let offset = |(line, column): (i32, i32)| {
        let line = usize::try_from(line).ok()?.checked_sub(1)?;
        let column = usize::try_from(column).ok()?.checked_sub(1)?;
        let before: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
        let rest = text.get(before..)?;
        Some(before + rest.char_indices().nth(column).map_or(rest.len(), |(at, _)| at))
    };
    Some(text.get(offset(start)?..offset(end)?)?.trim_start_matches([',', ' ', '\n', '\r', '\t']).to_owned())
}

/// The condition keys of a statement.
fn keys(statement: &str) -> Option<Vec<String>> {
    let read: Value = serde_json::from_str(statement).ok()?;
    let operators = read.get("Condition").and_then(Value::as_object);
    let keys = operators.into_iter().flat_map(|operators| operators.values()).filter_map(Value::as_object);
    Some(keys.flat_map(|keys| keys.keys().cloned()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_cut_out_by_its_place() {
        let text = "{\"Statement\": [{\"Effect\": \"Allow\"},\n {\"Effect\": \"Deny\", \"Condition\": {\"Bool\": {\"aws:x\": 1}}}]}";
        assert_eq!(cut(text, ((1, 16), (1, 35))).as_deref(), Some("{\"Effect\": \"Allow\"}"));
        let second = cut(text, ((1, 35), (2, 57))).unwrap();
        assert_eq!(keys(&second), Some(vec!["aws:x".to_owned()]), "{second}");
        assert_eq!(keys("{\"Effect\": \"Deny\"}"), Some(vec![]));
        assert_eq!((cut(text, ((0, 0), (9, 9))), keys("{")), (None, None));
    }
}
