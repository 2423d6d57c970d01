//! The helper chain is git's own: configurations of every shape, and the doctor's selection against what git really runs.

#![expect(clippy::disallowed_methods, reason = "a machine is set up, and git is asked what it does")]

use anyhow::{Context, Result, ensure};
use codecommit_doctor::facts::chosen::Chosen;
use codecommit_doctor::facts::helpers::HelperChain;
use codecommit_doctor::facts::{Facts, Request};
use codecommit_doctor::machine::{Machine, Os};
use codecommit_doctor::redact::Secret;
use codecommit_lab::tools::{Git, two_gits};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// How many configurations each git is compared on.
const CASES: u32 = 2000;

const HOST: &str = "git-codecommit.us-east-1.amazonaws.com";

/// Where a part of the configuration stands, in the order in which git reads it.
const PLACES: [&str; 4] = ["system", "global", "local", "environment"];

/// One entry: `credential.<section>.<name> = <value>`.
#[derive(Clone, Debug)]
struct Entry {
    section: Option<String>,
    name: &'static str,
    value: Option<&'static str>,
}

/// A whole set-up.
#[derive(Clone, Debug)]
struct Case {
    url: String,
    places: [Vec<Entry>; 4],
}

fn url() -> impl Strategy<Value = String> {
    let user = select(vec!["", "", "", "ann@", "ann-at-111122223333@", "ann%40corp@", "ann+1-at-111122223333@", "@"]);
    let host = select(vec![
        HOST,
        HOST,
        HOST,
        "git-codecommit-fips.us-east-1.amazonaws.com",
        "git-codecommit.cn-north-1.amazonaws.com.cn",
        "vpce-1.git-codecommit.us-east-1.vpce.amazonaws.com",
        "git-codecommit.us-east-1.amazonaws.com:8443",
        "git-codecommit.us-east-1.amazonaws.com:443",
        "GIT-codecommit.us-east-1.amazonaws.com",
    ]);
    let path = select(vec![
        "/v1/repos/x",
        "/v1/repos/x",
        "/v1/repos/x",
        "/v1/repos/x/",
        "/v1/repos/My%20Repo",
        "/v1/repos/x.git",
    ]);
    (user, host, path).prop_map(|(user, host, path)| format!("https://{user}{host}{path}"))
}

/// The `<url>` of a section: likely ones, near misses, and nonsense.
fn section() -> impl Strategy<Value = Option<String>> {
    let whole = (
        select(vec!["https://", "https://", "https://", "HTTPS://", "http://", "ssh://", "", "://"]),
        select(vec!["", "", "", "ann@", "ann-at-111122223333@", "bob@", "ann:x@", "ann%40corp@", "@"]),
        select(vec![
            HOST,
            HOST,
            "git-codecommit.*.amazonaws.com",
            "git-codecommit.*.amazonaws.com",
            "*.us-east-1.amazonaws.com",
            "*",
            "git-codecommit*.us-east-1.amazonaws.com",
            "git-codecommit.*.amazonaws.com.",
            "*.*.*.*",
            "GIT-CODECOMMIT.us-east-1.amazonaws.com",
            "git-codecommit.eu-west-1.amazonaws.com",
            "git-codecommit-fips.*.amazonaws.com",
            "git-codecommit.*.amazonaws.com.cn",
            "github.com",
            "",
        ]),
        select(vec!["", "", "", "", ":443", ":0443", ":8443", ":0", ":x", ":"]),
        select(vec![
            "",
            "",
            "",
            "/",
            "/v1",
            "/v1/",
            "/v1/repos/x",
            "/v1/repos/x/",
            "/v1/repos/y",
            "/v1/repos/My%20Repo",
            "/v",
            "/v1/../v1/repos",
            "/v1/./repos/x",
            "/..",
            "/%76%31",
            "/v1%2frepos",
            "/v1/repos/x?y",
            "#z",
            "/%zz",
        ]),
    )
        .prop_map(|(scheme, user, host, port, path)| Some(format!("{scheme}{user}{host}{port}{path}")));
    prop_oneof![2 => Just(None), 6 => whole]
}

