//! The page of text modules: what there is, and the form to write one.
//!
//! Invariant: who keeps which texts says `tickets/text_modules.rs`; what somebody may only read comes without a button.
//! A change names the version it was made against.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;

use super::directory::region_name;
use super::field::{Choice, Field};
use super::grants::region_of;
use super::login::PageResult;
use super::shell::{Shell, lead_done, show};
use crate::access::{Action, Caller};
use crate::directory::Snapshot;
use crate::error::AppError;
use crate::http::State;
use crate::http::auth::{parse_query, right};
use crate::http::visitor::{Person, Staff, StaffForm};
use crate::ids::TextModuleId;
use crate::tickets::text_modules::{self, PLACES, TextLanguage, TextModule, WriteTextModule};

/// The address of the list.
const HERE: &str = "/textbausteine";
/// How many a page shows.
const AT_ONCE: usize = 50;

/// What was typed.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Typed {
    titel: String,
    text: String,
    sprache: String,
    dienst: String,
    gebiet: String,
    version: Option<i32>,
}

#[derive(Template)]
#[template(path = "text_modules.html")]
struct List {
    shell: Shell,
    items: Vec<(String, String, String)>,
    next: Option<String>,
    form: Form,
}

#[derive(Template)]
#[template(path = "text_module.html")]
struct One {
    shell: Shell,
    title: String,
    here: String,
    version: i32,
    may_keep: bool,
    form: Form,
}

/// The form of a text.
struct Form {
    title: Field,
    body: Field,
    language: Choice,
    service: Choice,
    region: Field,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    nach: Option<String>,
}

impl Typed {
    fn of(module: &TextModule) -> Self {
        Self {
            titel: module.title.clone(),
            text: module.body.clone(),
            sprache: module.language.to_string(),
            dienst: module.service.as_ref().map(ToString::to_string).unwrap_or_default(),
            gebiet: module.region.as_str().to_owned(),
            version: Some(module.version),
        }
    }

    /// Empty, for the region that somebody works for.
    fn new(caller: &Caller) -> Self {
        let reach = caller.reach(Action::AssessTicket);
        let first = reach.layers().first().and_then(|layer| layer.first());
        let region = first.map(|term| term.scope.region.as_str().to_owned()).unwrap_or_default();
        Self { gebiet: region, ..Self::default() }
    }

    fn wanted(self, directory: &Snapshot) -> Result<WriteTextModule, AppError> {
        let region = region_of(directory, &self.gebiet).map_err(|_| AppError::field("region", "is no region"))?;
        Ok(WriteTextModule {
            region,
            service: Some(self.dienst),
            language: self.sprache.parse().unwrap_or(TextLanguage::German),
            title: self.titel,
            body: self.text,
            version: self.version,
        })
    }

    fn form(&self, state: &State, shell: &Shell) -> Form {
        let directory = state.directory().current();
        let services = directory.services().iter().map(|one| (one.slug.to_string(), one.name.to_string()));
        let all = std::iter::once((String::new(), shell.say("text-every-service"))).chain(services).collect();
        let languages =
            TextLanguage::ALL.iter().map(|one| (one.to_string(), shell.say(&format!("text-language-{one}"))));
        let places = PLACES.map(|name| format!("{{{name}}}")).join(", ");
        Form {
            title: Field::text(shell, "titel", &shell.say("text-title"), &self.titel),
            body: Field::text(shell, "text", &shell.say("text-body"), &self.text)
                .hint(shell.with("text-body-hint", "places", places))
                .kind("textarea"),
            language: Choice::new(shell, "sprache", &shell.say("text-language"), languages.collect(), &self.sprache),
            service: Choice::new(shell, "dienst", &shell.say("text-service"), all, &self.dienst),
            region: Field::text(shell, "gebiet", &shell.say("text-region"), &self.gebiet)
                .hint(shell.say("text-region-hint"))
                .may_be_empty(),
        }
    }
}

/// What there is, and the form for one more.
pub async fn list(state: Data<State>, request: HttpRequest, asking: Staff<right::AssessTicket>) -> PageResult {
    let asked: Asked = parse_query(request.query_string())?;
    let shell = Shell::new(&state, &request, &asking.person.visitor);
    let typed = Typed::new(&asking.person.caller);
    Ok(show_list(StatusCode::OK, &state, &asking.person, shell, typed, asked.nach).await?)
}

async fn show_list(
    status: StatusCode,
    state: &State,
    person: &Person,
    shell: Shell,
    typed: Typed,
    after: Option<String>,
) -> Result<HttpResponse, AppError> {
    let found = text_modules::list(state.desk(), person.caller.clone(), after, AT_ONCE).await?;
    let directory = state.directory().current();
    let about = |one: &TextModule| {
        let service = one.service.as_ref().and_then(|slug| directory.service(slug.as_str()));
        let service = service.map_or_else(|| shell.say("text-every-service"), |service| service.name.to_string());
        let region = region_name(&shell, &directory, &one.region);
        format!("{} · {service} · {region}", shell.say(&format!("text-language-{}", one.language)))
    };
    let items = found.items.iter().map(|one| (format!("{HERE}/{}", one.id), one.title.clone(), about(one))).collect();
    let shown = List {
        items,
        next: found.next_cursor.map(|cursor| format!("{HERE}?nach={cursor}")),
        form: typed.form(state, &shell),
        shell: shell.at(HERE),
    };
    Ok(show(status, &shown.shell, &shown))
}

