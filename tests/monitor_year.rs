//! A year in the life of a fleet, on a fake clock: every silence that is put in is alerted within one
//! interval, and nothing else is, through outages, flaps, restarts and clock jumps.
//!
//! Nothing here sleeps or fetches: time is the head of the queue, and the checker is a function of the
//! world below and the true time.

use std::collections::{BTreeMap, HashMap};

use canary_monitor::axes;
use canary_monitor::episode::{Change, Turn};
use canary_monitor::memory::Memory;
use canary_monitor::observe::{Dates, Observation, Outcome, Said, Standing};
use canary_monitor::own;
use canary_monitor::policy::Policy;
use canary_monitor::schedule::{queue::Queue, respread};
use canary_monitor::step::{Scene, step, wants_check};
use canary_monitor::target::TargetId;
use canary_monitor::vantage::{DOUBT_PATIENCE, Network, Sampler, Vantage, answered};
use canary_verifier::report::Code;

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
const START: i64 = 1_700_000_000;
const YEAR: i64 = 365 * DAY;
const INTERVAL: i64 = 24 * HOUR;
const CADENCE: i64 = 30 * DAY;
const GRACE: i64 = 7 * DAY;

/// SplitMix64: the same year on every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: i64) -> i64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        i64::try_from((z ^ (z >> 31)) >> 1).expect("63 bits") % below
    }
}

/// One publisher and its host.
struct Site {
    /// When each issue was published; number = index + 1.
    published: Vec<i64>,
    /// No issue after this one's time: silence.
    silent: bool,
    /// Spans in which something is wrong with its host, hours apart.
    troubles: Vec<(i64, i64, Trouble)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Trouble {
    /// It does not answer.
    Down,
    /// It answers every other minute.
    Flaps,
    /// It answers 404.
    Missing,
}

impl Site {
    fn trouble(&self, at: i64) -> Option<Trouble> {
        let (from, _, trouble) =
            *self.troubles.iter().find(|(from, to, _)| (*from..*to).contains(&at))?;
        (trouble != Trouble::Flaps || (at - from) / 60 % 2 == 0).then_some(trouble)
    }
}

/// Each shorter than the patience for it, so that none is ever to be told; two hours apart, so that two
/// are not one that is longer.
fn troubles(dice: &mut Dice) -> Vec<(i64, i64, Trouble)> {
    let mut all: Vec<(i64, i64, Trouble)> = (0..dice.roll(10))
        .map(|_| {
            let from = START + dice.roll(YEAR);
            let (longest, trouble) = match dice.roll(5) {
                0 | 1 => (8 * 60, Trouble::Missing),
                2 => (HOUR - 360, Trouble::Flaps),
                _ => (HOUR - 360, Trouble::Down),
            };
            (from, from + 60 + dice.roll(longest), trouble)
        })
        .collect();
    all.sort_by_key(|(from, ..)| *from);
    let mut free = 0;
    all.retain(|&(from, to, _)| {
        let apart = from >= free;
        if apart {
            free = to + 2 * HOUR;
        }
        apart
    });
    all
}

/// The whole world.
struct World {
    sites: Vec<Site>,
    /// The monitor's own network is down.
    own_outages: Vec<(i64, i64)>,
    /// The monitor does not run.
    stopped: Vec<(i64, i64)>,
    /// The monitor's clock is off by so much.
    skews: Vec<(i64, i64, i64)>,
}

fn within(spans: &[(i64, i64)], at: i64) -> bool {
    spans.iter().any(|&(from, to)| (from..to).contains(&at))
}

impl World {
    fn new(count: usize) -> Self {
        let mut dice = Dice(7);
        let mut sites = Vec::new();
        for n in 0..count {
            let silent_from = match n % 20 {
                0 | 1 => START + 40 * DAY + dice.roll(250 * DAY),
                _ => i64::MAX,
            };
            let mut at = START - dice.roll(CADENCE);
            let mut published = Vec::new();
            while at < START + YEAR && (at < silent_from || published.is_empty()) {
                published.push(at);
                // In time, sometimes to the minute.
                at += CADENCE - 60 - dice.roll(3 * DAY) * dice.roll(2);
            }
            let silent = at < START + YEAR;
            sites.push(Site { published, silent, troubles: troubles(&mut dice) });
        }
        let month = |n: i64| START + n * 30 * DAY;
        Self {
            sites,
            own_outages: vec![(month(2), month(2) + 9 * HOUR), (month(5), month(5) + 40 * HOUR)],
            stopped: vec![(month(3), month(3) + 30 * HOUR), (month(7), month(7) + 9 * DAY)],
            skews: vec![
                (month(9), month(9) + 5 * HOUR, 400 * DAY),
                (month(10), month(10) + 3 * HOUR, -50 * DAY),
            ],
        }
    }

