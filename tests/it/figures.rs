//! The figures: reckoned by hand on a few requests, after late changes, by several loops at once, within one's reach,
//! and as files.
//!
//! Invariant: after every step the kept sums are those of all requests reckoned anew. Not here: the arithmetic
//! (`src/figures/`), the page (`browser_figures.rs`).

use std::io::Cursor;

use calamine::{Reader, Xlsx, open_workbook_from_rs};
use chrono::{Datelike, Days, TimeDelta};
use diesel::prelude::*;
use lotse::access::{Grant, Role, Scope};
use lotse::clock::{Clock, Timestamp};
use lotse::db::schema::daily_figures;
use lotse::figures::{check, worker};
use serde_json::{Value, json};

use crate::on_both;
use crate::support::app::{Kind, TestApp, a_ticket, client};

/// The figures of these days, after all that happened was followed.
async fn figures(app: &TestApp, token: &str, more: &str) -> Value {
    worker::round(&app.app.db).await.unwrap();
    let found = check::check(&app.app.db).await.unwrap();
    assert!(found.is_good(), "{found:?}");
    app.get(token, &address(app, more)).await.expect(200)
}

fn address(app: &TestApp, more: &str) -> String {
    let today = app.clock.now().day_in_berlin();
    let (from, to) = (today - Days::new(3), today + Days::new(3));
    format!("/api/v1/figures?period=days&from={from}&to={to}{more}")
}

fn path(ticket: &Value) -> String {
    format!("/api/v1/tickets/{}", ticket["id"].as_str().unwrap())
}

/// A request like the others but for this.
async fn submit(app: &mut TestApp, changes: Value) -> Value {
    let mut ticket = a_ticket();
    for (name, value) in changes.as_object().unwrap() {
        ticket[name] = value.clone();
    }
    let agent = app.agent().await;
    app.post(&agent, "/api/v1/tickets", ticket).await.expect(201)
}

async fn act(app: &TestApp, token: &str, ticket: &Value, what: &str, body: Value) -> Value {
    app.post(token, &format!("{}/{what}", path(ticket)), body).await.expect(200)
}

#[track_caller]
fn assert_counts(figures: &Value, expected: Value) {
    let facts = &figures["facts"];
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&facts[name], value, "{name} in {facts}");
    }
}

fn table<'a>(figures: &'a Value, by: &str) -> Vec<(&'a str, i64)> {
    let table = figures["tables"].as_array().unwrap().iter().find(|table| table["by"] == by).unwrap();
    let parts = table["parts"].as_array().unwrap().iter();
    parts.map(|part| (part["value"].as_str().unwrap(), part["facts"]["received"].as_i64().unwrap())).collect()
}

/// Key, counts and times.
type Sum = ((String, String, String, i32, String), (i32, i32, i32, i32, i32, i32, i32), (String, String));

/// All sums that are kept, in order.
async fn sums(app: &TestApp) -> Vec<Sum> {
    use daily_figures as d;
    let all = |conn: &mut lotse::db::Conn| {
        let key = (d::region, d::dimension, d::span, d::day, d::value);
        let counts = (d::received, d::answered, d::in_time, d::late, d::escalated, d::returned, d::rejected);
        let rows = d::table.order(key).select((key, counts, (d::acknowledge, d::answer)));
        Ok::<Vec<Sum>, lotse::error::AppError>(rows.load(conn)?)
    };
    app.app.db.read(all).await.unwrap()
}

/// A clock that stands still, so that times are known to the second.
async fn still(kind: Kind) -> TestApp {
    let now = Timestamp::new(chrono::Utc::now());
    TestApp::start_with(kind, "", Clock::fixed(now)).await
}

mod by_hand {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn sqlite() {
        run(still(Kind::Sqlite).await).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn postgres() {
        run(still(Kind::Postgres).await).await;
    }

