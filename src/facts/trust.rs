//! Whom git trusts: which certificates, and whether it looks at them at all.

use super::git_config::GitConfig;
use crate::finding::Evidence;
use crate::machine::{Machine, Os, Roots};

/// Certificates that git is told to trust, and where.
#[derive(Debug, Default)]
pub(super) struct Trust {
    /// For the handshake.
    pub(super) roots: Roots,
    /// The file that is named.
    pub(super) named: Option<(String, Evidence)>,
    /// Why the named file cannot be used; then git refuses every https.
    pub(super) unreadable: Option<String>,
}

/// Reads `http.sslCAInfo` and `http.sslCAPath` with their environment variables.
pub(super) async fn observe(machine: &Machine, config: &GitConfig, url: &str) -> Trust {
    let setting = |variable: &str, name: &'static str| {
        let from_env = machine.var_set(variable).map(|value| (value.clone(), Evidence::new(variable, value)));
        let entry = || config.http(url, name).filter(|entry| !entry.text().is_empty());
        from_env.or_else(|| entry().map(|entry| (entry.text().to_owned(), entry.evidence())))
    };
    let folder = setting("GIT_SSL_CAPATH", "sslcapath").map(|(folder, _)| machine.expand(&folder));
    // Windows' own TLS looks into Windows' own store, unless it is told otherwise (git-config(1), http.schannelUseSSLCAInfo).
    let schannel = config.http(url, "sslbackend").is_some_and(|entry| entry.text() == "schannel")
        && config.http(url, "schannelusesslcainfo").is_none_or(|entry| !entry.is_true());
    let named = setting("GIT_SSL_CAINFO", "sslcainfo")
        .filter(|(file, _)| !file.starts_with("%(prefix)"))
        .filter(|_| machine.os() != Os::Windows || !schannel);
    let Some((file, evidence)) = named else {
        return Trust { roots: Roots { folder, system: true, ..Roots::default() }, ..Trust::default() };
    };
    // Linux builds of curl keep their folder of certificates beside the named file.
    let system = machine.os() == Os::Linux;
    let (pem, unreadable) = match machine.read(machine.expand(&file)).await {
        Ok(pem) => (Some(pem), None),
        Err(error) => (None, Some(error.to_string())),
    };
    Trust { roots: Roots { pem, folder, system }, named: Some((file, evidence)), unreadable }
}

/// Where it is configured that git trusts everybody.
#[must_use]
pub fn verification_off(machine: &Machine, config: &GitConfig, url: &str) -> Option<Evidence> {
    // Git looks only at whether the variable is set, whatever its value.
    if let Some(value) = machine.var("GIT_SSL_NO_VERIFY") {
        return Some(Evidence::new("GIT_SSL_NO_VERIFY", value));
    }
    config.http(url, "sslverify").filter(|entry| !entry.is_true()).map(super::git_config::Entry::evidence)
}
