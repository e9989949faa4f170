//! The command line as a script and an operator meet it: codes, one line on stderr, files with faults, no secrets.
//!
//! Invariant: every command runs as a process of its own, without the variables of whoever runs the tests.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use crate::support::app::{self, Database, Kind, MUNICIPALITIES};
use crate::support::process::BINARY;
use crate::support::smtp::SmtpPeer;
use crate::support::wait::wait_for_some;

const KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
const OTHER_KEY: &str = "YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODk=";

/// A folder with settings in it.
struct Place {
    folder: tempfile::TempDir,
    settings: PathBuf,
}

/// Figures are compared and reckoned anew; one of the two is asked for.
#[test]
fn compares_and_reckons_figures() {
    let place = Place::good();
    for (asked, said) in [("--check", "those of all 0 requests"), ("--rebuild", "of 0 requests were reckoned anew")] {
        let done = place.run(&["figures", asked]);
        assert_eq!(done.code, Some(0), "{done:?}");
        assert!(done.said.contains(said), "{done:?}");
    }
    assert_eq!(place.run(&["figures"]).code, Some(2));
}

/// Why a deadline is when it is: of what is asked without a database, and of a request.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn explains_a_deadline() {
    let place = Place::good();
    let start = ["--start", "2026-11-27T16:30:00+01:00", "--within", "4h"];
    let asked = [&["explain", "deadline"], &start[..], &["--hours", "Mo-Fr 08:00-18:00", "--land", "SH"]].concat();
    let explained = place.run(&asked);
    assert_eq!(explained.code, Some(0), "{explained:?}");
    for part in [
        "Fr 27.11.2026, 16:30 + 4 h Servicezeit → Mo 30.11.2026, 10:30",
        "Fr 27.11.2026, 16:30–18:00 zählt 1:30",
        "Sa 28.11.2026 und So 29.11.2026 geschlossen",
    ] {
        assert!(explained.out.contains(part), "{part}: {explained:?}");
    }
    let english = place.run(&[&asked[..], &["--english"]].concat());
    assert!(english.out.contains("Mon 30 Nov 2026, 08:00–10:30 counts 2:30"), "{english:?}");
    assert!(!place.path("lotse.db").exists(), "no database was asked");
    for (wrong, named) in [
        (&["explain", "deadline"][..], "NUMBER"),
        (&["explain", "deadline", "--within", "bald", "--land", "SH"], "--within"),
        (&["explain", "deadline", "--within", "1d"], "--land"),
        (&["explain", "deadline", "--within", "1d", "--land", "XX"], "--land"),
        (&["explain", "deadline", "26-004711-9"], "no request"),
    ] {
        let refused = place.run(wrong);
        assert_eq!(refused.code, Some(2), "{wrong:?}: {refused:?}");
        assert!(refused.said.contains(named), "{wrong:?}: {refused:?}");
    }
    for (key, value) in [
        ("hours", "\"Montag\""),
        ("closed", "\"24.12.\""),
        ("respond_p3", "\"bald\""),
        ("answer_p2", "\"\""),
        ("lands", "{ XX = \"24/7\" }"),
    ] {
        let faulty =
            Place::new(&app::settings("DATABASE", "smtp://127.0.0.1:9", &format!("[clock]\n{key} = {value}\n")));
        let refused = faulty.run(&["check"]);
        assert!(
            refused.code != Some(0) && format!("{}{}", refused.out, refused.said).contains(&format!("clock.{key}")),
            "{key}: {refused:?}"
        );
    }
}

/// How a command ended and what it said.
#[derive(Debug)]
struct Ended {
    code: Option<i32>,
    out: String,
    said: String,
}

impl Place {
    /// With these settings, and a database of SQLite unless they name one.
    fn new(settings: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("lotse.toml");
        let place = Self { settings: file, folder };
        place.write("lotse.toml", &settings.replace("DATABASE", &place.url()));
        place
    }

    /// With settings that make sense.
    fn good() -> Self {
        Self::new(&app::settings("DATABASE", "smtp://127.0.0.1:9", ""))
    }

    fn url(&self) -> String {
        format!("sqlite://{}", self.folder.path().join("lotse.db").display())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        std::fs::write(self.path(name), text).unwrap();
        self.path(name)
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        self.run_with(arguments, &[])
    }

    fn run_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Ended {
        let output = command(&self.settings, arguments, variables).output().unwrap();
        Ended::of(&output)
    }
}

fn command(settings: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(BINARY);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("LOTSE") {
            command.env_remove(name);
        }
    }
    command.arg("--config").arg(settings).args(arguments).envs(variables.iter().copied()).stdin(Stdio::null());
    command
}

