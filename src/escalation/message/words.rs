//! What a message to the 2nd level says in which case, in German: who asks, until when, what can be done, and what is
//! known.
//!
//! Pure. How it is put together stands in `message.rs`.

use chrono::Datelike;
use chrono_tz::Europe::Berlin;

use super::{Facts, Occasion};
use crate::clock::Timestamp;
use crate::directory::Kind;
use crate::tickets::ticket::Priority;

/// The kind in German.
pub fn kind_word(kind: Kind, emergency: bool) -> &'static str {
    match (emergency, kind) {
        (true, _) => "NOTFALL",
        (false, Kind::Technical) => "technisch",
        (false, Kind::Functional) => "fachlich",
    }
}

/// A time as people in Germany read it, such as `Di, 24.11.2026, 14:00 Uhr`.
pub fn berlin(time: Timestamp) -> String {
    format!("{}, {}", weekday(time), time.utc().with_timezone(&Berlin).format("%d.%m.%Y, %H:%M Uhr"))
}

/// The day of the week in Germany, such as `Di`.
pub fn weekday(time: Timestamp) -> &'static str {
    let day = time.day_in_berlin().weekday().num_days_from_monday() as usize;
    ["Mo", "Di", "Mi", "Do", "Fr", "Sa", "So"].get(day).copied().unwrap_or_default()
}

/// How urgent it is in German.
fn priority_word(priority: Priority) -> &'static str {
    match priority {
        Priority::P1 => "sehr hoch (für alle ausgefallen)",
        Priority::P2 => "hoch (viele betroffen)",
        Priority::P3 => "normal (ein einzelner Fall)",
        Priority::P4 => "gering (ein Wunsch)",
    }
}

/// The subject: `[26-004711-9] technisch: Wohnsitzanmeldung, Kiel`.
pub fn subject(facts: &Facts) -> String {
    let prefix = match facts.occasion {
        Occasion::Created => "",
        Occasion::Reminded => "Erinnerung, ",
        Occasion::Replied => "Antwort auf Ihre Rückfrage, ",
        Occasion::Cancelled => "Erledigt, ",
    };
    let kind = kind_word(facts.kind, facts.emergency);
    format!("[{}] {prefix}{kind}: {}, {}", facts.number, facts.service_name, facts.municipality)
}

/// What is known, as pairs of label and value, the same in mail and page.
pub fn known(facts: &Facts) -> Vec<(String, String)> {
    let mut known = vec![
        ("Dienst".to_owned(), facts.service_name.clone()),
        ("Ort".to_owned(), facts.municipality.clone()),
        ("Thema".to_owned(), facts.category.german().to_owned()),
        ("Dringlichkeit".to_owned(), priority_word(facts.priority).to_owned()),
    ];
    known.extend(facts.context.iter().map(|(label, value)| (label.clone(), value.clone())));
    match facts.files {
        0 => {}
        1 => known.push(("Dateien".to_owned(), "1 Datei liegt bei der Kommune".to_owned())),
        files => known.push(("Dateien".to_owned(), format!("{files} Dateien liegen bei der Kommune"))),
    }
    if let Some(reporter) = &facts.reporter {
        let parts = [("Name", &reporter.name), ("E-Mail", &reporter.email), ("Telefon", &reporter.phone)];
        known.extend(parts.into_iter().filter_map(|(label, value)| Some((label.to_owned(), value.clone()?))));
    }
    known
}

/// How a message begins: what it is about, and until when something is to be done.
pub(super) fn opening(facts: &Facts) -> String {
    match facts.occasion {
        Occasion::Created | Occasion::Reminded => {
            let kind = kind_word(facts.kind, facts.emergency);
            let mut question = match facts.occasion {
                Occasion::Reminded => format!("Erinnerung: {} braucht noch Ihre Antwort ({kind}).", facts.asked_by),
                _ => format!("{} braucht Ihre Antwort ({kind}).", facts.asked_by),
            };
            if let Some(handed_on) = &facts.handed_on {
                question.push_str(&format!("\nWeitergegeben von {handed_on}"));
            }
            match (facts.acknowledge_by, facts.answer_by) {
                (Some(by), _) => {
                    let after = match &facts.next_contact {
                        Some(next) => format!("Danach fragt Lotse: {next}."),
                        None => "Danach geht die Anfrage an die Kommune zurück.".to_owned(),
                    };
                    let answer = facts.answer_if_taken.map_or_else(String::new, |by| {
                        let begins = "Die Zeit für Ihre Antwort beginnt, wenn Sie bestätigen.";
                        format!("\n{begins} Sie endet frühestens am {}.", berlin(by))
                    });
                    let by = berlin(by);
                    format!("{question}\nBitte bestätigen Sie bis {by}, dass Sie sich kümmern. {after}{answer}")
                }
                (None, Some(by)) => {
                    format!("{question}\nSie haben das übernommen. Bitte antworten Sie bis {}.", berlin(by))
                }
                (None, None) => question,
            }
        }
        Occasion::Replied => {
            let replied = format!("{} hat auf Ihre Rückfrage geantwortet.", facts.asked_by);
            match facts.answer_by {
                Some(by) => format!("{replied}\nBitte antworten Sie bis {}.", berlin(by)),
                None => replied,
            }
        }
        Occasion::Cancelled => "Diese Anfrage ist erledigt. Sie müssen nichts mehr tun.".to_owned(),
    }
}

/// What can be done, with its address; nobody is asked to take what has been taken.
pub(super) fn actions(facts: &Facts) -> Vec<(&'static str, &str)> {
    let links = &facts.links;
    let is_taken = facts.acknowledge_by.is_none() && facts.answer_by.is_some();
    let take = (!is_taken).then_some(("Ich kümmere mich darum", links.acknowledge.as_str()));
    let others = [
        ("Antworten", links.answer.as_str()),
        ("Rückfrage stellen", links.ask.as_str()),
        ("Weitergeben", links.hand_on.as_str()),
        ("Wir sind nicht zuständig", links.give_back.as_str()),
        ("Alles ansehen", links.view.as_str()),
    ];
    take.into_iter().chain(others).collect()
}

/// The subject, unless the text begins with it, as what was handed in by the form does.
pub(super) fn headline(facts: &Facts) -> Option<&str> {
    let subject = facts.subject.trim_end_matches('…').trim();
    let is_repeated = !subject.is_empty() && facts.description.trim_start().starts_with(subject);
    (!is_repeated).then_some(facts.subject.as_str())
}
