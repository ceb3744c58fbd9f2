//! What happens to a target, as its timeline keeps it.

use serde::Serialize;

/// A line of a target's timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Event {
    /// When it began.
    pub at: i64,
    /// What it is.
    pub kind: EventKind,
    /// In a word or two: a code, a number, a reason.
    pub detail: String,
}

/// The kinds of lines in a timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum EventKind {
    /// A new issue was seen; the detail is its number.
    Issue,
    /// An episode opened; the detail is its code and what it is about.
    Opened,
    /// An episode was resolved.
    Resolved,
    /// Something that raises no alert: its code and what it is about.
    Noted,
    /// The target went out of reach; the detail is the transport's words.
    Lost,
    /// It was reached again.
    Reached,
    /// Nobody looked: since when, for how many seconds.
    WatchGap,
    /// From here to the end of the day, new bodies over the limit are not kept.
    EvidenceCap,
}

impl EventKind {
    /// The word kept in the store.
    pub fn word(self) -> &'static str {
        match self {
            Self::Issue => "issue",
            Self::Opened => "opened",
            Self::Resolved => "resolved",
            Self::Noted => "noted",
            Self::Lost => "lost",
            Self::Reached => "reached",
            Self::WatchGap => "watch-gap",
            Self::EvidenceCap => "evidence-cap",
        }
    }
}
