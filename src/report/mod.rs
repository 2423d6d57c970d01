//! Tells what was found. Every format is a pure function of the finished [`document`].

pub mod assemble;
pub mod catalogue;
pub mod document;
pub mod human;
pub mod json;
pub mod needed;
pub mod style;
