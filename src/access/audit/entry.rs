//! What an entry of the audit log says, and the bytes its hash is made over.
//!
//! Pure. The words of [`AuditAction`] and the bytes of [`canonical`] are kept for as long as the log is: they are
//! never changed, only added to. How the hash is made of the bytes stands in `chain.rs`.

use std::net::IpAddr;

use serde::Serialize;
use serde_json::Value;

use crate::access::Actor;
use crate::clock::Timestamp;
use crate::ids::AuditId;

crate::text_enum! {
    /// What was done.
    pub enum AuditAction {
        /// A request was handed in.
        TicketSubmitted = "ticket.submitted",
        /// Something happened to a request; `after.kind` says what.
        TicketChanged = "ticket.changed",
        /// A request or its history was read outside the reader's own open work.
        TicketRead = "ticket.read",
        /// Name and addresses of who asked were opened.
        ReporterOpened = "ticket.reporter_opened",
        /// All that is kept about a request was handed out.
        TicketExported = "ticket.exported",
        /// Who asked and what they wrote was deleted.
        TicketErased = "ticket.erased",
        /// What was written in the form and nobody confirmed was discarded.
        RequestDiscarded = "request.discarded",
        /// What a mail that came in says was looked at.
        InboundRead = "inbound.read",
        /// It was said what becomes of a mail that came in.
        InboundDecided = "inbound.decided",
        /// A contact was made.
        ContactCreated = "contact.created",
        /// A contact was changed.
        ContactChanged = "contact.changed",
        /// A change of a contact was planned for a day.
        ContactChangePlanned = "contact.change_planned",
        /// A planned change was taken back.
        ContactChangeWithdrawn = "contact.change_withdrawn",
        /// A planned change did not fit any more on its day.
        ContactChangeFailed = "contact.change_failed",
        /// A contact was ended.
        ContactEnded = "contact.ended",
        /// How a contact's own system speaks to us was changed.
        ContactCallbacksChanged = "contact.callbacks_changed",
        /// A contact was asked by an editor whether it is right.
        ContactAsked = "contact.asked",
        /// A contact said by its link that what is recorded of it is right.
        ContactConfirmed = "contact.confirmed",
        /// A contact said by its link that something is wrong.
        ContactDisputed = "contact.disputed",
        /// An adoption was made.
        AdoptionCreated = "adoption.created",
        /// An adoption was changed.
        AdoptionChanged = "adoption.changed",
        /// An adoption was ended.
        AdoptionEnded = "adoption.ended",
        /// A point of an adoption's checklist or its project was changed.
        ChecklistChanged = "adoption.checklist_changed",
        /// The division of an adoption's tasks was settled.
        MatrixChanged = "adoption.matrix_changed",
        /// An adoption's help was entered into an editorial system.
        AdoptionTransferred = "adoption.transferred",
        /// A help channel was made.
        ChannelCreated = "channel.created",
        /// A help channel was changed.
        ChannelChanged = "channel.changed",
        /// A help channel was ended.
        ChannelEnded = "channel.ended",
        /// A notice to the public was made.
        NoticeCreated = "notice.created",
        /// A notice to the public was changed.
        NoticeChanged = "notice.changed",
        /// A notice to the public was ended.
        NoticeEnded = "notice.ended",
        /// A local closing day was entered.
        ClosingDayCreated = "closing_day.created",
        /// A local closing day was taken back.
        ClosingDayEnded = "closing_day.ended",
        /// A service was made.
        ServiceCreated = "service.created",
        /// A service was changed.
        ServiceChanged = "service.changed",
        /// A service was ended.
        ServiceEnded = "service.ended",
        /// Agreements or the fallback of a Land were changed.
        LandChanged = "land.changed",
        /// An agreement between Länder was entered or changed.
        AgreementChanged = "land.agreement_changed",
        /// An agreement between Länder was ended.
        AgreementEnded = "land.agreement_ended",
        /// A municipality was changed.
        MunicipalityChanged = "municipality.changed",
        /// A directory file was imported.
        DirectoryImported = "directory.imported",
        /// A register of municipalities was imported.
        MunicipalitiesImported = "municipalities.imported",
        /// A municipality was merged into another one.
        MunicipalityMerged = "municipality.merged",
        /// A municipality takes no new requests any more.
        MunicipalityEnded = "municipality.ended",
        /// An API token was made.
        TokenCreated = "token.created",
        /// An API token was revoked.
        TokenRevoked = "token.revoked",
        /// A person was invited.
        UserInvited = "user.invited",
        /// A person who had not begun got a new link.
        UserInvitedAgain = "user.invited_again",
        /// A person came by the provider and got an account.
        UserCreated = "user.created",
        /// A person may log in by the provider.
        UserLinked = "user.linked",
        /// The link of an invitation was used.
        InvitationAccepted = "user.invitation_accepted",
        /// A person's name, address or roles were changed.
        UserChanged = "user.changed",
        /// A person may no longer log in.
        UserDisabled = "user.disabled",
        /// A person may log in again.
        UserEnabled = "user.enabled",
        /// A person set a new password of their own.
        PasswordChanged = "user.password_changed",
        /// Somebody asked for a link because they forgot their password.
        PasswordResetRequested = "user.password_reset_requested",
        /// The password was taken away; a link sets a new one.
        PasswordReset = "user.password_reset",
        /// A second factor was set up.
        SecondFactorAdded = "user.second_factor_added",
        /// A second factor was taken away.
        SecondFactorRemoved = "user.second_factor_removed",
        /// A recovery code was used instead of the second factor.
        RecoveryCodeUsed = "user.recovery_code_used",
        /// A person has new recovery codes.
        RecoveryCodesRenewed = "user.recovery_codes_renewed",
        /// A person logged in.
        LoggedIn = "session.logged_in",
        /// Somebody failed to log in.
        LogInFailed = "session.log_in_failed",
        /// A person logged out.
        LoggedOut = "session.logged_out",
        /// A session was ended by somebody else or by a change of roles.
        SessionEnded = "session.ended",
        /// A text module was made.
        TextModuleCreated = "text_module.created",
        /// A text module was changed.
        TextModuleChanged = "text_module.changed",
        /// A text module was ended.
        TextModuleEnded = "text_module.ended",
        /// The audit log was exported.
        AuditExported = "audit.exported",
        /// A message that was given up was sent again.
        DeliveryReplayed = "delivery.replayed",
        /// An address gets messages again.
        EndpointEnabled = "endpoint.enabled",
    }
}

