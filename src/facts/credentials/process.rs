//! `credential_process` of a profile: run as every other program is, bounded and without a terminal.
//!
//! Source: "Sourcing credentials with an external process in the AWS CLI" (AWS CLI user guide).

use crate::machine::{Ended, Invocation, Machine};
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use std::time::SystemTime;

/// Runs the command and reads the credentials that it prints. What else it prints is never told: it may be anything.
pub(super) async fn run(machine: &Machine, command: &str) -> Result<Credentials, CredentialsError> {
    let failed = |why: &str| CredentialsError::provider_error(format!("its credential_process {why}"));
    let words = shlex::split(command).filter(|words| !words.is_empty()).ok_or_else(|| failed("is no command"))?;
    let program = machine.which(&words[0]).ok_or_else(|| failed("names a program that cannot be found"))?;
    let output = machine.run(Invocation::new(program, &words[1..])).await.map_err(|_| failed("cannot be run"))?;
    match output.ended {
        Ended::Code(0) => read(machine, &output.stdout).ok_or_else(|| failed("prints no credentials")),
        Ended::Code(code) => Err(failed(&format!("ends with status {code}"))),
        Ended::Signal => Err(failed("is killed")),
        Ended::TimedOut => Err(failed("gives no answer in time")),
    }
}

fn read(machine: &Machine, json: &[u8]) -> Option<Credentials> {
    let answer: serde_json::Value = serde_json::from_slice(json).ok()?;
    let text = |name: &str| answer.get(name).and_then(|value| value.as_str()).map(str::to_owned);
    let (id, secret, token) = (text("AccessKeyId")?, text("SecretAccessKey")?, text("SessionToken"));
    machine.secrets().learn(&secret);
    machine.secrets().learn(token.as_deref().unwrap_or_default());
    let expiry = text("Expiration").and_then(|time| DateTime::from_str(&time, Format::DateTimeWithOffset).ok());
    let expiry = expiry.and_then(|time| SystemTime::try_from(time).ok());
    Some(Credentials::new(id, secret, token, expiry, "credential_process"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::Os;

    fn machine() -> Machine {
        Machine::new(Os::Linux, [("PATH".into(), "/usr/bin:/bin".into())], "/".into())
    }

    #[tokio::test]
    async fn credentials_are_read_and_secrets_learnt() {
        let json = r#"{"Version": 1, "AccessKeyId": "AKIAIOSFODNN7EXAMPLE", "SecretAccessKey": "wJalrXUtnFEMI", "Expiration": "2099-01-01T00:00:00Z"}"#;
        let machine = machine();
        let keys = run(&machine, &format!("printf '%s' '{json}'")).await.unwrap();
        assert_eq!(keys.access_key_id(), "AKIAIOSFODNN7EXAMPLE");
        assert!(keys.expiry().is_some());
        assert_eq!(machine.secrets().scrub("wJalrXUtnFEMI"), "***");
    }

    #[tokio::test]
    async fn what_else_it_prints_is_not_told() {
        for command in ["sh -c 'echo s3cret >&2; exit 3'", "printf s3cret", "no-such-program s3cret", "'s3cret", ""] {
            let error = run(&machine(), command).await.unwrap_err();
            let told = aws_smithy_types::error::display::DisplayErrorContext(error).to_string();
            assert!(!told.contains("s3cret"), "{told}");
        }
    }
}
