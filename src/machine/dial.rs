//! Reaching a host the way git does, one stage after the other, so that the stage that fails can be named.

use super::Machine;
use super::stage::{DialError, Stage};
use super::tls::{self, Roots};
use crate::redact::Secret;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{HeaderMap, Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Instant, SystemTime};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};

/// The most that is read of an answer's body.
const BODY: usize = 16 * 1024;

/// How the doctor calls itself.
const AGENT: &str = concat!("codecommit-doctor/", env!("CARGO_PKG_VERSION"));

/// Where to go, and through what.
#[derive(Clone, Debug)]
pub struct Wire {
    /// The host.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The proxy: host, port, whether it is spoken to over TLS, and its `user:password`.
    pub proxy: Option<(String, u16, bool, Option<Secret>)>,
    /// Whom to trust.
    pub roots: Roots,
    /// When to give up.
    pub deadline: Instant,
}

/// What was learnt on the way, as far as it went.
#[derive(Debug, Default)]
pub struct Dialed {
    /// Each stage that succeeded, with its time in milliseconds.
    pub stages: Vec<(Stage, u64)>,
    /// The addresses of the host; empty behind a proxy.
    pub addresses: Vec<IpAddr>,
    /// This machine's own address on the way to the host; none behind a proxy.
    pub local: Option<IpAddr>,
    /// Who issued the server's certificate: organisation and name.
    pub issuer: Option<String>,
    /// The stage that failed, and why.
    pub failure: Option<(Stage, DialError)>,
    /// After how many milliseconds it failed.
    pub failed_after: u64,
    /// Status, headers and the beginning of the body.
    pub answer: Option<(StatusCode, HeaderMap, Vec<u8>)>,
    /// The first line that an SSH server sent.
    pub banner: Option<String>,
    /// The local time halfway between request and answer.
    pub asked_at: Option<SystemTime>,
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

type Boxed = Box<dyn Stream>;
type Failed = (Stage, DialError);

impl Machine {
    /// Opens a connection and asks for a path over HTTPS, once, with these headers.
    pub async fn get(&self, wire: &Wire, path: &str, headers: &[(String, Secret)]) -> Dialed {
        let mut dialed = Dialed::default();
        let started = Instant::now();
        if let Err(failure) = dialed.https(wire, path, headers).await {
            dialed.fail(failure, started);
        }
        dialed
    }

    /// Opens a connection as far as the TLS handshake, and asks for nothing.
    pub async fn shake_hands(&self, wire: &Wire) -> Dialed {
        let mut dialed = Dialed::default();
        let started = Instant::now();
        let shaking = async {
            let stream = dialed.open(wire).await?;
            dialed.handshake(wire, &wire.host, stream, Stage::Tls).await.map(drop)
        };
        if let Err(failure) = shaking.await {
            dialed.fail(failure, started);
        }
        dialed
    }

    /// Opens a connection and reads the line with which an SSH server begins (RFC 4253, section 4.2).
    pub async fn ssh_banner(&self, wire: &Wire) -> Dialed {
        let mut dialed = Dialed::default();
        let started = Instant::now();
        let greeting = async {
            let mut stream = dialed.open(wire).await?;
            let mut line = Vec::new();
            let reading = async {
                while line.len() < 255 && !line.ends_with(b"\n") {
                    line.push(stream.read_u8().await?);
                }
                Ok(())
            };
            timed(wire, Stage::Http, &mut dialed.stages, reading).await?;
            Ok::<_, Failed>(String::from_utf8_lossy(&line).trim_end().to_owned())
        };
        match greeting.await {
            Ok(banner) => dialed.banner = Some(banner),
            Err(failure) => dialed.fail(failure, started),
        }
        dialed
    }
}

impl Dialed {
    /// Remembers the stage that failed, and how long it took to.
    fn fail(&mut self, failure: Failed, started: Instant) {
        let before: u64 = self.stages.iter().map(|(_, took)| took).sum();
        let all = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.failed_after = all.saturating_sub(before);
        self.failure = Some(failure);
    }

    async fn https(&mut self, wire: &Wire, path: &str, headers: &[(String, Secret)]) -> Result<(), Failed> {
        let stream = self.open(wire).await?;
        let stream = self.handshake(wire, &wire.host, stream, Stage::Tls).await?;
        let authority = if wire.port == 443 { wire.host.clone() } else { format!("{}:{}", wire.host, wire.port) };
        let mut request =
            Request::get(path).header("host", authority).header("user-agent", AGENT).header("accept", "*/*");
        for (name, value) in headers {
            request = request.header(name, value.expose());
        }
        let request =
            request.body(Empty::<Bytes>::new()).map_err(|error| (Stage::Http, DialError::Other(error.to_string())))?;
        let started = SystemTime::now();
        let exchange = async {
            let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
            let _driver = Driver(tokio::spawn(connection));
            let (parts, body) = sender.send_request(request).await?.into_parts();
            let asked_at = started + started.elapsed().unwrap_or_default() / 2;
            let body =
                Limited::new(body, BODY).collect().await.map(|body| body.to_bytes().to_vec()).unwrap_or_default();
            Ok((parts.status, parts.headers, body, asked_at))
        };
        let (status, headers, body, asked_at) = timed(wire, Stage::Http, &mut self.stages, exchange).await?;
        self.asked_at = Some(asked_at);
        self.answer = Some((status, headers, body));
        Ok(())
    }

