//! Whatever bytes come: they are taken apart, judged automatic or not, read as a report and as a command, without an end
//! other than an answer.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lotse::inbound::{Bounds, automatic, command, parse, report};

fuzz_target!(|raw: &[u8]| {
    let mail = parse::parse(raw, &Bounds::default());
    let _ = automatic::why(&mail);
    let _ = mail.report.as_ref().and_then(report::read);
    let _ = command::read(&mail.folded.reply);
    assert!(!mail.html.as_deref().unwrap_or_default().to_lowercase().contains("<script"));
});
