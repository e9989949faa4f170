//! What a request is: its words, its parts, and what may not be typed into it.
//!
//! Pure. The reporter's name and addresses are not part of a [`Ticket`]: they are sealed apart (`reporter.rs`).
//! Status and its moves stand in `status.rs`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::number::TicketNumber;
use super::status::TicketStatus;
pub use crate::access::Channel;
use crate::access::Object;
use crate::clock::Timestamp;
use crate::ids::{CallerId, TicketId};
use crate::keys::{Ars, Slug};

crate::text_enum! {
    /// What the request is about.
    pub enum Category {
        /// Logging in to the service.
        Login = "login",
        /// Paying.
        Payment = "payment",
        /// The service does not answer.
        Unreachable = "unreachable",
        /// The form shows an error.
        FormError = "form_error",
        /// Uploading a document.
        Upload = "upload",
        /// Sending the finished form.
        Submission = "submission",
        /// Barriers.
        Accessibility = "accessibility",
        /// How the procedure works.
        Procedure = "procedure",
        /// Who is in charge.
        Responsibility = "responsibility",
        /// Which documents are needed.
        Documents = "documents",
        /// How far it is.
        Status = "status",
        /// What was decided.
        Decision = "decision",
        /// Data protection.
        Privacy = "privacy",
        /// Security.
        Security = "security",
        /// Praise or criticism.
        PraiseOrCriticism = "praise_or_criticism",
    }
}

impl Category {
    /// The same in German, as mails and pages say it.
    pub fn german(self) -> &'static str {
        match self {
            Self::Login => "Anmeldung",
            Self::Payment => "Bezahlung",
            Self::Unreachable => "Dienst nicht erreichbar",
            Self::FormError => "Fehler im Formular",
            Self::Upload => "Hochladen",
            Self::Submission => "Absenden",
            Self::Accessibility => "Barrierefreiheit",
            Self::Procedure => "Ablauf des Verfahrens",
            Self::Responsibility => "Zuständigkeit",
            Self::Documents => "Unterlagen",
            Self::Status => "Stand der Bearbeitung",
            Self::Decision => "Bescheid",
            Self::Privacy => "Datenschutz",
            Self::Security => "Sicherheit",
            Self::PraiseOrCriticism => "Lob oder Kritik",
        }
    }
}

crate::text_enum! {
    /// How urgent; P1 (the service is down for all) starts the emergency chain at once.
    pub enum Priority {
        /// Down for all.
        P1 = "P1",
        /// Many are stuck.
        P2 = "P2",
        /// One person is stuck.
        P3 = "P3",
        /// A wish.
        P4 = "P4",
    }
}

crate::text_enum! {
    /// In which language a person is written to.
    pub enum ReplyLanguage {
        /// German.
        German = "de",
        /// English.
        English = "en",
    }
}

crate::text_enum! {
    /// How the person wants to be answered.
    pub enum ReplyWish {
        /// By mail.
        Email = "email",
        /// By phone.
        Phone = "phone",
        /// Not at all.
        None = "none",
    }
}

/// A request.
#[derive(Debug, Clone, PartialEq)]
pub struct Ticket {
    /// Its identity.
    pub id: TicketId,
    /// What people call it by.
    pub number: TicketNumber,
    /// Where it stands.
    pub status: TicketStatus,
    /// How it came.
    pub channel: Channel,
    /// The online service.
    pub service: Slug,
    /// The municipality.
    pub ars: Ars,
    /// What about.
    pub category: Category,
    /// How urgent.
    pub priority: Priority,
    /// One line.
    pub subject: String,
    /// The whole.
    pub description: String,
    /// Time of the fault, error text, browser, way of log-in and the like, as the 1st level noted them.
    pub context: BTreeMap<String, String>,
    /// How to reply; the address is sealed apart.
    pub reply_wish: ReplyWish,
    /// In which language they are written to.
    pub reply_language: ReplyLanguage,
    /// The submitting system's own number.
    pub external_reference: Option<String>,
    /// The token it was handed in with.
    pub submitted_by: CallerId,
    /// Who has it now.
    pub claimed_by: Option<Claim>,
    /// The request it was merged into.
    pub merged_into: Option<TicketId>,
    /// What the person was or will be told.
    pub answer: Option<String>,
    /// When it was handed in.
    pub created_at: Timestamp,
    /// When anything last happened to it.
    pub updated_at: Timestamp,
    /// When the person was promised an answer.
    pub respond_by: Timestamp,
    /// Since when the clock stands, waiting for the person.
    pub paused_at: Option<Timestamp>,
    /// When it was answered.
    pub answered_at: Option<Timestamp>,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
    /// When the central contact is next reminded of the promise.
    pub remind_at: Option<Timestamp>,
    /// How many reminders of the present promise there were.
    pub reminded: i32,
}

