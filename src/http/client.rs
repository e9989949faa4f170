//! Where a request comes from.
//!
//! Invariant: `X-Forwarded-For` counts only as far as proxies named in `server.trusted_proxies` wrote it: the address
//! is the first from the right that is none of theirs. Whatever a client writes there itself changes nothing.

use std::net::{IpAddr, Ipv4Addr};

use actix_web::HttpRequest;
use actix_web::http::header::HeaderMap;
use ipnet::IpNet;

/// The client's address.
pub fn address(request: &HttpRequest, trusted: &[IpNet]) -> IpAddr {
    let peer = request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip().to_canonical());
    behind(peer, request.headers(), trusted)
}

fn behind(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_proxy = |address: &IpAddr| trusted.iter().any(|net| net.contains(address));
    // A byte that is no text makes its hop no address, and takes no other hop along.
    let told = headers.get_all("x-forwarded-for").map(|value| String::from_utf8_lossy(value.as_bytes()));
    let told: Vec<_> = told.collect();
    let mut nearest = peer;
    for hop in told.iter().flat_map(|value| value.split(',')).rev() {
        if !is_proxy(&nearest) {
            break;
        }
        // What is no address was written by the client, at best: the proxy itself is then all that is known.
        let Some(address) = read(hop) else { break };
        nearest = address;
    }
    nearest
}

/// An address as proxies write it: bare, with a port, or IPv6 in brackets.
fn read(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim();
    let bare = hop.parse::<IpAddr>().ok();
    let with_port = || hop.parse::<std::net::SocketAddr>().ok().map(|address| address.ip());
    let bracketed = || hop.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    bare.or_else(with_port).or_else(bracketed).map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::{HeaderName, HeaderValue};

    #[track_caller]
    fn check(peer: &str, told: &[&str], trusted: &str, expected: &str) {
        let mut headers = HeaderMap::new();
        for value in told {
            let name = HeaderName::from_static("x-forwarded-for");
            headers.append(name, HeaderValue::from_str(value).unwrap());
        }
        let found = behind(
            peer.parse().unwrap(),
            &headers,
            &trusted.split_whitespace().map(|net| net.parse().unwrap()).collect::<Vec<_>>(),
        );
        assert_eq!(found.to_string(), expected, "{peer} {told:?} {trusted}");
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        check("192.0.2.1", &["203.0.113.9"], "", "192.0.2.1");
        check("192.0.2.1", &["203.0.113.9"], "10.0.0.0/8", "192.0.2.1");
        check("10.0.0.1", &["203.0.113.9"], "10.0.0.0/8", "203.0.113.9");
        check("10.0.0.1", &["1.2.3.4, 203.0.113.9"], "10.0.0.0/8", "203.0.113.9");
        check("10.0.0.1", &["1.2.3.4", "203.0.113.9, 10.0.0.2"], "10.0.0.0/8", "203.0.113.9");
        check("10.0.0.1", &["1.2.3.4, unsinn"], "10.0.0.0/8", "10.0.0.1");
        check("10.0.0.1", &["\u{ff}, 203.0.113.9"], "10.0.0.0/8", "203.0.113.9");
        check("10.0.0.1", &["10.0.0.7"], "10.0.0.0/8", "10.0.0.7");
        check("10.0.0.1", &["[2001:db8::1]:443"], "10.0.0.1/32", "2001:db8::1");
        check("::1", &["::ffff:203.0.113.9"], "::1/128", "203.0.113.9");
        check("10.0.0.1", &[], "10.0.0.0/8", "10.0.0.1");
    }
}
