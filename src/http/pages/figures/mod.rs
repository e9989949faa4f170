//! The figures: four of them large, lines over time, tables by service, category, municipality, contact and way in.
//!
//! Invariant: the same use case as the API, so the same rights; every chart has its table beside it. Where next:
//! `chart.rs` (pictures), `table.rs` (tables), `names.rs` (words).

mod chart;
pub mod names;
mod table;

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;
use chrono::NaiveDate;
use serde::Deserialize;

use self::chart::{Lines, in_time, long};
use self::names::Names;
use self::table::{Row, Told, row, told};
use super::directory::named::by_name;
use super::field::{Choice, Field};
use super::login::PageResult;
use super::shell::{Shell, show};
use super::worklist;
use crate::access::Action;
use crate::error::AppError;
use crate::figures::browse::AIM;
use crate::figures::{Asked, Facts, Figures, Narrowed, Period, PeriodKind, figures};
use crate::http::State;
use crate::http::api::figures::FiguresQuery;
use crate::http::auth::{parse_query, right};
use crate::http::visitor::Staff;
use crate::tickets::ticket::{Category, Channel};

/// The address of the page.
const HERE: &str = "/zahlen";

/// What is asked for, as it was typed.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
struct Wanted {
    zeitraum: String,
    am: String,
    von: String,
    bis: String,
    ort: String,
    dienst: String,
    thema: String,
    weg: String,
    stelle: String,
}

/// A link to the same figures of other days.
struct Way {
    href: String,
    label: String,
    is_here: bool,
}

/// A large figure.
struct Large {
    label: String,
    value: String,
    /// Whether the aim is reached, in words.
    aim: Option<(bool, String)>,
    below: String,
}

#[derive(Template)]
#[template(path = "figures.html")]
struct Page {
    shell: Shell,
    kinds: Vec<Way>,
    title: String,
    compared: String,
    before: Way,
    after: Option<Way>,
    from: Field,
    to: Field,
    region: Field,
    service: Choice,
    category: Choice,
    origin: Choice,
    contact: Field,
    is_narrowed: bool,
    is_days: bool,
    csv: String,
    xlsx: String,
    is_empty: bool,
    large: Vec<Large>,
    /// The list of requests, where some are overdue that lines and tables do not count.
    overdue: Option<String>,
    lines: Vec<(&'static str, String, String, Lines, bool)>,
    steps: Vec<Row>,
    step_column: String,
    tables: Vec<Told>,
}

impl Wanted {
    /// What the API would be asked, with faults at the fields of the page.
    fn query(&self, shell: &mut Shell) -> FiguresQuery {
        let day = |shell: &mut Shell, field: &str, text: &str| match text.trim() {
            "" => None,
            text => text.parse::<NaiveDate>().map_err(|_| shell.fault(field, "figures-fault-day")).ok(),
        };
        let kind: Option<PeriodKind> = self.zeitraum.parse().ok();
        let mut query = FiguresQuery { period: kind, ..FiguresQuery::default() };
        query.on = self.am.parse().ok();
        query.from = day(shell, "von", &self.von);
        query.to = day(shell, "bis", &self.bis);
        query.category = self.thema.parse().ok();
        query.origin = self.weg.parse().ok();
        query.service = self.dienst.parse().ok();
        if !self.ort.trim().is_empty() {
            query.ars = self.ort.trim().parse().map_err(|_| shell.fault("ort", "figures-fault-region")).ok();
        }
        query.contact = self.stelle.trim().parse().ok();
        query
    }

    /// The figures of these days, narrowed as now, by the names of the page or of the API.
    fn address(&self, period: &Period, is_api: bool) -> String {
        let (from, to) = (period.from.to_string(), period.to.to_string());
        let is_days = period.kind == PeriodKind::Days;
        let days = if is_days { [("von", "from", &from), ("bis", "to", &to)] } else { [("am", "on", &from); 2] };
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair(if is_api { "period" } else { "zeitraum" }, period.kind.as_str());
        let narrowed = [
            ("ort", "ars", &self.ort),
            ("dienst", "service", &self.dienst),
            ("thema", "category", &self.thema),
            ("weg", "origin", &self.weg),
            ("stelle", "contact", &self.stelle),
        ];
        let days = days.into_iter().take(if is_days { 2 } else { 1 });
        for (page, api, value) in days.chain(narrowed).filter(|(.., value)| !value.trim().is_empty()) {
            query.append_pair(if is_api { api } else { page }, value.trim());
        }
        query.finish()
    }

