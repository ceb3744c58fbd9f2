//! Dates in prose: the date of issue, and when the next issue is due.
//!
//! What the words leave open stays open: a day is a day, a window is a window, and a phrase such as "about once
//! a quarter" has an earliest and a latest reading. No instant is ever made up.

mod calendar;
mod cues;
mod expression;
mod figures;
mod ideographs;
mod roles;
mod rule;
mod words;

pub use calendar::{Length, Span};
pub(crate) use expression::{Expression, expressions};
pub(crate) use rule::{Order, Rule};
pub(crate) use words::{Word, words};

use crate::Timestamp;
use calendar::{Period, day, end, next_weekday, start};

/// What a text says of its own time.
#[derive(Debug, Clone, Default)]
pub struct Dates {
    /// The date of issue.
    pub issued: Option<Span>,
    pub(crate) next: Vec<Said>,
    pub(crate) ends: Vec<Said>,
    /// A date of issue without its year.
    pub(crate) yearless: Option<Rule>,
    /// Where the date of issue is in strokes and nothing in the text shows their order: both readings.
    pub(crate) strokes: Option<(Span, Span)>,
}

impl Dates {
    /// Whether there is anything at all.
    pub(crate) fn says_anything(&self) -> bool {
        self.issued.is_some()
            || self.yearless.is_some()
            || !self.next.is_empty()
            || !self.ends.is_empty()
    }
}

/// A rule for the next issue or the end of validity, with the words that state it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) rule: Rule,
    pub(crate) words: String,
}

/// When the next issue is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Due {
    /// The words fix it.
    Stated {
        /// Where the words announce a window, when it opens.
        opens: Option<Timestamp>,
        /// When the next issue is due.
        next_due: Timestamp,
        /// When this one ends; the same instant where nothing else is said.
        expires: Timestamp,
        /// The words.
        words: String,
    },
    /// The words can be read in several ways.
    Vague {
        /// The earliest reading of the deadline, where there is any.
        earliest: Option<Timestamp>,
        /// The latest reading, where there is any.
        latest: Option<Timestamp>,
        /// The words.
        words: String,
    },
    /// Nothing is said.
    Unstated,
}

/// How often an issue is due, as the user states it for a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cadence {
    /// From the date of issue to the day on which the next is due.
    pub every: Length,
    /// From then until the last one counts as ended.
    pub grace: Length,
}

impl Cadence {
    /// Reads `daily`, `weekly`, `monthly`, `quarterly`, `yearly`, or a number and `h`, `d`, `w`, `m` or `y`; a grace
    /// may follow a plus sign: `quarterly+7d`.
    pub fn parse(text: &str) -> Option<Self> {
        let (every, grace) =
            text.split_once('+').map_or((text, None), |(every, grace)| (every, Some(grace)));
        let every = match every.trim() {
            "daily" => Length::Days(1),
            "weekly" => Length::Days(7),
            "monthly" => Length::Months(1),
            "quarterly" => Length::Months(3),
            "yearly" | "annually" => Length::Months(12),
            other => length(other)?,
        };
        Some(Self { every, grace: grace.map_or(Some(Length::Days(0)), length)? })
    }
}

fn length(text: &str) -> Option<Length> {
    let text = text.trim();
    let unit = text.chars().last()?;
    let number: u32 = text[..text.len() - unit.len_utf8()].parse().ok().filter(|n| *n <= 10_000)?;
    Some(match unit {
        'h' => Length::Hours(number),
        'd' => Length::Days(number),
        'w' => Length::Days(number * 7),
        'm' => Length::Months(number),
        'y' => Length::Months(number * 12),
        _ => return None,
    })
}

