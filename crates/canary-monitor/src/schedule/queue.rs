//! Due times of a whole fleet, 16 bytes a target.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::target::TargetId;

/// Targets by due time.
#[derive(Debug, Default)]
pub struct Queue {
    heap: BinaryHeap<Reverse<(i64, i64)>>,
}

impl Queue {
    /// Every target at once, in linear time.
    pub fn fill(due: impl Iterator<Item = (TargetId, i64)>) -> Self {
        let all: Vec<_> = due.map(|(id, at)| Reverse((at, id.0))).collect();
        Self { heap: BinaryHeap::from(all) }
    }

    /// Adds a target that is not in the queue.
    pub fn push(&mut self, id: TargetId, at: i64) {
        self.heap.push(Reverse((at, id.0)));
    }

    /// Takes the next target that is due.
    pub fn pop_due(&mut self, now: i64) -> Option<(TargetId, i64)> {
        let &Reverse((at, id)) = self.heap.peek()?;
        if at > now {
            return None;
        }
        self.heap.pop();
        Some((TargetId(id), at))
    }

    /// When the next target is due.
    pub fn next_due(&self) -> Option<i64> {
        self.heap.peek().map(|Reverse((at, _))| *at)
    }

    /// How many targets wait.
    pub fn len(&self) -> usize {
        self.heap.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }

    /// Empties the queue in no order.
    pub fn drain(&mut self) -> impl Iterator<Item = (TargetId, i64)> {
        std::mem::take(&mut self.heap).into_iter().map(|Reverse((at, id))| (TargetId(id), at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_come_out_in_order_and_only_when_due() {
        let mut queue = Queue::fill((0..1_000).map(|n| (TargetId(n), (n * 7_919) % 1_000)));
        queue.push(TargetId(5_000), 3);
        let mut last = 0;
        let mut taken = 0;
        while let Some((_, at)) = queue.pop_due(499) {
            assert!(at >= last && at <= 499);
            last = at;
            taken += 1;
        }
        assert_eq!((taken, queue.len(), queue.next_due()), (501, 500, Some(500)));
    }
}
