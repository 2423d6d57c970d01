//! What an access-denied message says: the action, and the kind of policy that refused it.
//!
//! Source: "Troubleshoot access denied error messages" (IAM user guide).

use crate::policy::Kind;
use regex_lite::Regex;
use std::sync::LazyLock;

/// An access-denied message, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// Who was refused: an ARN, as STS gives it.
    pub principal: Option<String>,
    /// The resource that it was about: an ARN.
    pub resource: Option<String>,
    /// The action that was refused, where the message names it.
    pub action: Option<String>,
    /// Whether a statement denies it; otherwise nothing allows it.
    pub explicit: bool,
    /// The kind of policy.
    pub kind: Kind,
    /// The policy's ARN, which newer messages carry.
    pub policy: Option<String>,
}

/// Reads "with an explicit deny in ..." and "because no ... policy allows ...". The bare word "explicit" proves nothing: one
/// of KMS's messages says that a resource-based policy may explicitly deny, when all it knows is that nothing allows.
#[must_use]
pub fn read(message: &str) -> Option<Denial> {
    let text = message.split_whitespace().collect::<Vec<_>>().join(" ");
    let one = |pattern: &Pattern| pattern.as_ref().and_then(|pattern| Some(pattern.captures(&text)?[1].to_owned()));
    let (principal, resource, action) = (one(&PRINCIPAL), one(&RESOURCE), one(&ACTION));
    if let Some(found) = EXPLICIT.as_ref().and_then(|explicit| explicit.captures(&text)) {
        let policy = found.get(2).map(|arn| arn.as_str().trim_end_matches(['.', ',', ';', ')']).to_owned());
        return Some(Denial { principal, resource, action, explicit: true, kind: Kind::read(&found[1])?, policy });
    }
    let found = IMPLICIT.as_ref()?.captures(&text)?;
    let action = Some(found[2].to_owned());
    Some(Denial { principal, resource, action, explicit: false, kind: Kind::read(&found[1])?, policy: None })
}

type Pattern = LazyLock<Option<Regex>>;

static PRINCIPAL: Pattern = LazyLock::new(|| Regex::new(r"User: (arn:\S+)").ok());
static RESOURCE: Pattern = LazyLock::new(|| Regex::new(r"on resource: (arn:\S+)").ok());
static ACTION: Pattern = LazyLock::new(|| Regex::new(r"(?i)is not authorized to perform: ([\w-]+:\w+\*?)").ok());
static EXPLICIT: Pattern = LazyLock::new(|| {
    Regex::new(
        r"(?i)with an explicit deny in (?:an?|the) ((?:identity-based|resource-based|service control|resource control|sessions?|VPC endpoint|role trust) polic(?:y|ies)|permissions boundary)(?: transitively through a service control policy)?(?::\s*(arn:\S+))?",
    )
    .ok()
});
static IMPLICIT: Pattern = LazyLock::new(|| {
    Regex::new(
        r"(?i)because no ((?:identity-based|resource-based|service control|resource control|sessions?|VPC endpoint|role trust) polic(?:y|ies)|permissions boundary) allows? the ([\w:*-]+) action",
    )
    .ok()
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn explicit_denials_name_their_policy() {
        let text = "User: arn:aws:iam::1:user/a is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:us-east-1:1:key/k with an explicit deny in a service control policy: arn:aws:organizations::1:policy/o-1/service_control_policy/p-1.";
        let denial = read(text).unwrap();
        assert_eq!((denial.explicit, denial.kind), (true, Kind::ServiceControl));
        assert_eq!(denial.action.as_deref(), Some("kms:Decrypt"));
        assert_eq!(denial.principal.as_deref(), Some("arn:aws:iam::1:user/a"));
        assert_eq!(denial.resource.as_deref(), Some("arn:aws:kms:us-east-1:1:key/k"));
        assert_eq!(denial.policy.as_deref(), Some("arn:aws:organizations::1:policy/o-1/service_control_policy/p-1"));
        assert_eq!(read("... with an\n explicit  deny in an identity-based policy").unwrap().policy, None);
        let through = "with an explicit deny in a VPC endpoint policy transitively through a service control policy";
        assert_eq!(read(through).unwrap().kind, Kind::VpcEndpoint);
    }

    #[test]
    fn implicit_denials_name_their_kind_and_action() {
        let denial = read("because no permissions boundary allows the codecommit:GitPull action").unwrap();
        assert_eq!((denial.explicit, denial.kind), (false, Kind::Boundary));
        assert_eq!(denial.action.as_deref(), Some("codecommit:GitPull"));
    }

    #[test]
    fn the_word_explicit_alone_proves_nothing() {
        let text = "on this resource because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access";
        assert_eq!(read(text), None);
    }
}
