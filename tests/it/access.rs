//! Who gets in, and what they reach: every operation × no, bad, revoked and ended tokens × every role × another
//! region's objects, and what becomes of tokens.
//!
//! Invariant: the operations come from `/api/openapi.json`; one that [`OPERATIONS`] does not know, or the other way
//! round, fails. Not here: what an operation does for somebody who may.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::TimeDelta;
use diesel::prelude::*;
use lotse::access::policy::allows;
use lotse::access::token::NewToken;
use lotse::access::{Action, Actor, Channel, Role};
use lotse::app::App;
use lotse::clock::{Clock, Timestamp};
use lotse::db::schema::tokens;
use lotse::ids::TokenId;
use serde_json::{Value, json};

use crate::on_both;
use crate::support::app::{self, Kind, Reply, TestApp, a_ticket};
use crate::support::postgres::psql_answers;
use crate::support::process::{BINARY, Process};
use crate::support::wait::wait_for_some;

/// Every operation that needs a token, with the right it needs.
pub const OPERATIONS: &[(&str, &str, Action)] = &[
    ("POST", "/api/v1/tickets", Action::SubmitTicket),
    ("GET", "/api/v1/tickets", Action::ReadTickets),
    ("GET", "/api/v1/tickets/counts", Action::ReadTickets),
    ("POST", "/api/v1/tickets/bulk", Action::AssessTicket),
    ("GET", "/api/v1/tickets/{ticket}", Action::ReadTickets),
    ("GET", "/api/v1/tickets/{ticket}/history", Action::ReadTickets),
    ("POST", "/api/v1/tickets/{ticket}/reporter", Action::OpenReporter),
    ("GET", "/api/v1/tickets/{ticket}/attachments", Action::ReadTickets),
    ("POST", "/api/v1/tickets/{ticket}/attachments", Action::NoteTicket),
    ("GET", "/api/v1/tickets/{ticket}/attachments/{number}", Action::ReadTickets),
    ("GET", "/api/v1/unconfirmed", Action::AssessTicket),
    ("POST", "/api/v1/unconfirmed/{number}/take", Action::AssessTicket),
    ("POST", "/api/v1/unconfirmed/{number}/discard", Action::AssessTicket),
    ("POST", "/api/v1/tickets/{ticket}/claim", Action::AssessTicket),
    ("POST", "/api/v1/tickets/{ticket}/release", Action::AssessTicket),
    ("POST", "/api/v1/tickets/{ticket}/notes", Action::NoteTicket),
    ("POST", "/api/v1/tickets/{ticket}/wait", Action::AssessTicket),
    ("POST", "/api/v1/tickets/{ticket}/resume", Action::NoteTicket),
    ("POST", "/api/v1/tickets/{ticket}/interim", Action::AssessTicket),
    ("POST", "/api/v1/tickets/{ticket}/priority", Action::AssessTicket),
    ("POST", "/api/v1/tickets/{ticket}/emergency", Action::EscalateTicket),
    ("GET", "/api/v1/tickets/{ticket}/deadlines", Action::ReadTickets),
    ("POST", "/api/v1/tickets/{ticket}/category", Action::AssessTicket),
    ("POST", "/api/v1/tickets/{ticket}/answer", Action::AssessTicket),
    ("POST", "/api/v1/tickets/{ticket}/reject", Action::AssessTicket),
    ("POST", "/api/v1/tickets/{ticket}/close", Action::AssessTicket),
    ("POST", "/api/v1/tickets/{ticket}/reopen", Action::AssessTicket),
    ("POST", "/api/v1/tickets/{ticket}/merge", Action::AssessTicket),
    ("POST", "/api/v1/tickets/{ticket}/letter", Action::AssessTicket),
    ("GET", "/api/v1/tickets/{ticket}/texts", Action::AssessTicket),
    ("GET", "/api/v1/tickets/{ticket}/file", Action::OpenReporter),
    ("GET", "/api/v1/text-modules", Action::AssessTicket),
    ("POST", "/api/v1/text-modules", Action::AssessTicket),
    ("GET", "/api/v1/text-modules/{module}", Action::AssessTicket),
    ("PUT", "/api/v1/text-modules/{module}", Action::AssessTicket),
    ("DELETE", "/api/v1/text-modules/{module}", Action::AssessTicket),
    ("POST", "/api/v1/tickets/{ticket}/escalations", Action::EscalateTicket),
    ("GET", "/api/v1/tickets/{ticket}/escalations", Action::ReadTickets),
    ("POST", "/api/v1/tickets/{ticket}/escalations/preview", Action::EscalateTicket),
    ("GET", "/api/v1/escalations", Action::RespondEscalation),
    ("GET", "/api/v1/escalations/{escalation}", Action::ReadEscalations),
    ("GET", "/api/v1/escalations/{escalation}/deliveries", Action::ReadEscalations),
    ("POST", "/api/v1/escalations/{escalation}/acknowledge", Action::RespondEscalation),
    ("POST", "/api/v1/escalations/{escalation}/answer", Action::RespondEscalation),
    ("POST", "/api/v1/escalations/{escalation}/return", Action::RespondEscalation),
    ("POST", "/api/v1/escalations/{escalation}/ask", Action::RespondEscalation),
    ("POST", "/api/v1/escalations/{escalation}/next", Action::AssessTicket),
    ("GET", "/api/v1/escalations/{escalation}/conversation", Action::ReadEscalations),
    ("POST", "/api/v1/escalations/{escalation}/reply", Action::AssessTicket),
    ("POST", "/api/v1/escalations/{escalation}/comment", Action::RespondEscalation),
    ("POST", "/api/v1/escalations/{escalation}/hand_on", Action::RespondEscalation),
    ("POST", "/api/v1/escalations/{escalation}/forward", Action::AssessTicket),
    ("POST", "/api/v1/escalations/{escalation}/handovers/{handover}/confirm", Action::AssessTicket),
    ("POST", "/api/v1/escalations/{escalation}/handovers/{handover}/decline", Action::AssessTicket),
    ("POST", "/api/v1/escalations/{escalation}/withdraw", Action::AssessTicket),
    ("POST", "/api/v1/escalations/{escalation}/other_way", Action::AssessTicket),
    ("GET", "/api/v1/deliveries/exhausted", Action::ReadDeliveries),
    ("POST", "/api/v1/deliveries/{delivery}/replay", Action::ReplayDelivery),
    ("POST", "/api/v1/deliveries/{delivery}/retry", Action::ReplayDelivery),
    ("GET", "/api/v1/inbound", Action::ReadInbound),
    ("GET", "/api/v1/inbound/{mail}", Action::ReadInbound),
    ("POST", "/api/v1/inbound/{mail}/decide", Action::DecideInbound),
    ("GET", "/api/v1/inbound/{mail}/raw", Action::ReadInbound),
    ("GET", "/api/v1/inbound/{mail}/attachments/{position}", Action::ReadInbound),
    ("GET", "/api/v1/lands", Action::ReadDirectory),
    ("GET", "/api/v1/lands/{land}", Action::ReadDirectory),
    ("PATCH", "/api/v1/lands/{land}", Action::ChangeDirectory),
    ("GET", "/api/v1/lands/{land}/agreements", Action::ReadDirectory),
    ("PUT", "/api/v1/lands/{land}/agreements/{using}", Action::ChangeDirectory),
    ("DELETE", "/api/v1/lands/{land}/agreements/{using}", Action::ChangeDirectory),
    ("GET", "/api/v1/municipalities", Action::ReadDirectory),
    ("GET", "/api/v1/municipalities/{ars}", Action::ReadDirectory),
    ("PATCH", "/api/v1/municipalities/{ars}", Action::ChangeDirectory),
    ("GET", "/api/v1/services", Action::ReadDirectory),
    ("POST", "/api/v1/services", Action::ChangeDirectory),
    ("GET", "/api/v1/services/{service}", Action::ReadDirectory),
    ("PATCH", "/api/v1/services/{service}", Action::ChangeDirectory),
    ("DELETE", "/api/v1/services/{service}", Action::ChangeDirectory),
    ("GET", "/api/v1/adoptions", Action::ReadDirectory),
    ("POST", "/api/v1/adoptions", Action::ChangeAdoption),
    ("GET", "/api/v1/adoptions/{adoption}", Action::ReadDirectory),
    ("PATCH", "/api/v1/adoptions/{adoption}", Action::ChangeAdoption),
    ("DELETE", "/api/v1/adoptions/{adoption}", Action::ChangeAdoption),
    ("GET", "/api/v1/adoptions/{adoption}/checklist", Action::ReadDirectory),
    ("PATCH", "/api/v1/adoptions/{adoption}/checklist", Action::ChangeAdoption),
    ("PATCH", "/api/v1/adoptions/{adoption}/checklist/{item}", Action::ChangeAdoption),
    ("GET", "/api/v1/adoptions/{adoption}/matrix", Action::ReadDirectory),
    ("PUT", "/api/v1/adoptions/{adoption}/matrix", Action::ChangeAdoption),
    ("GET", "/api/v1/adoptions/{adoption}/transfers", Action::ReadDirectory),
    ("POST", "/api/v1/adoptions/{adoption}/transfers", Action::ChangeAdoption),
    ("GET", "/api/v1/exports/help", Action::ReadDirectory),
    ("POST", "/api/v1/imports/contacts", Action::ChangeContact),
    ("POST", "/api/v1/imports/channels", Action::ChangeAdoption),
    ("POST", "/api/v1/imports/municipalities", Action::ChangeDirectory),
    ("POST", "/api/v1/imports/municipality-changes", Action::ChangeDirectory),
    ("POST", "/api/v1/imports/postal-codes", Action::ChangeDirectory),
    ("GET", "/api/v1/imports/templates/{template}", Action::ReadDirectory),
    ("GET", "/api/v1/contacts", Action::ReadDirectory),
    ("POST", "/api/v1/contacts", Action::ChangeContact),
    ("GET", "/api/v1/contacts/{contact}", Action::ReadDirectory),
    ("PATCH", "/api/v1/contacts/{contact}", Action::ChangeContact),
    ("DELETE", "/api/v1/contacts/{contact}", Action::ChangeContact),
    ("GET", "/api/v1/channels", Action::ReadDirectory),
    ("POST", "/api/v1/channels", Action::ChangeAdoption),
    ("GET", "/api/v1/channels/{channel}", Action::ReadDirectory),
    ("PUT", "/api/v1/channels/{channel}", Action::ChangeAdoption),
    ("DELETE", "/api/v1/channels/{channel}", Action::ChangeAdoption),
    ("GET", "/api/v1/closing-days", Action::ReadDirectory),
    ("POST", "/api/v1/closing-days", Action::ChangeDirectory),
    ("GET", "/api/v1/closing-days/{day}", Action::ReadDirectory),
    ("DELETE", "/api/v1/closing-days/{day}", Action::ChangeDirectory),
    ("GET", "/api/v1/deadline", Action::ReadDirectory),
    ("GET", "/api/v1/notices", Action::ReadDirectory),
    ("POST", "/api/v1/notices", Action::ChangeAdoption),
    ("GET", "/api/v1/notices/{notice}", Action::ReadDirectory),
    ("PUT", "/api/v1/notices/{notice}", Action::ChangeAdoption),
    ("DELETE", "/api/v1/notices/{notice}", Action::ChangeAdoption),
    ("GET", "/api/v1/route", Action::ReadDirectory),
    ("GET", "/api/v1/route/stages", Action::ReadDirectory),
    ("GET", "/api/v1/checklists", Action::ReadDirectory),
    ("GET", "/api/v1/contacts/{contact}/duties", Action::ReadDirectory),
    ("GET", "/api/v1/gaps", Action::ReadDirectory),
    ("GET", "/metrics", Action::ReadMetrics),
    ("GET", "/api/v1/operations", Action::ReadMetrics),
    ("GET", "/api/v1/operations/deliveries", Action::ReadMetrics),
    ("POST", "/api/v1/operations/deliveries/resend", Action::Operate),
    ("GET", "/api/v1/operations/endpoints", Action::ReadMetrics),
    ("POST", "/api/v1/operations/endpoints/{endpoint}/enable", Action::Operate),
    ("GET", "/api/v1/operations/licences", Action::ReadMetrics),
    ("GET", "/api/v1/contacts/{contact}/history", Action::ReadDirectory),
    ("GET", "/api/v1/gaps.csv", Action::ReadDirectory),
    ("GET", "/api/v1/contacts/{contact}/callbacks", Action::ChangeContact),
    ("PUT", "/api/v1/contacts/{contact}/callbacks", Action::ChangeContact),
    ("DELETE", "/api/v1/contacts/{contact}/callbacks", Action::ChangeContact),
    ("POST", "/api/v1/contacts/{contact}/callbacks/secret", Action::ChangeContact),
    ("POST", "/api/v1/contacts/{contact}/webhook/preview", Action::ChangeContact),
    ("GET", "/api/v1/contacts/{contact}/confirmation", Action::ReadDirectory),
    ("POST", "/api/v1/contacts/{contact}/confirmation", Action::ChangeContact),
    ("GET", "/api/v1/contacts/{contact}/versions", Action::ReadDirectory),
    ("GET", "/api/v1/contacts/{contact}/planned", Action::ReadDirectory),
    ("POST", "/api/v1/contacts/{contact}/planned", Action::ChangeContact),
    ("DELETE", "/api/v1/contacts/{contact}/planned/{plan}", Action::ChangeContact),
    ("GET", "/api/v1/adoptions/{adoption}/versions", Action::ReadDirectory),
    ("GET", "/api/v1/services/{service}/versions", Action::ReadDirectory),
    ("GET", "/api/v1/lands/{land}/versions", Action::ReadDirectory),
    ("GET", "/api/v1/figures", Action::ReadFigures),
    ("GET", "/api/v1/audit", Action::ReadAudit),
    ("GET", "/api/v1/audit/export", Action::ReadAudit),
    ("GET", "/api/v1/tickets/{ticket}/export", Action::ExportPersonalData),
    ("POST", "/api/v1/tickets/{ticket}/erase", Action::ErasePersonalData),
    ("GET", "/api/v1/users", Action::ReadUsers),
    ("POST", "/api/v1/users", Action::ManageUsers),
    ("GET", "/api/v1/users/{user}", Action::ReadUsers),
    ("PATCH", "/api/v1/users/{user}", Action::ManageUsers),
    ("POST", "/api/v1/users/{user}/disable", Action::ManageUsers),
    ("POST", "/api/v1/users/{user}/enable", Action::ManageUsers),
    ("POST", "/api/v1/users/{user}/reset", Action::ManageUsers),
    ("POST", "/api/v1/users/{user}/end_sessions", Action::ManageUsers),
];

