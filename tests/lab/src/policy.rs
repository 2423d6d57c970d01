//! IAM policies, evaluated. Source: "Policy evaluation logic" and "IAM JSON policy elements reference" (IAM user guide).

use crate::world::Policy;
use serde_json::Value;

/// The kinds of policy that decide together.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) enum Layer {
    #[default]
    Identity,
    Boundary,
    Session,
    Organization,
    ResourceControl,
    Endpoint,
}

impl Layer {
    /// The words of "Troubleshoot access denied error messages" (IAM user guide).
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity-based policy",
            Self::Boundary => "permissions boundary",
            Self::Session => "session policy",
            Self::Organization => "service control policy",
            Self::ResourceControl => "resource control policy",
            Self::Endpoint => "VPC endpoint policy",
        }
    }
}

/// What the policies say of one action.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Decision {
    /// A statement denies it.
    pub(crate) denied: bool,
    /// A statement allows it, and nothing denies it.
    pub(crate) allowed: bool,
    /// Which policies decided.
    pub(crate) by: Layer,
    /// The policy that denies.
    pub(crate) policy: Option<String>,
    /// The identity's, or the boundary's, statements that decided.
    pub(crate) statements: Vec<Matched>,
    /// Whether the boundary allows it, when there is one.
    pub(crate) boundary_allows: Option<bool>,
    /// Whether the organization allows it, when there is one.
    pub(crate) organization_allows: Option<bool>,
}

/// A statement that matched, by its place in the policy's text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Matched {
    pub(crate) policy: String,
    pub(crate) start: (usize, usize),
    pub(crate) end: (usize, usize),
}

/// What is asked for.
pub(crate) struct Question<'a> {
    pub(crate) action: &'a str,
    pub(crate) resource: &'a str,
    /// Condition keys and their values.
    pub(crate) context: &'a [(String, String)],
}

/// All the policies that decide together.
#[derive(Clone, Copy, Default)]
pub(crate) struct Layers<'a> {
    pub(crate) identity: &'a [Policy],
    pub(crate) boundary: Option<&'a Policy>,
    pub(crate) session: Option<&'a Policy>,
    pub(crate) scps: &'a [Policy],
    pub(crate) rcps: &'a [Policy],
    pub(crate) endpoint: Option<&'a Policy>,
}

impl Layers<'_> {
    /// What they say together. The organization allows whatever it does not deny, unless one of its policies is a list of
    /// what is allowed.
    pub(crate) fn evaluate(&self, question: &Question<'_>) -> Decision {
        let boundary = self.boundary.map_or(&[][..], std::slice::from_ref);
        let session = self.session.map_or(&[][..], std::slice::from_ref);
        let endpoint = self.endpoint.map_or(&[][..], std::slice::from_ref);
        let is_list = |policies: &[Policy]| policies.iter().any(|policy| policy.document.contains("\"Allow\""));
        let within = |policies: &[Policy]| {
            deny(policies, question).is_empty()
                && (!is_list(policies) || !matched(policies, "Allow", question).is_empty())
        };
        let base = Decision {
            boundary_allows: self
                .boundary
                .map(|_| deny(boundary, question).is_empty() && !matched(boundary, "Allow", question).is_empty()),
            organization_allows: (!self.scps.is_empty()).then(|| within(self.scps)),
            ..Decision::default()
        };
        let layers = [
            (Layer::Organization, self.scps),
            (Layer::ResourceControl, self.rcps),
            (Layer::Endpoint, endpoint),
            (Layer::Session, session),
            (Layer::Boundary, boundary),
            (Layer::Identity, self.identity),
        ];
        for (by, policies) in layers {
            let denials = deny(policies, question);
            if let Some(first) = denials.first() {
                let policy = Some(first.policy.clone());
                let own = matches!(by, Layer::Identity | Layer::Boundary);
                let statements = if own { denials } else { Vec::new() };
                return Decision { denied: true, by, policy, statements, ..base };
            }
        }
        let statements = matched(self.identity, "Allow", question);
        let narrowed = layers[..5].iter().find(|(by, policies)| {
            let must_allow = !policies.is_empty() && (*by != Layer::Organization || is_list(policies));
            *by != Layer::ResourceControl && must_allow && matched(policies, "Allow", question).is_empty()
        });
        match narrowed {
            Some((by, _)) => Decision { by: *by, statements, ..base },
            None => Decision { allowed: !statements.is_empty(), statements, ..base },
        }
    }
}

fn deny(policies: &[Policy], question: &Question<'_>) -> Vec<Matched> {
    matched(policies, "Deny", question)
}

