//! What is kept of a target between checks: one value, written in one transaction.

use std::collections::BTreeMap;

use canary_verifier::report::{Code, Severity};
use serde::{Deserialize, Serialize};

use crate::evidence::Allowance;
use crate::observe::Said;
use crate::route::Language;

/// The stored state of a target.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Memory {
    /// What it said when it was last reached.
    pub said: Option<Said>,
    /// When it was last reached.
    pub reached_at: Option<i64>,
    /// When a canary was last read there: not when its host answered something else.
    pub read_at: Option<i64>,
    /// Since when none could be read.
    pub unread_since: Option<i64>,
    /// How many looks in a row did not read one.
    pub unread: u32,
    /// When it was last asked.
    pub asked_at: Option<i64>,
    /// The first look: asked while the monitor's own network worked.
    pub first_look: Option<i64>,
    /// The last look.
    pub looked_at: Option<i64>,
    /// From when to when nobody looked, by a clock that is not believed yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gap: Option<(i64, i64)>,
    /// How many looks got an answer.
    pub answers: u64,
    /// When it is to be asked next.
    pub ask_at: Option<i64>,
    /// The host asked to be left alone until then.
    pub hold_until: Option<i64>,
    /// Failures of transport in a row.
    pub failures: u32,
    /// When the first of them was.
    pub failing_since: Option<i64>,
    /// The transport's words, where it was not reached when last asked: whosever fault that was.
    pub reason: Option<String>,
    /// Findings that wait for confirmation.
    pub doubts: Vec<Doubt>,
    /// Open episodes.
    pub episodes: Vec<Episode>,
    /// Episodes closed a short while ago: they dampen what opens and closes again and again.
    pub closed: Vec<Closed>,
    /// How many notices there have been: part of their idempotency keys.
    pub notices: u64,
    /// How much evidence it added today.
    pub evidence: Allowance,
    /// What the checker keeps.
    pub checker: String,
}

/// What an episode is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Key {
    /// The finding.
    pub code: Code,
    /// What the finding is about.
    pub about: String,
}

/// A finding seen but not yet believed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Doubt {
    /// Which.
    pub key: Key,
    /// When it was first seen.
    pub since: i64,
    /// In how many checks in a row.
    pub checks: u32,
}

/// One finding's life at one target: opened, reminded, resolved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Episode {
    /// Stable for its whole life; sinks can fold notices of one episode together.
    pub id: String,
    /// Which finding.
    pub key: Key,
    /// How bad it is.
    pub severity: Severity,
    /// What was observed.
    pub message: String,
    /// When it was opened.
    pub opened_at: i64,
    /// When it was last told; `None` while a silence holds it back.
    pub told_at: Option<i64>,
    /// The severity told last.
    pub told_severity: Option<Severity>,
    /// The worst severity told.
    #[serde(default)]
    pub worst_told: Option<Severity>,
    /// The sinks that were told of it, each in its language: they are told how it ends, whichever routes there
    /// are by then.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub told_to: BTreeMap<String, Language>,
    /// Checks in a row without the finding.
    pub clean: u32,
    /// Since when.
    pub clean_since: Option<i64>,
    /// How often it was said again.
    pub reminders: u32,
    /// How often it was open before, within [`crate::episode::FLAP_WINDOW`].
    pub reopened: u32,
}

impl Episode {
    /// How bad it was last told to be; as it is, where that was not kept.
    pub fn told(&self) -> Severity {
        self.told_severity.unwrap_or(self.severity)
    }

    /// The worst that it was told to be.
    pub fn worst_told(&self) -> Severity {
        self.worst_told.map_or(self.told(), |worst| worst.max(self.told()))
    }
}

/// An episode closed lately.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closed {
    /// Which finding.
    pub key: Key,
    /// When it was closed.
    pub at: i64,
    /// How often it had been reopened.
    pub reopened: u32,
}
