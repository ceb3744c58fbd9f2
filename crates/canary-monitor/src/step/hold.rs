//! A host that asks to be left alone is; but for the looks without which something would be told wrongly or
//! late.

use canary_verifier::report::Code;

use super::{longest_wait, ripening};
use crate::axes;
use crate::memory::Memory;
use crate::observe::{Observation, Outcome};
use crate::policy::Policy;

/// The longest that a host is left alone because it asks for it.
const MAX_HOLD: i64 = 86_400;

/// Until when an answer asks to be left alone. One that was complete does not: a host that serves its canary
/// could otherwise put off that anybody looks at it.
pub(super) fn until(seen: &Observation, now: i64) -> Option<i64> {
    let wait = seen.retry_after.filter(|_| matches!(seen.outcome, Outcome::Unreachable(_)))?;
    Some(now + wait.clamp(0, MAX_HOLD))
}

/// Whether the host is left alone now.
pub(super) fn is_held(memory: &Memory, now: i64) -> bool {
    memory.hold_until.is_some_and(|until| now < until && until - now <= MAX_HOLD)
}

/// When the host was not to be left alone any more; long ago where it did not ask for that.
pub(super) fn ended(memory: &Memory, now: i64) -> i64 {
    memory.hold_until.map_or(i64::MIN, |until| until.min(now))
}

/// Whether the host asks to be left alone for longer than waiting for its next answer may take: then what it
/// was asked until now stands for the looks that it does not want.
pub(super) fn puts_off(memory: &Memory, policy: &Policy, now: i64) -> bool {
    is_held(memory, now)
        && memory.hold_until.is_some_and(|until| until - now > longest_wait(memory, policy))
}

