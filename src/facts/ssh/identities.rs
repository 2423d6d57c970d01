//! The keys that ssh would offer: files and the agent's. Of a private key only what is public is kept.
//!
//! A file is read by ssh-keygen, as ssh reads it; what is wrong with one that it cannot read is seen in the file's form.

use super::{Effective, Ssh};
use crate::check::Gap;
use crate::facts::Facts;
use crate::machine::{FileError, Invocation, Machine, Os};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Every key at hand.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Identities {
    /// The files, in the order in which ssh offers them.
    pub files: Vec<Key>,
    /// Whether somebody named them; otherwise they are the usual ones.
    pub named: bool,
    /// The agent's keys; `None` where there is no agent.
    pub agent: Option<Vec<Public>>,
    /// Whether the agent's keys are offered only where a file names them.
    pub identities_only: bool,
    /// Whether keys come from a device as well, which is not looked at.
    pub has_device: bool,
    /// Public keys in the `.ssh` folder whose private half ssh would not offer: the file, and the key.
    pub beside: Vec<(String, Public)>,
}

/// The public half of a key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Public {
    /// `ssh-rsa`, `ssh-ed25519`, ...
    pub kind: String,
    /// The key in base64.
    pub body: String,
    /// Its comment.
    pub comment: String,
}

/// A key's file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Key {
    /// The file, `~` for the home folder.
    pub path: String,
    /// What it holds.
    pub state: State,
    /// Its permissions, where others may read it and ssh therefore does not.
    pub open_to_others: Option<u32>,
    /// The public half, where it can be read.
    pub public: Option<Public>,
    /// The key's size, where that is known.
    pub bits: Option<u32>,
}

/// What a key's file holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// A private key that ssh can use.
    #[default]
    Fine,
    /// A private key behind a passphrase.
    Encrypted,
    /// There is no such file.
    Missing,
    /// It is the public half.
    PublicHalf,
    /// ssh cannot read it, and why.
    Corrupt(String),
}

impl Public {
    /// Reads `ssh-rsa AAAA... comment`.
    #[must_use]
    pub fn read(line: &str) -> Option<Self> {
        let mut words = line.split_whitespace();
        let (kind, body) = (words.next()?, words.next()?);
        let known = kind.starts_with("ssh-") || kind.starts_with("ecdsa-") || kind.starts_with("sk-");
        let comment = words.collect::<Vec<_>>().join(" ");
        known.then(|| Self { kind: kind.to_owned(), body: body.to_owned(), comment })
    }

    /// Whether it is the only kind that IAM takes.
    #[must_use]
    pub fn is_rsa(&self) -> bool {
        self.kind == "ssh-rsa"
    }

    /// `RSA`, `Ed25519`.
    #[must_use]
    pub fn kind_name(&self) -> &str {
        match self.kind.as_str() {
            "ssh-rsa" => "RSA",
            "ssh-ed25519" => "Ed25519",
            "ssh-dss" => "DSA",
            kind if kind.starts_with("ecdsa-") => "ECDSA",
            kind => kind,
        }
    }
}

impl Identities {
    /// The public halves of everything that ssh can offer without asking anybody.
    pub fn offered(&self) -> impl Iterator<Item = &Public> {
        let files = self.files.iter().filter(|key| key.is_usable() || self.is_in_agent(key));
        let named = |held: &&Public| {
            !self.identities_only
                || self.files.iter().any(|key| key.public.as_ref().is_some_and(|key| key.body == held.body))
        };
        files.filter_map(|key| key.public.as_ref()).chain(self.agent.iter().flatten().filter(named))
    }

    /// Whether the agent holds a file's private half.
    #[must_use]
    pub fn is_in_agent(&self, key: &Key) -> bool {
        let Some(public) = &key.public else { return false };
        self.agent.iter().flatten().any(|held| held.body == public.body)
    }
}

impl Key {
    /// Whether ssh can use it without asking anybody.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        self.state == State::Fine && self.open_to_others.is_none()
    }
}

/// Looks at every file that ssh would, and asks the agent.
///
/// # Errors
/// A gap where ssh's configuration cannot be asked.
pub async fn observe(facts: &Facts) -> Result<Identities, Gap> {
    let ssh = facts.ssh().await?;
    if ssh.client.variant == super::Variant::Plink {
        return Err(Gap::not_applicable("plink takes its keys from PuTTY's settings and from Pageant"));
    }
    let Some(effective) = &ssh.effective else {
        return Err(Gap::blocked("ssh-config", "ssh's configuration cannot be read"));
    };
    let machine = &facts.machine;
    let home = effective.home.as_ref().map(PathBuf::from).or_else(|| machine.home()).unwrap_or_default();
    let keygen = beside(machine, ssh, "ssh-keygen");
    let expanded = effective.identity_files.iter().filter_map(|file| expand(machine, &home, effective, file));
    let paths: Vec<PathBuf> = expanded.collect();
    let looking = paths.iter().map(|path| look(machine, keygen.as_deref(), path));
    let (files, agent) = tokio::join!(futures_util::future::join_all(looking), agent(machine, ssh, effective));
    let beside = public_keys(machine, &home.join(".ssh"), &files).await;
    Ok(Identities {
        named: !are_usual(&effective.identity_files),
        identities_only: effective.identities_only,
        has_device: effective.has_device,
        files,
        agent,
        beside,
    })
}

