//! How the text of the AWS configuration files is read: as Python's configparser does, which the AWS CLI uses.

use super::{Profiles, Section, Setting};
use crate::finding::Evidence;
use crate::machine::{Machine, Os};
use crate::redact::{MASK, Secret};
use std::collections::HashSet;

/// What configparser cannot read in a file's bytes.
pub(super) fn unlike_utf8(os: Os, file: &str, bytes: &[u8]) -> Option<Evidence> {
    // Some editors on Windows write it, and configparser takes it for a part of the first line.
    if bytes.starts_with("\u{feff}".as_bytes()) {
        return Some(Evidence::at(file, Some(1), "a byte-order mark stands before the first character"));
    }
    // Windows reads in the code page of the machine.
    let wrong = std::str::from_utf8(bytes).err().filter(|_| os != Os::Windows)?.valid_up_to();
    let line = bytes[..wrong].split(|byte| *byte == b'\n').count();
    Some(Evidence::at(file, u32::try_from(line).ok(), "this line is not UTF-8"))
}

impl Profiles {
    /// Reads what a file holds; what has neither section nor setting in it becomes a problem.
    pub(super) fn add(&mut self, machine: &Machine, file: &str, text: &str, is_config: bool) {
        let mut current: Option<(Sort, String)> = None;
        let mut started = false;
        // How far the setting above is indented.
        let mut above: Option<usize> = None;
        // What stands twice stops the AWS CLI: configparser is strict.
        let (mut headers, mut keys) = (HashSet::new(), HashSet::new());
        for (number, line) in (1..).zip(text.lines()) {
            let trimmed = line.trim();
            if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
                continue;
            }
            // A line that is indented further continues the value above, or holds nested settings such as those of `s3 =`.
            let indent = line.len() - line.trim_start().len();
            if above.is_some_and(|above| indent > above) {
                continue;
            }
            above = Some(indent);
            if let Some(header) = trimmed.strip_prefix('[') {
                // As greedy as configparser: the header ends at the last bracket, whatever follows.
                let Some(name) = header.rfind(']').map(|end| &header[..end]).filter(|name| !name.is_empty()) else {
                    self.problems.push(Evidence::at(file, Some(number), MASK));
                    continue;
                };
                started = true;
                above = None;
                keys.clear();
                if !headers.insert(name.to_owned()) {
                    self.problems.push(Evidence::at(
                        file,
                        Some(number),
                        format!("the section [{name}] stands here again"),
                    ));
                }
                current = self.section_of(file, number, name, is_config);
                continue;
            }
            // Python's configparser, which the AWS CLI uses, takes a colon as well.
            let setting = trimmed.split_once(['=', ':']).filter(|_| started);
            let Some((key, value)) = setting else {
                // The line itself may be a secret that lost its key.
                self.problems.push(Evidence::at(
                    file,
                    Some(number),
                    "this line is neither a [section] nor a `key = value`",
                ));
                continue;
            };
            let key = key.trim().to_ascii_lowercase();
            if !keys.insert(key.clone()) {
                self.problems.push(Evidence::at(file, Some(number), "this key stands in the section before"));
            }
            if let Some((sort, name)) = &current {
                let setting = read_setting(machine, file, number, &key, value);
                let sections = match sort {
                    Sort::Profile => &mut self.profiles,
                    Sort::SsoSession => &mut self.sso_sessions,
                    Sort::Plugins => {
                        self.plugins.push(setting);
                        continue;
                    }
                };
                if let Some(section) = sections.iter_mut().find(|section| section.name == *name) {
                    section.settings.push(setting);
                }
            }
        }
    }

    /// Opens the section of a header; `None` for a section that nothing here looks at.
    fn section_of(&mut self, file: &str, line: u32, header: &str, is_config: bool) -> Option<(Sort, String)> {
        // botocore splits a header as a shell would, and knows two words: what it is, and its name.
        let named =
            is_config && ["profile", "sso-session", "default", "plugins"].iter().any(|word| header.starts_with(word));
        // A number sign is no comment there.
        let words = if named { shlex::split(&header.replace('#', "\u{1}")).unwrap_or_default() } else { Vec::new() };
        let words: Vec<String> = words.into_iter().map(|word| word.replace('\u{1}', "#")).collect();
        let (sort, name) = match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            _ if !is_config => (Sort::Profile, header.to_owned()),
            ["profile", name] => (Sort::Profile, (*name).to_owned()),
            ["sso-session", name] => (Sort::SsoSession, (*name).to_owned()),
            ["default"] if header == "default" => (Sort::Profile, header.to_owned()),
            ["plugins"] => return Some((Sort::Plugins, String::new())),
            _ => {
                if header != "preview" && !header.contains(char::is_whitespace) {
                    self.without_prefix.push(Evidence::at(file, Some(line), format!("[{header}]")));
                }
                return None;
            }
        };
        let sections = if sort == Sort::SsoSession { &mut self.sso_sessions } else { &mut self.profiles };
        // A later section of the config file takes the place of an earlier one of the same name.
        match sections.iter_mut().find(|section| section.name == name) {
            Some(earlier) if is_config => earlier.settings.retain(|setting| setting.file != file),
            Some(_) => {}
            None => sections.push(Section { name: name.clone(), settings: Vec::new() }),
        }
        Some((sort, name))
    }
}

/// The sorts of section that are read.
#[derive(Clone, Copy, PartialEq)]
enum Sort {
    Profile,
    SsoSession,
    Plugins,
}

