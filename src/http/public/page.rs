//! "Wer kann mir helfen?" as a page: the first way large, whether somebody is there, what is disturbed, other ways.
//!
//! Invariant: from memory only, without script or cookie; kept no longer than what it says can hold. What is true only
//! now is not printed. A place or service that is not known is a 404 that still says what helps (`find.rs`).

use std::borrow::Cow;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use askama::Template;
use qrcode::canvas::{Canvas, MaskPattern};
use qrcode::{Color, EcLevel, bits, ec};

use super::find;
use super::frame::{Asked, EMBEDDABLE, Frame, protect};
use super::help::kept;
use super::spoken::{change, date, day_in_figures, dialled, ended, is_recent, languages, moment, short};
use super::structured::json_ld;
use crate::clock::Timestamp;
use crate::directory::{
    ChannelKind, Help, HelpLanguage, HelpWay, Links, PlaceEntry, ServiceEntry, ShownNotice, Snapshot,
};
use crate::error::AppError;
use crate::http::State;
use crate::http::error::ApiError;
use crate::http::visitor::see_other;
use crate::http::words::Speech;
use crate::keys::{Ags, Ars};

#[derive(Template)]
#[template(path = "help.html")]
struct Page<'a> {
    frame: Frame,
    service: &'a str,
    place: &'a str,
    first: Option<Way<'a>>,
    others: Vec<Way<'a>>,
    notices: Vec<Notice<'a>>,
    advice: Option<String>,
    unlisted: Option<String>,
    as_of: String,
    confirmed: Option<String>,
    address: String,
    qr: String,
    json_ld: String,
    elsewhere: String,
}

/// A way to help, in words.
struct Way<'a> {
    heading: String,
    label: Cow<'a, str>,
    href: String,
    /// What is clicked: a number, an address or the label.
    shown: Cow<'a, str>,
    is_number: bool,
    is_web: bool,
    /// Whether German words are clicked on an English page.
    is_german: bool,
    is_open: Option<bool>,
    state: String,
    state_short: String,
    change: String,
    hours: String,
    cost: Option<String>,
    spoken: Option<String>,
    abroad: bool,
}

struct Notice<'a> {
    title: String,
    text: &'a str,
    since: Option<String>,
    is_german: bool,
}

/// Who can help with a service in a place.
pub async fn page(state: Data<State>, request: HttpRequest, at: Path<(String, String)>) -> HttpResponse {
    let (service, place) = at.into_inner();
    let snapshot = state.directory().current();
    let asked = Asked::of(&request);
    let answer = match snapshot.service(&service) {
        None => find::unknown_service(&state, &snapshot, &asked),
        Some(service) => at_place(&state, &request, &snapshot, &asked, service, &place),
    };
    answer.unwrap_or_else(|fault| ApiError::from(fault).error_response())
}

/// By ARS it is the page; an AGS leads there, or to a choice where several share it.
fn at_place(
    state: &State,
    request: &HttpRequest,
    snapshot: &Snapshot,
    asked: &Asked,
    service: &ServiceEntry,
    place: &str,
) -> Result<HttpResponse, AppError> {
    if let Some(entry) = place.parse::<Ars>().ok().and_then(|ars| snapshot.municipality(&ars)) {
        return shown(state, request, snapshot, asked, service, entry);
    }
    let found = place.parse::<Ags>().map(|ags| snapshot.all_by_ags(&ags)).unwrap_or_default();
    match found[..] {
        [] => find::unknown_place(state, asked, service, place),
        [one] => Ok(see_other(&asked.address(&format!("/hilfe/{}/{}", service.slug, one.ars), &[]))),
        _ => find::choice(state, asked, service, place, &found),
    }
}

fn shown(
    state: &State,
    request: &HttpRequest,
    snapshot: &Snapshot,
    asked: &Asked,
    service: &ServiceEntry,
    place: &PlaceEntry,
) -> Result<HttpResponse, AppError> {
    let now = state.desk().clock.now();
    let help = snapshot.help(service.slug.as_str(), &place.ars, asked.language, now).ok_or(AppError::NotFound)?;
    let help = help.linked(state.public_url(), asked.language);
    let body = whole(state, asked, &help, place, now).render().map_err(AppError::internal)?;
    let mut answer = kept(request, body.into_bytes(), "text/html; charset=utf-8", help.changes_at, now)?;
    protect(answer.headers_mut(), EMBEDDABLE);
    Ok(answer)
}

