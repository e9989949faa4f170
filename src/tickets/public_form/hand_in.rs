//! Writing in the form: what is checked, how often, and that it is stored once.
//!
//! Invariant: all that is wrong is said at once and nothing is stored then; the same form sent twice is one request. A
//! browser that cannot do the work is not locked out: it may send fewer forms. What is wrong with the work itself
//! stands at the field `challenge`, for the person can do nothing about it but send again.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::challenge::{self, Bad};
use super::unconfirmed::{self, RequestState};
use super::{form_caller, link, sign, until};
use crate::access::idempotency::{Answer, Once, Outcome, once};
use crate::access::{Brake, brake};
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::directory::HelpLanguage;
use crate::error::{AppError, Faults};
use crate::ids::{CallerId, TicketId};
use crate::keys::{AddressDoubt, Ars, EmailAddress, Slug};
use crate::seal::{hex, store_keys};
use crate::tickets::attachments::{self, Checked, Upload};
use crate::tickets::reporter::key_of;
use crate::tickets::store::public_form::RequestRow;
use crate::tickets::submit::{self, Reply, SubmitTicket};
use crate::tickets::ticket::{Category, Channel, ReplyLanguage, ReplyWish};
use crate::tickets::{Desk, TicketNumber, store};

/// The longest first line that becomes the subject, in characters.
const SUBJECT: usize = 80;

/// What was written.
#[derive(Debug, Clone)]
pub struct HandIn {
    /// About which service.
    pub service: Slug,
    /// Where.
    pub ars: Ars,
    /// What about.
    pub category: Option<Category>,
    /// What does not work.
    pub text: String,
    /// What the service said, where it said something.
    pub error_text: String,
    /// The wished way of reply.
    pub wish: Option<ReplyWish>,
    /// Who asks, if they say so.
    pub name: String,
    /// Their address.
    pub email: String,
    /// Their number.
    pub phone: String,
    /// In which language they read.
    pub language: HelpLanguage,
    /// Whether they agreed to what has to be agreed to.
    pub agrees: bool,
    /// The challenge of the form, as it was sent out.
    pub challenge: String,
    /// What solves it; empty where the browser could not.
    pub solution: String,
    /// A field that people do not see; what is in it was put there by a machine.
    pub trap: String,
    /// Files.
    pub files: Vec<Upload>,
    /// Where it came from.
    pub address: Option<IpAddr>,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HandedIn {
    /// A mail is on its way to confirm the address.
    MailSent {
        /// The number it will have.
        number: String,
        /// Until when it waits for that; none where an earlier version took it.
        keep_until: Option<Timestamp>,
    },
    /// It is a request.
    Taken {
        /// Its number.
        number: String,
        /// The secret of the link to where it stands.
        secret: String,
    },
}

/// What is kept of it until it is a ticket; sealed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::tickets) struct Content {
    pub command: SubmitTicket,
    pub language: String,
}

#[derive(Clone)]
struct Made {
    id: TicketId,
    number: String,
    is_ready: bool,
    keep_until: Timestamp,
    secret: Option<String>,
}

/// Takes what was written in the form.
pub async fn hand_in(desk: &Desk, written: HandIn) -> Result<HandedIn, AppError> {
    let now = desk.clock.now();
    if !desk.directory.current().has_form(written.service.as_str(), &written.ars, now.day_in_berlin()) {
        return Err(AppError::NotFound);
    }
    let (command, proof) = check(desk, &written, now)?;
    let repeat = repeat_of(desk, &written, &command, &proof.name)?;
    let look = repeat.clone();
    if let Some(earlier) = desk.db.read(move |conn| look.earlier(conn)).await.map_err(used)? {
        return repeated(desk, &earlier, now).await;
    }
    count(desk, written.address, proof.is_solved, now).await?;
    let files = attachments::check(&desk.settings.attachments, written.files).await?;
    let number = desk.numbers.draw(&desk.db, now).await?;
    let (context, content) = (desk.clone(), Content { command, language: written.language.tag().to_owned() });
    let work =
        move |tx: &mut Tx| once(tx, Some(&repeat), now, |tx| store_it(tx, &context, &content, &number, &files, now));
    match desk.db.write(work).await.map_err(used)? {
        Outcome::Repeated(earlier) => repeated(desk, &earlier, now).await,
        Outcome::Done(made) => {
            if made.is_ready {
                // It is stored and will be taken up in any case; a fault now only lets it wait a moment.
                unconfirmed::take(desk, made.id, super::person(), None).await.unwrap_or_else(|fault| {
                    tracing::warn!(request = %made.id, %fault, "a request of the form waits");
                });
            }
            Ok(match made.secret.filter(|_| made.is_ready) {
                Some(secret) => HandedIn::Taken { number: made.number, secret },
                None => HandedIn::MailSent { number: made.number, keep_until: Some(made.keep_until) },
            })
        }
    }
}

