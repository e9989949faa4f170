//! Service hours in the syntax of OpenStreetMap, such as `Mo-Fr 08:00-18:00; PH off`.
//!
//! Only checked here. Not here: deadlines, which count service days (`escalation/deadline.rs`).

/// Says what is wrong with service hours.
pub(super) fn check(hours: &str) -> Result<(), String> {
    if hours.len() > 500 {
        return Err("is longer than 500 characters".into());
    }
    opening_hours_syntax::parse(hours).map(drop).map_err(|_| {
        format!(
            "«{hours}» is not understood; write opening hours as OpenStreetMap does, such as Mo-Fr 08:00-18:00; PH off"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn knows_hours_from_other_words() {
        for good in ["Mo-Fr 08:00-18:00; PH off", "24/7", "Mo-Fr 08:00-12:00; Th 14:00-18:00"] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in ["", "Montag bis Freitag", "Mo-Fr 25:99-30:00"] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}
