//! Asking a contact: by the loop when it is due, by an editor who wants to know now. And how true it is.
//!
//! Invariant: the secret of a link goes into one mail and is kept nowhere else. An editor asks at most once an hour.

use chrono::{NaiveDate, TimeDelta};
use serde::Serialize;

use super::letter::{self, Question, Recipient};
use super::schedule::{Cause, ConfirmationState, Mailbox, Occasion};
use super::store::{self, Answer, RequestRow};
use super::survey::Survey;
use super::{Confirmations, duties, round};
use crate::access::Actor;
use crate::access::audit::{self, AuditAction, ObjectKind, Trail};
use crate::access::secret::{self, hash};
use crate::clock::Timestamp;
use crate::db::{Conn, Tx};
use crate::directory::store::contacts::{self, ContactRow};
use crate::error::AppError;
use crate::ids::{EndpointId, RowId};
use crate::keys::Slug;

/// So many of the last questions are shown.
const SHOWN: i64 = 20;

/// How true a contact is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Confirmation {
    /// In one word.
    pub state: ConfirmationState,
    /// When somebody last said that it is right.
    pub confirmed_on: Option<NaiveDate>,
    /// The first day on which that counts no more.
    pub stale_on: Option<NaiveDate>,
    /// What it was asked, latest first.
    pub asked: Vec<Asked>,
    /// What it says is wrong and nobody has settled.
    pub dispute: Option<Dispute>,
    /// What people were told of it, and when last.
    pub told: Vec<Told>,
}

/// A mail that asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Asked {
    /// Why.
    pub occasion: Occasion,
    /// When.
    pub at: Timestamp,
    /// Until when its link is good.
    pub expires_at: Timestamp,
    /// When it was answered, or asked no more because the contact was changed.
    pub ended_at: Option<Timestamp>,
    /// What the answer was.
    pub answer: Option<Answer>,
}

/// What a contact says is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Dispute {
    /// In its words.
    pub said: String,
    /// When.
    pub at: Timestamp,
}

/// What people were told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Told {
    /// What.
    pub cause: Cause,
    /// When last.
    pub at: Timestamp,
}

impl Confirmations {
    /// How true a contact is.
    pub async fn state(&self, contact: Slug) -> Result<Confirmation, AppError> {
        let context = self.clone();
        self.0.db.read(move |conn| context.read(conn, &contact)).await
    }

    /// Asks a contact now, whatever is due. `Conflict` when it was asked within the last hour, or cannot be.
    pub async fn ask(&self, actor: &Actor, contact: Slug) -> Result<Confirmation, AppError> {
        let (context, actor, now) = (self.clone(), actor.clone(), self.0.clock.now());
        self.0
            .db
            .write(move |tx| {
                if !store::hold(tx)? {
                    return Err(AppError::Conflict("contacts are being asked at this moment; try again".into()));
                }
                let (today, rules) = (now.day_in_berlin(), context.rules());
                let survey = Survey::of(tx, std::slice::from_ref(&contact), today)?;
                let Some((row, standing)) = survey.contacts.first() else {
                    let known = contacts::find(tx, &contact)?.filter(|row| row.ended_at.is_none());
                    known.ok_or(AppError::NotFound)?;
                    return Err(AppError::Conflict("the contact is not valid today, so it is not asked".into()));
                };
                let refusal = match standing.mailbox {
                    Mailbox::None => {
                        Some("the contact has no mail address to ask at; enter one, or confirm it yourself")
                    }
                    Mailbox::Bounced(_) => Some("mail to the contact comes back; correct its address, which asks it"),
                    Mailbox::Works => None,
                };
                if let Some(refusal) = refusal {
                    return Err(AppError::Conflict(refusal.into()));
                }
                let last = store::requests_of(tx, &contact, 1)?.pop().filter(|last| last.ended_at.is_none());
                if let Some(last) = last.filter(|last| last.sent_at > now.minus(TimeDelta::hours(1))) {
                    let message = format!("the contact was asked at {} and has an hour to answer", last.sent_at);
                    return Err(AppError::Conflict(message));
                }
                let occasion = standing.ask(&rules, today).map_or(Occasion::Asked, |(occasion, _)| occasion);
                let names = duties::names(tx)?;
                round::ask_one(tx, &context, &survey, row, occasion, &names, now)?;
                let trail = Trail::after(&serde_json::json!({ "occasion": occasion }));
                audit::record(tx, &actor, AuditAction::ContactAsked, (ObjectKind::Contact, &contact), trail, now)?;
                context.read(tx, &contact)
            })
            .await
    }

    fn read(&self, conn: &mut Conn, contact: &Slug) -> Result<Confirmation, AppError> {
        let row = contacts::find(conn, contact)?.filter(|row| row.ended_at.is_none()).ok_or(AppError::NotFound)?;
        let only = std::slice::from_ref(contact);
        let dispute = store::disputes(conn, Some(only))?.remove(contact);
        let told = store::told(conn, Some(only))?.remove(contact).unwrap_or_default();
        let (rules, today) = (self.rules(), self.0.clock.now().day_in_berlin());
        let asked = store::requests_of(conn, contact, SHOWN)?;
        Ok(Confirmation {
            state: rules.state(row.confirmed_on, dispute.is_some(), today),
            confirmed_on: row.confirmed_on,
            stale_on: row.confirmed_on.map(|on| rules.stale_on(on)),
            asked: asked.into_iter().map(shown).collect(),
            dispute: dispute.map(|dispute| Dispute { said: dispute.said, at: dispute.said_at }),
            told: told.into_iter().map(|(cause, at)| Told { cause, at }).collect(),
        })
    }
}

fn shown(row: RequestRow) -> Asked {
    let RequestRow { occasion, sent_at: at, expires_at, ended_at, answer, .. } = row;
    Asked { occasion, at, expires_at, ended_at, answer }
}

/// Makes a link and puts its mail into the outbox, as part of the caller's write.
#[allow(clippy::too_many_arguments)] // Each is known to the caller alone.
pub(super) fn send(
    tx: &mut Tx,
    confirmations: &Confirmations,
    row: &ContactRow,
    endpoint: EndpointId,
    to: Recipient,
    occasion: Occasion,
    answers_for: Vec<String>,
    now: Timestamp,
) -> Result<(), AppError> {
    let secret = secret::new();
    let expires_at = now.plus(confirmations.0.settings.confirm_link_valid_for);
    let id = RowId::new();
    store::insert_request(
        tx,
        &RequestRow {
            id,
            contact: row.slug.clone(),
            hash: hash(&secret).to_vec(),
            occasion,
            endpoint_id: endpoint,
            sent_at: now,
            expires_at,
            ended_at: None,
            answer: None,
        },
    )?;
    let letter = letter::question(&Question {
        occasion,
        url: &format!("{}/bestaetigung/{secret}", confirmations.0.public_url),
        expires_at,
        confirmed_on: row.confirmed_on,
        good_until: row.confirmed_on.map(|on| confirmations.rules().good_until(on)),
        today: now.day_in_berlin(),
        answers_for,
    });
    letter::send(tx, &confirmations.0.sealer, id, format!("confirmation {id}"), to, &letter, now)?;
    Ok(())
}
