//! Holds the shape of the source to what ARCHITECTURE.md promises, by reading the files as text.
//!
//! Invariant: every fault names the file, the line and what to do; every detector is shown to fire on a made-up file.
//! What it does not do: it does not resolve names as the compiler does, it reads paths as they are written.

use std::collections::HashMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

/// A module imports only what stands left of it.
const ORDER: [&str; 19] = [
    "clock",
    "ids",
    "keys",
    "error",
    "spreadsheet",
    "db",
    "seal",
    "delivery",
    "access",
    "directory",
    "tickets",
    "escalation",
    "inbound",
    "operations",
    "figures",
    "http",
    "app",
    "cli",
    "main",
];
/// Settings and logging: named by these alone, and built on these alone.
const OUTER: [&str; 2] = ["config", "telemetry"];
const MAY_NAME_OUTER: [&str; 3] = ["app", "cli", "main"];
/// The settings check their values by the rules of the modules these are for.
const OUTER_MAY_NAME: [&str; 6] = ["clock", "ids", "keys", "error", "db", "delivery"];

/// Macros stand at the root of the crate by the language's rule; `db/dialect.rs` gives them their place.
const MACROS_OF_DB: [&str; 9] = [
    "by_backend",
    "each_backend",
    "insert_columns",
    "insert_columns_if_absent",
    "insert_if_absent",
    "insert_many",
    "load_locked",
    "load_unlocked",
    "replace_columns",
];
/// The same for a reach as the condition of a query.
const MACRO_OF_ACCESS: &str = "within_reach";

/// Rules and sums without a clock, a database or waiting. Files that do not exist yet are passed over.
const PURE: &[&str] = &[
    "delivery/retry.rs",
    "directory/resolve.rs",
    "directory/rhythm.rs",
    "directory/rollout/item.rs",
    "directory/rollout/words.rs",
    "directory/rollout/finding.rs",
    "directory/rollout/verdict.rs",
    "directory/rollout/state.rs",
    "directory/rollout/matrix.rs",
    "directory/confirmation/schedule.rs",
    "directory/hours/mod.rs",
    "directory/hours/german.rs",
    "directory/hours/holidays.rs",
    "directory/hours/week.rs",
    "directory/hours/words.rs",
    "access/role.rs",
    "access/policy.rs",
    "access/provider/claims.rs",
    "access/provider/logout.rs",
    "access/audit/entry.rs",
    "access/audit/mask.rs",
    "access/throttle/pace.rs",
    "access/users/user.rs",
    "tickets/ticket.rs",
    "tickets/redact.rs",
    "tickets/status.rs",
    "tickets/history.rs",
    "tickets/notice/when.rs",
    "tickets/attachments/kind.rs",
    "tickets/public_form/challenge.rs",
    "escalation/escalation.rs",
    "escalation/chain.rs",
    "escalation/message.rs",
    "escalation/message/words.rs",
    "directory/hours/explain.rs",
    "directory/hours/reckoning.rs",
    "directory/hours/service_time.rs",
    "tickets/deadline.rs",
    "directory/reference.rs",
    "inbound/automatic.rs",
    "inbound/bounds.rs",
    "inbound/command.rs",
    "inbound/parse.rs",
    "inbound/quote.rs",
    "inbound/report.rs",
    "inbound/sender.rs",
    "operations/concern.rs",
    "operations/traces/spans.rs",
    "figures/fold.rs",
    "figures/histogram.rs",
    "figures/period.rs",
];
const LONGEST: usize = 400;
const VAGUE_NAMES: [&str; 4] = ["utils.rs", "helpers.rs", "common.rs", "manager.rs"];
/// Where tests may let time pass: the one wait, and peers that are slow on purpose.
const MAY_SLEEP: [&str; 4] =
    ["it/support/wait.rs", "it/support/smtp.rs", "it/support/webhook.rs", "it/support/postgres.rs"];

// ---- The rules, on the project's own files ----

#[test]
fn imports_point_only_left() {
    report(sources("src").iter().flat_map(check_imports));
}

