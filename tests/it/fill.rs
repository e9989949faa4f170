//! Requests by the thousand: the same by the same seed, whole for every page, true for every count, and only into a
//! database that is meant.

use chrono::TimeDelta;
use diesel::prelude::*;
use lotse::access::audit::verify;
use lotse::access::{Actor, Role};
use lotse::cli::demo::fill::{Span, Wanted, fill};
use lotse::clock::Timestamp;
use lotse::db::Conn;
use lotse::db::schema::{audit_entries, delivery_attempts, escalation_contacts, escalations, outbox, ticket_history};
use lotse::db::schema::{ticket_numbers, ticket_reporters, ticket_search, tickets};
use lotse::error::AppError;
use lotse::figures::{check, worker};
use lotse::ids::TicketId;
use lotse::tickets::TicketNumber;
use serde_json::{Value, json};

use crate::on_both;
use crate::support::app::{Kind, TestApp};
use crate::support::process::BINARY;

const COUNT: usize = 400;

async fn filled(app: &TestApp, seed: u64, until: Timestamp) {
    made_up(app, Wanted { tickets: COUNT, span: Span::Years, seed, until, known: Vec::new() }).await;
}

async fn made_up(app: &TestApp, wanted: Wanted) {
    let desk = app.app.escalations.desk();
    let rules = desk.settings.directory.clone();
    fill(&app.app.db, &desk.sealer, rules, &wanted, &mut |_| {}).await.unwrap();
}

