//! Where a repository is that is not where Git looks for it: under another spelling, in another region, in another account.
//! Asked only when it is missing, everything side by side, and within bounds.

use super::api::{Api, Refusal};
use super::credentials::of_profile;
use super::{Facts, git_config::GitConfig};
use crate::check::Gap;
use crate::regions::{self, Partition};
use crate::target::CloneUrl;
use aws_sdk_codecommit::Client;
use aws_sdk_codecommit::config::Credentials;
use futures_util::future::join_all;
use serde::{Deserialize, Serialize};

/// How many other regions are asked, without `--search`.
const REGIONS: usize = 6;
/// How many other profiles are asked.
const PROFILES: usize = 12;
/// How many pages of names are read, of up to 1,000 each.
const PAGES: usize = 5;

/// What was found elsewhere.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Elsewhere {
    /// The names of the account's repositories in the URL's region.
    pub names: Vec<String>,
    /// Why they are not known, or not all.
    pub names_refused: Option<String>,
    /// What the other regions say.
    pub regions: Vec<(String, Look)>,
    /// What the other profiles see in the URL's region.
    pub profiles: Vec<(String, Look)>,
    /// Whether every region was asked.
    pub everywhere: bool,
}

/// What a look at another place comes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Look {
    /// The repository is there, in this account.
    Has(String),
    /// It is not.
    HasNot,
    /// There was no telling.
    NotTold(String),
}

impl Elsewhere {
    /// The places whose answer is known.
    pub fn told(places: &[(String, Look)]) -> impl Iterator<Item = &str> {
        places.iter().filter(|(_, look)| *look == Look::HasNot).map(|(place, _)| place.as_str())
    }

    /// The first place that has it, with the account.
    #[must_use]
    pub fn found(places: &[(String, Look)]) -> Option<(&str, &str)> {
        places.iter().find_map(|(place, look)| match look {
            Look::Has(account) => Some((place.as_str(), account.as_str())),
            _ => None,
        })
    }
}

/// Looks elsewhere.
///
/// # Errors
/// A gap when no repository is named, or there is nobody to ask with.
pub async fn observe(facts: &Facts) -> Result<Elsewhere, Gap> {
    facts.online()?;
    let url = facts.target().await?.effective.as_ref();
    let name =
        url.and_then(|url| url.repository.clone()).ok_or_else(|| Gap::not_applicable("no repository is named"))?;
    let keys = facts.credentials().await?.keys()?;
    let api = facts.api().await?;
    let regions = candidates(facts, api.region()).await;
    let in_regions = join_all(regions.iter().map(|region| look(api, keys, region, &name)));
    let (names, looks, profiles) = tokio::join!(list(api, keys), in_regions, in_profiles(facts, api, &name));
    let (names, names_refused) = names;
    let regions = regions.into_iter().zip(looks).collect();
    Ok(Elsewhere { names, names_refused, regions, profiles, everywhere: facts.request.search })
}

/// The names of the account's repositories in the region, and why that is not all.
async fn list(api: &Api, keys: &Credentials) -> (Vec<String>, Option<String>) {
    let client = Client::new(&api.sdk(keys, api.region()));
    let (mut names, mut token) = (Vec::new(), None);
    for _ in 0..PAGES {
        match client.list_repositories().set_next_token(token).send().await {
            Ok(page) => {
                names.extend(page.repositories().iter().filter_map(|one| one.repository_name().map(str::to_owned)));
                token = page.next_token().map(str::to_owned);
            }
            Err(error) => {
                return (names, Some(Refusal::read(&error).why("codecommit:ListRepositories", None)));
            }
        }
        if token.is_none() {
            return (names, None);
        }
    }
    (names, Some("the account has more repositories than were listed".to_owned()))
}

/// Whether a region has the repository, for these keys.
async fn look(api: &Api, keys: &Credentials, region: &str, name: &str) -> Look {
    let client = Client::new(&api.sdk(keys, region));
    match client.get_repository().repository_name(name).send().await {
        Ok(answer) => {
            let account = answer.repository_metadata().and_then(|data| data.account_id()).unwrap_or_default();
            Look::Has(account.to_owned())
        }
        Err(error) => match Refusal::read(&error) {
            Refusal::Answer { code, .. } if code == "RepositoryDoesNotExistException" => Look::HasNot,
            refusal => Look::NotTold(refusal.why("codecommit:GetRepository", None)),
        },
    }
}

/// The regions that are worth a look: those that the configuration or another remote uses, or, when asked to search, all of
/// the partition.
async fn candidates(facts: &Facts, own: &str) -> Vec<String> {
    let partition = Partition::of(own);
    let mut regions: Vec<String> = Vec::new();
    if facts.request.search {
        regions.extend(regions::REGIONS.iter().map(|region| region.name.to_owned()));
    } else {
        let machine = &facts.machine;
        regions.extend(["AWS_DEFAULT_REGION", "AWS_REGION"].iter().filter_map(|name| machine.var_set(name)));
        if let (Ok(profiles), Ok(credentials)) = (facts.profiles().await, facts.credentials().await) {
            let chosen = profiles.get(&credentials.choice.profile);
            let all = chosen.into_iter().chain(&profiles.profiles);
            regions.extend(all.filter_map(|profile| profile.value("region").map(str::to_owned)));
        }
        regions.extend(facts.git_config().await.map(remotes).unwrap_or_default());
    }
    let mut seen = std::collections::HashSet::new();
    regions.retain(|region| {
        region != own
            && Partition::of(region) == partition
            && regions::lookup(region).is_some()
            && seen.insert(region.clone())
    });
    if !facts.request.search {
        regions.truncate(REGIONS);
    }
    regions
}

/// The regions of all remotes.
fn remotes(config: &GitConfig) -> Vec<String> {
    let urls = config.section("remote").filter(|(_, name, _)| *name == "url");
    urls.filter_map(|(_, _, entry)| CloneUrl::read(entry.exact()).region).collect()
}

/// What the other profiles see in the URL's region; those whose keys cannot be had without a person are left out.
async fn in_profiles(facts: &Facts, api: &Api, name: &str) -> Vec<(String, Look)> {
    let (Ok(profiles), Ok(credentials)) = (facts.profiles().await, facts.credentials().await) else {
        return Vec::new();
    };
    // The chosen profile itself is worth a look where keys in the environment come before it.
    let own = &credentials.choice.profile;
    let is_other = |name: &&str| name != own || credentials.doubts.shadowed.is_some();
    let others = profiles.profiles.iter().map(|profile| profile.name.as_str()).filter(is_other);
    let asked = others.take(PROFILES).map(|profile| async move {
        let keys = of_profile(facts, profile).await?;
        Some((profile.to_owned(), look(api, &keys, api.region(), name).await))
    });
    join_all(asked).await.into_iter().flatten().collect()
}
