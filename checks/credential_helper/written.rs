//! What is wrong with the AWS helper as it is written.

use super::{
    AUTO_PROMPT, IGNORES_HOST, MISSING_BANG, MISSING_PROFILE, QUOTED, REGION_UNKNOWN, UNSCOPED, USE_HTTP_PATH, View,
};
use crate::docs;
use crate::facts::helpers::{AwsHelper, Helper};
use crate::finding::{ConfigChange, Finding, Fix};
use crate::remedies::helper as remedies;
use crate::target::Endpoint;

impl View<'_> {
    /// What is wrong with the AWS helper as it is written.
    pub(super) fn written(&self, helper: &Helper, aws: &AwsHelper) -> Vec<Finding> {
        let mut findings = Vec::new();
        let seen = || helper.entry.evidence();
        if aws.quoted {
            let message =
                "The helper holds quotes that do not belong there, or lost a part to them, so git cannot run it.";
            findings.push(Finding::new(&QUOTED, message).seen(seen()).fix(remedies::rewrite_aws_helper(helper, aws)));
        } else if aws.bang_missing {
            let message =
                "The helper begins with aws instead of !aws, so git looks for a program called git-credential-aws.";
            findings
                .push(Finding::new(&MISSING_BANG, message).seen(seen()).fix(remedies::rewrite_aws_helper(helper, aws)));
        }
        findings.extend(self.http_path(helper));
        findings.extend(self.host(helper, aws));
        findings.extend(self.profile(helper, aws));
        if helper.section.is_none() {
            let message = "The AWS CLI credential helper is asked for every host, not only for CodeCommit.";
            findings.push(
                Finding::new(&UNSCOPED, message)
                    .seen(seen())
                    .fix(remedies::limit_helper(helper, self.url.and_then(|url| url.host.as_deref()))),
            );
        }
        if let Some(evidence) =
            self.auto_prompt.as_ref().filter(|_| !aws.no_auto_prompt && !helper.program.python_script && !self.signs())
        {
            let message = "The AWS CLI's auto-prompt is on and swallows the question that Git asks the helper.";
            let fix = remedies::replace_value(
                &helper.entry,
                "Switch it off for the helper",
                &helper.entry.text().replace(" codecommit ", " --no-cli-auto-prompt codecommit "),
            );
            findings.push(Finding::new(&AUTO_PROMPT, message).seen(seen()).seen(evidence.clone()).fix(fix));
        }
        findings
    }

    fn http_path(&self, helper: &Helper) -> Option<Finding> {
        if self.chain.uses_http_path() {
            return None;
        }
        let message =
            "Git does not tell the AWS CLI credential helper the repository's path, because useHttpPath is not true.";
        let section = helper.section.as_ref().map(|section| format!(".{section}")).unwrap_or_default();
        let mut fix = Fix::safe("Switch it on beside the helper");
        if let Some(scope) = helper.entry.config_scope() {
            fix = fix.git_config(
                scope,
                ConfigChange::Set { key: format!("credential{section}.useHttpPath"), value: "true".into() },
            );
        }
        let finding = Finding::new(&USE_HTTP_PATH, message).seen(helper.entry.evidence());
        Some(match &self.chain.use_http_path {
            // The last entry decides: one that says no has to go.
            Some(entry) => finding.seen(entry.evidence()).fix(remedies::replace_value(
                entry,
                "Let Git tell the helper the path",
                "true",
            )),
            None => finding.fix(fix),
        })
    }

    fn host(&self, helper: &Helper, aws: &AwsHelper) -> Option<Finding> {
        let url = self.url?;
        let host = url.host.as_deref()?;
        if !aws.ignores_host && !host.contains("amazon.com") && !host.contains("amazonaws.com") {
            let message =
                format!("The AWS CLI credential helper says nothing for {host}, because its name is not one of AWS's.");
            let fix = Fix::manual(
                "Clone from the real endpoint: the signature covers the host's name, so an alias is refused",
            );
            return Some(
                Finding::new(&IGNORES_HOST, message).seen(helper.entry.evidence()).fix(fix.docs(docs::REGIONS)),
            );
        }
        if url.endpoint == Endpoint::Foreign && aws.region.is_none() && !self.region {
            let message =
                format!("The AWS CLI credential helper cannot tell the region from {host}, and none is configured.");
            let fix = remedies::replace_value(
                &helper.entry,
                "Name the region in the helper",
                &helper.entry.text().replace(" codecommit ", " --region REGION codecommit "),
            );
            return Some(Finding::new(&REGION_UNKNOWN, message).seen(helper.entry.evidence()).fix(fix));
        }
        None
    }

    fn profile(&self, helper: &Helper, aws: &AwsHelper) -> Option<Finding> {
        let profile = aws.profile.as_deref()?;
        if self.profiles.get(profile).is_some() {
            return None;
        }
        let files = (&self.profiles.config_file, &self.profiles.credentials_file);
        let message = format!("The helper's profile {profile} is in neither {} nor {}.", files.0, files.1);
        let mut finding = Finding::new(&MISSING_PROFILE, message).seen(helper.entry.evidence());
        let slip = self.profiles.without_prefix.iter().find(|slip| slip.text == format!("[{profile}]"));
        if let Some(slip) = slip {
            let fix = Fix::manual(format!("Write [profile {profile}] instead of [{profile}] in {}", slip.source));
            finding = finding.seen(slip.clone()).fix(fix);
        }
        if let Some(near) = self.profiles.nearest(profile) {
            finding = finding.fix(remedies::replace_value(
                &helper.entry,
                &format!("Use the profile {near}"),
                &helper.entry.text().replace(profile, near),
            ));
        }
        Some(finding.fix(Fix::manual("Create the profile").run(["aws", "configure", "sso", "--profile", profile])))
    }
}
