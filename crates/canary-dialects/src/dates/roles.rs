//! What a date in a sentence is the date of: this issue, the next one, or the end of this one.

use crate::dates::cues::{AHEAD, CUES, ELSEWHERE, Role, is_again, is_itself};
use crate::dates::expression::{Expression, expressions};
use crate::dates::ideographs::parted;
use crate::dates::rule::{Order, Rule};
use crate::dates::words::{Word, words};
use crate::dates::{Dates, Said, Span};
use std::borrow::Cow;

/// The most sentences of one text that are read for dates.
const MAX_SENTENCES: usize = 512;
/// The most bytes of a sentence.
const MAX_SENTENCE: usize = 2048;
/// The most dates of a sentence.
const MAX_EXPRESSIONS: usize = 32;

pub(crate) fn read<'a>(sentences: impl IntoIterator<Item = &'a str>) -> Dates {
    let mut dates = Dates::default();
    // The best date of issue so far: the lower its rank, the surer the words; of equals the later.
    let mut issued: Option<(u8, Span)> = None;
    let mut yearless: Option<Rule> = None;
    let texts: Vec<Cow<'_, str>> = sentences.into_iter().take(MAX_SENTENCES).map(bounded).collect();
    let all: Vec<Vec<Word<'_>>> = texts.iter().map(|text| words(text)).collect();
    let order = order(&all);
    for (text, all) in texts.iter().zip(&all) {
        let mut found = expressions(all);
        found.truncate(MAX_EXPRESSIONS);
        for one in &mut found {
            one.rule = one.rule.clone().ordered(order);
        }
        let mut behind = 0;
        let mut before: Option<(Role, usize)> = None;
        let mut at = 0;
        while at < found.len() {
            let mut one = found[at].clone();
            at += 1;
            // In a list of dates the words before the first are said of all.
            let linked = before.filter(|(role, end)| {
                matches!(role, Role::Next | Role::Ends)
                    && one.rule.point().is_some()
                    && all[*end..one.from]
                        .iter()
                        .all(|word| matches!(&*word.text, "and" | "or" | "then"))
            });
            let role = match linked {
                Some((role, _)) => Some(role),
                None => role(all, behind, &one, &found[at..]),
            };
            if let (Some(Role::Next | Role::Ends), Some(last)) = (role, found.get(at))
                && let Some(span) = stretch(text, all, &one, last)
            {
                // A validity from one day to another ends on the other.
                let whole =
                    if role == Some(Role::Ends) { last.rule.clone() } else { Rule::On(span) };
                one = Expression { from: one.from, to: last.to, rule: whole };
                at += 1;
            }
            // "Valid from one day to another": the first is the date of issue, the other the end.
            if role == Some(Role::Issued)
                && one.from > 0
                && all[one.from - 1].text == "from"
                && let Some(last) = found.get(at)
                && stretch(text, all, &one, last).is_some()
            {
                dates.ends.push(Said { rule: last.rule.clone(), words: quote(text) });
                at += 1;
            }
            behind = one.to;
            before = role.map(|role| (role, one.to));
            let said = || Said { rule: tightened(all, &one), words: quote(text) };
            let rank = match role {
                Some(Role::Issued) => 0,
                Some(Role::AsOf) => 1,
                None if stands_for_itself(all, &one) => 2,
                None => continue,
                Some(Role::Next) => {
                    dates.next.push(said());
                    continue;
                }
                Some(Role::Ends) => {
                    dates.ends.push(said());
                    continue;
                }
                Some(Role::Other) => continue,
            };
            let strokes = match one.rule {
                Rule::Strokes(day_first, month_first) => Some((day_first, month_first)),
                _ => None,
            };
            // A month or a window is not a date of issue.
            if let Some(span) = one.rule.point().filter(|span| {
                rank < 2 || strokes.is_some() || span.latest.since(span.earliest) <= 86_400
            }) {
                let better = issued.is_none_or(|(known, kept)| {
                    rank < known || (rank == known && rank < 2 && span.latest > kept.latest)
                });
                if better {
                    issued = Some((rank, span));
                    dates.strokes = strokes;
                }
            } else if rank == 0 && matches!(one.rule, Rule::Yearly(ref days) if days.len() == 1) {
                yearless.get_or_insert_with(|| one.rule.clone());
            }
        }
    }
    dates.issued = issued.map(|(_, span)| span);
    dates.yearless = yearless;
    dates
}

fn bounded(sentence: &str) -> Cow<'_, str> {
    let mut end = sentence.len().min(MAX_SENTENCE);
    while !sentence.is_char_boundary(end) {
        end -= 1;
    }
    let text = &sentence[..end];
    parted(text)
}

