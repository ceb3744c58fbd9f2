//! Cadence profiles: from the instant of an issue to the instants when the next is due and when it
//! lapses.
//!
//! All arithmetic is in UTC, from `as_of` alone:
//!
//! | profile | `next_due` | `expires`, unless `grace_hours` says otherwise |
//! | --- | --- | --- |
//! | daily | 24 hours later | 6 hours after `next_due` |
//! | weekly | 7 days later | 2 days after |
//! | monthly | the same day and time of the next calendar month | 7 days after |
//! | quarterly | the same, three calendar months on | 7 days after |
//!
//! Where the month has no such day, its last day is taken: from 31 January to 28 or 29 February. The
//! next issue counts from its own `as_of`, not from a day kept in mind. The longest quarter with its
//! grace is 99 days, within the 100 that a verifier takes without a remark.

use canary_format::time::Timestamp;
use chrono::{DateTime, Months};
use serde::{Deserialize, Serialize};

const DAY: i64 = 86_400;

/// How often issues appear.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// Every 24 hours.
    Daily,
    /// Every 7 days.
    Weekly,
    /// Every calendar month.
    Monthly,
    /// Every three calendar months.
    Quarterly,
}

impl Profile {
    /// When the issue after one of this instant is due.
    pub fn next_due(self, as_of: Timestamp) -> Timestamp {
        match self {
            Self::Daily => as_of.plus(DAY),
            Self::Weekly => as_of.plus(7 * DAY),
            Self::Monthly => months_later(as_of, 1),
            Self::Quarterly => months_later(as_of, 3),
        }
    }

    /// The seconds from `next_due` to `expires`, unless the publisher chooses others.
    pub fn grace(self) -> i64 {
        match self {
            Self::Daily => 6 * 3_600,
            Self::Weekly => 2 * DAY,
            Self::Monthly | Self::Quarterly => 7 * DAY,
        }
    }
}

fn months_later(instant: Timestamp, months: u32) -> Timestamp {
    let later = DateTime::from_timestamp(instant.unix(), 0)
        .and_then(|instant| instant.checked_add_months(Months::new(months)));
    later.map_or(Timestamp::MAX, |later| Timestamp::from_unix(later.timestamp()))
}

/// How long before `next_due` the publisher is reminded: a quarter of the interval, and no more
/// than seven days.
pub fn lead(as_of: Timestamp, next_due: Timestamp) -> i64 {
    (next_due.since(as_of) / 4).clamp(0, 7 * DAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due(profile: Profile, as_of: &str) -> String {
        profile.next_due(Timestamp::parse(as_of).unwrap()).to_string()
    }

    #[test]
    fn months_keep_the_day_or_take_the_last() {
        assert_eq!(due(Profile::Monthly, "2026-01-15T09:30:00Z"), "2026-02-15T09:30:00Z");
        assert_eq!(due(Profile::Monthly, "2026-01-31T09:30:00Z"), "2026-02-28T09:30:00Z");
        assert_eq!(due(Profile::Monthly, "2024-01-31T00:00:00Z"), "2024-02-29T00:00:00Z");
        assert_eq!(due(Profile::Monthly, "2026-12-31T23:59:59Z"), "2027-01-31T23:59:59Z");
        assert_eq!(due(Profile::Quarterly, "2026-11-30T00:00:00Z"), "2027-02-28T00:00:00Z");
        assert_eq!(due(Profile::Daily, "2026-03-28T23:00:00Z"), "2026-03-29T23:00:00Z");
        assert_eq!(due(Profile::Weekly, "2026-12-28T00:00:00Z"), "2027-01-04T00:00:00Z");
        assert_eq!(due(Profile::Monthly, "9999-12-31T00:00:00Z"), Timestamp::MAX.to_string());
    }

    #[test]
    fn no_quarter_with_its_grace_is_longer_than_a_verifier_takes() {
        let start = Timestamp::parse("2023-01-01T00:00:00Z").unwrap();
        for day in 0..1_500 {
            let as_of = start.plus(day * DAY);
            let expires = Profile::Quarterly.next_due(as_of).plus(Profile::Quarterly.grace());
            assert!(expires.since(as_of) <= 99 * DAY);
        }
    }
}
