//! The directory on both databases: files in, routes and gaps out, objects changed one by one, and the snapshot that
//! follows.
//!
//! Invariant: each test begins with the sample directory. What it does not do: the rules of a route are tested as
//! tables in `resolve.rs`.

use chrono::NaiveDate;
use lotse::access::audit::{AuditAction, browse};
use lotse::access::{Action, Actor, Grant, Reach, Role, Scope};
use lotse::clock::Timestamp;
use lotse::db::{self, Db};
use lotse::directory::*;
use lotse::error::AppError;
use lotse::keys::{Ars, Slug};
use lotse::seal::{MasterKey, Sealer};
use serde_json::Value;

use crate::support::plans;
use crate::support::postgres::{DatabaseUrl, Postgres};
use crate::support::wait::wait_for;

const SECRET: &str = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz";

struct World {
    db: Db,
    sealer: Sealer,
    settings: Settings,
    _folder: tempfile::TempDir,
    _database: Option<DatabaseUrl>,
}

fn somebody() -> Actor {
    Actor::system()
}

fn now() -> Timestamp {
    serde_json::from_str("\"2026-11-24T10:00:00Z\"").unwrap()
}

fn today() -> NaiveDate {
    "2026-11-24".parse().unwrap()
}

/// What somebody with these regions reads.
fn reach(regions: &[&str]) -> Reach {
    let scope = |region: &&str| Scope::region(region.parse().unwrap());
    let grant = |region| Grant { role: Role::Auditor, scope: scope(region), contact: None };
    Reach::of(&regions.iter().map(grant).collect::<Vec<_>>(), Action::ReadDirectory)
}

fn slug(text: &str) -> Slug {
    text.parse().unwrap()
}

fn ars(text: &str) -> Ars {
    text.parse().unwrap()
}

impl World {
    async fn on_sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("lotse.db").display());
        Self::new(url, folder, None).await
    }

    async fn on_postgres() -> Self {
        let database = Postgres::shared().fresh_database().await;
        Self::new(database.as_str().to_owned(), tempfile::tempdir().unwrap(), Some(database)).await
    }

    /// A database with the sample in it.
    async fn new(url: String, folder: tempfile::TempDir, database: Option<DatabaseUrl>) -> Self {
        let db = tokio::task::spawn_blocking(move || {
            db::migrate(&url).unwrap();
            Db::open(db::Settings::new(url)).unwrap()
        });
        let db = db.await.unwrap();
        let master = MasterKey::parse(&MasterKey::generate()).unwrap();
        let sealer = Sealer::load(&db, master, Vec::new()).await.unwrap();
        let world = Self { db, sealer, settings: Settings::default(), _folder: folder, _database: database };
        import::municipalities(&world.db, "g.csv", sample::MUNICIPALITIES, now(), &mut |_, _| ()).await.unwrap();
        world.import(&sample_file()).await.unwrap();
        world
    }

    async fn import(&self, text: &str) -> Result<import::Summary, AppError> {
        import::directory(&self.db, &self.sealer, &self.settings, "directory.toml", text, now()).await
    }

    /// What lists of municipalities told the audit log, newest first.
    async fn lists_told(&self) -> Vec<Value> {
        let filter = browse::Filter { action: Some(AuditAction::MunicipalitiesImported), ..Default::default() };
        let page = browse::list(&self.db, filter, None, 200).await.unwrap();
        page.items.into_iter().map(|entry| entry.after.unwrap()).collect()
    }

    async fn route(&self, service: &str, place: &str, kind: Kind) -> Route {
        let (service, place, settings) = (slug(service), ars(place), self.settings.clone());
        self.db.read(move |conn| route(conn, &service, &place, kind, today(), &settings)).await.unwrap()
    }

    async fn chain(&self, service: &str, place: &str, kind: Kind) -> String {
        let route = self.route(service, place, kind).await;
        route.chain.iter().map(|s| s.contact.id.as_str()).collect::<Vec<_>>().join(" ")
    }

    async fn gaps(&self) -> Vec<Gap> {
        let settings = self.settings.clone();
        self.db
            .read(move |conn| {
                gaps(conn, &GapQuery { reach: Reach::everything(), ..Default::default() }, today(), &settings)
            })
            .await
            .unwrap()
    }
}

fn sample_file() -> String {
    sample::directory(today(), "https://desk.example.org/lotse", SECRET)
}

/// A list of so many municipalities that the sample does not know.
fn long_list(count: usize) -> String {
    let mut list = "ars,ags,name,land,kreis,gemeindeverband,typ,plz_sitz\n".to_owned();
    for n in 0..count {
        let (district, place) = (n / 1000 + 100, n % 1000);
        list += &format!(
            "09{district}0000{place:03},09{district}{place:03},Ort {n},Bayern,Kreis {district},Amt {},64,8{:04}\n",
            n / 20,
            n % 9999
        );
    }
    list
}

