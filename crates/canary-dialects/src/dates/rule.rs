//! What an expression of time says, before it is known what it says it of.

use chrono::{Datelike, Weekday};

use crate::Timestamp;
use crate::dates::calendar::{self, Length, Period, Span, date, start, year};
use crate::dates::words::Word;

/// What an expression says, before it is known what it says it of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Rule {
    /// A date, an instant or a window.
    On(Span),
    /// Strictly before a date.
    Before(Span),
    /// A time that can be read in two ways.
    Either(Span, Span),
    /// 03/04/2026: with the day first, and with the month first.
    Strokes(Span, Span),
    /// A length from the date of issue.
    Within(Length),
    /// About such a length.
    About(Length),
    /// Once in each such period: so long after the last, or once in the next period of the calendar.
    Each(Period),
    /// The next such period.
    Coming(Period),
    /// Days of each period, counted from its begin (0 …) or its end (-1 …).
    PartOfEach { period: Period, first: i64, last: i64 },
    /// About such days of each period, up to its end.
    AboutPartOfEach { period: Period, first: i64 },
    /// Days of a month whose year is not said, counted in the same way.
    PartOfMonth { month: u32, first: i64, last: i64 },
    /// A weekday.
    Weekday(Weekday),
    /// Such a weekday of each month, the first, second and so on; the last is 0.
    WeekdayOfEach(u32, Weekday),
    /// Days of the year, month and day.
    Yearly(Vec<(u32, u32)>),
    /// Months of the year.
    YearlyMonths(Vec<u32>),
    /// "Regularly" and the like.
    Irregular,
}
/// Which part of a date in strokes comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    DayFirst,
    MonthFirst,
}

impl Order {
    /// What one word shows of it: 28/02/2024 has the day first, 02/28/2024 the month.
    pub(crate) fn shown(word: &Word<'_>) -> Option<Self> {
        let mut parts = word.text.split('/').map(|part| part.parse::<u32>().ok());
        let (a, b, c) = (parts.next()??, parts.next()??, parts.next()??);
        if parts.next().is_some() || year(c).is_none() && !(10..=59).contains(&c) {
            return None;
        }
        match (a, b) {
            (13..=31, 1..=12) => Some(Self::DayFirst),
            (1..=12, 13..=31) => Some(Self::MonthFirst),
            _ => None,
        }
    }
}

impl Rule {
    /// The one reading that an order of day and month leaves.
    pub(crate) fn ordered(self, order: Option<Order>) -> Self {
        match (self, order) {
            (Self::Strokes(span, _), Some(Order::DayFirst))
            | (Self::Strokes(_, span), Some(Order::MonthFirst)) => Self::On(span),
            (other, _) => other,
        }
    }

    /// Whether it names a place in time by itself, as a date of issue does.
    pub(crate) fn point(&self) -> Option<Span> {
        match self {
            Self::On(span) => Some(*span),
            Self::Either(one, other) | Self::Strokes(one, other) => Some(one.around(*other)),
            _ => None,
        }
    }

    /// Whether it is a length or habit, which says nothing without a word for what it is the habit of.
    pub(crate) fn is_habit(&self) -> bool {
        !matches!(
            self,
            Self::On(_)
                | Self::Before(_)
                | Self::Either(..)
                | Self::Strokes(..)
                | Self::Yearly(_)
                | Self::YearlyMonths(_)
                | Self::PartOfMonth { .. }
        )
    }

    /// A yearless date, brought to the year that lies nearest to an instant: for dates of issue.
    pub(crate) fn near(&self, at: Timestamp) -> Option<Span> {
        let Self::Yearly(days) = self else { return self.point() };
        let [(month, day)] = days[..] else { return None };
        let around = calendar::day(at);
        (around.year() - 1..=around.year() + 1)
            .filter_map(|year| date(year, month, day))
            .min_by_key(|day| start(*day).since(at).abs())
            .map(Span::day)
    }
}
