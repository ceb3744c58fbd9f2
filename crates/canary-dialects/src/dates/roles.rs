//! What a date in a sentence is the date of: this issue, the next one, or the end of this one.

use crate::dates::expression::{Expression, Rule, expressions};
use crate::dates::words::{Word, words};
use crate::dates::{Dates, Said, Span};

/// The most sentences of one text that are read for dates.
const MAX_SENTENCES: usize = 512;
/// The most bytes of a sentence.
const MAX_SENTENCE: usize = 2048;
/// The most dates of a sentence.
const MAX_EXPRESSIONS: usize = 32;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Issued,
    AsOf,
    Next,
    Ends,
    Other,
}

/// Cues that stand before a date. Each is one or more whole words.
const CUES: &[(Role, &[&str])] = &[
    (
        Role::Issued,
        &[
            "date of issue",
            "issue date",
            "date issued",
            "issued",
            "issue",
            "dated",
            "date",
            "published",
            "publication date",
            "released",
            "release",
            "last updated",
            "last update",
            "updated",
            "update",
            "last modified",
            "last reviewed",
            "reviewed",
            "signed",
            "re-signed",
            "resigned",
            "today is",
            "today",
            "generated",
            "posted",
            "created",
            "written",
            "renewed",
            "effective",
            "refreshed",
            "reissued",
            "re-issued",
            "timestamp",
            "made",
            "last changed",
            "revised",
            "stand",
            "erstellt am",
            "date de publication",
            "fecha",
            "发布日期",
            "更新日期",
            "日期",
        ],
    ),
    (
        Role::AsOf,
        &[
            "as of",
            "as at",
            "accurate",
            "current",
            "currently",
            "correct",
            "up to",
            "on this",
            "since the",
            "截至",
            "time of writing",
        ],
    ),
    (
        Role::Next,
        &[
            "next",
            "due",
            "on or before",
            "no later than",
            "not later than",
            "by",
            "before",
            "prior to",
            "deadline",
            "will",
            "shall",
            "planned",
            "plan to",
            "plan",
            "scheduled",
            "expected",
            "expect",
            "anticipated",
            "upcoming",
            "should be",
            "must be",
            "to be published",
            "to be updated",
            "nächste",
            "prochaine",
            "próxima",
            "prossimo",
            "下次更新",
            "下次",
            "次回",
        ],
    ),
    (
        Role::Ends,
        &[
            "expires",
            "expire",
            "expiry",
            "expiration",
            "expired",
            "valid",
            "validity",
            "valid until",
            "valid through",
            "good until",
            "good through",
            "void after",
            "until",
            "stale after",
            "ends",
            "gültig bis",
            "valable jusqu",
            "válido hasta",
            "有效期至",
            "有效期",
            "valid-until",
            "valid_until",
        ],
    ),
    (
        Role::Other,
        &[
            "since",
            "from",
            "between",
            "during",
            "founded",
            "period",
            "period of",
            "covering",
            "previous",
            "prior",
            "formerly",
            "began",
            "started",
            "joined",
            "in the year",
            "to",
            "copyright",
            "born",
            "incorporated",
            "established",
            "registered",
        ],
    ),
];

/// Words that put what follows into the future, whatever verb stands there.
const AHEAD: &[&str] = &[
    "will",
    "shall",
    "should",
    "must",
    "plan",
    "plans",
    "planned",
    "scheduled",
    "expected",
    "expect",
    "if",
    "unless",
    "not",
    "next",
    "to be",
    "due",
    "intend",
    "when",
];
/// Stems of what is done to a canary again and again.
const AGAIN: &[&str] = &[
    "updat",
    "publish",
    "issu",
    "sign",
    "renew",
    "refresh",
    "releas",
    "post",
    "reaffirm",
    "reissu",
    "re-",
    "republish",
    "replac",
    "revis",
    "regenerat",
    "attest",
    "expir",
    "valid",
    "older",
    "old",
    "stale",
    "frequency",
    "cadence",
    "interval",
    "schedule",
    "reviewed",
    "made",
];
/// What it is done to.
const ITSELF: &[&str] = &[
    "canary",
    "canaries",
    "statement",
    "statements",
    "notice",
    "page",
    "declaration",
    "message",
    "document",
    "this",
    "it",
    "report",
    "file",
    "frequency",
    "cadence",
    "interval",
    "schedule",
    "valid",
    "validity",
    "expires",
    "updated",
    "published",
    "update",
    "updates",
    "letter",
    "text",
    "post",
    "one",
    "issued",
    "reissued",
    "re-issued",
    "re-signed",
    "renewed",
    "refreshed",
    "reaffirmed",
];
/// Sentences about these speak of something else.
const ELSEWHERE: &[&str] = &[
    "logs",
    "retention",
    "retain",
    "retained",
    "backup",
    "backups",
    "certificate",
    "password",
    "invoice",
    "refund",
    "trial",
    "subscription",
];

