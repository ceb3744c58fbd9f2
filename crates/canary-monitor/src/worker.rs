//! The shell: claims what is due, checks it, takes the step and writes it down. It decides nothing.

mod backlog;
mod clock;
mod housekeeping;
mod once;
mod turn;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use self::backlog::Backlog;
use crate::alerts::{Goes, Rounds, Watch};
use crate::config::Config;
use crate::metrics::Metrics;
use crate::observe::Check;
use crate::outbox::{Ended, Sending};
use crate::own;
use crate::schedule::gate::Gate;
use crate::sinks::Sinks;
use crate::store::{Claim, Store, StoreError};
use crate::target::TargetId;
use crate::vantage::Sampler;

/// How long an idle worker waits before it looks again.
const IDLE: Duration = Duration::from_millis(500);
/// How long a stopping worker waits for checks under way.
const GOODBYE: Duration = Duration::from_secs(25);
/// When to look again at a target that is not in this worker's fleet, in seconds.
const UNKNOWN: i64 = 60;

/// One process that watches. Copies share everything.
#[derive(Debug)]
pub struct Worker<S, C> {
    shared: Arc<Shared<S, C>>,
}

impl<S, C> Clone for Worker<S, C> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

#[derive(Debug)]
struct Shared<S, C> {
    name: String,
    store: S,
    settings: RwLock<Arc<Settings<C>>>,
    sampler: Mutex<Sampler>,
    metrics: Arc<Metrics>,
    notices: Notify,
    clock: clock::Clock,
    backlog: Mutex<Backlog>,
    /// By how much the clock jumped, until turns are planned anew.
    jump: Mutex<Option<i64>>,
}

/// What a reload replaces.
#[derive(Debug)]
pub struct Settings<C> {
    /// The configuration.
    pub config: Config,
    /// Its sinks.
    pub sinks: Sinks,
    /// The checker for its fleet.
    pub checker: C,
}

/// Now, by this machine's clock.
pub fn wall_clock() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

impl<S: Store, C: Check> Worker<S, C> {
    /// A worker with a name of its own among those that share the store.
    pub fn new(name: &str, store: S, settings: Settings<C>) -> Self {
        let sampler = Sampler::new(settings.config.fleet.hosts());
        Self {
            shared: Arc::new(Shared {
                name: name.to_owned(),
                store,
                settings: RwLock::new(Arc::new(settings)),
                sampler: Mutex::new(sampler),
                metrics: Arc::default(),
                notices: Notify::new(),
                clock: clock::Clock::default(),
                backlog: Mutex::default(),
                jump: Mutex::default(),
            }),
        }
    }

    /// What is counted.
    pub fn metrics(&self) -> Arc<Metrics> {
        Arc::clone(&self.shared.metrics)
    }

    /// The store.
    pub fn store(&self) -> &S {
        &self.shared.store
    }