/// When it is asked all the same: as something is to be told then that an answer would change.
pub(super) fn looks(memory: &Memory, policy: &Policy, now: i64) -> [Option<i64>; 3] {
    let date = memory.said.as_ref().and_then(|said| axes::last_deadline(said, now));
    let unread = date.filter(|&date| memory.read_at.is_none_or(|read| read <= date));
    let told = memory.episodes.iter().any(|episode| episode.key.code == Code::Unreachable);
    let away = memory.doubts.iter().find(|doubt| doubt.key.code == Code::Unreachable && !told);
    let patience = policy.unreachable_after.max(longest_wait(memory, policy));
    [
        date.map(|date| date + 1),
        unread.and_then(|_| ripening(memory, policy, now)).filter(|_| is_held(memory, now)),
        away.map(|doubt| doubt.since + patience).filter(|_| is_held(memory, now)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::{Dates, Said, Standing};
    use crate::step::{EventKind, Scene, step, wants_check};
    use crate::target::TargetId;
    use crate::vantage::Vantage;

    const DAY: i64 = 86_400;
    const START: i64 = 1_700_000_000;
    const DUE: i64 = START + 10 * DAY;

    fn issue(number: u64, next_due: i64) -> Outcome {
        let expires = next_due + 7 * DAY;
        let dates = Dates { number, digest: String::new(), as_of: START, next_due, expires };
        Outcome::Said(Box::new(Said {
            standing: Standing::Authentic,
            issue: Some(dates),
            ..Said::default()
        }))
    }

    fn busy() -> Outcome {
        Outcome::Unreachable("answered with status 503".to_owned())
    }

    #[derive(Default)]
    struct Watched {
        asked: Vec<i64>,
        told: Vec<(i64, Code)>,
        gaps: usize,
    }

    /// Follows a host, which answers with an outcome and asks to be left alone for so long, from one instant to
    /// another.
    fn watch(from: i64, to: i64, mut host: impl FnMut(i64) -> (Outcome, Option<i64>)) -> Watched {
        let policy = Policy::default();
        let (mut memory, mut now, mut watched) = (Memory::default(), from, Watched::default());
        while now < to {
            let seen = wants_check(&policy, &memory, now).then(|| {
                watched.asked.push(now);
                let (outcome, retry_after) = host(now);
                Observation { retry_after, ..Observation::new(now, outcome) }
            });
            let (id, vantage) = (TargetId(7), Vantage::GOOD);
            let scene = Scene { id, policy: &policy, vantage, held: &|_| false, now };
            let done = step(scene, &memory, seen.as_ref());
            watched.told.extend(done.changes.iter().map(|change| (now, change.code)));
            let gaps = done.events.iter().filter(|event| event.kind == EventKind::WatchGap);
            watched.gaps += gaps.count();
            (memory, now) = (done.memory, done.wake);
        }
        watched
    }

    #[test]
    fn a_complete_answer_does_not_ask_to_be_left_alone() {
        let published = DUE - 2_760;
        let seen = watch(DUE - 2 * DAY, DUE + DAY, |now| match now >= published {
            true => (issue(2, DUE + 30 * DAY), Some(DAY)),
            false => (issue(1, DUE), Some(DAY)),
        });
        assert_eq!((seen.told, seen.gaps), (vec![], 0));
        assert!(seen.asked.len() > 60, "every hour: {}", seen.asked.len());
    }

    #[test]
    fn a_date_that_passes_is_looked_at_although_the_host_asked_to_be_left_alone() {
        // It is busy for a moment, and asks for a day in which the next issue is published.
        let seen = watch(DUE - DAY, DUE + DAY, |now| match now {
            _ if now < DUE - 14_000 => (issue(1, DUE), None),
            _ if now < DUE - 11_000 => (busy(), Some(DAY)),
            _ => (issue(2, DUE + 30 * DAY), None),
        });
        assert_eq!((seen.told, seen.gaps), (vec![], 0), "{:?}", seen.asked);
        // Once more when that would be told, where it is busy at the date.
        let seen = watch(DUE - DAY, DUE + DAY, |now| match now {
            _ if now < DUE - 1_000 => (issue(1, DUE), None),
            _ if now < DUE + 1_000 => (busy(), Some(DAY)),
            _ => (issue(2, DUE + 30 * DAY), None),
        });
        assert_eq!((seen.told, seen.gaps), (vec![], 0), "{:?}", seen.asked);
    }

    #[test]
    fn a_host_that_asks_to_be_left_alone_is_told_to_be_out_of_reach_in_time() {
        for wait in [5, 700, 1_800, 3_000, 7_200, DAY, 40 * DAY] {
            let mut failing = None;
            let seen = watch(START, START + 3 * DAY, |now| match now < START + 7_000 {
                true => (issue(1, DUE), None),
                false => {
                    failing.get_or_insert(now);
                    (busy(), Some(wait))
                }
            });
            let since = failing.expect("it was asked");
            let after = seen.told.iter().map(|(at, code)| (at - since, *code)).next();
            let (after, code) = after.expect("it is told");
            assert_eq!(code, Code::Unreachable);
            assert!((3_600..=4_200).contains(&after), "{wait}: after {after} s");
            assert_eq!(seen.gaps, 0, "{wait}: it is watched, and left alone as it asks");
            let asked = seen.asked.iter().filter(|at| **at > since + 3_600).count();
            assert!(wait < DAY || asked <= 4, "{wait}: asked {asked} times in three days");
        }
    }

    #[test]
    fn a_time_in_which_nobody_looked_begins_when_the_host_was_not_to_be_left_alone_any_more() {
        let (policy, id, vantage) = (Policy::default(), TargetId(7), Vantage::GOOD);
        let gaps = |wait: Option<i64>| {
            let scene = |now| Scene { id, policy: &policy, vantage, held: &|_| false, now };
            let seen = |at| Observation { retry_after: wait, ..Observation::new(at, busy()) };
            let first = step(scene(START), &Memory::default(), Some(&seen(START)));
            let later = START + 3 * DAY;
            let events = step(scene(later), &first.memory, Some(&seen(later))).events;
            let gaps = events.into_iter().filter(|event| event.kind == EventKind::WatchGap);
            gaps.map(|gap| (gap.at - START, gap.detail)).collect::<Vec<_>>()
        };
        assert_eq!(gaps(None), [(0, (3 * DAY).to_string())]);
        assert_eq!(gaps(Some(DAY)), [(DAY, (2 * DAY).to_string())]);
    }

    #[test]
    fn a_host_that_comes_back_within_its_patience_is_not_told_of() {
        let seen = watch(START, START + DAY, |now| match now - START {
            7_000..10_000 => (busy(), Some(DAY)),
            _ => (issue(1, DUE), None),
        });
        assert_eq!((seen.told, seen.gaps), (vec![], 0), "{:?}", seen.asked);
    }
}
