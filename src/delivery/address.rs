//! Where a webhook may point, and what a webhook secret looks like.
//!
//! Invariant: one test of addresses, [`is_public`], serves the URL that is typed in, a literal address at every
//! send, and every address a name resolves to at connect time (`webhook.rs`), so that neither an odd spelling nor
//! a name that changes its address reaches our own network. Ranges: the IANA registries of special-purpose
//! addresses (RFC 6890 and its updates). Pure: resolves nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use url::{Host, Url};

/// What the operator has relaxed; for development and for receivers inside a closed network.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WebhookPolicy {
    /// Accept `http://` as well.
    pub allow_http: bool,
    /// Accept private, loopback and other special addresses.
    pub allow_private_addresses: bool,
}

/// Reads the URL of a webhook; the fault says what to change. Names are not looked up here: their addresses are
/// tested whenever a connection is made. Every send repeats the check, because a literal address never passes
/// through a resolver.
pub fn check_webhook_url(url: &str, policy: &WebhookPolicy) -> Result<Url, String> {
    if url.len() > 2048 {
        return Err("is longer than 2,048 characters".into());
    }
    if url.chars().any(|c| c.is_control() || c.is_whitespace() || c == '\\') {
        return Err("holds spaces, backslashes or control characters".into());
    }
    let parsed = Url::parse(url).map_err(|e| format!("is not a URL: {e}"))?;
    match parsed.scheme() {
        "https" => {}
        "http" if policy.allow_http => {}
        "http" => return Err("must begin with https://; messages are not sent unencrypted".into()),
        _ => return Err("must begin with https://".into()),
    }
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return Err("must not hold a user name or password; the receiver knows us by the signature".into());
    }
    if parsed.fragment().is_some() {
        return Err("must not hold a fragment (#…)".into());
    }
    // Ports of other services are not for us to talk to, whatever a URL says.
    if parsed.port_or_known_default().is_some_and(|port| port < 1024 && port != 443 && port != 80) {
        return Err("must use port 443 or one from 1024 upwards".into());
    }
    check_host(&parsed, policy)?;
    Ok(parsed)
}

fn check_host(url: &Url, policy: &WebhookPolicy) -> Result<(), String> {
    let refused = || Err("must point to a public address, not to a private, local or special one".to_owned());
    match url.host() {
        None => Err("names no host".into()),
        _ if policy.allow_private_addresses => Ok(()),
        Some(Host::Ipv4(ip)) if !is_public(IpAddr::V4(ip)) => refused(),
        Some(Host::Ipv6(ip)) if !is_public(IpAddr::V6(ip)) => refused(),
        Some(Host::Domain(name)) if is_local_name(name) => refused(),
        Some(_) => Ok(()),
    }
}

fn is_local_name(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let last = name.rsplit('.').next().unwrap_or_default();
    !name.contains('.') || matches!(last, "localhost" | "local" | "localdomain" | "internal" | "lan" | "home" | "arpa")
}

/// True for addresses anybody on the internet can have; false for every special range.
pub(super) fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    !matches!(
        (a, b, c),
        (0 | 10 | 127, ..)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 0, 0 | 2)
            | (192, 31, 196)
            | (192, 52, 193)
            | (192, 88, 99)
            | (192, 168, _)
            | (192, 175, 48)
            | (198, 18 | 19, _)
            | (198, 51, 100)
            | (203, 0, 113)
            | (224..=255, ..)
    )
}

/// Only global unicast (2000::/3) counts; that leaves out loopback, link-local, unique local, multicast, mapped
/// and compatible IPv4 and NAT64. Within it, ranges that stand for something else are left out too.
fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [a, b, ..] = ip.segments();
    let is_global = a & 0xe000 == 0x2000;
    // Protocol assignments, Teredo and ORCHID; documentation; 6to4; AS112; documentation again.
    let is_special =
        matches!((a, b), (0x2001, ..0x0200 | 0x0db8) | (0x2002, _) | (0x2620, 0x004f) | (0x3fff, ..0x1000));
    is_global && !is_special
}

