//! The AWS credentials of the profile that Git would use, found as the AWS CLI and git-remote-codecommit find them.

mod caches;
mod doubts;
mod found;
mod plan;
mod process;
mod sso;
mod take;

pub use doubts::Doubts;
pub use found::Found;
pub use plan::Flaw;
pub use sso::SsoProblem;

use super::Facts;
use super::choice::{Choice, choose};
use crate::check::Gap;
use crate::finding::Evidence;
use crate::target::Protocol;
use aws_credential_types::Credentials;
use plan::{Planner, Source};
use serde::{Deserialize, Serialize};
use take::Taker;

/// The credentials, or why there are none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AwsCredentials {
    /// The profile and why.
    pub choice: Choice,
    /// What came of it.
    pub outcome: Outcome,
    /// What is not as the person may think.
    pub doubts: Doubts,
}

/// What came of looking for credentials.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Here they are.
    Found(Found),
    /// The chosen profile is in neither file.
    NoSuchProfile,
    /// Nothing in the environment, the profile or the surroundings gives any.
    Nothing,
    /// A line that cannot be read.
    Unreadable(Evidence),
    /// The profile cannot be followed.
    Flawed(Flaw),
    /// A key, a secret or a token holds what none has.
    Garbled {
        /// As a sentence.
        why: String,
        /// Where it stands.
        seen: Evidence,
    },
    /// The SSO session has to be begun again.
    Sso(SsoProblem),
    /// The session of `aws login` has to be begun, or begun again.
    Login {
        /// Whether there has been one on this machine.
        begun: bool,
        /// The file that holds, or would hold, it.
        cache: String,
        /// Where it is configured.
        seen: Evidence,
    },
    /// They have run out.
    Expired {
        /// Who says so, and in which words.
        text: String,
        /// Where they come from.
        seen: Evidence,
    },
    /// A temporary key without its session token.
    TokenMissing(Evidence),
    /// The role is only given with an MFA code, and no session is kept.
    MfaNeeded {
        /// The MFA device.
        serial: String,
        /// Where it is configured.
        seen: Evidence,
    },
    /// The profile's program gives no credentials.
    ProcessFailed {
        /// What it does instead, as the rest of a sentence.
        why: String,
        /// Where it is configured.
        seen: Evidence,
    },
    /// AWS does not give the role.
    RoleRefused {
        /// The role's ARN.
        role: String,
        /// The call, and AWS's words.
        said: Evidence,
        /// Where the role is configured.
        seen: Evidence,
    },
    /// AWS does not accept the credentials that should assume the role.
    SourceRefused {
        /// The call, and AWS's words.
        said: Evidence,
        /// Where the role is configured.
        seen: Evidence,
    },
    /// The instance's role cannot be asked for from inside a container.
    InstanceUnreachable(String),
    /// A provider failed; its own words.
    Failed(String),
}

/// Looks for credentials as the AWS CLI does.
///
/// # Errors
/// [`Gap::Offline`], or no region.
pub async fn observe(facts: &Facts) -> Result<AwsCredentials, Gap> {
    let choice = choose(facts).await?;
    let profiles = facts.profiles().await?;
    let machine = &facts.machine;
    let planner = Planner { profiles, env: |name: &str| machine.var_set(name).filter(|value| !value.is_empty()) };
    let way = planner.of(&choice.profile, choice.explicit);
    let doubts = Doubts::observe(facts, &planner, &choice, way.as_ref().ok()).await;
    let done = |outcome| Ok(AwsCredentials { choice: choice.clone(), outcome, doubts: doubts.clone() });
    // botocore insists on a profile that was named, even when the keys come from the environment.
    if profiles.get(&choice.profile).is_none() && choice.is_named() {
        return done(Outcome::NoSuchProfile);
    }
    if let Some(problem) = profiles.problems.iter().find(|problem| problem.line.is_some()) {
        return done(Outcome::Unreadable(problem.clone()));
    }
    let source = match way {
        Ok(source) => source,
        Err(flaw) => return done(Outcome::Flawed(flaw)),
    };
    let api = facts.api().await;
    let taker = Taker {
        machine,
        profiles,
        api: api.as_ref().ok().copied(),
        grc: is_grc(facts).await,
        runs_programs: would_run(facts).await,
    };
    match (taker.take(&source).await, api) {
        // Where only the wrong variable names a region, that has to be said.
        (outcome @ Outcome::Found(_), Err(_)) if doubts.region_ignored.is_some() => done(outcome),
        // What is wrong can be told without AWS; what is right cannot.
        (Outcome::Found(_) | Outcome::Failed(_) | Outcome::Nothing, Err(gap)) => Err(gap),
        (outcome, _) => done(outcome),
    }
}

/// The keys of another profile, as far as they can be had without running a program or asking a person.
pub(super) async fn of_profile(facts: &Facts, profile: &str) -> Option<Credentials> {
    let (profiles, api) = (facts.profiles().await.ok()?, facts.api().await.ok()?);
    let machine = &facts.machine;
    let planner = Planner { profiles, env: |_: &str| None };
    let source = planner.of(profile, true).ok().filter(Source::is_quiet)?;
    let taker = Taker { machine, profiles, api: Some(api), grc: is_grc(facts).await, runs_programs: false };
    match taker.take(&source).await {
        Outcome::Found(found) => found.keys,
        _ => None,
    }
}

async fn is_grc(facts: &Facts) -> bool {
    let url = facts.target().await.ok().and_then(|target| target.effective.as_ref());
    url.is_some_and(|url| url.protocol == Protocol::Grc)
}

/// Whether Git's own tools would run a program for AWS credentials: only where one of them signs with AWS credentials.
async fn would_run(facts: &Facts) -> bool {
    is_grc(facts).await || facts.helpers().await.is_ok_and(|chain| chain.aws().is_some())
}

/// Nothing, when there are credentials to ask AWS with. Git credentials and SSH keys need none: without any, the checks
/// that ask AWS have nothing to say.
///
/// # Errors
/// A gap that says why AWS cannot be asked.
pub async fn needed_to_ask(facts: &Facts) -> Result<(), Gap> {
    facts.online()?;
    let (credentials, method) = tokio::join!(facts.credentials(), facts.method());
    if credentials?.found().is_none() && method.is_ok_and(|decision| !decision.method.signs()) {
        return Err(Gap::not_applicable("there are no AWS credentials to ask with, and none are needed"));
    }
    Ok(())
}

impl AwsCredentials {
    /// The credentials, for a client.
    ///
    /// # Errors
    /// A gap that names the check which says why there are none.
    pub fn keys(&self) -> Result<&Credentials, Gap> {
        match &self.outcome {
            Outcome::Found(Found { keys: Some(keys), .. }) => Ok(keys),
            _ => Err(Gap::blocked("aws-credentials", "there are no usable AWS credentials")),
        }
    }

    /// What is known of the credentials.
    #[must_use]
    pub fn found(&self) -> Option<&Found> {
        match &self.outcome {
            Outcome::Found(found) => Some(found),
            _ => None,
        }
    }
}
