//! `lotse serve` and `lotse worker`: runs until a signal says to end.
//!
//! Invariant: SIGTERM and Ctrl-C end in order and with code 0; a second one ends at once.

use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::app::{App, Options};
use crate::config::Config;

/// HTTP, deliveries and deadlines.
pub async fn serve(config: &Config) -> anyhow::Result<ExitCode> {
    run(config, Options::serve(config)?).await
}

/// While nobody can log in yet: how to become the first administrator. On stdout: the log, which others may read, is on stderr.
async fn tell_first_admin(app: &App) {
    match app.accounts.first_admin().await {
        Ok(Some(link)) => println!(
            "lotse: nobody has an account yet. Become the administrator \"admin\" here, once, until {}:\n{}",
            link.expires_at, link.url
        ),
        Ok(None) => {}
        Err(fault) => tracing::warn!(fault = %fault, "no link for the first administrator could be made"),
    }
}

/// Deliveries and deadlines.
pub async fn worker(config: &Config) -> anyhow::Result<ExitCode> {
    run(config, Options::worker()).await
}

async fn run(config: &Config, options: Options) -> anyhow::Result<ExitCode> {
    let begun = Instant::now();
    let mut signals = Signals::new()?;
    for warning in config.unsafe_settings() {
        tracing::warn!("{warning}");
    }
    let app = tokio::select! {
        app = App::start(config, options) => app?,
        () = signals.next() => return Ok(ExitCode::SUCCESS),
    };
    let after_ms = begun.elapsed().as_millis() as u64;
    match app.address() {
        Some(address) => {
            tracing::info!(%address, public_url = config.server.public_url, after_ms, "ready");
            tell_first_admin(&app).await;
        }
        None => tracing::info!(after_ms, "ready to deliver"),
    }
    signals.next().await;
    tracing::info!("ending: finishing what is in hand");
    tokio::select! {
        _ = app.stop() => tracing::info!("ended"),
        () = signals.next() => tracing::warn!("ended at once, by a second signal"),
    }
    Ok(ExitCode::SUCCESS)
}

/// The signals that say to end.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// From now on they are heard here instead of ending the process.
    pub fn new() -> anyhow::Result<Self> {
        let listen = |kind| signal(kind).context("signals cannot be heard");
        Ok(Self { terminate: listen(SignalKind::terminate())?, interrupt: listen(SignalKind::interrupt())? })
    }

    /// Waits for one.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
