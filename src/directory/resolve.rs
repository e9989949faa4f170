//! Who is asked, in which order and why: a pure function of what the directory says.
//!
//! Candidates stand from the most specific to the last resort: the adoption's contact for the duty, the
//! service's for the longest matching region, the operating Land's, the adoption's central contact, and the
//! emergency contacts; each is followed by its deputy. Invariant: nobody stands in the chain twice, and everyone
//! passed over is named with the reason. An unconfirmed or stale contact is used only if nobody else is there.
//! A mail that bounces passes nobody over whose webhook works: the question still arrives.
//!
//! No database, no clock: `route.rs` gathers the [`Facts`].

use std::collections::HashMap;

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};

use super::terms::{Duty, Kind, Scope};
use crate::keys::{ArsPrefix, LandCode, Slug};

/// Everything about one service in one municipality that decides who is asked.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The municipality's name.
    pub municipality: String,
    /// Who runs the service.
    pub operator: String,
    /// The Land that operates it.
    pub operating_land: LandCode,
    /// The duties of the adoption, of the service where its region holds the municipality, and of the Land.
    pub duties: Vec<DutyFact>,
    /// Everyone those name, and their deputies.
    pub contacts: HashMap<Slug, ContactFact>,
    /// After so many days a confirmation is stale.
    pub stale_after_days: i64,
}

/// A contact's duty at one level of the directory.
#[derive(Debug, Clone)]
pub struct DutyFact {
    /// At which level.
    pub scope: Scope,
    /// Of which service; none for a Land's.
    pub service: Option<Slug>,
    /// In which region; everywhere when empty.
    pub region: ArsPrefix,
    /// For what. A Land's duty counts for every question.
    pub duty: Duty,
    /// Who.
    pub contact: Slug,
    /// Its place in the order that was given.
    pub position: i32,
    /// The days it holds on.
    pub valid: Span,
}

/// The first and the last day something holds; either may be open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Span {
    /// The first day.
    pub from: Option<NaiveDate>,
    /// The last day.
    pub to: Option<NaiveDate>,
}

impl Span {
    /// True on a day within.
    pub fn holds(&self, day: NaiveDate) -> bool {
        self.from.is_none_or(|from| from <= day) && self.to.is_none_or(|to| day <= to)
    }
}

/// What decides whether a contact can be asked.
#[derive(Debug, Clone)]
pub struct ContactFact {
    /// The name people know.
    pub name: String,
    /// Who stands in.
    pub deputy: Option<Slug>,
    /// When somebody last said that this is right.
    pub confirmed_on: Option<NaiveDate>,
    /// The days of an absence; none when both ends are open.
    pub absent: Span,
    /// The days the contact is there for at all.
    pub valid: Span,
    /// True where the contact was ended.
    pub is_ended: bool,
    /// Its mail address, if any.
    pub mail: Way,
    /// Its webhook, if any.
    pub webhook: Way,
}

/// The state of one way to a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Way {
    /// There is none.
    #[default]
    None,
    /// It works as far as is known.
    Works,
    /// Mail comes back, or the webhook was disabled.
    Broken,
}

/// A contact as a chain names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ContactRef {
    /// Its slug.
    pub id: Slug,
    /// Its name.
    pub name: String,
}

/// One step of a chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Step {
    /// Who is asked.
    pub contact: ContactRef,
    /// Why, in words for a central contact.
    pub reason: String,
}

/// Somebody who was passed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Skipped {
    /// Who.
    pub contact: ContactRef,
    /// Why not.
    pub reason: String,
}

/// Who is asked one after the other, and who is not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Route {
    /// In the order they are asked; empty when there is nobody.
    pub chain: Vec<Step>,
    /// Those passed over, with the reason.
    pub skipped: Vec<Skipped>,
}

/// The chain for a question of this kind.
pub fn resolve(facts: &Facts, kind: Kind, today: NaiveDate) -> Route {
    let duty = kind.duty();
    let mut levels = facts.for_duty(duty, today);
    levels.extend(facts.adoption(Duty::Central, today));
    levels.extend(facts.emergency(today));
    facts.walk(levels, Deputies::Always, today)
}

/// The chain when a service is down for all: the emergency contacts, then the technical ones.
pub fn resolve_emergency(facts: &Facts, today: NaiveDate) -> Route {
    let mut levels = facts.emergency(today);
    levels.extend(facts.for_duty(Duty::Technical, today));
    levels.extend(facts.adoption(Duty::Central, today));
    facts.walk(levels, Deputies::Always, today)
}

