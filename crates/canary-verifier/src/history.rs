//! A series from its first authentic issue on: what each issue changed, and the life of each fact.
//!
//! A pure function of a judgement. Nothing is ever left out of it: what lies before the baseline is
//! history too.

use canary_format::digest::Digest;
use canary_format::issue::{Issue, Retiring, Scope};
use canary_format::time::Timestamp;
use serde::Serialize;

use crate::diff::{Difference, Words};
use crate::judge::{Judgement, VerifiedIssue};
use crate::report::{Finding, Gap, Person, State, Subject};

/// The value of `history`.
pub const HISTORY_TYPE: &str = "warrant-canary/history/v1";

/// A series over time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct History {
    /// Always [`HISTORY_TYPE`].
    pub history: &'static str,
    /// What was judged.
    pub subject: Subject,
    /// The state of the canary at the judging instant.
    pub state: State,
    /// Every authentic issue, in order.
    pub issues: Vec<Entry>,
    /// Every fact ever affirmed, in the order in which they were first affirmed.
    pub facts: Vec<FactLife>,
    /// Lapses; they stay for ever.
    pub gaps: Vec<Gap>,
    /// What the judge found: where it speaks of what is served, the issues are those seen before.
    pub findings: Vec<Finding>,
}

/// One issue, and what it changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
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
    /// The persons whose signatures verified.
    pub affirmed_by: Vec<Person>,
    /// The ids of the facts that it affirms.
    pub facts: Vec<String>,
    /// The announcements that it makes.
    pub retiring: Vec<Retiring>,
    /// What changed since the issue before; null for the first.
    pub changes: Option<Difference>,
}

/// The life of a fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FactLife {
    /// Its id.
    pub id: String,
    /// The runs of issues that affirm it, in order.
    pub affirmed: Vec<Run>,
    /// Its words, each from the issue on that first had them.
    pub words: Vec<From<Words>>,
    /// Its scopes, each from the issue on that first had them.
    pub scopes: Vec<From<Scope>>,
}

/// A run of issues, each of which affirms a fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Run {
    /// The number of its first issue.
    pub first: u64,
    /// The `as_of` of its first issue.
    pub from: Timestamp,
    /// The number of its last issue.
    pub last: u64,
    /// The `as_of` of its last issue.
    pub to: Timestamp,
}

/// Something from an issue on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct From<T> {
    /// The number of the first issue that has it.
    pub issue: u64,
    /// What it is.
    #[serde(flatten)]
    pub what: T,
}

impl History {
    /// The history that a judgement shows.
    pub fn of(judgement: &Judgement) -> Self {
        let series = &judgement.series;
        let entry = |(index, verified): (usize, &VerifiedIssue)| {
            let before = index.checked_sub(1).map(|before| &series[before]);
            Entry::of(verified, before)
        };
        Self {
            history: HISTORY_TYPE,
            subject: judgement.report.subject.clone(),
            state: judgement.report.state,
            issues: series.iter().enumerate().map(entry).collect(),
            facts: lives(series.iter().map(VerifiedIssue::issue)),
            gaps: judgement.report.gaps.clone(),
            findings: judgement.report.findings.clone(),
        }
    }

    /// The same, about one fact: `None` where it was never affirmed.
    #[must_use]
    pub fn about(mut self, id: &str) -> Option<Self> {
        self.facts.retain(|fact| fact.id == id);
        let fact = self.facts.first()?;
        let told = |entry: &Entry| {
            let starts = |run: &Run| run.first == entry.number;
            let changed = |changes: &Difference| {
                changes.absent.iter().any(|absence| absence.fact.id == id)
                    || changes.changed.iter().any(|change| change.id == id)
            };
            fact.affirmed.iter().any(starts)
                || entry.changes.as_ref().is_some_and(changed)
                || entry.retiring.iter().any(|retiring| retiring.id == id)
        };
        self.issues.retain(told);
        Some(self)
    }
}

impl Entry {
    fn of(verified: &VerifiedIssue, before: Option<&VerifiedIssue>) -> Self {
        let issue = verified.issue();
        Self {
            number: issue.number,
            digest: verified.digest(),
            as_of: issue.as_of,
            next_due: issue.next_due,
            expires: issue.expires,
            affirmed_by: verified.affirmed_by().to_vec(),
            facts: issue.facts.iter().map(|fact| fact.id.clone()).collect(),
            retiring: issue.retiring.clone().unwrap_or_default(),
            changes: before.map(|before| Difference::between(before, verified)),
        }
    }
}

fn lives<'a>(series: impl Iterator<Item = &'a Issue>) -> Vec<FactLife> {
    let mut lives: Vec<FactLife> = Vec::new();
    let mut before = None;
    for issue in series {
        let number = issue.number;
        for fact in &issue.facts {
            let known = lives.iter().position(|life| life.id == fact.id);
            let index = known.unwrap_or_else(|| {
                lives.push(FactLife::new(&fact.id));
                lives.len() - 1
            });
            let life = &mut lives[index];
            match life.affirmed.last_mut() {
                Some(run) if Some(run.last) == before => (run.last, run.to) = (number, issue.as_of),
                _ => {
                    let (from, to) = (issue.as_of, issue.as_of);
                    life.affirmed.push(Run { first: number, from, last: number, to });
                }
            }
            let words = Words::of(fact);
            if life.words.last().map(|from| &from.what) != Some(&words) {
                life.words.push(From { issue: number, what: words });
            }
            if life.scopes.last().map(|from| &from.what) != Some(&fact.scope) {
                life.scopes.push(From { issue: number, what: fact.scope.clone() });
            }
        }
        before = Some(number);
    }
    lives
}

impl FactLife {
    fn new(id: &str) -> Self {
        let (affirmed, words, scopes) = (Vec::new(), Vec::new(), Vec::new());
        Self { id: id.to_owned(), affirmed, words, scopes }
    }
}
