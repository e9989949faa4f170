//! Delivery against real peers and both databases: what arrives, what is retried, given up, fenced and shared.
//!
//! Invariant: every test drains the outbox itself, so no test leaves work queued. The clock stands still unless a
//! test moves it. What it does not do: no ticket and no escalation; `about` is any id.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use chrono::Utc;
use lotse::clock::{Clock, Timestamp};
use lotse::db::{self, Db};
use lotse::delivery as d;
use lotse::delivery::{
    AttemptOutcome, Content, Delivery, DeliveryEvent, DeliveryStatus, EndpointState, EventKind, Mail, MailSettings,
    Mailer, Outgoing, Purpose, Schedule, Transport, WebhookPolicy, WebhookSettings, Webhooks, Worker, WorkerSettings,
};
use lotse::error::AppError;
use lotse::ids::{DeliveryId, EndpointId, RowId, SealKeyId};
use lotse::seal::{MasterKey, Sealer, store_keys};

use crate::support::postgres::{DatabaseUrl, Postgres};
use crate::support::smtp::{Reaction, SmtpPeer, Stage};
use crate::support::wait::{wait_for, wait_for_some};
use crate::support::webhook::{Behaviour, WebhookPeer, status};

const SECRET: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
const NEW_SECRET: &str = "whsec_ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=";

struct World {
    db: Db,
    clock: Clock,
    sealer: Sealer,
    smtp: SmtpPeer,
    hook: WebhookPeer,
    webhook_settings: WebhookSettings,
    settings: WorkerSettings,
    _folder: tempfile::TempDir,
    _database: Option<DatabaseUrl>,
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

    async fn new(url: String, folder: tempfile::TempDir, database: Option<DatabaseUrl>) -> Self {
        tracing_subscriber::fmt().with_test_writer().try_init().ok();
        let db = tokio::task::spawn_blocking(move || {
            db::migrate(&url).unwrap();
            Db::open(db::Settings::new(url)).unwrap()
        });
        let db = db.await.unwrap();
        let master = MasterKey::parse(&MasterKey::generate()).unwrap();
        let sealer = Sealer::load(&db, master, Vec::new()).await.unwrap();
        let webhook_settings = WebhookSettings {
            policy: WebhookPolicy { allow_http: true, allow_private_addresses: true },
            total_timeout: Duration::from_secs(2),
            ..WebhookSettings::default()
        };
        let settings = WorkerSettings {
            mail_schedule: Schedule::parse("1m,5m,15m,30m").unwrap(),
            webhook_schedule: Schedule::parse("5s,30s,2m").unwrap(),
            ..WorkerSettings::default()
        };
        Self {
            db,
            clock: Clock::fixed(Timestamp::new(Utc::now())),
            sealer,
            smtp: SmtpPeer::start().await,
            hook: WebhookPeer::start(SECRET).await,
            webhook_settings,
            settings,
            _folder: folder,
            _database: database,
        }
    }

    fn worker(&self) -> Worker {
        let mail = MailSettings {
            transport: Transport::Smtp { url: self.smtp.url().into(), timeout: Duration::from_secs(2), pool_size: 8 },
            from: "Lotse Süd <lotse@example.org>".into(),
            message_id_domain: "lotse.example.org".into(),
        };
        let (db, clock, sealer) = (self.db.clone(), self.clock.clone(), self.sealer.clone());
        let mailer = Mailer::new(&mail).unwrap();
        Worker::new(db, clock, sealer, self.settings.clone(), mailer, Webhooks::new(&self.webhook_settings).unwrap())
    }

    async fn drain(&self) -> usize {
        self.worker().drain().await
    }

    async fn webhook_to(&self, url: &str) -> EndpointId {
        let (sealer, url, now) = (self.sealer.clone(), url.to_owned(), self.clock.now());
        self.db.write(move |tx| d::webhook_endpoint(tx, &sealer, &url, SECRET, now)).await.unwrap()
    }

    async fn webhook(&self) -> EndpointId {
        self.webhook_to(&self.hook.url()).await
    }

    async fn enqueue(&self, outgoing: Outgoing) -> DeliveryId {
        self.enqueue_all(vec![outgoing]).await[0]
    }

