//! What time does: deadlines in service time, reminders before they pass, emergencies at any hour, on a clock that is
//! moved by hand, and that jumps.
//!
//! Invariant: every test begins on a Friday at half past four in the afternoon, with ordinary days after it.

use std::time::Duration;

use chrono::{Datelike, Days, NaiveDate, TimeDelta, TimeZone, Weekday};
use chrono_tz::Europe::Berlin;
use lotse::access::{Grant, Role, Scope};
use lotse::clock::{Clock, Timestamp};
use lotse::directory::hours::is_holiday;
use lotse::escalation::sweep;
use serde_json::{Value, json};

use crate::support::app::{Kind, TestApp, a_ticket};
use crate::support::wait::wait_for_some;

const OFFICE: &str = "[clock]\nhours = \"Mo-Fr 08:00-18:00; PH off\"\n";

/// The next Friday but one that ordinary days follow.
fn friday() -> NaiveDate {
    let land = "SH".parse().unwrap();
    let is_plain = |day: NaiveDate| {
        (0..8).all(|later| {
            let day = day + Days::new(later);
            !is_holiday(land, day) && !matches!((day.month(), day.day()), (12, 24) | (12, 31))
        })
    };
    let first = chrono::Utc::now().date_naive() + Days::new(7);
    first.iter_days().find(|day| day.weekday() == Weekday::Fri && is_plain(*day)).unwrap()
}

/// So many days after that Friday, at this time on the wall.
fn at(later: u64, time: &str) -> Timestamp {
    let wall = (friday() + Days::new(later)).and_time(time.parse().unwrap());
    Timestamp::new(Berlin.from_local_datetime(&wall).earliest().unwrap().to_utc())
}

/// The same as JSON writes it.
fn json_at(later: u64, time: &str) -> Value {
    json!(at(later, time))
}

const MONDAY: u64 = 3;
const TUESDAY: u64 = 4;

async fn start(kind: Kind, more: &str) -> TestApp {
    TestApp::start_with(kind, more, Clock::fixed(at(0, "16:30:00"))).await
}

/// Moves the clock to a time, forth or back.
fn move_to(app: &TestApp, time: Timestamp) {
    app.clock.advance(time.since(app.clock.now()));
}

/// Sweeps until nothing is left to do.
async fn swept(app: &TestApp) {
    while sweep::round(&app.app.escalations).await.unwrap() > 0 {}
}

fn path_of(object: &Value, kind: &str) -> String {
    format!("/api/v1/{kind}/{}", object["id"].as_str().unwrap())
}

async fn history(app: &TestApp, token: &str, ticket: &Value, kind: &str) -> Vec<Value> {
    let all = app.get(token, &format!("{}/history", path_of(ticket, "tickets"))).await.expect(200);
    all["items"].as_array().unwrap().iter().filter(|entry| entry["kind"] == kind).cloned().collect()
}

/// How many mails to this address say this, once there are so many.
async fn mails(app: &TestApp, address: &str, subject: &str, count: usize) {
    let found = || {
        let here = |mail: &&crate::support::smtp::Mail| {
            mail.to.iter().any(|to| to == address) && readable(mail).contains(subject)
        };
        app.smtp.received().iter().filter(here).count()
    };
    wait_for_some(format!("{count} mails «{subject}» to {address}"), Duration::from_secs(20), || async {
        (found() >= count).then_some(())
    })
    .await;
    assert_eq!(found(), count, "mails «{subject}» to {address}");
}

fn readable(mail: &crate::support::smtp::Mail) -> String {
    let parsed = mail_parser::MessageParser::default().parse(&mail.data).unwrap();
    format!("{}\n{}", parsed.subject().unwrap_or_default(), parsed.body_text(0).unwrap_or_default())
}

/// Runs a test on both databases.
macro_rules! on_each {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        mod $name {
            use super::*;
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() { super::$name(Kind::Sqlite).await; }
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() { super::$name(Kind::Postgres).await; }
        }
    )*};
}

on_each! {
    steps_count_service_time;
    reminders_come_once;
    a_promise_is_kept_in_sight;
    a_pause_leaves_service_time;
    what_is_promised_in_a_pause_stands;
    the_answer_awaited_in_a_pause_hurries;
    closing_days_move_what_is_ahead;
    other_hours_move_what_is_ahead;
    the_answer_is_awaited;
    an_emergency_does_not_rest;
    an_emergency_that_nobody_takes;
    an_emergency_whose_last_cannot_be_reached;
    a_clock_may_jump;
    a_promise_of_a_clock_that_was_ahead_is_counted_anew;
    two_of_one_name_are_told_apart;
}

