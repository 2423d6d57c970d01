//! Which program git runs for ssh, and of which make it is.
//!
//! Source: git's `connect.c`: `GIT_SSH_COMMAND`, `core.sshCommand`, `GIT_SSH`, `ssh`; `GIT_SSH_VARIANT`, `ssh.variant`, else by
//! the program's name.

use crate::facts::git_config::GitConfig;
use crate::finding::Evidence;
use crate::machine::{Invocation, Machine, Os};
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
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// What names it, where it is not simply `ssh`.
    pub named_by: Option<Evidence>,
    /// Where the program is, in full; `None` when there is none.
    pub path: Option<String>,
    /// Its make.
    pub variant: Variant,
    /// What it calls itself.
    pub version_text: Option<String>,
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

    /// The same program with arguments in front of the person's own.
    pub(super) fn asking(&self, args: impl IntoIterator<Item = String>) -> Option<Invocation> {
        let own = self.argv.iter().skip(1).cloned();
        Some(Invocation::new(self.path.as_ref()?, own.chain(args)))
    }
}

/// Finds the program.
pub(super) async fn find(machine: &Machine, config: Option<&GitConfig>) -> Client {
    let (argv, named_by) = named(machine, config);
    let program = argv.first().map(String::as_str).unwrap_or_default();
    let path = machine.which(program).or_else(|| beside_git(machine, program));
    let mut client = Client {
        variant: variant(machine, config, program),
        path: path.map(|path| path.display().to_string()),
        argv,
        named_by,
        version_text: None,
    };
    if client.is_openssh()
        && let Some(asking) = client.path.as_ref().map(|path| Invocation::quick(path, ["-V"]))
        && let Ok(output) = machine.run(asking).await
    {
        client.version_text = output.stderr_text().lines().next().map(str::to_owned);
    }
    client
}

fn named(machine: &Machine, config: Option<&GitConfig>) -> (Vec<String>, Option<Evidence>) {
    let words =
        |text: &str| shlex::split(text).filter(|words| !words.is_empty()).unwrap_or_else(|| vec![text.to_owned()]);
    if let Some(text) = machine.var_set("GIT_SSH_COMMAND") {
        return (words(&text), Some(Evidence::new("GIT_SSH_COMMAND", text)));
    }
    if let Some(entry) =
        config.and_then(|config| config.last("core.sshcommand")).filter(|entry| !entry.text().is_empty())
    {
        return (words(entry.exact()), Some(entry.evidence()));
    }
    match machine.var_set("GIT_SSH") {
        Some(program) => (vec![program.clone()], Some(Evidence::new("GIT_SSH", program))),
        None => (vec!["ssh".to_owned()], None),
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
        let machine = Machine::new(Os::Linux, env, "/".into());
        let (argv, named_by) = named(&machine, None);
        Client { variant: variant(&machine, None, &argv[0]), argv, named_by, ..Client::default() }
    }

    #[test]
    fn the_program_is_the_one_that_git_takes() {
        assert_eq!(client(&[]).argv, ["ssh"]);
        assert_eq!(client(&[("GIT_SSH", "C:/PuTTY/plink.exe")]).variant, Variant::Plink);
        let own = client(&[("GIT_SSH_COMMAND", "ssh -i '~/my key'"), ("GIT_SSH", "plink")]);
        assert_eq!((own.argv.len(), own.variant), (3, Variant::OpenSsh));
        assert_eq!(client(&[("GIT_SSH", "/opt/wrap")]).variant, Variant::Other);
        assert_eq!(client(&[("GIT_SSH", "/opt/wrap"), ("GIT_SSH_VARIANT", "ssh")]).variant, Variant::OpenSsh);
    }

    #[test]
    fn versions_are_read_on_every_system() {
        let of = |text: &str| Client { version_text: Some(text.to_owned()), ..Client::default() }.version();
        assert_eq!(of("OpenSSH_9.2p1 Debian-2+deb12u6, OpenSSL 3.0.19"), Some(Version::new(9, 2, 0)));
        assert_eq!(of("OpenSSH_for_Windows_8.1p1, LibreSSL 3.0.2"), Some(Version::new(8, 1, 0)));
        assert_eq!(of("something"), None);
    }
}
