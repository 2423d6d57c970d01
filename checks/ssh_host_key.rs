//! The server is really CodeCommit: its key is known here, and is the published one.

use crate::check::{Check, Group, Verdict};
use crate::docs;
use crate::facts::access::Access;
use crate::facts::ssh::host_key::HostKey;
use crate::facts::ssh::talk::Known;
use crate::finding::{Evidence, Finding, FindingKind, Fix, Severity};
use crate::machine::Os;
use crate::needs::Needs;
use crate::remedies::ssh as remedy;

/// The check.
pub(super) static CHECK: Check = Check {
    id: "ssh-host-key",
    title: "The SSH server's key is known, and is the one that AWS publishes",
    group: Group::Ssh,
    explain: include_str!("ssh_host_key.md"),
    findings: &[&MISMATCH, &UNKNOWN],
    needs: Needs {
        actions: &[],
        reads_policies: false,
        hosts: &["git-codecommit.REGION.amazonaws.com"],
        files: &["~/.ssh/known_hosts"],
    },
    judge: |facts| {
        Box::pin(async move {
            let key = facts.ssh_host_key().await?;
            let works = facts.access().await.is_ok_and(Access::works);
            Ok(judge(key, works, facts.machine.has_terminal() && !facts.machine.is_ci(), facts.machine.os()))
        })
    },
};

static UNKNOWN: FindingKind =
    FindingKind::error("host-key-unknown", "This machine does not know the server's key", &["C94"], docs::REGIONS);
static MISMATCH: FindingKind =
    FindingKind::error("host-key-mismatch", "The server's key is not the expected one", &["C94"], docs::REGIONS);

fn judge(key: &HostKey, works: bool, has_terminal: bool, os: Os) -> Verdict {
    let findings: Vec<Finding> = mismatch(key).or_else(|| unknown(key, has_terminal, os)).into_iter().collect();
    // Whoever trusts another key on this machine may have reasons; that somebody listens is worth a warning.
    let most = if works || key.known == Known::Yes { Severity::Warning } else { Severity::Error };
    let findings = findings.into_iter().map(|finding| finding.at_most(most)).collect();
    let whose = match key.is_published() {
        Some(true) => "the one that AWS publishes",
        Some(false) => "not the one that AWS publishes",
        None => "one for which AWS publishes no fingerprint",
    };
    Verdict::new(format!("{} shows {} {}, {whose}", key.host, key.kind, key.fingerprint), findings)
}

fn mismatch(key: &HostKey) -> Option<Finding> {
    let shown = Evidence::new(format!("{} shows", key.host), &key.fingerprint);
    if key.is_published() == Some(false) {
        let message = format!(
            "{} shows a key that is not the one that AWS publishes: somebody may stand in between. Do not go on.",
            key.host
        );
        let published = Evidence::new("AWS publishes", key.published.clone().unwrap_or_default());
        let fix =
            Fix::manual("Ask whoever runs the network what answers on port 22, and clone over https until it is clear");
        return Some(Finding::new(&MISMATCH, message).seen(shown).seen(published).fix(fix.docs(docs::REGIONS)));
    }
    if key.known != Known::Other {
        return None;
    }
    let message = format!("{} shows another key than the one that {} knows.", key.host, key.file);
    let finding = Finding::new(&MISMATCH, message).seen(shown).seen(Evidence::new(&key.file, "another key"));
    Some(match key.is_published() {
        Some(true) => {
            let fix = Fix::review("Forget the old key: the new one is the one that AWS publishes");
            finding.fix(fix.run(["ssh-keygen", "-R", &key.host, "-f", &key.file]).docs(docs::REGIONS))
        }
        _ => finding.fix(
            Fix::manual("Do not go on before whoever runs this host has told you its fingerprint").docs(docs::REGIONS),
        ),
    })
}

fn unknown(key: &HostKey, has_terminal: bool, os: Os) -> Option<Finding> {
    if key.known != Known::No {
        return None;
    }
    let message =
        format!("{} knows no key of {}, so ssh does not connect unless a person says yes.", key.file, key.host);
    let finding = Finding::new(&UNKNOWN, message)
        .seen(Evidence::new(&key.file, format!("no line for {}", key.host)))
        .seen(Evidence::new(format!("{} shows", key.host), format!("{} {}", key.kind, key.fingerprint)));
    let finding = match &key.line {
        Some(line) => finding.fix(remember(line, &key.file, os)),
        None => finding.fix(
            Fix::manual(
                "Compare the fingerprint with the one that whoever runs this host publishes, then say yes to ssh",
            )
            .docs(docs::REGIONS),
        ),
    };
    // At a terminal ssh asks, and a person can compare.
    Some(if has_terminal { finding.at_most(Severity::Warning) } else { finding })
}

/// The key has the published fingerprint.
fn remember(line: &str, file: &str, os: Os) -> Fix {
    let fix = Fix::review("Remember the key, which has the fingerprint that AWS publishes").docs(docs::REGIONS);
    remedy::append(fix, vec![line.to_owned()], file, os)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(known: Known, fingerprint: &str, published: Option<&str>, line: Option<&str>) -> HostKey {
        HostKey {
            host: "git-codecommit.us-east-2.amazonaws.com".to_owned(),
            kind: "ssh-rsa".to_owned(),
            fingerprint: fingerprint.to_owned(),
            published: published.map(str::to_owned),
            known,
            file: "~/.ssh/known_hosts".to_owned(),
            line: line.map(str::to_owned),
        }
    }

    fn told(key: &HostKey, works: bool) -> (Vec<&'static str>, Option<Severity>) {
        let verdict = judge(key, works, false, Os::Linux);
        (verdict.ids(), verdict.severity())
    }

    #[test]
    fn the_published_key_is_fine_where_it_is_known() {
        assert_eq!(told(&key(Known::Yes, "SHA256:a", Some("SHA256:a"), None), true).0, Vec::<&str>::new());
        assert_eq!(told(&key(Known::Yes, "SHA256:a", None, None), true).0, Vec::<&str>::new());
    }

    #[test]
    fn an_unknown_key_is_offered_only_when_it_is_the_published_one() {
        let line = "git-codecommit.us-east-2.amazonaws.com ssh-rsa AAAA";
        let good = key(Known::No, "SHA256:a", Some("SHA256:a"), Some(line));
        assert_eq!(told(&good, false), (vec!["host-key-unknown"], Some(Severity::Error)));
        let verdict = judge(&good, false, true, Os::Linux);
        assert!(
            matches!(&verdict.findings[0].fixes[0].steps[1], crate::finding::Step::Feed { lines, .. } if lines == &["", line])
        );

        let bad = key(Known::No, "SHA256:b", Some("SHA256:a"), None);
        assert_eq!(told(&bad, false), (vec!["host-key-mismatch"], Some(Severity::Error)));
        let unpublished = key(Known::No, "SHA256:b", None, None);
        assert_eq!(told(&unpublished, false), (vec!["host-key-unknown"], Some(Severity::Error)));
        assert_eq!(judge(&unpublished, false, true, Os::Linux).severity(), Some(Severity::Warning));
    }

    #[test]
    fn a_changed_key_stops_and_a_trusted_one_warns() {
        assert_eq!(
            told(&key(Known::Other, "SHA256:a", Some("SHA256:a"), None), false),
            (vec!["host-key-mismatch"], Some(Severity::Error))
        );
        assert_eq!(
            told(&key(Known::Yes, "SHA256:b", Some("SHA256:a"), None), true),
            (vec!["host-key-mismatch"], Some(Severity::Warning))
        );
    }
}
