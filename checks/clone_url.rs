//! The clone URL is one that CodeCommit serves.

use crate::check::{Check, Group, Verdict};
use crate::docs;
use crate::facts::endpoint::EndpointProbe;
use crate::facts::target::Target;
use crate::finding::{Evidence, Finding, FindingKind, Fix, Severity};
use crate::needs::Needs;
use crate::regions::{self, Partition};
use crate::target::{CloneUrl, Endpoint, Protocol};

/// The check.
pub(super) static CHECK: Check = Check {
    id: "clone-url",
    title: "The clone URL is one that CodeCommit serves",
    group: Group::Target,
    explain: include_str!("clone_url.md"),
    findings: &[
        &NO_TARGET,
        &NOT_CODECOMMIT,
        &UNKNOWN_REGION,
        &DOT_GIT,
        &TRAILING_SLASH,
        &EXTRA_PATH,
        &INVALID_NAME,
        &CREDENTIALS,
        &GRC_MALFORMED,
        &GRC_SINGLE_COLON,
        &GRC_ENDPOINT,
        &ALIAS,
        &CONSOLE,
        &FIPS,
    ],
    needs: Needs::NOTHING,
    judge: |facts| {
        Box::pin(async move {
            let target = facts.target().await?;
            // Only a region that nobody knows raises the question whether there is such a host.
            let named = target.region().filter(|region| regions::lookup(region).is_none());
            let gone = named.is_some() && facts.endpoint().await.is_ok_and(EndpointProbe::is_gone);
            let ssh = facts.ssh().await.ok().filter(|ssh| ssh.effective.is_some());
            let alias = ssh.zip(target.effective.as_ref()).map(|(ssh, url)| ssh.leads_to_codecommit(url));
            Ok(judge(target, Known { gone, alias }))
        })
    },
};

static NO_TARGET: FindingKind = FindingKind::note("no-target", "No clone URL was given or found", &[], docs::REGIONS);
static NOT_CODECOMMIT: FindingKind =
    FindingKind::error("not-codecommit", "The URL is not one of CodeCommit", &[], docs::REGIONS);
// A new region is no fault; one whose host does not exist is.
static UNKNOWN_REGION: FindingKind =
    FindingKind::error("unknown-region", "The region is not known to have CodeCommit", &["C26"], docs::REGIONS);
static DOT_GIT: FindingKind = FindingKind::error("dot-git-suffix", "The URL ends in .git", &["C52"], docs::LIMITS);
static TRAILING_SLASH: FindingKind =
    FindingKind::error("trailing-slash", "The URL ends in a slash", &["C53"], docs::TROUBLE_GIT);
static EXTRA_PATH: FindingKind =
    FindingKind::error("extra-path", "The URL's path is not /v1/repos/NAME", &["C53"], docs::TROUBLE_GIT);
static INVALID_NAME: FindingKind =
    FindingKind::error("invalid-repository-name", "No repository can have this name", &["C19"], docs::LIMITS);
static CREDENTIALS: FindingKind =
    FindingKind::error("credentials-in-url", "The URL carries a password", &["C51"], docs::SETUP_GIT_CREDENTIALS);
static GRC_MALFORMED: FindingKind =
    FindingKind::error("grc-malformed", "git-remote-codecommit does not accept this URL", &["C66"], docs::SETUP_GRC);
static GRC_SINGLE_COLON: FindingKind =
    FindingKind::error("grc-single-colon", "A colon is missing after codecommit", &["C67"], docs::SETUP_GRC);
static GRC_ENDPOINT: FindingKind = FindingKind::error(
    "grc-endpoint-in-url",
    "The endpoint stands where the repository's name belongs",
    &["C65"],
    docs::SETUP_GRC,
);
static ALIAS: FindingKind =
    FindingKind::error("alias-unresolved", "The ssh host is an alias", &["C103"], docs::TROUBLE_SSH);
static CONSOLE: FindingKind =
    FindingKind::error("console-url", "The URL is that of a console page", &[], docs::REGIONS);
static FIPS: FindingKind =
    FindingKind::error("fips-not-available", "There is no such FIPS endpoint", &[], docs::REGIONS);

