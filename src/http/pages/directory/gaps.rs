//! What is missing, by municipality and service, with what to do and the form that does it.
//!
//! Invariant: a link stands only where its reader may do what it leads to; else it is said who may. Looked through are
//! so many adoptions at a time; where there are more, the page says so and asks to narrow. The table (CSV) is whole.
//! Those that are prepared or suspended are not looked through; the page counts them and leads to them.

use std::collections::HashMap;

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;
use serde::Deserialize;

use super::{address, day, keeps_all, service_choice, service_name, word_choice};
use crate::access::{Action, Caller, Object};
use crate::directory::{AdoptionState, Contact, Gap, GapKind, GapQuery, Severity, Snapshot, contacts_of};
use crate::error::AppError;
use crate::http::State;
use crate::http::api::directory::contacts::may_change_this;
use crate::http::auth::{parse_query, right};
use crate::http::pages::field::{Choice, Field};
use crate::http::pages::grants;
use crate::http::pages::login::PageResult;
use crate::http::pages::shell::{Shell, show};
use crate::http::visitor::Staff;
use crate::keys::{ArsPrefix, LANDS, Slug, fold};
use crate::tickets::gaps::gaps as find_gaps;

/// The address of the page.
pub const HERE: &str = "/luecken";
/// So many adoptions are looked through for one page.
const MOST: i64 = 2000;
/// How many gaps a page shows.
const AT_ONCE: u32 = 100;

/// Which gaps.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Wanted {
    ort: String,
    dienst: String,
    schwere: String,
    art: String,
    kontakt: String,
    nach: String,
}

#[derive(Template)]
#[template(path = "gaps.html")]
struct Gaps {
    shell: Shell,
    place: Field,
    service: Choice,
    severity: Choice,
    kind: Choice,
    summary: Vec<(&'static str, String, String)>,
    groups: Vec<Group>,
    /// Adoptions that are not looked through, with the list of them.
    left_out: Vec<(String, String)>,
    csv: String,
    next: Option<String>,
    is_filtered: bool,
    is_cut: bool,
}

/// The gaps of one service in one municipality.
struct Group {
    place: String,
    service: String,
    href: Option<String>,
    lines: Vec<Line>,
}

/// A gap in a row.
struct Line {
    sign: &'static str,
    is_bad: bool,
    severity: String,
    message: String,
    remedy: String,
    since: String,
    /// Where it is closed, and what the link says; or who may.
    way: Result<(String, String), String>,
}

fn sign(severity: Severity) -> &'static str {
    match severity {
        Severity::Blocks => "late",
        Severity::Soon => "due",
        Severity::Note => "none",
    }
}

/// The page.
pub async fn list(state: Data<State>, request: HttpRequest, page: Staff<right::ReadDirectory>) -> PageResult {
    let wanted: Wanted = parse_query(request.query_string())?;
    let (caller, directory) = (&page.person.caller, state.directory().current());
    let mut shell = Shell::new(&state, &request, &page.person.visitor);
    let region = match grants::region_of(&directory, &wanted.ort) {
        Ok(region) => Some(region).filter(|region| !region.as_str().is_empty()),
        Err(key) => {
            shell.fault("ort", key);
            None
        }
    };
    let query = GapQuery {
        service: wanted.dienst.parse().ok(),
        reach: caller.reach(Action::ReadDirectory),
        region: region.clone(),
        kind: wanted.art.parse().ok(),
        severity: wanted.schwere.parse().ok(),
        contact: wanted.kontakt.parse().ok(),
        most: Some(MOST),
    };
    let is_cut = is_cut(&state, &query).await?;
    let left_out = left_out(&state, &shell, &wanted, &query).await?;
    let mut found = find_gaps(state.desk(), query, state.today()).await?;
    let summary = summary(&shell, &wanted, &found);
    // By place for people who look at one after the other.
    found.sort_by_cached_key(|gap| (fold(&gap.municipality), gap.ars.clone(), gap.service.clone(), gap.severity));
    let cursor = Some(wanted.nach.clone()).filter(|cursor| !cursor.is_empty());
    let (some, next) = some_of(found, cursor);
    let contacts = named(&state, &some).await?;
    let csv_region = region.map(|region| region.to_string()).unwrap_or_default();
    let csv = [
        ("service", &*wanted.dienst),
        ("ars", &csv_region),
        ("severity", &wanted.schwere),
        ("kind", &wanted.art),
        ("contact", &wanted.kontakt),
    ];
    let shown = Gaps {
        place: Field::text(&shell, "ort", &shell.say("channels-place"), &wanted.ort).kind("search").may_be_empty(),
        service: service_choice(&shell, &directory, "state-all", &wanted.dienst),
        severity: word_choice(
            &shell,
            ("schwere", "gaps-severity", Some("state-all")),
            Severity::ALL,
            |one| format!("severity-{one}"),
            &wanted.schwere,
        ),
        kind: word_choice(
            &shell,
            ("art", "gaps-kind", Some("state-all")),
            GapKind::ALL,
            |one| format!("gap-{one}").replace('_', "-"),
            &wanted.art,
        ),
        summary,
        groups: groups(&shell, &directory, caller, &contacts, some),
        left_out,
        csv: address("/api/v1/gaps.csv", &csv),
        next: next.map(|cursor| wanted.at(&[("nach", &cursor)])),
        is_filtered: wanted.is_filtered(),
        is_cut,
        shell,
    };
    Ok(show(StatusCode::OK, &shown.shell, &shown))
}