impl Ended {
    fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        Self { code: output.status.code(), out: text(&output.stdout), said: text(&output.stderr) }
    }

    #[track_caller]
    fn well(self) -> Self {
        assert_eq!(self.code, Some(0), "{self:?}");
        self
    }

    /// Code 2, nothing on stdout, one line on stderr that holds all of these.
    #[track_caller]
    fn refused(self, parts: &[&str]) -> Self {
        assert_eq!((self.code, self.out.as_str()), (Some(2), ""), "{self:?}");
        // What `serve` warns of is a line of the log, with its time.
        let lines: Vec<&str> = self.said.lines().filter(|line| !line.contains(" WARN ")).collect();
        assert!(lines.len() == 1 && lines[0].starts_with("lotse: "), "{self:?}");
        for part in parts {
            assert!(self.said.contains(part), "{part} is missing: {self:?}");
        }
        self
    }
}

/// The settings with something else in the place of a part.
#[track_caller]
fn changed(old: &str, new: &str) -> Place {
    let settings = app::settings("DATABASE", "smtp://127.0.0.1:9", "");
    assert!(settings.contains(old), "{old}");
    Place::new(&settings.replacen(old, new, 1))
}

#[test]
fn a_setting_nobody_knows_is_named() {
    changed("workers = 2", "wrokers = 2").run(&["migrate"]).refused(&["wrokers", "workers"]);
    changed("[database]", "[datenbank]\nurl = \"x\"\n[database]").run(&["migrate"]).refused(&["datenbank"]);
    changed("[log]", "[log]\nlevl = \"x\"").run(&["serve"]).refused(&["levl"]);
    for (name, named) in [
        ("LOTSE__SERVER__LISTNE", "listne"),
        ("LOTSE__SERVR__LISTEN", "servr"),
        ("LOTSE__LOG__LEVEL__X", "log.level"),
        ("LOTSE__X", "`x`"),
    ] {
        Place::good().run_with(&["migrate"], &[(name, "127.0.0.1:1")]).refused(&[named]);
    }
}

#[test]
fn a_senseless_value_is_named_with_its_key() {
    for (old, new, key) in [
        ("127.0.0.1:0", "somewhere", "server.listen"),
        ("127.0.0.1:0", "127.0.0.1:99999", "server.listen"),
        ("workers = 2", "workers = \"two\"", "server.workers"),
        ("workers = 2", "workers = -1", "server.workers"),
        ("workers = 2", "public_url = \"lotse.example.org\"", "server.public_url"),
        ("workers = 2", "public_url = \"javascript:alert(1)\"", "server.public_url"),
        ("[log]", "[traces]\nendpoint = \"127.0.0.1:4318\"\n[log]", "traces.endpoint"),
        ("workers = 2", "shutdown_within = \"soon\"", "server.shutdown_within"),
        ("workers = 2", "metrics_listen = \"x\"", "server.metrics_listen"),
        ("url = \"DATABASE\"", "url = \"mysql://x\"", "database.url"),
        ("url = \"DATABASE\"", "url = \"\"", "database.url"),
        ("connections = 4", "connections = 0", "database.connections"),
        ("connections = 4", "wait = \"3\"", "database.wait"),
        (KEY, "c2hvcnQ=", "security.master_key"),
        (KEY, "not base64!", "security.master_key"),
        (KEY, "", "security.master_key"),
        ("smtp_url = \"smtp://127.0.0.1:9\"", "smtp_url = \"http://x\"", "mail.smtp_url"),
        ("Lotse <lotse@lotse.example.org>", "Lotse", "mail.from"),
        ("Lotse <lotse@lotse.example.org>", "a@b.example\\r\\nBcc: x@y.example", "mail.from"),
        ("antwort@lotse.example.org", "antwort", "mail.reply_address"),
        ("notice_interval = \"1ms\"", "retry_schedule = \"1m,often\"", "mail.retry_schedule"),
        ("notice_interval = \"1ms\"", "transport = \"pigeon\"", "mail.transport"),
        ("notice_interval = \"1ms\"", "transport = \"file\"", "mail.directory"),
        ("allow_http = true", "allow_http = \"perhaps\"", "webhook.allow_http"),
        ("allow_http = true", "retry_schedule = \"\"", "webhook.retry_schedule"),
        ("level = \"warn\"", "level = \"=loud=\"", "log.level"),
        ("level = \"warn\"", "format = \"xml\"", "log.format"),
        ("[log]", "[escalation]\nacknowledge_within = \"0s\"\n[log]", "escalation.acknowledge_within"),
        ("[log]", "[escalation]\nacknowledge_within = \"1d\"\n[log]", "clock.acknowledge_p2 = \"1d\""),
        ("[log]", "[delivery]\nconcurrency = 0\n[log]", "delivery.concurrency"),
        ("[log]", "[login]\nsession_idle = \"0s\"\n[log]", "login.session_idle"),
        ("[log]", "[login]\npassword_min_length = 7\n[log]", "login.password_min_length"),
        ("[log]", "[login]\npassword_memory = 1\n[log]", "login.password_memory"),
        ("[log]", "[login]\npassword_hashes_at_once = 0\n[log]", "login.password_hashes_at_once"),
    ] {
        // With a file to import, because that needs the master key as well.
        let place = changed(old, new);
        let file = place.write("directory.toml", "");
        place.run(&["import", "directory", file.to_str().unwrap()]).refused(&[key]);
    }
    let place = Place::good();
    let file = place.write("directory.toml", "");
    let import = ["import", "directory", file.to_str().unwrap()];
    place.run_with(&import, &[("LOTSE__SERVER__LISTEN", "x")]).refused(&["server.listen"]);
    place.run_with(&import, &[("LOTSE__ESCALATION__LINK_VALID_FOR", "2 Wochen")]).refused(&["link_valid_for", "14d"]);
}

