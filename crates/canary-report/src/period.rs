//! The period that a report is about.

use canary_format::time::{Date, Timestamp};
use serde::Serialize;

const DAY: i64 = 86_400;

/// From an instant to an instant; both belong to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Period {
    /// Its start.
    pub from: Timestamp,
    /// Its end.
    pub to: Timestamp,
}

/// A period that no report can be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PeriodError {
    /// It ends before it starts.
    #[error("the period ends before it starts: from {from} to {to}")]
    Order {
        /// Its start.
        from: Timestamp,
        /// Its end.
        to: Timestamp,
    },
    /// It reaches past the judging instant.
    #[error("the period reaches past the instant judged, {at}: to {to}")]
    NotOver {
        /// The instant judged.
        at: Timestamp,
        /// Its end.
        to: Timestamp,
    },
    /// Nothing was affirmed yet.
    #[error("the period ends at {to}, before the first issue, which is as of {first}")]
    BeforeFirstIssue {
        /// Its end.
        to: Timestamp,
        /// The first issue's `as_of`.
        first: Timestamp,
    },
}

impl Period {
    /// A period of whole UTC days, the last of them included. Without a first day it starts at
    /// `start`; without a last one, or where the last one is that of `at`, it ends at `at`.
    ///
    /// # Errors
    ///
    /// [`PeriodError::Order`] and [`PeriodError::NotOver`].
    pub fn of_days(
        from: Option<Date>,
        to: Option<Date>,
        start: Timestamp,
        at: Timestamp,
    ) -> Result<Self, PeriodError> {
        let end = match to {
            Some(date) if date == at.date() => at,
            Some(date) => date.midnight().plus(DAY - 1),
            None => at,
        };
        let start = from.map_or(start.min(end), Date::midnight);
        Self::new(start, end, at)
    }

    /// A period that is over at `at`.
    ///
    /// # Errors
    ///
    /// [`PeriodError::Order`] and [`PeriodError::NotOver`].
    pub fn new(from: Timestamp, to: Timestamp, at: Timestamp) -> Result<Self, PeriodError> {
        if to < from {
            return Err(PeriodError::Order { from, to });
        }
        if to > at {
            return Err(PeriodError::NotOver { at, to });
        }
        Ok(Self { from, to })
    }

    /// Its length in seconds.
    pub fn seconds(self) -> i64 {
        self.to.since(self.from)
    }

    /// Whether an instant belongs to it.
    pub fn contains(self, at: Timestamp) -> bool {
        self.from <= at && at <= self.to
    }

    /// The part of a span that lies in it.
    pub fn clip(self, from: Timestamp, to: Timestamp) -> Option<(Timestamp, Timestamp)> {
        let (from, to) = (from.max(self.from), to.min(self.to));
        (from < to).then_some((from, to))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn days_are_whole_and_today_ends_now() {
        let now = at("2026-03-10T12:00:00Z");
        let first = at("2026-01-01T09:00:00Z");
        let day = |text| Date::parse(text);
        let period = |from, to| Period::of_days(from, to, first, now);
        assert_eq!(period(None, None), Ok(Period { from: first, to: now }));
        assert_eq!(
            period(day("2026-02-01"), day("2026-02-28")),
            Ok(Period { from: at("2026-02-01T00:00:00Z"), to: at("2026-02-28T23:59:59Z") })
        );
        assert_eq!(period(None, day("2026-03-10")), Ok(Period { from: first, to: now }));
        assert!(matches!(period(None, day("2026-03-11")), Err(PeriodError::NotOver { .. })));
        assert!(matches!(
            period(day("2026-03-02"), day("2026-03-01")),
            Err(PeriodError::Order { .. })
        ));
    }
}
