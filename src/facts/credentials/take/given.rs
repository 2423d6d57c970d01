//! Sessions that AWS gives: a role's, and those of IAM Identity Center.

use super::Taker;
use crate::facts::api::{Refusal, shorten};
use crate::facts::credentials::plan::Role;
use crate::facts::credentials::{Found, Outcome, caches, sso};
use crate::facts::profiles::{Section, Setting};
use crate::finding::Evidence;
use aws_config::sso::SsoCredentialsProvider;
use aws_credential_types::Credentials;
use aws_sdk_sts::config::Region;
use std::time::SystemTime;

impl Taker<'_> {
    pub(super) async fn role(&self, role: &Role<'_>) -> Outcome {
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
        let value = |key: &str| role.section.setting(key).map(Setting::exact);
        let session = value("role_session_name").unwrap_or("codecommit-doctor");
        let request = client
            .assume_role()
            .role_arn(role.arn.exact())
            .role_session_name(session)
            .set_external_id(value("external_id").map(str::to_owned))
            .set_duration_seconds(value("duration_seconds").and_then(|text| text.parse().ok()));
        match request.send().await {
            Ok(answer) => self.assumed(answer.credentials(), &by, seen),
            Err(error) => self.refused(&role.arn.value, &Refusal::read(&error), "sts:AssumeRole", seen),
        }
    }

    pub(super) async fn web_identity(&self, arn: &str, token: &str, seen: &Evidence) -> Outcome {
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
            Refusal::Answer { code, .. } if !code.starts_with("AccessDenied") && code != "InvalidIdentityToken" => {
                Outcome::SourceRefused { said: Evidence::new(operation, text), seen }
            }
            Refusal::Answer { .. } => {
                Outcome::RoleRefused { role: role.to_owned(), said: Evidence::new(operation, text), seen }
            }
            Refusal::NoAnswer(why) => Outcome::Failed(format!("STS gave no answer: {}", shorten(why))),
        }
    }

    pub(super) async fn sso(&self, section: &Section) -> Outcome {
        if let Some(problem) = sso::problem(self.machine, self.profiles, section, false).await {
            return Outcome::Sso(problem);
        }
        if !self.runs_programs && sso::would_renew(self.machine, section).await {
            return Outcome::Failed(
                "its SSO token would have to be renewed, which is left to the AWS tools".to_owned(),
            );
        }
        let Some(api) = self.api else { return Self::offline() };
        let session = section.setting("sso_session");
        let shared = session.and_then(|session| self.profiles.sso_session(session.exact()));
        let value = |key: &str| {
            let found = section.setting(key).or_else(|| shared.and_then(|shared| shared.setting(key)));
            found.map(Setting::exact).unwrap_or_default().to_owned()
        };
        let mut provider = SsoCredentialsProvider::builder()
            .configure(&api.provider_config())
            .account_id(value("sso_account_id"))
            .role_name(value("sso_role_name"))
            .start_url(value("sso_start_url"))
            .region(Region::new(value("sso_region")));
        provider.set_session_name(session.map(|session| session.exact().to_owned()));
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
}
