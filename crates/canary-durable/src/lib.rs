//! Files that are whole or not there, whenever a reader looks and whenever power fails.
//!
//! A file is written beside its place, made durable, moved into place, and its folder made durable.
//! A run that is killed leaves the old file or the new one, and perhaps a temporary file that
//! [`remove_temporary`] takes away.
//!
//! ```
//! use canary_durable::{Access, Content, read, replace};
//! # fn main() -> std::io::Result<()> {
//! # let folder = tempfile::tempdir()?;
//! let path = folder.path().join("pins");
//! replace(&path, b"one\n", Access::Private)?;
//! assert_eq!(read(&path, 64)?, Content::Bytes(b"one\n".to_vec()));
//! # Ok(())
//! # }
//! ```
//!
//! Not shown by a return: that the disk itself keeps what it says it has written.

#![forbid(unsafe_code)]

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

/// How temporary files begin. A killed run leaves one behind; the next one may remove it.
pub const TEMPORARY: &str = ".canary-tmp-";

/// Who may read a new file or folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everyone whom the umask lets.
    Shared,
    /// Everyone, whatever the umask: mode 0644, folders 0755. Elsewhere than on Unix as [`Access::Shared`].
    Public,
    /// The owner alone, from creation: mode 0600, folders 0700. Elsewhere than on Unix a file has
    /// the rules of its folder.
    Private,
}

/// What there is to read within a limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// The whole file.
    Bytes(Vec<u8>),
    /// There is no such file.
    NotThere,
    /// There is more in it than the limit; nothing of it is given.
    TooLarge,
}

/// Reads a file of at most `limit` bytes; no more than that is ever held.
///
/// # Errors
///
/// The system's, but for a file that is not there.
pub fn read(path: &Path, limit: u64) -> io::Result<Content> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Content::NotThere),
        opened => opened?,
    };
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes)?;
    Ok(if bytes.len() as u64 > limit { Content::TooLarge } else { Content::Bytes(bytes) })
}

/// Opens a regular file for reading, and nothing else: opening or reading a pipe or a device could take
/// for ever.
///
/// # Errors
///
/// The system's; `InvalidInput` where something else than a file is there.
pub fn open_regular(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true);
    #[cfg(unix)]
    {
        // Without it, opening a pipe waits for somebody who writes. To a file it is nothing.
        let at_once = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
        std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, at_once);
    }
    let file = options.open(path)?;
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no file")),
    }
}

/// Puts a file in place of whatever was there, durably.
///
/// # Errors
///
/// The system's; the old file is then as it was.
pub fn replace(path: &Path, bytes: &[u8], access: Access) -> io::Result<()> {
    place(path, bytes, access)?;
    sync_folder(folder_of(path))
}

/// Puts one of many files that can be made again at any time in place of whatever was there: whole
/// for who reads it now, but not flushed, which takes a hundred times as long.
///
/// # Errors
///
/// The system's; the old file is then as it was.
pub fn replace_unflushed(path: &Path, bytes: &[u8], access: Access) -> io::Result<()> {
    beside(path, bytes, access)?.persist(path)?;
    Ok(())
}

/// Puts a new file in place durably, and never over another.
///
/// # Errors
///
/// The system's, or `AlreadyExists`; what was there is then as it was.
pub fn create(path: &Path, bytes: &[u8], access: Access) -> io::Result<()> {
    place_new(path, bytes, access)?;
    sync_folder(folder_of(path))
}

/// As [`replace`], for many files at once: the caller still has [`sync_folder`] to do.
///
/// # Errors
///
/// As [`replace`].
pub fn place(path: &Path, bytes: &[u8], access: Access) -> io::Result<()> {
    written_beside(path, bytes, access)?.persist(path)?;
    Ok(())
}

/// As [`create`], for many files at once: the caller still has [`sync_folder`] to do.
///
/// # Errors
///
/// As [`create`].
pub fn place_new(path: &Path, bytes: &[u8], access: Access) -> io::Result<()> {
    written_beside(path, bytes, access)?.persist_noclobber(path)?;
    Ok(())
}