/// What is known beyond the URL itself.
#[derive(Clone, Copy, Default)]
struct Known {
    /// There is no host for a region that nobody knows.
    gone: bool,
    /// Whether ssh's configuration leads the host to CodeCommit.
    alias: Option<bool>,
}

fn judge(target: &Target, known: Known) -> Verdict {
    let Some(given) = &target.given else {
        if let Some(remote) = &target.missing_remote {
            let message = format!("This repository has no remote called {remote}.");
            let finding =
                Finding::new(&NOT_CODECOMMIT, &message).seen(Evidence::new("git config remote", "no such remote"));
            return Verdict::new(
                message,
                vec![finding.fix(Fix::manual("Choose among the remotes").run(["git", "remote", "-v"]))],
            );
        }
        let message = "No clone URL was given, and this folder has no CodeCommit remote; only the set-up is checked.";
        let hint = Fix::manual("Name the clone URL: codecommit-doctor https://...");
        let region = target.effective.as_ref().and_then(|url| Given { url, from: "", known }.region());
        let region = region.map(|finding| finding.seen(Evidence::new("region", target.region().unwrap_or_default())));
        let findings = [Some(Finding::new(&NO_TARGET, message).fix(hint)), region];
        let checked =
            target.region().map_or("no region is known".to_owned(), |name| format!("checking the set-up for {name}"));
        return Verdict::new(format!("no clone URL; {checked}"), findings.into_iter().flatten().collect());
    };
    // What Git uses is judged; how it came to be is the business of git-config.
    let url = target.effective.as_ref().unwrap_or(given);
    let seen = Evidence::new(&target.from, &url.shown);
    let findings = Given { url, from: &target.from, known }
        .findings()
        .into_iter()
        .map(|finding| finding.seen(seen.clone()))
        .collect::<Vec<_>>();
    let region = url.region.as_deref().unwrap_or("a region that its profile must name");
    let summary = match (&url.repository, findings.is_empty()) {
        (Some(name), true) => format!("{name} in {region}"),
        _ => url.shown.clone(),
    };
    Verdict::new(summary, findings)
}

/// The URL that Git uses, and where it was found.
struct Given<'a> {
    url: &'a CloneUrl,
    from: &'a str,
    known: Known,
}

