//! Dates and times of day that are written in figures.

use chrono::{DateTime, FixedOffset};

use crate::dates::calendar::{Span, date, last_of_month, year};
use crate::dates::rule::Rule;
use crate::dates::words;

/// An instant as RFC 3339 writes it, with or without a zone.
pub(crate) fn instant(raw: &str) -> Option<DateTime<FixedOffset>> {
    if !raw.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let read = |text: &str| DateTime::parse_from_rfc3339(text).ok();
    read(raw).or_else(|| read(&format!("{raw}Z")))
}

/// Dates in figures, or with the month's name between: 2026-06-19, 19.06.2026, 19/6/2026, 03-Jun-2024, 20260619.
pub(crate) fn numeric(text: &str) -> Option<Rule> {
    if text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        let day = date(
            year(text[..4].parse().ok()?)?,
            text[4..6].parse().ok()?,
            text[6..].parse().ok()?,
        )?;
        return Some(Rule::On(Span::day(day)));
    }
    let separator = text.chars().find(|c| matches!(c, '-' | '/' | '.'))?;
    let parts: Vec<&str> = text.split(separator).collect();
    let number = |at: usize| parts[at].parse::<u32>().ok().filter(|_| parts[at].len() <= 4);
    match parts.len() {
        2 => {
            let (year, month) = (year(number(0)?)?, number(1).filter(|_| parts[1].len() == 2)?);
            Some(Rule::On(Span::days(date(year, month, 1)?, last_of_month(year, month)?)))
        }
        3 => {
            let name = words::month(&parts[1].to_lowercase());
            if let Some(month) = name {
                let day = number(0)
                    .filter(|day| *day <= 31)
                    .and_then(|day| date(year(number(2)?)?, month, day))
                    .or_else(|| date(year(number(0)?)?, month, number(2)?))?;
                return Some(Rule::On(Span::day(day)));
            }
            if let Some(year) = year(number(0)?) {
                return date(year, number(1)?, number(2)?).map(|day| Rule::On(Span::day(day)));
            }
            let year = match number(2)? {
                // Two figures for the year, where all three parts have two: 15.11.24, 11/15/24.
                short @ 10..=59 if parts.iter().all(|part| part.len() == 2) && separator != '-' => {
                    short as i32 + 2000
                }
                long => year(long)?,
            };
            let (a, b) = (number(0)?, number(1)?);
            // Full stops put the day first; strokes do so in half of the world.
            let readings =
                (date(year, b, a), if separator == '.' { None } else { date(year, a, b) });
            match readings {
                (Some(one), Some(other)) if one != other => {
                    Some(Rule::Strokes(Span::day(one), Span::day(other)))
                }
                (Some(one), _) | (None, Some(one)) => Some(Rule::On(Span::day(one))),
                (None, None) => None,
            }
        }
        _ => None,
    }
}

pub(crate) fn time_of_day(text: &str) -> Option<i64> {
    let text = text.trim_end_matches(['z', 'h']);
    let (hour, rest) = text.split_once(':')?;
    let (minute, second) = rest.split_once(':').unwrap_or((rest, "0"));
    let (hour, minute, second): (i64, i64, i64) =
        (hour.parse().ok()?, minute.parse().ok()?, second.parse().ok()?);
    ((0..=23).contains(&hour) && (0..=59).contains(&minute) && (0..=60).contains(&second))
        .then_some(hour * 3600 + minute * 60 + second.min(59))
}

/// `+0530`, `+05:30`, `-0700`.
pub(crate) fn offset(text: &str) -> Option<i64> {
    let sign = match text.chars().next()? {
        '+' => 1,
        '-' => -1,
        _ => return None,
    };
    let digits: String = text[1..].chars().filter(|c| *c != ':').collect();
    if digits.len() != 4 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(sign * (digits[..2].parse::<i64>().ok()? * 3600 + digits[2..].parse::<i64>().ok()? * 60))
}
