//! What the credential stores of git's chain hold for CodeCommit hosts: user names, shapes and ages, never a password.

use super::Facts;
use super::answers::Answer;
use super::helpers::{HelperChain, HelperKind};
use crate::check::Gap;
use crate::machine::{Invocation, Machine};
use crate::shape::{Shape, compact_time, seconds};
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use std::time::SystemTime;

/// What the stores hold.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Stores {
    /// The items with which they answer when git asks for the URL.
    pub items: Vec<Item>,
    /// Items for the host that do not answer, because git asks for a path and they have another one, or none.
    pub elsewhere: Vec<Item>,
    /// Stores that could not be looked into, and why.
    pub closed: Vec<(StoreKind, String)>,
}

/// One stored user name and password.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// The place in the chain of the helper that answers with it.
    pub helper: usize,
    /// In which store.
    pub store: StoreKind,
    /// The store's name for its place: a file, a target, a keychain.
    pub place: String,
    /// The line in that file.
    pub line: Option<u32>,
    /// The host that it is for.
    pub host: String,
    /// The path that it is for, empty for every path; `None` when the store does not tell.
    pub path: Option<String>,
    /// What it is.
    pub shape: Shape,
    /// How many seconds ago it was stored, where the store knows.
    pub stored: Option<i64>,
}

impl Stores {
    /// These items, and the answers of those stores of the chain that could not be looked into.
    #[must_use]
    pub fn with_answers(&self, chain: &HelperChain, answers: &[Answer], host: &str) -> Self {
        let mut all = self.clone();
        for (at, (helper, answer)) in chain.helpers.iter().zip(answers).enumerate() {
            let seen = self.items.iter().any(|item| item.helper == at);
            if let Some(shape) = answer.shape().filter(|_| helper.keeps_passwords() && !seen) {
                all.items.push(Item {
                    helper: at,
                    store: StoreKind::Asked,
                    place: helper.entry.text().to_owned(),
                    line: None,
                    host: host.to_owned(),
                    path: None,
                    shape: shape.clone(),
                    stored: None,
                });
            }
        }
        all
    }
}

impl Item {
    /// What people call the place where it lies.
    #[must_use]
    pub fn place_name(&self) -> &str {
        match self.store {
            StoreKind::File | StoreKind::Asked => &self.place,
            store => store.name(),
        }
    }

    /// Whether the store answers with this one when git asks for a path, or for none.
    fn answers(&self, path: Option<&str>) -> bool {
        path.is_none() || self.path.is_none() || path == self.path.as_deref()
    }
}

/// A store of credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StoreKind {
    /// The macOS Keychain.
    Keychain,
    /// Windows Credential Manager.
    WindowsVault,
    /// The Secret Service of Linux desktops.
    SecretService,
    /// `git credential-store`.
    File,
    /// One that cannot be looked into, and answered when it was asked: git's cache, a store without a tool of its own.
    Asked,
}

impl StoreKind {
    /// What people call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Keychain => "the macOS Keychain",
            Self::WindowsVault => "Windows Credential Manager",
            Self::SecretService => "the Secret Service",
            Self::File => "git's credential file",
            Self::Asked => "the store",
        }
    }
}

