//! The same machine, set up for SSH as the guide says.

use super::{Facts, known};
use crate::facts::ssh::identities::{Identities, Key, Public};
use crate::facts::ssh::talk::{Known, Talk};
use crate::facts::ssh::uploaded::{Uploaded, UploadedKey};
use crate::facts::ssh::{Client, Effective, Ssh, host_key::HostKey};
use crate::facts::{access, target};
use crate::target::CloneUrl;

const URL: &str = "ssh://git-codecommit.us-east-2.amazonaws.com/v1/repos/MyDemoRepo";
const ID: &str = "APKAEIBAERJR2EXAMPLE";
const FINGERPRINT: &str = "SHA256:3lBlW2g5xn/NA2Ck6dyeJIrQOWvn7n8UEs56fG6ZIzQ";

impl Facts {
    pub(crate) fn over_ssh(self) -> Self {
        Self {
            target: known(target::Target {
                from: "remote origin".to_owned(),
                given: Some(CloneUrl::read(URL)),
                effective: Some(CloneUrl::read(URL)),
                ..target::Target::default()
            }),
            ssh: known(ssh()),
            ssh_identities: known(identities()),
            ssh_uploaded: known(uploaded()),
            ssh_talk: known(talk()),
            ssh_host_key: known(host_key()),
            access: known(access::Access { read: access::Read::Works(1), refusal: None, push: None }),
            ..self
        }
    }
}

/// OpenSSH with the guide's block.
pub(crate) fn ssh() -> Ssh {
    Ssh {
        client: Client::of("ssh", Some("/usr/bin/ssh"), "OpenSSH_9.2p1 Debian-2"),
        effective: Some(Effective {
            user: ID.to_owned(),
            hostname: "git-codecommit.us-east-2.amazonaws.com".to_owned(),
            port: 22,
            identity_files: vec!["~/.ssh/codecommit_rsa".to_owned()],
            strict_host_keys: "ask".to_owned(),
            known_hosts: Some("/home/ann/.ssh/known_hosts".to_owned()),
            ..Effective::default()
        }),
        ..Ssh::default()
    }
}

fn public() -> Public {
    Public { kind: "ssh-rsa".to_owned(), body: "AAAAB3NzaC1yc2E".to_owned(), comment: "ann".to_owned() }
}

/// One good key in a file, no agent.
pub(crate) fn identities() -> Identities {
    let key =
        Key { path: "~/.ssh/codecommit_rsa".to_owned(), public: Some(public()), bits: Some(4096), ..Key::default() };
    Identities { files: vec![key], named: true, ..Identities::default() }
}

/// That key, active.
pub(crate) fn uploaded() -> Uploaded {
    let key = UploadedKey { id: ID.to_owned(), active: true, public: Some(public()) };
    Uploaded::Listed { user: "ann".to_owned(), keys: vec![key] }
}

/// A conversation that ends well.
pub(crate) fn talk() -> Talk {
    let names = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect();
    Talk {
        read: access::Read::Works(1),
        host_key: Some(("ssh-rsa".to_owned(), FINGERPRINT.to_owned())),
        known: Known::Yes,
        host_key_kinds: names(&["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"]),
        signatures: names(&["rsa-sha2-256", "rsa-sha2-512"]),
        kept_back: false,
    }
}

fn host_key() -> HostKey {
    HostKey {
        host: "git-codecommit.us-east-2.amazonaws.com".to_owned(),
        kind: "ssh-rsa".to_owned(),
        fingerprint: FINGERPRINT.to_owned(),
        published: Some(FINGERPRINT.to_owned()),
        file: "~/.ssh/known_hosts".to_owned(),
        ..HostKey::default()
    }
}
