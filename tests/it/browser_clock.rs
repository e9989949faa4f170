//! The page of deadlines in a real browser: readable on a phone and in the dark, without scripts, up to the press of
//! the button for an emergency.

use lotse::access::users::NewUser;
use lotse::access::{Actor, Grant, Role, Scope};
use lotse::clock::Clock;

use crate::support::app::{Kind, PASSWORD, TestApp};
use crate::support::browser::Browser;

async fn assert_readable(browser: &Browser, name: &str) {
    browser.assert_readable(&format!("clock-{name}"), &[("light", 390), ("dark", 1280)]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deadline_is_explained_and_the_alarm_raised() {
    let clock = "[clock]\nhours = \"Mo-Fr 08:00-18:00; PH off\"\n";
    let mut app = TestApp::start_with(Kind::Sqlite, clock, Clock::system()).await;
    let ticket = app.submit().await;
    let grants = vec![Grant { role: Role::Central, scope: Scope::everywhere(), contact: None }];
    let new = NewUser { login: "ines".into(), name: "Ines Inselmann".into(), email: None, grants };
    let (_, invitation) = app.app.accounts.invite(&Actor::console(), new).await.unwrap();
    let browser = Browser::start().await;
    browser.open(&format!("{}/einladung/{}?lang=de", app.base, invitation.secret)).await;
    browser.fill("#password", PASSWORD).await;
    browser.fill("#again", PASSWORD).await;
    browser.press("Passwort speichern").await;
    browser.open(&format!("{}/fristen", app.base)).await;
    assert_eq!(browser.heading().await, "Fristen");
    assert_readable(&browser, "empty").await;
    browser.fill("#dauer", "bald").await;
    browser.press("Ausrechnen").await;
    assert_readable(&browser, "fault").await;
    browser.fill("#nummer", ticket["number"].as_str().unwrap()).await;
    browser.press("Erklären").await;
    assert_eq!(browser.count("article").await, 1);
    assert_readable(&browser, "ticket").await;
    browser.press("Notfall auslösen").await;
    assert_eq!(browser.focus().await, "grund");
    assert_readable(&browser, "reason").await;
    browser.fill("#grund", "Der Dienst ist für alle weg.").await;
    browser.press("Notfall auslösen").await;
    assert_eq!(browser.count("article").await, 2, "the promise, and the emergency's step");
    assert_readable(&browser, "raised").await;
}