    /// What the monitor's clock shows at a true instant.
    fn shown(&self, truth: i64) -> i64 {
        let skew = self.skews.iter().find(|(from, to, _)| (*from..*to).contains(&truth));
        truth + skew.map_or(0, |&(_, _, by)| by)
    }

    fn ask(&self, site: &Site, truth: i64) -> Outcome {
        match site.trouble(truth) {
            Some(Trouble::Missing) if !within(&self.own_outages, truth) => {
                return Outcome::Said(Box::new(Said {
                    standing: Standing::Missing,
                    ..Said::default()
                }));
            }
            None if !within(&self.own_outages, truth) => {}
            _ => return Outcome::Unreachable("no connection in time".to_owned()),
        }
        let number = site.published.partition_point(|&at| at <= truth);
        let as_of = site.published[number.max(1) - 1];
        Outcome::Said(Box::new(Said {
            standing: Standing::Authentic,
            issue: Some(Dates {
                number: number as u64,
                digest: String::new(),
                as_of,
                next_due: as_of + CADENCE,
                expires: as_of + CADENCE + GRACE,
            }),
            ..Said::default()
        }))
    }
}

struct Told {
    truth: i64,
    site: usize,
    change: Change,
}

/// Runs the year; gives what was told of the targets and of the monitor.
fn live(world: &World) -> (Vec<Told>, Vec<(i64, Change)>, u64) {
    let policy = Policy { interval: INTERVAL, ..Policy::default() };
    let mut memories = vec![Memory::default(); world.sites.len()];
    let ids: HashMap<TargetId, usize> = (0..world.sites.len())
        .map(|n| (TargetId::of(&format!("https://c{n}.example/")), n))
        .collect();
    let count = world.sites.len();
    let mut sampler = Sampler::new(count);
    let mut due: HashMap<TargetId, i64> = HashMap::new();
    let enroll = |due: &HashMap<TargetId, i64>, shown: i64| {
        Queue::fill(
            ids.keys().map(|&id| (id, respread(id, INTERVAL, count, due.get(&id).copied(), shown))),
        )
    };
    let mut queue = enroll(&due, START);
    let (mut told, mut own_told, mut checks) = (Vec::new(), Vec::new(), 0);
    let (own_id, mut own_memory) = (own::own_id("test"), Memory::default());
    let mut truth = START;
    let mut skew = 0;
    let mut own_turn = START;
    while truth < START + YEAR {
        if let Some(&(_, to)) =
            world.stopped.iter().find(|(from, to)| (*from..*to).contains(&truth))
        {
            truth = to;
            // A restart: what is in memory is gone, what is stored stays.
            sampler = Sampler::new(count);
            queue = enroll(&due, world.shown(truth));
        }
        let shown = world.shown(truth);
        if shown - truth != skew {
            sampler.jumped(shown, shown - truth - skew);
            skew = shown - truth;
            queue = enroll(&due, shown);
            own_turn = truth;
        }
        if truth >= own_turn {
            let (memory, changes) = own::step(own_id, &own_memory, sampler.own(shown), None, shown);
            own_memory = memory;
            own_told.extend(changes.into_iter().map(|change| (truth, change)));
            own_turn = truth + 300;
        }
        while let Some((id, _)) = queue.pop_due(shown) {
            let site = ids[&id];
            let memory = &memories[site];
            let host = id.0.unsigned_abs();
            let observation = wants_check(&policy, memory, shown).then(|| {
                checks += 1;
                let mut seen = Observation::new(shown, world.ask(&world.sites[site], truth));
                if !matches!(seen.outcome, Outcome::Unreachable(_)) {
                    seen.host_clock = Some(truth);
                }
                seen
            });
            let known = memory.episodes.iter().any(|e| e.key.code == Code::Unreachable);
            if let Some(seen) = &observation {
                let answered = answered(&seen.outcome);
                if answered || !known {
                    sampler.record(host, shown, answered, seen.host_clock);
                }
            }
            let vantage = sampler.vantage(host, &policy, memory, observation.as_ref(), shown);
            let scene = Scene { id, policy: &policy, vantage, held: &|_| false, now: shown };
            let done = step(scene, memory, observation.as_ref());
            told.extend(done.changes.into_iter().map(|change| Told { truth, site, change }));
            memories[site] = done.memory;
            due.insert(id, done.wake);
            queue.push(id, done.wake);
        }
        // To the next event: a turn, the monitor's own, or a change of the world.
        let next = queue.next_due().map_or(own_turn, |at| at - skew).min(own_turn).max(truth + 1);
        truth = next;
    }
    (told, own_told, checks)
}

fn last_dates(site: &Site) -> (i64, i64) {
    let last = *site.published.last().expect("there is a first issue");
    (last + CADENCE, last + CADENCE + GRACE)
}

/// Ten thousand where the code is optimised; a few hundred in a debug build.
fn targets() -> usize {
    let asked = std::env::var("CANARY_YEAR_TARGETS").ok().and_then(|n| n.parse().ok());
    asked.unwrap_or(if cfg!(debug_assertions) { 300 } else { 10_000 })
}

#[test]
fn no_silence_is_missed_and_nothing_else_is_told() {
    let world = World::new(targets());
    let begun = std::time::Instant::now();
    let (told, own_told, checks) = live(&world);
    let mut alarms: BTreeMap<(usize, String), Vec<i64>> = BTreeMap::new();
    let (mut false_alarms, mut followed) = (Vec::new(), Vec::new());
    for Told { truth, site, change } in &told {
        if change.turn == Turn::Reminder {
            continue;
        }
        let (due, expires) = last_dates(&world.sites[*site]);
        let deserved = world.sites[*site].silent
            && match change.code {
                Code::Overdue => *truth > due,
                Code::Lapsed => *truth > expires,
                _ => false,
            };
        if deserved && change.turn == Turn::Opened {
            alarms.entry((*site, change.code.to_string())).or_default().push(*truth);
        } else if deserved && (change.turn, change.code) == (Turn::Resolved, Code::Overdue) {
            followed.push((*site, *truth));
        } else {
            false_alarms.push((*truth - START, *site, change.turn, change.code.to_string()));
        }
    }
    assert_eq!(false_alarms, [], "of {} notices", told.len());
    // OVERDUE ends for those who were told of it when LAPSED is told, and never else.
    for (site, at) in followed {
        assert_eq!(alarms[&(site, "LAPSED".to_owned())], [at]);
    }
    let blind: Vec<(i64, i64)> = world
        .own_outages
        .iter()
        .chain(&world.stopped)
        .copied()
        .chain(world.skews.iter().map(|&(from, to, _)| (from, to)))
        .collect();
    let mut silences = 0;
    let mut slowest = 0;
    for (n, site) in world.sites.iter().enumerate().filter(|(_, site)| site.silent) {
        let (due, expires) = last_dates(site);
        for (code, date) in [("OVERDUE", due), ("LAPSED", expires)] {
            // While the monitor is off, blind or without a clock, the interval counts from its end.
            let from =
                blind.iter().find(|span| within(&[**span], date)).map_or(date, |span| span.1);
            if from + INTERVAL >= START + YEAR {
                continue;
            }
            silences += 1;
            let at = alarms.get(&(n, code.to_owned())).cloned().unwrap_or_default();
            // Where the monitor was off at the date and the next one has passed too, only that is told.
            let skipped = code == "OVERDUE" && expires <= from + INTERVAL;
            assert!(
                at.len() == 1 || (skipped && at.is_empty()),
                "{n} {code} {at:?} {}",
                date - START
            );
            let late = at.first().map_or(0, |at| at - from);
            slowest = slowest.max(late);
            assert!(late <= INTERVAL, "{n} {code}: {late} s late, at {}", date - START);
        }
    }
    let own: Vec<(i64, Turn, &str)> =
        own_told.iter().map(|(at, c)| ((at - START) / DAY, c.turn, c.about.as_str())).collect();
    let opened = own.iter().filter(|(_, turn, _)| *turn == Turn::Opened).count();
    println!(
        "{checks} checks, {silences} silences, slowest {slowest} s, {own:?}, {:?}",
        begun.elapsed()
    );
    assert!(silences > world.sites.len() / 10, "{silences}");
    // One for each outage of its own network, one for each jump of its clock.
    assert!((2..=6).contains(&opened), "{own:?}");
}

#[test]
fn vantage_down_is_not_the_targets_fault() {
    let mut sampler = Sampler::new(100);
    for host in 0..50 {
        sampler.record(host, START, host % 10 == 0, None);
    }
    assert_eq!(sampler.network(3, START - 60), Network::Down);
    assert!(axes::needs_clock(Code::Lapsed));
}

/// What is told when a host answers so at these seconds after the date on which an issue is due.
fn told_around_a_date(looks: &[(i64, Outcome)]) -> Vec<(i64, String)> {
    let policy = Policy { interval: INTERVAL, ..Policy::default() };
    let due = START + CADENCE;
    let id = TargetId::of("https://c.example/");
    let mut memory = Memory::default();
    let mut told = Vec::new();
    for (after, outcome) in looks {
        let now = due + after;
        let seen = Observation::new(now, outcome.clone());
        let vantage = Vantage::GOOD;
        let scene = Scene { id, policy: &policy, vantage, held: &|_| false, now };
        let done = step(scene, &memory, Some(&seen));
        told.extend(done.changes.into_iter().map(|change| (*after, change.code.to_string())));
        memory = done.memory;
    }
    told
}

#[test]
fn an_answer_that_is_no_canary_does_not_make_an_issue_late_and_does_not_hide_it_for_long() {
    let issue = |number: u64, as_of: i64| {
        let expires = as_of + CADENCE + GRACE;
        let dates =
            Dates { number, digest: String::new(), as_of, next_due: as_of + CADENCE, expires };
        Outcome::Said(Box::new(Said {
            standing: Standing::Authentic,
            issue: Some(dates),
            ..Said::default()
        }))
    };
    let missing =
        || Outcome::Said(Box::new(Said { standing: Standing::Missing, ..Said::default() }));
    let old = issue(1, START);
    let new = issue(2, START + CADENCE - 60);
    let passing = [(-HOUR, old.clone()), (20, missing()), (50, missing()), (300, new)];
    assert_eq!(told_around_a_date(&passing), []);
    let gone: Vec<_> = [(-HOUR, old.clone())]
        .into_iter()
        .chain([20, 50, 200, 700, 1_900, 3_800].map(|after| (after, missing())))
        .collect();
    let codes = told_around_a_date(&gone);
    assert_eq!(codes, [(700, "MISSING".to_owned()), (3_800, "OVERDUE".to_owned())]);
    assert_eq!(
        told_around_a_date(&[(-HOUR, old.clone()), (20, old)]),
        [(20, "OVERDUE".to_owned())]
    );
}

#[test]
fn overdue_ends_for_those_who_were_told_of_it_when_lapsed_is_told() {
    let policy = Policy { interval: INTERVAL, ..Policy::default() };
    let (due, expires) = (START + CADENCE, START + CADENCE + GRACE);
    let dates = Dates { number: 1, digest: String::new(), as_of: START, next_due: due, expires };
    let said = Said { standing: Standing::Authentic, issue: Some(dates), ..Said::default() };
    let (mut memory, mut told) = (Memory::default(), Vec::new());
    // A silence about LAPSED holds for the first two looks after the date.
    for now in [due - HOUR, due + 20, expires + 20, expires + 40, expires + 60, expires + 80] {
        let seen = Observation::new(now, Outcome::Said(Box::new(said.clone())));
        let held = |code| code == Code::Lapsed && now < expires + 60;
        let (id, vantage) = (TargetId::of("https://c.example/"), Vantage::GOOD);
        let scene = Scene { id, policy: &policy, vantage, held: &held, now };
        let done = step(scene, &memory, Some(&seen));
        told.extend(done.changes.iter().map(|change| (now, change.turn, change.code)));
        memory = done.memory;
    }
    assert_eq!(
        told,
        [
            (due + 20, Turn::Opened, Code::Overdue),
            (expires + 20, Turn::Reminder, Code::Overdue),
            (expires + 60, Turn::Opened, Code::Lapsed),
            (expires + 60, Turn::Resolved, Code::Overdue),
        ]
    );
}

/// When each of a fleet is told to be late whose hosts all tell a time an hour off, from so many seconds
/// before the date on, in seconds after it; with the message.
fn told_by_hosts_an_hour_off(hosts: u64, before: i64) -> Vec<(i64, String)> {
    let policy = Policy { interval: HOUR, ..Policy::default() };
    let due = START + CADENCE;
    let mut sampler = Sampler::new(usize::try_from(hosts).expect("a few"));
    let mut memories: Vec<Memory> = (0..hosts).map(|_| Memory::default()).collect();
    let mut told = Vec::new();
    for now in (due - DAY..due + 2 * DAY).step_by(600) {
        for (memory, host) in memories.iter_mut().zip(1..) {
            let id = TargetId::of(&format!("https://h{host}.example/"));
            let dates = Dates {
                number: 1,
                digest: String::new(),
                as_of: START,
                next_due: due,
                expires: due + GRACE,
            };
            let standing = Standing::Authentic;
            let said = Said { standing, issue: Some(dates), ..Said::default() };
            let mut seen = Observation::new(now, Outcome::Said(Box::new(said)));
            seen.host_clock = Some(if now < due - before { now } else { now - HOUR });
            sampler.record(host, now, true, seen.host_clock);
            let vantage = sampler.vantage(host, &policy, memory, Some(&seen), now);
            let scene = Scene { id, policy: &policy, vantage, held: &|_| false, now };
            let done = step(scene, memory, Some(&seen));
            told.extend(done.changes.into_iter().map(|change| (now - due, change.message)));
            *memory = done.memory;
        }
    }
    told
}

#[test]
fn no_hosts_time_keeps_a_date_from_being_told_for_long() {
    for hosts in 1..=3 {
        let told = told_by_hosts_an_hour_off(hosts, 12 * HOUR);
        assert_eq!(told.len() as u64, hosts);
        assert!(
            told.iter().all(|(late, said)| *late == 600 && !said.contains("doubt")),
            "{told:?}"
        );
    }
    // Enough others hold it back as long as the patience with them lasts; then the doubt is told too.
    for (before, late) in [(12 * HOUR, 600), (HOUR, DOUBT_PATIENCE - HOUR)] {
        let told = told_by_hosts_an_hour_off(4, before);
        assert_eq!(told.len(), 4);
        assert!(
            told.iter().all(|(at, said)| *at == late && said.contains("clock is in doubt")),
            "{told:?}"
        );
    }
}
