//! Agreements between Länder: who may re-use what another Land operates, since when, until when, where it is written.
//!
//! Invariant: everybody reads them, because every adoption hangs on one; they are entered by those who keep the directory
//! of all, and the page says so to the others.

use std::collections::HashMap;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;

use super::typed::{Typed, day_in_field, mark};
use super::{day, keeps_all};
use crate::access::Action;
use crate::directory::agreements::{self, Agreement, AgreementChange};
use crate::error::AppError;
use crate::http::State;
use crate::http::api::directory::reach;
use crate::http::auth::{parse_query, right};
use crate::http::pages::field::{Choice, Field};
use crate::http::pages::login::PageResult;
use crate::http::pages::shell::{Shell, lead_done, show};
use crate::http::visitor::{Person, Staff, StaffForm, see_other};
use crate::keys::{LANDS, LandCode};

/// The address of the list.
pub const HERE: &str = "/vereinbarungen";

type Form = StaffForm<right::ChangeDirectory, HashMap<String, String>>;

#[derive(Template)]
#[template(path = "agreements.html")]
struct Agreements {
    shell: Shell,
    lines: Vec<Line>,
    choice: Option<[Choice; 2]>,
}

/// An agreement in a row.
struct Line {
    href: Option<String>,
    operating: &'static str,
    using: String,
    sign: &'static str,
    state: String,
    reference: String,
}

fn land_choice(shell: &Shell, id: &str, key: &str, chosen: &str) -> Choice {
    let all = LANDS.iter().map(|(code, _, name)| ((*code).to_owned(), (*name).to_owned()));
    let all = std::iter::once((String::new(), shell.say("choose"))).chain(all).collect();
    Choice::new(shell, id, &shell.say(key), all, chosen)
}

fn line(shell: &Shell, state: &State, may: bool, operating: LandCode, one: &Agreement) -> Line {
    let say = |key, on| shell.with(key, "day", day(shell.language, on));
    let today = state.today();
    let (sign, words) = match (one.since, one.until) {
        (Some(since), _) if since > today => ("wait", say("agreement-from", since)),
        (_, Some(until)) if until < today => ("late", say("agreement-over", until)),
        (_, Some(until)) => ("ok", say("agreement-until", until)),
        (Some(since), None) => ("ok", say("agreement-since", since)),
        (None, None) => ("ok", shell.say("agreement-holds")),
    };
    Line {
        href: may.then(|| format!("{HERE}/{operating}/{}", one.land)),
        operating: operating.name(),
        using: one.name.clone(),
        sign,
        state: words,
        reference: one.reference.clone().unwrap_or_else(|| "–".to_owned()),
    }
}

/// All of them.
pub async fn list(state: Data<State>, request: HttpRequest, page: Staff<right::ReadDirectory>) -> PageResult {
    let shell = Shell::new(&state, &request, &page.person.visitor);
    Ok(show_list(StatusCode::OK, &state, &page.person, shell, &Pair::default()).await?)
}

async fn show_list(
    status: StatusCode,
    state: &State,
    person: &Person,
    shell: Shell,
    chosen: &Pair,
) -> Result<HttpResponse, AppError> {
    let may = keeps_all(&person.caller);
    let found = agreements::all(&state.desk().db, state.today()).await?;
    let shown = Agreements {
        lines: found.iter().map(|(operating, one)| line(&shell, state, may, *operating, one)).collect(),
        choice: may.then(|| {
            [
                land_choice(&shell, "betreibt", "agreement-operating", &chosen.betreibt),
                land_choice(&shell, "nutzt", "agreement-using", &chosen.nutzt),
            ]
        }),
        shell: shell.at(HERE),
    };
    Ok(show(status, &shown.shell, &shown))
}

/// Which two Länder.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Pair {
    betreibt: String,
    nutzt: String,
}

/// Leads to the form of two Länder.
pub async fn lead(state: Data<State>, request: HttpRequest, page: Staff<right::ChangeDirectory>) -> PageResult {
    let chosen: Pair = parse_query(request.query_string())?;
    let mut shell = Shell::new(&state, &request, &page.person.visitor);
    let [operating, using] = [("betreibt", &chosen.betreibt), ("nutzt", &chosen.nutzt)].map(|(field, code)| {
        let land = code.parse::<LandCode>().ok();
        if land.is_none() {
            shell.fault(field, "fault-choose-land");
        }
        land
    });
    if operating.is_some() && operating == using {
        shell.fault("nutzt", "fault-same-land");
    }
    match operating.zip(using).filter(|_| shell.faults.is_empty()) {
        Some((operating, using)) => Ok(see_other(&format!("{HERE}/{operating}/{using}"))),
        None => Ok(show_list(StatusCode::UNPROCESSABLE_ENTITY, &state, &page.person, shell, &chosen).await?),
    }
}

