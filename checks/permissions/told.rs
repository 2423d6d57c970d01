//! Each way of being refused: what it is called, what is said, and the least statement that would help.

use super::{
    BOUNDARY_OR_SCP, BRANCH_CONDITION, ENDPOINT_POLICY, EXPLICIT_DENY, MFA_REQUIRED, NETWORK_KEYS, PULL_DENIED,
    PUSH_DENIED, SOURCE_NETWORK, View,
};
use crate::docs;
use crate::facts::denial::Denial;
use crate::facts::permissions::{Mfa, PULL, PUSH};
use crate::facts::simulation::{Decision, Effect};
use crate::finding::{Finding, FindingKind, Fix};
use crate::policy::{self, Kind};

/// A finding's kind, its message and the way out.
type Told = (&'static FindingKind, String, Fix);

impl View<'_> {
    fn arn(&self) -> &str {
        &self.permissions.arn
    }

    /// Both of Git's actions, with the one in question in front.
    fn actions(action: &str) -> [&str; 2] {
        if action == PUSH { [PUSH, PULL] } else { [PULL, PUSH] }
    }

    /// Nothing allows it.
    pub(super) fn nothing_allows(&self, action: &str) -> Told {
        let kind = if action == PUSH { &PUSH_DENIED } else { &PULL_DENIED };
        let message = format!("Nothing allows {} to do {action} on {}.", self.who(), self.arn());
        let fix = Fix::manual("Add this statement to a policy of the identity");
        (kind, message, fix.instruct(policy::allow(&[action], self.arn())).docs(docs::PERMISSIONS))
    }

    /// A statement of the identity's own denies it.
    pub(super) fn denied(&self, decision: &Decision) -> Told {
        let (source, action) = (decision.source(), decision.action.as_str());
        let message = format!("{source} explicitly denies {action} on {}.", self.arn());
        (&EXPLICIT_DENY, message, self.lift(&source, action))
    }

    /// The boundary or the organization does not let it through.
    pub(super) fn narrowed(&self, decision: &Decision) -> Told {
        let (source, action) = (decision.source(), decision.action.as_str());
        let explicit = decision.effect == Effect::ExplicitDeny;
        let does = if explicit { "explicitly denies" } else { "does not allow" };
        let message = format!("{source} {does} {action} on {}.", self.arn());
        let fix = if explicit { self.lift(&source, action) } else { self.widen(&source, action) };
        (&BOUNDARY_OR_SCP, message, fix)
    }

    /// A policy wants MFA.
    pub(super) fn wants_mfa(&self, decision: &Decision) -> Told {
        let (source, action) = (decision.source(), decision.action.as_str());
        let cannot = match self.permissions.mfa {
            Mfa::Never => "and what Git signs in with never carries it",
            Mfa::Given | Mfa::Unknown => "and this session was begun without it",
        };
        let message = format!("{source} refuses {action} on {} without MFA, {cannot}.", self.arn());
        let kms = policy::KEY_ACTIONS;
        let exempt: Vec<&str> = Self::actions(action).into_iter().chain(kms).collect();
        let fix = Fix::manual(
            "Use git-remote-codecommit with a profile that signs in with MFA; or have the statement leave out these as well, beside \
             what it leaves out already",
        );
        (&MFA_REQUIRED, message, fix.instruct(policy::deny_others_without_mfa(&exempt)).docs(docs::SETUP_GRC))
    }

    /// A policy looks at where the request comes from.
    pub(super) fn other_network(&self, decision: &Decision) -> Told {
        let keys: Vec<&str> = decision
            .open_keys()
            .filter(|key| NETWORK_KEYS.iter().any(|known| known.eq_ignore_ascii_case(key)))
            .collect();
        let (source, action) = (decision.source(), decision.action.as_str());
        let does = if decision.effect == Effect::ExplicitDeny {
            format!("{source} denies {action} on {}", self.arn())
        } else {
            format!("Nothing allows {action} on {}", self.arn())
        };
        let message = format!("{does} from this network: it depends on {}.", keys.join(" and "));
        let fix =
            Fix::manual("Connect from the network that the policy means (VPN, VPC endpoint), or have it name this one");
        let statement = if decision.effect == Effect::ExplicitDeny {
            policy::deny_elsewhere(&[action], self.arn())
        } else {
            policy::allow(&[action], self.arn())
        };
        (&SOURCE_NETWORK, message, fix.instruct(statement).docs(docs::PERMISSIONS))
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
        (&BRANCH_CONDITION, message, fix)
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
                (&BOUNDARY_OR_SCP, self.lift(&source, action))
            }
            Kind::ServiceControl | Kind::ResourceControl | Kind::Boundary => {
                (&BOUNDARY_OR_SCP, self.widen(&source, action))
            }
            _ if denial.explicit => (&EXPLICIT_DENY, self.lift(&source, action)),
            Kind::Session => (
                if action == PUSH { &PUSH_DENIED } else { &PULL_DENIED },
                self.widen("the session policy, given when the role was assumed", action),
            ),
            _ => {
                let (kind, message, fix) = self.nothing_allows(action);
                return Finding::new(kind, message).fix(fix);
            }
        };
        let does = if denial.explicit { "explicitly denies" } else { "does not allow" };
        Finding::new(kind, format!("{source} {does} {action} on {}.", self.arn())).fix(fix)
    }

    /// A statement that denies has to go, or to leave this repository out.
    fn lift(&self, source: &str, action: &str) -> Fix {
        let title = format!(
            "Have {} leave this repository out, because no Allow helps against a Deny; for {action} it then reads",
            object(source)
        );
        Fix::manual(title).instruct(policy::deny_elsewhere(&[action], self.arn())).docs(docs::PERMISSIONS)
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

/// The subject of a sentence as its object.
fn object(source: &str) -> String {
    let mut source = source.to_owned();
    if let Some(first) = source.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    source
}
