//! The regional Git endpoint can be reached and is really AWS.

mod answered;
mod proxies;

use crate::check::{Check, Group, Verdict};
use crate::docs;
use crate::facts::endpoint::EndpointProbe;
use crate::finding::{Evidence, Finding, FindingKind, Fix, Severity};
use crate::machine::{DialError, Stage};
use crate::needs::Needs;

/// The check.
pub(super) static CHECK: Check = Check {
    id: "endpoint",
    title: "The regional Git endpoint can be reached and is really AWS",
    group: Group::Network,
    explain: include_str!("endpoint.md"),
    findings: &[
        &DNS,
        &CONNECT_FAILED,
        &CONNECT_TIMEOUT,
        &PROXY_UNREACHABLE,
        &PROXY_REFUSED,
        &PROXY_DIFFERS,
        &TLS_UNTRUSTED,
        &TLS_INTERCEPTED,
        &TLS_TOO_OLD,
        &TLS_NAME,
        &THROTTLED,
        &UNAVAILABLE,
        &UNEXPECTED,
        &PRIVATE,
        &SSH_BLOCKED,
        &NOT_CODECOMMIT_SSH,
    ],
    needs: Needs { actions: &[], reads_policies: false, hosts: &["git-codecommit.REGION.amazonaws.com"], files: &[] },
    judge: |facts| {
        Box::pin(async move {
            let probe = facts.endpoint().await?;
            // The method matters only where two proxies differ; asking for it needs AWS.
            let uses_aws =
                proxies::proxies_differ(probe) && facts.method().await.is_ok_and(|decision| decision.method.signs());
            Ok(judge(probe, uses_aws))
        })
    },
};

static DNS: FindingKind = FindingKind::error("dns-failure", "The host's name has no address", &["C106"], docs::REGIONS);
static CONNECT_FAILED: FindingKind =
    FindingKind::error("connect-failed", "The host refuses the connection", &["C105"], docs::REGIONS);
static CONNECT_TIMEOUT: FindingKind =
    FindingKind::error("connect-timeout", "Nothing answers", &["C105", "C106"], docs::VPC);
static PROXY_UNREACHABLE: FindingKind =
    FindingKind::error("proxy-unreachable", "The proxy cannot be reached", &["C105"], docs::GIT_CONFIG);
static PROXY_REFUSED: FindingKind =
    FindingKind::error("proxy-refused", "The proxy does not connect on", &["C105"], docs::GIT_CONFIG);
static PROXY_DIFFERS: FindingKind =
    FindingKind::warning("proxy-differs", "Git and the AWS tools use different proxies", &["C105"], docs::GIT_CONFIG);
static TLS_UNTRUSTED: FindingKind =
    FindingKind::error("tls-untrusted", "The certificate is signed by somebody unknown", &["C104"], docs::GIT_CONFIG);
static TLS_INTERCEPTED: FindingKind =
    FindingKind::warning("tls-intercepted", "The certificate's issuer is not Amazon", &["C104"], docs::GIT_CONFIG);
static TLS_TOO_OLD: FindingKind =
    FindingKind::error("tls-too-old", "There is no common TLS version", &["C107"], docs::TROUBLE_GIT);
static TLS_NAME: FindingKind =
    FindingKind::error("tls-name-mismatch", "The certificate is for another host", &["C104"], docs::REGIONS);
static THROTTLED: FindingKind =
    FindingKind::error("http-throttled", "CodeCommit limits the requests", &["C116"], docs::TROUBLE_ACCESS);
static UNAVAILABLE: FindingKind =
    FindingKind::error("http-unavailable", "The endpoint has an error of its own", &[], docs::TROUBLE_ACCESS);
// A warning by itself: that it stops Git shows only when Git fails.
static UNEXPECTED: FindingKind =
    FindingKind::error("http-unexpected", "The answer is not CodeCommit's", &[], docs::REGIONS);
static PRIVATE: FindingKind = FindingKind::note("private-endpoint", "A VPC endpoint is in use", &["C37"], docs::VPC);
static SSH_BLOCKED: FindingKind =
    FindingKind::error("ssh-port-blocked", "Port 22 cannot be reached", &["C97"], docs::TROUBLE_SSH);
static NOT_CODECOMMIT_SSH: FindingKind =
    FindingKind::error("not-codecommit-ssh", "Another server answers on port 22", &["C97"], docs::REGIONS);

