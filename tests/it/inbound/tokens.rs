//! Mailboxes that are logged on to by tokens (XOAUTH2) of a real Dovecot, which asks a token endpoint about them.

use std::time::Duration;

use lotse::access::Role;
use lotse::clock::Clock;
use lotse::inbound::mailbox::{check, look_once};

use crate::support::app::{Kind, TestApp};
use crate::support::dovecot::Dovecot;
use crate::support::tokens::{CLIENT_SECRET, REFRESH, TokenPeer};
use crate::support::wait::{wait_for, wait_for_some};

const LETTER: &[u8] = b"From: a@example.net\r\nSubject: x\r\n\r\nx\r\n";

async fn peers() -> (Dovecot, TokenPeer) {
    let mut dovecot = Dovecot::start().await;
    let (certificate, key) = dovecot.certificate();
    let tokens = TokenPeer::start(&certificate, &key, "antwort").await;
    dovecot.by_tokens(tokens.tokeninfo()).await;
    (dovecot, tokens)
}

fn oauth(tokens: &TokenPeer, secret: &str, more: &str) -> String {
    format!(
        "[inbound.mailbox.oauth]\ntoken_url = \"{}\"\nclient_id = \"lotse\"\nclient_secret = \"{secret}\"\n{more}",
        tokens.url()
    )
}

async fn counted(app: &TestApp, admin: &str, wanted: usize) {
    app.wait_until(admin, "/api/v1/inbound?state=quarantined", &format!("{wanted} mails"), |list| {
        list["items"].as_array().unwrap().len() == wanted
    })
    .await;
}

/// Client id and secret fetch a token, once; when it is refused, as after it was revoked, the next one is fetched.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_fetched_and_fetched_anew_when_refused() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let (dovecot, tokens) = peers().await;
        let mailbox = dovecot.mailbox_by("antwort", &oauth(&tokens, CLIENT_SECRET, "scope = \"imap\"\n"));
        let mut app = TestApp::start_with(kind, &mailbox, Clock::system()).await;
        let admin = app.token(Role::Admin, "").await;
        dovecot.deliver("antwort", LETTER);
        counted(&app, &admin, 1).await;
        // Another connection, by the same token.
        let settings = app.app.inbound.settings().mailboxes[0].clone();
        look_once(&app.app.inbound, &settings).await.unwrap();
        let granted = tokens.granted();
        assert_eq!(granted.len(), 1, "{granted:?}");
        assert_eq!((granted[0]["grant_type"].as_str(), granted[0]["scope"].as_str()), ("client_credentials", "imap"));
        // It is revoked: refused once, then there is another, by which mail comes in.
        tokens.revoke();
        let refused = look_once(&app.app.inbound, &settings).await.unwrap_err();
        assert!(refused.contains("log-on") && !refused.contains("token-1"), "{refused}");
        look_once(&app.app.inbound, &settings).await.unwrap();
        assert_eq!(tokens.granted().len(), 2);
        dovecot.deliver("antwort", &[LETTER, b"z\r\n"].concat());
        counted(&app, &admin, 2).await;
    }
}

/// A refresh token is used for each token, and the one that replaces it after that; a token near its end is left.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refresh_token_is_replaced_by_the_next() {
    let (dovecot, tokens) = peers().await;
    tokens.lasts(1);
    let more = format!("refresh_token = \"{REFRESH}\"\n");
    let mailbox = dovecot.mailbox_by("antwort", &oauth(&tokens, CLIENT_SECRET, &more));
    let app = TestApp::start_with(Kind::Sqlite, &mailbox, Clock::system()).await;
    let settings = app.app.inbound.settings().mailboxes[0].clone();
    let mut looks = 0;
    wait_for_some("three tokens", Duration::from_secs(20), || {
        looks += 1;
        async {
            look_once(&app.app.inbound, &settings).await.unwrap();
            (tokens.granted().len() >= 3).then_some(())
        }
    })
    .await;
    let used: Vec<String> = tokens.granted().iter().take(3).map(|form| form["refresh_token"].clone()).collect();
    assert_eq!(used, ["refresh-0", "refresh-1", "refresh-2"], "after {looks} looks");
    assert_eq!(tokens.refused(), 0);
}

/// What the endpoint says is wrong is shown to whoever runs the installation, without a secret.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn why_there_is_no_token_is_shown() {
    let (dovecot, tokens) = peers().await;
    let mailbox = dovecot.mailbox_by("antwort", &oauth(&tokens, "falsches-Wort", ""));
    let mut app = TestApp::start_with(Kind::Sqlite, &mailbox, Clock::system()).await;
    let admin = app.token(Role::Admin, "").await;
    let fault = check(&app.app.inbound.settings().mailboxes[0]).await.unwrap_err();
    assert_eq!(fault, "no token: the endpoint says 401 invalid_client");
    wait_for("a refusal of the loop too", Duration::from_secs(10), || tokens.refused() >= 2).await;
    let seen = app
        .wait_until(&admin, "/api/v1/operations", "the fault", |seen| seen["mailboxes"][0]["fault"].is_string())
        .await;
    assert!(seen["mailboxes"][0]["fault"].as_str().unwrap().contains("invalid_client"), "{seen}");
    assert!(!seen.to_string().contains("falsches-Wort"));
}