/// What everybody may who is known at all: things about themselves (`pages.rs` tries them).
const OWN: &[(&str, &str)] = &[
    ("GET", "/api/v1/me"),
    ("GET", "/api/v1/me/sessions"),
    ("DELETE", "/api/v1/me/sessions/{session}"),
    ("GET", "/api/v1/tokens"),
    ("POST", "/api/v1/tokens"),
    ("DELETE", "/api/v1/tokens/{token}"),
];

/// What anybody may ask, and how it answers without a token.
const PUBLIC: &[(&str, &str, &str, u16)] = &[
    ("GET", "/api/v1/help", "/api/v1/help?service=wohnsitzanmeldung&ars=010020000000", 200),
    ("GET", "/healthz", "/healthz", 200),
    ("GET", "/readyz", "/readyz", 200),
    ("POST", "/api/v1/callbacks/{contact}", "/api/v1/callbacks/technik", 405),
];

const NO_SUCH_ID: &str = "01890000-0000-7000-8000-000000000000";

/// The operations of the document.
async fn documented(app: &TestApp) -> BTreeSet<(String, String)> {
    let document = app.get("", "/api/openapi.json").await.expect(200);
    let paths = document["paths"].as_object().unwrap();
    let methods = |item: &Value| item.as_object().unwrap().keys().map(|m| m.to_uppercase()).collect::<Vec<_>>();
    paths.iter().flat_map(|(path, item)| methods(item).into_iter().map(move |method| (method, path.clone()))).collect()
}