    /// The list of requests, narrowed as now, for whoever may open it; what is overdue stands first in it.
    fn requests(&self, shell: &Shell) -> Option<String> {
        // The list knows neither regions nor contacts; it would show more than is told of here.
        let is_known = matches!(self.ort.trim().len(), 0 | 12) && self.stelle.trim().is_empty();
        if !is_known || !shell.is_offered(worklist::HERE) {
            return None;
        }
        let narrowed = [("dienst", &self.dienst), ("thema", &self.thema), ("ort", &self.ort)];
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(narrowed.into_iter().filter(|(_, value)| !value.trim().is_empty()));
        let query = query.finish();
        Some(if query.is_empty() { worklist::HERE.to_owned() } else { format!("{}?{query}", worklist::HERE) })
    }
}

/// Figures of the days and requests that were asked for.
pub async fn view(state: Data<State>, request: HttpRequest, page: Staff<right::ReadFigures>) -> PageResult {
    let mut wanted: Wanted = parse_query(request.query_string())?;
    let mut shell = Shell::new(&state, &request, &page.person.visitor);
    // People type the name; addresses and files say the id.
    if !wanted.stelle.trim().is_empty() {
        let reach = page.person.caller.reach(Action::ReadDirectory);
        let found = by_name(&state, &reach, &wanted.stelle).await?;
        match found {
            Ok(contact) => wanted.stelle = contact.to_string(),
            Err(key) => shell.fault("stelle", key),
        }
    }
    let query = wanted.query(&mut shell);
    let today = state.today();
    let period = match query.period(today) {
        Ok(period) => period,
        Err(AppError::Invalid(_)) => {
            if shell.faults.is_empty() {
                shell.fault(if query.from.is_none() { "von" } else { "bis" }, "figures-fault-days");
            }
            Period::around(PeriodKind::Quarter, today)
        }
        Err(fault) => return Err(fault.into()),
    };
    let asked = Asked { period, narrowed: query.narrowed(), is_whole: false };
    let is_narrowed = asked.narrowed != Narrowed::default();
    let found = figures(state.desk(), &page.person.caller, asked).await?;
    let status = if shell.faults.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let shown = shaped(&state, shell, &wanted, is_narrowed, &found, today);
    Ok(show(status, &shown.shell, &shown))
}

fn shaped(state: &State, shell: Shell, wanted: &Wanted, is_narrowed: bool, found: &Figures, today: NaiveDate) -> Page {
    let names = Names(shell.language);
    let way = |period: &Period, label: String, is_here: bool| Way {
        href: format!("{HERE}?{}", wanted.address(period, false)),
        label,
        is_here,
    };
    let kind = |kind: PeriodKind| {
        let day = if found.period.to < today { found.period.to } else { today.max(found.period.from) };
        way(&Period::around(kind, day), shell.say(&format!("figures-{kind}")), found.period.kind == kind)
    };
    let days = |period: &Period| {
        shell
            .language
            .with_all("figures-days-between", &[("from", names.day(period.from)), ("to", names.day(period.to))])
    };
    let running = match (found.period.from > today, found.period.to >= today) {
        (true, _) => shell.say("figures-ahead"),
        (false, true) => shell.say("figures-running"),
        (false, false) => String::new(),
    };
    let file = |format| format!("/api/v1/figures?{}&format={format}", wanted.address(&found.period, true));
    let any = |rest: Vec<(String, String)>| -> Vec<(String, String)> {
        std::iter::once((String::new(), shell.say("figures-any"))).chain(rest).collect()
    };
    let text = |id, key, value: &str| Field::text(&shell, id, &shell.say(key), value).may_be_empty();
    let is_days = found.period.kind == PeriodKind::Days;
    let typed = |typed: &str, day: NaiveDate| if typed.is_empty() { day.to_string() } else { typed.to_owned() };
    let categories = Category::ALL.iter().map(|one| (one.to_string(), shell.say(&format!("category-{one}"))));
    let origins = Channel::ALL.iter().map(|one| (one.to_string(), shell.say(&format!("channel-{one}"))));
    let directory = state.directory().current();
    let services = directory.services().iter().map(|one| (one.slug.to_string(), one.name.to_string()));
    Page {
        kinds: [PeriodKind::Month, PeriodKind::Quarter, PeriodKind::Year].into_iter().map(kind).collect(),
        title: days(&found.period),
        compared: format!("{running}{}", shell.with("figures-compared", "days", days(&found.period_before))),
        before: way(&found.period_before, shell.say("figures-before"), false),
        after: (found.period.to < today).then(|| way(&found.period.after(), shell.say("figures-after"), false)),
        from: text("von", "figures-from", &typed(&wanted.von, found.period.from)).kind("date"),
        to: text("bis", "figures-to", &typed(&wanted.bis, found.period.to)).kind("date"),
        region: text("ort", "figures-region", &wanted.ort).hint(shell.say("figures-region-hint")),
        service: Choice::new(
            &shell,
            "dienst",
            &shell.say("figures-by-service"),
            any(services.collect()),
            &wanted.dienst,
        ),
        category: Choice::new(
            &shell,
            "thema",
            &shell.say("figures-by-category"),
            any(categories.collect()),
            &wanted.thema,
        ),
        origin: Choice::new(&shell, "weg", &shell.say("figures-by-origin"), any(origins.collect()), &wanted.weg),
        contact: text("stelle", "figures-contact", &wanted.stelle).hint(shell.say("figures-contact-hint")),
        is_narrowed,
        is_days,
        csv: file("csv"),
        xlsx: file("xlsx"),
        is_empty: found.facts.received == 0,
        large: large(&shell, names, found),
        overdue: found.overdue.filter(|count| *count > 0).and_then(|_| wanted.requests(&shell)),
        lines: lines(&shell, names, found),
        steps: found
            .line
            .iter()
            .filter(|point| point.from <= today)
            .map(|point| row(names, names.step(found.step, point.from), None, &point.facts))
            .collect(),
        step_column: shell.say(&format!("figures-step-{}", found.step)),
        tables: found
            .tables
            .iter()
            .filter(|table| !table.parts.is_empty())
            .map(|table| told(&shell, names, table))
            .collect(),
        shell,
    }
}

/// The four that stand on top.
fn large(shell: &Shell, names: Names, found: &Figures) -> Vec<Large> {
    let (now, before) = (&found.facts, &found.facts_before);
    let took = |label, of: fn(&Facts) -> Option<crate::figures::Times>| {
        let (half, most) = names.times(of(now));
        let values = [("most", most), ("before", names.times(of(before)).0)];
        Large {
            label: shell.say(label),
            value: half,
            aim: None,
            below: shell.language.with_all("figures-most-before", &values),
        }
    };
    let aim = |share: i64| {
        let is_reached = share >= AIM;
        let key = if is_reached { "figures-aim-reached" } else { "figures-aim-missed" };
        (is_reached, shell.with(key, "share", AIM))
    };
    let then = names.percent(before.in_time_percent);
    let below = match found.overdue.filter(|count| *count > 0) {
        Some(count) => {
            let values = [("count", count.to_string()), ("number", names.number(count)), ("before", then)];
            shell.language.with_all("figures-overdue-then", &values)
        }
        None => shell.with("figures-then", "before", then),
    };
    let received = [("open", names.number(now.open)), ("before", names.number(before.received))];
    vec![
        Large {
            label: shell.say("figures-in-time"),
            value: names.percent(found.kept_percent),
            aim: found.kept_percent.map(aim),
            below,
        },
        took("figures-half-taken", |facts| facts.acknowledge),
        took("figures-half-answer", |facts| facts.answer),
        Large {
            label: shell.say("figures-requests"),
            value: names.number(now.received),
            aim: None,
            below: shell.language.with_all("figures-open-before", &received),
        },
    ]
}

/// Id, title, what is below it, the picture, and whether its table is the one of the share.
fn lines(shell: &Shell, names: Names, found: &Figures) -> Vec<(&'static str, String, String, Lines, bool)> {
    let title = |key: &str| shell.say(key);
    let facts = &found.facts;
    let label = |key: &str, value: String| shell.with(key, "value", value);
    let share = label("figures-chart-share", names.percent(facts.in_time_percent));
    let taken = label("figures-chart-taken", names.times(facts.acknowledge).0);
    let answer = label("figures-chart-answer", names.times(facts.answer).0);
    let times = |of: fn(&Facts) -> Option<crate::figures::Times>| {
        move |found: &Figures, at: usize| found.line.get(at).and_then(|point| of(&point.facts))
    };
    vec![
        ("rechtzeitig", title("figures-in-time"), title("figures-share-what"), in_time(found, names, share, AIM), true),
        (
            "uebernahme",
            title("figures-until-taken"),
            title("figures-clock-time"),
            long(found, names, taken, times(|facts| facts.acknowledge)),
            false,
        ),
        (
            "antwort",
            title("figures-until-answer"),
            title("figures-clock-time"),
            long(found, names, answer, times(|facts| facts.answer)),
            false,
        ),
    ]
}
