//! Everything that can be set: accounts, identities, policies, keys, repositories, clock, latency and faults. A scenario
//! writes it as TOML.

use serde::Deserialize;
use std::time::{Duration, SystemTime};

/// The account of whatever names none.
pub const ACCOUNT: &str = "111122223333";
/// The region of whatever names none.
pub const REGION: &str = "us-east-2";

/// A world.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct World {
    /// IAM users.
    pub users: Vec<User>,
    /// Roles, each with one session that has been assumed.
    pub roles: Vec<Role>,
    /// Repositories.
    pub repositories: Vec<Repository>,
    /// KMS keys.
    pub keys: Vec<Key>,
    /// Service control policies of the organization, for every account.
    pub scps: Vec<Policy>,
    /// Resource control policies of the organization, which no simulation shows.
    pub rcps: Vec<Policy>,
    /// The policy of the VPC endpoint through which Git comes.
    pub git_endpoint_policy: Option<Policy>,
    /// Whether the Git endpoint says 403 and nothing more when something is not allowed.
    pub terse: bool,
    /// The address from which everything comes, for policies that look at it.
    #[serde(default = "source_ip")]
    pub source_ip: String,
    /// Tokens of IAM Identity Center, each good for a role's session.
    pub sso_tokens: Vec<SsoToken>,
    /// What goes wrong on the way.
    pub faults: Vec<Fault>,
    /// Operations at which the connection is cut, such as `iam SimulatePrincipalPolicy`.
    pub cut: Vec<String>,
    /// How far the region's clock is ahead of this machine's, in seconds.
    pub clock: i64,
    /// The round trip from the client to the proxy and whatever lies behind it, in milliseconds.
    pub round_trip: u64,
    /// Addresses of hosts, in the machine's own file of hosts; `own` is the region's, and packets to
    /// 198.51.100.9 vanish.
    pub hosts: Vec<(String, String)>,
    /// Whether the region's own address is one of IPv6.
    pub ipv6: bool,
    /// Whether the region's hosts can be reached without the proxy as well, on an address of their own.
    pub direct: bool,
    /// How the region is reached over SSH; without it there is no SSH.
    pub ssh: Option<SshEndpoint>,
}

/// The region over SSH.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SshEndpoint {
    /// More lines for the server's configuration; the first of each kind counts.
    pub config: Vec<String>,
    /// The client machine's own `/etc/ssh/ssh_config`.
    pub client: Vec<String>,
    /// Whether nobody listens.
    pub closed: bool,
}

/// An SSH public key that a user has uploaded.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SshKey {
    /// Its id, `APKA...`.
    pub id: String,
    /// The name of the lab's key.
    pub key: String,
    /// Whether it may be used.
    #[serde(default = "yes")]
    pub active: bool,
}

/// An IAM user.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// Its name.
    pub name: String,
    /// Its account.
    #[serde(default = "account")]
    pub account: String,
    /// Its access keys.
    #[serde(default)]
    pub access_keys: Vec<AccessKey>,
    /// Its Git credentials for CodeCommit.
    #[serde(default)]
    pub git_credentials: Vec<GitCredential>,
    /// Its SSH public keys.
    #[serde(default)]
    pub ssh_keys: Vec<SshKey>,
    /// Its policies.
    #[serde(default)]
    pub policies: Vec<Policy>,
    /// Its permissions boundary.
    pub boundary: Option<Policy>,
}

/// A role with one session.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// Its name.
    pub name: String,
    /// Its path.
    #[serde(default = "slash")]
    pub path: String,
    /// Its account.
    #[serde(default = "account")]
    pub account: String,
    /// The session's credentials.
    pub session: Session,
    /// Its policies.
    #[serde(default)]
    pub policies: Vec<Policy>,
    /// Its permissions boundary.
    pub boundary: Option<Policy>,
    /// The ARNs of those who may assume it; `*` for whoever is allowed `sts:AssumeRole`.
    #[serde(default)]
    pub trusts: Vec<String>,
    /// The web identity token that is good for it.
    pub web_identity: Option<String>,
    /// Whether it is only given with an MFA code.
    #[serde(default)]
    pub needs_mfa: bool,
}

