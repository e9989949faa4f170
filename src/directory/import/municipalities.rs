//! The register of municipalities from a CSV file with the columns `ars,ags,name,land,kreis,gemeindeverband,typ,
//! plz_sitz` (Statistisches Bundesamt, GV100AD).
//!
//! Invariant: the whole file is judged before anything is stored (`steps.rs`). Municipalities the file does not name
//! stay, and so does what the register does not know: whether 115 answers. For new ones that is assumed in
//! Schleswig-Holstein and Hamburg, where every municipality belongs to the Verbund; elsewhere it is entered through the
//! API, because a promise of help that does not answer is worse than none.

use std::collections::{HashMap, HashSet};

use super::Summary;
use super::plan::no_key;
use crate::clock::Timestamp;
use crate::db::Conn;
use crate::directory::municipalities::Municipality;
use crate::directory::store;
use crate::error::{AppError, Faults, Message};
use crate::keys::{Ags, Ars, LandCode};

const COLUMNS: [&str; 8] = ["ars", "ags", "name", "land", "kreis", "gemeindeverband", "typ", "plz_sitz"];

/// What of a list is to be stored, each with whether it is new, and how much that is. What is there already keeps what
/// the list does not know, and stays as it is until the end of the transaction.
pub(super) fn changes(
    conn: &mut Conn,
    wanted: &[Municipality],
    now: Timestamp,
) -> Result<(Summary, Vec<(bool, Municipality)>), AppError> {
    let keys: Vec<Ars> = wanted.iter().map(|m| m.ars.clone()).collect();
    let present: HashMap<Ars, Municipality> =
        store::municipalities::locked(conn, &keys)?.into_iter().map(|m| (m.ars.clone(), m)).collect();
    let mut summary = Summary::default();
    let mut changes = Vec::new();
    for new in wanted.iter().cloned() {
        match present.get(&new.ars) {
            None => {
                summary.created += 1;
                changes.push((true, new));
            }
            Some(old) => {
                let changed_at = if new.name == old.name { old.changed_at } else { Some(now) };
                let new = Municipality { in_115: old.in_115, version: old.version, changed_at, ..new };
                if new == *old {
                    summary.unchanged += 1;
                } else {
                    summary.updated += 1;
                    changes.push((false, Municipality { version: old.version + 1, ..new }));
                }
            }
        }
    }
    Ok((summary, changes))
}

/// Reads and judges the whole file.
pub fn read(name: &str, text: &str) -> Result<Vec<Municipality>, AppError> {
    // The reader counts lines by their feeds alone.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n");
    let mut csv = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let first = |message: Message| AppError::field(format!("{name}:1"), message);
    let header = csv.headers().map_err(|e| first(Message::new("unreadable", e.to_string())))?;
    if header.iter().map(str::trim).ne(COLUMNS) {
        let columns = COLUMNS.join(",");
        return Err(first(Message::new("first-line", format!("the first line must be {columns}")).naming(columns)));
    }
    let mut faults = Faults::default();
    let mut seen = HashSet::new();
    let mut all = Vec::new();
    for record in csv.records() {
        let record = match record {
            Ok(record) => record,
            Err(e) => {
                let line = e.position().map_or(0, csv::Position::line);
                faults.add(format!("{name}:{line}"), Message::new("unreadable", format!("cannot be read: {e}")));
                continue;
            }
        };
        let line = record.position().map_or(0, csv::Position::line);
        let at = format!("{name}:{line}");
        if record.len() != COLUMNS.len() {
            let found = record.len();
            let message = format!("has {found} columns; write 8, and names that hold a comma in quotation marks");
            faults.add(at, Message::new("other-columns", message).naming(found));
        } else if let Some(municipality) = row(&at, &record, &mut faults) {
            if seen.insert(municipality.ars.clone()) {
                all.push(municipality);
            } else {
                let message = format!("{} stands twice; leave one line out", municipality.ars);
                faults.add(format!("{at}: ars"), Message::new("line-twice", message).naming(&municipality.ars));
            }
        }
    }
    if all.is_empty() && faults.is_empty() {
        faults.add(name, Message::new("nothing", "holds no municipality"));
    }
    faults.finish()?;
    Ok(all)
}

