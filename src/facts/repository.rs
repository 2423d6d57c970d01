//! The repository as the CodeCommit API describes it.

use super::access::Access;
use super::api::{Refusal, no_answer};
use super::{Facts, principal};
use crate::check::Gap;
use serde::{Deserialize, Serialize};

/// What `codecommit:GetRepository` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Repository {
    /// It exists in the caller's account and the URL's region.
    Exists {
        /// Its ARN.
        arn: String,
        /// The branch that a clone checks out; none before the first push.
        default_branch: Option<String>,
        /// The KMS key that encrypts it: an id or an ARN.
        key: Option<String>,
    },
    /// It does not.
    Missing,
    /// The API refused, with this code and message; encryption errors are among them.
    Refused {
        /// The error's code.
        code: String,
        /// Its message.
        message: String,
    },
}

impl Repository {
    /// The branch that a clone checks out.
    #[must_use]
    pub fn default_branch(&self) -> Option<&str> {
        match self {
            Self::Exists { default_branch, .. } => default_branch.as_deref(),
            _ => None,
        }
    }
}

/// Whether the repository is not there: by what Git was told, or by the API's word, where that looks where Git looks.
pub async fn is_missing(facts: &Facts) -> bool {
    let (access, repository, asker) = tokio::join!(facts.access(), facts.repository(), facts.asker());
    let access = access.ok();
    if access.is_some_and(Access::works) {
        return false;
    }
    let repository = repository.ok();
    if access.and_then(|access| access.refusal.as_ref()).is_some_and(|answer| answer.status == 404) {
        return !matches!(repository, Some(Repository::Exists { .. }));
    }
    let is_here = asker.is_ok_and(|asker| asker.account == asker.identity.account)
        && principal::presents_another(facts).await.is_none();
    is_here && repository == Some(&Repository::Missing)
}

/// Asks CodeCommit once.
///
/// # Errors
/// A gap when there is no repository name, no credentials or no answer.
pub async fn observe(facts: &Facts) -> Result<Repository, Gap> {
    facts.online()?;
    let name = facts.target().await?.effective.as_ref().and_then(|url| url.repository.clone());
    let name = name.ok_or_else(|| Gap::not_applicable("no repository is named"))?;
    let credentials = facts.credentials().await?;
    let api = facts.api().await?;
    let client = aws_sdk_codecommit::Client::new(&api.sdk(credentials.keys()?, api.region()));
    match client.get_repository().repository_name(name).send().await {
        Ok(answer) => {
            let metadata = answer.repository_metadata();
            Ok(Repository::Exists {
                arn: metadata.and_then(|data| data.arn()).unwrap_or_default().to_owned(),
                default_branch: metadata.and_then(|data| data.default_branch()).map(str::to_owned),
                key: metadata.and_then(|data| data.kms_key_id()).map(str::to_owned),
            })
        }
        Err(error) => match Refusal::read(&error) {
            Refusal::Answer { code, .. } if code == "RepositoryDoesNotExistException" => Ok(Repository::Missing),
            Refusal::Answer { code, message } => Ok(Repository::Refused { code, message }),
            Refusal::NoAnswer(why) => Err(no_answer(facts, "CodeCommit", &why).await),
        },
    }
}