/// The path with ids that name nothing.
pub fn filled(path: &str) -> String {
    let known = [
        ("{land}", "SH"),
        ("{using}", "NI"),
        ("{item}", "knowledge"),
        ("{ars}", "010020000000"),
        ("{service}", "gibt-es-nicht"),
        ("{contact}", "niemand"),
    ];
    let path = known.iter().fold(path.to_owned(), |path, (name, value)| path.replace(name, value));
    let path = path.replace("{template}", "gibt-es-nicht").replace("{position}", "1").replace("{number}", "1");
    [
        "{ticket}",
        "{escalation}",
        "{delivery}",
        "{endpoint}",
        "{adoption}",
        "{channel}",
        "{notice}",
        "{day}",
        "{user}",
        "{session}",
        "{token}",
        "{handover}",
        "{mail}",
        "{module}",
    ]
    .iter()
    .fold(path, |path, name| path.replace(name, NO_SUCH_ID))
}

#[track_caller]
fn is_refused(reply: &Reply, what: &str) {
    assert_eq!(reply.status, 401, "{what}: {}", reply.body);
    assert_eq!(reply.header("www-authenticate"), Some("Bearer"), "{what}");
    assert_eq!(reply.header("content-type"), Some("application/problem+json"), "{what}");
    let problem = reply.json();
    assert_eq!(
        (&problem["type"], &problem["status"]),
        (&json!("urn:lotse:problem:unauthorised"), &json!(401)),
        "{what}"
    );
}

