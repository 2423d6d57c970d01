//! Which profile Git's AWS tools use.

use crate::check::Gap;
use crate::facts::Facts;
use crate::finding::Evidence;
use crate::target::Protocol;
use serde::{Deserialize, Serialize};

/// The profile that Git's AWS tools use, and why that one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// Its name.
    pub profile: String,
    /// What chose it.
    pub from: Evidence,
    /// Whether it was named outright; then keys in the environment do not matter.
    pub explicit: bool,
    /// Whether the AWS credential helper's own command line chose it.
    pub by_helper: bool,
}

impl Choice {
    /// Whether somebody named it, so that it must exist.
    #[must_use]
    pub fn is_named(&self) -> bool {
        self.explicit || self.by_helper || self.from.source.starts_with("AWS_")
    }
}

/// Which profile Git's AWS tools use: git-remote-codecommit's `profile@`, the helper's own `--profile`, `--profile`, then
/// `AWS_DEFAULT_PROFILE`, `AWS_PROFILE`, `default` (botocore's order).
///
/// # Errors
/// A gap when the target cannot be observed.
pub async fn choose(facts: &Facts) -> Result<Choice, Gap> {
    let machine = &facts.machine;
    let explicit = |profile: &str, from: Evidence, by_helper| Choice {
        profile: profile.to_owned(),
        from,
        explicit: true,
        by_helper,
    };
    let target = facts.target().await?;
    if let Some(profile) = target.effective.as_ref().and_then(|url| url.profile.as_deref()) {
        return Ok(explicit(profile, Evidence::new("the clone URL", format!("{profile}@")), false));
    }
    let grc = target.effective.as_ref().is_some_and(|url| url.protocol == Protocol::Grc);
    if !grc
        && let Ok(chain) = facts.helpers().await
        && let Some((helper, aws)) = chain.aws()
        && let Some(profile) = &aws.profile
    {
        let by_option = !aws.profile_in_env;
        return Ok(Choice { explicit: by_option, ..explicit(profile, helper.entry.evidence(), true) });
    }
    if let Some(profile) = &facts.request.profile {
        return Ok(explicit(profile, Evidence::new("--profile", profile), false));
    }
    let named = ["AWS_DEFAULT_PROFILE", "AWS_PROFILE"].iter().find_map(|name| Some((*name, machine.var(name)?)));
    let (from, profile) = named.map_or_else(
        || (Evidence::new("no profile is named", "default"), "default".to_owned()),
        |(name, value)| (Evidence::new(name, value.clone()), value),
    );
    Ok(Choice { profile, from, explicit: false, by_helper: false })
}
