use super::*;
use crate::finding::Severity;
use std::time::SystemTime;

const URL: &str = "https://git-codecommit.us-east-2.amazonaws.com/v1/repos/MyDemoRepo";
const FORBIDDEN: &str = "fatal: unable to access 'https://h/': The requested URL returned error: 403";

fn answer(status: u16, exception: &str, message: &str) -> ServerAnswer {
    let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    ServerAnswer {
        status,
        exception: some(exception),
        message: some(message),
        request_id: some("42"),
        ..ServerAnswer::default()
    }
}

fn judge(access: &Access, user: &str) -> Verdict {
    let shape = Shape::of(user, Some("x"), SystemTime::now());
    View {
        access,
        url: &CloneUrl::read(URL),
        offered: Some(&shape),
        account: Some("999999999999"),
        allowed_by_iam: false,
        profile: Some("dev"),
    }
    .judge()
}

fn failing(said: &str, refusal: Option<ServerAnswer>) -> Finding {
    let access = Access { read: Read::Failed(said.to_owned()), refusal, push: None };
    judge(&access, "ann-at-111122223333").findings.remove(0)
}

#[test]
fn reading_is_enough_and_a_refused_push_is_a_warning() {
    let works = |push| judge(&Access { read: Read::Works(2), refusal: None, push }, "ann-at-111122223333");
    assert_eq!(works(None).ids(), Vec::<&str>::new());
    assert_eq!(works(Some(answer(200, "", ""))).ids(), Vec::<&str>::new());
    assert_eq!(works(Some(answer(503, "", ""))).ids(), Vec::<&str>::new(), "a failing server refuses nobody");
    let refused = works(Some(answer(403, "AccessDeniedException", "no")));
    assert_eq!((refused.ids(), refused.severity()), (vec!["git-cannot-push"], Some(Severity::Warning)));
    assert!(format!("{:?}", refused.findings[0].fixes).contains("codecommit:GitPush"));
}

#[test]
fn the_server_s_words_are_told_with_the_way_out_that_they_point_to() {
    let denied =
        "User: arn:aws:iam::111122223333:user/ann is not authorized to perform: codecommit:GitPull on resource: x";
    for (refusal, message, fix) in [
        (
            answer(403, "AccessDeniedException", denied),
            "no policy allows",
            "arn:aws:codecommit:us-east-2:111122223333:MyDemoRepo",
        ),
        (
            answer(403, "UnrecognizedClientException", "invalid"),
            "does not accept the Git credential ann-at-111122223333",
            "Reset the password",
        ),
        (answer(404, "RepositoryDoesNotExistException", "no"), "MyDemoRepo: ", "account 111122223333"),
        (answer(404, "RepositoryDoesNotExistException", "no"), "MyDemoRepo: ", "\"--profile\", \"dev\""),
        (answer(429, "", ""), "403", "Wait"),
    ] {
        let said = if message == "403" { FORBIDDEN.to_owned() } else { format!("{FORBIDDEN}\nfatal: more") };
        let finding = failing(&said, Some(refusal));
        assert_eq!(finding.kind.id, "git-cannot-read");
        assert!(message == "403" || finding.message.contains(message), "{}", finding.message);
        assert!(format!("{:?}", finding.fixes).contains(fix), "{:?}", finding.fixes);
        assert!(finding.evidence.iter().any(|seen| seen.text.contains("request 42")));
    }
}

#[test]
fn without_an_answer_git_s_words_stand() {
    let lost = failing("fatal: unable to access 'https://h/': Could not resolve host: h", None);
    assert!(lost.evidence[0].text.contains("Could not resolve host"));
    let odd = failing("fatal: something that nobody has seen\nremote helper 'x' aborted", None);
    assert!(odd.message.ends_with("in words that the doctor does not know."), "{}", odd.message);
    let helper = failing("Traceback:\nfatal: remote helper 'codecommit' aborted session", None);
    assert_eq!(helper.evidence[0].text, "fatal: remote helper 'codecommit' aborted session");
}
