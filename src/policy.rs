//! Policies in words and as JSON: the kinds that decide together, and the least statement that would help.
//!
//! Sources: "Policy evaluation logic" and "Troubleshoot access denied error messages" (IAM user guide).

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The actions that CodeCommit takes on a key for whoever pulls or pushes, as a policy writes them.
/// Source: "AWS KMS and encryption for AWS CodeCommit repositories".
pub const KEY_ACTIONS: [&str; 5] =
    ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"];

/// The kinds of policy that decide together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Of the user, its groups or the role.
    Identity,
    /// Of the resource, such as a key.
    Resource,
    /// The permissions boundary of the user or role.
    Boundary,
    /// Of the session, given when the role was assumed.
    Session,
    /// A service control policy of the organization.
    ServiceControl,
    /// A resource control policy of the organization.
    ResourceControl,
    /// Of the VPC endpoint.
    VpcEndpoint,
    /// The role's trust policy.
    Trust,
}

impl Kind {
    const ALL: [Self; 8] = [
        Self::Identity,
        Self::Resource,
        Self::Boundary,
        Self::Session,
        Self::ServiceControl,
        Self::ResourceControl,
        Self::VpcEndpoint,
        Self::Trust,
    ];

    /// As AWS says it in its error messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity-based policy",
            Self::Resource => "resource-based policy",
            Self::Boundary => "permissions boundary",
            Self::Session => "session policy",
            Self::ServiceControl => "service control policy",
            Self::ResourceControl => "resource control policy",
            Self::VpcEndpoint => "VPC endpoint policy",
            Self::Trust => "role trust policy",
        }
    }

    /// The kind that AWS names so.
    #[must_use]
    pub fn read(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase().replace("sessions policy", "session policy").replace("policies", "policy");
        Self::ALL.into_iter().find(|kind| kind.name().to_ascii_lowercase() == name)
    }
}

/// A policy that is the subject of a sentence, as its object.
#[must_use]
pub fn object(source: &str) -> String {
    let mut source = source.to_owned();
    if let Some(first) = source.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    source
}

/// A statement that allows actions on a resource.
#[must_use]
pub fn allow(actions: &[&str], resource: &str) -> String {
    statement("Allow", actions, "Resource", resource, "")
}

