//! The page of figures in a real browser: empty, full, narrowed and with a fault; on a phone, in the dark, on paper and
//! in both languages; it has no script.

use chrono::{Days, TimeDelta};
use lotse::access::users::NewUser;
use lotse::access::{Actor, Grant, Role, Scope};
use lotse::clock::{Clock, Timestamp};
use lotse::figures::worker;
use serde_json::json;

use crate::support::app::{Kind, PASSWORD, TestApp, a_ticket};
use crate::support::browser::Browser;

async fn assert_readable(browser: &Browser, name: &str) {
    browser
        .assert_readable(&format!("figures-{name}"), &[("light", 320), ("dark", 390), ("dark", 1440), ("light", 1440)])
        .await;
}

/// Three months with a few requests a week, most of them answered in time.
async fn three_months(app: &mut TestApp) {
    let (agent, central) = (app.agent().await, app.central().await);
    let categories = ["form_error", "login", "payment", "form_error"];
    for week in 0..12i64 {
        for (at, category) in (0i64..).zip(categories).take(2 + usize::try_from(week % 3).unwrap()) {
            let mut ticket = a_ticket();
            ticket["category"] = json!(category);
            ticket["channel"] = json!(if at == 1 { "phone" } else { "115" });
            let made = app.post(&agent, "/api/v1/tickets", ticket).await.expect(201);
            let path = format!("/api/v1/tickets/{}", made["id"].as_str().unwrap());
            app.clock.advance(TimeDelta::minutes(20 + 15 * week));
            app.post(&central, &format!("{path}/claim"), json!({})).await.expect(200);
            let late = at == 1 && week % 4 == 1;
            app.clock.advance(if late { TimeDelta::days(4) } else { TimeDelta::hours(2 + at) });
            app.post(&central, &format!("{path}/answer"), json!({"text": "So geht es."})).await.expect(200);
        }
        app.clock.advance(TimeDelta::days(5));
    }
    app.escalated("technical").await;
    worker::round(&app.app.db).await.unwrap();
}

async fn log_in(app: &TestApp, browser: &Browser) {
    let grants = vec![Grant { role: Role::Central, scope: Scope::region("01".parse().unwrap()), contact: None }];
    let new = NewUser { login: "zoe".into(), name: "Zoe Zähler".into(), email: None, grants };
    let (_, invitation) = app.app.accounts.invite(&Actor::console(), new).await.unwrap();
    browser.open(&format!("{}/einladung/{}?lang=de", app.base, invitation.secret)).await;
    browser.fill("#password", PASSWORD).await;
    browser.fill("#again", PASSWORD).await;
    browser.press("Passwort speichern").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn figures_are_read_narrowed_and_taken_along() {
    let now = Timestamp::new(chrono::Utc::now());
    let mut app = TestApp::start_with(Kind::Sqlite, "", Clock::fixed(now.minus(TimeDelta::days(90)))).await;
    three_months(&mut app).await;
    app.clock.advance(now.since(app.clock.now()));
    let browser = Browser::start().await;
    log_in(&app, &browser).await;
    let last = app.clock.now().day_in_berlin();
    let first = last - Days::new(120);
    browser.open(&format!("{}/zahlen?zeitraum=days&von={first}&bis={last}", app.base)).await;
    assert_eq!(browser.heading().await, "Zahlen");
    assert_eq!(browser.count("svg.lo-chart").await, 4);
    assert_eq!(browser.count("table").await, 6, "each with its table");
    assert!(browser.text().await.contains("zählen nur, was beantwortet ist"));
    assert_readable(&browser, "full").await;
    browser.set_medium("print").await;
    browser.picture("figures-print").await;
    browser.set_medium("screen").await;

    // Narrowed: the days stay, and the file is of the same.
    browser.run("document.querySelector('#thema').value = 'login'").await;
    browser.press("Zeigen").await;
    assert_eq!(browser.count("[role=region][aria-labelledby=category] tbody tr").await, 1);
    let csv = browser.find("a[href*='format=csv']").await.attr("href").await.unwrap().unwrap();
    assert!(csv.contains("category=login") && csv.contains(&format!("from={first}")), "{csv}");

    browser.fill("#ort", "Kiel").await;
    browser.press("Zeigen").await;
    assert_eq!(browser.focus().await, "ort");
    assert_readable(&browser, "fault").await;
    browser.open(&format!("{}/zahlen?zeitraum=month&am=2020-01-15", app.base)).await;
    assert!(browser.text().await.contains("keine Anfrage"));
    browser.open(&format!("{}/zahlen?zeitraum=month&am=2099-01-15", app.base)).await;
    assert!(browser.text().await.contains("beginnt erst"));
    assert_readable(&browser, "empty").await;
    browser.open(&format!("{}/zahlen?lang=en", app.base)).await;
    assert_eq!(browser.heading().await, "Figures");
}
