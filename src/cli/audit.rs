//! `lotse audit …`: whether the audit log is whole, and the log as a file.
//!
//! Invariant: stdout holds what is to be kept: the head of the chain, or the file; everything else goes to stderr.

use std::io::Write;
use std::process::ExitCode;

use clap::Args;

use crate::access::Actor;
use crate::access::audit::browse::Filter;
use crate::access::audit::export::{self, Format};
use crate::access::audit::verify::{self, Head};
use crate::access::audit::{AuditAction, ObjectKind};
use crate::app::database;
use crate::clock::{Clock, Timestamp};
use crate::config::Config;

/// Which entries, as what.
#[derive(Debug, Args)]
pub struct Exported {
    /// csv for spreadsheets, or jsonl: a JSON object a line.
    #[arg(long)]
    format: Format,
    /// Only by this token or person: the id, or a part of the name or log-in.
    #[arg(long)]
    actor: Option<String>,
    /// Only this, such as contact.changed.
    #[arg(long)]
    action: Option<AuditAction>,
    /// Only on things of this kind, such as ticket.
    #[arg(long, value_name = "KIND")]
    object: Option<ObjectKind>,
    /// Only on this one: a ticket's id, a contact's slug and so on.
    #[arg(long, value_name = "ID")]
    object_id: Option<String>,
    /// From then on, such as 2026-11-24T00:00:00Z.
    #[arg(long, value_name = "TIME", value_parser = super::time)]
    from: Option<Timestamp>,
    /// Before then.
    #[arg(long, value_name = "TIME", value_parser = super::time)]
    to: Option<Timestamp>,
}

/// Walks the chain.
pub async fn verify(config: &Config, expected: Vec<Head>) -> anyhow::Result<ExitCode> {
    let db = database::open(config).await?;
    let sealer = database::sealer(config, &db).await?;
    let verdict = verify::verify(&db, &sealer, expected, Clock::system().now()).await?;
    if let Some(fault) = verdict.fault {
        eprintln!("lotse: the audit log is not whole: {fault} ({} entries before are good)", verdict.entries);
        return Ok(ExitCode::from(1));
    }
    match verdict.head {
        Some(head) => {
            eprintln!("{} entries are good; keep the head elsewhere and ask for it with --expect", verdict.entries);
            writeln!(std::io::stdout(), "{head}")?;
        }
        None => eprintln!("there are no entries yet"),
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes the log to stdout, newest first.
pub async fn export(config: &Config, wanted: Exported) -> anyhow::Result<ExitCode> {
    let db = database::open(config).await?;
    let Exported { format, actor, action, object, object_id, from, to } = wanted;
    let filter = Filter { actor, knows_logins: true, action, object, object_id, from, to };
    let now = Clock::system().now();
    let mut begun = export::begin(&db, &Actor::console(), filter, format, now).await?;
    let mut out = std::io::stdout();
    while let Some(part) = begun.part().await? {
        out.write_all(&part)?;
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}
