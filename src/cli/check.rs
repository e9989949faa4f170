//! `lotse check`: whether this installation can do its work, one line a matter.
//!
//! Invariant: it says everything it finds instead of ending at the first fault, changes nothing but the sealing keys
//! of a first start, and sends no mail. A fault ends with code 1, a warning does not.

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use secrecy::ExposeSecret;

use crate::access::{Reach, Tokens};
use crate::app::{database, settings};
use crate::clock::Clock;
use crate::config::Config;
use crate::db::{self, Backend, Db};
use crate::delivery::{Mailer, queue_state};
use crate::directory::{Directory, GapQuery, Severity, gaps};
use crate::error::AppError;
use crate::inbound;

/// How long the mail server may take to log us on.
const LONGEST: Duration = Duration::from_secs(15);

/// Tests everything and says how it stands.
pub async fn check(config: &Config) -> anyhow::Result<ExitCode> {
    let mut report = Report::default();
    let unsafe_settings = config.unsafe_settings();
    if unsafe_settings.is_empty() {
        report.ok("settings", "are read and make sense");
    }
    for words in unsafe_settings {
        report.warning("settings", words);
    }
    for page in config.public.missing() {
        let words = format!(
            "{page} is not filled in; the law asks it of whoever runs a website: set public.{page}_url, or public.{page}_file"
        );
        report.warning("pages", &words);
    }
    report.result("pages", settings::public_links(config), |_| String::new());
    let clock = settings::tickets(config).and_then(|_| settings::escalation(config));
    report.result("clock", clock, |_| "counts service time by hours and holidays that make sense".into());
    if let Some(db) = open(config, &mut report).await {
        report.result("master key", database::sealer(config, &db).await, |_| "opens the sealing keys".into());
        queue(&db, &mut report).await;
        directory(config, &db, &mut report).await;
        tokens(&db, &mut report).await;
    }
    mail(config, &mut report).await;
    mailboxes(config, &mut report).await;
    report.webhooks(config);
    report.end()
}

async fn open(config: &Config, report: &mut Report) -> Option<Db> {
    let url = config.database.url.expose_secret();
    if url.starts_with("sqlite:") && !std::path::Path::new(db::sqlite_path(url)).is_file() {
        let words = format!("there is no file {} yet; `lotse migrate` makes it", db::sqlite_path(url));
        report.fault("database", &words);
        return None;
    }
    let settings = report.result("database", settings::database(config), |_| String::new())?;
    let opened = tokio::task::spawn_blocking(move || Db::open(settings)).await.map_err(AppError::internal);
    let db = report.result("database", opened.and_then(|opened| opened), |_| String::new())?;
    match db.read(db::pending_migrations).await {
        Ok(0) => report.ok("database", "answers and is up to date"),
        Ok(missing) => {
            report.fault("database", &format!("misses {missing} migrations; run `lotse migrate`"));
            return None;
        }
        Err(fault) => {
            report.fault("database", &fault.to_string());
            return None;
        }
    }
    match (db.backend(), config.database.allow_unsafe_durability) {
        (Backend::Sqlite, _) => report.ok("durability", "every commit is synced to the disk (WAL, synchronous=FULL)"),
        (Backend::Postgres, false) => report.ok("durability", "fsync, synchronous_commit and full_page_writes are on"),
        (Backend::Postgres, true) => report.warning("durability", "is not looked at, as the settings say"),
    }
    Some(db)
}

async fn queue(db: &Db, report: &mut Report) {
    let now = Clock::system().now();
    let state = db.read(move |conn| queue_state(conn, now)).await;
    let Some(state) = report.result("deliveries", state, |_| String::new()) else { return };
    let waits = format!("{} wait, {} of them are due", state.pending, state.due);
    match state.exhausted {
        0 => report.ok("deliveries", &waits),
        given_up => report.warning("deliveries", &format!("{given_up} were given up and can be sent again; {waits}")),
    }
}

