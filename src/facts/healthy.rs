//! The facts of a machine on which everything is well: every check must be silent on them.

pub(crate) mod over_ssh;

use super::simulation::{Decision, Effect};
use super::{
    Facts, Request, access, answers, answers::Answer, caller, choice, credentials, endpoint, git, git_config,
    git_credentials, grc, helpers, kms, method, offered, permissions, profiles, repository, services, stores, target,
    working_tree,
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
const REPOSITORY: &str = "arn:aws:codecommit:us-east-2:111122223333:MyDemoRepo";
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
            services: known(services::Services::default()),
            profiles: known(profiles::Profiles::default()),
            credentials: known(credentials()),
            caller: known(caller::Caller::Known(caller::Identity::read(ARN, "111122223333"))),
            git_credentials: known(git_credentials::GitCredentials::Listed(vec![git_credentials::GitCredential {
                name: "ann-at-111122223333".to_owned(),
                status: "Active".to_owned(),
                id: "ACCAEXAMPLE".to_owned(),
            }])),
            repository: known(repository::Repository::Exists {
                arn: REPOSITORY.to_owned(),
                default_branch: Some("main".to_owned()),
                key: None,
            }),
            permissions: known(permissions()),
            kms: known(kms()),
            working_tree: known(working_tree::WorkingTree::default()),
            modules: known(Vec::new()),
            grc: known(grc()),
            method: known(method::Decision {
                method: method::Method::CredentialHelper,
                reason: "the AWS CLI credential helper is configured".to_owned(),
                certainty: method::Certainty::Configured,
            }),
            ..Self::new(machine, Request::default())
        }
    }
}

impl Facts {
    /// The same machine, set up for Git credentials in the desktop's keyring.
    pub(crate) fn with_git_credentials(self) -> Self {
        let entry = git_config::Entry {
            key: "credential.helper".to_owned(),
            value: Some("libsecret".to_owned()),
            source: "~/.gitconfig".to_owned(),
            line: Some(2),
            scope: "global".to_owned(),
            ..git_config::Entry::default()
        };
        let config = git_config::GitConfig { entries: vec![entry], ..git_config::GitConfig::default() };
        let mut chain = helpers::HelperChain::select(&config, URL, true);
        chain.helpers[0].program.path = Some("/usr/lib/git-core/git-credential-libsecret".to_owned());
        let shape = Shape::of("ann-at-111122223333", Some("a-password"), SystemTime::now());
        Self {
            git_config: known(config),
            helpers: known(chain),
            answers: known(answers::Answers { each: vec![Answer::Credential(shape.clone())], given: None }),
            offered: known(offered::Offered::Credential(offered::Given {
                by: offered::Giver::Helper(0),
                shape,
                pair: <_>::default(),
            })),
            method: known(method::Decision {
                method: method::Method::GitCredentials,
                reason: "a credential store holds the Git credential".to_owned(),
                certainty: method::Certainty::Sure,
            }),
            ..self
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
        choice: choice::Choice {
            profile: "default".to_owned(),
            from: Evidence::new("no profile is named", "default"),
            explicit: false,
            by_helper: false,
        },
        outcome: credentials::Outcome::Found(credentials::Found {
            key_id: KEY_ID.to_owned(),
            by: "~/.aws/credentials".to_owned(),
            ..credentials::Found::default()
        }),
        doubts: credentials::Doubts::default(),
    }
}

fn permissions() -> permissions::Permissions {
    let allowed = |action: &str| Decision { action: action.to_owned(), effect: Effect::Allowed, ..Decision::default() };
    permissions::Permissions {
        principal: Some(ARN.to_owned()),
        arn: REPOSITORY.to_owned(),
        mfa: permissions::Mfa::Never,
        pull: Some(allowed(permissions::PULL)),
        push: Some(allowed(permissions::PUSH)),
        ..permissions::Permissions::default()
    }
}

/// git-remote-codecommit as pipx installs it.
fn grc() -> grc::Grc {
    let launcher = grc::Launcher { path: "~/.local/bin/git-remote-codecommit".to_owned(), ..grc::Launcher::default() };
    let botocore = grc::Botocore {
        python: "3.11.7".to_owned(),
        botocore: "1.43.11".to_owned(),
        regions: vec!["us-east-2".to_owned()],
        profiles: vec!["default".to_owned()],
        region: Some("us-east-2".to_owned()),
        sso_session: true,
        login: true,
        crt: true,
    };
    grc::Grc {
        install: grc::Install::OnPath(launcher),
        python: Some(grc::Answer::Botocore(botocore)),
        ..grc::Grc::default()
    }
}

fn kms() -> kms::KmsAccess {
    let implicit = |action: &&str| Decision { action: (*action).to_owned(), ..Decision::default() };
    kms::KmsAccess {
        principal: Some(ARN.to_owned()),
        simulation: Some(kms::ACTIONS.iter().map(implicit).collect()),
        ..kms::KmsAccess::default()
    }
}
