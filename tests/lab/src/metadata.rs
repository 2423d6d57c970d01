//! The metadata service of an instance (`IMDSv2`) and of a container: both give the first role's session.

use crate::Region;
use crate::server::{Answer, plain};
use crate::world::FaultKind;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::sync::Arc;
use tokio::net::TcpListener;

/// Serves until the runtime ends. A fault of the host `metadata` that is silence is what a hop too many looks like.
pub(crate) async fn serve(listener: TcpListener, region: Arc<Region>) {
    while let Ok((client, _)) = listener.accept().await {
        let region = Arc::clone(&region);
        tokio::spawn(async move {
            if region.world.fault("metadata") == Some(&FaultKind::Silence) {
                return std::future::pending().await;
            }
            let service = service_fn(move |request: Request<Incoming>| {
                let region = Arc::clone(&region);
                async move { Ok::<_, Infallible>(answer(&request, &region)) }
            });
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(client), service).await;
        });
    }
}

fn answer(request: &Request<Incoming>, region: &Region) -> Answer {
    const ROLES: &str = "/latest/meta-data/iam/security-credentials/";
    let path = request.uri().path();
    region.hear(format!("metadata {} {path}", request.method()));
    let Some(role) = region.world.roles.first() else { return plain(404, "text/plain", "no role") };
    let session = &role.session;
    let keys = serde_json::json!({
        "Code": "Success", "Type": "AWS-HMAC", "LastUpdated": "2026-01-01T00:00:00Z",
        "AccessKeyId": session.id, "SecretAccessKey": session.secret, "Token": session.token,
        "Expiration": "2099-01-01T00:00:00Z",
    });
    match path {
        "/latest/api/token" if request.method() == Method::PUT => {
            let mut token = plain(200, "text/plain", "a-metadata-token");
            let seconds = hyper::header::HeaderValue::from_static("21600");
            token.headers_mut().insert("x-aws-ec2-metadata-token-ttl-seconds", seconds);
            token
        }
        "/container" => plain(200, "application/json", keys.to_string()),
        ROLES | "/latest/meta-data/iam/security-credentials" => plain(200, "text/plain", role.name.clone()),
        _ if path.strip_prefix(ROLES) == Some(&role.name) => plain(200, "application/json", keys.to_string()),
        _ => plain(404, "text/plain", "nothing here"),
    }
}
