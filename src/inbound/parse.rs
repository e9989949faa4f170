//! A raw message taken apart: who wrote what to whom, in the charsets of thirty years, and what hangs on it. Pure.
//!
//! Invariant: it never fails and never runs away. What cannot be taken apart (too large, too many parts, unreadable)
//! comes back with the reason and whatever its headers say, and is left to a person. No header is believed here;
//! what it is worth is judged in `sender.rs` and `matching.rs`.
//!
//! Rules: RFC 5322, 2045-2047, 2231; HTML is cut down to plain elements (ammonia) and text made of that.

use std::panic::{AssertUnwindSafe, catch_unwind};

use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::html::html_to_text;
use mail_parser::decoders::quoted_printable::quoted_printable_decode;
use mail_parser::{Encoding, HeaderValue, Message, MessageParser, MessagePart, MimeHeaders, PartType};
use serde::{Deserialize, Serialize};

use super::bounds::{self, Bounds};
use super::quote::{self, Folded};

/// The longest HTML that is made safe; of a longer one only its text is kept.
const LONGEST_HTML: usize = 512 * 1024;
/// How deep HTML may nest to be looked at.
const DEEPEST_HTML: usize = 300;
/// The longest text that is kept in parts of the page; the raw message has it whole.
const LONGEST_TEXT: usize = 200_000;
/// How many attachments are taken out.
pub const MOST_ATTACHMENTS: usize = 50;
/// How many recipients, and how many ids of a thread, are looked at.
const MOST: usize = 200;

/// An address as a header has it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Mailbox {
    /// The name beside it.
    pub name: String,
    /// The bare address, in small letters.
    pub address: String,
}

/// Something that hung on the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// As the sender called it, made fit for a file name.
    pub name: String,
    /// What it is by its content, else what was said.
    pub media_type: String,
    /// Itself.
    pub bytes: Vec<u8>,
}

/// A message taken apart.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Parsed {
    /// Its id, without the angle brackets; empty where it has none.
    pub message_id: String,
    /// The ids it answers to, without brackets.
    pub thread: Vec<String>,
    /// Every address of every From.
    pub from: Vec<Mailbox>,
    /// How many headers From there are.
    pub from_headers: usize,
    /// Whom it was for, by To, Cc and what delivering servers noted.
    pub recipients: Vec<String>,
    /// What it is about.
    pub subject: String,
    /// All of the text.
    pub text: String,
    /// The text taken apart.
    pub folded: Folded,
    /// Its HTML made safe, where it has one.
    pub html: Option<String>,
    /// What hung on it.
    pub attachments: Vec<Attachment>,
    /// How many attachments were left out.
    pub left_out: usize,
    /// Every header in its order, names in small letters, values unfolded.
    pub headers: Vec<(String, String)>,
    /// The machine-readable part of a report (RFC 3464), and what came back with it.
    pub report: Option<Report>,
    /// Why it could not be taken apart, in words.
    pub fault: Option<&'static str>,
}

/// The parts of a report about a delivery.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// `message/delivery-status`.
    pub status: String,
    /// The headers of the message it is about.
    pub returned: String,
}

impl Parsed {
    /// The values of a header, topmost first.
    pub fn header_values<'p>(&'p self, name: &'p str) -> impl Iterator<Item = &'p str> {
        self.headers.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The topmost value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The one author, where there is exactly one.
    pub fn author(&self) -> Option<&Mailbox> {
        match self.from.as_slice() {
            [one] if self.from_headers == 1 => Some(one),
            _ => None,
        }
    }
}

/// Takes a message apart.
pub fn parse(raw: &[u8], bounds: &Bounds) -> Parsed {
    if let Some(fault) = bounds::excess(raw, bounds) {
        // Its headers still tell who wrote and what about; at most so many bytes of them.
        let head = &raw[..raw.len().min(64 * 1024)];
        let end = head.windows(2).position(|pair| pair == b"\n\n" || pair == b"\n\r").unwrap_or(head.len());
        let top = unbroken(&head[..end], |message| headers_of(message, true)).unwrap_or_default();
        return Parsed { fault: Some(fault), ..top };
    }
    let parsed = unbroken(raw, |message| {
        let mut parsed = headers_of(message, false);
        bodies(message, &mut parsed);
        parsed
    });
    parsed.unwrap_or_else(|| Parsed { fault: Some("die Nachricht ist nicht lesbar"), ..Parsed::default() })
}

/// What `read` makes of the message; nothing where the parser finds none, or breaks over it.
fn unbroken<T>(raw: &[u8], read: impl FnOnce(&Message) -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(|| MessageParser::default().parse(raw).map(|message| read(&message)))).ok().flatten()
}

