//! What the 2nd level is told: one finished content for mail and webhook alike.
//!
//! Pure. The subject holds number, kind, service and place, nothing of the citizen. Name and addresses of the
//! reporter appear only for a contact that is allowed them; then the caller seals the message. A webhook body
//! stays under 20 KB: long texts are cut with a sign, the page behind the link has them whole. A link opens a page
//! with one button; opening it changes nothing.

use std::collections::BTreeMap;

use chrono_tz::Europe::Berlin;
use serde::Serialize;
use serde_json::Value;

use crate::clock::Timestamp;
use crate::delivery::adapter::{Adapter, Finished};
use crate::directory::Kind;
use crate::ids::{EscalationId, QuestionId};
use crate::tickets::reply::{escape, paragraphs};
use crate::tickets::ticket::{Category, Priority, Reporter};

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
    pub note: String,
    pub asked_by: String,
    pub acknowledge_by: Option<Timestamp>,
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

/// The kind in German.
pub fn kind_word(kind: Kind, emergency: bool) -> &'static str {
    match (emergency, kind) {
        (true, _) => "NOTFALL",
        (false, Kind::Technical) => "technisch",
        (false, Kind::Functional) => "fachlich",
    }
}

/// A time as people in Germany read it, such as `24.11.2026, 14:00 Uhr`.
pub fn berlin(time: Timestamp) -> String {
    time.utc().with_timezone(&Berlin).format("%d.%m.%Y, %H:%M Uhr").to_string()
}

/// The subject: `[26-004711-9] technisch: Wohnsitzanmeldung, Kiel`.
pub fn subject(facts: &Facts) -> String {
    let prefix = match facts.occasion {
        Occasion::Created => "",
        Occasion::Reminded => "Erinnerung, ",
        Occasion::Replied => "Antwort auf Ihre Rückfrage, ",
        Occasion::Cancelled => "Erledigt, ",
    };
    let kind = kind_word(facts.kind, facts.emergency);
    format!("[{}] {prefix}{kind}: {}, {}", facts.number, facts.service_name, facts.municipality)
}

/// What is known, as pairs of label and value, the same in mail and page.
pub fn known(facts: &Facts) -> Vec<(String, String)> {
    let mut known = vec![
        ("Dienst".to_owned(), facts.service_name.clone()),
        ("Ort".to_owned(), facts.municipality.clone()),
        ("Thema".to_owned(), facts.category.german().to_owned()),
        ("Dringlichkeit".to_owned(), facts.priority.to_string()),
    ];
    known.extend(facts.context.iter().map(|(label, value)| (label.clone(), value.clone())));
    if let Some(reporter) = &facts.reporter {
        let parts = [("Name", &reporter.name), ("E-Mail", &reporter.email), ("Telefon", &reporter.phone)];
        known.extend(parts.into_iter().filter_map(|(label, value)| Some((label.to_owned(), value.clone()?))));
    }
    known
}

fn opening(facts: &Facts) -> String {
    match facts.occasion {
        Occasion::Created | Occasion::Reminded => {
            let question =
                format!("{} braucht Ihre Antwort ({}).", facts.asked_by, kind_word(facts.kind, facts.emergency));
            match facts.acknowledge_by {
                Some(by) => {
                    let after = match &facts.next_contact {
                        Some(next) => format!("Danach fragt Lotse: {next}."),
                        None => "Danach geht die Anfrage an die Kommune zurück.".to_owned(),
                    };
                    format!("{question}\nBitte bestätigen Sie bis {}, dass Sie sich kümmern. {after}", berlin(by))
                }
                None => question,
            }
        }
        Occasion::Replied => format!("{} hat auf Ihre Rückfrage geantwortet.", facts.asked_by),
        Occasion::Cancelled => "Diese Anfrage ist erledigt. Sie müssen nichts mehr tun.".to_owned(),
    }
}

/// The text part of the mail.
pub fn text(facts: &Facts) -> String {
    let mut out = format!("Guten Tag {},\n\n{}\n", facts.contact_name, opening(facts));
    if let Some(Replied { questions, text, .. }) = &facts.replied {
        out.push_str(&format!("\nIHRE RÜCKFRAGE\n{}\n\nDIE ANTWORT\n{text}\n", questions.join("\n\n")));
    }
    if facts.occasion != Occasion::Cancelled {
        out.push_str(&format!(
            "\nIch kümmere mich darum: {}\nAntworten: {}\nRückfrage stellen: {}\nWeitergeben: {}\nWir sind nicht zuständig: {}\nAlles ansehen: {}\n",
            facts.links.acknowledge,
            facts.links.answer,
            facts.links.ask,
            facts.links.hand_on,
            facts.links.give_back,
            facts.links.view
        ));
        out.push_str("(Die Links öffnen eine Seite mit einem Knopf. Erst der Knopf ändert etwas.)\n");
        if !facts.note.is_empty() {
            out.push_str(&format!("\nDIE FRAGE\n{}\n", facts.note));
        }
        out.push_str(&format!("\nWAS BEKANNT IST\n{}\n\n{}\n\n", facts.subject, facts.description));
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
        let links = [
            ("Ich kümmere mich darum", &facts.links.acknowledge),
            ("Antworten", &facts.links.answer),
            ("Rückfrage stellen", &facts.links.ask),
            ("Weitergeben", &facts.links.hand_on),
            ("Wir sind nicht zuständig", &facts.links.give_back),
            ("Alles ansehen", &facts.links.view),
        ];
        out.push_str("<ul>");
        for (label, link) in links {
            out.push_str(&format!("<li><a href=\"{}\">{label}</a></li>", escape(link)));
        }
        out.push_str("</ul><p>Die Links öffnen eine Seite mit einem Knopf. Erst der Knopf ändert etwas.</p>");
        if !facts.note.is_empty() {
            out.push_str(&format!("<h2>Die Frage</h2><p>{}</p>", paragraphs(&facts.note)));
        }
        let (subject, description) = (escape(&facts.subject), paragraphs(&facts.description));
        out.push_str(&format!("<h2>Was bekannt ist</h2><p><strong>{subject}</strong></p><p>{description}</p><table>"));
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
    note: &'a str,
    ticket: TicketData<'a>,
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

/// The same in the words of another ticket system, with its call; `known` are its number and key for this, if it gave
/// them. The fault names the template and line.
pub fn adapted(adapter: &Adapter, facts: &Facts, known: &Known) -> Result<(Finished, String), String> {
    let make = |facts: &Facts| {
        let data = template_data(facts, known).map_err(|fault| fault.to_string())?;
        adapter.finish(&data)
    };
    short_enough(facts, make, |(_, body)| body.len())
}

/// What a contact's own system calls the matter: the number for people, the key for its interface.
pub type Known = (Option<String>, Option<String>);

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
        if let Some(replied) = &mut facts.replied {
            cut(&mut replied.text, most);
            replied.questions.iter_mut().for_each(|question| cut(question, most / 4));
        }
        facts.context.values_mut().for_each(|value| cut(value, most / 8));
    }
}

