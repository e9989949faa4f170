//! `lotse import …`: the directory from files.
//!
//! Invariant: a file with faults changes nothing; every fault is one line, `file:line: key: message`.

use std::io::IsTerminal;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::BadInput;
use crate::app::{database, settings};
use crate::clock::Clock;
use crate::config::Config;
use crate::directory::import::{self, Summary};
use crate::error::AppError;

/// The register of municipalities.
pub async fn municipalities(config: &Config, file: &Path) -> anyhow::Result<ExitCode> {
    let text = read(file)?;
    let db = database::open(config).await?;
    let (begun, bar) = (Instant::now(), bar());
    let mut progress = |done: usize, all: usize| {
        bar.set_length(all as u64);
        bar.set_position(done as u64);
    };
    let name = file.display().to_string();
    let imported = import::municipalities(&db, &name, &text, Clock::system().now(), &mut progress).await;
    bar.finish_and_clear();
    told(imported, "municipalities", begun)
}

/// Länder, contacts, services and adoptions.
pub async fn directory(config: &Config, file: &Path) -> anyhow::Result<ExitCode> {
    let text = read(file)?;
    let db = database::open(config).await?;
    let sealer = database::sealer(config, &db).await?;
    let begun = Instant::now();
    let (rules, name) = (settings::directory(config), file.display().to_string());
    told(import::directory(&db, &sealer, &rules, &name, &text, Clock::system().now()).await, "objects", begun)
}

fn read(file: &Path) -> Result<String, BadInput> {
    std::fs::read_to_string(file).map_err(|e| BadInput(format!("{} cannot be read: {e}", file.display())))
}

fn bar() -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {human_pos} of {human_len}");
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()).with_style(style)
}

fn told(imported: Result<Summary, AppError>, what: &str, begun: Instant) -> anyhow::Result<ExitCode> {
    match imported {
        Ok(Summary { created, updated, unchanged }) => {
            let seconds = begun.elapsed().as_secs_f32();
            eprintln!("{what}: {created} new, {updated} changed, {unchanged} unchanged, in {seconds:.1} s");
            Ok(ExitCode::SUCCESS)
        }
        Err(AppError::Invalid(faults)) => {
            for fault in &faults {
                eprintln!("{}: {}", fault.field, fault.message);
            }
            let faults = if let [_] = faults[..] { "1 fault".to_owned() } else { format!("{} faults", faults.len()) };
            eprintln!("nothing was imported: {faults}");
            Ok(ExitCode::from(2))
        }
        Err(fault) => Err(fault.into()),
    }
}
