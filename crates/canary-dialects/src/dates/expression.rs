//! Expressions of time among the words of a sentence: dates, windows, lengths and habits.

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, Weekday};

use crate::Timestamp;
use crate::dates::calendar::{Length, Period, Span, date, last_of_month, start, year};
use crate::dates::words::{self, Word};

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

/// One expression, from the first word to after the last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Expression {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) rule: Rule,
}

/// Every expression, from left to right, the longest at each place.
pub(crate) fn expressions(words: &[Word<'_>]) -> Vec<Expression> {
    let mut found: Vec<Expression> = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let here = Here { words, at };
        match here.rule() {
            Some((rule, length)) => {
                let rule = here.about(rule, length);
                found.push(Expression { from: at, to: at + length, rule });
                at += length;
            }
            None => at += 1,
        }
    }
    found
}

type Found = Option<(Rule, usize)>;

/// A place among the words, from which a reader looks ahead.
#[derive(Clone, Copy)]
struct Here<'a> {
    words: &'a [Word<'a>],
    at: usize,
}

impl<'a> Here<'a> {
    fn word(&self, ahead: usize) -> Option<&'a Word<'a>> {
        self.words.get(self.at + ahead)
    }

    fn text(&self, ahead: usize) -> &'a str {
        self.word(ahead).map_or("", |word| word.text.as_str())
    }

    fn before(&self, back: usize) -> &'a str {
        self.at
            .checked_sub(back)
            .and_then(|at| self.words.get(at))
            .map_or("", |word| word.text.as_str())
    }

    fn on(&self, ahead: usize) -> Self {
        Self { words: self.words, at: self.at + ahead }
    }

    fn rule(&self) -> Found {
        self.recurring()
            .or_else(|| self.week())
            .or_else(|| self.days_between())
            .or_else(|| self.window())
            .or_else(|| self.edge())
            .or_else(|| self.months())
            .or_else(|| self.point())
            .or_else(|| self.length())
            .or_else(|| self.coming())
            .or_else(|| self.habit())
    }

    /// "approximately", "about" before it, or "or so" behind, leaves a length open.
    fn about(&self, rule: Rule, length: usize) -> Rule {
        const ABOUT: [&str; 10] = [
            "approximately",
            "approx",
            "about",
            "around",
            "roughly",
            "circa",
            "usually",
            "typically",
            "generally",
            "nearly",
        ];
        let loose = (1..=3).any(|back| ABOUT.contains(&self.before(back)))
            || (self.text(length) == "or" && self.text(length + 1) == "so");
        match rule {
            Rule::Within(length) if loose => Rule::About(length),
            Rule::Each(Period::Day) if loose => Rule::About(Length::Days(1)),
            Rule::PartOfEach { period, first, last } if loose && first == last => {
                Rule::AboutPartOfEach { period, first }
            }
            other => other,
        }
    }

    /// "first fourteen days of September 2026", "last two weeks of May", "first week of each month", "1st of every month".
    fn window(&self) -> Found {
        let skip = usize::from(self.text(0) == "the");
        let here = self.on(skip);
        let ordinal = here.word(0)?.ordinal()?;
        let (count, mut used) = match here
            .word(1)
            .filter(|_| !matches!(here.text(1), "of" | "a" | "an"))
            .and_then(Word::number)
        {
            Some(count) => (count, 2),
            None => (1, 1),
        };
        let weekday = here.word(used).and_then(Word::weekday);
        let unit = match here.text(used) {
            "day" | "days" | "calendar-days" => 1,
            "week" | "weeks" => 7,
            "fortnight" => 14,
            "half" => 0,
            _ if weekday.is_some() && used == 1 => 7,
            // "the 1st and the 7th of each month"
            "and" | "to" | "through" | "or" if used == 1 => {
                let more = 2 + usize::from(here.text(2) == "the");
                let until = here.word(more).and_then(Word::ordinal).filter(|n| *n >= ordinal)?;
                (here.text(more + 1) == "of").then_some(())?;
                let (period, used) = here.on(more + 2).each_period()?;
                let (first, last) = (i64::from(ordinal) - 1, i64::from(until) - 1);
                return Some((Rule::PartOfEach { period, first, last }, skip + more + 2 + used));
            }
            // "the 10th of January, April, July and October"
            "of" if used == 1
                && matches!(here.on(2).months(), Some((Rule::YearlyMonths(_), _))) =>
            {
                let Some((Rule::YearlyMonths(months), more)) = here.on(2).months() else {
                    return None;
                };
                let days = months.into_iter().map(|month| (month, ordinal)).collect();
                return Some((Rule::Yearly(days), skip + 2 + more));
            }
            // "the 1st of each month": the ordinal is the day itself.
            "of" if used == 1 => {
                let (period, more) = here.on(2).each_period()?;
                let day = i64::from(ordinal) - 1;
                return Some((Rule::PartOfEach { period, first: day, last: day }, skip + 2 + more));
            }
            _ => return None,
        };
        used += 1;
        if !matches!(here.text(used), "of" | "in") {
            return None;
        }
        used += 1;
        // From its first day as an offset; a last part is counted back from the end.
        let days = i64::from(count.min(366)) * unit;
        let (first, last) = match (ordinal, unit) {
            (0, 0) => (15, -1),
            (0, _) => (-days, -1),
            (1, 0) => (0, 14),
            (_, 0) => (15, -1),
            (n, 1) if count == 1 => (i64::from(n) - 1, i64::from(n) - 1),
            (n, _) => ((i64::from(n) - 1) * days, i64::from(n) * days - 1),
        };
        let target = here.on(used);
        if let Some(weekday) = weekday {
            let (period, more) = target.each_period()?;
            return (period == Period::Month)
                .then_some((Rule::WeekdayOfEach(ordinal, weekday), skip + used + more));
        }
        if let Some((period, more)) = target.each_period() {
            return Some((Rule::PartOfEach { period, first, last }, skip + used + more));
        }
        let Some((month_first, month_last, more)) = target.stretch() else {
            let month = target.word(0).and_then(Word::month)?;
            return Some((Rule::PartOfMonth { month, first, last }, skip + used + 1));
        };
        let place = |offset: i64| {
            let from = if offset >= 0 { month_first } else { month_last };
            from.checked_add_signed(chrono::Duration::days(if offset >= 0 {
                offset
            } else {
                offset + 1
            }))
            .map(|day| day.clamp(month_first, month_last))
        };
        Some((Rule::On(Span::days(place(first)?, place(last)?)), skip + used + more))
    }

    /// "each month", "every quarter", "the month", "any given year".
    fn each_period(&self) -> Option<(Period, usize)> {
        let skip = match self.text(0) {
            "each" | "every" | "the" | "a" | "any" => 1,
            _ => return None,
        };
        let skip = skip
            + usize::from(matches!(self.text(skip), "new" | "calendar" | "following" | "given"));
        period(self.text(skip))
            .filter(|period| *period != Period::Day)
            .map(|period| (period, skip + 1))
    }

    /// A month, quarter, half or year with its year: first day, last day, words used.
    fn stretch(&self) -> Option<(NaiveDate, NaiveDate, usize)> {
        let year_at =
            |ahead: usize| self.word(ahead).and_then(|word| word.text.parse().ok()).and_then(year);
        let of = |ahead: usize| usize::from(matches!(self.text(ahead), "of"));
        if let Some(month) = self.word(0).and_then(Word::month) {
            let skip = 1 + of(1);
            let year = year_at(skip)?;
            return Some((date(year, month, 1)?, last_of_month(year, month)?, skip + 1));
        }
        let text = self.text(0);
        let part = |count: u32, number: u32, skip: usize| {
            let year = year_at(skip)?;
            (1..=12 / count).contains(&number).then_some(())?;
            let first = date(year, (number - 1) * count + 1, 1)?;
            Some((first, last_of_month(year, number * count)?, skip + 1))
        };
        let numbered = |letter: char, count: u32| {
            let number = text.strip_prefix(letter).or_else(|| text.strip_suffix(letter))?;
            let (number, glued) = number.split_once(['/', '-']).unwrap_or((number, ""));
            let number: u32 = number.parse().ok()?;
            if let Some(year) = glued.parse().ok().and_then(year) {
                let first = date(year, (number.checked_sub(1)?) * count + 1, 1)?;
                return Some((first, last_of_month(year, number * count)?, 1));
            }
            part(count, number, 1 + of(1))
        };
        if let Some(found) = numbered('q', 3).or_else(|| numbered('h', 6)) {
            return Some(found);
        }
        let ordinal = self.word(0).and_then(Word::ordinal);
        let count = match self.text(1) {
            "quarter" => Some(3),
            "half" => Some(6),
            _ => None,
        };
        if let (Some(ordinal), Some(count)) = (ordinal, count) {
            let number = if ordinal == 0 { 12 / count } else { ordinal };
            return part(count, number, 2 + of(2));
        }
        let alone = year_at(0)?;
        Some((date(alone, 1, 1)?, date(alone, 12, 31)?, 1))
    }

    /// "end of March 2026", "by the end of Q3 2026", "mid-June 2026", "early March 2026", "end of each month".
    fn edge(&self) -> Found {
        let glued = self
            .text(0)
            .split_once('-')
            .filter(|(edge, _)| matches!(*edge, "mid" | "early" | "late"));
        let edge = glued.map_or(self.text(0), |(edge, _)| edge);
        if !matches!(edge, "end" | "beginning" | "start" | "middle" | "early" | "mid" | "late") {
            return None;
        }
        if let Some((_, month)) = glued {
            let month = words::month(month)?;
            let year = self.word(1).and_then(|word| word.text.parse().ok()).and_then(year)?;
            let whole = (date(year, month, 1)?, last_of_month(year, month)?);
            return Some((part_of(edge, whole.0, whole.1), 2));
        }
        let skip = 1 + usize::from(self.text(1) == "of");
        let target = self.on(skip);
        if let Some((period, used)) = target.each_period() {
            let rule = if edge == "end" {
                Rule::PartOfEach { period, first: -1, last: -1 }
            } else {
                Rule::Each(period)
            };
            return Some((rule, skip + used));
        }
        if matches!(target.text(0), "this" | "next") {
            return period(target.text(1)).map(|period| {
                (
                    if target.text(0) == "next" {
                        Rule::Coming(period)
                    } else {
                        Rule::PartOfEach { period, first: -1, last: -1 }
                    },
                    skip + 2,
                )
            });
        }
        let (first, last, used) = target.stretch()?;
        Some((part_of(edge, first, last), skip + used))
    }

    /// Lists without a year: "February 1, May 1, August 1 and November 1"; "January, April, July and October".
    fn months(&self) -> Found {
        let and = |here: &Self, at: usize| usize::from(matches!(here.text(at), "and" | "&" | "or"));
        let mut days = Vec::new();
        let mut at = 0;
        loop {
            let next = at + and(self, at) + usize::from(self.text(at + and(self, at)) == "the");
            let here = self.on(next);
            let (month, day) =
                match (here.word(0).and_then(Word::month), here.word(1).and_then(Word::number)) {
                    (Some(month), Some(day)) if (1..=31).contains(&day) => (month, day),
                    _ => match (
                        here.word(0).and_then(Word::number),
                        here.word(1).and_then(Word::month),
                    ) {
                        (Some(day), Some(month)) if (1..=31).contains(&day) => (month, day),
                        _ => break,
                    },
                };
            days.push((month, day));
            at = next + 2;
        }
        let followed_by_year =
            self.word(at).and_then(|word| word.text.parse().ok()).and_then(year).is_some();
        if days.len() > 1 && !followed_by_year {
            let more = usize::from(matches!(self.text(at), "each" | "every" | "of")) * 2;
            return Some((Rule::Yearly(days), at + more));
        }
        let mut names = Vec::new();
        let mut at = 0;
        while let Some(month) = self.word(at + and(self, at)).and_then(Word::month) {
            names.push(month);
            at += and(self, at) + 1;
        }
        let year_behind =
            self.word(at).and_then(|word| word.text.parse().ok()).and_then(year).is_some();
        (names.len() > 1 && !year_behind).then_some((Rule::YearlyMonths(names), at))
    }

    /// A date, with its time of day where one follows.
    fn point(&self) -> Found {
        let weekday = usize::from(
            self.word(0).is_some_and(|word| word.weekday().is_some() && word.text.len() >= 3),
        );
        let here = self.on(weekday);
        if let Some(exact) = instant(here.word(0)?.raw) {
            return Some((
                Rule::On(Span::instant(Timestamp::from_unix(exact.timestamp()))),
                weekday + 1,
            ));
        }
        if let Some(rule) = numeric(here.text(0)) {
            return Some(here.timed(rule, weekday, 1));
        }
        let number = |ahead: usize| here.word(ahead).and_then(Word::number);
        let year_at =
            |ahead: usize| here.word(ahead).and_then(|word| word.text.parse().ok()).and_then(year);
        let month_at = |ahead: usize| here.word(ahead).and_then(Word::month);
        // Month first: "January 5th, 2015", "June 1-14, 2026", "September 2026", "June 3".
        if let Some(month) = month_at(0) {
            if let Some((from, to)) = here
                .text(1)
                .split_once('-')
                .and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)))
            {
                let year = year_at(2)?;
                return Some((
                    Rule::On(Span::days(date(year, month, from)?, date(year, month, to)?)),
                    weekday + 3,
                ));
            }
            if let (Some(day), Some(year)) = (number(1), year_at(2)) {
                return Some(here.timed(Rule::On(whole(date(year, month, day)?)), weekday, 3));
            }
            // "Mar  5 14:22:31 UTC 2024", as `date` writes it: the year stands last.
            if let Some(day) = number(1).filter(|_| time_of_day(here.text(2)).is_some()) {
                let at = (3..=5).find(|at| year_at(*at).is_some());
                if let Some((at, year)) = at.and_then(|at| Some((at, year_at(at)?))) {
                    let (rule, _) =
                        here.on(1).timed(Rule::On(whole(date(year, month, day)?)), 0, 1);
                    return Some((rule, weekday + at + 1));
                }
            }
            if let Some(year) = year_at(1) {
                return Some((
                    Rule::On(Span::days(date(year, month, 1)?, last_of_month(year, month)?)),
                    weekday + 2,
                ));
            }
            let day = number(1).filter(|day| (1..=31).contains(day))?;
            // "may 1" is a date only where it is written as one.
            (here.text(0) != "may" || here.word(0)?.raw.starts_with('M')).then_some(())?;
            return Some((Rule::Yearly(vec![(month, day)]), weekday + 2));
        }
        // Day first: "26 November 2018", "1st of March 2024", "5th day of January 2015".
        let ranked = || {
            here.word(0).and_then(Word::ordinal).filter(|_| matches!(here.text(1), "of" | "day"))
        };
        if let Some(day) = number(0)
            .or_else(ranked)
            .filter(|day| (1..=31).contains(day) && !matches!(here.text(0), "a" | "an"))
        {
            let mut skip = 1 + usize::from(here.text(1) == "day");
            skip += usize::from(matches!(here.text(skip), "of" | "de"));
            if let Some(month) = month_at(skip) {
                return match year_at(skip + 1) {
                    Some(year) => Some(here.timed(
                        Rule::On(whole(date(year, month, day)?)),
                        weekday,
                        skip + 2,
                    )),
                    None => Some((Rule::Yearly(vec![(month, day)]), weekday + skip + 1)),
                };
            }
        }
        let (first, last, used) = here.stretch()?;
        // A year alone is too often something else than a date.
        (used > 1 || here.text(0).starts_with(['q', 'h']))
            .then_some((Rule::On(Span::days(first, last)), weekday + used))
    }

    /// A time of day and a zone behind a date make an instant of it.
    fn timed(&self, rule: Rule, before: usize, used: usize) -> (Rule, usize) {
        let Rule::On(span) = &rule else { return (rule, before + used) };
        let mut at = used + usize::from(matches!(self.text(used), "at" | "t"));
        let Some(mut seconds) = time_of_day(self.text(at)) else { return (rule, before + used) };
        at += 1;
        if self.text(at) == "pm" && seconds < 43_200 {
            seconds += 43_200;
        }
        at += usize::from(matches!(self.text(at), "am" | "pm"));
        let zone = match self.text(at) {
            "utc" | "gmt" | "z" => Some(0),
            "cet" | "bst" => Some(3600),
            "cest" | "eet" => Some(7200),
            "est" => Some(-18_000),
            "edt" => Some(-14_400),
            "pst" => Some(-28_800),
            "pdt" => Some(-25_200),
            other => offset(other).or_else(|| offset(self.word(at).map_or("", |word| word.raw))),
        };
        at += usize::from(zone.is_some());
        let instant = span.earliest.plus(seconds - zone.unwrap_or(0));
        (Rule::On(Span::instant(instant)), before + at)
    }

    /// "within 4 weeks", "every 14 days", "30 days after", "valid for 90 days", "90-day".
    fn length(&self) -> Found {
        const BEFORE: [&str; 16] = [
            "within", "in", "for", "every", "each", "after", "than", "least", "exceed", "most",
            "to", "of", "once", "is", "the", "by",
        ];
        let text = self.text(0);
        if let Some((number, unit)) = text.split_once('-')
            && let Some(length) = words::number(number).and_then(|number| unit_of(unit, number))
        {
            return Some((Rule::Within(length), 1));
        }
        let number = self.word(0)?.number().filter(|number| (1..=10_000).contains(number))?;
        // "30 (thirty) days" says it twice.
        let skip = 1 + usize::from(self.word(1).and_then(Word::number) == Some(number));
        let length = unit_of(self.text(skip), number)?;
        let (one, two) = (self.before(1), self.before(2));
        if matches!(one, "last" | "past" | "previous" | "preceding")
            || matches!(two, "last" | "past" | "previous")
        {
            return None;
        }
        let placed = BEFORE.contains(&one)
            || BEFORE.contains(&two)
            || matches!(self.text(skip + 1), "from" | "after" | "old" | "of" | "time" | "or")
            || self.at == 0
            || self.words[self.at - 1].pause;
        placed.then_some((Rule::Within(length), skip + 1))
    }

    /// "every Monday", "every quarter", "once a month", "once per quarter", "at the beginning of each year".
    fn recurring(&self) -> Found {
        let skip = usize::from(self.text(0) == "once");
        match self.text(skip) {
            "every" | "each" | "per" | "a" | "any"
                if skip == 1 || matches!(self.text(0), "every" | "each" | "per") =>
            {
                let here = self.on(skip + 1);
                if let Some(weekday) = here.word(0).and_then(Word::weekday) {
                    return Some((Rule::Weekday(weekday), skip + 2));
                }
                let inner = usize::from(matches!(here.text(0), "single" | "calendar"));
                if let Some(period) = period(here.text(inner)) {
                    let used = skip + 2 + inner;
                    return Some(match self.on(used).part() {
                        Some((first, last, more)) if period != Period::Day => {
                            (Rule::PartOfEach { period, first, last }, used + more)
                        }
                        _ => (Rule::Each(period), used),
                    });
                }
                if matches!(here.text(0), "few" | "couple") {
                    return Some((Rule::Irregular, skip + 2));
                }
                let names = here.months();
                if names.is_some() {
                    return names.map(|(rule, used)| (rule, skip + 1 + used));
                }
                let number = here.word(0)?.number()?;
                let twice = usize::from(here.word(1).and_then(Word::number) == Some(number));
                let length = unit_of(here.text(1 + twice), number)?;
                Some((Rule::Within(length), skip + 3 + twice))
            }
            _ => None,
        }
    }

    /// Behind "every month": "between the 1st and 5th", "on the 10th", "by the 15th".
    fn part(&self) -> Option<(i64, i64, usize)> {
        let the = |at: usize| at + usize::from(self.text(at) == "the");
        let ranked =
            |at: usize| self.word(at).and_then(Word::ordinal).filter(|n| (1..=31).contains(n));
        let at = the(1);
        match self.text(0) {
            "on" | "by" | "before" => {
                let day = i64::from(ranked(at)?) - 1;
                Some((day, day, at + 1))
            }
            "between" | "from" => {
                let first =
                    self.word(at).and_then(Word::number).filter(|n| (1..=31).contains(n))?;
                matches!(self.text(at + 1), "and" | "to" | "through").then_some(())?;
                let until = the(at + 2);
                let last = ranked(until).filter(|last| *last >= first)?;
                Some((i64::from(first) - 1, i64::from(last) - 1, until + 1))
            }
            _ => None,
        }
    }

    /// "1 to 14 October 2022", "1–14 October 2022", "October 1 to 14, 2022".
    fn days_between(&self) -> Found {
        let day = |at: usize| self.word(at).and_then(Word::number).filter(|n| (1..=31).contains(n));
        let month = |at: usize| self.word(at).and_then(Word::month);
        let year_at =
            |at: usize| self.word(at).and_then(|word| word.text.parse().ok()).and_then(year);
        let lead = usize::from(month(0).is_some());
        let first = day(lead).filter(|_| !matches!(self.text(lead), "a" | "an"))?;
        let link = usize::from(matches!(
            self.text(lead + 1),
            "to" | "and" | "through" | "thru" | "until" | "till"
        ));
        let at = lead + 1 + link;
        let last = day(at).filter(|last| *last > first)?;
        let of = usize::from(matches!(self.text(at + 1), "of" | "de"));
        let (month, year, used) = match month(0) {
            Some(month) => (month, year_at(at + 1)?, at + 2),
            None => (month(at + 1 + of)?, year_at(at + 2 + of)?, at + 3 + of),
        };
        let (first, last) = (date(year, month, first)?, date(year, month, last)?);
        Some((Rule::On(Span::days(first, last)), used))
    }

    /// Weeks by their number: "2022-W41", "calendar week 41 of 2022".
    fn week(&self) -> Found {
        let monday = |year: i32, week: u32| NaiveDate::from_isoywd_opt(year, week, Weekday::Mon);
        let whole =
            |monday: NaiveDate| Rule::On(Span::days(monday, monday + chrono::Duration::days(6)));
        let text = self.text(0);
        if let Some((number, rest)) = text.split_once("-w") {
            let year = number.parse().ok().and_then(year)?;
            let (week, day) = rest.split_once('-').unwrap_or((rest, ""));
            let first = monday(year, week.parse().ok()?)?;
            let day: Option<i64> = day.parse().ok().filter(|day| (1..=7).contains(day));
            return Some((
                day.map_or(whole(first), |day| {
                    let day = first + chrono::Duration::days(day - 1);
                    Rule::On(Span::days(day, day))
                }),
                1,
            ));
        }
        let skip = usize::from(matches!(text, "calendar" | "iso"));
        matches!(self.text(skip), "week" | "kw").then_some(())?;
        let week = self.word(skip + 1).and_then(Word::number)?;
        let of = usize::from(matches!(self.text(skip + 2), "of" | "in"));
        let year =
            self.word(skip + 2 + of).and_then(|word| word.text.parse().ok()).and_then(year)?;
        Some((whole(monday(year, week)?), skip + 3 + of))
    }

    fn coming(&self) -> Found {
        match (self.text(0), self.text(1)) {
            ("tomorrow", _) => Some((Rule::Within(Length::Days(1)), 1)),
            ("next" | "following" | "coming", unit) => period(unit)
                .filter(|period| *period != Period::Day)
                .map(|period| (Rule::Coming(period), 2)),
            _ => None,
        }
    }

    /// Adverbs.
    fn habit(&self) -> Found {
        let rule = match self.text(0) {
            "daily" => Rule::Each(Period::Day),
            "weekly" => Rule::Each(Period::Week),
            "monthly" => Rule::Each(Period::Month),
            "quarterly" => Rule::Each(Period::Quarter),
            "semiannually" | "semi-annually" | "half-yearly" | "biannually" | "bi-annually"
            | "semi-annual" => Rule::Each(Period::HalfYear),
            "yearly" | "annually" | "annual" => Rule::Each(Period::Year),
            "fortnightly" => Rule::Within(Length::Days(14)),
            // "bi-weekly" is twice a week to some and every second week to others; so is "bi-monthly".
            "biweekly" | "bi-weekly" | "bimonthly" | "bi-monthly" => Rule::Irregular,
            "regularly" | "periodically" | "occasionally" | "frequently" | "routinely" => {
                Rule::Irregular
            }
            "from" if self.text(1) == "time" && self.text(2) == "to" => {
                return Some((Rule::Irregular, 4));
            }
            "twice" if matches!(self.text(1), "a" | "per" | "each" | "every") => {
                return match self.text(2) {
                    "year" => Some((Rule::Each(Period::HalfYear), 3)),
                    "month" | "week" => Some((Rule::Irregular, 3)),
                    _ => None,
                };
            }
            _ => return None,
        };
        Some((rule, 1))
    }
}

