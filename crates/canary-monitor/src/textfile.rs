//! A file for node_exporter's textfile collector: replaced as a whole, never seen half-written.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Writes a file durably: temporary file, flush, rename, flush of the folder.
///
/// # Errors
///
/// The system's.
pub fn write(path: &Path, text: &str) -> io::Result<()> {
    let folder = replace_with(path, text, File::sync_all)?;
    File::open(folder)?.sync_all()
}

/// Writes one of many files that can be made again at any time: whole or not at all to who reads it now,
/// but not flushed, which takes a hundred times as long.
///
/// # Errors
///
/// The system's.
pub fn replace(path: &Path, text: &str) -> io::Result<()> {
    replace_with(path, text, |_| Ok(())).map(drop)
}

fn replace_with(
    path: &Path,
    text: &str,
    flush: impl FnOnce(&File) -> io::Result<()>,
) -> io::Result<PathBuf> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let temporary = folder.join(name);
    let mut file = File::create(&temporary)?;
    file.write_all(text.as_bytes())?;
    flush(&file)?;
    fs::rename(&temporary, path)?;
    Ok(folder.to_owned())
}
