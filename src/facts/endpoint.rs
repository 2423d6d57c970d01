//! How the URL's host answers, stage by stage: proxy, DNS, TCP, CONNECT, TLS, HTTP; for ssh, the server's first line.

use super::Facts;
use super::git_config::{Entry, GitConfig};
use crate::check::Gap;
use crate::finding::Evidence;
use crate::machine::{DialError, Dialed, Machine, Stage, Wire};
use crate::redact::{Secret, redact};
use crate::shape::seconds;
use crate::target::{CloneUrl, Protocol};
use crate::urlmatch::Parts;
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
    /// The host's addresses; empty behind a proxy.
    pub addresses: Vec<IpAddr>,
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
        return Ok(greet(facts, url, host).await);
    }
    let https = url.https().ok_or_else(|| Gap::blocked("clone-url", "the clone URL is not one of CodeCommit"))?;
    let empty = GitConfig::default();
    let config = facts.git_config().await.unwrap_or(&empty);
    let machine = &facts.machine;
    let env_proxy = proxy_of_environment(machine, &host);
    let proxy = proxy_of_git(machine, config, &https, &host, env_proxy.as_ref());
    let ca_file = ca_file(machine, config, &https);
    let roots = match &ca_file {
        Some((file, _)) => machine.read(machine.expand(file)).await.ok(),
        None => None,
    };
    let port = url.port.unwrap_or(443);
    let wire = Wire {
        host: host.clone(),
        port,
        proxy: proxy.as_ref().and_then(|(raw, _)| read_proxy(raw.expose())),
        roots,
        deadline: Instant::now() + machine.patience(),
    };
    let path = match &url.repository {
        Some(name) => format!(
            "/v1/repos/{}/info/refs?service=git-upload-pack",
            percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC)
        ),
        None => "/".to_owned(),
    };
    let dialed = machine.get(&wire, &path, concat!("codecommit-doctor/", env!("CARGO_PKG_VERSION"))).await;
    let shown = |(raw, from): (Secret, Evidence)| (redact(raw.expose()), from);
    Ok(EndpointProbe {
        proxy: proxy.map(shown),
        env_proxy: env_proxy.map(shown),
        verification_off: verification_off(machine, config, &https),
        ca_file,
        ..read(host, port, dialed)
    })
}

async fn greet(facts: &Facts, url: &CloneUrl, host: String) -> EndpointProbe {
    let port = url.port.unwrap_or(22);
    let deadline = Instant::now() + facts.machine.patience();
    let wire = Wire { host: host.clone(), port, proxy: None, roots: None, deadline };
    read(host, port, facts.machine.ssh_banner(&wire).await)
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
        location: header("location"),
        retry_after: header("retry-after"),
    });
    EndpointProbe {
        host,
        port,
        skew: date.zip(dialed.asked_at).map(|(theirs, ours)| seconds(ours) - seconds(theirs)),
        answer,
        stages: dialed.stages,
        failure: dialed.failure,
        addresses: dialed.addresses,
        issuer: dialed.issuer,
        banner: dialed.banner,
        ..EndpointProbe::default()
    }
}

/// The most specific `http.<url>.<name>`, else `http.<name>`; the last among equals.
#[must_use]
pub fn http_setting<'a>(config: &'a GitConfig, url: &str, name: &str) -> Option<&'a Entry> {
    let url = Parts::parse(url)?;
    config
        .section("http")
        .filter(|(_, key, _)| *key == name)
        .filter_map(|(section, _, entry)| match section {
            None => Some((None, entry)),
            Some(section) => Parts::parse(section)?.matches(&url, true).map(|specific| (Some(specific), entry)),
        })
        .max_by_key(|(specific, _)| *specific)
        .map(|(_, entry)| entry)
}

type Proxy = (Secret, Evidence);

/// The proxy that curl takes from the environment for an https URL; lower-case names win.
fn proxy_of_environment(machine: &Machine, host: &str) -> Option<Proxy> {
    let names = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
    let (name, value) = names.iter().find_map(|name| Some((*name, machine.var_set(name)?)))?;
    let evidence = Evidence::new(name, redact(&value));
    (!is_excluded(machine, host)).then(|| (Secret::new(value), evidence))
}

/// The proxy that git takes for a URL: its own configuration, where an empty value means none, else the environment's.
fn proxy_of_git(machine: &Machine, config: &GitConfig, url: &str, host: &str, env: Option<&Proxy>) -> Option<Proxy> {
    match http_setting(config, url, "proxy") {
        Some(entry) if entry.text().is_empty() => None,
        Some(entry) => {
            let value = entry.raw.as_ref().map_or_else(|| entry.text(), Secret::expose);
            (!is_excluded(machine, host)).then(|| (Secret::new(value), entry.evidence()))
        }
        None => env.cloned(),
    }
}

/// Whether `NO_PROXY` names the host: `*`, the host itself, or a domain that it is in.
fn is_excluded(machine: &Machine, host: &str) -> bool {
    let list = machine.var_set("no_proxy").or_else(|| machine.var_set("NO_PROXY")).unwrap_or_default();
    list.split([',', ' '])
        .map(|name| name.trim().trim_start_matches('.').to_ascii_lowercase())
        .filter(|name| !name.is_empty())
        .any(|name| name == "*" || host == name || host.strip_suffix(&name).is_some_and(|front| front.ends_with('.')))
}

