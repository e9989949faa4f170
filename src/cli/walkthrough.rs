//! `lotse demo --walkthrough`: the whole life of one request, over real HTTP, shown and asserted step by step.
//!
//! Invariant: nothing is taken for granted: each step says what it expects and ends the walkthrough where that is not
//! so. What the other side got is read where it arrived, from the mail folder and the receiver of webhooks. It waits
//! for conditions, never for a time. Where next: `walkthrough/acts.rs` (the steps), `client.rs`, `post.rs` (mails),
//! `receiver.rs` (webhooks).

mod acts;
mod client;
mod post;
mod receiver;

use std::fmt::Display;
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::demo::Cast;
use client::{Answer, Client};
use post::Mail;
pub use receiver::{Received, Receiver};

/// How long a condition is waited for, and how often it is looked at.
const PATIENCE: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// What the walkthrough plays with.
pub struct Script {
    /// Where requests go.
    pub address: SocketAddr,
    /// The same as a URL.
    pub base: String,
    /// Who may do what.
    pub cast: Cast,
    /// Where the database lies.
    pub folder: PathBuf,
    /// Where mails lie.
    pub mails: PathBuf,
    /// What the operator's ticket system got.
    pub received: Received,
}

/// Plays it; 0 when everything was as it should be, 1 with the step that was not.
pub fn play(script: &Script) -> ExitCode {
    let begun = Instant::now();
    let mut stage = Walk { script, client: Client::new(script.address), step: 0, title: String::new() };
    match acts::all(&mut stage) {
        Ok(()) => {
            say(&format!(
                "\nAll {} steps were as they should be, in {:.1} s.",
                stage.step,
                begun.elapsed().as_secs_f32()
            ));
            ExitCode::SUCCESS
        }
        Err(fault) => {
            eprintln!("lotse: step {} failed ({}): {fault}", stage.step, stage.title);
            ExitCode::from(1)
        }
    }
}

/// Where a step stops.
type Step<T = ()> = Result<T, String>;

/// The walkthrough on its way.
struct Walk<'s> {
    script: &'s Script,
    client: Client,
    step: usize,
    title: String,
}

/// Who asks, and how the body is written.
#[derive(Clone, Copy)]
enum As<'t> {
    Token(&'t str),
    /// With an `Idempotency-Key`.
    Once(&'t str, &'t str),
    /// A browser without a token that sends a form.
    Browser,
}

impl Walk<'_> {
    /// Begins the next step.
    fn step(&mut self, title: &str) {
        self.step += 1;
        title.clone_into(&mut self.title);
        say(&format!("\n{:2}. {title}", self.step));
    }

    fn get(&self, who: As, path: &str, status: u16) -> Step<Answer> {
        self.ask(who, "GET", path, "", status)
    }

    fn post(&self, who: As, path: &str, body: &Value, status: u16) -> Step<Answer> {
        self.ask(who, "POST", path, &body.to_string(), status)
    }

    /// Asks, shows what was asked and answered, and insists on the status.
    fn ask(&self, who: As, method: &str, path: &str, body: &str, status: u16) -> Step<Answer> {
        let bearer;
        let mut headers = vec![("Content-Type", "application/json")];
        match who {
            As::Token(token) | As::Once(token, _) => {
                bearer = format!("Bearer {token}");
                headers.push(("Authorization", &bearer));
            }
            As::Browser => {
                headers = vec![
                    ("Content-Type", "application/x-www-form-urlencoded"),
                    ("Accept", "text/html"),
                    ("Origin", &self.script.base),
                    ("Sec-Fetch-Site", "same-origin"),
                ];
            }
        }
        if let As::Once(_, key) = who {
            headers.push(("Idempotency-Key", key));
        }
        let answer = self.client.ask(method, path, &headers, body)?;
        say(&format!("    {method} {path} {body}\n    → {}", answer.status));
        let answered = answer.status;
        must(answered == status, || format!("expected {status}, got {answered}: {}", answer.body))?;
        Ok(answer)
    }

    /// The mail to this address whose subject holds the words, as soon as it lies in the folder.
    fn mail(&self, to: &str, words: &str) -> Step<Mail> {
        wait(&format!("a mail to {to} about {words:?}"), || {
            let mails = post::mails(&self.script.mails)?;
            Ok(mails.into_iter().find(|mail| mail.to == to && mail.subject.contains(words)))
        })
    }
}

/// Looks until there is something, or patience ends.
fn wait<T>(what: &str, mut look: impl FnMut() -> Step<Option<T>>) -> Step<T> {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        if let Some(found) = look()? {
            return Ok(found);
        }
        std::thread::sleep(LOOK_EVERY);
    }
    Err(format!("{what} did not come within {} s", PATIENCE.as_secs()))
}

fn must(is_so: bool, otherwise: impl FnOnce() -> String) -> Step {
    if is_so { Ok(()) } else { Err(otherwise()) }
}

/// Insists that two things are the same.
fn same<A: PartialEq<B> + Display, B: Display>(what: &str, found: A, expected: B) -> Step {
    must(found == expected, || format!("{what} should be {expected}, but is {found}"))
}

fn json(answer: &Answer) -> Step<Value> {
    serde_json::from_str(&answer.body).map_err(|e| format!("the answer is not JSON ({e}): {}", answer.body))
}

/// The text at a place such as `/ticket/status`; empty when there is none.
fn text<'v>(value: &'v Value, place: &str) -> &'v str {
    value.pointer(place).and_then(Value::as_str).unwrap_or_default()
}

fn say(line: &str) {
    // Whoever was reading may have gone, as in `… | head`; the steps are asserted all the same.
    if let Err(fault) = writeln!(std::io::stdout(), "{line}") {
        tracing::debug!(%fault, "nobody reads stdout");
    }
}

/// Shows what arrived, indented.
fn show(what: &str) {
    for line in what.split('\n') {
        say(format!("    | {line}").trim_end());
    }
}
