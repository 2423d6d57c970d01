//! Which program git runs for ssh, and of which make it is.
//!
//! Source: git's `connect.c`: `GIT_SSH_COMMAND`, `core.sshCommand`, `GIT_SSH`, `ssh`; `GIT_SSH_VARIANT`, `ssh.variant`, else by
//! the program's name.

use crate::facts::git_config::{Entry, GitConfig};
use crate::finding::{ConfigScope, Evidence};
use crate::machine::{Invocation, Machine, Os};
use crate::redact::{Secret, redact};
use crate::shell;
use semver::Version;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Of which make a program is, as git takes it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Variant {
    /// OpenSSH's ssh.
    #[default]
    OpenSsh,
    /// `PuTTY`'s plink, or `TortoisePlink`.
    Plink,
    /// Something else.
    Other,
}

/// The program that git runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Client {
    /// The program, as it is named.
    pub program: String,
    /// What names it, where it is not simply `ssh`. Of arguments only those of programs that we know are shown.
    pub named_by: Option<Evidence>,
    /// The file of git's configuration that names it.
    pub scope: Option<ConfigScope>,
    /// Where the program is, in full; `None` when there is none.
    pub path: Option<String>,
    /// Its make.
    pub variant: Variant,
    /// What it calls itself.
    pub version_text: Option<String>,
    /// Whether git's shell is given more than one program to run, so that it cannot be told which is ssh.
    pub is_more: bool,
    /// The whole command, which git gives to a shell; never told.
    #[serde(skip)]
    command: Command,
}

/// A command in two parts, between which options can be put that win over all others: ssh takes the first of each.
#[derive(Clone, Debug, Default, PartialEq)]
struct Command {
    /// Variables that are set for it, and the program.
    start: Secret,
    /// Everything behind that.
    rest: Secret,
}

impl Command {
    /// Parts a command behind its first word that sets no variable; `None` where a shell would do more than run one program.
    fn read(text: &str) -> Option<(Self, String)> {
        if text.contains(['`', ';', '|', '&', '<', '>', '\n', '(']) {
            return None;
        }
        let mut at = 0;
        loop {
            let word_start = at + text[at..].len() - text[at..].trim_start().len();
            let word_end = end_of_word(text, word_start)?;
            let word = &text[word_start..word_end];
            let sets = word.split_once('=').is_some_and(|(name, _)| {
                !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            });
            if !sets {
                let program = shlex::split(word)?.into_iter().next()?;
                // What a shell makes of these only a shell knows.
                if text[..word_end].contains('\\') || BUILT_IN.contains(&program.as_str()) {
                    return None;
                }
                let parts = Self { start: Secret::new(&text[..word_end]), rest: Secret::new(&text[word_end..]) };
                return (!program.contains('$')).then_some((parts, program));
            }
            at = word_end;
        }
    }

    fn of_program(program: &str) -> Self {
        Self { start: Secret::new(shell::line(&[program.to_owned()], Os::Linux)), rest: Secret::default() }
    }
}

/// Words with which a shell runs another program than the one of that name.
const BUILT_IN: &[&str] = &["exec", "command", "eval", "env", "nice", "nohup", "time", ".", "{", "!"];

/// Where a shell's word ends that begins here; quotes keep it together.
fn end_of_word(text: &str, start: usize) -> Option<usize> {
    let mut quote = None;
    for (at, character) in text[start..].char_indices() {
        match (quote, character) {
            (None, '\'' | '"') => quote = Some(character),
            (Some(open), _) if open == character => quote = None,
            (None, character) if character.is_whitespace() => return (at > 0).then_some(start + at),
            _ => {}
        }
    }
    (quote.is_none() && start < text.len()).then_some(text.len())
}

impl Client {
    /// Whether it can be asked what OpenSSH's ssh can be asked.
    #[must_use]
    pub fn is_openssh(&self) -> bool {
        self.variant == Variant::OpenSsh && self.path.is_some()
    }

    /// OpenSSH's version.
    #[must_use]
    pub fn version(&self) -> Option<Version> {
        let text = self.version_text.as_deref()?;
        let rest = &text[text.find("OpenSSH_")?..];
        let number = rest.trim_start_matches(|character: char| !character.is_ascii_digit());
        let (major, rest) = number.split_once('.')?;
        let minor: String = rest.chars().take_while(char::is_ascii_digit).collect();
        Some(Version::new(major.parse().ok()?, minor.parse().ok()?, 0))
    }

