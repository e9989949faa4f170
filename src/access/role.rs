//! The roles. What each may do stands in `policy.rs`.

crate::text_enum! {
    /// What somebody is to Lotse.
    pub enum Role {
        /// 1st level: takes requests, looks them up for the person on the line.
        Agent = "agent",
        /// A municipality's central contact: assesses the requests of its region.
        Central = "central",
        /// A technical or functional contact: sees the escalations that reached it.
        SecondLevel = "second_level",
        /// Keeps the directory of a region: municipalities, adoptions, contacts, help channels.
        DirectoryEditor = "directory_editor",
        /// Leads a municipality's use of a service: its adoption, channels and contacts.
        ProjectLead = "project_lead",
        /// Watches over personal data: opens, exports and deletes it, reads who did what.
        DataProtection = "data_protection",
        /// Reads everything but personal data, changes nothing.
        Auditor = "auditor",
        /// Runs this installation.
        Admin = "admin",
    }
}
