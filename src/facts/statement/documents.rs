//! The texts of policies, fetched from IAM.

use aws_sdk_iam::Client;
use futures_util::future::join_all;

/// How many policies of each kind are read: the most managed ones that IAM lets a principal have ("IAM and AWS STS quotas").
/// Of a principal with more inline ones not all is known, and so nothing is.
const MOST: usize = 20;

fn owner(principal: &str) -> &str {
    principal.rsplit('/').next().unwrap_or(principal)
}

fn is_role(principal: &str) -> bool {
    principal.contains(":role/")
}

/// The texts of all policies of a principal and its groups; nothing where one may not be read, for it may be the one that decides.
pub(super) async fn all(iam: &Client, principal: &str) -> Option<Vec<String>> {
    let owner = owner(principal);
    let (inline, attached, of_groups) =
        tokio::join!(inline_names(iam, principal), attached(iam, principal), of_groups(iam, principal));
    let (inline, attached) = (inline.filter(|names| names.len() <= MOST)?, attached?);
    let own = join_all(inline.iter().map(|name| inline_document(iam, principal, owner, name))).await;
    let managed = join_all(attached.iter().map(|(_, arn)| managed_document(iam, arn))).await;
    own.into_iter().chain(managed).chain(of_groups?).collect()
}

/// A policy's text. IAM calls an inline policy `user_ann_NoPull`: the type, the owner, the name; and a managed one by its name.
pub(super) async fn of(iam: &Client, principal: &str, policy: &str) -> Option<String> {
    let owner = owner(principal);
    let kind = if is_role(principal) { "role" } else { "user" };
    if let Some(name) = policy.strip_prefix(&format!("{kind}_{owner}_")) {
        return inline_document(iam, principal, owner, name).await;
    }
    if let Some(rest) = policy.strip_prefix("group_") {
        // Both names may hold the sign that stands between them.
        let cuts = rest.match_indices('_').map(|(at, _)| rest.split_at(at)).take(MOST);
        let tries = cuts.map(|(group, name)| async move {
            let answer = iam.get_group_policy().group_name(group).policy_name(&name[1..]).send().await.ok()?;
            decoded(answer.policy_document())
        });
        return join_all(tries).await.into_iter().flatten().next();
    }
    let arn = if policy.starts_with("arn:") {
        policy.to_owned()
    } else {
        let attached = attached(iam, principal).await.unwrap_or_default();
        let found = attached.into_iter().find(|(name, _)| name == policy).map(|(_, arn)| arn);
        // A group's, or one that may not be listed: most have no path.
        let mut parts = principal.split(':');
        let (partition, account) = (parts.nth(1)?, parts.nth(2)?);
        found.unwrap_or_else(|| format!("arn:{partition}:iam::{account}:policy/{policy}"))
    };
    managed_document(iam, &arn).await
}

async fn inline_names(iam: &Client, principal: &str) -> Option<Vec<String>> {
    let owner = owner(principal);
    if is_role(principal) {
        return Some(iam.list_role_policies().role_name(owner).send().await.ok()?.policy_names().to_vec());
    }
    Some(iam.list_user_policies().user_name(owner).send().await.ok()?.policy_names().to_vec())
}

/// The attached policies: their names and ARNs.
async fn attached(iam: &Client, principal: &str) -> Option<Vec<(String, String)>> {
    let owner = owner(principal);
    let all = if is_role(principal) {
        iam.list_attached_role_policies().role_name(owner).send().await.ok()?.attached_policies().to_vec()
    } else {
        iam.list_attached_user_policies().user_name(owner).send().await.ok()?.attached_policies().to_vec()
    };
    let named = all.iter().filter_map(|one| Some((one.policy_name()?.to_owned(), one.policy_arn()?.to_owned())));
    Some(named.take(MOST).collect())
}

/// The texts of the policies of a user's groups; `None` in the list for one that could not be read.
async fn of_groups(iam: &Client, principal: &str) -> Option<Vec<Option<String>>> {
    if is_role(principal) {
        return Some(Vec::new());
    }
    let groups = iam.list_groups_for_user().user_name(owner(principal)).send().await.ok()?;
    let groups: Vec<String> = groups.groups().iter().take(MOST).map(|group| group.group_name().to_owned()).collect();
    let of_each = groups.iter().map(|group| async move {
        let inline = iam.list_group_policies().group_name(group).send().await.ok()?;
        let attached = iam.list_attached_group_policies().group_name(group).send().await.ok()?;
        let names = Some(inline.policy_names()).filter(|names| names.len() <= MOST)?;
        let own = names.iter().map(|name| async move {
            let answer = iam.get_group_policy().group_name(group).policy_name(name).send().await.ok()?;
            decoded(answer.policy_document())
        });
        let arns = attached.attached_policies().iter().take(MOST).filter_map(|one| one.policy_arn());
        let managed = arns.map(|arn| managed_document(iam, arn));
        let (own, managed) = tokio::join!(join_all(own), join_all(managed));
        Some(own.into_iter().chain(managed).collect::<Vec<_>>())
    });
    let all: Option<Vec<Vec<Option<String>>>> = join_all(of_each).await.into_iter().collect();
    Some(all?.into_iter().flatten().collect())
}

async fn inline_document(iam: &Client, principal: &str, owner: &str, name: &str) -> Option<String> {
    if is_role(principal) {
        let answer = iam.get_role_policy().role_name(owner).policy_name(name).send().await.ok()?;
        return decoded(answer.policy_document());
    }
    let answer = iam.get_user_policy().user_name(owner).policy_name(name).send().await.ok()?;
    decoded(answer.policy_document())
}

async fn managed_document(iam: &Client, arn: &str) -> Option<String> {
    let answer = iam.get_policy().policy_arn(arn).send().await.ok()?;
    let version = answer.policy()?.default_version_id()?;
    let answer = iam.get_policy_version().policy_arn(arn).version_id(version).send().await.ok()?;
    decoded(answer.policy_version()?.document()?)
}

/// IAM gives texts with percent signs (RFC 3986).
fn decoded(text: &str) -> Option<String> {
    Some(percent_encoding::percent_decode_str(text).decode_utf8().ok()?.into_owned())
}