    /// A connection to the host: directly, or through the proxy.
    async fn open(&mut self, wire: &Wire) -> Result<Boxed, Failed> {
        let Some((host, port, tls, auth)) = &wire.proxy else {
            let addresses = self.resolve(wire, &wire.host, wire.port, Stage::Dns).await?;
            self.addresses = addresses.iter().map(SocketAddr::ip).collect();
            return self.tcp(wire, &addresses, Stage::Tcp).await;
        };
        let addresses = self.resolve(wire, host, *port, Stage::Proxy).await?;
        let mut stream = self.tcp(wire, &addresses, Stage::Proxy).await?;
        if *tls {
            stream = self.handshake(wire, host, stream, Stage::Proxy).await?;
            self.issuer = None;
        }
        self.connect(wire, stream, auth.as_ref()).await
    }

    async fn resolve(&mut self, wire: &Wire, host: &str, port: u16, stage: Stage) -> Result<Vec<SocketAddr>, Failed> {
        let lookup =
            async { Ok(tokio::net::lookup_host((host.trim_matches(['[', ']']), port)).await?.collect::<Vec<_>>()) };
        let found = timed(wire, stage, &mut self.stages, lookup).await;
        match found {
            Ok(addresses) if addresses.is_empty() => Err((stage, DialError::NoSuchHost(host.to_owned()))),
            Err((stage, DialError::Timeout)) => Err((stage, DialError::Timeout)),
            Err((stage, _)) => Err((stage, DialError::NoSuchHost(host.to_owned()))),
            found => found,
        }
    }

    /// The first address that accepts wins; all are tried side by side.
    #[expect(clippy::disallowed_methods, reason = "the one place where connections are opened")]
    async fn tcp(&mut self, wire: &Wire, addresses: &[SocketAddr], stage: Stage) -> Result<Boxed, Failed> {
        let attempts = addresses.iter().take(8).map(|address| Box::pin(tokio::net::TcpStream::connect(*address)));
        let race = async { Ok(futures_util::future::select_ok(attempts).await?.0) };
        let stream = timed(wire, stage, &mut self.stages, race).await?;
        self.local = stream.local_addr().ok().filter(|_| stage == Stage::Tcp).map(|address| address.ip());
        // Small requests must not wait for an acknowledgement.
        let _ = stream.set_nodelay(true);
        Ok(Box::new(stream))
    }

    async fn connect(&mut self, wire: &Wire, stream: Boxed, auth: Option<&Secret>) -> Result<Boxed, Failed> {
        let authority = format!("{}:{}", wire.host, wire.port);
        let mut request = Request::builder().method(Method::CONNECT).uri(&authority).header("host", &authority);
        if let Some(auth) = auth {
            let encoded = aws_smithy_types::base64::encode(auth.expose());
            request = request.header("proxy-authorization", format!("Basic {encoded}"));
        }
        let request = request
            .body(Empty::<Bytes>::new())
            .map_err(|error| (Stage::Connect, DialError::Other(error.to_string())))?;
        let exchange = async {
            let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
            tokio::spawn(connection.with_upgrades());
            Ok(sender.send_request(request).await?)
        };
        let answer = timed(wire, Stage::Connect, &mut self.stages, exchange).await?;
        if !answer.status().is_success() {
            let challenge = answer.headers().get("proxy-authenticate").and_then(|value| value.to_str().ok());
            let reason = challenge.unwrap_or(answer.status().canonical_reason().unwrap_or_default()).to_owned();
            return Err((Stage::Connect, DialError::ProxyStatus(answer.status().as_u16(), reason)));
        }
        let upgraded = hyper::upgrade::on(answer).await.map_err(|error| (Stage::Connect, explain(&error)))?;
        Ok(Box::new(TokioIo::new(upgraded)))
    }

