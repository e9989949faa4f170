//! Claiming, giving back and closing from the list, one request or many.
//!
//! Invariant: each request goes through the use case for one (`escalation/bulk.rs`); what was not done is named with the
//! reason, and what was done stays done. Whoever closes what is still open sees before whom it ends, and how they hear
//! of it.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;

use super::HERE;
use super::wanted::Wanted;
use crate::access::Caller;
use crate::error::AppError;
use crate::escalation::bulk::{Deed, Ending, MOST, Outcome, each, may_close, tickets};
use crate::http::State;
use crate::http::auth::{parse_query, right};
use crate::http::pages::field::Field;
use crate::http::pages::login::PageResult;
use crate::http::pages::shell::{Shell, lead_done, show};
use crate::http::pages::signs::of_ticket;
use crate::http::visitor::{Person, Staff, StaffForm, see_other};
use crate::tickets::TicketRef;
use crate::tickets::status::{Move, TicketStatus, next};
use crate::tickets::ticket::{ReplyWish, Ticket};

/// Where many are worked on.
const PLACE: &str = "/anfragen/sammeln";

/// What was sent, field by field; a field may stand several times.
type Pairs = Vec<(String, String)>;

/// What was chosen in the list.
#[derive(Debug, Default)]
struct Chosen {
    /// What to do.
    what: String,
    /// With which.
    numbers: Vec<String>,
    /// How an open request ends.
    kind: String,
    /// What the persons are told.
    text: String,
    /// The list to go back to.
    back: Wanted,
}

impl Chosen {
    fn read(pairs: Pairs) -> Result<Self, AppError> {
        let mut chosen = Self::default();
        let (mut many, mut one) = (Vec::new(), None);
        for (name, value) in pairs {
            match name.as_str() {
                "anfrage" if !many.contains(&value) => many.push(value),
                "eine" => one = Some(value),
                "was" => chosen.what = value,
                "art" => chosen.kind = value,
                "text" => chosen.text = value,
                "zurueck" => chosen.back = Wanted::read(&value)?,
                _ => {}
            }
        }
        if let Some(one) = one {
            "uebernehmen".clone_into(&mut chosen.what);
            many = vec![one];
        }
        chosen.numbers = many;
        Ok(chosen)
    }

    /// What can be asked for, from the preview as it was seen there; numbers that are none are passed over here and named
    /// nowhere, for no list holds them.
    fn tickets(&self) -> Vec<TicketRef> {
        let one = |text: &String| match text.split_once('~') {
            Some((number, stand)) => Some(TicketRef::Seen(number.parse().ok()?, stand.parse().ok()?)),
            None => text.parse().ok(),
        };
        self.numbers.iter().filter_map(one).take(MOST).collect()
    }

    fn deed(&self) -> Option<Deed> {
        match (self.what.as_str(), self.kind.as_str()) {
            ("uebernehmen", _) => Some(Deed::Claim),
            ("zurueckgeben", _) => Some(Deed::Release),
            ("schliessen", "nur") => Some(Deed::Close(None)),
            ("schliessen", "antworten") => Some(Deed::Close(Some(Ending::Answer(self.text.trim().to_owned())))),
            ("schliessen", "ablehnen") => Some(Deed::Close(Some(Ending::Reject(self.text.trim().to_owned())))),
            _ => None,
        }
    }

    /// Where one sees what closing will do.
    fn preview(&self) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for number in &self.numbers {
            query.append_pair("anfrage", number.split('~').next().unwrap_or_default());
        }
        format!("{PLACE}?{}", query.append_pair("zurueck", &self.back.query()).finish())
    }
}

/// A request of the preview or the result.
struct Line {
    number: String,
    /// What was the last of its history when this was shown, as [`stand`] writes it.
    stand: String,
    subject: String,
    sign: &'static str,
    state: String,
    words: String,
}

#[derive(Template)]
#[template(path = "worklist_close.html")]
struct Preview {
    shell: Shell,
    back: String,
    back_query: String,
    /// What is answered or refused before.
    open: Vec<Line>,
    /// What is only put away.
    ended: Vec<Line>,
    /// What will not be done.
    left: Vec<Line>,
    kind: String,
    text: Field,
    told: Vec<String>,
}

