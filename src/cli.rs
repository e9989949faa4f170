//! The command line: what each command is called, and how it ends.
//!
//! Invariant: 0 when done, 1 when a check or the work failed, 2 when the input was wrong, with one clear line on
//! stderr. Stdout belongs to what a script wants to have (a token, a list); everything else goes to stderr. Only
//! `serve`, `worker` and `demo` send anything.
//!
//! Where next: one file a command in `cli/`; `app.rs` wires what they work with.

mod audit;
mod backup;
mod check;
pub mod demo;
mod explain;
mod export;
mod figures;
mod import;
mod ingest;
mod keys;
mod partition;
mod register;
mod serve;
mod token;
mod user;
mod walkthrough;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use ipnet::IpNet;

use crate::access::audit::verify::Head;
use crate::access::{Channel, Role};
use crate::clock::Timestamp;
use crate::config::{self, Config, LogFormat};
use crate::directory::export::{Format as HelpFormat, Since};
use crate::error::AppError;
use crate::keys::{ArsPrefix, EmailAddress, Slug};

/// Routes support requests about municipal online services to those who can answer, and back.
#[derive(Debug, Parser)]
#[command(name = "lotse", version, max_term_width = 100)]
struct Cli {
    /// Settings; config/default.toml explains each key. Variables such as LOTSE__SERVER__LISTEN come last.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve pages and API, and send what is due.
    Serve,
    /// Send what is due and keep deadlines, without HTTP; beside `serve` on the same database.
    Worker,
    /// Try everything out: a fresh database, sample municipalities and contacts, mail into a folder.
    Demo(Demo),
    /// Bring the database up to date.
    Migrate,
    /// Copy a SQLite database while it is in use; the copy is checked, and nothing is overwritten.
    Backup {
        /// The file to write.
        file: PathBuf,
    },
    /// Read municipalities or the directory from a file.
    #[command(subcommand)]
    Import(Import),
    /// Write what the public is shown to a file, for editorial systems.
    #[command(subcommand, disable_help_subcommand = true)] // Its own `help` is what is exported.
    Export(Exports),
    /// Make, list and revoke the tokens that systems log in with.
    #[command(subcommand)]
    Token(Token),
    /// Verify or export the record of who did what.
    #[command(subcommand)]
    Audit(Audit),
    /// Invite, list, disable and reset the people who log in.
    #[command(subcommand)]
    User(User),
    /// Say in words why something is so.
    #[command(subcommand)]
    Explain(explain::Explain),
    /// Take in one mail from stdin, as a mail server's pipe does; ends with 75 when it should try again later.
    IngestMail(ingest::Mail),
    /// Compare the figures with the requests they are of, or reckon them anew.
    Figures(figures::Reckoning),
    /// Test settings, database, keys, mail server, queue and directory.
    Check,
    /// Divide the requests of a PostgreSQL database by month, once; coming months are then made by themselves.
    Partition,
    /// Wrap all sealing keys with the present master key, after it was changed.
    Rewrap,
}

#[derive(Debug, Args)]
pub struct Demo {
    /// Play the life of one request from end to end, show what was sent, and end.
    #[arg(long)]
    walkthrough: bool,
    /// Where to listen; without it 127.0.0.1:8115 or the next free port.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<std::net::SocketAddr>,
    /// Folder to keep everything in; without it a temporary one that goes at the end.
    #[arg(long, value_name = "FOLDER")]
    directory: Option<PathBuf>,
    /// Fill the database with so many made-up requests of two years first; 0 for none. Without it, 200 of the last two
    /// weeks where nothing is kept.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(..=10_000_000))]
    tickets: Option<u32>,
    /// The same number makes up the same requests again.
    #[arg(long, value_name = "S", default_value_t = 1, requires = "tickets")]
    seed: u64,
    /// End when the database is filled.
    #[arg(long, requires = "tickets", requires = "directory")]
    fill_only: bool,
    /// A database of its own for this, instead of SQLite in the folder; the folder holds its key.
    #[arg(long, value_name = "URL", requires = "directory")]
    database: Option<String>,
    /// Fill it although it holds requests already.
    #[arg(long, requires = "tickets")]
    into_used: bool,
}

#[derive(Debug, Subcommand)]
enum Import {
    /// The register: CSV with ars, ags, name, land, kreis, gemeindeverband, typ, plz_sitz.
    Municipalities(register::List),
    /// Postal codes beside those of the seats: CSV or XLSX with plz and ars or ags; the whole list, all rows or none.
    PostalCodes {
        /// The CSV or XLSX file.
        file: PathBuf,
    },
    /// Contacts from CSV or XLSX, all rows or none.
    Contacts(Sheet),
    /// Help channels from CSV or XLSX, all rows or none.
    Channels(Sheet),
    /// Länder, contacts, services and adoptions: a TOML file.
    Directory {
        /// The TOML file.
        file: PathBuf,
    },
}

