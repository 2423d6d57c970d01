//! Forgetting what a credential store holds, with the store's own tool.

use crate::facts::stores::{Item, StoreKind, Stores};
use crate::finding::Fix;
use crate::redact::MASK;

/// Deletes one entry. Where its user name is known, no other entry is touched; a session token in the name is not told, so
/// the store's tool then takes the first entry for the host.
#[must_use]
pub fn delete(stores: &Stores, item: &Item) -> Fix {
    let title = format!("Delete the entry from {}", item.place_name());
    let named = Some(item.shape.user.as_str()).filter(|user| !user.contains(MASK));
    match item.store {
        StoreKind::Keychain | StoreKind::KeychainOfManager => {
            let (command, service) = match item.store {
                StoreKind::Keychain => ("delete-internet-password", item.host.clone()),
                _ => ("delete-generic-password", format!("git:https://{}", item.host)),
            };
            let mut argv = vec!["security", command, "-s", &service];
            argv.extend(named.into_iter().flat_map(|user| ["-a", user]));
            let fix = if named.is_some() { Fix::safe(title) } else { Fix::review(title) };
            fix.run(argv)
        }
        StoreKind::WindowsVault => Fix::safe(title).run(["cmdkey", &format!("/delete:{}", item.place)]),
        StoreKind::SecretService => {
            let mut argv = vec!["secret-tool", "clear", "protocol", "https", "server", &item.host];
            argv.extend(named.into_iter().flat_map(|user| ["user", user]));
            Fix::review(title).run(argv)
        }
        StoreKind::File => erase_line(stores, item, named, title),
        StoreKind::Asked => erase(item, title),
    }
}

/// Git's own store erases by host, and by user name where that can be told.
fn erase_line(stores: &Stores, item: &Item, named: Option<&str>, title: String) -> Fix {
    // The tool takes every entry that fits: host, user name where it can be named, and path where there is one.
    let same = |other: &&Item| {
        other.store == StoreKind::File
            && (named.is_none() || other.shape.user == item.shape.user)
            && (item.path.as_deref().is_none_or(str::is_empty) || other.path == item.path)
    };
    if stores.items.iter().chain(&stores.elsewhere).filter(same).count() > 1 {
        let line = item.line.map(|line| format!(" {line}")).unwrap_or_default();
        return Fix::manual(format!("Delete line{line} of {} with an editor", item.place));
    }
    let mut lines = vec!["protocol=https".to_owned(), format!("host={}", item.host)];
    lines.extend(item.path.iter().filter(|path| !path.is_empty()).map(|path| format!("path={path}")));
    lines.extend(named.map(|user| format!("username={user}")));
    lines.push(String::new());
    let default = item.place == "~/.git-credentials";
    let argv: Vec<&str> = if default {
        vec!["git", "credential-store", "erase"]
    } else {
        // The shell replaces the tilde of a word of its own, and not that of `--file=~/...`.
        vec!["git", "credential-store", "--file", &item.place, "erase"]
    };
    Fix::safe(title).feed(lines, argv)
}

/// Has the helper itself forget what it holds for the host, called as git calls it.
fn erase(item: &Item, title: String) -> Fix {
    let lines = vec!["protocol=https".to_owned(), format!("host={}", item.host), String::new()];
    let words = shlex::split(&item.place).unwrap_or_default();
    let Some((name, options)) = words.split_first().filter(|(name, _)| !name.starts_with('!')) else {
        return Fix::manual(format!("{title}, with its own tool"));
    };
    let program = if name.starts_with(['/', '~']) || name.contains(":/") || name.contains(":\\") {
        vec![name.clone()]
    } else {
        vec!["git".to_owned(), format!("credential-{name}")]
    };
    Fix::review(title).feed(lines, program.iter().chain(options).cloned().chain(["erase".to_owned()]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::Shape;
    use crate::{machine::Os, shell};
    use std::time::SystemTime;

    fn item(store: StoreKind, place: &str, user: &str) -> Item {
        Item {
            helper: 0,
            store,
            place: place.to_owned(),
            line: Some(3),
            host: "h".to_owned(),
            path: None,
            shape: Shape::of(user, None, SystemTime::now()),
            stored: None,
        }
    }

    /// The command of the fix, as it is printed.
    fn line(item: &Item) -> Option<String> {
        let other = Item { shape: Shape::of("bob-at-111122223333", None, SystemTime::now()), ..item.clone() };
        let stores = Stores { items: vec![item.clone(), other], ..Stores::default() };
        match delete(&stores, item).steps.first()? {
            crate::finding::Step::Feed { argv, .. } => Some(shell::line(argv, Os::Linux)),
            step => Some(shell::line(&step.argv()?, Os::Linux)),
        }
    }

    #[test]
    fn only_the_entry_itself_is_deleted() {
        let key = "AKIAIOSFODNN7EXAMPLE";
        for (store, place, user, expected) in [
            (StoreKind::Keychain, "k", key, Some("security delete-internet-password -s h -a AKIAIOSFODNN7EXAMPLE")),
            (
                StoreKind::KeychainOfManager,
                "k",
                "ann-at-111122223333",
                Some("security delete-generic-password -s git:https://h -a ann-at-111122223333"),
            ),
            (StoreKind::File, "~/.git-credentials", key, Some("git credential-store erase")),
            (
                StoreKind::File,
                "~/.config/git/credentials",
                key,
                Some("git credential-store --file ~/.config/git/credentials erase"),
            ),
            (StoreKind::File, "~/.git-credentials", "ASIAIOSFODNN7EXAMPLE%token", None),
            (StoreKind::Asked, "cache --timeout=9", key, Some("git credential-cache --timeout=9 erase")),
            (
                StoreKind::Asked,
                "/usr/lib/git-credential-libsecret",
                key,
                Some("/usr/lib/git-credential-libsecret erase"),
            ),
            (StoreKind::Asked, "!gh auth", key, None),
        ] {
            assert_eq!(line(&item(store, place, user)).as_deref(), expected, "{place}");
        }
    }
}
