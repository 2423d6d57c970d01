//! The Git endpoint: authentication, permission, encryption, then the real `git http-backend`.

use crate::api::{Caller, Refusal, escape, holder, of_user};
use crate::server::{Answer, Asked, plain};
use crate::signature::{Bad, verify_git};
use crate::world::{Repository, World};
use crate::{Region, kms};
use anyhow::{Context, Result, ensure};
use base64::prelude::{BASE64_STANDARD, Engine};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::io::AsyncWriteExt;

/// Makes a bare repository with one commit.
pub(crate) fn create(root: &Path, repository: &Repository) -> Result<()> {
    let folder = place(root, repository);
    std::fs::create_dir_all(&folder)?;
    let git = |args: &[&str]| -> Result<String> {
        let output = std::process::Command::new("git")
            .arg("--git-dir")
            .arg(&folder)
            .args(["-c", "user.name=Lab", "-c", "user.email=lab@example.com", "-c", "init.defaultBranch=main"])
            .args(args)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env_remove("GIT_DIR")
            .stdin(Stdio::null())
            .output()
            .context("git cannot be run: install git")?;
        ensure!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    git(&["init", "--quiet", "--bare"])?;
    git(&["config", "http.receivepack", "true"])?;
    if repository.empty {
        return Ok(());
    }
    let tree = git(&["hash-object", "-t", "tree", "-w", "--stdin"])?;
    let commit = git(&["commit-tree", &tree, "-m", "The first commit"])?;
    git(&["update-ref", "refs/heads/main", &commit])?;
    Ok(())
}

/// Where programs are looked for on behalf of Git's server.
pub(crate) fn search_path() -> String {
    std::env::var("PATH").unwrap_or_else(|_| "/usr/bin:/bin".to_owned())
}

fn place(root: &Path, repository: &Repository) -> PathBuf {
    root.join(&repository.account).join(&repository.region).join(&repository.name)
}

/// Answers a request of Git's.
pub(crate) async fn answer(asked: &Asked, host: &str, region: &Region) -> Answer {
    let path = asked.head.uri.path().to_owned();
    let answer = match allowed(asked, host, &path, &region.world) {
        Ok((repository, rest)) => {
            let folder = place(&region.repositories, repository);
            backend(asked, &folder, &rest).await.unwrap_or_else(|error| plain(500, "text/plain", format!("{error:#}")))
        }
        Err(Refusal(401, _, _)) => {
            let mut challenge = plain(401, "text/plain", "");
            if let Ok(realm) = "Basic realm=\"AWS CodeCommit\"".parse() {
                challenge.headers_mut().insert("www-authenticate", realm);
            }
            challenge
        }
        Err(Refusal(403, "AccessDeniedException", _)) if region.world.terse => plain(403, "text/plain", ""),
        Err(Refusal(status, code, message)) => {
            plain(status, "text/xml", format!("<{code}>\n  <Message>{}</Message>\n</{code}>\n", escape(&message)))
        }
    };
    region.hear(format!("git {} {path} {}", asked.head.method, answer.status().as_u16()));
    answer
}

/// The repository that a request may reach, and the rest of its path.
fn allowed<'a>(asked: &Asked, host: &str, path: &str, world: &'a World) -> Result<(&'a Repository, String), Refusal> {
    let region = host.split('.').skip_while(|label| !label.starts_with("git-codecommit")).nth(1).unwrap_or_default();
    let full = path.strip_prefix("/v1/repos/").unwrap_or_default();
    let cut =
        ["/info/refs", "/git-upload-pack", "/git-receive-pack", "/HEAD"].iter().find_map(|end| full.strip_suffix(end));
    let name = cut.unwrap_or(full);
    let caller = authenticate(asked, host, name, region, world)?;

    let here = |one: &&Repository| one.name == name && one.account == caller.account && one.region == region;
    let repository = world.repositories.iter().find(here);
    let repository = repository
        .ok_or_else(|| Refusal::new(404, "RepositoryDoesNotExistException", format!("{name} does not exist")))?;
    let pushes =
        path.ends_with("receive-pack") || asked.head.uri.query().is_some_and(|query| query.contains("receive-pack"));
    let action = if pushes { "codecommit:GitPush" } else { "codecommit:GitPull" };
    let arn = format!("arn:aws:codecommit:{region}:{}:{name}", caller.account);
    let references = pushed(asked, path).map(|name| ("codecommit:References".to_owned(), name));
    // The first request of a push names no reference yet.
    let contexts: Vec<Vec<(String, String)>> = match references.map(|one| vec![one]).collect::<Vec<_>>() {
        none if none.is_empty() => vec![Vec::new()],
        each => each,
    };
    for context in contexts {
        caller
            .may_through(world, action, &arn, &context, world.git_endpoint_policy.as_ref())
            .map_err(|text| Refusal::new(403, "AccessDeniedException", text))?;
    }
    kms::through_codecommit(&caller, repository, world).map_err(|Refusal(_, code, text)| Refusal(403, code, text))?;
    Ok((repository, full[name.len()..].to_owned()))
}

