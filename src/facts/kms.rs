//! What IAM and KMS say about the key that encrypts the repository, without using the key.
//!
//! Best is IAM's own simulation. Where the caller may not simulate, KMS is asked with dry runs, which never do anything.
//! The alias `alias/aws/codecommit` is never described: KMS would create the key that it stands for.

use super::Facts;
use super::api::{Api, Refusal, no_answer};
use super::caller::Identity;
use super::principal::{self, Asker};
use super::repository::Repository;
use crate::check::Gap;
use crate::regions::Partition;
use aws_sdk_iam::types::{ContextEntry, ContextKeyTypeEnum, EvaluationResult};
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{DataKeySpec, DryRunModifierType};
use serde::{Deserialize, Serialize};

/// The KMS actions that CodeCommit takes on the caller's behalf. `kms:ReEncrypt` is authorised as its two halves.
/// Source: "AWS KMS and encryption for AWS CodeCommit repositories".
pub const ACTIONS: [&str; 7] = [
    "kms:Encrypt",
    "kms:Decrypt",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:DescribeKey",
];

/// The alias of the AWS managed key for CodeCommit, one per account and region.
const ALIAS: &str = "alias/aws/codecommit";

/// How many pages of aliases are read, of 100 each.
const PAGES: usize = 5;

/// Everything that is known about the key and the caller's access to it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct KmsAccess {
    /// The key, when it is known.
    pub key: Option<Key>,
    /// Why the AWS managed key could not be looked up; `None` also when it simply does not exist yet.
    pub lookup_refused: Option<String>,
    /// Who was simulated.
    pub principal: Option<String>,
    /// IAM's simulation, one decision for each action.
    pub simulation: Option<Vec<Decision>>,
    /// Why there was no simulation.
    pub simulation_refused: Option<String>,
    /// The region of the key.
    pub region: String,
    /// KMS's own answers to dry runs: the action, and the refusal (`None` when it would have worked).
    pub direct: Vec<(String, Option<Refusal>)>,
}

/// A KMS key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// Its id or ARN, as it was given.
    pub id: String,
    /// Whether AWS manages it; `None` when that is not known.
    pub aws_managed: Option<bool>,
    /// `Enabled`, `Disabled`, `PendingDeletion`, ...
    pub state: Option<String>,
    /// What KMS said instead of describing it.
    pub refusal: Option<Refusal>,
}

/// IAM's decision about one action.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// The action.
    pub action: String,
    /// `allowed`, `explicitDeny` or `implicitDeny`.
    pub decision: String,
    /// The statements that decided.
    pub statements: Vec<Statement>,
    /// Condition keys that a policy looks at and that were not given, so that the decision may be another in reality.
    pub missing_context: Vec<String>,
    /// Whether the permissions boundary allows it, when there is one.
    pub boundary_allows: Option<bool>,
    /// Whether the organisation's policies allow it, when there is one.
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
}

/// Asks IAM, and KMS where IAM does not tell.
///
/// # Errors
/// A gap when there are no credentials, AWS refuses them, or there is no answer.
pub async fn observe(facts: &Facts) -> Result<KmsAccess, Gap> {
    facts.online()?;
    let keys = facts.credentials().await?.keys()?;
    let api = facts.api().await?;
    let kms = aws_sdk_kms::Client::new(&api.sdk(keys, api.region()));
    let iam = aws_sdk_iam::Client::new(&api.sdk(keys, Partition::of(api.region()).iam_region()));

    // Three questions at once: which key is the default one, which key the repository has, and who is asking.
    let (aliased, repository, principal) = tokio::join!(default_key(&kms), facts.repository(), async {
        principal::observe(facts, &iam, facts.caller().await?).await
    });
    let Asker { identity, principal, is_caller } = principal?;
    let mut access =
        KmsAccess { principal: principal.clone().ok(), region: api.region().to_owned(), ..KmsAccess::default() };
    let aliased = match aliased {
        Ok(aliased) => aliased,
        Err(Refusal::NoAnswer(why)) => return Err(no_answer(facts, "KMS", &why).await),
        Err(refusal) => {
            access.lookup_refused = Some(refusal.text());
            None
        }
    };
    let own = match repository {
        Ok(Repository::Exists { key, .. }) => key.clone(),
        _ => None,
    };
    let id = own.or_else(|| aliased.clone());
    let key = id.map(|id| {
        let is_default = aliased.as_ref().map(|aliased| id == *aliased || id.ends_with(&format!("/{aliased}")));
        Key { id, aws_managed: is_default, ..Key::default() }
    });

    let resource = key.as_ref().map_or_else(
        || format!("arn:{}:kms:{}:{}:key/*", Partition::of(api.region()).name(), api.region(), identity.account),
        |key| arn(key, api, &identity),
    );
    let simulating = async {
        match &principal {
            Ok(principal) => simulate(&iam, principal, &resource, api.region(), &identity.account).await,
            Err(why) => Err(why.clone()),
        }
    };
    let (simulation, key) = tokio::join!(simulating, async {
        match key {
            Some(key) => Some(describe(&kms, key).await),
            None => None,
        }
    });
    access.key = key;
    match simulation {
        Ok(decisions) => access.simulation = Some(decisions),
        Err(why) => access.simulation_refused = Some(why),
    }
    if let Some(key) = &access.key {
        let customer = key.aws_managed != Some(true);
        // KMS answers for the caller alone.
        if is_caller && (access.simulation.is_none() || customer) {
            access.direct = Box::pin(dry_runs(&kms, &key.id)).await;
        }
    }
    Ok(access)
}

