//! Finds out why Git cannot reach an AWS CodeCommit repository, and says how to fix it.
//!
//! One way through the house: observe ([`facts`]), judge ([`checks`]), diagnose ([`diagnosis`]), tell ([`report`]).

pub mod check;
#[path = "../checks/mod.rs"]
pub mod checks;
pub mod cli;
pub mod diagnosis;
pub mod docs;
pub mod facts;
pub mod finding;
pub mod machine;
pub mod needs;
pub mod policy;
pub mod reading;
pub mod redact;
pub mod regions;
pub mod remedies;
pub mod report;
pub mod runner;
pub mod select;
pub mod shape;
pub mod shell;
pub mod symptoms;
pub mod target;
pub mod terminal;
pub mod urlmatch;
pub mod visit;