/// Everything that does not hang on keys.
async fn told(app: &TestApp) -> Vec<String> {
    let read = |conn: &mut Conn| -> Result<Vec<String>, AppError> {
        let columns = (tickets::id, tickets::number, tickets::status, tickets::description, tickets::claimed_name);
        let all: Vec<(TicketId, String, String, String, Option<String>)> =
            tickets::table.order(tickets::id).select(columns).load(conn)?;
        let history: Vec<(TicketId, Timestamp, String, String)> = ticket_history::table
            .order(ticket_history::id)
            .select((ticket_history::ticket_id, ticket_history::at, ticket_history::actor, ticket_history::event))
            .load(conn)?;
        let asked: Vec<(TicketId, String, Option<String>)> = escalations::table
            .order(escalations::id)
            .select((escalations::ticket_id, escalations::status, escalations::answer))
            .load(conn)?;
        let mut told: Vec<String> = all.iter().map(|row| format!("{row:?}")).collect();
        told.extend(history.iter().map(|row| format!("{row:?}")));
        told.extend(asked.iter().map(|row| format!("{row:?}")));
        Ok(told)
    };
    app.app.db.read(read).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_seed_says_all() {
    let until = Timestamp::new("2026-11-27T12:00:00Z".parse().unwrap());
    let mut all = Vec::new();
    for (kind, seed) in [(Kind::Sqlite, 7), (Kind::Postgres, 7), (Kind::Sqlite, 8)] {
        let app = TestApp::start(kind).await;
        filled(&app, seed, until).await;
        all.push(told(&app).await);
    }
    assert_eq!(all[0].len(), all[1].len());
    for (one, other) in all[0].iter().zip(&all[1]) {
        assert_eq!(one, other);
    }
    assert_ne!(all[0], all[2]);
}

on_both! {
    /// Every row that belongs to a request is there, the chain of the audit log is whole, and the figures are true.
    async fn it_is_whole(app: TestApp) {
        let now = app.clock.now();
        filled(&app, 7, now).await;
        let desk = app.app.escalations.desk();
        let verdict = verify::verify(&app.app.db, &desk.sealer, Vec::new(), now).await.unwrap();
        assert_eq!(verdict.fault, None);
        assert!(verdict.entries > COUNT as i64, "{verdict:?}");
        worker::rebuild(&app.app.db).await.unwrap();
        let found = check::check(&app.app.db).await.unwrap();
        assert!(found.is_good() && found.requests == COUNT, "{found:?}");

        app.app.db.read(|conn| {
            let count = COUNT as i64;
            assert_eq!(tickets::table.count().get_result::<i64>(conn)?, count);
            assert_eq!(ticket_numbers::table.count().get_result::<i64>(conn)?, count);
            assert_eq!(ticket_search::table.count().get_result::<i64>(conn)?, count);
            let history: i64 = ticket_history::table.count().get_result(conn)?;
            let audit = audit_entries::table.filter(audit_entries::object.eq("ticket"));
            assert_eq!(audit.count().get_result::<i64>(conn)?, history);
            assert!(audit_entries::table.filter(audit_entries::object.eq("ticket")).filter(audit_entries::seq.is_null()).count().get_result::<i64>(conn)? == 0);
            let wish = tickets::table.filter(tickets::reply_wish.ne("none"));
            assert_eq!(wish.count().get_result::<i64>(conn)?, ticket_reporters::table.count().get_result::<i64>(conn)?);
            let asked: i64 = escalations::table.count().get_result(conn)?;
            assert!(asked > 20, "{asked} escalations");
            assert_eq!(escalation_contacts::table.count().get_result::<i64>(conn)?, asked);
            let sent: i64 = outbox::table.count().get_result(conn)?;
            assert!(sent > asked);
            assert_eq!(delivery_attempts::table.count().get_result::<i64>(conn)?, sent);
            assert_eq!(outbox::table.filter(outbox::status.eq("pending")).count().get_result::<i64>(conn)?, 0);
            // Each state is there, and nothing lies in the future but promises.
            let mut states: Vec<String> = tickets::table.select(tickets::status).distinct().load(conn)?;
            states.sort();
            assert_eq!(states, ["answered", "assessing", "closed", "escalated", "new", "rejected", "waiting"]);
            Ok(())
        }).await.unwrap();
        let latest = app.app.db.read(|conn| {
            Ok(ticket_history::table.select(diesel::dsl::max(ticket_history::at)).first::<Option<Timestamp>>(conn)?)
        }).await.unwrap();
        assert!(latest.unwrap() <= now.plus(TimeDelta::milliseconds(3)));
    }

    /// Those of two weeks stand as a working morning finds them: most ended, some due next, a few late or waiting.
    async fn two_weeks_end_in_a_working_morning(app: TestApp) {
        let until = Timestamp::new("2026-11-24T08:30:00Z".parse().unwrap());
        made_up(&app, Wanted { tickets: 200, span: Span::Weeks, seed: 1, until, known: Vec::new() }).await;
        let rows = app.app.db.read(|conn| {
            let columns = (tickets::status, tickets::created_at, tickets::respond_by);
            Ok(tickets::table.select(columns).load::<(String, Timestamp, Timestamp)>(conn)?)
        }).await.unwrap();
        let begin = until.minus(TimeDelta::days(14));
        assert!(rows.len() == 200 && rows.iter().all(|(_, at, _)| *at > begin && *at < until));
        let with = |wanted: &str| rows.iter().filter(|(status, ..)| status == wanted).count();
        let open: Vec<_> = rows.iter().filter(|(status, ..)| ["new", "assessing", "escalated"].contains(&status.as_str())).collect();
        assert_eq!(open.iter().filter(|(_, _, due)| *due < until).count(), 3, "late: {open:?}");
        assert!(open.iter().all(|(_, _, due)| *due < until.plus(TimeDelta::days(1))), "{open:?}");
        assert!(open.len() > 8 && open.len() < 30 && with("waiting") >= 2 && with("escalated") >= 1, "{rows:?}");
        assert!(with("closed") > 140, "{rows:?}");
    }

    /// List, request, search, escalations, reporter and what an open request can be made to do.
    async fn pages_work_on_it(app: TestApp) {
        let mut app = app;
        filled(&app, 7, app.clock.now()).await;
        let admin = app.token(Role::Auditor, "").await;
        let list = app.get(&admin, "/api/v1/tickets?limit=100").await.expect(200);
        assert!(!list["items"].as_array().unwrap().is_empty());
        let total: Value = app.get(&admin, "/api/v1/tickets/counts").await.expect(200);
        let open = app.app.db.read(|conn| {
            let ended = ["answered", "closed", "rejected", "merged"];
            Ok(tickets::table.filter(tickets::status.ne_all(ended)).count().get_result::<i64>(conn)?)
        }).await.unwrap();
        assert_eq!(total["open"], open, "{total}");
        for row in list["items"].as_array().unwrap().iter().take(40) {
            let path = format!("/api/v1/tickets/{}", row["number"].as_str().unwrap());
            let ticket = app.get(&admin, &path).await.expect(200);
            assert_eq!(ticket["id"], row["id"]);
            app.get(&admin, &format!("{path}/history")).await.expect(200);
        }
        // A code of its own finds one request.
        let description = list["items"][0]["description"].as_str().map(str::to_owned);
        let number = list["items"][0]["number"].as_str().unwrap().to_owned();
        let ticket = app.get(&admin, &format!("/api/v1/tickets/{number}")).await.expect(200);
        let text = description.unwrap_or_else(|| ticket["description"].as_str().unwrap().to_owned());
        let code = text.split_whitespace().find(|word| word.starts_with("OD")).unwrap().trim_matches('.').to_owned();
        let found = app.get(&admin, &format!("/api/v1/tickets?q={code}")).await.expect(200);
        assert_eq!(found["items"].as_array().unwrap().len(), 1, "{code}");
        assert_eq!(found["items"][0]["number"], number.as_str());

        // A new one goes on after the numbers, and one of those that are new can be worked on.
        let agent = app.agent().await;
        let next = app.post(&agent, "/api/v1/tickets", crate::support::app::a_ticket()).await.expect(201);
        assert!(next["number"].as_str().unwrap().parse::<TicketNumber>().is_ok());
        let central = app.central().await;
        let fresh = app.get(&central, "/api/v1/tickets?status=new&limit=1").await.expect(200);
        let path = format!("/api/v1/tickets/{}", fresh["items"][0]["number"].as_str().unwrap());
        app.post(&central, &format!("{path}/claim"), json!({})).await.expect(200);
        app.post(&central, &format!("{path}/answer"), json!({"text": "So geht es."})).await.expect(200);

        // The sealed part opens with its key alone.
        let with = app.app.db.read(|conn| {
            Ok(ticket_reporters::table.select(ticket_reporters::ticket_id).first::<TicketId>(conn)?)
        }).await.unwrap();
        let reply = app.get(&admin, &format!("/api/v1/tickets/{with}")).await;
        assert_eq!(reply.status, 200);
        let desk = app.app.escalations.desk().clone();
        let opened = app.app.db.write(move |tx| {
            let ticket = lotse::tickets::find_by_id(tx, with)?.unwrap();
            lotse::tickets::reporter::open(tx, &desk.sealer, &ticket, &Actor::console(), "test", desk.clock.now())
        }).await.unwrap();
        assert!(opened.unwrap().0.email.unwrap().ends_with("@example.org"));
    }
}

#[test]
fn a_used_database_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let run = |more: &[&str]| {
        let place = folder.path().display().to_string();
        let common = ["demo", "--tickets", "30", "--fill-only", "--directory", &place];
        std::process::Command::new(BINARY).args(common).args(more).output().unwrap()
    };
    let first = run(&[]);
    assert!(first.status.success(), "{first:?}");
    let again = run(&[]);
    let said = String::from_utf8_lossy(&again.stderr).into_owned();
    assert_eq!(again.status.code(), Some(2), "{said}");
    assert!(said.contains("--into-used") && said.lines().count() == 1, "{said}");
    assert!(run(&["--into-used", "--seed", "2"]).status.success());
}
