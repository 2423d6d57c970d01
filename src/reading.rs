//! What a failed command's output is about: its symptoms, and the URL, region, profile and repository that it names.

mod mentions;

use crate::machine::Machine;
use crate::redact::{Secret, secrets_of_foreign_url};
use crate::regions;
use crate::symptoms::{self, Seen};
use crate::target::CloneUrl;
use mentions::{Mention, Weight, looks_like_region, mentions};
use regex_lite::Regex;
use std::sync::LazyLock;

/// A text that was read.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// Where it came from: "standard input", a file, "git clone".
    pub source: String,
    /// Where the clone URL stands: in the text, or in the command that printed it.
    pub url_from: &'static str,
    /// Whether there is a text at all: at a terminal a command is not overheard.
    pub was_heard: bool,
    /// How many lines it has.
    pub lines: usize,
    /// What was recognised, the most specific first.
    pub seen: Vec<Seen>,
    /// The clone URL in it.
    pub url: Option<Secret>,
    /// The region.
    pub region: Option<String>,
    /// The AWS profile.
    pub profile: Option<String>,
    /// The repository.
    pub repository: Option<String>,
}

impl Reading {
    /// Reads a text. What looks like a password in it is remembered, so that it can never be told.
    #[must_use]
    pub fn of(machine: &Machine, source: &str, bytes: &[u8]) -> Self {
        let text = symptoms::clean(bytes);
        let mut reading = Self {
            source: source.to_owned(),
            url_from: "the text",
            was_heard: true,
            lines: text.lines().count(),
            seen: symptoms::ALL.recognise(&text),
            ..Self::default()
        };
        let mut found: Option<Mention> = None;
        let (mut looks, mut before) = (0, "");
        for line in text.lines().filter(|line| line.len() <= LONGEST) {
            if std::mem::replace(&mut before, line) == line {
                continue;
            }
            learn(machine, line);
            // What somebody wrote cannot be bettered, and after so many lines nothing new is to be expected.
            if looks < LOOKS && found.as_ref().is_none_or(|found| found.weight < Weight::Written) {
                let here = mentions(line);
                looks += usize::from(!here.is_empty());
                found = found
                    .into_iter()
                    .chain(here)
                    .reduce(|best, next| if next.weight > best.weight { next } else { best });
            }
            reading.note(line);
        }
        if let Some(mention) = found {
            let url = CloneUrl::read(&mention.url);
            reading.region = url.region.or(reading.region);
            reading.profile = url.profile.or(reading.profile);
            reading.repository = url.repository.or(reading.repository);
            reading.url = Some(Secret::new(mention.url)).filter(|_| mention.weight > Weight::Host);
        }
        reading
    }

    /// Region, profile and repository, where a line names one in words that we know.
    fn note(&mut self, line: &str) {
        for (hint, pattern, field) in PATTERNS.iter() {
            let slot = match field {
                Field::Region => &mut self.region,
                Field::Profile => &mut self.profile,
                Field::Repository => &mut self.repository,
            };
            if slot.is_none() && line.contains(hint) {
                let found = pattern.captures(line).and_then(|found| Some(found.get(1)?.as_str().to_owned()));
                // A region that nobody knows is a word that merely stood in its place.
                *slot = found.filter(|name| !matches!(field, Field::Region) || looks_like_region(name));
            }
        }
    }

    /// The repository's clone URL: as the text has it, or put together from what it names.
    #[must_use]
    pub fn clone_url(&self) -> Option<Secret> {
        let made = || {
            let (region, name) = (self.region.as_ref()?, self.repository.as_ref()?);
            Some(Secret::new(format!("https://{}/v1/repos/{name}", regions::git_host(region))))
        };
        self.url.clone().or_else(made)
    }

    /// The same for what a command printed: its own words may name the URL, and say nothing.
    #[must_use]
    pub fn behind(mut self, machine: &Machine, command: &str, was_heard: bool) -> Self {
        self.was_heard = was_heard;
        let typed = Self::of(machine, "", command.as_bytes());
        if typed.url.is_some() {
            self.url_from = "the command";
        }
        self.url = typed.url.or(self.url);
        self.region = typed.region.or(self.region);
        self.profile = typed.profile.or(self.profile);
        self.repository = typed.repository.or(self.repository);
        self
    }
}

/// Remembers what looks like a password in a line's URLs.
fn learn(machine: &Machine, line: &str) {
    if !(line.contains("://") && line.contains(['@', '?'])) {
        return;
    }
    for word in line.split_whitespace().filter(|word| word.contains("://")) {
        for secret in secrets_of_foreign_url(word) {
            machine.secrets().learn(&secret);
        }
    }
}

/// In how many lines a clone URL is looked for among those that mention one.
const LOOKS: usize = 1000;

/// A longer line is no message.
const LONGEST: usize = 32 * 1024;

#[derive(Clone, Copy)]
enum Field {
    Region,
    Profile,
    Repository,
}

