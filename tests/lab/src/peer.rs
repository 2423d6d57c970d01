//! Somebody else's servers in the place of the lab's APIs: requests go there as they came.

use crate::Region;
use crate::server::{Answer, Asked};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use std::net::SocketAddr;
use tokio::net::TcpStream;

/// The peer's answer; none when it gives none.
pub(crate) async fn answer(asked: Asked, host: &str, peer: SocketAddr, region: &Region) -> Option<Answer> {
    region.hear(format!("peer {host}"));
    let stream = TcpStream::connect(peer).await.ok()?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.ok()?;
    tokio::spawn(connection);
    let mut request = Request::from_parts(asked.head, Full::new(asked.body));
    request.headers_mut().insert("host", host.parse().ok()?);
    let (head, body) = sender.send_request(request).await.ok()?.into_parts();
    let mut answer = Response::new(Full::new(body.collect().await.ok()?.to_bytes()));
    *answer.status_mut() = head.status;
    if let Some(kind) = head.headers.get("content-type") {
        answer.headers_mut().insert("content-type", kind.clone());
    }
    if let Some(kind) = head.headers.get("x-amzn-errortype") {
        answer.headers_mut().insert("x-amzn-errortype", kind.clone());
    }
    Some(answer)
}
