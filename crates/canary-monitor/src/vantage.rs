//! The monitor's own condition: its network and its clock. Where every control URL fails, or most targets do
//! together and no control URL says otherwise, it is the monitor that has trouble, and the targets' states freeze.

use std::collections::{BTreeMap, VecDeque};

use canary_verifier::report::Code;

use crate::memory::Memory;
use crate::observe::{Observation, Outcome, Standing};
use crate::policy::Policy;

/// How many other hosts must have been asked before they say anything about the network.
const QUORUM: usize = 3;
/// How far clocks may differ, in seconds: as much as `verdicts.md` allows.
const CLOCK_TOLERANCE: i64 = 600;
/// After a jump of the clock, how long to wait for a host that tells the time.
const CLOCK_PATIENCE: i64 = 900;
/// For how long doubt about the clock holds dates back: over a night.
pub const DOUBT_PATIENCE: i64 = 12 * 3_600;
/// Stands for no host: nothing is left out.
const NO_HOST: u64 = 0;
const SAMPLES: usize = 256;

/// Whether the monitor's network works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// It does.
    Up,
    /// Not enough other hosts have been asked since.
    Undecided,
    /// It does not: no target is to blame.
    Down,
}

/// Whether the monitor's clock can be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// It can.
    Sure,
    /// It jumped, or most other hosts tell another time: no date is compared with it.
    Doubtful,
    /// That has been so for [`DOUBT_PATIENCE`]: dates are compared with it all the same, and what comes of
    /// it is told with the doubt. Whoever can make hosts tell a wrong time delays, and does not silence.
    Disputed,
}

/// What a step takes into account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vantage {
    /// The network.
    pub network: Network,
    /// The clock.
    pub clock: Clock,
}

impl Vantage {
    /// Nothing is wrong.
    pub const GOOD: Self = Self { network: Network::Up, clock: Clock::Sure };
}

#[derive(Debug, Clone)]
struct Sample {
    host: u64,
    at: i64,
    answered: bool,
    offset: Option<i64>,
}

impl Sample {
    fn is_off(&self) -> bool {
        self.offset.is_some_and(|offset| offset.abs() > CLOCK_TOLERANCE)
    }
}

/// What the last checks say about the monitor itself.
#[derive(Debug, Clone, Default)]
pub struct Sampler {
    samples: VecDeque<Sample>,
    hosts: usize,
    failed: usize,
    off: usize,
    controls: Option<(i64, bool)>,
    jumped_at: Option<i64>,
    doubted_since: Option<i64>,
}

impl Sampler {
    /// For a fleet on so many distinct hosts.
    pub fn new(hosts: usize) -> Self {
        Self { hosts, ..Self::default() }
    }

    /// The fleet changed.
    pub fn resize(&mut self, hosts: usize) {
        self.hosts = hosts;
    }

    /// One check ended. Hosts whose trouble is already told are left out by the caller.
    pub fn record(&mut self, host: u64, at: i64, answered: bool, host_clock: Option<i64>) {
        self.date_doubt(at);
        if self.samples.len() == SAMPLES
            && let Some(old) = self.samples.pop_front()
        {
            self.failed -= usize::from(!old.answered);
            self.off -= usize::from(old.is_off());
        }
        let offset = host_clock.map(|theirs| theirs - at);
        let sample = Sample { host, at, answered, offset };
        self.failed += usize::from(!sample.answered);
        self.off += usize::from(sample.is_off());
        self.samples.push_back(sample);
        self.date_doubt(at);
    }

    /// The control URLs were asked: whether any answered.
    pub fn controls(&mut self, at: i64, any_answered: bool) {
        self.controls = Some((at, any_answered));
    }

    /// The wall clock moved by so many seconds against the monotonic one: what was known of it is void.
    pub fn jumped(&mut self, now: i64, by: i64) {
        self.date_doubt(now.saturating_sub(by));
        // The same instant by the clock as it is now: a jump neither ends the patience nor starts it anew.
        let since = self.doubted_since.map_or(now, |since| since.saturating_add(by));
        self.doubted_since = Some(since);
        self.jumped_at = Some(now);
        self.samples.clear();
        (self.failed, self.off) = (0, 0);
        self.controls = None;
    }

