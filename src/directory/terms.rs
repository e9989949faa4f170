//! The fixed words of the directory, each one word in the database, in JSON and in the directory file.
//!
//! Not here: what follows from them (`resolve.rs`, `snapshot/`, `gaps.rs`).

use crate::access::Channel;

crate::text_enum! {
    /// What a contact is there for.
    pub enum Duty {
        /// Assesses what the 1st level passes on, and answers it.
        Central = "central",
        /// Answers technical questions.
        Technical = "technical",
        /// Answers questions about the procedure.
        Functional = "functional",
        /// Leads the municipality's project of adopting the service.
        ProjectLead = "project_lead",
        /// Knows the municipality's specialist procedure (Fachverfahren).
        SpecialistProcedure = "specialist_procedure",
        /// Answers for data protection.
        DataProtection = "data_protection",
        /// Processes the data (Datenverarbeitende Stelle).
        DataProcessor = "data_processor",
        /// Reached when the service is down for all.
        Emergency = "emergency",
    }
}

crate::text_enum! {
    /// What is asked of the 2nd level.
    pub enum Kind {
        /// The service does not do what it should.
        Technical = "technical",
        /// The procedure raises a question.
        Functional = "functional",
    }
}

impl Kind {
    /// The duty that answers it.
    pub fn duty(self) -> Duty {
        match self {
            Self::Technical => Duty::Technical,
            Self::Functional => Duty::Functional,
        }
    }
}

crate::text_enum! {
    /// At which level of the directory a duty is kept.
    #[schema(as = DutyScope)]
    pub enum Scope {
        /// One municipality's use of one service.
        Adoption = "adoption",
        /// A service, in a region or everywhere.
        Service = "service",
        /// A Land: whoever answers where nobody else is named.
        Land = "land",
    }
}

crate::text_enum! {
    /// How far a municipality is with a service.
    pub enum AdoptionState {
        /// Being prepared; the public sees nothing of it.
        Draft = "draft",
        /// Complete, not yet open to the public.
        Ready = "ready",
        /// In use.
        Live = "live",
        /// Taken out of use for the time being.
        Suspended = "suspended",
    }
}

impl AdoptionState {
    /// True where its people are asked: while it is in use, and when it was, because requests are still open.
    pub fn routes(self) -> bool {
        matches!(self, Self::Live | Self::Suspended)
    }
}

crate::text_enum! {
    /// Who decides that the 2nd level is asked.
    pub enum Assessment {
        /// The municipality's central contact.
        Central = "central",
        /// The 1st level may do so itself.
        Direct = "direct",
    }
}

crate::text_enum! {
    /// How the public reaches the 1st level.
    pub enum ChannelKind {
        /// The authorities' number 115.
        Number115 = "115",
        /// Another telephone number.
        Phone = "phone",
        /// A mail address.
        Email = "email",
        /// A web form or page.
        Web = "web",
    }
}

impl From<Channel> for ChannelKind {
    fn from(channel: Channel) -> Self {
        match channel {
            Channel::Hotline115 => Self::Number115,
            Channel::Phone => Self::Phone,
            Channel::Email => Self::Email,
            Channel::Web => Self::Web,
        }
    }
}
