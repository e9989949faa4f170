//! Mail: writes a finished message as MIME and hands it to the mail server, or into a folder in development.
//!
//! Invariant: a repeat is byte for byte the same mail (Message-ID, Date and boundary come from the delivery). No
//! line on the wire ends in a bare CR or LF and no line of a body begins with a dot, so no text can be mistaken
//! for SMTP or for a header. A connection is used again only after a complete, accepted exchange.
//!
//! Rules: RFC 5321, 5322, 3834 (Auto-Submitted), 3463 (enhanced codes). The SMTP dialogue is led step by step
//! over lettre's connection instead of its pool: the pool gives a connection back even when a time limit cut the
//! exchange short, and cannot tell whether a failed message may have arrived. Not here: when to try again.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use lettre::address::Address;
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail as MailFrom, Noop, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::Response;
use secrecy::{ExposeSecret, SecretString};

use super::bounce::ReturnPath;
use super::folder::write_file;
use super::outbox::Mail;
use super::outcome::{News, Outcome};
use super::smtp_reply::{Fault, Stage, judge};
use super::wire::{decoded, has_clean_lines, one_line};
use crate::clock::Timestamp;
use crate::error::AppError;
use crate::ids::DeliveryId;

/// Idle connections are closed after this long, before most servers do it.
const IDLE: Duration = Duration::from_secs(30);

/// How mail leaves.
#[derive(Debug, Clone)]
pub struct MailSettings {
    /// Over SMTP or into a folder.
    pub transport: Transport,
    /// Who it is from, such as `Lotse <lotse@example.org>`.
    pub from: String,
    /// What stands behind the `@` of every Message-ID.
    pub message_id_domain: String,
}

/// Where mail goes first.
#[derive(Debug, Clone)]
pub enum Transport {
    /// A mail server.
    Smtp {
        /// `smtp://user:password@host:587?tls=required`, or `smtps://…`; without `tls` nothing is encrypted. A
        /// path is the name said in EHLO.
        url: SecretString,
        /// How long each step of the dialogue may take.
        timeout: Duration,
        /// How many connections at most, and so how many mails at once.
        pool_size: usize,
    },
    /// A folder that gets one file a mail; for development and the demo.
    File {
        /// The folder; made when missing.
        directory: PathBuf,
    },
}

/// Sends mail. Cheap to clone.
#[derive(Clone)]
pub struct Mailer(Arc<Inner>);

struct Inner {
    from: Mailbox,
    domain: String,
    way: Way,
    returns: OnceLock<ReturnPath>,
}

enum Way {
    Smtp(Smtp),
    File(PathBuf),
}

