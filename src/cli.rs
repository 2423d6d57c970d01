//! The command line. One definition makes the parser, the help, the completions and the manual page.

use crate::facts::method::Method;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// Finds out why Git cannot reach an AWS CodeCommit repository, and says how to fix it.
///
/// Without a command it checks: `codecommit-doctor https://git-codecommit.us-east-2.amazonaws.com/v1/repos/MyDemoRepo`.
/// Nothing on the machine is changed, and nothing secret is shown.
#[derive(Debug, Parser)]
#[command(
    name = "codecommit-doctor",
    version,
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true,
    after_help = EXIT_STATUS
)]
pub struct Cli {
    /// The command; without one, `check`.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The arguments of `check`.
    #[command(flatten)]
    pub check: CheckArgs,
}

const EXIT_STATUS: &str = "\
Exit status:
  0  nothing was found at or above --fail-on
  1  something was found
  2  wrong usage
  3  nothing was found, but the doctor could not finish its work";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check the machine's set-up and name the one root cause (the default)
    #[command(after_help = EXIT_STATUS)]
    Check(CheckArgs),
    /// Read what a failed command printed, name the cause, and confirm it with checks
    ///
    /// For example: `git clone https://... 2>&1 | codecommit-doctor why`
    #[command(after_help = EXIT_STATUS)]
    Why(WhyArgs),
    /// Run a command unchanged; if it fails, diagnose on standard error
    ///
    /// The exit status is the command's own. For example: `codecommit-doctor run -- git clone https://...`
    Run(RunArgs),
    /// List every check with its findings
    List(ListArgs),
    /// Explain a check, a finding or a recognised text in full
    Explain(ExplainArgs),
    /// Print the completions for a shell
    Completions(CompletionsArgs),
    /// Print the manual page
    Man,
}

/// The arguments of `check`.
#[derive(Clone, Debug, Args)]
pub struct CheckArgs {
    /// A clone URL, a remote's name or a working tree; without it, the CodeCommit remote of the current repository
    pub target: Option<String>,

    /// How it is checked and told.
    #[command(flatten)]
    pub options: Options,
}

/// The arguments of `why`.
#[derive(Clone, Debug, Args)]
pub struct WhyArgs {
    /// The file that holds the text; `-`, or nothing, is standard input
    pub file: Option<PathBuf>,

    /// How it is checked and told.
    #[command(flatten)]
    pub options: Options,
}

/// The arguments of `run`.
#[derive(Clone, Debug, Args)]
pub struct RunArgs {
    /// How it is checked and told.
    #[command(flatten)]
    pub options: Options,

    /// The command and its arguments
    #[arg(last = true, required = true)]
    pub command: Vec<OsString>,
}

/// What is checked, how, and how it is told.
#[derive(Clone, Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Options {
    /// The way of authenticating that the machine should be set up for
    #[arg(long, value_enum, default_value_t = MethodArg::Auto)]
    pub method: MethodArg,

    /// The region, when no clone URL names one
    #[arg(long, value_parser = region)]
    pub region: Option<String>,

    /// The AWS profile, when neither the clone URL nor the credential helper names one
    #[arg(long, value_parser = profile)]
    pub profile: Option<String>,

    /// Use no network at all
    #[arg(long)]
    pub offline: bool,

    /// Look for a missing repository in every region
    #[arg(long, conflicts_with = "offline")]
    pub search: bool,

    /// Run only these checks: ids, groups or patterns such as `aws-*`
    #[arg(long, value_delimiter = ',', value_name = "CHECK")]
    pub only: Vec<String>,

    /// Leave these checks out
    #[arg(long, value_delimiter = ',', value_name = "CHECK")]
    pub skip: Vec<String>,

    /// How to tell the result
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,

    /// Write the report to a file instead of standard output
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// From when on the exit status is 1; each value includes those before it
    #[arg(long, value_enum, default_value_t = FailOn::Error)]
    pub fail_on: FailOn,

    /// How long the whole run may take
    #[arg(long, value_name = "SECONDS", default_value = "20", value_parser = seconds, allow_negative_numbers = true)]
    pub timeout: Duration,

    /// When to use colour; `NO_COLOR` is respected
    #[arg(long, value_enum, default_value_t = ColorWhen::Auto, value_name = "WHEN")]
    pub color: ColorWhen,

    /// Show all evidence, every fix, and notes
    #[arg(short, long, conflicts_with = "quiet")]
    pub verbose: bool,

    /// Show problems only
    #[arg(short, long)]
    pub quiet: bool,
}

/// The arguments of `list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// How to tell it
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
}

/// The arguments of `explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// The id of a check (`keychain`), of a finding (`stale-helper`), both (`kms-access/explicit-deny`), or of what a text shows
    /// (`http-403`)
    pub id: Option<String>,

    /// What the checks themselves need: the least IAM policy, hosts and files
    #[arg(long)]
    pub needs: bool,
}

