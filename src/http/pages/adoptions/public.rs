//! What the public sees of an adoption: its channels, the help page, the code to embed it, and whether the editorial
//! system of the Land has it.

use std::collections::HashMap;

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};

use super::adoption::show_adoption;
use super::{HERE, day};
use crate::access::Action;
use crate::access::idempotency::Outcome;
use crate::directory::hours::in_words;
use crate::directory::transfers::{self, NewTransfer, shown_now};
use crate::directory::versions::Kind;
use crate::directory::{Adoption, AdoptionState, HelpChannel, HelpLanguage};
use crate::error::AppError;
use crate::http::State;
use crate::http::auth::right;
use crate::http::pages::directory::changed::meanwhile;
use crate::http::pages::directory::span;
use crate::http::pages::directory::typed::Typed;
use crate::http::pages::login::PageResult;
use crate::http::pages::shell::{Shell, lead_done};
use crate::http::visitor::StaffForm;
use crate::http::words::Language;
use crate::ids::AdoptionId;

/// What the public sees, and where.
pub struct Public {
    /// Its channels, in order.
    pub channels: Vec<ChannelLine>,
    /// True where all of it is shown.
    pub is_live: bool,
    /// The help page.
    pub help: String,
    /// The page with the code to paste.
    pub snippet: String,
    /// The dry run.
    pub who: String,
    /// The form for one more channel.
    pub add: String,
    /// Whether an editorial system has it, as sign and words.
    pub transfer: (&'static str, String),
    /// What was read, so that only that is noted as transferred.
    pub digest: String,
}

/// A channel in a row.
pub struct ChannelLine {
    /// Its form.
    pub href: String,
    /// What it is called.
    pub label: String,
    /// Number or address.
    pub way: String,
    /// Its hours in words.
    pub hours: String,
    /// The days it is shown.
    pub days: String,
}

fn line(shell: &Shell, channel: &HelpChannel) -> ChannelLine {
    let shown = &channel.shown;
    let language = if shell.language == Language::En { HelpLanguage::English } else { HelpLanguage::German };
    let way = [shown.phone.clone(), shown.email.as_ref().map(ToString::to_string), shown.url.clone()];
    ChannelLine {
        href: format!("/kanaele/{}", channel.id),
        label: shown.label.clone(),
        way: way.into_iter().flatten().collect::<Vec<_>>().join(" · "),
        hours: if shown.hours.is_empty() { String::new() } else { in_words(&shown.hours, language) },
        days: span(shell, shown.valid_from, shown.valid_to),
    }
}

/// What the public sees of it; where no transfer was noted, the checklist may say that there was one.
pub(super) async fn of(
    state: &State,
    shell: &Shell,
    adoption: &Adoption,
    is_said_transferred: bool,
) -> Result<Public, AppError> {
    let (id, service, ars) = (adoption.id, &adoption.service, &adoption.ars);
    let (known, digest) = state.desk().db.read(move |conn| shown_now(conn, id)).await?.unwrap_or_default();
    let transfer = match known.on {
        None if is_said_transferred => ("none", shell.say("rollout-transfer-said")),
        None => ("none", shell.say("adoption-not-transferred")),
        Some(on) => {
            let words = shell.with("adoption-transferred", "day", day(shell.language, on));
            match known.is_current {
                true => ("ok", words),
                false => ("due", format!("{words}. {}", shell.say("adoption-transfer-old"))),
            }
        }
    };
    Ok(Public {
        channels: adoption.channels.iter().map(|channel| line(shell, channel)).collect(),
        is_live: adoption.state == AdoptionState::Live,
        help: format!("/hilfe/{service}/{ars}"),
        snippet: format!("/einbinden?dienst={service}&ars={ars}"),
        who: format!("/wer?dienst={service}&ars={ars}&art=technical&probe=1"),
        add: format!("/kanaele/neu?dienst={service}&ars={ars}"),
        transfer,
        digest,
    })
}

/// Notes that it was entered into the editorial system of the Land today, as it was shown; where that was changed since,
/// nothing is noted and the page says what is different.
pub async fn transfer(
    state: Data<State>,
    request: HttpRequest,
    id: Path<AdoptionId>,
    form: StaffForm<right::ChangeAdoption, HashMap<String, String>>,
) -> PageResult {
    let (person, id, typed) = (form.person, id.into_inner(), Typed::from(form.body));
    let found = super::reached(&state, &person.caller, Action::ChangeAdoption, id).await?;
    let (desk, now) = (state.desk(), state.desk().clock.now());
    let new = NewTransfer { seen: Some(typed.get("stand").to_owned()), ..NewTransfer::default() };
    match transfers::note(&desk.db, &person.caller.actor, id, new, None, now).await {
        Ok(Outcome::Done(_) | Outcome::Repeated(_)) => Ok(lead_done(&format!("{HERE}/{id}"), "transferred")),
        Err(AppError::Conflict(_)) => {
            let mut shell = Shell::new(&state, &request, &person.visitor);
            let told = meanwhile(&state, &shell, Kind::Adoption, id.to_string(), typed.version()).await?;
            shell.fault_text("", told);
            shell.fault("", "fault-transfer");
            let entered = super::adoption::Typed::default();
            let status = StatusCode::CONFLICT;
            Ok(show_adoption(status, &state, &person, shell, found, false, entered).await?)
        }
        Err(fault) => Err(fault.into()),
    }
}
