//! Statements in prose become facts that can be followed from issue to issue.
//!
//! A list item or sentence has an identity that outlives renumbering, quotes, white space, "them" and "us", dates
//! and counters. What is neither about something that has not happened nor under the heading of the statements is
//! kept apart: disclaimers and footnotes never raise a finding, and headlines that prove freshness are not read.

mod identity;
mod layout;
mod tone;

pub use identity::{Statement, likeness};
pub use tone::Tone;

use std::borrow::Cow;

use crate::dates::Dates;
use layout::Section;

/// The most bytes of a text whose words are read. Signatures are checked over all of it, however long.
pub(crate) const MAX_PROSE: usize = 256 << 10;
/// The most statements of one issue.
const MAX_STATEMENTS: usize = 256;

/// What was read out of a text.
#[derive(Debug, Default)]
pub(crate) struct Prose {
    pub(crate) statements: Vec<Statement>,
    pub(crate) announcement: Option<String>,
    pub(crate) dates: Dates,
    pub(crate) cut: bool,
}

/// Reads a text.
pub(crate) fn read(text: &str) -> Prose {
    let mut end = text.len().min(MAX_PROSE);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    // Full-width signs part words and labels as their narrow counterparts do.
    let narrowed: Cow<'_, str> = if text[..end].contains(['：', '，', '。']) {
        text[..end].replace('：', ": ").replace('，', ", ").replace('。', "。 ").into()
    } else {
        text[..end].into()
    };
    let pieces = layout::pieces(&narrowed);
    let mut prose = Prose { cut: end < text.len(), ..Prose::default() };
    let dated = pieces
        .iter()
        .filter(|piece| !matches!(piece.section, Section::Freshness | Section::Announcements))
        .flat_map(|piece| piece.sentences());
    prose.dates = Dates::read(dated);
    let mut announced = String::new();
    for piece in &pieces {
        match piece.section {
            Section::Freshness => {}
            Section::Announcements => {
                if !announced.is_empty() {
                    announced.push(' ');
                }
                announced.push_str(&piece.text);
            }
            Section::Notes | Section::Statements => {
                for statement in tone::statements(piece) {
                    let known = prose.statements.iter().any(|one| one.key == statement.key);
                    if !known && prose.statements.len() < MAX_STATEMENTS {
                        prose.statements.push(statement);
                    }
                }
            }
        }
    }
    let says_nothing =
        ["", "none", "n/a", "no special announcements", "nothing", "nothing to report", "-"];
    let trimmed = announced.trim().trim_end_matches('.').to_lowercase();
    if !says_nothing.contains(&trimmed.as_str()) {
        prose.announcement = Some(announced.trim().chars().take(4000).collect());
    }
    prose
}
