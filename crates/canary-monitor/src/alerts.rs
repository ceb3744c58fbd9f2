//! Open alerts, said again and again to sinks that keep them in memory only (Alertmanager): what such a sink
//! forgets in a restart comes back, and what nobody says any more ends there by itself.
//!
//! A round goes over the targets that are not well, a page at a time. Alerts of the round before that are
//! not in this one, because the target has another name or labels or is watched no more, are ended.
//! Several workers each say the same: that changes nothing. While their configurations differ, what one of
//! them still watches stays open.

use std::collections::{BTreeMap, BTreeSet};

use canary_verifier::report::Severity;

use crate::config::Config;
use crate::episode::{Change, Turn};
use crate::memory::{Episode, Memory};
use crate::notice::{NoticeChange, Subject, instant};
use crate::own;
use crate::route::Route;
use crate::sinks::{Alert, Sinks};
use crate::store::{Mark, Order, Store, StoreError};
use crate::target::TargetId;

/// From the beginning of one round to the next, in seconds.
const EVERY: i64 = 300;
/// The same after a sink refused: it may be starting.
const SOON: i64 = 60;
/// So many targets are read at once.
const PAGE: usize = 200;
/// So many alerts are sent at once.
const BATCH: usize = 200;
/// So many alerts are remembered from one round to the next. Others end by themselves.
const REMEMBERED: usize = 20_000;

/// What is watched, and where its alerts go.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Watch<'a> {
    pub(crate) config: &'a Config,
    pub(crate) sinks: &'a Sinks,
    /// This worker's own name.
    pub(crate) worker: &'a str,
}

/// A sink, and what an alert is known by there.
type Known = (String, BTreeMap<String, String>);

/// The rounds of one worker.
#[derive(Debug, Default)]
pub(crate) struct Rounds {
    due: i64,
    under_way: Option<Round>,
    before: BTreeMap<Known, TargetId>,
}

#[derive(Debug, Default)]
struct Round {
    after: Option<Mark>,
    said: BTreeMap<Known, TargetId>,
    refused: BTreeSet<String>,
}

/// How a round goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Goes {
    /// There is more of it.
    On,
    /// The next has not begun yet.
    Waits,
    /// It is over, and so many sinks refused.
    Ended {
        /// How many.
        refused: u64,
    },
}

impl Rounds {
    /// Begins anew at once: the configuration is another.
    pub(crate) fn begin_anew(&mut self) {
        if let Some(round) = self.under_way.take() {
            self.before.extend(round.said);
        }
        self.due = i64::MIN;
    }

    /// Says one page of alerts again, where a round is due or under way.
    ///
    /// # Errors
    ///
    /// The store's; the round begins again a little later.
    pub(crate) async fn go_on<S: Store>(
        &mut self,
        store: &S,
        watch: Watch<'_>,
        now: i64,
    ) -> Result<Goes, StoreError> {
        let wanted = watch.config.sinks.iter().any(|sink| watch.sinks.keeps_alerts(&sink.name));
        if !wanted || (self.under_way.is_none() && now < self.due && self.due - now <= EVERY) {
            return Ok(Goes::Waits);
        }
        let mut round = self.under_way.take().unwrap_or_default();
        let done = self.page(store, watch, &mut round, now).await;
        match done {
            Ok(Goes::On) => self.under_way = Some(round),
            Ok(_) => self.due = now + if round.refused.is_empty() { EVERY } else { SOON },
            Err(_) => {
                self.before.extend(round.said);
                self.due = now + SOON;
            }
        }
        done
    }