const KIEL: &str = "010020000000";

/// Runs a test on both databases.
macro_rules! on_both {
    ($(async fn $name:ident($world:ident: World) $body:block)*) => {$(
        mod $name {
            use super::*;
            async fn check($world: World) $body
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() { check(World::on_sqlite().await).await }
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() { check(World::on_postgres().await).await }
        }
    )*};
}

on_both! {
    async fn the_sample_imports_and_shows_every_way(world: World) {
        use Kind::{Functional, Technical};
        for (service, place, kind, expected) in [
            (
                "wohnsitzanmeldung",
                KIEL,
                Technical,
                "dataport-technik dataport-bereitschaft hh-koordination kiel-zentral kiel-vertretung",
            ),
            (
                "wohnsitzanmeldung",
                KIEL,
                Functional,
                "kiel-meldewesen kiel-buergeramt hh-koordination kiel-zentral kiel-vertretung dataport-bereitschaft",
            ),
            (
                "wohnsitzanmeldung",
                "020000000000",
                Technical,
                "dataport-technik-hamburg dataport-technik hh-koordination dataport-bereitschaft",
            ),
            (
                "wohngeld",
                KIEL,
                Functional,
                "kiel-buergeramt sh-koordination kiel-zentral kiel-vertretung dataport-bereitschaft",
            ),
            (
                "einbuergerung",
                "010030000000",
                Functional,
                "dataport-fachberatung sh-koordination luebeck-zentral dataport-bereitschaft",
            ),
            // Not live yet: its own people are not asked.
            ("kita-anmeldung", "010030000000", Technical, "sh-koordination"),
            ("bewohnerparkausweis", "010010000000", Functional, "hh-koordination flensburg-zentral"),
            ("bewohnerparkausweis", "010040000000", Technical, "hh-koordination"),
        ] {
            assert_eq!(world.chain(service, place, kind).await, expected, "{service} {place} {kind}");
        }
        let skipped: Vec<String> =
            world.route("wohngeld", KIEL, Functional).await.skipped.into_iter().map(|s| s.reason).collect();
        assert_eq!(skipped, ["abwesend bis 3.12."]);

        let found = world.gaps().await;
        let has = |service: &str, place: &str, kind| {
            found.iter().any(|g| g.service.as_str() == service && g.ars.as_str() == place && g.kind == kind)
        };
        assert!(has("kita-anmeldung", "010030000000", GapKind::NoFunctional));
        assert!(has("kita-anmeldung", "010030000000", GapKind::Unconfirmed));
        assert!(has("kita-anmeldung", "010030000000", GapKind::NoChannel));
        assert!(has("einbuergerung", "010030000000", GapKind::Stale));
        assert!(has("bewohnerparkausweis", "010010000000", GapKind::Unreachable));
        assert!(has("bewohnerparkausweis", "010010000000", GapKind::NoTechnical));
        assert!(!found.iter().any(|g| g.ars.as_str() == "010580043043"), "drafts have no gaps");
        assert!(!has("wohnsitzanmeldung", KIEL, GapKind::NoAgreement));
    }

    async fn importing_again_changes_nothing_and_touches_only_what_is_named(world: World) {
        let again = world.import(&sample_file()).await.unwrap();
        assert_eq!((again.created, again.updated), (0, 0), "{again:?}");
        assert!(again.unchanged > 30);
        let other = sample_file()
            .replace("servicedesk@dataport", "desk@dataport")
            .replace(SECRET, "whsec_OTg3NjU0MzIxMDk4NzY1NDMyMTA5ODc2");
        let changed = world.import(&other).await.unwrap();
        assert_eq!((changed.created, changed.updated), (0, 1));
        let alone = "[[contact]]\nid = \"dataport-technik\"\nname = \"Service Desk\"\n";
        assert_eq!(world.import(alone).await.unwrap().updated, 1);
        let contact = contacts::read(&world.db, slug("dataport-technik")).await.unwrap();
        assert_eq!(contact.name, "Service Desk");
        assert_eq!(contact.email.unwrap().as_str(), "desk@dataport.example.org");
        assert_eq!(contact.webhook.unwrap().url, "https://desk.example.org/lotse");
    }

    async fn a_faulty_file_says_everything_and_changes_nothing(world: World) {
        let file = r#"[[contact]]
    id = "New One"
    name = "x"
    colour = "red"
    [[contact]]
    id = "hook"
    name = "Hook"
    webhook = { url = "http://127.0.0.1/x", secret = "geheim" }
    confirmed_on = "gestern"
    [[service]]
    slug = "neu"
    name = "Neu"
    operating_land = "XX"
    [[adoption]]
    service = "unbekannt"
    ars = "01002"
    central = ["niemand"]
    [[adoption]]
    service = "wohngeld"
    ars = "999999999999"
    state = "fertig"
    [[adoption.channel]]
    kind = "phone"
    label = "Telefon"
    hours = "immer mal"
    languages = ["deutsch!"]
    [[unfug]]
    "#;
        let text = world.import(file).await.unwrap_err().to_string();
        for part in [
            "directory.toml:2: contact.id: must be 1 to 64 small letters",
            "directory.toml:4: contact.colour: is not known here",
            "directory.toml:8: contact.webhook.url: must begin with https://",
            "directory.toml:8: contact.webhook.secret: must be whsec_",
            "directory.toml:9: contact.confirmed_on: must be a day",
            "directory.toml:13: service.operating_land: must be one of the 16 Länder",
            "directory.toml:15: adoption.service: there is no service unbekannt",
            "directory.toml:16: adoption.ars: must be an ARS of 12 digits",
            "directory.toml:17: adoption.central: there is no contact niemand",
            "directory.toml:20: adoption.ars: there is no municipality 999999999999",
            "directory.toml:21: adoption.state: must be one of: draft, ready, live, suspended",
            "directory.toml:22: adoption.channel.phone: must be given",
            "directory.toml:25: adoption.channel.hours: «immer mal» is not understood",
            "directory.toml:26: adoption.channel.languages: «deutsch!» is no language tag",
            "directory.toml:27: unfug: is not known here; known are land, contact, service, adoption",
        ] {
            assert!(text.contains(part), "«{part}» is missing in:\n{}", text.replace("; directory", "\ndirectory"));
        }
        assert!(matches!(contacts::read(&world.db, slug("hook")).await, Err(AppError::NotFound)));
        let syntax = world.import("[[contact]\nid = 3").await.unwrap_err().to_string();
        assert!(syntax.contains("directory.toml:1: is not TOML") || syntax.contains("directory.toml:1"), "{syntax}");
    }

    async fn help_is_never_a_dead_end(world: World) {
        let directory = Directory::start(&world.db).await.unwrap();
        let snapshot = directory.current();
        let help = |service: &str, place: &str| snapshot.help(service, &ars(place), HelpLanguage::German, now());
        let kiel = help("wohnsitzanmeldung", KIEL).unwrap();
        assert_eq!(kiel.channels.iter().map(|c| c.kind).collect::<Vec<_>>(), [ChannelKind::Number115, ChannelKind::Web]);
        assert_eq!(kiel.notice, None);
        let json = serde_json::to_value(&kiel).unwrap();
        assert_eq!(json["channels"][0]["phone"], "115");
        assert_eq!(json["channels"][0]["languages"][0], "de");
        // No adoption, but 115; a draft shows nothing of itself; no 115 leads to the municipality.
        assert_eq!(help("wohngeld", "010585893137").unwrap().channels[0].label, "Behördennummer 115");
        assert_eq!(help("wohnsitzanmeldung", "010580043043").unwrap().channels[0].kind, ChannelKind::Number115);
        let hannover = help("bewohnerparkausweis", "032410001001").unwrap();
        assert!(hannover.channels.is_empty());
        let notice = hannover.notice.unwrap();
        assert!(notice.contains("Hannover") && !notice.contains("gewartet"), "{notice}");
        let flensburg = help("bewohnerparkausweis", "010010000000").unwrap();
        assert!(flensburg.is_adopted && flensburg.notice.unwrap().contains("gewartet") && !hannover.is_adopted);
        assert!(help("unbekannt", KIEL).is_none() && help("wohngeld", "999999999999").is_none());
        // Names, words, postal codes and keys find municipalities.
        for (text, first) in [
            ("kiel", KIEL),
            ("luebeck", "010030000000"),
            ("Lübeck", "010030000000"),
            ("24354", "010585893090"),
            ("0102", ""),
            ("01002", KIEL),
            ("rieseby schlei", "010585893137"),
            ("'; --", ""),
        ] {
            let found = snapshot.search_municipalities(text, 5);
            assert_eq!(found.first().map_or("", |p| p.ars.as_str()), first, "{text}");
        }
        assert_eq!(snapshot.by_ags(&"01002000".parse().unwrap()).unwrap().ars.as_str(), KIEL);
    }

    async fn the_snapshot_follows_changes(world: World) {
        let directory = Directory::start(&world.db).await.unwrap();
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let running = tokio::spawn(directory.clone().run(stopped));
        let before = services::read(&world.db, slug("wohngeld")).await.unwrap();
        let change = services::ServiceChange {
            version: Some(before.version),
            notice: Some(Some("Heute gestört.".into())),
            ..Default::default()
        };
        services::change(&world.db, &somebody(), slug("wohngeld"), change.clone(), now()).await.unwrap();
        wait_for("the new notice", std::time::Duration::from_secs(2), || directory.current().service("wohngeld").unwrap().notice.is_some()).await;
        assert_eq!(directory.current().service("wohngeld").unwrap().notice.as_deref(), Some("Heute gestört."));
        let stale = services::change(&world.db, &somebody(), slug("wohngeld"), change, now()).await;
        assert!(matches!(stale, Err(AppError::Conflict(_))), "{stale:?}");
        stop.send(true).unwrap();
        tokio::time::timeout(std::time::Duration::from_secs(2), running).await.unwrap().unwrap();
    }

    // What is followed change by change is what is read whole.
    async fn the_snapshot_reads_what_changed_and_misses_nothing(world: World) {
        let directory = Directory::start(&world.db).await.unwrap();
        directory.keep_now().await.unwrap();
        let shown = |service: &str, place: &str| {
            let snapshot = directory.current();
            let help = snapshot.help(service, &ars(place), HelpLanguage::German, now()).unwrap();
            help.channels.iter().map(|way| way.label.to_owned()).collect::<Vec<_>>().join(", ")
        };
        let adoption = |service: &str, place: &str, state: &str, label: &str| {
            format!(
                "[[adoption]]\nservice = \"{service}\"\nars = \"{place}\"\nstate = \"{state}\"\ncentral = [\"kiel-zentral\"]\n\
                 [[adoption.channel]]\nkind = \"web\"\nlabel = \"{label}\"\nurl = \"https://hilfe.example.org\"\nhours = \"Mo 08:00-09:07\"\n"
            )
        };
        // A new one, one that is suspended, one that shows something else.
        for (state, label, now_shown) in [("live", "Erstens", "Erstens"), ("suspended", "Erstens", "Behördennummer 115"), ("live", "Zweitens", "Zweitens")] {
            world.import(&adoption("wohngeld", "010030000000", state, label)).await.unwrap();
            directory.refresh().await.unwrap();
            assert_eq!(shown("wohngeld", "010030000000"), now_shown);
            follows(&directory, &world.db).await;
        }
        let new = serde_json::json!({"service": "wohngeld", "ars": KIEL, "kind": "email", "label": "Mail", "email": "a@kiel.example.org"});
        let made = channels::create(&world.db, &somebody(), serde_json::from_value(new).unwrap(), None, now()).await.map(made).unwrap();
        directory.refresh().await.unwrap();
        assert!(shown("wohngeld", KIEL).contains("Mail"), "{}", shown("wohngeld", KIEL));
        follows(&directory, &world.db).await;
        channels::end(&world.db, &somebody(), made.id, None, None, now()).await.unwrap();
        directory.refresh().await.unwrap();
        assert!(!shown("wohngeld", KIEL).contains("Mail"), "{}", shown("wohngeld", KIEL));
        follows(&directory, &world.db).await;
        // A service that stands before the others moves their numbers, and so does one that goes.
        let first = "[[service]]\nslug = \"aaa\"\nname = \"A\"\noperating_land = \"HH\"\n";
        world.import(&format!("{first}{}", adoption("aaa", KIEL, "live", "Drittens"))).await.unwrap();
        directory.refresh().await.unwrap();
        assert_eq!(shown("aaa", KIEL), "Drittens");
        follows(&directory, &world.db).await;
        let its = adoptions::AdoptionQuery { service: Some(slug("aaa")), reach: Reach::everything(), ..Default::default() };
        let found = adoptions::list(&world.db, its, PageRequest::default()).await.unwrap().items.remove(0);
        adoptions::end(&world.db, &somebody(), found.id, None, None, now()).await.unwrap();
        directory.refresh().await.unwrap();
        assert_eq!(shown("aaa", KIEL), "Behördennummer 115");
        follows(&directory, &world.db).await;
        services::end(&world.db, &somebody(), slug("aaa"), None, None, now()).await.unwrap();
        directory.refresh().await.unwrap();
        follows(&directory, &world.db).await;
        // A new list of places moves the numbers of all that stand behind.
        let line = |n: usize| format!("01001{n:07},01001{n:03},Ort {n},Schleswig-Holstein,Flensburg,Amt,64,24937\n");
        let list = format!("{}{}", sample::MUNICIPALITIES, (1..600).map(line).collect::<String>());
        import::municipalities(&world.db, "g.csv", &list, now(), &mut |_, _| ()).await.unwrap();
        directory.refresh().await.unwrap();
        assert_eq!(shown("wohngeld", "010030000000"), "Zweitens");
        follows(&directory, &world.db).await;
        // So many at once that the service is read whole.
        let many = (1..600).map(|n| format!("01001{n:07}"));
        let file: String = many.map(|place| adoption("wohngeld", &place, "live", "Viertens")).collect();
        world.import(&file).await.unwrap();
        directory.refresh().await.unwrap();
        assert_eq!((shown("wohngeld", "010010000077"), shown("wohngeld", "010030000000")), ("Viertens".into(), "Zweitens".into()));
        follows(&directory, &world.db).await;
    }

    // Services that show the same in a place share one list in memory; where the first of them changed since the copy,
    // the list is still the other's.
    async fn a_shared_list_outlives_a_quick_start(world: World) {
        let adoption = |service: &str, label: &str| {
            format!(
                "[[adoption]]\nservice = \"{service}\"\nars = \"010030000000\"\nstate = \"live\"\ncentral = [\"kiel-zentral\"]\n\
                 [[adoption.channel]]\nkind = \"web\"\nlabel = \"{label}\"\nurl = \"https://hilfe.example.org\"\nhours = \"Mo 08:00-09:07\"\n"
            )
        };
        let first = "[[service]]\nslug = \"aaa\"\nname = \"A\"\noperating_land = \"HH\"\n";
        let both = [first.to_owned(), adoption("aaa", "Gleich"), adoption("wohngeld", "Gleich")].concat();
        world.import(&both).await.unwrap();
        let directory = Directory::start(&world.db).await.unwrap();
        directory.keep_now().await.unwrap();
        world.import(&adoption("aaa", "Anders")).await.unwrap();
        directory.refresh().await.unwrap();
        follows(&directory, &world.db).await;
    }

    // A start reads the copy, not each adoption; a copy that is not of this directory is no use.
    async fn a_start_is_quick_by_a_copy(world: World) {
        let directory = Directory::start(&world.db).await.unwrap();
        directory.keep_now().await.unwrap();
        // Behind Lotse's back, so that only the copy can say it otherwise.
        sql(&world.db, "UPDATE help_channels SET label = 'Woanders'").await;
        let labels = |snapshot: &Snapshot| {
            let help = snapshot.help("wohnsitzanmeldung", &ars(KIEL), HelpLanguage::German, now()).unwrap();
            help.channels.iter().map(|way| way.label.to_owned()).collect::<Vec<_>>().join(", ")
        };
        let known = labels(&directory.current());
        assert!(!known.contains("Woanders"), "{known}");
        let started = async || Directory::start(&world.db).await.unwrap();
        assert_eq!(labels(&started().await.current()), known);
        for (what, spoilt) in [
            ("uses cut off", "UPDATE kept_help SET uses = substr(uses, 1, length(uses) - 1) WHERE length(uses) > 0"),
            ("uses of other places", "UPDATE kept_help SET places = places + 1"),
            ("ways that are not there", "DELETE FROM kept_ways"),
            ("ways of another version of Lotse", "UPDATE kept_ways SET ways = '[{\"kind\": \"pigeon\"}]'"),
            ("nothing kept", "UPDATE changes SET version = 0 WHERE topic = 'kept_help'"),
        ] {
            sql(&world.db, spoilt).await;
            assert!(labels(&started().await.current()).contains("Woanders"), "{what}");
            sql(&world.db, "DELETE FROM kept_help").await;
            sql(&world.db, "DELETE FROM kept_ways").await;
            directory.keep_now().await.unwrap();
            assert_eq!(labels(&started().await.current()), known, "{what}");
        }
        // Hours, languages and days come back as they were.
        sql(&world.db, "UPDATE changes SET version = 0 WHERE topic = 'kept_help'").await;
        sql(&world.db, "UPDATE contacts SET confirmed_on = '2099-01-01'").await;
        let read = started().await;
        let help = read.current();
        let help = help.help("wohnsitzanmeldung", &ars(KIEL), HelpLanguage::German, now()).unwrap();
        assert_eq!(help.confirmed_on, "2099-01-01".parse().ok());
        read.keep_now().await.unwrap();
        sql(&world.db, "DELETE FROM help_channels").await;
        compare(&started().await.current(), &read.current());
    }

    async fn a_new_adoption_is_a_draft_and_one_that_was_ended_begins_anew(world: World) {
        let new = |state| adoptions::NewAdoption {
            service: slug("wohngeld"),
            ars: ars("033550022022"),
            state: Some(state),
            central: Some(vec![slug("lueneburg-zentral").into()]),
            technical: None,
            functional: None,
            emergency: None,
            project_lead: None,
            specialist_procedure: None,
            data_protection: None,
            data_processor: None,
            channels: None,
            reason: None,
        };
        for state in [AdoptionState::Live, AdoptionState::Ready, AdoptionState::Suspended] {
            let refused = adoptions::create(&world.db, &somebody(), new(state), None, now()).await.map(made);
            assert!(refused.unwrap_err().to_string().contains("state: must be draft"));
        }
        let draft = adoptions::create(&world.db, &somebody(), new(AdoptionState::Draft), None, now()).await.map(made).unwrap();
        assert_eq!(draft.duties.central, [slug("lueneburg-zentral").into()]);
        let point = rollout::ItemChange { version: Some(0), state: Some(rollout::ItemState::Done), ..Default::default() };
        rollout::change_item(&world.db, &somebody(), draft.id, rollout::Item::Knowledge, point, now()).await.unwrap();
        adoptions::end(&world.db, &somebody(), draft.id, None, None, now()).await.unwrap();
        assert!(matches!(adoptions::read(&world.db, draft.id).await, Err(AppError::NotFound)));
        let again = adoptions::create(&world.db, &somebody(), new(AdoptionState::Draft), None, now()).await.map(made).unwrap();
        assert_eq!((again.id, again.version), (draft.id, 3));
        let list = rollout::read(&world.db, again.id, today()).await.unwrap();
        assert_eq!(list.items.iter().find(|item| item.item == rollout::Item::Knowledge).unwrap().version, 0);
        let query =
            adoptions::AdoptionQuery { reach: reach(&["03", "02"]), ..Default::default() };
        let page = adoptions::list(&world.db, query, PageRequest { limit: Some(2), cursor: None }).await.unwrap();
        assert_eq!((page.items.len(), page.next_cursor.is_some()), (2, true));
        assert!(page.items.iter().all(|a| !a.ars.as_str().starts_with("01")));
    }

    async fn contacts_keep_their_secret_to_themselves(world: World) {
        let new = serde_json::json!({"id": "neu", "name": "Neue Stelle", "webhook": {"url": "https://neu.example.org/h", "secret": SECRET}});
        let new: contacts::NewContact = serde_json::from_value(new).unwrap();
        let made = contacts::create(&world.db, &somebody(), &world.sealer, &world.settings, new, None, now()).await.map(made).unwrap();
        let json = serde_json::to_string(&made).unwrap();
        assert!(!json.contains("whsec") && json.contains("\"id\":\"neu\"") && json.contains("active"), "{json}");
        let change = |text: &str| serde_json::from_str::<contacts::ContactChange>(text).unwrap();
        let changed = contacts::change(
            &world.db, &somebody(),
            &world.sealer,
            &world.settings,
            slug("neu"),
            change(r#"{"version": 1, "phone": "115", "webhook": {"url": "https://neu.example.org/i"}}"#),
            now(),
        )
        .await
        .unwrap();
        assert_eq!(changed.webhook.unwrap().url, "https://neu.example.org/i");
        let emptied = contacts::change(
            &world.db, &somebody(),
            &world.sealer,
            &world.settings,
            slug("neu"),
            change(r#"{"version": 2, "phone": null, "webhook": null}"#),
            now(),
        )
        .await
        .unwrap();
        assert_eq!((emptied.phone, emptied.webhook, emptied.version), (None, None, 3));
        let wrong = contacts::change(
            &world.db, &somebody(),
            &world.sealer,
            &world.settings,
            slug("neu"),
            change(r#"{"version": 3, "deputy": "neu", "webhook": {"url": "https://10.0.0.1/"}}"#),
            now(),
        )
        .await
        .unwrap_err()
        .to_string();
        for part in
            ["deputy: must be somebody else", "webhook.url: must point to a public", "webhook.secret: must be given"]
        {
            assert!(wrong.contains(part), "{part}: {wrong}");
        }
        let query = contacts::ContactQuery { q: Some("luebeck".into()), reach: Reach::everything(), ..Default::default() };
        let page = contacts::list(&world.db, query, PageRequest::default()).await.unwrap();
        assert_eq!(page.items.len(), 2);
        let query = contacts::ContactQuery { reach: reach(&["010030000000"]), ..Default::default() };
        let page = contacts::list(&world.db, query, PageRequest::default()).await.unwrap();
        assert!(page.items.iter().all(|c| c.owner.as_ref().is_none_or(|o| o.as_str() == "010030000000")), "{page:?}");
        contacts::end(&world.db, &somebody(), slug("neu"), None, None, now()).await.unwrap();
        assert!(matches!(contacts::read(&world.db, slug("neu")).await, Err(AppError::NotFound)));
    }

    async fn channels_change_alone(world: World) {
        let new = serde_json::json!({"service": "wohngeld", "ars": KIEL, "kind": "email", "label": "Mail", "email": "a@kiel.example.org"});
        let made = channels::create(&world.db, &somebody(), serde_json::from_value(new).unwrap(), None, now()).await.map(made).unwrap();
        assert_eq!((made.shown.hours.as_str(), made.shown.languages.as_slice()), ("24/7", &["de".to_owned()][..]));
        let change = serde_json::json!({"version": 1, "kind": "phone", "label": "Telefon", "phone": "0431 1", "hours": "Mo 08:00-10:00"});
        let changed = channels::change(&world.db, &somebody(), made.id, serde_json::from_value(change).unwrap(), now()).await.unwrap();
        assert_eq!((changed.shown.kind, changed.version), (ChannelKind::Phone, 2));
        channels::end(&world.db, &somebody(), made.id, None, None, now()).await.unwrap();
        let query = channels::ChannelQuery { service: Some(slug("wohngeld")), reach: Reach::everything(), ..Default::default() };
        assert_eq!(channels::list(&world.db, query, PageRequest::default()).await.unwrap().items.len(), 1);
        let unknown = serde_json::json!({"service": "wohngeld", "ars": KIEL, "kind": "web", "label": "x", "farbe": 1});
        assert!(serde_json::from_value::<channels::NewChannel>(unknown).is_err());
    }

    // Wherever a run is cut off, what it did is on record and instances have it.
    async fn every_portion_of_a_long_list_is_told(world: World) {
        let sum = |told: &[Value], field: &str| told.iter().map(|one| one[field].as_u64().unwrap()).sum::<u64>();
        let (list, known) = (long_list(700), sample::MUNICIPALITIES.lines().count() - 1);
        let whole = |created: usize, updated: usize, unchanged: usize| serde_json::json!({"created": created, "updated": updated, "unchanged": unchanged});
        assert_eq!(world.lists_told().await, [whole(known, 0, 0)], "one portion is the whole");
        let directory = Directory::start(&world.db).await.unwrap();

        let (db, same) = (world.db.clone(), list.clone());
        let cut_off = tokio::spawn(async move {
            import::municipalities(&db, "g.csv", &same, now(), &mut |done, _| assert_eq!(done, 0, "cut off on purpose")).await
        });
        assert!(cut_off.await.unwrap_err().is_panic());
        let told = world.lists_told().await;
        assert_eq!((told.len(), told[0]["portion"].as_u64()), (2, Some(1)), "{told:?}");
        assert!(told[0]["portions"].as_u64() > Some(1), "{told:?}");
        directory.refresh().await.unwrap();
        assert_eq!(directory.current().municipality_count() as u64, sum(&told, "created"), "{told:?}");

        let rest = import::municipalities(&world.db, "g.csv", &list, now(), &mut |_, _| ()).await.unwrap();
        assert!(rest.created > 0 && rest.unchanged > 0 && rest.created + rest.unchanged == 700, "{rest:?}");
        let all = world.lists_told().await;
        let its = &all[..all.len() - told.len()];
        for (field, count) in [("created", rest.created), ("updated", rest.updated), ("unchanged", rest.unchanged)] {
            assert_eq!(sum(its, field), count as u64, "{field}: {its:?}");
        }
        let mut portions: Vec<u64> = its.iter().map(|one| one["portion"].as_u64().unwrap()).collect();
        portions.sort_unstable();
        assert_eq!(portions, (1..=its.len() as u64).collect::<Vec<_>>(), "{its:?}");
        assert!(its.len() > 1 && its.iter().all(|one| one["portions"].as_u64() == Some(its.len() as u64)), "{its:?}");
        directory.refresh().await.unwrap();
        assert_eq!(directory.current().municipality_count(), known + 700);

        // What is so already tells nothing; what fits in one portion tells of the whole.
        import::municipalities(&world.db, "g.csv", &list, now(), &mut |_, _| ()).await.unwrap();
        assert_eq!(world.lists_told().await.len(), all.len());
        let renamed = list.replace(",Ort 7,", ",Neuort,");
        import::municipalities(&world.db, "g.csv", &renamed, now(), &mut |_, _| ()).await.unwrap();
        let told = world.lists_told().await;
        assert_eq!((told.len(), &told[0]), (all.len() + 1, &whole(0, 1, 699)));
    }

    async fn the_national_register_and_600_services_fit(world: World) {
        let register = long_list(10_981);
        let began = std::time::Instant::now();
        let mut steps = 0;
        let summary = import::municipalities(&world.db, "g.csv", &register, now(), &mut |_, _| steps += 1).await.unwrap();
        println!("10,981 municipalities: {:?}", began.elapsed());
        assert_eq!((summary.created, steps > 20), (10_981, true));
        let again = import::municipalities(&world.db, "g.csv", &register, now(), &mut |_, _| ()).await.unwrap();
        assert_eq!((again.unchanged, again.created), (10_981, 0));
        let mut file = String::new();
        for n in 0..600 {
            file += &format!("[[service]]\nslug = \"dienst-{n}\"\nname = \"Dienst {n}\"\noperating_land = \"BY\"\n");
        }
        for n in 0..2000 {
            let (district, place) = (n / 1000 + 100, n % 1000);
            file += &format!("[[adoption]]\nservice = \"dienst-{}\"\nars = \"09{district}0000{place:03}\"\nstate = \"live\"\ncentral = [\"kiel-zentral\"]\n[[adoption.channel]]\nkind = \"115\"\nlabel = \"115\"\nhours = \"24/7\"\n", n % 600);
        }
        let began = std::time::Instant::now();
        assert_eq!(world.import(&file).await.unwrap().created, 2600);
        println!("600 services, 2,000 adoptions: {:?}", began.elapsed());
        let began = std::time::Instant::now();
        let gaps = world.gaps().await;
        println!("{} gaps: {:?}", gaps.len(), began.elapsed());
        assert!(gaps.len() > 2 * 2000, "{}", gaps.len());
        let began = std::time::Instant::now();
        let snapshot = Directory::start(&world.db).await.unwrap().current();
        println!("snapshot: {:?}", began.elapsed());
        let place = ars("091000000007");
        let began = std::time::Instant::now();
        for _ in 0..100_000 {
            assert!(snapshot.help("dienst-7", &place, HelpLanguage::German, now()).is_some());
        }
        println!("help: {:?} each", began.elapsed() / 100_000);
        assert_eq!(snapshot.municipality_count(), 10_981 + sample::MUNICIPALITIES.lines().count() - 1);
    }
}

/// However many adoptions there are, a change and a start by the copy read only those that changed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_what_changed_is_read_of_adoptions() {
    plans::listen();
    let world = World::on_sqlite().await;
    let directory = Directory::start(&world.db).await.unwrap();
    directory.keep_now().await.unwrap();
    let change = "[[adoption]]\nservice = \"wohngeld\"\nars = \"010030000000\"\nstate = \"live\"\ncentral = [\"kiel-zentral\"]\n";
    world.import(change).await.unwrap();
    directory.refresh().await.unwrap();
    follows(&directory, &world.db).await;
    let asked = plans::asked("adoptions").into_iter().filter(|sql| sql.contains("`changed_in` > ?"));
    let plans = world.db.read(|conn| Ok(asked.map(|sql| (plans::plan(conn, &sql), sql)).collect::<Vec<_>>()));
    let plans = plans.await.unwrap();
    assert!(plans.len() >= 2, "{plans:#?}");
    for (plan, sql) in plans {
        assert!(plan.contains("adoptions_changed_in"), "{sql}\n{plan}");
    }
}

/// What was followed says for every service and place what a reading from nothing says, and so does a start by the copy
/// that was kept before.
pub async fn follows(followed: &Directory, db: &Db) {
    let kept = Directory::start(db).await.unwrap().current();
    sql(db, "UPDATE kept_help SET places = places - 1").await;
    let read = Directory::start(db).await.unwrap().current();
    sql(db, "UPDATE kept_help SET places = places + 1").await;
    compare(&followed.current(), &read);
    compare(&kept, &read);
}

fn compare(one: &Snapshot, read: &Snapshot) {
    assert_eq!(one.municipality_count(), read.municipality_count());
    let of = |snapshot: &Snapshot, service: &str, place: &Ars| {
        serde_json::to_value(snapshot.help(service, place, HelpLanguage::German, now())).unwrap()
    };
    for service in read.services() {
        for line in sample::MUNICIPALITIES.lines().skip(1) {
            let place = ars(line.split(',').next().unwrap());
            let (service, place) = (service.slug.as_str(), &place);
            assert_eq!(of(one, service, place), of(read, service, place), "{service} {place}");
        }
    }
}

async fn sql(db: &Db, statement: &'static str) {
    use diesel::RunQueryDsl;
    db.write(move |tx| Ok(diesel::sql_query(statement).execute(&mut **tx)?)).await.unwrap();
}

/// What was made; without a key nothing is a repeat.
fn made<T>(outcome: lotse::access::idempotency::Outcome<T>) -> T {
    match outcome {
        lotse::access::idempotency::Outcome::Done(made) => made,
        lotse::access::idempotency::Outcome::Repeated(_) => panic!("a repeat without a key"),
    }
}
