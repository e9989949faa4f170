//! The steps of the walkthrough, in the order of a request's life.

use serde_json::json as value;

use super::{As, Step, Walk, json, must, same, say, show, text, wait};
use crate::cli::demo::{ARS, SERVICE};
use crate::cli::walkthrough::post::Mail;

const PERSON: &str = "erika.muster@example.org";
const NAME: &str = "Erika Muster";
const SERVICE_DESK: &str = "servicedesk@dataport.example.org";
const CENTRAL: &str = "online-dienste@kiel.example.org";
const KNOWN: &str = "Der Fehler ist behoben. Bitte laden Sie die Seite neu.";

/// All of them.
pub fn all(walk: &mut Walk) -> Step {
    let ticket = hand_in(walk)?;
    assess(walk, &ticket)?;
    let escalation = escalate(walk, &ticket)?;
    let mail = arrives(walk, &ticket, &escalation)?;
    second_level(walk, &ticket, &escalation, &mail)?;
    answer(walk, &ticket)
}

fn request() -> serde_json::Value {
    value!({
        "service": SERVICE, "ars": ARS, "channel": "115", "category": "form_error",
        "subject": "Abbruch nach dem Hochladen",
        "description": "Nach dem Hochladen der Wohnungsgeberbestätigung erscheint eine leere Seite.",
        "reply": {"wish": "email", "name": NAME, "email": PERSON},
        "context": {"Browser": "Firefox 145"},
    })
}

/// Answers the ticket's path.
fn hand_in(walk: &mut Walk) -> Step<String> {
    let agent = walk.script.cast.agent.clone();
    let once = As::Once(&agent, "anruf-4711");
    walk.step("The 115 hands in what a caller says, with an Idempotency-Key");
    let first = walk.post(once, "/api/v1/tickets", &request(), 201)?;
    let ticket = json(&first)?;
    let (id, number) = (text(&ticket, "/id").to_owned(), text(&ticket, "/number").to_owned());
    same("Location", first.header("Location").unwrap_or_default(), format!("/api/v1/tickets/{id}"))?;
    same("the status", text(&ticket, "/status"), "new")?;
    say(&format!("    number {number}, {}", text(&ticket, "/municipality/name")));

    walk.step("The same again, as after a lost answer: no second request comes of it");
    let again = walk.post(once, "/api/v1/tickets", &request(), 201)?;
    same("the repeated answer", &again.body, &first.body)?;

    walk.step("The same key with another body is refused");
    let mut other = request();
    other["subject"] = value!("Etwas anderes");
    walk.post(once, "/api/v1/tickets", &other, 422)?;

    walk.step("The number finds it, with or without dashes");
    for spelled in [number.clone(), number.replace('-', "")] {
        let found = json(&walk.get(As::Token(&agent), &format!("/api/v1/tickets/{spelled}"), 200)?)?;
        same("the id", text(&found, "/id"), id.as_str())?;
    }

    walk.step("Kiel's central contact is told by mail");
    arrived(&walk.mail(CENTRAL, &number)?);
    Ok(format!("/api/v1/tickets/{number}"))
}

fn assess(walk: &mut Walk, ticket: &str) -> Step {
    let (central, admin) = (walk.script.cast.central.clone(), walk.script.cast.admin.clone());
    walk.step("Kiel claims it");
    let claimed = json(&walk.post(As::Token(&central), &format!("{ticket}/claim"), &value!({}), 200)?)?;
    same("the status", text(&claimed, "/status"), "assessing")?;

    walk.step("A second claimer comes too late");
    let refused = walk.post(As::Token(&admin), &format!("{ticket}/claim"), &value!({}), 409)?;
    say(&format!("    {}", text(&json(&refused)?, "/detail")));

    walk.step("Who would be asked? The dry run says it with reasons");
    let path = format!("/api/v1/route?service={SERVICE}&ars={ARS}&kind=technical");
    let route = json(&walk.get(As::Token(&central), &path, 200)?)?;
    chain(&route)?;
    same("the first of the chain", text(&route, "/chain/0/contact/id"), crate::cli::demo::SECOND_LEVEL)
}

