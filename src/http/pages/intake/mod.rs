//! Taking a request from somebody on the phone: one screen, keys only, the number to read out, the next call.
//!
//! Invariant: nothing is guessed: where a place or service is not told for sure, the form comes back with what it may
//! be, and with everything that was typed. The same form sent twice makes one request. The scripts (`assets/intake`)
//! only save time: suggestions, keys, the draft; without them the same form does the same. Where next: `aid.rs` (what
//! helps the caller at once), `find.rs` (places and services by what is typed), `done.rs` (the number and what happens
//! next), `look_up.rs` (a caller asks for a running request), `spoken.rs`.

mod aid;
mod done;
pub(super) mod find;
mod look_up;
pub mod spoken;

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;

pub use aid::aid;
pub use done::done;
pub use find::{places, services};
pub use look_up::{add_note, look_up};

use super::login::PageResult;
use super::shell::{Shell, show};
use crate::access::idempotency::{Answer, Once, Outcome};
use crate::access::{Caller, Role};
use crate::error::{AppError, FieldError};
use crate::http::State;
use crate::http::auth::right;
use crate::http::visitor::{Person, Staff, StaffForm, see_other};
use crate::keys::{AddressDoubt, EmailAddress};
use crate::tickets::submit::{Reply, SubmitTicket, Submitted, submit as submit_ticket};
use crate::tickets::ticket::{Category, Channel, ReplyWish};
use aid::Aid;
use find::Meant;

/// Where the form stands.
pub const HERE: &str = "/anfragen/neu";

/// What was typed.
#[derive(Debug, Clone, Default, Hash, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Typed {
    /// The place in words.
    pub ort: String,
    /// The key of the place that was chosen.
    pub ars: String,
    /// The service in words.
    pub dienst: String,
    /// What about.
    pub kategorie: String,
    /// In a few words.
    pub betreff: String,
    /// What happened.
    pub text: String,
    /// The wished way of reply.
    pub antwort: String,
    /// Who asks.
    pub name: String,
    /// Their number.
    pub telefon: String,
    /// Their address.
    pub mail: String,
    /// The number of a running request that this one is to go on in, where its button was pressed.
    pub zu: String,
    /// The same, chosen before the form came back with faults.
    pub mit: String,
    /// Names this form, so that it counts once.
    pub einmal: String,
}

impl Typed {
    /// The running request that this one is to go on in; what is pressed now counts before what was chosen.
    fn together(&self) -> &str {
        if self.zu.trim().is_empty() { self.mit.trim() } else { self.zu.trim() }
    }
}

#[derive(Template)]
#[template(path = "intake.html")]
struct Form {
    shell: Shell,
    typed: Typed,
    places: Vec<find::Suggestion>,
    services: Vec<String>,
    categories: Vec<(String, Vec<(Category, String)>)>,
    wishes: Vec<(ReplyWish, String)>,
    missing: Option<String>,
    /// The running request that this one is still to go on in.
    together: Option<String>,
    /// The category that has the focus, where none was chosen.
    focus: &'static str,
    aid: Option<Aid>,
}

/// The groups of the categories, as people think of them.
pub(super) const GROUPS: [(&str, &[Category]); 3] = [
    (
        "technical",
        &[
            Category::Login,
            Category::Payment,
            Category::Unreachable,
            Category::FormError,
            Category::Upload,
            Category::Submission,
            Category::Accessibility,
        ],
    ),
    (
        "functional",
        &[Category::Procedure, Category::Responsibility, Category::Documents, Category::Status, Category::Decision],
    ),
    ("other", &[Category::Privacy, Category::Security, Category::PraiseOrCriticism]),
];

/// The empty form.
pub async fn view(state: Data<State>, request: HttpRequest, page: Staff<right::SubmitTicket>) -> PageResult {
    let shell = Shell::new(&state, &request, &page.person.visitor);
    let typed = Typed {
        antwort: ReplyWish::Phone.to_string(),
        einmal: format!("{:032x}", rand::random::<u128>()),
        ..Typed::default()
    };
    Ok(form(StatusCode::OK, &state, &page.person, shell, typed, None).await?)
}

