//! The identity may pull and push.

mod told;

use crate::check::{Check, Gap, Group, Verdict};
use crate::docs;
use crate::facts::access::{Access, ServerAnswer};
use crate::facts::credentials::needed_to_ask;
use crate::facts::denial::{self, Denial};
use crate::facts::endpoint::EndpointProbe;
use crate::facts::method::Method;
use crate::facts::offered::Offered;
use crate::facts::permissions::{BRANCH_KEYS, MFA_KEYS, Mfa, NETWORK_KEYS, PULL, PUSH, Permissions};
use crate::facts::principal::presents_another;
use crate::facts::repository;
use crate::facts::simulation::{Decision, Effect, is_one_of};
use crate::finding::{Evidence, Finding, FindingKind, Fix, Severity};
use crate::needs::{Needs, On, action};
use crate::policy::{self, Kind};

/// The check.
pub(super) static CHECK: Check = Check {
    id: "permissions",
    title: "The identity may pull and push",
    group: Group::Aws,
    explain: include_str!("permissions.md"),
    findings: &[
        &PULL_DENIED,
        &EXPLICIT_DENY,
        &MFA_REQUIRED,
        &BOUNDARY_OR_SCP,
        &SOURCE_NETWORK,
        &ENDPOINT_POLICY,
        &PUSH_DENIED,
        &BRANCH_CONDITION,
    ],
    needs: Needs {
        actions: &[
            action("iam:SimulatePrincipalPolicy", On::Identity, "to see what the policies decide, and which one"),
            action("iam:GetRole", On::Role, "to know a role's path, which is part of its ARN"),
            action("iam:GetUser", On::User, "to know a user's path, which is part of its ARN"),
        ],
        reads_policies: true,
        hosts: &["iam.amazonaws.com"],
        files: &[],
    },
    judge: |facts| {
        Box::pin(async move {
            let (permissions, access, method) = tokio::join!(facts.permissions(), facts.access(), facts.method());
            // What CodeCommit says of its own accord needs no AWS credentials.
            let by_words = access.as_ref().ok().and_then(|access| of_words(access));
            let permissions = match needed_to_ask(facts).await.and(permissions) {
                Ok(permissions) => permissions,
                Err(gap) => by_words.as_ref().ok_or(gap)?,
            };
            // With a helper that is not meant, or that has keys of its own, Git presents somebody else.
            let offered = facts.offered().await.ok().and_then(Offered::shape);
            let is_signature = offered.is_some_and(|shape| shape.account.is_none());
            let of_another = method?.method == Method::GitCredentials && is_signature;
            let of_another = of_another || presents_another(facts).await.is_some();
            // What nobody may do to a repository that is not there is no use knowing.
            let access = access.ok();
            if repository::is_missing(facts).await {
                return Err(Gap::blocked("repository", "there is no such repository"));
            }
            let view = View {
                permissions,
                access: access.filter(|_| !of_another),
                is_private: facts.endpoint().await.is_ok_and(EndpointProbe::is_private),
            };
            view.judge()
        })
    },
};

static PULL_DENIED: FindingKind =
    FindingKind::error("pull-denied", "Nothing allows codecommit:GitPull", &["C29"], docs::PERMISSIONS);
static PUSH_DENIED: FindingKind =
    FindingKind::warning("push-denied", "Nothing allows codecommit:GitPush", &["C30"], docs::PERMISSIONS);
static EXPLICIT_DENY: FindingKind =
    FindingKind::error("explicit-deny", "A policy denies pulling or pushing", &["C36"], docs::PERMISSIONS);
static MFA_REQUIRED: FindingKind = FindingKind::error(
    "mfa-required-by-policy",
    "A policy wants MFA, which Git cannot show",
    &["C32"],
    docs::TROUBLE_ACCESS,
);
static BRANCH_CONDITION: FindingKind = FindingKind::warning(
    "branch-condition",
    "A policy denies pushing to some branches",
    &["C31"],
    docs::CONDITIONAL_BRANCH,
);
static ENDPOINT_POLICY: FindingKind =
    FindingKind::error("endpoint-policy", "The VPC endpoint's policy is in the way", &["C37"], docs::VPC);
static SOURCE_NETWORK: FindingKind = FindingKind::error(
    "source-network",
    "A policy looks at the network that the request comes from",
    &["C38"],
    docs::PERMISSIONS,
);
static BOUNDARY_OR_SCP: FindingKind = FindingKind::error(
    "boundary-or-scp",
    "A permissions boundary or the organization is in the way",
    &["C36"],
    docs::PERMISSIONS,
);

/// Everything that is looked at.
struct View<'a> {
    permissions: &'a Permissions,
    /// What Git could do, where it was tried as this identity.
    access: Option<&'a Access>,
    /// Whether the endpoint has private addresses: a VPC endpoint.
    is_private: bool,
}

