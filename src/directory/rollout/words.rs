//! What is said of each point: its name, why it matters, and the source's wording.
//!
//! Pure. Invariant: the wording is that of the source, shortened at its end alone; a point has one sentence of why.

use super::item::{Item, Text, Words, fixed};

fn words(title: Text, why: Text, source: &'static str) -> Words {
    Words { title, why, source }
}

/// What is said of this point.
#[allow(clippy::too_many_lines)] // One arm a point.
pub(super) fn of(item: Item) -> Words {
    match item {
        Item::CooperationAgreement => words(
            fixed("Kooperationsvereinbarung der Länder", "Cooperation agreement between the Länder"),
            fixed(
                "Ohne sie darf die Kommune den Dienst eines anderen Landes nicht nutzen.",
                "Without it the municipality may not use another Land's service.",
            ),
            "Vollzugsbehörde prüft, ob das eigene Bundesland eine Kooperationsvereinbarung mit dem umsetzenden \
             Bundesland geschlossen hat",
        ),
        Item::ReuseContact => words(
            fixed("Ansprechstelle für die Nachnutzung", "Contact for re-use named"),
            fixed(
                "Land und Betreiber wissen sonst nicht, mit wem sie den Anschluss besprechen.",
                "Otherwise Land and operator do not know whom to talk to about the adoption.",
            ),
            "Ansprechstelle/ -person für Nachnutzung von Leistungen benennen",
        ),
        Item::Availability => words(
            fixed("Über die Verfügbarkeit informiert", "Told that the service is available"),
            fixed(
                "Wer den Dienst anbieten soll, muss wissen, dass es ihn gibt.",
                "Whoever is to offer the service must know that there is one.",
            ),
            "Über Verfügbarkeit der Leistungen informieren (Marktplatz für Kommunen/ Informationsportal o.ä.)",
        ),
        Item::InterestAnnounced => words(
            fixed("Interesse bei der Landeskoordination bekundet", "Interest announced to the Land's coordination"),
            fixed(
                "Die Landeskoordination meldet die Kommune beim Betreiber an.",
                "The Land's coordination registers the municipality with the operator.",
            ),
            "Nachnutzungsinteresse bei Landeskoordination/ Landesansprechstelle bekunden",
        ),
        Item::SupportSolution => words(
            fixed("Einbindung der Supportlösung abgestimmt", "Support solution agreed"),
            fixed(
                "Fragen laufen sonst zwischen zwei Supportsystemen ins Leere.",
                "Otherwise questions get lost between two support systems.",
            ),
            "Abstimmung der Einbindung von Supportlösungen",
        ),
        Item::ProcedureVendor => words(
            fixed("Kontakt zum Fachverfahrenshersteller", "Vendor of the specialist procedure contacted"),
            fixed(
                "Nur der Hersteller kann sagen, wie Anträge ins Fachverfahren kommen.",
                "Only the vendor can say how applications reach the specialist procedure.",
            ),
            "Ggf. Kontakt zum Fachverfahrenshersteller suchen für etwaige IT-Anbindungen (XML etc.)",
        ),
        Item::ApplicationMailbox => words(
            fixed("Funktionspostfach für Anträge", "Functional mailbox for applications"),
            fixed(
                "Anträge kommen auch dann an, wenn jemand fehlt oder wechselt.",
                "Applications arrive even when somebody is away or leaves.",
            ),
            "Funktionspostfach für Anträge einrichten",
        ),
        Item::CaseFile => words(
            fixed("Anbindung an die E-Akte oder Fachakte", "Electronic case file connected"),
            fixed(
                "Ohne Anbindung legt jemand jeden Antrag von Hand ab.",
                "Without it somebody files every application by hand.",
            ),
            "Ggf. Anbindung an E-/Fach-Akte",
        ),
        Item::ProcessCheck => words(
            fixed("Abläufe auf Änderungen geprüft", "Processes checked for changes"),
            fixed(
                "Der Online-Weg ändert, wer wann was prüft und was ausgedruckt wird.",
                "The online way changes who checks what and when, and what is printed.",
            ),
            "Prüfung von Prozessabläufen auf Änderungen",
        ),
        Item::DivisionOfTasks => words(
            fixed("Aufgabenteilung festgelegt", "Division of tasks settled"),
            fixed(
                "Für jede Aufgabe ist eine Stelle verantwortlich, und alle wissen, welche.",
                "One party answers for each task, and everybody knows which.",
            ),
            "Aufgabenteilung zwischen Fachabteilung, IT-Abteilung, IT-Dienstleister, Fachverfahrenshersteller und \
             Land neu definieren",
        ),
        Item::SupportStructures => words(
            fixed("Supportstrukturen an den Dienst angepasst", "Support structures adapted to the service"),
            fixed(
                "Die 115 kann nur beantworten, was bei ihr hinterlegt ist.",
                "115 can only answer what it was given.",
            ),
            "Support organisieren; Ggf. müssen Supportstrukturen jenen des Online-Dienstes angepasst werden (115)",
        ),
        Item::CentralContact => words(
            fixed("Zentrale Stelle, die Anfragen bewertet", "Central contact that assesses requests"),
            fixed(
                "Was der 1st Level nicht beantwortet, bleibt sonst liegen.",
                "Otherwise what the 1st level cannot answer is left lying.",
            ),
            "… werden die Anfragen nach Bewertung durch zentrale Ansprechpartner:innen in den Kommunen bei Bedarf an \
             den 2nd-Level-Support übermittelt",
        ),
        Item::FirstLevel => words(
            fixed("1st Level sichergestellt", "1st level secured"),
            fixed(
                "Bürgerinnen und Bürger brauchen eine erste Stelle, die sie fragen können.",
                "People need a first place to ask.",
            ),
            "Eine weitere zentrale organisatorische Voraussetzung ist die Sicherstellung eines so genannten \
             1st-Level-Supports … Sofern ein nachnutzendes Land/eine nachnutzende Kommune nicht dem 115-Verbund \
             angeschlossen ist, muss ein alternativer 1st-Level-Support eingerichtet werden.",
        ),
        Item::EntryPage => words(
            fixed("1st Level auf der Diensteinstiegsseite", "1st level shown on the entry page"),
            fixed(
                "Wer beim Antrag hängen bleibt, findet dort, wer helfen kann.",
                "Whoever gets stuck with an application finds there who can help.",
            ),
            "Auf der Diensteinstiegsseite des jeweiligen Online-Dienstes werden die Kontaktdaten des \
             1st-Level-Supports unter \"Wer kann mir helfen?\" für den Antragsteller sichtbar hinterlegt",
        ),
        Item::EditorialSystem => words(
            fixed("Support-Angaben im Landesredaktionssystem", "Support data in the Land's editorial system"),
            fixed("Portale und 115 zeigen, was dort steht.", "Portals and 115 show what stands there."),
            "Zusätzlich müssen die Supportinformationen (Ansprechpartner:innen/Servicenummer etc.) in den jeweiligen \
             Landesredaktionssystemen gepflegt werden (unabhängig ob 115 oder alternativer Service).",
        ),
        Item::EmergencyContacts => words(
            fixed("Notfall- und Ausfallkontakt", "Emergency contacts"),
            fixed(
                "Fällt der Dienst aus, wird sonst niemand erreicht.",
                "Otherwise nobody is reached when the service is down.",
            ),
            "Notfall-/Ausfallkontakte definieren",
        ),
        Item::RolesAndRights => words(
            fixed("Rollen und Rechte festgelegt", "Roles and rights settled"),
            fixed(
                "Nur wer darf, sieht Anträge; und es ist klar, wer Zugänge gibt und nimmt.",
                "Only those who may see applications, and it is clear who gives and takes access.",
            ),
            "Rollen- und Rechtemanagement festlegen; hängt eng mit der technischen Dimension zusammen",
        ),
        Item::Knowledge => words(
            fixed("Wissen und Informationen aufgebaut", "Knowledge built up"),
            fixed(
                "Antworten hängen nicht an einer Person, sondern stehen dort, wo alle suchen.",
                "Answers do not hang on one person but stand where everybody looks.",
            ),
            "Wissens- und Informationsmanagement aufbauen",
        ),
        Item::UserAdvice => words(
            fixed("Beratung der Nutzerinnen und Nutzer", "Advice for users"),
            fixed(
                "Der Fachbereich hilft beim Anmelden und Ausfüllen und sagt, dass es den Dienst gibt.",
                "The department helps with log-in and form, and says that there is the service.",
            ),
            "Beratung der Nutzerinnen und Nutzer durch den Fachbereich; Info über neuen Online-Dienst und Beratung \
             zu Authentifizierung und Nutzung",
        ),
        Item::SteeringCommittee => words(
            fixed("Steuerungskreis: Mitglied und Vertretung", "Steering committee: member and delegate"),
            fixed(
                "Dort werden Betrieb, Versionen und Kosten entschieden.",
                "Operation, releases and costs are decided there.",
            ),
            "Beitritt zum Steuerungskreis / Umsetzungsallianz. Der Steuerungskreis trifft die strategischen \
             Entscheidungen für Betrieb und Weiterentwicklung des Onlinedienstes sowie die Release- und die \
             Kostenplanung.",
        ),
        Item::FinancialResponsibility => words(
            fixed("Finanzielle Zuständigkeit abgestimmt", "Financial responsibility agreed"),
            fixed("Betriebskosten fallen vom ersten Tag an.", "Running costs arise from the first day."),
            "Vollzugsbehörde stimmt finanzielle Zuständigkeiten mit dem eigenen Bundesland ab",
        ),
        Item::ProjectLead => words(
            fixed("Projektleitung benannt", "Project lead named"),
            fixed(
                "Jemand hält den Anschluss zusammen und antwortet dem Betreiber.",
                "Somebody holds the adoption together and answers the operator.",
            ),
            "Innerhalb dieser Projektstruktur müssen folgende Rollen besetzt werden: Projektleiter:in",
        ),
        Item::TechnicalContact => words(
            fixed("Technische Ansprechperson benannt", "Technical contact named"),
            fixed(
                "Technische Fragen gehen sonst an die zentrale Stelle zurück.",
                "Otherwise technical questions go back to the central contact.",
            ),
            "Innerhalb dieser Projektstruktur müssen folgende Rollen besetzt werden: Technische Ansprechpartner:in",
        ),
        Item::FunctionalContact => words(
            fixed("Fachliche Ansprechperson benannt", "Functional contact named"),
            fixed(
                "Ohne sie gehen fachliche Fragen an die zentrale Stelle zurück.",
                "Without one, questions about the procedure go back to the central contact.",
            ),
            "Innerhalb dieser Projektstruktur müssen folgende Rollen besetzt werden: Fachliche Ansprechpartner:in",
        ),
        Item::SpecialistProcedure => words(
            fixed("Ansprechperson des Fachverfahrens bekannt", "Contact of the specialist procedure known"),
            fixed(
                "Kommt ein Antrag nicht im Fachverfahren an, ist klar, wen man fragt.",
                "When an application does not arrive, it is clear whom to ask.",
            ),
            "Desweiteren müssen folgende Ansprechpartner bekannt sein: Ansprechpartner:in auf Seiten des Fachverfahrens",
        ),
        Item::DataProtection => words(
            fixed("Ansprechperson für Datenschutz bekannt", "Contact for data protection known"),
            fixed(
                "Auskunft und Löschung haben Fristen, und jemand muss sie halten.",
                "Requests for access and erasure have deadlines, and somebody must keep them.",
            ),
            "Desweiteren müssen folgende Ansprechpartner bekannt sein: Ansprechpartner:in zu Datenschutz",
        ),
        Item::DataProcessor => words(
            fixed("Datenverarbeitende Stelle bekannt", "Data-processing body known"),
            fixed(
                "Wer Daten verarbeitet, braucht einen Vertrag mit der Kommune.",
                "Whoever processes data needs a contract with the municipality.",
            ),
            "Desweiteren müssen folgende Ansprechpartner bekannt sein: Datenverarbeitende Stelle",
        ),
    }
}
