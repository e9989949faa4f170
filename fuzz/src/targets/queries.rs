//! Addresses: filters of lists, searches, cursors, versions, and where a log-in leads on to. What is read is written
//! alike; a return leads to no other host.

use super::{is_their_fault, text, within};
use lotse::directory::PageRequest;
use lotse::http::api::{
    audit, directory, escalations, figures, inbound, operations, text_modules, tickets, unconfirmed, users,
};
use lotse::http::auth::{parse_query, version};
use lotse::http::pages::worklist::wanted::Wanted;
use lotse::http::redirect::{header_form, local_path};
use lotse::tickets::browse::{Filter, Place};
use serde::de::DeserializeOwned;
use url::Url;

fn read<Q: DeserializeOwned>(query: &str) {
    if let Err(fault) = within(500, || parse_query::<Q>(query)) {
        is_their_fault(&fault);
    }
}

macro_rules! read_each {
    ($query:expr, $which:expr, $($kind:ty),* $(,)?) => {{
        let all = [$(read::<$kind> as fn(&str)),*];
        all[usize::from($which) % all.len()]($query);
    }};
}

/// One input.
pub fn run(data: &[u8]) {
    let Some((which, rest)) = data.split_first() else { return };
    let Some(text) = text(rest) else { return };
    match which % 4 {
        0 => match Wanted::read(text) {
            Ok(wanted) => {
                let again = Wanted::read(&wanted.query()).expect("our own address can be read");
                assert_eq!(again, wanted);
                assert!(wanted.href().starts_with("/anfragen") && !wanted.href().contains(['\r', '\n', ' ', '"', '<']));
                let filter = within(500, || Filter::default().search(&wanted.q));
                assert!(filter.number.is_none() || filter.words.is_empty());
            }
            Err(fault) => is_their_fault(&fault),
        },
        1 => {
            let path = local_path(text);
            let header = header_form(path);
            assert!(header.starts_with('/') && header.bytes().all(|b| (b'!'..=b'~').contains(&b)), "{header:?}");
            let here = Url::parse("https://lotse.example.org/anmelden").expect("an address");
            let there = here.join(&header).expect("a path");
            assert_eq!((there.scheme(), there.host_str()), ("https", Some("lotse.example.org")), "{text:?}");
            assert_eq!(local_path(path), path);
        }
        2 => {
            let asked = PageRequest { limit: None, cursor: Some(text.to_owned()) };
            if let Err(fault) = asked.read() {
                is_their_fault(&fault);
            }
            match Place::read(text) {
                Ok(place) => assert_eq!(Place::read(&place.cursor()).expect("our own cursor"), place),
                Err(fault) => is_their_fault(&fault),
            }
            if let Ok(number) = version(text) {
                assert_eq!(version(&format!("\"{number}\"")).ok(), Some(number));
            }
        }
        _ => {
            let Some((kind, query)) = text.split_at_checked(1) else { return };
            read_each!(
                query,
                kind.bytes().next().unwrap_or(0),
                audit::ListQuery,
                audit::ExportQuery,
                directory::adoptions::ListQuery,
                directory::channels::ListQuery,
                directory::closing_days::ListQuery,
                directory::contacts::ListQuery,
                directory::exports::ExportQuery,
                directory::gaps::GapsQuery,
                directory::municipalities::ListQuery,
                directory::notices::ListQuery,
                directory::rollout::ListQuery,
                directory::rollout::MatrixQuery,
                directory::route::RouteQuery,
                directory::services::ListQuery,
                directory::versions::VersionsQuery,
                escalations::PageQuery,
                figures::FiguresQuery,
                inbound::InboundQuery,
                operations::PageQuery,
                text_modules::TextQuery,
                tickets::ListQuery,
                unconfirmed::UnconfirmedQuery,
                users::ListQuery,
            );
        }
    }
}
