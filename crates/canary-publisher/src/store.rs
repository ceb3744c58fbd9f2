//! Where a site is kept: a small set of operations, the same for every kind of host.

mod directory;
mod git;
mod preview;
mod s3;
mod sftp;

use std::io;
use std::path::PathBuf;

use canary_format::checkpoint::{Checkpoint, MAX_CHECKPOINT};
use canary_format::layout::CHECKPOINT;
use canary_format::tile::{TILE_WIDTH, Tile, max_bundle, parse_bundle};
use canary_verifier::evidence::{Obtained, Site};

pub use self::directory::Directory;
pub use self::git::Git;
pub use self::preview::Preview;
pub use self::s3::{S3, S3Place};
pub use self::sftp::Sftp;
use crate::site::SiteFile;

/// A place that holds a site. One value serves one run; it may hold a lock until it is dropped.
///
/// A store may keep files back until [`Store::put_checkpoint`]: what counts is that a reader never
/// finds a checkpoint whose immutable files are not there.
pub trait Store {
    /// The place, as people write it; without credentials.
    fn place(&self) -> String;

    /// Reads a file of at most `limit` bytes; `None` where there is none.
    ///
    /// # Errors
    ///
    /// Where it cannot be read or is larger.
    fn read(&mut self, path: &str, limit: usize) -> Result<Option<Vec<u8>>, StoreError>;

    /// Puts a file that never changes. One with the same bytes may be there already.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] where other bytes are there; those stay.
    fn put_immutable(&mut self, file: &SiteFile) -> Result<Put, StoreError>;

    /// Puts a file in place of any other.
    ///
    /// # Errors
    ///
    /// Where it cannot be written; the earlier one stays.
    fn put_copy(&mut self, file: &SiteFile) -> Result<Put, StoreError>;

    /// Puts files in place of any others; one that is there with the same bytes is left alone. Says what
    /// was done with each.
    ///
    /// # Errors
    ///
    /// Where one cannot be written.
    fn put_copies(&mut self, files: &[SiteFile]) -> Result<Vec<Put>, StoreError> {
        let unlike = self.unlike(files)?;
        let put = |(file, unlike): (&SiteFile, bool)| {
            if unlike { self.put_copy(file) } else { Ok(Put::Unchanged) }
        };
        files.iter().zip(unlike).map(put).collect()
    }

    /// Puts the checkpoint, after everything that was put before is there, and only where the one
    /// there is still `held`.
    ///
    /// # Errors
    ///
    /// [`StoreError::Moved`] where another run changed it meanwhile.
    fn put_checkpoint(&mut self, bytes: &[u8], held: Option<&[u8]>) -> Result<(), StoreError>;

    /// Something about each of these files that changes whenever it is written, found without reading
    /// it; `None` for one that is not there. `None` in all where the place cannot tell.
    ///
    /// # Errors
    ///
    /// Where the place cannot be looked at.
    fn marks(&mut self, _paths: &[String]) -> Result<Option<Vec<Option<String>>>, StoreError> {
        Ok(None)
    }

    /// Whether the place holds other bytes than these, or nothing, for each file.
    ///
    /// # Errors
    ///
    /// Where it cannot be read.
    fn unlike(&mut self, files: &[SiteFile]) -> Result<Vec<bool>, StoreError> {
        let unlike = |file: &SiteFile| match self.read(&file.path, file.bytes.len()) {
            Ok(held) => Ok(held.as_ref() != Some(&file.bytes)),
            Err(StoreError::TooLarge { .. }) => Ok(true),
            Err(error) => Err(error),
        };
        files.iter().map(unlike).collect()
    }

    /// Reads the leaves of a tree of `size`, but the first `skipped`; `None` where they are not all
    /// there.
    ///
    /// # Errors
    ///
    /// Where the place cannot be read.
    fn read_leaves(&mut self, size: u64, skipped: u64) -> Result<Option<Vec<Vec<u8>>>, StoreError> {
        let first = skipped / TILE_WIDTH;
        let Obtained::Got(leaves) = read_leaves(self, size, first)? else { return Ok(None) };
        let within = usize::try_from(skipped % TILE_WIDTH).unwrap_or(0);
        Ok(leaves.get(within..).map(<[Vec<u8>]>::to_vec))
    }

