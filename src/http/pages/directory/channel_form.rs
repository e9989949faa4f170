//! The form of a help channel, with what its hours mean while they are typed.
//!
//! Invariant: a channel belongs to an adoption the sender may change. "Was bedeutet das?" saves nothing. Who was slower
//! keeps what they typed and reads who changed what.

use std::collections::HashMap;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::changed::refused;
use super::channels::{HERE, help_language};
use super::new_adoption::from_address;
use super::typed::{Typed, day_in_field, mark};
use super::{place_name, service_choice, service_name, word_choice};
use crate::access::audit::ObjectKind;
use crate::access::{Action, Caller};
use crate::directory::channels::{self, ChannelChange, NewChannel};
use crate::directory::hours::{Hours, in_words, standard};
use crate::directory::{ChannelKind, HelpChannel};
use crate::error::AppError;
use crate::http::State;
use crate::http::api::directory::reach;
use crate::http::auth::{parse_query, right};
use crate::http::pages::field::{Choice, Field};
use crate::http::pages::login::PageResult;
use crate::http::pages::page;
use crate::http::pages::shell::{Shell, lead_done, show};
use crate::http::public::spoken;
use crate::http::visitor::{Staff, StaffForm};
use crate::http::words::Speech;
use crate::ids::ChannelId;
use crate::keys::{EmailAddress, LandCode, Slug};

type Form = StaffForm<right::ChangeAdoption, HashMap<String, String>>;

/// Where a fault of a channel belongs in the form.
const FIELDS: [(&str, &str, &str); 13] = [
    ("ars", "ort", "fault-channel-place"),
    ("service", "dienst", "fault-choose-service"),
    ("label", "name", "fault-name-missing"),
    ("phone", "telefon", "fault-phone"),
    ("email", "mail", "fault-mail-address"),
    ("url", "seite", "fault-url"),
    ("form", "formular", "fault-own-form"),
    ("hours", "zeiten", "fault-hours"),
    ("languages", "sprachen", "fault-languages"),
    ("cost_note", "kosten", "fault-short-text"),
    ("valid_from", "gilt-ab", "fault-valid"),
    ("valid_to", "gilt-bis", "fault-valid"),
    ("reason", "grund", "fault-reason"),
];

#[derive(Template)]
#[template(path = "channel_form.html")]
struct ChannelForm {
    shell: Shell,
    here: String,
    title: String,
    of: Option<(String, String)>,
    version: i32,
    service: Choice,
    place: Field,
    kind: Choice,
    fields: Vec<Field>,
    hours: Field,
    has_form: bool,
    meaning: Vec<String>,
    more: Vec<Field>,
    valid: [Field; 2],
    reason: Field,
    end_reason: Field,
}

#[derive(Template)]
#[template(path = "channel_meaning.html")]
struct Meaning {
    lines: Vec<String>,
}

/// What hours mean, a line each: the week, and whether somebody would be there now.
fn meaning(shell: &Shell, state: &State, hours: &str, land: Option<LandCode>) -> Vec<String> {
    let hours = hours.trim();
    if hours.is_empty() {
        return vec![shell.say("hours-empty")];
    }
    let Ok(parsed) = Hours::parse(hours) else { return vec![shell.say("hours-unclear")] };
    let language = help_language(shell);
    let (speech, now) = (Speech(language), state.desk().clock.now());
    let open = parsed.open(land.unwrap_or(LandCode::HESSE), now).map(|open| {
        let word = shell.say(if open.is_open { "hours-open-now" } else { "hours-closed-now" });
        format!("{word} {}", spoken::change(speech, open, now)).trim().to_owned()
    });
    std::iter::once(in_words(&standard(hours), language)).chain(open).collect()
}

/// What hours mean, for the script of the form.
pub async fn explain(state: Data<State>, request: HttpRequest, asking: Staff<right::ReadDirectory>) -> PageResult {
    let typed = Typed::from(parse_query::<HashMap<String, String>>(request.query_string())?);
    let shell = Shell::new(&state, &request, &asking.person.visitor);
    Ok(page(StatusCode::OK, &Meaning { lines: meaning(&shell, &state, typed.get("zeiten"), None) }))
}

