//! The publisher's folder: the series, the draft and the keys of machines (`cli.md`).

use std::fs::{self, File, TryLockError};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use canary_format::checkpoint::MAX_LEAVES;
use canary_format::envelope::{Envelope, MAX_ENVELOPE};
use canary_format::layout::{CANARIES, DRAFT, HEARTBEAT_KEY, LOG_KEY, canary_path};
use canary_format::refusal::Refusal;

use crate::checkpoint::MachineKeys;
use crate::machine_key::{MachineKey, MachineKeyError};
use crate::series::Series;
use crate::verified::Verified;
use canary_durable::{self as durable, Access};

/// A publisher's folder, locked against other runs that publish from it.
#[derive(Debug)]
pub struct Folder {
    root: PathBuf,
    _lock: File,
}

/// Why the folder cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FolderError {
    /// A file or folder cannot be read or written.
    #[error("{} cannot be {action}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Read, written, locked.
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// Another run publishes from the folder.
    #[error("{} is in use by another run", path.display())]
    Busy {
        /// The folder.
        path: PathBuf,
    },
    /// A file of the series is no envelope.
    #[error("{}", path.display())]
    Refused {
        /// The file.
        path: PathBuf,
        /// Which rule it breaks.
        source: Refusal,
    },
    /// Issues are missing between those that are there.
    #[error("{} is missing, and later issues are there", path.display())]
    Gap {
        /// The first missing file.
        path: PathBuf,
    },
    /// A file of the series has other bytes than the draft with its number.
    #[error("{} is there with other bytes", path.display())]
    Used {
        /// The file.
        path: PathBuf,
    },
    /// A machine's key.
    #[error(transparent)]
    Key(#[from] MachineKeyError),
}

impl Folder {
    /// Opens a folder and locks it until the value is dropped. A killed run leaves no lock behind.
    ///
    /// # Errors
    ///
    /// Where it cannot be locked; [`FolderError::Busy`] where another run holds it.
    pub fn open(root: &Path) -> Result<Self, FolderError> {
        let path = root.to_owned();
        match durable::try_lock_folder(root) {
            Ok(lock) => Ok(Self { root: path, _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(FolderError::Busy { path }),
            Err(TryLockError::Error(source)) => {
                Err(FolderError::Io { path, action: "locked", source })
            }
        }
    }

    /// Where it is.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Reads every envelope of the series.
    ///
    /// # Errors
    ///
    /// The first file that cannot be read, is no envelope, or is missing.
    pub fn series(&self) -> Result<Series, FolderError> {
        self.continued(Series::default())
    }

    /// The series, of which earlier runs verified the first issues: those are not read again. `None`
    /// where the folder no longer holds them.
    ///
    /// # Errors
    ///
    /// As [`Folder::series`].
    pub(crate) fn series_after(&self, verified: &Verified) -> Result<Option<Series>, FolderError> {
        match Series::resume(verified.leaves.clone(), &self.root) {
            Ok(series) => self.continued(series).map(Some),
            Err(_) => Ok(None),
        }
    }

    fn continued(&self, mut series: Series) -> Result<Series, FolderError> {
        for number in series.size() + 1..=MAX_LEAVES {
            match self.envelope(&self.issue(number))? {
                Some(envelope) => series.push(envelope),
                None => {
                    self.refuse_gap(number)?;
                    break;
                }
            }
        }
        Ok(series)
    }

    /// Keeps an envelope as the issue with this number, durably.
    ///
    /// # Errors
    ///
    /// [`FolderError::Used`] where another one has that number.
    pub fn append(&self, number: u64, envelope: &Envelope) -> Result<(), FolderError> {
        let path = self.issue(number);
        let folder = durable::folder_of(&path);
        let failed = |source| FolderError::Io { path: path.clone(), action: "written", source };
        durable::create_folder(folder, Access::Shared).map_err(failed)?;
        durable::remove_temporary(folder).map_err(failed)?;
        match durable::place_new(&path, envelope.bytes(), Access::Shared) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                match self.envelope(&path)? {
                    Some(held) if held == *envelope => {}
                    _ => return Err(FolderError::Used { path }),
                }
            }
            result => result.map_err(failed)?,
        }
        durable::sync_folder(folder).map_err(failed)
    }

