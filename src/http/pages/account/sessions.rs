//! One's own log-ins: where, in which browser, since when; and their end.

use actix_web::web::{Data, Path};

use super::HERE;
use crate::access::session::SessionInfo;
use crate::http::State;
use crate::http::pages::device::device;
use crate::http::pages::login::{Nothing, PageResult};
use crate::http::pages::shell::{Shell, lead_done};
use crate::http::visitor::PersonForm;
use crate::ids::SessionId;

/// A log-in in words.
pub struct SessionLine {
    /// Its id.
    pub id: SessionId,
    /// Browser and system.
    pub device: String,
    /// From where, since when, last used.
    pub more: String,
    /// The one that asks.
    pub is_this: bool,
}

impl SessionLine {
    /// In words.
    pub fn new(shell: &Shell, session: &SessionInfo, this: SessionId) -> Self {
        let device = match device(&session.agent) {
            (Some(browser), Some(system)) => {
                let values = [("browser", browser.to_owned()), ("system", system.to_owned())];
                shell.language.with_all("device", &values)
            }
            (Some(one), None) | (None, Some(one)) => one.to_owned(),
            (None, None) => shell.say("device-unknown"),
        };
        let values = [
            ("address", session.address.clone()),
            ("since", shell.near(session.created_at)),
            ("seen", shell.near(session.seen_at)),
        ];
        let more = shell.language.with_all("session-more", &values);
        Self { id: session.id, device, more, is_this: session.id == this }
    }
}

/// Ends one.
pub async fn end(
    state: Data<State>,
    id: Path<SessionId>,
    PersonForm { person, .. }: PersonForm<Nothing>,
) -> PageResult {
    person.visitor.accounts(&state).end_session(person.session.user.id, id.into_inner()).await?;
    Ok(lead_done(HERE, "session"))
}

/// Ends all but the one that asks.
pub async fn end_others(state: Data<State>, PersonForm { person, .. }: PersonForm<Nothing>) -> PageResult {
    person.visitor.accounts(&state).end_other_sessions(person.session.user.id, person.session.id).await?;
    Ok(lead_done(HERE, "sessions"))
}