fn whole<'a>(state: &State, asked: &Asked, help: &'a Help, place: &'a PlaceEntry, now: Timestamp) -> Page<'a> {
    let speech = Speech(asked.language);
    let links = Links { base: state.public_url(), service: help.service.slug, ars: help.municipality.ars };
    let path = format!("/hilfe/{}/{}", links.service, links.ars);
    let body = if place.association.is_empty() { &*place.name } else { &*place.association };
    let mut frame = Frame::new(state, asked, &path, &[], short(body).to_owned());
    let address = links.page(asked.language).to_string();
    frame.canonical = Some(address.clone());
    let mut ways: Vec<Way> = help.channels.iter().map(|way| self::way(speech, way, now)).collect();
    if !asked.is_embedded {
        // Here the form is next door, whatever address this page was reached by.
        let own = help.channels.iter().zip(&mut ways).filter(|(way, _)| way.form);
        own.for_each(|(_, way)| way.href = asked.address(&format!("{path}/anfrage"), &[]));
    }
    // Whoever is told whom to ask is told with it that nothing is listed.
    let is_unlisted = !help.is_adopted && help.advice.is_none();
    let first = (!ways.is_empty()).then(|| ways.remove(0));
    Page {
        service: help.service.name,
        place: short(help.municipality.name),
        first,
        others: ways,
        notices: notices(speech, help, now),
        advice: help.advice.clone(),
        unlisted: is_unlisted.then(|| speech.with("help-unlisted", "place", short(help.municipality.name))),
        as_of: date(speech, help.updated_at),
        confirmed: help.confirmed_on.map(|day| day_in_figures(speech, day)),
        qr: qr(&address).unwrap_or_default(),
        json_ld: json_ld(help, place, &address),
        elsewhere: asked.address(&format!("/hilfe/{}", links.service), &[]),
        address,
        frame,
    }
}

fn way<'a>(speech: Speech, way: &'a HelpWay, now: Timestamp) -> Way<'a> {
    let is_number = matches!(way.kind, ChannelKind::Number115 | ChannelKind::Phone);
    // The form of this service is called as it calls itself; all else as it was entered.
    let own_name = (way.form && speech.0 != HelpLanguage::German).then(|| speech.say("form-title"));
    let label = own_name.map_or(Cow::Borrowed(way.label), Cow::Owned);
    let shown = match way.kind {
        ChannelKind::Number115 | ChannelKind::Phone => Cow::Borrowed(way.phone.unwrap_or(way.label)),
        ChannelKind::Email => Cow::Borrowed(way.email.unwrap_or(way.label)),
        ChannelKind::Web => label.clone(),
    };
    let href = match way.kind {
        ChannelKind::Number115 | ChannelKind::Phone => format!("tel:{}", dialled(&shown)),
        ChannelKind::Email => format!("mailto:{shown}"),
        ChannelKind::Web => way.url.clone().unwrap_or_default().into_owned(),
    };
    let heading = match way.kind {
        ChannelKind::Number115 => speech.say("help-call-115"),
        ChannelKind::Phone => speech.with("help-call", "label", way.label),
        ChannelKind::Email => speech.say("help-write"),
        ChannelKind::Web if way.form => speech.say("help-write-here"),
        ChannelKind::Web => speech.say("help-open-page"),
    };
    // A form or a mailbox is there at any time; that it is open says nothing.
    let is_always = way.open.is_some_and(|open| open.is_open && open.changes_at.is_none());
    let open = way.open.filter(|_| is_number || !is_always);
    let key = |open: &str, closed: &str, is_open: bool| speech.say(if is_open { open } else { closed });
    Way {
        heading,
        label,
        href,
        shown,
        is_number,
        is_web: way.kind == ChannelKind::Web,
        is_german: way.kind == ChannelKind::Web && !way.form && speech.0 == HelpLanguage::English,
        is_open: open.map(|open| open.is_open),
        state: open.map(|open| key("help-open", "help-closed", open.is_open)).unwrap_or_default(),
        state_short: open.map(|open| key("help-open-short", "help-closed-short", open.is_open)).unwrap_or_default(),
        change: open.map(|open| change(speech, open, now)).unwrap_or_default(),
        hours: if is_number || !is_always { ended(way.hours_text) } else { String::new() },
        cost: way.cost_note.map(ended),
        spoken: languages(speech, &way.languages),
        abroad: way.kind == ChannelKind::Number115 && speech.0 == HelpLanguage::English,
    }
}

