//! What IAM decides about pulling and pushing, on the exact repository and with what Git's requests will carry.

use super::Facts;
use super::api::{Refusal, no_answer};
use super::method::Method;
use super::principal::{self, Asker};
use super::simulation::{self, Decision, Effect, Given};
use super::statement;
use crate::check::Gap;
use crate::regions::Partition;
use aws_sdk_iam::Client;
use aws_sdk_iam::types::ContextKeyTypeEnum;
use serde::{Deserialize, Serialize};

/// To read a repository with Git. Only IAM knows these two; they are no operations of the API.
pub const PULL: &str = "codecommit:GitPull";
/// To write to it with Git.
pub const PUSH: &str = "codecommit:GitPush";

/// The condition keys that tell of MFA ("AWS global condition context keys").
pub const MFA_KEYS: &[&str] = &["aws:MultiFactorAuthPresent", "aws:MultiFactorAuthAge"];
/// The one that names the branches of a push, and that its first request lacks.
pub const BRANCH_KEYS: &[&str] = &["codecommit:References"];

/// The ones that tell where a request comes from.
pub const NETWORK_KEYS: &[&str] = &[
    "aws:SourceIp",
    "aws:VpcSourceIp",
    "aws:SourceVpc",
    "aws:SourceVpce",
    "aws:SourceVpcArn",
    "aws:VpceAccount",
    "aws:VpceOrgID",
    "aws:VpceOrgPaths",
];

/// What IAM decides.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Permissions {
    /// Who was simulated.
    pub principal: Option<String>,
    /// The repository's ARN.
    pub arn: String,
    /// Whether Git's requests tell of MFA.
    pub mfa: Mfa,
    /// The decision about pulling; none where there was no simulation.
    pub pull: Option<Decision>,
    /// The decision about pushing.
    pub push: Option<Decision>,
    /// Both decisions, had there been MFA; asked only where a policy looks at it.
    pub with_mfa: Vec<Decision>,
    /// The decision about pushing to a branch, with its name; asked only where a policy looks at it.
    pub branch: Option<(String, Decision)>,
    /// The condition keys of statements that would allow pulling, where nothing does and a policy looks at the network.
    pub would_allow: Option<Vec<String>>,
    /// Why there was no simulation.
    pub refused: Option<String>,
}

/// Whether Git's requests tell of MFA.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mfa {
    /// Never: Git credentials, SSH keys and access keys cannot.
    Never,
    /// The session was begun with it.
    Given,
    /// A session whose beginning is not known.
    #[default]
    Unknown,
}

impl Permissions {
    /// Whether pulling is allowed, where IAM said it.
    #[must_use]
    pub fn may_pull(&self) -> Option<bool> {
        self.pull.as_ref().map(|decision| !decision.is_denied())
    }

    /// The decision about an action, had there been MFA.
    #[must_use]
    pub fn with_mfa(&self, action: &str) -> Option<&Decision> {
        self.with_mfa.iter().find(|decision| decision.action == action)
    }
}

/// Asks IAM: once, and once more for each condition that a policy looks at and that can be settled by asking.
///
/// # Errors
/// A gap when no repository is named, AWS does not know the caller, or IAM gives no answer.
pub async fn observe(facts: &Facts) -> Result<Permissions, Gap> {
    facts.online()?;
    let url = facts.target().await?.effective.as_ref();
    let name =
        url.and_then(|url| url.repository.clone()).ok_or_else(|| Gap::not_applicable("no repository is named"))?;
    let Asker { principal, account, .. } = facts.asker().await?;
    let iam = principal::iam(facts).await?;
    let region = facts.api().await?.region();
    let arn = format!("arn:{}:codecommit:{region}:{account}:{name}", Partition::of(region).name());
    let mut permissions =
        Permissions { principal: principal.clone().ok(), arn, mfa: mfa(facts).await, ..Permissions::default() };
    let principal = match principal {
        Ok(principal) => principal,
        Err(why) => return Ok(Permissions { refused: Some(why.clone()), ..permissions }),
    };
    let context = context(facts, region, permissions.mfa, false).await;
    let both = simulation::ask(&iam, principal, &[PULL, PUSH], &permissions.arn, &context).await;
    let mut decisions = match both {
        Ok(decisions) => decisions.into_iter(),
        Err(Refusal::NoAnswer(why)) => return Err(no_answer(facts, "IAM", &why).await),
        Err(refusal) => {
            let why = refusal.why("iam:SimulatePrincipalPolicy", Some(principal));
            return Ok(Permissions { refused: Some(why), ..permissions });
        }
    };
    (permissions.pull, permissions.push) = (decisions.next(), decisions.next());
    let (with_mfa, branch, would_allow) = tokio::join!(
        had_there_been_mfa(&iam, principal, &permissions, &context),
        on_the_branch(facts, &iam, principal, &permissions, &context),
        elsewhere(&iam, principal, &permissions),
    );
    (permissions.with_mfa, permissions.branch, permissions.would_allow) = (with_mfa, branch, would_allow);
    Ok(permissions)
}

