//! The round: finds out who is to hear what, and writes to whose turn it is.
//!
//! Invariant: whoever waits is looked at by recipient, never by the order of what happened, so that one who rests with
//! thousands of notices keeps nobody waiting. A mail and the marks of what it tells are one transaction that holds the
//! recipient's row, so that several instances tell each thing once, also when one is killed. One recipient who
//! cannot be written to does not hold up the others.

use std::collections::{BTreeMap, HashMap};

use super::when::{self, Limits, Told, Turn, Waiting};
use super::{letter, store};
use crate::db::{Conn, Tx};
use crate::delivery::{Content, Outgoing, Purpose, enqueue};
use crate::directory::{Contact, Rhythm, central_contacts, contacts_of, rhythms_of};
use crate::error::AppError;
use crate::ids::{DeliveryId, EndpointId, RowId};
use crate::keys::{Ars, EmailAddress, Slug};
use crate::tickets::Desk;
use crate::tickets::store::{NoticeRow, ToldRow};

/// So many notices are looked at together.
const PORTION: i64 = 500;
/// So many portions in a round; the next one goes on.
const PORTIONS: usize = 10;
/// The most that one mail tells.
const MOST: i64 = 1_000;
/// How the operator is called among the recipients. No slug has a space, so this is nobody else's.
const OPERATOR: &str = "the operator";

/// Who is told: a central contact, or the operator where the directory names nobody.
#[derive(Debug, Clone)]
pub(super) struct Recipient {
    /// Whose turn it is.
    key: String,
    pub name: String,
    pub email: EmailAddress,
    endpoint: Option<EndpointId>,
    /// What they chose; the operator has no choice.
    pub rhythm: Option<Rhythm>,
}

impl Recipient {
    fn central(contact: Contact) -> Option<Self> {
        if contact.bounced.is_some() || contact.is_ended {
            return None;
        }
        let (endpoint, rhythm) = (contact.email_endpoint, Some(contact.notify));
        contact.email.map(|email| Self { key: contact.slug.to_string(), name: contact.name, email, endpoint, rhythm })
    }

    fn operator(desk: &Desk) -> Option<Self> {
        let email = desk.settings.operator.clone()?;
        Some(Self { key: OPERATOR.into(), name: "Betrieb".into(), email, endpoint: None, rhythm: None })
    }
}

/// Somebody whose turn it is.
struct Due {
    recipient: Recipient,
    waiting: Waiting,
    turn: Turn,
}

/// Who hears of what happens in a place, by place; nobody where nobody can.
type Known = HashMap<(Slug, Ars), Option<String>>;

/// Writes the mails that are due; answers how many.
pub async fn tell(desk: &Desk) -> Result<usize, AppError> {
    let mut known = Known::new();
    for _ in 0..PORTIONS {
        let found = address_some(desk, &mut known).await?;
        if found < PORTION as usize {
            break;
        }
    }
    let mut mails = 0;
    for due in whose_turn(desk).await? {
        let key = due.recipient.key.clone();
        match tell_one(desk, due, &mut known).await {
            Ok(is_told) => mails += usize::from(is_told),
            // Told a moment ago, or another instance is at it: the next round looks again.
            Err(AppError::Conflict(_)) => {}
            Err(fault) => tracing::warn!(recipient = key, %fault, "somebody cannot be told of requests"),
        }
    }
    Ok(mails)
}

/// Finds out for some notices who is to hear of them; answers how many there were.
async fn address_some(desk: &Desk, known: &mut Known) -> Result<usize, AppError> {
    let rows = desk.db.read(|conn| store::unaddressed(conn, PORTION)).await?;
    let count = rows.len();
    if count > 0 {
        let found = resolve(desk, rows, known).await?;
        settle(desk, found).await?;
    }
    Ok(count)
}

/// Who is to hear of each of these, as things stand now.
async fn resolve(
    desk: &Desk,
    rows: Vec<NoticeRow>,
    known: &mut Known,
) -> Result<BTreeMap<Option<String>, Vec<NoticeRow>>, AppError> {
    let today = desk.clock.now().day_in_berlin();
    let (routing, operator) = (desk.settings.directory.clone(), Recipient::operator(desk).map(|operator| operator.key));
    let mut cache = std::mem::take(known);
    let (found, cache) = desk
        .db
        .read(move |conn| {
            let mut found: BTreeMap<Option<String>, Vec<NoticeRow>> = BTreeMap::new();
            for row in rows {
                let place = (row.service.clone(), row.ars.clone());
                let recipient = match cache.get(&place) {
                    Some(recipient) => recipient.clone(),
                    None => {
                        // A place that cannot be routed, for whatever reason, must not silence the others.
                        let central = match central_contacts(conn, &place.0, &place.1, today, &routing) {
                            Ok(contacts) => contacts.into_iter().find_map(Recipient::central),
                            Err(AppError::Invalid(_) | AppError::NotFound) => None,
                            Err(fault) => return Err(fault),
                        };
                        let recipient = central.map(|central| central.key).or_else(|| operator.clone());
                        cache.insert(place, recipient.clone());
                        recipient
                    }
                };
                found.entry(recipient).or_default().push(row);
            }
            Ok((found, cache))
        })
        .await?;
    *known = cache;
    Ok(found)
}

/// Stores who is to hear of what. What nobody can hear of is put away; the gaps of the directory show why.
async fn settle(desk: &Desk, found: BTreeMap<Option<String>, Vec<NoticeRow>>) -> Result<(), AppError> {
    let now = desk.clock.now();
    desk.db
        .write(move |tx| {
            for (recipient, rows) in &found {
                let ids = ids(rows);
                if recipient.is_some() {
                    store::address(tx, &ids, recipient.as_deref())?;
                } else if store::mark_told(tx, &ids, now)? > 0 {
                    let notices = rows.len();
                    tracing::warn!(notices, "nobody can be told of requests; see the gaps of the directory");
                }
            }
            Ok(())
        })
        .await
}

