//! What each helper of the chain answers, asked of git itself and reduced to a shape at once.

use super::git_config::Entry;
use super::helpers::{HelperChain, asks_helpers};
use super::{Facts, git_settings};
use crate::check::Gap;
use crate::machine::{Ended, Invocation, Machine};
use crate::redact::{Secret, redact, redact_mixed};
use crate::shape::Shape;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::time::SystemTime;

/// The answers of a chain's helpers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Answers {
    /// In the order of the chain.
    pub each: Vec<Answer>,
    /// The user name and password that the first of them gave, for asking CodeCommit in Git's place; never told.
    #[serde(skip)]
    pub given: Option<(Secret, Secret)>,
}

/// What one helper did when it was asked for the credential.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// It knows of none.
    None,
    /// It gave a user name and a password of this shape.
    Credential(Shape),
    /// It complained; its own words, without secrets.
    Failed(String),
    /// It told git to ask nobody else, and git stops.
    Quit,
    /// It was not asked; why.
    NotAsked(String),
}

/// What is said of a helper that is not done when the doctor has waited long enough; Git waits on.
pub const SLOW: &str = "it takes longer than the doctor waits";

/// The longest complaint that is kept.
const LONGEST: usize = 2048;

/// Asks the helpers one after the other until one answers, as git does. Nothing is stored or erased: `fill` only asks.
///
/// # Errors
/// A gap when there is no chain to ask.
pub async fn observe(facts: &Facts) -> Result<Answers, Gap> {
    asks_helpers(facts).await?;
    let chain = facts.helpers().await?;
    let not_asked = |why: &str| {
        let each = chain.helpers.iter().map(|_| Answer::NotAsked(why.to_owned())).collect();
        Ok(Answers { each, given: None })
    };
    if facts.request.offline {
        return not_asked("offline");
    }
    let git = facts.git().await?;
    let Some(program) = facts.machine.which("git").filter(|_| git.runs()) else {
        return not_asked("git cannot be run");
    };
    if !git.at_least(2, 31) {
        return not_asked("this git cannot ask one helper alone");
    }
    let target = facts.target().await?;
    let user = target.effective.as_ref().and_then(|url| url.userinfo.as_ref()).map(|info| info.name.clone());
    if user.as_ref().is_some_and(|user| user.expose().chars().any(char::is_control)) {
        return not_asked("git refuses the user name in the URL");
    }
    let mut answers = Answers::default();
    for helper in &chain.helpers {
        let answer = if answers.given.is_some() {
            Answer::NotAsked("a helper before it has answered".to_owned())
        } else if answers.each.contains(&Answer::Quit) {
            Answer::NotAsked("a helper before it told Git to stop".to_owned())
        } else {
            let (answer, given) = ask(&facts.machine, &program, chain, &helper.entry, user.as_ref()).await;
            answers.given = given;
            answer
        };
        // What the AWS CLI says is known to hold no secret; what another program says is not.
        let answer = match answer {
            Answer::Failed(said) if helper.aws().is_none() => Answer::Failed(redact_mixed(&said)),
            // What a profile's program said may be anything.
            Answer::Failed(said) => Answer::Failed(without_words_of_programs(&said)),
            answer => answer,
        };
        answers.each.push(answer);
    }
    Ok(answers)
}

/// The AWS CLI's complaint without what a `credential_process` printed.
fn without_words_of_programs(said: &str) -> String {
    const MARK: &str = "credentials from custom-process:";
    said.split_once(MARK).map_or_else(|| said.to_owned(), |(before, _)| format!("{before}{MARK} ..."))
}

/// Asks one helper, with git's list of helpers replaced by it. The configuration travels in the environment, because a
/// helper's text can hold a secret and arguments are visible to everybody.
async fn ask(
    machine: &Machine,
    git: &Path,
    chain: &HelperChain,
    helper: &Entry,
    user: Option<&Secret>,
) -> (Answer, Option<(Secret, Secret)>) {
    let value = helper.exact();
    let use_http_path = if chain.uses_http_path() { "true" } else { "false" };
    let section = format!("credential.{}.useHttpPath", chain.url);
    let config = [
        ("credential.helper", ""),
        ("credential.helper", value),
        ("credential.useHttpPath", use_http_path),
        (&section, use_http_path),
    ];
    let asking = git_settings::with(machine, Invocation::new(git, ["credential", "fill"]), &config);
    // Without a repository's name the AWS helper has nothing to sign; any name shows whether it works.
    let bare = chain.url.strip_prefix("https://").is_some_and(|rest| rest.find('/') == Some(rest.len() - 1));
    let any = if bare { "v1/repos/any" } else { "" };
    let mut input = format!("url={}{any}\n", chain.url);
    if let Some(user) = user {
        input = format!("{input}username={}\n", user.expose());
    }
    let answer = match machine.run(asking.stdin(format!("{input}\n"))).await {
        Ok(output) if output.ended == Ended::TimedOut => Answer::NotAsked(SLOW.to_owned()),
        Ok(output) if output.success() => return read_answer(machine, &output.stdout_text()),
        Ok(output) => {
            complaint(&machine.secrets().scrub(&output.stderr_text().chars().take(LONGEST).collect::<String>()))
        }
        Err(error) => Answer::NotAsked(error.to_string()),
    };
    (answer, None)
}

fn read_answer(machine: &Machine, text: &str) -> (Answer, Option<(Secret, Secret)>) {
    let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
    let (user, password) = (field("username").unwrap_or_default(), field("password").unwrap_or_default());
    machine.secrets().learn(password);
    if let Some((_, token)) = user.split_once('%') {
        machine.secrets().learn(token);
    }
    let shape = Shape::of(user, Some(password), SystemTime::now());
    (Answer::Credential(shape), Some((Secret::new(user), Secret::new(password))))
}

/// What git and Git Credential Manager say when they would have asked the person: nothing is wrong.
const WOULD_ASK: &[&str] = &[
    "fatal: could not read ",
    "fatal: unable to get password",
    "fatal: Cannot prompt because user interactivity has been disabled",
    "fatal: Cannot prompt because terminal prompts have been disabled",
];

/// What is left of standard error without the last words of those who may not ask.
fn complaint(stderr: &str) -> Answer {
    if stderr.contains("told us to quit") {
        return Answer::Quit;
    }
    let words: Vec<&str> = stderr
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !WOULD_ASK.iter().any(|words| line.starts_with(words)))
        .collect();
    if words.is_empty() { Answer::None } else { Answer::Failed(redact(&words.join("\n"))) }
}

impl std::ops::Deref for Answers {
    type Target = [Answer];

    fn deref(&self) -> &[Answer] {
        &self.each
    }
}

impl Answer {
    /// The shape of the credential, if there was one.
    #[must_use]
    pub fn shape(&self) -> Option<&Shape> {
        match self {
            Self::Credential(shape) => Some(shape),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_s_own_words_are_not_told() {
        let said = "Error when retrieving credentials from custom-process: password hunter2\nmore";
        let told = "Error when retrieving credentials from custom-process: ...";
        assert_eq!(without_words_of_programs(said), told);
    }

    #[test]
    fn git_s_last_word_is_not_the_helper_s_complaint() {
        let prompt = "fatal: could not read Username for 'https://h': terminal prompts disabled";
        assert_eq!(complaint(prompt), Answer::None);
        assert_eq!(complaint(&format!("\n'path'\n{prompt}")), Answer::Failed("'path'".into()));
        assert_eq!(complaint("fatal: credential helper 'corp' told us to quit"), Answer::Quit);
    }
}
