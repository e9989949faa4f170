//! A token endpoint (RFC 6749) over TLS, and what a mail server asks about a token, over plain HTTP on loopback.
//!
//! Invariant: a token is good until it is revoked here. A refresh token is good once; the answer brings the next. Not
//! here: what a token is used for.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// The secret of the one client, `lotse`.
pub const CLIENT_SECRET: &str = "geheimes-Wort-des-Clients";
/// The first refresh token.
pub const REFRESH: &str = "refresh-0";

#[derive(Default)]
struct State {
    /// Which forms were granted.
    granted: Vec<HashMap<String, String>>,
    refused: usize,
    good: Vec<String>,
    /// How long a token is said to be good.
    lasts: u64,
    refresh: String,
}

pub struct TokenPeer {
    state: Arc<Mutex<State>>,
    port: u16,
    asking: u16,
    serving: [tokio::task::JoinHandle<()>; 2],
}

impl TokenPeer {
    /// Starts one whose certificate and key stand in these PEM texts; its tokens are those of this user.
    pub async fn start(certificate: &str, key: &str, user: &str) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()],
                PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap(),
            )
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(tls));
        let state = Arc::new(Mutex::new(State { lasts: 3600, refresh: REFRESH.into(), ..State::default() }));
        let (grants, asks) =
            (TcpListener::bind("127.0.0.1:0").await.unwrap(), TcpListener::bind("127.0.0.1:0").await.unwrap());
        let (port, asking) = (grants.local_addr().unwrap().port(), asks.local_addr().unwrap().port());
        let (own, user, of_asks) = (state.clone(), user.to_owned(), state.clone());
        let granting = tokio::spawn(async move {
            while let Ok((stream, _)) = grants.accept().await {
                if let Ok(stream) = acceptor.accept(stream).await {
                    answer(stream, |_, body| grant(&own, body)).await;
                }
            }
        });
        let telling = tokio::spawn(async move {
            while let Ok((stream, _)) = asks.accept().await {
                answer(stream, |target, _| tell(&of_asks, target, &user)).await;
            }
        });
        Self { state, port, asking, serving: [granting, telling] }
    }

    /// Where tokens are granted.
    pub fn url(&self) -> String {
        format!("https://localhost:{}/token", self.port)
    }

    /// Where a mail server asks about one; the token is put behind it.
    pub fn tokeninfo(&self) -> String {
        format!("http://127.0.0.1:{}/tokeninfo?access_token=", self.asking)
    }

    /// No token granted so far is good any more.
    pub fn revoke(&self) {
        self.state.lock().unwrap().good.clear();
    }

    /// Tokens are said to be good for so many seconds from now on.
    pub fn lasts(&self, seconds: u64) {
        self.state.lock().unwrap().lasts = seconds;
    }

    /// What was granted, in order.
    pub fn granted(&self) -> Vec<HashMap<String, String>> {
        self.state.lock().unwrap().granted.clone()
    }

    /// How often somebody was refused.
    pub fn refused(&self) -> usize {
        self.state.lock().unwrap().refused
    }
}

impl Drop for TokenPeer {
    fn drop(&mut self) {
        self.serving.iter().for_each(tokio::task::JoinHandle::abort);
    }
}

fn grant(state: &Mutex<State>, body: &str) -> (u16, String) {
    let form: HashMap<String, String> = url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    let mut state = state.lock().unwrap();
    let is = |name: &str, value: &str| form.get(name).is_some_and(|given| given == value);
    if !is("client_id", "lotse") || !is("client_secret", CLIENT_SECRET) {
        state.refused += 1;
        return (401, r#"{"error": "invalid_client"}"#.into());
    }
    let by_refresh = is("grant_type", "refresh_token");
    if by_refresh && !is("refresh_token", &state.refresh) {
        state.refused += 1;
        return (400, r#"{"error": "invalid_grant"}"#.into());
    }
    let number = state.granted.len() + 1;
    state.granted.push(form);
    let token = format!("token-{number}");
    state.good.push(token.clone());
    let mut said = serde_json::json!({"access_token": token, "token_type": "Bearer", "expires_in": state.lasts});
    if by_refresh {
        state.refresh = format!("refresh-{number}");
        said["refresh_token"] = state.refresh.clone().into();
    }
    (200, said.to_string())
}

fn tell(state: &Mutex<State>, target: &str, user: &str) -> (u16, String) {
    let token = target.rsplit_once("access_token=").map_or("", |(_, token)| token);
    match state.lock().unwrap().good.iter().any(|good| good == token) {
        true => (200, serde_json::json!({"username": user, "active": true}).to_string()),
        false => (400, r#"{"error": "invalid_token"}"#.into()),
    }
}

/// Reads one request, answers it and hangs up.
async fn answer<S: AsyncRead + AsyncWrite + Unpin>(stream: S, say: impl Fn(&str, &str) -> (u16, String)) {
    let mut stream = BufReader::new(stream);
    let (mut head, mut length) = (Vec::<String>::new(), 0);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.unwrap_or(0) == 0 || line == "\r\n" {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        head.push(line);
    }
    let mut body = vec![0; length];
    if stream.read_exact(&mut body).await.is_err() {
        return;
    }
    let target = head.first().and_then(|line| line.split(' ').nth(1)).unwrap_or_default();
    let (status, text) = say(target, &String::from_utf8_lossy(&body));
    let answer = format!(
        "HTTP/1.1 {status} OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{text}",
        text.len()
    );
    // Whoever asked may have gone; that is seen on their side.
    stream.write_all(answer.as_bytes()).await.ok();
    stream.shutdown().await.ok();
}