fn entry() -> impl Strategy<Value = Entry> {
    let helpers = [
        "",
        "",
        "log one",
        "log two",
        "!log three",
        "!f() { log four; }; f",
        "{{BIN}}/log five",
        "log 'a b'",
        "cache",
        "!log \"six\" # more",
        "nosuch",
        "!log $@",
    ];
    let helper = select(helpers.map(Some).to_vec()).prop_map(|value| ("helper", value));
    let path = select(
        [
            Some("true"),
            Some("true"),
            Some("false"),
            Some("yes"),
            Some("0"),
            Some("1"),
            Some(""),
            Some("off"),
            Some("1k"),
        ]
        .to_vec(),
    )
    .prop_map(|value| ("useHttpPath", value));
    let user = select([Some("ann"), Some("carol"), Some("")].to_vec()).prop_map(|value| ("username", value));
    let odd =
        select([("helper", None), ("useHttpPath", None), ("useHttpPath", Some("maybe")), ("username", None)].to_vec());
    let pair = prop_oneof![60 => helper, 12 => path, 8 => user, 1 => odd];
    (section(), pair).prop_map(|(section, (name, value))| Entry { section, name, value })
}

fn case() -> impl Strategy<Value = Case> {
    let place = || prop::collection::vec(entry(), 0..4);
    (url(), [place(), place(), place(), place()]).prop_map(|(url, places)| Case { url, places })
}

/// A value in a configuration file, quoted.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn file(entries: &[Entry], bin: &Path) -> String {
    entries.iter().fold(String::new(), |mut text, entry| {
        let section = entry.section.as_ref().map(|section| format!(" {}", quoted(section))).unwrap_or_default();
        let value = entry.value.map(|value| format!(" = {}", quoted(&filled(value, bin)))).unwrap_or_default();
        let _ = writeln!(text, "[credential{section}]\n\t{}{value}", entry.name);
        text
    })
}

fn filled(value: &str, bin: &Path) -> String {
    value.replace("{{BIN}}", &bin.display().to_string())
}

/// A machine on which each case is set up anew.
struct Bench {
    folder: tempfile::TempDir,
    git: Git,
    runtime: tokio::runtime::Runtime,
}

