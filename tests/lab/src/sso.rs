//! The portal of IAM Identity Center: a role's session for an access token.

use crate::server::{Answer, Asked, plain};
use crate::world::World;

/// 2099-01-01, in milliseconds.
const EXPIRATION: u64 = 4_070_908_800_000;

pub(crate) fn answer(asked: &Asked, world: &World) -> Answer {
    let token = asked.header("x-amz-sso_bearer_token").unwrap_or_default();
    let query = asked.head.uri.query().unwrap_or_default();
    let Some(known) = world.sso_tokens.iter().find(|one| one.token == token) else {
        return refusal(401, "UnauthorizedException", r#"{"message":"Session token not found or invalid"}"#);
    };
    let asks_for_it = query.split('&').any(|pair| pair == format!("role_name={}", known.role));
    let Some(role) = world.roles.iter().find(|role| role.name == known.name).filter(|_| asks_for_it) else {
        return refusal(403, "ForbiddenException", r#"{"message":"No access"}"#);
    };
    let answer = serde_json::json!({"roleCredentials": {
        "accessKeyId": role.session.id, "secretAccessKey": role.session.secret,
        "sessionToken": role.session.token, "expiration": EXPIRATION,
    }});
    plain(200, "application/json", answer.to_string())
}

fn refusal(status: u16, kind: &'static str, body: &'static str) -> Answer {
    let mut answer = plain(status, "application/json", body);
    answer.headers_mut().insert("x-amzn-errortype", hyper::header::HeaderValue::from_static(kind));
    answer
}
