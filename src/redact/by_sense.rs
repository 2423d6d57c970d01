//! Secrets that a place alone does not tell: whether a word is one depends on the word.

use super::MASK;
use super::urls::is_name_of_aws;
use regex_lite::{Captures, Regex};
use std::sync::LazyLock;

/// Masks them all.
pub(super) fn mask(text: &str) -> String {
    mask_spoken(&mask_typed(&mask_user_tokens(text)))
}

/// What programs say of a password or a token, and is none.
const SAID: &str = "a an another being empty expired incorrect invalid missing needed no not now required the too used \
                    valid visible wrong";

/// Masks what a sentence says that a password is: `the password is ...`. `libsecret is ...` says nothing of the kind.
fn mask_spoken(text: &str) -> String {
    static SENTENCE: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r#"(?i)(\b(?:password|passwd|passphrase|secret|token)\s+is\s+)([^\s"';,&}]+)"#).ok()
    });
    let Some(sentence) = SENTENCE.as_ref() else { return text.to_owned() };
    let masked = sentence.replace_all(text, |found: &Captures<'_>| {
        let word = found[2].trim_end_matches(['.', ':', '!', ')']);
        let is_said = SAID.split(' ').any(|said| said == word);
        format!("{}{}", &found[1], if is_said { &found[2] } else { MASK })
    });
    masked.into_owned()
}

/// Masks what was typed behind a prompt of git's, and pasted with it. Git's own words about a prompt stay.
fn mask_typed(text: &str) -> String {
    static PROMPT: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"(?i)((?:could not read )?)((?:username|password|passphrase) for '[^'\r\n]*'\s?:[ \t]*)([^\r\n]+)")
            .ok()
    });
    let Some(prompt) = PROMPT.as_ref() else { return text.to_owned() };
    let masked = prompt.replace_all(text, |found: &Captures<'_>| {
        let typed = if found[1].is_empty() { MASK } else { &found[3] };
        format!("{}{}{typed}", &found[1], &found[2])
    });
    masked.into_owned()
}

/// Masks the user part of an https URL when it is long enough to be an access token and is no name that AWS gave.
fn mask_user_tokens(text: &str) -> String {
    static USER: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?i)\b(https?://)([^\s/@:]{8,})@").ok());
    let Some(user) = USER.as_ref() else { return text.to_owned() };
    let masked = user.replace_all(text, |found: &Captures<'_>| {
        let given = is_name_of_aws(&found[2]);
        format!("{}{}@", &found[1], if given { &found[2] } else { MASK })
    });
    masked.into_owned()
}
