//! `lotse ingest-mail`: one mail from stdin, as the pipe of a mail server hands it over.
//!
//! Invariant: 0 only after the mail is durable. Every fault ends with 75 (sysexits, EX_TEMPFAIL), wrong settings too, so
//! that the mail server keeps the mail and comes again while somebody mends it; the same mail twice is one. Only a mail
//! that can never be taken, because it is too large or empty, ends with 65 and goes back to who sent it. Nothing is
//! sent here: what is to be sent waits for `serve`.

use std::io::Read;
use std::path::Path;
use std::process::ExitCode;

use clap::Args;

use crate::app::{database, settings};
use crate::clock::Clock;
use crate::config::{Config, LogFormat};
use crate::directory::Directory;
use crate::error::AppError;
use crate::escalation::Escalations;
use crate::inbound::take::{Arrival, take};
use crate::inbound::{Inbound, MailState};
use crate::tickets::Desk;

/// Where the mail came from.
#[derive(Debug, Args)]
pub struct Mail {
    /// The mailbox it came to, by its name in the settings; without it none of them.
    #[arg(long, value_name = "NAME", default_value = "pipe")]
    mailbox: String,
    /// Whom the envelope was for; with Postfix `${recipient}`.
    #[arg(long, value_name = "ADDRESS")]
    recipient: Option<String>,
}

/// The message is too large to be kept: it goes back to who sent it.
const DATA: u8 = 65;
/// Later.
const LATER: u8 = 75;

/// Takes the mail in and answers how it ended.
pub async fn mail(file: Option<&Path>, mail: Mail) -> ExitCode {
    match taken_in(file, mail).await {
        Ok(state) => {
            eprintln!("lotse: the mail was taken in and is {state}");
            ExitCode::SUCCESS
        }
        Err((code, words)) => {
            eprintln!("lotse: {}", words.split_whitespace().collect::<Vec<_>>().join(" "));
            ExitCode::from(code)
        }
    }
}

type Fault = (u8, String);

async fn taken_in(file: Option<&Path>, mail: Mail) -> Result<MailState, Fault> {
    let later = |fault: AppError| (LATER, fault.to_string());
    let config = Config::load(file).map_err(later)?;
    crate::telemetry::start(config.log.format == LogFormat::Json, &config.log.level).map_err(|e| (LATER, e))?;
    let settings = settings::inbound(&config).map_err(later)?;
    if mail.mailbox != "pipe" && !settings.mailboxes.iter().any(|known| known.name == mail.mailbox) {
        return Err((LATER, format!("--mailbox: there is no inbound.mailbox {:?} in the settings", mail.mailbox)));
    }
    let raw = read(settings.bounds.size)?;
    let db = database::open(&config).await.map_err(later)?;
    let sealer = database::sealer(&config, &db).await.map_err(later)?;
    let directory = Directory::start(&db).await.map_err(later)?;
    let tickets = settings::tickets(&config).map_err(later)?;
    let desk = Desk::new(db, Clock::system(), sealer, directory, tickets).map_err(later)?;
    let escalations = Escalations::new(desk, settings::escalation(&config).map_err(later)?);
    let inbound = Inbound::new(escalations, settings);
    let size = i64::try_from(raw.len()).unwrap_or(i64::MAX);
    let arrival = Arrival { mailbox: mail.mailbox, uid: None, recipient: mail.recipient, raw, size };
    take(&inbound, arrival).await.map(|taken| taken.state).map_err(later)
}

/// All of stdin, as far as a mail may go.
fn read(most: usize) -> Result<Vec<u8>, Fault> {
    let mut raw = Vec::new();
    let bound = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    std::io::stdin().lock().take(bound).read_to_end(&mut raw).map_err(|e| (LATER, format!("stdin: {e}")))?;
    match raw.len() {
        0 => Err((DATA, "stdin holds no mail; pipe one in: lotse ingest-mail < message".into())),
        length if length > most => {
            Err((DATA, format!("the mail is larger than {most} bytes; see inbound.max_size_mib")))
        }
        _ => Ok(raw),
    }
}
