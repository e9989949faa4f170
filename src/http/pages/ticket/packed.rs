//! A request for the records: a page to print, and the same with its attachments and its data as one ZIP.
//!
//! Invariant: the same request makes the same bytes: entries have fixed names in a fixed order and no time of their
//! own. The page in the ZIP needs nothing from elsewhere. Who asked is in it only where that was wanted, and every
//! export is recorded (`inbound/file.rs`).

use std::io::{Cursor, Write};

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
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
use crate::http::api::inbound::to_save;
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
    Ok(to_save(&name(&found), pack(&state, Language::of(&request), &found)?))
}

/// What the ZIP is called.
pub fn name(found: &Export) -> String {
    format!("akte-{}.zip", found.file.ticket.number)
}

/// Packs it.
pub fn pack(state: &State, language: Language, found: &Export) -> Result<Vec<u8>, AppError> {
    let sheet = sheet(state, language, &found.file, found.reporter.as_ref(), true);
    let html = sheet.render().map_err(AppError::internal)?;
    let data = serde_json::to_vec_pretty(&data(state, found)).map_err(AppError::internal)?;
    let mut entries = vec![("akte.html".to_owned(), html.into_bytes()), ("akte.json".to_owned(), data)];
    let attachments = found.file.attachments.iter().zip(&found.contents).zip(1..);
    entries.extend(attachments.filter_map(|((one, bytes), place)| {
        Some((format!("anhaenge/{place:02}-{}", plain(&one.name)), bytes.clone()?))
    }));
    zipped(entries).map_err(AppError::internal)
}

fn zipped(entries: Vec<(String, Vec<u8>)>) -> Result<Vec<u8>, zip::result::ZipError> {
    let mut out = ZipWriter::new(Cursor::new(Vec::new()));
    let how = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::default());
    for (name, bytes) in entries {
        out.start_file(name, how)?;
        out.write_all(&bytes)?;
    }
    Ok(out.finish()?.into_inner())
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
