//! Telephone numbers as people write them: digits, with the separators of RFC 3966 and blanks between them.

use crate::error::{Faults, Message};

/// More characters no number needs, with an extension and the country.
const LONGEST: usize = 60;

/// Notes what is no telephone number. Short ones are, such as 115.
pub(super) fn check(field: &str, phone: &str, faults: &mut Faults) {
    let is_part = |c: char| c.is_ascii_digit() || " +-/().".contains(c);
    let digits = phone.chars().filter(char::is_ascii_digit).count();
    if digits < 2 || phone.len() > LONGEST || !phone.chars().all(is_part) {
        let message = "must be a telephone number: digits, blanks and + - / ( ) ., such as +49 431 901-0";
        faults.add(field, Message::new("phone", message));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_told_from_what_is_none() {
        let longest = "0".repeat(LONGEST);
        for good in ["115", "0431 901-0", "+49 (0)431 9010", "0431/901.0", "04351 555 02 00", &longest] {
            let mut faults = Faults::default();
            check("phone", good, &mut faults);
            assert!(faults.is_empty(), "{good}");
        }
        let longer = "0".repeat(LONGEST + 1);
        for bad in ["", " ", "abc", "12x", "04351 x", "1", "+-/", "115\n", "a\0b", "٤٥", &longer] {
            let mut faults = Faults::default();
            check("phone", bad, &mut faults);
            assert!(!faults.is_empty(), "{bad}");
        }
    }
}