    /// The command for git's shell with options that win over the person's own.
    pub(super) fn with_options(&self, options: &[&str]) -> String {
        let words: Vec<String> = options.iter().map(|word| (*word).to_owned()).collect();
        let (start, rest) = (self.command.start.expose(), self.command.rest.expose());
        // Of flags the last counts, so these stand behind the person's own.
        let last = if self.variant == Variant::OpenSsh { " -S none -vv" } else { "" };
        format!("{start} {}{rest}{last}", shell::line(&words, Os::Linux))
    }

    /// A question for the same program with the person's own options, asked as git would start it.
    pub(super) fn asking(&self, machine: &Machine, args: Vec<String>) -> Option<Invocation> {
        let path = self.path.as_ref()?;
        if self.named_by.is_none() {
            return Some(Invocation::new(path, args));
        }
        let whole = format!("{}{} \"$@\"", self.command.start.expose(), self.command.rest.expose());
        let words = ["-c".to_owned(), whole, self.program.clone()];
        Some(Invocation::new(machine.which("sh")?, words.into_iter().chain(args)))
    }

    /// The program, for tests.
    #[cfg(test)]
    pub(crate) fn of(program: &str, path: Option<&str>, version: &str) -> Self {
        Self {
            program: program.to_owned(),
            path: path.map(str::to_owned),
            version_text: Some(version.to_owned()),
            command: Command::of_program(program),
            ..Self::default()
        }
    }
}

/// Finds the program.
pub(super) async fn find(machine: &Machine, config: Option<&GitConfig>) -> Client {
    let mut client = named(machine, config);
    let program = match client.program.strip_prefix("~/") {
        Some(_) => machine.expand(&client.program).display().to_string(),
        None => client.program.clone(),
    };
    let path = machine.which(&program).or_else(|| beside_git(machine, &client.program));
    client.path = path.map(|path| path.display().to_string());
    if client.is_openssh()
        && is_named_ssh(&client.program)
        && let Some(asking) = client.path.as_ref().map(|path| Invocation::quick(path, ["-V"]))
        && let Ok(output) = machine.run(asking).await
    {
        client.version_text = output.stderr_text().lines().next().map(str::to_owned);
    }
    client
}

/// What git runs. A command that is more than one program is a program of its own make.
fn named(machine: &Machine, config: Option<&GitConfig>) -> Client {
    let by_variable = machine.var_set("GIT_SSH_COMMAND").map(|text| (text, "GIT_SSH_COMMAND".to_owned(), None));
    let entry = config.and_then(|config| config.last("core.sshcommand")).filter(|entry| !entry.text().is_empty());
    let by_config = entry.map(|entry| (entry.exact().to_owned(), entry.source.clone(), Some(entry)));
    let Some((text, source, entry)) = by_variable.or(by_config) else {
        let own = machine.var_set("GIT_SSH");
        let program = own.clone().unwrap_or_else(|| "ssh".to_owned());
        return Client {
            variant: variant(machine, config, &program),
            command: Command::of_program(&program),
            named_by: own.map(|program| Evidence::new("GIT_SSH", program)),
            program,
            ..Client::default()
        };
    };
    let parts = Command::read(&text);
    // A program that is given ssh as an argument takes other options than ssh.
    let parts = parts.filter(|(parts, _)| {
        let words = shlex::split(parts.rest.expose()).unwrap_or_default();
        !words.iter().any(|word| is_named_ssh(word)) && !words.iter().any(|word| word.starts_with("-E"))
    });
    let known = parts.is_some();
    let (command, program) = parts.unwrap_or_else(|| (Command::default(), text.clone()));
    let make = if known { variant(machine, config, &program) } else { Variant::Other };
    let shown = match make {
        Variant::OpenSsh => redact(&text),
        // Other programs are given passwords in their arguments.
        Variant::Plink | Variant::Other => {
            let first = text.split_whitespace().next().unwrap_or_default();
            if first.len() < text.len() { format!("{} ...", redact(first)) } else { redact(first) }
        }
    };
    Client {
        program: if known { program } else { shown.clone() },
        named_by: Some(match entry {
            Some(entry) => Evidence::at(source, entry.line, format!("core.sshCommand = {shown}")),
            None => Evidence::new(source, shown),
        }),
        scope: entry.and_then(Entry::config_scope),
        variant: make,
        is_more: !known,
        command,
        ..Client::default()
    }
}