/// Looks into every store that git's chain names, forgotten ones too: what they keep can come back.
///
/// # Errors
/// A gap when there is no chain, or no host.
pub async fn observe(facts: &Facts) -> Result<Stores, Gap> {
    let chain = facts.helpers().await?;
    let target = facts.target().await?;
    let host = target
        .effective
        .as_ref()
        .and_then(|url| url.host.clone())
        .ok_or_else(|| Gap::not_applicable("there is no host"))?;
    let machine = &facts.machine;
    let path = target.effective.as_ref().map(|url| url.path.trim_start_matches('/')).filter(|_| chain.uses_http_path());
    let mut stores = Stores::default();
    let mut seen = Vec::new();
    for (at, helper) in chain.helpers.iter().enumerate() {
        let looked = match &helper.kind {
            _ if seen.contains(&&helper.kind) => continue,
            HelperKind::OsxKeychain => keychain(machine, "find-internet-password", &host, &host).await,
            HelperKind::Manager | HelperKind::WinCred => match machine.which("cmdkey") {
                None if machine.which("security").is_some() => {
                    keychain(machine, "find-generic-password", &format!("git:https://{host}"), &host).await
                }
                _ => vault(machine, &host).await,
            },
            HelperKind::LibSecret => secret_service(machine, &host).await,
            HelperKind::Store(file) => Ok(credential_files(machine, file.as_deref(), &host).await),
            HelperKind::Aws(_) | HelperKind::Cache | HelperKind::Other => continue,
        };
        seen.push(&helper.kind);
        match looked {
            Ok(items) => {
                let (fit, rest) =
                    items.into_iter().map(|item| Item { helper: at, ..item }).partition(|item| item.answers(path));
                stores.items.extend::<Vec<_>>(fit);
                stores.elsewhere.extend::<Vec<_>>(rest);
            }
            Err((kind, why)) => stores.closed.push((kind, why)),
        }
    }
    Ok(stores)
}

type Looked = Result<Vec<Item>, (StoreKind, String)>;

/// Runs a store's own listing program.
async fn listing(
    machine: &Machine,
    kind: StoreKind,
    program: &str,
    args: &[&str],
) -> Result<String, (StoreKind, String)> {
    let path = machine.which(program).ok_or((kind, format!("`{program}` is not on PATH")))?;
    match machine.run(Invocation::new(path, args)).await {
        // They end with another status than 0 when they find nothing.
        Ok(output) => Ok(output.stdout_text()),
        Err(error) => Err((kind, error.to_string())),
    }
}

/// Asks `security` for the attributes of the items of one server or service. Without `-g` or `-w` it never shows, and
/// never asks for, a password. It shows one item; the others are looked for in its list of all items, when there is one.
async fn keychain(machine: &Machine, command: &str, service: &str, host: &str) -> Looked {
    let first = listing(machine, StoreKind::Keychain, "security", &[command, "-s", service]).await?;
    let mut items = read_keychain(&first, service, host);
    if !items.is_empty() {
        let all = listing(machine, StoreKind::Keychain, "security", &["dump-keychain"]).await?;
        let all = read_keychain(&all, service, host);
        if all.len() > items.len() {
            items = all;
        }
    }
    Ok(items)
}

/// Reads items as `security` prints them: a `keychain:` line, then attributes such as `"acct"<blob>="AKIA..."`.
fn read_keychain(text: &str, service: &str, host: &str) -> Vec<Item> {
    let now = SystemTime::now();
    let mut items = Vec::new();
    for block in text.split("keychain: ").skip(1) {
        let attribute = |name: &str| {
            let line = block.lines().find(|line| line.trim_start().starts_with(&format!("\"{name}\"<")))?;
            line.split_once('=').map(|(_, value)| value.trim().to_owned())
        };
        let quoted = |value: String| value.split('"').nth(1).map(str::to_owned);
        let server = attribute("srvr").or_else(|| attribute("svce")).and_then(quoted).unwrap_or_default();
        if server != service {
            continue;
        }
        let path = attribute("path").map(|path| quoted(path).unwrap_or_default());
        let user = attribute("acct").and_then(quoted).unwrap_or_default();
        // 0x3230...  "20260101T000000Z\000" or "20260101000000Z\000"
        let stored = attribute("mdat").and_then(quoted).and_then(|time| {
            let digits: String = time.chars().filter(char::is_ascii_digit).take(14).collect();
            compact_time(&format!("{}T{}Z", digits.get(..8)?, digits.get(8..)?))
        });
        items.push(Item {
            helper: 0,
            store: StoreKind::Keychain,
            place: block.lines().next().unwrap_or_default().trim_matches('"').to_owned(),
            line: None,
            host: host.to_owned(),
            path,
            shape: Shape::of(&user, None, now),
            stored: stored.map(|at| seconds(now) - at),
        });
    }
    items
}

