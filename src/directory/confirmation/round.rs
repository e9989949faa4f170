//! What happens by itself: contacts are asked when that is due, and people are told.
//!
//! Invariant: whoever asks and tells holds the row `confirmation` of `changes` meanwhile and looks again at what it is
//! about to do, so that several instances at once, or one that was interrupted, do each thing once. At most so many
//! contacts are asked in a minute as the settings say, those first that have waited longest; the others wait.

use std::collections::{BTreeMap, HashSet};
use std::time::{Duration, Instant};

use chrono::{NaiveDate, TimeDelta};

use super::letter::{self, News, Recipient};
use super::schedule::{Cause, Mailbox, Occasion, is_time_to_write};
use super::store::{self, NoticeRow};
use super::survey::Survey;
use super::{Confirmations, ask, duties, leads};
use crate::clock::Timestamp;
use crate::db::{Conn, Topic, Tx};
use crate::directory::store::contacts::ContactRow;
use crate::error::AppError;
use crate::ids::RowId;
use crate::keys::{LandCode, Slug};

/// How often is looked at everything, though nothing in the directory changed: mail that came back changes nothing
/// there.
const EVERY: Duration = Duration::from_secs(60);
/// The same while contacts wait because of the bound.
const SOON: Duration = Duration::from_secs(5);
/// How often is looked whether another instance changed the directory, or a new day began.
const POLL: Duration = Duration::from_millis(500);
/// The least time between two rounds, so that a flood of changes does not make a flood of rounds.
const REST: Duration = Duration::from_millis(250);
/// At most so many are asked in one write: on SQLite, intake waits for as long as it takes.
const TOGETHER: usize = 20;
/// At most so many are told of in one write.
const TOLD_TOGETHER: usize = 200;

/// Asks and tells until shutdown.
pub async fn run(confirmations: Confirmations, mut shutdown: tokio::sync::watch::Receiver<bool>) {
    let mut last: Option<(Instant, (i64, NaiveDate), bool)> = None;
    loop {
        let began = Instant::now();
        let seen = confirmations.seen().await;
        let is_due = match (&seen, &last) {
            (Ok(seen), Some((at, known, waits))) => seen != known || at.elapsed() >= if *waits { SOON } else { EVERY },
            (Ok(_), None) => true,
            (Err(_), _) => false,
        };
        if seen.is_ok() && !is_due {
            confirmations.0.db.pulse().beat("contacts");
        }
        if let (Ok(seen), true) = (seen, is_due) {
            match round(&confirmations).await {
                Ok(done) => {
                    confirmations.0.db.pulse().beat("contacts");
                    last = Some((began, seen, done.waits));
                }
                Err(fault) => {
                    tracing::warn!(%fault, "contacts were not asked; they are in the next round");
                    last = Some((began, seen, true));
                }
            }
        }
        let woken = async {
            tokio::time::sleep_until((began + REST).into()).await;
            confirmations.0.db.signals().wait(Topic::Contacts).await;
        };
        tokio::select! {
            _ = shutdown.wait_for(|stop| *stop) => return,
            () = woken => {}
            () = tokio::time::sleep(POLL) => {}
        }
    }
}

/// What one round did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Done {
    /// How many contacts were asked.
    pub asked: usize,
    /// How many mails tell people of contacts.
    pub told: usize,
    /// True where contacts wait because of the bound, or another instance was at it.
    pub waits: bool,
}