fn headers_of(message: &Message, is_cut: bool) -> Parsed {
    let raw_headers = message.headers_raw().take(2_000);
    let headers: Vec<(String, String)> =
        raw_headers.map(|(name, value)| (name.trim().to_lowercase(), unfold(value))).collect();
    let mut from = Vec::new();
    for value in message.header_values("From").take(10) {
        addresses(value, &mut from);
    }
    let mut recipients: Vec<Mailbox> = Vec::new();
    for name in ["To", "Cc"] {
        for value in message.header_values(name).take(10) {
            addresses(value, &mut recipients);
        }
    }
    let mut recipients: Vec<String> = recipients.into_iter().map(|mailbox| mailbox.address).collect();
    for name in ["delivered-to", "x-original-to", "envelope-to"] {
        let noted = headers.iter().filter(|(known, _)| known == name);
        recipients.extend(noted.map(|(_, value)| value.trim_matches(['<', '>', ' ']).to_lowercase()));
    }
    recipients.truncate(MOST);
    let mut thread = Vec::new();
    for (_, value) in headers.iter().filter(|(name, _)| matches!(name.as_str(), "in-reply-to" | "references")) {
        thread.extend(ids(value));
    }
    thread.truncate(MOST);
    let message_id = headers.iter().find(|(name, _)| name == "message-id").and_then(|(_, value)| ids(value).next());
    Parsed {
        message_id: message_id.map(|id| short(&id, 500)).unwrap_or_default(),
        thread,
        from_headers: headers.iter().filter(|(name, _)| name == "from").count(),
        from,
        recipients,
        subject: short(&one_line(message.subject().unwrap_or_default()), 500),
        headers: if is_cut { headers.into_iter().take(200).collect() } else { headers },
        ..Parsed::default()
    }
}

fn addresses(value: &HeaderValue, into: &mut Vec<Mailbox>) {
    let Some(found) = value.as_address() else { return };
    for one in found.iter().take(MOST) {
        let Some(address) = one.address() else { continue };
        let name = short(&one_line(one.name().unwrap_or_default()), 200);
        into.push(Mailbox { name, address: short(&one_line(address), 320).to_lowercase() });
    }
}

/// What stands between angle brackets.
fn ids(value: &str) -> impl Iterator<Item = String> + '_ {
    value.split('<').skip(1).filter_map(|part| part.split_once('>')).map(|(id, _)| id.trim().to_owned())
}

fn unfold(value: &str) -> String {
    short(&one_line(value), 4_000)
}

/// A text on one line, printable.
fn one_line(text: &str) -> String {
    let is_break = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}');
    text.replace(is_break, " ").split_whitespace().collect::<Vec<_>>().join(" ")
}

fn short(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

/// Text without characters that no database or page should have.
fn clean(text: &str) -> String {
    text.replace("\r\n", "\n").chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect()
}

fn bodies(message: &Message, parsed: &mut Parsed) {
    let mut texts: Vec<String> = Vec::new();
    for part in message.text_bodies().take(20) {
        match &part.body {
            PartType::Html(html) => texts.push(html_text(html)),
            PartType::Text(text) => texts.push(clean(text)),
            _ => {}
        }
    }
    let html = message.html_bodies().find_map(|part| match &part.body {
        PartType::Html(html) => Some(html),
        _ => None,
    });
    parsed.html = html.and_then(|html| safe_html(html));
    let mut text = texts.join("\n").trim().to_owned();
    if text.is_empty()
        && let Some(html) = html
    {
        text = html_text(html);
    }
    parsed.text = short(&text, LONGEST_TEXT);
    parsed.folded = quote::fold(&parsed.text);
    for part in message.attachments() {
        report_part(part, parsed);
        if parsed.attachments.len() < MOST_ATTACHMENTS {
            let bytes = bytes_of(message, part);
            parsed.attachments.push(attachment(part, bytes, parsed.attachments.len() + 1));
        } else {
            parsed.left_out += 1;
        }
    }
    if !is_report(message) {
        parsed.report = None;
    }
}

fn is_report(message: &Message) -> bool {
    message.content_type().is_some_and(|kind| {
        kind.ctype().eq_ignore_ascii_case("multipart")
            && kind.subtype().is_some_and(|subtype| subtype.eq_ignore_ascii_case("report"))
            && kind.attribute("report-type").is_some_and(|kind| kind.eq_ignore_ascii_case("delivery-status"))
    })
}

fn report_part(part: &MessagePart, parsed: &mut Parsed) {
    let Some(kind) = part.content_type() else { return };
    let kind = format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or_default()).to_lowercase();
    let text = || short(&String::from_utf8_lossy(part.contents()), 20_000);
    match kind.as_str() {
        "message/delivery-status" | "message/global-delivery-status" => {
            parsed.report.get_or_insert_default().status = text();
        }
        "message/rfc822" | "message/global" | "text/rfc822-headers" | "message/rfc822-headers" => {
            parsed.report.get_or_insert_default().returned = text();
        }
        _ => {}
    }
}

