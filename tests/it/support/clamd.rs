//! A clamd for tests that speaks INSTREAM, and finds, falls silent or is away as it is told.
//!
//! Invariant: every stream is read to its end before it is answered, as the real one does.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// How it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// Harmful is what holds the test signature of EICAR.
    Looks,
    /// Everything is harmful: its signatures are newer now.
    FindsAll,
    /// It hangs up without a word.
    Down,
}

pub struct ClamdPeer {
    port: u16,
    mood: Arc<Mutex<Mood>>,
    seen: Arc<Mutex<Vec<usize>>>,
    task: JoinHandle<()>,
}

impl Drop for ClamdPeer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The harmless file that every scanner calls harmful (eicar.org), taken apart here so that none calls this one so.
pub fn eicar() -> Vec<u8> {
    [r"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-", "ANTIVIRUS-TEST-FILE!$H+H*"].concat().into_bytes()
}

impl ClamdPeer {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (mood, seen) = (Arc::new(Mutex::new(Mood::Looks)), Arc::new(Mutex::new(Vec::new())));
        let (told, noted) = (mood.clone(), seen.clone());
        let task = tokio::spawn(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else { return };
                let mood = *told.lock().unwrap();
                if let Some(size) = answer(stream, mood).await {
                    noted.lock().unwrap().push(size);
                }
            }
        });
        Self { port, mood, seen, task }
    }

    pub fn address(&self) -> String {
        format!("tcp://127.0.0.1:{}", self.port)
    }

    pub fn set(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    /// The sizes of what it was shown.
    pub fn seen(&self) -> Vec<usize> {
        self.seen.lock().unwrap().clone()
    }
}

async fn answer(mut stream: TcpStream, mood: Mood) -> Option<usize> {
    if mood == Mood::Down {
        return None;
    }
    let mut word = [0; 10];
    stream.read_exact(&mut word).await.ok()?;
    assert_eq!(&word, b"zINSTREAM\0");
    let mut all = Vec::new();
    loop {
        let length = stream.read_u32().await.ok()?;
        if length == 0 {
            break;
        }
        let mut chunk = vec![0; length as usize];
        stream.read_exact(&mut chunk).await.ok()?;
        all.extend(chunk);
    }
    let eicar = eicar();
    let is_harmful = mood == Mood::FindsAll || all.windows(eicar.len()).any(|window| window == eicar);
    let said: &[u8] = if is_harmful { b"stream: Eicar-Test-Signature FOUND\0" } else { b"stream: OK\0" };
    stream.write_all(said).await.ok()?;
    Some(all.len())
}