fn whole(day: NaiveDate) -> Span {
    Span::days(day, day)
}

/// Early, middle and late leave the deadline open between the edge of a third and that of a half or whole.
fn part_of(edge: &str, first: NaiveDate, last: NaiveDate) -> Rule {
    let days = (last - first).num_days() + 1;
    let place =
        |part: i64, of: i64| whole(first + chrono::Duration::days((days * part / of - 1).max(0)));
    match edge {
        "end" => Rule::On(whole(last)),
        "late" => Rule::On(Span::days(first + chrono::Duration::days(days * 2 / 3), last)),
        "mid" | "middle" => Rule::Either(place(1, 2), place(2, 3)),
        _ => Rule::Either(whole(first), place(1, 3)),
    }
}

fn period(word: &str) -> Option<Period> {
    Some(match word {
        "day" => Period::Day,
        "week" => Period::Week,
        "month" => Period::Month,
        "quarter" => Period::Quarter,
        "year" => Period::Year,
        _ => return None,
    })
}

fn unit_of(word: &str, number: u32) -> Option<Length> {
    Some(match word {
        "hour" | "hours" | "hrs" | "h" => Length::Hours(number),
        "day" | "days" => Length::Days(number),
        "week" | "weeks" => Length::Days(number.saturating_mul(7)),
        "fortnight" | "fortnights" => Length::Days(number.saturating_mul(14)),
        "month" | "months" => Length::Months(number),
        "quarter" | "quarters" => Length::Months(number.saturating_mul(3)),
        "year" | "years" => Length::Months(number.saturating_mul(12)),
        _ => return None,
    })
}

