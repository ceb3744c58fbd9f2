//! When targets are asked: spread evenly and stably over the interval, with jitter, without a burst
//! after a restart.

pub mod gate;
pub mod queue;

use crate::target::TargetId;

/// Seconds of the first wait after a failure; doubles with each.
const FIRST_RETRY: i64 = 30;

/// The next instant after `now` at which a target's turn comes: its place in the interval follows from
/// its identity, so that restarts do not move it, with up to 2 % jitter from round to round.
pub fn next_slot(id: TargetId, interval: i64, now: i64) -> i64 {
    let interval = interval.max(1);
    let phase = mix(id.0) % interval;
    let round = (now - phase).div_euclid(interval) + 1;
    let wobble = interval / 50;
    let jitter = if wobble == 0 { 0 } else { mix(id.0 ^ round) % wobble };
    let slot = phase + round * interval + jitter;
    // The same round, already taken with less jitter than now: the next.
    if slot - now < interval / 4 { slot + interval } else { slot }
}

/// The longest from one turn to the next, in seconds: what [`next_slot`] can give.
pub(crate) fn longest(interval: i64) -> i64 {
    interval + interval / 4 + interval / 50 + 1
}

/// How long to wait after so many tries, in seconds: 30, 60, 120 … at most the interval, with up to a
/// tenth of jitter.
pub fn backoff(id: TargetId, tries: u32, interval: i64) -> i64 {
    let wait = FIRST_RETRY.saturating_mul(1 << (tries.saturating_sub(1)).min(20));
    let wait = wait.min(interval.max(1));
    (wait - mix(id.0 ^ i64::from(tries)) % (wait / 10 + 1)).max(1)
}

/// When a target whose turn has passed, or never came, is first asked: spread over its interval, or over
/// less where there are so few targets that fifty a second are done sooner.
pub fn first_slot(id: TargetId, interval: i64, targets: usize, now: i64) -> i64 {
    let window = i64::try_from(targets / 50).unwrap_or(i64::MAX).clamp(1, interval.max(1));
    now + mix(id.0) % window
}

/// A turn that is late by more than this, in seconds, is spread again when the monitor starts.
const LATE: i64 = 60;

/// When a target has its turn after a start: as planned; or spread anew where that has passed, lies
/// further ahead than the interval allows, or was never planned.
pub fn respread(
    id: TargetId,
    interval: i64,
    targets: usize,
    planned: Option<i64>,
    now: i64,
) -> i64 {
    match planned {
        Some(at) if at >= now - LATE && at <= now + 2 * interval => at,
        _ => first_slot(id, interval, targets, now),
    }
}

/// A number from 0 that looks random and is always the same (SplitMix64's finaliser).
pub(crate) fn mix(seed: i64) -> i64 {
    let mut z = seed.cast_unsigned().wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 1).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_spread_evenly_and_keep_their_place() {
        let interval = 3_600;
        let mut buckets = [0_u32; 60];
        for n in 0..60_000 {
            let id = TargetId(mix(n));
            let slot = next_slot(id, interval, 1_000_000);
            assert!(
                slot > 1_000_000 && slot <= 1_000_000 + interval + interval / 4 + interval / 50
            );
            buckets[usize::try_from((slot % interval) / 60).expect("small")] += 1;
        }
        assert!(buckets.iter().all(|&count| (700..1_300).contains(&count)), "{buckets:?}");
    }

    #[test]
    fn rounds_follow_each_other_at_the_interval() {
        let id = TargetId(77);
        let mut now = 5_000;
        for _ in 0..1_000 {
            let next = next_slot(id, 600, now);
            assert!(
                (600 - 12..=600 + 12).contains(&(next - now)) || now == 5_000,
                "{}",
                next - now
            );
            now = next;
        }
    }

    #[test]
    fn waits_double_up_to_the_interval() {
        let waits: Vec<i64> = (1..=6).map(|n| backoff(TargetId(1), n, 300)).collect();
        assert!(waits.windows(2).all(|pair| pair[1] > pair[0] || pair[1] >= 270), "{waits:?}");
        assert!(waits.iter().all(|&wait| (27..=300).contains(&wait)), "{waits:?}");
    }
}
