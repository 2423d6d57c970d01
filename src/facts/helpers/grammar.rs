//! What the value of `credential.helper` means: a program of git's, a path, or a piece of shell.

use serde::{Deserialize, Serialize};

/// The helpers that the doctor knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HelperKind {
    /// `aws codecommit credential-helper`.
    Aws(AwsHelper),
    /// The macOS Keychain.
    OsxKeychain,
    /// Git Credential Manager, under any of its names.
    Manager,
    /// Windows Credential Manager.
    WinCred,
    /// The Secret Service of Linux desktops.
    LibSecret,
    /// A plain file; the path of another one than `~/.git-credentials`.
    Store(Option<String>),
    /// Memory, for a while.
    Cache,
    /// Anything else.
    Other,
}

/// How the AWS helper is called.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line, or a slip in writing it")]
pub struct AwsHelper {
    /// `--profile`, or `AWS_PROFILE=` in front.
    pub profile: Option<String>,
    /// Whether that is `AWS_PROFILE=`, which keys in the environment come before.
    pub profile_in_env: bool,
    /// `--region`.
    pub region: Option<String>,
    /// `--ignore-host-check`.
    pub ignores_host: bool,
    /// `--no-cli-auto-prompt`.
    pub no_auto_prompt: bool,
    /// The value begins with `aws`, so git looks for a program called `git-credential-aws`.
    pub bang_missing: bool,
    /// The value begins with a quote, or lost its subcommand to one.
    pub quoted: bool,
    /// It is called from within a piece of shell, or through another program such as aws-vault.
    pub wrapped: bool,
}

/// The program behind a helper.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Program {
    /// Its name as configured.
    pub name: String,
    /// Whether it is a bare name, looked up on `PATH`.
    pub bare: bool,
    /// Where it was found, `~` for the home folder; `None` when it was not, or is a piece of shell.
    pub path: Option<String>,
    /// Whether it was looked for: the doctor does not guess what a piece of shell runs.
    pub looked_for: bool,
    /// The interpreter in its first line, when that does not exist.
    pub missing_interpreter: Option<String>,
    /// Whether it is a script of Python's, as version 1 of the AWS CLI is.
    pub python_script: bool,
}

/// What a value runs.
pub(super) fn classify(value: &str) -> (HelperKind, Program) {
    let quoted = value.starts_with(['"', '\'']);
    let bang = value.trim_start_matches(['"', '\'']).strip_prefix('!');
    let command = bang.unwrap_or(value).trim();
    let command = if quoted { command.trim_matches(['"', '\'']) } else { command };
    let words = shlex::split(command).unwrap_or_default();
    let assignments = words.iter().take_while(|word| is_assignment(word)).count();
    let name = words.get(assignments).cloned().unwrap_or_default();
    let base = base_name(&name);

    if base == "aws" {
        let mut aws = aws_options(&words[assignments + 1..]);
        let from_env = words[..assignments].iter().find_map(|word| word.strip_prefix("AWS_PROFILE="));
        aws.profile_in_env = aws.profile.is_none() && from_env.is_some();
        aws.profile = aws.profile.or_else(|| from_env.map(str::to_owned));
        aws.bang_missing = bang.is_none() && !quoted && !is_absolute(&name);
        aws.quoted = quoted || (bang.is_some() && subcommand(&words[assignments + 1..]).is_none());
        // What the shell makes of a variable, a tilde or a PATH of the helper's own is not guessed.
        let own_path = words[..assignments].iter().any(|word| word.starts_with("PATH="));
        let looked_for = !aws.bang_missing && !quoted && !own_path && !is_shell(&name);
        let program = Program { bare: !name.contains(['/', '\\']), name, looked_for, ..Program::default() };
        return (HelperKind::Aws(aws), program);
    }
    let inner = inner_words(command);
    if bang.is_some()
        && let Some(at) = subcommand(&inner)
    {
        let start = inner[..at].iter().rposition(|word| base_name(word) == "aws").unwrap_or(at);
        let from_env = inner[..start].iter().rev().find_map(|word| word.strip_prefix("AWS_PROFILE="));
        let options = aws_options(&inner[start..]);
        let profile =
            options.profile.clone().or_else(|| from_env.filter(|profile| !is_shell(profile)).map(str::to_owned));
        let profile_in_env = options.profile.is_none() && profile.is_some();
        let aws = AwsHelper { wrapped: true, profile, profile_in_env, ..options };
        return (HelperKind::Aws(aws), Program { name: "sh".into(), ..Program::default() });
    }
    let kind = match base.strip_prefix("git-credential-").unwrap_or(&base) {
        "osxkeychain" => HelperKind::OsxKeychain,
        "manager" | "manager-core" | "manager-ui" => HelperKind::Manager,
        "wincred" | "winstore" => HelperKind::WinCred,
        "libsecret" | "gnome-keyring" => HelperKind::LibSecret,
        "store" => HelperKind::Store(option(&words, "--file")),
        "cache" => HelperKind::Cache,
        _ => HelperKind::Other,
    };
    let shell = bang.is_some() && (kind == HelperKind::Other || command.contains([';', '|', '&', '(', '$', '`']));
    let named = if bang.is_some() || is_absolute(&name) { name.clone() } else { format!("git-credential-{name}") };
    (
        kind,
        Program {
            bare: !name.contains(['/', '\\']),
            name: named,
            looked_for: !shell && !name.is_empty(),
            ..Program::default()
        },
    )
}

/// The words of a piece of shell, without what holds them together.
fn inner_words(command: &str) -> Vec<String> {
    let words = command.split([' ', ';', '{', '}', '(', ')', '"', '\'']).filter(|word| !word.is_empty());
    words.map(str::to_owned).collect()
}

