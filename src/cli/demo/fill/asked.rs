//! The part of a made-up life that the 2nd level has in it: an escalation, its messages and its words.
//!
//! Invariant: what has ended holds no deadline; what is open is due after `now`, so that nothing is sent for it at once.

use chrono::TimeDelta;
use rand::Rng;
use rand::rngs::StdRng;

use super::cast::Cast;
use super::life::id;
use super::words;
use crate::access::Actor;
use crate::clock::Timestamp;
use crate::delivery::chronicle::Past;
use crate::delivery::{Attempt, AttemptOutcome, Content, Mail, Outgoing, Purpose};
use crate::directory::{Contact, Kind};
use crate::escalation::chronicle::Asked;
use crate::escalation::{Escalation, EscalationStatus, EscalationStep};
use crate::tickets::Event;
use crate::tickets::ticket::Ticket;

/// What a life's beats do to an escalation.
pub const STEPS: [Option<EscalationStatus>; 5] = [
    Some(EscalationStatus::Pending),
    Some(EscalationStatus::Sent),
    Some(EscalationStatus::Acknowledged),
    Some(EscalationStatus::Answered),
    Some(EscalationStatus::Returned),
];

/// An escalation while it is made up.
pub struct Matter {
    escalation: Escalation,
    contact: Contact,
    number: String,
    service: String,
    reference: Option<String>,
    solution: &'static str,
    patience: TimeDelta,
    said: Option<(&'static str, Timestamp)>,
}

impl Matter {
    /// One that may begin; none where the contact has no way to be reached.
    pub fn new(chance: &mut StdRng, cast: &Cast, ticket: &Ticket, kind: Kind, step: &EscalationStep) -> Option<Self> {
        let contact = cast.contacts.get(&step.contact.id)?;
        contact.email_endpoint?;
        let at = ticket.created_at;
        let escalation = Escalation {
            id: id(chance, at),
            ticket: ticket.id,
            kind,
            status: EscalationStatus::Pending,
            note: words::note(chance).into(),
            chain: vec![step.clone()],
            skipped: Vec::new(),
            step: 0,
            acknowledge_by: None,
            acknowledged_at: None,
            acknowledged_name: None,
            acknowledged_contact: None,
            reference: None,
            answer: None,
            return_reason: None,
            emergency: false,
            created_at: at,
            updated_at: at,
            ended_at: None,
            counted_from: None,
            answer_by: None,
            remind_at: None,
            reminded: 0,
            paused_at: None,
            withheld: Vec::new(),
        };
        Some(Self {
            escalation,
            contact: contact.clone(),
            number: ticket.number.to_string(),
            service: ticket.service.to_string(),
            reference: chance.random_bool(0.7).then(|| format!("INC-{:06}", chance.random_range(0..1_000_000))),
            solution: words::solution(chance),
            patience: TimeDelta::hours(chance.random_range(12..96)),
            said: None,
        })
    }

    /// It comes so far at this time.
    pub fn happen(&mut self, to: Option<EscalationStatus>, at: Timestamp, now: Timestamp) {
        let Some(to) = to else { return };
        let found = &mut self.escalation;
        (found.status, found.updated_at) = (to, at);
        match to {
            EscalationStatus::Pending => {
                (found.created_at, found.counted_from) = (at, Some(at));
                found.acknowledge_by = Some(now.plus(self.patience));
                return;
            }
            EscalationStatus::Acknowledged => {
                found.acknowledge_by = None;
                found.acknowledged_at = Some(at);
                found.acknowledged_name = Some(self.contact.name.clone());
                found.acknowledged_contact = Some(self.contact.slug.clone());
                found.reference.clone_from(&self.reference);
                found.answer_by = Some(now.plus(self.patience));
                self.said = Some(("acknowledge", at));
                return;
            }
            EscalationStatus::Answered => {
                found.answer = Some(self.solution.into());
                self.said = Some(("answer", at));
            }
            EscalationStatus::Returned => {
                found.return_reason = Some("Das liegt nicht an der Technik.".into());
                self.said = Some(("return", at));
            }
            _ => return,
        }
        found.ended_at = Some(at);
        (found.counted_from, found.answer_by) = (None, None);
    }

    /// Who did it and what the history says.
    pub fn told(&self, is_step: bool, to: Option<EscalationStatus>, colleague: &Actor) -> (Actor, Event) {
        let found = &self.escalation;
        let (escalation, reference) = (found.id, self.reference.clone());
        let reason = found.current().map(|step| step.reason.clone()).unwrap_or_default();
        let second = Actor::link(&self.contact.name);
        match to {
            _ if is_step => {
                let (contact, name) = (self.contact.slug.clone(), self.contact.name.clone());
                let event =
                    Event::EscalationStep { escalation, step: 0, contact, name, reason, discloses_reporter: false };
                (colleague.clone(), event)
            }
            Some(EscalationStatus::Sent) => {
                (Actor::system(), Event::EscalationSent { escalation, contact: self.recipient() })
            }
            Some(EscalationStatus::Acknowledged) => (second, Event::EscalationAcknowledged { escalation, reference }),
            Some(EscalationStatus::Answered) => {
                (second, Event::EscalationAnswered { escalation, text: self.solution.into(), reference })
            }
            Some(EscalationStatus::Returned) => {
                let reason = found.return_reason.clone().unwrap_or_default();
                (second, Event::EscalationReturned { escalation, reason })
            }
            _ => {
                let (escalation_kind, note) = (found.kind.to_string(), found.note.clone());
                (colleague.clone(), Event::Escalated { escalation, escalation_kind, note, reason })
            }
        }
    }

    fn recipient(&self) -> String {
        self.contact.email.as_ref().map(ToString::to_string).unwrap_or_default()
    }

    /// With what was sent for it.
    pub fn finish(self, chance: &mut StdRng) -> Asked {
        let at = self.escalation.created_at;
        let mail = self.contact.email.clone().map(|to| Mail {
            to,
            to_name: Some(self.contact.name.clone()),
            reply_to: None,
            subject: format!("[{}] {}: {}", self.number, self.service, self.escalation.kind),
            text: format!("Guten Tag,\n\n{}\n\nIhre Nummer: {}\n", self.escalation.note, self.number),
            html: format!("<p>Guten Tag,</p><p>{}</p><p>{}</p>", self.escalation.note, self.number),
        });
        let mut messages = Vec::new();
        if let (Some(endpoint), Some(mail)) = (self.contact.email_endpoint, mail) {
            messages.push((endpoint, self.recipient(), Content::Mail(mail)));
        }
        if let (Some(endpoint), Some(webhook)) = (self.contact.webhook_endpoint, &self.contact.webhook) {
            let body = serde_json::json!({"type": "escalation.created", "data": {"ticket": {"number": self.number}}});
            messages.push((endpoint, webhook.url.clone(), Content::Webhook { body: body.to_string(), call: None }));
        }
        let found = &self.escalation;
        let past = |(endpoint, recipient, content)| {
            let dedupe = format!("{} 0 escalation.created {endpoint}", found.id);
            let message = Outgoing {
                about: found.id.cast(),
                purpose: Purpose::Created,
                dedupe,
                endpoint: Some(endpoint),
                recipient,
                content,
            };
            let attempt = Attempt { at, outcome: AttemptOutcome::Sent, detail: "accepted".into() };
            Past { id: id(chance, at), message, at, is_sent: true, attempts: vec![(id(chance, at), attempt)] }
        };
        let messages = messages.into_iter().map(past).collect();
        Asked { escalation: self.escalation, said: self.said, messages }
    }
}
