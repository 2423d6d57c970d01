//! AWS knows the caller.

use crate::check::{Check, Gap, Group, Verdict};
use crate::docs;
use crate::facts::Facts;
use crate::facts::answers::Answer;
use crate::facts::caller::{Caller, Identity, Principal};
use crate::facts::choice::Choice;
use crate::facts::credentials::needed_to_ask;
use crate::facts::method::{Decision, Method};
use crate::finding::{Evidence, Finding, FindingKind, Fix, Severity};
use crate::needs::Needs;
use crate::shape::Shape;

/// The check.
pub(super) static CHECK: Check = Check {
    id: "aws-identity",
    title: "AWS knows the caller",
    group: Group::Aws,
    explain: include_str!("aws_identity.md"),
    findings: &[&INVALID_KEYS, &WRONG_SECRET, &EXPIRED, &REGION_OFF, &ROOT, &FEDERATED],
    needs: Needs { actions: &[], reads_policies: false, hosts: &["sts.REGION.amazonaws.com"], files: &[] },
    judge: |facts| {
        Box::pin(async move {
            needed_to_ask(facts).await?;
            let (caller, method, credentials) = tokio::join!(facts.caller(), facts.method(), facts.credentials());
            let has_git_credential = has_git_credential(facts).await;
            judge(caller?, method?, &credentials?.choice, has_git_credential)
        })
    },
};

static INVALID_KEYS: FindingKind =
    FindingKind::error("invalid-keys", "AWS does not know the access key", &["C44"], docs::TROUBLE_HELPER);
static WRONG_SECRET: FindingKind =
    FindingKind::error("wrong-secret", "The secret access key is wrong", &[], docs::TROUBLE_HELPER);
static EXPIRED: FindingKind = FindingKind::error("expired", "The session has run out", &["C45"], docs::TROUBLE_HELPER);
static REGION_OFF: FindingKind =
    FindingKind::error("region-disabled", "The account does not use this region", &["C123"], docs::STS_REGIONS);
static ROOT: FindingKind =
    FindingKind::error("root-user", "The root user can have no Git credentials", &["C42"], docs::SETUP);
static FEDERATED: FindingKind = FindingKind::error(
    "federated-needs-other-method",
    "Temporary identities have no Git credentials",
    &["C43"],
    docs::TEMPORARY,
);

/// Whether Git gets a Git credential, whoever the AWS credentials belong to: from the URL, a store or a helper.
async fn has_git_credential(facts: &Facts) -> bool {
    let is_one = |shape: &Shape| shape.account.is_some();
    let (target, stores, answers) = tokio::join!(facts.target(), facts.stores(), facts.answers());
    let url = target.ok().and_then(|target| target.effective.as_ref()?.userinfo.as_ref());
    url.is_some_and(|info| is_one(&info.shape))
        || stores.is_ok_and(|stores| stores.items.iter().chain(&stores.elsewhere).any(|item| is_one(&item.shape)))
        || answers.is_ok_and(|answers| answers.iter().filter_map(Answer::shape).any(is_one))
}

fn judge(caller: &Caller, method: &Decision, choice: &Choice, has_git_credential: bool) -> Result<Verdict, Gap> {
    match caller {
        Caller::Known(identity) => {
            Ok(Verdict::new(identity.describe(), fitting(identity, method.method, has_git_credential)))
        }
        Caller::Refused { code, message } => {
            let finding = refused(code, message, choice)?;
            // Git credentials do not depend on the AWS credentials.
            let finding = if method.method.signs() { finding } else { finding.at_most(Severity::Note) };
            Ok(Verdict::new(
                format!("AWS refuses the credentials of profile {}: {code}", choice.profile),
                vec![finding],
            ))
        }
    }
}

/// What the error of `sts:GetCallerIdentity` means. Source: "Common errors", STS API reference.
fn refused(code: &str, message: &str, choice: &Choice) -> Result<Finding, Gap> {
    let profile = &choice.profile;
    let clock = message.contains("Signature expired") || message.contains("Signature not yet current");
    let finding = match code {
        "SignatureDoesNotMatch" | "InvalidSignatureException" | "RequestExpired" if clock => {
            return Err(Gap::blocked("clock", "AWS refuses the signature because of its time"));
        }
        "ExpiredToken" | "ExpiredTokenException" => {
            let fix = Fix::manual("Log in again, or get new credentials from wherever these came from");
            Finding::new(&EXPIRED, format!("The session behind profile {profile} has run out.")).fix(fix)
        }
        "SignatureDoesNotMatch" | "InvalidSignatureException" => {
            let fix = Fix::manual("Copy the secret access key again").run(["aws", "configure", "--profile", profile]);
            Finding::new(
                &WRONG_SECRET,
                format!("The secret access key of profile {profile} does not belong to its access key."),
            )
            .fix(fix)
        }
        "InvalidClientTokenId" | "UnrecognizedClientException" | "InvalidAccessKeyId" | "IncompleteSignature" => {
            let message = format!(
                "AWS does not know the access key of profile {profile}: deleted, inactive, of another partition, or without its \
                 session token."
            );
            let fix = Fix::manual("Create a new access key or log in again, and store it for the profile");
            Finding::new(&INVALID_KEYS, message).fix(fix.run(["aws", "configure", "--profile", profile]))
        }
        "RegionDisabledException" | "OptInRequired" => {
            let message = format!("The region is not switched on for the account of profile {profile}.");
            let fix =
                Fix::manual("Switch the region on in the account settings, or use one that is").docs(docs::STS_REGIONS);
            Finding::new(&REGION_OFF, message).fix(fix)
        }
        _ => return Err(Gap::unknown(format!("sts:GetCallerIdentity answers {code}: {message}"))),
    };
    let said = Evidence::new("sts:GetCallerIdentity", format!("{code}: {message}"));
    Ok(finding.seen(said).seen(choice.from.clone()))
}

