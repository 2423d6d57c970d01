//! The AWS configuration files, with lines: what the SDK and botocore read, and where it stands.
//!
//! Source: "Configuration and credential file settings in the AWS CLI" (AWS CLI user guide).

mod parse;

use super::Facts;
use crate::check::Gap;
use crate::finding::Evidence;
use crate::machine::FileError;
use crate::redact::Secret;
use serde::{Deserialize, Serialize};

/// Both files, read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Profiles {
    /// The profiles of both files; one name in both is one profile.
    pub profiles: Vec<Section>,
    /// The `[sso-session ...]` sections.
    pub sso_sessions: Vec<Section>,
    /// The config file, `~` for the home folder.
    pub config_file: String,
    /// The credentials file, `~` for the home folder.
    pub credentials_file: String,
    /// Lines that are neither a section nor a setting, and files that exist and cannot be read.
    pub problems: Vec<Evidence>,
    /// The `[plugins]` of the AWS CLI: programs that it loads before anything else.
    pub plugins: Vec<Setting>,
    /// Sections `[name]` of the config file that lack the word `profile` and so are no profiles there.
    pub without_prefix: Vec<Evidence>,
}

/// A section with its settings.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Section {
    /// The profile's or session's name.
    pub name: String,
    /// Its settings; secret values are masked. The credentials file's come first, because they win.
    pub settings: Vec<Setting>,
}

/// One `key = value`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Setting {
    /// The key, in lower case.
    pub key: String,
    /// The value; `***` for a secret.
    pub value: String,
    /// The file, `~` for the home folder.
    pub file: String,
    /// The line in that file.
    pub line: u32,
    /// The value itself, where it is not told.
    #[serde(skip)]
    raw: Option<Secret>,
}

impl Section {
    /// The setting of a key.
    #[must_use]
    pub fn setting(&self, key: &str) -> Option<&Setting> {
        self.settings.iter().find(|setting| setting.key == key)
    }

    /// The setting of a key in one of the two files.
    #[must_use]
    pub fn setting_in(&self, key: &str, file: &str) -> Option<&Setting> {
        self.settings.iter().find(|setting| setting.key == key && setting.file == file)
    }

    /// The value of a key.
    #[must_use]
    pub fn value(&self, key: &str) -> Option<&str> {
        self.setting(key).map(|setting| setting.value.as_str())
    }
}

impl Setting {
    /// The value as it stands in the file; never to be told.
    pub(super) fn exact(&self) -> &str {
        self.raw.as_ref().map_or(self.value.as_str(), Secret::expose)
    }

    /// A setting, for tests.
    #[cfg(test)]
    pub(crate) fn of(key: &str, value: &str) -> Self {
        Self { key: key.into(), value: value.into(), file: "~/.aws/config".into(), line: 1, raw: None }
    }

    /// Where it stands and what it says.
    #[must_use]
    pub fn evidence(&self) -> Evidence {
        Evidence::at(&self.file, Some(self.line), format!("{} = {}", self.key, self.value))
    }
}

impl Profiles {
    /// The profile of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Section> {
        self.profiles.iter().find(|profile| profile.name == name)
    }

    /// The sso-session of this name.
    #[must_use]
    pub fn sso_session(&self, name: &str) -> Option<&Section> {
        self.sso_sessions.iter().find(|session| session.name == name)
    }

    /// The profile whose name is most like this one.
    #[must_use]
    pub fn nearest(&self, name: &str) -> Option<&str> {
        let distance = |other: &str| strsim::damerau_levenshtein(&other.to_lowercase(), &name.to_lowercase());
        let near = self.profiles.iter().map(|profile| profile.name.as_str()).min_by_key(|other| distance(other));
        near.filter(|other| distance(other) <= 2.max(name.len() / 4))
    }
}

/// Reads both files. Missing ones are empty.
///
/// # Errors
/// None at present.
pub async fn observe(facts: &Facts) -> Result<Profiles, Gap> {
    let machine = &facts.machine;
    let file = |variable: &str, usual: &str| {
        machine.var_set(variable).map_or_else(|| machine.in_aws_home(usual), |named| machine.expand(&named))
    };
    let config = file("AWS_CONFIG_FILE", ".aws/config");
    let credentials = file("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials");
    let mut profiles = Profiles {
        config_file: machine.tilde(&config),
        credentials_file: machine.tilde(&credentials),
        ..Profiles::default()
    };
    for (path, is_config) in [(credentials, false), (config, true)] {
        let file = machine.tilde(&path);
        match machine.read(&path).await {
            Ok(bytes) => {
                profiles.problems.extend(parse::unlike_utf8(machine.os(), &file, &bytes));
                let text = String::from_utf8_lossy(&bytes);
                profiles.add(machine, &file, text.trim_start_matches('\u{feff}'), is_config);
            }
            Err(FileError::Missing) => {}
            Err(error) => profiles.problems.push(Evidence::new(file, error.to_string())),
        }
    }
    Ok(profiles)
}
