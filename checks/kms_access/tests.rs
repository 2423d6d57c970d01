use super::*;
use crate::facts::api::Refusal;
use crate::facts::simulation::Statement;

const ANN: &str = "arn:aws:iam::111122223333:user/ann";

fn judge(access: &KmsAccess, repository: Option<&Repository>) -> Result<Verdict, Gap> {
    View { access, repository, refusal: None, works: false }.judge()
}

fn decision(action: &str, effect: Effect) -> Decision {
    Decision { action: action.into(), effect, ..Decision::default() }
}

fn simulated(decisions: Vec<Decision>) -> KmsAccess {
    KmsAccess { principal: Some(ANN.into()), simulation: Some(decisions), ..KmsAccess::default() }
}

fn denial(text: &str) -> Refusal {
    Refusal::Answer { code: "AccessDeniedException".into(), message: text.into() }
}

fn customer(state: &str) -> Key {
    Key { id: "k-1".into(), aws_managed: Some(false), state: Some(state.into()), refusal: None }
}

fn ids(access: &KmsAccess) -> Vec<&'static str> {
    judge(access, None).unwrap().ids()
}

#[test]
fn an_implicit_deny_on_the_aws_managed_key_is_healthy() {
    assert_eq!(ids(&simulated(vec![decision("kms:Decrypt", Effect::ImplicitDeny)])), Vec::<&str>::new());
}

#[test]
fn an_explicit_deny_names_policy_and_place() {
    let statement = Statement { policy: "NoKms".into(), kind: "user".into(), span: Some(((3, 5), (7, 6))), text: None };
    let denied = Decision { statements: vec![statement], ..decision("kms:Decrypt", Effect::ExplicitDeny) };
    let verdict = judge(&simulated(vec![denied]), None).unwrap();
    assert_eq!((verdict.ids(), verdict.severity()), (vec!["explicit-deny"], Some(Severity::Error)));
    assert!(verdict.findings[0].message.contains("The inline policy NoKms"), "{verdict:?}");
    assert!(verdict.findings[0].evidence[1].text.contains("line 3, column 5"));
}

#[test]
fn what_depends_on_the_request_is_a_warning() {
    let denied = Decision {
        missing_context: vec!["aws:MultiFactorAuthPresent".into()],
        ..decision("kms:Decrypt", Effect::ExplicitDeny)
    };
    let verdict = judge(&simulated(vec![denied]), None).unwrap();
    assert_eq!(verdict.severity(), Some(Severity::Warning));
    assert!(verdict.findings[0].message.contains("aws:MultiFactorAuthPresent"));
}

