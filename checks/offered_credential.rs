//! What Git would send is the right kind and still valid.

use crate::check::{Check, Gap, Group, Verdict};
use crate::docs;
use crate::facts::answers::Answer;
use crate::facts::caller::{Caller, Principal};
use crate::facts::helpers::{Helper, HelperChain};
use crate::facts::method::{Decision, Method};
use crate::facts::offered::{Given, Giver, Offered, Prompt};
use crate::facts::stores::{Item, Stores};
use crate::facts::target::Target;
use crate::finding::{Evidence, Finding, FindingKind, Fix, Severity};
use crate::needs::Needs;
use crate::shape::{Kind, SIGNATURE_LIFE, Shape, span};

/// The check.
pub(super) static CHECK: Check = Check {
    id: "offered-credential",
    title: "What Git would send is the right kind and still valid",
    group: Group::Credentials,
    explain: include_str!("offered_credential.md"),
    findings: &[&NOTHING, &WRONG_KIND, &EXPIRED, &TOKEN_MISSING, &EMPTY_PASSWORD, &SHADOWED],
    needs: Needs::NOTHING,
    judge: |facts| {
        Box::pin(async move {
            let target = facts.target().await?;
            if facts.method().await.is_ok_and(|decision| decision.method == Method::Grc) {
                return Err(Gap::not_applicable("git-remote-codecommit signs by itself"));
            }
            if target.given.is_none() {
                return Err(Gap::not_applicable("there is no clone URL"));
            }
            let (offered, chain, stores) = tokio::join!(facts.offered(), facts.helpers(), facts.stores());
            let (no_helpers, no_stores) = (HelperChain::default(), Stores::default());
            let view = View {
                offered: offered?,
                chain: chain.unwrap_or(&no_helpers),
                answers: facts.answers().await.map(|answers| &answers.each[..]).unwrap_or_default(),
                stores: stores.unwrap_or(&no_stores),
                method: facts.method().await?,
                target,
                cannot_have_one: match facts.caller().await {
                    Ok(Caller::Known(identity)) => !matches!(identity.principal, Principal::User(_)),
                    _ => false,
                },
                has_home: facts.machine.home().is_some_and(|home| facts.machine.exists(&home)),
            };
            view.judge()
        })
    },
};

static NOTHING: FindingKind =
    FindingKind::error("no-credential", "Git has no credential to send", &["C55"], docs::GIT_CREDENTIALS);
static WRONG_KIND: FindingKind = FindingKind::error(
    "wrong-kind",
    "Git sends something that is no credential of CodeCommit's",
    &["C41"],
    docs::SETUP_GIT_CREDENTIALS,
);
static EXPIRED: FindingKind = FindingKind::error(
    "signature-expired",
    "Git sends a signature that has run out",
    &["C1", "C2", "C3"],
    docs::TROUBLE_HELPER,
);
static TOKEN_MISSING: FindingKind = FindingKind::error(
    "session-token-missing",
    "Git sends a temporary key without its session token",
    &["C44"],
    docs::TEMPORARY,
);
static EMPTY_PASSWORD: FindingKind =
    FindingKind::error("empty-password", "Git sends an empty password", &["C40", "C50"], docs::SETUP_GIT_CREDENTIALS);
static SHADOWED: FindingKind = FindingKind::warning(
    "shadowed",
    "A Git credential is stored and never reached",
    &["C20"],
    docs::TROUBLE_GIT_CREDENTIALS,
);

/// Everything that is looked at.
struct View<'a> {
    offered: &'a Offered,
    chain: &'a HelperChain,
    /// In the order of the chain; empty when nobody was asked.
    answers: &'a [Answer],
    stores: &'a Stores,
    method: &'a Decision,
    target: &'a Target,
    /// Whether AWS takes the caller for one that can have no Git credentials.
    cannot_have_one: bool,
    /// Whether there is a home folder, in which Git looks for the user's configuration.
    has_home: bool,
}