    async fn page<S: Store>(
        &mut self,
        store: &S,
        watch: Watch<'_>,
        round: &mut Round,
        now: i64,
    ) -> Result<Goes, StoreError> {
        let mut open = Vec::new();
        if round.after.is_none() {
            let id = own::own_id(watch.worker);
            open.extend(watch.open(id, &store.load(id).await?, now));
        }
        let page = store.list(Order::Urgency, round.after.take(), PAGE).await?;
        let unwell = page.iter().take_while(|stored| stored.severity > Severity::Alive);
        open.extend(unwell.flat_map(|stored| watch.open(stored.id, &stored.memory, now)));
        watch.say(round, open).await;
        if let Some(last) = page.last().filter(|last| last.severity > Severity::Alive)
            && page.len() == PAGE
        {
            round.after = Some(last.mark());
            return Ok(Goes::On);
        }
        let gone = self.before.iter().filter(|(known, _)| !round.said.contains_key(known));
        let gone = gone.map(|(known, id)| (known.clone(), *id)).collect();
        let ended = watch.over(store, gone, now).await?;
        watch.say(round, ended).await;
        self.before = std::mem::take(&mut round.said);
        Ok(Goes::Ended { refused: round.refused.len() as u64 })
    }
}

/// An alert to be sent: where to, about whom, and whether it is open.
struct Said {
    sink: String,
    id: TargetId,
    alert: Alert,
    standing: Standing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Open,
    Over,
}

impl Watch<'_> {
    /// The alerts that are open at a target now.
    fn open(&self, id: TargetId, memory: &Memory, now: i64) -> Vec<Said> {
        let told = |episode: &&Episode| episode.told_at.is_some();
        if !memory.episodes.iter().any(|episode| told(&episode)) {
            return Vec::new();
        }
        let (target, own) = (self.config.fleet.find(id), id == own::own_id(self.worker));
        let subject = match &target {
            Some(target) => Subject::of(target),
            None if own => Subject::own(id, self.worker),
            None => return Vec::new(),
        };
        let serves = |route: &&Route| target.as_ref().is_none_or(|target| route.serves(target));
        let ends = self.sinks.alerts_last_until(now);
        let (mut all, mut seen) = (Vec::new(), BTreeSet::new());
        for route in self.config.routes.iter().filter(serves) {
            for sink in route.sinks.iter().filter(|name| self.sinks.keeps_alerts(name)) {
                for episode in memory.episodes.iter().filter(told) {
                    let takes = episode.worst_told() >= route.min_severity;
                    if !takes || !seen.insert((sink, &episode.id)) {
                        continue;
                    }
                    let change = Change::of(Turn::Reminder, episode);
                    let change = Change { severity: episode.told(), ..change };
                    let change = NoticeChange::of(&change);
                    let alert = Alert::new(&subject, &change, route.language, &ends);
                    all.push(Said { sink: sink.clone(), id, alert, standing: Standing::Open });
                }
            }
        }
        all
    }

    /// What the round before said and this one did not: over, unless it is open after all and was passed by
    /// while the pages were read.
    async fn over<S: Store>(
        &self,
        store: &S,
        gone: BTreeMap<Known, TargetId>,
        now: i64,
    ) -> Result<Vec<Said>, StoreError> {
        let mut found = Vec::new();
        for ((sink, labels), id) in
            gone.into_iter().filter(|((sink, _), _)| self.sinks.keeps_alerts(sink))
        {
            let open = self.open(id, &store.load(id).await?, now);
            let still = open.into_iter().find(|one| one.sink == sink && one.alert.labels == labels);
            found.push(still.unwrap_or_else(|| Said {
                sink,
                id,
                alert: Alert::ended(labels, instant(now)),
                standing: Standing::Over,
            }));
        }
        Ok(found)
    }

    /// Sends; a sink that refuses is left alone until the next round.
    async fn say(&self, round: &mut Round, alerts: Vec<Said>) {
        let mut by_sink: BTreeMap<&str, Vec<&Said>> = BTreeMap::new();
        for said in &alerts {
            by_sink.entry(&said.sink).or_default().push(said);
        }
        for (sink, alerts) in by_sink {
            for batch in alerts.chunks(BATCH) {
                let sent: Vec<&Alert> = batch.iter().map(|said| &said.alert).collect();
                let accepted = !round.refused.contains(sink)
                    && self.sinks.say_alerts(sink, &sent).await.is_ok();
                if !accepted {
                    round.refused.insert(sink.to_owned());
                }
                for said in batch {
                    let room = round.said.len() < REMEMBERED;
                    // An end that was refused is said again.
                    if room && (said.standing == Standing::Open || !accepted) {
                        let known = (said.sink.clone(), said.alert.labels.clone());
                        round.said.insert(known, said.id);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
