//! KMS is not explicitly denied for the key that encrypts the repository.

use crate::check::{Check, Gap, Group, Verdict};
use crate::docs;
use crate::facts::credentials::needed_to_ask;
use crate::facts::kms::{Decision, ExplicitDeny, Key, KmsAccess, Statement, explicit_deny};
use crate::facts::repository::Repository;
use crate::finding::{Evidence, Finding, FindingKind, Fix, Severity};

/// The check.
pub(super) static CHECK: Check = Check {
    id: "kms-access",
    title: "KMS is not explicitly denied for the repository's key",
    group: Group::Aws,
    explain: include_str!("kms_access.md"),
    findings: &[&EXPLICIT_DENY, &CUSTOMER_KEY, &DISABLED, &PENDING_DELETION, &NOT_FOUND, &UNAVAILABLE],
    judge: |facts| {
        Box::pin(async move {
            needed_to_ask(facts).await?;
            let (access, repository) = tokio::join!(facts.kms(), facts.repository());
            judge(access?, repository.ok())
        })
    },
};

static EXPLICIT_DENY: FindingKind =
    FindingKind::error("explicit-deny", "A policy denies the use of the key", &["C33"], docs::ENCRYPTION);
static CUSTOMER_KEY: FindingKind = FindingKind::error(
    "customer-key-not-allowed",
    "The customer managed key is not allowed to this identity",
    &["C34"],
    docs::ENCRYPTION,
);
static DISABLED: FindingKind = FindingKind::error("key-disabled", "The key is disabled", &["C35"], docs::ENCRYPTION);
static PENDING_DELETION: FindingKind =
    FindingKind::error("key-pending-deletion", "The key is about to be deleted", &["C35"], docs::ENCRYPTION);
static NOT_FOUND: FindingKind =
    FindingKind::error("key-not-found", "The key does not exist", &["C35"], docs::ENCRYPTION);
static UNAVAILABLE: FindingKind =
    FindingKind::error("key-unavailable", "KMS cannot use the key now", &["C35"], docs::ENCRYPTION);

fn judge(access: &KmsAccess, repository: Option<&Repository>) -> Result<Verdict, Gap> {
    let findings: Vec<Finding> = denied(access)
        .or_else(|| state(access))
        .or_else(|| not_allowed(access))
        .or_else(|| refused(repository))
        .into_iter()
        .collect();
    if !findings.is_empty() {
        return Ok(Verdict::new(format!("CodeCommit cannot use {} for this identity", name(access)), findings));
    }
    if access.simulation.is_some() {
        return Ok(Verdict::new(format!("no policy of {} denies {}", who(access), name(access)), findings));
    }
    // A direct call on the AWS managed key is never allowed, so a plain refusal says nothing; only a dry run that would have
    // worked proves that nothing denies.
    let works = !access.direct.is_empty() && access.direct.iter().all(|(_, refusal)| refusal.is_none());
    if works {
        return Ok(Verdict::new(format!("KMS lets this identity use {}", name(access)), findings));
    }
    let why = access.simulation_refused.as_deref().unwrap_or("IAM was not asked");
    let lookup = access.lookup_refused.as_ref().map(|why| format!("; kms:ListAliases: {why}")).unwrap_or_default();
    Err(Gap::unknown(format!("whether a policy denies KMS cannot be told: {why}{lookup}")))
}

fn name(access: &KmsAccess) -> String {
    match &access.key {
        None => "the key for CodeCommit".to_owned(),
        Some(Key { aws_managed: Some(false), id, .. }) => format!("the customer managed key {id}"),
        Some(Key { aws_managed: None, id, .. }) => format!("the key {id}"),
        Some(_) => "the AWS managed key aws/codecommit".to_owned(),
    }
}

fn who(access: &KmsAccess) -> &str {
    access.principal.as_deref().unwrap_or("this identity")
}

/// An explicit deny: from IAM's simulation, else in the words of KMS's own refusal.
fn denied(access: &KmsAccess) -> Option<Finding> {
    simulated_denial(access).or_else(|| spoken_denial(access))
}

