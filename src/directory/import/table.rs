//! A table from a CSV or XLSX file, as rows of text with the number each has in the file.
//!
//! Invariant: whatever the file is, reading it takes bounded memory: what it unfolds to is counted before it is read,
//! and rows, columns and cells have a most. Nothing is computed: a formula counts by its last result. What the columns
//! mean is the business of `contacts.rs` and `channels.rs`.

use std::collections::HashMap;
use std::io::{Cursor, Read};

use calamine::{DataRef, Reader, Xlsx};

use crate::error::{AppError, Faults, Message};
use crate::keys::fold;

/// The most a file may have.
pub const MOST_BYTES: usize = 5 * 1024 * 1024;
const MOST_ROWS: usize = 20_000;
/// No whole list is so long: all postal codes with each of their municipalities are some 30,000 rows.
const MOST_ROWS_WHOLE: usize = 100_000;
const MOST_COLUMNS: usize = 64;
const MOST_CELL: usize = 10_000;
/// What a spreadsheet may unfold to, in all and how many parts.
const MOST_UNFOLDED: u64 = 64 * 1024 * 1024;
const MOST_PARTS: usize = 1_000;

/// A file as it came.
#[derive(Debug, Clone)]
pub struct TableFile {
    /// What faults call it.
    pub name: String,
    /// What is in it.
    pub bytes: Vec<u8>,
    /// Which sheet; the first when left out.
    pub sheet: Option<String>,
}

/// What a file can say of one thing.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// The field, and the English heading.
    pub field: &'static str,
    /// The German heading, and others that people write.
    pub also: &'static [&'static str],
    /// Whether every file must have it.
    pub is_needed: bool,
}

/// One row.
#[derive(Debug, Clone)]
pub struct Row {
    /// Its number in the file, counted from 1 with the heading.
    pub number: usize,
    cells: HashMap<&'static str, String>,
}

impl Row {
    /// What stands in a column; nothing where the cell is empty or the file has no such column.
    pub fn cell(&self, field: &str) -> Option<&str> {
        self.cells.get(field).map(String::as_str)
    }

    /// Every cell that is not empty.
    pub fn cells(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.cells.iter().map(|(field, text)| (*field, text.as_str()))
    }
}

/// The rows of a file, and what there is to say about how it was read.
#[derive(Debug)]
pub struct Table {
    /// Below the heading.
    pub rows: Vec<Row>,
    /// What people should look at.
    pub notes: Vec<Message>,
}

type Raw = Vec<(usize, Vec<String>)>;

/// Whether a part of a file may come in by itself.
#[derive(Debug, Clone, Copy)]
enum Extent {
    /// What a part does not name stays.
    Parts,
    /// What it does not name goes, so nobody may be told to split it.
    Whole,
}

impl Extent {
    fn most_rows(self) -> usize {
        match self {
            Self::Parts => MOST_ROWS,
            Self::Whole => MOST_ROWS_WHOLE,
        }
    }

    fn too_many_rows(self, name: &str) -> AppError {
        let most = self.most_rows();
        let message = match self {
            Self::Parts => Message::new("rows", format!("has more than {most} rows; split it")),
            Self::Whole => {
                let english =
                    format!("has more than {most} rows, as no such list has; look whether it is the right file");
                Message::new("list-rows", english)
            }
        };
        AppError::field(name, message.naming(most))
    }

    fn too_large(self, name: &str, found: &str) -> AppError {
        let message = match self {
            Self::Parts => Message::new("large", format!("{found}; split it")),
            Self::Whole => {
                let english = format!("{found}; save it as CSV with the columns needed alone, and keep it whole");
                Message::new("list-large", english)
            }
        };
        AppError::field(name, message)
    }
}

/// Reads a file whose columns are these.
pub fn read(file: &TableFile, columns: &[Column]) -> Result<Table, AppError> {
    read_as(Extent::Parts, file, columns)
}

/// The same of a file that is a whole list and takes the place of the one before.
pub(super) fn read_whole(file: &TableFile, columns: &[Column]) -> Result<Table, AppError> {
    read_as(Extent::Whole, file, columns)
}

fn read_as(extent: Extent, file: &TableFile, columns: &[Column]) -> Result<Table, AppError> {
    let name = &file.name;
    if file.bytes.len() > MOST_BYTES {
        return Err(extent.too_large(name, "is larger than 5 MiB"));
    }
    let mut notes = Vec::new();
    let raw = if file.bytes.starts_with(b"PK") {
        spreadsheet(extent, file)?
    } else if file.bytes.starts_with(&[0xd0, 0xcf, 0x11, 0xe0]) {
        let message = "is an old or encrypted spreadsheet; save it as XLSX without a password";
        return Err(AppError::field(name, Message::new("sheet", message)));
    } else {
        if file.sheet.is_some() {
            return Err(AppError::field("sheet", "only a spreadsheet has sheets; leave it out"));
        }
        comma_separated(extent, name, &file.bytes, &mut notes)?
    };
    let rows = with_headings(name, raw, columns)?;
    Ok(Table { rows, notes })
}