/// Asks `cmdkey /list`, which shows targets and user names.
async fn vault(machine: &Machine, host: &str) -> Looked {
    let text = listing(machine, StoreKind::WindowsVault, "cmdkey", &["/list"]).await?;
    Ok(read_vault(&text, host))
}

/// Reads the list of `cmdkey`: blocks of lines, whose labels are in the language of Windows. A target names the host; the
/// user name is the value of the block's last line that is neither the type nor the persistence.
fn read_vault(text: &str, host: &str) -> Vec<Item> {
    let mut items = Vec::new();
    let mut lines = text.lines().map(str::trim).peekable();
    while let Some(line) = lines.next() {
        let Some((_, target)) = line.split_once("target=") else { continue };
        if !target.contains(host) {
            continue;
        }
        let mut values = Vec::new();
        while let Some(next) = lines.next_if(|next| !next.is_empty() && !next.contains("target=")) {
            if let Some((_, value)) = next.split_once(':') {
                values.push(value.trim().to_owned());
            }
        }
        let user = values.get(1).cloned().unwrap_or_default();
        items.push(Item {
            helper: 0,
            store: StoreKind::WindowsVault,
            place: format!("LegacyGeneric:target={target}"),
            line: None,
            host: host.to_owned(),
            path: None,
            shape: Shape::of(&user, None, SystemTime::now()),
            stored: None,
        });
    }
    items
}

/// Asks `secret-tool`. It prints the secrets of unlocked items, which are reduced to their shape here.
async fn secret_service(machine: &Machine, host: &str) -> Looked {
    let kind = StoreKind::SecretService;
    let path = machine.which("secret-tool").ok_or((kind, "`secret-tool` is not on PATH".to_owned()))?;
    let output = machine.run(Invocation::new(path, ["search", "--all", "protocol", "https", "server", host])).await;
    let output = output.map_err(|error| (kind, error.to_string()))?;
    // Which of its two outputs carries the attributes differs between versions.
    let text = format!("{}\n{}", output.stdout_text(), output.stderr_text());
    let value = |line: &str| line.split_once(" = ").map(|(_, value)| value.trim().to_owned());
    let all = |name: &str| {
        text.lines().filter(|line| line.trim_start().starts_with(name)).filter_map(value).collect::<Vec<_>>()
    };
    let secrets = all("secret");
    let users = all("attribute.user");
    Ok(users
        .iter()
        .enumerate()
        .map(|(at, user)| {
            let secret = secrets.get(at).filter(|_| secrets.len() == users.len());
            if let Some(secret) = secret {
                machine.secrets().learn(secret);
            }
            Item {
                helper: 0,
                store: kind,
                place: "login keyring".to_owned(),
                line: None,
                host: host.to_owned(),
                path: None,
                shape: Shape::of(user, secret.map(String::as_str), SystemTime::now()),
                stored: None,
            }
        })
        .collect())
}

/// Reads the files of `git credential-store`: the named one, or both default ones.
async fn credential_files(machine: &Machine, file: Option<&str>, host: &str) -> Vec<Item> {
    let xdg =
        machine.var_set("XDG_CONFIG_HOME").map_or_else(|| machine.expand("~/.config"), |dir| machine.expand(&dir));
    let files = match file {
        Some(file) => vec![machine.expand(file)],
        None => vec![machine.expand("~/.git-credentials"), xdg.join("git/credentials")],
    };
    let mut items = Vec::new();
    for file in files {
        let text = machine.read_text(&file).await.unwrap_or_default();
        for (number, line) in (1..).zip(text.lines()) {
            items.extend(read_credential_line(machine, line, host).map(|(path, shape)| Item {
                helper: 0,
                store: StoreKind::File,
                place: machine.tilde(&file),
                line: Some(number),
                host: host.to_owned(),
                path: Some(path),
                shape,
                stored: None,
            }));
        }
    }
    items
}