/// Four hours of service time, from Friday to Monday; the contact's own hours come first.
async fn steps_count_service_time(kind: Kind) {
    let mut app = start(kind, OFFICE).await;
    let (ticket, escalation) = app.escalated("technical").await;
    assert_eq!(ticket["respond_by"], json_at(MONDAY, "16:30:00"), "the same clock time on the next service day");
    assert_eq!(escalation["acknowledge_by"], json_at(MONDAY, "10:30:00"));
    let central = app.central().await;
    let path = path_of(&escalation, "escalations");
    let explained = app.get(&central, &format!("{}/deadlines", path_of(&ticket, "tickets"))).await.expect(200);
    let (respond, acknowledge) = (&explained["items"][0], &explained["items"][1]);
    assert_eq!((&respond["kind"], &respond["hours"]["source"]), (&json!("respond"), &json!("channel")));
    assert_eq!((&respond["is_as_reckoned"], &acknowledge["is_as_reckoned"]), (&json!(true), &json!(true)));
    let words = acknowledge["parts"][0]["de"].to_string();
    for part in ["16:30 + 4 h Servicezeit → Mo", "16:30–18:00 zählt 1:30", "geschlossen", "08:00–10:30 zählt 2:30"]
    {
        assert!(words.contains(part), "{part}: {words}");
    }
    assert!(acknowledge["parts"][0]["en"]["steps"][0].as_str().unwrap().contains("counts 1:30"), "{acknowledge}");

    move_to(&app, at(MONDAY, "10:29:59"));
    swept(&app).await;
    assert_eq!(app.get(&central, &path).await.expect(200)["step"], 0);
    move_to(&app, at(MONDAY, "10:30:00"));
    swept(&app).await;
    let next = app.get(&central, &path).await.expect(200);
    assert_eq!((&next["step"], &next["acknowledge_by"]), (&json!(1), &json_at(MONDAY, "14:30:00")));

    // Somebody who is always there has four hours by the clock, at night too.
    let admin = app.token(Role::Admin, "").await;
    app.patch(&admin, "/api/v1/contacts/technik", json!({"hours": "24/7"})).await.expect(200);
    move_to(&app, at(MONDAY, "17:00:00"));
    let (_, at_once) = app.escalated("technical").await;
    assert_eq!(at_once["acknowledge_by"], json_at(MONDAY, "21:00:00"));
}

/// Half and four fifths of the time, by mail and webhook, once over two instances, and on when one of them stops.
async fn reminders_come_once(kind: Kind) {
    let mut app = start(kind, OFFICE).await;
    let other = app.second_instance().await;
    let (ticket, escalation) = app.escalated("technical").await;
    let central = app.central().await;
    let path = path_of(&escalation, "escalations");
    app.wait_until(&central, &path, "sent", |e| e["status"] == "sent").await;
    // Half of four hours of service time.
    move_to(&app, at(MONDAY, "08:29:59"));
    swept(&app).await;
    assert_eq!(history(&app, &central, &ticket, "escalation_reminded").await.len(), 0);
    move_to(&app, at(MONDAY, "08:30:00"));
    let both = [&app.app.escalations, &other.escalations].map(sweep::round);
    for done in futures_util::future::join_all(both).await {
        done.unwrap();
    }
    swept(&app).await;
    mails(&app, "technik@dataport.example.org", "Erinnerung, technisch", 1).await;
    let calls = app.webhook.wait_for(2).await;
    let reminded: Vec<Value> = calls.iter().map(|c| c.json()).filter(|c| c["type"] == "escalation.reminded").collect();
    assert_eq!(reminded.len(), 1, "once over two instances");
    assert_eq!(reminded[0]["data"]["acknowledge_by"], json_at(MONDAY, "10:30:00"));
    assert_eq!(app.get(&central, &path).await.expect(200)["remind_at"], json_at(MONDAY, "09:42:00"));
    // An instance stops; the other reminds.
    other.stop().await;
    move_to(&app, at(MONDAY, "09:42:00"));
    swept(&app).await;
    mails(&app, "technik@dataport.example.org", "Erinnerung, technisch", 2).await;
    let told = history(&app, &central, &ticket, "escalation_reminded").await;
    let percent: Vec<&Value> = told.iter().map(|entry| &entry["data"]["percent"]).collect();
    assert_eq!(percent, [50, 80]);
    // Whoever takes it is not reminded of taking it.
    let second = app.token(Role::SecondLevel, "technik").await;
    let taken = app.post(&second, &format!("{path}/acknowledge"), json!({})).await.expect(200);
    assert_eq!(taken["acknowledge_by"], Value::Null);
    move_to(&app, at(MONDAY, "10:31:00"));
    swept(&app).await;
    assert_eq!(app.get(&central, &path).await.expect(200)["step"], 0);
    assert_eq!(history(&app, &central, &ticket, "escalation_reminded").await.len(), 2);
}

/// The central contact hears when half of the time is over, when it comes near, and when it has passed; each once.
async fn a_promise_is_kept_in_sight(kind: Kind) {
    let mut app = start(kind, OFFICE).await;
    let ticket = app.submit().await;
    let central = app.central().await;
    for (time, words) in [("11:30:00", "Hälfte"), ("14:30:00", "bald fällig"), ("16:30:00", "überfällig")] {
        move_to(&app, at(MONDAY, time).minus(TimeDelta::seconds(1)));
        swept(&app).await;
        mails(&app, "zentral@kiel.example.org", words, 0).await;
        move_to(&app, at(MONDAY, time));
        swept(&app).await;
        mails(&app, "zentral@kiel.example.org", words, 1).await;
    }
    move_to(&app, at(TUESDAY, "16:30:00"));
    swept(&app).await;
    mails(&app, "zentral@kiel.example.org", "überfällig", 1).await;
    // Whoever calls now is not promised a day that has passed.
    let scope = Scope::region("01".parse().unwrap());
    let agent = app.person("brandt", vec![Grant { role: Role::Agent, scope, contact: None }]).await;
    let look_up = format!("/anfragen/auskunft?nummer={}", ticket["number"].as_str().unwrap());
    let page = app.send("", "GET", &look_up, None, &[("Cookie", &agent.cookie)]).await.body;
    assert!(page.contains("ist überfällig") && !page.contains("Sie hören bis"), "{page}");
    // More urgent: never later. Less urgent: not later either.
    let path = path_of(&ticket, "tickets");
    let late = app.post(&central, &format!("{path}/priority"), json!({"priority": "P4"})).await.expect(200);
    assert_eq!(late["respond_by"], ticket["respond_by"]);
    // What is answered in time is not told of.
    let other = app.submit().await;
    let path = path_of(&other, "tickets");
    assert_eq!(other["respond_by"], json_at(TUESDAY + 1, "16:30:00"));
    let urgent = app.post(&central, &format!("{path}/priority"), json!({"priority": "P1"})).await.expect(200);
    assert_eq!(urgent["respond_by"], json_at(TUESDAY, "20:30:00"), "four hours by the clock");
    app.post(&central, &format!("{path}/claim"), json!({})).await.expect(200);
    app.post(&central, &format!("{path}/answer"), json!({"text": "Geht wieder."})).await.expect(200);
    move_to(&app, at(TUESDAY + 3, "12:00:00"));
    swept(&app).await;
    mails(&app, "zentral@kiel.example.org", "überfällig", 1).await;
}

