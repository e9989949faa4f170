//! The guided roll-out over HTTP: from a draft to live and back out of use, every point that the directory shows by
//! itself, who does what, and the agreements between Länder.
//!
//! Invariant: each test has an adoption of its own of a service that Hamburg operates, in Lübeck. Not here: the rules
//! as tables (`rollout/verdict.rs`, `state.rs`, `matrix.rs`), the pages (`browser_rollout.rs`).

use std::collections::BTreeSet;
use std::time::Duration;

use lotse::access::Role;
use serde_json::{Value, json};

use crate::on_both;
use crate::support::app::{Reply, TestApp};
use crate::support::wait::wait_for_some;

const HELP: &str = "/api/v1/help?service=kita-anmeldung&ars=010030000000";

/// Points that only people know.
pub const BY_HAND: [&str; 12] = [
    "reuse_contact",
    "availability",
    "interest_announced",
    "support_solution",
    "application_mailbox",
    "process_check",
    "entry_page",
    "editorial_system",
    "roles_and_rights",
    "knowledge",
    "user_advice",
    "financial_responsibility",
];

/// Those that the directory shows, and are required.
const AUTOMATIC: [&str; 12] = [
    "cooperation_agreement",
    "division_of_tasks",
    "central_contact",
    "first_level",
    "emergency_contacts",
    "steering_committee",
    "project_lead",
    "technical_contact",
    "functional_contact",
    "specialist_procedure",
    "data_protection",
    "data_processor",
];

/// A draft of Lübeck, with nothing in it; answers its path.
pub async fn draft(app: &TestApp, admin: &str) -> String {
    let service =
        json!({"slug": "kita-anmeldung", "name": "Kita-Anmeldung", "operating_land": "HH", "operator": "Dataport"});
    app.post(admin, "/api/v1/services", service).await.expect(201);
    let new = json!({"service": "kita-anmeldung", "ars": "010030000000"});
    let made = app.post(admin, "/api/v1/adoptions", new).await.expect(201);
    assert_eq!(made["state"], "draft");
    format!("/api/v1/adoptions/{}", made["id"].as_str().unwrap())
}

async fn checklist(app: &TestApp, token: &str, at: &str) -> Value {
    app.get(token, &format!("{at}/checklist")).await.expect(200)
}

/// One point of it.
async fn point(app: &TestApp, token: &str, at: &str, item: &str) -> Value {
    let list = checklist(app, token, at).await;
    list["items"].as_array().unwrap().iter().find(|one| one["item"] == item).unwrap().clone()
}

/// Changes a point as it is now.
async fn change(app: &TestApp, token: &str, at: &str, item: &str, mut body: Value) -> Reply {
    body["version"] = point(app, token, at, item).await["version"].clone();
    app.send(token, "PATCH", &format!("{at}/checklist/{item}"), Some(body.to_string()), &[]).await
}

async fn agree(app: &TestApp, admin: &str, body: Value) {
    let path = "/api/v1/lands/HH/agreements";
    let list = app.get(admin, path).await.expect(200);
    let known = list["items"].as_array().unwrap().iter().find(|one| one["land"] == "SH").cloned();
    let mut body = body;
    body["version"] = known.map_or(json!(0), |one| one["version"].clone());
    let reply = app.send(admin, "PUT", &format!("{path}/SH"), Some(body.to_string()), &[]).await;
    assert!(matches!(reply.status, 200 | 201), "{}", reply.body);
}

fn shown() -> Value {
    json!([{"kind": "phone", "label": "Bürgertelefon Lübeck", "phone": "+49 451 115", "hours": "Mo-Fr 08:00-18:00", "languages": ["de"]}])
}

/// Everybody that is to be named, each another contact where no person is told.
fn people() -> Value {
    let person = |name: &str| json!([{"contact": "kiel-zentral", "person": name}]);
    json!({
        "central": ["kiel-zentral"], "project_lead": person("J. Lorenzen"), "technical": person("P. Clausen"),
        "functional": person("S. Jensen"), "emergency": ["bereitschaft"], "specialist_procedure": ["kiel-meldewesen"],
        "data_protection": ["kiel-meldewesen"], "data_processor": ["technik"], "channels": shown(),
    })
}

