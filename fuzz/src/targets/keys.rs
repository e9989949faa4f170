//! Official keys, ticket numbers, mail addresses and folded texts: what is taken has its form, reads back alike, and a
//! ticket number forgives no wrong digit and no swap.

use std::fmt::Display;
use std::str::FromStr;

use super::{text, within};
use lotse::http::pages::intake::spoken::spoken;
use lotse::http::words::Language;
use lotse::keys::{Ags, Ars, ArsPrefix, EmailAddress, LandCode, Leistungsschluessel, Slug, fold};
use lotse::tickets::{TicketNumber, search};

fn alike<K: FromStr + Display>(text: &str) -> Option<K> {
    let key = text.parse::<K>().ok()?;
    assert_eq!(key.to_string(), text);
    Some(key)
}

fn number(text: &str) {
    let Ok(number) = text.parse::<TicketNumber>() else { return };
    assert_eq!(number.as_str().parse::<TicketNumber>().as_ref(), Ok(&number));
    let digits: Vec<u8> = number.as_str().bytes().filter(u8::is_ascii_digit).collect();
    let reads = |digits: &[u8]| String::from_utf8_lossy(digits).parse::<TicketNumber>().is_ok();
    assert!(reads(&digits));
    for at in 0..digits.len() {
        for other in (b'0'..=b'9').filter(|other| *other != digits[at]) {
            let mut wrong = digits.clone();
            wrong[at] = other;
            assert!(!reads(&wrong), "{wrong:?}");
        }
        if digits.get(at + 1).is_some_and(|next| *next != digits[at]) {
            let mut swapped = digits.clone();
            swapped.swap(at, at + 1);
            assert!(!reads(&swapped), "{swapped:?}");
        }
    }
    for language in [Language::De, Language::En] {
        let words = spoken(&number, language);
        assert!(!words.is_empty() && !words.contains(|c: char| c.is_ascii_digit()), "{words}");
    }
}

/// One input.
pub fn run(data: &[u8]) {
    if let Some(eight) = data.first_chunk::<8>() {
        let running = i64::from_le_bytes(*eight).rem_euclid(1_000_000_000_000);
        let year = 2000 + i32::from(data[7] % 100);
        number(TicketNumber::new(year, running).as_str());
    }
    let Some(text) = text(data) else { return };
    number(text);
    if let Some(ars) = alike::<Ars>(text) {
        assert!(text.len() == 12 && alike::<Ags>(ars.ags().as_str()).is_some());
        let region = ArsPrefix::from(ars.clone());
        assert!(ars.is_in(&region) && region.around().iter().all(|wider| wider.contains(&region)));
    }
    if let Some(region) = alike::<ArsPrefix>(text) {
        assert!(region.around().iter().all(|wider| wider.contains(&region) && !region.contains(wider)));
    }
    assert!(alike::<Ags>(text).is_none() || text.len() == 8);
    assert!(alike::<Leistungsschluessel>(text).is_none() || (text.starts_with("99") && text.len() == 14));
    assert!(alike::<LandCode>(text).is_none_or(|land| LandCode::from_number(land.number()) == Some(land)));
    assert!(
        alike::<Slug>(text).is_none()
            || text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    );
    if let Some(address) = alike::<EmailAddress>(text) {
        let odd = |c: char| c.is_control() || c.is_whitespace() || "\"<>(),;".contains(c);
        assert!(!address.as_str().contains(odd) && text.len() <= 254 && text.matches('@').count() == 1, "{text:?}");
    }
    let folded = within(500, || fold(text));
    assert_eq!(fold(&folded), folded, "{text:?}");
    assert!(!folded.contains(|c: char| !c.is_alphanumeric() && c != ' ') && !folded.contains("  "), "{folded:?}");
    let words = search::words(text);
    assert!(words.len() <= 8 && words.iter().all(|word| !word.is_empty() && word.chars().count() <= 100));
}
