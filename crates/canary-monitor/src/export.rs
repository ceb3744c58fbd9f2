//! What a store holds of one target, so that any verdict can be reached again without a network.

use std::collections::{BTreeMap, HashMap};

use canary_dialects::reading::Kind;
use canary_format::checkpoint::Checkpoint;
use canary_format::digest::Digest;
use canary_format::merkle::{leaf_hash, root};

use crate::dialect::{Kept, Publication};
use crate::evidence::LEAF_LIST;
use crate::form::Form;
use crate::memory::Memory;
use crate::step::EventKind;
use crate::store::{Sighting, Store, StoreError, StoredEvent};
use crate::target::Target;

/// So many ways to put leaves together are tried where several bodies were served under one number.
const MAX_TRIES: usize = 256;

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

/// A native site as it was served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteAsSeen {
    /// The checkpoint.
    pub checkpoint: Vec<u8>,
    /// The leaves that it covers, as far as they are kept.
    pub leaves: Vec<Vec<u8>>,
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

    /// The site as it was served last, up to an instant.
    ///
    /// # Errors
    ///
    /// The store's.
    pub async fn site<S: Store>(
        &self,
        store: &S,
        until: i64,
    ) -> Result<Option<SiteAsSeen>, StoreError> {
        let url = &self.target.url;
        let newest = |name: &str| {
            let at = format!("{url}{name}");
            let seen = self.sightings.iter().filter(|one| one.url == at && one.first <= until);
            seen.max_by_key(|one| (one.last.min(until), one.first)).map(|one| one.digest)
        };
        let Some(checkpoint) = newest("checkpoint") else { return Ok(None) };
        let Some(checkpoint) = store.bodies(vec![checkpoint]).await?.pop().flatten() else {
            return Ok(None);
        };
        let Ok(parsed) = Checkpoint::parse(&checkpoint) else {
            return Ok(Some(SiteAsSeen { checkpoint, leaves: Vec::new() }));
        };
        let choices = self.choices(store, parsed.size(), until).await?;
        let digests: Vec<[u8; 32]> = choices.iter().flatten().copied().collect();
        let bodies = store.bodies(digests.clone()).await?;
        let bodies: HashMap<[u8; 32], Vec<u8>> = (digests.into_iter().zip(bodies))
            .filter_map(|(digest, body)| Some((digest, body?)))
            .collect();
        let fits = |picked: &[[u8; 32]]| {
            let hashes: Option<Vec<_>> = picked
                .iter()
                .map(|digest| bodies.get(digest).map(|leaf| leaf_hash(leaf)))
                .collect();
            hashes.is_some_and(|hashes| root(&hashes) == parsed.root())
        };
        let picked = pick(&choices, fits);
        let leaves = picked.iter().map_while(|digest| bodies.get(digest).cloned()).collect();
        Ok(Some(SiteAsSeen { checkpoint, leaves }))
    }

    /// For each number, the digests of the leaves that may be meant, the likeliest first.
    async fn choices<S: Store>(
        &self,
        store: &S,
        size: u64,
        until: i64,
    ) -> Result<Vec<Vec<[u8; 32]>>, StoreError> {
        let list_url = format!("{}{LEAF_LIST}", self.target.url);
        let mut lists: Vec<&Sighting> =
            self.sightings.iter().filter(|one| one.url == list_url && one.first <= until).collect();
        lists.sort_by_key(|one| std::cmp::Reverse(one.first));
        let digests = lists.iter().take(8).map(|one| one.digest).collect();
        let lists: Vec<Vec<u8>> = store.bodies(digests).await?.into_iter().flatten().collect();
        let mut choices = Vec::new();
        for number in 1..=size {
            let place = usize::try_from(number - 1).unwrap_or(usize::MAX);
            let mut found: Vec<[u8; 32]> = Vec::new();
            let listed = lists.iter().filter_map(|list| list.as_chunks::<32>().0.get(place));
            let at = format!("{}issues/{number}", self.target.url);
            let mut seen: Vec<&Sighting> =
                self.sightings.iter().filter(|one| one.url == at && one.first <= until).collect();
            seen.sort_by_key(|one| std::cmp::Reverse(one.last.min(until)));
            for digest in listed.copied().chain(seen.into_iter().map(|one| one.digest)) {
                if !found.contains(&digest) {
                    found.push(digest);
                }
            }
            if found.is_empty() {
                break;
            }
            choices.push(found);
        }
        Ok(choices)
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
        let last = kept.served.filter(|served| series.iter().all(|one| !one.is(served)));
        series.extend(last);
        let mut texts = Vec::new();
        for one in series.into_iter().filter(|one| one.at <= until) {
            let digests = one.digests().iter().map(|hex| hex.0).collect();
            let bodies: Option<Vec<Vec<u8>>> = store.bodies(digests).await?.into_iter().collect();
            let Some(mut bodies) = bodies.filter(|bodies| !bodies.is_empty()) else { continue };
            let text = bodies.remove(0);
            texts.push(TextAsSeen { at: one.at, text, beside: bodies });
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

/// One digest for each number: those that give the checkpoint's root, where there are such.
fn pick(choices: &[Vec<[u8; 32]>], fits: impl Fn(&[[u8; 32]]) -> bool) -> Vec<[u8; 32]> {
    let likeliest: Vec<[u8; 32]> = choices.iter().map(|found| found[0]).collect();
    let open: Vec<usize> = (0..choices.len()).filter(|at| choices[*at].len() > 1).collect();
    let mut turn = vec![0; open.len()];
    for _ in 0..MAX_TRIES {
        let mut picked = likeliest.clone();
        for (at, choice) in open.iter().zip(&turn) {
            picked[*at] = choices[*at][*choice];
        }
        if fits(&picked) {
            return picked;
        }
        // The next combination, as an odometer turns.
        let mut wheel = 0;
        while wheel < open.len() {
            turn[wheel] += 1;
            if turn[wheel] < choices[open[wheel]].len() {
                break;
            }
            turn[wheel] = 0;
            wheel += 1;
        }
        if wheel == open.len() {
            break;
        }
    }
    likeliest
}

/// A digest as a file's name.
pub fn file_name(digest: [u8; 32]) -> String {
    Digest(digest).to_string().trim_start_matches("sha256:").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_leaves_that_give_the_root_are_picked() {
        let [a, b, c, d] = [1_u8, 2, 3, 4].map(|n| [n; 32]);
        let choices = vec![vec![a], vec![b, c], vec![d, a]];
        let wanted = vec![a, c, a];
        assert_eq!(pick(&choices, |picked| picked == wanted), wanted);
        assert_eq!(pick(&choices, |_| false), vec![a, b, d], "else the likeliest");
    }
}
