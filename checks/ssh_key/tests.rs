use super::*;
use crate::facts::healthy::over_ssh;
use crate::finding::Severity;

/// A machine on which all is well but Git, for tests to break.
struct Bench {
    identities: Identities,
    uploaded: Uploaded,
    talk: Talk,
    has_terminal: bool,
}

impl Bench {
    fn new() -> Self {
        Self {
            identities: over_ssh::identities(),
            uploaded: over_ssh::uploaded(),
            talk: Talk { read: Read::Failed("Permission denied (publickey).".to_owned()), ..over_ssh::talk() },
            has_terminal: false,
        }
    }

    fn with(change: impl FnOnce(&mut Key)) -> Self {
        let mut bench = Self::new();
        change(&mut bench.identities.files[0]);
        bench
    }

    fn keys(&mut self) -> &mut Vec<UploadedKey> {
        match &mut self.uploaded {
            Uploaded::Listed { keys, .. } => keys,
            Uploaded::Refused(_) => unreachable!("the bench has some"),
        }
    }

    fn verdict(&self) -> Verdict {
        let ssh = over_ssh::ssh();
        let view = View {
            host: "git-codecommit.us-east-2.amazonaws.com",
            ssh: &ssh,
            identities: &self.identities,
            uploaded: Some(&self.uploaded),
            talk: Some(&self.talk),
            works: false,
            has_terminal: self.has_terminal,
        };
        view.judge()
    }

    fn ids(&self) -> Vec<&'static str> {
        self.verdict().ids()
    }

    fn said(mut self, text: &str) -> Self {
        self.talk.read = Read::Failed(text.to_owned());
        self
    }
}

fn public(kind: &str, body: &str) -> Public {
    Public { kind: kind.to_owned(), body: body.to_owned(), comment: String::new() }
}

#[test]
fn a_good_key_that_iam_knows_is_fine() {
    assert_eq!(Bench::new().ids(), Vec::<&str>::new());
}

#[test]
fn each_flaw_of_the_only_key_is_told() {
    assert_eq!(Bench::with(|key| key.state = State::Missing).ids(), ["key-missing"]);
    assert_eq!(Bench::with(|key| key.state = State::PublicHalf).ids(), ["public-key-as-identity"]);
    assert_eq!(Bench::with(|key| key.state = State::Corrupt("is cut off".to_owned())).ids(), ["key-corrupt"]);
    assert_eq!(Bench::with(|key| key.bits = Some(1024)).ids(), ["key-too-short"]);
    assert_eq!(Bench::with(|key| key.public = Some(public("ssh-ed25519", "e"))).ids(), ["key-type-refused"]);
    let mut none = Bench::with(|key| key.state = State::Missing);
    none.identities.named = false;
    assert_eq!(none.ids(), ["key-missing"]);
}

#[test]
fn a_passphrase_matters_where_nobody_can_give_it() {
    let mut bench = Bench::with(|key| key.state = State::Encrypted);
    assert_eq!((bench.ids(), bench.verdict().severity()), (vec!["key-encrypted-no-agent"], Some(Severity::Error)));
    bench.has_terminal = true;
    assert_eq!(bench.verdict().severity(), Some(Severity::Warning));
    bench.identities.agent = Some(vec![public("ssh-rsa", "AAAAB3NzaC1yc2E")]);
    assert_eq!(bench.ids(), Vec::<&str>::new());
}

#[test]
fn a_good_key_makes_up_for_all_others() {
    let mut bench = Bench::with(|key| key.public = Some(public("ssh-ed25519", "e")));
    bench.identities.agent = Some(vec![public("ssh-rsa", "AAAAB3NzaC1yc2E")]);
    assert_eq!((bench.ids(), bench.verdict().severity()), (vec!["key-type-refused"], Some(Severity::Warning)));
    bench.identities.named = false;
    assert_eq!(bench.ids(), Vec::<&str>::new());
    bench.identities.identities_only = true;
    assert_eq!(bench.verdict().severity(), Some(Severity::Error), "the agent's keys stay out");
}

#[test]
fn the_id_is_that_of_the_key() {
    let mut bench = Bench::new();
    bench.keys()[0].active = false;
    assert_eq!(bench.ids(), ["key-inactive"]);
    bench.keys()[0] = UploadedKey { active: true, public: Some(public("ssh-rsa", "other")), ..bench.keys()[0].clone() };
    assert_eq!(bench.ids(), ["key-id-mismatch"]);
    bench.identities.beside = vec![("~/.ssh/work.pub".to_owned(), public("ssh-rsa", "other"))];
    assert!(bench.verdict().findings[0].fixes[0].title.contains("IdentityFile ~/.ssh/work "), "{:?}", bench.verdict());
    bench.keys().clear();
    assert_eq!(bench.ids(), ["key-not-uploaded"]);
    bench.talk.read = Read::Failed("Host key verification failed.".to_owned());
    assert_eq!(bench.ids(), Vec::<&str>::new(), "nobody has refused the key");
    bench.talk.read = Read::Failed("Permission denied (publickey).".to_owned());
    let other = "APKAOTHEROTHEROTHER1".to_owned();
    *bench.keys() = vec![UploadedKey { id: other, active: true, public: Some(public("ssh-rsa", "AAAAB3NzaC1yc2E")) }];
    assert_eq!(bench.ids(), ["key-id-mismatch"]);
}

#[test]
fn the_old_signature_is_proposed_only_where_the_server_offers_nothing_else() {
    let proposes = |bench: &Bench| format!("{:?}", bench.verdict().findings[0].fixes).contains("+ssh-rsa");
    let refused = "Unable to negotiate with 1.2.3.4 port 22: no matching host key type found. Their offer: ssh-rsa";
    let mut bench = Bench::new().said(refused);
    bench.talk.host_key_kinds = vec!["ssh-rsa".to_owned()];
    assert_eq!(bench.ids(), ["algorithm-refused"]);
    assert!(proposes(&bench));
    bench.talk.host_key_kinds.push("rsa-sha2-512".to_owned());
    assert!(!proposes(&bench));

    let bench = Bench::new().said("sign_and_send_pubkey: no mutual signature supported");
    assert_eq!(bench.ids(), ["algorithm-refused"]);
    assert!(!proposes(&bench), "the server takes rsa-sha2");
    let mut bench = Bench::new().said("ssh_dispatch_run_fatal: Connection to 1.2.3.4 port 22: error in libcrypto");
    assert_eq!(bench.ids(), Vec::<&str>::new(), "the server offers more than the old one");
    bench.talk.host_key_kinds = vec!["ssh-rsa".to_owned()];
    assert_eq!(bench.ids(), ["algorithm-refused"]);
}