fn a_name(name: &str, role: Role) -> NewToken {
    let contact = (role == Role::SecondLevel).then(|| "technik".parse().unwrap());
    NewToken { contact, ..NewToken::new(name, role) }
}

/// A body for those operations that take one.
fn body_of(method: &str, body: &str) -> Option<String> {
    matches!(method, "POST" | "PATCH" | "PUT").then(|| body.to_owned())
}

on_both! {
    /// The document, the table here and what is public are the same set.
    async fn every_operation_is_known_here(app: TestApp) {
        let expected: BTreeSet<(String, String)> = OPERATIONS
            .iter()
            .map(|(method, path, _)| (method.to_string(), path.to_string()))
            .chain(OWN.iter().map(|(method, path)| (method.to_string(), path.to_string())))
            .chain(PUBLIC.iter().map(|(method, path, ..)| (method.to_string(), path.to_string())))
            .collect();
        let documented = documented(&app).await;
        let (missing, surplus): (Vec<_>, Vec<_>) =
            (documented.difference(&expected).collect(), expected.difference(&documented).collect());
        assert!(missing.is_empty() && surplus.is_empty(), "missing here {missing:?}, gone {surplus:?}");
    }

    /// Without a good token nothing but the public operations answers, and they answer everybody.
    async fn nobody_gets_in_without_a_good_token(app: TestApp) {
        let (revoked_id, revoked) = app.app.tokens.create(&Actor::system(), a_name("revoked", Role::Admin)).await.unwrap();
        app.get(&revoked, "/api/v1/tickets").await.expect(200);
        app.app.tokens.revoke(&Actor::system(), revoked_id, None).await.unwrap();
        let soon = app.clock.now();
        let ended = NewToken { expires_at: Some(soon), ..a_name("ended", Role::Admin) };
        let (_, ended) = app.app.tokens.create(&Actor::system(), ended).await.unwrap();
        let (_, good) = app.app.tokens.create(&Actor::system(), a_name("good", Role::Admin)).await.unwrap();
        let cut = &good[..good.len() - 1];
        let longer = format!("{good}A");
        let upper = good.to_uppercase();
        let bad = ["", "x", "lotse_", "lotse_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", cut, &longer, &upper, &revoked, &ended];
        let mut bodies = BTreeSet::new();
        let guarded = OPERATIONS.iter().map(|(method, path, _)| (method, path));
        for (method, path) in guarded.chain(OWN.iter().map(|(method, path)| (method, path))) {
            for token in bad {
                let reply = app.send(token, method, &filled(path), body_of(method, "{"), &[]).await;
                is_refused(&reply, &format!("{method} {path} with {token:?}"));
                bodies.insert(reply.body);
            }
        }
        assert_eq!(bodies.len(), 1, "unknown, cut, revoked and ended look alike: {bodies:?}");
        for header in ["", "Bearer", "Bearer ", "Basic bG90c2U6bG90c2U=", "Token x", &format!("bearer{good}"), &format!("Bearer {good} {good}")] {
            let reply = app.send("", "GET", "/api/v1/tickets", None, &[("Authorization", header)]).await;
            is_refused(&reply, header);
        }
        let reply = app.send("", "GET", &format!("/api/v1/tickets?access_token={good}&token={good}"), None, &[]).await;
        is_refused(&reply, "a token in the query");
        for (_, _, asked, status) in PUBLIC {
            for token in ["", "lotse_bad", &revoked] {
                app.get(token, asked).await.expect(*status);
            }
        }
    }

    /// 403 exactly where the table of rights says no, and before anything of the body is looked at.
    async fn rights_are_those_of_the_table(app: TestApp) {
        let mut app = app;
        let too_long = format!("{{\"x\": \"{}\"}}", "x".repeat(300 * 1024));
        let mut asked = 0;
        for role in Role::ALL {
            let more = if *role == Role::SecondLevel { "technik" } else { "" };
            let token = app.token(*role, more).await;
            for (method, path, action) in OPERATIONS {
                let bodies = match body_of(method, "") {
                    None => vec![None],
                    Some(_) => vec![None, Some("{}"), Some("{"), Some("[[[[")],
                };
                for body in bodies {
                    let reply = app.send(&token, method, &filled(path), body.map(str::to_owned), &[]).await;
                    asked += 1;
                    let what = format!("{role} {method} {path} {body:?}: {} {}", reply.status, reply.body);
                    if allows(*role, *action) {
                        assert!(!matches!(reply.status, 401 | 403 | 405 | 500..), "{what}");
                    } else {
                        assert_eq!(reply.status, 403, "{what}");
                        assert_eq!(reply.json()["type"], "urn:lotse:problem:forbidden", "{what}");
                    }
                }
                if body_of(method, "").is_some() && !allows(*role, *action) {
                    for (name, value) in [("Content-Type", "text/plain"), ("Content-Encoding", "gzip")] {
                        let reply = app.send(&token, method, &filled(path), Some("x".into()), &[(name, value)]).await;
                        assert_eq!(reply.status, 403, "{role} {method} {path} {value}: {}", reply.body);
                    }
                }
            }
            // An over-long body is refused for its caller, not for its length.
            let reply = app.send(&token, "POST", "/api/v1/services", Some(too_long.clone()), &[]).await;
            assert_eq!(reply.status, if allows(*role, Action::ChangeDirectory) { 413 } else { 403 }, "{role}");
        }
        assert!(asked > 500, "{asked}");
    }

    /// What belongs to another region answers as what does not exist does, byte for byte, and nothing changes.
    async fn a_foreign_object_looks_like_none(app: TestApp) {
        let mut app = app;
        let (ticket, escalation) = app.escalated("technical").await;
        let other = app.submit().await;
        let admin = app.token(Role::Admin, "").await;
        let central = app.central().await;
        let escalation_id = escalation["id"].as_str().unwrap();
        let delivery = app
            .wait_until(&central, &format!("/api/v1/escalations/{escalation_id}/deliveries"), "deliveries", |list| {
                list["items"].as_array().is_some_and(|all| !all.is_empty())
            })
            .await["items"][0]["id"]
            .clone();
        let adoption = app.get(&admin, "/api/v1/adoptions?ars=01002").await.expect(200)["items"][0]["id"].clone();
        let channel = app.get(&admin, "/api/v1/channels?ars=01002").await.expect(200)["items"][0]["id"].clone();
        let owned = json!({"id": "kiel-eigen", "name": "Kiel, eigene Stelle", "owner": "01002", "email": "eigen@kiel.example.org"});
        app.post(&admin, "/api/v1/contacts", owned).await.expect(201);
        let ids = BTreeMap::from([
            ("{ticket}", vec![ticket["id"].as_str().unwrap(), ticket["number"].as_str().unwrap()]),
            ("{escalation}", vec![escalation_id]),
            ("{delivery}", vec![delivery.as_str().unwrap()]),
            ("{adoption}", vec![adoption.as_str().unwrap()]),
            ("{channel}", vec![channel.as_str().unwrap()]),
            ("{contact}", vec!["kiel-eigen"]),
        ]);
        let mut foreign = vec![(Role::SecondLevel, "nur-webhook", app.token(Role::SecondLevel, "nur-webhook").await)];
        for role in Role::ALL.iter().copied().filter(|role| *role != Role::SecondLevel) {
            foreign.push((role, "02", app.token(role, "02").await));
            // The right place, but another service or another way in.
            let elsewhere = NewToken { services: vec!["elterngeld".parse().unwrap()], ..a_name("anderer Dienst", role) };
            foreign.push((role, "elterngeld", app.app.tokens.create(&Actor::system(), elsewhere).await.unwrap().1));
            let other_way = NewToken { channel: Some(Channel::Web), ..a_name("anderer Weg", role) };
            foreign.push((role, "web", app.app.tokens.create(&Actor::system(), other_way).await.unwrap().1));
        }
        let history = format!("/api/v1/tickets/{}/history", ticket["id"].as_str().unwrap());
        let done = async |app: &TestApp| {
            let all = app.get(&admin, &history).await.expect(200)["items"].as_array().unwrap().clone();
            all.into_iter().filter(|e| e["actor"]["kind"] != "system").collect::<Vec<_>>()
        };
        let before = done(&app).await;
        let (mut asked, mut paths) = (0, BTreeSet::new());
        for (role, reach, token) in foreign {
            for (method, path, action) in OPERATIONS {
                let Some((name, ids)) = ids.iter().find(|(name, _)| path.contains(**name)) else { continue };
                // The directory does not know how somebody asks, and a contact belongs to no service.
                let is_bounded = match reach {
                    "web" => !path.contains("/adoptions") && !path.contains("/channels") && !path.contains("/contacts"),
                    "elterngeld" => !path.contains("/contacts"),
                    _ => true,
                };
                if !allows(role, *action) || !is_bounded {
                    continue;
                }
                paths.insert((*method, *path));
                for id in ids {
                    for body in bodies(path, other["id"].as_str().unwrap()) {
                        let body = body_of(method, &body.to_string());
                        let nothing = if *name == "{contact}" { "niemand" } else { NO_SUCH_ID };
                        let theirs = app.send(&token, method, &path.replace(*name, id), body.clone(), &[]).await;
                        let none = app.send(&token, method, &path.replace(*name, nothing), body.clone(), &[]).await;
                        let what = format!("{role} {reach} {method} {path} {body:?}");
                        assert_eq!((theirs.status, &theirs.body), (none.status, &none.body), "{what}");
                        assert!(matches!(theirs.status, 404 | 422), "{what}: {}", theirs.body);
                        asked += 1;
                    }
                    let body = body_of(method, &bodies(path, other["id"].as_str().unwrap())[0].to_string());
                    let theirs = app.send(&token, method, &path.replace(*name, id), body, &[]).await;
                    assert_eq!(theirs.status, 404, "{role} {method} {path}: {}", theirs.body);
                }
            }
        }
        assert!(asked > 150, "{asked}");
        let with_id = OPERATIONS.iter().filter(|(_, path, _)| ids.keys().any(|name| path.contains(name))).count();
        assert_eq!(paths.len(), with_id, "every operation with an id was tried by somebody who may");
        let after = done(&app).await;
        assert_eq!(before, after, "nothing was done");
        // Lists hold nothing of it either, whatever is asked for.
        let token = app.token(Role::Admin, "02").await;
        for path in ["/api/v1/tickets", "/api/v1/tickets?ars=01002", "/api/v1/adoptions", "/api/v1/adoptions?ars=01", "/api/v1/channels", "/api/v1/channels?ars=010020000000", "/api/v1/contacts?q=eigen", "/api/v1/deliveries/exhausted"] {
            let list = app.get(&token, path).await.expect(200);
            assert_eq!((&list["items"], &list["next_cursor"]), (&json!([]), &json!(null)), "{path}");
        }
        let gaps = app.get(&token, "/api/v1/gaps").await;
        assert!(gaps.status == 200 && !gaps.body.contains("01002"), "{}", gaps.body);
    }

    /// A foreign ticket cannot be named in a body either, and looks there like one that does not exist.
    async fn a_foreign_ticket_is_no_target(app: TestApp) {
        let mut app = app;
        let kiel = app.submit().await;
        let hamburg = app.token(Role::Agent, "02").await;
        let mut body = a_ticket();
        body["ars"] = json!("020000000000");
        let own = app.post(&hamburg, "/api/v1/tickets", body).await.expect(201);
        let central = app.token(Role::Central, "02").await;
        let path = format!("/api/v1/tickets/{}/merge", own["id"].as_str().unwrap());
        let theirs = app.post(&central, &path, json!({"into": kiel["id"]})).await;
        let none = app.post(&central, &path, json!({"into": NO_SUCH_ID})).await;
        assert_eq!((theirs.status, &theirs.body), (none.status, &none.body));
        theirs.expect_fault(422, "into");
        // Handing in for another region is refused, and makes nothing.
        let refused = app.post(&hamburg, "/api/v1/tickets", a_ticket()).await;
        assert!(matches!(refused.status, 403 | 422), "{}", refused.body);
        let admin = app.token(Role::Admin, "01").await;
        assert_eq!(app.get(&admin, "/api/v1/tickets").await.expect(200)["items"].as_array().unwrap().len(), 1);
    }

    /// Only a hash of a token lies in the database, in no table its text.
    async fn a_token_is_kept_as_its_hash(app: TestApp) {
        let (id, token) = app.app.tokens.create(&Actor::system(), a_name("geheim", Role::Agent)).await.unwrap();
        assert!(token.len() >= 6 + 43, "256 bits: {token}");
        app.get(&token, "/api/v1/tickets").await.expect(200);
        app.send(&token, "POST", "/api/v1/tickets", Some(a_ticket().to_string()), &[("Idempotency-Key", "1")]).await.expect(201);
        let stored: Vec<u8> =
            app.app.db.read(move |conn| Ok(tokens::table.find(id).select(tokens::hash).first(conn)?)).await.unwrap();
        use sha2::Digest;
        assert_eq!(stored, sha2::Sha256::digest(token.as_bytes()).to_vec());
        let dump = dump(&app).await;
        assert!(dump.len() > 1000 && dump.contains("geheim"), "the dump is one");
        assert!(!dump.contains(&token) && !dump.contains(&token[6..]), "the token itself is stored");
        assert!(!dump.contains("Mustermann") && !dump.contains("erika@"), "the reporter lies open");
    }

    /// A revoked token is out at once here, and within two seconds in another instance that had used it.
    async fn a_revoked_token_is_out(app: TestApp) {
        let other = app.second_instance().await;
        let (id, token) = app.app.tokens.create(&Actor::system(), a_name("weg", Role::Agent)).await.unwrap();
        let http = app::client();
        let base = format!("http://{}", other.address().unwrap());
        let ask = || app::send(&http, &base, &token, "GET", "/api/v1/tickets", None, &[]);
        app.get(&token, "/api/v1/tickets").await.expect(200);
        ask().await.expect(200);
        app.app.tokens.revoke(&Actor::system(), id, None).await.unwrap();
        app.get(&token, "/api/v1/tickets").await.expect(401);
        wait_for_some("the other instance to refuse", Duration::from_secs(2), || async {
            (ask().await.status == 401).then_some(())
        })
        .await;
        assert!(app.app.tokens.revoke(&Actor::system(), id, None).await.is_err(), "it is revoked already");
        other.stop().await;
    }

    /// A token that is used while it is revoked is not remembered as good.
    async fn a_revocation_wins_every_race(app: TestApp) {
        for round in 0..20 {
            let (id, token) = app.app.tokens.create(&Actor::system(), a_name("wettlauf", Role::Agent)).await.unwrap();
            let uses = futures_util::future::join_all((0..8).map(|_| app.get(&token, "/api/v1/tickets")));
            let by = Actor::system();
            let (_, revoked) = tokio::join!(uses, app.app.tokens.revoke(&by, id, None));
            revoked.unwrap();
            assert_eq!(app.get(&token, "/api/v1/tickets").await.status, 401, "round {round}");
        }
    }

    /// A token of the 2nd level stands for a contact, and no other does.
    async fn a_second_level_token_needs_its_contact(app: TestApp) {
        let without = NewToken { contact: None, ..a_name("ohne", Role::SecondLevel) };
        assert!(app.app.tokens.create(&Actor::system(), without).await.is_err());
        let with = NewToken { contact: Some("technik".parse().unwrap()), ..a_name("mit", Role::Agent) };
        assert!(app.app.tokens.create(&Actor::system(), with).await.is_err());
    }
}

