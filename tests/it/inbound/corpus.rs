//! Mail that is broken in every way mail has been broken in thirty years, and in some it has not: each is taken in or
//! waits for a person with its raw copy, none is lost, none is taken for another.

use std::collections::BTreeSet;

use lotse::inbound::Bounds;
use lotse::inbound::parse::parse;
use lotse::inbound::take::take;
use proptest::prelude::*;

use super::{AskedDesk, DESK, arrival};
use crate::support::app::{Kind, TestApp};

/// Heads, good and bad.
const HEADS: [&[u8]; 12] = [
    b"Message-ID: <%@x.example.org>\r\n",
    b"",
    b"Message-ID: \r\n",
    b"Message-ID: <same@x.example.org>\r\nMessage-ID: <%@x.example.org>\r\n",
    b"Message-ID: <%@x.example.org>\nSubject: =?utf-8?q?=C3\r\n",
    b"Subject: =?iso-8859-1?b?////?= =?koi8-r?q?=C1?=\r\nMessage-ID: <%@x.example.org>\r\n",
    b"\xef\xbb\xbfMessage-ID: <%@x.example.org>\r\n",
    b"From \x00\x01 x\r\nMessage-ID: <%@x.example.org>\r\n",
    b": no name\r\n :folded\r\nMessage-ID:<%@x.example.org>\r\n",
    b"To: a@b.example.org, <, \"x, (((((((\r\nMessage-ID: <%@x.example.org>\r\n",
    b"Date: 99 Foo 2026 99:99\r\nReceived: \xff\xfe\r\nMessage-ID: <%@x.example.org>\r\n",
    b"Subject: a\rb\nMessage-ID: <%@x.example.org>\n",
];

