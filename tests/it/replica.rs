//! A streaming replica spares the primary what may lag, and is missed by nobody when it is away.

use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_types::Bool;
use lotse::access::Role;
use lotse::clock::Clock;
use lotse::db::{self, Db, Settings};

use crate::support::app::{Database, TestApp};
use crate::support::postgres::{OwnPostgres, psql_answers};
use crate::support::wait::wait_for_some;

async fn is_read_from_replica(db: &Db) -> bool {
    let asked =
        db.read_behind(|conn| Ok(diesel::select(diesel::dsl::sql::<Bool>("pg_is_in_recovery()")).get_result(conn)?));
    asked.await.unwrap()
}

async fn until_read_from(db: &Db, replica: bool) {
    let what = format!("an answer of the {}", if replica { "replica" } else { "primary" });
    wait_for_some(what, Duration::from_secs(30), || async {
        (is_read_from_replica(db).await == replica).then_some(())
    })
    .await;
}

/// It is read from while it follows; away or behind, the primary answers, and nobody hears an error.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn is_read_from_while_it_follows() {
    let primary = OwnPostgres::start().await;
    let database = primary.fresh_database().await;
    let url = database.to_string();
    tokio::task::spawn_blocking(move || db::migrate(&url)).await.unwrap().unwrap();
    let mut replica = primary.replica().await;
    let url = replica.url_of(&database);
    let settings = Settings {
        replica: Some(url.clone()),
        replica_behind: Duration::from_millis(1),
        ..Settings::new(database.as_str())
    };
    let db = tokio::task::spawn_blocking(move || Db::open(settings)).await.unwrap().unwrap();
    until_read_from(&db, true).await;

    replica.stop().await;
    until_read_from(&db, false).await;
    assert!(!is_read_from_replica(&db).await);
    replica.start_again().await;
    until_read_from(&db, true).await;

    psql_answers(&url, "SELECT pg_wal_replay_pause()");
    psql_answers(&database, "UPDATE changes SET version = version + 1");
    until_read_from(&db, false).await;
    psql_answers(&url, "SELECT pg_wal_replay_resume()");
    until_read_from(&db, true).await;
}

/// The figures come from there; what somebody acts on does not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn figures_come_from_there_and_lists_do_not() {
    let primary = OwnPostgres::start().await;
    let database = primary.fresh_database().await;
    let replica = primary.replica().await;
    let on_replica = replica.url_of(&database);
    let more =
        [("connections = 4", format!("connections = 4\nreplica_url = \"{on_replica}\"\nreplica_behind = \"1h\""))];
    let more: Vec<(&str, &str)> = more.iter().map(|(from, to)| (*from, to.as_str())).collect();
    let mut app = TestApp::start_on(Database::on(database), "", &more, Clock::system()).await;
    let (agent, auditor) = (app.agent().await, app.token(Role::Admin, "").await);
    let today = app.clock.now().day_in_berlin();
    let figures = format!("/api/v1/figures?period=days&from={today}&to={today}");
    app.wait_until(&auditor, &figures, "no request yet", |figures| figures["facts"]["received"] == 0).await;

    psql_answers(&on_replica, "SELECT pg_wal_replay_pause()");
    app.submit().await;
    lotse::figures::worker::round(&app.app.db).await.unwrap();
    assert_eq!(app.get(&auditor, &figures).await.expect(200)["facts"]["received"], 0);
    let list = app.get(&agent, "/api/v1/tickets").await.expect(200);
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    psql_answers(&on_replica, "SELECT pg_wal_replay_resume()");
    app.wait_until(&auditor, &figures, "the request", |figures| figures["facts"]["received"] == 1).await;
}
