//! The vendors' pages that findings point to.

/// "Setup for HTTPS users using Git credentials".
pub const SETUP_GIT_CREDENTIALS: &str = "https://docs.aws.amazon.com/codecommit/latest/userguide/setting-up-gc.html";
/// "Setup steps for HTTPS connections with the AWS CLI credential helper" on Linux, macOS or Unix.
pub const SETUP_HELPER: &str = "https://docs.aws.amazon.com/codecommit/latest/userguide/setting-up-https-unixes.html";
/// "Setting up for AWS CodeCommit": compatible versions of Git and curl.
pub const SETUP: &str = "https://docs.aws.amazon.com/codecommit/latest/userguide/setting-up.html";
/// "Getting started with AWS CodeCommit".
pub const GETTING_STARTED: &str = "https://docs.aws.amazon.com/codecommit/latest/userguide/getting-started-cc.html";
/// "Setup steps for HTTPS connections with git-remote-codecommit".
pub const SETUP_GRC: &str =
    "https://docs.aws.amazon.com/codecommit/latest/userguide/setting-up-git-remote-codecommit.html";
/// "Troubleshooting the credential helper and HTTPS connections".
pub const TROUBLE_HELPER: &str = "https://docs.aws.amazon.com/codecommit/latest/userguide/troubleshooting-ch.html";
/// "Troubleshooting Git credentials and HTTPS connections".
pub const TROUBLE_GIT_CREDENTIALS: &str =
    "https://docs.aws.amazon.com/codecommit/latest/userguide/troubleshooting-gc.html";
/// "Troubleshooting Git clients".
pub const TROUBLE_GIT: &str = "https://docs.aws.amazon.com/codecommit/latest/userguide/troubleshooting-git.html";
/// "Troubleshooting access errors".
pub const TROUBLE_ACCESS: &str = "https://docs.aws.amazon.com/codecommit/latest/userguide/troubleshooting-ae.html";
/// "Setup steps for SSH connections to AWS CodeCommit repositories" on Linux, macOS or Unix.
pub const SETUP_SSH: &str = "https://docs.aws.amazon.com/codecommit/latest/userguide/setting-up-ssh-unixes.html";
/// "Troubleshooting SSH connections".
pub const TROUBLE_SSH: &str = "https://docs.aws.amazon.com/codecommit/latest/userguide/troubleshooting-ssh.html";
/// "Troubleshooting git-remote-codecommit".
pub const TROUBLE_GRC: &str = "https://docs.aws.amazon.com/codecommit/latest/userguide/troubleshooting-grc.html";
/// "Regions and Git connection endpoints".
pub const REGIONS: &str = "https://docs.aws.amazon.com/codecommit/latest/userguide/regions.html";
/// "Quotas": the rules for repository names.
pub const LIMITS: &str = "https://docs.aws.amazon.com/codecommit/latest/userguide/limits.html";
/// "AWS KMS and encryption".
pub const ENCRYPTION: &str = "https://docs.aws.amazon.com/codecommit/latest/userguide/encryption.html";
/// "CodeCommit permissions reference".
pub const PERMISSIONS: &str =
    "https://docs.aws.amazon.com/codecommit/latest/userguide/auth-and-access-control-permissions-reference.html";
/// "Limit pushes and merges to branches".
pub const CONDITIONAL_BRANCH: &str =
    "https://docs.aws.amazon.com/codecommit/latest/userguide/how-to-conditional-branch.html";
/// "Using CodeCommit with interface VPC endpoints".
pub const VPC: &str = "https://docs.aws.amazon.com/codecommit/latest/userguide/codecommit-and-interface-VPC.html";
/// "Using temporary credentials to access repositories".
pub const TEMPORARY: &str = "https://docs.aws.amazon.com/codecommit/latest/userguide/temporary-access.html";
/// "Configuration and credential file settings in the AWS CLI".
pub const AWS_FILES: &str = "https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-files.html";
/// "Configuring IAM Identity Center authentication with the AWS CLI".
pub const AWS_SSO: &str = "https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-sso.html";
/// "Using an IAM role in the AWS CLI".
pub const AWS_ROLES: &str = "https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-role.html";
/// "Sourcing credentials with an external process in the AWS CLI".
pub const AWS_PROCESS: &str = "https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-sourcing-external.html";
/// "Configuring environment variables for the AWS CLI".
pub const AWS_ENV: &str = "https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-envvars.html";
/// "Login for AWS local development using console credentials".
pub const AWS_LOGIN: &str = "https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-sign-in.html";
/// "Managing AWS STS in an AWS Region".
pub const STS_REGIONS: &str =
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_enable-regions.html";
/// "Configure the Instance Metadata Service options".
pub const INSTANCE_METADATA: &str =
    "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-options.html";
/// "Use IAM with CodeCommit: Git credentials, SSH keys, and AWS access keys".
pub const IAM_GIT_CREDENTIALS: &str = "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_ssh-keys.html";
/// "Troubleshoot access denied error messages".
pub const ACCESS_DENIED: &str = "https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html";
/// gitcredentials(7).
pub const GIT_CREDENTIALS: &str = "https://git-scm.com/docs/gitcredentials";
/// git-config(1).
pub const GIT_CONFIG: &str = "https://git-scm.com/docs/git-config";
/// Where to get git.
pub const GIT_DOWNLOADS: &str = "https://git-scm.com/downloads";
/// git-clone(1).
pub const GIT_CLONE: &str = "https://git-scm.com/docs/git-clone";
/// git-fetch(1), `--unshallow`.
pub const GIT_SHALLOW: &str = "https://git-scm.com/docs/git-fetch#Documentation/git-fetch.txt---unshallow";
/// "Build specification reference for `CodeBuild`".
pub const CODEBUILD_SPEC: &str = "https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html";
