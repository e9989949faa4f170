//! Markup that people type: on the page behind the link and in the HTML of mails it is text, whatever it is.
//!
//! The test reads HTML as a browser's tokenizer does and holds the tags of a hostile page against those of a plain
//! one: what is typed adds no tag, no attribute and no address.

use lotse::access::Role;
use serde_json::{Value, json};

use crate::on_both;
use crate::support::app::{MUNICIPALITIES, TestApp, a_ticket};
use crate::support::wait::wait_for_some;

const HOSTILE: &[&str] = &[
    "<script>alert(1)</script>",
    "\"><script>alert(1)</script>",
    "'><img src=x onerror=alert(1)>",
    "\" onmouseover=\"alert(1)\" x=\"",
    "' autofocus onfocus='alert(1)",
    "` onmouseover=`alert(1)`",
    "</title><script>alert(1)</script>",
    "</textarea><script>alert(1)</script>",
    "</blockquote></p></dd></dl><svg onload=alert(1)>",
    "<!--><script>alert(1)</script>",
    "]]><script>alert(1)</script>",
    "javascript:alert(1)",
    "<a href=javascript:alert(1)>x</a>",
    "<a href=\"https://evil.example\">Ich kümmere mich darum</a>",
    "<form action=https://evil.example><button>Antworten",
    "<base href=https://evil.example>",
    "<meta http-equiv=refresh content='0; url=https://evil.example'>",
    "<style>*{display:none}</style>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;alert(1)&#60;/script&#62;",
    "{{ 7 * 7 }}${7*7}<%= 7*7 %>{% raw %}",
    "\u{ff1c}script\u{ff1e}alert(1)\u{ff1c}/script\u{ff1e}",
    "<scr\u{0}ipt>alert(1)</script>",
    "<ScRiPt\n>alert(1)</ScRiPt>",
];

/// A tag with its attributes and their values; a closing one begins with a slash.
type Tag = (String, Vec<(String, String)>);

/// The tags of a document. Inside `textarea`, `title`, `script` and `style` only their own end counts.
fn tags(html: &str) -> Vec<Tag> {
    let (mut found, mut rest) = (Vec::new(), html);
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        if let Some(comment) = rest.strip_prefix("!--") {
            rest = comment.split_once("-->").map_or("", |(_, after)| after);
            found.push(("!--".into(), Vec::new()));
            continue;
        }
        if !rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '!') {
            continue;
        }
        let (tag, after) = tag(rest);
        rest = after;
        if matches!(tag.0.as_str(), "textarea" | "title" | "script" | "style") {
            let end = rest.to_lowercase().find(&format!("</{}", tag.0)).expect("it is closed");
            rest = &rest[end..];
        }
        found.push(tag);
    }
    found
}

fn tag(text: &str) -> (Tag, &str) {
    let end = text.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(text.len());
    let name = text[..end].trim_end_matches('/').to_lowercase();
    let (mut attributes, mut rest) = (Vec::new(), &text[end..]);
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        if rest.is_empty() || rest.starts_with('>') {
            return ((name, attributes), rest.get(1..).unwrap_or_default());
        }
        let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '=' | '>')).unwrap_or(rest.len()).max(1);
        let key = rest[..end].to_lowercase();
        rest = rest[end..].trim_start();
        let Some(value) = rest.strip_prefix('=') else {
            attributes.push((key, String::new()));
            continue;
        };
        let value = value.trim_start();
        let (value, after) = match value.chars().next() {
            Some(quote @ ('"' | '\'')) => value[1..].split_once(quote).unwrap_or((&value[1..], "")),
            _ => value.split_at(value.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(value.len())),
        };
        attributes.push((key, value.to_owned()));
        rest = after;
    }
}

/// The tags with what must not change: the names of attributes, and every address in them without its secret.
fn skeleton(html: &str) -> Vec<String> {
    let shape = |(name, attributes): Tag| {
        let attributes: Vec<String> = attributes
            .into_iter()
            .map(|(key, value)| match key.as_str() {
                "value" => key,
                _ => format!("{key}={}", without_secret(&value)),
            })
            .collect();
        format!("<{name} {}>", attributes.join(" "))
    };
    tags(html).into_iter().map(shape).collect()
}

fn without_secret(value: &str) -> String {
    match value.split_once("/eskalation/") {
        Some((before, after)) => {
            let action = after.split_once('/').map_or("", |(_, action)| action);
            format!("{before}/eskalation/…/{action}")
        }
        None => value.to_owned(),
    }
}