#[test]
fn a_variable_comes_after_the_file() {
    let place = changed("127.0.0.1:0", "somewhere");
    place.run_with(&["migrate"], &[("LOTSE__SERVER__LISTEN", "127.0.0.1:0")]).well();
}

#[test]
fn the_master_key_is_missed_with_a_remedy() {
    let place = changed(KEY, "");
    let file = place.write("directory.toml", &app::directory("http://127.0.0.1:9999/hook"));
    let missing = place.run(&["import", "directory", file.to_str().unwrap()]);
    missing.refused(&["security.master_key", "missing", "head -c 32 /dev/urandom | base64"]);
    let missing = place.run(&["serve"]).refused(&["security.master_key"]);
    assert!(!missing.said.contains("panicked"));
    // Commands that seal nothing need none.
    place.run(&["migrate"]).well();
    place.run(&["token", "create", "--name", "x", "--role", "agent"]).well();
}

#[test]
fn another_master_key_does_not_open_the_database() {
    let place = Place::good();
    let municipalities = place.write("m.csv", MUNICIPALITIES);
    place.run(&["import", "municipalities", municipalities.to_str().unwrap()]).well();
    let file = place.write("directory.toml", &app::directory("http://127.0.0.1:9999/hook"));
    let import = ["import", "directory", file.to_str().unwrap()];
    place.run(&import).well();
    let other = [("LOTSE__SECURITY__MASTER_KEY", OTHER_KEY)];
    for arguments in [&import[..], &["serve"], &["rewrap"]] {
        let ended = place.run_with(arguments, &other).refused(&["security.master_key", "previous_master_keys"]);
        assert!(!ended.said.contains(KEY) && !ended.said.contains(OTHER_KEY), "{ended:?}");
    }
    // With the former one named, the keys are wrapped anew, and the former one is needed no more.
    let both = [other[0], ("LOTSE__SECURITY__PREVIOUS_MASTER_KEYS", KEY)];
    place.run_with(&["rewrap"], &both).well();
    place.run_with(&import, &other).well();
    place.run(&import).refused(&["security.master_key"]);
}

#[test]
fn what_cannot_be_read_is_named() {
    let place = Place::good();
    for (arguments, part) in [
        (&["import", "municipalities", "/gibt/es/nicht.csv"][..], "/gibt/es/nicht.csv"),
        (&["import", "directory", "/gibt/es/nicht.toml"], "/gibt/es/nicht.toml"),
        (&["import", "directory", "/"], "/ cannot be read"),
    ] {
        place.run(arguments).refused(&[part]);
    }
    let latin = place.path("latin.csv");
    std::fs::write(&latin, b"ars,ags,name\nL\xfcbeck\n").unwrap();
    place.run(&["import", "municipalities", latin.to_str().unwrap()]).refused(&["latin.csv", "UTF-8"]);
    let nowhere = Command::new(BINARY).args(["--config", "/gibt/es/nicht.toml", "migrate"]).output().unwrap();
    Ended::of(&nowhere).refused(&["--config", "/gibt/es/nicht.toml"]);
    for (key, variable) in [
        ("security.master_key_file", "LOTSE__SECURITY__MASTER_KEY_FILE"),
        ("database.url_file", "LOTSE__DATABASE__URL_FILE"),
        ("mail.smtp_url_file", "LOTSE__MAIL__SMTP_URL_FILE"),
    ] {
        place.run_with(&["migrate"], &[(variable, "/gibt/es/nicht")]).refused(&[key]);
    }
}