/// Git for Windows brings an ssh of its own, which only git has on its `PATH`.
fn beside_git(machine: &Machine, program: &str) -> Option<PathBuf> {
    if machine.os() != Os::Windows || program != "ssh" {
        return None;
    }
    let git = machine.which("git")?;
    let ssh = git.parent()?.parent()?.join("usr").join("bin").join("ssh.exe");
    machine.exists(&ssh).then_some(ssh)
}

fn is_named_ssh(word: &str) -> bool {
    word.rsplit(['/', '\\']).next().is_some_and(|name| name == "ssh" || name == "ssh.exe")
}

fn variant(machine: &Machine, config: Option<&GitConfig>, program: &str) -> Variant {
    let configured = config.and_then(|config| config.last("ssh.variant")).map(|entry| entry.text().to_owned());
    match machine.var_set("GIT_SSH_VARIANT").or(configured).as_deref() {
        Some("ssh") => return Variant::OpenSsh,
        Some("plink" | "putty" | "tortoiseplink") => return Variant::Plink,
        Some("simple") => return Variant::Other,
        _ => {}
    }
    let name = program.rsplit(['/', '\\']).next().unwrap_or_default().to_ascii_lowercase();
    match name.strip_suffix(".exe").unwrap_or(&name) {
        "ssh" => Variant::OpenSsh,
        "plink" | "tortoiseplink" | "putty" => Variant::Plink,
        _ => Variant::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(env: &[(&str, &str)]) -> Client {
        let env = env.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        named(&Machine::new(Os::Linux, env, "/".into()), None)
    }

    #[test]
    fn the_program_is_the_one_that_git_takes() {
        assert_eq!(client(&[]).program, "ssh");
        assert_eq!(client(&[("GIT_SSH", "C:/PuTTY/plink.exe")]).variant, Variant::Plink);
        let own = client(&[("GIT_SSH_COMMAND", "ssh -i '~/my key'"), ("GIT_SSH", "plink")]);
        assert_eq!((own.program.as_str(), own.variant), ("ssh", Variant::OpenSsh));
        assert_eq!(client(&[("GIT_SSH", "/opt/wrap")]).variant, Variant::Other);
        assert_eq!(client(&[("GIT_SSH", "/opt/wrap"), ("GIT_SSH_VARIANT", "ssh")]).variant, Variant::OpenSsh);
        let more = client(&[("GIT_SSH_COMMAND", "cat secret | ssh")]);
        assert_eq!((more.variant, more.program.as_str()), (Variant::Other, "cat ..."));
        for text in ["exec ssh -i k", "FOO=a\\ b ssh", "proxychains4 ssh -i k", "ssh -E /tmp/log"] {
            assert!(client(&[("GIT_SSH_COMMAND", text), ("GIT_SSH_VARIANT", "ssh")]).is_more, "{text}");
        }
    }

    #[test]
    fn options_of_the_doctor_s_come_before_the_person_s_and_nothing_else_changes() {
        let of = |text: &str| client(&[("GIT_SSH_COMMAND", text)]).with_options(&["-o", "BatchMode=yes"]);
        assert_eq!(of("ssh -i $HOME/k -o BatchMode=no"), "ssh -o BatchMode=yes -i $HOME/k -o BatchMode=no -S none -vv");
        assert_eq!(
            of("SSH_AUTH_SOCK=/x  '/opt/my ssh/ssh' -v"),
            "SSH_AUTH_SOCK=/x  '/opt/my ssh/ssh' -o BatchMode=yes -v -S none -vv"
        );
        assert_eq!(client(&[]).with_options(&["-x"]), "ssh -x -S none -vv");
        assert_eq!(client(&[("GIT_SSH", "/my dir/ssh")]).with_options(&["-x"]), "'/my dir/ssh' -x -S none -vv");
    }

    #[test]
    fn arguments_of_programs_that_are_given_passwords_are_not_shown() {
        let sshpass = client(&[("GIT_SSH_COMMAND", "sshpass -P passphrase -p Hunter2xyz ssh")]);
        assert!(!format!("{sshpass:?}").contains("Hunter2xyz"), "{sshpass:?}");
    }

    #[test]
    fn versions_are_read_on_every_system() {
        let of = |text: &str| Client { version_text: Some(text.to_owned()), ..Client::default() }.version();
        assert_eq!(of("OpenSSH_9.2p1 Debian-2+deb12u6, OpenSSL 3.0.19"), Some(Version::new(9, 2, 0)));
        assert_eq!(of("OpenSSH_for_Windows_8.1p1, LibreSSL 3.0.2"), Some(Version::new(8, 1, 0)));
        assert_eq!(of("something"), None);
    }
}
