//! `lotse import municipalities`: the official list, with who took whose place.
//!
//! Invariant: nothing is done before the plan stands and has no fault; what is done is told on stderr. Requests follow
//! last, in portions, and a run that was cut off is completed by the next or by a running server.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::import::{read, ready_to_start, refused, table_file, told};
use crate::access::Actor;
use crate::app::database;
use crate::clock::Clock;
use crate::config::Config;
use crate::directory::import::{
    self, Importer, Mode, PlaceName, Register, RegisterPlan, apply_municipalities, plan_municipalities,
};
use crate::error::AppError;
use crate::tickets::relocation;

/// A list of municipalities.
#[derive(Debug, clap::Args)]
pub struct List {
    /// The CSV file.
    file: PathBuf,
    /// Who took whose place: CSV or XLSX with old_ars, new_ars, valid_on. Then the list counts as the whole of the
    /// Länder it names, and what it names no more is taken out of use.
    #[arg(long, value_name = "FILE")]
    changes: Option<PathBuf>,
    /// Show what it would do and change nothing.
    #[arg(long)]
    plan: bool,
}

/// The register of municipalities.
pub async fn municipalities(config: &Config, list: List) -> anyhow::Result<ExitCode> {
    let text = read(&list.file)?;
    let changes = list.changes.as_deref().map(|file| table_file(file, None)).transpose()?;
    let register = Register { list: Some((list.file.display().to_string(), text)), changes };
    let (db, now) = (database::open(config).await?, Clock::system().now());
    if list.plan {
        return match plan_municipalities(&db, &register, now).await {
            Ok(plan) => {
                show(&plan);
                eprintln!("nothing was changed; {} requests wait to follow", relocation::waiting(&db).await?);
                Ok(ExitCode::SUCCESS)
            }
            Err(AppError::Invalid(faults)) => Ok(refused(&faults)),
            Err(fault) => Err(fault.into()),
        };
    }
    let (begun, bar) = (Instant::now(), bar());
    let mut progress = |done: usize, all: usize| {
        bar.set_length(all as u64);
        bar.set_position(done as u64);
    };
    let applied = apply_municipalities(&db, &Importer::console(), &register, None, now, &mut progress).await;
    bar.finish_and_clear();
    let (summary, plan) = match applied {
        Ok(applied) => applied,
        Err(fault) => return told(Err(fault), "municipalities", "changed", begun),
    };
    if register.changes.is_some() {
        show(&plan);
    }
    let followed = relocation::relocate(&db, &Actor::import(), now).await?;
    if followed > 0 {
        eprintln!("{followed} requests followed");
    }
    ready_to_start(&db).await?;
    told(Ok(summary), "municipalities", "changed", begun)
}

/// Which postal codes lie where.
pub async fn postal_codes(config: &Config, file: &Path) -> anyhow::Result<ExitCode> {
    let (file, begun) = (table_file(file, None)?, Instant::now());
    let (db, now) = (database::open(config).await?, Clock::system().now());
    let imported = import::postal_codes(&db, &Importer::console(), file, Mode::Apply(None), now).await;
    told(imported.map(|plan| plan.counts), "postal codes", "gone", begun)
}

fn show(plan: &RegisterPlan) {
    for place in &plan.added {
        eprintln!("new: {} {}", place.ars, place.name);
    }
    for change in &plan.renamed {
        eprintln!("renamed: {} {} -> {}", change.ars, change.before, change.after);
    }
    for change in &plan.moved {
        eprintln!("moved: {} {} -> {}", change.ars, change.before, change.after);
    }
    for change in &plan.changed {
        eprintln!("changed: {} {} -> {}", change.ars, change.before, change.after);
    }
    for place in &plan.revived {
        eprintln!("in use again: {} {}", place.ars, place.name);
    }
    for merger in &plan.merged {
        let (who, what) = (&merger.who, &merger.what);
        eprintln!("merged: {} {} -> {} {} on {}", who.old_ars, who.old_name, who.new_ars, who.new_name, who.valid_on);
        for service in &what.adoptions_moved {
            eprintln!("    the use of {service} moves");
        }
        for service in &what.adoptions_ended {
            eprintln!("    the use of {service} ends, because {} uses it itself", who.new_name);
        }
        for contact in &what.contacts {
            eprintln!("    the contact {contact} moves");
        }
    }
    for gone in &plan.gone {
        let end = if plan.ends_gone { "takes no new requests from now on" } else { "stays as it is without --changes" };
        eprintln!("gone: {} {}; {end}{}", gone.place.ars, gone.place.name, hint(&gone.candidates));
    }
    eprintln!(
        "{} new, {} renamed, {} moved, {} changed, {} in use again, {} merged, {} gone, {} unchanged",
        plan.added.len(),
        plan.renamed.len(),
        plan.moved.len(),
        plan.changed.len(),
        plan.revived.len(),
        plan.merged.len(),
        plan.gone.len(),
        plan.unchanged,
    );
}

fn hint(candidates: &[PlaceName]) -> String {
    let names: Vec<String> = candidates.iter().map(|place| format!("{} {}", place.ars, place.name)).collect();
    if names.is_empty() { String::new() } else { format!("; perhaps now {}", names.join(", ")) }
}

/// How far something is, for whoever looks.
pub fn bar() -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {human_pos} of {human_len}");
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()).with_style(style)
}
