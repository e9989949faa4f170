//! Who was responsible for what, when: what is kept of every change, routing by a past and by a coming day, changes
//! that wait for theirs.

use chrono::{Days, NaiveDate, TimeDelta};
use lotse::access::Role;
use lotse::clock::{Clock, Timestamp};
use lotse::directory::planned;
use serde_json::{Value, json};

use crate::on_both;
use crate::support::app::{Kind, TestApp, import};

const ROUTE: &str = "/api/v1/route?service=wohnsitzanmeldung&ars=010020000000&kind=functional";

/// An app whose clock stands at noon and can be moved by days.
async fn app(kind: Kind) -> TestApp {
    let noon = chrono::Utc::now().date_naive().and_hms_opt(11, 0, 0).unwrap().and_utc();
    TestApp::start_with(kind, "", Clock::fixed(Timestamp::new(noon))).await
}

fn today(app: &TestApp) -> NaiveDate {
    app.clock.now().day_in_berlin()
}

fn chain(route: &Value) -> Vec<&str> {
    route["chain"].as_array().unwrap().iter().map(|step| step["contact"]["id"].as_str().unwrap()).collect()
}

async fn adoption(app: &TestApp, token: &str) -> String {
    let list = app.get(token, "/api/v1/adoptions?service=wohnsitzanmeldung").await.expect(200);
    format!("/api/v1/adoptions/{}", list["items"][0]["id"].as_str().unwrap())
}