#[test]
fn libraries_stay_in_their_places() {
    report(sources("src").iter().flat_map(check_libraries));
}

#[test]
fn http_calls_use_cases_alone() {
    report(sources("src").iter().flat_map(check_http_names_no_store));
    report(sources("src").iter().flat_map(check_http_names_no_delivery));
}

#[test]
fn pure_files_are_pure() {
    report(sources("src").iter().flat_map(check_purity));
}

#[test]
fn every_file_says_what_it_is_for() {
    report(sources("src").iter().flat_map(check_opening));
}

#[test]
fn no_file_is_too_long() {
    report(sources("src").iter().flat_map(check_length));
}

#[test]
fn no_file_has_a_vague_name() {
    report(sources("src").iter().chain(&sources("tests")).flat_map(check_name));
}

#[test]
fn tests_neither_sleep_nor_hide() {
    report(sources("tests").iter().flat_map(check_test_habits));
}

#[test]
fn schemas_have_names_of_their_own() {
    report(check_schemas(&sources("src")));
}

#[test]
fn migrations_are_twins() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let folders = |backend: &str| migration_folders(&root.join(backend));
    report(compare_migrations(&folders("sqlite"), &folders("postgres")));
}

// ---- The detectors ----

fn check_imports(file: &Source) -> Vec<Fault> {
    let Some(own) = file.module() else { return Vec::new() };
    if !ORDER.contains(&own) && !OUTER.contains(&own) {
        return vec![file.fault(1, format!("`{own}` has no place in ORDER in tests/architecture.rs: give it one"))];
    }
    let mut faults = Vec::new();
    for path in file.paths() {
        let Some(named) = path.module_named(file) else { continue };
        if let Some(advice) = import_fault(own, named) {
            faults.push(file.fault(path.line, advice));
        }
    }
    faults
}

/// What is wrong with `own` naming `named`, if anything.
fn import_fault(own: &str, named: &str) -> Option<String> {
    if own == named {
        return None;
    }
    if own == "db" && MACROS_OF_DB.contains(&named) || own == "access" && named == MACRO_OF_ACCESS {
        return None;
    }
    if OUTER.contains(&own) {
        return (!OUTER_MAY_NAME.contains(&named)).then(|| {
            format!("`{own}` may import only {OUTER_MAY_NAME:?}, not `{named}`: hand the value over in `app`")
        });
    }
    if OUTER.contains(&named) {
        return (!MAY_NAME_OUTER.contains(&own)).then(|| {
            format!("`{named}` is for {MAY_NAME_OUTER:?} alone: give `{own}` a small settings struct of its own")
        });
    }
    let place = |module: &str| ORDER.iter().position(|known| *known == module);
    match (place(own), place(named)) {
        (Some(own_place), Some(place)) if place < own_place => None,
        (_, Some(_)) => Some(format!("`{own}` stands left of `{named}` and may not import it: turn the call round")),
        (_, None) => Some(format!(
            "`crate::{named}` has no place in ORDER: name the item by its module (a macro too: `pub(crate) use` it there)"
        )),
    }
}

fn check_libraries(file: &Source) -> Vec<Fault> {
    let path = file.path.as_str();
    let is_store = path.ends_with("/store.rs") || path.contains("/store/");
    let places = [
        ("diesel", path.starts_with("db/") || is_store, "move the query into db/ or a store"),
        ("actix", path.starts_with("http/") || path == "app.rs", "keep the web framework in http/ and app.rs"),
        ("lettre", path == "delivery/email.rs", "send mail through delivery/email.rs"),
        (
            "reqwest",
            matches!(path, "delivery/webhook.rs" | "access/provider/client.rs" | "operations/traces.rs"),
            "call out through delivery/webhook.rs, access/provider/client.rs or operations/traces.rs",
        ),
        ("opentelemetry", path.starts_with("operations/traces"), "make traces in operations/traces/"),
        ("openidconnect", path.starts_with("access/provider/"), "speak with the provider in access/provider/"),
        ("async_imap", path == "inbound/imap.rs", "read mailboxes through inbound/imap.rs"),
    ];
    let mut faults = Vec::new();
    for (library, is_allowed, advice) in places {
        let belongs_to_it = |word: &str| word == library || word.starts_with(&format!("{library}_"));
        for (line, word) in file.words().filter(|(_, word)| !is_allowed && belongs_to_it(word)) {
            faults.push(file.fault(line, format!("`{word}` does not belong here: {advice}")));
        }
    }
    faults
}

