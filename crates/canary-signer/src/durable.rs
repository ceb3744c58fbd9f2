//! Files that are whole or not there: written beside, made durable, then moved into place.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

/// Who may read a new file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everyone whom the umask lets.
    Shared,
    /// The owner alone: mode 0600 from creation.
    Private,
}

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

/// Reads a file of at most `limit` bytes.
///
/// # Errors
///
/// The system's refusal, or a file that is larger.
pub fn read(path: &Path, limit: u64) -> Result<Vec<u8>, ReadError> {
    let failed = |source| ReadError::Io { path: path.to_owned(), source };
    let file = File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > limit {
        return Err(ReadError::TooLarge { path: path.to_owned(), limit });
    }
    Ok(bytes)
}

/// As [`read()`], with `None` where the file is not there.
///
/// # Errors
///
/// As [`read()`].
pub fn read_if_there(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, ReadError> {
    match read(path, limit) {
        Err(ReadError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok(None),
        other => other.map(Some),
    }
}

/// Puts a file in place of whatever was there. A reader, or a run that is cut short, sees the old
/// file or the new one.
///
/// # Errors
///
/// The system's refusal; the old file is then untouched.
pub fn replace(path: &Path, bytes: &[u8], access: Access) -> Result<(), WriteError> {
    let failed = |source| WriteError { path: path.to_owned(), source };
    let new = written_beside(path, bytes, access).map_err(failed)?;
    new.persist(path).map_err(|error| failed(error.error))?;
    sync_folder(path).map_err(failed)
}

/// Puts a new file in place, and never over another.
///
/// # Errors
///
/// The system's refusal, or `AlreadyExists`; what was there is then untouched.
pub fn create(path: &Path, bytes: &[u8], access: Access) -> Result<(), WriteError> {
    let failed = |source| WriteError { path: path.to_owned(), source };
    let new = written_beside(path, bytes, access).map_err(failed)?;
    new.persist_noclobber(path).map_err(|error| failed(error.error))?;
    sync_folder(path).map_err(failed)
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
        let mut name = std::ffi::OsString::from(".");
        name.push(path.file_name().unwrap_or_default());
        name.push(".lock");
        let path = path.with_file_name(name);
        let lock = || {
            let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path)?;
            file.lock()?;
            Ok(file)
        };
        lock().map(Self).map_err(|source| WriteError { path: path.clone(), source })
    }
}

fn written_beside(path: &Path, bytes: &[u8], access: Access) -> io::Result<NamedTempFile> {
    let mut builder = Builder::new();
    builder.prefix(".canary-");
    permit(&mut builder, access);
    let mut new = builder.tempfile_in(folder_of(path))?;
    new.write_all(bytes)?;
    new.as_file().sync_all()?;
    Ok(new)
}

#[cfg(unix)]
fn permit(builder: &mut Builder<'_, '_>, access: Access) {
    use std::os::unix::fs::PermissionsExt;
    let mode = match access {
        Access::Shared => 0o666,
        Access::Private => 0o600,
    };
    builder.permissions(fs::Permissions::from_mode(mode));
}

/// Elsewhere a file inherits its folder's rules.
#[cfg(not(unix))]
fn permit(_: &mut Builder<'_, '_>, _: Access) {}

#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(folder_of(path))?.sync_all()
}

/// Elsewhere a folder cannot be opened to be synchronised.
#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Makes a folder and those above it.
///
/// # Errors
///
/// The system's refusal.
pub fn make_folder(path: &Path, access: Access) -> Result<(), WriteError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    if access == Access::Private {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    #[cfg(not(unix))]
    let _ = access;
    builder.create(path).map_err(|source| WriteError { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_created_only_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("draft.json");
        create(&path, b"one", Access::Shared).unwrap();
        let again = create(&path, b"two", Access::Shared).unwrap_err();
        assert_eq!(again.source.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(read(&path, 3).unwrap(), b"one");
        replace(&path, b"four", Access::Shared).unwrap();
        assert!(matches!(read(&path, 3), Err(ReadError::TooLarge { limit: 3, .. })));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
        assert!(read_if_there(&folder.path().join("none"), 3).unwrap().is_none());
    }

    #[cfg(unix)]
    #[test]
    fn a_private_file_is_its_owner_s_from_creation() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        create(&path, b"secret", Access::Private).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn one_run_waits_for_the_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("draft.json");
        let held = Lock::of(&path).unwrap();
        let other = OpenOptions::new().write(true).open(folder.path().join(".draft.json.lock"));
        let other = other.unwrap();
        assert!(other.try_lock().is_err());
        drop(held);
        assert!(other.try_lock().is_ok());
    }
}
