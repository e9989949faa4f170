//! What whoever holds a link can do: see what is recorded, say that it is right or what is wrong, enter an absence,
//! choose how often it is told.
//!
//! Invariant: looking changes nothing. A link confirms the version of the contact that was shown, and is good once:
//! until it is answered, past its end, or what it asks about was changed. It changes of its contact nothing but the
//! confirmation, the absence and how often it is told.

use std::net::IpAddr;

use chrono::NaiveDate;

use super::letter::{self, Letter, Recipient};
use super::store::{self, Answer, DisputeRow, RequestRow};
use super::survey::{Survey, is_there};
use super::{Confirmations, duties, leads};
use crate::access::Actor;
use crate::access::audit::{self, AuditAction, ObjectKind, Trail};
use crate::access::secret::hash;
use crate::clock::Timestamp;
use crate::db::{Conn, Tx};
use crate::directory::Rhythm;
use crate::directory::absence as absence_rules;
use crate::directory::contacts::{self, Contact};
use crate::directory::store as tables;
use crate::directory::store::contacts::ContactRow;
use crate::directory::ways;
use crate::error::{AppError, Faults};
use crate::ids::RowId;
use crate::keys::Slug;

/// The longest text that says what is wrong, in characters.
pub const LONGEST_SAID: usize = 2_000;
/// The longest name of a deputy that is given in words.
const LONGEST_DEPUTY: usize = 200;
/// So many colleagues can be chosen from.
const COLLEAGUES: i64 = 100;

/// What the page behind a link shows.
#[derive(Debug, Clone)]
pub struct LinkPage {
    /// The contact as it is recorded.
    pub contact: Contact,
    /// The deputy's name.
    pub deputy: Option<String>,
    /// What it answers for, a line each.
    pub answers_for: Vec<String>,
    /// What the public is shown where it is the central contact, a line each.
    pub shown: Vec<String>,
    /// Who could stand in: contacts of the same region.
    pub colleagues: Vec<(Slug, String)>,
    /// Until when a confirmation of today would count.
    pub good_until: NaiveDate,
    /// Until when the link is good.
    pub expires_at: Timestamp,
}

/// Why a link does nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeadLink {
    /// There never was such a link, or its contact is gone.
    Unknown,
    /// Its time is over.
    Expired,
    /// What it asks about was changed since; a new mail asks again where that is needed.
    Changed,
    /// It was answered: right, and until when that counts.
    Confirmed(Option<NaiveDate>),
    /// It was answered: wrong.
    Disputed,
}

/// What became of a confirmation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirmed {
    /// Whose.
    pub name: String,
    /// Until when it counts.
    pub good_until: NaiveDate,
}

/// An absence as somebody enters it; none when both days are left out.
#[derive(Debug, Clone, Default)]
pub struct Absence {
    /// First day.
    pub from: Option<NaiveDate>,
    /// Last day.
    pub until: Option<NaiveDate>,
    /// Who stands in; as before when left out.
    pub deputy: Option<Slug>,
    /// The same in words, for one who is not on record.
    pub deputy_in_words: String,
}

type Opened<T> = Result<Result<T, DeadLink>, AppError>;

impl Confirmations {
    /// What the page behind a link shows.
    pub async fn page(&self, secret: &str) -> Opened<LinkPage> {
        let (context, hash, now) = (self.clone(), hash(secret), self.0.clock.now());
        self.0
            .db
            .read(move |conn| {
                let (request, row) = match context.open(conn, &hash, now)? {
                    Ok(opened) => opened,
                    Err(dead) => return Ok(Err(dead)),
                };
                let today = now.day_in_berlin();
                let names = duties::names(conn)?;
                let answers_for = duties::answers_for(conn, &row, &names, today)?;
                let shown = duties::shown(conn, &row, &names, today)?;
                let deputy = row.deputy.as_ref().map(|slug| tables::contacts::find(conn, slug)).transpose()?.flatten();
                let colleagues = colleagues(conn, &row, today)?;
                let contact = ways::contacts(conn, vec![row])?.pop().ok_or(AppError::NotFound)?;
                Ok(Ok(LinkPage {
                    contact,
                    deputy: deputy.map(|deputy| deputy.name),
                    answers_for,
                    shown,
                    colleagues,
                    good_until: context.rules().good_until(today),
                    expires_at: request.expires_at,
                }))
            })
            .await
    }

