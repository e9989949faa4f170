//! Contacts: people and mailboxes that answer. A webhook's secret goes in and never comes out.

use actix_web::HttpRequest;
use actix_web::web::{Data, Path};
use serde::Deserialize;

use super::{EndQuery, ended, expected, made, once, reach, tagged};
use crate::access::audit::ObjectKind;
use crate::access::audit::browse::{Change, changes};
use crate::access::{Action, Caller};
use crate::directory::confirmation::Confirmation;
use crate::directory::contacts::{self, ContactChange, ContactQuery, ContactState, Held, NewContact, StateOn};
use crate::directory::{Contact, Page, PageRequest, contacts_of};
use crate::error::AppError;
use crate::http::State;
use crate::http::api::audit::read_cursor;
use crate::http::api::{ApiResult, ListAnswer, Nothing, limit, ok};
use crate::http::auth::{Asked, Command, Guard, right};
use crate::keys::{ArsPrefix, Slug};

/// Which contacts.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// Part of the name or id.
    q: Option<String>,
    /// Only those with a duty for this service.
    service: Option<Slug>,
    /// Only those that stand so.
    #[param(inline)]
    state: Option<ContactState>,
    /// At most so many items, up to 200.
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// The contact, if it exists for the caller: shared, of their region, or of a larger one and answering within theirs.
pub(in crate::http) async fn visible(state: &State, caller: &Caller, at: &str) -> Result<Contact, AppError> {
    let found = readable(state, caller, at).await?;
    if found.is_ended { Err(AppError::NotFound) } else { Ok(found) }
}

/// The same, also where it was ended: what became of it can be read on.
pub(in crate::http) async fn readable(state: &State, caller: &Caller, at: &str) -> Result<Contact, AppError> {
    let slug: Slug = at.parse().map_err(|_| AppError::NotFound)?;
    let found = state.desk().db.read(move |conn| contacts_of(conn, &[slug])).await?;
    let found = found.into_iter().next().ok_or(AppError::NotFound)?;
    let is_theirs = reach::sees_owner(caller, Action::ReadDirectory, found.owner.as_ref());
    if is_theirs || contacts::serves(&state.desk().db, found.slug.clone(), caller.reach(Action::ReadDirectory)).await? {
        return Ok(found);
    }
    Err(AppError::NotFound)
}

/// True where the caller may change it.
pub(in crate::http) fn may_change_this(caller: &Caller, contact: &Contact) -> bool {
    caller.may(Action::ChangeContact).is_ok()
        && match &contact.owner {
            Some(owner) => caller.sees_region(Action::ChangeContact, owner),
            None => caller.reach(Action::ChangeContact).is_everything(),
        }
}

/// The same for changing it.
pub(in crate::http) async fn changeable(state: &State, caller: &Caller, at: &str) -> Result<Contact, AppError> {
    let found = visible(state, caller, at).await?;
    let Some(owner) = &found.owner else {
        return reach::may_change_shared(caller, Action::ChangeContact).map(|()| found);
    };
    if caller.sees_region(Action::ChangeContact, owner) {
        return Ok(found);
    }
    Err(AppError::Forbidden(format!("you may not change contacts of the region {owner}")))
}

/// Only who may open the reporter may let a contact see who asked, or lead what such a contact is told elsewhere.
fn may_disclose(caller: &Caller, owner: Option<&ArsPrefix>) -> Result<(), AppError> {
    let everywhere = ArsPrefix::everywhere();
    if caller.sees_region(Action::OpenReporter, owner.unwrap_or(&everywhere)) {
        return Ok(());
    }
    Err(AppError::Forbidden("this contact would see who asked; only who may open that themselves may set it".into()))
}

