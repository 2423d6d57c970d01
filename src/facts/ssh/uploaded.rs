//! The SSH public keys that IAM knows of the calling user.

use super::identities::Public;
use crate::check::Gap;
use crate::facts::Facts;
use crate::facts::api::{Refusal, no_answer};
use crate::facts::caller::{Caller, Principal};
use crate::facts::principal;
use futures_util::future::join_all;
use serde::{Deserialize, Serialize};

/// The keys, or why they are not known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Uploaded {
    /// All of them; there are five at most.
    Listed {
        /// The user.
        user: String,
        /// The keys.
        keys: Vec<UploadedKey>,
    },
    /// IAM did not say.
    Refused(String),
}

/// One key.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct UploadedKey {
    /// Its id, `APKA...`, which is the user name for SSH.
    pub id: String,
    /// Whether it may be used.
    pub active: bool,
    /// The key itself, where IAM shows it.
    pub public: Option<Public>,
}

/// Asks IAM for the list, then for each key.
///
/// # Errors
/// A gap when there are no credentials, the caller is no IAM user, or IAM gives no answer.
pub async fn observe(facts: &Facts) -> Result<Uploaded, Gap> {
    facts.online()?;
    super::url(facts).await?;
    let Caller::Known(identity) = facts.caller().await? else {
        return Err(Gap::blocked("aws-identity", "AWS does not accept the credentials"));
    };
    let Principal::User(user) = &identity.principal else {
        return Err(Gap::unknown("the AWS credentials are no IAM user's, and only IAM users have SSH keys"));
    };
    let iam = principal::iam(facts).await?;
    let answer = match iam.list_ssh_public_keys().send().await {
        Ok(answer) => answer,
        Err(error) => {
            return match Refusal::read(&error) {
                Refusal::NoAnswer(why) => Err(no_answer(facts, "IAM", &why).await),
                refusal @ Refusal::Answer { .. } => {
                    Ok(Uploaded::Refused(refusal.why("iam:ListSSHPublicKeys", Some(&format!("the user {user}")))))
                }
            };
        }
    };
    let encoding = aws_sdk_iam::types::EncodingType::Ssh;
    let keys = answer.ssh_public_keys().iter().map(async |key| {
        let asked = iam
            .get_ssh_public_key()
            .user_name(user)
            .ssh_public_key_id(key.ssh_public_key_id())
            .encoding(encoding.clone());
        let whole = asked.send().await.ok();
        let body = whole.and_then(|whole| whole.ssh_public_key().map(|key| key.ssh_public_key_body().to_owned()));
        UploadedKey {
            id: key.ssh_public_key_id().to_owned(),
            active: key.status().as_str() == "Active",
            public: body.as_deref().and_then(Public::read),
        }
    });
    Ok(Uploaded::Listed { user: user.clone(), keys: join_all(keys).await })
}
