//! CodeCommit over SSH: a real OpenSSH server on port 22 of an address of its own. Whoever signs in is known by the id of a
//! key; the key itself is that of IAM.

use crate::tools::{self, SshServer};
use crate::world::{SshKey, World};
use crate::{git, network};
use anyhow::{Context, Result, ensure};
use std::fmt::Write;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// The running server, and the files that lead to it.
pub(crate) struct Ssh {
    folder: PathBuf,
    address: String,
    server: Option<Child>,
}

/// What somebody sees who signs in and asks for no command.
const GREETING: &str = "You have successfully authenticated over SSH. You can use Git to interact with AWS CodeCommit. \
                        Interactive shells are not supported.";

impl Ssh {
    /// Starts the server of a world on an address.
    pub(crate) fn start(folder: &Path, repositories: &Path, world: &World, address: &str) -> Result<Self> {
        let wanted = world.ssh.clone().unwrap_or_default();
        let folder = folder.join("ssh");
        std::fs::create_dir_all(folder.join("keys"))?;
        let mut ssh = Self { folder, address: address.to_owned(), server: None };
        ssh.write_users(world)?;
        std::fs::write(ssh.folder.join("serve"), serve(repositories, world))?;
        std::fs::set_permissions(ssh.folder.join("serve"), std::fs::Permissions::from_mode(0o755))?;
        if !wanted.closed {
            ssh.server = Some(ssh.run(&wanted.config)?);
        }
        Ok(ssh)
    }

    /// What the machine's own files say of users and of ssh, for whoever lives in this home.
    pub(crate) fn places(&self, home: &Path, world: &World) -> Result<Vec<(PathBuf, &'static str)>> {
        let passwd = std::fs::read_to_string(self.folder.join("passwd"))?;
        let passwd = passwd.replace("root:x:0:0:root:/nonexistent:", &format!("root:x:0:0:root:{}:", home.display()));
        let own = home.with_file_name("passwd");
        std::fs::write(&own, passwd)?;
        let config = home.with_file_name("ssh_config");
        let wanted = world.ssh.as_ref().map(|ssh| ssh.client.join("\n")).unwrap_or_default();
        std::fs::write(&config, wanted + "\n")?;
        Ok(vec![(own, "/etc/passwd"), (config, "/etc/ssh/ssh_config")])
    }

    fn write_users(&self, world: &World) -> Result<()> {
        let mut passwd = "root:x:0:0:root:/nonexistent:/bin/sh\nsshd:x:74:74:sshd:/run/sshd:/bin/false\n".to_owned();
        for SshKey { id, key, active } in world.users.iter().flat_map(|user| &user.ssh_keys) {
            let _ = writeln!(passwd, "{id}:x:0:0:{id}:/:/bin/sh");
            let lines = if *active { public(key)? } else { String::new() };
            std::fs::write(self.folder.join("keys").join(id), lines)?;
        }
        std::fs::write(self.folder.join("passwd"), passwd)?;
        Ok(())
    }

    fn run(&self, more: &[String]) -> Result<Child> {
        let SshServer { program, libraries } = tools::ssh_server()?;
        let host_key = self.folder.join("host_key");
        std::fs::copy(tools::ssh_key("host")?, &host_key)?;
        std::fs::set_permissions(&host_key, std::fs::Permissions::from_mode(0o600))?;
        let at = |name: &str| self.folder.join(name).display().to_string();
        let config = format!(
            "{}\nListenAddress {}\nHostKey {}\nPidFile none\nUsePAM no\nStrictModes no\nPermitRootLogin yes\n\
             PasswordAuthentication no\nKbdInteractiveAuthentication no\nVersionAddendum AWSCodeCommit\n\
             AuthorizedKeysFile {}/%u\nForceCommand {}\nPubkeyAcceptedAlgorithms rsa-sha2-512,rsa-sha2-256,ssh-rsa\n",
            more.join("\n"),
            network::with_port(&self.address, 22),
            host_key.display(),
            at("keys"),
            at("serve"),
        );
        std::fs::write(self.folder.join("sshd_config"), config)?;
        // Its users exist in its own view of the machine only.
        let plan = format!(
            "mount -t tmpfs run /run && mkdir -p /run/sshd && mount --bind {} /etc/passwd && exec {} -D -e -f {}",
            at("passwd"),
            program.display(),
            at("sshd_config")
        );
        let mut server = Command::new(tools::system_program("unshare")?)
            .args(["--mount", "--propagation", "private", "sh", "-c", &plan])
            .env("LD_LIBRARY_PATH", libraries)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        // It is ready when it says so. What it says later is read to its end, so that it never waits for a reader.
        let mut said = BufReader::new(server.stderr.take().context("no stderr")?);
        let mut heard = String::new();
        while !heard.contains("Server listening") {
            ensure!(said.read_line(&mut heard)? > 0, "sshd ended: {heard}");
        }
        std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
        Ok(server)
    }
}

impl Drop for Ssh {
    fn drop(&mut self) {
        if let Some(server) = &mut self.server {
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}

/// The public half of a key, as IAM keeps it: `ssh-rsa AAAA...`.
pub(crate) fn public(key: &str) -> Result<String> {
    let file = tools::ssh_key(key)?.with_extension("pub");
    Ok(std::fs::read_to_string(file)?.split_whitespace().take(2).collect::<Vec<_>>().join(" "))
}

/// What is run for everybody: Git's own server, for the repositories of the key's account.
fn serve(repositories: &Path, world: &World) -> String {
    let mut accounts = String::new();
    for user in &world.users {
        for key in &user.ssh_keys {
            let _ = writeln!(accounts, "{}) account={} ;;", key.id, user.account);
        }
    }
    format!(
        "#!/bin/sh\ncase $USER in\n{accounts}esac\nset -- $SSH_ORIGINAL_COMMAND\ntest $# = 0 && {{ echo '{GREETING}' >&2; exit 1; }}\n\
         name=$(printf %s \"$2\" | sed \"s/^'//; s/'$//; s,^/v1/repos/,,\")\n\
         folder={root}/$account/{region}/$name\n\
         test -n \"$name\" && test -d \"$folder\" || {{ echo 'repository not found' >&2; exit 128; }}\n\
         export PATH={path} HOME=/nonexistent GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1\n\
         exec git -c safe.directory='*' \"${{1#git-}}\" \"$folder\"\n",
        root = repositories.display(),
        region = crate::world::REGION,
        path = git::search_path(),
    )
}