/// Refuses what the caller may not make of the contact.
pub(in crate::http) async fn may_change(
    state: &State,
    caller: &Caller,
    before: &Contact,
    change: &ContactChange,
) -> Result<(), AppError> {
    let is_led_elsewhere = before.discloses_reporter && (change.email.is_some() || change.webhook.is_some());
    if is_led_elsewhere || change.discloses_reporter == Some(true) && !before.discloses_reporter {
        may_disclose(caller, before.owner.as_ref())?;
    }
    // Whose it becomes decides who may lead it elsewhere next.
    if let Some(owner) = change.owner.as_ref().filter(|owner| before.discloses_reporter && **owner != before.owner) {
        may_disclose(caller, before.owner.as_ref())?;
        may_disclose(caller, owner.as_ref())?;
    }
    let deputy = change.deputy.clone().flatten().filter(|deputy| before.deputy.as_ref() != Some(deputy));
    reach::may_name(state, caller, vec![("deputy", deputy.into_iter().collect())]).await?;
    match &change.owner {
        Some(owner) => reach::may_own(caller, Action::ChangeContact, owner.as_ref()),
        None => Ok(()),
    }
}

/// A page of them: shared ones and those within the caller's reach.
#[utoipa::path(get, path = "/api/v1/contacts", tag = "directory", params(ListQuery),
    responses((status = 200, body = Page<Contact>)))]
pub async fn list(state: Data<State>, asked: Asked<right::ReadDirectory, ListQuery>) -> ApiResult {
    let ListQuery { q, service, state: in_state, limit, cursor } = asked.query;
    let (rules, today) = (state.desk().settings.directory.rules(), state.today());
    let query = ContactQuery {
        q,
        service,
        reach: asked.caller.reach(Action::ReadDirectory),
        state: in_state.map(|state| StateOn { state, rules, today }),
    };
    ok(&contacts::list(&state.desk().db, query, PageRequest { limit, cursor }).await?)
}

/// One of them.
#[utoipa::path(get, path = "/api/v1/contacts/{contact}", tag = "directory", params(("contact" = String, Path)),
    responses((status = 200, body = Contact), (status = 404, body = crate::http::error::Problem)))]
pub async fn read(state: Data<State>, guard: Guard<right::ReadDirectory>, at: Path<String>) -> ApiResult {
    let found = visible(&state, &guard.caller, &at).await?;
    tagged(found.version, &found)
}

/// Which part of a history.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct HistoryQuery {
    /// At most so many items, up to 200.
    limit: Option<usize>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Who changed it, what and when, newest first.
#[utoipa::path(get, path = "/api/v1/contacts/{contact}/history", tag = "directory", params(("contact" = String, Path), HistoryQuery),
    responses((status = 200, body = ListAnswer<Change>), (status = 404, body = crate::http::error::Problem)))]
pub async fn history(
    state: Data<State>,
    asked: Asked<right::ReadDirectory, HistoryQuery>,
    at: Path<String>,
) -> ApiResult {
    let slug = readable(&state, &asked.caller, &at).await?.slug.to_string();
    let (before, most) = (read_cursor(asked.query.cursor)?, limit(asked.query.limit)?);
    let (items, next) = changes(&state.desk().db, ObjectKind::Contact, slug, before, most).await?;
    ok(&ListAnswer { items, next_cursor: next.map(|id| id.to_string()) })
}

/// How true it is: when somebody last confirmed it, what it was asked, what it says is wrong.
#[utoipa::path(get, path = "/api/v1/contacts/{contact}/confirmation", tag = "directory", params(("contact" = String, Path)),
    responses((status = 200, body = Confirmation), (status = 404, body = crate::http::error::Problem)))]
pub async fn confirmation(state: Data<State>, guard: Guard<right::ReadDirectory>, at: Path<String>) -> ApiResult {
    let found = visible(&state, &guard.caller, &at).await?;
    ok(&state.confirmations.state(found.slug).await?)
}

/// Ask it now, by a mail with a link, whether what is recorded is right; at most once an hour.
#[utoipa::path(post, path = "/api/v1/contacts/{contact}/confirmation", tag = "directory", request_body = Nothing, params(("contact" = String, Path)),
    responses((status = 200, body = Confirmation), (status = 404, body = crate::http::error::Problem), (status = 409, body = crate::http::error::Problem)))]
pub async fn ask(state: Data<State>, command: Command<right::ChangeContact, Nothing>, at: Path<String>) -> ApiResult {
    let found = changeable(&state, &command.caller, &at).await?;
    ok(&state.confirmations.ask(&command.caller.actor, found.slug).await?)
}

