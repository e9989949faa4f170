//! The other side's own numbers, found by the pattern its contact has, such as `INC#######`. Pure.
//!
//! Invariant: a pattern is letters, digits and a few marks, with `#` for one digit: nothing in it can make a search
//! slow, and it must hold three digits at least, so that no ordinary word fits.

/// The longest pattern.
pub const LONGEST_PATTERN: usize = 40;

/// Whether a pattern can be used; the fault in words.
pub fn check(pattern: &str) -> Result<(), &'static str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "#-_/.:[]".contains(c);
    if pattern.len() > LONGEST_PATTERN || !pattern.chars().all(plain) {
        return Err("may have 40 letters, digits and - _ / . : [ ] with # for one digit, such as INC#######");
    }
    if pattern.bytes().filter(|byte| *byte == b'#').count() < 3 {
        return Err("needs # for a digit at least three times, such as INC#######");
    }
    Ok(())
}

/// The first number of this pattern in the text, which does not go on to either side.
pub fn find(pattern: &str, text: &str) -> Option<String> {
    let (pattern, bytes) = (pattern.as_bytes(), text.as_bytes());
    if pattern.is_empty() || bytes.len() < pattern.len() {
        return None;
    }
    let fits = |window: &[u8]| {
        window.iter().zip(pattern).all(|(byte, wanted)| match wanted {
            b'#' => byte.is_ascii_digit(),
            wanted => byte.eq_ignore_ascii_case(wanted),
        })
    };
    let goes_on = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_alphanumeric);
    let start = (0..=bytes.len() - pattern.len()).find(|start| {
        let end = start + pattern.len();
        fits(&bytes[*start..end]) && !goes_on(start.checked_sub(1)) && !goes_on(Some(end))
    })?;
    text.get(start..start + pattern.len()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_found_whole() {
        for (pattern, text, expected) in [
            ("INC#######", "Re: [26-000001-3] INC1234567 angelegt", Some("INC1234567")),
            ("INC#######", "inc1234567", Some("inc1234567")),
            ("INC#######", "INC12345678", None),
            ("INC#######", "XINC1234567", None),
            ("[Ticket-####]", "Größe: [Ticket-4711]ä", Some("[Ticket-4711]")),
            ("###-##", "1999-99 und 123-45.", Some("123-45")),
            ("INC#######", "", None),
        ] {
            assert_eq!(find(pattern, text).as_deref(), expected, "{text}");
        }
        assert!(check("INC#######").is_ok() && check("INC##").is_err() && check(".*###+").is_err());
    }
}
