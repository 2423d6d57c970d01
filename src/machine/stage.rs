//! The steps on the way to an answer, and why one can fail.

use serde::{Deserialize, Serialize};

/// One step on the way to an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Reaching the proxy.
    Proxy,
    /// Turning the name into addresses.
    Dns,
    /// Opening a TCP connection.
    Tcp,
    /// Asking the proxy to connect on.
    Connect,
    /// The TLS handshake.
    Tls,
    /// The request and its answer.
    Http,
}

impl Stage {
    /// What people call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Proxy => "proxy",
            Self::Dns => "DNS",
            Self::Tcp => "TCP",
            Self::Connect => "CONNECT",
            Self::Tls => "TLS",
            Self::Http => "HTTP",
        }
    }
}

/// Why a stage failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DialError {
    /// The name has no address.
    NoSuchHost(String),
    /// Nobody answered within the time.
    Timeout,
    /// The connection was refused or broken off.
    Refused(String),
    /// The proxy said no, with this status; the text is its challenge or reason.
    ProxyStatus(u16, String),
    /// The certificate is not signed by anybody that this machine trusts.
    Untrusted(String),
    /// The certificate is for another name.
    WrongName(String),
    /// The certificate has expired, or is not valid yet.
    NotValidNow(String),
    /// The other side speaks no TLS version that is still allowed.
    TlsTooOld(String),
    /// Any other failure.
    Other(String),
}
