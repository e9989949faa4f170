//! The page that shows a person where their request stands, in words.

use askama::Template;

use super::Query;
use crate::clock::Timestamp;
use crate::http::State;
use crate::http::public::form::{held, sender};
use crate::http::public::frame::{Asked, Frame};
use crate::http::public::spoken::{moment, short};
use crate::tickets::TicketStatus;
use crate::tickets::attachments::{Attachment, Scan, words};
use crate::tickets::public_form::link::StatusLink;
use crate::tickets::public_form::standing::{Said, Stand, Standing, What};
use crate::tickets::ticket::ReplyWish;

/// Everything it says.
#[derive(Template)]
#[template(path = "request.html")]
pub(super) struct Page {
    pub(super) frame: Frame,
    pub(super) number: String,
    pub(super) secret: String,
    pub(super) service: String,
    pub(super) place: String,
    pub(super) sign: &'static str,
    pub(super) state: String,
    pub(super) next: Option<String>,
    pub(super) done: Option<String>,
    pub(super) warnings: Vec<String>,
    pub(super) said: Vec<(String, String, String, bool)>,
    pub(super) files: Vec<File>,
    pub(super) takes_words: bool,
    pub(super) is_asked: bool,
    /// Whether what is said opens it again.
    pub(super) reopens: bool,
    pub(super) takes_back: bool,
    pub(super) confirms: bool,
    pub(super) is_new_link: bool,
    pub(super) here: String,
    /// Where the link is sent once more; none where no address is known to send it to.
    pub(super) lost: Option<String>,
    pub(super) typed: String,
    /// Names the form, so that it counts once.
    pub(super) form: String,
    pub(super) fault: Option<(&'static str, String)>,
    pub(super) kinds: String,
    pub(super) most: String,
}

pub(super) struct File {
    pub(super) name: String,
    pub(super) size: String,
    pub(super) href: Option<String>,
    pub(super) note: Option<String>,
}

/// Service, place and whose page it is.
pub(super) fn names(state: &State, found: &Standing) -> (String, String, String) {
    let directory = state.directory().current();
    let service = directory.service(found.service.as_str()).map_or(String::new(), |service| service.name.to_string());
    let place = directory.municipality(&found.ars);
    let name = place.map_or(String::new(), |place| short(&place.name).to_owned());
    (service, name, place.map(sender).unwrap_or_default())
}

/// The page in words.
pub(super) fn page(state: &State, asked: &Asked, link: &StatusLink, found: Standing, query: Query) -> Page {
    let (service, place, sender) = names(state, &found);
    let path = format!("/anfrage/{}", found.number);
    let frame = Frame::new(state, asked, &path, &[("s", &link.secret)], sender);
    let now = state.desk().clock.now();
    let when = |at: Timestamp| moment(frame.speech, "form-at", at, now);
    let (sign, key) = sign(&found);
    let said = |said: &Said| {
        let (key, is_theirs) = speaker(said.what);
        (frame.say(key), when(said.at), said.text.clone(), is_theirs)
    };
    let files = &state.desk().settings.attachments;
    let file_of = |file: &Attachment| File {
        name: file.name.clone(),
        size: size(file.size),
        href: file
            .is_available
            .then(|| asked.address(&format!("{path}/dateien/{}", file.number), &[("s", &link.secret)])),
        note: match file.scan {
            Scan::Infected => Some(frame.say("form-file-harmful")),
            Scan::Unchecked if !file.is_available => Some(frame.say("form-file-unchecked")),
            _ if !file.is_available => Some(frame.say("form-file-gone")),
            _ => None,
        },
    };
    let done = query.done.as_deref().filter(|done| is_last(done, &found));
    let done = done.and_then(|done| frame.speech.try_say(&format!("form-done-{done}")));
    let is_new_link = query.done.as_deref() == Some("aufgenommen");
    let has_address = found.by_mail || found.wish == ReplyWish::Email;
    Page {
        state: frame.say(key),
        next: next(&frame, &found, now),
        // What is advised is to take it back, so only while that can be done.
        warnings: if found.takes_back { held(frame.speech, &query.warnings) } else { Vec::new() },
        said: found.said.iter().map(said).collect(),
        files: found.attachments.iter().map(file_of).collect(),
        is_asked: found.stand == Stand::Ticket(TicketStatus::Waiting),
        reopens: matches!(found.stand, Stand::Ticket(TicketStatus::Answered | TicketStatus::Closed)),
        takes_words: found.takes_words,
        takes_back: found.takes_back,
        confirms: found.stand == Stand::Unconfirmed && found.by_mail,
        here: format!("{}{path}?s={}", state.public_url(), link.secret),
        lost: has_address.then(|| asked.address("/anfrage/link", &[("nummer", &found.number)])),
        kinds: words(&files.kinds),
        most: (files.most_bytes / (1024 * 1024)).to_string(),
        number: found.number,
        secret: link.secret.clone(),
        typed: String::new(),
        form: format!("{:032x}", rand::random::<u128>()),
        fault: None,
        is_new_link,
        service,
        place,
        sign,
        done,
        frame,
    }
}

/// True while nothing was said after what was just done: the address still names it when the page is read again.
fn is_last(done: &str, found: &Standing) -> bool {
    match (done, found.said.last()) {
        ("bestaetigt" | "aufgenommen", _) => found.said.len() <= 1,
        ("zurueckgezogen", last) => found.stand == Stand::Gone || last.is_some_and(|said| said.what == What::Withdrawn),
        (_, last) => last.is_some_and(|said| said.what == What::Theirs),
    }
}

fn sign(found: &Standing) -> (&'static str, &'static str) {
    match &found.stand {
        Stand::Unconfirmed => ("wait", "form-stand-unconfirmed"),
        Stand::Gone => ("none", "form-stand-gone"),
        Stand::Ticket(status) => match status {
            TicketStatus::New => ("new", "form-stand-new"),
            TicketStatus::Assessing => ("assess", "form-stand-assessing"),
            TicketStatus::Waiting => ("wait", "form-stand-waiting"),
            TicketStatus::Escalated => ("assess", "form-stand-escalated"),
            TicketStatus::Answered => ("ok", "form-stand-answered"),
            TicketStatus::Closed if found.said.last().is_some_and(|said| said.what == What::Withdrawn) => {
                ("none", "form-stand-withdrawn")
            }
            TicketStatus::Closed => ("ok", "form-stand-closed"),
            TicketStatus::Rejected => ("none", "form-stand-rejected"),
            TicketStatus::Merged => ("assess", "form-stand-merged"),
        },
    }
}

/// What happens next, and by when.
fn next(frame: &Frame, found: &Standing, now: Timestamp) -> Option<String> {
    let key = match &found.stand {
        Stand::Unconfirmed => return Some(moment(frame.speech, "form-next-unconfirmed", found.until, now)),
        Stand::Ticket(TicketStatus::New | TicketStatus::Assessing | TicketStatus::Escalated) => match found.wish {
            _ if found.until < now => return Some(frame.say("form-next-late")),
            ReplyWish::Email => "form-next-mail",
            ReplyWish::Phone => "form-next-phone",
            ReplyWish::None => "form-next-here",
        },
        Stand::Ticket(TicketStatus::Waiting) => return Some(frame.say("form-next-waiting")),
        Stand::Ticket(TicketStatus::Answered) => return Some(frame.say("form-next-answered")),
        _ => return None,
    };
    Some(moment(frame.speech, key, found.until, now))
}

fn speaker(what: What) -> (&'static str, bool) {
    match what {
        What::Theirs => ("form-said-you", true),
        What::Question => ("form-said-question", false),
        What::Interim => ("form-said-interim", false),
        What::Answer => ("form-said-answer", false),
        What::Refusal => ("form-said-refusal", false),
        What::Withdrawn => ("form-said-withdrawn", true),
    }
}

fn size(bytes: i64) -> String {
    if bytes < 1024 * 1024 { format!("{} KB", (bytes / 1024).max(1)) } else { format!("{} MB", bytes / (1024 * 1024)) }
}
