//! Files that survive a loss of power: whole and new, or whole and old.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

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

/// What there is to read within a limit.
pub(crate) enum Content {
    Bytes(Vec<u8>),
    NotThere,
    TooLarge,
}

/// Writes a file by way of a temporary one in the same folder.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(FileError::of("write", path))?;
    file.write_all(bytes).map_err(FileError::of("write", path))?;
    file.as_file().sync_all().map_err(FileError::of("write", path))?;
    file.persist(path).map_err(|error| FileError::of("replace", path)(error.error))?;
    sync_folder(folder)
}

/// Makes names in a folder durable.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), FileError> {
    // Windows opens no folder as a file, and keeps names with the volume's journal.
    if cfg!(unix) {
        let file = File::open(folder).map_err(FileError::of("open", folder))?;
        file.sync_all().map_err(FileError::of("write", folder))?;
    }
    Ok(())
}

/// Makes a folder and those above it, readable by their owner alone.
pub(crate) fn create_folder(folder: &Path) -> Result<(), FileError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(FileError::of("make the folder", folder))
}

/// Reads a file of at most `limit` bytes.
pub(crate) fn read(path: &Path, limit: u64) -> Result<Content, FileError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Content::NotThere),
        Err(error) => return Err(FileError::of("read", path)(error)),
    };
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes).map_err(FileError::of("read", path))?;
    Ok(if bytes.len() as u64 > limit { Content::TooLarge } else { Content::Bytes(bytes) })
}

/// Opens a lock file, and makes it where it is not there.
pub(crate) fn lock_file(path: &Path) -> Result<File, FileError> {
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false);
    options.open(path).map_err(FileError::of("open", path))
}
