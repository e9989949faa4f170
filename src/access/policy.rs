//! The table of rights: role × action × scope. Pure; the only place that says who may do what, and where.
//!
//! [`allows`] says which role has which right at all. A [`Grant`] gives one role in one [`Scope`]: a region, in it
//! perhaps one service, perhaps one help channel. Where several scopes of a person fit an object, the longest match
//! decides, as it does for routing: who is central contact for a Land and auditor for Kiel only reads in Kiel. Grants
//! of the same length add up. An administrator loses nothing by a longer one. [`Reach`] is the answer to "where may they do this?", for one object and for lists.
//!
//! What lies outside the reach is answered as if it did not exist. Every route names one [`Action`]; a test walks all
//! of them for every role.

use serde::{Deserialize, Serialize};

use super::role::Role;
use crate::keys::{Ars, ArsPrefix, Slug};

crate::text_enum! {
    /// Something a caller may want to do.
    pub enum Action {
        /// Hand in a request.
        SubmitTicket = "submit_ticket",
        /// See requests, their state and history.
        ReadTickets = "read_tickets",
        /// Write a note on a request.
        NoteTicket = "note_ticket",
        /// Claim, decide, answer, close.
        AssessTicket = "assess_ticket",
        /// Hand a request to the 2nd level; a 1st level may only where the service allows it.
        EscalateTicket = "escalate_ticket",
        /// See name and addresses of who asked, for a stated purpose.
        OpenReporter = "open_reporter",
        /// Hand out all that is kept about a request (Art. 15 GDPR).
        ExportPersonalData = "export_personal_data",
        /// Delete who asked and what they wrote (Art. 17 GDPR).
        ErasePersonalData = "erase_personal_data",
        /// See escalations and what was sent for them.
        ReadEscalations = "read_escalations",
        /// Acknowledge, answer, return.
        RespondEscalation = "respond_escalation",
        /// See mail that came in, and what it says.
        ReadInbound = "read_inbound",
        /// Say what becomes of it.
        DecideInbound = "decide_inbound",
        /// See what was given up.
        ReadDeliveries = "read_deliveries",
        /// Send again what was given up.
        ReplayDelivery = "replay_delivery",
        /// See who answers for what, dry run and gaps.
        ReadDirectory = "read_directory",
        /// Change a municipality's use of a service and its help channels.
        ChangeAdoption = "change_adoption",
        /// Change contacts.
        ChangeContact = "change_contact",
        /// Change the rest of the directory: Länder, municipalities, services.
        ChangeDirectory = "change_directory",
        /// See people with their roles, and tokens.
        ReadUsers = "read_users",
        /// Invite, disable and reset people, give and take roles, revoke tokens.
        ManageUsers = "manage_users",
        /// See and export who did what.
        ReadAudit = "read_audit",
        /// See the figures of operation.
        ReadMetrics = "read_metrics",
        /// Send again and enable again, for the installation as a whole.
        Operate = "operate",
        /// See the figures of requests: how many, how fast; never of people.
        ReadFigures = "read_figures",
    }
}

crate::text_enum! {
    /// How a request reaches the 1st level.
    pub enum Channel {
        /// Behördennummer 115.
        Hotline115 = "115",
        /// Another phone number.
        Phone = "phone",
        /// Mail.
        Email = "email",
        /// A form.
        Web = "web",
    }
}

/// True where the role has the right at all.
pub fn allows(role: Role, action: Action) -> bool {
    use Action::*;
    match role {
        Role::Admin => true,
        Role::Agent => matches!(action, SubmitTicket | ReadTickets | NoteTicket | EscalateTicket | ReadDirectory),
        Role::Central => matches!(
            action,
            SubmitTicket
                | ReadTickets
                | NoteTicket
                | AssessTicket
                | EscalateTicket
                | OpenReporter
                | ReadEscalations
                | ReadInbound
                | DecideInbound
                | ReadDeliveries
                | ReplayDelivery
                | ReadDirectory
                | ReadFigures
        ),
        Role::SecondLevel => matches!(action, ReadEscalations | RespondEscalation),
        Role::DirectoryEditor => {
            matches!(action, ReadDirectory | ChangeAdoption | ChangeContact | ChangeDirectory | ReadFigures)
        }
        Role::ProjectLead => matches!(action, ReadDirectory | ChangeAdoption | ChangeContact | ReadFigures),
        Role::DataProtection => {
            matches!(action, ReadTickets | OpenReporter | ExportPersonalData | ErasePersonalData | ReadAudit)
        }
        Role::Auditor => matches!(
            action,
            ReadTickets
                | ReadEscalations
                | ReadDeliveries
                | ReadDirectory
                | ReadUsers
                | ReadAudit
                | ReadMetrics
                | ReadFigures
        ),
    }
}

