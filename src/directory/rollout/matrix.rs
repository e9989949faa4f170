//! Who does what: tasks by parties, each task with exactly one that is responsible.
//!
//! Pure. Invariant: a division that [`check`] accepts has no task without a responsible party and none with two. The
//! tasks of the source are proposed ([`proposal`]); a municipality takes away what it does not have and adds its own.
//! Until it has saved one, the proposal is nobody's agreement (`verdict.rs` says so).

use serde::{Deserialize, Serialize};

use super::item::{Text, fixed, told};
use crate::error::Faults;

crate::text_enum! {
    /// What a party has to do with a task.
    pub enum Part {
        /// It answers for it.
        Responsible = "responsible",
        /// It takes part.
        Contributes = "contributes",
        /// Nothing.
        None = "none",
    }
}

crate::text_enum! {
    /// Who can have a part.
    pub enum Party {
        /// Fachabteilung.
        SpecialistDepartment = "specialist_department",
        /// IT-Abteilung.
        ItDepartment = "it_department",
        /// IT-Dienstleister.
        ItProvider = "it_provider",
        /// Fachverfahrenshersteller.
        ProcedureVendor = "procedure_vendor",
        /// Land.
        Land = "land",
    }
}

impl Party {
    /// What it is called.
    pub fn title(self) -> Text {
        match self {
            Self::SpecialistDepartment => fixed("Fachabteilung", "Specialist department"),
            Self::ItDepartment => fixed("IT-Abteilung", "IT department"),
            Self::ItProvider => fixed("IT-Dienstleister", "IT service provider"),
            Self::ProcedureVendor => fixed("Fachverfahrenshersteller", "Procedure vendor"),
            Self::Land => fixed("Land", "Land"),
        }
    }
}

/// A task and who has which part in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Task {
    /// A task of the source by its word, such as `first_level`, or one's own in words.
    pub task: String,
    /// Fachabteilung.
    #[serde(default = "nothing")]
    pub specialist_department: Part,
    /// IT-Abteilung.
    #[serde(default = "nothing")]
    pub it_department: Part,
    /// IT-Dienstleister.
    #[serde(default = "nothing")]
    pub it_provider: Part,
    /// Fachverfahrenshersteller.
    #[serde(default = "nothing")]
    pub procedure_vendor: Part,
    /// Land.
    #[serde(default = "nothing")]
    pub land: Part,
}

fn nothing() -> Part {
    Part::None
}

impl Task {
    /// A party's part.
    pub fn part(&self, party: Party) -> Part {
        match party {
            Party::SpecialistDepartment => self.specialist_department,
            Party::ItDepartment => self.it_department,
            Party::ItProvider => self.it_provider,
            Party::ProcedureVendor => self.procedure_vendor,
            Party::Land => self.land,
        }
    }

    /// Gives a party a part.
    pub fn set(&mut self, party: Party, part: Part) {
        match party {
            Party::SpecialistDepartment => self.specialist_department = part,
            Party::ItDepartment => self.it_department = part,
            Party::ItProvider => self.it_provider = part,
            Party::ProcedureVendor => self.procedure_vendor = part,
            Party::Land => self.land = part,
        }
    }

    /// A task in which nobody has a part yet.
    pub fn of_nobody(task: &str) -> Self {
        let part = Part::None;
        Self {
            task: task.to_owned(),
            specialist_department: part,
            it_department: part,
            it_provider: part,
            procedure_vendor: part,
            land: part,
        }
    }

    /// What it is called.
    pub fn title(&self) -> Text {
        let known = PROPOSED.iter().find(|(task, ..)| *task == self.task);
        known.map_or_else(|| told(&*self.task, &*self.task), |(_, de, en, _)| fixed(de, en))
    }

    fn responsible(&self) -> usize {
        Party::ALL.iter().filter(|party| self.part(**party) == Part::Responsible).count()
    }
}

