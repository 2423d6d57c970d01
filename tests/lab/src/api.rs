//! What all AWS APIs do alike: find out who asks, and say no in the service's own form.

use crate::policy::{Decision, Layers, Question};
use crate::server::{Answer, Asked, plain};
use crate::signature::{Bad, Claim};
use crate::world::{Policy, World};
use crate::{Region, codecommit, iam, kms, sso, sts};

/// An authenticated caller.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// As STS gives it.
    pub(crate) arn: String,
    pub(crate) account: String,
    pub(crate) policies: Vec<Policy>,
    pub(crate) boundary: Option<Policy>,
    pub(crate) session_policy: Option<Policy>,
    /// The IAM user's name.
    pub(crate) user: Option<String>,
    /// Whether a session was begun with MFA; nothing for long-lived credentials.
    pub(crate) mfa: Option<bool>,
}

/// An error: status, code, message.
pub(crate) struct Refusal(pub(crate) u16, pub(crate) &'static str, pub(crate) String);

impl Refusal {
    pub(crate) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self(status, code, message.into())
    }
}

/// Answers a request to an API; not at all, where the world says that the connection is cut.
pub(crate) fn answer(asked: &Asked, host: &str, region: &Region) -> Option<Answer> {
    let service = host.split('.').next().unwrap_or_default();
    let place = host.split('.').nth(1).unwrap_or_default();
    let world = &region.world;
    let operation = operation(asked);
    let heard = format!("{service} {operation}");
    region.hear(heard.clone());
    if world.cut.contains(&heard) {
        return None;
    }
    let caller = identify(asked, world);
    Some(match service {
        "portal" => sso::answer(asked, world),
        "sts" if operation == "AssumeRoleWithWebIdentity" => xml(sts::web_identity(&form(asked), world)),
        "sts" => xml(caller.and_then(|caller| sts::answer(&operation, &form(asked), &caller, world))),
        "iam" => xml(caller.and_then(|caller| iam::answer(&operation, &form(asked), &caller, world))),
        "kms" => json(caller.and_then(|caller| kms::answer(&operation, &document(asked), &caller, place, world))),
        "codecommit" => {
            json(caller.and_then(|caller| codecommit::answer(&operation, &document(asked), &caller, place, world)))
        }
        _ => plain(404, "text/plain", "the lab has no such service"),
    })
}

/// The operation: from the form's `Action`, or from `X-Amz-Target`.
fn operation(asked: &Asked) -> String {
    let target = asked.header("x-amz-target").and_then(|target| target.rsplit('.').next()).map(str::to_owned);
    target.or_else(|| field(&form(asked), "Action")).unwrap_or_default()
}

pub(crate) type Form = Vec<(String, String)>;

fn form(asked: &Asked) -> Form {
    let text = String::from_utf8_lossy(&asked.body);
    let decode =
        |part: &str| percent_encoding::percent_decode_str(&part.replace('+', " ")).decode_utf8_lossy().into_owned();
    text.split('&').filter_map(|pair| pair.split_once('=')).map(|(name, value)| (decode(name), decode(value))).collect()
}

pub(crate) fn field(form: &Form, name: &str) -> Option<String> {
    form.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
}

fn document(asked: &Asked) -> serde_json::Value {
    serde_json::from_slice(&asked.body).unwrap_or_default()
}

/// Who signed a request. The errors and their texts are those of STS.
fn identify(asked: &Asked, world: &World) -> Result<Caller, Refusal> {
    let claim = asked.header("authorization").and_then(Claim::read);
    let claim = claim
        .ok_or_else(|| Refusal::new(403, "MissingAuthenticationToken", "Request is missing Authentication Token"))?;
    let (caller, secret) = holder(claim.key_id, asked.header("x-amz-security-token"), world)?;
    match claim.verify(asked, &secret, world) {
        Ok(()) => Ok(caller),
        Err(Bad::Time(text)) => Err(Refusal::new(403, "SignatureDoesNotMatch", text)),
        Err(Bad::Mismatch) => Err(Refusal::new(
            403,
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.",
        )),
    }
}

/// Who has an access key, and its secret.
pub(crate) fn holder(key_id: &str, token: Option<&str>, world: &World) -> Result<(Caller, String), Refusal> {
    let unknown =
        || Refusal::new(403, "InvalidClientTokenId", "The security token included in the request is invalid.");
    for user in &world.users {
        if let Some(key) = user.access_keys.iter().find(|key| key.id == key_id) {
            return if key.active { Ok((of_user(user), key.secret.clone())) } else { Err(unknown()) };
        }
    }
    let role = world.roles.iter().find(|role| role.session.id == key_id).ok_or_else(unknown)?;
    if token != Some(role.session.token.as_str()) {
        return Err(unknown());
    }
    if role.session.expired {
        return Err(Refusal::new(403, "ExpiredToken", "The security token included in the request is expired"));
    }
    let kind = if role.session.federated {
        format!("federated-user/{}", role.name)
    } else {
        format!("assumed-role/{}/session", role.name)
    };
    let caller = Caller {
        arn: format!("arn:aws:sts::{}:{kind}", role.account),
        account: role.account.clone(),
        policies: role.policies.clone(),
        boundary: role.boundary.clone(),
        session_policy: role.session.policy.clone(),
        user: None,
        mfa: Some(role.session.mfa),
    };
    Ok((caller, role.session.secret.clone()))
}

