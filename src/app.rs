//! The wired application: settings in, a running service out, and an orderly end.
//!
//! Invariant: everything that runs gets one word to stop ([`App::stop`]): connections are accepted no more, requests
//! and deliveries in hand are finished, all within `server.shutdown_within`. Starting installs nothing global and
//! never ends the process, so that tests run many applications side by side. What the settings mean to each module
//! stands in `app/settings.rs`, how the database is opened in `app/database.rs`. Not here: the command line, signals
//! and logging (`cli.rs`).

pub mod database;
pub mod settings;

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::access::audit::chain;
use crate::access::{Accounts, Provider, Tokens};
use crate::clock::Clock;
use crate::config::Config;
use crate::db::Db;
use crate::delivery::{Mailer, ReturnPath, Webhooks, Worker};
use crate::directory::{Confirmations, Directory, confirmation, planned};
use crate::error::AppError;
use crate::escalation::{Escalations, sweep};
use crate::figures;
use crate::http::{Development, Limits, Metrics, Seats, State, server};
use crate::inbound::{self, Inbound};
use crate::operations::{Operations, instance, months};
use crate::seal::Sealer;
use crate::tickets::watch::Watch;
use crate::tickets::{Desk, attachments, relocation};

/// The longest body of a request, in bytes (fixed point of the interface).
const BODY_LIMIT: usize = 256 * 1024;

/// What of the application runs, and by which clock.
pub struct Options {
    /// The time.
    pub clock: Clock,
    /// Where requests come in; nothing: no HTTP.
    pub listener: Option<TcpListener>,
    /// Whether what is in the outbox is sent and deadlines are kept. Without it, tests do both by hand
    /// ([`Worker::drain`], [`sweep::round`]).
    pub delivers: bool,
    /// Pages that show mails and webhooks to whoever opens them: in the demo and in tests.
    pub development: Option<Development>,
}

impl Options {
    /// Everything, at the address of the settings: `lotse serve`.
    pub fn serve(config: &Config) -> Result<Self, AppError> {
        let listener = Some(listen("server.listen", &config.server.listen)?);
        Ok(Self { listener, ..Self::worker() })
    }

    /// Deliveries and deadlines alone: `lotse worker`.
    pub fn worker() -> Self {
        Self { clock: Clock::system(), listener: None, delivers: true, development: None }
    }
}

/// A running application.
pub struct App {
    /// The database.
    pub db: Db,
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
    /// What sends.
    pub worker: Worker,
    address: Option<SocketAddr>,
    http: Vec<ServerHandle>,
    running: Vec<(&'static str, JoinHandle<()>)>,
    stopping: watch::Sender<bool>,
    within: Duration,
}

impl App {
    /// Opens everything and starts what `options` ask for. When it answers, requests are served.
    pub async fn start(config: &Config, options: Options) -> Result<Self, AppError> {
        let Options { clock, listener, delivers, development } = options;
        let webhooks = Webhooks::new(&settings::webhooks(config)?)?;
        let mailer = Mailer::new(&settings::mail(config)?)?;
        let vouching = settings::provider(config)?;
        // Asked before the database is touched: a start without its key leaves no trace.
        let (master, previous) = database::master_keys(config)?;
        let db = database::open(config).await?;
        let sealer = Sealer::load(&db, master, previous).await?;
        // Noted at the first start with a key, so that its age is known.
        sealer.standing(&db, clock.now()).await?;
        let directory = Directory::closing(&db, settings::clock(config)?.yearly).await?;
        let tokens = Tokens::new(db.clone(), clock.clone());
        let accounts = Accounts::new(db.clone(), clock.clone(), sealer.clone(), settings::accounts(config));
        let provider = vouching.map(|settings| Provider::new(accounts.clone(), settings)).transpose()?;
        let (contacts, url) = (settings::directory(config), config.server.public_url.clone());
        let confirmations = Confirmations::new(db.clone(), clock.clone(), sealer.clone(), contacts, url);
        let desk = Desk::new(db.clone(), clock.clone(), sealer.clone(), directory.clone(), settings::tickets(config)?)?;
        let escalations = Escalations::new(desk, settings::escalation(config)?);
        let inbound = Inbound::new(escalations.clone(), settings::inbound(config)?);
        let running_as = settings::operations(config);
        let operations = Operations::new(escalations.clone(), confirmations.clone(), running_as, instance::machine());
        let bounces = &config.mail.bounce_address;
        let mailer = match bounces.is_empty() {
            true => mailer,
            false => mailer.returning_to(ReturnPath::new(bounces.clone(), *sealer.reply_address_key())),
        };
        let worker =
            Worker::new(db.clone(), clock.clone(), sealer.clone(), settings::worker(config)?, mailer, webhooks);

        let within = settings::std_duration("server.shutdown_within", config.server.shutdown_within)?;
        let (stopping, stop) = watch::channel(false);
        let mut running = vec![
            ("directory", tokio::spawn(directory.run(stop.clone()))),
            ("tokens", tokio::spawn(tokens.clone().run(stop.clone()))),
            ("instance", tokio::spawn(instance::run(operations.clone(), stop.clone()))),
        ];
        if delivers {
            let settings = escalations.desk().settings.directory.clone();
            let planned = planned::run(db.clone(), clock.clone(), sealer.clone(), settings, stop.clone());
            running.push(("planned changes", tokio::spawn(planned)));
            running.push(("audit", tokio::spawn(chain::run(db.clone(), sealer.clone(), stop.clone()))));
            running.push(("relocation", tokio::spawn(relocation::run(escalations.desk().clone(), stop.clone()))));
            let files = attachments::round::run(escalations.desk().clone(), stop.clone());
            running.push(("attachments", tokio::spawn(files)));
            if let Some(traces) = settings::traces(config, operations.clone())? {
                running.push(("traces", tokio::spawn(traces.run(stop.clone()))));
            }
            running.push(("months", tokio::spawn(months::run(db.clone(), clock.clone(), stop.clone()))));
            running.push(("figures", tokio::spawn(figures::worker::run(db.clone(), stop.clone()))));
            running.push(("sweep", tokio::spawn(sweep::run(escalations.clone(), stop.clone()))));
            running.push(("mailboxes", tokio::spawn(inbound::mailbox::run(inbound.clone(), stop.clone()))));
            running.push(("contacts", tokio::spawn(confirmation::round::run(confirmations.clone(), stop.clone()))));
            running.push(("delivery", tokio::spawn(worker.clone().run(stop))));
        }
        let mut app = Self {
            db,
            escalations,
            inbound,
            confirmations,
            operations,
            tokens,
            accounts,
            provider,
            worker,
            address: None,
            http: Vec::new(),
            running,
            stopping,
            within,
        };
        if let Some(listener) = listener {
            app.serve(config, listener, development)?;
        }
        Ok(app)
    }