crate::text_enum! {
    /// On what kind of thing.
    pub enum ObjectKind {
        /// A request; by its id.
        Ticket = "ticket",
        /// A mail that came in; by its id.
        Inbound = "inbound",
        /// A contact; by its slug.
        Contact = "contact",
        /// A municipality's use of a service; by its id.
        Adoption = "adoption",
        /// A help channel; by its id.
        Channel = "channel",
        /// A notice to the public.
        Notice = "notice",
        /// A local closing day; by its id.
        ClosingDay = "closing_day",
        /// A service; by its slug.
        Service = "service",
        /// A Land; by its code.
        Land = "land",
        /// A municipality; by its ARS.
        Municipality = "municipality",
        /// The directory as a whole; by the kind of file.
        Directory = "directory",
        /// A text for answers; by its id.
        TextModule = "text_module",
        /// An API token; by its id.
        Token = "token",
        /// A person; by their id.
        User = "user",
        /// A log-in; by its id.
        Session = "session",
        /// The audit log itself.
        Audit = "audit",
        /// A message in the outbox; by its id.
        Delivery = "delivery",
        /// A mail address or webhook; by its id.
        Endpoint = "endpoint",
    }
}

/// One entry: who, what, on what, from where, when, before and after.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Entry {
    /// Its id.
    pub id: AuditId,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// From where; nothing for what Lotse does by itself.
    #[schema(value_type = Option<String>)]
    pub address: Option<IpAddr>,
    /// What.
    pub action: AuditAction,
    /// On what kind of thing.
    pub object: ObjectKind,
    /// Which.
    pub object_id: String,
    /// What was different before; personal data is masked.
    #[schema(value_type = Option<Object>)]
    pub before: Option<Value>,
    /// What is so since; personal data is masked.
    #[schema(value_type = Option<Object>)]
    pub after: Option<Value>,
    /// Its place in the chain; nothing for a moment after it was made.
    pub seq: Option<i64>,
}

/// What an entry's hash is made over, as it is stored.
#[derive(Debug, Clone, Copy)]
#[allow(missing_docs)] // The columns.
pub struct Stored<'e> {
    pub id: AuditId,
    pub at: Timestamp,
    pub actor: &'e str,
    pub address: Option<&'e str>,
    pub action: &'e str,
    pub object: &'e str,
    pub object_id: &'e str,
    pub before: Option<&'e str>,
    pub after: Option<&'e str>,
}

/// The bytes of an entry at its place: every part with its length before it, so that no two entries share their bytes.
pub fn canonical(seq: i64, previous: &[u8], entry: &Stored<'_>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(512);
    let mut part = |part: Option<&[u8]>| {
        bytes.push(u8::from(part.is_some()));
        let part = part.unwrap_or_default();
        bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(part);
    };
    part(Some(b"lotse audit 1"));
    part(Some(&seq.to_be_bytes()));
    part(Some(previous));
    part(Some(entry.id.as_bytes()));
    part(Some(&entry.at.utc().timestamp_micros().to_be_bytes()));
    for text in [
        Some(entry.actor),
        entry.address,
        Some(entry.action),
        Some(entry.object),
        Some(entry.object_id),
        entry.before,
        entry.after,
    ] {
        part(text.map(str::as_bytes));
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored<'e>(object_id: &'e str, before: Option<&'e str>, after: Option<&'e str>) -> Stored<'e> {
        let at = Timestamp::new(chrono::DateTime::from_timestamp_micros(1_764_000_000_000_001).unwrap());
        let id = AuditId::from_uuid(uuid::Uuid::from_u128(7));
        let (actor, action, object) = ("{}", "contact.changed", "contact");
        Stored { id, at, actor, address: None, action, object, object_id, before, after }
    }

    #[test]
    fn whatever_differs_changes_the_bytes() {
        let base = canonical(2, b"p", &stored("a", Some("b"), None));
        let others = [
            canonical(3, b"p", &stored("a", Some("b"), None)),
            canonical(2, b"q", &stored("a", Some("b"), None)),
            canonical(2, b"p", &stored("ab", Some(""), None)),
            canonical(2, b"p", &stored("a", None, Some("b"))),
            canonical(2, b"p", &stored("a", Some("b"), Some(""))),
            canonical(2, b"p", &Stored { address: Some("::1"), ..stored("a", Some("b"), None) }),
            canonical(2, b"p", &Stored { action: "contact.ended", ..stored("a", Some("b"), None) }),
            canonical(2, b"p", &Stored { actor: "{ }", ..stored("a", Some("b"), None) }),
        ];
        for (index, other) in others.iter().enumerate() {
            assert_ne!(&base, other, "{index}");
        }
        assert_eq!(base, canonical(2, b"p", &stored("a", Some("b"), None)));
    }
}