fn simulated_denial(access: &KmsAccess) -> Option<Finding> {
    let decisions = access.simulation.iter().flatten();
    let denied: Vec<&Decision> = decisions.filter(|decision| decision.decision == "explicitDeny").collect();
    let first = denied.first()?;
    let actions: Vec<&str> = denied.iter().map(|decision| decision.action.as_str()).collect();
    let source = source(first);
    let (what, key) = (list(&actions), name(access));
    let message = match first.missing_context.as_slice() {
        [] => format!("{source} explicitly denies {what} on {key}, so CodeCommit cannot decrypt the repository."),
        keys => format!("{source} denies {what} on {key}, unless {} allows it for Git.", keys.join(" or ")),
    };
    let seen = Evidence::new("iam:SimulatePrincipalPolicy", format!("{} for {}", actions.join(", "), who(access)));
    let places = first.statements.iter().map(|statement| Evidence::new(policy_name(statement), place(statement)));
    let finding = places.fold(Finding::new(&EXPLICIT_DENY, message).seen(seen), Finding::seen);
    // What the policy looks at, such as MFA or the source address, is only known when Git asks.
    let finding = if first.missing_context.is_empty() { finding } else { finding.at_most(Severity::Warning) };
    Some(finding.fix(lift(&source, &actions)))
}

fn spoken_denial(access: &KmsAccess) -> Option<Finding> {
    let (action, ExplicitDeny { kind, policy }, text) = access.direct.iter().find_map(|(action, refusal)| {
        let text = refusal.as_ref()?.text();
        Some((action, explicit_deny(&text)?, text))
    })?;
    let source = policy.map_or_else(|| format!("The {kind}"), |policy| format!("The {kind} {policy}"));
    let message = format!(
        "{source} explicitly denies {action} on {}, so CodeCommit cannot decrypt the repository.",
        name(access)
    );
    let seen = Evidence::new(format!("{action} (dry run)"), text);
    Some(Finding::new(&EXPLICIT_DENY, message).seen(seen).fix(lift(&source, &[action.as_str()])))
}

/// Which policy denies, as the subject of a sentence.
fn source(decision: &Decision) -> String {
    if decision.organization_allows == Some(false) {
        return "A service control policy of the organization".to_owned();
    }
    match decision.statements.first() {
        Some(statement) => format!("The {} policy {}", kind(statement), policy_name(statement)),
        None if decision.boundary_allows == Some(false) => "The permissions boundary".to_owned(),
        None => "A policy".to_owned(),
    }
}

/// IAM's word for a policy's type, as a person says it. Source: `Statement`, IAM API reference.
fn kind(statement: &Statement) -> &str {
    match statement.kind.as_str() {
        "user" | "group" | "role" => "inline",
        "aws-managed" => "AWS managed",
        "user-managed" => "customer managed",
        "resource" => "resource",
        _ => "attached",
    }
}

fn policy_name(statement: &Statement) -> &str {
    // IAM calls an inline policy `user_ann_DenyKms`: the type, its owner, its name.
    if statement.policy.is_empty() { "without a name" } else { &statement.policy }
}

fn place(statement: &Statement) -> String {
    match statement.span {
        Some(((line, column), (end, last))) => {
            format!("the statement from line {line}, column {column} to line {end}, column {last}")
        }
        None => "matched".to_owned(),
    }
}

fn list(actions: &[&str]) -> String {
    match actions {
        [one] => (*one).to_owned(),
        [first, .., last] if actions.len() == 2 => format!("{first} and {last}"),
        [first, ..] => format!("{first} and {} more KMS actions", actions.len() - 1),
        [] => "KMS".to_owned(),
    }
}

fn lift(source: &str, actions: &[&str]) -> Fix {
    let mut source = source.to_owned();
    // The subject of a sentence becomes an object.
    if let Some(first) = source.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    Fix::manual(format!(
        "Have {source} changed so that it does not deny {} when kms:ViaService is CodeCommit",
        list(actions)
    ))
    .docs(docs::ENCRYPTION)
}

