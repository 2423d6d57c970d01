//! With less than a check needs it says "unknown", and never that all is well: each fault is planted, and each permission that
//! the registry names is taken away, or the connection cut at each request.

use anyhow::{Context, Result, ensure};
use codecommit_doctor::checks::ALL;
use codecommit_doctor::report::document::Document;
use codecommit_lab::Lab;
use codecommit_lab::scene::Scene;
use codecommit_lab::world::World;
use libtest_mimic::{Arguments, Failed, Trial};

const DOCTOR: &str = env!("CARGO_BIN_EXE_codecommit-doctor");
const URL: &str = "https://git-codecommit.us-east-2.amazonaws.com/v1/repos/MyDemoRepo";
const HELPER: &str = "[credential \"https://git-codecommit.*.amazonaws.com\"]\n\thelper = !aws codecommit credential-helper $@\n\tUseHttpPath = true\n";
const STORE: &str = "[credential]\n\thelper = store\n";
const STORED: &str = "https://ann-at-111122223333:Git%2BPass%2Fword%3D@git-codecommit.us-east-2.amazonaws.com\n";

/// A set-up in which one check must find something, as long as it can.
struct Fault {
    name: &'static str,
    check: &'static str,
    /// Whether the caller is a role.
    role: bool,
    /// Whether Git signs in with a stored Git credential.
    stored: bool,
    /// What the policy says beside what the doctor needs.
    statements: &'static str,
    /// The rest of the world.
    world: &'static str,
}

const REPOSITORY: &str = "[[repositories]]\nname = \"MyDemoRepo\"\n";
const GIT: &str = r#"{"Effect": "Allow", "Action": "codecommit:Git*", "Resource": "*"}"#;

const FAULTS: [Fault; 6] = [
    Fault {
        name: "repository-missing",
        check: "repository",
        role: false,
        stored: false,
        statements: GIT,
        world: "[[repositories]]\nname = \"Unrelated\"\n",
    },
    Fault {
        name: "pull-denied",
        check: "permissions",
        role: false,
        stored: false,
        statements: r#"{"Effect": "Deny", "Action": "codecommit:GitPull", "Resource": "*"}"#,
        world: REPOSITORY,
    },
    Fault {
        name: "pull-denied-to-a-role",
        check: "permissions",
        role: true,
        stored: false,
        statements: r#"{"Effect": "Deny", "Action": "codecommit:GitPull", "Resource": "*"}"#,
        world: REPOSITORY,
    },
    Fault {
        name: "kms-denied",
        check: "kms-access",
        role: false,
        stored: false,
        statements: r#"{"Effect": "Allow", "Action": "codecommit:Git*", "Resource": "*"}, {"Effect": "Deny", "Action": "kms:Decrypt", "Resource": "*"}"#,
        world: REPOSITORY,
    },
    Fault {
        name: "kms-key-disabled",
        check: "kms-access",
        role: true,
        stored: false,
        statements: r#"{"Effect": "Allow", "Action": ["codecommit:Git*", "kms:*"], "Resource": "*"}"#,
        world: "[[repositories]]\nname = \"MyDemoRepo\"\nkey = \"k-1\"\n\n[[keys]]\nid = \"k-1\"\nstate = \"Disabled\"\n",
    },
    Fault {
        name: "git-credential-inactive",
        check: "git-credentials",
        role: false,
        stored: true,
        statements: GIT,
        world: REPOSITORY,
    },
];

impl Fault {
    /// Every action that a check of AWS needs, but one.
    fn world(&self, without: Option<&str>, cut: Option<&str>) -> Result<World> {
        let needed = ALL.iter().flat_map(|check| check.needs.all_actions()).map(|action| action.name);
        let allowed: Vec<String> =
            needed.filter(|name| Some(*name) != without).map(|name| format!("\"{name}\"")).collect();
        let document = format!(
            r#"{{"Statement": [{{"Effect": "Allow", "Action": [{}], "Resource": "*"}}, {}]}}"#,
            allowed.join(", "),
            self.statements
        );
        let who = if self.role {
            "[[roles]]\nname = \"Dev\"\npath = \"/team/\"\n[roles.session]\nid = \"ASIAIOSFODNN7EXAMPLE\"\nsecret = \"roleSecret\"\ntoken = \"aToken\"\n[[roles.policies]]\n"
        } else {
            "[[users]]\nname = \"ann\"\naccess_keys = [{ id = \"AKIAIOSFODNN7EXAMPLE\", secret = \"annSecret\" }]\ngit_credentials = [{ name = \"ann-at-111122223333\", password = \"Git+Pass/word=\", active = false }]\n[[users.policies]]\n"
        };
        let cut = cut.map(|cut| format!("cut = [\"{cut}\"]\n")).unwrap_or_default();
        let text = format!("terse = true\n{cut}{who}name = \"Some\"\ndocument = '{document}'\n{}", self.world);
        World::read(&text).with_context(|| text)
    }

