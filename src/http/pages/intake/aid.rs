//! What helps the caller at once: known disturbances to read out, who helps in their place, similar open requests.
//!
//! Invariant: the same help that the public is shown, from memory; of other requests only what the caller sees.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;
use serde::Deserialize;

use crate::access::Caller;
use crate::directory::{HelpLanguage, HelpWay};
use crate::error::AppError;
use crate::http::State;
use crate::http::auth::{parse_query, right};
use crate::http::pages::login::PageResult;
use crate::http::pages::page;
use crate::http::public::spoken;
use crate::http::visitor::Staff;
use crate::http::words::{Language, Speech};
use crate::keys::{Ars, Slug};
use crate::tickets::browse::{self, Filter, Order};
use crate::tickets::status::TicketStatus;
use crate::tickets::ticket::Category;

/// The most requests that are named.
const SIMILAR: usize = 3;

/// What stands beside the form.
#[derive(Template)]
#[template(path = "intake_aid.html")]
pub struct Aid {
    language: Language,
    place: String,
    disturbances: Vec<(String, String)>,
    ways: Vec<Way>,
    advice: Option<String>,
    similar: Vec<Similar>,
    is_more: bool,
}

struct Way {
    label: String,
    by: String,
    sign: &'static str,
    open: String,
}

struct Similar {
    number: String,
    subject: String,
    place: String,
    state: String,
    since: String,
    /// Whether it is of the same place, so that one more can go on in it.
    is_here: bool,
}

impl Aid {
    /// For a service in a place; nothing where one of them is unknown.
    pub async fn of(
        state: &State,
        caller: &Caller,
        language: Language,
        place: &Ars,
        service: &Slug,
        category: Option<Category>,
    ) -> Result<Option<Self>, AppError> {
        let (snapshot, now) = (state.directory().current(), state.desk().clock.now());
        let spoken_in = if language == Language::En { HelpLanguage::English } else { HelpLanguage::German };
        let Some(help) = snapshot.help(service.as_str(), place, spoken_in, now) else { return Ok(None) };
        let speech = Speech(spoken_in);
        let way = |way: &HelpWay| {
            let open = way.open.map(|open| (open.is_open, spoken::change(speech, open, now)));
            let (sign, open) = match open {
                Some((true, until)) => ("ok", format!("{} {until}", speech.say("help-open-short"))),
                Some((false, from)) => ("none", format!("{}, {from}", speech.say("help-closed-short"))),
                None => ("none", way.hours_text.to_owned()),
            };
            let by = way.phone.or(way.email).or(way.url.as_deref()).unwrap_or_default();
            Way {
                label: way.label.to_owned(),
                by: by.to_owned(),
                sign,
                open: open.trim_end_matches([',', ' ']).to_owned(),
            }
        };
        let mut disturbances: Vec<(String, String)> =
            help.notices.iter().map(|notice| (notice.title.to_owned(), notice.text.to_owned())).collect();
        disturbances.truncate(3);
        let (similar, is_more) = similar(state, caller, language, place, service, category).await?;
        Ok(Some(Self {
            language,
            place: spoken::short(help.municipality.name).to_owned(),
            disturbances,
            ways: help.channels.iter().map(way).collect(),
            advice: help.advice.clone(),
            similar,
            is_more,
        }))
    }
}

/// Open requests about the same.
async fn similar(
    state: &State,
    caller: &Caller,
    language: Language,
    place: &Ars,
    service: &Slug,
    category: Option<Category>,
) -> Result<(Vec<Similar>, bool), AppError> {
    let status = vec![TicketStatus::New, TicketStatus::Assessing, TicketStatus::Escalated, TicketStatus::Waiting];
    let filter = Filter { status, service: Some(service.clone()), category, ..Filter::default() };
    let found = browse::list(state.desk(), caller.clone(), filter, Order::Due, None, SIMILAR).await?;
    let (snapshot, now) = (state.directory().current(), state.desk().clock.now());
    let similar = found.items.iter().map(|ticket| Similar {
        number: ticket.number.to_string(),
        subject: ticket.subject.clone(),
        place: snapshot
            .municipality(&ticket.ars)
            .map_or_else(String::new, |place| spoken::short(&place.name).to_owned()),
        state: language.say(&format!("ticket-{}", ticket.status)),
        since: language.near(ticket.created_at, now),
        is_here: ticket.ars == *place,
    });
    Ok((similar.collect(), found.next_cursor.is_some()))
}

/// What is known so far.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    ars: String,
    dienst: String,
    kategorie: String,
}

#[derive(Template)]
#[template(source = "", ext = "html")]
struct Nothing;

/// What helps, for the side of the form; empty as long as place or service are open.
pub async fn aid(state: Data<State>, request: HttpRequest, asking: Staff<right::ReadTickets>) -> PageResult {
    let asked: Asked = parse_query(request.query_string())?;
    let (Ok(place), Ok(service)) = (asked.ars.parse::<Ars>(), asked.dienst.parse::<Slug>()) else {
        return Ok(page(StatusCode::OK, &Nothing));
    };
    let (caller, language) = (&asking.person.caller, Language::of(&request));
    let found = Aid::of(&state, caller, language, &place, &service, asked.kategorie.parse().ok()).await?;
    Ok(found.map_or_else(|| page(StatusCode::OK, &Nothing), |aid| page(StatusCode::OK, &aid)))
}