/// What KMS says of the key itself.
fn state(access: &KmsAccess) -> Option<Finding> {
    let key = access.key.as_ref()?;
    if let Some(refusal) = &key.refusal {
        let text = refusal.text();
        let gone = text.starts_with("NotFoundException");
        let seen = Evidence::new("kms:DescribeKey", text);
        return gone.then(|| {
            let fix = Fix::manual("Give the repository another key: aws codecommit update-repository-encryption-key");
            Finding::new(&NOT_FOUND, format!("The key {} does not exist in this account and region.", key.id))
                .seen(seen)
                .fix(fix)
        });
    }
    let state = key.state.as_deref()?;
    let kms = |command: &str| -> Vec<String> {
        ["aws", "kms", command, "--region", &access.region, "--key-id", &key.id].map(str::to_owned).to_vec()
    };
    let (kind, what, fix) = match state {
        "Enabled" | "Updating" => return None,
        "Disabled" => (&DISABLED, "is disabled", Fix::manual("Enable the key").run(kms("enable-key"))),
        "PendingDeletion" | "PendingReplicaDeletion" => {
            let cancel = Fix::manual("Cancel the deletion, then enable the key");
            let cancel = cancel.run(kms("cancel-key-deletion"));
            (&PENDING_DELETION, "is waiting to be deleted", cancel.run(kms("enable-key")))
        }
        _ => (
            &UNAVAILABLE,
            "cannot be used now",
            Fix::manual("Look at the key's state in the KMS console: its material or key store is missing"),
        ),
    };
    let message = format!("The key {} {what}, and CodeCommit needs it to decrypt the repository.", key.id);
    Some(Finding::new(kind, message).seen(Evidence::new("kms:DescribeKey", format!("KeyState {state}"))).fix(fix))
}

/// A customer managed key must be allowed, by the identity's policies or by the key's own.
fn not_allowed(access: &KmsAccess) -> Option<Finding> {
    let key = access.key.as_ref().filter(|key| key.aws_managed == Some(false))?;
    let (action, refusal) = access.direct.iter().find_map(|(action, refusal)| {
        let refusal = refusal.as_ref().filter(|refusal| refusal.is_denied())?;
        Some((action, refusal.text()))
    })?;
    let implicit = access
        .simulation
        .as_ref()
        .map(|simulation| simulation.iter().any(|decision| decision.decision == "implicitDeny"));
    if implicit == Some(false) {
        // The identity is allowed; the key's policy may let CodeCommit in and a direct call not.
        return None;
    }
    let message = format!("Nothing allows this identity to use the customer managed key {}.", key.id);
    let statement = format!(
        r#"{{"Effect": "Allow", "Action": ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"], "Resource": "{}"}}"#,
        key.id
    );
    let fix = Fix::manual("Add this statement to a policy of the identity").instruct(statement).docs(docs::ENCRYPTION);
    let finding =
        Finding::new(&CUSTOMER_KEY, message).seen(Evidence::new(format!("{action} (dry run)"), refusal)).fix(fix);
    // Without a simulation only the direct call is known to be refused.
    Some(if implicit.is_none() { finding.at_most(Severity::Warning) } else { finding })
}

/// CodeCommit's own words, when it was asked for the repository. Source: CodeCommit API reference, `GetRepository`.
fn refused(repository: Option<&Repository>) -> Option<Finding> {
    let Some(Repository::Refused { code, message }) = repository else { return None };
    let (kind, what) = match code.as_str() {
        "EncryptionKeyAccessDeniedException" => {
            (&CUSTOMER_KEY, "CodeCommit may not use the repository's key for this identity.")
        }
        "EncryptionKeyDisabledException" => (&DISABLED, "The repository's key is disabled, or waiting to be deleted."),
        "EncryptionKeyNotFoundException" => (&NOT_FOUND, "The repository's key does not exist."),
        "EncryptionKeyUnavailableException" => (&UNAVAILABLE, "The repository's key cannot be used now."),
        _ => return None,
    };
    let fix = Fix::manual("Look at the key's state and policy in the KMS console").docs(docs::ENCRYPTION);
    Some(
        Finding::new(kind, what).seen(Evidence::new("codecommit:GetRepository", format!("{code}: {message}"))).fix(fix),
    )
}

#[cfg(test)]
mod tests;