impl Wanted {
    fn is_filtered(&self) -> bool {
        [&self.ort, &self.dienst, &self.schwere, &self.art, &self.kontakt].iter().any(|text| !text.is_empty())
    }

    /// The same page with something else asked.
    fn at(&self, other: &[(&str, &str)]) -> String {
        let own = [
            ("ort", &*self.ort),
            ("dienst", &self.dienst),
            ("schwere", &self.schwere),
            ("art", &self.art),
            ("kontakt", &self.kontakt),
        ];
        let kept = own.into_iter().filter(|(name, _)| !other.iter().any(|(changed, _)| changed == name));
        let pairs: Vec<(&str, &str)> = kept.chain(other.iter().copied()).collect();
        address(HERE, &pairs)
    }
}

/// True where there are more adoptions than are looked through.
async fn is_cut(state: &State, query: &GapQuery) -> Result<bool, AppError> {
    let query = query.clone();
    state.desk().db.read(move |conn| crate::directory::gaps_are_cut(conn, &query)).await
}

/// How many adoptions are not looked through because they are prepared or suspended, each with the list of them.
async fn left_out(
    state: &State,
    shell: &Shell,
    wanted: &Wanted,
    query: &GapQuery,
) -> Result<Vec<(String, String)>, AppError> {
    let asked = query.clone();
    let counts = state.desk().db.read(move |conn| crate::directory::gaps_leave_out(conn, &asked)).await?;
    let region = query.region.as_ref().map_or("", ArsPrefix::as_str);
    // The list is narrowed to a Land by its code, to any other place by what was typed.
    let land = LANDS.iter().find(|(_, number, _)| *number == region).map_or("", |(code, ..)| *code);
    let place = if land.is_empty() { wanted.ort.trim() } else { "" };
    let line = |(state, count): (AdoptionState, i64)| {
        let pairs = [("q", place), ("dienst", &*wanted.dienst), ("land", land), ("stand", state.as_str())];
        let words = shell.with(&format!("gaps-left-{state}"), "count", count);
        (count > 0).then(|| (address("/anschluesse", &pairs), words))
    };
    Ok(counts.into_iter().filter_map(line).collect())
}

/// So many by severity, each with the page that shows only these.
fn summary(shell: &Shell, wanted: &Wanted, found: &[Gap]) -> Vec<(&'static str, String, String)> {
    let count = |severity: Severity| found.iter().filter(|gap| gap.severity == severity).count();
    let of = |severity: &Severity| {
        let count = count(*severity);
        let words = shell.with(&format!("gaps-count-{severity}"), "count", count);
        (count > 0).then(|| (sign(*severity), wanted.at(&[("schwere", severity.as_str())]), words))
    };
    Severity::ALL.iter().filter_map(of).collect()
}

/// The part of them that a page shows; the cursor is how many stand before it.
fn some_of(found: Vec<Gap>, cursor: Option<String>) -> (Vec<Gap>, Option<String>) {
    let before: usize = cursor.and_then(|cursor| cursor.parse().ok()).unwrap_or_default();
    let most = AT_ONCE as usize;
    let next = (found.len() > before + most).then(|| (before + most).to_string());
    (found.into_iter().skip(before).take(most).collect(), next)
}

async fn named(state: &State, gaps: &[Gap]) -> Result<HashMap<Slug, Contact>, AppError> {
    let slugs: Vec<Slug> = gaps.iter().filter_map(|gap| gap.contact.clone()).collect();
    let found = state.desk().db.read(move |conn| contacts_of(conn, &slugs)).await?;
    Ok(found.into_iter().map(|contact| (contact.slug.clone(), contact)).collect())
}