struct Proof {
    name: String,
    is_solved: bool,
}

fn check(desk: &Desk, written: &HandIn, now: Timestamp) -> Result<(SubmitTicket, Proof), AppError> {
    let mut faults = Faults::default();
    let proof = proof(desk, written, now, &mut faults);
    if written.wish.is_none() {
        faults.add("reply.wish", "is missing");
    }
    if written.category.is_none() {
        faults.add("category", "is missing");
    }
    if desk.settings.form.asks_consent && !written.agrees {
        faults.add("agrees", "must be agreed to");
    }
    // The link that confirms goes there, and whoever does not get it cannot be asked.
    match written.email.trim().parse::<EmailAddress>().ok().and_then(|address| address.doubt()) {
        Some(AddressDoubt::NoDot) => faults.add("reply.email", "must have a dot after the @"),
        Some(AddressDoubt::NotAscii) => faults.add("reply.email", "must be ASCII before the @"),
        None => {}
    }
    let command = command(written);
    match submit::check(desk, &form_caller(), command.clone()) {
        Err(AppError::Invalid(found)) => found
            .into_iter()
            .filter(|fault| fault.field != "subject")
            .for_each(|fault| faults.add(fault.field, fault.message)),
        Err(other) => return Err(other),
        Ok(()) => {}
    }
    faults.finish()?;
    Ok((command, proof.ok_or_else(|| AppError::internal("a faultless form without its challenge"))?))
}

fn proof(desk: &Desk, written: &HandIn, now: Timestamp, faults: &mut Faults) -> Option<Proof> {
    if !written.trap.is_empty() {
        faults.add("challenge", "was filled in by a machine; send it again");
    }
    let about = super::about(written.service.as_str(), written.ars.as_str());
    let found = challenge::read(&about, &written.challenge, desk.settings.form.times, now, |text| sign(desk, text));
    let found = match found {
        Ok(found) => found,
        Err(bad) => {
            let words = match bad {
                Bad::Forged => "is not of this form; send it again",
                Bad::Expired => "is too old; send it again",
                Bad::TooEarly => "was sent too fast; send it again",
            };
            faults.add("challenge", words);
            return None;
        }
    };
    let is_solved = challenge::is_solved(&written.challenge, found.bits, &written.solution);
    if !is_solved && !written.solution.is_empty() {
        faults.add("challenge", "is not solved by this; send it again");
    }
    Some(Proof { name: found.name, is_solved })
}

fn command(written: &HandIn) -> SubmitTicket {
    let some = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let error_text = some(&written.error_text).map(|text| ("Fehlermeldung".to_owned(), text));
    SubmitTicket {
        service: written.service.to_string(),
        ars: Some(written.ars.to_string()),
        ags: None,
        channel: Channel::Web,
        category: written.category.unwrap_or(Category::FormError),
        subject: subject(&written.text),
        description: written.text.trim().to_owned(),
        reply: Reply {
            wish: written.wish.unwrap_or(ReplyWish::None),
            name: some(&written.name),
            email: some(&written.email),
            phone: some(&written.phone),
            language: Some(match written.language {
                HelpLanguage::English => ReplyLanguage::English,
                HelpLanguage::German | HelpLanguage::Easy => ReplyLanguage::German,
            }),
        },
        external_reference: None,
        context: error_text.into_iter().collect::<BTreeMap<_, _>>(),
        join: None,
    }
}

/// The first line, as far as it fits, cut at a word.
fn subject(text: &str) -> String {
    let line = text.trim().lines().next().unwrap_or_default().trim();
    let line: String = line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if line.chars().count() <= SUBJECT {
        return line;
    }
    let cut: String = line.chars().take(SUBJECT).collect();
    let whole = cut.rsplit_once(' ').map_or(cut.as_str(), |(whole, _)| whole);
    format!("{whole} …")
}

