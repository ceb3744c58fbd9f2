//! Calendar steps in UTC. Dates without a zone are read as UTC days everywhere in this crate.

use chrono::{Datelike, Days, Months, NaiveDate, Weekday};

use crate::Timestamp;

/// An instant, or a stretch of time that words leave open: from its first second to its last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first second.
    pub earliest: Timestamp,
    /// The last second.
    pub latest: Timestamp,
}

impl Span {
    /// One instant.
    pub fn instant(at: Timestamp) -> Self {
        Self { earliest: at, latest: at }
    }

    /// One whole day.
    pub(crate) fn day(day: NaiveDate) -> Self {
        Self::days(day, day)
    }

    /// Whole days, both included.
    pub(crate) fn days(first: NaiveDate, last: NaiveDate) -> Self {
        Self { earliest: start(first), latest: end(last) }
    }

    /// From the beginning of the earlier to the end of the later.
    pub(crate) fn around(self, other: Self) -> Self {
        Self { earliest: self.earliest.min(other.earliest), latest: self.latest.max(other.latest) }
    }
}

/// The first second of a day.
pub(crate) fn start(day: NaiveDate) -> Timestamp {
    Timestamp::from_unix(day.and_time(chrono::NaiveTime::MIN).and_utc().timestamp())
}

/// The last second of a day.
pub(crate) fn end(day: NaiveDate) -> Timestamp {
    start(day).plus(86_399)
}

/// The UTC day of an instant.
pub(crate) fn day(at: Timestamp) -> NaiveDate {
    chrono::DateTime::from_timestamp(at.unix(), 0).map_or(NaiveDate::MIN, |t| t.date_naive())
}

/// A year that a canary can be of; other numbers are not years.
pub(crate) fn year(number: u32) -> Option<i32> {
    (1990..=2199).contains(&number).then_some(number as i32)
}

pub(crate) fn date(year: i32, month: u32, day: u32) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(year, month, day)
}

pub(crate) fn last_of_month(year: i32, month: u32) -> Option<NaiveDate> {
    let first = date(year, month, 1)?;
    first.checked_add_months(Months::new(1))?.pred_opt()
}

/// A length of time as people say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// Hours.
    Hours(u32),
    /// Days.
    Days(u32),
    /// Calendar months; the day is kept, or the last of a shorter month taken.
    Months(u32),
}

impl Length {
    /// The day or instant so much after.
    pub(crate) fn after(self, from: Timestamp) -> Timestamp {
        match self {
            Self::Hours(n) => from.plus(i64::from(n) * 3600),
            Self::Days(n) => from.plus(i64::from(n) * 86_400),
            Self::Months(n) => {
                let of_day = from.unix().rem_euclid(86_400);
                day(from)
                    .checked_add_months(Months::new(n))
                    .map_or(Timestamp::MAX, |day| start(day).plus(of_day))
            }
        }
    }

    /// One unit more: where "about three months" ends and "about four" begins.
    pub(crate) fn one_more(self) -> Self {
        match self {
            Self::Hours(n) => Self::Hours(n.saturating_add(1)),
            Self::Days(n) if n % 7 == 0 => Self::Days(n.saturating_add(7)),
            Self::Days(n) if n % 30 == 0 => Self::Days(n.saturating_add(30)),
            Self::Days(n) => Self::Days(n.saturating_add(1)),
            Self::Months(n) => Self::Months(n.saturating_add(1)),
        }
    }
}

/// A stretch of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Period {
    Day,
    Week,
    Month,
    Quarter,
    HalfYear,
    Year,
}

impl Period {
    pub(crate) fn length(self) -> Length {
        match self {
            Self::Day => Length::Days(1),
            Self::Week => Length::Days(7),
            Self::Month => Length::Months(1),
            Self::Quarter => Length::Months(3),
            Self::HalfYear => Length::Months(6),
            Self::Year => Length::Months(12),
        }
    }

    /// The first and last day of the calendar period that holds a day.
    pub(crate) fn around(self, day: NaiveDate) -> Option<(NaiveDate, NaiveDate)> {
        let months = |n: u32| {
            let first = date(day.year(), (day.month0() / n) * n + 1, 1)?;
            Some((first, first.checked_add_months(Months::new(n))?.pred_opt()?))
        };
        match self {
            Self::Day => Some((day, day)),
            Self::Week => {
                let first = day
                    .checked_sub_days(Days::new(u64::from(day.weekday().num_days_from_monday())))?;
                Some((first, first.checked_add_days(Days::new(6))?))
            }
            Self::Month => months(1),
            Self::Quarter => months(3),
            Self::HalfYear => months(6),
            Self::Year => months(12),
        }
    }

    /// The first and last day of the period after the one that holds a day.
    pub(crate) fn after(self, day: NaiveDate) -> Option<(NaiveDate, NaiveDate)> {
        self.around(self.around(day)?.1.succ_opt()?)
    }
}

/// The next such weekday strictly after a day.
pub(crate) fn next_weekday(after: NaiveDate, weekday: Weekday) -> Option<NaiveDate> {
    let ahead =
        (7 + weekday.num_days_from_monday() - after.weekday().num_days_from_monday() - 1) % 7 + 1;
    after.checked_add_days(Days::new(u64::from(ahead)))
}

/// Such a weekday of a month: the first is 1, the last 0.
pub(crate) fn nth_weekday(
    (first, last): (NaiveDate, NaiveDate),
    nth: u32,
    weekday: Weekday,
) -> Option<NaiveDate> {
    let day = match nth {
        0 => next_weekday(last.checked_sub_days(Days::new(7))?, weekday)?,
        n => next_weekday(first.pred_opt()?, weekday)?
            .checked_add_days(Days::new(7 * (u64::from(n) - 1)))?,
    };
    (first..=last).contains(&day).then_some(day)
}
