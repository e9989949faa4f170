//! Tables for spreadsheets, as comma-separated values.
//!
//! Invariant: no cell begins a formula, whatever somebody entered as a name. Everything that is written as CSV is
//! written here.

use std::borrow::Cow;

use crate::error::AppError;

/// The rows as CSV.
pub fn table<const N: usize, T: AsRef<str>>(rows: &[[T; N]]) -> Result<Vec<u8>, AppError> {
    let mut table = csv::Writer::from_writer(Vec::new());
    for row in rows {
        let cells: Vec<Cow<'_, str>> = row.iter().map(|text| cell(text.as_ref())).collect();
        table.write_record(cells.iter().map(|cell| cell.as_bytes())).map_err(AppError::internal)?;
    }
    table.into_inner().map_err(AppError::internal)
}

/// A cell that a spreadsheet takes for text.
fn cell(text: &str) -> Cow<'_, str> {
    match text.chars().next() {
        Some('=' | '+' | '-' | '@' | '\t' | '\r' | '\n') => Cow::Owned(format!("'{text}")),
        _ => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        let text = String::from_utf8(table(&[["=HYPERLINK(\"x\")", "+1, \"oder\" mehr", "a=b"]]).unwrap()).unwrap();
        assert_eq!(text, "\"'=HYPERLINK(\"\"x\"\")\",\"'+1, \"\"oder\"\" mehr\",a=b\n");
    }
}
