//! No store holds, or will capture, a credential that conflicts.

use crate::check::{Check, Gap, Group, Verdict};
use crate::docs;
use crate::facts::answers::Answer;
use crate::facts::caller::{Caller, Identity};
use crate::facts::git_config::{Entry, GitConfig};
use crate::facts::helpers::{Helper, HelperChain, HelperKind, asks_helpers};
use crate::facts::method::{Certainty, Decision, Method};
use crate::facts::repository::Repository;
use crate::facts::stores::{Item, Stores};
use crate::finding::{ConfigChange, Evidence, Finding, FindingKind, Fix, Safety, Severity};
use crate::needs::Needs;
use crate::remedies::helper::{self, replace_value};
use crate::remedies::store;
use crate::shape::{Kind, SIGNATURE_LIFE, span};
use crate::target::CloneUrl;

/// The check.
pub(super) static CHECK: Check = Check {
    id: "keychain",
    title: "No store holds or will capture a conflicting credential",
    group: Group::Credentials,
    explain: include_str!("keychain.md"),
    findings: &[
        &EXPIRED_SIGNATURE,
        &STORE_BEFORE_HELPER,
        &MISMATCH,
        &HIDDEN,
        &WRONG_KIND,
        &DUPLICATES,
        &STORE_MISSING,
        &PLAINTEXT,
        &GRC_NOISE,
    ],
    needs: Needs { actions: &[], reads_policies: false, hosts: &[], files: &["~/.git-credentials"] },
    judge: |facts| {
        Box::pin(async move {
            if !facts.method().await.is_ok_and(|decision| decision.method == Method::Grc) {
                asks_helpers(facts).await?;
            }
            let (chain, stores, method) = tokio::join!(facts.helpers(), facts.stores(), facts.method());
            let (chain, stores) = (chain?, stores?);
            let answers = facts.answers().await.map(|answers| &answers.each[..]).unwrap_or_default();
            let target = facts.target().await?;
            let host = target.effective.as_ref().and_then(|url| url.host.as_deref()).unwrap_or_default();
            let stores = &stores.with_answers(chain, answers, host);
            // Whose account it is matters only when a store holds a Git credential.
            let asks = !facts.request.offline && stores.items.iter().any(|item| item.shape.account.is_some());
            let (caller, repository) =
                if asks { (facts.caller().await.ok(), facts.repository().await.ok()) } else { (None, None) };
            let view = View {
                config: facts.git_config().await?,
                chain,
                stores,
                answers,
                method: method?,
                url: target.effective.as_ref(),
                caller: caller.and_then(|caller| match caller {
                    Caller::Known(identity) => Some(identity),
                    Caller::Refused { .. } => None,
                }),
                repository_is_ours: matches!(repository, Some(Repository::Exists { .. })),
            };
            view.judge()
        })
    },
};

static EXPIRED_SIGNATURE: FindingKind = FindingKind::error(
    "expired-signature-stored",
    "A store holds an expired signature",
    &["C1", "C2", "C3"],
    docs::TROUBLE_HELPER,
);
static STORE_BEFORE_HELPER: FindingKind = FindingKind::warning(
    "store-before-helper",
    "A store will keep the helper's 15-minute password",
    &["C1", "C2", "C21"],
    docs::TROUBLE_HELPER,
);
static MISMATCH: FindingKind = FindingKind::error(
    "stored-credential-mismatch",
    "The stored Git credential belongs to somebody else",
    &["C4", "C25"],
    docs::TROUBLE_GIT_CREDENTIALS,
);
static HIDDEN: FindingKind = FindingKind::error(
    "stored-without-path",
    "Git asks for a path that the stored entry does not have",
    &["C5"],
    docs::GIT_CREDENTIALS,
);
static WRONG_KIND: FindingKind = FindingKind::error(
    "wrong-kind-stored",
    "A store holds something that is no Git credential",
    &["C41"],
    docs::SETUP_GIT_CREDENTIALS,
);
static DUPLICATES: FindingKind = FindingKind::warning(
    "duplicate-entries",
    "A store holds several entries for the host",
    &["C1"],
    docs::TROUBLE_HELPER,
);
static STORE_MISSING: FindingKind =
    FindingKind::note("store-missing", "Git asks for the password every time", &["C55"], docs::GIT_CREDENTIALS);
