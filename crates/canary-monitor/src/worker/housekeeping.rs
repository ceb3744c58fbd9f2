//! What is done beside the checks: beats, control URLs, the clock, pruning, the textfile, the dead-man
//! ping and the service manager's watchdog.

use std::time::Duration;

use canary_durable::Access;
use futures_util::future::join_all;
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

use super::Worker;
use super::backlog::patience;
use crate::notify;
use crate::observe::Check;
use crate::store::{Store, StoreError};
use crate::vantage::Clock;

/// A time without a beat longer than this, in seconds, is told as a gap.
const GAP: i64 = 600;
/// Of so many targets it is looked up at once whether they still wait.
const LOOKUPS: usize = 100;

impl<S: Store, C: Check> Worker<S, C> {
    pub(super) async fn housekeeping(&self, mut stop: watch::Receiver<bool>) {
        let client = crate::sinks::http::client().ok();
        let mut tick = tokio::time::interval(Duration::from_secs(1));
        // After a time in which the process was frozen, the rounds missed are not made up for in a burst.
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut round: i64 = 0;
        let mut gap = self.beat().await.unwrap_or(None);
        notify::ready();
        while !*stop.borrow() {
            tokio::select! {
                _ = tick.tick() => {}
                _ = stop.changed() => break,
            }
            self.heed_clock();
            if let Some(by) = self.take_jump() {
                self.jumped(by, &mut gap).await;
            }
            if round % 10 == 0 {
                self.pulse(&mut gap).await;
            }
            if let Some(client) = &client {
                self.ask_outside(client, round).await;
            }
            // A clock that may be ahead makes old what is not.
            if round % 3_600 == 1_800 && self.own_clock() == Clock::Sure {
                let keep = self.settings().config.retention.clone();
                self.count(self.shared.store.prune(&keep, self.now()).await);
            }
            if round % 15 == 0 {
                self.write_textfile().await;
            }
            round += 1;
        }
        notify::stopping();
    }

    /// The clock moved by so many seconds against the monotonic one: turns are planned anew. Where it goes back,
    /// it was wrong before, and no time without a beat is concluded from that.
    async fn jumped(&self, by: i64, gap: &mut Option<i64>) {
        self.backlog().clear();
        if by < 0 {
            *gap = None;
        }
        self.count(self.enroll().await);
    }

    /// How late the turn is that has waited longest: here for its host, or in the store for any worker.
    async fn measure_lag(&self) -> Result<(), StoreError> {
        let settings = self.settings();
        let mut here = None;
        for _ in 0..LOOKUPS {
            let longest = self.backlog().longest();
            let Some((id, due)) = longest else { break };
            let asked = self.shared.store.load(id).await?.asked_at;
            if settings.config.fleet.contains(id) && asked.is_none_or(|asked| asked < due) {
                here = Some(due);
                break;
            }
            // Another worker took it when it was given back.
            self.backlog().forget(id);
        }
        let there = self.shared.store.next_due().await?;
        let since = here.into_iter().chain(there).min();
        self.shared.metrics.lag.set(since.map_or(0, |since| (self.now() - since).max(0)));
        Ok(())
    }

    fn own_clock(&self) -> Clock {
        self.sampler().own(self.now()).clock
    }

    /// A beat and the monitor's own turn. `gap` is a time without a beat that has not been told yet; it waits
    /// while the clock that it comes from is in doubt.
    async fn pulse(&self, gap: &mut Option<i64>) {
        self.count(self.set_clock().await);
        let beat = self.count(self.beat().await);
        self.shared.metrics.store_refuses.set(i64::from(beat.is_none()));
        if let Some(found) = beat {
            notify::alive();
            *gap = found.or(*gap);
        }
        self.count(self.measure_lag().await);
        let told = gap.filter(|_| self.own_clock() != Clock::Doubtful);
        if self.count(self.own_turn(told).await).is_some() && told.is_some() {
            *gap = None;
        }
    }