impl View<'_> {
    /// What Git was told comes before what IAM simulates.
    fn judge(&self) -> Result<Verdict, Gap> {
        let reads = self.access.is_some_and(Access::works);
        let finding = if reads { self.pushing() } else { self.pulling().or_else(|| self.pushing()) };
        if let Some(finding) = finding {
            return Ok(Verdict::new(format!("{} is not allowed everything", self.who()), vec![finding]));
        }
        let (pull, push) = (&self.permissions.pull, &self.permissions.push);
        if let (Some(_), Some(_)) = (pull, push) {
            if self.is_refused_all_the_same() {
                return Err(Gap::unknown(
                    "IAM's simulation allows what CodeCommit refuses: a session policy, a resource control \
                     policy or a VPC endpoint's policy can do that, and none of them can be asked for",
                ));
            }
            return Ok(Verdict::new(format!("{} may pull and push", self.who()), vec![]));
        }
        if reads && self.access.is_some_and(|access| access.push.as_ref().is_some_and(|answer| answer.status == 200)) {
            return Ok(Verdict::new("CodeCommit lets Git pull and push", vec![]));
        }
        let why = self.permissions.refused.as_deref().unwrap_or("IAM did not say");
        Err(Gap::unknown(format!("whether a policy is in the way cannot be told: {why}")))
    }

    fn who(&self) -> &str {
        self.permissions.principal.as_deref().unwrap_or("this identity")
    }

    /// What keeps the identity from pulling. The server's own words come first, where they name another kind of policy than the
    /// simulation: it knows no session, resource control or VPC endpoint policy, and not every condition.
    fn pulling(&self) -> Option<Finding> {
        let refusal = self.access.and_then(|access| access.refusal.as_ref());
        let simulated = self.permissions.pull.as_ref().filter(|decision| decision.is_denied());
        let denial = refusal.and_then(|answer| answered(answer, PULL));
        let agree = match (&denial, simulated) {
            (Some(denial), Some(decision)) => {
                let explicit = decision.effect == Effect::ExplicitDeny;
                denial.kind == decision.kind() && denial.explicit == explicit
            }
            _ => true,
        };
        let simulated = simulated.filter(|_| agree).and_then(|decision| self.simulated(decision));
        simulated.or_else(|| self.said(refusal?, PULL)).or_else(|| self.by_the_endpoint(refusal?, PULL))
    }

    /// What keeps it from pushing. That stops nobody who only reads.
    fn pushing(&self) -> Option<Finding> {
        let answer = self.access.and_then(|access| access.push.as_ref());
        let refused = answer.filter(|answer| matches!(answer.status, 401 | 403));
        let finding = if answer.is_some() && refused.is_none() {
            // CodeCommit has let the first request of a push through; what is left are rules for branches.
            self.branch_rule()
        } else {
            // Where Git reads although the simulation denies it, more is true of the request than the simulation knows.
            let knows = !self.access.is_some_and(Access::works) || self.permissions.may_pull() != Some(false);
            let push = self.permissions.push.as_ref().filter(|_| knows);
            push.and_then(|decision| self.simulated(decision))
                .or_else(|| self.branch_rule())
                .or_else(|| self.said(refused?, PUSH))
                .or_else(|| self.by_the_endpoint(refused?, PUSH))
                .or_else(|| {
                    refused.filter(|_| self.permissions.push.is_none()).map(|answer| self.refused(answer, PUSH))
                })
        };
        finding.map(|finding| finding.never_above(Severity::Warning))
    }

    /// Whether CodeCommit denied what IAM's simulation allows.
    fn is_refused_all_the_same(&self) -> bool {
        let answers = self.access.into_iter().flat_map(|access| [&access.refusal, &access.push]).flatten();
        answers.into_iter().any(ServerAnswer::is_about_permission)
    }

    /// A denial that IAM simulates.
    fn simulated(&self, decision: &Decision) -> Option<Finding> {
        if !decision.is_denied() {
            return None;
        }
        let action = decision.action.as_str();
        // What denies with MFA as well is the reason, and not what only wants it.
        let with_mfa = self.permissions.with_mfa(action);
        let decision = with_mfa.filter(|with| with.effect == Effect::ExplicitDeny).unwrap_or(decision);
        let (kind, message, fixes) = if self.mfa_would_help(action) {
            self.wants_mfa(decision)
        } else {
            match decision.kind() {
                Kind::ServiceControl | Kind::Boundary => self.narrowed(decision),
                _ if action == PUSH && decision.depends_on(BRANCH_KEYS) => self.every_branch(decision),
                _ if decision.depends_on(NETWORK_KEYS) || self.is_allowed_elsewhere(decision) => {
                    self.other_network(decision)
                }
                _ if decision.effect == Effect::ExplicitDeny => self.denied(decision),
                _ => self.nothing_allows(action, Some(decision)),
            }
        };
        let finding = Finding::new(kind, message).seen(self.evidence(decision));
        let places = decision.statements.iter().map(|statement| Evidence::new(statement.name(), statement.place()));
        let finding = fixes.into_iter().fold(places.fold(finding, Finding::seen), Finding::fix);
        Some(if self.is_certain(decision, kind) { finding } else { finding.at_most(Severity::Warning) })
    }

    /// Whether the decision will be the same when Git asks. What nothing allows, nothing that is known of the request allows.
    fn is_certain(&self, decision: &Decision, kind: &FindingKind) -> bool {
        let is_settled = |key: &&str| is_one_of(key, MFA_KEYS) && self.permissions.mfa != Mfa::Unknown;
        match decision.effect {
            Effect::ExplicitDeny => decision.open_keys().iter().all(is_settled),
            _ => {
                *kind != SOURCE_NETWORK
                    && !self.is_open(decision)
                    && (*kind != MFA_REQUIRED || self.permissions.mfa != Mfa::Unknown)
            }
        }
    }

    /// Whether nothing allows it, and a policy that could not be read looks at the network.
    fn is_open(&self, decision: &Decision) -> bool {
        decision.effect == Effect::ImplicitDeny
            && decision.misses(NETWORK_KEYS)
            && self.permissions.would_allow.is_none()
    }

    /// Whether a statement would allow it from another network.
    fn is_allowed_elsewhere(&self, decision: &Decision) -> bool {
        decision.effect == Effect::ImplicitDeny
            && self.permissions.would_allow.iter().flatten().any(|key| is_one_of(key, NETWORK_KEYS))
    }

    /// Whether the action would be allowed in a session with MFA.
    fn mfa_would_help(&self, action: &str) -> bool {
        self.permissions.with_mfa(action).is_some_and(|decision| !decision.is_denied())
    }

    fn evidence(&self, decision: &Decision) -> Evidence {
        let (action, arn, who) = (&decision.action, &self.permissions.arn, self.who());
        let word = match decision.effect {
            Effect::Allowed => "allowed",
            Effect::ExplicitDeny => "explicitDeny",
            Effect::ImplicitDeny => "implicitDeny",
        };
        Evidence::new("iam:SimulatePrincipalPolicy", format!("{action} on {arn}: {word} for {who}"))
    }

    /// A denial in the server's own words.
    fn said(&self, answer: &ServerAnswer, action: &str) -> Option<Finding> {
        let denial = answered(answer, action)?;
        Some(self.by_words(&denial, action).seen(Evidence::new("CodeCommit", answer.told())))
    }

    /// Through a VPC endpoint, when IAM allows it and CodeCommit does not.
    fn by_the_endpoint(&self, answer: &ServerAnswer, action: &str) -> Option<Finding> {
        let decision = if action == PUSH { &self.permissions.push } else { &self.permissions.pull };
        let allowed = decision.as_ref().is_some_and(|decision| !decision.is_denied());
        if !self.is_private || !allowed || !answer.is_about_permission() {
            return None;
        }
        let message = format!(
            "IAM allows {action}, and CodeCommit refuses it through a VPC endpoint: most likely the endpoint's policy."
        );
        let finding = Finding::new(&ENDPOINT_POLICY, message).seen(Evidence::new("CodeCommit", answer.told()));
        Some(finding.fix(self.open_endpoint(action)).at_most(Severity::Warning))
    }

    /// A refusal without words and without a simulation.
    fn refused(&self, answer: &ServerAnswer, action: &str) -> Finding {
        let (kind, message, fixes) = self.nothing_allows(action, None);
        let finding = Finding::new(kind, message).seen(Evidence::new("git-receive-pack", answer.told()));
        fixes.into_iter().fold(finding, Finding::fix)
    }

    /// A rule for the branch that would be pushed.
    fn branch_rule(&self) -> Option<Finding> {
        let (branch, decision) = self.permissions.branch.as_ref()?;
        if !decision.is_denied() {
            return None;
        }
        let message = format!("{} denies pushing to {branch}; other branches are open.", decision.source());
        let fix =
            Fix::manual("Push to another branch and open a pull request, or have the rule changed to name only these")
                .instruct(policy::deny_branch(&self.permissions.arn, branch))
                .docs(docs::CONDITIONAL_BRANCH);
        let finding = Finding::new(&BRANCH_CONDITION, message).seen(self.evidence(decision));
        let places = decision.statements.iter().map(|one| Evidence::new(one.name(), one.place()));
        Some(places.fold(finding, Finding::seen).fix(fix))
    }
}

/// What is known where AWS cannot be asked, and CodeCommit's refusal names who may not do what.
fn of_words(access: &Access) -> Option<Permissions> {
    let denial = answered(access.refusal.as_ref()?, PULL)?;
    Some(Permissions {
        principal: denial.principal,
        arn: denial.resource?,
        refused: Some("there are no AWS credentials to ask with".to_owned()),
        ..Permissions::default()
    })
}

/// What a refusal says of an action; what is said of KMS is for kms-access.
fn answered(answer: &ServerAnswer, action: &str) -> Option<Denial> {
    let denial = denial::read(answer.message.as_deref()?)?;
    let about = denial.action.as_deref().is_none_or(|said| said.eq_ignore_ascii_case(action));
    about.then_some(denial)
}

#[cfg(test)]
mod tests;
