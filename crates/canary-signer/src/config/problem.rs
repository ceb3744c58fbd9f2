//! What can be wrong in `canary.toml`, and where.

use std::path::PathBuf;

use canary_format::text::place;

use crate::durable::ReadError;

/// `canary.toml` could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The file is not UTF-8.
    #[error("canary.toml is not UTF-8")]
    Utf8,
    /// The file is not TOML, or a name or type in it is not one that is known.
    #[error("canary.toml line {line} column {column}: {message}")]
    Syntax {
        /// From 1.
        line: usize,
        /// In characters, from 1.
        column: usize,
        /// What the reader said.
        message: String,
    },
    /// An entry does not make sense.
    #[error("canary.toml line {line} column {column}: {problem}")]
    Value {
        /// From 1.
        line: usize,
        /// In characters, from 1.
        column: usize,
        /// What is wrong.
        problem: Problem,
    },
}

/// What is wrong with an entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// No template has this id.
    #[error("there is no template {0:?}")]
    UnknownTemplate(String),
    /// An entry without a template has no id.
    #[error("an entry of your own words needs an id")]
    NoId,
    /// There are no words in a language of the publisher.
    #[error("{id:?} has no text in {language:?}: add it under text")]
    NoText {
        /// The entry.
        id: String,
        /// The language.
        language: String,
    },
    /// There are words in a language that the publisher does not have.
    #[error("{id:?} has a text in {language:?}, which publisher.languages does not name")]
    ForeignText {
        /// The entry.
        id: String,
        /// The language.
        language: String,
    },
    /// A fact of the publisher's own words has no tense.
    #[error("{0:?} needs a tense: never, current or since")]
    NoTense(String),
    /// The tense is none of the three.
    #[error("the tense is never, current or since, not {0:?}")]
    Tense(String),
    /// A part of the scope is stated neither by the fact nor for all facts.
    #[error("the scope of {id:?} names no {member}: add it to the fact or to [scope]")]
    NoScope {
        /// The fact.
        id: String,
        /// Which part.
        member: &'static str,
    },
    /// Not a date.
    #[error("a date is written \"YYYY-MM-DD\", in quotes, not {0:?}")]
    Date(String),
    /// Not an instant.
    #[error("an instant is written \"YYYY-MM-DDTHH:MM:SSZ\", in quotes, not {0:?}")]
    Instant(String),
    /// A counter has both an exact value and a band, or neither.
    #[error("the counter {0:?} needs either exact = n or band = [low, high]")]
    CounterValue(String),
    /// A counter that is only ever given as a band has an exact value.
    #[error("the counter {0:?} is given as a band only")]
    BandOnly(String),
    /// A fact that is not affirmed cannot be announced to retire.
    #[error("{0:?} is not among the facts: only a fact that is affirmed can be retiring")]
    RetiringAbsent(String),
    /// A public key file could not be read.
    #[error("cannot read the public key file {}: {why}", path.display())]
    KeyFile {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// Not an OpenSSH Ed25519 public key.
    #[error("not an OpenSSH Ed25519 public key: {0:?}")]
    Key(String),
    /// Not a verifier key.
    #[error("not a C2SP verifier key: <name>+<id>+<key>")]
    VerifierKey,
    /// A URL carries a password or token.
    #[error("a target holds no password or token: give them in the environment")]
    Credentials,
}

impl ConfigError {
    pub(super) fn syntax(source: &str, error: &toml::de::Error) -> Self {
        let (line, column) = place(source, error.span().map_or(0, |span| span.start));
        let message = error.message().replace('\n', ", ");
        Self::Syntax { line, column, message }
    }

    pub(super) fn value(source: &str, at: usize, problem: Problem) -> Self {
        let (line, column) = place(source, at);
        Self::Value { line, column, problem }
    }
}
