//! Central contacts are told as often as they chose, each in its own turn, and once.
//!
//! Invariant: time moves only by the test's own clock. Not here: the rules as tables (`rhythm.rs`, `when.rs`).

use std::time::Duration;

use chrono::{NaiveTime, TimeDelta};
use lotse::access::Role;
use lotse::clock::{Clock, Timestamp};
use lotse::tickets::Desk;
use lotse::tickets::notice::{self, NoticeKind};
use serde_json::{Value, json};

use crate::support::app::{Kind, TestApp, a_ticket};
use crate::support::wait::wait_for_some;

const KIEL: &str = "zentral@kiel.example.org";
const LUEBECK: &str = "zentral@luebeck.example.org";
const MINUTE: (&str, &str) = ("notice_interval = \"1ms\"", "notice_interval = \"1m\"");

/// A time of today on the wall in Berlin.
fn berlin(time: &str) -> Timestamp {
    let today = Timestamp::new(chrono::Utc::now()).day_in_berlin();
    let wall = today.and_time(time.parse::<NaiveTime>().unwrap()).and_local_timezone(chrono_tz::Europe::Berlin);
    Timestamp::new(wall.earliest().unwrap().to_utc())
}

/// Kiel and Lübeck, each with a central contact.
struct Two {
    app: TestApp,
    admin: String,
}

impl Two {
    async fn new(kind: Kind, changes: &[(&str, &str)], time: &str) -> Self {
        let mut app = TestApp::start_changed(kind, "", changes, Clock::fixed(berlin(time))).await;
        let admin = app.token(Role::Admin, "").await;
        app.agent().await;
        app.import(&format!(
            "[[contact]]\nid = \"luebeck-zentral\"\nname = \"Lübeck, zentrale Stelle\"\nemail = \"{LUEBECK}\"\nconfirmed_on = {today}\n\
             [[adoption]]\nservice = \"wohnsitzanmeldung\"\nars = \"010030000000\"\nstate = \"live\"\ncentral = [\"luebeck-zentral\"]\n",
            today = chrono::Utc::now().date_naive(),
        ))
        .await;
        Self { app, admin }
    }

    fn desk(&self) -> &Desk {
        self.app.app.escalations.desk()
    }

    async fn submit(&mut self, ars: &str) -> Value {
        let agent = self.app.agent().await;
        let mut ticket = a_ticket();
        ticket["ars"] = ars.into();
        self.app.post(&agent, "/api/v1/tickets", ticket).await.expect(201)
    }

    async fn kiel(&mut self) -> String {
        self.submit("010020000000").await["number"].as_str().unwrap().to_owned()
    }

    async fn luebeck(&mut self) -> String {
        self.submit("010030000000").await["number"].as_str().unwrap().to_owned()
    }

    async fn choose(&self, notify: &str) {
        self.patch(json!({"notify": notify})).await;
    }

    async fn patch(&self, change: Value) {
        self.app.patch(&self.admin, "/api/v1/contacts/kiel-zentral", change).await.expect(200);
    }

    fn mails(&self, to: &str) -> Vec<(String, String, String)> {
        let mails = self.app.smtp.received().into_iter().filter(|mail| mail.to == [to]);
        mails
            .map(|mail| {
                let parsed = mail_parser::MessageParser::default().parse(&mail.data).unwrap();
                let text = parsed.body_text(0).unwrap().replace("\r\n", "\n");
                let html = parsed.body_html(0).unwrap().into_owned();
                (parsed.subject().unwrap_or_default().to_owned(), text, html)
            })
            .collect()
    }

    /// The latest mail to somebody, once there are so many and no more.
    async fn mail(&self, to: &str, count: usize) -> (String, String, String) {
        let mails = wait_for_some(format!("{count} mails to {to}"), Duration::from_secs(20), || async {
            let mails = self.mails(to);
            (mails.len() >= count).then_some(mails)
        })
        .await;
        assert_eq!(mails.len(), count, "{mails:#?}");
        mails.last().cloned().unwrap()
    }

    /// Several whole rounds bring nothing more: so many mails to somebody, and none on its way.
    async fn stays_at(&self, to: &str, count: usize) {
        for _ in 0..3 {
            notice::tell(self.desk()).await.unwrap();
        }
        self.settled().await;
        let mails = self.mails(to);
        assert_eq!(mails.len(), count, "{mails:#?}");
    }

