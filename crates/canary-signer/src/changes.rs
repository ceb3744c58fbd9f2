//! What differs between two issues, in words for the person who signs.

use std::collections::BTreeSet;
use std::fmt;

use canary_format::issue::{Counter, CounterValue, Fact, Issue, Promise, Publisher};
use canary_format::roster::Signer;
use canary_format::time::Timestamp;

use crate::ceremony::scope;
use crate::lint::is_reworded;

/// One difference between an earlier issue and a later one. Dates, number and evidence differ in
/// every issue and are not among them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// A fact, promise or counter that only the earlier issue has.
    Absent(Part, String),
    /// A fact, promise or counter that only the later issue has.
    Added(Part, String),
    /// One id with other words, tense or date.
    Reworded(Part, String),
    /// A fact in other languages than before: which.
    Languages(String, String),
    /// A fact that is affirmed again: when it was last.
    Again(String, u64),
    /// A fact with another scope: from what to what.
    ScopeChanged(String, String),
    /// A fact with another label of what it replaces.
    SupersedesChanged(String),
    /// Facts in another order.
    OrderChanged,
    /// A counter with another value or period.
    CounterChanged(String, String, String),
    /// A retirement that is announced anew, or for another instant.
    Retiring(String, Timestamp),
    /// A retirement that is no longer announced of a fact that is still there.
    RetirementWithdrawn(String),
    /// A part of the publisher's description: from what to what.
    Publisher(String),
    /// The origin.
    Origin,
    /// How many persons sign, from how many jurisdictions.
    Threshold {
        /// Before.
        before: (u64, u64),
        /// After.
        after: (u64, u64),
    },
    /// A person who joins the roster.
    SignerAdded(String),
    /// A person who leaves the roster.
    SignerAbsent(String),
    /// A person with another role, jurisdiction or other keys.
    SignerChanged(String),
    /// The log's key.
    LogKey,
    /// The heartbeat's key or greatest age.
    Heartbeat,
}

/// A kind of statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// A fact.
    Fact,
    /// A promise.
    Promise,
    /// A counter.
    Counter,
}

/// Every difference from the earlier issue to the later one.
pub fn changes(before: &Issue, after: &Issue) -> Vec<Change> {
    let mut all = facts(before, after);
    all.extend(promises(before, after));
    all.extend(counters(before, after));
    all.extend(retiring(before, after));
    if before.origin != after.origin {
        all.push(Change::Origin);
    }
    all.extend(
        publisher_changes(&before.publisher, &after.publisher).into_iter().map(Change::Publisher),
    );
    all.extend(roster(before, after));
    if before.log.key != after.log.key {
        all.push(Change::LogKey);
    }
    if before.log.heartbeat != after.log.heartbeat {
        all.push(Change::Heartbeat);
    }
    all
}

fn facts(before: &Issue, after: &Issue) -> Vec<Change> {
    let mut all = presence(Part::Fact, &before.facts, &after.facts, |fact: &Fact| &fact.id);
    for (old, new) in after.facts.iter().filter_map(|new| Some((before.fact(&new.id)?, new))) {
        if is_reworded(old, new) {
            all.push(Change::Reworded(Part::Fact, new.id.clone()));
        }
        if let Some(words) = language_words(old, new) {
            all.push(Change::Languages(new.id.clone(), words));
        }
        if old.scope != new.scope {
            all.push(Change::ScopeChanged(new.id.clone(), scope_words(after, old, new)));
        }
        if old.supersedes != new.supersedes {
            all.push(Change::SupersedesChanged(new.id.clone()));
        }
    }
    let common = |of: &Issue, other: &Issue| -> Vec<String> {
        let ids = of.facts.iter().map(|fact| fact.id.clone());
        ids.filter(|id| other.fact(id).is_some()).collect()
    };
    if common(before, after) != common(after, before) {
        all.push(Change::OrderChanged);
    }
    all
}

fn promises(before: &Issue, after: &Issue) -> Vec<Change> {
    let (old, new) = (list(&before.promises), list(&after.promises));
    let mut all = presence(Part::Promise, old, new, |promise: &Promise| &promise.id);
    let reworded =
        new.iter().filter(|new| old.iter().any(|old| old.id == new.id && old.text != new.text));
    all.extend(reworded.map(|new| Change::Reworded(Part::Promise, new.id.clone())));
    all
}

fn counters(before: &Issue, after: &Issue) -> Vec<Change> {
    let (old, new) = (list(&before.counters), list(&after.counters));
    let mut all = presence(Part::Counter, old, new, |counter: &Counter| &counter.id);
    for new in new {
        let Some(old) = old.iter().find(|old| old.id == new.id) else {
            continue;
        };
        if old.text != new.text {
            all.push(Change::Reworded(Part::Counter, new.id.clone()));
        }
        if (old.value, old.from, old.to) != (new.value, new.from, new.to) {
            all.push(Change::CounterChanged(
                new.id.clone(),
                counter_words(old),
                counter_words(new),
            ));
        }
    }
    all
}