fn chain(holder: &serde_json::Value) -> Step {
    let steps = holder.pointer("/chain").and_then(|chain| chain.as_array());
    let steps = steps.ok_or_else(|| format!("there is no chain in {holder}"))?;
    for (at, step) in steps.iter().enumerate() {
        say(&format!("    {}. {}: {}", at + 1, text(step, "/contact/name"), text(step, "/reason")));
    }
    must(!steps.is_empty(), || "the chain is empty".to_owned())
}

/// Answers the escalation's path.
fn escalate(walk: &mut Walk, ticket: &str) -> Step<String> {
    let central = walk.script.cast.central.clone();
    walk.step("Kiel asks the operator");
    let body = value!({"kind": "technical", "note": "Ist das eine bekannte Störung?"});
    let started = json(&walk.post(As::Token(&central), &format!("{ticket}/escalations"), &body, 201)?)?;
    chain(&started)?;
    let now = json(&walk.get(As::Token(&central), ticket, 200)?)?;
    same("the ticket's status", text(&now, "/status"), "escalated")?;
    Ok(format!("/api/v1/escalations/{}", text(&started, "/id")))
}

/// Answers the mail to the operator.
fn arrives(walk: &mut Walk, ticket: &str, escalation: &str) -> Step<Mail> {
    let central = walk.script.cast.central.clone();
    let number = ticket.rsplit('/').next().unwrap_or_default();
    walk.step("The operator's mail lies in the folder, without the person's name and address");
    let mail = walk.mail(SERVICE_DESK, number)?;
    arrived(&mail);
    must(mail.has_header("Auto-Submitted: auto-generated"), || "the mail does not say it is automatic".to_owned())?;
    is_silent(&format!("{}{}", mail.head, mail.text), "the mail to the operator")?;

    walk.step("The same came to the operator's ticket system by webhook, with a good signature");
    let number = number.to_owned();
    let webhook = wait("a webhook", || Ok(walk.script.received.find(&number)))?;
    show(&webhook.head);
    show("");
    show(&webhook.pretty());
    must(webhook.is_verified, || "the signature is not good".to_owned())?;
    is_silent(&webhook.body, "the webhook")?;

    walk.step("The record says how each message went");
    let bearer = format!("Bearer {central}");
    let look = |path: &str| walk.client.ask("GET", path, &[("Authorization", &bearer)], "");
    let sent = wait("both deliveries as sent", || {
        let answer = look(&format!("{escalation}/deliveries"))?;
        let items = json(&answer)?.pointer("/items").and_then(|items| items.as_array().cloned()).unwrap_or_default();
        let is_done = items.len() == 2 && items.iter().all(|item| text(item, "/status") == "sent");
        Ok(is_done.then_some(items))
    })?;
    // The escalation hears of it from the record, a moment later.
    wait("the escalation as sent", || {
        let now = json(&look(escalation)?)?;
        Ok((text(&now, "/status") == "sent").then_some(()))
    })?;
    for item in &sent {
        let (channel, recipient) = (text(item, "/channel"), text(item, "/recipient"));
        say(&format!("    {channel} to {recipient}: sent ({})", text(item, "/attempts/0/detail")));
    }
    let ids: Vec<&str> = sent.iter().map(|item| text(item, "/id")).collect();
    must(ids.contains(&webhook.id.as_str()), || format!("webhook-id {} is no delivery", webhook.id))?;
    must(ids.iter().any(|id| mail.head.contains(id)), || "the Message-ID is no delivery".to_owned())?;
    Ok(mail)
}

