//! Instants and dates exactly as the format writes them (`format.md` §2).

use std::fmt;

use chrono::{DateTime, Datelike, NaiveDate, Timelike};
use serde::{Serialize, Serializer};

use crate::json::At;
use crate::refusal::{Refusal, Rule};

/// A UTC instant in whole seconds, written `YYYY-MM-DDTHH:MM:SSZ`, from year 0000 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The latest instant that the format can write.
    pub const MAX: Self = Self(253_402_300_799);
    /// The earliest instant that the format can write.
    pub const MIN: Self = Self(-62_167_219_200);

    /// Seconds since 1970-01-01T00:00:00Z; instants outside years 0000–9999 are brought to the nearest end.
    pub fn from_unix(seconds: i64) -> Self {
        Self(seconds.clamp(Self::MIN.0, Self::MAX.0))
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    pub fn unix(self) -> i64 {
        self.0
    }

    /// Reads the one accepted form; `None` for any other, and for instants that do not exist.
    pub fn parse(text: &str) -> Option<Self> {
        let b = text.as_bytes();
        if b.len() != 20 || b[10] != b'T' || b[13] != b':' || b[16] != b':' || b[19] != b'Z' {
            return None;
        }
        let date = Date::parse(text.get(..10)?)?;
        let time =
            date.0.and_hms_opt(digits(&b[11..13])?, digits(&b[14..16])?, digits(&b[17..19])?)?;
        Some(Self(time.and_utc().timestamp()))
    }

    /// Reads RFC 3339 in any offset, as people write it on a command line; fractions of a second are
    /// cut off. The format itself has one form only: [`Self::parse`].
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        let instant = DateTime::parse_from_rfc3339(text).ok()?.timestamp();
        (Self::MIN.0..=Self::MAX.0).contains(&instant).then_some(Self(instant))
    }

    /// This instant moved by so many seconds, kept within the years 0000–9999.
    #[must_use]
    pub fn plus(self, seconds: i64) -> Self {
        Self::from_unix(self.0.saturating_add(seconds))
    }

    /// Seconds from `earlier` to this instant; negative where `earlier` is later.
    pub fn since(self, earlier: Self) -> i64 {
        self.0 - earlier.0
    }

    /// The UTC calendar date.
    pub fn date(self) -> Date {
        Date(self.datetime().date_naive())
    }

    fn datetime(self) -> DateTime<chrono::Utc> {
        DateTime::from_timestamp(self.0, 0).expect("years 0000 to 9999 are within chrono's range")
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let t = self.datetime();
        write!(f, "{}T{:02}:{:02}:{:02}Z", self.date(), t.hour(), t.minute(), t.second())
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A calendar date, written `YYYY-MM-DD`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(NaiveDate);

impl Date {
    /// Reads the one accepted form; `None` for any other, and for dates that do not exist.
    pub fn parse(text: &str) -> Option<Self> {
        let b = text.as_bytes();
        if b.len() != 10 || b[4] != b'-' || b[7] != b'-' {
            return None;
        }
        let year = i32::try_from(digits(&b[..4])?).ok()?;
        NaiveDate::from_ymd_opt(year, digits(&b[5..7])?, digits(&b[8..])?).map(Self)
    }

    /// The first instant of this date, UTC.
    pub fn midnight(self) -> Timestamp {
        Timestamp(self.0.and_time(chrono::NaiveTime::MIN).and_utc().timestamp())
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.0.year(), self.0.month(), self.0.day())
    }
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

fn digits(bytes: &[u8]) -> Option<u32> {
    bytes
        .iter()
        .try_fold(0, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + u32::from(byte - b'0')))
}

impl At<'_, '_> {
    pub(crate) fn timestamp(&self) -> Result<Timestamp, Refusal> {
        Timestamp::parse(self.string()?).map_or_else(
            || self.refuse(Rule::Form("a UTC instant written YYYY-MM-DDTHH:MM:SSZ")),
            Ok,
        )
    }

    pub(crate) fn date(&self) -> Result<Date, Refusal> {
        Date::parse(self.string()?)
            .map_or_else(|| self.refuse(Rule::Form("a date written YYYY-MM-DD")), Ok)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_exact_form_of_a_real_instant_is_read() {
        for text in [
            "2026-01-01T09:00:00Z",
            "0000-01-01T00:00:00Z",
            "9999-12-31T23:59:59Z",
            "2024-02-29T00:00:00Z",
        ] {
            assert_eq!(Timestamp::parse(text).map(|t| t.to_string()).as_deref(), Some(text));
        }
        for text in [
            "",
            "2026-01-01T09:00:00",
            "2026-01-01t09:00:00Z",
            "2026-01-01T09:00:00z",
            "2026-01-01 09:00:00Z",
            "2026-01-01T09:00:60Z",
            "2026-01-01T24:00:00Z",
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-01-01T09:00:00+00:00",
            "2026-01-01T09:00:00.0Z",
            "+026-01-01T09:00:00Z",
            "２026-01-01T09:00:00",
        ] {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
    }

    #[test]
    fn people_may_write_an_offset() {
        let noon = Timestamp::parse("2026-03-01T12:00:00Z");
        for text in ["2026-03-01T12:00:00Z", "2026-03-01t13:30:00.9+01:30", "2026-03-01 12:00:00z"]
        {
            assert_eq!(Timestamp::parse_rfc3339(text), noon, "{text}");
        }
        for text in ["2026-03-01", "2026-03-01T12:00", "2026-02-29T00:00:00Z", "now", ""] {
            assert_eq!(Timestamp::parse_rfc3339(text), None, "{text}");
        }
    }

    #[test]
    fn the_ends_of_time_are_kept() {
        assert_eq!(Timestamp::MAX.to_string(), "9999-12-31T23:59:59Z");
        assert_eq!(Timestamp::MIN.to_string(), "0000-01-01T00:00:00Z");
        assert_eq!(Timestamp::MAX.plus(1), Timestamp::MAX);
        assert_eq!(Timestamp::from_unix(i64::MIN), Timestamp::MIN);
    }
}