/// Bodies for an operation: a good one first, then `{}` and one with an unknown field.
fn bodies(path: &str, other_ticket: &str) -> Vec<Value> {
    let good = match path.rsplit('/').next().unwrap() {
        "reporter" => json!({"purpose": "Rückruf"}),
        "notes" | "resume" | "ask" | "reply" | "comment" => json!({"text": "?"}),
        "answer" => json!({"text": "So geht es."}),
        "letter" => json!({"kind": "answer", "text": "So geht es."}),
        "wait" => json!({"question": "Welcher Browser?"}),
        "interim" => json!({"text": "Bald.", "respond_by": "2030-01-01T00:00:00Z"}),
        "priority" => json!({"priority": "P2"}),
        "category" => json!({"category": "payment"}),
        "hand_on" | "forward" => json!({"contact": "bereitschaft", "reason": "weil"}),
        "callbacks" => json!({"statuses": {}}),
        "reject" | "reopen" | "return" | "withdraw" | "erase" | "emergency" | "decline" => json!({"reason": "weil"}),
        "merge" => json!({"into": other_ticket}),
        "matrix" => json!({"version": 0, "tasks": [{"task": "costs", "land": "responsible"}]}),
        "preview" if path.contains("/contacts/") => json!({}),
        "escalations" | "preview" => json!({"kind": "technical", "note": "?"}),
        "{adoption}" => json!({"state": "suspended", "reason": "weil"}),
        "{channel}" => {
            json!({"kind": "phone", "label": "Telefon", "phone": "+49 431 1", "hours": "Mo-Fr 08:00-12:00", "languages": ["de"]})
        }
        "{contact}" => json!({"name": "Übernommen"}),
        "planned" => json!({"takes_effect_on": "2099-01-01", "change": {"phone": "115"}}),
        _ => json!({}),
    };
    vec![good, json!({}), json!({"gibt_es_nicht": 1})]
}

