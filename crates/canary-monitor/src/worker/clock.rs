//! Now. Workers that share a store go by its clock: none of them puts another's work off because its own clock is
//! wrong. And whether it jumped: that is heeded before anything is decided by it.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::wall_clock;

/// The clock may move against the monotonic one by so many seconds before it is a jump.
const JUMP: i64 = 120;
/// And in so many seconds: clocks of two machines that drift apart make no jump in years.
const LATELY: i64 = 3_600;

#[derive(Debug, Default)]
pub(super) struct Clock(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// What the store's clock told last; nothing where there is none but this machine's.
    told: Option<Reading>,
    /// What it showed a while ago, to compare with.
    before: Option<Reading>,
}

#[derive(Debug, Clone, Copy)]
struct Reading {
    shown: i64,
    at: Instant,
}

impl Reading {
    fn of(shown: i64) -> Self {
        Self { shown, at: Instant::now() }
    }

    fn age(self) -> i64 {
        i64::try_from(self.at.elapsed().as_secs()).unwrap_or(i64::MAX)
    }

    fn goes_on(self) -> i64 {
        self.shown.saturating_add(self.age())
    }
}

impl Clock {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the store's clock tells now.
    pub(super) fn set(&self, told: Option<i64>) {
        self.inner().told = told.map(Reading::of);
    }

    pub(super) fn now(&self) -> i64 {
        self.inner().now()
    }

    /// Now, and by how many seconds the clock jumped since this was last asked, where it did.
    pub(super) fn look(&self) -> (i64, Option<i64>) {
        let mut inner = self.inner();
        let now = inner.now();
        let before = *inner.before.get_or_insert_with(|| Reading::of(now));
        let jumped = Some(now - before.goes_on()).filter(|by| by.abs() > JUMP);
        if jumped.is_some() || before.age() > LATELY {
            inner.before = Some(Reading::of(now));
        }
        (now, jumped)
    }
}

impl Inner {
    fn now(&self) -> i64 {
        self.told.map_or_else(wall_clock, Reading::goes_on)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stores_clock_counts_where_it_has_one() {
        let clock = Clock::default();
        assert!((clock.now() - wall_clock()).abs() < 5);
        clock.set(Some(1_000_000));
        assert!((1_000_000..1_000_005).contains(&clock.now()), "whatever this machine's shows");
        clock.set(None);
        assert!((clock.now() - wall_clock()).abs() < 5);
    }

    #[test]
    fn a_jump_is_told_once() {
        let clock = Clock::default();
        let jumps = [1_000_000, 1_000_030, 5_000_000, 5_000_100, 1_000_060].map(|told| {
            clock.set(Some(told));
            (clock.look().1, clock.look().1)
        });
        let near = |(first, again): (Option<i64>, Option<i64>), by: i64| {
            again.is_none() && first.is_some_and(|jumped| (jumped - by).abs() < 5)
        };
        assert_eq!([jumps[0], jumps[1], jumps[3]], [(None, None); 3]);
        assert!(near(jumps[2], 4_000_000) && near(jumps[4], -3_999_940), "{jumps:?}");
    }
}
