//! The gap report as people read it: what the directory misses, and where requests wait that no adoption answers for.

use chrono::NaiveDate;

use super::{Desk, store};
use crate::directory::{self, Gap, GapKind, GapQuery, gaps_in_order};
use crate::error::AppError;

/// Every gap, by service and municipality.
pub async fn gaps(desk: &Desk, query: GapQuery, today: NaiveDate) -> Result<Vec<Gap>, AppError> {
    let (settings, names) = (desk.settings.directory.clone(), desk.directory.current());
    desk.db
        .read(move |conn| {
            let mut found = directory::gaps(conn, &query, today, &settings)?;
            for (service, ars) in store::places_without_adoption(conn, &query.reach, query.region.as_ref())? {
                if query.service.as_ref().is_some_and(|wanted| *wanted != service) {
                    continue;
                }
                let name = names.municipality(&ars).map_or_else(String::new, |place| place.name.to_string());
                let message = "Hier warten Anfragen, aber der Anschluss an diesen Online-Dienst fehlt.".to_owned();
                let gap = Gap::new(service, ars, name, GapKind::NoAdoption, None, message);
                found.extend(Some(gap).filter(|gap| query.wants(gap)));
            }
            gaps_in_order(&mut found);
            Ok(found)
        })
        .await
}
