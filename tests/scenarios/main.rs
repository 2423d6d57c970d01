//! Every folder here is a set-up, broken or healthy, and what must be said of it. Each runs end to end: real git, the real
//! program, the lab in place of AWS.
//!
//! For each broken set-up `git clone` really fails, the report names the cause that was planted, and where `loop` is set
//! the printed commands, run as they are, make the clone succeed. No secret of the set-up may appear in any format, and
//! the doctor may leave no trace on the machine.

mod play;

use libtest_mimic::{Arguments, Failed, Trial};
use play::Scenario;
use std::path::Path;

fn main() {
    let args = Arguments::from_args();
    prepare().expect("the tools that scenarios use");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let scenarios = Scenario::all(&folder).expect("tests/scenarios can be read");
    assert!(scenarios.iter().filter(|scenario| scenario.is_broken()).count() >= 12, "at least 12 broken set-ups");
    assert!(scenarios.iter().filter(|scenario| !scenario.is_broken()).count() >= 5, "at least 5 healthy set-ups");
    let trials = scenarios.into_iter().map(|scenario| {
        Trial::test(scenario.name.clone(), move || scenario.play().map_err(|error| Failed::from(format!("{error:#}"))))
    });
    libtest_mimic::run(&args, trials.collect()).exit();
}

/// Fetches what has to be fetched, and goes where nothing but loopback is.
fn prepare() -> anyhow::Result<()> {
    codecommit_lab::tools::python_program("aws")?;
    codecommit_lab::tools::python_program("git-remote-codecommit@old")?;
    codecommit_lab::tools::ssh_server()?;
    codecommit_lab::network::enter()
}
