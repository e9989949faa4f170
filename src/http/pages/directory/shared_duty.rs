//! Who answers for a service as a whole, and where a Land steps in: lists that all municipalities share.
//!
//! Invariant: everybody who reads the directory reads them; they are changed by whoever keeps the directory of all, as
//! over the API, with the version that was read. A duty of one municipality is `duty.rs`.

use std::collections::HashMap;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::changed::{ChangeLine, history, meanwhile};
use super::duty::Holder;
use super::named::{meant, offered};
use super::typed::Typed;
use super::{keeps_all, region_name, span};
use crate::access::Action;
use crate::directory::lands::{self, LandChange};
use crate::directory::services::{self, SecondLevel, ServiceChange};
use crate::directory::versions;
use crate::directory::{Assigned, Duty, Kind, Land, PageRequest, Service, contacts_of};
use crate::error::AppError;
use crate::http::State;
use crate::http::api::directory::reach;
use crate::http::auth::{parse_query, right};
use crate::http::pages::field::Field;
use crate::http::pages::grants;
use crate::http::pages::login::PageResult;
use crate::http::pages::shell::{Shell, lead_done, show};
use crate::http::visitor::{Person, Staff, StaffForm};
use crate::keys::{ArsPrefix, LandCode, Slug};

/// The address of the list.
pub const HERE: &str = "/zustaendigkeiten";
const AT_ONCE: u32 = 100;
/// The lists of a service.
const OF_SERVICE: [Duty; 3] = [Duty::Technical, Duty::Functional, Duty::Emergency];

type Form = StaffForm<right::ChangeDirectory, HashMap<String, String>>;

#[derive(Template)]
#[template(path = "shared_duties.html")]
struct Overview {
    shell: Shell,
    services: Vec<Line>,
    lands: Vec<Line>,
    next: Option<String>,
}

/// A service or a Land, with each of its lists.
struct Line {
    name: String,
    second: String,
    lists: Vec<(String, String, usize)>,
}

#[derive(Template)]
#[template(path = "shared_duty.html")]
struct DutyPage {
    shell: Shell,
    here: String,
    of: String,
    title: String,
    what: String,
    holders: Vec<Holder>,
    may_change: bool,
    version: i32,
    fields: Vec<Field>,
    days: [Field; 2],
    contacts: Vec<(String, String)>,
    others: Vec<(String, String, bool)>,
    history: Vec<ChangeLine>,
}

/// A list that all municipalities share.
enum Subject {
    /// Of a service: who is asked technical or functional questions, and who in an emergency.
    Service(Box<Service>, Duty),
    /// Who is asked where nobody else is named.
    Land(Land),
}

impl Subject {
    async fn of(state: &State, at: &(String, String)) -> Result<Self, AppError> {
        let duty: Duty = at.1.parse().map_err(|_| AppError::NotFound)?;
        if !OF_SERVICE.contains(&duty) {
            return Err(AppError::NotFound);
        }
        let slug: Slug = at.0.parse().map_err(|_| AppError::NotFound)?;
        Ok(Self::Service(Box::new(services::read(&state.desk().db, slug).await?), duty))
    }

    async fn of_land(state: &State, at: &str) -> Result<Self, AppError> {
        let code: LandCode = at.parse().map_err(|_| AppError::NotFound)?;
        Ok(Self::Land(lands::read(&state.desk().db, code).await?))
    }

    fn here(&self) -> String {
        match self {
            Self::Service(service, duty) => format!("{HERE}/dienste/{}/{duty}", service.slug),
            Self::Land(land) => format!("{HERE}/laender/{}", land.code),
        }
    }

    fn version(&self) -> i32 {
        match self {
            Self::Service(service, _) => service.version,
            Self::Land(land) => land.version,
        }
    }

    /// By what its versions are kept.
    fn kept(&self) -> (versions::Kind, String) {
        match self {
            Self::Service(service, _) => (versions::Kind::Service, service.slug.to_string()),
            Self::Land(land) => (versions::Kind::Land, land.code.to_string()),
        }
    }

    /// True where somebody may answer for a region alone.
    fn has_regions(&self) -> bool {
        matches!(self, Self::Service(_, Duty::Technical | Duty::Functional))
    }

    fn list(&self) -> Vec<(ArsPrefix, Assigned)> {
        let everywhere = |list: &[Assigned]| list.iter().map(|one| (ArsPrefix::everywhere(), one.clone())).collect();
        match self {
            Self::Land(land) => everywhere(&land.second_level),
            Self::Service(service, Duty::Emergency) => everywhere(&service.emergency),
            Self::Service(service, duty) => {
                let its = service.second_level.iter().filter(|level| level.kind == kind_of(*duty));
                its.flat_map(|level| level.contacts.iter().map(|one| (level.ars.clone(), one.clone()))).collect()
            }
        }
    }