async fn directory(config: &Config, db: &Db, report: &mut Report) {
    let read = Directory::start(db).await;
    match report.result("directory", read, |_| String::new()).map(|read| read.current().municipality_count()) {
        None => return,
        Some(0) => return report.warning("directory", "is empty; `lotse import municipalities FILE` begins it"),
        Some(_) => {}
    }
    let (rules, today) = (settings::directory(config), Clock::system().now().day_in_berlin());
    let everywhere = GapQuery { reach: Reach::everything(), ..Default::default() };
    let found = db.read(move |conn| gaps(conn, &everywhere, today, &rules)).await;
    let Some(found) = report.result("directory", found, |_| String::new()) else { return };
    let blocks = found.iter().filter(|gap| gap.severity == Severity::Blocks).count();
    match found.len() {
        0 => report.ok("directory", "has no gaps"),
        count => {
            let words = format!("has {count} gaps, {blocks} of which block requests; GET /api/v1/gaps lists them");
            report.warning("directory", &words);
        }
    }
}

async fn tokens(db: &Db, report: &mut Report) {
    let listed = Tokens::new(db.clone(), Clock::system()).list(None).await;
    let Some(listed) = report.result("tokens", listed, |_| String::new()) else { return };
    match listed.iter().filter(|token| token.revoked_at.is_none()).count() {
        0 => report.warning("tokens", "there are none, so nobody can hand anything in; `lotse token create` makes one"),
        count => report.ok("tokens", &format!("{count} are not revoked")),
    }
}

async fn mail(config: &Config, report: &mut Report) {
    let mailer = settings::mail(config).and_then(|settings| Mailer::new(&settings));
    let Some(mailer) = report.result("mail", mailer, |_| String::new()) else { return };
    let in_time = tokio::time::timeout(LONGEST, mailer.check()).await;
    let late = |_| AppError::Unavailable(format!("the mail server did not answer within {} s", LONGEST.as_secs()));
    report.result("mail", in_time.map_err(late).and_then(|checked| checked), |()| "the way out is open".into());
}

async fn mailboxes(config: &Config, report: &mut Report) {
    let Some(settings) = report.result("mailboxes", settings::inbound(config), |_| String::new()) else { return };
    for mailbox in &settings.mailboxes {
        let what = format!("mailbox {}", mailbox.name);
        match tokio::time::timeout(LONGEST, inbound::mailbox::check(mailbox)).await {
            Ok(Ok(words)) => report.ok(&what, &words),
            Ok(Err(fault)) => report.fault(&what, &fault),
            Err(_) => report.fault(&what, &format!("the mailbox did not answer within {} s", LONGEST.as_secs())),
        }
    }
}

/// What was found, told as it is found.
#[derive(Default)]
struct Report {
    faults: usize,
    lines: Vec<String>,
}

impl Report {
    fn line(&mut self, state: &str, what: &str, words: &str) {
        self.lines.push(format!("{state:8} {what}: {words}"));
    }

    fn ok(&mut self, what: &str, words: &str) {
        self.line("ok", what, words);
    }

    fn warning(&mut self, what: &str, words: &str) {
        self.line("warning", what, words);
    }

    fn fault(&mut self, what: &str, words: &str) {
        self.faults += 1;
        self.line("fault", what, words);
    }

    /// Tells a fault, or what `words` make of the value unless they are empty; passes the value on.
    fn result<T>(&mut self, what: &str, value: Result<T, AppError>, words: impl Fn(&T) -> String) -> Option<T> {
        match value {
            Ok(value) => {
                let words = words(&value);
                if !words.is_empty() {
                    self.ok(what, &words);
                }
                Some(value)
            }
            Err(fault) => {
                self.fault(what, &fault.to_string());
                None
            }
        }
    }

    fn webhooks(&mut self, config: &Config) {
        let made = settings::webhooks(config).and_then(|settings| crate::delivery::Webhooks::new(&settings));
        self.result("webhooks", made, |_| "can be signed and sent".into());
    }

    fn end(self) -> anyhow::Result<ExitCode> {
        let mut out = std::io::stdout().lock();
        for line in &self.lines {
            writeln!(out, "{line}")?;
        }
        Ok(if self.faults == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
    }
}
