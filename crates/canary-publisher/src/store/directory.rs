//! A site in a directory.

use std::collections::BTreeSet;
use std::fs::{File, TryLockError};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use canary_format::layout::CHECKPOINT;
use canary_verifier::evidence::Site;

use super::{Put, Store, StoreError};
use crate::site::SiteFile;
use canary_durable::{self as durable, Access};

/// A directory on this machine. It is locked, by a lock of the system, until the value is dropped: a
/// killed run leaves no lock behind.
#[derive(Debug)]
pub struct Directory {
    root: PathBuf,
    _lock: File,
    /// Folders in which names changed and that are not yet synced.
    unsynced: BTreeSet<PathBuf>,
    /// Folders that were made ready in this run.
    ready: BTreeSet<PathBuf>,
}

impl Directory {
    /// Opens a directory for writing, and makes it where it is not there.
    ///
    /// # Errors
    ///
    /// Where it cannot be made or locked; [`StoreError::Busy`] where another run holds it.
    pub fn open(root: &Path) -> Result<Self, StoreError> {
        let failed =
            |action| move |source| StoreError::Io { path: root.to_owned(), action, source };
        durable::create_folder(root, Access::Public).map_err(failed("created"))?;
        let lock = durable::try_lock_folder(root).map_err(|error| match error {
            TryLockError::WouldBlock => StoreError::Busy { path: root.to_owned() },
            TryLockError::Error(source) => failed("locked")(source),
        })?;
        Ok(Self {
            root: root.to_owned(),
            _lock: lock,
            unsynced: BTreeSet::new(),
            ready: BTreeSet::new(),
        })
    }

    fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// Makes the folder of a file ready, and notes that its names change.
    fn make_ready(&mut self, path: &Path) -> Result<(), StoreError> {
        let folder = durable::folder_of(path);
        if self.ready.insert(folder.to_owned()) {
            let failed =
                |source| StoreError::Io { path: folder.to_owned(), action: "written", source };
            durable::create_folder(folder, Access::Public).map_err(failed)?;
            durable::remove_temporary(folder).map_err(failed)?;
        }
        self.unsynced.insert(folder.to_owned());
        Ok(())
    }

    fn sync(&mut self) -> Result<(), StoreError> {
        for folder in std::mem::take(&mut self.unsynced) {
            durable::sync_folder(&folder).map_err(|source| StoreError::Io {
                path: folder,
                action: "made durable",
                source,
            })?;
        }
        Ok(())
    }

    /// Whether a file holds exactly these bytes: its length decides before it is read.
    fn holds(&self, file: &SiteFile) -> Result<Option<bool>, StoreError> {
        let path = self.path(&file.path);
        match std::fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.len() != file.bytes.len() as u64 => Ok(Some(false)),
            Ok(_) => Ok(read(&path, &file.path, file.bytes.len())?.map(|held| held == file.bytes)),
            Err(error) if is_absent(&error) => Ok(None),
            Err(source) => Err(StoreError::Io { path, action: "read", source }),
        }
    }
}

impl Store for Directory {
    fn place(&self) -> String {
        self.root.display().to_string()
    }

    fn read(&mut self, path: &str, limit: usize) -> Result<Option<Vec<u8>>, StoreError> {
        read(&self.path(path), path, limit)
    }

    fn put_immutable(&mut self, file: &SiteFile) -> Result<Put, StoreError> {
        let conflict = || StoreError::Conflict { path: file.path.clone() };
        match self.holds(file)? {
            Some(true) => return Ok(Put::Unchanged),
            Some(false) => return Err(conflict()),
            None => {}
        }
        let path = self.path(&file.path);
        self.make_ready(&path)?;
        match durable::place_new(&path, &file.bytes, Access::Public) {
            Ok(()) => Ok(Put::Written),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(conflict()),
            Err(source) => Err(StoreError::Io { path, action: "written", source }),
        }
    }

    fn put_copy(&mut self, file: &SiteFile) -> Result<Put, StoreError> {
        if self.holds(file)? == Some(true) {
            return Ok(Put::Unchanged);
        }
        let path = self.path(&file.path);
        self.make_ready(&path)?;
        durable::place(&path, &file.bytes, Access::Public).map_err(|source| StoreError::Io {
            path,
            action: "written",
            source,
        })?;
        Ok(Put::Written)
    }

    fn put_checkpoint(&mut self, bytes: &[u8], held: Option<&[u8]>) -> Result<(), StoreError> {
        // The names of all other files are durable before the one that points at them.
        self.sync()?;
        let found = self.read(CHECKPOINT, canary_format::checkpoint::MAX_CHECKPOINT)?;
        if found.as_deref() != held {
            return Err(StoreError::Moved);
        }
        self.put_copy(&SiteFile { path: CHECKPOINT.to_owned(), bytes: bytes.to_vec() })?;
        self.sync()
    }

