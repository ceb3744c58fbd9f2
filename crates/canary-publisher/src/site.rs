//! The files of a site, in the order in which they are written (`format.md` §6).

use canary_format::checkpoint::Checkpoint;
use canary_format::layout::{CHECKPOINT, LATEST, LATEST_PROOF, issue_path};
use canary_format::tile::{TILE_WIDTH, Tile, bundle};
use canary_format::tlog_proof::TlogProof;

use crate::page::FOR_PEOPLE;
use crate::series::{Series, SeriesError};

/// Whether a path below a site's prefix is one that a publication writes. The path is of plain words.
pub(crate) fn is_of_a_site(path: &str) -> bool {
    let is_issue = |name: &str| {
        let number = name.strip_suffix(".json").unwrap_or_default();
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    };
    match path.split_once('/') {
        Some(("tile", _)) => true,
        Some(("issues", name)) => is_issue(name),
        _ => [CHECKPOINT, LATEST, LATEST_PROOF].contains(&path) || FOR_PEOPLE.contains(&path),
    }
}

/// One file of a site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteFile {
    /// Its path below the site's prefix.
    pub path: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// The immutable files of this tree that the tree of its first `held` leaves did not have: issues,
/// entry bundles, hash tiles. Each is made when it is asked for.
///
/// # Errors
///
/// Each where an envelope that belongs in it cannot be had.
pub(crate) fn immutable_files(
    series: &Series,
    held: u64,
) -> impl Iterator<Item = Result<SiteFile, SeriesError>> {
    files(series, held, move |tile, level| {
        let last = Tile::of_level(held, level).last();
        last.is_some_and(|last| tile.index < last.index || *tile == last)
    })
}

/// Which files of a site are not in question.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Known {
    /// Those of the first so many issues.
    pub(crate) issues: u64,
    /// The full bundles and tiles of the tree of so many leaves.
    pub(crate) tiles: u64,
}

impl Known {
    pub(crate) const NOTHING: Self = Self { issues: 0, tiles: 0 };
}

/// Every immutable file of this tree that is in question; the tiles that are not yet full always are.
pub(crate) fn files_beyond(
    series: &Series,
    known: Known,
) -> impl Iterator<Item = Result<SiteFile, SeriesError>> {
    files(series, known.issues, move |tile, level| tile.index < full_tiles(known.tiles, level))
}

/// How many tiles of a level are full.
fn full_tiles(size: u64, level: u32) -> u64 {
    TILE_WIDTH.checked_pow(level + 1).map_or(0, |span| size / span)
}

/// The issues after the first `held`, and the bundles and tiles that are not passed over.
fn files(
    series: &Series,
    held: u64,
    passed_over: impl Fn(&Tile, u32) -> bool + Copy,
) -> impl Iterator<Item = Result<SiteFile, SeriesError>> {
    let size = series.size();
    let grown =
        move |level| Tile::of_level(size, level).filter(move |tile| !passed_over(tile, level));
    let issues = (held + 1..=size).filter_map(move |number| {
        let envelope = series.envelope(number).transpose()?;
        Some(envelope.map(|envelope| SiteFile {
            path: issue_path(number),
            bytes: envelope.bytes().to_vec(),
        }))
    });
    let bundles = grown(0).map(move |tile| {
        let numbers = (tile.index * 256 + 1..).take(usize::try_from(tile.width).unwrap_or(256));
        let entries = numbers.filter_map(|number| series.envelope(number).transpose());
        let entries: Vec<_> = entries.collect::<Result<_, _>>()?;
        let bytes = bundle(entries.iter().map(|envelope| envelope.bytes()));
        Ok(SiteFile { path: tile.entries_path(), bytes })
    });
    let levels = (0..8).take_while(move |level| Tile::of_level(size, *level).next().is_some());
    let tiles = levels.flat_map(move |level| {
        grown(level).map(move |tile| {
            Ok(SiteFile { path: tile.hash_path(level), bytes: series.hash_tile(level, tile) })
        })
    });
    issues.chain(bundles).chain(tiles)
}

/// The copies of the newest issue: they are replaced with every issue, and the proof with every
/// heartbeat. None where the series is empty.
pub(crate) fn newest_copies(series: &Series, checkpoint: &Checkpoint) -> Vec<SiteFile> {
    let Some(newest) = series.newest() else { return Vec::new() };
    let proof = TlogProof {
        extra: Some(newest.bytes().to_vec()),
        index: series.size() - 1,
        hashes: series.proof(series.size() - 1),
        checkpoint: checkpoint.clone(),
    };
    vec![
        SiteFile { path: LATEST.to_owned(), bytes: newest.bytes().to_vec() },
        SiteFile { path: LATEST_PROOF.to_owned(), bytes: proof.to_string().into_bytes() },
    ]
}

