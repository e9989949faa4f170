//! Is the process there, and can it serve?
//!
//! Invariant: both answer within two seconds, whatever the database does, and say nothing about anybody.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::header::RETRY_AFTER;
use actix_web::web::Data;
use serde::Serialize;

use super::State;
use crate::db::pending_migrations;

const LONGEST: Duration = Duration::from_millis(1800);

/// How it stands.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Health {
    /// `ok`, or what is missing.
    pub status: &'static str,
}

/// The process serves.
#[utoipa::path(get, path = "/healthz", tag = "operation", security(()), responses((status = 200, body = Health)))]
pub async fn healthz() -> HttpResponse {
    HttpResponse::Ok().json(Health { status: "ok" })
}

/// The database answers and has the form this version expects.
#[utoipa::path(get, path = "/readyz", tag = "operation", security(()),
    responses((status = 200, body = Health), (status = 503, body = Health)))]
pub async fn readyz(state: Data<State>) -> HttpResponse {
    let status = match tokio::time::timeout(LONGEST, state.desk().db.read(pending_migrations)).await {
        Ok(Ok(0)) => return HttpResponse::Ok().json(Health { status: "ok" }),
        Ok(Ok(_)) => "the database misses migrations; run lotse migrate",
        Ok(Err(fault)) => {
            tracing::warn!(%fault, "not ready");
            "the database does not answer"
        }
        Err(_) => "the database does not answer in time",
    };
    HttpResponse::ServiceUnavailable().insert_header((RETRY_AFTER, "2")).json(Health { status })
}