#[derive(Template)]
#[template(path = "agreement_form.html")]
struct AgreementForm {
    shell: Shell,
    here: String,
    operating: &'static str,
    using: &'static str,
    version: Option<i32>,
    days: [Field; 2],
    texts: [Field; 2],
    is_same: bool,
}

fn pair(at: &(String, String)) -> Result<(LandCode, LandCode), AppError> {
    let code = |text: &String| text.parse().map_err(|_| AppError::NotFound);
    Ok((code(&at.0)?, code(&at.1)?))
}

async fn known(state: &State, operating: LandCode, using: LandCode) -> Result<Option<Agreement>, AppError> {
    let all = agreements::list(&state.desk().db, operating, state.today()).await?;
    Ok(all.into_iter().find(|one| one.land == using))
}

fn show_form(
    status: StatusCode,
    shell: Shell,
    (operating, using): (LandCode, LandCode),
    known: Option<&Agreement>,
    typed: Option<Typed>,
) -> HttpResponse {
    let text = |text: Option<&String>| text.cloned().unwrap_or_default();
    let typed = typed.unwrap_or_else(|| {
        Typed::of([
            ("ab", day_in_field(known.and_then(|one| one.since))),
            ("bis", day_in_field(known.and_then(|one| one.until))),
            ("beleg", text(known.and_then(|one| one.reference.as_ref()))),
            ("notiz", text(known.and_then(|one| one.note.as_ref()))),
        ])
    });
    let field = |id: &str, key: &str| Field::text(&shell, id, &shell.say(key), typed.get(id));
    let here = format!("{HERE}/{operating}/{using}");
    let page = AgreementForm {
        operating: operating.name(),
        using: using.name(),
        version: known.map(|one| one.version),
        days: [
            field("ab", "agreement-first").kind("date").may_be_empty(),
            field("bis", "agreement-last").kind("date").may_be_empty(),
        ],
        texts: [
            field("beleg", "agreement-reference").hint(shell.say("agreement-reference-hint")).may_be_empty(),
            field("notiz", "point-note").kind("textarea").may_be_empty(),
        ],
        is_same: operating == using,
        shell: shell.at(here.as_str()),
        here,
    };
    show(status, &page.shell, &page)
}

/// The form.
pub async fn edit(
    state: Data<State>,
    request: HttpRequest,
    page: Staff<right::ChangeDirectory>,
    at: Path<(String, String)>,
) -> PageResult {
    reach::may_change_shared(&page.person.caller, Action::ChangeDirectory)?;
    let (operating, using) = pair(&at)?;
    let shell = Shell::new(&state, &request, &page.person.visitor);
    let known = known(&state, operating, using).await?;
    Ok(show_form(StatusCode::OK, shell, (operating, using), known.as_ref(), None))
}

/// Enters it, changes it, or ends it at once.
pub async fn change(state: Data<State>, request: HttpRequest, at: Path<(String, String)>, form: Form) -> PageResult {
    let (person, typed) = (form.person, Typed::from(form.body));
    reach::may_change_shared(&person.caller, Action::ChangeDirectory)?;
    let (operating, using) = pair(&at)?;
    let mut shell = Shell::new(&state, &request, &person.visitor);
    let (since, until) = (typed.day(&mut shell, "ab"), typed.day(&mut shell, "bis"));
    let (desk, actor, now) = (state.desk(), &person.caller.actor, state.desk().clock.now());
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    if shell.faults.is_empty() {
        let change = AgreementChange {
            version: typed.version(),
            since,
            until,
            reference: typed.text("beleg"),
            note: typed.text("notiz"),
        };
        let changed = match typed.is_set("weg") {
            true => agreements::end(&desk.db, actor, operating, using, typed.version(), now).await,
            false => agreements::put(&desk.db, actor, operating, using, change, now).await.map(drop),
        };
        let done = if typed.is_set("weg") { "agreement-gone" } else { "agreement" };
        match changed {
            Ok(()) => return Ok(lead_done(HERE, done)),
            Err(AppError::Conflict(_)) => {
                status = StatusCode::CONFLICT;
                shell.fault("", "fault-meanwhile");
            }
            Err(AppError::Invalid(faults)) => {
                let fields = [
                    ("land", "ab", "fault-agreement-same"),
                    ("until", "bis", "fault-valid"),
                    ("reference", "beleg", "fault-short-text"),
                    ("note", "notiz", "fault-long-text"),
                    ("version", "", "fault-meanwhile"),
                ];
                mark(&mut shell, &faults, &fields);
            }
            Err(fault) => return Err(fault.into()),
        }
    }
    let known = known(&state, operating, using).await?;
    Ok(show_form(status, shell, (operating, using), known.as_ref(), Some(typed)))
}