#[test]
fn the_test_sees_markup() {
    for hostile in &HOSTILE[..11] {
        let (plain, odd) = (format!("<p title=\"a\">{}</p>", "x"), format!("<p title=\"a\">{hostile}</p>"));
        if hostile.contains('<') {
            assert_ne!(skeleton(&plain), skeleton(&odd), "{hostile}");
        }
        let (plain, odd) = ("<p title=\"a\">x</p>".to_owned(), format!("<p title=\"{hostile}\">x</p>"));
        if hostile.starts_with('"') {
            assert_ne!(skeleton(&plain), skeleton(&odd), "{hostile}");
        }
    }
    assert_eq!(skeleton("<a href=\"https://x/eskalation/abc/answer\">"), ["<a href=https://x/eskalation/…/answer>"]);
    assert_eq!(tags("<textarea>a<b></textarea>").len(), 2);
}

/// What the 2nd level gets for a request with this text everywhere: the HTML of the mail and its links.
async fn asked_with(app: &mut TestApp, text: &str, contact: &str) -> (String, String) {
    let (agent, central) = (app.agent().await, app.central().await);
    let mut body = a_ticket();
    let line = text.replace(['\n', '\0'], " ");
    for pointer in ["/subject", "/description", "/reply/name", "/context/browser"] {
        *body.pointer_mut(pointer).unwrap() = json!(line);
    }
    body["context"] = json!({"browser": line.clone(), line.clone(): line.clone()});
    let ticket = app.post(&agent, "/api/v1/tickets", body).await.expect(201);
    let path = format!("/api/v1/tickets/{}/escalations", ticket["id"].as_str().unwrap());
    app.post(&central, &path, json!({"kind": "functional", "note": line})).await.expect(201);
    let number = ticket["number"].as_str().unwrap().to_owned();
    let mail = wait_for_some("the mail", std::time::Duration::from_secs(20), || async {
        let mine = |mail: &crate::support::smtp::Mail| {
            mail.to == [contact] && mail.header("Subject").is_some_and(|subject| subject.contains(&number))
        };
        app.smtp.received().into_iter().find(mine)
    })
    .await;
    let parsed = mail_parser::MessageParser::default().parse(&mail.data).unwrap();
    let html = parsed.body_html(0).unwrap().into_owned();
    let text = parsed.body_text(0).unwrap().into_owned();
    let at = text.find("/eskalation/").unwrap();
    let secret = text[at + 12..].split(['/', '\r', '\n', ' ']).next().unwrap().to_owned();
    (html, secret)
}

async fn pages_of(app: &TestApp, secret: &str, typed: &str) -> Vec<(String, String)> {
    let mut pages = Vec::new();
    for action in ["", "/acknowledge", "/answer", "/ask", "/hand_on", "/return"] {
        let page = app.get("", &format!("/eskalation/{secret}{action}")).await;
        assert_eq!(page.status, 200, "{}", page.body);
        check_headers(&page);
        pages.push((format!("GET {action}"), page.body));
    }
    // A form that is too long comes back with what was typed in it.
    let form =
        |pairs: &[(&str, &str)]| url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let long = format!("{typed}{}", "x".repeat(8000));
    for (action, body) in [
        ("answer", form(&[("text", &long), ("reference", typed)])),
        ("return", form(&[("reason", &long)])),
        ("acknowledge", form(&[("reference", &long)])),
    ] {
        let headers = [("Content-Type", "application/x-www-form-urlencoded")];
        let page = app.send("", "POST", &format!("/eskalation/{secret}/{action}"), Some(body), &headers).await;
        assert_eq!(page.status, 422, "{action}: {}", page.body);
        check_headers(&page);
        pages.push((format!("POST {action}"), page.body));
    }
    pages
}

