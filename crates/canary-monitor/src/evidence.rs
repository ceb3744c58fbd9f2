//! How much evidence one target may add: a canary whose bodies differ each time fills no disk.

use std::collections::HashSet;

use canary_format::digest::Digest;
use canary_verifier::report::Severity;

use crate::axes::{Patience, patience};
use crate::memory::Memory;
use crate::observe::Body;
use crate::step::{Event, EventKind};

const DAY: i64 = 86_400;
/// Follows a target's URL where what was received is named: the list of its leaves' digests, 32 bytes each,
/// is kept as a body so.
pub const LEAF_LIST: &str = "#leaves";

/// What one target added today.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Allowance {
    /// The day, counted from 1970-01-01 in UTC.
    pub day: i64,
    /// Bytes added on it.
    pub bytes: u64,
    /// Bodies left out on it.
    pub left_out: u64,
}

impl Allowance {
    fn on(self, now: i64) -> Self {
        let day = now.div_euclid(DAY);
        if self.day == day { self } else { Self { day, ..Self::default() } }
    }
}

/// The bodies that are kept, out of those received. `known` are digests that the store has already: they
/// cost nothing. Where one is left out that the checker's new state would rest on, its old state stays,
/// so that what was seen before is never lost: the next look compares with that.
pub fn admit(
    before: &Memory,
    memory: &mut Memory,
    bodies: Vec<Body>,
    known: &HashSet<[u8; 32]>,
    (cap, now): (u64, i64),
) -> (Vec<Body>, Vec<Event>) {
    let mut today = memory.evidence.on(now);
    let left_out_before = today.left_out;
    let mut kept = Vec::new();
    let mut left_out = Vec::new();
    let listed: HashSet<[u8; 32]> = (bodies.iter().filter(|body| body.url.ends_with(LEAF_LIST)))
        .flat_map(|body| body.bytes.as_chunks::<32>().0.iter().copied())
        .collect();
    for body in bodies {
        let (digest, size) = (body.digest(), body.bytes.len() as u64);
        if known.contains(&digest.0) {
            kept.push(body);
        } else if today.bytes.saturating_add(size) <= cap {
            today.bytes += size;
            kept.push(body);
        } else {
            today.left_out += 1;
            left_out.push(digest);
        }
    }
    let rests_on = |digest: &Digest| {
        listed.contains(&digest.0) || memory.checker.contains(digest.to_string().as_str())
    };
    if left_out.iter().any(rests_on) {
        memory.checker.clone_from(&before.checker);
    }
    let first = left_out_before == 0 && today.left_out > 0;
    let events = first
        .then(|| Event { at: now, kind: EventKind::EvidenceCap, detail: String::new() })
        .into_iter()
        .collect();
    memory.evidence = today;
    (kept, events)
}

/// Up to when what was first seen of a target is kept, however old it is: while an episode about what was
/// served is open, both sides of it are evidence. What the day's limit left out then may have been kept a day
/// later; what comes after that makes a canary whose bodies differ each time no larger.
pub(crate) fn held_until(memory: &Memory) -> Option<i64> {
    let open = memory.episodes.iter().filter(|episode| {
        episode.severity == Severity::Alarm && patience(episode.key.code) != Patience::Deadline
    });
    open.map(|episode| episode.opened_at.saturating_add(DAY)).max()
}

/// Whether it may be that not all of these are kept: only then the store is asked which it has.
pub fn may_exceed(memory: &Memory, bodies: &[Body], cap: u64, now: i64) -> bool {
    let size: u64 = bodies.iter().map(|body| body.bytes.len() as u64).sum();
    memory.evidence.on(now).bytes.saturating_add(size) > cap
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(fill: u8, size: usize) -> Body {
        Body { url: "https://a.example/checkpoint".to_owned(), bytes: vec![fill; size] }
    }

    fn round(memory: &mut Memory, bodies: Vec<Body>, now: i64) -> (usize, usize) {
        let before = memory.clone();
        let (kept, events) = admit(&before, memory, bodies, &HashSet::new(), (100, now));
        (kept.len(), events.len())
    }

    #[test]
    fn a_day_has_its_limit_and_the_next_day_begins_anew() {
        let mut memory = Memory::default();
        assert_eq!(round(&mut memory, vec![body(1, 60)], 10), (1, 0));
        assert_eq!(round(&mut memory, vec![body(2, 60), body(3, 30)], 20), (1, 1), "told once");
        assert_eq!(round(&mut memory, vec![body(4, 60)], 30), (0, 0));
        assert_eq!((memory.evidence.bytes, memory.evidence.left_out), (90, 2));
        assert_eq!(round(&mut memory, vec![body(4, 60)], DAY), (1, 0));
        assert_eq!((memory.evidence.bytes, memory.evidence.left_out), (60, 0));
    }

    #[test]
    fn what_is_kept_already_costs_nothing() {
        let mut memory =
            Memory { evidence: Allowance { day: 0, bytes: 100, left_out: 0 }, ..Memory::default() };
        let known = HashSet::from([body(1, 60).digest().0]);
        let (kept, _) = admit(&Memory::default(), &mut memory, vec![body(1, 60)], &known, (100, 1));
        assert_eq!((kept.len(), memory.evidence.bytes), (1, 100));
        assert!(may_exceed(&memory, &kept, 100, 1) && !may_exceed(&memory, &kept, 100, DAY));
    }

    #[test]
    fn a_state_that_rests_on_what_is_left_out_is_not_taken_over() {
        let before = Memory { checker: "old".to_owned(), ..Memory::default() };
        let (small, large) = (body(1, 10), body(2, 200));
        for (rests_on, stays) in [(&small, false), (&large, true)] {
            let checker = format!("{{\"leaves\":\"{}\"}}", rests_on.digest());
            let mut memory = Memory { checker, ..before.clone() };
            let bodies = vec![small.clone(), large.clone()];
            admit(&before, &mut memory, bodies, &HashSet::new(), (100, 1));
            assert_eq!(memory.checker == "old", stays);
        }
    }

    #[test]
    fn a_state_rests_on_the_leaves_of_its_list_too() {
        let before = Memory { checker: "old".to_owned(), ..Memory::default() };
        let leaf = body(2, 200);
        let url = format!("https://a.example/{LEAF_LIST}");
        let list = Body { url, bytes: leaf.digest().0.to_vec() };
        let checker = format!("{{\"leaves\":\"{}\"}}", list.digest());
        let mut memory = Memory { checker, ..before.clone() };
        admit(&before, &mut memory, vec![leaf, list], &HashSet::new(), (100, 1));
        assert_eq!(memory.checker, "old");
    }
}
