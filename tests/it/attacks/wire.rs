//! HTTP as no browser writes it: requests hidden in requests, clients that are too slow, addresses without number.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use lotse::access::Role;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::on_both;
use crate::support::app::{Kind, TestApp, a_ticket};

/// Sends these bytes and reads all that is answered.
async fn exchange(app: &TestApp, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(app.base.trim_start_matches("http://")).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    let reading = async {
        // A refusal may come as a reset after its words.
        while stream.read_buf(&mut answer).await.is_ok_and(|read| read > 0) {
            if ended(&answer) {
                break;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(30), reading).await.expect("an end of the answers");
    String::from_utf8_lossy(&answer).into_owned()
}

/// True once the last request was answered. Without that, the server hangs up.
fn ended(answer: &[u8]) -> bool {
    String::from_utf8_lossy(answer).contains("{\"status\":\"ok\"}")
}

/// The status of every answer.
fn statuses(answer: &str) -> Vec<u16> {
    answer.match_indices("HTTP/1.1 ").filter_map(|(at, _)| answer.get(at + 9..at + 12)?.parse().ok()).collect()
}

/// The last request of an exchange, known by its answer.
const LAST: &str = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";

/// What hides another request in itself is refused, or is one request; nothing inside it is ever obeyed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_hides_in_another() {
    let mut app = TestApp::start(Kind::Sqlite).await;
    let agent = app.agent().await;
    let head = format!(
        "POST /api/v1/tickets HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {agent}\r\nContent-Type: application/json\r\n"
    );
    let ticket = a_ticket().to_string();
    let inner = format!("{head}Content-Length: {}\r\n\r\n{ticket}", ticket.len());

    // The test sees what it must: two requests that follow each other are two, and both are done.
    let two = exchange(&app, format!("{inner}{LAST}").as_bytes()).await;
    assert_eq!(statuses(&two), [201, 200], "{two}");
    let tickets = async |app: &TestApp| {
        app.get(&agent, "/api/v1/tickets?limit=200").await.expect(200)["items"].as_array().unwrap().len()
    };
    assert_eq!(tickets(&app).await, 1);

    let length = inner.len();
    let chunked = format!("{:x}\r\n{inner}\r\n0\r\n\r\n", length);
    for (what, headers, body) in [
        (
            "both lengths, chunks win",
            "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned(),
            format!("0\r\n\r\n{inner}"),
        ),
        (
            "both lengths the other way",
            format!("Transfer-Encoding: chunked\r\nContent-Length: {length}\r\n\r\n"),
            format!("0\r\n\r\n{inner}"),
        ),
        ("two lengths", format!("Content-Length: 0\r\nContent-Length: {length}\r\n\r\n"), inner.clone()),
        ("two lengths, swapped", format!("Content-Length: {length}\r\nContent-Length: 0\r\n\r\n"), inner.clone()),
        ("a list of lengths", format!("Content-Length: 0, {length}\r\n\r\n"), inner.clone()),
        ("a signed length", format!("Content-Length: +{length}\r\n\r\n"), inner.clone()),
        ("a negative length", "Content-Length: -1\r\n\r\n".into(), inner.clone()),
        ("a hexadecimal length", format!("Content-Length: 0x{length:x}\r\n\r\n"), inner.clone()),
        ("an endless length", format!("Content-Length: 99999999999999999999{length}\r\n\r\n"), inner.clone()),
        ("a space before the colon", format!("Content-Length : {length}\r\n\r\n"), inner.clone()),
        ("chunks by another name", "Transfer-Encoding: xchunked\r\n\r\n".into(), chunked.clone()),
        ("chunks with a space", "Transfer-Encoding : chunked\r\n\r\n".into(), chunked.clone()),
        ("chunks and more", "Transfer-Encoding: chunked, identity\r\n\r\n".into(), chunked.clone()),
        ("chunks twice", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n".into(), chunked.clone()),
        ("a folded header", format!("X-Folded: a\r\n Content-Length: {length}\r\n\r\n"), inner.clone()),
        ("a folded encoding", "Transfer-Encoding:\r\n chunked\r\n\r\n".into(), chunked.clone()),
        ("a bare CR in a header", format!("X-Bare: a\rContent-Length: {length}\r\n\r\n"), inner.clone()),
        ("a NUL in a header", "X-Nul: a\0b\r\nContent-Length: 0\r\n\r\n".into(), inner.clone()),
        ("a chunk of no size", "Transfer-Encoding: chunked\r\n\r\n".into(), format!("\r\n{inner}")),
        ("a negative chunk", "Transfer-Encoding: chunked\r\n\r\n".into(), format!("-1\r\n{inner}\r\n0\r\n\r\n")),
        (
            "a chunk beyond all bounds",
            "Transfer-Encoding: chunked\r\n\r\n".into(),
            format!("ffffffffffffffffff\r\n{inner}\r\n0\r\n\r\n"),
        ),
        ("a chunk with another end", "Transfer-Encoding: chunked\r\n\r\n".into(), format!("0\n\n{inner}")),
    ] {
        let before = tickets(&app).await;
        let answer = exchange(&app, format!("{head}{headers}{body}{LAST}").as_bytes()).await;
        let seen = statuses(&answer);
        let made = tickets(&app).await - before;
        // Refused outright: what follows is not read. Or one outer request that was not acceptable as a ticket, and
        // then what really follows it; a proxy in front reads lengths and chunks the same way or refuses them.
        let is_refused = seen.len() == 1 && matches!(seen[0], 400 | 408 | 413 | 422 | 501);
        let is_one = made == 0 && matches!(seen[..], [400 | 422, 200]);
        assert!(is_refused && made == 0 || is_one, "{what}: {seen:?}, {made} made: {answer}");
    }
}

/// Chunks with extensions and trailers are read as what they are: one request.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn odd_chunks_are_one_request() {
    let mut app = TestApp::start(Kind::Sqlite).await;
    let agent = app.agent().await;
    let head = format!(
        "POST /api/v1/tickets HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {agent}\r\nTransfer-Encoding: chunked\r\n"
    );
    let ticket = a_ticket().to_string();
    let (one, other) = ticket.split_at(100);
    for chunks in [
        format!("{:x}\r\n{one}\r\n{:X}\r\n{other}\r\n0\r\n\r\n", one.len(), other.len()),
        format!("{:x};a=b\r\n{one}\r\n{:x};c=\"d\"\r\n{other}\r\n0\r\n\r\n", one.len(), other.len()),
        format!("000{:x}\r\n{one}\r\n{:x}\r\n{other}\r\n000\r\n\r\n", one.len(), other.len()),
    ] {
        let answer = exchange(&app, format!("{head}\r\n{chunks}{LAST}").as_bytes()).await;
        let seen = statuses(&answer);
        assert!(matches!(seen[..], [201, 200] | [400]), "{seen:?}: {answer}");
    }
    // A body without an announced length is bounded as well.
    let long = format!("{:x}\r\n{}\r\n", 70_000, " ".repeat(70_000)).repeat(5);
    let answer = exchange(&app, format!("{head}\r\n{long}0\r\n\r\n{LAST}").as_bytes()).await;
    assert_eq!(statuses(&answer)[0], 413, "{answer}");
}

/// Sends a byte a second until the other end hangs up or answers; tells how long that took and what was said.
async fn drip(app: &TestApp, at_once: &str, slowly: &str) -> (Duration, String) {
    let mut stream = TcpStream::connect(app.base.trim_start_matches("http://")).await.unwrap();
    stream.write_all(at_once.as_bytes()).await.unwrap();
    let begun = Instant::now();
    let mut pace = tokio::time::interval(Duration::from_secs(1));
    let (mut bytes, mut said) = (slowly.bytes().cycle(), Vec::new());
    loop {
        tokio::select! {
            _ = pace.tick() => {
                if stream.write_all(&[bytes.next().unwrap()]).await.is_err() {
                    break;
                }
            }
            read = stream.read_buf(&mut said) => {
                if read.is_err() || read.is_ok_and(|read| read == 0) {
                    break;
                }
            }
        }
        assert!(begun.elapsed() < Duration::from_secs(45), "a slow client is never dropped");
    }
    (begun.elapsed(), String::from_utf8_lossy(&said).into_owned())
}

/// Clients that never come to an end are dropped, and everybody else is served meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_client_is_dropped() {
    let mut app = TestApp::start(Kind::Sqlite).await;
    let agent = app.agent().await;
    let head = "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ";
    let post = format!(
        "POST /api/v1/tickets HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {agent}\r\nContent-Length: 1000\r\n\r\n"
    );
    let many = futures_util::future::join_all((0..200).map(|_| drip(&app, head, "x")));
    let body = drip(&app, &post, " ");
    let served = async {
        let begun = Instant::now();
        let mut slowest = Duration::ZERO;
        while begun.elapsed() < Duration::from_secs(5) {
            let asked = Instant::now();
            app.post(&agent, "/api/v1/tickets", a_ticket()).await.expect(201);
            slowest = slowest.max(asked.elapsed());
        }
        slowest
    };
    let (heads, (body_took, body_said), slowest) = tokio::join!(many, body, served);
    assert!(slowest < Duration::from_secs(3), "others waited {slowest:?}");
    for (took, said) in heads {
        assert!(took < Duration::from_secs(16), "dropped after {took:?}");
        assert!(said.is_empty() || statuses(&said) == [408], "{said}");
    }
    assert!(body_took < Duration::from_secs(30) && statuses(&body_said) == [408], "{body_took:?} {body_said}");
}