/// A statement that allows actions on a key, when CodeCommit takes them for the caller.
#[must_use]
pub fn allow_through_codecommit(actions: &[&str], key: &str, region: &str) -> String {
    let condition = format!(r#"{{"StringEquals": {{"kms:ViaService": "codecommit.{region}.amazonaws.com"}}}}"#);
    statement("Allow", actions, "Resource", key, &condition)
}

/// A statement of a key's own policy that lets a principal use it.
#[must_use]
pub fn admit(principal: &str, actions: &[&str]) -> String {
    let actions = list(actions);
    format!(r#"{{"Effect": "Allow", "Principal": {{"AWS": "{principal}"}}, "Action": {actions}, "Resource": "*"}}"#)
}

/// A statement of a VPC endpoint's policy that lets everybody take actions on a resource, as far as their own policies allow.
#[must_use]
pub fn allow_anybody(actions: &[&str], resource: &str) -> String {
    let actions = list(actions);
    format!(r#"{{"Effect": "Allow", "Principal": "*", "Action": {actions}, "Resource": "{resource}"}}"#)
}

/// The condition that leaves a principal out of a statement.
#[must_use]
pub fn condition_for_others(principal: &str) -> String {
    format!(r#"{{"ArnNotEquals": {{"aws:PrincipalArn": "{principal}"}}}}"#)
}

/// The condition that leaves out what CodeCommit does for the caller.
#[must_use]
pub fn condition_for_other_services(region: &str) -> String {
    format!(r#"{{"StringNotEqualsIfExists": {{"kms:ViaService": "codecommit.{region}.amazonaws.com"}}}}"#)
}

/// A statement as it reads with one more condition; a value that the condition's key has already stays beside the new one.
/// Nothing for a text that is no statement.
#[must_use]
pub fn with_condition(statement: &str, condition: &str) -> Option<String> {
    let mut statement: Value = serde_json::from_str(statement).ok()?;
    let added: Value = serde_json::from_str(condition).ok()?;
    let empty = || Value::Object(<_>::default());
    let conditions = statement.as_object_mut()?.entry("Condition").or_insert_with(empty).as_object_mut()?;
    for (operator, keys) in added.as_object()? {
        let own = conditions.entry(operator.clone()).or_insert_with(empty).as_object_mut()?;
        for (key, value) in keys.as_object()? {
            let known = own.keys().find(|known| known.eq_ignore_ascii_case(key)).cloned();
            let mut values = match known.as_ref().and_then(|known| own.remove(known)) {
                Some(Value::Array(many)) => many,
                Some(one) => vec![one],
                None => Vec::new(),
            };
            values.push(value.clone());
            let values = if values.len() == 1 { value.clone() } else { Value::Array(values) };
            own.insert(known.unwrap_or_else(|| key.clone()), values);
        }
    }
    Some(written(&statement))
}

/// A statement as it reads when it leaves out some actions as well. Nothing for one that lists the actions that it denies.
#[must_use]
pub fn without_actions(statement: &str, actions: &[&str]) -> Option<String> {
    let mut statement: Value = serde_json::from_str(statement).ok()?;
    let fields = statement.as_object_mut()?;
    let mut left_out = match (fields.get("NotAction"), fields.get("Action")) {
        (Some(Value::Array(all)), _) => all.clone(),
        (Some(one @ Value::String(_)), _) => vec![one.clone()],
        (None, Some(Value::String(all))) if all == "*" => Vec::new(),
        _ => return None,
    };
    left_out.extend(
        actions.iter().map(|action| Value::from(*action)).filter(|one| !left_out.contains(one)).collect::<Vec<_>>(),
    );
    fields.remove("Action");
    fields.insert("NotAction".to_owned(), Value::Array(left_out));
    Some(written(&statement))
}

/// A list of actions, as JSON.
#[must_use]
pub fn actions(actions: &[&str]) -> String {
    written(&Value::from(actions.to_vec()))
}

/// A statement that denies pushing to a branch, and lets the first request of a push through, which names none.
#[must_use]
pub fn deny_branch(repository: &str, branch: &str) -> String {
    let condition = format!(
        r#"{{"StringEqualsIfExists": {{"codecommit:References": ["{branch}"]}}, "Null": {{"codecommit:References": "false"}}}}"#
    );
    statement("Deny", &["codecommit:GitPush"], "Resource", repository, &condition)
}

/// JSON on one line, with spaces at which a terminal can break it.
fn written(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let fields =
                fields.iter().map(|(name, value)| format!("{}: {}", Value::from(name.as_str()), written(value)));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
        }
        Value::Array(all) => format!("[{}]", all.iter().map(written).collect::<Vec<_>>().join(", ")),
        one => one.to_string(),
    }
}

fn statement(effect: &str, actions: &[&str], element: &str, resource: &str, condition: &str) -> String {
    let actions = list(actions);
    let condition = if condition.is_empty() { String::new() } else { format!(r#", "Condition": {condition}"#) };
    format!(r#"{{"Effect": "{effect}", "Action": {actions}, "{element}": "{resource}"{condition}}}"#)
}

fn list(actions: &[&str]) -> String {
    match actions {
        [one] => format!("\"{one}\""),
        many => format!("[{}]", many.iter().map(|one| format!("\"{one}\"")).collect::<Vec<_>>().join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_json() {
        let (arn, region) = ("arn:aws:codecommit:us-east-2:111122223333:x", "us-east-2");
        for text in [
            allow(&["codecommit:GitPull"], arn),
            allow_through_codecommit(&KEY_ACTIONS, arn, region),
            admit(arn, &KEY_ACTIONS),
            allow_anybody(&KEY_ACTIONS, arn),
            deny_branch(arn, "refs/heads/main"),
        ] {
            let read: serde_json::Value = serde_json::from_str(&text).expect(&text);
            assert!(read["Effect"].is_string(), "{text}");
        }
    }

    #[test]
    fn a_statement_is_changed_and_not_written_anew() {
        let deny = r#"{"Sid": "S", "Effect": "Deny", "Action": "codecommit:*", "Resource": "*"}"#;
        let changed: Value =
            serde_json::from_str(&with_condition(deny, &condition_for_others("arn")).unwrap()).unwrap();
        assert_eq!(changed["Condition"]["ArnNotEquals"]["aws:PrincipalArn"], "arn");
        assert_eq!((&changed["Sid"], &changed["Action"]), (&Value::from("S"), &Value::from("codecommit:*")));
        let twice = with_condition(&changed.to_string(), &condition_for_others("other")).unwrap();
        assert!(twice.contains(r#""aws:PrincipalArn": ["arn", "other"]"#), "what stands there stays: {twice}");

        let force = r#"{"Effect": "Deny", "NotAction": ["iam:*"], "Resource": "*"}"#;
        let changed = without_actions(force, &["iam:*", "codecommit:GitPull"]).unwrap();
        assert!(changed.contains(r#""NotAction": ["iam:*", "codecommit:GitPull"]"#), "{changed}");
        let all = without_actions(r#"{"Effect": "Deny", "Action": "*"}"#, &["codecommit:GitPull"]).unwrap();
        assert!(all.contains(r#""NotAction": ["codecommit:GitPull"]"#) && !all.contains("\"Action\""), "{all}");
        assert_eq!(without_actions(deny, &["codecommit:GitPull"]), None);
    }

    #[test]
    fn kinds_are_read_as_aws_writes_them() {
        assert_eq!(Kind::read("VPC endpoint policy"), Some(Kind::VpcEndpoint));
        assert_eq!(Kind::read("sessions policy"), Some(Kind::Session));
        assert_eq!(Kind::read("some policy"), None);
    }
}