fn judge(probe: &EndpointProbe, uses_aws: bool) -> Verdict {
    let mut findings: Vec<Finding> = Vec::new();
    findings.extend(unusable_certificates(probe).or_else(|| failure(probe)));
    findings.extend(probe.answer.as_ref().and_then(|answer| answered::unexpected(probe, answer)));
    findings.extend(answered::banner(probe));
    findings.extend(answered::intercepted(probe));
    findings.extend(proxies::differing_proxies(probe, uses_aws));
    findings.extend(answered::private(probe));
    Verdict::new(summary(probe), findings)
}

/// "reached in 182 ms: DNS 3, TCP 52, TLS 110, HTTP 17; certificate by Amazon".
fn summary(probe: &EndpointProbe) -> String {
    // A stage that got halfway is told as the one that failed.
    let failed = probe.failure.as_ref().map(|(stage, _)| *stage);
    let done = probe.stages.iter().filter(|(stage, _)| Some(*stage) != failed);
    let stages: Vec<String> = done.map(|(stage, time)| format!("{} {time}", stage.name())).collect();
    let through = probe.proxy.as_ref().map(|(proxy, _)| format!(" through {proxy}")).unwrap_or_default();
    let status = probe.answer.as_ref().map(|answer| format!(", status {}", answer.status)).unwrap_or_default();
    let at = match probe.addresses.as_slice() {
        [] => String::new(),
        [one] => format!(" at {one}"),
        [first, rest @ ..] => format!(" at {first} and {} more", rest.len()),
    };
    let signer =
        probe.issuer.as_deref().map(|issuer| format!(", certificate by {}", organization(issuer))).unwrap_or_default();
    match &probe.failure {
        Some((stage, _)) if stages.is_empty() => {
            format!(
                "{}:{} not reached{through}: {} failed after {} ms",
                probe.host,
                probe.port,
                stage.name(),
                probe.failed_after
            )
        }
        Some((stage, _)) => format!(
            "{}:{} not reached{through}{at}: {} ms, then {} failed after {} ms",
            probe.host,
            probe.port,
            stages.join(", "),
            stage.name(),
            probe.failed_after
        ),
        None => format!(
            "{} reached{through}{at} in {} ms ({}{status}){signer}",
            probe.host,
            probe.took(),
            stages.join(", ")
        ),
    }
}

/// The organization in an issuer's name: `C=US, O=Amazon, CN=...`.
fn organization(issuer: &str) -> &str {
    issuer.split(", ").find_map(|part| part.strip_prefix("O=")).unwrap_or(issuer)
}

