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
use layout::{Form, MAX_PIECES, Piece, Section};

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
    let cut = end < text.len() || pieces.len() >= MAX_PIECES;
    let mut prose = Prose { cut, ..Prose::default() };
    prose.dates = Dates::read(dated(&pieces).iter().map(|sentence| &**sentence));
    let mut announced = String::new();
    for piece in pieces.iter().filter(|piece| piece.form != Form::Heading) {
        if prose.statements.len() == MAX_STATEMENTS {
            prose.cut = true;
            break;
        }
        match piece.section {
            Section::Freshness => {}
            Section::Announcements if says_nothing(&piece.text) => {}
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
    if !announced.is_empty() {
        prose.announcement = Some(announced.chars().take(4000).collect());
    }
    prose
}

fn says_nothing(announcement: &str) -> bool {
    let words = announcement.trim().trim_end_matches('.').to_lowercase();
    matches!(
        words.as_str(),
        "" | "none" | "n/a" | "no special announcements" | "nothing" | "nothing to report" | "-"
    )
}

/// The sentences that may speak of the text's own time. Dates in a list belong to the words above it: "on the
/// following dates:", then a date in each item.
fn dated(pieces: &[Piece]) -> Vec<Cow<'_, str>> {
    let mut found: Vec<Cow<'_, str>> = Vec::new();
    let mut lead = false;
    for piece in pieces {
        let elsewhere = matches!(piece.section, Section::Freshness | Section::Announcements)
            || piece.form == Form::Heading && piece.section == Section::Notes;
        if elsewhere {
            lead = false;
            continue;
        }
        let below = lead && piece.form.is_item();
        if let Some(above) = found.last_mut().filter(|_| below && tone::only_a_date(&piece.text)) {
            let above = above.to_mut();
            above.push_str(if above.ends_with(':') { " " } else { ", " });
            above.push_str(&piece.text);
            continue;
        }
        lead = piece.form == Form::Paragraph && piece.text.ends_with(':');
        let sentences = piece.sentences();
        found.extend(
            sentences
                .into_iter()
                .filter(|sentence| !tone::is_fresh(&sentence.to_lowercase()))
                .map(Cow::Borrowed),
        );
    }
    found
}