fn show_form(
    status: StatusCode,
    state: &State,
    shell: Shell,
    channel: Option<&HelpChannel>,
    typed: &Typed,
) -> HttpResponse {
    let (directory, shell) = (state.directory().current(), shell.with_script());
    let field = |id: &str, key: &str| Field::text(&shell, id, &shell.say(key), typed.get(id));
    let here = channel.map_or_else(|| format!("{HERE}/neu"), |channel| format!("{HERE}/{}", channel.id));
    let land = channel.and_then(|channel| channel.ars.land());
    let page = ChannelForm {
        title: shell.say(if channel.is_some() { "channel-edit" } else { "channel-new" }),
        of: channel.map(|one| (service_name(&directory, one.service.as_str()), place_name(&directory, &one.ars))),
        version: channel.map_or(0, |channel| channel.version),
        service: service_choice(&shell, &directory, "choose", typed.get("dienst")),
        place: field("ort", "rollout-place").hint(shell.say("place-hint")),
        kind: word_choice(
            &shell,
            ("art", "field-kind", None),
            ChannelKind::ALL,
            |kind| format!("channel-{kind}"),
            typed.get("art"),
        ),
        fields: vec![
            field("name", "field-label").hint(shell.say("label-hint")).may_be_empty(),
            field("telefon", "field-phone").kind("tel").may_be_empty(),
            field("mail", "field-email").kind("email").may_be_empty(),
            field("seite", "field-url").kind("url").may_be_empty(),
        ],
        hours: field("zeiten", "field-hours").hint(shell.say("hours-hint")).may_be_empty(),
        has_form: typed.is_set("formular"),
        meaning: meaning(&shell, state, or_usual(typed, "zeiten"), land),
        more: vec![
            field("sprachen", "field-languages").hint(shell.say("languages-hint")).may_be_empty(),
            field("kosten", "field-cost-note").may_be_empty(),
        ],
        valid: [
            field("gilt-ab", "field-shown-from").kind("date").may_be_empty(),
            field("gilt-bis", "field-shown-to").kind("date").may_be_empty(),
        ],
        reason: field("grund", "field-reason").hint(shell.say("reason-hint")).may_be_empty(),
        end_reason: field("warum-weg", "channel-end-reason").may_be_empty(),
        shell: shell.at(here.as_str()),
        here,
    };
    show(status, &page.shell, &page)
}

fn recorded(channel: &HelpChannel) -> Typed {
    let (shown, text) = (&channel.shown, |text: &Option<String>| text.clone().unwrap_or_default());
    Typed::of([
        ("art", shown.kind.to_string()),
        ("name", shown.label.clone()),
        ("telefon", text(&shown.phone)),
        ("mail", shown.email.as_ref().map(ToString::to_string).unwrap_or_default()),
        ("seite", text(&shown.url)),
        ("zeiten", shown.hours.clone()),
        ("sprachen", shown.languages.join(", ")),
        ("kosten", text(&shown.cost_note)),
        ("formular", if shown.form { "1".to_owned() } else { String::new() }),
        ("gilt-ab", day_in_field(shown.valid_from)),
        ("gilt-bis", day_in_field(shown.valid_to)),
    ])
}

/// Where a channel by the number 115 leaves its name or its hours empty, it has these.
const USUAL_115: [(&str, &str); 2] = [("name", "Behördennummer 115"), ("zeiten", "Mo-Fr 08:00-18:00; PH off")];

/// What stands in a field, or what is usual there with the number 115.
fn or_usual<'a>(typed: &'a Typed, name: &str) -> &'a str {
    let is_left_out = typed.get("art") == "115" && !typed.is_set(name);
    let usual = USUAL_115.iter().find(|(field, _)| is_left_out && *field == name).map(|(_, usual)| *usual);
    usual.unwrap_or(typed.get(name))
}

/// What was typed of the channel itself, with everything that is wrong with it noted.
fn read(shell: &mut Shell, typed: &Typed) -> Option<ChannelChange> {
    let kind = typed.value::<ChannelKind>(shell, "art", "fault-kind");
    if !typed.is_set("art") {
        shell.fault("art", "fault-kind");
    }
    let email = typed.value::<EmailAddress>(shell, "mail", "fault-mail-address");
    let (valid_from, valid_to) = (typed.day(shell, "gilt-ab"), typed.day(shell, "gilt-bis"));
    let label = or_usual(typed, "name");
    if label.is_empty() {
        shell.fault("name", "fault-name-missing");
    } else if label == USUAL_115[0].1 && kind.is_some_and(|kind| kind != ChannelKind::Number115) {
        shell.fault("name", "fault-label-115");
    }
    if kind == Some(ChannelKind::Phone) {
        for (field, key) in [("telefon", "fault-phone-missing"), ("zeiten", "fault-channel-hours")] {
            if !typed.is_set(field) {
                shell.fault(field, key);
            }
        }
    }
    let languages = typed.get("sprachen").split([',', ';', ' ']).filter(|one| !one.is_empty()).map(str::to_owned);
    let change = ChannelChange {
        version: typed.version(),
        kind: kind?,
        label: label.to_owned(),
        phone: typed.text("telefon"),
        email,
        url: typed.text("seite"),
        hours: or_usual(typed, "zeiten").to_owned(),
        languages: languages.collect(),
        cost_note: typed.text("kosten"),
        form: typed.is_set("formular"),
        valid_from,
        valid_to,
        reason: typed.text("grund"),
    };
    if let Err(AppError::Invalid(faults)) = channels::check(&change) {
        mark(shell, &faults, &FIELDS);
    }
    Some(change)
}

