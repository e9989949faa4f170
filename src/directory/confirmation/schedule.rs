//! What is due for a contact, and when: asking it, reminding it, telling whoever leads a project with it.
//!
//! Pure. Counted in days as Germany has them. A contact that nobody ever confirmed is asked at once; one that was
//! confirmed is asked some days before that goes stale. Two reminders follow, never closer to what went before than
//! the settings say, even if Lotse was off meanwhile. Then people are told, once. Not here: who they are (`leads.rs`).

use chrono::{Datelike, Days, NaiveDate, NaiveTime, Weekday};

use crate::clock::Timestamp;
use crate::directory::hours::is_holiday;
use crate::keys::{LANDS, LandCode};

crate::text_enum! {
    /// Why a contact is asked.
    pub enum Occasion {
        /// It was never confirmed, or its address is new.
        First = "first",
        /// What was confirmed goes stale soon.
        Again = "again",
        /// The first reminder.
        Reminder1 = "reminder_1",
        /// The second reminder.
        Reminder2 = "reminder_2",
        /// An editor wants to know now.
        Asked = "asked",
    }
}

crate::text_enum! {
    /// What of a contact people are told.
    pub enum Cause {
        /// It was confirmed too long ago.
        Stale = "stale",
        /// It was asked three times and never confirmed.
        Unconfirmed = "unconfirmed",
        /// Mail to it comes back.
        Bounced = "bounced",
    }
}

crate::text_enum! {
    /// How true a contact is.
    pub enum ConfirmationState {
        /// Nobody ever said that it is right, or its address is new.
        Unconfirmed = "unconfirmed",
        /// Somebody did, not too long ago.
        Confirmed = "confirmed",
        /// The same, but that goes stale soon.
        Due = "due",
        /// It was too long ago.
        Stale = "stale",
        /// The contact itself says that something is wrong.
        Disputed = "disputed",
    }
}

/// How long things hold, in days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// A confirmation is good for so many days after its own.
    pub stale_after: i64,
    /// So many days before it goes stale the contact is asked, reminded and reminded again.
    pub before: [i64; 3],
}

impl Default for Rules {
    fn default() -> Self {
        Self { stale_after: 180, before: [21, 14, 7] }
    }
}

impl Rules {
    /// The first day on which a confirmation of this day counts no more.
    pub fn stale_on(&self, confirmed_on: NaiveDate) -> NaiveDate {
        later(confirmed_on, self.stale_after + 1)
    }

    /// The last day on which it counts.
    pub fn good_until(&self, confirmed_on: NaiveDate) -> NaiveDate {
        later(confirmed_on, self.stale_after)
    }

    /// How true a contact is.
    pub fn state(&self, confirmed_on: Option<NaiveDate>, is_disputed: bool, today: NaiveDate) -> ConfirmationState {
        let Some(stale_on) = confirmed_on.map(|on| self.stale_on(on)).filter(|_| !is_disputed) else {
            return if is_disputed { ConfirmationState::Disputed } else { ConfirmationState::Unconfirmed };
        };
        match (stale_on - today).num_days() {
            ..=0 => ConfirmationState::Stale,
            left if left <= self.before[0] => ConfirmationState::Due,
            _ => ConfirmationState::Confirmed,
        }
    }

    /// How many days lie between what stands before this step and the step.
    fn apart(&self, step: usize) -> i64 {
        match step {
            0 => 0,
            1 | 2 => self.before[step - 1] - self.before[step],
            _ => self.before[2],
        }
    }
}

/// True on working days between these times, when people are at work; at any time where there are none. A public
/// holiday is that of the Land; where no Land is known, only one that all of them have.
pub fn is_time_to_write(now: Timestamp, between: Option<(NaiveTime, NaiveTime)>, land: Option<LandCode>) -> bool {
    let Some((from, to)) = between else { return true };
    let wall = now.utc().with_timezone(&chrono_tz::Europe::Berlin);
    let (day, time) = (wall.date_naive(), wall.time());
    let is_off = match land {
        Some(land) => is_holiday(land, day),
        None => LANDS.iter().filter_map(|(code, ..)| code.parse().ok()).all(|land| is_holiday(land, day)),
    };
    !matches!(day.weekday(), Weekday::Sat | Weekday::Sun) && !is_off && from <= time && time < to
}

