//! The pages of those who keep the directory: rights, regions and conflicts, on both databases.
//!
//! Invariant: every test sends the forms as a browser does. Not here: how they look (`browser_directory.rs`).

use lotse::access::{Grant, Role, Scope};
use serde_json::json;

use crate::on_both;
use crate::support::app::{LoggedIn, MUNICIPALITIES, Reply, TestApp};

fn grants(role: Role, region: &str) -> Vec<Grant> {
    vec![Grant { role, scope: Scope::region(region.parse().unwrap()), contact: None }]
}

async fn page(app: &TestApp, person: &LoggedIn, path: &str) -> Reply {
    app.send("", "GET", path, None, &[("Cookie", &person.cookie)]).await
}

/// Sends a form with the person's token.
async fn form(app: &TestApp, person: &LoggedIn, path: &str, fields: &[(&str, &str)]) -> Reply {
    let mut body = url::form_urlencoded::Serializer::new(String::new());
    body.append_pair("csrf", &person.csrf).extend_pairs(fields);
    let media = ("Content-Type", "application/x-www-form-urlencoded");
    app.send("", "POST", path, Some(body.finish()), &[media, ("Cookie", &person.cookie)]).await
}

/// Sends a form with a file as browsers do.
async fn upload(app: &TestApp, person: &LoggedIn, path: &str, fields: &[(&str, &str)], file: Option<&str>) -> Reply {
    let mut body = String::new();
    for (name, value) in [("csrf", person.csrf.as_str())].iter().chain(fields) {
        body += &format!("--grenze\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    }
    if let Some(file) = file {
        body += "--grenze\r\nContent-Disposition: form-data; name=\"datei\"; filename=\"k.csv\"\r\nContent-Type: text/csv\r\n\r\n";
        body += &format!("{file}\r\n");
    }
    body += "--grenze--\r\n";
    let media = ("Content-Type", "multipart/form-data; boundary=grenze");
    app.send("", "POST", path, Some(body), &[media, ("Cookie", &person.cookie)]).await
}

/// What stands in a hidden field of a page.
fn hidden(page: &str, name: &str) -> String {
    let rest = page.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap_or_else(|| panic!("no {name} in {page}"));
    rest.split('"').next().unwrap().to_owned()
}

/// Where a form led on to.
#[track_caller]
fn led(reply: &Reply) -> &str {
    assert_eq!(reply.status, 303, "{}", reply.body);
    reply.header("location").unwrap()
}

const READ: [&str; 14] = [
    "/zustaendigkeiten",
    "/zustaendigkeiten/dienste/wohnsitzanmeldung/technical",
    "/zustaendigkeiten/dienste/wohnsitzanmeldung/emergency",
    "/zustaendigkeiten/laender/SH",
    "/verzeichnis",
    "/anschluesse",
    "/kontakte",
    "/kontakte/kiel-zentral",
    "/kanaele",
    "/stoerungen",
    "/schliesstage",
    "/vereinbarungen",
    "/luecken",
    "/wer?dienst=wohnsitzanmeldung&ort=Kiel&art=technical",
];
const WRITE: [&str; 9] = [
    "/kontakte/neu",
    "/kontakte/kiel-zentral/bearbeiten",
    "/kontakte/kiel-zentral/system",
    "/kanaele/neu",
    "/stoerungen/neu",
    "/anschluesse/neu",
    "/importe/kontakte",
    "/importe/postleitzahlen",
    "/vereinbarungen/SH/HH",
];

on_both! {
    /// Whoever reads the directory reads every page and finds no form to change anything; whoever keeps all of it finds
    /// every form; whoever has no right to it finds nothing.
    async fn forms_stand_where_they_may_be_sent(app: TestApp) {
        let reader = app.person("revision", grants(Role::Auditor, "")).await;
        let editor = app.person("pflege", grants(Role::DirectoryEditor, "")).await;
        let other = app.person("datenschutz", grants(Role::DataProtection, "")).await;
        for path in READ {
            let read = page(&app, &reader, path).await;
            assert_eq!(read.status, 200, "{path}: {}", read.body);
            let main = read.body.split("<main").nth(1).unwrap();
            assert!(!main.contains("method=\"post\""), "{path} has a form for a reader: {main}");
            assert_eq!(page(&app, &editor, path).await.status, 200, "{path}");
            assert_eq!(page(&app, &other, path).await.status, 403, "{path}");
        }
        for path in WRITE {
            assert_eq!(page(&app, &editor, path).await.status, 200, "{path}");
            assert_eq!(page(&app, &reader, path).await.status, 403, "{path}");
            assert_eq!(app.get("", path).await.status, 303, "{path} leads to the log-in");
        }
        // A form without its token is refused whoever sends it.
        let cookie = ("Cookie", editor.cookie.as_str());
        let media = ("Content-Type", "application/x-www-form-urlencoded");
        let forged = app.send("", "POST", "/schliesstage", Some("tag=2999-01-02&grund=x".into()), &[media, cookie]).await;
        assert_eq!(forged.status, 403);
    }

    /// Of contacts, channels, gaps and adoptions everybody sees those of their region; what lies elsewhere does not exist.
    async fn nobody_sees_beyond_their_region(app: TestApp) {
        let mut app = app;
        let admin = app.token(Role::Admin, "").await;
        app.patch(&admin, "/api/v1/contacts/kiel-meldewesen", json!({"owner": "01002"})).await.expect(200);
        let hamburg = app.person("hamburg", grants(Role::DirectoryEditor, "02")).await;
        let kiel = app.person("kiel", grants(Role::DirectoryEditor, "01002")).await;
        let list = page(&app, &hamburg, "/kontakte").await.body;
        assert!(!list.contains("Meldewesen") && list.contains("Dataport Service Desk"), "{list}");
        for path in ["/kontakte/kiel-meldewesen", "/kontakte/kiel-meldewesen/bearbeiten", "/kontakte/kiel-meldewesen/system"] {
            assert_eq!(page(&app, &hamburg, path).await.status, 404, "{path}");
            assert_eq!(page(&app, &kiel, path).await.status, 200, "{path}");
        }
        assert_eq!(form(&app, &hamburg, "/kontakte/kiel-meldewesen/abwesenheit", &[("von", "2030-01-01"), ("version", "2")]).await.status, 404);
        assert!(page(&app, &kiel, "/kanaele").await.body.contains("Behördennummer 115"));
        assert!(!page(&app, &hamburg, "/kanaele").await.body.contains("Behördennummer 115</"));
        assert!(page(&app, &kiel, "/luecken").await.body.contains("Kiel"));
        assert!(!page(&app, &hamburg, "/luecken").await.body.contains("Kiel"));
        assert!(!page(&app, &hamburg, "/anschluesse").await.body.contains("Kiel"));
        assert_eq!(page(&app, &hamburg, "/wer?dienst=wohnsitzanmeldung&ort=Kiel").await.status, 422);
        // What all share is read by everybody and changed by those who keep all of it; the page says so.
        let shared = page(&app, &kiel, "/kontakte/technik").await.body;
        assert!(shared.contains("Gehört allen Regionen") && !shared.contains("/kontakte/technik/bearbeiten"), "{shared}");
        assert_eq!(page(&app, &kiel, "/kontakte/technik/bearbeiten").await.status, 403);
        assert!(page(&app, &kiel, "/vereinbarungen").await.body.contains("wer das Verzeichnis überall pflegt"));
        assert_eq!(page(&app, &kiel, "/vereinbarungen/SH/HH").await.status, 403);
    }

    /// All that is wrong is told at once, each with its own reason; a channel has of the 115 only what is its own.
    async fn a_form_tells_all_its_faults(app: TestApp) {
        let mut app = app;
        let admin = app.token(Role::Admin, "").await;
        let editor = app.person("pflege", grants(Role::DirectoryEditor, "")).await;
        let refused = async |path: &str, fields: &[(&str, &str)], told: &[&str]| {
            let reply = form(&app, &editor, path, fields).await;
            assert_eq!(reply.status, 422, "{path}: {}", reply.body);
            for text in told {
                assert!(reply.body.contains(*text), "{path}, {text}: {}", reply.body);
            }
        };
        let (name, mail, phone) = ("Hier fehlt ein Name", "keine Mail-Adresse", "keine Telefonnummer");
        let typed = [("mail", "it@"), ("telefon", "12x"), ("zeiten", "montags"), ("vertretung", "Niemand Da"), ("rhythmus", "hourly")];
        let told = [name, mail, phone, "Zeiten sind nicht zu verstehen", "Diesen Kontakt gibt es nicht", "Kleinbuchstaben, Ziffern"];
        refused("/kontakte/neu", &typed, &told).await;
        let typed = [("kennung", "neue-stelle"), ("name", "Neue Stelle"), ("telefon", "0431/901-0"), ("vertretung", "Kiel, zentrale Stelle"), ("rhythmus", "hourly")];
        assert!(led(&form(&app, &editor, "/kontakte/neu", &typed).await).contains("contact-made-unasked"));
        assert_eq!(app.get(&admin, "/api/v1/contacts/neue-stelle").await.expect(200)["deputy"], "kiel-zentral");
        let own = [("version", "1"), ("von", "2030-01-01"), ("vertretung", "Neue Stelle")];
        refused("/kontakte/neue-stelle/abwesenheit", &own, &["Niemand vertritt sich selbst"]).await;

        assert!(!page(&app, &editor, "/kanaele/neu").await.body.contains("value=\"Behördennummer 115\""));
        let channel = |more: &[(&'static str, &'static str)]| [[("dienst", "wohnsitzanmeldung"), ("ort", "010020000000"), ("sprachen", "de")].as_slice(), more].concat();
        let typed = channel(&[("art", "phone"), ("name", "Behördennummer 115"), ("telefon", "abc"), ("mail", "hilfe@"), ("zeiten", "montags")]);
        refused("/kanaele/neu", &typed, &["So heißt nur die 115", phone, mail, "Zeiten sind nicht zu verstehen"]).await;
        let typed = channel(&[("art", "phone"), ("name", "Bürgertelefon")]);
        refused("/kanaele/neu", &typed, &["Nennen Sie die Telefonnummer", "Nennen Sie die Zeiten"]).await;
        led(&form(&app, &editor, "/kanaele/neu", &channel(&[("art", "115")])).await);
        let channels = app.get(&admin, "/api/v1/channels").await.expect(200);
        let usual = |one: &&serde_json::Value| one["label"] == "Behördennummer 115" && one["hours"] == "Mo-Fr 08:00-18:00; PH off";
        assert_eq!(channels["items"].as_array().unwrap().iter().filter(usual).count(), 2, "{channels}");
        refused("/stoerungen/neu", &[], &["Wählen Sie den Dienst", "Die Überschrift fehlt", "Der Text fehlt"]).await;
        for (path, body) in [
            ("/api/v1/contacts", json!({"id": "x", "name": "X", "phone": "12x"})),
            ("/api/v1/channels", json!({"service": "wohnsitzanmeldung", "ars": "010020000000", "kind": "phone", "label": "X", "phone": "04351 x", "hours": "24/7"})),
        ] {
            app.post(&admin, path, body).await.expect_fault(422, "phone");
        }
    }

    /// Days as Germans write them are understood wherever hours are entered, and kept as everybody reads them.
    async fn german_days_are_kept_in_the_standard_form(app: TestApp) {
        let mut app = app;
        let admin = app.token(Role::Admin, "").await;
        let editor = app.person("pflege", grants(Role::DirectoryEditor, "")).await;
        let meaning = page(&app, &editor, "/kanaele/zeiten?zeiten=Mo-Do+09:00-15:00").await.body;
        assert!(meaning.contains("Montag bis Donnerstag, 9 bis 15 Uhr"), "{meaning}");
        let place = [("dienst", "wohnsitzanmeldung"), ("ort", "010020000000"), ("sprachen", "de")];
        let phone = [("art", "phone"), ("name", "Bürgertelefon"), ("telefon", "0431 901-0"), ("zeiten", "Mo-Do 09:00-15:00; So,Feiertag off")];
        led(&form(&app, &editor, "/kanaele/neu", &[place.as_slice(), phone.as_slice()].concat()).await);
        let own_form = [("art", "web"), ("name", "Frage schreiben"), ("formular", "1")];
        led(&form(&app, &editor, "/kanaele/neu", &[place.as_slice(), own_form.as_slice()].concat()).await);
        let channels = app.get(&admin, "/api/v1/channels").await.expect(200);
        let is_kept = channels["items"].as_array().unwrap().iter().any(|one| one["hours"] == "Mo-Th 09:00-15:00; Su,PH off");
        assert!(is_kept, "{channels}");
        let list = page(&app, &editor, "/kanaele").await.body;
        assert!(list.contains("Frage schreiben") && list.contains("<small>Web-Formular</small>"), "{list}");

        app.patch(&admin, "/api/v1/contacts/kiel-zentral", json!({"hours": "Di 08:00-12:00"})).await.expect(200);
        assert_eq!(app.get(&admin, "/api/v1/contacts/kiel-zentral").await.expect(200)["hours"], "Tu 08:00-12:00");
        let made = json!({"id": "neu-1", "name": "Neu", "hours": "Sa,So 10:00-12:00"});
        assert_eq!(app.post(&admin, "/api/v1/contacts", made).await.expect(201)["hours"], "Sa,Su 10:00-12:00");
        let file = "id;name;hours\nkiel-zentral;Kiel, zentrale Stelle;Mo-Do 09:00-15:00\n";
        let seen = upload(&app, &editor, "/importe/kontakte", &[("schritt", "ansehen")], Some(file)).await;
        let (content, print) = (hidden(&seen.body, "inhalt"), hidden(&seen.body, "fingerabdruck"));
        let fields = [("schritt", "ausfuehren"), ("name", "k.csv"), ("inhalt", &*content), ("fingerabdruck", &*print)];
        let done = upload(&app, &editor, "/importe/kontakte", &fields, None).await;
        assert!(done.status == 200 && done.body.contains("Eingelesen."), "{}", done.body);
        assert_eq!(app.get(&admin, "/api/v1/contacts/kiel-zentral").await.expect(200)["hours"], "Mo-Th 09:00-15:00");
        let same = upload(&app, &editor, "/importe/kontakte", &[("schritt", "ansehen")], Some(file)).await;
        assert!(same.body.contains("Nichts zu tun"), "{}", same.body);
        app.import("[[contact]]\nid = \"kiel-zentral\"\nname = \"Kiel, zentrale Stelle\"\nhours = \"Mi 09:00-12:00\"\n").await;
        assert_eq!(app.get(&admin, "/api/v1/contacts/kiel-zentral").await.expect(200)["hours"], "We 09:00-12:00");
    }

    /// Before a contact is ended its duties are named; after, they say so, and its history is read on.
    async fn an_ended_contact_leaves_no_dead_end(app: TestApp) {
        let mut app = app;
        let admin = app.token(Role::Admin, "").await;
        let editor = app.person("pflege", grants(Role::DirectoryEditor, "")).await;
        let found = app.get(&admin, "/api/v1/adoptions?service=wohnsitzanmeldung&ars=01002").await.expect(200);
        let at = format!("/anschluesse/{}", found["items"][0]["id"].as_str().unwrap());
        let read = page(&app, &editor, &format!("{at}/zustaendig/technical")).await.body;
        assert!(read.contains("Gefragt wird Dataport Service Desk, vom Online-Dienst") && !read.contains("Lücke: geht an Zentral"), "{read}");
        let before = page(&app, &editor, "/kontakte/kiel-meldewesen").await.body;
        assert!(before.contains("Diese Aufgaben hat er noch") && before.contains(&format!("{at}/zustaendig/functional")), "{before}");
        let version = hidden(&before, "version");
        led(&form(&app, &editor, "/kontakte/kiel-meldewesen/beenden", &[("version", &version), ("grund", "aufgelöst")]).await);
        let after = page(&app, &editor, "/kontakte/kiel-meldewesen").await;
        assert!(after.status == 200 && after.body.contains("aufgelöst") && !after.body.contains("Abwesenheit eintragen"), "{}", after.body);
        assert_eq!(page(&app, &editor, "/kontakte/kiel-meldewesen/bearbeiten").await.status, 404);
        let duty = page(&app, &editor, &format!("{at}/zustaendig/functional")).await.body;
        assert!(duty.contains("Kontakt beendet") && duty.contains("niemand"), "{duty}");
        let gaps = page(&app, &editor, "/luecken").await.body;
        assert!(!gaps.contains("/kontakte/kiel-meldewesen/bearbeiten"), "{gaps}");
    }

    /// Who answers for a service as a whole, and for a Land, is entered by whoever keeps the directory of all.
    async fn what_all_share_has_its_forms(app: TestApp) {
        let mut app = app;
        let admin = app.token(Role::Admin, "").await;
        let editor = app.person("pflege", grants(Role::DirectoryEditor, "")).await;
        let kiel = app.person("kiel", grants(Role::DirectoryEditor, "01002")).await;
        for (path, field) in [
            ("/zustaendigkeiten/dienste/wohnsitzanmeldung/functional", Some("ort")),
            ("/zustaendigkeiten/dienste/wohnsitzanmeldung/emergency", None),
            ("/zustaendigkeiten/laender/HH", None),
        ] {
            let before = page(&app, &editor, path).await.body;
            let version = hidden(&before, "version");
            let mut typed = vec![("kontakt", "kiel-zentral"), ("person", "J. Lorenzen"), ("von", "2030-01-01"), ("version", &*version)];
            typed.extend(field.map(|field| (field, "Kiel")));
            assert_eq!(form(&app, &kiel, path, &typed).await.status, 403, "{path}");
            assert!(led(&form(&app, &editor, path, &typed).await).starts_with(path));
            let after = page(&app, &editor, path).await.body;
            assert!(after.contains("Kiel, zentrale Stelle") && after.contains("J. Lorenzen") && after.contains("01.01.2030"), "{after}");
            let slower = form(&app, &editor, path, &typed).await;
            assert_eq!(slower.status, 409, "{path}");
            assert!(slower.body.contains("inzwischen geändert") && slower.body.contains("value=\"J. Lorenzen\""), "{}", slower.body);
            let twice: Vec<_> = typed.iter().filter(|(name, _)| *name != "version").copied().collect();
            let version = hidden(&after, "version");
            let twice = [twice, vec![("version", &*version)]].concat();
            assert_eq!(form(&app, &editor, path, &twice).await.status, 422, "{path}: twice on one day");
        }
        let service = app.get(&admin, "/api/v1/services/wohnsitzanmeldung").await.expect(200);
        let level = service["second_level"].as_array().unwrap().iter().find(|level| level["kind"] == "functional" && level["ars"] == "010020000000");
        assert_eq!(level.unwrap()["contacts"][0], json!({"contact": "kiel-zentral", "person": "J. Lorenzen", "from": "2030-01-01"}));
        let technical = service["second_level"].as_array().unwrap().iter().any(|level| level["kind"] == "technical");
        assert!(technical, "the other list stays: {service}");
        let path = "/zustaendigkeiten/laender/HH";
        let version = hidden(&page(&app, &editor, path).await.body, "version");
        let land = app.get(&admin, "/api/v1/lands/HH").await.expect(200);
        let last = (land["second_level"].as_array().unwrap().len() - 1).to_string();
        led(&form(&app, &editor, path, &[("ohne", &last), ("version", &version)]).await);
        let after = app.get(&admin, "/api/v1/lands/HH").await.expect(200);
        assert_eq!(after["second_level"].as_array().unwrap().len() + 1, land["second_level"].as_array().unwrap().len());
    }

    /// What is refused keeps what was typed; a long list goes on.
    async fn nothing_typed_is_lost_and_no_day_is_hidden(app: TestApp) {
        let mut app = app;
        let admin = app.token(Role::Admin, "").await;
        let editor = app.person("pflege", grants(Role::DirectoryEditor, "")).await;
        app.patch(&admin, "/api/v1/contacts/kiel-zentral", json!({"discloses_reporter": true})).await.expect(200);
        let typed = [("ab", "2999-01-01"), ("plan-mail", "neu@kiel.example.org"), ("plan-grund", "Umzug ins Rathaus")];
        let refused = form(&app, &editor, "/kontakte/kiel-zentral/plaene", &typed).await;
        assert_eq!(refused.status, 403);
        assert!(refused.body.contains("neu@kiel.example.org") && refused.body.contains("Umzug ins Rathaus"), "{}", refused.body);

        let first: chrono::NaiveDate = "2990-01-01".parse().unwrap();
        for later in 0..203 {
            let day = first + chrono::TimeDelta::days(202 - later);
            app.post(&admin, "/api/v1/closing-days", json!({"ars": "01", "day": day, "reason": format!("Tag {later}")})).await.expect(201);
        }
        let shown = page(&app, &editor, "/schliesstage").await.body;
        assert!(shown.contains("Tag 202<") && !shown.contains("Tag 2<") && shown.contains("/schliesstage?nach=200"), "the earliest come first");
        let rest = page(&app, &editor, "/schliesstage?nach=200").await.body;
        assert!(["Tag 2<", "Tag 1<", "Tag 0<"].iter().all(|day| rest.contains(day)) && !rest.contains("?nach="), "{rest}");
    }

    /// "Transferred" vouches for what the page showed and for nothing else.
    async fn only_what_was_seen_is_noted_as_transferred(app: TestApp) {
        let mut app = app;
        let admin = app.token(Role::Admin, "").await;
        let editor = app.person("pflege", grants(Role::DirectoryEditor, "")).await;
        let found = app.get(&admin, "/api/v1/adoptions?service=wohnsitzanmeldung&ars=01002").await.expect(200);
        let path = format!("/anschluesse/{}", found["items"][0]["id"].as_str().unwrap());
        let seen = page(&app, &editor, &path).await.body;
        let channel = json!({"service": "wohnsitzanmeldung", "ars": "010020000000", "kind": "email", "label": "Neues Postfach", "email": "neu@kiel.example.org"});
        app.post(&admin, "/api/v1/channels", channel).await.expect(201);
        let (stand, version) = (hidden(&seen, "stand"), hidden(&seen, "version"));
        let refused = form(&app, &editor, &format!("{path}/uebertragen"), &[("stand", &stand), ("version", &version)]).await;
        assert_eq!(refused.status, 409);
        assert!(refused.body.contains("Neues Postfach") && refused.body.contains("nicht vermerkt"), "{}", refused.body);
        let transfers = format!("/api/v1/adoptions/{}/transfers", found["items"][0]["id"].as_str().unwrap());
        assert!(app.get(&admin, &transfers).await.expect(200)["items"].as_array().unwrap().is_empty());
        let (stand, version) = (hidden(&refused.body, "stand"), hidden(&refused.body, "version"));
        led(&form(&app, &editor, &format!("{path}/uebertragen"), &[("stand", &stand), ("version", &version)]).await);
    }

    /// A contact of the Land that answers for a municipality is readable there, and changed only by the Land.
    async fn a_contact_of_the_land_is_readable_where_it_answers(app: TestApp) {
        let mut app = app;
        let admin = app.token(Role::Admin, "").await;
        app.patch(&admin, "/api/v1/contacts/kiel-zentral", json!({"owner": "01"})).await.expect(200);
        let (kiel, luebeck) = (app.token(Role::DirectoryEditor, "01002").await, app.token(Role::DirectoryEditor, "01003").await);
        app.get(&kiel, "/api/v1/contacts/kiel-zentral").await.expect(200);
        app.get(&luebeck, "/api/v1/contacts/kiel-zentral").await.expect(404);
        app.patch(&kiel, "/api/v1/contacts/kiel-zentral", json!({"name": "x"})).await.expect(403);
        let duties = app.get(&kiel, "/api/v1/contacts/kiel-zentral/duties").await.expect(200);
        assert_eq!((&duties["items"][0]["duty"], &duties["items"][0]["ars"]), (&json!("central"), &json!("010020000000")));
        let person = app.person("kiel", grants(Role::DirectoryEditor, "01002")).await;
        let read = page(&app, &person, "/kontakte/kiel-zentral").await.body;
        assert!(read.contains("Gehört zu Schleswig-Holstein") && !read.contains("Abwesenheit eintragen"), "{read}");
    }

    /// Who was slower reads who changed what, keeps what they typed, and overwrites only by sending it once more.
    async fn an_older_page_overwrites_nothing_silently(app: TestApp) {
        let mut app = app;
        let admin = app.token(Role::Admin, "").await;
        let editor = app.person("petersen", grants(Role::DirectoryEditor, "")).await;
        let opened = page(&app, &editor, "/kontakte/kiel-zentral/bearbeiten").await.body;
        let version = hidden(&opened, "version");
        app.patch(&admin, "/api/v1/contacts/kiel-zentral", json!({"phone": "+49 431 901"})).await.expect(200);
        let typed = |version: &str| [("version", version.to_owned()), ("name", "Kiel, Bürgerhilfe".into()), ("mail", "zentral@kiel.example.org".into()), ("rhythmus", "hourly".into())];
        let send = async |version: &str| {
            let fields = typed(version);
            let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            form(&app, &editor, "/kontakte/kiel-zentral/bearbeiten", &fields).await
        };
        let late = send(&version).await;
        assert_eq!(late.status, 409, "{}", late.body);
        assert!(late.body.contains("admin ") && late.body.contains("Telefon: – → +49 431 901"), "who and what: {}", late.body);
        assert!(late.body.contains("value=\"Kiel, Bürgerhilfe\""), "what was typed: {}", late.body);
        assert_eq!(app.get(&admin, "/api/v1/contacts/kiel-zentral").await.expect(200)["phone"], "+49 431 901");
        let again = send(&hidden(&late.body, "version")).await;
        assert!(led(&again).starts_with("/kontakte/kiel-zentral?"), "{}", led(&again));
        let now = app.get(&admin, "/api/v1/contacts/kiel-zentral").await.expect(200);
        assert_eq!((&now["name"], &now["phone"], &now["notify"]), (&json!("Kiel, Bürgerhilfe"), &json!(null), &json!("hourly")));
        let history = page(&app, &editor, "/kontakte/kiel-zentral").await.body;
        assert!(history.contains("petersen") && history.contains("Name: Kiel, zentrale Stelle → Kiel, Bürgerhilfe"), "{history}");
        // The same with a channel, whose changes the log tells.
        let channel = app.get(&admin, "/api/v1/channels").await.expect(200)["items"][0].clone();
        let path = format!("/kanaele/{}", channel["id"].as_str().unwrap());
        let fields = |version: &'static str| [("version", version), ("art", "115"), ("name", "115 für Kiel"), ("telefon", "115"), ("zeiten", "Mo-Fr 07:00-19:00"), ("sprachen", "de, en")];
        assert!(led(&form(&app, &editor, &path, &fields("1")).await).starts_with("/kanaele?"));
        let late = form(&app, &editor, &path, &fields("1")).await;
        assert!(late.status == 409 && late.body.contains("petersen hat das inzwischen geändert"), "{}", late.body);
    }

    /// From a gap by its link to the form that closes it, and gone it is.
    async fn a_gap_leads_to_what_closes_it(app: TestApp) {
        let mut app = app;
        let admin = app.token(Role::Admin, "").await;
        let lead = app.person("lorenzen", grants(Role::ProjectLead, "01002")).await;
        let report = page(&app, &lead, "/luecken?art=no_project_lead").await.body;
        let href = report.split("href=\"").find(|part| part.contains("/zustaendig/project_lead")).unwrap().split('"').next().unwrap().to_owned();
        let opened = page(&app, &lead, &href).await.body;
        assert!(opened.contains("niemand"), "{opened}");
        let version = hidden(&opened, "version");
        let fields = |from: &'static str, until: &'static str| vec![("kontakt", "kiel-zentral"), ("person", "J. Lorenzen"), ("von", from), ("bis", until)];
        let sent = async |version: String, fields: Vec<(&'static str, &'static str)>| {
            let mut all = vec![("version", version.as_str())];
            all.extend(fields);
            form(&app, &lead, &href, &all).await
        };
        led(&sent(version, fields("2020-01-01", "")).await);
        let now = page(&app, &lead, &href).await.body;
        assert!(now.contains("J. Lorenzen · ab 01.01.2020"), "{now}");
        assert!(page(&app, &lead, "/luecken?art=no_project_lead").await.body.contains("So fehlt nichts"));
        // The same contact on the same days is refused where it was typed.
        let twice = sent(hidden(&now, "version"), fields("2021-01-01", "2021-12-31")).await;
        assert!(twice.status == 422 && twice.body.contains("diesen Tagen schon") && twice.body.contains("value=\"2021-12-31\""), "{}", twice.body);
        let id = href.split('/').nth(2).unwrap();
        let history = page(&app, &lead, &format!("/anschluesse/{id}")).await.body;
        assert!(history.contains("Projektleitung: – → Kiel, zentrale Stelle (J. Lorenzen)"), "{history}");
        let listed = app.get(&admin, "/api/v1/gaps?kind=no_central").await.expect(200);
        assert_eq!(listed["items"], json!([]));
        // What is only being prepared is no gap; the report says so and leads there.
        let service = json!({"slug": "kita-anmeldung", "name": "Kita-Anmeldung", "operating_land": "HH", "operator": "Dataport"});
        app.post(&admin, "/api/v1/services", service).await.expect(201);
        let made = app.post(&admin, "/api/v1/adoptions", json!({"service": "kita-anmeldung", "ars": "010020000000"})).await.expect(201);
        let report = page(&app, &lead, "/luecken").await.body;
        assert!(report.contains("<a class=\"kern-link kern-link--no-visited-state\" href=\"/anschluesse?stand=draft\">1 Anschluss in Vorbereitung</a>"), "{report}");
        // A point that is read from the directory leads to where it is fulfilled.
        let draft = format!("/anschluesse/{}", made["id"].as_str().unwrap());
        for (point, to) in [("division_of_tasks", format!("{draft}/aufgaben")), ("steering_committee", format!("{draft}?projekt=1#projekt"))] {
            let shown = page(&app, &lead, &format!("{draft}/punkte/{point}")).await.body;
            assert!(shown.contains(&format!("href=\"{to}\"")), "{shown}");
        }
        assert!(page(&app, &lead, &format!("{draft}?projekt=1")).await.body.contains("id=\"projekt\" open"));
        // A task of one's own with a part and without a name is not dropped.
        let fields = [("version", "0"), ("aufgabe-0", "costs"), ("land-0", "responsible"), ("aufgabe-1", ""), ("land-1", "responsible")];
        let nameless = form(&app, &lead, &format!("{draft}/aufgaben"), &fields).await;
        assert!(nameless.status == 422 && nameless.body.contains("Nennen Sie die Aufgabe"), "{}", nameless.body);
    }

    /// Absences, plans and secrets: kept, taken back, shown once.
    async fn a_contact_is_kept_on_its_page(app: TestApp) {
        let mut app = app;
        let admin = app.token(Role::Admin, "").await;
        let editor = app.person("petersen", grants(Role::DirectoryEditor, "")).await;
        let here = "/kontakte/kiel-zentral";
        let version = || async { hidden(&page(&app, &editor, "/kontakte/kiel-zentral").await.body, "version") };
        let away = [("version", version().await), ("von", "2030-02-01".into()), ("bis", "2030-02-14".into()), ("vertretung", "kiel-meldewesen".into())];
        let away: Vec<(&str, &str)> = away.iter().map(|(name, value)| (*name, value.as_str())).collect();
        led(&form(&app, &editor, &format!("{here}/abwesenheit"), &away).await);
        let now = app.get(&admin, "/api/v1/contacts/kiel-zentral").await.expect(200);
        assert_eq!((&now["absent_until"], &now["deputy"]), (&json!("2030-02-14"), &json!("kiel-meldewesen")));
        let list = page(&app, &editor, "/kontakte").await.body;
        assert!(list.contains("<small>Vertretung: Kiel, Meldewesen</small>"), "{list}");
        let wrong = form(&app, &editor, &format!("{here}/abwesenheit"), &[("version", "9"), ("von", "morgen")]).await;
        assert!(wrong.status == 422 && wrong.body.contains("Das ist kein Tag"), "{}", wrong.body);
        let back = [("version", version().await), ("zurueck", "1".into())];
        let back: Vec<(&str, &str)> = back.iter().map(|(name, value)| (*name, value.as_str())).collect();
        led(&form(&app, &editor, &format!("{here}/abwesenheit"), &back).await);
        assert!(app.get(&admin, "/api/v1/contacts/kiel-zentral").await.expect(200)["absent_from"].is_null());

        led(&form(&app, &editor, &format!("{here}/plaene"), &[("ab", "2999-01-02"), ("plan-telefon", "+49 431 902"), ("plan-grund", "Umzug")]).await);
        let planned = page(&app, &editor, here).await.body;
        assert!(planned.contains("Telefon: +49 431 902") && planned.contains("02.01.2999"), "{planned}");
        let path = planned.split("action=\"").find(|part| part.contains("/zurueck\"")).unwrap().split('"').next().unwrap().to_owned();
        led(&form(&app, &editor, &path, &[]).await);
        assert!(page(&app, &editor, here).await.body.contains("zurückgenommen"));
        assert_eq!(form(&app, &editor, &path, &[]).await.status, 409, "it is over");
        let past = form(&app, &editor, &format!("{here}/plaene"), &[("ab", "2020-01-02"), ("plan-telefon", "115")]).await;
        assert!(past.status == 422 && past.body.contains("nach heute"), "{}", past.body);

        let shown = form(&app, &editor, &format!("{here}/system/geheimnis"), &[]).await;
        assert_eq!((shown.status, shown.header("cache-control")), (200, Some("no-store")));
        let secret = shown.body.split("whsec_").nth(1).unwrap().split('<').next().unwrap().to_owned();
        assert!(!page(&app, &editor, &format!("{here}/system")).await.body.contains(&secret), "once only");
        let webhook = [("version", version().await), ("adresse", app.webhook.url())];
        let webhook: Vec<(&str, &str)> = webhook.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let made = form(&app, &editor, &format!("{here}/system"), &webhook).await;
        assert!(made.status == 200 && made.body.contains("whsec_"), "{}", made.body);
        assert_eq!(app.get(&admin, "/api/v1/contacts/kiel-zentral").await.expect(200)["webhook"]["url"], app.webhook.url());

        let asked = form(&app, &editor, &format!("{here}/bestaetigung"), &[]).await;
        assert!(led(&asked).contains("getan=asked"));
        assert_eq!(form(&app, &editor, &format!("{here}/bestaetigung"), &[]).await.status, 409, "not twice within an hour");
    }

    /// A file is looked at, and done exactly as it was seen, all rows or none.
    async fn a_file_is_looked_at_before_it_counts(app: TestApp) {
        let mut app = app;
        let admin = app.token(Role::Admin, "").await;
        let editor = app.person("pflege", grants(Role::DirectoryEditor, "")).await;
        let local = app.person("luebeck", grants(Role::DirectoryEditor, "01003")).await;
        let file = "id;name;email\nkiel-zentral;Kiel, Bürgerhilfe;\nneu-1;Neu;neu@kiel.example.org\n";
        let seen = upload(&app, &editor, "/importe/kontakte", &[("schritt", "ansehen")], Some(file)).await;
        assert_eq!(seen.status, 200, "{}", seen.body);
        assert!(seen.body.contains("1 neu") && seen.body.contains("Bezeichnung: Kiel, zentrale Stelle → Kiel, Bürgerhilfe"), "{}", seen.body);
        app.get(&admin, "/api/v1/contacts/neu-1").await.expect(404);
        let (content, print) = (hidden(&seen.body, "inhalt"), hidden(&seen.body, "fingerabdruck"));
        let apply = async || {
            let fields = [("schritt", "ausfuehren"), ("name", "k.csv"), ("inhalt", &*content), ("fingerabdruck", &*print)];
            upload(&app, &editor, "/importe/kontakte", &fields, None).await
        };
        app.patch(&admin, "/api/v1/contacts/kiel-zentral", json!({"phone": "115"})).await.expect(200);
        assert_eq!(apply().await.status, 409, "the directory has changed since");
        let seen = upload(&app, &editor, "/importe/kontakte", &[("schritt", "ansehen")], Some(file)).await;
        let (content, print) = (hidden(&seen.body, "inhalt"), hidden(&seen.body, "fingerabdruck"));
        let fields = [("schritt", "ausfuehren"), ("name", "k.csv"), ("inhalt", &*content), ("fingerabdruck", &*print)];
        let done = upload(&app, &editor, "/importe/kontakte", &fields, None).await;
        assert!(done.status == 200 && done.body.contains("Eingelesen."), "{}", done.body);
        app.get(&admin, "/api/v1/contacts/neu-1").await.expect(200);
        // A fault is told by its row, and nothing can be done then.
        let faulty = upload(&app, &local, "/importe/kontakte", &[("schritt", "ansehen")], Some("id;name\nkiel-zentral;Fremd\n")).await;
        assert!(faulty.body.contains("1 fehlerhaft") && !faulty.body.contains("Jetzt einlesen"), "{}", faulty.body);
        assert!(faulty.body.contains("Berichtigen Sie die Fehler") && !faulty.body.contains("Nichts zu tun"), "{}", faulty.body);
        let same = upload(&app, &editor, "/importe/kontakte", &[("schritt", "ansehen")], Some(file)).await;
        assert!(same.body.contains("2 unverändert") && same.body.contains("Nichts zu tun"), "{}", same.body);
        assert!(!same.body.contains("Berichtigen Sie die Fehler") && !same.body.contains("Jetzt einlesen"), "{}", same.body);
        let faulty = upload(&app, &editor, "/importe/kontakte", &[("schritt", "ansehen")], Some("id;confirmed_on;owner\nGroß;heute;99999\n")).await;
        for told in ["Kennung: Nehmen Sie 1 bis 64", "Bestätigt am: Das ist kein Tag.", "Region: In der Region 99999 liegt keine Kommune."] {
            assert!(faulty.body.contains(told), "{told} is missing in {}", faulty.body);
        }
        let unknown = upload(&app, &editor, "/importe/kontakte", &[("schritt", "ansehen")], Some("name;x\nA;1\n")).await;
        assert!(unknown.status == 422 && unknown.body.contains("Zeile 1: Die Spalte Kennung fehlt."), "{}", unknown.body);
        assert_eq!(upload(&app, &local, "/importe/gemeinden", &[("schritt", "ansehen")], Some("x")).await.status, 403);
        let none = upload(&app, &editor, "/importe/kontakte", &[("schritt", "ansehen")], Some("")).await;
        assert!(none.status == 422 && none.body.contains("Wählen Sie eine Datei"), "{}", none.body);
        let mergers = "old_ars;new_ars;valid_on\n010030000000;010020000000;01.01.2020\n";
        let plan = upload(&app, &editor, "/importe/zusammenschluesse", &[("schritt", "ansehen")], Some(mergers)).await;
        let merger = "Lübeck, Hansestadt → 010020000000 Kiel, Landeshauptstadt, seit 01.01.2020";
        assert!(plan.body.contains("1 geht in einer anderen auf") && plan.body.contains(merger), "{}", plan.body);
        assert!(!plan.body.contains("unverändert"), "there is no list: {}", plan.body);
    }

    /// What is wrong with the official list and with a file of mergers is told by line and column, in the reader's
    /// language on the page and in English over the API.
    async fn faults_of_the_register_are_told_in_the_readers_language(app: TestApp) {
        let mut app = app;
        let admin = app.token(Role::Admin, "").await;
        let editor = app.person("pflege", grants(Role::DirectoryEditor, "")).await;
        let told = async |path: &str, file: &str, expected: &[&str]| {
            let faulty = upload(&app, &editor, path, &[("schritt", "ansehen")], Some(file)).await;
            assert_eq!(faulty.status, 422, "{}", faulty.body);
            for told in expected {
                assert!(faulty.body.contains(told), "{told} is missing in {}", faulty.body);
            }
        };
        let heading = "ars,ags,name,land,kreis,gemeindeverband,typ,plz_sitz";
        let list = format!(
            "{heading}\n010020000000,01002001,Kiel,Hamburg,a,b,61,2410\n1002,1002,,Kiel,a,b,61,\n010030000000,01003000,Lübeck, Hansestadt,Schleswig-Holstein,a,b,61,\n"
        );
        let expected = [
            "k.csv, Zeile 2, ags: Zum Regionalschlüssel gehört 01002000.",
            "k.csv, Zeile 2, land: Ein Regionalschlüssel, der mit 01 beginnt,",
            "k.csv, Zeile 2, plz_sitz: Nehmen Sie eine Postleitzahl mit 5 Ziffern,",
            "k.csv, Zeile 3, ars: Nehmen Sie einen Regionalschlüssel mit 12 Ziffern",
            "k.csv, Zeile 3, ags: Nehmen Sie einen Gemeindeschlüssel mit 8 Ziffern",
            "k.csv, Zeile 3, name: Hier fehlt etwas.",
            "k.csv, Zeile 3, land: Nehmen Sie den Namen eines der 16 Länder",
            "k.csv, Zeile 4: Die Zeile hat 9 Spalten statt 8.",
        ];
        told("/importe/gemeinden", &list, &expected).await;
        let first = format!("k.csv, Zeile 1: Die erste Zeile muss so lauten: {heading}");
        told("/importe/gemeinden", "ars,name\n", &[first.as_str()]).await;
        let mergers = "old_ars;new_ars;valid_on\n010030000000;999999999999;31.12.2999\n010030000000;010020000000;heute\n";
        let expected = [
            "k.csv, Zeile 2, new_ars: 999999999999 ist keine Kommune, in die etwas umziehen kann.",
            "k.csv, Zeile 2, valid_on: Dieser Tag kommt erst noch.",
            "k.csv, Zeile 3, valid_on: Das ist kein Tag.",
        ];
        told("/importe/zusammenschluesse", mergers, &expected).await;
        let expected = ["k.csv, row 2, new_ars: 999999999999 is no municipality to move to.", "row 2, valid_on: This day is still to come."];
        told("/importe/zusammenschluesse?lang=en", mergers, &expected).await;
        let unknown = "alt;new_ars;valid_on\n1;2;3\n";
        told("/importe/zusammenschluesse", unknown, &["Bekannt sind old_ars, new_ars, valid_on.", "Die Spalte old_ars fehlt."]).await;
        let answer = app.send(&admin, "POST", "/api/v1/imports/municipality-changes?preview=true", Some(mergers.into()), &[("Content-Type", "text/csv")]).await;
        let errors = answer.expect(422)["errors"].clone();
        let first = json!({"field": "file: row 2: new_ars", "message": "999999999999 is no municipality to move to; name one of the new list"});
        assert_eq!(errors[0], first, "{errors}");
    }

    /// All postal codes come in by a page as well: looked at first, then the whole list as it was looked at, or nothing.
    async fn postal_codes_come_in_by_a_page(app: TestApp) {
        let mut app = app;
        let admin = app.token(Role::Admin, "").await;
        let editor = app.person("pflege", grants(Role::DirectoryEditor, "")).await;
        let local = app.person("luebeck", grants(Role::DirectoryEditor, "01003")).await;
        let here = "/importe/postleitzahlen";
        assert!(page(&app, &editor, "/importe").await.body.contains(&format!("href=\"{here}\"")));
        assert_eq!(upload(&app, &local, here, &[("schritt", "ansehen")], Some("x")).await.status, 403);
        let look = async |file: &str| upload(&app, &editor, here, &[("schritt", "ansehen")], Some(file)).await;
        let faulty = look("plz;ags\n24118;01002000\n2411;01002000\n24119;99999999\n").await;
        assert_eq!(faulty.status, 422, "{}", faulty.body);
        for told in ["k.csv, Zeile 3, plz: Nehmen Sie eine Postleitzahl mit 5 Ziffern.", "k.csv, Zeile 4, ars oder ags: Zu diesem Schlüssel gibt es keine Kommune."] {
            assert!(faulty.body.contains(told), "{told} is missing in {}", faulty.body);
        }
        let file = "plz;ags\n24118;01002000\n24106;01002000\n";
        assert!(look(file).await.body.contains("2 neu"));
        let seen = look(file).await;
        assert!(seen.status == 200 && seen.body.contains("2 neu"), "looking changes nothing: {}", seen.body);
        let missing = look("ort;wert\nKiel;1\n").await.body;
        assert!(missing.contains("Bekannt sind plz, ars oder ags.") && missing.contains("Die Spalte ars oder ags fehlt."), "{missing}");
        let apply = async |seen: &Reply| {
            let (content, print) = (hidden(&seen.body, "inhalt"), hidden(&seen.body, "fingerabdruck"));
            let fields = [("schritt", "ausfuehren"), ("name", "k.csv"), ("inhalt", &*content), ("fingerabdruck", &*print)];
            upload(&app, &editor, here, &fields, None).await
        };
        let api = async |query: &str, file: &str| {
            let path = format!("/api/v1/imports/postal-codes?{query}");
            app.send(&admin, "POST", &path, Some(file.into()), &[("Content-Type", "text/csv")]).await
        };
        // Another list comes in meanwhile, looked at and done over the API.
        let other = "plz;ags\n24103;01002000\n";
        let plan = api("preview=true", other).await.expect(200);
        assert_eq!((&plan["created"], &plan["updated"]), (&json!(1), &json!(0)), "{plan}");
        let with_print = format!("preview=false&fingerprint={}", plan["fingerprint"].as_str().unwrap());
        api(&with_print, file).await.expect(409);
        api(&with_print, other).await.expect(200);
        assert_eq!(apply(&seen).await.status, 409, "it would take away what nobody saw");
        let seen = look(file).await;
        assert!(seen.body.contains("2 neu") && seen.body.contains("1 entfallen"), "{}", seen.body);
        let done = apply(&seen).await;
        assert!(done.status == 200 && done.body.contains("Eingelesen."), "{}", done.body);
        let shorter = look("plz;ags\n24118;01002000\n").await.body;
        assert!(shorter.contains("1 entfallen") && shorter.contains("1 unverändert"), "{shorter}");
        let same = look(file).await.body;
        assert!(same.contains("Nichts zu tun") && !same.contains("Berichtigen") && !same.contains("Jetzt einlesen"), "{same}");
    }

    /// The official list and mergers are done as they were looked at, or not at all; whatever of a row is stored counts.
    async fn the_register_is_done_as_it_was_seen(app: TestApp) {
        let mut app = app;
        let admin = app.token(Role::Admin, "").await;
        let editor = app.person("pflege", grants(Role::DirectoryEditor, "")).await;
        let look = async |sort: &str, file: &str| {
            let seen = upload(&app, &editor, &format!("/importe/{sort}"), &[("schritt", "ansehen")], Some(file)).await;
            assert_eq!(seen.status, 200, "{}", seen.body);
            seen
        };
        let apply = async |sort: &str, seen: &Reply| {
            let (content, print) = (hidden(&seen.body, "inhalt"), hidden(&seen.body, "fingerabdruck"));
            let fields = [("schritt", "ausfuehren"), ("name", "k.csv"), ("inhalt", &*content), ("fingerabdruck", &*print)];
            upload(&app, &editor, &format!("/importe/{sort}"), &fields, None).await
        };
        let api = async |query: &str, file: &str| {
            let path = format!("/api/v1/imports/{query}");
            app.send(&admin, "POST", &path, Some(file.into()), &[("Content-Type", "text/csv")]).await
        };
        let kiel = async || app.get(&admin, "/api/v1/municipalities/010020000000").await.expect(200);
        let list = |kind: &str, code: &str| {
            format!(
                "ars,ags,name,land,kreis,gemeindeverband,typ,plz_sitz\n010020000000,01002000,\"Kiel, Landeshauptstadt\",\
                 Schleswig-Holstein,\"Kiel, Landeshauptstadt\",\"Kiel, Landeshauptstadt\",{kind},{code}\n"
            )
        };
        // Only the kind and the postal code are different.
        let file = list("63", "24105");
        let seen = look("gemeinden", &file).await;
        let change = "010020000000 typ 61, plz_sitz 24103 → typ 63, plz_sitz 24105";
        assert!(seen.body.contains(change) && !seen.body.contains("Nichts zu tun"), "{}", seen.body);
        app.patch(&admin, "/api/v1/municipalities/010020000000", json!({"in_115": false})).await.expect(200);
        let stale = apply("gemeinden", &seen).await;
        assert!(stale.status == 409 && stale.body.contains("seit der Vorschau geändert"), "{}", stale.body);
        assert_eq!(kiel().await["kind"], "61", "nothing was stored");
        let seen = look("gemeinden", &file).await;
        let done = apply("gemeinden", &seen).await;
        assert!(done.status == 200 && done.body.contains("Eingelesen."), "{}", done.body);
        let now = kiel().await;
        assert_eq!((&now["kind"], &now["postal_code"], &now["in_115"]), (&json!("63"), &json!("24105"), &json!(false)));
        assert!(look("gemeinden", &file).await.body.contains("Nichts zu tun"));
        assert_eq!(apply("gemeinden", &seen).await.status, 409, "it is done already");
        // Over the API the same, where a fingerprint comes along; each field counts by itself.
        let (file, other) = (list("63", "24103"), list("61", "24105"));
        let plan = api("municipalities?preview=true", &file).await.expect(200);
        let change = json!([{"ars": "010020000000", "before": "plz_sitz 24105", "after": "plz_sitz 24103"}]);
        assert_eq!((&plan["changed"], &plan["unchanged"]), (&change, &json!(0)), "{plan}");
        let with_print = format!("municipalities?preview=false&fingerprint={}", plan["fingerprint"].as_str().unwrap());
        api(&with_print, &other).await.expect(409);
        api(&with_print, &file).await.expect(200);
        api("municipalities?preview=false", &other).await.expect(200);
        assert_eq!((&kiel().await["kind"], &kiel().await["postal_code"]), (&json!("61"), &json!("24105")));

        // Of a merger, what moves with it was not all seen.
        let mergers = "old_ars;new_ars;valid_on\n010030000000;010020000000;01.01.2020\n";
        let luebeck = "/api/v1/municipalities/010030000000";
        let seen = look("zusammenschluesse", mergers).await;
        let plan = api("municipality-changes?preview=true", mergers).await.expect(200);
        let contact = json!({"id": "luebeck-eigen", "name": "Eigen", "owner": "010030000000"});
        app.post(&admin, "/api/v1/contacts", contact).await.expect(201);
        assert_eq!(apply("zusammenschluesse", &seen).await.status, 409);
        let with_print = format!("municipality-changes?preview=false&fingerprint={}", plan["fingerprint"].as_str().unwrap());
        api(&with_print, mergers).await.expect(409);
        assert_eq!(app.get(&admin, luebeck).await.expect(200).get("ended_on"), None);
        let done = apply("zusammenschluesse", &look("zusammenschluesse", mergers).await).await;
        assert!(done.status == 200 && done.body.contains("Eingelesen."), "{}", done.body);
        assert_eq!(app.get(&admin, luebeck).await.expect(200)["ended_on"], "2020-01-01");
        assert_eq!(app.get(&admin, "/api/v1/contacts/luebeck-eigen").await.expect(200)["owner"], "010020000000");
        // A list that names it again takes it into use again, and says so.
        let again = look("gemeinden", MUNICIPALITIES).await;
        assert!(again.body.contains("1 war außer Gebrauch") && again.body.contains("Jetzt einlesen"), "{}", again.body);
        assert_eq!(apply("gemeinden", &again).await.status, 200);
        assert_eq!(app.get(&admin, luebeck).await.expect(200).get("ended_on"), None);
        // Nothing moves from there any more, and the merger can be done once more.
        assert!(look("zusammenschluesse", mergers).await.body.contains("Jetzt einlesen"));
    }

    /// What changes stands first, what a list leaves out only as staying, and the audit log names who began it.
    async fn a_list_tells_what_changes_and_who_began_it(app: TestApp) {
        let mut app = app;
        let auditor = app.token(Role::Auditor, "").await;
        let editor = app.person("pflege", grants(Role::DirectoryEditor, "")).await;
        let before = page(&app, &editor, "/importe/gemeinden").await.body;
        assert!(before.contains("ars, ags, name, land, kreis, gemeindeverband, typ, plz_sitz") && before.contains("Datei wählen"), "{before}");
        let list = "ars,ags,name,land,kreis,gemeindeverband,typ,plz_sitz\n\
            010020000000,01002000,\"Kiel am Meer\",SH,\"Kiel, Landeshauptstadt\",\"Kiel, Landeshauptstadt\",61,24103\n\
            010040000000,01004000,\"Neumünster, Stadt\",SH,\"Neumünster, Stadt\",\"Neumünster, Stadt\",61,24534\n";
        let seen = upload(&app, &editor, "/importe/gemeinden", &[("schritt", "ansehen")], Some(list)).await.body;
        let at = |text: &str| seen.find(text).unwrap_or_else(|| panic!("{text} is missing in {seen}"));
        let order = ["1 neu", "1 umbenannt", "1 ist neu", "010040000000 Neumünster", "1 heißt anders", "1 weitere Kommune in den Ländern der Liste ist nicht genannt und bleibt.", "010030000000 Lübeck"];
        let places = order.map(at);
        assert!(places.is_sorted(), "{places:?} {seen}");
        assert!(!seen.contains("0 unverändert") && !seen.contains("nicht mehr im Verzeichnis"), "{seen}");
        let done = {
            let (content, print) = (hidden(&seen, "inhalt"), hidden(&seen, "fingerabdruck"));
            let fields = [("schritt", "ausfuehren"), ("name", "k.csv"), ("inhalt", &*content), ("fingerabdruck", &*print)];
            upload(&app, &editor, "/importe/gemeinden", &fields, None).await.body
        };
        assert!(done.contains("Eingelesen.") && done.contains("1 umbenannt") && !done.contains("Lübeck"), "{done}");

        let told = app.get(&auditor, "/api/v1/audit?action=municipalities.imported").await.expect(200)["items"][0].clone();
        assert_eq!((&told["actor"]["name"], &told["actor"]["id"]), (&json!("pflege"), &json!(editor.user.id)), "{told}");
        assert_eq!(told["address"], "127.0.0.1", "{told}");
        let admin = app.token(Role::Admin, "").await;
        let path = "/api/v1/imports/municipalities?preview=false";
        app.send(&admin, "POST", path, Some(MUNICIPALITIES.into()), &[("Content-Type", "text/csv")]).await.expect(200);
        let told = app.get(&auditor, "/api/v1/audit?action=municipalities.imported").await.expect(200)["items"][0].clone();
        assert_eq!(told["actor"]["name"], "admin", "{told}");

        // Mergers that are done already change nothing, and the page says so.
        let mergers = "old_ars;new_ars;valid_on\n010030000000;010020000000;01.01.2020\n";
        let path = "/api/v1/imports/municipality-changes?preview=false";
        app.send(&admin, "POST", path, Some(mergers.into()), &[("Content-Type", "text/csv")]).await.expect(200);
        let again = upload(&app, &editor, "/importe/zusammenschluesse", &[("schritt", "ansehen")], Some(mergers)).await.body;
        assert!(again.contains("Nichts zu tun") && again.contains("Andere Datei"), "{again}");
    }

    /// The dry run tells who is asked when, the chain of the directory with the times of an escalation.
    async fn the_dry_run_tells_the_stages(app: TestApp) {
        let mut app = app;
        let admin = app.token(Role::Admin, "").await;
        let path = "/api/v1/route/stages?service=wohnsitzanmeldung&ars=010020000000&kind=technical&at=2999-11-23T09:00:00Z";
        let found = app.get(&admin, path).await.expect(200);
        let stages = found["stages"].as_array().unwrap();
        let plain = app.get(&admin, "/api/v1/route?service=wohnsitzanmeldung&ars=010020000000&kind=technical&on=2999-11-23").await.expect(200);
        let names = |list: &serde_json::Value| list.as_array().unwrap().iter().map(|one| one["contact"]["id"].clone()).collect::<Vec<_>>();
        assert!(!stages.is_empty() && names(&found["stages"]) == names(&plain["chain"]), "{found} {plain}");
        assert_eq!(stages[0]["from"], "2999-11-23T09:00:00Z");
        for pair in stages.windows(2) {
            assert_eq!(pair[0]["acknowledge_by"], pair[1]["from"]);
        }
        assert_eq!(found["ends_at"], stages.last().unwrap()["acknowledge_by"]);
        let hamburg = app.token(Role::DirectoryEditor, "02").await;
        app.get(&hamburg, path).await.expect(422);
    }

    /// What is shown no more is told to whoever asks what changed, until it is noted as taken away.
    async fn an_ended_adoption_is_exported_as_taken_away(app: TestApp) {
        let mut app = app;
        let admin = app.token(Role::Admin, "").await;
        let adoption = app.get(&admin, "/api/v1/adoptions").await.expect(200)["items"][0].clone();
        let at = format!("/api/v1/adoptions/{}", adoption["id"].as_str().unwrap());
        let removed = async |query: &str| {
            let found = app.get(&admin, &format!("/api/v1/exports/help?{query}")).await.expect(200);
            found["items"].as_array().unwrap().iter().map(|one| one["removed"].as_bool().unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(removed("since=2020-01-01").await, [false]);
        app.post(&admin, &format!("{at}/transfers"), json!({})).await.expect(201);
        assert!(removed("pending_transfer=true").await.is_empty());
        app.send(&admin, "DELETE", &at, None, &[]).await.expect(204);
        assert_eq!(removed("since=2020-01-01").await, [true]);
        assert_eq!(removed("pending_transfer=true").await, [true]);
        assert!(removed("").await.is_empty(), "the whole file holds what is shown");
        assert!(removed("since=2999-01-01").await.is_empty());
        let csv = app.get(&admin, "/api/v1/exports/help?since=2020-01-01&format=csv").await;
        let line = csv.body.lines().nth(1).unwrap();
        assert!(line.ends_with(",true,true") && !line.contains("115,"), "{line}");
        let xml = app.get(&admin, "/api/v1/exports/help?since=2020-01-01&format=xzufi").await.body;
        assert!(xml.contains("<xzufi:loesche klasse=\"Organisationseinheit\">") && !xml.contains("<xzufi:schreibe>"), "{xml}");
        app.post(&admin, &format!("{at}/transfers"), json!({"note": "gelöscht"})).await.expect(201);
        assert!(removed("pending_transfer=true").await.is_empty(), "taken away over there");
    }

    /// A file of the directory names an adapter by its preset.
    async fn the_directory_file_sets_an_adapter(app: TestApp) {
        let mut app = app;
        let admin = app.token(Role::Admin, "").await;
        let file = format!(
            "[[contact]]\nid = \"zammad\"\nname = \"Zammad\"\nwebhook = {{ url = \"{}\", preset = \"zammad\", settings = [\"group=Users\", \"customer=lotse@kiel.example.org\"], secrets = [\"token=geheim\"] }}\n",
            app.webhook.url()
        );
        app.import(&file).await;
        let found = app.get(&admin, "/api/v1/contacts/zammad").await.expect(200);
        let adapter = &found["webhook"]["adapter"];
        assert_eq!((&adapter["preset"], &adapter["settings"]["group"]), (&json!("zammad"), &json!("Users")));
        assert!(!found.to_string().contains("geheim"), "{found}");
    }

    /// The list of contacts by state, and checklists by urgency.
    async fn lists_are_narrowed_and_ordered(app: TestApp) {
        let mut app = app;
        let admin = app.token(Role::Admin, "").await;
        app.patch(&admin, "/api/v1/contacts/kiel-zentral", json!({"confirmed_on": "2020-01-01"})).await.expect(200);
        app.patch(&admin, "/api/v1/contacts/kiel-meldewesen", json!({"confirmed_on": null, "absent_from": "2020-01-01"})).await.expect(200);
        let ids = async |state: &str| {
            let found = app.get(&admin, &format!("/api/v1/contacts?state={state}")).await.expect(200);
            found["items"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(ids("stale").await, ["kiel-zentral"]);
        assert_eq!(ids("unconfirmed").await, ["kiel-meldewesen"]);
        assert_eq!(ids("absent").await, ["kiel-meldewesen"]);
        assert_eq!(ids("confirmed").await, ["bereitschaft", "nur-webhook", "technik"]);
        for none in ["bounced", "disputed", "due"] {
            assert!(ids(none).await.is_empty(), "{none}");
        }
        let draft = crate::rollout::draft(&app, &admin).await;
        let found = app.get(&admin, "/api/v1/checklists").await.expect(200);
        let places = |found: &serde_json::Value| found["items"].as_array().unwrap().iter().map(|one| one["state"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
        assert_eq!(places(&found), ["live", "draft"], "what is public and lacks something comes first");
        app.patch_item(&admin, &draft, "knowledge", json!({"state": "waiting", "due_on": "2020-01-31"})).await;
        let found = app.get(&admin, "/api/v1/checklists").await.expect(200);
        assert_eq!(places(&found), ["draft", "live"], "what is late comes before everything");
        let found = app.get(&admin, "/api/v1/checklists?q=L%C3%BCbeck").await.expect(200);
        assert_eq!(places(&found), ["draft"]);
    }
}
