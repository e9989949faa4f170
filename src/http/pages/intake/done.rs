//! The number, large and to be read out; what happens next and by when; the next call.
//!
//! Invariant: shows what is stored, nothing that was typed; so a reload shows the same and makes no second request.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use askama::Template;

use super::spoken::spoken;
use crate::directory::central_contacts;
use crate::http::State;
use crate::http::auth::right;
use crate::http::pages::login::PageResult;
use crate::http::pages::shell::{Shell, show};
use crate::http::pages::ticket::warning_key;
use crate::http::public::spoken::short;
use crate::http::visitor::Staff;
use crate::tickets::ticket::{ReplyWish, warnings};
use crate::tickets::{TicketRef, browse};

#[derive(Template)]
#[template(path = "intake_done.html")]
struct Done {
    shell: Shell,
    number: String,
    digits: String,
    spoken: String,
    say: String,
    taken_at: String,
    until: String,
    until_exact: String,
    who: String,
    wish: String,
    warnings: Vec<String>,
    together: Option<String>,
}

/// One request, just taken.
pub async fn done(
    state: Data<State>,
    request: HttpRequest,
    asking: Staff<right::ReadTickets>,
    at: Path<String>,
) -> PageResult {
    let shell = Shell::new(&state, &request, &asking.person.visitor).with_script();
    let ticket = browse::ticket(state.desk(), asking.person.caller.clone(), at.parse()?).await?;
    let routing = state.desk().settings.directory.clone();
    let (service, ars, today) = (ticket.service.clone(), ticket.ars.clone(), state.today());
    let asked = state.desk().db.read(move |conn| central_contacts(conn, &service, &ars, today, &routing)).await?;
    let place =
        state.directory().current().municipality(&ticket.ars).map_or_else(String::new, |p| short(&p.name).to_owned());
    let who = asked.first().map_or(place, |contact| contact.name.clone());
    let until = shell.near(ticket.respond_by);
    let key = match ticket.reply_wish {
        ReplyWish::Phone => "intake-say-phone",
        ReplyWish::Email => "intake-say-mail",
        ReplyWish::None => "intake-say-none",
    };
    // Who may not see the other one knows at least that this one goes on.
    let together = match ticket.merged_into {
        Some(into) => browse::ticket(state.desk(), asking.person.caller.clone(), TicketRef::Id(into)).await.ok(),
        None => None,
    };
    let number = spoken(&ticket.number, shell.language);
    let said = [("number", number.clone()), ("who", who.clone()), ("until", until.clone())];
    let found = warnings("text", &format!("{} {}", ticket.subject, ticket.description));
    let shown = Done {
        digits: ticket.number.to_string().replace('-', " "),
        number: ticket.number.to_string(),
        say: shell.language.with_all(key, &said),
        taken_at: shell.near(ticket.created_at),
        until,
        until_exact: ticket.respond_by.exact(),
        wish: shell.say(&format!("intake-then-{}", ticket.reply_wish)),
        warnings: found.iter().map(|warning| shell.say(warning_key(&warning.message))).collect(),
        together: together.map(|other| shell.with("intake-runs-together", "number", &other.number)),
        spoken: number,
        who,
        shell,
    };
    Ok(show(StatusCode::OK, &shown.shell, &shown))
}
