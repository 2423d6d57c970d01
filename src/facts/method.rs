//! Which way of authenticating this machine is set up for. It decides what is wrong: the same helper is a fault on a
//! machine set up for Git credentials and the very thing needed on one set up for the helper.

use super::Facts;
use super::answers::Answer;
use super::caller::Caller;
use super::helpers::HelperKind;
use crate::check::Gap;
use crate::shape::Kind;
use crate::target::{CloneUrl, Protocol};
use serde::{Deserialize, Serialize};

/// The ways to authenticate with CodeCommit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub enum Method {
    /// HTTPS with a user name and password from IAM.
    GitCredentials,
    /// HTTPS with the AWS CLI's credential helper.
    CredentialHelper,
    /// git-remote-codecommit.
    Grc,
    /// SSH with a key known to IAM.
    Ssh,
}

impl Method {
    /// The method's name as `--method` spells it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::GitCredentials => "git-credentials",
            Self::CredentialHelper => "credential-helper",
            Self::Grc => "grc",
            Self::Ssh => "ssh",
        }
    }

    /// Whether Git's own password is a signature made with AWS credentials, which a wrong clock spoils.
    #[must_use]
    pub fn signs(self) -> bool {
        matches!(self, Self::CredentialHelper | Self::Grc)
    }
}

/// The method, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// The method.
    pub method: Method,
    /// Why, as part of a sentence.
    pub reason: String,
    /// How sure that is.
    pub certainty: Certainty,
}

/// How sure it is which method is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Certainty {
    /// Nothing tells.
    Guess,
    /// It is what is configured.
    Configured,
    /// The calling IAM user has what the method needs, and may not use it here.
    Possible,
    /// The person said so, or the machine leaves no other.
    Sure,
}

/// What the decision rests on.
#[derive(Clone, Debug, Default)]
pub struct Signs<'a> {
    /// `--method`.
    pub asked: Option<Method>,
    /// The URL that git uses.
    pub url: Option<&'a CloneUrl>,
    /// A Git credential's user name in a store of git's chain.
    pub stored: Option<&'a str>,
    /// A kind of caller that can have no Git credentials, in words.
    pub temporary: Option<&'a str>,
    /// An active Git credential of the calling IAM user.
    pub active: Option<&'a str>,
    /// Whether an AWS helper is configured, for this URL or another.
    pub aws_helper: bool,
    /// Whether any store is configured.
    pub any_store: bool,
}

/// Decides the method from what was seen.
#[must_use]
pub fn decide(signs: &Signs<'_>) -> Decision {
    let decision = |method, certainty, reason: String| Decision { method, reason, certainty };
    if let Some(method) = signs.asked {
        return decision(method, Certainty::Sure, "--method says so".to_owned());
    }
    match signs.url.map(|url| url.protocol) {
        Some(Protocol::Grc) => {
            return decision(Method::Grc, Certainty::Sure, "the URL begins with codecommit::".to_owned());
        }
        Some(Protocol::Ssh) => return decision(Method::Ssh, Certainty::Sure, "the URL is an ssh URL".to_owned()),
        _ => {}
    }
    let in_url = signs
        .url
        .and_then(|url| url.userinfo.as_ref())
        .filter(|info| info.shape.kind == Kind::GitCredential || info.shape.account.is_some());
    if let Some(info) = in_url {
        return decision(
            Method::GitCredentials,
            Certainty::Sure,
            format!("the URL carries the Git-credential user name {}", info.shape.user),
        );
    }
    if let Some(user) = signs.stored {
        return decision(
            Method::GitCredentials,
            Certainty::Sure,
            format!("a credential store holds the Git credential {user}"),
        );
    }
    if let Some(caller) = signs.temporary {
        return decision(
            Method::CredentialHelper,
            Certainty::Sure,
            format!("{caller}, and temporary credentials have no Git credentials"),
        );
    }
    if let Some(user) = signs.active {
        // With a working helper the Git credential may simply be left over.
        if !signs.aws_helper {
            return decision(
                Method::GitCredentials,
                Certainty::Sure,
                format!("the IAM user has the active Git credential {user}"),
            );
        }
        let reason =
            format!("the AWS CLI credential helper is configured, although the IAM user has the Git credential {user}");
        return decision(Method::CredentialHelper, Certainty::Possible, reason);
    }
    if signs.aws_helper {
        return decision(
            Method::CredentialHelper,
            Certainty::Configured,
            "the AWS CLI credential helper is configured".to_owned(),
        );
    }
    if signs.any_store {
        return decision(
            Method::GitCredentials,
            Certainty::Configured,
            "a credential store is configured and no AWS helper".to_owned(),
        );
    }
    decision(
        Method::GitCredentials,
        Certainty::Guess,
        "nothing is configured, and the setup guide begins with Git credentials".to_owned(),
    )
}

