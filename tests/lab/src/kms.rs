//! KMS: aliases, keys, dry runs; and what CodeCommit does with a key on a caller's behalf.

use crate::api::{Caller, Refusal};
use crate::policy::Decision;
use crate::world::{Key, Repository, World};
use serde_json::{Value, json};

/// The actions that CodeCommit takes ("AWS KMS and encryption for AWS CodeCommit repositories").
const ACTIONS: [&str; 7] = [
    "kms:Encrypt",
    "kms:Decrypt",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:DescribeKey",
];

/// The AWS managed key of an account and region where the world names none.
const MANAGED: &str = "1234abcd-12ab-34cd-56ef-1234567890ab";

fn arn(region: &str, account: &str, id: &str) -> String {
    format!("arn:aws:kms:{region}:{account}:key/{id}")
}

fn managed(world: &World, account: &str, region: &str) -> Key {
    let named = world.keys.iter().find(|key| key.aws_managed && key.account == account && key.region == region);
    named.cloned().unwrap_or_else(|| Key {
        id: MANAGED.to_owned(),
        account: account.to_owned(),
        region: region.to_owned(),
        aws_managed: true,
        state: "Enabled".to_owned(),
        accounts: Vec::new(),
    })
}

impl Key {
    /// Whether the key's own policy lets an account in.
    fn admits(&self, account: &str) -> bool {
        self.accounts.iter().any(|one| one == account) || self.accounts.is_empty() && self.account == account
    }
}

/// A key by its id in an account, or by its ARN in whichever account that names.
fn find(world: &World, account: &str, region: &str, id: &str) -> Option<Key> {
    let account = if id.starts_with("arn:") { id.split(':').nth(4).unwrap_or(account) } else { account };
    let id = id.rsplit('/').next().unwrap_or(id);
    let known = world.keys.iter().find(|key| key.id == id && key.account == account && key.region == region).cloned();
    known.or_else(|| Some(managed(world, account, region)).filter(|key| key.id == id))
}

pub(crate) fn answer(
    operation: &str,
    body: &Value,
    caller: &Caller,
    region: &str,
    world: &World,
) -> Result<Value, Refusal> {
    let denied = |text: String| Refusal::new(400, "AccessDeniedException", text);
    if operation == "ListAliases" {
        caller.may(world, "kms:ListAliases", "*").map_err(denied)?;
        let key = managed(world, &caller.account, region).id;
        return Ok(json!({"Aliases": [
            {"AliasName": "alias/aws/s3"},
            {"AliasName": "alias/aws/codecommit", "TargetKeyId": key},
        ], "Truncated": false}));
    }
    let id = body["KeyId"].as_str().or_else(|| body["SourceKeyId"].as_str()).unwrap_or_default();
    assert!(!id.starts_with("alias/"), "an alias must never be used: KMS might create the key");
    let Some(key) = find(world, &caller.account, region, id) else {
        return Err(Refusal::new(
            400,
            "NotFoundException",
            format!("Key '{}' does not exist", arn(region, &caller.account, id)),
        ));
    };
    let resource = arn(&key.region, &key.account, &key.id);
    let action = if operation == "ReEncrypt" { "kms:ReEncryptFrom".to_owned() } else { format!("kms:{operation}") };
    if operation == "DescribeKey" {
        caller.may(world, &action, &resource).map_err(denied)?;
        if !key.admits(&caller.account) && !key.aws_managed {
            return Err(denied(caller.refused(&Decision::default(), &action, &resource, "resource-based policy")));
        }
        let manager = if key.aws_managed { "AWS" } else { "CUSTOMER" };
        return Ok(json!({"KeyMetadata": {
            "KeyId": key.id, "Arn": resource, "KeyState": key.state, "KeyManager": manager, "Enabled": key.state == "Enabled",
        }}));
    }
    assert!(body["DryRun"] == true, "{operation}: only dry runs may be asked for");
    let decision = caller.decide(world, &action, &resource, &[]);
    if decision.denied || key.aws_managed {
        // The AWS managed key's own policy lets nobody in directly.
        return Err(denied(caller.refused(&decision, &action, &resource, "resource-based policy")));
    }
    if !decision.allowed {
        return Err(denied(caller.refused(&decision, &action, &resource, decision.by.name())));
    }
    if !key.admits(&caller.account) {
        return Err(denied(caller.refused(&Decision::default(), &action, &resource, "resource-based policy")));
    }
    match key.state.as_str() {
        "Enabled" => Err(Refusal::new(
            400,
            "DryRunOperationException",
            "The request would have succeeded, but the DryRun option is set.",
        )),
        "Disabled" => Err(Refusal::new(400, "DisabledException", format!("{resource} is disabled."))),
        state => Err(Refusal::new(400, "KMSInvalidStateException", format!("{resource} is {state}."))),
    }
}

/// Whether CodeCommit can use a repository's key for a caller; else CodeCommit's own error.
pub(crate) fn through_codecommit(caller: &Caller, repository: &Repository, world: &World) -> Result<(), Refusal> {
    let (account, region) = (&repository.account, &repository.region);
    let key = match &repository.key {
        None => managed(world, account, region),
        Some(id) => find(world, account, region, id)
            .ok_or_else(|| Refusal::new(400, "EncryptionKeyNotFoundException", "No encryption key was found."))?,
    };
    let context = [
        ("kms:ViaService".to_owned(), format!("codecommit.{region}.amazonaws.com")),
        ("kms:CallerAccount".to_owned(), account.clone()),
        ("aws:RequestedRegion".to_owned(), region.clone()),
        ("aws:ViaAWSService".to_owned(), "true".to_owned()),
    ];
    let resource = arn(region, &key.account, &key.id);
    for action in ACTIONS {
        let decision = caller.decide(world, action, &resource, &context);
        if decision.denied
            || decision.organization_allows == Some(false)
            || !(key.aws_managed || decision.allowed && key.admits(&caller.account))
        {
            return Err(Refusal::new(
                400,
                "EncryptionKeyAccessDeniedException",
                "An encryption key could not be accessed.",
            ));
        }
    }
    match key.state.as_str() {
        "Enabled" => Ok(()),
        "Disabled" | "PendingDeletion" => {
            Err(Refusal::new(400, "EncryptionKeyDisabledException", "The encryption key is disabled."))
        }
        _ => Err(Refusal::new(400, "EncryptionKeyUnavailableException", "The encryption key is not available.")),
    }
}
