//! Hours as people in Germany type them, in the form in which they are kept.
//!
//! Invariant: only whole words change, none in quotes, and only words that mean nothing to OpenStreetMap: what is in its
//! form stays as it is.

/// What people write, and what OpenStreetMap writes for it. Mo, Fr and Sa are the same for both.
const WORDS: [(&str, &str); 6] =
    [("Di", "Tu"), ("Mi", "We"), ("Do", "Th"), ("So", "Su"), ("Feiertag", "PH"), ("Feiertage", "PH")];

/// Hours as OpenStreetMap writes them, from hours that may name the days as Germans do, such as `Mo-Do 09:00-15:00`.
pub fn standard(hours: &str) -> String {
    let mut written = String::with_capacity(hours.len());
    for (index, part) in hours.split('"').enumerate() {
        if index > 0 {
            written.push('"');
        }
        // Between two quotes stands a comment, in whatever words.
        match index % 2 {
            0 => part.split_inclusive(is_apart).for_each(|piece| push(&mut written, piece)),
            _ => written.push_str(part),
        }
    }
    written
}

/// A word with the sign after it.
fn push(written: &mut String, piece: &str) {
    let word = piece.trim_end_matches(is_apart);
    let known = WORDS.iter().find(|(german, _)| german.eq_ignore_ascii_case(word));
    written.push_str(known.map_or(word, |(_, standard)| *standard));
    written.push_str(piece.strip_prefix(word).unwrap_or_default());
}

fn is_apart(c: char) -> bool {
    !c.is_alphanumeric()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::HelpLanguage;
    use crate::directory::hours::{ServiceHours, check, in_words};

    #[track_caller]
    fn check_standard(typed: &str, expected: &str) {
        assert_eq!(standard(typed), expected, "{typed}");
        assert_eq!(check(typed), Ok(()), "{typed}");
        assert_eq!(check(expected), Ok(()), "{expected}");
    }

    #[test]
    fn reads_the_days_as_germans_write_them() {
        check_standard("Mo-Do 09:00-15:00", "Mo-Th 09:00-15:00");
        check_standard("Di,Mi 08:00-12:00; Do 14:00-18:00", "Tu,We 08:00-12:00; Th 14:00-18:00");
        check_standard("Mo-So 08:00-18:00; So off", "Mo-Su 08:00-18:00; Su off");
        check_standard("mo-do 09:00-15:00", "mo-Th 09:00-15:00");
        check_standard("Mo-Fr 08:00-18:00; Feiertag off", "Mo-Fr 08:00-18:00; PH off");
        check_standard("Sa,Feiertage 10:00-12:00", "Sa,PH 10:00-12:00");
    }

    #[test]
    fn leaves_alone_what_is_in_its_form() {
        for text in [
            "Mo-Fr 08:00-18:00; PH off",
            "Tu,We,Th,Sa,Su 08:00-12:00",
            "24/7",
            "Mo-Fr 08:00-12:00 \"nur Di, Mi und Do\"",
            "Dec 24 off; Mo-Fr 08:00-12:00",
        ] {
            check_standard(text, text);
        }
        // A comment ends, and what follows it is read again.
        check_standard("Di 08:00-12:00 \"So\"; Do 08:00-12:00", "Tu 08:00-12:00 \"So\"; Th 08:00-12:00");
    }

    /// Only whole words are days, and no words make hours of what is none.
    #[test]
    fn makes_no_days_of_other_words() {
        for text in ["Dienstag 08:00-12:00", "Sommer", "immer mal", "\"Do", ""] {
            assert_eq!(standard(text), text);
            assert!(check(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_kept_means_what_was_typed() {
        let hours = ServiceHours::parse("Mo-Do 09:00-15:00").unwrap();
        assert_eq!(hours.text(), "Mo-Th 09:00-15:00");
        assert_eq!(
            in_words(hours.text(), HelpLanguage::German),
            "Montag bis Donnerstag, 9 bis 15 Uhr, nicht an Feiertagen"
        );
    }
}