/// Whether a contact can be written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mailbox {
    /// There is no address.
    None,
    /// As far as is known.
    Works,
    /// Mail has come back since this day.
    Bounced(NaiveDate),
}

/// Where a contact stands.
#[derive(Debug, Clone)]
pub struct Standing {
    /// When somebody last said that it is right.
    pub confirmed_on: Option<NaiveDate>,
    /// Whether it can be written to.
    pub mailbox: Mailbox,
    /// True while it says that something is wrong.
    pub is_disputed: bool,
    /// What it was asked since it last changed, earliest first.
    pub asked: Vec<(Occasion, NaiveDate)>,
    /// What people were told of it, and when last.
    pub told: Vec<(Cause, NaiveDate)>,
}

impl Standing {
    /// What to ask it today, and since when that is due.
    pub fn ask(&self, rules: &Rules, today: NaiveDate) -> Option<(Occasion, NaiveDate)> {
        if self.mailbox != Mailbox::Works || self.is_disputed {
            return None;
        }
        let begin = if self.confirmed_on.is_some() { Occasion::Again } else { Occasion::First };
        let steps = [begin, Occasion::Reminder1, Occasion::Reminder2];
        let (step, last) = self.steps();
        let occasion = *steps.get(step)?;
        let planned = self.confirmed_on.map(|on| later(rules.stale_on(on), -rules.before[step]));
        let rested = last.map(|last| later(last, rules.apart(step)));
        let since = planned.max(rested).unwrap_or(today);
        (since <= today).then_some((occasion, since))
    }

    /// What is wrong with it by now, so that people should know.
    pub fn cause(&self, rules: &Rules, today: NaiveDate) -> Option<(Cause, NaiveDate)> {
        if let Mailbox::Bounced(since) = self.mailbox {
            return Some((Cause::Bounced, since));
        }
        if self.is_disputed {
            return None;
        }
        let (cause, since) = match (self.confirmed_on, self.steps()) {
            (Some(on), _) => (Cause::Stale, rules.stale_on(on)),
            (None, (step, Some(last))) if step >= 3 => (Cause::Unconfirmed, later(last, rules.apart(3))),
            (None, _) => return None,
        };
        (since <= today).then_some((cause, since))
    }

    /// The same, unless they were told since.
    pub fn tell(&self, rules: &Rules, today: NaiveDate) -> Option<Cause> {
        let (cause, since) = self.cause(rules, today)?;
        let is_told = self.told.iter().any(|(told, on)| *told == cause && *on >= since);
        (!is_told).then_some(cause)
    }

    /// How many of the three steps are behind it, and when the last was.
    fn steps(&self) -> (usize, Option<NaiveDate>) {
        let steps: Vec<NaiveDate> =
            self.asked.iter().filter(|(occasion, _)| *occasion != Occasion::Asked).map(|(_, on)| *on).collect();
        (steps.len(), steps.last().copied())
    }
}

