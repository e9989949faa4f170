//! What a request contributes to the figures, and how contributions become sums.
//!
//! Invariant: a contribution follows from the request and its history alone, so that reckoning it again gives the same;
//! replacing one takes away exactly what it had added, so that sums are those of all contributions, in whatever order
//! they came (test by chance below). Pure. Nothing here names a person. Not here: reading and writing (`store.rs`).

use std::collections::HashMap;

use chrono::{Datelike, NaiveDate};

use super::histogram::{Histogram, bucket};
use crate::clock::Timestamp;
use crate::keys::{Ars, Slug};
use crate::tickets::ticket::{Category, Channel};
use crate::tickets::{Event, HistoryEntry, Ticket, TicketStatus};

crate::text_enum! {
    /// By what figures are told apart.
    pub enum Dimension {
        /// By nothing.
        All = "all",
        /// The online service.
        Service = "service",
        /// What it is about.
        Category = "category",
        /// How it came in.
        Origin = "origin",
        /// The first contact of the 2nd level that was asked.
        Contact = "contact",
        /// The municipality.
        Municipality = "municipality",
    }
}

crate::text_enum! {
    /// How long a sum reaches.
    pub enum Span {
        /// One day.
        Day = "day",
        /// One month, kept under its first day.
        Month = "month",
    }
}

/// Days since 1970-01-01.
pub fn number_of(day: NaiveDate) -> i32 {
    day.num_days_from_ce() - NaiveDate::default().num_days_from_ce()
}

/// The day of a number of [`number_of`].
pub fn day_of(number: i32) -> NaiveDate {
    NaiveDate::from_num_days_from_ce_opt(number + NaiveDate::default().num_days_from_ce()).unwrap_or_default()
}

/// How many. All of them are counted on the day of receipt.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Came in.
    pub received: i64,
    /// Are answered.
    pub answered: i64,
    /// Of these, by the promised time.
    pub in_time: i64,
    /// Of these, after it.
    pub late: i64,
    /// Were handed to the 2nd level.
    pub escalated: i64,
    /// Were returned by the 2nd level.
    pub returned: i64,
    /// Were refused.
    pub rejected: i64,
}

impl Counts {
    /// Adds `times` of the other; takes away where it is negative.
    pub fn add(&mut self, other: &Self, times: i64) {
        self.received += other.received * times;
        self.answered += other.answered * times;
        self.in_time += other.in_time * times;
        self.late += other.late * times;
        self.escalated += other.escalated * times;
        self.returned += other.returned * times;
        self.rejected += other.rejected * times;
    }
}

/// What one request adds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contribution {
    /// The day of receipt.
    pub day: i32,
    /// The municipality.
    pub ars: Ars,
    /// The online service.
    pub service: Slug,
    /// What about.
    pub category: Category,
    /// How it came in.
    pub origin: Channel,
    /// The first contact of the 2nd level that was asked.
    pub contact: Option<Slug>,
    /// 0 or 1 each.
    pub counts: Counts,
    /// The bucket of the time until somebody took it.
    pub acknowledge: Option<i32>,
    /// The bucket of the time until the person was answered.
    pub answer: Option<i32>,
}

/// What a request contributes; nothing where it goes on in another one, which is counted itself, and nothing where the
/// person took it back.
pub fn contribution(ticket: &Ticket, history: &[HistoryEntry]) -> Option<Contribution> {
    if ticket.status == TicketStatus::Merged {
        return None;
    }
    let is_withdrawn = |entry: &HistoryEntry| matches!(entry.event, Event::ReporterWithdrew { .. });
    if ticket.status == TicketStatus::Closed && ticket.answered_at.is_none() && history.iter().any(is_withdrawn) {
        return None;
    }
    let (mut taken, mut contact, mut counts) = (None, None, Counts { received: 1, ..Counts::default() });
    for entry in history {
        match &entry.event {
            Event::Claimed {} | Event::EscalationAcknowledged { .. } => taken = taken.or(Some(entry.at)),
            Event::Escalated { .. } => counts.escalated = 1,
            Event::EscalationStep { contact: asked, .. } => contact = contact.or_else(|| Some(asked.clone())),
            Event::EscalationReturned { .. } => counts.returned = 1,
            Event::Rejected { .. } => counts.rejected = 1,
            Event::Reopened { .. } => counts.rejected = 0,
            _ => {}
        }
    }
    let answered_at = ticket.answered_at.filter(|_| counts.rejected == 0);
    if let Some(at) = answered_at {
        let is_late = at > ticket.respond_by;
        (counts.answered, counts.in_time, counts.late) = (1, i64::from(!is_late), i64::from(is_late));
    }
    let took = |at: Timestamp| bucket(at.since(ticket.created_at).num_seconds());
    Some(Contribution {
        day: number_of(ticket.created_at.day_in_berlin()),
        ars: ticket.ars.clone(),
        service: ticket.service.clone(),
        category: ticket.category,
        origin: ticket.channel,
        contact,
        counts,
        acknowledge: taken.map(took),
        answer: answered_at.map(took),
    })
}