on_both! {
    /// Ten megabytes of addresses and methods that nobody knows make no new figures, and none of them is repeated.
    async fn odd_addresses_leave_no_trace(app: TestApp) {
        let mut app = app;
        let admin = app.token(Role::Admin, "").await;
        let series = |text: &str| -> BTreeSet<String> {
            text.lines().filter(|line| line.starts_with("lotse_") && line.contains("_count{")).map(|line| line.rsplit_once(' ').unwrap().0.to_owned()).collect()
        };
        let mut asked = 0usize;
        let mut before = BTreeSet::new();
        for round in 0..650 {
            let odd = format!("{round}-erika@buerger.example.org-{}", "ö".repeat(8));
            let odd = format!("{odd}{}", "x".repeat(16_000)).replace('ö', "%C3%B6");
            let path = match round % 6 {
                0 => format!("/{odd}"),
                1 => format!("/api/v1/{odd}"),
                2 => format!("/api/v1/tickets/{odd}"),
                3 => format!("/eskalation/{odd}/answer"),
                4 => format!("/assets/{odd}/x"),
                _ => format!("/{}/{odd}", "../".repeat(5)),
            };
            asked += path.len();
            let method = if round % 6 == 0 { "GET".to_owned() } else { ["GET", "POST", "PUT", "DELETE"][round % 4].to_owned() };
            let reply = app.send(&admin, &method, &path, None, &[]).await;
            assert!(matches!(reply.status, 404 | 405), "{}: {}", reply.status, reply.body.len());
            assert!(reply.body.len() < 8192 && !reply.body.contains("erika@"), "{}", reply.body);
            let reply = app.send(&admin, &format!("BREW{round}"), "/api/v1/tickets", None, &[]).await;
            assert!(matches!(reply.status, 404 | 405), "{}", reply.status);
            if round == 49 {
                before = series(&app.get(&admin, "/metrics").await.body);
                before = series(&app.get(&admin, "/metrics").await.body).union(&before).cloned().collect();
            }
        }
        assert!(asked > 10_000_000, "{asked}");
        let text = app.get(&admin, "/metrics").await.body;
        let after = series(&text);
        assert!(after.len() < 40 && after.is_subset(&before), "{:?}", after.difference(&before).collect::<Vec<_>>());
        assert!(!text.contains("BREW") && !text.contains("erika") && !text.contains("xxxx"), "{text}");
    }
}
