//! What changed between two issues of a series, in neutral words and with both sides.
//!
//! A pure function of two issues. It says what differs and draws no conclusion: the judge does.

mod members;

use canary_format::digest::Digest;
use canary_format::issue::{Fact, Issue, Localised, Scope, ScopeChange, Tense, compare_scopes};
use canary_format::time::{Date, Timestamp};
use serde::Serialize;

pub use self::members::{MemberChange, members};
use crate::judge::VerifiedIssue;

/// What changed from one issue to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The earlier of the two.
    pub from: Side,
    /// The later of the two.
    pub to: Side,
    /// Facts that only the later one affirms.
    pub added: Vec<Fact>,
    /// Facts that only the earlier one affirms.
    pub absent: Vec<Absence>,
    /// Facts that both affirm, in other words, for another time, or with another scope.
    pub changed: Vec<FactChange>,
    /// Every other member that differs, by its path; dates, number and evidence are in `from` and `to`.
    pub members: Vec<MemberChange>,
}

/// One of the two issues.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Side {
    /// Its number.
    pub number: u64,
    /// The digest of its payload.
    pub digest: Digest,
    /// The instant that its facts are affirmed for.
    pub as_of: Timestamp,
    /// When the next issue is due.
    pub next_due: Timestamp,
    /// When it lapses.
    pub expires: Timestamp,
    /// The names of the persons whose signatures verified.
    pub affirmed_by: Vec<String>,
}

/// A fact that the later issue does not affirm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Absence {
    /// The fact, as it was last affirmed of the two.
    pub fact: Fact,
    /// Whether the earlier issue names it in `retiring`, and from when on.
    pub retiring_after: Option<Timestamp>,
}

/// A fact that both issues affirm, and not alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FactChange {
    /// Its id.
    pub id: String,
    /// Its words before and after, where they differ.
    pub words: Option<Both<Words>>,
    /// Its scope before and after, where the sets differ.
    pub scope: Option<ScopeDifference>,
}

/// The same thing before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Both<T> {
    /// In the earlier issue.
    pub before: T,
    /// In the later issue.
    pub after: T,
}

/// What a fact says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Words {
    /// The sentence in every language.
    pub text: Localised,
    /// What span of time it speaks of.
    pub tense: Tense,
    /// The date from which it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Date>,
}

/// How a scope differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScopeDifference {
    /// `narrowed`, `widened` or `changed` (`verdicts.md` §3).
    pub change: &'static str,
    /// The scope before and after.
    #[serde(flatten)]
    pub scopes: Both<Scope>,
}

impl Difference {
    /// What changed between two issues. They are put in order of their numbers.
    pub fn between(one: &VerifiedIssue, other: &VerifiedIssue) -> Self {
        let swapped = one.issue().number > other.issue().number;
        let (earlier, later) = if swapped { (other, one) } else { (one, other) };
        let (before, after) = (earlier.issue(), later.issue());
        let absence =
            |fact: &Fact| Absence { fact: fact.clone(), retiring_after: before.retires(&fact.id) };
        Self {
            from: Side::of(earlier),
            to: Side::of(later),
            added: only_in(after, before).cloned().collect(),
            absent: only_in(before, after).map(absence).collect(),
            changed: after
                .facts
                .iter()
                .filter_map(|fact| FactChange::between(before.fact(&fact.id)?, fact))
                .collect(),
            members: members(before, after),
        }
    }

    /// Whether the two say the same, apart from number, dates, evidence and signatures.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty()
            && self.absent.is_empty()
            && self.changed.is_empty()
            && self.members.is_empty()
    }
}

fn only_in<'a>(issue: &'a Issue, other: &'a Issue) -> impl Iterator<Item = &'a Fact> {
    issue.facts.iter().filter(|fact| other.fact(&fact.id).is_none())
}

impl Side {
    fn of(verified: &VerifiedIssue) -> Self {
        let issue = verified.issue();
        Self {
            number: issue.number,
            digest: verified.digest(),
            as_of: issue.as_of,
            next_due: issue.next_due,
            expires: issue.expires,
            affirmed_by: verified.affirmed_by().iter().map(|person| person.name.clone()).collect(),
        }
    }
}

impl FactChange {
    fn between(before: &Fact, after: &Fact) -> Option<Self> {
        let (words, later) = (Words::of(before), Words::of(after));
        let words = (words != later).then_some(Both { before: words, after: later });
        let scope = compare_scopes(&before.scope, &after.scope).map(|change| ScopeDifference {
            change: match change {
                ScopeChange::Narrowed => "narrowed",
                ScopeChange::Widened => "widened",
                ScopeChange::Changed => "changed",
            },
            scopes: Both { before: before.scope.clone(), after: after.scope.clone() },
        });
        (words.is_some() || scope.is_some()).then(|| Self { id: after.id.clone(), words, scope })
    }
}

impl Words {
    /// What a fact says.
    pub fn of(fact: &Fact) -> Self {
        Self { text: fact.text.clone(), tense: fact.tense, since: fact.since }
    }
}
