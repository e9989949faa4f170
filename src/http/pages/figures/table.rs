//! The tables of figures: a row for each part, the rest in one.

use super::chart::{Bar, bars};
use super::names::Names;
use crate::figures::export::Naming;
use crate::figures::{Dimension, Facts};
use crate::http::pages::shell::Shell;

/// A row of a table.
pub struct Row {
    /// Of what.
    pub name: String,
    /// Its key, where names are not enough.
    pub key: Option<String>,
    /// How many came in.
    pub received: String,
    /// Share of the answered that were in time.
    pub share: String,
    /// Open, late, escalated; half and nine of ten until taken and until answered.
    pub cells: [String; 7],
}

/// A table.
pub struct Told {
    /// Its id on the page.
    pub id: &'static str,
    /// What it is called.
    pub title: String,
    /// What its first column is called.
    pub column: String,
    /// The parts that are shown.
    pub rows: Vec<Row>,
    /// All others.
    pub rest: Option<Row>,
    /// The picture of it.
    pub bars: Vec<Bar>,
    /// What the picture is called.
    pub bars_label: String,
}

/// A row in words.
pub fn row(names: Names, name: String, key: Option<String>, facts: &Facts) -> Row {
    let (taken, taken_most) = names.times(facts.acknowledge);
    let (answer, answer_most) = names.times(facts.answer);
    let number = |number| names.number(number);
    Row {
        name,
        key,
        received: number(facts.received),
        share: names.percent(facts.in_time_percent),
        cells: [
            number(facts.open),
            number(facts.late),
            number(facts.escalated),
            taken,
            taken_most,
            answer,
            answer_most,
        ],
    }
}

/// A table in words.
pub fn told(shell: &Shell, names: Names, table: &crate::figures::Table) -> Told {
    let name = |part: &crate::figures::FiguresPart| names.row(table.by, &part.value, part.name.as_deref());
    let key = |value: &str| (table.by == Dimension::Municipality).then(|| value.to_owned());
    let rows = table.parts.iter().map(|part| row(names, name(part), key(&part.value), &part.facts));
    let rest =
        table.rest.as_ref().map(|facts| row(names, shell.with("figures-more", "count", table.more), None, facts));
    let title = names.sheet(table.by);
    Told {
        id: table.by.as_str(),
        bars_label: shell.with("figures-chart-bars", "by", &title),
        column: title.clone(),
        title: shell.with("figures-title-by", "by", title),
        rows: rows.collect(),
        rest,
        bars: bars(&table.parts, names, name),
    }
}
