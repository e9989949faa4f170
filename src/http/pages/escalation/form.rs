//! The forms of the 2nd level's page: what can be done, what was typed, and the fields with what is wrong in them.

use actix_web::HttpRequest;
use actix_web::web::Payload;
use serde::Deserialize;

use super::Opened;
use crate::error::FieldError;
use crate::escalation::hand_on::HandOn;
use crate::escalation::link::LinkPage;
use crate::escalation::respond::{LONGEST_ANSWER, LONGEST_QUESTION, LONGEST_REASON, LONGEST_REFERENCE, Word};
use crate::http::error::ApiError;
use crate::http::pages::mail_link;
use crate::http::words::Language;

/// The longest form, in bytes: 8,000 characters, each written as up to twelve.
const LONGEST_FORM: usize = 64 * 1024;

/// What stands in front.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http::pages) enum Action {
    View,
    Acknowledge,
    Answer,
    Ask,
    HandOn,
    Return,
}

impl Action {
    pub(in crate::http::pages) fn of(word: &str) -> Option<Self> {
        [Self::Acknowledge, Self::Answer, Self::Ask, Self::HandOn, Self::Return]
            .into_iter()
            .find(|action| action.as_str() == word)
    }

    /// As in the address, and in what is noted of a contact's last word.
    pub(in crate::http::pages) fn as_str(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Acknowledge => "acknowledge",
            Self::Answer => "answer",
            Self::Ask => "ask",
            Self::HandOn => "hand_on",
            Self::Return => "return",
        }
    }
}

/// The form as it was sent; each action has its own fields.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Typed {
    text: String,
    reference: String,
    question: String,
    contact: String,
    reason: String,
}

/// One field.
pub(super) struct Field {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    pub(super) label: String,
    pub(super) hint: Option<String>,
    pub(super) value: String,
    /// More than 0: for longer texts.
    pub(super) rows: u8,
    pub(super) is_choice: bool,
    pub(super) choices: Vec<(String, String)>,
    pub(super) is_optional: bool,
    pub(super) fault: Option<String>,
    pub(super) described: Option<String>,
    /// Whether the focus is here.
    pub(super) is_first: bool,
}

/// One form.
pub(super) struct Part {
    pub(super) word: &'static str,
    pub(super) name: String,
    pub(super) post: String,
    pub(super) send: String,
    pub(super) effect: Option<String>,
    pub(super) fields: Vec<Field>,
}

/// Reads what was typed.
pub(super) async fn form(request: &HttpRequest, payload: Payload) -> Result<Typed, ApiError> {
    let typed: Typed = mail_link::form(request, payload, LONGEST_FORM).await?;
    Ok(typed.tidied())
}

impl Typed {
    /// What was written, in whichever form.
    pub(super) fn written(&self) -> Option<&str> {
        [&self.text, &self.question, &self.reason].into_iter().map(String::as_str).find(|text| !text.is_empty())
    }

    /// The same with line ends as texts have them.
    pub(in crate::http::pages) fn tidied(mut self) -> Self {
        let Typed { text, reference, question, contact, reason } = &mut self;
        [text, reference, question, contact, reason].into_iter().for_each(mail_link::tidy);
        self
    }
}

/// The word that was said with it.
pub(in crate::http::pages) fn say(action: Action, typed: &Typed) -> Word {
    let reference = Some(typed.reference.clone()).filter(|reference| !reference.is_empty());
    match action {
        Action::View | Action::Acknowledge => Word::Acknowledge { reference },
        Action::Answer => Word::Answer { text: typed.text.clone(), reference },
        Action::Ask => Word::Ask { question: typed.question.clone() },
        Action::HandOn => Word::HandOn(HandOn { contact: typed.contact.clone(), reason: typed.reason.clone() }),
        Action::Return => Word::Return { reason: typed.reason.clone() },
    }
}

/// The forms that a page shows: one in front, or all.
pub(super) struct Forms<'a> {
    pub(super) opened: &'a Opened,
    pub(super) action: Action,
    pub(super) typed: Typed,
    pub(super) faults: &'a [FieldError],
    pub(super) place: &'a str,
    /// Their own number, where they gave it before.
    pub(super) reference: &'a str,
}

