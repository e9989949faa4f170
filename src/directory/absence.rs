//! Absences: the days a contact is away, against the days it is there at all and those of its deputy.
//!
//! Refused is only what contradicts itself; both spans are named then. An absence without a deputy, or with one who is
//! away for a part of it, is a gap (`gaps/`).

use chrono::NaiveDate;

use super::resolve::Span;
use super::store;
use super::store::contacts::ContactRow;
use crate::db::Conn;
use crate::error::{AppError, Faults, Message};

/// The days a contact is away; never when both ends are open.
pub(super) fn of(row: &ContactRow) -> Option<Span> {
    let span = Span { from: row.absent_from, to: row.absent_until };
    (span != Span::default()).then_some(span)
}

/// Notes an absence on days the contact is not there for anything.
pub(super) fn check(row: &ContactRow, faults: &mut Faults) {
    let valid = Span { from: row.valid_from, to: row.valid_to };
    let Some(absence) = of(row).filter(|absence| !absence.overlaps(&valid)) else { return };
    let (absence, valid) = (words(&absence), words(&valid));
    let message = format!("the absence ({absence}) lies outside the days the contact is there ({valid})");
    faults.add("absent_from", Message::new("outside", message));
}

/// Notes a deputy who is away all the time the contact is.
pub(super) fn check_deputy(
    conn: &mut Conn,
    row: &ContactRow,
    today: NaiveDate,
    faults: &mut Faults,
) -> Result<(), AppError> {
    let Some(deputy) = row.deputy.as_ref().filter(|_| of(row).is_some()) else { return Ok(()) };
    if let Some(message) = store::contacts::find(conn, deputy)?.and_then(|deputy| is_away(row, &deputy, today)) {
        faults.add("deputy", message);
    }
    Ok(())
}

/// What is wrong with this deputy, where they are away all the time the contact is.
pub(super) fn is_away(row: &ContactRow, deputy: &ContactRow, today: NaiveDate) -> Option<Message> {
    let absence = of(row).filter(|absence| absence.to.is_none_or(|to| today <= to))?;
    let theirs = of(deputy).filter(|theirs| covers(theirs, &absence))?;
    let (absence, theirs) = (words(&absence), words(&theirs));
    let deputy = &deputy.slug;
    let message =
        format!("{deputy} is away ({theirs}) during the whole absence ({absence}); name somebody else or other days");
    Some(Message::new("away", message).naming(deputy))
}

/// True where every day of `inner` lies within `outer`.
fn covers(outer: &Span, inner: &Span) -> bool {
    let begins = outer.from.is_none_or(|outer| inner.from.is_some_and(|inner| outer <= inner));
    let ends = outer.to.is_none_or(|outer| inner.to.is_some_and(|inner| inner <= outer));
    begins && ends
}

fn words(span: &Span) -> String {
    match (span.from, span.to) {
        (None, None) => "always".to_owned(),
        (Some(from), None) => format!("from {from}"),
        (None, Some(to)) => format!("until {to}"),
        (Some(from), Some(to)) => format!("{from} to {to}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(from: &str, to: &str) -> Span {
        Span { from: from.parse().ok(), to: to.parse().ok() }
    }

    #[test]
    fn a_deputy_away_all_the_time_is_told_from_one_away_for_a_part() {
        let absence = span("2026-12-01", "2026-12-10");
        for (theirs, expected) in [
            (span("2026-12-01", "2026-12-10"), true),
            (span("2026-11-01", ""), true),
            (span("", "2026-12-31"), true),
            (span("2026-12-02", "2026-12-10"), false),
            (span("2026-12-01", "2026-12-09"), false),
            (span("2026-12-11", ""), false),
        ] {
            assert_eq!(covers(&theirs, &absence), expected, "{theirs:?}");
        }
        assert!(!covers(&absence, &span("2026-12-05", "")));
    }
}