fn check_http_names_no_store(file: &Source) -> Vec<Fault> {
    if file.module() != Some("http") {
        return Vec::new();
    }
    let names_store = |path: &WrittenPath| path.segments.iter().any(|segment| segment == "store");
    let paths = file.paths().into_iter().filter(names_store);
    paths.map(|path| file.fault(path.line, "http names a store: call a use case instead".to_owned())).collect()
}

fn check_http_names_no_delivery(file: &Source) -> Vec<Fault> {
    if file.module() != Some("http") {
        return Vec::new();
    }
    let names_delivery = |path: &WrittenPath| path.module_named(file) == Some("delivery");
    let paths = file.paths().into_iter().filter(names_delivery);
    paths.map(|path| file.fault(path.line, "http names delivery: call a use case instead".to_owned())).collect()
}

fn check_purity(file: &Source) -> Vec<Fault> {
    if !PURE.contains(&file.path.as_str()) {
        return Vec::new();
    }
    let is_impure = |word: &str| matches!(word, "async" | "await" | "Clock" | "diesel");
    let words = file.words().filter(|(_, word)| is_impure(word)).map(|(line, word)| (line, word.to_owned()));
    let reads_clock = |path: &WrittenPath| {
        let mut ends = path.segments.iter().rev().map(String::as_str);
        ends.next() == Some("now") && matches!(ends.next(), Some("Utc" | "Local" | "SystemTime" | "Instant"))
    };
    let clocks = file.paths().into_iter().filter(reads_clock).map(|path| (path.line, path.segments.join("::")));
    let advice = |(line, what)| file.fault(line, format!("`{what}` in a pure file: take the value as an argument"));
    words.chain(clocks).map(advice).collect()
}

fn check_opening(file: &Source) -> Vec<Fault> {
    if file.text.starts_with("//!") {
        return Vec::new();
    }
    vec![file.fault(1, "begin with `//!`: what the file is for, its invariant, what it does not do".to_owned())]
}

fn check_length(file: &Source) -> Vec<Fault> {
    let length = file.length_without_tests();
    if length <= LONGEST || file.path == "db/schema.rs" {
        return Vec::new();
    }
    vec![file.fault(LONGEST, format!("{length} lines without tests, {LONGEST} at most: split it by what it is about"))]
}

fn check_name(file: &Source) -> Vec<Fault> {
    let name = file.path.rsplit('/').next().unwrap_or_default();
    if !VAGUE_NAMES.contains(&name) {
        return Vec::new();
    }
    vec![file.fault(1, format!("`{name}` says nothing: name the file after what it holds"))]
}

fn check_test_habits(file: &Source) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (at, line) in file.code.lines().enumerate() {
        let squeezed: String = line.split_whitespace().collect();
        if squeezed.contains("#[ignore") || squeezed.contains(",ignore") && squeezed.contains("cfg_attr") {
            faults.push(file.fault(at + 1, "an ignored test tests nothing: repair or remove it".to_owned()));
        }
    }
    if !MAY_SLEEP.contains(&file.path.as_str()) {
        for (line, _) in file.words().filter(|(_, word)| matches!(*word, "sleep" | "sleep_until" | "sleep_ms")) {
            faults.push(file.fault(line, "a sleep is a guess: wait for the condition with `wait_for`".to_owned()));
        }
    }
    faults
}

