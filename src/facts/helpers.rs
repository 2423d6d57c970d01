//! The credential helpers that git would ask for the URL, in git's own order.
//!
//! Git applies every matching `credential.*` entry in the order of its files; an empty `helper` forgets those before it.
//! Source: gitcredentials(7), git's `credential.c`.

use super::Facts;
use super::git_config::{Entry, GitConfig};
use crate::check::Gap;
use crate::machine::{Invocation, Machine, Os};
use crate::redact::{Secret, redact};
use crate::shape::Kind;
use crate::target::Protocol;
use crate::urlmatch::Parts;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The AWS helper as AWS documents it ("Setup steps for HTTPS connections with the AWS CLI credential helper").
pub const DOCUMENTED: &str = "!aws codecommit credential-helper $@";

/// Git's effective helpers for one URL.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HelperChain {
    /// The https URL that they are asked for, without user name and password.
    pub url: String,
    /// The helpers, in the order in which git asks them.
    pub helpers: Vec<Helper>,
    /// Helpers that an empty entry made git forget.
    pub forgotten: Vec<Helper>,
    /// AWS helpers in sections for other hosts, or that this git cannot match.
    pub elsewhere: Vec<Helper>,
    /// The last entry that decides `useHttpPath`.
    pub use_http_path: Option<Entry>,
    /// The empty entries that apply, each with the number of helpers that it forgot.
    pub resets: Vec<(Entry, usize)>,
}

/// One helper as configured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Helper {
    /// The configuration entry.
    pub entry: Entry,
    /// The `<url>` of its section; `None` for a helper that applies to every host.
    pub section: Option<String>,
    /// What it is.
    pub kind: HelperKind,
    /// What it runs.
    pub program: Program,
}

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

impl Helper {
    /// The options of the AWS helper, if this is one.
    #[must_use]
    pub fn aws(&self) -> Option<&AwsHelper> {
        match &self.kind {
            HelperKind::Aws(aws) => Some(aws),
            _ => None,
        }
    }

    /// Whether it keeps what git tells it to `store`, and so would keep the AWS helper's 15-minute password.
    #[must_use]
    pub fn keeps_passwords(&self) -> bool {
        !matches!(self.kind, HelperKind::Aws(_) | HelperKind::Other)
    }
}

impl HelperChain {
    /// The first AWS helper that git asks.
    #[must_use]
    pub fn aws(&self) -> Option<(&Helper, &AwsHelper)> {
        self.helpers.iter().find_map(|helper| Some((helper, helper.aws()?)))
    }

    /// Whether git tells helpers the path of the URL.
    #[must_use]
    pub fn uses_http_path(&self) -> bool {
        self.use_http_path.as_ref().is_some_and(Entry::is_true)
    }

    /// Git's selection for a URL. `wildcards` is false for git before 2.26.
    #[must_use]
    pub fn select(config: &GitConfig, url: &str, wildcards: bool) -> Self {
        let mut chain = Self { url: url.to_owned(), ..Self::default() };
        let parts = Parts::parse(url);
        for (section, name, entry) in config.section("credential") {
            let applies = match section {
                None => true,
                Some(section) => parts.as_ref().is_some_and(|parts| section_applies(section, parts, wildcards)),
            };
            match name {
                "usehttppath" if applies => chain.use_http_path = Some(entry.clone()),
                "helper" if applies && entry.text().is_empty() => {
                    let forgotten = chain.helpers.len();
                    chain.resets.push((entry.clone(), forgotten));
                    chain.forgotten.append(&mut chain.helpers);
                }
                "helper" if applies => chain.helpers.push(Helper::read(entry, section)),
                "helper" if !entry.text().is_empty() => {
                    let helper = Helper::read(entry, section);
                    if helper.aws().is_some() {
                        chain.elsewhere.push(helper);
                    }
                }
                _ => {}
            }
        }
        chain
    }
}

/// Whether git applies a section's `<url>`; a partial one (a bare scheme or host) is compared part by part.
fn section_applies(section: &str, url: &Parts, wildcards: bool) -> bool {
    match Parts::parse(section) {
        Some(pattern) => pattern.matches(url, wildcards).is_some(),
        None => match section.split_once("://") {
            Some((scheme, "")) => scheme.eq_ignore_ascii_case("https"),
            Some(_) => false,
            None => {
                let (host, path) = section.split_once('/').unwrap_or((section, ""));
                !host.is_empty() && host == url.host() && path.is_empty()
            }
        },
    }
}

impl Helper {
    fn read(entry: &Entry, section: Option<&str>) -> Self {
        let (kind, program) = classify(entry.raw.as_ref().map_or_else(|| entry.text(), Secret::expose));
        Self { entry: entry.clone(), section: section.map(str::to_owned), kind, program }
    }
}

