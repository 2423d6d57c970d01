//! The server's answer to a request of Git's: status, and the exception in its body.

use crate::redact::redact;
use aws_smithy_xml::decode::{Document, try_data};
use serde::{Deserialize, Serialize};

/// The part of an answer that says why.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerAnswer {
    /// The status.
    pub status: u16,
    /// The name of the exception: the root element of the body.
    pub exception: Option<String>,
    /// Its `<Message>`.
    pub message: Option<String>,
    /// `x-amzn-RequestId`, by which AWS finds the request again.
    pub request_id: Option<String>,
    /// `WWW-Authenticate`.
    pub challenge: Option<String>,
    /// `Retry-After`.
    pub retry_after: Option<String>,
}

impl ServerAnswer {
    /// An answer of which only the status is known.
    pub(super) fn status(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    /// Reads an answer. `header` looks a header up.
    pub(super) fn read(status: u16, header: impl Fn(&str) -> Option<String>, body: &str) -> Self {
        let (exception, message) = exception(body);
        Self {
            status,
            exception: exception.or_else(|| header("x-amzn-errortype")),
            message: message.map(|text| redact(&text)),
            request_id: header("x-amzn-requestid"),
            challenge: header("www-authenticate"),
            retry_after: header("retry-after"),
        }
    }

    /// Whether it is about who was presented, and not about what they may do.
    #[must_use]
    pub fn is_about_who(&self) -> bool {
        const WHO: [&str; 5] =
            ["UnrecognizedClient", "InvalidClientTokenId", "InvalidSignature", "SignatureDoesNotMatch", "Expired"];
        let exception = self.exception.as_deref().unwrap_or_default();
        self.status == 401 || self.status == 403 && WHO.iter().any(|name| exception.contains(name))
    }

    /// Whether it is, or may be, about what they may do: an access-denied error, or a refusal without a word.
    #[must_use]
    pub fn is_about_permission(&self) -> bool {
        let denied = |exception: &str| exception.contains("AccessDenied") && !exception.contains("Encryption");
        self.status == 403 && self.exception.as_deref().is_none_or(denied)
    }

    /// Reads the last answer in git's own trace of its requests (`GIT_TRACE_CURL`).
    pub(super) fn overheard(trace: &str) -> Option<Self> {
        let told = |mark: &'static str| {
            trace.lines().filter_map(move |line| Some(line.split_once(mark)?.1.trim_end_matches('\r')))
        };
        let mut headers: Vec<&str> = Vec::new();
        for line in told("<= Recv header: ") {
            // Each answer begins with its status line.
            if line.starts_with("HTTP/") {
                headers.clear();
            }
            headers.push(line);
        }
        let status = headers.first()?.split(' ').nth(1)?.parse().ok()?;
        let header = |name: &str| {
            let (_, value) = headers
                .iter()
                .filter_map(|line| line.split_once(':'))
                .find(|(key, _)| key.trim().eq_ignore_ascii_case(name))?;
            Some(redact(value.trim()))
        };
        // Git writes long bodies on several lines; a page of text is no exception.
        let body: String = told("<= Recv data: ").collect();
        let xml = body.rfind("Exception>").and_then(|end| {
            let name = body[..end].rfind("</")? + 2;
            let root = format!("<{}>", &body[name..end + "Exception>".len() - 1]);
            Some(&body[body.find(&root)?..])
        });
        Some(Self::read(status, header, xml.unwrap_or_default()))
    }

    /// The answer in a few words: `status 403, AccessDeniedException: User: ... (request 1234)`.
    #[must_use]
    pub fn told(&self) -> String {
        let exception = self.exception.as_ref().map(|name| format!(", {name}")).unwrap_or_default();
        let message = self.message.as_ref().map(|text| format!(": {text}")).unwrap_or_default();
        let request = self.request_id.as_ref().map(|id| format!(" (request {id})")).unwrap_or_default();
        let challenge = self.challenge.as_ref().map(|text| format!(", asks for {text}")).unwrap_or_default();
        format!("status {}{exception}{message}{challenge}{request}", self.status)
    }
}

/// Root element and message of an error in XML, as CodeCommit and the query services write it; in JSON, `__type` and
/// `message`.
fn exception(body: &str) -> (Option<String>, Option<String>) {
    let body = body.trim();
    if let Ok(json) = serde_json::from_str::<serde_json::Value>(body) {
        let text = |name: &str| json.get(name).and_then(|value| value.as_str()).map(str::to_owned);
        let kind = text("__type").map(|kind| kind.rsplit('#').next().unwrap_or_default().to_owned());
        return (kind, text("message").or_else(|| text("Message")));
    }
    let Ok(mut document) = Document::try_from(body.as_bytes()) else { return (None, None) };
    let Ok(mut root) = document.root_element() else { return (None, None) };
    let name = root.start_el().local().to_owned();
    if !name.ends_with("Exception") && !name.contains("Error") {
        return (None, None);
    }
    let mut message = None;
    while let Some(mut child) = root.next_tag() {
        if child.start_el().local().eq_ignore_ascii_case("message") {
            message = try_data(&mut child).ok().map(|text| text.trim().to_owned());
        }
    }
    (Some(name), message)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = "<UnrecognizedClientException>\n  <Message>The security token included in the request is invalid</Message>\n</UnrecognizedClientException>\n";

    #[test]
    fn the_exception_is_read_from_every_kind_of_body() {
        let of = |body: &str| ServerAnswer::read(403, |_| None, body);
        let answer = of(BODY);
        assert_eq!(answer.exception.as_deref(), Some("UnrecognizedClientException"));
        assert_eq!(answer.message.as_deref(), Some("The security token included in the request is invalid"));
        let json = of(r#"{"__type":"com.amazonaws#AccessDeniedException","message":"no"}"#);
        assert_eq!((json.exception.as_deref(), json.message.as_deref()), (Some("AccessDeniedException"), Some("no")));
        for odd in ["", "<html><body>Sign in</body></html>", "<a", "\u{0}\u{1}", "Rate exceeded", "[]", "3"] {
            assert_eq!(of(odd), ServerAnswer { status: 403, ..ServerAnswer::default() }, "{odd:?}");
        }
    }

    #[test]
    fn git_s_trace_tells_the_last_answer() {
        let trace = "\
12:00:00.000000 http.c:845              => Send header: GET /v1/repos/x/info/refs?service=git-upload-pack HTTP/1.1\r
12:00:00.000000 http.c:845              <= Recv header: HTTP/1.1 200 Connection established\r
12:00:00.000000 http.c:845              <= Recv header: HTTP/1.1 403 Forbidden\r
12:00:00.000000 http.c:845              <= Recv header: x-amzn-RequestId: 42\r
12:00:00.000000 http.c:845              <= Recv data, 0000000107 bytes (0x0000006b)
12:00:00.000000 http.c:845              <= Recv data: <UnrecognizedClientException>.  <Message>The security token incl
12:00:00.000000 http.c:845              <= Recv data: uded in the request is invalid</Message>.</UnrecognizedClientException>.
fatal: unable to access 'https://h/': The requested URL returned error: 403";
        let answer = ServerAnswer::overheard(trace).unwrap();
        assert_eq!((answer.status, answer.request_id.as_deref()), (403, Some("42")));
        assert_eq!(answer.exception.as_deref(), Some("UnrecognizedClientException"));
        assert_eq!(answer.message.as_deref(), Some("The security token included in the request is invalid"));
        assert_eq!(ServerAnswer::overheard("fatal: nothing was asked"), None);
    }
}