    fn unlike(&mut self, files: &[SiteFile]) -> Result<Vec<bool>, StoreError> {
        files.iter().map(|file| Ok(self.holds(file)? != Some(true))).collect()
    }

    fn marks(&mut self, paths: &[String]) -> Result<Option<Vec<Option<String>>>, StoreError> {
        let mark = |path: &String| {
            let path = self.path(path);
            match std::fs::symlink_metadata(&path) {
                Ok(metadata) => Ok(Some(mark(&metadata))),
                Err(error) if is_absent(&error) => Ok(None),
                Err(source) => Err(StoreError::Io { path, action: "read", source }),
            }
        };
        paths.iter().map(mark).collect::<Result<_, _>>().map(Some)
    }

    fn read_site(&mut self) -> Result<Site, StoreError> {
        Ok(canary_verifier::files::read_site(&self.root))
    }
}

fn read(path: &Path, name: &str, limit: usize) -> Result<Option<Vec<u8>>, StoreError> {
    let failed = |source| StoreError::Io { path: path.to_owned(), action: "read", source };
    let file = match durable::open_regular(path) {
        Ok(file) => file,
        Err(error) if is_absent(&error) => return Ok(None),
        Err(source) => return Err(failed(source)),
    };
    let mut bytes = Vec::new();
    file.take(limit as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() > limit {
        return Err(StoreError::TooLarge { path: name.to_owned(), limit });
    }
    Ok(Some(bytes))
}

/// The system sets the time of a change whenever a file is written or its name is moved, and no
/// program can set it back.
#[cfg(unix)]
fn mark(metadata: &std::fs::Metadata) -> String {
    use std::os::unix::fs::MetadataExt as _;
    let (size, inode) = (metadata.len(), metadata.ino());
    format!("{size} {inode} {}.{}", metadata.ctime(), metadata.ctime_nsec())
}

#[cfg(not(unix))]
fn mark(metadata: &std::fs::Metadata) -> String {
    format!("{} {:?}", metadata.len(), metadata.modified().ok())
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn file(path: &str, bytes: &[u8]) -> SiteFile {
        SiteFile { path: path.to_owned(), bytes: bytes.to_vec() }
    }

    #[test]
    fn an_immutable_file_is_written_once_and_never_over_another() {
        let folder = tempfile::tempdir().unwrap();
        let mut site = Directory::open(&folder.path().join("a/b")).unwrap();
        let first = file("tile/0/000.p/1", b"one");
        assert_eq!(site.put_immutable(&first).unwrap(), Put::Written);
        assert_eq!(site.put_immutable(&first).unwrap(), Put::Unchanged);
        for other in [b"two".as_slice(), b"longer", b""] {
            let error = site.put_immutable(&file("tile/0/000.p/1", other)).unwrap_err();
            assert!(matches!(error, StoreError::Conflict { .. }));
        }
        assert_eq!(site.read("tile/0/000.p/1", 9).unwrap().unwrap(), b"one");
        assert!(matches!(site.read("tile/0/000.p/1", 2), Err(StoreError::TooLarge { .. })));
    }

    #[test]
    fn a_checkpoint_that_moved_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let mut site = Directory::open(folder.path()).unwrap();
        site.put_checkpoint(b"1", None).unwrap();
        assert!(matches!(site.put_checkpoint(b"2", None), Err(StoreError::Moved)));
        assert!(matches!(site.put_checkpoint(b"2", Some(b"0")), Err(StoreError::Moved)));
        site.put_checkpoint(b"2", Some(b"1")).unwrap();
        assert_eq!(fs::read(folder.path().join("checkpoint")).unwrap(), b"2");
    }

    #[test]
    fn a_second_run_finds_the_directory_in_use_until_the_first_ends() {
        let folder = tempfile::tempdir().unwrap();
        let first = Directory::open(folder.path()).unwrap();
        assert!(matches!(Directory::open(folder.path()), Err(StoreError::Busy { .. })));
        drop(first);
        Directory::open(folder.path()).unwrap();
    }

    #[test]
    fn what_a_killed_run_left_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let left = folder.path().join(format!("{}x", durable::TEMPORARY));
        fs::write(&left, b"half").unwrap();
        let mut site = Directory::open(folder.path()).unwrap();
        site.put_copy(&file("latest.json", b"{}")).unwrap();
        assert!(!left.exists());
    }

    #[test]
    fn a_place_that_cannot_be_written_is_named() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("tile"), b"a file where a folder must be").unwrap();
        let mut site = Directory::open(folder.path()).unwrap();
        let error = site.put_immutable(&file("tile/0/000.p/1", b"one")).unwrap_err();
        assert!(error.to_string().contains("tile"), "{error}");
    }
}