/// True for what is told or done for the installation as a whole, never for a part of it.
fn is_of_the_whole(action: Action) -> bool {
    matches!(
        action,
        Action::ReadUsers | Action::ManageUsers | Action::ReadAudit | Action::ReadMetrics | Action::Operate
    )
}

/// Where a grant holds. The empty region is everywhere; no service is every service; no channel is every channel.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// 2, 3, 5, 9 or 12 digits of an ARS; left out: everywhere.
    #[serde(default = "ArsPrefix::everywhere")]
    pub region: ArsPrefix,
    /// Only this service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Slug>,
    /// Only what came in by this help channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<Channel>,
}

impl Scope {
    /// Everywhere, everything.
    pub fn everywhere() -> Self {
        Self::region(ArsPrefix::everywhere())
    }

    /// Everything in a region.
    pub fn region(region: ArsPrefix) -> Self {
        Self { region, service: None, channel: None }
    }

    /// True where `other` lies within this scope entirely.
    pub fn contains(&self, other: &Scope) -> bool {
        self.region.contains(&other.region)
            && (self.service.is_none() || self.service == other.service)
            && (self.channel.is_none() || self.channel == other.channel)
    }

    fn covers(&self, object: &Object) -> bool {
        object.ars.is_none_or(|ars| ars.is_in(&self.region))
            && (self.service.is_none() || object.service.is_none_or(|service| self.service.as_ref() == Some(service)))
            && (self.channel.is_none() || object.channel.is_none_or(|channel| self.channel == Some(channel)))
    }

    /// The same for what is taken away: a thing that has no service or channel is not in a scope that names one.
    fn names(&self, object: &Object) -> bool {
        self.covers(object)
            && (self.service.is_none() || object.service.is_some())
            && (self.channel.is_none() || object.channel.is_some())
    }

    /// True where it is a region with everything in it.
    pub fn is_whole_region(&self) -> bool {
        self.service.is_none() && self.channel.is_none()
    }

    /// How closely it names things: by region, then service, then channel.
    fn length(&self) -> (usize, bool, bool) {
        (self.region.as_str().len(), self.service.is_some(), self.channel.is_some())
    }

    /// True where some object can lie in both.
    fn meets(&self, other: &Scope) -> bool {
        fn meet<T: PartialEq>(a: &Option<T>, b: &Option<T>) -> bool {
            a.is_none() || b.is_none() || a == b
        }
        self.region.touches(&other.region) && meet(&self.service, &other.service) && meet(&self.channel, &other.channel)
    }
}

/// One role in one scope.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Grant {
    /// The role.
    pub role: Role,
    /// Where.
    #[serde(flatten)]
    pub scope: Scope,
    /// For `second_level`: the contact that it speaks for. Its scope is everything that reached this contact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<Slug>,
}

/// What is asked for. What a thing does not have (a municipality has no service) is not asked about.
#[derive(Debug, Clone, Copy, Default)]
pub struct Object<'a> {
    /// Where it lies.
    pub ars: Option<&'a Ars>,
    /// Which service it is about.
    pub service: Option<&'a Slug>,
    /// How it came in.
    pub channel: Option<Channel>,
}

/// Where somebody may do something. All layers must agree: the first is their own, a second bounds a token by what
/// its owner may at the time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reach {
    layers: Vec<Vec<Term>>,
}

impl Default for Reach {
    /// Nowhere, nothing.
    fn default() -> Self {
        Self { layers: vec![Vec::new()] }
    }
}

/// Within `scope`, except where a longer scope takes the right away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// Where.
    pub scope: Scope,
    /// But not here.
    pub except: Vec<Scope>,
}

