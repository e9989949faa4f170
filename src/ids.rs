//! Identities: one [`Id`] type over UUIDv7 (RFC 9562), with a marker so that a ticket's id can never stand
//! where an escalation's is meant.
//!
//! Ids are made in the application and sort by time of making. How they are stored (native `uuid` on
//! PostgreSQL, 16 bytes on SQLite) is the business of `db/types.rs`. Keys of the directory that people know
//! (ARS, slugs) are not ids; see `keys.rs`.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use crate::clock::Timestamp;

/// The identity of one `T`.
pub struct Id<T> {
    uuid: Uuid,
    of: PhantomData<fn() -> T>,
}

macro_rules! ids {
    ($($(#[$doc:meta])* $alias:ident of $marker:ident),* $(,)?) => {
        /// What an [`Id`] can be of. Markers only; nothing is ever made of them.
        pub mod of {
            $(#[doc = concat!("Marker of [`", stringify!($alias), "`](super::", stringify!($alias), ").")]
            #[derive(Debug)] pub enum $marker {})*
        }
        $($(#[$doc])* pub type $alias = Id<of::$marker>;)*
    };
}

ids! {
    /// A request of a citizen.
    TicketId of Ticket,
    /// One entry of a ticket's history.
    HistoryId of History,
    /// One question put to the 2nd level.
    EscalationId of Escalation,
    /// One message to one destination; also its `Message-ID` and `webhook-id`.
    DeliveryId of Delivery,
    /// A mail that came in.
    InboundId of Inbound,
    /// A mail address or webhook with its health.
    EndpointId of Endpoint,
    /// An API token (never the token itself).
    TokenId of Token,
    /// A person with an account.
    UserId of User,
    /// One log-in of a person on one device.
    SessionId of Session,
    /// Whoever asks: a token's or a person's id, where both are kept alike.
    CallerId of Caller,
    /// One entry of the audit log.
    AuditId of Audit,
    /// One question of the 2nd level to the central contact.
    QuestionId of Question,
    /// One handing on of an escalation, done or proposed.
    HandoverId of Handover,
    /// A municipality's use of a service.
    AdoptionId of Adoption,
    /// One contact's duty somewhere.
    DutyId of Duty,
    /// One way of help shown to the public.
    ChannelId of Channel,
    /// One note that an adoption was entered into an editorial system.
    TransferId of Transfer,
    /// One state an object of the directory had.
    VersionId of Version,
    /// A change that takes effect on a day.
    PlannedId of Planned,
    /// A day on which nobody is there.
    ClosingDayId of ClosingDay,
    /// What the public should know now about a service.
    NoticeId of Notice,
    /// A text that people use again in answers.
    TextModuleId of TextModule,
    /// Any row nobody else refers to.
    RowId of Row,
    /// A key that seals data; a ticket's own key has the ticket's UUID.
    SealKeyId of SealKey,
}

impl<T> Id<T> {
    /// A new id; later ones sort after earlier ones of the same process.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self::from_uuid(Uuid::now_v7())
    }

    /// The id of what is stored after its time: as if it had been made then. `chance` tells apart what has the same
    /// millisecond.
    pub fn at(time: Timestamp, chance: &[u8; 10]) -> Self {
        let millis = u64::try_from(time.utc().timestamp_millis()).unwrap_or_default();
        Self::from_uuid(uuid::Builder::from_unix_timestamp_millis(millis, chance).into_uuid())
    }

    /// The id with this value.
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self { uuid, of: PhantomData }
    }

    /// The bare value.
    pub const fn uuid(&self) -> Uuid {
        self.uuid
    }

    /// The least id of a moment: every id that was made before it lies before this one.
    pub fn first_of(time: Timestamp) -> Self {
        Self::least(u64::try_from(time.utc().timestamp_millis()).unwrap_or_default())
    }

    /// An id before which every id lies that was made more than so many milliseconds before this one.
    pub fn earlier(self, milliseconds: u64) -> Self {
        let made = (self.uuid.as_u128() >> 80) as u64;
        Self::least(made.saturating_sub(milliseconds))
    }

    /// An id begins with 48 bits of milliseconds (RFC 9562, 5.7); in the least one of them nothing else is set.
    fn least(milliseconds: u64) -> Self {
        Self::from_uuid(Uuid::from_u128(u128::from(milliseconds) << 80))
    }

    /// The 16 bytes, borrowed for a database's output.
    pub fn as_bytes(&self) -> &[u8; 16] {
        self.uuid.as_bytes()
    }

    /// The same value as the id of something else, where one thing is told by another's id.
    pub const fn cast<U>(self) -> Id<U> {
        Id::from_uuid(self.uuid)
    }
}

impl<T> Clone for Id<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Id<T> {}
impl<T> PartialEq for Id<T> {
    fn eq(&self, other: &Self) -> bool {
        self.uuid == other.uuid
    }
}
impl<T> Eq for Id<T> {}
impl<T> PartialOrd for Id<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<T> Ord for Id<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.uuid.cmp(&other.uuid)
    }
}
impl<T> Hash for Id<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.uuid.hash(state);
    }
}
impl<T> fmt::Debug for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.uuid, f)
    }
}
impl<T> fmt::Display for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.uuid, f)
    }
}
impl<T> FromStr for Id<T> {
    type Err = uuid::Error;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Uuid::parse_str(text).map(Self::from_uuid)
    }
}
impl<T> Serialize for Id<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.uuid.serialize(serializer)
    }
}
impl<'de, T> Deserialize<'de> for Id<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Uuid::deserialize(deserializer).map(Self::from_uuid)
    }
}
impl<T> utoipa::PartialSchema for Id<T> {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .format(Some(utoipa::openapi::SchemaFormat::KnownFormat(utoipa::openapi::KnownFormat::Uuid)))
            .into()
    }
}
impl<T> utoipa::ToSchema for Id<T> {
    fn name() -> std::borrow::Cow<'static, str> {
        "Id".into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_before_is_reckoned_in_milliseconds() {
        let id: HistoryId = "019392f0-0000-7000-8000-000000000000".parse().unwrap();
        assert_eq!(id.earlier(30_000).to_string(), "019392ef-8ad0-0000-0000-000000000000");
        let none = HistoryId::from_uuid(Uuid::nil());
        assert_eq!(none.earlier(30_000), none);
    }
}
