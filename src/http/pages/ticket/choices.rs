//! What can be done with a request: one form a choice, each says what it will do before its button does it.
//!
//! Invariant: only what the state and the reader's rights allow is offered. What was typed, or is taken from an answer
//! of the 2nd level, stands in the form; previews show exactly what would go out and change nothing.

use crate::access::{Action, Caller};
use crate::directory::{Assessment, Kind};
use crate::error::AppError;
use crate::escalation::escalate::Escalate;
use crate::escalation::escalation::Withheld;
use crate::escalation::preview::{self, Preview};
use crate::http::State;
use crate::http::pages::field::{Choice as List, Field};
use crate::http::pages::shell::Shell;
use crate::ids::HistoryId;
use crate::inbound::file::TicketFile;
use crate::tickets::reply::{LetterKind, LetterPreview, as_got};
use crate::tickets::status::{Move, next};
use crate::tickets::text_modules::{self, FilledText};
use crate::tickets::ticket::{Category, Priority, ReplyWish};
use crate::tickets::{Ticket, TicketRef};

use super::matters::Typed;
use super::story::said_in;

/// One choice.
pub struct Choice {
    /// The word in its address, and the end of its id.
    pub word: &'static str,
    /// The key that opens it.
    pub key: Option<char>,
    /// What it is called.
    pub name: String,
    /// What it will do.
    pub effect: String,
    /// What its button says.
    pub send: String,
    /// Whether its form stands open.
    pub is_open: bool,
    /// Its fields.
    pub fields: Vec<Field>,
    /// Its lists.
    pub lists: Vec<List>,
    /// Whether texts can be put in, and the field they go to.
    pub texts: Option<String>,
    /// What the person would get.
    pub letter: Option<LetterPreview>,
    /// Who would be asked, and what they would read.
    pub asking: Option<Asking>,
}

/// Who would be asked, and what they would read.
pub struct Asking {
    /// Kinds with their names, and which is chosen.
    pub kinds: Vec<(String, String, bool)>,
    /// Whom to ask first, where somebody was chosen.
    pub contact: String,
    /// Nothing where nobody can be asked.
    pub preview: Option<Previewed>,
    /// Whether name and addresses are left out.
    pub without_reporter: bool,
    /// Whether numbers of the person are blacked out.
    pub without_numbers: bool,
}

/// A preview in words.
pub struct Previewed {
    /// Everybody in order: whether they are passed over, who, when and how, why.
    pub chain: Vec<(bool, String, String, String)>,
    /// The subject.
    pub subject: String,
    /// The text.
    pub text: String,
    /// The same as the webhook says it.
    pub webhook: Option<String>,
    /// Whether who asked would leave.
    pub discloses: bool,
    /// Whether who asked may leave at all.
    pub may_disclose: bool,
    /// What looks like a number of the person.
    pub warnings: Vec<String>,
    /// What to say where the person is promised an answer before the 2nd level has to give one.
    pub promised_sooner: Option<String>,
}

/// Makes the choices of a page.
pub struct Choices<'a> {
    /// The service.
    pub state: &'a State,
    /// The page.
    pub shell: &'a Shell,
    /// Who reads it.
    pub caller: &'a Caller,
    /// The request.
    pub file: &'a TicketFile,
    /// What was typed.
    pub typed: &'a Typed,
    /// Which form stands open.
    pub open: &'a str,
    /// The event whose text is taken on.
    pub taken: Option<HistoryId>,
}