/// While the person is waited for the clock stands, and what service time was left is left.
async fn a_pause_leaves_service_time(kind: Kind) {
    let mut app = start(kind, OFFICE).await;
    let ticket = app.submit().await;
    let central = app.central().await;
    let path = path_of(&ticket, "tickets");
    app.post(&central, &format!("{path}/claim"), json!({})).await.expect(200);
    move_to(&app, at(MONDAY, "08:30:00"));
    app.post(&central, &format!("{path}/wait"), json!({"question": "Welcher Browser?"})).await.expect(200);
    move_to(&app, at(MONDAY, "17:00:00"));
    swept(&app).await;
    mails(&app, "zentral@kiel.example.org", "überfällig", 0).await;
    let resumed = app.post(&central, &format!("{path}/resume"), json!({"text": "Firefox"})).await.expect(200);
    // Eight hours were left: one on Monday, seven on Tuesday.
    assert_eq!(resumed["respond_by"], json_at(TUESDAY, "15:00:00"));
    let explained = app.get(&central, &format!("{path}/deadlines")).await.expect(200);
    let respond = &explained["items"][0];
    assert_eq!(respond["is_as_reckoned"], true, "{respond}");
    assert!(respond["parts"][1]["why_de"].as_str().unwrap().contains("auf die Person gewartet"), "{respond}");
    assert!(respond["parts"][1]["de"]["headline"].as_str().unwrap().contains("+ 8 h Servicezeit → Di"), "{respond}");
    // An interim reply promises anew, and says so.
    let body = json!({"text": "Wir sind dran.", "respond_by": at(TUESDAY + 1, "12:00:00")});
    app.post(&central, &format!("{path}/interim"), body).await.expect(200);
    let explained = app.get(&central, &format!("{path}/deadlines")).await.expect(200);
    assert_eq!(explained["items"][0]["due"], json_at(TUESDAY + 1, "12:00:00"));
    assert!(explained["items"][0]["parts"][2]["de"]["headline"].as_str().unwrap().contains("Neu zugesagt"));
}

/// What became urgent, or was promised anew, while the person is waited for, is not moved by the waiting before it.
async fn what_is_promised_in_a_pause_stands(kind: Kind) {
    let mut app = start(kind, OFFICE).await;
    move_to(&app, at(MONDAY, "09:00:00"));
    let (ticket, other) = (app.submit().await, app.submit().await);
    let central = app.central().await;
    let due = async |app: &TestApp, ticket: &Value, time: Value| {
        let explained = app.get(&central, &format!("{}/deadlines", path_of(ticket, "tickets"))).await.expect(200);
        let respond = &explained["items"][0];
        assert_eq!((&respond["due"], &respond["is_as_reckoned"]), (&time, &json!(true)), "{respond}");
    };
    for ticket in [&ticket, &other] {
        let path = path_of(ticket, "tickets");
        app.post(&central, &format!("{path}/priority"), json!({"priority": "P4"})).await.expect(200);
        app.post(&central, &format!("{path}/claim"), json!({})).await.expect(200);
        app.post(&central, &format!("{path}/wait"), json!({"question": "Welcher Browser?"})).await.expect(200);
    }
    move_to(&app, at(MONDAY + 2, "09:00:00"));
    let path = path_of(&ticket, "tickets");
    app.post(&central, &format!("{path}/emergency"), json!({"reason": "Ausfall"})).await.expect(200);
    due(&app, &ticket, json_at(MONDAY + 2, "13:00:00")).await;
    let path = path_of(&other, "tickets");
    let body = json!({"text": "Wir sind dran.", "respond_by": at(MONDAY + 2, "17:00:00")});
    app.post(&central, &format!("{path}/interim"), body).await.expect(200);
    move_to(&app, at(MONDAY + 2, "10:00:00"));
    app.post(&central, &format!("{path}/resume"), json!({"text": "Firefox"})).await.expect(200);
    due(&app, &other, json_at(MONDAY + 2, "18:00:00")).await;
}