    fn serve(
        &mut self,
        config: &Config,
        listener: TcpListener,
        development: Option<Development>,
    ) -> Result<(), AppError> {
        self.address = Some(listener.local_addr().map_err(AppError::internal)?);
        let watch = Watch::new(self.db.clone());
        self.running.push(("watch", tokio::spawn(watch.clone().run(self.stopping.subscribe()))));
        let state = State {
            escalations: self.escalations.clone(),
            inbound: self.inbound.clone(),
            confirmations: self.confirmations.clone(),
            operations: self.operations.clone(),
            tokens: self.tokens.clone(),
            accounts: self.accounts.clone(),
            provider: self.provider.clone(),
            body_limit: BODY_LIMIT,
            limits: Limits::new(settings::limits(config)),
            trusted_proxies: config
                .server
                .proxies()
                .map_err(|fault| AppError::field("server.trusted_proxies", fault))?,
            metrics: Metrics::new()?,
            public_links: settings::public_links(config)?,
            form_texts: settings::form_texts(config),
            watch,
            seats: Seats::new(config.limits.streams),
            form_room: std::sync::Arc::new(tokio::sync::Semaphore::new(crate::http::FORM_ROOM)),
            development,
        };
        let mut servers = Vec::new();
        if !config.server.metrics_listen.is_empty() {
            let listener = listen("server.metrics_listen", &config.server.metrics_listen)?;
            servers.push(("metrics", server::metrics_service(state.clone(), listener)));
        }
        servers.push(("http", server::serve(state, listener, config.server.workers, self.within)));
        for (what, server) in servers {
            let server = server.map_err(AppError::internal)?;
            self.http.push(server.handle());
            self.running.push((what, tokio::spawn(ended(what, server))));
        }
        Ok(())
    }

    /// Where requests are served; the port is the true one even when the settings said 0.
    pub fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// Stops in order. False when something had to be cut off because it took too long.
    pub async fn stop(self) -> bool {
        let Self { http, running, stopping, within, .. } = self;
        let deadline = tokio::time::Instant::now() + within;
        // Nobody may listen any more, as when only HTTP was running; that is no fault.
        stopping.send_replace(true);
        let mut is_clean = true;
        let served = futures_util::future::join_all(http.iter().map(|server| server.stop(true)));
        is_clean &= tokio::time::timeout_at(deadline, served).await.is_ok();
        for (what, mut task) in running {
            match tokio::time::timeout_at(deadline, &mut task).await {
                Ok(Ok(())) => {}
                Ok(Err(fault)) => {
                    tracing::error!(what, fault = %fault, "this part had broken down");
                    is_clean = false;
                }
                Err(_) => {
                    tracing::warn!(what, "this part was cut off; what it was at is done again after the next start");
                    task.abort();
                    is_clean = false;
                }
            }
        }
        is_clean
    }
}

/// Opens the address, with room for many callers to wait at the door.
/// `key` is the setting that names it.
pub fn listen(key: &str, address: &str) -> Result<TcpListener, AppError> {
    let fault = |e: std::io::Error| {
        let hint = match e.kind() {
            std::io::ErrorKind::AddrInUse => "another program listens there already; stop it or choose another port",
            std::io::ErrorKind::PermissionDenied => "this user may not; choose a port above 1023",
            std::io::ErrorKind::AddrNotAvailable => "this machine does not have that address",
            _ => "choose another address",
        };
        AppError::field(key, format!("cannot listen on {address}: {hint} ({e})"))
    };
    let listener = TcpListener::bind(address).map_err(fault)?;
    listener.set_nonblocking(true).map_err(fault)?;
    Ok(listener)
}

async fn ended(what: &'static str, server: Server) {
    if let Err(fault) = server.await {
        tracing::error!(what, fault = %fault, "a server ended by itself");
    }
}