fn retiring(before: &Issue, after: &Issue) -> Vec<Change> {
    let new = list(&after.retiring).iter();
    let announced = new.filter(|entry| before.retires(&entry.id) != Some(entry.after));
    let mut all: Vec<Change> =
        announced.map(|entry| Change::Retiring(entry.id.clone(), entry.after)).collect();
    let old = list(&before.retiring).iter();
    let withdrawn =
        old.filter(|entry| after.retires(&entry.id).is_none() && after.fact(&entry.id).is_some());
    all.extend(withdrawn.map(|entry| Change::RetirementWithdrawn(entry.id.clone())));
    all
}

fn roster(before: &Issue, after: &Issue) -> Vec<Change> {
    let (old, new) = (&before.roster, &after.roster);
    let mut all = Vec::new();
    let quorum = |roster: &canary_format::roster::Roster| {
        (roster.threshold, roster.min_jurisdictions.unwrap_or(1))
    };
    if quorum(old) != quorum(new) {
        all.push(Change::Threshold { before: quorum(old), after: quorum(new) });
    }
    let named =
        |signers: &[Signer], name: &str| signers.iter().find(|signer| signer.name == name).cloned();
    for signer in &old.signers {
        match named(&new.signers, &signer.name) {
            None => all.push(Change::SignerAbsent(signer.name.clone())),
            Some(now) if now != *signer => all.push(Change::SignerChanged(signer.name.clone())),
            Some(_) => {}
        }
    }
    let joined = new.signers.iter().filter(|signer| named(&old.signers, &signer.name).is_none());
    all.extend(joined.map(|signer| Change::SignerAdded(signer.name.clone())));
    all
}

fn presence<T>(part: Part, before: &[T], after: &[T], id: impl Fn(&T) -> &String) -> Vec<Change> {
    let old: BTreeSet<&String> = before.iter().map(&id).collect();
    let new: BTreeSet<&String> = after.iter().map(&id).collect();
    let absent = old.difference(&new).map(|id| Change::Absent(part, (*id).clone()));
    let added = new.difference(&old).map(|id| Change::Added(part, (*id).clone()));
    absent.chain(added).collect()
}

/// What differs between two publishers, from what to what.
pub(crate) fn publisher_changes(before: &Publisher, after: &Publisher) -> Vec<String> {
    let described = |publisher: &Publisher| -> [(&str, Vec<String>); 7] {
        let services = publisher.services.iter().map(|s| format!("{} ({})", s.name, s.model));
        let entities =
            publisher.entities.iter().map(|e| format!("{} ({})", e.name, e.jurisdiction));
        [
            ("name", vec![publisher.name.clone()]),
            ("languages", publisher.languages.clone()),
            ("canonical_url", vec![publisher.canonical_url.clone()]),
            ("mirrors", publisher.mirrors.clone().unwrap_or_default()),
            ("contact", publisher.contact.iter().cloned().collect()),
            ("services", services.collect()),
            ("entities", entities.collect()),
        ]
    };
    let pairs = described(before).into_iter().zip(described(after));
    let mut out: Vec<String> = pairs
        .filter(|((_, before), (_, after))| before != after)
        .map(|((member, before), (_, after))| {
            format!("{member}: {} → {}", or_none(&before), or_none(&after))
        })
        .collect();
    if out.is_empty() && before != after {
        out.push("another id of an entity or service".to_owned());
    }
    out
}

/// What differs between two scopes, from what to what, in English; names are those of this issue.
pub(crate) fn scope_words(issue: &Issue, before: &Fact, after: &Fact) -> String {
    let pairs = scope::in_english(issue, before).into_iter().zip(scope::in_english(issue, after));
    let differing = pairs
        .filter(|((_, before), (_, after))| before != after)
        .map(|((member, before), (_, after))| format!("{member}: {before} → {after}"));
    differing.collect::<Vec<_>>().join("; ")
}

/// In which languages a fact has words anew, and in which it has none any more. Other words than before
/// are only where both have some, so that these would show nowhere else.
pub(crate) fn language_words(before: &Fact, after: &Fact) -> Option<String> {
    let only_in = |one: &Fact, other: &Fact| {
        let tags = one.text.iter().map(|(tag, _)| tag).filter(|tag| other.text.get(tag).is_none());
        tags.collect::<Vec<_>>().join(", ")
    };
    let (added, gone) = (only_in(after, before), only_in(before, after));
    let said = [("words added in", added), ("no words any more in", gone)];
    let said = said.iter().filter(|(_, tags)| !tags.is_empty());
    let said: Vec<String> = said.map(|(what, tags)| format!("{what} {tags}")).collect();
    (!said.is_empty()).then(|| said.join("; "))
}

