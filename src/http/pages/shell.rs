//! What every page for staff stands in: language, navigation by rights, who is logged in, the token against
//! foreign forms, the policy.
//!
//! Invariant: a page has a script only where it asked for a nonce; without one the policy names no script at all.
//! The language that was chosen in the address is remembered by the answer. The address of a form's answer is the
//! address of the page that shows the form, so that a reload and the other language lead there.

use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_SECURITY_POLICY, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rand::RngCore;

use super::{POLICY, directory, page};
use crate::access::{Action, Caller};
use crate::clock::Timestamp;
use crate::error::FieldError;
use crate::http::State;
use crate::http::api::users::everywhere;
use crate::http::assets::Assets;
use crate::http::visitor::{Visitor, csrf_token, see_other};
use crate::http::words::{COOKIE, Language, PARAMETER};

pub use super::account::settings::Taste;

/// A place of the navigation with the right that shows it, and where that must hold.
type Leads = (&'static str, &'static str, Action, Where);

/// The work of every day: what lies open on the bar.
const DAILY: &[Leads] = &[
    ("/anfragen", "nav-worklist", Action::ReadTickets, Where::Somewhere),
    ("/anfragen/neu", "nav-intake", Action::SubmitTicket, Where::Somewhere),
    ("/anfragen/auskunft", "nav-look-up", Action::ReadTickets, Where::Somewhere),
    ("/unbestaetigt", "nav-unconfirmed", Action::AssessTicket, Where::Somewhere),
    ("/eingang", "nav-inbound", Action::ReadInbound, Where::Somewhere),
    ("/eskalationen", "nav-desk", Action::RespondEscalation, Where::AsContact),
];

/// What is looked after now and then: folded behind one word of the bar, where it is more than one place.
const NOW_AND_THEN: &[Leads] = &[
    (directory::HUB, "nav-directory", Action::ReadDirectory, Where::Somewhere),
    ("/zahlen", "nav-figures", Action::ReadFigures, Where::Somewhere),
    ("/personen", "nav-people", Action::ReadUsers, Where::Everywhere),
    ("/protokoll", "nav-audit", Action::ReadAudit, Where::Everywhere),
    ("/betrieb", "nav-operations", Action::ReadMetrics, Where::Everywhere),
];

/// How far a right must reach for a place to be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Where {
    /// What is there belongs to no region.
    Everywhere,
    /// Whoever reaches a part sees that part.
    Somewhere,
    /// Whoever speaks for a contact of the 2nd level sees what has reached it.
    AsContact,
}

/// True where a caller finds something at a place.
pub fn finds(caller: &Caller, action: Action, reaching: Where) -> bool {
    match reaching {
        Where::Everywhere => everywhere(caller, action).is_ok(),
        Where::AsContact => !caller.contacts(action).is_empty(),
        Where::Somewhere => caller.may(action).is_ok() && !caller.reach(action).is_nothing(),
    }
}

/// One place of the navigation.
#[derive(Clone)]
pub struct Place {
    /// Its address.
    pub href: &'static str,
    /// Its name.
    pub label: String,
    /// Whether the page is there or below.
    pub is_here: bool,
}

/// What is wrong with a field, in words; the top of the page repeats it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The field's id; empty where it is no single field.
    pub field: String,
    /// In words.
    pub text: String,
}

/// What a page stands in.
#[derive(Clone)]
pub struct Shell {
    /// What it speaks.
    pub language: Language,
    /// Its styles.
    pub assets: Assets,
    /// What this service is called.
    pub name: String,
    /// Who runs it, and how to reach them.
    pub operator: Option<String>,
    /// How it looks and listens, as somebody chose it in this browser.
    pub taste: Taste,
    /// The name of whoever is logged in.
    pub who: Option<String>,
    /// Where they can go.
    pub places: Vec<Place>,
    /// Where else, folded.
    pub more: Vec<Place>,
    /// Goes into every form.
    pub csrf: String,
    /// What was just done, in words.
    pub done: Option<String>,
    /// What is wrong with what was sent.
    pub faults: Vec<Fault>,
    /// Lets the page's own script run, where it has one.
    pub nonce: Option<String>,
    path: String,
    query: String,
    is_language_chosen: bool,
    is_https: bool,
    now: Timestamp,
}

impl Shell {
    /// For this request.
    pub fn new(state: &State, request: &HttpRequest, visitor: &Visitor) -> Self {
        let language = Language::of(request);
        let path = request.path().to_owned();
        let pairs = url::form_urlencoded::parse(request.query_string().as_bytes()).into_owned();
        let (mut query, mut done) = (url::form_urlencoded::Serializer::new(String::new()), None);
        for (name, value) in pairs.filter(|(name, _)| name != PARAMETER) {
            match name == DONE {
                true => done = language.try_say(&format!("done-{value}")),
                false => drop(query.append_pair(&name, &value)),
            }
        }
        let caller = visitor.caller();
        let may = |action, reaching| caller.as_ref().is_some_and(|caller| finds(caller, action, reaching));
        let all = || DAILY.iter().chain(NOW_AND_THEN);
        let leads_here = |href: &&str| path == *href || path.starts_with(&format!("{href}/"));
        // The closest: a form for a new request lies below the list of requests and is a place of its own.
        let here = all().map(|(href, ..)| *href).filter(leads_here).max_by_key(|href| href.len());
        let in_hub = || directory::BELOW.iter().any(&leads_here).then_some(directory::HUB);
        let here = here.or_else(in_hub);
        let shown = |places: &[Leads]| -> Vec<Place> {
            let found = places.iter().filter(|(.., action, reaching)| may(*action, *reaching));
            found
                .map(|(href, key, ..)| Place { href, label: language.say(key), is_here: here == Some(*href) })
                .collect()
        };
        let (mut places, mut more) = (shown(DAILY), shown(NOW_AND_THEN));
        if more.len() < 2 {
            places.append(&mut more);
        }
        Self {
            places,
            more,
            language,
            assets: Assets::here(),
            name: state.public_links.name.clone(),
            operator: operator(state),
            taste: Taste::of(request),
            who: visitor.person().map(|session| session.user.name.clone()),
            csrf: visitor.csrf(),
            done,
            faults: Vec::new(),
            nonce: None,
            query: query.finish(),
            path,
            is_language_chosen: Language::chosen(request).is_some(),
            is_https: state.is_https(),
            now: state.desk().clock.now(),
        }
    }

