//! How a target is watched: intervals, patience and reminders.

mod witnesses;

use std::sync::Arc;

pub use self::witnesses::Witnesses;
use crate::form::Form;

/// Shared by all targets that are watched alike. Durations are seconds.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Policy {
    /// Seconds between checks.
    pub interval: i64,
    /// How many checks in a row must show a matter of transport before it counts.
    pub confirm_checks: u32,
    /// For how long a target must have been out of reach before it counts.
    pub unreachable_after: i64,
    /// For how long a host must have answered that there is no canary, or with something that is not
    /// one, before it counts.
    pub missing_after: i64,
    /// How many checks in a row must be without a finding before it is resolved.
    pub resolve_checks: u32,
    /// After how long an open alarm is said again.
    pub remind_alarm: i64,
    /// After how long open attention is said again.
    pub remind_attention: i64,
    /// The names of its routes.
    pub routes: Vec<String>,
    /// The longest `expires − as_of` without a finding, in days.
    pub max_interval_days: i64,
    /// Whether not-before evidence is asked for.
    pub require_freshness: bool,
    /// Which witnesses must have cosigned; those of them that say where they are, are compared with.
    pub witnesses: Option<Arc<Witnesses>>,
    /// The newest issue acknowledged.
    pub acknowledged: Option<u64>,
    /// Whether the names of its own hosts may resolve to addresses that are not public.
    pub danger_allow_private: bool,
    /// Of which format it is.
    pub form: Form,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            interval: 3_600,
            confirm_checks: 3,
            unreachable_after: 3_600,
            missing_after: 600,
            resolve_checks: 2,
            remind_alarm: 86_400,
            remind_attention: 7 * 86_400,
            routes: Vec::new(),
            max_interval_days: 100,
            require_freshness: false,
            witnesses: None,
            acknowledged: None,
            danger_allow_private: false,
            form: Form::Native,
        }
    }
}

/// The shortest and longest time between two checks.
pub const INTERVALS: std::ops::RangeInclusive<i64> = 10..=31 * 86_400;