/// Everything in the database, as text; binary columns as hexadecimal.
async fn dump(app: &TestApp) -> String {
    let url = app.database.url.clone();
    if let Some(file) = url.strip_prefix("sqlite://") {
        // What SQLite has not yet moved from its log stands there.
        let mut all = std::fs::read(file).unwrap();
        all.extend(std::fs::read(format!("{file}-wal")).unwrap_or_default());
        return String::from_utf8_lossy(&all).into_owned();
    }
    let names = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'";
    let mut all = String::new();
    for name in psql_answers(&url, names).lines() {
        all.push_str(&psql_answers(&url, &format!("SELECT * FROM \"{name}\"")));
    }
    all
}

async fn last_use(app: &App, id: TokenId) -> Option<Timestamp> {
    app.db.read(move |conn| Ok(tokens::table.find(id).select(tokens::last_used_at).first(conn)?)).await.unwrap()
}

/// When a token was last used is written once a minute, however often it is used; and it ends by the clock.
async fn lives_by_the_clock(kind: Kind) {
    let clock = Clock::fixed(Timestamp::new(chrono::Utc::now()));
    let app = TestApp::start_with(kind, "", clock.clone()).await;
    let begun = clock.now();
    let expires_at = Some(begun.plus(TimeDelta::minutes(10)));
    let (id, token) =
        app.app.tokens.create(&Actor::system(), NewToken { expires_at, ..a_name("uhr", Role::Agent) }).await.unwrap();
    assert_eq!(last_use(&app.app, id).await, None);
    app.get(&token, "/api/v1/tickets").await.expect(200);
    let written = |wanted: Timestamp| {
        wait_for_some("the last use", Duration::from_secs(5), {
            let app = &app.app;
            move || async move { last_use(app, id).await.filter(|at| same_second(*at, wanted)) }
        })
    };
    written(begun).await;
    clock.advance(TimeDelta::seconds(59));
    for _ in 0..20 {
        app.get(&token, "/api/v1/tickets").await.expect(200);
    }
    clock.advance(TimeDelta::seconds(1));
    app.get(&token, "/api/v1/tickets").await.expect(200);
    // Writes are made in their order, so one at 59 s would have been seen in between.
    let at = written(begun.plus(TimeDelta::seconds(60))).await;
    assert!(same_second(at, begun.plus(TimeDelta::seconds(60))));
    clock.advance(TimeDelta::minutes(9));
    app.get(&token, "/api/v1/tickets").await.expect(401);
}

