//! A real webhook receiver for tests that checks signatures and answers, or misbehaves, as told.
//!
//! Invariant: a request is recorded, with the verdict on its signature, before the first byte of its answer leaves; so
//! whoever saw an answer finds the request here.
//! What it does not do: no HTTP/2, no chunked requests (411), no judgement of what a body says.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use http::{HeaderMap, HeaderName, HeaderValue};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use standardwebhooks::Webhook;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader, ReadBuf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::wait::wait_for;

/// The most that `Flood` sends.
pub const FLOOD: u64 = 1 << 30;
const DRIP_PAUSE: Duration = Duration::from_secs(1);
const LARGEST_BODY: usize = 1 << 20;
/// Small, so that what the socket swallowed is close to what the client took.
const SEND_BUFFER: u32 = 16 * 1024;

/// What the receiver does once it has read a request.
#[derive(Clone, Debug)]
pub enum Behaviour {
    /// Answers with this status and these headers. See [`status`].
    Status(u16, Vec<(String, String)>),
    /// Answers with this status and this JSON.
    Json(u16, String),
    /// Never answers, until the client gives up.
    Hang,
    /// Answers one byte a second, from the status line on.
    Drip,
    /// Answers a complete 200 head at once and then its endless body one byte a second.
    DripBody,
    /// Resets the connection (RST).
    Reset,
    /// Answers 200 with up to 1 GiB of body; see [`WebhookPeer::flooded`].
    Flood,
    /// Answers 307 with this Location.
    Redirect(String),
}

/// A plain answer.
pub fn status(code: u16) -> Behaviour {
    Behaviour::Status(code, Vec::new())
}

impl Behaviour {
    /// Adds a header to a plain answer, such as `Retry-After`.
    pub fn header(self, name: &str, value: &str) -> Self {
        match self {
            Self::Status(code, mut headers) => {
                headers.push((name.to_owned(), value.to_owned()));
                Self::Status(code, headers)
            }
            other => panic!("only a plain answer takes headers, not {other:?}"),
        }
    }
}

/// A request that was read in full.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub at: Instant,
    /// Whether the Standard Webhooks signature fitted one of the secrets known when the request came.
    pub is_verified: bool,
    /// Which connection it came over, counted from 1.
    pub connection: usize,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        let same = |(key, _): &&(String, String)| key.eq_ignore_ascii_case(name);
        self.headers.iter().find(same).map(|(_, value)| value.as_str())
    }

    /// The delivery's id, the same on every attempt.
    pub fn webhook_id(&self) -> &str {
        self.header("webhook-id").unwrap_or_default()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("the body of a webhook is JSON")
    }

    /// Whether the signature fits this secret, for instance the old one while secrets are rotated.
    pub fn verifies_with(&self, secret: &str) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                headers.append(name, value);
            }
        }
        let webhook = Webhook::new(secret).expect("a webhook secret is base64, with or without whsec_");
        webhook.verify(&self.body, &headers).is_ok()
    }
}

/// A running receiver. It stops, and hangs up on everyone, when dropped.
pub struct WebhookPeer {
    port: u16,
    certificate: Option<String>,
    state: Arc<State>,
    serving: JoinHandle<()>,
}

struct State {
    secrets: Mutex<Vec<String>>,
    requests: Mutex<Vec<Request>>,
    queue: Mutex<VecDeque<Behaviour>>,
    otherwise: Mutex<Behaviour>,
    connections: AtomicUsize,
    failed_handshakes: AtomicUsize,
    flooded: AtomicU64,
}

impl WebhookPeer {
    /// Starts a receiver for plain HTTP that knows this secret and answers 200.
    pub async fn start(secret: &str) -> Self {
        Self::start_with(secret, None)
    }

    /// Starts a receiver for HTTPS whose certificate nobody vouches for (localhost and 127.0.0.1, self-signed).
    pub async fn start_tls(secret: &str) -> Self {
        Self::start_with(secret, Some(SelfSigned::new()))
    }