#[test]
fn credentials_that_never_carry_mfa_leave_nothing_open() {
    let text = Some(r#"{"Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}}"#.to_owned());
    let statement = Statement { policy: "p".into(), kind: String::new(), span: None, text };
    let denied = Decision {
        statements: vec![statement],
        missing_context: vec!["aws:MultiFactorAuthPresent".into()],
        ..decision("kms:Decrypt", Effect::ExplicitDeny)
    };
    let access = KmsAccess { mfa: Mfa::Never, ..simulated(vec![denied]) };
    let verdict = judge(&access, None).unwrap();
    assert_eq!(verdict.severity(), Some(Severity::Error));
    assert!(verdict.findings[0].message.contains("without MFA"));
}

#[test]
fn what_kms_says_of_a_direct_call_counts_where_no_simulation_knows_it() {
    let spoken = |kind: &str, simulation| KmsAccess {
        direct: vec![("kms:Decrypt".into(), Some(denial(&format!("... with an explicit deny in {kind}"))))],
        ..simulation
    };
    let allowed = || simulated(vec![decision("kms:Decrypt", Effect::Allowed)]);
    // A condition on kms:ViaService is true for CodeCommit, and false for us.
    assert_eq!(ids(&spoken("an identity-based policy", allowed())), Vec::<&str>::new());
    let verdict = judge(&spoken("a resource control policy", allowed()), None).unwrap();
    assert_eq!((verdict.ids(), verdict.severity()), (vec!["explicit-deny"], Some(Severity::Note)));
}

#[test]
fn a_key_of_another_account_needs_both_policies() {
    let key = Key { id: "arn:aws:kms:us-east-2:444455556666:key/k".into(), ..customer("Enabled") };
    let text = "User: x is not authorized to perform: kms:Decrypt on resource: y because no resource-based policy allows the kms:Decrypt action";
    let access = KmsAccess {
        key: Some(key),
        account: "111122223333".into(),
        direct: vec![("kms:Decrypt".into(), Some(denial(text)))],
        ..simulated(vec![decision("kms:Decrypt", Effect::Allowed)])
    };
    let verdict = judge(&access, None).unwrap();
    assert_eq!(verdict.ids(), ["customer-key-not-allowed"]);
    assert_eq!(verdict.findings[0].fixes.len(), 1, "the identity's own policy is right");
    assert!(verdict.findings[0].fixes[0].title.contains("the key's own policy"));
}

#[test]
fn a_refusal_of_codecommit_s_on_the_default_key_is_a_denial() {
    let said = ServerAnswer {
        status: 403,
        exception: Some("EncryptionKeyAccessDeniedException".into()),
        ..ServerAnswer::default()
    };
    let of = |aws_managed| {
        let access = KmsAccess { key: Some(Key { aws_managed, ..customer("Enabled") }), ..KmsAccess::default() };
        View { access: &access, repository: None, refusal: Some(&said), works: false }.judge().unwrap().ids()
    };
    assert_eq!(of(Some(true)), ["explicit-deny"]);
    assert_eq!(of(Some(false)), ["customer-key-not-allowed"]);
}

#[test]
fn a_key_that_is_not_known_is_not_called_aws_s() {
    let unknown = Key { aws_managed: None, ..customer("Enabled") };
    let verdict = judge(&KmsAccess { key: Some(unknown), ..simulated(vec![]) }, None).unwrap();
    assert!(verdict.summary.ends_with("denies the key k-1"), "{}", verdict.summary);
}

#[test]
fn a_service_control_policy_is_named_as_one() {
    let denied = Decision { organization_allows: Some(false), ..decision("kms:Decrypt", Effect::ExplicitDeny) };
    let verdict = judge(&simulated(vec![denied]), None).unwrap();
    assert!(verdict.findings[0].message.starts_with("A service control policy"));
}

#[test]
fn without_a_simulation_only_the_exact_words_count() {
    let refused = |text: &str| KmsAccess {
        simulation_refused: Some("AccessDenied".into()),
        direct: vec![("kms:Decrypt".into(), Some(denial(text)))],
        ..KmsAccess::default()
    };
    assert_eq!(ids(&refused("... with an explicit deny in a service control policy")), ["explicit-deny"]);
    for text in [
        "because no resource-based policy allows the kms:Decrypt action",
        "or a resource-based policy explicitly denies access",
    ] {
        assert!(
            matches!(judge(&refused(text), None), Err(Gap::Unknown(why)) if why.contains("AccessDenied")),
            "{text}"
        );
    }
}

#[test]
fn a_key_in_the_wrong_state_is_found() {
    for (state, id) in [
        ("Disabled", "key-disabled"),
        ("PendingDeletion", "key-pending-deletion"),
        ("PendingImport", "key-unavailable"),
    ] {
        let access = KmsAccess { key: Some(customer(state)), ..simulated(vec![]) };
        assert_eq!(ids(&access), [id]);
    }
    let gone = Key {
        refusal: Some(Refusal::Answer { code: "NotFoundException".into(), message: String::new() }),
        ..customer("Enabled")
    };
    assert_eq!(ids(&KmsAccess { key: Some(gone), ..simulated(vec![]) }), ["key-not-found"]);
}

#[test]
fn a_customer_managed_key_must_be_allowed() {
    let refused = vec![(
        "kms:Decrypt".to_owned(),
        Some(denial("because no identity-based policy allows the kms:Decrypt action")),
    )];
    let with = |decisions, direct: &[(String, Option<Refusal>)]| KmsAccess {
        key: Some(customer("Enabled")),
        direct: direct.to_vec(),
        ..simulated(decisions)
    };
    let implicit = || vec![decision("kms:Decrypt", Effect::ImplicitDeny)];
    assert_eq!(ids(&with(implicit(), &refused)), ["customer-key-not-allowed"]);
    assert_eq!(ids(&with(implicit(), &[("kms:Decrypt".into(), None)])), Vec::<&str>::new());
    assert_eq!(ids(&with(vec![decision("kms:Decrypt", Effect::Allowed)], &refused)), Vec::<&str>::new());
}

#[test]
fn codecommit_s_own_words_are_heard() {
    for (code, id) in [
        ("EncryptionKeyAccessDeniedException", "customer-key-not-allowed"),
        ("EncryptionKeyDisabledException", "key-disabled"),
        ("EncryptionKeyNotFoundException", "key-not-found"),
        ("EncryptionKeyUnavailableException", "key-unavailable"),
    ] {
        let said = Repository::Refused { code: code.into(), message: String::new() };
        assert_eq!(judge(&simulated(vec![]), Some(&said)).unwrap().ids(), [id]);
    }
}
