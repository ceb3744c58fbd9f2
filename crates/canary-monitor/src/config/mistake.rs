//! Mistakes in a configuration, each with its place.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use canary_format::text::place;

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// In which file.
    pub file: PathBuf,
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
}

impl Mistake {
    pub(crate) fn at(file: &Path, text: &str, span: Range<usize>, message: String) -> Self {
        let (line, column) = place(text, span.start);
        Self { file: file.to_owned(), line, column, message }
    }

    /// Bytes as text; else where they are none.
    pub(crate) fn text<'a>(file: &Path, bytes: &'a [u8]) -> Result<&'a str, Self> {
        std::str::from_utf8(bytes).map_err(|error| {
            let before = str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default();
            let end = before.len()..before.len();
            Self::at(file, before, end, "not UTF-8".to_owned())
        })
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file.display(), self.line, self.column, self.message)
    }
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A file cannot be read.
    #[error("cannot read {path}")]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Mistakes, at least one.
    #[error("{}", lines(.0))]
    Mistakes(Vec<Mistake>),
}

fn lines(mistakes: &[Mistake]) -> String {
    let lines: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
    lines.join("\n")
}