fn with_headings(name: &str, raw: Raw, columns: &[Column]) -> Result<Vec<Row>, AppError> {
    let mut raw = raw.into_iter().filter(|(_, cells)| cells.iter().any(|cell| !cell.is_empty()));
    let Some((first, headings)) = raw.next() else {
        return Err(AppError::field(name, Message::new("empty", "is empty")));
    };
    let at = format!("{name}: row {first}");
    let mut faults = Faults::default();
    let mut fields: Vec<Option<&'static str>> = Vec::new();
    for heading in &headings {
        let folded = fold(heading);
        let is_it =
            |column: &&Column| fold(column.field) == folded || column.also.iter().any(|one| fold(one) == folded);
        let found = columns.iter().find(is_it).map(|column| column.field);
        if found.is_none() && !folded.is_empty() {
            let known: Vec<&str> = columns.iter().map(|column| column.field).collect();
            let message = format!("«{heading}» is no known heading; known are {}", known.join(", "));
            faults.add(&at, Message::new("heading", message).naming(heading));
        }
        if found.is_some() && fields.contains(&found) {
            let message = format!("«{heading}» stands twice; leave one column out");
            faults.add(&at, Message::new("heading-twice", message).naming(heading));
        }
        fields.push(found);
    }
    for column in columns.iter().filter(|column| column.is_needed && !fields.contains(&Some(column.field))) {
        let message = format!("there is no column {}", column.field);
        faults.add(&at, Message::new("no-column", message).naming(column.field));
    }
    std::mem::take(&mut faults).finish()?;
    let mut rows = Vec::new();
    for (number, cells) in raw {
        let mut row = Row { number, cells: HashMap::new() };
        for (index, cell) in cells.into_iter().enumerate() {
            match fields.get(index).copied().flatten() {
                _ if cell.is_empty() => {}
                Some(field) => drop(row.cells.insert(field, cell)),
                None => {
                    let message = Message::new("no-heading", "has a cell under no heading; empty it");
                    faults.add(format!("{name}: row {number}"), message);
                }
            }
        }
        rows.push(row);
    }
    faults.finish()?;
    if rows.is_empty() {
        return Err(AppError::field(name, Message::new("nothing", "has a heading and nothing below it")));
    }
    Ok(rows)
}

/// The text of a cell: without space around it, and without the apostrophe that exports put before what would be a
/// formula.
fn clean(at: impl Fn() -> String, cell: &str) -> Result<String, AppError> {
    let cell = cell.trim();
    if cell.chars().count() > MOST_CELL {
        let message = format!("has a cell of more than {MOST_CELL} characters; shorten it");
        return Err(AppError::field(at(), Message::new("cell", message).naming(MOST_CELL)));
    }
    if cell.contains('\0') {
        let message = Message::new("text", "holds a NUL; save the file as plain text or XLSX");
        return Err(AppError::field(at(), message));
    }
    let bare = cell.strip_prefix('\'').filter(|rest| rest.starts_with(['=', '+', '-', '@']));
    Ok(bare.unwrap_or(cell).to_owned())
}

fn too_many_columns(at: String) -> AppError {
    let message = format!("has more than {MOST_COLUMNS} columns");
    AppError::field(at, Message::new("columns", message).naming(MOST_COLUMNS))
}

fn comma_separated(extent: Extent, name: &str, bytes: &[u8], notes: &mut Vec<Message>) -> Result<Raw, AppError> {
    // The reader counts lines by their feeds alone.
    let text = decoded(name, bytes, notes)?.replace("\r\n", "\n").replace('\r', "\n");
    let delimiter = delimiter(&text);
    let mut reader =
        csv::ReaderBuilder::new().flexible(true).has_headers(false).delimiter(delimiter).from_reader(text.as_bytes());
    let mut rows = Raw::new();
    for record in reader.records() {
        let unreadable = |e| AppError::field(name, Message::new("unreadable", format!("cannot be read: {e}")));
        let record = record.map_err(unreadable)?;
        let number = record.position().map_or(0, |position| usize::try_from(position.line()).unwrap_or(0));
        let at = || format!("{name}: row {number}");
        if rows.len() > extent.most_rows() {
            return Err(extent.too_many_rows(name));
        }
        if record.len() > MOST_COLUMNS {
            return Err(too_many_columns(at()));
        }
        rows.push((number, record.iter().map(|cell| clean(at, cell)).collect::<Result<_, _>>()?));
    }
    Ok(rows)
}