macro_rules! on_both_by_days {
    ($($(#[$doc:meta])* async fn $name:ident($app:ident) $body:block)*) => {$(
        $(#[$doc])*
        mod $name {
            use super::*;
            async fn run(mut $app: TestApp) $body
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() { run(app(Kind::Sqlite).await).await; }
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() { run(app(Kind::Postgres).await).await; }
        }
    )*};
}

on_both_by_days! {
    /// A change keeps what stood before and since, with author and reason; a route can be asked for both days.
    async fn a_past_day_is_routed_by_what_stood_then(app) {
        let admin = app.token(Role::Admin, "").await;
        let (at, before) = (adoption(&app, &admin).await, today(&app));
        app.clock.advance(TimeDelta::days(3));
        let change = json!({"functional": ["technik"], "reason": "Meldewesen zieht um"});
        app.patch(&admin, &at, change).await.expect(200);
        let now = app.get(&admin, ROUTE).await.expect(200);
        assert_eq!(chain(&now)[0], "technik");
        let then = app.get(&admin, &format!("{ROUTE}&on={before}")).await.expect(200);
        assert_eq!(chain(&then), ["kiel-meldewesen", "kiel-zentral", "bereitschaft"]);
        assert_eq!(chain(&app.get(&admin, &format!("{ROUTE}&on={}", before + Days::new(2))).await.expect(200)), chain(&then));
        assert_eq!(chain(&app.get(&admin, &format!("{ROUTE}&on={}", today(&app))).await.expect(200)), chain(&now));
        // Before the directory knew the service there was nobody, and that is said.
        let early = before - Days::new(400);
        let problem = app.get(&admin, &format!("{ROUTE}&on={early}")).await.expect_fault(422, "on");
        assert!(problem.to_string().contains("nothing is known of"), "{problem}");

        let kept = app.get(&admin, &format!("{at}/versions")).await.expect(200);
        let kept = kept["items"].as_array().unwrap();
        assert_eq!(kept.len(), 2, "{kept:?}");
        assert_eq!(kept[0]["reason"], "Meldewesen zieht um");
        assert_eq!(kept[0]["by"]["name"], "admin");
        assert_eq!((&kept[0]["state"]["functional"], &kept[1]["state"]["functional"]), (&json!(["technik"]), &json!(["kiel-meldewesen"])));
        assert_eq!(kept[1]["by"]["name"], "Import");
    }

    /// Changes of the contact itself, of the service, of the Land and of a channel are kept too; an end is one.
    async fn every_kind_of_object_has_versions(app) {
        let admin = app.token(Role::Admin, "").await;
        let before = today(&app);
        app.clock.advance(TimeDelta::days(1));
        app.patch(&admin, "/api/v1/contacts/kiel-meldewesen", json!({"absent_from": today(&app), "reason": "Kur"})).await.expect(200);
        app.patch(&admin, "/api/v1/services/wohnsitzanmeldung", json!({"operator": "Andere", "reason": "neuer Betreiber"})).await.expect(200);
        app.patch(&admin, "/api/v1/lands/SH", json!({"second_level": ["bereitschaft"], "reason": "Auffang"})).await.expect(200);
        let channel = app.get(&admin, "/api/v1/channels").await.expect(200)["items"][0].clone();
        let change = json!({"version": channel["version"], "kind": "115", "label": "115", "hours": "24/7", "reason": "rund um die Uhr"});
        app.send(&admin, "PUT", &format!("/api/v1/channels/{}", channel["id"].as_str().unwrap()), Some(change.to_string()), &[]).await.expect(200);
        let at = adoption(&app, &admin).await;
        for (path, reason) in [("/api/v1/contacts/kiel-meldewesen", "Kur"), ("/api/v1/services/wohnsitzanmeldung", "neuer Betreiber"), ("/api/v1/lands/SH", "Auffang"), (&at, "rund um die Uhr")] {
            let kept = app.get(&admin, &format!("{path}/versions")).await.expect(200);
            assert_eq!(kept["items"][0]["reason"], reason, "{path}: {kept}");
            // A Land was there before the file that names it.
            let former = if path.contains("lands") { 2 } else { 1 };
            assert_eq!(kept["items"].as_array().unwrap().len(), former + 1, "{path}: {kept}");
        }
        assert_eq!(chain(&app.get(&admin, ROUTE).await.expect(200)), ["bereitschaft", "kiel-zentral"]);
        assert_eq!(chain(&app.get(&admin, &format!("{ROUTE}&on={before}")).await.expect(200))[0], "kiel-meldewesen");

        app.send(&admin, "DELETE", "/api/v1/contacts/kiel-meldewesen?reason=aufgel%C3%B6st", None, &[]).await.expect(204);
        app.get(&admin, "/api/v1/contacts/kiel-meldewesen").await.expect(404);
        let kept = app.get(&admin, "/api/v1/contacts/kiel-meldewesen/versions").await.expect(200);
        assert_eq!((&kept["items"][0]["ended"], &kept["items"][0]["reason"]), (&json!(true), &json!("aufgelöst")));
        app.send(&admin, "DELETE", &format!("{at}?reason=fertig"), None, &[]).await.expect(204);
        let kept = app.get(&admin, &format!("{at}/versions")).await.expect(200);
        assert_eq!((&kept["items"][0]["ended"], &kept["items"][0]["reason"]), (&json!(true), &json!("fertig")));
        assert_eq!(chain(&app.get(&admin, &format!("{ROUTE}&on={before}")).await.expect(200))[0], "kiel-meldewesen");
    }

    /// Duties know their days: a stand-in over the holidays comes and goes by itself.
    async fn a_stand_in_has_its_days(app) {
        let admin = app.token(Role::Admin, "").await;
        let (at, first) = (adoption(&app, &admin).await, today(&app) + Days::new(10));
        let last = first + Days::new(5);
        let list = json!([{"contact": "technik", "from": first, "until": last, "person": "A. Möller"}, "kiel-meldewesen"]);
        let changed = app.patch(&admin, &at, json!({"functional": list})).await.expect(200);
        assert_eq!(changed["functional"], list);
        let on = async |day: NaiveDate| {
            let route = app.get(&admin, &format!("{ROUTE}&on={day}")).await.expect(200);
            chain(&route)[0].to_owned()
        };
        assert_eq!(on(first - Days::new(1)).await, "kiel-meldewesen");
        assert_eq!(on(first).await, "technik");
        assert_eq!(on(last).await, "technik");
        assert_eq!(on(last + Days::new(1)).await, "kiel-meldewesen");
        app.clock.advance(TimeDelta::days(12));
        assert_eq!(chain(&app.get(&admin, ROUTE).await.expect(200))[0], "technik");
        // Twice on one day is refused, with both periods named.
        let twice = json!([{"contact": "technik", "until": last}, {"contact": "technik", "from": last}]);
        let told = app.patch(&admin, &at, json!({"functional": twice})).await.expect_fault(422, "functional").to_string();
        assert!(told.contains(&format!("until {last}")) && told.contains(&format!("from {last}")), "{told}");
    }

    /// A planned change waits for its day, is applied once whoever looks, and stands with author and reason.
    async fn a_planned_change_takes_effect_on_its_day(app) {
        let admin = app.token(Role::Admin, "").await;
        let day = today(&app) + Days::new(7);
        let plans = "/api/v1/contacts/kiel-meldewesen/planned";
        let move_out = json!({"takes_effect_on": day, "change": {"email": "neu@kiel.example.org", "phone": "+49 431 1"}, "reason": "Umzug"});
        let plan = app.post(&admin, plans, move_out.clone()).await.expect(201);
        assert_eq!(plan["state"], "planned");
        let again = app.post(&admin, plans, move_out).await.expect_fault(422, "takes_effect_on").to_string();
        assert!(again.contains("email, phone") && again.contains(plan["id"].as_str().unwrap()), "{again}");
        let away = json!({"takes_effect_on": day, "change": {"absent_from": day}});
        app.post(&admin, plans, away).await.expect(201);
        assert_eq!(chain(&app.get(&admin, &format!("{ROUTE}&on={day}")).await.expect(200))[0], "kiel-zentral");
        assert_eq!(chain(&app.get(&admin, ROUTE).await.expect(200))[0], "kiel-meldewesen");

        let desk = app.app.escalations.desk().clone();
        let round = || planned::round(&desk.db, &app.clock, &desk.sealer, &desk.settings.directory);
        round().await.unwrap();
        assert_eq!(app.get(&admin, "/api/v1/contacts/kiel-meldewesen").await.expect(200)["email"], "meldewesen@kiel.example.org");
        app.clock.advance(TimeDelta::days(7));
        let (one, two) = tokio::join!(round(), round());
        assert!(one.is_ok() && two.is_ok(), "{one:?} {two:?}");
        let contact = app.get(&admin, "/api/v1/contacts/kiel-meldewesen").await.expect(200);
        assert_eq!((&contact["email"], &contact["absent_from"]), (&json!("neu@kiel.example.org"), &json!(day)));
        let kept = app.get(&admin, "/api/v1/contacts/kiel-meldewesen/versions").await.expect(200);
        assert_eq!(kept["items"].as_array().unwrap().len(), 3, "{kept}");
        assert_eq!((&kept["items"][1]["reason"], &kept["items"][1]["by"]["kind"]), (&json!("Umzug"), &json!("token")));
        let over = app.get(&admin, plans).await.expect(200);
        assert!(over["items"].as_array().unwrap().iter().all(|plan| plan["state"] == "applied"), "{over}");
    }

    /// A plan can be taken back; one that no longer fits on its day is kept with what hindered it.
    async fn a_plan_can_be_withdrawn_or_fail(app) {
        let admin = app.token(Role::Admin, "").await;
        let day = today(&app) + Days::new(1);
        let plans = "/api/v1/contacts/kiel-meldewesen/planned";
        let plan = json!({"takes_effect_on": day, "change": {"name": "Meldewesen neu"}});
        let made = app.post(&admin, plans, plan).await.expect(201);
        let at = format!("{plans}/{}", made["id"].as_str().unwrap());
        app.send(&admin, "DELETE", &at, None, &[]).await.expect(204);
        app.send(&admin, "DELETE", &at, None, &[]).await.expect(409);
        app.send(&admin, "DELETE", &at.replace("meldewesen", "zentral"), None, &[]).await.expect(404);
        // Fits today, not on its day: the absence then ends before it begins.
        app.post(&admin, plans, json!({"takes_effect_on": day, "change": {"absent_until": day}})).await.expect(201);
        app.patch(&admin, "/api/v1/contacts/kiel-meldewesen", json!({"absent_from": day + Days::new(9)})).await.expect(200);
        app.clock.advance(TimeDelta::days(2));
        let desk = app.app.escalations.desk().clone();
        assert_eq!(planned::round(&desk.db, &app.clock, &desk.sealer, &desk.settings.directory).await.unwrap(), 1);
        let over = app.get(&admin, plans).await.expect(200);
        let failed = over["items"].as_array().unwrap().iter().find(|plan| plan["state"] == "failed").unwrap().clone();
        assert!(failed["outcome"].as_str().unwrap().contains("absent_until"), "{failed}");
        let contact = app.get(&admin, "/api/v1/contacts/kiel-meldewesen").await.expect(200);
        assert_eq!((&contact["name"], &contact["absent_until"]), (&json!("Kiel, Meldewesen"), &Value::Null));
        // Until somebody sees to it, it is a gap: until it is withdrawn, or planned again.
        let gaps = "/api/v1/gaps?kind=change_failed";
        let missing = app.get(&admin, gaps).await.expect(200)["items"].clone();
        assert_eq!((&missing[0]["contact"], &missing[0]["severity"], &missing[0]["since"]), (&json!("kiel-meldewesen"), &json!("soon"), &json!(day)), "{missing}");
        assert!(missing[0]["message"].as_str().unwrap().contains("absent_until"), "{missing}");
        let later = today(&app) + Days::new(20);
        let again = app.post(&admin, plans, json!({"takes_effect_on": later, "change": {"absent_until": later}})).await.expect(201);
        assert_eq!(app.get(&admin, gaps).await.expect(200)["items"], json!([]));
        app.send(&admin, "DELETE", &format!("{plans}/{}", again["id"].as_str().unwrap()), None, &[]).await.expect(204);
        assert_eq!(app.get(&admin, gaps).await.expect(200)["items"].as_array().unwrap().len(), 1);
        app.send(&admin, "DELETE", &format!("{plans}/{}", failed["id"].as_str().unwrap()), None, &[]).await.expect(204);
        assert_eq!(app.get(&admin, gaps).await.expect(200)["items"], json!([]));
    }
}

on_both! {
    /// What cannot be planned says why, by its field.
    async fn a_plan_is_judged_when_it_is_made(app: TestApp) {
        let mut app = app;
        let admin = app.token(Role::Admin, "").await;
        let plans = "/api/v1/contacts/kiel-meldewesen/planned";
        let (now, day) = (today(&app), today(&app) + Days::new(1));
        for (plan, field) in [
            (json!({"takes_effect_on": now, "change": {"phone": "1"}}), "takes_effect_on"),
            (json!({"takes_effect_on": day, "change": {}}), "change"),
            (json!({"takes_effect_on": day, "change": {"webhook": {"url": "https://a.example.org"}}}), "change.webhook"),
            (json!({"takes_effect_on": day, "change": {"version": 1}}), "change.version"),
            (json!({"takes_effect_on": day, "change": {"email": "kein"}}), "change.email"),
            (json!({"takes_effect_on": day, "change": {"deputy": "niemand"}}), "deputy"),
            (json!({"takes_effect_on": day, "change": {"phone": "1"}, "reason": ""}), "reason"),
        ] {
            app.post(&admin, plans, plan).await.expect_fault(422, field);
        }
        assert_eq!(app.get(&admin, plans).await.expect(200)["items"], json!([]));
        // An editor elsewhere finds neither the contact's plans nor its versions.
        let owned = json!({"id": "kiel-eigen", "name": "Kiel", "owner": "010020000000", "email": "e@kiel.example.org"});
        app.post(&admin, "/api/v1/contacts", owned).await.expect(201);
        let foreign = app.token(Role::DirectoryEditor, "03").await;
        app.get(&foreign, "/api/v1/contacts/kiel-eigen/planned").await.expect(404);
        app.get(&foreign, "/api/v1/contacts/kiel-eigen/versions").await.expect(404);
        let phone = json!({"takes_effect_on": day, "change": {"phone": "1"}});
        app.post(&foreign, "/api/v1/contacts/kiel-eigen/planned", phone).await.expect(404);
    }

    /// Nobody of an adoption is asked before it is live; a dry run can be asked as if it were.
    async fn only_live_adoptions_route(app: TestApp) {
        let mut app = app;
        let admin = app.token(Role::Admin, "").await;
        import(app.app.escalations.desk(), "[[adoption]]\nservice = \"wohnsitzanmeldung\"\nars = \"010030000000\"\nstate = \"ready\"\ncentral = [\"kiel-zentral\"]\nfunctional = [\"kiel-meldewesen\"]\n").await;
        let route = "/api/v1/route?service=wohnsitzanmeldung&ars=010030000000&kind=functional";
        assert_eq!(chain(&app.get(&admin, route).await.expect(200)), ["bereitschaft"]);
        let as_live = app.get(&admin, &format!("{route}&as_if_live=true")).await.expect(200);
        assert_eq!(chain(&as_live), ["kiel-meldewesen", "kiel-zentral", "bereitschaft"]);
    }
}