impl Choices<'_> {
    fn ticket(&self) -> &Ticket {
        &self.file.ticket
    }

    fn may(&self, action: Action, step: Move) -> bool {
        next(self.ticket().status, step).is_some() && self.caller.sees(action, self.ticket().object())
    }

    /// The texts for this request.
    pub async fn texts(state: &State, caller: &Caller, ticket: &Ticket) -> Result<Vec<FilledText>, AppError> {
        if !caller.sees(Action::AssessTicket, ticket.object()) {
            return Ok(Vec::new());
        }
        text_modules::for_ticket(state.desk(), caller.clone(), TicketRef::Id(ticket.id)).await
    }

    /// True where answering is theirs and possible, perhaps after they have taken it.
    pub fn may_answer(caller: &Caller, ticket: &Ticket) -> bool {
        next(ticket.status, Move::Work).is_some() && caller.sees(Action::AssessTicket, ticket.object())
    }

    /// The decisions, and what else can be done.
    pub async fn show(&self) -> Result<(Vec<Choice>, Vec<Choice>), AppError> {
        let assess = |step| self.may(Action::AssessTicket, step);
        let mut main = Vec::new();
        if assess(Move::Answer) {
            main.push(self.letter("antwort", Some('A'), LetterKind::Answer));
        }
        if self.may_escalate() {
            main.push(self.escalate().await?);
        }
        if assess(Move::Work) && self.ticket().status != crate::tickets::TicketStatus::New {
            let mut interim = self.letter("zwischenstand", Some('Z'), LetterKind::Interim);
            interim.fields.push(self.until());
            main.push(interim);
        }
        if assess(Move::Wait) {
            main.push(self.letter("rueckfrage", Some('R'), LetterKind::Question));
        }
        if self.may(Action::NoteTicket, Move::Resume) {
            main.push(Choice { fields: vec![self.area("weiter")], ..self.choice("weiter", None) });
        }
        if assess(Move::Reject) {
            main.push(self.letter("ablehnung", Some('X'), LetterKind::Refusal));
        }
        if assess(Move::Close) {
            main.push(self.choice("abschluss", None));
        }
        if assess(Move::Reopen) {
            main.push(Choice { fields: vec![self.area("oeffnen")], ..self.choice("oeffnen", None) });
        }
        Ok((main, self.more()))
    }

    fn more(&self) -> Vec<Choice> {
        let assess = |step| self.may(Action::AssessTicket, step);
        let mut more = Vec::new();
        if self.caller.sees(Action::NoteTicket, self.ticket().object()) {
            more.push(Choice { fields: vec![self.area("notiz")], ..self.choice("notiz", None) });
        }
        if assess(Move::Work) {
            let named = |one: &Priority| (one.to_string(), self.shell.say(&format!("priority-{one}")));
            let all = Priority::ALL.iter().map(named).collect();
            more.push(self.listed("dringlichkeit", all, &self.ticket().priority.to_string()));
            let named = |one: &Category| (one.to_string(), self.shell.say(&format!("category-{one}")));
            let all = Category::ALL.iter().map(named).collect();
            more.push(self.listed("thema", all, &self.ticket().category.to_string()));
        }
        if self.may_escalate() && self.ticket().priority != Priority::P1 {
            let reason = self.typed("notfall").unwrap_or(&self.ticket().subject);
            let field = Field::text(self.shell, "notfall", &self.shell.say("ticket-field-notfall"), reason);
            more.push(Choice { fields: vec![field], ..self.choice("notfall", None) });
        }
        if assess(Move::Merge) {
            let typed = self.typed("zusammenlegen").unwrap_or_default();
            let field = Field::text(self.shell, "zusammenlegen", &self.shell.say("ticket-field-zusammenlegen"), typed);
            more.push(Choice { fields: vec![field], ..self.choice("zusammenlegen", None) });
        }
        if assess(Move::Release) && self.ticket().claimed_by.is_some() {
            more.push(self.choice("freigabe", None));
        }
        more
    }

    fn may_escalate(&self) -> bool {
        let directory = self.state.directory().current();
        let service = directory.service(self.ticket().service.as_str());
        let is_direct = service.is_some_and(|service| service.assessment == Assessment::Direct);
        self.may(Action::EscalateTicket, Move::Escalate)
            && (is_direct || self.caller.sees(Action::AssessTicket, self.ticket().object()))
    }

    fn typed(&self, name: &str) -> Option<&str> {
        self.typed.get(name).map(String::as_str)
    }

    /// A choice without anything to fill in.
    fn choice(&self, word: &'static str, key: Option<char>) -> Choice {
        let wish = self.ticket().reply_wish;
        let effect = |key: &str| self.shell.language.try_say(&format!("ticket-does-{word}{key}"));
        Choice {
            word,
            key,
            name: self.shell.say(&format!("ticket-do-{word}")),
            effect: effect(&format!("-{wish}")).or_else(|| effect("")).unwrap_or_default(),
            send: self.shell.say(&format!("ticket-send-{word}")),
            is_open: self.open == word,
            fields: Vec::new(),
            lists: Vec::new(),
            texts: None,
            letter: None,
            asking: None,
        }
    }

    fn area(&self, word: &'static str) -> Field {
        let typed = self.typed(word).unwrap_or_default();
        Field::text(self.shell, word, &self.shell.say(&format!("ticket-field-{word}")), typed).kind("textarea")
    }

    fn listed(&self, word: &'static str, all: Vec<(String, String)>, present: &str) -> Choice {
        let label = self.shell.say(&format!("ticket-field-{word}"));
        let list = List::new(self.shell, word, &label, all, self.typed(word).unwrap_or(present));
        Choice { lists: vec![list], ..self.choice(word, None) }
    }

    /// What goes to the person, with what they get.
    fn letter(&self, word: &'static str, key: Option<char>, kind: LetterKind) -> Choice {
        let taken = self.taken.filter(|_| self.open == word).and_then(|id| said_in(self.file, id));
        let text = self.typed(word).map(str::to_owned).or(taken.map(|(_, text)| text)).unwrap_or_default();
        let label = self.shell.say(&format!("ticket-field-{word}"));
        let field = Field::text(self.shell, word, &label, &text).kind("textarea");
        let is_empty = text.trim().is_empty();
        let hint = match self.ticket().reply_wish {
            ReplyWish::None => field.hint(self.shell.say("ticket-no-reply")),
            _ => field,
        };
        Choice {
            fields: vec![hint],
            texts: Some(word.to_owned()),
            letter: (!is_empty).then(|| as_got(self.ticket(), kind, text, self.file.joined)),
            ..self.choice(word, key)
        }
    }

    /// The new time that the person is promised.
    fn until(&self) -> Field {
        let until = self.typed("bis").map_or_else(|| super::act::promised(self.state, self.ticket()), str::to_owned);
        Field::text(self.shell, "bis", &self.shell.say("ticket-field-bis"), &until).kind("datetime-local")
    }

    async fn escalate(&self) -> Result<Choice, AppError> {
        let shell = self.shell;
        let taken = self.taken.and_then(|id| said_in(self.file, id)).filter(|_| self.open == "eskalieren");
        let known = |id| self.file.matters.iter().find(|matter| matter.escalation.id == id);
        let before = taken.as_ref().and_then(|(id, _)| known(*id)).map(|matter| &matter.escalation);
        let usual = match group(self.ticket().category) {
            "functional" => Kind::Functional,
            _ => Kind::Technical,
        };
        let kind = self.typed("art").and_then(|kind| kind.parse().ok());
        let kind: Kind = kind.or(before.map(|found| found.kind)).unwrap_or(usual);
        let contact = self.typed("an").map(str::to_owned);
        let last = before.and_then(|found| found.current()).map(|step| step.contact.id.to_string());
        let contact = contact.or(last).unwrap_or_default();
        let again = taken.map(|(_, text)| shell.with("ticket-again", "text", text.trim()));
        let note = self.typed("eskalieren").map(str::to_owned).or(again).unwrap_or_default();
        let withhold = withheld(self.typed);
        let command = Escalate {
            kind,
            note: note.clone(),
            contact_id: Some(contact.clone()).filter(|contact| !contact.is_empty()),
            withhold: withhold.clone(),
        };
        let at = TicketRef::Id(self.ticket().id);
        let preview = match preview::preview(&self.state.escalations, self.caller.clone(), at, command).await {
            Ok(preview) => Some(self.words(preview)),
            // Nobody can be asked, or what was typed is at fault, which the form says.
            Err(AppError::Invalid(_)) => None,
            Err(fault) => return Err(fault),
        };
        let label = shell.say(&format!("ticket-question-{kind}"));
        let field = Field::text(shell, "eskalieren", &label, &note).kind("textarea").may_be_empty();
        let kinds =
            Kind::ALL.iter().map(|one| (one.to_string(), shell.say(&format!("matter-kind-{one}")), *one == kind));
        Ok(Choice {
            send: shell.say(&format!("ticket-send-{kind}")),
            fields: vec![field],
            asking: Some(Asking {
                kinds: kinds.collect(),
                contact,
                preview,
                without_reporter: withhold.contains(&Withheld::Reporter),
                without_numbers: withhold.contains(&Withheld::Numbers),
            }),
            ..self.choice("eskalieren", Some('E'))
        })
    }

    fn words(&self, preview: Preview) -> Previewed {
        let shell = self.shell;
        let ways: Vec<String> = preview.ways.iter().map(|way| shell.say(&format!("way-{way}"))).collect();
        let at_once = shell.with("ticket-asked-now", "ways", ways.join(", "));
        let then = shell.with("ticket-asked-then", "time", shell.near(preview.acknowledge_by));
        // A promise that rests moves on with the escalation.
        let promised = Some(self.ticket().respond_by).filter(|_| self.ticket().paused_at.is_none());
        let sooner = promised.zip(preview.answer_if_taken).filter(|(promised, answer)| promised < answer);
        let promised_sooner = sooner.map(|(promised, answer)| {
            let times = [("promised", shell.near(promised)), ("answer", shell.near(answer))];
            shell.language.with_all("ticket-promised-sooner", &times)
        });
        let asked = preview.chain.into_iter().enumerate().map(|(place, step)| {
            let when = match place {
                0 => at_once.clone(),
                1 => then.clone(),
                _ => shell.say("ticket-asked-later"),
            };
            (false, step.contact.name, when, step.reason)
        });
        let skipped = preview
            .skipped
            .into_iter()
            .map(|step| (true, step.contact.name, shell.say("ticket-asked-not"), step.reason));
        Previewed {
            chain: asked.chain(skipped).collect(),
            subject: preview.subject,
            text: preview.text,
            webhook: preview.webhook.map(|body| serde_json::to_string_pretty(&body).unwrap_or_default()),
            discloses: preview.discloses_reporter,
            may_disclose: preview.may_disclose_reporter,
            warnings: preview.warnings.iter().map(|one| shell.say(super::warning_key(&one.message))).collect(),
            promised_sooner,
        }
    }
}

/// What stays here, as it was ticked.
pub fn withheld(typed: &Typed) -> Vec<Withheld> {
    Withheld::ALL.iter().copied().filter(|one| typed.contains_key(&format!("ohne-{one}"))).collect()
}

/// The group of a category: technical, functional or other.
fn group(category: Category) -> &'static str {
    use Category::*;
    match category {
        Login | Payment | Unreachable | FormError | Upload | Submission | Accessibility => "technical",
        Procedure | Responsibility | Documents | Status | Decision => "functional",
        Privacy | Security | PraiseOrCriticism => "other",
    }
}
