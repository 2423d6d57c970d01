//! STS: who the caller is.

use crate::api::{Caller, Refusal};

pub(crate) fn answer(operation: &str, caller: &Caller) -> Result<String, Refusal> {
    match operation {
        // No permission is needed, and no policy can deny it.
        "GetCallerIdentity" => Ok(format!(
            "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult><Arn>{}</Arn><UserId>AIDAEXAMPLE</UserId><Account>{}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>",
            caller.arn, caller.account
        )),
        other => {
            Err(Refusal::new(400, "InvalidAction", format!("Could not find operation {other} for version 2011-06-15")))
        }
    }
}