impl Given<'_> {
    fn findings(&self) -> Vec<Finding> {
        let url = self.url;
        if url.protocol == Protocol::Grc {
            return self.grc().or_else(|| self.region()).or_else(|| self.name()).into_iter().collect();
        }
        if let Some(finding) = self.foreign() {
            return vec![finding];
        }
        [self.region(), self.fips(), self.path().or_else(|| self.name()), self.credentials()]
            .into_iter()
            .flatten()
            .collect()
    }

    /// A name that only ssh's configuration can explain.
    fn alias(&self, host: &str) -> Option<Finding> {
        let fix = Fix::manual("Write the real host into the URL, or copy the Host block into ~/.ssh/config");
        match self.known.alias {
            Some(true) => None,
            Some(false) => {
                let message =
                    format!("{host} is no host of CodeCommit, and no block of ssh's configuration explains it.");
                Some(Finding::new(&ALIAS, message).fix(fix.docs(docs::TROUBLE_SSH)))
            }
            None => {
                let message = format!(
                    "{host} is an alias that must stand in the ssh configuration of every machine that uses this URL."
                );
                Some(Finding::new(&ALIAS, message).at_most(Severity::Warning).fix(fix))
            }
        }
    }

    /// A host or protocol that is not CodeCommit's.
    fn foreign(&self) -> Option<Finding> {
        let url = self.url;
        let host = url.host.as_deref().unwrap_or_default();
        if url.endpoint == Endpoint::Console {
            let name = url.repository.as_deref().unwrap_or("NAME");
            let region = url.region.as_deref().unwrap_or("REGION");
            let right = format!("https://{}/v1/repos/{name}", regions::git_host(region));
            let message = "This is the address of a page of the AWS console, not a clone URL.";
            return Some(Finding::new(&CONSOLE, message).fix(self.use_instead(&right)));
        }
        if let Some(finding) = self.misspelt() {
            return Some(finding);
        }
        if url.is_codecommit() {
            return None;
        }
        if url.protocol == Protocol::Ssh && !host.contains('.') && !host.is_empty() {
            return self.alias(host);
        }
        let message = if host.is_empty() {
            "This is not a URL that Git can clone from CodeCommit.".to_owned()
        } else {
            format!("{host} is not a host of CodeCommit.")
        };
        let near = host.split('.').find_map(regions::nearest);
        let hint = near.map(|region| self.use_instead(&format!("https://{}/v1/repos/NAME", regions::git_host(region))));
        Some(
            Finding::new(&NOT_CODECOMMIT, message)
                .fix(hint.unwrap_or_else(|| Fix::manual("Copy the clone URL from the CodeCommit console"))),
        )
    }

    /// A URL of CodeCommit's in all but a detail: another scheme, or the end of another partition's host names.
    fn misspelt(&self) -> Option<Finding> {
        let url = self.url;
        let (host, region) = (url.host.as_deref()?, url.region.as_deref()?);
        let scheme = url.shown.split("://").next().unwrap_or_default();
        if url.protocol == Protocol::Https && url.is_codecommit() && scheme != "https" {
            let message = format!("CodeCommit serves https:// URLs, and Git takes {scheme}:// for something else.");
            return Some(
                Finding::new(&NOT_CODECOMMIT, message).fix(self.use_instead(&format!("https://{host}{}", url.path))),
            );
        }
        let right = regions::git_host(region);
        if url.endpoint == Endpoint::Public && host != right {
            let message =
                format!("{host} does not exist: hosts in {region} end in {}.", Partition::of(region).dns_suffix());
            return Some(
                Finding::new(&NOT_CODECOMMIT, message).fix(self.use_instead(&format!("https://{right}{}", url.path))),
            );
        }
        None
    }

    fn region(&self) -> Option<Finding> {
        let url = self.url;
        let region = url.region.as_deref()?;
        if regions::lookup(region).is_some() {
            return None;
        }
        let message = format!("{region} is not a region that is known to have CodeCommit.");
        let fix = match regions::nearest(region) {
            Some(near) => Fix::manual(format!("Write {near}, if that is meant")),
            None => Fix::manual("Compare the region with the list of CodeCommit's regions").docs(docs::REGIONS),
        };
        let finding = Finding::new(&UNKNOWN_REGION, message).fix(fix);
        Some(if self.known.gone { finding } else { finding.at_most(Severity::Warning) })
    }

    fn fips(&self) -> Option<Finding> {
        let url = self.url;
        let region = url.region.as_deref()?;
        let available = regions::lookup(region).is_none_or(|region| region.fips) && url.protocol != Protocol::Ssh;
        if url.endpoint != Endpoint::Fips || available {
            return None;
        }
        let why = if url.protocol == Protocol::Ssh { "over SSH" } else { region };
        let message = format!("CodeCommit has no FIPS endpoint {}{why}.", if why == region { "in " } else { "" });
        let right = format!("https://{}{}", regions::git_host(region), url.path);
        Some(Finding::new(&FIPS, message).fix(self.use_instead(&right)))
    }

    fn path(&self) -> Option<Finding> {
        let url = self.url;
        let path = url.path.split(['?', '#']).next().unwrap_or_default();
        let host = url.host.as_deref().unwrap_or_default();
        let scheme = if url.protocol == Protocol::Ssh { "ssh" } else { "https" };
        let with = |path: &str| self.use_instead(&format!("{scheme}://{host}{path}"));
        let trimmed = path.trim_end_matches('/');
        let name = trimmed.strip_prefix("/v1/repos/");
        if let Some(bare) = trimmed.strip_suffix(".git").filter(|_| name.is_some()) {
            let message = "The URL ends in .git, and CodeCommit looks for a repository of that very name.";
            return Some(Finding::new(&DOT_GIT, message).fix(with(bare)));
        }
        match name {
            Some(name) if name.contains('/') => {
                let first = name.split('/').next().unwrap_or_default();
                let message = "The URL goes on after the repository's name.";
                Some(Finding::new(&EXTRA_PATH, message).fix(with(&format!("/v1/repos/{first}"))))
            }
            None => {
                let message = format!(
                    "The URL's path is {}, and CodeCommit's are /v1/repos/NAME.",
                    if path.is_empty() { "empty" } else { path }
                );
                let last = trimmed.rsplit('/').next().filter(|last| !last.is_empty()).unwrap_or("NAME");
                Some(Finding::new(&EXTRA_PATH, message).fix(with(&format!("/v1/repos/{last}"))))
            }
            // Git sends the path as it stands; that the slash is what fails can only be told from an answer.
            Some(_) if path.ends_with('/') => {
                let message = "The URL ends in a slash, which CodeCommit can refuse.";
                Some(Finding::new(&TRAILING_SLASH, message).at_most(Severity::Warning).fix(with(trimmed)))
            }
            Some(_) => None,
        }
    }

    fn name(&self) -> Option<Finding> {
        let url = self.url;
        let name = url.repository.as_deref()?;
        let fine = name.len() <= 100 && name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
        if fine && name.strip_suffix(".git").is_none() {
            return None;
        }
        let message = format!(
            "No repository can be called {name:?}: names have at most 100 letters, digits, dots, dashes and underscores."
        );
        Some(Finding::new(&INVALID_NAME, message).fix(Fix::manual("Copy the clone URL from the CodeCommit console")))
    }

    fn credentials(&self) -> Option<Finding> {
        let url = self.url;
        let info = url.userinfo.as_ref().filter(|info| info.has_password || info.badly_encoded)?;
        let host = url.host.as_deref().unwrap_or_default();
        let fix = self.use_instead(&format!("https://{host}{}", url.path));
        let finding = if info.badly_encoded {
            Finding::new(
                &CREDENTIALS,
                "The user name or password in the URL holds characters that must be percent-encoded, so Git sends another one.",
            )
        } else {
            let message = "The URL carries a password, which ends up in .git/config, in process lists and in logs.";
            Finding::new(&CREDENTIALS, message).never_above(Severity::Warning)
        };
        Some(finding.fix(fix))
    }

    /// What git-remote-codecommit does not accept. Source: its README, and the two forms that its error message names.
    fn grc(&self) -> Option<Finding> {
        let url = self.url;
        let text = url.shown.as_str();
        let rest = text.get("codecommit".len()..).unwrap_or_default();
        if rest.starts_with(':') && !rest.starts_with("::") && !rest.starts_with("://") {
            let right = format!("codecommit::{}", &rest[1..]);
            return Some(
                Finding::new(&GRC_SINGLE_COLON, "There must be two colons between codecommit and the region.")
                    .fix(self.use_instead(&right)),
            );
        }
        let repository = url.repository.as_deref().unwrap_or_default();
        if repository.contains(".amazonaws.com") {
            let named = CloneUrl::read(&format!("https://{repository}{}", url.path));
            let region = named.region.unwrap_or_else(|| "REGION".to_owned());
            let profile = url.profile.as_ref().map(|profile| format!("{profile}@")).unwrap_or_default();
            let right =
                format!("codecommit::{region}://{profile}{}", named.repository.unwrap_or_else(|| "NAME".to_owned()));
            let message = "git-remote-codecommit takes the endpoint in this URL for the repository's name.";
            return Some(Finding::new(&GRC_ENDPOINT, message).fix(self.use_instead(&right)));
        }
        let region_is_odd =
            url.region.as_deref().is_some_and(|region| rest.starts_with("::") && !looks_like_region(region));
        // It takes no notice of what follows the name.
        if repository.is_empty() || region_is_odd {
            let message =
                "git-remote-codecommit accepts codecommit://PROFILE@NAME and codecommit::REGION://PROFILE@NAME only.";
            return Some(
                Finding::new(&GRC_MALFORMED, message).fix(Fix::manual("Write the URL in one of these two forms")),
            );
        }
        None
    }

    /// The right URL: for the remote that has the wrong one, or for the next clone.
    fn use_instead(&self, url: &str) -> Fix {
        let fix = Fix::review("Use this URL");
        match self.from.strip_prefix("remote ") {
            Some(remote) => fix.run(["git", "remote", "set-url", remote, url]),
            None => fix.run(["git", "clone", url]),
        }
    }
}

fn looks_like_region(region: &str) -> bool {
    let parts: Vec<&str> = region.split('-').collect();
    parts.len() >= 3
        && parts[0].len() == 2
        && parts.last().is_some_and(|last| last.len() == 1 && last.chars().all(|c| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests;
