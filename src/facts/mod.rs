//! What is: typed observations of the machine. A fact never contains a secret; secrets are reduced to their shape at birth.

mod gather;
#[cfg(test)]
pub(crate) mod healthy;

pub mod access;
pub mod answers;
pub mod api;
pub mod caller;
pub mod choice;
pub mod chosen;
pub mod credentials;
pub mod denial;
pub mod elsewhere;
pub mod endpoint;
pub mod git;
pub mod git_config;
pub mod git_credentials;
mod git_settings;
pub mod grc;
pub mod helpers;
pub mod kms;
pub mod method;
pub mod modules;
pub mod offered;
pub mod permissions;
pub mod principal;
pub mod profiles;
mod proxy;
pub mod repository;
pub mod services;
pub mod simulation;
pub mod ssh;
mod statement;
pub mod stores;
pub mod target;
pub mod transports;
pub mod trust;
mod way;
pub mod working_tree;

pub use gather::{Facts, Request};