/// One round.
pub async fn round(confirmations: &Confirmations) -> Result<Done, AppError> {
    let now = confirmations.0.clock.now();
    let (today, rules, between) =
        (now.day_in_berlin(), confirmations.rules(), confirmations.0.settings.confirm_between);
    let survey = confirmations.0.db.read(move |conn| {
        let survey = Survey::of_all(conn, today)?;
        let mut asks = Vec::new();
        let mut tells = Vec::new();
        for (row, standing) in survey.contacts {
            if let Some((_, since)) = standing.ask(&rules, today)
                && is_time_to_write(now, between, land_of(&row))
            {
                asks.push((since, row.updated_at, row.slug.clone()));
            }
            if standing.tell(&rules, today).is_some() {
                tells.push(row.slug);
            }
        }
        asks.sort();
        // Of whom nobody can be told, the gaps tell.
        let leads = leads::leads(conn, &tells, today)?;
        tells.retain(|slug| leads.get(slug).is_some_and(|leads| !leads.is_empty()));
        let waits = !tells.is_empty() || !store::untold(conn)?.is_empty();
        Ok((asks.into_iter().map(|(.., slug)| slug).collect::<Vec<Slug>>(), tells, waits))
    });
    let (asks, tells, is_told) = survey.await?;
    let mut done = Done::default();
    for some in asks.chunks(TOGETHER) {
        let (context, some, wanted) = (confirmations.clone(), some.to_vec(), some.len());
        match confirmations.0.db.write(move |tx| ask_some(tx, &context, &some)).await? {
            Some(asked) => {
                done.asked += asked;
                done.waits = asked < wanted;
            }
            None => done.waits = true,
        }
        if done.waits {
            break;
        }
    }
    for some in tells.chunks(TOLD_TOGETHER) {
        let (context, some) = (confirmations.clone(), some.to_vec());
        done.waits |= !confirmations.0.db.write(move |tx| note(tx, &context, &some)).await?;
    }
    if is_told {
        let context = confirmations.clone();
        done.told = confirmations.0.db.write(move |tx| tell(tx, &context)).await?;
    }
    Ok(done)
}

impl Confirmations {
    /// The version of the directory and the day: while both stay, little becomes due.
    async fn seen(&self) -> Result<(i64, NaiveDate), AppError> {
        let today = self.0.clock.now().day_in_berlin();
        self.0.db.read(move |conn| Ok((crate::directory::store::versions(conn)?.0, today))).await
    }
}

/// The Land whose holidays somebody has.
fn land_of(row: &ContactRow) -> Option<LandCode> {
    row.owner.as_ref().and_then(|owner| LandCode::from_number(owner.as_str().get(..2)?))
}

/// Asks those of them that are still to be asked, as many as the bound allows; nothing when another instance is at it.
fn ask_some(tx: &mut Tx, confirmations: &Confirmations, slugs: &[Slug]) -> Result<Option<usize>, AppError> {
    if !store::hold(tx)? {
        return Ok(None);
    }
    let now = confirmations.0.clock.now();
    let (today, rules) = (now.day_in_berlin(), confirmations.rules());
    let survey = Survey::of(tx, slugs, today)?;
    let names = duties::names(tx)?;
    let most = i64::from(confirmations.0.settings.confirmations_per_minute);
    let mut room = most - store::asked_since(tx, now.minus(TimeDelta::minutes(1)))?;
    let mut done = 0;
    for slug in slugs {
        let found = survey.contacts.iter().find(|(row, _)| row.slug == *slug);
        let due = found.and_then(|(row, standing)| Some((row, standing.ask(&rules, today)?.0)));
        if let Some((row, occasion)) = due {
            if room <= 0 {
                break;
            }
            room -= 1;
            ask_one(tx, confirmations, &survey, row, occasion, &names, now)?;
        }
        done += 1;
    }
    Ok(Some(done))
}

/// Asks one; its address is known to work.
pub(super) fn ask_one(
    tx: &mut Tx,
    confirmations: &Confirmations,
    survey: &Survey,
    row: &ContactRow,
    occasion: Occasion,
    names: &duties::Names,
    now: Timestamp,
) -> Result<(), AppError> {
    let Some((email, endpoint)) = survey.address(row).zip(row.email_endpoint) else { return Ok(()) };
    let to = Recipient { name: row.name.clone(), email, endpoint: Some(endpoint) };
    let answers_for = duties::answers_for(tx, row, names, now.day_in_berlin())?;
    ask::send(tx, confirmations, row, endpoint, to, occasion, answers_for, now)
}

/// Notes for everybody who is to be told of these contacts that they are; false when another instance is at it.
fn note(tx: &mut Tx, confirmations: &Confirmations, slugs: &[Slug]) -> Result<bool, AppError> {
    if !store::hold(tx)? {
        return Ok(false);
    }
    let now = confirmations.0.clock.now();
    let (today, rules) = (now.day_in_berlin(), confirmations.rules());
    let survey = Survey::of(tx, slugs, today)?;
    let due: Vec<(Slug, Cause)> = survey
        .contacts
        .iter()
        .filter_map(|(row, standing)| Some((row.slug.clone(), standing.tell(&rules, today)?)))
        .collect();
    let named: Vec<Slug> = due.iter().map(|(slug, _)| slug.clone()).collect();
    let leads = leads::leads(tx, &named, today)?;
    let mut rows = Vec::new();
    for (contact, cause) in due {
        for recipient in leads.get(&contact).into_iter().flatten().cloned() {
            let contact = contact.clone();
            rows.push(NoticeRow { id: RowId::new(), contact, cause, recipient, created_at: now, told_at: None });
        }
    }
    store::insert_notices(tx, &rows)?;
    Ok(true)
}