    /// What is recorded is right, as it stood at this version. `Conflict` when it was changed since it was shown.
    pub async fn confirm(&self, secret: &str, version: i32, from: IpAddr) -> Opened<Confirmed> {
        let (context, hash, now) = (self.clone(), hash(secret), self.0.clock.now());
        self.0
            .db
            .write(move |tx| {
                let (request, mut row) = match context.open(tx, &hash, now)? {
                    Ok(opened) => opened,
                    Err(dead) => return Ok(Err(dead)),
                };
                same_version(&row, version)?;
                if !store::answer(tx, request.id, Answer::Confirmed, now)? {
                    return Ok(Err(DeadLink::Confirmed(None)));
                }
                let before = shown(tx, row.clone())?;
                let today = now.day_in_berlin();
                row.confirmed_on = Some(today);
                ways::trust_again(tx, &row, now)?;
                store::settle(tx, std::slice::from_ref(&row.slug), now)?;
                store::end_open(tx, std::slice::from_ref(&row.slug), now)?;
                super::shown_anew(tx, std::slice::from_ref(&row.slug))?;
                let name = row.name.clone();
                let by = Actor::link(&name).at(Some(from));
                contacts::keep(tx, &by, (AuditAction::ContactConfirmed, &None, None), &before, row, now)?;
                Ok(Ok(Confirmed { name, good_until: context.rules().good_until(today) }))
            })
            .await
    }

    /// Something is wrong: whoever leads a project with the contact is told at once.
    pub async fn dispute(&self, secret: &str, said: &str, from: IpAddr) -> Opened<String> {
        let mut faults = Faults::default();
        faults.text("said", said, LONGEST_SAID);
        faults.finish()?;
        let (context, hash, now) = (self.clone(), hash(secret), self.0.clock.now());
        let said = said.to_owned();
        self.0
            .db
            .write(move |tx| {
                let (request, row) = match context.open(tx, &hash, now)? {
                    Ok(opened) => opened,
                    Err(dead) => return Ok(Err(dead)),
                };
                if !store::answer(tx, request.id, Answer::Disputed, now)? {
                    return Ok(Err(DeadLink::Disputed));
                }
                store::settle(tx, std::slice::from_ref(&row.slug), now)?;
                let id = RowId::new();
                let dispute =
                    DisputeRow { id, contact: row.slug.clone(), said: said.clone(), said_at: now, settled_at: None };
                store::insert_dispute(tx, &dispute)?;
                let by = Actor::link(&row.name).at(Some(from));
                let trail = Trail::after(&serde_json::json!({ "text": said }));
                audit::record(tx, &by, AuditAction::ContactDisputed, (ObjectKind::Contact, &row.slug), trail, now)?;
                tables::changed(tx)?;
                let names = duties::names(tx)?;
                let answers_for = duties::answers_for(tx, &row, &names, now.day_in_berlin())?;
                let letter = letter::dispute(&row.name, &said, answers_for);
                context.tell_leads(tx, &row.slug, id, &letter, now)?;
                Ok(Ok(row.name))
            })
            .await
    }

    /// Enters an absence, or takes it back. The link stays good: an absence confirms nothing.
    pub async fn absent(&self, secret: &str, absence: Absence, from: IpAddr) -> Opened<Contact> {
        let (context, hash, now) = (self.clone(), hash(secret), self.0.clock.now());
        self.0
            .db
            .write(move |tx| {
                let (_, mut row) = match context.open(tx, &hash, now)? {
                    Ok(opened) => opened,
                    Err(dead) => return Ok(Err(dead)),
                };
                let today = now.day_in_berlin();
                check(tx, &row, &absence, today)?;
                let before = shown(tx, row.clone())?;
                (row.absent_from, row.absent_until) = (absence.from, absence.until);
                row.deputy = absence.deputy.clone().or(row.deputy);
                let mut faults = Faults::default();
                contacts::check_plain(&contacts::judged(&row, Some(&row)), &mut faults);
                absence_rules::check_deputy(tx, &row, today, &mut faults)?;
                faults.finish()?;
                let by = Actor::link(&row.name).at(Some(from));
                let after = contacts::keep(tx, &by, (AuditAction::ContactChanged, &None, None), &before, row, now)?;
                if let (Some(from), Some(until)) = (absence.from, absence.until)
                    && !absence.deputy_in_words.is_empty()
                {
                    let letter = letter::absence(&after.name, from, until, &absence.deputy_in_words);
                    context.tell_leads(tx, &after.slug, RowId::new(), &letter, now)?;
                }
                Ok(Ok(after))
            })
            .await
    }