/// The bytes of a part as they were sent: of a text not what its charset makes of them.
fn bytes_of(message: &Message, part: &MessagePart) -> Vec<u8> {
    let whole = || part.contents().to_vec();
    if !matches!(part.body, PartType::Text(_) | PartType::Html(_)) {
        return whole();
    }
    let range = part.raw_body_offset() as usize..part.raw_end_offset() as usize;
    let Some(raw) = message.raw_message().get(range) else { return whole() };
    match part.encoding {
        Encoding::None => raw.to_vec(),
        Encoding::Base64 => base64_decode(raw).unwrap_or_else(whole),
        Encoding::QuotedPrintable => quoted_printable_decode(raw).unwrap_or_else(whole),
    }
}

fn attachment(part: &MessagePart, bytes: Vec<u8>, number: usize) -> Attachment {
    let said = part
        .content_type()
        .map(|kind| format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or("octet-stream")).to_lowercase());
    let is_plain = |kind: &String| {
        kind.len() <= 100 && kind.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'-' | b'+' | b'.'))
    };
    let by_content = infer::get(&bytes).map(|kind| kind.mime_type().to_owned());
    let media_type = by_content.or(said.filter(is_plain)).unwrap_or_else(|| "application/octet-stream".to_owned());
    let name = file_name(part.attachment_name().unwrap_or_default());
    let name = match name.is_empty() {
        false => name,
        true if part.is_message() => format!("nachricht-{number}.eml"),
        true => format!("anhang-{number}"),
    };
    Attachment { name, media_type, bytes }
}

/// A name that is one file in one folder, whatever was meant.
fn file_name(name: &str) -> String {
    let name = one_line(name.rsplit(['/', '\\']).next().unwrap_or_default());
    let kept: String =
        name.chars().filter(|c| !matches!(c, '"' | '<' | '>' | '|' | '*' | '?' | ':')).take(120).collect();
    kept.trim_matches(['.', ' ']).to_owned()
}

/// HTML without anything that acts, loads or dresses up; nothing where it is too large or too deep to look at.
fn safe_html(html: &str) -> Option<String> {
    if html.len() > LONGEST_HTML || depth(html) > DEEPEST_HTML {
        return None;
    }
    let tags = [
        "p",
        "br",
        "div",
        "span",
        "b",
        "strong",
        "i",
        "em",
        "u",
        "ul",
        "ol",
        "li",
        "blockquote",
        "pre",
        "code",
        "table",
        "tbody",
        "tr",
        "td",
        "th",
        "h1",
        "h2",
        "h3",
        "hr",
        "a",
    ];
    let mut builder = ammonia::Builder::empty();
    builder.tags(tags.into()).clean_content_tags(["script", "style", "title", "head"].into());
    builder.tag_attributes([("a", ["href"].into())].into()).url_schemes(["https", "http", "mailto"].into());
    builder.link_rel(Some("noopener noreferrer nofollow"));
    catch_unwind(AssertUnwindSafe(|| builder.clean(html).to_string())).ok()
}

fn html_text(html: &str) -> String {
    let cut = html.char_indices().nth(LONGEST_HTML).map_or(html, |(end, _)| &html[..end]);
    let text = match safe_html(html) {
        Some(safe) => html_to_text(&safe),
        None => html_to_text(cut),
    };
    clean(&text)
}

/// How deep elements nest at most, counted without building them; sloppy closing does not count.
fn depth(html: &str) -> usize {
    const OPEN_ENDED: [&str; 18] = [
        "br", "img", "hr", "meta", "input", "link", "area", "base", "col", "wbr", "source", "p", "li", "td", "th",
        "tr", "option", "o:p",
    ];
    let (mut now, mut most) = (0usize, 0usize);
    for piece in html.split('<').skip(1) {
        if piece.starts_with('/') {
            now = now.saturating_sub(1);
            continue;
        }
        let name: String = piece.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == ':').take(20).collect();
        if !name.is_empty() && !OPEN_ENDED.contains(&name.to_ascii_lowercase().as_str()) {
            now += 1;
            most = most.max(now);
        }
    }
    most
}