/// Whose turn it is. What waits for somebody who cannot be written to any more finds somebody else.
async fn whose_turn(desk: &Desk) -> Result<Vec<Due>, AppError> {
    let (now, limits, operator) = (desk.clock.now(), limits(desk), Recipient::operator(desk));
    let (due, lost) = desk
        .db
        .read(move |conn| {
            let waiting = store::recipients(conn)?;
            let keys: Vec<String> = waiting.iter().map(|row| row.recipient.clone()).collect();
            let mut told: HashMap<String, ToldRow> = store::told(conn, &keys)?.into_iter().collect();
            // What each of them chose is enough to know whose turn it is; most rest or wait for their hour, and of those
            // nothing more is read.
            let rhythms = rhythms_of(conn, &slugs(&keys))?;
            let mut turns = Vec::new();
            for row in waiting {
                let told = told.remove(&row.recipient).unwrap_or_default().into();
                let waiting = Waiting { since: row.since, is_urgent: row.is_urgent };
                let turn = match row.recipient.parse::<Slug>() {
                    // Whoever is not there any more, or cannot be reached, is looked at as a whole, at once.
                    Ok(slug) if !rhythms.contains_key(&slug) => Some(Turn::Everything),
                    Ok(slug) => {
                        when::turn(rhythms.get(&slug).copied().unwrap_or_default(), waiting, &told, limits, now)
                    }
                    Err(_) => when::turn(Rhythm::default(), waiting, &told, limits, now),
                };
                turns.extend(turn.map(|turn| (row.recipient, waiting, turn)));
            }
            let keys: Vec<String> = turns.iter().map(|(key, ..)| key.clone()).collect();
            let mut there = recipients(conn, &keys, operator)?;
            let (mut due, mut lost) = (Vec::new(), Vec::new());
            for (key, waiting, turn) in turns {
                match there.remove(&key) {
                    Some(recipient) => due.push(Due { recipient, waiting, turn }),
                    None => lost.push(key),
                }
            }
            Ok((due, lost))
        })
        .await?;
    for recipient in lost {
        desk.db.write(move |tx| forget(tx, &recipient)).await?;
    }
    Ok(due)
}

/// These as they are now, by key; without those who cannot be written to.
fn recipients(
    conn: &mut Conn,
    keys: &[String],
    operator: Option<Recipient>,
) -> Result<HashMap<String, Recipient>, AppError> {
    let central = contacts_of(conn, &slugs(keys))?.into_iter().filter_map(Recipient::central);
    Ok(central.chain(operator).map(|recipient| (recipient.key.clone(), recipient)).collect())
}

/// Those of the recipients that are contacts.
fn slugs(keys: &[String]) -> Vec<Slug> {
    keys.iter().filter_map(|key| key.parse().ok()).collect()
}

/// Takes back who is to hear of what waits for this one.
fn forget(tx: &mut Tx, recipient: &str) -> Result<(), AppError> {
    loop {
        let some = store::waiting_for(tx, recipient, false, MOST)?;
        if some.is_empty() {
            return Ok(());
        }
        store::address(tx, &ids(&some), None)?;
    }
}

async fn tell_one(desk: &Desk, due: Due, known: &mut Known) -> Result<bool, AppError> {
    let Due { recipient, waiting, turn } = due;
    let key = recipient.key.clone();
    let rows = desk.db.read(move |conn| store::waiting_for(conn, &key, turn == Turn::Urgent, MOST)).await?;
    let mut found = resolve(desk, rows, known).await?;
    let told = found.remove(&Some(recipient.key.clone())).unwrap_or_default();
    if !found.is_empty() {
        settle(desk, found).await?;
    }
    if told.is_empty() {
        return Ok(false);
    }
    let (now, limits) = (desk.clock.now(), limits(desk));
    let wanted = told.clone();
    let tickets = desk.db.read(move |conn| letter::tickets(conn, &wanted)).await?;
    let entries = letter::entries(desk, tickets, &told);
    let outgoing = entries.first().map(|first| Outgoing {
        about: first.ticket.cast(),
        purpose: Purpose::Notice,
        dedupe: format!("notice {}", told[0].id),
        endpoint: recipient.endpoint,
        recipient: recipient.email.to_string(),
        content: Content::Mail(letter::mail(&desk.settings, &recipient, turn, &entries, now)),
    });
    let (ids, key, rhythm) = (ids(&told), recipient.key, recipient.rhythm.unwrap_or_default());
    desk.db
        .write(move |tx| {
            // Another instance may have written since this one looked.
            let is_ours = store::keep_told(tx, &key, now, |row| {
                let told = Told::from(row);
                let is_still = when::turn(rhythm, waiting, &told, limits, now) == Some(turn);
                is_still.then(|| when::after(&told, turn, now))
            })?;
            if !is_ours || store::mark_told(tx, &ids, now)? != ids.len() {
                return Err(AppError::Conflict("told by another".into()));
            }
            match &outgoing {
                Some(outgoing) => enqueue(tx, DeliveryId::new(), outgoing, None, now),
                // All of these requests were deleted.
                None => Ok(false),
            }
        })
        .await
}

fn limits(desk: &Desk) -> Limits {
    let notices = &desk.settings.notices;
    Limits { interval: notices.interval, per_hour: notices.per_hour }
}

fn ids(rows: &[NoticeRow]) -> Vec<RowId> {
    rows.iter().map(|row| row.id).collect()
}

impl From<ToldRow> for Told {
    fn from(row: ToldRow) -> Self {
        Self { last: row.last, recent: row.recent }
    }
}
