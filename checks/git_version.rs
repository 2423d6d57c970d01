//! Git is installed, runs, and is new enough.

use crate::check::{Check, Group, Verdict};
use crate::docs;
use crate::facts::git::GitProgram;
use crate::facts::git_config::GitConfig;
use crate::facts::helpers::HelperChain;
use crate::finding::{Evidence, Finding, FindingKind, Fix, Severity};
use crate::machine::Os;
use crate::needs::Needs;
use crate::target::{CloneUrl, Protocol};
use semver::Version;

/// The check.
pub(super) static CHECK: Check = Check {
    id: "git-version",
    title: "Git is installed, runs, and is new enough",
    group: Group::Git,
    explain: include_str!("git_version.md"),
    findings: &[&MISSING, &NOT_RUNNABLE, &TOO_OLD, &OUTDATED, &KNOWN_BAD, &CONFIG_NEEDS_NEWER, &SEVERAL],
    needs: Needs::NOTHING,
    judge: |facts| {
        Box::pin(async move {
            let (git, config, target) = tokio::join!(facts.git(), facts.git_config(), facts.target());
            let https =
                target.ok().and_then(|target| target.effective.as_ref()).filter(|url| url.protocol == Protocol::Https);
            let https = https.and_then(CloneUrl::https);
            Ok(judge(git?, config.ok(), https.as_deref(), facts.machine.os()))
        })
    },
};

static MISSING: FindingKind = FindingKind::error("git-missing", "There is no git on PATH", &[], docs::GIT_DOWNLOADS);
static NOT_RUNNABLE: FindingKind =
    FindingKind::error("git-not-runnable", "git cannot be run", &[], docs::GIT_DOWNLOADS);
static TOO_OLD: FindingKind = FindingKind::error("git-too-old", "Git is older than 1.7.9", &["C108"], docs::SETUP);
static OUTDATED: FindingKind =
    FindingKind::warning("git-outdated", "Git gets no security fixes any more", &[], docs::GIT_DOWNLOADS);
static KNOWN_BAD: FindingKind =
    FindingKind::warning("git-known-bad", "This build of Git is known to fail", &["C107", "C108"], docs::TROUBLE_GIT);
static CONFIG_NEEDS_NEWER: FindingKind =
    FindingKind::error("config-needs-newer-git", "The configuration needs a newer Git", &["C7"], docs::GIT_CREDENTIALS);
static SEVERAL: FindingKind =
    FindingKind::note("several-gits", "There is another Git on PATH", &["C21"], docs::TROUBLE_ACCESS);

/// The oldest version that CodeCommit documents ("Setting up for AWS CodeCommit").
const MINIMUM: Version = Version::new(1, 7, 9);

/// Distributions that still get security fixes ship at least this version.
const MAINTAINED: Version = Version::new(2, 30, 0);

fn judge(git: &GitProgram, config: Option<&GitConfig>, https: Option<&str>, os: Os) -> Verdict {
    let Some(path) = &git.path else {
        let finding =
            Finding::new(&MISSING, "Git is not installed, or not on PATH.").seen(Evidence::new("PATH", "no git"));
        return Verdict::new("no git on PATH", vec![finding.fix(install(os))]);
    };
    if let Some(failure) = &git.failure {
        let finding =
            Finding::new(&NOT_RUNNABLE, format!("{path} cannot be run.")).seen(Evidence::new("git version", failure));
        return Verdict::new(format!("{path} cannot be run"), vec![finding.fix(install(os))]);
    }
    let Some(version) = &git.version else {
        return Verdict::new(format!("{path} calls itself {}", git.version_text), vec![]);
    };
    let said = || Evidence::new("git version", &git.version_text);
    let mut findings = Vec::new();
    if *version < MINIMUM {
        let message = format!("Git {version} is older than {MINIMUM}, the oldest that works with CodeCommit.");
        findings.push(Finding::new(&TOO_OLD, message).seen(said()).fix(install(os)));
    } else if *version < MAINTAINED {
        let message = format!("Git {version} gets no security fixes any more.");
        findings.push(Finding::new(&OUTDATED, message).seen(said()).fix(install(os)));
    }
    if let Some(why) = known_bad(git, version) {
        let message = format!("Git {} is known to fail with CodeCommit: {why}.", git.version_text);
        findings.push(Finding::new(&KNOWN_BAD, message).seen(said()).fix(install(os)));
    }
    findings
        .extend(config.and_then(|config| needs_newer(config, https, version)).map(|finding| finding.fix(install(os))));
    if let Some(other) = git.others.first() {
        let message =
            format!("Programs with another PATH may use {other}, which has a system configuration of its own.");
        findings.push(Finding::new(&SEVERAL, message).seen(Evidence::new("PATH", format!("{path} before {other}"))));
    }
    Verdict::new(format!("git {} at {path}", git.version_text), findings)
}

/// The builds that AWS's troubleshooting page names.
fn known_bad(git: &GitProgram, version: &Version) -> Option<String> {
    let curl = git.curl.as_ref();
    if git.version_text.contains("msysgit") && *version == Version::new(1, 9, 5) {
        return Some("msysGit 1.9.5 comes with a curl that cannot sign in".to_owned());
    }
    if git.version_text.starts_with("2.11.0.windows.3") {
        return Some("Git for Windows 2.11.0(3) has a broken credential prompt".to_owned());
    }
    if let Some(curl) = curl.filter(|curl| **curl < Version::new(7, 33, 0) || **curl == Version::new(7, 41, 0)) {
        return Some(format!("its libcurl {curl} is one of those that do not work"));
    }
    git.gnutls.then(|| "its GnuTLS is too old for the endpoint's TLS".to_owned())
}

