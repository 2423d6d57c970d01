//! Every fact, observed at most once, on first use, side by side with the others.

use super::{
    access, answers, api, caller, chosen, credentials, elsewhere, endpoint, git, git_config, git_credentials, grc,
    helpers, kms, method, modules, offered, permissions, principal, profiles, repository, services, ssh, stores,
    target, working_tree,
};
use crate::check::Gap;
use crate::machine::Machine;
use std::pin::Pin;
use tokio::sync::OnceCell;

/// What the person asked for.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The clone URL, and where it was found.
    pub target: chosen::Chosen,
    /// The method that was named with `--method`.
    pub method: Option<method::Method>,
    /// `--region`.
    pub region: Option<String>,
    /// `--profile`.
    pub profile: Option<String>,
    /// No network at all.
    pub offline: bool,
    /// Look for a missing repository in every region.
    pub search: bool,
}

type Cell<T> = OnceCell<Result<T, Gap>>;

macro_rules! facts {
    ($($(#[$doc:meta])* $name:ident: $type:ty = $observe:path;)*) => {
        /// The machine, what was asked, and what has been observed so far.
        pub struct Facts {
            /// The machine under diagnosis.
            pub machine: Machine,
            /// What the person asked for.
            pub request: Request,
            $(pub(crate) $name: Cell<$type>,)*
        }

        impl Facts {
            /// Nothing observed yet.
            #[must_use]
            pub fn new(machine: Machine, request: Request) -> Self {
                Self { machine, request, $($name: Cell::new(),)* }
            }

            $(
                $(#[$doc])*
                ///
                /// # Errors
                /// The [`Gap`] that kept it from being observed.
                pub async fn $name(&self) -> Result<&$type, Gap> {
                    // Boxed, because facts ask for one another.
                    let observing: Pin<Box<dyn Future<Output = Result<$type, Gap>> + Send + '_>> = Box::pin($observe(self));
                    self.$name.get_or_init(|| observing).await.as_ref().map_err(Clone::clone)
                }
            )*
        }
    };
}

facts! {
    /// The git program.
    git: git::GitProgram = git::observe;
    /// Git's effective configuration, as git lists it.
    git_config: git_config::GitConfig = git_config::observe;
    /// What is diagnosed: the clone URL and where it came from.
    target: target::Target = target::observe;
    /// Git's effective credential helpers for the URL.
    helpers: helpers::HelperChain = helpers::observe;
    /// What each of those helpers answers.
    answers: answers::Answers = answers::observe;
    /// The credential that Git would send.
    offered: offered::Offered = offered::observe;
    /// Whether Git itself can read the repository now.
    access: access::Access = access::observe;
    /// What the credential stores hold for CodeCommit hosts.
    stores: stores::Stores = stores::observe;
    /// How the URL's host answers, stage by stage.
    endpoint: endpoint::EndpointProbe = endpoint::observe;
    /// The AWS services beside Git.
    services: services::Services = services::observe;
    /// The AWS configuration files.
    profiles: profiles::Profiles = profiles::observe;
    /// The clients for AWS.
    api: api::Api = api::observe;
    /// The AWS credentials of the profile that Git would use.
    credentials: credentials::AwsCredentials = credentials::observe;
    /// Who AWS takes the caller for.
    caller: caller::Caller = caller::observe;
    /// Whose policies decide whether Git gets through.
    asker: principal::Asker = principal::observe;
    /// The Git credentials of the IAM user that is meant.
    git_credentials: git_credentials::GitCredentials = git_credentials::observe;
    /// The repository as the CodeCommit API describes it.
    repository: repository::Repository = repository::observe;
    /// Where a missing repository is instead.
    elsewhere: elsewhere::Elsewhere = elsewhere::observe;
    /// What IAM decides about pulling and pushing.
    permissions: permissions::Permissions = permissions::observe;
    /// What IAM and KMS say about the key.
    kms: kms::KmsAccess = kms::observe;
    /// git-remote-codecommit.
    grc: grc::Grc = grc::observe;
    /// What the working tree holds.
    working_tree: working_tree::WorkingTree = working_tree::observe;
    /// The submodules of the working tree.
    modules: Vec<modules::Module> = modules::observe;
    /// What git would run for an ssh URL, and what that reads.
    ssh: ssh::Ssh = ssh::observe;
    /// The keys that ssh would offer.
    ssh_identities: ssh::identities::Identities = ssh::identities::observe;
    /// The SSH keys that IAM knows of the caller.
    ssh_uploaded: ssh::uploaded::Uploaded = ssh::uploaded::observe;
    /// One conversation with the server over SSH.
    ssh_talk: ssh::talk::Talk = ssh::talk::observe;
    /// The server's key.
    ssh_host_key: ssh::host_key::HostKey = ssh::host_key::observe;
    /// Which way of authenticating this machine is set up for.
    method: method::Decision = method::observe;
}

impl Facts {
    /// Nothing, when the network may be used.
    ///
    /// # Errors
    /// [`Gap::Offline`] with `--offline`.
    pub fn online(&self) -> Result<(), Gap> {
        if self.request.offline { Err(Gap::Offline) } else { Ok(()) }
    }
}
