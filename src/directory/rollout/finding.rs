//! What the directory shows of each point: there, with the evidence, or lacking, with what to do.
//!
//! Pure. Where only people know, it shows nothing. What holds of a point in the end stands in `verdict.rs`; the facts
//! are gathered in `facts.rs`.

use chrono::NaiveDate;
use serde::Serialize;

use super::item::{Item, Judge, Text, fixed, told};
use crate::directory::terms::{ChannelKind, Duty};
use crate::keys::{LandCode, Slug};

/// All that decides the points of one adoption.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The day of the verdict.
    pub today: NaiveDate,
    /// The Land that operates the service.
    pub operating: LandCode,
    /// The municipality's Land.
    pub using: LandCode,
    /// The municipality's name.
    pub municipality: String,
    /// Whether 115 answers for it.
    pub in_115: bool,
    /// The agreement between both Länder, if one was entered.
    pub agreement: Option<Terms>,
    /// Who has which duty today.
    pub holders: Vec<Holder>,
    /// The ways of help that are shown today.
    pub channels: Vec<(ChannelKind, String)>,
    /// Whether the municipality has settled the division of tasks.
    pub has_matrix: bool,
    /// Its seat on the steering committee.
    pub member: Option<String>,
    /// Who sits there.
    pub delegate: Option<String>,
    /// The last transfer into the editorial system.
    pub transfer: Option<Transferred>,
}

/// What is known of an agreement.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Terms {
    /// First day.
    pub since: Option<NaiveDate>,
    /// Last day.
    pub until: Option<NaiveDate>,
    /// Where it is kept.
    pub reference: Option<String>,
}

/// Somebody with a duty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Holder {
    /// Which.
    pub duty: Duty,
    /// Who.
    pub contact: Slug,
    /// By what name.
    pub name: String,
    /// Who answers for it in person.
    pub person: Option<String>,
    /// True where the adoption names them, false where the service does.
    pub is_own: bool,
}

/// A transfer into the editorial system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transferred {
    /// The day.
    pub on: NaiveDate,
    /// True where what was transferred is still what is shown.
    pub is_current: bool,
}

/// What is missing, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Lack {
    /// What.
    pub what: Text,
    /// What to do.
    pub remedy: Text,
}

/// What the directory shows of a point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// It is there; this is the evidence.
    There(Text),
    /// It is not.
    Lacking(Lack),
}

/// A day as Germans write it.
pub(super) fn german(day: NaiveDate) -> String {
    day.format("%d.%m.%Y").to_string()
}

/// A day in English.
pub(super) fn english(day: NaiveDate) -> String {
    day.format("%-d %b %Y").to_string()
}

/// What the directory shows of a point; nothing where only people know.
pub fn finding(item: Item, facts: &Facts) -> Option<Finding> {
    match item.judge() {
        Judge::People => None,
        Judge::Agreements => Some(agreement(facts)),
        Judge::Holders(duty) => Some(holder(duty, facts)),
        Judge::Matrix => Some(matrix(facts)),
        Judge::Channels => Some(channel(facts)),
        Judge::Steering => Some(steering(facts)),
        Judge::Transfers => facts.transfer.map(transfer),
    }
}

fn lacking(what: Text, remedy: Text) -> Finding {
    Finding::Lacking(Lack { what, remedy })
}

