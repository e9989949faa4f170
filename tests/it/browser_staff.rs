//! Pages for staff in a real browser: in by an invitation, second factor, out and in again; on a phone, in the dark,
//! in both languages, with the keyboard alone and without scripts.

use chrono::TimeDelta;
use fantoccini::key::Key;
use lotse::access::users::NewUser;
use lotse::access::{Actor, Grant, Role, Scope};
use lotse::clock::{Clock, Timestamp};
use totp_rs::{Builder, Secret, Totp};

use crate::support::app::{Kind, PASSWORD, TestApp};
use crate::support::browser::{Browser, Scripts};

async fn start() -> TestApp {
    // Codes are good once, so the time is moved between them.
    TestApp::start_with(Kind::Sqlite, "", Clock::fixed(Timestamp::new(chrono::Utc::now()))).await
}

/// An invitation's address at the instance under test.
async fn invited(app: &TestApp, login: &str, name: &str, role: Role) -> String {
    let grants = vec![Grant { role, scope: Scope::everywhere(), contact: None }];
    let new = NewUser { login: login.into(), name: name.into(), email: None, grants };
    let (_, invitation) = app.app.accounts.invite(&Actor::console(), new).await.unwrap();
    format!("{}/einladung/{}", app.base, invitation.secret)
}

/// An app that was given the key as a person types it.
fn phone(key: &str) -> Totp {
    let secret = Secret::try_from_base32(key.replace(' ', "")).unwrap();
    Builder::new().with_secret(secret).with_account_name("x").build().unwrap()
}

fn code(app: &TestApp, phone: &Totp) -> String {
    phone.generate(u64::try_from(app.clock.now().utc().timestamp()).unwrap()).to_string()
}

async fn accept(browser: &Browser, link: &str, button: &str) {
    browser.open(link).await;
    browser.fill("#password", PASSWORD).await;
    browser.fill("#again", PASSWORD).await;
    browser.press(button).await;
}

/// Presses keys one after the other, wherever the focus is.
async fn type_blindly(browser: &Browser, text: &str) {
    for letter in text.chars() {
        browser.key(letter).await;
    }
}

/// Fits narrow and broad screens, and axe-core finds nothing in either theme.
async fn assert_readable(browser: &Browser, name: &str) {
    browser
        .assert_readable(&format!("staff-{name}"), &[("light", 390), ("dark", 390), ("light", 1280), ("dark", 1280)])
        .await;
}

/// The whole way of somebody new, each page looked at on the way.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn comes_in_and_secures_the_account() {
    let app = start().await;
    let link = invited(&app, "uwe", "Uwe Umland", Role::Agent).await;
    let browser = Browser::start().await;
    browser.open(&format!("{link}?lang=de")).await;
    assert_eq!(browser.heading().await, "Willkommen, Uwe Umland");
    assert_eq!(browser.focus().await, "password");
    assert_readable(&browser, "invitation").await;
    browser.fill("#password", "kurz").await;
    browser.press("Passwort speichern").await;
    assert_eq!(browser.find("#password").await.prop("value").await.unwrap().as_deref(), Some(""), "never sent back");
    assert_readable(&browser, "invitation-error").await;
    accept(&browser, &link, "Passwort speichern").await;
    assert_eq!(browser.heading().await, "Uwe Umland");
    assert_readable(&browser, "account").await;

    browser.fill("#factor-password", PASSWORD).await;
    browser.press("Zweiten Faktor einrichten").await;
    assert_readable(&browser, "factor").await;
    assert_eq!(browser.count(".lo-qr svg").await, 1);
    let phone = phone(&browser.find(".lo-secret").await.text().await.unwrap());
    browser.fill("#code", "000000").await;
    browser.press("Einrichten").await;
    assert_eq!(browser.focus().await, "code");
    assert_readable(&browser, "factor-error").await;
    browser.fill("#code", &code(&app, &phone)).await;
    browser.press("Einrichten").await;
    assert_eq!(browser.heading().await, "Wiederherstellungscodes");
    assert_eq!(browser.count(".lo-codes li").await, 10);
    assert_readable(&browser, "codes").await;
    let recovery = browser.find(".lo-codes li").await.text().await.unwrap();
    // The page that follows a new secret can still log out.
    browser.press("Abmelden").await;
    assert_eq!(browser.heading().await, "Sie sind abgemeldet");
    assert_readable(&browser, "logged-out").await;

    app.clock.advance(TimeDelta::seconds(90));
    browser.open(&format!("{}/konto", app.base)).await;
    assert_eq!(browser.heading().await, "Anmelden");
    assert_readable(&browser, "login").await;
    browser.fill("#login", "uwe").await;
    browser.fill("#password", PASSWORD).await;
    browser.press("Anmelden").await;
    assert_eq!(browser.heading().await, "Code eingeben");
    assert_readable(&browser, "code").await;
    browser.fill("#code", &code(&app, &phone)).await;
    browser.press("Anmelden").await;
    assert_eq!(browser.heading().await, "Uwe Umland", "where they wanted to go");
    assert_readable(&browser, "account-secured").await;
    // A second device, with a code from paper.
    let other = Browser::start().await;
    other.open(&format!("{}/anmelden?lang=en", app.base)).await;
    other.fill("#login", "uwe").await;
    other.fill("#password", PASSWORD).await;
    other.press("Log in").await;
    other.fill("#code", &recovery).await;
    other.press("Log in").await;
    other.open(&format!("{}/konto", app.base)).await;
    assert!(other.text().await.contains("Second factor"), "{}", other.text().await);
    assert_readable(&other, "account-en").await;
    other.press("End all others").await;
    assert!(other.find("[role=status]").await.text().await.unwrap().contains("All other log-ins have ended."));
    browser.open(&format!("{}/konto", app.base)).await;
    assert_eq!(browser.heading().await, "Anmelden");
}

