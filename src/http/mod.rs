//! The service as seen from outside: API, pages, public help.
//!
//! Invariant: every route names a right by the type of its guard (`auth.rs`) or is public by name in `routes.rs`;
//! a handler extracts, is guarded, calls one use case and shapes the answer. No SQL, no clock, no status logic.
//!
//! Where next: `routes.rs` (every URL), `auth.rs` (guards and bodies), `error.rs` (problems), `api/` (JSON),
//! `pages/` and `public/` (HTML), `openapi.rs`, `metrics.rs`.

pub mod api;
pub mod assets;
pub mod auth;
pub mod client;
pub mod cookies;
pub mod development;
pub mod error;
pub mod health;
mod installation;
pub mod known;
pub mod limits;
pub mod metrics;
pub mod multipart;
pub mod openapi;
pub mod pages;
pub mod public;
mod record;
pub mod redirect;
pub mod routes;
pub mod server;
mod upload;
pub mod visitor;
pub mod words;

pub use development::{Development, Received};
pub use limits::Limits;
pub use metrics::Metrics;
pub use pages::worklist::Seats;
pub use public::form::FormTexts;
pub use public::form::parts::ROOM as FORM_ROOM;
pub use public::frame::PublicLinks;

use actix_web::HttpRequest;
use chrono::NaiveDate;
use ipnet::IpNet;

use crate::access::{Accounts, Caller, Provider, Tokens};
use crate::directory::{Confirmations, Directory};
use crate::error::AppError;
use crate::escalation::Escalations;
use crate::inbound::Inbound;
use crate::operations::Operations;
use crate::tickets::Desk;
use crate::tickets::watch::Watch;

/// What handlers work with. Cheap to clone.
#[derive(Clone)]
pub struct State {
    /// Escalations, and with them the desk of the tickets.
    pub escalations: Escalations,
    /// Mail that comes back.
    pub inbound: Inbound,
    /// Contacts that stay true.
    pub confirmations: Confirmations,
    /// How the installation fares.
    pub operations: Operations,
    /// Who asks.
    pub tokens: Tokens,
    /// People and their sessions.
    pub accounts: Accounts,
    /// Who vouches for people, where they can log in by a provider.
    pub provider: Option<Provider>,
    /// The longest body of a request, in bytes.
    pub body_limit: usize,
    /// The figures of this process.
    pub metrics: Metrics,
    /// The networks whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// How often somebody may ask.
    pub limits: Limits,
    /// Pages a website must have.
    pub public_links: PublicLinks,
    /// What the public form says in this installation.
    pub form_texts: FormTexts,
    /// What happens to tickets while somebody looks.
    pub watch: Watch,
    /// How many may look so at once.
    pub seats: Seats,
    /// Room for forms with files that come in at once.
    pub form_room: std::sync::Arc<tokio::sync::Semaphore>,
    /// Pages for development; only in the demo.
    pub development: Option<Development>,
}

impl State {
    /// The desk of the tickets.
    pub fn desk(&self) -> &Desk {
        self.escalations.desk()
    }

    /// The caller behind a token, with where they ask from.
    async fn authenticate(&self, request: &HttpRequest, token: &str) -> Result<Caller, AppError> {
        let address = client::address(request, &self.trusted_proxies);
        let mut caller = self.tokens.authenticate(token, address).await?;
        caller.actor.address = Some(address);
        Ok(caller)
    }

    /// True where the world reaches this service by https.
    pub(crate) fn is_https(&self) -> bool {
        self.desk().settings.public_url.starts_with("https://")
    }

    /// Where the world reaches this service, without a slash at the end.
    pub(crate) fn public_url(&self) -> &str {
        self.desk().settings.public_url.trim_end_matches('/')
    }

    /// The day in Germany.
    pub(crate) fn today(&self) -> NaiveDate {
        self.desk().clock.now().day_in_berlin()
    }

    /// The directory.
    pub fn directory(&self) -> &Directory {
        &self.desk().directory
    }
}
