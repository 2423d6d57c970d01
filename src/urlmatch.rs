//! Git's matching of a URL against the `<url>` of `credential.<url>.*` and `http.<url>.*`.
//!
//! Source: git's `urlmatch.c` and `credential.c`, and "URLs matching" in gitcredentials(7).

use std::fmt::Write;

/// A URL taken apart and normalised as git does before it compares: lower-case scheme and host, default port dropped,
/// a path that begins with a slash and has no dot segments.
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
    /// Takes a URL apart; `None` where git finds no full URL in it.
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
            Some((user, host)) => (Some(user.split(':').next().unwrap_or_default()), host),
            None => (None, authority),
        };
        let (host, port) = match host.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, port),
            _ => (host, ""),
        };
        if host.is_empty() || !host.chars().all(|c| c.is_ascii_alphanumeric() || "_.-[:]*".contains(c)) {
            return None;
        }
        let default = match scheme.as_str() {
            "https" => 443,
            "http" => 80,
            _ => 0,
        };
        let port = match port {
            "" => None,
            port => Some(port.parse::<u16>().ok().filter(|port| *port != 0)?).filter(|port| *port != default),
        };
        Some(Self {
            scheme,
            user: user.map(normalise_escapes),
            host: host.to_ascii_lowercase(),
            port,
            path: normalise_path(path)?,
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

    /// The host name without its port.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }
}

fn host_matches(pattern: &str, host: &str, wildcards: bool) -> bool {
    let (pattern, host): (Vec<_>, Vec<_>) = (pattern.split('.').collect(), host.split('.').collect());
    pattern.len() == host.len()
        && pattern.iter().zip(&host).all(|(want, have)| want == have || (wildcards && *want == "*"))
}

/// The length of the match when `prefix` is `path`, or a prefix of it that ends at a slash.
fn path_prefix(prefix: &str, path: &str) -> Option<usize> {
    let trimmed = prefix.strip_suffix('/').unwrap_or(prefix);
    let rest = path.strip_prefix(trimmed)?;
    (rest.is_empty() || rest.starts_with('/')).then_some(trimmed.len())
}

fn normalise_path(path: &str) -> Option<String> {
    let (path, tail) = path.split_at(path.find(['?', '#']).unwrap_or(path.len()));
    let mut segments: Vec<String> = Vec::new();
    let raw: Vec<&str> = path.strip_prefix('/').unwrap_or(path).split('/').collect();
    for (index, segment) in raw.iter().enumerate() {
        let last = index + 1 == raw.len();
        match normalise_escapes(segment).as_str() {
            "." if last => segments.push(String::new()),
            "." => {}
            ".." => {
                segments.pop()?;
                if last {
                    segments.push(String::new());
                }
            }
            other => segments.push(other.to_owned()),
        }
    }
    Some(format!("/{}{tail}", segments.join("/")))
}

/// Unescapes what need not be escaped (unreserved characters) and writes the other escapes in upper case.
fn normalise_escapes(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut clean = String::with_capacity(text.len());
    let mut at = 0;
    while at < bytes.len() {
        let escaped = (bytes[at] == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        match escaped.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => {
                clean.push(char::from(byte));
                at += 3;
            }
            Some(byte) => {
                // Writing to a string cannot fail.
                let _ = write!(clean, "%{byte:02X}");
                at += 3;
            }
            None => {
                let character = text[at..].chars().next().unwrap_or_default();
                clean.push(character);
                at += character.len_utf8();
            }
        }
    }
    clean
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
