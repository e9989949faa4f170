//! Requests taken by the form of the pages: who may, for where, and that one form is one request.

use lotse::access::{Grant, Role, Scope};
use lotse::directory::{import, sample};

use crate::on_both;
use crate::support::app::{LoggedIn, TestApp};
use crate::support::wait::wait_for;

const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");

fn grants(role: Role, region: &str) -> Vec<Grant> {
    vec![Grant { role, scope: Scope::region(region.parse().unwrap()), contact: None }]
}

async fn sends(app: &TestApp, person: &LoggedIn, changed: &[(&str, &str)]) -> (u16, String, String) {
    let typed = [
        ("csrf", person.csrf.as_str()),
        ("ort", "Kiel"),
        ("dienst", "wohnsitzanmeldung"),
        ("kategorie", "login"),
        ("betreff", "Fehler"),
        ("text", "Nach der Anmeldung."),
        ("antwort", "none"),
        ("einmal", "eins"),
    ];
    let of = |(name, value): &(&str, &str)| {
        let value = changed.iter().find(|(other, _)| other == name).map_or(*value, |(_, value)| *value);
        (name.to_string(), value.to_owned())
    };
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(typed.iter().map(of)).finish();
    let headers = [FORM, ("Cookie", person.cookie.as_str())];
    let answer = app.send("", "POST", "/anfragen/neu", Some(body), &headers).await;
    let location = answer.header("location").unwrap_or_default().to_owned();
    (answer.status, location, answer.body)
}

/// The sample's places beside those of the tests, once the directory in memory has them.
pub async fn more_places(app: &TestApp) {
    let db = &app.app.db;
    import::municipalities(db, "g.csv", sample::MUNICIPALITIES, app.clock.now(), &mut |_, _| ()).await.unwrap();
    wait_for("the places", std::time::Duration::from_secs(5), || {
        app.app.escalations.desk().directory.current().municipality(&"010585893137".parse().unwrap()).is_some()
    })
    .await;
}

on_both! {
    /// Another person with the same fault is noted where the first one's request is.
    async fn another_person_joins_a_request(app: TestApp) {
        let mut app = app;
        let person = app.person("brandt", grants(Role::Agent, "01")).await;
        let ticket = app.submit().await;
        let number = ticket["number"].as_str().unwrap();
        let cookie = [("Cookie", person.cookie.as_str())];
        let aid = app.send("", "GET", "/anfragen/neu/hilfe?ars=010020000000&dienst=wohnsitzanmeldung", None, &cookie).await;
        let join = format!("/anfragen/auskunft?nummer={number}&amp;weitere=1");
        assert!(aid.body.contains(&join), "{}", aid.body);
        let page = app.send("", "GET", &format!("/anfragen/auskunft?nummer={number}&weitere=1"), None, &cookie).await;
        assert!(page.body.contains(">Noch eine Person hat dieselbe Störung.<"), "{}", page.body);
    }

    async fn one_form_is_one_request(app: TestApp) {
        let mut app = app;
        let person = app.person("brandt", grants(Role::Agent, "01")).await;
        let (status, first, _) = sends(&app, &person, &[]).await;
        assert_eq!((status, first.starts_with("/anfragen/neu/26-")), (303, true), "{first}");
        let (_, again, _) = sends(&app, &person, &[]).await;
        assert_eq!(again, first, "sent twice, taken once");
        let (status, _, page) = sends(&app, &person, &[("text", "Etwas anderes.")]).await;
        assert!(status == 422 && page.contains("schon aufgenommen"), "{status} {page}");
        let (_, other, _) = sends(&app, &person, &[("einmal", "zwei")]).await;
        assert_ne!(other, first);
        let central = app.token(Role::Central, "").await;
        let all = app.get(&central, "/api/v1/tickets").await.expect(200);
        assert_eq!(all["items"].as_array().unwrap().len(), 2);
        assert_eq!(all["items"][0]["channel"], "115");
    }

    async fn nobody_takes_requests_for_a_foreign_region(app: TestApp) {
        let person = app.person("fremd", grants(Role::Agent, "09")).await;
        let (status, _, page) = sends(&app, &person, &[]).await;
        assert!(status == 422 && page.contains("dürfen Sie keine Anfragen aufnehmen"), "{status} {page}");
        let cookie = [("Cookie", person.cookie.as_str())];
        let suggested = app.send("", "GET", "/anfragen/neu/orte?q=kiel", None, &cookie).await;
        assert!(suggested.status == 200 && !suggested.body.contains("010020000000"), "{}", suggested.body);
        let reader = app.person("revision", grants(Role::Auditor, "01")).await;
        assert_eq!(sends(&app, &reader, &[]).await.0, 403);
        let without = [("Cookie", reader.cookie.as_str())];
        assert_eq!(app.send("", "GET", "/anfragen/neu", None, &without).await.status, 403);
        assert_eq!(app.send("", "GET", "/anfragen/neu", None, &[]).await.status, 303, "to the log-in");
    }

    // Umlauts, ß and their spellings, postal codes, keys; what is in doubt is asked back.
    async fn places_are_found_as_people_say_them(app: TestApp) {
        more_places(&app).await;
        let person = app.person("brandt", grants(Role::Agent, "01")).await;
        for (typed, ars) in [("luebeck", "010030000000"), ("LÜBECK", "010030000000"), ("Lubeck", "010030000000"), ("010020000000", "010020000000"), ("rieseby", "010585893137")] {
            let query = url::form_urlencoded::byte_serialize(typed.as_bytes()).collect::<String>();
            let found = app.send("", "GET", &format!("/anfragen/neu/orte?q={query}"), None, &[("Cookie", person.cookie.as_str())]).await;
            assert!(found.body.contains(&format!("data-key=\"{ars}\"")), "{typed}: {}", found.body);
            assert_eq!(sends(&app, &person, &[("ort", typed), ("einmal", typed)]).await.0, 303, "{typed}");
        }
        let (status, _, page) = sends(&app, &person, &[("ort", "24354")]).await;
        assert!(status == 422 && page.contains("gilt für"), "{page}");
        // A key that does not belong to what stands in the field is not taken.
        let (status, _, page) = sends(&app, &person, &[("ort", "Nirgendwo")]).await;
        assert!(status == 422 && page.contains("ist kein Ort bekannt"), "{page}");
    }
}
