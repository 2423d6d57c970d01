//! What is wrong with the keys, where none of them is good.

use super::{CORRUPT, ENCRYPTED, MISSING, PUBLIC_HALF, SMALLEST, TOO_SHORT, TYPE_REFUSED, View, is_short};
use crate::docs;
use crate::facts::ssh::identities::{Key, Public, State};
use crate::finding::{Evidence, Finding, Fix, Severity};

impl View<'_> {
    /// One finding for each file that is there, else one for there being none.
    pub(super) fn flaws(&self) -> Vec<Finding> {
        let found: Vec<Finding> = self.identities.files.iter().filter_map(|key| self.flaw(key)).collect();
        let refused = self.identities.agent.iter().flatten().find(|public| !public.is_rsa());
        let in_agent = refused.filter(|_| found.is_empty()).map(|public| other_kind(&public.comment, public));
        let all: Vec<Finding> = found.into_iter().chain(in_agent).collect();
        // A key that others may read is the configuration's business.
        let told_elsewhere = self.identities.files.iter().any(|key| key.open_to_others.is_some());
        if all.is_empty() && !told_elsewhere && self.good().next().is_none() {
            self.none().into_iter().collect()
        } else {
            all
        }
    }

    fn flaw(&self, key: &Key) -> Option<Finding> {
        let path = &key.path;
        match &key.state {
            State::Missing => self.identities.named.then(|| missing(path)),
            State::PublicHalf if self.identities.is_in_agent(key) => None,
            State::PublicHalf => {
                let private = path.trim_end_matches(".pub");
                let message = format!("{path} holds the public half of a key; ssh needs the private one.");
                let fix =
                    Fix::manual(format!("Write IdentityFile {private} into ~/.ssh/config")).docs(docs::TROUBLE_SSH);
                Some(Finding::new(&PUBLIC_HALF, message).seen(Evidence::new(path, "a public key")).fix(fix))
            }
            State::Corrupt(why) => {
                let message = format!("The private key {path} {why}.");
                let fix = Fix::manual(
                    "Put the key there anew, with its line ends, or make a new one and upload its public half",
                );
                Some(Finding::new(&CORRUPT, message).seen(Evidence::new(path, why)).fix(fix.docs(docs::SETUP_SSH)))
            }
            State::Encrypted if !self.identities.is_in_agent(key) => Some(self.encrypted(path)),
            State::Fine | State::Encrypted => {
                let public = key.public.as_ref()?;
                if !public.is_rsa() {
                    return Some(other_kind(path, public));
                }
                is_short(key).then(|| too_short(path, key.bits.unwrap_or_default()))
            }
        }
    }

    /// At a terminal ssh asks for it.
    fn encrypted(&self, path: &str) -> Finding {
        let message = format!("The private key {path} has a passphrase, and no agent holds the key.");
        let fix = Fix::manual("Give the key to the agent").run(["ssh-add", path]).docs(docs::TROUBLE_SSH);
        let finding = Finding::new(&ENCRYPTED, message).seen(Evidence::new(path, "encrypted")).fix(fix);
        if self.has_terminal { finding.at_most(Severity::Warning) } else { finding }
    }

    fn none(&self) -> Option<Finding> {
        let looked = self.identities.files.iter().map(|key| key.path.as_str()).collect::<Vec<_>>().join(", ");
        let nowhere =
            !self.identities.has_device && self.identities.files.iter().all(|key| key.state == State::Missing);
        let message = "There is no SSH key: no file of those that ssh looks for, and no agent that holds one.";
        nowhere.then(|| Finding::new(&MISSING, message).seen(Evidence::new("looked for", looked)).fix(make()))
    }
}

fn missing(path: &str) -> Finding {
    let message = format!("The private key {path}, which ssh is told to use, does not exist.");
    let fix = Fix::manual("Correct IdentityFile, or put the key there").docs(docs::TROUBLE_SSH);
    Finding::new(&MISSING, message).seen(Evidence::new("IdentityFile", path)).fix(fix).fix(make())
}

fn other_kind(path: &str, public: &Public) -> Finding {
    let kind = public.kind_name();
    let message = format!("{path} is an {kind} key, and CodeCommit takes RSA keys only.");
    Finding::new(&TYPE_REFUSED, message).seen(Evidence::new(path, &public.kind)).fix(make())
}

fn too_short(path: &str, bits: u32) -> Finding {
    let message = format!("{path} is an RSA key of {bits} bits, and IAM takes none below {SMALLEST}.");
    Finding::new(&TOO_SHORT, message).seen(Evidence::new(path, format!("{bits} bits"))).fix(make())
}

/// Makes a key that IAM takes; plain `ssh-keygen` makes another kind since OpenSSH 9.5.
fn make() -> Fix {
    Fix::manual("Make an RSA key, upload its public half to IAM, and name both in ~/.ssh/config")
        .run(["ssh-keygen", "-t", "rsa", "-b", "4096", "-f", "~/.ssh/codecommit_rsa"])
        .docs(docs::SETUP_SSH)
}