    /// Says that this worker is alive; gives how long it was not, where that is to be told: the process did
    /// not run, or was frozen.
    async fn beat(&self) -> Result<Option<i64>, StoreError> {
        let now = self.now();
        let last = self.shared.store.beat(&self.shared.name, now).await?;
        Ok(last.map(|last| now - last).filter(|gap| *gap > GAP))
    }

    fn count<T>(&self, result: Result<T, StoreError>) -> Option<T> {
        if result.is_err() {
            self.shared.metrics.store_errors.add(1);
        }
        result.ok()
    }

    async fn ask_outside(&self, client: &reqwest::Client, round: i64) {
        if round % 60 == 0 {
            self.ask_controls(client).await;
        }
        let every = self.settings().config.dead_man.as_ref().map(|dead_man| dead_man.every);
        if every.is_some_and(|every| round % every == 0) && self.is_well() {
            self.ping_dead_man(client).await;
        }
    }

    /// Tells the dead-man URL, where there is one, that the monitor does its work.
    pub(super) async fn ping_dead_man(&self, client: &reqwest::Client) {
        let settings = self.settings();
        if let Some(dead_man) = &settings.config.dead_man {
            let request = client.get(&dead_man.url).timeout(Duration::from_secs(10)).send();
            if !request.await.is_ok_and(|answer| answer.status().is_success()) {
                self.shared.metrics.ping_errors.add(1);
            }
        }
    }

    /// Asks the control URLs: where none answers, it is the monitor's own network that is down.
    pub(super) async fn ask_controls(&self, client: &reqwest::Client) {
        let settings = self.settings();
        if settings.config.controls.is_empty() {
            return;
        }
        let answers = settings.config.controls.iter().map(async |url| {
            let request = client.get(url).timeout(Duration::from_secs(10)).send();
            request.await.is_ok_and(|answer| !answer.status().is_server_error())
        });
        // All at once: the watchdog does not wait for one after another.
        let any = join_all(answers).await.contains(&true);
        self.sampler().controls(self.now(), any);
    }

    /// Whether the monitor does its work: the store can be written to, and what is due is looked at.
    pub fn is_well(&self) -> bool {
        let longest = self.settings().config.fleet.longest_interval();
        self.shared.metrics.store_refuses.value() == 0
            && self.shared.metrics.lag.value() <= patience(longest)
            && !self.backlog().is_behind(self.now())
    }

    /// Writes the textfile collector's file, where one is configured.
    pub async fn write_textfile(&self) {
        let settings = self.settings();
        let Some(path) = &settings.config.textfile else { return };
        let text = self.exposition().await;
        if canary_durable::replace(path, text.as_bytes(), Access::Shared).is_err() {
            self.shared.metrics.textfile_errors.add(1);
        }
    }