fn written_beside(path: &Path, bytes: &[u8], access: Access) -> io::Result<NamedTempFile> {
    let file = beside(path, bytes, access)?;
    file.as_file().sync_all()?;
    Ok(file)
}

fn beside(path: &Path, bytes: &[u8], access: Access) -> io::Result<NamedTempFile> {
    let mut builder = Builder::new();
    builder.prefix(TEMPORARY);
    permit(&mut builder, access);
    let mut file = builder.tempfile_in(folder_of(path))?;
    #[cfg(unix)]
    if access == Access::Public {
        file.as_file().set_permissions(mode(0o644))?;
    }
    file.write_all(bytes)?;
    Ok(file)
}

#[cfg(unix)]
fn permit(builder: &mut Builder<'_, '_>, access: Access) {
    builder.permissions(mode(match access {
        Access::Shared => 0o666,
        Access::Public => 0o644,
        Access::Private => 0o600,
    }));
}

#[cfg(unix)]
fn mode(bits: u32) -> fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(bits)
}

#[cfg(not(unix))]
fn permit(_: &mut Builder<'_, '_>, _: Access) {}

/// Makes a folder and those above it, each one durably in its own; one that is there is as it was.
///
/// # Errors
///
/// The system's.
pub fn create_folder(path: &Path, access: Access) -> io::Result<()> {
    let missing: Vec<&Path> = path
        .ancestors()
        .take_while(|folder| !folder.as_os_str().is_empty() && !folder.exists())
        .collect();
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    if access == Access::Private {
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    }
    #[cfg(not(unix))]
    let _ = (access, &mut builder);
    for folder in missing.into_iter().rev() {
        match builder.create(folder) {
            // Another run was faster.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Ok(()) =>
            {
                #[cfg(unix)]
                if access == Access::Public {
                    fs::set_permissions(folder, mode(0o755))?;
                }
            }
            Err(error) => return Err(error),
        }
        sync_folder(folder_of(folder))?;
    }
    Ok(())
}

/// Makes the names within a folder durable.
///
/// # Errors
///
/// The system's.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    // Windows opens no folder as a file, and keeps names with the volume's journal.
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

/// The folder that a path is in: the current one for a bare name.
pub fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Removes what killed runs left in a folder. The caller holds the lock that those runs held.
///
/// # Errors
///
/// The system's.
pub fn remove_temporary(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        // Folders are large, and each is looked through with every issue.
        if entry.file_name().as_encoded_bytes().starts_with(TEMPORARY.as_bytes()) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Opens a file to be locked, and makes it where it is not there. It is never removed: of two runs
/// each could then hold a lock of its own. Of several users the one who made it may be the only one
/// who can write it, and its file system may take no writing: to be locked, it need only be read.
///
/// # Errors
///
/// The system's.
pub fn lock_file(path: &Path) -> io::Result<File> {
    match File::options().read(true).write(true).create(true).truncate(false).open(path) {
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
            ) =>
        {
            File::open(path)
        }
        opened => opened,
    }
}

/// Locks a folder against other runs, without waiting, until the value is dropped: the folder itself;
/// on Windows, which locks none, a hidden file beside it.
///
/// # Errors
///
/// `WouldBlock` where another run holds it; the system's.
pub fn try_lock_folder(folder: &Path) -> Result<File, TryLockError> {
    #[cfg(unix)]
    let lock = File::open(folder);
    #[cfg(not(unix))]
    let lock = folder.canonicalize().and_then(|folder| lock_file(&lock_beside(&folder)));
    let lock = lock.map_err(TryLockError::Error)?;
    lock.try_lock()?;
    Ok(lock)
}

/// Waits for the lock of a file that is to be changed, until the value is dropped: that of a hidden
/// file beside it. The system lets go of it when a run ends in any way.
///
/// # Errors
///
/// The system's.
pub fn lock(path: &Path) -> io::Result<File> {
    let lock = lock_file(&lock_beside(path))?;
    lock.lock()?;
    Ok(lock)
}

