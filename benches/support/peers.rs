//! Peers that take everything at once and note when: a mail server and a webhook receiver.
//!
//! Invariant: what is noted is the moment before the acceptance is written, with a connection that stays open; a peer
//! runs on a thread of its own and keeps no content.

use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::Fault;

/// A peer and the moments at which it accepted something.
pub struct Peer {
    /// Where it listens.
    pub address: SocketAddr,
    accepted: Receiver<Instant>,
}

/// What a peer does with a connection.
#[derive(Clone, Copy)]
enum Kind {
    Mail,
    Webhook,
    Dead,
}

impl Peer {
    /// Takes every mail.
    pub fn mail() -> Result<Self, Fault> {
        Self::start(Kind::Mail)
    }

    /// Answers every POST with 204.
    pub fn webhook() -> Result<Self, Fault> {
        Self::start(Kind::Webhook)
    }

    /// Accepts connections and never answers.
    pub fn dead() -> Result<Self, Fault> {
        Self::start(Kind::Dead)
    }

    fn start(kind: Kind) -> Result<Self, Fault> {
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let (address, (note, accepted)) = (listener.local_addr()?, channel());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        std::thread::spawn(move || runtime.block_on(serve(kind, listener, note)));
        Ok(Self { address, accepted })
    }

    /// The next acceptance.
    pub fn next(&self, within: Duration) -> Result<Instant, Fault> {
        self.accepted.recv_timeout(within).map_err(|_| "nothing arrived in time".into())
    }

    /// Forgets what came so far.
    pub fn forget(&self) {
        self.accepted.try_iter().for_each(drop);
    }

    /// All acceptances until `count` have come or `within` has passed.
    pub fn wait(&self, count: usize, within: Duration) -> Vec<Instant> {
        let end = Instant::now() + within;
        let next = || self.accepted.recv_timeout(end.saturating_duration_since(Instant::now())).ok();
        std::iter::from_fn(next).take(count).collect()
    }
}

async fn serve(kind: Kind, listener: std::net::TcpListener, note: Sender<Instant>) {
    let Ok(listener) = TcpListener::from_std(listener) else { return };
    let mut held = Vec::new();
    while let Ok((stream, _)) = listener.accept().await {
        stream.set_nodelay(true).ok();
        let note = note.clone();
        match kind {
            Kind::Mail => drop(tokio::spawn(async move { mail(stream, note).await.ok() })),
            Kind::Webhook => drop(tokio::spawn(async move { webhook(stream, note).await.ok() })),
            Kind::Dead => held.push(stream),
        }
    }
}

async fn mail(stream: TcpStream, note: Sender<Instant>) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 bench\r\n").await?;
    let mut line = String::new();
    let mut is_content = false;
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let answer: &[u8] = match (is_content, line.get(..4).unwrap_or_default()) {
            (true, _) if line == ".\r\n" => {
                is_content = false;
                note.send(Instant::now()).ok();
                b"250 taken\r\n"
            }
            (true, _) => continue,
            (false, "EHLO") => b"250-bench\r\n250 8BITMIME\r\n",
            (false, "DATA") => {
                is_content = true;
                b"354 go on\r\n"
            }
            (false, "QUIT") => b"221 bye\r\n",
            (false, _) => b"250 fine\r\n",
        };
        stream.write_all(answer).await?;
    }
}

async fn webhook(stream: TcpStream, note: Sender<Instant>) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let (mut line, mut body) = (String::new(), Vec::new());
    loop {
        let mut length = 0;
        loop {
            line.clear();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            if line == "\r\n" {
                break;
            }
            let header = line.split_once(':').filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
            length = header.and_then(|(_, value)| value.trim().parse().ok()).unwrap_or(length);
        }
        body.resize(length, 0);
        stream.read_exact(&mut body).await?;
        note.send(Instant::now()).ok();
        stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await?;
    }
}
