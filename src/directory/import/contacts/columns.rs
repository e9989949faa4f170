//! The columns of a table of contacts: what they are called, and what stands in their cells.

use crate::directory::import::plan::Reading;
use crate::directory::import::table::Column;
use crate::error::Message;

/// What a table of contacts can say.
pub const COLUMNS: [Column; 14] = [
    Column { field: "id", also: &["Kennung", "Kürzel"], is_needed: true },
    Column { field: "name", also: &["Bezeichnung"], is_needed: false },
    Column { field: "owner", also: &["Region", "Eigentümer"], is_needed: false },
    Column { field: "email", also: &["E-Mail", "E-Mail-Adresse", "Mail"], is_needed: false },
    Column { field: "phone", also: &["Telefon", "Telefonnummer"], is_needed: false },
    Column { field: "hours", also: &["Zeiten", "Erreichbar"], is_needed: false },
    Column { field: "deputy", also: &["Vertretung"], is_needed: false },
    Column { field: "confirmed_on", also: &["Bestätigt am"], is_needed: false },
    Column { field: "absent_from", also: &["Abwesend ab", "Abwesend von"], is_needed: false },
    Column { field: "absent_until", also: &["Abwesend bis"], is_needed: false },
    Column { field: "discloses_reporter", also: &["Darf Fragende sehen"], is_needed: false },
    Column { field: "notify", also: &["Benachrichtigung"], is_needed: false },
    Column { field: "valid_from", also: &["Gültig ab", "Gültig von"], is_needed: false },
    Column { field: "valid_to", also: &["Gültig bis"], is_needed: false },
];

/// A file to begin with: the headings and one example.
pub const TEMPLATE: &str = "Kennung;Bezeichnung;Region;E-Mail;Telefon;Zeiten;Vertretung;Bestätigt am;Abwesend ab;Abwesend bis;\
Darf Fragende sehen;Benachrichtigung;Gültig ab;Gültig bis\n\
kiel-meldewesen;Kiel, Meldewesen;01002;meldewesen@kiel.example.org;+49 431 901-0;\"Mo-Fr 08:00-16:00; PH off\";;24.11.2026;;;nein;täglich 07:30;;\n";

/// What a cell of this column is.
pub(super) fn reading(field: &str) -> Reading {
    match field {
        "confirmed_on" | "absent_from" | "absent_until" | "valid_from" | "valid_to" => Reading::Day,
        "discloses_reporter" => Reading::Flag,
        _ => Reading::Text,
    }
}

/// What the type of this column says of a cell.
pub(super) fn refused(field: &str, said: &dyn std::fmt::Display) -> Message {
    let text = match field {
        "owner" => "region",
        "email" => "mail",
        "deputy" => "slug",
        _ => return said.to_string().into(),
    };
    Message::new(text, said.to_string())
}