fn groups(
    shell: &Shell,
    directory: &Snapshot,
    caller: &Caller,
    contacts: &HashMap<Slug, Contact>,
    gaps: Vec<Gap>,
) -> Vec<Group> {
    let mut groups: Vec<(Gap, Group)> = Vec::new();
    for gap in gaps {
        let line = Line {
            sign: sign(gap.severity),
            is_bad: gap.severity == Severity::Blocks,
            severity: shell.say(&format!("severity-{}", gap.severity)),
            message: gap.message.clone(),
            remedy: gap.remedy.clone(),
            since: gap.since.map(|since| day(shell.language, since)).unwrap_or_default(),
            way: way(shell, directory, caller, contacts, &gap),
        };
        match groups.last_mut() {
            Some((last, group)) if (&last.ars, &last.service) == (&gap.ars, &gap.service) => group.lines.push(line),
            _ => {
                let group = Group {
                    place: gap.municipality.clone(),
                    service: service_name(directory, gap.service.as_str()),
                    href: gap.adoption.map(|id| format!("/anschluesse/{id}")),
                    lines: vec![line],
                };
                groups.push((gap, group));
            }
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

/// Where a gap is closed and what the link says; else who may close it.
fn way(
    shell: &Shell,
    directory: &Snapshot,
    caller: &Caller,
    contacts: &HashMap<Slug, Contact>,
    gap: &Gap,
) -> Result<(String, String), String> {
    use GapKind::*;
    let object = Object { ars: Some(&gap.ars), service: Some(&gap.service), channel: None };
    let may_adopt = caller.may(Action::ChangeAdoption).is_ok() && caller.sees(Action::ChangeAdoption, object);
    let contact = gap.contact.as_ref().and_then(|slug| contacts.get(slug));
    let duty = |duty: &str| gap.adoption.map(|id| format!("/anschluesse/{id}/zustaendig/{duty}"));
    let of_contact = |rest: &str| gap.contact.as_ref().map(|slug| format!("/kontakte/{slug}{rest}"));
    let there = [("dienst", gap.service.as_str()), ("ars", gap.ars.as_str())];
    let (href, may, key) = match gap.kind {
        NoCentral => (duty("central"), may_adopt, "close-name"),
        NoTechnical => (duty("technical"), may_adopt, "close-name"),
        NoFunctional => (duty("functional"), may_adopt, "close-name"),
        NoEmergency | EmergencyInHoursOnly => (duty("emergency"), may_adopt, "close-name"),
        NoProjectLead => (duty("project_lead"), may_adopt, "close-name"),
        NoSpecialistProcedure => (duty("specialist_procedure"), may_adopt, "close-name"),
        NoDataProtection => (duty("data_protection"), may_adopt, "close-name"),
        NoDataProcessor => (duty("data_processor"), may_adopt, "close-name"),
        NoChannel | Not115 => (Some(address("/kanaele/neu", &there)), may_adopt, "close-channel"),
        NoAdoption => (Some(address("/anschluesse/neu", &there)), may_adopt, "close-adoption"),
        Checklist => {
            let point = gap.adoption.zip(gap.item).map(|(id, item)| format!("/anschluesse/{id}/punkte/{item}"));
            (point, may_adopt, "close-point")
        }
        NoAgreement => {
            let operating = directory.service(gap.service.as_str()).map(|service| service.operating_land);
            let href = operating.zip(gap.ars.land()).map(|(op, using)| format!("/vereinbarungen/{op}/{using}"));
            (href, keeps_all(caller), "close-agreement")
        }
        // What is ended is not put right; somebody else takes the duty.
        Unreachable if contact.is_some_and(|contact| contact.is_ended) => {
            (gap.adoption.map(|id| format!("/anschluesse/{id}")), may_adopt, "close-name")
        }
        _ => {
            let may = contact.is_some_and(|contact| may_change_this(caller, contact));
            let (rest, key) = match gap.kind {
                Unconfirmed | Stale => ("#bestaetigung", "close-ask"),
                AbsentWithoutDeputy | DeputyUnavailable => ("#abwesenheit", "close-deputy"),
                ChangeFailed => ("#geplant", "close-plan"),
                WebhookDisabled => ("/system", "close-webhook"),
                Bounced => ("/bearbeiten#mail", "close-mail"),
                EmergencyWithoutPhone => ("/bearbeiten#telefon", "close-phone"),
                _ => ("/bearbeiten", "close-contact"),
            };
            (of_contact(rest), may, key)
        }
    };
    match href.filter(|_| may) {
        Some(href) => Ok((href, shell.say(key))),
        None => Err(who_may(shell, gap, contact)),
    }
}

fn who_may(shell: &Shell, gap: &Gap, contact: Option<&Contact>) -> String {
    match (gap.kind, contact.map(|contact| contact.owner.is_none())) {
        (GapKind::NoAgreement, _) | (_, Some(true)) => shell.say("may-all"),
        (_, Some(false)) => shell.say("may-owner"),
        (_, None) => shell.say("may-editor"),
    }
}
