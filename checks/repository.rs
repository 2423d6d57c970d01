//! The repository exists in this account and region.

use crate::check::{Check, Gap, Group, Verdict};
use crate::docs;
use crate::facts::Facts;
use crate::facts::access::{Access, Read};
use crate::facts::caller::Caller;
use crate::facts::credentials::needed_to_ask;
use crate::facts::elsewhere::{Elsewhere, Look};
use crate::facts::principal::presents_another;
use crate::facts::repository::{Repository, is_missing};
use crate::finding::{Evidence, Finding, FindingKind, Fix};
use crate::needs::{Needs, On, action};
use crate::target::{CloneUrl, Protocol};

/// The check.
pub(super) static CHECK: Check = Check {
    id: "repository",
    title: "The repository exists in this account and region",
    group: Group::Aws,
    explain: include_str!("repository.md"),
    findings: &[&NOT_FOUND, &OTHER_REGION, &OTHER_ACCOUNT, &NAME_DIFFERS, &EMPTY, &CREATION_REFUSED],
    needs: Needs {
        actions: &[
            action("codecommit:GetRepository", On::Repository, "to see whether it exists, and which key it has"),
            action("codecommit:ListRepositories", On::Everything, "to find a name like it, when it is missing"),
        ],
        reads_policies: false,
        hosts: &["codecommit.REGION.amazonaws.com"],
        files: &["~/.aws/config", "~/.aws/credentials"],
    },
    judge: |facts| Box::pin(judge(facts)),
};

static NOT_FOUND: FindingKind =
    FindingKind::error("not-found", "The repository does not exist", &["C26", "C54"], docs::TROUBLE_ACCESS);
static OTHER_REGION: FindingKind =
    FindingKind::error("other-region", "The repository is in another region", &["C26"], docs::REGIONS);
static OTHER_ACCOUNT: FindingKind =
    FindingKind::error("other-account", "The repository is in another account", &["C24", "C25"], docs::TROUBLE_ACCESS);
static NAME_DIFFERS: FindingKind =
    FindingKind::error("name-differs", "The repository is spelt otherwise", &["C54"], docs::LIMITS);
static EMPTY: FindingKind =
    FindingKind::note("empty", "Nothing was pushed to the repository yet", &["C122"], docs::GETTING_STARTED);
static CREATION_REFUSED: FindingKind = FindingKind::note(
    "creation-refused",
    "The account has no repository here, and may not have been able to create one",
    &["C121"],
    docs::GETTING_STARTED,
);

async fn judge(facts: &Facts) -> Result<Verdict, Gap> {
    needed_to_ask(facts).await?;
    let (repository, caller, access) = tokio::join!(facts.repository(), facts.caller(), facts.access());
    let access = access.ok();
    let works = access.is_some_and(Access::works);
    let repository = match repository {
        // Whoever may clone need not be able to look at it otherwise.
        Ok(Repository::Refused { .. }) if works => return Ok(Verdict::new("Git reads it", vec![])),
        Ok(Repository::Refused { .. }) if matches!(caller, Ok(Caller::Refused { .. })) => {
            return Err(Gap::blocked("aws-identity", "AWS does not accept the credentials"));
        }
        other => other?,
    };
    let url = facts.target().await?.effective.as_ref().ok_or_else(|| Gap::not_applicable("no repository is named"))?;
    let account = match caller {
        Ok(Caller::Known(identity)) => Some(identity.account.as_str()),
        _ => None,
    };
    // With a Git credential of another account, this account is not where Git looks.
    let offered = if url.protocol == Protocol::Https { facts.offered().await.ok() } else { None };
    let other = offered.and_then(|offered| offered.shape()?.account.as_deref()).filter(|other| Some(*other) != account);
    let is_missing = is_missing(facts).await;
    if let Some(why) = presents_another(facts).await.filter(|_| !works && *repository == Repository::Missing) {
        return Err(Gap::unknown(format!("the account of the AWS credentials has none; {why}")));
    }
    if let Some(other) = other.filter(|_| is_missing) {
        return Err(Gap::unknown(format!("Git looks in account {other}, and the AWS credentials are of another one")));
    }
    let elsewhere = if is_missing { Some(facts.elsewhere().await?) } else { None };
    let credentials = facts.credentials().await?;
    let profile = credentials.choice.profile.as_str();
    // The profile that is meant has it, and keys in the environment come before it.
    let is_meant = |elsewhere: &Elsewhere| Elsewhere::found(&elsewhere.profiles).is_some_and(|(one, _)| one == profile);
    if credentials.doubts.shadowed.is_some() && elsewhere.is_some_and(is_meant) {
        return Err(Gap::blocked("aws-credentials", format!("profile {profile} has it, and its keys are not used")));
    }
    let profile = credentials.choice.explicit.then_some(profile);
    View { repository, access, url, account, elsewhere, profile }.judge()
}