    async fn enqueue_all(&self, all: Vec<Outgoing>) -> Vec<DeliveryId> {
        let now = self.clock.now();
        let put = move |tx: &mut db::Tx| {
            let put_one = |outgoing: &Outgoing| {
                let id = DeliveryId::new();
                assert!(d::enqueue(tx, id, outgoing, None, now)?);
                Ok(id)
            };
            all.iter().map(put_one).collect::<Result<Vec<_>, AppError>>()
        };
        self.db.write(put).await.unwrap()
    }

    async fn delivery(&self, id: DeliveryId) -> Delivery {
        self.db.read(move |conn| d::delivery(conn, id)).await.unwrap().unwrap()
    }

    async fn endpoint(&self, id: EndpointId) -> d::Endpoint {
        self.db.read(move |conn| d::endpoints(conn, &[id])).await.unwrap().remove(&id).unwrap()
    }

    async fn events(&self) -> Vec<DeliveryEvent> {
        self.db.read(|conn| d::open_events(conn, 10_000)).await.unwrap()
    }

    async fn kinds(&self) -> Vec<EventKind> {
        self.events().await.into_iter().map(|event| event.kind).collect()
    }

    fn advance(&self, delta: TimeDelta) {
        self.clock.advance(delta);
    }
}

fn a_webhook(endpoint: EndpointId) -> Outgoing {
    let id = RowId::new();
    Outgoing {
        about: id,
        purpose: Purpose::Created,
        dedupe: id.to_string(),
        endpoint: Some(endpoint),
        recipient: "https://desk.example.org/lotse".into(),
        content: Content::Webhook { body: format!(r#"{{"type":"escalation.created","id":"{id}"}}"#), call: None },
    }
}

fn a_mail() -> Outgoing {
    let id = RowId::new();
    Outgoing {
        about: id,
        purpose: Purpose::Created,
        dedupe: id.to_string(),
        endpoint: None,
        recipient: "technik@example.org".into(),
        content: Content::Mail(mail("Grüße")),
    }
}

fn mail(text: &str) -> Mail {
    Mail {
        to: "technik@example.org".parse().unwrap(),
        to_name: Some("Technik Süd".into()),
        reply_to: Some("lotse+abc@example.org".into()),
        subject: "[26-004711-9] technisch: Wohnsitzanmeldung, Köln".into(),
        text: text.into(),
        html: format!("<p>{text}</p>"),
    }
}

/// Runs a test on both databases.
macro_rules! on_both {
    ($(async fn $name:ident($world:ident: World) $body:block)*) => {$(
        mod $name {
            use super::*;
            async fn check(#[allow(unused_mut)] mut $world: World) $body
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() { check(World::on_sqlite().await).await }
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() { check(World::on_postgres().await).await }
        }
    )*};
}

on_both! {
    async fn a_mail_arrives_as_it_should(world: World) {
        let id = world.enqueue(a_mail()).await;
        assert_eq!(world.drain().await, 1);
        let mails = world.smtp.received();
        let mail = &mails[0];
        assert_eq!(mail.to, ["technik@example.org"]);
        assert_eq!(mail.message_id().unwrap(), format!("<{id}@lotse.example.org>"));
        for (header, value) in [
            ("Auto-Submitted", "auto-generated"),
            ("X-Auto-Response-Suppress", "All"),
            ("Reply-To", "lotse+abc@example.org"),
        ] {
            assert_eq!(mail.header(header).as_deref(), Some(value), "{header}");
        }
        assert!(mail.header("Content-Type").unwrap().starts_with("multipart/alternative"));
        assert!(mail.text().contains("Gr=C3=BC=C3=9Fe"), "{}", mail.text());
        let delivery = world.delivery(id).await;
        assert_eq!(delivery.status, DeliveryStatus::Sent);
        assert_eq!(delivery.next_attempt_at, None);
        assert_eq!(delivery.attempts[0].outcome, AttemptOutcome::Sent);
        assert!(delivery.attempts[0].detail.starts_with("250"), "{:?}", delivery.attempts);
        assert_eq!(world.kinds().await, [EventKind::Sent]);
    }

    async fn a_fault_at_any_step_only_delays_the_mail(world: World) {
        for stage in [Stage::Ehlo, Stage::Mail, Stage::Rcpt, Stage::Data, Stage::AfterDot] {
            for reaction in [Reaction::Reply(451, "4.3.0 try later"), Reaction::Disconnect] {
                world.smtp.on(stage, reaction).times(1);
                let id = world.enqueue(a_mail()).await;
                world.drain().await;
                world.advance(TimeDelta::seconds(73));
                world.drain().await;
                assert_eq!(world.delivery(id).await.status, DeliveryStatus::Sent, "{stage:?}");
                let wanted = format!("<{id}@lotse.example.org>");
                assert!(world.smtp.received().iter().any(|mail| mail.message_id().as_deref() == Some(&wanted)));
                world.smtp.behave();
            }
        }
    }

    async fn a_repeat_is_byte_for_byte_the_same_mail(world: World) {
        world.smtp.on(Stage::AfterDot, Reaction::Disconnect).times(1);
        let id = world.enqueue(a_mail()).await;
        world.drain().await;
        assert_eq!(world.delivery(id).await.status, DeliveryStatus::Pending);
        world.advance(TimeDelta::seconds(73));
        world.drain().await;
        let mails = world.smtp.received();
        assert_eq!(mails.len(), 2);
        assert_eq!(mails[0].wire, mails[1].wire);
    }

    async fn no_text_can_pass_for_smtp_or_a_header(world: World) {
        let nasty = "a\n.\nMAIL FROM:<x@example.org>\r\n.\r\nb\rc\r.\r\u{0}\n..\n.x\n--=_lotse_\nBcc: y@example.org";
        let content = Content::Mail(Mail {
            to_name: Some("Eva\r\nBcc: y@example.org\r\n\r\n\".\"".into()),
            subject: "Ü\r\nBcc: y@example.org\n.\r\n\r\nx\u{2028}Bcc: z@example.org".into(),
            text: nasty.into(),
            html: nasty.into(),
            ..mail("")
        });
        let id = world.enqueue(Outgoing { content, ..a_mail() }).await;
        world.enqueue(a_mail()).await;
        world.drain().await;
        let mails = world.smtp.received();
        assert_eq!(mails.len(), 2, "{:?}", world.delivery(id).await);
        for mail in mails {
            assert_eq!(mail.bare_line_breaks(), [0usize; 0]);
            assert_eq!(mail.to, ["technik@example.org"]);
            assert_eq!(mail.header("Bcc"), None);
            assert!(!mail.text().contains("\r\n."));
        }
    }

    async fn a_refused_mailbox_bounces_and_a_busy_server_is_asked_again(world: World) {
        let address = "technik@example.org".parse().unwrap();
        let now = world.clock.now();
        let endpoint = world.db.write(move |tx| {
            let first = d::mail_endpoint(tx, &address, now)?;
            let again = d::mail_endpoint(tx, &"Technik@Example.org".parse().unwrap(), now)?;
            assert_eq!(first, again, "one a mailbox");
            Ok(first)
        }).await.unwrap();
        world.smtp.on(Stage::Rcpt, Reaction::Reply(451, "4.3.0 try later <technik@example.org>")).times(1);
        let id = world.enqueue(Outgoing { endpoint: Some(endpoint), ..a_mail() }).await;
        world.drain().await;
        let delivery = world.delivery(id).await;
        assert_eq!(delivery.attempts[0].detail, "451 4.3.0 try later …");
        let wait = delivery.next_attempt_at.unwrap().since(world.clock.now());
        assert!((48..=72).contains(&wait.num_seconds()), "{wait}");
        assert!(world.endpoint(endpoint).await.failing_since.is_some());

        world.smtp.on(Stage::Rcpt, Reaction::Reply(550, "5.1.1 no such user here"));
        world.advance(wait);
        world.drain().await;
        let delivery = world.delivery(id).await;
        assert_eq!(delivery.status, DeliveryStatus::Exhausted);
        assert_eq!(delivery.attempts[1].outcome, AttemptOutcome::Refused);
        assert_eq!(world.endpoint(endpoint).await.bounced_at, Some(world.clock.now()));
        let mut kinds = world.kinds().await;
        kinds.sort();
        assert_eq!(kinds, [EventKind::Exhausted, EventKind::Bounced]);
    }

    async fn an_idle_connection_that_the_server_closed_is_no_failure(world: World) {
        world.smtp.close_idle_after(Duration::from_millis(100));
        let worker = world.worker();
        world.enqueue(a_mail()).await;
        worker.drain().await;
        wait_for("the server to hang up", Duration::from_secs(5), || world.smtp.connections() == 0).await;
        let id = world.enqueue(a_mail()).await;
        worker.drain().await;
        let delivery = world.delivery(id).await;
        assert_eq!(delivery.attempts.len(), 1);
        assert_eq!(delivery.attempts[0].outcome, AttemptOutcome::Sent);
    }

    async fn faults_of_our_own_log_on_are_told_at_once_and_retried(world: World) {
        world.smtp.on(Stage::Connect, Reaction::Reply(554, "5.7.1 no access")).times(2);
        let id = world.enqueue(a_mail()).await;
        world.drain().await;
        world.advance(TimeDelta::minutes(2));
        world.drain().await;
        assert_eq!(world.delivery(id).await.status, DeliveryStatus::Pending);
        assert_eq!(world.kinds().await, [EventKind::Failing], "once a message");
        world.advance(TimeDelta::minutes(6));
        world.drain().await;
        assert_eq!(world.delivery(id).await.status, DeliveryStatus::Sent);
    }

    async fn a_webhook_is_signed_with_both_secrets_while_they_change(world: World) {
        let endpoint = world.webhook().await;
        world.enqueue(a_webhook(endpoint)).await;
        world.drain().await;
        let (sealer, url, now) = (world.sealer.clone(), world.hook.url(), world.clock.now());
        world.db.write(move |tx| {
            d::change_webhook(tx, &sealer, endpoint, &url, Some(NEW_SECRET), d::DEFAULT_OVERLAP, now)
        }).await.unwrap();
        let id = world.enqueue(a_webhook(endpoint)).await;
        world.drain().await;
        let requests = world.hook.received();
        assert!(requests[0].verifies_with(SECRET) && !requests[0].verifies_with(NEW_SECRET));
        assert!(requests[1].verifies_with(SECRET) && requests[1].verifies_with(NEW_SECRET));
        assert_eq!(requests[1].webhook_id(), id.to_string());
        assert_eq!(requests[1].header("content-type"), Some("application/json"));
        world.advance(TimeDelta::hours(25));
        world.enqueue(a_webhook(endpoint)).await;
        world.drain().await;
        let signatures = world.hook.received()[2].header("webhook-signature").unwrap().split(' ').count();
        assert_eq!(signatures, 1);
    }

    async fn a_webhook_is_retried_by_its_schedule_until_it_is_exhausted(world: World) {
        let endpoint = world.webhook().await;
        world.hook.always(status(500));
        let id = world.enqueue(a_webhook(endpoint)).await;
        for wait in [0, 7, 37, 145] {
            world.advance(TimeDelta::seconds(wait));
            assert_eq!(world.drain().await, 1);
        }
        let delivery = world.delivery(id).await;
        assert_eq!(delivery.status, DeliveryStatus::Exhausted);
        assert_eq!(delivery.attempts[3].detail, "answered 500 Internal Server Error");
        assert_eq!(world.kinds().await, [EventKind::Failing, EventKind::Exhausted]);
        assert!(world.hook.received().iter().all(|request| request.webhook_id() == id.to_string()));

        let now = world.clock.now();
        let replay = move |tx: &mut db::Tx| d::replay(tx, id, now);
        world.hook.always(status(204));
        assert_eq!(world.db.write(replay).await.unwrap().status, DeliveryStatus::Pending);
        assert!(matches!(world.db.write(replay).await, Err(AppError::Conflict(why)) if why.contains("pending")));
        world.drain().await;
        let delivery = world.delivery(id).await;
        assert_eq!((delivery.status, delivery.attempts.len()), (DeliveryStatus::Sent, 5));
        assert_eq!(world.endpoint(endpoint).await.failing_since, None);
    }

    async fn retry_after_is_honoured(world: World) {
        let endpoint = world.webhook().await;
        world.hook.once(status(503).header("Retry-After", "90"));
        let id = world.enqueue(a_webhook(endpoint)).await;
        world.drain().await;
        let next = world.delivery(id).await.next_attempt_at.unwrap();
        assert_eq!(next, world.clock.now().plus(TimeDelta::seconds(90)));
    }

    async fn gone_disables_the_endpoint_and_gives_up_what_waits_for_it(world: World) {
        let endpoint = world.webhook().await;
        world.hook.once(status(500));
        let waiting = world.enqueue(a_webhook(endpoint)).await;
        world.drain().await;
        world.hook.always(status(410));
        let refused = world.enqueue(a_webhook(endpoint)).await;
        world.drain().await;
        assert_eq!(world.delivery(refused).await.status, DeliveryStatus::Exhausted);
        assert_eq!(world.delivery(waiting).await.status, DeliveryStatus::Exhausted);
        assert!(world.delivery(waiting).await.attempts[1].detail.contains("disabled"));
        let known = world.endpoint(endpoint).await;
        assert_eq!(known.state, EndpointState::Disabled);
        assert!(known.disabled_because.unwrap().contains("410"));
        let requests = world.hook.received().len();
        let later = world.enqueue(a_webhook(endpoint)).await;
        world.drain().await;
        assert_eq!(world.delivery(later).await.status, DeliveryStatus::Exhausted);
        assert_eq!(world.hook.received().len(), requests, "nothing is sent to a disabled endpoint");
        let disabled = world.kinds().await.into_iter().filter(|kind| *kind == EventKind::Disabled).count();
        assert_eq!(disabled, 1);

        let now = world.clock.now();
        let replay = move |tx: &mut db::Tx| d::replay(tx, later, now);
        assert!(matches!(world.db.write(replay).await, Err(AppError::Conflict(why)) if why.contains("disabled")));
        world.db.write(move |tx| d::enable_endpoint(tx, endpoint, now)).await.unwrap();
        world.hook.always(status(200));
        world.db.write(replay).await.unwrap();
        world.drain().await;
        assert_eq!(world.delivery(later).await.status, DeliveryStatus::Sent);
    }

    async fn an_endpoint_that_fails_for_days_is_disabled(world: World) {
        world.settings.webhook_schedule = Schedule::parse("1d,1d,1d,1d,1d,1d,1d,1d").unwrap();
        let endpoint = world.webhook().await;
        world.hook.always(status(500));
        let id = world.enqueue(a_webhook(endpoint)).await;
        let mut days = 0;
        while world.endpoint(endpoint).await.state == EndpointState::Active {
            world.drain().await;
            world.advance(TimeDelta::hours(29));
            days += 1;
            assert!(days < 8);
        }
        world.drain().await;
        assert_eq!(world.delivery(id).await.status, DeliveryStatus::Exhausted);
        assert!(world.kinds().await.contains(&EventKind::Disabled));
    }

    async fn misbehaving_receivers_cost_bounded_time_and_bytes(world: World) {
        let endpoint = world.webhook().await;
        let elsewhere = WebhookPeer::start(SECRET).await;
        for (behaviour, outcome, part) in [
            (Behaviour::Hang, AttemptOutcome::Failed, "no answer within 2 s"),
            (Behaviour::Drip, AttemptOutcome::Failed, "no answer within 2 s"),
            (Behaviour::DripBody, AttemptOutcome::Sent, "200"),
            (Behaviour::Reset, AttemptOutcome::Failed, "no proper answer"),
            (Behaviour::Flood, AttemptOutcome::Sent, "200"),
            (Behaviour::Redirect(elsewhere.url()), AttemptOutcome::Failed, "redirects are not followed"),
        ] {
            world.hook.always(behaviour.clone());
            let id = world.enqueue(a_webhook(endpoint)).await;
            let began = Instant::now();
            world.drain().await;
            assert!(began.elapsed() < Duration::from_secs(3), "{behaviour:?}: {:?}", began.elapsed());
            let attempt = &world.delivery(id).await.attempts[0];
            assert_eq!(attempt.outcome, outcome, "{behaviour:?}: {}", attempt.detail);
            assert!(attempt.detail.contains(part), "{behaviour:?}: {}", attempt.detail);
        }
        assert!(world.hook.flooded() < 1 << 20, "{}", world.hook.flooded());
        assert_eq!(elsewhere.received().len(), 0);
    }

    async fn a_certificate_must_be_trusted(world: World) {
        let peer = WebhookPeer::start_tls(SECRET).await;
        let endpoint = world.webhook_to(&peer.url()).await;
        let id = world.enqueue(a_webhook(endpoint)).await;
        world.drain().await;
        let detail = world.delivery(id).await.attempts[0].detail.clone();
        assert_eq!(peer.received().len(), 0, "{detail}");
        assert!(detail.contains("certificate"), "{detail}");
        world.webhook_settings.extra_root_pem = peer.certificate_pem().map(str::to_owned);
        world.advance(TimeDelta::seconds(7));
        world.drain().await;
        assert_eq!(world.delivery(id).await.status, DeliveryStatus::Sent);
        assert_eq!(peer.received().len(), 1);
    }

    async fn private_addresses_are_refused_at_the_send_too(world: World) {
        world.webhook_settings.policy.allow_private_addresses = false;
        let endpoint = world.webhook().await;
        let id = world.enqueue(a_webhook(endpoint)).await;
        world.drain().await;
        assert_eq!(world.hook.connections(), 0);
        assert!(world.delivery(id).await.attempts[0].detail.contains("public address"));
        assert_eq!(world.kinds().await, [EventKind::Failing]);
    }

    async fn what_a_dead_worker_held_is_sent_when_its_lease_ends(world: World) {
        let endpoint = world.webhook().await;
        world.hook.once(Behaviour::Hang);
        let id = world.enqueue(a_webhook(endpoint)).await;
        let worker = world.worker();
        let dying = tokio::spawn(async move { worker.drain().await });
        world.hook.wait_for(1).await;
        dying.abort();
        assert_eq!(world.drain().await, 0, "it is still leased");
        world.advance(TimeDelta::seconds(31));
        assert_eq!(world.drain().await, 1);
        assert_eq!(world.delivery(id).await.status, DeliveryStatus::Sent);
        let ids: Vec<String> = world.hook.received().iter().map(|r| r.webhook_id().to_owned()).collect();
        assert_eq!(ids, [id.to_string(), id.to_string()]);
    }

    async fn a_late_record_does_not_count(world: World) {
        let endpoint = world.webhook().await;
        world.hook.once(Behaviour::Hang);
        let id = world.enqueue(a_webhook(endpoint)).await;
        let slow = world.worker();
        let slow = tokio::spawn(async move { slow.drain().await });
        world.hook.wait_for(1).await;
        world.advance(TimeDelta::seconds(31));
        assert_eq!(world.drain().await, 1);
        assert_eq!(slow.await.unwrap(), 0);
        let delivery = world.delivery(id).await;
        assert_eq!((delivery.status, delivery.attempts.len()), (DeliveryStatus::Sent, 1));
    }

    async fn two_workers_share_without_sending_twice(world: World) {
        let mut outgoing = Vec::new();
        for _ in 0..10 {
            let endpoint = world.webhook().await;
            outgoing.extend((0..40).map(|_| a_webhook(endpoint)));
        }
        world.enqueue_all(outgoing).await;
        let (one, two) = (world.worker(), world.worker());
        let (one, two) = tokio::join!(one.drain(), two.drain());
        assert_eq!(one + two, 400);
        let mut ids: Vec<String> = world.hook.received().iter().map(|r| r.webhook_id().to_owned()).collect();
        ids.sort();
        ids.dedup();
        assert_eq!((ids.len(), world.hook.received().len()), (400, 400));
    }

    async fn a_dead_receiver_with_a_long_backlog_does_not_hold_up_the_others(world: World) {
        let dead = WebhookPeer::start(SECRET).await;
        dead.always(Behaviour::Hang);
        let dead_endpoint = world.webhook_to(&dead.url()).await;
        let endpoint = world.webhook().await;
        world.enqueue_all((0..1000).map(|_| a_webhook(dead_endpoint)).collect()).await;
        world.advance(TimeDelta::seconds(1));
        world.enqueue_all((0..50).map(|_| a_webhook(endpoint)).collect()).await;
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let began = Instant::now();
        let running = tokio::spawn(world.worker().run(stopped));
        world.hook.wait_for(50).await;
        assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
        stop.send(true).unwrap();
        running.await.unwrap();
        assert!(dead.received().len() <= 16 + 2, "{}", dead.received().len());
    }

    async fn a_running_worker_is_woken_and_ends_cleanly(world: World) {
        let endpoint = world.webhook().await;
        world.settings.poll = Duration::from_secs(20);
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let running = tokio::spawn(world.worker().run(stopped));
        for count in 1..=3 {
            let began = Instant::now();
            let id = world.enqueue(a_webhook(endpoint)).await;
            world.hook.wait_for(count).await;
            assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
            wait_for_some("the record", Duration::from_secs(5), || async {
                (world.delivery(id).await.status == DeliveryStatus::Sent).then_some(())
            }).await;
        }
        stop.send(true).unwrap();
        tokio::time::timeout(Duration::from_secs(5), running).await.unwrap().unwrap();
    }

    async fn a_look_shows_one_moment(world: World) {
        let outgoing = a_mail();
        let about = outgoing.about;
        let ((looked, first), (go_on, committed)) = (std::sync::mpsc::channel(), std::sync::mpsc::channel());
        let look = tokio::spawn({
            let db = world.db.clone();
            async move {
                db.read(move |conn| {
                    let before = d::deliveries_of(conn, about)?.len();
                    looked.send(()).unwrap();
                    committed.recv().unwrap();
                    Ok((before, d::deliveries_of(conn, about)?.len()))
                })
                .await
            }
        });
        tokio::task::spawn_blocking(move || first.recv().unwrap()).await.unwrap();
        world.enqueue(outgoing).await;
        go_on.send(()).unwrap();
        assert_eq!(look.await.unwrap().unwrap(), (0, 0), "what is committed meanwhile belongs to the next look");
    }

    async fn cancelling_takes_back_what_has_not_gone(world: World) {
        let endpoint = world.webhook().await;
        let first = a_webhook(endpoint);
        let about = first.about;
        let second = Outgoing { about, purpose: Purpose::Reminded, ..a_webhook(endpoint) };
        let ids = world.enqueue_all(vec![first, second]).await;
        let cancelled = world.db.write(move |tx| d::cancel_pending(tx, about, &[Purpose::Reminded])).await.unwrap();
        assert_eq!(cancelled, 1);
        assert_eq!(world.drain().await, 1);
        let all = world.db.read(move |conn| d::deliveries_of(conn, about)).await.unwrap();
        let all: Vec<_> = all.iter().map(|delivery| (delivery.id, delivery.status)).collect();
        assert_eq!(all, [(ids[0], DeliveryStatus::Sent), (ids[1], DeliveryStatus::Cancelled)]);
    }

    async fn what_is_cancelled_under_way_says_whether_it_arrived(world: World) {
        let endpoint = world.webhook().await;
        for (behaviour, end) in [
            (Behaviour::DripBody, DeliveryStatus::Sent),
            (Behaviour::Hang, DeliveryStatus::Cancelled),
        ] {
            world.hook.always(behaviour);
            let outgoing = a_webhook(endpoint);
            let (about, before) = (outgoing.about, world.hook.received().len());
            let id = world.enqueue(outgoing).await;
            let worker = world.worker();
            let sending = tokio::spawn(async move { worker.drain().await });
            world.hook.wait_for(before + 1).await;
            world.db.write(move |tx| d::cancel_pending(tx, about, &[Purpose::Created])).await.unwrap();
            sending.await.unwrap();
            let delivery = world.delivery(id).await;
            assert_eq!((delivery.status, delivery.attempts.len(), delivery.next_attempt_at), (end, 1, None));
        }
    }

    async fn sealed_content_goes_with_its_key(world: World) {
        let key_id = SealKeyId::new();
        let (key, row) = world.sealer.new_key(key_id);
        let now = world.clock.now();
        let ids = world.db.write(move |tx| {
            store_keys(tx, &[&row])?;
            let ids = [DeliveryId::new(), DeliveryId::new()];
            for id in ids {
                let outgoing = Outgoing { recipient: "reporter".into(), purpose: Purpose::Reply, ..a_mail() };
                d::enqueue(tx, id, &outgoing, Some((key_id, &key)), now)?;
            }
            Ok(ids)
        }).await.unwrap();
        world.smtp.on(Stage::Rcpt, Reaction::Reply(450, "4.2.0 later")).times(1);
        world.drain().await;
        assert_eq!(world.smtp.received().len(), 1);
        let sealer = world.sealer.clone();
        world.db.write(move |tx| sealer.forget(tx, key_id)).await.unwrap();
        world.advance(TimeDelta::minutes(2));
        world.drain().await;
        let mut statuses = vec![world.delivery(ids[0]).await.status, world.delivery(ids[1]).await.status];
        statuses.sort();
        assert_eq!(statuses, [DeliveryStatus::Sent, DeliveryStatus::Exhausted]);
        assert_eq!(world.smtp.received().len(), 1);
    }

    async fn the_same_message_is_put_in_once(world: World) {
        let endpoint = world.webhook().await;
        let (outgoing, now) = (a_webhook(endpoint), world.clock.now());
        let put = move |tx: &mut db::Tx| {
            let first = d::enqueue(tx, DeliveryId::new(), &outgoing, None, now)?;
            Ok((first, d::enqueue(tx, DeliveryId::new(), &outgoing, None, now)?))
        };
        assert_eq!(world.db.write(put).await.unwrap(), (true, false));
        let now = world.clock.now();
        let state = world.db.read(move |conn| d::queue_state(conn, now)).await.unwrap();
        assert_eq!((state.pending, state.due, state.exhausted, state.oldest_due_since), (1, 1, 0, Some(now)));
        assert_eq!(world.drain().await, 1);
    }

    async fn events_are_handled_once_and_purged_with_their_cause(world: World) {
        let outgoing = a_webhook(world.webhook().await);
        let about = outgoing.about;
        let id = world.enqueue(outgoing).await;
        world.drain().await;
        let (event, now) = (world.events().await[0].clone(), world.clock.now());
        assert_eq!((event.delivery, event.about), (Some(id), Some(about)));
        let handle = move |tx: &mut db::Tx| d::handled(tx, event.id, now);
        assert!(world.db.write(handle).await.unwrap());
        assert!(!world.db.write(handle).await.unwrap());
        assert_eq!(world.db.write(move |tx| d::purge(tx, about)).await.unwrap(), 1);
        assert_eq!(world.db.read(move |conn| d::delivery(conn, id)).await.unwrap(), None);
    }

    async fn an_unchanged_webhook_stays_as_it_is(world: World) {
        let endpoint = world.webhook().await;
        world.hook.always(status(410));
        world.enqueue(a_webhook(endpoint)).await;
        world.drain().await;
        let change = |secret: &'static str, url: String| {
            let (sealer, now) = (world.sealer.clone(), world.clock.now());
            world.db.write(move |tx| d::change_webhook(tx, &sealer, endpoint, &url, Some(secret), TimeDelta::hours(1), now))
        };
        change(SECRET, world.hook.url()).await.unwrap();
        assert_eq!(world.endpoint(endpoint).await.state, EndpointState::Disabled);
        change(SECRET, format!("{}/new", world.hook.url())).await.unwrap();
        let known = world.endpoint(endpoint).await;
        assert_eq!((known.state, known.previous_until), (EndpointState::Active, None));
        assert!(known.has_secret && known.address.ends_with("/new"));
    }
}

#[tokio::test]
async fn mail_into_a_folder_is_whole_and_named_by_its_delivery() {
    let folder = tempfile::tempdir().unwrap();
    let settings = MailSettings {
        transport: Transport::File { directory: folder.path().join("mail") },
        from: "lotse@example.org".into(),
        message_id_domain: "lotse.example.org".into(),
    };
    let world = World::on_sqlite().await;
    let mailer = Mailer::new(&settings).unwrap();
    mailer.check().await.unwrap();
    let webhooks = Webhooks::new(&world.webhook_settings).unwrap();
    let (db, clock, sealer) = (world.db.clone(), world.clock.clone(), world.sealer.clone());
    let worker = Worker::new(db, clock, sealer, world.settings.clone(), mailer, webhooks);
    let id = world.enqueue(a_mail()).await;
    worker.drain().await;
    let files: Vec<_> = std::fs::read_dir(folder.path().join("mail")).unwrap().map(|f| f.unwrap().path()).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    assert!(files[0].to_string_lossy().ends_with(&format!("-{id}.eml")));
    let bytes = std::fs::read(&files[0]).unwrap();
    assert!(String::from_utf8(bytes).unwrap().replace("\r\n", "").chars().all(|c| c != '\r' && c != '\n'));
}

#[test]
fn mail_settings_say_what_is_wrong() {
    let settings = |url: &str| MailSettings {
        transport: Transport::Smtp { url: url.to_owned().into(), timeout: Duration::from_secs(10), pool_size: 4 },
        from: "Lotse <lotse@example.org>".into(),
        message_id_domain: "lotse.example.org".into(),
    };
    for url in ["smtp://mail", "smtp://u:p%40ss@mail:587?tls=required", "smtps://u:p@mail", "smtp://[::1]:2525/lotse"] {
        assert!(Mailer::new(&settings(url)).is_ok(), "{url}");
    }
    for url in
        ["", "mail:25", "http://geheim@mail", "smtp://u:geheim@mail?tls=no", "smtps://u:geheim@mail?x=1", "smtp://"]
    {
        let fault = Mailer::new(&settings(url)).err().map(|e| e.to_string()).unwrap_or_default();
        assert!(fault.contains("mail.smtp_url") && !fault.contains("geheim"), "{url}: {fault}");
    }
    let from = MailSettings { from: "nobody".into(), ..settings("smtp://mail") };
    assert!(Mailer::new(&from).is_err());
}
