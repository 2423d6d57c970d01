//! The proxy that git uses for a URL, and the one that AWS tools take from the environment.

use super::git_config::{Entry, GitConfig};
use crate::finding::Evidence;
use crate::machine::Machine;
use crate::redact::Secret;

/// A proxy, and where it is configured.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Proxy {
    /// `http`, `https`, `socks5h`, ...
    pub(super) scheme: String,
    host: String,
    port: u16,
    /// `user:password`, or a user name alone.
    auth: Option<Secret>,
    /// Where it is configured, without its password.
    pub(super) from: Evidence,
}

/// Host, port, whether over TLS, and `user:password`: what a connection needs.
pub(super) type Hop = (String, u16, bool, Option<Secret>);

impl Proxy {
    /// Reads a proxy as curl does: without a scheme it is http, without a port 1080. Its password is remembered, so that it
    /// can never be told.
    fn read(machine: &Machine, text: &str, source: &str, line: Option<u32>) -> Option<Self> {
        let full = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        let url = url::Url::parse(&full).ok()?;
        let decode = |part: &str| percent_encoding::percent_decode_str(part).decode_utf8_lossy().into_owned();
        let (user, password) = (decode(url.username()), url.password().map(decode));
        machine.secrets().learn(password.as_deref().unwrap_or_default());
        let auth = match (&user, &password) {
            (user, None) if user.is_empty() => None,
            (user, None) => Some(Secret::new(user)),
            (user, Some(password)) => Some(Secret::new(format!("{user}:{password}"))),
        };
        // The parser drops a port that is the scheme's usual one, which is not curl's.
        let written = full.rsplit('@').next().unwrap_or(&full).trim_end_matches('/').rsplit_once(':');
        let port = written.and_then(|(_, port)| port.parse().ok());
        let port = port.unwrap_or(if url.scheme() == "https" { 443 } else { 1080 });
        let mut proxy = Self {
            scheme: url.scheme().to_owned(),
            host: url.host_str()?.to_owned(),
            port,
            auth,
            from: Evidence::at(source, line, ""),
        };
        proxy.from.text = proxy.shown();
        Some(proxy)
    }

    /// The proxy as it may be told: whether there is a user, and never who.
    pub(super) fn shown(&self) -> String {
        let auth = if self.auth.is_some() { "***@" } else { "" };
        format!("{}://{auth}{}:{}", self.scheme, self.host, self.port)
    }

    /// What a connection through it needs; `None` when it is spoken to in another way than HTTP.
    pub(super) fn hop(&self) -> Option<Hop> {
        let http = matches!(self.scheme.as_str(), "http" | "https");
        let whole = self.auth.clone().filter(|auth| auth.expose().contains(':'));
        http.then(|| (self.host.clone(), self.port, self.scheme == "https", whole))
    }
}

/// The proxy that curl takes from the environment for an https URL; lower-case names win.
pub(super) fn of_environment(machine: &Machine, host: &str) -> Option<Proxy> {
    let (name, value) = of_variables(machine)?;
    Proxy::read(machine, &value, name, None).filter(|_| !is_excluded(machine, host))
}

fn of_variables(machine: &Machine) -> Option<(&'static str, String)> {
    let names = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
    names.into_iter().find_map(|name| Some((name, machine.var_set(name)?)))
}

/// A setting of git's for a URL: the remote's own, else `http.<url>.<name>` or `http.<name>`.
fn setting<'a>(config: &'a GitConfig, url: &str, remote: Option<&str>, name: &'static str) -> Option<&'a Entry> {
    let own = remote.and_then(|remote| config.last(&format!("remote.{remote}.{name}")));
    own.or_else(|| config.http(url, name))
}

/// The proxy that git takes for a URL: the remote's, else `http.proxy`, where an empty value means none, else the
/// environment's.
pub(super) fn of_git(
    machine: &Machine,
    config: &GitConfig,
    (url, host, remote): (&str, &str, Option<&str>),
    env: Option<&Proxy>,
) -> Option<Proxy> {
    match setting(config, url, remote, "proxy") {
        Some(entry) if entry.text().is_empty() => None,
        Some(entry) => {
            let value = entry.exact();
            Proxy::read(machine, value, &entry.source, entry.line).filter(|_| !is_excluded(machine, host))
        }
        None => env.cloned(),
    }
}

