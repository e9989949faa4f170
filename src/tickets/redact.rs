//! Blacks out what looks like a birth date, an identity or a payment number. Pure.
//!
//! Invariant: what [`warnings`] warns of in a text is gone from it afterwards; everything else
//! stays as it was written, sign by sign.

use super::ticket::{looks_like_birth_date, luhn, warnings};

/// Stands where something was blacked out.
const BLACK: &str = "█████";

/// The text without such numbers. What stood beside one may look like another without it, so it is looked at again.
pub fn black_out(text: &str) -> String {
    let mut out = once(text);
    while !warnings("", &out).is_empty() {
        let again = once(&out);
        if again == out {
            break;
        }
        out = again;
    }
    out
}

fn once(text: &str) -> String {
    let signs: Vec<char> = text.chars().collect();
    let (mut out, mut at) = (String::with_capacity(text.len()), 0);
    while let Some(sign) = signs.get(at) {
        match [iban_end(&signs, at), date_end(&signs, at), number_end(&signs, at)].into_iter().flatten().next() {
            Some(end) => {
                out.push_str(BLACK);
                at = end;
            }
            None => {
                out.push(*sign);
                at += 1;
            }
        }
    }
    out
}

fn is_gap(sign: char) -> bool {
    matches!(sign, ' ' | '-')
}

/// The digits from here on, whatever gaps are between them, and where the last of them ends.
fn digits(signs: &[char], from: usize, most: usize) -> (String, usize) {
    let (mut found, mut end) = (String::new(), from);
    for (at, sign) in signs.iter().enumerate().skip(from) {
        if sign.is_ascii_digit() {
            found.push(*sign);
            end = at + 1;
        } else if !is_gap(*sign) {
            break;
        }
        if found.len() == most {
            break;
        }
    }
    (found, end)
}

fn iban_end(signs: &[char], at: usize) -> Option<usize> {
    if signs[at] != 'D' {
        return None;
    }
    let after = at + 1 + signs[at + 1..].iter().take_while(|sign| is_gap(**sign)).count();
    let (found, end) = digits(signs, after + 1, 20);
    (signs.get(after) == Some(&'E') && found.len() == 20).then_some(end)
}

/// A card or a tax number: as many digits as follow each other, from the first of them.
fn number_end(signs: &[char], at: usize) -> Option<usize> {
    // First what costs nothing: a text of gaps alone would be walked back through again at each of them.
    if !signs[at].is_ascii_digit() {
        return None;
    }
    let before = signs[..at].iter().rev().find(|sign| !is_gap(**sign));
    if before.is_some_and(char::is_ascii_digit) {
        return None;
    }
    let (found, end) = digits(signs, at, usize::MAX);
    let is_card = (13..=19).contains(&found.len()) && luhn(&found);
    let is_tax = found.len() == 11 && !found.starts_with('0');
    (is_card || is_tax).then_some(end)
}

fn date_end(signs: &[char], at: usize) -> Option<usize> {
    let is_border = |sign: &char| sign.is_whitespace() || matches!(sign, ',' | ';' | '(' | ')');
    if at > 0 && !is_border(&signs[at - 1]) {
        return None;
    }
    let word: String = signs[at..].iter().take_while(|sign| !is_border(sign)).take(12).collect();
    let word = word.trim_end_matches('.');
    looks_like_birth_date(word).then(|| at + word.chars().count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_warned_of_is_gone() {
        for (text, expected) in [
            ("geboren 03.11.1971. Danke", "geboren █████. Danke"),
            ("IBAN DE89 3704 0044 0532 0130 00 belastet", "IBAN █████ belastet"),
            ("DE89370400440532013000", "█████"),
            ("Karte 4111 1111-1111 1111!", "Karte █████!"),
            ("Steuer-ID 65 929 970 489", "Steuer-ID █████"),
            ("D E89-3704 0044 0532 0130 00", "█████"),
            // Each is hidden by its neighbour until that is gone.
            ("65929970489 03.11.1971", "█████ █████"),
            ("DE89370400440532013000 65929970489", "█████ █████"),
            (
                "Fehler am 22.11.2026, Vorgang 26-004711-9, Tel. 0431 123456",
                "Fehler am 22.11.2026, Vorgang 26-004711-9, Tel. 0431 123456",
            ),
        ] {
            let black = black_out(text);
            assert_eq!(black, expected);
            assert!(warnings("text", &black).is_empty(), "{black}");
        }
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(5000))]
        #[test]
        fn nothing_is_left_to_warn_of(text in "(DE|D E|[0-9]{1,4}|65929970489|4111111111111111|03\\.11\\.1971|[ .,;a-]){0,12}") {
            let black = black_out(&text);
            proptest::prop_assert!(warnings("text", &black).is_empty(), "{text:?} {black:?}");
        }
    }
}