pub(crate) fn read<'a>(sentences: impl IntoIterator<Item = &'a str>) -> Dates {
    let mut dates = Dates::default();
    // The best date of issue so far: the lower its rank, the surer the words; of equals the later.
    let mut issued: Option<(u8, Span)> = None;
    let mut yearless: Option<Rule> = None;
    for sentence in sentences.into_iter().take(MAX_SENTENCES) {
        let mut end = sentence.len().min(MAX_SENTENCE);
        while !sentence.is_char_boundary(end) {
            end -= 1;
        }
        let eastern;
        let mut text = &sentence[..end];
        if text.contains('年') {
            eastern = text.replace(['年', '月'], "-").replace(['日', '号'], " ");
            text = &eastern;
        }
        let all = words(text);
        let mut found = expressions(&all);
        found.truncate(MAX_EXPRESSIONS);
        let mut behind = 0;
        for (at, one) in found.iter().enumerate() {
            let role = role(&all, behind, one, &found[at + 1..]);
            behind = one.to;
            let said = || Said { rule: tightened(&all, one), words: quote(text) };
            let rank = match role {
                Some(Role::Issued) => 0,
                Some(Role::AsOf) => 1,
                None => 2,
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
            // A month or a window is not a date of issue.
            if let Some(span) = one
                .rule
                .point()
                .filter(|span| rank < 2 || span.latest.since(span.earliest) <= 86_400)
            {
                let better = issued.is_none_or(|(known, kept)| {
                    rank < known || (rank == known && rank < 2 && span.latest > kept.latest)
                });
                if better {
                    issued = Some((rank, span));
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
        let about_it = whole.iter().any(|word| AGAIN.iter().any(|stem| word.starts_with(stem)))
            && whole.iter().any(|word| {
                ITSELF.contains(word) || ITSELF.contains(&word.trim_start_matches("re-"))
            });
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
    match last_cue(&before) {
        Some((Role::Issued, at)) => {
            let ahead = before[..at].iter().rev().take(8).any(|word| AHEAD.contains(word));
            Some(if ahead { Role::Next } else { Role::Issued })
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
                && after.iter().any(|word| AGAIN.iter().any(|stem| word.starts_with(stem)));
            if ahead {
                return Some(Role::Next);
            }
            after.windows(2).any(|pair| pair == ["of", "issue"]).then_some(Role::Issued)
        }
    }
}

/// The cue that stands closest before the date; of two at one place the longer.
fn last_cue(before: &[&str]) -> Option<(Role, usize)> {
    let mut best: Option<(usize, usize, Role, usize)> = None;
    for (role, cues) in CUES {
        for cue in *cues {
            let length = cue.split(' ').count();
            if length > before.len() {
                continue;
            }
            for at in (0..=before.len() - length).rev() {
                let here = &before[at..at + length];
                if here.iter().copied().eq(cue.split(' '))
                    || (!cue.is_ascii() && here.first().is_some_and(|word| word.contains(cue)))
                {
                    let better =
                        best.is_none_or(|(end, size, ..)| (at + length, length) > (end, size));
                    if better {
                        best = Some((at + length, length, *role, at));
                    }
                    break;
                }
            }
        }
    }
    best.map(|(_, _, role, at)| (role, at))
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
