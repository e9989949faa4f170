//! `lotse ingest-mail`: the pipe of a mail server, with the codes that it understands.

use std::io::Write;
use std::process::{Command, Stdio};

use super::{AskedDesk, DESK};
use crate::support::app::{Kind, TestApp};
use crate::support::process::BINARY;

/// Pipes a mail in; answers the code.
fn pipe(settings: &std::path::Path, raw: &[u8], more: &[&str]) -> i32 {
    let mut command = Command::new(BINARY);
    command.arg("--config").arg(settings).arg("ingest-mail").args(more);
    let mut child = command.stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    // A pipe that was closed early is what some of these are about.
    child.stdin.take().unwrap().write_all(raw).ok();
    child.wait().unwrap().code().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pipe_keeps_the_mail_until_it_is_durable() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let mut app = TestApp::start(kind).await;
        let asked = AskedDesk::new(&mut app).await;
        let file = app.database.folder.path().join("lotse.toml");
        let raw = asked.reply(DESK, "Übernommen").without("To").raw();
        // The envelope names the address where the headers do not.
        assert_eq!(pipe(&file, &raw, &["--recipient", &asked.address()]), 0);
        assert_eq!(pipe(&file, &raw, &["--recipient", &asked.address()]), 0, "again");
        let central = app.central().await;
        let escalation = app.get(&central, &asked.path()).await.expect(200);
        assert_eq!(escalation["status"], "acknowledged");
        assert_eq!(pipe(&file, b"", &[]), 65);
        assert_eq!(pipe(&file, &vec![b'x'; 11 * 1024 * 1024], &[]), 65);
        assert_eq!(pipe(&file, &raw, &["--mailbox", "unbekannt"]), 75);
        // A database that is away, and settings that are wrong, are over later.
        let text = std::fs::read_to_string(&file).unwrap();
        let broken = app.database.folder.path().join("broken.toml");
        std::fs::write(&broken, text.replace(&app.database.url, "sqlite:///nowhere/at/all/lotse.db")).unwrap();
        assert_eq!(pipe(&broken, &raw, &[]), 75);
        std::fs::write(&broken, text.replace("[mail]", "[mial]")).unwrap();
        assert_eq!(pipe(&broken, &raw, &[]), 75);
    }
}
