use super::*;
use crate::facts::grc::{Botocore, Launcher};
use crate::facts::profiles::Setting;
use crate::finding::{Evidence, Severity};

const URL: &str = "codecommit::us-east-2://dev@MyDemoRepo";

/// A machine on which all is well, for tests to break.
struct Bench {
    grc: Grc,
    url: CloneUrl,
    profiles: Profiles,
    config: GitConfig,
    modules: Vec<Module>,
    variables: settings::Variables,
    bundle: Option<Bundle>,
    os: Os,
}

impl Bench {
    fn new() -> Self {
        let section = Section { name: "dev".to_owned(), settings: vec![Setting::of("region", "us-east-2")] };
        let launcher = Launcher { path: "~/.local/bin/git-remote-codecommit".to_owned(), ..Launcher::default() };
        let botocore = Botocore {
            regions: vec!["us-east-2".to_owned()],
            profiles: vec!["dev".to_owned()],
            sso_session: true,
            login: true,
            crt: true,
            ..Botocore::default()
        };
        Self {
            grc: Grc { install: Install::OnPath(launcher), python: Some(Answer::Botocore(botocore)), ..Grc::default() },
            url: CloneUrl::read(URL),
            profiles: Profiles { profiles: vec![section], ..Profiles::default() },
            config: GitConfig::default(),
            modules: Vec::new(),
            variables: settings::Variables::default(),
            bundle: None,
            os: Os::Linux,
        }
    }

    fn botocore(&mut self) -> &mut Botocore {
        match &mut self.grc.python {
            Some(Answer::Botocore(view)) => view,
            _ => unreachable!("the bench has one"),
        }
    }

    fn profile(mut self, key: &str, value: &str) -> Self {
        self.profiles.profiles[0].settings.push(Setting::of(key, value));
        self
    }

    fn verdict(&self) -> Verdict {
        let view = View {
            grc: &self.grc,
            url: Some(&self.url),
            given_region: self.url.region.as_deref(),
            profile: "dev",
            profiles: &self.profiles,
            config: &self.config,
            modules: &self.modules,
            bundle: self.bundle.as_ref(),
            variables: self.variables.clone(),
            os: self.os,
            has_terminal: true,
        };
        view.judge()
    }

    fn ids(&self) -> Vec<&'static str> {
        self.verdict().ids()
    }
}

fn missing(elsewhere: &[&str], pip_blocked: bool) -> Install {
    Install::Missing {
        elsewhere: elsewhere.iter().map(|path| (*path).to_owned()).collect(),
        pip_blocked: pip_blocked.then(|| "/usr/lib/python3.11/EXTERNALLY-MANAGED".to_owned()),
        installers: vec!["pip3".to_owned()],
    }
}

#[test]
fn a_good_installation_is_fine() {
    assert_eq!(Bench::new().ids(), Vec::<&str>::new());
}

#[test]
fn a_program_that_git_does_not_find_is_told_with_where_it_is() {
    let mut bench = Bench::new();
    bench.grc.install = missing(&["~/.local/bin/git-remote-codecommit"], true);
    let verdict = bench.verdict();
    assert_eq!(verdict.ids(), ["grc-missing"]);
    assert!(verdict.findings[0].message.contains("~/.local/bin, which is not on PATH"), "{verdict:?}");
    bench.grc.install = missing(&[], true);
    assert_eq!(bench.ids(), ["grc-missing", "grc-pip-blocked"]);
    bench.grc.install = missing(&[], false);
    assert_eq!(bench.verdict().findings[0].fixes[0].steps[0].argv().unwrap()[0], "pip3");
    bench.grc.install = Install::NotExecutable("~/bin/git-remote-codecommit".to_owned());
    assert_eq!(bench.ids(), ["grc-not-executable"]);
}

#[test]
fn a_python_that_is_gone_or_lacks_its_modules_is_told() {
    let mut bench = Bench::new();
    bench.grc.python = Some(Answer::Fails("ModuleNotFoundError: No module named 'git_remote_codecommit'".to_owned()));
    assert_eq!(bench.ids(), ["grc-broken-python"]);
    bench.grc.python = None;
    bench.grc.install = Install::OnPath(Launcher { interpreter_missing: true, ..Launcher::default() });
    assert_eq!(bench.ids(), ["grc-broken-python"]);
    bench.grc.install = Install::OnPath(Launcher::default());
    bench.grc.python = Some(Answer::Slow);
    assert_eq!(bench.ids(), Vec::<&str>::new(), "whoever is slow is not broken");
}

