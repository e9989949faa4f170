//! One connection to a mailbox: log on, which messages there are, fetch one, mark it, wait for more.
//!
//! Invariant: every step has an end in time. TLS always, except where a setting for development says otherwise. What is
//! fetched is never marked by the fetching (BODY.PEEK). Faults never hold a password. Not here: what becomes of a
//! message (`take.rs`), and when to connect again (`mailbox.rs`).

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_imap::types::UnsolicitedResponse;
use async_imap::{Client, Session};
use futures_util::TryStreamExt;
use secrecy::{ExposeSecret, SecretString};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::access::provider::own_token::OwnToken;

/// How long each step may take.
const STEP: Duration = Duration::from_secs(60);

/// How a mailbox is reached.
#[derive(Debug, Clone)]
pub struct Server {
    /// The server's name, as its certificate has it.
    pub host: String,
    /// Its port; 993 as a rule.
    pub port: u16,
    /// Development only: no TLS.
    pub is_plain: bool,
    /// A certificate authority of one's own (PEM), beside the system's.
    pub root_pem: Option<String>,
    /// Who logs on.
    pub login: Login,
    /// The folder to read.
    pub folder: String,
    /// What happens to a message that was taken in.
    pub after: After,
}

/// Who logs on, and how.
#[derive(Debug, Clone)]
pub enum Login {
    /// By name and password.
    Password(String, SecretString),
    /// By a token (XOAUTH2) that something else keeps fresh in this file; read at every log-on.
    Token(String, std::path::PathBuf),
    /// By a token (XOAUTH2) that is fetched from a token endpoint.
    Fetched(String, Arc<OwnToken>),
}

/// What happens to a message that was taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum After {
    /// Nothing.
    Keep,
    /// It is marked as read.
    Seen,
    /// It is moved to this folder.
    Move(String),
}

trait Line: AsyncRead + AsyncWrite + Unpin + Send + fmt::Debug {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send + fmt::Debug> Line for T {}

/// A fault in words for the operator.
pub(super) type Fault = String;

/// A mailbox that is open.
pub(super) struct Open {
    session: Session<Box<dyn Line>>,
    /// Its UIDVALIDITY: UIDs mean something only beside it.
    pub validity: i64,
    /// Whether it tells by itself when something arrives.
    pub idles: bool,
    moves: bool,
    /// Whether single messages can be removed (UIDPLUS, RFC 4315).
    expunges: bool,
}

struct XOAuth2(String);

impl async_imap::Authenticator for XOAuth2 {
    type Response = String;
    fn process(&mut self, challenge: &[u8]) -> String {
        // A second challenge holds the fault as JSON; an empty answer ends the dialogue.
        if challenge.is_empty() { std::mem::take(&mut self.0) } else { String::new() }
    }
}

async fn step<T, E: fmt::Display>(what: &str, work: impl Future<Output = Result<T, E>>) -> Result<T, Fault> {
    match tokio::time::timeout(STEP, work).await {
        Ok(result) => result.map_err(|e| short(&format!("{what}: {e}"))),
        Err(_) => Err(format!("{what}: no answer within {} s", STEP.as_secs())),
    }
}

/// Takes what the server told beside its answers; true where new messages may be among it. More than can be kept may
/// have been lost.
fn has_news(next: impl FnMut() -> Option<UnsolicitedResponse>) -> bool {
    const KEPT: usize = 100;
    let told: Vec<UnsolicitedResponse> = std::iter::from_fn(next).collect();
    told.len() >= KEPT || told.iter().any(|one| matches!(one, UnsolicitedResponse::Exists(_)))
}

/// One line of at most 300 characters.
fn short(text: &str) -> String {
    text.split(|c: char| c.is_control()).collect::<Vec<_>>().join(" ").chars().take(300).collect()
}

async fn by_token(client: Client<Box<dyn Line>>, user: &str, token: &str) -> Result<Session<Box<dyn Line>>, Fault> {
    let words = format!("user={user}\x01auth=Bearer {token}\x01\x01");
    let log_on = async { client.authenticate("XOAUTH2", XOAuth2(words)).await.map_err(|(e, _)| e) };
    step("log-on", log_on).await
}

impl Server {
    async fn line(&self) -> Result<Box<dyn Line>, Fault> {
        let stream = step("connect", TcpStream::connect((self.host.as_str(), self.port))).await?;
        stream.set_nodelay(true).map_err(|e| e.to_string())?;
        if self.is_plain {
            return Ok(Box::new(stream));
        }
        let name = ServerName::try_from(self.host.clone()).map_err(|e| format!("the server's name: {e}"))?;
        let connector = TlsConnector::from(Arc::new(self.tls()?));
        Ok(Box::new(step("TLS", connector.connect(name, stream)).await?))
    }

    fn tls(&self) -> Result<ClientConfig, Fault> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if let Some(pem) = &self.root_pem {
            for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
                let certificate = certificate.map_err(|e| format!("root_certificate: {e}"))?;
                roots.add(certificate).map_err(|e| format!("root_certificate: {e}"))?;
            }
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        Ok(builder.map_err(|e| e.to_string())?.with_root_certificates(roots).with_no_client_auth())
    }

