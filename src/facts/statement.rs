//! The texts of the statements that decide, read to know what they look at. Where that is not allowed, nothing is known.

use aws_sdk_iam::Client;
use futures_util::future::join_all;
use serde_json::Value;

/// How many policies of each kind are read.
const MOST: usize = 20;

/// Line and column, from 1.
pub(super) type Place = (i32, i32);

/// The statement of a principal's policy, by the policy's id and the place in it, as IAM's simulation gives them.
pub(super) async fn read(iam: &Client, principal: &str, policy: &str, span: (Place, Place)) -> Option<String> {
    cut(&document(iam, principal, policy).await?, span)
}

/// The condition keys of the statements that would allow an action on a resource; nothing when the policies may not be read.
pub(super) async fn conditions_to_allow(
    iam: &Client,
    principal: &str,
    action: &str,
    resource: &str,
) -> Option<Vec<String>> {
    let owner = owner(principal);
    let (inline, attached, of_groups) =
        tokio::join!(inline_names(iam, principal), attached(iam, principal), of_groups(iam, principal));
    let (inline, attached) = (inline?, attached?);
    let own = join_all(inline.iter().take(MOST).map(|name| inline_document(iam, principal, owner, name))).await;
    let managed = join_all(attached.iter().map(|(_, arn)| managed_document(iam, arn))).await;
    // What could not be read may be the one that would allow it.
    let documents: Option<Vec<String>> = own.into_iter().chain(managed).chain(of_groups?).collect();
    let documents = documents?.into_iter();
    let statements = documents.filter_map(|text| serde_json::from_str::<Value>(&text).ok()).flat_map(|document| {
        match &document["Statement"] {
            Value::Array(many) => many.clone(),
            one => vec![one.clone()],
        }
    });
    let about = statements.filter(|one| {
        one["Effect"] == "Allow"
            && is_about(&one["Action"], &one["NotAction"], action)
            && is_about(&one["Resource"], &one["NotResource"], resource)
    });
    Some(about.flat_map(|statement| keys(&statement)).collect())
}

fn owner(principal: &str) -> &str {
    principal.rsplit('/').next().unwrap_or(principal)
}

fn is_role(principal: &str) -> bool {
    principal.contains(":role/")
}

/// A policy's text. IAM calls an inline policy `user_ann_NoPull`: the type, the owner, the name; and a managed one by its name.
async fn document(iam: &Client, principal: &str, policy: &str) -> Option<String> {
    let owner = owner(principal);
    let kind = if is_role(principal) { "role" } else { "user" };
    if let Some(name) = policy.strip_prefix(&format!("{kind}_{owner}_")) {
        return inline_document(iam, principal, owner, name).await;
    }
    if let Some(rest) = policy.strip_prefix("group_") {
        // Both names may hold the sign that stands between them.
        let cuts = rest.match_indices('_').map(|(at, _)| rest.split_at(at)).take(MOST);
        let tries = cuts.map(|(group, name)| async move {
            let answer = iam.get_group_policy().group_name(group).policy_name(&name[1..]).send().await.ok()?;
            decoded(answer.policy_document())
        });
        return join_all(tries).await.into_iter().flatten().next();
    }
    let arn = if policy.starts_with("arn:") {
        policy.to_owned()
    } else {
        let attached = attached(iam, principal).await.unwrap_or_default();
        let found = attached.into_iter().find(|(name, _)| name == policy).map(|(_, arn)| arn);
        // A group's, or one that may not be listed: most have no path.
        let mut parts = principal.split(':');
        let (partition, account) = (parts.nth(1)?, parts.nth(2)?);
        found.unwrap_or_else(|| format!("arn:{partition}:iam::{account}:policy/{policy}"))
    };
    managed_document(iam, &arn).await
}

async fn inline_names(iam: &Client, principal: &str) -> Option<Vec<String>> {
    let owner = owner(principal);
    if is_role(principal) {
        return Some(iam.list_role_policies().role_name(owner).send().await.ok()?.policy_names().to_vec());
    }
    Some(iam.list_user_policies().user_name(owner).send().await.ok()?.policy_names().to_vec())
}

/// The attached policies: their names and ARNs.
async fn attached(iam: &Client, principal: &str) -> Option<Vec<(String, String)>> {
    let owner = owner(principal);
    let all = if is_role(principal) {
        iam.list_attached_role_policies().role_name(owner).send().await.ok()?.attached_policies().to_vec()
    } else {
        iam.list_attached_user_policies().user_name(owner).send().await.ok()?.attached_policies().to_vec()
    };
    let named = all.iter().filter_map(|one| Some((one.policy_name()?.to_owned(), one.policy_arn()?.to_owned())));
    Some(named.take(MOST).collect())
}