impl Dates {
    /// Reads the sentences of a text, those about freshness left out by the caller.
    pub(crate) fn read<'a>(sentences: impl IntoIterator<Item = &'a str>) -> Self {
        roles::read(sentences)
    }

    /// Dates that a format states as instants.
    pub(crate) fn stated(issued: Option<Timestamp>, ends: Option<Timestamp>) -> Self {
        let ends = ends
            .map(|at| Said { rule: Rule::On(Span::instant(at)), words: format!("expires {at}") });
        Self {
            issued: issued.map(Span::instant),
            next: Vec::new(),
            ends: ends.into_iter().collect(),
            yearless: None,
            strokes: None,
        }
    }

    /// The order of day and month that a reading of the date of issue goes with.
    fn order(&self, issued: Span) -> Option<Order> {
        let (day_first, month_first) = self.strokes?;
        match issued {
            _ if issued == day_first => Some(Order::DayFirst),
            _ if issued == month_first => Some(Order::MonthFirst),
            _ => None,
        }
    }

    /// When the next issue is due, counted from the date of issue.
    pub fn due(&self, issued: Span, cadence: Option<Cadence>) -> Due {
        match self.strokes {
            // Which reading of the date of issue is meant is open: so is what is counted from it.
            Some((one, other)) if issued == one.around(other) => {
                either(self.counted_from(one, cadence), self.counted_from(other, cadence))
            }
            _ => self.counted_from(issued, cadence),
        }
    }

    fn counted_from(&self, issued: Span, cadence: Option<Cadence>) -> Due {
        if let Some(cadence) = cadence {
            let next_due = whole_day(issued, cadence.every.after(issued.earliest));
            let expires = Timestamp::from_unix(cadence.grace.after(next_due).unix());
            return Due::Stated {
                opens: None,
                next_due,
                expires,
                words: "as the user states".into(),
            };
        }
        let order = self.order(issued);
        // Of several dates for issues to come the first is the deadline; the later ones do not prolong this issue.
        let next = best(&self.next, issued, order).map(|due| match due {
            Due::Stated { opens, next_due, words, .. } => {
                Due::Stated { opens, next_due, expires: next_due, words }
            }
            other => other,
        });
        let ends = best(&self.ends, issued, order);
        match (next, ends) {
            (Some(one), None) | (None, Some(one)) => one,
            (
                Some(Due::Stated { opens, next_due, words, .. }),
                Some(Due::Stated { expires, words: also, .. }),
            ) => {
                // A validity that ends before the next issue is due ends it all the same.
                Due::Stated {
                    opens,
                    next_due: next_due.min(expires),
                    expires,
                    words: format!("{words}; {also}"),
                }
            }
            (Some(Due::Vague { .. }), Some(stated @ Due::Stated { .. }))
            | (Some(stated @ Due::Stated { .. }), Some(_)) => stated,
            (Some(one), Some(_)) => one,
            (None, None) => Due::Unstated,
        }
    }
}

/// What two readings of one text leave open.
fn either(one: Due, other: Due) -> Due {
    let reach = |due: &Due| match due {
        Due::Stated { next_due, expires, words, .. } => {
            Some((*next_due, (*expires).max(*next_due), words.clone()))
        }
        Due::Vague { earliest: Some(earliest), latest: Some(latest), words } => {
            Some((*earliest, *latest, words.clone()))
        }
        Due::Vague { .. } | Due::Unstated => None,
    };
    match (reach(&one), reach(&other)) {
        (Some((a, b, words)), Some((c, d, _))) if one != other => {
            Due::Vague { earliest: Some(a.min(c)), latest: Some(b.max(d)), words }
        }
        _ => one,
    }
}

/// Explicit dates before lengths, lengths before lists of days, all of them before what can be read in several ways.
fn best(all: &[Said], issued: Span, order: Option<Order>) -> Option<Due> {
    let mut found: Option<(u8, Due)> = None;
    for said in all {
        let rule = said.rule.clone().ordered(order);
        let due = rule.due(issued, &said.words);
        let rank = match (&rule, &due) {
            (_, Due::Unstated) => continue,
            (Rule::On(_) | Rule::Before(_), Due::Stated { .. }) => 0,
            (Rule::Within(_), _) => 1,
            (_, Due::Stated { .. }) => 2,
            (Rule::Irregular, _) => 4,
            _ => 3,
        };
        match &mut found {
            Some((known, kept)) if *known == rank => {
                if let (
                    Due::Stated { next_due: a, expires: b, .. },
                    Due::Stated { next_due, expires, .. },
                ) = (kept, &due)
                {
                    // A date that lies before the issue itself is part of an older text, not a deadline.
                    if *a < issued.earliest || (*next_due >= issued.earliest && *next_due < *a) {
                        *a = *next_due;
                    }
                    *b = (*b).max(*expires);
                }
            }
            Some((known, _)) if *known < rank => {}
            _ => found = Some((rank, due)),
        }
    }
    found.map(|(_, due)| due)
}

