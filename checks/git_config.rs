//! Git's configuration can be read and does not redirect the remote.

use crate::check::{Check, Group, Verdict};
use crate::docs;
use crate::facts::git_config::{Entry, GitConfig, Problem};
use crate::facts::target::{Target, describe_rewrite};
use crate::finding::{ConfigChange, Evidence, Finding, FindingKind, Fix, Severity};
use crate::needs::Needs;
use crate::shape::Kind;

/// The check.
pub(super) static CHECK: Check = Check {
    id: "git-config",
    title: "Git's configuration can be read and does not redirect the remote",
    group: Group::Git,
    explain: include_str!("git_config.md"),
    findings: &[&INVALID, &UNREADABLE, &WRONG_HOME, &DUBIOUS, &REWRITTEN, &VERIFICATION_OFF, &HALF_CREDENTIALS],
    needs: Needs { actions: &[], reads_policies: false, hosts: &[], files: &["~/.gitconfig"] },
    judge: |facts| {
        Box::pin(async move {
            let (config, target) = tokio::join!(facts.git_config(), facts.target());
            let machine = &facts.machine;
            let home = Home {
                set: machine.home().map(|home| machine.tilde(&home).replace('~', &home.display().to_string())),
                exists: machine.home().is_none_or(|home| machine.exists(&home)),
                sudo: machine.var_set("SUDO_USER").filter(|user| user != "root"),
            };
            let https = target.clone().ok().and_then(|target| target.effective.as_ref()?.https()).unwrap_or_default();
            let off = crate::facts::trust::verification_off(machine, config.clone()?, &https);
            let mut verdict = judge(config?, target?, &https, &home, off);
            let refused = facts.helpers().await.ok().and_then(|chain| chain.refused.as_ref());
            verdict.add(refused.map(refused_entry));
            Ok(verdict)
        })
    },
};

static INVALID: FindingKind =
    FindingKind::error("config-invalid", "A git configuration file cannot be parsed", &[], docs::GIT_CONFIG);
static UNREADABLE: FindingKind =
    FindingKind::warning("config-unreadable", "A git configuration file may not be read", &[], docs::GIT_CONFIG);
// A warning by itself, like a rewriting within CodeCommit: that it stops Git shows only when Git fails.
static WRONG_HOME: FindingKind =
    FindingKind::error("wrong-home", "Git reads another user's configuration", &["C120"], docs::GIT_CONFIG);
static DUBIOUS: FindingKind =
    FindingKind::error("dubious-ownership", "The repository belongs to another user", &["C117"], docs::GIT_CONFIG);
static REWRITTEN: FindingKind =
    FindingKind::error("url-rewritten", "Git uses another URL than the one given", &["C56"], docs::GIT_CONFIG);
static VERIFICATION_OFF: FindingKind =
    FindingKind::warning("tls-verification-off", "Git accepts any certificate", &["C104"], docs::GIT_CONFIG);
static HALF_CREDENTIALS: FindingKind = FindingKind::error(
    "half-credentials-injected",
    "Git sends an authorization that no helper gave",
    &["C50"],
    docs::TROUBLE_HELPER,
);

/// The home folder that Git uses.
struct Home {
    set: Option<String>,
    exists: bool,
    sudo: Option<String>,
}

fn judge(config: &GitConfig, target: &Target, https: &str, home: &Home, off: Option<Evidence>) -> Verdict {
    let mut findings: Vec<Finding> = config.problems.iter().map(problem).collect();
    findings.extend(wrong_home(home));
    if let Some(folder) = &target.dubious {
        let message = format!("Git refuses to use the repository at {folder}, because it belongs to another user.");
        let trust = Fix::review("Tell Git to trust this folder, if you know who owns it").run([
            "git",
            "config",
            "--global",
            "--add",
            "safe.directory",
            folder,
        ]);
        findings.push(Finding::new(&DUBIOUS, message).seen(Evidence::new(folder, "owned by another user")).fix(trust));
    }
    findings.extend(rewritten(target));
    if let Some(evidence) = off {
        let message = "Git does not verify certificates, so anybody on the way can read the password.";
        let fix =
            Fix::manual("Remove that setting; for a company's own certificate authority set http.sslCAInfo instead");
        findings.push(Finding::new(&VERIFICATION_OFF, message).seen(evidence).fix(fix));
    }
    findings.extend(half_credentials(config, target, https));
    let summary = match (config.fatal(), config.without_git) {
        (Some(problem), _) => format!("{} cannot be parsed", problem.file),
        (None, true) => format!("{}, read without git", number(config.entries.len())),
        (None, false) => number(config.entries.len()),
    };
    Verdict::new(summary, findings)
}

fn number(entries: usize) -> String {
    format!("{entries} {}", if entries == 1 { "entry" } else { "entries" })
}

