//! What the issues before a new one said of its facts: an id never gets other words, however long it
//! was absent (`verdicts.md` §3), and an announced end needs a full interval of notice.

use std::collections::{BTreeMap, BTreeSet};

use canary_format::issue::{Fact, Issue};
use canary_format::time::Timestamp;

/// What there is to compare a new issue with. It holds no more of a long series than that.
#[derive(Debug, Clone, Default)]
pub struct Past {
    /// The newest issues, newest first, as far back as ends are announced.
    recent: Vec<Issue>,
    /// Of each fact of the new issue, the last issue that affirms it.
    last: BTreeMap<String, (u64, Fact)>,
}

/// Whether the end of a fact was announced long enough before (`verdicts.md`, `FACT_RETIRED`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Notice {
    /// A full interval before.
    Given,
    /// Not so long before, or not at all.
    Short,
    /// The issues at hand do not go back far enough.
    Unknown,
}

impl Past {
    /// Of the issues before a new one, newest first; no more of them are read than are needed.
    ///
    /// # Errors
    ///
    /// The first error among them.
    pub fn of<E>(
        issue: &Issue,
        before: impl IntoIterator<Item = Result<Issue, E>>,
    ) -> Result<Self, E> {
        let mut past = Self::default();
        let mut wanted: BTreeSet<&str> = issue.facts.iter().map(|fact| fact.id.as_str()).collect();
        let mut announced = true;
        for before in before {
            let before = before?;
            for fact in &before.facts {
                if wanted.remove(fact.id.as_str()) {
                    past.last.insert(fact.id.clone(), (before.number, fact.clone()));
                }
            }
            if announced {
                announced = before.retiring.is_some();
                past.recent.push(before);
            }
            if wanted.is_empty() && !announced {
                break;
            }
        }
        Ok(past)
    }

    /// Where no more is at hand than the issue before.
    pub fn of_previous(issue: &Issue, previous: Option<&Issue>) -> Self {
        let previous = previous.cloned().map(Ok::<_, std::convert::Infallible>);
        let Ok(past) = Self::of(issue, previous);
        past
    }

    /// The issue before.
    pub(crate) fn previous(&self) -> Option<&Issue> {
        self.recent.first()
    }

    /// The last affirmation of a fact, and in which issue.
    pub(crate) fn last(&self, id: &str) -> Option<(u64, &Fact)> {
        self.last.get(id).map(|(number, fact)| (*number, fact))
    }

    /// Whether a fact's end was announced long enough before an instant.
    pub(crate) fn notice(&self, id: &str, end: Timestamp) -> Notice {
        let run = self.run(id, end);
        if run.iter().any(|issue| issue.next_due <= end) {
            return Notice::Given;
        }
        match self.recent.last() {
            Some(oldest) if run.len() == self.recent.len() && oldest.number > 1 => Notice::Unknown,
            _ => Notice::Short,
        }
    }

    /// The earliest end of a full interval of notice, where an end not later than this was announced.
    pub(crate) fn notice_since(&self, id: &str, end: Timestamp) -> Option<Timestamp> {
        self.run(id, end).iter().map(|issue| issue.next_due).min()
    }

    /// The unbroken run of issues up to the newest that affirm a fact and announce its end.
    fn run(&self, id: &str, end: Timestamp) -> &[Issue] {
        let announces = |issue: &Issue| {
            issue.fact(id).is_some() && issue.retires(id).is_some_and(|after| after <= end)
        };
        let length = self.recent.iter().take_while(|issue| announces(issue)).count();
        &self.recent[..length]
    }
}
