//! The IAM user has an active Git credential for CodeCommit, and it is the one in use.

use crate::check::{Check, Gap, Group, Verdict};
use crate::docs;
use crate::facts::access::{Access, Read, ServerAnswer};
use crate::facts::caller::{Caller, Identity, Principal};
use crate::facts::credentials::needed_to_ask;
use crate::facts::git_credentials::{GitCredential, GitCredentials};
use crate::facts::method::Method;
use crate::facts::offered::{Giver, Offered};
use crate::facts::principal::own_git_credential;
use crate::facts::repository::Repository;
use crate::facts::target::Target;
use crate::finding::{Evidence, Finding, FindingKind, Fix};
use crate::needs::{Needs, On, action};
use crate::shape::Shape;

/// The check.
pub(super) static CHECK: Check = Check {
    id: "git-credentials",
    title: "The IAM user's Git credential is active, and the one in use",
    group: Group::Aws,
    explain: include_str!("git_credentials.md"),
    findings: &[&NONE_GENERATED, &INACTIVE, &NOT_FOUND, &ROTATED, &OTHER_ACCOUNT, &NOT_POSSIBLE],
    needs: Needs {
        actions: &[action(
            "iam:ListServiceSpecificCredentials",
            On::User,
            "to see whether the Git credential is active",
        )],
        reads_policies: false,
        hosts: &["iam.amazonaws.com"],
        files: &[],
    },
    judge: |facts| {
        Box::pin(async move {
            if facts.method().await?.method != Method::GitCredentials {
                return Err(Gap::not_applicable("this machine does not sign in with Git credentials"));
            }
            needed_to_ask(facts).await?;
            let (listed, caller, access, offered, repository) = tokio::join!(
                facts.git_credentials(),
                facts.caller(),
                facts.access(),
                facts.offered(),
                facts.repository()
            );
            let offered = offered.ok();
            let from_store =
                matches!(offered, Some(Offered::Credential(given)) if matches!(given.by, Giver::Helper(_)));
            let view = View {
                listed,
                caller: match caller? {
                    Caller::Known(identity) => identity,
                    Caller::Refused { .. } => {
                        return Err(Gap::blocked("aws-identity", "AWS does not accept the credentials"));
                    }
                },
                shape: own_git_credential(facts).await,
                access: access.ok(),
                has_repository: matches!(repository, Ok(Repository::Exists { .. })),
                from_store,
                target: facts.target().await?,
            };
            view.judge()
        })
    },
};

static NONE_GENERATED: FindingKind =
    FindingKind::error("none-generated", "The IAM user has no Git credential", &["C55"], docs::SETUP_GIT_CREDENTIALS);
static INACTIVE: FindingKind =
    FindingKind::error("inactive", "The Git credential is switched off", &["C39"], docs::IAM_GIT_CREDENTIALS);
static NOT_FOUND: FindingKind =
    FindingKind::error("not-found", "The Git credential no longer exists", &["C4"], docs::IAM_GIT_CREDENTIALS);
static ROTATED: FindingKind =
    FindingKind::error("rotated", "The Git credential has another password", &["C4"], docs::TROUBLE_GIT_CREDENTIALS);
static OTHER_ACCOUNT: FindingKind = FindingKind::error(
    "other-account",
    "The Git credential is of another account",
    &["C25"],
    docs::TROUBLE_GIT_CREDENTIALS,
);
static NOT_POSSIBLE: FindingKind = FindingKind::error(
    "not-possible",
    "This kind of identity can have no Git credentials",
    &["C42", "C43"],
    docs::SETUP_GRC,
);

/// Everything that is looked at.
struct View<'a> {
    /// What IAM lists for the user of the Git credential, else for the caller.
    listed: Result<&'a GitCredentials, Gap>,
    caller: &'a Identity,
    /// The Git credential that Git has, by its user name.
    shape: Option<&'a Shape>,
    access: Option<&'a Access>,
    /// Whether the caller's account has the repository.
    has_repository: bool,
    /// Whether a helper gives Git the credential.
    from_store: bool,
    target: &'a Target,
}

