//! Telling a person of mail that belongs to no request. What belongs to one is told with its notices
//! (`tickets/notice`).
//!
//! Invariant: one mail an hour at most, whatever comes in and on however many instances: the outbox takes each hour's
//! once.

use crate::clock::Timestamp;
use crate::db::Tx;
use crate::delivery;
use crate::error::AppError;
use crate::escalation::Escalations;
use crate::ids::{DeliveryId, RowId};

/// Mail that belongs to no request waits in the inbox: whoever runs this installation hears of it, once an hour at
/// most. The mail says nothing of what came.
pub(super) fn operator(tx: &mut Tx, escalations: &Escalations, now: Timestamp) -> Result<(), AppError> {
    let settings = &escalations.desk().settings;
    let Some(operator) = settings.operator.clone() else {
        tracing::warn!("mail waits in the inbox, and mail.operator names nobody who could be told");
        return Ok(());
    };
    let link = format!("{}/eingang", settings.public_url);
    let subject = "Im Eingang wartet Post, die zu keiner Anfrage gehört".to_owned();
    let text = format!(
        "Guten Tag,\n\nim Eingang wartet Post, die Lotse keiner Anfrage zuordnen konnte. Bitte sehen Sie nach:\n{link}\n\n\
         Diese Nachricht kommt höchstens einmal in der Stunde.\n\n\
         Mail that belongs to no request waits in the inbox; this is sent once an hour at most.\n"
    );
    let html = format!(
        "<p>Im Eingang wartet Post, die Lotse keiner Anfrage zuordnen konnte: <a href=\"{link}\">{link}</a></p>"
    );
    let outgoing = delivery::Outgoing {
        about: RowId::new().cast(),
        purpose: delivery::Purpose::Notice,
        dedupe: format!("inbox {}", now.utc().format("%Y-%m-%dT%H")),
        endpoint: None,
        recipient: operator.to_string(),
        content: delivery::Content::Mail(delivery::Mail {
            to: operator,
            to_name: None,
            reply_to: None,
            subject,
            text,
            html,
        }),
    };
    delivery::enqueue(tx, DeliveryId::new(), &outgoing, None, now)?;
    Ok(())
}
