//! Windows Credential Manager, through `cmdkey`.

use super::{Item, Looked, StoreKind, listing};
use crate::machine::Machine;
use crate::shape::Shape;
use std::time::SystemTime;

/// Asks `cmdkey /list`, which shows targets and user names.
pub(super) async fn look(machine: &Machine, host: &str) -> Looked {
    let text = listing(machine, StoreKind::WindowsVault, "cmdkey", &["/list"]).await?;
    Ok(read_vault(&text, host))
}

/// Reads the list of `cmdkey`: blocks of lines, whose labels are in the language of Windows. A target names the host; the
/// user name is the value of the block's last line that is neither the type nor the persistence.
fn read_vault(text: &str, host: &str) -> Vec<Item> {
    let mut items = Vec::new();
    let mut lines = text.lines().map(str::trim).peekable();
    while let Some(line) = lines.next() {
        let Some((_, target)) = line.split_once("target=") else { continue };
        if !target.contains(host) {
            continue;
        }
        let mut values = Vec::new();
        while let Some(next) = lines.next_if(|next| !next.is_empty() && !next.contains("target=")) {
            if let Some((_, value)) = next.split_once(':') {
                values.push(value.trim().to_owned());
            }
        }
        let user = values.get(1).cloned().unwrap_or_default();
        items.push(Item {
            helper: 0,
            store: StoreKind::WindowsVault,
            place: format!("LegacyGeneric:target={target}"),
            line: None,
            host: host.to_owned(),
            path: None,
            shape: Shape::of(&user, None, SystemTime::now()),
            stored: None,
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
    fn the_vault_is_read_in_any_language() {
        let text = format!(
            "Gespeicherte Anmeldeinformationen:\r\n\r\n    Ziel: LegacyGeneric:target=git:https://{HOST}\r\n    Typ: Generisch \r\n    Benutzer: ASIAIOSFODNN7EXAMPLE%token\r\n    Lokale Computerpersistenz\r\n\r\n    Ziel: LegacyGeneric:target=git:https://github.com\r\n    Typ: Generisch\r\n    Benutzer: ann\r\n"
        );
        let items = read_vault(&text, HOST);
        assert_eq!(items.len(), 1);
        assert_eq!(
            (items[0].shape.kind, items[0].shape.user.as_str()),
            (Kind::SignedSession, "ASIAIOSFODNN7EXAMPLE%***")
        );
    }
}
