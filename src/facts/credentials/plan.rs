//! Where botocore takes a profile's credentials from: the rules that the AWS CLI and git-remote-codecommit follow, which are
//! not those of the SDKs. Pure: over the files and the environment.
//!
//! Sources: "Configuration and credential file settings in the AWS CLI" (AWS CLI user guide); the order of providers in
//! botocore's `credentials` module.

use crate::facts::profiles::{Profiles, Section, Setting};
use crate::finding::Evidence;
use serde::{Deserialize, Serialize};

/// The variables that hold keys and tokens; of two, the first that is set wins.
pub(super) const ENV_TOKENS: [&str; 2] = ["AWS_SECURITY_TOKEN", "AWS_SESSION_TOKEN"];
/// The settings that hold a session token.
pub(super) const TOKENS: [&str; 2] = ["aws_security_token", "aws_session_token"];
const CONTAINER: [&str; 2] = ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"];

/// Where credentials come from.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Source<'a> {
    /// `AWS_ACCESS_KEY_ID` and its companions.
    Environment,
    /// An access key in one of the files.
    Static(&'a Section, &'a Setting),
    /// A role, assumed with other credentials.
    Role(Role<'a>),
    /// A role, for whoever holds a token.
    WebIdentity {
        /// The role's ARN.
        arn: String,
        /// The file with the token.
        token: String,
        /// Where that is configured.
        seen: Evidence,
    },
    /// IAM Identity Center.
    Sso(&'a Section),
    /// `aws login`.
    Login(&'a Setting),
    /// A program.
    Process(&'a Setting),
    /// The container's own credentials.
    Container,
    /// The instance's role, if this is an instance.
    Instance,
}

/// A role and how it is assumed.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Role<'a> {
    pub(super) section: &'a Section,
    pub(super) arn: &'a Setting,
    /// The MFA device that is asked for a code.
    pub(super) mfa: Option<&'a Setting>,
    /// The credentials that assume it.
    pub(super) with: Box<Source<'a>>,
}

impl Source<'_> {
    /// Whether taking from it runs no program and asks no host of the surroundings.
    pub(super) fn is_quiet(&self) -> bool {
        match self {
            Self::Static(..) | Self::Sso(_) | Self::Login(_) => true,
            Self::Role(role) => role.with.is_quiet(),
            _ => false,
        }
    }

    /// Whether AWS gives a session for it, through STS.
    pub(super) fn asks_sts(&self) -> bool {
        matches!(self, Self::Role(_) | Self::WebIdentity { .. })
    }
}

/// Why a profile cannot be followed, whatever AWS says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Flaw {
    /// A profile that another one needs does not exist, has no credentials, or leads back.
    Source {
        /// As the end of a sentence.
        why: String,
        /// Where it is named.
        seen: Evidence,
        /// A profile that may have been meant.
        near: Option<String>,
    },
    /// Something that belongs to it is not there, or contradicts something else.
    Incomplete {
        /// As a sentence.
        why: String,
        /// Where it stands.
        seen: Evidence,
    },
}

/// What is looked at.
pub(super) struct Planner<'a, F: Fn(&str) -> Option<String>> {
    pub(super) profiles: &'a Profiles,
    /// An environment variable that is set and not empty.
    pub(super) env: F,
}

type Planned<'a> = Result<Source<'a>, Flaw>;

