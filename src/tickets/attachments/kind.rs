//! What a file is, by its content, and what it may be called. Pure.
//!
//! Invariant: neither the name nor what a browser says of a file counts: its kind is read from its first bytes, and its
//! name gets the ending of that kind. What could be read as two kinds at once (an image that is an archive too, or a
//! document) is none. A name leads into no folder, hides no ending and turns no writing round.

crate::text_enum! {
    /// A kind of file that can be taken, by its usual ending.
    pub enum FileKind {
        /// PDF (ISO 32000).
        Pdf = "pdf",
        /// PNG.
        Png = "png",
        /// JPEG, as cameras write it.
        Jpeg = "jpeg",
        /// WebP.
        Webp = "webp",
        /// HEIC, as some telephones write it.
        Heic = "heic",
        /// GIF.
        Gif = "gif",
        /// Plain text in UTF-8.
        Txt = "txt",
    }
}

/// The longest name, in characters, without its ending.
const LONGEST_NAME: usize = 80;
/// So far into a file others look for the mark of their kind.
const HEAD: usize = 1024;
/// The end of an archive stands within so many bytes from the end of a file (ZIP: 22 bytes and a comment).
const TAIL: usize = 22 + 65_535;

impl FileKind {
    /// Its media type (RFC 2046).
    pub fn media(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Webp => "image/webp",
            Self::Heic => "image/heif",
            Self::Gif => "image/gif",
            Self::Txt => "text/plain",
        }
    }

    /// The ending of its names.
    pub fn ending(self) -> &'static str {
        if self == Self::Jpeg { "jpg" } else { self.as_str() }
    }
}

/// What the bytes are; none where they are of no kind that can be taken, or of two.
pub fn kind_of(bytes: &[u8]) -> Option<FileKind> {
    let found = match infer::get(bytes) {
        Some(kind) => FileKind::ALL.iter().copied().find(|known| known.media() == kind.mime_type())?,
        None => return (is_plain_text(bytes) && !begins_as_code(bytes)).then_some(FileKind::Txt),
    };
    (found != FileKind::Txt && !is_also_another(found, bytes)).then_some(found)
}

fn is_plain_text(bytes: &[u8]) -> bool {
    let readable = |c: char| !c.is_control() || matches!(c, '\n' | '\r' | '\t');
    !bytes.is_empty() && std::str::from_utf8(bytes).is_ok_and(|text| text.chars().all(readable))
}

/// Text that some program would run or draw.
fn begins_as_code(bytes: &[u8]) -> bool {
    [&b"<"[..], b"#!"].iter().any(|mark| bytes.trim_ascii_start().starts_with(mark))
}

fn is_also_another(kind: FileKind, bytes: &[u8]) -> bool {
    let head = bytes[..bytes.len().min(HEAD)].to_ascii_lowercase();
    let holds = |all: &[u8], part: &[u8]| all.windows(part.len()).any(|window| window == part);
    let is_document = kind != FileKind::Pdf && holds(&head, b"%pdf-");
    let is_page = [&b"<html"[..], b"<script", b"<svg", b"<?php", b"<!doctype"].iter().any(|mark| holds(&head, mark));
    let tail = &bytes[bytes.len().saturating_sub(TAIL)..];
    // An archive begins anywhere and is found by its end.
    let is_archive = holds(tail, b"PK\x05\x06") && holds(bytes, b"PK\x03\x04");
    is_document || is_page || is_archive
}

