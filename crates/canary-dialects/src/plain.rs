//! A page of words that nobody signed: watched for presence, dates and wording.

use crate::reading::{Issue, Kind, Published, Reading, Remark};
use crate::trust::Trust;

/// Reads a page. Markup is taken off where it is HTML.
pub(crate) fn read(published: &Published<'_>, _trust: &Trust) -> Reading {
    match Issue::unsigned(Kind::Plain, published, words(published)) {
        Some(issue) => Reading { issues: vec![issue], remarks: Vec::new() },
        None => Reading { issues: Vec::new(), remarks: vec![says_nothing()] },
    }
}

/// Of words that hold neither a fact nor a date: an empty page, or one that stands in its place.
pub(crate) fn says_nothing() -> Remark {
    Remark::Malformed("neither a fact nor a date is stated here".into())
}

pub(crate) fn words(published: &Published<'_>) -> String {
    let text = String::from_utf8_lossy(published.body);
    if crate::page::is_markup(&text) { crate::page::words(&text) } else { text.into_owned() }
}