/// The empty form, perhaps for a service in a place.
pub async fn new(state: Data<State>, request: HttpRequest, page: Staff<right::ChangeAdoption>) -> PageResult {
    let mut typed = from_address(&state, parse_query(request.query_string())?);
    for (name, usual) in [("art", "115"), ("sprachen", "de")] {
        if !typed.is_set(name) {
            typed.set(name, usual);
        }
    }
    let shell = Shell::new(&state, &request, &page.person.visitor);
    Ok(show_form(StatusCode::OK, &state, shell, None, &typed))
}

/// Adds one.
pub async fn create(state: Data<State>, request: HttpRequest, form: Form) -> PageResult {
    let (person, typed) = (form.person, Typed::from(form.body));
    let mut shell = Shell::new(&state, &request, &person.visitor);
    if typed.is_set("pruefen") {
        return Ok(show_form(StatusCode::OK, &state, shell, None, &typed));
    }
    let ars = typed.place(&mut shell, &state.directory().current(), "ort");
    let service = typed.value::<Slug>(&mut shell, "dienst", "fault-choose-service");
    for (field, key) in [("ort", "fault-place"), ("dienst", "fault-choose-service")] {
        if !typed.is_set(field) {
            shell.fault(field, key);
        }
    }
    let read = read(&mut shell, &typed);
    if let (Some(ars), Some(service), Some(read), true) = (ars, service, read, shell.faults.is_empty()) {
        if reach::may_place(&person.caller, Action::ChangeAdoption, &ars, &service).is_err() {
            shell.fault("ort", "fault-place-foreign");
        } else {
            let new = with_place(service, ars, read);
            let (desk, now) = (state.desk(), state.desk().clock.now());
            match channels::create(&desk.db, &person.caller.actor, new, None, now).await {
                Ok(_) => return Ok(lead_done(HERE, "channel-made")),
                Err(AppError::Invalid(faults)) => mark(&mut shell, &faults, &FIELDS),
                Err(fault) => return Err(fault.into()),
            }
        }
    }
    Ok(show_form(StatusCode::UNPROCESSABLE_ENTITY, &state, shell, None, &typed))
}

fn with_place(service: Slug, ars: crate::keys::Ars, read: ChannelChange) -> NewChannel {
    let ChannelChange {
        kind,
        label,
        phone,
        email,
        url,
        hours,
        languages,
        cost_note,
        form,
        valid_from,
        valid_to,
        reason,
        ..
    } = read;
    NewChannel {
        service,
        ars,
        kind,
        label,
        phone,
        email,
        url,
        hours,
        languages,
        cost_note,
        form,
        valid_from,
        valid_to,
        reason,
    }
}

async fn theirs(state: &State, caller: &Caller, id: ChannelId) -> Result<HelpChannel, AppError> {
    let found = channels::read(&state.desk().db, id).await?;
    reach::sees(caller, Action::ChangeAdoption, &found.ars, Some(&found.service))?;
    Ok(found)
}

/// The form of one that is there.
pub async fn edit(
    state: Data<State>,
    request: HttpRequest,
    page: Staff<right::ChangeAdoption>,
    id: Path<ChannelId>,
) -> PageResult {
    let found = theirs(&state, &page.person.caller, id.into_inner()).await?;
    let shell = Shell::new(&state, &request, &page.person.visitor);
    Ok(show_form(StatusCode::OK, &state, shell, Some(&found), &recorded(&found)))
}

/// Changes it, or takes it away.
pub async fn change(state: Data<State>, request: HttpRequest, id: Path<ChannelId>, form: Form) -> PageResult {
    let (person, typed) = (form.person, Typed::from(form.body));
    let found = theirs(&state, &person.caller, id.into_inner()).await?;
    let mut shell = Shell::new(&state, &request, &person.visitor);
    if typed.is_set("pruefen") {
        return Ok(show_form(StatusCode::OK, &state, shell, Some(&found), &typed));
    }
    let (desk, actor, now) = (state.desk(), &person.caller.actor, state.desk().clock.now());
    let (changed, done) = if typed.is_set("weg") {
        let reason = typed.text("warum-weg");
        (channels::end(&desk.db, actor, found.id, typed.version(), reason, now).await, "channel-gone")
    } else {
        let changed = match read(&mut shell, &typed) {
            Some(read) if shell.faults.is_empty() => {
                channels::change(&desk.db, actor, found.id, read, now).await.map(drop)
            }
            _ => Err(AppError::Invalid(Vec::new())),
        };
        (changed, "channel-saved")
    };
    let status = match changed {
        Ok(()) => return Ok(lead_done(HERE, done)),
        Err(fault) => refused(&state, &mut shell, (ObjectKind::Channel, found.id.to_string()), fault, &FIELDS).await?,
    };
    // What is taken away is not typed anew.
    let typed = if typed.is_set("weg") { recorded(&found) } else { typed };
    Ok(show_form(status, &state, shell, Some(&found), &typed))
}
