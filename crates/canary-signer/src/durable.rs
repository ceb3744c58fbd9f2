//! Files of people and their folders: [`canary_durable`] with the errors of this crate.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

pub use canary_durable::Access;
use canary_durable::Content;

/// A file could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The system refused.
    #[error("cannot read {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is more in it than is ever read.
    #[error("{} is larger than {limit} bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit, in bytes.
        limit: u64,
    },
}

/// A file could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}", path.display())]
pub struct WriteError {
    /// The file.
    pub path: PathBuf,
    /// Why.
    pub source: io::Error,
}

impl WriteError {
    fn of(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self { path: path.to_owned(), source }
    }
}

/// Reads a file of at most `limit` bytes.
///
/// # Errors
///
/// The system's refusal, or a file that is larger.
pub fn read(path: &Path, limit: u64) -> Result<Vec<u8>, ReadError> {
    let absent = || ReadError::Io { path: path.to_owned(), source: io::ErrorKind::NotFound.into() };
    read_if_there(path, limit)?.ok_or_else(absent)
}

/// As [`read()`], with `None` where the file is not there.
///
/// # Errors
///
/// As [`read()`].
pub fn read_if_there(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, ReadError> {
    match canary_durable::read(path, limit) {
        Ok(Content::Bytes(bytes)) => Ok(Some(bytes)),
        Ok(Content::NotThere) => Ok(None),
        Ok(Content::TooLarge) => Err(ReadError::TooLarge { path: path.to_owned(), limit }),
        Err(source) => Err(ReadError::Io { path: path.to_owned(), source }),
    }
}

/// Puts a file in place of whatever was there. A reader, or a run that is cut short, sees the old
/// file or the new one.
///
/// # Errors
///
/// The system's refusal; the old file is then untouched.
pub fn replace(path: &Path, bytes: &[u8], access: Access) -> Result<(), WriteError> {
    canary_durable::replace(path, bytes, access).map_err(WriteError::of(path))
}

/// Puts a new file in place, and never over another.
///
/// # Errors
///
/// The system's refusal, or `AlreadyExists`; what was there is then untouched.
pub fn create(path: &Path, bytes: &[u8], access: Access) -> Result<(), WriteError> {
    canary_durable::create(path, bytes, access).map_err(WriteError::of(path))
}

/// Makes a folder and those above it.
///
/// # Errors
///
/// The system's refusal.
pub fn make_folder(path: &Path, access: Access) -> Result<(), WriteError> {
    canary_durable::create_folder(path, access).map_err(WriteError::of(path))
}

/// Held while a file is replaced: of two runs at once one waits for the other. The system
/// lets go of it when a run ends in any way.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "held for its drop")] File);

impl Lock {
    /// Waits for the lock of this file: a hidden file beside it, `.<name>.lock`.
    ///
    /// # Errors
    ///
    /// The system's refusal.
    pub fn of(path: &Path) -> Result<Self, WriteError> {
        let beside = canary_durable::lock_beside(path);
        canary_durable::lock(path).map(Self).map_err(WriteError::of(&beside))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_or_too_large_is_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("draft.json");
        assert!(read_if_there(&path, 3).unwrap().is_none());
        let absent = read(&path, 3).unwrap_err();
        assert!(
            matches!(absent, ReadError::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
        );
        create(&path, b"four", Access::Shared).unwrap();
        assert!(matches!(read(&path, 3), Err(ReadError::TooLarge { limit: 3, .. })));
    }

    #[test]
    fn one_run_waits_for_the_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("draft.json");
        let held = Lock::of(&path).unwrap();
        let other = canary_durable::lock_file(&folder.path().join(".draft.json.lock")).unwrap();
        assert!(other.try_lock().is_err());
        drop(held);
        assert!(other.try_lock().is_ok());
    }
}
