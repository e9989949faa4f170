//! What entry pages rely on: public help without a token, cacheable, readable from foreign pages, and true within
//! two seconds of a change on every instance.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use lotse::access::Role;
use lotse::clock::{Clock, Timestamp};
use lotse::directory::import;
use serde_json::{Value, json};

use crate::on_both;
use crate::support::app::{self, Kind, TestApp, client};
use crate::support::wait::wait_for_some;

const KIEL: &str = "/api/v1/help?service=wohnsitzanmeldung&ars=010020000000";

const HOSTILE: &str = "</script><script>window.pwned=1</script><img src=x onerror=window.pwned=2> \"' & \u{2028}";

/// A Tuesday, ten in the morning in Berlin.
fn tuesday() -> Clock {
    Clock::fixed(Timestamp::new("2026-11-24T09:00:00Z".parse::<DateTime<Utc>>().unwrap()))
}

/// Waits until public help says what is wanted.
async fn help_says(app: &TestApp, path: &str, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    app.wait_until("", path, what, wanted).await
}

/// Hours that say nothing of holidays are closed on them, on 24 December and on local closing days; what the central
/// contact confirmed is told with its day, until something else is shown.
async fn says_when_it_is_closed_and_confirmed(kind: Kind) {
    let mut app = TestApp::start_with(kind, "", tuesday()).await;
    let admin = app.token(Role::Admin, "").await;
    let found = app.get(&admin, "/api/v1/adoptions?service=wohnsitzanmeldung&ars=01002").await.expect(200);
    let path = format!("/api/v1/adoptions/{}", found["items"][0]["id"].as_str().unwrap());
    let channels = |label: &str| json!({"channels": [{"kind": "phone", "label": label, "phone": "+49 431 9010", "hours": "Mo-Fr 08:00-16:00"}]});
    app.patch(&admin, "/api/v1/contacts/kiel-zentral", json!({"confirmed_on": "2026-11-24"})).await.expect(200);
    app.patch(&admin, &path, channels("Bürgertelefon")).await.expect(200);
    let open = |said: &Value| said["channels"][0]["open"].clone();
    let said = help_says(&app, KIEL, "the channel", |said| said["channels"][0]["label"] == "Bürgertelefon").await;
    assert_eq!(open(&said), json!({"is_open": true, "changes_at": "2026-11-24T15:00:00Z"}));
    assert_eq!(said["channels"][0]["hours"], "Mo-Fr 08:00-16:00");
    assert_eq!(said["channels"][0]["hours_text"], "Montag bis Freitag, 8 bis 16 Uhr, nicht an Feiertagen");
    assert_eq!(said.get("confirmed_on"), None, "it may have been confirmed before the change of that day");
    // Christmas Eve, a Thursday.
    app.clock.advance(TimeDelta::days(30));
    let said = app.get("", KIEL).await.expect(200);
    assert_eq!(open(&said), json!({"is_open": false, "changes_at": "2026-12-28T07:00:00Z"}));
    let page = app.get("", "/hilfe/wohnsitzanmeldung/010020000000").await.body;
    assert!(page.contains("Jetzt geschlossen") && page.contains("öffnet am Montag um 8 Uhr"), "{page}");
    let closed = json!({"ars": "01002", "day": "2026-12-28", "reason": "Inventur"});
    app.post(&admin, "/api/v1/closing-days", closed).await.expect(201);
    help_says(&app, KIEL, "the closing day", |said| open(said)["changes_at"] == "2026-12-29T07:00:00Z").await;

    app.patch(&admin, "/api/v1/contacts/kiel-zentral", json!({"confirmed_on": "2026-12-24"})).await.expect(200);
    help_says(&app, KIEL, "the confirmation", |said| said["confirmed_on"] == "2026-12-24").await;
    let page = app.get("", "/hilfe/wohnsitzanmeldung/010020000000").await.body;
    assert!(page.contains("Zuletzt bestätigt am 24.12.2026."), "{page}");
    let page = app.get("", "/hilfe/wohnsitzanmeldung/010020000000?lang=en").await.body;
    assert!(page.contains("Last confirmed on 24/12/2026."), "{page}");
    app.clock.advance(TimeDelta::days(1));
    app.patch(&admin, &path, channels("Anderes Telefon")).await.expect(200);
    let said = help_says(&app, KIEL, "the change", |said| said["channels"][0]["label"] == "Anderes Telefon").await;
    assert_eq!(said.get("confirmed_on"), None, "nobody has confirmed that");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn says_when_it_is_closed_and_confirmed_sqlite() {
    says_when_it_is_closed_and_confirmed(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn says_when_it_is_closed_and_confirmed_postgres() {
    says_when_it_is_closed_and_confirmed(Kind::Postgres).await;
}

async fn says_who_is_there(kind: Kind) {
    let app = TestApp::start_with(kind, "", tuesday()).await;
    let open = app.get("", KIEL).await;
    assert_eq!(open.header("cache-control"), Some("public, max-age=60, stale-while-revalidate=600"));
    let tag = open.header("etag").unwrap().to_owned();
    let said = open.expect(200);
    assert_eq!(said["channels"][0]["open"], json!({"is_open": true, "changes_at": "2026-11-24T17:00:00Z"}));
    assert_eq!(said["channels"][0]["hours_text"], "Montag bis Freitag, 8 bis 18 Uhr, nicht an Feiertagen");
    assert!(
        said["links"]["de-x-leicht"]
            .as_str()
            .unwrap()
            .ends_with("/hilfe/wohnsitzanmeldung/010020000000?lang=de-x-leicht")
    );
    let english = app.get("", &format!("{KIEL}&lang=en")).await.expect(200);
    assert_eq!(english["channels"][0]["hours_text"], "Monday to Friday, 8 am to 6 pm, closed on public holidays");
    // Half a minute before they go, nobody keeps the answer for longer than that.
    app.clock.advance(TimeDelta::seconds(8 * 3600 - 30));
    assert_eq!(app.get("", KIEL).await.header("cache-control"), Some("public, max-age=30"));
    app.clock.advance(TimeDelta::seconds(30));
    let closed = app.get("", KIEL).await;
    assert_ne!(closed.header("etag"), Some(&*tag));
    assert_eq!(
        closed.expect(200)["channels"][0]["open"],
        json!({"is_open": false, "changes_at": "2026-11-25T07:00:00Z"})
    );
    let page = app.get("", "/hilfe/wohnsitzanmeldung/010020000000").await;
    assert!(page.body.contains("Jetzt geschlossen") && page.body.contains("öffnet morgen um 8 Uhr"), "{}", page.body);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn says_who_is_there_sqlite() {
    says_who_is_there(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn says_who_is_there_postgres() {
    says_who_is_there(Kind::Postgres).await;
}

on_both! {
    /// The shorter key leads to the same place; where two share it, one must say which.
    async fn takes_the_shorter_key(app: TestApp) {
        let by_ags = app.get("", "/api/v1/help?service=wohnsitzanmeldung&ags=01002000").await.expect(200);
        assert_eq!(by_ags["municipality"]["ars"], "010020000000");
        app.get("", "/api/v1/help?service=wohnsitzanmeldung&ags=99999000").await.expect(404);
        app.get("", "/api/v1/help?service=wohnsitzanmeldung&ags=1").await.expect_fault(422, "ags");
        app.get("", &format!("{KIEL}&ags=01002000")).await.expect_fault(422, "ags");
        app.get("", "/api/v1/help?service=wohnsitzanmeldung").await.expect_fault(422, "ars");
        let two = "ars,ags,name,land,kreis,gemeindeverband,typ,plz_sitz\n\
            010580001090,01058090,Rieseby,Schleswig-Holstein,Rendsburg-Eckernförde,Amt Eins,64,24354\n\
            010580002090,01058090,Rieseby,Schleswig-Holstein,Rendsburg-Eckernförde,Amt Zwei,64,24354\n";
        let (db, now) = (&app.app.escalations.desk().db, app.clock.now());
        import::municipalities(db, "two.csv", two, now, &mut |_, _| {}).await.unwrap();
        let shared = "/api/v1/help?service=wohnsitzanmeldung&ags=01058090";
        let refused = wait_for_some("the new places", Duration::from_secs(2), || async {
            let reply = app.get("", shared).await;
            (reply.status == 422).then_some(reply)
        })
        .await;
        assert!(refused.body.contains("010580001090, 010580002090"), "{}", refused.body);
        // The page lets one choose, by what tells them apart.
        let page = app.get("", "/hilfe/wohnsitzanmeldung/01058090").await;
        assert!(page.body.contains("Amt Eins") && page.body.contains("/hilfe/wohnsitzanmeldung/010580002090"), "{}", page.body);
    }

    /// A disruption is announced for all, a region or one place, in three languages, and is gone when it has ended.
    async fn tells_what_is_disturbed(app: TestApp) {
        let mut app = app;
        let (admin, editor) = (app.token(Role::Admin, "").await, app.token(Role::DirectoryEditor, "01").await);
        let lead = app.token(Role::ProjectLead, "01002").await;
        let notice = |ars: &str, title: &str| json!({"service": "wohnsitzanmeldung", "ars": ars, "title": title, "text": format!("{title}, ganz.")});
        let notices = "/api/v1/notices";
        // Where one may announce.
        app.post(&lead, notices, notice("", "Überall")).await.expect_fault(422, "ars");
        app.post(&lead, notices, notice("01003", "Lübeck")).await.expect_fault(422, "ars");
        app.post(&lead, notices, notice("01002", "Region")).await.expect_fault(422, "ars");
        app.post(&editor, notices, notice("02", "Hamburg")).await.expect_fault(422, "ars");
        app.post(&editor, notices, notice("", "Überall")).await.expect_fault(422, "ars");
        app.post(&admin, notices, json!({"service": "gibt-es-nicht", "title": "a", "text": "b"})).await.expect_fault(422, "service");
        app.post(&admin, notices, json!({"service": "wohnsitzanmeldung", "title": "a", "text": "b", "title_en": "c"})).await.expect_fault(422, "text_en");
        let mut everywhere = notice("", "BundID gestört");
        everywhere["title_en"] = json!("BundID is down");
        everywhere["text_en"] = json!("We are working on it.");
        let made = app.post(&admin, notices, everywhere).await.expect(201);
        app.post(&editor, notices, notice("01", "Im Land")).await.expect(201);
        let own = app.post(&lead, notices, notice("010020000000", "In Kiel")).await.expect(201);
        app.post(&admin, notices, notice("020000000000", "In Hamburg")).await.expect(201);
        let titles = |said: &Value| said["notices"].as_array().into_iter().flatten().map(|n| n["title"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
        let all = help_says(&app, KIEL, "three notices", |said| titles(said).len() == 3).await;
        assert_eq!(titles(&all), ["BundID gestört", "Im Land", "In Kiel"]);
        assert!(all["notice"].as_str().unwrap().contains("BundID gestört, ganz."), "{all}");
        let english = app.get("", &format!("{KIEL}&lang=en")).await.expect(200);
        assert_eq!((&english["notices"][0]["title"], &english["notices"][0]["language"]), (&json!("BundID is down"), &Value::Null));
        assert_eq!((&english["notices"][1]["title"], &english["notices"][1]["language"]), (&json!("Im Land"), &json!("de")));
        let page = app.get("", "/hilfe/wohnsitzanmeldung/010020000000?lang=en").await;
        assert!(page.body.contains("BundID is down") && page.body.contains("<h2 class=\"kern-title kern-title--small\" lang=\"de\">Im Land"), "{}", page.body);
        // Who sees and changes which.
        let seen = app.get(&lead, notices).await.expect(200);
        assert_eq!(seen["items"].as_array().unwrap().len(), 3, "not Hamburg's: {seen}");
        let path = |notice: &Value| format!("{notices}/{}", notice["id"].as_str().unwrap());
        let shared = path(&made);
        app.send(&lead, "DELETE", &shared, None, &[]).await.expect(403);
        let lübeck = app.token(Role::ProjectLead, "01003").await;
        app.get(&lübeck, &path(&own)).await.expect(404);
        app.send(&lübeck, "DELETE", &path(&own), None, &[]).await.expect(404);
        let change = json!({"title": "In Kiel besser", "text": "Es geht wieder.", "until": app.clock.now().plus(TimeDelta::hours(1))});
        app.send(&lead, "PUT", &path(&own), Some(change.to_string()), &[("If-Match", "\"9\"")]).await.expect(409);
        app.send(&lead, "PUT", &path(&own), Some(change.to_string()), &[]).await.expect_fault(422, "version");
        app.send(&lead, "PUT", &path(&own), Some(change.to_string()), &[("If-Match", "\"1\"")]).await.expect(200);
        help_says(&app, KIEL, "the change", |said| titles(said).contains(&"In Kiel besser".to_owned())).await;
        app.send(&admin, "DELETE", &shared, None, &[]).await.expect(204);
        app.send(&lead, "DELETE", &path(&own), None, &[]).await.expect(204);
        help_says(&app, KIEL, "the end", |said| titles(said) == ["Im Land"]).await;
        app.get(&lead, &path(&own)).await.expect(404);
    }

    /// Public pages speak three languages, keep nothing of anybody, and may stand in frames where they should.
    async fn is_a_page_as_well(app: TestApp) {
        const PAGE: &str = "/hilfe/wohnsitzanmeldung/010020000000";
        for (path, words) in [
            (PAGE.to_owned(), "Rufen Sie die Behördennummer an"),
            (format!("{PAGE}?lang=de-x-leicht"), "Sie können anrufen"),
            (format!("{PAGE}?lang=en"), "Call the public service number"),
            (format!("{PAGE}?lang=unfug&x=1"), "Rufen Sie die Behördennummer an"),
            (format!("{PAGE}?einbettung=1"), "Rufen Sie die Behördennummer an"),
        ] {
            let page = app.get("", &path).await;
            assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")), "{path}");
            assert!(page.body.contains(words) && page.body.contains("href=\"tel:115\""), "{path}: {}", page.body);
            let policy = page.header("content-security-policy").unwrap();
            assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors *"), "{path}: {policy}");
            assert!(!policy.contains("script-src") && !policy.contains("unsafe"), "{path}: {policy}");
            assert!(page.header("cache-control").unwrap().contains("max-age"), "{path}");
            assert_eq!((page.header("set-cookie"), page.header("x-frame-options")), (None, None), "{path}");
            let known = [("If-None-Match", page.header("etag").unwrap())];
            assert_eq!(app.send("", "GET", &path, None, &known).await.status, 304, "{path}");
            assert_eq!(page.body.contains("<header"), !path.contains("einbettung"), "{path}");
        }
        for path in ["/hilfe", "/hilfe/wohnsitzanmeldung", "/hilfe/wohnsitzanmeldung?ort=lübeck&x", "/einbinden", "/hilfe/unbekannt/010020000000"] {
            let page = app.get("", path).await;
            assert!(page.header("content-security-policy").is_none_or(|policy| policy.contains("frame-ancestors 'none'")), "{path}");
            assert_eq!(page.header("set-cookie"), None, "{path}");
        }
    }

    /// Name, postal code and both keys lead to the page; several places are told apart; nothing is a dead end.
    async fn a_place_is_found(app: TestApp) {
        const KIEL_PAGE: &str = "/hilfe/wohnsitzanmeldung/010020000000";
        for (asked, to) in [
            ("/hilfe/wohnsitzanmeldung?ort=Kiel", KIEL_PAGE),
            ("/hilfe/wohnsitzanmeldung?ort=24103", KIEL_PAGE),
            ("/hilfe/wohnsitzanmeldung?ort=01002000", KIEL_PAGE),
            ("/hilfe/wohnsitzanmeldung?ort=010020000000", KIEL_PAGE),
            ("/hilfe/wohnsitzanmeldung?ort=L%C3%BCbeck", "/hilfe/wohnsitzanmeldung/010030000000"),
            ("/hilfe/wohnsitzanmeldung?ort=luebeck", "/hilfe/wohnsitzanmeldung/010030000000"),
            ("/hilfe/wohnsitzanmeldung?ort=Lubeck&lang=en", "/hilfe/wohnsitzanmeldung/010030000000?lang=en"),
            ("/hilfe/wohnsitzanmeldung/01002000?lang=de-x-leicht", "/hilfe/wohnsitzanmeldung/010020000000?lang=de-x-leicht"),
        ] {
            let reply = app.get("", asked).await;
            assert_eq!((reply.status, reply.header("location")), (303, Some(to)), "{asked}: {}", reply.body);
        }
        let several = app.get("", "/hilfe/wohnsitzanmeldung?ort=hansestadt").await;
        assert!(several.body.contains("Welcher ist es?") && several.body.contains("Freie und Hansestadt"), "{}", several.body);
        assert!(several.body.contains("Stadt und Land zugleich"), "Hamburg has a second line too: {}", several.body);
        for (asked, status, words) in [
            ("/hilfe/wohnsitzanmeldung?ort=Nirgendwo", 200, "Prüfen Sie die Schreibweise"),
            ("/hilfe/wohnsitzanmeldung?ort=99999", 200, "nur die Postleitzahl der Verwaltung"),
            ("/hilfe/wohnsitzanmeldung/999990000000", 404, "Einen Ort mit dieser Adresse"),
            ("/hilfe/wohnsitzanmeldung/kiel", 404, "value=\"kiel\""),
            ("/hilfe/unbekannt/010020000000", 404, "Einen Dienst mit dieser Adresse"),
            ("/hilfe/unbekannt", 404, "Einen Dienst mit dieser Adresse"),
            ("/hilfe?q=gibtesnicht", 200, "keinen Dienst gefunden"),
        ] {
            let page = app.get("", asked).await;
            assert_eq!(page.status, status, "{asked}: {}", page.body);
            assert!(page.body.contains(words) && page.body.contains("tel:115"), "{asked}: {}", page.body);
        }
        for (typed, words) in [("wohnsitz", ""), ("wohnung+anmelden", ""), ("ANMELDEN", ""), ("neu+anmelden", "Diese passen zu einem Teil davon")] {
            let page = app.get("", &format!("/hilfe?q={typed}")).await.body;
            assert!(page.contains("href=\"/hilfe/wohnsitzanmeldung\"") && page.contains(words), "{typed}: {page}");
            assert_eq!(page.contains("Diese passen zu einem Teil davon"), !words.is_empty(), "{typed}: {page}");
        }
    }

    /// Whatever is written into the directory stays text, in the page, in its data for search engines, in snippets.
    async fn stays_text(app: TestApp) {
        let mut app = app;
        let admin = app.token(Role::Admin, "").await;
        app.patch(&admin, "/api/v1/services/wohnsitzanmeldung", json!({"name": HOSTILE, "notice": HOSTILE})).await.expect(200);
        let found = app.get(&admin, "/api/v1/adoptions?service=wohnsitzanmeldung&ars=01002").await.expect(200);
        let path = format!("/api/v1/adoptions/{}", found["items"][0]["id"].as_str().unwrap());
        let channels = json!([
            {"kind": "phone", "label": HOSTILE.chars().take(110).collect::<String>(), "phone": "+49 (0)431 9010", "hours": "24/7", "cost_note": HOSTILE, "languages": ["de", "gsg"]},
            {"kind": "web", "label": "Formular", "url": "https://www.example.org/\"><script>window.pwned=3</script>", "hours": "24/7"},
        ]);
        app.patch(&admin, &path, json!({"channels": channels})).await.expect(200);
        let notice = json!({"service": "wohnsitzanmeldung", "title": HOSTILE.chars().take(110).collect::<String>(), "text": HOSTILE, "title_en": "<b>x", "text_en": HOSTILE});
        app.post(&admin, "/api/v1/notices", notice).await.expect(201);
        help_says(&app, KIEL, "the harm", |said| said["notices"].as_array().is_some_and(|all| all.len() == 2)).await;
        let pages = ["/hilfe/wohnsitzanmeldung/010020000000", "/hilfe/wohnsitzanmeldung/010020000000?lang=en", "/hilfe", "/hilfe/wohnsitzanmeldung",
            "/einbinden?dienst=wohnsitzanmeldung&ars=010020000000", "/hilfe/wohnsitzanmeldung?ort=%3Cscript%3Ewindow.pwned%3D1%3C/script%3E"];
        for path in pages {
            let body = app.get("", path).await.body;
            assert!(!body.contains("<script>window") && !body.contains("<img src=x"), "{path}: {body}");
        }
        let body = app.get("", pages[0]).await.body;
        assert!(body.contains("href=\"tel:+494319010\"") && body.contains("Deutsche Gebärdensprache"), "{body}");
        let data = body.split_once("<script type=\"application/ld+json\">").unwrap().1.split_once("</script>").unwrap().0;
        let data: Value = serde_json::from_str(data).unwrap_or_else(|fault| panic!("{fault}: {data}"));
        assert_eq!((&data["@type"], &data["name"]), (&json!("GovernmentService"), &json!(HOSTILE)));
        assert_eq!(data["provider"]["contactPoint"][0]["telephone"], "+494319010");
    }

    /// The element comes packed, for every origin, and is asked for again cheaply.
    async fn the_element_is_for_everybody(app: TestApp) {
        let script = app.send("", "GET", "/embed/wer-kann-mir-helfen.js", None, &[("Origin", "https://www.kiel.example")]).await;
        assert_eq!((script.status, script.header("content-type")), (200, Some("text/javascript; charset=utf-8")));
        for (name, value) in [("access-control-allow-origin", "*"), ("cross-origin-resource-policy", "cross-origin"), ("x-content-type-options", "nosniff")] {
            assert_eq!(script.header(name), Some(value), "{name}");
        }
        assert!(script.header("cache-control").unwrap().contains("max-age=3600"));
        let again = [("If-None-Match", script.header("etag").unwrap())];
        assert_eq!(app.send("", "GET", "/embed/wer-kann-mir-helfen.js", None, &again).await.status, 304);
        let packed = app.send("", "GET", "/embed/wer-kann-mir-helfen.js", None, &[("Accept-Encoding", "gzip")]).await;
        assert_eq!(packed.header("content-encoding"), Some("gzip"));
    }

    /// The page with the code to paste names the public address, and its own policy allows the preview and no more.
    async fn makes_code_to_paste(app: TestApp) {
        let page = app.get("", "/einbinden?dienst=wohnsitzanmeldung&ort=Kiel&sprache=en").await;
        for part in [
            "&#60;wer-kann-mir-helfen service=&#34;wohnsitzanmeldung&#34; ars=&#34;010020000000&#34; lang=&#34;en&#34;",
            "/hilfe/wohnsitzanmeldung/010020000000?lang=en",
            "script-src http://127.0.0.1:8115; connect-src http://127.0.0.1:8115",
            "<iframe class=\"lo-preview\"",
        ] {
            assert!(page.body.contains(part), "«{part}» is missing: {}", page.body);
        }
        let policy = page.header("content-security-policy").unwrap();
        assert!(policy.contains("script-src 'self'") && policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"), "{policy}");
        assert!(app.get("", "/einbinden?dienst=wohnsitzanmeldung&ort=hansestadt").await.body.contains("Wählen Sie einen"));
    }

    /// Anybody may ask, from any page, and ask again cheaply.
    async fn is_public_and_cacheable(app: TestApp) {
        let help = app.get("", KIEL).await;
        assert_eq!(help.header("access-control-allow-origin"), Some("*"));
        assert!(help.header("cache-control").unwrap().contains("max-age"));
        let tag = help.header("etag").unwrap().to_owned();
        let said = help.expect(200);
        assert_eq!(said["municipality"]["name"], "Kiel, Landeshauptstadt");
        assert_eq!(said["channels"][0]["phone"], "115");
        assert_eq!(said["channels"][0]["hours"], "Mo-Fr 08:00-18:00; PH off");
        let again = app.send("", "GET", KIEL, None, &[("If-None-Match", &tag)]).await;
        assert_eq!((again.status, again.body.as_str()), (304, ""));
        let ask_first = [("Origin", "https://www.kiel.example"), ("Access-Control-Request-Method", "GET")];
        assert!(app.send("", "OPTIONS", KIEL, None, &ask_first).await.status < 300);
    }

    /// A place that exists always gets something that helps; only the unknown is 404.
    async fn is_never_a_dead_end(app: TestApp) {
        let hamburg = app.get("", &KIEL.replace("010020000000", "020000000000")).await.expect(200);
        let helps = !hamburg["channels"].as_array().unwrap().is_empty() || hamburg["notice"].is_string();
        assert!(helps, "{hamburg}");
        let unlisted = "ist dieser Online-Dienst bei uns nicht in Betrieb.";
        let page = app.get("", "/hilfe/wohnsitzanmeldung/020000000000").await.body;
        assert!(page.contains(&format!("In Hamburg {unlisted}")), "{page}");
        assert!(!app.get("", "/hilfe/wohnsitzanmeldung/010020000000").await.body.contains(unlisted));
        for unknown in [KIEL.replace("wohnsitzanmeldung", "gibt-es-nicht"), KIEL.replace("010020000000", "999990000000")] {
            let problem = app.get("", &unknown).await;
            assert_eq!(problem.header("content-type"), Some("application/problem+json"));
            problem.expect(404);
        }
        app.get("", &KIEL.replace("010020000000", "kiel")).await.expect_fault(422, "ars");
    }

    /// A change is seen on every instance within two seconds.
    async fn a_change_is_seen_everywhere(app: TestApp) {
        let mut app = app;
        let other = app.second_instance().await;
        let bases = [app.base.clone(), format!("http://{}", other.address().unwrap())];
        let admin = app.token(Role::Admin, "").await;
        let found = app.get(&admin, "/api/v1/adoptions?service=wohnsitzanmeldung&ars=01002").await.expect(200);
        let adoption = &found["items"][0];
        let channels = json!([{"kind": "phone", "label": "Bürgertelefon", "phone": "+49 431 9010", "hours": "24/7", "languages": ["de"]}]);
        let change = json!({"version": adoption["version"], "channels": channels}).to_string();
        let path = format!("/api/v1/adoptions/{}", adoption["id"].as_str().unwrap());
        app.send(&admin, "PATCH", &path, Some(change), &[]).await.expect(200);
        for base in bases {
            wait_for_some(format!("the change at {base}"), Duration::from_secs(2), || async {
                let help = app::send(&client(), &base, "", "GET", KIEL, None, &[]).await;
                help.body.contains("Bürgertelefon").then_some(())
            })
            .await;
        }
        assert!(other.stop().await);
    }
}