impl Forms<'_> {
    fn language(&self) -> Language {
        self.opened.language
    }

    /// Taking it; with a field for the number only where it stands alone.
    pub(super) fn take(&self) -> Option<Part> {
        let fields = match self.action {
            Action::View => Vec::new(),
            Action::Acknowledge => vec![self.reference()],
            _ => return None,
        };
        Some(self.part(Action::Acknowledge, "desk-take", "desk-take", None, fields))
    }

    /// Everything else.
    pub(super) fn parts(&self, found: &LinkPage) -> Vec<Part> {
        let all = [Action::Answer, Action::Ask, Action::HandOn, Action::Return];
        let shown = all.into_iter().filter(|one| self.action == Action::View || self.action == *one);
        shown.map(|one| self.one(one, found)).collect()
    }

    fn one(&self, action: Action, found: &LinkPage) -> Part {
        let (language, typed) = (self.language(), &self.typed);
        match action {
            Action::Ask => {
                let hint = language.with("desk-ask-hint", "place", self.place);
                let label = language.say("desk-ask-what");
                let field = self.area(("question", "question"), label, Some(hint), &typed.question, 3);
                self.part(action, "desk-ask", "desk-ask-send", Some("desk-ask-effect"), vec![field])
            }
            Action::HandOn => {
                let choices: Vec<_> =
                    found.colleagues.iter().map(|one| (one.id.to_string(), one.name.clone())).collect();
                let label = language.say("desk-hand-on-why");
                // Where all forms are shown, the reason of giving back has the shorter id.
                let id = if self.action == Action::View { "hand-on-reason" } else { "reason" };
                let fields = if choices.is_empty() {
                    Vec::new()
                } else {
                    let contact = Field {
                        is_choice: true,
                        choices,
                        ..self.field(("contact", "contact"), language.say("desk-hand-on-to"), None, &typed.contact)
                    };
                    vec![contact, self.area((id, "reason"), label, None, &typed.reason, 3)]
                };
                self.part(action, "desk-hand-on", "desk-hand-on-send", Some("desk-hand-on-effect"), fields)
            }
            Action::Return => {
                let (label, hint) = (language.say("desk-return-why"), language.say("desk-return-hint"));
                let field = self.area(("reason", "reason"), label, Some(hint), &typed.reason, 3);
                self.part(action, "desk-return", "desk-return-send", None, vec![field])
            }
            _ => {
                let label = language.with("desk-answer-to", "place", self.place);
                let fields = vec![self.area(("text", "text"), label, None, &typed.text, 6), self.reference()];
                self.part(action, "desk-answer", "desk-answer-send", Some("desk-answer-effect"), fields)
            }
        }
    }

    fn part(&self, action: Action, name: &str, send: &str, effect: Option<&str>, fields: Vec<Field>) -> Part {
        let language = self.language();
        Part {
            word: action.as_str(),
            name: language.say(name),
            post: self.opened.at(action),
            send: language.say(send),
            effect: effect.map(|key| language.say(key)),
            fields,
        }
    }

    fn reference(&self) -> Field {
        let label = self.language().say("desk-reference");
        let value = if self.faults.is_empty() { self.reference } else { &self.typed.reference };
        Field { is_optional: true, ..self.field(("reference", "reference"), label, None, value) }
    }

    fn area(
        &self,
        names: (&'static str, &'static str),
        label: String,
        hint: Option<String>,
        value: &str,
        rows: u8,
    ) -> Field {
        Field { rows, ..self.field(names, label, hint, value) }
    }

    fn field(
        &self,
        (id, name): (&'static str, &'static str),
        label: String,
        hint: Option<String>,
        value: &str,
    ) -> Field {
        let fault = self.fault(name, value);
        let described = [hint.as_ref().map(|_| "hinweis"), fault.as_ref().map(|_| "fehler")];
        let described: Vec<String> = described.into_iter().flatten().map(|end| format!("{id}-{end}")).collect();
        Field {
            id,
            name,
            label,
            hint,
            value: value.to_owned(),
            rows: 0,
            is_choice: false,
            choices: Vec::new(),
            is_optional: false,
            is_first: fault.is_some() && self.is_foremost(name),
            described: (!described.is_empty()).then(|| described.join(" ")),
            fault,
        }
    }

    /// True where no field before this one has a fault.
    fn is_foremost(&self, name: &str) -> bool {
        let order = ["text", "question", "contact", "reason", "reference"];
        let at = |field: &str| order.iter().position(|known| *known == field).unwrap_or(order.len());
        self.faults.iter().map(|fault| at(&fault.field)).min() == Some(at(name))
    }

    /// What is wrong with a field, in words.
    pub(super) fn fault(&self, field: &str, value: &str) -> Option<String> {
        self.faults.iter().find(|fault| fault.field == field)?;
        let language = self.language();
        let (missing, most) = match field {
            "text" => ("desk-fault-text", LONGEST_ANSWER),
            "question" => ("desk-fault-question", LONGEST_QUESTION),
            "reason" => ("desk-fault-reason", LONGEST_REASON),
            "contact" if value.is_empty() => return Some(language.say("desk-fault-contact-missing")),
            "contact" => return Some(language.say("desk-fault-contact")),
            _ => ("desk-fault-reference", LONGEST_REFERENCE),
        };
        let is_missing = value.is_empty();
        Some(if is_missing { language.say(missing) } else { language.with("desk-fault-long", "most", most) })
    }
}
