//! A caller for a few requests one after another: a connection that stays open, JSON in, status and body out.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use super::Fault;

/// One connection with a token.
pub struct Client {
    stream: BufReader<TcpStream>,
    token: String,
}

impl Client {
    /// Connects.
    pub fn connect(address: &str, token: &str) -> Result<Self, Fault> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::new(stream), token: token.to_owned() })
    }

    /// Sends `body` to `path` by POST; answers the JSON of a 2xx.
    pub fn post(&mut self, path: &str, body: &serde_json::Value) -> Result<serde_json::Value, Fault> {
        let (body, token) = (body.to_string(), &self.token);
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.stream.get_mut().write_all(request.as_bytes())?;
        let (mut line, mut status, mut length) = (String::new(), String::new(), 0);
        loop {
            line.clear();
            self.stream.read_line(&mut line)?;
            match line.split_once(':') {
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => length = value.trim().parse()?,
                _ if status.is_empty() => status = line.trim().to_owned(),
                _ if line.trim().is_empty() => break,
                _ => {}
            }
        }
        let mut answer = vec![0; length];
        self.stream.read_exact(&mut answer)?;
        match status.split(' ').nth(1) {
            Some(code) if code.starts_with('2') => Ok(serde_json::from_slice(&answer)?),
            _ => Err(format!("{path}: {status}: {}", String::from_utf8_lossy(&answer)).into()),
        }
    }
}