/// A program of OpenSSH's: the one beside ssh, else the one on `PATH`.
pub(super) fn beside(machine: &Machine, ssh: &Ssh, name: &str) -> Option<PathBuf> {
    let folder = ssh.client.path.as_ref().and_then(|path| Some(Path::new(path).parent()?.to_owned()));
    let there = folder.and_then(|folder| machine.which_in(name, folder).into_iter().next());
    there.or_else(|| machine.which(name))
}

/// Whether these are the files that ssh looks for when it is told none.
fn are_usual(files: &[String]) -> bool {
    files.iter().all(|file| file.starts_with("~/.ssh/id_"))
}

/// `~`, variables, and the tokens that matter for files (`ssh_config(5)`, TOKENS). `None` where another one stands there.
fn expand(machine: &Machine, home: &Path, effective: &Effective, file: &str) -> Option<PathBuf> {
    let folder = home.display().to_string();
    let file = file.replace("%d", &folder).replace("%h", &effective.hostname).replace("%r", &effective.user);
    let file = with_variables(machine, &file)?;
    (!file.contains('%')).then(|| match file.strip_prefix("~/") {
        Some(rest) => home.join(rest),
        None => home.join(file),
    })
}

/// `${NAME}`; `None` where a variable is not set.
fn with_variables(machine: &Machine, text: &str) -> Option<String> {
    let Some((front, rest)) = text.split_once("${") else { return Some(text.to_owned()) };
    let (name, rest) = rest.split_once('}')?;
    Some(format!("{front}{}{}", machine.var(name)?, with_variables(machine, rest)?))
}

async fn look(machine: &Machine, keygen: Option<&Path>, path: &Path) -> Key {
    let mut key = Key { path: machine.tilde(path), ..Key::default() };
    let text = match machine.read(path).await {
        Ok(bytes) => Zeroizing::new(String::from_utf8_lossy(&Zeroizing::new(bytes)).into_owned()),
        Err(FileError::Missing) => return Key { state: State::Missing, ..key },
        Err(error) => return Key { state: State::Corrupt(error.to_string()), ..key },
    };
    key.open_to_others = machine.open_to_others(path);
    if let Some(public) = Public::read(&text) {
        return Key { state: State::PublicHalf, public: Some(public), open_to_others: None, ..key };
    }
    let Some(keygen) = keygen else { return key };
    let ask = |args: &[&str]| {
        let args = args.iter().map(Into::into).chain([path.as_os_str().to_owned()]);
        machine.run(Invocation::new(keygen, args))
    };
    let (half, listing) = tokio::join!(ask(&["-y", "-P", "", "-f"]), ask(&["-l", "-f"]));
    if let Ok(listing) = listing {
        key.bits = listing.stdout_text().split_whitespace().next().and_then(|bits| bits.parse().ok());
    }
    let Ok(half) = half else { return key };
    if half.success() {
        key.public = Public::read(&half.stdout_text());
        return key;
    }
    // What stands beside it is its public half by custom.
    let named = format!("{}.pub", path.display());
    key.public = machine.read_text(named).await.ok().and_then(|text| Public::read(&text));
    let said = half.stderr_text();
    // Windows has no such permissions, and ssh-keygen looks at others there.
    if said.contains("bad permissions") || said.contains("UNPROTECTED") {
        key.open_to_others = key.open_to_others.or(Some(0o777));
    }
    key.state = if said.contains("passphrase") {
        State::Encrypted
    } else if key.open_to_others.is_some() {
        State::Fine
    } else {
        State::Corrupt(damage(&text).unwrap_or_else(|| last_words(&said)))
    };
    key
}

/// What happens to keys that are copied through secrets of CI, variables and editors.
fn damage(text: &str) -> Option<String> {
    let why = if text.starts_with("PuTTY-User-Key-File") {
        "is in PuTTY's format, which ssh does not read"
    } else if text.trim().is_empty() {
        "is empty"
    } else if text.contains("\\n") {
        "holds \\n where lines should end"
    } else if text.contains('\r') {
        "has the line ends of Windows"
    } else if !text.contains("-----BEGIN") {
        "does not begin as a private key does"
    } else if !text.contains("-----END") {
        "is cut off"
    } else if text.lines().count() < 4 {
        "has lost its line ends"
    } else if !text.ends_with('\n') {
        "has lost its last line end"
    } else {
        return None;
    };
    Some(why.to_owned())
}

