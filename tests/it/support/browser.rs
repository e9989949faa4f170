//! Headless Chromium over ChromeDriver, as a person at the page would use it.
//!
//! Invariant: driver, browser and profile are this test's own and end with the value that stands for them. Whatever
//! the browser asks for and complains about is recorded by the browser itself, not by the page.
//! What it does not do: nothing here knows a page of Lotse.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use fantoccini::actions::{InputSource, KeyAction, KeyActions};
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder, Locator, elements::Element};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

use super::app::{PASSWORD, TestApp};
use super::wait::wait_for_some;

const FLAGS: [&str; 9] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
];
const PATIENCE: Duration = Duration::from_secs(20);
/// Where `tests/run` has put axe-core.
const AXE: &str = "LOTSE_TEST_AXE";
const AXE_TAGS: [&str; 6] = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/// Whether pages may run scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scripts {
    On,
    Off,
}

pub struct Browser {
    pub client: Client,
    driver: Child,
    browser: String,
    /// What the driver says; it would end if nobody could hear it.
    _said: BufReader<ChildStdout>,
    _profile: tempfile::TempDir,
}

/// What the browser has noted since it was last asked.
#[derive(Debug, Default)]
pub struct Noted {
    /// Every address that was asked for, also in vain and also where a policy forbade it.
    pub requests: Vec<String>,
    /// What stands in the console: errors of scripts, breaches of the policy, files that are missing.
    pub complaints: Vec<String>,
}

