//! Reads a TOML table member by member, noting every mistake and going on.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::duration::parse_duration;
use super::mistake::Mistake;
use crate::sinks::label_name;

/// A file's text, and the mistakes found in it.
pub(super) struct Source<'a> {
    pub(super) file: &'a Path,
    pub(super) text: &'a str,
    pub(super) mistakes: &'a mut Vec<Mistake>,
    /// What may be meant so, and is said all the same.
    pub(super) remarks: &'a mut Vec<Mistake>,
}

impl Source<'_> {
    pub(super) fn mistake(&mut self, span: Range<usize>, message: impl Into<String>) {
        self.mistakes.push(Mistake::at(self.file, self.text, span, message.into()));
    }

    pub(super) fn remark(&mut self, span: Range<usize>, message: impl Into<String>) {
        self.remarks.push(Mistake::at(self.file, self.text, span, message.into()));
    }

    /// A path as the file means it: relative to its own folder.
    pub(super) fn path(&self, path: &str) -> PathBuf {
        self.file.parent().unwrap_or(Path::new(".")).join(path)
    }

    /// The bytes of a file that the user names, where there are at most `limit`; else a mistake.
    pub(super) fn named_file(
        &mut self,
        path: &Spanned<String>,
        limit: usize,
        what: &str,
    ) -> Option<Vec<u8>> {
        let message = match bounded(&self.path(path.get_ref()), limit) {
            Ok(Some(bytes)) => return Some(bytes),
            Ok(None) => format!("larger than {what} can be"),
            Err(error) => format!("cannot read {:?}: {error}", path.get_ref()),
        };
        self.mistake(path.span(), message);
        None
    }
}

/// A table being read. What has not been asked for when [`Reader::end`] comes is unknown.
pub(super) struct Reader<'a, 'b> {
    table: &'a DeTable<'a>,
    span: Range<usize>,
    known: BTreeSet<&'static str>,
    pub(super) source: &'a mut Source<'b>,
}

impl<'a, 'b> Reader<'a, 'b> {
    pub(super) fn new(
        table: &'a DeTable<'a>,
        span: Range<usize>,
        source: &'a mut Source<'b>,
    ) -> Self {
        Self { table, span, known: BTreeSet::new(), source }
    }

    pub(super) fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    fn value(&mut self, name: &'static str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.known.insert(name);
        self.table.get(name)
    }

    fn wrong<T>(&mut self, value: &Spanned<DeValue<'_>>, name: &str, wanted: &str) -> Option<T> {
        let found = value.get_ref().type_str();
        self.source.mistake(value.span(), format!("`{name}` must be {wanted}, not {found}"));
        None
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.table.contains_key(name)
    }

    pub(super) fn string(&mut self, name: &'static str) -> Option<Spanned<String>> {
        let value = self.value(name)?;
        match value.get_ref().as_str() {
            Some(text) => Some(Spanned::new(value.span(), text.to_owned())),
            None => self.wrong(value, name, "a string"),
        }
    }

    pub(super) fn required(&mut self, name: &'static str) -> Option<Spanned<String>> {
        if !self.has(name) {
            self.known.insert(name);
            self.source.mistake(self.span.clone(), format!("`{name}` is missing"));
        }
        self.string(name)
    }

    /// A string that `read` accepts.
    pub(super) fn parsed<T>(
        &mut self,
        name: &'static str,
        wanted: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let text = self.string(name)?;
        let value = read(text.get_ref());
        if value.is_none() {
            let message = format!("`{name}` must be {wanted}: {:?}", text.get_ref());
            self.source.mistake(text.span(), message);
        }
        value
    }

    /// A duration from one to another, both as people write them.
    pub(super) fn duration(&mut self, name: &'static str, least: &str, most: &str) -> Option<i64> {
        let range = parse_duration(least)?..=parse_duration(most)?;
        self.parsed(name, &format!("a duration from {least} to {most}"), |text| {
            parse_duration(text).filter(|seconds| range.contains(seconds))
        })
    }

    /// Seconds, or `"forever"`. What is kept for less than an hour is gone before anyone looks.
    pub(super) fn keeping(&mut self, name: &'static str) -> Option<Option<i64>> {
        let read = |text: &str| match text {
            "forever" => Some(None),
            text => parse_duration(text).filter(|seconds| *seconds >= 3_600).map(Some),
        };
        self.parsed(name, "a duration such as 90d, of 1h at least, or \"forever\"", read)
    }

    pub(super) fn integer(
        &mut self,
        name: &'static str,
        range: std::ops::RangeInclusive<i64>,
    ) -> Option<i64> {
        let value = self.value(name)?;
        let Some(integer) = value.get_ref().as_integer() else {
            return self.wrong(value, name, "an integer");
        };
        match i64::from_str_radix(integer.as_str(), integer.radix()) {
            Ok(number) if range.contains(&number) => Some(number),
            _ => {
                let (low, high) = (range.start(), range.end());
                self.source.mistake(value.span(), format!("`{name}` must be from {low} to {high}"));
                None
            }
        }
    }

