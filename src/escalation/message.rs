//! What the 2nd level is told: one finished content for mail and webhook alike.
//!
//! Pure. The subject holds number, kind, service and place, nothing of the citizen. Name and addresses of the
//! reporter appear only for a contact that is allowed them; then the caller seals the message. A webhook body
//! stays under 20 KB: long texts are cut with a sign, the page behind the link has them whole. A link opens a page
//! with one button; opening it changes nothing. What is said in which case stands in `message/words.rs`, the words of
//! other ticket systems in `message/adapted.rs`.

mod adapted;
mod words;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::clock::Timestamp;
use crate::directory::Kind;
use crate::ids::{EscalationId, QuestionId};
use crate::tickets::reply::{escape, paragraphs};
use crate::tickets::ticket::{Category, Priority, Reporter};

pub use adapted::{Known, adapted};
use words::{actions, headline, opening};
pub use words::{berlin, kind_word, known, subject, weekday};

/// The longest webhook body, with room to spare below the promised 20 KB.
const LONGEST_BODY: usize = 19_000;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occasion {
    /// A contact is asked.
    Created,
    /// A contact is reminded.
    Reminded,
    /// A contact's question is answered.
    Replied,
    /// No answer is needed any more.
    Cancelled,
}

impl Occasion {
    /// The event's name on the wire (fixed point of the interface).
    pub fn event(self) -> &'static str {
        match self {
            Self::Created => "escalation.created",
            Self::Reminded => "escalation.reminded",
            Self::Replied => "escalation.replied",
            Self::Cancelled => "escalation.cancelled",
        }
    }
}

/// The answer to questions of the 2nd level.
#[derive(Debug, Clone)]
pub struct Replied {
    /// Tells this answer from others; no two messages share it.
    pub key: QuestionId,
    /// What the contact asked.
    pub questions: Vec<String>,
    /// What the central contact says.
    pub text: String,
}

/// Everything a message says.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub struct Facts {
    pub occasion: Occasion,
    pub escalation: EscalationId,
    pub kind: Kind,
    pub emergency: bool,
    pub contact_name: String,
    pub number: String,
    pub service: String,
    pub service_name: String,
    pub ars: String,
    pub municipality: String,
    pub category: Category,
    pub priority: Priority,
    pub subject: String,
    pub description: String,
    pub context: BTreeMap<String, String>,
    /// How many files came with it.
    pub files: usize,
    pub note: String,
    pub asked_by: String,
    pub acknowledge_by: Option<Timestamp>,
    pub answer_by: Option<Timestamp>,
    /// By when the answer would be due if it was taken now.
    pub answer_if_taken: Option<Timestamp>,
    /// By whom and why it was handed on to this contact.
    pub handed_on: Option<String>,
    pub next_contact: Option<String>,
    pub links: Links,
    pub reporter: Option<Reporter>,
    pub replied: Option<Replied>,
    pub now: Timestamp,
}

/// Where the other side acts.
#[derive(Debug, Clone, Serialize)]
pub struct Links {
    /// Take it.
    pub acknowledge: String,
    /// Answer it.
    pub answer: String,
    /// Give it back.
    #[serde(rename = "return")]
    pub give_back: String,
    /// Ask something about it.
    pub ask: String,
    /// Give it to somebody else.
    pub hand_on: String,
    /// See it.
    pub view: String,
}

impl Links {
    /// The pages behind one signed link.
    pub fn of(public_url: &str, secret: &str) -> Self {
        let view = format!("{public_url}/eskalation/{secret}");
        Self {
            acknowledge: format!("{view}/acknowledge"),
            answer: format!("{view}/answer"),
            give_back: format!("{view}/return"),
            ask: format!("{view}/ask"),
            hand_on: format!("{view}/hand_on"),
            view,
        }
    }
}

/// The text part of the mail.
pub fn text(facts: &Facts) -> String {
    let mut out = format!("Guten Tag {},\n\n{}\n", facts.contact_name, opening(facts));
    if let Some(Replied { questions, text, .. }) = &facts.replied {
        out.push_str(&format!("\nIHRE RÜCKFRAGE\n{}\n\nDIE ANTWORT\n{text}\n", questions.join("\n\n")));
    }
    if facts.occasion != Occasion::Cancelled {
        out.push('\n');
        for (label, link) in actions(facts) {
            out.push_str(&format!("{label}: {link}\n"));
        }
        out.push_str("(Die Links öffnen eine Seite mit einem Knopf. Erst der Knopf ändert etwas.)\n");
        if !facts.note.is_empty() {
            out.push_str(&format!("\nDIE FRAGE\n{}\n", facts.note));
        }
        out.push_str("\nWAS BEKANNT IST\n");
        if let Some(subject) = headline(facts) {
            out.push_str(&format!("{subject}\n\n"));
        }
        out.push_str(&format!("{}\n\n", facts.description));
        for (label, value) in known(facts) {
            out.push_str(&format!("{label}: {value}\n"));
        }
    }
    out.push_str(&format!("\nNummer: {}\n", facts.number));
    out
}