fn problem(problem: &Problem) -> Finding {
    let evidence = Evidence::at(&problem.file, problem.line, &problem.text);
    if problem.fatal {
        let line = problem.line.map(|line| format!(" at line {line}")).unwrap_or_default();
        let message = format!("Git cannot read {}{line}, and refuses to run any command.", problem.file);
        let fix = Fix::manual(format!("Correct {}{line}", problem.file));
        Finding::new(&INVALID, message).seen(evidence).fix(fix)
    } else {
        let message = format!("Git may not read {} and goes on without it.", problem.file);
        let fix = Fix::manual(format!("Give this user the right to read {}", problem.file));
        Finding::new(&UNREADABLE, message).seen(evidence).fix(fix)
    }
}

/// A setting that can be parsed and not be used. Git notices it when it needs a credential for this URL.
fn refused_entry(entry: &Entry) -> Finding {
    let what = if entry.value.is_none() { "has no value" } else { "is neither on nor off" };
    let message = format!("The setting {} {what}, and Git stops at it when it needs a credential.", entry.key);
    let line = entry.line.map(|line| format!(", line {line}")).unwrap_or_default();
    let fix = Fix::manual(format!("Give it a value, or remove it from {}{line}", entry.source));
    Finding::new(&INVALID, message).seen(entry.evidence()).fix(fix)
}

fn wrong_home(home: &Home) -> Option<Finding> {
    let fix = Fix::manual(
        "Run Git as the user whose set-up is meant, with that user's HOME, or use the system-wide configuration",
    );
    let (message, evidence) = match (&home.set, &home.sudo) {
        (None, _) => (
            "HOME is not set, so Git reads no configuration of the user's.".to_owned(),
            Evidence::new("HOME", "not set"),
        ),
        (Some(set), _) if !home.exists => (format!("HOME is {set}, which does not exist."), Evidence::new("HOME", set)),
        (Some(set), Some(user)) if set == "/root" => (
            format!("Git runs as root and reads root's configuration, not that of {user}."),
            Evidence::new("SUDO_USER", user),
        ),
        _ => return None,
    };
    let finding = Finding::new(&WRONG_HOME, message).seen(evidence).fix(fix);
    // Root's configuration may well be the one that is meant.
    let missing = home.set.is_none() || !home.exists;
    Some(if missing { finding.at_most(Severity::Warning) } else { finding.never_above(Severity::Warning) })
}

fn rewritten(target: &Target) -> Option<Finding> {
    let (entry, what) = match (&target.rewritten_by, &target.push_rewritten_by) {
        (Some(entry), _) => (entry, "uses"),
        (None, Some(entry)) => (entry, "pushes to"),
        (None, None) => return None,
    };
    let effective = target.effective.as_ref().filter(|_| target.rewritten_by.is_some()).map(|url| url.shown.clone());
    let other = effective.unwrap_or_else(|| "another URL".to_owned());
    let message = format!("Git {what} {other} instead of the given URL.");
    let evidence = Evidence::at(&entry.source, entry.line, describe_rewrite(entry));
    let mut fix = Fix::review("Remove the rewriting, if it is not meant for CodeCommit");
    if let (Some(scope), None) = (entry.config_scope(), &entry.raw) {
        fix = fix.git_config(scope, ConfigChange::Unset { key: entry.key.clone(), value: entry.value.clone() });
    }
    let finding = Finding::new(&REWRITTEN, message).seen(evidence).fix(fix);
    Some(match (&target.given, &target.effective) {
        (Some(given), Some(effective)) if target.rewritten_by.is_some() && given.is_codecommit() => {
            // A clone URL of CodeCommit's that leads away from it is one no more; one that leads to another repository may
            // be the trouble; another way of writing the same is none.
            let same = given.repository == effective.repository && given.region == effective.region;
            match (effective.is_codecommit(), same) {
                (false, _) => finding,
                (true, false) => finding.at_most(Severity::Warning),
                (true, true) => finding.never_above(Severity::Warning),
            }
        }
        // An abbreviation.
        _ => finding.never_above(Severity::Warning),
    })
}

