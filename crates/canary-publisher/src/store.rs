//! Where a site is kept: a small set of operations, the same for every kind of host.

mod directory;

use std::io;
use std::path::PathBuf;

pub use self::directory::Directory;
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

    /// Puts the checkpoint, after everything that was put before is there, and only where the one
    /// there is still `held`.
    ///
    /// # Errors
    ///
    /// [`StoreError::Moved`] where another run changed it meanwhile.
    fn put_checkpoint(&mut self, bytes: &[u8], held: Option<&[u8]>) -> Result<(), StoreError>;
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
    /// Another run changed the checkpoint meanwhile.
    #[error("the checkpoint was changed by another run")]
    Moved,
}
