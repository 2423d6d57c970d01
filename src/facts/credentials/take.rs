//! Taking credentials from where they come from.

mod given;
mod surroundings;

use super::plan::{ENV_TOKENS, Source, TOKENS};
use super::{Found, Outcome, caches, found, process};
use crate::facts::api::Api;
use crate::facts::profiles::{Profiles, Section, Setting};
use crate::finding::Evidence;
use crate::machine::Machine;
use aws_credential_types::Credentials;
use std::time::SystemTime;

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

    async fn login(&self, session: &Setting) -> Outcome {
        let cache = self.machine.tilde(&caches::login_file(self.machine, session.exact()));
        match caches::login(self.machine, session.exact()).await {
            Some(keys) if keys.expiry().is_none_or(|expiry| expiry > SystemTime::now()) => {
                self.found(keys, "aws login", session.evidence())
            }
            // Whoever renews it needs a key of its own and the sign-in service.
            Some(_) if caches::is_renewable(self.machine, session.exact()).await => Outcome::Failed(
                "its session of aws login has to be renewed first, which the AWS CLI does when it is used".to_owned(),
            ),
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
            Err(why) if why == process::SLOW => {
                Outcome::Failed("its credential_process takes longer than the doctor waits; Git waits on".to_owned())
            }
            Err(why) => Outcome::ProcessFailed { why, seen: command.evidence() },
        }
    }

    fn found(&self, keys: Credentials, by: &str, seen: Evidence) -> Outcome {
        self.found_with(keys, by, seen, false)
    }

    fn found_with(&self, keys: Credentials, by: &str, seen: Evidence, with_mfa: bool) -> Outcome {
        found::read(self.machine, keys, by, seen, with_mfa)
    }
}