fn arn(key: &Key, api: &Api, identity: &Identity) -> String {
    if key.id.starts_with("arn:") {
        return key.id.clone();
    }
    format!("arn:{}:kms:{}:{}:key/{}", Partition::of(api.region()).name(), api.region(), identity.account, key.id)
}

/// The id of the AWS managed key, from the list of aliases; `None` when there is no such key yet.
async fn default_key(kms: &aws_sdk_kms::Client) -> Result<Option<String>, Refusal> {
    let mut marker = None;
    for _ in 0..PAGES {
        let answer =
            kms.list_aliases().limit(100).set_marker(marker).send().await.map_err(|error| Refusal::read(&error))?;
        if let Some(alias) = answer.aliases().iter().find(|alias| alias.alias_name() == Some(ALIAS)) {
            return Ok(alias.target_key_id().map(str::to_owned));
        }
        marker = answer.next_marker().map(str::to_owned);
        if marker.is_none() {
            return Ok(None);
        }
    }
    Ok(None)
}

async fn describe(kms: &aws_sdk_kms::Client, key: Key) -> Key {
    match kms.describe_key().key_id(&key.id).send().await {
        Ok(answer) => {
            let data = answer.key_metadata();
            Key {
                aws_managed: data
                    .and_then(|data| data.key_manager())
                    .map(|manager| manager.as_str() == "AWS")
                    .or(key.aws_managed),
                state: data.and_then(|data| data.key_state()).map(|state| state.as_str().to_owned()),
                ..key
            }
        }
        Err(error) => Key { refusal: Some(Refusal::read(&error)), ..key },
    }
}

/// Asks IAM what the principal's policies say when CodeCommit uses the key on its behalf.
async fn simulate(
    iam: &aws_sdk_iam::Client,
    principal: &str,
    resource: &str,
    region: &str,
    account: &str,
) -> Result<Vec<Decision>, String> {
    let context = [
        ("kms:ViaService", format!("codecommit.{region}.amazonaws.com")),
        ("kms:CallerAccount", account.to_owned()),
        ("aws:RequestedRegion", region.to_owned()),
    ];
    let mut request = iam.simulate_principal_policy().policy_source_arn(principal).resource_arns(resource);
    for action in ACTIONS {
        request = request.action_names(action);
    }
    for (name, value) in context {
        let entry = ContextEntry::builder()
            .context_key_name(name)
            .context_key_type(ContextKeyTypeEnum::String)
            .context_key_values(value);
        request = request.context_entries(entry.build());
    }
    match request.send().await {
        Ok(answer) => Ok(answer.evaluation_results().iter().map(read_decision).collect()),
        Err(error) => Err(format!("iam:SimulatePrincipalPolicy on {principal}: {}", Refusal::read(&error).text())),
    }
}

fn read_decision(result: &EvaluationResult) -> Decision {
    let position = |at: Option<&aws_sdk_iam::types::Position>| at.map(|at| (at.line(), at.column()));
    Decision {
        action: result.eval_action_name().to_owned(),
        decision: result.eval_decision().as_str().to_owned(),
        statements: result
            .matched_statements()
            .iter()
            .map(|statement| Statement {
                policy: statement.source_policy_id().unwrap_or_default().to_owned(),
                kind: statement.source_policy_type().map(|kind| kind.as_str().to_owned()).unwrap_or_default(),
                span: position(statement.start_position()).zip(position(statement.end_position())),
            })
            .collect(),
        missing_context: result.missing_context_values().to_vec(),
        boundary_allows: result
            .permissions_boundary_decision_detail()
            .map(aws_sdk_iam::types::PermissionsBoundaryDecisionDetail::allowed_by_permissions_boundary),
        organization_allows: result
            .organizations_decision_detail()
            .map(aws_sdk_iam::types::OrganizationsDecisionDetail::allowed_by_organizations),
    }
}

