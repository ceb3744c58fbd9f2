//! Warnings before signing: wording, and what a verifier would remark on.

use std::fmt;
use std::sync::LazyLock;

use canary_format::beacon::{Beacon, Chain};
use canary_format::issue::{Fact, Issue, ScopeChange, compare_scopes};
use canary_format::time::Timestamp;
use serde::Deserialize;

use crate::changes::{publisher_changes, scope_words};
use crate::past::{Notice, Past};
use crate::template::templates;

/// The longest `expires − as_of` that a verifier takes without a remark, in seconds.
const LONG_INTERVAL: i64 = 100 * 86_400;

static RULES: LazyLock<Rules> = LazyLock::new(|| {
    toml::from_str(include_str!("../data/lint.toml")).expect("the built-in data is well-formed")
});

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rules {
    rule: Vec<WordRule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WordRule {
    kind: WordingKind,
    en: Vec<String>,
    zh: Vec<String>,
}

/// What about a wording is worth a second look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum WordingKind {
    /// Two sentences in one: when half of it is no longer affirmed, all of it is gone.
    Compound,
    /// It says more than anyone can know.
    Broad,
    /// It speaks of the future: a promise, not a fact.
    Future,
    /// It speaks to one reader.
    AudienceOfOne,
    /// It leaves open when or how much.
    Vague,
}

/// Something to look at before anyone signs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// A wording.
    Wording {
        /// The fact.
        id: String,
        /// In which language.
        language: String,
        /// The word.
        word: String,
        /// What about it.
        kind: WordingKind,
    },
    /// The last issue that affirms this id has other words: an id never gets other words
    /// (`verdicts.md`, `FACT_REWORDED`).
    Reworded {
        /// The fact.
        id: String,
        /// That issue.
        issue: u64,
    },
    /// Something that verifiers will remark on.
    Remark {
        /// What changed, from what to what.
        what: String,
        /// The finding, by its code in `verdicts.md`.
        finding: &'static str,
        /// Whether every reader is alarmed by it, or it asks for attention.
        alarms: bool,
    },
    /// The previous issue affirms a fact that this one does not, and did not announce it.
    AbsentUnannounced(String),
    /// As that, and its end was announced, but less than a full interval before.
    AbsentEarly(String),
    /// A fact is still affirmed after its notice has run.
    RetirementPassed(String),
    /// The end of a fact is announced for an instant before a full interval of notice has passed
    /// (`verdicts.md`, `FACT_RETIRED`).
    ShortNotice {
        /// The fact.
        id: String,
        /// When a full interval has passed.
        notice: Timestamp,
    },
    /// A counter's period ends before it begins.
    CounterPeriod(String),
    /// All persons of the roster together are no quorum.
    QuorumOutOfReach {
        /// From how many jurisdictions they come.
        jurisdictions: usize,
        /// How many are asked for.
        needed: u64,
    },
    /// No not-before evidence: nobody can tell that the issue was not signed long before.
    NoEvidence,
    /// Not-before evidence that a verifier would not accept.
    BadEvidence,
    /// The issue lives longer than verifiers take without a remark.
    LongInterval,
    /// There is no fact.
    NoFacts,
}

impl Warning {
    /// Whether no draft is made while this stands: an id with other words is an error in the file,
    /// and every reader would be alarmed; a roster without a quorum can sign nothing.
    pub fn refuses(&self) -> bool {
        matches!(
            self,
            Self::Reworded { .. }
                | Self::BadEvidence
                | Self::CounterPeriod(_)
                | Self::QuorumOutOfReach { .. }
        )
    }
}

/// Looks at a new issue beside those before it.
pub fn lint(issue: &Issue, past: &Past) -> Vec<Warning> {
    let mut warnings: Vec<Warning> = issue.facts.iter().flat_map(wording).collect();
    if issue.facts.is_empty() {
        warnings.push(Warning::NoFacts);
    }
    warnings.extend(issue.facts.iter().filter_map(|fact| reworded(fact, past)));
    warnings.extend(issue.facts.iter().filter_map(|fact| rescoped(issue, fact, past)));
    warnings.extend(past.previous().into_iter().flat_map(|previous| absent(issue, previous, past)));
    warnings.extend(retirements(issue, past));
    for counter in issue.counters.iter().flatten().filter(|counter| counter.to < counter.from) {
        warnings.push(Warning::CounterPeriod(counter.id.clone()));
    }
    let all = issue.roster.count(&issue.roster.keys().collect());
    if !all.is_quorum() {
        let (jurisdictions, needed) = (all.jurisdictions, all.min_jurisdictions);
        warnings.push(Warning::QuorumOutOfReach { jurisdictions, needed });
    }
    warnings.extend(past.previous().and_then(|previous| publisher(previous, issue)));
    warnings.extend(interval(issue, past.previous()));
    warnings.extend(evidence(issue));
    warnings
}

