//! What was written in the form and is no request yet: confirming it, and what staff decide about it.
//!
//! Invariant: it becomes one ticket, whoever confirms and however often, under the id, number and key it had; then the
//! promise to answer begins. What is discarded, or not confirmed in its time, loses its key and with it what was said;
//! number and day stay, so that nobody wonders where it went.

use std::sync::Arc;

use serde::Serialize;

use super::hand_in::Content;
use super::link::{self, StatusLink};
use super::{form_caller, person};
use crate::access::audit::{self, AuditAction, ObjectKind, Trail};
use crate::access::idempotency::{Answer, Once, Render};
use crate::access::{Action, Actor, Caller, Channel, Object};
use crate::clock::Timestamp;
use crate::db::{Conn, Tx};
use crate::error::AppError;
use crate::ids::TicketId;
use crate::keys::{Ars, Slug};
use crate::seal::DataKey;
use crate::tickets::assess::check;
use crate::tickets::attachments::{self, Attachment};
use crate::tickets::browse::Page;
use crate::tickets::reporter::key_of;
use crate::tickets::store::public_form::RequestRow;
use crate::tickets::submit::{Prepared, Submitted, submit_as};
use crate::tickets::{Desk, Event, TicketNumber, record, store};

/// What a sealed request is bound to.
pub(super) const CONTEXT: &str = "unconfirmed request";
/// At most so many in one round.
const SOME: i64 = 100;

crate::text_enum! {
    /// Where a request of the form stands.
    pub enum RequestState {
        /// Waiting for its address to be confirmed.
        Unconfirmed = "unconfirmed",
        /// There is nothing to confirm; it is taken up at once.
        Ready = "ready",
        /// It is a ticket.
        Taken = "taken",
        /// Somebody decided that nothing becomes of it.
        Discarded = "discarded",
        /// Nobody confirmed it.
        Expired = "expired",
    }
}

/// One that waits, as staff see it.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Unconfirmed {
    /// The number it has, and will have.
    pub number: String,
    /// About which service.
    pub service: Slug,
    /// Where.
    pub ars: Ars,
    /// Its first line.
    pub subject: String,
    /// What was written.
    pub description: String,
    /// Its files.
    pub attachments: Vec<Attachment>,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it is deleted unless it is confirmed or taken up.
    pub keep_until: Timestamp,
    #[serde(skip)]
    pub(crate) id: TicketId,
}

/// What was written, while it is kept.
pub(super) fn open(conn: &mut Conn, desk: &Desk, row: &RequestRow) -> Result<Option<(Content, DataKey)>, AppError> {
    let Some(key) = desk.sealer.key(conn, key_of(row.id))?.filter(|_| !row.sealed.is_empty()) else { return Ok(None) };
    let plain = key.open(&row.sealed, CONTEXT)?;
    let content = serde_json::from_slice(&plain).map_err(|_| AppError::internal("a sealed request is no JSON"))?;
    Ok(Some((content, key)))
}

/// Confirms the address by the link that went to it. `Conflict` where it is too late.
pub async fn confirm(desk: &Desk, opened: &StatusLink) -> Result<(), AppError> {
    let found = link::follow(desk, opened).await?;
    if !found.by_mail {
        return Err(AppError::NotFound);
    }
    take(desk, found.about, person(), None).await
}

/// Makes a ticket of it, on somebody's word and perhaps with a note of theirs; one that is a ticket already stays as it
/// is. From the first step on nothing else can become of it, and what a kill leaves half done the round finishes.
pub(in crate::tickets) async fn take(
    desk: &Desk,
    id: TicketId,
    by: Actor,
    note: Option<&'static str>,
) -> Result<(), AppError> {
    let context = desk.clone();
    let begin = move |tx: &mut Tx| {
        let Some(row) = store::public_form::lock(tx, id)? else { return Ok(None) };
        match row.state {
            RequestState::Unconfirmed => store::public_form::make_ready(tx, id)?,
            RequestState::Ready => {}
            RequestState::Taken => return Ok(None),
            RequestState::Discarded | RequestState::Expired => return Err(over(&row)),
        }
        let content = open(tx, &context, &row)?;
        Ok(Some((row, content)))
    };
    // A ticket that did not come by the form has nothing to confirm.
    let Some((row, content)) = desk.db.write(begin).await? else { return Ok(()) };
    let Some((content, key)) = content else { return Err(over(&row)) };
    let render: Render<Submitted> = Arc::new(|made: &Submitted| {
        let body = serde_json::json!({ "id": made.ticket.id }).to_string();
        Ok(Answer { status: 201, location: None, body })
    });
    // Under its own id: however often this is tried, it is one ticket.
    let repeat = Once::new(id.cast(), "public form".to_owned(), &id.to_string(), b"ticket", render)?;
    let number = row.number.parse::<TicketNumber>().map_err(AppError::internal)?;
    let prepared = Prepared { id, number, key };
    submit_as(desk, &form_caller(), content.command, Some(repeat), Some(prepared)).await?;
    let (context, now) = (desk.clone(), desk.clock.now());
    desk.db
        .write(move |tx| {
            let Some(row) = store::public_form::lock(tx, id)? else { return Ok(()) };
            if row.state == RequestState::Taken {
                return Ok(());
            }
            for file in attachments::of(tx, &context, id)? {
                let event = Event::Attached { attachment: file.number, media: file.media, size: file.size };
                record(tx, id, &file.added_by, &event, now)?;
            }
            if let Some(note) = note {
                record(tx, id, &by, &Event::Noted { text: note.to_owned() }, now)?;
            }
            store::public_form::decide(tx, id, RequestState::Taken, &by, None, now)
        })
        .await
}