    /// Connects, logs on and opens the folder.
    pub(super) async fn open(&self) -> Result<Open, Fault> {
        let mut client = Client::new(self.line().await?);
        let greeting = step("greeting", client.read_response()).await?;
        if greeting.is_none() {
            return Err("the server hung up without a word".into());
        }
        let mut session = match &self.login {
            Login::Password(user, password) => {
                let log_on = async { client.login(user, password.expose_secret()).await.map_err(|(e, _)| e) };
                step("log-on", log_on).await?
            }
            Login::Token(user, file) => {
                let token = std::fs::read_to_string(file).map_err(|e| format!("token_file: {e}"))?;
                by_token(client, user, token.trim()).await?
            }
            Login::Fetched(user, own) => {
                let token = own.get().await?;
                match by_token(client, user, token.expose_secret()).await {
                    Ok(session) => session,
                    Err(fault) => {
                        // It may have been revoked: the next log-on, a moment later, is by another.
                        own.forget().await;
                        return Err(fault);
                    }
                }
            }
        };
        let can = step("capabilities", session.capabilities()).await?;
        let (idles, moves, expunges) = (can.has_str("IDLE"), can.has_str("MOVE"), can.has_str("UIDPLUS"));
        let folder = step("select", session.select(&self.folder)).await?;
        let validity = folder.uid_validity.ok_or("the server gives no UIDVALIDITY; it cannot be read safely")?;
        Ok(Open { session, validity: i64::from(validity), idles, moves, expunges })
    }
}

impl Open {
    /// The UIDs of all messages, lowest first.
    pub async fn uids(&mut self) -> Result<Vec<i64>, Fault> {
        // What was told before is in the answer.
        let told = self.session.unsolicited_responses.clone();
        has_news(|| told.try_recv().ok());
        let found = step("search", self.session.uid_search("ALL")).await?;
        let mut uids: Vec<i64> = found.into_iter().map(i64::from).collect();
        uids.sort_unstable();
        Ok(uids)
    }

    /// The UIDs of messages not marked as read.
    pub async fn unseen(&mut self) -> Result<Vec<i64>, Fault> {
        let found = step("search", self.session.uid_search("UNSEEN")).await?;
        Ok(found.into_iter().map(i64::from).collect())
    }

    /// A message with its size; only its headers where it is larger than `most`. `None` when it is gone.
    pub async fn fetch(&mut self, uid: i64, most: usize) -> Result<Option<(Vec<u8>, i64)>, Fault> {
        let Some(size) = self.ask(uid, "(UID RFC822.SIZE)", |one| one.size.map(i64::from)).await? else {
            return Ok(None);
        };
        let is_whole = usize::try_from(size).is_ok_and(|size| size <= most);
        let raw = match is_whole {
            true => self.ask(uid, "(UID BODY.PEEK[])", |one| one.body().map(<[u8]>::to_vec)).await?,
            false => self.ask(uid, "(UID BODY.PEEK[HEADER])", |one| one.header().map(<[u8]>::to_vec)).await?,
        };
        // What the server said of the size is a guess; what it sent is the truth.
        Ok(raw.map(|raw| (if is_whole { raw.len() as i64 } else { size }, raw)).map(|(size, raw)| (raw, size)))
    }

    async fn ask<T>(
        &mut self,
        uid: i64,
        query: &str,
        read: impl Fn(&async_imap::types::Fetch) -> Option<T>,
    ) -> Result<Option<T>, Fault> {
        let work = async {
            let mut answers = self.session.uid_fetch(uid.to_string(), query).await?;
            let mut found = None;
            while let Some(one) = answers.try_next().await? {
                if one.uid.map(i64::from) == Some(uid) {
                    found = read(&one).or(found);
                }
            }
            Ok::<_, async_imap::error::Error>(found)
        };
        step("fetch", work).await
    }

    /// Marks or moves messages that were taken in.
    pub async fn settle(&mut self, uids: &[i64], after: &After) -> Result<(), Fault> {
        for some in uids.chunks(100) {
            let set = some.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
            match after {
                After::Keep => {}
                After::Seen => self.flag(&set, "+FLAGS.SILENT (\\Seen)").await?,
                After::Move(folder) if self.moves => {
                    step("move", self.session.uid_mv(&set, folder)).await?;
                }
                After::Move(_) if !self.expunges => {
                    return Err("the server has neither MOVE nor UIDPLUS; use after = \"seen\"".into());
                }
                After::Move(folder) => {
                    step("copy", self.session.uid_copy(&set, folder)).await?;
                    self.flag(&set, "+FLAGS.SILENT (\\Deleted)").await?;
                    let work = async {
                        let gone = self.session.uid_expunge(&set).await?;
                        gone.try_collect::<Vec<_>>().await
                    };
                    step("expunge", work).await?;
                }
            }
        }
        Ok(())
    }

    async fn flag(&mut self, set: &str, flags: &str) -> Result<(), Fault> {
        let work = async {
            let answers = self.session.uid_store(set, flags).await?;
            answers.try_collect::<Vec<_>>().await
        };
        step("flag", work).await.map(|_| ())
    }

    /// Waits until something arrives, or for so long. A server tells of each message once, with its answer to whatever
    /// command comes next: what it told since [`Open::uids`] looked, it does not tell again here.
    pub async fn idle(self, most: Duration) -> Result<Self, Fault> {
        let Self { session, validity, idles, moves, expunges } = self;
        let told = session.unsolicited_responses.clone();
        let mut idle = session.idle();
        step("idle", idle.init()).await?;
        if !has_news(|| told.try_recv().ok()) {
            // The answer says why it ended; whatever it was, it is looked again.
            let (wait, stop) = idle.wait_with_timeout(most);
            wait.await.map_err(|e| short(&format!("idle: {e}")))?;
            drop(stop);
        }
        let session = step("idle", idle.done()).await?;
        Ok(Self { session, validity, idles, moves, expunges })
    }

    /// Asks whether the connection lives, which also tells of new messages.
    pub async fn check(&mut self) -> Result<(), Fault> {
        step("noop", self.session.noop()).await
    }

    /// Says goodbye; whether that is heard does not matter.
    pub async fn close(mut self) {
        step("log-out", self.session.logout()).await.ok();
    }
}
