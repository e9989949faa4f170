//! The history of a request as one story: who did what when, in words, with what was written.
//!
//! Invariant: every event is told, in its order; what one person did within a minute stands together. Texts are shown
//! as text. What a mail quotes is folded, its files are saved and never shown.

use std::collections::HashMap;

use crate::access::{Actor, Caller};
use crate::clock::Timestamp;
use crate::escalation::escalation::Withheld;
use crate::http::words::Language;
use crate::ids::{EscalationId, HistoryId};
use crate::inbound::browse::Opened;
use crate::inbound::file::{Attachment, Source, TicketFile};
use crate::tickets::history::Event;
use crate::tickets::ticket::ReplyWish;
use crate::tickets::{HistoryEntry, Ticket};

/// What one person did at one time.
pub struct Chapter {
    /// The id of its last event, which links lead to.
    pub id: String,
    /// The day, where it is another than that of the chapter before.
    pub day: Option<String>,
    /// The time of day.
    pub clock: String,
    /// Both, exactly.
    pub exact: String,
    /// Who.
    pub who: String,
    /// Whether it happened after the reader had opened the page.
    pub is_new: bool,
    /// What, one thing after the other.
    pub lines: Vec<Line>,
}

/// One thing that was done.
#[derive(Default)]
pub struct Line {
    /// The rest of the sentence that begins with who.
    pub words: String,
    /// What was written.
    pub quote: Option<String>,
    /// Something less important.
    pub note: Option<String>,
    /// What else the mail holds: signature and quote.
    pub folded: Option<String>,
    /// Files of the mail: address, name, size.
    pub files: Vec<(String, String, String)>,
    /// Where to go on from here: address, words.
    pub links: Vec<(String, String)>,
}

/// Tells a history to somebody.
pub struct Teller<'a> {
    /// In this language.
    pub language: Language,
    /// To this reader.
    pub caller: &'a Caller,
    /// By this time.
    pub now: Timestamp,
    /// The request with everything about it.
    pub file: &'a TicketFile,
    /// What the reader had seen.
    pub seen: Option<HistoryId>,
    /// Whether the reader may take an answer on from here.
    pub may_answer: bool,
}