fn row(at: &str, record: &csv::StringRecord, faults: &mut Faults) -> Option<Municipality> {
    let field = |column: usize| record.get(column).unwrap_or_default().trim();
    let ars = field(0).parse::<Ars>().map_err(|fault| faults.add(format!("{at}: ars"), no_key("ars")(fault))).ok();
    let ags = field(1).parse::<Ags>().map_err(|fault| faults.add(format!("{at}: ags"), no_key("ags")(fault))).ok();
    let name = field(2);
    faults.text(&format!("{at}: name"), name, 200);
    let land = LandCode::from_name(field(3)).or_else(|| field(3).parse().ok());
    if land.is_none() {
        let message = "must be the name of one of the 16 Länder or its code, such as Schleswig-Holstein or SH";
        faults.add(format!("{at}: land"), Message::new("land", message));
    }
    let postal_code = Some(field(7)).filter(|code| !code.is_empty());
    if postal_code.is_some_and(|code| code.len() != 5 || !code.bytes().all(|b| b.is_ascii_digit())) {
        let message = "must be a postal code of 5 digits, or empty";
        faults.add(format!("{at}: plz_sitz"), Message::new("seat-code", message));
    }
    let (ars, ags, land) = (ars?, ags?, land?);
    if ars.ags() != ags {
        let right = ars.ags();
        let message = format!("does not belong to this ARS; must be {right}, or the ARS is wrong");
        faults.add(format!("{at}: ags"), Message::new("other-ags", message).naming(right));
    }
    if ars.land() != Some(land) {
        let digits = &ars.as_str()[..2];
        let message = format!("is not the Land that an ARS beginning with {digits} names");
        faults.add(format!("{at}: land"), Message::new("other-land", message).naming(digits));
    }
    Some(Municipality {
        in_115: matches!(land.as_str(), "SH" | "HH"),
        ars,
        ags,
        name: name.to_owned(),
        land,
        district: field(4).to_owned(),
        association: field(5).to_owned(),
        kind: field(6).to_owned(),
        postal_code: postal_code.map(str::to_owned),
        version: 1,
        ended_on: None,
        changed_at: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "ars,ags,name,land,kreis,gemeindeverband,typ,plz_sitz\n";

    #[test]
    fn reads_rows() {
        let file = format!(
            "\u{feff}{HEADER}010020000000,01002000,\"Kiel, Landeshauptstadt\",Schleswig-Holstein,a,b,61,24103\n"
        );
        let all = read("g.csv", &file).unwrap();
        assert_eq!((all[0].name.as_str(), all[0].in_115), ("Kiel, Landeshauptstadt", true));
    }

    #[test]
    fn takes_a_land_by_its_code_and_headings_with_blanks() {
        let file = format!("{}010020000000,01002000,Kiel,SH,a,b,61,24103\n", HEADER.replace(',', ", "));
        assert_eq!(read("g.csv", &file).unwrap()[0].land.name(), "Schleswig-Holstein");
        let elsewhere = read("g.csv", &format!("{HEADER}010020000000,01002000,Kiel,HH,a,b,61,\n"));
        assert!(elsewhere.unwrap_err().to_string().contains("g.csv:2: land: is not the Land"));
    }

    #[test]
    fn says_every_fault_with_its_line_and_column() {
        let file = format!(
            "{HEADER}10020000000,01002000,Kiel,Schleswig-Holstein,a,b,61,24103\n\
             010020000000,01002001,Kiel,Schleswig,a,b,61,2410\n\
             010030000000,01003000,Lübeck, Hansestadt,Schleswig-Holstein,a,b,61,\n\
             010040000000,01004000,Neumünster,Hamburg,a,b,61,\n"
        );
        let text = read("g.csv", &file).unwrap_err().to_string();
        for part in [
            "g.csv:2: ars: must be an ARS of 12 digits",
            "g.csv:3: land: must be the name",
            "g.csv:3: plz_sitz: must be a postal code",
            "g.csv:4: has 9 columns",
            "g.csv:5: land: is not the Land",
        ] {
            assert!(text.contains(part), "{part} is missing in {text}");
        }
        assert!(read("g.csv", "ars,name\n").unwrap_err().to_string().contains("g.csv:1: the first line must be"));
    }
}
