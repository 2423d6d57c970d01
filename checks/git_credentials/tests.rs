use super::*;
use crate::facts::access::ServerAnswer;
use std::time::SystemTime;

const ANN: &str = "ann-at-111122223333";

fn shape(user: &str) -> Shape {
    Shape::of(user, Some("a-password"), SystemTime::now())
}

fn listed(all: &[(&str, &str)]) -> GitCredentials {
    let one = |(name, status): &(&str, &str)| GitCredential {
        name: (*name).into(),
        status: (*status).into(),
        id: "ACCAEXAMPLE".into(),
    };
    GitCredentials::Listed(all.iter().map(one).collect())
}

fn refused(status: u16, exception: &str) -> Access {
    let refusal = ServerAnswer { status, exception: Some(exception.into()), ..ServerAnswer::default() };
    Access { read: Read::Failed("fatal: 403".into()), refusal: Some(refusal), push: None }
}

fn judge(
    shape: Option<&Shape>,
    list: &GitCredentials,
    access: Option<&Access>,
    arn: &str,
    has_repository: bool,
) -> Result<Verdict, Gap> {
    let caller = Identity::read(arn, "111122223333");
    let target = Target::default();
    View { listed: Ok(list), caller: &caller, shape, access, has_repository, from_store: false, target: &target }
        .judge()
}

fn ids(user: Option<&str>, list: &GitCredentials, access: Option<&Access>) -> Vec<&'static str> {
    let shape = user.map(shape);
    judge(shape.as_ref(), list, access, "arn:aws:iam::111122223333:user/ann", false).unwrap().ids()
}

#[test]
fn an_active_one_that_codecommit_accepts_is_fine() {
    let works = Access { read: Read::Works(1), refusal: None, push: None };
    assert_eq!(ids(Some(ANN), &listed(&[(ANN, "Active")]), Some(&works)), Vec::<&str>::new());
    assert_eq!(ids(Some(ANN), &listed(&[(ANN, "Active")]), None), Vec::<&str>::new());
    // What may be done is another matter.
    let denied = refused(403, "AccessDeniedException");
    assert_eq!(ids(Some(ANN), &listed(&[(ANN, "Active")]), Some(&denied)), Vec::<&str>::new());
}

#[test]
fn each_state_has_its_finding() {
    let who = refused(403, "UnrecognizedClientException");
    for (user, list, id) in [
        (Some(ANN), listed(&[(ANN, "Active")]), "rotated"),
        (Some(ANN), listed(&[(ANN, "Inactive")]), "inactive"),
        (Some(ANN), listed(&[(ANN, "Expired")]), "inactive"),
        (Some(ANN), listed(&[("ann+1-at-111122223333", "Active")]), "not-found"),
        (Some(ANN), listed(&[]), "not-found"),
        (None, listed(&[]), "none-generated"),
        (None, listed(&[(ANN, "Inactive")]), "inactive"),
    ] {
        assert_eq!(ids(user, &list, Some(&who)), [id], "{user:?} {list:?}");
    }
}

#[test]
fn an_inactive_one_of_another_user_is_switched_on_by_its_user_s_name() {
    let who = refused(403, "UnrecognizedClientException");
    let (bob, list) = (shape("bob+1-at-111122223333"), listed(&[("bob+1-at-111122223333", "Inactive")]));
    let verdict = judge(Some(&bob), &list, Some(&who), "arn:aws:iam::111122223333:user/ann", false).unwrap();
    let command = format!("{:?}", verdict.findings[0].fixes[0].steps);
    assert!(command.contains("ACCAEXAMPLE") && command.contains("\"--user-name\", \"bob\""), "{command}");
}

#[test]
fn who_can_have_none_is_told_so() {
    for arn in ["arn:aws:iam::111122223333:root", "arn:aws:sts::111122223333:assumed-role/Dev/ann"] {
        assert_eq!(judge(None, &listed(&[]), None, arn, false).unwrap().ids(), ["not-possible"]);
    }
}

#[test]
fn one_of_another_account_is_wrong_only_where_the_repository_is_here() {
    let missing = refused(404, "RepositoryDoesNotExistException");
    let other = shape("ann-at-444455556666");
    let arn = "arn:aws:iam::111122223333:user/ann";
    let verdict = judge(Some(&other), &listed(&[]), Some(&missing), arn, true).unwrap();
    assert_eq!(verdict.ids(), ["other-account"]);
    let gap = judge(Some(&other), &listed(&[]), Some(&missing), arn, false);
    assert!(matches!(gap, Err(Gap::Unknown(_))));
}

#[test]
fn what_iam_does_not_say_is_unknown() {
    let refused = GitCredentials::Refused("iam:ListServiceSpecificCredentials: AccessDenied".into());
    for shape in [Some(shape(ANN)), None] {
        let gap = judge(shape.as_ref(), &refused, None, "arn:aws:iam::111122223333:user/ann", false);
        assert!(matches!(gap, Err(Gap::Unknown(why)) if why.contains("iam:ListServiceSpecificCredentials")));
    }
}
