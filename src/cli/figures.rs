//! `lotse figures`: whether the figures are true, and reckoning them anew.
//!
//! Invariant: `--check` changes nothing; `--rebuild` may run beside the service, whose loop works by the same lock.

use std::process::ExitCode;

use clap::Args;

use crate::app::database;
use crate::config::Config;
use crate::figures::{check, worker};

/// What is to be done with the figures.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Reckoning {
    /// Reckon all anew and tell what differs; changes nothing, ends with 1 when something does.
    #[arg(long)]
    check: bool,
    /// Forget all and reckon anew; pages show incomplete figures meanwhile.
    #[arg(long)]
    rebuild: bool,
}

/// Compares or reckons anew.
pub async fn figures(config: &Config, wanted: Reckoning) -> anyhow::Result<ExitCode> {
    let db = database::open(config).await?;
    if wanted.rebuild && !wanted.check {
        let requests = worker::rebuild(&db).await?;
        eprintln!("the figures of {requests} requests were reckoned anew");
        return Ok(ExitCode::SUCCESS);
    }
    let found = check::check(&db).await?;
    if found.is_good() {
        eprintln!("the figures are those of all {} requests", found.requests);
        return Ok(ExitCode::SUCCESS);
    }
    let check::Found { requests, contributions, sums } = found;
    eprintln!(
        "lotse: of {requests} requests {contributions} contribute something else, and {sums} sums differ; what happened \
         in the last seconds can show here, so check again, and if it stays run `lotse figures --rebuild`"
    );
    Ok(ExitCode::from(1))
}
