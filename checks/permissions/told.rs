//! Each way of being refused: what it is called, what is said, and the least statement that would help.

use super::{
    BOUNDARY_OR_SCP, BRANCH_CONDITION, ENDPOINT_POLICY, EXPLICIT_DENY, MFA_REQUIRED, PULL_DENIED, PUSH_DENIED,
    SOURCE_NETWORK, View,
};
use crate::docs;
use crate::facts::denial::Denial;
use crate::facts::permissions::{Mfa, NETWORK_KEYS, PULL, PUSH};
use crate::facts::simulation::{Decision, Effect, is_one_of};
use crate::finding::{Finding, FindingKind, Fix};
use crate::policy::{self, Kind, object};

/// A finding's kind, its message and the ways out.
pub(super) type Told = (&'static FindingKind, String, Vec<Fix>);

impl View<'_> {
    fn arn(&self) -> &str {
        &self.permissions.arn
    }

    /// Both of Git's actions, with the one in question in front.
    fn actions(action: &str) -> [&str; 2] {
        if action == PUSH { [PUSH, PULL] } else { [PULL, PUSH] }
    }

    /// Nothing allows it.
    pub(super) fn nothing_allows(&self, action: &str, decision: Option<&Decision>) -> Told {
        let kind = if action == PUSH { &PUSH_DENIED } else { &PULL_DENIED };
        let unless = match decision {
            Some(decision) if self.is_open(decision) => ", as far as can be told without knowing its network",
            _ => "",
        };
        let message = format!("Nothing allows {} to do {action} on {}{unless}.", self.who(), self.arn());
        let fix = Fix::manual("Add this statement to a policy of the identity");
        (kind, message, vec![fix.instruct(policy::allow(&[action], self.arn())).docs(docs::PERMISSIONS)])
    }

    /// A statement of the identity's own denies it.
    pub(super) fn denied(&self, decision: &Decision) -> Told {
        let (source, action) = (decision.source(), decision.action.as_str());
        let message = format!("{source} explicitly denies {action} on {}.", self.arn());
        (&EXPLICIT_DENY, message, vec![self.lift(&source, Some(decision))])
    }

    /// The boundary or the organization does not let it through.
    pub(super) fn narrowed(&self, decision: &Decision) -> Told {
        let (source, action) = (decision.source(), decision.action.as_str());
        let explicit = decision.effect == Effect::ExplicitDeny;
        let does = if explicit { "explicitly denies" } else { "does not allow" };
        let message = format!("{source} {does} {action} on {}.", self.arn());
        let fix = if explicit { self.lift(&source, Some(decision)) } else { self.widen(&source, action) };
        (&BOUNDARY_OR_SCP, message, vec![fix])
    }

    /// A policy wants MFA.
    pub(super) fn wants_mfa(&self, decision: &Decision) -> Told {
        let (source, action) = (decision.source(), decision.action.as_str());
        let cannot = match self.permissions.mfa {
            Mfa::Never => "and what Git signs in with never carries it",
            Mfa::Given | Mfa::Unknown => "and whether this session was begun with it is not known",
        };
        let explicit = decision.effect == Effect::ExplicitDeny;
        let does = if explicit { format!("{source} refuses") } else { "Nothing allows".to_owned() };
        let message = format!("{does} {action} on {} without MFA, {cannot}.", self.arn());
        let grc =
            Fix::manual("Or use git-remote-codecommit with a profile that signs in with MFA").docs(docs::SETUP_GRC);
        let other = if explicit {
            self.sparing_git(decision)
        } else {
            Fix::manual("Have it allowed without MFA").instruct(policy::allow(&[action], self.arn()))
        };
        (&MFA_REQUIRED, message, vec![other, grc])
    }

    /// The statement that denies, as it reads when it leaves out what Git needs; one that lists what it denies leaves this
    /// identity out instead. Of one that could not be read, only what Git needs is known.
    fn sparing_git(&self, decision: &Decision) -> Fix {
        let needed: Vec<&str> = [PULL, PUSH].into_iter().chain(policy::KEY_ACTIONS).collect();
        let Some(statement) = decision.statements.first().and_then(|statement| statement.text.as_deref()) else {
            return Fix::manual("Have the statement leave out the actions that Git needs")
                .instruct(policy::actions(&needed));
        };
        match policy::without_actions(statement, &needed) {
            Some(changed) => Fix::manual("Have the statement leave out what Git needs").instruct(changed),
            None => Fix::manual("Have the statement leave this identity out").instruct(self.leaving_us_out(decision)),
        }
    }

    /// A policy looks at where the request comes from.
    pub(super) fn other_network(&self, decision: &Decision) -> Told {
        let mut keys = match decision.effect {
            Effect::ExplicitDeny => decision.open_keys(),
            _ => self.permissions.would_allow.iter().flatten().map(String::as_str).collect(),
        };
        keys.retain(|key| is_one_of(key, NETWORK_KEYS));
        let (source, action, arn) = (decision.source(), decision.action.as_str(), self.arn());
        let keys = keys.join(" and ");
        let message = if decision.effect == Effect::ExplicitDeny {
            format!("{source} denies {action} on {arn}, depending on the network that the request comes from ({keys}).")
        } else {
            format!("{action} on {arn} is allowed from some networks only ({keys}).")
        };
        let fix =
            Fix::manual("Connect from the network that the policy means (VPN, VPC endpoint), or have it name this one");
        let fix = if decision.effect == Effect::ExplicitDeny {
            fix.instruct(self.leaving_us_out(decision))
        } else {
            fix.instruct(policy::allow(&[action], self.arn()))
        };
        (&SOURCE_NETWORK, message, vec![fix.docs(docs::PERMISSIONS)])
    }

    /// A rule for branches that denies every push, because the first request of a push names no branch.
    pub(super) fn every_branch(&self, decision: &Decision) -> Told {
        let message = format!(
            "{} denies every push to {}: it looks at codecommit:References, which the first request of a push lacks.",
            decision.source(),
            self.arn()
        );
        let fix = Fix::manual("Have the rule leave requests without a branch alone, with a Null condition")
            .instruct(policy::deny_branch(self.arn(), "refs/heads/main"))
            .docs(docs::CONDITIONAL_BRANCH);
        (&BRANCH_CONDITION, message, vec![fix])
    }

    /// A denial of which only the server's words are known.
    pub(super) fn by_words(&self, denial: &Denial, action: &str) -> Finding {
        let source = match &denial.policy {
            Some(policy) => format!("The {} {policy}", denial.kind.name()),
            None => format!("The {}", denial.kind.name()),
        };
        let (kind, fix): (&'static FindingKind, Fix) = match denial.kind {
            Kind::VpcEndpoint => (&ENDPOINT_POLICY, self.open_endpoint(action)),
            Kind::ServiceControl | Kind::ResourceControl | Kind::Boundary if denial.explicit => {
                (&BOUNDARY_OR_SCP, self.lift(&source, None))
            }
            Kind::ServiceControl | Kind::ResourceControl | Kind::Boundary => {
                (&BOUNDARY_OR_SCP, self.widen(&source, action))
            }
            _ if denial.explicit => (&EXPLICIT_DENY, self.lift(&source, None)),
            Kind::Session => (
                if action == PUSH { &PUSH_DENIED } else { &PULL_DENIED },
                self.widen("the session policy, given when the role was assumed", action),
            ),
            _ => {
                let (kind, message, fixes) = self.nothing_allows(action, None);
                let who = denial.principal.as_deref().unwrap_or(self.who());
                let finding = Finding::new(kind, message.replace(self.who(), who));
                return fixes.into_iter().fold(finding, Finding::fix);
            }
        };
        let does = if denial.explicit { "explicitly denies" } else { "does not allow" };
        Finding::new(kind, format!("{source} {does} {action} on {}.", self.arn())).fix(fix)
    }

    /// A statement that denies has to leave this identity out.
    fn lift(&self, source: &str, decision: Option<&Decision>) -> Fix {
        let title = format!("Have {} leave this identity out: no Allow helps against a Deny", object(source));
        let statement = decision.map_or_else(|| self.condition(), |decision| self.leaving_us_out(decision));
        Fix::manual(title).instruct(statement).docs(docs::PERMISSIONS)
    }

    /// The statement that denies, as it reads when it leaves this identity out; else the condition that does so.
    fn leaving_us_out(&self, decision: &Decision) -> String {
        let statement = decision.statements.first().and_then(|statement| statement.text.as_deref());
        let changed = statement.zip(self.permissions.principal.as_deref()).and_then(|(statement, principal)| {
            policy::with_condition(statement, &policy::condition_for_others(principal))
        });
        changed.unwrap_or_else(|| self.condition())
    }

    fn condition(&self) -> String {
        let principal = self.permissions.principal.as_deref().unwrap_or("ARN OF THE USER OR ROLE");
        format!(r#"{{"Condition": {}}}"#, policy::condition_for_others(principal))
    }

    /// A policy that bounds has to name the action as well.
    fn widen(&self, source: &str, action: &str) -> Fix {
        let title =
            format!("Have this statement added to {}; the identity's own policy must allow it, too", object(source));
        Fix::manual(title).instruct(policy::allow(&[action], self.arn())).docs(docs::PERMISSIONS)
    }

    /// The VPC endpoint's policy has to let it through.
    pub(super) fn open_endpoint(&self, action: &str) -> Fix {
        Fix::manual("Have this statement added to the policy of the git-codecommit VPC endpoint")
            .instruct(policy::allow_anybody(&Self::actions(action), self.arn()))
            .docs(docs::VPC)
    }
}
