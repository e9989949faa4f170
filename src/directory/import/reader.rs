//! Reads a TOML file entry by entry and remembers where everything stands, so that every fault can be said with
//! its line, all of them at once.
//!
//! Invariant: a key nobody asked for is a fault. Knows nothing of the directory; `file.rs` says what is expected.

use std::fmt::Display;
use std::str::FromStr;

use chrono::NaiveDate;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::error::{AppError, Faults};

/// A value and the byte of the file at which it stands.
#[derive(Debug, Clone)]
pub(super) struct At<T> {
    pub value: T,
    pub at: usize,
}

/// The file's name and text, and what is wrong with it so far.
pub(super) struct Reader<'t> {
    name: &'t str,
    text: &'t str,
    faults: Faults,
}

/// One table of the file.
pub(super) struct Entry<'t> {
    /// What faults call it, such as `adoption.channel`.
    path: String,
    /// Where it begins.
    pub at: usize,
    table: &'t DeTable<'t>,
    asked: Vec<&'static str>,
}

/// What stands in a list that holds texts and tables.
pub(super) enum Item<'t, T> {
    Text(At<T>),
    Table(Entry<'t>),
}

impl<'t> Reader<'t> {
    pub fn new(name: &'t str, text: &'t str) -> Self {
        Self { name, text, faults: Faults::default() }
    }

    /// The syntax tree; faults of the syntax end the reading here, because what follows them would mislead.
    pub fn parse(&mut self) -> Result<DeTable<'t>, AppError> {
        let (table, errors) = DeTable::parse_recoverable(self.text);
        for error in errors {
            let at = error.span().map_or(0, |span| span.start);
            let what = error.message().lines().collect::<Vec<_>>().join(", ");
            self.faults.add(self.line(at), format!("is not TOML: {what}"));
        }
        std::mem::take(&mut self.faults).finish()?;
        Ok(table.into_inner())
    }

    /// The whole file as an entry.
    pub fn root(table: &'t DeTable<'t>) -> Entry<'t> {
        Entry { path: String::new(), at: 0, table, asked: Vec::new() }
    }

    /// Notes a fault of what stands at a byte.
    pub fn fault(&mut self, at: usize, key: &str, message: impl Display) {
        let line = self.line(at);
        self.faults.add(format!("{line}: {key}"), message.to_string());
    }

    /// All that is wrong, if anything is.
    pub fn finish(self) -> Result<(), AppError> {
        self.faults.finish()
    }

    /// The number of the line a byte stands in.
    pub fn number(&self, at: usize) -> usize {
        self.text.bytes().take(at).filter(|b| *b == b'\n').count() + 1
    }

    fn line(&self, at: usize) -> String {
        format!("{}:{}", self.name, self.number(at))
    }
}

impl<'t> Entry<'t> {
    /// How faults call a key of this entry.
    pub fn key(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// Where a key's value stands; where the entry does, if it has no such key.
    pub fn at(&self, key: &str) -> usize {
        self.table.get(key).map_or(self.at, |value| value.span().start)
    }

    /// A value that must be there.
    pub fn required<T: FromStr<Err: Display>>(&mut self, reader: &mut Reader, key: &'static str) -> Option<At<T>> {
        if !self.table.contains_key(key) {
            reader.fault(self.at, &self.key(key), "is missing and must be given");
        }
        self.parsed(reader, key)
    }

    /// A text of a certain form, if it is there.
    pub fn parsed<T: FromStr<Err: Display>>(&mut self, reader: &mut Reader, key: &'static str) -> Option<At<T>> {
        let value = self.value(key)?;
        self.read(reader, key, value)
    }

    /// Texts of a certain form, if the list is there.
    pub fn list<T: FromStr<Err: Display>>(&mut self, reader: &mut Reader, key: &'static str) -> Option<Vec<At<T>>> {
        let value = self.value(key)?;
        let Some(items) = value.get_ref().as_array() else {
            reader.fault(value.span().start, &self.key(key), "must be a list of texts, such as [\"…\"]");
            return None;
        };
        Some(items.iter().filter_map(|item| self.read(reader, key, item)).collect())
    }

    /// What stands in a list, each a text of a certain form or a table, if the list is there.
    pub fn items<T: FromStr<Err: Display>>(
        &mut self,
        reader: &mut Reader,
        key: &'static str,
    ) -> Option<Vec<Item<'t, T>>> {
        let value = self.value(key)?;
        let Some(items) = value.get_ref().as_array() else {
            reader.fault(value.span().start, &self.key(key), "must be a list, such as [\"…\"]");
            return None;
        };
        let item = |item| match self.entry(key, item) {
            Some(entry) => Some(Item::Table(entry)),
            None => self.read(reader, key, item).map(Item::Text),
        };
        Some(items.iter().filter_map(item).collect())
    }

