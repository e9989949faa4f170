//! Backed up while requests come in, restored elsewhere, served there: nothing that was acknowledged before the backup is
//! lost, and what was sealed opens with the same key.
//!
//! Invariant: both ways are those of docs/operations.md: `lotse backup` for SQLite, `pg_dump` and `pg_restore` for PostgreSQL.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use lotse::access::Role;
use lotse::app::{App, Options, listen};
use lotse::clock::Clock;
use lotse::config::Config;
use lotse::db::backup::backup;
use serde_json::{Value, json};

use crate::support::app::{self, Kind, TestApp, a_ticket, client};
use crate::support::postgres::Postgres;

/// Hands requests in, several at a time, until told to stop; answers the ids that were acknowledged.
async fn under_load<T>(app: &TestApp, token: &str, work: impl Future<Output = T>) -> (T, Vec<String>, Vec<String>) {
    let first = hand_in(app, token, 20).await;
    let stop = Arc::new(AtomicBool::new(false));
    let submitting = async {
        let mut meanwhile = Vec::new();
        while !stop.load(Ordering::Relaxed) {
            meanwhile.extend(hand_in(app, token, 8).await);
        }
        meanwhile
    };
    let working = async {
        let done = work.await;
        stop.store(true, Ordering::Relaxed);
        done
    };
    let (done, meanwhile) = tokio::join!(working, submitting);
    (done, first, meanwhile)
}

async fn hand_in(app: &TestApp, token: &str, count: usize) -> Vec<String> {
    let post = || async {
        let made = app.post(token, "/api/v1/tickets", a_ticket()).await.expect(201);
        made["id"].as_str().unwrap().to_owned()
    };
    futures_util::future::join_all((0..count).map(|_| post())).await
}

/// Serves a restored database, with the same settings otherwise.
async fn serve(app: &TestApp, url: &str, folder: &Path) -> (App, String) {
    let settings = app.settings.replace(&app.database.url, url);
    assert!(settings.contains(url));
    let file = folder.join("restored.toml");
    std::fs::write(&file, settings).unwrap();
    let config = Config::load(Some(&file)).unwrap();
    let listener = Some(listen("server.listen", &config.server.listen).unwrap());
    let options = Options { clock: Clock::system(), listener, delivers: false, development: None };
    let restored = App::start(&config, options).await.unwrap();
    let base = format!("http://{}", restored.address().unwrap());
    (restored, base)
}

