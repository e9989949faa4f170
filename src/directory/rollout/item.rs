//! The points of a roll-out, as the source asks for them: what each is called, why it matters, whether it may fall
//! away, and whether the directory shows it by itself.
//!
//! Pure. Invariant: every organisational point of the source ("Organisatorische Informationen" on re-using online
//! services) is an item here, in its order, with its wording. Optional is what the source opens with "Ggf.". What an
//! item's verdict is stands in `verdict.rs`.

use std::borrow::Cow;

use serde::Serialize;

use crate::directory::terms::Duty;

/// A text in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = ItemText)]
pub struct Text {
    /// German.
    #[schema(value_type = String)]
    pub de: Cow<'static, str>,
    /// English.
    #[schema(value_type = String)]
    pub en: Cow<'static, str>,
}

/// A text that is the same always.
pub(super) const fn fixed(de: &'static str, en: &'static str) -> Text {
    Text { de: Cow::Borrowed(de), en: Cow::Borrowed(en) }
}

/// A text that names something.
pub(super) fn told(de: impl Into<String>, en: impl Into<String>) -> Text {
    Text { de: Cow::Owned(de.into()), en: Cow::Owned(en.into()) }
}

crate::text_enum! {
    /// A point of the checklist.
    pub enum Item {
        /// The Länder have an agreement.
        CooperationAgreement = "cooperation_agreement",
        /// Somebody is named for re-use.
        ReuseContact = "reuse_contact",
        /// It was told that the service is available.
        Availability = "availability",
        /// The Land's coordination knows of the interest.
        InterestAnnounced = "interest_announced",
        /// How support is tied in is agreed.
        SupportSolution = "support_solution",
        /// The vendor of the specialist procedure was asked.
        ProcedureVendor = "procedure_vendor",
        /// There is a mailbox for applications.
        ApplicationMailbox = "application_mailbox",
        /// The electronic file is connected.
        CaseFile = "case_file",
        /// Processes were checked.
        ProcessCheck = "process_check",
        /// Who does what is settled.
        DivisionOfTasks = "division_of_tasks",
        /// Support structures fit those of the service.
        SupportStructures = "support_structures",
        /// Somebody assesses requests.
        CentralContact = "central_contact",
        /// The 1st level is secured.
        FirstLevel = "first_level",
        /// Its contact data stands on the entry page.
        EntryPage = "entry_page",
        /// The support data stands in the Land's editorial system.
        EditorialSystem = "editorial_system",
        /// Somebody is reached when the service is down.
        EmergencyContacts = "emergency_contacts",
        /// Roles and rights are settled.
        RolesAndRights = "roles_and_rights",
        /// Knowledge is kept and found.
        Knowledge = "knowledge",
        /// Users are told and advised.
        UserAdvice = "user_advice",
        /// The steering committee is joined.
        SteeringCommittee = "steering_committee",
        /// Who pays what is settled.
        FinancialResponsibility = "financial_responsibility",
        /// Somebody leads the project.
        ProjectLead = "project_lead",
        /// Somebody answers technical questions.
        TechnicalContact = "technical_contact",
        /// Somebody answers questions about the procedure.
        FunctionalContact = "functional_contact",
        /// The specialist procedure's contact is known.
        SpecialistProcedure = "specialist_procedure",
        /// The contact for data protection is known.
        DataProtection = "data_protection",
        /// The data-processing body is known.
        DataProcessor = "data_processor",
    }
}

/// Where an item's verdict comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judge {
    /// Only people know.
    People,
    /// The agreements between the Länder.
    Agreements,
    /// Who has this duty.
    Holders(Duty),
    /// The division of tasks.
    Matrix,
    /// The ways of help that are shown.
    Channels,
    /// Who sits on the steering committee.
    Steering,
    /// The transfers into the editorial system, where one was noted; else people.
    Transfers,
}

impl Item {
    /// True where it can be marked as not needed, because the source says "Ggf.".
    pub fn is_optional(self) -> bool {
        matches!(self, Self::ProcedureVendor | Self::CaseFile | Self::SupportStructures)
    }

    /// True where an adoption goes live only with it.
    pub fn is_needed_live(self) -> bool {
        matches!(self, Self::CooperationAgreement | Self::FirstLevel | Self::CentralContact)
    }

    /// Where its verdict comes from.
    pub fn judge(self) -> Judge {
        match self {
            Self::CooperationAgreement => Judge::Agreements,
            Self::DivisionOfTasks => Judge::Matrix,
            Self::CentralContact => Judge::Holders(Duty::Central),
            Self::FirstLevel => Judge::Channels,
            Self::EditorialSystem => Judge::Transfers,
            Self::EmergencyContacts => Judge::Holders(Duty::Emergency),
            Self::SteeringCommittee => Judge::Steering,
            Self::ProjectLead => Judge::Holders(Duty::ProjectLead),
            Self::TechnicalContact => Judge::Holders(Duty::Technical),
            Self::FunctionalContact => Judge::Holders(Duty::Functional),
            Self::SpecialistProcedure => Judge::Holders(Duty::SpecialistProcedure),
            Self::DataProtection => Judge::Holders(Duty::DataProtection),
            Self::DataProcessor => Judge::Holders(Duty::DataProcessor),
            Self::ReuseContact
            | Self::Availability
            | Self::InterestAnnounced
            | Self::SupportSolution
            | Self::ProcedureVendor
            | Self::ApplicationMailbox
            | Self::CaseFile
            | Self::ProcessCheck
            | Self::SupportStructures
            | Self::EntryPage
            | Self::RolesAndRights
            | Self::Knowledge
            | Self::UserAdvice
            | Self::FinancialResponsibility => Judge::People,
        }
    }

    /// What it is called.
    pub fn title(self) -> Text {
        self.words().title
    }

    /// Why it matters, in one sentence.
    pub fn why(self) -> Text {
        self.words().why
    }

    /// The source's wording.
    pub fn source(self) -> &'static str {
        self.words().source
    }

    fn words(self) -> Words {
        super::words::of(self)
    }
}

/// What is said of an item.
pub(super) struct Words {
    pub title: Text,
    pub why: Text,
    pub source: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_says_what_and_why_in_both_languages() {
        let mut titles = std::collections::BTreeSet::new();
        for item in Item::ALL {
            let (title, why) = (item.title(), item.why());
            assert!(titles.insert(title.de.to_string()), "{item}: {} twice", title.de);
            for text in [&title.de, &title.en, &why.de, &why.en] {
                assert!(text.len() > 5 && !text.contains('!'), "{item}: {text}");
            }
            assert!(why.de.ends_with('.') && why.en.ends_with('.') && !title.de.ends_with('.'), "{item}");
        }
    }

    #[test]
    fn the_source_is_quoted_word_for_word_and_says_ggf_of_what_is_optional() {
        for item in Item::ALL {
            assert!(item.source().len() > 10, "{item}");
            assert_eq!(item.source().contains("Ggf."), item.is_optional(), "{item}: {}", item.source());
        }
    }
}
