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

    /// True where some day is within both.
    pub fn overlaps(&self, other: &Span) -> bool {
        let ends_before = |one: &Span, two: &Span| one.to.zip(two.from).is_some_and(|(to, from)| to < from);
        !ends_before(self, other) && !ends_before(other, self)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn today() -> NaiveDate {
        "2026-11-24".parse().unwrap()
    }

    fn works(name: &str) -> ContactFact {
        ContactFact {
            name: name.into(),
            deputy: None,
            confirmed_on: "2026-11-01".parse().ok(),
            absent: Span::default(),
            valid: Span::default(),
            is_ended: false,
            mail: Way::Works,
            webhook: Way::None,
        }
    }

    /// Facts of Kiel and a service of Hamburg; a duty is written `scope region duty contact`.
    fn facts(duties: &[&str]) -> Facts {
        let mut facts = Facts {
            municipality: "Kiel, Landeshauptstadt".into(),
            operator: "Dataport".into(),
            operating_land: "HH".parse().unwrap(),
            duties: Vec::new(),
            contacts: HashMap::new(),
            stale_after_days: 180,
        };
        for (position, line) in (0..).zip(duties) {
            let [scope, region, duty, contact] = line.split(' ').collect::<Vec<_>>().try_into().unwrap();
            let region = region.trim_matches('*').parse().unwrap();
            let (contact, duty) = (contact.parse::<Slug>().unwrap(), duty.parse().unwrap());
            facts.contacts.entry(contact.clone()).or_insert_with(|| works(&contact.as_str().to_uppercase()));
            let (scope, valid) = (scope.parse().unwrap(), Span::default());
            facts.duties.push(DutyFact { scope, service: None, region, duty, contact, position, valid });
        }
        facts
    }

    fn all_levels() -> Facts {
        facts(&[
            "adoption 010020000000 technical own",
            "adoption 010020000000 functional office",
            "adoption 010020000000 central central",
            "adoption 010020000000 emergency night",
            "service * technical everywhere",
            "service 01 technical north",
            "service * emergency standby",
            "land 02 central hamburg",
            "land 01 central kiel-land",
        ])
    }

    fn change(facts: &mut Facts, slug: &str, change: impl FnOnce(&mut ContactFact)) {
        change(facts.contacts.get_mut(slug).unwrap());
    }

    fn deputy(facts: &mut Facts, of: &str, slug: &str) {
        let deputy: Slug = slug.parse().unwrap();
        facts.contacts.entry(deputy.clone()).or_insert_with(|| works(&slug.to_uppercase()));
        change(facts, of, |c| c.deputy = Some(deputy));
    }

    fn chain(route: &Route) -> String {
        route.chain.iter().map(|s| s.contact.id.as_str()).collect::<Vec<_>>().join(" ")
    }

    fn skipped(route: &Route) -> String {
        route.skipped.iter().map(|s| format!("{}: {}", s.contact.id, s.reason)).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn goes_from_the_most_specific_to_the_last_resort() {
        let facts = all_levels();
        for (kind, expected) in [
            (Kind::Technical, "own north hamburg central night standby"),
            (Kind::Functional, "office hamburg central night standby"),
        ] {
            assert_eq!(chain(&resolve(&facts, kind, today())), expected, "{kind}");
        }
        assert_eq!(chain(&resolve_emergency(&facts, today())), "night standby own north hamburg central");
    }

    #[test]
    fn says_why_in_words() {
        let reasons: Vec<String> =
            resolve(&all_levels(), Kind::Technical, today()).chain.into_iter().map(|s| s.reason).collect();
        assert_eq!(
            reasons,
            [
                "technisch zuständig in Kiel, weil die Kommune es so hinterlegt hat",
                "technischer Kontakt des Betreibers Dataport für Schleswig-Holstein",
                "Auffangstelle von Hamburg, das den Online-Dienst betreibt",
                "zentrale Ansprechstelle von Kiel",
                "Notfallkontakt von Kiel",
                "Notfallkontakt des Betreibers Dataport für alle Länder",
            ]
        );
    }

    #[test]
    fn the_longest_region_wins() {
        for (regions, expected) in [
            (&["*", "01", "010", "01002", "010020000", "010020000000"][..], "r5"),
            (&["*", "01", "01002"][..], "r2"),
            (&["01", "*"][..], "r0"),
            (&["*", "*"][..], "r0 r1"),
            (&["01", "01", "*"][..], "r0 r1"),
        ] {
            let lines: Vec<String> =
                regions.iter().enumerate().map(|(i, r)| format!("service {r} technical r{i}")).collect();
            let facts = facts(&lines.iter().map(String::as_str).collect::<Vec<_>>());
            assert_eq!(chain(&resolve(&facts, Kind::Technical, today())), expected, "{regions:?}");
        }
    }

    #[test]
    fn passes_over_who_cannot_be_asked() {
        let date = |text: &str| text.parse::<NaiveDate>().ok();
        type Change = Box<dyn Fn(&mut ContactFact)>;
        let cases: Vec<(&str, Change)> = vec![
            ("abwesend bis 3.12.", Box::new(move |c| c.absent.to = date("2026-12-03"))),
            ("abwesend bis 7.1.2027", Box::new(move |c| c.absent.to = date("2027-01-07"))),
            ("abwesend", Box::new(move |c| c.absent.from = date("2026-11-24"))),
            ("Mail kommt zurück", Box::new(|c| c.mail = Way::Broken)),
            ("weder Mail-Adresse noch Webhook hinterlegt", Box::new(|c| c.mail = Way::None)),
            (
                "Webhook ist abgeschaltet, eine Mail-Adresse fehlt",
                Box::new(|c| (c.mail, c.webhook) = (Way::None, Way::Broken)),
            ),
            ("nicht mehr zuständig", Box::new(|c| c.is_ended = true)),
            ("nicht mehr zuständig", Box::new(move |c| c.valid.to = date("2026-11-23"))),
            ("erst ab 1.12. zuständig", Box::new(move |c| c.valid.from = date("2026-12-01"))),
            ("noch nicht bestätigt", Box::new(|c| c.confirmed_on = None)),
            ("zuletzt am 27.5.2026 bestätigt", Box::new(move |c| c.confirmed_on = date("2026-05-27"))),
        ];
        for (reason, make) in cases {
            let mut facts = all_levels();
            change(&mut facts, "own", make);
            let route = resolve(&facts, Kind::Technical, today());
            assert_eq!(chain(&route), "north hamburg central night standby", "{reason}");
            assert_eq!(skipped(&route), format!("own: {reason}"));
        }
    }

    #[test]
    fn asks_whoever_can_still_be_reached() {
        let date = |text: &str| text.parse::<NaiveDate>().ok();
        type Change = Box<dyn Fn(&mut ContactFact)>;
        let cases: Vec<Change> = vec![
            Box::new(|c| (c.mail, c.webhook) = (Way::None, Way::Works)),
            Box::new(|c| (c.mail, c.webhook) = (Way::Broken, Way::Works)),
            Box::new(|c| c.webhook = Way::Broken),
            Box::new(move |c| c.absent = Span { from: date("2026-11-25"), to: date("2026-12-01") }),
            Box::new(move |c| c.absent.to = date("2026-11-23")),
            Box::new(move |c| c.valid = Span { from: date("2026-11-24"), to: date("2026-11-24") }),
            Box::new(move |c| c.confirmed_on = date("2026-05-28")),
        ];
        for (index, make) in cases.into_iter().enumerate() {
            let mut facts = all_levels();
            change(&mut facts, "own", make);
            let route = resolve(&facts, Kind::Technical, today());
            assert!(chain(&route).starts_with("own "), "case {index}: {route:?}");
        }
    }

    #[test]
    fn a_deputy_follows_and_stands_in() {
        let mut facts = all_levels();
        deputy(&mut facts, "own", "second");
        let route = resolve(&facts, Kind::Technical, today());
        assert_eq!(chain(&route), "own second north hamburg central night standby");
        assert_eq!(route.chain[1].reason, "Vertretung von OWN");

        change(&mut facts, "own", |c| c.absent.to = "2026-12-03".parse().ok());
        let route = resolve(&facts, Kind::Technical, today());
        assert_eq!(chain(&route), "second north hamburg central night standby");
        assert_eq!(route.chain[0].reason, "Vertretung von OWN (abwesend bis 3.12.)");

        // A deputy who is away too has a deputy.
        deputy(&mut facts, "second", "third");
        change(&mut facts, "second", |c| c.mail = Way::Broken);
        let route = resolve(&facts, Kind::Technical, today());
        assert_eq!(chain(&route), "third north hamburg central night standby");
        assert_eq!(route.chain[0].reason, "Vertretung von SECOND (Mail kommt zurück)");
    }

    #[test]
    fn nobody_stands_in_the_chain_twice() {
        let mut facts = all_levels();
        deputy(&mut facts, "own", "north");
        deputy(&mut facts, "north", "own");
        deputy(&mut facts, "central", "central");
        assert_eq!(chain(&resolve(&facts, Kind::Technical, today())), "own north hamburg central night standby");
        change(&mut facts, "own", |c| c.is_ended = true);
        change(&mut facts, "north", |c| c.is_ended = true);
        let route = resolve(&facts, Kind::Technical, today());
        assert_eq!(chain(&route), "hamburg central night standby");
        assert_eq!(route.skipped.len(), 2);
    }

    #[test]
    fn the_doubtful_are_asked_only_if_nobody_else_is_there() {
        let mut facts = facts(&["adoption 010020000000 functional office", "adoption 010020000000 central central"]);
        change(&mut facts, "office", |c| c.confirmed_on = None);
        let route = resolve(&facts, Kind::Functional, today());
        assert_eq!((chain(&route).as_str(), skipped(&route).as_str()), ("central", "office: noch nicht bestätigt"));
        change(&mut facts, "central", |c| c.confirmed_on = "2025-11-24".parse().ok());
        let route = resolve(&facts, Kind::Functional, today());
        assert_eq!(chain(&route), "office central");
        assert!(route.skipped.is_empty());
        assert!(route.chain[0].reason.ends_with(" – noch nicht bestätigt, aber sonst ist niemand da"));
    }

    #[test]
    fn a_duty_holds_on_its_days_only() {
        let mut facts = all_levels();
        facts.duties[0].valid.to = "2026-11-23".parse().ok();
        facts.duties[5].valid.from = "2026-11-25".parse().ok();
        let route = resolve(&facts, Kind::Technical, today());
        assert_eq!(chain(&route), "everywhere hamburg central night standby");
    }

    #[test]
    fn nobody_at_all_is_an_empty_chain() {
        assert_eq!(resolve(&facts(&[]), Kind::Technical, today()), Route::default());
        let mut facts = facts(&["adoption 010020000000 central central"]);
        change(&mut facts, "central", |c| c.is_ended = true);
        let route = resolve(&facts, Kind::Functional, today());
        assert!(route.chain.is_empty());
        assert_eq!(skipped(&route), "central: nicht mehr zuständig");
    }

    #[test]
    fn central_contacts_assess_and_else_the_land() {
        let mut facts = all_levels();
        deputy(&mut facts, "central", "second");
        assert_eq!(chain(&resolve_central(&facts, today())), "central");
        change(&mut facts, "central", |c| c.absent.to = "2026-12-03".parse().ok());
        assert_eq!(chain(&resolve_central(&facts, today())), "second");
        change(&mut facts, "second", |c| c.is_ended = true);
        let route = resolve_central(&facts, today());
        assert_eq!(chain(&route), "hamburg kiel-land");
        assert_eq!(route.skipped.len(), 2);
        assert_eq!(route.chain[1].reason, "Auffangstelle von Schleswig-Holstein, wo die Kommune liegt");
    }
}
