//! What is not as the person may think: rules that differ from tool to tool, and leftovers in the environment.

use super::plan::{Planner, Source};
use crate::facts::Facts;
use crate::facts::choice::Choice;
use crate::facts::profiles::Setting;
use crate::finding::Evidence;
use crate::target::Protocol;
use serde::{Deserialize, Serialize};

/// The regions that have to be switched on, where tokens of the global STS endpoint are not valid by default.
/// Source: "Managing AWS STS in an AWS Region" (IAM user guide).
const OPT_IN: [&str; 8] = [
    "af-south-1",
    "ap-east-1",
    "ap-south-2",
    "ap-southeast-3",
    "eu-south-1",
    "il-central-1",
    "me-central-1",
    "me-south-1",
];

/// What is not as the person may think.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Doubts {
    /// Keys in the environment come before the profile that is named there; the variable that names it.
    pub shadowed: Option<Evidence>,
    /// Sessions come from the global STS endpoint, and the region does not know them; the setting.
    pub legacy_sts: Option<Evidence>,
    /// Only `AWS_REGION` names a region, and botocore does not read it.
    pub region_ignored: Option<Evidence>,
    /// The profile signs in with `aws login`, which git-remote-codecommit's Python may not know.
    pub login_through_grc: Option<Evidence>,
}

impl Doubts {
    pub(super) async fn observe<F: Fn(&str) -> Option<String>>(
        facts: &Facts,
        planner: &Planner<'_, F>,
        choice: &Choice,
        source: Option<&Source<'_>>,
    ) -> Self {
        let profile = planner.profiles.get(&choice.profile);
        let setting = |key: &str| profile.and_then(|profile| profile.setting(key));
        let target = facts.target().await.ok();
        let given = target.and_then(|target| target.given.as_ref());
        let is_grc = given.is_some_and(|url| url.protocol == Protocol::Grc);

        let names_profile = choice.is_named();
        let from_env = matches!(source, Some(Source::Environment)) && !choice.explicit;
        let shadowed = (from_env && names_profile && profile.is_some() && !is_same_key(planner, choice))
            .then(|| choice.from.clone());

        let region = target.and_then(|target| target.region());
        let legacy = (planner.env)("AWS_STS_REGIONAL_ENDPOINTS")
            .map(|value| Evidence::new("AWS_STS_REGIONAL_ENDPOINTS", value))
            .or_else(|| setting("sts_regional_endpoints").map(Setting::evidence))
            .filter(|seen| seen.text.ends_with("legacy"));
        let is_opt_in = region.is_some_and(|region| OPT_IN.contains(&region));
        let legacy_sts = legacy.filter(|_| is_opt_in && source.is_some_and(Source::asks_sts));

        let names_no_region = is_grc
            && given.is_some_and(|url| url.region.is_none())
            && (planner.env)("AWS_DEFAULT_REGION").is_none()
            && setting("region").is_none();
        let region_ignored =
            (planner.env)("AWS_REGION").filter(|_| names_no_region).map(|value| Evidence::new("AWS_REGION", value));

        let login_through_grc = match source {
            Some(Source::Login(session)) if is_grc => Some(session.evidence()),
            _ => None,
        };
        Self { shadowed, legacy_sts, region_ignored, login_through_grc }
    }
}

/// Whether the profile would give the same access key as the environment.
fn is_same_key<F: Fn(&str) -> Option<String>>(planner: &Planner<'_, F>, choice: &Choice) -> bool {
    let of_profile = planner.of(&choice.profile, true);
    matches!(of_profile, Ok(Source::Static(_, key)) if Some(key.exact()) == (planner.env)("AWS_ACCESS_KEY_ID").as_deref())
}
