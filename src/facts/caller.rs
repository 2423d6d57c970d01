//! Who AWS takes the caller for, and which Git credentials that IAM user has.

use super::Facts;
use super::api::{Refusal, no_answer};
use crate::check::Gap;
use crate::regions::Partition;
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

    /// Whether the credentials are temporary and so can have no Git credentials.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        matches!(self.principal, Principal::Role(_) | Principal::Federated)
    }
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

/// The Git credentials that the calling IAM user has, or why they are not known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum GitCredentials {
    /// The user names, each with whether it is active.
    Listed(Vec<(String, bool)>),
    /// IAM did not say; code and message.
    Refused(String),
}

impl GitCredentials {
    /// The first active user name.
    #[must_use]
    pub fn active(&self) -> Option<&str> {
        match self {
            Self::Listed(list) => list.iter().find(|(_, active)| *active).map(|(name, _)| name.as_str()),
            Self::Refused(_) => None,
        }
    }
}

/// Asks IAM once. Without a user name, IAM lists those of the calling user.
///
/// # Errors
/// A gap when there are no credentials, they are temporary, or IAM gives no answer.
pub async fn observe_git_credentials(facts: &Facts) -> Result<GitCredentials, Gap> {
    facts.online()?;
    let credentials = facts.credentials().await?;
    if credentials.found().is_some_and(|found| found.temporary) {
        return Err(Gap::not_applicable("only IAM users have Git credentials, and these credentials are temporary"));
    }
    let api = facts.api().await?;
    let client = aws_sdk_iam::Client::new(&api.sdk(credentials.keys()?, Partition::of(api.region()).iam_region()));
    match client.list_service_specific_credentials().service_name("codecommit.amazonaws.com").send().await {
        Ok(answer) => {
            let listed = answer.service_specific_credentials().iter();
            Ok(GitCredentials::Listed(
                listed.map(|one| (one.service_user_name().to_owned(), one.status().as_str() == "Active")).collect(),
            ))
        }
        Err(error) => match Refusal::read(&error) {
            Refusal::NoAnswer(why) => Err(no_answer(facts, "IAM", &why).await),
            answer @ Refusal::Answer { .. } => Ok(GitCredentials::Refused(answer.text())),
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
            ("nonsense", Principal::Other),
        ] {
            assert_eq!(Identity::read(arn, "111122223333").principal, principal, "{arn}");
        }
    }
}