fn over(row: &RequestRow) -> AppError {
    AppError::Conflict(format!("{} is {}; it cannot be confirmed any more, please write again", row.number, row.state))
}

/// Requests that wait to be confirmed, oldest first; staff see them apart from their work.
pub async fn list(
    desk: &Desk,
    caller: Caller,
    cursor: Option<String>,
    limit: usize,
) -> Result<Page<Unconfirmed>, AppError> {
    caller.may(Action::AssessTicket)?;
    let after = cursor.map(|id| id.parse::<TicketId>()).transpose();
    let after = after.map_err(|_| AppError::field("cursor", "must be next_cursor of the page before, unchanged"))?;
    let context = desk.clone();
    desk.db
        .read(move |conn| {
            let wanted = i64::try_from(limit + 1).map_err(AppError::internal)?;
            let rows = store::public_form::waiting(conn, &caller.reach(Action::AssessTicket), after, wanted)?;
            let (more, mut items) = (rows.len() > limit, Vec::new());
            for row in rows.into_iter().take(limit) {
                let Some((content, _)) = open(conn, &context, &row)? else { continue };
                items.push(Unconfirmed {
                    attachments: attachments::of(conn, &context, row.id)?,
                    number: row.number,
                    service: row.service,
                    ars: row.ars,
                    subject: content.command.subject,
                    description: content.command.description,
                    created_at: row.created_at,
                    keep_until: row.keep_until,
                    id: row.id,
                });
            }
            let next_cursor = items.last().filter(|_| more).map(|last| last.id.to_string());
            Ok(Page { items, next_cursor })
        })
        .await
}

/// Takes one up although nobody confirmed it: somebody knows the person, or reads that it cannot wait.
pub async fn take_up(desk: &Desk, caller: Caller, number: &str) -> Result<TicketId, AppError> {
    let row = seen(desk, &caller, number).await?;
    if !matches!(row.state, RequestState::Unconfirmed | RequestState::Ready) {
        return Err(AppError::Conflict(format!("{} is {}; it does not wait any more", row.number, row.state)));
    }
    let note = "Aufgenommen, ohne dass die Mail-Adresse bestätigt ist.";
    take(desk, row.id, caller.actor, Some(note)).await?;
    Ok(row.id)
}

/// Lets nothing become of one, with a reason that stays.
pub async fn discard(desk: &Desk, caller: Caller, number: &str, reason: String) -> Result<(), AppError> {
    check("reason", &reason)?;
    let row = seen(desk, &caller, number).await?;
    let (context, now) = (desk.clone(), desk.clock.now());
    desk.db
        .write(move |tx| {
            let state = RequestState::Discarded;
            end(tx, &context, row.id, state, &caller.actor, Some(&reason), now)?;
            let after = Trail::after(&serde_json::json!({ "number": row.number, "state": state }));
            let object = (ObjectKind::Ticket, &row.id as _);
            audit::record(tx, &caller.actor, AuditAction::RequestDiscarded, object, after, now)
        })
        .await
}

/// Whoever wrote it takes it back by their link.
pub async fn take_back(desk: &Desk, about: TicketId, by: Actor) -> Result<(), AppError> {
    let (context, now) = (desk.clone(), desk.clock.now());
    desk.db.write(move |tx| end(tx, &context, about, RequestState::Discarded, &by, None, now)).await
}

/// Deletes what was written; `Conflict` where it does not wait any more.
fn end(
    tx: &mut Tx,
    desk: &Desk,
    id: TicketId,
    to: RequestState,
    by: &Actor,
    reason: Option<&str>,
    now: Timestamp,
) -> Result<(), AppError> {
    let row = store::public_form::lock(tx, id)?.ok_or(AppError::NotFound)?;
    if row.state != RequestState::Unconfirmed || store::find(tx, &crate::tickets::TicketRef::Id(id))?.is_some() {
        return Err(over(&row));
    }
    store::public_form::decide(tx, id, to, by, reason, now)?;
    store::attachments::remove_all(tx, id)?;
    crate::delivery::purge(tx, id.cast())?;
    desk.sealer.forget(tx, key_of(id))
}

async fn seen(desk: &Desk, caller: &Caller, number: &str) -> Result<RequestRow, AppError> {
    caller.may(Action::AssessTicket)?;
    let number = number.parse::<TicketNumber>().map_err(|_| AppError::NotFound)?;
    let found = desk.db.read(move |conn| store::public_form::by_number(conn, number.as_str())).await?;
    let row = found.ok_or(AppError::NotFound)?;
    let object = Object { ars: Some(&row.ars), service: Some(&row.service), channel: Some(Channel::Web) };
    caller.must_see(Action::AssessTicket, Action::AssessTicket, object)?;
    Ok(row)
}

/// Takes up what has nothing to confirm and waits all the same (after a kill), deletes what nobody confirmed in time,
/// and links that have ended.
pub async fn round(desk: &Desk) -> Result<(), AppError> {
    for id in desk.db.read(|conn| store::public_form::ready(conn, SOME)).await? {
        if let Err(fault) = take(desk, id, person(), None).await {
            tracing::warn!(request = %id, %fault, "a request of the form waits");
        }
    }
    let now = desk.clock.now();
    for id in desk.db.read(move |conn| store::public_form::past(conn, now, SOME)).await? {
        let context = desk.clone();
        let ended =
            desk.db.write(move |tx| end(tx, &context, id, RequestState::Expired, &Actor::system(), None, now)).await;
        match ended {
            Ok(()) => tracing::info!(request = %id, "nobody confirmed this request in time; it was deleted"),
            Err(AppError::Conflict(_)) => {}
            Err(fault) => return Err(fault),
        }
    }
    desk.db.write(move |tx| store::public_form::purge_links(tx, now, 500)).await?;
    Ok(())
}