/// Tests a webhook secret: `whsec_` and 24 to 64 bytes in base64 (Standard Webhooks 1.0).
pub fn check_secret(secret: &str) -> Result<(), String> {
    let fault = "must be whsec_ followed by 24 to 64 random bytes in base64";
    let bytes = secret.strip_prefix("whsec_").and_then(|rest| STANDARD.decode(rest).ok()).ok_or(fault)?;
    if (24..=64).contains(&bytes.len()) { Ok(()) } else { Err(fault.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_public_receivers() {
        for url in [
            "https://desk.example.org/lotse",
            "https://desk.example.org:8443/a?b=c",
            "https://DESK.example.org.",
            "https://193.99.144.80/hook",
            "https://[2a02:2e0:3fe:1001:302::]/hook",
            "https://xn--bcher-kva.example/",
        ] {
            assert!(check_webhook_url(url, &WebhookPolicy::default()).is_ok(), "{url}");
        }
    }

    #[test]
    fn refuses_every_way_inside() {
        for url in [
            "http://desk.example.org/",
            "ftp://desk.example.org/",
            "https://",
            "desk.example.org",
            "https://user@desk.example.org/",
            "https://user:pw@desk.example.org/",
            "https://desk.example.org/#x",
            "https://desk.example.org:25/",
            "https://desk.example.org:0/",
            "https://desk.example.org\\@127.0.0.1/",
            "https://desk.example.org/a b",
            "https://localhost/",
            "https://LOCALHOST./",
            "https://a.localhost/",
            "https://intranet/",
            "https://printer.local/",
            "https://metadata.google.internal/",
            "https://127.0.0.1/",
            "https://127.0.0.1./",
            "https://127.1/",
            "https://2130706433/",
            "https://0x7f000001/",
            "https://0x7f.0.0.1/",
            "https://017700000001/",
            "https://0177.0.0.1/",
            "https://0.0.0.0/",
            "https://0/",
            "https://0.1.2.3/",
            "https://10.0.0.1/",
            "https://100.64.0.1/",
            "https://100.127.255.255/",
            "https://169.254.169.254/",
            "https://172.16.0.1/",
            "https://172.31.255.255/",
            "https://192.0.0.8/",
            "https://192.0.2.1/",
            "https://192.88.99.1/",
            "https://192.168.0.1/",
            "https://198.18.0.1/",
            "https://198.19.255.1/",
            "https://198.51.100.1/",
            "https://203.0.113.1/",
            "https://224.0.0.1/",
            "https://240.0.0.1/",
            "https://255.255.255.255/",
            "https://①②⑦.⓪.⓪.①/",
            "https://[::]/",
            "https://[::1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[::ffff:8.8.8.8]/",
            "https://[::127.0.0.1]/",
            "https://[64:ff9b::7f00:1]/",
            "https://[64:ff9b:1::1]/",
            "https://[100::1]/",
            "https://[2001::1]/",
            "https://[2001:0:7f00:1::]/",
            "https://[2001:20::1]/",
            "https://[2001:db8::1]/",
            "https://[2002:7f00:1::]/",
            "https://[3fff:fff::1]/",
            "https://[5f00::1]/",
            "https://[fc00::1]/",
            "https://[fd12::1]/",
            "https://[fe80::1]/",
            "https://[fec0::1]/",
            "https://[ff02::1]/",
        ] {
            assert!(check_webhook_url(url, &WebhookPolicy::default()).is_err(), "{url}");
        }
    }

    #[test]
    fn relaxations_are_separate() {
        let http = WebhookPolicy { allow_http: true, allow_private_addresses: false };
        let private = WebhookPolicy { allow_http: false, allow_private_addresses: true };
        assert!(check_webhook_url("http://desk.example.org/", &http).is_ok());
        assert!(check_webhook_url("http://127.0.0.1:9000/", &http).is_err());
        assert!(check_webhook_url("https://127.0.0.1:9000/", &private).is_ok());
        assert!(check_webhook_url("https://localhost:9000/", &private).is_ok());
        assert!(check_webhook_url("http://127.0.0.1:9000/", &private).is_err());
    }

    #[test]
    fn a_secret_has_its_form() {
        assert_eq!(check_secret(&format!("whsec_{}", STANDARD.encode([7u8; 32]))), Ok(()));
        for bad in ["", "whsec_", "whsec_MTIz", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_not base64 at all, sorry!"] {
            assert!(check_secret(bad).is_err(), "{bad}");
        }
        assert!(check_secret(&format!("whsec_{}", STANDARD.encode([7u8; 65]))).is_err());
    }
}