    /// What the network is like, as far as hosts other than `host` asked since `since` can tell.
    pub fn network(&self, host: u64, since: i64) -> Network {
        match self.controls {
            Some((at, false)) if at >= since - 120 => return Network::Down,
            // Hosts that fail together have trouble of their own, or share their provider's.
            Some((at, true)) if at >= since => return Network::Up,
            _ => {}
        }
        if self.hosts <= QUORUM {
            return Network::Up;
        }
        let theirs = || self.samples.iter().filter(|s| s.host != host && s.at >= since);
        if theirs().all(|sample| sample.answered) && theirs().nth(QUORUM - 1).is_some() {
            return Network::Up;
        }
        let latest = self.latest(since);
        let others: Vec<bool> =
            latest.iter().filter(|(other, _)| **other != host).map(|(_, s)| s.answered).collect();
        if others.len() < QUORUM {
            return Network::Undecided;
        }
        let failed = others.iter().filter(|answered| !**answered).count();
        if failed * 2 > others.len() { Network::Down } else { Network::Up }
    }

    /// Whether the clock agrees with those of the hosts asked, but for `host`: what a canary's own host says
    /// of the time is nothing to judge that canary's dates by. Where there are too few others, there is no
    /// doubt but that of a jump.
    pub fn clock(&self, host: u64, now: i64) -> Clock {
        if self.off == 0 && self.jumped_at.is_none() {
            return Clock::Sure;
        }
        let (agree, off) = self.told_times(host, now);
        if !self.is_doubted(agree, off, now) {
            return Clock::Sure;
        }
        match self.doubted_since {
            Some(since) if now - since >= DOUBT_PATIENCE => Clock::Disputed,
            _ => Clock::Doubtful,
        }
    }

    fn is_doubted(&self, agree: usize, off: usize, now: i64) -> bool {
        let others = self.hosts.saturating_sub(1).clamp(1, QUORUM);
        let jumped = self.jumped_at.is_some_and(|at| (now - at).abs() < CLOCK_PATIENCE);
        (off >= QUORUM && off > agree) || (jumped && agree < others)
    }

    /// How many hosts, but for `host`, told this time lately, and how many another.
    fn told_times(&self, host: u64, now: i64) -> (usize, usize) {
        let latest = self.latest(now - 86_400);
        let told = latest.values().filter(|sample| sample.host != host && sample.offset.is_some());
        let (off, agree): (Vec<&Sample>, Vec<&Sample>) = told.partition(|sample| sample.is_off());
        (agree.len(), off.len())
    }

    /// Notes since when the clock is doubted for any target, or that it is for none.
    fn date_doubt(&mut self, now: i64) {
        if self.off == 0 && self.jumped_at.is_none() {
            self.doubted_since = None;
            return;
        }
        let (agree, off) = self.told_times(NO_HOST, now);
        // For the target whose own host is left out of those that agree.
        if self.is_doubted(agree.saturating_sub(1), off, now) {
            self.doubted_since.get_or_insert(now);
        } else {
            (self.doubted_since, self.jumped_at) = (None, None);
        }
    }

    /// The network and the clock, as a step of a target that was asked, or only woke, needs them. For
    /// one that answers, and of which nothing is in doubt, the network is not in question.
    pub fn vantage(
        &self,
        host: u64,
        policy: &Policy,
        memory: &Memory,
        observation: Option<&Observation>,
        now: i64,
    ) -> Vantage {
        let fine = observation.is_some_and(|seen| answered(&seen.outcome))
            && memory.failures == 0
            && memory.doubts.is_empty();
        // A target that fails is compared with what others did since it began to; one that is frozen, with
        // what they did lately.
        let lately = now - (policy.interval / 4).max(600);
        let since = memory.failing_since.filter(|&since| since <= now).unwrap_or(lately);
        let network = if fine { Network::Up } else { self.network(host, since) };
        Vantage { network, clock: self.clock(host, now) }
    }

    /// The monitor's own condition: what hosts asked within ten minutes say.
    pub fn own(&self, now: i64) -> Vantage {
        let quiet = self.failed == 0 && self.controls.is_none() && !self.samples.is_empty();
        let network = if quiet { Network::Up } else { self.network(NO_HOST, now - 600) };
        Vantage { network, clock: self.clock(NO_HOST, now) }
    }

    fn latest(&self, since: i64) -> BTreeMap<u64, &Sample> {
        self.samples.iter().filter(|s| s.at >= since).map(|s| (s.host, s)).collect()
    }
}

