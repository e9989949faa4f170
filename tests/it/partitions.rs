//! Requests by month on PostgreSQL: nothing is lost or refused, and the product does not notice.

use chrono::TimeDelta;
use lotse::clock::Timestamp;
use lotse::db::partitions;
use serde_json::json;

use crate::support::app::{Kind, TestApp, a_ticket};
use crate::support::postgres::psql_answers;

async fn divide(app: &TestApp, at: Timestamp) -> Result<Vec<String>, lotse::error::AppError> {
    let url = app.database.url.clone();
    tokio::task::spawn_blocking(move || partitions::divide(&url, at)).await.unwrap()
}

/// The parts that hold something, with how many requests.
fn parts(app: &TestApp, table: &str) -> Vec<(String, usize)> {
    let counted = format!("SELECT tableoid::regclass, count(*) FROM {table} GROUP BY 1 ORDER BY 1");
    let answer = psql_answers(&app.database.url, &counted);
    let pairs = answer.lines().filter_map(|line| line.split_once('|'));
    pairs.map(|(name, count)| (name.to_owned(), count.parse().unwrap())).collect()
}

/// What stood there goes on after the division: it is listed, found, escalated further, answered.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_stood_there_goes_on() {
    let mut app = TestApp::start(Kind::Postgres).await;
    let (ticket, escalation) = app.escalated("technical").await;
    let made = divide(&app, app.clock.now()).await.unwrap();
    assert_eq!(made.len(), 12, "three coming months of four tables: {made:?}");
    assert_eq!(parts(&app, "tickets"), [("tickets_before".to_owned(), 1)]);

    let second = app.submit().await;
    let central = app.central().await;
    let path = format!("/api/v1/tickets/{}", ticket["id"].as_str().unwrap());
    let found =
        app.get(&central, &format!("/api/v1/tickets?q={}", second["number"].as_str().unwrap())).await.expect(200);
    assert_eq!(found["items"].as_array().unwrap().len(), 1, "{found}");
    app.wait_until(&central, "/api/v1/tickets?q=Wohnsitz", "both by their words", |list| {
        list["items"].as_array().is_some_and(|items| items.len() == 2)
    })
    .await;
    let technik = app.token(lotse::access::Role::SecondLevel, "technik").await;
    let answer = json!({"text": "Die Rückkehr geht wieder."});
    let id = escalation["id"].as_str().unwrap();
    app.post(&technik, &format!("/api/v1/escalations/{id}/answer"), answer).await.expect(200);
    app.post(&central, &format!("{path}/answer"), json!({"text": "Es geht wieder."})).await.expect(200);
    let history = app.get(&central, &format!("{path}/history")).await.expect(200);
    assert!(history.to_string().contains("answered"), "{history}");

    let again = divide(&app, app.clock.now()).await.unwrap_err();
    assert!(again.to_string().contains("already"), "{again}");
}

/// What came in while no month was there is kept apart and moved once it is; several instances may look at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_month_that_was_missing_loses_nothing() {
    let mut app = TestApp::start(Kind::Postgres).await;
    let now = app.clock.now();
    divide(&app, now.minus(TimeDelta::days(400))).await.unwrap();
    let (first, second) = (app.submit().await, app.submit().await);
    assert_eq!(parts(&app, "tickets"), [("tickets_rest".to_owned(), 2)]);

    let db = app.app.db.clone();
    let (one, other) = futures_util::join!(db.make_coming_months(now), db.make_coming_months(now));
    assert_eq!(one.unwrap().len() + other.unwrap().len(), 16, "each month once");
    let month = format!("tickets_{}", now.utc().format("%Y_%m"));
    assert_eq!(parts(&app, "tickets"), [(month.clone(), 2)]);
    assert!(parts(&app, "ticket_history").iter().all(|(name, _)| !name.ends_with("_rest")));
    let third = app.submit().await;
    assert_eq!(parts(&app, "tickets"), [(month, 3)]);
    let agent = app.agent().await;
    for ticket in [first, second, third] {
        app.get(&agent, &format!("/api/v1/tickets/{}", ticket["number"].as_str().unwrap())).await.expect(200);
    }
    assert!(db.make_coming_months(now).await.unwrap().is_empty(), "nothing is missing any more");
    let later = db.make_coming_months(now.plus(TimeDelta::days(31))).await.unwrap();
    assert_eq!(later.len(), 4, "one month more of each table: {later:?}");
}

/// Indexes keep the names and conditions that the migrations gave them, so that later migrations find them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn indexes_are_those_of_the_migrations() {
    let mut app = TestApp::start(Kind::Postgres).await;
    let all = "SELECT regexp_replace(indexdef, ' ON (ONLY )?', ' ON ') FROM pg_indexes WHERE tablename IN \
               ('tickets', 'ticket_history', 'ticket_search', 'ticket_reporters') ORDER BY 1";
    let before = psql_answers(&app.database.url, all);
    assert!(before.contains("tickets_open") && before.contains("ticket_search_body"), "{before}");
    divide(&app, app.clock.now()).await.unwrap();
    assert_eq!(psql_answers(&app.database.url, all), before);
    let agent = app.token(lotse::access::Role::Agent, "").await;
    app.post(&agent, "/api/v1/tickets", a_ticket()).await.expect(201);
}

/// SQLite has no parts, and says what helps instead.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_is_refused_with_a_reason() {
    let app = TestApp::start(Kind::Sqlite).await;
    let fault = divide(&app, app.clock.now()).await.unwrap_err();
    assert!(fault.to_string().contains("PostgreSQL"), "{fault}");
}
