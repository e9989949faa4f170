//! Files into the directory: contacts, help channels, the official list of municipalities, who took whose place, and
//! which postal codes lie where.
//!
//! Invariant: what a file would do is looked at first, row by row; doing it sends the very file that was looked at once
//! more with the fingerprint of what was seen, so that nothing else is done. All rows or none; of the list of
//! municipalities and of mergers that holds for where it begins, as they go by several transactions. The file stays with
//! the page; nothing of it is kept here before.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::changed::value;
use super::contact_form::rhythm_words;
use super::import_faults::{Headings, in_words, of_file};
use super::import_register::{self, List};
use super::keeps_all;
use crate::access::{Action, Caller};
use crate::directory::import::{
    self, Importer, Mode, Plan, PostalCodesPlan, Register, RegisterPlan, RowAction, Summary, TableFile,
};
use crate::error::AppError;
use crate::http::State;
use crate::http::auth::right;
use crate::http::multipart::FileForm;
use crate::http::pages::field::Field;
use crate::http::pages::login::PageResult;
use crate::http::pages::shell::{Shell, show};
use crate::http::visitor::{Person, Staff};
use crate::tickets::relocation;

/// The address of the page.
pub const HERE: &str = "/importe";
/// So many rows are shown; the others are counted.
const SHOWN: usize = 300;

crate::text_enum! {
    /// What a file holds.
    pub enum Sort {
        /// Contacts.
        Contacts = "kontakte",
        /// Help channels.
        Channels = "kanaele",
        /// The official list.
        Municipalities = "gemeinden",
        /// Who took whose place.
        Mergers = "zusammenschluesse",
        /// Which postal codes lie where.
        PostalCodes = "postleitzahlen",
    }
}

impl Sort {
    fn may(self, caller: &Caller) -> bool {
        match self {
            Self::Contacts => caller.may(Action::ChangeContact).is_ok(),
            Self::Channels => caller.may(Action::ChangeAdoption).is_ok(),
            Self::Municipalities | Self::Mergers | Self::PostalCodes => keeps_all(caller),
        }
    }

    fn template(self) -> Option<&'static str> {
        match self {
            Self::Contacts => Some("/api/v1/imports/templates/contacts"),
            Self::Channels => Some("/api/v1/imports/templates/channels"),
            Self::Municipalities | Self::Mergers | Self::PostalCodes => None,
        }
    }

    fn headings(self) -> Headings {
        match self {
            Self::Contacts => Headings::contacts(),
            Self::Channels => Headings::channels(),
            Self::Municipalities => Headings::municipalities(),
            Self::Mergers => Headings::mergers(),
            Self::PostalCodes => Headings::postal_codes(),
        }
    }
}

#[derive(Template)]
#[template(path = "imports.html")]
struct Imports {
    shell: Shell,
    sorts: Vec<(String, String, String, bool)>,
}

/// What can be imported.
pub async fn list(state: Data<State>, request: HttpRequest, page: Staff<right::ChangeContact>) -> PageResult {
    let shell = Shell::new(&state, &request, &page.person.visitor);
    let sort = |sort: &Sort| {
        let (title, what) = (shell.say(&format!("import-{sort}")), shell.say(&format!("import-{sort}-what")));
        (format!("{HERE}/{sort}"), title, what, sort.may(&page.person.caller))
    };
    let shown = Imports { sorts: Sort::ALL.iter().map(sort).collect(), shell };
    Ok(show(StatusCode::OK, &shown.shell, &shown))
}