/// The credentials of an assumed role.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Session {
    /// The access key id, `ASIA...`.
    pub id: String,
    /// The secret access key.
    pub secret: String,
    /// The session token.
    pub token: String,
    /// Whether it has run out.
    #[serde(default)]
    pub expired: bool,
    /// Whether it was begun with MFA.
    #[serde(default)]
    pub mfa: bool,
    /// The session policy.
    pub policy: Option<Policy>,
    /// Whether it is of the user whose name the role has, by federation.
    #[serde(default)]
    pub federated: bool,
}

/// A token of IAM Identity Center.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SsoToken {
    /// The access token.
    pub token: String,
    /// The role, by its permission set's name.
    pub role: String,
    /// The role's own name.
    pub name: String,
}

/// A long-lived access key.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessKey {
    /// The access key id, `AKIA...`.
    pub id: String,
    /// The secret access key.
    pub secret: String,
    /// Whether it may be used.
    #[serde(default = "yes")]
    pub active: bool,
}

/// A Git credential.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GitCredential {
    /// Its user name, `<user>-at-<account>`.
    pub name: String,
    /// Its password.
    pub password: String,
    /// Whether it may be used.
    #[serde(default = "yes")]
    pub active: bool,
}

/// An IAM policy.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// The name of an inline policy, or the ARN of a managed one.
    pub name: String,
    /// The group through which an inline policy applies.
    pub group: Option<String>,
    /// The document, in JSON.
    pub document: String,
}

/// A repository.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Repository {
    /// Its name.
    pub name: String,
    /// Its account.
    #[serde(default = "account")]
    pub account: String,
    /// Its region.
    #[serde(default = "region")]
    pub region: String,
    /// The id or ARN of a customer managed key; without one, the AWS managed key.
    pub key: Option<String>,
    /// Whether nothing was ever pushed to it.
    #[serde(default)]
    pub empty: bool,
}

/// A KMS key.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// Its id.
    pub id: String,
    /// Its account.
    #[serde(default = "account")]
    pub account: String,
    /// Its region.
    #[serde(default = "region")]
    pub region: String,
    /// Whether it is the AWS managed key behind `alias/aws/codecommit`.
    #[serde(default)]
    pub aws_managed: bool,
    /// `Enabled`, `Disabled`, `PendingDeletion`, ...
    #[serde(default = "enabled")]
    pub state: String,
    /// The accounts that the key's policy lets in; its own, where none is named.
    #[serde(default)]
    pub accounts: Vec<String>,
}

/// Something that goes wrong on the way to a host.
#[derive(Clone, Debug, Deserialize)]
pub struct Fault {
    /// The host, or its beginning, such as `git-codecommit.`.
    pub host: String,
    /// What happens.
    #[serde(flatten)]
    pub kind: FaultKind,
}

/// What can go wrong.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum FaultKind {
    /// The proxy answers CONNECT with this status.
    Proxy {
        /// The status: 407, 403, 502.
        status: u16,
    },
    /// The proxy connects, and the connection is closed at once.
    CutOff,
    /// The proxy connects, and nobody ever answers.
    Silence,
    /// The certificate is signed by an authority that nobody trusts.
    Untrusted,
    /// The certificate is signed by a company's authority, which only those trust who are told to.
    Intercepted,
    /// The server speaks TLS 1.0 and nothing newer.
    OldTls,
    /// The certificate is for another host.
    WrongName,
    /// Bytes that are no TLS.
    Garbage,
    /// Every request gets this status.
    Status {
        /// The status: 404, 429, 500, 503.
        status: u16,
    },
    /// Every request gets a page that asks to sign in to the network.
    Portal,
}

impl World {
    /// Reads a world as a scenario writes it.
    ///
    /// # Errors
    /// What the TOML parser says.
    pub fn read(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// The region's time.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        let offset = Duration::from_secs(self.clock.unsigned_abs());
        if self.clock < 0 { SystemTime::now() - offset } else { SystemTime::now() + offset }
    }

    /// What goes wrong for a host.
    #[must_use]
    pub fn fault(&self, host: &str) -> Option<&FaultKind> {
        self.faults.iter().find(|fault| host.starts_with(&fault.host)).map(|fault| &fault.kind)
    }
}

fn account() -> String {
    ACCOUNT.to_owned()
}

fn region() -> String {
    REGION.to_owned()
}

fn source_ip() -> String {
    "198.51.100.7".to_owned()
}

fn slash() -> String {
    "/".to_owned()
}

fn enabled() -> String {
    "Enabled".to_owned()
}

fn yes() -> bool {
    true
}