#[derive(Template)]
#[template(path = "worklist_done.html")]
struct Result_ {
    shell: Shell,
    back: String,
    title: String,
    done: Vec<Line>,
    left: Vec<Line>,
}

/// What closing these will do.
pub async fn preview(state: Data<State>, request: HttpRequest, page: Staff<right::AssessTicket>) -> PageResult {
    let chosen = Chosen::read(parse_query(request.query_string())?)?;
    let shell = Shell::new(&state, &request, &page.person.visitor);
    close_form(StatusCode::OK, &state, &page.person, shell, &chosen).await
}

/// Does it.
pub async fn act(state: Data<State>, request: HttpRequest, sent: StaffForm<right::AssessTicket, Pairs>) -> PageResult {
    let StaffForm { person, body, .. } = sent;
    let chosen = Chosen::read(body)?;
    let mut shell = Shell::new(&state, &request, &person.visitor).at(HERE);
    let wanted = chosen.tickets();
    if wanted.is_empty() {
        return Ok(result(StatusCode::UNPROCESSABLE_ENTITY, shell, &person.caller, &chosen, Vec::new()));
    }
    let Some(deed) = chosen.deed() else { return Ok(see_other(&chosen.preview())) };
    match each(&state.escalations, &person.caller, &deed, wanted).await {
        Ok(outcomes) if outcomes.iter().all(|one| one.fault.is_none()) => Ok(lead_back(&chosen)),
        Ok(outcomes) => {
            let has_done = outcomes.iter().any(|one| one.fault.is_none());
            let status = if has_done { StatusCode::OK } else { StatusCode::CONFLICT };
            Ok(result(status, shell, &person.caller, &chosen, outcomes))
        }
        Err(AppError::Invalid(faults)) => {
            shell = shell.at(chosen.preview());
            shell.mark(&faults, |_| ("text".to_owned(), "worklist-no-text"));
            close_form(StatusCode::UNPROCESSABLE_ENTITY, &state, &person, shell, &chosen).await
        }
        Err(fault) => Err(fault.into()),
    }
}

fn lead_back(chosen: &Chosen) -> actix_web::HttpResponse {
    let done = match chosen.what.as_str() {
        "uebernehmen" => "worklist-claimed",
        "zurueckgeben" => "worklist-released",
        _ => "worklist-closed",
    };
    lead_done(&chosen.back.href(), done)
}

async fn close_form(status: StatusCode, state: &State, person: &Person, shell: Shell, chosen: &Chosen) -> PageResult {
    let wanted = chosen.tickets();
    let found = match wanted.is_empty() {
        true => Vec::new(),
        false => tickets(&state.escalations, &person.caller, wanted).await?,
    };
    let (mut open, mut ended, mut left, mut wishes) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (ticket, at) in &found {
        let line = |words: String| Line { stand: stand(at), ..line(&shell, ticket, words) };
        let foreign = ticket.claimed_by.as_ref().filter(|claim| claim.id != person.caller.id);
        if may_close(ticket.status) {
            ended.push(line(shell.say("worklist-will-close")));
        } else if next(ticket.status, Move::Answer).is_none() {
            let why = if ticket.status == TicketStatus::New { "worklist-not-new" } else { "worklist-is-closed" };
            left.push(line(shell.say(why)));
        } else if let Some(claim) = foreign {
            left.push(line(shell.with("worklist-held", "name", &claim.name)));
        } else {
            wishes.push(ticket.reply_wish);
            let key = if ticket.status == TicketStatus::Escalated {
                "worklist-will-withdraw"
            } else {
                "worklist-will-answer"
            };
            open.push(line(shell.say(key)));
        }
    }
    let told = ReplyWish::ALL.iter().filter_map(|wish| {
        let count = wishes.iter().filter(|one| *one == wish).count();
        (count > 0).then(|| shell.with(&format!("worklist-told-{wish}"), "count", count))
    });
    let shown = Preview {
        told: told.collect(),
        text: Field::text(&shell, "text", &shell.say("worklist-close-text"), &chosen.text).kind("textarea"),
        kind: chosen.kind.clone(),
        back: chosen.back.href(),
        back_query: chosen.back.query(),
        open,
        ended,
        left,
        shell,
    };
    Ok(show(status, &shown.shell, &shown))
}