/// Whether a host answered with something that could be a canary: a portal that answers for every host
/// is no network.
pub fn answered(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::NotAsked | Outcome::Unreachable(_) => false,
        Outcome::Unchanged => true,
        Outcome::Said(said) => {
            said.standing == Standing::Authentic
                || !said
                    .findings
                    .iter()
                    .any(|f| matches!(f.code, Code::Missing | Code::Malformed | Code::TooLarge))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_hosts_failing_together_is_the_monitor() {
        let mut sampler = Sampler::new(10);
        assert_eq!(sampler.network(0, 0), Network::Undecided);
        for host in 1..=3 {
            sampler.record(host, 10, false, None);
        }
        assert_eq!(sampler.network(0, 0), Network::Down);
        for host in 1..=2 {
            sampler.record(host, 20, true, None);
        }
        assert_eq!(sampler.network(0, 0), Network::Up);
        assert_eq!(sampler.network(0, 15), Network::Undecided);
    }

    #[test]
    fn a_small_fleet_relies_on_control_urls() {
        let mut sampler = Sampler::new(1);
        assert_eq!(sampler.network(0, 0), Network::Up);
        sampler.controls(50, false);
        assert_eq!(sampler.network(0, 50), Network::Down);
        sampler.controls(60, true);
        assert_eq!(sampler.network(0, 50), Network::Up);
    }

    #[test]
    fn hosts_that_fail_together_while_a_control_url_answers_have_trouble_of_their_own() {
        let mut sampler = Sampler::new(10);
        sampler.controls(5, true);
        for host in 1..=5 {
            sampler.record(host, 10, false, None);
        }
        assert_eq!(sampler.network(9, 8), Network::Down, "it was not asked since");
        sampler.controls(20, true);
        assert_eq!(sampler.network(9, 8), Network::Up);
        assert_eq!(sampler.own(30).network, Network::Up);
        sampler.controls(40, false);
        assert_eq!(sampler.network(9, 8), Network::Down);
    }

    #[test]
    fn after_a_jump_the_clock_is_doubtful_until_hosts_agree_with_it() {
        let mut sampler = Sampler::new(10);
        assert_eq!(sampler.clock(9, 0), Clock::Sure);
        sampler.jumped(1_000_000, 1_000_000);
        assert_eq!(sampler.clock(9, 1_000_000), Clock::Doubtful);
        for host in 1..=3 {
            sampler.record(host, 1_000_001, true, Some(5));
        }
        assert_eq!(sampler.clock(9, 1_000_002), Clock::Doubtful);
        sampler.jumped(20, -1_000_000);
        for host in 1..=4 {
            sampler.record(host, 21, true, Some(21));
        }
        assert_eq!(sampler.clock(9, 22), Clock::Sure);
        assert_eq!(sampler.clock(1, 22), Clock::Sure);
    }

    #[test]
    fn a_host_says_nothing_of_the_clock_that_it_is_judged_by() {
        let mut alone = Sampler::new(1);
        alone.record(1, 10_000, true, Some(0));
        assert_eq!(alone.clock(1, 10_001), Clock::Sure);
        let mut few = Sampler::new(3);
        for host in 1..=3 {
            few.record(host, 10_000, true, Some(0));
        }
        assert_eq!([1, 2, 3].map(|host| few.clock(host, 10_001)), [Clock::Sure; 3]);
        few.record(4, 10_000, true, Some(10_000));
        assert_eq!(few.clock(1, 10_001), Clock::Sure, "the two others");
        assert_eq!(few.clock(4, 10_001), Clock::Doubtful, "the three others");
    }

    #[test]
    fn a_jump_that_no_host_bears_out_or_denies_is_believed_after_a_while() {
        let mut alone = Sampler::new(1);
        alone.jumped(50_000, 3_600);
        alone.record(1, 50_001, true, Some(0));
        assert_eq!(alone.clock(1, 50_000 + CLOCK_PATIENCE - 1), Clock::Doubtful);
        assert_eq!(alone.clock(1, 50_000 + CLOCK_PATIENCE), Clock::Sure);
    }

    #[test]
    fn doubt_is_not_for_ever_and_a_jump_does_not_prolong_it() {
        let hour = 3_600;
        let mut sampler = Sampler::new(9);
        let mut tell = |at: i64, jump: i64| {
            if jump != 0 {
                sampler.jumped(at, jump);
            }
            for host in 1..=8 {
                sampler.record(host, at, true, Some(at - hour));
            }
            sampler.clock(9, at)
        };
        assert_eq!(tell(100 * hour, 0), Clock::Doubtful);
        assert_eq!(tell(111 * hour, 0), Clock::Doubtful);
        assert_eq!(tell(511 * hour, 400 * hour), Clock::Doubtful);
        assert_eq!(tell(512 * hour, 0), Clock::Disputed);
        assert_eq!(tell(113 * hour, -400 * hour), Clock::Disputed);
        for host in 1..=8 {
            sampler.record(host, 114 * hour, true, Some(114 * hour));
        }
        assert_eq!(sampler.clock(9, 114 * hour), Clock::Sure);
        for host in 1..=8 {
            sampler.record(host, 120 * hour, true, Some(0));
        }
        assert_eq!(sampler.clock(9, 120 * hour), Clock::Doubtful, "patience begins anew");
    }
}