async fn settle(app: &TestApp, admin: &str, at: &str) {
    let proposal = app.get(admin, &format!("{at}/matrix")).await.expect(200);
    let body = json!({"version": proposal["version"], "tasks": proposal["tasks"]});
    app.send(admin, "PUT", &format!("{at}/matrix"), Some(body.to_string()), &[]).await.expect(200);
}

/// Fulfils every point.
pub async fn fulfil(app: &TestApp, admin: &str, at: &str) {
    agree(app, admin, json!({"since": "2025-03-14", "reference": "IV 27"})).await;
    app.patch(admin, at, people()).await.expect(200);
    settle(app, admin, at).await;
    let seat = json!({"steering": {"member": "MIKWS Schleswig-Holstein", "delegate": "K. Voss"}, "planned_start": "2027-01-11"});
    app.patch(admin, &format!("{at}/checklist"), seat).await.expect(200);
    for item in BY_HAND {
        change(app, admin, at, item, json!({"state": "done", "owner": "J. Lorenzen"})).await.expect(200);
    }
}

/// The help that the public is shown, once it is as wanted.
async fn help_says(app: &TestApp, words: &str, wanted: bool) {
    wait_for_some(format!("{words} in the help: {wanted}"), Duration::from_secs(5), || async {
        (app.get("", HELP).await.body.contains(words) == wanted).then_some(())
    })
    .await;
}

