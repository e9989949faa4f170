//! Who did something, in one form for history, claims and audit.

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
        /// Lotse itself, by the clock or by what a delivery told.
        System = "system",
    }
}

/// Who did something. The name is kept as it was then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Actor {
    /// What kind of actor.
    pub kind: ActorKind,
    /// The token's or person's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Uuid>,
    /// The name as people know it, such as `Amt Schlei-Ostsee` or `Dataport Service Desk`.
    pub name: String,
}

impl Actor {
    /// Lotse itself.
    pub fn system() -> Self {
        Self { kind: ActorKind::System, id: None, name: "Lotse".into() }
    }

    /// A person who is logged in.
    pub fn person(id: UserId, name: &str) -> Self {
        Self { kind: ActorKind::Person, id: Some(id.uuid()), name: name.to_owned() }
    }

    /// Whoever has the machine itself, by the command line.
    pub fn console() -> Self {
        Self { kind: ActorKind::System, id: None, name: "Kommandozeile".into() }
    }

    /// The holder of a signed link sent to this contact.
    pub fn link(contact_name: &str) -> Self {
        Self { kind: ActorKind::Link, id: None, name: contact_name.to_owned() }
    }
}
