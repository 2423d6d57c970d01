//! The CodeCommit API: what a repository is.

use crate::api::{Caller, Refusal};
use crate::kms;
use crate::world::{Repository, World};
use serde_json::{Value, json};

pub(crate) fn answer(
    operation: &str,
    body: &Value,
    caller: &Caller,
    region: &str,
    world: &World,
) -> Result<Value, Refusal> {
    let here = |one: &&Repository| one.account == caller.account && one.region == region;
    if operation == "ListRepositories" {
        let all = format!("arn:aws:codecommit:{region}:{}:*", caller.account);
        caller
            .may(world, "codecommit:ListRepositories", &all)
            .map_err(|text| Refusal::new(400, "AccessDeniedException", text))?;
        let names = world.repositories.iter().filter(here).map(|one| json!({"repositoryName": one.name}));
        return Ok(json!({"repositories": names.collect::<Vec<_>>()}));
    }
    if operation != "GetRepository" {
        return Err(Refusal::new(400, "UnknownOperationException", operation));
    }
    let name = body["repositoryName"].as_str().unwrap_or_default();
    let arn = format!("arn:aws:codecommit:{region}:{}:{name}", caller.account);
    caller
        .may(world, "codecommit:GetRepository", &arn)
        .map_err(|text| Refusal::new(400, "AccessDeniedException", text))?;
    let Some(repository) = world.repositories.iter().filter(here).find(|one| one.name == name) else {
        return Err(Refusal::new(400, "RepositoryDoesNotExistException", format!("{name} does not exist")));
    };
    kms::through_codecommit(caller, repository, world)?;
    Ok(json!({"repositoryMetadata": {
        "accountId": repository.account, "repositoryId": "00000000-0000-4000-8000-000000000000", "repositoryName": name, "Arn": arn,
        "cloneUrlHttp": format!("https://git-codecommit.{region}.amazonaws.com/v1/repos/{name}"),
        "kmsKeyId": repository.key,
        "defaultBranch": if repository.empty { Value::Null } else { "main".into() },
    }}))
}
