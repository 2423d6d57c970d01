//! What to do, by what the server answered and git said.

use super::View;
use crate::docs;
use crate::facts::access::ServerAnswer;
use crate::finding::Fix;
use crate::policy;
use crate::regions::Partition;
use crate::symptoms;
use crate::target::Protocol;

impl View<'_> {
    /// The way out of a failure to read.
    pub(super) fn way_out(&self, said: &str) -> Fix {
        let by_answer = self.access.refusal.as_ref().and_then(|answer| self.way_out_of(answer));
        by_answer.unwrap_or_else(|| self.way_out_of_words(said))
    }

    /// By the server's answer, where that says enough.
    fn way_out_of(&self, answer: &ServerAnswer) -> Option<Fix> {
        let exception = answer.exception.as_deref().unwrap_or_default();
        Some(match answer.status {
            404 => self.look_for_it(),
            _ if exception.contains("Encryption") => allow_key(),
            _ if exception.contains("AccessDenied") => self.allow("codecommit:GitPull"),
            403 if self.allowed_by_iam && answer.is_about_permission() => look_at_the_others(),
            401 | 403 if self.git_credential().is_some() && (exception.is_empty() || answer.is_about_who()) => {
                reset_password()
            }
            401 | 403 if answer.is_about_who() => self.ask_who(),
            401 | 403 => self.allow("codecommit:GitPull"),
            429 => Fix::manual("Wait, and let automatic jobs fetch less often"),
            _ => return None,
        })
    }

    /// By git's words.
    fn way_out_of_words(&self, said: &str) -> Fix {
        if self.is_about_grc() {
            let again =
                "Install git-remote-codecommit again, and see that its folder is on the PATH of whatever runs Git";
            return Fix::manual(again).docs(docs::SETUP_GRC);
        }
        if said.contains("not found") {
            return self.look_for_it();
        }
        Fix::manual("See what Git says").run(["git", "ls-remote", &self.url.shown])
    }

    /// Whether git-remote-codecommit itself did not run.
    fn is_about_grc(&self) -> bool {
        let words = self.access.words().unwrap_or_default();
        let about =
            |seen: &symptoms::Seen| seen.symptom.candidates().any(|(check, _)| check == "git-remote-codecommit");
        self.url.protocol == Protocol::Grc && symptoms::ALL.recognise(&words).first().is_some_and(about)
    }

    /// CodeCommit looks in the account of whoever signs, in the region of the host.
    fn look_for_it(&self) -> Fix {
        let place = self
            .account()
            .map_or_else(|| "the account of whoever signs".to_owned(), |account| format!("account {account}"));
        let region = self.region();
        let get = ["aws", "codecommit", "get-repository", "--repository-name", self.name(), "--region", region];
        Fix::manual(format!(
            "See whether {place} has it in {region}, spelt the same; else use the credentials or the region of the one \
             that has"
        ))
        .run(get.into_iter().chain(self.of_profile()))
    }

    /// See whose the credentials are.
    fn ask_who(&self) -> Fix {
        Fix::manual("See whether AWS knows these credentials, and whether their profile is the one that is meant")
            .run(["aws", "sts", "get-caller-identity"].into_iter().chain(self.of_profile()))
    }

    /// The least statement that would allow an action.
    pub(super) fn allow(&self, action: &str) -> Fix {
        let partition = self.url.partition().map_or("aws", Partition::name);
        let account = self.account().unwrap_or("ACCOUNT");
        let arn = format!("arn:{partition}:codecommit:{}:{account}:{}", self.region(), self.name());
        Fix::manual(format!("Have an administrator allow {action}, and see that no policy denies it"))
            .instruct(policy::allow(&[action], &arn))
            .docs(docs::PERMISSIONS)
    }

    /// The account in which CodeCommit looks: the one of the credential that Git sent.
    fn account(&self) -> Option<&str> {
        self.offered.and_then(|shape| shape.account.as_deref()).or(self.account)
    }

    fn region(&self) -> &str {
        self.url.region.as_deref().unwrap_or("REGION")
    }

    /// The option that has the AWS CLI use the same credentials as Git.
    fn of_profile(&self) -> impl Iterator<Item = &str> {
        self.profile.into_iter().flat_map(|profile| ["--profile", profile])
    }
}

fn allow_key() -> Fix {
    Fix::manual("See that the repository's KMS key is enabled, and that this identity may use it through CodeCommit")
        .instruct(
            "It needs kms:Decrypt, kms:Encrypt, kms:ReEncrypt*, kms:GenerateDataKey* and kms:DescribeKey, and no policy \
             that denies them.",
        )
        .docs(docs::ENCRYPTION)
}

/// The policies that IAM's simulation does not know.
fn look_at_the_others() -> Fix {
    Fix::manual(
        "IAM's policies allow it: look at the policy of the session, of the VPC endpoint and of the organization's resources, \
         which no simulation knows; with a Git credential also at its password",
    )
    .docs(docs::ACCESS_DENIED)
}

fn reset_password() -> Fix {
    Fix::manual("Reset the password of this Git credential in IAM, where it is shown once, and sign in with it")
        .instruct(
            "IAM console, Users, the user, Security credentials, HTTPS Git credentials for AWS CodeCommit: see that it \
             is active.",
        )
        .docs(docs::TROUBLE_GIT_CREDENTIALS)
}
