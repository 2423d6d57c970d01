//! Git's matching of a URL against the `<url>` of `credential.<url>.*` and `http.<url>.*`.
//!
//! Source: git's `urlmatch.c` and `credential.c`, and "URLs matching" in gitcredentials(7). That it is git's own is tested
//! against git itself (`tests/chain.rs`).

mod credential;
mod escapes;

pub use credential::Wanted;

use escapes::normalised;

/// A URL taken apart and normalised as git does before it compares: lower-case scheme and host, no usual port, a path that
/// begins with a slash and has no dot segments, and only the escapes that are needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parts {
    scheme: String,
    user: Option<String>,
    host: String,
    port: Option<u16>,
    path: String,
}

/// How well a pattern matched; greater is more specific. Git compares host, then path, then user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Specificity {
    host: usize,
    path: usize,
    user: bool,
}

impl Parts {
    /// Takes a URL, or a pattern for URLs, apart; `None` where git finds no full URL in it.
    #[must_use]
    pub fn parse(url: &str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let scheme_is_valid = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+.-".contains(c));
        if !scheme_is_valid {
            return None;
        }
        let scheme = scheme.to_ascii_lowercase();
        let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let (user, host) = match authority.split_once('@') {
            // Of a user name and a password only the name is compared.
            Some((user, host)) => (Some(normalised(user)?.split(':').next().unwrap_or_default().to_owned()), host),
            None => (None, authority),
        };
        let (host, port) = match host.rfind([':', ']']) {
            Some(colon) if colon > 0 && host[colon..].starts_with(':') => (&host[..colon], &host[colon + 1..]),
            _ => (host, ""),
        };
        let host_is_valid = host.chars().all(|c| c.is_ascii_alphanumeric() || "_.-[:]*".contains(c));
        if host.is_empty() || host.starts_with(':') || !host_is_valid {
            return None;
        }
        Some(Self {
            port: port_number(&scheme, port).ok()?,
            scheme,
            user,
            host: host.to_ascii_lowercase(),
            path: normal_path(path)?,
        })
    }

    /// Whether git applies a section with this `<url>` to `url`, and how specific the match is.
    ///
    /// `wildcards` is false for git before 2.26, where `*` in a credential section means itself.
    #[must_use]
    pub fn matches(&self, url: &Self, wildcards: bool) -> Option<Specificity> {
        let user = match &self.user {
            Some(user) if url.user.as_ref() != Some(user) => return None,
            user => user.is_some(),
        };
        let fits = self.scheme == url.scheme && self.port == url.port && host_matches(&self.host, &url.host, wildcards);
        let path = fits.then(|| path_prefix(&self.path, &url.path)).flatten()?;
        Some(Specificity { host: self.host.len(), path, user })
    }
}

/// The port as git compares it: nothing for the scheme's usual one. An error for what is no port.
fn port_number(scheme: &str, text: &str) -> Result<Option<u16>, NoPort> {
    let digits = text.trim_start_matches('0');
    match (scheme, digits) {
        _ if text.is_empty() => Ok(None),
        ("http", "80") | ("https", "443") => Ok(None),
        _ if digits.bytes().all(|byte| byte.is_ascii_digit()) => match digits.parse::<u16>() {
            Ok(port @ 1..) => Ok(Some(port)),
            _ => Err(NoPort),
        },
        _ => Err(NoPort),
    }
}

/// What stands in the place of a port is none.
struct NoPort;

fn host_matches(pattern: &str, host: &str, wildcards: bool) -> bool {
    // A dot at the end makes no further label.
    let labels = |host: &str| host.strip_suffix('.').unwrap_or(host).split('.').map(str::to_owned).collect::<Vec<_>>();
    let (pattern, host) = (labels(pattern), labels(host));
    pattern.len() == host.len()
        && pattern.iter().zip(&host).all(|(want, have)| want == have || (wildcards && *want == "*"))
}

