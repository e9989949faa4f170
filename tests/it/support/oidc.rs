//! A certified OpenID provider (npm `oidc-provider`) in a process of its own, and a visitor who is sent to and fro.
//!
//! Invariant: the provider ends with the value that stands for it. The visitor keeps cookies by origin and goes to
//! the public address of the settings where the test's Lotse really listens.

use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use url::Url;

use super::app::{Reply, client};

/// Where Lotse stands by its default settings; redirects name it.
pub const PUBLIC: &str = "http://127.0.0.1:8115";

/// Lotse's name and secret at every provider of the tests.
pub const CLIENT: &str = "lotse";
pub const CLIENT_SECRET: &str = "ein Geheimnis: mit Zeichen & mehr";

pub struct OidcProvider {
    pub issuer: String,
    child: Child,
    http: reqwest::Client,
}

impl OidcProvider {
    pub fn start() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let installed = std::env::var("LOTSE_TEST_OIDC_PROVIDER")
            .map_or_else(|_| root.join("target/oidc-provider"), |folder| folder.into());
        assert!(installed.join("node_modules").is_dir(), "oidc-provider is missing: tests/run installs it");
        let mut command = Command::new("node");
        command.arg(root.join("tests/oidc/provider.mjs")).env("LOTSE_TEST_OIDC_PROVIDER", installed);
        // Its end of input is its end, also when this test is killed.
        command.env("NODE_NO_WARNINGS", "1").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("node starts");
        let mut issuer = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut issuer).unwrap();
        assert!(issuer.starts_with("http://127.0.0.1:"), "the provider does not start");
        Self { issuer: issuer.trim().to_owned(), child, http: client() }
    }

    /// Introduces the Lotse that listens at `base`.
    pub async fn introduce(&self, base: &str) {
        let client = json!({
            "client_id": CLIENT,
            "client_secret": CLIENT_SECRET,
            "redirect_uris": [format!("{PUBLIC}/anmelden/dienst/zurueck")],
            "post_logout_redirect_uris": [format!("{PUBLIC}/")],
            "backchannel_logout_uri": format!("{base}/anmelden/dienst/abmeldung"),
        });
        self.put("client", client).await;
    }

    /// Whoever logs in next is this person; `sub` and any claims.
    pub async fn next_is(&self, claims: Value) {
        self.put("account", claims).await;
    }

    async fn put(&self, what: &str, body: Value) {
        let request = self.http.put(format!("{}/test/{what}", self.issuer)).body(body.to_string());
        assert_eq!(request.send().await.unwrap().status(), 204, "{what}");
    }
}

impl Drop for OidcProvider {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// A person's browser, as far as log-ins need one.
pub struct Visitor {
    base: String,
    http: reqwest::Client,
    cookies: HashMap<String, BTreeMap<String, String>>,
}

impl Visitor {
    /// Of the Lotse at `base`, with no cookies.
    pub fn new(base: &str) -> Self {
        Self { base: base.to_owned(), http: client(), cookies: HashMap::new() }
    }

    /// The cookie of this name that Lotse has set.
    pub fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.get(&self.base)?.get(name).cloned()
    }

    /// Puts a cookie there as if Lotse had set it.
    pub fn set_cookie(&mut self, name: &str, value: &str) {
        self.cookies.entry(self.base.clone()).or_default().insert(name.to_owned(), value.to_owned());
    }

    /// One request; a path is one of Lotse's.
    pub async fn get(&mut self, place: &str) -> Reply {
        self.send(place, None).await
    }

    /// One form.
    pub async fn post(&mut self, place: &str, form: &[(&str, &str)]) -> Reply {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        self.send(place, Some(body)).await
    }

    /// Logs in by the provider; answers the last page of the log-in itself.
    pub async fn log_in(&mut self, return_to: &str) -> Reply {
        let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("return_to", return_to).finish();
        self.follow(&format!("/anmelden/dienst?{query}")).await
    }

    /// Follows redirects until Lotse has the person back.
    pub async fn follow(&mut self, place: &str) -> Reply {
        let mut place = place.to_owned();
        for _ in 0..12 {
            let reply = self.get(&place).await;
            let Some(next) = reply.header("location").filter(|_| reply.status == 303 || reply.status == 302) else {
                return reply;
            };
            if place.contains("/anmelden/dienst/zurueck") {
                return reply;
            }
            place =
                if next.starts_with('/') { format!("{}{next}", origin(&self.place(&place))) } else { next.to_owned() };
        }
        panic!("sent on and on, at last to {place}");
    }

    fn place(&self, place: &str) -> String {
        match place.strip_prefix(PUBLIC) {
            Some(path) => format!("{}{path}", self.base),
            None if place.starts_with('/') => format!("{}{place}", self.base),
            None => place.to_owned(),
        }
    }

    async fn send(&mut self, place: &str, form: Option<String>) -> Reply {
        let url = self.place(place);
        let jar = self.cookies.entry(origin(&url)).or_default();
        let cookies: Vec<String> = jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = match form {
            Some(form) => self.http.post(&url).header("Content-Type", "application/x-www-form-urlencoded").body(form),
            None => self.http.get(&url),
        };
        let answer = request.header("Cookie", cookies.join("; ")).send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        for set in headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap()) {
            let (name, value) = set.split(';').next().unwrap().split_once('=').unwrap();
            let is_gone = value.is_empty() || set.contains("Max-Age=0");
            if is_gone {
                jar.remove(name)
            } else {
                jar.insert(name.to_owned(), value.to_owned())
            };
        }
        Reply { status, headers, body: answer.text().await.unwrap() }
    }
}

fn origin(url: &str) -> String {
    Url::parse(url).unwrap().origin().ascii_serialization()
}
