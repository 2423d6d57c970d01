//! Forgetting what a credential store holds, with the store's own tool.

use crate::facts::stores::{Item, StoreKind, Stores};
use crate::finding::Fix;

/// Deletes one entry.
#[must_use]
pub fn delete(stores: &Stores, item: &Item) -> Fix {
    let title = format!("Delete the entry from {}", item.place_name());
    match item.store {
        StoreKind::Keychain => Fix::safe(title).run(["security", "delete-internet-password", "-s", &item.host]),
        StoreKind::WindowsVault => Fix::safe(title).run(["cmdkey", &format!("/delete:{}", item.place)]),
        StoreKind::SecretService => {
            Fix::review(title).run(["secret-tool", "clear", "protocol", "https", "server", &item.host])
        }
        StoreKind::File => erase_line(stores, item, title),
        StoreKind::Asked => erase(item, title),
    }
}

/// Git's own store erases by host, and by user name where that can be told; a session token cannot.
fn erase_line(stores: &Stores, item: &Item, title: String) -> Fix {
    let mut lines = vec!["protocol=https".to_owned(), format!("host={}", item.host)];
    let nameable = !item.shape.user.contains("***");
    let alone = stores.items.iter().filter(|other| other.store == StoreKind::File).count() == 1;
    if nameable {
        lines.push(format!("username={}", item.shape.user));
    } else if !alone {
        let line = item.line.unwrap_or_default();
        return Fix::review(title).run(["sed", "-i.bak", &format!("{line}d"), &item.place]);
    }
    lines.push(String::new());
    let file = format!("--file={}", item.place);
    let default = item.place == "~/.git-credentials";
    let argv: Vec<&str> = if default {
        vec!["git", "credential-store", "erase"]
    } else {
        vec!["git", "credential-store", &file, "erase"]
    };
    Fix::safe(title).feed(lines, argv)
}

/// Has the helper itself forget what it holds for the host.
fn erase(item: &Item, title: String) -> Fix {
    let lines = vec!["protocol=https".to_owned(), format!("host={}", item.host), String::new()];
    let name = item.place.split_whitespace().next().unwrap_or_default();
    Fix::review(title).feed(lines, ["git", &format!("credential-{name}"), "erase"])
}
