//! `codecommit-doctor`: parse, gather, judge, diagnose, tell, exit status.

use anyhow::{Result, bail};
use clap::Parser;
use codecommit_doctor::checks::ALL;
use codecommit_doctor::cli::{self, CheckArgs, Cli, Command, FailOn, Format, Options, RunArgs, WhyArgs};
use codecommit_doctor::machine::{Machine, Wrapped, read_input};
use codecommit_doctor::reading::Reading;
use codecommit_doctor::redact::secrets_of_argument;
use codecommit_doctor::report::document::Document;
use codecommit_doctor::report::{catalogue, human, json, needed};
use codecommit_doctor::terminal::{self, LiveLine, Stream};
use codecommit_doctor::visit::{Outcome, Visit};
use std::io::Write;
use std::process::ExitCode;
use std::time::Instant;

/// Something was found.
const FOUND: u8 = 1;
/// Wrong usage.
const USAGE: u8 = 2;
/// The doctor could not finish its work.
const UNFINISHED: u8 = 3;
/// A signal ended the run: its number is added, as shells have it.
const BY_SIGNAL: u8 = 128;

fn main() -> ExitCode {
    // A check that panics is a line of the report; a stack trace helps nobody at two in the morning.
    std::panic::set_hook(Box::new(|_| {}));
    let machine = Machine::current();
    // Whatever was typed may hold a password, also where it cannot be understood.
    for argument in std::env::args_os() {
        for secret in secrets_of_argument(&argument.to_string_lossy()) {
            machine.secrets().learn(&secret);
        }
    }
    let misused = |line: &str| complain(&machine.secrets().scrub(line), USAGE);
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => match cli::usage_error(&error) {
            Some(line) => return misused(&line),
            None => return print(&error.render().to_string()),
        },
    };
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run(&machine, cli))) {
        Ok(Ok(code)) => code,
        Ok(Err(error)) => misused(&format!("{error:#}")),
        Err(_) => complain("the doctor itself failed; please report this with the command that you ran", UNFINISHED),
    }
}

fn run(machine: &Machine, cli: Cli) -> Result<ExitCode> {
    let style = terminal::style(machine, &cli.check.options, Stream::Out);
    colored::control::set_override(style.colour);
    Ok(match cli.command {
        None => check(machine, &cli.check)?,
        Some(Command::Check(args)) => check(machine, &args)?,
        Some(Command::Why(args)) => why(machine, &args)?,
        Some(Command::Run(args)) => run_wrapped(machine, &args)?,
        Some(Command::List(args)) if args.format == Format::Json => print(&catalogue::list_json(ALL)?),
        Some(Command::List(_)) => print(&catalogue::list(ALL, style)),
        Some(Command::Explain(args)) if args.needs => print(&needed::needed(ALL, args.id.as_deref(), style)?),
        Some(Command::Explain(args)) => match args.id {
            Some(id) => print(&catalogue::explain(ALL, &id, style)?),
            None => bail!("name what to explain: a check or a finding; `codecommit-doctor list` shows them all"),
        },
        Some(Command::Completions(args)) => {
            let mut script = Vec::new();
            clap_complete::generate(args.shell, &mut cli::definition(), env!("CARGO_PKG_NAME"), &mut script);
            print(&String::from_utf8_lossy(&script))
        }
        Some(Command::Man) => {
            let mut page = Vec::new();
            clap_mangen::Man::new(cli::definition()).render(&mut page)?;
            print(&String::from_utf8_lossy(&page))
        }
    })
}

fn check(machine: &Machine, args: &CheckArgs) -> Result<ExitCode> {
    let visit = visit(machine, &args.options);
    examine(&Visit { target: args.target.clone(), ..visit }, Stream::Out)
}

fn why(machine: &Machine, args: &WhyArgs) -> Result<ExitCode> {
    let input = read_input(args.file.as_deref())?;
    if input.cut {
        complain("the text is longer than 10 MiB; only its beginning is read", 0);
    }
    let reading = Reading::of(machine, &input.source, &input.bytes);
    examine(&Visit { reading: Some(&reading), ..visit(machine, &args.options) }, Stream::Out)
}

/// The command's own exit status, whatever the doctor says of its failure.
fn run_wrapped(machine: &Machine, args: &RunArgs) -> Result<ExitCode> {
    if let Some(file) = &args.options.output {
        machine.can_save(file)?;
    }
    let wrapped = match Wrapped::run(&args.command) {
        Ok(wrapped) => wrapped,
        Err(error) => return Ok(complain(&error.to_string(), error.status())),
    };
    if wrapped.is_failure() {
        let (name, line) = wrapped.command_line();
        let reading = Reading::of(machine, &name, wrapped.overheard().unwrap_or_default());
        let reading = reading.behind(machine, &line, wrapped.overheard().is_some());
        let told = examine(&Visit { reading: Some(&reading), ..visit(machine, &args.options) }, Stream::Err);
        if let Err(error) = told {
            complain(&machine.secrets().scrub(&format!("{error:#}")), USAGE);
        }
    }
    Ok(wrapped.end_alike())
}

fn visit<'a>(machine: &'a Machine, options: &'a Options) -> Visit<'a> {
    Visit { machine, options, target: None, reading: None, started: Instant::now() }
}

/// Makes the report and tells it.
fn examine(visit: &Visit<'_>, stream: Stream) -> Result<ExitCode> {
    let (machine, options) = (visit.machine, visit.options);
    if let Some(file) = &options.output {
        machine.can_save(file)?;
    }
    let live = LiveLine::new(machine, options.format == Format::Human);
    let outcome = visit.examine(&live);
    drop(live);
    let document = match outcome? {
        Outcome::Report(document) => document,
        Outcome::Interrupted(signal) => return Ok(complain("interrupted", BY_SIGNAL + signal)),
    };
    let style = terminal::style(machine, options, stream);
    colored::control::set_override(style.colour);
    let text = match options.format {
        Format::Human => human::render(&document, style),
        Format::Json => json::render(&document)?,
    };
    let told = match &options.output {
        None => write(stream, &text),
        Some(file) => match machine.save(file, &text) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                write(stream, &text);
                complain(&format!("{error:#}; the report is on standard output"), UNFINISHED)
            }
        },
    };
    Ok(if told == ExitCode::SUCCESS { ExitCode::from(status(&document, options.fail_on)) } else { told })
}

/// The exit status, the same for every format.
fn status(document: &Document, fail_on: FailOn) -> u8 {
    let counts = document.counts;
    let found = counts.fail > 0
        || document.is_broken()
        || (fail_on >= FailOn::Warning && counts.warn > 0)
        || (fail_on >= FailOn::Unknown && counts.unknown > 0);
    match (found, document.is_incomplete()) {
        (true, _) => FOUND,
        (false, true) => UNFINISHED,
        (false, false) => 0,
    }
}

fn print(text: &str) -> ExitCode {
    write(Stream::Out, text)
}

/// Writes to a standard stream. A reader that has gone away is not an error.
fn write(stream: Stream, text: &str) -> ExitCode {
    let mut out: Box<dyn Write> = match stream {
        Stream::Out => Box::new(std::io::stdout().lock()),
        Stream::Err => Box::new(std::io::stderr().lock()),
    };
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            drop(out);
            complain(&format!("the report cannot be written: {error}"), UNFINISHED)
        }
        _ => ExitCode::SUCCESS,
    }
}

/// One line on standard error.
fn complain(line: &str, code: u8) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "codecommit-doctor: {line}");
    ExitCode::from(code)
}
