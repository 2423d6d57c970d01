//! Proxies: the one that says no, the one that is kept out, and two that differ.

use super::{CONNECT_FAILED, CONNECT_TIMEOUT, DNS, PROXY_DIFFERS, PROXY_REFUSED};
use crate::docs;
use crate::facts::endpoint::EndpointProbe;
use crate::finding::{Evidence, Finding, Fix, Severity};
use crate::machine::DialError;

/// The direct way fails, and a proxy that is configured leads there.
pub(super) fn kept_out(probe: &EndpointProbe, setting: &Evidence, proxy: &str, error: &DialError) -> Finding {
    let kind = match error {
        DialError::NoSuchHost(_) => &DNS,
        DialError::Timeout => &CONNECT_TIMEOUT,
        _ => &CONNECT_FAILED,
    };
    let (host, name) = (&probe.host, &setting.source);
    let message = format!("{host} is reached through {proxy} only, and {name} keeps Git from using it.");
    let fix = match setting.line {
        Some(line) => Fix::manual(format!("Remove the empty proxy setting in line {line} of {name}")),
        None => Fix::manual(format!("Take whatever covers {host} out of {name}")),
    };
    Finding::new(kind, message).seen(setting.clone()).fix(fix.docs(docs::GIT_CONFIG))
}

pub(super) fn refused_by_proxy(probe: &EndpointProbe, proxy: &str, host: &str, error: &DialError) -> Finding {
    match error {
        // Git can sign in to a proxy in ways that the doctor cannot.
        DialError::ProxyStatus(407, challenge)
            if probe.other_auth || !(challenge.is_empty() || challenge.to_ascii_lowercase().contains("basic")) =>
        {
            let fix = Fix::manual("Check that http.proxyAuthMethod and the proxy's user name fit what it asks for");
            let message =
                format!("{proxy} asks whoever connects to sign in; only Git itself can tell whether it does.");
            Finding::new(&PROXY_REFUSED, message).at_most(Severity::Warning).fix(fix)
        }
        DialError::ProxyStatus(407, _) => {
            let fix = Fix::manual(
                "Put the user name and password for the proxy into http.proxy or HTTPS_PROXY (percent-encoded)",
            );
            Finding::new(&PROXY_REFUSED, format!("{proxy} asks for a user name and password.")).fix(fix)
        }
        DialError::ProxyStatus(status, _) => {
            let fix = Fix::manual(format!("Ask whoever runs the proxy to allow {host}"));
            Finding::new(&PROXY_REFUSED, format!("{proxy} does not connect to {host} (status {status}).")).fix(fix)
        }
        _ => {
            let fix = Fix::manual("Check that the proxy setting names a proxy for https, with its port");
            Finding::new(&PROXY_REFUSED, format!("{proxy} does not answer like a proxy.")).fix(fix)
        }
    }
}

pub(super) fn proxies_differ(probe: &EndpointProbe) -> bool {
    match (&probe.proxy, &probe.env_proxy) {
        (Some((git, _)), Some((env, _))) => git.trim_end_matches('/') != env.trim_end_matches('/'),
        (git, env) => git.is_some() != env.is_some(),
    }
}

pub(super) fn differing_proxies(probe: &EndpointProbe, uses_aws: bool) -> Option<Finding> {
    if !(uses_aws && proxies_differ(probe)) {
        return None;
    }
    let name =
        |proxy: &Option<(String, Evidence)>| proxy.as_ref().map_or("no proxy", |(url, _)| url.as_str()).to_owned();
    let message =
        format!("Git uses {}, and the AWS tools that sign for it use {}.", name(&probe.proxy), name(&probe.env_proxy));
    let fix = Fix::manual("Set HTTPS_PROXY, which all of them read, and remove http.proxy");
    let seen = [&probe.proxy, &probe.env_proxy].into_iter().flatten().map(|(_, evidence)| evidence.clone());
    Some(seen.fold(Finding::new(&PROXY_DIFFERS, message).fix(fix), Finding::seen))
}
