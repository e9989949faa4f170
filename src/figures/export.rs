//! Figures as tables for spreadsheets: CSV, and XLSX with a sheet for each.
//!
//! Invariant: no cell begins a formula, whatever somebody is called: CSV goes through `spreadsheet.rs`, XLSX writes
//! texts as texts. Not here: what columns and rows are called in which language; the caller brings the words.

use rust_xlsxwriter::{Format, Workbook, XlsxError};

use super::browse::{Facts, Figures, Times};
use super::fold::Dimension;
use crate::error::AppError;
use crate::spreadsheet;

/// So many columns: what it is, its key, and the figures.
const COLUMNS: usize = 15;

/// What things are called.
pub trait Naming {
    /// What the column with the names of sheets is called, in CSV.
    fn sheet_column(&self) -> String;
    /// A sheet; [`Dimension::All`] is the line.
    fn sheet(&self, of: Dimension) -> String;
    /// The columns, in the order of a row: name, key, received, answered, in time, late, share, escalated,
    /// returned, refused, open, median and p90 until taken, median and p90 until answered (minutes).
    fn columns(&self) -> [String; COLUMNS];
    /// What a row is called.
    fn row(&self, of: Dimension, value: &str, name: Option<&str>) -> String;
}

/// A row before it is written.
struct Row {
    of: Dimension,
    name: String,
    key: String,
    numbers: [Option<i64>; COLUMNS - 2],
}

fn numbers(facts: &Facts) -> [Option<i64>; COLUMNS - 2] {
    let minutes = |seconds: i64| (seconds + 30) / 60;
    let median = |times: Option<Times>| times.map(|times| minutes(times.median_seconds));
    let p90 = |times: Option<Times>| times.map(|times| minutes(times.p90_seconds));
    [
        Some(facts.received),
        Some(facts.answered),
        Some(facts.in_time),
        Some(facts.late),
        facts.in_time_percent,
        Some(facts.escalated),
        Some(facts.returned),
        Some(facts.rejected),
        Some(facts.open),
        median(facts.acknowledge),
        p90(facts.acknowledge),
        median(facts.answer),
        p90(facts.answer),
    ]
}

fn rows(figures: &Figures, naming: &impl Naming) -> Vec<Row> {
    let steps = figures.line.iter().map(|point| {
        let key = point.from.to_string();
        let name = naming.row(Dimension::All, &key, None);
        Row { of: Dimension::All, name, key, numbers: numbers(&point.facts) }
    });
    let parts = figures.tables.iter().flat_map(|table| table.parts.iter().map(move |part| (table.by, part)));
    let parts = parts.map(|(of, part)| {
        let name = naming.row(of, &part.value, part.name.as_deref());
        Row { of, name, key: part.value.clone(), numbers: numbers(&part.facts) }
    });
    steps.chain(parts).collect()
}

/// One table, the sheet's name in front.
pub fn csv(figures: &Figures, naming: &impl Naming) -> Result<Vec<u8>, AppError> {
    let mut table: Vec<[String; COLUMNS + 1]> = Vec::new();
    let head = naming.columns();
    table.push(std::array::from_fn(|at| if at == 0 { naming.sheet_column() } else { head[at - 1].clone() }));
    for row in rows(figures, naming) {
        table.push(std::array::from_fn(|at| match at {
            0 => naming.sheet(row.of),
            1 => row.name.clone(),
            2 => row.key.clone(),
            _ => row.numbers[at - 3].map_or_else(String::new, |number| number.to_string()),
        }));
    }
    spreadsheet::table(&table)
}

/// A workbook with a sheet for the line and for each table.
pub fn xlsx(figures: &Figures, naming: &impl Naming) -> Result<Vec<u8>, AppError> {
    write(figures, naming).map_err(AppError::internal)
}

fn write(figures: &Figures, naming: &impl Naming) -> Result<Vec<u8>, XlsxError> {
    let rows = rows(figures, naming);
    let bold = Format::new().set_bold();
    let mut book = Workbook::new();
    for of in std::iter::once(Dimension::All).chain(figures.tables.iter().map(|table| table.by)) {
        let sheet = book.add_worksheet();
        sheet.set_name(naming.sheet(of))?;
        sheet.set_freeze_panes(1, 0)?;
        sheet.set_column_width(0, 36)?;
        for (column, title) in (0u16..).zip(naming.columns()) {
            sheet.write_string_with_format(0, column, title, &bold)?;
        }
        for (at, row) in (1u32..).zip(rows.iter().filter(|row| row.of == of)) {
            sheet.write_string(at, 0, &row.name)?;
            sheet.write_string(at, 1, &row.key)?;
            for (column, number) in (2u16..).zip(row.numbers) {
                if let Some(number) = number.and_then(|number| u32::try_from(number).ok()) {
                    sheet.write_number(at, column, f64::from(number))?;
                }
            }
        }
    }
    book.save_to_buffer()
}
