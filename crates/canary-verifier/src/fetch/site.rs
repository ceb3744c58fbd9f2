//! A static site: the checkpoint, then the leaves that it covers (`format.md` §6).

use canary_format::checkpoint::{Checkpoint, MAX_CHECKPOINT, MAX_LEAVES};
use canary_format::envelope::MAX_ENVELOPE;
use canary_format::layout::{CHECKPOINT, issue_path};
use canary_format::merkle::{leaf_hash, root};
use canary_format::refusal::Refusal;
use canary_format::tile::{TILE_WIDTH, Tile, max_bundle, parse_bundle};
use canary_format::time::Timestamp;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::request::{Answer, Ask, Visit};
use super::{Change, Fetched, Hints, Known};
use crate::evidence::{Evidence, Mirror, Obtained, Site, Source};
use crate::state::CachedCheckpoint;
use crate::target::Prefix;

/// What came of one site.
pub(super) struct Visited {
    pub(super) site: Site,
    pub(super) checkpoint: Option<CachedCheckpoint>,
    pub(super) change: Change,
    pub(super) hints: Hints,
}

/// Where leaves are read from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum From {
    Bundles,
    Issues,
}

/// Why there are no leaves.
enum NoLeaves {
    /// The host answered 404 or 410 for an object that the checkpoint says is there.
    Absent(String),
    Unreachable(String),
    Refused(Refusal),
}

impl Visit<'_> {
    pub(super) async fn site(&self, prefix: &Prefix, known: Known<'_>) -> Visited {
        let answer = self.first(prefix, known.checkpoint).await;
        self.rest(prefix, known, answer).await
    }

    /// The answer for the checkpoint, asked for conditionally where one is known.
    pub(super) async fn first(&self, prefix: &Prefix, known: Option<&CachedCheckpoint>) -> Answer {
        let ask = known.map_or(Ask::Plain, |cached| Ask::IfChanged(&cached.validators));
        self.checkpoint(prefix, ask).await
    }

    /// What follows from it.
    pub(super) async fn rest(&self, prefix: &Prefix, known: Known<'_>, answer: Answer) -> Visited {
        let (mut received, change, hints) = match answer {
            Answer::Body { bytes, validators, hints } => {
                let same = known.checkpoint.is_some_and(|cached| cached.bytes == bytes);
                let change = if same { Change::None } else { Change::Some };
                (CachedCheckpoint { bytes, validators }, change, hints)
            }
            Answer::Unchanged { hints } => {
                // Only a conditional request is answered so, and only a known checkpoint makes one.
                let cached = known.checkpoint.cloned();
                (cached.expect("a conditional request has a known checkpoint"), Change::None, hints)
            }
            answer => return Visited::without(answer),
        };
        let held = known.seen.map_or(&[][..], |seen| &seen.leaves);
        let mut leaves = self.leaves(prefix, &received, held, From::Bundles).await;
        if let Err(NoLeaves::Absent(_)) = leaves {
            // The tree may have grown while a cache kept the checkpoint.
            if let Answer::Body { bytes, validators, .. } =
                self.checkpoint(prefix, Ask::PastCaches).await
                && bytes != received.bytes
            {
                received = CachedCheckpoint { bytes, validators };
                leaves = self.leaves(prefix, &received, held, From::Bundles).await;
            }
            if let Err(NoLeaves::Absent(_)) = leaves {
                leaves = self.leaves(prefix, &received, held, From::Issues).await;
            }
        }
        let leaves = match leaves {
            Ok(leaves) => Obtained::Got(leaves),
            Err(NoLeaves::Absent(path)) => {
                Obtained::Unreachable(format!("the checkpoint covers {path}, which is not served"))
            }
            Err(NoLeaves::Unreachable(words)) => Obtained::Unreachable(words),
            Err(NoLeaves::Refused(refusal)) => Obtained::Refused(refusal),
        };
        let change = match known.checkpoint {
            Some(cached) if cached.bytes == received.bytes => change,
            _ => Change::Some,
        };
        let checkpoint = Obtained::Got(received.bytes.clone());
        Visited { site: Site { checkpoint, leaves }, checkpoint: Some(received), change, hints }
    }

    async fn checkpoint(&self, prefix: &Prefix, ask: Ask<'_>) -> Answer {
        self.get(prefix.join(CHECKPOINT), MAX_CHECKPOINT as u64, ask).await
    }

    /// The leaves under a checkpoint; those held are used where they lead to its root.
    async fn leaves(
        &self,
        prefix: &Prefix,
        received: &CachedCheckpoint,
        held: &[Vec<u8>],
        from: From,
    ) -> Result<Vec<Vec<u8>>, NoLeaves> {
        let Ok(checkpoint) = Checkpoint::parse(&received.bytes) else {
            // It says nothing about leaves; the judge names the rule that it breaks.
            return Ok(Vec::new());
        };
        if checkpoint.size() > MAX_LEAVES {
            return Err(NoLeaves::Refused(Refusal::TooMany {
                what: "leaves in the log",
                limit: MAX_LEAVES,
            }));
        }
        if !held.is_empty() {
            let leaves = self.extend(prefix, held, checkpoint.size(), from).await?;
            if is_tree(&leaves, &checkpoint).await {
                return Ok(leaves);
            }
        }
        self.extend(prefix, &[], checkpoint.size(), from).await
    }

    /// Leaves 0 to `size`: those held, then what the site serves.
    async fn extend(
        &self,
        prefix: &Prefix,
        held: &[Vec<u8>],
        size: u64,
        from: From,
    ) -> Result<Vec<Vec<u8>>, NoLeaves> {
        let count = held.len() as u64;
        if count >= size {
            return Ok(held.iter().take(index(size)).cloned().collect());
        }
        let concurrency = self.fetcher.limits.concurrency.max(1);
        match from {
            From::Bundles => {
                let first = count / TILE_WIDTH;
                let tiles: Vec<Tile> =
                    Tile::of_level(size, 0).filter(|tile| tile.index >= first).collect();
                let bundles: Vec<Vec<Vec<u8>>> = stream::iter(tiles)
                    .map(|tile| self.bundle(prefix, tile))
                    .buffered(concurrency)
                    .try_collect()
                    .await?;
                let kept = held.iter().take(index(first * TILE_WIDTH)).cloned();
                Ok(kept.chain(bundles.into_iter().flatten()).collect())
            }
            From::Issues => {
                let new: Vec<Vec<u8>> = stream::iter(count + 1..=size)
                    .map(|number| self.issue(prefix, number))
                    .buffered(concurrency)
                    .try_collect()
                    .await?;
                Ok(held.iter().cloned().chain(new).collect())
            }
        }
    }

    async fn bundle(&self, prefix: &Prefix, tile: Tile) -> Result<Vec<Vec<u8>>, NoLeaves> {
        let path = tile.entries_path();
        let limit = max_bundle(tile.width);
        match self.object(prefix, &path, limit, "an entry bundle").await {
            Err(NoLeaves::Absent(_)) if tile.width < TILE_WIDTH => {}
            bytes => return parse_bundle(&bytes?, tile.width, &path).map_err(NoLeaves::Refused),
        }
        let (path, limit) = (tile.full().entries_path(), max_bundle(TILE_WIDTH));
        let bytes = self.object(prefix, &path, limit, "an entry bundle").await?;
        let mut entries = parse_bundle(&bytes, TILE_WIDTH, &path).map_err(NoLeaves::Refused)?;
        entries.truncate(index(tile.width));
        Ok(entries)
    }

    async fn issue(&self, prefix: &Prefix, number: u64) -> Result<Vec<u8>, NoLeaves> {
        self.object(prefix, &issue_path(number), MAX_ENVELOPE as u64, "an envelope").await
    }

    async fn object(
        &self,
        prefix: &Prefix,
        path: &str,
        limit: u64,
        what: &'static str,
    ) -> Result<Vec<u8>, NoLeaves> {
        match self.get(prefix.join(path), limit, Ask::Plain).await {
            Answer::Body { bytes, .. } => Ok(bytes),
            Answer::Missing => Err(NoLeaves::Absent(path.to_owned())),
            Answer::TooLarge => Err(NoLeaves::Refused(too_large(what, limit))),
            Answer::BudgetSpent => {
                Err(NoLeaves::Refused(too_large("the site", self.fetcher.limits.site_bytes)))
            }
            Answer::Unreachable { words, .. } => {
                Err(NoLeaves::Unreachable(format!("{path}: {words}")))
            }
            Answer::Unchanged { .. } => {
                Err(NoLeaves::Unreachable(format!("{path}: answered with status 304")))
            }
        }
    }
}

