//! The facts of a machine on which everything is well: every check must be silent on them.

use super::{
    Facts, Request, access, answers, answers::Answer, caller, credentials, endpoint, git, git_config, helpers, kms,
    method, offered, profiles, repository, stores, target,
};
use crate::check::Gap;
use crate::finding::Evidence;
use crate::machine::{Machine, Os, Stage};
use crate::shape::Shape;
use crate::target::CloneUrl;
use semver::Version;
use std::time::SystemTime;
use tokio::sync::OnceCell;

const URL: &str = "https://git-codecommit.us-east-2.amazonaws.com/v1/repos/MyDemoRepo";
const ARN: &str = "arn:aws:iam::111122223333:user/ann";
const KEY_ID: &str = "AKIAIOSFODNN7EXAMPLE";

fn known<T>(fact: T) -> OnceCell<Result<T, Gap>> {
    OnceCell::new_with(Some(Ok(fact)))
}

impl Facts {
    /// A machine set up for the credential helper as the guide says, all of it working.
    pub(crate) fn healthy() -> Self {
        let machine =
            Machine::new(Os::Linux, [("HOME".into(), "/".into()), ("TERM".into(), "xterm".into())], "/".into());
        let config = config();
        let mut chain = helpers::HelperChain::select(&config, URL, true);
        for helper in &mut chain.helpers {
            helper.program.path = Some("/usr/bin/aws".to_owned());
        }
        let signed = Shape { age: Some(1), ..Shape::of(KEY_ID, None, SystemTime::now()) };
        Self {
            git: known(git::GitProgram {
                path: Some("/usr/bin/git".to_owned()),
                version: Some(Version::new(2, 47, 3)),
                version_text: "2.47.3".to_owned(),
                ..git::GitProgram::default()
            }),
            git_config: known(config),
            target: known(target::Target {
                from: "remote origin".to_owned(),
                given: Some(CloneUrl::read(URL)),
                effective: Some(CloneUrl::read(URL)),
                ..target::Target::default()
            }),
            helpers: known(chain),
            answers: known(answers::Answers { each: vec![Answer::Credential(signed.clone())], given: None }),
            offered: known(offered::Offered::Credential(offered::Given {
                by: offered::Giver::Helper(0),
                shape: signed,
                pair: <_>::default(),
            })),
            access: known(access::Access { read: access::Read::Works(1), refusal: None, push: None }),
            stores: known(stores::Stores::default()),
            endpoint: known(endpoint()),
            profiles: known(profiles::Profiles::default()),
            credentials: known(credentials()),
            caller: known(caller::Caller::Known(caller::Identity::read(ARN, "111122223333"))),
            git_credentials: known(caller::GitCredentials::Listed(vec![])),
            repository: known(repository::Repository::Exists { arn: "arn".to_owned(), key: None }),
            kms: known(kms()),
            method: known(method::Decision {
                method: method::Method::CredentialHelper,
                reason: "the AWS CLI credential helper is configured".to_owned(),
                certainty: method::Certainty::Configured,
            }),
            ..Self::new(machine, Request::default())
        }
    }
}

fn config() -> git_config::GitConfig {
    let entry = |name: &str, line, value: &str| git_config::Entry {
        key: format!("credential.https://git-codecommit.*.amazonaws.com.{name}"),
        value: Some(value.to_owned()),
        source: "~/.gitconfig".to_owned(),
        line: Some(line),
        scope: "global".to_owned(),
        ..git_config::Entry::default()
    };
    git_config::GitConfig {
        entries: vec![entry("helper", 2, helpers::DOCUMENTED), entry("usehttppath", 3, "true")],
        ..git_config::GitConfig::default()
    }
}

fn endpoint() -> endpoint::EndpointProbe {
    endpoint::EndpointProbe {
        host: "git-codecommit.us-east-2.amazonaws.com".to_owned(),
        port: 443,
        stages: vec![(Stage::Dns, 3), (Stage::Tcp, 50), (Stage::Tls, 110), (Stage::Http, 60)],
        issuer: Some("C=US, O=Amazon, CN=Amazon RSA 2048 M02".to_owned()),
        answer: Some(endpoint::HttpAnswer { status: 401, request_id: Some("1".to_owned()), ..Default::default() }),
        skew: Some(0),
        ..endpoint::EndpointProbe::default()
    }
}

fn credentials() -> credentials::AwsCredentials {
    credentials::AwsCredentials {
        choice: credentials::Choice {
            profile: "default".to_owned(),
            from: Evidence::new("no profile is named", "default"),
            explicit: false,
            by_helper: false,
        },
        outcome: credentials::Outcome::Found(credentials::Found {
            key_id: KEY_ID.to_owned(),
            provider: "ProfileFile".to_owned(),
            ..credentials::Found::default()
        }),
    }
}

fn kms() -> kms::KmsAccess {
    let implicit = |action: &&str| kms::Decision {
        action: (*action).to_owned(),
        decision: "implicitDeny".to_owned(),
        ..kms::Decision::default()
    };
    kms::KmsAccess {
        principal: Some(ARN.to_owned()),
        simulation: Some(kms::ACTIONS.iter().map(implicit).collect()),
        ..kms::KmsAccess::default()
    }
}
