//! Where a browser may be sent on after a log-in: only to a page of this service. Pure.

/// The longest address that is kept for a return, in bytes.
const LONGEST: usize = 2000;

/// `wanted` where it is a path of this service, else the first page. A browser reads a second slash, and a backslash
/// for one, as the beginning of another host; it drops tabs and line ends, wherever they stand.
pub fn local_path(wanted: &str) -> &str {
    let mut letters = wanted.chars();
    let leads_here = letters.next() == Some('/') && !matches!(letters.next(), Some('/' | '\\'));
    let is_plain = wanted.len() <= LONGEST && !wanted.chars().any(char::is_control);
    if leads_here && is_plain { wanted } else { "/" }
}

/// The same path in the letters that a `Location` header may hold.
pub fn header_form(path: &str) -> String {
    let mut letters = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'!'..=b'~' => letters.push(char::from(byte)),
            other => letters.push_str(&format!("%{other:02X}")),
        }
    }
    letters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_holds_plain_letters() {
        for (path, header) in [
            ("/a?q=x%20y#z", "/a?q=x%20y#z"),
            ("/suche?q=Müller & Söhne", "/suche?q=M%C3%BCller%20&%20S%C3%B6hne"),
            ("/", "/"),
        ] {
            assert_eq!(header_form(path), header);
        }
    }

    #[test]
    fn only_paths_of_this_service_pass() {
        for good in ["/", "/anfragen", "/anfragen?status=new&page=2#liste", "/a//b", "/@host", "/ä", "/a\\b", "/:80"] {
            assert_eq!(local_path(good), good);
        }
        for bad in [
            "",
            "anfragen",
            "//example.org",
            "///example.org",
            "/\\example.org",
            "\\/example.org",
            "\\\\example.org",
            "/\t/example.org",
            "/\n/example.org",
            "\t//example.org",
            " //example.org",
            " /",
            "/a\r\nSet-Cookie: x=1",
            "/a\u{0}",
            "/a\u{7f}",
            "/\u{85}/example.org",
            "https://example.org",
            "https:example.org",
            "javascript:alert(1)",
            "?next=/",
            ".//example.org",
        ] {
            assert_eq!(local_path(bad), "/", "{bad:?}");
        }
        assert_eq!(local_path(&format!("/{}", "a".repeat(LONGEST))), "/");
    }
}
