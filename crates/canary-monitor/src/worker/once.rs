//! `--once`: every target is asked one time, for cron and CI.

use std::collections::HashSet;

use tokio::task::JoinSet;

use super::Worker;
use super::turn::Ask;
use crate::alerts::{Goes, Rounds};
use crate::memory::Memory;
use crate::observe::Check;
use crate::outbox;
use crate::schedule::gate::Gate;
use crate::store::{Claim, Store, StoreError};
use crate::vantage::Clock;

impl<S: Store, C: Check> Worker<S, C> {
    /// Asks every target once, and sends what is to be sent.
    ///
    /// # Errors
    ///
    /// The store's.
    pub async fn once(&self) -> Result<(), StoreError> {
        let settings = self.settings();
        let limits = &settings.config.limits;
        let lease = limits.check_timeout * 3 + 60;
        let mut gate = Gate::new(limits.concurrency, limits.per_host);
        let mut seen = HashSet::new();
        let (mut waiting, mut asked): (Vec<Claim>, Vec<Claim>) = (Vec::new(), Vec::new());
        let fleet = &settings.config.fleet;
        let mut running = JoinSet::new();
        drop(self.shared.store.beat(&self.shared.name, self.now()).await);
        let client = crate::sinks::http::client().ok();
        if let Some(client) = &client {
            self.ask_controls(client).await;
        }
        loop {
            while waiting.is_empty() && seen.len() < fleet.len() {
                let now = self.now();
                let claims =
                    self.shared.store.claim(now, i64::MAX, lease, limits.concurrency).await?;
                if claims.is_empty() {
                    break;
                }
                for claim in claims {
                    match fleet.contains(claim.id) && seen.insert(claim.id) {
                        true => waiting.push(claim),
                        // Its next turn comes before another's first: kept back so that it does not
                        // stand before those again.
                        false => asked.push(Claim { memory: Memory::default(), ..claim }),
                    }
                }
            }
            let mut held = Vec::new();
            for claim in waiting.drain(..) {
                let host = fleet.host(claim.id).unwrap_or_default().to_owned();
                if !gate.enter(&host) {
                    held.push(claim);
                    continue;
                }
                let (this, settings) = (self.clone(), settings.clone());
                running.spawn(async move {
                    let done = this.turn(&settings, claim, Ask::Now).await;
                    (host, done)
                });
            }
            waiting = held;
            match running.join_next().await {
                Some(Ok((host, done))) => {
                    gate.leave(&host);
                    if let Err(error) = done
                        && !matches!(error, StoreError::Fenced)
                    {
                        return Err(error);
                    }
                }
                Some(Err(_)) => {}
                None => break,
            }
        }
        for claim in asked {
            match self.shared.store.release(&claim, claim.due).await {
                // Its lease ran out meanwhile.
                Ok(()) | Err(StoreError::Fenced) => {}
                Err(error) => return Err(error),
            }
        }
        self.own_turn(None).await?;
        let sinks = settings.sinks.in_rounds();
        outbox::send_all(&self.shared.store, &sinks, || self.now()).await?;
        let mut rounds = Rounds::default();
        while self.say_again(&mut rounds, &settings, &sinks).await? == Goes::On {}
        // A clock that may be ahead makes old what is not.
        let clock = self.sampler().own(self.now()).clock;
        if clock == Clock::Sure
            && self.shared.store.prune(&settings.config.retention, self.now()).await.is_err()
        {
            self.shared.metrics.store_errors.add(1);
        }
        self.write_textfile().await;
        if let Some(client) = &client {
            self.ping_dead_man(client).await;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use canary_verifier::report::{Severity, State};

    use super::*;
    use crate::config::Config;
    use crate::observe::{Observation, Outcome};
    use crate::sinks::Sinks;
    use crate::step::{Event, EventKind};
    use crate::store::Commit;
    use crate::store::sqlite::{Access, SqliteStore};
    use crate::target::Target;
    use crate::worker::{Settings, wall_clock};

    struct Nobody;

    impl Check for Nobody {
        async fn check(&self, _: &Target, _: &Memory, now: i64) -> Observation {
            Observation::new(now, Outcome::NotAsked)
        }
    }

    #[tokio::test]
    async fn a_round_deletes_what_has_been_kept_for_long_enough() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("watch.toml");
        let text = "[retention]\nevents = \"30d\"\n[[target]]\nurl = \"https://a.example/\"\n";
        std::fs::write(&path, text).expect("written");
        let config = Config::read(&path, None).expect("it has no mistakes");
        let (sinks, fleet) = (Sinks::new(&[]).expect("a client"), config.fleet.clone());
        let store =
            SqliteStore::open(&folder.path().join("w.db"), Access::Monitor).expect("it opens");
        let worker = Worker::new("w", store, Settings { config, sinks, checker: Nobody });
        worker.enroll().await.expect("it enrolls");
        let (id, now) = (fleet.iter().next().expect("one").id, wall_clock());
        let event = |at| Event { at, kind: EventKind::Issue, detail: "1".to_owned() };
        let commit = Commit {
            id,
            fence: None,
            at: now,
            wake: now,
            memory: Memory::default(),
            severity: Severity::Alive,
            state: State::Live,
            events: vec![event(now - 40 * 86_400), event(now - 86_400)],
            notices: Vec::new(),
            bodies: Vec::new(),
        };
        worker.store().commit(commit).await.expect("written");
        worker.once().await.expect("a round");
        let left = worker.store().events(id, 9).await.expect("it reads");
        assert_eq!(left.iter().map(|event| event.at).collect::<Vec<_>>(), [now - 86_400]);
    }
}
