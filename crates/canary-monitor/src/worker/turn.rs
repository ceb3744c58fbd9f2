//! One target's turn.

use std::collections::HashSet;
use std::time::Duration;

use super::{Settings, UNKNOWN, Worker};
use crate::axes;
use crate::evidence;
use crate::fleet::host_hash;
use crate::memory::Memory;
use crate::notice::{self, About, Subject};
use crate::observe::{Body, Check, Observation, Outcome};
use crate::own;
use crate::step::{Event, Scene, Step, step, wants_check};
use crate::store::{Claim, Commit, Store, StoreError};
use crate::target::Target;
use crate::vantage::{Vantage, answered};
use canary_verifier::report::Code;

/// When to ask again after the monitor itself could not, in seconds.
const NOT_ASKED: i64 = 30;
/// How long a check may go on after its fetches have ended.
const SLACK: Duration = Duration::from_secs(10);

/// Whether a target is asked although its time has not come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ask {
    WhenDue,
    Now,
}

impl<S: Store, C: Check> Worker<S, C> {
    pub(super) async fn turn(
        &self,
        settings: &Settings<C>,
        claim: Claim,
        ask: Ask,
    ) -> Result<(), StoreError> {
        let Some(target) = settings.config.fleet.find(claim.id) else {
            return self.shared.store.release(&claim, self.now() + UNKNOWN).await;
        };
        let observation = match ask == Ask::Now
            || wants_check(&target.policy, &claim.memory, self.heed_clock())
        {
            true => Some(self.check(settings, &target, &claim).await),
            false => None,
        };
        let now = self.heed_clock();
        if observation.as_ref().is_some_and(|seen| seen.outcome == Outcome::NotAsked) {
            return self.shared.store.release(&claim, now + NOT_ASKED).await;
        }
        let vantage = self.vantage(&target, &claim, observation.as_ref(), now);
        let silences = &settings.config.silences;
        let held = |code: Code| silences.iter().any(|silence| silence.holds(&target, code, now));
        let scene = Scene { id: target.id, policy: &target.policy, vantage, held: &held, now };
        let Step { mut memory, changes, mut events, wake } =
            step(scene, &claim.memory, observation.as_ref());
        let bodies = observation.map(|seen| seen.bodies).unwrap_or_default();
        let bodies = self.admitted(settings, &claim, &mut memory, bodies, &mut events).await?;
        let config = &settings.config;
        let routes = config.routes.iter().filter(|route| route.serves(&target));
        let parcels = notice::parcels(&changes, routes, |sink| config.has_sink(sink));
        notice::note_told(&mut memory, &changes, &parcels);
        let about = About {
            id: target.id,
            subject: Subject::of(&target),
            memory: &memory,
            state: axes::state(&memory, now),
            clock: vantage.clock,
        };
        let notices = notice::notices(&about, &changes, parcels, now);
        let told = !notices.is_empty();
        let commit = Commit {
            id: target.id,
            fence: Some(claim.fence),
            at: now,
            wake,
            severity: axes::severity(&memory, now),
            state: axes::state(&memory, now),
            memory,
            events,
            notices,
            bodies,
        };
        self.shared.store.commit(commit).await?;
        if told {
            self.shared.notices.notify_one();
        }
        Ok(())
    }

    /// The bodies that are kept: within the day's limit, or kept already.
    async fn admitted(
        &self,
        settings: &Settings<C>,
        claim: &Claim,
        memory: &mut Memory,
        bodies: Vec<Body>,
        events: &mut Vec<Event>,
    ) -> Result<Vec<Body>, StoreError> {
        let (cap, now) = (settings.config.retention.evidence_per_day, self.now());
        let mut known = HashSet::new();
        if evidence::may_exceed(memory, &bodies, cap, now) {
            let digests: Vec<[u8; 32]> = bodies.iter().map(|body| body.digest().0).collect();
            let there = self.shared.store.bodies(digests.clone()).await?;
            known
                .extend(digests.into_iter().zip(there).filter_map(|(at, body)| body.and(Some(at))));
        }
        let received = bodies.len();
        let (kept, capped) = evidence::admit(&claim.memory, memory, bodies, &known, (cap, now));
        self.shared.metrics.evidence_left_out.add((received - kept.len()) as u64);
        events.extend(capped);
        Ok(kept)
    }

    async fn check(&self, settings: &Settings<C>, target: &Target, claim: &Claim) -> Observation {
        let started = self.now();
        // Fetching ends by itself at the timeout, and what was fetched by then is judged; this is for
        // what does not end.
        let limit =
            Duration::from_secs(settings.config.limits.check_timeout.unsigned_abs()) + SLACK;
        let metrics = &self.shared.metrics;
        let check = settings.checker.check(target, &claim.memory, started);
        let begun = std::time::Instant::now();
        let observation = match tokio::time::timeout(limit, check).await {
            Ok(observation) => observation,
            Err(_) => {
                let words = format!("the check took more than {} seconds", limit.as_secs());
                Observation::new(self.now(), Outcome::Unreachable(words))
            }
        };
        metrics.seconds.observe(begun.elapsed());
        match &observation.outcome {
            Outcome::NotAsked => metrics.store_errors.add(1),
            Outcome::Unreachable(_) => metrics.unreachable.add(1),
            Outcome::Unchanged => metrics.unchanged.add(1),
            Outcome::Said(_) => metrics.judged.add(1),
        }
        metrics.last_check.set(self.now());
        observation
    }

    fn vantage(
        &self,
        target: &Target,
        claim: &Claim,
        observation: Option<&Observation>,
        now: i64,
    ) -> Vantage {
        let mut sampler = self.sampler();
        let host = host_hash(&target.url);
        let known_trouble = claim
            .memory
            .episodes
            .iter()
            .any(|e| matches!(e.key.code, Code::Unreachable | Code::Missing | Code::Malformed));
        if let Some(seen) = observation {
            let answered = answered(&seen.outcome);
            if answered || !known_trouble {
                sampler.record(host, now, answered, seen.host_clock);
            }
        }
        sampler.vantage(host, &target.policy, &claim.memory, observation, now)
    }
}

impl<S: Store, C: Check> Worker<S, C> {
    /// The monitor's own turn: its network, its clock, and a time when it did not run.
    pub(super) async fn own_turn(&self, gap: Option<i64>) -> Result<(), StoreError> {
        let (id, now) = (self.own_id(), self.now());
        let vantage = self.sampler().own(now);
        let before = self.shared.store.load(id).await?;
        let (mut memory, changes) = own::step(id, &before, vantage, gap, now);
        if memory == before {
            return Ok(());
        }
        let settings = self.settings();
        let config = &settings.config;
        let is_sink = |sink: &str| config.has_sink(sink);
        let parcels = notice::parcels(&changes, config.routes.iter(), is_sink);
        notice::note_told(&mut memory, &changes, &parcels);
        let subject = Subject::own(id, &self.shared.name);
        let (state, clock) = (own::OWN_STATE, vantage.clock);
        let about = About { id, subject, memory: &memory, state, clock };
        let notices = notice::notices(&about, &changes, parcels, now);
        let commit = Commit {
            id,
            fence: None,
            at: now,
            wake: i64::MAX,
            severity: axes::severity(&memory, now),
            state: own::OWN_STATE,
            events: Vec::new(),
            memory: memory.clone(),
            notices,
            bodies: Vec::new(),
        };
        self.shared.store.commit(commit).await?;
        self.shared.notices.notify_one();
        Ok(())
    }
}
