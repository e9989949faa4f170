//! Local closing days: on which nobody is there in a region, entered and taken back.

use std::collections::HashMap;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::typed::{Typed, mark};
use super::{day, region_name};
use crate::access::Action;
use crate::directory::closing_days::{self, ClosingDay, NewClosingDay, is_in_sight};
use crate::error::AppError;
use crate::http::State;
use crate::http::api::directory::reach;
use crate::http::auth::{parse_query, right};
use crate::http::pages::field::Field;
use crate::http::pages::grants;
use crate::http::pages::login::PageResult;
use crate::http::pages::shell::{Shell, lead_done, show};
use crate::http::visitor::{Person, Staff, StaffForm};
use crate::ids::ClosingDayId;

/// The address of the page.
pub const HERE: &str = "/schliesstage";
const AT_ONCE: usize = 200;

type Form = StaffForm<right::ChangeDirectory, HashMap<String, String>>;

#[derive(Template)]
#[template(path = "closing_days.html")]
struct ClosingDays {
    shell: Shell,
    lines: Vec<Line>,
    next: Option<String>,
    fields: Option<[Field; 3]>,
}

/// A closing day in a row.
struct Line {
    id: String,
    day: String,
    place: String,
    reason: String,
    may_end: bool,
}

async fn show_days(
    status: StatusCode,
    state: &State,
    person: &Person,
    shell: Shell,
    typed: &Typed,
    after: usize,
) -> Result<HttpResponse, AppError> {
    let (caller, directory) = (&person.caller, state.directory().current());
    let reach = caller.reach(Action::ReadDirectory);
    let (found, has_more) = closing_days::ahead(&state.desk().db, state.today(), reach, after, AT_ONCE).await?;
    let may = caller.may(Action::ChangeDirectory).is_ok();
    let line = |one: &ClosingDay| Line {
        id: one.id.to_string(),
        day: day(shell.language, one.day),
        place: region_name(&shell, &directory, &one.ars),
        reason: one.reason.clone(),
        may_end: may && caller.sees_region(Action::ChangeDirectory, &one.ars),
    };
    let field = |id: &str, key: &str| Field::text(&shell, id, &shell.say(key), typed.get(id));
    let fields = (may && !caller.reach(Action::ChangeDirectory).is_nothing()).then(|| {
        [
            field("tag", "closing-day").kind("date"),
            field("ort", "closing-place").hint(shell.say("closing-place-hint")).may_be_empty(),
            field("grund", "closing-reason").hint(shell.say("closing-reason-hint")),
        ]
    });
    let next = has_more.then(|| format!("{HERE}?nach={}", after + AT_ONCE));
    let page = ClosingDays { lines: found.iter().map(line).collect(), next, fields, shell: shell.at(HERE) };
    Ok(show(status, &page.shell, &page))
}

/// The days to come.
pub async fn list(state: Data<State>, request: HttpRequest, page: Staff<right::ReadDirectory>) -> PageResult {
    let shell = Shell::new(&state, &request, &page.person.visitor);
    let wanted: HashMap<String, String> = parse_query(request.query_string())?;
    let after = wanted.get("nach").and_then(|after| after.parse().ok()).unwrap_or(0);
    Ok(show_days(StatusCode::OK, &state, &page.person, shell, &Typed::default(), after).await?)
}

/// Enters one.
pub async fn create(state: Data<State>, request: HttpRequest, form: Form) -> PageResult {
    let (person, typed) = (form.person, Typed::from(form.body));
    let mut shell = Shell::new(&state, &request, &person.visitor);
    let on = typed.day(&mut shell, "tag");
    if !typed.is_set("tag") {
        shell.fault("tag", "fault-day");
    }
    let region = grants::region_of(&state.directory().current(), typed.get("ort"));
    if let Err(key) = region {
        shell.fault("ort", key);
    }
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    if let (Some(day), Ok(ars), true) = (on, region, shell.faults.is_empty()) {
        let new = NewClosingDay { ars, day, reason: typed.get("grund").to_owned() };
        let (desk, now) = (state.desk(), state.desk().clock.now());
        let made = match reach::may_close(&person.caller, &new.ars) {
            Ok(()) => closing_days::create(&desk.db, &person.caller.actor, new, None, now).await.map(drop),
            Err(fault) => Err(fault),
        };
        match made {
            Ok(()) => return Ok(lead_done(HERE, "closing-made")),
            Err(AppError::Conflict(_)) => {
                status = StatusCode::CONFLICT;
                shell.fault("tag", "fault-closing-there");
            }
            Err(AppError::Invalid(faults)) => {
                let fields = [
                    ("day", "tag", "fault-day-past"),
                    ("ars", "ort", "fault-closing-place"),
                    ("reason", "grund", "fault-closing-reason"),
                ];
                mark(&mut shell, &faults, &fields);
            }
            Err(fault) => return Err(fault.into()),
        }
    }
    Ok(show_days(status, &state, &person, shell, &typed, 0).await?)
}

/// Takes one back.
pub async fn end(state: Data<State>, id: Path<ClosingDayId>, form: Form) -> PageResult {
    let (caller, desk) = (&form.person.caller, state.desk());
    let found = closing_days::read(&desk.db, id.into_inner()).await?;
    if !is_in_sight(&caller.reach(Action::ReadDirectory), &found.ars) {
        return Err(AppError::NotFound.into());
    }
    if !caller.sees_region(Action::ChangeDirectory, &found.ars) {
        return Err(AppError::Forbidden("this closing day holds for a region that is not yours".into()).into());
    }
    closing_days::end(&desk.db, &caller.actor, found.id, desk.clock.now()).await?;
    Ok(lead_done(HERE, "closing-gone"))
}
