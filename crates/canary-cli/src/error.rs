//! How a failure is worded: what was wrong, where, what to do next, and the exit status.

use std::error::Error;

/// A failure that ends the command.
#[derive(Debug)]
pub(crate) struct Failure {
    kind: Kind,
    cause: String,
    hint: Option<String>,
}

/// What kind of failure: it decides the exit status (`verdicts.md` §1), which is never one of the
/// four that a report has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The command line is wrong: `EX_USAGE`.
    Usage,
    /// A configuration file or a folder's content is wrong: `EX_CONFIG`.
    Config,
    /// Input from outside is refused: `EX_DATAERR`.
    Data,
    /// The system refused to read or write: `EX_IOERR`.
    Io,
    /// Something that may work later: `EX_TEMPFAIL`.
    Later,
}

impl Failure {
    pub(crate) fn new(kind: Kind, cause: impl Into<String>) -> Self {
        Self { kind, cause: cause.into(), hint: None }
    }

    /// The error and everything that led to it, on one line.
    pub(crate) fn from_error(kind: Kind, error: &dyn Error) -> Self {
        let mut said = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            let words = cause.to_string();
            if !said.contains(&words) {
                said = format!("{said}: {words}");
            }
            source = cause.source();
        }
        Self::new(kind, said)
    }

    /// What to do next.
    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    pub(crate) fn cause(&self) -> &str {
        &self.cause
    }

    pub(crate) fn next_step(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    pub(crate) fn exit_status(&self) -> u8 {
        self.kind.exit_status()
    }
}

impl Kind {
    pub(crate) fn exit_status(self) -> u8 {
        match self {
            Self::Usage => 64,
            Self::Data => 65,
            Self::Io => 74,
            Self::Later => 75,
            Self::Config => 78,
        }
    }
}
