//! Contacts that stay true: who is asked when, what a link does, who is told, and what of it shows in the gaps.
//!
//! Invariant: time moves only by the test's own clock, and nothing is asked but by a round. Not here: the days of the
//! schedule as a table (`schedule.rs`).

use std::time::Duration;

use chrono::TimeDelta;
use lotse::access::Role;
use lotse::clock::{Clock, Timestamp};
use lotse::directory::confirmation::round::{Done, round};
use serde_json::{Value, json};

use crate::support::app::{Kind, Reply, TestApp};
use crate::support::smtp::{Mail, Reaction, Stage};
use crate::support::wait::wait_for_some;

const OFFICE: &str = "meldewesen@kiel.example.org";
const LEAD: &str = "projekt@kiel.example.org";

/// Runs a test on both databases, with a clock that stands still in the morning of a Tuesday.
macro_rules! on_both {
    ($($(#[$doc:meta])* async fn $name:ident($app:ident: House) $body:block)*) => {$(
        $(#[$doc])*
        mod $name {
            #[allow(unused_imports)]
            use super::*;
            async fn run($app: House) $body
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() { run(House::new(Kind::Sqlite, "").await).await; }
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() { run(House::new(Kind::Postgres, "").await).await; }
        }
    )*};
}

/// Kiel with somebody who leads the project, and a contact that nobody has confirmed yet.
struct House {
    app: TestApp,
    editor: String,
}

impl House {
    async fn new(kind: Kind, settings: &str) -> Self {
        // Noon, so that no day is skipped where summer time begins on the way.
        let noon = chrono::Utc::now().date_naive().and_hms_opt(11, 0, 0).unwrap().and_utc();
        let clock = Clock::fixed(Timestamp::new(noon));
        let mut app = TestApp::start_with(kind, settings, clock).await;
        let editor = app.token(Role::Admin, "").await;
        app.import(&Self::kiel("")).await;
        Self { app, editor }
    }

    /// Kiel with a lead; `office` are more lines of the office's entry.
    fn kiel(office: &str) -> String {
        format!(
            "[[contact]]\nid = \"projekt\"\nname = \"Kiel, Projekt\"\nemail = \"{LEAD}\"\nconfirmed_on = {today}\nowner = \"01002\"\n\
             [[contact]]\nid = \"kiel-meldewesen\"\nname = \"Kiel, Meldewesen\"\nowner = \"01002\"\n{office}\n\
             [[adoption]]\nservice = \"wohnsitzanmeldung\"\nars = \"010020000000\"\nstate = \"live\"\n\
             central = [\"kiel-zentral\"]\nfunctional = [\"kiel-meldewesen\"]\nproject_lead = [\"projekt\"]\n",
            today = chrono::Utc::now().date_naive(),
        )
    }

    /// Everything that is due by now, done. The loop of the application is at it too; whoever is first does it.
    async fn round(&self) -> Done {
        wait_for_some("a whole round", Duration::from_secs(20), || async {
            let done = round(&self.app.app.confirmations).await.unwrap();
            (!done.waits).then_some(done)
        })
        .await
    }

    /// So many days later, with a round.
    async fn after(&self, days: i64) -> Done {
        self.app.clock.advance(TimeDelta::days(days));
        self.round().await
    }

    async fn state(&self, contact: &str) -> Value {
        self.app.get(&self.editor, &format!("/api/v1/contacts/{contact}/confirmation")).await.expect(200)
    }

    /// Why a contact was asked so far, in order.
    async fn asked(&self, contact: &str) -> Vec<String> {
        let state = self.state(contact).await;
        let asked = state["asked"].as_array().unwrap().iter().rev();
        asked.map(|one| one["occasion"].as_str().unwrap().to_owned()).collect()
    }

    /// The text of the latest mail to somebody, once there are so many.
    async fn mail(&self, to: &str, count: usize) -> String {
        let mails = wait_for_some(format!("{count} mails to {to}"), Duration::from_secs(20), || async {
            let mails = self.mails(to);
            (mails.len() >= count).then_some(mails)
        })
        .await;
        assert_eq!(mails.len(), count, "{mails:#?}");
        mails.last().cloned().unwrap()
    }

    fn mails(&self, to: &str) -> Vec<String> {
        self.app.smtp.received().iter().filter(|mail| mail.to == [to]).map(readable).collect()
    }

    async fn patch(&self, contact: &str, change: Value) -> Value {
        self.app.patch(&self.editor, &format!("/api/v1/contacts/{contact}"), change).await.expect(200)
    }

    /// Makes the office one that nobody has confirmed.
    async fn unconfirmed(&self) {
        self.patch("kiel-meldewesen", json!({"confirmed_on": null})).await;
    }

    async fn open(&self, link: &str) -> Reply {
        self.app.get("", link).await
    }

    async fn press(&self, link: &str, action: &str, form: &str) -> Reply {
        let typed = [("Content-Type", "application/x-www-form-urlencoded")];
        self.app.send("", "POST", &format!("{link}/{action}"), Some(form.to_owned()), &typed).await
    }

    /// Presses "Stimmt so" as it was shown.
    async fn confirm(&self, link: &str) -> Reply {
        let page = self.open(link).await;
        let (_, rest) = page.body.split_once("name=\"version\" value=\"").unwrap_or_else(|| panic!("{}", page.body));
        let version: String = rest.chars().take_while(char::is_ascii_digit).collect();
        self.press(link, "stimmt", &format!("version={version}")).await
    }

    async fn gaps(&self, query: &str) -> Vec<Value> {
        let found = self.app.get(&self.editor, &format!("/api/v1/gaps?{query}")).await.expect(200);
        found["items"].as_array().unwrap().clone()
    }
}

fn readable(mail: &Mail) -> String {
    let parsed = mail_parser::MessageParser::default().parse(&mail.data).unwrap();
    format!("{}\n{}", parsed.subject().unwrap_or_default(), parsed.body_text(0).unwrap()).replace("\r\n", "\n")
}

fn link(mail: &str) -> String {
    let (_, rest) = mail.split_once("/bestaetigung/").unwrap_or_else(|| panic!("no link: {mail}"));
    let secret: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).collect();
    format!("/bestaetigung/{secret}")
}

on_both! {
    /// A contact is asked at once, a look changes nothing, its button confirms, and that counts.
    async fn a_click_and_a_button_confirm(house: House) {
        assert_eq!(house.round().await, Done::default(), "who was confirmed today is asked nothing");
        house.unconfirmed().await;
        assert_eq!(house.state("kiel-meldewesen").await["state"], "unconfirmed");
        house.round().await;
        let mail = house.mail(OFFICE, 1).await;
        assert!(mail.starts_with("[Lotse] Stimmen Ihre Angaben?"), "{mail}");
        assert!(mail.contains("Fachliche Fragen: Elektronische Wohnsitzanmeldung (Kiel)"), "{mail}");
        assert!(mail.contains("Guten Tag Kiel, Meldewesen") && mail.contains("Hello Kiel, Meldewesen"), "{mail}");
        assert_eq!(mail.matches("/bestaetigung/").count(), 2, "{mail}");
        let link = link(&mail);
        let before = house.app.get(&house.editor, "/api/v1/contacts/kiel-meldewesen").await.expect(200);
        for path in [link.clone(), format!("{link}/stimmt"), format!("{link}/stimmt-nicht"), format!("{link}/abwesenheit")] {
            let page = house.open(&path).await;
            assert_eq!(page.status, 200);
            assert!(page.body.contains(OFFICE) && page.body.contains("Stimmt so"), "{}", page.body);
            assert_eq!(page.header("Referrer-Policy"), Some("same-origin"));
            assert_eq!(page.header("Cache-Control"), Some("no-store"));
            assert_eq!(house.app.send("", "HEAD", &path, None, &[]).await.status, 200);
        }
        assert_eq!(house.app.get(&house.editor, "/api/v1/contacts/kiel-meldewesen").await.expect(200), before);

        let done = house.confirm(&link).await;
        assert_eq!(done.status, 200, "{}", done.body);
        let until = (house.app.clock.now().day_in_berlin() + TimeDelta::days(180)).format("%d.%m.%Y").to_string();
        assert!(done.body.contains("Ihre Angaben sind bestätigt") && done.body.contains(&until), "{}", done.body);
        let after = house.app.get(&house.editor, "/api/v1/contacts/kiel-meldewesen").await.expect(200);
        assert_eq!(after["confirmed_on"], json!(house.app.clock.now().day_in_berlin()));
        assert_eq!(after["version"], json!(before["version"].as_i64().unwrap() + 1));
        let state = house.state("kiel-meldewesen").await;
        assert_eq!((&state["state"], &state["asked"][0]["answer"]), (&json!("confirmed"), &json!("confirmed")));
        let again = house.open(&link).await;
        assert_eq!(again.status, 410);
        assert!(again.body.contains("schon bestätigt") && again.body.contains(&until), "{}", again.body);
        assert_eq!(house.press(&link, "stimmt", "version=9").await.status, 410);
        // It stands in the log, as said by the holder of the link, and in the versions.
        let log = house.app.get(&house.editor, "/api/v1/audit?action=contact.confirmed").await.expect(200);
        assert_eq!((&log["items"][0]["actor"]["kind"], &log["items"][0]["actor"]["name"]), (&json!("link"), &json!("Kiel, Meldewesen")));
        assert!(log["items"][0]["address"].is_string(), "{log}");
        let versions = house.app.get(&house.editor, "/api/v1/contacts/kiel-meldewesen/versions").await.expect(200);
        assert!(versions["items"].to_string().contains("link"), "{versions}");
        assert_eq!(house.round().await, Done::default());
    }

    /// Three mails on their days, then the lead is told once; the contact is used only if nobody else is there.
    async fn reminders_come_on_their_days(house: House) {
        // Confirmed today; good for 180 days, stale on the 181st.
        for (days, asked) in [(159, 0), (1, 1), (6, 1), (1, 2), (6, 2), (1, 3), (6, 3)] {
            house.after(days).await;
            assert_eq!(house.asked("kiel-meldewesen").await.len(), asked, "after {days} more days");
            if asked > 0 {
                // The next one shall not overtake it.
                house.mail(OFFICE, asked).await;
            }
        }
        assert_eq!(house.asked("kiel-meldewesen").await, ["again", "reminder_1", "reminder_2"]);
        assert_eq!(house.state("kiel-meldewesen").await["state"], "due");
        let mail = house.mail(OFFICE, 3).await;
        assert!(mail.starts_with("[Lotse] Erinnerung: "), "{mail}");
        // The lead itself is confirmed again in time, by any of its mails.
        house.mail(LEAD, 3).await;
        let mails = house.mails(LEAD);
        house.patch("kiel-zentral", json!({"confirmed_on": house.app.clock.now().day_in_berlin()})).await;
        assert_eq!(house.confirm(&link(&mails[0])).await.status, 200);
        assert_eq!(house.open(&link(&mails[2])).await.status, 410, "one answer answers all that were asked");
        house.after(1).await;
        assert_eq!(house.state("kiel-meldewesen").await["state"], "stale");
        let told = house.mail(LEAD, 4).await;
        assert!(told.contains("Kiel, Meldewesen: zuletzt am") && told.contains("Was hilft: nachfragen"), "{told}");
        assert!(!told.contains("bestaetigung/"), "the link is the contact's alone: {told}");
        let gaps = house.gaps("kind=stale&contact=kiel-meldewesen").await;
        assert_eq!(gaps.len(), 1, "{gaps:?}");
        assert_eq!((&gaps[0]["severity"], &gaps[0]["since"]), (&json!("soon"), &json!(house.app.clock.now().day_in_berlin())));
        let route = house.app.get(&house.editor, "/api/v1/route?service=wohnsitzanmeldung&ars=010020000000&kind=functional").await.expect(200);
        assert!(!route["chain"].to_string().contains("kiel-meldewesen"), "{route}");
        assert!(route["skipped"].to_string().contains("zuletzt am"), "{route}");
        for _ in 0..5 {
            house.after(1).await;
        }
        house.mail(LEAD, 4).await;
        house.mail(OFFICE, 3).await;
        // The link is still good, and then everything is well again.
        assert_eq!(house.confirm(&link(&house.mails(OFFICE)[2])).await.status, 200);
        assert!(house.gaps("kind=stale&contact=kiel-meldewesen").await.is_empty());
    }

    /// A contact that never answers: asked, reminded twice, then the lead is told.
    async fn silence_is_told(house: House) {
        house.unconfirmed().await;
        for (days, asked) in [(0, 1), (6, 1), (1, 2), (6, 2), (1, 3), (6, 3)] {
            house.after(days).await;
            assert_eq!(house.asked("kiel-meldewesen").await.len(), asked, "after {days} more days");
        }
        assert_eq!(house.asked("kiel-meldewesen").await, ["first", "reminder_1", "reminder_2"]);
        assert!(house.mails(LEAD).is_empty());
        house.after(1).await;
        let told = house.mail(LEAD, 1).await;
        assert!(told.contains("Kontakt prüfen: Kiel, Meldewesen") && told.contains("dreimal gefragt"), "{told}");
        let gaps = house.gaps("kind=unconfirmed").await;
        assert_eq!(gaps[0]["contact"], "kiel-meldewesen");
        assert!(gaps[0]["remedy"].as_str().unwrap().starts_with("Den Kontakt bestätigen lassen"), "{gaps:?}");
        assert_eq!(house.after(3).await, Done::default());
    }

    /// Behind its link a contact chooses how often it is told; the link stays good, and nothing is confirmed by that.
    async fn a_contact_chooses_how_often_it_is_told(house: House) {
        house.unconfirmed().await;
        house.round().await;
        let link = link(&house.mail(OFFICE, 1).await);
        assert!(house.open(&link).await.body.contains("<dt>Hört von Neuigkeiten</dt><dd>sofort</dd>"));
        let wrong = house.press(&link, "neuigkeiten", "notify=daily&notify_at=25%3A00").await;
        assert!(wrong.status == 422 && wrong.body.contains("Zu täglich gehört eine Uhrzeit"), "{}", wrong.body);
        let chosen = house.press(&link, "neuigkeiten", "notify=daily&notify_at=06%3A15").await;
        assert!(chosen.status == 200 && chosen.body.contains("Sie hören täglich um 06:15 Uhr, Dringendes sofort von Neuigkeiten."), "{}", chosen.body);
        let contact = house.app.get(&house.editor, "/api/v1/contacts/kiel-meldewesen").await.expect(200);
        assert_eq!((&contact["notify"], &contact["confirmed_on"]), (&json!("daily 06:15"), &Value::Null));
        let kept = house.app.get(&house.editor, "/api/v1/contacts/kiel-meldewesen/versions").await.expect(200);
        assert_eq!((&kept["items"][0]["state"]["notify"], &kept["items"][0]["by"]["kind"]), (&json!("daily 06:15"), &json!("link")));
        assert_eq!(house.confirm(&link).await.status, 200);
    }

    /// A lead who is away, or cannot read it any more, is not the one who is told.
    async fn who_is_told_can_read_it(house: House) {
        let today = house.app.clock.now().day_in_berlin();
        house.patch("projekt", json!({"absent_from": today, "absent_until": today})).await;
        house.app.import("[[contact]]\nid = \"a\"\nname = \"Amt A\"\nconfirmed_on = 2020-01-01\n\
            [[adoption]]\nservice = \"wohnsitzanmeldung\"\nars = \"010020000000\"\nspecialist_procedure = [\"a\"]\n").await;
        house.round().await;
        let told = house.mail("zentral@kiel.example.org", 1).await;
        assert!(told.contains("Amt A"), "{told}");
        assert!(house.mails(LEAD).is_empty());
        // The next one is meant for the lead, who is written to once a day, and goes in between.
        house.patch("projekt", json!({"absent_from": null, "absent_until": null})).await;
        house.app.import("[[contact]]\nid = \"b\"\nname = \"Amt B\"\nconfirmed_on = 2020-01-01\n\
            [[adoption]]\nservice = \"wohnsitzanmeldung\"\nars = \"010020000000\"\ndata_protection = [\"b\"]\n").await;
        house.round().await;
        house.mail(LEAD, 1).await;
        house.app.import("[[contact]]\nid = \"c\"\nname = \"Amt C\"\nconfirmed_on = 2020-01-01\n\
            [[adoption]]\nservice = \"wohnsitzanmeldung\"\nars = \"010020000000\"\ndata_processor = [\"c\"]\n").await;
        house.round().await;
        house.patch("projekt", json!({"email": null})).await;
        house.round().await;
        house.after(1).await;
        let told = house.mail("zentral@kiel.example.org", 2).await;
        assert!(told.contains("Amt C"), "{told}");
        house.mail(LEAD, 1).await;
    }

    /// What several contacts need goes to the same person in one mail a day; without a lead the central contact hears it.
    async fn one_mail_a_day_tells_everything(house: House) {
        let file = "[[contact]]\nid = \"a\"\nname = \"Amt A\"\nconfirmed_on = 2020-01-01\n[[contact]]\nid = \"b\"\nname = \"Amt B\"\nconfirmed_on = 2020-01-01\n\
            [[adoption]]\nservice = \"wohnsitzanmeldung\"\nars = \"010020000000\"\nspecialist_procedure = [\"a\", \"b\"]\n";
        house.app.import(file).await;
        house.round().await;
        let told = house.mail(LEAD, 1).await;
        assert!(told.starts_with("[Lotse] 2 Kontakte prüfen") && told.contains("Amt A:") && told.contains("Amt B:"), "{told}");
        house.app.import("[[contact]]\nid = \"c\"\nname = \"Amt C\"\nconfirmed_on = 2020-01-01\n[[contact]]\nid = \"d\"\nname = \"Amt D\"\nconfirmed_on = 2020-01-01\n\
            [[adoption]]\nservice = \"wohnsitzanmeldung\"\nars = \"010020000000\"\ndata_protection = [\"c\", \"d\"]\n").await;
        assert_eq!(house.round().await.told, 0, "not twice a day");
        house.patch("d", json!({"confirmed_on": house.app.clock.now().day_in_berlin()})).await;
        house.after(1).await;
        let told = house.mail(LEAD, 2).await;
        assert!(told.starts_with("[Lotse] Kontakt prüfen: Amt C") && !told.contains("Amt D"), "what was put right is not told: {told}");
        // A deputy's lead is whoever leads where it stands in.
        house.app.import("[[contact]]\nid = \"e\"\nname = \"Amt E\"\nconfirmed_on = 2020-01-01\n").await;
        house.app.import("[[adoption]]\nservice = \"wohnsitzanmeldung\"\nars = \"010020000000\"\nproject_lead = []\n").await;
        house.patch("kiel-meldewesen", json!({"deputy": "e"})).await;
        house.round().await;
        let told = house.mail("zentral@kiel.example.org", 1).await;
        assert!(told.contains("Amt E:") && told.contains("Vertretung von Kiel, Meldewesen"), "{told}");
    }

    /// Whoever changes the address: the new one is asked, the old link is dead, the confirmation is gone.
    async fn a_new_address_is_asked_anew(house: House) {
        house.unconfirmed().await;
        house.round().await;
        let old = link(&house.mail(OFFICE, 1).await);
        assert_eq!(house.confirm(&old).await.status, 200);
        let changed = house.patch("kiel-meldewesen", json!({"email": "buero@kiel.example.org"})).await;
        assert_eq!(changed["confirmed_on"], Value::Null);
        house.round().await;
        let first = link(&house.mail("buero@kiel.example.org", 1).await);
        // Unless the same change says that it is confirmed.
        let today = house.app.clock.now().day_in_berlin();
        let change = json!({"email": "dritte@kiel.example.org", "confirmed_on": today});
        assert_eq!(house.patch("kiel-meldewesen", change).await["confirmed_on"], json!(today));
        let dead = house.open(&first).await;
        assert_eq!(dead.status, 410);
        assert_eq!(house.round().await, Done::default());
        // A file that names another address does the same.
        house.app.import("[[contact]]\nid = \"kiel-meldewesen\"\nname = \"Kiel, Meldewesen\"\nemail = \"vierte@kiel.example.org\"\n").await;
        house.round().await;
        let open = link(&house.mail("vierte@kiel.example.org", 1).await);
        house.patch("kiel-meldewesen", json!({"email": "fuenfte@kiel.example.org"})).await;
        let dead = house.open(&open).await;
        assert!(dead.status == 410 && dead.body.contains("inzwischen geändert"), "{}", dead.body);
        assert_eq!(house.press(&open, "stimmt-nicht", "said=x").await.status, 410);
    }

    /// "Stimmt nicht" goes to the lead at once, shows until somebody sees to it, and then the contact is asked again.
    async fn what_is_wrong_is_told_at_once(house: House) {
        house.unconfirmed().await;
        house.round().await;
        let link = link(&house.mail(OFFICE, 1).await);
        let empty = house.press(&link, "stimmt-nicht", "said=+").await;
        assert_eq!(empty.status, 422);
        assert!(empty.body.contains("Schreiben Sie, was nicht stimmt."), "{}", empty.body);
        // In English as well, and the forms keep the language.
        let english = house.open(&format!("{link}?lang=en")).await;
        let form = format!("action=\"{link}/stimmt-nicht?lang=en\"");
        for part in ["<html lang=\"en\">", ">Are your details right?</h1>", "<dt>Hears of news</dt><dd>at once</dd>", form.as_str()] {
            assert!(english.status == 200 && english.body.contains(part), "{part}: {}", english.body);
        }
        let empty = house.press(&link, "stimmt-nicht?lang=en", "said=+").await;
        assert!(empty.status == 422 && empty.body.contains("<html lang=\"en\">"), "{}", empty.body);
        assert!(empty.body.contains("Write what is wrong."), "{}", empty.body);
        let said = "said=Wir+sind+nicht+mehr+zust%C3%A4ndig.%0D%0AFragen+Sie+%3Cb%3Edas+Ordnungsamt%3C%2Fb%3E.";
        let done = house.press(&link, "stimmt-nicht", said).await;
        assert!(done.status == 200 && done.body.contains("Hinweis ist angekommen"), "{}", done.body);
        let told = house.mail(LEAD, 1).await;
        assert!(told.contains("„Wir sind nicht mehr zuständig.\nFragen Sie <b>das Ordnungsamt</b>.“"), "{told}");
        let state = house.state("kiel-meldewesen").await;
        assert_eq!((&state["state"], &state["asked"][0]["answer"]), (&json!("disputed"), &json!("disputed")));
        assert!(state["dispute"]["said"].as_str().unwrap().contains("Ordnungsamt"), "{state}");
        assert_eq!(house.gaps("kind=disputed").await.len(), 1);
        assert_eq!(house.press(&link, "stimmt-nicht", "said=noch+mal").await.status, 410);
        let dead = house.open(&format!("{link}?lang=en")).await;
        assert!(dead.status == 410 && dead.body.contains("Your message has arrived already"), "{}", dead.body);
        assert_eq!(house.after(30).await, Done::default(), "nothing is asked meanwhile");
        let log = house.app.get(&house.editor, "/api/v1/audit?action=contact.disputed").await.expect(200);
        assert!(!log.to_string().contains("Ordnungsamt") && log["items"].as_array().unwrap().len() == 1, "{log}");
        house.patch("kiel-meldewesen", json!({"phone": "0431 901-0"})).await;
        assert!(house.gaps("kind=disputed").await.is_empty());
        house.round().await;
        let again = house.mail(OFFICE, 2).await;
        assert!(again.starts_with("[Lotse] Stimmen Ihre Angaben?"), "{again}");
    }

    /// An absence by the link: with its days, a deputy of the same region, and no confirmation by the way.
    async fn an_absence_is_entered_by_the_link(house: House) {
        house.unconfirmed().await;
        house.round().await;
        let link = link(&house.mail(OFFICE, 1).await);
        let page = house.open(&link).await.body;
        assert!(page.contains("<option value=\"projekt\">Kiel, Projekt</option>") && !page.contains("value=\"technik\""), "{page}");
        let day = |days: i64| (house.app.clock.now().day_in_berlin() + TimeDelta::days(days)).to_string();
        let form = |from: &str, until: &str, more: &str| format!("absent_from={from}&absent_until={until}{more}");
        for (form, said) in [
            (form(&day(3), "", ""), "Der letzte Tag fehlt noch."),
            (form("", &day(3), ""), "Der erste Tag fehlt noch."),
            (form(&day(5), &day(3), ""), "Der letzte Tag liegt vor dem ersten."),
            (form("gestern", &day(3), ""), "Das ist kein Tag."),
            (form(&day(-9), &day(-3), ""), "Dieser Tag ist schon vorbei."),
            (form(&day(1), &day(3), "&deputy=technik"), "Wählen Sie jemanden aus der Liste."),
        ] {
            let answer = house.press(&link, "abwesenheit", &form).await;
            assert!(answer.status == 422 && answer.body.contains(said), "{said}: {}", answer.body);
        }
        let done = house.press(&link, "abwesenheit", &form(&day(1), &day(9), "&deputy=projekt")).await;
        assert!(done.status == 200 && done.body.contains("Abwesenheit eingetragen"), "{}", done.body);
        let contact = house.app.get(&house.editor, "/api/v1/contacts/kiel-meldewesen").await.expect(200);
        assert_eq!((&contact["absent_from"], &contact["absent_until"], &contact["deputy"], &contact["confirmed_on"]),
            (&json!(day(1)), &json!(day(9)), &json!("projekt"), &Value::Null));
        assert_eq!(house.state("kiel-meldewesen").await["state"], "unconfirmed");
        // The deputy is away in the same days: refused here, as over the API.
        house.patch("projekt", json!({"absent_from": day(1), "absent_until": day(20)})).await;
        let refused = house.press(&link, "abwesenheit", &form(&day(2), &day(8), "")).await;
        assert!(refused.status == 422 && refused.body.contains("in derselben Zeit abwesend"), "{}", refused.body);
        let path = "/api/v1/contacts/kiel-meldewesen";
        let clash = house.app.patch(&house.editor, path, json!({"absent_from": day(2)})).await.expect_fault(422, "deputy");
        assert!(clash.to_string().contains(&day(20)) && clash.to_string().contains(&day(2)), "both spans are named: {clash}");
        // Away for a part of it: a gap, no fault.
        house.patch("projekt", json!({"absent_until": day(4)})).await;
        let gaps = house.gaps("kind=deputy_unavailable").await;
        assert!(gaps[0]["message"].as_str().unwrap().contains("ist aber selbst abwesend"), "{gaps:?}");
        // In words, for somebody who is not on record; and no absence at all.
        let words = house.press(&link, "abwesenheit", &form(&day(10), &day(12), "&deputy_in_words=Frau+Petersen%2C+Ordnungsamt")).await;
        assert!(words.body.contains("Wer Sie vertritt, geht an die Stelle"), "{}", words.body);
        assert!(house.mail(LEAD, 1).await.contains("„Frau Petersen, Ordnungsamt“"));
        let none = house.press(&link, "abwesenheit", "").await;
        assert!(none.body.contains("Abwesenheit ausgetragen"), "{}", none.body);
        assert_eq!(house.confirm(&link).await.status, 200, "the link was good all the time");
    }

    /// Links that open nothing say what to do; and a form from elsewhere does nothing.
    async fn a_dead_link_says_what_to_do(house: House) {
        house.unconfirmed().await;
        house.round().await;
        let link = link(&house.mail(OFFICE, 1).await);
        let unknown = house.open(&format!("/bestaetigung/{}", "A".repeat(43))).await;
        assert!(unknown.status == 404 && unknown.body.contains("Diesen Link gibt es nicht"), "{}", unknown.body);
        assert_eq!(house.open(&format!("{link}/anderes")).await.status, 404);
        assert_eq!(house.app.send("", "POST", &link, Some(String::new()), &[]).await.status, 405);
        let foreign = [("Content-Type", "application/x-www-form-urlencoded"), ("Sec-Fetch-Site", "cross-site")];
        let refused = house.app.send("", "POST", &format!("{link}/stimmt"), Some("version=3".into()), &foreign).await;
        assert_eq!(refused.status, 403);
        // What was shown is what is confirmed.
        let page = house.open(&link).await;
        house.patch("kiel-meldewesen", json!({"phone": "0431 1"})).await;
        let (_, rest) = page.body.split_once("name=\"version\" value=\"").unwrap();
        let shown: String = rest.chars().take_while(char::is_ascii_digit).collect();
        let moved = house.press(&link, "stimmt", &format!("version={shown}")).await;
        assert!(moved.status == 409 && moved.body.contains("0431 1") && moved.body.contains("wurden eben geändert"), "{}", moved.body);
        assert_eq!(house.state("kiel-meldewesen").await["state"], "unconfirmed");
        for form in ["", "version=x", "unbekannt=1"] {
            assert!(house.press(&link, "stimmt", form).await.status >= 400, "{form}");
        }
        house.app.clock.advance(TimeDelta::days(60) - TimeDelta::seconds(1));
        assert_eq!(house.open(&link).await.status, 200);
        house.app.clock.advance(TimeDelta::seconds(1));
        let over = house.open(&link).await;
        assert!(over.status == 410 && over.body.contains("Seine Zeit ist abgelaufen"), "{}", over.body);
        assert_eq!(house.press(&link, "stimmt", &format!("version={shown}")).await.status, 410);
        house.app.send(&house.editor, "DELETE", "/api/v1/contacts/kiel-meldewesen", None, &[]).await.expect(204);
        assert_eq!(house.open(&link).await.status, 404, "who was ended is nobody's link any more");
    }

    /// Nobody who has the database has a link.
    async fn no_link_is_stored(house: House) {
        use diesel::prelude::*;
        use lotse::db::schema::{confirmation_requests, outbox};
        house.unconfirmed().await;
        house.round().await;
        let link = link(&house.mail(OFFICE, 1).await);
        let secret = link.trim_start_matches("/bestaetigung/").to_owned();
        let stored = house.app.app.db.read(|conn| {
            let mut all: Vec<Vec<u8>> = confirmation_requests::table.select(confirmation_requests::hash).load(conn)?;
            all.extend(outbox::table.select(outbox::content).load::<Vec<u8>>(conn)?);
            Ok(all)
        });
        let stored = stored.await.unwrap();
        assert!(stored.len() >= 2);
        assert!(!stored.iter().any(|bytes| bytes.windows(secret.len()).any(|part| part == secret.as_bytes())));
    }

    /// An editor asks; at most once an hour, and only who can answer.
    async fn an_editor_asks_now(house: House) {
        let mut house = house;
        let path = "/api/v1/contacts/kiel-meldewesen/confirmation";
        let asked = house.app.post(&house.editor, path, json!({})).await.expect(200);
        assert_eq!((&asked["state"], &asked["asked"][0]["occasion"]), (&json!("confirmed"), &json!("asked")));
        assert!(house.mail(OFFICE, 1).await.starts_with("[Lotse] Stimmen Ihre Angaben noch?"));
        assert_eq!(house.app.post(&house.editor, path, json!({})).await.status, 409);
        house.app.clock.advance(TimeDelta::minutes(61));
        house.app.post(&house.editor, path, json!({})).await.expect(200);
        house.mail(OFFICE, 2).await;
        let none = house.app.post(&house.editor, "/api/v1/contacts/nur-webhook/confirmation", json!({})).await;
        assert!(none.status == 409 && none.body.contains("no mail address"), "{}", none.body);
        assert_eq!(house.app.post(&house.editor, "/api/v1/contacts/niemand/confirmation", json!({})).await.status, 404);
        let log = house.app.get(&house.editor, "/api/v1/audit?action=contact.asked").await.expect(200);
        assert_eq!(log["items"].as_array().unwrap().len(), 2);
        let other = house.app.token(Role::DirectoryEditor, "02").await;
        assert_eq!(house.app.post(&other, path, json!({})).await.status, 404);
        assert_eq!(house.app.get(&other, path).await.status, 404);
    }

    /// Mail that comes back: nothing more is sent there, and the lead is told.
    async fn a_bounce_is_told(house: House) {
        house.app.smtp.on(Stage::Rcpt, Reaction::Reply(550, "no such user")).when_recipient("weg@kiel.example.org");
        house.patch("kiel-meldewesen", json!({"email": "weg@kiel.example.org"})).await;
        house.round().await;
        house.app.wait_until(&house.editor, "/api/v1/contacts/kiel-meldewesen", "a bounce", |c| c["bounced"].is_string()).await;
        house.after(0).await;
        let told = house.mail(LEAD, 1).await;
        assert!(told.contains("Mail kommt seit dem") && told.contains("die Adresse berichtigen"), "{told}");
        assert_eq!(house.gaps("kind=bounced").await[0]["severity"], "blocks");
        house.after(20).await;
        assert_eq!(house.asked("kiel-meldewesen").await, ["first"]);
        house.patch("kiel-meldewesen", json!({"email": OFFICE})).await;
        house.round().await;
        house.mail(OFFICE, 1).await;
    }
}

/// A few contacts that nobody has confirmed, as a file.
fn many(count: usize) -> String {
    let one = |n| {
        format!("[[contact]]\nid = \"amt-{n:02}\"\nname = \"Amt {n:02}\"\nemail = \"amt-{n:02}@kiel.example.org\"\n")
    };
    (0..count).map(one).collect()
}

/// A large import floods nobody: so many a minute, those that wait longest first, and nobody is forgotten.
async fn flood(kind: Kind) {
    let house = House::new(kind, "[directory]\nconfirmations_per_minute = 3\n").await;
    house.app.import(&many(8)).await;
    let asked = || house.app.smtp.received().iter().filter(|mail| mail.to[0].starts_with("amt-")).count();
    for wanted in [3, 6, 8] {
        // Twice, because the loop of the application may hold the right to ask.
        for _ in 0..2 {
            round(&house.app.app.confirmations).await.unwrap();
        }
        wait_for_some(format!("{wanted} mails"), Duration::from_secs(20), || async {
            (asked() >= wanted).then_some(())
        })
        .await;
        assert_eq!(round(&house.app.app.confirmations).await.unwrap().asked, 0);
        assert_eq!(asked(), wanted);
        house.app.clock.advance(TimeDelta::minutes(1));
    }
    let mut to: Vec<String> = house.app.smtp.received().iter().map(|mail| mail.to[0].clone()).collect();
    to.retain(|to| to.starts_with("amt-"));
    to.sort();
    to.dedup();
    assert_eq!(to.len(), 8, "each once: {to:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_import_floods_nobody_on_sqlite() {
    flood(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_import_floods_nobody_on_postgres() {
    flood(Kind::Postgres).await;
}

/// Two instances and more rounds at once ask and tell each once.
async fn twins(kind: Kind) {
    let house = House::new(kind, "").await;
    let second = house.app.second_instance().await;
    house.app.import(&many(30)).await;
    house
        .app
        .import(
            "[[contact]]\nid = \"a\"\nname = \"Amt A\"\nconfirmed_on = 2020-01-01\n\
        [[adoption]]\nservice = \"wohnsitzanmeldung\"\nars = \"010020000000\"\nspecialist_procedure = [\"a\"]\n",
        )
        .await;
    let rounds = (0..6).map(|n| round(if n % 2 == 0 { &house.app.app.confirmations } else { &second.confirmations }));
    for done in futures_util::future::join_all(rounds).await {
        done.unwrap();
    }
    house.round().await;
    let to = |prefix: &str| house.app.smtp.received().iter().filter(|mail| mail.to[0].starts_with(prefix)).count();
    wait_for_some("a mail to each", Duration::from_secs(20), || async {
        (to("amt-") >= 30 && to(LEAD) >= 1).then_some(())
    })
    .await;
    // Whatever would come twice is in the outbox by now, and a later mail has overtaken it.
    house.unconfirmed().await;
    house.round().await;
    house.mail(OFFICE, 1).await;
    assert_eq!((to("amt-"), to(LEAD)), (30, 1));
    for n in 0..30 {
        assert_eq!(house.asked(&format!("amt-{n:02}")).await, ["first"]);
    }
    assert!(second.stop().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_instances_ask_once_on_sqlite() {
    twins(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_instances_ask_once_on_postgres() {
    twins(Kind::Postgres).await;
}

/// A file brings a contact; only what serves asks it, and at once.
async fn import_then_serve(kind: Kind) {
    let house = House::new(kind, "").await;
    house.app.import(&many(1)).await;
    // No round by hand: the loop was woken.
    house.mail("amt-00@kiel.example.org", 1).await;
    let new = json!({"id": "neu", "name": "Neue Stelle", "email": "neu@kiel.example.org"});
    house.app.post(&house.editor, "/api/v1/contacts", new).await.expect(201);
    house.mail("neu@kiel.example.org", 1).await;
    for (id, more) in [("spaeter", json!({"valid_from": "2999-01-01"})), ("frueher", json!({"valid_to": "2001-01-01"}))]
    {
        let mut new = json!({"id": id, "name": id, "email": format!("{id}@kiel.example.org")});
        new.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        house.app.post(&house.editor, "/api/v1/contacts", new).await.expect(201);
    }
    assert_eq!(house.round().await, Done::default());
    assert!(house.mails("spaeter@kiel.example.org").is_empty() && house.mails("frueher@kiel.example.org").is_empty());
    let metrics = house.app.get(&house.editor, "/metrics").await.body;
    assert!(
        metrics.contains("lotse_contacts_unconfirmed 2\n") && metrics.contains("lotse_contacts_stale 0\n"),
        "{metrics}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_serves_asks_by_itself_on_sqlite() {
    import_then_serve(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_serves_asks_by_itself_on_postgres() {
    import_then_serve(Kind::Postgres).await;
}

on_both! {
    /// What is missing at all, with how bad it is, what helps and since when; in pages and as a table.
    async fn gaps_say_what_helps(house: House) {
        let mut house = house;
        let kinds = |gaps: &[Value]| -> Vec<String> {
            gaps.iter().map(|gap| gap["kind"].as_str().unwrap().to_owned()).collect()
        };
        let all = house.gaps("").await;
        for kind in ["no_specialist_procedure", "no_data_protection", "no_data_processor", "emergency_in_hours_only", "emergency_without_phone"] {
            assert!(kinds(&all).contains(&kind.to_owned()), "{kind}: {all:#?}");
        }
        assert!(!kinds(&all).contains(&"no_project_lead".to_owned()) && !kinds(&all).contains(&"no_emergency".to_owned()), "{all:#?}");
        for gap in &all {
            assert!(!gap["remedy"].as_str().unwrap().is_empty() && ["blocks", "soon", "note"].contains(&gap["severity"].as_str().unwrap()), "{gap}");
        }
        // Hours and a number for the emergency contact; hours that nobody understands are refused.
        let path = "/api/v1/contacts/bereitschaft";
        house.app.patch(&house.editor, path, json!({"hours": "immer"})).await.expect_fault(422, "hours");
        let changed = house.patch("bereitschaft", json!({"hours": "Mo-Fr 08:00-18:00", "phone": "+49 431 0"})).await;
        assert_eq!(changed["hours"], "Mo-Fr 08:00-18:00");
        assert_eq!(kinds(&house.gaps("kind=emergency_in_hours_only").await), ["emergency_in_hours_only"]);
        assert!(house.gaps("kind=emergency_without_phone").await.is_empty());
        // Whoever stands in counts too.
        house.patch("projekt", json!({"hours": "24/7"})).await;
        house.patch("bereitschaft", json!({"deputy": "projekt"})).await;
        assert!(house.gaps("kind=emergency_in_hours_only").await.is_empty());
        house.patch("bereitschaft", json!({"deputy": null})).await;
        assert_eq!(house.gaps("kind=emergency_in_hours_only").await.len(), 1);
        house.app.import("[[contact]]\nid = \"bereitschaft\"\nname = \"Dataport Bereitschaft\"\nhours = \"24/7\"\n").await;
        assert!(house.gaps("kind=emergency_in_hours_only").await.is_empty());
        assert_eq!(house.app.get(&house.editor, path).await.expect(200)["hours"], "24/7");
        // Absence without a deputy: coming, then now.
        let day = |days: i64| (house.app.clock.now().day_in_berlin() + TimeDelta::days(days)).to_string();
        house.patch("kiel-meldewesen", json!({"absent_from": day(2), "absent_until": day(5)})).await;
        let coming = house.gaps("kind=absent_without_deputy").await;
        assert_eq!((&coming[0]["severity"], &coming[0]["since"]), (&json!("soon"), &json!(day(2))));
        house.patch("kiel-meldewesen", json!({"absent_from": day(0)})).await;
        assert_eq!(house.gaps("kind=absent_without_deputy").await[0]["severity"], "blocks");
        let outside = house.app.patch(&house.editor, "/api/v1/contacts/kiel-meldewesen", json!({"valid_to": day(-1)})).await;
        let outside = outside.expect_fault(422, "absent_from").to_string();
        assert!(outside.contains(&day(5)) && outside.contains(&day(-1)), "both spans are named: {outside}");
        // A deputy who cannot stand in.
        house.patch("kiel-meldewesen", json!({"absent_from": null, "absent_until": null, "deputy": "projekt"})).await;
        house.app.send(&house.editor, "DELETE", "/api/v1/contacts/projekt", None, &[]).await.expect(204);
        let deputy = house.gaps("contact=kiel-meldewesen").await;
        assert_eq!(kinds(&deputy), ["deputy_unavailable"]);
        assert!(deputy[0]["message"].as_str().unwrap().contains("nicht mehr zuständig"), "{deputy:?}");
        let ended = house.gaps("contact=projekt").await;
        assert_eq!((&ended[0]["kind"], &ended[0]["since"]), (&json!("unreachable"), &json!(day(0))));

        // Filters, pages and the table.
        let whole = house.gaps("").await;
        assert!(house.gaps("severity=blocks").await.len() < whole.len());
        assert!(house.gaps("ars=02").await.is_empty());
        let (mut paged, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = house.app.get(&house.editor, &format!("/api/v1/gaps?limit=2{cursor}")).await.expect(200);
            paged.extend(page["items"].as_array().unwrap().clone());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(paged, whole);
        house.app.get(&house.editor, "/api/v1/gaps?limit=201").await.expect_fault(422, "limit");
        house.app.get(&house.editor, "/api/v1/gaps?kind=unsinn").await.expect_fault(422, "kind");
        let table = house.app.get(&house.editor, "/api/v1/gaps.csv?severity=blocks").await;
        assert_eq!(table.header("Content-Type"), Some("text/csv; charset=utf-8"));
        assert!(table.header("Content-Disposition").unwrap().contains("luecken.csv"));
        assert!(table.body.starts_with("service,ars,municipality,kind,contact,message,severity,remedy,since\n"), "{}", table.body);
        assert_eq!(table.body.lines().count(), house.gaps("severity=blocks").await.len() + 1);
        let accepted = house.app.send(&house.editor, "GET", "/api/v1/gaps?severity=blocks", None, &[("Accept", "text/csv")]).await;
        assert_eq!(accepted.body, table.body);
        let elsewhere = house.app.token(Role::DirectoryEditor, "02").await;
        assert_eq!(house.app.get(&elsewhere, "/api/v1/gaps").await.expect(200)["items"], json!([]));
        assert_eq!(house.app.get(&elsewhere, "/api/v1/gaps.csv").await.body.lines().count(), 1);
    }
}

/// Contacts are asked while people are at work: not on a weekend, and then on the first working day.
async fn nobody_is_asked_on_a_weekend(kind: Kind) {
    use chrono::Datelike;
    let house = House::new(kind, "[directory]\nconfirm_between = \"07:00-19:00\"\n").await;
    let weekday = || house.app.clock.now().day_in_berlin().weekday().num_days_from_monday();
    while weekday() != 5 {
        house.app.clock.advance(TimeDelta::days(1));
    }
    house.unconfirmed().await;
    assert_eq!((house.round().await.asked, house.after(1).await.asked), (0, 0), "Saturday and Sunday");
    assert!(house.mails(OFFICE).is_empty());
    wait_for_some("a working day", Duration::from_secs(20), || async {
        house.after(1).await;
        (!house.asked("kiel-meldewesen").await.is_empty()).then_some(())
    })
    .await;
    assert!(weekday() < 5);
    house.mail(OFFICE, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_asked_on_a_weekend_on_sqlite() {
    nobody_is_asked_on_a_weekend(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_asked_on_a_weekend_on_postgres() {
    nobody_is_asked_on_a_weekend(Kind::Postgres).await;
}