impl Ticket {
    /// What a right on it is asked about.
    pub fn object(&self) -> Object<'_> {
        Object { ars: Some(&self.ars), service: Some(&self.service), channel: Some(self.channel) }
    }
}

/// Who has a request in hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Claim {
    /// The token or person.
    pub id: CallerId,
    /// Their name.
    pub name: String,
}

/// Name and addresses of who asked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Reporter {
    /// Name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Phone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
}

/// Something in a text that should rather not be kept: it warns, it never blocks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Warning {
    /// Where it stands.
    pub field: String,
    /// What it looks like.
    pub message: String,
}

/// Looks for birth dates, identity and payment numbers (a promise of the domain: they are not collected).
pub fn warnings(field: &str, text: &str) -> Vec<Warning> {
    let mut found = Vec::new();
    let mut warn = |message: &str| {
        let warning = Warning { field: field.to_owned(), message: message.to_owned() };
        if !found.contains(&warning) {
            found.push(warning);
        }
    };
    for word in text.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '(' | ')')) {
        if looks_like_birth_date(word.trim_end_matches('.')) {
            warn("looks like a birth date; please remove it, it is not needed here");
        }
    }
    let compact: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
    if compact.split(|c: char| !c.is_ascii_alphanumeric()).any(looks_like_iban) {
        warn("looks like a bank account number (IBAN); please remove it, it is not needed here");
    }
    for digits in compact.split(|c: char| !c.is_ascii_digit()) {
        if (13..=19).contains(&digits.len()) && luhn(digits) {
            warn("looks like a card number; please remove it, it is not needed here");
        } else if digits.len() == 11 && !digits.starts_with('0') {
            warn("looks like a tax identification number; please remove it, it is not needed here");
        }
    }
    found
}

/// `dd.mm.yyyy` of someone alive and not of these years, which are rather times of a fault.
pub(super) fn looks_like_birth_date(word: &str) -> bool {
    let parts: Vec<&str> = word.split('.').collect();
    let number = |text: &str, most: usize| if text.len() <= most { text.parse::<u32>().ok() } else { None };
    let [day, month, year] = parts[..] else { return false };
    let (Some(day), Some(month), Some(year)) = (number(day, 2), number(month, 2), number(year, 4)) else {
        return false;
    };
    (1..=31).contains(&day) && (1..=12).contains(&month) && (1900..=2020).contains(&year)
}

fn looks_like_iban(run: &str) -> bool {
    let Some(start) = run.find("DE") else { return false };
    let iban = &run[start..];
    iban.len() >= 22 && iban.as_bytes()[2..22].iter().all(u8::is_ascii_digit)
}

/// The check of payment card numbers (ISO/IEC 7812).
pub(super) fn luhn(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(i, b)| {
            let digit = u32::from(b - b'0');
            if i % 2 == 0 {
                digit
            } else if digit > 4 {
                digit * 2 - 9
            } else {
                digit * 2
            }
        })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, word: Option<&str>) {
        let found = warnings("description", text);
        match word {
            Some(word) => assert!(found.iter().any(|w| w.message.contains(word)), "{text}: {found:?}"),
            None => assert!(found.is_empty(), "{text}: {found:?}"),
        }
    }

    #[test]
    fn what_is_warned_of() {
        check("geboren 03.11.1971.", Some("birth date"));
        check("Fehler am 22.11.2026 gegen 20 Uhr", None);
        check("IBAN DE89 3704 0044 0532 0130 00", Some("IBAN"));
        check("Karte 4111 1111 1111 1111", Some("card"));
        check("Steuer-ID 65 929 970 489", Some("tax"));
        check("Anmeldung mit BundID klappt, danach erscheint Fehler 500", None);
        check("Vorgang 26-004711-9, Tel. 0431 123456", None);
    }
}