/// A driver on a port that it found itself, and what it goes on saying; none where it ended before it named the port.
///
/// # Panics
/// Where there is no driver.
fn start_driver(folder: &Path) -> Option<(Child, BufReader<ChildStdout>, u16)> {
    let mut driver = Command::new("chromedriver")
        .arg("--port=0")
        // What both leave behind goes with the profile.
        .env("TMPDIR", folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("chromedriver is missing: run the tests with tests/run, or install chromium and chromium-driver");
    let mut said = BufReader::new(driver.stdout.take().unwrap());
    let port = |line: String| line.rsplit_once("on port ")?.1.trim_end_matches('.').parse().ok();
    let mut ports = said.by_ref().lines().map_while(Result::ok).filter_map(port);
    // At first it repeats the 0 that it was given.
    let Some(port) = ports.find(|port: &u16| *port > 0) else {
        driver.kill().ok();
        driver.wait().ok();
        return None;
    };
    Some((driver, said, port))
}

impl Browser {
    pub async fn start() -> Self {
        Self::start_with(Scripts::On).await
    }

    /// # Panics
    /// Without Chromium and ChromeDriver: such a test is never skipped in silence.
    pub async fn start_with(scripts: Scripts) -> Self {
        let profile = tempfile::Builder::new().prefix("lotse-browser-").tempdir().unwrap();
        // The driver takes a free port of IPv4 and then wants the same of IPv6: where another has it, it ends at once.
        let driver = (0..5).find_map(|_| start_driver(profile.path()));
        let (mut driver, said, port) = driver.expect("chromedriver ended five times before it named its port");
        let mut flags: Vec<String> = FLAGS.iter().map(ToString::to_string).collect();
        flags.push(format!("--user-data-dir={}", profile.path().join("data").display()));
        let mut options = json!({ "args": flags });
        if scripts == Scripts::Off {
            options["prefs"] = json!({"profile.managed_default_content_settings.javascript": 2});
        }
        let wanted = json!({
            "browserName": "chrome",
            "goog:chromeOptions": options,
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
        });
        let Value::Object(wanted) = wanted else { unreachable!() };
        let mut builder = ClientBuilder::new(HttpConnector::new());
        let connected = builder.capabilities(wanted).connect(&format!("http://127.0.0.1:{port}")).await;
        let client = match connected {
            Ok(client) => client,
            Err(fault) => {
                driver.kill().ok();
                driver.wait().ok();
                panic!("Chromium does not start; is chromium installed beside chromium-driver? {fault}");
            }
        };
        let browser = client.capabilities().and_then(|had| had.get("goog:processID")).map(ToString::to_string);
        let browser = browser.expect("the driver names the browser's process");
        let started = Self { client, driver, browser, _said: said, _profile: profile };
        // The browser's own first page is nothing that a test asked for.
        started.open("about:blank").await;
        started.noted().await;
        started
    }

    pub async fn open(&self, url: &str) {
        self.client.goto(url).await.unwrap();
    }

    pub async fn find(&self, css: &str) -> Element {
        let found = self.client.find(Locator::Css(css)).await;
        match found {
            Ok(element) => element,
            Err(fault) => panic!("no {css} ({fault}) on the page:\n{}", self.text().await),
        }
    }

    /// Logs somebody in, as they would, and goes where they wanted.
    pub async fn open_as(&self, app: &TestApp, login: &str, path: &str) {
        self.open(&format!("{}/anmelden?lang=de&weiter={path}", app.base)).await;
        self.find("#login").await.send_keys(login).await.unwrap();
        self.find("#password").await.send_keys(PASSWORD).await.unwrap();
        self.press("Anmelden").await;
    }

    /// Waits until this is true in the page.
    pub async fn until(&self, what: &str, script: &str) {
        let script = format!("return Boolean({script})");
        let look = async || self.run(&script).await == Value::Bool(true);
        let (mut came, asked) = (look().await, std::time::Instant::now());
        while !came && asked.elapsed() < Duration::from_secs(10) {
            tokio::task::yield_now().await;
            came = look().await;
        }
        assert!(came, "{what} did not come: {}", self.text().await);
    }

    /// Fits these screens (theme, width), and axe-core finds nothing there; pictures bear the name.
    pub async fn assert_readable(&self, name: &str, screens: &[(&str, u32)]) {
        for (theme, width) in screens {
            self.set_width(*width).await;
            self.set_theme(theme).await;
            self.picture(&format!("{name}-{width}-{theme}")).await;
            assert!(self.sideways().await <= 0, "{name} scrolls sideways at {width}");
            let found = self.axe().await;
            assert!(found.is_empty(), "{name} at {width} in {theme}:\n{}", found.join("\n"));
        }
    }

    /// What a script puts there after a while.
    pub async fn wait_for(&self, css: &str) -> Element {
        wait_for_some(format!("{css} on the page"), PATIENCE, || async {
            self.client.find(Locator::Css(css)).await.ok()
        })
        .await
    }

    /// Waits for a control of a page with scripts, and clicks it.
    pub async fn press_at(&self, css: &str) {
        let found = self.wait_for(css).await;
        self.click(&found).await;
    }

    pub async fn count(&self, css: &str) -> usize {
        self.client.find_all(Locator::Css(css)).await.unwrap().len()
    }

    /// What a person reads.
    pub async fn text(&self) -> String {
        match self.client.find(Locator::Css("body")).await {
            Ok(body) => body.text().await.unwrap_or_default(),
            Err(_) => String::new(),
        }
    }

    pub async fn heading(&self) -> String {
        self.find("h1").await.text().await.unwrap()
    }

    /// Presses the button with these words and waits until the next page is there.
    pub async fn press(&self, words: &str) {
        let path = format!("//button[normalize-space()='{words}']");
        let button = self.client.find(Locator::XPath(&path)).await;
        let button = button.unwrap_or_else(|_| panic!("no button «{words}»"));
        self.leaving(self.click(&button)).await;
    }

    /// Scrolls there, without the animation that the driver does not wait for, and clicks.
    pub async fn click(&self, element: &Element) {
        let there = "arguments[0].scrollIntoView({behavior: 'instant', block: 'center'})";
        self.client.execute(there, vec![serde_json::to_value(element).unwrap()]).await.unwrap();
        element.click().await.unwrap();
    }

    /// Does something that leads to another page, and waits for that page.
    pub async fn leaving(&self, act: impl Future<Output = ()>) {
        let old = self.find("html").await.element_id();
        act.await;
        wait_for_some("the next page", PATIENCE, || async {
            let root = self.client.find(Locator::Css("html")).await.ok()?;
            self.client.find(Locator::Css("body > main")).await.ok()?;
            (root.element_id() != old).then_some(())
        })
        .await;
    }

    pub async fn run(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.unwrap()
    }

    /// Presses a key where the focus is.
    pub async fn key(&self, key: char) {
        let keys = KeyActions::new("keys".to_owned());
        let keys = keys.then(KeyAction::Down { value: key }).then(KeyAction::Up { value: key });
        self.client.perform_actions(keys).await.unwrap();
    }

    /// Presses a key while another is held.
    pub async fn chord(&self, held: char, key: char) {
        let keys = KeyActions::new("keys".to_owned()).then(KeyAction::Down { value: held });
        let keys = keys.then(KeyAction::Down { value: key }).then(KeyAction::Up { value: key });
        self.client.perform_actions(keys.then(KeyAction::Up { value: held })).await.unwrap();
    }

    /// Writes a text into a field, in place of what stood there.
    pub async fn fill(&self, css: &str, text: &str) {
        let field = self.find(css).await;
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// Types a text where the focus is, key by key.
    pub async fn types(&self, text: &str) {
        for key in text.chars() {
            self.key(key).await;
        }
    }

    /// What has the focus: its id, else its words.
    pub async fn focus(&self) -> String {
        let focus = "const e = document.activeElement; return e.id || (e.textContent || e.tagName).trim();";
        self.run(focus).await.as_str().unwrap().to_owned()
    }

    /// A screen of this width, without the width that a desktop's window has at least.
    pub async fn set_width(&self, width: u32) {
        let screen = json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false});
        self.devtools("Emulation.setDeviceMetricsOverride", screen).await;
    }

    pub async fn set_theme(&self, theme: &str) {
        let wanted = json!({"features": [{"name": "prefers-color-scheme", "value": theme}]});
        self.devtools("Emulation.setEmulatedMedia", wanted).await;
    }

    /// Shows the page as it is on paper, or on a screen again.
    pub async fn set_medium(&self, medium: &str) {
        self.devtools("Emulation.setEmulatedMedia", json!({ "media": medium })).await;
    }

    /// By how many pixels the page can be scrolled sideways.
    pub async fn sideways(&self) -> i64 {
        let room = "const page = document.documentElement; return page.scrollWidth - page.clientWidth;";
        self.run(room).await.as_i64().unwrap()
    }

    /// What axe-core finds on the page: rule, place and reason, a line each.
    ///
    /// # Panics
    /// Without axe-core: such a test is never skipped in silence.
    pub async fn axe(&self) -> Vec<String> {
        self.axe_but(&[]).await
    }

    /// The same without these rules, which are for whoever made the page around.
    pub async fn axe_but(&self, without: &[&str]) -> Vec<String> {
        let file = std::env::var_os(AXE)
            .unwrap_or_else(|| panic!("{AXE} is not set: run the tests with tests/run, or name an axe.min.js"));
        let source = std::fs::read_to_string(&file).unwrap_or_else(|fault| panic!("{AXE} cannot be read: {fault}"));
        self.run(&source).await;
        let run = "const [tags, without, done] = arguments;
            const rules = Object.fromEntries(without.map(rule => [rule, {enabled: false}]));
            axe.run(document, {rules, runOnly: {type: 'tag', values: tags}})
               .then(found => done({violations: found.violations, passes: found.passes.length}), fault => done({fault: String(fault)}));";
        let found = self.client.execute_async(run, vec![json!(AXE_TAGS), json!(without)]).await.unwrap();
        assert!(found["passes"].as_u64().is_some_and(|passes| passes > 5), "axe-core did not run: {found}");
        let mut lines = Vec::new();
        for violation in found["violations"].as_array().unwrap() {
            for node in violation["nodes"].as_array().unwrap() {
                lines.push(format!("{}: {} {}", violation["id"], node["target"], node["failureSummary"]));
            }
        }
        lines
    }

    /// Hands over what was noted since the last time.
    pub async fn noted(&self) -> Noted {
        let mut noted = Noted::default();
        for entry in self.log("performance").await {
            let event: Value = serde_json::from_str(entry["message"].as_str().unwrap()).unwrap();
            let event = &event["message"];
            if event["method"] == "Network.requestWillBeSent" {
                noted.requests.push(event["params"]["request"]["url"].as_str().unwrap().to_owned());
            }
        }
        for entry in self.log("browser").await {
            noted.complaints.push(format!("{}: {}", entry["level"], entry["message"]));
        }
        noted
    }

    /// For a person who looks at it; where `LOTSE_TEST_PICTURES` names a folder.
    pub async fn picture(&self, name: &str) {
        let Some(folder) = std::env::var_os("LOTSE_TEST_PICTURES") else { return };
        let whole = json!({"format": "png", "captureBeyondViewport": true});
        let taken = self.devtools("Page.captureScreenshot", whole).await;
        let bytes = base64::Engine::decode(&base64::prelude::BASE64_STANDARD, taken["data"].as_str().unwrap()).unwrap();
        std::fs::write(std::path::Path::new(&folder).join(format!("{name}.png")), bytes).unwrap();
    }

    async fn log(&self, kind: &str) -> Vec<Value> {
        let Value::Array(all) = self.command("se/log", json!({ "type": kind })).await else { return Vec::new() };
        all
    }

    async fn devtools(&self, command: &str, parameters: Value) -> Value {
        self.command("goog/cdp/execute", json!({"cmd": command, "params": parameters})).await
    }

    async fn command(&self, path: &'static str, body: Value) -> Value {
        self.client.issue_cmd(More { path, body }).await.unwrap()
    }
}

impl Noted {
    /// The hosts that were asked, with their ports.
    pub fn hosts(&self) -> BTreeSet<String> {
        let url = |text: &String| url::Url::parse(text).unwrap();
        let web = self.requests.iter().map(url).filter(|url| matches!(url.scheme(), "http" | "https"));
        web.map(|url| url.authority().to_owned()).collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The driver's end alone would leave the browser behind.
        super::process::signal_if_there(&self.browser, "TERM");
        self.driver.kill().ok();
        self.driver.wait().ok();
        // The profile can be removed once nobody writes to it.
        let process = std::path::Path::new("/proc").join(&self.browser);
        super::wait::until_or_give_up(Duration::from_secs(2), || !process.exists());
    }
}

/// A command that ChromeDriver knows beyond the standard.
#[derive(Debug)]
struct More {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for More {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(self.body.to_string()))
    }
}