fn reworded(fact: &Fact, past: &Past) -> Option<Warning> {
    let (issue, before) = past.last(&fact.id)?;
    is_reworded(before, fact).then(|| Warning::Reworded { id: fact.id.clone(), issue })
}

/// A scope other than where the fact was last affirmed, as a verifier compares them.
fn rescoped(issue: &Issue, fact: &Fact, past: &Past) -> Option<Warning> {
    let (number, before) = past.last(&fact.id)?;
    let (finding, alarms) = match compare_scopes(&before.scope, &fact.scope)? {
        ScopeChange::Narrowed => ("SCOPE_NARROWED", true),
        ScopeChange::Widened => ("SCOPE_WIDENED", false),
        ScopeChange::Changed => ("SCOPE_CHANGED", true),
    };
    let words = scope_words(issue, before, fact);
    let what = format!("{}: the scope differs from that in issue {number}: {words}", fact.id);
    Some(Warning::Remark { what, finding, alarms })
}

fn absent<'a>(
    issue: &'a Issue,
    previous: &'a Issue,
    past: &'a Past,
) -> impl Iterator<Item = Warning> + 'a {
    let absent = previous.facts.iter().filter(|fact| issue.fact(&fact.id).is_none());
    absent.filter_map(|fact| {
        let id = fact.id.clone();
        match (past.notice(&id, issue.as_of), previous.retires(&id)) {
            (Notice::Given | Notice::Unknown, _) => None,
            (Notice::Short, Some(_)) => Some(Warning::AbsentEarly(id)),
            (Notice::Short, None) => Some(Warning::AbsentUnannounced(id)),
        }
    })
}

/// Judges each announced end by the rule that verifiers will judge it by, should the fact be gone at
/// that instant.
fn retirements<'a>(issue: &'a Issue, past: &'a Past) -> impl Iterator<Item = Warning> + 'a {
    let affirmed = |id: &str| issue.fact(id).is_some();
    let retiring = issue.retiring.iter().flatten().filter(move |entry| affirmed(&entry.id));
    retiring.filter_map(|entry| {
        let id = entry.id.clone();
        if entry.after <= issue.as_of && past.notice(&id, issue.as_of) == Notice::Given {
            return Some(Warning::RetirementPassed(id));
        }
        let end = entry.after.max(issue.as_of);
        let before = past.notice_since(&id, end);
        let notice = before.map_or(issue.next_due, |before| before.min(issue.next_due));
        let short = notice > entry.after && past.notice(&id, end) != Notice::Unknown;
        short.then_some(Warning::ShortNotice { id, notice })
    })
}

fn publisher(previous: &Issue, issue: &Issue) -> Option<Warning> {
    let (before, now) = (&previous.publisher, &issue.publisher);
    let changes = publisher_changes(before, now);
    if changes.is_empty() {
        return None;
    }
    let alarms = !before.entities.iter().all(|entity| now.entities.contains(entity))
        || !before.services.iter().all(|service| now.services.contains(service))
        || !before.languages.iter().all(|tag| now.languages.contains(tag))
        || before.languages.first() != now.languages.first();
    let what = format!("publisher: {}", changes.join("; "));
    Some(Warning::Remark { what, finding: "PUBLISHER_CHANGED", alarms })
}

/// Readers hold the issue's life against a limit, and against that of the issue they began with.
fn interval(issue: &Issue, previous: Option<&Issue>) -> Option<Warning> {
    let life = |issue: &Issue| issue.expires.since(issue.as_of);
    if life(issue) > LONG_INTERVAL {
        return Some(Warning::LongInterval);
    }
    let previous = previous.filter(|previous| life(issue) > 2 * life(previous))?;
    let days = |issue| life(issue) / 86_400;
    let what = format!(
        "valid for {} days, more than twice the {} of issue {}",
        days(issue),
        days(previous),
        previous.number
    );
    Some(Warning::Remark { what, finding: "LONG_INTERVAL", alarms: false })
}

/// Whether one id has two wordings: in a language that both have, or by tense or date.
pub(crate) fn is_reworded(before: &Fact, after: &Fact) -> bool {
    let mut both = before.text.iter().filter_map(|(tag, text)| Some((text, after.text.get(tag)?)));
    both.any(|(before, after)| before != after)
        || (before.tense, before.since) != (after.tense, after.since)
}

