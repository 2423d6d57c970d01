//! Credentials of the machine itself: a container's or an instance's; and what a provider of the SDK's answers.

use super::Taker;
use crate::facts::credentials::Outcome;
use crate::finding::Evidence;
use crate::machine::Machine;
use aws_config::ecs::EcsCredentialsProvider;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_credential_types::provider::error::CredentialsError;
use std::path::Path;
use std::time::Duration;

/// How long the instance metadata service, which is next door, may take with its three answers; botocore gives each a second.
const IMDS: Duration = Duration::from_secs(2);

impl Taker<'_> {
    pub(super) async fn container(&self) -> Outcome {
        let Some(api) = self.api else { return Self::offline() };
        let provider = EcsCredentialsProvider::builder().configure(&api.direct_config()).build();
        self.provided(provider, "the container's role", Evidence::new("the container's credentials", "asked")).await
    }

    /// The role of an EC2 instance. Anywhere else nobody answers at the metadata address, and asking costs seconds.
    pub(super) async fn instance(&self) -> Outcome {
        if !is_ec2(self.machine).await {
            return Outcome::Nothing;
        }
        let Some(api) = self.api else { return Self::offline() };
        let provider = ImdsCredentialsProvider::builder().configure(&api.direct_config()).build();
        let seen = Evidence::new("the instance metadata service", "asked");
        let asked = tokio::time::timeout(IMDS, provider.provide_credentials()).await;
        let asked = asked.unwrap_or_else(|_| Err(CredentialsError::provider_timed_out(IMDS)));
        // From inside a container the answer needs one more hop than it is given. Whatever answers is near enough.
        if let Err(failure) = &asked
            && let why = told(failure)
            && is_container(self.machine)
            && ["timed out", "timeout", "took too long"].iter().any(|word| why.contains(word))
        {
            return Outcome::InstanceUnreachable(why);
        }
        self.settle(asked, "the instance's role", seen)
    }

    /// Asks a provider of the SDK's, which may ask a host that does not answer.
    pub(super) async fn provided(&self, provider: impl ProvideCredentials, by: &str, seen: Evidence) -> Outcome {
        let patience = self.machine.patience();
        let answer = tokio::time::timeout(patience, provider.provide_credentials()).await;
        self.settle(answer.unwrap_or_else(|_| Err(CredentialsError::provider_timed_out(patience))), by, seen)
    }

    /// What a provider's answer comes to.
    fn settle(&self, answer: Result<Credentials, CredentialsError>, by: &str, seen: Evidence) -> Outcome {
        match answer {
            Ok(keys) => self.found(keys, by, seen),
            Err(CredentialsError::CredentialsNotLoaded(_)) => Outcome::Nothing,
            Err(failure) => {
                let text = self.machine.secrets().scrub(&told(&failure));
                if text.contains("ExpiredToken") { Outcome::Expired { text, seen } } else { Outcome::Failed(text) }
            }
        }
    }
}

/// Whether this machine is an EC2 instance, by the vendor that its firmware names.
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

/// Whether this runs in a container, by the marks that Docker and Podman leave.
fn is_container(machine: &Machine) -> bool {
    ["/.dockerenv", "/run/.containerenv"].iter().any(|mark| machine.exists(Path::new(mark)))
        || machine.var_set("KUBERNETES_SERVICE_HOST").is_some()
        || machine.var_set("container").is_some()
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
