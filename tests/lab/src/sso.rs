//! The portal of IAM Identity Center: a role's session for an access token.

use crate::server::{Answer, Asked, plain};
use crate::world::World;

/// 2099-01-01, in milliseconds.
const EXPIRATION: u64 = 4_070_908_800_000;

pub(crate) fn answer(asked: &Asked, world: &World) -> Answer {
    let token = asked.header("x-amz-sso_bearer_token").unwrap_or_default();
    let query = asked.head.uri.query().unwrap_or_default();
    let asks_for = |name: &str| query.split('&').any(|pair| pair == format!("role_name={name}"));
    let known = world.sso_tokens.iter().find(|one| one.token == token);
    let Some(known) = known else {
        let mut answer = plain(401, "application/json", r#"{"message":"Session token not found or invalid"}"#);
        if let Ok(kind) = "UnauthorizedException".parse() {
            answer.headers_mut().insert("x-amzn-errortype", kind);
        }
        return answer;
    };
    match world.roles.iter().find(|role| role.name == known.name).filter(|_| asks_for(&known.role)) {
        Some(role) => plain(
            200,
            "application/json",
            serde_json::json!({"roleCredentials": {
                "accessKeyId": role.session.id, "secretAccessKey": role.session.secret,
                "sessionToken": role.session.token, "expiration": EXPIRATION,
            }})
            .to_string(),
        ),
        None => {
            let mut answer = plain(403, "application/json", r#"{"message":"No access"}"#);
            if let Ok(kind) = "ForbiddenException".parse() {
                answer.headers_mut().insert("x-amzn-errortype", kind);
            }
            answer
        }
    }
}
