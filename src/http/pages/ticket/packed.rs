//! A request for the records: a page to print, and the same with its attachments and its data as one ZIP.
//!
//! Invariant: the same request makes the same bytes: entries have fixed names in a fixed order and no time of their
//! own. The page in the ZIP needs nothing from elsewhere. Who asked is in it only where that was wanted, and every
//! export is recorded (`inbound/file.rs`).

use std::io::Write;

use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde_json::json;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::matters::Typed;
use super::story::{Chapter, Teller, size};
use crate::access::{Actor, Caller};
use crate::error::AppError;
use crate::http::State;
use crate::http::api::escalations::shape as shape_escalation;
use crate::http::api::inbound::saving;
use crate::http::api::tickets::shape as shape_ticket;
use crate::http::assets::Assets;
use crate::http::auth::right;
use crate::http::pages::login::PageResult;
use crate::http::pages::page;
use crate::http::visitor::{Staff, StaffForm};
use crate::http::words::Language;
use crate::ids::CallerId;
use crate::inbound::file::{self, Export, TicketFile};
use crate::tickets::ticket::Reporter;

#[derive(Template)]
#[template(path = "ticket_file.html")]
struct Sheet {
    language: Language,
    assets: Assets,
    is_packed: bool,
    number: String,
    subject: String,
    facts: Vec<(String, String)>,
    person: Vec<(String, String)>,
    story: Vec<Chapter>,
    messages: Vec<(String, String, String, String)>,
    files: Vec<(String, String)>,
}

/// The page to print.
pub async fn print(
    state: Data<State>,
    request: HttpRequest,
    asking: Staff<right::ReadTickets>,
    at: Path<String>,
) -> PageResult {
    let found = file::look(&state.inbound, asking.person.caller, at.parse()?).await?;
    Ok(page(StatusCode::OK, &sheet(&state, Language::of(&request), &found, None, false)))
}

/// The ZIP.
pub async fn export(
    state: Data<State>,
    request: HttpRequest,
    form: StaffForm<right::OpenReporter, Typed>,
    at: Path<String>,
) -> PageResult {
    let with_reporter = form.body.contains_key("person");
    let found = file::export(&state.inbound, form.person.caller, at.parse()?, with_reporter).await?;
    let language = Language::of(&request);
    Ok(handed_out(state, language, found))
}

/// The ZIP as an answer. It is packed on a thread of its own while it goes out, one attachment in memory at a time; a fault
/// on the way ends the answer early, which whoever saves it is told.
pub fn handed_out(state: Data<State>, language: Language, found: Export) -> HttpResponse {
    let name = format!("akte-{}.zip", found.file.ticket.number);
    let (out, packed) = tokio::sync::mpsc::channel(WAITING);
    let handle = tokio::runtime::Handle::current();
    tokio::task::spawn_blocking(move || {
        let mut way = Outgoing { out, part: Vec::new() };
        let done =
            pack(&state, language, &found, &handle, &mut way).and_then(|()| way.flush().map_err(AppError::internal));
        if let Err(fault) = done {
            tracing::warn!(%fault, "a file of a request could not be handed out whole");
            way.out.blocking_send(Err(std::io::Error::other("not whole"))).ok();
        }
    });
    let parts = futures_util::stream::unfold(packed, |mut packed| async { Some((packed.recv().await?, packed)) });
    saving(&name).streaming(parts)
}

/// So many parts wait for whoever reads slowly.
const WAITING: usize = 4;
/// How large a part is, in bytes.
const PART: usize = 64 * 1024;

/// What was packed, on its way to the reader in parts.
struct Outgoing {
    out: tokio::sync::mpsc::Sender<std::io::Result<Bytes>>,
    part: Vec<u8>,
}

impl Write for Outgoing {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.part.extend_from_slice(bytes);
        if self.part.len() >= PART {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        if self.part.is_empty() {
            return Ok(());
        }
        let part = Bytes::from(std::mem::take(&mut self.part));
        self.out.blocking_send(Ok(part)).map_err(|_| std::io::Error::other("nobody reads any more"))
    }
}

fn pack(
    state: &State,
    language: Language,
    found: &Export,
    handle: &tokio::runtime::Handle,
    way: &mut Outgoing,
) -> Result<(), AppError> {
    let mut out = ZipWriter::new_stream(way);
    let how = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::default());
    let mut add = |name: String, bytes: &[u8]| -> Result<(), AppError> {
        out.start_file(name, how).map_err(AppError::internal)?;
        out.write_all(bytes).map_err(AppError::internal)
    };
    let sheet = sheet(state, language, &found.file, found.reporter.as_ref(), true);
    add("akte.html".to_owned(), sheet.render().map_err(AppError::internal)?.as_bytes())?;
    add("akte.json".to_owned(), &serde_json::to_vec_pretty(&data(state, found)).map_err(AppError::internal)?)?;
    for (one, place) in found.file.attachments.iter().zip(1..) {
        let content = handle.block_on(file::content(&state.inbound, found.file.ticket.id, one))?;
        if let Some(bytes) = content {
            add(format!("anhaenge/{place:02}-{}", plain(&one.name)), &bytes)?;
        }
    }
    out.finish().map_err(AppError::internal)?;
    Ok(())
}

