//! A network of the tests' own: a test program that enters it sees loopback and nothing else, may serve on any port, and can
//! have names and users of its own. That takes root, a `unshare` and an `ip`.

use crate::tools;
use crate::world::{REGION, World};
use anyhow::{Context, Result, ensure};
use std::fmt::Write;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::atomic::{AtomicU16, Ordering};

/// Set for whoever is inside.
const INSIDE: &str = "CODECOMMIT_LAB_NETWORK";

/// Starts this very program again in a network of its own, unless it is inside already or the user is not root. Whatever has
/// to be fetched from elsewhere must be there before.
///
/// # Errors
/// What to install.
pub fn enter() -> Result<()> {
    if is_inside() || !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    let [unshare, sh, ip] = ["unshare", "sh", "ip"].map(tools::system_program);
    let ip = ip.context("install iproute2")?;
    // Packets to this network vanish: the other end of the cable is in nobody's hands.
    let plan = format!(
        "set -e; ip={}; $ip link set lo up; $ip -6 route add local fd83::/64 dev lo; \
         echo 1 > /proc/sys/net/ipv6/ip_nonlocal_bind; $ip link add lab0 type veth peer name lab1; \
         $ip addr add 198.51.100.1/24 dev lab0; $ip link set lab0 up; $ip link set lab1 up; \
         $ip neigh add 198.51.100.9 lladdr 02:00:00:00:00:09 dev lab0; exec \"$@\"",
        ip.display()
    );
    let error = Command::new(unshare?)
        .args(["--net", "--mount", "--propagation", "private"])
        .arg(sh?)
        .args(["-c", &plan, "network"])
        .arg(std::env::current_exe()?)
        .args(std::env::args_os().skip(1))
        .env(INSIDE, "1")
        .exec();
    Err(error).context("no network of its own can be had")
}

fn is_inside() -> bool {
    std::env::var_os(INSIDE).is_some()
}

/// That names, users and ports can be had.
///
/// # Errors
/// What is missing.
pub(crate) fn needed() -> Result<()> {
    ensure!(is_inside(), "this needs a network of its own: run the tests as root");
    Ok(())
}

/// An address that no other region has, where the world needs one.
pub(crate) fn own_address(world: &World) -> Result<Option<String>> {
    static NEXT: AtomicU16 = AtomicU16::new(1);
    if world.ssh.is_none() && !world.direct && world.hosts.is_empty() {
        return Ok(None);
    }
    needed()?;
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let address =
        if world.ipv6 { format!("fd83::{number:x}") } else { format!("127.83.{}.{}", number >> 8, number & 0xff) };
    Ok(Some(address))
}

/// An address with a port.
pub(crate) fn with_port(address: &str, port: u16) -> String {
    if address.contains(':') { format!("[{address}]:{port}") } else { format!("{address}:{port}") }
}

/// The machine's file of hosts.
pub(crate) fn hosts(world: &World, address: &str) -> String {
    let mut text = "127.0.0.1 localhost\n".to_owned();
    for (host, named) in &world.hosts {
        let named = if named == "own" { address } else { named };
        let _ = writeln!(text, "{named} {host}");
    }
    if world.ssh.is_none() && !world.direct {
        return text;
    }
    let mut regions: Vec<&str> = world.repositories.iter().map(|repository| repository.region.as_str()).collect();
    regions.push(REGION);
    regions.dedup();
    let services: &[&str] =
        if world.direct { &["git-codecommit", "codecommit", "sts", "kms"] } else { &["git-codecommit"] };
    let names =
        regions.iter().flat_map(|region| services.iter().map(move |name| format!("{name}.{region}.amazonaws.com")));
    for name in names.chain(world.direct.then(|| "iam.amazonaws.com".to_owned())) {
        if world.hosts.iter().all(|(host, _)| *host != name) {
            let _ = writeln!(text, "{address} {name}");
        }
    }
    text
}
