//! What the list is narrowed to, as it stands in the address, and the addresses of its neighbours.
//!
//! Invariant: reading an address and writing it again leads to the same list; a word that means nothing narrows
//! nothing, and where a person typed it, they are told.

use serde::Deserialize;

use super::{AT_ONCE, HERE};
use crate::access::Caller;
use crate::directory::Snapshot;
use crate::error::AppError;
use crate::escalation::worklist::Look;
use crate::http::State;
use crate::http::auth::parse_query;
use crate::http::pages::field::Choice;
use crate::http::pages::intake::GROUPS;
use crate::http::pages::intake::find::{doubt, found, label};
use crate::http::pages::shell::Shell;
use crate::keys::{Ars, ArsPrefix};
use crate::tickets::TicketNumber;
use crate::tickets::browse::{Filter, Order, Seek};
use crate::tickets::counts::Counts;
use crate::tickets::status::{TicketStatus, is_open};
use crate::tickets::ticket::{Category, ReplyWish};

/// What one looks at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// All that is open.
    Open,
    /// What nobody has.
    Unclaimed,
    /// One's own.
    Mine,
    /// At the 2nd level.
    Escalated,
    /// Waiting for the person.
    Waiting,
}

/// In the order of the keys 1 to 5.
pub const VIEWS: [View; 5] = [View::Open, View::Unclaimed, View::Mine, View::Escalated, View::Waiting];

impl View {
    /// As it stands in the address; the usual one does not.
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "",
            Self::Unclaimed => "frei",
            Self::Mine => "meine",
            Self::Escalated => "eskaliert",
            Self::Waiting => "wartet",
        }
    }

    /// The key of its name.
    pub fn label(self) -> &'static str {
        match self {
            Self::Open => "worklist-view-open",
            Self::Unclaimed => "worklist-view-unclaimed",
            Self::Mine => "worklist-view-mine",
            Self::Escalated => "worklist-view-escalated",
            Self::Waiting => "worklist-view-waiting",
        }
    }

    /// The key of what is said where it is empty.
    pub fn none(self) -> &'static str {
        match self {
            Self::Open => "worklist-none-open",
            Self::Unclaimed => "worklist-none-unclaimed",
            Self::Mine => "worklist-none-mine",
            Self::Escalated => "worklist-none-escalated",
            Self::Waiting => "worklist-none-waiting",
        }
    }

    /// How many are in it.
    pub fn count(self, counts: &Counts) -> usize {
        match self {
            Self::Open => counts.open,
            Self::Unclaimed => counts.unclaimed,
            Self::Mine => counts.mine,
            Self::Escalated => counts.escalated,
            Self::Waiting => counts.waiting,
        }
    }
}

/// The parts of the address.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Wanted {
    /// Which view.
    pub ansicht: String,
    /// A number, or words.
    pub q: String,
    /// A service.
    pub dienst: String,
    /// A place, in words or as a key.
    pub ort: String,
    /// A state, instead of a view.
    pub stand: String,
    /// A category.
    pub thema: String,
    /// How the person wants to be answered.
    pub wunsch: String,
    /// The order.
    pub sort: String,
    /// On from here.
    pub nach: String,
    /// Back from here.
    pub vor: String,
}

impl Wanted {
    /// Reads an address.
    pub fn read(query: &str) -> Result<Self, AppError> {
        let mut wanted: Self = parse_query(query)?;
        for part in wanted.parts_mut() {
            let plain: String = part.chars().filter(|c| !c.is_control()).collect();
            let short: String = plain.trim().chars().take(200).collect();
            short.trim_end().clone_into(part);
        }
        Ok(wanted)
    }

    fn parts_mut(&mut self) -> [&mut String; 10] {
        let Self { ansicht, q, dienst, ort, stand, thema, wunsch, sort, nach, vor } = self;
        [ansicht, q, dienst, ort, stand, thema, wunsch, sort, nach, vor]
    }

