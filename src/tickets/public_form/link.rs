//! The link by which a person sees where their request stands: number and secret.
//!
//! Invariant: 256 random bits, kept as a hash and never logged; guessing is braked for each network across instances. A
//! link that is wanted again goes by mail to the address that is known, whoever asks, and the answer is always the same.

use std::net::IpAddr;

use chrono::{Datelike, TimeDelta};
use chrono_tz::Europe::Berlin;

use super::hand_in::{Content, hash};
use super::unconfirmed::{self, RequestState};
use crate::access::{Actor, Brake, brake, secret};
use crate::clock::Timestamp;
use crate::db::{Conn, Tx};
use crate::delivery::{self, Mail, Outgoing, Purpose, enqueue};
use crate::directory::{HelpLanguage, hours};
use crate::error::AppError;
use crate::ids::{DeliveryId, TicketId};
use crate::keys::EmailAddress;
use crate::seal::DataKey;
use crate::tickets::reply::escape;
use crate::tickets::reporter::{self, key_of};
use crate::tickets::store::public_form::RequestRow;
use crate::tickets::ticket::{ReplyLanguage, Ticket};
use crate::tickets::{Desk, TicketNumber, TicketRef, store};

/// So many wrong links an hour from one network.
const GUESSES: u32 = 9;
/// So many links an hour are asked for from one network, and for one request.
const ASKED_FROM: u32 = 10;
const ASKED_FOR: u32 = 4;

/// A link as it is opened.
#[derive(Debug, Clone)]
pub struct StatusLink {
    /// The number in it.
    pub number: String,
    /// The secret in it.
    pub secret: String,
    /// Who opens it.
    pub address: Option<IpAddr>,
}

/// What it leads to.
#[derive(Debug, Clone, Copy)]
pub struct Leads {
    /// The ticket, or what becomes one.
    pub about: TicketId,
    /// Whether it went by mail, so that whoever opens it has the address.
    pub by_mail: bool,
}

/// Makes a link; answers its secret.
pub fn issue(
    tx: &mut Tx,
    about: TicketId,
    by_mail: bool,
    now: Timestamp,
    valid_for: TimeDelta,
) -> Result<String, AppError> {
    let secret = secret::new();
    store::public_form::insert_link(tx, &hash(&secret), about, by_mail, now, now.plus(valid_for))?;
    Ok(secret)
}

/// The address of the page.
pub fn address(desk: &Desk, number: &str, secret: &str) -> String {
    format!("{}/anfrage/{number}?s={secret}", desk.settings.public_url.trim_end_matches('/'))
}

/// A letter for whoever reads it later: the links in it speak for the person, so their secrets are left out.
pub fn without_secrets(text: &str) -> String {
    let mut parts = text.split("?s=");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |out, part| {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_');
        out + "?s=…" + rest
    })
}

/// What a link leads to. `NotFound` for one that is wrong or ended; `TooMany` where many were.
pub async fn follow(desk: &Desk, link: &StatusLink) -> Result<Leads, AppError> {
    let (now, link) = (desk.clock.now(), link.clone());
    let (hash, number) = (hash(&link.secret), link.number.parse::<TicketNumber>().ok());
    let found = desk.db.read(move |conn| leads(conn, number.as_ref(), &hash, now)).await?;
    if let Some(found) = found {
        return Ok(found);
    }
    let sealer = desk.sealer.clone();
    desk.db.write(move |tx| brake(tx, &sealer, &Brake::network("status link", link.address), GUESSES, now)).await?;
    Err(AppError::NotFound)
}

fn leads(
    conn: &mut Conn,
    number: Option<&TicketNumber>,
    hash: &str,
    now: Timestamp,
) -> Result<Option<Leads>, AppError> {
    let Some(number) = number else { return Ok(None) };
    let found = store::public_form::link(conn, hash)?.filter(|(.., until)| *until > now);
    let Some((about, by_mail, _)) = found else { return Ok(None) };
    Ok((about_of(conn, number)? == Some(about)).then_some(Leads { about, by_mail }))
}

/// The ticket of a number, or what becomes one.
fn about_of(conn: &mut Conn, number: &TicketNumber) -> Result<Option<TicketId>, AppError> {
    if let Some(ticket) = store::find(conn, &TicketRef::Number(number.clone()))? {
        return Ok(Some(ticket.id));
    }
    Ok(store::public_form::by_number(conn, number.as_str())?.map(|row| row.id))
}

