//! The CodeCommit API: what a repository is.

use crate::api::{Caller, Refusal};
use crate::kms;
use crate::world::World;
use serde_json::{Value, json};

pub(crate) fn answer(
    operation: &str,
    body: &Value,
    caller: &Caller,
    region: &str,
    world: &World,
) -> Result<Value, Refusal> {
    if operation != "GetRepository" {
        return Err(Refusal::new(400, "UnknownOperationException", operation));
    }
    let name = body["repositoryName"].as_str().unwrap_or_default();
    let arn = format!("arn:aws:codecommit:{region}:{}:{name}", caller.account);
    caller
        .may(world, "codecommit:GetRepository", &arn)
        .map_err(|text| Refusal::new(400, "AccessDeniedException", text))?;
    let found =
        world.repositories.iter().find(|one| one.name == name && one.account == caller.account && one.region == region);
    let Some(repository) = found else {
        return Err(Refusal::new(400, "RepositoryDoesNotExistException", format!("{name} does not exist")));
    };
    kms::through_codecommit(caller, repository, world)?;
    Ok(json!({"repositoryMetadata": {
        "accountId": repository.account, "repositoryId": "00000000-0000-4000-8000-000000000000", "repositoryName": name, "Arn": arn,
        "cloneUrlHttp": format!("https://git-codecommit.{region}.amazonaws.com/v1/repos/{name}"),
        "kmsKeyId": repository.key,
    }}))
}