impl Mailer {
    /// Reads the settings; makes no connection.
    pub fn new(settings: &MailSettings) -> Result<Self, AppError> {
        let from: Mailbox = settings.from.parse().map_err(|_| {
            AppError::field("mail.from", "must be an address with or without a name, such as Lotse <lotse@example.org>")
        })?;
        let domain = settings.message_id_domain.clone();
        if domain.is_empty() || !domain.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-') {
            return Err(AppError::field("mail.from", "must be a domain, such as lotse.example.org"));
        }
        let way = match &settings.transport {
            Transport::Smtp { url, timeout, pool_size } => Way::Smtp(Smtp::new(url, *timeout, *pool_size)?),
            Transport::File { directory } => Way::File(directory.clone()),
        };
        Ok(Self(Arc::new(Inner { from, domain, way, returns: OnceLock::new() })))
    }

    /// From now on every mail has an envelope sender of its own, so that its return tells which it was.
    pub fn returning_to(self, returns: ReturnPath) -> Self {
        self.0.returns.get_or_init(|| returns);
        self
    }

    /// How many mails can be under way at once.
    pub(super) fn concurrency(&self) -> usize {
        match &self.0.way {
            Way::Smtp(smtp) => smtp.pool_size,
            Way::File(_) => 8,
        }
    }

    /// Tests the way out: logs on to the mail server, or writes to the folder. The fault is for the operator.
    pub async fn check(&self) -> Result<(), AppError> {
        match &self.0.way {
            Way::Smtp(smtp) => {
                let mut connection = smtp.connect().await.map_err(|f| AppError::Unavailable(f.text))?;
                smtp.step(Stage::Connect, connection.command(Noop)).await.map_err(|f| AppError::Unavailable(f.text))?;
                smtp.park(connection);
                Ok(())
            }
            Way::File(directory) => {
                let probe = directory.join(".lotse-check");
                let written = write_file(directory.clone(), probe.clone(), Vec::new()).await;
                written.and_then(|()| std::fs::remove_file(probe)).map_err(|e| {
                    AppError::field("mail.directory", format!("mail cannot be written to {}: {e}", directory.display()))
                })
            }
        }
    }

    /// Sends one mail and tells how it went.
    pub(super) async fn send(&self, id: DeliveryId, created_at: Timestamp, mail: &Mail) -> Outcome {
        let message = match self.compose(id, created_at, mail) {
            Ok(message) => message,
            Err(fault) => {
                let detail = format!("the message could not be written as a mail: {fault}");
                return Outcome { needs_person: true, ..Outcome::refused(&detail, News::None) };
            }
        };
        match &self.0.way {
            Way::Smtp(smtp) => match smtp.send(&self.envelope_sender(id), &message).await {
                Ok(reply) => Outcome::sent(&words(&reply)),
                Err(fault) => judge(&fault),
            },
            Way::File(directory) => {
                let name = format!("{}-{id}.eml", created_at.utc().format("%Y%m%dT%H%M%S%.3fZ"));
                match write_file(directory.clone(), directory.join(name), message.text.into_bytes()).await {
                    Ok(()) => Outcome::sent("written to the mail folder"),
                    Err(e) => Outcome::failed(&format!("cannot write to the mail folder: {e}"), News::None),
                }
            }
        }
    }

    fn envelope_sender(&self, id: DeliveryId) -> Address {
        let own = self.0.returns.get().and_then(|returns| returns.of(id)?.parse().ok());
        own.unwrap_or_else(|| self.0.from.email.clone())
    }

    fn compose(&self, id: DeliveryId, created_at: Timestamp, mail: &Mail) -> Result<Composed, String> {
        let address = |text: &str| text.parse::<Address>().map_err(|_| "an address in it is not understood".to_owned());
        let to = address(mail.to.as_str())?;
        let name = mail.to_name.as_deref().map(one_line).filter(|name| !name.is_empty());
        let mut builder = Message::builder()
            .message_id(Some(format!("<{id}@{}>", self.0.domain)))
            .date(created_at.utc().into())
            .from(self.0.from.clone())
            .to(Mailbox::new(name, to.clone()))
            .subject(one_line(&mail.subject))
            .raw_header(fixed("Auto-Submitted", "auto-generated"))
            .raw_header(fixed("X-Auto-Response-Suppress", "All"))
            .raw_header(fixed("X-Lotse-Loop", &self.0.domain));
        if let Some(reply_to) = &mail.reply_to {
            builder = builder.reply_to(Mailbox::new(None, address(reply_to)?));
        }
        // `=_` can stand in neither encoding, so no text can close a part.
        let boundary = format!("=_lotse_{}", id.uuid().simple());
        let parts = MultiPart::alternative()
            .boundary(boundary)
            .singlepart(part(ContentType::TEXT_PLAIN, &mail.text))
            .singlepart(part(ContentType::TEXT_HTML, &mail.html));
        let message = builder.multipart(parts).map_err(|e| e.to_string())?.formatted();
        let text = String::from_utf8(message).map_err(|e| e.to_string())?;
        if !has_clean_lines(&text) {
            return Err("it holds a bare line end or a line that begins with a dot".into());
        }
        Ok(Composed { to, text })
    }
}

struct Composed {
    to: Address,
    text: String,
}

