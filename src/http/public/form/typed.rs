//! What was typed into the public form, and what is wrong with it in words.

use super::parts::Parts;
use crate::directory::HelpLanguage;
use crate::error::FieldError;
use crate::http::public::frame::Asked;
use crate::http::words::Speech;
use crate::keys::{Ars, Slug};
use crate::tickets::public_form::hand_in::HandIn;
use crate::tickets::ticket::{Category, ReplyWish, warnings};

/// What people choose from, in their words; the others are for those who know the words of an administration.
const CATEGORIES: [Category; 10] = [
    Category::Login,
    Category::FormError,
    Category::Upload,
    Category::Payment,
    Category::Submission,
    Category::Unreachable,
    Category::Accessibility,
    Category::Documents,
    Category::Status,
    Category::Procedure,
];

/// The fields in the order of the page.
#[derive(Debug, Clone, Default)]
pub struct Typed {
    pub kategorie: String,
    pub text: String,
    pub fehler: String,
    pub antwort: String,
    pub mail: String,
    pub telefon: String,
    pub name: String,
    pub zustimmung: bool,
    /// Whether files were sent, which have to be chosen again.
    pub had_files: bool,
}

impl Typed {
    /// Out of the parts that were sent.
    pub fn of(parts: &mut Parts) -> Self {
        Self {
            kategorie: parts.take("kategorie"),
            text: parts.take("text"),
            fehler: parts.take("fehler"),
            antwort: parts.take("antwort"),
            mail: parts.take("mail"),
            telefon: parts.take("telefon"),
            name: parts.take("name"),
            zustimmung: !parts.take("zustimmung").is_empty(),
            had_files: parts.is_too_large || !parts.files.is_empty(),
        }
    }

    /// As the use case takes it, without what only the page knows: challenge, files, address.
    pub fn written(&self, service: Slug, ars: Ars, language: HelpLanguage) -> HandIn {
        HandIn {
            service,
            ars,
            language,
            category: self.kategorie.parse().ok(),
            text: self.text.clone(),
            error_text: self.fehler.clone(),
            wish: self.antwort.parse().ok(),
            name: self.name.clone(),
            email: self.mail.clone(),
            phone: self.telefon.clone(),
            agrees: self.zustimmung,
            challenge: String::new(),
            solution: String::new(),
            trap: String::new(),
            files: Vec::new(),
            address: None,
        }
    }
}

/// What is wrong with a field; with no field where the person can only send again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub field: &'static str,
    pub text: String,
}

/// The fields in the order of the page, after what belongs to none.
const ORDER: [&str; 10] =
    ["", "kategorie", "text", "fehler", "dateien", "antwort", "mail", "telefon", "name", "zustimmung"];

impl Fault {
    /// In the language of the page.
    pub fn new(asked: &Asked, field: &'static str, key: &str) -> Self {
        Self { field, text: Speech(asked.language).say(key) }
    }

    /// What a use case found, in the order of the page. Where there is something to mend it is sent again anyway, so
    /// that is not said then.
    pub fn all(asked: &Asked, faults: &[FieldError]) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        let is_to_mend = faults.iter().any(|fault| fault.field != "challenge");
        for fault in faults.iter().filter(|fault| !is_to_mend || fault.field != "challenge") {
            let (field, key) = match fault.field.as_str() {
                "category" => ("kategorie", "form-no-category"),
                "description" => ("text", "form-bad-text"),
                "context.Fehlermeldung" => ("fehler", "form-bad-error"),
                "reply.wish" => ("antwort", "form-no-wish"),
                "reply.email" if fault.message.contains("dot") => ("mail", "form-mail-no-dot"),
                "reply.email" if fault.message.contains("ASCII") => ("mail", "form-mail-not-ascii"),
                "reply.email" => ("mail", "form-bad-mail"),
                "reply.phone" => ("telefon", "form-bad-phone"),
                "reply.name" => ("name", "form-bad-name"),
                "agrees" => ("zustimmung", "form-no-consent"),
                "files" if fault.message.contains("harmful") => ("dateien", "form-harmful"),
                "files" if fault.message.contains("kind") => ("dateien", "form-bad-file"),
                "files" => ("dateien", "form-too-large"),
                "challenge" => ("", "form-send-again"),
                _ => ("", "form-place-ended"),
            };
            let text = Speech(asked.language).with("form-fault-file", "name", quoted(&fault.message));
            let own = Self::new(asked, field, key);
            let told = match field {
                "dateien" if !quoted(&fault.message).is_empty() => Self { text: format!("{text} {}", own.text), ..own },
                _ => own,
            };
            if !all.contains(&told) {
                all.push(told);
            }
        }
        all.sort_by_key(|fault| ORDER.iter().position(|field| *field == fault.field));
        all
    }
}

/// The name of a file in the words of a fault.
fn quoted(message: &str) -> &str {
    message.split_once('«').and_then(|(_, rest)| rest.split_once('»')).map_or("", |(name, _)| name)
}

/// What stands in a text that should rather not, by short words.
pub fn warned(text: &str) -> Vec<&'static str> {
    let mut found: Vec<&str> = Vec::new();
    for warning in warnings("text", text) {
        found.push(match &warning.message {
            text if text.contains("birth date") => "birth",
            text if text.contains("IBAN") => "iban",
            text if text.contains("card") => "card",
            _ => "tax",
        });
    }
    found
}

/// Whether it is one of those short words, and nothing that somebody put into an address.
pub fn is_warning(what: &str) -> bool {
    matches!(what, "iban" | "birth" | "card" | "tax")
}

/// The same in words, once it is sent.
pub fn held(speech: Speech, found: &[String]) -> Vec<String> {
    let known = found.iter().filter(|what| is_warning(what));
    known.filter_map(|what| speech.try_say(&format!("form-held-{what}"))).collect()
}

/// The choices of what it is about.
pub fn categories(speech: Speech) -> Vec<(&'static str, String)> {
    let say = |category: Category| (category.as_str(), speech.say(&format!("form-about-{category}")));
    CATEGORIES.map(say).to_vec()
}

/// The ways to be answered.
pub fn wishes(speech: Speech) -> Vec<(&'static str, String)> {
    let say = |wish: ReplyWish| (wish.as_str(), speech.say(&format!("form-wish-{wish}")));
    [ReplyWish::Email, ReplyWish::Phone, ReplyWish::None].map(say).to_vec()
}