/// The text of a file in UTF-8, or else in the code page of Windows.
fn decoded(name: &str, bytes: &[u8], notes: &mut Vec<Message>) -> Result<String, AppError> {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(AppError::field(name, Message::new("text", "is UTF-16; save it as CSV UTF-8 or as XLSX")));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Ok(text.to_owned());
    }
    let text: Option<String> = bytes.iter().map(|byte| windows_1252(*byte)).collect();
    let message = "is neither UTF-8 nor Windows-1252; save it as CSV UTF-8";
    let text = text.ok_or_else(|| AppError::field(name, Message::new("text", message)))?;
    notes.push(Message::new("windows", "read as Windows-1252, because it is not UTF-8; look at the umlauts"));
    Ok(text)
}

fn windows_1252(byte: u8) -> Option<char> {
    const HIGH: &str = "€\0‚ƒ„…†‡ˆ‰Š‹Œ\0Ž\0\0‘’“”•–—˜™š›œ\0žŸ";
    match byte {
        0 => None,
        0x80..=0x9f => HIGH.chars().nth(usize::from(byte - 0x80)).filter(|c| *c != '\0'),
        _ => Some(char::from(byte)),
    }
}

/// What separates the cells of the heading.
fn delimiter(text: &str) -> u8 {
    let heading = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let mut in_quotes = false;
    let mut counts = [(b';', 0usize), (b',', 0), (b'\t', 0)];
    for byte in heading.bytes() {
        in_quotes ^= byte == b'"';
        for (one, count) in counts.iter_mut().filter(|(one, _)| *one == byte && !in_quotes) {
            debug_assert_eq!(*one, byte);
            *count += 1;
        }
    }
    counts.iter().max_by_key(|(_, count)| *count).filter(|(_, count)| *count > 0).map_or(b',', |(one, _)| *one)
}

fn spreadsheet(extent: Extent, file: &TableFile) -> Result<Raw, AppError> {
    let name = &file.name;
    let broken = |e: &dyn std::fmt::Display| no_sheet(name, format!("is no spreadsheet that can be read: {e}"));
    check_size(extent, name, &file.bytes)?;
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(file.bytes.as_slice()))
        .map_err(|e| no_sheet(name, format!("is no XLSX file ({e}); save it as XLSX or CSV UTF-8")))?;
    let sheets = book.sheet_names();
    let wanted = match &file.sheet {
        Some(sheet) if sheets.contains(sheet) => sheet.clone(),
        Some(sheet) => {
            return Err(AppError::field(
                "sheet",
                format!("there is no sheet «{sheet}»; there are {}", sheets.join(", ")),
            ));
        }
        None => sheets.first().cloned().ok_or_else(|| no_sheet(name, "has no sheet"))?,
    };
    let mut cells = book.worksheet_cells_reader(&wanted).map_err(|e| broken(&e))?;
    let mut rows: Raw = Vec::new();
    while let Some(cell) = cells.next_cell().map_err(|e| broken(&e))? {
        let (row, column) = cell.get_position();
        let (number, column) = (row as usize + 1, column as usize);
        let text = text_of(cell.get_value());
        if text.trim().is_empty() {
            continue;
        }
        if column >= MOST_COLUMNS {
            return Err(too_many_columns(format!("{name}: row {number}")));
        }
        let text = clean(|| format!("{name}: row {number}"), &text)?;
        if rows.last().is_none_or(|(last, _)| *last != number) {
            if rows.len() > extent.most_rows() {
                return Err(extent.too_many_rows(name));
            }
            rows.push((number, Vec::new()));
        }
        if let Some((_, cells)) = rows.last_mut() {
            cells.resize(cells.len().max(column + 1), String::new());
            if let Some(place) = cells.get_mut(column) {
                *place = text;
            }
        }
    }
    Ok(rows)
}

/// What is no spreadsheet, or none that is read here.
fn no_sheet(name: &str, english: impl Into<String>) -> AppError {
    AppError::field(name, Message::new("sheet", english))
}

/// Counts what a spreadsheet unfolds to, whatever it says of itself.
fn check_size(extent: Extent, name: &str, bytes: &[u8]) -> Result<(), AppError> {
    let broken = |e: &dyn std::fmt::Display| no_sheet(name, format!("is no spreadsheet that can be read: {e}"));
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|e| broken(&e))?;
    if archive.len() > MOST_PARTS {
        return Err(no_sheet(name, "has too many parts for a spreadsheet"));
    }
    let mut left = MOST_UNFOLDED;
    for index in 0..archive.len() {
        let part = archive.by_index(index).map_err(|e| broken(&e))?;
        let count = std::io::copy(&mut part.take(left + 1), &mut std::io::sink()).map_err(|e| broken(&e))?;
        let large = || extent.too_large(name, "unfolds to more than 64 MiB");
        left = left.checked_sub(count).ok_or_else(large)?;
    }
    Ok(())
}