/// Everything acknowledged before is there, with who asked.
async fn is_whole(app: &mut TestApp, base: &str, before: &[String]) {
    let (http, agent, central) = (client(), app.agent().await, app.central().await);
    for id in before {
        let path = format!("/api/v1/tickets/{id}");
        let found = app::send(&http, base, &agent, "GET", &path, None, &[]).await.expect(200);
        assert_eq!(found["id"], json!(id));
    }
    let path = format!("/api/v1/tickets/{}/reporter", before[0]);
    let purpose = Some(json!({"purpose": "Rückruf"}).to_string());
    let opened = app::send(&http, base, &central, "POST", &path, purpose, &[]).await.expect(200);
    assert!(opened.to_string().contains("Erika Mustermann"), "{opened}");
    // It goes on where it was: the next request has a number of its own.
    let next = app::send(&http, base, &agent, "POST", "/api/v1/tickets", Some(a_ticket().to_string()), &[]).await;
    assert_eq!(next.status, 201, "{}", next.body);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_is_backed_up_under_load_and_restored() {
    let mut app = TestApp::start(Kind::Sqlite).await;
    let token = app.agent().await;
    app.central().await;
    let elsewhere = tempfile::tempdir().unwrap();
    let (url, file) = (app.database.url.clone(), elsewhere.path().join("sicherung.db"));
    let (from, to) = (url.clone(), file.clone());
    let copying = async move { tokio::task::spawn_blocking(move || backup(&from, &to)).await.unwrap().unwrap() };
    let (made, before, meanwhile) = under_load(&app, &token, copying).await;
    assert!(made.bytes > 100_000 && made.migration.as_str() >= "20261128200000", "{made:?}");
    assert!(!meanwhile.is_empty(), "nothing came in meanwhile");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let names: Vec<_> = std::fs::read_dir(elsewhere.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["sicherung.db"], "nothing is left over");
    // A second one takes nobody's place, and neither does one that cannot be made.
    let again = backup(&url, &file).unwrap_err().to_string();
    assert!(again.contains("is there already"), "{again}");
    let away = backup("sqlite:///nirgends/lotse.db", &elsewhere.path().join("x.db")).unwrap_err().to_string();
    assert!(away.contains("there is no database") && !elsewhere.path().join("x.db").exists(), "{away}");
    let nowhere = backup(&url, &elsewhere.path().join("fehlt/x.db")).unwrap_err().to_string();
    assert!(nowhere.contains("cannot be written"), "{nowhere}");

    let (restored, base) = serve(&app, &format!("sqlite://{}", file.display()), elsewhere.path()).await;
    is_whole(&mut app, &base, &before).await;
    assert!(restored.stop().await);
}

/// Runs one of PostgreSQL's own tools.
fn tool(name: &str, arguments: &[&str]) {
    let ran = Command::new(name).args(arguments).output().unwrap_or_else(|e| panic!("{name} is missing ({e})"));
    assert!(ran.status.success(), "{name}: {}", String::from_utf8_lossy(&ran.stderr));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_is_backed_up_under_load_and_restored() {
    let mut app = TestApp::start(Kind::Postgres).await;
    let token = app.agent().await;
    app.central().await;
    let elsewhere = tempfile::tempdir().unwrap();
    let (url, file) = (app.database.url.clone(), elsewhere.path().join("sicherung.dump").display().to_string());
    let (from, to) = (url.clone(), file.clone());
    let dump = move || tool("pg_dump", &["--format=custom", "--no-owner", "--file", &to, &from]);
    let dumping = async move { tokio::task::spawn_blocking(dump).await.unwrap() };
    let ((), before, meanwhile) = under_load(&app, &token, dumping).await;
    assert!(!meanwhile.is_empty(), "nothing came in meanwhile");
    let refused = backup(&url, &elsewhere.path().join("x.db")).unwrap_err().to_string();
    assert!(refused.contains("pg_dump"), "{refused}");

    let fresh = Postgres::shared().fresh_database().await;
    let target = fresh.to_string();
    let restore = move || tool("pg_restore", &["--no-owner", "--exit-on-error", "--dbname", &target, &file]);
    tokio::task::spawn_blocking(restore).await.unwrap();
    let (restored, base) = serve(&app, fresh.as_str(), elsewhere.path()).await;
    is_whole(&mut app, &base, &before).await;
    assert!(restored.stop().await);
}

/// The command says what it did on stderr, ends with 0, and with 2 where the file is there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_makes_one() {
    let mut app = TestApp::start(Kind::Sqlite).await;
    app.token(Role::Admin, "").await;
    let folder = tempfile::tempdir().unwrap();
    let settings = folder.path().join("lotse.toml");
    std::fs::write(&settings, &app.settings).unwrap();
    let file = folder.path().join("kopie.db");
    let run = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lotse"));
        command.arg("--config").arg(&settings).arg("backup").arg(&file).output().unwrap()
    };
    let made = run();
    let said = String::from_utf8_lossy(&made.stderr).into_owned();
    assert!(made.status.success() && said.contains("whole") && made.stdout.is_empty(), "{said}");
    let again = run();
    assert_eq!(again.status.code(), Some(2), "{}", String::from_utf8_lossy(&again.stderr));
    let value: Value = json!(std::fs::metadata(&file).unwrap().len() > 100_000);
    assert_eq!(value, json!(true));
}
