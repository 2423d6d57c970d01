//! Each way of having no credentials, or others than the person thinks: what is said, and the way out.

use super::{
    ENV_SHADOWS, EXPIRED, INCOMPLETE, INSTANCE_UNREACHABLE, LEGACY_STS, LOGIN_NEEDED, LOGIN_UNSUPPORTED, MFA_NEEDED,
    NONE, PARSE_ERROR, PROCESS_FAILED, PROCESS_UNSTABLE, PROFILE_MISSING, REGION_IGNORED, ROLE_REFUSED, SOURCE_MISSING,
    SOURCE_REFUSED, SSO_EXPIRED, SSO_NEVER, TOKEN_MISSING, View,
};
use crate::check::Gap;
use crate::docs;
use crate::facts::credentials::{Doubts, Flaw, Found, SsoProblem};
use crate::finding::{Evidence, Finding, Fix, Severity};
use crate::remedies::environment::unset;
use crate::shape::span;

impl View<'_> {
    pub(super) fn missing_profile(&self) -> Finding {
        let (choice, profiles) = (self.choice(), self.profiles);
        let profile = &choice.profile;
        if profile.is_empty() {
            let variable = choice.from.source.as_str();
            let message = format!("{variable} is set and empty, so the AWS tools look for a profile without a name.");
            let seen = Evidence::new(variable, "empty");
            return Finding::new(&PROFILE_MISSING, message).seen(seen).fix(unset(self.os, &[variable]));
        }
        let message =
            format!("There is no profile {profile} in {} or {}.", profiles.config_file, profiles.credentials_file);
        let mut finding = Finding::new(&PROFILE_MISSING, message).seen(choice.from.clone());
        if let Some(slip) = profiles.without_prefix.iter().find(|slip| slip.text == format!("[{profile}]")) {
            let fix = Fix::manual(format!("Write [profile {profile}] instead of [{profile}] in {}", slip.source));
            finding = finding.seen(slip.clone()).fix(fix);
        }
        match profiles.nearest(profile) {
            Some(near) => finding.fix(Fix::manual(format!("Use the profile {near}, if that is meant"))),
            None => {
                finding.fix(Fix::manual("Create the profile").run(["aws", "configure", "sso", "--profile", profile]))
            }
        }
    }

    pub(super) fn none(&self) -> Finding {
        let (choice, profiles) = (self.choice(), self.profiles);
        let profile = &choice.profile;
        let message = format!("No AWS credentials are found for profile {profile}, so nothing can be signed.");
        let looked = format!("environment, {}, {}", profiles.credentials_file, profiles.config_file);
        let set_up =
            Fix::manual("Set up credentials for the profile").run(["aws", "configure", "sso", "--profile", profile]);
        Finding::new(&NONE, message)
            .seen(choice.from.clone())
            .seen(Evidence::new("looked in", looked))
            .fix(set_up)
            .fix(Fix::manual("Use Git credentials instead, which need none").docs(docs::SETUP_GIT_CREDENTIALS))
    }

    pub(super) fn flawed(&self, flaw: &Flaw) -> Finding {
        match flaw {
            Flaw::Source { why, seen, near } => {
                let message = format!("Profile {} builds on the profile {why}.", self.choice().profile);
                let fix = match near {
                    Some(near) => Fix::manual(format!("Name the profile {near} there, if that is meant")),
                    None => Fix::manual(format!("Name a profile that has credentials in {}", place(seen))),
                };
                Finding::new(&SOURCE_MISSING, message).seen(seen.clone()).fix(fix.docs(docs::AWS_ROLES))
            }
            Flaw::Incomplete { why, seen } => incomplete(why, seen),
        }
    }

    pub(super) fn expired(&self, text: &str, seen: &Evidence) -> Finding {
        let message = format!("The AWS credentials of profile {} have run out.", self.choice().profile);
        let fix =
            Fix::manual("Get new ones from wherever these came from: an SSO login, a single-sign-on tool, the console");
        Finding::new(&EXPIRED, message).seen(seen.clone()).seen(Evidence::new("credentials", text)).fix(fix)
    }

    pub(super) fn token_missing(&self, seen: &Evidence) -> Finding {
        let message =
            format!("Profile {} has a temporary access key without its session token.", self.choice().profile);
        let fix = Fix::manual(
            "Set aws_session_token (or AWS_SESSION_TOKEN) together with the key, as whoever gave the key shows it",
        );
        Finding::new(&TOKEN_MISSING, message).seen(seen.clone()).fix(fix)
    }

    /// At a terminal the AWS tools ask for the code; in CI and in desktop programs nobody can answer.
    pub(super) fn mfa_needed(&self, serial: &str, seen: &Evidence) -> Finding {
        let profile = &self.choice().profile;
        let message = format!("Profile {profile} needs an MFA code of {serial}, and no session with one is kept.");
        let begin = Fix::manual("Begin a session first, which the AWS CLI then keeps").run([
            "aws",
            "sts",
            "get-caller-identity",
            "--profile",
            profile,
        ]);
        let finding = Finding::new(&MFA_NEEDED, message).seen(seen.clone()).fix(begin);
        if self.has_terminal { finding.at_most(Severity::Warning) } else { finding }
    }

    pub(super) fn process_failed(&self, why: &str, seen: &Evidence) -> Finding {
        let message = format!("The credential_process of profile {} {why}.", self.choice().profile);
        let fix = Fix::manual(
            "Run the command by itself: it must print JSON with Version, AccessKeyId, SecretAccessKey and SessionToken, and ask nothing",
        );
        Finding::new(&PROCESS_FAILED, message).seen(seen.clone()).fix(fix.docs(docs::AWS_PROCESS))
    }

    /// The keys that should assume the role are not good; what else AWS says of them is not known to mean anything.
    pub(super) fn source_refused(&self, said: &Evidence, seen: &Evidence) -> Result<Finding, Gap> {
        let says = |words: &[&str]| words.iter().any(|word| said.text.contains(word));
        if says(&["Signature expired", "Signature not yet current"]) {
            return Err(Gap::blocked("clock", "AWS refuses the signature because of its time"));
        }
        if !says(&["InvalidClientTokenId", "UnrecognizedClient", "InvalidAccessKeyId", "SignatureDoesNotMatch"]) {
            return Err(Gap::unknown(format!("{} answers {}", said.source, said.text)));
        }
        let profile = &self.choice().profile;
        let message = format!("AWS does not accept the keys with which profile {profile} should assume its role.");
        let fix = Fix::manual("Store the right access key and secret for the profile that source_profile names")
            .docs(docs::AWS_ROLES);
        Ok(Finding::new(&SOURCE_REFUSED, message).seen(said.clone()).seen(seen.clone()).fix(fix))
    }

    pub(super) fn role_refused(&self, role: &str, said: &Evidence, seen: &Evidence) -> Finding {
        let message = format!("AWS does not give profile {} the role {role}.", self.choice().profile);
        let allow = crate::policy::allow(&["sts:AssumeRole"], role);
        let fix = Fix::manual("See that the role's trust policy names this identity, and that this statement is in a policy of the identity")
            .instruct(allow)
            .docs(docs::AWS_ROLES);
        Finding::new(&ROLE_REFUSED, message).seen(said.clone()).seen(seen.clone()).fix(fix)
    }

    pub(super) fn login(&self, begun: bool, cache: &str, seen: &Evidence) -> Finding {
        let profile = &self.choice().profile;
        let message = if begun {
            format!("The session of aws login of profile {profile} has run out.")
        } else {
            format!("There is no session of aws login for profile {profile} on this machine.")
        };
        let kept = Evidence::new(cache, if begun { "expired session" } else { "no session" });
        let fix = Fix::manual("Log in").run(["aws", "login", "--profile", profile]);
        Finding::new(&LOGIN_NEEDED, message).seen(seen.clone()).seen(kept).fix(fix)
    }

    /// What works, and not as the person may think.
    pub(super) fn doubts(&self, doubts: &Doubts, found: &Found) -> Vec<Finding> {
        let profile = &self.choice().profile;
        let mut findings = Vec::new();
        if let Some(named) = &doubts.shadowed {
            let message =
                format!("The keys in the environment are used, although {} names the profile {profile}.", named.source);
            let unset = unset(self.os, &["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"]);
            let key = Evidence::new("AWS_ACCESS_KEY_ID", &found.key_id);
            let finding = Finding::new(&ENV_SHADOWS, message).seen(key).seen(named.clone()).fix(unset);
            findings.push(finding.at_most(Severity::Warning));
        }
        if let Some(setting) = &doubts.legacy_sts {
            let message = "The session comes from the global STS endpoint, and a region that has to be switched on does not accept it.";
            let fix = Fix::manual(format!("Set sts_regional_endpoints = regional for profile {profile}"))
                .run(["aws", "configure", "set", "sts_regional_endpoints", "regional", "--profile", profile])
                .docs(docs::STS_REGIONS);
            findings.push(Finding::new(&LEGACY_STS, message).seen(setting.clone()).fix(fix).at_most(Severity::Warning));
        }
        if let Some(variable) = &doubts.region_ignored {
            let message = "Only AWS_REGION names a region, and git-remote-codecommit reads AWS_DEFAULT_REGION.";
            let fix = Fix::manual(
                "Name the region in the URL (codecommit::REGION://REPOSITORY), in the profile or in AWS_DEFAULT_REGION",
            )
            .docs(docs::TROUBLE_GRC);
            findings.push(
                Finding::new(&REGION_IGNORED, message).seen(variable.clone()).fix(fix).at_most(Severity::Warning),
            );
        }
        if let Some(session) = &doubts.login_through_grc {
            let message = format!(
                "Profile {profile} signs in with aws login, which git-remote-codecommit only knows with a new botocore[crt]."
            );
            let fix = Fix::manual(
                "Upgrade it where git-remote-codecommit is installed: pip install --upgrade \"botocore[crt]\"",
            )
            .docs(docs::AWS_LOGIN);
            findings.push(Finding::new(&LOGIN_UNSUPPORTED, message).seen(session.clone()).fix(fix));
        }
        if found.unstable {
            let message = format!(
                "The credential_process of profile {profile} gives another access key each time, so a signature can mix two."
            );
            let fix = Fix::manual("Have the program keep its answer until it runs out, and say so in Expiration")
                .docs(docs::AWS_PROCESS);
            let finding = Finding::new(&PROCESS_UNSTABLE, message);
            findings.push(found.seen.iter().cloned().fold(finding, Finding::seen).fix(fix));
        }
        // Whoever does not sign is not concerned.
        if self.method.method.signs() {
            return findings;
        }
        findings.into_iter().map(|finding| finding.never_above(Severity::Note)).collect()
    }
}