/// What makes Git send an authorization that no helper gave: a header, an empty one, or a user name with an empty password.
fn half_credentials(config: &GitConfig, target: &Target, https: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut headers = config.extra_headers(https).into_iter();
    let header = headers.find(|entry| entry.text().to_ascii_lowercase().starts_with("authorization"));
    if let Some(entry) = header {
        let fix = Fix::manual("Remove the header, or limit it to the host that it is meant for");
        let message =
            "Git sends an Authorization header from its configuration to CodeCommit, so no credential helper is asked.";
        findings.push(Finding::new(&HALF_CREDENTIALS, message).seen(entry.evidence()).fix(fix));
    }
    if let Some(entry) = config.http(https, "emptyauth").filter(|entry| entry.is_true()) {
        let message = "Git offers an empty user name and password before it asks any helper.";
        let fix = Fix::manual("Limit http.emptyAuth to the hosts that use Kerberos or NTLM");
        findings
            .push(Finding::new(&HALF_CREDENTIALS, message).at_most(Severity::Warning).seen(entry.evidence()).fix(fix));
    }
    let empty = target
        .given
        .as_ref()
        .filter(|url| url.userinfo.as_ref().is_some_and(|info| info.shape.kind == Kind::EmptyPassword));
    if let Some(url) = empty {
        let message = "The clone URL carries a user name with an empty password, which Git sends as it is.";
        let fix = Fix::manual("Remove the colon, or the whole part before the @, from the URL");
        findings.push(Finding::new(&HALF_CREDENTIALS, message).seen(Evidence::new(&target.from, &url.shown)).fix(fix));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::CloneUrl;

    const URL: &str = "https://git-codecommit.us-east-1.amazonaws.com/v1/repos/x";

    fn home() -> Home {
        Home { set: Some("/home/ann".into()), exists: true, sudo: None }
    }

    fn entry(key: &str, value: &str) -> Entry {
        Entry {
            key: key.into(),
            value: Some(value.into()),
            source: "~/.gitconfig".into(),
            scope: "global".into(),
            ..Entry::default()
        }
    }

    fn config(entries: Vec<Entry>) -> GitConfig {
        GitConfig { entries, ..GitConfig::default() }
    }

    fn ids(config: &GitConfig, target: &Target) -> Vec<&'static str> {
        judge(config, target, URL, &home(), None).ids()
    }

    #[test]
    fn an_ordinary_configuration_is_fine() {
        assert_eq!(ids(&config(vec![entry("user.name", "Ann")]), &Target::default()), Vec::<&str>::new());
    }

    #[test]
    fn problems_that_git_names_are_found() {
        let problem = |fatal| Problem { file: "~/.gitconfig".into(), line: Some(3), text: "bad".into(), fatal };
        let config = GitConfig { problems: vec![problem(false), problem(true)], ..GitConfig::default() };
        assert_eq!(ids(&config, &Target::default()), ["config-invalid", "config-unreadable"]);
    }

    #[test]
    fn a_setting_that_git_cannot_use_is_named() {
        let switch = entry("credential.usehttppath", "maybe");
        let bare = Entry { value: None, ..entry("credential.helper", "") };
        assert!(refused_entry(&switch).message.contains("credential.usehttppath is neither"));
        assert!(refused_entry(&bare).message.contains("credential.helper has no value"));
    }

    #[test]
    fn a_url_that_is_led_away_from_codecommit_is_an_error() {
        let led_to = |url: &str| {
            let target = Target {
                rewritten_by: Some(entry("url.x.insteadof", "https://")),
                given: Some(CloneUrl::read(URL)),
                effective: Some(CloneUrl::read(url)),
                ..Target::default()
            };
            judge(&GitConfig::default(), &target, URL, &home(), None).severity()
        };
        assert_eq!(led_to("https://git.corp.example/x"), Some(Severity::Error));
        assert_eq!(led_to("https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/x"), Some(Severity::Warning));
        assert_eq!(led_to(URL), Some(Severity::Warning));
    }

    #[test]
    fn the_wrong_home_is_found() {
        let ids = |home: &Home| judge(&GitConfig::default(), &Target::default(), URL, home, None).ids();
        assert_eq!(ids(&Home { set: None, ..home() }), ["wrong-home"]);
        assert_eq!(ids(&Home { exists: false, ..home() }), ["wrong-home"]);
        assert_eq!(ids(&Home { set: Some("/root".into()), sudo: Some("ann".into()), ..home() }), ["wrong-home"]);
    }

    #[test]
    fn foreign_repositories_and_rewritten_urls_are_found() {
        let target = Target { dubious: Some("~/x".into()), ..Target::default() };
        assert_eq!(ids(&GitConfig::default(), &target), ["dubious-ownership"]);
        let rewritten = entry("url.ssh://x/.insteadof", "https://");
        let target =
            Target { rewritten_by: Some(rewritten), effective: Some(CloneUrl::read("ssh://x/y")), ..Target::default() };
        assert_eq!(ids(&GitConfig::default(), &target), ["url-rewritten"]);
    }

    #[test]
    fn authorization_from_elsewhere_is_found() {
        let header = config(vec![entry("http.extraheader", "Authorization: Basic ***")]);
        assert_eq!(ids(&header, &Target::default()), ["half-credentials-injected"]);
        let elsewhere = config(vec![entry("http.https://github.com/.extraheader", "Authorization: Basic ***")]);
        assert_eq!(ids(&elsewhere, &Target::default()), Vec::<&str>::new());
        let target = Target { given: Some(CloneUrl::read("https://ann:@h/v1/repos/x")), ..Target::default() };
        assert_eq!(ids(&GitConfig::default(), &target), ["half-credentials-injected"]);
        let empty = judge(&config(vec![entry("http.emptyauth", "true")]), &Target::default(), URL, &home(), None);
        assert_eq!(empty.severity(), Some(Severity::Warning));
    }

    #[test]
    fn switched_off_verification_is_found() {
        let off = Some(Evidence::new("GIT_SSL_NO_VERIFY", "1"));
        assert_eq!(judge(&GitConfig::default(), &Target::default(), URL, &home(), off).ids(), ["tls-verification-off"]);
    }
}
