//! Whether a message can be taken apart without harm: counted on its bytes before anything is built of them. Pure.
//!
//! Invariant: one pass over the bytes, no memory that grows with them. What is refused here is still kept and shown
//! to a person, only not taken apart: a bomb of parts, of headers or of messages in messages costs one look.

/// How much a message may hold to be taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes in all.
    pub size: usize,
    /// Lines that begin a part.
    pub parts: usize,
    /// Bytes in headers, its own and those of its parts.
    pub headers: usize,
    /// Messages in it.
    pub messages: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { size: 10 * 1024 * 1024, parts: 500, headers: 512 * 1024, messages: 20 }
    }
}

/// Dashed lines that are no boundary we know: plain text may draw with them.
const DASHED_LINES: usize = 20_000;
/// How many boundaries may be declared, each at most so long (RFC 2046 allows 70 characters).
const BOUNDARIES: usize = 64;
const LONGEST_BOUNDARY: usize = 200;
/// How many lines the headers may have.
const HEADER_LINES: usize = 5_000;

/// Why it is too much, in words; nothing where it is not.
pub fn excess(raw: &[u8], bounds: &Bounds) -> Option<&'static str> {
    if raw.len() > bounds.size {
        return Some("die Nachricht ist zu groß");
    }
    let boundaries = declared_boundaries(raw);
    if boundaries.len() > BOUNDARIES {
        return Some("die Nachricht hat zu viele Ebenen");
    }
    let (mut parts, mut dashed, mut headers, mut header_lines, mut messages) = (0, 0, 0, 0, 0);
    let mut in_headers = true;
    for line in raw.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.starts_with(b"--") {
            dashed += 1;
            let name = line[2..].trim_ascii_end();
            let bare = name.strip_suffix(b"--").unwrap_or(name);
            if boundaries.iter().any(|known| *known == name || *known == bare) {
                parts += 1;
                in_headers = true;
            }
        } else if in_headers && line.is_empty() {
            in_headers = false;
        } else if in_headers {
            headers += line.len() + 2;
            header_lines += 1;
            if contains(line, b"message/") {
                // The message in it begins with headers of its own.
                messages += 1;
            }
        }
        if parts > bounds.parts || dashed > DASHED_LINES {
            return Some("die Nachricht hat zu viele Teile");
        }
        if headers > bounds.headers || header_lines > HEADER_LINES {
            return Some("die Nachricht hat zu viele Kopfzeilen");
        }
        if messages > bounds.messages {
            return Some("in der Nachricht stecken zu viele Nachrichten");
        }
    }
    None
}

/// Every `boundary=` there is, as far as they are plausible.
fn declared_boundaries(raw: &[u8]) -> Vec<&[u8]> {
    const WORD: &[u8] = b"boundary=";
    let mut found: Vec<&[u8]> = Vec::new();
    let mut at = 0;
    while let Some(step) = raw[at..].iter().position(|byte| *byte == b'=') {
        let end = at + step + 1;
        at = end;
        let is_word = end >= WORD.len() && raw[end - WORD.len()..end].eq_ignore_ascii_case(WORD);
        if !is_word {
            continue;
        }
        let rest = &raw[end..raw.len().min(end + LONGEST_BOUNDARY)];
        let (rest, closes): (&[u8], &[u8]) = match rest.strip_prefix(b"\"") {
            Some(quoted) => (quoted, b"\"\r\n"),
            None => (rest, b"; \t\r\n"),
        };
        let length = rest.iter().position(|byte| closes.contains(byte)).unwrap_or(rest.len());
        let boundary = rest[..length].trim_ascii_end();
        if !boundary.is_empty() && !found.contains(&boundary) {
            found.push(boundary);
            if found.len() > BOUNDARIES {
                break;
            }
        }
    }
    found
}

fn contains(line: &[u8], word: &[u8]) -> bool {
    line.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(raw: &[u8], expected: Option<&str>) {
        assert_eq!(excess(raw, &Bounds { size: 4 * 1024 * 1024, ..Bounds::default() }), expected);
    }

    #[test]
    fn an_ordinary_message_is_none() {
        check(b"", None);
        check(b"Subject: x\r\nContent-Type: multipart/mixed; boundary=\"b\"\r\n\r\n--b\r\n\r\ntext\r\n--b--\r\n", None);
        check(format!("Subject: x\n\n{}", "-- \n------\n".repeat(5000)).as_bytes(), None);
    }

    #[test]
    fn bombs_are_told_before_they_are_built() {
        let head = "Content-Type: multipart/mixed; boundary=b\n\n";
        check(format!("{head}{}", "--b\n\n".repeat(600)).as_bytes(), Some("die Nachricht hat zu viele Teile"));
        check(format!("{head}{}", "--x\n".repeat(30_000)).as_bytes(), Some("die Nachricht hat zu viele Teile"));
        check("a:\n".repeat(9_000).as_bytes(), Some("die Nachricht hat zu viele Kopfzeilen"));
        check(format!("To: {}\n\n", "a,".repeat(400_000)).as_bytes(), Some("die Nachricht hat zu viele Kopfzeilen"));
        let nested = format!("{head}{}", "--b\nContent-Type: message/rfc822\n\n".repeat(30));
        check(nested.as_bytes(), Some("in der Nachricht stecken zu viele Nachrichten"));
        let deep: String =
            (0..100).map(|n| format!("Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n")).collect();
        check(deep.as_bytes(), Some("die Nachricht hat zu viele Ebenen"));
        check(&vec![b'x'; 5 * 1024 * 1024], Some("die Nachricht ist zu groß"));
    }
}
