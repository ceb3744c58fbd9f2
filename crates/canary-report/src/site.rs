//! The raw bytes of a series laid out as a site, so that anyone's verifier reads them (`format.md` §6).

use std::collections::BTreeMap;

use canary_format::checkpoint::Checkpoint;
use canary_format::layout::{CHECKPOINT, LATEST, issue_path};
use canary_format::merkle::leaf_hash;
use canary_format::tile::{Tile, bundle, hash_tile};

/// The files of a site with this checkpoint over these leaves, by path. The bytes are those received;
/// only tiles are made anew, from the leaves.
pub fn files(checkpoint: &[u8], leaves: &[Vec<u8>]) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::from([(CHECKPOINT.to_owned(), checkpoint.to_vec())]);
    for (number, leaf) in (1..).zip(leaves) {
        files.insert(issue_path(number), leaf.clone());
    }
    if let Some(newest) = leaves.last() {
        files.insert(LATEST.to_owned(), newest.clone());
    }
    let covered = Checkpoint::parse(checkpoint).map_or(0, |checkpoint| checkpoint.size());
    if covered != leaves.len() as u64 {
        return files;
    }
    let hashes: Vec<_> = leaves.iter().map(|leaf| leaf_hash(leaf)).collect();
    for level in 0.. {
        let mut tiles = Tile::of_level(covered, level).peekable();
        if tiles.peek().is_none() {
            break;
        }
        for tile in tiles {
            files.insert(tile.hash_path(level), hash_tile(&hashes, level, tile));
        }
    }
    let mut rest = leaves;
    for tile in Tile::of_level(covered, 0) {
        let width = usize::try_from(tile.width).expect("at most 256");
        let (entries, after) = rest.split_at(width);
        files.insert(tile.entries_path(), bundle(entries.iter().map(Vec::as_slice)));
        rest = after;
    }
    files
}
