//! Mails to people about their own accounts, German first.
//!
//! Invariant: such a mail is sealed in the outbox, because it may hold a link that opens an account. Subjects say
//! nothing of the person.

use super::{Accounts, Invitation, LinkPurpose, User};
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::delivery::{Content, Mail, Outgoing, Purpose, enqueue};
use crate::error::AppError;
use crate::ids::DeliveryId;

/// What is written.
#[derive(Debug, Clone, Copy)]
pub(super) enum Letter<'a> {
    /// A link to begin with.
    Invitation(&'a Invitation),
    /// A link for a new password.
    Reset(&'a Invitation),
    /// The password was changed.
    PasswordChanged,
    /// A second factor was set up.
    FactorAdded,
    /// The second factor was removed.
    FactorRemoved,
}

/// A letter in one language.
struct Words {
    greeting: &'static str,
    opening: &'static str,
    closing: String,
}

impl<'a> Letter<'a> {
    /// The letter that brings this link.
    pub fn of(link: &'a Invitation) -> Self {
        match link.purpose {
            LinkPurpose::Invitation => Self::Invitation(link),
            LinkPurpose::Reset => Self::Reset(link),
        }
    }

    fn link(&self) -> Option<&'a Invitation> {
        match self {
            Self::Invitation(link) | Self::Reset(link) => Some(link),
            Self::PasswordChanged | Self::FactorAdded | Self::FactorRemoved => None,
        }
    }

    fn subject(&self) -> &'static str {
        match self {
            Self::Invitation(_) => "[Lotse] Ihr Zugang / Your account",
            Self::Reset(_) => "[Lotse] Neues Passwort / New password",
            Self::PasswordChanged => "[Lotse] Ihr Passwort wurde geändert / Your password was changed",
            Self::FactorAdded => "[Lotse] Zweiter Faktor eingerichtet / Second factor set up",
            Self::FactorRemoved => "[Lotse] Zweiter Faktor entfernt / Second factor removed",
        }
    }

    fn german(&self) -> Words {
        let opening = match self {
            Self::Invitation(_) => {
                "für Sie wurde ein Zugang zu Lotse eingerichtet. Bitte öffnen Sie diese Adresse und wählen Sie ein Passwort:"
            }
            Self::Reset(_) => "unter dieser Adresse können Sie ein neues Passwort für Lotse wählen:",
            Self::PasswordChanged => {
                "das Passwort Ihres Zugangs zu Lotse wurde geändert. Alle anderen Sitzungen wurden beendet."
            }
            Self::FactorAdded => {
                "für Ihren Zugang zu Lotse wurde ein zweiter Faktor eingerichtet. Beim Anmelden wird künftig ein Code verlangt."
            }
            Self::FactorRemoved => "der zweite Faktor Ihres Zugangs zu Lotse wurde entfernt.",
        };
        let closing = match self.link() {
            Some(link) => format!(
                "Die Adresse gilt einmal und bis {} Uhr. Wenn Sie das nicht erwartet haben, müssen Sie nichts tun; geben Sie die Adresse nicht weiter.",
                in_berlin(link.expires_at)
            ),
            None => "Wenn Sie das nicht selbst veranlasst haben, wenden Sie sich bitte sofort an Ihre Administration."
                .into(),
        };
        Words { greeting: "Guten Tag", opening, closing }
    }

    fn english(&self) -> Words {
        let opening = match self {
            Self::Invitation(_) => {
                "an account at Lotse was set up for you. Please open this address and choose a password:"
            }
            Self::Reset(_) => "at this address you can choose a new password for Lotse:",
            Self::PasswordChanged => {
                "the password of your account at Lotse was changed. All other sessions were ended."
            }
            Self::FactorAdded => {
                "a second factor was set up for your account at Lotse. From now on a code is asked for when you log in."
            }
            Self::FactorRemoved => "the second factor of your account at Lotse was removed.",
        };
        let closing = match self.link() {
            Some(link) => format!(
                "The address works once, until {} (German time). If you did not expect this, there is nothing you need to do; do not pass the address on.",
                in_berlin(link.expires_at)
            ),
            None => "If this was not you, please turn to your administrator at once.".into(),
        };
        Words { greeting: "Hello", opening, closing }
    }
}

/// Writes to a person whose address is known, as part of the caller's write.
pub(super) fn send(
    tx: &mut Tx,
    accounts: &Accounts,
    user: &User,
    letter: &Letter,
    now: Timestamp,
) -> Result<(), AppError> {
    let Some(to) = user.email.clone() else { return Ok(()) };
    let (mut text, mut html) = (Vec::new(), Vec::new());
    for (language, words) in [("de", letter.german()), ("en", letter.english())] {
        let url = letter.link().map(|link| link.url.as_str());
        let (name, opening, closing) = (&user.name, words.opening, &words.closing);
        let between = url.map_or(String::new(), |url| format!("{url}\n\n"));
        text.push(format!("{} {name},\n\n{opening}\n\n{between}{closing}\n", words.greeting));
        let between = url.map_or(String::new(), |url| format!("<p><a href=\"{url}\">{url}</a></p>"));
        html.push(format!(
            "<div lang=\"{language}\"><p>{} {},</p><p>{opening}</p>{between}<p>{closing}</p></div>",
            words.greeting,
            escape(name)
        ));
    }
    let mail = Mail {
        to,
        to_name: Some(user.name.clone()),
        reply_to: None,
        subject: letter.subject().to_owned(),
        text: text.join("\n———\n\n"),
        html: html.join("<hr>"),
    };
    let id = DeliveryId::new();
    let outgoing = Outgoing {
        about: user.id.cast(),
        purpose: Purpose::Account,
        dedupe: format!("account {id}"),
        endpoint: None,
        recipient: "person".into(),
        content: Content::Mail(mail),
    };
    let sealer = &accounts.inner().sealer;
    enqueue(tx, id, &outgoing, Some((sealer.secrets_id(), sealer.secrets())), now)?;
    Ok(())
}

fn in_berlin(at: Timestamp) -> String {
    at.utc().with_timezone(&chrono_tz::Europe::Berlin).format("%d.%m.%Y %H:%M").to_string()
}

/// Text as it may stand in HTML.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}
