//! What is checked, in causal order: an earlier check explains a later one.
//!
//! A new check over facts that exist is one `.rs` file, one `.md` file and two lines here; the tests below say so when one
//! is forgotten. A check's title is true when it passes. A message is one sentence, names the thing and blames nobody.

mod api_endpoints;
mod aws_credentials;
mod aws_identity;
mod clock;
mod clone_url;
mod credential_helper;
mod endpoint;
mod git_access;
mod git_config;
mod git_credentials;
mod git_remote_codecommit;
mod git_version;
mod keychain;
mod kms_access;
mod offered_credential;
mod permissions;
mod repository;
mod ssh_config;
mod ssh_host_key;
mod ssh_key;
mod working_tree;

use crate::check::Check;

/// Every check.
pub static ALL: &[&Check] = &[
    &git_version::CHECK,
    &git_config::CHECK,
    &clone_url::CHECK,
    &endpoint::CHECK,
    &api_endpoints::CHECK,
    &clock::CHECK,
    &credential_helper::CHECK,
    &keychain::CHECK,
    &offered_credential::CHECK,
    &aws_credentials::CHECK,
    &aws_identity::CHECK,
    &git_credentials::CHECK,
    &repository::CHECK,
    &permissions::CHECK,
    &kms_access::CHECK,
    &git_remote_codecommit::CHECK,
    &ssh_config::CHECK,
    &ssh_host_key::CHECK,
    &ssh_key::CHECK,
    &working_tree::CHECK,
    &git_access::CHECK,
];

#[cfg(test)]
mod guards;