/// Everything that is looked at.
struct View<'a> {
    repository: &'a Repository,
    access: Option<&'a Access>,
    url: &'a CloneUrl,
    /// The caller's account.
    account: Option<&'a str>,
    /// What was found elsewhere, when it is missing.
    elsewhere: Option<&'a Elsewhere>,
    /// The profile that was named for Git's AWS tools.
    profile: Option<&'a str>,
}

impl View<'_> {
    fn judge(&self) -> Result<Verdict, Gap> {
        let name = self.name();
        match (self.repository, self.elsewhere) {
            (Repository::Exists { default_branch, .. }, _) => {
                let read = self.access.map(|access| &access.read);
                let is_empty = default_branch.is_none() && !matches!(read, Some(Read::Works(1..)));
                let empty = is_empty.then(|| self.empty());
                Ok(Verdict::new(format!("{name} exists in {}", self.place()), empty.into_iter().collect()))
            }
            (Repository::Missing | Repository::Refused { .. }, Some(elsewhere)) => {
                let summary = format!("there is no {name} in {}", self.place());
                Ok(Verdict::new(summary, self.missing(elsewhere)))
            }
            (Repository::Missing, None) if self.access.is_some_and(Access::works) => {
                Ok(Verdict::new("Git reads it, with other credentials", vec![]))
            }
            (Repository::Missing, None) => {
                Err(Gap::unknown("the account of the AWS credentials has none, and Git looks in another one"))
            }
            (Repository::Refused { code, .. }, _) if code.starts_with("Encryption") => {
                Err(Gap::blocked("kms-access", "CodeCommit cannot use the repository's key"))
            }
            (Repository::Refused { code, .. }, _) if code.starts_with("AccessDenied") => {
                Err(Gap::unknown(format!("whether {name} exists: codecommit:GetRepository on it is not allowed")))
            }
            (Repository::Refused { code, message }, _) => {
                Err(Gap::unknown(format!("whether {name} exists: codecommit:GetRepository: {code}: {message}")))
            }
        }
    }

    fn name(&self) -> &str {
        self.url.repository.as_deref().unwrap_or("the repository")
    }

    fn region(&self) -> &str {
        self.url.region.as_deref().unwrap_or("this region")
    }

    fn place(&self) -> String {
        match self.account {
            Some(account) => format!("account {account}, {}", self.region()),
            None => self.region().to_owned(),
        }
    }

    /// The likeliest explanation: a slip in the name, the region, the account.
    fn missing(&self, elsewhere: &Elsewhere) -> Vec<Finding> {
        let other_case = |name: &&String| name.eq_ignore_ascii_case(self.name());
        let same = elsewhere.names.iter().find(other_case).map(String::as_str);
        let found = same
            .map(|same| self.spelt_otherwise(same))
            .or_else(|| self.in_another_region(elsewhere))
            .or_else(|| self.in_another_account(elsewhere))
            .or_else(|| Some(self.spelt_otherwise(near(self.name(), &elsewhere.names)?)));
        match found {
            Some(finding) => vec![finding.seen(self.asked())],
            None => std::iter::once(self.nowhere(elsewhere)).chain(self.never_any(elsewhere)).collect(),
        }
    }

    fn asked(&self) -> Evidence {
        let said = format!("RepositoryDoesNotExistException: {} in {}", self.name(), self.place());
        let by_api = *self.repository == Repository::Missing;
        Evidence::new(if by_api { "codecommit:GetRepository" } else { "CodeCommit, to Git" }, said)
    }

    fn spelt_otherwise(&self, near: &str) -> Finding {
        let message = format!("There is no {} in {}; there is {near}.", self.name(), self.place());
        let fix = self.clone_again("Use the name as it is", near, self.region(), self.profile);
        Finding::new(&NAME_DIFFERS, message).seen(Evidence::new("codecommit:ListRepositories", near)).fix(fix)
    }

    fn in_another_region(&self, elsewhere: &Elsewhere) -> Option<Finding> {
        let (region, _) = Elsewhere::found(&elsewhere.regions)?;
        let message = format!("{} is in {region}, and the URL says {}.", self.name(), self.region());
        let fix = self.clone_again(&format!("Use the URL for {region}"), self.name(), region, self.profile);
        let seen = Evidence::new("codecommit:GetRepository", format!("{} exists in {region}", self.name()));
        Some(Finding::new(&OTHER_REGION, message).seen(seen).fix(fix))
    }

    fn in_another_account(&self, elsewhere: &Elsewhere) -> Option<Finding> {
        let (profile, account) = Elsewhere::found(&elsewhere.profiles)?;
        let own = self.account.map(|own| format!(", and Git looks in {own}")).unwrap_or_default();
        let message = format!("{} is in account {account}, which profile {profile} has{own}.", self.name());
        let fix =
            Fix::manual(format!("Use the profile {profile}, which git-remote-codecommit takes in the URL")).run([
                "git".to_owned(),
                "clone".to_owned(),
                format!("codecommit::{}://{profile}@{}", self.region(), self.name()),
            ]);
        let seen = Evidence::new("codecommit:GetRepository", format!("profile {profile}: account {account}"));
        Some(Finding::new(&OTHER_ACCOUNT, message).seen(seen).fix(fix.docs(docs::SETUP_GRC)))
    }

    fn nowhere(&self, elsewhere: &Elsewhere) -> Finding {
        let message = format!("There is no {} in {}.", self.name(), self.place());
        let mut looked: Vec<String> = Elsewhere::told(&elsewhere.regions).map(str::to_owned).collect();
        looked.extend(Elsewhere::told(&elsewhere.profiles).map(|profile| format!("profile {profile}")));
        let looked = if looked.is_empty() { "nowhere else".to_owned() } else { looked.join(", ") };
        let names = match &elsewhere.names_refused {
            Some(why) => why.clone(),
            None if elsewhere.names.is_empty() => "the account has none in this region".to_owned(),
            None => format!("{} repositories, none with a name like it", elsewhere.names.len()),
        };
        let search =
            Fix::manual("Look in every region").run(["codecommit-doctor", "check", "--search", &self.url.shown]);
        let ask = Fix::manual(
            "Ask whoever gave you the URL for the account and the region, and use credentials of that account",
        );
        let finding = Finding::new(&NOT_FOUND, message)
            .seen(self.asked())
            .seen(Evidence::new("codecommit:ListRepositories", names))
            .seen(Evidence::new("also looked in", looked));
        let untold = elsewhere.regions.iter().chain(&elsewhere.profiles).filter_map(|(place, look)| match look {
            Look::NotTold(why) => Some(Evidence::new(format!("not told by {place}"), why)),
            _ => None,
        });
        let finding = untold.fold(finding, Finding::seen).fix(ask);
        if elsewhere.everywhere { finding } else { finding.fix(search) }
    }

    /// An account without any repository may be one that came to CodeCommit while it was closed to newcomers.
    fn never_any(&self, elsewhere: &Elsewhere) -> Option<Finding> {
        if !elsewhere.names.is_empty()
            || elsewhere.names_refused.is_some()
            || Elsewhere::found(&elsewhere.regions).is_some()
        {
            return None;
        }
        let message =
            "The account has no repository here. From July 2024 to November 2025 new accounts could create none.";
        let seen = Evidence::new("codecommit:ListRepositories", format!("none in {}", self.place()));
        let fix =
            Fix::manual("If creating one is refused, ask AWS Support: the restriction was lifted in November 2025");
        Some(Finding::new(&CREATION_REFUSED, message).seen(seen).fix(fix.docs(docs::GETTING_STARTED)))
    }

    fn empty(&self) -> Finding {
        let message = format!("{} is empty: a clone works and has no files.", self.name());
        let seen = Evidence::new("codecommit:GetRepository", "no default branch");
        let fix = Fix::manual("Commit something and push it").run(["git", "push", "--set-upstream", "origin", "HEAD"]);
        Finding::new(&EMPTY, message).seen(seen).fix(fix)
    }

    /// The command that clones with another name or region, in the URL's own form.
    fn clone_again(&self, title: &str, name: &str, region: &str, profile: Option<&str>) -> Fix {
        let url = if self.url.protocol == Protocol::Grc {
            let profile = profile.map(|profile| format!("{profile}@")).unwrap_or_default();
            format!("codecommit::{region}://{profile}{name}")
        } else {
            let host = self.url.host.as_deref().unwrap_or_default().replace(self.region(), region);
            let scheme = if self.url.protocol == Protocol::Ssh { "ssh" } else { "https" };
            format!("{scheme}://{host}/v1/repos/{name}")
        };
        Fix::manual(title).run(["git", "clone", &url])
    }
}

/// The name that is most like this one, if any is like it. Names differ in case more often than in letters.
fn near<'a>(name: &str, names: &'a [String]) -> Option<&'a str> {
    let distance = |other: &str| strsim::damerau_levenshtein(&other.to_lowercase(), &name.to_lowercase());
    let nearest = names.iter().map(String::as_str).min_by_key(|other| distance(other))?;
    // Of "app-1" and "app-2" neither is a slip for the other.
    let allowed = if name.len() < 5 { 0 } else { (name.len() / 5).clamp(1, 3) };
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    (distance(nearest) <= allowed && digits(nearest) == digits(name)).then_some(nearest)
}

#[cfg(test)]
mod tests;