    /// Chooses how often the contact is told what happened. The link stays good: this confirms nothing.
    pub async fn notify(&self, secret: &str, rhythm: Rhythm, from: IpAddr) -> Opened<Contact> {
        let (context, hash, now) = (self.clone(), hash(secret), self.0.clock.now());
        self.0
            .db
            .write(move |tx| {
                let (_, mut row) = match context.open(tx, &hash, now)? {
                    Ok(opened) => opened,
                    Err(dead) => return Ok(Err(dead)),
                };
                let before = shown(tx, row.clone())?;
                row.notify = rhythm.to_string();
                let by = Actor::link(&row.name).at(Some(from));
                contacts::keep(tx, &by, (AuditAction::ContactChanged, &None, None), &before, row, now).map(Ok)
            })
            .await
    }

    /// The question behind a link and its contact, while it can be answered.
    fn open(&self, conn: &mut Conn, hash: &[u8], now: Timestamp) -> Opened<(RequestRow, ContactRow)> {
        let Some(request) = store::request(conn, hash)? else { return Ok(Err(DeadLink::Unknown)) };
        let row = tables::contacts::find(conn, &request.contact)?.filter(|row| row.ended_at.is_none());
        let Some(row) = row else { return Ok(Err(DeadLink::Unknown)) };
        let good_until = row.confirmed_on.map(|on| self.rules().good_until(on));
        Ok(match (request.answer, request.ended_at) {
            (Some(Answer::Confirmed), _) => Err(DeadLink::Confirmed(good_until)),
            (Some(Answer::Disputed), _) => Err(DeadLink::Disputed),
            // Another mail's link was used: what this one asks is answered too.
            (None, Some(at)) if row.confirmed_on == Some(at.day_in_berlin()) => Err(DeadLink::Confirmed(good_until)),
            (None, Some(_)) => Err(DeadLink::Changed),
            (None, None) if request.expires_at <= now => Err(DeadLink::Expired),
            (None, None) if Some(request.endpoint_id) != row.email_endpoint => Err(DeadLink::Changed),
            (None, None) => Ok((request, row)),
        })
    }

    /// Writes to whoever leads a project with this contact.
    fn tell_leads(
        &self,
        tx: &mut Tx,
        contact: &Slug,
        about: RowId,
        letter: &Letter,
        now: Timestamp,
    ) -> Result<(), AppError> {
        let today = now.day_in_berlin();
        let leads = leads::leads(tx, std::slice::from_ref(contact), today)?.remove(contact).unwrap_or_default();
        let there = Survey::of(tx, &leads.into_iter().collect::<Vec<_>>(), today)?;
        for (row, _) in &there.contacts {
            let Some(email) = there.address(row) else { continue };
            let to = Recipient { name: row.name.clone(), email, endpoint: row.email_endpoint };
            let dedupe = format!("contact {about} {}", row.slug);
            letter::send(tx, &self.0.sealer, about, dedupe, to, letter, now)?;
        }
        Ok(())
    }
}

fn shown(conn: &mut Conn, row: ContactRow) -> Result<Contact, AppError> {
    ways::contacts(conn, vec![row])?.pop().ok_or(AppError::NotFound)
}

fn same_version(row: &ContactRow, version: i32) -> Result<(), AppError> {
    if row.version == version {
        return Ok(());
    }
    Err(AppError::Conflict(format!("the contact was changed since it was shown and is at version {}", row.version)))
}

/// Other contacts of the same region that are there.
fn colleagues(conn: &mut Conn, row: &ContactRow, today: NaiveDate) -> Result<Vec<(Slug, String)>, AppError> {
    let Some(owner) = &row.owner else { return Ok(Vec::new()) };
    let others = tables::contacts::owned_by(conn, owner, COLLEAGUES)?.into_iter();
    let others = others.filter(|other| other.slug != row.slug && is_there(other, today));
    Ok(others.map(|other| (other.slug, other.name)).collect())
}

/// What is wrong with an absence as it was entered.
fn check(conn: &mut Conn, row: &ContactRow, absence: &Absence, today: NaiveDate) -> Result<(), AppError> {
    let mut faults = Faults::default();
    match (absence.from, absence.until) {
        (None, Some(_)) => faults.add("absent_from", "must be given with the last day"),
        (Some(_), None) => faults.add("absent_until", "must be given with the first day"),
        (Some(_), Some(until)) if until < today => faults.add("absent_until", "is over already"),
        (None, None) if row.absent_from.is_none() && row.absent_until.is_none() => {
            faults.add("absent_from", "is missing; there is no absence to take back either");
        }
        _ => {}
    }
    faults.optional_text("deputy_in_words", &absence.deputy_in_words, LONGEST_DEPUTY);
    if let Some(deputy) = &absence.deputy
        && !colleagues(conn, row, today)?.iter().any(|(slug, _)| slug == deputy)
    {
        faults.add("deputy", "must be one of those that are offered");
    }
    faults.finish()
}
