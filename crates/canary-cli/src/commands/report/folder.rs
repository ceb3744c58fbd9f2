//! A folder written whole: under another name first, then renamed.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::error::{Failure, Kind};

/// Refuses a folder that holds something: evidence is never mixed with what was there.
pub(super) fn check_new(out: &Path) -> Result<(), Failure> {
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
    let parent = match out.parent() {
        Some(parent) if parent != Path::new("") => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    fs::create_dir_all(&parent).map_err(|error| failure("make the folder", &parent, &error))?;
    let folder = tempfile::Builder::new()
        .prefix(".canary-report-")
        .tempdir_in(&parent)
        .map_err(|error| failure("make a folder in", &parent, &error))?;
    for (path, bytes) in files {
        let path = folder.path().join(path);
        write_file(&path, bytes).map_err(|error| failure("write", &path, &error))?;
    }
    sync_folders(folder.path()).map_err(|error| failure("write", out, &error))?;
    let _ = fs::remove_dir(out);
    fs::rename(folder.path(), out).map_err(|error| failure("write", out, &error))?;
    // The folder has another name now: there is nothing left to clean up.
    let _ = folder.keep();
    readable(out);
    if cfg!(unix) {
        File::open(&parent)
            .and_then(|parent| parent.sync_all())
            .map_err(|error| failure("write", &parent, &error))?;
    }
    Ok(files.len())
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
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
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
