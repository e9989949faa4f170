//! A client that speaks just enough HTTP/1.1 to talk to this service over loopback.
//!
//! Invariant: one request a connection, bounded in time; an answer is read to its end as announced. It knows no TLS,
//! no redirects and no transfer codings: webhooks leave through `delivery/webhook.rs`, not through this.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

const LONGEST: Duration = Duration::from_secs(10);

/// Asks the service at one address.
pub struct Client {
    address: SocketAddr,
}

/// What it answered.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The head, without the status line.
    pub head: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl Answer {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

impl Client {
    /// For this address.
    pub fn new(address: SocketAddr) -> Self {
        Self { address }
    }

    /// Sends one request and reads the answer.
    pub fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Result<Answer, String> {
        let mut request = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", self.address);
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        request.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
        let answer = self.exchange(request.as_bytes()).map_err(|e| format!("{method} {path}: {e}"))?;
        parse(&answer).ok_or_else(|| format!("{method} {path}: the answer is no HTTP"))
    }

    fn exchange(&self, request: &[u8]) -> std::io::Result<String> {
        let mut stream = TcpStream::connect_timeout(&self.address, LONGEST)?;
        stream.set_read_timeout(Some(LONGEST))?;
        stream.set_write_timeout(Some(LONGEST))?;
        stream.write_all(request)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }
}

fn parse(answer: &str) -> Option<Answer> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let mut lines = head.lines();
    let status = lines.next()?.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
    let pair = |line: &str| line.split_once(':').map(|(name, value)| (name.to_owned(), value.trim().to_owned()));
    let answer = Answer { status, head: lines.filter_map(pair).collect(), body: body.to_owned() };
    let is_whole = answer.header("content-length").is_none_or(|length| length == body.len().to_string());
    (is_whole && answer.header("transfer-encoding").is_none()).then_some(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_whole_answers_alone() {
        let answer = parse("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: b\r\n\r\nok").unwrap();
        assert_eq!((answer.status, answer.header("x-a"), answer.body.as_str()), (200, Some("b"), "ok"));
        assert!(parse("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok").is_none());
        assert!(parse("SSH-2.0-OpenSSH\r\n\r\n").is_none());
    }
}