    /// Removes the draft's file, which the series holds by now.
    ///
    /// # Errors
    ///
    /// Where it cannot be removed.
    pub fn remove_draft(&self) -> Result<(), FolderError> {
        let path = self.root.join(DRAFT);
        let failed = |source| FolderError::Io { path: path.clone(), action: "removed", source };
        match fs::remove_file(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            result => result.and_then(|()| durable::sync_folder(&self.root)).map_err(failed),
        }
    }

    /// Reads the machines' keys; the heartbeat's may be absent.
    ///
    /// # Errors
    ///
    /// Why a key cannot be used.
    pub fn machine_keys(&self) -> Result<MachineKeys, FolderError> {
        let log = MachineKey::read(&self.root.join(LOG_KEY))?;
        Ok(MachineKeys { log, heartbeat: self.heartbeat_key()? })
    }

    /// Reads the heartbeat's key; `None` where there is none.
    ///
    /// # Errors
    ///
    /// Why it cannot be used.
    pub fn heartbeat_key(&self) -> Result<Option<MachineKey>, FolderError> {
        let path = self.root.join(HEARTBEAT_KEY);
        if !path.exists() {
            return Ok(None);
        }
        Ok(Some(MachineKey::read(&path)?))
    }

    fn issue(&self, number: u64) -> PathBuf {
        self.root.join(canary_path(number))
    }

    fn envelope(&self, path: &Path) -> Result<Option<Envelope>, FolderError> {
        let Some(bytes) = read(path, MAX_ENVELOPE as u64)? else {
            return Ok(None);
        };
        let envelope = Envelope::parse(&bytes);
        envelope.map(Some).map_err(|source| FolderError::Refused { path: path.to_owned(), source })
    }

    /// A file with a greater number than the first missing one is a gap.
    fn refuse_gap(&self, missing: u64) -> Result<(), FolderError> {
        let folder = self.root.join(CANARIES);
        let failed = |source| FolderError::Io { path: folder.clone(), action: "listed", source };
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(failed(error)),
        };
        for entry in entries {
            let name = entry.map_err(failed)?.file_name();
            let number = name.to_str().and_then(|name| name.strip_suffix(".json")?.parse().ok());
            if number.is_some_and(|number: u64| number > missing) {
                return Err(FolderError::Gap { path: self.issue(missing) });
            }
        }
        Ok(())
    }
}

/// Reads a file up to one byte past its limit, where its reader refuses it; `None` where there is
/// none.
fn read(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, FolderError> {
    let failed = |source| FolderError::Io { path: path.to_owned(), action: "read", source };
    let file = match durable::open_regular(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes).map_err(failed)?;
    Ok(Some(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use canary_format::envelope::EnvelopeSignature;
    use canary_format::key::{Fingerprint, Signature};

    fn envelope(payload: &str) -> Envelope {
        let keyid = Fingerprint([1; 32]);
        let signature = EnvelopeSignature { keyid, signature: Signature([2; 64]) };
        Envelope::write(payload.as_bytes(), &[signature]).unwrap()
    }

    #[test]
    fn the_series_is_read_in_order_and_a_gap_is_named() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::open(root.path()).unwrap();
        assert_eq!(folder.series().unwrap().size(), 0);
        for number in [1, 2, 4] {
            folder.append(number, &envelope(&number.to_string())).unwrap();
        }
        let error = folder.series().unwrap_err();
        assert!(error.to_string().contains("0003.json is missing"), "{error}");
        folder.append(3, &envelope("3")).unwrap();
        let series = folder.series().unwrap();
        assert_eq!(series.size(), 4);
        assert_eq!(series.envelope(3).unwrap().unwrap().payload(), b"3");
    }

    #[test]
    fn a_number_is_used_once() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::open(root.path()).unwrap();
        folder.append(1, &envelope("one")).unwrap();
        folder.append(1, &envelope("one")).unwrap();
        let error = folder.append(1, &envelope("two")).unwrap_err();
        assert!(matches!(error, FolderError::Used { .. }));
        assert_eq!(folder.series().unwrap().envelope(1).unwrap().unwrap().payload(), b"one");
    }
}
