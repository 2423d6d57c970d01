//! Plays one scenario: sets the machine up, clones, asks the doctor, follows its advice.

use anyhow::{Context, Result, ensure};
use codecommit_doctor::diagnosis::Overall;
use codecommit_doctor::finding::Severity;
use codecommit_doctor::report::document::Document;
use codecommit_lab::Lab;
use codecommit_lab::scene::Scene;
use codecommit_lab::world::World;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Output;

/// The program under test.
const DOCTOR: &str = env!("CARGO_BIN_EXE_codecommit-doctor");

/// A scenario as its folder describes it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scenario {
    #[serde(skip)]
    pub(crate) name: String,
    #[serde(skip)]
    folder: PathBuf,
    /// What is broken, or right.
    #[expect(dead_code, reason = "for whoever reads the folder")]
    title: String,
    /// The cases of the knowledge base.
    #[serde(default)]
    cases: Vec<String>,
    /// What is cloned and diagnosed.
    url: String,
    /// The AWS CLI, git-remote-codecommit.
    #[serde(default)]
    tools: Vec<String>,
    /// Where in the home folder the lab's SSH keys lie: `".ssh/id_rsa" = "ann"`.
    #[serde(default)]
    keys: BTreeMap<String, String>,
    /// After how many seconds a person gives up a clone that says nothing.
    gives_up_after: Option<u32>,
    /// Programs that this machine lacks.
    #[serde(default)]
    without: Vec<String>,
    /// The doctor stands in a working tree with this remote instead of being told the URL.
    #[serde(default)]
    worktree: bool,
    /// What else is typed in that working tree before anything else happens.
    #[serde(default)]
    before: Vec<String>,
    /// More arguments for the doctor.
    #[serde(default)]
    args: Vec<String>,
    /// Environment variables.
    #[serde(default)]
    env: BTreeMap<String, String>,
    expect: Expect,
    lab: World,
}

/// What must be said.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expect {
    /// `check/finding`; none for a healthy set-up.
    root_cause: Option<String>,
    /// The outcome of a healthy set-up.
    outcome: Option<Overall>,
    /// What else must be found.
    #[serde(default)]
    findings: Vec<String>,
    /// Whether the printed commands mend it.
    #[serde(default, rename = "loop")]
    closed_loop: bool,
}

impl Scenario {
    /// Every scenario below a folder.
    pub(crate) fn all(folder: &Path) -> Result<Vec<Self>> {
        let mut all = Vec::new();
        for entry in folder.read_dir()? {
            let folder = entry?.path();
            if folder.is_dir() {
                all.push(Self::read(&folder).with_context(|| folder.display().to_string())?);
            }
        }
        all.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(all)
    }

    fn read(folder: &Path) -> Result<Self> {
        let mut scenario: Self = toml::from_str(&codecommit_lab::tools::read(&folder.join("scenario.toml"))?)?;
        scenario.name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        folder.clone_into(&mut scenario.folder);
        Ok(scenario)
    }

    pub(crate) fn is_broken(&self) -> bool {
        self.expect.root_cause.is_some()
    }

    pub(crate) fn play(self) -> Result<()> {
        let lab = Lab::start(self.lab.clone())?;
        let scene = self.set_up(&lab)?;

        let before = without_kept_sessions(scene.snapshot()?, &scene.home());
        let document = self.diagnose(&scene)?;
        let after = without_kept_sessions(scene.snapshot()?, &scene.home());
        ensure!(after == before, "the doctor changed a file:\n{:#?}", difference(&before, &after));
        let clone = self.clone(&scene)?;
        ensure!(clone.status.success() != self.is_broken(), "git clone: {}\n{}", text(&clone), lab.heard().join("\n"));
        match &self.expect.root_cause {
            Some(cause) => {
                self.is_named(&document, cause)?;
                self.is_named(&self.why(&scene, &clone)?, cause).context("why")?;
            }
            None => is_healthy(&document, self.expect.outcome)?,
        }
        for id in &self.expect.findings {
            ensure!(ids(&document).contains(id), "{id} is not found: {:?}", ids(&document));
        }
        if self.expect.closed_loop { self.mend(&scene, &document) } else { Ok(()) }
    }