fn second_level(walk: &mut Walk, ticket: &str, escalation: &str, mail: &Mail) -> Step {
    let cast = walk.script.cast.clone();
    let base = walk.script.base.clone();
    let link = |label: &str| mail.link(label, &base).ok_or_else(|| format!("the mail has no link {label:?}"));
    let status = |walk: &Walk, expected: &str| {
        let now = json(&walk.get(As::Token(&cast.central), escalation, 200)?)?;
        same("the escalation's status", text(&now, "/status"), expected)
    };
    walk.step("Opening the mail's links, as scanners of mail do, changes nothing");
    for label in ["Ich kümmere mich darum", "Antworten", "Wir sind nicht zuständig", "Alles ansehen"] {
        walk.get(As::Browser, &link(label)?, 200)?;
    }
    status(walk, "sent")?;

    walk.step("The button behind the link acknowledges");
    let form = "reference=INC-4711";
    let pressed = walk.client.ask("POST", &link("Ich kümmere mich darum")?, &browser(&base), form)?;
    say(&format!("    POST …/acknowledge {form}\n    → {}", pressed.status));
    must(matches!(pressed.status, 200 | 303), || {
        format!("expected 200 or 303, got {}: {}", pressed.status, pressed.body)
    })?;
    status(walk, "acknowledged")?;

    walk.step("The operator's system answers by its token");
    let body = value!({"text": KNOWN, "reference": "INC-4711"});
    let answered = json(&walk.post(As::Token(&cast.second_level), &format!("{escalation}/answer"), &body, 200)?)?;
    same("the status", text(&answered, "/status"), "answered")?;
    same("the reference", text(&answered, "/reference"), "INC-4711")?;
    let now = json(&walk.get(As::Token(&cast.central), ticket, 200)?)?;
    same("the ticket's status", text(&now, "/status"), "assessing")?;

    walk.step("Kiel is told that the operator has answered");
    let number = ticket.rsplit('/').next().unwrap_or_default();
    arrived(&walk.mail(CENTRAL, &format!("{number}: der 2nd Level hat geantwortet"))?);
    Ok(())
}

fn browser(base: &str) -> [(&str, &str); 4] {
    [
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("Accept", "text/html"),
        ("Origin", base),
        ("Sec-Fetch-Site", "same-origin"),
    ]
}

fn answer(walk: &mut Walk, ticket: &str) -> Step {
    let central = walk.script.cast.central.clone();
    let number = ticket.rsplit('/').next().unwrap_or_default();
    walk.step("Kiel answers the person, who wished a mail");
    let body =
        value!({"text": "Der Fehler ist behoben. Ihre Angaben sind gespeichert; bitte versuchen Sie es noch einmal."});
    let answered = walk.post(As::Token(&central), &format!("{ticket}/answer"), &body, 200)?;
    same("the status", text(&json(&answered)?, "/status"), "answered")?;
    is_silent(&answered.body, "the answer of the API")?;
    arrived(&walk.mail(PERSON, number)?);

    walk.step("In the database, name and address are sealed");
    // A server of PostgreSQL keeps its files where this process may not look.
    if walk.script.folder.join("lotse.db").is_file() {
        let read = sealed(&walk.script.folder)?;
        say(&format!("    {read} bytes hold neither {NAME:?} nor {PERSON:?} in the clear"));
    } else {
        say("    not looked at here: the files are those of the server");
    }

    walk.step("Kiel closes it");
    let closed = json(&walk.post(As::Token(&central), &format!("{ticket}/close"), &value!({}), 200)?)?;
    same("the status", text(&closed, "/status"), "closed")?;

    walk.step("The history tells who did what, and when");
    let history = json(&walk.get(As::Token(&central), &format!("{ticket}/history"), 200)?)?;
    let entries = history.pointer("/items").and_then(|items| items.as_array().cloned()).unwrap_or_default();
    for entry in &entries {
        let (at, who, kind) = (text(entry, "/at"), text(entry, "/actor/name"), text(entry, "/kind"));
        say(&format!("    {at:27}  {who:22}  {kind}  {}", entry["data"]));
    }
    let told = history.to_string();
    for kind in ["submitted", "claimed", "escalated", "answered", "closed"] {
        must(told.contains(kind), || format!("the history does not tell {kind:?}"))?;
    }
    is_silent(&told, "the history")
}

/// Insists that nothing tells who asked.
fn is_silent(said: &str, what: &str) -> Step {
    must(!said.contains(PERSON) && !said.contains(NAME), || format!("{what} tells who asked"))
}

/// Insists that no file of the database tells who asked; answers how much was read.
fn sealed(folder: &std::path::Path) -> Step<usize> {
    let mut read = 0;
    for file in ["lotse.db", "lotse.db-wal"] {
        let bytes = std::fs::read(folder.join(file)).map_err(|e| format!("{file} cannot be read: {e}"))?;
        for secret in [PERSON, NAME] {
            let is_there = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            must(!is_there, || format!("{file} holds {secret:?} in the clear"))?;
        }
        read += bytes.len();
    }
    Ok(read)
}

fn arrived(mail: &Mail) {
    show(&mail.head);
    show("");
    show(&mail.text);
}
