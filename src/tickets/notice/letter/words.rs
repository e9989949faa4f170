//! The words of the mail, German and English side by side.

use chrono::{Datelike, Timelike};

use super::{Entry, Happening, Language};
use crate::clock::Timestamp;
use crate::directory::Rhythm;
use crate::tickets::TicketStatus;
use crate::tickets::notice::NoticeKind;
use crate::tickets::notice::when::Turn;

/// What is said in a language.
#[derive(Debug, Clone, Copy)]
pub(super) struct Words(pub Language);

impl Words {
    /// These languages; German where none is named.
    pub fn of(languages: &[Language]) -> Vec<Self> {
        if languages.is_empty() { vec![Self(Language::German)] } else { languages.iter().copied().map(Self).collect() }
    }

    fn say(self, german: impl Into<String>, english: impl Into<String>) -> String {
        match self.0 {
            Language::German => german.into(),
            Language::English => english.into(),
        }
    }

    /// Holds nothing but numbers and what happened; a detail may be an address, which no subject should show.
    pub fn subject(self, turn: Turn, entries: &[Entry], now: Timestamp) -> String {
        let urgent = match turn {
            Turn::Urgent => self.say("Dringend: ", "Urgent: "),
            Turn::Everything => String::new(),
        };
        let said = match entries {
            [one] => match &one.happened[..] {
                [only] if only.count == 1 => format!("{}: {}", one.number, self.kind(only.kind)),
                all => {
                    let count: usize = all.iter().map(|happening| happening.count).sum();
                    self.say(format!("{}: {count} Neuigkeiten", one.number), format!("{}: {count} news", one.number))
                }
            },
            _ => self.say(format!("{} Anfragen brauchen Sie", entries.len()), format!("{} requests", entries.len())),
        };
        let overdue = entries.iter().filter(|entry| entry.is_overdue(now)).count();
        let late = match overdue {
            0 => String::new(),
            _ if entries.len() == 1 => self.say(" (überfällig)", " (overdue)"),
            some => self.say(format!(", {some} überfällig"), format!(", {some} overdue")),
        };
        format!("{urgent}{said}{late}")
    }

    pub fn hello(self, name: &str) -> String {
        self.say(format!("Guten Tag {name},"), format!("Hello {name},"))
    }

    pub fn opening(self, turn: Turn) -> String {
        match turn {
            Turn::Everything => self.say(
                "das ist seit der letzten Nachricht geschehen. Was zuerst fällig ist, steht oben:",
                "this happened since the last message. What is due first stands on top:",
            ),
            Turn::Urgent => self.say(
                "das ist dringend und wartet deshalb nicht auf die nächste Zusammenfassung:",
                "this is urgent and therefore does not wait for the next summary:",
            ),
        }
    }

    /// `26-004711-9 · P2 · fällig bis Mo, 30.11.2026, 10:30 Uhr`.
    pub fn head(self, entry: &Entry, now: Timestamp) -> String {
        let by = self.time(entry.respond_by);
        let state = match entry.status {
            _ if entry.is_overdue(now) => self.say(format!("überfällig seit {by}"), format!("overdue since {by}")),
            TicketStatus::New | TicketStatus::Assessing | TicketStatus::Escalated => {
                self.say(format!("fällig bis {by}"), format!("due by {by}"))
            }
            TicketStatus::Waiting => self.say("wartet auf die anfragende Person", "waiting for the person who asked"),
            TicketStatus::Answered => self.say("inzwischen beantwortet", "answered meanwhile"),
            TicketStatus::Closed => self.say("inzwischen abgeschlossen", "closed meanwhile"),
            TicketStatus::Rejected => self.say("inzwischen abgelehnt", "rejected meanwhile"),
            TicketStatus::Merged => self.say("inzwischen zusammengelegt", "merged meanwhile"),
        };
        format!("{} · {} · {state}", entry.number, entry.priority)
    }

    /// `neu eingegangen (Sa, 28.11.2026, 11:14 Uhr)`.
    pub fn happening(self, one: &Happening) -> String {
        let what = self.kind(one.kind);
        let detail = detail(one);
        let whom = if detail.is_empty() { String::new() } else { format!(": {detail}") };
        let at = self.time(one.last);
        match one.count {
            1 => format!("{what}{whom} ({at})"),
            count => {
                let last = self.say("zuletzt", "last");
                format!("{count} × {what}{whom} ({last} {at})")
            }
        }
    }