    fn start_with(secret: &str, tls: Option<SelfSigned>) -> Self {
        let listener = listen().expect("loopback has a free port");
        let port = listener.local_addr().expect("a listener has an address").port();
        let state = Arc::new(State {
            secrets: Mutex::new(vec![secret.to_owned()]),
            requests: Mutex::default(),
            queue: Mutex::default(),
            otherwise: Mutex::new(status(200)),
            connections: AtomicUsize::new(0),
            failed_handshakes: AtomicUsize::new(0),
            flooded: AtomicU64::new(0),
        });
        let (acceptor, certificate) = tls.map(|tls| (tls.acceptor, tls.pem)).unzip();
        let serving = tokio::spawn(accept(listener, acceptor, Arc::clone(&state)));
        Self { port, certificate, state, serving }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// The receiver's address with the path `/hook`.
    pub fn url(&self) -> String {
        let scheme = if self.certificate.is_some() { "https" } else { "http" };
        format!("{scheme}://127.0.0.1:{}/hook", self.port)
    }

    /// The certificate of a TLS receiver, for a client that is meant to trust it.
    pub fn certificate_pem(&self) -> Option<&str> {
        self.certificate.as_deref()
    }

    /// Makes one more secret known, as while secrets are rotated.
    pub fn also_accept(&self, secret: &str) {
        lock(&self.state.secrets).push(secret.to_owned());
    }

    /// Queues a behaviour for one request, after those already queued.
    pub fn once(&self, behaviour: Behaviour) {
        lock(&self.state.queue).push_back(behaviour);
    }

    /// Sets the behaviour for every request that finds the queue empty.
    pub fn always(&self, behaviour: Behaviour) {
        *lock(&self.state.otherwise) = behaviour;
    }

    pub fn received(&self) -> Vec<Request> {
        lock(&self.state.requests).clone()
    }

    /// Waits up to 10 s until at least this many requests came, and returns all that did.
    #[track_caller]
    pub fn wait_for(&self, count: usize) -> impl Future<Output = Vec<Request>> {
        let what = format!("{count} requests at the webhook peer");
        let waiting = wait_for(what, Duration::from_secs(10), move || lock(&self.state.requests).len() >= count);
        async move {
            waiting.await;
            self.received()
        }
    }

    /// Connections accepted since the start.
    pub fn connections(&self) -> usize {
        self.state.connections.load(Ordering::SeqCst)
    }

    /// TLS handshakes that the client broke off, as it must at a certificate it does not trust.
    pub fn failed_handshakes(&self) -> usize {
        self.state.failed_handshakes.load(Ordering::SeqCst)
    }

    /// Bytes of flood bodies that went to clients so far: what they read and what their kernels hold unread for them,
    /// so allow for one receive window (up to about 256 KiB a connection) above what a client admits to.
    pub fn flooded(&self) -> u64 {
        self.state.flooded.load(Ordering::SeqCst)
    }
}

impl Drop for WebhookPeer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

struct SelfSigned {
    acceptor: TlsAcceptor,
    pem: String,
}

impl SelfSigned {
    fn new() -> Self {
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let made = rcgen::generate_simple_self_signed(names).expect("a self-signed certificate");
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring speaks the default versions")
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .expect("certificate and key belong together");
        Self { acceptor: TlsAcceptor::from(Arc::new(config)), pem: made.cert.pem() }
    }
}

/// A connection, plain or under TLS.
enum Line {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Line {
    fn tcp(&self) -> &TcpStream {
        match self {
            Self::Plain(stream) => stream,
            Self::Tls(stream) => stream.get_ref().0,
        }
    }
}

impl AsyncRead for Line {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, into),
            Self::Tls(stream) => Pin::new(stream.as_mut()).poll_read(cx, into),
        }
    }
}

impl AsyncWrite for Line {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Tls(stream) => Pin::new(stream.as_mut()).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream.as_mut()).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream.as_mut()).poll_shutdown(cx),
        }
    }
}

fn listen() -> std::io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_send_buffer_size(SEND_BUFFER)?;
    socket.bind(([127, 0, 0, 1], 0).into())?;
    socket.listen(1024)
}

/// Owns its connections: when this future is dropped, all of them are.
async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, state: Arc<State>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else { continue };
                let _ = stream.set_nodelay(true);
                let number = state.connections.fetch_add(1, Ordering::SeqCst) + 1;
                let (tls, state) = (tls.clone(), Arc::clone(&state));
                connections.spawn(async move {
                    let line = match tls {
                        None => Line::Plain(stream),
                        Some(tls) => match tls.accept(stream).await {
                            Ok(stream) => Line::Tls(Box::new(stream)),
                            Err(_) => {
                                state.failed_handshakes.fetch_add(1, Ordering::SeqCst);
                                return;
                            }
                        },
                    };
                    // An error here is the client hanging up, which the tests see on their side.
                    let _ = converse(BufReader::new(line), &state, number).await;
                });
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn converse(mut line: BufReader<Line>, state: &State, connection: usize) -> std::io::Result<()> {
    while let Some(mut request) = read_request(&mut line).await? {
        request.connection = connection;
        let secrets = lock(&state.secrets).clone();
        request.is_verified = secrets.iter().any(|secret| request.verifies_with(secret));
        let queued = lock(&state.queue).pop_front();
        let behaviour = queued.unwrap_or_else(|| lock(&state.otherwise).clone());
        lock(&state.requests).push(request);
        match behaviour {
            Behaviour::Status(code, headers) => answer(&mut line, code, &headers).await?,
            Behaviour::Json(code, body) => answer_json(&mut line, code, &body).await?,
            Behaviour::Redirect(to) => answer(&mut line, 307, &[("Location".to_owned(), to)]).await?,
            Behaviour::Hang => return until_closed(&mut line).await,
            Behaviour::Drip => return drip(&mut line, b"HTTP/1.1 200 OK\r\nX-Slow: ").await,
            Behaviour::DripBody => {
                line.write_all(endless_head().as_bytes()).await?;
                return drip(&mut line, b"").await;
            }
            Behaviour::Reset => return line.get_ref().tcp().set_zero_linger(),
            Behaviour::Flood => return flood(&mut line, &state.flooded).await,
        }
    }
    line.shutdown().await
}

