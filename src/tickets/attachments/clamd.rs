//! Asking clamd whether a file holds harmful software, by INSTREAM over TCP or a unix socket (clamd(8)).
//!
//! Invariant: only a plain "OK" is clean; whatever else is said, or not said in time, is no verdict. Nothing of the file
//! is logged.

use std::path::PathBuf;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};

/// A file of 10 MiB takes a second or two.
const PATIENCE: Duration = Duration::from_secs(20);
/// Bytes at a time.
const CHUNK: usize = 64 * 1024;
/// The longest answer that is read.
const LONGEST_ANSWER: u64 = 4096;

/// Where clamd listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Clamd {
    /// Host and port.
    Tcp(String),
    /// A socket of this machine.
    Unix(PathBuf),
}

impl std::str::FromStr for Clamd {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WANTED: &str = "must be tcp://host:port or unix:///path";
        let has_port = |at: &str| at.rsplit_once(':').is_some_and(|(h, p)| !h.is_empty() && p.parse::<u16>().is_ok());
        match (text.strip_prefix("tcp://"), text.strip_prefix("unix://")) {
            (Some(at), _) if has_port(at) => Ok(Self::Tcp(at.to_owned())),
            (_, Some(path)) if path.starts_with('/') => Ok(Self::Unix(path.into())),
            _ => Err(WANTED),
        }
    }
}

/// What clamd found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing.
    Clean,
    /// Harmful software.
    Infected,
}

/// Asks about a file; the fault in words where there is no verdict.
pub async fn ask(clamd: &Clamd, bytes: &[u8]) -> Result<Verdict, String> {
    let asked = async {
        match clamd {
            Clamd::Tcp(at) => talk(TcpStream::connect(at).await?, bytes).await,
            Clamd::Unix(path) => talk(UnixStream::connect(path).await?, bytes).await,
        }
    };
    let said = tokio::time::timeout(PATIENCE, asked).await.map_err(|_| "clamd did not answer in time".to_owned())?;
    read(&said.map_err(|fault| format!("clamd: {fault}"))?)
}

async fn talk<S: AsyncRead + AsyncWrite + Unpin>(mut to: S, bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    to.write_all(b"zINSTREAM\0").await?;
    for chunk in bytes.chunks(CHUNK) {
        let length = u32::try_from(chunk.len()).unwrap_or_default();
        to.write_all(&length.to_be_bytes()).await?;
        to.write_all(chunk).await?;
    }
    to.write_all(&0u32.to_be_bytes()).await?;
    to.flush().await?;
    let mut said = Vec::new();
    to.take(LONGEST_ANSWER).read_to_end(&mut said).await?;
    Ok(said)
}

fn read(said: &[u8]) -> Result<Verdict, String> {
    let said = String::from_utf8_lossy(said);
    let said = said.trim_matches(['\0', '\n', ' ']);
    match said.strip_prefix("stream: ") {
        Some("OK") => Ok(Verdict::Clean),
        Some(found) if found.ends_with(" FOUND") => Ok(Verdict::Infected),
        _ => Err(format!("clamd: {}", said.chars().take(100).collect::<String>())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ok_is_clean() {
        assert_eq!(read(b"stream: OK\0"), Ok(Verdict::Clean));
        assert_eq!(read(b"stream: Eicar-Test-Signature FOUND\0"), Ok(Verdict::Infected));
        for odd in ["", "OK", "stream: ", "INSTREAM size limit exceeded. ERROR", "stream: OK FOUNDX", "x: OK"] {
            assert!(read(odd.as_bytes()).is_err(), "{odd}");
        }
    }

    #[test]
    fn knows_addresses() {
        assert_eq!("tcp://clamd:3310".parse(), Ok(Clamd::Tcp("clamd:3310".into())));
        assert_eq!("unix:///run/clamd.sock".parse(), Ok(Clamd::Unix("/run/clamd.sock".into())));
        for odd in ["", "clamd:3310", "tcp://clamd", "tcp://:3310", "unix://clamd.sock"] {
            assert!(odd.parse::<Clamd>().is_err(), "{odd}");
        }
    }
}
