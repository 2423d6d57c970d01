//! The macOS Keychain, through `security`.

use super::{Item, Looked, StoreKind, listing};
use crate::machine::Machine;
use crate::shape::{Shape, compact_time, seconds};
use std::time::SystemTime;

/// Asks `security` for the attributes of the items of one server or service. Without `-g` or `-w` it never shows, and
/// never asks for, a password. It shows one item; the others are looked for in its list of all items, when there is one.
pub(super) async fn look(machine: &Machine, kind: StoreKind, service: &str, host: &str) -> Looked {
    let command = if kind == StoreKind::Keychain { "find-internet-password" } else { "find-generic-password" };
    let first = listing(machine, StoreKind::Keychain, "security", &[command, "-s", service]).await?;
    let mut items = read_keychain(&first, kind, service, host);
    if !items.is_empty() {
        let all = listing(machine, StoreKind::Keychain, "security", &["dump-keychain"]).await?;
        let all = read_keychain(&all, kind, service, host);
        if all.len() > items.len() {
            items = all;
        }
    }
    Ok(items)
}

/// Reads items as `security` prints them: a `keychain:` line, then attributes such as `"acct"<blob>="AKIA..."`.
fn read_keychain(text: &str, kind: StoreKind, service: &str, host: &str) -> Vec<Item> {
    let now = SystemTime::now();
    let mut items = Vec::new();
    for block in text.split("keychain: ").skip(1) {
        let attribute = |name: &str| {
            let line = block.lines().find(|line| line.trim_start().starts_with(&format!("\"{name}\"<")))?;
            line.split_once('=').map(|(_, value)| value.trim().to_owned())
        };
        let quoted = |value: String| value.split('"').nth(1).map(str::to_owned);
        let server = attribute("srvr").or_else(|| attribute("svce")).and_then(quoted).unwrap_or_default();
        if server != service {
            continue;
        }
        let path = attribute("path").map(|path| quoted(path).unwrap_or_default());
        let user = attribute("acct").and_then(quoted).unwrap_or_default();
        // 0x3230...  "20260101T000000Z\000" or "20260101000000Z\000"
        let stored = attribute("mdat").and_then(quoted).and_then(|time| {
            let digits: String = time.chars().filter(char::is_ascii_digit).take(14).collect();
            compact_time(&format!("{}T{}Z", digits.get(..8)?, digits.get(8..)?))
        });
        items.push(Item {
            helper: 0,
            store: kind,
            place: block.lines().next().unwrap_or_default().trim_matches('"').to_owned(),
            line: None,
            host: host.to_owned(),
            path,
            shape: Shape::of(&user, None, now),
            stored: stored.map(|at| seconds(now) - at),
        });
    }
    items
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::Kind;

    const HOST: &str = "git-codecommit.us-east-1.amazonaws.com";

    #[test]
    fn the_keychain_s_attributes_are_read() {
        let text = format!(
            "keychain: \"/Users/ann/Library/Keychains/login.keychain-db\"\nversion: 512\nclass: \"inet\"\nattributes:\n    0x00000007 <blob>=\"x\"\n    \"acct\"<blob>=\"AKIAIOSFODNN7EXAMPLE\"\n    \"mdat\"<timedate>=0x32303236303130313030303030305A00  \"20260101000000Z\\000\"\n    \"srvr\"<blob>=\"{HOST}\"\nkeychain: \"x\"\n    \"srvr\"<blob>=\"github.com\"\n    \"acct\"<blob>=\"ann\"\n"
        );
        let items = read_keychain(&text, StoreKind::Keychain, HOST, HOST);
        assert_eq!(items.len(), 1);
        assert_eq!(items[0].shape.kind, Kind::SignedKey);
        assert!(items[0].stored.is_some());
    }
}