/// The length of the match when `prefix` is `path`, or a prefix of it that ends at a slash.
fn path_prefix(prefix: &str, path: &str) -> Option<usize> {
    let trimmed = prefix.strip_suffix('/').unwrap_or(prefix);
    let rest = path.strip_prefix(trimmed)?;
    (rest.is_empty() || rest.starts_with('/')).then_some(trimmed.len())
}

/// A path, and what may follow it, without dot segments; `None` when they lead out of it, or an escape is broken.
fn normal_path(path: &str) -> Option<String> {
    let (path, tail) = path.split_at(path.find(['?', '#']).unwrap_or(path.len()));
    let mut clean = String::from("/");
    let mut rest = path.strip_prefix('/').unwrap_or(path);
    loop {
        let (segment, more) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let start = clean.len();
        clean.push_str(&normalised(segment)?);
        let mut at_root = false;
        match &clean[start..] {
            "." => {
                at_root = start == 1;
                clean.truncate(if at_root { start } else { start - 1 });
            }
            ".." => {
                let parent = clean[..start - 1].rfind('/')?;
                at_root = parent == 0;
                clean.truncate(if at_root { 1 } else { parent });
            }
            _ => {}
        }
        match more.strip_prefix('/') {
            Some(after) => rest = after,
            None => break,
        }
        if !at_root {
            clean.push('/');
        }
    }
    Some(clean + &normalised(tail)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://git-codecommit.us-east-1.amazonaws.com/v1/repos/x";

    fn matches(pattern: &str, url: &str) -> bool {
        Parts::parse(pattern).unwrap().matches(&Parts::parse(url).unwrap(), true).is_some()
    }

    #[test]
    fn a_star_is_one_label() {
        let documented = "https://git-codecommit.*.amazonaws.com";
        assert!(matches(documented, URL));
        for other in [
            "https://git-codecommit-fips.us-east-1.amazonaws.com/v1/repos/x",
            "https://git-codecommit.cn-north-1.amazonaws.com.cn/v1/repos/x",
            "https://vpce-1.git-codecommit.us-east-1.vpce.amazonaws.com/v1/repos/x",
        ] {
            assert!(!matches(documented, other), "{other}");
        }
    }

    #[test]
    fn before_2_26_a_star_is_a_star() {
        let pattern = Parts::parse("https://git-codecommit.*.amazonaws.com").unwrap();
        assert_eq!(pattern.matches(&Parts::parse(URL).unwrap(), false), None);
    }

    #[test]
    fn user_port_and_path_must_agree() {
        assert!(!matches("https://ann@git-codecommit.us-east-1.amazonaws.com", URL));
        assert!(matches("https://ann@h", "https://ann@h/x"));
        assert!(matches("https://h", "https://ann@h/x"));
        assert!(matches("https://h:443", "https://h/x"));
        assert!(!matches("https://h:8443", "https://h/x"));
        assert!(!matches("http://h", "https://h/x"));
        assert!(matches("https://h/v1", "https://h/v1/repos/x"));
        assert!(matches("https://h/v1/", "https://h/v1/repos/x"));
        assert!(!matches("https://h/v", "https://h/v1/repos/x"));
    }

    #[test]
    fn the_more_specific_pattern_wins() {
        let url = Parts::parse(URL).unwrap();
        let specific = |pattern: &str| Parts::parse(pattern).unwrap().matches(&url, true);
        assert!(
            specific("https://git-codecommit.us-east-1.amazonaws.com/v1")
                > specific("https://git-codecommit.us-east-1.amazonaws.com")
        );
        assert!(
            specific("https://git-codecommit.us-east-1.amazonaws.com")
                > specific("https://git-codecommit.*.amazonaws.com")
        );
    }

    #[test]
    fn partial_urls_are_no_urls() {
        assert_eq!(Parts::parse("git-codecommit.us-east-1.amazonaws.com"), None);
        assert_eq!(Parts::parse("https://"), None);
        assert_eq!(Parts::parse("https:///x"), None);
    }
}