/// In the document of the interface two types of one name are one: the later takes the place of the first.
fn check_schemas(files: &[Source]) -> Vec<Fault> {
    let mut known: HashMap<String, String> = HashMap::new();
    let mut faults = Vec::new();
    for file in files {
        let code = file.code.split("#[cfg(test)]").next().unwrap_or_default();
        let (mut is_schema, mut named) = (false, None);
        for (at, line) in code.lines().enumerate() {
            let line = line.trim();
            // Within the body of a macro nothing has its name yet.
            is_schema |= line == "crate::text_enum! {" || (line.contains("derive(") && line.contains("ToSchema"));
            if let Some((_, name)) = line.split_once("schema(as = ") {
                named = name.split(')').next().map(str::to_owned);
            }
            let mut words = line.split(|c: char| !is_word(c)).skip_while(|word| !matches!(*word, "struct" | "enum"));
            let Some(name) = words.nth(1).filter(|_| !line.starts_with('#')) else { continue };
            let name = named.take().unwrap_or_else(|| name.to_owned());
            if std::mem::take(&mut is_schema) && !line.contains('$') {
                let here = format!("{}:{}", file.path, at + 1);
                if let Some(other) = known.insert(name.clone(), here) {
                    faults.push(
                        file.fault(at + 1, format!("{name} is the schema of {other} too: add #[schema(as = …)]")),
                    );
                }
            }
        }
    }
    faults
}

/// Folder names of one backend, each with whether it holds an `up.sql`.
type Migrations = Vec<(String, bool)>;

fn compare_migrations(sqlite: &Migrations, postgres: &Migrations) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (own, others, here, there) in
        [(sqlite, postgres, "sqlite", "postgres"), (postgres, sqlite, "postgres", "sqlite")]
    {
        for (name, has_up) in own {
            let fault = |advice: String| Fault { file: format!("migrations/{here}/{name}"), line: 1, advice };
            if !has_up {
                faults.push(fault("has no up.sql: add it".to_owned()));
            }
            if !others.iter().any(|(other, _)| other == name) {
                faults.push(fault(format!("has no twin: add migrations/{there}/{name}")));
            }
        }
    }
    faults
}

// ---- Files and what is written in them ----

/// A file with its path below `src` or `tests`, as it stands and as bare code.
struct Source {
    folder: String,
    path: String,
    text: String,
    /// The text with comments and the insides of literals blanked out, line for line.
    code: String,
}

/// A path of two segments or more, as written; `use` trees are spread out.
struct WrittenPath {
    line: usize,
    segments: Vec<String>,
    /// How many `mod … {` surround it.
    nesting: usize,
    is_macro: bool,
}

struct Fault {
    file: String,
    line: usize,
    advice: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}:{}: {}", self.file, self.line, self.advice)
    }
}

impl Source {
    fn new(folder: &str, path: &str, text: &str) -> Self {
        Self { folder: folder.to_owned(), path: path.to_owned(), text: text.to_owned(), code: bare_code(text) }
    }

    /// The top-level module the file belongs to; none for lib.rs, which only lists them.
    fn module(&self) -> Option<&str> {
        let first = self.path.split('/').next()?;
        let module = first.strip_suffix(".rs").unwrap_or(first);
        (module != "lib").then_some(module)
    }

    /// How many `super` lead from the file to the root of the crate.
    fn depth(&self) -> usize {
        let segments = self.path.split('/').count();
        if self.path.ends_with("/mod.rs") { segments - 1 } else { segments }
    }

    fn fault(&self, line: usize, advice: String) -> Fault {
        Fault { file: format!("{}/{}", self.folder, self.path), line, advice }
    }

    /// Every identifier with its line.
    fn words(&self) -> impl Iterator<Item = (usize, &str)> {
        self.code.lines().enumerate().flat_map(|(at, line)| {
            line.split(|c: char| !is_word(c)).filter(|word| !word.is_empty()).map(move |word| (at + 1, word))
        })
    }

