//! The chain of an escalation: who is asked, made of the directory's route.
//!
//! Pure. A contact the central contact chose stands first; the route follows, so that a wrong choice or an absence
//! does not end in silence.

use super::escalation::{ContactRef, EscalationStep};
use crate::directory::Route;

/// The chain and who was passed over.
pub fn build(route: Route, chosen: Option<(ContactRef, &str)>) -> (Vec<EscalationStep>, Vec<EscalationStep>) {
    let mut chain: Vec<EscalationStep> = Vec::new();
    if let Some((contact, by)) = chosen {
        chain.push(EscalationStep { contact, reason: format!("ausgewählt von {by}"), handed_on_by: None });
    }
    for step in route.chain {
        let contact = ContactRef { id: step.contact.id, name: step.contact.name };
        if chain.iter().all(|earlier| earlier.contact.id != contact.id) {
            chain.push(EscalationStep { contact, reason: step.reason, handed_on_by: None });
        }
    }
    let skipped = route.skipped.into_iter().map(|skipped| EscalationStep {
        contact: ContactRef { id: skipped.contact.id, name: skipped.contact.name },
        reason: skipped.reason,
        handed_on_by: None,
    });
    (chain, skipped.collect())
}
