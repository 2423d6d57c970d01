//! The machine under diagnosis, and the only code that touches it: environment, files, processes, sockets.
//!
//! A [`Machine`] is a value, so a test builds one on a folder of its own, with its own `PATH` of small programs, and
//! exercises the real code. What a platform does differently is decided from [`Machine::os`] at run time, never by `cfg`.

mod dial;
mod environment;
mod files;
mod input;
mod process;
mod signals;
mod stage;
mod tls;
mod wrapped;

pub use dial::{Dialed, Wire};
pub use environment::{Machine, Os};
pub use files::FileError;
pub use input::{Input, read_input};
pub use process::{Ended, Invocation, Keep, Output};
pub use signals::interrupted;
pub use stage::{DialError, Stage};
pub use tls::Roots;
pub use wrapped::{NotStarted, Wrapped};