static PLAINTEXT: FindingKind =
    FindingKind::note("plaintext-store", "The store is a plain file", &["C3"], docs::GIT_CREDENTIALS);
static GRC_NOISE: FindingKind = FindingKind::note(
    "grc-store-noise",
    "The store may complain about git-remote-codecommit",
    &["C79"],
    docs::TROUBLE_GRC,
);

/// Everything that is looked at.
struct View<'a> {
    config: &'a GitConfig,
    chain: &'a HelperChain,
    stores: &'a Stores,
    /// In the order of the chain; empty when nobody was asked.
    answers: &'a [Answer],
    method: &'a Decision,
    url: Option<&'a CloneUrl>,
    caller: Option<&'a Identity>,
    /// Whether the repository exists in the caller's account.
    repository_is_ours: bool,
}

impl View<'_> {
    fn judge(&self) -> Result<Verdict, Gap> {
        let keepers: Vec<&Helper> = self.chain.helpers.iter().filter(|helper| helper.keeps_passwords()).collect();
        if self.method.method == Method::Grc {
            return Ok(Verdict::new("git-remote-codecommit asks no store", grc_noise(&keepers).into_iter().collect()));
        }
        if let ([], Some((_, why))) = (self.stores.items.as_slice(), self.stores.closed.first())
            && self.answers.iter().all(|answer| matches!(answer, Answer::NotAsked(_)))
        {
            return Err(Gap::unknown(format!("what {} holds cannot be seen: {why}", self.stores.closed[0].0.name())));
        }
        let mut findings: Vec<Finding> = self.expired().into_iter().collect();
        findings.extend(self.mismatch());
        findings.extend(self.hidden());
        findings.extend(self.wrong_kind());
        findings.extend(self.duplicates());
        if self.method.method == Method::CredentialHelper {
            findings.extend(self.captures());
        } else {
            findings.extend(self.no_store(&keepers));
        }
        let file = keepers.iter().find(|helper| matches!(helper.kind, HelperKind::Store(_)));
        findings.extend(file.map(|helper| {
            Finding::new(&PLAINTEXT, "Git keeps passwords in a plain file, which every program of this user can read.")
                .seen(helper.entry.evidence())
        }));
        Ok(Verdict::new(self.summary(&keepers), findings))
    }

    fn summary(&self, keepers: &[&Helper]) -> String {
        match (keepers.len(), self.stores.items.len()) {
            (0, _) => "no store is configured for this URL".to_owned(),
            (_, 0) => match self.stores.elsewhere.first() {
                Some(item) => format!("Git does not get the stored {}, because it asks for a path", item.shape.user),
                None => "no store holds anything for this host".to_owned(),
            },
            (_, number) => format!("{number} stored for this host: {}", self.names().join(", ")),
        }
    }

    fn names(&self) -> Vec<&str> {
        self.stores.items.iter().map(|item| item.shape.user.as_str()).collect()
    }

    fn host(&self) -> &str {
        self.url.and_then(|url| url.host.as_deref()).unwrap_or_default()
    }

    /// Signatures that are too old: in a store that was looked into, or in the answer of one that was asked.
    fn expired(&self) -> Vec<Finding> {
        let stale = |item: &&Item| item.shape.is_signature() && self.age(item).is_none_or(is_too_old);
        self.stores.items.iter().filter(stale).map(|item| self.expired_item(item)).collect()
    }

    fn expired_item(&self, item: &Item) -> Finding {
        let fix = self.for_good(store::delete(self.stores, item));
        let finding = expired(item.place_name(), item.line, &item.shape.user, self.age(item)).fix(fix);
        if self.is_answered(item) { finding } else { finding.at_most(Severity::Warning) }
    }

    /// How old a stored signature is: by itself, by the store's clock, or by what the store answered.
    fn age(&self, item: &Item) -> Option<i64> {
        let answer =
            self.answers.get(item.helper).and_then(Answer::shape).filter(|shape| shape.user == item.shape.user);
        item.shape.age.or(item.stored).or(answer.and_then(|shape| shape.age))
    }

    /// Whether Git gets this item: nothing that is asked earlier answers, and the store gives this one.
    fn is_answered(&self, item: &Item) -> bool {
        let answers = |at: usize| match self.answers.get(at) {
            Some(Answer::NotAsked(_)) | None => self.chain.helpers[at].aws().is_some(),
            Some(answer) => answer.shape().is_some(),
        };
        let earlier = (0..item.helper).any(answers);
        let given = match self.answers.get(item.helper) {
            Some(Answer::Credential(shape)) => shape.user == item.shape.user,
            Some(Answer::None | Answer::Failed(_) | Answer::Quit) => false,
            // Nobody asked: stores give the first that fits.
            Some(Answer::NotAsked(_)) | None => {
                self.stores.items.iter().find(|other| other.helper == item.helper).is_some_and(|first| first == item)
            }
        };
        given && !earlier
    }

    /// With the AWS helper, whatever a store forgets it will keep again, unless it is kept away.
    fn for_good(&self, fix: Fix) -> Fix {
        match self.chain.aws() {
            Some((aws, _)) if self.method.method == Method::CredentialHelper => {
                fix.and(helper::keep_stores_away(self.config, self.chain, aws))
            }
            _ => fix,
        }
    }

    /// The Git credential of another account or user than the URL's or the caller's.
    fn mismatch(&self) -> Option<Finding> {
        let stored = self.stores.items.iter().find(|item| item.shape.kind == Kind::GitCredential)?;
        let seen = Evidence::at(&stored.place, stored.line, format!("user name {}", stored.shape.user));
        if let Some((user, entry)) = self.chain.wanted_user(self.url) {
            self.stores.of_others(&user)?;
            let who = if entry.is_some() { "Git is told to sign in as" } else { "The URL names" };
            let message = format!("{who} {user}, and the store holds {} only.", stored.shape.user);
            let fix = match entry {
                Some(entry) => replace_value(entry, "Name the stored user in the configuration", &stored.shape.user),
                None => Fix::manual("Name the stored user in the URL, or sign in once with the one that the URL names"),
            };
            let finding = Finding::new(&MISMATCH, message).at_most(Severity::Warning).seen(seen).fix(fix);
            return Some(entry.map(Entry::evidence).into_iter().fold(finding, Finding::seen));
        }
        let account = stored.shape.account.as_deref()?;
        let caller = self.caller.filter(|caller| caller.account != account)?;
        let message = format!(
            "The stored Git credential is of account {account}, and the AWS credentials are of account {}.",
            caller.account
        );
        let finding =
            Finding::new(&MISMATCH, message).seen(seen).seen(Evidence::new("sts:GetCallerIdentity", &caller.arn));
        // A repository of this name may exist in both accounts, so this proves nothing.
        let severity = if self.repository_is_ours { Severity::Warning } else { Severity::Note };
        Some(finding.at_most(severity).fix(store::delete(self.stores, stored).at_least(Safety::Review)))
    }

    /// A Git credential that Git does not get, because it asks for a path and the store holds none with it.
    fn hidden(&self) -> Option<Finding> {
        let (setting, item) = (self.chain.use_http_path.as_ref()?, self.stores.hidden()?);
        let answered = self.answers.iter().any(|answer| answer.shape().is_some());
        if self.method.method != Method::GitCredentials || answered || self.chain.aws().is_some() {
            return None;
        }
        let message =
            format!("Git does not get the stored {}, because useHttpPath makes it ask for a path.", item.shape.user);
        let seen = Evidence::at(&item.place, item.line, format!("user name {}", item.shape.user));
        let fix = remedies_for_path(setting);
        Some(Finding::new(&HIDDEN, message).seen(setting.evidence()).seen(seen).fix(fix))
    }

    fn wrong_kind(&self) -> Option<Finding> {
        let wrong = |item: &&Item| matches!(item.shape.kind, Kind::Other | Kind::AccessKey | Kind::EmptyPassword);
        let item = self.stores.items.iter().find(wrong)?;
        let what = match item.shape.kind {
            Kind::AccessKey => "an access key where a Git credential belongs",
            Kind::EmptyPassword => "an empty password",
            _ => "a user name that is no Git credential of IAM's",
        };
        let message = sentence(&format!("{} holds {what}.", item.place_name()));
        let finding = Finding::new(&WRONG_KIND, message).seen(Evidence::at(
            &item.place,
            item.line,
            format!("user name {}", item.shape.user),
        ));
        let finding = if self.is_answered(item) { finding } else { finding.at_most(Severity::Warning) };
        Some(finding.fix(store::delete(self.stores, item)))
    }

    fn duplicates(&self) -> Option<Finding> {
        let named = self.url.is_some_and(|url| url.userinfo.is_some());
        let items = &self.stores.items;
        let first = items
            .first()
            .filter(|first| !named && items.iter().filter(|item| item.store == first.store).count() > 1)?;
        let message = sentence(&format!(
            "{} holds {} entries for {}, and which one Git gets is chance.",
            first.place_name(),
            items.len(),
            self.host()
        ));
        // The one to keep is a Git credential; where all are, or none is, only the person knows.
        let is_meant =
            |item: &&Item| (item.shape.kind == Kind::GitCredential) == (self.method.method == Method::GitCredentials);
        let unmeant = items.iter().find(|item| !is_meant(item)).filter(|_| items.iter().any(|item| is_meant(&item)));
        let fix = match unmeant {
            Some(item) => store::delete(self.stores, item).at_least(Safety::Review),
            None => Fix::manual("Keep the entry that is meant, and delete the others"),
        };
        let finding = Finding::new(&DUPLICATES, message).fix(fix);
        let seen = |item: &Item| Evidence::at(&item.place, item.line, format!("user name {}", item.shape.user));
        Some(items.iter().map(seen).fold(finding, Finding::seen))
    }

    /// A store beside the AWS helper: asked before it, it answers with what it kept; after it, it still keeps.
    fn captures(&self) -> Option<Finding> {
        let (aws, _) = self.chain.aws()?;
        let store = self.chain.helpers.iter().find(|helper| helper.keeps_passwords())?;
        let message = format!(
            "{} is asked besides the AWS CLI credential helper, and keeps its password, which is valid for 15 minutes.",
            store.entry.text()
        );
        let fix = helper::keep_stores_away(self.config, self.chain, aws);
        Some(
            Finding::new(&STORE_BEFORE_HELPER, message)
                .seen(store.entry.evidence())
                .seen(aws.entry.evidence())
                .fix(fix),
        )
    }

    fn no_store(&self, keepers: &[&Helper]) -> Option<Finding> {
        let any = !self.chain.helpers.is_empty() || !keepers.is_empty();
        if any || self.method.method != Method::GitCredentials || self.method.certainty == Certainty::Guess {
            return None;
        }
        let message = "No credential store is configured, so Git asks for the user name and password every time.";
        Some(
            Finding::new(&STORE_MISSING, message)
                .fix(Fix::manual("Set up a credential store").docs(docs::GIT_CREDENTIALS)),
        )
    }
}