    pub(super) fn flag(&mut self, name: &'static str) -> Option<bool> {
        let value = self.value(name)?;
        match value.get_ref().as_bool() {
            Some(flag) => Some(flag),
            None => self.wrong(value, name, "true or false"),
        }
    }

    pub(super) fn strings(&mut self, name: &'static str) -> Option<Vec<Spanned<String>>> {
        let value = self.value(name)?;
        let Some(array) = value.get_ref().as_array() else {
            return self.wrong(value, name, "an array of strings");
        };
        let mut strings = Vec::new();
        for item in array.iter() {
            match item.get_ref().as_str() {
                Some(text) => strings.push(Spanned::new(item.span(), text.to_owned())),
                None => return self.wrong(item, name, "an array of strings"),
            }
        }
        Some(strings)
    }

    /// A table of strings.
    pub(super) fn words(&mut self, name: &'static str) -> BTreeMap<String, String> {
        let Some(value) = self.value(name) else { return BTreeMap::new() };
        let Some(table) = value.get_ref().as_table() else {
            self.wrong::<()>(value, name, "a table of strings");
            return BTreeMap::new();
        };
        let mut words = BTreeMap::new();
        for (key, value) in table {
            match value.get_ref().as_str() {
                Some(text) => drop(words.insert(key.get_ref().to_string(), text.to_owned())),
                None => drop(self.wrong::<()>(value, key.get_ref(), "a string")),
            }
        }
        words
    }

    /// A table of labels. Metrics and Alertmanager take fewer names than a configuration does.
    pub(super) fn labels(&mut self, name: &'static str) -> BTreeMap<String, String> {
        let table = self.table.get(name).and_then(|value| value.get_ref().as_table());
        for key in table.into_iter().flat_map(|table| table.keys()) {
            let shown = label_name(key.get_ref());
            if shown != key.get_ref().as_ref() {
                let message = format!(
                    "the label {:?} is `{shown}` in metrics and for Alertmanager, unless another is",
                    key.get_ref()
                );
                self.source.remark(key.span(), message);
            }
        }
        self.words(name)
    }

    /// A table of strings or arrays of strings.
    pub(super) fn lists(&mut self, name: &'static str) -> Vec<(String, Vec<Spanned<String>>)> {
        let Some(value) = self.value(name) else { return Vec::new() };
        let Some(table) = value.get_ref().as_table() else {
            self.wrong::<()>(value, name, "a table of strings");
            return Vec::new();
        };
        let mut lists = Vec::new();
        for (key, value) in table {
            let one = std::slice::from_ref(value);
            let items = value.get_ref().as_array().map_or(one, |array| array.as_ref());
            let mut list = Vec::new();
            for item in items {
                match item.get_ref().as_str() {
                    Some(text) => list.push(Spanned::new(item.span(), text.to_owned())),
                    None => drop(self.wrong::<()>(item, key.get_ref(), "a string")),
                }
            }
            lists.push((key.get_ref().to_string(), list));
        }
        lists
    }

    /// Where a member's value is written.
    pub(super) fn span_of(&self, name: &str) -> Range<usize> {
        self.table.get(name).map_or_else(|| self.span(), Spanned::span)
    }

    pub(super) fn table(&mut self, name: &'static str) -> Option<Reader<'_, 'b>> {
        let value = self.value(name)?;
        match value.get_ref().as_table() {
            Some(table) => Some(Reader::new(table, value.span(), self.source)),
            None => self.wrong(value, name, "a table"),
        }
    }

    pub(super) fn tables(&mut self, name: &'static str, mut each: impl FnMut(Reader<'_, 'b>)) {
        let Some(value) = self.value(name) else { return };
        let Some(array) = value.get_ref().as_array() else {
            self.wrong::<()>(value, name, "an array of tables");
            return;
        };
        for item in array.iter() {
            match item.get_ref().as_table() {
                Some(table) => each(Reader::new(table, item.span(), self.source)),
                None => drop(self.wrong::<()>(item, name, "an array of tables")),
            }
        }
    }

    /// Names every member that nobody asked for.
    pub(super) fn end(self) {
        for key in self.table.keys() {
            if !self.known.contains(key.get_ref().as_ref()) {
                let known: Vec<&str> = self.known.iter().copied().collect();
                let message =
                    format!("unknown field `{}`; known here: {}", key.get_ref(), known.join(", "));
                self.source.mistake(key.span(), message);
            }
        }
    }
}

/// A file's bytes, where there are at most `limit`. A device or a pipe may have no end, or never begin.
pub(super) fn bounded(path: &Path, limit: usize) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    regular(path)?.take(limit as u64 + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() <= limit).then_some(bytes))
}

/// Opens a regular file.
pub(super) fn regular(path: &Path) -> io::Result<File> {
    match fs::metadata(path)?.is_file() {
        true => File::open(path),
        false => Err(io::Error::other("not a regular file")),
    }
}
