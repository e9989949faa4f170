//! A real SMTP server for tests that refuses, hangs up or falls silent when told to.
//!
//! Invariant: only CRLF ends a line and only CRLF.CRLF ends a message, so a smuggled `\n.\n` stays visible in what was
//! received; every message that arrived in full is kept, even if its answer was a refusal or got lost.
//! What it does not do: no TLS, no AUTH, no relaying, no judgement of addresses or headers.

use std::collections::HashMap;
use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use super::wait::{wait_for, wait_for_some};

/// Where in the conversation a reaction applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// In place of the greeting.
    Connect,
    /// At EHLO or HELO.
    Ehlo,
    Mail,
    Rcpt,
    /// At the DATA command, before any of the message.
    Data,
    /// After the final dot: the message is here, only the answer is missing.
    AfterDot,
}

/// What the server does instead of going along.
#[derive(Clone, Copy, Debug)]
pub enum Reaction {
    /// Answers with this code and text; 421 also hangs up.
    Reply(u16, &'static str),
    /// Hangs up without an answer. After the dot the message counts as received: only the answer is lost.
    Disconnect,
    /// Never answers, until the client gives up. After the dot the message counts as received.
    Hang,
}

/// A message that arrived in full.
#[derive(Clone, Debug)]
pub struct Mail {
    pub from: String,
    pub to: Vec<String>,
    /// The message as its author meant it: dot-stuffing undone.
    pub data: Vec<u8>,
    /// The bytes of the DATA phase as they came, without the final dot line.
    pub wire: Vec<u8>,
    pub at: Instant,
    /// The code the client was told; none if the answer was lost.
    pub answer: Option<u16>,
}

impl Mail {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.data).into_owned()
    }

    /// The unfolded value of a header, as it stands (encoded words are not decoded).
    pub fn header(&self, name: &str) -> Option<String> {
        let text = self.text();
        let head = text.split("\r\n\r\n").next()?.replace("\r\n ", " ").replace("\r\n\t", " ");
        head.split("\r\n").find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    }

    pub fn message_id(&self) -> Option<String> {
        self.header("Message-ID")
    }

    /// Offsets in `wire` of every CR without LF and every LF without CR. Must be empty.
    pub fn bare_line_breaks(&self) -> Vec<usize> {
        let wire = &self.wire;
        let is_bare = |&at: &usize| match wire[at] {
            b'\n' => at == 0 || wire[at - 1] != b'\r',
            b'\r' => wire.get(at + 1) != Some(&b'\n'),
            _ => false,
        };
        (0..wire.len()).filter(is_bare).collect()
    }
}

/// A running server. It stops, and hangs up on everyone, when dropped.
pub struct SmtpPeer {
    port: u16,
    state: Arc<State>,
    door: Mutex<Door>,
}

/// While closed, the port stays bound but does not listen: clients are refused and nobody else can take it.
enum Door {
    Open(JoinHandle<()>),
    Closed(TcpSocket),
    Moving,
}

struct State {
    mails: Mutex<Vec<Mail>>,
    commands: Mutex<Vec<String>>,
    rules: Mutex<Rules>,
    extensions: Mutex<Vec<&'static str>>,
    idle_limit: watch::Sender<Option<Duration>>,
    connections: AtomicUsize,
    connections_ever: AtomicUsize,
}

#[derive(Default)]
struct Rules {
    next: usize,
    by_number: HashMap<usize, Rule>,
}

struct Rule {
    stage: Stage,
    reaction: Reaction,
    left: Option<usize>,
    recipient: Option<String>,
}

/// A rule just made; it already applies, without an end and to everyone, unless narrowed.
pub struct RuleHandle<'a> {
    state: &'a State,
    number: usize,
}

impl RuleHandle<'_> {
    /// Applies the rule only this many times; afterwards the server behaves.
    pub fn times(self, times: usize) -> Self {
        self.change(|rule| rule.left = Some(times))
    }

    /// Applies the rule at Rcpt to this recipient, at Data and AfterDot to messages for this recipient, elsewhere never.
    pub fn when_recipient(self, address: &str) -> Self {
        self.change(|rule| rule.recipient = Some(address.to_owned()))
    }

    fn change(self, change: impl FnOnce(&mut Rule)) -> Self {
        if let Some(rule) = lock(&self.state.rules).by_number.get_mut(&self.number) {
            change(rule);
        }
        self
    }
}

impl SmtpPeer {
    pub async fn start() -> Self {
        Self::start_on(0).await
    }