    /// Stores the list as it is to be.
    async fn store(
        &self,
        state: &State,
        person: &Person,
        list: Vec<(ArsPrefix, Assigned)>,
        version: Option<i32>,
    ) -> Result<(), AppError> {
        let (desk, actor, now) = (state.desk(), &person.caller.actor, state.desk().clock.now());
        let plain = |list: Vec<(ArsPrefix, Assigned)>| Some(list.into_iter().map(|(_, one)| one).collect());
        match self {
            Self::Land(land) => {
                let change = LandChange { version, second_level: plain(list), ..Default::default() };
                lands::change(&desk.db, actor, land.code, change, now).await.map(drop)
            }
            Self::Service(service, Duty::Emergency) => {
                let change = ServiceChange { version, emergency: plain(list), ..Default::default() };
                services::change(&desk.db, actor, service.slug.clone(), change, now).await.map(drop)
            }
            Self::Service(service, duty) => {
                let kind = kind_of(*duty);
                let mut levels: Vec<SecondLevel> =
                    service.second_level.iter().filter(|level| level.kind != kind).cloned().collect();
                for (ars, one) in list {
                    match levels.iter_mut().find(|level| level.kind == kind && level.ars == ars) {
                        Some(level) => level.contacts.push(one),
                        None => levels.push(SecondLevel { kind, ars, contacts: vec![one] }),
                    }
                }
                let change = ServiceChange { version, second_level: Some(levels), ..Default::default() };
                services::change(&desk.db, actor, service.slug.clone(), change, now).await.map(drop)
            }
        }
    }
}

fn kind_of(duty: Duty) -> Kind {
    if duty == Duty::Functional { Kind::Functional } else { Kind::Technical }
}

/// All services and Länder.
pub async fn list(state: Data<State>, request: HttpRequest, page: Staff<right::ReadDirectory>) -> PageResult {
    let shell = Shell::new(&state, &request, &page.person.visitor);
    let wanted: HashMap<String, String> = parse_query(request.query_string())?;
    let paged = PageRequest { limit: Some(AT_ONCE), cursor: wanted.get("nach").cloned() };
    let found = services::list(&state.desk().db, services::ServiceQuery::default(), paged).await?;
    let service = |service: Service| {
        let list = |duty: &Duty| {
            let subject = Subject::Service(Box::new(service.clone()), *duty);
            (subject.here(), shell.say(&format!("duty-{duty}")), subject.list().len())
        };
        let operated = [("operator", service.operator.clone()), ("land", service.operating_land.name().to_owned())];
        Line {
            name: service.name.clone(),
            second: shell.language.with_all("shared-operated", &operated),
            lists: OF_SERVICE.iter().map(list).collect(),
        }
    };
    let land = |land: Land| {
        let list = (format!("{HERE}/laender/{}", land.code), shell.say("shared-fallback"), land.second_level.len());
        Line { name: land.name, second: String::new(), lists: vec![list] }
    };
    let is_first = !wanted.contains_key("nach");
    let all = lands::list(&state.desk().db).await?.into_iter().filter(|_| is_first);
    let shown = Overview {
        services: found.items.into_iter().map(service).collect(),
        lands: all.map(land).collect(),
        next: found.next_cursor.map(|cursor| super::address(HERE, &[("nach", &cursor)])),
        shell,
    };
    Ok(show(StatusCode::OK, &shown.shell, &shown))
}

/// One list of a service.
pub async fn service(
    state: Data<State>,
    request: HttpRequest,
    page: Staff<right::ReadDirectory>,
    at: Path<(String, String)>,
) -> PageResult {
    let subject = Subject::of(&state, &at).await?;
    let shell = Shell::new(&state, &request, &page.person.visitor);
    Ok(show_duty(StatusCode::OK, &state, &page.person, shell, &subject, Typed::default()).await?)
}

/// The fallback of a Land.
pub async fn land(
    state: Data<State>,
    request: HttpRequest,
    page: Staff<right::ReadDirectory>,
    at: Path<String>,
) -> PageResult {
    let subject = Subject::of_land(&state, &at).await?;
    let shell = Shell::new(&state, &request, &page.person.visitor);
    Ok(show_duty(StatusCode::OK, &state, &page.person, shell, &subject, Typed::default()).await?)
}