/// The lines of a refused import: each begins with the file and a line of it; the last says that nothing was done.
#[track_caller]
fn faulty(ended: Ended, file: &str, lines: &[usize]) -> String {
    assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{ended:?}");
    let all: Vec<&str> = ended.said.trim_end().lines().collect();
    let (last, faults) = all.split_last().unwrap();
    assert!(last.contains("nothing was imported"), "{ended:?}");
    let found: BTreeSet<usize> = faults
        .iter()
        .map(|fault| {
            let rest = fault.split_once(&format!("{file}:")).unwrap_or_else(|| panic!("no line in {fault}")).1;
            rest.split(|c: char| !c.is_ascii_digit()).next().unwrap().parse().unwrap()
        })
        .collect();
    assert_eq!(found, lines.iter().copied().collect(), "{ended:?}");
    ended.said
}

#[test]
fn a_faulty_register_names_every_line() {
    let place = Place::good();
    let import = |text: &str| {
        let file = place.write("g.csv", text);
        place.run(&["import", "municipalities", file.to_str().unwrap()])
    };
    let header = MUNICIPALITIES.lines().next().unwrap();
    faulty(import("ars,name\n010020000000,Kiel\n"), "g.csv", &[1]);
    let said = faulty(
        import(&format!(
            "{header}\n01002000000,01002000,Kiel,Schleswig-Holstein,a,b,61,24103\n\
             010030000000,01003000,Lübeck, Hansestadt,Schleswig-Holstein,a,b,61,23539\n\
             020000000000,02000000,Hamburg,Hamburg,a,b,61,20095\n\
             020000000000,02000000,Hamburg,Bayern,a,b,61,x\n"
        )),
        "g.csv",
        &[2, 3, 5],
    );
    assert!(said.contains("ars") && said.contains("columns") && said.contains("plz_sitz"), "{said}");
    let list = place.run(&["token", "list"]).well();
    assert!(list.out.starts_with("ID"), "the database is there and sound");
    import(MUNICIPALITIES).well();
    assert!(import(MUNICIPALITIES).well().said.contains("3 unchanged"));
}