    fn parts(&self) -> [(&'static str, &str); 10] {
        [
            ("ansicht", &self.ansicht),
            ("q", &self.q),
            ("dienst", &self.dienst),
            ("ort", &self.ort),
            ("stand", &self.stand),
            ("thema", &self.thema),
            ("wunsch", &self.wunsch),
            ("sort", &self.sort),
            ("nach", &self.nach),
            ("vor", &self.vor),
        ]
    }

    /// The query of this list, without a question mark.
    pub fn query(&self) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in self.parts().into_iter().filter(|(_, value)| !value.is_empty()) {
            query.append_pair(name, value);
        }
        query.finish()
    }

    /// The address of this list.
    pub fn href(&self) -> String {
        match self.query() {
            query if query.is_empty() => HERE.to_owned(),
            query => format!("{HERE}?{query}"),
        }
    }

    /// The beginning of a list that differs in something.
    pub fn with(&self, change: impl FnOnce(&mut Self)) -> String {
        let mut to = Self { nach: String::new(), vor: String::new(), ..self.clone() };
        change(&mut to);
        to.href()
    }

    /// The next or the last page.
    pub fn turned(&self, name: &str, cursor: &str) -> String {
        self.with(|to| if name == "vor" { cursor.clone_into(&mut to.vor) } else { cursor.clone_into(&mut to.nach) })
    }

    /// What goes along with the search.
    pub fn beside_search(&self) -> Vec<(&'static str, &str)> {
        self.kept(&["q", "nach", "vor"])
    }

    /// What goes along with the other filters.
    pub fn beside_filters(&self) -> Vec<(&'static str, &str)> {
        let own = ["dienst", "ort", "stand", "thema", "wunsch", "sort", "nach", "vor"];
        self.kept(&own)
    }

    fn kept(&self, without: &[&str]) -> Vec<(&'static str, &str)> {
        self.parts().into_iter().filter(|(name, value)| !value.is_empty() && !without.contains(name)).collect()
    }

    fn number(&self) -> Option<TicketNumber> {
        self.q.parse().ok()
    }

    /// True where one number is looked for.
    pub fn is_number(&self) -> bool {
        self.number().is_some()
    }

    /// True where something beyond the view narrows the list.
    pub fn is_narrowed(&self) -> bool {
        let parts = [&self.q, &self.dienst, &self.ort, &self.stand, &self.thema, &self.wunsch];
        parts.into_iter().any(|part| !part.is_empty())
    }

    /// The view; none where a number or a state is looked for.
    pub fn view(&self) -> Option<View> {
        if self.is_number() || !self.stand.is_empty() {
            return None;
        }
        VIEWS.into_iter().find(|view| view.word() == self.ansicht).or(Some(View::Open))
    }

    /// True where only what has ended is listed: nothing there is urgent any more.
    pub fn is_ended(&self) -> bool {
        self.stand.parse::<TicketStatus>().is_ok_and(|status| !is_open(status))
    }

