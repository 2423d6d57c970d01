//! Policies in words and as JSON: the kinds that decide together, and the least statement that would help.
//!
//! Sources: "Policy evaluation logic" and "Troubleshoot access denied error messages" (IAM user guide).

use serde::{Deserialize, Serialize};

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

/// A statement that denies actions everywhere but on a resource.
#[must_use]
pub fn deny_elsewhere(actions: &[&str], resource: &str) -> String {
    statement("Deny", actions, "NotResource", resource, "")
}

/// A statement that denies actions unless CodeCommit takes them for the caller.
#[must_use]
pub fn deny_unless_codecommit(actions: &[&str], region: &str) -> String {
    let condition =
        format!(r#"{{"StringNotEqualsIfExists": {{"kms:ViaService": "codecommit.{region}.amazonaws.com"}}}}"#);
    statement("Deny", actions, "Resource", "*", &condition)
}

/// A statement that denies everything but these actions to whoever has not signed in with MFA.
#[must_use]
pub fn deny_others_without_mfa(actions: &[&str]) -> String {
    let actions = list(actions);
    format!(
        r#"{{"Effect": "Deny", "NotAction": {actions}, "Resource": "*", "Condition": {{"BoolIfExists": {{"aws:MultiFactorAuthPresent": "false"}}}}}}"#
    )
}

/// A statement that denies pushing to a branch, and lets the first request of a push through, which names none.
#[must_use]
pub fn deny_branch(repository: &str, branch: &str) -> String {
    let condition = format!(
        r#"{{"StringEqualsIfExists": {{"codecommit:References": ["{branch}"]}}, "Null": {{"codecommit:References": "false"}}}}"#
    );
    statement("Deny", &["codecommit:GitPush"], "Resource", repository, &condition)
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
            deny_elsewhere(&["codecommit:GitPull", "codecommit:GitPush"], arn),
            deny_unless_codecommit(&KEY_ACTIONS, region),
            deny_others_without_mfa(&["codecommit:GitPull"]),
            deny_branch(arn, "refs/heads/main"),
        ] {
            let read: serde_json::Value = serde_json::from_str(&text).expect(&text);
            assert!(read["Effect"].is_string(), "{text}");
        }
    }

    #[test]
    fn kinds_are_read_as_aws_writes_them() {
        assert_eq!(Kind::read("VPC endpoint policy"), Some(Kind::VpcEndpoint));
        assert_eq!(Kind::read("sessions policy"), Some(Kind::Session));
        assert_eq!(Kind::read("some policy"), None);
    }
}
