//! What one check brings back, and the trait that makes a check.
//!
//! Instants in this crate are unix seconds in an `i64`; the clock is always an argument.

use std::future::Future;
use std::time::Duration;

use canary_format::digest::Digest;
use canary_format::time::Timestamp;
use canary_verifier::fetch::Hints;
use canary_verifier::report::{Code, Severity, State};
use serde::{Deserialize, Serialize};

use crate::memory::Memory;
use crate::target::Target;

/// Asks one target once. Implemented by the native checker, by the readers of other formats, and by
/// tests.
pub trait Check: Send + Sync + 'static {
    /// Checks a target. `memory` is what the last checks left; `now` is the wall clock.
    fn check(
        &self,
        target: &Target,
        memory: &Memory,
        now: i64,
    ) -> impl Future<Output = Observation> + Send;
}

/// What came of one check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// When the check ended.
    pub at: i64,
    /// What the canary said, or why it could not be asked: the two axes, never merged.
    pub outcome: Outcome,
    /// What is known besides, although it could not be reached as a whole: never anything that waits.
    pub besides: Vec<Stated>,
    /// How long the host asks to be left alone, in seconds.
    pub retry_after: Option<i64>,
    /// The host's own clock, where it told it.
    pub host_clock: Option<i64>,
    /// Bodies received, to be kept once each by their hash.
    pub bodies: Vec<Body>,
    /// What the checker wants to have next time; opaque to everything else. `None` keeps the old.
    pub checker: Option<String>,
}

impl Observation {
    /// An observation with nothing but its outcome.
    pub fn new(at: i64, outcome: Outcome) -> Self {
        Self {
            at,
            outcome,
            besides: Vec::new(),
            retry_after: None,
            host_clock: None,
            bodies: Vec::new(),
            checker: None,
        }
    }

    /// The same, with what the server said about asking again.
    #[must_use]
    pub fn with_hints(self, hints: Hints) -> Self {
        let seconds = |wait: Duration| i64::try_from(wait.as_secs()).unwrap_or(i64::MAX);
        Self {
            retry_after: hints.retry_after.map(seconds),
            host_clock: hints.date.map(Timestamp::unix),
            ..self
        }
    }
}

/// The two axes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It was not asked, for reasons of the monitor's own: nothing is known, nothing changes.
    NotAsked,
    /// It could not be asked: the transport's words.
    Unreachable(String),
    /// It was reached and nothing is new.
    Unchanged,
    /// It was reached, and says this.
    Said(Box<Said>),
}

/// What a canary says, as far as it does not depend on the hour.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Said {
    /// The origin of the series.
    pub origin: Option<String>,
    /// Whether there is an authentic canary at all.
    pub standing: Standing,
    /// The newest authentic issue.
    pub issue: Option<Dates>,
    /// The heartbeat, where one is declared.
    pub heartbeat: Option<Heartbeat>,
    /// Findings other than those that [`crate::axes`] computes from dates.
    pub findings: Vec<Stated>,
    /// How many facts the newest authentic issue affirms.
    pub facts: u32,
    /// The digest under which their lives are kept ([`crate::facts`]).
    #[serde(default)]
    pub fact_list: Option<String>,
}

/// Whether what was served is an authentic canary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// An authentic issue was served.
    Authentic,
    /// The host says that there is none.
    Missing,
    /// What was served is not an authentic canary.
    #[default]
    Unverified,
}

impl Standing {
    /// The standing behind a report's state.
    pub fn of(state: State) -> Self {
        match state {
            State::Missing => Self::Missing,
            State::Unverified => Self::Unverified,
            _ => Self::Authentic,
        }
    }
}

/// The signed dates of an issue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dates {
    /// Its number.
    pub number: u64,
    /// The digest of its payload.
    pub digest: String,
    /// The instant that its facts are affirmed for.
    pub as_of: i64,
    /// When the next issue is due.
    pub next_due: i64,
    /// When it lapses.
    pub expires: i64,
}

/// The newest verified heartbeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heartbeat {
    /// When.
    pub at: i64,
    /// The greatest age declared, in seconds.
    pub max_age: i64,
}

/// A finding as the monitor keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stated {
    /// Which.
    pub code: Code,
    /// How bad.
    pub severity: Severity,
    /// What it is about: an issue, a fact, a signer, a URL; empty for the canary as a whole.
    pub about: String,
    /// What was observed.
    pub message: String,
}

/// A body received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    /// Where from.
    pub url: String,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl Body {
    /// Its SHA-256.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.bytes)
    }
}