    /// Starts on a given port, for instance one that was free when the application was configured.
    pub async fn start_on(port: u16) -> Self {
        let socket =
            wait_for_some(format!("port {port} to be free"), Duration::from_secs(5), || async { bind(port).ok() })
                .await;
        let port = socket.local_addr().expect("a bound socket has an address").port();
        let state = Arc::new(State {
            mails: Mutex::default(),
            commands: Mutex::default(),
            rules: Mutex::default(),
            extensions: Mutex::new(vec!["8BITMIME", "SMTPUTF8"]),
            idle_limit: watch::Sender::new(None),
            connections: AtomicUsize::new(0),
            connections_ever: AtomicUsize::new(0),
        });
        let door = Mutex::new(Door::Open(open(socket, &state)));
        Self { port, state, door }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    /// Adds a rule. The oldest rule that fits wins. Set rules before the traffic they are meant for.
    pub fn on(&self, stage: Stage, reaction: Reaction) -> RuleHandle<'_> {
        let mut rules = lock(&self.state.rules);
        let number = rules.next;
        rules.next += 1;
        rules.by_number.insert(number, Rule { stage, reaction, left: None, recipient: None });
        RuleHandle { state: &self.state, number }
    }

    /// Forgets every rule: the server behaves from now on. Connections already hanging keep hanging.
    pub fn behave(&self) {
        lock(&self.state.rules).by_number.clear();
    }

    /// Sets the ESMTP extensions that EHLO names, in place of 8BITMIME and SMTPUTF8. Pipelined commands always work.
    pub fn advertise(&self, extensions: &[&'static str]) {
        *lock(&self.state.extensions) = extensions.to_vec();
    }

    /// Says 421 to, and closes, every connection that sends no command for this long; open ones included.
    pub fn close_idle_after(&self, limit: Duration) {
        self.state.idle_limit.send_replace(Some(limit));
    }

    /// The messages this server took: told 2xx, or told nothing because the answer was lost.
    pub fn received(&self) -> Vec<Mail> {
        self.arrived().into_iter().filter(Mail::is_taken).collect()
    }

    /// The messages that arrived in full and were then refused after the dot.
    pub fn refused(&self) -> Vec<Mail> {
        self.arrived().into_iter().filter(|mail| !mail.is_taken()).collect()
    }

    /// Waits up to 10 s until at least this many messages were taken, and returns all that were.
    #[track_caller]
    pub fn wait_for_mail(&self, count: usize) -> impl Future<Output = Vec<Mail>> {
        let what = format!("{count} mails at the SMTP peer");
        let waiting = wait_for(what, Duration::from_secs(10), move || self.received().len() >= count);
        async move {
            waiting.await;
            self.received()
        }
    }

    /// Every command line so far, in order of arrival across all connections.
    pub fn commands(&self) -> Vec<String> {
        lock(&self.state.commands).clone()
    }

    /// Connections that are open now.
    pub fn connections(&self) -> usize {
        self.state.connections.load(Ordering::SeqCst)
    }

    /// Connections accepted since the start.
    pub fn connections_ever(&self) -> usize {
        self.state.connections_ever.load(Ordering::SeqCst)
    }

    /// An outage begins: hangs up on everyone and refuses connections. The port stays ours, the records stay.
    pub async fn stop(&self) {
        let door = std::mem::replace(&mut *lock(&self.door), Door::Moving);
        let closed = match door {
            Door::Open(serving) => {
                serving.abort();
                let _ = serving.await;
                wait_for("all connections to end", Duration::from_secs(5), || self.connections() == 0).await;
                bind(self.port).expect("the port of the SMTP peer was free a moment ago")
            }
            Door::Closed(socket) => socket,
            Door::Moving => panic!("stop() and resume() of one peer at the same time"),
        };
        *lock(&self.door) = Door::Closed(closed);
    }

    /// The outage ends: listens on the same port again, with the same rules and records.
    pub fn resume(&self) {
        let mut door = lock(&self.door);
        *door = match std::mem::replace(&mut *door, Door::Moving) {
            Door::Closed(socket) => Door::Open(open(socket, &self.state)),
            open => open,
        };
    }

    fn arrived(&self) -> Vec<Mail> {
        lock(&self.state.mails).clone()
    }
}

impl Drop for SmtpPeer {
    fn drop(&mut self) {
        if let Door::Open(serving) = &*lock(&self.door) {
            serving.abort();
        }
    }
}

impl Mail {
    fn is_taken(&self) -> bool {
        self.answer.is_none_or(|code| code < 400)
    }
}

fn bind(port: u16) -> std::io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(([127, 0, 0, 1], port).into())?;
    Ok(socket)
}

fn open(socket: TcpSocket, state: &Arc<State>) -> JoinHandle<()> {
    let listener = socket.listen(1024).expect("a bound socket can listen");
    tokio::spawn(accept(listener, Arc::clone(state)))
}

