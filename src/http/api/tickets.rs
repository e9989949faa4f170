//! Tickets over JSON.

use std::collections::BTreeMap;
use std::sync::Arc;

use actix_web::web::{Data, Path};
use serde::{Deserialize, Serialize};

use super::{ApiResult, ListAnswer, Nothing, Reason, Text, created, done, limit, ok, send_outcome};
use crate::access::idempotency::Answer;
use crate::clock::Timestamp;
use crate::directory::Directory;
use crate::error::{AppError, Faults};
use crate::escalation::{ask, decide, emergency};
use crate::http::State;
use crate::http::auth::{Asked, Command, Guard, right};
use crate::ids::TicketId;
use crate::keys::{Ars, Slug};
use crate::tickets::browse::{self, Filter, Order};
use crate::tickets::reply::{self, LetterKind, LetterPreview};
use crate::tickets::submit::{SubmitTicket, Submitted, submit as submit_ticket};
use crate::tickets::ticket::{Category, Channel, Claim, Priority, ReplyWish, Reporter, Warning};
use crate::tickets::{HistoryEntry, Ticket, TicketNumber, TicketRef, TicketStatus, assess, reporter as reporters};

/// A ticket as it is answered; who asked is not part of it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[allow(missing_docs)] // The fields are those of the ticket.
pub struct TicketAnswer {
    pub id: TicketId,
    pub number: TicketNumber,
    pub status: TicketStatus,
    pub channel: Channel,
    pub service: Slug,
    pub municipality: MunicipalityAnswer,
    pub category: Category,
    pub priority: Priority,
    pub subject: String,
    pub description: String,
    pub context: BTreeMap<String, String>,
    pub reply: ReplyAnswer,
    pub external_reference: Option<String>,
    pub claimed_by: Option<Claim>,
    pub merged_into: Option<TicketId>,
    pub answer: Option<String>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub respond_by: Timestamp,
    pub answered_at: Option<Timestamp>,
    pub closed_at: Option<Timestamp>,
    /// Patterns of personal numbers that were typed; only in the answer to handing in.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Warning>,
    pub links: TicketLinks,
}

/// A municipality by key and name.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct MunicipalityAnswer {
    /// ARS.
    pub ars: Ars,
    /// Name.
    pub name: String,
}

/// How the person wants to be answered; the address is opened with `POST …/reporter`.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ReplyAnswer {
    /// The way.
    pub wish: ReplyWish,
}

/// Where to go on from a ticket.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct TicketLinks {
    /// The ticket itself.
    #[serde(rename = "self")]
    pub this: String,
    /// Its history.
    pub history: String,
    /// Its escalations.
    pub escalations: String,
}

/// Shapes a ticket for an answer.
pub fn shape(ticket: &Ticket, directory: &Directory) -> TicketAnswer {
    let t = ticket.clone();
    let name = directory.current().municipality(&t.ars).map_or_else(String::new, |m| m.name.to_string());
    let this = format!("/api/v1/tickets/{}", t.id);
    TicketAnswer {
        id: t.id,
        number: t.number,
        status: t.status,
        channel: t.channel,
        service: t.service,
        municipality: MunicipalityAnswer { ars: t.ars, name },
        category: t.category,
        priority: t.priority,
        subject: t.subject,
        description: t.description,
        context: t.context,
        reply: ReplyAnswer { wish: t.reply_wish },
        external_reference: t.external_reference,
        claimed_by: t.claimed_by,
        merged_into: t.merged_into,
        answer: t.answer,
        created_at: t.created_at,
        updated_at: t.updated_at,
        respond_by: t.respond_by,
        answered_at: t.answered_at,
        closed_at: t.closed_at,
        warnings: Vec::new(),
        links: TicketLinks { history: format!("{this}/history"), escalations: format!("{this}/escalations"), this },
    }
}

fn created_answer(submitted: &Submitted, directory: &Directory) -> Result<Answer, AppError> {
    let mut answer = shape(&submitted.ticket, directory);
    answer.warnings = submitted.warnings.clone();
    created(answer.links.this.clone(), &answer)
}

