//! How the URL's host answers, stage by stage: proxy, DNS, TCP, CONNECT, TLS, HTTP; for ssh, the server's first line.

use super::Facts;
use super::ssh::Route;
use super::{proxy, way};
use crate::check::Gap;
use crate::finding::Evidence;
use crate::machine::{DialError, Dialed, Roots, Stage, Wire};
use crate::redact::redact;
use crate::shape::seconds;
use crate::target::{CloneUrl, Protocol};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use std::time::Instant;

/// What was learnt about the way to the Git endpoint.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EndpointProbe {
    /// The host.
    pub host: String,
    /// The port: 443, or 22 for ssh.
    pub port: u16,
    /// The proxy that git uses for this URL, and where that is configured.
    pub proxy: Option<(String, Evidence)>,
    /// The proxy that the environment names for this URL, which AWS tools use.
    pub env_proxy: Option<(String, Evidence)>,
    /// Each stage that succeeded, with its time in milliseconds.
    pub stages: Vec<(Stage, u64)>,
    /// The stage that failed, and why.
    pub failure: Option<(Stage, DialError)>,
    /// After how many milliseconds it failed.
    pub failed_after: u64,
    /// The host's addresses; empty behind a proxy.
    pub addresses: Vec<IpAddr>,
    /// This machine's own address on the way there; none behind a proxy.
    pub local: Option<IpAddr>,
    /// Who issued the server's certificate.
    pub issuer: Option<String>,
    /// The HTTP answer to a request without credentials.
    pub answer: Option<HttpAnswer>,
    /// The first line of an SSH server.
    pub banner: Option<String>,
    /// Local time minus the server's, in seconds.
    pub skew: Option<i64>,
    /// Where it is configured that git does not verify certificates.
    pub verification_off: Option<Evidence>,
    /// Why the certificates that git is told to trust cannot be used; then git refuses every https.
    pub ca_unreadable: Option<String>,
    /// Whether git signs in to the proxy in another way than with a plain password.
    pub other_auth: bool,
    /// Where the direct way fails: the setting that keeps a proxy out, through which the host can be reached.
    pub kept_out: Option<(Evidence, String)>,
    /// The certificates that git is told to trust, where not the system's.
    pub ca_file: Option<(String, Evidence)>,
}

/// The part of an HTTP answer that tells who gave it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpAnswer {
    /// The status.
    pub status: u16,
    /// `x-amzn-RequestId`: only AWS sends it.
    pub request_id: Option<String>,
    /// `Server`.
    pub server: Option<String>,
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// `WWW-Authenticate`.
    pub challenge: Option<String>,
    /// `Location`.
    pub location: Option<String>,
    /// `Retry-After`.
    pub retry_after: Option<String>,
}

impl EndpointProbe {
    /// Whether the host answered.
    #[must_use]
    pub fn is_reachable(&self) -> bool {
        self.failure.is_none()
    }

    /// Whether there seems to be no such host: its name has no address, or a proxy that works cannot get there.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        match &self.failure {
            Some((Stage::Dns, DialError::NoSuchHost(_))) => true,
            Some((Stage::Connect, DialError::ProxyStatus(status, _))) => *status >= 500,
            _ => false,
        }
    }

    /// Whether the host has private addresses only, as a VPC endpoint has.
    #[must_use]
    pub fn is_private(&self) -> bool {
        !self.addresses.is_empty() && self.addresses.iter().all(|address| !is_public(*address))
    }

    /// The address from which AWS sees this machine, where the machine knows it: its own, when that is a public one.
    #[must_use]
    pub fn source(&self) -> Option<IpAddr> {
        self.local.filter(|address| is_public(*address))
    }

    /// The time of all stages, in milliseconds.
    #[must_use]
    pub fn took(&self) -> u64 {
        self.stages.iter().map(|(_, time)| time).sum()
    }
}

