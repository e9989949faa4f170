//! The inbox in a real browser: the list, one mail, faults and a decision, in both languages and without scripts.

use lotse::access::{Grant, Role, Scope};

use super::{AskedDesk, arrives};
use crate::support::app::{Kind, PASSWORD, TestApp};
use crate::support::browser::Browser;

async fn assert_readable(browser: &Browser, name: &str) {
    for (theme, width) in [("light", 390), ("dark", 1280)] {
        browser.set_width(width).await;
        browser.set_theme(theme).await;
        assert!(browser.sideways().await <= 0, "{name} scrolls sideways at {width}");
        let found = browser.axe().await;
        assert!(found.is_empty(), "{name} at {width} in {theme}:\n{}", found.join("\n"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_decides_in_the_browser() {
    let mut app = TestApp::start(Kind::Sqlite).await;
    let asked = AskedDesk::new(&mut app).await;
    let text = "<script>document.title='böse'</script> Bitte neu starten.\n-- \nFremd";
    let taken = arrives(&app, &asked.reply("Fremd <fremd@example.net>", text)).await;
    let scope = Scope::region("01002".parse().unwrap());
    let central = app.person("zentral", vec![Grant { role: Role::Central, scope, contact: None }]).await;
    let browser = Browser::start().await;
    browser.open(&format!("{}/anmelden?lang=de&weiter=/eingang", app.base)).await;
    for (field, typed) in [("#login", central.user.login.as_str()), ("#password", PASSWORD)] {
        browser.find(field).await.send_keys(typed).await.unwrap();
    }
    browser.press("Anmelden").await;
    assert_eq!(browser.heading().await, "Eingang");
    let shown = browser.text().await;
    assert!(shown.contains("zu prüfen") && !shown.contains("fremd@example.net"), "{shown}");
    assert_readable(&browser, "list").await;

    browser.open(&format!("{}/eingang/{}", app.base, taken.id)).await;
    let shown = browser.text().await;
    assert!(shown.contains("fremd@example.net") && shown.contains("gehört zu keiner Ansprechstelle"), "{shown}");
    assert!(shown.contains("<script>"), "shown as it was written: {shown}");
    assert_readable(&browser, "mail").await;
    browser.press("Verwerfen").await;
    assert_eq!(browser.focus().await, "grund");
    assert_readable(&browser, "fault").await;
    browser.press("Als Kommentar übernehmen").await;
    assert!(browser.text().await.contains("Entschieden."));
    let token = app.central().await;
    let history = app.get(&token, &format!("{}/history", asked.ticket_path())).await.expect(200).to_string();
    assert!(history.contains("escalation_commented"), "{history}");
    browser.open(&format!("{}/eingang/{}?lang=en", app.base, taken.id)).await;
    assert!(browser.text().await.contains("Taken as a comment of the 2nd level"));
}
