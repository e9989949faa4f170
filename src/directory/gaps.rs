//! What is missing where: every adoption in use against what the source asks of it.
//!
//! Invariant: the report reads with the same rules a question is routed by (`resolve.rs`), so that what it calls
//! a gap is what would go wrong. It changes nothing and asks nobody.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;
use serde::Serialize;

use super::adoptions::{Adoption, AdoptionQuery};
use super::channels::HelpChannel;
use super::municipalities::Municipality;
use super::resolve::{ContactFact, DutyFact, Span, Way};
use super::rollout::Item;
use super::services::Service;
use super::store::adoptions::AdoptionRow;
use super::terms::{AdoptionState, ChannelKind, Duty, Scope};
use super::{Settings, store, ways};
use crate::access::Reach;
use crate::db::Conn;
use crate::error::AppError;
use crate::keys::{Ars, ArsPrefix, LandCode, Slug};

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
        /// Requests wait where the municipality has no adoption of the service.
        NoAdoption = "no_adoption",
        /// 115 is shown, but does not answer for the municipality.
        Not115 = "not_in_115",
        /// A required point of the roll-out is not fulfilled.
        Checklist = "checklist",
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
    /// Only within this reach.
    pub reach: Reach,
    /// Only in this region.
    pub region: Option<ArsPrefix>,
    /// Only of this kind.
    pub kind: Option<GapKind>,
}

/// Every gap of adoptions that are ready or live, by service and municipality.
pub fn gaps(conn: &mut Conn, query: &GapQuery, today: NaiveDate, settings: &Settings) -> Result<Vec<Gap>, AppError> {
    let state = Everything::read(conn, today, settings)?;
    let mut found = Vec::new();
    let mut after = None;
    loop {
        let wanted = AdoptionQuery {
            service: query.service.clone(),
            reach: query.reach.clone(),
            region: query.region.clone(),
            ..Default::default()
        };
        let rows = store::adoptions::list(conn, &wanted, 500, after)?;
        let Some(last) = rows.last() else { break };
        after = Some(last.id);
        let in_use = |row: &AdoptionRow| matches!(row.state, AdoptionState::Ready | AdoptionState::Live);
        let used = store::adoptions::whole(conn, rows.into_iter().filter(in_use).collect())?;
        for adoption in &used {
            state.judge(adoption, today, &mut found);
        }
        checklists(conn, used, today, &mut found)?;
    }
    found.retain(|gap| query.kind.is_none_or(|kind| gap.kind == kind));
    found.sort_by(|a, b| (&a.service, &a.ars, a.kind, &a.contact).cmp(&(&b.service, &b.ars, b.kind, &b.contact)));
    Ok(found)
}

/// Notes the points of the roll-out that are not fulfilled, unless another kind of gap says so already.
fn checklists(conn: &mut Conn, used: Vec<Adoption>, today: NaiveDate, found: &mut Vec<Gap>) -> Result<(), AppError> {
    for (adoption, municipality, item, message) in super::rollout::unmet(conn, used, today)? {
        let Adoption { service, ars, .. } = adoption;
        if !matches!(
            item,
            Item::CooperationAgreement | Item::CentralContact | Item::FirstLevel | Item::EmergencyContacts
        ) {
            found.push(Gap { service, ars, municipality, kind: GapKind::Checklist, contact: None, message });
        }
    }
    Ok(())
}

/// What all adoptions share.
struct Everything {
    services: HashMap<Slug, Service>,
    places: HashMap<Ars, Municipality>,
    agreements: HashSet<(LandCode, LandCode)>,
    shared_duties: Vec<DutyFact>,
    contacts: HashMap<Slug, ContactFact>,
    stale_after_days: i64,
}

impl Everything {
    fn read(conn: &mut Conn, today: NaiveDate, settings: &Settings) -> Result<Self, AppError> {
        let rows = store::contacts::all(conn)?;
        let endpoints = ways::endpoints(conn, &rows)?;
        let shared = store::duties::shared(conn)?;
        Ok(Self {
            services: store::services::all(conn)?.into_iter().map(|s| (s.slug.clone(), s)).collect(),
            places: store::municipalities::all(conn)?.into_iter().map(|m| (m.ars.clone(), m)).collect(),
            agreements: super::agreements::holding(conn, today)?,
            shared_duties: shared.into_iter().map(super::route::fact).collect(),
            contacts: rows.iter().map(|row| (row.slug.clone(), ways::fact(row, &endpoints))).collect(),
            stale_after_days: settings.stale_after_days,
        })
    }

    fn judge(&self, adoption: &Adoption, today: NaiveDate, found: &mut Vec<Gap>) {
        let (Some(service), Some(place)) = (self.services.get(&adoption.service), self.places.get(&adoption.ars))
        else {
            return;
        };
        let duties = self.duties(adoption, service);
        let mut report = Report { adoption, place, found };
        for (duty, kind, message) in NOBODY {
            // Somebody counts who has the duty here or for the service; a fallback is only a way out of the gap.
            let somebody = |d: &&DutyFact| d.scope != Scope::Land && d.duty == duty && d.valid.holds(today);
            if !duties.iter().any(|d| somebody(&d)) {
                report.add(kind, None, message.to_owned());
            }
        }
        let mut named: Vec<&Slug> = duties.iter().filter(|d| d.valid.holds(today)).map(|d| &d.contact).collect();
        named.sort();
        named.dedup();
        for slug in named {
            if let Some(contact) = self.contacts.get(slug) {
                self.judge_contact(slug, contact, today, &mut report);
            }
        }
        self.judge_help(service, &mut report, today);
    }

