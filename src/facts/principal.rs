//! Whose policies decide whether Git gets through.

use super::Facts;
use super::api::{Refusal, no_answer};
use super::caller::{Caller, Identity, Principal};
use super::method::Method;
use super::ssh::uploaded::Uploaded;
use crate::check::Gap;
use crate::regions::Partition;
use crate::shape::Shape;

/// Who is asked about.
#[derive(Clone, Debug)]
pub struct Asker {
    /// The caller.
    pub identity: Identity,
    /// The ARN of the principal whose policies decide, or why it cannot be simulated.
    pub principal: Result<String, String>,
    /// Whether that is the caller; with a Git credential it is the credential's user.
    pub is_caller: bool,
    /// The account whose repositories and keys are meant.
    pub account: String,
}

/// The principal whose policies decide: the Git credential's user; else the caller, for a role by its true ARN, which STS
/// gives without its path.
///
/// # Errors
/// A gap when AWS does not know the caller, or IAM gives no answer.
pub async fn observe(facts: &Facts) -> Result<Asker, Gap> {
    let Caller::Known(identity) = facts.caller().await? else {
        return Err(Gap::blocked("aws-identity", "AWS does not accept the credentials"));
    };
    let asker = |principal, is_caller| Asker {
        identity: identity.clone(),
        principal,
        is_caller,
        account: identity.account.clone(),
    };
    if let Some(why) = presents_another(facts).await {
        return Ok(asker(Err(why), false));
    }
    if let Some(shape) = git_credential(facts).await {
        let (user, account) = (shape.iam_user().unwrap_or_default(), shape.account.as_deref().unwrap_or_default());
        if account != identity.account {
            let why = format!(
                "the Git credential is of account {account}, and the AWS credentials are of {}",
                identity.account
            );
            return Ok(Asker { account: account.to_owned(), ..asker(Err(why), false) });
        }
        if identity.principal != Principal::User(user.to_owned()) {
            // A user's path is part of its ARN; most have none.
            let known = iam(facts).await?.get_user().user_name(user).send().await;
            let arn = known.ok().and_then(|answer| answer.user().map(|user| user.arn().to_owned()));
            let partition = Partition::of(facts.api().await?.region()).name();
            let arn = arn.unwrap_or_else(|| format!("arn:{partition}:iam::{account}:user/{user}"));
            return Ok(asker(Ok(arn), false));
        }
    }
    let principal = match &identity.principal {
        Principal::User(_) => Ok(identity.arn.clone()),
        Principal::Role(role) => match iam(facts).await?.get_role().role_name(role).send().await {
            Ok(answer) => Ok(answer.role().map(|role| role.arn().to_owned()).unwrap_or_default()),
            Err(error) => match Refusal::read(&error) {
                Refusal::NoAnswer(why) => return Err(no_answer(facts, "IAM", &why).await),
                refusal @ Refusal::Answer { .. } => Err(refusal.why("iam:GetRole", Some(&format!("the role {role}")))),
            },
        },
        Principal::Root => {
            Err("the root user cannot be simulated, and no policy denies it anything but the organisation's".to_owned())
        }
        Principal::Federated | Principal::Other => Err("IAM can simulate users and roles only".to_owned()),
    };
    Ok(asker(principal, true))
}

/// Why Git presents somebody else than the AWS credentials that the doctor asks with, where that is so and it is no Git
/// credential: with SSH the user of the key, with a helper of its own whoever that signs for.
pub async fn presents_another(facts: &Facts) -> Option<String> {
    let method = facts.method().await.ok()?.method;
    if method == Method::Ssh {
        let unknown = "over SSH the policies of the key's user decide, and the doctor does not know who that is";
        return (!signs_in_with_own_key(facts).await).then(|| unknown.to_owned());
    }
    if method != Method::CredentialHelper {
        return None;
    }
    let offered = facts.offered().await.ok()?.shape()?;
    let sent = offered.user.split('%').next().filter(|_| offered.is_signature())?;
    let own = &facts.credentials().await.ok()?.found()?.key_id;
    // Every session has a key of its own, so two of them may be of the same role.
    let sessions = sent.starts_with("ASIA") && own.starts_with("ASIA");
    (sent != own && !sessions)
        .then(|| format!("Git's helper signs with {sent}, and not with {own}, which the doctor has"))
}

/// Whether the key as which ssh signs in is one of the caller's.
async fn signs_in_with_own_key(facts: &Facts) -> bool {
    let id = facts.ssh().await.ok().and_then(|ssh| ssh.key_id());
    match (facts.ssh_uploaded().await, id) {
        (Ok(Uploaded::Listed { keys, .. }), Some(id)) => keys.iter().any(|key| key.id == id),
        _ => false,
    }
}

/// A client for IAM, which is one for the whole partition.
///
/// # Errors
/// A gap when there are no credentials.
pub(super) async fn iam(facts: &Facts) -> Result<aws_sdk_iam::Client, Gap> {
    let api = facts.api().await?;
    let keys = facts.credentials().await?.keys()?;
    Ok(aws_sdk_iam::Client::new(&api.sdk(keys, Partition::of(api.region()).iam_region())))
}

/// The Git credential that is in use, on a machine that is set up for one.
async fn git_credential(facts: &Facts) -> Option<&Shape> {
    if facts.method().await.ok()?.method != Method::GitCredentials {
        return None;
    }
    own_git_credential(facts).await
}

/// The Git credential that Git offers, else the one that the URL or a store names.
pub async fn own_git_credential(facts: &Facts) -> Option<&Shape> {
    let offered = facts.offered().await.ok().and_then(super::offered::Offered::shape);
    if let Some(shape) = offered.filter(|shape| shape.account.is_some()) {
        return Some(shape);
    }
    let url = facts.target().await.ok()?.effective.as_ref();
    let named = url.and_then(|url| url.userinfo.as_ref()).map(|info| &info.shape);
    let stores = facts.stores().await.ok();
    let items = stores.into_iter().flat_map(|stores| stores.items.iter().chain(&stores.elsewhere));
    named.into_iter().chain(items.map(|item| &item.shape)).find(|shape| shape.account.is_some())
}
