//! Which statements are sent to a database, and how it goes about them.
//!
//! Invariant: what is heard is everything that this process sends over connections opened since [`listen`]; each test is
//! a process of its own.

use std::collections::BTreeSet;
use std::sync::Mutex;

use diesel::connection::{Instrumentation, InstrumentationEvent, SimpleConnection};
use diesel::{QueryableByName, RunQueryDsl};
use lotse::db::Conn;

static SENT: Mutex<Vec<String>> = Mutex::new(Vec::new());

struct Listening;

impl Instrumentation for Listening {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            SENT.lock().unwrap().push(query.to_string());
        }
    }
}

/// From now on statements are heard.
pub fn listen() {
    diesel::connection::set_default_instrumentation(|| Some(Box::new(Listening))).unwrap();
}

/// True where a statement was sent that begins so.
pub fn has_asked(beginning: &str) -> bool {
    SENT.lock().unwrap().iter().any(|text| text.starts_with(beginning))
}

/// The questions to this table so far, each once, without parameters.
pub fn asked(table: &str) -> BTreeSet<String> {
    let from = [format!("FROM \"{table}\""), format!("FROM `{table}`")];
    let sent = SENT.lock().unwrap();
    let bare = sent.iter().map(|text| text.split(" -- binds").next().unwrap().trim().to_owned());
    bare.filter(|sql| sql.starts_with("SELECT") && from.iter().any(|from| sql.contains(from))).collect()
}

#[derive(QueryableByName)]
struct Plan {
    #[diesel(sql_type = diesel::sql_types::Text)]
    plan: String,
}

/// How a database would go about a statement, whatever its parameters are.
pub fn plan(conn: &mut Conn, statement: &str) -> String {
    match conn {
        Conn::Sqlite(conn) => {
            #[derive(QueryableByName)]
            struct Step {
                #[diesel(sql_type = diesel::sql_types::Text)]
                detail: String,
            }
            let steps: Vec<Step> = diesel::sql_query(format!("EXPLAIN QUERY PLAN {statement}")).load(conn).unwrap();
            steps.into_iter().map(|step| step.detail).collect::<Vec<_>>().join("\n")
        }
        Conn::Postgres(conn) => {
            // Of a bound that it does not know it would guess a tenth; the true ones are these.
            let most = if statement.contains("ORDER BY") { 51 } else { 3001 };
            let statement =
                statement.rsplit_once("LIMIT $").map_or(statement.to_owned(), |(s, _)| format!("{s}LIMIT {most}"));
            let parameters = (1..).take_while(|n| statement.contains(&format!("${n}"))).count();
            let nothing = vec!["NULL"; parameters].join(", ");
            let nothing = if nothing.is_empty() { nothing } else { format!("({nothing})") };
            conn.batch_execute(&format!(
                "SET plan_cache_mode = force_generic_plan; DEALLOCATE ALL; PREPARE p AS {statement}"
            ))
            .unwrap();
            // A function, because EXPLAIN itself names no columns that Diesel could read by.
            conn.batch_execute("CREATE OR REPLACE FUNCTION pg_temp.explained(what text) RETURNS SETOF text LANGUAGE plpgsql AS $f$ BEGIN RETURN QUERY EXECUTE 'EXPLAIN ' || what; END $f$").unwrap();
            let asked = format!("SELECT explained AS plan FROM pg_temp.explained('EXECUTE p{nothing}')");
            let lines: Vec<Plan> = diesel::sql_query(asked).load(conn).unwrap();
            lines.into_iter().map(|line| line.plan).collect::<Vec<_>>().join("\n")
        }
    }
}