/// The most of each level that are shown.
const MOST_HELD: i64 = 200;

/// What it has a duty for: of adoptions those within the caller's reach, at most 200; services and Länder whole.
#[utoipa::path(get, path = "/api/v1/contacts/{contact}/duties", tag = "directory", operation_id = "duties", params(("contact" = String, Path)),
    responses((status = 200, body = ListAnswer<Held>), (status = 404, body = crate::http::error::Problem)))]
pub async fn duties(state: Data<State>, guard: Guard<right::ReadDirectory>, at: Path<String>) -> ApiResult {
    let found = visible(&state, &guard.caller, &at).await?;
    let reach = guard.caller.reach(Action::ReadDirectory);
    let items = contacts::held(&state.desk().db, found.slug, reach, MOST_HELD).await?;
    ok(&ListAnswer { items, next_cursor: None })
}

/// Refuses a new contact that the caller may not make.
pub(in crate::http) async fn may_create(state: &State, caller: &Caller, new: &NewContact) -> Result<(), AppError> {
    reach::may_own(caller, Action::ChangeContact, new.owner.as_ref())?;
    if new.discloses_reporter {
        may_disclose(caller, new.owner.as_ref())?;
    }
    reach::may_name(state, caller, vec![("deputy", new.deputy.iter().cloned().collect())]).await
}

/// Make a new one.
#[utoipa::path(post, path = "/api/v1/contacts", tag = "directory", request_body = NewContact,
    responses((status = 201, body = Contact), (status = 409, body = crate::http::error::Problem), (status = 422, body = crate::http::error::Problem)))]
pub async fn create(state: Data<State>, command: Command<right::ChangeContact, NewContact>) -> ApiResult {
    may_create(&state, &command.caller, &command.body).await?;
    let (desk, now) = (state.desk(), state.desk().clock.now());
    let repeat = once(&command, |new: &Contact| format!("/api/v1/contacts/{}", new.slug))?;
    let new = contacts::create(
        &desk.db,
        &command.caller.actor,
        &desk.sealer,
        &desk.settings.directory,
        command.body,
        repeat,
        now,
    )
    .await?;
    made(new, |new| (format!("/api/v1/contacts/{}", new.slug), new.version))
}

/// Change one; what is left out stays, `null` empties.
#[utoipa::path(patch, path = "/api/v1/contacts/{contact}", tag = "directory", request_body = ContactChange,
    params(("contact" = String, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 200, body = Contact), (status = 409, body = crate::http::error::Problem), (status = 422, body = crate::http::error::Problem)))]
pub async fn change(
    state: Data<State>,
    command: Command<right::ChangeContact, ContactChange>,
    at: Path<String>,
) -> ApiResult {
    let before = changeable(&state, &command.caller, &at).await?;
    may_change(&state, &command.caller, &before, &command.body).await?;
    let slug = before.slug;
    let version = command.if_match()?.or(command.body.version);
    let change = ContactChange { version, ..command.body };
    let (desk, now) = (state.desk(), state.desk().clock.now());
    let found =
        contacts::change(&desk.db, &command.caller.actor, &desk.sealer, &desk.settings.directory, slug, change, now)
            .await?;
    tagged(found.version, &found)
}

/// End one; what was asked before stays with it.
#[utoipa::path(delete, path = "/api/v1/contacts/{contact}", tag = "directory", params(("contact" = String, Path), EndQuery, ("If-Match" = Option<String>, Header)),
    responses((status = 204), (status = 404, body = crate::http::error::Problem), (status = 409, body = crate::http::error::Problem)))]
pub async fn end(
    state: Data<State>,
    asked: Asked<right::ChangeContact, EndQuery>,
    request: HttpRequest,
    at: Path<String>,
) -> ApiResult {
    let found = changeable(&state, &asked.caller, &at).await?;
    let version = expected(&request)?;
    contacts::end(
        &state.desk().db,
        &asked.caller.actor,
        found.slug,
        version,
        asked.query.reason,
        state.desk().clock.now(),
    )
    .await?;
    ended()
}
