//! The page for operators of other sites: choose service, place and language, and take the code to paste, with a
//! preview of both ways.
//!
//! Invariant: public, plain forms with GET; without a script the texts can be selected and the frame shows the preview.
//! The page's own policy allows just what the preview needs: a frame and the element of this service.

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_SECURITY_POLICY, HeaderValue};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use askama::Template;

use super::frame::{Asked, Frame, send};
use super::spoken::short;
use crate::directory::{HelpLanguage, Links, PlaceEntry, ServiceEntry, Snapshot};
use crate::error::AppError;
use crate::http::State;
use crate::http::error::ApiError;
use crate::http::words::{Language, Speech};
use crate::keys::{Ars, fold};

/// The element and the copying script, the frame, and what the element asks.
const POLICY: &str = "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self' data:; script-src 'self'; \
    connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

#[derive(Template)]
#[template(path = "snippets.html")]
struct Page<'a> {
    frame: Frame,
    words: Language,
    services: Vec<(&'a str, &'a str, bool)>,
    typed: String,
    languages: Vec<(&'static str, String, bool)>,
    found: Vec<(String, String, String)>,
    said: Option<String>,
    code: Option<Code>,
}

/// What is pasted, and where the preview is.
struct Code {
    title: String,
    element: String,
    frame: String,
    link: String,
    policy: String,
    preview: String,
    service: String,
    ars: String,
    lang: &'static str,
    page: String,
    link_text: String,
}

/// What is wanted beside what every public page knows.
#[derive(Default)]
struct Wanted {
    service: String,
    ars: String,
    typed: String,
    shown: HelpLanguage,
}

/// Code to paste for a service in a place.
pub async fn snippets(state: Data<State>, request: HttpRequest) -> HttpResponse {
    let (snapshot, asked) = (state.directory().current(), Asked::of(&request));
    let wanted = Wanted::of(&request);
    shown(&state, &snapshot, &asked, &wanted).unwrap_or_else(|fault| ApiError::from(fault).error_response())
}

impl Wanted {
    fn of(request: &HttpRequest) -> Self {
        let mut wanted = Self::default();
        for (name, value) in url::form_urlencoded::parse(request.query_string().as_bytes()) {
            let value: String = value.trim().chars().take(100).collect();
            match name.as_ref() {
                "dienst" => wanted.service = value,
                "ars" => wanted.ars = value,
                "ort" => wanted.typed = value,
                "sprache" => wanted.shown = value.parse().unwrap_or_default(),
                _ => {}
            }
        }
        wanted
    }

    fn query<'a>(&'a self, ars: &'a str) -> Vec<(&'a str, &'a str)> {
        let all = [("dienst", &*self.service), ("ars", ars), ("sprache", self.shown.tag())];
        all.into_iter().filter(|(_, value)| !value.is_empty()).collect()
    }
}

fn shown(state: &State, snapshot: &Snapshot, asked: &Asked, wanted: &Wanted) -> Result<HttpResponse, AppError> {
    // The tool speaks to people who run websites: German and English; Leichte Sprache is what it offers.
    let words = if asked.language == HelpLanguage::English { Language::En } else { Language::De };
    let asked = Asked {
        language: if words == Language::En { HelpLanguage::English } else { HelpLanguage::German },
        ..Asked::default()
    };
    let service = snapshot.service(&wanted.service);
    let mut place = wanted.ars.parse::<Ars>().ok().and_then(|ars| snapshot.municipality(&ars));
    let mut found = Vec::new();
    let mut said = None;
    // Another name was typed than that of the place chosen before.
    if !wanted.typed.is_empty() && place.is_none_or(|place| fold(&wanted.typed) != fold(&place.name)) {
        found = snapshot.find_places(&wanted.typed);
        place = if let [one] = found[..] { Some(one) } else { None };
        said = match found.len() {
            0 => Some(words.with("embed-none", "text", &wanted.typed)),
            1 => None,
            count => Some(words.with("embed-several", "count", count)),
        };
    }
    let mut services: Vec<&ServiceEntry> = snapshot.services().iter().collect();
    services.sort_by_cached_key(|service| fold(&service.name));
    let mut frame = Frame::new(state, &asked, "/einbinden", &wanted.query(&wanted.ars), words.say("embed-sender"));
    frame.languages.retain(|link| link.name != "Leichte Sprache");
    let apart = |place: &PlaceEntry| format!("{}, {}", short(&place.association), place.land.name());
    let choice = |place: &&PlaceEntry| {
        let here = asked.address("/einbinden", &wanted.query(place.ars.as_str()));
        (here, place.name.to_string(), apart(place))
    };
    let page = Page {
        services: services
            .iter()
            .map(|one| (one.slug.as_str(), &*one.name, wanted.service == one.slug.as_str()))
            .collect(),
        typed: place.map_or(wanted.typed.clone(), |place| place.name.to_string()),
        languages: HelpLanguage::ALL
            .map(|language| {
                (language.tag(), words.say(&format!("embed-language-{}", language.tag())), language == wanted.shown)
            })
            .into(),
        found: if found.len() > 1 { found.iter().map(choice).collect() } else { Vec::new() },
        code: service.zip(place).map(|(service, place)| code(state, service, place, wanted.shown)),
        said,
        words,
        frame,
    };
    let mut answer = send(StatusCode::OK, &page)?;
    answer.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    Ok(answer)
}

fn code(state: &State, service: &ServiceEntry, place: &PlaceEntry, language: HelpLanguage) -> Code {
    let (base, speech) = (state.public_url(), Speech(language));
    let links = Links { base, service: service.slug.as_str(), ars: place.ars.as_str() };
    let (page, tag, title) = (links.page(language).to_string(), language.tag(), speech.say("help-title"));
    let path = page.strip_prefix(base).unwrap_or(&page).to_owned();
    let and = if path.contains('?') { '&' } else { '?' };
    let preview = format!("{path}{and}einbettung=1");
    let link = format!("<a href=\"{page}\">{title}</a>");
    let about = format!("{title} {}, {}", service.name, short(&place.name));
    Code {
        element: format!(
            "<script type=\"module\" src=\"{base}/embed/wer-kann-mir-helfen.js\"></script>\n\
             <wer-kann-mir-helfen service=\"{}\" ars=\"{}\" lang=\"{tag}\">\n  {link}\n</wer-kann-mir-helfen>",
            service.slug, place.ars
        ),
        frame: format!(
            "<iframe src=\"{base}{}\" title=\"{}\" width=\"100%\" height=\"640\" style=\"border:0\" loading=\"lazy\"></iframe>",
            preview.replace('&', "&amp;"),
            about.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;"),
        ),
        policy: format!("script-src {base}; connect-src {base}\nframe-src {base}"),
        title: about,
        service: service.slug.to_string(),
        ars: place.ars.to_string(),
        lang: tag,
        link_text: title,
        link,
        preview,
        page,
    }
}