/// The references that a push changes: each command is a line of two object names and the reference (gitprotocol-pack(5)).
fn pushed(asked: &Asked, path: &str) -> impl Iterator<Item = String> {
    let body = if path.ends_with("/git-receive-pack") { asked.body.clone() } else { hyper::body::Bytes::new() };
    let text = String::from_utf8_lossy(&body).into_owned();
    let commands = text.split("PACK").next().unwrap_or_default().replace('\0', " ");
    let names: Vec<String> =
        commands.split(' ').filter(|word| word.starts_with("refs/")).map(|word| word.trim().to_owned()).collect();
    names.into_iter()
}

/// Who a user name and a password are. A wrong one gets 403, and only a missing one 401.
fn authenticate(asked: &Asked, host: &str, name: &str, region: &str, world: &World) -> Result<Caller, Refusal> {
    let invalid =
        || Refusal::new(403, "UnrecognizedClientException", "The security token included in the request is invalid");
    let nobody = || Refusal::new(401, "MissingAuthenticationToken", "");
    let basic = asked.header("authorization").ok_or_else(nobody)?.strip_prefix("Basic ").ok_or_else(invalid)?;
    let decoded =
        BASE64_STANDARD.decode(basic).ok().and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(invalid)?;
    let (user, password) = decoded.split_once(':').ok_or_else(invalid)?;
    if password.is_empty() {
        // What AWS answers here is not known; with a 401 git asks its helpers, as it does for every other host.
        return Err(nobody());
    }

    let git_user = world.users.iter().find_map(|one| {
        let credential = one.git_credentials.iter().find(|credential| credential.name == user)?;
        Some((one, credential))
    });
    if let Some((one, credential)) = git_user {
        return if credential.active && credential.password == password { Ok(of_user(one)) } else { Err(invalid()) };
    }
    let (key_id, token) = user.split_once('%').map_or((user, None), |(id, token)| (id, Some(token)));
    let (caller, secret) = holder(key_id, token, world)
        .map_err(|Refusal(_, _, text)| Refusal(403, "UnrecognizedClientException", text))?;
    match verify_git(password, &secret, host, &format!("/v1/repos/{name}"), region, world) {
        Ok(()) => Ok(caller),
        Err(Bad::Time(text)) => Err(Refusal::new(403, "InvalidSignatureException", text)),
        Err(Bad::Mismatch) => Err(Refusal::new(
            403,
            "InvalidSignatureException",
            "The request signature we calculated does not match the signature you provided.",
        )),
    }
}

/// Runs `git http-backend` as a CGI program (RFC 3875).
async fn backend(asked: &Asked, repository: &Path, rest: &str) -> Result<Answer> {
    let root = repository.parent().context("no root")?;
    let name = repository.file_name().context("no name")?.to_string_lossy();
    let mut command = tokio::process::Command::new("git");
    command
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("PATH_INFO", format!("/{name}{rest}"))
        .env("REQUEST_METHOD", asked.head.method.as_str())
        .env("QUERY_STRING", asked.head.uri.query().unwrap_or_default())
        .env("REMOTE_USER", "lab")
        .env("CONTENT_LENGTH", asked.body.len().to_string());
    for (variable, header) in [
        ("CONTENT_TYPE", "content-type"),
        ("HTTP_CONTENT_ENCODING", "content-encoding"),
        ("GIT_PROTOCOL", "git-protocol"),
    ] {
        if let Some(value) = asked.header(header) {
            command.env(variable, value);
        }
    }
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true).spawn()?;
    let mut input = child.stdin.take().context("no input")?;
    let body = asked.body.clone();
    tokio::spawn(async move { input.write_all(&body).await });
    let output = child.wait_with_output().await?.stdout;
    let end = output.windows(4).position(|window| window == b"\r\n\r\n").context("git http-backend gave no headers")?;
    let mut answer = plain(200, "text/plain", output[end + 4..].to_vec());
    for line in String::from_utf8_lossy(&output[..end]).lines() {
        let Some((name, value)) = line.split_once(": ") else { continue };
        if name.eq_ignore_ascii_case("status") {
            *answer.status_mut() = value.split(' ').next().unwrap_or_default().parse()?;
        } else {
            answer.headers_mut().insert(name.parse::<hyper::header::HeaderName>()?, value.parse()?);
        }
    }
    Ok(answer)
}
