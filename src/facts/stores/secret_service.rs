//! The Secret Service of Linux desktops, through `secret-tool`.

use super::{Item, Looked, StoreKind};
use crate::machine::{Invocation, Machine};
use crate::shape::Shape;
use std::time::SystemTime;

/// Asks `secret-tool`. It prints the secrets of unlocked items, which are reduced to their shape here.
pub(super) async fn look(machine: &Machine, host: &str) -> Looked {
    let kind = StoreKind::SecretService;
    let path = machine.which("secret-tool").ok_or((kind, "`secret-tool` is not on PATH".to_owned()))?;
    let output = machine.run(Invocation::new(path, ["search", "--all", "protocol", "https", "server", host])).await;
    let output = output.map_err(|error| (kind, error.to_string()))?;
    // Which of its two outputs carries the attributes differs between versions.
    let text = format!("{}\n{}", output.stdout_text(), output.stderr_text());
    let value = |line: &str| line.split_once(" = ").map(|(_, value)| value.trim().to_owned());
    let all = |name: &str| {
        text.lines().filter(|line| line.trim_start().starts_with(name)).filter_map(value).collect::<Vec<_>>()
    };
    let secrets = all("secret");
    let users = all("attribute.user");
    Ok(users
        .iter()
        .enumerate()
        .map(|(at, user)| {
            let secret = secrets.get(at).filter(|_| secrets.len() == users.len());
            if let Some(secret) = secret {
                machine.secrets().learn(secret);
            }
            Item {
                helper: 0,
                store: kind,
                place: "login keyring".to_owned(),
                line: None,
                host: host.to_owned(),
                path: None,
                shape: Shape::of(user, secret.map(String::as_str), SystemTime::now()),
                stored: None,
            }
        })
        .collect())
}
