//! What IAM's own simulation says that a user's or role's policies decide.
//!
//! Source: `SimulatePrincipalPolicy` (IAM API reference). It knows identity policies, the permissions boundary and service
//! control policies; no session policy, no resource control policy and no VPC endpoint policy.

use super::{api::Refusal, statement};
use crate::policy::Kind;
use aws_sdk_iam::Client;
use aws_sdk_iam::types::{
    ContextEntry, ContextKeyTypeEnum, EvaluationResult, OrganizationsDecisionDetail, PermissionsBoundaryDecisionDetail,
    Position,
};
use serde::{Deserialize, Serialize};

/// What IAM decides about an action.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// Something allows it, and nothing denies it.
    Allowed,
    /// A statement denies it.
    ExplicitDeny,
    /// Nothing allows it.
    #[default]
    ImplicitDeny,
}

/// IAM's decision about one action.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// The action.
    pub action: String,
    /// What is decided.
    pub effect: Effect,
    /// The statements that decided.
    pub statements: Vec<Statement>,
    /// Condition keys that a policy looks at and that were not given, so that the decision may be another in reality.
    pub missing_context: Vec<String>,
    /// Whether the permissions boundary allows it, when there is one.
    pub boundary_allows: Option<bool>,
    /// Whether the organization's policies allow it, when there is one.
    pub organization_allows: Option<bool>,
}

/// A statement of a policy, by its place.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// The policy's id: its ARN, or the name of an inline policy.
    pub policy: String,
    /// The policy's type, in IAM's words.
    pub kind: String,
    /// Line and column where the statement starts, and where it ends.
    pub span: Option<((i32, i32), (i32, i32))>,
    /// Its text, where it could be read.
    pub text: Option<String>,
}

/// How many statements that deny are read.
const MOST: usize = 5;