/// Who assesses what the 1st level passes on: the central contacts, deputies only for those who cannot, else
/// whoever the Land names.
pub fn resolve_central(facts: &Facts, today: NaiveDate) -> Route {
    let central = facts.walk(facts.adoption(Duty::Central, today), Deputies::WhereNeeded, today);
    if !central.chain.is_empty() {
        return central;
    }
    let mut fallback = facts.walk(facts.land(true, today), Deputies::WhereNeeded, today);
    fallback.skipped.splice(0..0, central.skipped);
    fallback
}

/// Somebody who could be asked, with the reason.
type Candidate<'a> = (&'a Slug, String);

impl Facts {
    fn for_duty(&self, duty: Duty, today: NaiveDate) -> Vec<Candidate<'_>> {
        let mut levels = self.adoption(duty, today);
        levels.extend(self.service(duty, today));
        levels.extend(self.land(false, today));
        levels
    }

    fn emergency(&self, today: NaiveDate) -> Vec<Candidate<'_>> {
        let mut levels = self.adoption(Duty::Emergency, today);
        levels.extend(self.service(Duty::Emergency, today));
        levels
    }

    fn adoption(&self, duty: Duty, today: NaiveDate) -> Vec<Candidate<'_>> {
        let reason = match duty {
            Duty::Central => format!("zentrale Ansprechstelle von {}", self.place()),
            Duty::Technical => {
                format!("technisch zuständig in {}, weil die Kommune es so hinterlegt hat", self.place())
            }
            Duty::Emergency => format!("Notfallkontakt von {}", self.place()),
            _ => format!("fachlich zuständig in {}, weil die Kommune es so hinterlegt hat", self.place()),
        };
        self.at(today, |d| d.scope == Scope::Adoption && d.duty == duty).map(|d| (&d.contact, reason.clone())).collect()
    }

    fn service(&self, duty: Duty, today: NaiveDate) -> Vec<Candidate<'_>> {
        let here = |d: &DutyFact| d.scope == Scope::Service && d.duty == duty;
        let longest = self.at(today, here).map(|d| d.region.as_str().len()).max().unwrap_or(0);
        let role = match duty {
            Duty::Technical => "technischer Kontakt",
            Duty::Emergency => "Notfallkontakt",
            _ => "fachlicher Kontakt",
        };
        let of = if self.operator.is_empty() {
            "des Online-Dienstes".to_owned()
        } else {
            format!("des Betreibers {}", self.operator)
        };
        self.at(today, |d| here(d) && d.region.as_str().len() == longest)
            .map(|d| (&d.contact, format!("{role} {of} für {}", self.region(&d.region))))
            .collect()
    }

    /// The fallback of the operating Land, and with `own` that of the Land the municipality lies in.
    fn land(&self, own: bool, today: NaiveDate) -> Vec<Candidate<'_>> {
        let operates = |d: &DutyFact| LandCode::from_number(d.region.as_str()) == Some(self.operating_land);
        let operating = format!("Auffangstelle von {}, das den Online-Dienst betreibt", self.operating_land.name());
        let mut found: Vec<Candidate> = self
            .at(today, |d| d.scope == Scope::Land && operates(d))
            .map(|d| (&d.contact, operating.clone()))
            .collect();
        if own {
            let others = self.at(today, |d| d.scope == Scope::Land && !operates(d));
            found.extend(
                others.map(|d| {
                    (&d.contact, format!("Auffangstelle von {}, wo die Kommune liegt", self.region(&d.region)))
                }),
            );
        }
        found
    }

    fn at(&self, today: NaiveDate, here: impl Fn(&DutyFact) -> bool) -> impl Iterator<Item = &DutyFact> {
        let mut found: Vec<&DutyFact> = self.duties.iter().filter(|d| d.valid.holds(today) && here(d)).collect();
        found.sort_by_key(|d| d.position);
        found.into_iter()
    }

    /// The name without what the register adds to it: "Kiel, Landeshauptstadt" is called Kiel.
    fn place(&self) -> &str {
        self.municipality.split(", ").next().unwrap_or(&self.municipality)
    }

    fn region(&self, region: &ArsPrefix) -> String {
        match region.as_str().len() {
            0 => "alle Länder".to_owned(),
            2 => LandCode::from_number(region.as_str()).map_or("", |land| land.name()).to_owned(),
            12 => self.place().to_owned(),
            _ => format!("die Region {region} mit {}", self.place()),
        }
    }

    fn walk(&self, candidates: Vec<Candidate<'_>>, deputies: Deputies, today: NaiveDate) -> Route {
        let mut walk =
            Walk { facts: self, deputies, today, seen: Vec::new(), route: Route::default(), doubtful: Vec::new() };
        for (contact, reason) in candidates {
            walk.with_deputies(contact, reason);
        }
        walk.finish()
    }
}