/// Kinds and bodies.
const BODIES: [(&[u8], &[u8]); 42] = [
    (b"", b"plain %"),
    (b"Content-Type: text/plain; charset=iso-8859-15\r\n", b"\xa4 \xdcbernommen %"),
    (b"Content-Type: text/plain; charset=windows-1252\r\n", b"\x80 \x84x\x93 %"),
    (b"Content-Type: text/plain; charset=utf-7\r\n", b"+ANw-bernommen %"),
    (b"Content-Type: text/plain; charset=koi8-r\r\n", b"\xc1\xc2 %"),
    (b"Content-Type: text/plain; charset=gb2312\r\n", b"\xc4\xe3\xba\xc3 %"),
    (b"Content-Type: text/plain; charset=unknown-8bit\r\n", b"\xff\xfe %"),
    (b"Content-Type: text/plain; charset=\"\r\n", b"%"),
    (b"Content-Type: text\r\n", b"%"),
    (b"Content-Type: /\r\n", b"%"),
    (b"Content-Type: multipart/mixed\r\n", b"--\r\n%"),
    (b"Content-Type: multipart/mixed; boundary=\r\n", b"--\r\n%\r\n--"),
    (b"Content-Type: multipart/mixed; boundary=b\r\n", b"--b"),
    (b"Content-Type: multipart/mixed; boundary=b\r\n", b"--b\r\n\r\n% no end"),
    (b"Content-Type: multipart/mixed; boundary=b\r\n", b"--b--\r\n%"),
    (b"Content-Type: multipart/mixed; boundary=b\r\n", b"--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n%"),
    (b"Content-Type: multipart/alternative; boundary=b\r\n", b"--b\r\nContent-Type: text/html\r\n\r\n<p>%<script>alert(1)</script>"),
    (b"Content-Type: text/html\r\n", b"<html><body onload=x><div><p>%<br>"),
    (b"Content-Type: text/html; charset=utf-16\r\n", b"\xff\xfe<\x00p\x00>\x00%\x00"),
    (b"Content-Type: text/html\r\n", b"<!--<table><tr><td>% <a href=\"javascript:x\">"),
    (b"Content-Transfer-Encoding: base64\r\n", b"=====%"),
    (b"Content-Transfer-Encoding: base64\r\n", b"w5xiZXJub21tZW4 % !!!"),
    (b"Content-Transfer-Encoding: quoted-printable\r\n", b"=\r\n=ZZ=C3=%"),
    (b"Content-Transfer-Encoding: x-uuencode\r\n", b"begin 644 a\n#%\nend"),
    (b"Content-Transfer-Encoding: \x00\r\n", b"%"),
    (b"Content-Type: message/rfc822\r\n", b"Content-Type: message/rfc822\r\n\r\nFrom: x\r\n\r\n%"),
    (b"Content-Type: message/partial; id=x; number=1\r\n", b"%"),
    (b"Content-Type: message/delivery-status\r\n", b"Action: failed\r\nStatus: 5.1.1\r\n\r\n%"),
    (b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n", b"--b\r\n\r\n%\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nAction"),
    (b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n", b"--b\r\nContent-Type: message/delivery-status\r\n\r\nx: y\r\n\r\nFinal-Recipient: x\r\nAction: failed\r\nStatus: 5.\r\n\r\n--b--%"),
    (b"Content-Type: application/ms-tnef; name=winmail.dat\r\n", b"x\x9f>\x22%"),
    (b"Content-Type: application/pdf\r\nContent-Disposition: attachment; filename*=utf-8''%E4\r\n", b"%PDF-"),
    (b"Content-Disposition: attachment; filename=\"=?utf-8?q?=00=0A..=2F?=\"\r\n", b"%"),
    (b"Content-Disposition: attachment; filename*0=a; filename*2=c\r\n", b"%"),
    (b"Content-Type: text/calendar; method=REPLY\r\n", b"BEGIN:VCALENDAR\r\n%"),
    (b"Content-Type: multipart/signed; boundary=s\r\n", b"--s\r\n\r\n%\r\n--s\r\nContent-Type: application/pgp-signature\r\n\r\nx\r\n--s--"),
    (b"Content-Type: text/plain; format=flowed; delsp=yes\r\n", b"> %\r\n>> x \r\n"),
    (b"", b"\x00\x00\x00%"),
    (b"", b"\r\r\r\n\n\r%"),
    (b"", b">From %\r\n.\r\n..\r\n"),
    (b"MIME-Version: 9.9\r\n", b"\xed\xa0\x80 %"),
    (b"Content-Type: text/plain\r\nContent-Type: text/html\r\n", b"<b>%"),
];

/// Every head with every body: 504 messages, each different from all others.
fn corpus(address: &str) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for (at, head) in HEADS.iter().enumerate() {
        for (body_at, (kind, body)) in BODIES.iter().enumerate() {
            let mark = format!("{at}-{body_at}");
            let fill = |text: &[u8]| -> Vec<u8> {
                text.iter()
                    .flat_map(|byte| if *byte == b'%' { mark.clone().into_bytes() } else { vec![*byte] })
                    .collect()
            };
            let mut raw = format!("From: {DESK}\r\nTo: {address}\r\n").into_bytes();
            raw.extend(fill(head));
            raw.extend_from_slice(kind);
            raw.extend_from_slice(b"\r\n");
            raw.extend(fill(body));
            all.push(raw);
        }
    }
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_broken_mails_are_all_kept() {
    // So many in a moment from one address would be a loop.
    let more = "[inbound]\nloop_limit = 100000\n";
    let mut app = TestApp::start_with(Kind::Sqlite, more, lotse::clock::Clock::system()).await;
    let asked = AskedDesk::new(&mut app).await;
    let admin = app.token(lotse::access::Role::Admin, "").await;
    let all = corpus(&asked.address());
    let mut ids = BTreeSet::new();
    let mut states = std::collections::BTreeMap::new();
    for raw in &all {
        let taken = take(&app.app.inbound, arrival("pipe", raw.clone())).await.unwrap();
        assert!(taken.is_new, "wrongly taken for another: {}", String::from_utf8_lossy(raw));
        ids.insert(taken.id);
        *states.entry(taken.state.to_string()).or_insert(0) += 1;
    }
    assert_eq!(ids.len(), all.len());
    assert_eq!(all.len(), 504);
    println!("{states:?}");
    for (id, raw) in ids.iter().zip(&all).step_by(25) {
        let kept = app.get(&admin, &format!("/api/v1/inbound/{id}/raw")).await;
        assert_eq!((kept.status, kept.body.is_empty()), (200, false), "{}", String::from_utf8_lossy(raw));
        app.get(&admin, &format!("/api/v1/inbound/{id}")).await.expect(200);
    }
    // Read again they are all known.
    for raw in &all {
        assert!(!take(&app.app.inbound, arrival("pipe", raw.clone())).await.unwrap().is_new);
    }
    // None of them spoke for the contact by more than a comment or the word it really says.
    let escalation = app.get(&admin, &asked.path()).await.expect(200);
    assert!(matches!(escalation["status"].as_str(), Some("pending" | "sent" | "acknowledged")), "{escalation}");
}

fn fragment() -> impl Strategy<Value = Vec<u8>> {
    let known: Vec<&'static [u8]> = vec![
        b"\r\n",
        b"\r\n\r\n",
        b"--b",
        b"--b--",
        b"Content-Type: multipart/mixed; boundary=b",
        b"Content-Type: message/rfc822",
        b"Content-Type: text/html; charset=utf-7",
        b"Content-Transfer-Encoding: base64",
        b"=?utf-8?q?",
        b"?=",
        b"From: a@b",
        b"<div>",
        b"</div>",
        b"<!--",
        b"> ",
        b"Am 1 schrieb x:",
        b"-- ",
        b"Action: failed",
        b"Status: 5.1.1",
    ];
    prop_oneof![
        prop::sample::select(known).prop_map(<[u8]>::to_vec),
        prop::collection::vec(any::<u8>(), 0..40),
        "[ -~äöü]{0,40}".prop_map(String::into_bytes),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever bytes come, taking them apart ends, and what it says is fit to be stored.
    #[test]
    fn any_bytes_are_taken_apart(parts in prop::collection::vec(fragment(), 0..60)) {
        let parsed = parse(&parts.concat(), &Bounds::default());
        for text in [&parsed.subject, &parsed.text, &parsed.folded.reply, &parsed.folded.quoted, &parsed.message_id] {
            prop_assert!(!text.contains('\0'));
        }
        for attachment in &parsed.attachments {
            prop_assert!(!attachment.name.contains(['/', '\\', '\n', '\r', '\0']) && !attachment.name.is_empty());
        }
        if let Some(html) = &parsed.html {
            prop_assert!(!html.to_lowercase().contains("<script"));
        }
    }
}

/// Bombs cost neither time nor memory to speak of.
#[test]
fn bombs_do_not_go_off() {
    let resident = || {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches("kB").trim().parse::<u64>().unwrap() / 1024
    };
    let mib = 1024 * 1024;
    let multipart = "Content-Type: multipart/mixed; boundary=b\n\n";
    let deep: String =
        (0..50).map(|n| format!("Content-Type: multipart/mixed; boundary=\"b{n}\"\n\n--b{n}\n")).collect();
    let html = |text: String| format!("Content-Type: text/html\n\n{text}");
    let bombs = [
        format!("{multipart}{}", "--b\n\nx\n".repeat(mib)),
        format!("{multipart}{}", "--b\na:b\n".repeat(mib)),
        "a:\n".repeat(3 * mib),
        format!("To: {}\n\nx", "a@b,".repeat(2 * mib)),
        format!("References: {}\n\nx", "<a@b> ".repeat(60_000)),
        deep,
        html("<div>".repeat(mib)),
        html("<p>".repeat(100_000)),
        html("<b><i><a>".repeat(50_000)),
        html("<table>".repeat(400)),
        html(format!("<a href=\"{}", "x".repeat(8 * mib))),
        html("&amp;".repeat(mib)),
        format!("Content-Transfer-Encoding: base64\n\n{}", "QUFB\n".repeat(mib)),
        format!("\n{}", "> ".repeat(4 * mib)),
        format!("\n{}", "Am 1 schrieb\n".repeat(700_000)),
        format!("Subject: {}\n\nx", "=?utf-8?q?=41?= ".repeat(20_000)),
    ];
    let before = resident();
    for (at, bomb) in bombs.iter().enumerate() {
        let begun = std::time::Instant::now();
        let parsed = parse(bomb.as_bytes(), &Bounds::default());
        let took = begun.elapsed();
        println!("bomb {at}: {} KiB, {took:?}, {:?}", bomb.len() / 1024, parsed.fault);
        assert!(took.as_secs() < 20, "bomb {at} took {took:?}");
    }
    // The test's own memory counts too: what the bombs themselves need was there before.
    assert!(resident() - before < 64, "{} MiB more", resident() - before);
}