/// Administration, with every page in both themes and on a phone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn manages_people() {
    let app = start().await;
    let browser = Browser::start().await;
    browser.open(&format!("{}/?lang=de", app.base)).await;
    assert_readable(&browser, "start").await;
    browser.open(&format!("{}/passwort-vergessen", app.base)).await;
    assert_readable(&browser, "forgot").await;
    browser.fill("#login", "niemand").await;
    browser.press("Link anfordern").await;
    assert_readable(&browser, "forgot-sent").await;
    browser.open(&format!("{}/einladung/gibtesnicht", app.base)).await;
    assert_readable(&browser, "dead-link").await;

    let link = invited(&app, "chefin", "Bente Behrens", Role::Admin).await;
    accept(&browser, &link, "Passwort speichern").await;
    browser.open(&format!("{}/", app.base)).await;
    assert_readable(&browser, "start-admin").await;
    browser.open(&format!("{}/personen", app.base)).await;
    assert_readable(&browser, "people").await;
    browser.open(&format!("{}/personen/einladen", app.base)).await;
    assert_readable(&browser, "invite").await;
    browser.press("Einladen").await;
    assert_eq!(browser.focus().await, "name");
    browser.press("Weitere Rolle").await;
    assert_eq!(browser.count("fieldset").await, 2);
    browser.fill("#name", "Kim Karstens").await;
    browser.fill("#login", "kim").await;
    browser.fill("#region-1", "Atlantis").await;
    browser.find("#role-1 option[value=central]").await.click().await.unwrap();
    browser.press("Einladen").await;
    assert_eq!(browser.focus().await, "region-1");
    assert_readable(&browser, "invite-error").await;
    browser.fill("#region-1", "Kiel").await;
    browser.press("Einladen").await;
    assert_eq!(browser.heading().await, "Kim Karstens ist eingeladen");
    assert_readable(&browser, "link").await;
    let on = browser.find("main .kern-btn").await;
    browser.leaving(browser.click(&on)).await;
    assert_eq!(browser.heading().await, "Kim Karstens");
    assert_eq!(browser.find("#region-1").await.prop("value").await.unwrap().as_deref(), Some("Kiel, Landeshauptstadt"));
    assert_readable(&browser, "person").await;
    browser.press("Sperren").await;
    assert!(browser.text().await.contains("gesperrt"));
    browser.open(&format!("{}/konto/token", app.base)).await;
    assert_readable(&browser, "token-new").await;
    browser.fill("#name", "Auswertung").await;
    browser.press("Token erzeugen").await;
    assert_readable(&browser, "token-made").await;
    browser.open(&format!("{}/protokoll", app.base)).await;
    assert!(browser.text().await.contains("Person eingeladen"));
    assert_readable(&browser, "audit").await;
    browser.open(&format!("{}/protokoll?lang=en", app.base)).await;
    assert!(browser.text().await.contains("Person invited"));
    assert_readable(&browser, "audit-en").await;
}

/// With the keyboard alone, and without scripts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn needs_neither_mouse_nor_scripts() {
    let app = start().await;
    let link = invited(&app, "uwe", "Uwe Umland", Role::Agent).await;
    accept(&Browser::start_with(Scripts::Off).await, &format!("{link}?lang=de"), "Passwort speichern").await;
    let browser = Browser::start_with(Scripts::Off).await;
    browser.open(&format!("{}/anmelden?lang=de&weiter=/konto", app.base)).await;
    type_blindly(&browser, "uwe").await;
    browser.key(Key::Tab.into()).await;
    type_blindly(&browser, "falsch").await;
    browser.leaving(browser.key(Key::Enter.into())).await;
    assert!(browser.text().await.contains("stimmt nicht"), "{}", browser.text().await);
    // The focus is in the password again.
    type_blindly(&browser, PASSWORD).await;
    browser.leaving(browser.key(Key::Enter.into())).await;
    assert_eq!(browser.heading().await, "Uwe Umland");
    // The first key leads past the header, Enter follows.
    browser.key(Key::Tab.into()).await;
    browser.key(Key::Enter.into()).await;
    assert!(browser.client.current_url().await.unwrap().as_str().ends_with("#inhalt"));
    let out = browser.find("header form button").await;
    assert_eq!(out.text().await.unwrap(), "Abmelden");
    // From the content back to the log-out.
    let back = fantoccini::actions::KeyActions::new("keys".to_owned());
    use fantoccini::actions::{InputSource, KeyAction};
    let (shift, tab) = (Key::Shift.into(), Key::Tab.into());
    let back = back
        .then(KeyAction::Down { value: shift })
        .then(KeyAction::Down { value: tab })
        .then(KeyAction::Up { value: tab })
        .then(KeyAction::Up { value: shift });
    browser.client.perform_actions(back).await.unwrap();
    browser.leaving(browser.key(Key::Enter.into())).await;
    assert_eq!(browser.heading().await, "Sie sind abgemeldet");
}
