//! What is wrong with a file that is imported, in the reader's language and by the columns of the template.
//!
//! Invariant: a fault that has no text here is told as the import says it, so none is kept back. Over the API and on the
//! command line faults stay as the import says them.

use crate::directory::import::{self, Column};
use crate::error::FieldError;
use crate::http::pages::shell::Shell;
use crate::keys::fold;

/// What the import says, with `{}` for what it names, and the key of the text, where that is called `one` and `two`.
const FAULTS: [(&str, &str); 53] = [
    ("must be 1 to 64 small letters, digits and dashes, such as dataport-technik", "import-fault-slug"),
    ("is missing: a short name such as kiel-meldewesen that stays", "import-fault-id-missing"),
    ("{} stands in row {} already; leave one of the two out", "import-fault-twice"),
    ("the id {} is taken, also if its contact was ended", "import-fault-taken"),
    ("is missing; a new contact needs one", "import-fault-missing"),
    ("is missing; a new channel needs one", "import-fault-missing"),
    ("must not be empty", "import-fault-missing"),
    ("must be somebody else than the contact itself", "import-fault-itself"),
    ("there is no contact {}; make it first, or in a row of this file", "import-fault-no-contact"),
    ("{} is away ({}) during the whole absence", "import-fault-away"),
    ("the absence ({}) lies outside the days the contact is there", "import-fault-outside"),
    ("this contact would see who asked; only who may open that themselves may set it", "import-fault-disclosure"),
    ("cannot be emptied", "import-fault-emptied"),
    ("must be ja or nein", "import-fault-flag"),
    ("must be a day, such as 24.11.2026 or 2026-11-24", "import-fault-day"),
    ("must be the first 2, 3, 5, 9 or all 12 digits of an ARS", "import-fault-region"),
    ("there is no municipality in the region {}; look at the digits", "import-fault-no-region"),
    ("must lie within your regions: {}", "import-fault-not-own"),
    ("all regions share this; only who may change everything everywhere may change it", "import-fault-shared"),
    ("you may not change contacts of the region {}", "import-fault-foreign"),
    ("must be a mail address, such as technik@example.org", "import-fault-mail"),
    ("must be a telephone number", "import-fault-phone"),
    ("must be at_once, hourly or daily with a time, such as daily 07:30", "import-fault-notify"),
    ("«{}» is not understood; write opening hours as OpenStreetMap does", "import-fault-hours"),
    ("has {} characters; at most {} are kept", "import-fault-long"),
    ("holds control characters", "import-fault-signs"),
    ("must not be before absent_from", "import-fault-until"),
    ("must not be before valid_from", "import-fault-until"),
    ("unknown variant `{}`, expected one of", "import-fault-kind"),
    ("there is no such channel; leave the cell empty for a new one", "import-fault-no-channel"),
    ("is {} for this channel; a channel does not move", "import-fault-moves"),
    ("your roles may not change adoption here", "import-fault-not-here"),
    ("there is no municipality {} where you may do this for {}", "import-fault-no-place"),
    ("{} does not use {}; make the adoption first", "import-fault-no-adoption"),
    ("is missing; a row without an id needs service and ars", "import-fault-place-missing"),
    ("rows {} and {} show {} on the same days", "import-fault-same"),
    ("row {} ({}) and the channel {}", "import-fault-same-channel"),
    ("must be an ARS of 12 digits, such as 010020000000", "import-fault-ars"),
    ("must be given with kind {}", "import-fault-address"),
    ("must be a page's address, beginning with https://", "import-fault-url"),
    ("«{}» is no language tag", "import-fault-language"),
    ("«{}» is no known heading; known are {}", "import-fault-heading"),
    ("«{}» stands twice; leave one column out", "import-fault-heading-twice"),
    ("there is no column {}", "import-fault-no-column"),
    ("has a cell under no heading; empty it", "import-fault-no-heading"),
    ("has a heading and nothing below it", "import-fault-nothing"),
    ("is empty", "import-fault-nothing"),
    ("is UTF-16; save it as CSV UTF-8 or as XLSX", "import-fault-text"),
    ("is neither UTF-8 nor Windows-1252; save it as CSV UTF-8", "import-fault-text"),
    ("is an old or encrypted spreadsheet; save it as XLSX without a password", "import-fault-sheet"),
    ("is no spreadsheet that can be read", "import-fault-sheet"),
    ("is no XLSX file", "import-fault-sheet"),
    ("read as Windows-1252, because it is not UTF-8; look at the umlauts", "import-note-windows"),
];

/// The columns of a file as its template calls them.
#[derive(Debug, Clone, Copy)]
pub struct Headings {
    columns: &'static [Column],
    template: &'static str,
}

impl Headings {
    /// Of a table of contacts.
    pub fn contacts() -> Self {
        Self { columns: &import::CONTACTS_COLUMNS, template: import::CONTACTS_TEMPLATE }
    }

    /// Of a table of help channels.
    pub fn channels() -> Self {
        Self { columns: &import::CHANNELS_COLUMNS, template: import::CHANNELS_TEMPLATE }
    }