#[derive(Debug, Args)]
struct Sheet {
    /// The CSV or XLSX file.
    #[arg(required_unless_present = "template")]
    file: Option<PathBuf>,
    /// Show what it would do, row by row, and change nothing.
    #[arg(long)]
    preview: bool,
    /// Which sheet of a spreadsheet; without it the first.
    #[arg(long, value_name = "NAME")]
    sheet: Option<String>,
    /// Print a file to begin with.
    #[arg(long, conflicts_with_all = ["file", "preview", "sheet"])]
    template: bool,
}

#[derive(Debug, Subcommand)]
enum Exports {
    /// Every live adoption with its help channels.
    Help(HelpFile),
}

#[derive(Debug, Args)]
struct HelpFile {
    /// xzufi (experimental), json, or csv for spreadsheets.
    #[arg(long)]
    format: HelpFormat,
    /// Only what changed since then: a day such as 2026-11-24 or a time such as 2026-11-24T10:00:00Z.
    #[arg(long, value_name = "TIME")]
    since: Option<Since>,
    /// Only of this service.
    #[arg(long, value_name = "SLUG")]
    service: Option<Slug>,
    /// Only in this region: 2, 3, 5, 9 or 12 digits of an ARS.
    #[arg(long, value_name = "ARS")]
    ars: Option<ArsPrefix>,
    /// Only what was never entered into an editorial system, or changed since.
    #[arg(long)]
    pending_transfer: bool,
    /// Where to write it; without it to stdout.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Token {
    /// Make a token; it is printed once, alone on stdout.
    Create(NewToken),
    /// List all tokens, without their secrets.
    List,
    /// End a token at once.
    Revoke {
        /// Its id, as `lotse token list` shows it.
        id: String,
    },
}

#[derive(Debug, Subcommand)]
enum Audit {
    /// Walk the chain; prints its head, alone on stdout, as SEQ:HASH. Ends with 1 at the first fault.
    Verify {
        /// A head printed earlier that must still be in the chain. May repeat.
        #[arg(long, value_name = "SEQ:HASH")]
        expect: Vec<Head>,
    },
    /// Write the log to stdout, newest first; recorded in it.
    Export(audit::Exported),
}

fn time(text: &str) -> Result<Timestamp, String> {
    let time = chrono::DateTime::parse_from_rfc3339(text);
    time.map(|time| Timestamp::new(time.to_utc())).map_err(|_| "must be a time such as 2026-11-24T00:00:00Z".to_owned())
}

#[derive(Debug, Args)]
struct NewToken {
    /// The system or person it is for.
    #[arg(long)]
    name: String,
    /// agent, central, second_level, directory_editor, project_lead, data_protection, auditor or admin.
    #[arg(long)]
    role: Role,
    /// A region it reaches: 2, 3, 5, 9 or 12 digits of an ARS. May repeat; none means everywhere.
    #[arg(long = "ars", value_name = "ARS")]
    regions: Vec<ArsPrefix>,
    /// The contact it stands for; with the role second_level.
    #[arg(long, value_name = "ID")]
    contact: Option<Slug>,
    /// Only this service. May repeat; none means all.
    #[arg(long = "service", value_name = "SLUG")]
    services: Vec<Slug>,
    /// Only what came in by this help channel: 115, phone, email or web.
    #[arg(long)]
    channel: Option<Channel>,
    /// Only from this address or network, such as 10.1.2.0/24. May repeat; none means from anywhere.
    #[arg(long = "address", value_name = "NETWORK", value_parser = config::network)]
    addresses: Vec<IpNet>,
    /// After so many days it ends by itself.
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=3650))]
    expires: Option<u32>,
}

#[derive(Debug, Subcommand)]
enum User {
    /// Invite somebody; the link to begin with is printed once, alone on stdout, and goes to their address if given.
    Create(NewUser),
    /// List all people with their roles.
    List,
    /// Let somebody log in no more; their sessions end at once.
    Disable {
        /// The name they log in with.
        login: String,
    },
    /// Let somebody log in again.
    Enable {
        /// The name they log in with.
        login: String,
    },
    /// Let somebody log in by the provider (oidc.issuer) too.
    Link {
        /// The name they log in with.
        login: String,
        /// What the provider knows them by: `sub`, in Keycloak the user's ID.
        subject: String,
    },
    /// Take somebody's password away; the link for a new one is printed once, alone on stdout.
    Reset {
        /// The name they log in with.
        login: String,
        /// Remove the second factor as well, for somebody who lost it and their recovery codes.
        #[arg(long)]
        second_factor: bool,
    },
}

