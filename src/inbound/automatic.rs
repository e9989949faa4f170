//! Whether a message was written by a machine: then it changes nothing by itself and is never answered. Pure.
//!
//! Rules: RFC 3834 (Auto-Submitted), RFC 2919/2369 (lists), `Precedence`, what Exchange and Lotse itself mark, an
//! empty envelope sender (RFC 5321), and the words out-of-office notes begin with in German and English.

use super::parse::Parsed;

/// What every mail of a Lotse carries, so that two of them never talk to each other.
pub const LOOP_HEADER: &str = "x-lotse-loop";

/// Subjects of notes that nobody wrote just now, in small letters.
const SUBJECTS: &[&str] = &[
    "abwesenheitsnotiz",
    "abwesenheitsnachricht",
    "abwesenheit:",
    "abwesend:",
    "automatische antwort",
    "automatische rückantwort",
    "automatische eingangsbestätigung",
    "out of office",
    "out-of-office",
    "automatic reply",
    "autoreply",
    "auto-reply",
    "auto reply",
    "autoantwort",
    "vacation reply",
    "urlaubsvertretung:",
    "i am out of the office",
    "ich bin nicht im büro",
    "undelivered mail returned to sender",
    "undeliverable:",
    "unzustellbar:",
    "mail delivery failed",
];

/// First words of such notes, in small letters; only a short note without them in the subject is told by these.
const OPENINGS: &[&str] = &[
    "dies ist eine automatische antwort",
    "dies ist eine automatisch generierte",
    "dies ist eine automatisch erzeugte",
    "diese e-mail wurde automatisch",
    "diese nachricht wurde automatisch",
    "ich bin derzeit nicht im büro",
    "ich bin zurzeit nicht im büro",
    "ich bin zur zeit nicht im büro",
    "this is an automatic reply",
    "this is an automated",
    "this is an automatically generated",
    "i am currently out of the office",
    "i am out of the office",
];

/// What wrote a message that no person wrote, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Automatic {
    /// A note that tells nothing: somebody is away, a server reports, another Lotse wrote.
    Note(String),
    /// A machine that may still tell something: a ticket system, a form of a web site, a list.
    Machine(String),
}

impl Automatic {
    /// Why it counts as automatic.
    pub fn words(&self) -> String {
        let (Self::Note(why) | Self::Machine(why)) = self;
        format!("automatische Nachricht: {why}")
    }
}

/// What a message is that no person wrote; nothing where one did.
pub fn automatic(mail: &Parsed) -> Option<Automatic> {
    note(mail).map(Automatic::Note).or_else(|| machine(mail).map(Automatic::Machine))
}

fn note(mail: &Parsed) -> Option<String> {
    if mail.header(LOOP_HEADER).is_some() {
        return Some("sie kommt von einem Lotse".into());
    }
    if let Some(value) = mail.header("auto-submitted")
        && value.trim().to_ascii_lowercase().starts_with("auto-replied")
    {
        return Some(format!("Auto-Submitted: {}", brief(value)));
    }
    // Written by the server that delivers, as the envelope had it.
    if mail.header("return-path").is_some_and(|value| value.replace(' ', "") == "<>") {
        return Some("ihr Umschlag nennt keinen Absender".into());
    }
    let machine = |address: &str| {
        let local = address.split('@').next().unwrap_or_default();
        matches!(local, "mailer-daemon" | "postmaster") || local.starts_with("mailer-daemon")
    };
    if mail.from.iter().any(|from| machine(&from.address)) {
        return Some("sie kommt von einem Mailserver".into());
    }
    let subject = mail.subject.to_lowercase();
    let subject = subject.trim_start_matches("re: ").trim_start_matches("aw: ");
    if SUBJECTS.iter().any(|known| subject.starts_with(known)) {
        return Some("ihr Betreff ist der einer automatischen Antwort".into());
    }
    let opening = mail.folded.reply.trim_start().to_lowercase();
    if OPENINGS.iter().any(|known| opening.starts_with(known) || greeted(&opening).starts_with(known)) {
        return Some("ihr Text ist der einer Abwesenheitsnotiz".into());
    }
    None
}

fn machine(mail: &Parsed) -> Option<String> {
    if let Some(value) = mail.header("auto-submitted")
        && !value.trim().to_ascii_lowercase().starts_with("no")
    {
        return Some(format!("Auto-Submitted: {}", brief(value)));
    }
    for name in ["x-auto-response-suppress", "x-autoreply", "x-autorespond", "x-autoresponse", "x-loop"] {
        if let Some(value) = mail.header(name).filter(|value| !value.trim().eq_ignore_ascii_case("none")) {
            return Some(format!("{name}: {}", brief(value)));
        }
    }
    if let Some(value) = mail.header("precedence") {
        let word = value.trim().to_ascii_lowercase();
        if matches!(word.as_str(), "bulk" | "list" | "junk" | "auto_reply" | "auto-reply") {
            return Some(format!("Precedence: {}", brief(value)));
        }
    }
    let list = mail.headers.iter().find(|(name, _)| name.starts_with("list-"));
    list.map(|(name, _)| format!("sie kommt von einer Verteilerliste ({})", brief(name)))
}

/// The text below its first line, where that only greets.
fn greeted(text: &str) -> &str {
    match text.split_once('\n') {
        Some((first, rest)) if first.len() <= 80 && first.trim_end().ends_with(',') => rest.trim_start(),
        _ => text,
    }
}

fn brief(value: &str) -> String {
    value.chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inbound::bounds::Bounds;
    use crate::inbound::parse::parse;

    #[test]
    fn machines_are_known() {
        for (head, is_automatic) in [
            ("Auto-Submitted: auto-replied", true),
            ("Auto-Submitted: auto-generated; owner-email=\"x\"", true),
            ("Auto-Submitted: no", false),
            ("Precedence: bulk", true),
            ("Precedence: first-class", false),
            ("X-Auto-Response-Suppress: All", true),
            ("X-Lotse-Loop: lotse.example.org", true),
            ("List-Id: <x.example.org>", true),
            ("Return-Path: <>", true),
            ("Return-Path: <a@example.org>", false),
            ("From: MAILER-DAEMON@example.org", true),
            ("Subject: Abwesenheitsnotiz: Anfrage", true),
            ("Subject: =?utf-8?q?Automatische_Antwort=3A_x?=", true),
            ("Subject: Out of Office Re: x", true),
            ("Subject: Re: Automatic reply: x", true),
            ("Subject: Antwort zur automatischen Antwort", false),
        ] {
            let mail = parse(format!("{head}\r\n\r\nHallo\r\n").as_bytes(), &Bounds::default());
            assert_eq!(automatic(&mail).is_some(), is_automatic, "{head}: {:?}", automatic(&mail));
        }
        let note = "Subject: Re: x\n\nGuten Tag,\n\nich bin derzeit nicht im Büro.\n";
        assert!(matches!(automatic(&parse(note.as_bytes(), &Bounds::default())), Some(Automatic::Note(_))));
        for person in ["Subject: Auto: Ummeldung geht nicht", "Subject: Eingangsbestätigung: nie bekommen"] {
            let mail = format!("{person}\n\nIch bin bis zum Schritt 3 gekommen.\n");
            assert_eq!(automatic(&parse(mail.as_bytes(), &Bounds::default())), None, "{person}");
        }
        let system = parse(b"Precedence: bulk\n\nGeloest.\n", &Bounds::default());
        assert!(matches!(automatic(&system), Some(Automatic::Machine(_))));
    }
}