/// Whoever asked something back has less time for what became more urgent, and no time for the asking before it.
async fn the_answer_awaited_in_a_pause_hurries(kind: Kind) {
    let mut app = start(kind, &format!("{OFFICE}answer_p2 = \"4h\"\nanswer_p3 = \"10h\"\n")).await;
    move_to(&app, at(MONDAY, "08:00:00"));
    let (ticket, escalation) = app.escalated("technical").await;
    let (central, path) = (app.central().await, path_of(&escalation, "escalations"));
    let second = app.token(Role::SecondLevel, "technik").await;
    app.post(&second, &format!("{path}/acknowledge"), json!({})).await.expect(200);
    app.post(&second, &format!("{path}/ask"), json!({"text": "Welcher Browser?"})).await.expect(200);
    move_to(&app, at(TUESDAY, "09:00:00"));
    let priority = format!("{}/priority", path_of(&ticket, "tickets"));
    app.post(&central, &priority, json!({"priority": "P2"})).await.expect(200);
    let hurried = app.get(&central, &path).await.expect(200);
    let times = (&hurried["answer_by"], &hurried["paused_at"], &hurried["remind_at"]);
    assert_eq!(times, (&json_at(TUESDAY, "13:00:00"), &json_at(TUESDAY, "09:00:00"), &Value::Null));
}

/// A closing day is entered without a restart: what comes then counts by it, and what is ahead is counted anew, with
/// the reason in the history. What a person was promised by a word stands, and taken back it is as it was.
async fn closing_days_move_what_is_ahead(kind: Kind) {
    let mut app = start(kind, OFFICE).await;
    let (before, told) = (app.submit().await, app.submit().await);
    let (asked_of, asked) = app.escalated("functional").await;
    let admin = app.token(Role::Admin, "").await;
    let monday = friday() + Days::new(MONDAY);
    let body = json!({"ars": "01002", "day": monday, "reason": "Personalversammlung"});
    let foreign = app.token(Role::DirectoryEditor, "02").await;
    app.post(&foreign, "/api/v1/closing-days", body.clone()).await.expect_fault(422, "ars");
    let made = app.post(&admin, "/api/v1/closing-days", body.clone()).await.expect(201);
    app.post(&admin, "/api/v1/closing-days", body).await.expect(409);
    let past = json!({"ars": "01002", "day": "2020-01-01", "reason": "x"});
    app.post(&admin, "/api/v1/closing-days", past).await.expect_fault(422, "day");
    let desk = app.app.escalations.desk();
    wait_for_some("the closing day in memory", Duration::from_secs(5), || async {
        (!desk.directory.current().closing_days().is_empty()).then_some(())
    })
    .await;
    let after = app.submit().await;
    assert_eq!(after["respond_by"], json_at(TUESDAY, "16:30:00"));
    let central = app.central().await;
    let explained = app.get(&central, &format!("{}/deadlines", path_of(&after, "tickets"))).await.expect(200);
    assert!(explained.to_string().contains("geschlossen: Personalversammlung"), "{explained}");
    let due = async |app: &TestApp, object: &Value, kind: &str, key: &str, time: Value| {
        let path = path_of(object, kind);
        app.wait_until(&central, &path, &format!("{key} {time}"), |found| found[key] == time).await;
    };
    // The older promise, and the question to a contact there, have the day more; the history says why.
    due(&app, &before, "tickets", "respond_by", json_at(TUESDAY, "16:30:00")).await;
    due(&app, &asked, "escalations", "acknowledge_by", json_at(TUESDAY, "10:30:00")).await;
    let moved = history(&app, &central, &before, "promise_moved").await;
    assert_eq!((moved.len(), &moved[0]["data"]["from"]), (1, &json_at(MONDAY, "16:30:00")), "{moved:?}");
    assert!(moved[0]["data"]["reason"].as_str().unwrap().contains("Personalversammlung"), "{moved:?}");
    assert_eq!(history(&app, &central, &asked_of, "escalation_moved").await.len(), 1);
    let explained = app.get(&central, &format!("{}/deadlines", path_of(&before, "tickets"))).await.expect(200);
    assert_eq!(explained["items"][0]["is_as_reckoned"], true, "{explained}");
    // Nobody is asked next, or reminded, on the day on which nobody is there.
    move_to(&app, at(MONDAY, "12:00:00"));
    swept(&app).await;
    assert_eq!(app.get(&central, &path_of(&asked, "escalations")).await.expect(200)["step"], 0);
    assert_eq!(history(&app, &central, &asked_of, "escalation_reminded").await.len(), 0);
    move_to(&app, at(0, "16:30:00"));
    // Who is there sees it, others do not.
    let list = async |token: &str| app.get(token, "/api/v1/closing-days").await.expect(200)["items"].clone();
    assert_eq!(list(&central).await.as_array().unwrap().len(), 1);
    assert_eq!(list(&foreign).await, json!([]));
    let place = format!("/api/v1/closing-days/{}", made["id"].as_str().unwrap());
    app.get(&foreign, &place).await.expect(404);
    app.send(&foreign, "DELETE", &place, None, &[]).await.expect(404);
    app.send(&central, "DELETE", &place, None, &[]).await.expect(403);
    // What was promised by a word is not moved by a day that is taken back; everything else is.
    let path = path_of(&told, "tickets");
    app.post(&central, &format!("{path}/claim"), json!({})).await.expect(200);
    let until = json!({"text": "Wir sind dran.", "respond_by": json_at(TUESDAY, "10:00:00")});
    app.post(&central, &format!("{path}/interim"), until).await.expect(200);
    app.send(&admin, "DELETE", &place, None, &[]).await.expect(204);
    due(&app, &before, "tickets", "respond_by", json_at(MONDAY, "16:30:00")).await;
    due(&app, &asked, "escalations", "acknowledge_by", json_at(MONDAY, "10:30:00")).await;
    assert_eq!(app.get(&central, &path).await.expect(200)["respond_by"], json_at(TUESDAY, "10:00:00"));
    assert_eq!(history(&app, &central, &told, "promise_moved").await.len(), 1);
    // A closing day of the operating Land holds for its shared technical contacts too.
    let body = json!({"ars": "01", "day": monday, "reason": "Umzug"});
    app.post(&admin, "/api/v1/closing-days", body).await.expect(201);
    wait_for_some("the day of the Land in memory", Duration::from_secs(5), || async {
        let days = app.app.escalations.desk().directory.current().closing_days();
        days.iter().any(|day| day.reason == "Umzug").then_some(())
    })
    .await;
    let (_, escalation) = app.escalated("technical").await;
    assert_eq!(escalation["acknowledge_by"], json_at(TUESDAY, "10:30:00"));
    // Any deadline can be asked for.
    let query = "/api/v1/deadline?start=2025-10-02T14:30:00Z&within=4h&land=SH&hours=Mo-Fr%2008:00-18:00";
    let asked = app.get(&admin, query).await.expect(200);
    assert_eq!(asked["due"], "2025-10-06T08:30:00Z");
    assert!(asked["de"].to_string().contains("Tag der Deutschen Einheit"), "{asked}");
    app.get(&admin, "/api/v1/deadline?within=1d").await.expect_fault(422, "land");
    app.get(&admin, "/api/v1/deadline?within=bald&land=SH").await.expect_fault(422, "within");
}