    /// The metrics as text.
    pub async fn exposition(&self) -> String {
        let settings = self.settings();
        let from = settings.config.aggregate_from;
        crate::metrics::exposition(
            &self.shared.metrics,
            &self.shared.store,
            &settings.config.fleet,
            from,
            self.now(),
        )
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::memory::Memory;
    use crate::observe::{Observation, Outcome};
    use crate::sinks::Sinks;
    use crate::store::sqlite::{Access, SqliteStore};
    use crate::store::{Outgoing, Room, Settled};
    use crate::target::Target;
    use crate::worker::{Settings, wall_clock};

    struct Nobody;

    impl Check for Nobody {
        async fn check(&self, _: &Target, _: &Memory, now: i64) -> Observation {
            Observation::new(now, Outcome::NotAsked)
        }
    }

    fn worker(folder: &std::path::Path) -> Worker<SqliteStore, Nobody> {
        let path = folder.join("watch.toml");
        let text = "[[sink]]\nname = \"a\"\nkind = \"webhook\"\nurl = \"https://a.example/\"\n";
        std::fs::write(&path, text).expect("written");
        let config = Config::read(&path, None).expect("it has no mistakes");
        let sinks = Sinks::new(&config.sinks).expect("a client");
        let store = SqliteStore::open(&folder.join("w.db"), Access::Monitor).expect("it opens");
        Worker::new("w", store, Settings { config, sinks, checker: Nobody })
    }

    async fn told(worker: &Worker<SqliteStore, Nobody>) -> Vec<Outgoing> {
        let store = worker.store();
        let told = store.outgoing(wall_clock() + 1, 60, Room::of(9)).await.expect("it claims");
        for notice in &told {
            store.settle(notice, wall_clock(), Settled::Sent).await.expect("settled");
        }
        told
    }

    #[tokio::test]
    async fn a_process_that_was_frozen_says_for_how_long() {
        let folder = tempfile::tempdir().expect("a folder");
        let worker = worker(folder.path());
        let mut gap = None;
        worker.pulse(&mut gap).await;
        worker.pulse(&mut gap).await;
        assert_eq!(told(&worker).await, []);
        // Its last beat was two hours ago.
        worker.store().beat("w", wall_clock() - 7_200).await.expect("it beats");
        worker.pulse(&mut gap).await;
        let notices = told(&worker).await;
        assert_eq!(notices.len(), 1);
        assert!(notices[0].body.contains("not running for 120 minutes"), "{}", notices[0].body);
        worker.pulse(&mut gap).await;
        assert_eq!((told(&worker).await, gap), (Vec::new(), None));
    }

    /// Its host never answers.
    struct Hangs;

    impl Check for Hangs {
        async fn check(&self, _: &Target, _: &Memory, _: i64) -> Observation {
            std::future::pending().await
        }
    }

    #[tokio::test]
    async fn targets_that_wait_for_a_slow_host_are_late() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("watch.toml");
        let targets = (0..200).map(|n| format!("https://a.example/{n}/\n"));
        std::fs::write(folder.path().join("list.txt"), targets.collect::<String>())
            .expect("written");
        let text = "[[list]]\npath = \"list.txt\"\ninterval = \"5m\"\n\
                    [[target]]\nurl = \"https://b.example/\"\ninterval = \"31d\"\n";
        std::fs::write(&path, text).expect("written");
        let config = Config::read(&path, None).expect("it has no mistakes");
        let (fleet, sinks) = (config.fleet.clone(), Sinks::new(&[]).expect("a client"));
        let store =
            SqliteStore::open(&folder.path().join("w.db"), Access::Monitor).expect("it opens");
        let worker = Worker::new("w", store, Settings { config, sinks, checker: Hangs });
        let long_ago = wall_clock() - 1_000;
        worker.store().enroll(&fleet, long_ago).await.expect("it enrolls");
        assert!(worker.is_well());
        let running = worker.clone();
        let (_stop, stopped) = watch::channel(false);
        let running = tokio::spawn(async move { running.run(stopped).await });
        // All have been claimed, and those that the host has no room for were given back.
        let all_came = || async { worker.store().next_due().await.expect("it reads") };
        while all_came().await.is_some_and(|due| due < long_ago + 1_000) {
            tokio::task::yield_now().await;
        }
        worker.measure_lag().await.expect("it reads");
        let lag = worker.shared.metrics.lag.value();
        assert!((990..1_100).contains(&lag), "{lag}");
        assert!(!worker.is_well(), "though the longest interval is a month");
        running.abort();
    }

    #[tokio::test]
    async fn a_clock_that_jumps_is_no_time_without_a_beat_until_it_is_believed() {
        let folder = tempfile::tempdir().expect("a folder");
        let worker = worker(folder.path());
        let jump = 40 * 86_400;
        let mut gap = None;
        let (now, last) = (wall_clock(), wall_clock() - jump);
        for goes_back in [true, false] {
            worker.store().beat("w", last).await.expect("it beats");
            worker.sampler().jumped(now, jump);
            worker.jumped(jump, &mut gap).await;
            worker.pulse(&mut gap).await;
            assert_eq!((told(&worker).await, gap.is_some()), (Vec::new(), true));
            if goes_back {
                worker.sampler().jumped(now, -jump);
                worker.jumped(-jump, &mut gap).await;
            }
            // Two hosts tell the same time.
            for host in 1..=2 {
                worker.sampler().record(host, now, true, Some(now));
            }
            worker.pulse(&mut gap).await;
            assert_eq!((told(&worker).await.len(), gap), (usize::from(!goes_back), None));
        }
    }
}