    fn set_up(&self, lab: &Lab) -> Result<Scene> {
        let mut scene = Scene::new(lab)?;
        scene.furnish(&self.folder)?;
        for tool in &self.tools {
            scene.tool(tool)?;
        }
        for (name, key) in &self.keys {
            scene.ssh_key(name, key)?;
        }
        for name in &self.without {
            scene.without(name)?;
        }
        if self.worktree {
            scene.git(&["init", "--quiet"])?;
            scene.git(&["remote", "add", "origin", &self.url])?;
        }
        for line in &self.before {
            let output = scene.shell(line)?;
            ensure!(output.status.success(), "{line}: {}", text(&output));
        }
        for (name, value) in &self.env {
            scene.env(name, value);
        }
        Ok(scene)
    }

    fn clone(&self, scene: &Scene) -> Result<Output> {
        scene.clone_within(&self.url, self.gives_up_after)
    }

    fn doctor(&self, scene: &Scene, more: &[&str]) -> Result<Output> {
        let mut args: Vec<&str> = if self.worktree { vec!["check"] } else { vec!["check", &self.url] };
        args.extend(self.args.iter().map(String::as_str).chain(more.iter().copied()));
        let output = scene.run(DOCTOR, &args)?;
        for secret in self.secrets() {
            ensure!(!text(&output).contains(&secret), "{secret} is told by {more:?}:\n{}", text(&output));
        }
        Ok(output)
    }

    /// The report that the doctor makes of what git said.
    fn why(&self, scene: &Scene, clone: &Output) -> Result<Document> {
        let args: Vec<&str> =
            ["why", "--format", "json"].into_iter().chain(self.args.iter().map(String::as_str)).collect();
        // As a terminal would show it, with the command in front.
        let said = [format!("$ git clone {}\n", self.url).as_bytes(), &clone.stderr].concat();
        let output = scene.feed(DOCTOR, &args, &said)?;
        for secret in self.secrets() {
            ensure!(!text(&output).contains(&secret), "{secret} is told by why:\n{}", text(&output));
        }
        serde_json::from_slice(&output.stdout).with_context(|| text(&output))
    }

    /// The report, and that both formats keep their promises.
    fn diagnose(&self, scene: &Scene) -> Result<Document> {
        let output = self.doctor(scene, &["--format", "json"])?;
        let document: Document = serde_json::from_slice(&output.stdout).with_context(|| text(&output))?;
        let expected = i32::from(self.is_broken());
        ensure!(
            output.status.code() == Some(expected),
            "exit status {:?}, not {expected}:\n{}",
            output.status,
            text(&output)
        );
        ensure!(document.took_ms <= 20_500, "it took {} ms", document.took_ms);
        ensure!(output.stderr.is_empty(), "on standard error: {}", text(&output));
        for finding in document.checks.iter().flat_map(|check| &check.findings) {
            let message = &finding.message;
            ensure!(!message.contains(" is ***"), "the doctor takes its own words for a secret: {message}");
        }

        let verbose = self.doctor(scene, &["--verbose"])?;
        ensure!(verbose.status.code() == Some(expected), "the exit status depends on the format: {}", text(&verbose));
        if let Some(finding) = document.root_finding() {
            let page = text(&verbose).split_whitespace().collect::<Vec<_>>().join(" ");
            ensure!(
                page.starts_with(&format!("✗ {}", finding.message)),
                "the cause does not come first:\n{}",
                text(&verbose)
            );
        }
        Ok(document)
    }

    /// Every secret of the set-up, in the spellings in which it could leak.
    fn secrets(&self) -> Vec<String> {
        let users = self.lab.users.iter();
        let keys = users.clone().flat_map(|user| &user.access_keys).map(|key| key.secret.clone());
        let passwords = users.flat_map(|user| &user.git_credentials).map(|credential| credential.password.clone());
        let sessions = self.lab.roles.iter().flat_map(|role| [role.session.secret.clone(), role.session.token.clone()]);
        let planted = [
            "0123456789abcdef0123456789abcdef",
            "console-Pass-1",
            "an-sso-access-token",
            "b2YtYW5vdGhlci1ob3N0",
            "anotherSecret",
        ];
        let raw = keys.chain(passwords).chain(sessions).chain(planted.map(str::to_owned));
        raw.flat_map(|secret| {
            let encoded =
                percent_encoding::utf8_percent_encode(&secret, percent_encoding::NON_ALPHANUMERIC).to_string();
            [secret, encoded]
        })
        .collect()
    }

