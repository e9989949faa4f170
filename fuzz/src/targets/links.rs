//! What speaks for somebody without a log-in: the address a reply goes to, the path a mail comes back on, the work of
//! the public form, links in letters. Nobody makes one up, and what is changed in the smallest counts for nothing.

use super::{lines, text, within};
use chrono::{DateTime, TimeDelta, Utc};
use lotse::clock::Timestamp;
use lotse::delivery::ReturnPath;
use lotse::escalation::link::{escalation_of, reply_address};
use lotse::ids::{DeliveryId, EscalationId};
use lotse::tickets::public_form::challenge::{Bad, Times, is_solved, issue, read};
use lotse::tickets::public_form::link::without_secrets;
use sha2::{Digest, Sha256};
use uuid::Uuid;

const KEY: [u8; 32] = [7; 32];
const MAILBOX: &str = "antwort@lotse.example.org";
const TIMES: Times = Times { at_least: TimeDelta::seconds(3), at_most: TimeDelta::hours(2) };

fn sign(text: &str) -> String {
    Sha256::digest([b"a key ", text.as_bytes()].concat()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// One input.
pub fn run(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let [first, second] = lines(text);
    let now = Timestamp::new(DateTime::<Utc>::from_timestamp(1_795_000_000, 0).expect("a time"));

    // Addresses with a seal.
    let returns = ReturnPath::new(MAILBOX.into(), KEY);
    assert_eq!(within(500, || escalation_of(MAILBOX, &KEY, first)), None, "{first:?}");
    assert_eq!(within(500, || returns.delivery(first)), None, "{first:?}");
    if let Some(bytes) = data.first_chunk::<16>() {
        let (id, delivery) =
            (EscalationId::from_uuid(Uuid::from_bytes(*bytes)), DeliveryId::from_uuid(Uuid::from_bytes(*bytes)));
        let address = reply_address(MAILBOX, &KEY, id).expect("an address");
        assert_eq!(escalation_of(MAILBOX, &KEY, &address.to_uppercase()), Some(id));
        assert_eq!(escalation_of(MAILBOX, &[8; 32], &address), None);
        assert_eq!(returns.delivery(&address), None, "a reply is no return");
        let path = returns.of(delivery).expect("a path");
        assert_eq!(returns.delivery(&path), Some(delivery));
        assert_eq!(escalation_of(MAILBOX, &KEY, &path), None, "a return is no reply");
        let at = usize::from(bytes[0]) % address.len();
        let mut changed = address.clone().into_bytes();
        changed[at] = if changed[at] == b'x' { b'y' } else { b'x' };
        assert_eq!(escalation_of(MAILBOX, &KEY, &String::from_utf8_lossy(&changed)), None);
    }

    // The work of the form.
    assert_eq!(read("a/b", first, TIMES, now, sign), Err(Bad::Forged), "{first:?}");
    let ours = issue("a/b", second, 8, now, sign);
    let later = now.plus(TimeDelta::seconds(4));
    assert_eq!(read("a/b", &ours, TIMES, later, sign).map(|ours| ours.name), Ok(second.to_owned()));
    assert_eq!(read("a/c", &ours, TIMES, later, sign), Err(Bad::Forged));
    assert_eq!(read("a/b", &ours, TIMES, now, sign), Err(Bad::TooEarly));
    assert_eq!(read("a/b", &ours, TIMES, now.plus(TimeDelta::hours(3)), sign), Err(Bad::Expired));
    if !first.is_empty() {
        assert_eq!(read("a/b", &format!("{ours}{first}"), TIMES, later, sign), Err(Bad::Forged));
    }
    let zeros = Sha256::digest(format!("{ours}:{first}"))
        .iter()
        .try_fold(0u32, |all, byte| if *byte == 0 { Ok(all + 8) } else { Err(all + byte.leading_zeros()) });
    let zeros = zeros.unwrap_or_else(|zeros| zeros);
    for bits in [0, 1, 7, 8, 9, 16, 255, u32::MAX] {
        let is_done = !first.is_empty() && first.len() <= 40 && zeros >= bits;
        assert_eq!(is_solved(&ours, bits, first), is_done, "{bits} of {zeros}");
    }

    // Letters that are shown later.
    let shown = within(500, || without_secrets(text));
    for part in shown.split("?s=").skip(1) {
        assert!(part.starts_with('…'), "{shown:?}");
    }
}