fn same_second(one: Timestamp, other: Timestamp) -> bool {
    one.since(other).num_milliseconds().abs() < 1000
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_lives_by_the_clock_on_sqlite() {
    lives_by_the_clock(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_lives_by_the_clock_on_postgres() {
    lives_by_the_clock(Kind::Postgres).await;
}

/// The commands: the token alone on stdout, once; the list without it; the end heard by a running server.
async fn commands(kind: Kind) {
    let database = app::Database::new(kind).await;
    let smtp = crate::support::smtp::SmtpPeer::start().await;
    let settings = app::settings(&database.url, &smtp.url(), "");
    let directory = app::directory("http://127.0.0.1:9999/hook");
    let lotse = Process::start(database.folder.path(), &settings, &directory).await;
    let token = lotse.token("agent", &["--ars", "01", "--ars", "02"]);
    assert!(token.starts_with("lotse_") && !token.contains(char::is_whitespace), "{token:?}");
    let list = lotse.command(&["token", "list"]);
    assert!(!list.contains(&token[6..]), "{list}");
    let line = list.lines().find(|line| line.contains("agent")).unwrap();
    assert!(line.contains("01 02") && line.contains("good"), "{line}");
    let id = line.split_whitespace().next().unwrap().to_owned();
    let http = app::client();
    let ask = || app::send(&http, &lotse.base, &token, "GET", "/api/v1/tickets", None, &[]);
    ask().await.expect(200);
    assert_eq!(lotse.command(&["token", "revoke", &id]), "", "nothing on stdout");
    wait_for_some("the server to refuse", Duration::from_secs(2), || async {
        (ask().await.status == 401).then_some(())
    })
    .await;
    assert!(lotse.command(&["token", "list"]).contains("revoked"));
    lotse.token("second_level", &["--contact", "technik"]);

    let config = std::fs::read_dir(database.folder.path()).unwrap().flatten().map(|e| e.path());
    let config = config
        .into_iter()
        .find(|path| path.extension().is_some_and(|e| e == "toml") && path.file_stem().unwrap() != "directory")
        .unwrap();
    for (arguments, named) in [
        (&["token", "create", "--name", "x", "--role", "second_level"][..], "contact"),
        (&["token", "create", "--name", "x", "--role", "second_level", "--contact", "niemand"], "--contact"),
        (&["token", "create", "--name", "x", "--role", "agent", "--contact", "technik"], "contact"),
        (&["token", "create", "--name", " ", "--role", "agent"], "name"),
        (&["token", "revoke", &id], "token"),
        (&["token", "revoke", "x"], "token"),
    ] {
        let ended = std::process::Command::new(BINARY).arg("--config").arg(&config).args(arguments).output().unwrap();
        let said = String::from_utf8_lossy(&ended.stderr);
        assert_eq!((ended.status.code(), ended.stdout.len()), (Some(2), 0), "{arguments:?}: {said}");
        assert!(said.contains(named) && said.trim_end().lines().count() == 1, "{arguments:?}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_by_command_on_sqlite() {
    commands(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_by_command_on_postgres() {
    commands(Kind::Postgres).await;
}