    /// A day, if it is there; as a date of TOML or as text.
    pub fn date(&mut self, reader: &mut Reader, key: &'static str) -> Option<NaiveDate> {
        let value = self.value(key)?;
        let date = match value.get_ref() {
            DeValue::Datetime(time) if time.time.is_none() => {
                time.date.and_then(|d| NaiveDate::from_ymd_opt(i32::from(d.year), u32::from(d.month), u32::from(d.day)))
            }
            DeValue::String(text) => text.parse().ok(),
            _ => None,
        };
        if date.is_none() {
            reader.fault(value.span().start, &self.key(key), "must be a day, such as 2026-11-01");
        }
        date
    }

    /// Yes or no, if it is there.
    pub fn flag(&mut self, reader: &mut Reader, key: &'static str) -> Option<bool> {
        let value = self.value(key)?;
        let flag = value.get_ref().as_bool();
        if flag.is_none() {
            reader.fault(value.span().start, &self.key(key), "must be true or false");
        }
        flag
    }

    /// A table, if it is there.
    pub fn table(&mut self, reader: &mut Reader, key: &'static str) -> Option<Entry<'t>> {
        let value = self.value(key)?;
        let entry = self.entry(key, value);
        if entry.is_none() {
            reader.fault(value.span().start, &self.key(key), format!("must be a table, such as {key} = {{ … }}"));
        }
        entry
    }

    /// The tables of a list, if it is there.
    pub fn tables(&mut self, reader: &mut Reader, key: &'static str) -> Option<Vec<Entry<'t>>> {
        let value = self.value(key)?;
        let name = self.key(key);
        let items = value.get_ref().as_array().map(|items| items.iter().map(|item| self.entry(key, item)));
        let entries = items.and_then(Iterator::collect::<Option<Vec<_>>>);
        if entries.is_none() {
            reader.fault(value.span().start, &name, format!("must be written as [[{name}]]"));
        }
        entries
    }

    /// Notes the keys nobody asked for.
    pub fn finish(&self, reader: &mut Reader) {
        for key in self.table.keys().filter(|key| !self.asked.contains(&key.get_ref().as_ref())) {
            let known = self.asked.join(", ");
            reader.fault(key.span().start, &self.key(key.get_ref()), format!("is not known here; known are {known}"));
        }
    }

    /// Takes over faults that a rule of the directory found with this entry's values, by their last word.
    pub fn adopt(&self, reader: &mut Reader, faults: Faults) {
        if let Err(AppError::Invalid(list)) = faults.finish() {
            for fault in list {
                let key = fault.field.rsplit('.').next().unwrap_or_default();
                reader.fault(self.at(key), &self.key(key), fault.message);
            }
        }
    }

    fn value(&mut self, key: &'static str) -> Option<&'t Spanned<DeValue<'t>>> {
        self.asked.push(key);
        self.table.get(key)
    }

    fn entry(&self, key: &str, value: &'t Spanned<DeValue<'t>>) -> Option<Entry<'t>> {
        let table = value.get_ref().as_table()?;
        Some(Entry { path: self.key(key), at: value.span().start, table, asked: Vec::new() })
    }

    fn read<T: FromStr<Err: Display>>(
        &self,
        reader: &mut Reader,
        key: &str,
        value: &Spanned<DeValue>,
    ) -> Option<At<T>> {
        let at = value.span().start;
        let Some(text) = value.get_ref().as_str() else {
            reader.fault(at, &self.key(key), "must be a text in quotation marks");
            return None;
        };
        match text.parse() {
            Ok(value) => Some(At { value, at }),
            Err(fault) => {
                reader.fault(at, &self.key(key), fault);
                None
            }
        }
    }
}
