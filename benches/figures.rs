//! The figures of the speed targets, as ratios in one run: `cargo bench`.
//!
//! Every figure is of whole processes, in turn with what it is compared with, and the median of the ratios is what counts.

use anyhow::{Context, Result, ensure};
use codecommit_lab::Lab;
use codecommit_lab::scene::Scene;
use codecommit_lab::world::World;
use std::io::Write;
use std::time::{Duration, Instant};

const DOCTOR: &str = env!("CARGO_BIN_EXE_codecommit-doctor");
const URL: &str = "https://git-codecommit.us-east-2.amazonaws.com/v1/repos/MyDemoRepo";

/// A region 50 ms away, with a user who may do everything.
const FAR: &str = r#"
round_trip = 50

[[users]]
name = "ann"
access_keys = [{ id = "AKIAIOSFODNN7EXAMPLE", secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" }]
git_credentials = [{ name = "ann-at-111122223333", password = "Git+Pass/word=" }]
policies = [{ name = "All", document = '{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}' }]

[[repositories]]
name = "MyDemoRepo"
"#;

fn main() -> Result<()> {
    let lab = Lab::start(World::read(FAR)?)?;
    let scene = typical(&lab)?;
    let doctor = |args: &[&str]| measure(&scene, DOCTOR, args);

    let offline = ratios(15, || doctor(&["--offline"]), || measure(&scene, "git", &["config", "--list"]))?;
    tell("check --offline, whole process / one `git config --list`", &offline, "at most 3")?;

    let full = ratios(9, || doctor(&[URL]), || measure(&scene, "git", &["ls-remote", URL]))?;
    tell("full check at 50 ms round trip / `git ls-remote`", &full, "at most 1.25")?;

    let script = manual(&scene)?;
    let manual = ratios(3, || measure(&scene, "sh", &["-c", &script]), || doctor(&[URL]))?;
    tell("AWS's manual steps in a row / full check", &manual, "at least 8")?;

    let large = large(&lab)?;
    let read = || measure(&large, DOCTOR, &["--offline", "--only", "git-config", URL]);
    let many = ratios(5, read, || measure(&large, "git", &["config", "--list"]))?;
    tell("10,000 entries in 1,000 includes, read / `git config --list`", &many, "at most 2")?;

    let memory = scene.peak_memory(DOCTOR, &[URL])?;
    line(&format!("peak memory of a full check: {:.1} MiB (at most 40)", mebi(memory)))?;
    let size = std::path::Path::new(DOCTOR).metadata()?.len();
    line(&format!("size of the program: {:.1} MiB (at most 16)", mebi(size)))
}

/// A home as people have it: a name, aliases, a store with a Git credential, AWS profiles.
fn typical(lab: &Lab) -> Result<Scene> {
    let scene = Scene::new(lab)?;
    scene.tool("aws")?;
    scene.file(
        ".gitconfig",
        "[user]\n\tname = Ann\n\temail = ann@example.com\n[alias]\n\tst = status\n\tco = checkout\n[core]\n\teditor = vim\n[pull]\n\trebase = true\n[credential]\n\thelper = store\n",
    )?;
    scene.file(
        ".git-credentials",
        "https://ann-at-111122223333:Git%2BPass%2Fword%3D@git-codecommit.us-east-2.amazonaws.com\n",
    )?;
    scene.file(
        ".aws/credentials",
        "[default]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n",
    )?;
    scene.file(".aws/config", "[default]\nregion = us-east-2\n[profile dev]\nregion = eu-west-1\n")?;
    Ok(scene)
}

/// What AWS's setup and troubleshooting pages have a person type, one after the other.
fn manual(scene: &Scene) -> Result<String> {
    let steps = [
        "git --version",
        "git config --list --show-origin",
        "aws sts get-caller-identity",
        "aws iam list-service-specific-credentials --service-name codecommit.amazonaws.com",
        "aws kms list-aliases",
        "aws iam simulate-principal-policy --policy-source-arn arn:aws:iam::111122223333:user/ann --action-names kms:Encrypt kms:Decrypt",
        "aws codecommit get-repository --repository-name MyDemoRepo",
    ];
    let script = format!("set -e; {}; git ls-remote {URL}", steps.join("; "));
    ensure!(scene.run("sh", &["-c", &script])?.status.success(), "a manual step fails");
    Ok(script)
}

/// A configuration of 10,000 entries in 1,000 files: 125 chains of includes, each eight files deep.
fn large(lab: &Lab) -> Result<Scene> {
    let scene = Scene::new(lab)?;
    let mut top = String::new();
    for wide in 0..125 {
        top = format!("{top}[include]\n\tpath = c/{wide}-0\n");
        for deep in 0..8 {
            let next = if deep < 7 { format!("[include]\n\tpath = {wide}-{}\n", deep + 1) } else { String::new() };
            let entries = (0..9).fold(String::new(), |text, entry| format!("{text}\tkey{entry} = value\n"));
            scene.file(&format!("c/{wide}-{deep}"), &format!("[section \"{wide}-{deep}\"]\n{entries}{next}"))?;
        }
    }
    scene.file(".gitconfig", &top)?;
    Ok(scene)
}

fn measure(scene: &Scene, program: &str, args: &[&str]) -> Result<Duration> {
    let started = Instant::now();
    let output = scene.run_directly(program, args)?;
    let took = started.elapsed();
    let ended = output.status.code().with_context(|| format!("{program} {args:?} was killed"))?;
    ensure!(ended <= 1, "{program} {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(took)
}

/// The ratios of one command's time to another's, run in turn, after one run of each that does not count.
fn ratios(
    runs: usize,
    one: impl Fn() -> Result<Duration>,
    other: impl Fn() -> Result<Duration>,
) -> Result<Vec<(f64, Duration)>> {
    one()?;
    other()?;
    let mut found = Vec::new();
    for _ in 0..runs {
        let (one, other) = (one()?, other()?);
        found.push((one.as_secs_f64() / other.as_secs_f64(), one));
    }
    found.sort_by(|a, b| a.0.total_cmp(&b.0));
    Ok(found)
}

fn tell(what: &str, ratios: &[(f64, Duration)], target: &str) -> Result<()> {
    let (median, took) = ratios[ratios.len() / 2];
    let (least, most) = (ratios[0].0, ratios[ratios.len() - 1].0);
    line(&format!("{what}: {median:.2} ({least:.2} to {most:.2}; {target}), {} ms", took.as_millis()))
}

fn line(text: &str) -> Result<()> {
    Ok(writeln!(std::io::stdout(), "{text}")?)
}

fn mebi(bytes: u64) -> f64 {
    f64::from(u32::try_from(bytes / 1024).unwrap_or(u32::MAX)) / 1024.0
}