fn failure(probe: &EndpointProbe) -> Option<Finding> {
    let (stage, error) = probe.failure.as_ref()?;
    let host = &probe.host;
    let proxy = probe.proxy.as_ref();
    let proxy_name = proxy.map_or("the proxy", |(url, _)| url.as_str());
    if probe.port == 22 && *stage == Stage::Tcp {
        let message = format!("Port 22 of {host} cannot be reached, and CodeCommit has no other port for SSH.");
        let fix = Fix::manual("Open port 22 to this host, or clone over https").docs(docs::SETUP_GIT_CREDENTIALS);
        return Some(Finding::new(&SSH_BLOCKED, message).seen(told(*stage, error)).fix(fix));
    }
    if let Some((setting, proxy)) = &probe.kept_out {
        return Some(proxies::kept_out(probe, setting, proxy, error).seen(told(*stage, error)));
    }
    let finding = match (stage, error) {
        (Stage::Proxy, _) => {
            let fix = Fix::manual(
                "Correct or remove the proxy setting that is shown, or connect to the network in which that proxy is",
            );
            Finding::new(&PROXY_UNREACHABLE, format!("{proxy_name}, through which Git connects, cannot be reached."))
                .fix(fix)
        }
        (Stage::Connect, error) => proxies::refused_by_proxy(probe, proxy_name, host, error),
        (_, DialError::NoSuchHost(_)) => {
            let fix = Fix::manual(
                "Check the region in the URL, the network, and, in a VPC, the endpoint com.amazonaws.REGION.git-codecommit",
            );
            Finding::new(&DNS, format!("The name {host} has no address.")).fix(fix.docs(docs::VPC))
        }
        (Stage::Tls | Stage::Http, DialError::Timeout) => {
            let fix = Fix::manual(
                "Lower the MTU of the VPN or of the network's interface (try 1400), or ask whoever runs the firewall",
            );
            let message = format!(
                "{host} takes the connection and then falls silent ({}): large packets may be lost on the way.",
                stage.name()
            );
            Finding::new(&CONNECT_TIMEOUT, message).fix(fix)
        }
        (_, DialError::Timeout) => {
            let fix = Fix::manual(
                "Set the proxy of this network with http.proxy or HTTPS_PROXY, or open port 443 to this host",
            );
            Finding::new(&CONNECT_TIMEOUT, format!("{host} does not answer ({}).", stage.name())).fix(fix)
        }
        (_, DialError::Untrusted(_)) => untrusted(probe),
        (_, DialError::WrongName(_)) => {
            let fix = Fix::manual(
                "Check the URL, the proxy, and the file /etc/hosts for an entry that leads this name elsewhere",
            );
            Finding::new(&TLS_NAME, format!("Whoever answers for {host} shows the certificate of another host."))
                .fix(fix)
        }
        (_, DialError::NotValidNow(_)) => {
            let fix = Fix::manual("Set this machine's clock, then try again");
            Finding::new(&TLS_UNTRUSTED, format!("The certificate of {host} is not valid at this machine's time."))
                .fix(fix)
        }
        (_, DialError::TlsTooOld(_)) => {
            let fix =
                Fix::manual("Have the proxy or firewall on the way brought up to TLS 1.2, which CodeCommit requires");
            Finding::new(&TLS_TOO_OLD, format!("Whoever answers for {host} offers no TLS version from 1.2 on."))
                .fix(fix)
        }
        (stage, _) => {
            let fix = Fix::manual("Check the network, and whether it needs a proxy for https");
            Finding::new(
                &CONNECT_FAILED,
                format!("The connection to {host} is refused or broken off ({}).", stage.name()),
            )
            .fix(fix)
        }
    };
    let certificate = matches!(error, DialError::Untrusted(_) | DialError::WrongName(_) | DialError::NotValidNow(_));
    let finding = match &probe.verification_off {
        // Git does not look at the certificate at all.
        Some(evidence) if certificate => finding.at_most(Severity::Warning).seen(evidence.clone()),
        _ => finding,
    };
    let finding = finding.seen(told(*stage, error));
    Some(match proxy {
        Some((_, evidence)) => finding.seen(evidence.clone()),
        None => finding,
    })
}

/// Git refuses every https when the certificates that it is told to trust cannot be read.
fn unusable_certificates(probe: &EndpointProbe) -> Option<Finding> {
    let why = probe.ca_unreadable.as_ref().filter(|_| probe.verification_off.is_none())?;
    let (file, evidence) = probe.ca_file.as_ref()?;
    let message =
        format!("Git is told to trust the certificates in {file}, which {why}, and refuses every connection.");
    let fix = Fix::manual("Correct that setting, or remove it to trust the system's certificates");
    Some(Finding::new(&TLS_UNTRUSTED, message).seen(evidence.clone()).fix(fix))
}

fn untrusted(probe: &EndpointProbe) -> Finding {
    let issuer = probe.issuer.as_deref().unwrap_or("somebody unknown");
    let message =
        format!("The certificate for {} is signed by {issuer}, whom this machine does not trust.", probe.host);
    let fix = Fix::manual("Tell Git which certificate authority your company's proxy uses, for this host only")
        .instruct(format!(
            "Ask for its certificate file, and set http.https://{}/.sslCAInfo to where you keep it.",
            probe.host
        ));
    let finding = Finding::new(&TLS_UNTRUSTED, message).fix(fix);
    match &probe.ca_file {
        Some((_, evidence)) => finding.seen(evidence.clone()),
        None => finding,
    }
}

fn told(stage: Stage, error: &DialError) -> Evidence {
    Evidence::new(stage.name(), said(error))
}

/// A failure in its own words.
pub(super) fn said(error: &DialError) -> String {
    match error {
        DialError::NoSuchHost(host) => format!("no address for {host}"),
        DialError::Timeout => "no answer in time".to_owned(),
        DialError::ProxyStatus(status, text) => format!("status {status}: {text}"),
        DialError::Refused(text)
        | DialError::Untrusted(text)
        | DialError::WrongName(text)
        | DialError::NotValidNow(text)
        | DialError::TlsTooOld(text)
        | DialError::Other(text) => text.clone(),
    }
}

#[cfg(test)]
mod tests;
