//! KMS is not explicitly denied for the key that encrypts the repository.

use crate::check::{Check, Gap, Group, Verdict};
use crate::docs;
use crate::facts::access::{Access, ServerAnswer};
use crate::facts::credentials::needed_to_ask;
use crate::facts::denial;
use crate::facts::kms::{Key, KmsAccess};
use crate::facts::permissions::{MFA_KEYS, Mfa};
use crate::facts::repository::{self, Repository};
use crate::facts::simulation::{Decision, Effect, Statement, is_one_of};
use crate::finding::{Evidence, Finding, FindingKind, Fix, Severity};
use crate::needs::{Needs, On, action};
use crate::policy::{self, Kind, object};

/// The check.
pub(super) static CHECK: Check = Check {
    id: "kms-access",
    title: "KMS is not explicitly denied for the repository's key",
    group: Group::Aws,
    explain: include_str!("kms_access.md"),
    findings: &[&EXPLICIT_DENY, &CUSTOMER_KEY, &DISABLED, &PENDING_DELETION, &NOT_FOUND, &UNAVAILABLE],
    needs: Needs {
        actions: &[
            action("iam:SimulatePrincipalPolicy", On::Identity, "to see what the policies decide, and which one"),
            action("iam:GetRole", On::Role, "to know a role's path, which is part of its ARN"),
            action("codecommit:GetRepository", On::Repository, "to know which key the repository has"),
            action("kms:ListAliases", On::Everything, "to know the AWS managed key"),
            action("kms:DescribeKey", On::Key, "to know the key's state"),
        ],
        reads_policies: true,
        hosts: &["iam.amazonaws.com", "kms.REGION.amazonaws.com", "codecommit.REGION.amazonaws.com"],
        files: &[],
    },
    judge: |facts| {
        Box::pin(async move {
            needed_to_ask(facts).await?;
            let (access, repository, git) = tokio::join!(facts.kms(), facts.repository(), facts.access());
            let git = git.ok();
            let works = git.is_some_and(Access::works);
            let refusal = git.and_then(|git| git.refusal.as_ref());
            if repository::is_missing(facts).await {
                return Err(Gap::blocked("repository", "there is no such repository"));
            }
            View { access: access?, repository: repository.ok(), refusal, works }.judge()
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

/// Everything that is looked at.
struct View<'a> {
    access: &'a KmsAccess,
    repository: Option<&'a Repository>,
    /// CodeCommit's answer when Git tried to read.
    refusal: Option<&'a ServerAnswer>,
    /// Whether Git can read, and so CodeCommit use the key.
    works: bool,
}

impl View<'_> {
    fn judge(&self) -> Result<Verdict, Gap> {
        let access = self.access;
        if self.works {
            return Ok(Verdict::new(format!("CodeCommit uses {} for Git", name(access)), vec![]));
        }
        // What CodeCommit says of the key itself is certain; whether it may use it, the policies tell better.
        let said = self.refused();
        let is_of_the_key =
            said.as_ref().is_some_and(|said| [&DISABLED, &NOT_FOUND, &UNAVAILABLE].contains(&said.kind));
        let findings: Vec<Finding> = said
            .clone()
            .filter(|_| is_of_the_key)
            .or_else(|| simulated_denial(access))
            .or_else(|| state(access))
            .or_else(|| self.spoken_denial())
            .or_else(|| not_allowed(access))
            .or(said)
            .into_iter()
            .collect();
        if !findings.is_empty() {
            return Ok(Verdict::new(format!("CodeCommit cannot use {} for this identity", name(access)), findings));
        }
        if access.simulation.is_some() {
            return Ok(Verdict::new(format!("no policy of {} denies {}", who(access), name(access)), findings));
        }
        // A direct call on the AWS managed key is never allowed, so a plain refusal says nothing; only a dry run that would
        // have worked proves that nothing denies.
        let works = !access.direct.is_empty() && access.direct.iter().all(|(_, refusal)| refusal.is_none());
        if works {
            return Ok(Verdict::new(format!("KMS lets this identity use {}", name(access)), findings));
        }
        let why = access.simulation_refused.as_deref().unwrap_or("IAM was not asked");
        let lookup = access.lookup_refused.as_ref().map(|why| format!("; {why}")).unwrap_or_default();
        Err(Gap::unknown(format!("whether a policy denies KMS cannot be told: {why}{lookup}")))
    }

    /// CodeCommit's own words, when it was asked for the repository: by the API, or by Git.
    /// Source: CodeCommit API reference, `GetRepository`.
    fn refused(&self) -> Option<Finding> {
        let by_api = match self.repository {
            Some(Repository::Refused { code, message }) => {
                Some((code.as_str(), Evidence::new("codecommit:GetRepository", format!("{code}: {message}"))))
            }
            _ => None,
        };
        let by_git = || Some((self.refusal?.exception.as_deref()?, Evidence::new("CodeCommit", self.refusal?.told())));
        let (code, seen) = by_api.filter(|(code, _)| code.starts_with("Encryption")).or_else(by_git)?;
        let (kind, what) = match code {
            "EncryptionKeyAccessDeniedException" => self.who_keeps_codecommit_out(),
            "EncryptionKeyDisabledException" => {
                (&DISABLED, "The repository's key is disabled, or waiting to be deleted.")
            }
            "EncryptionKeyNotFoundException" => (&NOT_FOUND, "The repository's key does not exist."),
            "EncryptionKeyUnavailableException" => (&UNAVAILABLE, "The repository's key cannot be used now."),
            _ => return None,
        };
        let fix = Fix::manual(
            "Look at the key's state and policy in the KMS console, and at what the identity's policies say of KMS",
        );
        let fix = match (&self.access.key, *kind == CUSTOMER_KEY && !self.access.key_is_assumed) {
            (Some(key), true) => fix.instruct(policy::allow_through_codecommit(
                &policy::KEY_ACTIONS,
                &self.access.arn_of(key),
                &self.access.region,
            )),
            _ => fix,
        };
        Some(Finding::new(kind, what).seen(seen).fix(fix.docs(docs::ENCRYPTION)))
    }

    /// An explicit deny in the words of KMS's own refusal. The call was not CodeCommit's, so a condition on `kms:ViaService` can
    /// have decided otherwise; where IAM simulates with that condition, it knows better than the words.
    fn spoken_denial(&self) -> Option<Finding> {
        let access = self.access;
        let (action, denial, text) = access.direct.iter().find_map(|(action, refusal)| {
            let text = refusal.as_ref()?.text();
            Some((action, denial::read(&text).filter(|denial| denial.explicit)?, text))
        })?;
        let is_simulated = matches!(denial.kind, Kind::Identity | Kind::Boundary | Kind::ServiceControl);
        if is_simulated && access.simulation.is_some() {
            return None;
        }
        let kind = denial.kind.name();
        let source = denial.policy.map_or_else(|| format!("The {kind}"), |policy| format!("The {kind} {policy}"));
        let message =
            format!("{source} explicitly denies {action} on {}, at least to whoever asks KMS directly.", name(access));
        let seen = Evidence::new(format!("{action} (dry run)"), text);
        let finding =
            Finding::new(&EXPLICIT_DENY, message).seen(seen).fix(lift(access, &source, &[action.as_str()], None));
        // What is true of whoever asks directly explains nothing but CodeCommit's own word about the key.
        let by_git = self.refusal.and_then(|answer| answer.exception.as_deref());
        let by_api = match self.repository {
            Some(Repository::Refused { code, .. }) => Some(code.as_str()),
            _ => None,
        };
        let is_about_the_key = by_git.into_iter().chain(by_api).any(|code| code.starts_with("Encryption"));
        Some(if is_about_the_key { finding.at_most(Severity::Warning) } else { finding.never_above(Severity::Note) })
    }

    /// Which of the two it is that CodeCommit may not use the key: of the AWS managed key, nothing but a denial keeps anybody.
    fn who_keeps_codecommit_out(&self) -> (&'static FindingKind, &'static str) {
        let access = self.access;
        let is_default = access.key.as_ref().is_some_and(|key| key.aws_managed == Some(true));
        match (access.key_is_assumed, is_default) {
            (false, true) => (
                &EXPLICIT_DENY,
                "A policy denies KMS, so CodeCommit may not use the AWS managed key for this identity.",
            ),
            (true, _) => (
                &CUSTOMER_KEY,
                "CodeCommit may not use the repository's key for this identity: it is a customer managed key that is not \
                 allowed, or a policy denies KMS.",
            ),
            (false, false) => {
                (&CUSTOMER_KEY, "CodeCommit may not use the repository's customer managed key for this identity.")
            }
        }
    }
}

fn name(access: &KmsAccess) -> String {
    match &access.key {
        Some(_) if access.key_is_assumed => "the repository's key".to_owned(),
        None => "the key for CodeCommit".to_owned(),
        Some(Key { aws_managed: Some(false), id, .. }) => format!("the customer managed key {id}"),
        Some(Key { aws_managed: None, id, .. }) => format!("the key {id}"),
        Some(_) => "the AWS managed key aws/codecommit".to_owned(),
    }
}

fn who(access: &KmsAccess) -> &str {
    access.principal.as_deref().unwrap_or("this identity")
}

/// An explicit deny that IAM simulates.
fn simulated_denial(access: &KmsAccess) -> Option<Finding> {
    let decisions = access.simulation.iter().flatten();
    let denied: Vec<&Decision> = decisions.filter(|decision| is_in_the_way(decision)).collect();
    let first = denied.first()?;
    let actions: Vec<&str> = denied.iter().map(|decision| decision.action.as_str()).collect();
    let source = first.source();
    let (what, key) = (list(&actions), name(access));
    // Long-lived credentials never carry MFA, so nothing is open there.
    let is_settled = |key: &str| access.mfa == Mfa::Never && is_one_of(key, MFA_KEYS);
    let mut open = first.open_keys();
    open.retain(|key| !is_settled(key));
    let does = if first.effect == Effect::ExplicitDeny { "explicitly denies" } else { "does not allow" };
    let message = match open.as_slice() {
        [] if first.depends_on(MFA_KEYS) => {
            format!("{source} denies {what} on {key} without MFA, which Git's credentials never carry.")
        }
        [] => format!("{source} {does} {what} on {key}, so CodeCommit cannot decrypt the repository."),
        keys => format!("{source} denies {what} on {key}, unless {} allows it for Git.", keys.join(" or ")),
    };
    let seen = Evidence::new("iam:SimulatePrincipalPolicy", format!("{} for {}", actions.join(", "), who(access)));
    let places = first.statements.iter().map(|statement| Evidence::new(statement.name(), statement.place()));
    let finding = places.fold(Finding::new(&EXPLICIT_DENY, message).seen(seen), Finding::seen);
    // What the policy looks at, such as MFA or the source address, is only known when Git asks.
    let finding = if open.is_empty() { finding } else { finding.at_most(Severity::Warning) };
    let fix = if first.effect == Effect::ExplicitDeny {
        lift(access, &source, &actions, first.statements.first())
    } else {
        let key =
            access.key.as_ref().filter(|_| !access.key_is_assumed).map_or("*".to_owned(), |key| access.arn_of(key));
        let allow = policy::allow_through_codecommit(&policy::KEY_ACTIONS, &key, &access.region);
        Fix::manual(format!("Have this statement added to {}", object(&source))).instruct(allow).docs(docs::ENCRYPTION)
    };
    Some(finding.fix(fix))
}

/// Whether a decision keeps even the AWS managed key from being used: a denial, or an organization that lists what it allows.
fn is_in_the_way(decision: &Decision) -> bool {
    decision.effect == Effect::ExplicitDeny || decision.is_denied() && decision.organization_allows == Some(false)
}

fn list(actions: &[&str]) -> String {
    match actions {
        [one] => (*one).to_owned(),
        [first, .., last] if actions.len() == 2 => format!("{first} and {last}"),
        [first, ..] => format!("{first} and {} more KMS actions", actions.len() - 1),
        [] => "KMS".to_owned(),
    }
}

/// The statement that denies, as it reads when it leaves out what CodeCommit does; else the condition that does so.
fn lift(access: &KmsAccess, source: &str, actions: &[&str], statement: Option<&Statement>) -> Fix {
    let title =
        format!("Have {} changed so that it does not deny {} when CodeCommit asks", object(source), list(actions));
    let condition = policy::condition_for_other_services(&access.region);
    let statement = statement.and_then(|statement| statement.text.as_deref());
    let changed = statement.and_then(|statement| policy::with_condition(statement, &condition));
    let changed = changed.unwrap_or_else(|| format!(r#"{{"Condition": {condition}}}"#));
    Fix::manual(title).instruct(changed).docs(docs::ENCRYPTION)
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

/// A customer managed key must be allowed, by the identity's policies and by the key's own. Of another account's key both
/// must say so ("Allowing users in other accounts to use a KMS key", KMS developer guide).
fn not_allowed(access: &KmsAccess) -> Option<Finding> {
    let key = access.key.as_ref().filter(|key| key.aws_managed == Some(false))?;
    let refused = access.direct.iter().find_map(|(action, refusal)| {
        let refusal = refusal.as_ref().filter(|refusal| refusal.is_denied())?;
        Some((action, refusal.text()))
    });
    // Dry runs that would have worked prove that it may.
    if refused.is_none() && !access.direct.is_empty() {
        return None;
    }
    let implicit = access
        .simulation
        .as_ref()
        .map(|simulation| simulation.iter().any(|decision| decision.effect == Effect::ImplicitDeny));
    let by_key =
        refused.as_ref().and_then(|(_, text)| denial::read(text)).is_some_and(|one| one.kind == Kind::Resource);
    // Where the identity is allowed and the refusal is not the key's, a condition on the service may have decided.
    if implicit == Some(false) && !(by_key && key.is_of_another_account(access))
        || implicit != Some(true) && refused.is_none()
    {
        return None;
    }
    let simulated = access.simulation.iter().flatten().find(|decision| decision.effect == Effect::ImplicitDeny);
    let narrowed = simulated.filter(|decision| decision.kind() != Kind::Identity);
    let message = match narrowed {
        Some(decision) => format!("{} does not allow the customer managed key {}.", decision.source(), key.id),
        None => format!("Nothing allows this identity to use the customer managed key {}.", key.id),
    };
    let mut finding = Finding::new(&CUSTOMER_KEY, message);
    finding = match &refused {
        Some((action, text)) => finding.seen(Evidence::new(format!("{action} (dry run)"), text)),
        None => finding.seen(Evidence::new("iam:SimulatePrincipalPolicy", format!("implicitDeny for {}", who(access)))),
    };
    let allow = policy::allow_through_codecommit(&policy::KEY_ACTIONS, &access.arn_of(key), &access.region);
    if implicit != Some(false) {
        let to = narrowed.map_or("a policy of the identity".to_owned(), |decision| object(&decision.source()));
        let fix = Fix::manual(format!("Have this statement added to {to}")).instruct(allow).docs(docs::ENCRYPTION);
        finding = finding.fix(fix);
    }
    if let Some(principal) = access.principal.as_deref().filter(|_| by_key || key.is_of_another_account(access)) {
        let statement = policy::admit(principal, &policy::KEY_ACTIONS);
        finding = finding
            .fix(Fix::manual("Add this statement to the key's own policy").instruct(statement).docs(docs::ENCRYPTION));
    }
    // The key's own policy may let the identity in when CodeCommit asks; only CodeCommit's refusal shows that it does not.
    Some(finding.at_most(Severity::Warning))
}

#[cfg(test)]
mod tests;