/// An instant as RFC 3339 writes it, with or without a zone.
fn instant(raw: &str) -> Option<DateTime<FixedOffset>> {
    if !raw.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let read = |text: &str| DateTime::parse_from_rfc3339(text).ok();
    read(raw).or_else(|| read(&format!("{raw}Z")))
}

/// Dates in figures, or with the month's name between: 2026-06-19, 19.06.2026, 19/6/2026, 03-Jun-2024, 20260619.
fn numeric(text: &str) -> Option<Rule> {
    if text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        let day = date(
            year(text[..4].parse().ok()?)?,
            text[4..6].parse().ok()?,
            text[6..].parse().ok()?,
        )?;
        return Some(Rule::On(whole(day)));
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
                return Some(Rule::On(whole(day)));
            }
            if let Some(year) = year(number(0)?) {
                return date(year, number(1)?, number(2)?).map(|day| Rule::On(whole(day)));
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
                    Some(Rule::Strokes(whole(one), whole(other)))
                }
                (Some(one), _) | (None, Some(one)) => Some(Rule::On(whole(one))),
                (None, None) => None,
            }
        }
        _ => None,
    }
}

fn time_of_day(text: &str) -> Option<i64> {
    let text = text.trim_end_matches(['z', 'h']);
    let (hour, rest) = text.split_once(':')?;
    let (minute, second) = rest.split_once(':').unwrap_or((rest, "0"));
    let (hour, minute, second): (i64, i64, i64) =
        (hour.parse().ok()?, minute.parse().ok()?, second.parse().ok()?);
    ((0..=23).contains(&hour) && (0..=59).contains(&minute) && (0..=60).contains(&second))
        .then_some(hour * 3600 + minute * 60 + second.min(59))
}

/// `+0530`, `+05:30`, `-0700`.
fn offset(text: &str) -> Option<i64> {
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
        let around = crate::dates::calendar::day(at);
        (around.year() - 1..=around.year() + 1)
            .filter_map(|year| date(year, month, day))
            .min_by_key(|day| start(*day).since(at).abs())
            .map(whole)
    }
}
