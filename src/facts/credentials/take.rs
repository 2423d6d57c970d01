//! Taking credentials from where they come from.

use super::caches;
use super::plan::{ENV_TOKENS, Role, Source, TOKENS};
use super::{Found, Outcome, found, process, sso};
use crate::facts::api::{Api, Refusal};
use crate::facts::profiles::{Profiles, Section, Setting};
use crate::finding::Evidence;
use crate::machine::Machine;
use aws_config::ecs::EcsCredentialsProvider;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::sso::SsoCredentialsProvider;
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_sts::config::Region;
use std::path::Path;
use std::time::{Duration, SystemTime};

/// How long the instance metadata service, which is next door, may take with its three answers; botocore gives each a second.
const IMDS: Duration = Duration::from_secs(2);

/// Whoever takes credentials.
pub(super) struct Taker<'a> {
    pub(super) machine: &'a Machine,
    pub(super) profiles: &'a Profiles,
    /// The way to AWS; none without a network.
    pub(super) api: Option<&'a Api>,
    /// Whether git-remote-codecommit asks, which keeps sessions elsewhere than the AWS CLI.
    pub(super) grc: bool,
    /// Whether Git would run a program for them.
    pub(super) runs_programs: bool,
}

impl Taker<'_> {
    /// The credentials of a source, or what there is instead.
    pub(super) async fn take(&self, source: &Source<'_>) -> Outcome {
        match source {
            Source::Environment => self.environment(),
            Source::Static(section, key) => self.of_file(section, key),
            Source::Role(role) => Box::pin(self.role(role)).await,
            Source::WebIdentity { arn, token, seen } => self.web_identity(arn, token, seen).await,
            Source::Sso(section) => self.sso(section).await,
            Source::Login(session) => self.login(session).await,
            Source::Process(command) => self.process(command).await,
            Source::Container => self.container().await,
            Source::Instance => self.instance().await,
        }
    }

    /// Without a network nothing is asked; whoever called says so.
    fn offline() -> Outcome {
        Outcome::Failed("offline".to_owned())
    }

    async fn container(&self) -> Outcome {
        let Some(api) = self.api else { return Self::offline() };
        let provider = EcsCredentialsProvider::builder().configure(&api.provider_config()).build();
        self.provided(provider, "the container's role", Evidence::new("the container's credentials", "asked")).await
    }

    fn environment(&self) -> Outcome {
        let variable = |name: &str| self.machine.var_set(name);
        let id = variable("AWS_ACCESS_KEY_ID").unwrap_or_default();
        let token = ENV_TOKENS.iter().find_map(|name| variable(name));
        if id.starts_with("ASIA") && token.is_none() {
            return Outcome::TokenMissing(Evidence::new("AWS_SESSION_TOKEN", "not set"));
        }
        let expiry = variable("AWS_CREDENTIAL_EXPIRATION").as_deref().and_then(caches::moment);
        let secret = variable("AWS_SECRET_ACCESS_KEY").unwrap_or_default();
        let keys = Credentials::new(id, secret, token, expiry, "Environment");
        let shown = found::tell_key(keys.access_key_id());
        self.found(keys, "the environment", Evidence::new("AWS_ACCESS_KEY_ID", shown))
    }

    /// An access key in a file, with its companions from the same file.
    fn of_file(&self, section: &Section, key: &Setting) -> Outcome {
        let own = |name: &str| section.setting_in(name, &key.file).map(Setting::exact);
        let id = key.exact();
        let token = TOKENS.iter().find_map(|name| own(name));
        if id.starts_with("ASIA") && token.is_none() {
            return Outcome::TokenMissing(key.evidence());
        }
        // The tools that sign in for somebody note down until when.
        let noted = ["x_security_token_expires", "aws_expiration", "expiration", "aws_credential_expiration"];
        let noted = noted.iter().find_map(|name| section.setting_in(name, &key.file));
        let expiry = noted.and_then(|noted| caches::moment(&noted.value));
        if let (Some(noted), Some(expiry)) = (noted, expiry)
            && expiry <= SystemTime::now()
        {
            return Outcome::Expired { text: "their own expiry time has passed".to_owned(), seen: noted.evidence() };
        }
        let secret = own("aws_secret_access_key").unwrap_or_default();
        let keys = Credentials::new(id, secret, token.map(str::to_owned), expiry, "ProfileFile");
        self.found(keys, &key.file, key.evidence())
    }

    async fn role(&self, role: &Role<'_>) -> Outcome {
        let by = format!("role {}", role.arn.value);
        let seen = role.arn.evidence();
        if let Some(keys) = caches::session(self.machine, role, self.grc).await {
            return self.found_with(keys, &by, seen, role.mfa.is_some());
        }
        if let Some(mfa) = role.mfa {
            return Outcome::MfaNeeded { serial: mfa.value.clone(), seen: mfa.evidence() };
        }
        let source = match self.take(&role.with).await {
            Outcome::Found(Found { keys: Some(keys), .. }) => keys,
            other => return other,
        };
        let Some(api) = self.api else { return Self::offline() };
        let client = aws_sdk_sts::Client::new(&api.sdk(&source, api.region()));
        let value = |key: &str| role.section.value(key);
        let session = value("role_session_name").unwrap_or("codecommit-doctor");
        let request = client
            .assume_role()
            .role_arn(&role.arn.value)
            .role_session_name(session)
            .set_external_id(value("external_id").map(str::to_owned))
            .set_duration_seconds(value("duration_seconds").and_then(|text| text.parse().ok()));
        match request.send().await {
            Ok(answer) => self.assumed(answer.credentials(), &by, seen),
            Err(error) => self.refused(&role.arn.value, &Refusal::read(&error), "sts:AssumeRole", seen),
        }
    }

    async fn web_identity(&self, arn: &str, token: &str, seen: &Evidence) -> Outcome {
        let file = self.machine.expand(token);
        let read = match self.machine.read_text(&file).await {
            Ok(read) => read,
            Err(error) => return Outcome::Failed(format!("its web identity token {token} {error}")),
        };
        self.machine.secrets().learn(read.trim());
        let Some(api) = self.api else { return Self::offline() };
        let client = aws_sdk_sts::Client::new(&api.unsigned(api.region()));
        let request = client.assume_role_with_web_identity().role_arn(arn).web_identity_token(read);
        match request.role_session_name("codecommit-doctor").send().await {
            Ok(answer) => self.assumed(answer.credentials(), &format!("role {arn}"), seen.clone()),
            Err(error) => self.refused(arn, &Refusal::read(&error), "sts:AssumeRoleWithWebIdentity", seen.clone()),
        }
    }

    fn assumed(&self, keys: Option<&aws_sdk_sts::types::Credentials>, by: &str, seen: Evidence) -> Outcome {
        let Some(keys) = keys else { return Outcome::Failed("STS gave no credentials".to_owned()) };
        let expiry = SystemTime::try_from(*keys.expiration()).ok();
        let token = Some(keys.session_token().to_owned());
        self.found(
            Credentials::new(keys.access_key_id(), keys.secret_access_key(), token, expiry, "AssumeRole"),
            by,
            seen,
        )
    }

    /// What AWS said instead of giving a role.
    fn refused(&self, role: &str, refusal: &Refusal, operation: &str, seen: Evidence) -> Outcome {
        let text = self.machine.secrets().scrub(&refusal.text());
        match refusal {
            Refusal::Answer { code, .. } if code.starts_with("ExpiredToken") => {
                Outcome::Expired { text: format!("{operation}: {text}"), seen }
            }
            Refusal::Answer { .. } => {
                Outcome::RoleRefused { role: role.to_owned(), said: Evidence::new(operation, text), seen }
            }
            Refusal::NoAnswer(why) => {
                Outcome::Failed(format!("STS gave no answer: {}", crate::facts::api::shorten(why)))
            }
        }
    }

    async fn sso(&self, section: &Section) -> Outcome {
        if let Some(problem) = sso::problem(self.machine, self.profiles, section, false).await {
            return Outcome::Sso(problem);
        }
        let Some(api) = self.api else { return Self::offline() };
        let session = section.setting("sso_session");
        let shared = session.and_then(|session| self.profiles.sso_session(&session.value));
        let value = |key: &str| {
            let found = section.value(key).or_else(|| shared.and_then(|shared| shared.value(key)));
            found.unwrap_or_default().to_owned()
        };
        let mut provider = SsoCredentialsProvider::builder()
            .configure(&api.provider_config())
            .account_id(value("sso_account_id"))
            .role_name(value("sso_role_name"))
            .start_url(value("sso_start_url"))
            .region(Region::new(value("sso_region")));
        provider.set_session_name(session.map(|session| session.value.clone()));
        let by = format!("SSO, permission set {}", value("sso_role_name"));
        let seen = section.setting("sso_role_name").map_or_else(|| Evidence::new("SSO", ""), Setting::evidence);
        let outcome = self.provided(provider.build(), &by, seen).await;
        match &outcome {
            Outcome::Failed(why) | Outcome::Expired { text: why, .. } if sso::is_over(why) => {
                let over = sso::problem(self.machine, self.profiles, section, true).await;
                over.map_or(outcome, Outcome::Sso)
            }
            Outcome::Failed(why) if why.contains("ForbiddenException") => {
                let role = format!("{} of account {}", value("sso_role_name"), value("sso_account_id"));
                let said = Evidence::new("sso:GetRoleCredentials", why);
                Outcome::RoleRefused {
                    role,
                    said,
                    seen: section.setting("sso_role_name").map_or_else(|| Evidence::new("SSO", ""), Setting::evidence),
                }
            }
            _ => outcome,
        }
    }

    async fn login(&self, session: &Setting) -> Outcome {
        let cache = self.machine.tilde(&caches::login_file(self.machine, &session.value));
        match caches::login(self.machine, &session.value).await {
            Some(keys) if keys.expiry().is_none_or(|expiry| expiry > SystemTime::now()) => {
                self.found(keys, "aws login", session.evidence())
            }
            // Whoever renews them needs a key of its own and the sign-in service.
            Some(_) => Outcome::Login { begun: true, cache, seen: session.evidence() },
            None => Outcome::Login { begun: false, cache, seen: session.evidence() },
        }
    }

    async fn process(&self, command: &Setting) -> Outcome {
        if !self.runs_programs {
            return Outcome::Failed("its credential_process was not run, because Git would not run it".to_owned());
        }
        match process::run(self.machine, command.exact()).await {
            Ok(given) => match self.found(given.keys, "credential_process", command.evidence()) {
                Outcome::Found(found) => Outcome::Found(Found { unstable: given.unstable, ..found }),
                other => other,
            },
            Err(why) => Outcome::ProcessFailed { why, seen: command.evidence() },
        }
    }

    /// The role of an EC2 instance. Anywhere else nobody answers at the metadata address, and asking costs seconds.
    async fn instance(&self) -> Outcome {
        if !is_ec2(self.machine).await {
            return Outcome::Nothing;
        }
        let Some(api) = self.api else { return Self::offline() };
        let provider = ImdsCredentialsProvider::builder().configure(&api.provider_config()).build();
        let seen = Evidence::new("the instance metadata service", "asked");
        let asked = tokio::time::timeout(IMDS, provider.provide_credentials()).await;
        let asked = asked.unwrap_or_else(|_| Err(CredentialsError::provider_timed_out(IMDS)));
        // From inside a container the answer needs one more hop than it is given. An instance without a role answers 404.
        if let Err(failure) = &asked
            && let why = told(failure)
            && is_container(self.machine)
            && !why.contains("404")
        {
            return Outcome::InstanceUnreachable(why);
        }
        self.settle(asked, "the instance's role", seen)
    }

    /// Asks a provider of the SDK's, which may ask a host that does not answer.
    async fn provided(&self, provider: impl ProvideCredentials, by: &str, seen: Evidence) -> Outcome {
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

    fn found(&self, keys: Credentials, by: &str, seen: Evidence) -> Outcome {
        self.found_with(keys, by, seen, false)
    }

    fn found_with(&self, keys: Credentials, by: &str, seen: Evidence, with_mfa: bool) -> Outcome {
        found::read(self.machine, keys, by, seen, with_mfa)
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
