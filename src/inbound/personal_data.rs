//! All that is kept about a request, with the mail that came in about it (Art. 15 GDPR). Where it goes again:
//! `escalation/personal_data.rs`, which deletes mail along with everything else.

use super::browse::content_of;
use super::mail::Content;
use super::{Inbound, InboundMail, store};
use crate::access::{Action, Caller};
use crate::delivery;
use crate::error::AppError;
use crate::escalation::personal_data;
use crate::tickets::TicketRef;

/// All that is kept about a request.
#[derive(Debug, Clone)]
pub struct Kept {
    /// The request, what happened, and what was said and sent.
    pub request: personal_data::Kept,
    /// What came in about it, oldest first.
    pub mails: Vec<KeptMail>,
}

/// A mail that came in.
#[derive(Debug, Clone, serde::Serialize, utoipa::ToSchema)]
pub struct KeptMail {
    /// The mail.
    #[serde(flatten)]
    pub mail: InboundMail,
    /// What it says, with what hung on it; nothing where that was deleted.
    pub content: Option<Content>,
}

/// Hands out all that is kept about a request; recorded.
pub async fn export(inbound: &Inbound, caller: Caller, at: TicketRef) -> Result<Kept, AppError> {
    caller.may(Action::ExportPersonalData)?;
    let desk = inbound.escalations().desk().clone();
    let (db, now) = (desk.db.clone(), desk.clock.now());
    db.write(move |tx| {
        let mut request = personal_data::export(tx, &desk, &caller, &at, now)?;
        let mut mails = Vec::new();
        for row in store::of_ticket(tx, request.ticket.id, i64::MAX)? {
            let content = content_of(tx, &desk.sealer, &row)?;
            let told = delivery::deliveries_of(tx, row.id.cast())?;
            request.letters.extend(personal_data::letters(tx, &desk, &told)?);
            request.deliveries.extend(told);
            mails.push(KeptMail { mail: row.apart()?.0, content });
        }
        Ok(Kept { request, mails })
    })
    .await
}