    fn scene(&self, lab: &Lab) -> Result<Scene> {
        let scene = Scene::new(lab)?;
        scene.file(".aws/config", "[default]\nregion = us-east-2\n")?;
        let keys = if self.role {
            "aws_access_key_id = ASIAIOSFODNN7EXAMPLE\naws_secret_access_key = roleSecret\naws_session_token = aToken\n"
        } else {
            "aws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = annSecret\n"
        };
        scene.file(".aws/credentials", &format!("[default]\n{keys}"))?;
        if self.stored {
            scene.file(".gitconfig", STORE)?;
            scene.file(".git-credentials", STORED)?;
        } else {
            scene.tool("aws")?;
            scene.file(".gitconfig", HELPER)?;
        }
        Ok(scene)
    }

    fn diagnose(&self, without: Option<&str>, cut: Option<&str>) -> Result<(Document, Vec<String>)> {
        let lab = Lab::start(self.world(without, cut)?)?;
        let scene = self.scene(&lab)?;
        let output = scene.run(DOCTOR, &["check", URL, "--format", "json"])?;
        let text = String::from_utf8_lossy(&output.stdout);
        let document = serde_json::from_str(&text)
            .with_context(|| format!("{text}{}", String::from_utf8_lossy(&output.stderr)))?;
        Ok((document, lab.heard()))
    }

    /// The check says that something is wrong.
    fn is_found(&self, document: &Document) -> bool {
        matches!(self.status(document).as_str(), "fail" | "warn")
    }

    fn status(&self, document: &Document) -> String {
        let check = document.checks.iter().find(|check| check.id == self.check);
        check.and_then(|check| serde_json::to_value(check.status).ok()?.as_str().map(str::to_owned)).unwrap_or_default()
    }

    fn play(&self) -> Result<()> {
        let (whole, heard) = self.diagnose(None, None)?;
        ensure!(self.is_found(&whole), "with everything it needs, {} is {}", self.check, self.status(&whole));

        let check = ALL.iter().find(|check| check.id == self.check).context("no such check")?;
        for action in check.needs.all_actions() {
            let (document, _) = self.diagnose(Some(action.name), None)?;
            self.is_honest(&document).with_context(|| format!("without {}", action.name))?;
        }
        let mut operations: Vec<String> =
            heard.into_iter().filter(|heard| !heard.starts_with("git ") && !heard.starts_with("proxy ")).collect();
        operations.sort();
        operations.dedup();
        for operation in operations {
            let (document, _) = self.diagnose(None, Some(&operation))?;
            self.is_honest(&document).with_context(|| format!("cut at {operation}"))?;
        }
        Ok(())
    }

    /// The report is whole, and the check does not say that all is well.
    fn is_honest(&self, document: &Document) -> Result<()> {
        ensure!(document.checks.len() == ALL.len(), "only {} checks are told", document.checks.len());
        let status = self.status(document);
        ensure!(status != "pass", "{} passes", self.check);
        for check in &document.checks {
            let crashed = check.summary.contains("panicked") || check.summary.contains("crashed");
            ensure!(!crashed, "{}: {}", check.id, check.summary);
        }
        Ok(())
    }
}

fn main() {
    let args = Arguments::from_args();
    let trials = FAULTS
        .iter()
        .map(|fault| Trial::test(fault.name, move || fault.play().map_err(|error| Failed::from(format!("{error:#}")))));
    libtest_mimic::run(&args, trials.collect()).exit();
}