/// Where a sum is kept.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// Empty for all, two digits for a Land, or a whole ARS.
    pub region: String,
    /// By what it is told apart.
    pub dimension: Dimension,
    /// How long it reaches.
    pub span: Span,
    /// Its first day.
    pub day: i32,
    /// Which service, category and so on; empty by nothing.
    pub value: String,
}

/// A sum.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sums {
    /// How many.
    pub counts: Counts,
    /// Until somebody took them.
    pub acknowledge: Histogram,
    /// Until the person was answered.
    pub answer: Histogram,
}

impl Sums {
    /// Adds `times` of a contribution; takes away where it is negative.
    fn count(&mut self, one: &Contribution, times: i64) {
        self.counts.add(&one.counts, times);
        for (times_of, bucket) in [(&mut self.acknowledge, one.acknowledge), (&mut self.answer, one.answer)] {
            if let Some(bucket) = bucket {
                times_of.add(bucket, times);
            }
        }
    }

    /// Adds all of another.
    pub fn merge(&mut self, other: &Self) {
        self.counts.add(&other.counts, 1);
        self.acknowledge.merge(&other.acknowledge);
        self.answer.merge(&other.answer);
    }

    /// True where nothing is left.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// The sums that a contribution is part of.
fn keys(one: &Contribution) -> Vec<Key> {
    let month = day_of(one.day).with_day(1).map_or(one.day, number_of);
    let ars = one.ars.as_str();
    let mut values = vec![
        (Dimension::All, String::new()),
        (Dimension::Service, one.service.to_string()),
        (Dimension::Category, one.category.to_string()),
        (Dimension::Origin, one.origin.to_string()),
        (Dimension::Municipality, ars.to_owned()),
    ];
    values.extend(one.contact.iter().map(|contact| (Dimension::Contact, contact.to_string())));
    let mut keys = Vec::with_capacity(values.len() * 6);
    for (span, day) in [(Span::Day, one.day), (Span::Month, month)] {
        for region in ["", &ars[..2], ars] {
            // Of a municipality by municipality is the same as all of it.
            let own = values.iter().filter(|(what, _)| region != ars || *what != Dimension::Municipality);
            keys.extend(own.map(|(dimension, value)| Key {
                region: region.to_owned(),
                dimension: *dimension,
                span,
                day,
                value: value.clone(),
            }));
        }
    }
    keys
}

/// What changes in the sums.
#[derive(Debug, Default)]
pub struct Changes(pub HashMap<Key, Sums>);

impl Changes {
    /// Takes away what a request contributed before, and adds what it contributes now.
    pub fn replace(&mut self, before: Option<&Contribution>, now: Option<&Contribution>) {
        for (one, times) in [(before, -1), (now, 1)] {
            for key in one.map(keys).into_iter().flatten() {
                if let Some(one) = one {
                    self.0.entry(key).or_default().count(one, times);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn one() -> impl Strategy<Value = Option<Contribution>> {
        let place = prop_oneof![Just("010020000000"), Just("010030000000"), Just("020000000000")];
        let flags = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
        let parts = (20_000..20_070i32, place, 0..3usize, flags, proptest::option::of(0..150i32), 0..3usize);
        proptest::option::of(parts.prop_map(|(day, ars, category, flags, took, contact)| {
            let (is_answered, is_late, is_escalated, is_returned) = flags;
            Contribution {
                day,
                ars: ars.parse().unwrap(),
                service: "ummeldung".parse().unwrap(),
                category: Category::ALL[category],
                origin: Channel::Hotline115,
                contact: ["amt", "land"].get(contact).map(|slug| slug.parse().unwrap()),
                counts: Counts {
                    received: 1,
                    answered: i64::from(is_answered),
                    in_time: i64::from(is_answered && !is_late),
                    late: i64::from(is_answered && is_late),
                    escalated: i64::from(is_escalated),
                    returned: i64::from(is_returned),
                    rejected: 0,
                },
                acknowledge: took,
                answer: took.filter(|_| is_answered),
            }
        }))
    }

    fn without_nothing(changes: Changes) -> HashMap<Key, Sums> {
        changes.0.into_iter().filter(|(_, sums)| !sums.is_nothing()).collect()
    }

    proptest! {
        #[test]
        fn what_was_replaced_step_by_step_equals_what_is_reckoned_anew(
            steps in proptest::collection::vec((0..6usize, one()), 0..60)
        ) {
            let mut present: Vec<Option<Contribution>> = vec![None; 6];
            let mut sums = Changes::default();
            for (ticket, now) in steps {
                sums.replace(present[ticket].as_ref(), now.as_ref());
                present[ticket] = now;
            }
            let mut anew = Changes::default();
            for one in &present {
                anew.replace(None, one.as_ref());
            }
            prop_assert_eq!(without_nothing(sums), without_nothing(anew));
        }
    }

    #[test]
    fn days_have_numbers() {
        let day = NaiveDate::from_ymd_opt(2026, 11, 28).unwrap();
        assert_eq!((number_of(day), day_of(number_of(day)), number_of(NaiveDate::default())), (20_785, day, 0));
    }
}
