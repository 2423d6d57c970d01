//! `codecommit-doctor`: parse, gather, judge, diagnose, tell, exit status.

use anyhow::Result;
use clap::Parser;
use codecommit_doctor::checks::ALL;
use codecommit_doctor::cli::{self, CheckArgs, Cli, Command, FailOn, Format};
use codecommit_doctor::facts::{Facts, Request, chosen};
use codecommit_doctor::machine::{Machine, interrupted};
use codecommit_doctor::redact::secrets_of_argument;
use codecommit_doctor::report::document::Document;
use codecommit_doctor::report::{assemble, catalogue, human, json};
use codecommit_doctor::terminal::{self, LiveLine};
use codecommit_doctor::{runner, select};
use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

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
    let style = terminal::style(machine, &cli.check);
    colored::control::set_override(style.colour);
    Ok(match cli.command {
        None => check(machine, &cli.check)?,
        Some(Command::Check(args)) => check(machine, &args)?,
        Some(Command::List(args)) if args.format == Format::Json => print(&catalogue::list_json(ALL)?),
        Some(Command::List(_)) => print(&catalogue::list(ALL, style)),
        Some(Command::Explain(args)) => print(&catalogue::explain(ALL, &args.id, style)?),
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
    let started = Instant::now();
    let checks = select::select(ALL, &args.only, &args.skip)?;
    if let Some(file) = &args.output {
        machine.can_save(file)?;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let target = runtime.block_on(chosen::in_time(machine.clone(), args.target.clone(), args.timeout / 4))?;
    let machine = &match &target.folder {
        Some(folder) => machine.clone().standing_in(folder),
        None => machine.clone(),
    };
    let request = Request {
        target,
        method: args.method.method(),
        region: args.region.clone(),
        profile: args.profile.clone(),
        offline: args.offline,
    };
    let facts = Arc::new(Facts::new(machine.clone().within(args.timeout), request));
    let live = LiveLine::new(machine, args.format == Format::Human);
    let watch = |pending: &[&str]| live.show(pending);
    let running = runner::run(Arc::clone(&facts), &checks, started + args.timeout, watch);
    let runs = runtime.block_on(async {
        tokio::select! {
            runs = running => Ok(runs),
            signal = interrupted() => Err(signal),
        }
    });
    drop(live);
    let runs = match runs {
        Ok(runs) => runs,
        Err(signal) => {
            // The programs that are still at work end with the tasks that wait for them.
            runtime.shutdown_timeout(Duration::from_millis(500));
            return Ok(complain("interrupted", BY_SIGNAL + signal));
        }
    };
    let document = assemble::assemble(&facts, &runs, started.elapsed());
    // Whatever still hangs, a name that does not resolve, must not hold the report.
    runtime.shutdown_background();

    let style = terminal::style(machine, args);
    colored::control::set_override(style.colour);
    let text = match args.format {
        Format::Human => human::render(&document, style),
        Format::Json => json::render(&document)?,
    };
    let told = match &args.output {
        None => print(&text),
        Some(file) => match machine.save(file, &text) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                print(&text);
                complain(&format!("{error:#}; the report is on standard output"), UNFINISHED)
            }
        },
    };
    Ok(if told == ExitCode::SUCCESS { ExitCode::from(status(&document, args.fail_on)) } else { told })
}

/// The exit status, the same for every format.
fn status(document: &Document, fail_on: FailOn) -> u8 {
    let counts = document.counts;
    let found = counts.fail > 0
        || (fail_on >= FailOn::Warning && counts.warn > 0)
        || (fail_on >= FailOn::Unknown && counts.unknown > 0);
    match (found, document.is_incomplete()) {
        (true, _) => FOUND,
        (false, true) => UNFINISHED,
        (false, false) => 0,
    }
}

/// Writes to standard output. A reader that has gone away is not an error.
fn print(text: &str) -> ExitCode {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            complain(&format!("standard output cannot be written: {error}"), UNFINISHED)
        }
        _ => ExitCode::SUCCESS,
    }
}

/// One line on standard error.
fn complain(line: &str, code: u8) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "codecommit-doctor: {line}");
    ExitCode::from(code)
}