/// Takes the request.
pub async fn submit(
    state: Data<State>,
    request: HttpRequest,
    sent: StaffForm<right::SubmitTicket, Typed>,
) -> PageResult {
    let StaffForm { person, body: typed, .. } = sent;
    let mut shell = Shell::new(&state, &request, &person.visitor).at(HERE);
    let meant = Meant::of(&state, &typed);
    match take(&state, &person.caller, &typed, &meant, &mut shell).await? {
        Some(number) => Ok(see_other(&format!("{HERE}/{number}"))),
        None => Ok(form(StatusCode::UNPROCESSABLE_ENTITY, &state, &person, shell, typed, Some(meant)).await?),
    }
}

/// Hands in what was typed; answers the number, or nothing where the shell says what is wrong.
async fn take(
    state: &State,
    caller: &Caller,
    typed: &Typed,
    meant: &Meant,
    shell: &mut Shell,
) -> Result<Option<String>, AppError> {
    meant.mark(shell, typed);
    let category = typed.kategorie.parse::<Category>();
    if category.is_err() {
        shell.fault("kategorie", "intake-no-category");
    }
    let wish = typed.antwort.parse::<ReplyWish>();
    if wish.is_err() {
        shell.fault("antwort", "intake-no-wish");
    }
    let (Some(place), Some(service), Ok(category), Ok(wish), None) =
        (&meant.place, &meant.service, category, wish, mail_fault(typed))
    else {
        mark_missing(shell, typed);
        return Ok(None);
    };
    let some = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let command = SubmitTicket {
        service: service.to_string(),
        ars: Some(place.to_string()),
        ags: None,
        channel: channel(caller),
        category,
        subject: typed.betreff.trim().to_owned(),
        description: typed.text.trim().to_owned(),
        reply: Reply {
            wish,
            name: some(&typed.name),
            email: some(&typed.mail),
            phone: some(&typed.telefon),
            language: None,
        },
        external_reference: None,
        context: Default::default(),
        join: some(typed.together()),
    };
    let outcome = submit_ticket(state.desk(), caller, command, once(caller, typed)?).await;
    match outcome {
        Ok(Outcome::Done(made)) => Ok(Some(made.ticket.number.to_string())),
        Ok(Outcome::Repeated(first)) => Ok(Some(first.body)),
        Err(AppError::Invalid(faults)) => {
            shell.mark(&faults, what_is_wrong);
            Ok(None)
        }
        Err(AppError::Forbidden(_)) => {
            shell.fault("ort", "intake-not-yours");
            Ok(None)
        }
        Err(fault) => Err(fault),
    }
}

/// The same form again is the same request. It has no reporter in it: what is kept of the body is a hash.
fn once(caller: &Caller, typed: &Typed) -> Result<Option<Once<Submitted>>, AppError> {
    if typed.einmal.is_empty() {
        return Ok(None);
    }
    let render = |made: &Submitted| Ok(Answer { status: 303, location: None, body: made.ticket.number.to_string() });
    let body = format!("{typed:?}");
    Once::new(caller.id, format!("POST {HERE}"), &typed.einmal, body.as_bytes(), Arc::new(render)).map(Some)
}

/// The channel that somebody works at: that of their rights, else 115.
fn channel(caller: &Caller) -> Channel {
    let bounded =
        caller.grants().iter().filter(|grant| grant.role == Role::Agent).find_map(|grant| grant.scope.channel);
    bounded.unwrap_or(Channel::Hotline115)
}