impl<'a, F: Fn(&str) -> Option<String>> Planner<'a, F> {
    /// The source for a profile. One that was named outright makes botocore forget the keys in the environment.
    pub(super) fn of(&self, profile: &str, explicit: bool) -> Planned<'a> {
        if !explicit && (self.env)("AWS_ACCESS_KEY_ID").is_some() {
            return self.environment();
        }
        let section = self.profiles.get(profile);
        if let Some(section) = section {
            if let Some(arn) = role_of(section) {
                return self.role(section, arn, &mut vec![profile.to_owned()]);
            }
            if let Some(source) = self.profile(section, explicit)? {
                return Ok(source);
            }
        } else if let Some(source) = self.web_identity(None, explicit)? {
            return Ok(source);
        }
        Ok(if CONTAINER.iter().any(|name| (self.env)(name).is_some()) { Source::Container } else { Source::Instance })
    }

    fn environment(&self) -> Planned<'a> {
        match (self.env)("AWS_SECRET_ACCESS_KEY") {
            Some(_) => Ok(Source::Environment),
            None => Err(Flaw::Incomplete {
                why: "AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is not.".to_owned(),
                seen: Evidence::new("AWS_SECRET_ACCESS_KEY", "not set"),
            }),
        }
    }

    /// What the profile itself has, in botocore's order.
    fn profile(&self, section: &'a Section, explicit: bool) -> Result<Option<Source<'a>>, Flaw> {
        if let Some(source) = self.web_identity(Some(section), explicit)? {
            return Ok(Some(source));
        }
        if section.setting("sso_role_name").or(section.setting("sso_account_id")).is_some() {
            return self.sso(section).map(Some);
        }
        if let Some(key) = Self::key(section, &self.profiles.credentials_file)? {
            return Ok(Some(Source::Static(section, key)));
        }
        if let Some(session) = section.setting("login_session") {
            return Ok(Some(Source::Login(session)));
        }
        if let Some(process) = section.setting("credential_process") {
            return Ok(Some(Source::Process(process)));
        }
        let key = Self::key(section, &self.profiles.config_file)?;
        Ok(key.map(|key| Source::Static(section, key)))
    }

    /// The access key that one of the two files has for the profile.
    fn key(section: &'a Section, file: &str) -> Result<Option<&'a Setting>, Flaw> {
        let Some(key) = section.setting_in("aws_access_key_id", file) else { return Ok(None) };
        if section.setting_in("aws_secret_access_key", file).is_none() {
            let why = format!("Profile {} has an access key without aws_secret_access_key.", section.name);
            return Err(Flaw::Incomplete { why, seen: key.evidence() });
        }
        Ok(Some(key))
    }

    fn web_identity(&self, section: Option<&'a Section>, explicit: bool) -> Result<Option<Source<'a>>, Flaw> {
        let find = |variable: &str, key: &str| {
            let env = (self.env)(variable).filter(|_| !explicit);
            let named = env.map(|value| (value.clone(), Evidence::new(variable, value)));
            named.or_else(|| section?.setting(key).map(|setting| (setting.exact().to_owned(), setting.evidence())))
        };
        let Some((token, seen)) = find("AWS_WEB_IDENTITY_TOKEN_FILE", "web_identity_token_file") else {
            return Ok(None);
        };
        match find("AWS_ROLE_ARN", "role_arn") {
            Some((arn, _)) => Ok(Some(Source::WebIdentity { arn, token, seen })),
            None => {
                Err(Flaw::Incomplete { why: "A web identity token is configured without a role for it.".into(), seen })
            }
        }
    }

    /// Everything that IAM Identity Center needs, from the profile and its session.
    fn sso(&self, section: &'a Section) -> Planned<'a> {
        let anchor = section.setting("sso_role_name").or(section.setting("sso_account_id"));
        let seen = anchor.map_or_else(|| Evidence::new("profile", &section.name), Setting::evidence);
        let mut session = None;
        if let Some(named) = section.setting("sso_session") {
            session = self.profiles.sso_session(named.exact());
            if session.is_none() {
                let why =
                    format!("Profile {} names the sso-session {}, which does not exist.", section.name, named.value);
                return Err(Flaw::Incomplete { why, seen: named.evidence() });
            }
        }
        for key in ["sso_role_name", "sso_account_id", "sso_start_url", "sso_region"] {
            let own = section.setting(key);
            let shared = session.and_then(|session| session.setting(key));
            match (own, shared) {
                (Some(own), Some(shared)) if own.exact() != shared.exact() => {
                    let why =
                        format!("Profile {} and its sso-session have two different values of {key}.", section.name);
                    return Err(Flaw::Incomplete { why, seen: own.evidence() });
                }
                (None, None) => {
                    let why = format!("Profile {} signs in through SSO and lacks {key}.", section.name);
                    return Err(Flaw::Incomplete { why, seen });
                }
                _ => {}
            }
        }
        Ok(Source::Sso(section))
    }

    fn role(&self, section: &'a Section, arn: &'a Setting, visited: &mut Vec<String>) -> Planned<'a> {
        let with = match (section.setting("source_profile"), section.setting("credential_source")) {
            (Some(profile), Some(_)) => {
                let why = format!("Profile {} has both source_profile and credential_source.", section.name);
                return Err(Flaw::Incomplete { why, seen: profile.evidence() });
            }
            (None, None) => {
                let why = format!(
                    "Profile {} has a role_arn and neither source_profile nor credential_source.",
                    section.name
                );
                return Err(Flaw::Incomplete { why, seen: arn.evidence() });
            }
            (Some(profile), None) => self.source_profile(section, profile, visited)?,
            (None, Some(source)) => self.credential_source(section, source)?,
        };
        Ok(Source::Role(Role { section, arn, mfa: section.setting("mfa_serial"), with: Box::new(with) }))
    }

    fn credential_source(&self, section: &Section, source: &Setting) -> Planned<'a> {
        match source.value.as_str() {
            "Environment" if (self.env)("AWS_ACCESS_KEY_ID").is_some() => self.environment(),
            "Environment" => {
                let why =
                    format!("Profile {} takes its credentials from the environment, which has none.", section.name);
                Err(Flaw::Incomplete { why, seen: source.evidence() })
            }
            "EcsContainer" => Ok(Source::Container),
            "Ec2InstanceMetadata" => Ok(Source::Instance),
            other => {
                let why = format!(
                    "Profile {} has the credential_source {other}; Environment, EcsContainer and Ec2InstanceMetadata exist.",
                    section.name
                );
                Err(Flaw::Incomplete { why, seen: source.evidence() })
            }
        }
    }

    fn source_profile(&self, parent: &Section, named: &'a Setting, visited: &mut Vec<String>) -> Planned<'a> {
        let name = named.exact();
        let flaw = |why: String, near: Option<&str>| {
            Err(Flaw::Source { why, seen: named.evidence(), near: near.map(str::to_owned) })
        };
        let Some(section) = self.profiles.get(name) else {
            return flaw(format!("{name}, which does not exist"), self.profiles.nearest(name));
        };
        let has_keys = ["aws_access_key_id", "aws_secret_access_key"].iter().any(|key| section.setting(key).is_some());
        // A profile may name itself, when it has keys of its own.
        if visited.iter().any(|one| one == name) && (name != parent.name || !has_keys) {
            return flaw(format!("{name}, and so in a circle: {} -> {name}", visited.join(" -> ")), None);
        }
        visited.push(name.to_owned());
        match role_of(section).filter(|_| !has_keys) {
            Some(arn) => self.role(section, arn, visited),
            None => match self.profile(section, true)? {
                Some(source) => Ok(source),
                None => flaw(format!("{name}, which has no credentials"), None),
            },
        }
    }
}

/// A profile's role, unless it is one for web identities.
fn role_of(section: &Section) -> Option<&Setting> {
    section.setting("role_arn").filter(|_| section.setting("web_identity_token_file").is_none())
}
