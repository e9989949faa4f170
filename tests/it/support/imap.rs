//! An IMAP server of a few lines whose second message arrives at the very moment at which the first is marked.
//!
//! Invariant: it tells of the second message once, beside its answer to the mark, as RFC 3501 has it, and is silent
//! afterwards. What it does not do: anything else that Dovecot does better (`dovecot.rs`).

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// Serves two messages; answers the settings of the mailbox.
pub async fn two_messages(messages: [Vec<u8>; 2]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // The client hangs up when the test ends.
            let _ = converse(stream, &messages).await;
        }
    });
    format!(
        "[[inbound.mailbox]]\nname = \"antwort\"\nhost = \"127.0.0.1\"\nport = {port}\nuser = \"antwort\"\n\
         password = \"geheim\"\nallow_plain = true\n"
    )
}

async fn converse(stream: TcpStream, messages: &[Vec<u8>; 2]) -> std::io::Result<()> {
    let mut line = BufReader::new(stream);
    let (mut there, mut said) = (1, String::new());
    line.write_all(b"* OK there\r\n").await?;
    while line.read_line(&mut said).await? > 0 {
        let (tag, command) = said.trim_end().split_once(' ').unwrap_or((said.trim_end(), ""));
        let mut answer: Vec<u8> = Vec::new();
        if command.starts_with("CAPABILITY") {
            answer.extend(b"* CAPABILITY IMAP4rev1 IDLE\r\n");
        } else if command.starts_with("SELECT") {
            answer.extend(b"* 1 EXISTS\r\n* OK [UIDVALIDITY 1] valid\r\n");
        } else if command.starts_with("UID SEARCH") {
            let uids: Vec<String> = (1..=there).map(|uid| uid.to_string()).collect();
            answer.extend(format!("* SEARCH {}\r\n", uids.join(" ")).bytes());
        } else if let Some(asked) = command.strip_prefix("UID FETCH ") {
            let uid: usize = asked.split(' ').next().and_then(|uid| uid.parse().ok()).unwrap_or(1);
            let raw = &messages[uid - 1];
            if asked.contains("BODY") {
                answer.extend(format!("* {uid} FETCH (UID {uid} BODY[] {{{}}}\r\n", raw.len()).bytes());
                answer.extend(raw);
                answer.extend(b")\r\n");
            } else {
                answer.extend(format!("* {uid} FETCH (UID {uid} RFC822.SIZE {})\r\n", raw.len()).bytes());
            }
        } else if command.starts_with("UID STORE") && there == 1 {
            there = 2;
            answer.extend(b"* 2 EXISTS\r\n");
        } else if command.starts_with("IDLE") {
            line.write_all(b"+ idling\r\n").await?;
            let mut done = String::new();
            line.read_line(&mut done).await?;
        }
        answer.extend(format!("{tag} OK done\r\n").bytes());
        line.write_all(&answer).await?;
        said.clear();
    }
    Ok(())
}