    fn kind(self, kind: NoticeKind) -> String {
        match kind {
            NoticeKind::New => self.say("neu eingegangen", "came in"),
            NoticeKind::EscalationAnswered => self.say("der 2nd Level hat geantwortet", "the 2nd level answered"),
            NoticeKind::EscalationReturned => self.say("der 2nd Level hat zurückgegeben", "the 2nd level gave it back"),
            NoticeKind::EscalationAsked => self.say("der 2nd Level hat eine Rückfrage", "the 2nd level asks something"),
            NoticeKind::EscalationCommented => self.say("der 2nd Level hat etwas angemerkt", "the 2nd level commented"),
            NoticeKind::MailWaits => self
                .say("eine Nachricht im Eingang braucht Ihre Entscheidung", "a mail in the inbox needs your decision"),
            NoticeKind::ReporterWrote => self.say("die Person hat geschrieben", "the person wrote"),
            NoticeKind::ReporterWithdrew => {
                self.say("die Person hat ihre Anfrage zurückgezogen", "the person withdrew the request")
            }
            NoticeKind::NotPassedOn => self.say(
                "zusammengelegt mit anderem Dienst oder Ort, die Person wurde dort nicht mit unterrichtet",
                "merged with another service or place, the person was not told along there",
            ),
            NoticeKind::EscalationHandedOn => self.say("der 2nd Level hat weitergegeben", "the 2nd level handed it on"),
            NoticeKind::EscalationHandOnProposed => {
                self.say("der 2nd Level möchte weitergeben", "the 2nd level would hand it on")
            }
            NoticeKind::EscalationExpired => {
                self.say("niemand der Kette hat bestätigt", "nobody of the chain acknowledged")
            }
            NoticeKind::DeliveryExhausted => self.say("eine Nachricht kam nicht an", "a message did not arrive"),
            NoticeKind::EndpointDisabled => self.say("ein Webhook wurde abgeschaltet", "a webhook was switched off"),
            NoticeKind::AnswerHalf => {
                self.say("die Hälfte der Zeit bis zur Antwort ist um", "half of the time to answer has passed")
            }
            NoticeKind::AnswerSoon => self.say("die Antwort ist bald fällig", "the answer is due soon"),
            NoticeKind::AnswerOverdue => self.say("die Antwort ist überfällig", "the answer is overdue"),
            NoticeKind::SecondLevelOverdue => {
                self.say("der 2nd Level hat nicht rechtzeitig geantwortet", "the 2nd level did not answer in time")
            }
            NoticeKind::EmergencyTaken => self.say("der Notfall ist übernommen", "the emergency is taken"),
            NoticeKind::EmergencyUnanswered => {
                self.say("NOTFALL: noch hat niemand übernommen", "EMERGENCY: nobody has taken it yet")
            }
            NoticeKind::EmergencyNobody => self.say(
                "NOTFALL: niemand ist als Notfallkontakt eingetragen",
                "EMERGENCY: nobody is named as emergency contact",
            ),
        }
    }

    /// How many more there are, and where.
    pub fn more(self, count: usize, link: &str) -> String {
        self.say(format!("Und {count} weitere Anfragen: {link}"), format!("And {count} more requests: {link}"))
    }

    /// How often this comes, and how that is changed; the operator has no choice.
    pub fn closing(self, rhythm: Option<Rhythm>) -> Vec<String> {
        let Some(rhythm) = rhythm else {
            return vec![self.say(
                "Diese Nachricht kommt von Lotse an den Betrieb, weil für den Ort niemand eingetragen ist, der Mail bekommt.",
                "Lotse tells the operator because nobody who gets mail is on record for the place.",
            )];
        };
        let often = match rhythm {
            Rhythm::AtOnce => self.say(
                "Lotse schreibt Ihnen, sobald etwas geschieht, und fasst zusammen, was kurz aufeinander folgt.",
                "Lotse writes to you as things happen, and puts together what comes close upon each other.",
            ),
            Rhythm::Hourly => self.say(
                "Lotse schreibt Ihnen stündlich; Dringendes (P1, abgelaufene Fristen) sofort.",
                "Lotse writes to you hourly; what is urgent (P1, a time that has passed) at once.",
            ),
            Rhythm::Daily(time) => {
                let at = time.format("%H:%M");
                self.say(
                    format!("Lotse schreibt Ihnen täglich um {at} Uhr; Dringendes (P1, abgelaufene Fristen) sofort."),
                    format!("Lotse writes to you daily at {at}; what is urgent (P1, a time that has passed) at once."),
                )
            }
        };
        let change = self.say(
            "Sofort, stündlich oder täglich? Das ändern Sie auf der Seite, auf der Sie Ihre Angaben bestätigen (Link in der Mail „Stimmen Ihre Angaben?“), oder über die Stelle, die Ihre Angaben pflegt.",
            "At once, hourly or daily? Change it on the page where you confirm your details (the link is in the mail “Are your details right?”), or ask whoever keeps your details.",
        );
        vec![often, change]
    }

    /// A time as people in Germany read it, on the wall in Berlin.
    fn time(self, at: Timestamp) -> String {
        let wall = at.utc().with_timezone(&chrono_tz::Europe::Berlin);
        let day = wall.weekday().num_days_from_monday() as usize;
        let (hour, minute) = (wall.hour(), wall.minute());
        match self.0 {
            Language::German => {
                let day = ["Mo", "Di", "Mi", "Do", "Fr", "Sa", "So"][day];
                format!("{day}, {}, {hour:02}:{minute:02} Uhr", wall.format("%d.%m.%Y"))
            }
            Language::English => format!("{}, {hour:02}:{minute:02}", wall.format("%a %-d %b %Y")),
        }
    }
}

/// Paths and queries of a webhook often carry keys; its server is enough.
fn detail(one: &Happening) -> String {
    match url::Url::parse(&one.detail) {
        Ok(url) => url.host_str().map_or_else(|| one.detail.clone(), str::to_owned),
        Err(_) => one.detail.clone(),
    }
}