#[derive(Template)]
#[template(path = "import.html")]
struct ImportPage {
    shell: Shell,
    here: String,
    title: String,
    what: String,
    template: Option<&'static str>,
    file: Field,
    kept: Option<Kept>,
    summary: Vec<(&'static str, String)>,
    notes: Vec<String>,
    rows: Vec<Row>,
    left_out: Option<String>,
    lists: Vec<List>,
    /// What a list of municipalities does not name and leaves as it is.
    stays: Option<List>,
    is_faulty: bool,
    /// True where a file was looked at or done.
    is_told: bool,
    is_done: bool,
}

/// The file that was looked at.
struct Kept {
    name: String,
    bytes: String,
    fingerprint: String,
}

/// A row of the plan.
struct Row {
    number: usize,
    key: String,
    sign: &'static str,
    is_bad: bool,
    action: String,
    lines: Vec<String>,
}

fn page_of(shell: &Shell, sort: Sort) -> ImportPage {
    let (title, what) = (shell.say(&format!("import-{sort}")), shell.say(&format!("import-{sort}-what")));
    ImportPage {
        here: format!("{HERE}/{sort}"),
        title,
        what,
        template: sort.template(),
        file: Field::text(shell, "datei", &shell.say("import-file"), "")
            .kind("file")
            .hint(shell.say("import-file-hint")),
        kept: None,
        summary: Vec::new(),
        notes: Vec::new(),
        rows: Vec::new(),
        left_out: None,
        lists: Vec::new(),
        stays: None,
        is_faulty: false,
        is_told: false,
        is_done: false,
        shell: shell.clone(),
    }
}

fn send(status: StatusCode, page: ImportPage) -> HttpResponse {
    show(status, &page.shell, &page)
}

fn sort_of(at: &str, caller: &Caller) -> Result<Sort, AppError> {
    let sort: Sort = at.parse().map_err(|_| AppError::NotFound)?;
    match sort.may(caller) {
        true => Ok(sort),
        false => Err(AppError::Forbidden("only who keeps the directory of all may import this".into())),
    }
}

/// The form.
pub async fn view(
    state: Data<State>,
    request: HttpRequest,
    page: Staff<right::ReadDirectory>,
    at: Path<String>,
) -> PageResult {
    let sort = sort_of(&at, &page.person.caller)?;
    let shell = Shell::new(&state, &request, &page.person.visitor);
    Ok(send(StatusCode::OK, page_of(&shell, sort)))
}

/// What a plan or an application came to.
enum Outcome {
    Table(Plan),
    Register(RegisterPlan),
    PostalCodes(PostalCodesPlan),
}

/// Looks at the file, or does it.
pub async fn take(
    state: Data<State>,
    request: HttpRequest,
    at: Path<String>,
    form: FileForm<right::ReadDirectory>,
) -> PageResult {
    let person = &form.person;
    let sort = sort_of(&at, &person.caller)?;
    let mut shell = Shell::new(&state, &request, &person.visitor);
    let does = form.text("schritt") == "ausfuehren";
    let (name, bytes) = match form.file("datei") {
        Some(file) if !does => (file.name.clone(), file.bytes.clone()),
        _ => (form.text("name").to_owned(), STANDARD.decode(form.text("inhalt")).unwrap_or_default()),
    };
    if bytes.is_empty() {
        shell.fault("datei", "fault-file");
        return Ok(send(StatusCode::UNPROCESSABLE_ENTITY, page_of(&shell, sort)));
    }
    let fingerprint = Some(form.text("fingerabdruck").to_owned()).filter(|text| !text.is_empty());
    let file = TableFile { name: name.clone(), bytes: bytes.clone(), sheet: None };
    let (page, status) = match run(&state, person, sort, file, does, fingerprint).await {
        Ok(outcome) => {
            let mut page = page_of(&shell, sort);
            let fingerprint = tell(&mut page, sort.headings(), outcome).filter(|_| !does);
            page.kept = fingerprint.map(|fingerprint| Kept { name, bytes: STANDARD.encode(&bytes), fingerprint });
            (page.is_told, page.is_done) = (true, does);
            (page, StatusCode::OK)
        }
        Err(AppError::Conflict(_)) => {
            shell.fault("datei", "fault-import-changed");
            (page_of(&shell, sort), StatusCode::CONFLICT)
        }
        Err(AppError::Invalid(faults)) => {
            for fault in faults.iter().take(SHOWN) {
                let told = of_file(&shell, sort.headings(), fault);
                shell.fault_text("datei", told);
            }
            (page_of(&shell, sort), StatusCode::UNPROCESSABLE_ENTITY)
        }
        Err(fault) => return Err(fault.into()),
    };
    Ok(send(status, page))
}

async fn run(
    state: &State,
    person: &Person,
    sort: Sort,
    file: TableFile,
    does: bool,
    fingerprint: Option<String>,
) -> Result<Outcome, AppError> {
    let (desk, importer, now) = (state.desk(), Importer::caller(&person.caller), state.desk().clock.now());
    let mode = if does { Mode::Apply(fingerprint.clone()) } else { Mode::Preview };
    let register = match sort {
        Sort::Contacts => {
            return Ok(Outcome::Table(import::contacts(&desk.db, &importer, file, mode, now).await?));
        }
        Sort::Channels => {
            return Ok(Outcome::Table(import::channels(&desk.db, &importer, file, mode, now).await?));
        }
        Sort::Mergers => Register { list: None, changes: Some(file) },
        Sort::PostalCodes => {
            return Ok(Outcome::PostalCodes(import::postal_codes(&desk.db, &importer, file, mode, now).await?));
        }
        Sort::Municipalities => Register::of_list(file.name, file.bytes)?,
    };
    if !does {
        return Ok(Outcome::Register(import::plan_municipalities(&desk.db, &register, now).await?));
    }
    let (_, plan) =
        import::apply_municipalities(&desk.db, &importer, &register, fingerprint, now, &mut |_, _| ()).await?;
    relocation::relocate(&desk.db, &person.caller.actor, now).await?;
    Ok(Outcome::Register(plan))
}

/// Puts what was found onto the page; answers the fingerprint to send along, where something can be done.
fn tell(page: &mut ImportPage, headings: Headings, outcome: Outcome) -> Option<String> {
    match outcome {
        Outcome::Table(plan) => {
            table(page, headings, &plan);
            page.is_faulty = plan.faulty > 0;
            (!page.is_faulty && plan.new + plan.changed > 0).then_some(plan.fingerprint)
        }
        Outcome::Register(plan) => {
            register(page, &plan);
            let is_empty = [&plan.renamed, &plan.moved, &plan.changed].iter().all(|changes| changes.is_empty())
                && [&plan.added, &plan.revived].iter().all(|places| places.is_empty())
                && plan.merged.is_empty();
            (!is_empty).then_some(plan.fingerprint)
        }
        Outcome::PostalCodes(PostalCodesPlan { counts, fingerprint }) => {
            let Summary { created, updated, unchanged } = counts;
            let counts = [("new", "new", created), ("assess", "gone", updated), ("ok", "unchanged", unchanged)];
            page.summary = counted(&page.shell, &counts);
            (created + updated > 0).then_some(fingerprint)
        }
    }
}

/// How many there are of each, by sign and key, where there are any.
fn counted(shell: &Shell, counts: &[(&'static str, &str, usize)]) -> Vec<(&'static str, String)> {
    let counts = counts.iter().filter(|(.., count)| *count > 0);
    counts.map(|(sign, key, count)| (*sign, shell.with(&format!("import-count-{key}"), "count", count))).collect()
}

fn table(page: &mut ImportPage, headings: Headings, plan: &Plan) {
    let shell = &page.shell;
    let counts = [
        ("new", "new", plan.new),
        ("assess", "changed", plan.changed),
        ("ok", "unchanged", plan.unchanged),
        ("late", "faulty", plan.faulty),
    ];
    page.summary = counted(shell, &counts);
    page.notes = plan.notes.iter().map(|note| in_words(shell, headings, note)).collect();
    // Faults first, then what changes; what is so already is only counted.
    let mut rows: Vec<&import::PlannedRow> =
        plan.rows.iter().filter(|row| row.action != RowAction::Unchanged).collect();
    rows.sort_by_key(|row| (row.action != RowAction::Fault, row.row));
    let left = rows.len().saturating_sub(SHOWN);
    page.left_out = (left > 0).then(|| shell.with("import-left", "count", left));
    let row = |row: &import::PlannedRow| {
        let changes = row.changes.iter().map(|change| {
            let (label, after) =
                (headings.of(shell.language, &change.field), said(shell, &change.field, &change.after));
            match row.action {
                RowAction::New => format!("{label}: {after}"),
                _ => format!("{label}: {} → {after}", said(shell, &change.field, &change.before)),
            }
        });
        let faults = row
            .faults
            .iter()
            .map(|fault| (headings.of(shell.language, &fault.column), in_words(shell, headings, &fault.message)))
            .map(|(column, wrong)| format!("{column}: {wrong}"));
        let (sign, is_bad) = match row.action {
            RowAction::New => ("new", false),
            RowAction::Changed => ("assess", false),
            RowAction::Unchanged => ("ok", false),
            RowAction::Fault => ("late", true),
        };
        Row {
            number: row.row,
            key: row.key.clone(),
            sign,
            is_bad,
            action: shell.say(&format!("row-{}", row.action)),
            lines: if is_bad { faults.collect() } else { changes.collect() },
        }
    };
    page.rows = rows.into_iter().take(SHOWN).map(row).collect();
}

/// A value as one reads it; how often somebody is told, in the words of the form.
fn said(shell: &Shell, field: &str, told: &Value) -> String {
    match (field, told.as_str()) {
        ("notify", Some(rhythm)) => rhythm_words(shell, rhythm).1,
        _ => value(shell, told),
    }
}

fn register(page: &mut ImportPage, plan: &RegisterPlan) {
    let shell = &page.shell;
    page.summary = counted(shell, &import_register::counts(plan));
    page.lists = import_register::changes(shell, plan, SHOWN);
    page.stays = import_register::stays(shell, plan, SHOWN);
    if plan.ends_gone && !plan.gone.is_empty() {
        page.notes.push(shell.say("register-ends"));
    }
}