/// Counted from a date, a length ends with a day; counted from an instant, at an instant.
fn whole_day(issued: Span, at: Timestamp) -> Timestamp {
    if issued.earliest == issued.latest { at } else { end(day(at)) }
}

impl Rule {
    pub(crate) fn due(&self, issued: Span, words: &str) -> Due {
        let from = day(issued.earliest);
        let stated = |opens: Option<Timestamp>, at: Timestamp| Due::Stated {
            opens,
            next_due: at,
            expires: at,
            words: words.to_owned(),
        };
        let vague = |earliest: Timestamp, latest: Timestamp| {
            let (earliest, latest) = (earliest.min(latest), earliest.max(latest));
            Due::Vague { earliest: Some(earliest), latest: Some(latest), words: words.to_owned() }
        };
        match self {
            Self::On(span) => {
                let day_long = span.latest.since(span.earliest) <= 86_400;
                stated((!day_long).then_some(span.earliest), span.latest)
            }
            Self::Before(span) => stated(None, span.earliest.plus(-1)),
            Self::Either(one, other) | Self::Strokes(one, other) => vague(one.latest, other.latest),
            Self::Within(length) => stated(None, whole_day(issued, length.after(issued.earliest))),
            Self::About(length) => vague(
                whole_day(issued, length.after(issued.earliest)),
                whole_day(issued, length.one_more().after(issued.earliest)),
            ),
            Self::Each(Period::Day) => {
                stated(None, whole_day(issued, Length::Days(1).after(issued.earliest)))
            }
            Self::Each(period) => {
                let rolling = whole_day(issued, period.length().after(issued.earliest));
                let calendar = period.after(from).map_or(Timestamp::MAX, |(_, last)| end(last));
                vague(rolling, calendar)
            }
            Self::Coming(period) => match period.after(from) {
                Some((first, last)) => stated(Some(start(first)), end(last)),
                None => Due::Unstated,
            },
            Self::PartOfEach { period, first, last } => {
                let window = |whole| Some((place(*first, whole)?, place(*last, whole)?));
                // Where this period's own part is still to come, it is the next one.
                let this = period.around(from).and_then(window).filter(|(one, _)| *one > from);
                let following = period.after(from).and_then(window);
                match (this.or(following), following) {
                    (Some((one, other)), Some((_, after)))
                        if other < after && (one - from).num_days() <= near(*period) =>
                    {
                        vague(end(other), end(after))
                    }
                    (Some((one, other)), _) => {
                        stated((one != other).then(|| start(one)), end(other))
                    }
                    _ => Due::Unstated,
                }
            }
            Self::AboutPartOfEach { period, first } => {
                let exact = Self::PartOfEach { period: *period, first: *first, last: *first };
                let to_its_end =
                    |at: Timestamp| period.around(day(at)).map_or(at, |(_, last)| end(last));
                match exact.due(issued, words) {
                    Due::Stated { next_due, .. } => vague(next_due, to_its_end(next_due)),
                    Due::Vague { earliest: Some(earliest), latest: Some(latest), .. } => {
                        vague(earliest, to_its_end(latest))
                    }
                    other => other,
                }
            }
            Self::PartOfMonth { month, first, last } => {
                let years = chrono::Datelike::year(&from)..=chrono::Datelike::year(&from) + 1;
                let next = years
                    .filter_map(|year| Period::Month.around(calendar::date(year, *month, 1)?))
                    .filter_map(|whole| Some((place(*first, whole)?, place(*last, whole)?)))
                    .find(|(one, _)| *one > from);
                next.map_or(Due::Unstated, |(one, other)| {
                    stated((one != other).then(|| start(one)), end(other))
                })
            }
            Self::Weekday(weekday) => next_weekday(from, *weekday).map_or(Due::Unstated, |next| {
                match next_weekday(next, *weekday) {
                    Some(after) if (next - from).num_days() <= near(Period::Week) => {
                        vague(end(next), end(after))
                    }
                    _ => stated(None, end(next)),
                }
            }),
            Self::WeekdayOfEach(nth, weekday) => {
                let months = std::iter::successors(Period::Month.around(from), |(first, _)| {
                    Period::Month.after(*first)
                });
                let mut days = months
                    .take(4)
                    .filter_map(|month| calendar::nth_weekday(month, *nth, *weekday))
                    .filter(|day| *day > from);
                match (days.next(), days.next()) {
                    (Some(next), Some(after))
                        if (next - from).num_days() <= near(Period::Month) =>
                    {
                        vague(end(next), end(after))
                    }
                    (Some(next), _) => stated(None, end(next)),
                    _ => Due::Unstated,
                }
            }
            Self::Yearly(days) => {
                yearly(days, from).map_or(Due::Unstated, |(near, next)| match near {
                    Some(near) => vague(end(near), end(next)),
                    None => stated(None, end(next)),
                })
            }
            Self::YearlyMonths(months) => {
                let next = (0..=12)
                    .filter_map(|n| {
                        Period::Month.around(from)?.0.checked_add_months(chrono::Months::new(n))
                    })
                    .find(|first| {
                        months.contains(&chrono::Datelike::month(first)) && *first > from
                    });
                next.and_then(|first| Period::Month.around(first))
                    .map_or(Due::Unstated, |(first, last)| stated(Some(start(first)), end(last)))
            }
            Self::Irregular => Due::Vague { earliest: None, latest: None, words: words.to_owned() },
        }
    }
}

