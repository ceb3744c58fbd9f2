use super::*;

#[test]
fn a_clock_that_jumps_is_no_time_in_which_nobody_looked_until_it_is_believed() {
    let (policy, id, network) = (Policy::default(), TargetId(7), Network::Up);
    let look = |memory: &Memory, clock: Clock, now: i64| {
        let vantage = Vantage { network, clock };
        let scene = Scene { id, policy: &policy, vantage, held: &|_| false, now };
        let done = step(scene, memory, Some(&Observation::new(now, Outcome::Unchanged)));
        let gaps = done.events.into_iter().filter(|event| event.kind == EventKind::WatchGap);
        (done.memory, gaps.map(|gap| (gap.at, gap.detail)).collect::<Vec<_>>())
    };
    let (start, jump) = (1_700_000_000, 40 * 86_400);
    let (first, _) = look(&Memory::default(), Clock::Sure, start);
    let gap = vec![(start, (jump + 3_600).to_string())];
    assert_eq!(look(&first, Clock::Sure, start + jump + 3_600).1, gap);

    let (doubted, gaps) = look(&first, Clock::Doubtful, start + jump + 3_600);
    assert_eq!(gaps, []);
    let (doubted, gaps) = look(&doubted, Clock::Doubtful, start + jump + 7_200);
    assert_eq!(gaps, []);
    let (believed, gaps) = look(&doubted, Clock::Sure, start + jump + 10_800);
    assert_eq!((gaps, believed.gap), (gap, None), "up to the first look after it");
    let (back, gaps) = look(&doubted, Clock::Sure, start + 10_800);
    assert_eq!((gaps, back.gap), (vec![], None), "it was looked at all the while");
    assert_eq!(back.looked_at, Some(start + 10_800));
}

fn gone() -> Observation {
    let said = Said { standing: Standing::Missing, ..Said::default() };
    Observation::new(0, Outcome::Said(Box::new(said)))
}

#[test]
fn where_too_few_others_are_heard_a_canary_that_is_gone_is_told_after_an_interval() {
    let policy = Policy::default();
    let told = |network: Network| {
        let (mut memory, start) = (Memory::default(), 1_700_000_000);
        let mut now = start;
        while now < start + 20 * policy.interval {
            let vantage = Vantage { network, clock: Clock::Sure };
            let scene = Scene { id: TargetId(7), policy: &policy, vantage, held: &|_| false, now };
            let seen = wants_check(&policy, &memory, now).then(gone);
            let done = step(scene, &memory, seen.as_ref());
            if done.changes.iter().any(|change| change.code == Code::Missing) {
                return Some(now - start);
            }
            (memory, now) = (done.memory, done.wake);
        }
        None
    };
    let (up, undecided) = (told(Network::Up).unwrap(), told(Network::Undecided).unwrap());
    assert!(up < policy.interval && undecided <= 2 * policy.interval, "{up}, {undecided}");
    assert_eq!(told(Network::Down), None);
}

#[test]
fn a_shorter_interval_holds_at_once() {
    let week = Policy { interval: 7 * 86_400, ..Policy::default() };
    let now = 1_700_000_000;
    let vantage = Vantage { network: Network::Up, clock: Clock::Sure };
    let at = |policy, now| Scene { id: TargetId(7), policy, vantage, held: &|_| false, now };
    let seen = Observation::new(now, Outcome::Unchanged);
    let planned = step(at(&week, now), &Memory::default(), Some(&seen)).memory;
    let minute = Policy { interval: 60, ..Policy::default() };
    assert!(!wants_check(&week, &planned, now + 120));
    assert!(wants_check(&minute, &planned, now + 120));
    assert!(step(at(&minute, now + 5), &planned, None).wake < now + 120);
}

#[test]
fn what_a_silence_held_back_is_told_when_it_ends() {
    let policy =
        Policy { interval: 86_400, confirm_checks: 1, missing_after: 0, ..Policy::default() };
    let now = 1_700_000_000;
    let vantage = Vantage { network: Network::Up, clock: Clock::Sure };
    let held = |_: Code| true;
    let scene = Scene { id: TargetId(7), policy: &policy, vantage, held: &held, now };
    let silenced = step(scene, &Memory::default(), Some(&gone()));
    assert_eq!(silenced.changes, []);
    assert!(silenced.wake <= now + 60, "{}", silenced.wake - now);
    let over = Scene { held: &|_| false, now: now + 60, ..scene };
    assert_eq!(step(over, &silenced.memory, None).changes[0].code, Code::Missing);
}

#[test]
fn a_first_look_under_a_clock_that_was_ahead_was_by_now() {
    let (policy, now) = (Policy::default(), 1_700_000_000);
    let scene = |now| Scene {
        id: TargetId(7),
        policy: &policy,
        vantage: Vantage::GOOD,
        held: &|_| false,
        now,
    };
    let seen = Observation::new(now, Outcome::Unchanged);
    let ahead = step(scene(now + 5_000), &Memory::default(), Some(&seen)).memory;
    let after = step(scene(now), &ahead, Some(&seen)).memory;
    assert_eq!((after.first_look, after.looked_at), (Some(now), Some(now)));
}