/// A name that is a file's name everywhere.
fn plain(name: &str) -> String {
    let sign = |c: char| if c.is_alphanumeric() || ".-_ ".contains(c) { c } else { '_' };
    let plain: String = name.chars().map(sign).take(100).collect();
    plain.trim_start_matches(['.', ' ']).trim_end_matches(['.', ' ']).to_owned()
}

fn data(state: &State, found: &Export) -> serde_json::Value {
    let (file, directory) = (&found.file, state.directory());
    let escalation = |matter: &crate::escalation::matter::Matter| {
        json!({
            "escalation": shape_escalation(&matter.escalation, &file.ticket, directory),
            "questions": matter.questions,
            "handovers": matter.handovers,
            "deliveries": matter.deliveries,
        })
    };
    let mail = |opened: &crate::inbound::browse::Opened| json!({ "mail": opened.mail, "content": opened.content });
    json!({
        "ticket": shape_ticket(&file.ticket, directory),
        "reporter": found.reporter,
        "history": file.history,
        "escalations": file.matters.iter().map(escalation).collect::<Vec<_>>(),
        "letters": file.letters,
        "mails": file.mails.iter().map(mail).collect::<Vec<_>>(),
    })
}

fn sheet(state: &State, language: Language, file: &TicketFile, reporter: Option<&Reporter>, is_packed: bool) -> Sheet {
    let ticket = &file.ticket;
    let directory = state.directory().current();
    let say = |key: &str| language.say(key);
    let service = directory.service(ticket.service.as_str()).map(|one| one.name.to_string());
    let place = directory.municipality(&ticket.ars).map(|one| one.name.to_string());
    let mut facts = vec![
        (say("ticket-number"), ticket.number.to_string()),
        (say("ticket-state"), say(&format!("ticket-{}", ticket.status))),
        (say("ticket-service"), service.unwrap_or_else(|| ticket.service.to_string())),
        (say("ticket-place"), place.unwrap_or_else(|| ticket.ars.to_string())),
        (say("ticket-category"), say(&format!("category-{}", ticket.category))),
        (say("ticket-priority"), say(&format!("priority-{}", ticket.priority))),
        (say("ticket-channel"), say(&format!("channel-{}", ticket.channel))),
        (say("ticket-taken"), language.time(ticket.created_at)),
        (say("ticket-until"), language.time(ticket.respond_by)),
    ];
    facts.extend(ticket.claimed_by.iter().map(|claim| (say("ticket-holder"), claim.name.clone())));
    facts.extend(ticket.context.iter().map(|(name, value)| (super::named(language, name), value.clone())));
    let person = reporter.map(|one| {
        let all = [("intake-name", &one.name), ("ticket-phone", &one.phone), ("ticket-mail", &one.email)];
        all.into_iter().filter_map(|(key, value)| Some((language.say(key), value.clone()?))).collect()
    });
    // Days by their dates: what is printed is read later.
    let long_ago = crate::clock::Timestamp::new(chrono::DateTime::UNIX_EPOCH);
    // Told to nobody in particular: a file names everybody, and is the same whoever takes it.
    let nobody = Caller::new(CallerId::from_uuid(uuid::Uuid::nil()), Actor::console(), Vec::new(), None);
    let teller = Teller { language, caller: &nobody, now: long_ago, file, seen: None, may_answer: false };
    let message = |name: &str, one: &crate::escalation::browse::Delivery| {
        let at = one.attempts.last().map_or(one.created_at, |attempt| attempt.at);
        let way = language.say(&format!("way-{}", one.channel));
        (language.time(at), name.to_owned(), way, language.say(&format!("delivery-{}", one.status)))
    };
    let sent = file
        .matters
        .iter()
        .flat_map(|matter| matter.deliveries.iter().map(move |one| message(matter.name_of(&one.recipient), one)));
    Sheet {
        language,
        assets: Assets::here(),
        is_packed,
        number: ticket.number.to_string(),
        subject: ticket.subject.clone(),
        facts,
        person: person.unwrap_or_default(),
        story: teller.tell(),
        messages: sent.collect(),
        files: file.attachments.iter().map(|one| (one.name.clone(), size(language, one.size))).collect(),
    }
}
