//! The escalations of a request on its page: how each stands in plain words, what was sent and how that went, and what
//! can be done about it now.
//!
//! Invariant: "angenommen" says that their server has a message, never that a person read it; only what they or their
//! system said counts as "bestätigt" or "beantwortet".

use crate::access::{Action, Caller};
use crate::escalation::browse::{AttemptOutcome, Delivery, DeliveryStatus, Purpose};
use crate::escalation::escalation::is_open;
use crate::escalation::hand_on::HandoverState;
use crate::escalation::matter::Matter;
use crate::escalation::{Escalation, EscalationStatus};
use crate::http::pages::field::Field;
use crate::http::pages::shell::Shell;
use crate::http::pages::signs;
use crate::inbound::file::TicketFile;

/// One escalation.
pub struct MatterView {
    /// Its id, in addresses.
    pub id: String,
    /// Whose turn it was, as whoever presses a button saw it.
    pub step: i32,
    /// What kind.
    pub title: String,
    /// Its sign.
    pub sign: &'static str,
    /// How it stands, in one sentence.
    pub state: String,
    /// Whom it goes to, in order.
    pub chain: Vec<StepView>,
    /// What can be done.
    pub acts: Vec<ActView>,
    /// Proposals of the 2nd level that wait for a decision.
    pub proposals: Vec<ProposalView>,
    /// Open questions of the 2nd level.
    pub questions: Vec<String>,
    /// Whom it may be handed on to, for a list of suggestions.
    pub colleagues: Vec<(String, String)>,
}

/// One of the chain.
pub struct StepView {
    /// Who.
    pub name: String,
    /// Why, or when.
    pub note: String,
    /// Whether it is past or present.
    pub is_reached: bool,
    /// What was sent to them.
    pub messages: Vec<MessageView>,
}

/// One message.
pub struct MessageView {
    /// How it went.
    pub words: String,
    /// What their server said, where it did not take it.
    pub detail: Option<String>,
    /// Where to try it again.
    pub retry: Option<String>,
    /// Whether somebody should do something.
    pub is_late: bool,
}

/// Something that can be done about it.
pub struct ActView {
    /// The word in the address.
    pub word: &'static str,
    /// What it is called, and its button says.
    pub name: String,
    /// What it will do.
    pub effect: String,
    /// What must be typed for it.
    pub fields: Vec<Field>,
    /// Whether it stands open.
    pub is_open: bool,
}

/// A handing on that the 2nd level proposes.
pub struct ProposalView {
    /// Its id.
    pub id: String,
    /// In words.
    pub words: String,
    /// Why it is declined.
    pub reason: Field,
}

/// What was typed into the forms of the page, by name.
pub type Typed = std::collections::HashMap<String, String>;

/// Shows the escalations of a request.
pub struct Matters<'a> {
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
}