    /// What to ask the list for. Parts that mean nothing are taken out, and the shell says so.
    pub fn look(&mut self, state: &State, caller: &Caller, shell: &mut Shell) -> Look {
        let snapshot = state.directory().current();
        let mut common = Filter::default();
        match snapshot.service(&self.dienst) {
            Some(service) => common.service = Some(service.slug.clone()),
            None => self.dienst.clear(),
        }
        common.category = self.thema.parse().ok();
        if common.category.is_none() {
            self.thema.clear();
        }
        common.wish = self.wunsch.parse().ok();
        if common.wish.is_none() {
            self.wunsch.clear();
        }
        if !self.ort.is_empty() {
            common.ars = self.place(&snapshot, shell);
        }
        if !self.q.is_empty() {
            common = common.search(&self.q);
        }
        let status: Option<TicketStatus> = self.stand.parse().ok();
        if status.is_none() {
            self.stand.clear();
        }
        let mut filter = Filter { is_open: status.is_none_or(is_open), ..common.clone() };
        match (self.view(), status) {
            (_, Some(status)) => filter.status = vec![status],
            // Whoever names a number wants just that request, wherever it stands.
            (None, None) => filter.is_open = false,
            (Some(View::Open), _) => {}
            (Some(View::Unclaimed), _) => filter.is_unclaimed = true,
            (Some(View::Mine), _) => filter.claimed_by = Some(caller.id),
            (Some(View::Escalated), _) => filter.status = vec![TicketStatus::Escalated],
            (Some(View::Waiting), _) => filter.status = vec![TicketStatus::Waiting],
        }
        let seek = match (self.nach.as_str(), self.vor.as_str()) {
            ("", "") => Seek::First,
            ("", before) => Seek::Before(before.to_owned()),
            (after, _) => Seek::After(after.to_owned()),
        };
        // What has ended has no clock that could stand; its index knows what was due first.
        let order = match self.sort.as_str() {
            "neu" => Order::Newest,
            _ if filter.is_ended() => Order::Due,
            _ => Order::Work,
        };
        let counted = Filter { number: None, ..common };
        Look { filter, counted, seek, order: Some(order), limit: AT_ONCE }
    }

    /// The region that was typed: a key or its beginning, a name, a postal code.
    fn place(&mut self, snapshot: &Snapshot, shell: &mut Shell) -> Option<ArsPrefix> {
        let places = found(snapshot, &self.ort);
        if let [one] = places.as_slice() {
            if !self.ort.bytes().all(|b| b.is_ascii_digit()) {
                self.ort = label(one);
            }
            return Some(one.ars.clone().into());
        }
        if places.is_empty()
            && let Ok(prefix) = self.ort.parse()
        {
            return Some(prefix);
        }
        let names: Vec<String> = places.iter().map(|place| label(place)).collect();
        let text = match names.len() {
            0 => shell.with("intake-unknown-place", "text", &self.ort),
            count => {
                let or = shell.say("intake-or");
                shell.language.with_all("intake-which-place", &doubt(&self.ort, count, &names, &or))
            }
        };
        shell.fault_text("ort", text);
        None
    }

    /// What narrows the list beyond view and search, each with the address without it.
    pub fn chips(&self, shell: &Shell, snapshot: &Snapshot) -> Vec<(String, String)> {
        let mut chips = Vec::new();
        let mut chip = |key: &str, value: String, without: fn(&mut Self)| {
            chips.push((format!("{}: {value}", shell.say(key)), self.with(without)));
        };
        if let Some(service) = snapshot.service(&self.dienst) {
            chip("worklist-service", service.name.to_string(), |to| to.dienst.clear());
        }
        if !self.ort.is_empty() && shell.fault_of("ort").is_none() {
            let named = self.ort.parse::<Ars>().ok().and_then(|ars| Some(label(snapshot.municipality(&ars)?)));
            chip("worklist-place", named.unwrap_or_else(|| self.ort.clone()), |to| to.ort.clear());
        }
        if !self.stand.is_empty() {
            chip("worklist-state", shell.say(&format!("ticket-{}", self.stand)), |to| to.stand.clear());
        }
        if !self.thema.is_empty() {
            chip("worklist-category", shell.say(&format!("category-{}", self.thema)), |to| to.thema.clear());
        }
        if !self.wunsch.is_empty() {
            chip("worklist-wish", shell.say(&format!("wish-{}", self.wunsch)), |to| to.wunsch.clear());
        }
        if !self.q.is_empty() {
            chip("worklist-search", self.q.clone(), |to| to.q.clear());
        }
        chips
    }

    /// The services to choose from.
    pub fn services(&self, shell: &Shell, snapshot: &Snapshot) -> Choice {
        let mut all: Vec<(String, String)> =
            snapshot.services().iter().map(|one| (one.slug.to_string(), one.name.to_string())).collect();
        all.sort_by(|a, b| a.1.cmp(&b.1));
        self.choice(shell, "dienst", "worklist-service", "worklist-any", all, &self.dienst)
    }

