//! What a check itself needs to give a verdict: actions in AWS, hosts and files. With less it says "unknown", and never
//! that all is well.

/// What a check needs.
#[derive(Debug, Default)]
pub struct Needs {
    /// Actions that the caller's policies must allow.
    pub actions: &'static [Action],
    /// Whether the policies themselves are read, to know what the statement that decides looks at.
    pub reads_policies: bool,
    /// Hosts that must be reachable; `REGION` stands for the URL's region.
    pub hosts: &'static [&'static str],
    /// Files that are read, where they exist.
    pub files: &'static [&'static str],
}

/// What reading a principal's policies takes.
const READING: &[Action] = &[
    action("iam:ListUserPolicies", On::User, "to find the statement that decides"),
    action("iam:ListRolePolicies", On::Role, "to find the statement that decides"),
    action("iam:ListAttachedUserPolicies", On::User, "to find the statement that decides"),
    action("iam:ListAttachedRolePolicies", On::Role, "to find the statement that decides"),
    action("iam:ListGroupsForUser", On::User, "to find the statement that decides"),
    action("iam:ListGroupPolicies", On::Policy, "to find the statement that decides"),
    action("iam:ListAttachedGroupPolicies", On::Policy, "to find the statement that decides"),
    action("iam:GetUserPolicy", On::User, "to read it in a policy of the user's"),
    action("iam:GetRolePolicy", On::Role, "to read it in a policy of the role's"),
    action("iam:GetGroupPolicy", On::Policy, "to read it in a policy of a group's"),
    action("iam:GetPolicy", On::Policy, "to read it in a managed policy"),
    action("iam:GetPolicyVersion", On::Policy, "to read it in a managed policy"),
];

/// An action in AWS.
#[derive(Debug)]
pub struct Action {
    /// Its name, as policies write it.
    pub name: &'static str,
    /// What it is taken on.
    pub on: On,
    /// What it is for, as the rest of a sentence.
    pub why: &'static str,
}

/// An action, what it is taken on, and what for.
#[must_use]
pub const fn action(name: &'static str, on: On, why: &'static str) -> Action {
    Action { name, on, why }
}

/// What an action is taken on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    /// Everything: the action knows no resources.
    Everything,
    /// The repository of the URL.
    Repository,
    /// The account's keys in the region.
    Key,
    /// The users that sign in here.
    User,
    /// The calling role itself, or one to be assumed.
    Role,
    /// The calling user or role itself.
    Identity,
    /// The policies that others share: managed ones, and those of groups.
    Policy,
}

impl On {
    /// The resources, as a policy writes them.
    #[must_use]
    pub fn resources(self) -> &'static [&'static str] {
        const USER: &str = "arn:aws:iam::ACCOUNT:user/*";
        const ROLE: &str = "arn:aws:iam::ACCOUNT:role/ROLE";
        match self {
            Self::Everything => &["*"],
            Self::Repository => &["arn:aws:codecommit:REGION:ACCOUNT:REPOSITORY"],
            Self::Key => &["arn:aws:kms:REGION:ACCOUNT:key/*"],
            Self::User => &[USER],
            Self::Role => &[ROLE],
            Self::Identity => &[USER, ROLE],
            Self::Policy => &["arn:aws:iam::ACCOUNT:policy/*", "arn:aws:iam::ACCOUNT:group/*"],
        }
    }
}

impl Needs {
    /// Nothing but the configuration that git itself lists.
    pub const NOTHING: Self = Self { actions: &[], reads_policies: false, hosts: &[], files: &[] };

    /// Every action that the caller's policies must allow.
    pub fn all_actions(&self) -> impl Iterator<Item = &'static Action> {
        self.actions.iter().chain(if self.reads_policies { READING } else { &[] })
    }
}