/// Writes to everybody who was not written to today what is new for them; answers how many mails.
fn tell(tx: &mut Tx, confirmations: &Confirmations) -> Result<usize, AppError> {
    if !store::hold(tx)? {
        return Ok(0);
    }
    let mut waiting = BTreeMap::<Slug, Vec<NoticeRow>>::new();
    for notice in store::untold(tx)? {
        waiting.entry(notice.recipient.clone()).or_default().push(notice);
    }
    let now = confirmations.0.clock.now();
    let recipients: Vec<Slug> = waiting.keys().cloned().collect();
    let last = store::last_told(tx, &recipients)?;
    let there = Survey::of(tx, &recipients, now.day_in_berlin())?;
    let names = duties::names(tx)?;
    // Whoever cannot read it any more is told nothing; the next round finds somebody else.
    let can_read: HashSet<&Slug> =
        there.contacts.iter().filter(|(_, at)| at.mailbox == Mailbox::Works).map(|(row, _)| &row.slug).collect();
    let lost = waiting.iter().filter(|(recipient, _)| !can_read.contains(recipient));
    let lost: Vec<RowId> = lost.flat_map(|(_, notices)| notices.iter().map(|notice| notice.id)).collect();
    store::forget(tx, &lost)?;
    waiting.retain(|recipient, _| can_read.contains(recipient));
    let mut mails = 0;
    for (row, _) in there.contacts.iter().filter(|(row, _)| can_read.contains(&row.slug)) {
        let is_rested = last.get(&row.slug).is_none_or(|at| at.day_in_berlin() < now.day_in_berlin());
        let is_time = is_time_to_write(now, confirmations.0.settings.confirm_between, land_of(row));
        let Some(email) = there.address(row).filter(|_| is_rested && is_time) else { continue };
        let notices = waiting.remove(&row.slug).unwrap_or_default();
        let to = Recipient { name: row.name.clone(), email, endpoint: row.email_endpoint };
        mails += usize::from(tell_one(tx, confirmations, to, &notices, &names, now)?);
    }
    Ok(mails)
}

fn tell_one(
    tx: &mut Tx,
    confirmations: &Confirmations,
    to: Recipient,
    notices: &[NoticeRow],
    names: &duties::Names,
    now: Timestamp,
) -> Result<bool, AppError> {
    let ids: Vec<RowId> = notices.iter().map(|notice| notice.id).collect();
    let all = news(tx, confirmations, notices, names, now)?;
    if all.is_empty() {
        // Everything was put right meanwhile: nobody is told, and that counts as no mail of this day.
        store::forget(tx, &ids)?;
        return Ok(false);
    }
    store::mark_told(tx, &ids, now)?;
    let (dedupe, letter) = (format!("contacts {}", ids[0]), letter::news(&all));
    letter::send(tx, &confirmations.0.sealer, ids[0], dedupe, to, &letter, now)
}

/// What of it is still so.
fn news(
    conn: &mut Conn,
    confirmations: &Confirmations,
    notices: &[NoticeRow],
    names: &duties::Names,
    now: Timestamp,
) -> Result<Vec<News>, AppError> {
    let (today, rules) = (now.day_in_berlin(), confirmations.rules());
    let slugs: Vec<Slug> = notices.iter().map(|notice| notice.contact.clone()).collect();
    let survey = Survey::of(conn, &slugs, today)?;
    let mut all = Vec::new();
    for (row, standing) in &survey.contacts {
        let Some((cause, since)) = standing.cause(&rules, today) else { continue };
        let answers_for = duties::answers_for(conn, row, names, today)?;
        let (contact, confirmed_on) = (row.name.clone(), row.confirmed_on);
        all.push(News { contact, cause, since, confirmed_on, answers_for });
    }
    all.sort_by(|a, b| a.contact.cmp(&b.contact));
    Ok(all)
}
