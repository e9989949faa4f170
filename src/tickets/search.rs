//! Full text of tickets: what is put in, and how a query is read.
//!
//! One folding rule serves both databases (`keys::fold`): case, umlauts and ß are forgiven. Numbers are found by
//! the number itself. Words of a query are all wanted, the last letters of each may be missing.

use super::ticket::Ticket;
use crate::keys::fold;

/// The folded text under which a ticket is found: what it says, the online service, the number it has elsewhere, and what
/// the form or the telephone system sent along.
pub fn document(ticket: &Ticket) -> String {
    let given = [ticket.subject.as_str(), ticket.description.as_str(), ticket.service.as_str()].into_iter();
    let more = ticket.external_reference.iter().chain(ticket.context.values()).map(String::as_str);
    fold(&given.chain(more).collect::<Vec<_>>().join(" "))
}

/// The words of a query; none when nothing is left of it.
pub fn words(query: &str) -> Vec<String> {
    fold(query).split_whitespace().take(8).map(|word| word.chars().take(100).collect()).collect()
}