    /// True where the navigation leads there, so that the reader may open it.
    pub fn is_offered(&self, href: &str) -> bool {
        self.places.iter().chain(&self.more).any(|place| place.href == href)
    }

    /// The page is the one at this address, whatever address its form was sent to.
    pub fn at(mut self, path: impl Into<String>) -> Self {
        (self.path, self.query) = (path.into(), String::new());
        self
    }

    /// Nobody is logged in any more.
    pub fn without_session(self) -> Self {
        Self { who: None, places: Vec::new(), more: Vec::new(), ..self }
    }

    /// The session has a new secret, and forms with it a new token.
    pub fn renewed(self, secret: &str) -> Self {
        Self { csrf: csrf_token(secret), ..self }
    }

    /// Lets the page's own script run; its tag names the nonce.
    pub fn with_script(mut self) -> Self {
        let mut bytes = [0u8; 16];
        rand::rng().fill_bytes(&mut bytes);
        self.nonce = Some(STANDARD.encode(bytes));
        self
    }

    /// The folded place that the page is at or below.
    pub fn folded_here(&self) -> Option<&str> {
        self.more.iter().find(|place| place.is_here).map(|place| place.label.as_str())
    }

    /// A text.
    pub fn say(&self, key: &str) -> String {
        self.language.say(key)
    }

    /// A text with a variable.
    pub fn with(&self, key: &str, name: &'static str, value: impl std::fmt::Display) -> String {
        self.language.with(key, name, value)
    }

    /// A time as one reads it on the wall.
    pub fn near(&self, time: Timestamp) -> String {
        self.language.near(time, self.now)
    }

    /// When this page is made.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Whether this page is the one at that address.
    pub fn is_at(&self, path: &str) -> bool {
        self.path == path
    }

    /// The same page in another language.
    pub fn in_other_language(&self) -> String {
        let and = if self.query.is_empty() { "" } else { "&" };
        format!("{}?{}{and}{PARAMETER}={}", self.path, self.query, self.language.other().as_str())
    }

    /// Notes what a use case did not accept; `texts` leads from a field to the key of what is wrong with it.
    pub fn mark(&mut self, faults: &[FieldError], texts: impl Fn(&FieldError) -> (String, &'static str)) {
        for fault in faults {
            let (field, key) = texts(fault);
            self.fault(field, key);
        }
    }

    /// Notes what is wrong.
    pub fn fault(&mut self, field: impl Into<String>, key: &str) {
        self.fault_text(field, self.say(key));
    }

    /// The same in ready words.
    pub fn fault_text(&mut self, field: impl Into<String>, text: String) {
        let fault = Fault { field: field.into(), text };
        if !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
    }

    /// What is wrong with a field.
    pub fn fault_of(&self, field: &str) -> Option<&str> {
        self.faults.iter().find(|fault| fault.field == field).map(|fault| fault.text.as_str())
    }

    /// The field where the first thing is to be put right.
    pub fn first_fault(&self) -> &str {
        self.faults.iter().map(|fault| fault.field.as_str()).find(|field| !field.is_empty()).unwrap_or_default()
    }
}

/// Who runs this installation, in a line.
fn operator(state: &State) -> Option<String> {
    let links = &state.public_links;
    let parts: Vec<&str> = [&links.operator, &links.contact].into_iter().flatten().map(String::as_str).collect();
    (!parts.is_empty()).then(|| parts.join(" · "))
}

/// The parameter that says what was just done.
const DONE: &str = "getan";

/// Sends a page that stands in a shell.
pub fn show(status: StatusCode, shell: &Shell, template: &impl Template) -> HttpResponse {
    let mut answer = page(status, template);
    if let Some(nonce) = &shell.nonce
        && let Ok(policy) = HeaderValue::from_str(&format!("{POLICY}; script-src 'nonce-{nonce}'; connect-src 'self'"))
    {
        answer.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    }
    if shell.is_language_chosen {
        let chosen = Cookie::build(COOKIE, shell.language.as_str()).path("/").max_age(Duration::days(365));
        let chosen = chosen.same_site(SameSite::Lax).http_only(true).secure(shell.is_https).finish();
        answer.add_cookie(&chosen).ok();
    }
    answer
}

/// Leads on to a page that says what was done.
pub fn lead_done(to: &str, done: &str) -> HttpResponse {
    let and = if to.contains('?') { '&' } else { '?' };
    see_other(&format!("{to}{and}{DONE}={done}"))
}