/// Dry runs of what CodeCommit does with the key. KMS answers each with an error: "would have worked", or why not.
async fn dry_runs(kms: &aws_sdk_kms::Client, key: &str) -> Vec<(String, Option<Refusal>)> {
    let ignore = DryRunModifierType::IgnoreCiphertext;
    let (encrypt, decrypt, generate, without, re_encrypt) = tokio::join!(
        kms.encrypt().key_id(key).plaintext(Blob::new("dry run")).dry_run(true).send(),
        kms.decrypt().key_id(key).dry_run(true).dry_run_modifiers(ignore.clone()).send(),
        kms.generate_data_key().key_id(key).key_spec(DataKeySpec::Aes256).dry_run(true).send(),
        kms.generate_data_key_without_plaintext().key_id(key).key_spec(DataKeySpec::Aes256).dry_run(true).send(),
        kms.re_encrypt().source_key_id(key).destination_key_id(key).dry_run(true).dry_run_modifiers(ignore).send(),
    );
    let refusals = [
        ("kms:Encrypt", encrypt.err().map(|error| Refusal::read(&error))),
        ("kms:Decrypt", decrypt.err().map(|error| Refusal::read(&error))),
        ("kms:GenerateDataKey", generate.err().map(|error| Refusal::read(&error))),
        ("kms:GenerateDataKeyWithoutPlaintext", without.err().map(|error| Refusal::read(&error))),
        ("kms:ReEncrypt", re_encrypt.err().map(|error| Refusal::read(&error))),
    ];
    refusals
        .into_iter()
        .map(|(action, refusal)| {
            let works = matches!(&refusal, Some(Refusal::Answer { code, .. }) if code.starts_with("DryRunOperation"));
            (action.to_owned(), refusal.filter(|_| !works))
        })
        .collect()
}

/// The policy that AWS names in an `AccessDenied` text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExplicitDeny {
    /// "identity-based policy", "service control policy", ...
    pub kind: String,
    /// The policy's ARN, which newer texts carry.
    pub policy: Option<String>,
}

/// Reads "with an explicit deny in ...". The bare word "explicit" proves nothing: one of KMS's texts says that a
/// resource-based policy may explicitly deny, when all it knows is that nothing allows.
/// Source: "Troubleshoot access denied error messages" (IAM user guide).
#[must_use]
pub fn explicit_deny(message: &str) -> Option<ExplicitDeny> {
    static DENY: std::sync::LazyLock<Option<regex_lite::Regex>> = std::sync::LazyLock::new(|| {
        regex_lite::Regex::new(
            r"(?i)with an explicit deny in (?:an?|the) (identity-based policy|resource-based policy|service control policy|resource control policy|permissions boundary|sessions? policy|VPC endpoint policy|role trust policy)(?: transitively through a service control policy)?(?::\s*(arn:\S+))?",
        )
        .ok()
    });
    let text = message.split_whitespace().collect::<Vec<_>>().join(" ");
    let found = DENY.as_ref()?.captures(&text)?;
    let policy = found.get(2).map(|arn| arn.as_str().trim_end_matches(['.', ',']).to_owned());
    Some(ExplicitDeny {
        kind: found[1].to_ascii_lowercase().replace("sessions policy", "session policy").replace("vpc", "VPC"),
        policy,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn explicit_denials_name_their_policy() {
        let text = "User: arn:aws:iam::1:user/a is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:us-east-1:1:key/k with an explicit deny in a service control policy: arn:aws:organizations::1:policy/o-1/service_control_policy/p-1.";
        let deny = explicit_deny(text).unwrap();
        assert_eq!(deny.kind, "service control policy");
        assert_eq!(deny.policy.as_deref(), Some("arn:aws:organizations::1:policy/o-1/service_control_policy/p-1"));
        assert_eq!(explicit_deny("... with an\n explicit  deny in an identity-based policy").unwrap().policy, None);
    }

    #[test]
    fn the_word_explicit_alone_proves_nothing() {
        for text in [
            "because no identity-based policy allows the kms:Decrypt action",
            "on this resource because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access",
        ] {
            assert_eq!(explicit_deny(text), None);
        }
    }
}
