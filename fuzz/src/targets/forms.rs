//! Forms with files, as browsers and others send them, and the addresses that proxies add: what is kept stays within
//! the bounds, a whole form comes through byte by byte, and nobody writes their own address.

use std::cell::LazyCell;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use super::{text, within};
use actix_web::test::TestRequest;
use actix_web::web::Payload;
use actix_web::{FromRequest, ResponseError};
use lotse::http::client::address;
use lotse::http::public::form::parts;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Semaphore;

const MOST: usize = 2000;

thread_local! {
    static RUNTIME: LazyCell<Runtime> =
        LazyCell::new(|| Builder::new_current_thread().enable_time().build().expect("a runtime"));
    static ROOM: LazyCell<Arc<Semaphore>> = LazyCell::new(|| Arc::new(Semaphore::new(1)));
}

/// The form, or the status of the answer.
fn read(media: &str, body: Vec<u8>) -> Result<parts::Parts, u16> {
    let request = TestRequest::post().insert_header(("content-type", media)).set_payload(body);
    let (request, mut payload) = request.to_http_parts();
    RUNTIME.with(|runtime| {
        runtime.block_on(async {
            let payload = Payload::from_request(&request, &mut payload).await.map_err(|_| 400u16)?;
            let room = ROOM.with(|room| Arc::clone(room));
            parts::read(&request, payload, MOST, &room).await.map_err(|fault| fault.status_code().as_u16())
        })
    })
}

/// One input.
pub fn run(data: &[u8]) {
    let Some((which, rest)) = data.split_first() else { return };
    match which % 3 {
        0 => match within(1000, || read("multipart/form-data; boundary=x", rest.to_vec())) {
            Ok(form) => {
                assert!(
                    form.files.iter().map(|file| file.bytes.len()).sum::<usize>() <= MOST && form.files.len() <= 60
                );
                assert!(form.files.is_empty() || !form.is_too_large);
            }
            Err(status) => assert!(matches!(status, 400 | 413), "{status}"),
        },
        1 => {
            // A form that is whole: one text, one file.
            let (words, file) = rest.split_at(rest.len() / 2);
            let Some(words) = text(words) else { return };
            if rest.windows(3).any(|part| part == b"--x") || file.len() > MOST {
                return;
            }
            let mut body = format!("--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n{words}\r\n--x\r\nContent-Disposition: form-data; name=\"datei\"; filename=\"b.txt\"\r\n\r\n").into_bytes();
            body.extend_from_slice(file);
            body.extend_from_slice(b"\r\n--x--\r\n");
            let mut form = read("multipart/form-data; boundary=x", body).unwrap_or_else(|status| panic!("{status}"));
            assert_eq!(form.take("a"), words.replace("\r\n", "\n").trim());
            assert_eq!(form.files.len(), 1);
            assert_eq!(form.files[0].bytes, file);
        }
        _ => {
            let Some(told) = text(rest) else { return };
            let Ok(header) = actix_web::http::header::HeaderValue::from_str(told) else { return };
            let peer = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
            let request =
                TestRequest::get().peer_addr(SocketAddr::new(peer, 443)).insert_header(("x-forwarded-for", header));
            let request = request.to_http_request();
            assert_eq!(address(&request, &[]), peer, "{told:?}");
            // Behind a proxy: what it wrote last, or the proxy itself where that is no address.
            let found = address(&request, &["10.0.0.1/32".parse().expect("a net")]);
            let is_proxy = |hop: &&str| hop.parse::<IpAddr>().is_ok_and(|hop| hop.to_canonical() == peer);
            let last = told.rsplit(',').map(str::trim).find(|hop| !is_proxy(hop)).unwrap_or_default();
            assert!(
                found == peer || last.contains(&*found.to_string()) || last.contains([':', '[']),
                "{told:?}: {found}"
            );
        }
    }
}
