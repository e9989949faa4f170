//! Tables: contacts and help channels from CSV and XLSX, the register of municipalities, and cells that we write.
//! What is read stays within the bounds; no cell that is written begins as a formula, and it reads back as it was.

use std::io::{Cursor, Write};

use super::{is_their_fault, text, within};
use lotse::directory::import::{CHANNELS_COLUMNS, CONTACTS_COLUMNS, TableFile, read_municipalities, read_table};
use zip::CompressionMethod;
use zip::write::SimpleFileOptions;

const TYPES: &str = r#"<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/></Types>"#;
const RELS: &str = r#"<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#;
const BOOK: &str = r#"<?xml version="1.0"?><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="a" sheetId="1" r:id="r1"/></sheets></workbook>"#;
const BOOK_RELS: &str = r#"<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="r2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings" Target="sharedStrings.xml"/></Relationships>"#;

/// A spreadsheet whose sheet and texts are these; the archive around them is whole, so that the bytes get through.
fn spreadsheet(inner: &[u8]) -> Option<Vec<u8>> {
    let at = inner.windows(2).position(|pair| pair == b"\0\0").unwrap_or(inner.len());
    let (sheet, strings) = (&inner[..at], inner.get(at + 2..).unwrap_or_default());
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, part) in [
        ("[Content_Types].xml", TYPES.as_bytes()),
        ("_rels/.rels", RELS.as_bytes()),
        ("xl/workbook.xml", BOOK.as_bytes()),
        ("xl/_rels/workbook.xml.rels", BOOK_RELS.as_bytes()),
        ("xl/worksheets/sheet1.xml", sheet),
        ("xl/sharedStrings.xml", strings),
    ] {
        archive.start_file(name, stored).ok()?;
        archive.write_all(part).ok()?;
    }
    Some(archive.finish().ok()?.into_inner())
}

fn table(bytes: Vec<u8>) {
    let file = TableFile { name: "k".into(), bytes, sheet: None };
    for columns in [&CONTACTS_COLUMNS[..], &CHANNELS_COLUMNS[..]] {
        match within(1500, || read_table(&file, columns)) {
            Ok(table) => {
                assert!(!table.rows.is_empty() && table.rows.len() <= 20_000);
                for (_, cell) in table.rows.iter().flat_map(lotse::directory::import::Row::cells) {
                    assert!(!cell.is_empty() && !cell.contains('\0') && cell.chars().count() <= 10_000, "{cell:?}");
                }
            }
            Err(fault) => is_their_fault(&fault),
        }
    }
}

/// One input.
pub fn run(data: &[u8]) {
    let Some((which, rest)) = data.split_first() else { return };
    match which % 4 {
        0 => table(rest.to_vec()),
        1 => {
            if let Some(bytes) = spreadsheet(rest) {
                table(bytes);
            }
        }
        2 => {
            let Some(text) = text(rest) else { return };
            match within(1500, || read_municipalities("g.csv", text)) {
                Ok(all) => {
                    for place in all {
                        assert_eq!(place.ars.ags(), place.ags);
                        assert_eq!(place.ars.land(), Some(place.land));
                        let code = place.postal_code.as_deref().unwrap_or("00000");
                        assert!(code.len() == 5 && code.bytes().all(|b| b.is_ascii_digit()), "{code:?}");
                    }
                }
                Err(fault) => is_their_fault(&fault),
            }
        }
        _ => {
            let Some(text) = text(rest) else { return };
            // A heading of ours comes first, always: what reads takes a byte order mark before it for one.
            let cells: Vec<[&str; 1]> =
                std::iter::once("heading").chain(text.split('\u{1f}').take(20)).map(|cell| [cell]).collect();
            let written = lotse::spreadsheet::table(&cells).expect("any text can be written");
            let mut read = csv::ReaderBuilder::new().has_headers(false).from_reader(&*written);
            let rows: Vec<csv::StringRecord> = read.records().map(|row| row.expect("a row that can be read")).collect();
            assert_eq!(rows.len(), cells.len());
            for (row, [was]) in rows.iter().zip(&cells) {
                let cell = row.get(0).expect("a cell");
                assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']), "{cell:?}");
                assert_eq!(cell.strip_prefix('\'').filter(|bare| bare == was).unwrap_or(cell), *was);
            }
        }
    }
}
