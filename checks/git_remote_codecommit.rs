//! git-remote-codecommit is installed, runs, and can do what the clone URL asks of it.

mod install;
mod python;
mod settings;

use crate::check::{Check, Gap, Group, Verdict};
use crate::docs;
use crate::facts::choice;
use crate::facts::git_config::GitConfig;
use crate::facts::grc::{Answer, Botocore, Bundle, Grc, Install, unreadable_bundle};
use crate::facts::modules::Module;
use crate::facts::profiles::{Profiles, Section};
use crate::finding::FindingKind;
use crate::machine::Os;
use crate::needs::Needs;
use crate::target::{CloneUrl, Protocol};

/// The check.
pub(super) static CHECK: Check = Check {
    id: "git-remote-codecommit",
    title: "git-remote-codecommit is installed and fits the clone URL",
    group: Group::Grc,
    explain: include_str!("git_remote_codecommit.md"),
    findings: &[
        &MISSING,
        &NOT_EXECUTABLE,
        &BROKEN_PYTHON,
        &PIP_BLOCKED,
        &GUI_PATH,
        &OLD_BOTOCORE,
        &LOGIN_SESSION,
        &NO_REGION,
        &PROFILE_MISSING,
        &SUBMODULE_TRANSPORT,
        &ENDPOINT_OVERRIDE,
        &CA_BUNDLE,
        &HTTPS_HELPER_MISSING,
    ],
    needs: Needs { actions: &[], reads_policies: false, hosts: &[], files: &["~/.aws/config", ".gitmodules"] },
    judge: |facts| {
        Box::pin(async move {
            let grc = facts.grc().await?;
            let target = facts.target().await?;
            let (none, nobody) = (GitConfig::default(), Profiles::default());
            let choice = choice::choose(facts).await.ok();
            let profiles = facts.profiles().await.unwrap_or(&nobody);
            let bundle = unreadable_bundle(facts).await;
            let view = View {
                grc,
                url: target.effective.as_ref().or(target.given.as_ref()),
                given_region: target.given.as_ref().and_then(|url| url.region.as_deref()),
                profile: choice.as_ref().map_or("default", |choice| choice.profile.as_str()),
                profiles,
                config: facts.git_config().await.unwrap_or(&none),
                modules: facts.modules().await.map_or(&[], Vec::as_slice),
                bundle: bundle.as_ref(),
                variables: settings::Variables::read(&facts.machine),
                os: facts.machine.os(),
                has_terminal: facts.machine.has_terminal() || facts.machine.is_ci(),
            };
            let verdict = view.judge();
            if verdict.findings.is_empty() && grc.python == Some(Answer::Slow) {
                return Err(Gap::unknown("the Python behind git-remote-codecommit gives no answer in time"));
            }
            Ok(verdict)
        })
    },
};

static MISSING: FindingKind =
    FindingKind::error("grc-missing", "Git does not find git-remote-codecommit", &["C58", "C59"], docs::SETUP_GRC);
static NOT_EXECUTABLE: FindingKind = FindingKind::error(
    "grc-not-executable",
    "The file git-remote-codecommit may not be executed",
    &["C60"],
    docs::TROUBLE_GRC,
);
static BROKEN_PYTHON: FindingKind = FindingKind::error(
    "grc-broken-python",
    "The Python behind git-remote-codecommit does not work",
    &["C60", "C61"],
    docs::TROUBLE_GRC,
);
static PIP_BLOCKED: FindingKind =
    FindingKind::note("grc-pip-blocked", "pip installs nothing into the system's Python", &["C62"], docs::TROUBLE_GRC);
static GUI_PATH: FindingKind =
    FindingKind::warning("grc-gui-path", "Desktop programs do not find it", &["C63"], docs::TROUBLE_GRC);
static OLD_BOTOCORE: FindingKind = FindingKind::error(
    "grc-old-botocore",
    "Its botocore is older than what the set-up needs",
    &["C70", "C72"],
    docs::TROUBLE_GRC,
);
static LOGIN_SESSION: FindingKind =
    FindingKind::error("grc-login-session", "Its Python cannot use `aws login`", &["C73"], docs::AWS_LOGIN);
static NO_REGION: FindingKind =
    FindingKind::error("grc-no-region", "It is not told which region", &["C69"], docs::TROUBLE_GRC);
static PROFILE_MISSING: FindingKind =
    FindingKind::error("grc-profile-missing", "It does not see the URL's profile", &["C68"], docs::TROUBLE_GRC);
static SUBMODULE_TRANSPORT: FindingKind = FindingKind::error(
    "grc-submodule-transport",
    "Git does not follow codecommit:: URLs here",
    &["C78"],
    docs::GIT_CONFIG,
);
// A warning by itself: it stops Git where the host that is named is the wrong one.
static ENDPOINT_OVERRIDE: FindingKind =
    FindingKind::error("grc-endpoint-override", "It asks another host, or not the one meant", &["C81"], docs::REGIONS);
static CA_BUNDLE: FindingKind =
    FindingKind::error("grc-ca-bundle", "Its certificate bundle cannot be read", &["C77"], docs::AWS_ENV);
static HTTPS_HELPER_MISSING: FindingKind =
    FindingKind::error("https-helper-missing", "Git cannot connect over https for it", &["C80"], docs::GIT_DOWNLOADS);

/// Everything that is looked at.
struct View<'a> {
    grc: &'a Grc,
    url: Option<&'a CloneUrl>,
    /// The region in the URL as it was given.
    given_region: Option<&'a str>,
    /// The profile that it uses.
    profile: &'a str,
    profiles: &'a Profiles,
    config: &'a GitConfig,
    modules: &'a [Module],
    /// A certificate bundle that cannot be read.
    bundle: Option<&'a Bundle>,
    variables: settings::Variables,
    os: Os,
    /// Whether this is no desktop program's run.
    has_terminal: bool,
}

impl View<'_> {
    fn judge(&self) -> Verdict {
        let mut findings = self.install();
        findings.extend(self.python());
        findings.extend(self.settings());
        Verdict::new(self.summary(), findings)
    }

    fn summary(&self) -> String {
        let Install::OnPath(launcher) = &self.grc.install else {
            return "Git cannot run git-remote-codecommit".to_owned();
        };
        match &self.grc.python {
            Some(Answer::Botocore(view)) => {
                format!("{} with Python {} and botocore {}", launcher.path, view.python, view.botocore)
            }
            _ => launcher.path.clone(),
        }
    }

    /// Whether the clone URL itself needs it, and not only a submodule.
    fn is_for_url(&self) -> bool {
        self.url.is_some_and(|url| url.protocol == Protocol::Grc)
    }

    fn section(&self) -> Option<&Section> {
        self.profiles.get(self.profile)
    }

    /// What its Python's botocore says, where it could be asked.
    fn botocore(&self) -> Option<&Botocore> {
        match &self.grc.python {
            Some(Answer::Botocore(view)) => Some(view),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