/// Sends the link again, if the address is the one that is known of that request. Tells nobody whether it was.
pub async fn send_again(desk: &Desk, number: &str, email: &str, from: Option<IpAddr>) -> Result<(), AppError> {
    let (context, now) = (desk.clone(), desk.clock.now());
    let (number, email) = (number.trim().parse::<TicketNumber>(), email.trim().parse::<EmailAddress>());
    desk.db
        .write(move |tx| {
            brake(tx, &context.sealer, &Brake::network("status mail", from), ASKED_FROM, now)?;
            let (Ok(number), Ok(email)) = (number, email) else { return Ok(()) };
            // Whoever asks too often for one request gets no mail, and the same answer.
            let of_request = Brake::of("status mail", number.as_str());
            match brake(tx, &context.sealer, &of_request, ASKED_FOR, now) {
                Ok(()) => again(tx, &context, &number, &email, now),
                Err(AppError::TooMany(_)) => Ok(()),
                Err(fault) => Err(fault),
            }
        })
        .await
}

fn again(
    tx: &mut Tx,
    desk: &Desk,
    number: &TicketNumber,
    email: &EmailAddress,
    now: Timestamp,
) -> Result<(), AppError> {
    let is_theirs = |known: Option<&str>| known.is_some_and(|known| known.eq_ignore_ascii_case(email.as_str()));
    let valid_for = desk.settings.form.link_valid_for;
    if let Some(ticket) = store::find(tx, &TicketRef::Number(number.clone()))? {
        let opened = reporter::peek(tx, &desk.sealer, &ticket)?;
        let Some((reporter, key)) = opened.filter(|(reporter, _)| is_theirs(reporter.email.as_deref())) else {
            return Ok(());
        };
        let Some(Ok(to)) = reporter.email.map(|email| email.parse()) else { return Ok(()) };
        let secret = issue(tx, ticket.id, true, now, valid_for)?;
        return send_link(tx, desk, &ticket, to, &secret, &key, now);
    }
    let Some(row) = store::public_form::by_number(tx, number.as_str())? else { return Ok(()) };
    let Some((content, key)) = unconfirmed::open(tx, desk, &row)? else { return Ok(()) };
    if row.state == RequestState::Unconfirmed && is_theirs(content.command.reply.email.as_deref()) {
        let secret = issue(tx, row.id, true, now, valid_for)?;
        send_confirmation(tx, desk, &row, &content, &secret, &key, now)?;
    }
    Ok(())
}

/// What a mail says, in one language.
struct Letter {
    subject: String,
    paragraphs: Vec<String>,
    link: String,
}

/// Asks whether the address is right.
pub(in crate::tickets) fn send_confirmation(
    tx: &mut Tx,
    desk: &Desk,
    row: &RequestRow,
    content: &Content,
    secret: &str,
    key: &DataKey,
    now: Timestamp,
) -> Result<(), AppError> {
    let Some(Ok(to)) = content.command.reply.email.as_ref().map(|email| email.parse()) else { return Ok(()) };
    let until = |language| on_the_wall(row.keep_until, language);
    let (service, place) = (desk.directory.current(), &row.ars);
    let name = service.service(row.service.as_str()).map_or_else(String::new, |service| service.name.to_string());
    let place = service.municipality(place).map_or_else(String::new, |place| place.name.to_string());
    let link =
        format!("{}/anfrage/{}/bestaetigen?s={secret}", desk.settings.public_url.trim_end_matches('/'), row.number);
    // The last line is for somebody who reads the other language only.
    let letter = match content.language.parse() {
        Ok(HelpLanguage::English) => Letter {
            subject: format!("[{}] Please confirm your request", row.number),
            paragraphs: vec![
                "Good day,".into(),
                format!(
                    "somebody, hopefully you, has written to us about “{name}” in {place} and gave this address. Please confirm it. Only then will we begin with your request:"
                ),
                format!(
                    "Your number: {}. If you did not write to us, do nothing: without a confirmation by {}, everything is deleted.",
                    row.number,
                    until(HelpLanguage::English)
                ),
                format!(
                    "Deutsch: Bitte bestätigen Sie mit dem Link oben bis {}, dass Sie uns geschrieben haben. Erst dann beginnen wir.",
                    until(HelpLanguage::German)
                ),
            ],
            link,
        },
        _ => Letter {
            subject: format!("[{}] Bitte bestätigen Sie Ihre Anfrage", row.number),
            paragraphs: vec![
                "Guten Tag,".into(),
                format!(
                    "jemand, hoffentlich Sie, hat uns zu „{name}“ in {place} geschrieben und diese Adresse angegeben. Bitte bestätigen Sie sie. Erst dann beginnen wir mit Ihrer Anfrage:"
                ),
                format!(
                    "Ihre Nummer: {}. Wenn Sie uns nicht geschrieben haben, tun Sie nichts: Ohne Bestätigung bis {} wird alles gelöscht.",
                    row.number,
                    until(HelpLanguage::German)
                ),
                format!(
                    "English: Please confirm with the link above, by {}, that you wrote to us. Only then will we begin.",
                    until(HelpLanguage::English)
                ),
            ],
            link,
        },
    };
    send(tx, row.id, to, letter, key, now)
}