fn agreement(facts: &Facts) -> Finding {
    let (operating, using) = (facts.operating, facts.using);
    let (o, u) = (operating.name(), using.name());
    if operating == using {
        return Finding::There(told(
            format!("nicht nötig: {o} betreibt den Dienst selbst"),
            format!("not needed: {o} operates the service itself"),
        ));
    }
    let remedy = told(
        format!(
            "Fragen Sie die Landeskoordination; wer Lotse betreibt, trägt die Vereinbarung beim Land {operating} ein."
        ),
        format!("Ask the Land's coordination; whoever runs Lotse enters the agreement at the Land {operating}."),
    );
    let Some(terms) = &facts.agreement else {
        let what = told(
            format!("Zwischen {u} und {o} ist keine Kooperationsvereinbarung eingetragen."),
            format!("{o} operates the service and has no cooperation agreement with {u}."),
        );
        return lacking(what, remedy);
    };
    if let Some(until) = terms.until.filter(|until| *until < facts.today) {
        let what = told(
            format!("Die Kooperationsvereinbarung zwischen {u} und {o} ist am {} ausgelaufen.", german(until)),
            format!("The cooperation agreement between {u} and {o} ended on {}.", english(until)),
        );
        return lacking(what, remedy);
    }
    if let Some(since) = terms.since.filter(|since| *since > facts.today) {
        let what = told(
            format!("Die Kooperationsvereinbarung zwischen {u} und {o} gilt erst ab {}.", german(since)),
            format!("The cooperation agreement between {u} and {o} holds from {} only.", english(since)),
        );
        return lacking(
            what,
            fixed("Warten Sie bis dahin, oder berichtigen Sie das Datum.", "Wait until then, or put the date right."),
        );
    }
    let since = |words: &str, day: fn(NaiveDate) -> String| {
        let reference = terms.reference.as_deref().map(|text| format!(", {text}")).unwrap_or_default();
        terms.since.map_or_else(|| reference.clone(), |since| format!(", {words} {}{reference}", day(since)))
    };
    Finding::There(told(
        format!("Kooperationsvereinbarung {u} und {o}{}", since("seit", german)),
        format!("Cooperation agreement of {u} and {o}{}", since("since", english)),
    ))
}

/// Whether a duty of the adoption may be met by the service's own contact.
fn may_be_the_services(duty: Duty) -> bool {
    matches!(duty, Duty::Technical | Duty::Emergency)
}

/// True for the roles of the project, each of which names who answers for it in person where a mailbox is shared.
fn is_project_role(duty: Duty) -> bool {
    matches!(duty, Duty::ProjectLead | Duty::Technical | Duty::Functional)
}

fn holder(duty: Duty, facts: &Facts) -> Finding {
    let its = |holder: &&Holder| holder.duty == duty && (holder.is_own || may_be_the_services(duty));
    let own_first = |holder: &&Holder| !holder.is_own;
    let mut all: Vec<&Holder> = facts.holders.iter().filter(its).collect();
    all.sort_by_key(own_first);
    if all.is_empty() {
        let remedy = match may_be_the_services(duty) {
            true => fixed(
                "Tragen Sie beim Anschluss eine Ansprechperson ein, oder der Betreiber beim Dienst.",
                "Enter a contact at the adoption, or the operator does at the service.",
            ),
            false => fixed("Tragen Sie beim Anschluss eine Ansprechperson ein.", "Enter a contact at the adoption."),
        };
        return lacking(nobody(duty), remedy);
    }
    let shares = |one: &Holder| {
        one.is_own
            && facts.holders.iter().any(|other| other.is_own && other.duty != duty && other.contact == one.contact)
    };
    let is_clear = |one: &&&Holder| !is_project_role(duty) || one.person.is_some() || !shares(one);
    let Some(clear) = all.iter().find(is_clear) else {
        let name = all.first().map_or("", |one| one.name.as_str());
        return lacking(
            told(
                format!("{name} hat mehrere Aufgaben, und wer hier verantwortlich ist, steht nicht dabei."),
                format!("{name} has several duties, and who answers for this one is not said."),
            ),
            fixed("Nennen Sie bei der Aufgabe die verantwortliche Person.", "Name the responsible person at the duty."),
        );
    };
    let who = clear.person.as_ref().map_or_else(|| clear.name.clone(), |person| format!("{person} ({})", clear.name));
    let (de, en) = if clear.is_own { ("", "") } else { (", vom Online-Dienst", ", of the service") };
    Finding::There(told(format!("{who}{de}"), format!("{who}{en}")))
}