/// Makes one.
pub async fn create(
    state: Data<State>,
    request: HttpRequest,
    sent: StaffForm<right::AssessTicket, Typed>,
) -> PageResult {
    let (person, typed) = (sent.person, sent.body);
    let kept = Typed { version: None, ..typed.again() };
    let made = match typed.wanted(&state.directory().current()) {
        Ok(new) => text_modules::create(state.desk(), person.caller.clone(), new, None).await,
        Err(fault) => Err(fault),
    };
    match made {
        Ok(_) => Ok(lead_done(HERE, "text-made")),
        Err(AppError::Invalid(faults)) => {
            let mut shell = Shell::new(&state, &request, &person.visitor);
            mark(&mut shell, &faults);
            Ok(show_list(StatusCode::UNPROCESSABLE_ENTITY, &state, &person, shell, kept, None).await?)
        }
        Err(fault) => Err(fault.into()),
    }
}

impl Typed {
    fn again(&self) -> Self {
        let Self { titel, text, sprache, dienst, gebiet, version } = self;
        Self {
            titel: titel.clone(),
            text: text.clone(),
            sprache: sprache.clone(),
            dienst: dienst.clone(),
            gebiet: gebiet.clone(),
            version: *version,
        }
    }
}

fn mark(shell: &mut Shell, faults: &[crate::error::FieldError]) {
    shell.mark(faults, |fault| match fault.field.as_str() {
        "title" => ("titel".to_owned(), "text-fault-title"),
        "body" if fault.message.contains("is unknown") => ("text".to_owned(), "text-fault-place"),
        "body" => ("text".to_owned(), "text-fault-body"),
        "service" => ("dienst".to_owned(), "text-fault-service"),
        _ => ("gebiet".to_owned(), "text-fault-region"),
    });
}

/// One of them.
pub async fn view(
    state: Data<State>,
    request: HttpRequest,
    asking: Staff<right::AssessTicket>,
    id: Path<TextModuleId>,
) -> PageResult {
    let found = text_modules::read(state.desk(), asking.person.caller.clone(), *id).await?;
    let shell = Shell::new(&state, &request, &asking.person.visitor);
    Ok(show_one(StatusCode::OK, &state, &asking.person, shell, &found, Typed::of(&found)))
}

fn show_one(
    status: StatusCode,
    state: &State,
    person: &Person,
    shell: Shell,
    found: &TextModule,
    typed: Typed,
) -> HttpResponse {
    let here = format!("{HERE}/{}", found.id);
    let shown = One {
        title: found.title.clone(),
        version: found.version,
        may_keep: person.caller.sees_region(Action::AssessTicket, &found.region),
        form: typed.form(state, &shell),
        shell: shell.at(here.as_str()),
        here,
    };
    show(status, &shown.shell, &shown)
}

/// Changes one.
pub async fn change(
    state: Data<State>,
    request: HttpRequest,
    sent: StaffForm<right::AssessTicket, Typed>,
    id: Path<TextModuleId>,
) -> PageResult {
    let (person, typed) = (sent.person, sent.body);
    let kept = typed.again();
    let changed = match typed.wanted(&state.directory().current()) {
        Ok(wanted) => text_modules::change(state.desk(), person.caller.clone(), *id, wanted).await,
        Err(fault) => Err(fault),
    };
    let mut shell = Shell::new(&state, &request, &person.visitor);
    let status = match changed {
        Ok(_) => return Ok(lead_done(HERE, "text-changed")),
        Err(AppError::Invalid(faults)) => {
            mark(&mut shell, &faults);
            StatusCode::UNPROCESSABLE_ENTITY
        }
        Err(AppError::Conflict(_)) => {
            shell.fault("", "text-fault-stale");
            StatusCode::CONFLICT
        }
        Err(fault) => return Err(fault.into()),
    };
    let found = text_modules::read(state.desk(), person.caller.clone(), *id).await?;
    Ok(show_one(status, &state, &person, shell, &found, kept))
}

/// The version that is to be deleted.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ended {
    version: i32,
}

/// Deletes one.
pub async fn end(
    state: Data<State>,
    request: HttpRequest,
    sent: StaffForm<right::AssessTicket, Ended>,
    id: Path<TextModuleId>,
) -> PageResult {
    let (person, version) = (sent.person, sent.body.version);
    match text_modules::end(state.desk(), person.caller.clone(), *id, version).await {
        Ok(()) => Ok(lead_done(HERE, "text-ended")),
        Err(AppError::Conflict(_)) => {
            let mut shell = Shell::new(&state, &request, &person.visitor);
            shell.fault("", "text-fault-stale");
            let found = text_modules::read(state.desk(), person.caller.clone(), *id).await?;
            Ok(show_one(StatusCode::CONFLICT, &state, &person, shell, &found, Typed::of(&found)))
        }
        Err(fault) => Err(fault.into()),
    }
}
