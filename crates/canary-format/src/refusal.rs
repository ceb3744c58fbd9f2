//! What a refusal says: the rule that was broken and the place where.

use std::fmt;

/// Bytes were refused: over a size limit, or breaking a rule of the format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// A size limit of the format is exceeded; nothing past the limit was looked at.
    #[error("{what} is larger than {limit} bytes")]
    TooLarge {
        /// What was measured.
        what: &'static str,
        /// The limit, in bytes.
        limit: usize,
    },
    /// There are more than the format allows; nothing past the limit was looked at.
    #[error("more than {limit} {what}")]
    TooMany {
        /// What was counted, in the plural.
        what: &'static str,
        /// The limit.
        limit: u64,
    },
    /// A rule of the format is broken.
    #[error("{place}: {rule}")]
    Malformed {
        /// Where, as a path such as `payload.facts[2].scope.layers`, or a line.
        place: String,
        /// Which rule.
        rule: Rule,
    },
}

impl Refusal {
    /// Whether a limit on size or number is exceeded, rather than another rule broken.
    pub fn is_limit(&self) -> bool {
        matches!(self, Self::TooLarge { .. } | Self::TooMany { .. })
    }

    /// A broken rule at a place that is already known by name.
    pub fn malformed(place: impl Into<String>, rule: Rule) -> Self {
        Self::Malformed { place: place.into(), rule }
    }
}

/// The rules of the format that bytes can break (`format.md` §2–§8).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Rule {
    /// Not RFC 8259 JSON.
    #[error("not JSON: {0}")]
    Json(String),
    /// Not UTF-8.
    #[error("not UTF-8")]
    Utf8,
    /// A member name occurs twice in one object.
    #[error("the member occurs twice: {0:?}")]
    DuplicateMember(String),
    /// A member that the format does not have.
    #[error("unknown member: {0:?}")]
    UnknownMember(String),
    /// A member that the format asks for is absent.
    #[error("missing member: {0:?}")]
    MissingMember(&'static str),
    /// Objects and arrays lie deeper than sixteen levels.
    #[error("nested deeper than {0} levels")]
    TooDeep(usize),
    /// A number with a fraction, an exponent or the form `-0`, or beyond ±(2^53−1).
    #[error("not an exact integer within ±(2^53−1)")]
    Number,
    /// A value of another JSON type.
    #[error("expected {0}")]
    Type(&'static str),
    /// A string whose form is not the one required.
    #[error("expected {0}")]
    Form(&'static str),
    /// A list, object or string of a length outside its limits.
    #[error("expected {}, found {found}", count(*min, *max, unit))]
    Count {
        /// The least allowed.
        min: usize,
        /// The most allowed.
        max: usize,
        /// How many there are (or, past the limit, at least so many).
        found: usize,
        /// What is counted.
        unit: &'static str,
    },
    /// An integer outside its limits.
    #[error("expected a number from {min} to {max}, found {found}")]
    Range {
        /// The least allowed.
        min: i64,
        /// The most allowed.
        max: i64,
        /// What was found.
        found: i64,
    },
    /// A string that is not in Unicode Normalization Form C.
    #[error("not in Unicode Normalization Form C")]
    NotNfc,
    /// A control, bidirectional or invisible character.
    #[error("character not allowed: U+{0:04X}")]
    Character(u32),
    /// Two values that may not be equal are.
    #[error("occurs twice: {0}")]
    Repeated(String),
    /// A relation between members does not hold.
    #[error("{0}")]
    Relation(&'static str),
    /// A name that nothing in the issue declares.
    #[error("not declared in the issue: {0:?}")]
    Undeclared(String),
}

/// A place inside a document, kept on the stack and written out only when something is refused.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    parent: Option<&'a Place<'a>>,
    segment: Segment<'a>,
}

#[derive(Clone, Copy)]
enum Segment<'a> {
    Member(&'a str),
    Index(usize),
}

impl<'a> Place<'a> {
    pub(crate) fn root(name: &'a str) -> Self {
        Self { parent: None, segment: Segment::Member(name) }
    }

    pub(crate) fn member(&'a self, name: &'a str) -> Self {
        Self { parent: Some(self), segment: Segment::Member(name) }
    }

    pub(crate) fn index(&'a self, index: usize) -> Self {
        Self { parent: Some(self), segment: Segment::Index(index) }
    }

    pub(crate) fn refuse<T>(&self, rule: Rule) -> Result<T, Refusal> {
        Err(Refusal::malformed(self.to_string(), rule))
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
        }
        match self.segment {
            Segment::Member(name) if self.parent.is_some() => write!(f, ".{name}"),
            Segment::Member(name) => f.write_str(name),
            Segment::Index(index) => write!(f, "[{index}]"),
        }
    }
}
/// How many there may be; what has no limit of its own is bounded by the size of an issue.
fn count(min: usize, max: usize, unit: &str) -> String {
    match max {
        usize::MAX => format!("at least {min} {unit}"),
        _ => format!("{min} to {max} {unit}"),
    }
}