    /// One answered after two hours, one after the promise, one refused, one at the 2nd level.
    async fn run(mut app: TestApp) {
        let central = app.central().await;
        let [quick, slow, refused] = [
            submit(&mut app, json!({})).await,
            submit(&mut app, json!({"category": "payment", "channel": "email"})).await,
            submit(&mut app, json!({"category": "payment"})).await,
        ];
        let (_, escalation) = app.escalated("technical").await;
        app.clock.advance(TimeDelta::hours(1));
        for ticket in [&quick, &slow, &refused] {
            act(&app, &central, ticket, "claim", json!({})).await;
        }
        app.clock.advance(TimeDelta::hours(1));
        act(&app, &central, &quick, "answer", json!({"text": "So geht es."})).await;
        act(&app, &central, &refused, "reject", json!({"reason": "Nicht von hier."})).await;
        let now = figures(&app, &central, "").await;
        assert_counts(
            &now,
            json!({"received": 4, "answered": 1, "in_time": 1, "late": 0, "in_time_percent": 100, "escalated": 1,
                "rejected": 1, "returned": 0, "open": 2}),
        );
        let near = |value: &Value, seconds: i64| {
            let read = value.as_i64().unwrap();
            assert!((read - seconds).abs() * 20 <= seconds, "{read} for {seconds}");
        };
        near(&now["facts"]["answer"]["median_seconds"], 7_200);
        near(&now["facts"]["acknowledge"]["p90_seconds"], 3_600);
        assert_eq!(table(&now, "category"), [("form_error", 2), ("payment", 2)]);
        assert_eq!(table(&now, "origin"), [("115", 3), ("email", 1)]);
        assert_eq!(table(&now, "contact"), [("technik", 1)]);
        assert_eq!(table(&now, "municipality"), [("010020000000", 4)]);
        let service = &now["tables"][0]["parts"][0];
        assert_eq!(service["name"], "Elektronische Wohnsitzanmeldung");
        near(&service["facts"]["answer"]["p90_seconds"], 7_200);

        let technik = app.token(Role::SecondLevel, "technik").await;
        let back = format!("/api/v1/escalations/{}/return", escalation["id"].as_str().unwrap());
        app.post(&technik, &back, json!({"reason": "Das Protokoll fehlt."})).await.expect(200);
        assert_eq!((&now["overdue"], &now["kept_percent"]), (&json!(0), &json!(100)));
        let here = address(&app, "");
        app.clock.advance(TimeDelta::days(20));
        // Two are open and late by now: the promise was kept to one of three.
        for (more, overdue, kept) in [
            ("", json!(2), json!(33)),
            ("&category=payment", json!(1), json!(0)),
            ("&origin=email", json!(1), json!(0)),
            ("&ars=01003", json!(0), Value::Null),
            ("&contact=technik", Value::Null, Value::Null),
        ] {
            let found = app.get(&central, &format!("{here}{more}")).await.expect(200);
            assert_eq!((&found["overdue"], &found["kept_percent"]), (&overdue, &kept), "{more}");
        }
        act(&app, &central, &slow, "answer", json!({"text": "Nun doch."})).await;
        app.clock.advance(TimeDelta::days(-20));
        let late = figures(&app, &central, "").await;
        assert_counts(&late, json!({"answered": 2, "in_time": 1, "late": 1, "in_time_percent": 50, "returned": 1}));
        let admin = app.token(Role::Admin, "").await;
        let kept = figures(&app, &admin, "").await;
        assert_eq!((&kept["facts"], &kept["tables"]), (&late["facts"], &late["tables"]), "kept and summed up");
        assert_eq!(late["line"].as_array().unwrap().len(), 7, "a point a day: {}", late["line"]);

        // Narrowed, from the contributions.
        let paid = figures(&app, &central, "&category=payment").await;
        assert_counts(&paid, json!({"received": 2, "answered": 1, "late": 1, "rejected": 1, "open": 0}));
        near(&paid["facts"]["answer"]["median_seconds"], 20 * 86_400 + 7_200);
        let asked = figures(&app, &central, "&contact=technik&service=wohnsitzanmeldung&origin=115").await;
        assert_counts(&asked, json!({"received": 1, "returned": 1}));
        assert_eq!(table(&asked, "category"), [("form_error", 1)]);
        let year = app.clock.now().day_in_berlin().year() + 1;
        let before = format!("/api/v1/figures?period=year&on={year}-06-15");
        let next_year = app.get(&central, &before).await.expect(200);
        assert_eq!((&next_year["facts"]["received"], &next_year["facts_before"]["received"]), (&json!(0), &json!(4)));
    }
}

on_both! {
    /// Reopened, in another category, merged, erased: the sums follow, and none counts twice.
    async fn late_changes_are_followed(app: TestApp) {
        let mut app = app;
        let central = app.central().await;
        let [one, other] = [submit(&mut app, json!({})).await, submit(&mut app, json!({})).await];
        act(&app, &central, &one, "claim", json!({})).await;
        act(&app, &central, &one, "answer", json!({"text": "So geht es."})).await;
        assert_counts(&figures(&app, &central, "").await, json!({"received": 2, "answered": 1, "open": 1}));
        act(&app, &central, &one, "reopen", json!({"reason": "Die Person ruft wieder an."})).await;
        let reopened = figures(&app, &central, "").await;
        assert_counts(&reopened, json!({"answered": 0, "in_time": 0, "open": 2, "answer": null}));
        act(&app, &central, &one, "category", json!({"category": "payment"})).await;
        assert_eq!(table(&figures(&app, &central, "").await, "category"), [("form_error", 1), ("payment", 1)]);
        act(&app, &central, &other, "merge", json!({"into": one["number"]})).await;
        assert_counts(&figures(&app, &central, "").await, json!({"received": 1, "open": 1}));
        act(&app, &central, &one, "answer", json!({"text": "Nun aber."})).await;
        act(&app, &central, &one, "close", json!({})).await;
        let guard = app.token(Role::DataProtection, "").await;
        app.post(&guard, &format!("{}/erase", path(&one)), json!({"reason": "Art. 17"})).await.expect(200);
        assert_counts(&figures(&app, &central, "").await, json!({"received": 1, "answered": 1, "in_time": 1}));
    }

    /// Several loops at once, of two instances, and a rebuild in between, give what one gives.
    async fn loops_at_once_do_not_double(app: TestApp) {
        let mut app = app;
        let other = app.second_instance().await;
        let central = app.central().await;
        for _ in 0..8 {
            submit(&mut app, json!({})).await;
        }
        let instances = [&app.app.db, &other.db, &app.app.db, &other.db];
        for followed in futures_util::future::join_all(instances.map(worker::round)).await {
            followed.unwrap();
        }
        assert_counts(&figures(&app, &central, "").await, json!({"received": 8}));
        let (again, _) = tokio::join!(worker::rebuild(&app.app.db), worker::round(&other.db));
        again.unwrap();
        assert_counts(&figures(&app, &central, "").await, json!({"received": 8}));
        other.stop().await;
    }

    /// Added up batch by batch, in sums that are new, grow, shrink and vanish, all rows are those of one reckoning.
    async fn batches_add_up_to_what_one_reckoning_gives(app: TestApp) {
        let mut app = app;
        let central = app.token(Role::Central, "").await;
        let mut tickets = Vec::new();
        for batch in 0..3 {
            for ars in ["010020000000", "010030000000", "020000000000"] {
                tickets.push(submit(&mut app, json!({"ars": ars})).await);
            }
            act(&app, &central, &tickets[batch], "claim", json!({})).await;
            act(&app, &central, &tickets[batch], "category", json!({"category": "payment"})).await;
            assert_counts(&figures(&app, &central, "").await, json!({"received": tickets.len()}));
        }
        // Its topic is then asked about nowhere in its municipality, and it counts no more.
        act(&app, &central, &tickets[0], "merge", json!({"into": tickets[3]["number"]})).await;
        assert_counts(&figures(&app, &central, "").await, json!({"received": 8}));
        let added_up = sums(&app).await;
        let is_vanished = |((region, _, _, _, value), ..): &Sum| region == "010020000000" && value == "payment";
        assert!(!added_up.iter().any(is_vanished), "{added_up:?}");
        worker::rebuild(&app.app.db).await.unwrap();
        assert_eq!(sums(&app).await, added_up);
    }

    /// Everybody sees the sums of their region, and nothing of another.
    async fn figures_are_of_ones_own_region(app: TestApp) {
        let mut app = app;
        for ars in ["010020000000", "010030000000", "010030000000", "020000000000"] {
            submit(&mut app, json!({"ars": ars})).await;
        }
        for (region, count) in [("", 4), ("01", 3), ("01003", 2), ("010030000000", 2), ("02", 1), ("03", 0)] {
            let token = app.token(Role::ProjectLead, region).await;
            let own = figures(&app, &token, "").await;
            assert_counts(&own, json!({"received": count}));
            let places: i64 = table(&own, "municipality").iter().map(|(_, count)| count).sum();
            assert_eq!(places, count, "{region}: {own}");
        }
        let kiel = app.token(Role::ProjectLead, "01002").await;
        for (region, count) in [("01", 1), ("010020000000", 1), ("010030000000", 0), ("02", 0)] {
            let narrowed = figures(&app, &kiel, &format!("&ars={region}")).await;
            assert_counts(&narrowed, json!({"received": count}));
            assert!(!narrowed.to_string().contains("01003"), "{narrowed}");
        }
        // A scope of one service, and two regions of one person.
        let scope = |region: &str| Scope::region(region.parse().unwrap());
        let grants = [scope("020000000000"), scope("010020000000")].map(|scope| Grant { role: Role::Central, scope, contact: None });
        let person = app.person("zwei", grants.to_vec()).await;
        let address = format!("{}{}", app.base, address(&app, ""));
        let found = client().get(address).header("Cookie", &person.cookie).send().await.unwrap();
        let found: Value = serde_json::from_str(&found.text().await.unwrap()).unwrap();
        assert_counts(&found, json!({"received": 2}));
        for role in [Role::Agent, Role::DataProtection] {
            let token = app.token(role, "").await;
            app.get(&token, "/api/v1/figures").await.expect(403);
        }
    }

    /// CSV and XLSX hold every row; what somebody is called begins no formula.
    async fn files_hold_everything(app: TestApp) {
        let mut app = app;
        let (central, admin) = (app.central().await, app.token(Role::Admin, "").await);
        app.patch(&admin, "/api/v1/services/wohnsitzanmeldung", json!({"name": "=HYPERLINK(\"x\")"})).await.expect(200);
        app.answers(&admin, "/api/v1/services/wohnsitzanmeldung", 200).await;
        submit(&mut app, json!({"category": "payment"})).await;
        figures(&app, &central, "").await;
        app.wait_until(&central, &address(&app, ""), "the new name", |all| all.to_string().contains("HYPERLINK")).await;
        let csv = app.get(&central, &address(&app, "&format=csv&lang=de")).await;
        assert!(csv.header("content-disposition").unwrap().contains(".csv"));
        assert!(csv.body.contains("Thema,Bezahlung,payment,1,0,"), "{}", csv.body);
        assert!(csv.body.contains("\"'=HYPERLINK(\"\"x\"\")\""), "{}", csv.body);
        let address = format!("{}{}", app.base, address(&app, "&format=xlsx&lang=en"));
        let book = client().get(address).bearer_auth(&central).send().await.unwrap().bytes().await.unwrap();
        let mut book: Xlsx<_> = open_workbook_from_rs(Cursor::new(book.to_vec())).unwrap();
        assert_eq!(book.sheet_names().len(), 6);
        let sheet = book.worksheet_range("topic").unwrap();
        assert_eq!(sheet.get_value((1, 1)).unwrap().to_string(), "payment");
        assert_eq!(sheet.get_value((1, 2)).unwrap().to_string(), "1");
        let services = book.worksheet_formula("service").unwrap();
        assert!(services.used_cells().all(|(_, _, formula)| formula.is_empty()));
    }

    /// What is asked for wrongly names the field; a check finds what somebody changed by hand, and a rebuild mends it.
    async fn a_check_finds_what_is_wrong(app: TestApp) {
        let mut app = app;
        let central = app.central().await;
        let wrong = "/api/v1/figures?period=days&from=2026-02-01&to=2026-01-01";
        app.get(&central, wrong).await.expect_fault(422, "to");
        app.get(&central, "/api/v1/figures?period=days").await.expect_fault(422, "from");
        app.get(&central, "/api/v1/figures?from=2001-01-01&to=2026-01-01").await.expect_fault(422, "to");
        submit(&mut app, json!({})).await;
        figures(&app, &central, "").await;
        let spoil = |tx: &mut lotse::db::Tx| {
            let conn: &mut lotse::db::Conn = tx;
            diesel::update(daily_figures::table).set(daily_figures::received.eq(7)).execute(conn)?;
            Ok::<(), lotse::error::AppError>(())
        };
        app.app.db.write(spoil).await.unwrap();
        let found = check::check(&app.app.db).await.unwrap();
        assert!(found.contributions == 0 && found.sums > 0, "{found:?}");
        worker::rebuild(&app.app.db).await.unwrap();
        assert_counts(&figures(&app, &central, "").await, json!({"received": 1}));
    }
}