/// An entry that this version of git ignores, if there is one: an error when git would ask other helpers for the URL if it did
/// not, else a warning.
fn needs_newer(config: &GitConfig, https: Option<&str>, version: &Version) -> Option<Finding> {
    let helper = |(section, name, entry)| (name == "helper").then_some((section, entry));
    let helpers = || config.section("credential").filter_map(helper);
    let wildcard = || {
        helpers().find(|(section, _)| section.is_some_and(|url: &str| url.contains('*') && url.contains("codecommit")))
    };
    let reset = || helpers().find(|(_, entry)| entry.text().is_empty());
    let (what, since, entry) = if *version < Version::new(2, 9, 0) && reset().is_some() {
        ("an empty credential helper", "2.9", reset()?.1)
    } else if *version < Version::new(2, 26, 0) {
        ("* in a credential URL", "2.26", wildcard()?.1)
    } else {
        return None;
    };
    let message = format!("Git {version} ignores {what}; that needs Git {since} or newer.");
    let matters = https.is_some_and(|url| {
        let meant = HelperChain::select(config, url, true);
        let ignored_reset =
            entry.text().is_empty() && meant.resets.iter().any(|(reset, forgot)| reset == entry && *forgot > 0);
        ignored_reset || meant.helpers != HelperChain::select(config, url, false).helpers
    });
    let finding = Finding::new(&CONFIG_NEEDS_NEWER, message).seen(entry.evidence());
    Some(if matters { finding } else { finding.at_most(Severity::Warning) })
}

fn install(os: Os) -> Fix {
    let fix = Fix::manual("Install a current Git").docs(docs::GIT_DOWNLOADS);
    match os {
        Os::MacOs => fix.run(["brew", "install", "git"]),
        Os::Windows => fix.run(["winget", "install", "--id", "Git.Git"]),
        Os::Linux => fix.instruct("Use the distribution's package `git`, or see https://git-scm.com/downloads."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::git::read_version;
    use crate::facts::git_config::Entry;

    fn git(text: &str) -> GitProgram {
        GitProgram {
            path: Some("/usr/bin/git".into()),
            version: read_version(text),
            version_text: text.into(),
            ..GitProgram::default()
        }
    }

    fn ids(git: &GitProgram) -> Vec<&'static str> {
        judge(git, None, None, Os::Linux).ids()
    }

    #[test]
    fn a_current_git_is_fine() {
        assert_eq!(ids(&git("2.47.3")), Vec::<&str>::new());
        assert_eq!(ids(&git("2.39.5 (Apple Git-154)")), Vec::<&str>::new());
    }

    #[test]
    fn missing_broken_and_old_gits_are_found() {
        assert_eq!(ids(&GitProgram::default()), ["git-missing"]);
        assert_eq!(ids(&GitProgram { failure: Some("licence".into()), ..git("") }), ["git-not-runnable"]);
        assert_eq!(ids(&git("1.7.8")), ["git-too-old"]);
        assert_eq!(ids(&git("2.17.1")), ["git-outdated"]);
        assert_eq!(ids(&GitProgram { others: vec!["/opt/git".into()], ..git("2.47.3") }), ["several-gits"]);
    }

    #[test]
    fn known_bad_builds_are_found() {
        assert_eq!(ids(&git("1.9.5.msysgit.0")), ["git-outdated", "git-known-bad"]);
        assert_eq!(ids(&git("2.11.0.windows.3")), ["git-outdated", "git-known-bad"]);
        assert_eq!(ids(&GitProgram { curl: Some(Version::new(7, 41, 0)), ..git("2.47.3") }), ["git-known-bad"]);
        assert_eq!(ids(&GitProgram { gnutls: true, ..git("1.9.1") }), ["git-outdated", "git-known-bad"]);
    }

    #[test]
    fn configuration_that_this_git_ignores_is_found() {
        let entry = |key: &str, value: &str| Entry { key: key.into(), value: Some(value.into()), ..Entry::default() };
        let config = GitConfig {
            entries: vec![
                entry("credential.helper", "store"),
                entry("credential.helper", ""),
                entry(
                    "credential.https://git-codecommit.*.amazonaws.com.helper",
                    "!aws codecommit credential-helper $@",
                ),
            ],
            ..GitConfig::default()
        };
        let url = "https://git-codecommit.us-east-1.amazonaws.com/v1/repos/x";
        let ids = |version: &str| judge(&git(version), Some(&config), Some(url), Os::Linux).ids();
        assert_eq!(ids("2.25.1"), ["config-needs-newer-git", "git-outdated"]);
        assert_eq!(ids("2.8.0"), ["config-needs-newer-git", "git-outdated"]);
        assert_eq!(ids("2.26.0"), ["git-outdated"]);
        let elsewhere = judge(&git("2.25.1"), Some(&config), Some("https://github.com/x"), Os::Linux);
        assert_eq!(elsewhere.severity(), Some(Severity::Warning), "what changes nothing for the URL stops nobody");
    }
}
