//! Who AWS takes the caller for.

use super::Facts;
use super::api::{Refusal, no_answer};
use crate::check::Gap;
use serde::{Deserialize, Serialize};

/// Who AWS takes the caller for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Caller {
    /// AWS knows the caller.
    Known(Identity),
    /// AWS refuses the credentials, with this error.
    Refused {
        /// The error's code.
        code: String,
        /// Its message.
        message: String,
    },
}

/// A known caller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The ARN that STS gives.
    pub arn: String,
    /// The account's 12 digits.
    pub account: String,
    /// What kind of principal it is.
    pub principal: Principal,
}

/// The kinds of principal that matter for Git.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Principal {
    /// An IAM user, with its name.
    User(String),
    /// The account's root user.
    Root,
    /// An assumed role, with the role's name.
    Role(String),
    /// A federated user.
    Federated,
    /// Anything else.
    Other,
}

impl Identity {
    /// Reads an ARN as `sts:GetCallerIdentity` gives it (STS API reference).
    #[must_use]
    pub fn read(arn: &str, account: &str) -> Self {
        let resource = arn.splitn(6, ':').nth(5).unwrap_or_default();
        let principal = match resource.split_once('/') {
            None if resource == "root" => Principal::Root,
            Some(("user", path)) => Principal::User(path.rsplit('/').next().unwrap_or(path).to_owned()),
            Some(("assumed-role", rest)) => Principal::Role(rest.split('/').next().unwrap_or(rest).to_owned()),
            Some(("federated-user", _)) => Principal::Federated,
            _ => Principal::Other,
        };
        Self { arn: arn.to_owned(), account: account.to_owned(), principal }
    }

    /// The caller in a few words, and by the ARN.
    #[must_use]
    pub fn describe(&self) -> String {
        let arn = &self.arn;
        match &self.principal {
            Principal::User(_) => format!("IAM user {arn}"),
            Principal::Root => format!("root user {arn}"),
            Principal::Role(name) => match permission_set(name) {
                Some(set) => format!("SSO permission set {set}, {arn}"),
                None => format!("role {arn}"),
            },
            Principal::Federated => format!("federated user {arn}"),
            Principal::Other => arn.clone(),
        }
    }

    /// Whether the credentials are temporary and so can have no Git credentials.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        matches!(self.principal, Principal::Role(_) | Principal::Federated)
    }
}

/// The permission set behind a role that IAM Identity Center made: `AWSReservedSSO_<set>_<16 hexadecimal digits>`.
/// Source: "Referencing permission sets in resource policies" (IAM Identity Center user guide).
fn permission_set(role: &str) -> Option<&str> {
    let (set, suffix) = role.strip_prefix("AWSReservedSSO_")?.rsplit_once('_')?;
    (suffix.len() == 16 && suffix.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(set)
}

/// Asks STS once.
///
/// # Errors
/// A gap when there are no credentials or STS gives no answer.
pub async fn observe(facts: &Facts) -> Result<Caller, Gap> {
    facts.online()?;
    let credentials = facts.credentials().await?;
    let api = facts.api().await?;
    let client = aws_sdk_sts::Client::new(&api.sdk(credentials.keys()?, api.region()));
    match client.get_caller_identity().send().await {
        Ok(answer) => {
            Ok(Caller::Known(Identity::read(answer.arn().unwrap_or_default(), answer.account().unwrap_or_default())))
        }
        Err(error) => match Refusal::read(&error) {
            Refusal::Answer { code, message } => Ok(Caller::Refused { code, message }),
            Refusal::NoAnswer(why) => Err(no_answer(facts, "STS", &why).await),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn principals_are_told_apart() {
        for (arn, principal) in [
            ("arn:aws:iam::111122223333:user/team/ann", Principal::User("ann".into())),
            ("arn:aws:iam::111122223333:root", Principal::Root),
            ("arn:aws-cn:sts::111122223333:assumed-role/Dev/ann@x", Principal::Role("Dev".into())),
            ("arn:aws:sts::111122223333:federated-user/ann", Principal::Federated),
            ("arn:aws-us-gov:iam::111122223333:user/ann", Principal::User("ann".into())),
            ("arn:aws-iso-b:iam::111122223333:root", Principal::Root),
            ("arn:aws-eusc:sts::111122223333:assumed-role/Dev/s", Principal::Role("Dev".into())),
            ("nonsense", Principal::Other),
        ] {
            assert_eq!(Identity::read(arn, "111122223333").principal, principal, "{arn}");
        }
    }

    #[test]
    fn a_permission_set_is_told_by_its_name() {
        let sso = "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Power_User_0123456789abcdef/ann@example.com";
        assert!(Identity::read(sso, "111122223333").describe().starts_with("SSO permission set Power_User, arn:"));
        assert_eq!(permission_set("AWSReservedSSO_Mine"), None);
    }
}