/// Hand in a request.
#[utoipa::path(post, path = "/api/v1/tickets", request_body = SubmitTicket, tag = "tickets",
    params(("Idempotency-Key" = Option<String>, Header, description = "the same key and body gets the first answer again")),
    responses((status = 201, body = TicketAnswer), (status = 422, body = crate::http::error::Problem)))]
pub async fn submit(state: Data<State>, command: Command<right::SubmitTicket, SubmitTicket>) -> ApiResult {
    let directory = state.directory().clone();
    let render = move |submitted: &Submitted| created_answer(submitted, &directory);
    let once = command.once(Arc::new(render.clone()))?;
    send_outcome(submit_ticket(state.desk(), &command.caller, command.body, once).await?, render)
}

/// What a list is narrowed to.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
#[allow(missing_docs)]
pub struct ListQuery {
    /// One or several, separated by commas.
    status: Option<String>,
    service: Option<String>,
    /// An ARS or its beginning.
    ars: Option<String>,
    category: Option<String>,
    /// Only who wished to be answered so: `phone` (a callback), `email` or `none`.
    wish: Option<String>,
    /// A number, or words of which all must be found.
    q: Option<String>,
    /// Only what the caller has claimed.
    mine: Option<bool>,
    /// Only what nobody has claimed.
    unclaimed: Option<bool>,
    /// Only what somebody still owes an answer: `new`, `assessing`, `waiting`, `escalated`.
    open: Option<bool>,
    /// Only what was to be answered by now, the clock not standing.
    overdue: Option<bool>,
    /// `due` (the default), `work` (the same, but last what waits for the person) or `newest`.
    sort: Option<String>,
    limit: Option<usize>,
    cursor: Option<String>,
}

impl ListQuery {
    fn order(&self) -> Result<Order, AppError> {
        let mut faults = Faults::default();
        let order = self.sort.as_ref().and_then(|sort| faults.keep("sort", sort.parse()));
        faults.finish().map(|()| order.unwrap_or(Order::Due))
    }

    /// Reads what a list, or its counts, are narrowed to.
    pub(super) fn filter(&self, state: &State, caller: &crate::access::Caller) -> Result<Filter, AppError> {
        let mut faults = Faults::default();
        let mut filter = Filter::default();
        for word in self.status.iter().flat_map(|status| status.split(',')).filter(|word| !word.is_empty()) {
            filter.status.extend(faults.keep("status", word.trim().parse::<TicketStatus>()));
        }
        if let Some(slug) = &self.service {
            match state.directory().current().service(slug) {
                Some(service) => filter.service = Some(service.slug.clone()),
                None => faults.add("service", format!("there is no service {slug:?}")),
            }
        }
        filter.ars = self.ars.as_ref().and_then(|ars| faults.keep("ars", ars.parse()));
        filter.category = self.category.as_ref().and_then(|category| faults.keep("category", category.parse()));
        filter.wish = self.wish.as_ref().and_then(|wish| faults.keep("wish", wish.parse()));
        filter.claimed_by = self.mine.unwrap_or(false).then_some(caller.id);
        filter.is_unclaimed = self.unclaimed.unwrap_or(false);
        filter.is_open = self.open.unwrap_or(false);
        filter.late_at = self.overdue.unwrap_or(false).then(|| state.desk().clock.now());
        faults.finish()?;
        Ok(match &self.q {
            Some(q) if !q.trim().is_empty() => filter.search(q),
            _ => filter,
        })
    }
}

/// List tickets, due first.
#[utoipa::path(get, path = "/api/v1/tickets", params(ListQuery), tag = "tickets",
    responses((status = 200, body = ListAnswer<TicketAnswer>)))]
pub async fn list(state: Data<State>, asked: Asked<right::ReadTickets, ListQuery>) -> ApiResult {
    let filter = asked.query.filter(&state, &asked.caller)?;
    let (order, limit, cursor) = (asked.query.order()?, limit(asked.query.limit)?, asked.query.cursor);
    let page = browse::list(state.desk(), asked.caller, filter, order, cursor, limit).await?;
    let items = page.items.iter().map(|ticket| shape(ticket, state.directory())).collect();
    ok(&ListAnswer { items, next_cursor: page.next_cursor })
}