/// The name a file is kept and saved under.
pub fn safe_name(given: &str, kind: FileKind) -> String {
    let last = given.rsplit(['/', '\\', '\0']).next().unwrap_or_default();
    // Marks that turn the direction of writing make "gpj.exe" look like "exe.jpg".
    let turns =
        |c: char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    let plain = last.chars().filter(|c| !c.is_control() && !turns(*c));
    let plain: String = plain.map(|c| if "<>:\"|?*;%".contains(c) { '_' } else { c }).collect();
    let is_ending = |end: &str| (1..=5).contains(&end.len()) && end.bytes().all(|b| b.is_ascii_alphanumeric());
    let stem = match plain.rsplit_once('.') {
        Some((stem, end)) if is_ending(end) => stem,
        _ => &plain,
    };
    let stem: String = stem.trim_matches(['.', ' ']).chars().take(LONGEST_NAME).collect();
    let stem = stem.trim_end_matches(['.', ' ']);
    // Names of devices, which some systems open instead of a file.
    let base = stem.split('.').next().unwrap_or_default().to_ascii_uppercase();
    let numbered = |name: &str| base.strip_prefix(name).is_some_and(|rest| rest.len() == 1 && rest != "0");
    let is_device = matches!(&*base, "CON" | "PRN" | "AUX" | "NUL") || numbered("COM") || numbered("LPT");
    let stem = match stem {
        "" => "datei".to_owned(),
        // No longer than any other, so that a safe name stays as it is.
        stem if is_device => {
            let longer: String = "_".chars().chain(stem.chars()).take(LONGEST_NAME).collect();
            longer.trim_end_matches(['.', ' ']).to_owned()
        }
        stem => stem.to_owned(),
    };
    format!("{stem}.{}", kind.ending())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

    #[track_caller]
    fn check(bytes: &[u8], expected: Option<FileKind>) {
        assert_eq!(kind_of(bytes), expected);
    }

    #[test]
    fn content_decides() {
        check(b"%PDF-1.7\n...", Some(FileKind::Pdf));
        check(PNG, Some(FileKind::Png));
        check(b"\xff\xd8\xff\xe0\0\x10JFIF", Some(FileKind::Jpeg));
        check("Grüße\r\n".as_bytes(), Some(FileKind::Txt));
        check(b"", None);
        check(b"MZ\x90\0\x03\0\0\0", None);
        check(b"PK\x03\x04\x14\0\0\0", None);
        check(b"<!DOCTYPE html><script>alert(1)</script>", None);
        check(b"<svg xmlns='http://www.w3.org/2000/svg'/>", None);
        check(b"#!/bin/sh\nrm -rf /\n", None);
        check(b"a\0b", None);
    }

    #[test]
    fn two_kinds_at_once_are_none() {
        check(&[PNG, b"%PDF-1.4"].concat(), None);
        check(&[PNG, b"tEXt<script>alert(1)</script>"].concat(), None);
        check(&[PNG, b"PK\x03\x04....PK\x05\x06", &[0; 18]].concat(), None);
        check(&[b"%PDF-1.4\n".as_slice(), b"PK\x03\x04....PK\x05\x06", &[0; 18]].concat(), None);
        check(&[b"GIF89a/*", b"<html>".as_slice()].concat(), None);
    }

    #[test]
    fn names_are_harmless() {
        for (given, kind, expected) in [
            ("Rechnung.pdf", FileKind::Pdf, "Rechnung.pdf"),
            ("../../etc/passwd", FileKind::Txt, "passwd.txt"),
            ("C:\\Users\\x\\foto.JPG", FileKind::Jpeg, "foto.jpg"),
            ("rechnung.pdf.exe", FileKind::Png, "rechnung.pdf.png"),
            ("foto\u{202e}gpj.exe", FileKind::Png, "fotogpj.png"),
            ("a\r\nContent-Type: x.png", FileKind::Png, "aContent-Type_ x.png"),
            ("..", FileKind::Pdf, "datei.pdf"),
            ("", FileKind::Pdf, "datei.pdf"),
            ("NUL.pdf", FileKind::Pdf, "_NUL.pdf"),
            ("Müller & Söhne.pdf", FileKind::Pdf, "Müller & Söhne.pdf"),
        ] {
            assert_eq!(safe_name(given, kind), expected, "{given:?}");
        }
        assert_eq!(safe_name(&"x".repeat(500), FileKind::Pdf).len(), 84);
    }
}