impl Teller<'_> {
    /// The whole story.
    pub fn tell(&self) -> Vec<Chapter> {
        let mut chapters: Vec<Chapter> = Vec::new();
        let (mut last, mut day) = (None, String::new());
        for entry in &self.file.history {
            let (today, clock) = self.language.day_and_clock(entry.at, self.now);
            let who = self.who(&entry.actor);
            let is_new = self.seen.is_some_and(|seen| entry.id > seen && entry.event.is_news());
            let line = self.line(entry);
            let same = (who.clone(), today.clone(), clock.clone(), is_new);
            match chapters.last_mut().filter(|_| last.as_ref() == Some(&same)) {
                Some(chapter) => {
                    chapter.id = entry.id.to_string();
                    // By mail and by webhook is one thing to whoever reads it.
                    let is_again =
                        line.quote.is_none() && chapter.lines.last().is_some_and(|it| it.words == line.words);
                    if !is_again {
                        chapter.lines.push(line);
                    }
                }
                None => {
                    let shown = Some(today.clone()).filter(|today| *today != day);
                    let (id, exact) = (entry.id.to_string(), entry.at.exact());
                    chapters.push(Chapter { id, day: shown, clock, exact, who, is_new, lines: vec![line] });
                    day = today;
                }
            }
            last = Some(same);
        }
        chapters
    }

    fn is_reader(&self, actor: &Actor) -> bool {
        actor.id.is_some() && (actor.kind, actor.id) == (self.caller.actor.kind, self.caller.actor.id)
    }

    fn who(&self, actor: &Actor) -> String {
        if self.is_reader(actor) { self.language.say("story-you") } else { actor.name.clone() }
    }

    fn say(&self, entry: &HistoryEntry, kind: &str, values: &[(&'static str, String)]) -> String {
        let has = self.language.say(if self.is_reader(&entry.actor) { "story-have" } else { "story-has" });
        let all: Vec<_> = values.iter().cloned().chain([("has", has)]).collect();
        self.language.with_all(&format!("story-{kind}"), &all)
    }

    /// The kind of an escalation in words.
    fn kind(&self, id: EscalationId) -> String {
        let found = self.file.matters.iter().find(|matter| matter.escalation.id == id);
        found.map_or_else(String::new, |matter| self.language.say(&format!("ticket-kind-{}", matter.escalation.kind)))
    }

    /// Whether those who are asked read the texts without numbers of the person; the story itself has them in full.
    fn blacks_out_numbers(&self, id: EscalationId) -> bool {
        let found = self.file.matters.iter().find(|matter| matter.escalation.id == id);
        found.is_some_and(|matter| matter.escalation.withholds(Withheld::Numbers))
    }

    /// One event in words.
    pub fn line(&self, entry: &HistoryEntry) -> Line {
        let language = self.language;
        let said = |kind: &str, values: &[(&'static str, String)]| self.say(entry, kind, values);
        let plain = |kind: &str| Line { words: said(kind, &[]), ..Line::default() };
        let quoting = |kind: &str, text: &str| Line { quote: some(text), ..plain(kind) };
        let named = |kind: &str, name: &str, text: &str| Line {
            words: said(kind, &[("name", name.to_owned())]),
            quote: some(text),
            ..Line::default()
        };
        let told_by = |wish: &ReplyWish| Some(language.say(&format!("story-told-{wish}")));
        match &entry.event {
            Event::Submitted { channel } => Line {
                words: said("submitted", &[("channel", language.say(&format!("channel-{channel}")))]),
                quote: some(&self.file.ticket.description),
                ..Line::default()
            },
            Event::Claimed {} => plain("claimed"),
            Event::Released { held_by: None } => plain("released"),
            Event::Released { held_by: Some(name) } => named("released-of", name, ""),
            Event::Noted { text } => Line { note: Some(language.say("story-internal")), ..quoting("noted", text) },
            Event::Waiting { question } => quoting("waiting", question),
            Event::Resumed { text } => quoting("resumed", text),
            Event::InterimReply { text, respond_by } => Line {
                words: said("interim", &[("time", language.near(*respond_by, self.now))]),
                quote: some(text),
                ..Line::default()
            },
            Event::Answered { text, told_by: wish } => Line { note: told_by(wish), ..quoting("answered", text) },
            Event::Rejected { reason, told_by: wish } => Line { note: told_by(wish), ..quoting("rejected", reason) },
            Event::Closed {} => plain("closed"),
            Event::Reopened { reason, .. } => quoting("reopened", reason),
            Event::Merged { number, .. } => {
                Line { links: vec![(format!("/anfragen/{number}"), number.clone())], ..named("merged", number, "") }
            }
            Event::MergedFrom { number, .. } => Line {
                links: vec![(format!("/anfragen/{number}"), number.clone())],
                ..named("merged-from", number, "")
            },
            Event::PriorityChanged { from, to } => Line {
                words: said("priority", &[("from", from.to_string()), ("to", to.to_string())]),
                ..Line::default()
            },
            Event::CategoryChanged { to, .. } => Line {
                words: said("category", &[("name", language.say(&format!("category-{to}")))]),
                ..Line::default()
            },
            Event::ReporterOpened { purpose } if purpose == "reply by mail" => plain("reporter-opened-to-reply"),
            Event::ReporterOpened { purpose } => quoting("reporter-opened", purpose),
            Event::Escalated { escalation_kind, note, .. } => Line {
                words: said("escalated", &[("kind", language.say(&format!("ticket-kind-{escalation_kind}")))]),
                quote: some(note),
                ..Line::default()
            },
            Event::EscalationStep { escalation, name, reason, discloses_reporter, .. } => {
                let key = if *discloses_reporter { "story-disclosed" } else { "story-not-disclosed" };
                let mut note = format!("{reason} · {}", language.say(key));
                if self.blacks_out_numbers(*escalation) {
                    note = format!("{note} · {}", language.say("story-numbers-blacked"));
                }
                Line { note: Some(note), ..named("step", name, "") }
            }
            Event::EscalationSent { escalation, contact } => named("sent", &self.name_of(*escalation, contact), ""),
            Event::EscalationAcknowledged { reference, .. } => {
                Line { note: self.reference(reference), ..plain("acknowledged") }
            }
            Event::EscalationAnswered { escalation, text, reference } => {
                let line = Line { note: self.reference(reference), ..quoting("second-answered", text) };
                self.with_mail(entry, None, self.with_links(entry, *escalation, line))
            }
            Event::EscalationReturned { reason, .. } => self.with_mail(entry, None, quoting("returned", reason)),
            Event::EscalationAsked { question, .. } => self.with_mail(entry, None, quoting("asked", question)),
            Event::EscalationReplied { text, .. } => quoting("replied", text),
            Event::EscalationCommented { escalation, text, reference, mail } => {
                let line = Line { note: self.reference(reference), ..quoting("commented", text) };
                self.with_mail(entry, mail.map(|id| id.to_string()), self.with_links(entry, *escalation, line))
            }
            Event::EscalationHandedOn { name, reason, .. } => named("handed-on", name, reason),
            Event::EscalationHandOnProposed { name, reason, .. } => named("proposed", name, reason),
            Event::EscalationHandOnDeclined { name, reason, .. } => named("declined", name, reason),
            Event::EscalationReference { reference, .. } => named("reference", reference, ""),
            Event::EscalationExpired { escalation } => named("expired", &self.kind(*escalation), ""),
            Event::EscalationReminded { name, .. } => named("reminded", name, ""),
            Event::EmergencyRaised { reason } => quoting("emergency", reason),
            Event::EscalationWithdrawn { escalation, reason } => named("withdrawn", &self.kind(*escalation), reason),
            Event::OtherWayTried { channel, .. } => named("other-way", &language.say(&format!("way-{channel}")), ""),
            Event::DeliveryExhausted { recipient, detail, .. } => named("exhausted", recipient, detail),
            Event::DeliveryReplayed { .. } => plain("replayed"),
            Event::EndpointDisabled { detail, .. } => quoting("endpoint", detail),
            Event::Relocated { from_name, to_name, .. } => Line {
                words: said("relocated", &[("from", from_name.clone()), ("to", to_name.clone())]),
                ..Line::default()
            },
            Event::ReporterAdded { text } => quoting("reporter-added", text),
            Event::ReporterWithdrew { reason } => quoting("reporter-withdrew", reason),
            Event::Attached { attachment, .. } => self.with_upload(*attachment, plain("attached")),
            Event::AttachmentRemoved { attachment } => self.with_upload(*attachment, plain("attachment-removed")),
            Event::PromiseMoved { from, to, reason, .. } => self.moved(entry, "promise-moved", (*from, *to), reason),
            Event::EscalationMoved { from, to, reason, .. } => {
                self.moved(entry, "escalation-moved", (*from, *to), reason)
            }
            Event::Erased { reason } => quoting("erased", reason),
        }
    }

    fn moved(&self, entry: &HistoryEntry, kind: &str, (from, to): (Timestamp, Timestamp), reason: &str) -> Line {
        let near = |time| self.language.near(time, self.now);
        Line {
            words: self.say(entry, kind, &[("from", near(from)), ("to", near(to))]),
            note: some(reason),
            ..Line::default()
        }
    }

    fn name_of(&self, escalation: EscalationId, address: &str) -> String {
        let found = self.file.matters.iter().find(|matter| matter.escalation.id == escalation);
        found.map_or(address, |matter| matter.name_of(address)).to_owned()
    }

    fn reference(&self, reference: &Option<String>) -> Option<String> {
        reference.as_ref().map(|reference| self.language.with("story-their-number", "name", reference))
    }

    /// What can be done with an answer: give it to the person, or ask once more.
    fn with_links(&self, entry: &HistoryEntry, escalation: EscalationId, mut line: Line) -> Line {
        if self.may_answer && self.file.matters.iter().any(|matter| matter.escalation.id == escalation) {
            let number = &self.file.ticket.number;
            for (what, key) in [("antwort", "story-take-as-answer"), ("eskalieren", "story-ask-again")] {
                let to = format!("/anfragen/{number}?tun={what}&aus={}#tun-{what}", entry.id);
                line.links.push((to, self.language.say(key)));
            }
        }
        line
    }

    /// What else the mail holds that said it.
    fn with_mail(&self, entry: &HistoryEntry, id: Option<String>, mut line: Line) -> Line {
        let is_its = |opened: &&Opened| match &id {
            Some(id) => opened.mail.id.to_string() == *id,
            None => opened.mail.received_at == entry.at || opened.mail.decided_at == Some(entry.at),
        };
        let Some(opened) = self.file.mails.iter().find(is_its) else { return line };
        if let Some(content) = &opened.content {
            let rest = [&content.signature, &content.quoted].into_iter().filter(|part| !part.is_empty());
            line.folded = some(&rest.cloned().collect::<Vec<_>>().join("\n\n"));
        }
        line.files = self.files(opened);
        line
    }

    fn with_upload(&self, attachment: i32, mut line: Line) -> Line {
        let is_its = |source| matches!(source, Source::Upload { number, .. } if number == attachment);
        let own = self.file.attachments.iter().filter(|one| is_its(one.source));
        line.files = own.map(|one| self.to_save(one)).collect();
        line
    }

    fn to_save(&self, one: &Attachment) -> (String, String, String) {
        (address(&self.file.ticket, one.source), one.name.clone(), size(self.language, one.size))
    }

    fn files(&self, opened: &Opened) -> Vec<(String, String, String)> {
        let own = self
            .file
            .attachments
            .iter()
            .filter(|one| matches!(one.source, Source::Mail(id, _) if id == opened.mail.id));
        own.map(|one| self.to_save(one)).collect()
    }
}

/// Where an attachment is saved from; nothing where it cannot be had.
pub fn address(ticket: &Ticket, source: Source) -> String {
    match source {
        Source::Mail(id, position) => format!("/api/v1/inbound/{id}/attachments/{position}"),
        Source::Upload { is_available: false, .. } => String::new(),
        Source::Upload { number, .. } => format!("/api/v1/tickets/{}/attachments/{number}", ticket.number),
    }
}

/// A size as people read it.
pub fn size(language: Language, bytes: usize) -> String {
    let text = match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} kB", bytes / 1_000),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    };
    if language == Language::De { text.replace('.', ",") } else { text }
}

fn some(text: &str) -> Option<String> {
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// The text of what was said in this event of the 2nd level, with its escalation.
pub fn said_in(file: &TicketFile, id: HistoryId) -> Option<(EscalationId, String)> {
    let by_id: HashMap<HistoryId, &HistoryEntry> = file.history.iter().map(|entry| (entry.id, entry)).collect();
    match &by_id.get(&id)?.event {
        Event::EscalationAnswered { escalation, text, .. } | Event::EscalationCommented { escalation, text, .. } => {
            Some((*escalation, text.clone()))
        }
        _ => None,
    }
}
