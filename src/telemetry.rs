//! Logs: structured, without personal data, as text for people or JSON for machines.
//!
//! Invariant: what is logged are ids, kinds and faults. Requests are logged once, at the boundary, by
//! `http`. Metrics stand in `http/metrics.rs`.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

/// Starts logging to stderr; a second call changes nothing.
pub fn start(is_json: bool, level: &str) -> Result<(), String> {
    // The server's own account of its threads says nothing to an operator, and words on a connection that are no HTTP
    // are no fault of ours (the server calls them errors; they are answered 400). A level that names them brings both
    // back.
    let quiet = "actix_server=warn,actix_http::h1::dispatcher=off";
    let filter = EnvFilter::try_new(format!("{quiet},{level}")).map_err(|e| format!("log.level: {e}"))?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_span_events(FmtSpan::NONE)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    // Err means that logging was started before, as in tests that run several servers in one process.
    let started = if is_json { builder.json().flatten_event(true).try_init() } else { builder.try_init() };
    if started.is_err() {
        tracing::debug!("logging had been started already");
    }
    Ok(())
}
