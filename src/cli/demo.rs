//! `lotse demo`: everything on one machine, to look at and to play with; nothing leaves it.
//!
//! Invariant: the demo reads neither a file of settings nor the environment, so it cannot reach what somebody
//! operates; every relaxation it needs is set here in so many words. Where next: `demo/stage.rs` (what is set up),
//! `demo/fill.rs` (requests by the thousand), `demo/people.rs` (who can log in), `demo/story.rs` (what is printed),
//! `walkthrough.rs`.

pub mod fill;
mod people;
mod stage;
mod story;

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::ExitCode;

use super::serve::Signals;
use super::walkthrough::{self, Receiver};
use super::{BadInput, Demo};
use crate::app::listen;
use fill::Span;
pub use stage::{ARS, Cast, SECOND_LEVEL, SERVICE};
use stage::{Folder, Stage, filled, webhook_secret};

/// Where the demo listens unless told otherwise.
const LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8115);

/// So many requests of the last two weeks are made up unless told otherwise.
const USUAL: u32 = 200;

/// So many ports after [`LISTEN`] are tried.
const MORE_PORTS: u16 = 100;

/// Sets the demo up and runs it until Ctrl-C, or plays the walkthrough and ends. A file of settings is refused.
pub async fn run(demo: Demo, settings: Option<&Path>) -> anyhow::Result<ExitCode> {
    if settings.is_some() {
        let fault = "--config: the demo reads no settings; leave it out, or serve with them by lotse serve";
        return Err(BadInput(fault.into()).into());
    }
    crate::telemetry::start(false, "warn").map_err(BadInput)?;
    let folder = Folder::open(demo.directory.clone())?;
    // Whoever looks around for the first time finds a few requests; a folder that is kept is left as it is.
    let usual = (!demo.walkthrough && demo.directory.is_none()).then_some((USUAL, Span::Weeks));
    let asked = demo.tickets.map(|tickets| (tickets, Span::Years));
    if let Some((tickets, span)) = asked.or(usual).filter(|(tickets, _)| *tickets > 0) {
        filled(&folder, &demo, tickets, span).await?;
    }
    if demo.fill_only {
        return Ok(ExitCode::SUCCESS);
    }
    let mut signals = Signals::new()?;
    let listener = open_door(demo.listen)?;
    let secret = webhook_secret();
    let receiver = if demo.walkthrough { Some(Receiver::start(&secret)?) } else { None };
    let url = receiver.as_ref().map(|receiver| receiver.url.as_str());
    let stage = Stage::set(listener, folder, demo.database.as_deref(), &secret, url).await?;
    let code = if let Some(receiver) = receiver {
        let script = stage.script(receiver.received);
        let play = tokio::task::spawn_blocking(move || walkthrough::play(&script));
        tokio::select! {
            played = play => played?,
            () = signals.next() => ExitCode::from(1),
        }
    } else {
        story::tell(&stage)?;
        signals.next().await;
        eprintln!();
        ExitCode::SUCCESS
    };
    stage.strike().await;
    Ok(code)
}

/// The address asked for; without one the usual, or the next that is free.
fn open_door(asked: Option<SocketAddr>) -> anyhow::Result<TcpListener> {
    if let Some(asked) = asked {
        if !asked.ip().is_loopback() {
            eprintln!(
                "lotse: {asked} can be reached from outside; the demo shows all mails to whoever opens its pages"
            );
        }
        return Ok(listen("--listen", &asked.to_string())?);
    }
    for port in LISTEN.port()..LISTEN.port() + MORE_PORTS {
        let address = SocketAddr::new(LISTEN.ip(), port);
        if let Ok(listener) = listen("--listen", &address.to_string()) {
            if port != LISTEN.port() {
                eprintln!("lotse: port {} is taken; using {port}", LISTEN.port());
            }
            return Ok(listener);
        }
    }
    Err(BadInput(format!("--listen: {LISTEN} and the {MORE_PORTS} ports after it are taken; name a free one")).into())
}