    /// The settings in force.
    pub fn settings(&self) -> Arc<Settings<C>> {
        Arc::clone(&self.shared.settings.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Under which identity the monitor's own state is kept.
    pub fn own_id(&self) -> TargetId {
        own::own_id(&self.shared.name)
    }

    fn sampler(&self) -> MutexGuard<'_, Sampler> {
        self.shared.sampler.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn backlog(&self) -> MutexGuard<'_, Backlog> {
        self.shared.backlog.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Now, as all who share the store have it.
    pub fn now(&self) -> i64 {
        self.shared.clock.now()
    }

    /// Now. A jump of the clock is known to all that is decided from here on.
    fn heed_clock(&self) -> i64 {
        let (now, jumped) = self.shared.clock.look();
        if let Some(by) = jumped {
            self.sampler().jumped(now, by);
            *self.shared.jump.lock().unwrap_or_else(PoisonError::into_inner) = Some(by);
        }
        now
    }

    fn take_jump(&self) -> Option<i64> {
        self.shared.jump.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Takes over the store's clock, where it has one.
    async fn set_clock(&self) -> Result<(), StoreError> {
        self.shared.clock.set(self.shared.store.clock().await?);
        Ok(())
    }

    /// Takes over the fleet of the settings in force; the first thing to do.
    ///
    /// # Errors
    ///
    /// The store's.
    pub async fn enroll(&self) -> Result<(), StoreError> {
        self.set_clock().await?;
        self.shared.store.enroll(&self.settings().config.fleet, self.now()).await
    }

    /// Takes over new settings; nothing under way is lost.
    ///
    /// # Errors
    ///
    /// The store's; the old settings stay in force.
    pub async fn reload(&self, settings: Settings<C>) -> Result<(), StoreError> {
        self.shared.store.enroll(&settings.config.fleet, self.now()).await?;
        self.sampler().resize(settings.config.fleet.hosts());
        *self.shared.settings.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(settings);
        self.shared.metrics.reloads.add(1);
        Ok(())
    }

    /// Watches until told to stop; then lets what is under way end.
    ///
    /// # Errors
    ///
    /// The store's, where it cannot be used any more.
    pub async fn run(&self, mut stop: watch::Receiver<bool>) -> Result<(), StoreError> {
        let mut background = JoinSet::new();
        let (this, until) = (self.clone(), stop.clone());
        background.spawn(async move { this.send_loop(until).await });
        let (this, until) = (self.clone(), stop.clone());
        background.spawn(async move { this.housekeeping(until).await });
        let watched = self.watch_loop(&mut stop).await;
        let ended = tokio::time::timeout(GOODBYE, async {
            while background.join_next().await.is_some() {}
        });
        if watched.is_ok() {
            drop(ended.await);
        }
        watched
    }

    async fn watch_loop(&self, stop: &mut watch::Receiver<bool>) -> Result<(), StoreError> {
        let limits = self.settings().config.limits.clone();
        let mut gate = Gate::new(limits.concurrency, limits.per_host);
        let mut waiting: VecDeque<(String, Claim)> = VecDeque::new();
        let mut running: JoinSet<(String, Result<(), StoreError>)> = JoinSet::new();
        while !*stop.borrow() {
            let settings = self.settings();
            let limits = &settings.config.limits;
            gate.resize(limits.concurrency, limits.per_host);
            let now = self.heed_clock();
            let room = (2 * limits.concurrency).saturating_sub(gate.running() + waiting.len());
            let wanted = room.min(gate.free() + limits.per_host);
            let lease = limits.check_timeout * 3 + 60;
            let claims = match wanted {
                0 => Vec::new(),
                wanted => self.passing(self.shared.store.claim(now, now, lease, wanted).await)?,
            };
            for claim in claims {
                let fleet = &settings.config.fleet;
                match fleet.host(claim.id).zip(fleet.entry(claim.id)) {
                    Some((host, entry)) => {
                        self.backlog().wait(claim.id, claim.due, entry.interval);
                        waiting.push_back((host.to_owned(), claim));
                    }
                    // Another worker may know it: its configuration is newer.
                    None => drop(self.shared.store.release(&claim, now + UNKNOWN).await),
                }
            }
            let mut started = 0;
            for _ in 0..waiting.len() {
                let Some((host, claim)) = waiting.pop_front() else { break };
                if !gate.enter(&host) {
                    waiting.push_back((host, claim));
                    continue;
                }
                started += 1;
                self.backlog().begin(claim.id, now);
                let (this, settings) = (self.clone(), Arc::clone(&settings));
                running.spawn(async move {
                    let done = this.turn(&settings, claim, turn::Ask::WhenDue).await;
                    (host, done)
                });
            }
            // Those that wait for their host are given back rather than held past their lease.
            while waiting.len() > limits.concurrency {
                let Some((_, claim)) = waiting.pop_back() else { break };
                drop(self.shared.store.release(&claim, now + 5).await);
            }
            self.shared.metrics.running.set(i64::try_from(gate.running()).unwrap_or(i64::MAX));
            if started == 0 || gate.free() == 0 {
                tokio::select! {
                    Some(done) = running.join_next() => self.settle(&mut gate, done)?,
                    () = tokio::time::sleep(IDLE) => {}
                    _ = stop.changed() => {}
                }
            }
            while let Some(done) = running.try_join_next() {
                self.settle(&mut gate, done)?;
            }
        }
        for (_, claim) in waiting {
            drop(self.shared.store.release(&claim, self.now()).await);
        }
        let ending = async {
            while let Some(done) = running.join_next().await {
                self.settle(&mut gate, done)?;
            }
            Ok(())
        };
        tokio::time::timeout(GOODBYE, ending).await.unwrap_or(Ok(()))
    }

    fn settle(&self, gate: &mut Gate, done: Done) -> Result<(), StoreError> {
        match done {
            Ok((host, result)) => {
                gate.leave(&host);
                match result {
                    // The lease passed to another worker, whose step counts.
                    Err(StoreError::Fenced) => Ok(()),
                    result => self.passing(result),
                }
            }
            // A check that panicked: its lease runs out and it is taken again. Its place stays taken, so
            // that many of them are noticed.
            Err(_) => Ok(()),
        }
    }

    /// Goes on after a failure that passes; what was under way is taken again when its lease runs out.
    fn passing<T: Default>(&self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        match result {
            Err(error) if error.is_passing() => {
                self.shared.metrics.store_errors.add(1);
                Ok(T::default())
            }
            result => result,
        }
    }

    async fn send_loop(&self, mut stop: watch::Receiver<bool>) {
        let (mut rounds, mut settings) = (Rounds::default(), self.settings());
        let mut sending = Sending::default();
        while !*stop.borrow() {
            if !Arc::ptr_eq(&settings, &self.settings()) {
                settings = self.settings();
                rounds.begin_anew();
            }
            self.begin_sending(&mut sending).await;
            // Nothing begins to be sent meanwhile: an alert that has just been ended is not said again.
            let said = self.say_again(&mut rounds, &settings, &settings.sinks).await;
            if said.is_err() {
                self.shared.metrics.store_errors.add(1);
            }
            tokio::select! {
                biased;
                Some(ended) = sending.ended() => self.settle_sent(&mut sending, ended).await,
                () = std::future::ready(()), if matches!(said, Ok(Goes::On)) => {}
                () = self.shared.notices.notified() => {}
                () = tokio::time::sleep(Duration::from_secs(1)) => {}
                _ = stop.changed() => {}
            }
        }
        self.begin_sending(&mut sending).await;
        while let Some(ended) = sending.ended().await {
            self.settle_sent(&mut sending, ended).await;
        }
    }

    async fn begin_sending(&self, sending: &mut Sending) {
        let sinks = self.settings().sinks.clone();
        if sending.begin(&self.shared.store, &sinks, self.now()).await.is_err() {
            self.shared.metrics.store_errors.add(1);
        }
    }

    async fn settle_sent(&self, sending: &mut Sending, ended: Ended) {
        if sending.settle(&self.shared.store, ended, self.now()).await.is_err() {
            self.shared.metrics.store_errors.add(1);
        }
    }

    /// Says one page of open alerts again, where it is time.
    async fn say_again(
        &self,
        rounds: &mut Rounds,
        settings: &Settings<C>,
        sinks: &Sinks,
    ) -> Result<Goes, StoreError> {
        let watch = Watch { config: &settings.config, sinks, worker: &self.shared.name };
        let goes = rounds.go_on(&self.shared.store, watch, self.now()).await;
        if let Ok(Goes::Ended { refused }) = goes {
            self.shared.metrics.alert_errors.add(refused);
        }
        goes
    }
}

type Done = Result<(String, Result<(), StoreError>), tokio::task::JoinError>;
