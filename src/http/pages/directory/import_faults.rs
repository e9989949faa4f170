//! What is wrong with a file that is imported, in the reader's language and by the columns of the template.
//!
//! Invariant: the text is found by the key that the fault brings; one without a key is told in English, so none is kept
//! back. Over the API and on the command line faults stay English.

use crate::directory::import::{self, Column};
use crate::error::{FieldError, Message};
use crate::http::pages::shell::Shell;
use crate::http::words::Language;
use crate::keys::fold;

/// The columns of a file as its template calls them.
#[derive(Debug, Clone, Copy)]
pub struct Headings {
    columns: &'static [Column],
    template: &'static str,
    /// True where the column `ars` takes an AGS as well.
    takes_ags: bool,
}

impl Headings {
    /// Of a table of contacts.
    pub fn contacts() -> Self {
        Self { columns: &import::CONTACTS_COLUMNS, template: import::CONTACTS_TEMPLATE, takes_ags: false }
    }

    /// Of a table of help channels.
    pub fn channels() -> Self {
        Self { columns: &import::CHANNELS_COLUMNS, template: import::CHANNELS_TEMPLATE, takes_ags: false }
    }

    /// Of who took whose place.
    pub fn mergers() -> Self {
        Self { columns: &import::MERGERS_COLUMNS, template: "", takes_ags: false }
    }

    /// Of the list of postal codes.
    pub fn postal_codes() -> Self {
        Self { columns: &import::POSTAL_CODES_COLUMNS, template: "plz;ars", takes_ags: true }
    }

    /// Of the official list, whose columns are called like their fields.
    pub fn municipalities() -> Self {
        Self { columns: &[], template: "", takes_ags: false }
    }

    /// What the template calls a column; the field where it has none.
    pub fn of(self, language: Language, field: &str) -> String {
        if self.takes_ags && field == "ars" {
            return language.say("import-ars-or-ags");
        }
        let column = self.columns.iter().find(|column| column.field == field);
        let headings = || self.template.lines().next().unwrap_or_default().split(';');
        let is_it = |heading: &str, column: &Column| {
            fold(heading) == fold(column.field) || column.also.iter().any(|one| fold(one) == fold(heading))
        };
        let heading = column.and_then(|column| headings().find(|heading| is_it(heading, column)));
        heading.map_or_else(|| field.to_owned(), str::to_owned)
    }

    /// All of them.
    fn all(self, language: Language) -> String {
        self.columns.iter().map(|column| self.of(language, column.field)).collect::<Vec<_>>().join(", ")
    }
}

/// What is wrong, in words.
pub fn in_words(shell: &Shell, headings: Headings, message: &Message) -> String {
    let Some(key) = message.key() else { return message.to_string() };
    let mut named = message.named().iter().cloned();
    let (one, two) = (named.next().unwrap_or_default(), named.next().unwrap_or_default());
    let (one, two) = match key {
        "heading" => (one, headings.all(shell.language)),
        "no-column" => (headings.of(shell.language, &one), two),
        _ => (one, two),
    };
    shell.language.with_all(&format!("import-fault-{key}"), &[("one", one), ("two", two)])
}

/// What is wrong with a file as a whole: where, and what.
pub fn of_file(shell: &Shell, headings: Headings, fault: &FieldError) -> String {
    let mut parts = fault.field.split(": ");
    let file = parts.next().unwrap_or_default();
    let row = |number: &str| shell.with("import-at-row", "row", number);
    // The list of municipalities counts lines: `file:3: land`.
    let line = file.rsplit_once(':').filter(|(_, line)| line.parse::<u64>().is_ok());
    let (file, line) = line.map_or((file, None), |(file, line)| (file, Some(row(line))));
    let place = parts.map(|part| match part.strip_prefix("row ") {
        Some(number) => row(number),
        None => headings.of(shell.language, part),
    });
    let place: Vec<String> = std::iter::once(file.to_owned()).chain(line).chain(place).collect();
    format!("{}: {}", place.join(", "), in_words(shell, headings, &fault.message))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::{Path, PathBuf};

    use super::*;

    #[test]
    fn columns_are_called_as_in_the_template() {
        assert_eq!(Headings::contacts().of(Language::De, "confirmed_on"), "Bestätigt am");
        assert_eq!(Headings::channels().of(Language::De, "ars"), "ARS");
        assert_eq!(Headings::mergers().of(Language::De, "old_ars"), "old_ars");
        assert_eq!(Headings::postal_codes().all(Language::De), "plz, ars oder ags");
        assert_eq!(Headings::postal_codes().all(Language::En), "plz, ars or ags");
        for headings in [Headings::contacts(), Headings::channels()] {
            let called = |column: &Column| headings.of(Language::De, column.field);
            let known = |column: &&Column| called(column) == column.field && column.field != "ars";
            assert_eq!(headings.columns.iter().find(known).map(|column| column.field), None);
        }
    }

    fn sources(folder: &Path) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
    }

    /// Every key that a message is made with has its text, and every text its message. That both languages have the
    /// same is held by `words.rs`.
    #[test]
    fn every_message_has_its_text() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let directory = sources(&root.join("directory")).into_iter();
        let said: String =
            directory.chain([root.join("error.rs")]).map(|path| std::fs::read_to_string(path).unwrap()).collect();
        let literal = |part: &str| part.split('"').next().unwrap().to_owned();
        let mut made: BTreeSet<String> =
            ["Message::new(\"", "no_key(\""].iter().flat_map(|call| said.split(call).skip(1).map(literal)).collect();
        // Named apart from the message they go into.
        made.extend(["region", "mail", "slug", "ars"].map(str::to_owned));
        let texts = include_str!("../../locales/de/gaps.ftl");
        let texts = texts.lines().filter_map(|line| line.strip_prefix("import-fault-"));
        let texts: BTreeSet<String> = texts.map(|line| line.split(' ').next().unwrap().to_owned()).collect();
        assert_eq!(made, texts);
    }
}