/// A helper's value as it may be told. A piece of shell can hold a secret in any form, so of one that the doctor does not know
/// only its first word is told.
pub(super) fn tell(value: &str) -> String {
    let Some(command) = value.strip_prefix('!') else { return redact(value) };
    let plain = |word: &str| {
        let drive = word.get(1..2) == Some(":");
        word == "\"$@\""
            || word
                .replacen(':', "", usize::from(drive))
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_./~@$\\".contains(c))
    };
    let words = || command.split_whitespace();
    if command.contains("codecommit credential-helper") || (words().all(plain) && !words().any(|word| word == "-u")) {
        return redact(value);
    }
    let program = words().find(|word| plain(word)).unwrap_or_default();
    format!("!{program} …")
}

fn classify(value: &str) -> (HelperKind, Program) {
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
        aws.profile = aws.profile.or_else(|| from_env.map(str::to_owned));
        aws.bang_missing = bang.is_none() && !quoted && !is_absolute(&name);
        let subcommand = words[assignments + 1..].windows(2).any(|pair| pair == ["codecommit", "credential-helper"]);
        aws.quoted = quoted || (bang.is_some() && !subcommand);
        // What the shell makes of a variable, a tilde or a PATH of the helper's own is not guessed.
        let own_path = words[..assignments].iter().any(|word| word.starts_with("PATH="));
        let looked_for = !aws.bang_missing && !quoted && !own_path && !is_shell(&name);
        let program = Program { bare: !name.contains(['/', '\\']), name, looked_for, ..Program::default() };
        return (HelperKind::Aws(aws), program);
    }
    if bang.is_some() && command.contains("codecommit credential-helper") {
        let aws = AwsHelper { wrapped: true, ..aws_options(&wrapped_words(command)) };
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

/// The words of an AWS helper inside a piece of shell, from `aws` to the end of its command.
fn wrapped_words(command: &str) -> Vec<String> {
    let words: Vec<&str> =
        command.split([' ', ';', '{', '}', '(', ')', '"', '\'']).filter(|word| !word.is_empty()).collect();
    let subcommand = words.windows(2).position(|pair| pair == ["codecommit", "credential-helper"]).unwrap_or_default();
    let start = words[..subcommand].iter().rposition(|word| base_name(word) == "aws").unwrap_or(subcommand);
    words[start..].iter().map(|word| (*word).to_owned()).collect()
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

/// Nothing, when git asks a helper at all: not for a URL that carries a password itself, nor for git-remote-codecommit,
/// which gives git such a URL.
///
/// # Errors
/// A gap that says why no helper is asked.
pub async fn asks_helpers(facts: &Facts) -> Result<(), Gap> {
    let target = facts.target().await?;
    let Some(url) = &target.effective else { return Ok(()) };
    let password =
        url.userinfo.as_ref().is_some_and(|info| info.has_password && info.shape.kind != Kind::EmptyPassword);
    match url.protocol {
        Protocol::Grc => Err(Gap::not_applicable("git-remote-codecommit signs by itself and asks no helper")),
        _ if password => Err(Gap::not_applicable("the clone URL carries a password, so Git asks no helper")),
        _ => Ok(()),
    }
}

/// Observes the helpers for the target's https URL.
///
/// # Errors
/// A gap when the target is not reached over https, or git's configuration cannot be read.
pub async fn observe(facts: &Facts) -> Result<HelperChain, Gap> {
    let target = facts.target().await?;
    let url = target.effective.as_ref().ok_or_else(|| Gap::not_applicable("there is no clone URL and no region"))?;
    let https = url.https().ok_or_else(|| Gap::not_applicable("credential helpers are used over https only"))?;
    let config = facts.git_config().await?;
    if config.fatal().is_some() {
        return Err(Gap::blocked("git-config", "git's configuration is invalid"));
    }
    let asked = match &url.userinfo {
        Some(info) => https.replacen("https://", &format!("https://{}@", info.name.expose()), 1),
        None => https.clone(),
    };
    let mut chain = HelperChain::select(config, &asked, facts.git().await?.at_least(2, 26));
    chain.url = https;
    for helper in chain.helpers.iter_mut().chain(&mut chain.elsewhere) {
        find_program(&facts.machine, helper).await;
    }
    Ok(chain)
}

/// Looks for the program that a helper runs, and for the interpreter that the program needs.
async fn find_program(machine: &Machine, helper: &mut Helper) {
    let built_in = matches!(helper.kind, HelperKind::Store(_) | HelperKind::Cache);
    if !helper.program.looked_for || built_in {
        return;
    }
    let found = match machine.which(&helper.program.name) {
        None if helper.program.bare && helper.aws().is_none() => in_exec_path(machine, &helper.program.name).await,
        found => found,
    };
    // On Windows git's shell finds no `aws.cmd`, which is what some installers put on PATH.
    let runs = |path: &PathBuf| {
        machine.os() != Os::Windows || path.extension().is_none_or(|ending| !ending.eq_ignore_ascii_case("cmd"))
    };
    let Some(path) = found.filter(runs) else { return };
    let shebang = machine.first_line(&path).await.unwrap_or_default();
    if let Some(interpreter) = shebang.strip_prefix("#!").map(str::trim) {
        let program = interpreter.split_whitespace().next().unwrap_or_default();
        let missing = machine.os() != Os::Windows && !machine.exists(&PathBuf::from(program));
        helper.program.missing_interpreter = missing.then(|| interpreter.to_owned());
        helper.program.python_script = interpreter.contains("python");
    }
    helper.program.path = Some(machine.tilde(&path));
}

/// Looks among git's own programs, which are on no one's `PATH`.
async fn in_exec_path(machine: &Machine, name: &str) -> Option<PathBuf> {
    let folder = if let Some(folder) = machine.var_set("GIT_EXEC_PATH") {
        folder
    } else {
        let output = machine.run(Invocation::quick(machine.which("git")?, ["--exec-path"])).await.ok()?;
        output.stdout_text().trim().to_owned()
    };
    machine.which_in(name, folder).into_iter().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://git-codecommit.us-east-1.amazonaws.com/v1/repos/x";
    const AWS: &str = "!aws codecommit credential-helper $@";

    fn config(entries: &[(&str, &str)]) -> GitConfig {
        let entries = entries.iter().map(|(key, value)| Entry {
            key: (*key).to_owned(),
            value: Some((*value).to_owned()),
            source: "~/.gitconfig".to_owned(),
            ..Entry::default()
        });
        GitConfig { entries: entries.collect(), ..GitConfig::default() }
    }

    fn chain(entries: &[(&str, &str)]) -> HelperChain {
        HelperChain::select(&config(entries), URL, true)
    }

    fn values(chain: &HelperChain) -> Vec<&str> {
        chain.helpers.iter().map(|helper| helper.entry.text()).collect()
    }

    #[test]
    fn order_is_the_files_and_an_empty_helper_forgets_those_before_it() {
        let chain = chain(&[
            ("credential.helper", "osxkeychain"),
            ("credential.https://git-codecommit.*.amazonaws.com.helper", ""),
            ("credential.https://git-codecommit.*.amazonaws.com.helper", AWS),
            ("credential.https://git-codecommit.*.amazonaws.com.usehttppath", "true"),
            ("credential.https://github.com.helper", "gh"),
            ("credential.helper", "store"),
        ]);
        assert_eq!(values(&chain), [AWS, "store"]);
        assert!(chain.uses_http_path());
        assert_eq!(chain.forgotten[0].kind, HelperKind::OsxKeychain);
    }

    #[test]
    fn a_helper_for_another_host_is_remembered() {
        let chain = chain(&[("credential.https://git-codecommit.eu-west-1.amazonaws.com.helper", AWS)]);
        assert!(chain.helpers.is_empty());
        assert_eq!(chain.elsewhere.len(), 1);
    }

    #[test]
    fn partial_sections_apply_as_git_applies_them() {
        assert_eq!(values(&chain(&[("credential.https://.helper", "store")])), ["store"]);
        assert_eq!(values(&chain(&[("credential.git-codecommit.us-east-1.amazonaws.com.helper", "store")])), ["store"]);
        assert_eq!(values(&chain(&[("credential.ssh://.helper", "store")])), Vec::<&str>::new());
    }

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
    fn of_a_piece_of_shell_only_the_first_word_is_told() {
        for (value, told) in [
            ("!gh auth git-credential", "!gh auth git-credential"),
            ("!GH_TOKEN=ghp_S3cret gh auth git-credential", "!gh …"),
            ("!curl -s -u bob:S3cret https://v/c", "!curl …"),
            ("!curl -H \"PRIVATE-TOKEN: glpat-S3cret\" https://x", "!curl …"),
            ("!f() { printf \"username=x\\npassword=%s\\n\" S3cret; }; f", "!printf …"),
            (
                "!aws --profile dev codecommit credential-helper $@",
                "!aws --profile dev codecommit credential-helper $@",
            ),
            ("store", "store"),
        ] {
            assert_eq!(tell(value), told);
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
        let wrapped = read("!f() { aws codecommit credential-helper --profile ops $@; }; f");
        assert_eq!(wrapped.profile.as_deref(), Some("ops"));
        assert!(wrapped.wrapped && !wrapped.quoted && !wrapped.bang_missing);
        let before = read("!f() { aws --profile ops codecommit credential-helper $@; }; f");
        assert_eq!(before.profile.as_deref(), Some("ops"));
        assert!(read("!aws-vault exec dev -- aws codecommit credential-helper $@").wrapped);
    }
}
