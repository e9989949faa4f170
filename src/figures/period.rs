//! Which days figures are of: a month, a quarter, a year or any days, and the time before to compare with.
//!
//! Pure. A period is whole days in Germany, first and last included.

use chrono::{Datelike, Days, Months, NaiveDate};
use serde::Serialize;

use super::fold::{Span, number_of};
use crate::error::AppError;

/// At most so many days at once: five years.
pub const LONGEST_DAYS: i64 = 1827;

crate::text_enum! {
    /// What kind of period.
    pub enum PeriodKind {
        /// A month of the calendar.
        Month = "month",
        /// A quarter of the calendar.
        Quarter = "quarter",
        /// A year of the calendar.
        Year = "year",
        /// From one day to another.
        Days = "days",
    }
}

/// Whole days, first and last included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Period {
    /// What kind.
    pub kind: PeriodKind,
    /// The first day.
    pub from: NaiveDate,
    /// The last day.
    pub to: NaiveDate,
}

impl Period {
    /// The month, quarter or year that a day lies in; for [`PeriodKind::Days`] the day alone.
    pub fn around(kind: PeriodKind, day: NaiveDate) -> Self {
        let (month, months) = match kind {
            PeriodKind::Days => return Self { kind, from: day, to: day },
            PeriodKind::Month => (day.month0(), 1),
            PeriodKind::Quarter => (day.month0() / 3 * 3, 3),
            PeriodKind::Year => (0, 12),
        };
        let from = NaiveDate::from_ymd_opt(day.year(), month + 1, 1).unwrap_or(day);
        let to = (from.checked_add_months(Months::new(months))).and_then(|next| next.pred_opt()).unwrap_or(day);
        Self { kind, from, to }
    }

    /// From one day to another. A field's name and a remedy where that is no period.
    pub fn between(from: NaiveDate, to: NaiveDate) -> Result<Self, AppError> {
        let period = Self { kind: PeriodKind::Days, from, to };
        match period.days() {
            ..=0 => Err(AppError::field("to", "must not be before from")),
            1..=LONGEST_DAYS => Ok(period),
            _ => Err(AppError::field("to", "must be at most five years after from")),
        }
    }

    /// How many days.
    pub fn days(&self) -> i64 {
        (self.to - self.from).num_days() + 1
    }

    /// The one of the same kind before; for days, as many just before.
    pub fn before(&self) -> Self {
        let Some(last) = self.from.pred_opt() else { return *self };
        match self.kind {
            PeriodKind::Days => {
                let from = self.from.checked_sub_days(Days::new(self.days().unsigned_abs()));
                Self { from: from.unwrap_or(last), to: last, ..*self }
            }
            kind => Self::around(kind, last),
        }
    }

    /// The one of the same kind after.
    pub fn after(&self) -> Self {
        let Some(next) = self.to.succ_opt() else { return *self };
        match self.kind {
            PeriodKind::Days => {
                let to = self.to.checked_add_days(Days::new(self.days().unsigned_abs()));
                Self { from: next, to: to.unwrap_or(next), ..*self }
            }
            kind => Self::around(kind, next),
        }
    }

    /// Its days by as few sums as there are: whole months, and the days before and after these.
    pub fn spans(&self) -> Vec<(Span, i32, i32)> {
        let first_of = |day: NaiveDate| day.with_day(1).unwrap_or(day);
        let next_month = |day: NaiveDate| first_of(day).checked_add_months(Months::new(1)).unwrap_or(day);
        let (from, to) = (self.from, self.to);
        let after = to.succ_opt().unwrap_or(to);
        let begin = if from.day() == 1 { from } else { next_month(from) };
        let end = first_of(after);
        if begin >= end {
            return vec![(Span::Day, number_of(from), number_of(to))];
        }
        let days = |from: NaiveDate, until: NaiveDate| (Span::Day, number_of(from), number_of(until) - 1);
        let all = [days(from, begin), (Span::Month, number_of(begin), number_of(end) - 1), days(end, after)];
        all.into_iter().filter(|(_, first, last)| first <= last).collect()
    }

    /// How fine a line of it is drawn.
    pub fn step(&self) -> LineStep {
        match self.days() {
            ..=35 => LineStep::Day,
            36..=190 => LineStep::Week,
            _ => LineStep::Month,
        }
    }
}

crate::text_enum! {
    /// How fine a line is.
    pub enum LineStep {
        /// A point a day.
        Day = "day",
        /// A point a week, from Monday on.
        Week = "week",
        /// A point a month.
        Month = "month",
    }
}

impl LineStep {
    /// The first day of the step that a day lies in.
    pub fn begin(self, day: NaiveDate) -> NaiveDate {
        let begin = match self {
            Self::Day => Some(day),
            Self::Week => day.checked_sub_days(Days::new(u64::from(day.weekday().num_days_from_monday()))),
            Self::Month => day.with_day(1),
        };
        begin.unwrap_or(day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[track_caller]
    fn check(period: Period, from: &str, to: &str) {
        assert_eq!((period.from, period.to), (day(from), day(to)), "{period:?}");
    }

    #[test]
    fn periods_of_the_calendar() {
        let quarter = Period::around(PeriodKind::Quarter, day("2026-11-28"));
        check(quarter, "2026-10-01", "2026-12-31");
        check(quarter.before(), "2026-07-01", "2026-09-30");
        check(quarter.after(), "2027-01-01", "2027-03-31");
        check(Period::around(PeriodKind::Month, day("2024-02-10")), "2024-02-01", "2024-02-29");
        check(Period::around(PeriodKind::Year, day("2026-11-28")).before(), "2025-01-01", "2025-12-31");
        let some = Period::between(day("2026-11-02"), day("2026-11-08")).unwrap();
        check(some.before(), "2026-10-26", "2026-11-01");
        check(some.after(), "2026-11-09", "2026-11-15");
        assert!(Period::between(day("2026-11-02"), day("2026-11-01")).is_err());
        assert!(Period::between(day("2020-01-01"), day("2026-01-01")).is_err());
    }

    #[test]
    fn whole_months_are_read_as_such() {
        let spans = |from, to| Period::between(day(from), day(to)).unwrap().spans();
        let n = |text| number_of(day(text));
        let (jan, dec) = (n("2026-01-01"), n("2026-12-31"));
        assert_eq!(spans("2026-01-01", "2026-12-31"), [(Span::Month, jan, dec)]);
        assert_eq!(spans("2026-11-02", "2026-11-30"), [(Span::Day, n("2026-11-02"), n("2026-11-30"))]);
        let mixed = [
            (Span::Day, n("2026-09-30"), n("2026-09-30")),
            (Span::Month, n("2026-10-01"), n("2026-10-31")),
            (Span::Day, n("2026-11-01"), n("2026-11-05")),
        ];
        assert_eq!(spans("2026-09-30", "2026-11-05"), mixed);
    }
}
