//! IAM: simulation of policies, roles, Git credentials.

mod ssh_keys;

use crate::api::{Caller, Form, Refusal, escape, field};
use crate::policy::{self, Decision, Layers, Matched, Question};
use crate::world::{Policy, Role, User, World};

pub(crate) fn answer(operation: &str, form: &Form, caller: &Caller, world: &World) -> Result<String, Refusal> {
    match operation {
        "SimulatePrincipalPolicy" => simulate(form, caller, world),
        "GetRole" => get_role(form, caller, world),
        "GetUser" => get_user(form, caller, world),
        "ListUserPolicies" | "ListRolePolicies" | "ListAttachedUserPolicies" | "ListAttachedRolePolicies" => {
            list_policies(operation, form, caller, world)
        }
        "ListGroupsForUser" | "ListGroupPolicies" | "ListAttachedGroupPolicies" => {
            list_of_groups(operation, form, caller, world)
        }
        "GetPolicy" | "GetPolicyVersion" => get_managed_policy(operation, form, caller, world),
        "GetUserPolicy" | "GetRolePolicy" | "GetGroupPolicy" => get_policy(operation, form, caller, world),
        "ListServiceSpecificCredentials" => list_credentials(form, caller, world),
        "ListSSHPublicKeys" => ssh_keys::list(form, caller, world),
        "GetSSHPublicKey" => ssh_keys::get(form, caller, world),
        other => {
            Err(Refusal::new(400, "InvalidAction", format!("Could not find operation {other} for version 2010-05-08")))
        }
    }
}

fn denied(text: String) -> Refusal {
    Refusal::new(403, "AccessDenied", text)
}

fn envelope(operation: &str, result: &str) -> String {
    format!(
        "<{operation}Response xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><{operation}Result>{result}</{operation}Result></{operation}Response>"
    )
}

/// The values of a list parameter, `Name.member.1` and on.
fn list(form: &Form, name: &str) -> Vec<String> {
    (1..).map_while(|number| field(form, &format!("{name}.member.{number}"))).collect()
}

fn simulate(form: &Form, caller: &Caller, world: &World) -> Result<String, Refusal> {
    let source = field(form, "PolicySourceArn").unwrap_or_default();
    caller.may(world, "iam:SimulatePrincipalPolicy", &source).map_err(denied)?;
    let entity = Entity::of(&source, world)
        .ok_or_else(|| Refusal::new(404, "NoSuchEntity", format!("The entity {source} cannot be found.")))?;
    let resource = list(form, "ResourceArns").into_iter().next().unwrap_or_else(|| "*".to_owned());
    let context: Vec<(String, String)> = (1..)
        .map_while(|number| {
            let name = field(form, &format!("ContextEntries.member.{number}.ContextKeyName"))?;
            Some((name, field(form, &format!("ContextEntries.member.{number}.ContextKeyValues.member.1"))?))
        })
        .collect();
    let results: String = list(form, "ActionNames")
        .iter()
        .map(|action| {
            let question = Question { action, resource: &resource, context: &context };
            result(&question, &entity.layers(world).evaluate(&question), &entity)
        })
        .collect();
    let body = format!("<IsTruncated>false</IsTruncated><EvaluationResults>{results}</EvaluationResults>");
    Ok(envelope("SimulatePrincipalPolicy", &body))
}

/// A user or a role, as its policies see it.
struct Entity<'a> {
    /// `user` or `role`.
    kind: &'static str,
    name: &'a str,
    policies: &'a [Policy],
    boundary: Option<&'a Policy>,
}

impl<'a> Entity<'a> {
    fn of(arn: &str, world: &'a World) -> Option<Self> {
        let user = world.users.iter().find(|user| arn == format!("arn:aws:iam::{}:user/{}", user.account, user.name));
        let user = user.map(|user| Self {
            kind: "user",
            name: &user.name,
            policies: &user.policies,
            boundary: user.boundary.as_ref(),
        });
        let of = |role: &&Role| arn == format!("arn:aws:iam::{}:role{}{}", role.account, role.path, role.name);
        let role = || {
            world.roles.iter().find(of).map(|role| Self {
                kind: "role",
                name: &role.name,
                policies: &role.policies,
                boundary: role.boundary.as_ref(),
            })
        };
        user.or_else(role)
    }

