//! Files of ours: [`canary_durable`] with the error of this crate. All of them are their owner's alone.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use canary_durable::Access;
pub(crate) use canary_durable::Content;

/// A file of ours could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("could not {doing} {}", path.display())]
pub struct FileError {
    /// What was being done.
    pub doing: &'static str,
    /// With which file or folder.
    pub path: PathBuf,
    /// What the system said.
    #[source]
    pub source: io::Error,
}

impl FileError {
    pub(crate) fn of(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self { doing, path: path.to_owned(), source }
    }
}

/// Puts a file in place of whatever was there, durably.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    canary_durable::replace(path, bytes, Access::Private).map_err(FileError::of("write", path))
}

/// Makes names in a folder durable.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), FileError> {
    canary_durable::sync_folder(folder).map_err(FileError::of("write", folder))
}

/// Makes a folder and those above it.
pub(crate) fn create_folder(folder: &Path) -> Result<(), FileError> {
    canary_durable::create_folder(folder, Access::Private)
        .map_err(FileError::of("make the folder", folder))
}

/// Reads a file of at most `limit` bytes.
pub(crate) fn read(path: &Path, limit: u64) -> Result<Content, FileError> {
    canary_durable::read(path, limit).map_err(FileError::of("read", path))
}

/// Opens a lock file, and makes it where it is not there.
pub(crate) fn lock_file(path: &Path) -> Result<File, FileError> {
    canary_durable::lock_file(path).map_err(FileError::of("open", path))
}
