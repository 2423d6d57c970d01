//! The Git credentials that IAM knows of a user.

use super::Facts;
use super::api::{Refusal, no_answer};
use super::principal::{self, own_git_credential};
use crate::check::Gap;
use serde::{Deserialize, Serialize};

/// The Git credentials of a user, or why they are not known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum GitCredentials {
    /// All of them; there are two at most.
    Listed(Vec<GitCredential>),
    /// IAM did not say; code and message.
    Refused(String),
}

/// One Git credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GitCredential {
    /// Its user name: `<user>-at-<account>`.
    pub name: String,
    /// `Active`, `Inactive`, ...
    pub status: String,
    /// Its id, `ACCA...`, which commands name it by.
    pub id: String,
}

impl GitCredential {
    /// Whether it may be used.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.status == "Active"
    }
}

impl GitCredentials {
    /// The first active user name.
    #[must_use]
    pub fn active(&self) -> Option<&str> {
        match self {
            Self::Listed(list) => list.iter().find(|one| one.is_active()).map(|one| one.name.as_str()),
            Self::Refused(_) => None,
        }
    }
}

/// Asks IAM once: for the user of the Git credential that is kept here, else for the calling user.
///
/// # Errors
/// A gap when there are no credentials, nobody is named who could have some, or IAM gives no answer.
pub async fn observe(facts: &Facts) -> Result<GitCredentials, Gap> {
    facts.online()?;
    let credentials = facts.credentials().await?;
    let user = own_git_credential(facts).await.and_then(|shape| shape.iam_user());
    if user.is_none() && credentials.found().is_some_and(|found| found.temporary) {
        return Err(Gap::not_applicable("only IAM users have Git credentials, and these credentials are temporary"));
    }
    let request =
        principal::iam(facts).await?.list_service_specific_credentials().service_name("codecommit.amazonaws.com");
    match request.set_user_name(user.map(str::to_owned)).send().await {
        Ok(answer) => {
            let listed = answer.service_specific_credentials().iter().map(|one| GitCredential {
                name: one.service_user_name().to_owned(),
                status: one.status().as_str().to_owned(),
                id: one.service_specific_credential_id().to_owned(),
            });
            Ok(GitCredentials::Listed(listed.collect()))
        }
        Err(error) => match Refusal::read(&error) {
            Refusal::NoAnswer(why) => Err(no_answer(facts, "IAM", &why).await),
            // A user that does not exist has none.
            Refusal::Answer { code, .. } if code == "NoSuchEntity" => Ok(GitCredentials::Listed(Vec::new())),
            answer @ Refusal::Answer { .. } => {
                let on = user.map_or_else(|| "the calling user".to_owned(), |user| format!("the user {user}"));
                Ok(GitCredentials::Refused(answer.why("iam:ListServiceSpecificCredentials", Some(&on))))
            }
        },
    }
}
