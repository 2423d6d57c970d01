//! Whether the caller's policies allow `codecommit:GitPull` on the repository: what tells a helper that only disturbs from
//! one that stops Git.

use super::Facts;
use super::api::{Refusal, no_answer};
use super::caller::{Caller, Principal};
use super::repository::Repository;
use crate::check::Gap;
use crate::regions::Partition;

/// Whether the caller, a user, may pull.
pub type Pull = bool;

/// Asks IAM once.
///
/// # Errors
/// A gap when the repository is not in the caller's account, the caller is no user, or IAM does not say.
pub async fn observe(facts: &Facts) -> Result<Pull, Gap> {
    facts.online()?;
    let (caller, repository) = tokio::join!(facts.caller(), facts.repository());
    let (Caller::Known(identity), Repository::Exists { arn, .. }) = (caller?, repository?) else {
        return Err(Gap::unknown("the repository cannot be seen"));
    };
    let Principal::User(_) = identity.principal else {
        return Err(Gap::unknown("IAM was asked for users only"));
    };
    let api = facts.api().await?;
    let keys = facts.credentials().await?.keys()?;
    let iam = aws_sdk_iam::Client::new(&api.sdk(keys, Partition::of(api.region()).iam_region()));
    let request = iam.simulate_principal_policy().policy_source_arn(&identity.arn).resource_arns(arn);
    match request.action_names("codecommit:GitPull").send().await {
        Ok(answer) => Ok(answer.evaluation_results().iter().all(|result| result.eval_decision().as_str() == "allowed")),
        Err(error) => match Refusal::read(&error) {
            Refusal::NoAnswer(why) => Err(no_answer(facts, "IAM", &why).await),
            refusal @ Refusal::Answer { .. } => Err(Gap::unknown(refusal.text())),
        },
    }
}