/// Day and time of day in Germany, as one looks for them in a calendar.
fn on_the_wall(at: Timestamp, language: HelpLanguage) -> String {
    let wall = at.utc().with_timezone(&Berlin);
    let weekday = hours::weekday(wall.weekday().num_days_from_monday() as usize, language);
    match language {
        HelpLanguage::English => format!("{weekday}, {}", wall.format("%-d %B %Y, %H:%M")),
        _ => format!("{weekday}, {}", wall.format("%d.%m.%Y, %H:%M Uhr")),
    }
}

fn send_link(
    tx: &mut Tx,
    desk: &Desk,
    ticket: &Ticket,
    to: EmailAddress,
    secret: &str,
    key: &DataKey,
    now: Timestamp,
) -> Result<(), AppError> {
    let (subject, words) = match ticket.reply_language {
        ReplyLanguage::German => (
            "Stand Ihrer Anfrage / Status of your request",
            [
                "Guten Tag,",
                "hier sehen Sie, wie es um Ihre Anfrage steht:",
                "Wenn Sie nicht darum gebeten haben, tun Sie nichts. / If you did not ask for this, do nothing.",
            ],
        ),
        ReplyLanguage::English => (
            "Status of your request / Stand Ihrer Anfrage",
            [
                "Good day,",
                "here you see where your request stands:",
                "If you did not ask for this, do nothing. / Wenn Sie nicht darum gebeten haben, tun Sie nichts.",
            ],
        ),
    };
    let letter = Letter {
        subject: format!("[{}] {subject}", ticket.number),
        paragraphs: words.map(str::to_owned).to_vec(),
        link: address(desk, ticket.number.as_str(), secret),
    };
    send(tx, ticket.id, to, letter, key, now)
}

fn send(
    tx: &mut Tx,
    about: TicketId,
    to: EmailAddress,
    letter: Letter,
    key: &DataKey,
    now: Timestamp,
) -> Result<(), AppError> {
    let Letter { subject, paragraphs, link } = letter;
    let (before, after) = paragraphs.split_at(2.min(paragraphs.len()));
    let html = |all: &[String]| all.iter().map(|one| format!("<p>{}</p>", escape(one))).collect::<String>();
    let mail = Mail {
        to,
        to_name: None,
        reply_to: None,
        subject,
        text: format!("{}\n\n{link}\n\n{}\n", before.join("\n\n"), after.join("\n\n")),
        html: format!("{}<p><a href=\"{link}\">{link}</a></p>{}", html(before), html(after)),
    };
    let id = DeliveryId::new();
    let outgoing = Outgoing {
        about: about.cast(),
        purpose: Purpose::Reply,
        dedupe: format!("link {id}"),
        endpoint: None,
        recipient: "reporter".into(),
        content: delivery::Content::Mail(mail),
    };
    enqueue(tx, id, &outgoing, Some((key_of(about), key)), now)?;
    Ok(())
}

/// Removes the links of a request, where what they show is erased.
pub(in crate::tickets) fn forget(tx: &mut Tx, about: TicketId) -> Result<(), AppError> {
    store::public_form::remove_links(tx, about)
}

/// Who looks at a page by its link.
pub fn actor(link: &StatusLink) -> Actor {
    super::person().at(link.address)
}
