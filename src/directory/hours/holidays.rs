//! The public holidays of the 16 Länder.
//!
//! What holds in parts of a Land only (Augsburg's Friedensfest, Fronleichnam in Saxony and Thuringia) is left out;
//! Mariä Himmelfahrt counts in all of Bavaria, because it does in most of its municipalities. Local closing days and
//! 24 and 31 December are no holidays and have no place here (`service_time.rs`).

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use chrono::NaiveDate;
use compact_calendar::CompactCalendar;
use holiday_de::GermanRegion;
use opening_hours::ContextHolidays;

use crate::keys::{LANDS, LandCode};

/// The years whose holidays are worked out, once for all.
const YEARS: std::ops::RangeInclusive<i32> = 2000..=2100;

static CALENDARS: LazyLock<HashMap<&'static str, ContextHolidays>> =
    LazyLock::new(|| LANDS.iter().map(|(code, ..)| (*code, calendar(region(code)))).collect());
static NONE: LazyLock<ContextHolidays> = LazyLock::new(ContextHolidays::default);

/// The public holidays of a Land, for the evaluation of service hours.
pub fn holidays(land: LandCode) -> &'static ContextHolidays {
    CALENDARS.get(land.as_str()).unwrap_or(&NONE)
}

/// True where this day is a public holiday in the Land.
pub fn is_holiday(land: LandCode, day: NaiveDate) -> bool {
    holidays(land).get_public().contains(day)
}

/// The German name of the public holiday that this day is in the Land.
pub fn holiday_name(land: LandCode, day: NaiveDate) -> Option<&'static str> {
    if !is_holiday(land, day) {
        return None;
    }
    region(land.as_str())?.holiday_from_date(day).map(|holiday| holiday.description())
}

/// A public holiday of this German name in English.
pub fn english_holiday(name: &'static str) -> &'static str {
    match name {
        "Neujahr" => "New Year's Day",
        "Heilige Drei Könige" => "Epiphany",
        "Frauentag" => "International Women's Day",
        "Karfreitag" => "Good Friday",
        "Ostersonntag" => "Easter Sunday",
        "Ostermontag" => "Easter Monday",
        "Erster Mai" => "Labour Day",
        "Tag der Befreiung" => "Liberation Day",
        "Christi Himmelfahrt" => "Ascension Day",
        "Pfingstsonntag" => "Whit Sunday",
        "Pfingstmontag" => "Whit Monday",
        "17. Juni" => "Anniversary of 17 June 1953",
        "Fronleichnam" => "Corpus Christi",
        "Mariä Himmelfahrt" => "Assumption Day",
        "Weltkindertag" => "Children's Day",
        "Tag der Deutschen Einheit" => "German Unity Day",
        "Reformationstag" => "Reformation Day",
        "Allerheiligen" => "All Saints' Day",
        "Buß- und Bettag" => "Day of Repentance and Prayer",
        "Erster Weihnachtsfeiertag" => "Christmas Day",
        "Zweiter Weihnachtsfeiertag" => "Boxing Day",
        other => other,
    }
}

fn calendar(region: Option<GermanRegion>) -> ContextHolidays {
    let mut days = CompactCalendar::default();
    for year in YEARS {
        for (day, _) in region.iter().flat_map(|region| region.holiday_dates_in_year(year)) {
            days.insert(day);
        }
    }
    ContextHolidays::new(Arc::new(days), Arc::default())
}

fn region(code: &str) -> Option<GermanRegion> {
    Some(match code {
        "SH" => GermanRegion::SchleswigHolstein,
        "HH" => GermanRegion::Hamburg,
        "NI" => GermanRegion::Niedersachsen,
        "HB" => GermanRegion::Bremen,
        "NW" => GermanRegion::NordrheinWestfalen,
        "HE" => GermanRegion::Hessen,
        "RP" => GermanRegion::RheinlandPfalz,
        "BW" => GermanRegion::BadenWuerttemberg,
        "BY" => GermanRegion::Bayern,
        "SL" => GermanRegion::Saarland,
        "BE" => GermanRegion::Berlin,
        "BB" => GermanRegion::Brandenburg,
        "MV" => GermanRegion::MechlenburgVorpommern,
        "SN" => GermanRegion::Sachsen,
        "ST" => GermanRegion::SachsenAnhalt,
        "TH" => GermanRegion::Thueringen,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The Länder where this day is a holiday, in the order of their numbers.
    #[track_caller]
    fn check(day: &str, expected: &str) {
        let parsed: NaiveDate = day.parse().unwrap();
        let all = LANDS.iter().map(|(code, ..)| code.parse::<LandCode>().unwrap());
        let found: Vec<&str> = all.filter(|land| is_holiday(*land, parsed)).map(|land| land.as_str()).collect();
        assert_eq!(found.join(" "), expected, "{day}");
    }

    #[test]
    fn every_land_has_its_own_holidays() {
        const ALL: &str = "SH HH NI HB NW HE RP BW BY SL BE BB MV SN ST TH";
        for day in [
            "2026-01-01",
            "2026-04-03",
            "2026-04-06",
            "2026-05-01",
            "2026-05-14",
            "2026-05-25",
            "2026-10-03",
            "2026-12-25",
            "2026-12-26",
            "2027-03-26",
            "2028-04-14",
        ] {
            check(day, ALL);
        }
        check("2026-01-06", "BW BY ST");
        check("2026-03-08", "BE MV");
        check("2026-06-04", "NW HE RP BW BY SL");
        check("2026-08-15", "BY SL");
        check("2026-09-20", "TH");
        check("2026-10-31", "SH HH NI HB BB MV SN ST TH");
        check("2026-11-01", "NW RP BW BY SL");
        check("2026-11-18", "SN");
        // Once only.
        check("2025-05-08", "BE");
        check("2028-06-17", "BE");
        for day in ["2026-11-24", "2026-12-24", "2026-12-31", "2026-05-08", "2026-08-08"] {
            check(day, "");
        }
    }
}
