//! The files of `git credential-store`.

use super::{Ignored, Item, StoreKind};
use crate::machine::Machine;
use crate::shape::Shape;
use percent_encoding::percent_decode_str;
use std::time::SystemTime;

/// Reads the files of `git credential-store`: the named one, or both default ones.
pub(super) async fn look(machine: &Machine, file: Option<&str>, host: &str) -> (Vec<Item>, Vec<Ignored>) {
    let xdg =
        machine.var_set("XDG_CONFIG_HOME").map_or_else(|| machine.expand("~/.config"), |dir| machine.expand(&dir));
    let files = match file {
        Some(file) => vec![machine.expand(file)],
        None => vec![machine.expand("~/.git-credentials"), xdg.join("git/credentials")],
    };
    let (mut items, mut ignored) = (Vec::new(), Vec::new());
    for file in files {
        let text = machine.read_text(&file).await.unwrap_or_default();
        for (number, line) in (1..).zip(text.split('\n')) {
            let read = read_credential_line(machine, line, host);
            let why = if read.is_none() { why_ignored(line, host) } else { None };
            ignored.extend(why.map(|why| Ignored { place: machine.tilde(&file), line: number, why: why.to_owned() }));
            items.extend(read.map(|(path, shape)| Item {
                helper: 0,
                store: StoreKind::File,
                place: machine.tilde(&file),
                line: Some(number),
                host: host.to_owned(),
                path: Some(path),
                shape,
                stored: None,
            }));
        }
    }
    (items, ignored)
}

/// Why git does not take a line for a host that it names all the same.
fn why_ignored(line: &str, host: &str) -> Option<&'static str> {
    let name = host.split(':').next().unwrap_or(host);
    let rest = line.strip_prefix("https://")?;
    let here = rest.trim_end().rsplit_once('@')?.1;
    let here = here.split('/').next()?;
    if here.split(':').next()? != name {
        return None;
    }
    if line.ends_with('\r') {
        return Some("it ends in a carriage return, which Git takes for a part of the host");
    }
    if rest.find('/').is_some_and(|slash| rest.rfind('@').is_some_and(|at| slash < at)) {
        return Some("its password holds a slash, which must be written %2F");
    }
    (here != host).then_some("it is for another port")
}

/// One line of git's credential file, `https://user:password@host/path`, when it is for this host. Every password is learnt,
/// of other hosts too, so that it can never be told.
fn read_credential_line(machine: &Machine, line: &str, host: &str) -> Option<(String, Shape)> {
    let (scheme, rest) = line.split_once("://")?;
    let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    // However it is written, what may be a password is none to tell.
    let written = rest.trim_end().rsplit_once('@').and_then(|(userinfo, _)| userinfo.split_once(':'));
    if let Some((_, password)) = written {
        machine.secrets().learn(&decode(password));
    }
    // Git ends the host, and what stands before it, at the first slash, and takes a carriage return for a part of it.
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (userinfo, named) = authority.split_once('@')?;
    let (user, password) = userinfo.split_once(':').unwrap_or((userinfo, ""));
    let (user, password) = (decode(user), decode(password));
    let here = scheme == "https" && decode(named) == host;
    here.then(|| (decode(path), Shape::of(&user, Some(&password), SystemTime::now())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::Os;
    use crate::shape::Kind;

    const HOST: &str = "git-codecommit.us-east-1.amazonaws.com";

    #[test]
    fn lines_for_other_hosts_are_learnt_but_not_kept() {
        let machine = Machine::new(Os::Linux, [], "/".into());
        assert_eq!(read_credential_line(&machine, "https://ann:hunter2%2Bx@github.com", HOST), None);
        assert_eq!(machine.secrets().scrub("hunter2+x"), "***");
        let shape = read_credential_line(&machine, &format!("https://ann-at-111122223333:pa%2Fss@{HOST}/v1"), HOST);
        assert_eq!(shape.map(|(path, shape)| (path, shape.kind)), Some(("v1".to_owned(), Kind::GitCredential)));
        assert_eq!(read_credential_line(&machine, "no url at all", HOST), None);
        for ignored in [
            format!("https://ann:a@{HOST}\r"),
            format!("https://ann:raw/slash@{HOST}"),
            format!("https://ann:a@{HOST}:8443"),
        ] {
            assert_eq!(read_credential_line(&machine, &ignored, HOST), None, "git takes it for another host");
        }
        assert_eq!(machine.secrets().scrub("raw/slash"), "***");
        for (line, why) in [
            (format!("https://ann:a@{HOST}\r"), "carriage return"),
            (format!("https://ann:raw/slash@{HOST}"), "%2F"),
            (format!("https://ann:a@{HOST}:8443"), "port"),
        ] {
            assert!(why_ignored(&line, HOST).unwrap().contains(why), "{line}");
        }
        assert_eq!(why_ignored("https://ann:a@github.com", HOST), None);
    }
}