fn notices<'a>(speech: Speech, help: &'a Help, now: Timestamp) -> Vec<Notice<'a>> {
    let is_english = speech.0 == HelpLanguage::English;
    let one = |notice: &ShownNotice<'a>| Notice {
        title: notice.title.to_owned(),
        text: notice.text,
        since: notice.since.map(|since| match is_recent(since, now) {
            true => moment(speech, "help-notice-since", since, now),
            false => speech.with("help-as-of", "date", date(speech, since)),
        }),
        is_german: is_english && notice.language.is_some(),
    };
    help.notices.iter().map(one).collect()
}

/// The address as a picture: one path, a row of modules at a time. Black on white in either theme, for cameras.
///
/// The mask is always the same one, which the code names as ISO/IEC 18004 asks; to weigh all eight against each other,
/// as writers should, took half the time of the page, and no camera needs it for so little text.
fn qr(address: &str) -> Option<String> {
    const QUIET: usize = 4;
    let bits = bits::encode_auto(address.as_bytes(), EcLevel::L).ok()?;
    let version = bits.version();
    let (data, correction) = ec::construct_codewords(&bits.into_bytes(), version, EcLevel::L).ok()?;
    let mut canvas = Canvas::new(version, EcLevel::L);
    canvas.draw_all_functional_patterns();
    canvas.draw_data(&data, &correction);
    canvas.apply_mask(MaskPattern::LargeCheckerboard);
    let width = usize::try_from(version.width()).ok()?;
    let colours = canvas.into_colors();
    let mut path = String::new();
    for (y, row) in colours.chunks(width).enumerate() {
        let mut x = 0;
        while x < width {
            let run = row.iter().skip(x).take_while(|colour| **colour == Color::Dark).count();
            if run > 0 {
                path.push_str(&format!("M{} {}h{run}v1h-{run}z", x + QUIET, y + QUIET));
            }
            x += run.max(1);
        }
    }
    let size = width + 2 * QUIET;
    Some(format!(
        "<svg viewBox=\"0 0 {size} {size}\" shape-rendering=\"crispEdges\" aria-hidden=\"true\" focusable=\"false\">\
         <path fill=\"#fff\" d=\"M0 0h{size}v{size}H0z\"/><path fill=\"#000\" d=\"{path}\"/></svg>"
    ))
}

/// For the choice of a place: the page of this one.
pub fn path(service: &ServiceEntry, place: &PlaceEntry) -> String {
    format!("/hilfe/{}/{}", service.slug, place.ars)
}

/// Sends somebody on to the page.
pub fn lead_to(asked: &Asked, service: &ServiceEntry, place: &PlaceEntry) -> HttpResponse {
    let mut answer = see_other(&asked.address(&path(service, place), &[]));
    *answer.status_mut() = StatusCode::SEE_OTHER;
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a camera reads of the picture, four points a module.
    fn read(svg: &str) -> String {
        const SCALE: usize = 4;
        let between = |text: &str, from: &str, to: &str| -> String {
            text.split_once(from).and_then(|(_, rest)| rest.split_once(to)).unwrap().0.to_owned()
        };
        let size: usize = between(svg, "viewBox=\"0 0 ", " ").parse().unwrap();
        let mut dark = vec![vec![false; size]; size];
        for run in between(svg, "fill=\"#000\" d=\"M", "z\"/>").split("zM") {
            let numbers: Vec<usize> = run.split([' ', 'h', 'v']).take(3).map(|n| n.parse().unwrap()).collect();
            let [x, y, length] = numbers[..] else { panic!("{run}") };
            dark[y][x..x + length].fill(true);
        }
        let is_dark = |x: usize, y: usize| dark[y / SCALE][x / SCALE];
        let mut image = rqrr::PreparedImage::prepare_from_bitmap(size * SCALE, size * SCALE, is_dark);
        let grids = image.detect_grids();
        assert_eq!(grids.len(), 1, "{svg}");
        grids[0].decode().unwrap().1
    }

    #[test]
    fn a_camera_reads_the_address() {
        for number in 0..200 {
            let slug = "dienst-".repeat(number % 9);
            let address =
                format!("https://lotse-{number}.example.org/hilfe/{slug}x/0100200{number:05}?lang=de-x-leicht");
            assert_eq!(read(&qr(&address).unwrap()), address);
        }
    }
}
