//! What ssh's configuration comes to for one host: `ssh -G`, which connects to nobody.

use super::client::Client;
use crate::finding::Evidence;
use crate::machine::{Ended, Machine};
use crate::target::CloneUrl;
use regex_lite::Regex;
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;

/// The settings that count.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Effective {
    /// The user.
    pub user: String,
    /// The host that is connected to.
    pub hostname: String,
    /// The port.
    pub port: u16,
    /// The files with keys, in order, as they are written.
    pub identity_files: Vec<String>,
    /// Whether keys of the agent that no file names stay out.
    pub identities_only: bool,
    /// The agent's socket, where it is not the environment's; `none` for no agent.
    pub identity_agent: Option<String>,
    /// `yes`, `ask`, `accept-new`, `no`.
    pub strict_host_keys: String,
    /// The first file of known hosts.
    pub known_hosts: Option<String>,
    /// The name under which the host is known, where it is another.
    pub host_key_alias: Option<String>,
    /// The home folder that ssh uses, which is the account's and not `HOME`.
    pub home: Option<String>,
    /// Whether keys come from a security device as well.
    pub has_device: bool,
    /// `proxyjump` or `proxycommand`, where one leads to the host.
    pub detour: Option<String>,
}

/// The usual file of known hosts, below the home folder.
const USUAL: &str = "/.ssh/known_hosts";

/// What ssh says is wrong with a configuration file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Complaint {
    /// File and line, and ssh's own words.
    pub seen: Evidence,
    /// Whether it is about who owns the file or may change it.
    pub is_about_permissions: bool,
}

impl Effective {
    /// Reads the listing.
    pub(super) fn read(text: &str) -> Option<Self> {
        let all = |name: &'static str| {
            text.lines().filter_map(move |line| Some(line.strip_prefix(name)?.strip_prefix(' ')?.trim()))
        };
        let value = |name| all(name).next().filter(|value| *value != "none" && !value.is_empty());
        // Several names stand in one line, and each may hold spaces.
        let known_hosts = value("userknownhostsfile").map(|files| match files.find(USUAL) {
            Some(at) => &files[..at + USUAL.len()],
            None => files.split_whitespace().next().unwrap_or(files),
        });
        Some(Self {
            user: value("user")?.to_owned(),
            hostname: value("hostname")?.to_owned(),
            port: value("port")?.parse().ok()?,
            identity_files: all("identityfile").map(str::to_owned).collect(),
            identities_only: value("identitiesonly") == Some("yes"),
            identity_agent: all("identityagent").next().map(str::to_owned),
            strict_host_keys: value("stricthostkeychecking").unwrap_or("ask").to_owned(),
            known_hosts: known_hosts.map(str::to_owned),
            host_key_alias: value("hostkeyalias").map(str::to_owned),
            home: known_hosts.and_then(|file| file.strip_suffix(USUAL)).map(str::to_owned),
            has_device: value("pkcs11provider").is_some(),
            detour: ["proxyjump", "proxycommand"].into_iter().find(|name| value(name).is_some()).map(str::to_owned),
        })
    }
}

/// Asks ssh. `None` where it gives no answer that can be read.
pub(super) async fn ask(machine: &Machine, client: &Client, url: &CloneUrl, host: &str) -> Result<Asked, Complaint> {
    let mut args = vec!["-G".to_owned()];
    args.extend(url.port.iter().flat_map(|port| ["-p".to_owned(), port.to_string()]));
    args.extend(url.ssh_user.iter().flat_map(|user| ["-l".to_owned(), user.clone()]));
    args.extend(["--".to_owned(), host.to_owned()]);
    let Some(asking) = client.asking(machine, args) else {
        return Ok(Asked::Silent("it cannot be started".to_owned()));
    };
    let Ok(output) = machine.run(asking).await else { return Ok(Asked::Silent("it cannot be started".to_owned())) };
    let silent = || Asked::Silent(output.stderr_text().lines().next_back().unwrap_or("it says nothing").to_owned());
    match output.ended {
        Ended::Code(0) => {
            Ok(Effective::read(&output.stdout_text()).map_or_else(silent, |read| Asked::Told(Box::new(read))))
        }
        Ended::Code(_) => complaint(machine, &output.stderr_text()).map_or_else(|| Ok(silent()), Err),
        Ended::Signal | Ended::TimedOut => Ok(silent()),
    }
}

/// What ssh says when it is asked.
pub(super) enum Asked {
    /// What its configuration comes to.
    Told(Box<Effective>),
    /// Nothing that can be read; its own words.
    Silent(String),
}

/// `FILE: line N: Bad configuration option: x`, `FILE line N: missing argument.`, `Bad owner or permissions on FILE`.
fn complaint(machine: &Machine, said: &str) -> Option<Complaint> {
    static LINE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^(.+?):? line (\d+): (.*)$").ok());
    let shown = |file: &str| machine.tilde(std::path::Path::new(file));
    let lines = || said.lines().map(str::trim).filter(|line| !line.is_empty());
    let bad = lines().find_map(|line| line.strip_prefix("Bad owner or permissions on "));
    if let Some(file) = bad {
        let seen = Evidence::new(shown(file), format!("Bad owner or permissions on {}", shown(file)));
        return Some(Complaint { seen, is_about_permissions: true });
    }
    let placed = lines().find_map(|line| {
        let found = LINE.as_ref()?.captures(line)?;
        let at = |group| found.get(group).map(|part: regex_lite::Match<'_>| part.as_str());
        Some(Evidence::at(shown(at(1)?), at(2)?.parse().ok(), at(3)?))
    });
    placed.map(|seen| Complaint { seen, is_about_permissions: false })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::Os;

    #[test]
    fn the_listing_is_read() {
        let text = "user APKA\nhostname git-codecommit.us-east-2.amazonaws.com\nport 2222\nidentityfile ~/.ssh/a\n\
                    identityfile ~/.ssh/b\nidentitiesonly yes\nstricthostkeychecking ask\n\
                    userknownhostsfile /home/ann/.ssh/known_hosts /home/ann/.ssh/known_hosts2\n";
        let read = Effective::read(text).unwrap();
        assert_eq!((read.user.as_str(), read.port, read.identity_files.len()), ("APKA", 2222, 2));
        assert_eq!(read.home.as_deref(), Some("/home/ann"));
        assert!(read.identities_only && read.detour.is_none());
        assert_eq!(
            Effective::read(&format!("{text}proxyjump bastion\n")).unwrap().detour.as_deref(),
            Some("proxyjump")
        );
        assert_eq!(Effective::read(&format!("{text}proxyjump none\n")).unwrap().detour, None);
        assert!(Effective::read("nonsense").is_none());
    }

    #[test]
    fn ssh_s_complaints_are_placed() {
        let machine = Machine::new(Os::Linux, [("HOME".into(), "/home/ann".into())], "/".into());
        let of = |said: &str| complaint(&machine, said).unwrap();
        let bad = of(
            "/home/ann/.ssh/config: line 3: Bad configuration option: pubkeyacceptedalgorithms\r\n/home/ann/.ssh/config: terminating, 1 bad configuration options",
        );
        assert_eq!(
            bad.seen,
            Evidence::at("~/.ssh/config", Some(3), "Bad configuration option: pubkeyacceptedalgorithms")
        );
        let owner = of("Bad owner or permissions on /home/ann/.ssh/config");
        assert!(owner.is_about_permissions && owner.seen.source == "~/.ssh/config");
        assert_eq!(of("/home/ann/.ssh/config line 4: missing argument.").seen.line, Some(4));
        assert!(complaint(&machine, "No user exists for uid 12345").is_none());
    }
}
