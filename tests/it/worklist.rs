//! The list of work over HTTP: what stands in it and in which order, what it costs, many at once, and what an open list
//! is told.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::TimeDelta;
use diesel::connection::SimpleConnection;
use lotse::access::{Grant, Role, Scope};
use lotse::clock::{Clock, Timestamp};
use lotse::db::Conn;
use serde_json::{Value, json};

use crate::on_both;
use crate::support::app::{Kind, LoggedIn, Reply, TestApp, a_ticket};
use crate::support::plans;

const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");

pub fn grants(role: Role, region: &str) -> Vec<Grant> {
    vec![Grant { role, scope: Scope::region(region.parse().unwrap()), contact: None }]
}

async fn opens(app: &TestApp, person: &LoggedIn, path: &str) -> Reply {
    app.send("", "GET", path, None, &[("Cookie", &person.cookie)]).await
}

async fn sends(app: &TestApp, person: &LoggedIn, pairs: &[(&str, &str)]) -> Reply {
    let mut body = url::form_urlencoded::Serializer::new(String::new());
    body.append_pair("csrf", &person.csrf).extend_pairs(pairs);
    app.send("", "POST", "/anfragen/sammeln", Some(body.finish()), &[FORM, ("Cookie", &person.cookie)]).await
}

/// The numbers in the list, from top to bottom.
fn numbers(page: &str) -> Vec<String> {
    page.split("data-nr=\"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
}

/// What a tab says, with its count.
#[track_caller]
fn has_tab(page: &str, words: &str) {
    let (label, count) = words.rsplit_once(' ').unwrap();
    assert!(page.contains(&format!("{label} <b>{count}</b>")), "no tab {words}: {page}");
}

fn link(page: &str, rel: &str) -> Option<String> {
    let rest = page.split(&format!("rel=\"{rel}\" href=\"")).nth(1)?;
    Some(rest.split('"').next()?.replace("&amp;", "&").replace("&#38;", "&"))
}

fn number(ticket: &Value) -> String {
    ticket["number"].as_str().unwrap().to_owned()
}

async fn submit_as(app: &mut TestApp, subject: &str) -> String {
    let agent = app.agent().await;
    let mut body = a_ticket();
    body["subject"] = json!(subject);
    number(&app.post(&agent, "/api/v1/tickets", body).await.expect(201))
}

/// Copies the first request: one with each of these numbers and this status, each a minute later due than the last.
async fn copy(app: &TestApp, numbers: &[String], status: &'static str) {
    for (at, some) in numbers.chunks(5000).enumerate() {
        let listed = some.iter().enumerate().map(|(i, number)| format!("({}, '{number}')", at * 5000 + i + 1));
        let listed = listed.collect::<Vec<_>>().join(", ");
        let write = move |tx: &mut lotse::db::Tx| {
            let conn: &mut Conn = tx;
            let (id, due) = match conn {
                Conn::Sqlite(_) => {
                    ("randomblob(16)", "strftime('%Y-%m-%d %H:%M:%S', t.respond_by, '+' || n.i || ' minutes')")
                }
                Conn::Postgres(_) => ("gen_random_uuid()", "t.respond_by + n.i * interval '1 minute'"),
            };
            let columns = "channel, service, ars, category, priority, subject, description, context, reply_wish, submitted_by, created_at, updated_at";
            let values = columns.replace(", ", ", t.").replace("channel", "t.channel");
            let paused = if status == "waiting" { "t.created_at" } else { "NULL" };
            let sql = format!(
                "WITH n(i, number) AS (VALUES {listed}) \
                 INSERT INTO tickets (id, number, status, {columns}, respond_by, reminded, paused_at) \
                 SELECT {id}, n.number, '{status}', {values}, {due}, 0, {paused} \
                 FROM n, (SELECT * FROM tickets ORDER BY number DESC LIMIT 1) t"
            );
            conn.batch_execute(&sql)?;
            Ok(())
        };
        app.app.db.write(write).await.unwrap();
    }
}

/// Numbers of another year than those that the tests hand in.
fn made_up(from: i64, many: i64) -> Vec<String> {
    (from..from + many).map(|i| lotse::tickets::TicketNumber::new(2025, i).to_string()).collect()
}

/// A clock that stands, on a Tuesday morning.
fn tuesday() -> Clock {
    Clock::fixed(Timestamp::new("2026-11-24T09:00:00Z".parse().unwrap()))
}

async fn start(kind: Kind) -> TestApp {
    TestApp::start_with(kind, "", tuesday()).await
}

/// What is due first, what is late, who has it, where it is; each in its view, and the counts are true.
async fn shows_what_is_due(kind: Kind) {
    let mut app = start(kind).await;
    let central = app.central().await;
    let late = submit_as(&mut app, "Schon lange <offen>").await;
    app.clock.advance(TimeDelta::hours(2));
    let waiting = submit_as(&mut app, "Wartet").await;
    app.post(&central, &format!("/api/v1/tickets/{waiting}/wait"), json!({"question": "Welcher Browser?"})).await;
    app.post(&central, &format!("/api/v1/tickets/{waiting}/claim"), json!({})).await.expect(200);
    app.post(&central, &format!("/api/v1/tickets/{waiting}/wait"), json!({"question": "Welcher Browser?"}))
        .await
        .expect(200);
    app.clock.advance(TimeDelta::hours(22) + TimeDelta::minutes(30));
    let escalated = submit_as(&mut app, "Eskaliert").await;
    app.post(&central, &format!("/api/v1/tickets/{escalated}/claim"), json!({})).await.expect(200);
    let asked = json!({"kind": "technical", "note": "Bitte prüfen."});
    app.post(&central, &format!("/api/v1/tickets/{escalated}/escalations"), asked).await.expect(201);
    let fresh = submit_as(&mut app, "Neu und frei").await;
    let closed = submit_as(&mut app, "Erledigt").await;
    for (action, body) in [("claim", json!({})), ("answer", json!({"text": "So."})), ("close", json!({}))] {
        app.post(&central, &format!("/api/v1/tickets/{closed}/{action}"), body).await.expect(200);
    }

    let petersen = app.person("petersen", grants(Role::Central, "01002")).await;
    let page = opens(&app, &petersen, "/anfragen").await;
    assert_eq!(page.status, 200, "{}", page.body);
    let page = page.body;
    // Due first; what waits for the person stands last although its promise is the second oldest.
    assert_eq!(numbers(&page), [&late, &escalated, &fresh, &waiting].map(String::as_str));
    for tab in ["Alle offenen 4", "Nicht übernommen 2", "Meine 0", "Eskaliert 1", "Warten auf Antwort 1"] {
        has_tab(&page, tab);
    }
    assert!(page.contains("30 Min. überfällig") && page.contains("lo-st lo-st--late lo-late"), "{page}");
    assert_eq!(page.matches("überfällig").count(), 1, "what rests is not late");
    assert!(page.contains("Frist ruht") && page.contains("Person, seit gestern, 12:00"), "{page}");
    assert!(
        page.contains("Eskaliert, unbestätigt")
            && page.contains("nächste Stufe")
            && page.contains("· Dataport Service Desk"),
        "{page}"
    );
    assert!(page.contains("Schon lange &#60;offen&#62;") && !page.contains("<offen>"), "{page}");
    assert!(!page.contains("erika") && !page.contains(&closed), "{page}");

    // A claim from the row; then it is one's own, and the second of two is told who was quicker.
    let claimed = sends(&app, &petersen, &[("eine", &fresh), ("zurueck", "ansicht=frei")]).await;
    assert_eq!(
        (claimed.status, claimed.header("location")),
        (303, Some("/anfragen?ansicht=frei&getan=worklist-claimed"))
    );
    let mine = opens(&app, &petersen, "/anfragen?ansicht=meine").await.body;
    assert_eq!(numbers(&mine), [fresh.as_str()]);
    has_tab(&mine, "Nicht übernommen 1");
    let hansen = app.person("hansen", grants(Role::Central, "01")).await;
    let taken = sends(&app, &hansen, &[("eine", &fresh)]).await;
    assert!(
        taken.status == 409 && taken.body.contains("petersen hat diese Anfrage"),
        "{} {}",
        taken.status,
        taken.body
    );

    // Found by number wherever it stands, by words, narrowed by service, place, state and topic.
    let found = async |query: &str| numbers(&opens(&app, &petersen, &format!("/anfragen?{query}")).await.body);
    assert_eq!(found(&format!("ansicht=meine&q={}", closed.replace('-', ""))).await, [closed.as_str()]);
    assert_eq!(found("q=lange").await, [late.as_str()]);
    assert_eq!(found("stand=closed").await, [closed.as_str()]);
    assert_eq!(
        found("stand=closed&sort=neu&dienst=wohnsitzanmeldung&ort=24103&thema=form_error").await,
        [closed.as_str()]
    );
    assert_eq!(found("ort=Kiel&dienst=gibt-es-nicht").await.len(), 4, "a word that means nothing narrows nothing");
    assert_eq!(found("thema=payment").await.len(), 0);
    assert_eq!(found("ort=02").await.len(), 0);
    assert_eq!(found("sort=neu").await[0], fresh);
    let nothing = opens(&app, &hansen, "/anfragen?ansicht=meine").await.body;
    assert!(
        nothing.contains("Bei Ihnen ist nichts offen") && nothing.contains("Schon lange &#60;offen&#62;"),
        "{nothing}"
    );

    // Another region sees nothing of it, and whoever may only read is offered nothing to do.
    let hamburg = app.person("hamburg", grants(Role::Central, "02")).await;
    let foreign = opens(&app, &hamburg, "/anfragen").await.body;
    assert_eq!(numbers(&foreign).len(), 0);
    has_tab(&foreign, "Alle offenen 0");
    assert!(foreign.contains("Es ist nichts offen"), "{foreign}");
    let agent = app.person("agentin", grants(Role::Agent, "01")).await;
    let reading = opens(&app, &agent, "/anfragen").await.body;
    assert_eq!(numbers(&reading).len(), 4);
    assert!(
        !reading.contains("name=\"eine\"") && !reading.contains("type=\"checkbox\" class=\"lo-tick\" name=\"anfrage\"")
    );
    assert!(reading.contains("bei der Fachstelle") && !reading.contains("Dataport Service Desk"), "{reading}");
    assert_eq!(sends(&app, &agent, &[("eine", &late)]).await.status, 403);
    assert_eq!(app.send("", "GET", "/anfragen", None, &[]).await.status, 303, "to the log-in");
    let lead = app.person("leitung", grants(Role::ProjectLead, "01")).await;
    assert_eq!(opens(&app, &lead, "/anfragen").await.status, 403);

    // The first page leads there.
    let first = opens(&app, &petersen, "/").await.body;
    assert!(first.contains("4 offen, 1 überfällig, 1 noch von niemandem übernommen, 1 bei Ihnen"), "{first}");
    assert!(
        first.find("href=\"/anfragen\"").unwrap() < first.find("href=\"/anfragen/neu\"").unwrap(),
        "first in the navigation"
    );

    // The same over the API.
    let counts = app.get(&central, "/api/v1/tickets/counts").await.expect(200);
    let expected = json!({"open": 4, "overdue": 1, "unclaimed": 1, "mine": 2, "mine_overdue": 0, "escalated": 1, "waiting": 1, "is_complete": true});
    assert_eq!(counts, expected);
    let listed = async |query: &str| -> Vec<String> {
        let list = app.get(&central, &format!("/api/v1/tickets?{query}")).await.expect(200);
        list["items"].as_array().unwrap().iter().map(number).collect()
    };
    assert_eq!(listed("open=true&sort=work").await, [&late, &escalated, &fresh, &waiting].map(String::as_str));
    assert_eq!(
        listed("open=true").await,
        [&late, &waiting, &escalated, &fresh].map(String::as_str),
        "as it always was"
    );
    assert_eq!(listed("unclaimed=true&open=true").await, [late.as_str()]);
    assert_eq!(listed("overdue=true&open=true").await, [late.as_str()]);
    assert_eq!(listed("sort=newest&limit=1").await, [closed.as_str()]);
    app.get(&central, "/api/v1/tickets?sort=oldest").await.expect_fault(422, "sort");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_due_on_sqlite() {
    shows_what_is_due(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_due_on_postgres() {
    shows_what_is_due(Kind::Postgres).await;
}

/// An answered escalation is named after whoever answered it, or after nobody; never after who took it before.
async fn names_who_answered(kind: Kind) {
    let mut app = start(kind).await;
    let (central, first) = (app.central().await, app.token(Role::SecondLevel, "technik").await);
    let next = app.token(Role::SecondLevel, "bereitschaft").await;
    let (ticket, escalation) = app.escalated("technical").await;
    let up = format!("/api/v1/escalations/{}", escalation["id"].as_str().unwrap());
    app.post(&central, &format!("{up}/next"), json!({})).await.expect(200);
    app.post(&first, &format!("{up}/acknowledge"), json!({})).await.expect(200);
    app.clock.advance(TimeDelta::minutes(5));
    app.post(&next, &format!("{up}/answer"), json!({"text": "Behoben."})).await.expect(200);
    let (at_once, escalation) = app.escalated("technical").await;
    let up = format!("/api/v1/escalations/{}", escalation["id"].as_str().unwrap());
    app.clock.advance(TimeDelta::minutes(5));
    app.post(&first, &format!("{up}/answer"), json!({"text": "Behoben."})).await.expect(200);

    let petersen = app.person("petersen", grants(Role::Central, "01")).await;
    for (ticket, words) in [(&ticket, "10:05"), (&at_once, "Dataport Service Desk, 10:10")] {
        let page = opens(&app, &petersen, &format!("/anfragen?q={}", number(ticket))).await.body;
        assert_eq!(numbers(&page), [number(ticket)]);
        let state = format!("2nd Level hat geantwortet</span><small>{words}</small>");
        assert!(page.contains(&state), "{state}: {page}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_answered_is_named_on_sqlite() {
    names_who_answered(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_answered_is_named_on_postgres() {
    names_who_answered(Kind::Postgres).await;
}

/// Whoever answers calls back: what is open and wants a call stands together, due first, on the page and over the API.
async fn shows_callbacks(kind: Kind) {
    let mut app = start(kind).await;
    let (agent, central) = (app.agent().await, app.central().await);
    let calls = async |app: &TestApp, subject: &str| {
        let mut body = a_ticket();
        body["subject"] = json!(subject);
        body["reply"] = json!({"wish": "phone", "phone": "+49 431 123456"});
        app.clock.advance(TimeDelta::minutes(10));
        number(&app.post(&agent, "/api/v1/tickets", body).await.expect(201))
    };
    let does = async |app: &TestApp, number: &str, action: &str, body: Value| {
        app.post(&central, &format!("/api/v1/tickets/{number}/{action}"), body).await.expect(200);
    };
    let waiting = calls(&app, "Wartet auf die Person").await;
    let first = calls(&app, "Zuerst").await;
    let mail = submit_as(&mut app, "Will eine Mail").await;
    let last = calls(&app, "Zuletzt").await;
    let answered = calls(&app, "Beantwortet").await;
    does(&app, &waiting, "claim", json!({})).await;
    does(&app, &waiting, "wait", json!({"question": "Welcher Browser?"})).await;
    does(&app, &answered, "claim", json!({})).await;
    does(&app, &answered, "answer", json!({"text": "So."})).await;

    let person = app.person("petersen", grants(Role::Central, "01")).await;
    let all = opens(&app, &person, "/anfragen").await.body;
    assert_eq!(numbers(&all).len(), 4);
    assert!(all.contains("href=\"/anfragen?wunsch=phone\">Nur Rückrufe</a>"), "{all}");
    let page = opens(&app, &person, "/anfragen?wunsch=phone").await.body;
    assert_eq!(numbers(&page), [&first, &last, &waiting].map(String::as_str));
    has_tab(&page, "Alle offenen 3");
    has_tab(&page, "Warten auf Antwort 1");
    assert!(page.contains("Gewünschte Antwort: Rückruf") && !page.contains("Nur Rückrufe"), "{page}");
    let found = async |query: &str| numbers(&opens(&app, &person, &format!("/anfragen?{query}")).await.body);
    assert_eq!(found("wunsch=phone&ansicht=frei").await, [&first, &last].map(String::as_str));
    assert_eq!(found("wunsch=phone&sort=neu").await, [&last, &first, &waiting].map(String::as_str));
    assert_eq!(found("wunsch=email").await, [mail.as_str()]);
    assert_eq!(found("wunsch=phone&stand=answered").await, [answered.as_str()]);
    assert_eq!(found("wunsch=fax").await.len(), 4, "a word that means nothing narrows nothing");

    let list = app.get(&central, "/api/v1/tickets?open=true&wish=phone&sort=work").await.expect(200);
    let listed: Vec<String> = list["items"].as_array().unwrap().iter().map(number).collect();
    assert_eq!(listed, [&first, &last, &waiting].map(String::as_str));
    assert_eq!(app.get(&central, "/api/v1/tickets/counts?wish=phone").await.expect(200)["open"], 3);
    app.get(&central, "/api/v1/tickets?wish=fax").await.expect_fault(422, "wish");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callbacks_on_sqlite() {
    shows_callbacks(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callbacks_on_postgres() {
    shows_callbacks(Kind::Postgres).await;
}

/// Every page forward, and every page back, is the same list; what comes in between moves nobody's place.
async fn pages_turn_both_ways(kind: Kind) {
    let mut app = start(kind).await;
    submit_as(&mut app, "Die erste").await;
    copy(&app, &made_up(1, 100), "new").await;
    copy(&app, &made_up(101, 29), "waiting").await;
    let person = app.person("petersen", grants(Role::Central, "01")).await;
    for sort in ["", "sort=neu"] {
        let (mut forward, mut path, mut last) = (Vec::new(), format!("/anfragen?{sort}"), String::new());
        loop {
            let page = opens(&app, &person, &path).await.body;
            forward.push(numbers(&page));
            last.clone_from(&page);
            match link(&page, "next") {
                Some(next) => path = next,
                None => break,
            }
        }
        let sizes: Vec<usize> = forward.iter().map(Vec::len).collect();
        assert_eq!(sizes, [50, 50, 30], "{sort}");
        let all: BTreeSet<&String> = forward.iter().flatten().collect();
        assert_eq!(all.len(), 130, "each once");
        if sort.is_empty() {
            assert!(forward[2][1..].iter().all(|number| made_up(101, 29).contains(number)), "what waits is last");
        }
        let mut back = vec![numbers(&last)];
        while let Some(before) = link(&last, "prev") {
            last = opens(&app, &person, &before).await.body;
            back.insert(0, numbers(&last));
        }
        assert_eq!(back, forward, "{sort}");
    }
    let odd = opens(&app, &person, "/anfragen?nach=unsinn").await;
    assert_eq!(odd.status, 422);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_turn_on_sqlite() {
    pages_turn_both_ways(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_turn_on_postgres() {
    pages_turn_both_ways(Kind::Postgres).await;
}

/// Beside many requests that are closed, list and counts look at what is open alone; the newest of what is closed cost no
/// more.
async fn costs_what_is_open(kind: Kind) {
    let mut app = start(kind).await;
    submit_as(&mut app, "Die erste").await;
    let closed = std::env::var("LOTSE_TEST_MANY").map_or(20_000, |many| many.parse().unwrap());
    copy(&app, &made_up(1, closed), "closed").await;
    copy(&app, &made_up(closed + 1, closed.clamp(300, 3000)), "new").await;
    let person = app.person("petersen", grants(Role::Central, "01")).await;
    let nobody = app.person("andere", grants(Role::Central, "")).await;
    if matches!(kind, Kind::Postgres) {
        app.app.db.write(|tx| Ok(tx.batch_execute("ANALYZE tickets")?)).await.unwrap();
    }
    plans::listen();
    let other = app.second_instance().await;
    let address = other.address().unwrap();
    let http = crate::support::app::client();
    for who in [&person, &nobody] {
        for path in [
            "anfragen",
            "anfragen?ansicht=frei",
            "anfragen?ansicht=meine",
            "anfragen?ansicht=eskaliert",
            "anfragen?ansicht=wartet",
            "anfragen?dienst=wohnsitzanmeldung",
            "anfragen?wunsch=phone",
            "anfragen?stand=closed&sort=neu",
            "anfragen?stand=closed&sort=neu&ort=24103",
            "zahlen?zeitraum=year",
        ] {
            let url = format!("http://{address}/{path}");
            let began = std::time::Instant::now();
            let page = http.get(url).header("Cookie", &who.cookie).send().await.unwrap().text().await.unwrap();
            println!("{kind:?}, {closed} closed, {path:?}: {:?}", began.elapsed());
            let more = link(&page, "next");
            if let Some(more) = more {
                http.get(format!("http://{address}{more}")).header("Cookie", &who.cookie).send().await.unwrap();
            }
        }
    }
    let sent = plans::asked("tickets");
    assert!(sent.iter().filter(|sql| sql.contains("NOT IN ('answered'")).count() >= 8, "{sent:#?}");
    assert!(sent.iter().filter(|sql| sql.contains("status IN ('answered'")).count() >= 4, "{sent:#?}");
    let plans =
        app.app.db.read(move |conn| Ok(sent.into_iter().map(|sql| (plans::plan(conn, &sql), sql)).collect::<Vec<_>>()));
    for (plan, sql) in plans.await.unwrap() {
        if sql.contains("NOT IN ('answered'") {
            assert!(
                plan.contains("tickets_open") || plan.contains("tickets_claimed") || plan.contains("tickets_due"),
                "{sql}\n{plan}"
            );
            assert!(!plan.contains("Seq Scan on tickets") && !plan.contains("SCAN tickets\n"), "{sql}\n{plan}");
            // The list is read in its order, so that a page ends after its last row.
            let is_by_state = sql.contains("`status` IN") || sql.contains("claimed_by = ");
            if matches!(kind, Kind::Sqlite) && !is_by_state {
                assert!(plan.contains("tickets_open") && !plan.contains("TEMP B-TREE"), "{sql}\n{plan}");
            }
        }
        // Of what has ended the newest are read, however much there is.
        if sql.contains("status IN ('answered'") {
            // PostgreSQL sorts where it takes an unknown region for one with few requests; its index is one of these.
            let has_index = plan.contains("tickets_ended") || plan.contains("tickets_pkey");
            assert!(has_index && !plan.contains("Seq Scan"), "{sql}\n{plan}");
            if matches!(kind, Kind::Sqlite) {
                assert!(plan.contains("tickets_ended") && !plan.contains("TEMP B-TREE"), "{sql}\n{plan}");
            }
        }
    }
    other.stop().await;
}

/// Words that many requests have are found without bringing all of these together: as many, in the same order and in
/// both directions as by any other way; and no more once they are gone.
async fn finds_what_many_have(kind: Kind) {
    let mut app = start(kind).await;
    let first = submit_as(&mut app, "Die erste").await;
    let (open, closed) = (made_up(1, 900), made_up(901, 1300));
    copy(&app, &open, "new").await;
    copy(&app, &closed, "closed").await;
    let only = closed.iter().find(|number| number[3..9].parse::<u32>().unwrap() % 7 != 0).unwrap();
    let once = only.clone();
    let write = move |tx: &mut lotse::db::Tx| {
        let conn: &mut Conn = tx;
        // Every copy has one word and every seventh another, one has a third; "vorformular" is none of them.
        let words = format!(
            "'das formular ' || CASE WHEN number = '{once}' THEN 'einmalig' \
             WHEN substr(number, 4, 6) % 7 = 0 THEN 'nachbarin' ELSE 'vorformular' END"
        );
        let words = match conn {
            Conn::Sqlite(_) => words,
            Conn::Postgres(_) => words.replace("substr(number, 4, 6)", "substr(number, 4, 6)::int"),
        };
        conn.batch_execute(&format!(
            "INSERT INTO ticket_search (ticket_id, body) SELECT id, {words} FROM tickets WHERE number LIKE '25-%'"
        ))?;
        if matches!(conn, Conn::Postgres(_)) {
            conn.batch_execute("ANALYZE ticket_search")?;
        }
        Ok(())
    };
    app.app.db.write(write).await.unwrap();
    plans::listen();
    let other = app.second_instance().await;
    let person = app.person("petersen", grants(Role::Central, "")).await;
    let http = crate::support::app::client();
    let base = format!("http://{}", other.address().unwrap());
    let page = async |at: String| {
        let asked = http.get(format!("{base}{at}")).header("Cookie", &person.cookie);
        asked.send().await.unwrap().text().await.unwrap()
    };
    let seventh = |all: &[String]| -> Vec<String> {
        all.iter().filter(|number| number[3..9].parse::<u32>().unwrap() % 7 == 0).cloned().collect()
    };
    for (query, wanted) in [
        ("q=formular", open.clone()),
        ("q=form", open.clone()),
        ("q=formular+nachbar", seventh(&open)),
        ("q=nachbarin", seventh(&open)),
        ("q=erste", vec![first.clone()]),
        ("q=nachbarin+vorformular", Vec::new()),
        ("q=formulare", Vec::new()),
        ("q=ormular", Vec::new()),
    ] {
        let mut at = format!("/anfragen?{query}");
        let (mut found, mut before, mut shown) = (Vec::new(), None, String::new());
        for _ in 0..40 {
            shown = page(at.clone()).await;
            found.extend(numbers(&shown));
            has_tab(&shown, &format!("Alle offenen {}", wanted.len()));
            let Some(next) = link(&shown, "next") else { break };
            (before, at) = (Some(at), next);
        }
        assert_eq!(found, wanted, "{query}");
        if before.is_some() {
            let back = page(link(&shown, "prev").unwrap()).await;
            let last = wanted.len() - numbers(&shown).len();
            assert_eq!(numbers(&back), wanted[last - numbers(&back).len()..last], "{query}");
        }
    }
    // Each view of what is open shows its part of them, and its tab how many there are.
    let write = |tx: &mut lotse::db::Tx| {
        let conn: &mut Conn = tx;
        let running = match conn {
            Conn::Sqlite(_) => "CAST(substr(number, 4, 6) AS INTEGER)",
            Conn::Postgres(_) => "substr(number, 4, 6)::int",
        };
        for (rest, change) in [
            (1, "status = 'escalated'"),
            (2, "status = 'waiting', paused_at = created_at"),
            (3, "claimed_by = submitted_by, claimed_name = 'Jemand'"),
        ] {
            let some = format!("number LIKE '25-%' AND status = 'new' AND {running} % 5 = {rest}");
            conn.batch_execute(&format!("UPDATE tickets SET {change} WHERE {some}"))?;
        }
        Ok(())
    };
    app.app.db.write(write).await.unwrap();
    for (query, all) in [("q=formular", open.clone()), ("q=formular+nachbar", seventh(&open))] {
        for (view, tab, rests) in [
            ("", "Alle offenen", &[0, 1, 2, 3, 4][..]),
            ("&ansicht=eskaliert", "Eskaliert", &[1]),
            ("&ansicht=wartet", "Warten auf Antwort", &[2]),
            ("&ansicht=frei", "Nicht übernommen", &[0, 1, 2, 4]),
        ] {
            let is_shown = |number: &&String| rests.contains(&(number[3..9].parse::<u32>().unwrap() % 5));
            let wanted: Vec<String> = all.iter().filter(is_shown).cloned().collect();
            let (mut found, mut at) = (Vec::new(), format!("/anfragen?{query}{view}"));
            for _ in 0..40 {
                let shown = page(at).await;
                found.extend(numbers(&shown));
                has_tab(&shown, &format!("{tab} {}", wanted.len()));
                let Some(next) = link(&shown, "next") else { break };
                at = next;
            }
            found.sort();
            assert_eq!(found, wanted, "{query}{view}");
        }
    }
    let newest = numbers(&page("/anfragen?q=formular+nachbarin&stand=closed&sort=neu".to_owned()).await);
    let ended: BTreeSet<String> = seventh(&closed).into_iter().collect();
    assert!(!newest.is_empty() && newest.iter().all(|number| ended.contains(number)), "{newest:?}");
    // Beside a word that nearly all have, the rare one is looked up, and what it finds is read for the other.
    for (query, wanted) in [("formular+einm", vec![only.clone()]), ("einmalig+vorformular", Vec::new())] {
        assert_eq!(numbers(&page(format!("/anfragen?q={query}&stand=closed&sort=neu")).await), wanted, "{query}");
    }
    if matches!(kind, Kind::Postgres) {
        assert!(plans::has_asked("EXPLAIN (FORMAT JSON) SELECT 1 FROM ticket_search"));
    }

    let (central, protection) = (app.central().await, app.token(Role::DataProtection, "").await);
    let ended = "/anfragen?q=erste&stand=rejected&sort=neu";
    app.post(&central, &format!("/api/v1/tickets/{first}/claim"), json!({})).await.expect(200);
    app.post(&central, &format!("/api/v1/tickets/{first}/reject"), json!({"reason": "Nicht hier."})).await.expect(200);
    assert_eq!(numbers(&page(ended.to_owned()).await), [first.as_str()]);
    app.post(&protection, &format!("/api/v1/tickets/{first}/erase"), json!({"reason": "Art. 17"})).await.expect(200);
    assert_eq!(numbers(&page(ended.to_owned()).await), Vec::<String>::new());
    other.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_many_have_is_found_on_sqlite() {
    finds_what_many_have(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_many_have_is_found_on_postgres() {
    finds_what_many_have(Kind::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_costs_what_is_open_on_sqlite() {
    costs_what_is_open(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_costs_what_is_open_on_postgres() {
    costs_what_is_open(Kind::Postgres).await;
}

on_both! {
    /// Each for itself: what can be done is done, and what cannot is named with the reason.
    async fn many_at_once(app: TestApp) {
        let mut app = app;
        let central = app.central().await;
        let all: Vec<String> = { let mut all = Vec::new(); for i in 0..4 { all.push(submit_as(&mut app, &format!("Nr. {i}")).await); } all };
        let person = app.person("petersen", grants(Role::Central, "01")).await;
        app.post(&central, &format!("/api/v1/tickets/{}/claim", all[3]), json!({})).await.expect(200);
        let with = |what: &'static str, more: &[(&'static str, &'static str)]| {
            let mut pairs: Vec<(String, String)> = all.iter().map(|one| ("anfrage".to_owned(), one.clone())).collect();
            pairs.push(("was".to_owned(), what.to_owned()));
            pairs.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
            pairs
        };
        let send = async |pairs: Vec<(String, String)>| {
            let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            sends(&app, &person, &pairs).await
        };
        let nothing = sends(&app, &person, &[("was", "uebernehmen")]).await;
        assert!(nothing.status == 422 && nothing.body.contains("Nichts ausgewählt"), "{}", nothing.body);

        let claimed = send(with("uebernehmen", &[])).await;
        assert!(claimed.status == 200 && claimed.body.contains("3 von 4 übernommen"), "{}", claimed.body);
        assert!(claimed.body.contains("central 01002 hat diese Anfrage"), "{}", claimed.body);

        // What closing will do is shown before; an answer is needed; each person hears it.
        let before = send(with("schliessen", &[("zurueck", "ansicht=meine")])).await;
        assert_eq!(before.status, 303);
        let preview = opens(&app, &person, before.header("location").unwrap()).await.body;
        assert!(preview.contains("3 Anfragen sind noch offen") && preview.contains("3 Personen bekommen den Text per E-Mail"), "{preview}");
        assert!(preview.contains("1 Anfrage bleibt, wie sie ist"), "{preview}");
        let empty = send(with("schliessen", &[("art", "antworten"), ("text", " ")])).await;
        assert!(empty.status == 422 && empty.body.contains("was die Personen erfahren"), "{}", empty.body);
        let closed = send(with("schliessen", &[("art", "antworten"), ("text", "Der Dienst geht wieder.")])).await;
        assert!(closed.status == 200 && closed.body.contains("3 von 4 geschlossen"), "{}", closed.body);
        for one in &all[..3] {
            let ticket = app.get(&central, &format!("/api/v1/tickets/{one}")).await.expect(200);
            assert_eq!((&ticket["status"], &ticket["answer"]), (&json!("closed"), &json!("Der Dienst geht wieder.")));
        }
        let to_person = |mails: Vec<crate::support::smtp::Mail>| mails.iter().filter(|mail| mail.to.iter().any(|to| to.contains("erika"))).count();
        crate::support::wait::wait_for("three mails", Duration::from_secs(10), || to_person(app.smtp.received()) == 3).await;
        let again = send(with("schliessen", &[("art", "nur")])).await;
        assert!(again.status == 409 && again.body.contains("0 von 4 geschlossen") && again.body.contains("Stand ist jetzt „Abgeschlossen“"), "{}", again.body);

        // Over the API.
        let bulk = async |body: Value| app.post(&central, "/api/v1/tickets/bulk", body).await;
        let foreign = "01890000-0000-7000-8000-000000000000";
        let done = bulk(json!({"action": "release", "tickets": [all[3], all[0], foreign]})).await.expect(200);
        let items = done["items"].as_array().unwrap();
        assert_eq!(items.iter().map(|one| one["is_done"].as_bool().unwrap()).collect::<Vec<_>>(), [true, false, false]);
        assert_eq!((&items[0]["status"], &items[2]["status"], &items[2]["detail"]), (&json!("new"), &json!(null), &json!("not found")));
        assert!(items[1]["detail"].as_str().unwrap().contains("is closed"), "{done}");
        bulk(json!({"action": "close", "tickets": []})).await.expect_fault(422, "tickets");
        bulk(json!({"action": "close", "tickets": vec![foreign; 101]})).await.expect_fault(422, "tickets");
        bulk(json!({"action": "close", "tickets": ["x"]})).await.expect_fault(422, "tickets[0]");
        bulk(json!({"action": "claim", "tickets": [all[3]], "answer": "?"})).await.expect_fault(422, "answer");
        bulk(json!({"action": "close", "tickets": [all[3]], "reason": " "})).await.expect_fault(422, "reason");
        bulk(json!({"action": "claim", "tickets": [all[3]]})).await.expect(200);
        let refused = bulk(json!({"action": "close", "tickets": [all[3]], "reason": "Doppelt."})).await.expect(200);
        assert_eq!((&refused["items"][0]["is_done"], &refused["items"][0]["status"]), (&json!(true), &json!("closed")), "{refused}");
    }
}

/// An open stream.
struct Stream {
    answer: reqwest::Response,
    read: String,
}

impl Stream {
    async fn open(base: &str, person: &LoggedIn, query: &str) -> Self {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let answer = http.get(format!("{base}/anfragen/strom{query}")).header("Cookie", &person.cookie).send();
        let answer = answer.await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "text/event-stream; charset=utf-8");
        let mut stream = Self { answer, read: String::new() };
        assert!(stream.next().await.unwrap().starts_with("event: bereit"));
        stream
    }

    /// The next message, or nothing at the end.
    async fn next(&mut self) -> Option<String> {
        let read = async {
            loop {
                if let Some((message, rest)) = self.read.split_once("\n\n") {
                    let (message, rest) = (message.to_owned(), rest.to_owned());
                    self.read = rest;
                    return Some(message);
                }
                let chunk = self.answer.chunk().await.ok()??;
                self.read.push_str(std::str::from_utf8(&chunk).unwrap());
            }
        };
        tokio::time::timeout(Duration::from_secs(25), read).await.expect("a word within 25 s")
    }

    /// The next message that is no heartbeat.
    async fn event(&mut self) -> Option<String> {
        loop {
            match self.next().await {
                Some(heartbeat) if heartbeat.starts_with(':') => {}
                other => return other,
            }
        }
    }
}

const CHANGED: &str = "event: stand\ndata: 1";

on_both! {
    /// Whatever happens on whichever instance, an open list is told; and what happened before the stream stood, too.
    async fn an_open_list_is_told(app: TestApp) {
        let mut app = app;
        let second = app.second_instance().await;
        let there = format!("http://{}", second.address().unwrap());
        let person = app.person("petersen", grants(Role::Central, "01")).await;
        let (mut near, mut far) = (Stream::open(&app.base, &person, "").await, Stream::open(&there, &person, "").await);
        let first = submit_as(&mut app, "Eine").await;
        assert_eq!(near.event().await.as_deref(), Some(CHANGED));
        assert_eq!(far.event().await.as_deref(), Some(CHANGED));
        let central = app.central().await;
        app.post(&central, &format!("/api/v1/tickets/{first}/notes"), json!({"text": "Gelesen."})).await.expect(200);
        assert_eq!(near.event().await.as_deref(), Some(CHANGED));
        assert_eq!(far.event().await.as_deref(), Some(CHANGED));

        let page = opens(&app, &person, "/anfragen").await.body;
        let query = page.split("data-strom=\"/anfragen/strom").nth(1).unwrap().split('"').next().unwrap().to_owned();
        submit_as(&mut app, "Zwischendurch").await;
        let mut late = Stream::open(&app.base, &person, &query).await;
        assert_eq!(late.event().await.as_deref(), Some(CHANGED), "what came between page and stream");

        // A stop waits for no stream, and each is told.
        let stopped = second.stop();
        let (clean, said) = tokio::join!(stopped, far.event());
        assert!(clean, "in order");
        assert_eq!(said.as_deref(), Some("event: ende\ndata: neustart"));
        assert_eq!(far.event().await, None);
    }
}

/// Who sees nothing is told nothing; a session that ends ends its stream; there are so many at most, and the
/// newest stand.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_is_bounded() {
    let mut app = TestApp::start(Kind::Sqlite).await;
    let hamburg = app.person("hamburg", grants(Role::Central, "02")).await;
    let kiel = app.person("kiel", grants(Role::Central, "01")).await;
    let (mut foreign, mut own) =
        (Stream::open(&app.base, &hamburg, "").await, Stream::open(&app.base, &kiel, "").await);
    submit_as(&mut app, "Kiel").await;
    assert_eq!(own.event().await.as_deref(), Some(CHANGED));
    assert_eq!(foreign.next().await.as_deref(), Some(": da"), "a heartbeat, and nothing else");
    app.app.accounts.log_out(&hamburg.secret).await.unwrap();
    assert_eq!(foreign.event().await.as_deref(), Some("event: ende\ndata: anmeldung"));
    assert_eq!(foreign.event().await, None);
    let (by, roles) = (lotse::access::Actor::console(), grants(Role::Agent, "01"));
    app.app.accounts.set_grants(&by, kiel.user.id, roles, None).await.unwrap();
    assert_eq!(own.event().await.as_deref(), Some("event: ende\ndata: anmeldung"), "other rights");
    let kiel = app.person("viele", grants(Role::Central, "01")).await;
    let mut open = Vec::new();
    for _ in 0..8 {
        open.push(Stream::open(&app.base, &kiel, "").await);
    }
    // One more takes the place of the oldest, which is told so and ends; the others go on.
    open.push(Stream::open(&app.base, &kiel, "").await);
    let mut oldest = open.remove(0);
    let mut said = oldest.event().await;
    while said.as_deref() == Some(CHANGED) {
        said = oldest.event().await;
    }
    assert_eq!(said.as_deref(), Some("event: ende\ndata: platz"));
    assert_eq!(oldest.event().await, None);
    submit_as(&mut app, "Noch eine").await;
    for at in [0, 7] {
        assert_eq!(open[at].event().await.as_deref(), Some(CHANGED), "{at}");
    }
    // Pages that were left in a row hold up none that is opened, long before the next heartbeat.
    drop(open);
    for _ in 0..20 {
        Stream::open(&app.base, &kiel, "").await;
    }
}

on_both! {
    /// What has ended is not counted, and nothing of it is urgent: the list says what it shows, and in which order.
    async fn of_what_has_ended_no_total_is_told(app: TestApp) {
        let mut app = app;
        submit_as(&mut app, "Vorbild").await;
        copy(&app, &made_up(1, 56), "closed").await;
        let person = app.person("petersen", grants(Role::Central, "01")).await;
        let first = opens(&app, &person, "/anfragen?stand=closed").await.body;
        assert_eq!(numbers(&first).len(), 50);
        assert!(first.contains("50 auf dieser Seite, weitere folgen · Stand") && !first.contains("50 von"), "{first}");
        assert!(first.contains("Die mit der frühesten Frist zuerst") && !first.contains("ringendste zuerst"), "{first}");
        let last = opens(&app, &person, &link(&first, "next").expect("a next page")).await.body;
        assert_eq!(numbers(&last).len(), 6);
        assert!(last.contains("6 auf dieser Seite · Stand") && !last.contains("6 von"), "{last}");
        let open = opens(&app, &person, "/anfragen?stand=new").await.body;
        assert!(open.contains("Die dringendste zuerst · 1 von 1 · Stand"), "{open}");
        let newest = opens(&app, &person, "/anfragen?stand=closed&sort=neu").await.body;
        assert!(newest.contains("Die neueste zuerst · 50 auf dieser Seite"), "{newest}");
    }
}

/// What a page asks for by itself keeps nobody logged in.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_by_itself_keeps_nobody_logged_in() {
    let app = TestApp::start_with(Kind::Sqlite, "", tuesday()).await;
    let person = app.person("petersen", grants(Role::Central, "01")).await;
    let by_itself = [("Cookie", person.cookie.as_str()), ("x-lotse-by-itself", "1")];
    for _ in 0..3 {
        app.clock.advance(TimeDelta::minutes(20));
        assert_eq!(opens(&app, &person, "/anfragen").await.status, 200, "used, and so kept");
    }
    app.clock.advance(TimeDelta::minutes(20));
    assert_eq!(app.send("", "GET", "/anfragen", None, &by_itself).await.status, 200);
    app.clock.advance(TimeDelta::minutes(20));
    assert_eq!(app.send("", "GET", "/anfragen", None, &by_itself).await.status, 303, "nobody was there for 40 minutes");
}
