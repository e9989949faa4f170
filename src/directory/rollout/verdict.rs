//! What holds of each point: what the directory shows, else what people entered.
//!
//! Pure. Invariant: where the directory shows something, it decides: a point whose data is missing is never done by
//! hand, and one whose data is there needs no hand. A verdict that is not good says what is missing and what to do.
//! What the directory shows stands in `finding.rs`.

use chrono::NaiveDate;

use super::finding::{Facts, Finding, Lack, english, finding, german};
use super::item::{Item, Text, fixed, told};

crate::text_enum! {
    /// What people say of a point.
    pub enum ItemState {
        /// To be done.
        Open = "open",
        /// Others are asked.
        Waiting = "waiting",
        /// Done.
        Done = "done",
        /// It falls away.
        NotNeeded = "not_needed",
    }
}

crate::text_enum! {
    /// What holds of a point.
    pub enum Verdict {
        /// The directory does not have what it needs.
        Missing = "missing",
        /// Nobody has said that it is done.
        Open = "open",
        /// Others are asked.
        Waiting = "waiting",
        /// It is done, or the directory shows it.
        Fulfilled = "fulfilled",
        /// It falls away.
        NotNeeded = "not_needed",
    }
}

impl Verdict {
    /// True where nothing is left to do.
    pub fn is_good(self) -> bool {
        matches!(self, Self::Fulfilled | Self::NotNeeded)
    }
}

/// What people entered for a point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entered {
    /// What they say of it.
    pub state: ItemState,
    /// Who sees to it.
    pub owner: Option<String>,
    /// Until when.
    pub due_on: Option<NaiveDate>,
    /// When it was done.
    pub done_on: Option<NaiveDate>,
    /// What else there is to say, such as where it is written.
    pub note: Option<String>,
}

impl Default for Entered {
    fn default() -> Self {
        Self { state: ItemState::Open, owner: None, due_on: None, done_on: None, note: None }
    }
}

/// A verdict with its grounds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// What is missing, unless it is good.
    pub lack: Option<Lack>,
    /// By what one sees that it is good.
    pub evidence: Option<Text>,
}

/// The verdict on a point.
pub fn judge(item: Item, entered: &Entered, facts: &Facts) -> Judgement {
    let good = |verdict, evidence| Judgement { verdict, lack: None, evidence };
    let bad = |verdict, lack| Judgement { verdict, lack: Some(lack), evidence: None };
    if entered.state == ItemState::NotNeeded && item.is_optional() {
        return good(Verdict::NotNeeded, evidence(entered));
    }
    match (finding(item, facts), entered.state) {
        (Some(Finding::There(evidence)), _) => good(Verdict::Fulfilled, Some(evidence)),
        (Some(Finding::Lacking(lack)), ItemState::Waiting) => bad(Verdict::Waiting, lack),
        (Some(Finding::Lacking(lack)), _) => bad(Verdict::Missing, lack),
        (None, ItemState::Done) => good(Verdict::Fulfilled, evidence(entered)),
        (None, ItemState::Waiting) => bad(Verdict::Waiting, WAITING),
        (None, ItemState::Open | ItemState::NotNeeded) => bad(Verdict::Open, OPEN),
    }
}

const OPEN: Lack = Lack {
    what: fixed("Noch nicht als erledigt eingetragen.", "Not entered as done yet."),
    remedy: fixed(
        "Tragen Sie ein, wann es erledigt war und wo das steht.",
        "Enter when it was done and where that is written.",
    ),
};
const WAITING: Lack = Lack {
    what: fixed("Wartet auf andere.", "Waits for others."),
    remedy: fixed(
        "Fragen Sie nach, und tragen Sie ein, wann es erledigt war.",
        "Ask again, and enter when it was done.",
    ),
};

