//! The clone URLs that a line of output mentions.

use crate::regions;
use crate::target::{CloneUrl, Endpoint, Protocol};

/// How much a mention of a URL tells; greater is better.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Weight {
    /// The host alone, as in a prompt.
    Host,
    /// An address of CodeCommit's that nobody can clone from: of the API, of a console page.
    Near,
    /// As git repeats it: with a slash behind, without a password, and after every rewriting.
    Repeated,
    /// As somebody wrote it.
    Written,
}

/// A URL in a line.
pub(super) struct Mention {
    pub(super) url: String,
    pub(super) weight: Weight,
}

/// The clone URLs that a line mentions.
pub(super) fn mentions(line: &str) -> Vec<Mention> {
    let lower = line.to_ascii_lowercase();
    if !(lower.contains("codecommit") || lower.contains("/v1/repos/")) {
        return Vec::new();
    }
    let is_edge = |c: char| c.is_whitespace() || "'\"`<>()[]{}|,;“”„«»‘’「」".contains(c);
    let words = line.split(is_edge).map(|word| without_service(word.trim_end_matches(['.', ':', '!', '?'])));
    words
        .filter_map(|word| {
            let url = CloneUrl::read(word);
            let near = is_near(&url);
            let named = match url.protocol {
                // Who hides the region hides the URL.
                Protocol::Https if url.region.as_deref().is_some_and(|region| !looks_like_region(region)) => false,
                Protocol::Https => near || url.is_codecommit(),
                Protocol::Grc => is_grc(word),
                // A host and a port, as in a message of ssh's, is no URL.
                Protocol::Ssh if url.is_codecommit() => word.contains("://") || word.contains("/v1/repos/"),
                // An alias of ssh's has no dots, and the path is CodeCommit's alone.
                Protocol::Ssh => {
                    url.path.starts_with("/v1/repos/") && url.host.as_deref().is_some_and(|host| !host.contains('.'))
                }
                Protocol::Other => false,
            };
            if !named {
                return None;
            }
            if near {
                return Some(Mention { url: word.trim_end_matches('/').to_owned(), weight: Weight::Near });
            }
            if url.repository.is_none() && url.protocol != Protocol::Grc {
                return Some(Mention { url: word.to_owned(), weight: Weight::Host });
            }
            // Git shows the URL with a slash that nobody wrote.
            match word.strip_suffix('/').filter(|_| url.protocol == Protocol::Https) {
                Some(bare) => Some(Mention { url: bare.to_owned(), weight: Weight::Repeated }),
                None => Some(Mention { url: word.to_owned(), weight: Weight::Written }),
            }
        })
        .collect()
}

/// What Git, its clients and web pages put behind a URL.
const SERVICES: &[&str] =
    &["/info/refs", "/info/lfs", "/git-upload-pack", "/git-receive-pack", "?ref=", "?go-get=", "&#39", "&quot"];

/// A URL without what others put around it.
fn without_service(word: &str) -> &str {
    // Terraform and pip put a kind in front: git::https://, git+https://.
    let start = ["https://", "ssh://"].iter().filter_map(|scheme| word.find(scheme)).min().unwrap_or(0);
    let word = if word.starts_with("codecommit") { word } else { &word[start..] };
    let end = SERVICES.iter().filter_map(|service| word.find(service)).min();
    end.map_or(word, |end| &word[..end])
}

/// Whether a word is a URL for git-remote-codecommit, well-formed or not; `codecommit:GitPull` is none.
fn is_grc(word: &str) -> bool {
    let rest = word.split_once(':').map_or("", |(_, rest)| rest);
    let begins =
        rest.starts_with(':') || rest.starts_with("//") || rest.split('-').next().is_some_and(|part| part.len() == 2);
    begins && word.ends_with(|c: char| c.is_ascii_alphanumeric())
}

/// Whether this is no Git endpoint, and a host of CodeCommit's all the same, or a page of its console.
fn is_near(url: &CloneUrl) -> bool {
    let host = url.host.as_deref().unwrap_or_default();
    let of_codecommit = host.contains("codecommit") && host.contains("amazonaws") || url.path.starts_with("/v1/repos/");
    url.protocol == Protocol::Https && !url.is_codecommit() && (of_codecommit || url.endpoint == Endpoint::Console)
}

/// Whether a word can be a region's name.
pub(super) fn looks_like_region(text: &str) -> bool {
    regions::lookup(text).is_some() || text.split('-').count() >= 3
}