    /// The duties that count for this adoption: its own, and the service's for the longest matching region.
    fn duties(&self, adoption: &Adoption, service: &Service) -> Vec<DutyFact> {
        let own = Duty::ALL.iter().flat_map(|duty| adoption.duties.of(*duty).iter().map(|assigned| (*duty, assigned)));
        let own = own.map(|(duty, assigned)| DutyFact {
            scope: Scope::Adoption,
            service: Some(service.slug.clone()),
            region: adoption.ars.clone().into(),
            duty,
            contact: assigned.contact.clone(),
            position: 0,
            valid: assigned.span(),
        });
        let here = |d: &&DutyFact| {
            d.scope == Scope::Service && d.service.as_ref() == Some(&service.slug) && adoption.ars.is_in(&d.region)
        };
        let longest = |duty: Duty| {
            let all = self.shared_duties.iter().filter(here).filter(move |d| d.duty == duty);
            all.map(|d| d.region.as_str().len()).max()
        };
        let shared =
            self.shared_duties.iter().filter(here).filter(|d| Some(d.region.as_str().len()) == longest(d.duty));
        own.chain(shared.cloned()).collect()
    }

    fn judge_contact(&self, slug: &Slug, contact: &ContactFact, today: NaiveDate, report: &mut Report) {
        let name = &contact.name;
        let mut add = |kind, message: String| report.add(kind, Some(slug), message);
        if contact.is_ended || contact.valid.to.is_some_and(|to| to < today) {
            add(GapKind::Unreachable, format!("{name} ist nicht mehr zuständig. Bitte jemand anderen eintragen."));
            return;
        }
        match contact.confirmed_on {
            None => add(GapKind::Unconfirmed, format!("{name} ist noch nicht bestätigt. Bitte bestätigen lassen.")),
            Some(on) if (today - on).num_days() > self.stale_after_days => {
                let on = on.format("%-d.%-m.%Y");
                add(GapKind::Stale, format!("{name} wurde zuletzt am {on} bestätigt. Bitte erneut bestätigen lassen."));
            }
            Some(_) => {}
        }
        if contact.mail == Way::Broken {
            add(GapKind::Bounced, format!("Mail an {name} kommt zurück. Bitte die Adresse berichtigen."));
        }
        if contact.webhook == Way::Broken {
            add(
                GapKind::WebhookDisabled,
                format!("Der Webhook von {name} ist abgeschaltet. Bitte prüfen und neu eintragen."),
            );
        }
        if contact.mail == Way::None && contact.webhook == Way::None {
            add(
                GapKind::Unreachable,
                format!("{name} hat weder Mail-Adresse noch Webhook. Bitte eines davon eintragen."),
            );
        }
        let stands_in = |deputy: &Slug| {
            self.contacts.get(deputy).is_some_and(|d| d.hindrance(today, self.stale_after_days).is_none())
        };
        if contact.is_absent(today) && !contact.deputy.as_ref().is_some_and(stands_in) {
            add(
                GapKind::AbsentWithoutDeputy,
                format!("{name} ist abwesend, und niemand vertritt. Bitte eine Vertretung eintragen."),
            );
        }
    }

    fn judge_help(&self, service: &Service, report: &mut Report, today: NaiveDate) {
        let (adoption, place) = (report.adoption, report.place);
        let holds = |c: &&HelpChannel| Span { from: c.shown.valid_from, to: c.shown.valid_to }.holds(today);
        let shown: Vec<&HelpChannel> = adoption.channels.iter().filter(holds).collect();
        if shown.is_empty() {
            report.add(
                GapKind::NoChannel,
                None,
                "Der Öffentlichkeit wird kein Weg zum 1st Level gezeigt. Bitte 115 oder einen anderen Kanal eintragen."
                    .into(),
            );
        }
        if !place.in_115 && shown.iter().any(|c| c.shown.kind == ChannelKind::Number115) {
            report.add(GapKind::Not115, None, format!("115 wird gezeigt, aber {} gehört nicht zum 115-Verbund. Bitte einen anderen 1st-Level-Kanal eintragen.", place.name));
        }
        let (operating, using) = (service.operating_land, place.land);
        if operating != using && !self.agreements.contains(&(operating, using)) {
            let (operating, using) = (operating.name(), using.name());
            report.add(GapKind::NoAgreement, None, format!("Zwischen {operating} (betreibt den Online-Dienst) und {using} gilt heute keine eingetragene Kooperationsvereinbarung."));
        }
    }
}

/// The duties an adoption must have somebody for.
const NOBODY: [(Duty, GapKind, &str); 4] = [
    (Duty::Central, GapKind::NoCentral, "Niemand bewertet Anfragen. Bitte eine zentrale Ansprechstelle eintragen."),
    (
        Duty::Technical,
        GapKind::NoTechnical,
        "Niemand beantwortet technische Fragen. Bitte hier oder beim Online-Dienst jemanden eintragen.",
    ),
    (
        Duty::Functional,
        GapKind::NoFunctional,
        "Niemand beantwortet fachliche Fragen; sie gehen an die zentrale Stelle zurück. Bitte eine fachliche Ansprechperson eintragen.",
    ),
    (
        Duty::Emergency,
        GapKind::NoEmergency,
        "Niemand wird bei einem Ausfall erreicht. Bitte einen Notfallkontakt eintragen.",
    ),
];

/// Where the gaps of one adoption are noted.
struct Report<'a> {
    adoption: &'a Adoption,
    place: &'a Municipality,
    found: &'a mut Vec<Gap>,
}

impl Report<'_> {
    fn add(&mut self, kind: GapKind, contact: Option<&Slug>, message: String) {
        self.found.push(Gap {
            service: self.adoption.service.clone(),
            ars: self.adoption.ars.clone(),
            municipality: self.place.name.clone(),
            kind,
            contact: contact.cloned(),
            message,
        });
    }
}
