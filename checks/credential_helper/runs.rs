//! Whether a helper can be run, and whether it did what it should.

use super::{BAD_INTERPRETER, FAILED, GUI_PATH, PROGRAM_MISSING, View};
use crate::docs;
use crate::facts::answers::{Answer, SLOW};
use crate::facts::helpers::{Helper, HelperKind};
use crate::facts::method::Method;
use crate::finding::{Evidence, Finding, Fix, Severity};
use crate::machine::Os;
use crate::remedies::helper as remedies;

impl View<'_> {
    /// Whether a helper can be run, and whether it did what it should. A failure that is already explained is not told again.
    pub(super) fn runnable(&self, at: usize, helper: &Helper, explained: bool) -> Option<Finding> {
        let program = &helper.program;
        // Git passes over a helper that fails and goes on to the next, or asks the person.
        let others = self.chain.helpers.len() > 1;
        let harmless = match helper.aws() {
            Some(_) => {
                self.method.method == Method::GitCredentials
                    || self.answering().is_some_and(|answering| answering != at)
            }
            None => others,
        };
        let weigh = |finding: Finding| if harmless { finding.at_most(Severity::Warning) } else { finding };
        let built_in = matches!(helper.kind, HelperKind::Store(_) | HelperKind::Cache);
        if program.looked_for && program.path.is_none() && !built_in {
            let message = format!("The program {} that this helper runs cannot be found.", program.name);
            return Some(weigh(
                Finding::new(&PROGRAM_MISSING, message).seen(helper.entry.evidence()).fix(self.provide(helper)),
            ));
        }
        if let Some(interpreter) = &program.missing_interpreter {
            let path = program.path.as_deref().unwrap_or(&program.name);
            let message = format!("{path} is a script for {interpreter}, which does not exist.");
            let fix = Fix::manual("Install the AWS CLI again; version 2 brings its own interpreter");
            return Some(weigh(Finding::new(&BAD_INTERPRETER, message).seen(helper.entry.evidence()).fix(fix)));
        }
        if self.answers.get(at) == Some(&Answer::Quit) {
            let message = format!("The helper {} tells Git to ask nobody else, and Git stops.", helper.entry.text());
            let fix = Fix::manual("Mend what keeps that helper from answering, or remove it for CodeCommit's hosts");
            return Some(Finding::new(&FAILED, message).seen(helper.entry.evidence()).fix(fix));
        }
        if matches!(self.answers.get(at), Some(Answer::NotAsked(why)) if why == SLOW) {
            let message =
                format!("The helper {} takes longer than the doctor waits; Git waits on.", helper.entry.text());
            let fix = Fix::manual(
                "Run it by itself to see what it waits for: a network, a person, or nothing that ever comes",
            );
            let finding = Finding::new(&FAILED, message).seen(helper.entry.evidence()).fix(fix);
            return Some(finding.at_most(Severity::Warning));
        }
        if let Some(Answer::Failed(said)) = self.answers.get(at)
            && !explained
        {
            let message = format!("The helper {} ran and failed.", helper.entry.text());
            let fix = Fix::manual("Mend what its own message names");
            let finding =
                Finding::new(&FAILED, message).seen(helper.entry.evidence()).seen(Evidence::new("the helper", said));
            // Others may complain and mean nothing by it: that they had nothing to give stops nobody at a terminal.
            let alone = self.nobody_to_ask && self.chain.helpers.len() == 1;
            let finding = if helper.aws().is_none() && !alone { finding.at_most(Severity::Warning) } else { finding };
            return Some(weigh(finding.fix(fix)));
        }
        self.gui_path(helper)
    }

    /// On macOS, programs that are started from the desktop do not see what Homebrew or pyenv put on the terminal's PATH.
    fn gui_path(&self, helper: &Helper) -> Option<Finding> {
        let path = helper
            .program
            .path
            .as_deref()
            .filter(|_| self.os == Os::MacOs && helper.aws().is_some() && helper.program.bare)?;
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        if ["/usr/bin", "/bin", "/usr/sbin", "/sbin", "/usr/local/bin"].contains(&folder) {
            return None;
        }
        let message =
            format!("Programs started from the desktop do not find {path}, because their PATH does not name {folder}.");
        let text = helper.entry.text().replacen(&helper.program.name, path, 1);
        let finding = Finding::new(&GUI_PATH, message).seen(helper.entry.evidence()).fix(remedies::replace_value(
            &helper.entry,
            "Name the program with its folder",
            &text,
        ));
        Some(if self.terminal { finding.at_most(Severity::Note) } else { finding })
    }

    fn provide(&self, helper: &Helper) -> Fix {
        match (helper.aws(), self.os) {
            (None, _) => {
                Fix::manual(format!("Install {}, or remove this helper from the configuration", helper.program.name))
            }
            (Some(_), Os::MacOs) => Fix::manual("Install the AWS CLI").run(["brew", "install", "awscli"]),
            (Some(_), Os::Windows) => {
                Fix::manual("Install the AWS CLI, version 2").run(["winget", "install", "--id", "Amazon.AWSCLI"])
            }
            (Some(_), Os::Linux) => {
                Fix::manual("Install the AWS CLI, or write its full path into the helper").docs(docs::TROUBLE_HELPER)
            }
        }
    }
}