fn check_headers(page: &crate::support::app::Reply) {
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("default-src 'none'") && policy.contains("form-action 'self'"), "{policy}");
    assert!(policy.contains("frame-ancestors 'none'") && policy.contains("base-uri 'none'"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(page.header("cache-control"), Some("no-store"));
    assert!(matches!(page.header("referrer-policy"), Some("same-origin" | "no-referrer")));
}

on_both! {
    /// Every field that is shown, with every trick: page and mail have the tags of a plain one.
    async fn what_is_typed_is_text(app: TestApp) {
        let mut app = app;
        let admin = app.token(Role::Admin, "").await;
        let contact = "meldewesen@kiel.example.org";
        let (plain_mail, plain_secret) = asked_with(&mut app, "Nur Text", contact).await;
        let plain_mail = skeleton(&plain_mail);
        assert!(plain_mail.iter().any(|tag| tag.starts_with("<a href=")), "{plain_mail:?}");
        let plain_pages = pages_of(&app, &plain_secret, "Nur Text").await;
        for hostile in HOSTILE {
            // The contact's name is shown as well; a NUL in it is refused.
            let name = json!({"name": hostile.replace('\0', " ")});
            app.patch(&admin, "/api/v1/contacts/kiel-meldewesen", name).await.expect(200);
            let (mail, secret) = asked_with(&mut app, hostile, contact).await;
            assert_eq!(skeleton(&mail), plain_mail, "{hostile}: {mail}");
            let typed = hostile.replace(['\n', '\0'], " ");
            for ((what, page), (_, plain)) in pages_of(&app, &secret, &typed).await.into_iter().zip(&plain_pages) {
                assert_eq!(skeleton(&page), skeleton(plain), "{what} {hostile}: {page}");
                // It is there, as text: nothing was silently swallowed.
                assert!(page.contains("&#60;script") || page.contains("&lt;script") || !typed.contains("<script"), "{what}: {page}");
            }
            // What was said for good is shown again on the page of the end.
            let form = url::form_urlencoded::Serializer::new(String::new()).append_pair("text", &typed).append_pair("reference", &typed).finish();
            let headers = [("Content-Type", "application/x-www-form-urlencoded")];
            let done = app.send("", "POST", &format!("/eskalation/{secret}/answer"), Some(form), &headers).await;
            assert_eq!(done.status, 303, "{}", done.body);
            let done = app.get("", done.header("location").unwrap()).await;
            check_headers(&done);
            let scripts = tags(&done.body).into_iter().filter(|(name, _)| matches!(name.as_str(), "script" | "img" | "svg" | "iframe" | "base" | "style")).count();
            assert_eq!(scripts, 0, "{hostile}: {}", done.body);
        }
    }

    /// Names from files are no markup either.
    async fn names_from_files_are_text(app: TestApp) {
        let mut app = app;
        let contact = "meldewesen@kiel.example.org";
        let (plain_mail, plain_secret) = asked_with(&mut app, "Nur Text", contact).await;
        let plain_page = app.get("", &format!("/eskalation/{plain_secret}")).await.body;
        let admin = app.token(Role::Admin, "").await;
        let desk = app.app.escalations.desk().clone();
        let odd = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>";
        let register = MUNICIPALITIES.replacen("Kiel, Landeshauptstadt", &odd.replace('"', "\"\""), 1);
        lotse::directory::import::municipalities(&desk.db, "m.csv", &register, desk.clock.now(), &mut |_, _| {}).await.unwrap();
        let service: Value = json!({"name": odd, "operator": odd, "notice": odd});
        app.patch(&admin, "/api/v1/services/wohnsitzanmeldung", service).await.expect(200);
        wait_for_some("the new names in memory", std::time::Duration::from_secs(10), || async {
            let now = desk.directory.current();
            let place = now.municipality(&"010020000000".parse().unwrap())?.name.contains("script");
            (place && now.service("wohnsitzanmeldung")?.name.contains("script")).then_some(())
        })
        .await;
        let (mail, secret) = asked_with(&mut app, "Nur Text", contact).await;
        assert_eq!(skeleton(&mail), skeleton(&plain_mail), "{mail}");
        assert!(mail.contains("&lt;script&gt;"), "{mail}");
        let page = app.get("", &format!("/eskalation/{secret}")).await.body;
        assert_eq!(skeleton(&page), skeleton(&plain_page), "{page}");
    }

    /// A link that does not exist says nothing about those that do, and a foreign page cannot press a button.
    async fn links_are_not_guessed_nor_pressed_from_elsewhere(app: TestApp) {
        let mut app = app;
        let (_, secret) = asked_with(&mut app, "Nur Text", "meldewesen@kiel.example.org").await;
        assert!(secret.len() >= 43, "256 bits: {secret}");
        let mut bodies = std::collections::BTreeSet::new();
        let other = if secret.ends_with('A') { "B" } else { "A" };
        for wrong in ["x".to_owned(), "A".repeat(43), secret[1..].to_owned(), format!("{secret}A"), format!("{}{other}", &secret[..secret.len() - 1]), secret.to_uppercase()] {
            for action in ["", "/acknowledge", "/answer", "/return"] {
                let page = app.get("", &format!("/eskalation/{wrong}{action}")).await;
                assert_eq!(page.status, 404, "{wrong}{action}");
                bodies.insert(page.body);
            }
            let headers = [("Content-Type", "application/x-www-form-urlencoded")];
            let page = app.send("", "POST", &format!("/eskalation/{wrong}/answer"), Some("text=x".into()), &headers).await;
            assert_eq!(page.status, 404);
            bodies.insert(page.body);
        }
        assert_eq!(bodies.len(), 1, "{bodies:?}");
        let headers = [("Content-Type", "application/x-www-form-urlencoded"), ("Sec-Fetch-Site", "cross-site")];
        let page = app.send("", "POST", &format!("/eskalation/{secret}/acknowledge"), Some(String::new()), &headers).await;
        assert_eq!(page.status, 403, "{}", page.body);
        for method in ["PUT", "DELETE", "PATCH", "OPTIONS"] {
            let reply = app.send("", method, &format!("/eskalation/{secret}/acknowledge"), None, &[]).await;
            assert_eq!(reply.status, 405, "{method}");
        }
    }
}
