//! What a store holds of one target, so that any verdict can be reached again without a network.

mod site;

use std::collections::BTreeMap;

use canary_dialects::reading::Kind;
use canary_format::digest::Digest;

pub use self::site::SiteAsSeen;
use crate::dialect::{Kept, Publication};
use crate::form::Form;
use crate::memory::Memory;
use crate::step::EventKind;
use crate::store::{Sighting, Store, StoreError, StoredEvent};
use crate::target::Target;

/// A target as the store knows it.
#[derive(Debug, Clone)]
pub struct Holding {
    /// What is watched.
    pub target: Target,
    /// What is known of it.
    pub memory: Memory,
    /// Every body that was served, and where and when.
    pub sightings: Vec<Sighting>,
    /// Its timeline, newest first.
    pub events: Vec<StoredEvent>,
}

/// A text of another format as it was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextAsSeen {
    /// When it was first seen.
    pub at: i64,
    /// The text.
    pub text: Vec<u8>,
    /// The signatures beside it, in the order of the configuration.
    pub beside: Vec<Vec<u8>>,
    /// Whether this was served last: it may be an older one again.
    pub served_last: bool,
}

/// The watcher's own looking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Looking {
    /// The first look.
    pub from: i64,
    /// The last look.
    pub to: i64,
    /// How many looks got an answer; `None` where only the count of a longer time is known.
    pub answers: Option<u64>,
    /// Times in which nobody looked.
    pub gaps: Vec<(i64, i64)>,
}

impl Holding {
    /// Reads what the store has of a target up to an instant. Its memory is that of now.
    ///
    /// # Errors
    ///
    /// The store's.
    pub async fn read<S: Store>(store: &S, target: Target, until: i64) -> Result<Self, StoreError> {
        let id = target.id;
        let (memory, mut sightings) = (store.load(id).await?, store.sightings(id).await?);
        let mut events = store.events(id, usize::MAX).await?;
        sightings.retain(|one| one.first <= until);
        events.retain(|event| event.at <= until);
        Ok(Self { target, memory, sightings, events })
    }

    /// The timeline, oldest first; without a watch gap that had not ended then: it was noted later.
    pub fn timeline(&self, until: i64) -> impl Iterator<Item = &StoredEvent> {
        let noted = move |event: &&StoredEvent| gap(event).is_none_or(|(_, ended)| ended <= until);
        self.events.iter().rev().filter(noted)
    }

    /// Whether nothing of the memory came after an instant.
    pub fn is_as_of(&self, until: i64) -> bool {
        let memory = &self.memory;
        [memory.asked_at, memory.looked_at].into_iter().flatten().all(|at| at <= until)
    }

    /// When and how often the watcher looked, up to an instant; `None` before the first look.
    pub fn looking(&self, until: i64) -> Option<Looking> {
        let from = self.memory.first_look.filter(|from| *from <= until)?;
        let to = self.memory.looked_at.unwrap_or(from).min(until).max(from);
        let mut gaps: Vec<(i64, i64)> = (self.events.iter())
            .filter_map(gap)
            .filter(|(since, _)| *since < to)
            .map(|(since, ended)| (since, ended.min(to)))
            .collect();
        gaps.sort_unstable();
        let answers = self.is_as_of(until).then_some(self.memory.answers);
        Some(Looking { from, to, answers, gaps })
    }

    /// The texts that count, and what was served last, up to an instant; for a target of another format.
    ///
    /// # Errors
    ///
    /// The store's.
    pub async fn texts<S: Store>(
        &self,
        store: &S,
        until: i64,
    ) -> Result<Vec<TextAsSeen>, StoreError> {
        if self.target.policy.form == Form::Native {
            return Ok(Vec::new());
        }
        let kept: Kept = serde_json::from_str(&self.memory.checker).unwrap_or_default();
        let mut series: Vec<Publication> = kept.series;
        let last = kept.served.filter(|_| self.is_as_of(until));
        series.extend(last.clone().filter(|served| series.iter().all(|one| !one.is(served))));
        series.retain(|one| one.at <= until);
        let mut texts = Vec::new();
        for one in series {
            let digests = one.digests().iter().map(|hex| hex.0).collect();
            let bodies: Option<Vec<Vec<u8>>> = store.bodies(digests).await?.into_iter().collect();
            let Some(mut bodies) = bodies.filter(|bodies| !bodies.is_empty()) else { continue };
            let text = bodies.remove(0);
            let served_last = last.as_ref().is_some_and(|last| last.is(&one));
            texts.push(TextAsSeen { at: one.at, text, beside: bodies, served_last });
        }
        // What was served last may be kept no more.
        if texts.iter().all(|text| !text.served_last)
            && let Some(newest) = texts.last_mut()
        {
            newest.served_last = true;
        }
        Ok(texts)
    }

    /// Which dialect a target of another format is read as, where that is known.
    pub fn kind(&self) -> Option<Kind> {
        let dialect = self.target.policy.form.dialect()?;
        let kept: Kept = serde_json::from_str(&self.memory.checker).unwrap_or_default();
        dialect.kind().or_else(|| Kind::named(&kept.kind?))
    }

    /// Numbers under which several bodies were served, with the digests.
    pub fn twice(&self) -> BTreeMap<u64, Vec<[u8; 32]>> {
        let mut numbers: BTreeMap<u64, Vec<[u8; 32]>> = BTreeMap::new();
        for one in &self.sightings {
            let number = one.url.rsplit_once("issues/").and_then(|(_, n)| n.parse().ok());
            let Some(number) = number else { continue };
            let found = numbers.entry(number).or_default();
            if !found.contains(&one.digest) {
                found.push(one.digest);
            }
        }
        numbers.retain(|_, digests| digests.len() > 1);
        numbers
    }
}

/// From when to when nobody looked, where a line of a timeline is of that.
fn gap(event: &StoredEvent) -> Option<(i64, i64)> {
    let of_gap = event.kind == EventKind::WatchGap.word();
    let seconds = of_gap.then(|| event.detail.parse::<i64>().ok()).flatten()?;
    Some((event.at, event.at.saturating_add(seconds)))
}

/// A digest as a file's name.
pub fn file_name(digest: [u8; 32]) -> String {
    Digest(digest).to_string().trim_start_matches("sha256:").to_owned()
}
