//! A report as a document: blocks in one language, for a terminal, a page or paper.

mod html;
mod pdf;
mod svg;
mod text;

use canary_format::time::Timestamp;

use crate::words::Language;

/// A report in one language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its language.
    pub language: Language,
    /// What it is.
    pub title: String,
    /// About whom, as of when.
    pub subtitle: Vec<String>,
    /// What it says, in order.
    pub blocks: Vec<Block>,
}

/// A part of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// A heading, of the first or the second level.
    Heading(Level, String),
    /// A paragraph.
    Text(String),
    /// A paragraph that a reader must not miss.
    Lead(String),
    /// A table.
    Table(Table),
    /// Layers × services.
    Grid(Grid),
    /// Affirmations over time.
    Timeline(Timeline),
    /// Lines for a shell.
    Command(Vec<String>),
}

/// A heading's level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// A part.
    Part,
    /// A section of a part.
    Section,
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// The columns' heads.
    pub head: Vec<String>,
    /// As many cells a row as there are columns.
    pub rows: Vec<Vec<Content>>,
}

/// A cell's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// What it says; lines are kept.
    pub text: String,
    /// How it is set.
    pub tone: Tone,
    /// The language tag, where it is not the document's.
    pub tag: Option<String>,
}

/// How a cell is set. The words carry the meaning, never the tone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Like any text.
    Plain,
    /// An id, a digest, an instant.
    Exact,
    /// What comes first.
    Strong,
}

/// Layers × services.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grid {
    /// What it shows, in words.
    pub label: String,
    /// The columns' heads: supplier and service.
    pub columns: Vec<(String, String)>,
    /// The rows.
    pub rows: Vec<GridRow>,
    /// What each mark means.
    pub legend: Vec<(Mark, String)>,
}

/// A row of a grid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GridRow {
    /// The layer.
    pub label: String,
    /// One a column: the mark, and a few characters that say the same.
    pub cells: Vec<(Mark, String)>,
}

/// What a cell of a grid shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// A live fact speaks of it.
    Covered,
    /// Nothing live speaks of it, and a supplier is responsible.
    Uncovered,
    /// The customer's own.
    Customer,
}

/// Affirmations over time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeline {
    /// What it shows, in words.
    pub label: String,
    /// Its start.
    pub from: Timestamp,
    /// Its end.
    pub to: Timestamp,
    /// One below the other.
    pub lanes: Vec<Lane>,
    /// What each span and mark means.
    pub legend: Vec<(Span, String)>,
}

/// One line of a timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lane {
    /// What it is.
    pub label: String,
    /// Instants of affirmation.
    pub marks: Vec<Timestamp>,
    /// Times.
    pub spans: Vec<(Timestamp, Timestamp, Span)>,
}

/// What a time on a timeline is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    /// An issue was in force, or somebody looked.
    Held,
    /// More than 24 hours after the newest affirmation.
    Beyond,
    /// No issue was in force, or nobody looked.
    Gap,
    /// An affirmation: an instant.
    Affirmed,
}

impl Content {
    /// Text like any other.
    pub fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), tone: Tone::Plain, tag: None }
    }

    /// An id, a digest, an instant.
    pub fn exact(text: impl Into<String>) -> Self {
        Self { tone: Tone::Exact, ..Self::plain(text) }
    }

    /// What comes first.
    pub fn strong(text: impl Into<String>) -> Self {
        Self { tone: Tone::Strong, ..Self::plain(text) }
    }

    /// Signed words in a language of their own.
    pub fn signed(text: &str, tag: &str) -> Self {
        Self { tag: Some(tag.to_owned()), ..Self::plain(text) }
    }
}

impl Document {
    /// For a terminal of so many columns.
    pub fn to_text(&self, columns: usize) -> String {
        text::render(self, columns)
    }

    /// A page without scripts, that connects to nothing and prints.
    pub fn to_html(&self) -> String {
        html::render(self)
    }

    /// Paper: A4, as PDF 1.7 without any script. Chinese is set in a font that readers supply.
    pub fn to_pdf(&self) -> Vec<u8> {
        pdf::render(self)
    }
}
