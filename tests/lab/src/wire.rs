//! Distance: a stream whose bytes arrive half a round trip after they were sent, in both directions.

use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream};
use tokio::sync::mpsc;
use tokio::time::Instant;

const BUFFER: usize = 64 * 1024;

/// Puts a distance between a client and whoever uses the returned end. Opening the connection costs a round trip, too.
pub(crate) fn distant(client: impl AsyncRead + AsyncWrite + Send + 'static, round_trip: Duration) -> DuplexStream {
    let (near, far) = tokio::io::duplex(BUFFER);
    let (from_client, to_client) = tokio::io::split(client);
    let (from_server, to_server) = tokio::io::split(near);
    tokio::spawn(carry(from_client, to_server, round_trip / 2, round_trip));
    tokio::spawn(carry(from_server, to_client, round_trip / 2, Duration::ZERO));
    far
}

async fn carry(
    mut from: impl AsyncRead + Unpin + Send + 'static,
    mut to: impl AsyncWrite + Unpin + Send + 'static,
    delay: Duration,
    opening: Duration,
) {
    let (in_flight, mut arriving) = mpsc::channel::<(Instant, Vec<u8>)>(256);
    tokio::spawn(async move {
        let mut opening = opening;
        let mut chunk = vec![0; BUFFER];
        while let Ok(read @ 1..) = from.read(&mut chunk).await {
            let due = Instant::now() + delay + std::mem::take(&mut opening);
            if in_flight.send((due, chunk[..read].to_vec())).await.is_err() {
                return;
            }
        }
    });
    while let Some((due, bytes)) = arriving.recv().await {
        tokio::time::sleep_until(due).await;
        if to.write_all(&bytes).await.is_err() {
            return;
        }
    }
    let _ = to.shutdown().await;
}

/// What a server of TLS 1.0 answers to a newer client: a `ServerHello` of its own version (RFC 2246, section 7.4.1.3).
pub(crate) const TLS_1_0: &[u8] = &[
    0x16, 0x03, 0x01, 0x00, 0x2a, 0x02, 0x00, 0x00, 0x26, 0x03, 0x01, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
    7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 0x00, 0x00, 0x2f, 0x00,
];
