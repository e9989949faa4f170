//! Full text of tickets: what is put in, and how a query is read.
//!
//! One folding rule serves both databases (`keys::fold`): case, umlauts and ß are forgiven. Numbers are found by
//! the number itself. Words of a query are all wanted, the last letters of each may be missing.

use super::ticket::Ticket;
use crate::keys::fold;

/// The folded text under which a ticket is found.
pub fn document(ticket: &Ticket) -> String {
    let mut text = format!("{} {} {}", ticket.subject, ticket.description, ticket.service);
    if let Some(reference) = &ticket.external_reference {
        text.push(' ');
        text.push_str(reference);
    }
    for value in ticket.context.values() {
        text.push(' ');
        text.push_str(value);
    }
    fold(&text)
}

/// Whether a folded text has all these words, as the full text of both databases sees it.
pub fn has(document: &str, words: &[String]) -> bool {
    words.iter().all(|word| document.split(' ').any(|own| own.starts_with(word.as_str())))
}

/// The words of a query; none when nothing is left of it.
pub fn words(query: &str) -> Vec<String> {
    fold(query).split_whitespace().take(8).map(|word| word.chars().take(100).collect()).collect()
}
