//! Files in and files out: exports for editorial systems, tables of contacts and help channels, mergers.
//!
//! Invariant: each test looks at the database through the API, and so at what others would see. Not here: how a file
//! is read, which `src/directory/import/table.rs` tries.

use std::io::Write;
use std::time::Duration;

use lotse::access::{Actor, Grant, Role, Scope};
use lotse::directory::export::{HelpQuery, page, transfer_state};
use lotse::directory::import::{Importer, MOST_BYTES, Register, TableFile, apply_municipalities, plan_municipalities};
use lotse::directory::{HelpLanguage, PageRequest};
use lotse::keys::Ars;
use lotse::tickets::relocation;
use serde_json::{Value, json};

use crate::on_both;
use crate::support::app::{MUNICIPALITIES, Reply, TestApp, a_ticket};
use crate::support::wait::wait_for;

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// A spreadsheet with these cells as text.
fn spreadsheet(rows: &[&[&str]]) -> Vec<u8> {
    let cell = |row: usize, column: usize, text: &str| {
        let letter = char::from(b'A' + u8::try_from(column).unwrap());
        let text = text.replace('&', "&amp;").replace('<', "&lt;");
        format!("<c r=\"{letter}{row}\" t=\"inlineStr\"><is><t>{text}</t></is></c>")
    };
    let mut data = String::new();
    for (row, cells) in rows.iter().enumerate() {
        let cells: String = cells.iter().enumerate().map(|(column, text)| cell(row + 1, column, text)).collect();
        data.push_str(&format!("<row r=\"{}\">{cells}</row>", row + 1));
    }
    sheet(&data)
}

fn sheet(data: &str) -> Vec<u8> {
    sheet_with("", data)
}