/// The HTML part of the mail, with the same content.
pub fn html(facts: &Facts) -> String {
    let mut out = format!("<p>Guten Tag {},</p><p>{}</p>", escape(&facts.contact_name), paragraphs(&opening(facts)));
    if let Some(Replied { questions, text, .. }) = &facts.replied {
        let (asked, text) = (paragraphs(&questions.join("\n\n")), paragraphs(text));
        out.push_str(&format!("<h2>Ihre Rückfrage</h2><p>{asked}</p><h2>Die Antwort</h2><p>{text}</p>"));
    }
    if facts.occasion != Occasion::Cancelled {
        out.push_str("<ul>");
        for (label, link) in actions(facts) {
            out.push_str(&format!("<li><a href=\"{}\">{label}</a></li>", escape(link)));
        }
        out.push_str("</ul><p>Die Links öffnen eine Seite mit einem Knopf. Erst der Knopf ändert etwas.</p>");
        if !facts.note.is_empty() {
            out.push_str(&format!("<h2>Die Frage</h2><p>{}</p>", paragraphs(&facts.note)));
        }
        out.push_str("<h2>Was bekannt ist</h2>");
        if let Some(subject) = headline(facts) {
            out.push_str(&format!("<p><strong>{}</strong></p>", escape(subject)));
        }
        out.push_str(&format!("<p>{}</p><table>", paragraphs(&facts.description)));
        for (label, value) in known(facts) {
            let (label, value) = (escape(&label), paragraphs(&value));
            out.push_str(&format!("<tr><th align=\"left\">{label}</th><td>{value}</td></tr>"));
        }
        out.push_str("</table>");
    }
    out.push_str(&format!("<p>Nummer: {}</p>", facts.number));
    out
}

#[derive(Serialize)]
struct Event<'a> {
    r#type: &'static str,
    timestamp: Timestamp,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    escalation_id: EscalationId,
    kind: Kind,
    emergency: bool,
    acknowledge_by: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    answer_by: Option<Timestamp>,
    note: &'a str,
    ticket: TicketData<'a>,
    /// By whom and why it was handed on to this contact.
    #[serde(skip_serializing_if = "Option::is_none")]
    handed_on: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reporter: Option<&'a Reporter>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply: Option<ReplyData<'a>>,
    /// Nothing more can be done about what was called off.
    #[serde(skip_serializing_if = "Option::is_none")]
    links: Option<&'a Links>,
}

#[derive(Serialize)]
struct ReplyData<'a> {
    questions: &'a [String],
    text: &'a str,
}

#[derive(Serialize)]
struct TicketData<'a> {
    number: &'a str,
    service: Named<'a>,
    municipality: Place<'a>,
    category: Category,
    priority: Priority,
    subject: &'a str,
    description: &'a str,
    context: &'a BTreeMap<String, String>,
    /// So many files came with it; they stay with the municipality.
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<usize>,
}

#[derive(Serialize)]
struct Named<'a> {
    slug: &'a str,
    name: &'a str,
}

#[derive(Serialize)]
struct Place<'a> {
    ars: &'a str,
    name: &'a str,
}

/// The body of the webhook.
pub fn webhook_body(facts: &Facts) -> Result<String, serde_json::Error> {
    short_enough(facts, |facts| serde_json::to_string(&event(facts)), |body| body.len())
}

/// Makes a body of shorter and shorter texts until it is short enough.
fn short_enough<T, E>(
    facts: &Facts,
    make: impl Fn(&Facts) -> Result<T, E>,
    length: impl Fn(&T) -> usize,
) -> Result<T, E> {
    let mut facts = facts.clone();
    let mut most = 8000;
    loop {
        let made = make(&facts)?;
        if length(&made) <= LONGEST_BODY || most == 0 {
            return Ok(made);
        }
        most /= 2;
        cut(&mut facts.description, most);
        cut(&mut facts.note, most);
        if let Some(handed_on) = &mut facts.handed_on {
            cut(handed_on, most / 4);
        }
        if let Some(replied) = &mut facts.replied {
            cut(&mut replied.text, most);
            replied.questions.iter_mut().for_each(|question| cut(question, most / 4));
        }
        facts.context.values_mut().for_each(|value| cut(value, most / 8));
    }
}

fn cut(text: &mut String, most: usize) {
    if let Some((end, _)) = text.char_indices().nth(most) {
        text.truncate(end);
        text.push_str(" […]");
    }
}

