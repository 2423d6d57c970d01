//! moto's server: AWS APIs that nobody here wrote.

use crate::tools;
use anyhow::{Context, Result, ensure};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

/// A running moto. It ends when it is dropped.
pub struct Moto {
    child: Child,
    address: SocketAddr,
}

impl Moto {
    /// Starts it on a free port of loopback and waits until it says that it is ready.
    ///
    /// # Errors
    /// What to install, or what it said instead.
    pub fn start() -> Result<Self> {
        let program = tools::python_program("moto_server")?;
        let mut child = Command::new(program)
            .args(["-H", "127.0.0.1", "-p", "0"])
            .env("MOTO_ACCOUNT_ID", crate::world::ACCOUNT)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .context("moto_server cannot be run")?;
        let mut lines = BufReader::new(child.stderr.take().context("no standard error")?);
        let mut said = String::new();
        let mut address = None;
        while address.is_none() {
            let mut line = String::new();
            if lines.read_line(&mut line)? == 0 {
                break;
            }
            address = line.split("http://").nth(1).and_then(|rest| rest.trim().parse().ok());
            said.push_str(&line);
        }
        // It goes on to tell of every request; somebody has to listen.
        std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
        let moto = Self { address: address.unwrap_or(([127, 0, 0, 1], 0).into()), child };
        ensure!(moto.address.port() != 0, "moto_server does not start: {said}");
        Ok(moto)
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