/// Other hours of a contact move the step that waits for it, and those of a help channel what was promised; two
/// instances count once, and what would be past is left as it was.
async fn other_hours_move_what_is_ahead(kind: Kind) {
    let mut app = start(kind, OFFICE).await;
    let other = app.second_instance().await;
    let (ticket, escalation) = app.escalated("technical").await;
    let (central, admin) = (app.central().await, app.token(Role::Admin, "").await);
    let path = path_of(&escalation, "escalations");
    assert_eq!(escalation["acknowledge_by"], json_at(MONDAY, "10:30:00"));
    app.patch(&admin, "/api/v1/contacts/technik", json!({"hours": "Mo-Fr 10:00-18:00"})).await.expect(200);
    app.wait_until(&central, &path, "another time", |e| e["acknowledge_by"] == json_at(MONDAY, "12:30:00")).await;
    let moved = history(&app, &central, &ticket, "escalation_moved").await;
    assert_eq!(moved.len(), 1, "{moved:?}");
    assert!(moved[0]["data"]["reason"].as_str().unwrap().contains("Dataport Service Desk"), "{moved:?}");
    // By these hours it would have been over already: it stays.
    move_to(&app, at(MONDAY, "11:00:00"));
    app.patch(&admin, "/api/v1/contacts/technik", json!({"hours": "24/7"})).await.expect(200);
    let channels = app.get(&admin, "/api/v1/channels?service=wohnsitzanmeldung&ars=010020000000").await.expect(200);
    let channel = format!("/api/v1/channels/{}", channels["items"][0]["id"].as_str().unwrap());
    let said = json!({
        "version": channels["items"][0]["version"], "kind": "115", "label": "Behördennummer 115",
        "hours": "Mo-Fr 08:00-12:00; PH off"
    });
    app.send(&admin, "PUT", &channel, Some(said.to_string()), &[]).await.expect(200);
    let path_of_ticket = path_of(&ticket, "tickets");
    // Friday afternoon is outside of these hours: it counts from Monday morning, and a day later is Tuesday morning.
    app.wait_until(&central, &path_of_ticket, "another time", |t| t["respond_by"] == json_at(TUESDAY, "08:00:00"))
        .await;
    assert_eq!(app.get(&central, &path).await.expect(200)["acknowledge_by"], json_at(MONDAY, "12:30:00"));
    assert_eq!(history(&app, &central, &ticket, "escalation_moved").await.len(), 1);
    other.stop().await;
}

/// Whoever took it has their time to answer, is reminded of it, and the central contact hears when it has passed.
async fn the_answer_is_awaited(kind: Kind) {
    let mut app = start(kind, &format!("{OFFICE}answer_p3 = \"10h\"\n")).await;
    let (ticket, escalation) = app.escalated("technical").await;
    let central = app.central().await;
    let path = path_of(&escalation, "escalations");
    app.wait_until(&central, &path, "sent", |e| e["status"] == "sent").await;
    let second = app.token(Role::SecondLevel, "technik").await;
    move_to(&app, at(MONDAY, "08:00:00"));
    let taken = app.post(&second, &format!("{path}/acknowledge"), json!({})).await.expect(200);
    assert_eq!(taken["answer_by"], json_at(MONDAY, "18:00:00"));
    for time in ["13:00:00", "16:00:00", "18:00:00"] {
        move_to(&app, at(MONDAY, time));
        swept(&app).await;
    }
    let told = history(&app, &central, &ticket, "escalation_reminded").await;
    let percent: Vec<&Value> = told.iter().map(|entry| &entry["data"]["percent"]).collect();
    assert_eq!(percent, [50, 80]);
    mails(&app, "technik@dataport.example.org", "Bitte antworten Sie bis", 2).await;
    // A minute later, because the sweep of the application may have told something else first.
    move_to(&app, at(MONDAY, "18:02:00"));
    swept(&app).await;
    mails(&app, "zentral@kiel.example.org", "nicht rechtzeitig geantwortet", 1).await;
    // While they wait for our answer to a question of theirs nobody reminds them.
    let (asked_of, asking) = app.escalated("technical").await;
    let asking = path_of(&asking, "escalations");
    let body = json!({"text": "Welcher Browser?"});
    let asked = app.post(&second, &format!("{asking}/ask"), body).await.expect(200);
    assert_eq!((&asked["paused_at"], &asked["remind_at"]), (&json_at(MONDAY, "18:02:00"), &Value::Null));
    move_to(&app, at(TUESDAY + 1, "18:00:00"));
    swept(&app).await;
    assert_eq!(history(&app, &central, &asked_of, "escalation_reminded").await.len(), 0);
    // It waits on: nothing is taken from them.
    assert_eq!(app.get(&central, &path).await.expect(200)["status"], "acknowledged");
}

