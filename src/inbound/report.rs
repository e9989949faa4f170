//! What a mail server reports about a message of ours (RFC 3464): which, and whether there is still hope. Pure.
//!
//! Invariant: a report is believed only for the message whose return path it was sent to, which carries an HMAC; where
//! no such address is set (`mail.bounce_address`), for the message whose unguessable id it returns together with the
//! recipient it names.

use super::parse::Report;

/// What a report means for the message it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// What it says.
    pub meaning: Meaning,
    /// Whom it could not be delivered to, in small letters.
    pub recipient: String,
    /// The status (RFC 3463), such as `5.1.1`.
    pub status: String,
    /// The server's words, as they stand.
    pub words: String,
}

/// How a message fared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// There is no such mailbox: the contact is marked and the next step begins.
    NoMailbox,
    /// This message was refused for good (policy, size): the next step begins, the contact stays as it is.
    Refused,
    /// It is late, or the mailbox is full: nothing changes.
    Passing,
    /// It arrived.
    Delivered,
}

/// Reads a report; nothing where it names no recipient.
pub fn read(report: &Report) -> Option<Verdict> {
    // The first block is about the message, each further one about a recipient; ours have one recipient each.
    let blocks = report.status.replace("\r\n", "\n");
    let block = blocks.split("\n\n").find(|block| field(block, "action").is_some())?;
    let action = field(block, "action")?.to_ascii_lowercase();
    let status = field(block, "status").unwrap_or_default();
    let status: String = status.chars().take_while(|c| c.is_ascii_digit() || *c == '.').take(12).collect();
    let recipient = field(block, "original-recipient").or_else(|| field(block, "final-recipient")).unwrap_or_default();
    let recipient = recipient.rsplit(';').next().unwrap_or_default().trim().trim_matches(['<', '>']).to_lowercase();
    let words = field(block, "diagnostic-code").unwrap_or_default();
    let words = words.split_once(';').map_or(words.as_str(), |(_, words)| words).trim().to_owned();
    Some(Verdict { meaning: meaning(&action, &status), recipient, status, words })
}

fn meaning(action: &str, status: &str) -> Meaning {
    match action {
        "delivered" | "relayed" | "expanded" => return Meaning::Delivered,
        "failed" => {}
        // Delayed, and whatever a server makes up.
        _ => return Meaning::Passing,
    }
    let mut parts = status.split('.');
    let (class, subject, detail) = (parts.next(), parts.next(), parts.next());
    match (class, subject, detail) {
        (Some("5"), Some("2"), Some("2")) => Meaning::Passing,
        (Some("5"), Some("0" | "1"), _) | (Some("5"), Some("2"), Some("1")) | (Some("5"), Some("4"), Some("4")) => {
            Meaning::NoMailbox
        }
        (Some("5"), ..) => Meaning::Refused,
        // 4.x.x that has failed for good: its time was over.
        _ => Meaning::Passing,
    }
}

/// The ids of messages of this domain that came back, without brackets.
pub fn returned_id(report: &Report, domain: &str) -> Option<String> {
    let id = field(&report.returned.replace("\r\n", "\n"), "message-id")?;
    let id = id.trim().trim_start_matches('<').trim_end_matches('>').to_owned();
    id.strip_suffix(domain).and_then(|rest| rest.strip_suffix('@')).map(str::to_owned)
}

/// The value of a field, with its folded lines.
fn field(block: &str, name: &str) -> Option<String> {
    let mut lines = block.lines();
    let mut value = loop {
        let line = lines.next()?;
        if let Some((known, value)) = line.split_once(':')
            && known.trim().eq_ignore_ascii_case(name)
        {
            break value.trim().to_owned();
        }
    };
    for line in lines.take_while(|line| line.starts_with([' ', '\t'])) {
        value.push(' ');
        value.push_str(line.trim());
    }
    Some(value.chars().take(500).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_has_its_meaning() {
        use Meaning::*;
        for (action, status, expected) in [
            ("failed", "5.1.1", NoMailbox),
            ("failed", "5.0.0", NoMailbox),
            ("failed", "5.1.10", NoMailbox),
            ("failed", "5.2.1", NoMailbox),
            ("failed", "5.4.4", NoMailbox),
            ("failed", "5.2.2", Passing),
            ("failed", "5.2.3", Refused),
            ("failed", "5.3.4", Refused),
            ("failed", "5.7.1", Refused),
            ("failed", "4.4.7", Passing),
            ("failed", "", Passing),
            ("delayed", "4.4.1", Passing),
            ("delayed", "5.1.1", Passing),
            ("delivered", "2.0.0", Delivered),
        ] {
            assert_eq!(meaning(action, status), expected, "{action} {status}");
        }
    }

    #[test]
    fn a_report_is_read() {
        let status = "Reporting-MTA: dns; mx.example.org\r\n\r\nFinal-Recipient: rfc822; Technik@Dataport.example.org\r\n\
            Action: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1\r\n  no such user\r\n";
        let returned = "Received: x\r\nMessage-ID:\r\n <0190@lotse.example.org>\r\n";
        let report = Report { status: status.into(), returned: returned.into() };
        let verdict = read(&report).unwrap();
        assert_eq!(verdict.meaning, Meaning::NoMailbox);
        assert_eq!(verdict.recipient, "technik@dataport.example.org");
        assert_eq!(verdict.words, "550 5.1.1 no such user");
        assert_eq!(returned_id(&report, "lotse.example.org").as_deref(), Some("0190"));
        assert_eq!(returned_id(&report, "other.example.org"), None);
        assert_eq!(read(&Report::default()), None);
    }
}
