//! The regional Git endpoint can be reached and is really AWS.

use crate::check::{Check, Group, Verdict};
use crate::docs;
use crate::facts::endpoint::{EndpointProbe, HttpAnswer};
use crate::finding::{Evidence, Finding, FindingKind, Fix, Severity};
use crate::machine::{DialError, Stage};
use crate::needs::Needs;
use std::net::IpAddr;

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
            let uses_aws = proxies_differ(probe) && facts.method().await.is_ok_and(|decision| decision.method.signs());
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
    findings.extend(probe.answer.as_ref().and_then(|answer| unexpected(probe, answer)));
    findings.extend(banner(probe));
    findings.extend(intercepted(probe));
    findings.extend(differing_proxies(probe, uses_aws));
    findings.extend(private(probe));
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
        return Some(kept_out(probe, setting, proxy, error).seen(told(*stage, error)));
    }
    let finding = match (stage, error) {
        (Stage::Proxy, _) => {
            let fix = Fix::manual(
                "Correct or remove the proxy setting that is shown, or connect to the network in which that proxy is",
            );
            Finding::new(&PROXY_UNREACHABLE, format!("{proxy_name}, through which Git connects, cannot be reached."))
                .fix(fix)
        }
        (Stage::Connect, error) => refused_by_proxy(probe, proxy_name, host, error),
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

/// The direct way fails, and a proxy that is configured leads there.
fn kept_out(probe: &EndpointProbe, setting: &Evidence, proxy: &str, error: &DialError) -> Finding {
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

/// Git refuses every https when the certificates that it is told to trust cannot be read.
fn unusable_certificates(probe: &EndpointProbe) -> Option<Finding> {
    let why = probe.ca_unreadable.as_ref().filter(|_| probe.verification_off.is_none())?;
    let (file, evidence) = probe.ca_file.as_ref()?;
    let message =
        format!("Git is told to trust the certificates in {file}, which {why}, and refuses every connection.");
    let fix = Fix::manual("Correct that setting, or remove it to trust the system's certificates");
    Some(Finding::new(&TLS_UNTRUSTED, message).seen(evidence.clone()).fix(fix))
}

fn refused_by_proxy(probe: &EndpointProbe, proxy: &str, host: &str, error: &DialError) -> Finding {
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

/// Judges who answered. CodeCommit sends a request id with every answer and no page of text.
fn unexpected(probe: &EndpointProbe, answer: &HttpAnswer) -> Option<Finding> {
    let seen = Evidence::new("HTTP", describe(answer));
    let retry = answer.retry_after.as_ref().map(|time| format!(" It asks to wait {time} s.")).unwrap_or_default();
    match answer.status {
        429 => {
            let fix = Fix::manual("Wait, and let automatic jobs fetch less often");
            return Some(
                Finding::new(&THROTTLED, format!("CodeCommit limits the number of requests.{retry}"))
                    .seen(seen)
                    .fix(fix),
            );
        }
        500..=599 => {
            let fix = Fix::manual("Try again in a few minutes, and look at the AWS Health Dashboard");
            let message = format!("The endpoint answers with status {}.", answer.status);
            return Some(Finding::new(&UNAVAILABLE, message).seen(seen).fix(fix));
        }
        _ => {}
    }
    let page = answer.content_type.as_deref().is_some_and(|kind| kind.starts_with("text/html"));
    let known = answer.request_id.is_some() || answer.challenge.is_some();
    if known || !(page || (300..400).contains(&answer.status)) {
        return None;
    }
    let message =
        format!("Whoever answers for {} is not CodeCommit: perhaps a captive portal or another server.", probe.host);
    let fix = Fix::manual("Open a web page to sign in to the network, or check the proxy and the file /etc/hosts");
    Some(Finding::new(&UNEXPECTED, message).at_most(Severity::Warning).seen(seen).fix(fix))
}

fn describe(answer: &HttpAnswer) -> String {
    let fields = [
        ("server", &answer.server),
        ("content-type", &answer.content_type),
        ("location", &answer.location),
        ("x-amzn-requestid", &answer.request_id),
    ];
    let fields = fields.iter().filter_map(|(name, value)| Some(format!(", {name} {}", value.as_ref()?)));
    format!("status {}{}", answer.status, fields.collect::<String>())
}

fn banner(probe: &EndpointProbe) -> Option<Finding> {
    let banner = probe.banner.as_ref().filter(|banner| !banner.contains("AWSCodeCommit"))?;
    let message = format!("Something other than CodeCommit answers on port {} of {}.", probe.port, probe.host);
    let fix = Fix::manual("Check the host in the URL, ssh's Hostname setting and the file /etc/hosts");
    Some(Finding::new(&NOT_CODECOMMIT_SSH, message).seen(Evidence::new("SSH", banner)).fix(fix))
}

fn intercepted(probe: &EndpointProbe) -> Option<Finding> {
    let issuer = probe.issuer.as_ref().filter(|_| probe.is_reachable())?;
    let amazon = ["Amazon", "Starfield"].iter().any(|name| issuer.contains(name));
    if amazon {
        return None;
    }
    let message =
        "The certificate is trusted here, but its issuer is not Amazon: somebody on the way decrypts the connection.";
    let finding = Finding::new(&TLS_INTERCEPTED, message).seen(Evidence::new("certificate issuer", issuer));
    let fix = Fix::manual(
        "If that is your company's proxy, make sure that AWS_CA_BUNDLE names its authority for the AWS CLI as well",
    );
    // Whoever set a certificate authority for Git knows about it.
    Some(if probe.ca_file.is_some() { finding.at_most(Severity::Note).fix(fix) } else { finding.fix(fix) })
}

fn proxies_differ(probe: &EndpointProbe) -> bool {
    match (&probe.proxy, &probe.env_proxy) {
        (Some((git, _)), Some((env, _))) => git.trim_end_matches('/') != env.trim_end_matches('/'),
        (git, env) => git.is_some() != env.is_some(),
    }
}

fn differing_proxies(probe: &EndpointProbe, uses_aws: bool) -> Option<Finding> {
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

fn private(probe: &EndpointProbe) -> Option<Finding> {
    let is_private = |address: &IpAddr| match address {
        IpAddr::V4(address) => address.is_private(),
        IpAddr::V6(address) => address.is_unique_local(),
    };
    let address = probe.addresses.iter().find(|address| is_private(address))?;
    let message =
        format!("{} resolves to private addresses, so a VPC endpoint and its policy are in between.", probe.host);
    Some(Finding::new(&PRIVATE, message).seen(Evidence::new("DNS", address.to_string())))
}

#[cfg(test)]
mod tests;