async fn show_duty(
    status: StatusCode,
    state: &State,
    person: &Person,
    shell: Shell,
    subject: &Subject,
    typed: Typed,
) -> Result<HttpResponse, AppError> {
    let directory = state.directory().current();
    let list = subject.list();
    let slugs: Vec<Slug> = list.iter().map(|(_, one)| one.contact.clone()).collect();
    let named = state.desk().db.read(move |conn| contacts_of(conn, &slugs)).await?;
    let seen = |slug: &Slug| named.iter().find(|one| one.slug == *slug);
    let sees = |owner: Option<&ArsPrefix>| reach::sees_owner(&person.caller, Action::ReadDirectory, owner);
    let holder = |(index, (region, one)): (usize, &(ArsPrefix, Assigned))| {
        let days = span(&shell, one.from, one.until);
        let place = Some(region_name(&shell, &directory, region)).filter(|_| subject.has_regions());
        let second = place.into_iter().chain(one.person.clone()).chain(Some(days).filter(|days| !days.is_empty()));
        let contact = seen(&one.contact);
        Holder {
            index,
            href: match contact.is_some_and(|contact| sees(contact.owner.as_ref())) {
                true => format!("/kontakte/{}", one.contact),
                false => String::new(),
            },
            name: contact.map_or_else(|| one.contact.to_string(), |contact| contact.name.clone()),
            second: second.collect::<Vec<_>>().join(" · "),
            is_over: one.until.is_some_and(|until| until < state.today()),
            is_ended: contact.is_none_or(|contact| contact.is_ended),
        }
    };
    let here = subject.here();
    let field = |id: &str, key: &str| Field::text(&shell, id, &shell.say(key), typed.get(id));
    let mut fields = vec![
        field("kontakt", "point-contact").hint(shell.say("point-contact-hint")).offering("alle-kontakte"),
        field("person", "point-person").hint(shell.say("point-person-hint")).may_be_empty(),
    ];
    if subject.has_regions() {
        fields.insert(1, field("ort", "shared-region").hint(shell.say("shared-region-hint")).may_be_empty());
    }
    let may_change = keeps_all(&person.caller);
    let (of, title, what, others) = match subject {
        Subject::Land(land) => {
            (land.name.clone(), shell.say("shared-fallback"), shell.say("shared-fallback-what"), Vec::new())
        }
        Subject::Service(service, duty) => {
            let other = |one: &Duty| {
                (format!("{HERE}/dienste/{}/{one}", service.slug), shell.say(&format!("duty-{one}")), one == duty)
            };
            let title = shell.say(&format!("duty-{duty}"));
            let what = shell.say(&format!("shared-{duty}-what"));
            (service.name.clone(), title, what, OF_SERVICE.iter().map(other).collect())
        }
    };
    let (kind, key) = subject.kept();
    let page = DutyPage {
        of,
        title,
        what,
        holders: list.iter().enumerate().map(holder).collect(),
        may_change,
        version: subject.version(),
        fields,
        days: [
            field("von", "duty-from").kind("date").may_be_empty(),
            field("bis", "duty-until").kind("date").may_be_empty(),
        ],
        contacts: if may_change { offered(state, person).await? } else { Vec::new() },
        others,
        history: history(state, &shell, kind, key).await?,
        shell: shell.at(here.as_str()),
        here,
    };
    Ok(show(status, &page.shell, &page))
}

/// The list as it is to be: without the one whose button was pressed, or with the one that was typed at its end.
async fn wanted(
    state: &State,
    shell: &mut Shell,
    person: &Person,
    subject: &Subject,
    typed: &Typed,
) -> Result<Option<Vec<(ArsPrefix, Assigned)>>, AppError> {
    let mut list = subject.list();
    if let Ok(index) = typed.get("ohne").parse::<usize>() {
        if index < list.len() {
            list.remove(index);
        }
        return Ok(Some(list));
    }
    let contact = meant(state, person, shell, typed.get("kontakt")).await?;
    let (from, until) = (typed.day(shell, "von"), typed.day(shell, "bis"));
    let region = match subject.has_regions() {
        true => grants::region_of(&state.directory().current(), typed.get("ort")),
        false => Ok(ArsPrefix::everywhere()),
    };
    if let Err(key) = region {
        shell.fault("ort", key);
    }
    let Some((contact, region)) = contact.zip(region.ok()).filter(|_| shell.faults.is_empty()) else { return Ok(None) };
    list.push((region, Assigned { contact, person: typed.text("person"), from, until }));
    Ok(Some(list))
}

/// Changes one list of a service.
pub async fn change_service(
    state: Data<State>,
    request: HttpRequest,
    at: Path<(String, String)>,
    form: Form,
) -> PageResult {
    let subject = Subject::of(&state, &at).await?;
    change(&state, &request, &subject, form).await
}

/// Changes the fallback of a Land.
pub async fn change_land(state: Data<State>, request: HttpRequest, at: Path<String>, form: Form) -> PageResult {
    let subject = Subject::of_land(&state, &at).await?;
    change(&state, &request, &subject, form).await
}

async fn change(state: &State, request: &HttpRequest, subject: &Subject, form: Form) -> PageResult {
    let (person, typed) = (form.person, Typed::from(form.body));
    reach::may_change_shared(&person.caller, Action::ChangeDirectory)?;
    let mut shell = Shell::new(state, request, &person.visitor);
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    if let Some(list) = wanted(state, &mut shell, &person, subject, &typed).await? {
        match subject.store(state, &person, list, typed.version()).await {
            Ok(()) => return Ok(lead_done(&subject.here(), "holder")),
            Err(AppError::Conflict(_)) => {
                status = StatusCode::CONFLICT;
                let (kind, key) = subject.kept();
                let told = meanwhile(state, &shell, kind, key, typed.version()).await?;
                shell.fault_text("", told);
            }
            Err(AppError::Invalid(faults)) => super::duty::told(&mut shell, &faults),
            Err(fault) => return Err(fault.into()),
        }
    }
    Ok(show_duty(status, state, &person, shell, subject, typed).await?)
}
