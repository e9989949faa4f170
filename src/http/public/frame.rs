//! What every public page stands in: whose it is, the languages, the links that a website must have, the policy.
//!
//! Invariant: no script, no cookie, nothing from elsewhere. The language stands in the address alone. Help itself may
//! stand in a frame on any site; the other pages may not.

use actix_web::http::StatusCode;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, HeaderValue, REFERRER_POLICY,
};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::directory::HelpLanguage;
use crate::error::AppError;
use crate::http::State;
use crate::http::assets::Assets;
use crate::http::words::Speech;

/// Everything from this service alone, no script; `frame-ancestors` is added.
macro_rules! policy {
    ($ancestors:literal) => {
        concat!(
            "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self' data:; form-action 'self'; ",
            "base-uri 'none'; frame-ancestors ",
            $ancestors
        )
    };
}

/// For help itself.
pub const EMBEDDABLE: &str = policy!("*");
/// For the pages around it.
const ALONE: &str = policy!("'none'");

/// A text in each language it was given in.
#[derive(Debug, Clone, Default)]
pub struct Texts {
    /// In German.
    pub german: Option<String>,
    /// In English.
    pub english: Option<String>,
    /// In Leichte Sprache.
    pub easy: Option<String>,
}

/// A page that a website must have: elsewhere, or of the operator's text.
#[derive(Debug, Clone, Default)]
pub struct Required {
    /// Its address elsewhere.
    pub url: Option<String>,
    /// What it says here.
    pub texts: Texts,
}

/// Pages that a website must have, and whose it is.
#[derive(Debug, Clone, Default)]
pub struct PublicLinks {
    /// Accessibility statement.
    pub accessibility: Required,
    /// Privacy.
    pub privacy: Required,
    /// Imprint.
    pub imprint: Required,
    /// What this service is, in Leichte Sprache.
    pub easy_language: Option<String>,
    /// The same as a video in German Sign Language.
    pub sign_language: Option<String>,
    /// Where people write when something is not accessible.
    pub feedback: Option<String>,
    /// Who settles disputes about it.
    pub enforcement: Option<String>,
    /// What this service is called.
    pub name: String,
    /// Who runs it.
    pub operator: Option<String>,
    /// How to reach them.
    pub contact: Option<String>,
}

/// Where the pages stand that a website must have, with the keys of their names.
pub const REQUIRED: [(&str, &str); 3] =
    [("help-accessibility", "/barrierefreiheit"), ("help-privacy", "/datenschutz"), ("help-imprint", "/impressum")];

/// One language of a page.
pub struct LanguageLink {
    /// Its tag.
    pub lang: &'static str,
    /// What it calls itself.
    pub name: &'static str,
    /// The page in it.
    pub href: String,
    /// Whether the page is in it now.
    pub is_here: bool,
}

/// What a public page stands in.
pub struct Frame {
    /// What it speaks.
    pub speech: Speech,
    /// Its styles.
    pub assets: Assets,
    /// Whose it is.
    pub sender: String,
    /// The page in each language.
    pub languages: Vec<LanguageLink>,
    /// Pages a website must have.
    pub links: Vec<(String, String)>,
    /// Who runs this installation.
    pub operator: Option<String>,
    /// How to reach them.
    pub contact: Option<String>,
    /// Whether it stands in a frame of another site: no head and foot then.
    pub is_embedded: bool,
    /// Where the page has its place, for search engines; none where it should not be found.
    pub canonical: Option<String>,
}

/// The parameters of public pages.
#[derive(Debug, Default)]
pub struct Asked {
    /// The language.
    pub language: HelpLanguage,
    /// What was typed: a place or the name of a service.
    pub place: Option<String>,
    /// What was typed: a service.
    pub service: Option<String>,
    /// Whether the page is for a frame.
    pub is_embedded: bool,
}

impl Asked {
    /// What this request asks for; unknown parameters and languages count for nothing, as everywhere on the web.
    pub fn of(request: &HttpRequest) -> Self {
        let mut asked = Self::default();
        for (name, value) in url::form_urlencoded::parse(request.query_string().as_bytes()) {
            let value = value.trim();
            match name.as_ref() {
                "lang" => asked.language = value.parse().unwrap_or_default(),
                "ort" => asked.place = Some(value.chars().take(100).collect()).filter(|text: &String| !text.is_empty()),
                "q" => asked.service = Some(value.chars().take(100).collect()).filter(|text: &String| !text.is_empty()),
                "einbettung" => asked.is_embedded = value == "1",
                _ => {}
            }
        }
        asked
    }

    /// The address of a page with what holds for all of them: language and frame.
    pub fn address(&self, path: &str, more: &[(&str, &str)]) -> String {
        self.address_in(self.language, path, more)
    }

    fn address_in(&self, language: HelpLanguage, path: &str, more: &[(&str, &str)]) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(more);
        if language != HelpLanguage::German {
            query.append_pair("lang", language.tag());
        }
        if self.is_embedded {
            query.append_pair("einbettung", "1");
        }
        let query = query.finish();
        if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
    }
}

impl Frame {
    /// For the page at this path, with what stands in its query beside language and frame.
    pub fn new(state: &State, asked: &Asked, path: &str, more: &[(&str, &str)], sender: String) -> Self {
        let speech = Speech(asked.language);
        let link = |language: HelpLanguage| LanguageLink {
            lang: Speech(language).html_lang(),
            name: match language {
                HelpLanguage::German => "Deutsch",
                HelpLanguage::Easy => "Leichte Sprache",
                HelpLanguage::English => "English",
            },
            href: asked.address_in(language, path, more),
            is_here: language == asked.language,
        };
        let alone = Asked { language: asked.language, ..Asked::default() };
        let required = REQUIRED.map(|(key, path)| (speech.say(key), alone.address(path, &[])));
        let own = &state.public_links;
        let more = [("help-easy", &own.easy_language), ("help-sign", &own.sign_language)];
        let more = more.into_iter().filter_map(|(key, href)| Some((speech.say(key), href.clone()?)));
        Self {
            speech,
            assets: Assets::here(),
            sender,
            languages: HelpLanguage::ALL.map(link).into(),
            links: required.into_iter().chain(more).collect(),
            operator: own.operator.clone(),
            contact: own.contact.clone(),
            is_embedded: asked.is_embedded,
            canonical: None,
        }
    }

    /// A text.
    pub fn say(&self, key: &str) -> String {
        self.speech.say(key)
    }

    /// A text with a variable.
    pub fn with(&self, key: &str, name: &'static str, value: impl std::fmt::Display) -> String {
        self.speech.with(key, name, value)
    }

    /// Whether German stands on an English page.
    pub fn is_foreign(&self) -> bool {
        self.speech.0 == HelpLanguage::English
    }
}

/// Sends a page around help: kept for a minute, in no frame.
pub fn send(status: StatusCode, template: &impl Template) -> Result<HttpResponse, AppError> {
    let body = template.render().map_err(AppError::internal)?;
    let mut answer = HttpResponse::with_body(status, body).map_into_boxed_body();
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=60"));
    protect(headers, ALONE);
    Ok(answer)
}

/// Gives a public page its policy.
pub fn protect(headers: &mut HeaderMap, policy: &'static str) {
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("strict-origin-when-cross-origin"));
}
