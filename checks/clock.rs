//! The clock agrees with AWS.

use crate::check::{Check, Gap, Group, Verdict};
use crate::docs;
use crate::facts::caller::Caller;
use crate::finding::{Evidence, Finding, FindingKind, Fix, Severity};
use crate::machine::Os;
use crate::needs::Needs;
use crate::shape::{compact_time, span};
use regex_lite::Regex;
use std::sync::LazyLock;

/// The check.
pub(super) static CHECK: Check = Check {
    id: "clock",
    title: "The clock agrees with AWS",
    group: Group::Network,
    explain: include_str!("clock.md"),
    findings: &[&SKEW],
    needs: Needs {
        actions: &[],
        reads_policies: false,
        hosts: &["git-codecommit.REGION.amazonaws.com", "sts.REGION.amazonaws.com"],
        files: &[],
    },
    judge: |facts| {
        Box::pin(async move {
            facts.online()?;
            let (probe, caller, method) = tokio::join!(facts.endpoint(), facts.caller(), facts.method());
            let from_date = probe
                .as_ref()
                .ok()
                .and_then(|probe| Some((probe.skew?, Evidence::new("Date header", probe.host.as_str()))));
            let from_error = caller.ok().and_then(|caller| match caller {
                Caller::Refused { message, .. } => {
                    Some((skew_in(message)?, Evidence::new("sts:GetCallerIdentity", message.as_str())))
                }
                Caller::Known(_) => None,
            });
            let Some((skew, seen)) = from_error.or(from_date) else {
                return Err(match probe {
                    Ok(probe) if probe.banner.is_some() => Gap::not_applicable("SSH does not depend on the clock"),
                    Ok(probe) if probe.is_reachable() => Gap::unknown("no answer carried a time to compare with"),
                    Ok(_) => Gap::blocked("endpoint", "the endpoint cannot be reached"),
                    Err(gap) => gap,
                });
            };
            Ok(judge(skew, seen, method.is_ok_and(|decision| decision.method.signs()), facts.machine.os()))
        })
    },
};

static SKEW: FindingKind =
    FindingKind::error("clock-skew", "This machine's clock is wrong", &["C49"], docs::TROUBLE_HELPER);

/// From this difference on, services refuse signatures; some allow 15 minutes, some only 5.
const TOLERATED: i64 = 5 * 60;

fn judge(skew: i64, seen: Evidence, signs: bool, os: Os) -> Verdict {
    if skew.abs() <= TOLERATED {
        let about = if skew.abs() <= 2 { "agrees with AWS".to_owned() } else { format!("is {} off", span(skew)) };
        return Verdict::new(format!("the clock {about}"), vec![]);
    }
    let which = if skew > 0 { "ahead of" } else { "behind" };
    let so = if signs { "so AWS refuses what it signs" } else { "which Git does not mind here, and the AWS tools do" };
    let message = format!("This machine's clock is {} {which} AWS's, {so}.", span(skew));
    let fix = Fix::review("Set the clock");
    let fix = match os {
        Os::Linux => fix.run(["sudo", "timedatectl", "set-ntp", "true"]).instruct("In WSL2: sudo hwclock -s"),
        Os::MacOs => fix.run(["sudo", "sntp", "-sS", "time.apple.com"]),
        Os::Windows => fix.run(["w32tm", "/resync"]),
    };
    let finding = Finding::new(&SKEW, message).seen(seen).fix(fix);
    let finding = if signs { finding } else { finding.never_above(Severity::Warning) };
    Verdict::new(format!("the clock is {} {which} AWS's", span(skew)), vec![finding])
}

/// The difference that AWS itself names: "Signature expired: T1 is now earlier than T2 (T3 - 15 min.)", where T1 is ours and
/// T3 is AWS's. Seconds, positive when this machine is ahead.
fn skew_in(message: &str) -> Option<i64> {
    static TIMES: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"Signature (?:expired|not yet current): (\d{8}T\d{6}Z) is .+? \((\d{8}T\d{6}Z) [-+] \d+ min").ok()
    });
    let found = TIMES.as_ref()?.captures(message)?;
    Some(compact_time(&found[1])? - compact_time(&found[2])?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(skew: i64, signs: bool) -> Verdict {
        judge(skew, Evidence::new("Date header", "h"), signs, Os::Linux)
    }

    #[test]
    fn a_clock_that_is_nearly_right_is_fine() {
        for skew in [0, 2, -120, 300] {
            assert_eq!(verdict(skew, true).ids(), Vec::<&str>::new());
        }
    }

    #[test]
    fn a_wrong_clock_stops_those_who_sign() {
        assert_eq!(verdict(-3600, true).severity(), Some(Severity::Error));
        assert_eq!(verdict(86_400, false).severity(), Some(Severity::Warning));
    }

    #[test]
    fn aws_s_own_words_name_the_difference() {
        let slow =
            "Signature expired: 20180806T044229Z is now earlier than 20180806T191638Z (20180806T193138Z - 15 min.)";
        assert_eq!(skew_in(slow), Some(-(14 * 3600 + 49 * 60 + 9)));
        let fast = "Signature not yet current: 20260101T010000Z is still later than 20260101T001500Z (20260101T000000Z + 15 min.)";
        assert_eq!(skew_in(fast), Some(3600));
        assert_eq!(skew_in("The request signature we calculated does not match"), None);
    }
}
