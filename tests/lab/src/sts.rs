//! STS: who the caller is, and roles.

use crate::api::{Caller, Form, Refusal, field};
use crate::world::{Role, World};

/// Until when a session is good. Far away: no test waits for it.
const EXPIRATION: &str = "2099-01-01T00:00:00Z";

pub(crate) fn answer(operation: &str, form: &Form, caller: &Caller, world: &World) -> Result<String, Refusal> {
    match operation {
        // No permission is needed, and no policy can deny it.
        "GetCallerIdentity" => Ok(format!(
            "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult><Arn>{}</Arn><UserId>AIDAEXAMPLE</UserId><Account>{}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>",
            caller.arn, caller.account
        )),
        "AssumeRole" => assume(form, caller, world),
        other => {
            Err(Refusal::new(400, "InvalidAction", format!("Could not find operation {other} for version 2011-06-15")))
        }
    }
}

fn role<'a>(form: &Form, world: &'a World) -> Option<(&'a Role, String)> {
    let arn = field(form, "RoleArn")?;
    let of = |role: &&Role| arn == format!("arn:aws:iam::{}:role{}{}", role.account, role.path, role.name);
    Some((world.roles.iter().find(of)?, arn))
}

fn denied(caller: &str, form: &Form) -> Refusal {
    let arn = field(form, "RoleArn").unwrap_or_default();
    Refusal::new(
        403,
        "AccessDenied",
        format!("User: {caller} is not authorized to perform: sts:AssumeRole on resource: {arn}"),
    )
}

fn assume(form: &Form, caller: &Caller, world: &World) -> Result<String, Refusal> {
    let (role, arn) = role(form, world).ok_or_else(|| denied(&caller.arn, form))?;
    let named = role.trusts.contains(&caller.arn);
    let trusted = named || role.trusts.iter().any(|one| one == "*");
    let allowed = caller.may(world, "sts:AssumeRole", &arn).is_ok() || named;
    let mfa = !role.needs_mfa || field(form, "TokenCode").is_some_and(|code| code == "123456");
    if trusted && allowed && mfa { Ok(session("AssumeRole", role)) } else { Err(denied(&caller.arn, form)) }
}

/// A role for whoever holds its token; nobody signs this.
pub(crate) fn web_identity(form: &Form, world: &World) -> Result<String, Refusal> {
    let token = field(form, "WebIdentityToken");
    match role(form, world) {
        Some((role, _)) if role.web_identity.is_some() && role.web_identity == token => {
            Ok(session("AssumeRoleWithWebIdentity", role))
        }
        _ => Err(Refusal::new(
            400,
            "InvalidIdentityToken",
            "The web identity token that was passed could not be validated",
        )),
    }
}

fn session(operation: &str, role: &Role) -> String {
    let arn = format!("arn:aws:sts::{}:assumed-role/{}/session", role.account, role.name);
    let session = &role.session;
    format!(
        "<{operation}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><{operation}Result><AssumedRoleUser><AssumedRoleId>AROAEXAMPLE:session</AssumedRoleId><Arn>{arn}</Arn></AssumedRoleUser><Credentials><AccessKeyId>{}</AccessKeyId><SecretAccessKey>{}</SecretAccessKey><SessionToken>{}</SessionToken><Expiration>{EXPIRATION}</Expiration></Credentials></{operation}Result></{operation}Response>",
        session.id, session.secret, session.token
    )
}
