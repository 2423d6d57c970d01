//! `credential_process` of a profile: run as every other program is, bounded and without a terminal, and twice, because
//! botocore asks it more than once for one signature.
//!
//! Source: "Sourcing credentials with an external process in the AWS CLI" (AWS CLI user guide).

use super::caches::moment;
use crate::machine::{Ended, Invocation, Machine, Os};
use aws_credential_types::Credentials;

/// What is said of a program that is not done when the doctor has waited long enough.
pub(super) const SLOW: &str = "gives no answer in time";

/// What a program gave.
#[derive(Debug)]
pub(super) struct Given {
    pub(super) keys: Credentials,
    /// Whether it gave another access key when it was asked again.
    pub(super) unstable: bool,
}

/// Runs the command and reads the credentials that it prints. What else it prints is never told: it may be anything.
///
/// # Errors
/// What the program did instead, as the rest of a sentence.
pub(super) async fn run(machine: &Machine, command: &str) -> Result<Given, String> {
    let words = split(machine.os(), command).filter(|words| !words.is_empty()).ok_or("is no command")?;
    let program = machine.which(&words[0]).ok_or("names a program that cannot be found")?;
    let once = || async {
        let output =
            machine.run(Invocation::new(&program, &words[1..])).await.map_err(|_| "cannot be run".to_owned())?;
        match output.ended {
            Ended::Code(0) => read(machine, &output.stdout),
            Ended::Code(code) => Err(format!("ends with status {code}")),
            Ended::Signal => Err("is killed".to_owned()),
            Ended::TimedOut => Err(SLOW.to_owned()),
        }
    };
    let keys = once().await?;
    let again = once().await;
    let unstable = again.is_ok_and(|again| again.access_key_id() != keys.access_key_id());
    Ok(Given { keys, unstable })
}

/// A command's words. Windows' own rules know no backslash but before a quote
/// ("Parsing C++ command-line arguments", Microsoft C++ documentation).
fn split(os: Os, command: &str) -> Option<Vec<String>> {
    if os != Os::Windows {
        return shlex::split(command);
    }
    let (mut words, mut word, mut quoted, mut begun) = (Vec::new(), String::new(), false, false);
    for character in command.chars() {
        match character {
            '"' => {
                quoted = !quoted;
                begun = true;
            }
            ' ' | '\t' if !quoted => {
                if begun {
                    words.push(std::mem::take(&mut word));
                }
                begun = false;
            }
            other => {
                word.push(other);
                begun = true;
            }
        }
    }
    if begun {
        words.push(word);
    }
    (!quoted).then_some(words)
}

/// Reads what was printed as botocore does.
fn read(machine: &Machine, json: &[u8]) -> Result<Credentials, String> {
    let answer: serde_json::Value = serde_json::from_slice(json).map_err(|_| "prints no JSON")?;
    let text = |name: &str| answer.get(name).and_then(|value| value.as_str()).map(str::to_owned);
    let (id, secret, token) = (text("AccessKeyId"), text("SecretAccessKey"), text("SessionToken"));
    for secret in [&secret, &token].into_iter().flatten() {
        machine.secrets().learn(secret);
    }
    if answer["Version"] != 1 {
        return Err("prints JSON without \"Version\": 1".to_owned());
    }
    let id = id.ok_or("prints JSON without AccessKeyId")?;
    let secret = secret.ok_or("prints JSON without SecretAccessKey")?;
    let expiry = text("Expiration").as_deref().and_then(moment);
    Ok(Credentials::new(id, secret, token, expiry, "credential_process"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine() -> Machine {
        Machine::new(Os::Linux, [("PATH".into(), "/usr/bin:/bin".into())], "/".into())
    }

    #[tokio::test]
    async fn credentials_are_read_and_secrets_learnt() {
        let json = r#"{"Version": 1, "AccessKeyId": "AKIAIOSFODNN7EXAMPLE", "SecretAccessKey": "wJalrXUtnFEMI", "Expiration": "2099-01-01T00:00:00Z"}"#;
        let machine = machine();
        let given = run(&machine, &format!("printf '%s' '{json}'")).await.unwrap();
        assert_eq!(given.keys.access_key_id(), "AKIAIOSFODNN7EXAMPLE");
        assert!(given.keys.expiry().is_some() && !given.unstable);
        assert_eq!(machine.secrets().scrub("wJalrXUtnFEMI"), "***");
    }

    #[test]
    fn a_path_of_windows_stays_one() {
        let words = split(Os::Windows, r#""C:\Program Files\corp\login.exe" --profile dev"#).unwrap();
        assert_eq!(words, [r"C:\Program Files\corp\login.exe", "--profile", "dev"]);
    }

    #[tokio::test]
    async fn another_key_each_time_is_noticed() {
        let script =
            r#"sh -c 'printf "{\"Version\": 1, \"AccessKeyId\": \"AKIA$$\", \"SecretAccessKey\": \"wJalrXUtnFEMI\"}"'"#;
        assert!(run(&machine(), script).await.unwrap().unstable);
    }

    #[tokio::test]
    async fn what_is_not_as_it_must_be_is_said_and_nothing_else_is() {
        for (command, why) in [
            ("sh -c 'echo s3cret >&2; exit 3'", "ends with status 3"),
            ("printf s3cret", "prints no JSON"),
            (r#"printf '{"AccessKeyId": "s3cret"}'"#, "prints JSON without \"Version\": 1"),
            (r#"printf '{"Version": 1, "AccessKeyId": "s3cret"}'"#, "prints JSON without SecretAccessKey"),
            ("no-such-program s3cret", "names a program that cannot be found"),
            ("'s3cret", "is no command"),
            ("", "is no command"),
        ] {
            assert_eq!(run(&machine(), command).await.unwrap_err(), why, "{command}");
        }
    }
}