    fn paths(&self) -> Vec<WrittenPath> {
        let tokens = tokens(&self.code);
        let mut found = Vec::new();
        let mut blocks: Vec<bool> = Vec::new();
        let mut at = 0;
        while at < tokens.len() {
            let text = |at: usize| tokens.get(at).map_or("", |(_, text)| text.as_str());
            match text(at) {
                "{" => blocks.push(at >= 2 && text(at - 2) == "mod"),
                "}" => drop(blocks.pop()),
                word if word.starts_with(is_word) => {
                    let nesting = blocks.iter().filter(|is_module| **is_module).count();
                    let mut branches = Vec::new();
                    let line = tokens[at].0;
                    at = spread(&tokens, at, &[], &mut branches);
                    let is_macro = text(at) == "!";
                    let long = branches.into_iter().filter(|(_, segments)| segments.len() > 1);
                    found.extend(long.map(|(at, segments)| WrittenPath {
                        line: at.max(line),
                        segments,
                        nesting,
                        is_macro,
                    }));
                    continue;
                }
                _ => {}
            }
            at += 1;
        }
        found
    }

    fn length_without_tests(&self) -> usize {
        let lines: Vec<&str> = self.code.lines().collect();
        let start = lines.iter().rposition(|line| *line == "#[cfg(test)]");
        let Some(start) = start.filter(|at| lines.get(at + 1).is_some_and(|next| next.starts_with("mod tests {")))
        else {
            return lines.len();
        };
        // Code after the block's end means that the tests do not trail, so nothing is taken off.
        let end = lines[start..].iter().position(|line| *line == "}").map_or(lines.len(), |at| start + at);
        if lines[(end + 1).min(lines.len())..].iter().all(|line| line.trim().is_empty()) { start } else { lines.len() }
    }
}

impl WrittenPath {
    /// The top-level module that the path reaches into, if it starts at the root of the crate.
    fn module_named(&self, file: &Source) -> Option<&str> {
        let segments = self.segments.iter().map(String::as_str).skip_while(|segment| *segment == "self");
        let mut segments = segments.collect::<Vec<_>>().into_iter().peekable();
        match *segments.peek()? {
            "crate" if file.path != "main.rs" => drop(segments.next()),
            "lotse" if file.path == "main.rs" => drop(segments.next()),
            "super" => {
                let mut climbed = 0;
                while segments.next_if_eq(&"super").is_some() {
                    climbed += 1;
                }
                if climbed < file.depth() + self.nesting {
                    return None;
                }
            }
            _ => return None,
        }
        let named = segments.next()?;
        // Macros of the crate stand at its root wherever they are written.
        let is_root_macro = self.is_macro && segments.next().is_none();
        (!is_root_macro).then_some(named)
    }
}

/// A word or sign, and a path, each with its line.
type Token = (usize, String);
type Branch = (usize, Vec<String>);

/// Words, `::` and single signs, each with its line.
fn tokens(code: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    for (at, line) in code.lines().enumerate() {
        let mut rest = line.trim_start();
        while let Some(first) = rest.chars().next() {
            let length = match first {
                _ if is_word(first) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
                ':' if rest.starts_with("::") => 2,
                _ => first.len_utf8(),
            };
            tokens.push((at + 1, rest[..length].to_owned()));
            rest = rest[length..].trim_start();
        }
    }
    tokens
}

/// Reads the path that starts at `at`, with the braces of a `use` tree; returns where it ends.
fn spread(tokens: &[Token], mut at: usize, before: &[String], found: &mut Vec<Branch>) -> usize {
    let text = |at: usize| tokens.get(at).map_or("", |(_, text)| text.as_str());
    let mut segments = before.to_vec();
    let mut line = tokens[at].0;
    while text(at).starts_with(is_word) || text(at) == "*" {
        line = tokens[at].0;
        segments.push(text(at).to_owned());
        at += 1;
        if text(at) != "::" {
            break;
        }
        at += 1;
        if text(at) == "{" {
            at += 1;
            while at < tokens.len() && text(at) != "}" {
                let is_start = text(at).starts_with(is_word) || matches!(text(at), "*");
                at = if is_start { spread(tokens, at, &segments, found) } else { at + 1 };
                // A renaming is not a path of its own.
                if text(at) == "as" {
                    at += 2;
                }
            }
            return at + 1;
        }
    }
    found.push((line, segments));
    at
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Blanks out comments and the insides of strings and characters; line breaks stay.
fn bare_code(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut code = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let end = match chars[at] {
            '/' if chars.get(at + 1) == Some(&'/') => find(&chars, at, |rest| rest[0] == '\n'),
            '/' if chars.get(at + 1) == Some(&'*') => end_of_block_comment(&chars, at),
            '"' => end_of_string(&chars, at),
            'r' if !code.ends_with(is_word) || code.ends_with('b') => end_of_raw_string(&chars, at).unwrap_or(at),
            '\'' => end_of_char(&chars, at).unwrap_or(at),
            _ => at,
        };
        if end == at {
            code.push(chars[at]);
            at += 1;
        } else {
            code.extend(chars[at..end].iter().map(|c| if *c == '\n' { '\n' } else { ' ' }));
            at = end;
        }
    }
    code
}

