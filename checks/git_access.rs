//! Git itself can read the repository now.

mod way_out;

use crate::check::{Check, Gap, Group, Verdict};
use crate::docs;
use crate::facts::access::{Access, NO_ANSWER, Read, ServerAnswer};
use crate::facts::caller::Caller;
use crate::facts::endpoint::EndpointProbe;
use crate::facts::offered::Offered;
use crate::facts::permissions::Permissions;
use crate::finding::{Evidence, Finding, FindingKind};
use crate::needs::Needs;
use crate::shape::{Kind, Shape};
use crate::symptoms;
use crate::target::{CloneUrl, Protocol};

/// The check.
pub(super) static CHECK: Check = Check {
    id: "git-access",
    title: "Git itself can read the repository now",
    group: Group::Access,
    explain: include_str!("git_access.md"),
    findings: &[&CANNOT_READ, &CANNOT_PUSH],
    needs: Needs { actions: &[], reads_policies: false, hosts: &["git-codecommit.REGION.amazonaws.com"], files: &[] },
    judge: |facts| {
        Box::pin(async move {
            let access = facts.access().await?;
            let target = facts.target().await?;
            // One dead network is one error.
            if let (Read::Failed(said), Some(false)) =
                (&access.read, facts.endpoint().await.ok().map(EndpointProbe::is_reachable))
            {
                return Err(Gap::blocked("endpoint", format!("Git cannot get there either: {}", last_line(said))));
            }
            let url = target.effective.as_ref().ok_or_else(|| Gap::not_applicable("there is no clone URL"))?;
            let offered = if url.protocol == Protocol::Https { facts.offered().await.ok() } else { None };
            // Whose account it is matters only when something is refused.
            let caller = if access.works() && access.push.is_none() { None } else { facts.caller().await.ok() };
            let view = View {
                access,
                url,
                offered: offered.and_then(|offered| match offered {
                    Offered::Credential(given) => Some(&given.shape),
                    Offered::Nothing(_) => None,
                }),
                account: caller.and_then(|caller| match caller {
                    Caller::Known(identity) => Some(identity.account.as_str()),
                    Caller::Refused { .. } => None,
                }),
                allowed_by_iam: match access.refusal {
                    Some(_) => facts.permissions().await.ok().and_then(Permissions::may_pull) == Some(true),
                    None => false,
                },
                profile: match facts.credentials().await {
                    Ok(credentials) if credentials.choice.explicit => Some(credentials.choice.profile.as_str()),
                    _ => None,
                },
            };
            Ok(view.judge())
        })
    },
};

static CANNOT_READ: FindingKind = FindingKind::error(
    "git-cannot-read",
    "Git cannot read the repository",
    &["C4", "C25", "C26", "C29", "C32", "C36", "C37", "C38", "C39", "C54", "C98"],
    docs::TROUBLE_ACCESS,
);
static CANNOT_PUSH: FindingKind =
    FindingKind::warning("git-cannot-push", "Git can read and may not push", &["C30", "C31"], docs::TROUBLE_ACCESS);

/// Everything that is looked at.
struct View<'a> {
    access: &'a Access,
    url: &'a CloneUrl,
    /// The credential that Git sent.
    offered: Option<&'a Shape>,
    /// The account of the AWS credentials, where it is known.
    account: Option<&'a str>,
    /// Whether IAM's simulation allows what CodeCommit refuses.
    allowed_by_iam: bool,
    /// The profile that was named for Git's AWS tools.
    profile: Option<&'a str>,
}

impl View<'_> {
    fn judge(&self) -> Verdict {
        match &self.access.read {
            Read::Works(references) => {
                let refused = self.access.push.as_ref().filter(|answer| matches!(answer.status, 401 | 403));
                let summary = match references {
                    0 => "Git can read the repository, which is empty".to_owned(),
                    1 => "Git can read the repository (1 reference)".to_owned(),
                    many => format!("Git can read the repository ({many} references)"),
                };
                Verdict::new(summary, refused.map(|answer| self.cannot_push(answer)).into_iter().collect())
            }
            Read::Failed(said) => Verdict::new("git ls-remote fails", vec![self.cannot_read(said)]),
        }
    }

    fn name(&self) -> &str {
        self.url.repository.as_deref().unwrap_or("the repository")
    }

    fn cannot_read(&self, said: &str) -> Finding {
        let message = format!("Git cannot read {}{}", self.name(), self.reason());
        let finding = Finding::new(&CANNOT_READ, message).seen(Evidence::new("git ls-remote", telling_line(said)));
        let finding = match &self.access.refusal {
            Some(answer) => finding.seen(Evidence::new("CodeCommit", answer.told())),
            None => finding,
        };
        let finding = match self.offered {
            Some(shape) => finding.seen(Evidence::new("what Git sent", shape.user.clone())),
            None => finding,
        };
        finding.fix(self.way_out(said))
    }

    /// Why, as the rest of a sentence: by whom Git presented, and by what was said.
    fn reason(&self) -> String {
        if let Some(user) =
            self.git_credential().filter(|_| self.access.refusal.as_ref().is_some_and(ServerAnswer::is_about_who))
        {
            return format!(
                ": CodeCommit does not accept the Git credential {user}. Its password is wrong or was reset, or it is \
                 inactive or deleted."
            );
        }
        let words = self.access.words().unwrap_or_default();
        if words.starts_with(NO_ANSWER) {
            return ": it gives no answer in time.".to_owned();
        }
        let meaning = symptoms::ALL.recognise(&words).into_iter().next().map(|seen| seen.symptom.meaning.as_str());
        meaning.map_or_else(
            || ", and says why in words that the doctor does not know.".to_owned(),
            |meaning| format!(": {}", uncapitalised(meaning)),
        )
    }

    /// The user name of the Git credential that Git sent.
    fn git_credential(&self) -> Option<&str> {
        self.offered.filter(|shape| shape.kind == Kind::GitCredential).map(|shape| shape.user.as_str())
    }

    fn cannot_push(&self, answer: &ServerAnswer) -> Finding {
        let message = format!("Git can read {} and may not push to it.", self.name());
        Finding::new(&CANNOT_PUSH, message)
            .seen(Evidence::new("git-receive-pack", answer.told()))
            .fix(self.allow("codecommit:GitPush"))
    }
}

/// The line of git's that says most.
fn telling_line(said: &str) -> String {
    let seen = symptoms::ALL.recognise(said).into_iter().find(symptoms::Seen::is_trouble);
    seen.filter(|seen| !seen.symptom.vague).map_or_else(|| last_line(said), |seen| seen.text)
}

/// The line with which git gives up.
fn last_line(said: &str) -> String {
    let lines = || said.lines().map(str::trim).filter(|line| !line.is_empty());
    let fatal = lines().find(|line| line.starts_with("fatal:") && !line.contains("aborted session"));
    fatal.or_else(|| lines().next_back()).unwrap_or("nothing").to_owned()
}

/// A sentence as it goes on behind a colon. Names and abbreviations keep their capital.
fn uncapitalised(sentence: &str) -> String {
    let name = ["CodeCommit", "AWS", "IAM", "KMS", "Git", "STS", "SSO", "DNS", "TLS", "SSH"]
        .iter()
        .any(|name| sentence.starts_with(name));
    let mut text = sentence.to_owned();
    if let Some(first) = text.get_mut(..1).filter(|_| !name) {
        first.make_ascii_lowercase();
    }
    text
}

#[cfg(test)]
mod tests;
