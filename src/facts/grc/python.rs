//! What git-remote-codecommit's own Python makes of the set-up. It is asked in the very interpreter that git would start,
//! because every environment has a botocore of its own.

use crate::machine::{Ended, Invocation, Machine};
use crate::redact::redact;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// What the interpreter said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Answer {
    /// Its view of the set-up.
    Botocore(Botocore),
    /// The launcher runs; its interpreter is not known.
    Runs,
    /// It cannot do its work: the exception, or what the program printed.
    Fails(String),
    /// It gave no answer in time.
    Slow,
}

/// What botocore says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Botocore {
    /// The version of Python.
    pub python: String,
    /// The version of botocore.
    pub botocore: String,
    /// The regions that its botocore knows for CodeCommit.
    pub regions: Vec<String>,
    /// The profiles that it sees.
    pub profiles: Vec<String>,
    /// The region that it takes for the profile, where the URL names none.
    pub region: Option<String>,
    /// Whether it understands `sso_session` in a profile.
    pub sso_session: bool,
    /// Whether it understands `login_session` in a profile.
    pub login: bool,
    /// Whether the package is there without which it cannot use a login.
    pub crt: bool,
}

/// Asks without credentials, without network, and without writing anything. The first entry of the path of modules would be
/// the person's folder; it becomes the script's, as it is when git runs the script.
const QUESTION: &str = r#"
import sys
sys.path[0] = sys.argv[1]
import inspect, json
profile = sys.argv[2] if len(sys.argv) > 2 else None
told = {"python": sys.version.split()[0]}
try:
    import git_remote_codecommit, botocore, botocore.session, botocore.credentials as known
    told["botocore"] = botocore.__version__
    told["sso_session"] = hasattr(known, "SSOProvider") and "sso_session" in inspect.getsource(known.SSOProvider)
    told["login"] = hasattr(known, "LoginProvider")
    try:
        import awscrt
        told["crt"] = True
    except ImportError:
        told["crt"] = False
    session = botocore.session.Session()
    try:
        told["profiles"] = list(session.available_profiles)
        if profile in told["profiles"]:
            session = botocore.session.Session(profile=profile)
        partitions = session.get_available_partitions()
        told["regions"] = [r for p in partitions for r in session.get_available_regions("codecommit", p)]
        told["region"] = session.get_config_variable("region")
    except Exception:
        pass
except BaseException as error:
    told["error"] = "%s: %s" % (type(error).__name__, error)
print(json.dumps(told))
"#;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Told {
    error: Option<String>,
    #[serde(flatten)]
    view: Botocore,
}

/// Asks the interpreter.
pub(super) async fn ask(machine: &Machine, script: &Path, interpreter: &[String], profile: Option<&str>) -> Answer {
    let folder = machine.resolve(script).parent().map(|folder| folder.display().to_string()).unwrap_or_default();
    let Some((program, options)) = interpreter.split_first() else { return Answer::Fails(String::new()) };
    let mut args: Vec<&str> = options.iter().map(String::as_str).collect();
    args.extend(["-c", QUESTION, &folder]);
    args.extend(profile);
    let asking = Invocation::new(program, args).env("PYTHONDONTWRITEBYTECODE", "1").env("PYTHONIOENCODING", "utf-8");
    match machine.run(asking).await {
        Err(error) => Answer::Fails(error.to_string()),
        Ok(output) if output.ended == Ended::TimedOut => Answer::Slow,
        Ok(output) => match serde_json::from_slice::<Told>(&output.stdout) {
            Ok(Told { error: None, view }) => Answer::Botocore(view),
            Ok(Told { error: Some(error), .. }) => Answer::Fails(redact(&error)),
            Err(_) => Answer::Fails(redact(&last_line(&output.stderr_text()))),
        },
    }
}

/// Runs a launcher whose interpreter is not known as git would, but without arguments.
pub(super) async fn run_by_hand(machine: &Machine, script: &Path) -> Answer {
    let running = Invocation::new(script, [""; 0]).env("PYTHONDONTWRITEBYTECODE", "1");
    match machine.run(running).await {
        Err(error) => Answer::Fails(error.to_string()),
        Ok(output) if output.ended == Ended::TimedOut => Answer::Slow,
        Ok(output) => {
            let said = format!("{}\n{}", output.stdout_text(), output.stderr_text());
            // A wrapper may not like to be run without arguments; only these words say that it cannot work at all.
            let is_broken = matches!(output.ended, Ended::Code(126 | 127))
                || ["Traceback", "bad interpreter", "command not found"].iter().any(|word| said.contains(word));
            if is_broken { Answer::Fails(redact(&last_line(&said))) } else { Answer::Runs }
        }
    }
}

fn last_line(text: &str) -> String {
    let line = text.lines().map(str::trim).rfind(|line| !line.is_empty());
    line.unwrap_or("it printed nothing").chars().take(300).collect()
}
