//! What IAM and KMS say about the key that encrypts the repository, without using the key.
//!
//! Best is IAM's own simulation. Where the caller may not simulate, KMS is asked with dry runs, which never do anything.
//! The alias `alias/aws/codecommit` is never described: KMS would create the key that it stands for.

use super::Facts;
use super::api::{Refusal, no_answer};
use super::permissions::{self, Mfa};
use super::principal::{self, Asker};
use super::repository::Repository;
use super::simulation::{self, Decision};
use crate::check::Gap;
use crate::regions::Partition;
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
    /// Whether that is only the default key, because the repository's own could not be asked for.
    pub key_is_assumed: bool,
    /// Why the AWS managed key could not be looked up; `None` also when it simply does not exist yet.
    pub lookup_refused: Option<String>,
    /// Who was simulated.
    pub principal: Option<String>,
    /// IAM's simulation, one decision for each action.
    pub simulation: Option<Vec<Decision>>,
    /// Why there was no simulation.
    pub simulation_refused: Option<String>,
    /// Whether Git's requests tell of MFA.
    pub mfa: Mfa,
    /// The account of the repository.
    pub account: String,
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

impl KmsAccess {
    /// A key's ARN, which policies name it by.
    #[must_use]
    pub fn arn_of(&self, key: &Key) -> String {
        if key.id.starts_with("arn:") {
            return key.id.clone();
        }
        format!("arn:{}:kms:{}:{}:key/{}", Partition::of(&self.region).name(), self.region, self.account, key.id)
    }
}

impl Key {
    /// Whether the key belongs to another account than the repository.
    #[must_use]
    pub fn is_of_another_account(&self, access: &KmsAccess) -> bool {
        let account = self.id.strip_prefix("arn:").and_then(|_| self.id.split(':').nth(4));
        account.is_some_and(|account| account != access.account)
    }
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
    let iam = principal::iam(facts).await?;

    // Three questions at once: which key is the default one, which key the repository has, and who is asking.
    let (aliased, repository, asker) = tokio::join!(default_key(&kms), facts.repository(), facts.asker());
    let Asker { identity, principal, is_caller, account } = asker?;
    let mut access = KmsAccess {
        principal: principal.clone().ok(),
        mfa: permissions::mfa(facts).await,
        account: account.clone(),
        region: api.region().to_owned(),
        ..KmsAccess::default()
    };
    let aliased = match aliased {
        Ok(aliased) => aliased,
        Err(Refusal::NoAnswer(why)) => return Err(no_answer(facts, "KMS", &why).await),
        Err(refusal) => {
            access.lookup_refused = Some(refusal.why("kms:ListAliases", None));
            None
        }
    };
    access.key_is_assumed = !matches!(repository, Ok(Repository::Exists { .. }));
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
        |key| access.arn_of(key),
    );
    let simulating = async {
        match &principal {
            Ok(principal) => {
                let mut context = permissions::context(facts, api.region(), access.mfa, true).await;
                context.push(simulation::text("kms:ViaService", format!("codecommit.{}.amazonaws.com", api.region())));
                context.push(simulation::text("kms:CallerAccount", &identity.account));
                let decisions = simulation::ask(&iam, principal, &ACTIONS, &resource, &context).await;
                decisions.map_err(|refusal| refusal.why("iam:SimulatePrincipalPolicy", Some(principal)))
            }
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
        if *is_caller && (access.simulation.is_none() || customer) {
            access.direct = Box::pin(dry_runs(&kms, &key.id)).await;
        }
    }
    Ok(access)
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