fn event(facts: &Facts) -> Event<'_> {
    Event {
        r#type: facts.occasion.event(),
        timestamp: facts.now,
        data: Data {
            escalation_id: facts.escalation,
            kind: facts.kind,
            emergency: facts.emergency,
            acknowledge_by: facts.acknowledge_by,
            answer_by: facts.answer_by,
            note: &facts.note,
            ticket: TicketData {
                number: &facts.number,
                service: Named { slug: &facts.service, name: &facts.service_name },
                municipality: Place { ars: &facts.ars, name: &facts.municipality },
                category: facts.category,
                priority: facts.priority,
                subject: &facts.subject,
                description: &facts.description,
                context: &facts.context,
                files: Some(facts.files).filter(|files| *files > 0),
            },
            handed_on: facts.handed_on.as_deref(),
            reporter: facts.reporter.as_ref(),
            reply: facts.replied.as_ref().map(|r| ReplyData { questions: &r.questions, text: &r.text }),
            links: (facts.occasion != Occasion::Cancelled).then_some(&facts.links),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn facts() -> Facts {
        Facts {
            occasion: Occasion::Created,
            escalation: EscalationId::new(),
            kind: Kind::Technical,
            emergency: false,
            contact_name: "Dataport Service Desk".into(),
            number: "26-004711-9".into(),
            service: "wohnsitzanmeldung".into(),
            service_name: "Elektronische Wohnsitzanmeldung".into(),
            ars: "010020000000".into(),
            municipality: "Kiel".into(),
            category: Category::FormError,
            priority: Priority::P3,
            subject: "Abbruch nach BundID".into(),
            description: "Fehler 500 <script>alert(1)</script>".into(),
            context: BTreeMap::from([("browser".into(), "Firefox 145".into())]),
            files: 1,
            note: "Bitte prüfen.".into(),
            asked_by: "Kiel, zentrale Stelle".into(),
            acknowledge_by: Some(Timestamp::new("2026-11-24T13:00:00Z".parse().unwrap())),
            answer_by: None,
            answer_if_taken: None,
            handed_on: None,
            next_contact: Some("Dataport Bereitschaft".into()),
            links: Links::of("https://lotse.example.org", "geheim"),
            reporter: None,
            replied: None,
            now: Timestamp::new("2026-11-24T09:00:00Z".parse().unwrap()),
        }
    }

    #[test]
    fn says_who_is_asked_until_when_and_what_then() {
        let facts = facts();
        assert_eq!(subject(&facts), "[26-004711-9] technisch: Elektronische Wohnsitzanmeldung, Kiel");
        let text = text(&facts);
        for part in [
            "bis Di, 24.11.2026, 14:00 Uhr",
            "Danach fragt Lotse: Dataport Bereitschaft",
            "/eskalation/geheim/acknowledge",
            "/eskalation/geheim/return",
            "Firefox 145",
            "Dringlichkeit: normal",
            "Dateien: 1 Datei liegt bei der Kommune",
            "Abbruch nach BundID",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(!html(&facts).contains("<script>"));
    }

    #[test]
    fn says_by_when_an_answer_would_be_due() {
        let answer_if_taken = Some(Timestamp::new("2026-11-26T09:00:00Z".parse().unwrap()));
        for occasion in [Occasion::Created, Occasion::Reminded] {
            let asked = Facts { occasion, answer_if_taken, ..facts() };
            for said in [text(&asked), html(&asked)] {
                assert!(said.contains("Sie endet frühestens am Do, 26.11.2026, 10:00 Uhr."), "{said}");
            }
        }
    }

    #[test]
    fn a_webhook_stays_small_whatever_was_typed() {
        let mut facts = facts();
        facts.description = "\u{1}\"🚀".repeat(2600);
        facts.context = (0..20).map(|i| (format!("feld {i}"), "ß".repeat(2000))).collect();
        let body = webhook_body(&facts).unwrap();
        assert!(body.len() < 20_000, "{}", body.len());
        let event: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert!(event["data"]["ticket"]["description"].as_str().unwrap().ends_with("[…]"));
        assert_eq!(event["data"]["links"]["return"], "https://lotse.example.org/eskalation/geheim/return");
        assert!(event["data"].get("reporter").is_none());
    }

    #[test]
    fn says_who_handed_on_and_that_it_reminds() {
        let handed_on = Some("Dataport Service Desk: Plattform".to_owned());
        let text = text(&Facts { occasion: Occasion::Reminded, handed_on, ..facts() });
        for part in ["Erinnerung: Kiel", "Weitergegeben von Dataport Service Desk: Plattform"] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }

    #[test]
    fn what_was_taken_is_to_be_answered_and_not_taken_again() {
        let answer_by = Some(Timestamp::new("2026-11-24T13:00:00Z".parse().unwrap()));
        let taken = Facts { occasion: Occasion::Replied, acknowledge_by: None, answer_by, ..facts() };
        for said in [text(&taken), html(&taken)] {
            assert!(said.contains("Bitte antworten Sie bis Di, 24.11.2026, 14:00 Uhr"), "{said}");
            assert!(!said.contains("Ich kümmere mich darum") && said.contains("/eskalation/geheim/answer"), "{said}");
        }
    }

    #[test]
    fn what_the_text_begins_with_is_not_said_twice() {
        let description = "Das Hochladen bricht ab und dann steht alles still.".to_owned();
        let said = text(&Facts { subject: "Das Hochladen bricht ab …".into(), description, ..facts() });
        assert_eq!(said.matches("Das Hochladen bricht ab").count(), 1, "{said}");
    }

    #[test]
    fn a_call_off_asks_nothing() {
        let text = text(&Facts { occasion: Occasion::Cancelled, ..facts() });
        assert!(text.contains("erledigt") && !text.contains("/eskalation/"), "{text}");
    }
}