fn text_of(value: &DataRef) -> String {
    match value {
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => number.to_string(),
        DataRef::Bool(yes) => yes.to_string(),
        DataRef::DateTime(time) => day(time.as_f64()).unwrap_or_else(|| time.as_f64().to_string()),
        DataRef::Error(_) | DataRef::Empty => String::new(),
    }
}

/// The day a spreadsheet means by a number.
fn day(number: f64) -> Option<String> {
    if !(1.0..2_958_466.0).contains(&number) {
        return None;
    }
    let begin = chrono::NaiveDate::from_ymd_opt(1899, 12, 30)?;
    #[allow(clippy::cast_possible_truncation)] // Bounded above.
    begin.checked_add_signed(chrono::TimeDelta::days(number.floor() as i64)).map(|day| day.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column; 3] = [
        Column { field: "id", also: &["Kennung"], is_needed: true },
        Column { field: "name", also: &["Bezeichnung"], is_needed: false },
        Column { field: "phone", also: &["Telefon"], is_needed: false },
    ];

    fn table(bytes: &[u8]) -> Result<Table, AppError> {
        read(&TableFile { name: "k.csv".into(), bytes: bytes.to_vec(), sheet: None }, &COLUMNS)
    }

    #[test]
    fn reads_what_offices_write() {
        for (bytes, notes) in [
            ("id,name,phone\na,\"Kiel, Zentrale\",'+49 431\n\n".as_bytes(), 0),
            ("\u{feff}Kennung;Telefon;Bezeichnung\r\na;+49 431;Kiel, Zentrale\r\n".as_bytes(), 0),
            ("ID\tBEZEICHNUNG\tTelefon\na\tKiel, Zentrale\t+49 431\n".as_bytes(), 0),
        ] {
            let table = table(bytes).unwrap();
            assert_eq!((table.rows.len(), table.rows[0].number, table.notes.len()), (1, 2, notes));
            assert_eq!(table.rows[0].cell("name"), Some("Kiel, Zentrale"));
            assert_eq!(table.rows[0].cell("phone"), Some("+49 431"));
        }
        let windows = table(b"id;name\na;L\xfcbeck \x96 B\xfcrgeramt\n").unwrap();
        assert_eq!(windows.rows[0].cell("name"), Some("Lübeck – Bürgeramt"));
        assert!(windows.notes[0].contains("Windows-1252"));
    }

    #[test]
    fn says_what_is_wrong_with_a_file() {
        for (bytes, part) in [
            (b"".as_slice(), "k.csv: is empty"),
            (b"id,name\n", "nothing below it"),
            (b"id,nahme\na,b\n", "is no known heading; known are id, name, phone"),
            (b"name\na\n", "there is no column id"),
            (b"id,name,Bezeichnung\na,b,c\n", "stands twice"),
            (b"id\na,b\n", "row 2: has a cell under no heading"),
            (b"\xff\xfei\0d\0", "is UTF-16"),
            (b"id\na\x81\n", "neither UTF-8 nor Windows-1252"),
            (b"PK\x03\x04nonsense", "is no spreadsheet"),
            (b"\xd0\xcf\x11\xe0xx", "save it as XLSX"),
        ] {
            let fault = table(bytes).unwrap_err().to_string();
            assert!(fault.contains(part), "{part} is missing in {fault}");
        }
        let many = format!("id\n{}", "a\n".repeat(MOST_ROWS + 1));
        assert!(table(many.as_bytes()).unwrap_err().to_string().contains("more than 20000 rows"));
        assert!(table(&vec![b'a'; MOST_BYTES + 1]).unwrap_err().to_string().contains("5 MiB"));
    }

    /// Whoever splits a whole list loses all but its last part.
    #[test]
    fn nobody_is_told_to_split_a_whole_list() {
        let whole = |text: String| {
            read_whole(&TableFile { name: "k.csv".into(), bytes: text.into_bytes(), sheet: None }, &COLUMNS)
        };
        let rows = |count: usize| format!("id\n{}", "a\n".repeat(count));
        assert_eq!(whole(rows(MOST_ROWS + 1)).unwrap().rows.len(), MOST_ROWS + 1);
        for (text, part) in
            [(rows(MOST_ROWS_WHOLE + 1), "more than 100000 rows"), ("a".repeat(MOST_BYTES + 1), "5 MiB")]
        {
            let fault = whole(text).unwrap_err().to_string();
            assert!(fault.contains(part) && !fault.contains("split"), "{fault}");
        }
    }

    #[test]
    fn a_number_can_mean_a_day() {
        assert_eq!(day(46_350.0).as_deref(), Some("2026-11-24"));
        assert_eq!(day(0.5), None);
    }
}