/// Which of day and month the dates in strokes put first, where one of them shows it and none the contrary.
fn order(all: &[Vec<Word<'_>>]) -> Option<Order> {
    let mut shown = all.iter().flatten().filter_map(Order::shown);
    let first = shown.next()?;
    shown.all(|other| other == first).then_some(first)
}

/// The stretch from one date to the next where the words between make it one: "2023-09-01 to 2023-09-15".
fn stretch(text: &str, all: &[Word<'_>], one: &Expression, last: &Expression) -> Option<Span> {
    let Rule::On(to) = last.rule else { return None };
    let from = match &one.rule {
        Rule::On(from) => *from,
        // "October 1 and October 14, 2022": the year is said once.
        Rule::Yearly(days) if days.len() == 1 => Rule::Yearly(days.clone())
            .near(to.earliest)
            .filter(|from| from.earliest < to.earliest)?,
        _ => return None,
    };
    let between = one.from.checked_sub(1).is_some_and(|at| all[at].text == "between");
    let linked = match &all[one.to..last.from] {
        [] => dash(text, all[one.to - 1].raw, all[last.from].raw),
        [word] => match &*word.text {
            "to" | "through" | "thru" | "until" | "till" => true,
            "and" => between,
            _ => false,
        },
        _ => false,
    };
    (linked && from.earliest < to.earliest).then(|| from.around(to))
}

/// Whether nothing but a dash stands between two words of a text.
fn dash(text: &str, one: &str, other: &str) -> bool {
    let place = |part: &str| (part.as_ptr() as usize).wrapping_sub(text.as_ptr() as usize);
    text.get(place(one).wrapping_add(one.len())..place(other)).is_some_and(|between| {
        let between = between.trim();
        !between.is_empty() && between.chars().all(|c| matches!(c, '-' | '–' | '—' | '→'))
    })
}

/// Whether a date without words for what it is may be that of the text: it opens its sentence, or stands in a short
/// one that tells of nothing that happened.
fn stands_for_itself(all: &[Word<'_>], one: &Expression) -> bool {
    const HAPPENED: [&str; 16] = [
        "was",
        "were",
        "had",
        "been",
        "incident",
        "founded",
        "began",
        "ago",
        "seized",
        "happened",
        "occurred",
        "since",
        "copyright",
        "raid",
        "event",
        "version",
    ];
    const DECLARED: [&str; 9] = [
        "state",
        "declare",
        "confirm",
        "affirm",
        "certify",
        "attest",
        "statement",
        "canary",
        "hereby",
    ];
    let has = |list: &[&str]| all.iter().any(|word| list.contains(&&*word.text));
    let opens = one.from == 0 || one.from == 1 && matches!(&*all[0].text, "on" | "this");
    let raw = all[one.to - 1].raw;
    let short_year = one.to == one.from + 1
        && raw.split(['.', '/']).count() == 3
        && raw.split(['.', '/']).all(|part| part.len() == 2);
    !short_year
        && (opens && (all[one.to - 1].pause || one.to == all.len())
            || has(&DECLARED)
            || !has(&HAPPENED))
}

fn role(all: &[Word<'_>], behind: usize, one: &Expression, later: &[Expression]) -> Option<Role> {
    let texts = |from: usize, to: usize| {
        all[from..to].iter().map(|word| word.text.as_str()).collect::<Vec<_>>()
    };
    let before = texts(behind.max(one.from.saturating_sub(24)), one.from);
    let after_end = later.first().map_or(all.len(), |next| next.from).min(one.to + 24);
    let after = texts(one.to, after_end);
    let whole = texts(one.from.saturating_sub(40), (one.to + 40).min(all.len()));
    if one.rule.is_habit()
        || matches!(one.rule, Rule::Yearly(ref days) if days.len() > 1)
        || matches!(one.rule, Rule::YearlyMonths(_))
    {
        let about_it = whole.iter().any(|word| is_again(word))
            && whole.iter().any(|word| is_itself(word))
            || whole.windows(2).any(|pair| matches!(pair[0], "next" | "new") && is_itself(pair[1]));
        if !about_it
            || whole.iter().any(|word| ELSEWHERE.contains(word))
            || before.last() == Some(&"since")
        {
            return Some(Role::Other);
        }
        let ends = matches!(last_cue(&before), Some((Role::Ends, _)));
        return Some(if ends { Role::Ends } else { Role::Next });
    }
    if whole.contains(&"key")
        && !whole.contains(&"canary")
        && matches!(last_cue(&before), Some((Role::Ends, _)))
    {
        return Some(Role::Other);
    }
    // "Through March 5 we have received none": up to then it speaks.
    if before == ["through"] && one.rule.point().is_some() {
        return Some(Role::AsOf);
    }
    match last_cue(&before) {
        Some((Role::Issued, at)) => {
            let ahead = before[..at].iter().rev().take(8).any(|word| AHEAD.contains(word));
            Some(if ahead { Role::Next } else { Role::Issued })
        }
        // "The next will be published between … and …"
        Some((Role::Other, at))
            if matches!(before[at], "between" | "from")
                && before[..at].iter().any(|word| AHEAD.contains(word))
                && before[..at].iter().any(|word| is_again(word)) =>
        {
            Some(Role::Next)
        }
        // "Valid from" begins, it does not end.
        Some((Role::Other, at)) if before[..at].last() == Some(&"valid") => Some(Role::Issued),
        // "to" belongs to "valid … to"; alone it is part of some other stretch.
        Some((Role::Other, at))
            if before.get(at) == Some(&"to") && before[..at].contains(&"valid") =>
        {
            Some(Role::Ends)
        }
        Some((Role::Other, at))
            if before.get(at) == Some(&"to")
                && before[..at].iter().any(|word| AHEAD.contains(word)) =>
        {
            Some(Role::Next)
        }
        // "until" alone closes a sentence about the past as often as a validity.
        Some((Role::Ends, at))
            if before.get(at) == Some(&"until")
                && before.len() > 2
                && !before.iter().any(|word| {
                    matches!(
                        *word,
                        "valid"
                            | "good"
                            | "effective"
                            | "current"
                            | "force"
                            | "holds"
                            | "stands"
                            | "canary"
                            | "statement"
                    )
                }) =>
        {
            Some(Role::Other)
        }
        Some((role, _)) => Some(role),
        None => {
            // "On June 3 we will publish the next one": the future stands behind the date.
            let opens = before.last().is_none_or(|word| {
                matches!(*word, "on" | "in" | "at" | "the" | "around" | "then" | "and")
            });
            let ahead = opens
                && after.iter().any(|word| AHEAD.contains(word))
                && after.iter().any(|word| is_again(word));
            if ahead || after.first().is_some_and(|word| is_any(word, &["之前", "以前", "前"]))
            {
                return Some(Role::Next);
            }
            if after.first().is_some_and(|word| is_any(word, &["現在", "现在", "为止", "為止"]))
            {
                return Some(Role::AsOf);
            }
            after.windows(2).any(|pair| pair == ["of", "issue"]).then_some(Role::Issued)
        }
    }
}

fn is_any(word: &str, beginnings: &[&str]) -> bool {
    beginnings.iter().any(|beginning| word.starts_with(beginning))
}

/// The cue that stands closest before the date; of two at one place the longer. Where words are not
/// parted, "下次更新" holds two: what looks ahead says more.
fn last_cue(before: &[&str]) -> Option<(Role, usize)> {
    let mut best: Option<(usize, (usize, bool), Role, usize)> = None;
    for (role, cues) in CUES {
        for cue in *cues {
            for at in (0..before.len()).rev() {
                let held = || !cue.is_ascii() && before[at].contains(cue);
                if let Some(length) = length_at(cue, &before[at..]).or_else(|| held().then_some(1))
                {
                    let ahead = !cue.is_ascii() && matches!(role, Role::Next | Role::Ends);
                    let surer = (length, ahead);
                    if best.is_none_or(|(end, size, ..)| (at + length, surer) > (end, size)) {
                        best = Some((at + length, surer, *role, at));
                    }
                    break;
                }
            }
        }
    }
    best.map(|(_, _, role, at)| (role, at))
}

/// How many words a cue takes, where the words begin with it.
fn length_at(cue: &str, words: &[&str]) -> Option<usize> {
    let mut rest = cue;
    for (word, length) in words.iter().zip(1..) {
        rest = rest.strip_prefix(word)?;
        if rest.is_empty() {
            return Some(length);
        }
        rest = rest.strip_prefix(' ')?;
    }
    None
}

/// "before" a date leaves that date out, "on or before" takes it in.
fn tightened(all: &[Word<'_>], one: &Expression) -> Rule {
    let back = |n: usize| one.from.checked_sub(n).map_or("", |at| all[at].text.as_str());
    let strict = (back(1) == "before" && back(2) != "or")
        || (back(2) == "prior" && back(1) == "to")
        || (back(1) == "the" && back(2) == "before" && back(3) != "or");
    match &one.rule {
        Rule::On(span) if strict => Rule::Before(*span),
        other => other.clone(),
    }
}

fn quote(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut quoted: String = words.join(" ").chars().take(160).collect();
    if quoted.len() < text.trim().len() && quoted.chars().count() == 160 {
        quoted.push('…');
    }
    quoted
}
