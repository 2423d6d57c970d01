//! HTTP: which service a host is, and the answers that all services give alike.

use crate::world::FaultKind;
use crate::{Region, api, git, peer};
use anyhow::Result;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::io::{AsyncRead, AsyncWrite};

/// An answer.
pub(crate) type Answer = Response<Full<Bytes>>;

/// A whole request.
pub(crate) struct Asked {
    pub(crate) head: hyper::http::request::Parts,
    pub(crate) body: Bytes,
}

impl Asked {
    /// A header's value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.headers.get(name)?.to_str().ok()
    }
}

/// Serves one connection to a host.
pub(crate) async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    host: String,
    region: Arc<Region>,
) -> Result<()> {
    let host = Arc::new(host);
    let service = service_fn(move |request: Request<Incoming>| {
        let (host, region) = (Arc::clone(&host), Arc::clone(&region));
        async move {
            answer(request, &host, &region)
                .await
                .ok_or_else(|| std::io::Error::from(std::io::ErrorKind::ConnectionReset))
        }
    });
    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await?;
    Ok(())
}

/// The answer; none when the connection is to be cut instead.
async fn answer(request: Request<Incoming>, host: &str, region: &Region) -> Option<Answer> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let asked = Asked { head, body };
    let mut answer = match region.world.fault(host) {
        Some(FaultKind::Status { status }) => plain(*status, "text/plain", "the lab was told to answer so"),
        Some(FaultKind::Portal) => {
            let mut page = plain(302, "text/html", "<html>Sign in to the network</html>");
            if let Ok(value) = "http://login.corp.example/".parse() {
                page.headers_mut().insert("location", value);
            }
            return Some(page);
        }
        _ if host.contains("git-codecommit") => git::answer(&asked, host, region).await,
        _ => match region.peer {
            Some(peer) => peer::answer(asked, host, peer, region).await?,
            None => api::answer(&asked, host, region)?,
        },
    };
    sign_off(&mut answer, region);
    Some(answer)
}

/// What AWS puts on every answer: a request id and its own time.
fn sign_off(answer: &mut Answer, region: &Region) {
    static NUMBER: AtomicU64 = AtomicU64::new(1);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let headers = answer.headers_mut();
    for (name, value) in [
        ("x-amzn-requestid", format!("00000000-0000-4000-8000-{number:012}")),
        ("date", httpdate::fmt_http_date(region.world.now())),
    ] {
        if let Ok(value) = value.parse() {
            headers.insert(name, value);
        }
    }
}

/// An answer with a status and a text.
pub(crate) fn plain(status: u16, kind: &'static str, text: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(text.into()));
    *answer.status_mut() = hyper::StatusCode::from_u16(status).unwrap_or(hyper::StatusCode::INTERNAL_SERVER_ERROR);
    answer.headers_mut().insert("content-type", hyper::header::HeaderValue::from_static(kind));
    answer
}