fn nobody(duty: Duty) -> Text {
    match duty {
        Duty::Central => fixed("Niemand bewertet Anfragen.", "Nobody assesses requests."),
        Duty::Technical => fixed("Niemand beantwortet technische Fragen.", "Nobody answers technical questions."),
        Duty::Functional => fixed(
            "Bei dieser Kommune ist niemand für fachliche Fragen benannt.",
            "This municipality has named nobody for questions about the procedure.",
        ),
        Duty::ProjectLead => fixed("Niemand leitet das Projekt.", "Nobody leads the project."),
        Duty::SpecialistProcedure => {
            fixed("Für das Fachverfahren ist niemand bekannt.", "Nobody is known for the specialist procedure.")
        }
        Duty::DataProtection => fixed("Für Datenschutz ist niemand bekannt.", "Nobody is known for data protection."),
        Duty::DataProcessor => {
            fixed("Wer die Daten verarbeitet, ist nicht bekannt.", "Who processes the data is not known.")
        }
        Duty::Emergency => {
            fixed("Niemand wird bei einem Ausfall erreicht.", "Nobody is reached when the service is down.")
        }
    }
}

fn matrix(facts: &Facts) -> Finding {
    if facts.has_matrix {
        return Finding::There(fixed(
            "für jede Aufgabe ist eine Stelle verantwortlich",
            "one party is responsible for each task",
        ));
    }
    lacking(
        fixed("Die Aufgabenteilung ist noch ein Vorschlag.", "The division of tasks is a proposal still."),
        fixed(
            "Prüfen Sie sie mit allen Beteiligten, und speichern Sie sie.",
            "Go through it with everybody, and save it.",
        ),
    )
}

fn channel(facts: &Facts) -> Finding {
    let is_good = |(kind, _): &&(ChannelKind, String)| *kind != ChannelKind::Number115 || facts.in_115;
    if let Some((_, label)) = facts.channels.iter().find(is_good) {
        return Finding::There(told(label.clone(), label.clone()));
    }
    if facts.channels.is_empty() {
        return lacking(
            fixed(
                "Der Öffentlichkeit wird kein Weg zum 1st Level gezeigt.",
                "The public is shown no way to the 1st level.",
            ),
            fixed(
                "Tragen Sie 115 oder einen anderen Kanal als Hilfe-Kanal ein.",
                "Enter 115 or another way as a help channel.",
            ),
        );
    }
    let place = &facts.municipality;
    lacking(
        told(
            format!("115 wird gezeigt, aber {place} gehört nicht zum 115-Verbund."),
            format!("115 is shown, but {place} is not in the 115 association."),
        ),
        fixed("Tragen Sie einen anderen 1st-Level-Kanal ein.", "Enter another way to a 1st level."),
    )
}

fn steering(facts: &Facts) -> Finding {
    match (&facts.member, &facts.delegate) {
        (Some(member), Some(delegate)) => {
            Finding::There(told(format!("{member}, vertreten durch {delegate}"), format!("{member}, by {delegate}")))
        }
        (None, _) => lacking(
            fixed(
                "Das Mitglied im Steuerungskreis ist nicht genannt.",
                "The member of the steering committee is not named.",
            ),
            fixed(
                "Tragen Sie beim Anschluss unter „Start und Steuerungskreis eintragen“ ein, wer für Sie Mitglied ist, oft \
                 das Fachreferat des Landes.",
                "At the adoption, under “Enter start and steering committee”, name the member that speaks for you, often \
                 the Land's department.",
            ),
        ),
        (Some(_), None) => lacking(
            fixed(
                "Wer im Steuerungskreis sitzt, ist nicht genannt.",
                "Who sits on the steering committee is not named.",
            ),
            fixed(
                "Tragen Sie beim Anschluss unter „Start und Steuerungskreis eintragen“ die vertretende Person ein.",
                "At the adoption, under “Enter start and steering committee”, name the delegate.",
            ),
        ),
    }
}

fn transfer(transfer: Transferred) -> Finding {
    let (de, en) = (german(transfer.on), english(transfer.on));
    if transfer.is_current {
        return Finding::There(told(format!("übertragen am {de}"), format!("transferred on {en}")));
    }
    lacking(
        told(
            format!("Am {de} übertragen, die Angaben haben sich seitdem geändert."),
            format!("Transferred on {en}; what is shown has changed since."),
        ),
        fixed("Übertragen Sie sie neu, und vermerken Sie den Tag.", "Transfer it anew, and note the day."),
    )
}