/// What people entered, in a few words: where it is written or who saw to it, and when.
fn evidence(entered: &Entered) -> Option<Text> {
    let note = entered.note.as_deref().map(|note| note.lines().next().unwrap_or_default().trim());
    let words = note.filter(|note| !note.is_empty()).or(entered.owner.as_deref());
    let words: Option<String> = words.map(|words| match words.char_indices().nth(80) {
        Some((end, _)) => format!("{} …", words.get(..end).unwrap_or(words)),
        None => words.to_owned(),
    });
    let join = |day: Option<String>| [words.clone(), day].into_iter().flatten().collect::<Vec<_>>().join(", ");
    let text = told(join(entered.done_on.map(german)), join(entered.done_on.map(english)));
    (!text.de.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::rollout::finding::{Holder, Terms, Transferred};
    use crate::directory::terms::{ChannelKind, Duty};

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn own(duty: Duty, contact: &str, person: Option<&str>) -> Holder {
        let person = person.map(str::to_owned);
        Holder { duty, contact: contact.parse().unwrap(), name: contact.to_owned(), person, is_own: true }
    }

    /// Nothing is there.
    fn bare() -> Facts {
        Facts {
            today: day("2026-11-24"),
            operating: "HH".parse().unwrap(),
            using: "SH".parse().unwrap(),
            municipality: "Kiel".into(),
            in_115: true,
            agreement: None,
            holders: Vec::new(),
            channels: Vec::new(),
            has_matrix: false,
            member: None,
            delegate: None,
            transfer: None,
        }
    }

    fn said(item: Item, entered: &Entered, facts: &Facts) -> String {
        let Judgement { verdict, lack, evidence } = judge(item, entered, facts);
        assert_eq!(verdict.is_good(), lack.is_none(), "{item}");
        let text = lack.map(|lack| lack.what).or(evidence);
        format!("{verdict}: {}", text.map_or_else(String::new, |text| text.de.into_owned()))
    }

    #[track_caller]
    fn check(item: Item, facts: &Facts, expected: &str) {
        assert_eq!(said(item, &Entered::default(), facts), expected);
    }

    #[test]
    fn an_agreement_holds_between_its_days() {
        let with = |since: Option<&str>, until: Option<&str>, reference: Option<&str>| Facts {
            agreement: Some(Terms {
                since: since.map(day),
                until: until.map(day),
                reference: reference.map(str::to_owned),
            }),
            ..bare()
        };
        let item = Item::CooperationAgreement;
        check(
            item,
            &bare(),
            "missing: Zwischen Schleswig-Holstein und Hamburg ist keine Kooperationsvereinbarung eingetragen.",
        );
        check(item, &with(None, None, None), "fulfilled: Kooperationsvereinbarung Schleswig-Holstein und Hamburg");
        check(
            item,
            &with(Some("2025-03-14"), Some("2026-11-24"), Some("IV 27")),
            "fulfilled: Kooperationsvereinbarung Schleswig-Holstein und Hamburg, seit 14.03.2025, IV 27",
        );
        check(
            item,
            &with(None, Some("2026-11-23"), None),
            "missing: Die Kooperationsvereinbarung zwischen Schleswig-Holstein und Hamburg ist am 23.11.2026 ausgelaufen.",
        );
        check(
            item,
            &with(Some("2026-11-25"), None, None),
            "missing: Die Kooperationsvereinbarung zwischen Schleswig-Holstein und Hamburg gilt erst ab 25.11.2026.",
        );
        let same = Facts { operating: "SH".parse().unwrap(), ..bare() };
        check(item, &same, "fulfilled: nicht nötig: Schleswig-Holstein betreibt den Dienst selbst");
    }

    #[test]
    fn whoever_shares_a_mailbox_is_named() {
        let with = |holders: Vec<Holder>| Facts { holders, ..bare() };
        let alone = own(Duty::ProjectLead, "lorenzen", None);
        check(Item::ProjectLead, &bare(), "missing: Niemand leitet das Projekt.");
        check(Item::ProjectLead, &with(vec![alone.clone()]), "fulfilled: lorenzen");
        let shared = vec![alone.clone(), own(Duty::Functional, "lorenzen", Some("S. Jensen"))];
        let vague = "missing: lorenzen hat mehrere Aufgaben, und wer hier verantwortlich ist, steht nicht dabei.";
        check(Item::ProjectLead, &with(shared.clone()), vague);
        check(Item::FunctionalContact, &with(shared), "fulfilled: S. Jensen (lorenzen)");
        // What the service names stands for the municipality where questions are technical or urgent, and only there.
        let of_service = |duty| Holder { is_own: false, ..own(duty, "desk", None) };
        let all = with(Duty::ALL.iter().map(|duty| of_service(*duty)).collect());
        check(Item::TechnicalContact, &all, "fulfilled: desk, vom Online-Dienst");
        check(Item::EmergencyContacts, &all, "fulfilled: desk, vom Online-Dienst");
        check(Item::FunctionalContact, &all, "missing: Bei dieser Kommune ist niemand für fachliche Fragen benannt.");
        check(Item::CentralContact, &all, "missing: Niemand bewertet Anfragen.");
        for (item, duty) in [
            (Item::CentralContact, Duty::Central),
            (Item::EmergencyContacts, Duty::Emergency),
            (Item::SpecialistProcedure, Duty::SpecialistProcedure),
            (Item::DataProtection, Duty::DataProtection),
            (Item::DataProcessor, Duty::DataProcessor),
        ] {
            assert!(said(item, &Entered::default(), &bare()).starts_with("missing: "), "{item}");
            check(item, &with(vec![own(duty, "amt", None)]), "fulfilled: amt");
        }
    }

    #[test]
    fn a_first_level_is_one_that_answers_here() {
        let with = |channels: &[(ChannelKind, &str)], in_115| Facts {
            channels: channels.iter().map(|(kind, label)| (*kind, (*label).to_owned())).collect(),
            in_115,
            ..bare()
        };
        let (number, phone) = ((ChannelKind::Number115, "115"), (ChannelKind::Phone, "Bürgertelefon"));
        check(Item::FirstLevel, &bare(), "missing: Der Öffentlichkeit wird kein Weg zum 1st Level gezeigt.");
        check(Item::FirstLevel, &with(&[number], true), "fulfilled: 115");
        check(
            Item::FirstLevel,
            &with(&[number], false),
            "missing: 115 wird gezeigt, aber Kiel gehört nicht zum 115-Verbund.",
        );
        check(Item::FirstLevel, &with(&[number, phone], false), "fulfilled: Bürgertelefon");
    }

    #[test]
    fn tasks_and_committee_are_settled_or_not() {
        check(Item::DivisionOfTasks, &bare(), "missing: Die Aufgabenteilung ist noch ein Vorschlag.");
        let settled = Facts { has_matrix: true, ..bare() };
        check(Item::DivisionOfTasks, &settled, "fulfilled: für jede Aufgabe ist eine Stelle verantwortlich");
        let seat = |member: Option<&str>, delegate: Option<&str>| Facts {
            member: member.map(str::to_owned),
            delegate: delegate.map(str::to_owned),
            ..bare()
        };
        let item = Item::SteeringCommittee;
        check(item, &bare(), "missing: Das Mitglied im Steuerungskreis ist nicht genannt.");
        check(item, &seat(Some("MIKWS"), None), "missing: Wer im Steuerungskreis sitzt, ist nicht genannt.");
        check(item, &seat(Some("MIKWS"), Some("K. Voss")), "fulfilled: MIKWS, vertreten durch K. Voss");
    }

    #[test]
    fn a_transfer_counts_while_it_is_what_is_shown() {
        let with = |is_current| Facts { transfer: Some(Transferred { on: day("2026-11-20"), is_current }), ..bare() };
        let item = Item::EditorialSystem;
        check(item, &bare(), "open: Noch nicht als erledigt eingetragen.");
        check(item, &with(true), "fulfilled: übertragen am 20.11.2026");
        check(item, &with(false), "missing: Am 20.11.2026 übertragen, die Angaben haben sich seitdem geändert.");
        let done = Entered { state: ItemState::Done, done_on: Some(day("2026-11-20")), ..Entered::default() };
        assert_eq!(said(item, &done, &bare()), "fulfilled: 20.11.2026");
        assert!(said(item, &done, &with(false)).starts_with("missing"), "the transfer decides");
    }

    #[test]
    fn the_directory_overrides_hands_and_hands_decide_the_rest() {
        let entered = |state| Entered { state, owner: Some("J. Lorenzen".into()), ..Entered::default() };
        for (item, state, expected) in [
            (Item::ReuseContact, ItemState::Open, Verdict::Open),
            (Item::ReuseContact, ItemState::Waiting, Verdict::Waiting),
            (Item::ReuseContact, ItemState::Done, Verdict::Fulfilled),
            (Item::ReuseContact, ItemState::NotNeeded, Verdict::Open),
            (Item::CaseFile, ItemState::NotNeeded, Verdict::NotNeeded),
            (Item::ProjectLead, ItemState::Done, Verdict::Missing),
            (Item::ProjectLead, ItemState::NotNeeded, Verdict::Missing),
            (Item::ProjectLead, ItemState::Waiting, Verdict::Waiting),
        ] {
            assert_eq!(judge(item, &entered(state), &bare()).verdict, expected, "{item} {state}");
        }
        let named = Facts { holders: vec![own(Duty::ProjectLead, "lorenzen", None)], ..bare() };
        assert_eq!(judge(Item::ProjectLead, &entered(ItemState::Open), &named).verdict, Verdict::Fulfilled);
        let done = Entered {
            note: Some("Schreiben\nAkte 7".into()),
            done_on: Some(day("2026-09-04")),
            ..entered(ItemState::Done)
        };
        assert_eq!(said(Item::ReuseContact, &done, &bare()), "fulfilled: Schreiben, 04.09.2026");
        let long = Entered { note: Some("ä".repeat(200)), ..entered(ItemState::Done) };
        assert!(said(Item::ReuseContact, &long, &bare()).ends_with("ä …"));
    }
}