/// On a Saturday night: at once, to everybody asked, again and again, until somebody has it; and everybody sees who.
async fn an_emergency_does_not_rest(kind: Kind) {
    let mut app = start(kind, OFFICE).await;
    move_to(&app, at(1, "03:00:00"));
    let ticket = app.submit().await;
    let central = app.central().await;
    let path = path_of(&ticket, "tickets");
    let agent = app.agent().await;
    app.post(&agent, &format!("{path}/emergency"), json!({"reason": "x"})).await.expect(403);
    app.post(&central, &format!("{path}/emergency"), json!({"reason": ""})).await.expect_fault(422, "reason");
    let body = json!({"reason": "Der Dienst ist für alle weg."});
    let raised = app.post(&central, &format!("{path}/emergency"), body.clone()).await.expect(200);
    assert_eq!((&raised["priority"], &raised["status"]), (&json!("P1"), &json!("escalated")));
    assert_eq!(raised["respond_by"], json_at(1, "07:00:00"), "four hours by the clock");
    app.post(&central, &format!("{path}/emergency"), body).await.expect(200);
    let all = app.get(&central, &format!("{path}/escalations")).await.expect(200);
    assert_eq!(all["items"].as_array().unwrap().len(), 1, "a second press starts no second chain");
    let emergency = &all["items"][0];
    assert_eq!(emergency["acknowledge_by"], json_at(1, "03:30:00"));
    let chain: Vec<&Value> = emergency["chain"].as_array().unwrap().iter().map(|step| &step["contact"]["id"]).collect();
    assert_eq!(chain, ["bereitschaft", "technik", "kiel-zentral"]);
    mails(&app, "bereitschaft@dataport.example.org", "NOTFALL", 1).await;
    for (time, count) in [("03:10:00", 1), ("03:20:00", 2)] {
        move_to(&app, at(1, time));
        swept(&app).await;
        mails(&app, "bereitschaft@dataport.example.org", "Erinnerung, NOTFALL", count).await;
    }
    // The next is asked by mail and webhook together, and the first is told on.
    move_to(&app, at(1, "03:30:00"));
    swept(&app).await;
    mails(&app, "technik@dataport.example.org", "NOTFALL", 1).await;
    assert_eq!(app.webhook.wait_for(1).await[0].json()["data"]["emergency"], true);
    move_to(&app, at(1, "03:40:00"));
    swept(&app).await;
    mails(&app, "technik@dataport.example.org", "Erinnerung, NOTFALL", 1).await;
    mails(&app, "bereitschaft@dataport.example.org", "Erinnerung, NOTFALL", 3).await;
    // Taken: everybody sees by whom, and nobody is told again.
    let escalation = path_of(emergency, "escalations");
    assert_eq!(app.get(&central, &escalation).await.expect(200)["reminded"], 3);
    let second = app.token(Role::SecondLevel, "bereitschaft").await;
    app.post(&second, &format!("{escalation}/acknowledge"), json!({})).await.expect(200);
    let taken = app.get(&central, &escalation).await.expect(200);
    assert_eq!(
        (&taken["acknowledged_by"], &taken["status"]),
        (&json!("Dataport Bereitschaft"), &json!("acknowledged"))
    );
    swept(&app).await;
    mails(&app, "zentral@kiel.example.org", "der Notfall ist übernommen: Dataport Bereitschaft", 1).await;
    move_to(&app, at(1, "04:10:00"));
    swept(&app).await;
    assert_eq!(app.get(&central, &escalation).await.expect(200)["step"], 1);
    mails(&app, "technik@dataport.example.org", "Erinnerung, NOTFALL", 1).await;
    assert_eq!(history(&app, &central, &ticket, "emergency_raised").await.len(), 2);
}

