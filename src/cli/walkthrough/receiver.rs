//! The operator's ticket system, as far as the walkthrough needs one: takes webhooks and tests their signature.
//!
//! Invariant: it listens on loopback alone, on a port of its own, and judges a signature by Standard Webhooks 1.0 over
//! the body as it came, before anything reads it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

const LONGEST: Duration = Duration::from_secs(5);
const LARGEST: usize = 64 * 1024;

/// A webhook as it came.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// Its `webhook-id`.
    pub id: String,
    /// Its head, the request line included.
    pub head: String,
    /// Its body.
    pub body: String,
    /// Whether its signature was good.
    pub is_verified: bool,
}

impl Webhook {
    /// The body with a line for each value.
    pub fn pretty(&self) -> String {
        let parsed: Result<serde_json::Value, _> = serde_json::from_str(&self.body);
        parsed.ok().and_then(|body| serde_json::to_string_pretty(&body).ok()).unwrap_or_else(|| self.body.clone())
    }
}

/// What has come so far. Cheap to clone.
#[derive(Clone, Default)]
pub struct Received(Arc<Mutex<Vec<Webhook>>>);

impl Received {
    /// The webhook whose body holds these words.
    pub fn find(&self, words: &str) -> Option<Webhook> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().find(|webhook| webhook.body.contains(words)).cloned()
    }
}

/// A receiver that listens until the process ends.
pub struct Receiver {
    /// Where webhooks go.
    pub url: String,
    /// What has come so far.
    pub received: Received,
}

impl Receiver {
    /// Begins to listen; `secret` is what senders sign with (`whsec_…`).
    pub fn start(secret: &str) -> anyhow::Result<Self> {
        let key = standardwebhooks::Webhook::new(secret)?;
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let url = format!("http://{}/lotse", listener.local_addr()?);
        let received = Received::default();
        let kept = received.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if let Err(fault) = stream.and_then(|stream| take(&stream, &key, &kept)) {
                    tracing::warn!(%fault, "a webhook broke off");
                }
            }
        });
        Ok(Self { url, received })
    }
}

/// Reads one request, keeps it, and answers.
fn take(stream: &TcpStream, key: &standardwebhooks::Webhook, kept: &Received) -> std::io::Result<()> {
    stream.set_read_timeout(Some(LONGEST))?;
    let mut reader = BufReader::new(stream.take(LARGEST as u64));
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head)? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
    let head = head.trim_end().replace("\r\n", "\n");
    let mut body = vec![0; header(&head, "content-length").parse().unwrap_or(0).min(LARGEST)];
    reader.read_exact(&mut body)?;
    let id = header(&head, "webhook-id").to_owned();
    let signed = header(&head, "webhook-timestamp").parse().ok().and_then(|at| key.sign(&id, at, &body).ok());
    let is_verified = signed.is_some_and(|good| header(&head, "webhook-signature").split(' ').any(|s| s == good));
    let body = String::from_utf8_lossy(&body).into_owned();
    kept.0.lock().unwrap_or_else(PoisonError::into_inner).push(Webhook { id, head, body, is_verified });
    let status = if is_verified { "204 No Content" } else { "401 Unauthorized" };
    let mut stream = stream;
    write!(stream, "HTTP/1.1 {status}\r\nConnection: close\r\n\r\n")
}

fn header<'h>(head: &'h str, name: &str) -> &'h str {
    let pairs = head.lines().skip(1).filter_map(|line| line.split_once(':'));
    pairs.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value.trim())
}
