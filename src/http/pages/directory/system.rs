//! A contact's own ticket system: its webhook, in whose words it is called, and the secrets of both directions.
//!
//! Invariant: a secret that is made here is shown on the answer to the form that made it, once, and never again; that
//! answer is kept nowhere. What a secret is worth stands in docs/webhooks.md.

use std::collections::{BTreeMap, HashMap};

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::changed::meanwhile;
use super::contacts::HERE;
use super::typed::Typed;
use super::word_choice;
use crate::directory::contacts::{self, Adapter, ContactChange, Preset, WebhookInput};
use crate::directory::versions::Kind;
use crate::directory::{Contact, adapters, callbacks};
use crate::error::AppError;
use crate::http::State;
use crate::http::api::directory::contacts::{changeable, may_change};
use crate::http::auth::right;
use crate::http::pages::field::{Choice, Field};
use crate::http::pages::login::PageResult;
use crate::http::pages::shell::{Shell, lead_done, show};
use crate::http::visitor::{Person, Staff, StaffForm};

type Form = StaffForm<right::ChangeContact, HashMap<String, String>>;

#[derive(Template)]
#[template(path = "contact_system.html")]
struct System {
    shell: Shell,
    here: String,
    back: String,
    name: String,
    version: i32,
    has_webhook: bool,
    state: Option<(&'static str, String)>,
    url: Field,
    preset: Choice,
    settings: Field,
    secrets: Field,
    shown: Option<Secret>,
    has_callbacks: bool,
    callback_url: String,
    previous_until: Option<String>,
    preview: Vec<(String, String)>,
}

/// A secret, this once.
struct Secret {
    title: String,
    value: String,
}

async fn show_system(
    status: StatusCode,
    state: &State,
    shell: Shell,
    contact: &Contact,
    typed: Option<Typed>,
    shown: Option<Secret>,
) -> Result<HttpResponse, AppError> {
    let known = callbacks::read(&state.desk().db, contact.slug.clone()).await?;
    let typed = typed.unwrap_or_else(|| recorded(contact));
    let (back, webhook) = (format!("{HERE}/{}", contact.slug), contact.webhook.as_ref());
    let field = |id: &str, key: &str| Field::text(&shell, id, &shell.say(key), typed.get(id));
    let preview = match webhook.and_then(|webhook| webhook.adapter.as_ref()) {
        Some(_) => adapters::preview(contact, None).unwrap_or_default(),
        None => Vec::new(),
    };
    let call = |sent: &adapters::Sent| {
        let body = serde_json::to_string_pretty(&sent.body).unwrap_or_default();
        (format!("{} {}", sent.method, sent.url), body)
    };
    let page = System {
        name: contact.name.clone(),
        version: contact.version,
        has_webhook: webhook.is_some(),
        state: webhook.map(|webhook| match webhook.is_active() {
            true => ("ok", shell.say("webhook-active")),
            false => ("late", shell.say("webhook-off")),
        }),
        url: field("adresse", "webhook-url").kind("url").hint(shell.say("webhook-url-hint")),
        preset: word_choice(
            &shell,
            ("vorlage", "webhook-preset", Some("preset-none")),
            Preset::ALL,
            |preset| format!("preset-{preset}"),
            typed.get("vorlage"),
        ),
        settings: field("einstellungen", "webhook-settings")
            .kind("textarea")
            .hint(shell.say("webhook-settings-hint"))
            .may_be_empty(),
        secrets: field("zugang", "webhook-secrets")
            .kind("textarea")
            .hint(shell.say("webhook-secrets-hint"))
            .may_be_empty(),
        shown,
        has_callbacks: known.has_secret,
        previous_until: known.previous_until.map(|at| shell.with("secret-overlap", "when", shell.near(at))),
        callback_url: format!("{}/api/v1/callbacks/{}", state.public_url(), contact.slug),
        preview: preview.iter().map(call).collect(),
        shell: shell.at(format!("{back}/system")),
        here: format!("{back}/system"),
        back,
    };
    Ok(show(status, &page.shell, &page))
}

fn recorded(contact: &Contact) -> Typed {
    let Some(webhook) = &contact.webhook else { return Typed::default() };
    let adapter = webhook.adapter.clone().unwrap_or_default();
    let lines = adapter.settings.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>();
    Typed::of([
        ("adresse", webhook.url.clone()),
        ("vorlage", adapter.preset.map(|preset| preset.to_string()).unwrap_or_default()),
        ("einstellungen", lines.join("\n")),
    ])
}

/// Lines of `name=value`; a line without both is nothing.
fn lines(text: &str) -> BTreeMap<String, String> {
    let pairs = text.lines().filter_map(|line| line.split_once('='));
    let pairs = pairs.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()));
    pairs.filter(|(name, value)| !name.is_empty() && !value.is_empty()).collect()
}

