//! Ways out that checks offer, as data: changes of git's configuration, and of what credential stores hold.

pub mod environment;
pub mod helper;
pub mod ssh;
pub mod store;
