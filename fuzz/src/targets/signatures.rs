//! Signatures of webhooks and callbacks (Standard Webhooks): only the true one of these very words, in its time, counts.

use super::{lines, text, within};
use chrono::{DateTime, Utc};
use lotse::clock::Timestamp;
use lotse::delivery::check_secret;
use lotse::escalation::callback::{Signed, is_signed};
use standardwebhooks::Webhook;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const NOW: i64 = 1_795_000_000;

/// One input.
pub fn run(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let [id, timestamp, signature, secret, body] = lines(text);
    let now = Timestamp::new(DateTime::<Utc>::from_timestamp(NOW, 0).expect("a time"));
    let secrets = [SECRET.to_owned()];
    let signed = |id: &str, timestamp: &str, signature: &str, body: &str| Signed {
        contact: "technik".into(),
        id: id.into(),
        timestamp: timestamp.into(),
        signature: signature.into(),
        body: body.as_bytes().to_vec(),
    };
    // Nobody guesses a signature.
    assert!(!within(500, || is_signed(&signed(id, timestamp, signature, body), &secrets, now)), "{text:?}");
    // A true one counts, among others too, and for nothing else.
    let Ok(made) = Webhook::new(SECRET).and_then(|key| key.sign(id, NOW, body.as_bytes())) else { return };
    let seconds = NOW.to_string();
    assert!(is_signed(&signed(id, &seconds, &made, body), &secrets, now));
    assert!(is_signed(&signed(id, &seconds, &format!("v1,AAAA {made}"), body), &secrets, now));
    let other = signed(&format!("{id}x"), &seconds, &made, body);
    assert!(!is_signed(&other, &secrets, now));
    assert!(!is_signed(&signed(id, &seconds, &made, &format!("{body} ")), &secrets, now));
    assert!(!is_signed(&signed(id, &(NOW - 301).to_string(), &made, body), &secrets, now));
    if let Ok(at) = timestamp.parse::<i64>()
        && let Ok(made) = Webhook::new(SECRET).and_then(|key| key.sign(id, at, body.as_bytes()))
    {
        let is_timely = (i128::from(NOW) - i128::from(at)).abs() <= 300;
        assert_eq!(is_signed(&signed(id, timestamp, &made, body), &secrets, now), is_timely, "{timestamp}");
    }
    // A secret that is taken can sign, and what it signs is not signed by ours.
    if check_secret(secret).is_ok() {
        let made =
            Webhook::new(secret).and_then(|key| key.sign(id, NOW, body.as_bytes())).expect("a secret that signs");
        assert!(is_signed(&signed(id, &seconds, &made, body), &[secret.to_owned()], now));
        // A short key is filled up with zeros (RFC 2104), so ours with zeros behind it is the same.
        assert!(
            secret.starts_with(SECRET) || !is_signed(&signed(id, &seconds, &made, body), &secrets, now),
            "{secret}"
        );
    }
}