/// Why somebody cannot be asked.
pub(super) enum Hindrance {
    /// Cannot be asked now.
    Away(String),
    /// Can be asked if there is nobody else.
    Doubtful(String),
}

/// Whether somebody who can be asked is followed by the deputy.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Deputies {
    Always,
    WhereNeeded,
}

struct Walk<'a> {
    facts: &'a Facts,
    deputies: Deputies,
    today: NaiveDate,
    seen: Vec<&'a Slug>,
    route: Route,
    doubtful: Vec<(Step, String)>,
}

impl<'a> Walk<'a> {
    /// Takes the contact and its deputy; where the deputy cannot be asked either, the deputy's deputy.
    fn with_deputies(&mut self, first: &'a Slug, reason: String) {
        let mut next = Some((first, reason));
        let mut is_deputy = false;
        while let Some((slug, reason)) = next.take() {
            let Some(contact) = self.facts.contacts.get(slug) else { return };
            if self.seen.contains(&slug) {
                return;
            }
            self.seen.push(slug);
            let hindrance = contact.hindrance(self.today, self.facts.stale_after_days);
            let because = hindrance.as_ref().map(|h| match h {
                Hindrance::Away(why) | Hindrance::Doubtful(why) => why.clone(),
            });
            let is_asked = hindrance.is_none();
            self.place(slug, contact, reason, hindrance);
            if is_asked && (is_deputy || self.deputies == Deputies::WhereNeeded) {
                return;
            }
            if let Some(deputy) = &contact.deputy {
                let aside = because.map_or(String::new(), |why| format!(" ({why})"));
                next = Some((deputy, format!("Vertretung von {}{aside}", contact.name)));
            }
            is_deputy = true;
        }
    }

    fn place(&mut self, slug: &Slug, contact: &ContactFact, reason: String, hindrance: Option<Hindrance>) {
        let contact = ContactRef { id: slug.clone(), name: contact.name.clone() };
        match hindrance {
            None => self.route.chain.push(Step { contact, reason }),
            Some(Hindrance::Doubtful(why)) => self.doubtful.push((Step { contact, reason }, why)),
            Some(Hindrance::Away(reason)) => self.route.skipped.push(Skipped { contact, reason }),
        }
    }

    fn finish(mut self) -> Route {
        if self.route.chain.is_empty() {
            self.route.chain = self
                .doubtful
                .into_iter()
                .map(|(step, why)| Step {
                    reason: format!("{} – {why}, aber sonst ist niemand da", step.reason),
                    ..step
                })
                .collect();
        } else {
            let doubtful = self.doubtful.into_iter();
            self.route.skipped.extend(doubtful.map(|(step, reason)| Skipped { contact: step.contact, reason }));
        }
        self.route
    }
}

impl ContactFact {
    /// True on a day of an absence.
    pub fn is_absent(&self, today: NaiveDate) -> bool {
        self.absent != Span::default() && self.absent.holds(today)
    }

    /// Why the contact cannot be asked as a matter of course, if anything hinders it.
    pub(super) fn hindrance(&self, today: NaiveDate, stale_after_days: i64) -> Option<Hindrance> {
        let away = |why: String| Some(Hindrance::Away(why));
        if self.is_ended || self.valid.to.is_some_and(|to| to < today) {
            return away("nicht mehr zuständig".into());
        }
        if let Some(from) = self.valid.from.filter(|from| *from > today) {
            return away(format!("erst ab {} zuständig", day(from, today)));
        }
        if self.is_absent(today) {
            return away(match self.absent.to {
                Some(to) => format!("abwesend bis {}", day(to, today)),
                None => "abwesend".into(),
            });
        }
        match (self.mail, self.webhook) {
            (Way::Works, _) | (_, Way::Works) => {}
            (Way::Broken, _) => return away("Mail kommt zurück".into()),
            (Way::None, Way::Broken) => return away("Webhook ist abgeschaltet, eine Mail-Adresse fehlt".into()),
            (Way::None, Way::None) => return away("weder Mail-Adresse noch Webhook hinterlegt".into()),
        }
        match self.confirmed_on {
            None => Some(Hindrance::Doubtful("noch nicht bestätigt".into())),
            Some(on) if (today - on).num_days() > stale_after_days => {
                Some(Hindrance::Doubtful(format!("zuletzt am {} bestätigt", on.format("%-d.%-m.%Y"))))
            }
            Some(_) => None,
        }
    }
}

/// A day as people write it, with the year only where it is another than today's.
fn day(date: NaiveDate, today: NaiveDate) -> String {
    if date.year() == today.year() {
        date.format("%-d.%-m.").to_string()
    } else {
        date.format("%-d.%-m.%Y").to_string()
    }
}
