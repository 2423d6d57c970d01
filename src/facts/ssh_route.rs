//! Where ssh's own configuration leads a host: another name or port, or a way that is not a plain connection.

use super::git_config::GitConfig;
use crate::machine::{Invocation, Machine};
use crate::target::CloneUrl;

/// Where ssh goes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// To this host and port.
    Direct(String, u16),
    /// Through a jump host or a command of the person's.
    Elsewhere(String),
}

/// Asks `ssh -G`, which connects to nobody. Without ssh the URL is taken as it stands.
pub(super) async fn observe(machine: &Machine, config: Option<&GitConfig>, url: &CloneUrl, host: &str) -> Route {
    let own = config.is_some_and(|config| config.last("core.sshcommand").is_some())
        || ["GIT_SSH_COMMAND", "GIT_SSH"].iter().any(|name| machine.var_set(name).is_some());
    if own {
        return Route::Elsewhere("Git is told to use a command of its own for ssh".to_owned());
    }
    let as_written = || Route::Direct(host.to_owned(), url.port.unwrap_or(22));
    let Some(ssh) = machine.which("ssh") else { return as_written() };
    let port = url.port.map(|port| port.to_string());
    let mut args = vec!["-G"];
    args.extend(port.iter().flat_map(|port| ["-p", port]));
    args.extend(url.ssh_user.iter().flat_map(|user| ["-l", user]));
    args.extend(["--", host]);
    match machine.run(Invocation::new(ssh, args)).await {
        Ok(output) if output.success() => read(&output.stdout_text()).unwrap_or_else(as_written),
        _ => as_written(),
    }
}

fn read(text: &str) -> Option<Route> {
    let value = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))?;
        Some(line.trim()).filter(|value| *value != "none" && !value.is_empty())
    };
    for name in ["proxyjump", "proxycommand"] {
        if value(name).is_some() {
            return Some(Route::Elsewhere(format!("ssh's configuration leads this host through a {name}")));
        }
    }
    Some(Route::Direct(value("hostname")?.to_owned(), value("port")?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ssh_s_answer_is_read() {
        let text = "user APKA\nhostname git-codecommit.us-east-2.amazonaws.com\nport 2222\n";
        assert_eq!(read(text), Some(Route::Direct("git-codecommit.us-east-2.amazonaws.com".into(), 2222)));
        assert!(matches!(read(&format!("{text}proxyjump bastion\n")), Some(Route::Elsewhere(_))));
        assert!(matches!(read(&format!("{text}proxyjump none\n")), Some(Route::Direct(..))));
    }
}