/// The files of the tree of the first `size` leaves that every larger tree has as well, each with the
/// size of the smallest tree that has it. Those of a smaller tree come in the same order.
pub(crate) fn lasting_files(size: u64) -> Vec<(u64, String)> {
    let issues = (1..=size).map(|number| (number, issue_path(number)));
    let full = |level| {
        (0..full_tiles(size, level)).map(move |index| {
            let span = TILE_WIDTH.saturating_pow(level + 1);
            ((index + 1) * span, Tile { index, width: TILE_WIDTH })
        })
    };
    let bundles = full(0).map(|(since, tile)| (since, tile.entries_path()));
    let tiles = (0..8)
        .flat_map(|level| full(level).map(move |(since, tile)| (since, tile.hash_path(level))));
    issues.chain(bundles).chain(tiles).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use canary_format::envelope::{Envelope, EnvelopeSignature};
    use canary_format::key::{Fingerprint, Signature};
    use canary_format::merkle::root;
    use std::collections::BTreeMap;

    fn series(size: u64) -> Series {
        let signature =
            EnvelopeSignature { keyid: Fingerprint([1; 32]), signature: Signature([2; 64]) };
        let envelope = |n: u64| Envelope::write(format!("{n}").as_bytes(), &[signature]).unwrap();
        Series::new((0..size).map(envelope).collect())
    }

    #[test]
    fn growing_step_by_step_leaves_the_files_of_every_size() {
        let mut site = BTreeMap::new();
        let whole = series(300);
        let mut held = 0;
        for size in [1, 2, 255, 256, 257, 300] {
            let part = whole.envelopes().take(size).map(|envelope| envelope.unwrap().into_owned());
            let part = Series::new(part.collect());
            let grown = immutable_files(&part, held).map(Result::unwrap);
            site.extend(grown.map(|file| (file.path, file.bytes)));
            for file in immutable_files(&part, 0).map(Result::unwrap) {
                assert_eq!(site.get(&file.path), Some(&file.bytes), "{} at {size}", file.path);
            }
            held = size as u64;
        }
    }

    #[test]
    fn one_more_issue_is_a_handful_of_files() {
        for size in [10, 256, 257, 3_650] {
            let series = series(size);
            let files = immutable_files(&series, size - 1).map(|file| file.unwrap().path);
            let files: Vec<_> = files.collect();
            assert!(files.len() <= 4, "{files:?}");
        }
    }

    #[test]
    fn what_lasts_and_what_is_in_question_are_the_whole_tree() {
        for size in [0, 1, 255, 256, 257, 300, 512] {
            let series = series(size);
            let paths = |files: &mut dyn Iterator<Item = Result<SiteFile, SeriesError>>| {
                files.map(|file| file.unwrap().path).collect::<Vec<_>>()
            };
            let whole = paths(&mut files_beyond(&series, Known::NOTHING));
            assert_eq!(whole, paths(&mut immutable_files(&series, 0)));
            for known in [0, 1, 255, 256, 300].into_iter().filter(|known| *known <= size) {
                let known = Known { issues: known, tiles: known };
                let of = |size| lasting_files(size).into_iter().map(|(_, path)| path);
                let mut all: Vec<_> = of(known.issues).collect();
                let smaller = lasting_files(size).into_iter();
                let smaller = smaller.filter(|(since, _)| *since <= known.issues);
                assert_eq!(smaller.map(|(_, path)| path).collect::<Vec<_>>(), all);
                all.extend(paths(&mut files_beyond(&series, known)));
                all.sort();
                let mut whole = whole.clone();
                whole.sort();
                assert_eq!(all, whole, "{known:?} of {size}");
            }
        }
    }

    #[test]
    fn the_proof_shows_the_newest_envelope() {
        let series = series(7);
        let checkpoint = Checkpoint::new("example.com/canary", 7, root(series.leaves()));
        let copies = newest_copies(&series, &checkpoint);
        let newest = series.newest().unwrap();
        assert_eq!(copies[0].bytes, newest.bytes());
        let text = String::from_utf8(copies[1].bytes.clone()).unwrap();
        assert!(text.starts_with("c2sp.org/tlog-proof@v1\nextra "));
    }
}
