//! The AWS services beside Git: whether they can be reached as the AWS tools reach them, through the environment's proxy,
//! trusting whom those tools trust. No request is made: the way ends with the TLS handshake.

use super::endpoint::signs_for_aws;
use super::{Facts, api, choice, proxy};
use crate::check::Gap;
use crate::finding::Evidence;
use crate::machine::{DialError, Roots, Stage, Wire};
use crate::regions::Partition;
use futures_util::future::join_all;
use serde::{Deserialize, Serialize};
use std::time::Instant;

/// What was learnt about each.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Services {
    /// The services, those first that the profile's credentials come from.
    pub each: Vec<Service>,
    /// The certificate bundle that the AWS tools are told to use, and where.
    pub bundle: Option<(String, Evidence)>,
}

/// One service's endpoint.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Service {
    /// What people call it.
    pub name: String,
    /// The host.
    pub host: String,
    /// Whether Git's AWS tools cannot sign without it.
    pub is_needed: bool,
    /// The stage that failed, and why.
    pub failure: Option<(Stage, DialError)>,
    /// Who issued its certificate.
    pub issuer: Option<String>,
}

impl Service {
    /// Whether somebody on the way shows a certificate of its own.
    #[must_use]
    pub fn is_intercepted(&self) -> bool {
        self.issuer.as_ref().is_some_and(|issuer| !signs_for_aws(issuer, &self.host))
    }
}

/// Goes the way to each service once.
///
/// # Errors
/// [`Gap::Offline`], or nobody here uses them.
pub async fn observe(facts: &Facts) -> Result<Services, Gap> {
    facts.online()?;
    let region = facts.target().await?.region().map(str::to_owned);
    let region = region.ok_or_else(|| Gap::not_applicable("no region is known: give a clone URL or --region"))?;
    let bundle = api::bundle(facts).await;
    let pem = match &bundle {
        Some((file, _)) => facts.machine.read(facts.machine.expand(file)).await.ok(),
        None => None,
    };
    let roots = Roots { system: pem.is_none(), pem, ..Roots::default() };
    let services = hosts(facts, &region).await;
    let probes = join_all(services.into_iter().map(|service| probe(facts, service, roots.clone())));
    // Which method is meant may take longer to find out than the way there.
    let (mut each, method, credentials) = tokio::join!(probes, facts.method(), facts.credentials());
    let signs = method?.method.signs();
    if !signs && !credentials.is_ok_and(|credentials| credentials.found().is_some()) {
        return Err(Gap::not_applicable("without AWS credentials Git asks no service but its own"));
    }
    for service in &mut each {
        service.is_needed &= signs;
    }
    Ok(Services { each, bundle })
}

/// The hosts that the tools ask: where the profile's credentials come from, then STS and CodeCommit.
async fn hosts(facts: &Facts, region: &str) -> Vec<Service> {
    let suffix = Partition::of(region).dns_suffix();
    let service =
        |name: &str, host: String, is_needed| Service { name: name.to_owned(), host, is_needed, ..Service::default() };
    let mut all = Vec::new();
    let profile = choice::choose(facts).await.ok().map(|choice| choice.profile);
    let profiles = facts.profiles().await.ok();
    let section = profiles.zip(profile.as_deref()).and_then(|(profiles, profile)| profiles.get(profile));
    let session = section.and_then(|section| section.value("sso_session"));
    let session = profiles.zip(session).and_then(|(profiles, session)| profiles.sso_session(session)).or(section);
    if let Some(region) = session.and_then(|session| session.value("sso_region")) {
        all.push(service("IAM Identity Center", format!("portal.sso.{region}.{suffix}"), true));
    }
    let assumes = section.is_some_and(|section| section.value("role_arn").is_some());
    all.push(service("STS", format!("sts.{region}.{suffix}"), assumes));
    all.push(service("CodeCommit's API", format!("codecommit.{region}.{suffix}"), false));
    all
}

async fn probe(facts: &Facts, service: Service, roots: Roots) -> Service {
    let proxy = proxy::of_environment(&facts.machine, &service.host);
    let wire = Wire {
        host: service.host.clone(),
        port: 443,
        proxy: proxy.as_ref().and_then(proxy::Proxy::hop),
        roots,
        deadline: Instant::now() + facts.machine.patience(),
    };
    let dialed = facts.machine.shake_hands(&wire).await;
    Service { failure: dialed.failure, issuer: dialed.issuer, ..service }
}
