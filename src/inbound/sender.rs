//! Whether a message can come from whom it says: a contact's address or domain, and what our own server found. Pure.
//!
//! Invariant: an `Authentication-Results` counts only as the topmost one and only of the server that is named in the
//! settings (RFC 8601: everything below may have been written by anybody). Without a named server nothing of the
//! kind counts; then the secret in the address or thread is the proof, and the sender only has to be plausible.

use super::parse::Parsed;

/// Domains where everybody can have a mailbox: there only the whole address tells somebody.
const SHARED: [&str; 22] = [
    "gmail.com",
    "googlemail.com",
    "gmx.de",
    "gmx.net",
    "gmx.com",
    "web.de",
    "t-online.de",
    "freenet.de",
    "posteo.de",
    "mailbox.org",
    "outlook.com",
    "outlook.de",
    "hotmail.com",
    "hotmail.de",
    "live.com",
    "live.de",
    "yahoo.com",
    "yahoo.de",
    "icloud.com",
    "me.com",
    "aol.com",
    "proton.me",
];

/// Why the author is none of these addresses, in words; nothing where they are.
pub fn stranger(mail: &Parsed, contacts: &[String]) -> Option<String> {
    let Some(author) = mail.author() else {
        return Some(match mail.from.len() {
            0 => "sie nennt keinen Absender".into(),
            _ => "sie nennt mehrere Absender".into(),
        });
    };
    let domain_of = |address: &str| address.rsplit_once('@').map(|(_, domain)| domain.to_lowercase());
    let own = domain_of(&author.address).unwrap_or_default();
    let is_same = contacts.iter().any(|contact| contact.eq_ignore_ascii_case(&author.address));
    let is_colleague = !own.is_empty()
        && !SHARED.contains(&own.as_str())
        && contacts.iter().any(|contact| domain_of(contact).as_deref() == Some(own.as_str()));
    if is_same || is_colleague {
        return None;
    }
    Some(format!("der Absender {} gehört zu keiner Ansprechstelle, die gefragt wurde", author.address))
}

/// Why our server does not vouch for the author, in words; nothing where it does, or none is named.
pub fn unproven(mail: &Parsed, trusted_server: &str) -> Option<String> {
    if trusted_server.is_empty() {
        return None;
    }
    let topmost = mail.headers.iter().find(|(name, _)| name == "authentication-results").map(|(_, value)| value);
    let Some(value) = topmost else {
        return Some(format!("der Mailserver {trusted_server} hat nichts über den Absender gesagt"));
    };
    // What others wrote into it (an envelope sender, a reason) stands in quotes and comments, and must not speak.
    let Some(value) = bare(value) else {
        return Some(format!("was {trusted_server} über den Absender sagt, lässt sich nicht sicher lesen"));
    };
    let mut parts = value.split(';').map(str::trim);
    let server = parts.next().unwrap_or_default().split_whitespace().next().unwrap_or_default();
    if !server.eq_ignore_ascii_case(trusted_server) {
        return Some(format!("über den Absender spricht ein fremder Server, nicht {trusted_server}"));
    }
    let domain = mail.author().and_then(|author| author.address.rsplit_once('@')).map(|(_, domain)| domain);
    let Some(domain) = domain else { return Some("sie nennt keinen Absender".into()) };
    let proves = |result: &str| {
        let mut words = result.split_whitespace();
        let property = |name: &str| {
            let mut found = result.split_whitespace().filter_map(|word| word.split_once('='));
            found.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_lowercase())
        };
        let ends_in_it = |value: String| {
            let value = value.rsplit('@').next().unwrap_or_default().trim_matches(['"', '<', '>']).to_owned();
            value == domain
                || domain.strip_suffix(&value).is_some_and(|rest| rest.ends_with('.') && value.contains('.'))
        };
        match words.next().map(str::to_ascii_lowercase).as_deref() {
            Some("dmarc=pass") => property("header.from").is_some_and(|from| from == domain),
            Some("dkim=pass") => property("header.d").or_else(|| property("header.i")).is_some_and(ends_in_it),
            Some("spf=pass") => property("smtp.mailfrom").is_some_and(ends_in_it),
            _ => false,
        }
    };
    let mut results = parts;
    match results.any(proves) {
        true => None,
        false => Some(format!("{trusted_server} konnte den Absender nicht bestätigen (SPF, DKIM, DMARC)")),
    }
}