/// The page.
pub async fn view(
    state: Data<State>,
    request: HttpRequest,
    page: Staff<right::ChangeContact>,
    at: Path<String>,
) -> PageResult {
    let found = changeable(&state, &page.person.caller, &at).await?;
    let shell = Shell::new(&state, &request, &page.person.visitor);
    Ok(show_system(StatusCode::OK, &state, shell, &found, None, None).await?)
}

/// The webhook as it is to be, from what was typed; an adapter that no preset makes stays as it is.
fn input(found: &Contact, typed: &Typed, secret: Option<String>) -> WebhookInput {
    let before = found.webhook.as_ref().and_then(|webhook| webhook.adapter.clone());
    let preset: Option<Preset> = typed.get("vorlage").parse().ok();
    let given = lines(typed.get("zugang"));
    let adapter = match (preset, before) {
        (None, Some(own)) if own.preset.is_none() => Some(own),
        (None, _) => None,
        (Some(preset), before) => {
            let before = before.filter(|before| before.preset == Some(preset)).unwrap_or_default();
            let mut secrets = before.secrets.clone();
            secrets.extend(given.keys().filter(|name| !before.secrets.contains(name)).cloned());
            Some(Adapter { preset: Some(preset), settings: lines(typed.get("einstellungen")), secrets, ..before })
        }
    };
    let adapter_secrets = Some(given).filter(|given| !given.is_empty());
    WebhookInput { url: typed.get("adresse").to_owned(), secret, adapter: Some(adapter), adapter_secrets }
}

/// Changes the webhook; a new one, or one that asks for it, gets a new secret, which the answer shows.
pub async fn change(state: Data<State>, request: HttpRequest, at: Path<String>, form: Form) -> PageResult {
    let (person, typed) = (form.person, Typed::from(form.body));
    let found = changeable(&state, &person.caller, &at).await?;
    let mut shell = Shell::new(&state, &request, &person.visitor);
    let is_new = found.webhook.is_none() || typed.is_set("neu");
    let secret = is_new.then(callbacks::new_secret);
    let webhook = if typed.is_set("ohne") { None } else { Some(input(&found, &typed, secret.clone())) };
    let change = ContactChange { version: typed.version(), webhook: Some(webhook), ..Default::default() };
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    match changed(&state, &person, &found, change).await {
        Ok(_) if typed.is_set("ohne") => return Ok(lead_done(&format!("{HERE}/{}", found.slug), "webhook-gone")),
        Ok(after) => {
            let secret = secret.filter(|_| typed.get("vorlage").is_empty());
            let Some(value) = secret else {
                return Ok(lead_done(&format!("{HERE}/{}/system", found.slug), "webhook"));
            };
            let shown = Some(Secret { title: shell.say("secret-ours"), value });
            return Ok(show_system(StatusCode::OK, &state, shell, &after, None, shown).await?);
        }
        Err(AppError::Conflict(_)) => {
            status = StatusCode::CONFLICT;
            let told = meanwhile(&state, &shell, Kind::Contact, found.slug.to_string(), typed.version()).await?;
            shell.fault_text("", told);
        }
        Err(AppError::Forbidden(_)) => shell.fault("", "fault-discloses"),
        Err(AppError::Invalid(faults)) => {
            for fault in faults {
                let field = match fault.field.as_str() {
                    url if url.ends_with("url") => "adresse",
                    secret if secret.contains("secret") => "zugang",
                    _ => "einstellungen",
                };
                let key = if field == "adresse" { "fault-webhook-url" } else { "fault-adapter" };
                shell.fault_text(field, shell.with(key, "why", fault.message));
            }
        }
        Err(fault) => return Err(fault.into()),
    }
    Ok(show_system(status, &state, shell, &found, Some(typed), None).await?)
}

async fn changed(state: &State, person: &Person, before: &Contact, change: ContactChange) -> Result<Contact, AppError> {
    may_change(state, &person.caller, before, &change).await?;
    let (desk, now) = (state.desk(), state.desk().clock.now());
    let (settings, slug) = (&desk.settings.directory, before.slug.clone());
    contacts::change(&desk.db, &person.caller.actor, &desk.sealer, settings, slug, change, now).await
}

/// Makes a new secret for what their system tells us, and shows it.
pub async fn renew(state: Data<State>, request: HttpRequest, at: Path<String>, form: Form) -> PageResult {
    let (person, _) = (form.person, form.body);
    let found = changeable(&state, &person.caller, &at).await?;
    let (desk, actor) = (state.desk(), &person.caller.actor);
    let overlap = desk.settings.directory.secret_overlap;
    let made = callbacks::renew(&desk.db, actor, &desk.sealer, found.slug.clone(), overlap, desk.clock.now()).await?;
    let shell = Shell::new(&state, &request, &person.visitor);
    let shown = Some(Secret { title: shell.say("secret-theirs"), value: made.secret });
    Ok(show_system(StatusCode::OK, &state, shell, &found, None, shown).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_names_with_values() {
        let found = lines("group = Users\n\nohne Wert\n=x\ntoken=a=b");
        assert_eq!(found, BTreeMap::from([("group".into(), "Users".into()), ("token".into(), "a=b".into())]));
    }
}
