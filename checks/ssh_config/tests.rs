use super::*;
use crate::facts::healthy::over_ssh;
use crate::facts::ssh::identities::{Key, Public, State};

const HOST: &str = "git-codecommit.us-east-2.amazonaws.com";

/// A machine on which all is well but Git, for tests to break.
struct Bench {
    ssh: Ssh,
    url: CloneUrl,
    identities: Identities,
    works: bool,
}

impl Bench {
    fn new() -> Self {
        Self {
            ssh: over_ssh::ssh(),
            url: CloneUrl::read(&format!("ssh://{HOST}/v1/repos/MyDemoRepo")),
            identities: over_ssh::identities(),
            works: false,
        }
    }

    fn as_user(user: &str) -> Self {
        let mut bench = Self::new();
        bench.ssh.effective.as_mut().unwrap().user = user.to_owned();
        bench
    }

    fn verdict(&self) -> Verdict {
        let uploaded = over_ssh::uploaded();
        let view = View {
            ssh: &self.ssh,
            url: &self.url,
            host: HOST,
            remote: None,
            identities: &self.identities,
            uploaded: Some(&uploaded),
            works: self.works,
            os: Os::Linux,
        };
        view.judge()
    }

    fn ids(&self) -> Vec<&'static str> {
        self.verdict().ids()
    }
}

fn block(patterns: &str, user: &str) -> Block {
    Block {
        file: "~/.ssh/config".to_owned(),
        line: 4,
        patterns: vec![patterns.to_owned()],
        user: Some((user.to_owned(), 5)),
        ..Block::default()
    }
}

#[test]
fn the_guide_s_set_up_is_fine() {
    assert_eq!(Bench::new().ids(), Vec::<&str>::new());
}

#[test]
fn a_program_that_is_missing_or_of_another_make_is_told_alone() {
    let mut bench = Bench::as_user("ann");
    bench.ssh.client.path = None;
    assert_eq!(bench.ids(), ["ssh-missing"]);
    bench.ssh.client.variant = Variant::Plink;
    bench.ssh.client.named_by = Some(Evidence::new("GIT_SSH", "plink"));
    let verdict = bench.verdict();
    assert_eq!(verdict.ids(), ["plink"]);
    assert_eq!(verdict.findings[0].fixes[0].steps[0].argv().unwrap(), ["unset", "GIT_SSH"]);
}

#[test]
fn what_ssh_complains_of_is_told_with_its_line() {
    let mut bench = Bench::new();
    bench.ssh.effective = None;
    let text = "Bad configuration option: pubkeyacceptedalgorithms";
    let seen = Evidence::at("~/.ssh/config", Some(3), text);
    bench.ssh.complaint = Some(Complaint { seen: seen.clone(), is_about_permissions: false });
    bench.ssh.client.version_text = Some("OpenSSH_8.1p1".to_owned());
    let verdict = bench.verdict();
    assert_eq!((verdict.ids(), &verdict.findings[0].evidence[0]), (vec!["config-invalid"], &seen));
    assert!(verdict.findings[0].fixes[0].title.contains("PubkeyAcceptedKeyTypes"));
    bench.ssh.complaint = Some(Complaint { seen, is_about_permissions: true });
    assert_eq!(bench.ids(), ["bad-permissions"]);
}

#[test]
fn a_key_that_others_may_read_is_told_and_matters_less_beside_a_good_one() {
    let mut bench = Bench::new();
    bench.identities.files[0].open_to_others = Some(0o644);
    assert_eq!((bench.ids(), bench.verdict().severity()), (vec!["bad-permissions"], Some(Severity::Error)));
    let good = Public { kind: "ssh-rsa".to_owned(), body: "other".to_owned(), comment: String::new() };
    bench.identities.files.push(Key { public: Some(good), state: State::Fine, ..Key::default() });
    assert_eq!(bench.verdict().severity(), Some(Severity::Warning));
    bench.identities.named = false;
    assert_eq!(bench.ids(), Vec::<&str>::new());
}

#[test]
fn whoever_signs_in_as_somebody_is_told_why() {
    let bench = Bench::as_user("ann");
    let verdict = bench.verdict();
    assert_eq!(verdict.ids(), ["user-missing"]);
    let crate::finding::Step::Feed { lines, .. } = &verdict.findings[0].fixes[0].steps[1] else {
        panic!("{verdict:?}")
    };
    assert_eq!(lines[1..], ["Host git-codecommit.*.amazonaws.com", "  User APKAEIBAERJR2EXAMPLE"]);

    let mut bench = Bench::as_user("git");
    bench.url = CloneUrl::read(&format!("ssh://git@{HOST}/v1/repos/MyDemoRepo"));
    assert_eq!(bench.ids(), ["user-not-key-id"]);
    assert_eq!(
        bench.verdict().findings[0].fixes[0].steps[0].argv().unwrap()[2],
        format!("ssh://APKAEIBAERJR2EXAMPLE@{HOST}/v1/repos/MyDemoRepo")
    );

    let mut bench = Bench::as_user("AIDAEXAMPLE");
    bench.ssh.blocks = vec![block("*", "AIDAEXAMPLE")];
    let verdict = bench.verdict();
    assert_eq!((verdict.ids(), verdict.findings[0].evidence[0].line), (vec!["user-not-key-id"], Some(5)));
    bench.works = true;
    assert_eq!(bench.ids(), Vec::<&str>::new(), "whoever is let in is right");
}

#[test]
fn a_block_that_does_not_apply_comes_before_the_user_that_is_missing() {
    let ours = block("git-codecommit.*.amazonaws.com", "APKAEIBAERJR2EXAMPLE");
    let mut bench = Bench::as_user("ann");
    bench.ssh.unread = vec![Evidence::new("~/.ssh/config.txt", "ssh reads only the file named config")];
    assert_eq!(bench.ids(), ["config-not-read"]);

    let mut bench = Bench::as_user("ann");
    bench.ssh.blocks = vec![block("*", "ann"), ours.clone()];
    assert_eq!(bench.ids(), ["config-not-read"]);

    let mut bench = Bench::as_user("ann");
    bench.ssh.blocks = vec![block("git-codecommit.eu-*", "APKAEIBAERJR2EXAMPLE")];
    assert_eq!(bench.ids(), ["config-not-read"]);
}

#[test]
fn two_accounts_and_a_full_agent_are_warned_of() {
    let mut bench = Bench::new();
    bench.ssh.blocks = vec![block("git-codecommit.*", "APKAEIBAERJR2EXAMPLE"), block(HOST, "APKAOTHEROTHEROTHER1")];
    bench.identities.agent = Some(vec![Public::default(); 6]);
    assert_eq!(bench.ids(), ["two-accounts-one-host", "agent-offers-many"]);
    assert_eq!(bench.verdict().severity(), Some(Severity::Warning));
}