/// One line of git's credential file, `https://user:password@host/path`, when it is for this host. Every password is learnt,
/// of other hosts too, so that it can never be told.
fn read_credential_line(machine: &Machine, line: &str, host: &str) -> Option<(String, Shape)> {
    let (scheme, rest) = line.trim().split_once("://")?;
    let (userinfo, place) = rest.rsplit_once('@')?;
    let (user, password) = userinfo.split_once(':').unwrap_or((userinfo, ""));
    let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let (user, password) = (decode(user), decode(password));
    machine.secrets().learn(&password);
    let (named, path) = place.split_once('/').unwrap_or((place, ""));
    let here = scheme == "https" && decode(named).eq_ignore_ascii_case(host);
    here.then(|| (decode(path), Shape::of(&user, Some(&password), SystemTime::now())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::Os;
    use crate::shape::Kind;

    const HOST: &str = "git-codecommit.us-east-1.amazonaws.com";

    #[test]
    fn the_keychain_s_attributes_are_read() {
        let text = format!(
            "keychain: \"/Users/ann/Library/Keychains/login.keychain-db\"\nversion: 512\nclass: \"inet\"\nattributes:\n    0x00000007 <blob>=\"x\"\n    \"acct\"<blob>=\"AKIAIOSFODNN7EXAMPLE\"\n    \"mdat\"<timedate>=0x32303236303130313030303030305A00  \"20260101000000Z\\000\"\n    \"srvr\"<blob>=\"{HOST}\"\nkeychain: \"x\"\n    \"srvr\"<blob>=\"github.com\"\n    \"acct\"<blob>=\"ann\"\n"
        );
        let items = read_keychain(&text, HOST, HOST);
        assert_eq!(items.len(), 1);
        assert_eq!(items[0].shape.kind, Kind::SignedKey);
        assert!(items[0].stored.is_some());
    }

    #[test]
    fn the_vault_is_read_in_any_language() {
        let text = format!(
            "Gespeicherte Anmeldeinformationen:\r\n\r\n    Ziel: LegacyGeneric:target=git:https://{HOST}\r\n    Typ: Generisch \r\n    Benutzer: ASIAIOSFODNN7EXAMPLE%token\r\n    Lokale Computerpersistenz\r\n\r\n    Ziel: LegacyGeneric:target=git:https://github.com\r\n    Typ: Generisch\r\n    Benutzer: ann\r\n"
        );
        let items = read_vault(&text, HOST);
        assert_eq!(items.len(), 1);
        assert_eq!(
            (items[0].shape.kind, items[0].shape.user.as_str()),
            (Kind::SignedSession, "ASIAIOSFODNN7EXAMPLE%***")
        );
    }

    #[test]
    fn lines_for_other_hosts_are_learnt_but_not_kept() {
        let machine = Machine::new(Os::Linux, [], "/".into());
        assert_eq!(read_credential_line(&machine, "https://ann:hunter2%2Bx@github.com", HOST), None);
        assert_eq!(machine.secrets().scrub("hunter2+x"), "***");
        let shape = read_credential_line(&machine, &format!("https://ann-at-111122223333:pa%2Fss@{HOST}/v1"), HOST);
        assert_eq!(shape.map(|(path, shape)| (path, shape.kind)), Some(("v1".to_owned(), Kind::GitCredential)));
        assert_eq!(read_credential_line(&machine, "no url at all", HOST), None);
    }

    #[test]
    fn a_path_is_asked_for_like_the_host() {
        let item = |path: Option<&str>| Item {
            helper: 0,
            store: StoreKind::File,
            place: String::new(),
            line: None,
            host: HOST.into(),
            path: path.map(str::to_owned),
            shape: Shape::of("ann", None, SystemTime::now()),
            stored: None,
        };
        let asked = Some("v1/repos/x");
        assert!(item(Some("v1/repos/x")).answers(asked) && item(None).answers(asked));
        assert!(!item(Some("v1/repos/y")).answers(asked) && !item(Some("")).answers(asked));
        assert!(item(Some("v1/repos/y")).answers(None));
    }
}
