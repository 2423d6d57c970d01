//! The AWS credentials of the profile that Git would use, and how they were found.

mod choice;
mod process;
mod sso;

pub use choice::{Choice, choose};
pub use sso::SsoProblem;

use super::Facts;
use super::profiles::Profiles;
use crate::check::Gap;
use crate::finding::Evidence;
use crate::machine::Machine;
use crate::redact::MASK;
use crate::shape::seconds;
use crate::target::Protocol;
use aws_config::ecs::EcsCredentialsProvider;
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::web_identity_token::WebIdentityTokenCredentialsProvider;
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_credential_types::provider::error::CredentialsError;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::time::SystemTime;

/// The credentials, or why there are none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AwsCredentials {
    /// The profile and why.
    pub choice: Choice,
    /// What came of it.
    pub outcome: Outcome,
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
    /// The SSO session has to be begun again.
    Sso(SsoProblem),
    /// They have run out.
    Expired(String),
    /// A temporary key without its session token.
    TokenMissing(Evidence),
    /// A provider failed; its own words.
    Failed(String),
}

/// Credentials, reduced to what may be told.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// The access key id.
    pub key_id: String,
    /// What gave them, in the SDK's words.
    pub provider: String,
    /// Whether they are temporary.
    pub temporary: bool,
    /// Seconds until they run out; negative when they have.
    pub expires_in: Option<i64>,
    /// The credentials themselves.
    #[serde(skip)]
    pub keys: Option<Credentials>,
}

/// Looks for credentials as the AWS CLI does.
///
/// # Errors
/// [`Gap::Offline`], or no region.
pub async fn observe(facts: &Facts) -> Result<AwsCredentials, Gap> {
    let choice = choose(facts).await?;
    let profiles = facts.profiles().await?;
    let machine = &facts.machine;
    if let Some(outcome) = without_asking(machine, profiles, &choice).await {
        return Ok(AwsCredentials { choice, outcome });
    }
    let api = facts.api().await?;
    let config = api.provider_config();
    let mut tried = Vec::new();
    let from_env = !choice.explicit && machine.var_set("AWS_ACCESS_KEY_ID").is_some();
    let outcome = if from_env {
        tried.push(provided(machine, EnvironmentVariableCredentialsProvider::new()).await);
        settle(machine, tried)
    } else {
        let command = profiles.get(&choice.profile).and_then(|profile| profile.command());
        if let Some(command) = command {
            tried.push(if would_run(facts).await {
                process::run(machine, command).await
            } else {
                Err(CredentialsError::provider_error(
                    "its credential_process was not run, because Git would not run it",
                ))
            });
        } else if profiles.get(&choice.profile).is_some() {
            let provider =
                ProfileFileCredentialsProvider::builder().configure(&config).profile_name(&choice.profile).build();
            tried.push(provided(machine, provider).await);
        }
        if !choice.explicit && machine.var_set("AWS_WEB_IDENTITY_TOKEN_FILE").is_some() {
            let provider = WebIdentityTokenCredentialsProvider::builder().configure(&config).build();
            tried.push(provided(machine, provider).await);
        }
        let container = ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"];
        if !choice.explicit && container.iter().any(|name| machine.var_set(name).is_some()) {
            let provider = EcsCredentialsProvider::builder().configure(&config).build();
            tried.push(provided(machine, provider).await);
        }
        if !choice.explicit && tried.iter().all(Result::is_err) && is_ec2(machine).await {
            let provider = ImdsCredentialsProvider::builder().configure(&config).build();
            tried.push(provided(machine, provider).await);
        }
        settle(machine, tried)
    };
    let refused = matches!(&outcome, Outcome::Failed(why) | Outcome::Expired(why) if sso::is_over(why));
    let over = match profiles.get(&choice.profile).filter(|_| refused) {
        Some(profile) => sso::problem(machine, profiles, profile, true).await,
        None => None,
    };
    Ok(AwsCredentials { choice, outcome: over.map_or(outcome, Outcome::Sso) })
}

/// Whether Git's own tools would run a program for AWS credentials: not on a machine that is set up for Git credentials.
async fn would_run(facts: &Facts) -> bool {
    let url = facts.target().await.ok().and_then(|target| target.effective.as_ref());
    let signs = url.is_some_and(|url| url.protocol == Protocol::Grc)
        || facts.helpers().await.is_ok_and(|chain| chain.aws().is_some());
    let stores = facts.stores().await.ok();
    let mut items = stores.into_iter().flat_map(|stores| stores.items.iter().chain(&stores.elsewhere));
    signs || !items.any(|item| item.shape.account.is_some())
}

