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
use crate::remedies::{helper, store};
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
    judge: |facts| {
        Box::pin(async move {
            if !facts.method().await.is_ok_and(|decision| decision.method == Method::Grc) {
                asks_helpers(facts).await?;
            }
            let (chain, stores, method) = tokio::join!(facts.helpers(), facts.stores(), facts.method());
            let (chain, stores) = (chain?, stores?);
            let answers = facts.answers().await.map(Vec::as_slice).unwrap_or_default();
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
            Some(Answer::None | Answer::Failed(_)) => false,
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
        let named = self.url.and_then(|url| url.userinfo.as_ref()).filter(|info| info.shape.account.is_some());
        let stored = self.stores.items.iter().find(|item| item.shape.kind == Kind::GitCredential)?;
        let seen = Evidence::at(&stored.place, stored.line, format!("user name {}", stored.shape.user));
        if let Some(info) = named {
            let fits = self.stores.items.iter().any(|item| item.shape.user == info.shape.user);
            let message = format!("The URL names {}, and the store holds {} only.", info.shape.user, stored.shape.user);
            let fix = Fix::manual("Name the stored user in the URL, or sign in once with the one that the URL names");
            return (!fits).then(|| Finding::new(&MISMATCH, message).at_most(Severity::Warning).seen(seen).fix(fix));
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
        let (setting, item) = (self.chain.use_http_path.as_ref()?, self.stores.elsewhere.first()?);
        let meant = self.method.method == Method::GitCredentials && item.shape.kind == Kind::GitCredential;
        let answered = self.answers.iter().any(|answer| answer.shape().is_some()) || !self.stores.items.is_empty();
        if !meant || answered || self.chain.aws().is_some() {
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
mod tests {
    use super::*;
    use crate::facts::helpers::DOCUMENTED;
    use crate::facts::stores::StoreKind;
    use crate::shape::Shape;
    use std::time::SystemTime;

    const HOST: &str = "git-codecommit.us-east-1.amazonaws.com";
    const SECTION: &str = "credential.https://git-codecommit.*.amazonaws.com";

    fn chain(entries: &[(&str, &str)]) -> HelperChain {
        let entry = |(key, value): &(&str, &str)| Entry {
            key: (*key).to_owned(),
            value: Some((*value).to_owned()),
            source: "~/.gitconfig".into(),
            scope: "global".into(),
            ..Entry::default()
        };
        let config = GitConfig { entries: entries.iter().map(entry).collect(), ..GitConfig::default() };
        HelperChain::select(&config, &format!("https://{HOST}/v1/repos/x"), true)
    }

    fn item(store: StoreKind, user: &str, password: Option<&str>) -> Item {
        let shape = Shape::of(user, password, SystemTime::now());
        Item {
            helper: 0,
            store,
            place: "~/.git-credentials".into(),
            line: Some(1),
            host: HOST.into(),
            path: None,
            shape,
            stored: None,
        }
    }

    fn verdict(chain: &HelperChain, items: Vec<Item>, method: Method, url: &str) -> Verdict {
        let decision = Decision { method, reason: String::new(), certainty: Certainty::Sure };
        let stores = Stores { items, ..Stores::default() };
        let url = CloneUrl::read(url);
        let other = Identity::read("arn:aws:iam::999999999999:user/ann", "999999999999");
        let config = GitConfig::default();
        let view = View {
            config: &config,
            chain,
            stores: &stores,
            answers: &[],
            method: &decision,
            url: Some(&url),
            caller: Some(&other),
            repository_is_ours: true,
        };
        view.judge().unwrap()
    }

    const GIT: (&str, Option<&str>) = ("ann-at-999999999999", Some("x"));
    const KEY: &str = "AKIAIOSFODNN7EXAMPLE";

    fn url() -> String {
        format!("https://{HOST}/v1/repos/x")
    }

    fn old() -> String {
        format!("20260101T000000Z{}", "0".repeat(64))
    }

    #[test]
    fn the_right_git_credential_in_a_store_is_fine() {
        let chain = chain(&[("credential.helper", "osxkeychain")]);
        let verdict = verdict(&chain, vec![item(StoreKind::Keychain, GIT.0, GIT.1)], Method::GitCredentials, &url());
        assert_eq!(verdict.ids(), Vec::<&str>::new());
    }

    #[test]
    fn expired_signatures_are_found_in_every_store() {
        let chain = chain(&[("credential.helper", "store")]);
        for (store, password) in
            [(StoreKind::Keychain, None), (StoreKind::WindowsVault, None), (StoreKind::File, Some(old()))]
        {
            let items = vec![item(store, KEY, password.as_deref())];
            let verdict = verdict(&chain, items, Method::GitCredentials, &url());
            assert_eq!(verdict.ids()[0], "expired-signature-stored", "{store:?}");
        }
    }

    #[test]
    fn a_path_that_hides_the_stored_credential_is_found() {
        let chain = chain(&[("credential.helper", "store"), ("credential.usehttppath", "true")]);
        let decision = Decision { method: Method::GitCredentials, reason: String::new(), certainty: Certainty::Sure };
        let stores = Stores { elsewhere: vec![item(StoreKind::File, GIT.0, GIT.1)], ..Stores::default() };
        let config = GitConfig::default();
        let view = View {
            config: &config,
            chain: &chain,
            stores: &stores,
            answers: &[],
            method: &decision,
            url: None,
            caller: None,
            repository_is_ours: false,
        };
        let verdict = view.judge().unwrap();
        assert_eq!((verdict.ids()[0], verdict.severity()), ("stored-without-path", Some(Severity::Error)));
    }

    #[test]
    fn the_answer_of_a_store_that_cannot_be_looked_into_counts() {
        let chain = chain(&[("credential.helper", "cache --timeout=900")]);
        let answers = [Answer::Credential(Shape::of(KEY, Some(&old()), SystemTime::now()))];
        let stores = Stores::default().with_answers(&chain, &answers, HOST);
        let verdict = verdict(&chain, stores.items, Method::GitCredentials, &url());
        assert_eq!(verdict.ids(), ["expired-signature-stored"]);
        assert_eq!(verdict.severity(), Some(Severity::Error));
    }

    #[test]
    fn what_git_does_not_get_stops_nobody() {
        let helper = format!("{SECTION}.helper");
        let chain = chain(&[(&helper, DOCUMENTED), ("credential.helper", "osxkeychain")]);
        let stale = Item { helper: 1, ..item(StoreKind::Keychain, KEY, None) };
        let verdict = verdict(&chain, vec![stale], Method::CredentialHelper, &url());
        assert_eq!((verdict.ids()[0], verdict.severity()), ("expired-signature-stored", Some(Severity::Warning)));
    }

    #[test]
    fn a_store_beside_the_aws_helper_is_found() {
        let helper = format!("{SECTION}.helper");
        let chain = chain(&[("credential.helper", "osxkeychain"), (&helper, DOCUMENTED)]);
        assert_eq!(verdict(&chain, vec![], Method::CredentialHelper, &url()).ids(), ["store-before-helper"]);
    }

    #[test]
    fn a_reset_keeps_the_store_away() {
        let helper = format!("{SECTION}.helper");
        let chain = chain(&[("credential.helper", "osxkeychain"), (&helper, ""), (&helper, DOCUMENTED)]);
        assert_eq!(verdict(&chain, vec![], Method::CredentialHelper, &url()).ids(), Vec::<&str>::new());
    }

    #[test]
    fn the_credential_of_another_account_or_user_is_found() {
        let chain = chain(&[("credential.helper", "osxkeychain")]);
        let other = item(StoreKind::Keychain, "ann-at-111122223333", Some("x"));
        assert_eq!(
            verdict(&chain, vec![other.clone()], Method::GitCredentials, &url()).ids(),
            ["stored-credential-mismatch"]
        );
        let named = format!("https://bob-at-111122223333@{HOST}/v1/repos/x");
        assert_eq!(verdict(&chain, vec![other], Method::GitCredentials, &named).ids(), ["stored-credential-mismatch"]);
    }

    #[test]
    fn wrong_kinds_and_duplicates_are_found() {
        let chain = chain(&[("credential.helper", "osxkeychain")]);
        let wrong = item(StoreKind::Keychain, "ann@example.com", Some("x"));
        assert_eq!(verdict(&chain, vec![wrong.clone()], Method::GitCredentials, &url()).ids(), ["wrong-kind-stored"]);
        let right = item(StoreKind::Keychain, GIT.0, GIT.1);
        let ids = verdict(&chain, vec![right, wrong], Method::GitCredentials, &url()).ids();
        assert_eq!(ids, ["wrong-kind-stored", "duplicate-entries"]);
    }

    #[test]
    fn notes_say_what_is_worth_knowing() {
        let none = verdict(&chain(&[]), vec![], Method::GitCredentials, &url());
        assert_eq!(none.ids(), ["store-missing"]);
        let file = verdict(&chain(&[("credential.helper", "store")]), vec![], Method::GitCredentials, &url());
        assert_eq!(file.ids(), ["plaintext-store"]);
        let manager = verdict(&chain(&[("credential.helper", "manager")]), vec![], Method::Grc, &url());
        assert_eq!(manager.ids(), ["grc-store-noise"]);
    }

    #[test]
    fn a_closed_store_is_not_an_empty_one() {
        let chain = chain(&[("credential.helper", "libsecret")]);
        let decision = Decision { method: Method::GitCredentials, reason: String::new(), certainty: Certainty::Sure };
        let stores = Stores { closed: vec![(StoreKind::SecretService, "no tool".into())], ..Stores::default() };
        let config = GitConfig::default();
        let view = View {
            config: &config,
            chain: &chain,
            stores: &stores,
            answers: &[],
            method: &decision,
            url: None,
            caller: None,
            repository_is_ours: false,
        };
        assert!(matches!(view.judge(), Err(Gap::Unknown(_))));
    }
}