    /// Until the outbox is empty.
    async fn settled(&self) {
        let db = self.desk().db.clone();
        let now = self.app.clock.now();
        wait_for_some("an empty outbox", Duration::from_secs(20), || async {
            let waits = db.read(move |conn| lotse::delivery::queue_state(conn, now)).await.unwrap().pending;
            (waits == 0).then_some(())
        })
        .await;
    }

    fn later(&self, by: TimeDelta) {
        self.app.clock.advance(by);
    }
}

/// Runs a test on both databases, with the clock at a time of today in Berlin and some settings changed.
macro_rules! on_both {
    ($($(#[$doc:meta])* async fn $name:ident($two:ident: Two, $time:literal, $changes:expr) $body:block)*) => {$(
        $(#[$doc])*
        mod $name {
            use super::*;
            #[allow(unused_mut)]
            async fn run(mut $two: Two) $body
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() { run(Two::new(Kind::Sqlite, $changes, $time).await).await; }
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() { run(Two::new(Kind::Postgres, $changes, $time).await).await; }
        }
    )*};
}

on_both! {
    /// However much waits for one, the others are told at once; and the one hears it collapsed.
    async fn a_flood_for_one_keeps_nobody_waiting(two: Two, "10:00:00", &[MINUTE]) {
        let number = two.kiel().await;
        two.mail(KIEL, 1).await;
        let central = two.app.central().await;
        let found = two.app.get(&central, &format!("/api/v1/tickets/{number}")).await.expect(200);
        let id = found["id"].as_str().unwrap().parse().unwrap();
        let flood = move |tx: &mut lotse::db::Tx| {
            let now = berlin("10:00:00");
            let ticket = lotse::tickets::by_id(tx, id)?;
            for _ in 0..1_200 {
                notice::add(tx, &ticket, NoticeKind::EscalationAsked, "", now)?;
            }
            Ok(())
        };
        two.desk().db.write(flood).await.unwrap();
        let other = two.luebeck().await;
        let (subject, text, _) = two.mail(LUEBECK, 1).await;
        assert!(subject.contains(&other) && text.contains("Lübeck, Hansestadt"), "{subject}\n{text}");
        two.stays_at(KIEL, 1).await;
        two.later(TimeDelta::minutes(1));
        let (subject, text, _) = two.mail(KIEL, 2).await;
        assert_eq!(subject, format!("[Lotse] {number}: 1000 Neuigkeiten"));
        assert!(text.contains("1000 × der 2nd Level hat eine Rückfrage"), "{text}");
        two.stays_at(KIEL, 2).await;
        two.later(TimeDelta::minutes(1));
        assert!(two.mail(KIEL, 3).await.0.ends_with(": 200 Neuigkeiten"));
    }

    /// Daily: what gathered comes at its time, what is due first on top, and nothing of the citizen.
    async fn daily_means_once_a_day(two: Two, "06:00:00", &[MINUTE]) {
        two.choose("daily 07:30").await;
        let (late, early) = (two.kiel().await, two.kiel().await);
        let central = two.app.central().await;
        two.app.post(&central, &format!("/api/v1/tickets/{early}/priority"), json!({"priority": "P2"})).await.expect(200);
        two.later(TimeDelta::minutes(30));
        let ended = two.kiel().await;
        two.app.post(&central, &format!("/api/v1/tickets/{ended}/claim"), json!({})).await.expect(200);
        two.app.post(&central, &format!("/api/v1/tickets/{ended}/answer"), json!({"text": "Geklärt."})).await.expect(200);
        two.luebeck().await;
        two.mail(LUEBECK, 1).await;
        two.stays_at(KIEL, 0).await;
        two.later(TimeDelta::minutes(59));
        two.stays_at(KIEL, 0).await;
        two.later(TimeDelta::minutes(1));
        let (subject, text, html) = two.mail(KIEL, 1).await;
        assert_eq!(subject, "[Lotse] 3 Anfragen brauchen Sie");
        let places: Vec<usize> = [&late, &early, &ended].iter().map(|number| text.find(&format!("- {number}")).unwrap()).collect();
        assert!(places[0] < places[1] && places[1] < places[2], "what is over stands last: {text}");
        assert!(text.contains(&format!("{ended} · P3 · inzwischen beantwortet")) && text.contains("fällig bis "), "{text}");
        for said in ["Elektronische Wohnsitzanmeldung, Kiel, Landeshauptstadt", "neu eingegangen (", "täglich um 07:30 Uhr", "Sofort, stündlich oder täglich?", &format!("/anfragen/{late}\n")] {
            assert!(text.contains(said), "{said}: {text}");
        }
        assert!(html.contains(&format!("/anfragen/{late}\">")) && html.contains("<strong>"), "{html}");
        for secret in ["Erika", "Mustermann", "Fehler 500", "BundID", "Firefox"] {
            assert!(!format!("{subject}{text}{html}").contains(secret), "{secret} is the citizen's: {text}");
        }
        // What comes after the time waits for the next day.
        let next = two.kiel().await;
        two.later(TimeDelta::hours(12));
        two.stays_at(KIEL, 1).await;
        two.later(TimeDelta::hours(13));
        let (subject, text, _) = two.mail(KIEL, 2).await;
        assert!(text.contains(&format!("- {next} ")) && text.contains("überfällig seit "), "{subject}\n{text}");
    }

    /// Hourly: at the full hour, and back to at once when that is chosen.
    async fn hourly_means_at_the_full_hour(two: Two, "10:20:00", &[MINUTE]) {
        two.choose("hourly").await;
        let number = two.kiel().await;
        two.later(TimeDelta::minutes(39));
        two.stays_at(KIEL, 0).await;
        two.later(TimeDelta::minutes(1));
        assert_eq!(two.mail(KIEL, 1).await.0, format!("[Lotse] {number}: neu eingegangen"));
        two.kiel().await;
        two.later(TimeDelta::minutes(10));
        two.stays_at(KIEL, 1).await;
        two.choose("at_once").await;
        two.mail(KIEL, 2).await;
    }

    /// A P1 and a time that has passed do not wait; the rest does.
    async fn what_is_urgent_breaks_through(two: Two, "10:20:00", &[MINUTE]) {
        two.choose("daily 07:30").await;
        let (calm, down, silent) = (two.kiel().await, two.kiel().await, two.kiel().await);
        two.stays_at(KIEL, 0).await;
        let central = two.app.central().await;
        two.app.post(&central, &format!("/api/v1/tickets/{down}/priority"), json!({"priority": "P1"})).await.expect(200);
        let (subject, text, _) = two.mail(KIEL, 1).await;
        assert_eq!(subject, format!("[Lotse] Dringend: {down}: neu eingegangen"));
        assert!(!text.contains(&calm) && text.contains("wartet deshalb nicht"), "{text}");
        // Nobody of the chain acknowledges.
        let path = format!("/api/v1/tickets/{silent}");
        two.app.post(&central, &format!("{path}/claim"), json!({})).await.expect(200);
        let body = json!({"kind": "functional", "note": "Bitte prüfen."});
        two.app.post(&central, &format!("{path}/escalations"), body).await.expect(201);
        wait_for_some("the end of the chain", Duration::from_secs(30), || async {
            two.later(TimeDelta::hours(1));
            tokio::task::yield_now().await;
            two.mails(KIEL).iter().find(|(_, text, _)| text.contains("niemand der Kette hat bestätigt")).cloned()
        })
        .await;
    }

    /// With a limit of four, a busy hour has four mails, and the fifth comes when the first is an hour old.
    async fn an_hour_has_its_limit(two: Two, "10:00:00", &[MINUTE, ("notices_per_hour = 0", "notices_per_hour = 4")]) {
        for count in 1..=2 {
            two.kiel().await;
            two.mail(KIEL, count).await;
            two.later(TimeDelta::minutes(1));
        }
        two.kiel().await;
        two.later(TimeDelta::minutes(28));
        two.stays_at(KIEL, 2).await;
        two.later(TimeDelta::minutes(2));
        two.mail(KIEL, 3).await;
    }

    /// Two instances, one of which ends between the writing of the mail and its going: it goes once.
    async fn each_thing_is_told_once(two: Two, "10:20:00", &[MINUTE]) {
        two.choose("hourly").await;
        let second = two.app.second_instance().await;
        let mut numbers = Vec::new();
        for _ in 0..10 {
            numbers.push(two.kiel().await);
        }
        two.stays_at(KIEL, 0).await;
        two.app.smtp.stop().await;
        two.later(TimeDelta::minutes(40));
        let desk = two.desk().clone();
        let (one, other) = tokio::join!(notice::tell(&desk), notice::tell(second.escalations.desk()));
        one.and(other).unwrap();
        // Its failure must stand there before the clock moves, or the next attempt counts from then.
        wait_for_some("a failed attempt", Duration::from_secs(10), || async {
            let now = two.app.clock.now();
            let ended = desk.db.read(move |conn| lotse::delivery::attempts_since(conn, now)).await.unwrap();
            (!ended.is_empty()).then_some(())
        })
        .await;
        second.stop().await;
        two.app.smtp.resume();
        // The next attempt is a minute later.
        two.later(TimeDelta::minutes(3));
        let (_, text, _) = two.mail(KIEL, 1).await;
        assert!(numbers.iter().all(|number| text.contains(number)), "{text}");
        two.later(TimeDelta::hours(2));
        two.stays_at(KIEL, 1).await;
    }

    /// Who is away when the time has come is not told: the deputy is.
    async fn who_is_told_is_decided_when_it_is_told(two: Two, "06:00:00", &[MINUTE]) {
        two.choose("daily 07:30").await;
        let number = two.kiel().await;
        two.stays_at(KIEL, 0).await;
        let today = berlin("06:00:00").day_in_berlin();
        two.patch(json!({"deputy": "luebeck-zentral", "absent_from": today, "absent_until": today})).await;
        two.later(TimeDelta::minutes(90));
        assert!(two.mail(LUEBECK, 1).await.0.contains(&number));
        two.stays_at(KIEL, 0).await;
        // One that is not there any more hears nothing either.
        two.patch(json!({"absent_from": null, "absent_until": null})).await;
        let waits = two.kiel().await;
        two.stays_at(KIEL, 0).await;
        two.patch(json!({"email": null})).await;
        two.later(TimeDelta::minutes(1));
        assert!(two.mail(LUEBECK, 2).await.0.contains(&waits));
    }

    /// In the languages that the setting names, in their order.
    async fn in_the_languages_that_are_set(two: Two, "10:00:00", &[("notices_per_hour = 0", "notices_per_hour = 0\nnotice_languages = \"en, de\"")]) {
        let number = two.kiel().await;
        let (subject, text, html) = two.mail(KIEL, 1).await;
        assert_eq!(subject, format!("[Lotse] {number}: came in"));
        assert!(text.starts_with("Hello Kiel, zentrale Stelle,") && text.contains("\n———\n\nGuten Tag Kiel"), "{text}");
        assert!(html.contains("<div lang=\"en\">") && html.contains("<div lang=\"de\">"), "{html}");
    }

    /// The choice is a field like others: checked, kept in versions, and taken from files.
    async fn a_choice_is_kept(two: Two, "10:00:00", &[]) {
        let path = "/api/v1/contacts/kiel-zentral";
        assert_eq!(two.app.get(&two.admin, path).await.expect(200)["notify"], "at_once");
        let version = two.app.get(&two.admin, path).await.expect(200)["version"].clone();
        let wrong = json!({"notify": "daily 25:00", "version": version}).to_string();
        let fault = two.app.send(&two.admin, "PATCH", path, Some(wrong), &[]).await.expect_fault(422, "notify");
        assert!(fault.to_string().contains("daily 07:30"), "{fault}");
        two.choose("täglich um 6:45 Uhr").await;
        assert_eq!(two.app.get(&two.admin, path).await.expect(200)["notify"], "daily 06:45");
        let kept = two.app.get(&two.admin, &format!("{path}/versions")).await.expect(200);
        assert_eq!(kept["items"][0]["state"]["notify"], "daily 06:45", "{kept}");
        two.app.import("[[contact]]\nid = \"kiel-zentral\"\nname = \"Kiel\"\nnotify = \"hourly\"\n").await;
        assert_eq!(two.app.get(&two.admin, path).await.expect(200)["notify"], "hourly");
        let new = json!({"id": "neu", "name": "Neu", "notify": "hourly"});
        assert_eq!(two.app.post(&two.admin, "/api/v1/contacts", new).await.expect(201)["notify"], "hourly");
    }
}
