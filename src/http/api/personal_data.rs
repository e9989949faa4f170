//! The rights of the person who asked, over JSON: all that is kept about a request, and its erasure.

use actix_web::web::{Data, Path};
use serde::{Deserialize, Serialize};

use super::escalations::{EscalationAnswer, shape as shape_escalation};
use super::tickets::{TicketAnswer, shape as shape_ticket};
use super::{ApiResult, Reason, ok};
use crate::escalation::browse::Delivery;
use crate::escalation::personal_data::{self, Conversation, Letter};
use crate::http::State;
use crate::http::auth::{Asked, Command, Guard, right};
use crate::http::pages::ticket::packed;
use crate::http::words::Language;
use crate::inbound::file as files;
use crate::inbound::personal_data::{Kept, KeptMail, export as kept_with_mails};
use crate::tickets::HistoryEntry;
use crate::tickets::attachments::Attachment;
use crate::tickets::ticket::Reporter;

/// All that is kept about a request.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct KeptAnswer {
    /// The request.
    pub ticket: TicketAnswer,
    /// Who asked.
    pub reporter: Option<Reporter>,
    /// What happened, oldest first.
    pub history: Vec<HistoryEntry>,
    /// What the 2nd level was asked, and said.
    pub escalations: Vec<EscalationAnswer>,
    /// What was asked back, replied and handed on.
    pub conversations: Vec<Conversation>,
    /// What was sent, to whom, and how it went.
    pub deliveries: Vec<Delivery>,
    /// What was written to the person.
    pub letters: Vec<Letter>,
    /// Mail that came in about it, with the names of what hung on it.
    pub mails: Vec<KeptMail>,
    /// Its files; their bytes under `/attachments/{number}` of the request.
    pub attachments: Vec<Attachment>,
}

/// Hand out all that is kept about a request (Art. 15 GDPR); recorded.
#[utoipa::path(get, path = "/api/v1/tickets/{ticket}/export", params(("ticket" = String, Path)), tag = "tickets",
    responses((status = 200, body = KeptAnswer), (status = 404, body = crate::http::error::Problem)))]
pub async fn export(state: Data<State>, guard: Guard<right::ExportPersonalData>, at: Path<String>) -> ApiResult {
    let Kept { request: kept, mails } = kept_with_mails(&state.inbound, guard.caller, at.parse()?).await?;
    let escalations =
        kept.escalations.iter().map(|found| shape_escalation(found, &kept.ticket, state.directory())).collect();
    ok(&KeptAnswer {
        ticket: shape_ticket(&kept.ticket, state.directory()),
        reporter: kept.reporter,
        history: kept.history,
        escalations,
        conversations: kept.conversations,
        deliveries: kept.deliveries,
        letters: kept.letters,
        mails,
        attachments: kept.attachments,
    })
}

/// What is to be in a file.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FileQuery {
    /// Also who asked; that is then recorded in the history.
    reporter: Option<bool>,
}

/// The file of a request for the records: a ZIP of a page to print, the attachments and JSON; recorded.
#[utoipa::path(get, operation_id = "file", path = "/api/v1/tickets/{ticket}/file", params(("ticket" = String, Path), FileQuery), tag = "tickets",
    responses((status = 200, content_type = "application/octet-stream"), (status = 404, body = crate::http::error::Problem)))]
pub async fn file(state: Data<State>, asked: Asked<right::OpenReporter, FileQuery>, at: Path<String>) -> ApiResult {
    let with_reporter = asked.query.reporter.unwrap_or(false);
    let found = files::export(&state.inbound, asked.caller, at.parse()?, with_reporter).await?;
    Ok(packed::handed_out(state, Language::De, found))
}

/// Delete who asked and what was written (Art. 17 GDPR); recorded. Only what is closed, rejected or merged.
#[utoipa::path(post, path = "/api/v1/tickets/{ticket}/erase", params(("ticket" = String, Path)), request_body = Reason, tag = "tickets",
    responses((status = 200, body = TicketAnswer), (status = 404, body = crate::http::error::Problem), (status = 409, body = crate::http::error::Problem)))]
pub async fn erase(
    state: Data<State>,
    command: Command<right::ErasePersonalData, Reason>,
    at: Path<String>,
) -> ApiResult {
    let erased = personal_data::erase(&state.escalations, command.caller, at.parse()?, command.body.reason).await?;
    ok(&shape_ticket(&erased, state.directory()))
}
