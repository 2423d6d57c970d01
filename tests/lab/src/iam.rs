//! IAM: simulation of policies, roles, Git credentials.

use crate::api::{Caller, Form, Refusal, escape, field};
use crate::policy::{self, Decision, Matched, Question};
use crate::world::{Policy, World};

pub(crate) fn answer(operation: &str, form: &Form, caller: &Caller, world: &World) -> Result<String, Refusal> {
    match operation {
        "SimulatePrincipalPolicy" => simulate(form, caller, world),
        "GetRole" => get_role(form, caller, world),
        "ListServiceSpecificCredentials" => list_credentials(caller, world),
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
    let policies = policies_of(&source, world)
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
            result(&question, &policy::evaluate(policies, &world.scps, &question), !world.scps.is_empty())
        })
        .collect();
    let body = format!("<IsTruncated>false</IsTruncated><EvaluationResults>{results}</EvaluationResults>");
    Ok(envelope("SimulatePrincipalPolicy", &body))
}

fn policies_of<'a>(arn: &str, world: &'a World) -> Option<&'a [Policy]> {
    let user = world.users.iter().find(|user| arn == format!("arn:aws:iam::{}:user/{}", user.account, user.name));
    let role =
        world.roles.iter().find(|role| arn == format!("arn:aws:iam::{}:role{}{}", role.account, role.path, role.name));
    user.map(|user| user.policies.as_slice()).or_else(|| role.map(|role| role.policies.as_slice()))
}

fn result(question: &Question<'_>, decision: &Decision, organization: bool) -> String {
    let word = match (decision.denied, decision.allowed) {
        (true, _) => "explicitDeny",
        (false, true) => "allowed",
        (false, false) => "implicitDeny",
    };
    let statement = |matched: &Matched| {
        let kind = if matched.policy.starts_with("arn:") { "user-managed" } else { "user" };
        format!(
            "<member><SourcePolicyId>{}</SourcePolicyId><SourcePolicyType>{kind}</SourcePolicyType><StartPosition><Line>{}</Line><Column>{}</Column></StartPosition><EndPosition><Line>{}</Line><Column>{}</Column></EndPosition></member>",
            escape(&matched.policy),
            matched.start.0,
            matched.start.1,
            matched.end.0,
            matched.end.1
        )
    };
    let statements: String = decision.statements.iter().map(statement).collect();
    let detail = if organization {
        format!(
            "<OrganizationsDecisionDetail><AllowedByOrganizations>{}</AllowedByOrganizations></OrganizationsDecisionDetail>",
            !decision.by_scp
        )
    } else {
        String::new()
    };
    format!(
        "<member><EvalActionName>{}</EvalActionName><EvalResourceName>{}</EvalResourceName><EvalDecision>{word}</EvalDecision><MatchedStatements>{statements}</MatchedStatements><MissingContextValues/>{detail}</member>",
        question.action, question.resource
    )
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

fn list_credentials(caller: &Caller, world: &World) -> Result<String, Refusal> {
    let Some(name) = &caller.user else {
        return Err(Refusal::new(
            400,
            "ValidationError",
            "Must specify userName when calling with non-User credentials",
        ));
    };
    caller.may(world, "iam:ListServiceSpecificCredentials", &caller.arn).map_err(denied)?;
    let credentials = world.users.iter().filter(|user| user.name == *name && user.account == caller.account);
    let members = credentials.flat_map(|user| &user.git_credentials).fold(String::new(), |members, credential| {
        let status = if credential.active { "Active" } else { "Inactive" };
        format!(
            "{members}<member><CreateDate>2026-01-01T00:00:00Z</CreateDate><ServiceName>codecommit.amazonaws.com</ServiceName><ServiceUserName>{}</ServiceUserName><ServiceSpecificCredentialId>ACCAEXAMPLE</ServiceSpecificCredentialId><UserName>{name}</UserName><Status>{status}</Status></member>",
            credential.name
        )
    });
    let body = format!("<ServiceSpecificCredentials>{members}</ServiceSpecificCredentials>");
    Ok(envelope("ListServiceSpecificCredentials", &body))
}
