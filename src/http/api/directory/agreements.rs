//! Agreements between Länder: what is known of each pair of `cooperates_with`.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::http::header::{ETAG, IF_MATCH};
use actix_web::web::{Data, Path};

use super::{ended, reach};
use crate::access::Action;
use crate::directory::agreements::{self, Agreement, AgreementChange};
use crate::error::AppError;
use crate::http::State;
use crate::http::api::{ApiResult, ListAnswer, ok};
use crate::http::auth::{Command, Guard, right, version as version_in};
use crate::keys::LandCode;

fn code(at: &str) -> Result<LandCode, AppError> {
    at.parse().map_err(|_| AppError::NotFound)
}

/// Who may re-use what this Land operates, since when and until when.
#[utoipa::path(get, operation_id = "agreements", path = "/api/v1/lands/{land}/agreements", tag = "directory", params(("land" = String, Path)),
    responses((status = 200, body = ListAnswer<Agreement>), (status = 404, body = crate::http::error::Problem)))]
pub async fn list(state: Data<State>, _guard: Guard<right::ReadDirectory>, at: Path<String>) -> ApiResult {
    let items = agreements::list(&state.desk().db, code(&at)?, state.today()).await?;
    ok(&ListAnswer { items, next_cursor: None })
}

/// Enter an agreement, or change it: it is then exactly as it is sent.
#[utoipa::path(put, operation_id = "put_agreement", path = "/api/v1/lands/{land}/agreements/{using}", tag = "directory", request_body = AgreementChange,
    params(("land" = String, Path), ("using" = String, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 200, body = Agreement), (status = 201, body = Agreement), (status = 409, body = crate::http::error::Problem), (status = 422, body = crate::http::error::Problem)))]
pub async fn put(
    state: Data<State>,
    command: Command<right::ChangeDirectory, AgreementChange>,
    at: Path<(String, String)>,
) -> ApiResult {
    reach::may_change_shared(&command.caller, Action::ChangeDirectory)?;
    let (operating, using) = (code(&at.0)?, code(&at.1)?);
    let version = command.if_match()?.or(command.body.version);
    let (desk, change) = (state.desk(), AgreementChange { version, ..command.body });
    let (made, is_new) =
        agreements::put(&desk.db, &command.caller.actor, operating, using, change, desk.clock.now()).await?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    let tag = (ETAG, format!("\"{}\"", made.version));
    Ok(actix_web::HttpResponse::build(status).insert_header(tag).json(made))
}

/// End an agreement at once; its last day can be entered instead.
#[utoipa::path(delete, operation_id = "end_agreement", path = "/api/v1/lands/{land}/agreements/{using}", tag = "directory",
    params(("land" = String, Path), ("using" = String, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 204), (status = 404, body = crate::http::error::Problem), (status = 409, body = crate::http::error::Problem)))]
pub async fn end(
    state: Data<State>,
    guard: Guard<right::ChangeDirectory>,
    request: HttpRequest,
    at: Path<(String, String)>,
) -> ApiResult {
    reach::may_change_shared(&guard.caller, Action::ChangeDirectory)?;
    let tag = request.headers().get(IF_MATCH).map(|tag| tag.to_str()).transpose();
    let tag = tag.map_err(|_| AppError::field("If-Match", "must be plain text"))?;
    let (version, desk) = (tag.map(version_in).transpose()?, state.desk());
    agreements::end(&desk.db, &guard.caller.actor, code(&at.0)?, code(&at.1)?, version, desk.clock.now()).await?;
    ended()
}
