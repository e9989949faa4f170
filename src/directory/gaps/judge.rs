//! What is missing for one adoption.
//!
//! Pure but for what it is given. It judges by the same rules a question is routed by (`resolve.rs`).

use std::collections::HashSet;

use chrono::NaiveDate;

use super::Gap;
use super::kind::{GapKind, Severity};
use super::known::{Known, KnownContact, Named};
use crate::directory::adoptions::Adoption;
use crate::directory::channels::HelpChannel;
use crate::directory::municipalities::Municipality;
use crate::directory::resolve::{Hindrance, Span, Way};
use crate::directory::services::Service;
use crate::directory::terms::{ChannelKind, Duty};
use crate::keys::Slug;

/// The duties an adoption must have somebody for.
const NOBODY: [(Duty, GapKind, &str); 8] = [
    (Duty::Central, GapKind::NoCentral, "Niemand bewertet Anfragen."),
    (Duty::Technical, GapKind::NoTechnical, "Niemand beantwortet technische Fragen."),
    (
        Duty::Functional,
        GapKind::NoFunctional,
        "Niemand beantwortet fachliche Fragen; sie gehen an die zentrale Stelle zurück.",
    ),
    (Duty::Emergency, GapKind::NoEmergency, "Niemand wird bei einem Ausfall erreicht."),
    (Duty::ProjectLead, GapKind::NoProjectLead, "Niemand leitet das Vorhaben."),
    (Duty::SpecialistProcedure, GapKind::NoSpecialistProcedure, "Niemand ist für das Fachverfahren eingetragen."),
    (Duty::DataProtection, GapKind::NoDataProtection, "Niemand ist für den Datenschutz eingetragen."),
    (Duty::DataProcessor, GapKind::NoDataProcessor, "Die datenverarbeitende Stelle ist nicht eingetragen."),
];

/// Where the gaps of one adoption are noted.
pub(super) struct Report<'a> {
    pub adoption: &'a Adoption,
    pub place: &'a Municipality,
    pub found: &'a mut Vec<Gap>,
}

impl Report<'_> {
    /// Notes a gap of which it is not known since when it is there.
    pub fn add(&mut self, kind: GapKind, contact: Option<&Slug>, message: String) {
        self.add_since(kind, contact, message, None);
    }

    /// Notes a gap that is there since this day.
    pub fn add_since(&mut self, kind: GapKind, contact: Option<&Slug>, message: String, since: Option<NaiveDate>) {
        let (service, ars) = (self.adoption.service.clone(), self.adoption.ars.clone());
        let gap = Gap::new(service, ars, self.place.name.clone(), kind, contact.cloned(), message);
        self.found.push(Gap { since, adoption: Some(self.adoption.id), ..gap });
    }
}

/// Notes everything that is missing.
pub(super) fn judge(known: &Known, adoption: &Adoption, today: NaiveDate, found: &mut Vec<Gap>) {
    let (Some(service), Some(place)) = (known.services.get(&adoption.service), known.places.get(&adoption.ars)) else {
        return;
    };
    let mut report = Report { adoption, place, found };
    let named: Vec<Named> = known.named(adoption).into_iter().filter(|one| one.valid.holds(today)).collect();
    for (duty, kind, message) in NOBODY {
        // A fallback of the Land is only a way out of the gap.
        if !named.iter().any(|one| one.duty == duty) {
            report.add(kind, None, message.to_owned());
        }
    }
    for slug in with_deputies(known, &named) {
        if let Some(contact) = known.contacts.get(slug) {
            judge_contact(known, slug, contact, today, &mut report);
        }
    }
    judge_emergency(known, &named, &mut report);
    judge_help(known, service, &mut report, today);
}

