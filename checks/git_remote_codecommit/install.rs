//! Whether git finds git-remote-codecommit and may run it.

use super::{GUI_PATH, MISSING, NOT_EXECUTABLE, PIP_BLOCKED, View};
use crate::docs;
use crate::facts::grc::{Install, NAME};
use crate::finding::{Evidence, Finding, Fix, Safety, Severity};
use crate::machine::Os;

/// Where programs stand that every desktop program finds.
const SEEN_BY_ALL: &[&str] = &["/usr/bin", "/bin", "/usr/sbin", "/sbin"];

impl View<'_> {
    pub(super) fn install(&self) -> Vec<Finding> {
        let findings = match &self.grc.install {
            Install::OnPath(launcher) => self.gui_path(&launcher.path).into_iter().collect(),
            Install::NotExecutable(path) => vec![not_executable(path)],
            Install::Missing { elsewhere, pip_blocked, installers } => {
                let missing = self.missing(elsewhere, installers, pip_blocked.is_some());
                let blocked = pip_blocked.as_deref().filter(|_| elsewhere.is_empty()).map(blocked);
                std::iter::once(missing).chain(blocked).collect()
            }
        };
        // A submodule's need stops nobody from cloning what is around it.
        let most = if self.is_for_url() { Severity::Error } else { Severity::Warning };
        findings.into_iter().map(|finding: Finding| finding.at_most(most)).collect()
    }

    fn missing(&self, elsewhere: &[String], installers: &[String], pip_blocked: bool) -> Finding {
        let Some(first) = elsewhere.first() else {
            let message = format!("{NAME} is not installed, and codecommit:: URLs need it.");
            let finding = Finding::new(&MISSING, message).seen(Evidence::new("PATH", format!("no {NAME}")));
            return finding.fix(get(installers, pip_blocked));
        };
        let folder = first.rsplit_once('/').map_or("", |(folder, _)| folder);
        let message = format!("{NAME} is installed in {folder}, which is not on PATH, so Git does not find it.");
        let finding = Finding::new(&MISSING, message).seen(Evidence::new("PATH", format!("no {NAME}")));
        let finding = elsewhere.iter().fold(finding, |finding, path| finding.seen(Evidence::new("found at", path)));
        finding.fix(self.put_on_path(folder))
    }

    /// For the shells that are opened from now on. An environment of a project's own is entered, and not put there for good.
    fn put_on_path(&self, folder: &str) -> Fix {
        let of_project = [".venv/bin", "/venv/bin", "/env/bin"].iter().any(|end| folder.ends_with(end));
        if of_project || folder.contains('\n') {
            let title =
                format!("Activate the environment in which {folder} is, or install {NAME} for all of your work");
            return Fix::manual(title).docs(docs::SETUP_GRC);
        }
        let fix = Fix::review(format!("Put {folder} on PATH, and open a new terminal")).docs(docs::TROUBLE_GRC);
        let escaped = folder.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$").replace('`', "\\`");
        let inside = escaped.strip_prefix("~/").map_or_else(|| escaped.clone(), |rest| format!("$HOME/{rest}"));
        let lines = vec![String::new(), format!("export PATH=\"{inside}:$PATH\"")];
        match self.os {
            Os::Windows => fix
                .at_least(Safety::Manual)
                .instruct("Add that folder to Path under Settings, System, About, Advanced system settings."),
            Os::MacOs => fix.feed(lines, ["tee", "-a", "~/.zprofile"]),
            Os::Linux => fix.feed(lines, ["tee", "-a", "~/.profile"]),
        }
    }

    /// On macOS, programs that are started from the desktop do not see what the terminal's PATH names.
    fn gui_path(&self, path: &str) -> Option<Finding> {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        if self.os != Os::MacOs || SEEN_BY_ALL.contains(&folder) {
            return None;
        }
        let message =
            format!("Programs started from the desktop do not find {path}, because their PATH does not name {folder}.");
        let fix = Fix::manual(format!(
            "Start the program from a terminal (open -a NAME), or name {folder} in its own settings for PATH"
        ));
        let finding = Finding::new(&GUI_PATH, message).seen(Evidence::new("PATH", path)).fix(fix);
        Some(if self.has_terminal { finding.at_most(Severity::Note) } else { finding })
    }
}

/// How to install it with what is at hand.
fn get(installers: &[String], pip_blocked: bool) -> Fix {
    let fix = Fix::manual(format!("Install {NAME}")).docs(docs::SETUP_GRC);
    let usable = installers.iter().find(|name| !(pip_blocked && name.starts_with("pip") && *name != "pipx"));
    match usable.map(String::as_str) {
        Some("brew") => fix.run(["brew", "install", NAME]),
        Some("pipx") => fix.run(["pipx", "install", NAME]),
        Some("uv") => fix.run(["uv", "tool", "install", NAME]),
        Some("py") => fix.run(["py", "-m", "pip", "install", NAME]),
        Some(pip) => fix.run([pip, "install", NAME]),
        None if pip_blocked => fix
            .run(["python3", "-m", "venv", "~/.local/share/git-remote-codecommit"])
            .run(["~/.local/share/git-remote-codecommit/bin/pip", "install", NAME])
            .run(["mkdir", "-p", "~/.local/bin"])
            .run(["ln", "-s", "~/.local/share/git-remote-codecommit/bin/git-remote-codecommit", "~/.local/bin/"])
            .instruct("~/.local/bin must be on PATH."),
        None => fix.instruct(format!("Install Python 3 with pipx, then: pipx install {NAME}")),
    }
}

fn not_executable(path: &str) -> Finding {
    let fix = Fix::safe("Make it executable").run(["chmod", "+x", path]).docs(docs::TROUBLE_GRC);
    Finding::new(&NOT_EXECUTABLE, format!("{path} may not be executed, so Git passes it over."))
        .seen(Evidence::new("PATH", format!("{path} has no x permission")))
        .fix(fix)
}

fn blocked(mark: &str) -> Finding {
    let message = "pip refuses to install into this system's Python; pipx or a virtual environment is the way.";
    Finding::new(&PIP_BLOCKED, message).seen(Evidence::new(mark, "PEP 668"))
}