#[derive(Debug, Args)]
struct NewUser {
    /// The name they log in with: a short name or a mail address.
    #[arg(long)]
    login: String,
    /// Their name, as histories show it.
    #[arg(long)]
    name: String,
    /// Where the link and notices go.
    #[arg(long, value_name = "ADDRESS")]
    email: Option<EmailAddress>,
    /// agent, central, second_level, directory_editor, project_lead, data_protection, auditor or admin.
    #[arg(long)]
    role: Role,
    /// A region where the role holds: 2, 3, 5, 9 or 12 digits of an ARS. May repeat; none means everywhere.
    #[arg(long = "ars", value_name = "ARS")]
    regions: Vec<ArsPrefix>,
    /// Only for this service. May repeat; none means all.
    #[arg(long = "service", value_name = "SLUG")]
    services: Vec<Slug>,
    /// Only for what came in by this help channel: 115, phone, email or web.
    #[arg(long)]
    channel: Option<Channel>,
    /// The contact they speak for; with the role second_level.
    #[arg(long, value_name = "ID")]
    contact: Option<Slug>,
}

/// The command line was understood, but what it names is not acceptable.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct BadInput(String);

/// Runs the command of this process and answers how it ended.
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(fault) if !fault.use_stderr() => fault.exit(), // Help and version, as they are.
        Err(fault) => {
            let words = fault.to_string();
            let line = words.split("\n\n").next().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
            eprintln!("lotse: {}; see lotse --help", line.trim_start_matches("error: "));
            return ExitCode::from(2);
        }
    };
    match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => {
            let ended = runtime.block_on(dispatch(cli));
            // What still runs in threads of its own, such as a look-up of a name, is not waited for.
            runtime.shutdown_background();
            ended.unwrap_or_else(|fault| failed(&fault))
        }
        Err(fault) => failed(&anyhow::Error::new(fault).context("no threads could be started")),
    }
}

async fn dispatch(cli: Cli) -> anyhow::Result<ExitCode> {
    if let Command::IngestMail(mail) = cli.command {
        return Ok(ingest::mail(cli.config.as_deref(), mail).await);
    }
    // The demo brings its own settings, and must not touch what a file or the environment points at.
    if let Command::Demo(demo) = cli.command {
        return demo::run(demo, cli.config.as_deref()).await;
    }
    if let Some(file) = cli.config.as_deref().filter(|file| !file.is_file()) {
        return Err(BadInput(format!("--config: there is no file {}", file.display())).into());
    }
    let config = Config::load(cli.config.as_deref())?;
    log(&config)?;
    match cli.command {
        Command::Serve => serve::serve(&config).await,
        Command::Worker => serve::worker(&config).await,
        Command::Migrate => keys::migrate(&config).await,
        Command::Backup { file } => backup::backup(&config, file).await,
        Command::Partition => partition::partition(&config).await,
        Command::Rewrap => keys::rewrap(&config).await,
        Command::Import(Import::Municipalities(list)) => register::municipalities(&config, list).await,
        Command::Import(Import::PostalCodes { file }) => register::postal_codes(&config, &file).await,
        Command::Import(Import::Contacts(sheet)) => import::contacts(&config, sheet).await,
        Command::Import(Import::Channels(sheet)) => import::channels(&config, sheet).await,
        Command::Import(Import::Directory { file }) => import::directory(&config, &file).await,
        Command::Export(Exports::Help(wanted)) => export::help(&config, wanted).await,
        Command::Token(Token::Create(new)) => token::create(&config, new).await,
        Command::Token(Token::List) => token::list(&config).await,
        Command::Token(Token::Revoke { id }) => token::revoke(&config, &id).await,
        Command::Audit(Audit::Verify { expect }) => audit::verify(&config, expect).await,
        Command::Audit(Audit::Export(wanted)) => audit::export(&config, wanted).await,
        Command::User(User::Create(new)) => user::create(&config, new).await,
        Command::User(User::List) => user::list(&config).await,
        Command::User(User::Disable { login }) => user::disable(&config, &login).await,
        Command::User(User::Enable { login }) => user::enable(&config, &login).await,
        Command::User(User::Link { login, subject }) => user::link(&config, &login, &subject).await,
        Command::User(User::Reset { login, second_factor }) => user::reset(&config, &login, second_factor).await,
        Command::Explain(asked) => explain::explain(&config, asked).await,
        Command::Figures(wanted) => figures::figures(&config, wanted).await,
        Command::Check => check::check(&config).await,
        // Both were seen to above.
        Command::Demo(demo) => demo::run(demo, cli.config.as_deref()).await,
        Command::IngestMail(mail) => Ok(ingest::mail(cli.config.as_deref(), mail).await),
    }
}

fn log(config: &Config) -> Result<(), BadInput> {
    crate::telemetry::start(config.log.format == LogFormat::Json, &config.log.level).map_err(BadInput)
}

/// Says why it did not work, and with which code the process ends.
fn failed(fault: &anyhow::Error) -> ExitCode {
    // Messages of libraries come in several lines; here one is promised.
    let words: Vec<String> = format!("{fault:#}").split_whitespace().map(str::to_owned).collect();
    eprintln!("lotse: {}", words.join(" "));
    let is_bad_input = fault.downcast_ref::<BadInput>().is_some()
        || matches!(fault.downcast_ref::<AppError>(), Some(AppError::Invalid(_)));
    ExitCode::from(if is_bad_input { 2 } else { 1 })
}