fn evidence(issue: &Issue) -> Option<Warning> {
    let chains = [Chain::quicknet()];
    let verdicts: Vec<Beacon> =
        issue.not_before.iter().flatten().map(|evidence| evidence.verify(&chains)).collect();
    let bad = |beacon: &Beacon| match beacon {
        Beacon::Invalid => true,
        Beacon::Verified(at) => at.since(issue.as_of) > 600,
        Beacon::UnknownChain => false,
    };
    if verdicts.iter().any(bad) {
        return Some(Warning::BadEvidence);
    }
    let newest = evidence_instant(issue);
    let fresh = newest.is_some_and(|at| issue.as_of.since(at) <= 72 * 3_600);
    (!fresh).then_some(Warning::NoEvidence)
}

/// The newest instant before which the issue did not exist, by its verified evidence.
pub fn evidence_instant(issue: &Issue) -> Option<Timestamp> {
    let chains = [Chain::quicknet()];
    let verified = |beacon| match beacon {
        Beacon::Verified(at) => Some(at),
        Beacon::UnknownChain | Beacon::Invalid => None,
    };
    let evidence = issue.not_before.iter().flatten();
    evidence.filter_map(|evidence| verified(evidence.verify(&chains))).max()
}

/// The templates' own words were chosen with care, and are passed over.
fn wording(fact: &Fact) -> Vec<Warning> {
    let template = templates().fact(&fact.id);
    let own = |(tag, text): &(&str, &str)| {
        template.and_then(|template| template.text(tag)) != Some(*text)
    };
    let found = |(tag, text): (&str, &str)| {
        let (tag, text) = (tag.to_owned(), text.to_lowercase());
        let rules = RULES.rule.iter();
        let found = rules.filter_map(move |rule| {
            let word = rule.found_in(&tag, &text)?.to_owned();
            Some((tag.clone(), word, rule.kind))
        });
        found.collect::<Vec<_>>()
    };
    let found = fact.text.iter().filter(own).flat_map(found);
    found
        .map(|(language, word, kind)| Warning::Wording {
            id: fact.id.clone(),
            language,
            word,
            kind,
        })
        .collect()
}

impl WordRule {
    fn found_in(&self, tag: &str, text: &str) -> Option<&str> {
        let words = match tag.split('-').next() {
            Some("en") => self.en.iter().find(|word| holds_word(text, word)),
            Some("zh") => self.zh.iter().find(|word| text.contains(word.as_str())),
            _ => None,
        };
        words.map(String::as_str)
    }
}

fn holds_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(start, _)| {
        let before = text[..start].chars().next_back();
        let after = text[start + word.len()..].chars().next();
        let edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
        edge(before) && edge(after)
    })
}

impl fmt::Display for WordingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Compound => "may be two facts in one: two can be renewed apart",
            Self::Broad => "is broad: a narrow sentence can be renewed longer",
            Self::Future => "speaks of the future: that is a promise, not a fact",
            Self::AudienceOfOne => "speaks to one reader",
            Self::Vague => "leaves open when or how much",
        })
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wording { id, language, word, kind } => {
                write!(f, "{id} [{language}]: {word:?} {kind}")
            }
            Self::Reworded { id, issue } => write!(
                f,
                "{id}: other words than in issue {issue}; give the new words a new id, with supersedes"
            ),
            Self::Remark { what, finding, alarms } => {
                let how = if *alarms { "raise an alarm" } else { "ask for attention" };
                write!(f, "{what}: verifiers will {how}, {finding}")
            }
            Self::AbsentUnannounced(id) => write!(
                f,
                "{id}: in the previous issue, not in this draft, and not announced before: verifiers will raise an alarm, FACT_ABSENT"
            ),
            Self::AbsentEarly(id) => write!(
                f,
                "{id}: not in this draft, and announced less than a full interval before: verifiers will raise an alarm, FACT_ABSENT"
            ),
            Self::RetirementPassed(id) => write!(
                f,
                "{id}: still among the facts, though its notice has run: it and its announcement can be removed"
            ),
            Self::ShortNotice { id, notice } => write!(
                f,
                "{id}: less than a full interval of notice: removed before {notice}, verifiers will raise an alarm, FACT_ABSENT"
            ),
            Self::CounterPeriod(id) => {
                write!(f, "counter {id}: its period ends before it begins")
            }
            Self::QuorumOutOfReach { jurisdictions, needed } => write!(
                f,
                "roster: no quorum can be reached: it asks for {needed} jurisdictions, and its persons are in {jurisdictions}"
            ),
            Self::NoEvidence => f.write_str(
                "no fresh not-before evidence: give --evidence FILE, a beacon of drand's quicknet",
            ),
            Self::BadEvidence => {
                f.write_str("the not-before evidence does not verify, or is later than as_of")
            }
            Self::LongInterval => f.write_str(
                "expires is more than 100 days after as_of: verifiers will ask for attention, LONG_INTERVAL",
            ),
            Self::NoFacts => f.write_str("there is no fact"),
        }
    }
}

#[cfg(test)]
mod tests;