impl View<'_> {
    fn judge(&self) -> Result<Verdict, Gap> {
        let Some(shape) = self.shape else { return self.without_one() };
        let name = &shape.user;
        if self.access.is_some_and(Access::works) {
            return Ok(Verdict::new(format!("CodeCommit accepts the Git credential {name}"), vec![]));
        }
        if shape.account.as_deref() != Some(self.caller.account.as_str()) {
            return self.of_another_account(shape);
        }
        let list = match &self.listed {
            Ok(GitCredentials::Listed(list)) => list,
            Ok(GitCredentials::Refused(why)) => return Err(Gap::unknown(format!("whether {name} is active: {why}"))),
            Err(gap) => return Err(gap.clone()),
        };
        let finding = match list.iter().find(|one| one.name == *name) {
            Some(one) if !one.is_active() => Some(self.inactive(one)),
            Some(_) => self.is_refused().then(|| self.rotated(name)),
            None => Some(Self::not_found(name, list)),
        };
        let summary = match &finding {
            Some(_) => format!("the Git credential {name} cannot be used"),
            None => format!("the Git credential {name} is active"),
        };
        Ok(Verdict::new(summary, finding.into_iter().collect()))
    }

    /// Git has no Git credential: the caller may have one, or none, or can have none.
    fn without_one(&self) -> Result<Verdict, Gap> {
        if !matches!(self.caller.principal, Principal::User(_)) {
            return Ok(Verdict::new("this identity can have no Git credentials", vec![self.not_possible()]));
        }
        let list = match &self.listed {
            Ok(GitCredentials::Listed(list)) => list,
            Ok(GitCredentials::Refused(why)) => return Err(Gap::unknown(format!("whether there is one: {why}"))),
            Err(gap) => return Err(gap.clone()),
        };
        if let Some(one) = list.iter().find(|one| one.is_active()) {
            return Ok(Verdict::new(format!("{} is active, and Git does not have it yet", one.name), vec![]));
        }
        let finding = match list.first() {
            Some(one) => self.inactive(one),
            None => self.none_generated(),
        };
        Ok(Verdict::new("there is no Git credential to use", vec![finding]))
    }

    /// Whether CodeCommit refused the credential itself, and not what it may do.
    fn is_refused(&self) -> bool {
        let answer = self.access.and_then(|access| access.refusal.as_ref());
        answer.is_some_and(ServerAnswer::is_about_who)
    }

    fn inactive(&self, one: &GitCredential) -> Finding {
        let status = one.status.to_lowercase();
        let message = format!("The Git credential {} is {status}, so CodeCommit refuses it.", one.name);
        let activate = ["aws", "iam", "update-service-specific-credential", "--status", "Active"];
        let id = ["--service-specific-credential-id", &one.id];
        let user = self.user_option(&one.name);
        let argv = activate.into_iter().chain(id).chain(user.iter().map(String::as_str));
        let seen = Evidence::new("iam:ListServiceSpecificCredentials", format!("{}: Status {}", one.name, one.status));
        let fix = Fix::manual("Switch it on again, if it may be used").run(argv).docs(docs::IAM_GIT_CREDENTIALS);
        Finding::new(&INACTIVE, message).seen(seen).fix(fix)
    }

    fn not_found(name: &str, list: &[GitCredential]) -> Finding {
        let message = format!("IAM does not know the Git credential {name}: it was deleted, or its user was.");
        let names: Vec<&str> = list.iter().map(|one| one.name.as_str()).collect();
        let known = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        let fix = match list.iter().find(|one| one.is_active()) {
            Some(one) => Fix::manual(format!("Sign in with {}, which is active, and forget the other", one.name)),
            None => Self::create(),
        };
        let seen = Evidence::new("iam:ListServiceSpecificCredentials", format!("known: {known}"));
        Finding::new(&NOT_FOUND, message).seen(seen).fix(fix)
    }

    fn rotated(&self, name: &str) -> Finding {
        let message = format!("The Git credential {name} is active, and its password is not the one that Git sends.");
        let refusal = self.access.and_then(|access| access.refusal.as_ref());
        let said = refusal.map_or_else(String::new, ServerAnswer::told);
        let fix = Fix::manual("Reset its password in IAM, where it is shown once, and sign in with it")
            .instruct("IAM console, Users, the user, Security credentials, HTTPS Git credentials for AWS CodeCommit.")
            .docs(docs::TROUBLE_GIT_CREDENTIALS);
        let listed = Evidence::new("iam:ListServiceSpecificCredentials", format!("{name}: Status Active"));
        Finding::new(&ROTATED, message).seen(Evidence::new("CodeCommit", said)).seen(listed).fix(fix)
    }

    fn none_generated(&self) -> Finding {
        let who = &self.caller.arn;
        let message = format!("The IAM user {who} has no Git credential, so there is none to sign in with.");
        let seen = Evidence::new("iam:ListServiceSpecificCredentials", "none");
        Finding::new(&NONE_GENERATED, message).seen(seen).fix(Self::create())
    }

    fn not_possible(&self) -> Finding {
        let what = match self.caller.principal {
            Principal::Root => "The root user",
            _ => "A temporary identity",
        };
        let message = format!("{what} can have no Git credentials; only IAM users have them.");
        let url = self.target.effective.as_ref();
        let way = Fix::manual("Use git-remote-codecommit, which signs with these AWS credentials");
        let way = match url.and_then(|url| Some((url.region.as_deref()?, url.repository.as_deref()?))) {
            Some((region, name)) => {
                way.run(["git".to_owned(), "clone".to_owned(), format!("codecommit::{region}://{name}")])
            }
            None => way,
        };
        let seen = Evidence::new("sts:GetCallerIdentity", &self.caller.arn);
        Finding::new(&NOT_POSSIBLE, message).seen(seen).fix(way.docs(docs::SETUP_GRC))
    }

    /// CodeCommit looks in the account of whoever signs in. That another account has the repository is only known of the
    /// caller's own.
    fn of_another_account(&self, shape: &Shape) -> Result<Verdict, Gap> {
        let (name, own) = (&shape.user, &self.caller.account);
        let account = shape.account.as_deref().unwrap_or_default();
        let is_missing = self.access.is_some_and(|access| match (&access.refusal, &access.read) {
            (Some(answer), _) => answer.status == 404,
            (None, Read::Failed(said)) => said.contains("not found"),
            (None, Read::Works(_)) => false,
        });
        if !(is_missing && self.has_repository) {
            return Err(Gap::unknown(format!("{name} is of account {account}, and the AWS credentials are of {own}")));
        }
        if self.from_store {
            return Err(Gap::blocked("keychain", format!("the stored {name} is of account {account}")));
        }
        let repository = self.target.effective.as_ref().and_then(|url| url.repository.as_deref()).unwrap_or_default();
        let message = format!("{name} is of account {account}, and {repository} is in account {own}.");
        let sent = Evidence::new("what Git sends", name);
        let has = Evidence::new("codecommit:GetRepository", format!("account {own} has {repository}"));
        let fix = Fix::manual(format!("Sign in with a Git credential of a user of account {own}, and forget this one"))
            .docs(docs::TROUBLE_GIT_CREDENTIALS);
        let finding = Finding::new(&OTHER_ACCOUNT, message).seen(sent).seen(has).fix(fix);
        Ok(Verdict::new(format!("the Git credential {name} is of another account"), vec![finding]))
    }

    fn create() -> Fix {
        Fix::manual("Create a Git credential in IAM, which shows the password once, and keep it in a credential store")
            .instruct("IAM console, Users, the user, Security credentials, HTTPS Git credentials for AWS CodeCommit.")
            .docs(docs::SETUP_GIT_CREDENTIALS)
    }

    /// The option that names the credential's user, where that is not the caller.
    fn user_option(&self, name: &str) -> Vec<String> {
        let shape = Shape::of(name, None, std::time::SystemTime::UNIX_EPOCH);
        let user = shape.iam_user().unwrap_or(name);
        if self.caller.principal == Principal::User(user.to_owned()) {
            return Vec::new();
        }
        vec!["--user-name".to_owned(), user.to_owned()]
    }
}

#[cfg(test)]
mod tests;