    /// Of a file whose columns are called like their fields.
    pub fn none() -> Self {
        Self { columns: &[], template: "" }
    }

    /// What the template calls a column; the field where it has none.
    pub fn of(self, field: &str) -> String {
        let column = self.columns.iter().find(|column| column.field == field);
        let headings = || self.template.lines().next().unwrap_or_default().split(';');
        let is_it = |heading: &str, column: &Column| {
            fold(heading) == fold(column.field) || column.also.iter().any(|one| fold(one) == fold(heading))
        };
        let heading = column.and_then(|column| headings().find(|heading| is_it(heading, column)));
        heading.map_or_else(|| field.to_owned(), str::to_owned)
    }

    /// All of them.
    fn all(self) -> String {
        self.columns.iter().map(|column| self.of(column.field)).collect::<Vec<_>>().join(", ")
    }
}

/// What is wrong, in words.
pub fn in_words(shell: &Shell, headings: Headings, message: &str) -> String {
    let found = FAULTS.iter().find_map(|(pattern, key)| Some((*key, named(pattern, message)?)));
    let Some((key, named)) = found else { return message.to_owned() };
    let mut named = named.into_iter();
    let one = named.next().unwrap_or_default();
    let (one, two) = match key {
        "import-fault-heading" => (one.to_owned(), headings.all()),
        "import-fault-no-column" => (headings.of(one), String::new()),
        _ => (one.to_owned(), named.next().unwrap_or_default().to_owned()),
    };
    shell.language.with_all(key, &[("one", one), ("two", two)])
}

/// What is wrong with a file as a whole: where, and what.
pub fn of_file(shell: &Shell, headings: Headings, fault: &FieldError) -> String {
    let mut parts = fault.field.split(": ");
    let file = parts.next().unwrap_or_default();
    let place = parts.map(|part| match part.strip_prefix("row ") {
        Some(number) => shell.with("import-at-row", "row", number),
        None => headings.of(part),
    });
    let place: Vec<String> = std::iter::once(file.to_owned()).chain(place).collect();
    format!("{}: {}", place.join(", "), in_words(shell, headings, &fault.message))
}

/// What a message names, where it is of this pattern; it may say more behind its end.
fn named<'m>(pattern: &str, message: &'m str) -> Option<Vec<&'m str>> {
    let mut pieces = pattern.split("{}");
    let mut rest = message.strip_prefix(pieces.next()?)?;
    let mut found = Vec::new();
    for piece in pieces {
        // What is named last goes on to the end.
        let (inside, after) = if piece.is_empty() { (rest, "") } else { rest.split_once(piece)? };
        found.push(inside);
        rest = after;
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::words::Language;

    #[test]
    fn what_is_named_is_found() {
        let twice = "{} stands in row {} already; leave one of the two out";
        let message = "gut stands in row 2 already; leave one of the two out";
        assert_eq!(named(twice, message), Some(vec!["gut", "2"]));
        let regions = "must lie within your regions: 01, 02";
        assert_eq!(named("must lie within your regions: {}", regions), Some(vec!["01, 02"]));
        assert_eq!(named("is empty", "must not be empty"), None);
    }

    #[test]
    fn columns_are_called_as_in_the_template() {
        assert_eq!(Headings::contacts().of("confirmed_on"), "Bestätigt am");
        assert_eq!(Headings::channels().of("ars"), "ARS");
        assert_eq!(Headings::none().of("old_ars"), "old_ars");
        for headings in [Headings::contacts(), Headings::channels()] {
            let known = |column: &&Column| headings.of(column.field) == column.field && column.field != "ars";
            assert_eq!(headings.columns.iter().find(known).map(|column| column.field), None);
        }
    }

    /// Every fault that has a text here is one that is said somewhere, and has its text.
    #[test]
    fn faults_are_those_of_the_import() {
        let said = [
            include_str!("../../../directory/import/contacts.rs"),
            include_str!("../../../directory/import/channels.rs"),
            include_str!("../../../directory/import/plan.rs"),
            include_str!("../../../directory/import/rights.rs"),
            include_str!("../../../directory/import/table.rs"),
            include_str!("../../../directory/channels.rs"),
            include_str!("../../../directory/contacts/check.rs"),
            include_str!("../../../directory/absence.rs"),
            include_str!("../../../directory/hours/mod.rs"),
            include_str!("../../../directory/phone.rs"),
            include_str!("../../../directory/rhythm.rs"),
            include_str!("../../../error.rs"),
            include_str!("../../../keys.rs"),
        ]
        .concat();
        for (pattern, key) in FAULTS {
            let longest = pattern.split("{}").max_by_key(|piece| piece.len()).unwrap();
            let is_foreign = key == "import-fault-kind";
            assert!(is_foreign || said.contains(longest), "nobody says {longest}");
            for language in [Language::De, Language::En] {
                let values = ["field", "one", "two", "three", "what"].map(|name| (name, name.to_owned()));
                assert!(!language.with_all(key, &values).contains(key), "{key}");
            }
        }
    }
}
