//! Texts made to be slow: whatever reads what strangers write takes time in proportion to its length, at most 200 ms for
//! a MiB.
//!
//! There is no regular expression in the product; these are the readers that could behave like one. Time is what the
//! thread computed, so that other tests beside it make no difference.

use std::time::Duration;

use lotse::delivery::ReturnPath;
use lotse::directory::reference;
use lotse::inbound::{Bounds, command, parse, quote, sender};
use lotse::tickets::public_form::link::without_secrets;
use lotse::tickets::{attachments::kind, redact, reply, search, ticket::warnings};

const MIB: usize = 1024 * 1024;
/// Without optimisation everything takes so many times as long.
const SLOWER: u32 = if cfg!(debug_assertions) { 30 } else { 1 };
/// So much of a MiB is read: enough that what grows faster than its length shows.
const PART: usize = if cfg!(debug_assertions) { 16 } else { 1 };

/// What this thread has computed so far.
fn computed() -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(told.split(' ').next().unwrap().parse().unwrap())
}

fn took(work: impl FnOnce()) -> Duration {
    let begun = computed();
    work();
    computed() - begun
}

/// Patterns that begin again and again what they never end.
const PATTERNS: [&str; 26] = [
    " ",
    "a",
    "1",
    "1 ",
    "1-",
    "DE1 ",
    "D ",
    "DE89 3704 0044 0532 0130 0",
    "03.11.",
    "03.11.1971",
    ".",
    "> ",
    ">\n",
    "\n",
    "--\n",
    "-- \n",
    "Am 3.11. schrieb\n",
    "Von: a\n",
    "Von: a\nGesendet: b\n",
    "____\n",
    "Mit freundlichen Grüßen\n",
    "?s=",
    "Mu\u{308}",
    "&<\"",
    "PK\u{3}\u{4}",
    "%PDF",
];

/// What was read is not looked at.
fn done<T>(read: T) {
    std::hint::black_box(read);
}

type Reader = (&'static str, fn(&str));

const READERS: [Reader; 13] = [
    ("quotes", |text| done(quote::fold(text))),
    ("commands", |text| done(command::read(text))),
    ("folding", |text| done(lotse::keys::fold(text))),
    ("searches", |text| done(search::words(text))),
    ("warnings", |text| done(warnings("text", text))),
    ("blacking out", |text| done(redact::black_out(text))),
    ("letters", |text| done(reply::paragraphs(text))),
    ("links in letters", |text| done(without_secrets(text))),
    ("numbers of others", |text| done(reference::find("AAA#######", text))),
    ("kinds of files", |text| done(kind::kind_of(text.as_bytes()))),
    ("names of files", |text| done(kind::safe_name(text, kind::FileKind::Pdf))),
    ("ticket numbers", |text| done(text.parse::<lotse::tickets::TicketNumber>())),
    ("return paths", |text| done(ReturnPath::new("a@example.org".into(), [0; 32]).delivery(text))),
];

#[test]
fn no_text_is_slow_to_read() {
    for pattern in PATTERNS {
        let long = pattern.repeat(MIB / PART / pattern.len());
        for (name, read) in READERS {
            let took = took(|| read(&long)) * PART as u32;
            assert!(took < Duration::from_millis(200) * SLOWER, "{name} of {pattern:?} takes {took:?} for a MiB");
        }
    }
}

/// What our own mail server says of a sender holds words of strangers; a header is as long as they like.
#[test]
fn no_header_is_slow_to_read() {
    for pattern in ["(", "\"", "\\", "(\"", ";", "dmarc=pass ", "a=b;", "\u{e9}", "=?utf-8?q?=C3"] {
        let header = pattern.repeat(256 * 1024 / pattern.len());
        let mail = format!(
            "From: a@example.org\r\nAuthentication-Results: mx.example.org; {header}\r\nMessage-ID: <x@x>\r\n\r\nx"
        );
        let took = took(|| {
            let mail = parse::parse(mail.as_bytes(), &Bounds::default());
            sender::unproven(&mail, "mx.example.org");
        });
        assert!(took < Duration::from_millis(100) * SLOWER, "{pattern:?} took {took:?}");
    }
}

/// The interface reads at most 256 KiB at once.
#[test]
fn no_body_is_slow_to_read() {
    use lotse::http::auth::{parse, parse_query};
    use lotse::tickets::submit::SubmitTicket;
    let length = 256 * 1024;
    for pattern in ["[", "{\"a\":", "\\u0000", "\"", "1", "-", "1e9", "\"a\",", "{\"service\":\"a\"},", " ", "\\\\"] {
        let filler = pattern.repeat(length / pattern.len());
        for body in [filler.clone(), format!("{{\"service\":\"{filler}\"}}"), format!("{{\"context\":{{\"a\":{filler}")]
        {
            let took = took(|| drop(parse::<SubmitTicket>(body.as_bytes())));
            assert!(took < Duration::from_millis(50) * SLOWER, "{pattern:?} took {took:?}");
        }
    }
    for pattern in ["&", "a=b&", "%", "%41", "+", "q=", "=&"] {
        let query = pattern.repeat(length / pattern.len());
        let took = took(|| drop(parse_query::<lotse::http::api::tickets::ListQuery>(&query)));
        assert!(took < Duration::from_millis(50) * SLOWER, "{pattern:?} took {took:?}");
    }
}
