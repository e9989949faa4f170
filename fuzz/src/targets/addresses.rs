//! Where a webhook may point: an address that passes is public, told by a second, independent list, and in whatever
//! spelling it came it passes again as it is kept.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{text, within};
use lotse::delivery::{WebhookPolicy, check_webhook_url};
use url::Host;

fn is_special_v4(ip: Ipv4Addr) -> bool {
    let [a, b, ..] = ip.octets();
    ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_broadcast()
        || ip.is_documentation()
        || ip.is_multicast()
        || ip.is_unspecified()
        || a == 0
        || a >= 240
        || (a == 100 && b & 0xc0 == 64)
        || (a == 198 && b & 0xfe == 18)
        || ip.octets().starts_with(&[192, 0, 0])
}

fn is_special_v6(ip: Ipv6Addr) -> bool {
    let inside = ip.to_ipv4().is_some_and(is_special_v4) || ip.to_ipv4_mapped().is_some();
    let words = ip.segments();
    let is_nat64 = words[0] == 0x64 && words[1] == 0xff9b;
    let in_6to4 = words[0] == 0x2002;
    let is_teredo = words[0] == 0x2001 && words[1] == 0;
    let is_documentation = (words[0] == 0x2001 && words[1] == 0xdb8) || (words[0] == 0x3fff && words[1] < 0x1000);
    inside
        || ip.is_loopback()
        || ip.is_unspecified()
        || ip.is_multicast()
        || ip.is_unique_local()
        || ip.is_unicast_link_local()
        || is_nat64
        || in_6to4
        || is_teredo
        || is_documentation
}

fn is_special(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_special_v4(ip),
        IpAddr::V6(ip) => is_special_v6(ip),
    }
}

fn judge(address: &str) {
    let Ok(url) = within(500, || check_webhook_url(address, &WebhookPolicy::default())) else { return };
    assert_eq!(url.scheme(), "https");
    assert!(url.username().is_empty() && url.password().is_none() && url.fragment().is_none(), "{url}");
    match url.host().expect("a host") {
        Host::Ipv4(ip) => assert!(!is_special(ip.into()), "{address:?}: {ip}"),
        Host::Ipv6(ip) => assert!(!is_special(ip.into()), "{address:?}: {ip}"),
        Host::Domain(name) => {
            let bare = name.trim_end_matches('.');
            let is_inside = bare == "localhost" || bare.ends_with(".localhost") || bare.ends_with(".internal");
            assert!(bare.contains('.') && !is_inside && bare.parse::<IpAddr>().is_err(), "{name:?}");
            assert!(name.bytes().all(|b| b.is_ascii_graphic() && !b"/\\@#?<>[]%".contains(&b)), "{name:?}");
        }
    }
    let again = check_webhook_url(url.as_str(), &WebhookPolicy::default());
    assert_eq!(again.as_ref().map(url::Url::as_str), Ok(url.as_str()));
}

/// One input.
pub fn run(data: &[u8]) {
    if let Some(octets) = data.first_chunk::<4>() {
        let number = u32::from_be_bytes(*octets);
        let ip = Ipv4Addr::from(*octets);
        for written in
            [format!("{ip}"), number.to_string(), format!("0x{number:x}"), format!("0{number:o}"), format!("{ip}.")]
        {
            judge(&format!("https://{written}/"));
        }
        let [a, b, c, d] = octets;
        judge(&format!("https://0{a:o}.{b}.0x{c:x}.{d}/"));
        judge(&format!("https://[::ffff:{ip}]/"));
        judge(&format!("https://[64:ff9b::{ip}]/"));
    }
    if let Some(octets) = data.first_chunk::<16>() {
        judge(&format!("https://[{}]/", Ipv6Addr::from(*octets)));
    }
    let Some(text) = text(data) else { return };
    judge(text);
    judge(&format!("https://{text}"));
    judge(&format!("https://{text}/hook"));
}