/// A word that a line must hold, the pattern, and what it finds.
static PATTERNS: LazyLock<Vec<(&str, Regex, Field)>> = LazyLock::new(|| {
    [
        ("git-codecommit", r"git-codecommit(?:-fips)?\.([a-z0-9-]+)\.", Field::Region),
        (":codecommit:", r"arn:aws[a-z-]*:codecommit:([a-z0-9-]+):", Field::Region),
        ("AWS Region", r"AWS Region is not available for use with AWS CodeCommit: ([a-z0-9-]+)", Field::Region),
        ("profile was", r"profile was not found: ([^\s,]+?)\.? ", Field::Profile),
        ("profile does", r"profile does not have [^:]*: ([^\s,]+?)\.? ", Field::Profile),
        ("config profile", r"config profile \(([^)\s]+)\) could not be found", Field::Profile),
        ("in the profile", r#"referenced in the profile "([^"\s]+)""#, Field::Profile),
        // Other programs have profiles as well.
        ("--profile", r"(?:^|[\s!/])(?:aws|aws\.exe|aws\.cmd)\s.*--profile[ =]([A-Za-z0-9_.@/+-]+)", Field::Profile),
        (":codecommit:", r"arn:aws[a-z-]*:codecommit:[a-z0-9-]+:[0-9A-Za-z*]+:([A-Za-z0-9._-]+)", Field::Repository),
        ("does not exist", r"(?:repository|Repository) ([A-Za-z0-9._-]+) does not exist", Field::Repository),
    ]
    .into_iter()
    .filter_map(|(hint, pattern, field)| Some((hint, Regex::new(pattern).ok()?, field)))
    .collect()
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::Os;

    fn read(text: &str) -> Reading {
        Reading::of(&Machine::new(Os::Linux, [], "/".into()), "a test", text.as_bytes())
    }

    fn url(text: &str) -> Option<String> {
        read(text).url.map(|url| url.expose().to_owned())
    }

    #[test]
    fn the_url_is_the_one_that_was_written() {
        let repeated =
            "fatal: unable to access 'https://git-codecommit.us-east-1.amazonaws.com/v1/repos/x/': error: 403";
        assert_eq!(url(repeated).as_deref(), Some("https://git-codecommit.us-east-1.amazonaws.com/v1/repos/x"));
        let both = format!("$ git clone https://ann@git-codecommit.us-east-1.amazonaws.com/v1/repos/x/y\n{repeated}");
        assert_eq!(url(&both).as_deref(), Some("https://ann@git-codecommit.us-east-1.amazonaws.com/v1/repos/x/y"));
        for (text, found) in [
            ("git clone codecommit::us-east-2://dev@MyRepo", Some("codecommit::us-east-2://dev@MyRepo")),
            ("clone of 'codecommit://my-repo' into submodule", Some("codecommit://my-repo")),
            ("$ git clone codecommit::MyRepo", Some("codecommit::MyRepo")),
            ("protocol 'codecommit:us-east-1' is not supported", Some("codecommit:us-east-1")),
            ("may do codecommit:GitPull", None),
            (
                "GET https://git-codecommit.us-east-1.amazonaws.com/v1/repos/x/info/refs?service=git-upload-pack",
                Some("https://git-codecommit.us-east-1.amazonaws.com/v1/repos/x"),
            ),
            (
                "git::https://git-codecommit.us-east-1.amazonaws.com/v1/repos/x?ref=v1",
                Some("https://git-codecommit.us-east-1.amazonaws.com/v1/repos/x"),
            ),
            ("https://git-codecommit.$$$$$.amazonaws.com/v1/repos/$$$$$", None),
            ("must be codecommit::<region>://<profile>@<repository>", None),
            (
                "unable to access 'https://git.corp.example/v1/repos/x/': 502",
                Some("https://git.corp.example/v1/repos/x"),
            ),
            (
                "+ git fetch ssh://APKAEXAMPLE@git-codecommit.eu-west-1.amazonaws.com/v1/repos/x",
                Some("ssh://APKAEXAMPLE@git-codecommit.eu-west-1.amazonaws.com/v1/repos/x"),
            ),
            ("Username for 'https://git-codecommit.us-east-1.amazonaws.com':", None),
            ("ssh: connect to host git-codecommit.us-east-2.amazonaws.com port 22: Connection timed out", None),
            ("https://github.com/aws/git-remote-codecommit", None),
            ("aws codecommit credential-helper $@ get: aws: command not found", None),
        ] {
            assert_eq!(url(text).as_deref(), found, "{text}");
        }
    }

    #[test]
    fn region_profile_and_repository_are_found_without_a_url() {
        let prompt = read("Username for 'https://git-codecommit.eu-west-3.amazonaws.com':");
        assert_eq!(prompt.region.as_deref(), Some("eu-west-3"));
        let missing = read("The following profile was not found: nope. Available profiles are: . Either use one");
        assert_eq!(missing.profile.as_deref(), Some("nope"));
        let denied = read(
            "not authorized to perform: codecommit:GitPull on resource: arn:aws:codecommit:us-east-2:111122223333:Demo because",
        );
        assert_eq!(
            denied.clone_url().unwrap().expose(),
            "https://git-codecommit.us-east-2.amazonaws.com/v1/repos/Demo"
        );
        assert_eq!(read("The config profile (dev) could not be found").profile.as_deref(), Some("dev"));
    }

    #[test]
    fn a_profile_of_another_program_s_is_none() {
        assert_eq!(read("+ cargo build --profile release").profile, None);
        assert_eq!(read("docker compose --profile test up").profile, None);
        let helper = "helper = !aws codecommit credential-helper --profile dev $@";
        assert_eq!(read(helper).profile.as_deref(), Some("dev"));
    }

    #[test]
    fn words_of_other_addresses_are_no_secrets() {
        let machine = Machine::new(Os::Linux, [], "/".into());
        let _ = Reading::of(&machine, "a test", b"https://ci.corp/job?repo=MyDemoRepo&token=Zx81kk2m");
        assert_eq!(machine.secrets().scrub("MyDemoRepo Zx81kk2m"), "MyDemoRepo ***");
    }

    #[test]
    fn a_password_in_the_text_is_remembered() {
        let machine = Machine::new(Os::Linux, [], "/".into());
        let text = "git clone https://ann:S3cret-Passw0rd@git-codecommit.us-east-1.amazonaws.com/v1/repos/x";
        let _ = Reading::of(&machine, "a test", text.as_bytes());
        assert_eq!(machine.secrets().scrub("it was S3cret-Passw0rd"), "it was ***");
    }
}