/// Whether this kind of identity can use the method.
fn fitting(identity: &Identity, method: Method, has_git_credential: bool) -> Vec<Finding> {
    let seen = Evidence::new("sts:GetCallerIdentity", &identity.arn);
    let way = Fix::manual("Use git-remote-codecommit or the credential helper").docs(docs::SETUP_GRC);
    let needs_user = matches!(method, Method::GitCredentials | Method::Ssh) && !has_git_credential;
    match identity.principal {
        Principal::Root => {
            let message = "The AWS credentials are those of the root user, which can have no Git credentials and should not be used.";
            let severity =
                if needs_user && method == Method::GitCredentials { Severity::Error } else { Severity::Warning };
            vec![Finding::new(&ROOT, message).at_most(severity).seen(seen).fix(way)]
        }
        Principal::Role(_) | Principal::Federated if needs_user && method == Method::GitCredentials => {
            let message = "This identity is temporary, and only IAM users can have Git credentials.";
            vec![Finding::new(&FEDERATED, message).seen(seen).fix(way)]
        }
        _ => vec![],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::method::Certainty;

    fn verdict(caller: &Caller, method: Method) -> Result<Verdict, Gap> {
        let method = Decision { method, reason: String::new(), certainty: Certainty::Sure };
        let from = Evidence::new("AWS_PROFILE", "dev");
        judge(caller, &method, &Choice { profile: "dev".into(), from, explicit: false, by_helper: false }, false)
    }

    fn known(arn: &str) -> Caller {
        Caller::Known(Identity::read(arn, "111122223333"))
    }

    fn refused(code: &str, message: &str) -> Caller {
        Caller::Refused { code: code.into(), message: message.into() }
    }

    #[test]
    fn users_and_roles_are_fine() {
        for arn in ["arn:aws:iam::111122223333:user/ann", "arn:aws:sts::111122223333:assumed-role/Dev/ann"] {
            assert_eq!(verdict(&known(arn), Method::CredentialHelper).unwrap().ids(), Vec::<&str>::new());
        }
    }

    #[test]
    fn every_refusal_has_its_meaning() {
        for (code, id) in [
            ("InvalidClientTokenId", "invalid-keys"),
            ("UnrecognizedClientException", "invalid-keys"),
            ("SignatureDoesNotMatch", "wrong-secret"),
            ("ExpiredToken", "expired"),
            ("IncompleteSignature", "invalid-keys"),
            ("RegionDisabledException", "region-disabled"),
        ] {
            assert_eq!(verdict(&refused(code, ""), Method::Grc).unwrap().ids(), [id]);
        }
        assert!(matches!(verdict(&refused("Throttling", ""), Method::Grc), Err(Gap::Unknown(_))));
        let late = refused("SignatureDoesNotMatch", "Signature expired: ...");
        assert!(matches!(verdict(&late, Method::Grc), Err(Gap::BlockedBy { check: "clock", .. })));
    }

    #[test]
    fn bad_keys_do_not_stop_git_credentials() {
        let verdict = verdict(&refused("ExpiredToken", ""), Method::GitCredentials).unwrap();
        assert_eq!(verdict.severity(), Some(Severity::Note));
    }

    #[test]
    fn identities_that_can_have_no_git_credentials_are_found() {
        let root = known("arn:aws:iam::111122223333:root");
        assert_eq!(verdict(&root, Method::GitCredentials).unwrap().severity(), Some(Severity::Error));
        assert_eq!(verdict(&root, Method::Grc).unwrap().severity(), Some(Severity::Warning));
        let role = known("arn:aws:sts::111122223333:assumed-role/Dev/ann");
        assert_eq!(verdict(&role, Method::GitCredentials).unwrap().ids(), ["federated-needs-other-method"]);
    }
}
