//! The texts of the statements that decide, read to know what they look at. Where that is not allowed, nothing is known.

mod documents;

use aws_sdk_iam::Client;
use serde_json::Value;

/// Line and column, from 1.
pub(super) type Place = (i32, i32);

/// The statement of a principal's policy, by the policy's id and the place in it, as IAM's simulation gives them.
pub(super) async fn read(iam: &Client, principal: &str, policy: &str, span: (Place, Place)) -> Option<String> {
    cut(&documents::of(iam, principal, policy).await?, span)
}

/// The condition keys of the statements that would allow an action on a resource; nothing when the policies may not be read.
pub(super) async fn conditions_to_allow(
    iam: &Client,
    principal: &str,
    action: &str,
    resource: &str,
) -> Option<Vec<String>> {
    let documents = documents::all(iam, principal).await?.into_iter();
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
    if contrary.is_null() {
        return covers(element, name);
    }
    !covers(contrary, name) || contrary.to_string().contains("${")
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
            assert_eq!(is_about(&Value::Null, &Value::from(pattern), name), !fits, "all but {pattern}");
        }
        let variable = Value::from("arn:aws:codecommit:*:*:${aws:username}");
        assert!(is_about(&variable, &Value::Null, "any") && is_about(&Value::Null, &variable, "any"));
    }
}
