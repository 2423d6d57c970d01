//! A clone URL taken apart: protocol, host, region, repository, profile, and what is odd about it.
//!
//! Reading never fails: a check must be able to say what is wrong with any text that was given as a URL.

use crate::redact::{Secret, redact};
use crate::regions::Partition;
use crate::shape::Shape;
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use std::time::SystemTime;

/// How Git talks to the repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Protocol {
    /// `https://`.
    Https,
    /// `codecommit::`, through git-remote-codecommit.
    Grc,
    /// `ssh://`, or `user@host:path`.
    Ssh,
    /// Something that CodeCommit does not speak.
    Other,
}

/// Which of CodeCommit's kinds of host a URL names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Endpoint {
    /// `git-codecommit.<region>.amazonaws.com`.
    Public,
    /// `git-codecommit-fips.<region>.amazonaws.com`.
    Fips,
    /// `vpce-....git-codecommit.<region>.vpce.amazonaws.com`.
    Vpc,
    /// A page of the AWS console.
    Console,
    /// Any other host.
    Foreign,
}

/// What is in front of the `@` of an https URL.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UserInfo {
    /// The shape of what Git would send.
    pub shape: Shape,
    /// Whether there is a password, even an empty one.
    pub has_password: bool,
    /// Whether it holds characters that must be percent-encoded in a URL and are not.
    pub badly_encoded: bool,
    /// The user name itself, for asking Git; never told.
    #[serde(skip)]
    pub name: Secret,
    /// The password itself, for asking CodeCommit; never told.
    #[serde(skip)]
    pub password: Secret,
}

/// A clone URL taken apart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CloneUrl {
    /// The URL without secrets.
    pub shown: String,
    /// The protocol.
    pub protocol: Protocol,
    /// The host, in lower case; for `codecommit::` the one that git-remote-codecommit will ask, once the region is known.
    pub host: Option<String>,
    /// An explicit port.
    pub port: Option<u16>,
    /// Host and port as they are written, which is how Git names them to its helpers.
    pub authority: Option<String>,
    /// The path, from its first slash.
    pub path: String,
    /// What kind of host it is.
    pub endpoint: Endpoint,
    /// The region in the host name or in `codecommit::<region>://`.
    pub region: Option<String>,
    /// The repository's name, as it stands in the URL.
    pub repository: Option<String>,
    /// The profile in a `codecommit::` URL.
    pub profile: Option<String>,
    /// The user of an ssh URL.
    pub ssh_user: Option<String>,
    /// User name and password in an https URL.
    pub userinfo: Option<UserInfo>,
}

impl CloneUrl {
    /// Takes any text apart.
    #[must_use]
    pub fn read(text: &str) -> Self {
        let text = text.trim();
        let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
        match scheme.to_ascii_lowercase().as_str() {
            "https" | "http" => Self::from_http(text, rest),
            "ssh" | "git+ssh" | "ssh+git" => Self::from_ssh(text, rest, '/'),
            scheme if scheme.starts_with("codecommit") => Self::from_grc(text, scheme, rest),
            "" if is_scp_like(text) => Self::from_ssh(text, text, ':'),
            "" if text.to_ascii_lowercase().starts_with("codecommit:") => Self::from_grc(text, text, ""),
            _ => Self::new(text, Protocol::Other),
        }
    }

    fn new(text: &str, protocol: Protocol) -> Self {
        Self {
            shown: redact(text),
            protocol,
            host: None,
            port: None,
            authority: None,
            path: String::new(),
            endpoint: Endpoint::Foreign,
            region: None,
            repository: None,
            profile: None,
            ssh_user: None,
            userinfo: None,
        }
    }