fn or_none(list: &[String]) -> String {
    if list.is_empty() { "none".to_owned() } else { list.join(", ") }
}

fn list<T>(list: &Option<Vec<T>>) -> &[T] {
    list.as_deref().unwrap_or_default()
}

/// A counter's value and period in words.
pub(crate) fn counter_words(counter: &Counter) -> String {
    let value = match counter.value {
        CounterValue::Exact(value) => value.to_string(),
        CounterValue::Band(low, high) => format!("{low} to {high}"),
    };
    format!("{value} ({} to {})", counter.from, counter.to)
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fact => "fact",
            Self::Promise => "promise",
            Self::Counter => "counter",
        })
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent(part, id) => write!(f, "{part} {id}: not here any more"),
            Self::Added(part, id) => write!(f, "{part} {id}: new here"),
            Self::Reworded(part, id) => write!(f, "{part} {id}: other words"),
            Self::Languages(id, words) => write!(f, "fact {id}: {words}"),
            Self::Again(id, number) => {
                write!(f, "fact {id}: affirmed again, last in issue {number}")
            }
            Self::ScopeChanged(id, words) => write!(f, "fact {id}: another scope: {words}"),
            Self::SupersedesChanged(id) => write!(f, "fact {id}: another supersedes"),
            Self::OrderChanged => f.write_str("facts: another order"),
            Self::CounterChanged(id, before, after) => {
                write!(f, "counter {id}: {after}, before {before}")
            }
            Self::Retiring(id, after) => write!(f, "fact {id}: announced to retire after {after}"),
            Self::RetirementWithdrawn(id) => {
                write!(f, "fact {id}: no longer announced to retire")
            }
            Self::Publisher(words) => write!(f, "publisher: {words}"),
            Self::Origin => f.write_str("origin: another"),
            Self::Threshold { before, after } => write!(
                f,
                "roster: {} persons from {} jurisdictions, before {} from {}",
                after.0, after.1, before.0, before.1
            ),
            Self::SignerAdded(name) => write!(f, "roster: {name} joins"),
            Self::SignerAbsent(name) => write!(f, "roster: {name} is not here any more"),
            Self::SignerChanged(name) => write!(f, "roster: {name} with other keys or description"),
            Self::LogKey => f.write_str("log: another key"),
            Self::Heartbeat => f.write_str("heartbeat: another key or greatest age"),
        }
    }
}

#[cfg(test)]
mod tests {
    use canary_format::issue::{IssueContent, Retiring};

    use super::*;
    use crate::fixture::{content, key};

    fn between(after: IssueContent) -> Vec<String> {
        let before = Issue::compose(content()).unwrap().0;
        let after = Issue::compose(after).unwrap().0;
        changes(&before, &after).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn each_difference_is_told() {
        let mut after = content();
        after.facts.remove(1);
        after.facts[0].scope.excludes = Some(vec!["the test network".into()]);
        after.promises = None;
        after.retiring =
            Some(vec![Retiring { id: "keys.own".into(), after: after.expires.plus(1) }]);
        after.publisher.name = "Example 2".into();
        after.roster.threshold = 3;
        after.roster.signers[0].keys = vec![key(9).public()];
        after.log.heartbeat = None;
        assert_eq!(
            between(after),
            [
                "fact net.no-feed: not here any more",
                "fact keys.own: another scope: not covered: nothing → the test network",
                "promise commitment.contest: not here any more",
                "fact keys.own: announced to retire after 2026-04-07T09:00:01Z",
                "publisher: name: Example → Example 2",
                "roster: 3 persons from 2 jurisdictions, before 2 from 2",
                "roster: Ada with other keys or description",
                "heartbeat: another key or greatest age",
            ]
        );
    }

    #[test]
    fn words_in_another_language_are_told() {
        let mut after = content();
        after.publisher.languages = vec!["en".into(), "fr".into()];
        for text in after.facts.iter_mut().map(|fact| &mut fact.text) {
            text.0 = vec![text.0[0].clone(), ("fr".into(), "Tout autre chose.".into())];
        }
        after.promises = None;
        let words = "words added in fr; no words any more in zh-Hans";
        assert_eq!(
            between(after)[..2],
            [format!("fact keys.own: {words}"), format!("fact net.no-feed: {words}")]
        );
    }

    #[test]
    fn number_and_dates_are_no_difference_and_order_is() {
        let mut after = content();
        after.as_of = after.as_of.plus(60);
        assert_eq!(between(after.clone()), [""; 0]);
        after.facts.reverse();
        assert_eq!(between(after), ["facts: another order"]);
    }
}