/// What else is missing, so that the caller is asked once for all of it.
fn mark_missing(shell: &mut Shell, typed: &Typed) {
    if typed.betreff.trim().is_empty() {
        shell.fault("betreff", "intake-no-subject");
    }
    if typed.text.trim().is_empty() {
        shell.fault("text", "intake-no-text");
    }
    if typed.antwort.parse::<ReplyWish>() == Ok(ReplyWish::Phone) && typed.telefon.trim().is_empty() {
        shell.fault("telefon", "intake-bad-phone");
    }
    if let Some(key) = mail_fault(typed) {
        shell.fault("mail", key);
    }
}

/// What is wrong with the address that the reply goes to. Said while the person is on the line: a reply that comes back
/// finds nobody to ask.
fn mail_fault(typed: &Typed) -> Option<&'static str> {
    if typed.antwort.parse::<ReplyWish>() != Ok(ReplyWish::Email) {
        return None;
    }
    match typed.mail.trim().parse::<EmailAddress>() {
        Err(_) => Some("intake-bad-mail"),
        Ok(address) => address.doubt().map(|doubt| match doubt {
            AddressDoubt::NoDot => "intake-mail-no-dot",
            AddressDoubt::NotAscii => "intake-mail-not-ascii",
        }),
    }
}

/// What a use case found, at the field of the form and in words.
fn what_is_wrong(fault: &FieldError) -> (String, &'static str) {
    let (field, key) = match fault.field.as_str() {
        "subject" => ("betreff", "intake-bad-subject"),
        "description" => ("text", "intake-bad-text"),
        "reply.phone" => ("telefon", "intake-bad-phone"),
        "reply.email" => ("mail", "intake-bad-mail"),
        "reply.name" => ("name", "intake-bad-name"),
        "join" => ("", "intake-cannot-join"),
        "Idempotency-Key" => ("", "intake-sent-before"),
        _ => ("ort", "intake-place-ended"),
    };
    (field.to_owned(), key)
}

/// Shows the form with what was typed and what is wrong with it.
async fn form(
    status: StatusCode,
    state: &State,
    person: &Person,
    shell: Shell,
    typed: Typed,
    meant: Option<Meant>,
) -> Result<HttpResponse, AppError> {
    let shell = shell.with_script();
    let aid = match meant.as_ref().and_then(|meant| Some((meant.place.as_ref()?, meant.service.as_ref()?))) {
        Some((place, service)) => {
            let category = typed.kategorie.parse().ok();
            Aid::of(state, &person.caller, shell.language, place, service, category).await?
        }
        None => None,
    };
    let category = |category: &Category| (*category, shell.say(&format!("category-{category}")));
    let group = |(name, all): &(&str, &[Category])| {
        (shell.say(&format!("category-group-{name}")), all.iter().map(category).collect())
    };
    let wish = |wish: ReplyWish| (wish, shell.say(&format!("wish-{wish}")));
    let named = shell.faults.iter().filter(|fault| !fault.field.is_empty());
    let names: Vec<String> =
        named.filter_map(|fault| shell.language.try_say(&format!("intake-{}", fault.field))).collect();
    let values = [("count", names.len().to_string()), ("names", names.join(", "))];
    // What cannot be joined is said above the fields, and is not kept.
    let together = Some(typed.together().to_owned()).filter(|to| !to.is_empty() && shell.fault_of("").is_none());
    let first_category = GROUPS.iter().find_map(|(_, all)| all.first()).map_or("", |category| category.as_str());
    let shown = Form {
        places: meant.map(|meant| meant.candidates()).unwrap_or_default(),
        services: state.directory().current().services().iter().map(|service| service.name.to_string()).collect(),
        categories: GROUPS.iter().map(group).collect(),
        wishes: [ReplyWish::Phone, ReplyWish::Email, ReplyWish::None].map(wish).to_vec(),
        missing: (!names.is_empty()).then(|| shell.language.with_all("intake-missing", &values)),
        together,
        focus: if shell.first_fault() == "kategorie" { first_category } else { "" },
        aid,
        typed,
        shell,
    };
    Ok(show(status, &shown.shell, &shown))
}