/// The setting that keeps a proxy from being used for a host: an empty proxy of git's own, or `NO_PROXY`.
pub(super) fn kept_out(
    machine: &Machine,
    config: &GitConfig,
    (url, host, remote): (&str, &str, Option<&str>),
) -> Option<(Evidence, Proxy)> {
    let own = setting(config, url, remote, "proxy");
    let (name, value) = of_variables(machine).unzip();
    let named = || Proxy::read(machine, value.as_deref()?, name?, None);
    match own {
        Some(entry) if entry.text().is_empty() => Some((entry.evidence(), named()?)),
        _ if !is_excluded(machine, host) => None,
        Some(entry) => {
            let proxy = Proxy::read(machine, entry.exact(), &entry.source, entry.line)?;
            Some((no_proxy(machine)?, proxy))
        }
        None => Some((no_proxy(machine)?, named()?)),
    }
}

fn no_proxy(machine: &Machine) -> Option<Evidence> {
    let (name, value) = ["no_proxy", "NO_PROXY"].iter().find_map(|name| Some((*name, machine.var_set(name)?)))?;
    Some(Evidence::new(name, value))
}

/// Whether git signs in to the proxy in a way that the doctor cannot: with another method than a plain password, or with a
/// password that it asks its helpers for.
pub(super) fn signs_in_otherwise(
    machine: &Machine,
    config: &GitConfig,
    url: &str,
    remote: Option<&str>,
    proxy: Option<&Proxy>,
) -> bool {
    let asks = proxy.and_then(|proxy| proxy.auth.as_ref()).is_some_and(|auth| !auth.expose().contains(':'));
    let configured = setting(config, url, remote, "proxyauthmethod").map(|entry| entry.text().to_owned());
    let method = machine.var_set("GIT_HTTP_PROXY_AUTHMETHOD").or(configured);
    asks || method.is_some_and(|method| !matches!(method.as_str(), "basic" | "anyauth"))
}

/// Whether `NO_PROXY` names the host: `*`, the host itself, or a domain that it is in.
fn is_excluded(machine: &Machine, host: &str) -> bool {
    let list = machine.var_set("no_proxy").or_else(|| machine.var_set("NO_PROXY")).unwrap_or_default();
    list.split([',', ' '])
        .map(|name| name.trim().trim_start_matches('.').to_ascii_lowercase())
        .filter(|name| !name.is_empty())
        .any(|name| name == "*" || host == name || host.strip_suffix(&name).is_some_and(|front| front.ends_with('.')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::Os;

    fn machine(env: &[(&str, &str)]) -> Machine {
        Machine::new(Os::Linux, env.iter().map(|(k, v)| (k.into(), v.into())), "/".into())
    }

    fn read(text: &str) -> Proxy {
        Proxy::read(&machine(&[]), text, "HTTPS_PROXY", None).unwrap()
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
            let machine = machine(&[("NO_PROXY", list)]);
            assert_eq!(is_excluded(&machine, "git-codecommit.us-east-1.amazonaws.com"), excluded, "{list}");
        }
    }

    #[test]
    fn proxies_are_read_as_curl_reads_them() {
        for (text, shown) in [
            ("proxy.corp:3128", "http://proxy.corp:3128"),
            ("http://proxy.corp", "http://proxy.corp:1080"),
            ("http://proxy.corp:80/", "http://proxy.corp:80"),
            ("https://u:p%40@proxy.corp:8443", "https://***@proxy.corp:8443"),
            ("ann:hunter2@proxy.corp:3128", "http://***@proxy.corp:3128"),
            ("http://S3cretTok@proxy.corp:3128", "http://***@proxy.corp:3128"),
        ] {
            assert_eq!(read(text).shown(), shown);
            assert!(!format!("{:?}", read(text)).contains("hunter2"));
        }
        assert!(read("socks5h://proxy.corp:1080").hop().is_none());
        assert!(
            read("http://ann@proxy.corp:1").hop().unwrap().3.is_none(),
            "a user without a password is asked for one"
        );
    }

    #[test]
    fn git_s_own_proxy_wins_and_an_empty_one_means_none() {
        let url = "https://git-codecommit.us-east-1.amazonaws.com/v1/repos/x";
        let machine = machine(&[("HTTPS_PROXY", "http://env:1")]);
        let env = of_environment(&machine, "h");
        let of = |key: &str, value: &str| {
            let entry = Entry { key: key.into(), value: Some(value.into()), ..Entry::default() };
            let config = GitConfig { entries: vec![entry], ..GitConfig::default() };
            of_git(&machine, &config, (url, "h", Some("origin")), env.as_ref()).map(|proxy| proxy.shown())
        };
        assert_eq!(of("http.proxy", "http://own:2").as_deref(), Some("http://own:2"));
        assert_eq!(of("remote.origin.proxy", "http://remote:3").as_deref(), Some("http://remote:3"));
        assert_eq!(of("http.proxy", ""), None);
        assert_eq!(of("core.x", "").as_deref(), Some("http://env:1"));
    }
}
