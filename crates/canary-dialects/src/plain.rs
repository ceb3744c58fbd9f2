//! A page of words that nobody signed: watched for presence, dates and wording.

use crate::reading::{Issue, Kind, Published, Reading};
use crate::trust::Trust;

/// Reads a page. Markup is taken off where it is HTML.
pub(crate) fn read(published: &Published<'_>, _trust: &Trust) -> Reading {
    let text = words(published);
    Reading {
        issues: vec![Issue::from_text(Kind::Plain, published, text, Vec::new())],
        remarks: Vec::new(),
    }
}

pub(crate) fn words(published: &Published<'_>) -> String {
    let text = String::from_utf8_lossy(published.body);
    if crate::page::is_markup(&text) { crate::page::words(&text) } else { text.into_owned() }
}