/// `Load key "...": error in libcrypto`: what follows the name.
fn last_words(said: &str) -> String {
    let line = said.lines().next_back().unwrap_or_default();
    format!("cannot be read by ssh ({})", line.rsplit("\": ").next().unwrap_or(line))
}

async fn agent(machine: &Machine, ssh: &Ssh, effective: &Effective) -> Option<Vec<Public>> {
    let program = beside(machine, ssh, "ssh-add")?;
    let listing = Invocation::new(program, ["-L"]);
    let listing = match effective.identity_agent.as_deref() {
        Some("none") => return None,
        // On Windows the agent is a service, which needs no variable.
        Some("SSH_AUTH_SOCK") | None if machine.os() == Os::Windows => listing,
        Some("SSH_AUTH_SOCK") | None => listing.env("SSH_AUTH_SOCK", machine.var_set("SSH_AUTH_SOCK")?),
        Some(named) => {
            let home = effective.home.as_ref().map(PathBuf::from).or_else(|| machine.home())?;
            let path = match named.strip_prefix('$').filter(|name| !name.starts_with('{')) {
                Some(name) => PathBuf::from(machine.var_set(name)?),
                None => expand(machine, &home, effective, named)?,
            };
            listing.env("SSH_AUTH_SOCK", path)
        }
    };
    let output = machine.run(listing).await.ok()?;
    // Status 1 means that it holds none, 2 that it cannot be reached (ssh-add(1)).
    (output.ended != crate::machine::Ended::Code(2))
        .then(|| output.stdout_text().lines().filter_map(Public::read).collect())
}

/// The public keys of a folder that are of none of these files.
async fn public_keys(machine: &Machine, folder: &Path, files: &[Key]) -> Vec<(String, Public)> {
    let mut found = Vec::new();
    for file in machine.matching(folder, "*.pub").await.into_iter().take(50) {
        let public = machine.read_text(&file).await.ok().and_then(|text| Public::read(&text));
        let shown = machine.tilde(&file);
        let is_known = files.iter().any(|key| shown == format!("{}.pub", key.path));
        found.extend(public.filter(|_| !is_known).map(|public| (shown, public)));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_keys_are_read() {
        let key = Public::read("ssh-rsa AAAAB3Nz ann@laptop two words\n").unwrap();
        assert_eq!((key.is_rsa(), key.body.as_str(), key.comment.as_str()), (true, "AAAAB3Nz", "ann@laptop two words"));
        assert_eq!(Public::read("ssh-ed25519 AAAA").unwrap().kind_name(), "Ed25519");
        assert!(Public::read("-----BEGIN OPENSSH PRIVATE KEY-----").is_none());
        assert!(Public::read("").is_none());
    }

    #[test]
    fn damage_is_told_by_its_form() {
        let whole = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\nbnNz\n-----END OPENSSH PRIVATE KEY-----\n";
        assert_eq!(damage(whole), None);
        for (text, word) in [
            (whole.trim_end().to_owned(), "last line end"),
            (whole.replace('\n', "\r\n"), "Windows"),
            (whole.replace('\n', "\\n"), "\\n where"),
            (whole.replace('\n', " "), "line ends"),
            (whole[..40].to_owned(), "cut off"),
            ("PuTTY-User-Key-File-3: ssh-rsa".to_owned(), "PuTTY"),
            ("b3Bl".to_owned(), "begin"),
            (" \n".to_owned(), "empty"),
        ] {
            assert!(damage(&text).is_some_and(|why| why.contains(word)), "{text:?}: {:?}", damage(&text));
        }
    }

    #[test]
    fn tokens_and_the_home_folder_are_expanded() {
        let effective = Effective { hostname: "h".to_owned(), user: "APKA".to_owned(), ..Effective::default() };
        let machine = Machine::new(Os::Linux, [("KEYS".into(), "/k".into())], "/".into());
        let of = |file: &str| expand(&machine, Path::new("/home/ann"), &effective, file);
        assert_eq!(of("~/.ssh/id_rsa"), Some("/home/ann/.ssh/id_rsa".into()));
        assert_eq!(of("%d/keys/%h-%r"), Some("/home/ann/keys/h-APKA".into()));
        assert_eq!(of("/etc/key"), Some("/etc/key".into()));
        assert_eq!(of("${KEYS}/x"), Some("/k/x".into()));
        assert_eq!((of("${NONE}/x"), of("~/%i")), (None, None), "what is not known is not judged");
    }
}