/// A file and line, or whatever else the evidence is of.
fn place(seen: &Evidence) -> String {
    match seen.line {
        Some(line) => format!("{}, line {line}", seen.source),
        None => seen.source.clone(),
    }
}

pub(super) fn incomplete(why: &str, seen: &Evidence) -> Finding {
    let fix = Fix::manual(format!("Complete or correct what stands at {}", place(seen))).docs(docs::AWS_FILES);
    Finding::new(&INCOMPLETE, why).seen(seen.clone()).fix(fix)
}

pub(super) fn unreadable(seen: &Evidence) -> Finding {
    let line = seen.line.map(|line| format!(" at line {line}")).unwrap_or_default();
    let message = format!("{} cannot be parsed{line}, so no AWS tool finds its profiles.", seen.source);
    Finding::new(&PARSE_ERROR, message).seen(seen.clone()).fix(Fix::manual(format!("Correct {}{line}", seen.source)))
}

pub(super) fn instance_unreachable(why: &str) -> Finding {
    let message = "This container cannot reach the instance metadata service, which gives the instance's role.";
    let fix = Fix::manual("Raise the hop limit of the instance's metadata options to 2")
        .run([
            "aws",
            "ec2",
            "modify-instance-metadata-options",
            "--http-put-response-hop-limit",
            "2",
            "--instance-id",
            "INSTANCE",
        ])
        .docs(docs::INSTANCE_METADATA);
    Finding::new(&INSTANCE_UNREACHABLE, message).seen(Evidence::new("instance metadata", why)).fix(fix)
}

pub(super) fn sso(problem: &SsoProblem) -> Finding {
    let SsoProblem { profile, session, expired, configured, cache } = problem;
    let finding = match expired {
        Some(ago) => Finding::new(
            &SSO_EXPIRED,
            format!("The SSO session {session} of profile {profile} ran out {} ago.", span(*ago)),
        ),
        None => Finding::new(
            &SSO_NEVER,
            format!("There is no SSO login for {session} (profile {profile}) on this machine."),
        ),
    };
    let token = Evidence::new(cache, if expired.is_some() { "expired token" } else { "no token" });
    let log_in = Fix::manual("Log in").run(["aws", "sso", "login", "--profile", profile]);
    finding.seen(configured.clone()).seen(token).fix(log_in)
}
