//! The CONNECT proxy, behind which every host of the region is.

use crate::authority::Authority;
use crate::world::FaultKind;
use crate::{Region, server, wire};
use anyhow::{Context, Result};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufStream};
use tokio::net::TcpListener;
use tokio_rustls::{LazyConfigAcceptor, TlsAcceptor};

/// Serves until the runtime ends.
pub(crate) async fn serve(listener: TcpListener, region: Arc<Region>) {
    while let Ok((client, _)) = listener.accept().await {
        let region = Arc::clone(&region);
        tokio::spawn(async move {
            let _ = client.set_nodelay(true);
            let round_trip = Duration::from_millis(region.world.round_trip);
            // A client that goes away, or does not like what it gets, is no concern of the lab.
            let _ = if round_trip.is_zero() {
                serve_one(client, region).await
            } else {
                serve_one(wire::distant(client, round_trip), region).await
            };
        });
    }
}

async fn serve_one(client: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, region: Arc<Region>) -> Result<()> {
    let mut client = BufStream::new(client);
    let mut request = String::new();
    client.read_line(&mut request).await?;
    let host =
        request.strip_prefix("CONNECT ").and_then(|rest| rest.split(':').next()).context("no CONNECT")?.to_owned();
    let mut header = String::new();
    while client.read_line(&mut header).await? > 2 {
        header.clear();
    }
    let fault = region.world.fault(&host).cloned();
    region.hear(format!("proxy CONNECT {host}"));
    let status = match fault {
        Some(FaultKind::Proxy { status }) => status,
        _ if host.contains("amazonaws.com") => 200,
        _ => 502,
    };
    let answer = match status {
        200 => "HTTP/1.1 200 Connection established\r\n\r\n".to_owned(),
        407 => "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"lab\"\r\nContent-Length: 0\r\n\r\n".to_owned(),
        status => format!("HTTP/1.1 {status} Refused\r\nContent-Length: 0\r\n\r\n"),
    };
    client.write_all(answer.as_bytes()).await?;
    client.flush().await?;
    if status != 200 {
        return Ok(());
    }
    answer_for(client, host, fault, region).await
}

/// Speaks for a host, as far as its fault lets it.
pub(crate) async fn answer_for(
    mut client: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    host: String,
    fault: Option<FaultKind>,
    region: Arc<Region>,
) -> Result<()> {
    let bytes: &[u8] = match fault {
        Some(FaultKind::CutOff) => return Ok(()),
        Some(FaultKind::Silence) => return std::future::pending().await,
        Some(FaultKind::Garbage) => b"220 smtp.corp.example ESMTP\r\n",
        Some(FaultKind::OldTls) => wire::TLS_1_0,
        _ => b"",
    };
    if !bytes.is_empty() {
        client.write_all(bytes).await?;
        client.flush().await?;
        // What the client has to say to that is heard out.
        let _ = tokio::io::copy(&mut client, &mut tokio::io::sink()).await;
        return Ok(());
    }
    let config = match fault {
        Some(FaultKind::Untrusted) => Authority::called("Corp Inspection")?.server(&host)?,
        Some(FaultKind::Intercepted) => region.corp.server(&host)?,
        Some(FaultKind::WrongName) => region.authority.server("www.corp.example")?,
        _ => region.authority.server(&host)?,
    };
    let stream = TlsAcceptor::from(config).accept(client).await?;
    server::serve(stream, host, region).await
}

/// Serves the region's hosts to whoever comes without the proxy; the TLS handshake names the host.
pub(crate) async fn serve_directly(listener: TcpListener, region: Arc<Region>) {
    while let Ok((client, _)) = listener.accept().await {
        let region = Arc::clone(&region);
        tokio::spawn(async move {
            let acceptor = LazyConfigAcceptor::new(rustls::server::Acceptor::default(), client);
            let Ok(begun) = acceptor.await else { return };
            let Some(host) = begun.client_hello().server_name().map(str::to_owned) else { return };
            region.hear(format!("direct {host}"));
            let Ok(config) = region.authority.server(&host) else { return };
            if let Ok(stream) = begun.into_stream(config).await {
                let _ = server::serve(stream, host, region).await;
            }
        });
    }
}