fn find(chars: &[char], from: usize, ends: impl Fn(&[char]) -> bool) -> usize {
    (from..chars.len()).find(|at| ends(&chars[*at..])).unwrap_or(chars.len())
}

fn end_of_block_comment(chars: &[char], start: usize) -> usize {
    let (mut depth, mut at) = (0, start);
    while at < chars.len() {
        match (chars[at], chars.get(at + 1)) {
            ('/', Some('*')) => (depth, at) = (depth + 1, at + 2),
            ('*', Some('/')) if depth == 1 => return at + 2,
            ('*', Some('/')) => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
    }
    at
}

fn end_of_string(chars: &[char], start: usize) -> usize {
    let mut at = start + 1;
    while at < chars.len() && chars[at] != '"' {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(chars.len())
}

fn end_of_raw_string(chars: &[char], start: usize) -> Option<usize> {
    let hashes = chars[start + 1..].iter().take_while(|c| **c == '#').count();
    let open = start + 1 + hashes;
    (chars.get(open) == Some(&'"')).then_some(())?;
    let closes = |rest: &[char]| rest[0] == '"' && rest[1..].iter().take_while(|c| **c == '#').count() >= hashes;
    Some((find(chars, open + 1, closes) + 1 + hashes).min(chars.len()))
}

/// None for a lifetime, which has no closing quote.
fn end_of_char(chars: &[char], start: usize) -> Option<usize> {
    match (chars.get(start + 1)?, chars.get(start + 2)) {
        ('\\', _) => Some((find(chars, start + 3, |rest| rest[0] == '\'') + 1).min(chars.len())),
        (_, Some('\'')) => Some(start + 3),
        _ => None,
    }
}

fn sources(folder: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files = Vec::new();
    collect(&root, &mut files);
    files.sort();
    let read = |file: &PathBuf| {
        let path = file.strip_prefix(&root).expect("found below it").to_string_lossy().replace('\\', "/");
        Source::new(folder, &path, &fs::read_to_string(file).expect("a source file is text"))
    };
    files.iter().map(read).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

fn migration_folders(backend: &Path) -> Migrations {
    let entries = fs::read_dir(backend).into_iter().flatten().flatten().filter(|entry| entry.path().is_dir());
    let named =
        |entry: fs::DirEntry| (entry.file_name().to_string_lossy().into_owned(), entry.path().join("up.sql").is_file());
    entries.map(named).collect()
}

fn report(faults: impl IntoIterator<Item = Fault>) {
    let faults: Vec<String> = faults.into_iter().map(|fault| fault.to_string()).collect();
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

// ---- The detectors fire ----

/// Checks which lines of a made-up file a detector objects to.
fn check(detector: fn(&Source) -> Vec<Fault>, path: &str, text: &str, lines: &[usize]) {
    let found: Vec<usize> = detector(&Source::new("src", path, text)).iter().map(|fault| fault.line).collect();
    assert_eq!(found, lines, "{path}:\n{text}");
}

#[test]
fn imports_that_point_right_are_found() {
    check(check_imports, "tickets/submit.rs", "use crate::db::Db;\nuse crate::escalation::Chain;", &[2]);
    check(check_imports, "tickets/submit.rs", "use crate::tickets::store;\nuse super::store;\nuse std::http::X;", &[]);
    check(check_imports, "db/mod.rs", "use crate::{\n    error::{AppError, Other},\n    seal::Seal as S,\n};", &[3]);
    check(check_imports, "delivery/outbox.rs", "fn f() {\n    crate::tickets::submit();\n}", &[2]);
    check(check_imports, "seal.rs", "use super::http::X;\nuse super::db::Db;", &[1]);
    check(
        check_imports,
        "db/mod.rs",
        "use super::cli;\nmod tests {\n    use super::cli;\n    use super::super::app;\n}",
        &[1, 4],
    );
    check(
        check_imports,
        "access/audit/store.rs",
        "use super::super::super::http::X;\nuse super::super::http::Y;",
        &[1],
    );
    check(check_imports, "main.rs", "use lotse::cli;\nuse crate::anything::X;\nuse lotse::config::Config;", &[]);
    check(check_imports, "app.rs", "use lotse::x::Y;\nuse crate::main::X;\nuse crate::telemetry::X;", &[2]);
    check(check_imports, "http/mod.rs", "use crate::config::Config;\npub(in crate::http) fn f() {}", &[1]);
    check(check_imports, "config.rs", "use crate::db::X;\nuse crate::http::Y;", &[2]);
    check(check_imports, "telemetry.rs", "use crate::ids::X;\nuse crate::config::Y;", &[2]);
    check(check_imports, "ids.rs", "crate::text_enum!(A);\nuse crate::Root;\nuse crate::*;", &[2, 3]);
    check(check_imports, "misc.rs", "", &[1]);
    check(check_imports, "lib.rs", "use crate::http::X;", &[]);
    check(check_imports, "ids.rs", "// crate::http::X\n/* crate::http */ const A: &str = \"crate::http::X\";", &[]);
}

#[test]
fn libraries_out_of_place_are_found() {
    check(
        check_libraries,
        "tickets/submit.rs",
        "// diesel\nuse diesel::prelude::*;\nuse diesel_migrations::X;",
        &[2, 3],
    );
    check(check_libraries, "tickets/store.rs", "use diesel::prelude::*;\nuse actix_web::web;", &[2]);
    check(check_libraries, "tickets/store/read.rs", "#[derive(X)]\n#[diesel(table_name = x)]\nstruct A;", &[]);
    check(check_libraries, "cli.rs", "use actix_web::App;\nuse lettre::Message;\nuse reqwest::Client;", &[1, 2, 3]);
    check(check_libraries, "app.rs", "use actix_web::App;", &[]);
    check(check_libraries, "delivery/email.rs", "use lettre::Message;\nfn f() { reqwest::get() }", &[2]);
    check(check_libraries, "delivery/webhook.rs", "use reqwest::Client;", &[]);
    check(check_libraries, "access/token.rs", "use reqwest::Client;\nuse openidconnect::Nonce;", &[1, 2]);
    check(check_libraries, "access/provider/mod.rs", "use openidconnect::Nonce;\nuse reqwest::Client;", &[2]);
    check(check_libraries, "access/provider/client.rs", "use openidconnect::HttpRequest;\nuse reqwest::Client;", &[]);
}

#[test]
fn stores_named_in_http_are_found() {
    let text = "use crate::tickets::{\n    browse,\n    store::TicketRow,\n};\nfn store() { store(\"a::store\") }";
    check(check_http_names_no_store, "http/api/tickets.rs", text, &[3]);
    check(check_http_names_no_store, "http/mod.rs", "fn f() { crate::access::store::find() }", &[1]);
    check(check_http_names_no_store, "tickets/submit.rs", text, &[]);
    check(check_imports, "http/mod.rs", "use crate::tickets::X;", &[]);
}

#[test]
fn http_may_not_name_delivery() {
    let text = "use crate::delivery::outbox;\nuse crate::delivery;";
    check(check_http_names_no_delivery, "http/api/deliveries.rs", text, &[1, 2]);
    check(check_http_names_no_delivery, "escalation/escalate.rs", text, &[]);
}

#[test]
fn impure_files_are_found() {
    let text =
        "//! No async here.\nasync fn f() {}\nfn g(c: &Clock) {}\nlet a = chrono::Utc::now();\nlet b = Instant::now();";
    check(check_purity, "delivery/retry.rs", text, &[2, 3, 4, 5]);
    check(check_purity, "delivery/worker.rs", text, &[]);
    check(check_purity, "access/role.rs", "fn f(now: DateTime<Utc>) -> bool { now > limit }", &[]);
}

#[test]
fn files_without_an_opening_are_found() {
    check(check_opening, "ids.rs", "use std::fmt;\n//! late", &[1]);
    check(check_opening, "ids.rs", "//! Ids.\n", &[]);
}

#[test]
fn long_files_are_found() {
    let (long, short) = ("x\n".repeat(401), "x\n".repeat(400));
    let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", "    x\n".repeat(500));
    check(check_length, "ids.rs", &long, &[LONGEST]);
    check(check_length, "db/schema.rs", &long, &[]);
    check(check_length, "ids.rs", &short, &[]);
    check(check_length, "ids.rs", &format!("{short}{tests}"), &[]);
    check(check_length, "ids.rs", &format!("{short}{tests}fn more() {{}}\n"), &[LONGEST]);
}

#[test]
fn vague_names_are_found() {
    check(check_name, "db/utils.rs", "", &[1]);
    check(check_name, "manager.rs", "", &[1]);
    check(check_name, "db/dialect.rs", "", &[]);
}

#[test]
fn sleeping_and_ignored_tests_are_found() {
    let text =
        "#[test]\n#[ignore]\nfn f() {\n    std::thread::sleep(x);\n    tokio::time::sleep(y).await;\n    sleep(z);\n}";
    check(check_test_habits, "it/tickets.rs", text, &[2, 4, 5, 6]);
    check(check_test_habits, "it/support/wait.rs", "tokio::time::sleep(x)", &[]);
    check(check_test_habits, "it/tickets.rs", "#[ignore = \"later\"]\nlet a = \"sleep(1)\"; // sleep(2)", &[1]);
}

#[test]
fn schemas_of_one_name_are_found() {
    let file = |path: &str, text: &str| Source::new("src", path, text);
    let derived = |more: &str| format!("#[derive(Debug, utoipa::ToSchema)]\n{more}pub struct Kind {{\n}}\n");
    let words = "crate::text_enum! {\n    /// A kind.\n    pub enum Kind {\n    }\n}\n";
    let found = check_schemas(&[file("a.rs", &derived("")), file("b.rs", words)]);
    assert_eq!(found.iter().map(|fault| (fault.file.as_str(), fault.line)).collect::<Vec<_>>(), [("src/b.rs", 3)]);
    assert!(check_schemas(&[file("a.rs", &derived("#[schema(as = OtherKind)]\n")), file("b.rs", words)]).is_empty());
    assert!(check_schemas(&[file("a.rs", "pub struct Kind;\n"), file("b.rs", words)]).is_empty());
}

#[test]
fn unequal_migrations_are_found() {
    let folder = |name: &str, has_up| (name.to_owned(), has_up);
    let faults = compare_migrations(&vec![folder("1_a", true), folder("2_b", true)], &vec![folder("1_a", false)]);
    let found: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].contains("migrations/postgres/2_b") && found[1].contains("has no up.sql"), "{found:?}");
    assert!(compare_migrations(&vec![folder("1_a", true)], &vec![folder("1_a", true)]).is_empty());
}

#[test]
fn comments_and_literals_are_not_code() {
    let code = |text: &str| bare_code(text).split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(code("a // b\nc /* d /* e */ f */ g"), "a c g");
    assert_eq!(
        code(r##"f("x\"y // z", r#"p " q"#, br"w", '"', '\'', b'\n') + g::<'a>()"##),
        "f( , , b , , , b ) + g::<'a>()"
    );
    assert_eq!(bare_code("\"a\nb\"\nc").lines().count(), 3);
}