/// Owns its connections: when this future is dropped, all of them are.
async fn accept(listener: TcpListener, state: Arc<State>) {
    let mut sessions = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else { continue };
                let _ = stream.set_nodelay(true);
                let open = OpenConnection::count(&state);
                sessions.spawn(async move {
                    let state = Arc::clone(&open.0);
                    // An error here is the client hanging up, which the tests see on their side.
                    let _ = Session::new(stream, state).run().await;
                    drop(open);
                });
            }
            Some(_) = sessions.join_next() => {}
        }
    }
}

/// Counts a connection for as long as its session lives, however it ends.
struct OpenConnection(Arc<State>);

impl OpenConnection {
    fn count(state: &Arc<State>) -> Self {
        state.connections.fetch_add(1, Ordering::SeqCst);
        state.connections_ever.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(state))
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Ordering::SeqCst);
    }
}

struct Session {
    stream: BufReader<TcpStream>,
    state: Arc<State>,
    is_greeted: bool,
    from: Option<String>,
    to: Vec<String>,
}

/// Whether the conversation goes on.
#[derive(PartialEq)]
enum Next {
    Continue,
    Close,
}

impl Session {
    fn new(stream: TcpStream, state: Arc<State>) -> Self {
        Self { stream: BufReader::new(stream), state, is_greeted: true, from: None, to: Vec::new() }
    }

    async fn run(mut self) -> std::io::Result<()> {
        if let Some(reaction) = self.state.reaction(Stage::Connect, &[]) {
            self.is_greeted = false;
            if self.react(reaction).await? == Next::Close {
                return Ok(());
            }
        } else {
            self.reply(220, "peer.example.org ESMTP").await?;
        }
        while let Some(line) = self.next_command().await? {
            lock(&self.state.commands).push(line.clone());
            if self.obey(&line).await? == Next::Close {
                break;
            }
        }
        self.stream.get_mut().shutdown().await
    }

    async fn obey(&mut self, line: &str) -> std::io::Result<Next> {
        let verb = line.split(' ').next().unwrap_or_default().to_ascii_uppercase();
        match verb.as_str() {
            "QUIT" => {
                self.reply(221, "2.0.0 bye").await?;
                Ok(Next::Close)
            }
            _ if !self.is_greeted => self.reply(503, "5.5.1 no service was offered").await,
            "EHLO" | "HELO" => self.ehlo(&verb).await,
            "MAIL" => self.mail(line).await,
            "RCPT" => self.rcpt(line).await,
            "DATA" => self.data().await,
            "RSET" => {
                self.reset();
                self.reply(250, "2.0.0 reset").await
            }
            "NOOP" => self.reply(250, "2.0.0 still here").await,
            "VRFY" => self.reply(252, "2.1.5 try and see").await,
            _ => self.reply(502, "5.5.2 command unknown").await,
        }
    }

    async fn ehlo(&mut self, verb: &str) -> std::io::Result<Next> {
        if let Some(reaction) = self.state.reaction(Stage::Ehlo, &[]) {
            return self.react(reaction).await;
        }
        self.reset();
        let mut lines = vec!["peer.example.org"];
        if verb == "EHLO" {
            lines.extend(lock(&self.state.extensions).iter());
        }
        let last = lines.len() - 1;
        let answer: String = lines
            .iter()
            .enumerate()
            .map(|(at, text)| format!("250{}{text}\r\n", if at == last { ' ' } else { '-' }))
            .collect();
        self.send(answer.as_bytes()).await?;
        Ok(Next::Continue)
    }

    async fn mail(&mut self, line: &str) -> std::io::Result<Next> {
        if self.from.is_some() {
            return self.reply(503, "5.5.1 one sender at a time").await;
        }
        let Some(address) = address_after(line, "FROM:") else {
            return self.reply(501, "5.5.4 MAIL FROM:<address>").await;
        };
        if let Some(reaction) = self.state.reaction(Stage::Mail, &[]) {
            return self.react(reaction).await;
        }
        self.from = Some(address);
        self.reply(250, "2.1.0 sender ok").await
    }

    async fn rcpt(&mut self, line: &str) -> std::io::Result<Next> {
        if self.from.is_none() {
            return self.reply(503, "5.5.1 MAIL first").await;
        }
        let Some(address) = address_after(line, "TO:").filter(|address| !address.is_empty()) else {
            return self.reply(501, "5.5.4 RCPT TO:<address>").await;
        };
        if let Some(reaction) = self.state.reaction(Stage::Rcpt, std::slice::from_ref(&address)) {
            return self.react(reaction).await;
        }
        self.to.push(address);
        self.reply(250, "2.1.5 recipient ok").await
    }

