//! What is: typed observations of the machine. A fact never contains a secret; secrets are reduced to their shape at birth.

mod gather;
#[cfg(test)]
mod healthy;

pub mod access;
pub mod answers;
pub mod api;
pub mod caller;
pub mod chosen;
pub mod credentials;
pub mod endpoint;
pub mod git;
pub mod git_config;
mod git_settings;
pub mod helpers;
pub mod kms;
pub mod method;
pub mod offered;
mod principal;
pub mod profiles;
mod proxy;
pub mod pull;
pub mod repository;
mod ssh_route;
pub mod stores;
pub mod target;
pub mod trust;
mod way;

pub use gather::{Facts, Request};
