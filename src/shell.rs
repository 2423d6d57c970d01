//! Argument lists as lines that a person can paste: POSIX shells, and PowerShell on Windows.

use crate::machine::Os;

/// The line that runs this argument list in the person's shell.
#[must_use]
pub fn line(argv: &[String], os: Os) -> String {
    let quote = if os == Os::Windows { powershell } else { posix };
    argv.iter().map(|word| quote(word)).collect::<Vec<_>>().join(" ")
}

/// The line that gives these lines to the program on its standard input.
#[must_use]
pub fn feed(lines: &[String], argv: &[String], os: Os) -> String {
    let command = line(argv, os);
    let words: Vec<String> =
        lines.iter().map(|text| if os == Os::Windows { powershell(text) } else { posix(text) }).collect();
    match os {
        Os::Windows => format!("{} | {command}", words.join(", ")),
        Os::Linux | Os::MacOs => format!("printf '%s\\n' {} | {command}", words.join(" ")),
    }
}

/// One word for a POSIX shell. A leading `~/` stays outside the quotes, so that the shell expands it.
fn posix(word: &str) -> String {
    if let Some(rest) = word.strip_prefix("~/") {
        return format!("~/{}", posix(rest));
    }
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// One word for PowerShell: single quotes, doubled inside. A double quote needs a backslash for the program's own parser.
fn powershell(word: &str) -> String {
    if let Some(rest) = word.strip_prefix("~/") {
        return format!("\"$HOME/{}\"", rest.replace('`', "``").replace('"', "`\"").replace('$', "`$"));
    }
    if !word.is_empty() && word.chars().all(|character| is_plain(character) && !",%+=".contains(character)) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "''").replace('"', "\\\""))
}

/// Whether a character means itself, unquoted, to every shell.
fn is_plain(character: char) -> bool {
    character.is_ascii_alphanumeric() || "-_./:=+,%".contains(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn argv(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn posix_lines_are_read_back_as_they_were() {
        let words = argv(&[
            "git",
            "config",
            "",
            "credential.https://git-codecommit.*.amazonaws.com.helper",
            "!aws it's \"$@\" `x` \\",
            "*?[]{}!#;&|<>",
        ]);
        assert_eq!(shlex::split(&line(&words, Os::Linux)), Some(words));
    }

    #[test]
    fn a_home_folder_is_left_to_the_shell() {
        let words = argv(&["git", "config", "--file", "~/my files/.gitconfig"]);
        assert_eq!(line(&words, Os::Linux), "git config --file ~/'my files/.gitconfig'");
        assert_eq!(line(&words, Os::Windows), "git config --file \"$HOME/my files/.gitconfig\"");
    }

    #[test]
    fn powershell_quotes_are_doubled() {
        assert_eq!(line(&argv(&["git", "it's $HOME"]), Os::Windows), "git 'it''s $HOME'");
    }
}
