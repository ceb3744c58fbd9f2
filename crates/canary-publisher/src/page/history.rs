//! What the series shows of each fact's life: when it was affirmed, changed, announced, absent.

use std::collections::BTreeMap;

use canary_format::issue::{Fact, Issue};
use canary_format::time::Timestamp;

/// A span of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
}

/// One fact over the whole series.
#[derive(Debug)]
pub(super) struct Life<'a> {
    pub(super) id: &'a str,
    /// The newest affirmation.
    pub(super) fact: &'a Fact,
    pub(super) first: &'a Issue,
    pub(super) last: &'a Issue,
    /// The first issue after `last`, where the newest issue does not affirm it.
    pub(super) absent_from: Option<&'a Issue>,
    /// When an issue that affirms it was in force.
    pub(super) spans: Vec<Span>,
    /// The issues in which its words, tense or scope are not those of the affirmation before.
    pub(super) changes: Vec<&'a Issue>,
    /// The issue that first announced its end, and from when on.
    pub(super) announced: Option<(&'a Issue, Timestamp)>,
}

/// The history of a series.
#[derive(Debug)]
pub(super) struct History<'a> {
    /// In the order of their first affirmation.
    pub(super) lives: Vec<Life<'a>>,
    /// When no issue was in force.
    pub(super) gaps: Vec<Span>,
    /// From the first affirmation to the newest issue's end.
    pub(super) whole: Span,
}

impl<'a> History<'a> {
    /// Reads the lives of all facts; `issues` are in order and not empty.
    pub(super) fn of(issues: &[&'a Issue]) -> Self {
        let (first, newest) = (issues[0], issues[issues.len() - 1]);
        let mut lives: Vec<Life<'a>> = Vec::new();
        let mut places: BTreeMap<&'a str, usize> = BTreeMap::new();
        for (index, issue) in issues.iter().copied().enumerate() {
            let next = issues.get(index + 1).map_or(issue.expires, |next| next.as_of);
            let span = Span { from: issue.as_of, to: issue.expires.min(next) };
            for fact in &issue.facts {
                let place = *places.entry(&fact.id).or_insert_with(|| {
                    lives.push(Life::begin(fact, issue));
                    lives.len() - 1
                });
                lives[place].affirm(fact, issue, span);
            }
        }
        for life in &mut lives {
            let last = usize::try_from(life.last.number - first.number).unwrap_or(usize::MAX);
            life.absent_from = issues.get(last.saturating_add(1)).copied();
        }
        let gap = |pair: &[&Issue]| Span { from: pair[0].expires, to: pair[1].as_of };
        let gaps = issues.windows(2).map(gap).filter(|gap| gap.from < gap.to).collect();
        Self { lives, gaps, whole: Span { from: first.as_of, to: newest.expires } }
    }
}

impl<'a> Life<'a> {
    fn begin(fact: &'a Fact, issue: &'a Issue) -> Self {
        Self {
            id: &fact.id,
            fact,
            first: issue,
            last: issue,
            absent_from: None,
            spans: Vec::new(),
            changes: Vec::new(),
            announced: None,
        }
    }

    fn affirm(&mut self, fact: &'a Fact, issue: &'a Issue, span: Span) {
        let same = |a: &Fact, b: &Fact| {
            a.tense == b.tense && a.since == b.since && a.scope == b.scope && same_words(a, b)
        };
        if !same(self.fact, fact) {
            self.changes.push(issue);
        }
        match self.spans.last_mut() {
            Some(last) if last.to == span.from => last.to = span.to,
            _ => self.spans.push(span),
        }
        self.announced = match (issue.retires(&fact.id), self.announced) {
            (Some(after), None) => Some((issue, after)),
            (Some(_), known) => known,
            (None, _) => None,
        };
        self.fact = fact;
        self.last = issue;
    }
}

/// The words in the languages that both have.
fn same_words(a: &Fact, b: &Fact) -> bool {
    b.text.iter().all(|(tag, words)| a.text.get(tag).is_none_or(|before| before == words))
}
