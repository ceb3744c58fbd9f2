//! Expressions of time among the words of a sentence: dates, windows, lengths and habits.

use chrono::{NaiveDate, Weekday};

use crate::Timestamp;
use crate::dates::calendar::{Length, Period, Span, date, last_of_month, year};
use crate::dates::figures::{instant, numeric, offset, time_of_day};
use crate::dates::rule::Rule;
use crate::dates::words::{self, Word};

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

    fn rule(&self) -> Option<(Rule, usize)> {
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
    fn window(&self) -> Option<(Rule, usize)> {
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
    fn edge(&self) -> Option<(Rule, usize)> {
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
    fn months(&self) -> Option<(Rule, usize)> {
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
    fn point(&self) -> Option<(Rule, usize)> {
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
                return Some(here.timed(Rule::On(Span::day(date(year, month, day)?)), weekday, 3));
            }
            // "Mar  5 14:22:31 UTC 2024", as `date` writes it: the year stands last.
            if let Some(day) = number(1).filter(|_| time_of_day(here.text(2)).is_some()) {
                let at = (3..=5).find(|at| year_at(*at).is_some());
                if let Some((at, year)) = at.and_then(|at| Some((at, year_at(at)?))) {
                    let (rule, _) =
                        here.on(1).timed(Rule::On(Span::day(date(year, month, day)?)), 0, 1);
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
                        Rule::On(Span::day(date(year, month, day)?)),
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
    fn length(&self) -> Option<(Rule, usize)> {
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
    fn recurring(&self) -> Option<(Rule, usize)> {
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
    fn days_between(&self) -> Option<(Rule, usize)> {
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
    fn week(&self) -> Option<(Rule, usize)> {
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

    fn coming(&self) -> Option<(Rule, usize)> {
        match (self.text(0), self.text(1)) {
            ("tomorrow", _) => Some((Rule::Within(Length::Days(1)), 1)),
            ("next" | "following" | "coming", unit) => period(unit)
                .filter(|period| *period != Period::Day)
                .map(|period| (Rule::Coming(period), 2)),
            _ => None,
        }
    }

    /// Adverbs.
    fn habit(&self) -> Option<(Rule, usize)> {
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

/// Early, middle and late leave the deadline open between the edge of a third and that of a half or whole.
fn part_of(edge: &str, first: NaiveDate, last: NaiveDate) -> Rule {
    let days = (last - first).num_days() + 1;
    let place = |part: i64, of: i64| {
        Span::day(first + chrono::Duration::days((days * part / of - 1).max(0)))
    };
    match edge {
        "end" => Rule::On(Span::day(last)),
        "late" => Rule::On(Span::days(first + chrono::Duration::days(days * 2 / 3), last)),
        "mid" | "middle" => Rule::Either(place(1, 2), place(2, 3)),
        _ => Rule::Either(Span::day(first), place(1, 3)),
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