impl Matters<'_> {
    /// Each of them, the latest first.
    pub fn show(&self) -> Vec<MatterView> {
        self.file.matters.iter().rev().map(|matter| self.one(matter)).collect()
    }

    fn one(&self, matter: &Matter) -> MatterView {
        let (found, shell) = (&matter.escalation, self.shell);
        let may = self.caller.sees(Action::AssessTicket, self.file.ticket.object()) && is_open(found.status);
        let waiting = matter.questions.iter().filter(|asked| asked.replied_at.is_none());
        let questions: Vec<String> = waiting.map(|asked| asked.question.clone()).collect();
        let kind = if found.emergency { "emergency".to_owned() } else { found.kind.to_string() };
        MatterView {
            id: found.id.to_string(),
            step: found.step,
            title: shell.say(&format!("matter-{kind}")),
            sign: signs::of_escalation(found.status),
            state: self.state(matter),
            chain: self.chain(matter),
            acts: if may { self.acts(matter, !questions.is_empty()) } else { Vec::new() },
            proposals: if may { self.proposals(matter) } else { Vec::new() },
            colleagues: matter.colleagues.iter().map(|one| (one.id.to_string(), one.name.clone())).collect(),
            questions,
        }
    }

    /// «Dataport: Mail angenommen 10:14, noch nicht bestätigt, nächste Stufe 14:00»
    fn state(&self, matter: &Matter) -> String {
        let (found, shell) = (&matter.escalation, self.shell);
        let name = found.current().map_or_else(String::new, |step| step.contact.name.clone());
        let by = found.acknowledged_name.clone().unwrap_or_else(|| name.clone());
        let ended_by = matter.ended_by.clone().unwrap_or_else(|| shell.say("desk-somebody"));
        let near = |at: Option<_>| at.map_or_else(String::new, |at| shell.near(at));
        let say = |key: &str, values: &[(&'static str, String)]| shell.language.with_all(key, values);
        match found.status {
            EscalationStatus::Pending | EscalationStatus::Sent => {
                let sent = self.sent(matter, &name);
                let next = match (found.following(), found.acknowledge_by) {
                    (Some(_), Some(at)) => say("matter-next", &[("time", shell.near(at))]),
                    (None, Some(at)) => say("matter-back", &[("time", shell.near(at))]),
                    _ => String::new(),
                };
                say("matter-unconfirmed", &[("name", name), ("sent", sent), ("next", next)])
            }
            EscalationStatus::Acknowledged if found.paused_at.is_some() => {
                say("matter-asks", &[("name", by), ("time", near(found.paused_at))])
            }
            EscalationStatus::Acknowledged => {
                let until = found.answer_by.map(|at| say("matter-answer-by", &[("time", shell.near(at))]));
                let until = until.unwrap_or_default();
                say("matter-confirmed", &[("name", by), ("time", near(found.acknowledged_at)), ("until", until)])
            }
            EscalationStatus::Answered => say("matter-answered", &[("name", ended_by), ("time", near(found.ended_at))]),
            EscalationStatus::Returned => say("matter-returned", &[("name", ended_by), ("time", near(found.ended_at))]),
            EscalationStatus::Expired => say("matter-expired", &[("time", near(found.ended_at))]),
            EscalationStatus::Withdrawn => say("matter-withdrawn", &[("time", near(found.ended_at))]),
        }
    }

    /// The first messages to this contact, in a few words.
    fn sent(&self, matter: &Matter, name: &str) -> String {
        let first = matter.deliveries.iter().filter(|one| one.purpose == Purpose::Created);
        let own = first.filter(|one| matter.name_of(&one.recipient) == name);
        let words: Vec<String> = own.map(|one| self.message(&matter.escalation, one).words).collect();
        if words.is_empty() { self.shell.say("matter-not-sent") } else { words.join(", ") }
    }

    fn chain(&self, matter: &Matter) -> Vec<StepView> {
        let found = &matter.escalation;
        let step = |(at, step): (usize, &crate::escalation::EscalationStep)| {
            let place = i32::try_from(at).unwrap_or(i32::MAX);
            let own = matter.deliveries.iter().filter(|one| matter.name_of(&one.recipient) == step.contact.name);
            let later = match found.acknowledge_by {
                Some(by) if place == found.step + 1 => self.shell.with("matter-at", "time", self.shell.near(by)),
                _ => self.shell.say("matter-later"),
            };
            let is_reached = place <= found.step;
            let is_to_come = !is_reached && is_open(found.status) && found.acknowledged_at.is_none();
            StepView {
                name: step.contact.name.clone(),
                note: if is_to_come { format!("{later} · {}", step.in_words()) } else { step.in_words() },
                messages: own.map(|one| self.message(found, one)).collect(),
                is_reached,
            }
        };
        found.chain.iter().enumerate().map(step).filter(|step| step.is_reached || is_open(found.status)).collect()
    }

    fn message(&self, found: &Escalation, one: &Delivery) -> MessageView {
        let shell = self.shell;
        let way = shell.say(&format!("way-{}", one.channel));
        let last = one.attempts.last();
        let at = last.map_or(one.created_at, |attempt| attempt.at);
        let (key, time) = match one.status {
            DeliveryStatus::Sent => ("message-sent", at),
            DeliveryStatus::Cancelled => ("message-cancelled", at),
            DeliveryStatus::Exhausted => ("message-exhausted", at),
            DeliveryStatus::Pending => match (last, one.next_attempt_at) {
                (Some(_), Some(next)) => ("message-again", next),
                _ => ("message-waiting", one.created_at),
            },
        };
        let values = [("way", way), ("time", shell.near(time)), ("count", one.attempts.len().to_string())];
        let words = shell.language.with_all(key, &values);
        let what = match one.purpose {
            Purpose::Reminded => shell.say("message-reminder"),
            Purpose::Replied => shell.say("message-reply"),
            Purpose::Cancelled => shell.say("message-off"),
            _ => String::new(),
        };
        let failed = last.filter(|attempt| attempt.outcome != AttemptOutcome::Sent);
        let is_stuck = matches!(key, "message-exhausted" | "message-again");
        let may = self.caller.sees(Action::ReplayDelivery, self.file.ticket.object());
        MessageView {
            words: if what.is_empty() { words } else { format!("{what}: {words}") },
            detail: failed.map(|attempt| attempt.detail.clone()),
            retry: (is_stuck && may).then(|| one.id.to_string()),
            is_late: is_stuck && is_open(found.status),
        }
    }

    /// The letters to the person, in words.
    pub fn letters(&self) -> Vec<MessageView> {
        let letter = |one: &Delivery| {
            let way = self.shell.say("message-letter");
            let at = one.attempts.last().map_or(one.created_at, |attempt| attempt.at);
            let is_stuck = one.status == DeliveryStatus::Exhausted;
            let key = match one.status {
                DeliveryStatus::Sent => "message-sent",
                DeliveryStatus::Exhausted => "message-exhausted",
                DeliveryStatus::Cancelled => "message-cancelled",
                DeliveryStatus::Pending => "message-waiting",
            };
            let values = [("way", way), ("time", self.shell.near(at)), ("count", one.attempts.len().to_string())];
            let may = self.caller.sees(Action::ReplayDelivery, self.file.ticket.object());
            MessageView {
                words: self.shell.language.with_all(key, &values),
                detail: None,
                retry: (is_stuck && may).then(|| one.id.to_string()),
                is_late: is_stuck,
            }
        };
        self.file.letters.iter().map(letter).collect()
    }

    fn acts(&self, matter: &Matter, is_asked: bool) -> Vec<ActView> {
        let (found, shell) = (&matter.escalation, self.shell);
        let mut acts = Vec::new();
        let mut add = |word: &'static str, effect: String, fields: Vec<Field>| {
            let is_open = self.open == format!("{word}-{}", found.id) || word == "antworten";
            acts.push(ActView { word, name: shell.say(&format!("matter-do-{word}")), effect, fields, is_open });
        };
        let effect = |word: &str| shell.say(&format!("matter-does-{word}"));
        if is_asked {
            add("antworten", effect("antworten"), vec![self.area("antworten", "matter-reply", found)]);
        }
        if let Some(next) = found.following().filter(|_| found.acknowledged_at.is_none()) {
            let says = shell.with("matter-does-naechste", "name", &next.contact.name);
            add("naechste", says, Vec::new());
        }
        if let Some(way) = matter.other_way {
            let says = shell.with("matter-does-anderer-weg", "way", shell.say(&format!("way-{way}")));
            add("anderer-weg", says, Vec::new());
        }
        let to = self.text("an", "matter-to", found).offering(&format!("stellen-{}", found.id));
        add("weitergeben", effect("weitergeben"), vec![to, self.area("weitergeben", "matter-why-on", found)]);
        add("zurueckziehen", effect("zurueckziehen"), vec![self.area("zurueckziehen", "matter-why-off", found)]);
        acts
    }

    fn proposals(&self, matter: &Matter) -> Vec<ProposalView> {
        let open = matter.handovers.iter().filter(|one| one.state == HandoverState::Proposed);
        let view = |one: &crate::escalation::hand_on::Handover| {
            let values = [("from", one.from_name.clone()), ("to", one.to.name.clone()), ("reason", one.reason.clone())];
            let id = format!("ablehnen-{}", one.id);
            let typed = self.typed.get(&id).map(String::as_str).unwrap_or_default();
            ProposalView {
                id: one.id.to_string(),
                words: self.shell.language.with_all("matter-proposal", &values),
                reason: Field::text(self.shell, &id, &self.shell.say("matter-why-not"), typed).kind("textarea"),
            }
        };
        open.map(view).collect()
    }

    fn text(&self, name: &str, key: &str, found: &Escalation) -> Field {
        let id = format!("{name}-{}", found.id);
        let typed = self.typed.get(&id).map(String::as_str).unwrap_or_default();
        Field::text(self.shell, &id, &self.shell.say(key), typed)
    }

    fn area(&self, name: &str, key: &str, found: &Escalation) -> Field {
        self.text(name, key, found).kind("textarea")
    }
}
