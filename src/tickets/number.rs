//! The number a request is called by on the phone: year, running number, check digit, as in `26-004711-9`.
//!
//! The check digit is Damm's (H. M. Damm, 2004): it catches every single wrong digit and every swap of two
//! neighbours. It is taken over year and running number together. Found again with or without dashes and spaces.

use std::fmt;
use std::str::FromStr;

/// A totally anti-symmetric quasigroup of order 10, as published by Damm.
const DAMM: [[u8; 10]; 10] = [
    [0, 3, 1, 7, 5, 9, 8, 6, 4, 2],
    [7, 0, 9, 2, 1, 5, 4, 8, 6, 3],
    [4, 2, 0, 6, 8, 7, 1, 3, 5, 9],
    [1, 7, 5, 0, 9, 8, 3, 4, 2, 6],
    [6, 1, 2, 3, 0, 4, 5, 9, 7, 8],
    [3, 6, 7, 4, 2, 0, 9, 5, 8, 1],
    [5, 8, 6, 9, 7, 2, 0, 1, 3, 4],
    [8, 9, 4, 5, 3, 6, 2, 0, 1, 7],
    [9, 4, 3, 8, 6, 1, 7, 2, 0, 5],
    [2, 5, 8, 1, 4, 3, 6, 7, 9, 0],
];

/// The most digits a number has: year and check digit leave thirteen for the requests of a year.
const MOST_DIGITS: usize = 16;

/// A ticket's number in its written form.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, utoipa::ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, example = "26-004711-9")]
pub struct TicketNumber(String);

impl TicketNumber {
    /// The number of the `running`th request of a year (its last two digits count).
    pub fn new(year: i32, running: i64) -> Self {
        let digits = format!("{:02}{running:06}", year.rem_euclid(100));
        let check = damm(&digits);
        Self(format!("{}-{}-{check}", &digits[..2], &digits[2..]))
    }

    /// The written form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TicketNumber {
    type Err = &'static str;

    /// Reads what people type or read out, and checks the digit.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() > 40 {
            return Err("is not a ticket number");
        }
        let digits: String =
            text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '-' | '–' | ',' | '.')).collect();
        if !(9..=MOST_DIGITS).contains(&digits.len()) || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err("is not a ticket number");
        }
        if damm(&digits) != 0 {
            return Err("has a wrong digit: the check digit does not fit");
        }
        let (body, check) = digits.split_at(digits.len() - 1);
        Ok(Self(format!("{}-{}-{check}", &body[..2], &body[2..])))
    }
}

impl fmt::Display for TicketNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn damm(digits: &str) -> u8 {
    digits.bytes().fold(0, |row, byte| DAMM[row as usize][(byte - b'0') as usize])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_what_people_type() {
        let number = TicketNumber::new(2026, 4711);
        assert_eq!(number.as_str().len(), 11);
        for typed in [number.to_string(), number.to_string().replace('-', ""), number.to_string().replace('-', " ")] {
            assert_eq!(typed.parse(), Ok(number.clone()));
        }
        // Damm's own example: 572 has the check digit 4.
        assert_eq!(damm("572"), 4);
        assert_eq!(TicketNumber::new(2031, 1_234_567).as_str().len(), 12);
        // What is taken without hyphens is taken with them.
        let long = TicketNumber::new(2026, 9_999_999_999_999);
        assert_eq!(long.as_str().replace('-', "").parse(), Ok(long.clone()));
        let longer = TicketNumber::new(2026, 99_999_999_999_999);
        assert!(longer.as_str().parse::<TicketNumber>().is_err());
        assert!(longer.as_str().replace('-', "").parse::<TicketNumber>().is_err());
    }

    proptest! {
        #[test]
        fn one_wrong_digit_or_a_swap_is_caught(running in 0i64..9_999_999, at in 0usize..8, digit in 0u8..10) {
            let digits: Vec<u8> = TicketNumber::new(2026, running).as_str().bytes().filter(|b| *b != b'-').collect();
            let mut wrong = digits.clone();
            wrong[at] = b'0' + digit;
            let text = String::from_utf8(wrong.clone()).unwrap();
            prop_assert_eq!(text.parse::<TicketNumber>().is_ok(), wrong == digits);
            let mut swapped = digits.clone();
            swapped.swap(at, at + 1);
            let text = String::from_utf8(swapped.clone()).unwrap();
            prop_assert_eq!(text.parse::<TicketNumber>().is_ok(), swapped == digits);
        }

        #[test]
        fn never_panics(text in "\\PC*") {
            let _ = text.parse::<TicketNumber>();
        }
    }
}