/// Everybody who is named, and whoever stands in for them, once each.
fn with_deputies<'a>(known: &'a Known, named: &[Named<'a>]) -> Vec<&'a Slug> {
    let mut all: Vec<&Slug> = named.iter().map(|one| one.contact).collect();
    let mut seen = HashSet::new();
    let mut next = 0;
    while let Some(slug) = all.get(next).copied() {
        next += 1;
        if !seen.insert(slug) {
            continue;
        }
        all.extend(known.contacts.get(slug).and_then(|contact| contact.fact.deputy.as_ref()));
    }
    let mut once: Vec<&Slug> = seen.into_iter().collect();
    once.sort();
    once
}

fn judge_contact(known: &Known, slug: &Slug, contact: &KnownContact, today: NaiveDate, report: &mut Report) {
    let (name, fact) = (&contact.fact.name, &contact.fact);
    let is_over = fact.valid.to.is_some_and(|to| to < today);
    if fact.is_ended || is_over {
        let since = contact.ended_on.or(fact.valid.to.and_then(|to| to.succ_opt()));
        report.add_since(GapKind::Unreachable, Some(slug), format!("{name} ist nicht mehr zuständig."), since);
        return;
    }
    let mut add = |kind, message: String, since| report.add_since(kind, Some(slug), message, since);
    match fact.confirmed_on {
        None => add(GapKind::Unconfirmed, format!("{name} ist noch nicht bestätigt."), contact.asked_on),
        Some(on) if known.rules.stale_on(on) <= today => {
            let message = format!("{name} wurde zuletzt am {} bestätigt.", german(on));
            add(GapKind::Stale, message, Some(known.rules.stale_on(on)));
        }
        Some(_) => {}
    }
    if contact.disputed_on.is_some() {
        add(GapKind::Disputed, format!("{name} sagt, dass die Angaben nicht stimmen."), contact.disputed_on);
    }
    if let Some((on, hindrance)) = &contact.change_failed {
        let message =
            format!("Eine für den {} geplante Änderung an {name} ließ sich nicht ausführen: {hindrance}.", german(*on));
        add(GapKind::ChangeFailed, message, Some(*on));
    }
    if fact.mail == Way::Broken {
        add(GapKind::Bounced, format!("Mail an {name} kommt zurück."), contact.bounced_on);
    }
    if fact.webhook == Way::Broken {
        add(GapKind::WebhookDisabled, format!("Der Webhook von {name} ist abgeschaltet."), contact.disabled_on);
    }
    if fact.mail == Way::None && fact.webhook == Way::None {
        add(GapKind::Unreachable, format!("{name} hat weder Mail-Adresse noch Webhook."), None);
    }
    judge_deputy(known, slug, contact, today, report);
}

/// Absences, and whether somebody stands in.
fn judge_deputy(known: &Known, slug: &Slug, contact: &KnownContact, today: NaiveDate, report: &mut Report) {
    let (name, absent) = (&contact.fact.name, contact.fact.absent);
    let deputy = contact.fact.deputy.as_ref().and_then(|deputy| known.contacts.get(deputy));
    let hindrance = deputy.and_then(|deputy| deputy.fact.hindrance(today, known.rules.stale_after));
    let is_away = contact.fact.is_absent(today);
    if is_away && (deputy.is_none() || hindrance.is_some()) {
        let message = format!("{name} ist abwesend, und niemand vertritt.");
        report.add_since(GapKind::AbsentWithoutDeputy, Some(slug), message, absent.from);
        return;
    }
    if let (Some(deputy), Some(Hindrance::Away(reason))) = (deputy, hindrance) {
        let message = format!("{} kann {name} nicht vertreten: {reason}.", deputy.fact.name);
        report.add(GapKind::DeputyUnavailable, Some(slug), message);
    }
    // What is coming, or goes on: somebody must be there on every day of it.
    let Some(from) = absent.from.filter(|from| today < *from || is_away) else { return };
    let is_there = |deputy: &KnownContact| {
        let away = deputy.fact.absent;
        away == Span::default() || !away.overlaps(&Span { from: Some(from.max(today)), to: absent.to })
    };
    if !is_away && deputy.is_none() {
        let message = format!("{name} ist ab {} abwesend, und niemand vertritt.", german(from));
        report.add_since(GapKind::AbsentWithoutDeputy, Some(slug), message, Some(from));
        if let Some(gap) = report.found.last_mut() {
            gap.severity = Severity::Soon;
        }
    } else if let Some(deputy) = deputy.filter(|deputy| !is_there(deputy)) {
        let days = |span: Span| {
            let end = |day: Option<NaiveDate>, open: &str| day.map_or_else(|| open.to_owned(), german);
            format!("{} bis {}", end(span.from, "seit einer Weile"), end(span.to, "auf Weiteres"))
        };
        let (theirs, own) = (days(deputy.fact.absent), days(absent));
        let message =
            format!("{} soll {name} vertreten ({own}), ist aber selbst abwesend ({theirs}).", deputy.fact.name);
        report.add_since(GapKind::DeputyUnavailable, Some(slug), message, Some(from));
    }
}

/// Whether an outage at night reaches somebody.
fn judge_emergency(known: &Known, named: &[Named], report: &mut Report) {
    let mut emergency: Vec<&Slug> =
        named.iter().filter(|one| one.duty == Duty::Emergency).map(|one| one.contact).collect();
    emergency.sort();
    emergency.dedup();
    let there = |slug| known.contacts.get(slug).filter(|contact| !contact.fact.is_ended);
    let contacts: Vec<(&Slug, &KnownContact)> =
        emergency.into_iter().filter_map(|slug| Some((slug, there(slug)?))).collect();
    for (slug, contact) in &contacts {
        if !contact.has_phone && contact.fact.webhook != Way::Works {
            let message = format!(
                "{} hat weder Telefonnummer noch Webhook; ein Ausfall in der Nacht erreicht dort niemanden.",
                contact.fact.name
            );
            report.add(GapKind::EmergencyWithoutPhone, Some(slug), message);
        }
    }
    // Whoever stands in is asked next, so their hours count as well.
    let named: Vec<Named> = named.iter().filter(|one| one.duty == Duty::Emergency).copied().collect();
    let asked = with_deputies(known, &named).into_iter().filter_map(there);
    let hours: Vec<Option<&str>> = asked.map(|contact| contact.hours.as_deref()).collect();
    if !contacts.is_empty() && !known.nights.are_covered(&hours, report.place.land) {
        let message = "Nachts oder am Wochenende ist kein Notfallkontakt erreichbar.".to_owned();
        report.add(GapKind::EmergencyInHoursOnly, None, message);
    }
}

fn judge_help(known: &Known, service: &Service, report: &mut Report, today: NaiveDate) {
    let (adoption, place) = (report.adoption, report.place);
    let holds = |c: &&HelpChannel| Span { from: c.shown.valid_from, to: c.shown.valid_to }.holds(today);
    let shown: Vec<&HelpChannel> = adoption.channels.iter().filter(holds).collect();
    if shown.is_empty() {
        report.add(GapKind::NoChannel, None, "Der Öffentlichkeit wird kein Weg zum 1st Level gezeigt.".into());
    }
    if !place.in_115 && shown.iter().any(|c| c.shown.kind == ChannelKind::Number115) {
        let message = format!("115 wird gezeigt, aber {} gehört nicht zum 115-Verbund.", place.name);
        report.add(GapKind::Not115, None, message);
    }
    let (operating, using) = (service.operating_land, place.land);
    if operating != using && !known.agreements.contains(&(operating, using)) {
        let (operating, using) = (operating.name(), using.name());
        report.add(GapKind::NoAgreement, None, format!("Zwischen {operating} (betreibt den Online-Dienst) und {using} gilt heute keine eingetragene Kooperationsvereinbarung."));
    }
}

fn german(day: NaiveDate) -> String {
    day.format("%-d.%-m.%Y").to_string()
}
