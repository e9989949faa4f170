//! Finding a municipality by what somebody types: its name, a postal code, its ARS.

use super::{PlaceEntry, Snapshot};
use crate::keys::fold;

impl Snapshot {
    /// The municipalities that fit best: those whose name begins with the text, then those where every word begins
    /// a word of the name, Gemeindeverband or Kreis. Digits are read as a postal code or an ARS.
    pub fn search_municipalities(&self, text: &str, limit: usize) -> Vec<&PlaceEntry> {
        let text = text.trim();
        let mut found: Vec<(u8, usize, &PlaceEntry)> = if text.is_empty() {
            Vec::new()
        } else if text.bytes().all(|b| b.is_ascii_digit() || b == b' ') {
            let digits: String = text.split(' ').collect();
            let fits = |place: &&PlaceEntry| {
                place.ars.as_str().starts_with(&digits)
                    || place.postal_code.as_deref().is_some_and(|code| code.starts_with(&digits))
            };
            self.places.all.iter().filter(fits).map(|place| (0, 0, place)).collect()
        } else {
            let folded = fold(text);
            let words: Vec<&str> = folded.split(' ').filter(|word| !word.is_empty()).collect();
            self.places
                .all
                .iter()
                .filter_map(|place| rank(place, &folded, &words).map(|r| (r, place.name.len(), place)))
                .collect()
        };
        found.sort_by_key(|(rank, length, place)| (*rank, *length, place.ars.as_str()));
        found.into_iter().take(limit).map(|(.., place)| place).collect()
    }
}

fn rank(place: &PlaceEntry, text: &str, words: &[&str]) -> Option<u8> {
    if words.is_empty() {
        return None;
    }
    if let Some(rest) = place.folded.strip_prefix(text) {
        return Some(if rest.is_empty() || rest.starts_with(' ') { 0 } else { 1 });
    }
    let begins = |word: &&str| place.folded.split(' ').any(|own| own.starts_with(*word));
    words.iter().all(begins).then_some(2)
}
