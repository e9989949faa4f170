//! The gap report as people read it: what the directory misses, and where requests wait that no adoption answers for.

use chrono::NaiveDate;

use super::{Desk, store};
use crate::directory::{self, Gap, GapKind, GapQuery};
use crate::error::AppError;

/// Every gap, by service and municipality.
pub async fn gaps(desk: &Desk, query: GapQuery, today: NaiveDate) -> Result<Vec<Gap>, AppError> {
    let (settings, names) = (desk.settings.directory.clone(), desk.directory.current());
    desk.db
        .read(move |conn| {
            let mut found = directory::gaps(conn, &query, today, &settings)?;
            if query.kind.is_none_or(|kind| kind == GapKind::NoAdoption) {
                for (service, ars) in store::places_without_adoption(conn, &query.reach, query.region.as_ref())? {
                    if query.service.as_ref().is_some_and(|wanted| *wanted != service) {
                        continue;
                    }
                    let municipality = names.municipality(&ars).map_or_else(String::new, |place| place.name.to_string());
                    let message = "requests wait here, but the municipality has no adoption of this service; make one, or answer them by the Land's contact".to_owned();
                    found.push(Gap { service, ars, municipality, kind: GapKind::NoAdoption, contact: None, message });
                }
            }
            Ok(found)
        })
        .await
}
