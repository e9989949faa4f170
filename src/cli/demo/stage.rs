//! What the demo stands on: a folder, settings, the sample directory, tokens, and the running application.
//!
//! Invariant: a temporary folder goes at the end, a named one stays and can be used again; what was sealed in it
//! opens with the key that lies beside it.

use std::fs::DirBuilder;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;
use rand::RngCore;

use super::fill;
use super::people::People;
use crate::access::Accounts;
use crate::access::token::NewToken;
use crate::access::{Actor, Role, Tokens};
use crate::app::{App, Options, database, settings};
use crate::cli::register::bar;
use crate::cli::walkthrough::{Received, Script};
use crate::cli::{BadInput, Demo};
use crate::clock::Clock;
use crate::config::{Config, MailTransport};
use crate::db::Db;
use crate::directory::{import, sample};
use crate::error::AppError;
use crate::figures::worker;
use crate::http::Development;
use crate::seal::{MasterKey, Sealer};
use crate::tickets::chronicle;

/// The municipality the demo plays in: Kiel.
pub const ARS: &str = "010020000000";
/// The service it is about.
pub const SERVICE: &str = "wohnsitzanmeldung";
/// The contact of the 2nd level that has mail and webhook.
pub const SECOND_LEVEL: &str = "dataport-technik";
/// Where the demo's own receiver of webhooks is.
const RECEIVER: &str = "/entwicklung/webhook-empfang";

/// The demo while it runs.
pub struct Stage {
    /// Where it is reached, such as `http://127.0.0.1:8115`.
    pub base: String,
    /// Who may do what.
    pub cast: Cast,
    /// Who can log in.
    pub people: People,
    /// Where everything lies.
    pub folder: Folder,
    app: App,
    address: SocketAddr,
}

/// A token for each role.
#[derive(Clone)]
pub struct Cast {
    /// The 115.
    pub agent: String,
    /// Kiel's central contact.
    pub central: String,
    /// The operator's service desk.
    pub second_level: String,
    /// Whoever runs this installation.
    pub admin: String,
    /// Whoever audits it.
    pub auditor: String,
}

impl Stage {
    /// Sets everything up and opens the door.
    ///
    /// Webhooks go to `receiver`, or else to the one of the pages for development; `secret` signs them.
    pub async fn set(
        listener: TcpListener,
        folder: Folder,
        database: Option<&str>,
        secret: &str,
        receiver: Option<&str>,
    ) -> anyhow::Result<Self> {
        let address = reachable(listener.local_addr()?);
        let base = format!("http://{address}");
        let config = settings_of(&folder, database, &base, receiver.is_some())?;
        let development = Development {
            mail_directory: folder.path.join("mail"),
            webhook_secret: secret.into(),
            received: Default::default(),
        };
        let options = Options { listener: Some(listener), development: Some(development), ..Options::worker() };
        let app = App::start(&config, options).await?;
        let desk = app.escalations.desk();
        let url = receiver.map_or_else(|| format!("{base}{RECEIVER}"), str::to_owned);
        bring_directory(&config, &app.db, &desk.sealer, &url, secret).await?;
        desk.directory.refresh().await?;
        let cast = Cast::hire(&app.tokens).await?;
        let people = People::hire(&app.accounts).await?;
        Ok(Self { base, cast, people, folder, app, address })
    }

    /// What the walkthrough plays with.
    pub fn script(&self, received: Received) -> Script {
        let (base, cast, folder) = (self.base.clone(), self.cast.clone(), self.folder.path.clone());
        Script { address: self.address, base, cast, mails: folder.join("mail"), folder, received }
    }

    /// Ends the application, then removes a temporary folder.
    pub async fn strike(self) {
        let Self { app, folder, .. } = self;
        app.stop().await;
        drop(folder);
    }
}

impl Cast {
    async fn hire(tokens: &Tokens) -> Result<Self, AppError> {
        let hire = async |name: &str, role, region: Option<&str>, contact: Option<&str>| {
            let regions = region.map(str::parse).transpose().map_err(AppError::internal)?;
            let contact = contact.map(str::parse).transpose().map_err(AppError::internal)?;
            let regions = regions.into_iter().collect();
            let new = NewToken { regions, contact, ..NewToken::new(name, role) };
            tokens.create(&Actor::console(), new).await.map(|(_, token)| token)
        };
        Ok(Self {
            agent: hire("115-Servicecenter Kiel", Role::Agent, None, None).await?,
            central: hire("Kiel, Online-Dienste", Role::Central, Some(ARS), None).await?,
            second_level: hire("Dataport Service Desk", Role::SecondLevel, None, Some(SECOND_LEVEL)).await?,
            admin: hire("Betrieb", Role::Admin, None, None).await?,
            auditor: hire("Revision", Role::Auditor, None, None).await?,
        })
    }
}

/// Reads the sample directory in.
async fn bring_directory(config: &Config, db: &Db, sealer: &Sealer, url: &str, secret: &str) -> anyhow::Result<()> {
    let now = Clock::system().now();
    import::municipalities(db, "municipalities.csv", sample::MUNICIPALITIES, now, &mut |_, _| {}).await?;
    let file = sample::directory(now.day_in_berlin(), url, secret);
    import::directory(db, sealer, &settings::directory(config), "directory.toml", &file, now).await?;
    Ok(())
}