#[test]
fn an_old_botocore_is_told_only_for_what_it_lacks() {
    let mut bench = Bench::new();
    bench.botocore().regions = vec!["us-east-1".to_owned()];
    assert_eq!(bench.ids(), ["grc-old-botocore"]);
    bench.url = CloneUrl::read("codecommit::xx-none-1://dev@MyDemoRepo");
    assert_eq!(bench.ids(), Vec::<&str>::new(), "a region that does not exist is the URL's fault");

    let mut bench = Bench::new();
    bench.botocore().sso_session = false;
    assert_eq!(bench.ids(), Vec::<&str>::new());
    assert_eq!(bench.profile("sso_session", "corp").ids(), ["grc-old-botocore"]);

    let mut bench = Bench::new();
    bench.botocore().crt = false;
    assert_eq!(bench.profile("login_session", "arn:aws:iam::111122223333:user/ann").ids(), ["grc-login-session"]);
}

#[test]
fn profile_and_region_are_those_that_botocore_sees() {
    let mut bench = Bench::new();
    bench.botocore().profiles = vec!["prod".to_owned()];
    assert_eq!(bench.ids(), ["grc-profile-missing"]);
    let mut bench = Bench::new();
    bench.url = CloneUrl::read("codecommit://dev@MyDemoRepo");
    assert_eq!(bench.ids(), ["grc-no-region"]);
    bench.botocore().region = Some("us-east-2".to_owned());
    assert_eq!(bench.ids(), Vec::<&str>::new());
}

#[test]
fn what_git_may_not_use_is_told() {
    let mut bench = Bench::new();
    bench.variables.allowed = Some("https:ssh".to_owned());
    assert_eq!(bench.ids(), ["grc-submodule-transport"]);
    bench.variables.allowed = Some("codecommit".to_owned());
    assert_eq!(bench.ids(), ["https-helper-missing"]);
    let mut bench = Bench::new();
    bench.grc.https = Some("git-remote-http is not in /usr/lib/git-core".to_owned());
    assert_eq!(bench.ids(), ["https-helper-missing"]);
    let mut bench = Bench::new();
    bench.modules = vec![Module {
        name: "lib".to_owned(),
        url: CloneUrl::read("codecommit://lib"),
        seen: Evidence::at(".gitmodules", Some(3), "url = codecommit://lib"),
    }];
    assert_eq!((bench.ids(), bench.verdict().severity()), (vec!["grc-submodule-transport"], Some(Severity::Warning)));
}

#[test]
fn another_endpoint_is_told_where_it_is_not_one_of_the_region() {
    let mut bench = Bench::new();
    for (named, severity) in [
        ("git-codecommit-fips.us-east-2.amazonaws.com", None),
        ("git-codecommit.eu-west-1.amazonaws.com", Some(Severity::Error)),
        ("git.corp.example", Some(Severity::Warning)),
        ("", Some(Severity::Error)),
    ] {
        bench.variables.endpoint = Some(named.to_owned());
        assert_eq!(bench.verdict().severity(), severity, "{named}");
    }
    bench.variables.endpoint = None;
    bench.variables.fips = Some("true".to_owned());
    assert_eq!((bench.ids(), bench.verdict().severity()), (vec!["grc-endpoint-override"], Some(Severity::Warning)));
}

#[test]
fn a_bundle_that_cannot_be_read_matters_where_credentials_come_over_the_network() {
    let mut bench = Bench::new();
    bench.bundle = Some(Bundle {
        file: "/gone.pem".to_owned(),
        seen: Evidence::new("AWS_CA_BUNDLE", "/gone.pem"),
        why: "does not exist".to_owned(),
    });
    assert_eq!((bench.ids(), bench.verdict().severity()), (vec!["grc-ca-bundle"], Some(Severity::Warning)));
    let bench = bench.profile("sso_session", "corp");
    assert_eq!(bench.verdict().severity(), Some(Severity::Error));
}

#[test]
fn on_a_mac_desktop_programs_are_thought_of() {
    let bench = Bench { os: Os::MacOs, ..Bench::new() };
    assert_eq!((bench.ids(), bench.verdict().severity()), (vec!["grc-gui-path"], Some(Severity::Note)));
}
