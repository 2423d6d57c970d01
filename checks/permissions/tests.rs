use super::*;
use crate::facts::access::Read;
use crate::facts::simulation::Statement;

const ARN: &str = "arn:aws:codecommit:us-east-2:111122223333:MyDemoRepo";

fn decision(action: &str, effect: Effect) -> Decision {
    Decision { action: action.into(), effect, ..Decision::default() }
}

fn permissions(pull: Decision, push: Decision) -> Permissions {
    Permissions {
        principal: Some("arn:aws:iam::111122223333:user/ann".into()),
        arn: ARN.into(),
        mfa: Mfa::Never,
        pull: Some(pull),
        push: Some(push),
        ..Permissions::default()
    }
}

fn allowed() -> Permissions {
    permissions(decision(PULL, Effect::Allowed), decision(PUSH, Effect::Allowed))
}

fn with_pull(pull: Decision) -> Permissions {
    Permissions { pull: Some(pull), ..allowed() }
}

fn answer(status: u16, message: &str) -> ServerAnswer {
    ServerAnswer {
        status,
        exception: Some("AccessDeniedException".into()),
        message: (!message.is_empty()).then(|| message.to_owned()),
        ..ServerAnswer::default()
    }
}

fn fails(refusal: ServerAnswer) -> Access {
    Access { read: Read::Failed("fatal: 403".into()), refusal: Some(refusal), push: None }
}

fn reads(push: Option<ServerAnswer>) -> Access {
    Access { read: Read::Works(1), refusal: None, push }
}

fn judge(permissions: &Permissions, access: Option<&Access>) -> Result<Verdict, Gap> {
    View { permissions, access, is_private: false }.judge()
}

fn one(permissions: &Permissions, access: Option<&Access>) -> Finding {
    let verdict = judge(permissions, access).unwrap();
    assert_eq!(verdict.findings.len(), 1, "{verdict:?}");
    verdict.findings[0].clone()
}

fn explicit(statement: &str, kind: &str) -> Decision {
    let statement =
        Statement { policy: statement.into(), kind: kind.into(), span: Some(((1, 15), (1, 90))), text: None };
    Decision { statements: vec![statement], ..decision(PULL, Effect::ExplicitDeny) }
}

fn missing(decision: Decision, key: &str) -> Decision {
    Decision { missing_context: vec![key.into()], ..decision }
}

#[test]
fn what_is_allowed_is_fine() {
    assert_eq!(judge(&allowed(), None).unwrap().ids(), Vec::<&str>::new());
}

#[test]
fn each_kind_of_policy_has_its_finding() {
    let implicit = || decision(PULL, Effect::ImplicitDeny);
    for (pull, id, word) in [
        (implicit(), "pull-denied", "Nothing allows"),
        (
            explicit("user_ann_NoPull", "IAM Policy"),
            "explicit-deny",
            "The inline policy user_ann_NoPull explicitly denies",
        ),
        (
            Decision { boundary_allows: Some(false), ..implicit() },
            "boundary-or-scp",
            "The permissions boundary does not allow",
        ),
        (
            Decision { boundary_allows: Some(false), ..explicit("Edge", "Permissions Boundary Policy") },
            "boundary-or-scp",
            "The permissions boundary Edge explicitly denies",
        ),
        (
            Decision { organization_allows: Some(false), ..decision(PULL, Effect::ExplicitDeny) },
            "boundary-or-scp",
            "A service control policy of the organization explicitly denies",
        ),
        (Decision { organization_allows: Some(false), ..implicit() }, "boundary-or-scp", "does not allow"),
    ] {
        let finding = one(&with_pull(pull), None);
        assert_eq!((finding.kind.id, finding.severity), (id, Severity::Error));
        assert!(finding.message.contains(word) && finding.message.contains(ARN), "{}", finding.message);
        let json = format!("{:?}", finding.fixes[0].steps);
        assert!(json.contains("Effect") && json.contains(ARN) || json.contains("aws:PrincipalArn"), "{json}");
    }
}