    fn from_http(text: &str, rest: &str) -> Self {
        let mut url = Self::new(text, Protocol::Https);
        let (authority, path) = rest.split_at(path_start(rest));
        // A raw slash in the password ends the authority early; the host then follows a later `@`.
        let (authority, path) = match path.split_once('@') {
            Some((more, after))
                if !authority.contains('@') && authority.contains(':') && after.contains("git-codecommit") =>
            {
                let (host, path) = after.split_at(path_start(after));
                (format!("{authority}{more}@{host}"), path)
            }
            _ => (authority.to_owned(), path),
        };
        if let Some((userinfo, _)) = authority.rsplit_once('@') {
            url.userinfo = Some(user_info(userinfo));
            let host = authority.rsplit('@').next().unwrap_or_default();
            let name = url.userinfo.as_ref().map_or("***", |info| info.shape.user.as_str());
            let password = if userinfo.contains(':') { ":***" } else { "" };
            let scheme = text.split("://").next().unwrap_or("https");
            url.shown = format!("{scheme}://{name}{password}@{host}{path}");
        }
        url.set_host(authority.rsplit('@').next().unwrap_or_default());
        path.clone_into(&mut url.path);
        url.repository = repository(path);
        if url.endpoint == Endpoint::Console {
            url.repository = path
                .split("/repositories/")
                .nth(1)
                .and_then(|rest| rest.split(['/', '?', '#']).next())
                .map(str::to_owned);
        }
        url
    }

    fn from_ssh(text: &str, rest: &str, separator: char) -> Self {
        let mut url = Self::new(text, Protocol::Ssh);
        let (authority, path) = rest.split_once(separator).unwrap_or((rest, ""));
        let host = match authority.rsplit_once('@') {
            Some((user, host)) => {
                url.ssh_user = Some(user.split(':').next().unwrap_or_default().to_owned());
                host
            }
            None => authority,
        };
        url.set_host(host);
        url.path = format!("/{}", path.trim_start_matches('/'));
        url.repository = repository(&url.path);
        url
    }

    fn from_grc(text: &str, scheme: &str, rest: &str) -> Self {
        let mut url = Self::new(text, Protocol::Grc);
        url.region = scheme.split_once("::").map(|(_, region)| region.to_owned()).filter(|region| !region.is_empty());
        // Whatever stands before the last @ is no part of the name.
        let (profile, rest) = match rest.rsplit_once('@') {
            Some((profile, rest)) => (Some(profile), rest),
            None => (None, rest),
        };
        let (repository, path) = rest.split_at(path_start(rest));
        // Whatever stands behind a colon would be a password, which these URLs do not have.
        let profile = profile.map(|profile| profile.split(':').next().unwrap_or_default());
        url.profile = profile.map(|profile| percent_decode_str(profile).decode_utf8_lossy().into_owned());
        url.repository = Some(repository.to_owned()).filter(|name| !name.is_empty());
        path.clone_into(&mut url.path);
        if let Some(region) = url.region.clone() {
            url.settle_region(&region);
        }
        url
    }

    /// Completes a `codecommit::` URL with the region that its profile names.
    pub fn settle_region(&mut self, region: &str) {
        self.region = Some(region.to_owned());
        if self.protocol == Protocol::Grc {
            self.host = Some(crate::regions::git_host(region));
            self.endpoint = Endpoint::Public;
        }
    }

    /// Leads a `codecommit::` URL to another host than its region's, as git-remote-codecommit does when it is told to.
    pub fn redirect(&mut self, authority: &str) {
        if self.protocol == Protocol::Grc {
            let region = self.region.take();
            self.set_host(authority);
            self.region = region;
        }
    }

    fn set_host(&mut self, authority: &str) {
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if port.chars().all(|c| c.is_ascii_digit()) => (host, port.parse().ok()),
            _ => (authority, None),
        };
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        (self.endpoint, self.region) = classify(&host);
        self.port = port;
        self.authority = Some(authority.to_owned()).filter(|_| !host.is_empty());
        self.host = Some(host).filter(|host| !host.is_empty());
    }

    /// The partition, by the region's name.
    #[must_use]
    pub fn partition(&self) -> Option<Partition> {
        self.region.as_deref().map(Partition::of)
    }

    /// Whether the URL names a CodeCommit Git endpoint.
    #[must_use]
    pub fn is_codecommit(&self) -> bool {
        self.protocol == Protocol::Grc || matches!(self.endpoint, Endpoint::Public | Endpoint::Fips | Endpoint::Vpc)
    }

    /// The https URL that Git itself talks to, without user name and password: the URL's own, or git-remote-codecommit's.
    #[must_use]
    pub fn https(&self) -> Option<String> {
        let host = self.host.as_ref()?;
        match self.protocol {
            Protocol::Https => Some(format!("https://{}{}", self.authority.as_ref().unwrap_or(host), self.path)),
            Protocol::Grc => {
                let authority = self.authority.as_ref().unwrap_or(host);
                Some(format!("https://{authority}/v1/repos/{}", self.repository.as_ref()?))
            }
            Protocol::Ssh | Protocol::Other => None,
        }
    }
}