    /// Reads what a verifier takes: the checkpoint and every leaf that it covers.
    ///
    /// # Errors
    ///
    /// Where the place cannot be read. What is missing or malformed is part of the evidence.
    fn read_site(&mut self) -> Result<Site, StoreError> {
        let Some(bytes) = self.read(CHECKPOINT, MAX_CHECKPOINT)? else {
            return Ok(Site { checkpoint: Obtained::Missing, leaves: Obtained::Missing });
        };
        let leaves = match Checkpoint::parse(&bytes) {
            Ok(checkpoint) => read_leaves(self, checkpoint.size(), 0)?,
            Err(refusal) => Obtained::Refused(refusal),
        };
        Ok(Site { checkpoint: Obtained::Got(bytes), leaves })
    }
}

fn read_leaves<S: Store + ?Sized>(
    store: &mut S,
    size: u64,
    first: u64,
) -> Result<Obtained<Vec<Vec<u8>>>, StoreError> {
    let mut leaves = Vec::new();
    for tile in Tile::of_level(size, 0).filter(|tile| tile.index >= first) {
        let path = tile.entries_path();
        let limit = usize::try_from(max_bundle(tile.width)).unwrap_or(usize::MAX);
        let Some(bytes) = store.read(&path, limit)? else { return Ok(Obtained::Missing) };
        match parse_bundle(&bytes, tile.width, &path) {
            Ok(entries) => leaves.extend(entries),
            Err(refusal) => return Ok(Obtained::Refused(refusal)),
        }
    }
    Ok(Obtained::Got(leaves))
}

/// What putting a file did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// It was written, or is kept to be written with the checkpoint.
    Written,
    /// The same bytes were there.
    Unchanged,
}

/// Why a store failed. No variant holds a credential.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The system or the host refused.
    #[error("{} cannot be {}", path.display(), action)]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Written, read, locked.
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// Another run holds the place.
    #[error("{} is in use by another run", path.display())]
    Busy {
        /// The folder.
        path: PathBuf,
    },
    /// A file is larger than its kind can be.
    #[error("{path} is larger than {limit} bytes")]
    TooLarge {
        /// The path below the site's prefix.
        path: String,
        /// The limit, in bytes.
        limit: usize,
    },
    /// Other bytes are published under a path that never changes.
    #[error("{path} is published with other bytes")]
    Conflict {
        /// The path below the site's prefix.
        path: String,
    },
    /// A program of the system cannot be run.
    #[error("{program} cannot be run")]
    Program {
        /// Its name.
        program: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The host, or the program that talks to it, refused.
    #[error("{place}: {action} failed: {said}")]
    Remote {
        /// The place, without credentials.
        place: String,
        /// What was tried.
        action: &'static str,
        /// What was said.
        said: String,
    },
    /// The host cannot be reached just now.
    #[error("{place} cannot be reached: {said}")]
    Unreachable {
        /// The place, without credentials.
        place: String,
        /// How it failed.
        said: String,
    },
    /// The bucket or repository is not there.
    #[error("{place} is not there: {said}")]
    Absent {
        /// The place, without credentials.
        place: String,
        /// What was said.
        said: String,
    },
    /// The address of a store is not one.
    #[error("{place}: the endpoint {endpoint:?} is no URL: {said}")]
    Endpoint {
        /// The place, without credentials.
        place: String,
        /// What was given.
        endpoint: String,
        /// What is wrong with it.
        said: String,
    },
    /// The key by which a host shows that it is that host is not known here, or is another one.
    #[error("{place}: the host shows a key that is not known here")]
    HostKey {
        /// The place, without credentials.
        place: String,
    },
    /// There are no credentials, or the host refuses them.
    #[error("{place}: {said}")]
    Credentials {
        /// The place, without credentials.
        place: String,
        /// What was said.
        said: String,
    },
    /// The store does not honour conditional writes: two runs could overwrite each other.
    #[error("{place} does not honour conditional writes: {said}")]
    Unconditional {
        /// The place.
        place: String,
        /// How that showed.
        said: String,
    },
    /// Another run changed the checkpoint meanwhile.
    #[error("the checkpoint was changed by another run")]
    Moved,
}