/// A condition key, its type and its value.
pub(super) type Given = (&'static str, ContextKeyTypeEnum, String);

/// A condition key that holds a text.
pub(super) fn text(key: &'static str, value: impl Into<String>) -> Given {
    (key, ContextKeyTypeEnum::String, value.into())
}

/// A condition key that is true or false.
pub(super) fn truth(key: &'static str, value: bool) -> Given {
    (key, ContextKeyTypeEnum::Boolean, value.to_string())
}

/// Asks IAM once: may this principal take these actions on this resource?
///
/// # Errors
/// IAM's refusal, or the reason why there was no answer.
pub(super) async fn ask(
    iam: &Client,
    principal: &str,
    actions: &[&str],
    resource: &str,
    context: &[Given],
) -> Result<Vec<Decision>, Refusal> {
    let mut request = iam.simulate_principal_policy().policy_source_arn(principal).resource_arns(resource);
    for action in actions {
        request = request.action_names(*action);
    }
    for (name, kind, value) in context {
        let entry = ContextEntry::builder().context_key_name(*name).context_key_type(kind.clone());
        request = request.context_entries(entry.context_key_values(value).build());
    }
    let answer = request.send().await.map_err(|error| Refusal::read(&error))?;
    let mut decisions: Vec<Decision> = answer.evaluation_results().iter().map(read).collect();
    // The keys that IAM misses are those of all policies; which of them matter, only the statements themselves tell.
    let mut denying: Vec<Statement> = Vec::new();
    for decision in decisions.iter().filter(|decision| decision.effect == Effect::ExplicitDeny) {
        denying.extend(
            decision.statements.iter().filter(|one| !denying.contains(one)).take(MOST).cloned().collect::<Vec<_>>(),
        );
    }
    let texts = futures_util::future::join_all(
        denying.iter().map(|one| async move { statement::read(iam, principal, &one.policy, one.span?).await }),
    );
    for (read, text) in denying.iter().zip(texts.await) {
        for one in decisions.iter_mut().flat_map(|decision| &mut decision.statements).filter(|one| *one == read) {
            one.text.clone_from(&text);
        }
    }
    for decision in &mut decisions {
        decision.put_the_certain_first();
    }
    Ok(decisions)
}

/// With resources in the question IAM gives the details for each of them, and in the summary as well or not.
fn read(result: &EvaluationResult) -> Decision {
    let own = result.resource_specific_results().first();
    let word = own.map_or_else(|| result.eval_decision().as_str(), |own| own.eval_resource_decision().as_str());
    let statements = match own.map(aws_sdk_iam::types::ResourceSpecificResult::matched_statements) {
        Some(statements) if !statements.is_empty() => statements,
        _ => result.matched_statements(),
    };
    let mut missing_context = result.missing_context_values().to_vec();
    missing_context.extend(own.iter().flat_map(|own| own.missing_context_values()).cloned());
    missing_context.sort();
    missing_context.dedup_by(|a, b| a.eq_ignore_ascii_case(b));
    let boundary = own
        .and_then(|own| own.permissions_boundary_decision_detail())
        .or_else(|| result.permissions_boundary_decision_detail());
    Decision {
        action: result.eval_action_name().to_owned(),
        effect: match word {
            "allowed" => Effect::Allowed,
            "explicitDeny" => Effect::ExplicitDeny,
            _ => Effect::ImplicitDeny,
        },
        statements: statements.iter().map(read_statement).collect(),
        missing_context,
        boundary_allows: boundary.map(PermissionsBoundaryDecisionDetail::allowed_by_permissions_boundary),
        organization_allows: result
            .organizations_decision_detail()
            .map(OrganizationsDecisionDetail::allowed_by_organizations),
    }
}

fn read_statement(statement: &aws_sdk_iam::types::Statement) -> Statement {
    let position = |at: Option<&Position>| at.map(|at| (at.line(), at.column()));
    Statement {
        policy: statement.source_policy_id().unwrap_or_default().to_owned(),
        kind: statement.source_policy_type().map(|kind| kind.as_str().to_owned()).unwrap_or_default(),
        span: position(statement.start_position()).zip(position(statement.end_position())),
        text: None,
    }
}

impl Decision {
    /// Of several statements that deny, one that looks at nothing unknown decides, whatever the others look at.
    fn put_the_certain_first(&mut self) {
        let is_open = |statement: &Statement| {
            let text = statement.text.as_deref();
            text.is_none_or(|text| statement::keys_of(text).iter().any(|key| self.misses(&[key])))
        };
        let certain = self.statements.iter().position(|statement| !is_open(statement));
        if let Some(at) = certain {
            self.statements.swap(0, at);
        }
    }

    /// Whether something keeps the principal from it.
    #[must_use]
    pub fn is_denied(&self) -> bool {
        self.effect != Effect::Allowed
    }

    /// The kind of policy that keeps the principal from it.
    #[must_use]
    pub fn kind(&self) -> Kind {
        if self.organization_allows == Some(false) {
            return Kind::ServiceControl;
        }
        let unnamed = self.effect == Effect::ImplicitDeny || self.statements.is_empty();
        if self.is_by_boundary() || self.boundary_allows == Some(false) && unnamed {
            return Kind::Boundary;
        }
        Kind::Identity
    }

    /// Whether a statement of the boundary's denies.
    fn is_by_boundary(&self) -> bool {
        self.statements.iter().any(|statement| statement.kind.to_ascii_lowercase().contains("boundary"))
    }

    /// The policy that denies, as the subject of a sentence.
    #[must_use]
    pub fn source(&self) -> String {
        match (self.kind(), self.statements.first()) {
            (Kind::ServiceControl, _) => "A service control policy of the organization".to_owned(),
            (Kind::Boundary, Some(statement)) if self.is_by_boundary() => {
                format!("The permissions boundary {}", statement.name())
            }
            (Kind::Boundary, _) => "The permissions boundary".to_owned(),
            (_, Some(statement)) => format!("The {} policy {}", statement.kind_in_words(), statement.name()),
            (_, None) => "A policy".to_owned(),
        }
    }

    /// The condition keys that were not given and that the decision depends on: those of the statement that denies. Where that
    /// could not be read, it may be any that a policy looks at.
    #[must_use]
    pub fn open_keys(&self) -> Vec<&str> {
        let own = self.statements.first().and_then(|statement| statement.text.as_deref()).map(statement::keys_of);
        let matters =
            |missing: &&String| own.as_ref().is_none_or(|own| own.iter().any(|key| key.eq_ignore_ascii_case(missing)));
        self.missing_context.iter().filter(matters).map(String::as_str).collect()
    }

    /// Whether a policy of the principal's looks at one of these condition keys; whether that decides is another question.
    #[must_use]
    pub fn misses(&self, keys: &[&str]) -> bool {
        self.missing_context.iter().any(|missing| is_one_of(missing, keys))
    }

    /// Whether the statement that denies was read, and looks at one of these condition keys.
    #[must_use]
    pub fn depends_on(&self, keys: &[&str]) -> bool {
        let is_read = self.statements.first().is_some_and(|statement| statement.text.is_some());
        is_read && self.open_keys().iter().any(|open| is_one_of(open, keys))
    }
}

/// Whether a condition key is one of these; their case does not matter.
#[must_use]
pub fn is_one_of(key: &str, keys: &[&str]) -> bool {
    keys.iter().any(|one| one.eq_ignore_ascii_case(key))
}

impl Statement {
    /// The policy's type, as a person says it. What IAM answers is "IAM Policy" for all of them, and an id that begins with
    /// the owner of an inline policy; what it documents (`PolicySourceType`, IAM API reference) are types.
    fn kind_in_words(&self) -> &str {
        let begins = |owner: &str| self.policy.starts_with(owner);
        match self.kind.as_str() {
            "aws-managed" => "AWS managed",
            "user-managed" => "customer managed",
            "resource" | "Resource Policy" => "resource",
            "group" => "group's inline",
            "user" | "role" => "inline",
            _ if begins("user_") || begins("role_") => "inline",
            _ if begins("group_") => "group's inline",
            _ if self.policy.is_empty() => "attached",
            _ => "managed",
        }
    }

    /// The policy's name. IAM calls an inline policy `user_ann_DenyKms`: the type, its owner, its name.
    #[must_use]
    pub fn name(&self) -> &str {
        if self.policy.is_empty() { "without a name" } else { &self.policy }
    }

    /// The statement's place in the policy's text.
    #[must_use]
    pub fn place(&self) -> String {
        match self.span {
            Some(((line, column), (end, last))) => {
                format!("the statement from line {line}, column {column} to line {end}, column {last}")
            }
            None => "matched".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(policy: &str) -> Vec<Statement> {
        let span = Some(((3, 5), (7, 6)));
        vec![Statement { policy: policy.into(), kind: "IAM Policy".into(), span, text: None }]
    }

    #[test]
    fn the_kind_of_policy_is_told_apart() {
        let explicit = Decision { effect: Effect::ExplicitDeny, ..Decision::default() };
        let of_user = Decision { statements: statement("user_ann_NoPull"), ..explicit.clone() };
        assert_eq!((of_user.kind(), of_user.source().as_str()), (Kind::Identity, "The inline policy user_ann_NoPull"));
        let mut both = Decision { boundary_allows: Some(false), ..of_user.clone() };
        assert_eq!(both.kind(), Kind::Identity, "the identity's own statement denies, whatever the boundary says");
        both.statements[0].kind = "Permissions Boundary Policy".into();
        assert_eq!(both.kind(), Kind::Boundary);
        assert_eq!(Decision { organization_allows: Some(false), ..of_user }.kind(), Kind::ServiceControl);
        let narrowed = Decision { boundary_allows: Some(false), ..Decision::default() };
        assert_eq!(narrowed.kind(), Kind::Boundary);
        assert_eq!(explicit.source(), "A policy");
    }

    #[test]
    fn only_the_keys_of_the_statement_that_denies_matter() {
        let keys = ["aws:SourceIp", "aws:MultiFactorAuthPresent"].map(str::to_owned).to_vec();
        let mut decision = Decision { missing_context: keys, statements: statement("x"), ..Decision::default() };
        assert!(decision.misses(&["aws:sourceip"]) && !decision.depends_on(&["aws:SourceIp"]), "it was not read");
        let text = r#"{"Condition": {"Bool": {"aws:MultiFactorAuthPresent": "false"}}}"#;
        decision.statements[0].text = Some(text.into());
        assert!(!decision.depends_on(&["aws:SourceIp"]) && decision.depends_on(&["aws:multifactorauthpresent"]));
        assert_eq!(decision.open_keys(), ["aws:MultiFactorAuthPresent"]);
    }

    #[test]
    fn the_statement_that_decides_in_any_case_comes_first() {
        let with = |name: &str, text: &str| Statement { text: Some(text.into()), ..statement(name)[0].clone() };
        let office = with("Office", r#"{"Condition": {"NotIpAddress": {"aws:SourceIp": "x"}}}"#);
        let mut decision = Decision {
            missing_context: vec!["aws:SourceIp".into()],
            statements: vec![office, with("Freeze", r#"{"Effect": "Deny"}"#)],
            ..Decision::default()
        };
        decision.put_the_certain_first();
        assert_eq!(decision.statements[0].policy, "Freeze");
    }

    #[test]
    fn a_place_is_told_in_full() {
        let place = statement("x")[0].place();
        assert_eq!(place, "the statement from line 3, column 5 to line 7, column 6");
    }
}