/// One ticket, by id or number.
#[utoipa::path(get, path = "/api/v1/tickets/{ticket}", params(("ticket" = String, Path)), tag = "tickets",
    responses((status = 200, body = TicketAnswer), (status = 404, body = crate::http::error::Problem)))]
pub async fn show(state: Data<State>, guard: Guard<right::ReadTickets>, at: Path<String>) -> ApiResult {
    let ticket = browse::ticket(state.desk(), guard.caller, at.parse()?).await?;
    ok(&shape(&ticket, state.directory()))
}

/// What happened to it, oldest first.
#[utoipa::path(get, path = "/api/v1/tickets/{ticket}/history", params(("ticket" = String, Path)), tag = "tickets",
    responses((status = 200, body = ListAnswer<HistoryEntry>)))]
pub async fn history(state: Data<State>, guard: Guard<right::ReadTickets>, at: Path<String>) -> ApiResult {
    let items = browse::history(state.desk(), guard.caller, at.parse()?).await?;
    ok(&ListAnswer { items, next_cursor: None })
}

/// A question to the person.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[schema(as = AskPerson)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// What they are asked.
    pub question: String,
}

/// An interim reply.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Interim {
    /// How far it is.
    pub text: String,
    /// The new promise.
    pub respond_by: Timestamp,
}

/// What the reporter's name and addresses are opened for.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Purpose {
    /// In words; stands in the history.
    pub purpose: String,
}

/// How urgent.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetPriority {
    /// P1 starts the emergency chain at once.
    pub priority: Priority,
}

/// What about.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetCategory {
    /// The right category.
    pub category: Category,
}

/// Where it goes on.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Merge {
    /// Id or number of the other ticket.
    pub into: String,
}

/// An action on a ticket: guard, one use case, the changed ticket.
macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident($path:literal, $right:ident, $body:ty) |$state:ident, $caller:ident, $at:ident, $input:ident| $call:expr;)*) => {$(
        $(#[$doc])*
        #[utoipa::path(post, path = $path, params(("ticket" = String, Path, description = "id or number")), request_body = $body, tag = "tickets",
            responses((status = 200, body = TicketAnswer), (status = 404, body = crate::http::error::Problem), (status = 409, body = crate::http::error::Problem)))]
        pub async fn $name($state: Data<State>, command: Command<right::$right, $body>, at: Path<String>) -> ApiResult {
            let ($caller, $input, $at): (_, _, TicketRef) = (command.caller, command.body, at.parse()?);
            let ticket = $call.await?;
            ok(&shape(&ticket, $state.directory()))
        }
    )*};
}

/// The same for what tells somebody something: a repeat under the same `Idempotency-Key` gets the first answer.
macro_rules! repeatable {
    ($($(#[$doc:meta])* $name:ident($path:literal, $right:ident, $body:ty) |$state:ident, $caller:ident, $at:ident, $input:ident, $once:ident| $call:expr;)*) => {$(
        $(#[$doc])*
        #[utoipa::path(post, path = $path, request_body = $body, tag = "tickets",
            params(("ticket" = String, Path, description = "id or number"), ("Idempotency-Key" = Option<String>, Header, description = "the same key and body gets the first answer again")),
            responses((status = 200, body = TicketAnswer), (status = 404, body = crate::http::error::Problem), (status = 409, body = crate::http::error::Problem)))]
        pub async fn $name($state: Data<State>, command: Command<right::$right, $body>, at: Path<String>) -> ApiResult {
            let directory = $state.directory().clone();
            let render = move |ticket: &Ticket| done(&shape(ticket, &directory));
            let $once = command.once(Arc::new(render.clone()))?;
            let ($caller, $input, $at): (_, _, TicketRef) = (command.caller, command.body, at.parse()?);
            send_outcome($call.await?, render)
        }
    )*};
}

