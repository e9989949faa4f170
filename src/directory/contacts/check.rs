//! What can be wrong with a contact, and with a list of those who have a duty.
//!
//! Not here: what is wrong with a webhook (`ways.rs`) and with a deputy who is away too (`absence.rs`).

use super::ContactChange;
use crate::clock::Timestamp;
use crate::db::Conn;
use crate::directory::assigned::{self, Assigned};
use crate::directory::{absence, hours, phone, reference, store};
use crate::error::{AppError, Faults, Message};
use crate::keys::Slug;

/// What can be wrong with a contact whatever way it came in, apart from its webhook.
pub(super) fn check(conn: &mut Conn, row: &store::contacts::ContactRow, faults: &mut Faults) -> Result<(), AppError> {
    check_plain(row, faults);
    match &row.deputy {
        Some(deputy) if *deputy == row.slug => faults.add("deputy", own_deputy()),
        Some(deputy) => check_known(conn, "deputy", std::slice::from_ref(deputy), faults)?,
        None => {}
    }
    Ok(())
}

/// What is wrong where a contact is its own deputy.
pub(in crate::directory) fn own_deputy() -> Message {
    Message::new("itself", "must be somebody else than the contact itself")
}

/// What can be wrong with the deputies of many who are there by now.
pub(super) fn check_deputies(
    conn: &mut Conn,
    rows: &[store::contacts::ContactRow],
    now: Timestamp,
) -> Result<(), AppError> {
    let mut faults = Faults::default();
    let deputies: Vec<Slug> = rows.iter().filter_map(|row| row.deputy.clone()).collect();
    check_known(conn, "deputy", &deputies, &mut faults)?;
    for row in rows {
        absence::check_deputy(conn, row, now.day_in_berlin(), &mut faults)?;
    }
    faults.finish()
}

/// What would be wrong with a change that is made later.
pub(in crate::directory) fn check_change(conn: &mut Conn, slug: &Slug, change: &ContactChange) -> Result<(), AppError> {
    let before = store::contacts::find(conn, slug)?.ok_or(AppError::NotFound)?;
    let mut row = before.clone();
    change.apply(&mut row);
    let mut faults = Faults::default();
    check(conn, &judged(&row, Some(&before)), &mut faults)?;
    faults.finish()
}

/// What of a contact is judged by itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct Plain<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its telephone number.
    pub phone: Option<&'a str>,
    /// When it is reached.
    pub hours: Option<&'a str>,
    /// How it numbers its own matters.
    pub reference_pattern: Option<&'a str>,
}

impl Plain<'_> {
    /// Everything that is wrong with it, for a form that has more to say about what was typed.
    pub fn check(&self) -> Result<(), AppError> {
        let mut faults = Faults::default();
        self.note(&mut faults);
        faults.finish()
    }

    fn note(&self, faults: &mut Faults) {
        faults.text("name", self.name, 200);
        if let Some(number) = self.phone {
            phone::check("phone", number, faults);
        }
        if let Some(fault) = self.hours.and_then(|hours| hours::check(hours).err()) {
            faults.add("hours", fault);
        }
        if let Some(pattern) = self.reference_pattern {
            faults.keep("reference_pattern", reference::check(pattern));
        }
    }
}

/// The row without what is judged only where it is new: a telephone number that was recorded before there was a rule for
/// it keeps nobody from changing something else.
pub(in crate::directory) fn judged(
    row: &store::contacts::ContactRow,
    before: Option<&store::contacts::ContactRow>,
) -> store::contacts::ContactRow {
    let is_old = before.is_some_and(|before| before.phone == row.phone);
    store::contacts::ContactRow { phone: row.phone.clone().filter(|_| !is_old), ..row.clone() }
}

/// The part of [`check`] that needs no look at other contacts.
pub(in crate::directory) fn check_plain(row: &store::contacts::ContactRow, faults: &mut Faults) {
    let plain = Plain {
        name: &row.name,
        phone: row.phone.as_deref(),
        hours: row.hours.as_deref(),
        reference_pattern: row.reference_pattern.as_deref(),
    };
    plain.note(faults);
    if row.absent_from.zip(row.absent_until).is_some_and(|(from, until)| until < from) {
        faults.add("absent_until", Message::new("until", "must not be before absent_from"));
    }
    if row.valid_from.zip(row.valid_to).is_some_and(|(from, to)| to < from) {
        faults.add("valid_to", Message::new("until", "must not be before valid_from"));
    }
    absence::check(row, faults);
}

/// Notes what is wrong with a list of those with a duty.
pub(in crate::directory) fn check_assigned(
    conn: &mut Conn,
    field: &str,
    all: &[Assigned],
    faults: &mut Faults,
) -> Result<(), AppError> {
    assigned::check(field, all, faults);
    check_known(conn, field, &assigned::contacts(all), faults)
}

/// Notes every slug that no present contact has.
fn check_known(conn: &mut Conn, field: &str, slugs: &[Slug], faults: &mut Faults) -> Result<(), AppError> {
    let known = store::contacts::present(conn, slugs)?;
    for slug in slugs.iter().filter(|slug| !known.contains(*slug)) {
        faults.add(field, format!("there is no contact {slug}; make it first"));
    }
    Ok(())
}
