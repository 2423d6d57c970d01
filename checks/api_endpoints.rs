//! The services that AWS tools ask on Git's behalf can be reached, and are trusted by those tools.

use crate::check::{Check, Gap, Group, Verdict};
use crate::docs;
use crate::facts::services::{Service, Services};
use crate::finding::{Evidence, Finding, FindingKind, Fix, Severity};
use crate::machine::{DialError, Stage};
use crate::needs::Needs;

/// The check.
pub(super) static CHECK: Check = Check {
    id: "api-endpoints",
    title: "The AWS services beside Git can be reached",
    group: Group::Network,
    explain: include_str!("api_endpoints.md"),
    findings: &[&UNREACHABLE, &UNTRUSTED],
    needs: Needs {
        actions: &[],
        reads_policies: false,
        hosts: &["sts.REGION.amazonaws.com", "codecommit.REGION.amazonaws.com", "portal.sso.REGION.amazonaws.com"],
        files: &["~/.aws/config"],
    },
    judge: |facts| {
        Box::pin(async move {
            let services = facts.services().await?;
            let nothing = services.each.iter().all(|service| service.failure.is_some());
            if nothing && facts.endpoint().await.is_ok_and(|probe| !probe.is_reachable()) {
                return Err(Gap::blocked("endpoint", "the network is not reachable"));
            }
            Ok(judge(services))
        })
    },
};

// Warnings by themselves: they stop Git where its AWS tools say so.
static UNREACHABLE: FindingKind =
    FindingKind::error("api-unreachable", "An AWS service cannot be reached", &["C106"], docs::VPC);
static UNTRUSTED: FindingKind = FindingKind::error(
    "api-tls-untrusted",
    "The AWS tools do not trust whoever answers for AWS",
    &["C77"],
    docs::AWS_ENV,
);

fn judge(services: &Services) -> Verdict {
    let found =
        services.each.iter().filter_map(|service| untrusted(services, service).or_else(|| unreachable(service)));
    // One interception is one finding, however many services it covers.
    let mut findings: Vec<Finding> = Vec::new();
    for finding in found {
        if finding.kind != &UNTRUSTED || findings.iter().all(|other| other.kind != finding.kind) {
            findings.push(finding);
        }
    }
    let reached = services.each.iter().filter(|service| service.failure.is_none());
    let names: Vec<&str> = reached.map(|service| service.name.as_str()).collect();
    let summary = if names.is_empty() { "none is reached".to_owned() } else { format!("{} reached", names.join(", ")) };
    Verdict::new(summary, findings)
}

/// The AWS tools are Python programs with a list of authorities of their own, and not the system's.
fn untrusted(services: &Services, service: &Service) -> Option<Finding> {
    let refused = matches!(service.failure, Some((Stage::Tls, DialError::Untrusted(_))));
    let by_system_only = service.failure.is_none() && services.bundle.is_none() && service.is_intercepted();
    if !refused && !by_system_only {
        return None;
    }
    let issuer = service.issuer.as_deref().unwrap_or("somebody unknown");
    let message = format!(
        "{} is answered for by {issuer}, whom the AWS tools do not trust: somebody on the way decrypts the connection.",
        service.host
    );
    let finding = Finding::new(&UNTRUSTED, message).seen(Evidence::new("certificate issuer", issuer));
    let finding = match &services.bundle {
        Some((_, seen)) => finding.seen(seen.clone()),
        None => finding.seen(Evidence::new("AWS_CA_BUNDLE", "not set, and no ca_bundle in the profile")),
    };
    let fix =
        Fix::manual("Let AWS_CA_BUNDLE, or ca_bundle in the profile, name the certificate of your company's authority");
    Some(weigh(finding.fix(fix.docs(docs::AWS_ENV)), service))
}

fn unreachable(service: &Service) -> Option<Finding> {
    let (stage, error) = service.failure.as_ref()?;
    let message = format!("{} ({}) cannot be reached: {} fails.", service.name, service.host, stage.name());
    let finding = Finding::new(&UNREACHABLE, message).seen(Evidence::new(stage.name(), super::endpoint::said(error)));
    let fix = match stage {
        Stage::Proxy | Stage::Connect => format!("Let the proxy in HTTPS_PROXY connect to {}", service.host),
        _ => format!("Open port 443 to {}; in a VPC, create the interface endpoint for it", service.host),
    };
    Some(weigh(finding.fix(Fix::manual(fix).docs(docs::VPC)), service))
}

/// Only what Git's tools cannot do without can stop Git.
fn weigh(finding: Finding, service: &Service) -> Finding {
    if service.is_needed { finding.at_most(Severity::Warning) } else { finding.never_above(Severity::Note) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(is_needed: bool, failure: Option<(Stage, DialError)>, issuer: &str) -> Service {
        Service {
            name: "STS".to_owned(),
            host: "sts.us-east-2.amazonaws.com".to_owned(),
            is_needed,
            failure,
            issuer: Some(issuer.to_owned()),
        }
    }

    fn told(each: Vec<Service>, bundle: Option<&str>) -> (Vec<&'static str>, Option<Severity>) {
        let bundle = bundle.map(|file| (file.to_owned(), Evidence::new("AWS_CA_BUNDLE", file)));
        let verdict = judge(&Services { each, bundle });
        (verdict.ids(), verdict.severity())
    }

    #[test]
    fn services_that_answer_are_fine() {
        assert_eq!(told(vec![service(true, None, "O=Amazon")], None).0, Vec::<&str>::new());
        assert_eq!(told(vec![service(true, None, "O=Corp")], Some("/corp.pem")).0, Vec::<&str>::new());
    }

    #[test]
    fn what_is_needed_and_out_of_reach_is_warned_of() {
        let silent = || Some((Stage::Tcp, DialError::Timeout));
        assert_eq!(told(vec![service(true, silent(), "")], None), (vec!["api-unreachable"], Some(Severity::Warning)));
        assert_eq!(told(vec![service(false, silent(), "")], None).1, Some(Severity::Note));
    }

    #[test]
    fn an_authority_that_only_the_system_trusts_is_told_once() {
        let corp = || service(true, None, "O=Corp Inspection");
        assert_eq!(told(vec![corp(), corp()], None), (vec!["api-tls-untrusted"], Some(Severity::Warning)));
        let refused = Some((Stage::Tls, DialError::Untrusted("UnknownIssuer".to_owned())));
        assert_eq!(told(vec![service(true, refused, "O=Corp")], Some("/x.pem")).0, ["api-tls-untrusted"]);
    }
}
