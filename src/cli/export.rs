//! `lotse export …`: what the public is shown, as a file.
//!
//! Invariant: stdout, or the file named, holds the export alone; what is in it and what was left out goes to stderr.
//! A file appears under its name only when it is whole.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use super::{BadInput, HelpFile};
use crate::access::Reach;
use crate::app::database;
use crate::clock::Clock;
use crate::config::Config;
use crate::directory::export::{Export, Format, HelpQuery};

/// Every live adoption with its help channels.
pub async fn help(config: &Config, wanted: HelpFile) -> anyhow::Result<ExitCode> {
    let HelpFile { format, since, service, ars, pending_transfer, output } = wanted;
    let db = database::open(config).await?;
    let reach = Reach::everything();
    let query = HelpQuery {
        since: since.map(|since| since.0),
        service,
        region: ars,
        pending_transfer,
        reach,
        public_url: config.server.public_url.clone(),
    };
    let mut begun = Export::begin(&db, query, format, Clock::system().now());
    match &output {
        None => write(&mut begun, &mut std::io::stdout()).await?,
        Some(file) => {
            let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            let fault = |e: std::io::Error| BadInput(format!("--output: {} cannot be written: {e}", file.display()));
            let name = file.file_name().ok_or_else(|| BadInput("--output: must name a file".to_owned()))?;
            let part = folder.join(format!(".{}.part", name.to_string_lossy()));
            let mut out = std::fs::File::create(&part).map_err(fault)?;
            write(&mut begun, &mut out).await?;
            out.sync_all()?;
            std::fs::rename(&part, file).map_err(fault)?;
        }
    }
    let told = begun.told();
    eprintln!("{} adoptions written", told.written);
    for (reason, count) in &told.skipped {
        eprintln!("{count} left out: {reason}");
    }
    if format == Format::Xzufi {
        eprintln!("experimentell: XZuFi 2.2, noch nicht gegen das amtliche Schema geprüft; siehe docs/exchange.md");
    }
    Ok(ExitCode::SUCCESS)
}

async fn write(begun: &mut Export, out: &mut impl Write) -> anyhow::Result<()> {
    while let Some(part) = begun.part().await? {
        out.write_all(&part)?;
    }
    Ok(out.flush()?)
}
