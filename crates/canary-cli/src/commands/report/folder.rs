//! A folder written whole: under another name first, then renamed.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::error::{Failure, Kind};

/// Refuses a folder that holds something: evidence is never mixed with what was there.
pub(crate) fn check_new(out: &Path) -> Result<(), Failure> {
    let empty = match fs::read_dir(out) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => true,
        Err(error) => return Err(failure("read", out, &error)),
    };
    if empty {
        return Ok(());
    }
    Err(Failure::new(Kind::Io, format!("the folder is not empty: {}", out.display()))
        .hint("name a new one with --out"))
}

/// Writes the files durably and gives their number.
pub(super) fn write(out: &Path, files: &BTreeMap<String, Vec<u8>>) -> Result<usize, Failure> {
    let mut folder = NewFolder::begin(out)?;
    for (path, bytes) in files {
        folder.put(path, bytes)?;
    }
    folder.finish()
}

/// A folder that is there, whole, once it is finished, and not before.
pub(crate) struct NewFolder {
    out: PathBuf,
    parent: PathBuf,
    made: tempfile::TempDir,
    files: usize,
}

impl NewFolder {
    /// Begins a folder beside the place where it will be.
    pub(crate) fn begin(out: &Path) -> Result<Self, Failure> {
        let parent = canary_durable::folder_of(out).to_owned();
        fs::create_dir_all(&parent).map_err(|error| failure("make the folder", &parent, &error))?;
        let made = tempfile::Builder::new()
            .prefix(".canary-report-")
            .tempdir_in(&parent)
            .map_err(|error| failure("make a folder in", &parent, &error))?;
        Ok(Self { out: out.to_owned(), parent, made, files: 0 })
    }

    /// Where it is while it is made.
    pub(crate) fn path(&self) -> &Path {
        self.made.path()
    }

    /// Writes a file of it. A path that is there already is an error.
    pub(crate) fn put(&mut self, path: &str, bytes: &[u8]) -> Result<(), Failure> {
        let path = self.made.path().join(path);
        self.files += 1;
        write_file(&path, bytes).map_err(|error| failure("write", &path, &error))
    }

    /// Makes it durable, gives it its name, and says how many files were put.
    pub(crate) fn finish(self) -> Result<usize, Failure> {
        let Self { out, parent, made, files } = self;
        sync_folders(made.path()).map_err(|error| failure("write", &out, &error))?;
        let _ = fs::remove_dir(&out);
        fs::rename(made.path(), &out).map_err(|error| failure("write", &out, &error))?;
        // The folder has another name now: there is nothing left to clean up.
        let _ = made.keep();
        readable(&out);
        canary_durable::sync_folder(&parent).map_err(|error| failure("write", &parent, &error))?;
        Ok(files)
    }
}

fn write_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let mut file = File::create_new(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn sync_folders(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_folders(&entry.path())?;
        }
    }
    canary_durable::sync_folder(folder)
}

/// A report is for others to read: a temporary folder is its owner's alone.
fn readable(folder: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let _ = fs::set_permissions(folder, fs::Permissions::from_mode(0o755));
    }
    #[cfg(not(unix))]
    let _ = folder;
}

fn failure(doing: &str, path: &Path, error: &io::Error) -> Failure {
    Failure::new(Kind::Io, format!("could not {doing} {}: {error}", path.display()))
}