/// What the files alone tell. With keys in the environment only the profile's existence matters.
async fn without_asking(machine: &Machine, profiles: &Profiles, choice: &Choice) -> Option<Outcome> {
    let profile = profiles.get(&choice.profile);
    // botocore insists on a profile that was named, even when the keys come from the environment.
    if profile.is_none() && (choice.explicit || choice.from.source.starts_with("AWS_")) {
        return Some(Outcome::NoSuchProfile);
    }
    if let Some(problem) = profiles.problems.iter().find(|problem| problem.line.is_some()) {
        return Some(Outcome::Unreadable(problem.clone()));
    }
    if !choice.explicit && machine.var_set("AWS_ACCESS_KEY_ID").is_some_and(|key| !key.is_empty()) {
        let temporary = machine.var_set("AWS_ACCESS_KEY_ID").is_some_and(|key| key.starts_with("ASIA"));
        let token = ["AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"].iter().any(|name| machine.var_set(name).is_some());
        return (temporary && !token).then(|| Outcome::TokenMissing(Evidence::new("AWS_SESSION_TOKEN", "not set")));
    }
    let profile = profile?;
    if let Some(key) = profile.setting("aws_access_key_id") {
        let missing = key.value.starts_with("ASIA")
            && !["aws_session_token", "aws_security_token"].iter().any(|key| profile.setting(key).is_some());
        return missing.then(|| Outcome::TokenMissing(key.evidence()));
    }
    sso::problem(machine, profiles, profile, false).await.map(Outcome::Sso)
}

/// Whether this machine is an EC2 instance, by the vendor that its firmware names. Anywhere else nobody answers at the
/// metadata address, and asking costs seconds.
async fn is_ec2(machine: &Machine) -> bool {
    if machine.var("AWS_EC2_METADATA_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        return false;
    }
    let vendor = machine.read_text(Path::new("/sys/class/dmi/id/sys_vendor")).await.unwrap_or_default();
    let xen = machine.read_text(Path::new("/sys/hypervisor/uuid")).await.unwrap_or_default();
    vendor.starts_with("Amazon")
        || xen.starts_with("ec2")
        || machine.var_set("AWS_EC2_METADATA_SERVICE_ENDPOINT").is_some()
}

type Provided = Result<Credentials, CredentialsError>;

/// Asks a provider, which may run a program (`credential_process`) or ask a host that does not answer.
async fn provided(machine: &Machine, provider: impl ProvideCredentials) -> Provided {
    let patience = machine.patience();
    let answer = tokio::time::timeout(patience, provider.provide_credentials()).await;
    answer.unwrap_or_else(|_| Err(CredentialsError::provider_timed_out(patience)))
}

/// The first credentials that were given; otherwise the failure that tells most.
fn settle(machine: &Machine, mut tried: Vec<Provided>) -> Outcome {
    if let Some(at) = tried.iter().position(Result::is_ok)
        && let Ok(keys) = tried.swap_remove(at)
    {
        return found(machine, keys);
    }
    let failures = tried.iter().filter_map(|tried| tried.as_ref().err());
    let failure = failures.max_by_key(|failure| !matches!(failure, CredentialsError::CredentialsNotLoaded(_)));
    match failure {
        None | Some(CredentialsError::CredentialsNotLoaded(_)) => Outcome::Nothing,
        Some(failure) => {
            let text = machine.secrets().scrub(&told(failure));
            if text.contains("ExpiredToken") { Outcome::Expired(text) } else { Outcome::Failed(text) }
        }
    }
}

/// An error with all that led to it, each cause once.
fn told(error: &dyn std::error::Error) -> String {
    let mut causes = vec![error.to_string()];
    let mut link = error.source();
    while let Some(error) = link {
        let text = error.to_string();
        if !causes.contains(&text) {
            causes.push(text);
        }
        link = error.source();
    }
    let told = causes.join(": ");
    told.strip_prefix("an error occurred while loading credentials: ").map_or_else(|| told.clone(), str::to_owned)
}

/// An access key id as it may be told. What does not look like one may be the secret, put in the wrong place.
fn tell_key(id: &str) -> String {
    let plain = id.starts_with("AKIA") || id.starts_with("ASIA");
    if plain && id.len() <= 32 { id.to_owned() } else { MASK.to_owned() }
}

fn found(machine: &Machine, keys: Credentials) -> Outcome {
    machine.secrets().learn(keys.secret_access_key());
    if let Some(token) = keys.session_token() {
        machine.secrets().learn(token);
    }
    let expires_in = keys.expiry().map(|expiry| seconds(expiry) - seconds(SystemTime::now()));
    if expires_in.is_some_and(|left| left <= 0) {
        return Outcome::Expired("their own expiry time has passed".to_owned());
    }
    Outcome::Found(Found {
        key_id: tell_key(keys.access_key_id()),
        provider: format!("{keys:?}")
            .split("provider_name: \"")
            .nth(1)
            .and_then(|rest| rest.split('"').next())
            .unwrap_or("profile")
            .to_owned(),
        temporary: keys.session_token().is_some(),
        expires_in,
        keys: Some(keys),
    })
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
