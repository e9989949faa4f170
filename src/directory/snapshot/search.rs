//! Finding a municipality by what somebody types: its name, a postal code, its ARS.

use super::{PlaceEntry, Snapshot};
use crate::directory::adoptions::Named;
use crate::keys::{Ags, Ars, fold};

/// The most places that one search shows.
const MOST: usize = 30;
/// The rank of a place of which only Gemeindeverband or Kreis fit.
const BY_REGION: u8 = 3;

impl Snapshot {
    /// The places somebody may mean who looks for help: by ARS, AGS, postal code or name. Where a name is
    /// just what was typed, only places of that name are meant.
    pub fn find_places(&self, text: &str) -> Vec<&PlaceEntry> {
        let digits: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) {
            if let Ok(ags) = digits.parse::<Ags>() {
                return self.all_by_ags(&ags);
            }
            // A key of before leads to the municipality of today.
            if let Some(place) = digits.parse::<Ars>().ok().and_then(|ars| self.municipality(&ars)) {
                return vec![place];
            }
            if digits.len() == 5 {
                return self.present().filter(|place| place.has_code(&digits)).collect();
            }
            return self.search_municipalities(&digits, MOST);
        }
        let mut found = self.search_municipalities(text, MOST);
        if found.is_empty() {
            found = self.search_loosely(text);
        }
        let name = fold(text.trim());
        let is_meant = |place: &&&PlaceEntry| fold(place.name.split(", ").next().unwrap_or_default()) == name;
        let meant: Vec<&PlaceEntry> = found.iter().filter(is_meant).copied().collect();
        if meant.is_empty() { found } else { meant }
    }

    /// Places or services that words may mean, for narrowing a list; a place by all that finds one, a service by a part
    /// of its name.
    pub fn named(&self, text: &str) -> Named {
        let wanted = fold(text.trim());
        let fits = |name: &str| !wanted.is_empty() && fold(name).contains(&wanted);
        let services = self.services().iter().filter(|one| fits(&one.name) || one.slug.as_str() == text.trim());
        Named {
            places: self.find_places(text).into_iter().map(|place| place.ars.clone()).collect(),
            services: services.map(|one| one.slug.clone()).collect(),
        }
    }

    /// Those that take requests.
    fn present(&self) -> impl Iterator<Item = &PlaceEntry> {
        self.places.all.iter().filter(|place| !place.is_ended)
    }

    /// The same where somebody has left out the dots of the umlauts, as keyboards abroad make one do.
    fn search_loosely(&self, text: &str) -> Vec<&PlaceEntry> {
        let loose = |text: &str| text.replace("ae", "a").replace("oe", "o").replace("ue", "u");
        let wanted = loose(&fold(text));
        let fits = |place: &&PlaceEntry| !wanted.is_empty() && loose(&place.folded).starts_with(&wanted);
        self.present().filter(fits).take(MOST).collect()
    }

    /// The municipalities that fit best: those whose name begins with the text, then those where every word begins
    /// a word of the name; only where no name fits, those where it begins one of the Gemeindeverband or Kreis. Digits
    /// are read as a postal code or an ARS.
    pub fn search_municipalities(&self, text: &str, limit: usize) -> Vec<&PlaceEntry> {
        let text = text.trim();
        let mut found: Vec<(u8, usize, &PlaceEntry)> = if text.is_empty() {
            Vec::new()
        } else if text.bytes().all(|b| b.is_ascii_digit() || b == b' ') {
            let digits: String = text.split(' ').collect();
            let fits = |place: &&PlaceEntry| place.ars.as_str().starts_with(&digits) || place.has_code(&digits);
            self.present().filter(fits).map(|place| (0, 0, place)).collect()
        } else {
            let folded = fold(text);
            let words: Vec<&str> = folded.split(' ').filter(|word| !word.is_empty()).collect();
            self.present()
                .filter_map(|place| rank(place, &folded, &words).map(|r| (r, place.name.len(), place)))
                .collect()
        };
        if found.iter().any(|(rank, ..)| *rank < BY_REGION) {
            found.retain(|(rank, ..)| *rank < BY_REGION);
        }
        found.sort_by_key(|(rank, length, place)| (*rank, *length, place.ars.as_str()));
        found.into_iter().take(limit).map(|(.., place)| place).collect()
    }
}

impl PlaceEntry {
    /// Whether one of its postal codes begins so.
    fn has_code(&self, beginning: &str) -> bool {
        let all = self.postal_code.iter().map(|code| &**code).chain(self.more_codes.split(' '));
        all.into_iter().any(|code| code.starts_with(beginning))
    }
}

fn rank(place: &PlaceEntry, text: &str, words: &[&str]) -> Option<u8> {
    if words.is_empty() {
        return None;
    }
    if let Some(rest) = place.folded.strip_prefix(text) {
        return Some(if rest.is_empty() || rest.starts_with(' ') { 0 } else { 1 });
    }
    let begin_in = |whole: &str| words.iter().all(|word| whole.split(' ').any(|own| own.starts_with(*word)));
    if !begin_in(&place.folded) {
        return None;
    }
    Some(if begin_in(&fold(&place.name)) { 2 } else { BY_REGION })
}