fn matched(policies: &[Policy], effect: &str, question: &Question<'_>) -> Vec<Matched> {
    policies.iter().flat_map(|policy| matches(policy, effect, question)).collect()
}

fn statements(policy: &Policy) -> Vec<Value> {
    let document: Value = serde_json::from_str(&policy.document).unwrap_or_default();
    match &document["Statement"] {
        Value::Array(many) => many.clone(),
        one => vec![one.clone()],
    }
}

/// Whether a statement is about the action and the resource.
fn is_about(statement: &Value, question: &Question<'_>) -> bool {
    names(&statement["Action"], &statement["NotAction"], question.action, true)
        && names(&statement["Resource"], &statement["NotResource"], question.resource, false)
}

/// The condition keys of a policy that the question does not have.
pub(crate) fn missing(policy: &Policy, question: &Question<'_>) -> Vec<String> {
    let keys = |statement: &Value| -> Vec<String> {
        let Value::Object(operators) = &statement["Condition"] else { return Vec::new() };
        operators.values().filter_map(Value::as_object).flat_map(|keys| keys.keys().cloned()).collect()
    };
    statements(policy).iter().flat_map(keys).filter(|key| question.value(key).is_none()).collect()
}

impl Question<'_> {
    fn value(&self, key: &str) -> Option<&str> {
        self.context.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value.as_str())
    }
}

fn matches(policy: &Policy, effect: &str, question: &Question<'_>) -> Vec<Matched> {
    let places = places(&policy.document);
    let fits = |statement: &Value| {
        statement["Effect"] == effect && is_about(statement, question) && holds(&statement["Condition"], question)
    };
    statements(policy)
        .iter()
        .enumerate()
        .filter(|(_, statement)| fits(statement))
        .map(|(at, _)| {
            let (start, end) = places.get(at).copied().unwrap_or_default();
            Matched { policy: policy.name.clone(), start, end }
        })
        .collect()
}

/// Whether an element, or its negation, covers a name.
fn names(element: &Value, negated: &Value, name: &str, ignore_case: bool) -> bool {
    let fold = |text: &str| if ignore_case { text.to_ascii_lowercase() } else { text.to_owned() };
    let any = |patterns: &Value| texts(patterns).iter().any(|pattern| like(&fold(pattern), &fold(name)));
    if negated.is_null() { any(element) } else { !any(negated) }
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(many) => many.iter().flat_map(texts).collect(),
        Value::String(one) => vec![one.clone()],
        Value::Bool(one) => vec![one.to_string()],
        _ => Vec::new(),
    }
}

/// Whether a pattern with `*` and `?` covers a text.
fn like(pattern: &str, text: &str) -> bool {
    match (pattern.chars().next(), text.chars().next()) {
        (None, None) => true,
        (Some('*'), _) => {
            like(&pattern[1..], text)
                || text.chars().next().is_some_and(|first| like(pattern, &text[first.len_utf8()..]))
        }
        (Some(wanted), Some(first)) if wanted == '?' || wanted == first => {
            like(&pattern[wanted.len_utf8()..], &text[first.len_utf8()..])
        }
        _ => false,
    }
}

fn holds(condition: &Value, question: &Question<'_>) -> bool {
    let Value::Object(operators) = condition else { return true };
    operators.iter().all(|(operator, keys)| {
        let Value::Object(keys) = keys else { return false };
        keys.iter().all(|(key, wanted)| {
            let (operator, if_exists) =
                operator.strip_suffix("IfExists").map_or((operator.as_str(), false), |bare| (bare, true));
            compares(operator, if_exists, question.value(key), &texts(wanted))
        })
    })
}

/// One key of a condition.
fn compares(operator: &str, if_exists: bool, found: Option<&str>, wanted: &[String]) -> bool {
    if operator == "Null" {
        return wanted.iter().any(|wanted| (wanted == "true") == found.is_none());
    }
    let negated = operator.contains("Not");
    // A negated operator matches when the key is absent.
    let Some(found) = found else { return negated || if_exists };
    let same = |wanted: &String| match operator.replace("Not", "").as_str() {
        "StringLike" | "ArnLike" | "ArnEquals" => like(wanted, found),
        "IpAddress" => is_within(found, wanted),
        "Bool" | "StringEqualsIgnoreCase" => wanted.eq_ignore_ascii_case(found),
        _ => wanted == found,
    };
    wanted.iter().any(same) != negated
}