impl Reach {
    /// Everywhere, everything: for Lotse itself.
    pub fn everything() -> Self {
        Self { layers: vec![vec![Term { scope: Scope::everywhere(), except: Vec::new() }]] }
    }

    /// Where these grants allow the action. `second_level` grants reach by contact, not by scope, and say nothing here.
    pub fn of(grants: &[Grant], action: Action) -> Self {
        let scoped = || grants.iter().filter(|grant| grant.contact.is_none());
        let allowing = |scope: &Scope| scoped().any(|g| g.scope == *scope && allows(g.role, action));
        let mut terms: Vec<Term> = Vec::new();
        for grant in scoped().filter(|grant| allows(grant.role, action)) {
            if terms.iter().any(|term| term.scope == grant.scope) {
                continue;
            }
            // Who runs the installation loses nothing by helping out somewhere; nor is there a "here" in what is
            // told of the whole.
            let is_whole = grant.role == Role::Admin || is_of_the_whole(action);
            let longer = scoped().map(|g| &g.scope).filter(|scope| !is_whole && scope.length() > grant.scope.length());
            let except = longer.filter(|scope| grant.scope.meets(scope) && !allowing(scope)).cloned().collect();
            terms.push(Term { scope: grant.scope.clone(), except });
        }
        Self { layers: vec![terms] }
    }

    /// This reach, as far as the other goes too.
    pub fn within(mut self, other: Self) -> Self {
        self.layers.extend(other.layers);
        self
    }

    /// True where the object lies within it.
    pub fn covers(&self, object: Object) -> bool {
        let fits = |term: &Term| term.scope.covers(&object) && !term.except.iter().any(|scope| scope.names(&object));
        self.layers.iter().all(|layer| layer.iter().any(fits))
    }

    /// True where the whole region lies within it, whatever the service.
    pub fn covers_region(&self, region: &ArsPrefix) -> bool {
        let fits = |term: &Term| {
            term.scope.region.contains(region)
                && !term.except.iter().any(|scope| scope.is_whole_region() && scope.region.touches(region))
        };
        self.layers.iter().all(|layer| layer.iter().any(fits))
    }

    /// True where nothing is left out.
    pub fn is_everything(&self) -> bool {
        let all = |term: &Term| term.scope == Scope::everywhere() && term.except.is_empty();
        self.layers.iter().all(|layer| layer.iter().any(all))
    }

    /// True where there is nothing at all.
    pub fn is_nothing(&self) -> bool {
        self.layers.iter().any(Vec::is_empty)
    }