/// Where `codecommit ... credential-helper` begins; options of the AWS CLI may stand between the two.
fn subcommand(words: &[String]) -> Option<usize> {
    let helper = words.iter().position(|word| word == "credential-helper")?;
    let codecommit = words[..helper].iter().rposition(|word| word == "codecommit")?;
    let is_value = |at: usize| at > codecommit && words[at - 1].starts_with("--") && !words[at - 1].contains('=');
    let between = codecommit + 1..helper;
    between.clone().all(|at| words[at].starts_with('-') || is_value(at)).then_some(codecommit)
}

fn aws_options(words: &[String]) -> AwsHelper {
    AwsHelper {
        profile: option(words, "--profile").filter(|profile| !is_shell(profile)),
        region: option(words, "--region").filter(|region| !is_shell(region)),
        ignores_host: words.iter().any(|word| word == "--ignore-host-check" || word == "-i"),
        no_auto_prompt: words.iter().any(|word| word == "--no-cli-auto-prompt"),
        ..AwsHelper::default()
    }
}

/// Whether a word means something else to a shell than itself.
fn is_shell(word: &str) -> bool {
    word.starts_with('~') || word.contains(['$', '`'])
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=')
        .is_some_and(|(name, _)| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
}

fn is_absolute(name: &str) -> bool {
    name.starts_with(['/', '\\']) || name.get(1..3).is_some_and(|drive| drive == ":/" || drive == ":\\")
}

fn base_name(name: &str) -> String {
    let base = name.rsplit(['/', '\\']).next().unwrap_or_default().to_ascii_lowercase();
    [".exe", ".cmd"].iter().find_map(|ending| base.strip_suffix(ending)).unwrap_or(&base).to_owned()
}

fn option(words: &[String], name: &str) -> Option<String> {
    words.iter().enumerate().find_map(|(at, word)| {
        let rest = word.strip_prefix(name)?;
        if rest.is_empty() { words.get(at + 1).cloned() } else { rest.strip_prefix('=').map(str::to_owned) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn helpers_are_recognised_in_every_spelling() {
        for (value, kind) in [
            ("osxkeychain", HelperKind::OsxKeychain),
            ("/usr/local/share/gcm-core/git-credential-manager", HelperKind::Manager),
            ("C:/Program\\ Files/Git/mingw64/bin/git-credential-manager-core.exe", HelperKind::Manager),
            ("store --file ~/.secrets", HelperKind::Store(Some("~/.secrets".into()))),
            ("cache --timeout=900", HelperKind::Cache),
            ("/usr/share/doc/git/contrib/credential/libsecret/git-credential-libsecret", HelperKind::LibSecret),
            ("!gh auth git-credential", HelperKind::Other),
            ("!f() { echo username=x; }; f", HelperKind::Other),
        ] {
            assert_eq!(classify(value).0, kind, "{value}");
        }
    }

    #[test]
    fn what_only_a_shell_understands_is_not_judged() {
        for value in [
            "!~/.local/bin/aws codecommit credential-helper $@",
            "!$HOME/bin/aws codecommit credential-helper $@",
            "!PATH=~/.local/bin:$PATH aws codecommit credential-helper $@",
        ] {
            assert!(!classify(value).1.looked_for, "{value}");
        }
        let aws = |value: &str| match classify(value).0 {
            HelperKind::Aws(aws) => aws,
            other => panic!("{value}: {other:?}"),
        };
        assert_eq!(aws("!aws --profile ${CC_PROFILE:-dev} codecommit credential-helper $@").profile, None);
        assert_eq!(aws("!\"/opt/aws\" --profile dev codecommit credential-helper $@").profile.as_deref(), Some("dev"));
    }

    #[test]
    fn the_options_of_the_aws_helper_are_read() {
        let read = |value: &str| match classify(value).0 {
            HelperKind::Aws(aws) => aws,
            other => panic!("{value}: {other:?}"),
        };
        let aws =
            read("!AWS_PROFILE=a '/opt/aws cli/aws' --profile dev --region=eu-west-1 codecommit credential-helper $@");
        assert_eq!((aws.profile.as_deref(), aws.region.as_deref()), (Some("dev"), Some("eu-west-1")));
        assert!(!aws.bang_missing && !aws.quoted);
        assert_eq!(read("!AWS_PROFILE=a aws codecommit credential-helper $@").profile.as_deref(), Some("a"));
        assert!(read("aws codecommit credential-helper $@").bang_missing);
        assert!(read("'!aws codecommit credential-helper $@'").quoted);
        assert!(read("!aws --profile dev").quoted);
        let between = read("!aws codecommit --profile dev --no-verify-ssl credential-helper $@");
        assert!(!between.quoted && between.profile.as_deref() == Some("dev"));
        for set in [
            "!f() { AWS_PROFILE=ci aws codecommit credential-helper $@; }; f",
            "!env AWS_PROFILE=ci aws codecommit credential-helper $@",
        ] {
            assert_eq!(read(set).profile.as_deref(), Some("ci"), "{set}");
        }
        let wrapped = read("!f() { aws codecommit credential-helper --profile ops $@; }; f");
        assert_eq!(wrapped.profile.as_deref(), Some("ops"));
        assert!(wrapped.wrapped && !wrapped.quoted && !wrapped.bang_missing);
        let before = read("!f() { aws --profile ops codecommit credential-helper $@; }; f");
        assert_eq!(before.profile.as_deref(), Some("ops"));
        assert!(read("!aws-vault exec dev -- aws codecommit credential-helper $@").wrapped);
    }
}