/// Whether a helper keeps or makes credentials that no listing shows.
fn is_opaque(kind: &HelperKind) -> bool {
    matches!(kind, HelperKind::Cache | HelperKind::Other)
}

/// Gathers what tells the method, and decides.
///
/// # Errors
/// A gap when the target cannot be observed.
pub async fn observe(facts: &Facts) -> Result<Decision, Gap> {
    let target = facts.target().await?;
    let mut signs = Signs { asked: facts.request.method, url: target.effective.as_ref(), ..Signs::default() };
    let early = decide(&signs);
    if early.certainty == Certainty::Sure {
        return Ok(early);
    }
    let stores = facts.stores().await.ok();
    // One that git does not get now, because it asks for a path, still shows what the machine was set up for.
    let all = stores.into_iter().flat_map(|stores| stores.items.iter().chain(&stores.elsewhere));
    let held = all.into_iter().find(|item| item.shape.kind == Kind::GitCredential);
    signs.stored = held.map(|item| item.shape.user.as_str());
    if let Ok(chain) = facts.helpers().await {
        let lost = chain.forgotten.iter().any(|helper| helper.aws().is_some());
        signs.aws_helper = chain.aws().is_some() || lost || !chain.elsewhere.is_empty();
        signs.any_store = chain.helpers.iter().any(super::helpers::Helper::keeps_passwords);
    }
    // What cannot be looked into is asked.
    let closed = stores.is_some_and(|stores| !stores.closed.is_empty())
        || facts.helpers().await.is_ok_and(|chain| chain.helpers.iter().any(|helper| is_opaque(&helper.kind)));
    if signs.stored.is_none() && closed {
        let mut shapes = facts.answers().await.into_iter().flat_map(|answers| &answers.each).filter_map(Answer::shape);
        signs.stored = shapes.find(|shape| shape.kind == Kind::GitCredential).map(|shape| shape.user.as_str());
    }
    if signs.stored.is_none() {
        if let Ok(Caller::Known(identity)) = facts.caller().await
            && identity.is_temporary()
        {
            signs.temporary = Some("the AWS credentials are those of a role or of federation");
        }
        signs.active = facts.git_credentials().await.ok().and_then(|credentials| credentials.active());
    }
    Ok(decide(&signs))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strongest_sign_decides() {
        let ssh = CloneUrl::read("ssh://git-codecommit.us-east-1.amazonaws.com/v1/repos/x");
        let named = CloneUrl::read("https://ann-at-111122223333@git-codecommit.us-east-1.amazonaws.com/v1/repos/x");
        let plain = CloneUrl::read("https://git-codecommit.us-east-1.amazonaws.com/v1/repos/x");
        let base = Signs { url: Some(&plain), ..Signs::default() };
        for (signs, method, certainty) in [
            (Signs { asked: Some(Method::Grc), url: Some(&ssh), ..base.clone() }, Method::Grc, Certainty::Sure),
            (Signs { url: Some(&ssh), ..base.clone() }, Method::Ssh, Certainty::Sure),
            (Signs { url: Some(&named), aws_helper: true, ..base.clone() }, Method::GitCredentials, Certainty::Sure),
            (
                Signs { stored: Some("ann-at-111122223333"), aws_helper: true, ..base.clone() },
                Method::GitCredentials,
                Certainty::Sure,
            ),
            (Signs { temporary: Some("a role"), ..base.clone() }, Method::CredentialHelper, Certainty::Sure),
            (Signs { active: Some("ann-at-111122223333"), ..base.clone() }, Method::GitCredentials, Certainty::Sure),
            (
                Signs { active: Some("ann-at-111122223333"), aws_helper: true, ..base.clone() },
                Method::CredentialHelper,
                Certainty::Possible,
            ),
            (Signs { aws_helper: true, ..base.clone() }, Method::CredentialHelper, Certainty::Configured),
            (Signs { any_store: true, ..base.clone() }, Method::GitCredentials, Certainty::Configured),
            (base, Method::GitCredentials, Certainty::Guess),
        ] {
            let decision = decide(&signs);
            assert_eq!((decision.method, decision.certainty), (method, certainty), "{signs:?}");
        }
    }
}
