//! Who did something, in one form for history, claims and audit.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::ids::UserId;

crate::text_enum! {
    /// What kind of actor.
    pub enum ActorKind {
        /// A system or a person by an API token.
        Token = "token",
        /// A person who is logged in.
        Person = "person",
        /// Whoever holds the signed link of an escalation mail.
        Link = "link",
        /// Whoever writes from a contact's mailbox.
        Mail = "mail",
        /// Lotse itself, by the clock or by what a delivery told.
        System = "system",
    }
}

/// Who did something. The name is kept as it was then. From where is no part of who: it is neither compared nor kept
/// in histories, only in the audit log.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Actor {
    /// What kind of actor.
    pub kind: ActorKind,
    /// The token's or person's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Uuid>,
    /// The name as people know it, such as `Amt Schlei-Ostsee` or `Dataport Service Desk`.
    pub name: String,
    /// From where the request came.
    #[serde(skip)]
    #[schema(ignore)]
    pub address: Option<IpAddr>,
}

impl PartialEq for Actor {
    fn eq(&self, other: &Self) -> bool {
        (self.kind, self.id, &self.name) == (other.kind, other.id, &other.name)
    }
}
impl Eq for Actor {}

impl Actor {
    /// Lotse itself.
    pub fn system() -> Self {
        Self::named(ActorKind::System, None, "Lotse")
    }

    /// A person who is logged in.
    pub fn person(id: UserId, name: &str) -> Self {
        Self::named(ActorKind::Person, Some(id.uuid()), name)
    }

    /// The holder of a signed link sent to this contact.
    pub fn link(contact_name: &str) -> Self {
        Self::named(ActorKind::Link, None, contact_name)
    }

    /// Whoever wrote a mail for this contact.
    pub fn mail(contact_name: &str) -> Self {
        Self::named(ActorKind::Mail, None, contact_name)
    }

    /// Whoever may run `lotse` on the machine itself.
    pub fn console() -> Self {
        Self::named(ActorKind::System, None, "Kommandozeile")
    }

    /// A file that is imported.
    pub fn import() -> Self {
        Self::named(ActorKind::System, None, "Import")
    }

    /// Somebody by kind, id and name, from nowhere in particular.
    pub fn named(kind: ActorKind, id: Option<Uuid>, name: &str) -> Self {
        Self { kind, id, name: name.to_owned(), address: None }
    }

    /// The same, from this address.
    pub fn at(self, address: Option<IpAddr>) -> Self {
        Self { address, ..self }
    }
}
