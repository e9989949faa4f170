//! `lotse explain deadline`: why a deadline is when it is, in words, of a request or of what is asked.
//!
//! Invariant: changes nothing. Without a request no database is asked; closing days count only for a municipality
//! (`--ars`), and then they come from it.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::{BadInput, time};
use crate::app::{database, settings};
use crate::clock::{Clock, Timestamp};
use crate::config::Config;
use crate::directory::Directory;
use crate::directory::hours::{Explanation, Reckoning, ServiceHours, ServiceTime, Tongue, Words, moment};
use crate::error::AppError;
use crate::escalation::Escalations;
use crate::escalation::deadlines;
use crate::keys::{Ars, LandCode};
use crate::tickets::{Desk, TicketNumber};

/// What is to be explained.
#[derive(Debug, Subcommand)]
pub(super) enum Explain {
    /// Why a deadline is when it is: of a request, or of what is asked.
    Deadline(DeadlineAsked),
}

/// A request, or what is asked.
#[derive(Debug, Args)]
pub(super) struct DeadlineAsked {
    /// The request, such as 26-004711-9.
    #[arg(conflicts_with_all = ["start", "within", "hours", "land", "ars"])]
    number: Option<String>,
    /// From when it counts, such as 2026-11-27T16:30:00+01:00; without it from now.
    #[arg(long, value_name = "TIME", value_parser = time)]
    start: Option<Timestamp>,
    /// How long: service time such as 4h, or service days such as 1d.
    #[arg(long, value_name = "SPAN")]
    within: Option<String>,
    /// Hours as OpenStreetMap writes them; without them those of the Land.
    #[arg(long, value_parser = ServiceHours::parse)]
    hours: Option<ServiceHours>,
    /// Whose public holidays count: the code of the Land, such as SH.
    #[arg(long, value_name = "CODE")]
    land: Option<LandCode>,
    /// The municipality whose closing days count.
    #[arg(long)]
    ars: Option<Ars>,
    /// In English.
    #[arg(long)]
    english: bool,
}

/// Says why.
pub(super) async fn explain(config: &Config, asked: Explain) -> anyhow::Result<ExitCode> {
    match asked {
        Explain::Deadline(asked) => deadline(config, asked).await,
    }
}

async fn deadline(config: &Config, asked: DeadlineAsked) -> anyhow::Result<ExitCode> {
    let english = asked.english;
    match (&asked.number, &asked.within) {
        (Some(number), None) => {
            let number: TicketNumber = number.parse().map_err(|e| BadInput(format!("NUMBER {e}")))?;
            let escalations = open(config).await?;
            let found = deadlines::of_number(&escalations, number).await;
            let found = found.map_err(|fault| match fault {
                AppError::NotFound => anyhow::Error::new(BadInput("there is no request of this number".into())),
                fault => fault.into(),
            })?;
            if found.items.is_empty() {
                println!("{}", if english { "No deadline runs here." } else { "Hier läuft keine Frist." });
            }
            for item in found.items {
                let due = moment(item.due, if english { Tongue::English } else { Tongue::German });
                println!("{}: {due} ({})", item.kind, item.hours.hours);
                for part in item.parts {
                    println!("  {}", if english { &part.why_en } else { &part.why_de });
                    print(words(&part.explanation, english));
                }
            }
        }
        (None, Some(within)) => {
            let reckoning = Reckoning::parse(within).map_err(|e| BadInput(format!("--within: {e}")))?;
            let start = asked.start.unwrap_or_else(|| Clock::system().now());
            let time = service_time(config, &asked).await?;
            print(words(&Explanation::of(start, reckoning, &time), english));
        }
        _ => {
            return Err(BadInput("name either a request by its NUMBER, or --within with --land or --ars".into()).into());
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn open(config: &Config) -> anyhow::Result<Escalations> {
    let db = database::open(config).await?;
    let sealer = database::sealer(config, &db).await?;
    let directory = Directory::start(&db).await?;
    let desk = Desk::new(db, Clock::system(), sealer, directory, settings::tickets(config)?)?;
    Ok(Escalations::new(desk, settings::escalation(config)?))
}

/// The service time that is asked about.
async fn service_time(config: &Config, asked: &DeadlineAsked) -> anyhow::Result<ServiceTime> {
    let rules = settings::clock(config)?;
    let land = asked.land.or_else(|| asked.ars.as_ref().and_then(|ars| ars.land()));
    let land = land.ok_or_else(|| BadInput("--land: name the Land by its code, such as SH, or give --ars".into()))?;
    let snapshot = match asked.ars {
        Some(_) => Directory::start(&database::open(config).await?).await?.current(),
        None => Default::default(),
    };
    let place = asked.ars.clone().map(Into::into);
    Ok(rules.for_question(&snapshot, asked.hours.clone(), land, place).time)
}

fn words(explanation: &Explanation, english: bool) -> &Words {
    if english { &explanation.en } else { &explanation.de }
}

fn print(words: &Words) {
    println!("  {}", words.headline);
    for step in &words.steps {
        println!("    {step}");
    }
}