/// A header's value without its comments (RFC 8601, section 2.2, nested as in RFC 5322); none where it holds a quoted
/// string or a comment without end.
fn bare(value: &str) -> Option<String> {
    let (mut bare, mut depth, mut is_escaped) = (String::new(), 0u32, false);
    for c in value.chars() {
        match (c, depth) {
            _ if is_escaped => is_escaped = false,
            ('\\', _) => is_escaped = true,
            ('"', 0) => return None,
            ('(', _) => depth += 1,
            (')', 0) => return None,
            (')', _) => depth -= 1,
            (c, 0) => bare.push(c),
            _ => {}
        }
    }
    (depth == 0 && !is_escaped).then_some(bare)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inbound::bounds::Bounds;
    use crate::inbound::parse::parse;

    fn mail(head: &str) -> Parsed {
        parse(format!("{head}\r\n\r\nx\r\n").as_bytes(), &Bounds::default())
    }

    #[test]
    fn an_author_is_a_contact_or_a_colleague() {
        for (from, contact, is_known) in [
            ("From: Technik <Technik@Dataport.example.org>", "technik@dataport.example.org", true),
            ("From: uwe@dataport.example.org", "technik@dataport.example.org", true),
            ("From: uwe@evil.dataport.example.org", "technik@dataport.example.org", false),
            ("From: uwe@notdataport.example.org", "technik@dataport.example.org", false),
            ("From: uwe@gmx.de", "amt@gmx.de", false),
            ("From: amt@gmx.de", "amt@gmx.de", true),
            ("From: a@dataport.example.org, b@x.example.org", "technik@dataport.example.org", false),
            ("From: technik@dataport.example.org\r\nFrom: b@x.example.org", "technik@dataport.example.org", false),
            ("From: \"technik@dataport.example.org\" <b@x.example.org>", "technik@dataport.example.org", false),
            ("Subject: x", "technik@dataport.example.org", false),
        ] {
            let why = stranger(&mail(from), &[contact.to_owned()]);
            assert_eq!(why.is_none(), is_known, "{from}: {why:?}");
        }
    }

    #[test]
    fn only_our_server_vouches_and_only_at_the_top() {
        let from = "From: uwe@dataport.example.org";
        for (head, is_proven) in [
            ("Authentication-Results: mx.example.org; dmarc=pass header.from=dataport.example.org", true),
            ("Authentication-Results: mx.example.org; spf=fail; dkim=pass header.d=dataport.example.org", true),
            ("Authentication-Results: mx.example.org; spf=pass smtp.mailfrom=uwe@dataport.example.org", true),
            ("Authentication-Results: mx.example.org; spf=pass smtp.mailfrom=evil@x.example.org", false),
            ("Authentication-Results: mx.example.org; dkim=pass header.d=org", false),
            ("Authentication-Results: mx.example.org; dmarc=fail header.from=dataport.example.org", false),
            ("Authentication-Results: evil.example.org; dmarc=pass header.from=dataport.example.org", false),
            (
                "Authentication-Results: evil.example.org; dmarc=fail\r\nAuthentication-Results: mx.example.org; dmarc=pass",
                false,
            ),
            (
                "Authentication-Results: mx.example.org; dmarc=fail\r\nAuthentication-Results: mx.example.org; dmarc=pass",
                false,
            ),
            ("Subject: x", false),
        ] {
            let why = unproven(&mail(&format!("{head}\r\n{from}")), "mx.example.org");
            assert_eq!(why.is_none(), is_proven, "{head}: {why:?}");
        }
        assert_eq!(unproven(&mail(from), ""), None);
    }

    #[test]
    fn what_others_wrote_into_it_does_not_speak() {
        let unproven = |value: &str| {
            let head = format!("Authentication-Results: mx.example.org; {value}\r\nFrom: a@dataport.example.org");
            unproven(&mail(&head), "mx.example.org").is_some()
        };
        assert!(!unproven("dkim=pass (good; really) header.d=dataport.example.org"));
        assert!(unproven("spf=fail smtp.mailfrom=\"x; dkim=pass header.d=dataport.example.org; y\"@evil.example"));
        assert!(unproven("spf=fail (x; dkim=pass header.d=dataport.example.org; y) smtp.mailfrom=evil.example"));
        assert!(unproven("spf=fail (x; dkim=pass header.d=dataport.example.org"));
        assert!(unproven("dmarc=pass"));
    }
}
