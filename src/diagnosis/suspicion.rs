//! What a text alone lets one suspect, when no check has run.

use super::{Confidence, RootCause};
use crate::redact::Secret;
use crate::symptoms::Seen;
use crate::target::{CloneUrl, Protocol};

/// The likeliest explanation of a text's most specific symptom, for the clone URL in it. A symptom that no finding explains
/// is no fault of the set-up, and ends the search.
#[must_use]
pub fn suspect(seen: &[Seen], url: Option<&Secret>) -> Option<RootCause> {
    let url = url.map(|url| CloneUrl::read(url.expose()));
    let says_nothing = |seen: &Seen| seen.symptom.vague && seen.symptom.candidates().next().is_none();
    let seen = seen.iter().find(|seen| seen.is_trouble() && !says_nothing(seen))?;
    let can_be = |check: &str, finding: &str| url.as_ref().is_none_or(|url| is_on_the_way(url, check, finding));
    let (check, finding) = seen.symptom.candidates().find(|(check, finding)| can_be(check, finding))?;
    Some(RootCause {
        check: check.to_owned(),
        finding: finding.to_owned(),
        confidence: Confidence::Likely,
        because: format!("line {} of the text is most often due to it; no check has run", seen.line),
    })
}

/// The checks that look at what only one of the ways to CodeCommit uses.
const HTTPS: &[&str] = &["credential-helper", "keychain", "offered-credential", "git-credentials"];
const SSH: &[&str] = &["ssh-config", "ssh-key", "ssh-host-key"];
const GRC: &[&str] = &["git-remote-codecommit"];

/// What cannot happen to whoever signs in with a Git credential, and so signs nothing.
const OF_SIGNERS: &[&str] = &["expired-signature-stored", "signature-expired"];

/// Whether a finding can have to do with the way in which a URL is reached.
fn is_on_the_way(url: &CloneUrl, check: &str, finding: &str) -> bool {
    let others: [&[&str]; 2] = match url.protocol {
        Protocol::Https => [SSH, GRC],
        Protocol::Grc => [HTTPS, SSH],
        Protocol::Ssh => [HTTPS, GRC],
        Protocol::Other => return true,
    };
    let has_git_credential = url.userinfo.as_ref().is_some_and(|info| info.shape.account.is_some());
    let is_anothers = others.iter().any(|checks| checks.contains(&check));
    !(is_anothers || has_git_credential && OF_SIGNERS.contains(&finding))
}
