//! IAM policies, evaluated. Source: "Policy evaluation logic" and "IAM JSON policy elements reference" (IAM user guide).

use crate::world::Policy;
use serde_json::Value;

/// What the policies say of one action.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Decision {
    /// A statement denies it.
    pub(crate) denied: bool,
    /// A statement allows it, and nothing denies it.
    pub(crate) allowed: bool,
    /// The denial comes from the organization.
    pub(crate) by_scp: bool,
    /// The identity's statements that decided.
    pub(crate) statements: Vec<Matched>,
}

/// A statement that matched, by its place in the policy's text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Matched {
    pub(crate) policy: String,
    pub(crate) start: (usize, usize),
    pub(crate) end: (usize, usize),
}

/// What is asked for.
pub(crate) struct Question<'a> {
    pub(crate) action: &'a str,
    pub(crate) resource: &'a str,
    /// Condition keys and their values.
    pub(crate) context: &'a [(String, String)],
}

/// Evaluates an identity's policies and the organization's. The organization allows whatever it does not deny.
pub(crate) fn evaluate(identity: &[Policy], scps: &[Policy], question: &Question<'_>) -> Decision {
    let matched = |policies: &[Policy], effect: &str| -> Vec<Matched> {
        policies.iter().flat_map(|policy| matches(policy, effect, question)).collect()
    };
    if !matched(scps, "Deny").is_empty() {
        return Decision { denied: true, by_scp: true, ..Decision::default() };
    }
    let denials = matched(identity, "Deny");
    if !denials.is_empty() {
        return Decision { denied: true, statements: denials, ..Decision::default() };
    }
    let statements = matched(identity, "Allow");
    Decision { allowed: !statements.is_empty(), statements, ..Decision::default() }
}

fn matches(policy: &Policy, effect: &str, question: &Question<'_>) -> Vec<Matched> {
    let document: Value = serde_json::from_str(&policy.document).unwrap_or_default();
    let statements = match &document["Statement"] {
        Value::Array(many) => many.clone(),
        one => vec![one.clone()],
    };
    let places = places(&policy.document);
    let fits = |statement: &Value| {
        statement["Effect"] == effect
            && names(&statement["Action"], &statement["NotAction"], question.action, true)
            && names(&statement["Resource"], &statement["NotResource"], question.resource, false)
            && holds(&statement["Condition"], question)
    };
    statements
        .iter()
        .enumerate()
        .filter(|(_, statement)| fits(statement))
        .map(|(at, _)| {
            let (start, end) = places.get(at).copied().unwrap_or_default();
            Matched { policy: policy.name.clone(), start, end }
        })
        .collect()
}

/// Whether an element, or its negation, covers a name.
fn names(element: &Value, negated: &Value, name: &str, ignore_case: bool) -> bool {
    let fold = |text: &str| if ignore_case { text.to_ascii_lowercase() } else { text.to_owned() };
    let any = |patterns: &Value| texts(patterns).iter().any(|pattern| like(&fold(pattern), &fold(name)));
    if negated.is_null() { any(element) } else { !any(negated) }
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(many) => many.iter().flat_map(texts).collect(),
        Value::String(one) => vec![one.clone()],
        Value::Bool(one) => vec![one.to_string()],
        _ => Vec::new(),
    }
}

/// Whether a pattern with `*` and `?` covers a text.
fn like(pattern: &str, text: &str) -> bool {
    match (pattern.chars().next(), text.chars().next()) {
        (None, None) => true,
        (Some('*'), _) => {
            like(&pattern[1..], text)
                || text.chars().next().is_some_and(|first| like(pattern, &text[first.len_utf8()..]))
        }
        (Some(wanted), Some(first)) if wanted == '?' || wanted == first => {
            like(&pattern[wanted.len_utf8()..], &text[first.len_utf8()..])
        }
        _ => false,
    }
}

fn holds(condition: &Value, question: &Question<'_>) -> bool {
    let Value::Object(operators) = condition else { return true };
    operators.iter().all(|(operator, keys)| {
        let Value::Object(keys) = keys else { return false };
        keys.iter().all(|(key, wanted)| {
            let found = question
                .context
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case(key))
                .map(|(_, value)| value.as_str());
            let (operator, if_exists) =
                operator.strip_suffix("IfExists").map_or((operator.as_str(), false), |bare| (bare, true));
            let wanted = texts(wanted);
            match (operator, found) {
                ("Null", found) => wanted.iter().any(|wanted| (wanted == "true") == found.is_none()),
                // A negated operator matches when the key is absent.
                ("StringNotEquals" | "StringNotLike", None) => true,
                (_, None) => if_exists,
                ("StringNotEquals", Some(found)) => !wanted.iter().any(|wanted| wanted == found),
                ("StringNotLike", Some(found)) => !wanted.iter().any(|wanted| like(wanted, found)),
                ("StringLike", Some(found)) => wanted.iter().any(|wanted| like(wanted, found)),
                (_, Some(found)) => wanted.iter().any(|wanted| wanted == found),
            }
        })
    })
}

type Place = (usize, usize);

/// Where each statement starts and ends: line and column, from 1.
fn places(document: &str) -> Vec<(Place, Place)> {
    let Some(list) = document.find("\"Statement\"") else { return Vec::new() };
    let mut places = Vec::new();
    let (mut depth, mut quoted, mut escaped, mut start) = (0, false, false, 0);
    for (at, character) in document.char_indices().skip_while(|(at, _)| *at < list + "\"Statement\"".len()) {
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '{' if !quoted => {
                if depth == 0 {
                    start = at;
                }
                depth += 1;
            }
            '}' if !quoted && depth > 0 => {
                depth -= 1;
                if depth == 0 {
                    places.push((place(document, start), place(document, at + 1)));
                }
            }
            _ => {}
        }
    }
    places
}

fn place(text: &str, at: usize) -> Place {
    let before = &text[..at];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(document: &str) -> Policy {
        Policy { name: "p".into(), document: document.into() }
    }

    fn decide(document: &str, context: &[(&str, &str)]) -> Decision {
        let context: Vec<_> = context.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let question = Question { action: "kms:Decrypt", resource: "arn:aws:kms:us-east-2:1:key/k", context: &context };
        evaluate(&[policy(document)], &[], &question)
    }

    #[test]
    fn a_denial_wins_and_its_place_is_known() {
        let decision = decide(
            "{\"Statement\": [\n  {\"Effect\": \"Allow\", \"Action\": \"*\", \"Resource\": \"*\"},\n  {\"Effect\": \"Deny\", \"NotAction\": \"s3:*\", \"Resource\": \"*\"}\n]}",
            &[],
        );
        assert!(decision.denied && !decision.allowed);
        assert_eq!((decision.statements[0].start, decision.statements[0].end), ((3, 3), (3, 59)));
    }

    #[test]
    fn negated_conditions_match_an_absent_key() {
        let deny = r#"{"Statement": {"Effect": "Deny", "Action": "kms:*", "Resource": "*", "Condition": {"StringNotEquals": {"kms:ViaService": "codecommit.us-east-2.amazonaws.com"}}}}"#;
        assert!(decide(deny, &[]).denied);
        assert!(!decide(deny, &[("kms:ViaService", "codecommit.us-east-2.amazonaws.com")]).denied);
    }

    #[test]
    fn what_nothing_names_is_neither_allowed_nor_denied() {
        let decision = decide(r#"{"Statement": {"Effect": "Allow", "Action": "kms:Encrypt", "Resource": "*"}}"#, &[]);
        assert_eq!(decision, Decision::default());
    }
}