impl Visited {
    pub(super) fn fetched(self, target: &Prefix, mirrors: Vec<Mirror>, now: Timestamp) -> Fetched {
        let url = Some(target.to_string());
        let source = Source::Site(self.site);
        Fetched {
            evidence: Evidence { url, obtained_at: now, source, mirrors },
            checkpoint: self.checkpoint,
            change: self.change,
            hints: self.hints,
        }
    }

    /// There is no checkpoint, so there are no leaves to look at.
    fn without(answer: Answer) -> Self {
        let hints = answer.hints();
        let checkpoint = match answer {
            Answer::Missing => Obtained::Missing,
            Answer::TooLarge => {
                Obtained::Refused(too_large("the checkpoint", MAX_CHECKPOINT as u64))
            }
            Answer::BudgetSpent => Obtained::Refused(too_large("the site", MAX_CHECKPOINT as u64)),
            Answer::Unreachable { words, .. } => Obtained::Unreachable(words),
            Answer::Body { .. } | Answer::Unchanged { .. } => {
                Obtained::Unreachable("an answer out of turn".to_owned())
            }
        };
        let site = Site { checkpoint, leaves: Obtained::Missing };
        Self { site, checkpoint: None, change: Change::Some, hints }
    }
}

/// Whether the leaves give the checkpoint's root. Hashing stops between bundles to let others run.
async fn is_tree(leaves: &[Vec<u8>], checkpoint: &Checkpoint) -> bool {
    let mut hashes = Vec::with_capacity(leaves.len());
    for bundle in leaves.chunks(index(TILE_WIDTH)) {
        hashes.extend(bundle.iter().map(|leaf| leaf_hash(leaf)));
        tokio::task::yield_now().await;
    }
    hashes.len() as u64 == checkpoint.size() && root(&hashes) == checkpoint.root()
}

fn too_large(what: &'static str, limit: u64) -> Refusal {
    Refusal::TooLarge { what, limit: index(limit) }
}

/// Sizes here are at most those of the format, far below 2^31.
fn index(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}