/// The challenge is good for one request: the same form again is the same one, another is refused.
fn repeat_of(desk: &Desk, written: &HandIn, command: &SubmitTicket, name: &str) -> Result<Once<Made>, AppError> {
    let mut body = serde_json::to_vec(command).map_err(AppError::internal)?;
    for file in &written.files {
        body.extend_from_slice(&Sha256::digest(&file.bytes));
    }
    let render = |made: &Made| {
        let (id, keep_until) = (made.id, made.keep_until);
        let body = json!({"id": id, "number": made.number, "is_ready": made.is_ready, "keep_until": keep_until});
        let body = body.to_string();
        Ok(Answer { status: 303, location: None, body })
    };
    // The bare hash of what a person wrote would tell whether they wrote it; a keyed one tells nobody.
    let body = desk.sealer.fingerprint("form body", &hex(&Sha256::digest(&body)));
    let nobody = CallerId::from_uuid(uuid::Uuid::nil());
    Once::new(nobody, "POST /hilfe/anfrage".to_owned(), name, body.as_bytes(), Arc::new(render))
}

/// Words of repeats become those of the form.
fn used(fault: AppError) -> AppError {
    match fault {
        AppError::Invalid(faults) if faults.iter().any(|fault| fault.field == "Idempotency-Key") => {
            AppError::field("challenge", "was used before; send it again")
        }
        other => other,
    }
}

async fn repeated(desk: &Desk, earlier: &Answer, now: Timestamp) -> Result<HandedIn, AppError> {
    let answer: Value = serde_json::from_str(&earlier.body).map_err(AppError::internal)?;
    let number = answer["number"].as_str().unwrap_or_default().to_owned();
    let id = answer["id"].as_str().and_then(|id| id.parse::<TicketId>().ok());
    let Some(id) = id.filter(|_| answer["is_ready"] == true) else {
        let keep_until = serde_json::from_value(answer["keep_until"].clone()).ok();
        return Ok(HandedIn::MailSent { number, keep_until });
    };
    let valid_for = desk.settings.form.link_valid_for;
    let secret = desk.db.write(move |tx| link::issue(tx, id, false, now, valid_for)).await?;
    Ok(HandedIn::Taken { number, secret })
}

async fn count(desk: &Desk, address: Option<IpAddr>, is_solved: bool, now: Timestamp) -> Result<(), AppError> {
    let (sealer, form) = (desk.sealer.clone(), desk.settings.form.clone());
    desk.db
        .write(move |tx| {
            let network = Brake::network("form", address);
            match is_solved {
                true => brake(tx, &sealer, &network, form.per_hour, now),
                false => {
                    brake(tx, &sealer, &Brake::network("form unsolved", address), form.unsolved_per_hour, now)?;
                    brake(tx, &sealer, &Brake::of("form unsolved", "all"), form.unsolved_in_all, now)
                }
            }
        })
        .await
}

fn store_it(
    tx: &mut Tx,
    desk: &Desk,
    content: &Content,
    number: &TicketNumber,
    files: &[Checked],
    now: Timestamp,
) -> Result<Made, AppError> {
    let id = TicketId::new();
    let (key, row) = desk.sealer.new_key(key_of(id));
    store_keys(tx, &[&row])?;
    let is_ready = content.command.reply.email.is_none();
    let plain = serde_json::to_vec(content).map_err(AppError::internal)?;
    let form = &desk.settings.form;
    let row = RequestRow {
        id,
        number: number.as_str().to_owned(),
        state: if is_ready { RequestState::Ready } else { RequestState::Unconfirmed },
        service: content.command.service.parse().map_err(AppError::internal)?,
        ars: content.command.ars.as_deref().unwrap_or_default().parse().map_err(AppError::internal)?,
        sealed: key.seal(&plain, unconfirmed::CONTEXT),
        created_at: now,
        keep_until: until(now, form.unconfirmed_kept),
        decided_at: None,
        decided_by: None,
        reason: None,
    };
    store::public_form::insert(tx, &row)?;
    attachments::keep(tx, desk, id, files, &super::person(), now)?;
    let secret = link::issue(tx, id, !is_ready, now, form.link_valid_for)?;
    if !is_ready {
        link::send_confirmation(tx, desk, &row, content, &secret, &key, now)?;
    }
    Ok(Made { id, number: number.to_string(), is_ready, keep_until: row.keep_until, secret: Some(secret) })
}

/// What stands for a secret in the database.
pub(super) fn hash(secret: &str) -> String {
    hex(&crate::access::secret::hash(secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_line_becomes_the_subject() {
        assert_eq!(subject("  Bezahlung bricht ab\nseit gestern"), "Bezahlung bricht ab");
        let long = subject(&"Wort ".repeat(40));
        assert!(long.ends_with("Wort …") && long.chars().count() <= SUBJECT + 2, "{long}");
        assert_eq!(subject(""), "");
    }
}
