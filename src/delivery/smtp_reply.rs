//! What a mail server's reply means. Pure.
//!
//! Rules: RFC 5321 (4xx passes, 5xx does not), RFC 3463 (enhanced codes: 5.1 is the address, 5.2 the mailbox's
//! state, 5.7 policy).

use super::outcome::{News, Outcome};

/// How far a dialogue had come when it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Greeting, EHLO, TLS, log-on: nothing of the message was said yet.
    Connect,
    /// The sender's address.
    Sender,
    /// The recipient's address.
    Recipient,
    /// The word DATA, not the message.
    Data,
    /// The message itself: it may have arrived.
    Message,
}

/// Why a mail was not taken.
#[derive(Debug)]
pub(super) struct Fault {
    pub stage: Stage,
    /// The server's reply code; none where the connection failed.
    pub code: Option<u16>,
    pub text: String,
}

/// What a failed dialogue means: 4xx and broken connections pass, 5xx does not; a fault of our own log-on
/// concerns no single message and is retried, but somebody has to hear of it.
pub(super) fn judge(fault: &Fault) -> Outcome {
    let is_refusal = fault.code.is_some_and(|code| code >= 500);
    let is_log_on = fault.stage == Stage::Connect || matches!(fault.code, Some(530 | 534 | 535 | 538));
    if is_log_on {
        return Outcome { needs_person: is_refusal, ..Outcome::failed(&fault.text, News::None) };
    }
    let is_about_mailbox = fault.stage == Stage::Recipient && fault.code.is_some();
    if !is_refusal {
        return Outcome::failed(&fault.text, if is_about_mailbox { News::Failing } else { News::None });
    }
    let enhanced = fault.text.split_whitespace().nth(1).filter(|word| word.starts_with("5."));
    let no_mailbox = match enhanced {
        Some(word) if word.starts_with("5.1.") => fault.stage != Stage::Sender,
        Some(word) if !word.starts_with("5.0.") => false,
        _ => fault.stage == Stage::Recipient && matches!(fault.code, Some(550 | 551 | 553)),
    };
    Outcome::refused(&fault.text, if no_mailbox { News::NoMailbox } else { News::None })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::outbox::AttemptOutcome::{Failed, Refused};

    #[test]
    fn a_reply_has_its_meaning() {
        use Stage::{Connect, Data, Message, Recipient, Sender};
        for (stage, reply, kind, news, needs_person) in [
            (Connect, "421 4.3.2 shutting down", Failed, News::None, false),
            (Connect, "554 5.7.1 no access", Failed, News::None, true),
            (Connect, "535 5.7.8 wrong password", Failed, News::None, true),
            (Sender, "530 5.7.0 log on first", Failed, News::None, true),
            (Sender, "451 4.7.1 later", Failed, News::None, false),
            (Sender, "550 5.7.1 sender not allowed", Refused, News::None, false),
            (Sender, "553 5.1.8 sender unknown", Refused, News::None, false),
            (Recipient, "450 4.2.0 greylisted", Failed, News::Failing, false),
            (Recipient, "452 4.2.2 mailbox full", Failed, News::Failing, false),
            (Recipient, "550 5.1.1 no such user", Refused, News::NoMailbox, false),
            (Recipient, "550 no such user", Refused, News::NoMailbox, false),
            (Recipient, "551 user not local", Refused, News::NoMailbox, false),
            (Recipient, "553 5.0.0 name not allowed", Refused, News::NoMailbox, false),
            (Recipient, "550 5.2.1 mailbox disabled", Refused, News::None, false),
            (Recipient, "550 5.7.1 blocked", Refused, News::None, false),
            (Recipient, "554 5.7.1 relay denied", Refused, News::None, false),
            (Data, "503 5.5.1 out of order", Refused, News::None, false),
            (Message, "451 4.3.0 try later", Failed, News::None, false),
            (Message, "550 looks like spam", Refused, News::None, false),
            (Message, "550 5.1.1 no such user", Refused, News::NoMailbox, false),
            (Message, "552 5.3.4 too big", Refused, News::None, false),
        ] {
            let code = reply[..3].parse().ok();
            let outcome = judge(&Fault { stage, code, text: reply.into() });
            assert_eq!(
                (outcome.kind, outcome.news, outcome.needs_person),
                (kind, news, needs_person),
                "{stage:?} {reply}"
            );
            assert_eq!(outcome.detail, reply);
        }
    }

    #[test]
    fn a_broken_connection_passes() {
        for stage in [Stage::Connect, Stage::Recipient, Stage::Message] {
            let outcome = judge(&Fault { stage, code: None, text: "hung up".into() });
            assert_eq!((outcome.kind, outcome.news), (Failed, News::None));
        }
    }
}