    fn is_named(&self, document: &Document, cause: &str) -> Result<()> {
        let root = document.root_cause.as_ref().map(|root| format!("{}/{}", root.check, root.finding));
        ensure!(root.as_deref() == Some(cause), "the cause is {root:?}, not {cause}:\n{}", pretty(document)?);
        ensure!(document.outcome == Overall::Broken, "the outcome is {:?}", document.outcome);
        let finding = document.root_finding().context("the cause is no finding")?;
        ensure!(!finding.evidence.is_empty(), "{cause} has no evidence");
        ensure!(!finding.fixes.is_empty(), "{cause} has no fix");
        for case in &self.cases {
            let known =
                document.checks.iter().flat_map(|check| &check.findings).any(|finding| finding.cases.contains(case));
            ensure!(known, "no finding here is known as {case}");
        }
        Ok(())
    }

    /// Follows the advice to the letter; then the clone succeeds and no error is left.
    fn mend(&self, scene: &Scene, document: &Document) -> Result<()> {
        let finding = document.root_finding().context("the cause is no finding")?;
        let fix = finding.fixes.iter().find(|fix| !fix.commands.is_empty()).context("no fix has commands")?;
        for command in &fix.commands {
            let output = scene.shell(command)?;
            ensure!(output.status.success(), "`{command}` fails: {}", text(&output));
        }
        // A wrong URL is mended by using the right one, which the command proves by itself.
        if fix.commands.iter().any(|command| command.starts_with("git clone")) {
            return Ok(());
        }
        let clone = self.clone(scene)?;
        ensure!(clone.status.success(), "{:?} does not help: {}", fix.commands, text(&clone));
        let output = self.doctor(scene, &["--format", "json"])?;
        let after: Document = serde_json::from_slice(&output.stdout)?;
        is_healthy(&after, None)
    }
}

fn is_healthy(document: &Document, outcome: Option<Overall>) -> Result<()> {
    let errors =
        document.checks.iter().flat_map(|check| &check.findings).filter(|finding| finding.severity == Severity::Error);
    ensure!(errors.count() == 0, "an error on a healthy set-up:\n{}", pretty(document)?);
    ensure!(document.root_cause.is_none(), "a cause, and nothing is broken");
    let fits = outcome.is_none_or(|outcome| document.outcome == outcome);
    ensure!(fits, "the outcome is {:?}:\n{}", document.outcome, pretty(document)?);
    Ok(())
}

fn ids(document: &Document) -> Vec<String> {
    let of = |check: &codecommit_doctor::report::document::CheckView| {
        check.findings.iter().map(|finding| format!("{}/{}", check.id, finding.id)).collect::<Vec<_>>()
    };
    document.checks.iter().flat_map(of).collect()
}

fn pretty(document: &Document) -> Result<String> {
    Ok(serde_json::to_string_pretty(document)?)
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

type Snapshot = BTreeMap<PathBuf, Vec<u8>>;

/// Sessions that the AWS tools keep for themselves whenever they are asked for credentials.
const KEPT_BY_AWS_TOOLS: [&str; 2] = [".aws/cli/cache", ".aws/boto/cache"];

/// What the doctor may not change.
fn without_kept_sessions(mut snapshot: Snapshot, home: &Path) -> Snapshot {
    snapshot.retain(|file, _| !KEPT_BY_AWS_TOOLS.iter().any(|folder| file.starts_with(home.join(folder))));
    snapshot
}

fn difference(before: &Snapshot, after: &Snapshot) -> Vec<PathBuf> {
    let names = before.keys().chain(after.keys());
    names.filter(|name| before.get(*name) != after.get(*name)).cloned().collect()
}
