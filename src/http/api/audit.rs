//! The audit log over JSON and as a file.
//!
//! Invariant: only who reaches everything reads it (`access/audit/browse.rs`), and an export is recorded before its
//! first byte goes out.

use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::web::{Bytes, Data};
use futures_util::stream::try_unfold;
use serde::Deserialize;

use super::{ApiResult, ListAnswer, limit, ok};
use crate::access::audit::browse::{self, Filter, knows_logins, may_read_all};
use crate::access::audit::export::{self, Format};
use crate::access::audit::{AuditAction, Entry, ObjectKind};
use crate::clock::Timestamp;
use crate::error::AppError;
use crate::http::State;
use crate::http::auth::{Asked, right};
use crate::ids::AuditId;

/// What the log is narrowed to.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// The id of a token or person, or a part of the name; of a person also of the log-in, where you may read those.
    actor: Option<String>,
    /// What was done.
    action: Option<AuditAction>,
    /// On what kind of thing.
    object: Option<ObjectKind>,
    /// On which of them: a ticket's id, a contact's slug and so on.
    object_id: Option<String>,
    /// From then on.
    from: Option<Timestamp>,
    /// Before then.
    to: Option<Timestamp>,
    /// At most so many items, up to 200.
    limit: Option<usize>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Who did what, newest first.
#[utoipa::path(get, path = "/api/v1/audit", tag = "audit", params(ListQuery),
    responses((status = 200, body = ListAnswer<Entry>), (status = 422, body = crate::http::error::Problem)))]
pub async fn list(state: Data<State>, asked: Asked<right::ReadAudit, ListQuery>) -> ApiResult {
    may_read_all(&asked.caller)?;
    let ListQuery { actor, action, object, object_id, from, to, limit: most, cursor } = asked.query;
    let knows_logins = knows_logins(&asked.caller);
    let filter = Filter { actor, knows_logins, action, object, object_id, from, to };
    let page = browse::list(&state.desk().db, filter, read_cursor(cursor)?, limit(most)?).await?;
    ok(&ListAnswer { items: page.items, next_cursor: page.next.map(|id| id.to_string()) })
}

/// The `next_cursor` of the page before.
pub fn read_cursor(cursor: Option<String>) -> Result<Option<AuditId>, AppError> {
    let fault = |_| AppError::field("cursor", "must be next_cursor of the page before, unchanged");
    cursor.map(|cursor| cursor.parse().map_err(fault)).transpose()
}

/// What is exported, as what.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ExportQuery {
    /// `csv` for spreadsheets or `jsonl`, a JSON object a line.
    #[param(inline)]
    format: Format,
    /// The id of a token or person, or a part of the name; of a person also of the log-in, where you may read those.
    actor: Option<String>,
    /// What was done.
    action: Option<AuditAction>,
    /// On what kind of thing.
    object: Option<ObjectKind>,
    /// On which of them.
    object_id: Option<String>,
    /// From then on.
    from: Option<Timestamp>,
    /// Before then.
    to: Option<Timestamp>,
}

/// The log as a file, newest first; recorded.
#[utoipa::path(get, path = "/api/v1/audit/export", tag = "audit", operation_id = "export", params(ExportQuery),
    responses((status = 200, content((String = "text/csv"), (String = "application/jsonl")))))]
pub async fn export(state: Data<State>, asked: Asked<right::ReadAudit, ExportQuery>) -> ApiResult {
    may_read_all(&asked.caller)?;
    let ExportQuery { format, actor, action, object, object_id, from, to } = asked.query;
    let knows_logins = knows_logins(&asked.caller);
    let filter = Filter { actor, knows_logins, action, object, object_id, from, to };
    let desk = state.desk();
    let begun = export::begin(&desk.db, &asked.caller.actor, filter, format, desk.clock.now()).await?;
    let parts = try_unfold(begun, |mut begun| async move {
        let part = begun.part().await.inspect_err(|fault| tracing::error!(%fault, "an export broke off"))?;
        Ok::<_, AppError>(part.map(|part| (Bytes::from(part), begun)))
    });
    let (media, name) = match format {
        Format::Csv => ("text/csv; charset=utf-8", "attachment; filename=\"protokoll.csv\""),
        Format::JsonLines => ("application/jsonl", "attachment; filename=\"protokoll.jsonl\""),
    };
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, media))
        .insert_header((CONTENT_DISPOSITION, name))
        .streaming(parts))
}
