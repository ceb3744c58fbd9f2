//! Turns that have come and not begun: where a host is slow, its targets wait for each other, and go back to the
//! store meanwhile with another time.

use std::collections::HashMap;

use crate::target::TargetId;

/// For how long after a late turn the monitor is behind, in seconds.
const AFTERWARDS: i64 = 60;

/// How long a turn may wait, in seconds, until it is late: more is a watch gap.
pub(super) fn patience(interval: i64) -> i64 {
    2 * interval + 120
}

#[derive(Debug, Clone, Copy)]
struct Wait {
    due: i64,
    late_at: i64,
}

#[derive(Debug, Default)]
pub(super) struct Backlog {
    waiting: HashMap<TargetId, Wait>,
    late_until: i64,
}

impl Backlog {
    /// A target was due and waits. Since when, is kept from the first time.
    pub(super) fn wait(&mut self, id: TargetId, due: i64, interval: i64) {
        let late_at = due.saturating_add(patience(interval));
        self.waiting.entry(id).or_insert(Wait { due, late_at });
    }

    /// Its turn begins.
    pub(super) fn begin(&mut self, id: TargetId, now: i64) {
        if self.waiting.remove(&id).is_some_and(|wait| now > wait.late_at) {
            self.late_until = now + AFTERWARDS;
        }
    }

    /// It is looked at by another worker, or watched no more.
    pub(super) fn forget(&mut self, id: TargetId) {
        self.waiting.remove(&id);
    }

    /// The target that has waited longest, and since when.
    pub(super) fn longest(&self) -> Option<(TargetId, i64)> {
        self.waiting.iter().map(|(id, wait)| (*id, wait.due)).min_by_key(|(_, due)| *due)
    }

    /// Whether a turn is late, or was a moment ago.
    pub(super) fn is_behind(&self, now: i64) -> bool {
        (now..=now + AFTERWARDS).contains(&self.late_until)
            || self.waiting.values().any(|wait| now > wait.late_at)
    }

    /// The clock moved: what it told before is void.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_given_back_to_the_store_has_waited_since_its_turn_came() {
        let mut backlog = Backlog::default();
        for at in (1_000..1_140).step_by(5) {
            backlog.wait(TargetId(1), at, 10);
            backlog.wait(TargetId(2), at, 3_600);
            backlog.wait(TargetId(3), at, 10);
            backlog.begin(TargetId(3), at + 1);
            assert!(!backlog.is_behind(at));
        }
        assert_eq!(backlog.longest().map(|(_, due)| due), Some(1_000));
        assert!(backlog.is_behind(1_141), "two of its own intervals, not of the longest");
        backlog.begin(TargetId(1), 1_150);
        assert_eq!(backlog.longest(), Some((TargetId(2), 1_000)));
        assert!(backlog.is_behind(1_200) && !backlog.is_behind(1_211));
        backlog.forget(TargetId(2));
        assert_eq!(backlog.longest(), None);
    }
}