/// What templates see: the event with mail's title and text. What is not there now is empty, never missing, so that a
/// template that was sound when it was entered stays so. Who asked is in it only where the contact may see that.
fn template_data(facts: &Facts, (reference, key): &Known) -> Result<Value, serde_json::Error> {
    let mut event = serde_json::to_value(event(facts))?;
    let mut data = event["data"].take();
    for field in ["type", "timestamp"] {
        data[field] = event[field].take();
    }
    for (part, fields) in [
        ("reporter", &["name", "email", "phone"][..]),
        ("reply", &["text"]),
        ("links", &["acknowledge", "answer", "return", "ask", "hand_on", "view"]),
    ] {
        for field in fields.iter().filter(|field| data[part].get(**field).is_none()).collect::<Vec<_>>() {
            data[part][*field] = Value::Null;
        }
    }
    if data["reply"].get("questions").is_none() {
        data["reply"]["questions"] = Value::Array(Vec::new());
    }
    data["title"] = subject(facts).into();
    data["text"] = text(facts).into();
    data["reference"] = reference.clone().into();
    data["key"] = key.clone().into();
    Ok(data)
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
            },
            reporter: facts.reporter.as_ref(),
            reply: facts.replied.as_ref().map(|r| ReplyData { questions: &r.questions, text: &r.text }),
            links: (facts.occasion != Occasion::Cancelled).then_some(&facts.links),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> Facts {
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
            note: "Bitte prüfen.".into(),
            asked_by: "Kiel, zentrale Stelle".into(),
            acknowledge_by: Some(Timestamp::new("2026-11-24T13:00:00Z".parse().unwrap())),
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
            "bis 24.11.2026, 14:00 Uhr",
            "Danach fragt Lotse: Dataport Bereitschaft",
            "/eskalation/geheim/return",
            "Firefox 145",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(!html(&facts).contains("<script>"));
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

    fn keys(value: &Value, at: &str, found: &mut Vec<String>) {
        for (key, inner) in value.as_object().into_iter().flatten().filter(|(key, _)| *key != "browser") {
            found.push(format!("{at}{key}"));
            keys(inner, &format!("{at}{key}."), found);
        }
    }

    #[test]
    fn the_sample_of_adapters_is_shaped_like_a_true_message() {
        let known = (Some("22003".to_owned()), Some("3".to_owned()));
        for occasion in [Occasion::Created, Occasion::Reminded, Occasion::Replied, Occasion::Cancelled] {
            let data = template_data(&Facts { occasion, ..facts() }, &known).unwrap();
            let (mut made, mut sample) = (Vec::new(), Vec::new());
            keys(&data, "", &mut made);
            keys(&crate::delivery::adapter::sample(), "", &mut sample);
            made.sort();
            sample.sort();
            assert_eq!(made, sample, "{occasion:?}");
        }
    }

    #[test]
    fn another_system_is_called_in_its_own_words() {
        let mut facts = facts();
        facts.description = "\u{1}\"🚀".repeat(2600);
        let settings = [("group", "Users"), ("customer", "lotse@example.org")];
        let adapter = Adapter {
            preset: Some(crate::delivery::adapter::Preset::Zammad),
            settings: settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            secrets: vec!["token".into()],
            ..Adapter::default()
        };
        let (call, body) = adapted(&adapter, &facts, &(None, None)).unwrap();
        assert!(body.len() < 20_000, "{}", body.len());
        let ticket: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((call.path.as_str(), &ticket["group"]), ("/api/v1/tickets", &"Users".into()));
        let known = (Some("22003".to_owned()), Some("3".to_owned()));
        let off = Facts { occasion: Occasion::Cancelled, ..facts };
        let (call, body) = adapted(&adapter, &off, &known).unwrap();
        let article: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((call.path.as_str(), &article["ticket_id"]), ("/api/v1/ticket_articles", &3.into()));
        assert_eq!(call.reference, None, "an article's number is not the ticket's");
    }

    #[test]
    fn a_call_off_asks_nothing() {
        let text = text(&Facts { occasion: Occasion::Cancelled, ..facts() });
        assert!(text.contains("erledigt") && !text.contains("/eskalation/"), "{text}");
    }
}
