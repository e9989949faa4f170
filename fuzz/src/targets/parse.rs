//! Foreign mail: whatever bytes come, they are taken apart, judged automatic or not, read as a report and as a command,
//! without an end other than an answer. No line of a text gets lost between reply, signature and quote; HTML that is
//! kept has no element but the plain ones.

use super::within;
use lotse::inbound::{Bounds, automatic, command, parse, quote, report, sender};

const TAGS: [&str; 20] = [
    "p",
    "div",
    "br",
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
    "a",
    "table",
    "hr",
    "h1",
    "h2",
];

/// One input.
pub fn run(raw: &[u8]) {
    let mail = within(3000, || parse::parse(raw, &Bounds::default()));
    let judged = (automatic::automatic(&mail), mail.report.as_ref().map(report::read));
    if let Some(report) = &mail.report {
        let _ = report::returned_id(report, "lotse.example.org");
    }
    if let Some(Some(verdict)) = judged.1 {
        assert!(verdict.status.bytes().all(|b| b.is_ascii_digit() || b == b'.'), "{:?}", verdict.status);
    }
    match command::read(&mail.folded.reply) {
        command::Command::Acknowledge { .. } => {}
        command::Command::Return { reason: text } | command::Command::Answer { text } => assert!(!text.is_empty()),
        command::Command::Comment { text } => assert_eq!(text, mail.folded.reply.trim()),
    }
    is_whole(&mail.text);
    if let Ok(text) = std::str::from_utf8(raw) {
        is_whole(text);
    }
    assert!(!mail.subject.contains(['\r', '\n', '\0']), "{:?}", mail.subject);
    for attachment in &mail.attachments {
        assert!(!attachment.name.contains(['/', '\\', '\0', '\r', '\n']), "{:?}", attachment.name);
    }
    if mail.author().is_none() {
        assert!(sender::stranger(&mail, &["a@desk.example.org".to_owned()]).is_some());
    }
    if sender::unproven(&mail, "mx.example.org").is_none() {
        let topmost = mail.header("authentication-results").unwrap_or_default();
        assert!(topmost.to_ascii_lowercase().contains("mx.example.org"), "{topmost:?}");
    }
    let html = mail.html.as_deref().unwrap_or_default();
    for piece in html.split('<').skip(1) {
        let name: String = piece.trim_start_matches('/').chars().take_while(char::is_ascii_alphanumeric).collect();
        assert!(
            TAGS.contains(&&*name) || matches!(&*name, "thead" | "tbody" | "tr" | "td" | "th" | "h3"),
            "<{piece:?}"
        );
    }
    // In a text the same letters are no address.
    let tags = html.split('<').skip(1).filter_map(|piece| piece.split('>').next());
    for href in tags.flat_map(|tag| tag.split("href=\"").skip(1)) {
        // An address without a scheme leads nowhere but to where the page stands; browsers leave these out before they
        // look for one (https://url.spec.whatwg.org/#url-parsing).
        let seen = href.replace(['\t', '\r', '\n'], "");
        let seen = seen.trim_start_matches(|c| c <= ' ').to_ascii_lowercase();
        let good = ["http:", "https:", "mailto:"].iter().any(|scheme| seen.starts_with(scheme));
        let start = seen.split(['"', '/', '?', '#']).next().unwrap_or_default();
        let is_scheme = |name: &str| {
            name.starts_with(|c: char| c.is_ascii_alphabetic())
                && name.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
        };
        let relative = !start.split_once(':').is_some_and(|(name, _)| is_scheme(name));
        assert!(good || relative, "{href:?}");
    }
}

/// Every line of the text stands in one of the three.
fn is_whole(text: &str) {
    let folded = within(1000, || quote::fold(text));
    let lines = |text: &str| -> Vec<String> {
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        text.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect()
    };
    let (mut before, mut after) = (lines(text), Vec::new());
    for part in [&folded.reply, &folded.signature, &folded.quoted] {
        after.extend(lines(part));
    }
    before.sort();
    after.sort();
    assert_eq!(before, after);
}