pub(crate) fn of_user(user: &crate::world::User) -> Caller {
    let root = user.name == "root";
    let who = if root { "root".to_owned() } else { format!("user/{}", user.name) };
    Caller {
        arn: format!("arn:aws:iam::{}:{who}", user.account),
        account: user.account.clone(),
        policies: user.policies.clone(),
        boundary: user.boundary.clone(),
        session_policy: None,
        user: (!root).then(|| user.name.clone()),
        mfa: None,
    }
}

impl Caller {
    /// What the policies say when the caller does this, with what is known of every request and what is given.
    pub(crate) fn decide(&self, world: &World, action: &str, resource: &str, more: &[(String, String)]) -> Decision {
        self.decide_through(world, action, resource, more, None)
    }

    /// The same for a request that comes through a VPC endpoint with a policy.
    fn decide_through(
        &self,
        world: &World,
        action: &str,
        resource: &str,
        more: &[(String, String)],
        endpoint: Option<&Policy>,
    ) -> Decision {
        let mut context = vec![
            ("aws:SourceIp".to_owned(), world.source_ip.clone()),
            ("aws:SecureTransport".to_owned(), "true".to_owned()),
            ("aws:PrincipalArn".to_owned(), self.principal_arn()),
        ];
        if !more.iter().any(|(name, _)| name == "aws:ViaAWSService") {
            context.push(("aws:ViaAWSService".to_owned(), "false".to_owned()));
        }
        context.extend(self.mfa.map(|mfa| ("aws:MultiFactorAuthPresent".to_owned(), mfa.to_string())));
        context.extend(
            resource
                .split(':')
                .nth(3)
                .filter(|region| !region.is_empty())
                .map(|region| ("aws:RequestedRegion".to_owned(), region.to_owned())),
        );
        context.extend_from_slice(more);
        let layers = Layers {
            identity: &self.policies,
            boundary: self.boundary.as_ref(),
            session: self.session_policy.as_ref(),
            scps: &world.scps,
            rcps: &world.rcps,
            endpoint,
        };
        layers.evaluate(&Question { action, resource, context: &context })
    }

    /// The ARN that policies know: the role's, and not its session's.
    fn principal_arn(&self) -> String {
        match self.arn.split_once(":assumed-role/") {
            Some((_, rest)) => format!("arn:aws:iam::{}:role/{}", self.account, rest.split('/').next().unwrap_or(rest)),
            None => self.arn.clone(),
        }
    }

    /// Nothing, when the caller may do this; else AWS's own words.
    pub(crate) fn may(&self, world: &World, action: &str, resource: &str) -> Result<(), String> {
        self.may_through(world, action, resource, &[], None)
    }

    /// The same through a VPC endpoint, with more context.
    pub(crate) fn may_through(
        &self,
        world: &World,
        action: &str,
        resource: &str,
        more: &[(String, String)],
        endpoint: Option<&Policy>,
    ) -> Result<(), String> {
        let decision = self.decide_through(world, action, resource, more, endpoint);
        if decision.allowed { Ok(()) } else { Err(self.refused(&decision, action, resource, decision.by.name())) }
    }

    /// The text of an access-denied error ("Troubleshoot access denied error messages", IAM user guide).
    pub(crate) fn refused(&self, decision: &Decision, action: &str, resource: &str, implicit: &str) -> String {
        let article = if decision.by.name().starts_with('i') { "an" } else { "a" };
        let clause = if decision.denied {
            let arn = decision.policy.as_ref().filter(|policy| policy.starts_with("arn:"));
            let arn = arn.map(|arn| format!(": {arn}")).unwrap_or_default();
            format!("with an explicit deny in {article} {}{arn}", decision.by.name())
        } else {
            format!("because no {implicit} allows the {action} action")
        };
        format!("User: {} is not authorized to perform: {action} on resource: {resource} {clause}", self.arn)
    }
}

/// The answer of a service that speaks the query protocol.
fn xml(result: Result<String, Refusal>) -> Answer {
    match result {
        Ok(body) => plain(200, "text/xml", body),
        Err(Refusal(status, code, message)) => plain(
            status,
            "text/xml",
            format!(
                "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{}</Message></Error></ErrorResponse>",
                escape(&message)
            ),
        ),
    }
}

/// The answer of a service that speaks JSON.
fn json(result: Result<serde_json::Value, Refusal>) -> Answer {
    match result {
        Ok(body) => plain(200, "application/x-amz-json-1.1", body.to_string()),
        Err(Refusal(status, code, message)) => {
            // The JSON services call the same error by another name.
            let code = if code == "InvalidClientTokenId" { "UnrecognizedClientException" } else { code };
            let body = serde_json::json!({"__type": code, "message": message});
            plain(if status == 403 { 400 } else { status }, "application/x-amz-json-1.1", body.to_string())
        }
    }
}

pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
