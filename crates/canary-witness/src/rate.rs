//! Limits on how often one address, or one origin, is served. Memory is fixed: whoever falls into
//! the same slot shares a budget.

use std::hash::{BuildHasher as _, Hash, RandomState};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

const SLOTS: usize = 65_536;

/// Budgets that refill steadily: one slot holds what is left and when that was so.
pub(crate) struct Rate {
    /// Per second; zero is no limit.
    refill: f32,
    burst: f32,
    started: Instant,
    hasher: RandomState,
    slots: Mutex<Vec<(f32, f32)>>,
}

impl Rate {
    /// So many at once, and so many per second after that; zero per second is no limit.
    pub(crate) fn new(per_second: f32, burst: f32) -> Self {
        let slots = if per_second > 0.0 { vec![(burst, 0.0); SLOTS] } else { Vec::new() };
        Self {
            refill: per_second,
            burst,
            started: Instant::now(),
            // A random key: nobody can choose whose slot to share.
            hasher: RandomState::new(),
            slots: Mutex::new(slots),
        }
    }

    /// Takes one from the budget of `who`, at this instant; false where nothing is left.
    pub(crate) fn take(&self, who: &impl Hash, now: Instant) -> bool {
        if self.refill <= 0.0 {
            return true;
        }
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let index = self.hasher.hash_one(who) as usize % SLOTS;
        let at = now.saturating_duration_since(self.started).as_secs_f32();
        let (left, since) = &mut slots[index];
        *left = (*left + (at - *since).max(0.0) * self.refill).min(self.burst);
        *since = since.max(at);
        let served = *left >= 1.0;
        if served {
            *left -= 1.0;
        }
        served
    }
}

/// An address as a limit sees it: one host of version 4, one network of /64 of version 6.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) >> 64 << 64).into()),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_budget_is_spent_and_refills() {
        let rate = Rate::new(2.0, 3.0);
        let now = rate.started;
        assert_eq!([(); 5].map(|()| rate.take(&1, now)), [true, true, true, false, false]);
        assert!(rate.take(&2, now), "another has its own");
        let later = now + Duration::from_secs(1);
        assert_eq!([(); 3].map(|()| rate.take(&1, later)), [true, true, false]);
        let much_later = now + Duration::from_secs(100);
        assert_eq!([(); 4].map(|()| rate.take(&1, much_later)), [true, true, true, false]);
    }

    #[test]
    fn no_rate_is_no_limit() {
        let rate = Rate::new(0.0, 0.0);
        assert!((0..1_000).all(|_| rate.take(&1, rate.started)));
    }

    #[test]
    fn a_network_of_version_6_is_one() {
        let same = |a: &str, b: &str| network(a.parse().unwrap()) == network(b.parse().unwrap());
        assert!(same("2001:db8::1", "2001:db8::ffff:2"));
        assert!(!same("2001:db8::1", "2001:db8:0:1::1"));
        assert!(same("::ffff:192.0.2.1", "192.0.2.1"));
        assert!(!same("192.0.2.1", "192.0.2.2"));
    }
}