    async fn handshake(&mut self, wire: &Wire, host: &str, stream: Boxed, stage: Stage) -> Result<Boxed, Failed> {
        let fail = |error: String| (stage, DialError::Other(error));
        let name =
            ServerName::try_from(host.trim_matches(['[', ']']).to_owned()).map_err(|error| fail(error.to_string()))?;
        let (config, issuer) = tls::client(wire.roots.clone()).await.map_err(&fail)?;
        let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
        let shaken = timed(wire, stage, &mut self.stages, async { Ok(connector.connect(name, stream).await?) }).await;
        self.issuer = issuer.lock().ok().and_then(|issuer| issuer.clone());
        Ok(Box::new(shaken?))
    }
}

/// Stops driving a connection when the answer has been read.
struct Driver<T>(tokio::task::JoinHandle<T>);

impl<T> Drop for Driver<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

async fn timed<T>(
    wire: &Wire,
    stage: Stage,
    stages: &mut Vec<(Stage, u64)>,
    step: impl Future<Output = Result<T, BoxError>>,
) -> Result<T, Failed> {
    let started = Instant::now();
    match tokio::time::timeout_at(wire.deadline.into(), step).await {
        Err(_) => Err((stage, DialError::Timeout)),
        Ok(Err(error)) => Err((stage, explain(error.as_ref()))),
        Ok(Ok(done)) => {
            let took = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
            match stages.last_mut() {
                Some((last, time)) if *last == stage => *time += took,
                _ => stages.push((stage, took)),
            }
            Ok(done)
        }
    }
}

/// Looks along a chain of errors for the one that says what happened.
fn explain(error: &(dyn std::error::Error + 'static)) -> DialError {
    let mut link = Some(error);
    let mut last = error.to_string();
    while let Some(error) = link {
        last = error.to_string();
        if let Some(error) = error.downcast_ref::<rustls::Error>() {
            return tls::explain(error);
        }
        if let Some(io) = error.downcast_ref::<std::io::Error>() {
            if let Some(inner) = io.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
                return tls::explain(inner);
            }
            if io.kind() == std::io::ErrorKind::TimedOut {
                return DialError::Timeout;
            }
            if io.raw_os_error().is_some() || io.kind() == std::io::ErrorKind::UnexpectedEof {
                return DialError::Refused(io.to_string());
            }
        }
        link = error.source();
    }
    DialError::Other(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::Os;
    use std::time::Duration;
    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpListener;

    fn machine() -> Machine {
        Machine::new(Os::Linux, [], "/".into())
    }

    fn wire(host: &str, port: u16) -> Wire {
        let deadline = Instant::now() + Duration::from_secs(8);
        Wire { host: host.to_owned(), port, proxy: None, roots: Roots { system: true, ..Roots::default() }, deadline }
    }

    /// A server that greets each client with these bytes.
    async fn greeter(bytes: &'static [u8]) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let _ = client.write_all(bytes).await;
            }
        });
        port
    }

    #[tokio::test]
    async fn a_name_without_an_address_fails_at_dns() {
        let dialed = machine().get(&wire("no-such-host.invalid", 443), "/", &[]).await;
        assert!(matches!(dialed.failure, Some((Stage::Dns, DialError::NoSuchHost(_)))), "{dialed:?}");
    }

    #[tokio::test]
    async fn a_closed_port_fails_at_tcp() {
        let port = {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            listener.local_addr().unwrap().port()
        };
        let dialed = machine().get(&wire("127.0.0.1", port), "/", &[]).await;
        assert!(matches!(dialed.failure, Some((Stage::Tcp, DialError::Refused(_)))), "{dialed:?}");
        assert_eq!(dialed.stages.iter().map(|(stage, _)| *stage).collect::<Vec<_>>(), [Stage::Dns]);
    }

    #[tokio::test]
    async fn whoever_speaks_no_tls_fails_at_tls() {
        let port = greeter(b"220 smtp ESMTP\r\n").await;
        let dialed = machine().get(&wire("127.0.0.1", port), "/", &[]).await;
        assert!(matches!(dialed.failure, Some((Stage::Tls, _))), "{dialed:?}");
    }

    #[tokio::test]
    async fn an_ssh_server_is_known_by_its_first_line() {
        let port = greeter(b"SSH-2.0-AWSCodeCommit\r\nmore").await;
        let dialed = machine().ssh_banner(&wire("127.0.0.1", port)).await;
        assert_eq!(dialed.banner.as_deref(), Some("SSH-2.0-AWSCodeCommit"));
    }

    #[tokio::test]
    async fn a_silent_server_costs_the_deadline_and_no_more() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let silent = listener.local_addr().unwrap().port();
        let deadline = Instant::now() + Duration::from_millis(200);
        let dialed = machine().ssh_banner(&Wire { deadline, ..wire("127.0.0.1", silent) }).await;
        assert!(matches!(dialed.failure, Some((Stage::Http, DialError::Timeout))), "{dialed:?}");
    }
}
