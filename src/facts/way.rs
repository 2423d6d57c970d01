//! The way that git takes to an https host: through which proxy, trusting whom.

use super::Facts;
use super::git_config::GitConfig;
use super::{proxy, trust};
use crate::check::Gap;
use crate::finding::Evidence;
use crate::machine::Wire;
use crate::target::CloneUrl;
use std::time::Instant;

/// What git's configuration and the environment say of the way.
pub(super) struct Way {
    /// For the connection.
    pub(super) wire: Wire,
    /// The proxy that git uses.
    pub(super) proxy: Option<proxy::Proxy>,
    /// The proxy that the environment names, which AWS tools use.
    pub(super) env_proxy: Option<proxy::Proxy>,
    /// The setting that keeps a proxy out, and that proxy.
    pub(super) kept_out: Option<(Evidence, proxy::Proxy)>,
    /// Whether git signs in to the proxy in another way than with a plain password.
    pub(super) other_auth: bool,
    /// Where it is configured that git does not verify certificates.
    pub(super) verification_off: Option<Evidence>,
    /// Why the certificates that git is told to trust cannot be used.
    pub(super) ca_unreadable: Option<String>,
    /// The certificates that git is told to trust, where not the system's.
    pub(super) ca_file: Option<(String, Evidence)>,
}

/// Finds the way to an https URL.
///
/// # Errors
/// A gap, where git goes a way that the doctor cannot follow.
pub(super) async fn observe(facts: &Facts, url: &CloneUrl, https: &str) -> Result<Way, Gap> {
    let machine = &facts.machine;
    let host = url.host.clone().ok_or_else(|| Gap::blocked("clone-url", "the clone URL names no host"))?;
    let empty = GitConfig::default();
    let config = facts.git_config().await.unwrap_or(&empty);
    if config.http(https, "curloptresolve").is_some() {
        return Err(Gap::unknown(
            "http.curloptResolve tells Git where this host is, and the doctor does not follow it",
        ));
    }
    let env_proxy = proxy::of_environment(machine, &host);
    let remote = facts.target().await?.from.strip_prefix("remote ");
    let proxy = proxy::of_git(machine, config, (https, &host, remote), env_proxy.as_ref());
    if let Some(other) = proxy.as_ref().filter(|proxy| proxy.hop().is_none()) {
        return Err(Gap::unknown(format!("Git connects through {}, which the doctor does not speak", other.shown())));
    }
    let other_auth = proxy::signs_in_otherwise(machine, config, https, remote, proxy.as_ref());
    let kept_out = proxy::kept_out(machine, config, (https, &host, remote));
    let trust = trust::observe(machine, config, https).await;
    let wire = Wire {
        host,
        port: url.port.unwrap_or(443),
        proxy: proxy.as_ref().and_then(proxy::Proxy::hop),
        roots: trust.roots,
        deadline: Instant::now() + machine.patience(),
    };
    Ok(Way {
        wire,
        proxy,
        env_proxy,
        kept_out,
        other_auth,
        verification_off: trust::verification_off(machine, config, https),
        ca_unreadable: trust.unreadable,
        ca_file: trust.named,
    })
}

/// The path of git's first request for a repository (gitprotocol-http(5)): what the URL says, whatever CodeCommit makes of it.
pub(super) fn info_refs(url: &CloneUrl, service: &str) -> Option<String> {
    url.repository.as_ref()?;
    let https = url.https()?;
    let (_, path) = https.strip_prefix("https://")?.split_once('/')?;
    let path = path.trim_end_matches('/');
    let plain = |byte: u8| byte.is_ascii_graphic() && !b"?#\"<>\\^`{|}".contains(&byte);
    path.bytes().all(plain).then(|| format!("/{path}/info/refs?service={service}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_is_git_s() {
        for (url, path) in [
            ("https://git-codecommit.us-east-1.amazonaws.com/v1/repos/my-demo_repo.x", "/v1/repos/my-demo_repo.x"),
            ("https://git-codecommit.us-east-1.amazonaws.com/v1/repos/x/", "/v1/repos/x"),
            ("https://git-codecommit.us-east-1.amazonaws.com/v1/repos/x/y", "/v1/repos/x/y"),
            ("https://git-codecommit.us-east-1.amazonaws.com/v1/repos/My%20Repo", "/v1/repos/My%20Repo"),
            ("codecommit::us-east-1://dev@my-demo", "/v1/repos/my-demo"),
        ] {
            let expected = format!("{path}/info/refs?service=git-upload-pack");
            assert_eq!(info_refs(&CloneUrl::read(url), "git-upload-pack"), Some(expected), "{url}");
        }
        assert_eq!(
            info_refs(&CloneUrl::read("https://git-codecommit.us-east-1.amazonaws.com/"), "git-upload-pack"),
            None
        );
    }
}