    /// For a query: an object is within reach if in every layer one term fits.
    pub fn layers(&self) -> &[Vec<Term>] {
        &self.layers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(role: Role, region: &str, service: &str, channel: &str) -> Grant {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let scope = Scope {
            region: region.parse().unwrap(),
            service: some(service).map(|s| s.parse().unwrap()),
            channel: some(channel).map(|c| c.parse().unwrap()),
        };
        Grant { role, scope, contact: None }
    }

    #[track_caller]
    fn check(grants: &[Grant], action: Action, object: (&str, &str, &str), expected: bool) {
        let (ars, service) = (object.0.parse().unwrap(), object.1.parse().unwrap());
        let object = Object { ars: Some(&ars), service: Some(&service), channel: Some(object.2.parse().unwrap()) };
        assert_eq!(Reach::of(grants, action).covers(object), expected, "{grants:?} {action}");
    }

    const KIEL: (&str, &str, &str) = ("010020000000", "ummeldung", "115");

    #[test]
    fn an_auditor_only_reads() {
        let allowed: Vec<_> = Action::ALL.iter().filter(|a| allows(Role::Auditor, **a)).map(|a| a.as_str()).collect();
        assert!(allowed.iter().all(|a| a.starts_with("read_")), "{allowed:?}");
    }

    #[test]
    fn only_some_open_the_reporter() {
        let roles: Vec<_> = Role::ALL.iter().filter(|r| allows(**r, Action::OpenReporter)).collect();
        assert_eq!(roles, [&Role::Central, &Role::DataProtection, &Role::Admin]);
    }

    #[test]
    fn a_scope_bounds_a_role() {
        use Action::ReadTickets;
        check(&[grant(Role::Central, "", "", "")], ReadTickets, KIEL, true);
        check(&[grant(Role::Central, "01002", "", "")], ReadTickets, KIEL, true);
        check(&[grant(Role::Central, "01003", "", "")], ReadTickets, KIEL, false);
        check(&[grant(Role::Central, "01", "elterngeld", "")], ReadTickets, KIEL, false);
        check(&[grant(Role::Central, "01", "ummeldung", "")], ReadTickets, KIEL, true);
        check(&[grant(Role::Agent, "01", "", "phone")], ReadTickets, KIEL, false);
        check(&[grant(Role::Agent, "01", "", "115")], ReadTickets, KIEL, true);
        check(&[grant(Role::Agent, "01", "", "115")], Action::AssessTicket, KIEL, false);
        check(&[], ReadTickets, KIEL, false);
    }

    #[test]
    fn the_longest_match_decides() {
        let both = [grant(Role::Central, "01", "", ""), grant(Role::Auditor, "01002", "", "")];
        check(&both, Action::AssessTicket, KIEL, false);
        check(&both, Action::ReadTickets, KIEL, true);
        check(&both, Action::AssessTicket, ("010030000000", "ummeldung", "115"), true);
        let again = [both.as_slice(), &[grant(Role::Central, "010020000000", "ummeldung", "")]].concat();
        check(&again, Action::AssessTicket, KIEL, true);
        check(&again, Action::AssessTicket, ("010020000000", "elterngeld", "115"), false);
        let equal = [grant(Role::Central, "01002", "", ""), grant(Role::Auditor, "01002", "", "")];
        check(&equal, Action::AssessTicket, KIEL, true);
    }

    #[test]
    fn a_longer_role_takes_nothing_from_an_administrator_nor_from_what_is_of_the_whole() {
        let both = [grant(Role::Admin, "", "", ""), grant(Role::Central, "01002", "", "")];
        assert!(Action::ALL.iter().all(|action| Reach::of(&both, *action).is_everything()));
        let watch = [grant(Role::Auditor, "", "", ""), grant(Role::Agent, "01002", "", "")];
        assert!(Reach::of(&watch, Action::ReadAudit).is_everything());
        check(&watch, Action::ReadEscalations, KIEL, false);
    }

    #[test]
    fn a_role_for_one_channel_takes_nothing_from_what_has_none() {
        let both = [grant(Role::DirectoryEditor, "01", "", ""), grant(Role::Agent, "01", "", "115")];
        let reach = Reach::of(&both, Action::ChangeAdoption);
        let (kiel, service) = ("010020000000".parse().unwrap(), "ummeldung".parse().unwrap());
        assert!(reach.covers(Object { ars: Some(&kiel), service: Some(&service), channel: None }));
        assert!(Reach::of(&both, Action::ChangeContact).covers_region(&"01002".parse().unwrap()));
    }

    #[test]
    fn an_owner_bounds_a_token() {
        let (wide, narrow) = ([grant(Role::Admin, "", "", "")], [grant(Role::Central, "01003", "", "")]);
        let bounded = Reach::of(&wide, Action::AssessTicket).within(Reach::of(&narrow, Action::AssessTicket));
        let (kiel, luebeck) = ("010020000000".parse().unwrap(), "010030000000".parse().unwrap());
        assert!(bounded.covers(Object { ars: Some(&luebeck), ..Object::default() }));
        assert!(!bounded.covers(Object { ars: Some(&kiel), ..Object::default() }));
        assert!(Reach::of(&wide, Action::ReadUsers).within(Reach::of(&narrow, Action::ReadUsers)).is_nothing());
    }

    #[test]
    fn a_region_is_covered_whole_or_not() {
        let both = [grant(Role::DirectoryEditor, "01", "", ""), grant(Role::Auditor, "01002", "", "")];
        let reach = Reach::of(&both, Action::ChangeDirectory);
        let covers = |region: &str| reach.covers_region(&region.parse().unwrap());
        assert!(covers("01003") && !covers("01") && !covers("01002") && !covers("010020000000") && !covers("02"));
        assert!(!reach.is_everything());
        assert!(Reach::of(&[grant(Role::Admin, "", "", "")], Action::ChangeDirectory).is_everything());
    }
}