    async fn data(&mut self) -> std::io::Result<Next> {
        if self.to.is_empty() {
            return self.reply(503, "5.5.1 RCPT first").await;
        }
        if let Some(reaction) = self.state.reaction(Stage::Data, &self.to) {
            return self.react(reaction).await;
        }
        self.reply(354, "go ahead, end with a dot").await?;
        let Some(wire) = self.read_message().await? else {
            return Ok(Next::Close);
        };
        let reaction = self.state.reaction(Stage::AfterDot, &self.to);
        let answer = match reaction {
            None => Some(250),
            Some(Reaction::Reply(code, _)) => Some(code),
            Some(Reaction::Disconnect | Reaction::Hang) => None,
        };
        let mail = Mail {
            from: self.from.take().unwrap_or_default(),
            to: std::mem::take(&mut self.to),
            data: unstuff(&wire),
            wire,
            at: Instant::now(),
            answer,
        };
        lock(&self.state.mails).push(mail);
        match reaction {
            None => self.reply(250, "2.0.0 taken").await,
            Some(reaction) => self.react(reaction).await,
        }
    }

    /// The DATA phase up to the final dot; none if the client went away in the middle.
    async fn read_message(&mut self) -> std::io::Result<Option<Vec<u8>>> {
        let mut wire = Vec::new();
        loop {
            if self.stream.read_until(b'\n', &mut wire).await? == 0 {
                return Ok(None);
            }
            if wire == b".\r\n" || wire.ends_with(b"\r\n.\r\n") {
                wire.truncate(wire.len() - b".\r\n".len());
                return Ok(Some(wire));
            }
        }
    }

    /// The next command without its CRLF; none at the client's end or after too long a silence.
    async fn next_command(&mut self) -> std::io::Result<Option<String>> {
        let mut idle_limit = self.state.idle_limit.subscribe();
        let since = tokio::time::Instant::now();
        let mut line = Vec::new();
        loop {
            let limit = *idle_limit.borrow_and_update();
            let expiry = async {
                match limit {
                    Some(limit) => tokio::time::sleep_until(since + limit).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                // `read_until` keeps what it has read in `line` when another branch wins.
                read = self.stream.read_until(b'\n', &mut line) => {
                    if read? == 0 {
                        return Ok(None);
                    }
                    if line.ends_with(b"\r\n") {
                        line.truncate(line.len() - 2);
                        return Ok(Some(String::from_utf8_lossy(&line).into_owned()));
                    }
                }
                Ok(()) = idle_limit.changed() => {}
                () = expiry => {
                    self.reply(421, "4.4.2 idle for too long").await?;
                    return Ok(None);
                }
            }
        }
    }

    async fn react(&mut self, reaction: Reaction) -> std::io::Result<Next> {
        match reaction {
            Reaction::Reply(code, text) => self.reply(code, text).await,
            Reaction::Disconnect => Ok(Next::Close),
            Reaction::Hang => {
                let mut ignored = [0; 1024];
                while self.stream.read(&mut ignored).await? > 0 {}
                Ok(Next::Close)
            }
        }
    }

    async fn reply(&mut self, code: u16, text: &str) -> std::io::Result<Next> {
        self.send(format!("{code} {text}\r\n").as_bytes()).await?;
        Ok(if code == 421 { Next::Close } else { Next::Continue })
    }

    async fn send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.stream.get_mut().write_all(bytes).await
    }

    fn reset(&mut self) {
        self.from = None;
        self.to.clear();
    }
}

impl State {
    fn reaction(&self, stage: Stage, recipients: &[String]) -> Option<Reaction> {
        let mut rules = lock(&self.rules);
        let fits = |rule: &Rule| {
            let concerns = rule.recipient.as_ref().is_none_or(|wanted| recipients.contains(wanted));
            rule.stage == stage && rule.left != Some(0) && concerns
        };
        let fitting = rules.by_number.iter_mut().filter(|(_, rule)| fits(rule));
        let (_, rule) = fitting.min_by_key(|(number, _)| **number)?;
        if let Some(left) = &mut rule.left {
            *left -= 1;
        }
        Some(rule.reaction)
    }
}

fn address_after(line: &str, keyword: &str) -> Option<String> {
    let (_, argument) = line.split_once(' ')?;
    let is_keyword = argument.get(..keyword.len()).is_some_and(|start| start.eq_ignore_ascii_case(keyword));
    let bracketed = argument.get(keyword.len()..).filter(|_| is_keyword)?.trim_start().strip_prefix('<')?;
    bracketed.split_once('>').map(|(address, _)| address.to_owned())
}

/// Takes away the dot that the client put before every line that began with one. Lines end with CRLF alone.
fn unstuff(wire: &[u8]) -> Vec<u8> {
    let mut data = Vec::with_capacity(wire.len());
    for (at, &byte) in wire.iter().enumerate() {
        let starts_line = at == 0 || wire[..at].ends_with(b"\r\n");
        if !(byte == b'.' && starts_line) {
            data.push(byte);
        }
    }
    data
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}