#[test]
fn mfa_is_the_reason_only_where_it_would_help() {
    let denied = missing(explicit("user_ann_Mfa", "IAM Policy"), "aws:MultiFactorAuthPresent");
    let helped = vec![decision(PULL, Effect::Allowed), decision(PUSH, Effect::Allowed)];
    let finding = one(&Permissions { with_mfa: helped.clone(), ..with_pull(denied.clone()) }, None);
    assert_eq!((finding.kind.id, finding.severity), ("mfa-required-by-policy", Severity::Error));
    assert!(finding.message.contains("never carries it"), "{}", finding.message);
    let not_helped = vec![decision(PULL, Effect::ExplicitDeny)];
    let finding = one(&Permissions { with_mfa: not_helped, ..with_pull(denied.clone()) }, None);
    assert_eq!(finding.kind.id, "explicit-deny");
    // A session may have been begun with it.
    let session = Permissions { with_mfa: helped, mfa: Mfa::Unknown, ..with_pull(denied) };
    assert_eq!(one(&session, None).severity, Severity::Warning);
}

/// The same with the statement's text read.
fn read(decision: Decision, text: &str) -> Decision {
    let mut decision = decision;
    decision.statements[0].text = Some(text.to_owned());
    decision
}

const OFFICE: &str = r#"{"Effect": "Deny", "Action": "codecommit:Git*", "Resource": "*", "Condition": {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}}"#;

#[test]
fn the_source_network_is_a_doubt_that_git_s_failure_confirms() {
    let denied = read(missing(explicit("user_ann_Office", "IAM Policy"), "aws:SourceIp"), OFFICE);
    let finding = one(&with_pull(denied), None);
    assert_eq!(finding.kind.id, "source-network");
    assert_eq!((finding.severity, finding.ceiling), (Severity::Warning, Severity::Error));
    let json = format!("{:?}", finding.fixes[0].steps);
    assert!(
        json.contains("NotIpAddress") && json.contains("aws:PrincipalArn"),
        "the statement itself, changed: {json}"
    );

    let nothing = with_pull(missing(decision(PULL, Effect::ImplicitDeny), "aws:SourceIp"));
    let there = Permissions { would_allow: Some(vec!["aws:SourceIp".into()]), ..nothing.clone() };
    assert_eq!(one(&there, None).kind.id, "source-network");
    let unread = one(&nothing, None);
    assert_eq!((unread.kind.id, unread.severity), ("pull-denied", Severity::Warning));
    let other = Permissions { would_allow: Some(vec![]), ..nothing };
    let other = one(&other, None);
    assert_eq!((other.kind.id, other.severity), ("pull-denied", Severity::Error), "another policy looks at it");
}

