//! Text as it may stand on the wire of a mail. Pure.
//!
//! Invariant: a header stays one line, and no line of a message ends in a bare CR or LF or begins with a dot. Not here:
//! how a message is written (`email.rs`).

/// Header text on one line: whatever could end a header becomes a space.
pub(super) fn one_line(text: &str) -> String {
    let is_break = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    text.replace(is_break, " ").trim().to_owned()
}

/// True where no line could be mistaken for SMTP.
pub(super) fn has_clean_lines(message: &str) -> bool {
    let bytes = message.as_bytes();
    let pairs = bytes.iter().zip(bytes.iter().skip(1));
    let is_torn = |(a, b): (&u8, &u8)| (*a == b'\r') != (*b == b'\n');
    bytes.first() != Some(&b'\n')
        && message.ends_with("\r\n")
        && !pairs.into_iter().any(is_torn)
        && !message.starts_with('.')
        && !message.contains("\n.")
}

/// A part of a URL with its escapes undone.
pub(super) fn decoded(text: &str) -> String {
    // form_urlencoded would also read a plus as a space, which a password may hold.
    let text = format!("v={}", text.replace('+', "%2B").replace('&', "%26"));
    url::form_urlencoded::parse(text.as_bytes()).next().map(|(_, value)| value.into_owned()).unwrap_or_default()
}