/// When everybody was asked the central contact is told, people are still told again, but not for ever.
async fn an_emergency_that_nobody_takes(kind: Kind) {
    let more = format!("{OFFICE}[escalation]\nemergency_within = \"15m\"\nemergency_repeats = 5\n");
    let mut app = start(kind, &more).await;
    let ticket = app.submit().await;
    let central = app.central().await;
    let path = path_of(&ticket, "tickets");
    app.post(&central, &format!("{path}/priority"), json!({"priority": "P1"})).await.expect(200);
    let id = app.get(&central, &format!("{path}/escalations")).await.expect(200)["items"][0].clone();
    let escalation = path_of(&id, "escalations");
    let mut minutes = 0;
    let ended = loop {
        let now = app.get(&central, &escalation).await.expect(200);
        if now["status"] == "expired" || minutes > 300 {
            break now;
        }
        minutes += 5;
        app.clock.advance(TimeDelta::minutes(5));
        swept(&app).await;
    };
    assert_eq!((&ended["status"], &ended["reminded"]), (&json!("expired"), &json!(5)), "after {minutes} minutes");
    assert!((45..=90).contains(&minutes), "after {minutes} minutes");
    mails(&app, "zentral@kiel.example.org", "noch hat niemand übernommen", 1).await;
    mails(&app, "zentral@kiel.example.org", "niemand der Kette hat bestätigt", 1).await;
    // Everybody is told again at most so often.
    mails(&app, "bereitschaft@dataport.example.org", "Erinnerung, NOTFALL", 5).await;
}

/// Where the last of an emergency's chain cannot be reached, those before are still told again; a person may end it.
async fn an_emergency_whose_last_cannot_be_reached(kind: Kind) {
    use crate::support::smtp::{Reaction, Stage};
    let mut app = start(kind, OFFICE).await;
    let last = "zentral@kiel.example.org";
    let ticket = app.submit().await;
    let central = app.central().await;
    let path = path_of(&ticket, "tickets");
    app.post(&central, &format!("{path}/priority"), json!({"priority": "P1"})).await.expect(200);
    let id = app.get(&central, &format!("{path}/escalations")).await.expect(200)["items"][0].clone();
    let escalation = path_of(&id, "escalations");
    app.smtp.on(Stage::Rcpt, Reaction::Reply(550, "5.1.1 no such user")).when_recipient(last);
    // Time passes, so that the messages of the steps before are told from those of this one.
    for _ in 0..2 {
        app.clock.advance(TimeDelta::minutes(1));
        app.post(&central, &format!("{escalation}/next"), json!({})).await.expect(200);
    }
    let (of_the_step, telling_on) = (json_at(0, "17:02:00"), "telling on");
    let told = app.wait_until(&central, &escalation, telling_on, |e| e["acknowledge_by"] != of_the_step).await;
    assert!(["pending", "sent"].contains(&told["status"].as_str().unwrap()), "{told}");
    app.clock.advance(TimeDelta::minutes(31));
    swept(&app).await;
    mails(&app, "bereitschaft@dataport.example.org", "Erinnerung, NOTFALL", 1).await;
    let ended = app.post(&central, &format!("{escalation}/next"), json!({})).await.expect(200);
    assert_eq!(ended["status"], "expired", "{ended}");
}

/// A clock that jumps a day forth asks one more, not all; set back again, nothing repeats, and nobody waits a day longer.
async fn a_clock_may_jump(kind: Kind) {
    let mut app = start(kind, OFFICE).await;
    let (ticket, escalation) = app.escalated("technical").await;
    let central = app.central().await;
    let path = path_of(&escalation, "escalations");
    app.wait_until(&central, &path, "sent", |e| e["status"] == "sent").await;
    // A day forth, from Monday morning: the next is asked, and counted from then.
    move_to(&app, at(MONDAY, "08:00:00"));
    swept(&app).await;
    move_to(&app, at(TUESDAY, "08:00:00"));
    swept(&app).await;
    let jumped = app.get(&central, &path).await.expect(200);
    assert_eq!((&jumped["step"], &jumped["acknowledge_by"]), (&json!(1), &json_at(TUESDAY, "12:00:00")));
    let steps = history(&app, &central, &ticket, "escalation_step").await.len();
    assert_eq!(history(&app, &central, &ticket, "escalation_reminded").await.len(), 0, "it was too late to remind");
    // And back: counted anew from the true time, without another message.
    move_to(&app, at(MONDAY, "08:01:00"));
    swept(&app).await;
    let back = app.get(&central, &path).await.expect(200);
    assert_eq!((&back["step"], &back["acknowledge_by"]), (&json!(1), &json_at(MONDAY, "12:01:00")));
    assert_eq!(history(&app, &central, &ticket, "escalation_step").await.len(), steps);
    // An hour forth past half of the time: one reminder; back and forth again: no second one.
    for time in ["10:30:00", "09:30:00", "10:31:00"] {
        move_to(&app, at(MONDAY, time));
        swept(&app).await;
    }
    assert_eq!(history(&app, &central, &ticket, "escalation_reminded").await.len(), 1);
    assert_eq!(app.get(&central, &path).await.expect(200)["step"], 1);
}

/// What came in while the clock was a day ahead was promised a day too much; once it is set back, that is counted anew,
/// once, and stands in the history. What a person was promised by a word to them stands.
async fn a_promise_of_a_clock_that_was_ahead_is_counted_anew(kind: Kind) {
    let mut app = start(kind, OFFICE).await;
    swept(&app).await;
    let central = app.central().await;
    move_to(&app, at(TUESDAY, "16:30:00"));
    swept(&app).await;
    let (silent, told) = (app.submit().await, app.submit().await);
    assert_eq!(silent["respond_by"], json_at(TUESDAY + 1, "16:30:00"));
    let path = path_of(&told, "tickets");
    app.post(&central, &format!("{path}/claim"), json!({})).await.expect(200);
    let until = json!({"text": "Wir sind dran.", "respond_by": json_at(TUESDAY + 2, "10:00:00")});
    app.post(&central, &format!("{path}/interim"), until).await.expect(200);
    move_to(&app, at(MONDAY, "09:00:00"));
    for _ in 0..2 {
        swept(&app).await;
    }
    // The loop of the application itself may have been quicker, and be at it still.
    let counted = json_at(TUESDAY, "09:00:00");
    app.wait_until(&central, &path_of(&silent, "tickets"), "counted anew", |ticket| ticket["respond_by"] == counted)
        .await;
    let stands = app.get(&central, &path).await.expect(200);
    assert_eq!(stands["respond_by"], json_at(TUESDAY + 2, "10:00:00"));
    let moved = history(&app, &central, &silent, "promise_moved").await;
    assert_eq!((moved.len(), &moved[0]["data"]["to"]), (1, &json_at(TUESDAY, "09:00:00")), "{moved:?}");
}