fn path_start(rest: &str) -> usize {
    rest.find(['/', '?', '#']).unwrap_or(rest.len())
}

fn repository(path: &str) -> Option<String> {
    let name = path.strip_prefix("/v1/repos/")?.split(['/', '?', '#']).next()?;
    Some(percent_decode_str(name).decode_utf8_lossy().into_owned()).filter(|name| !name.is_empty())
}

/// Whether text without `://` is ssh's short form `user@host:path` and not a Windows path or a GRC URL.
fn is_scp_like(text: &str) -> bool {
    let Some((host, path)) = text.split_once(':') else { return false };
    // A colon before the @ is that of a password, and these two are schemes with a slash lost.
    let slip = matches!(host, "http" | "https") || (!host.contains('@') && path.contains('@'));
    host.len() > 1
        && !slip
        && !host.contains(['/', '\\'])
        && !path.is_empty()
        && !host.to_ascii_lowercase().starts_with("codecommit")
}

/// The kind of host and the region that it names. The AWS CLI's helper reads the region in the same way.
fn classify(host: &str) -> (Endpoint, Option<String>) {
    let labels: Vec<&str> = host.split('.').collect();
    match labels.as_slice() {
        ["git-codecommit", region, "amazonaws", "com"] | ["git-codecommit", region, "amazonaws", "com", "cn"] => {
            (Endpoint::Public, Some((*region).to_owned()))
        }
        ["git-codecommit-fips", region, "amazonaws", "com"] => (Endpoint::Fips, Some((*region).to_owned())),
        [vpce, "git-codecommit" | "git-codecommit-fips", region, "vpce", "amazonaws", "com"]
        | [vpce, "git-codecommit" | "git-codecommit-fips", region, "vpce", "amazonaws", "com", "cn"]
            if vpce.starts_with("vpce-") =>
        {
            (Endpoint::Vpc, Some((*region).to_owned()))
        }
        [region, "console", "aws", "amazon", "com"] | [region, "console", "amazonaws", "cn"] => {
            (Endpoint::Console, Some((*region).to_owned()))
        }
        ["console", "aws", "amazon", "com"] | ["console", "amazonaws", "cn"] => (Endpoint::Console, None),
        _ => (Endpoint::Foreign, None),
    }
}

fn user_info(text: &str) -> UserInfo {
    let (user, password) = match text.split_once(':') {
        Some((user, password)) => (user, Some(password)),
        None => (text, None),
    };
    let decode = |part: &str| percent_decode_str(part).decode_utf8_lossy().into_owned();
    let name = decode(user);
    let decoded = password.map(decode);
    UserInfo {
        shape: Shape::of(&name, decoded.as_deref(), SystemTime::now()),
        has_password: password.is_some(),
        // Git refuses a URL whose parts hold what its helpers take for the end of a line.
        badly_encoded: has_bare_escape(text)
            || name.chars().any(char::is_control)
            || password.is_some_and(|password| password.contains(['/', '?', '#', '@'])),
        name: Secret::new(name),
        password: Secret::new(decoded.unwrap_or_default()),
    }
}

/// Whether a `%` is not followed by two hexadecimal digits.
fn has_bare_escape(text: &str) -> bool {
    text.split('%')
        .skip(1)
        .any(|rest| !rest.get(..2).is_some_and(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit())))
}

#[cfg(test)]
mod tests;