/// Fills the database with made-up requests before anything serves or sends, and reckons the figures of them.
pub async fn filled(folder: &Folder, demo: &Demo, tickets: u32, span: fill::Span) -> anyhow::Result<()> {
    let base = "http://127.0.0.1:8115";
    let config = settings_of(folder, demo.database.as_deref(), base, false)?;
    let db = database::open(&config).await?;
    if !demo.into_used && db.read(chronicle::is_any).await? {
        let fault = "the database holds requests already; take a new --directory, or say --into-used to add to them";
        return Err(BadInput(format!("--tickets: {fault}")).into());
    }
    let (sealer, clock) = (database::sealer(&config, &db).await?, Clock::system());
    bring_directory(&config, &db, &sealer, &format!("{base}{RECEIVER}"), &webhook_secret()).await?;
    let accounts = Accounts::new(db.clone(), clock.clone(), sealer.clone(), settings::accounts(&config));
    People::hire(&accounts).await?;
    let known = People::colleagues(&accounts).await?;
    let (tickets, seed, until) = (tickets as usize, demo.seed, clock.now());
    let wanted = fill::Wanted { tickets, span, seed, until, known };
    let (begun, bar) = (Instant::now(), bar());
    bar.set_length(tickets as u64);
    let rules = settings::directory(&config);
    fill::fill(&db, &sealer, rules, &wanted, &mut |done| bar.set_position(done as u64)).await?;
    bar.finish_and_clear();
    eprintln!("{tickets} requests were made up in {:.1} s", begun.elapsed().as_secs_f64());
    let begun = Instant::now();
    worker::rebuild(&db).await?;
    eprintln!("the figures of them were reckoned in {:.1} s", begun.elapsed().as_secs_f64());
    Ok(())
}

/// The defaults with what a demo relaxes, each in so many words.
fn settings_of(folder: &Folder, database: Option<&str>, base: &str, is_hurried: bool) -> anyhow::Result<Config> {
    let mut config = Config::defaults()?;
    config.server.public_url = base.to_owned();
    config.server.shutdown_within = TimeDelta::seconds(5);
    let own = || format!("sqlite://{}", folder.path.join("lotse.db").display());
    config.database.url = database.map_or_else(own, str::to_owned).into();
    config.security.master_key = folder.master_key()?.into();
    config.mail.transport = MailTransport::File;
    config.mail.allow_file_transport = true;
    config.mail.directory = folder.path.join("mail").display().to_string();
    config.mail.from = "Lotse <lotse@lotse.example.org>".to_owned();
    // Short enough to be watched; the walkthrough waits for a second notice.
    config.mail.notice_interval = TimeDelta::seconds(if is_hurried { 1 } else { 5 });
    config.escalation.acknowledge_within = TimeDelta::minutes(10);
    config.escalation.emergency_within = TimeDelta::minutes(2);
    // It is tried out at any hour.
    config.clock.hours = "24/7".to_owned();
    // The demo's own receiver is on this machine and speaks plain http.
    config.webhook.allow_http = true;
    config.webhook.allow_private_addresses = true;
    config.validate()?;
    Ok(config)
}

/// A listener on all addresses is reached by loopback.
fn reachable(address: SocketAddr) -> SocketAddr {
    let loopback = match address {
        SocketAddr::V4(_) => SocketAddr::from((std::net::Ipv4Addr::LOCALHOST, address.port())),
        SocketAddr::V6(_) => SocketAddr::from((std::net::Ipv6Addr::LOCALHOST, address.port())),
    };
    if address.ip().is_unspecified() { loopback } else { address }
}

/// A fresh secret for webhooks.
pub fn webhook_secret() -> String {
    let mut bytes = [0u8; 32];
    rand::rng().fill_bytes(&mut bytes);
    format!("whsec_{}", STANDARD.encode(bytes))
}

/// Where the demo keeps everything; only this user may look into it.
pub struct Folder {
    /// The folder.
    pub path: PathBuf,
    /// Whether it goes at the end.
    pub is_temporary: bool,
}

impl Folder {
    /// Opens a named folder, or makes a temporary one.
    pub fn open(named: Option<PathBuf>) -> anyhow::Result<Self> {
        let is_temporary = named.is_none();
        let path =
            named.unwrap_or_else(|| std::env::temp_dir().join(format!("lotse-demo-{:016x}", rand::rng().next_u64())));
        let made = DirBuilder::new().recursive(!is_temporary).mode(0o700).create(&path);
        made.map_err(|e| BadInput(format!("--directory: {} cannot be made: {e}", path.display())))?;
        let path = path.canonicalize().with_context(|| format!("{} is not to be found", path.display()))?;
        Ok(Self { path, is_temporary })
    }

    /// The master key that lies in the folder; made when missing.
    fn master_key(&self) -> anyhow::Result<String> {
        let file = self.path.join("master.key");
        if file.exists() {
            return std::fs::read_to_string(&file).with_context(|| unusable(&file));
        }
        let key = MasterKey::generate();
        let options = std::fs::File::options().write(true).create_new(true).mode(0o600).open(&file);
        let mut opened = options.with_context(|| unusable(&file))?;
        std::io::Write::write_all(&mut opened, key.as_bytes()).with_context(|| unusable(&file))?;
        Ok(key)
    }
}

fn unusable(file: &Path) -> String {
    format!("{} cannot be used", file.display())
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.is_temporary
            && let Err(fault) = std::fs::remove_dir_all(&self.path)
        {
            eprintln!("lotse: {} could not be removed: {fault}", self.path.display());
        }
    }
}