/// Of two contacts of one name the one that took it is reminded, not the one whose turn it was.
async fn two_of_one_name_are_told_apart(kind: Kind) {
    let mut app = start(kind, OFFICE).await;
    let (editor, central) = (app.token(Role::DirectoryEditor, "").await, app.central().await);
    let name = app.get(&editor, "/api/v1/contacts/technik").await.expect(200)["name"].clone();
    app.patch(&editor, "/api/v1/contacts/bereitschaft", json!({"name": name})).await.expect(200);
    let (_, escalation) = app.escalated("technical").await;
    let path = path_of(&escalation, "escalations");
    app.wait_until(&central, &path, "sent", |e| e["status"] == "sent").await;
    app.post(&central, &format!("{path}/next"), json!({})).await.expect(200);
    let second = app.token(Role::SecondLevel, "technik").await;
    let taken = app.post(&second, &format!("{path}/acknowledge"), json!({})).await.expect(200);
    assert_eq!(
        (&taken["step"], &taken["acknowledged_by"], &taken["acknowledged_contact"]),
        (&json!(1), &name, &json!("technik"))
    );
    let due: Timestamp = serde_json::from_value(taken["remind_at"].clone()).unwrap();
    move_to(&app, due);
    swept(&app).await;
    mails(&app, "technik@dataport.example.org", "Erinnerung, technisch", 1).await;
    mails(&app, "bereitschaft@dataport.example.org", "Erinnerung, technisch", 0).await;
}

/// The page explains, reckons, and raises the alarm.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_explains_and_raises_the_alarm() {
    let mut app = start(Kind::Sqlite, OFFICE).await;
    let ticket = app.submit().await;
    let number = ticket["number"].as_str().unwrap();
    let grant = Grant { role: Role::Central, scope: Scope::everywhere(), contact: None };
    let anna = app.person("anna", vec![grant]).await;
    let cookie = [("Cookie", anna.cookie.as_str())];
    let seen = async |path: &str| app.send("", "GET", path, None, &cookie).await;
    let page = seen(&format!("/fristen?nummer={number}")).await;
    assert_eq!(page.status, 200, "{}", page.body);
    for part in ["1 Servicetag → Mo", "Gleiche Uhrzeit: 16:30", "Zeiten des Hilfekanals", "Notfall auslösen"] {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
    assert!(seen(&format!("/fristen?nummer={number}&lang=en")).await.body.contains("1 service day"));
    assert_eq!(seen("/fristen?nummer=26-000000-9").await.status, 422);
    let reckoned = seen("/fristen?von=2025-10-02T16:30&dauer=4h&zeiten=Mo-Fr+08:00-18:00&land=SH").await;
    assert!(reckoned.body.contains("Tag der Deutschen Einheit"), "{}", reckoned.body);
    assert_eq!(seen("/fristen?dauer=bald&land=SH").await.status, 422);
    let sent = async |reason: &str| {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("csrf", &anna.csrf).append_pair("nummer", number).append_pair("grund", reason);
        let headers = [cookie[0], ("Content-Type", "application/x-www-form-urlencoded")];
        app.send("", "POST", "/fristen/notfall", Some(form.finish()), &headers).await
    };
    assert_eq!(sent("").await.status, 422);
    let pressed = sent("Alles steht.").await;
    assert_eq!(pressed.status, 303, "{}", pressed.body);
    let page = seen(pressed.header("location").unwrap()).await;
    assert!(page.body.contains("Der Notfall ist ausgelöst."), "{}", page.body);
    assert!(page.body.contains("nach der Uhr"), "{}", page.body);
}

/// A request whose service and place have no emergency contact: the priority stands, and people are told.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_emergency_without_a_contact_is_told() {
    let mut app = start(Kind::Sqlite, OFFICE).await;
    let alone =
        "[[service]]\nslug = \"wohngeld\"\nname = \"Wohngeld\"\noperating_land = \"SH\"\noperator = \"Dataport\"\n";
    app.import(&format!("{}{alone}", crate::support::app::directory(&app.webhook.url()))).await;
    let agent = app.agent().await;
    let mut body = a_ticket();
    body["service"] = json!("wohngeld");
    body["ars"] = json!("010030000000");
    let ticket = app.post(&agent, "/api/v1/tickets", body).await.expect(201);
    let central = app.token(Role::Central, "01003").await;
    let path = path_of(&ticket, "tickets");
    let raised = app.post(&central, &format!("{path}/emergency"), json!({"reason": "Ausfall"})).await.expect(200);
    assert_eq!(raised["priority"], "P1");
    assert_eq!(app.get(&central, &format!("{path}/escalations")).await.expect(200)["items"], json!([]));
}