repeatable! {
    /// Write something down.
    note("/api/v1/tickets/{ticket}/notes", NoteTicket, Text) |state, caller, at, body, once| assess::note(state.desk(), caller, at, body.text, once);
    /// Ask the person; the clock stands.
    wait("/api/v1/tickets/{ticket}/wait", AssessTicket, Question) |state, caller, at, body, once| assess::wait(state.desk(), caller, at, body.question, once);
    /// The person has replied; the clock goes on.
    resume("/api/v1/tickets/{ticket}/resume", NoteTicket, Text) |state, caller, at, body, once| ask::resume(&state.escalations, caller, at, body.text, once);
    /// Tell the person how far it is and promise a new time.
    interim("/api/v1/tickets/{ticket}/interim", AssessTicket, Interim) |state, caller, at, body, once| assess::interim(state.desk(), caller, at, body.text, body.respond_by, once);
    /// Answer the person.
    answer("/api/v1/tickets/{ticket}/answer", AssessTicket, Text) |state, caller, at, body, once| decide::answer(&state.escalations, caller, at, body.text, once);
    /// Refuse it, with a reason.
    reject("/api/v1/tickets/{ticket}/reject", AssessTicket, Reason) |state, caller, at, body, once| decide::reject(&state.escalations, caller, at, body.reason, once);
}

actions! {
    /// Take it.
    claim("/api/v1/tickets/{ticket}/claim", AssessTicket, Nothing) |state, caller, at, _nothing| assess::claim(state.desk(), caller, at);
    /// Give it back to all.
    release("/api/v1/tickets/{ticket}/release", AssessTicket, Nothing) |state, caller, at, _nothing| assess::release(state.desk(), caller, at);
    /// Set how urgent it is.
    priority("/api/v1/tickets/{ticket}/priority", AssessTicket, SetPriority) |state, caller, at, body| emergency::set_priority(&state.escalations, caller, at, body.priority);
    /// Emergency: nobody gets through. It becomes P1, and its emergency chain starts at once, at any hour.
    emergency("/api/v1/tickets/{ticket}/emergency", EscalateTicket, Reason) |state, caller, at, body| emergency::emergency(&state.escalations, caller, at, body.reason);
    /// Put it into another category.
    category("/api/v1/tickets/{ticket}/category", AssessTicket, SetCategory) |state, caller, at, body| assess::set_category(state.desk(), caller, at, body.category);
    /// Put it away.
    close("/api/v1/tickets/{ticket}/close", AssessTicket, Nothing) |state, caller, at, _nothing| decide::close(&state.escalations, caller, at);
    /// Take it up again.
    reopen("/api/v1/tickets/{ticket}/reopen", AssessTicket, Reason) |state, caller, at, body| assess::reopen(state.desk(), caller, at, body.reason);
    /// Let it go on in another ticket.
    merge("/api/v1/tickets/{ticket}/merge", AssessTicket, Merge) |state, caller, at, body| decide::merge(&state.escalations, caller, at, body.into.parse().map_err(|_| AppError::field("into", "is neither an id nor a ticket number"))?);
}

/// A letter to the person before it goes out.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WriteLetter {
    /// Which kind.
    pub kind: LetterKind,
    /// What is written.
    pub text: String,
}

/// What the person would get: by which way, and exactly what it says. Changes nothing.
#[utoipa::path(post, path = "/api/v1/tickets/{ticket}/letter", params(("ticket" = String, Path)), request_body = WriteLetter, tag = "tickets",
    responses((status = 200, body = LetterPreview), (status = 404, body = crate::http::error::Problem)))]
pub async fn letter(
    state: Data<State>,
    command: Command<right::AssessTicket, WriteLetter>,
    at: Path<String>,
) -> ApiResult {
    let WriteLetter { kind, text } = command.body;
    ok(&reply::preview(state.desk(), command.caller, at.parse()?, kind, text).await?)
}

/// Open name and addresses of who asked; recorded.
#[utoipa::path(post, path = "/api/v1/tickets/{ticket}/reporter", params(("ticket" = String, Path)), request_body = Purpose, tag = "tickets",
    responses((status = 200, body = Reporter)))]
pub async fn reporter(
    state: Data<State>,
    command: Command<right::OpenReporter, Purpose>,
    at: Path<String>,
) -> ApiResult {
    let opened = reporters::open_reporter(state.desk(), command.caller, at.parse()?, command.body.purpose).await?;
    ok(&opened)
}