/// The arguments of `completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

/// A region's code, whatever region it is.
fn region(text: &str) -> Result<String, &'static str> {
    let is_code = text.contains('-')
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if is_code { Ok(text.to_owned()) } else { Err("give a region's code, such as us-east-2") }
}

/// A profile's name.
fn profile(text: &str) -> Result<String, &'static str> {
    let is_name = !text.trim().is_empty() && !text.chars().any(char::is_control);
    if is_name { Ok(text.to_owned()) } else { Err("give the name of an AWS profile") }
}

/// `--method`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum MethodArg {
    /// Whatever the URL and the machine show
    Auto,
    /// HTTPS with a user name and password from IAM
    GitCredentials,
    /// HTTPS with the AWS CLI's credential helper
    CredentialHelper,
    /// git-remote-codecommit
    Grc,
    /// SSH with a key known to IAM
    Ssh,
}

impl MethodArg {
    /// The method that was named, if one was.
    #[must_use]
    pub fn method(self) -> Option<Method> {
        match self {
            Self::Auto => None,
            Self::GitCredentials => Some(Method::GitCredentials),
            Self::CredentialHelper => Some(Method::CredentialHelper),
            Self::Grc => Some(Method::Grc),
            Self::Ssh => Some(Method::Ssh),
        }
    }
}

/// `--format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Human,
    /// One JSON document, version 1
    Json,
}

/// `--fail-on`, from the mildest to the strictest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum FailOn {
    /// Something stops Git
    Error,
    /// Something could stop Git
    Warning,
    /// A check could not tell
    Unknown,
}

/// `--color`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ColorWhen {
    /// On a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let allowed = 1.0..=600.0;
    match text.parse::<f64>() {
        Ok(seconds) if allowed.contains(&seconds) => Ok(Duration::from_secs_f64(seconds)),
        _ => Err("give a number of seconds from 1 to 600".to_owned()),
    }
}

/// The definition, for completions and the manual page.
#[must_use]
pub fn definition() -> clap::Command {
    Cli::command()
}

/// What the parser could not use, as one line: what is wrong, and what may have been meant. `None` for `--help` and
/// `--version`, which are no errors.
#[must_use]
pub fn usage_error(error: &clap::Error) -> Option<String> {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        return None;
    }
    let text = error.render().to_string();
    if error.kind() == ErrorKind::ArgumentConflict && text.contains("the subcommand") {
        return Some("options go behind the command: codecommit-doctor why --offline FILE".to_owned());
    }
    let what = text.lines().next().unwrap_or_default().trim_start_matches("error: ").trim_end_matches(':');
    let list = |value: &ContextValue| match value {
        ContextValue::String(one) => one.clone(),
        ContextValue::Strings(many) => many.join(", "),
        _ => String::new(),
    };
    let context = |kind| error.get(kind).map(list).filter(|text| !text.is_empty());
    let meant = [ContextKind::SuggestedArg, ContextKind::SuggestedValue, ContextKind::SuggestedSubcommand];
    let hint = match (meant.into_iter().find_map(context), context(ContextKind::ValidValue)) {
        (Some(meant), _) => format!("; did you mean {meant}?"),
        (None, Some(valid)) => format!("; choose one of {valid}"),
        (None, None) => "; see --help".to_owned(),
    };
    // What was typed may be a clone URL with a password.
    Some(crate::redact::redact(&format!("{what}{hint}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaint(args: &[&str]) -> String {
        let words = std::iter::once("codecommit-doctor").chain(args.iter().copied());
        usage_error(&Cli::try_parse_from(words).unwrap_err()).unwrap()
    }

    #[test]
    fn the_definition_is_sound() {
        definition().debug_assert();
    }

    #[test]
    fn a_target_alone_is_checked() {
        let cli = Cli::try_parse_from(["codecommit-doctor", "--offline", "https://x"]).unwrap();
        assert!(cli.command.is_none() && cli.check.options.offline);
        assert_eq!(cli.check.target.as_deref(), Some("https://x"));
    }

    #[test]
    fn usage_errors_are_one_line_and_suggest() {
        assert_eq!(complaint(&["--ofline"]), "unexpected argument '--ofline' found; did you mean --offline?");
        assert_eq!(complaint(&["--format", "jsn"]), "invalid value 'jsn' for '--format <FORMAT>'; did you mean json?");
        assert_eq!(
            complaint(&["--timeout", "0"]),
            "invalid value '0' for '--timeout <SECONDS>': give a number of seconds from 1 to 600; see --help"
        );
        assert!(complaint(&["--offline", "why", "x"]).starts_with("options go behind the command"));
        for args in [&["-q", "-v"][..], &["completions", "tcsh"], &["--only"]] {
            assert!(!complaint(args).contains('\n'), "{args:?}");
        }
    }
}