fn expired(place: &str, line: Option<u32>, user: &str, age: Option<i64>) -> Finding {
    let when = age.map(|age| format!(", {} old", span(age))).unwrap_or_default();
    let message =
        sentence(&format!("{place} holds a CodeCommit signature{when}, and signatures are valid for 15 minutes."));
    Finding::new(&EXPIRED_SIGNATURE, message).seen(Evidence::at(place, line, format!("user name {user}")))
}

fn remedies_for_path(setting: &Entry) -> Fix {
    let fix = Fix::review("Switch useHttpPath off, which only the AWS CLI credential helper needs");
    match setting.config_scope() {
        Some(scope) => {
            fix.git_config(scope, ConfigChange::Unset { key: setting.key.clone(), value: setting.value.clone() })
        }
        None => fix.at_least(Safety::Manual),
    }
}

/// The text with a capital letter, where it begins with a word.
fn sentence(text: &str) -> String {
    let mut text = text.to_owned();
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text
}

fn is_too_old(age: i64) -> bool {
    age.unsigned_abs() > SIGNATURE_LIFE.as_secs()
}

/// GRC's inner git offers its credentials to the stores, and Windows' finds the user name too long.
fn grc_noise(keepers: &[&Helper]) -> Option<Finding> {
    let helper = keepers.iter().find(|helper| matches!(helper.kind, HelperKind::Manager | HelperKind::WinCred))?;
    let message = "Git offers git-remote-codecommit's credentials to the credential manager, which may complain although all is well.";
    Some(Finding::new(&GRC_NOISE, message).seen(helper.entry.evidence()))
}

#[cfg(test)]
mod tests;