/// The texts of the policies of a user's groups; `None` in the list for one that could not be read.
async fn of_groups(iam: &Client, principal: &str) -> Option<Vec<Option<String>>> {
    if is_role(principal) {
        return Some(Vec::new());
    }
    let groups = iam.list_groups_for_user().user_name(owner(principal)).send().await.ok()?;
    let groups: Vec<String> = groups.groups().iter().take(MOST).map(|group| group.group_name().to_owned()).collect();
    let of_each = groups.iter().map(|group| async move {
        let inline = iam.list_group_policies().group_name(group).send().await.ok()?;
        let attached = iam.list_attached_group_policies().group_name(group).send().await.ok()?;
        let own = inline.policy_names().iter().take(MOST).map(|name| async move {
            let answer = iam.get_group_policy().group_name(group).policy_name(name).send().await.ok()?;
            decoded(answer.policy_document())
        });
        let arns = attached.attached_policies().iter().take(MOST).filter_map(|one| one.policy_arn());
        let managed = arns.map(|arn| managed_document(iam, arn));
        let (own, managed) = tokio::join!(join_all(own), join_all(managed));
        Some(own.into_iter().chain(managed).collect::<Vec<_>>())
    });
    let all: Option<Vec<Vec<Option<String>>>> = join_all(of_each).await.into_iter().collect();
    Some(all?.into_iter().flatten().collect())
}

async fn inline_document(iam: &Client, principal: &str, owner: &str, name: &str) -> Option<String> {
    if is_role(principal) {
        let answer = iam.get_role_policy().role_name(owner).policy_name(name).send().await.ok()?;
        return decoded(answer.policy_document());
    }
    let answer = iam.get_user_policy().user_name(owner).policy_name(name).send().await.ok()?;
    decoded(answer.policy_document())
}

async fn managed_document(iam: &Client, arn: &str) -> Option<String> {
    let answer = iam.get_policy().policy_arn(arn).send().await.ok()?;
    let version = answer.policy()?.default_version_id()?;
    let answer = iam.get_policy_version().policy_arn(arn).version_id(version).send().await.ok()?;
    decoded(answer.policy_version()?.document()?)
}

/// IAM gives texts with percent signs (RFC 3986).
fn decoded(text: &str) -> Option<String> {
    Some(percent_encoding::percent_decode_str(text).decode_utf8().ok()?.into_owned())
}

/// The text between two places. A later statement begins at the comma in front of it.
fn cut(text: &str, (start, end): (Place, Place)) -> Option<String> {
    let offset = |(line, column): Place| {
        let line = usize::try_from(line).ok()?.checked_sub(1)?;
        let column = usize::try_from(column).ok()?.checked_sub(1)?;
        let before: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
        let rest = text.get(before..)?;
        Some(before + rest.char_indices().nth(column).map_or(rest.len(), |(at, _)| at))
    };
    let cut = text.get(offset(start)?..offset(end)?)?.trim_start_matches([',', ' ', '\n', '\r', '\t']);
    serde_json::from_str::<Value>(cut).ok().map(|statement| statement.to_string())
}

/// The condition keys of a statement's text.
pub(super) fn keys_of(statement: &str) -> Vec<String> {
    serde_json::from_str(statement).map(|statement| keys(&statement)).unwrap_or_default()
}

fn keys(statement: &Value) -> Vec<String> {
    let operators = statement.get("Condition").and_then(Value::as_object);
    let keys = operators.into_iter().flat_map(|operators| operators.values()).filter_map(Value::as_object);
    keys.flat_map(|keys| keys.keys().cloned()).collect()
}

/// Whether an element, or the one that says the contrary, is about a name.
fn is_about(element: &Value, contrary: &Value, name: &str) -> bool {
    if contrary.is_null() { covers(element, name) } else { !covers(contrary, name) }
}

/// Whether an element's patterns, with `*` and `?`, cover a name.
fn covers(element: &Value, name: &str) -> bool {
    match element {
        Value::Array(many) => many.iter().any(|one| covers(one, name)),
        // What a variable stands for is not looked up.
        Value::String(pattern) if pattern.contains("${") => true,
        Value::String(pattern) => is_like(&pattern.to_ascii_lowercase(), &name.to_ascii_lowercase()),
        _ => false,
    }
}

fn is_like(pattern: &str, text: &str) -> bool {
    let escaped = pattern.split('*').map(|part| regex_lite::escape(part).replace("\\?", ".")).collect::<Vec<_>>();
    regex_lite::Regex::new(&format!("^{}$", escaped.join(".*"))).is_ok_and(|pattern| pattern.is_match(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_cut_out_by_its_place() {
        let text = "{\"Statement\": [{\"Effect\": \"Allow\"},\n {\"Effect\": \"Deny\", \"Condition\": {\"Bool\": {\"aws:x\": 1}}}]}";
        assert_eq!(cut(text, ((1, 16), (1, 35))).as_deref(), Some("{\"Effect\":\"Allow\"}"));
        let second = cut(text, ((1, 35), (2, 57))).unwrap();
        assert_eq!(keys_of(&second), ["aws:x"]);
        assert_eq!((cut(text, ((0, 0), (9, 9))), cut(text, ((1, 2), (1, 5)))), (None, None));
    }

    #[test]
    fn patterns_cover_names_as_in_policies() {
        for (pattern, name, fits) in [
            ("codecommit:Git*", "codecommit:GitPull", true),
            ("codecommit:gitpul?", "codecommit:GitPull", true),
            ("codecommit:Get*", "codecommit:GitPull", false),
            ("arn:aws:codecommit:*:1:my.repo", "arn:aws:codecommit:us-east-2:1:myxrepo", false),
        ] {
            assert_eq!(covers(&Value::from(pattern), name), fits, "{pattern}");
        }
    }
}