#[test]
fn what_a_statement_looks_at_is_only_known_when_it_was_read() {
    let unread = missing(explicit("user_ann_Never", "IAM Policy"), "aws:SourceIp");
    assert_eq!(one(&with_pull(unread.clone()), None).kind.id, "explicit-deny");
    let plain = read(unread, r#"{"Effect": "Deny", "Action": "codecommit:*", "Resource": "*"}"#);
    let finding = one(&with_pull(plain), None);
    assert_eq!((finding.kind.id, finding.severity), ("explicit-deny", Severity::Error));
}

#[test]
fn who_can_read_is_not_told_otherwise() {
    let denied = with_pull(decision(PULL, Effect::ImplicitDeny));
    assert_eq!(judge(&denied, Some(&reads(Some(answer(200, ""))))).unwrap().ids(), Vec::<&str>::new());
}

#[test]
fn pushing_is_a_warning_at_most() {
    let no_push = permissions(decision(PULL, Effect::Allowed), decision(PUSH, Effect::ImplicitDeny));
    let unknown = Permissions { arn: ARN.into(), refused: Some("no".into()), ..Permissions::default() };
    let refused = reads(Some(answer(403, "")));
    for (permissions, access, id) in [
        (&no_push, None, "push-denied"),
        (&no_push, Some(&refused), "push-denied"),
        (&unknown, Some(&refused), "push-denied"),
    ] {
        let finding = one(permissions, access);
        assert_eq!((finding.kind.id, finding.ceiling), (id, Severity::Warning));
    }
}

#[test]
fn rules_for_branches_are_told() {
    let every = Decision { action: PUSH.into(), ..explicit("user_ann_Main", "IAM Policy") };
    let rule =
        r#"{"Effect": "Deny", "Condition": {"StringEqualsIfExists": {"codecommit:References": "refs/heads/main"}}}"#;
    let every = read(missing(every, "codecommit:References"), rule);
    let finding = one(&Permissions { push: Some(every), ..allowed() }, Some(&reads(Some(answer(403, "")))));
    assert_eq!(finding.kind.id, "branch-condition");
    assert!(finding.message.contains("every push"));
    let pull_only = missing(decision(PUSH, Effect::ImplicitDeny), "codecommit:References");
    assert_eq!(one(&Permissions { push: Some(pull_only), ..allowed() }, None).kind.id, "push-denied");
    let branch = Some(("refs/heads/main".to_owned(), decision(PUSH, Effect::ExplicitDeny)));
    let finding = one(&Permissions { branch, ..allowed() }, Some(&reads(Some(answer(200, "")))));
    assert!(finding.message.contains("refs/heads/main"), "{}", finding.message);
}

#[test]
fn codecommit_s_own_words_count_where_no_simulation_knows() {
    let said =
        |clause: &str| format!("User: x is not authorized to perform: codecommit:GitPull on resource: {ARN} {clause}");
    let unknown = Permissions { arn: ARN.into(), refused: Some("no".into()), ..Permissions::default() };
    for (clause, id) in [
        ("with an explicit deny in a VPC endpoint policy", "endpoint-policy"),
        ("because no VPC endpoint policy allows the codecommit:GitPull action", "endpoint-policy"),
        ("with an explicit deny in a resource control policy", "boundary-or-scp"),
        ("with an explicit deny in a service control policy: arn:aws:organizations::1:policy/o/p", "boundary-or-scp"),
        ("because no permissions boundary allows the codecommit:GitPull action", "boundary-or-scp"),
        ("because no session policy allows the codecommit:GitPull action", "pull-denied"),
        ("with an explicit deny in a session policy", "explicit-deny"),
        ("with an explicit deny in an identity-based policy", "explicit-deny"),
        ("because no identity-based policy allows the codecommit:GitPull action", "pull-denied"),
    ] {
        for permissions in [&allowed(), &unknown] {
            assert_eq!(one(permissions, Some(&fails(answer(403, &said(clause))))).kind.id, id, "{clause}");
        }
    }
    let kms = "User: x is not authorized to perform: kms:Decrypt on resource: k with an explicit deny in a service control policy";
    assert!(matches!(judge(&unknown, Some(&fails(answer(403, kms)))), Err(Gap::Unknown(_))));
}

#[test]
fn a_refusal_that_nothing_explains_is_unknown_except_through_a_vpc_endpoint() {
    let refused = fails(answer(403, ""));
    assert!(matches!(judge(&allowed(), Some(&refused)), Err(Gap::Unknown(why)) if why.contains("session policy")));
    let permissions = allowed();
    let verdict = View { permissions: &permissions, access: Some(&refused), is_private: true }.judge().unwrap();
    assert_eq!(verdict.ids(), ["endpoint-policy"]);
}

#[test]
fn without_a_simulation_it_is_unknown_and_says_what_is_missing() {
    let refused = Some("iam:SimulatePrincipalPolicy on x: AccessDenied".to_owned());
    let unknown = Permissions { refused, ..Permissions::default() };
    assert!(matches!(judge(&unknown, None), Err(Gap::Unknown(why)) if why.contains("iam:SimulatePrincipalPolicy")));
    let works = reads(Some(answer(200, "")));
    assert_eq!(judge(&unknown, Some(&works)).unwrap().ids(), Vec::<&str>::new());
}
