//! The dry run with its times: who would be asked about something that happens at a given moment, why, and from when
//! until when each stage would last.
//!
//! Invariant: the chain is that of the directory's dry run, the times are summed as a real escalation sums them: the
//! first stage begins at once, each next one when nobody acknowledged the one before in time. Nothing is changed and
//! nobody is asked. Hours and closing days are those of today, also for a past day.

use serde::Serialize;

use super::Escalations;
use super::deadlines::AppliedHours;
use super::escalation::ContactRef;
use crate::clock::Timestamp;
use crate::directory::hours::{Explanation, Words};
use crate::directory::{DryRun, Kind, Skipped, contacts_of, dry_run};
use crate::error::AppError;
use crate::keys::{Ars, Slug};
use crate::tickets::ticket::Priority;

/// What would happen when.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Forecast {
    /// The moment that is asked about.
    pub at: Timestamp,
    /// How urgent it is taken to be.
    pub priority: Priority,
    /// One after the other; empty when there is nobody.
    pub stages: Vec<Stage>,
    /// Those passed over, with the reason.
    pub skipped: Vec<Skipped>,
    /// When the last stage would have passed without a word; then the central contact has it again.
    pub ends_at: Option<Timestamp>,
}

/// One stage.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Stage {
    /// Who is asked.
    pub contact: ContactRef,
    /// Why, in words.
    pub reason: String,
    /// When.
    pub from: Timestamp,
    /// Until when somebody is to acknowledge it.
    pub acknowledge_by: Timestamp,
    /// By whose hours that is summed.
    pub hours: AppliedHours,
    /// How, in German.
    pub de: Words,
    /// How, in English.
    pub en: Words,
}

/// What is asked.
#[derive(Debug, Clone)]
pub struct Question {
    /// About which service.
    pub service: Slug,
    /// In which municipality.
    pub ars: Ars,
    /// Technical or functional.
    pub kind: Kind,
    /// At which moment; now when left out.
    pub at: Option<Timestamp>,
    /// How urgent.
    pub priority: Priority,
    /// Whether an adoption that is not yet live counts as if it were.
    pub as_if_live: bool,
}

/// Says what would happen.
pub async fn forecast(escalations: &Escalations, question: Question) -> Result<Forecast, AppError> {
    let desk = escalations.desk();
    let now = desk.clock.now();
    let at = question.at.unwrap_or(now);
    let (context, settings) = (escalations.clone(), desk.settings.directory.clone());
    let asked = DryRun { today: now.day_in_berlin(), on: Some(at.day_in_berlin()), as_if_live: question.as_if_live };
    let find = move |conn: &mut _| {
        let Question { service, ars, kind, priority, .. } = question;
        let route = dry_run(conn, &service, &ars, kind, asked, &settings)?;
        let slugs: Vec<Slug> = route.chain.iter().map(|step| step.contact.id.clone()).collect();
        let contacts = contacts_of(conn, &slugs)?;
        let (snapshot, clock) = (context.desk().directory.current(), &context.desk().settings.clock);
        let reckoning = context.settings().acknowledge.of(priority);
        let (mut from, mut stages) = (at, Vec::new());
        for step in route.chain {
            let contact = contacts.iter().find(|contact| contact.slug == step.contact.id).ok_or(AppError::NotFound)?;
            let applied = clock.for_contact(&snapshot, contact, kind, &service, &ars);
            let Explanation { due, de, en, .. } = Explanation::of(from, reckoning, &applied.time);
            let hours = AppliedHours::from(&applied);
            stages.push(Stage {
                contact: ContactRef { id: step.contact.id, name: step.contact.name },
                reason: step.reason,
                acknowledge_by: due,
                from,
                hours,
                de,
                en,
            });
            from = due;
        }
        let ends_at = stages.last().map(|stage| stage.acknowledge_by);
        Ok(Forecast { at, priority, stages, skipped: route.skipped, ends_at })
    };
    desk.db.read(find).await
}