/// What Git's requests will carry, or those that CodeCommit makes for them, as far as it is known.
pub(super) async fn context(facts: &Facts, region: &str, mfa: Mfa, via_service: bool) -> Vec<Given> {
    let mut context = vec![
        simulation::text("aws:RequestedRegion", region),
        simulation::truth("aws:SecureTransport", true),
        simulation::truth("aws:ViaAWSService", via_service),
    ];
    if mfa == Mfa::Given {
        context.push(simulation::truth("aws:MultiFactorAuthPresent", true));
    }
    let source = facts.endpoint().await.ok().and_then(super::endpoint::EndpointProbe::source);
    context.extend(source.map(|address| ("aws:SourceIp", ContextKeyTypeEnum::Ip, address.to_string())));
    context
}

/// Whether Git's requests tell of MFA. The key is there for sessions only ("aws:MultiFactorAuthPresent", IAM user guide).
pub(super) async fn mfa(facts: &Facts) -> Mfa {
    let method = facts.method().await.map(|decision| decision.method);
    let found = facts.credentials().await.ok().and_then(|credentials| credentials.found());
    match (method, found) {
        (Ok(Method::GitCredentials | Method::Ssh), _) => Mfa::Never,
        (_, Some(found)) if !found.temporary => Mfa::Never,
        (_, Some(found)) if found.with_mfa => Mfa::Given,
        _ => Mfa::Unknown,
    }
}

async fn had_there_been_mfa(
    iam: &Client,
    principal: &str,
    permissions: &Permissions,
    context: &[Given],
) -> Vec<Decision> {
    let decisions = [&permissions.pull, &permissions.push].into_iter().flatten();
    let mut denied = decisions.filter(|decision| decision.is_denied());
    // What a service control policy looks at, a simulation does not tell.
    let may_help = |decision: &Decision| {
        decision.misses(MFA_KEYS)
            || decision.organization_allows == Some(false) && decision.effect == Effect::ExplicitDeny
    };
    if permissions.mfa == Mfa::Given || !denied.any(may_help) {
        return Vec::new();
    }
    let mfa = [
        simulation::truth("aws:MultiFactorAuthPresent", true),
        ("aws:MultiFactorAuthAge", ContextKeyTypeEnum::Numeric, "60".to_owned()),
    ];
    let context: Vec<Given> = context.iter().cloned().chain(mfa).collect();
    simulation::ask(iam, principal, &[PULL, PUSH], &permissions.arn, &context).await.unwrap_or_default()
}

/// What would allow pulling from another network, where nothing allows it from here.
async fn elsewhere(iam: &Client, principal: &str, permissions: &Permissions) -> Option<Vec<String>> {
    match &permissions.pull {
        Some(pull) if pull.effect == Effect::ImplicitDeny && pull.misses(NETWORK_KEYS) => {
            statement::conditions_to_allow(iam, principal, PULL, &permissions.arn).await
        }
        _ => None,
    }
}

/// The branch that would be pushed, where a policy looks at branches and lets the first request of a push through.
async fn on_the_branch(
    facts: &Facts,
    iam: &Client,
    principal: &str,
    permissions: &Permissions,
    context: &[Given],
) -> Option<(String, Decision)> {
    let push = permissions.push.as_ref()?;
    if push.is_denied() || !push.misses(BRANCH_KEYS) {
        return None;
    }
    let branch = branch(facts).await?;
    let named = simulation::text("codecommit:References", &branch);
    let context: Vec<Given> = context.iter().cloned().chain([named]).collect();
    let decision = simulation::ask(iam, principal, &[PUSH], &permissions.arn, &context).await.ok()?.pop()?;
    Some((branch, decision))
}

/// The branch that is checked out, else the repository's default branch.
async fn branch(facts: &Facts) -> Option<String> {
    let target = &facts.request.target;
    if target.from.starts_with("remote ")
        && let Some(worktree) = &target.worktree
        && let Some(head) = facts.machine.first_line(worktree.join(".git/HEAD")).await
        && let Some(branch) = head.trim().strip_prefix("ref: ")
    {
        return Some(branch.to_owned());
    }
    let default = facts.repository().await.ok()?.default_branch()?;
    Some(format!("refs/heads/{default}"))
}
