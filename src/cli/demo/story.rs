//! What the demo prints: the addresses, the tokens, and a story to paste into a shell.
//!
//! Invariant: the story works line by line in bash with nothing but curl, grep, head and cut, and each command needs
//! only what stands above it.

use std::io::Write;

use super::stage::{ARS, SECOND_LEVEL, SERVICE, Stage};
use crate::cli::token::table;

/// Prints everything to stdout.
pub fn tell(stage: &Stage) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    let base = &stage.base;
    writeln!(out, "Lotse runs at {base} until you press Ctrl-C. Nothing leaves this machine.\n")?;
    let row = |what: &str, value: String| [what.to_owned(), value];
    let open = [
        row("Start", format!("{base}/")),
        row("API", format!("{base}/api/docs")),
        row("Help page (Kiel)", format!("{base}/hilfe/{SERVICE}/{ARS}")),
        row("Help as JSON (Kiel)", format!("{base}/api/v1/help?service={SERVICE}&ars={ARS}")),
        row("Mails sent", format!("{base}/entwicklung/mail")),
        row("Webhooks received", format!("{base}/entwicklung/webhooks")),
        row("Files", stay(stage)),
    ];
    writeln!(out, "{}", table(&open))?;
    let cast = &stage.cast;
    let token = |role: &str, who: &str, token: &str| [role, who, token].map(str::to_owned);
    let tokens = [
        token("ROLE", "WHO", "TOKEN"),
        token("agent", "115-Servicecenter Kiel", &cast.agent),
        token("central", "Kiel, Online-Dienste", &cast.central),
        token("second_level", SECOND_LEVEL, &cast.second_level),
        token("admin", "Betrieb", &cast.admin),
        token("auditor", "Revision", &cast.auditor),
    ];
    writeln!(out, "{}", table(&tokens))?;
    let row = |login: &str, name: &str, role: &str| [login, name, role].map(str::to_owned);
    let people = stage.people.rows().map(|(login, name, role)| row(login, name, role.as_str()));
    let people: Vec<_> = std::iter::once(row("LOGIN", "WHO", "ROLE")).chain(people).collect();
    writeln!(out, "Log in at {base}/anmelden as one of these; the password is {}\n", stage.people.password)?;
    writeln!(out, "{}", table(&people))?;
    writeln!(out, "A story to paste into bash, from here:\n\n{}", story(stage))?;
    out.flush()?;
    Ok(())
}

fn stay(stage: &Stage) -> String {
    let ends = if stage.folder.is_temporary { "removed at the end; --directory keeps them" } else { "kept" };
    format!("{} ({ends})", stage.folder.path.display())
}

fn story(stage: &Stage) -> String {
    STORY
        .replace("{{BASE}}", &stage.base)
        .replace("{{AGENT}}", &stage.cast.agent)
        .replace("{{CENTRAL}}", &stage.cast.central)
        .replace("{{SECOND_LEVEL}}", &stage.cast.second_level)
        .replace("{{SERVICE}}", SERVICE)
        .replace("{{ARS}}", ARS)
}

const STORY: &str = r#"API={{BASE}}/api/v1
AGENT={{AGENT}}
CENTRAL={{CENTRAL}}
DATAPORT={{SECOND_LEVEL}}
call() { curl -sS -w '\n' -H 'Content-Type: application/json' -H "Authorization: Bearer $1" "${@:2}"; }
field() { grep -o "\"$1\":\"[^\"]*\"" | head -n 1 | cut -d '"' -f 4; }

# 1. Somebody calls the 115: the registration of a new address in Kiel breaks off. The 115 hands it in.
TICKET=$(call $AGENT $API/tickets -H "Idempotency-Key: anruf-$$-$(date +%s)" -d '{"service": "{{SERVICE}}", "ars": "{{ARS}}", "channel": "115", "category": "form_error", "subject": "Abbruch nach dem Hochladen", "description": "Nach dem Hochladen der Wohnungsgeberbestätigung erscheint eine leere Seite.", "reply": {"wish": "email", "name": "Erika Muster", "email": "erika.muster@example.org"}, "context": {"Browser": "Firefox 145"}}')
echo "$TICKET"; NUMBER=$(echo "$TICKET" | field number); echo "Number: $NUMBER"

# 2. The number finds it again.
call $AGENT $API/tickets/$NUMBER

# 3. Kiel's central contact takes it.
call $CENTRAL -X POST $API/tickets/$NUMBER/claim

# 4. Kiel looks who would be asked, then asks the operator.
call $CENTRAL "$API/route?service={{SERVICE}}&ars={{ARS}}&kind=technical"
ESCALATION=$(call $CENTRAL $API/tickets/$NUMBER/escalations -d '{"kind": "technical", "note": "Ist das eine bekannte Störung?"}' | field id); echo "Escalation: $ESCALATION"

# 5. What was sent for it, by mail and webhook.
sleep 1; call $CENTRAL $API/escalations/$ESCALATION/deliveries

# 6. The operator takes it.
call $DATAPORT $API/escalations/$ESCALATION/acknowledge -d '{"reference": "INC-4711"}'

# 7. The operator answers.
call $DATAPORT $API/escalations/$ESCALATION/answer -d '{"text": "Der Fehler ist behoben. Bitte laden Sie die Seite neu.", "reference": "INC-4711"}'

# 8. Kiel answers Erika Muster; the mail lies among the mails sent.
call $CENTRAL $API/tickets/$NUMBER/answer -d '{"text": "Der Fehler ist behoben. Bitte versuchen Sie es noch einmal; Ihre Angaben sind gespeichert."}'

# 9. Done.
call $CENTRAL -X POST $API/tickets/$NUMBER/close

# 10. Everything that happened, with who and when.
call $CENTRAL $API/tickets/$NUMBER/history
"#;