fn read_setting(machine: &Machine, file: &str, line: u32, key: &str, value: &str) -> Setting {
    let key = key.to_owned();
    let written = value.trim();
    let value = written;
    let secret = ["secret", "token", "password"].iter().any(|word| key.contains(word))
        && !key.ends_with("_file")
        && !key.ends_with("_expires");
    if secret {
        machine.secrets().learn(value);
    }
    // An access key id that does not look like one may be the secret, put in the wrong place.
    let swapped = key == "aws_access_key_id" && !(value.starts_with("AKIA") || value.starts_with("ASIA"));
    if swapped {
        machine.secrets().learn(value);
    }
    let value = match key.as_str() {
        _ if secret || swapped => MASK.to_owned(),
        // Of a command only the first word is told: the others may be passwords.
        "credential_process" => first_word(value),
        _ => crate::redact::redact(value),
    };
    let raw = (value != written).then(|| Secret::new(written));
    Setting { key, value, file: file.to_owned(), line, raw }
}

/// The program that a command runs.
fn first_word(command: &str) -> String {
    let word = shlex::split(command).and_then(|words| words.into_iter().next()).unwrap_or_default();
    let more = command.trim_matches(['"', '\'']).len() > word.len();
    let word = crate::redact::redact(&word);
    if more { format!("{word} ...") } else { word }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(config: &str, credentials: &str) -> Profiles {
        let machine = Machine::new(Os::Linux, [], "/".into());
        let mut profiles = Profiles::default();
        profiles.add(&machine, "~/.aws/credentials", credentials, false);
        profiles.add(&machine, "~/.aws/config", config, true);
        profiles
    }

    #[test]
    fn bytes_that_the_aws_cli_cannot_read_are_named() {
        let line = |os, bytes: &[u8]| unlike_utf8(os, "f", bytes).map(|seen| seen.line);
        assert_eq!(line(Os::Linux, b"[a]\n# caf\xe9\n"), Some(Some(2)));
        assert_eq!(line(Os::Windows, b"[a]\n# caf\xe9\n"), None, "a code page has it");
        assert_eq!(line(Os::Windows, "\u{feff}[a]".as_bytes()), Some(Some(1)));
        assert_eq!(line(Os::Linux, "[a]\n# caf\u{e9}\n".as_bytes()), None);
    }

    #[test]
    fn both_files_make_one_profile_and_secrets_are_masked() {
        let profiles = read(
            "[default]\nregion = us-east-1\n[profile dev]\nregion=eu-west-1\ns3 =\n  max_concurrent_requests = 20\n[sso-session corp]\nsso_start_url = https://x.awsapps.com/start\n",
            "[dev]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = wJalrXUtnFEMI\n",
        );
        let dev = profiles.get("dev").unwrap();
        assert_eq!(dev.value("region"), Some("eu-west-1"));
        assert_eq!(dev.value("aws_secret_access_key"), Some("***"));
        assert_eq!(dev.setting("aws_access_key_id").unwrap().line, 2);
        assert!(profiles.sso_session("corp").is_some());
        assert!(profiles.problems.is_empty());
    }

    #[test]
    fn a_whole_section_may_be_indented() {
        let profiles =
            read("[default]\n  region = us-east-1\n  s3 =\n    signature_version = s3v4\n  output = json\n", "");
        let default = profiles.get("default").unwrap();
        assert_eq!((default.value("region"), default.value("output")), (Some("us-east-1"), Some("json")));
        assert_eq!(default.value("signature_version"), None);
    }

    #[test]
    fn headers_are_read_as_botocore_reads_them() {
        let twice = read("[default]\nregion = a\noutput = json\n[profile default]\nregion = b\n", "");
        let default = twice.get("default").unwrap();
        assert_eq!((default.value("region"), default.value("output")), (Some("b"), None), "the later one counts");
        let names = |config: &str| read(config, "").profiles.into_iter().map(|one| one.name).collect::<Vec<_>>();
        assert_eq!(names("[profile \"my dev\"]\n[profile dev]\n"), ["my dev", "dev"]);
        assert_eq!(names("[profile my dev]\n[ default ]\n[ profile dev ]\n"), Vec::<String>::new());
        assert_eq!(names("[profile #dev]\nregion = a\n  [profile x]\n"), ["#dev"]);
    }

    #[test]
    fn of_a_command_only_the_program_is_told() {
        let profiles = read("[default]\ncredential_process = corp --pin=hunter2 x\n", "");
        let setting = profiles.get("default").unwrap().setting("credential_process").unwrap();
        assert_eq!((setting.value.as_str(), setting.exact()), ("corp ...", "corp --pin=hunter2 x"));
    }

    #[test]
    fn slips_are_found_where_they_stand() {
        let profiles = read("[dev]\nregion = x\n[profile a\n[profile b]\nnonsense\n", "");
        assert_eq!(profiles.without_prefix[0].line, Some(1));
        assert_eq!(profiles.problems.iter().map(|problem| problem.line).collect::<Vec<_>>(), [Some(3), Some(5)]);
    }

    #[test]
    fn what_the_aws_cli_accepts_and_refuses_is_accepted_and_refused() {
        let profiles = read("[default]\nregion: us-east-1\n", "");
        assert_eq!(profiles.get("default").unwrap().value("region"), Some("us-east-1"));
        let twice = read("[default]\nregion = a\nRegion = b\n[profile x]\n[profile x]\n", "");
        assert_eq!(twice.problems.iter().map(|problem| problem.line).collect::<Vec<_>>(), [Some(3), Some(5)]);
    }

    #[test]
    fn a_slip_of_the_keyboard_finds_its_profile() {
        let profiles = read("[profile production]\nregion = x\n", "");
        assert_eq!(profiles.nearest("prodution"), Some("production"));
        assert_eq!(profiles.nearest("qa"), None);
    }
}
