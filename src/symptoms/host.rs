//! Which host a line is about: the failure of another one is no matter of CodeCommit's.

use regex_lite::Regex;
use std::sync::LazyLock;

/// Hosts of others that serve Git repositories, packages and images; named in a line, it is about them.
const OTHERS: &[&str] = &[
    "github.com",
    "githubusercontent.com",
    "ghcr.io",
    "gitlab.com",
    "bitbucket.org",
    "dev.azure.com",
    "visualstudio.com",
    "docker.io",
    "docker.com",
    "npmjs.org",
    "pypi.org",
    "pythonhosted.org",
    "crates.io",
    "golang.org",
    "maven.org",
    "debian.org",
    "ubuntu.com",
    "codeberg.org",
    "sr.ht",
    "googlesource.com",
    "sourceforge.net",
];

/// Whether a text has to do with CodeCommit at all.
pub(super) fn mentions_codecommit(text: &str) -> bool {
    static FINDER: LazyLock<Option<aho_corasick::AhoCorasick>> = LazyLock::new(|| {
        let words = ["codecommit", "/v1/repos/", "APKA"];
        aho_corasick::AhoCorasick::builder().ascii_case_insensitive(true).build(words).ok()
    });
    FINDER.as_ref().is_some_and(|finder| finder.is_match(text))
}

/// The host that a line is about, when that is none of AWS's. In a text that mentions CodeCommit, a host that nobody knows
/// may be a proxy or a mirror in front of it, and only those that everybody knows count.
pub(super) fn elsewhere(line: &str, mentioned: bool) -> Option<String> {
    if let Some(service) = foreign_service(line) {
        return Some(service);
    }
    let host = named(line)?;
    let others =
        OTHERS.iter().any(|other| host == *other || host.strip_suffix(other).is_some_and(|rest| rest.ends_with('.')));
    let of_aws = ["amazonaws.com", "amazonaws.com.cn", "aws.amazon.com", "amazonaws.eu", "api.aws"]
        .iter()
        .any(|aws| host.ends_with(aws));
    let local = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok();
    if !others && (host.contains("codecommit") || line.contains("/v1/repos/") || line.contains("codecommit::")) {
        return None;
    }
    (others || !(mentioned || of_aws || local)).then_some(host)
}

/// What Git and its tools ask AWS for; whatever else is asked, Git has nothing to do with it.
const SERVICES: &[&str] = &["codecommit", "kms", "sts", "iam", "sso"];
const OPERATIONS: &[&str] = &[
    "AssumeRole",
    "GetRoleCredentials",
    "GetCallerIdentity",
    "GetSessionToken",
    "GetFederationToken",
    "CreateToken",
    "Repositor",
    "Branch",
    "GitPu",
    "Decrypt",
    "Encrypt",
    "GenerateDataKey",
    "DescribeKey",
    "ListAliases",
    "GetUser",
    "SimulatePrincipalPolicy",
    "ServiceSpecificCredential",
    "SSHPublicKey",
];

/// The part of AWS that a line is about, when that is none of Git's business.
fn foreign_service(line: &str) -> Option<String> {
    static PATTERNS: LazyLock<Option<(Regex, Regex)>> = LazyLock::new(|| {
        let action = Regex::new(r"not authorized to perform:? ([a-z0-9-]+):[A-Za-z]+").ok()?;
        Some((action, Regex::new(r"calling the ([A-Za-z]+) operation").ok()?))
    });
    let (action, operation) = PATTERNS.as_ref()?;
    let first = |pattern: &Regex| pattern.captures(line).and_then(|found| Some(found.get(1)?.as_str().to_owned()));
    let service = first(action).filter(|service| !SERVICES.contains(&service.as_str()));
    let asked = || first(operation).filter(|name| !OPERATIONS.iter().any(|known| name.contains(known)));
    service.or_else(asked).map(|name| format!("AWS's {name}"))
}

/// The host that a line names: in a URL, before the path of an ssh remote, or in the words of curl and ssh.
fn named(line: &str) -> Option<String> {
    static PATTERNS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
        [
            r"(?i)\b(?:https?|ssh|git)://(?:[^\s/@']*@)?([a-z0-9.-]+\.[a-z]{2,})",
            r"(?i)\b[\w.-]+@([a-z0-9.-]+\.[a-z]{2,}):",
            r"(?i)resolve (?:host(?:name)?:? ?)([a-z0-9.-]+\.[a-z]{2,})",
            r"(?i)connect to (?:host )?([a-z0-9.-]+\.[a-z]{2,}) port",
        ]
        .into_iter()
        .filter_map(|pattern| Regex::new(pattern).ok())
        .collect()
    });
    PATTERNS.iter().find_map(|pattern| Some(pattern.captures(line)?.get(1)?.as_str().to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_failure_of_others_is_theirs() {
        for (line, mentioned, host) in [
            ("unable to access 'https://github.com/foo/bar.git/': error: 403", true, Some("github.com")),
            ("git@gitlab.com: Permission denied (publickey).", false, Some("gitlab.com")),
            ("Could not resolve host: dev.azure.com", true, Some("dev.azure.com")),
            ("unable to access 'https://git.corp.example/x/': error: 403", false, Some("git.corp.example")),
            ("unable to access 'https://git.corp.example/v1/repos/x/': error: 502", false, None),
            ("Failed to connect to proxy.corp.example port 3128", true, None),
            ("unable to access 'https://git-codecommit.us-east-1.amazonaws.com/v1/repos/x/': error: 403", true, None),
            ("Could not connect to the endpoint URL: \"https://sts.us-east-1.amazonaws.com/\"", false, None),
            ("Permission denied (publickey).", false, None),
            ("User: x is not authorized to perform: s3:PutObject with an explicit deny", true, Some("AWS's s3")),
            ("unable to access 'https://github.com/o/codecommit-doctor/': error: 403", true, Some("github.com")),
            ("(ExpiredToken) when calling the PutObject operation: expired", false, Some("AWS's PutObject")),
            ("(ExpiredToken) when calling the AssumeRoleWithSAML operation: expired", false, None),
            ("User: x is not authorized to perform: codecommit:GitPull on resource: y", true, None),
        ] {
            assert_eq!(elsewhere(line, mentioned).as_deref(), host, "{line}");
        }
    }
}