/// Goes the way to the Git endpoint once, without credentials.
///
/// # Errors
/// [`Gap::Offline`], or no host to ask.
pub async fn observe(facts: &Facts) -> Result<EndpointProbe, Gap> {
    facts.online()?;
    let target = facts.target().await?;
    let url = target.effective.as_ref().ok_or_else(|| Gap::not_applicable("there is no clone URL and no region"))?;
    let host = url.host.clone().ok_or_else(|| Gap::blocked("clone-url", "the clone URL names no host"))?;
    if url.protocol == Protocol::Ssh {
        return greet(facts, url, &host).await;
    }
    let https = url.https().ok_or_else(|| Gap::blocked("clone-url", "the clone URL is not one of CodeCommit"))?;
    let way = way::observe(facts, url, &https).await?;
    let path = way::info_refs(url, "git-upload-pack").unwrap_or_else(|| "/".to_owned());
    let dialed = facts.machine.get(&way.wire, &path, &[]).await;
    let shown = |proxy: proxy::Proxy| (proxy.shown(), proxy.from);
    let kept_out = match way.kept_out.filter(|_| dialed.failure.is_some()) {
        Some((setting, proxy)) => through(facts, &way.wire, &proxy).await.then(|| (setting, proxy.shown())),
        None => None,
    };
    Ok(EndpointProbe {
        kept_out,
        proxy: way.proxy.map(shown),
        env_proxy: way.env_proxy.map(shown),
        verification_off: way.verification_off,
        ca_unreadable: way.ca_unreadable,
        ca_file: way.ca_file,
        other_auth: way.other_auth,
        ..read(way.wire.host, way.wire.port, dialed)
    })
}

/// Whether the host can be reached through a proxy that is not used.
async fn through(facts: &Facts, direct: &Wire, proxy: &proxy::Proxy) -> bool {
    let deadline = Instant::now() + facts.machine.patience() / 2;
    let wire = Wire { proxy: proxy.hop(), deadline, ..direct.clone() };
    wire.proxy.is_some() && facts.machine.shake_hands(&wire).await.failure.is_none()
}

/// Whether a certificate's issuer is one that signs for AWS; in China others do.
#[must_use]
pub fn signs_for_aws(issuer: &str, host: &str) -> bool {
    host.ends_with("amazonaws.com.cn") || ["Amazon", "Starfield"].iter().any(|name| issuer.contains(name))
}

/// Whether an address is known beyond its own network (RFC 1918, RFC 6598, RFC 4193).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let shared = v4.octets()[0] == 100 && v4.octets()[1] & 0xc0 == 64;
            !(v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_unspecified() || shared)
        }
        IpAddr::V6(v6) => {
            let local = v6.segments()[0] & 0xfe00 == 0xfc00 || v6.segments()[0] & 0xffc0 == 0xfe80;
            !(v6.is_loopback() || v6.is_unspecified() || local)
        }
    }
}

async fn greet(facts: &Facts, url: &CloneUrl, host: &str) -> Result<EndpointProbe, Gap> {
    match facts.ssh().await?.route(url, host) {
        Route::Elsewhere(why) => Err(Gap::unknown(why)),
        Route::Direct(host, port) => {
            let deadline = Instant::now() + facts.machine.patience();
            let wire = Wire { host: host.clone(), port, proxy: None, roots: Roots::default(), deadline };
            Ok(read(host, port, facts.machine.ssh_banner(&wire).await))
        }
    }
}

fn read(host: String, port: u16, dialed: Dialed) -> EndpointProbe {
    let header = |name: &str| {
        let (_, headers, _) = dialed.answer.as_ref()?;
        headers.get(name)?.to_str().ok().map(redact)
    };
    let date = header("date").and_then(|date| httpdate::parse_http_date(&date).ok());
    let answer = dialed.answer.as_ref().map(|(status, _, _)| HttpAnswer {
        status: status.as_u16(),
        request_id: header("x-amzn-requestid"),
        server: header("server"),
        content_type: header("content-type"),
        challenge: header("www-authenticate"),
        // What follows the path may be a token.
        location: header("location").map(|place| place.split(['?', '#']).next().unwrap_or_default().to_owned()),
        retry_after: header("retry-after"),
    });
    EndpointProbe {
        host,
        port,
        skew: date.zip(dialed.asked_at).map(|(theirs, ours)| seconds(ours) - seconds(theirs)),
        answer,
        stages: dialed.stages,
        failure: dialed.failure,
        failed_after: dialed.failed_after,
        addresses: dialed.addresses,
        local: dialed.local,
        issuer: dialed.issuer,
        banner: dialed.banner,
        ..EndpointProbe::default()
    }
}
