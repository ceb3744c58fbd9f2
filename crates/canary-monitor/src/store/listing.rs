//! One page of the list of targets, as the questions that a store answers in turn: each begins after a
//! place, so the last page costs what the first does.

use super::{Mark, Order, Stored, WORST_FIRST};
use canary_verifier::report::Severity;

/// What to read next: at most `left` targets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Question {
    /// In the order of identities, after this one.
    ByIdentity { id: i64, left: i64 },
    /// Of one severity, in the order of names, after this name and identity.
    OfSeverity { severity: Severity, name: String, id: i64, left: i64 },
}

/// A page while it is read.
#[derive(Debug)]
pub(super) struct Listing {
    order: Order,
    most: usize,
    worst: Severity,
    name: String,
    id: i64,
    /// The severities that are still to be asked for, the next one last.
    open: Vec<Severity>,
    by_identity: bool,
    found: Vec<Stored>,
}

impl Listing {
    /// The page of at most `most` targets that begins after a mark, or the first.
    pub(super) fn new(order: Order, after: Option<Mark>, most: usize) -> Self {
        let worst = after.as_ref().map_or(WORST_FIRST[0], |mark| mark.severity);
        let (name, id) = after.map_or((String::new(), i64::MIN), |mark| (mark.name, mark.id.0));
        let open = WORST_FIRST.into_iter().rev().filter(|severity| match order {
            Order::Urgency => *severity <= worst,
            Order::Name => true,
            Order::Identity => false,
        });
        let open = open.collect();
        let by_identity = order == Order::Identity;
        Self { order, most, worst, name, id, open, by_identity, found: Vec::new() }
    }

    /// What to read next; `None` once the page is whole.
    pub(super) fn question(&mut self) -> Option<Question> {
        // Each severity may have the first names of all; of the worst ones first there are never too many.
        let wanted = match self.order {
            Order::Name => self.most,
            Order::Urgency | Order::Identity => self.most.saturating_sub(self.found.len()),
        };
        let left = i64::try_from(wanted).unwrap_or(i64::MAX);
        if std::mem::take(&mut self.by_identity) {
            return Some(Question::ByIdentity { id: self.id, left });
        }
        if wanted == 0 {
            return None;
        }
        let severity = self.open.pop()?;
        let begins = self.order == Order::Name || severity == self.worst;
        let (name, id) =
            if begins { (self.name.clone(), self.id) } else { (String::new(), i64::MIN) };
        Some(Question::OfSeverity { severity, name, id, left })
    }

    /// Takes the answer.
    pub(super) fn take(&mut self, answer: Vec<Stored>) {
        self.found.extend(answer);
    }

    /// The page.
    pub(super) fn page(mut self) -> Vec<Stored> {
        if self.order == Order::Name {
            self.found.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
        }
        self.found.truncate(self.most);
        self.found
    }
}
