//! Who answered: CodeCommit, somebody in between, or another server.

use super::{NOT_CODECOMMIT_SSH, PRIVATE, THROTTLED, TLS_INTERCEPTED, UNAVAILABLE, UNEXPECTED};
use crate::facts::endpoint::{EndpointProbe, HttpAnswer, signs_for_aws};
use crate::finding::{Evidence, Finding, Fix, Severity};
use std::net::IpAddr;

/// Judges who answered. CodeCommit sends a request id with every answer and no page of text.
pub(super) fn unexpected(probe: &EndpointProbe, answer: &HttpAnswer) -> Option<Finding> {
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

pub(super) fn banner(probe: &EndpointProbe) -> Option<Finding> {
    let banner = probe.banner.as_ref().filter(|banner| !banner.contains("AWSCodeCommit"))?;
    let message = format!("Something other than CodeCommit answers on port {} of {}.", probe.port, probe.host);
    let fix = Fix::manual("Check the host in the URL, ssh's Hostname setting and the file /etc/hosts");
    Some(Finding::new(&NOT_CODECOMMIT_SSH, message).seen(Evidence::new("SSH", banner)).fix(fix))
}

pub(super) fn intercepted(probe: &EndpointProbe) -> Option<Finding> {
    let issuer = probe.issuer.as_ref().filter(|_| probe.is_reachable())?;
    if signs_for_aws(issuer, &probe.host) {
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

pub(super) fn private(probe: &EndpointProbe) -> Option<Finding> {
    let is_private = |address: &IpAddr| match address {
        IpAddr::V4(address) => address.is_private(),
        IpAddr::V6(address) => address.is_unique_local(),
    };
    let address = probe.addresses.iter().find(|address| is_private(address))?;
    let message =
        format!("{} resolves to private addresses, so a VPC endpoint and its policy are in between.", probe.host);
    Some(Finding::new(&PRIVATE, message).seen(Evidence::new("DNS", address.to_string())))
}
