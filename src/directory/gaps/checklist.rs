//! Points of the roll-out that are not fulfilled though the adoption is in use, because a file made it so.
//!
//! A point that another kind of gap tells of already is not told twice. The verdicts are those of `rollout/`.

use std::collections::HashSet;

use chrono::NaiveDate;

use super::{Gap, GapKind};
use crate::db::Conn;
use crate::directory::adoptions::Adoption;
use crate::directory::rollout::{self, Item, Unmet};
use crate::error::AppError;
use crate::keys::{Ars, Slug};

/// Notes them, after everything else of these adoptions was noted.
pub(super) fn judge(
    conn: &mut Conn,
    used: Vec<Adoption>,
    today: NaiveDate,
    found: &mut Vec<Gap>,
) -> Result<(), AppError> {
    let told: HashSet<(Slug, Ars, GapKind)> =
        found.iter().map(|gap| (gap.service.clone(), gap.ars.clone(), gap.kind)).collect();
    for unmet in rollout::unmet(conn, used, today)? {
        let Unmet { adoption: Adoption { id, service, ars, .. }, municipality, item, message, remedy } = unmet;
        let is_told = |kind: &GapKind| told.contains(&(service.clone(), ars.clone(), *kind));
        if !others(item).iter().any(is_told) {
            let gap = Gap::new(service, ars, municipality, GapKind::Checklist, None, message);
            found.push(Gap { remedy, adoption: Some(id), item: Some(item), ..gap });
        }
    }
    Ok(())
}

/// The kinds of gap that tell of the same.
fn others(item: Item) -> &'static [GapKind] {
    match item {
        Item::CooperationAgreement => &[GapKind::NoAgreement],
        Item::CentralContact => &[GapKind::NoCentral],
        Item::FirstLevel => &[GapKind::NoChannel, GapKind::Not115],
        Item::EmergencyContacts => &[GapKind::NoEmergency],
        Item::ProjectLead => &[GapKind::NoProjectLead],
        Item::TechnicalContact => &[GapKind::NoTechnical],
        Item::FunctionalContact => &[GapKind::NoFunctional],
        Item::SpecialistProcedure => &[GapKind::NoSpecialistProcedure],
        Item::DataProtection => &[GapKind::NoDataProtection],
        Item::DataProcessor => &[GapKind::NoDataProcessor],
        _ => &[],
    }
}