#[test]
fn a_faulty_directory_names_every_line() {
    let place = Place::good();
    let municipalities = place.write("m.csv", MUNICIPALITIES);
    place.run(&["import", "municipalities", municipalities.to_str().unwrap()]).well();
    let import = |text: &str| {
        let file = place.write("d.toml", text);
        place.run(&["import", "directory", file.to_str().unwrap()])
    };
    faulty(import("[[contact]]\nid = \"a\nname = \"b\"\n"), "d.toml", &[2]);
    let text = "[[contact]]\nid = \"a-b\"\nname = \"\"\nfax = \"1\"\n[[contact]]\nid = \"b\"\nname = \"B\"\nemail = \"b\"\n\
                [[service]]\nslug = \"s\"\nname = \"S\"\noperating_land = \"XX\"\noperator = \"O\"\n\
                [[adoption]]\nservice = \"gibt-es-nicht\"\nars = \"0100\"\nstate = \"lively\"\n";
    let said = faulty(import(text), "d.toml", &[2, 4, 8, 12, 15, 16, 17]);
    for part in ["fax", "email", "operating_land", "ars", "state"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let text = format!(
        "[[contact]]\nid = \"a\"\nname = \"A\"\nwebhook = {{ url = \"https://127.0.0.1/\", secret = \"{secret}\n"
    );
    let said = faulty(import(&text), "d.toml", &[4]);
    assert!(!said.contains(&secret[6..]), "a secret is shown: {said}");
    let text =
        format!("[[contact]]\nid = \"a\"\nname = \"A\"\nwebhook = {{ url = \"ftp://x/\", secret = \"x{secret}\" }}\n");
    let said = faulty(import(&text), "d.toml", &[4]);
    assert!(!said.contains(&secret[6..]), "a secret is shown: {said}");
    import(&app::directory("http://127.0.0.1:9999/hook")).well();
    assert!(import(&app::directory("http://127.0.0.1:9999/hook")).well().said.contains(" 0 new, 0 changed"));
}

/// What clap refuses says what was wrong and how it is called.
#[test]
fn a_table_is_shown_first_and_then_taken_whole() {
    let place = Place::good();
    let municipalities = place.write("m.csv", MUNICIPALITIES);
    place.run(&["import", "municipalities", municipalities.to_str().unwrap()]).well();
    let template = place.run(&["import", "contacts", "--template"]).well().out;
    let good = place.write("k.csv", &template);
    let good = good.to_str().unwrap();
    let seen = place.run(&["import", "contacts", good, "--preview"]).well();
    assert!(seen.said.contains("row 2: kiel-meldewesen: new") && seen.said.contains("nothing was changed"), "{seen:?}");
    let done = place.run(&["import", "contacts", good]).well();
    assert!(done.said.contains("1 new, 0 changed") && !done.said.contains("nothing was changed"), "{done:?}");
    assert!(place.run(&["import", "contacts", good]).well().said.contains("1 unchanged"));
    let codes = place.write("plz.csv", "plz;ags\n24118;01002000\n");
    let codes = place.run(&["import", "postal-codes", codes.to_str().unwrap()]).well();
    assert!(codes.said.contains("postal codes: 1 new, 0 gone, 0 unchanged"), "{codes:?}");
    let bad = place.write(
        "b.csv",
        &template.replace("meldewesen@kiel.example.org", "meldewesen").replace("kiel-meldewesen", "neu"),
    );
    let refused = place.run(&["import", "contacts", bad.to_str().unwrap()]);
    assert_eq!((refused.code, refused.out.as_str()), (Some(2), ""), "{refused:?}");
    assert!(
        refused.said.contains("row 2: email: must be a mail address") && refused.said.contains("nothing was imported"),
        "{refused:?}"
    );
    place.run(&["import", "channels", "gibt-es-nicht.csv"]).refused(&["gibt-es-nicht.csv cannot be read"]);
    place.run(&["import", "channels"]).refused(&[]);
}

#[test]
fn a_merger_is_planned_and_done_by_command() {
    let place = Place::good();
    let old = place.write("alt.csv", MUNICIPALITIES);
    place.run(&["import", "municipalities", old.to_str().unwrap()]).well();
    let kept: Vec<&str> = MUNICIPALITIES.lines().filter(|line| !line.starts_with("010020000000")).collect();
    let list = place.write("neu.csv", &format!("{}\r\n", kept.join("\r\n")));
    let changes = place.write("wer.csv", "old_ars,new_ars,valid_on\n010020000000,010030000000,2026-01-01\n");
    let (list, changes) = (list.to_str().unwrap(), changes.to_str().unwrap());
    let plan = place.run(&["import", "municipalities", list, "--changes", changes, "--plan"]).well();
    assert!(plan.said.contains("merged: 010020000000 Kiel, Landeshauptstadt -> 010030000000"), "{plan:?}");
    assert!(plan.said.contains("nothing was changed"), "{plan:?}");
    let alone = place.run(&["import", "municipalities", list, "--plan"]).well();
    assert!(alone.said.contains("gone: 010020000000") && alone.said.contains("stays as it is"), "{alone:?}");
    place.run(&["import", "municipalities", list, "--changes", changes]).well();
    let again = place.run(&["import", "municipalities", list, "--changes", changes]).well();
    assert!(again.said.contains("0 merged") && again.said.contains("2 unchanged"), "{again:?}");
}

#[test]
fn published_help_is_written_to_a_file_or_stdout() {
    let place = Place::good();
    let municipalities = place.write("m.csv", MUNICIPALITIES);
    place.run(&["import", "municipalities", municipalities.to_str().unwrap()]).well();
    let directory = place.write("d.toml", &app::directory("https://desk.example.org/lotse"));
    place.run(&["import", "directory", directory.to_str().unwrap()]).well();
    let xml = place.run(&["export", "help", "--format", "xzufi"]).well();
    assert!(xml.out.contains("http://xoev.de/schemata/xzufi/2_2_0") && xml.said.contains("experimentell"), "{xml:?}");
    assert!(xml.said.contains("1 adoptions written"), "{xml:?}");
    let json = place.run(&["export", "help", "--format", "json", "--since", "2020-01-01"]).well();
    let json: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(json["items"][0]["municipality"]["ars"], "010020000000");
    let empty = place.run(&["export", "help", "--format", "json", "--ars", "16"]).well();
    assert_eq!(serde_json::from_str::<serde_json::Value>(&empty.out).unwrap()["items"], serde_json::json!([]));
    let file = place.path("hilfe.csv");
    let told = place.run(&["export", "help", "--format", "csv", "--output", file.to_str().unwrap()]).well();
    assert_eq!(told.out, "");
    assert!(std::fs::read_to_string(file).unwrap().lines().count() == 2);
    place.run(&["export", "help", "--format", "yaml"]).refused(&["xzufi"]);
    place.run(&["export", "help", "--format", "csv", "--since", "gestern"]).refused(&["2026-11-24"]);
    let nowhere = place.path("nirgends/hilfe.csv");
    place
        .run(&["export", "help", "--format", "csv", "--output", nowhere.to_str().unwrap()])
        .refused(&["cannot be written"]);
}

#[test]
fn an_argument_that_makes_no_sense_is_refused() {
    let place = Place::good();
    for (arguments, part) in [
        (&["token", "create", "--name", "x", "--role", "chef"][..], "--role"),
        (&["token", "create", "--name", "x", "--role", "agent", "--ars", "0100"], "--ars"),
        (&["token", "create", "--name", "x", "--role", "agent", "--ars", "Kiel"], "--ars"),
        (&["token", "create", "--name", "x", "--role", "agent", "--expires", "0"], "--expires"),
        (&["token", "create", "--role", "agent"], "--name"),
        (&["token", "create", "--name", "x"], "--role"),
        (&["token", "create", "--name", "x", "--role", "second_level", "--contact", "A B"], "--contact"),
        (&["import", "gemeinden", "x"], "gemeinden"),
        (&["dienen"], "dienen"),
    ] {
        let ended = place.run(arguments);
        assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{ended:?}");
        assert!(ended.said.contains(part) && !ended.said.contains("panicked"), "{ended:?}");
    }
    assert!(!place.path("lotse.db").exists(), "nothing was begun");
}

async fn migrates_twice(kind: Kind) {
    let database = Database::new(kind).await;
    let place = Place::new(&app::settings(&database.url, "smtp://127.0.0.1:9", ""));
    let (first, second) = (place.run(&["migrate"]).well(), place.run(&["migrate"]).well());
    assert!(first.said.contains("applied") && !second.said.contains("applied"), "{first:?} {second:?}");
    assert!(second.said.contains("up to date") && first.out.is_empty() && second.out.is_empty());
    // Several at once are in each other's way no more than that.
    let other = Database::new(kind).await;
    let place = Place::new(&app::settings(&other.url, "smtp://127.0.0.1:9", ""));
    let start = || {
        let mut command = command(&place.settings, &["migrate"], &[]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let running: Vec<_> = (0..4).map(|_| start()).collect();
    let ended: Vec<Ended> = running.into_iter().map(|child| Ended::of(&child.wait_with_output().unwrap())).collect();
    assert!(ended.iter().all(|ended| ended.code == Some(0)), "{ended:?}");
    assert_eq!(ended.iter().filter(|ended| ended.said.contains("applied")).count(), 1, "{ended:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn migrates_twice_on_sqlite() {
    migrates_twice(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn migrates_twice_on_postgres() {
    migrates_twice(Kind::Postgres).await;
}

async fn checks(kind: Kind) {
    let database = Database::new(kind).await;
    let smtp = SmtpPeer::start().await;
    let place = Place::new(&app::settings(&database.url, &smtp.url(), ""));
    let before = place.run(&["check"]);
    assert_eq!(before.code, Some(1), "an empty database is a fault: {before:?}");
    assert!(before.out.contains("migrate"), "{before:?}");
    place.run(&["migrate"]).well();
    let municipalities = place.write("m.csv", MUNICIPALITIES);
    place.run(&["import", "municipalities", municipalities.to_str().unwrap()]).well();
    let good = place.run(&["check"]);
    assert_eq!(good.code, Some(0), "{good:?}");
    assert!(good.out.contains("ok       mail") && smtp.received().is_empty(), "it logs on and sends nothing: {good:?}");
    let file = place.write("d.toml", &app::directory("http://127.0.0.1:9999/hook"));
    place.run(&["import", "directory", file.to_str().unwrap()]).well();
    let gaps = place.run(&["check"]);
    assert!(
        gaps.out.lines().any(|line| line.starts_with("warning") && line.contains(" gaps, 0 of which block")),
        "{gaps:?}"
    );
    let url = smtp.url();
    smtp.stop().await;
    let down = place.run(&["check"]);
    assert_eq!(down.code, Some(1), "{down:?}");
    assert!(down.out.lines().any(|line| line.starts_with("fault") && line.contains("mail")), "{down:?}");
    assert!(!down.out.contains(KEY) && !down.said.contains(KEY), "{url}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn checks_on_sqlite() {
    checks(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn checks_on_postgres() {
    checks(Kind::Postgres).await;
}

/// A database that is away is a fault of `check`, said without the password in its address.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_away_is_a_fault() {
    let smtp = SmtpPeer::start().await;
    let away = Place::new(&app::settings("postgres://lotse:s3cret-w0rd@127.0.0.1:9/lotse", &smtp.url(), ""));
    let ended = away.run(&["check"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.out.lines().any(|line| line.starts_with("fault") && line.contains("database")), "{ended:?}");
    assert!(!ended.out.contains("s3cret") && !ended.said.contains("s3cret"), "{ended:?}");
    let ended = away.run(&["migrate"]);
    assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""), "{ended:?}");
    assert!(!ended.said.contains("s3cret") && ended.said.contains("database"), "{ended:?}");
    let folder = Place::new(&app::settings("sqlite:///gibt/es/nicht/lotse.db", &smtp.url(), ""));
    let ended = folder.run(&["migrate"]);
    assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""), "{ended:?}");
    assert!(ended.said.contains("database"), "{ended:?}");
}

/// Whatever is wrong with the settings, what they keep secret is not said.
#[test]
fn secrets_are_never_said() {
    let word = "Geh3im";
    for (old, new) in [
        // A quote forgotten, a number, a list, a wrong place, another fault beside it.
        (format!("master_key = \"{KEY}\""), format!("master_key = \"{word}")),
        (format!("master_key = \"{KEY}\""), format!("master_key = {word}")),
        (format!("master_key = \"{KEY}\""), format!("master_key = [\"{word}\"]")),
        (format!("master_key = \"{KEY}\""), "master_key = 4711081547110815".into()),
        (format!("master_key = \"{KEY}\""), format!("master_key = \"{word}\"")),
        (format!("master_key = \"{KEY}\""), format!("master_keys = \"{word}\"")),
        (format!("master_key = \"{KEY}\""), format!("master_key = \"{KEY}\"\nprevious_master_keys = \"{word}\"")),
        (format!("master_key = \"{KEY}\""), format!("master_key = \"{word}\"\nmaster_key = \"{word}\"")),
        ("url = \"DATABASE\"".into(), format!("url = \"postgres//lotse:{word}@host/lotse\"")),
        ("url = \"DATABASE\"".into(), format!("url = \"lotse:{word}@host/lotse\"")),
        ("smtp_url = \"smtp://127.0.0.1:9\"".into(), format!("smtp_url = \"smtp:lotse:{word}@host\"")),
        ("smtp_url = \"smtp://127.0.0.1:9\"".into(), format!("smtp_url = \"smtp://lotse:{word}@host:x\"")),
        ("smtp_url = \"smtp://127.0.0.1:9\"".into(), format!("smtp_url = \"smtps://lotse:{word}@host?tls=maybe\"")),
        (
            "smtp_url = \"smtp://127.0.0.1:9\"".into(),
            format!("smtp_url = \"smtp://lotse:{word}@host?password={word}\""),
        ),
    ] {
        let place = changed(&old, &new);
        let file = place.write("directory.toml", "");
        for arguments in [&["serve"][..], &["check"], &["import", "directory", file.to_str().unwrap()]] {
            let ended = place.run(arguments);
            let is_fine = arguments[0] == "import" && new.contains("smtp_url");
            assert!(is_fine || matches!(ended.code, Some(1 | 2)), "{new}: {ended:?}");
            for secret in [word, "4711081547110815", KEY] {
                assert!(!ended.said.contains(secret) && !ended.out.contains(secret), "{new}: {ended:?}");
            }
        }
    }
}

/// A start that cannot work ends at once and says why; one that works says nothing of its secrets.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_taken_port_is_said() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let place = changed("127.0.0.1:0", &taken.local_addr().unwrap().to_string());
    let mut child =
        command(&place.settings, &["serve"], &[]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_for_some("the end of the start", Duration::from_secs(20), || {
        let ended = child.try_wait().unwrap();
        async move { ended.map(drop) }
    })
    .await;
    let ended = Ended::of(&child.wait_with_output().unwrap());
    ended.refused(&["server.listen", "another program listens there already"]);
}

/// People by command: the link alone on stdout, and what is senseless refused with its name.
async fn people(kind: Kind) {
    let database = Database::new(kind).await;
    let place = Place::new(&app::settings(&database.url, "smtp://127.0.0.1:9", ""));
    let create = |more: &[&str]| {
        place.run(&[&["user", "create", "--login", "Erika", "--name", "Erika Mustermann"], more].concat())
    };
    for (arguments, named) in [
        (&["--role", "chefin"][..], "--role"),
        (&["--role", "agent", "--ars", "Kiel"], "--ars"),
        (&["--role", "agent", "--email", "erika"], "--email"),
        (&["--role", "agent", "--channel", "brief"], "--channel"),
        (&["--role", "second_level"], "contact"),
        (&["--role", "second_level", "--contact", "niemand"], "--contact"),
    ] {
        let ended = create(arguments);
        assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{ended:?}");
        assert!(ended.said.contains(named), "{ended:?}");
    }
    let reach = ["--ars", "01", "--ars", "02", "--service", "wohnsitzanmeldung", "--channel", "115"];
    let made = create(&[&["--role", "central", "--email", "erika@kiel.example.org"][..], &reach].concat()).well();
    let link = |ended: &Ended, page: &str| {
        let line = ended.out.strip_suffix('\n').unwrap_or_default().to_owned();
        let prefix = format!("http://127.0.0.1:8115/{page}/");
        let secret = line.strip_prefix(&prefix).unwrap_or_else(|| panic!("{ended:?}"));
        assert!(secret.len() == 43 && !ended.said.contains(secret), "{ended:?}");
        line
    };
    let first = link(&made, "einladung");
    assert!(made.said.contains("erika is invited") && made.said.contains("once"), "{made:?}");
    let twice = create(&["--role", "agent"]);
    assert_eq!((twice.code, twice.out.as_str()), (Some(1), ""), "{twice:?}");
    assert!(twice.said.contains("erika"), "{twice:?}");
    let listed = place.run(&["user", "list"]).well().out;
    let line = listed.lines().find(|line| line.starts_with("erika ")).unwrap_or_else(|| panic!("{listed}"));
    for part in ["Erika Mustermann", "invited", "central 01 wohnsitzanmeldung 115, central 02", "never"] {
        assert!(line.contains(part), "{part}: {line}");
    }
    let again = place.run(&["user", "reset", "erika"]).well();
    assert_ne!(link(&again, "einladung"), first);
    link(&place.run(&["user", "reset", "erika", "--second-factor"]).well(), "einladung");
    place.run(&["user", "disable", "ERIKA"]).well();
    assert!(place.run(&["user", "list"]).well().out.contains("disabled"));
    let refused = place.run(&["user", "reset", "erika"]);
    assert_eq!((refused.code, refused.out.as_str()), (Some(1), ""), "{refused:?}");
    assert!(place.run(&["user", "enable", "erika"]).well().said.contains("user reset erika"));
    place.run(&["user", "disable", "niemand"]).refused(&["niemand", "lotse user list"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_on_sqlite() {
    people(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_on_postgres() {
    people(Kind::Postgres).await;
}

/// The first start says how to become administrator, beside the log; each start anew until somebody has.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_start_names_the_way_in() {
    let place = Place::good();
    let mut links = Vec::new();
    for _ in 0..2 {
        links.push(first_link(&place).await.expect("a link of the first administrator"));
    }
    assert_ne!(links[0], links[1]);
    assert!(links.iter().all(|link| link.starts_with("http://127.0.0.1:8115/einladung/")), "{links:?}");
    place.run(&["user", "create", "--login", "erika", "--name", "Erika", "--role", "admin"]).well();
    assert_eq!(first_link(&place).await, None);
}

/// Starts, waits until it is ready, ends it, and answers the link on stdout.
async fn first_link(place: &Place) -> Option<String> {
    let mut child = command(&place.settings, &["serve"], &[("LOTSE__LOG__LEVEL", "info")])
        .stdout(std::fs::File::create(place.path("printed")).unwrap())
        .stderr(std::fs::File::create(place.path("said")).unwrap())
        .spawn()
        .unwrap();
    let said = || std::fs::read_to_string(place.path("said")).unwrap();
    wait_for_some("the start", Duration::from_secs(20), || {
        let is_ready = said().contains("ready");
        async move { is_ready.then_some(()) }
    })
    .await;
    crate::support::process::signal(child.id(), "TERM");
    wait_for_some("its end", Duration::from_secs(40), || {
        let ended = child.try_wait().unwrap();
        async move { ended }
    })
    .await;
    let (said, printed) = (said(), std::fs::read_to_string(place.path("printed")).unwrap());
    let link = printed.lines().find(|line| line.starts_with("http://127.0.0.1:8115/einladung/")).map(str::to_owned);
    assert_eq!(printed.contains("nobody has an account yet"), link.is_some(), "{printed}");
    assert!(!said.contains("einladung"), "the log does not hold it: {said}");
    link
}