/// Reads one request; none at the client's end. What this receiver does not speak is answered and ends the connection.
async fn read_request(line: &mut BufReader<Line>) -> std::io::Result<Option<Request>> {
    let Some(first) = read_line(line).await? else {
        return Ok(None);
    };
    let mut words = first.split(' ').map(str::to_owned);
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut headers = Vec::new();
    loop {
        match read_line(line).await? {
            None => return Ok(None),
            Some(end) if end.is_empty() => break,
            Some(header) => {
                let (name, value) = header.split_once(':').unwrap_or((&header, ""));
                headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
            }
        }
    }
    let mut request =
        Request { method, path, headers, body: Vec::new(), at: Instant::now(), is_verified: false, connection: 0 };
    if request.header("transfer-encoding").is_some() {
        answer(line, 411, &[]).await?;
        return Ok(None);
    }
    let length = request.header("content-length").map_or(Ok(0), str::parse::<usize>);
    let Some(length) = length.ok().filter(|length| *length <= LARGEST_BODY) else {
        answer(line, 413, &[]).await?;
        return Ok(None);
    };
    if request.header("expect").is_some() {
        line.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
    }
    request.body = vec![0; length];
    line.read_exact(&mut request.body).await?;
    request.at = Instant::now();
    Ok(Some(request))
}

async fn read_line(line: &mut BufReader<Line>) -> std::io::Result<Option<String>> {
    let mut bytes = Vec::new();
    if line.read_until(b'\n', &mut bytes).await? == 0 {
        return Ok(None);
    }
    Ok(Some(String::from_utf8_lossy(&bytes).trim_end_matches(['\r', '\n']).to_owned()))
}

async fn answer(line: &mut BufReader<Line>, code: u16, headers: &[(String, String)]) -> std::io::Result<()> {
    let mut head = format!("HTTP/1.1 {code} Scripted\r\n");
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    head += if code == 204 || code == 304 { "\r\n" } else { "Content-Length: 0\r\n\r\n" };
    line.write_all(head.as_bytes()).await?;
    line.flush().await
}

async fn answer_json(line: &mut BufReader<Line>, code: u16, body: &str) -> std::io::Result<()> {
    let head =
        format!("HTTP/1.1 {code} Scripted\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n", body.len());
    line.write_all(head.as_bytes()).await?;
    line.write_all(body.as_bytes()).await?;
    line.flush().await
}

fn endless_head() -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: {FLOOD}\r\n\r\n")
}

/// Sends the beginning and then filler, a byte a second, until the client closes.
async fn drip(line: &mut BufReader<Line>, beginning: &[u8]) -> std::io::Result<()> {
    let mut pace = tokio::time::interval(DRIP_PAUSE);
    let mut bytes = beginning.iter().copied().chain(std::iter::repeat(b'x'));
    let mut ignored = [0; 1024];
    loop {
        tokio::select! {
            _ = pace.tick() => {
                line.write_all(&[bytes.next().unwrap_or(b'x')]).await?;
                line.flush().await?;
            }
            read = line.read(&mut ignored) => if read? == 0 { return Ok(()) },
        }
    }
}

async fn flood(line: &mut BufReader<Line>, flooded: &AtomicU64) -> std::io::Result<()> {
    line.write_all(endless_head().as_bytes()).await?;
    let filler = vec![b'x'; 8 * 1024];
    let mut sent = 0;
    while sent < FLOOD {
        let wrote = line.write(&filler).await? as u64;
        sent += wrote;
        flooded.fetch_add(wrote, Ordering::SeqCst);
        // Lets the client look at what it has, so that one that stops in time is not charged for what was in flight.
        tokio::task::yield_now().await;
    }
    line.flush().await
}

async fn until_closed(line: &mut BufReader<Line>) -> std::io::Result<()> {
    let mut ignored = [0; 1024];
    while line.read(&mut ignored).await? > 0 {}
    Ok(())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}
