//! Changes of environment variables, in the person's shell.

use crate::finding::Fix;
use crate::machine::Os;

/// Takes variables out of the environment.
#[must_use]
pub fn unset(os: Os, names: &[&str]) -> Fix {
    let fix = Fix::manual(format!("Take {} out of the environment", names.join(", ")));
    match os {
        Os::Windows => names.iter().fold(fix, |fix, name| fix.run(["Remove-Item".to_owned(), format!("Env:{name}")])),
        Os::Linux | Os::MacOs => fix.run(std::iter::once("unset").chain(names.iter().copied())),
    }
}

/// Sets a variable.
#[must_use]
pub fn set(os: Os, title: &str, name: &str, value: &str) -> Fix {
    let fix = Fix::manual(title);
    match os {
        Os::Windows => fix.run(["Set-Item", &format!("Env:{name}"), value]),
        Os::Linux | Os::MacOs => fix.run(["export", &format!("{name}={value}")]),
    }
}