fn later(day: NaiveDate, days: i64) -> NaiveDate {
    let moved = match days {
        0.. => day.checked_add_days(Days::new(days.unsigned_abs())),
        _ => day.checked_sub_days(Days::new(days.unsigned_abs())),
    };
    moved.unwrap_or(day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mails_go_while_people_are_at_work() {
        let between = NaiveTime::from_hms_opt(7, 0, 0).zip(NaiveTime::from_hms_opt(19, 0, 0));
        let check = |at: &str, land: &str, expected: bool| {
            let now: Timestamp = serde_json::from_value(at.into()).unwrap();
            assert_eq!(is_time_to_write(now, between, land.parse().ok()), expected, "{at} in {land:?}");
        };
        // A Monday in winter, one hour ahead of UTC, and one in summer, two hours ahead.
        check("2026-11-30T05:59:59Z", "SH", false);
        check("2026-11-30T06:00:00Z", "SH", true);
        check("2026-11-30T17:59:59Z", "SH", true);
        check("2026-11-30T18:00:00Z", "SH", false);
        check("2026-06-29T05:00:00Z", "SH", true);
        check("2026-06-29T04:59:59Z", "SH", false);
        // The weekend, also across midnight; the Sunday on which clocks change.
        check("2026-11-28T11:00:00Z", "SH", false);
        check("2026-03-29T11:00:00Z", "SH", false);
        // Fronleichnam is a holiday in Bavaria, not in Kiel, and not everywhere; Christmas is everywhere.
        check("2026-06-04T10:00:00Z", "BY", false);
        check("2026-06-04T10:00:00Z", "SH", true);
        check("2026-06-04T10:00:00Z", "", true);
        check("2026-12-25T10:00:00Z", "", false);
        assert!(is_time_to_write(serde_json::from_value("2026-12-25T02:00:00Z".into()).unwrap(), None, None));
    }

    fn day(text: &str) -> NaiveDate {
        format!("2026-{text}").parse().unwrap()
    }

    fn standing(confirmed_on: Option<&str>) -> Standing {
        let confirmed_on = confirmed_on.map(day);
        Standing { confirmed_on, mailbox: Mailbox::Works, is_disputed: false, asked: Vec::new(), told: Vec::new() }
    }

    /// Lets the days go by and notes what happens on which, doing it at once.
    fn lived(mut contact: Standing, from: &str, to: &str) -> String {
        let (rules, mut today, mut seen) = (Rules::default(), day(from), Vec::new());
        while today <= day(to) {
            for _ in 0..3 {
                if let Some((occasion, _)) = contact.ask(&rules, today) {
                    seen.push(format!("{} {occasion}", today.format("%m-%d")));
                    contact.asked.push((occasion, today));
                }
                if let Some(cause) = contact.tell(&rules, today) {
                    seen.push(format!("{} told {cause}", today.format("%m-%d")));
                    contact.told.push((cause, today));
                }
            }
            today = later(today, 1);
        }
        seen.join(", ")
    }

    #[track_caller]
    fn check(contact: Standing, from: &str, expected: &str) {
        assert_eq!(lived(contact, from, "12-31"), expected);
    }

    #[test]
    fn a_contact_is_asked_reminded_and_told_of_on_its_days() {
        check(standing(None), "03-01", "03-01 first, 03-08 reminder_1, 03-15 reminder_2, 03-22 told unconfirmed");
        // Good for 180 days after 1 January: until 30 June; stale on 1 July.
        check(standing(Some("01-01")), "01-01", "06-10 again, 06-17 reminder_1, 06-24 reminder_2, 07-01 told stale");
    }

    #[test]
    fn who_was_off_catches_up_without_a_flood() {
        check(standing(Some("01-01")), "06-28", "06-28 again, 07-01 told stale, 07-05 reminder_1, 07-12 reminder_2");
        let mut asked = standing(None);
        asked.asked.push((Occasion::First, day("01-01")));
        check(asked, "06-01", "06-01 reminder_1, 06-08 reminder_2, 06-15 told unconfirmed");
    }

    #[test]
    fn who_cannot_or_need_not_be_asked_is_left_alone() {
        check(Standing { mailbox: Mailbox::None, ..standing(None) }, "03-01", "");
        check(Standing { mailbox: Mailbox::None, ..standing(Some("01-01")) }, "03-01", "07-01 told stale");
        check(Standing { is_disputed: true, ..standing(Some("01-01")) }, "03-01", "");
        let bounced = Mailbox::Bounced(day("02-01"));
        check(Standing { mailbox: bounced, ..standing(None) }, "03-01", "03-01 told bounced");
        let told = vec![(Cause::Bounced, day("01-15")), (Cause::Stale, day("01-15"))];
        check(Standing { mailbox: bounced, told, ..standing(None) }, "03-01", "03-01 told bounced");
        let told = vec![(Cause::Bounced, day("02-01"))];
        check(Standing { mailbox: bounced, told, ..standing(None) }, "03-01", "");
    }

    #[test]
    fn asking_by_hand_moves_no_reminder() {
        let mut contact = standing(None);
        contact.asked = vec![(Occasion::First, day("03-01")), (Occasion::Asked, day("03-05"))];
        check(contact, "03-05", "03-08 reminder_1, 03-15 reminder_2, 03-22 told unconfirmed");
    }

    #[test]
    fn a_state_holds_on_its_days() {
        use ConfirmationState::*;
        let rules = Rules::default();
        for (today, expected) in [("06-09", Confirmed), ("06-10", Due), ("06-30", Due), ("07-01", Stale)] {
            assert_eq!(rules.state(Some(day("01-01")), false, day(today)), expected, "{today}");
        }
        assert_eq!(rules.good_until(day("01-01")), day("06-30"));
        assert_eq!(rules.state(None, false, day("01-01")), Unconfirmed);
        assert_eq!(rules.state(Some(day("01-01")), true, day("01-01")), Disputed);
    }
}
