//! The credential that Git would send: the one in the URL, or the first that a helper gives.

use super::{Facts, answers::Answer};
use crate::check::Gap;
use crate::machine::Machine;
use crate::redact::Secret;
use crate::shape::{Kind, Shape};
use serde::{Deserialize, Serialize};

/// What Git has to offer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Offered {
    /// This credential.
    Credential(Given),
    /// None; Git would ask the person.
    Nothing(Prompt),
}

impl Offered {
    /// The credential's shape, if there is one.
    #[must_use]
    pub fn shape(&self) -> Option<&Shape> {
        match self {
            Self::Credential(given) => Some(&given.shape),
            Self::Nothing(_) => None,
        }
    }
}

/// A credential, and who gives it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Given {
    /// Who.
    pub by: Giver,
    /// What it is.
    pub shape: Shape,
    /// The user name and password, for asking CodeCommit in Git's place; never told.
    #[serde(skip)]
    pub pair: (Secret, Secret),
}

/// Who gives Git a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Giver {
    /// The clone URL itself.
    Url,
    /// The helper at this place of the chain.
    Helper(usize),
}

/// Whom Git can ask when it has no credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Prompt {
    /// Nobody: prompts are switched off, or nobody sits there.
    Nobody(String),
    /// The person at the terminal.
    Person,
    /// A program that asks the person, or knows the answer.
    Program(String),
}

/// Observes what Git would send.
///
/// # Errors
/// A gap when Git asks nobody for a credential, or the helpers could not be asked.
pub async fn observe(facts: &Facts) -> Result<Offered, Gap> {
    let target = facts.target().await?;
    let url = target.effective.as_ref().ok_or_else(|| Gap::not_applicable("there is no clone URL and no region"))?;
    if let Some(info) = url.userinfo.as_ref().filter(|info| info.has_password && !info.password.expose().is_empty()) {
        let pair = (info.name.clone(), info.password.clone());
        return Ok(Offered::Credential(Given { by: Giver::Url, shape: info.shape.clone(), pair }));
    }
    let answers = facts.answers().await?;
    let first = answers.iter().enumerate().find_map(|(at, answer)| Some((at, answer.shape()?)));
    if let Some(((at, shape), pair)) = first.zip(answers.given.clone()) {
        return Ok(Offered::Credential(Given { by: Giver::Helper(at), shape: shape.clone(), pair }));
    }
    if let Some(info) = url.userinfo.as_ref().filter(|info| info.shape.kind == Kind::EmptyPassword) {
        let pair = (info.name.clone(), Secret::default());
        return Ok(Offered::Credential(Given { by: Giver::Url, shape: info.shape.clone(), pair }));
    }
    if answers.contains(&Answer::Quit) {
        return Err(Gap::blocked("credential-helper", "a helper tells Git to stop"));
    }
    // Without a network nobody is asked, and nothing is needed.
    facts.online()?;
    if let Some(Answer::NotAsked(why)) = answers.iter().find(|answer| matches!(answer, Answer::NotAsked(_))) {
        return Err(Gap::unknown(format!("what Git would send: {why}")));
    }
    let askpass = match facts.git_config().await {
        Ok(config) => config.last("core.askpass").map(|entry| entry.text().to_owned()),
        Err(_) => None,
    };
    let manager = facts.helpers().await?.helpers.iter().find(|helper| helper.asks_by_itself());
    let program = manager.map(|helper| helper.entry.text().to_owned());
    Ok(Offered::Nothing(program.map_or_else(|| prompt(&facts.machine, askpass), Prompt::Program)))
}

/// Whom git asks (gitcredentials(7), "Requesting credentials").
fn prompt(machine: &Machine, askpass: Option<String>) -> Prompt {
    let program = machine.var_set("GIT_ASKPASS").or(askpass).or_else(|| machine.var_set("SSH_ASKPASS"));
    if let Some(program) = program.filter(|program| !program.is_empty()) {
        return Prompt::Program(program);
    }
    let off = |value: &str| matches!(value.to_ascii_lowercase().as_str(), "0" | "false" | "no" | "off");
    if let Some(value) = machine.var_set("GIT_TERMINAL_PROMPT").filter(|value| off(value)) {
        return Prompt::Nobody(format!("GIT_TERMINAL_PROMPT is {value}"));
    }
    if machine.is_ci() {
        return Prompt::Nobody("this is a CI job".to_owned());
    }
    if !machine.has_terminal() {
        return Prompt::Nobody("there is no terminal".to_owned());
    }
    Prompt::Person
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::Os;

    #[test]
    fn whom_git_asks() {
        let of = |env: &[(&str, &str)]| {
            let env = env.iter().map(|(name, value)| ((*name).into(), (*value).into()));
            prompt(&Machine::new(Os::Linux, env, "/".into()), None)
        };
        assert_eq!(of(&[]), Prompt::Person);
        assert!(matches!(of(&[("CI", "true")]), Prompt::Nobody(_)));
        assert!(matches!(of(&[("GIT_TERMINAL_PROMPT", "0")]), Prompt::Nobody(_)));
        assert_eq!(of(&[("GIT_TERMINAL_PROMPT", "1")]), Prompt::Person);
        assert_eq!(of(&[("CI", "true"), ("GIT_ASKPASS", "/bin/token")]), Prompt::Program("/bin/token".into()));
    }
}
