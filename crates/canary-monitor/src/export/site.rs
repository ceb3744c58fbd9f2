//! A native site as it was served last.

use std::collections::HashMap;

use canary_format::checkpoint::{Checkpoint, LineCheck};
use canary_format::envelope::Envelope;
use canary_format::issue::Issue;
use canary_format::merkle::{TreeHash, leaf_hash, root};

use super::Holding;
use crate::evidence::LEAF_LIST;
use crate::native::rests_on;
use crate::store::{Sighting, Store, StoreError};

/// So many ways to put leaves together are tried where several bodies were served under one number.
const MAX_TRIES: usize = 256;
/// So many checkpoints, the newest first, are looked at for the largest of a tree.
const MAX_CHECKPOINTS: usize = 256;

/// A native site as it was served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteAsSeen {
    /// The checkpoint.
    pub checkpoint: Vec<u8>,
    /// The leaves that it covers, as far as they are kept.
    pub leaves: Vec<Vec<u8>>,
}

impl Holding {
    /// The site as it was served last, up to an instant; where that was an older copy of the tree that the
    /// state rests on, the largest of that tree that was served until then: an older one takes nothing back.
    ///
    /// # Errors
    ///
    /// The store's.
    pub async fn site<S: Store>(
        &self,
        store: &S,
        until: i64,
    ) -> Result<Option<SiteAsSeen>, StoreError> {
        let at = format!("{}checkpoint", self.target.url);
        let seen = self.sightings.iter().filter(|one| one.url == at && one.first <= until);
        let Some(last) = seen.max_by_key(|one| (known(one, until), one.first)) else {
            return Ok(None);
        };
        let Some(last) = store.bodies(vec![last.digest]).await?.pop().flatten() else {
            return Ok(None);
        };
        let Ok(parsed) = Checkpoint::parse(&last) else {
            return Ok(Some(SiteAsSeen { checkpoint: last, leaves: Vec::new() }));
        };
        let (parsed, checkpoint) = match self.larger(store, &parsed, until).await? {
            Some(larger) => larger,
            None => (parsed, last),
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

    /// The largest tree served up to an instant, where this one and that are of the tree that the state
    /// rests on, and this one is smaller.
    async fn larger<S: Store>(
        &self,
        store: &S,
        last: &Checkpoint,
        until: i64,
    ) -> Result<Option<(Checkpoint, Vec<u8>)>, StoreError> {
        let Some((list, newest)) = rests_on(&self.memory) else { return Ok(None) };
        let Some(list) = store.bodies(vec![list]).await?.pop().flatten() else { return Ok(None) };
        let leaves = store.bodies(list.as_chunks::<32>().0.to_vec()).await?;
        let leaves: Option<Vec<Vec<u8>>> = leaves.into_iter().collect();
        let Some(leaves) = leaves else { return Ok(None) };
        let hashes: Vec<TreeHash> = leaves.iter().map(|leaf| leaf_hash(leaf)).collect();
        let is_of_tree = |one: &Checkpoint| {
            let size = usize::try_from(one.size()).unwrap_or(usize::MAX);
            let signed = || {
                let envelope = Envelope::parse(leaves.get(size.checked_sub(1)?)?).ok()?;
                let issue = Issue::parse(envelope.payload()).ok()?;
                Some(one.check_signature(&issue.log.key) == LineCheck::Verifies(()))
            };
            hashes.get(..size).is_some_and(|part| root(part) == one.root())
                && signed() == Some(true)
        };
        if !is_of_tree(last) {
            return Ok(None);
        }
        let at = format!("{}checkpoint", self.target.url);
        let mut seen: Vec<&Sighting> = (self.sightings.iter())
            .filter(|one| (one.url == at || Some(one.digest) == newest) && one.first <= until)
            .collect();
        seen.sort_by_key(|one| std::cmp::Reverse(one.first));
        let digests = seen.iter().take(MAX_CHECKPOINTS).map(|one| one.digest).collect();
        let mut largest: Option<(Checkpoint, Vec<u8>)> = None;
        for bytes in store.bodies(digests).await?.into_iter().flatten() {
            let Ok(one) = Checkpoint::parse(&bytes) else { continue };
            // Of several of one size, the one that came last.
            let least = largest.as_ref().map_or(last.size(), |(largest, _)| largest.size());
            if one.size() > least && is_of_tree(&one) {
                largest = Some((one, bytes));
            }
        }
        Ok(largest)
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
            seen.sort_by_key(|one| std::cmp::Reverse(known(one, until)));
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
}

/// When a body is last known to have been served, up to an instant: of what was served later too, only the
/// first time is.
fn known(one: &Sighting, until: i64) -> i64 {
    if one.last <= until { one.last } else { one.first }
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