/// The same with something before its first element.
fn sheet_with(before: &str, data: &str) -> Vec<u8> {
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let parts = [
        (
            "[Content_Types].xml",
            "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"/>".to_owned(),
        ),
        (
            "_rels/.rels",
            "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>".to_owned(),
        ),
        (
            "xl/workbook.xml",
            format!("<workbook xmlns=\"{main}\" xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\"><sheets><sheet name=\"Kontakte\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>"),
        ),
        (
            "xl/_rels/workbook.xml.rels",
            "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet\" Target=\"worksheets/sheet1.xml\"/></Relationships>".to_owned(),
        ),
        ("xl/worksheets/sheet1.xml", format!("{before}<worksheet xmlns=\"{main}\"><sheetData>{data}</sheetData></worksheet>")),
    ];
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, text) in parts {
        archive.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(text.as_bytes()).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

async fn upload(app: &TestApp, token: &str, path: &str, media: &str, bytes: Vec<u8>) -> Reply {
    let request = crate::support::app::client().post(format!("{}/api/v1/imports/{path}", app.base));
    let request = request.header("Authorization", format!("Bearer {token}")).header("Content-Type", media).body(bytes);
    let answer = request.send().await.unwrap();
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    Reply { status, headers, body: answer.text().await.unwrap() }
}

async fn table(app: &TestApp, token: &str, path: &str, text: &str) -> Reply {
    upload(app, token, path, "text/csv", text.as_bytes().to_vec()).await
}

async fn adoption(app: &TestApp, token: &str) -> Value {
    app.get(token, "/api/v1/adoptions?ars=010020000000").await.expect(200)["items"][0].clone()
}

fn exported(answer: &Value) -> Vec<String> {
    let items = answer["items"].as_array().unwrap().iter();
    items.map(|item| item["municipality"]["ars"].as_str().unwrap().to_owned()).collect()
}

/// A list in the form of the official one, with Kiel gone into a municipality of a new name.
fn new_list() -> String {
    let kept: Vec<&str> = MUNICIPALITIES.lines().filter(|line| !line.starts_with("010020000000")).collect();
    format!(
        "{}\n010020000001,01002001,\"Neu-Kiel\",Schleswig-Holstein,\"Neu-Kiel\",\"Neu-Kiel\",61,24103\n",
        kept.join("\n")
    )
}

fn register(list: String, changes: &str) -> Register {
    let bytes = changes.as_bytes().to_vec();
    let file = TableFile { name: "aenderungen.csv".into(), bytes, sheet: None };
    Register { list: Some(("neu.csv".into(), list)), changes: Some(file) }
}

const KIEL_GOES: &str = "old_ars;new_ars;valid_on\n010020000000;010020000001;01.01.2026\n";

async fn apply(app: &TestApp, register: &Register) {
    let db = &app.app.db;
    apply_municipalities(db, &Importer::console(), register, None, app.clock.now(), &mut |_, _| ()).await.unwrap();
}

on_both! {
    /// What is published goes out in three forms; what was transferred waits no more until it shows something else.
    async fn published_help_is_exported_and_transfers_are_kept(app: TestApp) {
        let mut app = app;
        let editor = app.token(Role::DirectoryEditor, "").await;
        let kiel = adoption(&app, &editor).await;
        let path = format!("/api/v1/adoptions/{}/transfers", kiel["id"].as_str().unwrap());
        let pending = "/api/v1/exports/help?pending_transfer=true";
        let found = app.get(&editor, pending).await.expect(200);
        assert_eq!(exported(&found), ["010020000000"]);
        let seen = json!({"seen": found["items"][0]["digest"]});
        app.post(&editor, &path, json!({"on": "2999-01-01"})).await.expect_fault(422, "on");
        let made = app.post(&editor, &path, json!({"target": "Infodienste SH"})).await.expect(201);
        assert_eq!(made["target"], "Infodienste SH");
        assert!(exported(&app.get(&editor, pending).await.expect(200)).is_empty());
        let listed = app.get(&editor, "/api/v1/adoptions?pending_transfer=true").await.expect(200);
        assert_eq!(listed["items"].as_array().unwrap().len(), 0);
        let id = kiel["id"].as_str().unwrap().parse().unwrap();
        let state = app.app.db.read(move |conn| transfer_state(conn, &[id])).await.unwrap()[&id];
        assert!(state.is_current && state.last.is_some());

        // Who answers is not published; what the public sees is.
        let central = json!({"central": ["kiel-meldewesen"]});
        app.patch(&editor, &format!("/api/v1/adoptions/{id}"), central).await.expect(200);
        assert!(exported(&app.get(&editor, pending).await.expect(200)).is_empty());
        let channel = json!({"service": "wohnsitzanmeldung", "ars": "010020000000", "kind": "web", "label": "=Formular & <Hilfe>",
            "url": "https://kiel.example.org/?a=1&b=2"});
        app.post(&editor, "/api/v1/channels", channel).await.expect(201);
        // What was entered over there before that is not what is shown now.
        let refused = app.post(&editor, &path, seen).await.expect(409);
        assert!(refused["detail"].as_str().unwrap().contains("changed since it was read"), "{refused}");
        let found = app.get(&editor, pending).await.expect(200);
        let seen = json!({"seen": found["items"][0]["digest"], "on": "2020-01-01"});
        app.post(&editor, &path, seen).await.expect(201);
        assert_eq!(exported(&app.get(&editor, pending).await.expect(200)), ["010020000000"]);
        let listed = app.get(&editor, "/api/v1/adoptions?pending_transfer=true").await.expect(200);
        assert_eq!(listed["items"].as_array().unwrap().len(), 1);
        app.post(&editor, &path, json!({"on": "2020-01-01", "note": "lang her"})).await.expect(201);
        assert_eq!(exported(&app.get(&editor, pending).await.expect(200)).len(), 1, "that day cannot have had this");
        assert_eq!(app.get(&editor, &path).await.expect(200)["items"].as_array().unwrap().len(), 3);

        let csv = app.get(&editor, "/api/v1/exports/help?format=csv").await;
        assert_eq!((csv.status, csv.header("content-type")), (200, Some("text/csv; charset=utf-8")));
        assert!(csv.body.contains(",'=Formular & <Hilfe>,"), "{}", csv.body);
        let xml = app.get(&editor, "/api/v1/exports/help?format=xzufi").await.body;
        for part in [
            "xmlns:xzufi=\"http://xoev.de/schemata/xzufi/2_2_0\"",
            "<xzufi:leistungID schemeID=\"urn:de:fim:leika:leistung\">99115005060000</xzufi:leistungID>",
            ">010020000000</xzufi:gebietID>",
            "<code>02</code>",
            "<code>09</code>",
            "=Formular &amp; &lt;Hilfe&gt;",
            "https://kiel.example.org/?a=1&amp;b=2",
            "Experimentell",
        ] {
            assert!(xml.contains(part), "{part} is missing in {xml}");
        }
        // The objects as those who read the PVOG's files expect them: which elements, in which order.
        let mut reader = quick_xml::Reader::from_str(&xml);
        let (mut open, mut order): (Vec<String>, Vec<String>) = Default::default();
        loop {
            match reader.read_event().unwrap() {
                quick_xml::events::Event::Start(start) => {
                    open.push(start.name().as_ref().replace("xzufi:", ""));
                    order.push(open[1..].join("/"));
                }
                quick_xml::events::Event::End(_) => drop(open.pop().unwrap()),
                quick_xml::events::Event::Eof => break,
                _ => {}
            }
        }
        assert!(open.is_empty());
        order.dedup();
        let expected: [(&str, &[&str]); 5] = [
            ("nachrichtenkopf", &["nachrichtUUID", "erstelltDatumZeit", "empfaenger", "sender"]),
            ("schreibe/organisationseinheit", &["id", "name", "erreichbarkeit", "infoOeffnungszeitenText"]),
            ("schreibe/organisationseinheit/erreichbarkeit", &["kanal", "kennung", "zusatz"]),
            ("schreibe/zustaendigkeitTransferObjekt", &["uebergeordnetesObjektID", "zustaendigkeit"]),
            ("schreibe/zustaendigkeitTransferObjekt/zustaendigkeit", &["id", "leistungID", "gebietID"]),
        ];
        for (parent, children) in expected {
            let of = |path: &String| {
                let rest = path.strip_prefix(parent)?.strip_prefix('/')?;
                (!rest.contains('/')).then(|| rest.to_owned())
            };
            let mut found: Vec<String> = order.iter().filter_map(of).collect();
            found.dedup();
            assert_eq!(found.chunks(children.len()).next().unwrap(), children, "{parent}: {found:?}");
        }

        // A service without a key is told, not dropped.
        app.patch(&editor, "/api/v1/services/wohnsitzanmeldung", json!({"leistung": null})).await.expect(200);
        let xml = app.get(&editor, "/api/v1/exports/help?format=xzufi").await.body;
        assert!(xml.contains("Ausgelassen") && xml.contains("no Leistungsschlüssel") && !xml.contains("<xzufi:schreibe>"), "{xml}");
        let listed = app.get(&editor, "/api/v1/exports/help").await.expect(200);
        assert!(listed["items"][0]["not_in_xzufi"].as_str().unwrap().contains("Leistungsschlüssel"));
    }

    /// What changed after a time, where somebody may see it.
    async fn an_export_is_narrowed(app: TestApp) {
        let mut app = app;
        let (editor, luebeck) = (app.token(Role::DirectoryEditor, "").await, app.token(Role::DirectoryEditor, "01003").await);
        assert!(exported(&app.get(&luebeck, "/api/v1/exports/help").await.expect(200)).is_empty());
        assert_eq!(exported(&app.get(&editor, "/api/v1/exports/help?since=2020-01-01").await.expect(200)).len(), 1);
        assert!(exported(&app.get(&editor, "/api/v1/exports/help?since=2999-01-01").await.expect(200)).is_empty());
        assert!(exported(&app.get(&editor, "/api/v1/exports/help?ars=02").await.expect(200)).is_empty());
        app.get(&editor, "/api/v1/exports/help?since=gestern").await.expect_fault(422, "since");
        app.get(&editor, "/api/v1/exports/help?format=csv&limit=1").await.expect_fault(422, "limit");
        let kiel = adoption(&app, &editor).await["id"].as_str().unwrap().to_owned();
        app.post(&luebeck, &format!("/api/v1/adoptions/{kiel}/transfers"), json!({})).await.expect(404);
        // Many come in pages, each once.
        for ars in ["010030000000", "020000000000"] {
            let new = format!("[[adoption]]\nservice = \"wohnsitzanmeldung\"\nars = \"{ars}\"\nstate = \"live\"\n");
            crate::support::app::import(app.app.escalations.desk(), &new).await;
        }
        let mut request = PageRequest { limit: Some(2), cursor: None };
        let mut seen = Vec::new();
        loop {
            let query = HelpQuery { reach: lotse::access::Reach::everything(), ..HelpQuery::default() };
            let found = page(&app.app.db, query, request.clone()).await.unwrap();
            seen.extend(found.items.into_iter().map(|item| item.municipality.ars.to_string()));
            request.cursor = found.next_cursor;
            if request.cursor.is_none() { break }
        }
        assert_eq!(seen, ["010020000000", "010030000000", "020000000000"]);
    }

    /// A table is looked at first, then taken as it was seen; CSV and XLSX say the same.
    async fn contacts_come_from_tables(app: TestApp) {
        let mut app = app;
        let editor = app.token(Role::DirectoryEditor, "").await;
        let rows: &[&[&str]] = &[
            &["Kennung", "Bezeichnung", "E-Mail", "Telefon", "Vertretung", "Bestätigt am", "Region"],
            &["kiel-zentral", "", "neu@kiel.example.org", "", "kiel-neu", "", ""],
            &["kiel-neu", "Kiel, Neues", "neues@kiel.example.org", "'+49 431 1", "kiel-zwei", "24.11.2025", "01002"],
            &["kiel-zwei", "Kiel & Zwei", "", "", "kiel-neu", "", ""],
            &["kiel-meldewesen", "Kiel, Meldewesen", "", "", "", "", ""],
        ];
        let xlsx = upload(&app, &editor, "contacts?preview=true", XLSX, spreadsheet(rows)).await.expect(200);
        let text: String = rows.iter().map(|cells| format!("{}\n", cells.join(";"))).collect();
        let plan = table(&app, &editor, "contacts?preview=true", &text).await.expect(200);
        assert_eq!(xlsx, plan, "both say the same");
        assert_eq!((&plan["new"], &plan["changed"], &plan["unchanged"], &plan["faulty"]), (&json!(2), &json!(1), &json!(1), &json!(0)));
        assert_eq!(plan["rows"][0]["changes"][1]["before"], "zentral@kiel.example.org", "{plan}");
        app.get(&editor, "/api/v1/contacts/kiel-neu").await.expect(404);

        let seen = plan["fingerprint"].as_str().unwrap().to_owned();
        app.patch(&editor, "/api/v1/contacts/kiel-zentral", json!({"phone": "115"})).await.expect(200);
        let stale = table(&app, &editor, &format!("contacts?preview=false&fingerprint={seen}"), &text).await;
        assert!(stale.expect(409)["detail"].as_str().unwrap().contains("look at the preview again"));
        app.get(&editor, "/api/v1/contacts/kiel-neu").await.expect(404);
        let done = table(&app, &editor, "contacts?preview=false", &text).await.expect(200);
        assert_eq!(done["applied"], true);
        let new = app.get(&editor, "/api/v1/contacts/kiel-neu").await.expect(200);
        assert_eq!((&new["phone"], &new["deputy"], &new["confirmed_on"]), (&json!("+49 431 1"), &json!("kiel-zwei"), &json!("2025-11-24")));
        let changed = app.get(&editor, "/api/v1/contacts/kiel-zentral").await.expect(200);
        assert_eq!((&changed["email"], &changed["phone"], &changed["deputy"]), (&json!("neu@kiel.example.org"), &json!("115"), &json!("kiel-neu")));
        let history = app.get(&editor, "/api/v1/contacts/kiel-neu/history").await.expect(200);
        assert!(history["items"].as_array().unwrap().iter().any(|entry| entry["action"] == "contact.created"), "{history}");
        let again = table(&app, &editor, "contacts?preview=true", &text).await.expect(200);
        assert_eq!((&again["unchanged"], &again["new"], &again["changed"]), (&json!(4), &json!(0), &json!(0)), "{again}");
        let empty = table(&app, &editor, "contacts?preview=false", "id,phone\nkiel-zentral,-\n").await.expect(200);
        assert_eq!(empty["changed"], 1);
        assert_eq!(app.get(&editor, "/api/v1/contacts/kiel-zentral").await.expect(200)["phone"], Value::Null);

        // What a table made, all at once, is what is made one by one.
        let by_hand = json!({"id": "kiel-drei", "name": "Kiel, Drei", "email": "Drei@Kiel.example.org", "owner": "01002",
            "deputy": "kiel-neu", "absent_from": "2026-12-01", "absent_until": "2026-12-05"});
        app.post(&editor, "/api/v1/contacts", by_hand).await.expect(201);
        let row = "id,name,email,owner,deputy,absent_from,absent_until\n\
            kiel-vier,\"Kiel, Drei\",Drei@Kiel.example.org,01002,kiel-neu,2026-12-01,2026-12-05\n";
        table(&app, &editor, "contacts?preview=false", row).await.expect(200);
        let cut = |text: &str| text.split("\"updated_at\":\"").map(|part| part.split_once('"').map_or(part, |(_, rest)| rest)).collect::<String>();
        // First as new ones, then changed.
        for count in [1, 2] {
            let mut both = Vec::new();
            for slug in ["kiel-drei", "kiel-vier"] {
                let shown = app.get(&editor, &format!("/api/v1/contacts/{slug}")).await.expect(200);
                let versions = app.get(&editor, &format!("/api/v1/contacts/{slug}/versions")).await.expect(200);
                let history = app.get(&editor, &format!("/api/v1/contacts/{slug}/history")).await.expect(200);
                let changes = &history["items"][0];
                assert_eq!((versions["items"].as_array().unwrap().len(), &shown["version"]), (count, &json!(count)), "{versions}");
                both.push(json!([shown, versions["items"][0]["state"], changes["action"], changes["before"], changes["after"]]).to_string().replace(slug, ""));
            }
            assert_eq!(cut(&both[0]), cut(&both[1]));
            if count == 1 {
                let change = json!({"phone": "+49 431 7", "email": "anders@kiel.example.org", "confirmed_on": "2025-11-24"});
                app.patch(&editor, "/api/v1/contacts/kiel-drei", change).await.expect(200);
                let row = "id,phone,email,confirmed_on\nkiel-vier,+49 431 7,anders@kiel.example.org,2025-11-24\n";
                table(&app, &editor, "contacts?preview=false", row).await.expect(200);
            }
        }
        let found = app.get(&editor, "/api/v1/contacts?q=drei").await.expect(200);
        assert_eq!(found["items"].as_array().unwrap().len(), 2, "{found}");
        // What depends on another row is judged before anything stays.
        let away = "id,name,deputy,absent_from,absent_until\na-weg,A,b-weg,2026-12-01,2026-12-05\nb-weg,B,,2026-11-01,2026-12-31\n";
        let refused = table(&app, &editor, "contacts?preview=false", away).await;
        let refused = refused.expect(422)["errors"].to_string();
        assert!(refused.contains("row 2: deputy") && refused.contains("b-weg is away"), "{refused}");
        app.get(&editor, "/api/v1/contacts/b-weg").await.expect(404);
    }

    /// Every fault stands at its row and column, and one is enough for nothing to be taken.
    async fn a_faulty_table_changes_nothing(app: TestApp) {
        let mut app = app;
        let (editor, kiel) = (app.token(Role::DirectoryEditor, "").await, app.token(Role::ProjectLead, "01002").await);
        let text = "id,name,email,confirmed_on,deputy,owner,discloses_reporter\n\
            gut,Gut,gut@example.org,,,,\n\
            Groß,Groß,,,niemand,99999,\n\
            ohne-namen,,x,31.02.2026,niemand,1,vielleicht\n\
            gut,Noch einmal,,,gut,,\n";
        let plan = table(&app, &editor, "contacts?preview=true", text).await.expect(200);
        let faults: Vec<(u64, &str)> = plan["rows"].as_array().unwrap().iter()
            .flat_map(|row| row["faults"].as_array().into_iter().flatten().map(move |fault| (row["row"].as_u64().unwrap(), fault["column"].as_str().unwrap())))
            .collect();
        for expected in [(3, "id"), (3, "deputy"), (3, "owner"), (4, "name"), (4, "email"), (4, "confirmed_on"), (4, "deputy"), (4, "owner"),
            (4, "discloses_reporter"), (5, "id"), (5, "deputy")] {
            assert!(faults.contains(&expected), "{expected:?} is missing in {faults:?}");
        }
        assert!(plan.to_string().contains("stands in row 2 already"), "{plan}");
        assert!(plan.to_string().contains("there is no municipality in the region 99999"), "{plan}");
        let refused = table(&app, &editor, "contacts?preview=false", text).await;
        refused.expect_fault(422, "file: row 4: email");
        app.get(&editor, "/api/v1/contacts/gut").await.expect(404);

        // A region's lead has the rights row by row that the API gives one by one.
        let theirs = "id,name,owner\nkiel-eigen,Eigen,01002\nfremd,Fremd,01003\nkiel-zentral,Anders,\nallen,Allen,\n";
        let plan = table(&app, &kiel, "contacts?preview=true", theirs).await.expect(200);
        let actions: Vec<&str> = plan["rows"].as_array().unwrap().iter().map(|row| row["action"].as_str().unwrap()).collect();
        assert_eq!(actions, ["new", "fault", "fault", "fault"], "{plan}");
        table(&app, &kiel, "contacts?preview=false", "id,name,owner\nkiel-eigen,Eigen,01002\n").await.expect(200);
        let agent = app.agent().await;
        table(&app, &agent, "contacts?preview=true", theirs).await.expect(403);

        // Bounds.
        assert_eq!(upload(&app, &editor, "contacts?preview=true", "application/json", b"{}".to_vec()).await.status, 415);
        assert_eq!(upload(&app, &editor, "contacts?preview=true", "text/csv", vec![b'a'; MOST_BYTES + 1]).await.status, 413);
        let bomb = sheet(&"<row/>".repeat(14_000_000));
        assert!(bomb.len() < 1024 * 1024);
        let bomb = upload(&app, &editor, "contacts?preview=true", XLSX, bomb).await.expect_fault(422, "file");
        assert!(bomb.to_string().contains("unfolds to more than 64 MiB"), "{bomb}");
        // An entity that stands for a billion letters, and one that stands for a file, stand for nothing.
        let cell = |text: &str| format!("<row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><is><t>id</t></is></c></row><row r=\"2\"><c r=\"A2\" t=\"inlineStr\"><is><t>{text}</t></is></c></row>");
        let ten = |name: &str, of: &str| format!("<!ENTITY {name} \"{}\">", format!("&{of};").repeat(10));
        let laughs: String = ["a", "b", "c", "d", "e", "f", "g", "h", "i"].windows(2).map(|pair| ten(pair[1], pair[0])).collect();
        for (declared, named) in [
            (format!("<!ENTITY a \"haha\">{laughs}"), "&i;"),
            ("<!ENTITY x SYSTEM \"file:///etc/hostname\">".to_owned(), "&x;"),
        ] {
            let bomb = sheet_with(&format!("<!DOCTYPE worksheet [{declared}]>"), &cell(named));
            let plan = upload(&app, &editor, "contacts?preview=true", XLSX, bomb).await;
            assert!(plan.status == 422 || plan.json()["rows"][0]["action"] == "fault", "{} {}", plan.status, plan.body);
            let host = std::fs::read_to_string("/etc/hostname").unwrap_or_default();
            assert!(plan.body.len() < 4096 && !plan.body.contains("haha"), "{}", plan.body);
            assert!(host.trim().is_empty() || !plan.body.contains(host.trim()), "{}", plan.body);
        }
        let far = sheet("<row r=\"1048576\"><c r=\"XFD1048576\" t=\"inlineStr\"><is><t>x</t></is></c></row>");
        let far = upload(&app, &editor, "contacts?preview=true", XLSX, far).await.expect_fault(422, "file: row 1048576");
        assert!(far.to_string().contains("more than 64 columns"), "{far}");
        let other = upload(&app, &editor, "contacts?preview=true&sheet=Nein", XLSX, spreadsheet(&[&["id"], &["x"]])).await;
        other.expect_fault(422, "sheet");
    }

    /// Help channels: made, changed by what they are, conflicting days refused with both named, and only in reach.
    async fn help_channels_come_from_tables(app: TestApp) {
        let mut app = app;
        let (editor, luebeck) = (app.token(Role::DirectoryEditor, "").await, app.token(Role::DirectoryEditor, "01003").await);
        let text = "Dienst;ARS;Art;Bezeichnung;Telefon;Zeiten;Gültig ab;Gültig bis\n\
            wohnsitzanmeldung;010020000000;115;Die 115;;;;\n\
            wohnsitzanmeldung;010020000000;Telefon;Bürgeramt;+49 431 1;Mo-Fr 08:00-16:00;;31.12.2026\n\
            wohnsitzanmeldung;010020000000;Telefon;Bürgeramt;+49 431 1;24/7;01.01.2027;\n";
        let plan = table(&app, &editor, "channels?preview=false", text).await.expect(200);
        assert_eq!((&plan["new"], &plan["changed"]), (&json!(2), &json!(1)), "{plan}");
        let channels = adoption(&app, &editor).await["channels"].clone();
        assert_eq!((channels.as_array().unwrap().len(), &channels[0]["label"]), (3, &json!("Die 115")));
        let again = table(&app, &editor, "channels?preview=true", text).await.expect(200);
        assert_eq!(again["unchanged"], 3, "{again}");

        let clash = "service,ars,kind,label,phone,hours,valid_from,valid_to\n\
            wohnsitzanmeldung,010020000000,phone,A,+49 431 2,24/7,,2026-12-31\n\
            wohnsitzanmeldung,010020000000,phone,B,+49 431 2,24/7,2026-06-01,\n\
            wohnsitzanmeldung,010030000000,phone,C,+49 451 2,24/7,,\n\
            wohnsitzanmeldung,010020000000,phone,D,+49 431 3,immer mal,,\n";
        let plan = table(&app, &editor, "channels?preview=true", clash).await.expect(200).to_string();
        for part in ["rows 2 and 3 show +49 431 2 on the same days", "make the adoption first", "«immer mal» is not understood"] {
            assert!(plan.contains(part), "{part} is missing in {plan}");
        }
        table(&app, &editor, "channels?preview=false", clash).await.expect(422);
        let both = format!("id;kind;phone\n{};phone;+49 431 1\n", channels[0]["id"].as_str().unwrap());
        let plan = table(&app, &editor, "channels?preview=true", &both).await.expect(200).to_string();
        assert!(plan.contains("row 2 (since ever on) and the channel"), "{plan}");

        let foreign = table(&app, &luebeck, "channels?preview=true", text).await.expect(200);
        assert_eq!(foreign["faulty"], 3);
        assert!(foreign.to_string().contains("there is no municipality 010020000000 where you may do this"));
        let id = format!("id;label\n{};Neu\n", channels[0]["id"].as_str().unwrap());
        let foreign = table(&app, &luebeck, "channels?preview=true", &id).await.expect(200).to_string();
        assert!(foreign.contains("there is no such channel") || foreign.contains("may not change adoption here"), "{foreign}");
        table(&app, &luebeck, "channels?preview=false", &id).await.expect(422);
        let template = app.get(&editor, "/api/v1/imports/templates/channels").await.body;
        let plan = table(&app, &editor, "channels?preview=true", &template).await.expect(200);
        assert_eq!(plan["new"].as_u64().unwrap() + plan["changed"].as_u64().unwrap(), 1, "{plan}");
    }

    /// A merger is planned first, moves everything once, and the old key leads on.
    async fn a_merger_moves_everything_once(app: TestApp) {
        let mut app = app;
        let (admin, central) = (app.token(Role::Admin, "").await, app.token(Role::Central, "010020000000").await);
        let contact = json!({"id": "kiel-eigen", "name": "Eigen", "owner": "010020000000"});
        app.post(&admin, "/api/v1/contacts", contact).await.expect(201);
        let scope = Scope::region("010020000000".parse().unwrap());
        let person = app.person("kielerin", vec![Grant { role: Role::Agent, scope, contact: None }]).await;
        let ticket = app.submit().await;
        let before = adoption(&app, &admin).await;
        let here = json!([{"kind": "functional", "ars": "010020000000", "contacts": ["kiel-meldewesen"]}]);
        app.patch(&admin, "/api/v1/services/wohnsitzanmeldung", json!({"second_level": here})).await.expect(200);

        let list = register(new_list(), KIEL_GOES);
        let plan = plan_municipalities(&app.app.db, &list, app.clock.now()).await.unwrap();
        let plan = serde_json::to_value(&plan).unwrap();
        assert_eq!((&plan["added"][0]["ars"], &plan["merged"][0]["old_name"]), (&json!("010020000001"), &json!("Kiel, Landeshauptstadt")));
        assert_eq!(plan["merged"][0]["adoptions_moved"], json!(["wohnsitzanmeldung"]));
        assert_eq!(plan["merged"][0]["contacts"], json!(["kiel-eigen"]));
        assert_eq!(adoption(&app, &admin).await, before, "a plan changes nothing");

        // Cut off after the list, the next run completes it.
        let alone = Register { changes: None, ..list.clone() };
        apply(&app, &alone).await;
        apply(&app, &list).await;
        apply(&app, &list).await;
        relocation::relocate(&app.app.db, &Actor::import(), app.clock.now()).await.unwrap();

        let moved = app.get(&admin, "/api/v1/adoptions?ars=010020000001").await.expect(200)["items"][0].clone();
        assert_eq!((&moved["id"], &moved["central"], moved["channels"].as_array().unwrap().len()), (&before["id"], &before["central"], 1));
        assert_eq!(moved["version"].as_i64().unwrap(), before["version"].as_i64().unwrap() + 1, "moved once");
        assert_eq!(app.get(&admin, "/api/v1/contacts/kiel-eigen").await.expect(200)["owner"], "010020000001");
        let kept = app.get(&admin, "/api/v1/services/wohnsitzanmeldung/versions").await.expect(200);
        let last = &kept["items"][0];
        assert!(last["reason"].as_str().unwrap().contains("aufgegangen"), "{kept}");
        assert_eq!((&last["state"]["second_level"][0]["ars"], &kept["items"][1]["state"]["second_level"][0]["ars"]), (&json!("010020000001"), &json!("010020000000")));
        let user = app.get(&admin, &format!("/api/v1/users/{}", person.user.id)).await.expect(200);
        assert_eq!(user["grants"][0]["region"], "010020000001");
        let old = app.get(&admin, "/api/v1/municipalities/010020000000").await.expect(200);
        assert_eq!(old["ended_on"], "2026-01-01");

        // The token that reached Kiel reaches what it is now, and the history keeps the old place.
        let path = format!("/api/v1/tickets/{}", ticket["id"].as_str().unwrap());
        let seen = app.wait_until(&central, &path, "the new place", |t| t["municipality"]["name"] == "Neu-Kiel").await;
        assert_eq!(seen["municipality"]["ars"], "010020000001");
        let history = app.get(&central, &format!("{path}/history")).await.expect(200);
        let entries = history["items"].as_array().unwrap();
        let told: Vec<&Value> = entries.iter().filter(|entry| entry["kind"] == "relocated").collect();
        assert_eq!(told.len(), 1, "{history}");
        assert_eq!((&told[0]["data"]["from"], &told[0]["data"]["from_name"]), (&json!("010020000000"), &json!("Kiel, Landeshauptstadt")));

        // The old key leads on: for help, and for who hands in by it.
        wait_for("the snapshot", Duration::from_secs(5), || {
            let ars: Ars = "010020000000".parse().unwrap();
            let current = app.app.escalations.desk().directory.current();
            let today = app.clock.now();
            current.help("wohnsitzanmeldung", &ars, HelpLanguage::German, today).is_some_and(|help| help.municipality.ars == "010020000001")
        }).await;
        crate::directory::follows(&app.app.escalations.desk().directory, &app.app.db).await;
        let help = app.get("", "/api/v1/help?service=wohnsitzanmeldung&ars=010020000000").await.expect(200);
        assert_eq!((&help["municipality"]["ars"], &help["channels"][0]["phone"]), (&json!("010020000001"), &json!("115")));
        let agent = app.agent().await;
        let late = app.post(&agent, "/api/v1/tickets", a_ticket()).await.expect(201);
        assert_eq!(late["municipality"]["ars"], "010020000001");
        let mut by_ags = a_ticket();
        by_ags.as_object_mut().unwrap().remove("ars");
        by_ags["ags"] = json!("01002000");
        assert_eq!(app.post(&agent, "/api/v1/tickets", by_ags).await.expect(201)["municipality"]["ars"], "010020000001");
        let plan = plan_municipalities(&app.app.db, &list, app.clock.now()).await.unwrap();
        assert!(plan.merged.is_empty() && plan.added.is_empty() && plan.gone.is_empty(), "{plan:?}");
    }

    /// Many requests follow by portions, each once, whoever moves them; those of a run that was cut off too.
    async fn requests_follow_each_once(app: TestApp) {
        let mut app = app;
        let agent = app.agent().await;
        for _ in 0..120 {
            app.post(&agent, "/api/v1/tickets", a_ticket()).await.expect(201);
        }
        apply(&app, &register(new_list(), KIEL_GOES)).await;
        assert!(relocation::waiting(&app.app.db).await.unwrap() > 0, "the directory alone moves none");
        let (db, actor, now) = (&app.app.db, Actor::import(), app.clock.now());
        // One is dropped after its first portion.
        let mut cut_off = Box::pin(relocation::relocate(db, &actor, now));
        tokio::select! {
            biased;
            _ = &mut cut_off => {}
            () = tokio::task::yield_now() => {}
        }
        drop(cut_off);
        let (one, two) = tokio::join!(relocation::relocate(db, &actor, now), relocation::relocate(db, &actor, now));
        assert!(one.is_ok() && two.is_ok(), "{one:?} {two:?}");
        let admin = app.token(Role::Admin, "").await;
        let listed = app.wait_until(&admin, "/api/v1/tickets?ars=010020000001&limit=200", "all of them", |page| {
            page["items"].as_array().is_some_and(|items| items.len() == 120)
        }).await;
        for ticket in listed["items"].as_array().unwrap() {
            let path = format!("/api/v1/tickets/{}/history", ticket["id"].as_str().unwrap());
            let history = app.get(&admin, &path).await.expect(200);
            let told = history["items"].as_array().unwrap().iter().filter(|entry| entry["kind"] == "relocated").count();
            assert_eq!(told, 1, "{history}");
        }
        let old = json!({"service": "wohnsitzanmeldung", "ars": "010020000000"});
        app.post(&admin, "/api/v1/adoptions", old).await.expect_fault(422, "ars");
    }

    /// Where both use a service, the new one's use stands; where it did once, that begins anew.
    async fn a_merger_mixes_nothing(app: TestApp) {
        let mut app = app;
        let admin = app.token(Role::Admin, "").await;
        let luebeck = json!({"service": "wohnsitzanmeldung", "ars": "010030000000", "central": ["nur-webhook"]});
        let luebeck = app.post(&admin, "/api/v1/adoptions", luebeck).await.expect(201);
        let into = KIEL_GOES.replace("010020000001", "010030000000");
        let kiel = adoption(&app, &admin).await;
        let answer = table(&app, &admin, "municipality-changes?preview=true", &into).await.expect(200);
        assert_eq!(answer["merged"][0]["adoptions_ended"], json!(["wohnsitzanmeldung"]), "{answer}");
        let id = luebeck["id"].as_str().unwrap();
        app.send(&admin, "DELETE", &format!("/api/v1/adoptions/{id}"), None, &[]).await.expect(204);
        table(&app, &admin, "municipality-changes?preview=false", &into).await.expect(200);
        let begun = app.get(&admin, "/api/v1/adoptions?ars=010030000000").await.expect(200)["items"][0].clone();
        assert_eq!((&begun["id"], &begun["central"], &begun["state"]), (&luebeck["id"], &kiel["central"], &json!("live")));
        assert_eq!(begun["channels"].as_array().unwrap().len(), 1);
        app.get(&admin, &format!("/api/v1/adoptions/{}", kiel["id"].as_str().unwrap())).await.expect(404);
        let editor = app.token(Role::DirectoryEditor, "01").await;
        table(&app, &editor, "municipality-changes?preview=true", &into).await.expect(403);
    }

    /// Successors are never guessed; what is gone is ended only by a list that says so, and faults name their row.
    async fn what_is_gone_is_ended_and_not_guessed(app: TestApp) {
        let mut app = app;
        let admin = app.token(Role::Admin, "").await;
        let agent = app.agent().await;
        let bad = "old_ars,new_ars,valid_on\n010030000000,010020000001,2026-01-01\n010020000000,999999999999,2999-01-01\n\
            010020000000,010020000001,2026-01-01\n";
        let fault = plan_municipalities(&app.app.db, &register(new_list(), bad), app.clock.now()).await.unwrap_err().to_string();
        for part in ["row 2: old_ars: 010030000000 stands in the new list", "row 3: new_ars", "row 3: valid_on: lies ahead", "row 4: old_ars: 010020000000 stands in row 3"] {
            assert!(fault.contains(part), "{part} is missing in {fault}");
        }
        let alone = Register { changes: None, ..register(new_list(), "") };
        let plan = plan_municipalities(&app.app.db, &alone, app.clock.now()).await.unwrap();
        assert!(!plan.ends_gone && plan.gone[0].candidates[0].name == "Neu-Kiel", "{plan:?}");
        apply(&app, &alone).await;
        app.post(&agent, "/api/v1/tickets", a_ticket()).await.expect(201);
        apply(&app, &register(new_list(), "old_ars,new_ars,valid_on\n")).await;
        wait_for("the snapshot", Duration::from_secs(5), || {
            let current = app.app.escalations.desk().directory.current();
            current.municipality(&"010020000000".parse().unwrap()).is_some_and(|place| place.is_ended)
        }).await;
        let refused = app.post(&agent, "/api/v1/tickets", a_ticket()).await.expect_fault(422, "ars");
        assert!(refused.to_string().contains("takes no new requests"), "{refused}");
        let found = app.get(&admin, "/api/v1/audit?action=municipality.ended").await.expect(200);
        assert_eq!(found["items"].as_array().unwrap().len(), 1);
    }
}
