//! The pages that the law asks of a website: accessibility statement, privacy, imprint.
//!
//! Invariant: each page is there in every installation. It is the operator's page elsewhere, or the operator's text here, or
//! ours that says what is missing; `lotse check` says it too. Only for accessibility ours is a statement, on Lotse itself
//! (§ 12b BGG, § 7 BITV 2.0, Implementing Decision (EU) 2018/1523); whoever runs it checks and completes it.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use askama::Template;

use super::frame::{Asked, Frame, Required, Texts, send};
use super::{feedback, prose};
use crate::directory::HelpLanguage;
use crate::error::AppError;
use crate::http::State;
use crate::http::error::ApiError;
use crate::http::visitor::see_other;

/// What stands where the operator has written nothing, in each language.
macro_rules! own {
    ($name:literal) => {
        [
            include_str!(concat!("legal/", $name, ".de.md")),
            include_str!(concat!("legal/", $name, ".en.md")),
            include_str!(concat!("legal/", $name, ".leicht.md")),
        ]
    };
}

#[derive(Template)]
#[template(path = "legal.html")]
struct Page {
    frame: Frame,
    title: String,
    text: String,
    is_german: bool,
}

/// The accessibility statement.
pub async fn accessibility(state: Data<State>, request: HttpRequest) -> HttpResponse {
    let required = &state.public_links.accessibility;
    answer(&state, &request, "help-accessibility", required, &own!("accessibility"))
}

/// What becomes of personal data.
pub async fn privacy(state: Data<State>, request: HttpRequest) -> HttpResponse {
    answer(&state, &request, "help-privacy", &state.public_links.privacy, &own!("privacy"))
}

/// Who is behind this.
pub async fn imprint(state: Data<State>, request: HttpRequest) -> HttpResponse {
    answer(&state, &request, "help-imprint", &state.public_links.imprint, &own!("imprint"))
}

fn answer(state: &State, request: &HttpRequest, key: &str, required: &Required, own: &[&str; 3]) -> HttpResponse {
    if let Some(url) = &required.url {
        return see_other(url);
    }
    shown(state, request, key, &required.texts, own).unwrap_or_else(|fault| ApiError::from(fault).error_response())
}

fn shown(
    state: &State,
    request: &HttpRequest,
    key: &str,
    texts: &Texts,
    [german, english, easy]: &[&str; 3],
) -> Result<HttpResponse, AppError> {
    let asked = Asked { language: Asked::of(request).language, ..Asked::default() };
    let frame = Frame::new(state, &asked, request.path(), &[], state.public_links.name.clone());
    // Of the operator's text what there is; never ours beside it.
    let own = texts.german.as_deref();
    let (text, is_german) = match (asked.language, own) {
        (HelpLanguage::German, own) => (own.unwrap_or(german), true),
        (HelpLanguage::English, Some(own)) => (texts.english.as_deref().unwrap_or(own), texts.english.is_none()),
        (HelpLanguage::English, None) => (*english, false),
        (HelpLanguage::Easy, Some(own)) => (texts.easy.as_deref().unwrap_or(own), true),
        (HelpLanguage::Easy, None) => (*easy, true),
    };
    let text = prose::html(&filled(state, text, asked.language));
    let page = Page { title: frame.say(key), text, is_german: is_german && frame.is_foreign(), frame };
    send(StatusCode::OK, &page)
}

/// Puts the operator's settings into a text.
fn filled(state: &State, text: &str, language: HelpLanguage) -> String {
    let links = &state.public_links;
    let is_english = language == HelpLanguage::English;
    let missing = if is_english {
        "**(the operator has not filled this in yet)**"
    } else {
        "**(trägt der Betreiber noch ein)**"
    };
    let feedback = links.feedback.as_ref().map(|mail| {
        let mail = format!("[{mail}](mailto:{mail}?subject=Barrierefreiheit)");
        let (form, or) = match language {
            HelpLanguage::English => ("with this form", "or by mail to"),
            HelpLanguage::German => ("mit diesem Formular", "oder per E-Mail an"),
            HelpLanguage::Easy => ("mit diesem Formular", "oder als E-Mail an"),
        };
        match feedback::address(state) {
            Some(_) => format!("[{form}]({}?lang={}) {or} {mail}", feedback::HERE, language.tag()),
            None => mail,
        }
    });
    let schlichtung = match is_english {
        true => include_str!("legal/enforcement.en.md"),
        false => include_str!("legal/enforcement.de.md"),
    };
    let values = [
        ("{name}", Some(links.name.as_str())),
        ("{url}", Some(state.public_url())),
        ("{operator}", links.operator.as_deref()),
        ("{contact}", links.contact.as_deref()),
        ("{feedback}", feedback.as_deref()),
        ("{enforcement}", Some(links.enforcement.as_deref().unwrap_or(schlichtung).trim())),
    ];
    values.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value.unwrap_or(missing)))
}
