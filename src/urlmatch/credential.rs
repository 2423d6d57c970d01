//! What git wants a credential for, and which sections it finds for that.

use super::Parts;
use super::escapes::{decoded, encoded, encoded_name};

/// Protocol, host, path and user name of a credential; in a section's partial URL, those that it names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    protocol: Option<String>,
    user: Option<String>,
    host: Option<String>,
    path: Option<String>,
}

impl Wanted {
    /// Takes a URL apart, or as much of one as there is: `https://` names a protocol only, `example.com` a host, `/git` a
    /// path.
    #[must_use]
    pub fn read(url: &str) -> Self {
        let (protocol, rest) = url.split_once("://").map_or((None, url), |(protocol, rest)| (Some(protocol), rest));
        let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let (user, host) = authority.split_once('@').map_or((None, authority), |(user, host)| (Some(user), host));
        let path = decoded(path.trim_start_matches('/'));
        // Git leaves the first character, even if it is a slash.
        let kept = path.trim_end_matches('/').len().max(path.chars().next().map_or(0, char::len_utf8));
        let some = |text: &str| Some(decoded(text)).filter(|text| !text.is_empty());
        Self {
            protocol: protocol.filter(|protocol| !protocol.is_empty()).map(str::to_owned),
            user: user.map(|user| decoded(user.split(':').next().unwrap_or_default())),
            host: some(host),
            path: Some(path[..kept].to_owned()).filter(|path| !path.is_empty()),
        }
    }

    /// The same for a user.
    #[must_use]
    pub fn of_user(mut self, user: Option<&str>) -> Self {
        self.user = user.map(str::to_owned).or(self.user);
        self
    }

    /// The user name.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        self.user.as_deref().filter(|user| !user.is_empty())
    }

    /// The whole as git's matching sees it; `None` where git cannot match it with any URL.
    fn parts(&self) -> Option<Parts> {
        let user = self.user().map(|user| encoded_name(user) + "@").unwrap_or_default();
        let path = self.path.as_deref().map(|path| format!("/{}", encoded(path))).unwrap_or_default();
        let (protocol, host) = (self.protocol.as_deref()?, self.host.as_deref()?);
        // Only patterns have stars.
        if host.contains('*') {
            return None;
        }
        Parts::parse(&format!("{protocol}://{user}{host}{path}"))
    }

    /// Whether git applies a `credential` section with this `<url>`.
    #[must_use]
    pub fn is_meant_by(&self, section: &str, wildcards: bool) -> bool {
        if let Some(pattern) = Parts::parse(section) {
            return self.parts().is_some_and(|parts| pattern.matches(&parts, wildcards).is_some());
        }
        let pattern = Self::read(section);
        let fits = |want: &Option<String>, have: &Option<String>| want.is_none() || want == have;
        fits(&pattern.protocol, &self.protocol)
            && fits(&pattern.host, &self.host)
            && fits(&pattern.path, &self.path)
            && fits(&pattern.user, &self.user)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partial_urls_name_what_they_name() {
        let wanted = Wanted::read("https://h.example/v1/repos/x/").of_user(Some("ann"));
        for (section, meant) in [
            ("https://", true),
            ("http://", false),
            ("h.example", true),
            ("other.example", false),
            ("h.example/v1/repos/x", true),
            ("h.example/v1", false),
            ("/v1/repos/x", true),
            ("ann@h.example", true),
            ("bob@h.example", false),
            ("https://h.example", true),
            ("https://ann@h.example/v1", true),
            ("https://bob@h.example", false),
            ("https://*.example", true),
        ] {
            assert_eq!(wanted.is_meant_by(section, true), meant, "{section}");
        }
    }
}