/// What stands behind the number in the form, so that it is done with what was seen.
fn stand(at: &TicketRef) -> String {
    match at {
        TicketRef::Seen(_, last) => format!("~{last}"),
        TicketRef::Id(_) | TicketRef::Number(_) => String::new(),
    }
}

fn line(shell: &Shell, ticket: &Ticket, words: String) -> Line {
    Line {
        number: ticket.number.to_string(),
        stand: String::new(),
        subject: ticket.subject.clone(),
        sign: of_ticket(ticket.status),
        state: shell.say(&format!("ticket-{}", ticket.status)),
        words,
    }
}

fn result(
    status: StatusCode,
    shell: Shell,
    caller: &Caller,
    chosen: &Chosen,
    outcomes: Vec<Outcome>,
) -> actix_web::HttpResponse {
    let (all, mut done, mut left) = (outcomes.len(), Vec::new(), Vec::new());
    for outcome in outcomes {
        let why = outcome.fault.as_ref().map(|fault| why(&shell, caller, fault, outcome.ticket.as_ref()));
        let line = match &outcome.ticket {
            Some(ticket) => line(&shell, ticket, why.clone().unwrap_or_default()),
            None => Line {
                stand: String::new(),
                number: match &outcome.at {
                    TicketRef::Number(number) | TicketRef::Seen(number, _) => number.to_string(),
                    TicketRef::Id(id) => id.to_string(),
                },
                subject: String::new(),
                sign: "none",
                state: shell.say("worklist-gone"),
                words: why.clone().unwrap_or_default(),
            },
        };
        if why.is_none() { done.push(line) } else { left.push(line) }
    }
    let key = match chosen.what.as_str() {
        _ if all == 0 => "worklist-nothing-chosen",
        "uebernehmen" => "worklist-some-claimed",
        "zurueckgeben" => "worklist-some-released",
        _ => "worklist-some-closed",
    };
    let title = shell.language.with_all(key, &[("done", done.len().to_string()), ("all", all.to_string())]);
    let shown = Result_ { back: chosen.back.href(), title, done, left, shell };
    show(status, &shown.shell, &shown)
}

/// Why something was not done, in words that say what now.
fn why(shell: &Shell, caller: &Caller, fault: &AppError, ticket: Option<&Ticket>) -> String {
    let Some(ticket) = ticket else { return shell.say("worklist-not-yours") };
    let foreign = ticket.claimed_by.as_ref().filter(|claim| claim.id != caller.id);
    match (fault, ticket.status, foreign) {
        (AppError::Forbidden(_) | AppError::NotFound, ..) => shell.say("worklist-not-allowed"),
        (AppError::Unavailable(_), ..) => shell.say("worklist-away"),
        (AppError::Conflict(_), _, Some(claim)) => shell.with("worklist-held", "name", &claim.name),
        (AppError::Conflict(_), TicketStatus::New, None) => shell.say("worklist-not-new"),
        (AppError::Conflict(_), status, None) => {
            shell.with("worklist-is-now", "state", shell.say(&format!("ticket-{status}")))
        }
        _ => shell.say("worklist-fault"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(pairs: &[(&str, &str)]) -> Chosen {
        Chosen::read(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()).unwrap()
    }

    #[test]
    fn one_row_goes_before_what_is_chosen() {
        let one = chosen(&[("anfrage", "a"), ("anfrage", "b"), ("eine", "c"), ("was", "schliessen")]);
        assert_eq!((one.numbers, one.what.as_str()), (vec!["c".to_owned()], "uebernehmen"));
        let many = chosen(&[("anfrage", "a"), ("anfrage", "a"), ("anfrage", "b"), ("was", "schliessen")]);
        assert_eq!((many.numbers.len(), many.deed()), (2, None), "what closing does is shown before");
        assert_eq!(many.preview(), "/anfragen/sammeln?anfrage=a&anfrage=b&zurueck=");
    }
}
