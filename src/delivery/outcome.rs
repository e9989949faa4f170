//! How one attempt to send ended, in the terms that `record.rs` understands: what to note, and what it says
//! about the endpoint. Pure.
//!
//! Invariant: the words of an outcome never hold personal data. They are ours, or a mail server's reply with
//! addresses taken out and at most 200 characters.

use chrono::TimeDelta;

use super::adapter::Answered;
use super::outbox::AttemptOutcome;

/// The longest text taken over from a receiver.
const LONGEST_DETAIL: usize = 200;

/// What an attempt says about the endpoint it went to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum News {
    /// Nothing: the fault lies elsewhere, such as at our own mail server.
    None,
    /// It takes messages.
    Sound,
    /// It does not take messages at present.
    Failing,
    /// The mailbox does not exist.
    NoMailbox,
    /// It wants no more messages (HTTP 410).
    Gone,
}

/// The end of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outcome {
    pub kind: AttemptOutcome,
    pub detail: String,
    pub news: News,
    /// When the receiver would like to be asked again.
    pub retry_after: Option<TimeDelta>,
    /// True where waiting will hardly help, so that somebody should hear at once.
    pub needs_person: bool,
    /// What of the answer is kept.
    pub answer: Option<Answered>,
}

impl Outcome {
    fn new(kind: AttemptOutcome, detail: &str, news: News) -> Self {
        Self { kind, detail: in_words(detail), news, retry_after: None, needs_person: false, answer: None }
    }

    /// Accepted.
    pub fn sent(detail: &str) -> Self {
        Self::new(AttemptOutcome::Sent, detail, News::Sound)
    }

    /// Not accepted, may be later.
    pub fn failed(detail: &str, news: News) -> Self {
        Self::new(AttemptOutcome::Failed, detail, news)
    }

    /// Refused for good.
    pub fn refused(detail: &str, news: News) -> Self {
        Self::new(AttemptOutcome::Refused, detail, news)
    }

    /// The same with a server's reply cut down to its codes; our own words stay.
    pub fn without_words(mut self) -> Self {
        let is_code = |word: &&str| word.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        let codes: Vec<&str> = self.detail.split(' ').take_while(is_code).collect();
        if codes.first().is_some_and(|code| code.len() == 3) {
            self.detail = codes.join(" ");
        }
        self
    }

    /// Not even tried.
    pub fn skipped(detail: &str) -> Self {
        Self::new(AttemptOutcome::Skipped, detail, News::None)
    }
}

/// A text made fit to be shown: one line, printable, short, without mail addresses.
pub(super) fn in_words(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let words: Vec<&str> = words.map(|word| if word.contains('@') { "…" } else { word }).collect();
    let line = words.join(" ");
    match line.char_indices().nth(LONGEST_DETAIL) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_short_and_name_nobody() {
        for (text, words) in [
            ("550 5.1.1 <erika@example.org>: no such user", "550 5.1.1 … no such user"),
            ("a\r\nb\u{0}c\td", "a b c d"),
            ("", ""),
        ] {
            assert_eq!(in_words(text), words);
        }
        assert_eq!(in_words(&"ä".repeat(500)).chars().count(), 201);
        for (text, words) in [
            ("550 5.1.1 Erika Mustermann is unknown", "550 5.1.1"),
            ("250 2.0.0 taken", "250 2.0.0"),
            ("no answer within 15 s", "no answer within 15 s"),
        ] {
            assert_eq!(Outcome::sent(text).without_words().detail, words);
        }
    }
}