impl View<'_> {
    fn judge(&self) -> Result<Verdict, Gap> {
        let given = match self.offered {
            Offered::Credential(given) => given,
            Offered::Nothing(prompt) => return self.nothing(prompt),
        };
        let finding = Self::fault(&given.shape);
        if let (Some(_), Some(check)) = (&finding, self.told_by(given)) {
            return Err(Gap::blocked(check, format!("what Git sends is wrong: {}", describe(&given.shape))));
        }
        let findings = finding.map(|finding| finding.seen(self.evidence(given)).fix(self.way_out(given)));
        let summary = format!("{} offers {}", self.giver(given), describe(&given.shape));
        Ok(Verdict::new(summary, findings.into_iter().chain(self.shadowed(given)).collect()))
    }

    /// What is wrong with a credential, whoever gives it.
    fn fault(shape: &Shape) -> Option<Finding> {
        let user = &shape.user;
        Some(match shape.kind {
            Kind::SignedKey | Kind::SignedSession if shape.is_stale_signature() => {
                let age = shape.age.map_or_else(|| "old".to_owned(), |age| format!("{} old", span(age)));
                let life = span(i64::try_from(SIGNATURE_LIFE.as_secs()).unwrap_or(i64::MAX));
                let message = format!("Git sends a signature that is {age}, and CodeCommit accepts it for {life}.");
                Finding::new(&EXPIRED, message)
            }
            Kind::GitCredential | Kind::SignedKey | Kind::SignedSession => return None,
            Kind::SessionTokenMissing => {
                let message =
                    format!("Git sends the temporary key {user} without the session token that belongs to it.");
                Finding::new(&TOKEN_MISSING, message)
            }
            Kind::EmptyPassword => {
                Finding::new(&EMPTY_PASSWORD, format!("Git sends the user name {user} with an empty password."))
            }
            Kind::AccessKey => {
                let message = format!(
                    "Git sends the access key {user} as it is, and CodeCommit wants a Git credential or a signature."
                );
                Finding::new(&WRONG_KIND, message)
            }
            Kind::Other => {
                let message = format!(
                    "Git sends the user name {user}, which is neither a Git credential of IAM's nor an access key."
                );
                Finding::new(&WRONG_KIND, message)
            }
        })
    }

    /// The check that reports the same fault where it arises.
    fn told_by(&self, given: &Given) -> Option<&'static str> {
        let helper = self.helper(given)?;
        match given.shape.kind {
            _ if helper.aws().is_some() => Some("aws-credentials"),
            Kind::SessionTokenMissing => None,
            _ => helper.keeps_passwords().then_some("keychain"),
        }
    }

    /// Without a credential Git asks the person; where nobody can answer, it fails.
    fn nothing(&self, prompt: &Prompt) -> Result<Verdict, Gap> {
        if let Some((check, why)) = self.nothing_told_by() {
            return Err(Gap::blocked(check, why));
        }
        let (who, severity) = match prompt {
            Prompt::Nobody(why) => (format!("has nobody to ask ({why})"), Severity::Error),
            Prompt::Person => ("asks at the terminal".to_owned(), Severity::Warning),
            Prompt::Program(name) => (format!("asks through {name}"), Severity::Note),
        };
        let message = format!("Git finds no user name and password for this host, and {who}.");
        let finding = Finding::new(&NOTHING, message).at_most(severity);
        // An entry that is there and of no use tells more than that there is none.
        let finding = self.stores.ignored.iter().fold(finding, |finding, ignored| {
            let fix = Fix::manual(format!("Correct line {} of {}: {}", ignored.line, ignored.place, ignored.why));
            let unused = format!("Git does not use it: {}", ignored.why);
            finding.seen(Evidence::at(&ignored.place, Some(ignored.line), unused)).fix(fix)
        });
        let finding = finding.seen(Evidence::new("git credential fill", self.asked()));
        let finding = self.complaints().fold(finding, Finding::seen);
        let make = Fix::manual("Create a Git credential in IAM, and keep it in a credential store")
            .instruct("IAM console, Users, your user, Security credentials, HTTPS Git credentials for AWS CodeCommit.")
            .docs(docs::SETUP_GIT_CREDENTIALS);
        let sign = Fix::manual("Or sign with AWS credentials: use git-remote-codecommit, or the AWS CLI's helper")
            .docs(docs::SETUP_GRC);
        Ok(Verdict::new("Git has no credential to send", vec![finding.fix(make).fix(sign)]))
    }

    /// The check that reports why Git has nothing, and the reason in short.
    fn nothing_told_by(&self) -> Option<(&'static str, &'static str)> {
        if self.method.method == Method::CredentialHelper {
            return Some(("credential-helper", "no helper gives Git a credential"));
        }
        if self.cannot_have_one && self.method.method == Method::GitCredentials {
            return Some(("aws-identity", "this identity can have no Git credential"));
        }
        if !self.has_home {
            return Some(("git-config", "Git finds no configuration of the user's"));
        }
        let wanted = self.chain.wanted_user(self.target.effective.as_ref());
        let of_others = wanted.as_ref().and_then(|(user, _)| self.stores.of_others(user));
        let hidden = self.stores.hidden().filter(|_| self.chain.use_http_path.is_some() && self.chain.aws().is_none());
        of_others.or(hidden).map(|_| ("keychain", "Git does not get what is stored"))
    }

    /// Whom Git asked, in a few words.
    fn asked(&self) -> String {
        let names: Vec<&str> = self.chain.helpers.iter().map(|helper| helper.entry.text()).collect();
        if names.is_empty() {
            return "no helper is configured".to_owned();
        }
        format!("asked {}, which gave none", names.join(", then "))
    }

    /// What the helpers that failed said.
    fn complaints(&self) -> impl Iterator<Item = Evidence> {
        self.chain.helpers.iter().zip(self.answers).filter_map(|(helper, answer)| match answer {
            Answer::Failed(said) => Some(Evidence::at(&helper.entry.source, helper.entry.line, said)),
            _ => None,
        })
    }

    /// A Git credential in a store that is asked after the one that answers.
    fn shadowed(&self, given: &Given) -> Option<Finding> {
        let Giver::Helper(at) = given.by else { return None };
        if given.shape.kind == Kind::GitCredential {
            return None;
        }
        let later = |item: &&Item| item.helper > at && item.shape.kind == Kind::GitCredential;
        let item = self.stores.items.iter().find(later)?;
        let message =
            format!("Git never gets to the stored {}, because {} answers first.", item.shape.user, self.giver(given));
        let finding = Finding::new(&SHADOWED, message)
            .seen(self.evidence(given))
            .seen(Evidence::at(&item.place, item.line, format!("user name {}", item.shape.user)))
            .fix(Fix::manual("Remove the helper that answers first, if the Git credential is meant"));
        // Set up for the helper, the Git credential is only left over.
        Some(if self.method.method == Method::GitCredentials { finding } else { finding.at_most(Severity::Note) })
    }

    fn helper(&self, given: &Given) -> Option<&Helper> {
        match given.by {
            Giver::Url => None,
            Giver::Helper(at) => self.chain.helpers.get(at),
        }
    }

    fn giver(&self, given: &Given) -> String {
        self.helper(given).map_or_else(|| "the clone URL".to_owned(), |helper| helper.entry.text().to_owned())
    }

    fn evidence(&self, given: &Given) -> Evidence {
        match self.helper(given) {
            Some(helper) => helper.entry.evidence(),
            None => Evidence::new(&self.target.from, self.target.given.as_ref().map_or("", |url| url.shown.as_str())),
        }
    }

    fn way_out(&self, given: &Given) -> Fix {
        match self.helper(given) {
            Some(helper) => Fix::manual(format!("Mend or remove the helper {}", helper.entry.text())),
            None => Fix::manual(
                "Take the user name and password out of the clone URL, and let a credential helper give them",
            )
            .docs(docs::SETUP_GIT_CREDENTIALS),
        }
    }
}

/// A credential in a few words.
fn describe(shape: &Shape) -> String {
    let age = shape.age.map(|age| format!(", {} old", span(age.max(0)))).unwrap_or_default();
    match shape.kind {
        Kind::GitCredential => format!("the Git credential {}", shape.user),
        Kind::SignedKey => format!("a signature by {}{age}", shape.user),
        Kind::SignedSession => format!("a signature by {} with its session token{age}", shape.user),
        Kind::SessionTokenMissing => format!("{} without its session token", shape.user),
        Kind::AccessKey => format!("the access key {}", shape.user),
        Kind::EmptyPassword => format!("{} with an empty password", shape.user),
        Kind::Other => format!("the user name {}", shape.user),
    }
}

#[cfg(test)]
mod tests;
