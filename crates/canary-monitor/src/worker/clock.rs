//! Now. Workers that share a store go by its clock: none of them puts another's work off because its own clock is
//! wrong.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use super::wall_clock;

/// What the store's clock told last, and when; nothing where there is none but this machine's.
#[derive(Debug, Default)]
pub(super) struct Clock(Mutex<Option<(i64, Instant)>>);

impl Clock {
    pub(super) fn set(&self, told: Option<i64>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) =
            told.map(|told| (told, Instant::now()));
    }

    pub(super) fn now(&self) -> i64 {
        match *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Some((told, at)) => {
                let since = i64::try_from(at.elapsed().as_secs()).unwrap_or(i64::MAX);
                told.saturating_add(since)
            }
            None => wall_clock(),
        }
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
}