on_both! {
    /// The whole way, with every move that exists and every other one refused.
    async fn from_draft_to_live_and_out_of_use(app: TestApp) {
        let mut app = app;
        let admin = app.token(Role::Admin, "").await;
        let at = draft(&app, &admin).await;
        let twice = json!({"service": "kita-anmeldung", "ars": "020000000000", "state": "live"});
        let refused = app.post(&admin, "/api/v1/adoptions", twice).await.expect_fault(422, "state");
        assert!(refused.to_string().contains("checklist"), "the remedy: {refused}");
        let go = async |state: &str| app.patch(&admin, &at, json!({"state": state})).await;
        for no in ["live", "suspended"] {
            let problem = go(no).await.expect(409);
            assert!(problem["detail"].as_str().unwrap().contains("is draft") && problem["detail"].as_str().unwrap().ends_with("become ready"), "{problem}");
        }
        // Everything that is missing is said at once, item by item.
        let problem = go("ready").await.expect(422);
        let named: BTreeSet<&str> = problem["errors"].as_array().unwrap().iter().map(|e| e["field"].as_str().unwrap()).collect();
        let expected: BTreeSet<String> = AUTOMATIC.iter().chain(&BY_HAND).map(|item| format!("checklist.{item}")).collect();
        assert_eq!(named, expected.iter().map(String::as_str).collect());
        let list = checklist(&app, &admin, &at).await;
        assert_eq!((&list["progress"]["total"], &list["progress"]["missing"], &list["next_states"]), (&json!(27), &json!(24), &json!(["ready"])));
        assert_eq!(list["blocks_live"].as_array().unwrap().len(), 3);

        fulfil(&app, &admin, &at).await;
        let list = checklist(&app, &admin, &at).await;
        assert_eq!((&list["progress"]["missing"], &list["blocks_ready"], &list["blocks_live"]), (&json!(0), &json!([]), &json!([])));
        // One point less, and it is not ready.
        change(&app, &admin, &at, "knowledge", json!({"state": "waiting"})).await.expect(200);
        go("ready").await.expect_fault(422, "checklist.knowledge");
        change(&app, &admin, &at, "knowledge", json!({"state": "done"})).await.expect(200);
        assert_eq!(go("ready").await.expect(200)["state"], "ready");
        help_says(&app, "Bürgertelefon", false).await;
        go("suspended").await.expect(409);
        assert_eq!(go("draft").await.expect(200)["state"], "draft");
        go("ready").await.expect(200);
        assert_eq!(go("live").await.expect(200)["state"], "live");
        help_says(&app, "Bürgertelefon", true).await;
        let since = checklist(&app, &admin, &at).await["live_since"].clone();
        assert!(since.is_string());
        for no in ["draft", "ready"] {
            let problem = go(no).await.expect(409);
            assert!(problem["detail"].as_str().unwrap().ends_with("become suspended"), "{problem}");
        }
        go("suspended").await.expect_fault(422, "reason");
        app.patch(&admin, &at, json!({"state": "suspended", "reason": " "})).await.expect_fault(422, "reason");
        app.patch(&admin, &at, json!({"state": "suspended", "reason": "Fachverfahren wird umgestellt"})).await.expect(200);
        let list = checklist(&app, &admin, &at).await;
        assert_eq!((&list["suspended_reason"], &list["next_states"]), (&json!("Fachverfahren wird umgestellt"), &json!(["live"])));
        help_says(&app, "Bürgertelefon", false).await;
        for no in ["draft", "ready"] {
            go(no).await.expect(409);
        }
        assert_eq!(go("live").await.expect(200)["state"], "live");
        let list = checklist(&app, &admin, &at).await;
        assert!(list["live_since"].as_str() > since.as_str() && list["suspended_reason"].is_null(), "{list}");
        // Who did it stands in the log.
        let id = list["adoption"].as_str().unwrap();
        let log = app.get(&admin, &format!("/api/v1/audit?object=adoption&object_id={id}&limit=200")).await.expect(200);
        let seen: BTreeSet<&str> = log["items"].as_array().unwrap().iter().map(|e| e["action"].as_str().unwrap()).collect();
        assert_eq!(seen, BTreeSet::from(["adoption.created", "adoption.changed", "adoption.checklist_changed", "adoption.matrix_changed"]));
    }

    /// What the public relies on is asked for again when it goes live, also after a time out of use.
    async fn going_live_asks_for_what_the_public_relies_on(app: TestApp) {
        let mut app = app;
        let admin = app.token(Role::Admin, "").await;
        let at = draft(&app, &admin).await;
        fulfil(&app, &admin, &at).await;
        app.patch(&admin, &at, json!({"state": "ready"})).await.expect(200);
        let live = async || app.patch(&admin, &at, json!({"state": "live"})).await;
        agree(&app, &admin, json!({"since": "2020-01-01", "until": "2020-12-31"})).await;
        let problem = live().await.expect_fault(422, "checklist.cooperation_agreement");
        assert!(problem.to_string().contains("ended on 31 Dec 2020") && problem.to_string().contains("Ask the Land"), "{problem}");
        let gaps = app.get(&admin, "/api/v1/gaps?kind=no_agreement").await.expect(200);
        assert_eq!(gaps["items"][0]["service"], "kita-anmeldung", "an agreement that has ended is a gap: {gaps}");
        agree(&app, &admin, json!({"since": "2099-01-01"})).await;
        live().await.expect_fault(422, "checklist.cooperation_agreement");
        app.send(&admin, "DELETE", "/api/v1/lands/HH/agreements/SH", None, &[]).await.expect(204);
        live().await.expect_fault(422, "checklist.cooperation_agreement");
        agree(&app, &admin, json!({})).await;
        app.patch(&admin, &at, json!({"channels": []})).await.expect(200);
        live().await.expect_fault(422, "checklist.first_level");
        app.patch(&admin, &at, json!({"channels": shown(), "central": []})).await.expect(200);
        live().await.expect_fault(422, "checklist.central_contact");
        // What comes with the move itself counts.
        app.patch(&admin, &at, json!({"state": "live", "central": ["kiel-zentral"]})).await.expect(200);
        app.patch(&admin, &at, json!({"state": "suspended", "reason": "Pause"})).await.expect(200);
        app.patch(&admin, &at, json!({"channels": []})).await.expect(200);
        live().await.expect_fault(422, "checklist.first_level");
        assert_eq!(app.get(&admin, &at).await.expect(200)["state"], "suspended");
    }

    /// Each point that the directory shows: missing without the data whatever hands say, fulfilled with it.
    async fn the_directory_decides_where_it_knows(app: TestApp) {
        let mut app = app;
        let admin = app.token(Role::Admin, "").await;
        let at = draft(&app, &admin).await;
        let verdict = async |item: &str| point(&app, &admin, &at, item).await["verdict"].as_str().unwrap().to_owned();
        for item in AUTOMATIC {
            assert_eq!(verdict(item).await, "missing", "{item}");
            let refused = change(&app, &admin, &at, item, json!({"state": "done"})).await.expect_fault(422, "state");
            assert!(refused.to_string().contains("reads this point from the directory"), "{refused}");
            change(&app, &admin, &at, item, json!({"state": "waiting", "note": "angefragt"})).await.expect(200);
            assert_eq!(verdict(item).await, "waiting", "{item}");
            change(&app, &admin, &at, item, json!({"state": "open"})).await.expect(200);
        }
        let contacts = [("central", "central_contact"), ("project_lead", "project_lead"), ("technical", "technical_contact"),
            ("functional", "functional_contact"), ("emergency", "emergency_contacts"), ("specialist_procedure", "specialist_procedure"),
            ("data_protection", "data_protection"), ("data_processor", "data_processor")];
        for (duty, item) in contacts {
            app.patch(&admin, &at, json!({duty: ["bereitschaft"]})).await.expect(200);
            assert_eq!(verdict(item).await, "fulfilled", "{item}");
            app.patch(&admin, &at, json!({duty: [{"contact": "bereitschaft", "until": "2020-01-01"}]})).await.expect(200);
            assert_eq!(verdict(item).await, "missing", "{item}: a duty that is over");
            app.patch(&admin, &at, json!({duty: []})).await.expect(200);
        }
        // One mailbox for two duties needs a name at each role of the project.
        app.patch(&admin, &at, json!({"project_lead": ["bereitschaft"], "functional": ["bereitschaft"]})).await.expect(200);
        assert_eq!((verdict("project_lead").await, verdict("functional_contact").await), ("missing".into(), "missing".into()));
        let named = |person: &str| json!([{"contact": "bereitschaft", "person": person}]);
        app.patch(&admin, &at, json!({"project_lead": named("A"), "functional": named("B")})).await.expect(200);
        assert_eq!((verdict("project_lead").await, verdict("functional_contact").await), ("fulfilled".into(), "fulfilled".into()));
        // The service's technical contact and emergency count here too.
        let level = json!({"second_level": [{"kind": "technical", "contacts": ["technik"]}], "emergency": ["bereitschaft"]});
        app.patch(&admin, "/api/v1/services/kita-anmeldung", level).await.expect(200);
        assert_eq!((verdict("technical_contact").await, verdict("emergency_contacts").await), ("fulfilled".into(), "fulfilled".into()));
        // 115 helps only where it answers.
        let number = json!([{"kind": "115", "label": "115", "hours": "24/7"}]);
        app.patch(&admin, &at, json!({"channels": number})).await.expect(200);
        app.patch(&admin, "/api/v1/municipalities/010030000000", json!({"in_115": false})).await.expect(200);
        assert_eq!(verdict("first_level").await, "missing");
        app.patch(&admin, "/api/v1/municipalities/010030000000", json!({"in_115": true})).await.expect(200);
        assert_eq!(verdict("first_level").await, "fulfilled");
        agree(&app, &admin, json!({"since": "2025-03-14"})).await;
        let agreed = point(&app, &admin, &at, "cooperation_agreement").await;
        assert_eq!(agreed["evidence"]["de"], "Kooperationsvereinbarung Schleswig-Holstein und Hamburg, seit 14.03.2025");
        settle(&app, &admin, &at).await;
        assert_eq!(verdict("division_of_tasks").await, "fulfilled");
        app.patch(&admin, &format!("{at}/checklist"), json!({"steering": {"member": "MIKWS"}})).await.expect(200);
        assert_eq!(verdict("steering_committee").await, "missing");
        app.patch(&admin, &format!("{at}/checklist"), json!({"steering": {"delegate": "K. Voss"}})).await.expect(200);
        assert_eq!(verdict("steering_committee").await, "fulfilled");
    }

    /// What people enter: bounds, days, reasons, and that nobody overwrites another.
    async fn points_by_hand(app: TestApp) {
        let mut app = app;
        let admin = app.token(Role::Admin, "").await;
        let at = draft(&app, &admin).await;
        let path = format!("{at}/checklist/case_file");
        app.send(&admin, "PATCH", &path, Some("{\"state\": \"open\"}".into()), &[]).await.expect_fault(422, "version");
        app.send(&admin, "PATCH", &path, Some("{\"state\": \"open\", \"version\": 3}".into()), &[]).await.expect(409);
        let first = app.send(&admin, "PATCH", &path, Some("{\"state\": \"waiting\"}".into()), &[("If-Match", "\"0\"")]).await;
        assert_eq!(first.header("etag"), Some("\"1\""));
        first.expect(200);
        app.send(&admin, "PATCH", &path, Some("{\"state\": \"open\"}".into()), &[("If-Match", "\"0\"")]).await.expect(409);
        app.send(&admin, "PATCH", &format!("{at}/checklist/gibt-es-nicht"), Some("{\"version\": 0}".into()), &[]).await.expect(404);
        // Optional ones fall away with a reason, required ones do not.
        change(&app, &admin, &at, "case_file", json!({"state": "not_needed"})).await.expect_fault(422, "note");
        let done = change(&app, &admin, &at, "case_file", json!({"state": "not_needed", "note": "Entscheid"})).await.expect(200);
        assert_eq!((&done["verdict"], &done["evidence"]["de"]), (&json!("not_needed"), &json!("Entscheid")));
        change(&app, &admin, &at, "knowledge", json!({"state": "not_needed", "note": "x"})).await.expect_fault(422, "state");
        change(&app, &admin, &at, "knowledge", json!({"note": "x".repeat(2001)})).await.expect_fault(422, "note");
        change(&app, &admin, &at, "knowledge", json!({"owner": "x".repeat(201)})).await.expect_fault(422, "owner");
        change(&app, &admin, &at, "knowledge", json!({"state": "done", "done_on": "2099-01-01"})).await.expect_fault(422, "done_on");
        let done = change(&app, &admin, &at, "knowledge", json!({"state": "done", "owner": " M. Petersen ", "due_on": "2020-01-01"})).await.expect(200);
        assert_eq!(done["done_on"].as_str().unwrap().len(), 10, "today when nothing is said");
        assert_eq!((&done["owner"], &done["is_overdue"], &done["changed_by"]["name"]), (&json!("M. Petersen"), &json!(false), &json!("admin")));
        let open = change(&app, &admin, &at, "knowledge", json!({"state": "open", "owner": null})).await.expect(200);
        assert_eq!((&open["done_on"], &open["owner"], &open["is_overdue"]), (&json!(null), &json!(null), &json!(true)));
        // The project is guarded in the same way.
        let project = format!("{at}/checklist");
        app.send(&admin, "PATCH", &project, Some("{\"planned_start\": \"2027-01-11\"}".into()), &[]).await.expect_fault(422, "version");
        app.patch(&admin, &project, json!({"planned_start": "2027-01-11"})).await.expect(200);
        app.send(&admin, "PATCH", &project, Some("{\"planned_start\": null}".into()), &[("If-Match", "\"0\"")]).await.expect(409);
        let reader = app.token(Role::Auditor, "").await;
        app.get(&reader, &project).await.expect(200);
        app.send(&reader, "PATCH", &path, Some("{\"version\": 2}".into()), &[]).await.expect(403);
    }

    /// Who does what: a proposal first, then what the municipality settles, as a table too.
    async fn who_does_what(app: TestApp) {
        let mut app = app;
        let admin = app.token(Role::Admin, "").await;
        let at = format!("{}/matrix", draft(&app, &admin).await);
        let proposal = app.get(&admin, &at).await.expect(200);
        assert_eq!((&proposal["is_settled"], &proposal["version"]), (&json!(false), &json!(0)));
        let table = app.send(&admin, "GET", &format!("{at}?format=csv"), None, &[]).await;
        let name = table.header("content-disposition").unwrap();
        assert!(name.contains("\"aufgabenteilung-vorschlag-luebeck") && name.ends_with("-kita-anmeldung.csv\""), "{name}");
        let put = async |body: Value| app.send(&admin, "PUT", &at, Some(body.to_string()), &[]).await;
        let mut tasks = proposal["tasks"].as_array().unwrap().clone();
        tasks.push(json!({"task": "=Schulung", "it_provider": "responsible", "land": "contributes"}));
        tasks[0]["land"] = json!("responsible");
        put(json!({"version": 0, "tasks": tasks})).await.expect_fault(422, "tasks[0]");
        tasks[0]["land"] = json!("none");
        tasks[0]["specialist_department"] = json!("none");
        put(json!({"version": 0, "tasks": tasks})).await.expect_fault(422, "tasks[0]");
        tasks[0]["it_department"] = json!("responsible");
        put(json!({"tasks": tasks})).await.expect_fault(422, "version");
        put(json!({"version": 0, "tasks": [{"task": "x", "mond": "responsible"}]})).await.expect(422);
        let settled = put(json!({"version": 0, "tasks": tasks})).await.expect(200);
        assert_eq!((&settled["is_settled"], &settled["version"]), (&json!(true), &json!(1)));
        put(json!({"version": 0, "tasks": tasks})).await.expect(409);
        assert_eq!(app.get(&admin, &at).await.expect(200)["tasks"], settled["tasks"]);
        for headers in [&[("Accept", "text/csv")][..], &[]] {
            let asked = if headers.is_empty() { format!("{at}?format=csv") } else { at.clone() };
            let table = app.send(&admin, "GET", &asked, None, headers).await;
            assert!(table.header("content-type").unwrap().starts_with("text/csv"), "{:?}", table.headers);
            assert!(!table.header("content-disposition").unwrap().contains("vorschlag"), "{:?}", table.headers);
            let lines: Vec<&str> = table.body.lines().collect();
            assert_eq!(lines[0], "Aufgabe,Fachabteilung,IT-Abteilung,IT-Dienstleister,Fachverfahrenshersteller,Land");
            assert_eq!(lines[1], "Anträge bearbeiten,,V,,,");
            assert_eq!(*lines.last().unwrap(), "'=Schulung,,,V,,M");
        }
    }

    /// Agreements with their days; the short form of a Land follows, and is theirs to keep.
    async fn agreements_between_laender(app: TestApp) {
        let mut app = app;
        let admin = app.token(Role::Admin, "").await;
        let at = "/api/v1/lands/SH/agreements";
        let put = async |land: &str, body: Value| app.send(&admin, "PUT", &format!("{at}/{land}"), Some(body.to_string()), &[]).await;
        // The file named HH in the short form.
        let list = app.get(&admin, at).await.expect(200);
        assert_eq!(list["items"], json!([{"land": "HH", "name": "Hamburg", "since": null, "until": null, "reference": null, "note": null, "holds": true, "version": 0}]));
        let made = put("NI", json!({"since": "2025-03-14", "until": "2025-12-31", "reference": " IV 27 "})).await.expect(201);
        assert_eq!((&made["holds"], &made["reference"], &made["version"]), (&json!(false), &json!("IV 27"), &json!(1)));
        assert_eq!(app.get(&admin, "/api/v1/lands/SH").await.expect(200)["cooperates_with"], json!(["HH", "NI"]));
        put("NI", json!({"since": "2025-03-14"})).await.expect_fault(422, "version");
        put("NI", json!({"version": 7})).await.expect(409);
        let changed = put("NI", json!({"version": 1, "since": "2025-03-14"})).await.expect(200);
        assert_eq!((&changed["holds"], &changed["until"]), (&json!(true), &json!(null)));
        put("SH", json!({})).await.expect_fault(422, "land");
        put("XX", json!({})).await.expect(404);
        put("BY", json!({"since": "2025-03-14", "until": "2025-01-01"})).await.expect_fault(422, "until");
        // What the short form drops is gone with its days.
        app.patch(&admin, "/api/v1/lands/SH", json!({"cooperates_with": ["HH"]})).await.expect(200);
        app.patch(&admin, "/api/v1/lands/SH", json!({"cooperates_with": ["HH", "NI"]})).await.expect(200);
        let list = app.get(&admin, at).await.expect(200);
        assert_eq!((&list["items"][1]["land"], &list["items"][1]["since"], &list["items"][1]["version"]), (&json!("NI"), &json!(null), &json!(0)));
        app.send(&admin, "DELETE", &format!("{at}/NI"), None, &[("If-Match", "\"5\"")]).await.expect(409);
        app.send(&admin, "DELETE", &format!("{at}/NI"), None, &[]).await.expect(204);
        app.send(&admin, "DELETE", &format!("{at}/NI"), None, &[]).await.expect(404);
        assert_eq!(app.get(&admin, "/api/v1/lands/SH").await.expect(200)["cooperates_with"], json!(["HH"]));
        // All share it: a region's editor reads it and changes nothing.
        let editor = app.token(Role::DirectoryEditor, "01").await;
        app.get(&editor, at).await.expect(200);
        app.send(&editor, "PUT", &format!("{at}/NI"), Some("{}".into()), &[]).await.expect(403);
        app.send(&editor, "DELETE", &format!("{at}/HH"), None, &[]).await.expect(403);
    }

    /// What a file made live as it stands shows its missing points among the gaps, until they are fulfilled.
    async fn what_was_imported_shows_its_points_as_gaps(app: TestApp) {
        let mut app = app;
        let admin = app.token(Role::Admin, "").await;
        let gaps = async || {
            let list = app.get(&admin, "/api/v1/gaps?kind=checklist&service=wohnsitzanmeldung").await.expect(200);
            list["items"].as_array().unwrap().iter().map(|gap| gap["message"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let before = gaps().await;
        assert!(before.iter().any(|m| m.starts_with("Steuerungskreis: Mitglied und Vertretung: Das Mitglied im Steuerungskreis")), "{before:?}");
        assert!(!before.iter().any(|m| m.contains("Projektleitung")), "another kind tells of it: {before:?}");
        assert!(before.iter().any(|m| m.starts_with("Wissen und Informationen aufgebaut: ")), "{before:?}");
        assert!(!before.iter().any(|m| m.contains("E-Akte")), "optional ones are no gap: {before:?}");
        let found = app.get(&admin, "/api/v1/adoptions?service=wohnsitzanmeldung").await.expect(200);
        let at = format!("/api/v1/adoptions/{}", found["items"][0]["id"].as_str().unwrap());
        let seat = json!({"steering": {"member": "MIKWS", "delegate": "K. Voss"}});
        app.patch(&admin, &format!("{at}/checklist"), seat).await.expect(200);
        change(&app, &admin, &at, "knowledge", json!({"state": "done"})).await.expect(200);
        let after = gaps().await;
        assert_eq!(after.len(), before.len() - 2, "{after:?}");
        assert!(!after.iter().any(|m| m.contains("Steuerungskreis") || m.contains("Wissen")), "{after:?}");
        let draft = draft(&app, &admin).await;
        let all = app.get(&admin, "/api/v1/gaps?kind=checklist&service=kita-anmeldung").await.expect(200);
        assert_eq!(all["items"], json!([]), "a draft has none: {draft}");
    }
}