/// Host, port, whether over TLS, and credentials of a proxy URL. Without a scheme it is http, without a port 1080, as for curl.
fn read_proxy(text: &str) -> Option<(String, u16, bool, Option<Secret>)> {
    let full = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    let url = url::Url::parse(&full).ok()?;
    let decode = |part: &str| percent_encoding::percent_decode_str(part).decode_utf8_lossy().into_owned();
    let auth = (!url.username().is_empty())
        .then(|| Secret::new(format!("{}:{}", decode(url.username()), decode(url.password().unwrap_or_default()))));
    let explicit = full
        .rsplit('@')
        .next()
        .unwrap_or(&full)
        .trim_end_matches('/')
        .rsplit_once(':')
        .and_then(|(_, port)| port.parse().ok());
    let port = explicit.unwrap_or(if url.scheme() == "https" { 443 } else { 1080 });
    Some((url.host_str()?.to_owned(), port, url.scheme() == "https", auth))
}

fn ca_file(machine: &Machine, config: &GitConfig, url: &str) -> Option<(String, Evidence)> {
    if let Some(file) = machine.var_set("GIT_SSL_CAINFO") {
        return Some((file.clone(), Evidence::new("GIT_SSL_CAINFO", file)));
    }
    let entry = http_setting(config, url, "sslcainfo").filter(|entry| !entry.text().is_empty())?;
    Some((entry.text().to_owned(), entry.evidence()))
}

/// Where it is configured that git trusts everybody.
#[must_use]
pub fn verification_off(machine: &Machine, config: &GitConfig, url: &str) -> Option<Evidence> {
    // Git looks only at whether the variable is set, whatever its value.
    if let Some(value) = machine.var("GIT_SSL_NO_VERIFY") {
        return Some(Evidence::new("GIT_SSL_NO_VERIFY", value));
    }
    http_setting(config, url, "sslverify").filter(|entry| !entry.is_true()).map(Entry::evidence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::Os;

    fn machine(env: &[(&str, &str)]) -> Machine {
        Machine::new(Os::Linux, env.iter().map(|(k, v)| (k.into(), v.into())), "/".into())
    }

    #[test]
    fn no_proxy_names_hosts_and_domains() {
        for (list, excluded) in [
            ("", false),
            ("*", true),
            ("amazonaws.com", true),
            (".amazonaws.com", true),
            ("azonaws.com", false),
            ("localhost, git-codecommit.us-east-1.amazonaws.com", true),
        ] {
            assert_eq!(
                is_excluded(&machine(&[("NO_PROXY", list)]), "git-codecommit.us-east-1.amazonaws.com"),
                excluded,
                "{list}"
            );
        }
    }

    #[test]
    fn proxies_are_read_as_curl_reads_them() {
        let plain = |text: &str| read_proxy(text).map(|(host, port, tls, auth)| (host, port, tls, auth.is_some()));
        assert_eq!(plain("proxy.corp:3128"), Some(("proxy.corp".into(), 3128, false, false)));
        assert_eq!(plain("http://proxy.corp"), Some(("proxy.corp".into(), 1080, false, false)));
        assert_eq!(plain("http://proxy.corp:80/"), Some(("proxy.corp".into(), 80, false, false)));
        assert_eq!(plain("https://u:p%40@proxy.corp:8443"), Some(("proxy.corp".into(), 8443, true, true)));
    }

    #[test]
    fn the_most_specific_http_setting_wins() {
        let entry =
            |key: &str, value: &str| Entry { key: key.to_owned(), value: Some(value.to_owned()), ..Entry::default() };
        let config = GitConfig {
            entries: vec![entry("http.https://git-codecommit.*.amazonaws.com.proxy", "a"), entry("http.proxy", "b")],
            ..GitConfig::default()
        };
        let proxy = |url: &str| http_setting(&config, url, "proxy").map(Entry::text);
        assert_eq!(proxy("https://git-codecommit.us-east-1.amazonaws.com/v1/repos/x"), Some("a"));
        assert_eq!(proxy("https://github.com/x"), Some("b"));
    }

    #[test]
    fn git_s_own_proxy_wins_and_an_empty_one_means_none() {
        let url = "https://git-codecommit.us-east-1.amazonaws.com/v1/repos/x";
        let machine = machine(&[("HTTPS_PROXY", "http://env:1")]);
        let env = proxy_of_environment(&machine, "h");
        let of = |value: &str| {
            let entry = Entry { key: "http.proxy".into(), value: Some(value.into()), ..Entry::default() };
            let config = GitConfig { entries: vec![entry], ..GitConfig::default() };
            proxy_of_git(&machine, &config, url, "h", env.as_ref()).map(|(raw, _)| raw.expose().to_owned())
        };
        assert_eq!(of("http://own:2").as_deref(), Some("http://own:2"));
        assert_eq!(of(""), None);
    }
}
