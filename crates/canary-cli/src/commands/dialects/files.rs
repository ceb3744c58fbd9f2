//! Files of a folder or a repository, within limits.

use std::collections::BTreeMap;
use std::path::Path;

use canary_dialects::dialect::MAX_TEXT;
use canary_dialects::import::{MAX_VERSIONS, Version};
use canary_durable::Content;
use canary_format::time::Timestamp;

use crate::commands::dialects::git;
use crate::error::{Failure, Kind};

/// How deep folders are looked into.
const MAX_DEPTH: usize = 8;
/// The most bytes of one import.
pub(crate) const MAX_ALL: usize = 512 << 20;

/// Every version of every file at a place: a git repository with its history, or a folder as it stands.
pub(crate) fn versions(place: &str, below: Option<&str>) -> Result<Vec<Version>, Failure> {
    if place.contains("://") || place.starts_with("git@") {
        return git::remote(place, below);
    }
    let path = Path::new(place);
    if !path.is_dir() {
        return Err(Failure::new(Kind::Usage, format!("{place} is not a folder"))
            .hint("name a folder of canaries or a git repository"));
    }
    if git::is_repository(path) {
        return git::history(path, below);
    }
    let mut all = Vec::new();
    let mut left = MAX_ALL;
    let start = below.map_or_else(|| path.to_owned(), |below| path.join(below));
    walk(path, &start, 0, &mut all, &mut left)
        .map_err(|error| Failure::new(Kind::Io, format!("{place}: {error}")))?;
    all.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    Ok(seen(all))
}

/// A folder may say when each of its files was first seen, as `canary watch export` writes it.
pub(crate) const SEEN: &str = "seen.json";
/// The value of `seen`.
pub(crate) const SEEN_TYPE: &str = "warrant-canary/seen/v1";

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Seen {
    seen: String,
    files: BTreeMap<String, String>,
}

fn seen(mut all: Vec<Version>) -> Vec<Version> {
    let Some(place) = all.iter().position(|version| version.path == SEEN) else { return all };
    let Ok(said) = serde_json::from_slice::<Seen>(&all[place].bytes) else { return all };
    if said.seen != SEEN_TYPE {
        return all;
    }
    all.remove(place);
    for version in &mut all {
        version.at = said.files.get(&version.path).and_then(|at| Timestamp::parse(at));
    }
    all
}

fn walk(
    root: &Path,
    folder: &Path,
    depth: usize,
    all: &mut Vec<Version>,
    left: &mut usize,
) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let (path, kind) = (entry.path(), entry.file_type()?);
        if kind.is_dir() && depth < MAX_DEPTH && entry.file_name() != ".git" {
            walk(root, &path, depth + 1, all, left)?;
        } else if kind.is_file() {
            // Larger files are no canaries; links are not followed.
            let Content::Bytes(bytes) = canary_durable::read(&path, MAX_TEXT as u64)? else {
                continue;
            };
            // What is left out could be the newest.
            let room = left.checked_sub(bytes.len()).filter(|_| all.len() < MAX_VERSIONS);
            *left = room.ok_or_else(|| {
                let most = MAX_ALL >> 20;
                std::io::Error::other(format!(
                    "it holds more than {MAX_VERSIONS} files or {most} MiB; name a folder that holds only canaries, with --below"
                ))
            })?;
            let name =
                path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
            all.push(Version { path: name, bytes, at: None });
        }
    }
    Ok(())
}
