//! Attached files: a kind is told by content alone and never of two kinds; a name leads nowhere and ends as its kind.

use super::{lines, text, within};
use lotse::tickets::attachments::kind::{FileKind, kind_of, safe_name};

/// One input.
pub fn run(data: &[u8]) {
    if let Some(kind) = within(500, || kind_of(data)) {
        let head = data[..data.len().min(1024)].to_ascii_lowercase();
        let holds = |part: &[u8]| head.windows(part.len()).any(|window| window == part);
        assert!(!holds(b"<html") && !holds(b"<script") && !holds(b"<svg") || kind == FileKind::Txt, "{kind}");
        match kind {
            // Its readers look through the first KiB.
            FileKind::Pdf => assert!(holds(b"%pdf")),
            FileKind::Png => assert!(data.starts_with(b"\x89PNG")),
            FileKind::Jpeg => assert!(data.starts_with(b"\xff\xd8\xff")),
            FileKind::Gif => assert!(data.starts_with(b"GIF")),
            FileKind::Webp => assert!(holds(b"webp")),
            FileKind::Heic => assert!(holds(b"ftyp")),
            FileKind::Txt => {
                let text = text(data).expect("a text is UTF-8");
                let first = text.trim_start_matches([' ', '\t', '\r', '\n', '\u{c}']);
                assert!(!text.contains('\0') && !first.starts_with('<') && !first.starts_with("#!"));
            }
        }
    }
    let Some(text) = text(data) else { return };
    let [given] = lines(text);
    for kind in FileKind::ALL {
        let name = safe_name(given, *kind);
        assert!(name.ends_with(&format!(".{}", kind.ending())), "{name:?}");
        assert!(!name.contains(['/', '\\', '\0', '"', ':', '<', '>', '|', '?', '*', '\u{202e}']), "{name:?}");
        assert!(!name.chars().any(char::is_control) && !name.starts_with(['.', ' ']), "{name:?}");
        assert!(name.chars().count() <= 80 + 6, "{name:?}");
        assert_eq!(safe_name(&name, *kind), name, "{given:?}");
    }
}
