//! Deadlines explained over JSON: those of a request, and any that somebody wants to know.

use actix_web::web::{Data, Path};
use serde::{Deserialize, Serialize};

use super::{ApiResult, ok};
use crate::clock::Timestamp;
use crate::directory::hours::{Explanation, Reckoning, ServiceHours};
use crate::error::{AppError, Faults};
use crate::escalation::deadlines::{self, AppliedHours, Deadlines, Question};
use crate::http::State;
use crate::http::auth::{Asked, Guard, right};
use crate::keys::{Ars, LandCode};

/// The deadlines of a request that run, each with the steps by which it was reckoned, in German and English.
#[utoipa::path(get, path = "/api/v1/tickets/{ticket}/deadlines", params(("ticket" = String, Path)), tag = "tickets",
    responses((status = 200, body = Deadlines), (status = 404, body = crate::http::error::Problem)))]
pub async fn explained(state: Data<State>, guard: Guard<right::ReadTickets>, at: Path<String>) -> ApiResult {
    ok(&deadlines::of_ticket(&state.escalations, guard.caller, at.parse()?).await?)
}

/// A deadline that somebody wants to know.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Wanted {
    /// From when it counts; now when left out.
    pub start: Option<Timestamp>,
    /// How long: service time such as `4h`, or service days such as `1d`.
    pub within: String,
    /// Hours as OpenStreetMap writes them; those of the Land when left out.
    pub hours: Option<String>,
    /// Whose holidays count; the municipality's when left out.
    pub land: Option<String>,
    /// The municipality whose closing days count.
    pub ars: Option<String>,
}

impl Wanted {
    /// The question in it, or what is wrong with it.
    pub fn question(&self, now: Timestamp) -> Result<Question, AppError> {
        let mut faults = Faults::default();
        let within = faults.keep("within", Reckoning::parse(&self.within));
        let hours = self.hours.as_ref().and_then(|text| faults.keep("hours", ServiceHours::parse(text)));
        let ars = self.ars.as_ref().and_then(|text| faults.keep("ars", text.parse::<Ars>()));
        let land = match (&self.land, &ars) {
            (Some(code), _) => faults.keep("land", code.parse::<LandCode>()),
            (None, Some(ars)) => ars.land(),
            (None, None) => {
                faults.add("land", "is missing: the Land by its code, such as SH, or the municipality by ars");
                None
            }
        };
        faults.finish()?;
        let (Some(within), Some(land)) = (within, land) else {
            return Err(AppError::field("ars", "lies in no Land"));
        };
        Ok(Question { start: self.start.unwrap_or(now), within, hours, land, ars })
    }
}

/// The answer to it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Explained {
    /// By which hours it counts.
    pub hours: AppliedHours,
    /// How it is reckoned.
    #[serde(flatten)]
    pub explanation: Explanation,
}

/// When something would be due, and why, by any hours in any Land.
#[utoipa::path(get, path = "/api/v1/deadline", params(Wanted), tag = "directory",
    responses((status = 200, body = Explained), (status = 422, body = crate::http::error::Problem)))]
pub async fn of_question(state: Data<State>, asked: Asked<right::ReadDirectory, Wanted>) -> ApiResult {
    let question = asked.query.question(state.desk().clock.now())?;
    let (hours, explanation) = deadlines::of_question(&state.escalations, question);
    ok(&Explained { hours, explanation })
}
