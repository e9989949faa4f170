//! What can be missing, how bad that is, and what helps.

crate::text_enum! {
    /// What is missing.
    pub enum GapKind {
        /// Nobody assesses.
        NoCentral = "no_central",
        /// Nobody answers technical questions.
        NoTechnical = "no_technical",
        /// Nobody answers questions about the procedure.
        NoFunctional = "no_functional",
        /// Nobody is reached when the service is down.
        NoEmergency = "no_emergency",
        /// Nobody leads the project of adopting the service.
        NoProjectLead = "no_project_lead",
        /// Nobody knows the specialist procedure.
        NoSpecialistProcedure = "no_specialist_procedure",
        /// Nobody answers for data protection.
        NoDataProtection = "no_data_protection",
        /// Nobody processes the data.
        NoDataProcessor = "no_data_processor",
        /// A contact was never confirmed.
        Unconfirmed = "unconfirmed",
        /// A contact was confirmed too long ago.
        Stale = "stale",
        /// A contact says that what is recorded of it is wrong.
        Disputed = "disputed",
        /// Mail to a contact comes back.
        Bounced = "bounced",
        /// A contact is or will be away and nobody stands in.
        AbsentWithoutDeputy = "absent_without_deputy",
        /// A contact's deputy cannot stand in.
        DeputyUnavailable = "deputy_unavailable",
        /// A planned change of a contact did not fit on its day.
        ChangeFailed = "change_failed",
        /// A contact has neither mail nor webhook, or was ended.
        Unreachable = "unreachable",
        /// A contact's webhook was disabled.
        WebhookDisabled = "webhook_disabled",
        /// No emergency contact is reached at night and on weekends.
        EmergencyInHoursOnly = "emergency_in_hours_only",
        /// An emergency contact has neither telephone nor webhook.
        EmergencyWithoutPhone = "emergency_without_phone",
        /// The public is shown no way to the 1st level.
        NoChannel = "no_channel",
        /// No agreement lets the municipality use the service.
        NoAgreement = "no_agreement",
        /// Requests wait where the municipality has no adoption of the service.
        NoAdoption = "no_adoption",
        /// 115 is shown, but does not answer for the municipality.
        Not115 = "not_in_115",
        /// A required point of the roll-out is not fulfilled.
        Checklist = "checklist",
    }
}

crate::text_enum! {
    /// How bad a gap is.
    pub enum Severity {
        /// Requests get stuck, or people are misled, now.
        Blocks = "blocks",
        /// They will, if nobody sees to it.
        Soon = "soon",
        /// Something is not as it should be, and nothing hangs on it.
        Note = "note",
    }
}

impl GapKind {
    /// How bad it is, unless something more is known.
    pub fn severity(self) -> Severity {
        match self {
            Self::NoCentral
            | Self::NoTechnical
            | Self::NoFunctional
            | Self::NoEmergency
            | Self::Bounced
            | Self::AbsentWithoutDeputy
            | Self::Unreachable
            | Self::NoChannel
            | Self::NoAgreement
            | Self::NoAdoption
            | Self::Not115 => Severity::Blocks,
            Self::NoProjectLead
            | Self::NoDataProtection
            | Self::Unconfirmed
            | Self::Stale
            | Self::Disputed
            | Self::DeputyUnavailable
            | Self::ChangeFailed
            | Self::WebhookDisabled
            | Self::EmergencyInHoursOnly
            | Self::EmergencyWithoutPhone => Severity::Soon,
            Self::NoSpecialistProcedure | Self::NoDataProcessor | Self::Checklist => Severity::Note,
        }
    }

    /// What helps, in German.
    pub fn remedy(self) -> &'static str {
        match self {
            Self::NoCentral => "Eine zentrale Ansprechstelle eintragen.",
            Self::NoTechnical => "Hier oder beim Online-Dienst jemanden für technische Fragen eintragen.",
            Self::NoFunctional => "Eine fachliche Ansprechperson eintragen.",
            Self::NoEmergency => "Hier oder beim Online-Dienst einen Notfallkontakt eintragen.",
            Self::NoProjectLead => "Eine Projektleitung eintragen; sie hört von Kontakten, die nicht antworten.",
            Self::NoSpecialistProcedure => "Jemanden für das Fachverfahren eintragen.",
            Self::NoDataProtection => "Jemanden für den Datenschutz eintragen.",
            Self::NoDataProcessor => "Die datenverarbeitende Stelle eintragen.",
            Self::Unconfirmed => "Den Kontakt bestätigen lassen oder jemand anderen eintragen.",
            Self::Stale => "Den Kontakt erneut bestätigen lassen oder jemand anderen eintragen.",
            Self::Disputed => "Die Angaben ändern oder bestätigen; danach fragt Lotse den Kontakt noch einmal.",
            Self::Bounced => "Die Mail-Adresse berichtigen; Lotse fragt dann bei der neuen nach.",
            Self::AbsentWithoutDeputy => "Eine Vertretung eintragen, die in dieser Zeit da ist.",
            Self::DeputyUnavailable => "Eine andere Vertretung eintragen.",
            Self::ChangeFailed => "Die geplante Änderung zurückziehen oder neu planen.",
            Self::Unreachable => "Mail-Adresse oder Webhook eintragen, oder jemand anderen.",
            Self::WebhookDisabled => "Den Webhook prüfen und neu eintragen.",
            Self::EmergencyInHoursOnly => {
                "Einen Notfallkontakt eintragen, der auch nachts und am Wochenende erreichbar ist, etwa mit den Zeiten 24/7."
            }
            Self::EmergencyWithoutPhone => "Telefonnummer oder Webhook des Notfallkontakts eintragen.",
            Self::NoChannel => "115 oder einen anderen 1st-Level-Kanal eintragen.",
            Self::NoAgreement => "Die Kooperationsvereinbarung beim Land eintragen.",
            Self::NoAdoption => "Den Anschluss anlegen; bis dahin antwortet die Auffangstelle des Landes.",
            Self::Not115 => "Einen anderen 1st-Level-Kanal eintragen.",
            Self::Checklist => "Den Punkt in der Checkliste des Anschlusses erledigen.",
        }
    }
}