/// The tasks of the source with who usually has which part, in the order of [`Party`].
const PROPOSED: [(&str, &str, &str, [u8; 5]); 11] = [
    ("applications", "Anträge bearbeiten", "Handle applications", *b"V----"),
    ("processes", "Abläufe anpassen", "Adapt processes", *b"VM---"),
    ("first_level", "Support 1st Level", "1st level support", *b"M---V"),
    ("second_level", "Support 2nd Level", "2nd level support", *b"VMMM-"),
    ("emergency", "Ausfall und Notfall", "Outage and emergency", *b"MMV-M"),
    ("roles_and_rights", "Rollen und Rechte", "Roles and rights", *b"MVM--"),
    ("interface", "Schnittstelle zum Fachverfahren", "Interface to the specialist procedure", *b"MMVM-"),
    ("case_file", "E-Akte und Fachakte", "Electronic case file", *b"MVM--"),
    ("costs", "Kosten klären", "Settle costs", *b"M---V"),
    ("knowledge", "Wissen pflegen", "Keep knowledge", *b"VM--M"),
    ("advice", "Nutzerinnen und Nutzer beraten", "Advise users", *b"V---M"),
];

/// What is proposed until the municipality has settled it.
pub fn proposal() -> Vec<Task> {
    let task = |(word, _, _, parts): &(&str, &str, &str, [u8; 5])| {
        let mut task = Task::of_nobody(word);
        for (party, part) in Party::ALL.iter().zip(parts) {
            let part = match part {
                b'V' => Part::Responsible,
                b'M' => Part::Contributes,
                _ => Part::None,
            };
            task.set(*party, part);
        }
        task
    };
    PROPOSED.iter().map(task).collect()
}

/// The most tasks a division has.
pub const MOST_TASKS: usize = 50;

/// Says all that is wrong with a division.
pub fn check(tasks: &[Task], faults: &mut Faults) {
    if tasks.is_empty() {
        faults.add("tasks", "must name at least one task");
    }
    if tasks.len() > MOST_TASKS {
        faults.add("tasks", format!("has {} tasks; at most {MOST_TASKS} are kept", tasks.len()));
    }
    for (index, task) in tasks.iter().enumerate() {
        let field = format!("tasks[{index}]");
        faults.text(&format!("{field}.task"), &task.task, 100);
        if tasks.iter().take(index).any(|other| other.task.trim() == task.task.trim()) {
            faults.add(format!("{field}.task"), format!("«{}» stands there twice; keep one of them", task.task));
        }
        match task.responsible() {
            1 => {}
            0 => faults.add(field, "needs exactly one responsible party and has none; make one of them responsible"),
            n => {
                faults.add(field, format!("needs exactly one responsible party and has {n}; let the others contribute"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proposal_is_a_good_division() {
        let mut faults = Faults::default();
        check(&proposal(), &mut faults);
        assert!(faults.finish().is_ok());
        assert_eq!(proposal()[2].title().de, "Support 1st Level");
    }

    #[test]
    fn exactly_one_is_responsible() {
        let mut tasks = vec![Task::of_nobody("Schulung"), Task::of_nobody("Schulung"), Task::of_nobody(" ")];
        tasks[1].land = Part::Responsible;
        tasks[1].it_provider = Part::Responsible;
        let mut faults = Faults::default();
        check(&tasks, &mut faults);
        let said = faults.finish().unwrap_err().to_string();
        for part in [
            "tasks[0]: needs exactly one responsible party and has none",
            "tasks[1]: needs exactly one responsible party and has 2",
            "tasks[1].task: «Schulung» stands there twice",
            "tasks[2].task: must not be empty",
        ] {
            assert!(said.contains(part), "{part}: {said}");
        }
        let mut faults = Faults::default();
        check(&[], &mut faults);
        assert!(!faults.is_empty());
    }

    #[test]
    fn a_task_of_ones_own_is_called_as_it_was_written() {
        let task: Task = serde_json::from_str(r#"{"task": "Schulung", "land": "responsible"}"#).unwrap();
        assert_eq!((task.title().de.as_ref(), task.it_provider), ("Schulung", Part::None));
    }
}