impl Bench {
    fn new(git: Git) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let at = |name: &str| folder.path().join(name);
        for name in ["bin", "home", "work/.git/objects", "work/.git/refs"] {
            std::fs::create_dir_all(at(name))?;
        }
        std::fs::write(at("work/.git/HEAD"), "ref: refs/heads/main\n")?;
        // Tells what it was told, and knows nothing.
        for name in ["log", "git-credential-log"] {
            std::fs::write(at("bin").join(name), "#!/bin/sh\necho \"< $*\" >&2\nsed 's/^/< /' >&2\n")?;
            std::fs::set_permissions(at("bin").join(name), std::fs::Permissions::from_mode(0o755))?;
        }
        std::os::unix::fs::symlink(&git.program, at("bin/git"))?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Self { folder, git, runtime })
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes the files of a case; its environment.
    fn set_up(&self, case: &Case) -> Result<BTreeMap<String, String>> {
        let [system, global, local, environment] = &case.places;
        let bin = self.at("bin");
        for (name, entries) in [("system", system), ("home/.gitconfig", global), ("work/.git/config", local)] {
            std::fs::write(self.at(name), file(entries, &bin))?;
        }
        let text = |name: &str| self.at(name).display().to_string();
        let mut env: BTreeMap<String, String> = [
            ("HOME", text("home")),
            ("PATH", format!("{}:/usr/bin:/bin", text("bin"))),
            ("GIT_CONFIG_SYSTEM", text("system")),
            ("GIT_TERMINAL_PROMPT", "0".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        if let Some(parts) = &self.git.parts {
            env.insert("GIT_EXEC_PATH".into(), parts.display().to_string());
        }
        // Variables cannot hold a name without a value.
        let settings: Vec<_> = environment.iter().filter_map(|entry| Some((entry, entry.value?))).collect();
        for (at, (entry, value)) in settings.iter().enumerate() {
            let section = entry.section.as_ref().map(|section| format!(".{section}")).unwrap_or_default();
            env.insert(format!("GIT_CONFIG_KEY_{at}"), format!("credential{section}.{}", entry.name));
            env.insert(format!("GIT_CONFIG_VALUE_{at}"), filled(value, &bin));
        }
        env.insert("GIT_CONFIG_COUNT".into(), settings.len().to_string());
        Ok(env)
    }

    fn compare(&self, case: &Case) -> Result<()> {
        let env = self.set_up(case)?;
        let theirs = self.ask_git(case, &env)?;
        let ours = self.ask_doctor(case, &env)?;
        ensure!(ours == theirs, "the doctor: {ours:#?}\n{}: {theirs:#?}", self.git.version);
        Ok(())
    }

    /// What git runs, by its own trace, and what it tells the helpers that listen.
    fn ask_git(&self, case: &Case, env: &BTreeMap<String, String>) -> Result<Asked> {
        let mut command = Command::new(&self.git.program);
        command.args(["credential", "fill"]).env_clear().envs(env).env("GIT_TRACE", "1");
        command.current_dir(self.at("work")).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let mut input = child.stdin.take().context("no input")?;
        std::io::Write::write_all(&mut input, format!("url={}\n\n", case.url).as_bytes())?;
        drop(input);
        let said = String::from_utf8_lossy(&child.wait_with_output()?.stderr).into_owned();
        let mut asked = Asked::default();
        for line in said.lines() {
            if let Some((_, run)) = line.split_once("trace: run_command: ") {
                // The programs that git starts trace as well; only the first level is a shell's text with `get` behind.
                let text = unquoted(run);
                if let Some(helper) = text.strip_suffix(" get").filter(|helper| !helper.starts_with("git-credential-"))
                {
                    asked.helpers.push(helper.to_owned());
                }
            }
            if let Some(told) = line.strip_prefix("< ") {
                match told.split_once('=') {
                    Some(("path", path)) => asked.path = Some(path.to_owned()),
                    Some(("username", user)) => asked.user = Some(user.to_owned()).filter(|user| !user.is_empty()),
                    _ => {}
                }
            }
        }
        Ok(asked)
    }

    fn ask_doctor(&self, case: &Case, env: &BTreeMap<String, String>) -> Result<Asked> {
        let env = env.iter().map(|(name, value)| (name.into(), value.into()));
        let machine = Machine::new(Os::Linux, env, self.at("work"));
        let target = Chosen { url: Some(Secret::new(&case.url)), from: "command line".into(), ..Chosen::default() };
        let facts = Facts::new(machine, Request { target, ..Request::default() });
        let chain = self.runtime.block_on(async { facts.helpers().await.cloned() });
        let chain = chain.map_err(|gap| anyhow::anyhow!("{gap:?}"))?;
        Ok(Asked::of(&chain, &case.url))
    }
}

/// Which helpers are asked, and what those that listen are told.
#[derive(Debug, Default, PartialEq)]
struct Asked {
    helpers: Vec<String>,
    path: Option<String>,
    /// An empty name is as good as none.
    user: Option<String>,
}

impl Asked {
    /// What the doctor takes git to do.
    fn of(chain: &HelperChain, url: &str) -> Self {
        if chain.refused.is_some() {
            return Self::default();
        }
        let helpers = chain.helpers.iter().map(|helper| {
            let text = helper.entry.exact();
            match text.strip_prefix('!') {
                Some(shell) => shell.to_owned(),
                None if text.starts_with('/') => text.to_owned(),
                None => format!("git credential-{text}"),
            }
        });
        let helpers: Vec<String> = helpers.collect();
        let in_url = codecommit_doctor::urlmatch::Wanted::read(url);
        let configured = chain.username.as_ref().map(|entry| entry.exact().to_owned());
        let path = url.split("amazonaws.com").nth(1).and_then(|rest| rest.split_once("/v1/"));
        let path = path.map(|(_, path)| format!("v1/{}", path.trim_end_matches('/').replace("%20", " ")));
        let listens = helpers.iter().any(|helper| helper.contains("log"));
        Self {
            path: path.filter(|_| listens && chain.uses_http_path()),
            user: in_url.user().map(str::to_owned).or(configured).filter(|user| listens && !user.is_empty()),
            helpers,
        }
    }
}

/// A word of git's trace without the shell's quotes.
fn unquoted(text: &str) -> String {
    match text.strip_prefix('\'').and_then(|text| text.strip_suffix('\'')) {
        Some(inner) => inner.replace(r"'\''", "'").replace(r"'\!'", "!"),
        None => text.to_owned(),
    }
}

fn differ(git: Git) -> Result<()> {
    let bench = Bench::new(git)?;
    // The same cases in every run.
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let outcome =
        runner.run(&case(), |case| bench.compare(&case).map_err(|error| TestCaseError::fail(format!("{error:#}"))));
    match outcome {
        Ok(()) => Ok(()),
        Err(TestError::Fail(why, case)) => anyhow::bail!("{why}\nfor {case:#?}, in the order of {PLACES:?}"),
        Err(error) => Err(error.into()),
    }
}

#[test]
fn the_chain_is_that_of_the_installed_git() -> Result<()> {
    let [git, _] = two_gits()?;
    differ(git)
}

#[test]
fn the_chain_is_that_of_another_git() -> Result<()> {
    let [_, git] = two_gits()?;
    differ(git)
}
