//! How often people affirmed, over a period.

use canary_format::time::Timestamp;
use canary_verifier::judge::VerifiedIssue;
use serde::Serialize;

use crate::period::Period;

/// The interval that the Recommendations name, in seconds.
pub const LIMIT: i64 = 24 * 3_600;

/// When people affirmed, and how long they were silent between.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cadence {
    /// The instants affirmed for, in the period.
    pub affirmed: Vec<Timestamp>,
    /// The longest time without a new affirmation.
    pub longest: Interval,
    /// The median of the times between affirmations, in seconds; the last, unfinished one is not
    /// among them.
    pub median: Option<i64>,
    /// Every time of more than 24 hours without a new affirmation, in order.
    pub beyond: Vec<Interval>,
    /// Seconds of the period that lie more than 24 hours after the newest affirmation.
    pub seconds_beyond: i64,
}

/// A time without a new affirmation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Interval {
    /// The affirmation before it, or the start of the period where there was none.
    pub from: Timestamp,
    /// The affirmation after it, or the end of the period.
    pub to: Timestamp,
    /// Its length.
    pub seconds: i64,
}

impl Cadence {
    /// The cadence over a period; `None` without any issue as of its end or before.
    pub(super) fn of(series: &[VerifiedIssue], period: Period) -> Option<Self> {
        let all: Vec<Timestamp> = series.iter().map(|issue| issue.issue().as_of).collect();
        let before = all.iter().copied().filter(|at| *at < period.from).max();
        let affirmed: Vec<Timestamp> =
            all.iter().copied().filter(|at| period.contains(*at)).collect();
        if before.is_none() && affirmed.is_empty() {
            return None;
        }
        let mut points = vec![before.unwrap_or(period.from)];
        points.extend(&affirmed);
        points.push(period.to);
        let intervals: Vec<Interval> = points
            .windows(2)
            .map(|pair| Interval { from: pair[0], to: pair[1], seconds: pair[1].since(pair[0]) })
            .collect();
        let longest = intervals.iter().copied().max_by_key(|interval| interval.seconds)?;
        let mut between: Vec<i64> = before
            .into_iter()
            .chain(affirmed.iter().copied())
            .collect::<Vec<_>>()
            .windows(2)
            .map(|pair| pair[1].since(pair[0]))
            .collect();
        between.sort_unstable();
        let median = between.get(between.len() / 2).copied();
        let beyond: Vec<Interval> =
            intervals.into_iter().filter(|interval| interval.seconds > LIMIT).collect();
        let clip = |interval: &Interval| {
            // Before the first affirmation ever nothing was affirmed at all.
            let unspoken = before.is_none() && interval.from == period.from;
            let free = if unspoken { 0 } else { LIMIT };
            period.clip(interval.from.plus(free), interval.to)
        };
        let seconds_beyond = beyond.iter().filter_map(clip).map(|(from, to)| to.since(from)).sum();
        Some(Self { affirmed, longest, median, beyond, seconds_beyond })
    }

    /// How many affirmations there are to judge an interval by: those of the period.
    pub(super) fn count(&self) -> usize {
        self.affirmed.len()
    }
}
