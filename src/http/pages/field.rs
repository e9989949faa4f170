//! One field of a form with label, hint, value and fault, as KERN builds it.
//!
//! Invariant: a password's field never carries a value. The first faulty field of a page gets the focus.

use askama::Template;

use super::shell::Shell;

/// A field.
#[derive(Template)]
#[template(path = "field.html")]
pub struct Field {
    id: String,
    name: String,
    label: String,
    kind: &'static str,
    optional: Option<String>,
    hint: Option<String>,
    value: String,
    complete: &'static str,
    is_needed: bool,
    list: Option<String>,
    fault: Option<String>,
    has_focus: bool,
}

/// A choice from a list.
#[derive(Template)]
#[template(path = "choice.html")]
pub struct Choice {
    id: String,
    label: String,
    hint: Option<String>,
    options: Vec<Option_>,
    fault: Option<String>,
    has_focus: bool,
}

struct Option_ {
    value: String,
    label: String,
    is_chosen: bool,
}

impl Field {
    fn new(shell: &Shell, id: &str, label: &str, kind: &'static str) -> Self {
        Self {
            label: label.to_owned(),
            kind,
            optional: None,
            hint: None,
            value: String::new(),
            complete: "off",
            is_needed: true,
            list: None,
            fault: shell.fault_of(id).map(str::to_owned),
            has_focus: shell.first_fault() == id,
            name: id.to_owned(),
            id: id.to_owned(),
        }
    }

    /// A line of text with what was typed so far.
    pub fn text(shell: &Shell, id: &str, label: &str, value: &str) -> Self {
        Self { value: value.to_owned(), ..Self::new(shell, id, label, "text") }
    }

    /// A password, always empty; `complete` is `current-password` or `new-password`.
    pub fn password(shell: &Shell, id: &str, label: &str, complete: &'static str) -> Self {
        Self { complete, ..Self::new(shell, id, label, "password") }
    }

    /// A code from an app or from paper.
    pub fn code(shell: &Shell, id: &str, label: &str) -> Self {
        Self { complete: "one-time-code", ..Self::new(shell, id, label, "text") }
    }

    /// It may stay empty.
    pub fn optional(self, shell: &Shell) -> Self {
        Self { optional: Some(shell.say("optional")), ..self }.may_be_empty()
    }

    /// It may stay empty, which something else says.
    pub fn may_be_empty(self) -> Self {
        Self { is_needed: false, ..self }
    }

    /// Sent under another name than its id, where a page has several of its kind.
    pub fn named(self, name: &str) -> Self {
        Self { name: name.to_owned(), ..self }
    }

    /// Offers what this list of the page holds.
    pub fn offering(self, list: &str) -> Self {
        Self { list: Some(list.to_owned()), ..self }
    }

    /// A sentence between label and field.
    pub fn hint(self, hint: String) -> Self {
        Self { hint: Some(hint), ..self }
    }

    /// What the browser fills in.
    pub fn completed(self, complete: &'static str) -> Self {
        Self { complete, ..self }
    }

    /// Another kind of text, such as `email`, `search`, `date` or `textarea`.
    pub fn kind(self, kind: &'static str) -> Self {
        Self { kind, ..self }
    }

    /// Gets the focus when nothing is wrong.
    pub fn first(self, shell: &Shell) -> Self {
        Self { has_focus: self.has_focus || shell.faults.is_empty(), ..self }
    }
}

impl Choice {
    /// A list of value and label, with the value chosen so far.
    pub fn new(shell: &Shell, id: &str, label: &str, options: Vec<(String, String)>, chosen: &str) -> Self {
        let option = |(value, label): (String, String)| Option_ { is_chosen: value == chosen, value, label };
        Self {
            label: label.to_owned(),
            hint: None,
            options: options.into_iter().map(option).collect(),
            fault: shell.fault_of(id).map(str::to_owned),
            has_focus: shell.first_fault() == id,
            id: id.to_owned(),
        }
    }

    /// A sentence between label and list.
    pub fn hint(self, hint: String) -> Self {
        Self { hint: Some(hint), ..self }
    }
}
