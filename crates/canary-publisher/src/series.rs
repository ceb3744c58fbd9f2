//! A series as the publisher holds it: every envelope, in order, and the tree over them
//! (`format.md` §5).

use std::borrow::Cow;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use canary_format::envelope::{Envelope, MAX_ENVELOPE};
use canary_format::issue::Issue;
use canary_format::layout::canary_path;
use canary_format::merkle::{TreeHash, leaf_hash};
use canary_format::refusal::Refusal;
use canary_format::tile::Tile;

use crate::tree::Tree;

/// Every leaf of a series, in order. Nothing in it has been verified.
///
/// The newest envelopes are at hand; earlier ones may be in the publisher's folder, from where they are
/// read when they are asked for, and held against their leaf.
#[derive(Debug, Clone, Default)]
pub struct Series {
    tree: Tree,
    at_hand: Vec<Envelope>,
    folder: Option<PathBuf>,
}

/// Why an envelope of the series cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SeriesError {
    /// Its file cannot be read.
    #[error("{} cannot be read", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Its file is not the leaf that it was.
    #[error("{} is not what it was when it was published", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
}

impl Series {
    /// The series of these envelopes.
    pub fn new(envelopes: Vec<Envelope>) -> Self {
        let tree = Tree::new(envelopes.iter().map(|envelope| leaf_hash(envelope.bytes())));
        Self { tree, at_hand: envelopes, folder: None }
    }

    /// The series of these leaves, whose envelopes are in a publisher's folder.
    ///
    /// # Errors
    ///
    /// Where the newest one is not there as it was.
    pub(crate) fn resume(leaves: Vec<TreeHash>, folder: &Path) -> Result<Self, SeriesError> {
        let tree = Tree::new(leaves);
        let mut series = Self { tree, at_hand: Vec::new(), folder: Some(folder.to_owned()) };
        let newest = series.envelope(series.size())?.map(Cow::into_owned);
        series.at_hand.extend(newest);
        Ok(series)
    }

    /// Adds the next leaf.
    pub fn push(&mut self, envelope: Envelope) {
        self.tree.push(leaf_hash(envelope.bytes()));
        self.at_hand.push(envelope);
    }

    /// How many leaves.
    pub fn size(&self) -> u64 {
        self.leaves().len() as u64
    }

    /// Every envelope, in order.
    pub fn envelopes(&self) -> impl Iterator<Item = Result<Cow<'_, Envelope>, SeriesError>> {
        (1..=self.size()).filter_map(|number| self.envelope(number).transpose())
    }

    /// The hashes of the leaves, in order.
    pub fn leaves(&self) -> &[TreeHash] {
        self.tree.leaves()
    }

    /// The root of the tree over the first `size` leaves; `None` where there are not so many.
    pub fn root_at(&self, size: u64) -> Option<TreeHash> {
        self.tree.root_at(usize::try_from(size).ok()?)
    }

    /// The root of the whole tree.
    pub fn root(&self) -> TreeHash {
        self.tree.root_at(self.leaves().len()).expect("the size of the tree itself")
    }

    /// The envelope of an issue; `None` where the series has no such issue.
    ///
    /// # Errors
    ///
    /// Where its file cannot be read, or is not what it was.
    pub fn envelope(&self, number: u64) -> Result<Option<Cow<'_, Envelope>>, SeriesError> {
        let index = number.checked_sub(1).and_then(|index| usize::try_from(index).ok());
        let Some((index, leaf)) = index.and_then(|at| Some((at, self.leaves().get(at)?))) else {
            return Ok(None);
        };
        let elsewhere = self.leaves().len() - self.at_hand.len();
        match (index.checked_sub(elsewhere), &self.folder) {
            (Some(at), _) => Ok(self.at_hand.get(at).map(Cow::Borrowed)),
            (None, Some(folder)) => read(&folder.join(canary_path(number)), *leaf).map(Some),
            (None, None) => Ok(None),
        }
    }

    /// The newest envelope.
    pub fn newest(&self) -> Option<&Envelope> {
        self.at_hand.last()
    }

    /// Reads the newest issue.
    ///
    /// # Errors
    ///
    /// Where its payload breaks a rule of the format. `None` where there is no issue.
    pub fn newest_issue(&self) -> Option<Result<Issue, Refusal>> {
        self.newest().map(|envelope| Issue::parse(envelope.payload()))
    }

    /// The inclusion proof of a leaf, from the leaf's sibling upward.
    pub(crate) fn proof(&self, index: u64) -> Vec<TreeHash> {
        let index = usize::try_from(index).unwrap_or(usize::MAX);
        self.tree.proof(index).unwrap_or_default()
    }

    /// The bytes of a hash tile of the tree.
    pub(crate) fn hash_tile(&self, level: u32, tile: Tile) -> Vec<u8> {
        self.tree.hash_tile(level, tile)
    }
}

fn read(path: &Path, leaf: TreeHash) -> Result<Cow<'static, Envelope>, SeriesError> {
    let changed = || SeriesError::Changed { path: path.to_owned() };
    let mut bytes = Vec::new();
    canary_durable::open_regular(path)
        .and_then(|file| file.take(MAX_ENVELOPE as u64 + 1).read_to_end(&mut bytes))
        .map_err(|source| SeriesError::Io { path: path.to_owned(), source })?;
    if leaf_hash(&bytes) != leaf {
        return Err(changed());
    }
    Envelope::parse(&bytes).map(Cow::Owned).map_err(|_| changed())
}