/// Whether an IPv4 address lies in a range, `203.0.113.0/24`.
fn is_within(address: &str, range: &str) -> bool {
    let (network, bits) = range.split_once('/').unwrap_or((range, "32"));
    let number = |text: &str| text.parse::<std::net::Ipv4Addr>().map(u32::from);
    let (Ok(address), Ok(network), Ok(bits)) = (number(address), number(network), bits.parse::<u32>()) else {
        return false;
    };
    let mask = u32::MAX.checked_shl(32 - bits.min(32)).unwrap_or_default();
    address & mask == network & mask
}

type Place = (usize, usize);

/// Where each statement starts and ends: line and column, from 1.
fn places(document: &str) -> Vec<(Place, Place)> {
    let Some(list) = document.find("\"Statement\"") else { return Vec::new() };
    let mut places = Vec::new();
    let (mut depth, mut quoted, mut escaped, mut start) = (0, false, false, 0);
    for (at, character) in document.char_indices().skip_while(|(at, _)| *at < list + "\"Statement\"".len()) {
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '{' if !quoted => {
                if depth == 0 {
                    start = at;
                }
                depth += 1;
            }
            '}' if !quoted && depth > 0 => {
                depth -= 1;
                if depth == 0 {
                    places.push((place(document, start), place(document, at + 1)));
                }
            }
            _ => {}
        }
    }
    places
}

fn place(text: &str, at: usize) -> Place {
    let before = &text[..at];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(document: &str) -> Policy {
        Policy { name: "p".into(), group: None, document: document.into() }
    }

    fn decide(document: &str, context: &[(&str, &str)]) -> Decision {
        let context: Vec<_> = context.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let question = Question { action: "kms:Decrypt", resource: "arn:aws:kms:us-east-2:1:key/k", context: &context };
        Layers { identity: &[policy(document)], ..Layers::default() }.evaluate(&question)
    }

    #[test]
    fn a_denial_wins_and_its_place_is_known() {
        let decision = decide(
            "{\"Statement\": [\n  {\"Effect\": \"Allow\", \"Action\": \"*\", \"Resource\": \"*\"},\n  {\"Effect\": \"Deny\", \"NotAction\": \"s3:*\", \"Resource\": \"*\"}\n]}",
            &[],
        );
        assert!(decision.denied && !decision.allowed);
        assert_eq!((decision.statements[0].start, decision.statements[0].end), ((3, 3), (3, 59)));
    }

    #[test]
    fn negated_conditions_match_an_absent_key() {
        let deny = r#"{"Statement": {"Effect": "Deny", "Action": "kms:*", "Resource": "*", "Condition": {"StringNotEquals": {"kms:ViaService": "codecommit.us-east-2.amazonaws.com"}}}}"#;
        assert!(decide(deny, &[]).denied);
        assert!(!decide(deny, &[("kms:ViaService", "codecommit.us-east-2.amazonaws.com")]).denied);
    }

    #[test]
    fn what_nothing_names_is_neither_allowed_nor_denied() {
        let decision = decide(r#"{"Statement": {"Effect": "Allow", "Action": "kms:Encrypt", "Resource": "*"}}"#, &[]);
        assert_eq!(decision, Decision::default());
    }

    #[test]
    fn a_boundary_narrows_and_an_organization_lists_or_denies() {
        let all = policy(r#"{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#);
        let other = policy(r#"{"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}"#);
        let question = Question { action: "kms:Decrypt", resource: "r", context: &[] };
        let base = Layers { identity: std::slice::from_ref(&all), ..Layers::default() };
        let bounded = Layers { boundary: Some(&other), ..base }.evaluate(&question);
        assert_eq!((bounded.allowed, bounded.denied, bounded.by), (false, false, Layer::Boundary));
        assert_eq!(bounded.boundary_allows, Some(false));
        let listed = Layers { scps: std::slice::from_ref(&other), ..base }.evaluate(&question);
        assert_eq!((listed.allowed, listed.by, listed.organization_allows), (false, Layer::Organization, Some(false)));
        assert!(base.evaluate(&question).allowed);
    }

    #[test]
    fn missing_keys_are_told_and_addresses_compared() {
        let deny = r#"{"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"NotIpAddress": {"aws:SourceIp": ["203.0.113.0/24"]}}}}"#;
        assert!(decide(deny, &[]).denied);
        let question = Question { action: "s3:GetObject", resource: "r", context: &[] };
        assert_eq!(missing(&policy(deny), &question), ["aws:SourceIp"]);
        assert!(!decide(deny, &[("aws:SourceIp", "203.0.113.9")]).denied);
        assert!(decide(deny, &[("aws:SourceIp", "198.51.100.1")]).denied);
        let mfa = r#"{"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": false}}}}"#;
        assert!(decide(mfa, &[]).denied);
        assert!(!decide(mfa, &[("aws:MultiFactorAuthPresent", "true")]).denied);
    }
}