/// A day of a stretch by its offset: from the begin where it is not negative, else from the end.
fn place(offset: i64, whole: (chrono::NaiveDate, chrono::NaiveDate)) -> Option<chrono::NaiveDate> {
    if offset >= 0 {
        whole.0.checked_add_signed(chrono::Duration::days(offset))
    } else {
        whole.1.checked_add_signed(chrono::Duration::days(offset + 1))
    }
}

/// Days close before a listed one, within which an issue may be meant for it rather than be the one before it.
const NEAR: i64 = 14;

/// The same for days of shorter periods.
fn near(period: Period) -> i64 {
    match period {
        Period::Day => 0,
        Period::Week => 1,
        Period::Month => 5,
        Period::Quarter | Period::HalfYear | Period::Year => NEAR,
    }
}

/// The next listed day of the year strictly after a day. An issue shortly before a listed day may be the one meant
/// for it: then both readings are given.
fn yearly(
    days: &[(u32, u32)],
    from: chrono::NaiveDate,
) -> Option<(Option<chrono::NaiveDate>, chrono::NaiveDate)> {
    use chrono::Datelike as _;
    let mut all: Vec<chrono::NaiveDate> = (from.year()..=from.year() + 1)
        .flat_map(|year| {
            days.iter().filter_map(move |(month, day)| calendar::date(year, *month, *day))
        })
        .collect();
    all.sort_unstable();
    let mut ahead = all.into_iter().filter(|day| *day > from);
    let next = ahead.next()?;
    match ahead.next() {
        Some(after) if days.len() > 1 && (next - from).num_days() <= NEAR => {
            Some((Some(next), after))
        }
        _ => Some((None, next)),
    }
}

/// The instant of a value that a format states as a date or date and time.
pub(crate) fn instant_of(text: &str) -> Option<Timestamp> {
    if let Ok(exact) = chrono::DateTime::parse_from_rfc3339(text.trim()) {
        return Some(Timestamp::from_unix(exact.timestamp()));
    }
    let all = words(text);
    expressions(&all).into_iter().find_map(|one| match one.rule {
        Rule::On(span) => {
            Some(if span.earliest == span.latest { span.earliest } else { span.latest })
        }
        _ => None,
    })
}
