//! Full text of tickets: what is put in, and how a query is read.
//!
//! One folding rule serves both databases (`keys::fold`): case, umlauts and ß are forgiven. Numbers are found by
//! the number itself. Words of a query are all wanted, the last letters of each may be missing.

use std::collections::BTreeMap;

use super::ticket::Ticket;
use crate::keys::fold;

/// What of a ticket is searched.
#[derive(Debug, Clone, Copy)]
pub struct Searched<'a> {
    /// In a few words.
    pub subject: &'a str,
    /// In many.
    pub description: &'a str,
    /// The online service.
    pub service: &'a str,
    /// The number it has elsewhere.
    pub external_reference: Option<&'a str>,
    /// What the form or the telephone system sent along.
    pub context: &'a BTreeMap<String, String>,
}

impl Searched<'_> {
    /// The folded text under which the ticket is found.
    pub fn document(&self) -> String {
        let given = [self.subject, self.description, self.service].into_iter();
        let more = self.external_reference.into_iter().chain(self.context.values().map(String::as_str));
        fold(&given.chain(more).collect::<Vec<_>>().join(" "))
    }
}

/// The folded text under which a ticket is found.
pub fn document(ticket: &Ticket) -> String {
    let searched = Searched {
        subject: &ticket.subject,
        description: &ticket.description,
        service: ticket.service.as_str(),
        external_reference: ticket.external_reference.as_deref(),
        context: &ticket.context,
    };
    searched.document()
}

/// Whether a folded text has all these words, as the full text of both databases sees it.
pub fn has(document: &str, words: &[String]) -> bool {
    words.iter().all(|word| document.split(' ').any(|own| own.starts_with(word.as_str())))
}

/// The words of a query; none when nothing is left of it.
pub fn words(query: &str) -> Vec<String> {
    fold(query).split_whitespace().take(8).map(|word| word.chars().take(100).collect()).collect()
}