    /// What a simulation takes into account.
    fn layers(&self, world: &'a World) -> Layers<'a> {
        Layers { identity: self.policies, boundary: self.boundary, scps: &world.scps, ..Layers::default() }
    }

    /// A policy's id and type, as IAM gives them: inline policies by their owner, managed ones by their name.
    fn source(&self, policy: &str) -> (String, &'static str) {
        let bare = policy.rsplit('/').next().unwrap_or(policy).to_owned();
        if self.boundary.is_some_and(|boundary| boundary.name == policy) {
            return (bare, "Permissions Boundary Policy");
        }
        let group = self.policies.iter().find(|one| one.name == policy).and_then(|one| one.group.as_deref());
        let id = match group {
            _ if policy.starts_with("arn:") => bare,
            Some(group) => format!("group_{group}_{policy}"),
            None => format!("{}_{}_{policy}", self.kind, self.name),
        };
        (id, "IAM Policy")
    }

    /// The condition keys of all its policies that the question does not have.
    fn missing(&self, question: &Question<'_>) -> Vec<String> {
        let mut missing: Vec<String> =
            self.policies.iter().chain(self.boundary).flat_map(|policy| policy::missing(policy, question)).collect();
        missing.sort();
        missing.dedup();
        missing
    }
}

/// One action's result. With resources in the question the details are those of the resource.
fn result(question: &Question<'_>, decision: &Decision, entity: &Entity<'_>) -> String {
    let word = match (decision.denied, decision.allowed) {
        (true, _) => "explicitDeny",
        (false, true) => "allowed",
        (false, false) => "implicitDeny",
    };
    let statement = |matched: &Matched| {
        let (id, kind) = entity.source(&matched.policy);
        format!(
            "<member><SourcePolicyId>{}</SourcePolicyId><SourcePolicyType>{kind}</SourcePolicyType><StartPosition><Line>{}</Line><Column>{}</Column></StartPosition><EndPosition><Line>{}</Line><Column>{}</Column></EndPosition></member>",
            escape(&id),
            matched.start.0,
            matched.start.1,
            matched.end.0,
            matched.end.1
        )
    };
    let list = |name: &str, members: String| format!("<{name}>{members}</{name}>");
    let narrowed = !decision.allowed && !decision.denied;
    let matched = decision.statements.iter().filter(|_| !narrowed).map(statement).collect();
    let statements = list("MatchedStatements", matched);
    let keys = entity.missing(question);
    let keys =
        if keys.is_empty() { String::new() } else { format!("<member>{}</member>", keys.join("</member><member>")) };
    let missing = list("MissingContextValues", keys);
    let detail = |name: &str, field: &str, allows: Option<bool>| {
        allows.map(|allows| format!("<{name}><{field}>{allows}</{field}></{name}>")).unwrap_or_default()
    };
    // Whatever the organization denies is not looked at any further.
    let boundary = decision.boundary_allows.filter(|_| decision.organization_allows != Some(false));
    let boundary = detail("PermissionsBoundaryDecisionDetail", "AllowedByPermissionsBoundary", boundary);
    let organization = detail("OrganizationsDecisionDetail", "AllowedByOrganizations", decision.organization_allows);
    let (action, resource) = (question.action, question.resource);
    format!(
        "<member><EvalActionName>{action}</EvalActionName><EvalResourceName>{resource}</EvalResourceName><EvalDecision>{word}</EvalDecision>{statements}{missing}{boundary}{organization}<ResourceSpecificResults><member><EvalResourceName>{resource}</EvalResourceName><EvalResourceDecision>{word}</EvalResourceDecision>{statements}{missing}{boundary}</member></ResourceSpecificResults></member>"
    )
}

fn get_user(form: &Form, caller: &Caller, world: &World) -> Result<String, Refusal> {
    let name = field(form, "UserName").unwrap_or_default();
    let arn = format!("arn:aws:iam::{}:user/{name}", caller.account);
    caller.may(world, "iam:GetUser", &arn).map_err(denied)?;
    let user = world.users.iter().find(|user| user.name == name && user.account == caller.account);
    user.ok_or_else(|| Refusal::new(404, "NoSuchEntity", format!("The user with name {name} cannot be found.")))?;
    let body = format!(
        "<User><Path>/</Path><UserName>{name}</UserName><UserId>AIDAEXAMPLE</UserId><Arn>{arn}</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate></User>"
    );
    Ok(envelope("GetUser", &body))
}

/// The names of inline policies, or the attached ones.
fn list_policies(operation: &str, form: &Form, caller: &Caller, world: &World) -> Result<String, Refusal> {
    let (kind, parameter) = if operation.contains("Role") { ("role", "RoleName") } else { ("user", "UserName") };
    let owner = field(form, parameter).unwrap_or_default();
    let arn = format!("arn:aws:iam::{}:{kind}/{owner}", caller.account);
    caller.may(world, &format!("iam:{operation}"), &arn).map_err(denied)?;
    let of_user =
        world.users.iter().filter(|user| kind == "user" && user.name == owner).flat_map(|user| &user.policies);
    let of_role =
        world.roles.iter().filter(|role| kind == "role" && role.name == owner).flat_map(|role| &role.policies);
    let all: Vec<&Policy> = of_user.chain(of_role).filter(|policy| policy.group.is_none()).collect();
    let is_managed = |policy: &&&Policy| policy.name.starts_with("arn:");
    let bare = |policy: &Policy| policy.name.rsplit('/').next().unwrap_or_default().to_owned();
    let body = if operation.contains("Attached") {
        let member = |policy: &&Policy| {
            format!("<member><PolicyName>{}</PolicyName><PolicyArn>{}</PolicyArn></member>", bare(policy), policy.name)
        };
        let members: Vec<String> = all.iter().filter(is_managed).map(member).collect();
        format!("<AttachedPolicies>{}</AttachedPolicies><IsTruncated>false</IsTruncated>", members.join(""))
    } else {
        let names: Vec<String> = all
            .iter()
            .filter(|policy| !is_managed(policy))
            .map(|policy| format!("<member>{}</member>", policy.name))
            .collect();
        format!("<PolicyNames>{}</PolicyNames><IsTruncated>false</IsTruncated>", names.join(""))
    };
    Ok(envelope(operation, &body))
}

/// A user's groups, or a group's policies; groups are known by the policies that come through them.
fn list_of_groups(operation: &str, form: &Form, caller: &Caller, world: &World) -> Result<String, Refusal> {
    caller.may(world, &format!("iam:{operation}"), "*").map_err(denied)?;
    let (user, group) = (field(form, "UserName"), field(form, "GroupName"));
    let users = world.users.iter().filter(|one| user.as_ref().is_none_or(|user| one.name == *user));
    let policies = users.flat_map(|user| &user.policies).filter(|policy| policy.group.is_some());
    let member = |name: &str| format!("<member>{name}</member>");
    let body = match operation {
        "ListGroupsForUser" => {
            let mut names: Vec<&str> = policies.filter_map(|policy| policy.group.as_deref()).collect();
            names.dedup();
            let group = |name: &&str| {
                member(&format!(
                    "<Path>/</Path><GroupName>{name}</GroupName><GroupId>AGPAEXAMPLE</GroupId><Arn>arn:aws:iam::{}:group/{name}</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate>",
                    caller.account
                ))
            };
            format!("<Groups>{}</Groups>", names.iter().map(group).collect::<String>())
        }
        "ListGroupPolicies" => {
            let names = policies.filter(|policy| policy.group == group).map(|policy| member(&policy.name));
            format!("<PolicyNames>{}</PolicyNames>", names.collect::<String>())
        }
        _ => "<AttachedPolicies/>".to_owned(),
    };
    Ok(envelope(operation, &format!("{body}<IsTruncated>false</IsTruncated>")))
}

/// A managed policy, or the one version that it has here.
fn get_managed_policy(operation: &str, form: &Form, caller: &Caller, world: &World) -> Result<String, Refusal> {
    let arn = field(form, "PolicyArn").unwrap_or_default();
    caller.may(world, &format!("iam:{operation}"), &arn).map_err(denied)?;
    let all = world.users.iter().flat_map(|user| &user.policies);
    let mut all = all.chain(world.roles.iter().flat_map(|role| &role.policies));
    let policy = all.find(|policy| policy.name == arn).ok_or_else(|| {
        Refusal::new(404, "NoSuchEntity", format!("Policy {arn} does not exist or is not attachable."))
    })?;
    let body = if operation == "GetPolicy" {
        format!("<Policy><Arn>{arn}</Arn><DefaultVersionId>v1</DefaultVersionId></Policy>")
    } else {
        let document = percent_encoding::utf8_percent_encode(&policy.document, percent_encoding::NON_ALPHANUMERIC);
        format!(
            "<PolicyVersion><Document>{document}</Document><VersionId>v1</VersionId><IsDefaultVersion>true</IsDefaultVersion></PolicyVersion>"
        )
    };
    Ok(envelope(operation, &body))
}

/// An inline policy's text.
fn get_policy(operation: &str, form: &Form, caller: &Caller, world: &World) -> Result<String, Refusal> {
    let (kind, parameter) = match operation {
        "GetUserPolicy" => ("user", "UserName"),
        "GetRolePolicy" => ("role", "RoleName"),
        _ => ("group", "GroupName"),
    };
    let owner = field(form, parameter).unwrap_or_default();
    let name = field(form, "PolicyName").unwrap_or_default();
    caller
        .may(world, &format!("iam:{operation}"), &format!("arn:aws:iam::{}:{kind}/{owner}", caller.account))
        .map_err(denied)?;
    let of_user = world.users.iter().filter(|user| kind == "group" || kind == "user" && user.name == owner);
    let of_role = world.roles.iter().filter(|role| kind == "role" && role.name == owner);
    let mut all = of_user.flat_map(|user| &user.policies).chain(of_role.flat_map(|role| &role.policies));
    let policy = all
        .find(|policy| policy.name == name)
        .ok_or_else(|| Refusal::new(404, "NoSuchEntity", format!("The policy with name {name} cannot be found.")))?;
    let document = percent_encoding::utf8_percent_encode(&policy.document, percent_encoding::NON_ALPHANUMERIC);
    let body = format!(
        "<{parameter}>{owner}</{parameter}><PolicyName>{name}</PolicyName><PolicyDocument>{document}</PolicyDocument>"
    );
    Ok(envelope(operation, &body))
}

fn get_role(form: &Form, caller: &Caller, world: &World) -> Result<String, Refusal> {
    let name = field(form, "RoleName").unwrap_or_default();
    let role = world.roles.iter().find(|role| role.name == name && role.account == caller.account);
    let path = role.map_or("/", |role| role.path.as_str());
    let arn = format!("arn:aws:iam::{}:role{path}{name}", caller.account);
    caller.may(world, "iam:GetRole", &arn).map_err(denied)?;
    let role =
        role.ok_or_else(|| Refusal::new(404, "NoSuchEntity", format!("The role with name {name} cannot be found.")))?;
    Ok(envelope(
        "GetRole",
        &format!(
            "<Role><Path>{}</Path><RoleName>{}</RoleName><RoleId>AROAEXAMPLE</RoleId><Arn>{arn}</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate></Role>",
            role.path, role.name
        ),
    ))
}

/// The user that is named, else the calling one, of whom this may be asked.
fn named_user<'a>(action: &str, form: &Form, caller: &Caller, world: &'a World) -> Result<&'a User, Refusal> {
    let name = field(form, "UserName").or_else(|| caller.user.clone()).ok_or_else(|| {
        Refusal::new(400, "ValidationError", "Must specify userName when calling with non-User credentials")
    })?;
    let arn = format!("arn:aws:iam::{}:user/{name}", caller.account);
    caller.may(world, action, &arn).map_err(denied)?;
    let user = world.users.iter().find(|user| user.name == name && user.account == caller.account);
    user.ok_or_else(|| Refusal::new(404, "NoSuchEntity", format!("The user with name {name} cannot be found.")))
}

fn list_credentials(form: &Form, caller: &Caller, world: &World) -> Result<String, Refusal> {
    let user = named_user("iam:ListServiceSpecificCredentials", form, caller, world)?;
    let name = &user.name;
    let members = user.git_credentials.iter().fold(String::new(), |members, credential| {
        let status = if credential.active { "Active" } else { "Inactive" };
        format!(
            "{members}<member><CreateDate>2026-01-01T00:00:00Z</CreateDate><ServiceName>codecommit.amazonaws.com</ServiceName><ServiceUserName>{}</ServiceUserName><ServiceSpecificCredentialId>ACCAEXAMPLE</ServiceSpecificCredentialId><UserName>{name}</UserName><Status>{status}</Status></member>",
            credential.name
        )
    });
    let body = format!("<ServiceSpecificCredentials>{members}</ServiceSpecificCredentials>");
    Ok(envelope("ListServiceSpecificCredentials", &body))
}
