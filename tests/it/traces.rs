//! Traces of escalations, as a collector of OpenTelemetry receives them.
//!
//! Invariant: time moves only by the test's own clock. What is received is read with the schema of OpenTelemetry.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use chrono::TimeDelta;
use lotse::access::Role;
use lotse::clock::{Clock, Timestamp};
use lotse::operations::{instance, traces::Traces};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::{Span, status::StatusCode};
use prost::Message;
use serde_json::{Value, json};

use crate::support::app::{Kind, TestApp};
use crate::support::webhook::{Request, WebhookPeer, status};

const MINUTE: u64 = 60_000_000_000;

fn spans(request: &Request) -> Vec<Span> {
    let read = ExportTraceServiceRequest::decode(&request.body[..]).unwrap();
    let scopes = read.resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
    scopes.flat_map(|scope| scope.spans).collect()
}

async fn start(kind: Kind, more: &str) -> TestApp {
    TestApp::start_with(kind, more, Clock::fixed(Timestamp::new(chrono::Utc::now()))).await
}

/// An escalation whose messages were accepted, with the path it has.
async fn asked(app: &mut TestApp) -> (Value, Value, String) {
    let (ticket, escalation) = app.escalated("technical").await;
    let path = format!("/api/v1/escalations/{}", escalation["id"].as_str().unwrap());
    let central = app.central().await;
    let is_sent =
        |all: &Value| all["items"].as_array().is_some_and(|all| all.iter().all(|one| one["status"] == "sent"));
    app.wait_until(&central, &format!("{path}/deliveries"), "all sent", is_sent).await;
    app.wait_until(&central, &path, "sent", |found| found["status"] == "sent").await;
    (ticket, escalation, path)
}

/// The central contact answers by itself; so the 2nd level needs not.
async fn withdrawn(app: &mut TestApp) {
    let (ticket, _, _) = asked(app).await;
    let central = app.central().await;
    let path = format!("/api/v1/tickets/{}/answer", ticket["id"].as_str().unwrap());
    app.post(&central, &path, json!({"text": "Hat sich erledigt."})).await.expect(200);
}

async fn a_life_is_one_trace(kind: Kind) {
    let mut app = start(kind, "").await;
    let collector = WebhookPeer::start("whsec_c2VjcmV0").await;
    let traces = Traces::new(app.app.operations.clone(), "traces.endpoint", &collector.url()).unwrap();
    let (_, escalation, path) = asked(&mut app).await;
    let second = app.token(Role::SecondLevel, "technik").await;
    app.clock.advance(TimeDelta::minutes(10));
    app.post(&second, &format!("{path}/acknowledge"), json!({"reference": "D-17"})).await.expect(200);
    app.clock.advance(TimeDelta::minutes(20));
    app.post(&second, &format!("{path}/answer"), json!({"text": "Ist behoben."})).await.expect(200);
    assert_eq!(traces.round().await.unwrap(), 0, "what ended a moment ago waits");

    app.clock.advance(TimeDelta::minutes(1));
    collector.once(status(503));
    let fault = traces.round().await.unwrap_err().to_string();
    assert!(fault.contains("collector"), "{fault}");
    assert_eq!(traces.round().await.unwrap(), 1);
    assert_eq!(traces.round().await.unwrap(), 0, "once is enough");
    let requests = collector.wait_for(2).await;
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[0].header("content-type"), Some("application/x-protobuf"));
    let sent = spans(&requests[1]);
    assert_eq!(spans(&requests[0]), sent, "every span has the same id however often it is sent");

    let id: uuid::Uuid = escalation["id"].as_str().unwrap().parse().unwrap();
    assert!(sent.iter().all(|span| span.trace_id == id.as_bytes()));
    assert_eq!(sent.iter().map(|span| &span.span_id).collect::<BTreeSet<_>>().len(), sent.len());
    let (whole, parts) = sent.split_first().unwrap();
    assert!(parts.iter().all(|span| span.parent_span_id == whole.span_id) && whole.parent_span_id.is_empty());
    let lasted: HashMap<&str, u64> =
        sent.iter().map(|span| (span.name.as_str(), span.end_time_unix_nano - span.start_time_unix_nano)).collect();
    assert_eq!((lasted["escalation"], lasted["asked"], lasted["taken"]), (30 * MINUTE, 10 * MINUTE, 20 * MINUTE));
    assert!(lasted.contains_key("email") && lasted.contains_key("webhook"), "{lasted:?}");
    assert_eq!(whole.status.as_ref().unwrap().code(), StatusCode::Ok);
    let happened: Vec<&str> = whole.events.iter().map(|event| event.name.as_str()).collect();
    for name in ["escalated", "escalation_step", "escalation_sent", "escalation_acknowledged", "escalation_answered"] {
        assert!(happened.contains(&name), "{name} is missing: {happened:?}");
    }
    let attempts = parts.iter().filter(|span| span.name == "email").flat_map(|span| &span.events);
    assert!(attempts.count() >= 1, "each message has its attempts");

    let bytes = String::from_utf8_lossy(&requests[1].body).into_owned();
    for person in ["Mustermann", "erika", "example.org", "BundID", "behoben", "D-17", "technik", "Dataport"] {
        assert!(!bytes.contains(person), "{person} is nobody's business there");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_life_is_one_trace_on_sqlite() {
    a_life_is_one_trace(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_life_is_one_trace_on_postgres() {
    a_life_is_one_trace(Kind::Postgres).await;
}

/// Of several instances the one that began first sends, and another once it is gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_instance_sends() {
    let mut app = start(Kind::Postgres, "").await;
    let later = app.second_instance().await;
    let collector = WebhookPeer::start("whsec_c2VjcmV0").await;
    let to = |operations: &lotse::operations::Operations| {
        Traces::new(operations.clone(), "traces.endpoint", &collector.url()).unwrap()
    };
    let (first, second) = (to(&app.app.operations), to(&later.operations));
    withdrawn(&mut app).await;
    app.clock.advance(TimeDelta::minutes(1));
    instance::say(&app.app.operations).await.unwrap();
    instance::say(&later.operations).await.unwrap();
    assert_eq!((second.round().await.unwrap(), first.round().await.unwrap()), (0, 1));

    withdrawn(&mut app).await;
    app.clock.advance(TimeDelta::minutes(1));
    app.app.stop().await;
    assert_eq!(second.round().await.unwrap(), 1);
    assert_eq!(collector.wait_for(2).await.len(), 2);
    later.stop().await;
}

/// The setting is all it takes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_setting_switches_them_on() {
    let collector = WebhookPeer::start("whsec_c2VjcmV0").await;
    let mut app = start(Kind::Sqlite, &format!("[traces]\nendpoint = \"{}\"\n", collector.url())).await;
    withdrawn(&mut app).await;
    app.clock.advance(TimeDelta::minutes(1));
    let wait = tokio::time::timeout(Duration::from_secs(20), collector.wait_for(1)).await.unwrap();
    let sent = spans(&wait[0]);
    assert_eq!(sent[0].name, "escalation");
    assert_eq!(sent[0].status.as_ref().map_or(StatusCode::Unset, |status| status.code()), StatusCode::Unset);
}