fn fixed(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

/// A part in quoted-printable, or in base64 where a line would begin with a dot.
fn part(kind: ContentType, text: &str) -> SinglePart {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let encoded = |encoding| SinglePart::builder().header(kind.clone()).header(encoding).body(text.clone());
    let readable = encoded(ContentTransferEncoding::QuotedPrintable);
    let has_dot = readable.raw_body().split(|b| *b == b'\n').any(|line| line.starts_with(b"."));
    if has_dot { encoded(ContentTransferEncoding::Base64) } else { readable }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Security {
    None,
    Opportunistic,
    Required,
    Wrapped,
}

struct Smtp {
    host: String,
    port: u16,
    security: Security,
    tls: OnceLock<TlsParameters>,
    credentials: Option<Credentials>,
    hello: ClientId,
    timeout: Duration,
    pool_size: usize,
    idle: Mutex<Vec<(AsyncSmtpConnection, Instant)>>,
}

impl Smtp {
    fn new(url: &SecretString, timeout: Duration, pool_size: usize) -> Result<Self, AppError> {
        // The text of a fault never repeats the URL, which holds a password.
        let fault = |text: &str| AppError::field("mail.smtp_url", text);
        let form = "must look like smtp://user:password@host:587?tls=required or smtps://host";
        let url = url::Url::parse(url.expose_secret()).map_err(|_| fault(form))?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(|| fault(form))?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let mut tls = None;
        for (name, value) in url.query_pairs() {
            if name != "tls" {
                return Err(fault("knows only the parameter tls=required or tls=opportunistic"));
            }
            tls = Some(value.into_owned());
        }
        let (security, port) = match (url.scheme(), tls.as_deref()) {
            ("smtps", None) => (Security::Wrapped, 465),
            ("smtp", None) => (Security::None, 25),
            ("smtp", Some("required")) => (Security::Required, 587),
            ("smtp", Some("opportunistic")) => (Security::Opportunistic, 587),
            _ => return Err(fault(form)),
        };
        let credentials = url.password().map(|password| Credentials::new(decoded(url.username()), decoded(password)));
        let name = url.path().trim_matches('/');
        let hello = if name.is_empty() { ClientId::default() } else { ClientId::Domain(name.to_owned()) };
        let pool_size = pool_size.max(1);
        let port = url.port().unwrap_or(port);
        Ok(Self {
            host,
            port,
            security,
            tls: OnceLock::new(),
            credentials,
            hello,
            timeout,
            pool_size,
            idle: Mutex::default(),
        })
    }

    /// Certificates are read when first needed, so that a start without TLS needs none.
    fn tls(&self) -> Result<TlsParameters, Fault> {
        if let Some(tls) = self.tls.get() {
            return Ok(tls.clone());
        }
        let made = TlsParameters::new(self.host.clone()).map_err(|e| fault(Stage::Connect, &e))?;
        Ok(self.tls.get_or_init(|| made).clone())
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Fault> {
        let address = (self.host.as_str(), self.port);
        let mut connection = if self.security == Security::Wrapped {
            let tls = self.tls()?;
            let connect =
                AsyncSmtpConnection::connect_tokio1(address, Some(self.timeout), &self.hello, Some(tls), None);
            self.step(Stage::Connect, connect).await?
        } else {
            let stream = match tokio::time::timeout(self.timeout, tokio::net::TcpStream::connect(address)).await {
                Ok(stream) => stream,
                Err(_) => return Err(self.too_slow(Stage::Connect)),
            };
            let unreachable = |e: std::io::Error| Fault {
                stage: Stage::Connect,
                code: None,
                text: format!("the mail server cannot be reached: {e}"),
            };
            let stream = stream.map_err(unreachable)?;
            // Small packets must not wait for each other: each step waits for its reply anyway.
            stream.set_nodelay(true).map_err(unreachable)?;
            let greet = AsyncSmtpConnection::connect_with_transport(Box::new(stream), &self.hello);
            self.step(Stage::Connect, greet).await?
        };
        let upgrades = self.security == Security::Required
            || (self.security == Security::Opportunistic && connection.can_starttls());
        if upgrades {
            let tls = self.tls()?;
            self.step(Stage::Connect, connection.starttls(tls, &self.hello)).await?;
        }
        if let Some(credentials) = &self.credentials {
            self.step(Stage::Connect, connection.auth(DEFAULT_MECHANISMS, credentials)).await?;
        }
        Ok(connection)
    }

    async fn send(&self, from: &Address, message: &Composed) -> Result<Response, Fault> {
        loop {
            let (mut connection, is_reused) = match self.take() {
                Some(connection) => (connection, true),
                None => (self.connect().await?, false),
            };
            match self.exchange(&mut connection, from, message).await {
                Ok(reply) => {
                    self.park(connection);
                    return Ok(reply);
                }
                // The server closed the connection while it was idle. Nothing of the message had been said.
                Err(fault) if is_reused && fault.stage != Stage::Message && matches!(fault.code, None | Some(421)) => {}
                Err(fault) => return Err(fault),
            }
        }
    }

    async fn exchange(
        &self,
        c: &mut AsyncSmtpConnection,
        from: &Address,
        message: &Composed,
    ) -> Result<Response, Fault> {
        self.step(Stage::Sender, c.command(MailFrom::new(Some(from.clone()), vec![]))).await?;
        self.step(Stage::Recipient, c.command(Rcpt::new(message.to.clone(), vec![]))).await?;
        self.step(Stage::Data, c.command(Data)).await?;
        // In one piece with its final dot; `compose` has made sure that no line needs a second dot.
        // A filter may think long here (RFC 5321 allows minutes), and a mail that is given up on may have been
        // taken: so it has all that is left of the lease, by which the worker bounds the whole send.
        c.command(format!("{}.\r\n", message.text)).await.map_err(|e| fault(Stage::Message, &e))
    }

    async fn step<T>(
        &self,
        stage: Stage,
        work: impl Future<Output = Result<T, lettre::transport::smtp::Error>>,
    ) -> Result<T, Fault> {
        match tokio::time::timeout(self.timeout, work).await {
            Ok(result) => result.map_err(|e| fault(stage, &e)),
            Err(_) => Err(self.too_slow(stage)),
        }
    }

    fn too_slow(&self, stage: Stage) -> Fault {
        let text = format!("the mail server did not answer within {} s", self.timeout.as_secs_f32());
        Fault { stage, code: None, text }
    }

    fn take(&self) -> Option<AsyncSmtpConnection> {
        let mut idle = self.idle.lock().ok()?;
        idle.retain(|(_, since)| since.elapsed() < IDLE);
        idle.pop().map(|(connection, _)| connection)
    }

    fn park(&self, connection: AsyncSmtpConnection) {
        if let Ok(mut idle) = self.idle.lock()
            && idle.len() < self.pool_size
        {
            idle.push((connection, Instant::now()));
        }
    }
}

fn words(reply: &Response) -> String {
    format!("{} {}", reply.code(), reply.message().collect::<Vec<_>>().join(" "))
}

fn fault(stage: Stage, error: &lettre::transport::smtp::Error) -> Fault {
    use std::error::Error;
    let cause = error.source().map_or_else(|| error.to_string(), ToString::to_string);
    match error.status() {
        Some(code) => Fault { stage, code: Some(code.into()), text: format!("{code} {cause}") },
        None => Fault { stage, code: None, text: format!("the connection to the mail server failed: {cause}") },
    }
}