    /// The states to choose from.
    pub fn states(&self, shell: &Shell) -> Choice {
        let all = TicketStatus::ALL.iter().map(|one| (one.to_string(), shell.say(&format!("ticket-{one}")))).collect();
        self.choice(shell, "stand", "worklist-state", "worklist-any-state", all, &self.stand)
    }

    /// The categories to choose from.
    pub fn categories(&self, shell: &Shell) -> Choice {
        let named = |one: &Category| (one.to_string(), shell.say(&format!("category-{one}")));
        let all = GROUPS.iter().flat_map(|(_, all)| all.iter().map(named)).collect();
        self.choice(shell, "thema", "worklist-category", "worklist-any", all, &self.thema)
    }

    /// How people want to be answered, to choose from.
    pub fn wishes(&self, shell: &Shell) -> Choice {
        let all = ReplyWish::ALL.iter().map(|one| (one.to_string(), shell.say(&format!("wish-{one}")))).collect();
        self.choice(shell, "wunsch", "worklist-wish", "worklist-any", all, &self.wunsch)
    }

    /// Only the callbacks of this list: whoever answers makes them. Nothing where it holds them alone.
    pub fn callbacks(&self) -> Option<String> {
        let phone = ReplyWish::Phone.to_string();
        (self.wunsch != phone).then(|| self.with(|to| to.wunsch = phone))
    }

    /// The orders to choose from.
    pub fn orders(&self, shell: &Shell) -> Choice {
        let newest = vec![("neu".to_owned(), shell.say("worklist-sort-newest"))];
        let usual = if self.is_ended() { "worklist-sort-ended" } else { "worklist-sort-due" };
        self.choice(shell, "sort", "worklist-sort", usual, newest, &self.sort)
    }

    fn choice(
        &self,
        shell: &Shell,
        id: &str,
        name: &str,
        none: &str,
        all: Vec<(String, String)>,
        chosen: &str,
    ) -> Choice {
        let options = std::iter::once((String::new(), shell.say(none))).chain(all).collect();
        Choice::new(shell, id, &shell.say(name), options, chosen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_and_written_alike() {
        for query in [
            "",
            "ansicht=frei&dienst=wohngeld&ort=01002",
            "q=Fehler+500&sort=neu&nach=abc",
            "stand=closed&wunsch=phone",
        ] {
            let wanted = Wanted::read(query).unwrap();
            assert_eq!(wanted.query(), query);
        }
        // What is left out lets no spaces come to the border.
        for query in ["q=%00+a", "q=a+%0A", &format!("q={}+b", "a".repeat(199))] {
            let wanted = Wanted::read(query).unwrap();
            assert_eq!(Wanted::read(&wanted.query()).unwrap(), wanted, "{query}");
        }
        let wanted = Wanted::read("ansicht=meine&nach=abc&getan=x&q=+b%00%0A+").unwrap();
        assert_eq!(wanted.with(|to| to.dienst = "a b".into()), "/anfragen?ansicht=meine&q=b&dienst=a+b");
        assert_eq!(wanted.turned("vor", "xyz"), "/anfragen?ansicht=meine&q=b&vor=xyz");
    }

    #[test]
    fn a_number_or_a_state_is_no_view() {
        let view = |query: &str| Wanted::read(query).unwrap().view();
        assert_eq!(view(""), Some(View::Open));
        assert_eq!(view("ansicht=wartet"), Some(View::Waiting));
        assert_eq!(view("ansicht=gibtesnicht"), Some(View::Open));
        assert_eq!(view("ansicht=wartet&stand=closed"), None);
        assert_eq!(view("q=26-004711-9"), None);
        assert_eq!(view("q=Fehler 500"), Some(View::Open));
    }
}