/// The hidden file that is locked while a file is replaced: `.<name>.lock` beside it.
pub fn lock_beside(path: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".lock");
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_created_only_once() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("draft.json");
        create(&path, b"one", Access::Shared)?;
        let again = create(&path, b"two", Access::Shared).map_err(|error| error.kind());
        assert_eq!(again, Err(io::ErrorKind::AlreadyExists));
        assert_eq!(read(&path, 3)?, Content::Bytes(b"one".to_vec()));
        replace(&path, b"four", Access::Shared)?;
        assert_eq!(read(&path, 3)?, Content::TooLarge);
        assert_eq!(read(&path, 4)?, Content::Bytes(b"four".to_vec()));
        assert_eq!(read(&folder.path().join("none"), 3)?, Content::NotThere);
        assert_eq!(fs::read_dir(folder.path())?.count(), 1, "nothing is left beside it");
        Ok(())
    }

    #[cfg(unix)]
    #[test]
    fn what_is_private_is_its_owner_s_from_creation() -> io::Result<()> {
        use std::os::unix::fs::PermissionsExt as _;
        let root = tempfile::tempdir()?;
        let folder = root.path().join("a/b");
        create_folder(&folder, Access::Private)?;
        let path = folder.join("key");
        let mode =
            |path: &Path| Ok::<_, io::Error>(fs::metadata(path)?.permissions().mode() & 0o777);
        create(&path, b"secret", Access::Private)?;
        assert_eq!((mode(&folder)?, mode(&path)?), (0o700, 0o600));
        replace(&path, b"public", Access::Shared)?;
        assert_eq!(mode(&path)? & 0o400, 0o400);
        assert_ne!(mode(&path)? & 0o044, 0, "the umask leaves it readable");
        Ok(())
    }

    #[cfg(unix)]
    #[test]
    fn only_files_are_opened_and_nothing_is_waited_for() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = |name| folder.path().join(name);
        let made = std::process::Command::new("mkfifo").arg(path("pipe")).status()?;
        assert!(made.success());
        std::os::unix::fs::symlink("pipe", path("link"))?;
        fs::write(path("file"), b"bytes")?;
        let kind = |name| open_regular(&path(name)).map_err(|error| error.kind());
        for name in ["pipe", "link", ""] {
            assert_eq!(kind(name).map(drop), Err(io::ErrorKind::InvalidInput), "{name}");
        }
        assert_eq!(kind("none").map(drop), Err(io::ErrorKind::NotFound));
        let mut text = String::new();
        open_regular(&path("file"))?.read_to_string(&mut text)?;
        assert_eq!(text, "bytes");
        Ok(())
    }

    /// To the superuser every file is open, so that only others see the difference.
    #[cfg(unix)]
    #[test]
    fn a_lock_that_another_user_made_is_locked_all_the_same() -> io::Result<()> {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("draft.json");
        drop(lock(&path)?);
        fs::set_permissions(lock_beside(&path), fs::Permissions::from_mode(0o444))?;
        let held = lock(&path)?;
        let other = File::open(lock_beside(&path))?.try_lock();
        assert!(matches!(other, Err(TryLockError::WouldBlock)));
        drop(held);
        Ok(())
    }

    #[test]
    fn a_folder_is_one_runs_at_a_time() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("site");
        create_folder(&path, Access::Shared)?;
        let held = try_lock_folder(&path)?;
        let other =
            try_lock_folder(&path).map_err(|error| matches!(error, TryLockError::WouldBlock));
        assert_eq!(other.map(drop), Err(true));
        drop(held);
        try_lock_folder(&path)?;
        assert_eq!(fs::read_dir(&path)?.count(), 0, "it leaves nothing in the folder");
        Ok(())
    }

    #[test]
    fn only_what_a_killed_run_left_is_removed() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        fs::write(folder.path().join(format!("{TEMPORARY}x")), b"half")?;
        create(&folder.path().join("whole"), b"whole", Access::Shared)?;
        remove_temporary(folder.path())?;
        assert_eq!(fs::read_dir(folder.path())?.count(), 1);
        Ok(())
    }

    #[test]
    fn a_lock_is_beside_its_file() {
        assert_eq!(lock_beside(Path::new("a/draft.json")), Path::new("a/.draft.json.lock"));
    }
}
